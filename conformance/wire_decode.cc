// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Bytes to packets. Reads on after an error as long as that means something, so that the log can
// show the packet; everything that is wrong with it is listed. It refuses to know what the packet
// answers.

#include <algorithm>
#include <utility>

#include "conformance/wire_fields.h"

namespace conformance {
namespace {

// A cursor that never leaves its bytes: reading past the end yields zero and is remembered.
class reader {
  public:
    reader(std::string_view bytes, decoded *out) : bytes_(bytes), out_(out) {}

    size_t left() const { return bytes_.size(); }
    bool short_read() const { return short_; }

    void problem(std::string text) { out_->problems.push_back(std::move(text)); }

    std::string_view take(size_t count, std::string_view what) {
        if (count > bytes_.size()) {
            if (!short_) {
                problem("ends inside " + std::string(what));
            }
            short_ = true;
            count = bytes_.size();
        }
        const std::string_view taken = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return taken;
    }

    uint64_t number(size_t count, std::string_view what) {
        uint64_t result = 0;
        for (const char c : take(count, what)) {
            result = result << 8 | static_cast<uint8_t>(c);
        }
        return result;
    }

    // The shortest form is a rule of 5.0 (1.5.5) that 3.x does not have.
    uint32_t variable(std::string_view what, bool shortest = true) {
        uint32_t result = 0;
        for (unsigned i = 0; i < 4; i++) {
            const auto byte = static_cast<uint8_t>(number(1, what));
            result |= static_cast<uint32_t>(byte & 0x7F) << (7 * i);
            if ((byte & 0x80) == 0) {
                if (shortest && i > 0 && byte == 0) {
                    problem(std::string(what) + " is not in its shortest form");
                }
                return result;
            }
        }
        problem(std::string(what) + " is longer than four bytes");
        short_ = true;
        return result;
    }

    std::string binary(std::string_view what) { return std::string(take(number(2, what), what)); }

    std::string text(std::string_view what) {
        std::string result = binary(what);
        if (!short_ && !wire_utf8_valid(result)) {
            problem(std::string(what) + " is not well-formed UTF-8 without U+0000");
        }
        return result;
    }

    void add(std::string name, value content) {
        out_->packet.fields.push_back({std::move(name), std::move(content)});
    }

    decoded *out() { return out_; }

  private:
    std::string_view bytes_;
    decoded *out_;
    bool short_ = false;
};

// What a packet decoder may need to know besides the bytes.
struct context {
    packet_type type;
    uint8_t flags;
    unsigned version;
    bool from_server;
};

value property_value(reader *in, const property_info &property) {
    switch (property.type) {
    case property_type::byte:
        return value::of(in->number(1, property.name));
    case property_type::two_bytes:
        return value::of(in->number(2, property.name));
    case property_type::four_bytes:
        return value::of(in->number(4, property.name));
    case property_type::variable:
        return value::of(uint64_t{in->variable(property.name)});
    case property_type::string:
        return value::of(in->text(property.name));
    case property_type::binary:
        return value::of(in->binary(property.name));
    case property_type::pair:
        break;
    }
    std::string name = in->text(property.name);
    return value::of(std::move(name), in->text(property.name));
}

bool property_may_repeat(const property_info &property, const context &at) {
    return property.type == property_type::pair ||
           (property.type == property_type::variable && at.type == packet_type::publish &&
            at.from_server);
}

void check_property(reader *in, const property_info &property, const value &content,
                    const context &at, bool will) {
    const std::string name = property.name;
    const uint32_t place = will ? in_will : in_packet(at.type);
    if ((property.packets & place) == 0) {
        in->problem(name + " is not allowed in " + (will ? "the Will" : packet_name(at.type)));
    }
    if (content.kind == value_kind::number &&
        (content.number < property.minimum || content.number > property.maximum)) {
        in->problem(name + " has the forbidden value " + std::to_string(content.number));
    }
    if (name == "response_topic" && content.bytes.empty()) {
        in->problem("the response topic is empty"); // 4.7.3-1
    }
    const bool disconnect = at.type == packet_type::disconnect;
    if (at.from_server && disconnect && name == "session_expiry_interval") {
        in->problem(name + " is not allowed in a server's DISCONNECT");
    }
    if (!at.from_server && disconnect && name == "server_reference") {
        in->problem(name + " is not allowed in a client's DISCONNECT");
    }
    if (!at.from_server && at.type == packet_type::publish && name == "subscription_identifier") {
        in->problem(name + " is not allowed in a client's PUBLISH");
    }
}

std::string property_field_name(const property_info &property, bool will) {
    const std::string name = property.name;
    return will && name.rfind("will_", 0) != 0 ? "will_" + name : name;
}

void read_properties(reader *outer, const context &at, bool will = false) {
    const uint32_t length = outer->variable("Property Length");
    if (!will) {
        outer->out()->property_length = length;
    }
    reader in(outer->take(length, "the properties"), outer->out());
    uint64_t seen = 0;
    while (in.left() > 0 && !in.short_read()) {
        const uint32_t id = in.variable("a property identifier");
        const property_info *property = property_by_id(id);
        if (property == nullptr) {
            in.problem("unknown property identifier " + std::to_string(id));
            return;
        }
        value content = property_value(&in, *property);
        if (in.short_read()) {
            return;
        }
        const uint64_t bit = uint64_t{1} << property->id;
        if ((seen & bit) != 0 && !property_may_repeat(*property, at)) {
            in.problem(std::string(property->name) + " comes more than once");
        }
        seen |= bit;
        check_property(&in, *property, content, at, will);
        in.add(property_field_name(*property, will), std::move(content));
    }
}

void read_packet_id(reader *in) {
    const uint64_t id = in->number(2, "packet_id");
    if (id == 0 && !in->short_read()) {
        in->problem("packet_id is 0");
    }
    in->add("packet_id", value::of(id));
}

void read_reason(reader *in, const context &at) {
    const uint64_t reason = in->number(1, "reason");
    in->add("reason", value::of(reason));
    if (at.version >= 5 && !reason_allowed(at.type, reason)) {
        in->problem("reason " + std::to_string(reason) + " is not defined for " +
                    packet_name(at.type));
    }
}

void read_will(reader *in, const context &at, uint64_t flags) {
    in->add("will_qos", value::of(flags >> 3 & 3));
    in->add("will_retain", value::of(flags >> 5 & 1));
    if (at.version >= 5) {
        read_properties(in, at, true);
    }
    in->add("will_topic", value::of(in->text("will_topic")));
    in->add("will_payload", value::of(in->binary("will_payload")));
}

void check_connect_flags(reader *in, uint64_t flags, unsigned version) {
    if ((flags & 1) != 0) {
        in->problem("the reserved Connect Flag is set");
    }
    if ((flags & 4) == 0 && (flags & 0x38) != 0) {
        in->problem("Will QoS or Will Retain without Will Flag");
    }
    if ((flags & 0x18) == 0x18) {
        in->problem("Will QoS is 3");
    }
    if (version < 5 && (flags & 0xC0) == 0x40) {
        in->problem("password without user name");
    }
}

void read_connect(reader *in, context at) {
    const std::string name = in->text("protocol_name");
    const uint64_t level = in->number(1, "protocol_level");
    const uint64_t flags = in->number(1, "connect_flags");
    const bool known =
        (name == "MQTT" && (level == 4 || level == 5)) || (name == "MQIsdp" && level == 3);
    at.version = static_cast<unsigned>(level);
    if (known) {
        in->add("version", value::of(level));
    } else {
        in->problem("unknown protocol name and level");
        in->add("protocol_name", value::of(name));
        in->add("protocol_level", value::of(level));
    }
    in->add("clean_start", value::of(flags >> 1 & 1));
    in->add("keep_alive", value::of(in->number(2, "keep_alive")));
    check_connect_flags(in, flags, at.version);
    if (at.version >= 5) {
        read_properties(in, at);
    }
    in->add("id", value::of(in->text("id")));
    if ((flags & 4) != 0) {
        read_will(in, at, flags);
    }
    if ((flags & 0x80) != 0) {
        in->add("user_name", value::of(in->text("user_name")));
    }
    if ((flags & 0x40) != 0) {
        in->add("password", value::of(in->binary("password")));
    }
}

void read_connack(reader *in, const context &at) {
    const uint64_t flags = in->number(1, "the acknowledge flags");
    if (flags > 1) {
        in->problem("reserved acknowledge flags are set");
    }
    in->add("session_present", value::of(flags & 1));
    read_reason(in, at);
    if (at.version >= 5) {
        read_properties(in, at);
    } else if (in->out()->packet.number("reason") > 5) {
        in->problem("reserved return code");
    }
    if ((flags & 1) != 0 && in->out()->packet.number("reason") != 0) {
        in->problem("session_present with a refusal");
    }
}

void read_publish(reader *in, const context &at) {
    const uint64_t qos = at.flags >> 1 & 3;
    if (qos == 3) {
        in->problem("QoS is 3");
    }
    if (qos == 0 && (at.flags & 8) != 0) {
        in->problem("DUP is set with QoS 0");
    }
    in->add("topic", value::of(in->text("topic")));
    in->add("qos", value::of(qos));
    in->add("retain", value::of(uint64_t{at.flags & 1u}));
    in->add("dup", value::of(uint64_t{at.flags >> 3 & 1u}));
    if (qos > 0) {
        read_packet_id(in);
    }
    if (at.version >= 5) {
        read_properties(in, at);
    }
    const std::string &topic = in->out()->packet.find("topic")->bytes;
    const bool aliased = in->out()->packet.find("topic_alias") != nullptr;
    if (topic.empty() && !aliased && !in->short_read()) {
        in->problem("the topic is empty");
    }
    if (topic.find_first_of("+#") != std::string::npos) {
        in->problem("the topic has a wildcard character");
    }
    in->add("payload", value::of(std::string(in->take(in->left(), "payload"))));
}

// Short forms of 5.0 end before the reason (success) or before the Property Length; AUTH has only
// the first one (3.15.2.1).
void read_reason_tail(reader *in, const context &at) {
    if (at.version < 5) {
        return;
    }
    if (in->left() == 0) {
        in->add("reason", value::of(uint64_t{0}));
        return;
    }
    read_reason(in, at);
    if (in->left() > 0 || at.type == packet_type::auth) {
        read_properties(in, at);
    }
}

void read_subscribe(reader *in, const context &at) {
    const bool unsubscribe = at.type == packet_type::unsubscribe;
    read_packet_id(in);
    if (at.version >= 5) {
        read_properties(in, at);
    }
    if (in->left() == 0) {
        in->problem("no filter");
    }
    while (in->left() > 0 && !in->short_read()) {
        in->add("filter", value::of(in->text("filter")));
        if (unsubscribe) {
            continue;
        }
        const uint64_t options = in->number(1, "the subscription options");
        in->add("qos", value::of(options & 3));
        const uint64_t reserved = at.version >= 5 ? 0xC0 : 0xFC;
        if ((options & 3) == 3 || (options & reserved) != 0 || (options >> 4 & 3) == 3) {
            in->problem("forbidden subscription options " + std::to_string(options));
        }
        if (at.version >= 5) {
            in->add("no_local", value::of(options >> 2 & 1));
            in->add("retain_as_published", value::of(options >> 3 & 1));
            in->add("retain_handling", value::of(options >> 4 & 3));
        }
    }
}

void read_codes(reader *in, const context &at) {
    const bool unsuback = at.type == packet_type::unsuback;
    read_packet_id(in);
    if (at.version >= 5) {
        read_properties(in, at);
    } else if (unsuback) {
        return;
    }
    if (in->left() == 0) {
        in->problem("no reason code");
    }
    while (in->left() > 0) {
        const uint64_t before = in->number(1, "reason");
        in->add("reason", value::of(before));
        const bool old_code = before <= 2 || before == 0x80;
        if (at.version >= 5 ? !reason_allowed(at.type, before) : !old_code) {
            in->problem("reason " + std::to_string(before) + " is not defined for " +
                        packet_name(at.type));
        }
    }
}

void read_body(reader *in, const context &at) {
    switch (at.type) {
    case packet_type::connect:
        return read_connect(in, at);
    case packet_type::connack:
        return read_connack(in, at);
    case packet_type::publish:
        return read_publish(in, at);
    case packet_type::puback:
    case packet_type::pubrec:
    case packet_type::pubrel:
    case packet_type::pubcomp:
        read_packet_id(in);
        return read_reason_tail(in, at);
    case packet_type::subscribe:
    case packet_type::unsubscribe:
        return read_subscribe(in, at);
    case packet_type::suback:
    case packet_type::unsuback:
        return read_codes(in, at);
    case packet_type::disconnect:
    case packet_type::auth:
        return read_reason_tail(in, at);
    default:
        return;
    }
}

void check_first_byte(reader *in, const context &at) {
    if (at.type == packet_type::reserved || (at.type == packet_type::auth && at.version < 5)) {
        in->problem("packet type " + std::to_string(static_cast<unsigned>(at.type)) +
                    " is forbidden");
    }
    const bool two = at.type == packet_type::pubrel || at.type == packet_type::subscribe ||
                     at.type == packet_type::unsubscribe;
    // The fixed header of 3.1 gives DUP and QoS a meaning for these packets too; but the first
    // byte of CONNECT comes before the version.
    const bool reserved = at.version >= 4 || at.type == packet_type::connect;
    if (at.type != packet_type::publish && reserved && at.flags != (two ? 2 : 0)) {
        in->problem("reserved flags of the first byte are " + std::to_string(at.flags));
    }
}

void check_direction(reader *in, const context &at) {
    constexpr uint32_t only_client =
        in_packet(packet_type::connect) | in_packet(packet_type::subscribe) |
        in_packet(packet_type::unsubscribe) | in_packet(packet_type::pingreq);
    constexpr uint32_t only_server =
        in_packet(packet_type::connack) | in_packet(packet_type::suback) |
        in_packet(packet_type::unsuback) | in_packet(packet_type::pingresp);
    const uint32_t forbidden = at.from_server ? only_client : only_server;
    const bool old_disconnect =
        at.from_server && at.version < 5 && at.type == packet_type::disconnect;
    if ((forbidden & in_packet(at.type)) != 0 || old_disconnect) {
        in->problem(std::string(packet_name(at.type)) + " in this direction");
    }
}

} // namespace

decoded wire_decode(std::string_view bytes, unsigned version, bool from_server) {
    decoded result;
    reader in(bytes, &result);
    const auto first = static_cast<uint8_t>(in.number(1, "the fixed header"));
    result.flags = first & 0x0F;
    result.packet.type = static_cast<packet_type>(first >> 4);
    result.remaining_length = in.variable("Remaining Length", version >= 5);
    result.size_bytes = bytes.size();
    const context at = {result.packet.type, result.flags, version, from_server};
    check_first_byte(&in, at);
    check_direction(&in, at);
    read_body(&in, at);
    if (in.left() > 0 && !in.short_read()) {
        in.problem(std::to_string(in.left()) + " bytes left over at the end");
    }
    return result;
}

} // namespace conformance
