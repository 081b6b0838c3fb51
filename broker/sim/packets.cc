/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Payloads, and packets as lines.
 */
#include "broker/sim/packets.h"

#include <cstdio>

#include "fuzz/shadow.h"

namespace sim {

std::string payload_of(uint64_t serial, uint32_t padding) {
    char text[32];
    std::snprintf(text, sizeof text, "msg:%08llx", static_cast<unsigned long long>(serial));
    return text + std::string(padding, '.');
}

std::string line_of(const ella_packet &packet) {
    char line[256];
    const char *name = ella_packet_name(packet.type);
    switch (packet.type) {
    case ELLA_PUBLISH: {
        const ella_publish &p = packet.publish;
        std::snprintf(line, sizeof line, "%s %s serial=%llu qos=%d id=%d%s%s", name,
                      text_of(p.topic).c_str(),
                      static_cast<unsigned long long>(Shadow::serial_of(p)), p.qos, p.packet_id,
                      p.dup ? " dup" : "", p.retain ? " retain" : "");
        break;
    }
    case ELLA_CONNECT:
        std::snprintf(line, sizeof line, "%s clean_start=%d%s", name, packet.connect.clean_start,
                      packet.connect.has_will ? " will" : "");
        break;
    case ELLA_CONNACK:
        std::snprintf(line, sizeof line, "%s session_present=%d reason=0x%02x", name,
                      packet.connack.session_present, packet.connack.reason_code);
        break;
    case ELLA_SUBSCRIBE:
    case ELLA_UNSUBSCRIBE: {
        ella_slice rest = packet.subscribe.filters;
        ella_filter entry{};
        std::string filter;
        if (ella_filter_next(packet.type, &rest, &entry)) {
            filter = text_of(entry.filter);
        }
        std::snprintf(line, sizeof line, "%s id=%d %s qos=%d", name, packet.subscribe.packet_id,
                      filter.c_str(), entry.qos);
        break;
    }
    case ELLA_SUBACK:
    case ELLA_UNSUBACK:
        std::snprintf(line, sizeof line, "%s id=%d", name, packet.suback.packet_id);
        break;
    case ELLA_DISCONNECT:
        std::snprintf(line, sizeof line, "%s reason=0x%02x", name, packet.reason.reason_code);
        break;
    case ELLA_PINGREQ:
    case ELLA_PINGRESP:
        return name;
    default:
        std::snprintf(line, sizeof line, "%s id=%d reason=0x%02x", name, packet.ack.packet_id,
                      packet.ack.reason_code);
    }
    return line;
}

} // namespace sim
