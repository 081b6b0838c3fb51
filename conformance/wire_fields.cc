// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The tables behind wire_fields.h. They know names and numbers, and nothing of bytes.

#include "conformance/wire_fields.h"

#include <algorithm>
#include <array>

namespace conformance {
namespace {

using pt = packet_type;

constexpr uint64_t max_8 = 0xFF;
constexpr uint64_t max_16 = 0xFFFF;
constexpr uint64_t max_28 = 0x0FFFFFFF;
constexpr uint64_t max_32 = 0xFFFFFFFF;

template <typename... T> constexpr uint32_t in(T... types) {
    return (in_packet(types) | ...);
}

constexpr uint32_t in_acks = in(pt::puback, pt::pubrec, pt::pubrel, pt::pubcomp);
constexpr uint32_t in_answers =
    in_acks | in(pt::connack, pt::suback, pt::unsuback, pt::disconnect, pt::auth);
constexpr uint32_t in_all_with_properties =
    in_answers | in(pt::connect, pt::publish, pt::subscribe, pt::unsubscribe);
constexpr uint32_t in_every = 0xFFFF;

// Section 2.2.2.2 of 5.0.
constexpr property_info properties[] = {
    {"payload_format_indicator", 0x01, property_type::byte, in(pt::publish) | in_will, 0, 1},
    {"message_expiry_interval", 0x02, property_type::four_bytes, in(pt::publish) | in_will, 0,
     max_32},
    {"content_type", 0x03, property_type::string, in(pt::publish) | in_will, 0, 0},
    {"response_topic", 0x08, property_type::string, in(pt::publish) | in_will, 0, 0},
    {"correlation_data", 0x09, property_type::binary, in(pt::publish) | in_will, 0, 0},
    {"subscription_identifier", 0x0B, property_type::variable, in(pt::publish, pt::subscribe), 1,
     max_28},
    {"session_expiry_interval", 0x11, property_type::four_bytes,
     in(pt::connect, pt::connack, pt::disconnect), 0, max_32},
    {"assigned_client_id", 0x12, property_type::string, in(pt::connack), 0, 0},
    {"server_keep_alive", 0x13, property_type::two_bytes, in(pt::connack), 0, max_16},
    {"authentication_method", 0x15, property_type::string, in(pt::connect, pt::connack, pt::auth),
     0, 0},
    {"authentication_data", 0x16, property_type::binary, in(pt::connect, pt::connack, pt::auth), 0,
     0},
    {"request_problem_information", 0x17, property_type::byte, in(pt::connect), 0, 1},
    {"will_delay_interval", 0x18, property_type::four_bytes, in_will, 0, max_32},
    {"request_response_information", 0x19, property_type::byte, in(pt::connect), 0, 1},
    {"response_information", 0x1A, property_type::string, in(pt::connack), 0, 0},
    {"server_reference", 0x1C, property_type::string, in(pt::connack, pt::disconnect), 0, 0},
    {"reason_string", 0x1F, property_type::string, in_answers, 0, 0},
    {"receive_maximum", 0x21, property_type::two_bytes, in(pt::connect, pt::connack), 1, max_16},
    {"topic_alias_maximum", 0x22, property_type::two_bytes, in(pt::connect, pt::connack), 0,
     max_16},
    {"topic_alias", 0x23, property_type::two_bytes, in(pt::publish), 1, max_16},
    {"maximum_qos", 0x24, property_type::byte, in(pt::connack), 0, 1},
    {"retain_available", 0x25, property_type::byte, in(pt::connack), 0, 1},
    {"user_property", 0x26, property_type::pair, in_all_with_properties | in_will, 0, 0},
    {"maximum_packet_size", 0x27, property_type::four_bytes, in(pt::connect, pt::connack), 1,
     max_32},
    {"wildcard_subscription_available", 0x28, property_type::byte, in(pt::connack), 0, 1},
    {"subscription_identifier_available", 0x29, property_type::byte, in(pt::connack), 0, 1},
    {"shared_subscription_available", 0x2A, property_type::byte, in(pt::connack), 0, 1},
};

constexpr auto num = value_kind::number;
constexpr auto byt = value_kind::bytes;

constexpr field_info fields[] = {
    {"version", num, 5, in(pt::connect), on_both},
    {"protocol_name", byt, 0, in(pt::connect), on_both},
    {"protocol_level", num, max_8, in(pt::connect), on_both},
    {"clean_start", num, 1, in(pt::connect), on_both},
    {"keep_alive", num, max_16, in(pt::connect), on_both},
    {"id", byt, 0, in(pt::connect), on_both},
    {"will_topic", byt, 0, in(pt::connect), on_both},
    {"will_payload", byt, 0, in(pt::connect), on_both},
    {"will_qos", num, 3, in(pt::connect), on_both},
    {"will_retain", num, 1, in(pt::connect), on_both},
    {"will_flag", num, 1, in(pt::connect), on_both},
    {"user_name", byt, 0, in(pt::connect), on_both},
    {"password", byt, 0, in(pt::connect), on_both},
    {"user_name_flag", num, 1, in(pt::connect), on_both},
    {"password_flag", num, 1, in(pt::connect), on_both},
    {"reserved_flag", num, 1, in(pt::connect), on_both},
    {"connect_flags", num, max_8, in(pt::connect), on_both},
    {"will_property_length", num, max_28, in(pt::connect), on_send},
    {"will_raw_property", byt, 0, in(pt::connect), on_send},
    {"session_present", num, 1, in(pt::connack), on_both},
    {"connack_flags", num, max_8, in(pt::connack), on_both},
    {"reason", num, max_8, in_answers, on_both},
    {"topic", byt, 0, in(pt::publish), on_both},
    {"payload", byt, 0, in(pt::publish), on_both},
    {"payload_len", num, max_28, in(pt::publish), on_both},
    {"qos", num, 3, in(pt::publish, pt::subscribe), on_both},
    {"retain", num, 1, in(pt::publish), on_both},
    {"dup", num, 1, in(pt::publish), on_both},
    {"packet_id", num, max_16,
     in_acks | in(pt::publish, pt::subscribe, pt::suback, pt::unsubscribe, pt::unsuback), on_both},
    {"filter", byt, 0, in(pt::subscribe, pt::unsubscribe), on_both},
    {"no_local", num, 1, in(pt::subscribe), on_both},
    {"retain_as_published", num, 1, in(pt::subscribe), on_both},
    {"retain_handling", num, 3, in(pt::subscribe), on_both},
    {"options", num, max_8, in(pt::subscribe), on_both},
    {"flags", num, 15, in_every, on_both},
    {"remaining_length", num, max_28, in_every, on_both},
    {"property_length", num, max_28, in_all_with_properties, on_both},
    {"raw_property", byt, 0, in_all_with_properties, on_send},
    {"append", byt, 0, in_every, on_send},
    {"truncate", num, max_28, in_every, on_send},
    {"size", num, 0, in_every, on_expect},
};

constexpr std::array<const char *, 16> packet_names = {
    "RESERVED", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
    "PUBREL",   "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
    "PINGREQ",  "PINGRESP", "DISCONNECT", "AUTH"};

struct short_name {
    const char *brief;
    const char *full;
};
constexpr short_name short_names[] = {
    {"clean_session", "clean_start"},
    {"session_expiry", "session_expiry_interval"},
    {"message_expiry", "message_expiry_interval"},
    {"will_message_expiry", "will_message_expiry_interval"},
    {"will_delay", "will_delay_interval"},
};

// Reason codes of each packet, from the tables of chapter 3 of 5.0.
struct reasons_row {
    packet_type type;
    std::vector<uint8_t> codes;
};

const std::vector<reasons_row> &reasons() {
    static const std::vector<uint8_t> received = {0x00, 0x10, 0x80, 0x83, 0x87,
                                                  0x90, 0x91, 0x97, 0x99};
    static const std::vector<reasons_row> rows = {
        {pt::connack, {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
                       0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F}},
        {pt::puback, received},
        {pt::pubrec, received},
        {pt::pubrel, {0x00, 0x92}},
        {pt::pubcomp, {0x00, 0x92}},
        {pt::suback, {0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2}},
        {pt::unsuback, {0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91}},
        {pt::disconnect, {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C,
                          0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98,
                          0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2}},
        {pt::auth, {0x00, 0x18, 0x19}},
    };
    return rows;
}

value_kind kind_of(property_type type) {
    switch (type) {
    case property_type::string:
    case property_type::binary:
        return value_kind::bytes;
    case property_type::pair:
        return value_kind::pair;
    default:
        return value_kind::number;
    }
}

uint64_t width_of(property_type type) {
    switch (type) {
    case property_type::byte:
        return max_8;
    case property_type::two_bytes:
        return max_16;
    case property_type::variable:
        return max_28;
    default:
        return max_32;
    }
}

} // namespace

const property_info *property_by_name(std::string_view name) {
    for (const property_info &row : properties) {
        if (name == row.name) {
            return &row;
        }
    }
    return nullptr;
}

const property_info *property_by_id(uint64_t id) {
    for (const property_info &row : properties) {
        if (id == row.id) {
            return &row;
        }
    }
    return nullptr;
}

const char *packet_name(packet_type type) {
    return packet_names[static_cast<size_t>(type) & 0x0F];
}

std::optional<packet_type> packet_by_name(std::string_view name) {
    for (size_t i = 1; i < packet_names.size(); i++) {
        if (name == packet_names[i]) {
            return static_cast<packet_type>(i);
        }
    }
    return std::nullopt;
}

bool packet_has_properties(packet_type type) {
    return (in_all_with_properties & in_packet(type)) != 0;
}

bool reason_allowed(packet_type type, uint64_t reason) {
    for (const reasons_row &row : reasons()) {
        if (row.type == type) {
            return std::find(row.codes.begin(), row.codes.end(), reason) != row.codes.end();
        }
    }
    return true;
}

std::string field_full_name(std::string_view name) {
    for (const short_name &row : short_names) {
        if (name == row.brief) {
            return row.full;
        }
    }
    return std::string(name);
}

std::optional<field_rule> field_find(packet_type type, std::string_view name, field_use use) {
    for (const field_info &row : fields) {
        if (name == row.name && (row.packets & in_packet(type)) != 0 && (row.use & use) != 0) {
            return field_rule{row.kind, row.maximum};
        }
    }
    if (!packet_has_properties(type)) {
        return std::nullopt;
    }
    const property_info *property = property_by_name(name);
    constexpr std::string_view will = "will_";
    if (property == nullptr && type == pt::connect && name.substr(0, will.size()) == will) {
        property = property_by_name(name.substr(will.size()));
    }
    if (property == nullptr) {
        return std::nullopt;
    }
    return field_rule{kind_of(property->type), width_of(property->type)};
}

std::string field_names(packet_type type, field_use use) {
    std::string names;
    for (const field_info &row : fields) {
        if ((row.packets & in_packet(type)) != 0 && (row.use & use) != 0) {
            names += names.empty() ? row.name : std::string(", ") + row.name;
        }
    }
    if (packet_has_properties(type)) {
        names += " or a property";
    }
    return names;
}

} // namespace conformance
