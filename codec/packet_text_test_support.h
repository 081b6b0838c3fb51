// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// packet_text: a decoded packet as a list of named values, and those as `name: value` lines or as
// JSON. For tests and tools; it knows what the members of struct ella_packet are called and
// decides nothing about them.
//
// Invariant: two packets that mean the same have the same list, whatever the bytes they came in.

#ifndef LIBELLA_CODEC_PACKET_TEXT_TEST_SUPPORT_H
#define LIBELLA_CODEC_PACKET_TEXT_TEST_SUPPORT_H

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "libella/codec.h"

namespace libella_test {

struct named_value {
    enum class kind {
        number,
        flag,
        bytes,
        pair
    };
    std::string name;
    kind what;
    uint64_t number; // also 0 or 1 of a flag
    std::string first;
    std::string second; // of a pair
};

inline std::string slice_text(struct ella_slice s) {
    return s.off == s.end
               ? std::string()
               : std::string(reinterpret_cast<const char *>(s.base) + s.off, s.end - s.off);
}

class value_list {
  public:
    void number(const std::string &name, uint64_t value) {
        rows.push_back({prefix + name, named_value::kind::number, value, "", ""});
    }
    void flag(const std::string &name, bool value) {
        rows.push_back({prefix + name, named_value::kind::flag, value ? 1u : 0u, "", ""});
    }
    void bytes(const std::string &name, struct ella_slice value) {
        rows.push_back({prefix + name, named_value::kind::bytes, 0, slice_text(value), ""});
    }
    void pair(const std::string &name, struct ella_slice first, struct ella_slice second) {
        rows.push_back(
            {prefix + name, named_value::kind::pair, 0, slice_text(first), slice_text(second)});
    }

    std::string prefix;
    std::vector<named_value> rows;
};

// The integer properties of one packet, in the order of their identifiers within each type.
inline void list_integers(value_list *out, const struct ella_properties &p) {
    struct {
        enum ella_property_id id;
        const char *name;
        uint32_t value;
    } const rows[] = {
        {ELLA_PROPERTY_PAYLOAD_FORMAT_INDICATOR, "payload_format_indicator",
         p.payload_format_indicator},
        {ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL, "message_expiry_interval",
         p.message_expiry_interval_s},
        {ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL, "session_expiry_interval",
         p.session_expiry_interval_s},
        {ELLA_PROPERTY_SERVER_KEEP_ALIVE, "server_keep_alive", p.server_keep_alive_s},
        {ELLA_PROPERTY_REQUEST_PROBLEM_INFORMATION, "request_problem_information",
         p.request_problem_information},
        {ELLA_PROPERTY_WILL_DELAY_INTERVAL, "will_delay_interval", p.will_delay_interval_s},
        {ELLA_PROPERTY_REQUEST_RESPONSE_INFORMATION, "request_response_information",
         p.request_response_information},
        {ELLA_PROPERTY_RECEIVE_MAXIMUM, "receive_maximum", p.receive_maximum},
        {ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM, "topic_alias_maximum", p.topic_alias_maximum},
        {ELLA_PROPERTY_TOPIC_ALIAS, "topic_alias", p.topic_alias},
        {ELLA_PROPERTY_MAXIMUM_QOS, "maximum_qos", p.maximum_qos},
        {ELLA_PROPERTY_RETAIN_AVAILABLE, "retain_available", p.retain_available},
        {ELLA_PROPERTY_MAXIMUM_PACKET_SIZE, "maximum_packet_size", p.maximum_packet_size},
        {ELLA_PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE, "wildcard_subscription_available",
         p.wildcard_subscription_available},
        {ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE, "subscription_identifier_available",
         p.subscription_identifier_available},
        {ELLA_PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE, "shared_subscription_available",
         p.shared_subscription_available},
    };
    for (const auto &row : rows) {
        if (ella_property_present(&p, row.id))
            out->number(row.name, row.value);
    }
}

inline void list_strings(value_list *out, const struct ella_properties &p) {
    struct {
        enum ella_property_id id;
        const char *name;
        struct ella_slice value;
    } const rows[] = {
        {ELLA_PROPERTY_CONTENT_TYPE, "content_type", p.content_type},
        {ELLA_PROPERTY_RESPONSE_TOPIC, "response_topic", p.response_topic},
        {ELLA_PROPERTY_CORRELATION_DATA, "correlation_data", p.correlation_data},
        {ELLA_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER, "assigned_client_identifier",
         p.assigned_client_identifier},
        {ELLA_PROPERTY_AUTHENTICATION_METHOD, "authentication_method", p.authentication_method},
        {ELLA_PROPERTY_AUTHENTICATION_DATA, "authentication_data", p.authentication_data},
        {ELLA_PROPERTY_RESPONSE_INFORMATION, "response_information", p.response_information},
        {ELLA_PROPERTY_SERVER_REFERENCE, "server_reference", p.server_reference},
        {ELLA_PROPERTY_REASON_STRING, "reason_string", p.reason_string},
    };
    for (const auto &row : rows) {
        if (ella_property_present(&p, row.id))
            out->bytes(row.name, row.value);
    }
}

inline void list_properties(value_list *out, const struct ella_properties &p) {
    list_integers(out, p);
    list_strings(out, p);
    struct ella_slice rest = p.subscription_identifiers;
    uint32_t identifier;
    while (ella_property_present(&p, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER) &&
           ella_subscription_identifier_next(&rest, &identifier))
        out->number("subscription_identifier", identifier);
    struct ella_slice name;
    struct ella_slice value;
    rest = p.user_properties;
    while (ella_property_present(&p, ELLA_PROPERTY_USER_PROPERTY) &&
           ella_user_property_next(&rest, &name, &value))
        out->pair("user_property", name, value);
}

inline void list_connect(value_list *out, const struct ella_connect &c) {
    out->number("version", c.version);
    out->flag("clean_start", c.clean_start);
    out->number("keep_alive", c.keep_alive_s);
    out->bytes("client_id", c.client_id);
    list_properties(out, c.properties);
    if (c.has_will) {
        out->prefix = "will.";
        out->number("qos", c.will_qos);
        out->flag("retain", c.will_retain);
        out->bytes("topic", c.will_topic);
        out->bytes("payload", c.will_payload);
        list_properties(out, c.will_properties);
        out->prefix.clear();
    }
    if (c.has_user_name)
        out->bytes("user_name", c.user_name);
    if (c.has_password)
        out->bytes("password", c.password);
}

inline void list_publish(value_list *out, const struct ella_publish &p) {
    out->flag("dup", p.dup);
    out->number("qos", p.qos);
    out->flag("retain", p.retain);
    if (p.qos > 0)
        out->number("packet_id", p.packet_id);
    out->bytes("topic", p.topic);
    list_properties(out, p.properties);
    out->bytes("payload", p.payload);
}

inline void list_subscribe(value_list *out, enum ella_packet_type type,
                           const struct ella_subscribe &s) {
    out->number("packet_id", s.packet_id);
    list_properties(out, s.properties);
    struct ella_slice rest = s.filters;
    struct ella_filter entry;
    while (ella_filter_next(type, &rest, &entry)) {
        out->bytes("filter", entry.filter);
        if (type == ELLA_UNSUBSCRIBE)
            continue;
        out->number("filter.qos", entry.qos);
        if (entry.no_local)
            out->flag("filter.no_local", true);
        if (entry.retain_as_published)
            out->flag("filter.retain_as_published", true);
        if (entry.retain_handling != 0)
            out->number("filter.retain_handling", entry.retain_handling);
    }
}

inline void list_suback(value_list *out, const struct ella_suback &s) {
    out->number("packet_id", s.packet_id);
    list_properties(out, s.properties);
    for (uint32_t at = s.reason_codes.off; at < s.reason_codes.end; at++)
        out->number("reason_code", s.reason_codes.base[at]);
}

// What a packet says, its type apart.
inline std::vector<named_value> values_of(const struct ella_packet &packet) {
    value_list out;
    switch (packet.type) {
    case ELLA_CONNECT:
        list_connect(&out, packet.connect);
        break;
    case ELLA_CONNACK:
        out.flag("session_present", packet.connack.session_present);
        out.number("reason_code", packet.connack.reason_code);
        list_properties(&out, packet.connack.properties);
        break;
    case ELLA_PUBLISH:
        list_publish(&out, packet.publish);
        break;
    case ELLA_PUBACK:
    case ELLA_PUBREC:
    case ELLA_PUBREL:
    case ELLA_PUBCOMP:
        out.number("packet_id", packet.ack.packet_id);
        out.number("reason_code", packet.ack.reason_code);
        list_properties(&out, packet.ack.properties);
        break;
    case ELLA_SUBSCRIBE:
    case ELLA_UNSUBSCRIBE:
        list_subscribe(&out, packet.type, packet.subscribe);
        break;
    case ELLA_SUBACK:
    case ELLA_UNSUBACK:
        list_suback(&out, packet.suback);
        break;
    case ELLA_DISCONNECT:
    case ELLA_AUTH:
        out.number("reason_code", packet.reason.reason_code);
        list_properties(&out, packet.reason.properties);
        break;
    default: // PINGREQ and PINGRESP say nothing
        break;
    }
    return out.rows;
}

// "text" if it is printable ASCII, otherwise <e2 82 ac>.
inline std::string quoted(const std::string &value) {
    bool printable = true;
    for (const char c : value)
        printable = printable && c >= ' ' && c <= '~' && c != '"';
    if (printable)
        return '"' + value + '"';
    std::string out;
    char pair[4];
    for (const char c : value) {
        std::snprintf(pair, sizeof pair, " %02x", static_cast<unsigned char>(c));
        out += pair;
    }
    return '<' + out.substr(1) + '>';
}

inline std::string value_text(const named_value &row) {
    switch (row.what) {
    case named_value::kind::number:
        return std::to_string(row.number);
    case named_value::kind::flag:
        return row.number != 0 ? "true" : "false";
    case named_value::kind::bytes:
        return quoted(row.first);
    default:
        return quoted(row.first) + " = " + quoted(row.second);
    }
}

// The type, then one `name: value` line for each value.
inline std::string packet_text(const struct ella_packet &packet) {
    std::string out = ella_packet_name(static_cast<uint32_t>(packet.type));
    out += '\n';
    for (const named_value &row : values_of(packet))
        out += row.name + ": " + value_text(row) + '\n';
    return out;
}

} // namespace libella_test

#endif
