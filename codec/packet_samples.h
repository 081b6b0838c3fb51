// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Typical packets, for those who measure the codec.

#ifndef CODEC_PACKET_SAMPLES_H
#define CODEC_PACKET_SAMPLES_H

#include <cstdint>
#include <vector>

#include "libella/codec.h"

namespace codec_samples {

// A packet and the bytes it is encoded to.
struct sample {
    struct ella_packet packet = {};
    enum ella_version version = ELLA_VERSION_5_0;
    std::vector<uint8_t> extra; // filters or user properties, which the packet points to
    std::vector<uint8_t> bytes;

    // Once the packet is filled in: makes bytes of it.
    void finish();
    // Encodes it again into bytes, as a broker does: PUBLISH by the short way.
    enum ella_error encode(uint32_t room);
};

// PUBLISH with 64 bytes of payload.
void publish_qos_0(sample *out); // 3.1.1
void publish_qos_1(sample *out); // 3.1.1
void publish_qos_0_of_5_0(sample *out);
// PUBLISH of QoS 1 as a request has it: expiry, content type, response topic, correlation data and
// two user properties.
void publish_qos_1_properties(sample *out);
// CONNECT of 5.0 with will, user name and password.
void connect(sample *out);
// SUBSCRIBE of ten filters.
void subscribe_10(sample *out);
void puback(sample *out); // 3.1.1

} // namespace codec_samples

#endif
