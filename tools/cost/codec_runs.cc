// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Packets decoded and encoded, a thousand times each.

#include <memory>

#include "codec/packet_samples.h"
#include "tools/cost/run.h"

namespace cost {

namespace {

constexpr uint32_t count = 1000;

using codec_samples::sample;

std::shared_ptr<sample> sample_of(void (*fill)(sample *)) {
    auto out = std::make_shared<sample>();
    fill(out.get());
    out->finish();
    return out;
}

run decode(const std::string &name, void (*fill)(sample *)) {
    return {
        "decode_" + name, count, "packet", [fill] {
            const std::shared_ptr<sample> s = sample_of(fill);
            return [s] {
                ella_decoder decoder;
                ella_packet packet;
                const uint32_t size = static_cast<uint32_t>(s->bytes.size());
                ella_decoder_init(&decoder, s->version, ELLA_FROM_CLIENT, ELLA_PACKET_SIZE_MAX);
                for (uint32_t i = 0; i < count; i++) {
                    if (ella_decode(&decoder, s->bytes.data(), 0, size, &packet) != ELLA_PACKET)
                        give_up("not decoded");
                }
            };
        }};
}

run encode(const std::string &name, void (*fill)(sample *)) {
    return {"encode_" + name, count, "packet", [fill] {
                const std::shared_ptr<sample> s = sample_of(fill);
                return [s] {
                    const uint32_t room = static_cast<uint32_t>(s->bytes.size());
                    for (uint32_t i = 0; i < count; i++) {
                        if (s->encode(room) != ELLA_ERROR_NONE)
                            give_up("not encoded");
                    }
                };
            }};
}

} // namespace

std::vector<run> codec_runs() {
    return {
        decode("publish_qos_0", codec_samples::publish_qos_0),
        decode("publish_qos_1", codec_samples::publish_qos_1),
        decode("publish_qos_0_of_5_0", codec_samples::publish_qos_0_of_5_0),
        decode("publish_qos_1_properties", codec_samples::publish_qos_1_properties),
        decode("connect", codec_samples::connect),
        decode("subscribe_10", codec_samples::subscribe_10),
        decode("puback", codec_samples::puback),
        encode("publish_qos_0", codec_samples::publish_qos_0),
        encode("publish_qos_1", codec_samples::publish_qos_1),
        encode("publish_qos_1_properties", codec_samples::publish_qos_1_properties),
        encode("puback", codec_samples::puback),
    };
}

} // namespace cost
