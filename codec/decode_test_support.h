// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// How the tests of the decoder feed it: every packet whole, split at every byte, byte by byte,
// between other bytes, and right between two pages that can't be read. Whatever the way, the
// outcome has to be the same. It knows no packet in particular.

#ifndef LIBELLA_CODEC_DECODE_TEST_SUPPORT_H
#define LIBELLA_CODEC_DECODE_TEST_SUPPORT_H

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "codec/packet_text_test_support.h"
#include "codec/test_support.h"
#include "libella/codec.h"

namespace libella_test {

// What one feeding came to.
struct outcome {
    enum ella_result result = ELLA_MORE;
    enum ella_error error = ELLA_ERROR_NONE;
    uint32_t offset = 0; // of the error
    uint32_t needed = 0; // if more is wanted
    uint32_t size = 0;   // of the packet
    uint8_t version = 0; // that the decoder goes on with
    std::string text;    // of the packet

    bool operator==(const outcome &other) const {
        return result == other.result && error == other.error && offset == other.offset &&
               needed == other.needed && size == other.size && version == other.version &&
               text == other.text;
    }
};

inline void PrintTo(const outcome &o, std::ostream *out) {
    *out << "result " << o.result << ", " << ella_error_text(o.error) << " at " << o.offset
         << ", needed " << o.needed << ", size " << o.size << ", version " << int{o.version}
         << "\n"
         << o.text;
}

// A connection to which bytes come.
struct receiver {
    enum ella_version version;
    enum ella_sender sender;
    uint32_t max_packet_size = ELLA_PACKET_SIZE_MAX;
};

class feeding {
  public:
    explicit feeding(const receiver &to) : packet_(new ella_packet) {
        // What the decoder leaves alone must not matter.
        std::memset(static_cast<void *>(packet_.get()), 0xa5, sizeof(ella_packet));
        ella_decoder_init(&decoder_, to.version, to.sender, to.max_packet_size);
    }

    outcome feed(const uint8_t *buf, uint32_t start, uint32_t end) {
        outcome o;
        o.result = ella_decode(&decoder_, buf, start, end, packet_.get());
        o.version = decoder_.version;
        if (o.result == ELLA_BAD) {
            o.error = static_cast<enum ella_error>(decoder_.error);
            o.offset = decoder_.error_offset;
        } else if (o.result == ELLA_MORE) {
            o.needed = decoder_.needed;
        } else {
            o.size = decoder_.size;
            o.text = packet_text(*packet_);
        }
        return o;
    }

    const ella_packet &packet() const { return *packet_; }
    const ella_decoder &decoder() const { return decoder_; }

  private:
    ella_decoder decoder_;
    std::unique_ptr<ella_packet> packet_;
};

inline outcome feed_whole(const receiver &to, const bytes &in) {
    page_end_copy copy(in);
    return feeding(to).feed(copy.data(), 0, copy.size());
}

// First `split` bytes, then all of them at another address.
inline outcome feed_split(const receiver &to, const bytes &in, size_t split) {
    feeding f(to);
    page_end_copy first(in.data(), split);
    const outcome o = f.feed(first.data(), 0, first.size());
    if (o.result != ELLA_MORE)
        return o;
    EXPECT_GT(o.needed, split);
    page_end_copy all(in);
    return f.feed(all.data(), 0, all.size());
}

inline outcome feed_byte_by_byte(const receiver &to, const bytes &in) {
    feeding f(to);
    outcome o;
    for (size_t len = 0; len <= in.size(); len++) {
        page_end_copy copy(in.data(), len);
        o = f.feed(copy.data(), 0, copy.size());
        if (o.result != ELLA_MORE)
            break;
    }
    return o;
}

// Other bytes before and behind, which must not be looked at, nor change anything.
inline outcome feed_between(const receiver &to, const bytes &in, uint8_t other) {
    const bytes all = bytes(5, other) + in;
    page_end_copy copy(all);
    outcome o = feeding(to).feed(copy.data(), 5, copy.size());
    if (o.result == ELLA_PACKET) {
        page_start_copy more(in + bytes(3, other));
        EXPECT_EQ(feeding(to).feed(more.data(), 0, more.size()), o);
    }
    return o;
}

// ella_decode_body() on a whole packet; the header_len first bytes are the fixed header.
inline outcome feed_body(const receiver &to, const bytes &in, uint32_t header_len) {
    page_end_copy copy(in);
    std::unique_ptr<ella_packet> packet(new ella_packet);
    outcome o;
    o.error = ella_decode_body(to.version, to.sender, copy.data()[0], copy.data(), header_len,
                               copy.size(), packet.get(), &o.offset);
    if (o.error == ELLA_ERROR_NONE)
        o.text = packet_text(*packet);
    return o;
}

inline uint32_t header_len_of(const bytes &in) {
    uint32_t len = 2;
    while (len < 5 && len <= in.size() && in[len - 1] >= 0x80)
        len++;
    return len;
}

// Feeds one packet, or the beginning of one, in every way and says what it came to.
inline outcome feed_every_way(const receiver &to, const bytes &in) {
    const outcome whole = feed_whole(to, in);
    EXPECT_EQ(feed_byte_by_byte(to, in), whole);
    for (size_t split = 0; split <= in.size(); split++)
        EXPECT_EQ(feed_split(to, in, split), whole) << "split at " << split;
    EXPECT_EQ(feed_between(to, in, 0x00), whole);
    EXPECT_EQ(feed_between(to, in, 0xff), whole);
    const uint32_t header_len = header_len_of(in);
    if (whole.result == ELLA_PACKET || (whole.result == ELLA_BAD && whole.offset >= header_len)) {
        const outcome body = feed_body(to, in, header_len);
        EXPECT_EQ(body.error, whole.error);
        EXPECT_EQ(body.offset, whole.offset);
        EXPECT_EQ(body.text, whole.text);
    }
    return whole;
}

inline void expect_bad(const receiver &to, const bytes &in, enum ella_error error,
                       uint32_t offset) {
    SCOPED_TRACE(to_hex(in));
    const outcome o = feed_every_way(to, in);
    EXPECT_EQ(o.result, ELLA_BAD) << o.text;
    EXPECT_STREQ(ella_error_text(o.error), ella_error_text(error));
    EXPECT_EQ(o.offset, offset);
}

inline void expect_more(const receiver &to, const bytes &in, uint32_t needed) {
    SCOPED_TRACE(to_hex(in));
    const outcome o = feed_every_way(to, in);
    EXPECT_EQ(o.result, ELLA_MORE);
    EXPECT_EQ(o.needed, needed);
}

// The packet; slices of it are good as long as the decoded object is.
class decoded {
  public:
    decoded(const receiver &to, const bytes &in) : copy_(in), feeding_(to) {
        SCOPED_TRACE(to_hex(in));
        const outcome o = feed_every_way(to, in);
        EXPECT_EQ(o.result, ELLA_PACKET)
            << ella_error_text(o.error) << " at " << o.offset << ", needed " << o.needed;
        EXPECT_EQ(o.size, in.size());
        EXPECT_EQ(feeding_.feed(copy_.data(), 0, copy_.size()), o);
        // After a packet the decoder is ready for the next one.
        EXPECT_EQ(feeding_.decoder().packet_type, 0);
    }

    const ella_packet *operator->() const { return &feeding_.packet(); }
    const ella_packet &operator*() const { return feeding_.packet(); }
    uint8_t version() const { return feeding_.decoder().version; }

  private:
    page_end_copy copy_;
    feeding feeding_;
};

inline void expect_packet(const receiver &to, const bytes &in) {
    decoded packet(to, in);
}

} // namespace libella_test

#endif
