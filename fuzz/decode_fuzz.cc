// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any bytes as a stream of packets. The first byte chooses version, sender and limit, the second
// where the stream is cut. Judged: the same verdict whole and in two pieces, and of the body by
// itself; no read past the end; what was found has a name, and what is wrong a reason code, words
// and a statement. That what was decoded can be encoded again is roundtrip_fuzz's affair.

#include "fuzz/input.h"
#include "fuzz/words.h"

namespace {

using fuzz::exact;

constexpr uint32_t SIZE_MAX_BYTES = 1u << 16;

[[noreturn]] void finding(const char *what) {
    fuzz::finding("decode_fuzz", what);
}

struct verdict {
    int result;
    uint32_t size, error_offset;
    uint8_t error, version, type;
    bool operator==(const verdict &o) const {
        return result == o.result && size == o.size && error_offset == o.error_offset &&
               error == o.error && version == o.version && type == o.type;
    }
};

verdict verdict_of(ella_result result, const ella_decoder &d) {
    verdict v{result, 0, 0, 0, d.version, 0};
    if (result == ELLA_PACKET) {
        v.size = d.size;
        v.type = d.packet_type;
    } else if (result == ELLA_BAD) {
        v.error = d.error;
        v.error_offset = d.error_offset;
    }
    return v;
}

// A packet by its body, as those ask for it who frame by themselves.
void check_body(const ella_decoder &before, ella_sender sender, uint32_t type, const uint8_t *buf,
                uint32_t start, uint32_t end) {
    uint32_t at = start + 1, error_at = start;
    while (at < end && buf[at] >= 128)
        at++;
    ella_packet packet;
    const ella_error error = ella_decode_body(static_cast<ella_version>(before.version), sender,
                                              buf[start], buf, at + 1, end, &packet, &error_at);
    if (error != ELLA_ERROR_NONE || packet.type != type)
        finding("a packet is another one without its length");
    // The same body under a first byte that it does not have.
    const uint8_t other = static_cast<uint8_t>(buf[start] ^ (1u << (end % 8u)));
    if (ella_decode_body(static_cast<ella_version>(before.version), sender, other, buf, at + 1,
                         end, &packet, &error_at) != ELLA_ERROR_NONE &&
        (error_at < at + 1 || error_at > end))
        finding("a body is wrong outside of itself");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3 || size > SIZE_MAX_BYTES)
        return 0;
    const ella_version version = fuzz::version_asked(data[0]);
    const ella_sender sender = fuzz::sender_asked(data[0]);
    const uint32_t limit = (data[0] & 8) != 0 ? 64 : ELLA_PACKET_SIZE_MAX;
    for (const size_t at : {size_t(1), size / 2, size - 1})
        fuzz::judge_names("decode_fuzz", data[at]);
    const exact stream(data + 2, size - 2);
    const uint32_t end = static_cast<uint32_t>(size - 2);
    ella_decoder whole, parts;
    ella_decoder_init(&whole, version, sender, limit);
    parts = whole;
    for (uint32_t at = 0; at < end; at += whole.size) {
        ella_packet packet, packet_of_parts;
        const uint32_t cut = at + (end - at) * data[1] / 256u;
        const exact head(stream.data() + at, cut - at);
        ella_result first = ella_decode(&parts, head.data(), 0, cut - at, &packet_of_parts);
        if (first == ELLA_MORE) {
            if (parts.needed <= cut - at)
                finding("ELLA_MORE without needing more");
            first = ella_decode(&parts, stream.data(), at, end, &packet_of_parts);
        }
        const ella_decoder before = whole;
        const ella_result result = ella_decode(&whole, stream.data(), at, end, &packet);
        const verdict found = verdict_of(result, whole);
        if (!(found == verdict_of(first, parts)))
            finding("another verdict when the bytes come in pieces");
        fuzz::judge_words("decode_fuzz", static_cast<ella_error>(found.error));
        if (result != ELLA_PACKET)
            return 0;
        if (whole.size == 0 || whole.size > end - at)
            finding("a packet larger than the bytes");
        check_body(before, sender, packet.type, stream.data(), at, at + whole.size);
    }
    return 0;
}
