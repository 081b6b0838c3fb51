// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What the tests of the codec share: bytes written as hex, and copies of them that end where the
// address space does. It knows nothing of packets.
//
// Invariant: a byte behind a page_end_copy can't be read, nor one before a page_start_copy: the
// test dies of it.

#ifndef LIBELLA_CODEC_TEST_SUPPORT_H
#define LIBELLA_CODEC_TEST_SUPPORT_H

#include <sys/mman.h>
#include <unistd.h>

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace libella_test {

using bytes = std::vector<uint8_t>;

// Ends the test program: the machine or the test itself is broken, not the code under test.
[[noreturn]] inline void give_up(const char *why) {
    std::fprintf(stderr, "test_support: %s\n", why);
    std::abort();
}

// "10 02 'MQTT' # comment" → bytes. Digits come in pairs, blanks between pairs are free, text in
// single quotes stands for its bytes, # begins a comment up to the end of the line.
inline bytes from_hex(const std::string &text) {
    bytes out;
    int high = -1;
    for (size_t i = 0; i < text.size(); i++) {
        const unsigned char c = static_cast<unsigned char>(text[i]);
        if (c == '#') {
            while (i + 1 < text.size() && text[i + 1] != '\n')
                i++;
        } else if (c == '\'') {
            for (i++; i < text.size() && text[i] != '\''; i++)
                out.push_back(static_cast<uint8_t>(text[i]));
            if (i >= text.size())
                give_up("quoted text without an end");
        } else if (std::isxdigit(c) != 0) {
            const int digit = std::isdigit(c) != 0 ? c - '0' : std::tolower(c) - 'a' + 10;
            if (high < 0) {
                high = digit;
            } else {
                out.push_back(static_cast<uint8_t>(high * 16 + digit));
                high = -1;
            }
        } else if (std::isspace(c) == 0 || high >= 0) {
            give_up("not a pair of hexadecimal digits");
        }
    }
    if (high >= 0)
        give_up("odd number of hexadecimal digits");
    return out;
}

// The other way round: "10 02 4d".
inline std::string to_hex(const uint8_t *data, size_t len) {
    std::string out;
    char pair[4];
    for (size_t i = 0; i < len; i++) {
        std::snprintf(pair, sizeof pair, i == 0 ? "%02x" : " %02x", data[i]);
        out += pair;
    }
    return out;
}
inline std::string to_hex(const bytes &data) {
    return to_hex(data.data(), data.size());
}

inline bytes operator+(bytes a, const bytes &b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

// Two bytes of length, then the bytes: a string or binary field of MQTT.
inline bytes field(const std::string &text) {
    bytes out = {static_cast<uint8_t>(text.size() / 256), static_cast<uint8_t>(text.size() % 256)};
    out.insert(out.end(), text.begin(), text.end());
    return out;
}

// A variable byte integer in its shortest form.
inline bytes variable_byte_integer(uint32_t value) {
    bytes out;
    do {
        out.push_back(static_cast<uint8_t>(value % 128 + (value >= 128 ? 128 : 0)));
        value /= 128;
    } while (value > 0);
    return out;
}

// A whole packet: first byte, Remaining Length, body.
inline bytes packet_of(uint8_t first_byte, const bytes &body) {
    return bytes{first_byte} + variable_byte_integer(static_cast<uint32_t>(body.size())) + body;
}

// len bytes between two pages that can't be touched: at the end of the space between, or at its
// start.
class guarded_copy {
  public:
    enum class place {
        at_end,
        at_start
    };

    guarded_copy(const uint8_t *bytes_in, size_t len, place where) : len_(len) {
        const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
        const size_t room = (len + page) / page * page;
        map_len_ = room + 2 * page;
        void *map = mmap(nullptr, map_len_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED)
            give_up("mmap failed");
        map_ = static_cast<uint8_t *>(map);
        if (mprotect(map_ + page, room, PROT_READ | PROT_WRITE) != 0)
            give_up("mprotect failed");
        data_ = where == place::at_end ? map_ + page + room - len : map_ + page;
        if (len > 0)
            std::memcpy(data_, bytes_in, len);
    }
    guarded_copy(const guarded_copy &) = delete;
    guarded_copy &operator=(const guarded_copy &) = delete;
    ~guarded_copy() { munmap(map_, map_len_); }

    uint8_t *data() const { return data_; }
    uint32_t size() const { return static_cast<uint32_t>(len_); }

  private:
    uint8_t *map_;
    uint8_t *data_;
    size_t map_len_;
    size_t len_;
};

// The byte after the last one faults.
class page_end_copy : public guarded_copy {
  public:
    page_end_copy(const uint8_t *data, size_t len) : guarded_copy(data, len, place::at_end) {}
    explicit page_end_copy(const bytes &data) : page_end_copy(data.data(), data.size()) {}
};

// The byte before the first one faults.
class page_start_copy : public guarded_copy {
  public:
    page_start_copy(const uint8_t *data, size_t len) : guarded_copy(data, len, place::at_start) {}
    explicit page_start_copy(const bytes &data) : page_start_copy(data.data(), data.size()) {}
};

} // namespace libella_test

#endif
