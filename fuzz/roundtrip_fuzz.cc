// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any bytes as one packet; the first byte chooses version and sender. Judged: what was decoded can
// be encoded, is not larger then, is accepted again, and is the same when encoded once more.

#include <vector>

#include "fuzz/input.h"

namespace {

constexpr uint32_t SIZE_MAX_BYTES = 1u << 16;

[[noreturn]] void finding(const char *what) {
    fuzz::finding("roundtrip_fuzz", what);
}

std::vector<uint8_t> encoded(const ella_packet &packet, ella_version version, ella_sender sender) {
    uint32_t announced = 0;
    if (ella_encoded_size(&packet, version, sender, &announced) != ELLA_ERROR_NONE)
        finding("a packet that was decoded has no size");
    std::vector<uint8_t> bytes(announced);
    uint32_t size = 0;
    if (ella_encode_checked(&packet, version, sender, bytes.data(), 0, announced, &size) !=
        ELLA_ERROR_NONE)
        finding("a packet that was decoded cannot be encoded");
    if (size != announced)
        finding("the size written is not the size announced");
    return bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3 || size > SIZE_MAX_BYTES)
        return 0;
    const ella_sender sender = fuzz::sender_asked(data[0]);
    const fuzz::exact bytes(data + 1, size - 1);
    ella_decoder d;
    ella_packet packet, again;
    ella_decoder_init(&d, fuzz::version_asked(data[0]), sender, ELLA_PACKET_SIZE_MAX);
    if (ella_decode(&d, bytes.data(), 0, static_cast<uint32_t>(size - 1), &packet) != ELLA_PACKET)
        return 0;
    const uint32_t decoded_size = d.size;
    const auto version = static_cast<ella_version>(d.version);
    const std::vector<uint8_t> first = encoded(packet, version, sender);
    if (first.size() > decoded_size)
        finding("encoding grew a packet");
    ella_decoder_init(&d, packet.type == ELLA_CONNECT ? ELLA_VERSION_UNKNOWN : version, sender,
                      ELLA_PACKET_SIZE_MAX);
    if (ella_decode(&d, first.data(), 0, static_cast<uint32_t>(first.size()), &again) !=
            ELLA_PACKET ||
        d.size != first.size())
        finding("an encoded packet is refused");
    if (encoded(again, version, sender) != first)
        finding("encoding is not a fixed point");
    return 0;
}
