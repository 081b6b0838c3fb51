/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * With CORE_SCRIPT_TRACE set in the environment a script is told on standard error as it is
 * played.
 */
#ifndef FUZZ_CORE_SCRIPT_TRACE_H
#define FUZZ_CORE_SCRIPT_TRACE_H

#include <cstdio>
#include <string>

#include "fuzz/shadow.h"

inline std::string text(ella_slice slice) {
    return ella_slice_len(slice) == 0
               ? std::string()
               : std::string(reinterpret_cast<const char *>(ella_slice_data(slice)),
                             ella_slice_len(slice));
}

inline void core_script_tell(uint64_t now, int client, const char *direction,
                             const ella_packet &packet) {
    std::fprintf(stderr, "[%8llu] %d %s %s", static_cast<unsigned long long>(now), client,
                 direction, ella_packet_name(packet.type));
    if (packet.type == ELLA_PUBLISH) {
        const ella_publish &p = packet.publish;
        std::fprintf(stderr, " %s qos=%d id=%d dup=%d retain=%d serial=%llu",
                     text(p.topic).c_str(), p.qos, p.packet_id, p.dup, p.retain,
                     static_cast<unsigned long long>(Shadow::serial_of(p)));
    } else if (packet.type == ELLA_SUBSCRIBE || packet.type == ELLA_UNSUBSCRIBE) {
        std::fprintf(stderr, " id=%d %s", packet.subscribe.packet_id,
                     text(packet.subscribe.filters).substr(2).c_str());
    } else if (packet.type == ELLA_CONNECT) {
        std::fprintf(stderr, " %s version=%d clean_start=%d",
                     text(packet.connect.client_id).c_str(), packet.connect.version,
                     packet.connect.clean_start);
    } else if (packet.type == ELLA_CONNACK) {
        std::fprintf(stderr, " session_present=%d reason=0x%02x", packet.connack.session_present,
                     packet.connack.reason_code);
    } else {
        std::fprintf(stderr, " id=%d reason=0x%02x", packet.ack.packet_id, packet.ack.reason_code);
    }
    std::fputc('\n', stderr);
}

#endif
