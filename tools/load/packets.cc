// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/packets.h"

#include <stdexcept>

namespace load {

namespace {

ella_slice slice_of(const std::string &text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

bytes encode(const ella_packet &packet, ella_version version) {
    uint32_t size = 0;
    ella_error error = ella_encoded_size(&packet, version, ELLA_FROM_CLIENT, &size);
    bytes out(size);
    if (error == ELLA_ERROR_NONE) {
        error = ella_encode(&packet, version, ELLA_FROM_CLIENT, out.data(), 0, size, &size);
    }
    if (error != ELLA_ERROR_NONE) {
        throw std::runtime_error("a packet can't be encoded: codec error " +
                                 std::to_string(static_cast<int>(error)));
    }
    return out;
}

} // namespace

bytes packet_connect(const connect_options &options) {
    ella_packet packet{};
    packet.type = ELLA_CONNECT;
    ella_connect &connect = packet.connect;
    connect.version = static_cast<uint8_t>(options.version);
    connect.clean_start = options.clean;
    connect.keep_alive_s = options.keep_alive_s;
    connect.client_id = slice_of(options.client_id);
    connect.has_user_name = !options.user_name.empty();
    connect.user_name = slice_of(options.user_name);
    connect.has_password = !options.password.empty();
    connect.password = slice_of(options.password);
    if (options.version == ELLA_VERSION_5_0 && !options.clean) {
        ella_property_set(&connect.properties, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval_s = 3600;
    }
    return encode(packet, options.version);
}

publish_template packet_publish(ella_version version, const std::string &topic, uint8_t qos,
                                bool retain, uint32_t payload_len) {
    const std::string payload(payload_len, 'x');
    ella_packet packet{};
    packet.type = ELLA_PUBLISH;
    packet.publish.qos = qos;
    packet.publish.retain = retain;
    packet.publish.packet_id = qos > 0 ? 1 : 0;
    packet.publish.topic = slice_of(topic);
    packet.publish.payload = slice_of(payload);
    publish_template out;
    out.packet = encode(packet, version);
    out.payload_at = static_cast<uint32_t>(out.packet.size()) - payload_len;
    const uint32_t properties_len = version == ELLA_VERSION_5_0 ? 1 : 0;
    const uint32_t packet_id_len = qos > 0 ? 2 : 0;
    out.packet_id_at = qos > 0 ? out.payload_at - properties_len - packet_id_len : 0;
    out.topic_at =
        out.payload_at - properties_len - packet_id_len - static_cast<uint32_t>(topic.size());
    return out;
}

bytes packet_subscribe(ella_version version, uint16_t packet_id,
                       const std::vector<std::string> &filters, uint8_t qos) {
    bytes list;
    for (const std::string &filter : filters) {
        ella_filter entry{};
        entry.filter = slice_of(filter);
        entry.qos = qos;
        auto used = static_cast<uint32_t>(list.size());
        list.resize(used + filter.size() + 8);
        if (ella_filter_put(ELLA_SUBSCRIBE, version, &entry, list.data(),
                            static_cast<uint32_t>(list.size()), &used) != ELLA_ERROR_NONE) {
            throw std::runtime_error("not a topic filter: " + filter);
        }
        list.resize(used);
    }
    ella_packet packet{};
    packet.type = ELLA_SUBSCRIBE;
    packet.subscribe.packet_id = packet_id;
    packet.subscribe.filters = ella_slice_of(list.data(), static_cast<uint32_t>(list.size()));
    return encode(packet, version);
}

bytes packet_disconnect(ella_version version) {
    ella_packet packet{};
    packet.type = ELLA_DISCONNECT;
    return encode(packet, version);
}

bytes packet_pingreq() {
    return {0xc0, 0};
}

} // namespace load
