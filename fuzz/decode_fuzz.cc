/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Any bytes as a stream of packets. The first byte chooses version and sender, the second where
 * the stream is cut. Judged: the same verdict whole and in two pieces, no read past the end (the
 * bytes end where the allocation ends, for the address sanitizer to see), and what was decoded can
 * be encoded and decoded again to the same bytes.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" {
#include "libella/codec.h"
}

namespace {

constexpr uint32_t SIZE_MAX_BYTES = 1u << 16;

[[noreturn]] void finding(const char *what) {
    std::fprintf(stderr, "codec: %s\n", what);
    std::abort();
}

/* A copy that ends exactly where its allocation ends. */
struct Exact {
    explicit Exact(const uint8_t *data, size_t size) : bytes(new uint8_t[size]), len(size) {
        if (size != 0) {
            std::memcpy(bytes, data, size);
        }
    }
    ~Exact() { delete[] bytes; }
    Exact(const Exact &) = delete;
    Exact &operator=(const Exact &) = delete;
    uint8_t *bytes;
    size_t len;
};

struct Verdict {
    int result;
    uint32_t size, error_offset;
    uint8_t error, version, type;
    bool operator==(const Verdict &o) const {
        return result == o.result && size == o.size && error_offset == o.error_offset &&
               error == o.error && version == o.version && type == o.type;
    }
};

Verdict verdict_of(ella_result result, const ella_decoder &d) {
    Verdict v{result, 0, 0, 0, d.version, 0};
    if (result == ELLA_PACKET) {
        v.size = d.size;
        v.type = d.packet_type;
    } else if (result == ELLA_BAD) {
        v.error = d.error;
        v.error_offset = d.error_offset;
    }
    return v;
}

void reencode(const ella_packet &packet, uint8_t version, ella_sender sender,
              uint32_t decoded_size) {
    auto v = static_cast<ella_version>(version);
    uint32_t announced = 0;
    if (ella_encoded_size(&packet, v, sender, &announced) != ELLA_ERROR_NONE) {
        finding("a packet that was decoded cannot be encoded");
    }
    if (announced > decoded_size) {
        finding("encoding grew a packet");
    }
    std::vector<uint8_t> first(announced), second(announced);
    uint32_t size = 0;
    if (ella_encode_checked(&packet, v, sender, first.data(), 0, announced, &size) !=
            ELLA_ERROR_NONE ||
        size != announced) {
        finding("encoding does not keep to its announced size");
    }
    ella_decoder d;
    ella_packet again;
    ella_version begin = packet.type == ELLA_CONNECT ? ELLA_VERSION_UNKNOWN : v;
    ella_decoder_init(&d, begin, sender, ELLA_PACKET_SIZE_MAX);
    if (ella_decode(&d, first.data(), 0, announced, &again) != ELLA_PACKET ||
        d.size != announced) {
        finding("an encoded packet is refused");
    }
    if (ella_encode(&again, v, sender, second.data(), 0, announced, &size) != ELLA_ERROR_NONE ||
        size != announced || first != second) {
        finding("encoding is not a fixed point");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3 || size > SIZE_MAX_BYTES) {
        return 0;
    }
    static const ella_version versions[] = {ELLA_VERSION_UNKNOWN, ELLA_VERSION_3_1,
                                            ELLA_VERSION_3_1_1, ELLA_VERSION_5_0};
    ella_version version = versions[data[0] % 4];
    ella_sender sender = (data[0] & 4) != 0 ? ELLA_FROM_SERVER : ELLA_FROM_CLIENT;
    uint32_t limit = (data[0] & 8) != 0 ? 64 : ELLA_PACKET_SIZE_MAX;
    Exact stream(data + 2, size - 2);
    auto end = static_cast<uint32_t>(stream.len);
    ella_decoder whole, parts;
    ella_decoder_init(&whole, version, sender, limit);
    parts = whole;
    uint32_t at = 0;
    while (at < end) {
        ella_packet packet, packet_of_parts;
        uint32_t cut = at + (end - at) * data[1] / 256u;
        Exact head(stream.bytes + at, cut - at);
        ella_result first = ella_decode(&parts, head.bytes, 0, cut - at, &packet_of_parts);
        if (first == ELLA_MORE) {
            if (parts.needed <= cut - at) {
                finding("ELLA_MORE without needing more");
            }
            first = ella_decode(&parts, stream.bytes, at, end, &packet_of_parts);
        }
        ella_result result = ella_decode(&whole, stream.bytes, at, end, &packet);
        if (!(verdict_of(result, whole) == verdict_of(first, parts))) {
            finding("another verdict when the bytes come in pieces");
        }
        if (result != ELLA_PACKET) {
            return 0;
        }
        reencode(packet, whole.version, sender, whole.size);
        at += whole.size;
    }
    return 0;
}
