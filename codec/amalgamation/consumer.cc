// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A C++17 program that uses the amalgamation: it walks a SUBSCRIBE that it has built and one that
// it has only half of. Exits 0 if all is as it should be.

#include <cstdio>
#include <string_view>
#include <vector>

#include "ella.h"

namespace {

std::string_view view(ella_slice s) {
    return {reinterpret_cast<const char *>(ella_slice_data(s)), ella_slice_len(s)};
}

bool build(std::vector<uint8_t> *out) {
    uint8_t filters[64];
    uint32_t used = 0;
    uint32_t size = 0;
    for (const std::string_view text : {"a/+", "$share/g/#"}) {
        ella_filter entry{};
        entry.filter = ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
        entry.qos = 1;
        if (ella_filter_put(ELLA_SUBSCRIBE, ELLA_VERSION_3_1_1, &entry, filters, sizeof filters,
                            &used) != ELLA_ERROR_NONE)
            return false;
    }
    ella_packet packet{};
    packet.type = ELLA_SUBSCRIBE;
    packet.subscribe.packet_id = 1;
    packet.subscribe.filters = ella_slice_of(filters, used);
    out->resize(100);
    if (ella_encode(&packet, ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT, out->data(), 0, 100, &size) !=
        ELLA_ERROR_NONE)
        return false;
    out->resize(size);
    return true;
}

size_t count_filters(const ella_packet &packet) {
    ella_slice rest = packet.subscribe.filters;
    ella_filter entry{};
    size_t count = 0;
    while (ella_filter_next(ELLA_SUBSCRIBE, &rest, &entry)) {
        ella_slice name{};
        ella_slice filter{};
        const bool shared = ella_topic_share(entry.filter, &name, &filter);
        std::printf("%.*s%s\n", static_cast<int>(view(filter).size()), view(filter).data(),
                    shared ? " (shared)" : "");
        count++;
    }
    return count;
}

} // namespace

int main() {
    std::vector<uint8_t> bytes;
    if (!build(&bytes))
        return 1;
    const auto size = static_cast<uint32_t>(bytes.size());
    ella_decoder decoder;
    ella_packet packet;
    ella_decoder_init(&decoder, ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT, 1000);
    if (ella_decode(&decoder, bytes.data(), 0, size / 2, &packet) != ELLA_MORE ||
        decoder.needed != size)
        return 2;
    if (ella_decode(&decoder, bytes.data(), 0, size, &packet) != ELLA_PACKET)
        return 3;
    return count_filters(packet) == 2 ? 0 : 4;
}
