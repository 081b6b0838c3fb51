// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Packets of a client, encoded once and patched where they change. It refuses to know sockets.

#ifndef LOAD_PACKETS_H
#define LOAD_PACKETS_H

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "libella/codec.h"

namespace load {

using bytes = std::vector<uint8_t>;

// The head of every payload: who sent it in which run, its number, and when it was due on the
// monotonic clock. The rest is filling.
struct stamp {
    uint32_t publisher; // with the run's tag in the highest byte
    uint32_t number;    // of this publisher, from 0
    uint64_t due_ns;
};
constexpr uint32_t stamp_len = sizeof(stamp);
static_assert(stamp_len == 16, "the Open MQTT Benchmark Suite has payloads of 16 bytes");

struct publish_template {
    bytes packet;
    uint32_t packet_id_at = 0; // 0: it has none
    uint32_t payload_at = 0;
    uint32_t topic_at = 0; // its first byte

    void patch_id(uint8_t *copy, uint16_t packet_id) const {
        if (packet_id_at != 0) {
            copy[packet_id_at] = static_cast<uint8_t>(packet_id >> 8);
            copy[packet_id_at + 1] = static_cast<uint8_t>(packet_id);
        }
    }
    // Writes what differs from message to message into a copy of the packet.
    void patch(uint8_t *copy, uint16_t packet_id, const stamp &head) const {
        patch_id(copy, packet_id);
        std::memcpy(copy + payload_at, &head, sizeof head);
    }
};

struct connect_options {
    ella_version version = ELLA_VERSION_3_1_1;
    std::string client_id;
    std::string user_name; // empty: none
    std::string password;
    uint16_t keep_alive_s = 0;
    bool clean = true;
};

bytes packet_connect(const connect_options &options);
// payload_len: at least stamp_len, if it is to be patched.
publish_template packet_publish(ella_version version, const std::string &topic, uint8_t qos,
                                bool retain, uint32_t payload_len);
bytes packet_subscribe(ella_version version, uint16_t packet_id,
                       const std::vector<std::string> &filters, uint8_t qos);
bytes packet_disconnect(ella_version version);
bytes packet_pingreq();

// PUBACK, PUBREC, PUBREL, PUBCOMP without a reason: the same four bytes in every version.
inline void packet_acknowledge(ella_packet_type type, uint16_t packet_id, uint8_t out[4]) {
    out[0] = static_cast<uint8_t>(type << 4 | (type == ELLA_PUBREL ? 2 : 0));
    out[1] = 2;
    out[2] = static_cast<uint8_t>(packet_id >> 8);
    out[3] = static_cast<uint8_t>(packet_id);
}

} // namespace load

#endif
