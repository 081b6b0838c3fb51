// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Packets to bytes. Writes what the fields say, lawful or not; it refuses to correct anything.

#include <utility>

#include "conformance/wire_fields.h"

namespace conformance {
namespace {

constexpr std::string_view will_prefix = "will_";

void put_8(std::string *out, uint64_t number) {
    *out += static_cast<char>(number & 0xFF);
}

void put_16(std::string *out, uint64_t number) {
    put_8(out, number >> 8);
    put_8(out, number);
}

void put_32(std::string *out, uint64_t number) {
    put_16(out, number >> 16);
    put_16(out, number);
}

void put_text(std::string *out, std::string_view text) {
    put_16(out, text.size());
    out->append(text);
}

void put_field_text(std::string *out, const packet &source, std::string_view name) {
    const value *found = source.find(name);
    put_text(out, found == nullptr ? std::string_view() : std::string_view(found->bytes));
}

void put_property(std::string *out, const property_info &property, const value &content) {
    put_8(out, property.id);
    switch (property.type) {
    case property_type::byte:
        put_8(out, content.number);
        break;
    case property_type::two_bytes:
        put_16(out, content.number);
        break;
    case property_type::four_bytes:
        put_32(out, content.number);
        break;
    case property_type::variable:
        out->append(wire_variable_integer(static_cast<uint32_t>(content.number)));
        break;
    case property_type::string:
    case property_type::binary:
        put_text(out, content.bytes);
        break;
    case property_type::pair:
        put_text(out, content.bytes);
        put_text(out, content.second);
        break;
    }
}

// A field of CONNECT belongs to the Will if its name is a property's with will_ in front, or
// begins so itself.
const property_info *property_of(std::string_view name, packet_type type, bool will) {
    const bool prefixed = name.substr(0, will_prefix.size()) == will_prefix;
    const bool of_will = type == packet_type::connect && prefixed;
    if (of_will != will) {
        return nullptr;
    }
    const property_info *property = property_by_name(name);
    if (property == nullptr && of_will) {
        property = property_by_name(name.substr(will_prefix.size()));
    }
    return property;
}

std::string property_bytes(const packet &source, bool will) {
    const std::string_view raw = will ? "will_raw_property" : "raw_property";
    std::string out;
    for (const field &item : source.fields) {
        if (item.name == raw) {
            out += item.value.bytes;
        } else if (const property_info *property = property_of(item.name, source.type, will)) {
            put_property(&out, *property, item.value);
        }
    }
    return out;
}

const value *property_length_of(const packet &source, bool will) {
    return source.find(will ? "will_property_length" : "property_length");
}

bool has_properties(const packet &source, bool will) {
    return property_length_of(source, will) != nullptr || !property_bytes(source, will).empty();
}

void put_properties(std::string *out, const packet &source, bool will = false) {
    const std::string content = property_bytes(source, will);
    const value *length = property_length_of(source, will);
    const uint64_t number = length == nullptr ? content.size() : length->number;
    out->append(wire_variable_integer(static_cast<uint32_t>(number)));
    out->append(content);
}

void put_properties_if(std::string *out, const packet &source, unsigned version,
                       bool will = false) {
    if (version >= 5 || has_properties(source, will)) {
        put_properties(out, source, will);
    }
}

bool connect_has_will(const packet &source) {
    return source.find("will_topic") != nullptr || source.find("will_payload") != nullptr;
}

uint64_t connect_flags(const packet &source) {
    const bool user_name = source.find("user_name") != nullptr;
    const bool password = source.find("password") != nullptr;
    const uint64_t flags = source.number("user_name_flag", user_name) << 7 |
                           source.number("password_flag", password) << 6 |
                           source.number("will_retain") << 5 | source.number("will_qos") << 3 |
                           source.number("will_flag", connect_has_will(source)) << 2 |
                           source.number("clean_start", 1) << 1 | source.number("reserved_flag");
    return source.number("connect_flags", flags);
}

std::string connect_body(const packet &source, unsigned connection_version) {
    const auto version = static_cast<unsigned>(source.number("version", connection_version));
    const value *name = source.find("protocol_name");
    std::string out;
    put_text(&out, name != nullptr ? std::string_view(name->bytes)
                   : version == 3  ? "MQIsdp"
                                   : "MQTT");
    put_8(&out, source.number("protocol_level", version));
    put_8(&out, connect_flags(source));
    put_16(&out, source.number("keep_alive"));
    put_properties_if(&out, source, version);
    put_field_text(&out, source, "id");
    if (connect_has_will(source)) {
        put_properties_if(&out, source, version, true);
        put_field_text(&out, source, "will_topic");
        put_field_text(&out, source, "will_payload");
    }
    for (const char *credential : {"user_name", "password"}) {
        if (source.find(credential) != nullptr) {
            put_field_text(&out, source, credential);
        }
    }
    return out;
}

std::string connack_body(const packet &source, unsigned version) {
    std::string out;
    put_8(&out, source.number("connack_flags", source.number("session_present")));
    put_8(&out, source.number("reason"));
    put_properties_if(&out, source, version);
    return out;
}

std::string publish_body(const packet &source, unsigned version) {
    std::string out;
    put_field_text(&out, source, "topic");
    if (source.number("qos") > 0 || source.find("packet_id") != nullptr) {
        put_16(&out, source.number("packet_id"));
    }
    put_properties_if(&out, source, version);
    if (const value *payload = source.find("payload")) {
        out += payload->bytes;
    } else {
        out += wire_fill(source.number("payload_len"));
    }
    return out;
}

// Acknowledgements, DISCONNECT and AUTH end where their last named part ends (3.4.2.1, 3.14.2.1
// of 5.0).
void put_reason_tail(std::string *out, const packet &source) {
    const bool properties = has_properties(source, false);
    if (properties || source.find("reason") != nullptr) {
        put_8(out, source.number("reason"));
    }
    if (properties) {
        put_properties(out, source);
    }
}

std::string ack_body(const packet &source) {
    std::string out;
    put_16(&out, source.number("packet_id"));
    put_reason_tail(&out, source);
    return out;
}

std::string reason_body(const packet &source) {
    std::string out;
    put_reason_tail(&out, source);
    return out;
}

uint64_t option_bits(std::string_view name, uint64_t number) {
    if (name == "no_local") {
        return number << 2;
    }
    if (name == "retain_as_published") {
        return number << 3;
    }
    if (name == "retain_handling") {
        return number << 4;
    }
    return name == "qos" || name == "options" ? number : 0;
}

std::string filters_body(const packet &source, unsigned version, bool with_options) {
    std::string out;
    put_16(&out, source.number("packet_id"));
    put_properties_if(&out, source, version);
    std::optional<uint64_t> options;
    for (const field &item : source.fields) {
        if (item.name == "filter") {
            if (with_options && options) {
                put_8(&out, *options);
            }
            options = 0;
            put_text(&out, item.value.bytes);
        } else if (options && item.value.kind == value_kind::number) {
            *options |= option_bits(item.name, item.value.number);
        }
    }
    if (with_options && options) {
        put_8(&out, *options);
    }
    return out;
}

std::string codes_body(const packet &source, unsigned version) {
    std::string out;
    put_16(&out, source.number("packet_id"));
    put_properties_if(&out, source, version);
    for (const field &item : source.fields) {
        if (item.name == "reason") {
            put_8(&out, item.value.number);
        }
    }
    return out;
}

std::string body_of(const packet &source, unsigned version) {
    switch (source.type) {
    case packet_type::connect:
        return connect_body(source, version);
    case packet_type::connack:
        return connack_body(source, version);
    case packet_type::publish:
        return publish_body(source, version);
    case packet_type::puback:
    case packet_type::pubrec:
    case packet_type::pubrel:
    case packet_type::pubcomp:
        return ack_body(source);
    case packet_type::subscribe:
        return filters_body(source, version, true);
    case packet_type::unsubscribe:
        return filters_body(source, version, false);
    case packet_type::suback:
    case packet_type::unsuback:
        return codes_body(source, version);
    case packet_type::disconnect:
    case packet_type::auth:
        return reason_body(source);
    default:
        return {};
    }
}

uint64_t first_byte_flags(const packet &source) {
    uint64_t flags = 0;
    if (source.type == packet_type::publish) {
        flags = source.number("dup") << 3 | source.number("qos") << 1 | source.number("retain");
    } else if (source.type == packet_type::pubrel || source.type == packet_type::subscribe ||
               source.type == packet_type::unsubscribe) {
        flags = 2;
    }
    return source.number("flags", flags) & 0x0F;
}

} // namespace

std::string wire_encode(const packet &source, unsigned version) {
    std::string body = body_of(source, version);
    body.resize(body.size() - std::min<size_t>(body.size(), source.number("truncate")));
    for (const field &item : source.fields) {
        if (item.name == "append") {
            body += item.value.bytes;
        }
    }
    std::string out;
    put_8(&out, static_cast<uint64_t>(source.type) << 4 | first_byte_flags(source));
    const uint64_t length = source.number("remaining_length", body.size());
    out += wire_variable_integer(static_cast<uint32_t>(length));
    return out + body;
}

} // namespace conformance
