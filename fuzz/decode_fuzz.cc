// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any bytes as a stream of packets. The first byte chooses version, sender and limit, the second
// where the stream is cut. Judged: the same verdict whole and in two pieces, and no read past the
// end. That what was decoded can be encoded again is roundtrip_fuzz's affair.

#include "fuzz/input.h"

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

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3 || size > SIZE_MAX_BYTES)
        return 0;
    const ella_version version = fuzz::version_asked(data[0]);
    const ella_sender sender = fuzz::sender_asked(data[0]);
    const uint32_t limit = (data[0] & 8) != 0 ? 64 : ELLA_PACKET_SIZE_MAX;
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
        const ella_result result = ella_decode(&whole, stream.data(), at, end, &packet);
        if (!(verdict_of(result, whole) == verdict_of(first, parts)))
            finding("another verdict when the bytes come in pieces");
        if (result != ELLA_PACKET)
            return 0;
        if (whole.size == 0 || whole.size > end - at)
            finding("a packet larger than the bytes");
    }
    return 0;
}
