// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// packet_generator: random packets that are right in their version and from their sender, for
// tests. The seed decides everything, so that a failure can be repeated.
//
// Invariants: every packet drawn may be encoded and decoded; its slices point into the generator
// and live until the next packet is drawn.

#ifndef LIBELLA_CODEC_PACKET_GENERATOR_TEST_SUPPORT_H
#define LIBELLA_CODEC_PACKET_GENERATOR_TEST_SUPPORT_H

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "libella/codec.h"

namespace libella_test {

class packet_generator {
  public:
    explicit packet_generator(uint64_t seed) : state_(seed) {}

    // Uniform in [0, bound).
    uint32_t below(uint32_t bound) { return static_cast<uint32_t>(next() % bound); }
    bool chance(uint32_t percent) { return below(100) < percent; }

    // Any packet type that this side may send in this version.
    enum ella_packet_type type(enum ella_version version, enum ella_sender sender) {
        for (;;) {
            const uint32_t number = 1 + below(ELLA_AUTH);
            const struct ella_packet_rule &rule = ella_packet_rules[number];
            const uint32_t senders =
                version == ELLA_VERSION_5_0 ? rule.v5_sent_by : rule.v3_sent_by;
            const uint32_t bit =
                sender == ELLA_FROM_CLIENT ? ELLA_SENT_BY_CLIENT : ELLA_SENT_BY_SERVER;
            if ((senders & bit) != 0)
                return static_cast<enum ella_packet_type>(number);
        }
    }

    void draw(enum ella_packet_type type, enum ella_version version, enum ella_sender sender,
              struct ella_packet *out) {
        arena_.clear();
        version_ = version;
        sender_ = sender;
        *out = ella_packet();
        out->type = type;
        switch (type) {
        case ELLA_CONNECT:
            connect(&out->connect);
            break;
        case ELLA_CONNACK:
            connack(&out->connack);
            break;
        case ELLA_PUBLISH:
            publish(&out->publish);
            break;
        case ELLA_PUBACK:
        case ELLA_PUBREC:
        case ELLA_PUBREL:
        case ELLA_PUBCOMP:
            out->ack.packet_id = packet_id();
            out->ack.reason_code = reason(type);
            properties(type, &out->ack.properties);
            break;
        case ELLA_SUBSCRIBE:
        case ELLA_UNSUBSCRIBE:
            subscribe(type, &out->subscribe);
            break;
        case ELLA_SUBACK:
        case ELLA_UNSUBACK:
            suback(type, &out->suback);
            break;
        case ELLA_DISCONNECT:
        case ELLA_AUTH:
            out->reason.reason_code = reason(type);
            properties(type, &out->reason.properties);
            break;
        default:
            break;
        }
    }

  private:
    uint64_t next() { // splitmix64
        uint64_t z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    bool is_5_0() const { return version_ == ELLA_VERSION_5_0; }

    struct ella_slice keep(std::string text) {
        arena_.push_back(std::move(text));
        return ella_slice_of(arena_.back().data(), static_cast<uint32_t>(arena_.back().size()));
    }

    // Mostly short, now and then where a length needs one byte more.
    uint32_t length() {
        const uint32_t edges[] = {0, 1, 126, 127, 128, 255, 256, 300};
        if (chance(90))
            return below(20);
        if (below(200) == 0)
            return chance(50) ? 16384 + below(3) : ELLA_STRING_LEN_MAX - below(2);
        return edges[below(8)];
    }

    std::string text(uint32_t len) {
        static const char *const wide[] = {
            "\xc3\xa9",     "\xe2\x82\xac",     "\xf0\x9f\x90\x9d", "\xef\xbb\xbf", "\xed\x9f\xbf",
            "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80", "\xc2\x80"};
        std::string out;
        while (out.size() < len) {
            const std::string more = chance(15) ? wide[below(9)] : std::string(1, letter());
            out += out.size() + more.size() <= len ? more : std::string(1, letter());
        }
        return out;
    }

    char letter() { return "abcdefghij XYZ0123456789-_.$/~\x01\x7f"[below(32)]; }

    std::string bytes(uint32_t len) {
        std::string out;
        while (out.size() < len)
            out += static_cast<char>(below(256));
        return out;
    }

    struct ella_slice string() {
        return keep(text(length()));
    }
    struct ella_slice binary() {
        return keep(bytes(length()));
    }

    struct ella_slice topic_name() {
        const uint32_t len = length();
        return keep(text(len == 0 ? 1 : len));
    }

    std::string filter_text() {
        std::string out;
        const uint32_t level_count = 1 + below(5);
        for (uint32_t i = 0; i < level_count; i++) {
            out += i == 0 ? "" : "/";
            out += chance(25) ? "+" : level();
        }
        if (chance(25))
            return out + "/#";
        return out.empty() ? "#" : out;
    }

    // No '/' and no '$', so that nothing becomes a shared subscription by chance.
    std::string level() {
        std::string out = text(below(6));
        for (char &c : out)
            c = c == '/' || c == '$' ? 'x' : c;
        return out;
    }

    uint16_t packet_id() { return static_cast<uint16_t>(1 + below(65535)); }

    uint8_t reason(enum ella_packet_type type) {
        const uint16_t *packets =
            sender_ == ELLA_FROM_CLIENT ? ella_reason_client_packets : ella_reason_server_packets;
        if (!is_5_0())
            return 0;
        for (;;) {
            const uint32_t code = chance(50) ? 0 : below(ELLA_REASON_COUNT);
            if ((packets[code] & ELLA_PACKET_BIT(static_cast<uint32_t>(type))) != 0)
                return static_cast<uint8_t>(code);
        }
    }

    // The value of an integer property: its bounds, or anything between.
    uint32_t integer(uint32_t id) {
        const struct ella_property_rule &rule = ella_property_rules[id];
        if (chance(20))
            return rule.minimum;
        if (chance(20))
            return rule.maximum;
        return rule.minimum +
               static_cast<uint32_t>(next() % (uint64_t{rule.maximum} - rule.minimum + 1));
    }

    void property(uint32_t place, uint32_t id, struct ella_properties *out) {
        switch (id) {
        case ELLA_PROPERTY_PAYLOAD_FORMAT_INDICATOR:
            out->payload_format_indicator = static_cast<uint8_t>(integer(id));
            break;
        case ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL:
            out->message_expiry_interval_s = integer(id);
            break;
        case ELLA_PROPERTY_CONTENT_TYPE:
            out->content_type = string();
            break;
        case ELLA_PROPERTY_RESPONSE_TOPIC:
            out->response_topic = topic_name();
            break;
        case ELLA_PROPERTY_CORRELATION_DATA:
            out->correlation_data = binary();
            break;
        case ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER:
            out->subscription_identifiers = identifiers(place == ELLA_PUBLISH ? 1 + below(4) : 1);
            break;
        case ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL:
            out->session_expiry_interval_s = integer(id);
            break;
        case ELLA_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER:
            out->assigned_client_identifier = string();
            break;
        case ELLA_PROPERTY_SERVER_KEEP_ALIVE:
            out->server_keep_alive_s = static_cast<uint16_t>(integer(id));
            break;
        case ELLA_PROPERTY_AUTHENTICATION_METHOD:
            out->authentication_method = string();
            break;
        case ELLA_PROPERTY_AUTHENTICATION_DATA:
            out->authentication_data = binary();
            break;
        default:
            rare_property(id, out);
            break;
        }
    }

    void rare_property(uint32_t id, struct ella_properties *out) {
        switch (id) {
        case ELLA_PROPERTY_REQUEST_PROBLEM_INFORMATION:
            out->request_problem_information = static_cast<uint8_t>(integer(id));
            break;
        case ELLA_PROPERTY_WILL_DELAY_INTERVAL:
            out->will_delay_interval_s = integer(id);
            break;
        case ELLA_PROPERTY_REQUEST_RESPONSE_INFORMATION:
            out->request_response_information = static_cast<uint8_t>(integer(id));
            break;
        case ELLA_PROPERTY_RESPONSE_INFORMATION:
            out->response_information = string();
            break;
        case ELLA_PROPERTY_SERVER_REFERENCE:
            out->server_reference = string();
            break;
        case ELLA_PROPERTY_REASON_STRING:
            out->reason_string = string();
            break;
        case ELLA_PROPERTY_RECEIVE_MAXIMUM:
            out->receive_maximum = static_cast<uint16_t>(integer(id));
            break;
        case ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM:
            out->topic_alias_maximum = static_cast<uint16_t>(integer(id));
            break;
        case ELLA_PROPERTY_TOPIC_ALIAS:
            out->topic_alias = static_cast<uint16_t>(integer(id));
            break;
        case ELLA_PROPERTY_MAXIMUM_QOS:
            out->maximum_qos = static_cast<uint8_t>(integer(id));
            break;
        case ELLA_PROPERTY_RETAIN_AVAILABLE:
            out->retain_available = static_cast<uint8_t>(integer(id));
            break;
        case ELLA_PROPERTY_USER_PROPERTY:
            out->user_properties = user_properties();
            break;
        case ELLA_PROPERTY_MAXIMUM_PACKET_SIZE:
            out->maximum_packet_size = integer(id);
            break;
        case ELLA_PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE:
            out->wildcard_subscription_available = static_cast<uint8_t>(integer(id));
            break;
        case ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE:
            out->subscription_identifier_available = static_cast<uint8_t>(integer(id));
            break;
        default:
            out->shared_subscription_available = static_cast<uint8_t>(integer(id));
            break;
        }
    }

    struct ella_slice identifiers(uint32_t count) {
        std::string out(5 * count, '\0');
        uint32_t used = 0;
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t value = integer(ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
            put_failed_ |= ella_subscription_identifier_put(
                               value, reinterpret_cast<uint8_t *>(&out[0]),
                               static_cast<uint32_t>(out.size()), &used) != ELLA_ERROR_NONE;
        }
        return keep(out.substr(0, used));
    }

    struct ella_slice user_properties() {
        std::string out;
        uint32_t used = 0;
        const uint32_t count = 1 + below(4);
        for (uint32_t i = 0; i < count; i++) {
            const struct ella_slice name = string();
            const struct ella_slice value = string();
            out.resize(used + 5 + ella_slice_len(name) + ella_slice_len(value));
            put_failed_ |= ella_user_property_put(
                               name, value, reinterpret_cast<uint8_t *>(&out[0]),
                               static_cast<uint32_t>(out.size()), &used) != ELLA_ERROR_NONE;
        }
        return keep(out);
    }

    // Some of the properties that may stand at this place. 0 is the place of Will Properties.
    void properties(uint32_t place, struct ella_properties *out) {
        const uint32_t percent = chance(40) ? 0 : chance(80) ? 25 : 100;
        for (uint32_t id = 0; is_5_0() && id < ELLA_PROPERTY_RULE_COUNT; id++) {
            const struct ella_property_rule &rule = ella_property_rules[id];
            const uint32_t places =
                sender_ == ELLA_FROM_CLIENT ? rule.client_packets : rule.server_packets;
            const bool needed = id == ELLA_PROPERTY_AUTHENTICATION_METHOD && place == ELLA_AUTH;
            const bool orphan = id == ELLA_PROPERTY_AUTHENTICATION_DATA &&
                                !ella_property_present(out, ELLA_PROPERTY_AUTHENTICATION_METHOD);
            if (((places >> place) & 1u) == 0 || orphan || !(needed || chance(percent)))
                continue;
            ella_property_set(out, static_cast<enum ella_property_id>(id));
            property(place, id, out);
        }
    }

    void connect(struct ella_connect *out) {
        out->version = static_cast<uint8_t>(version_);
        out->clean_start = chance(50);
        out->keep_alive_s = static_cast<uint16_t>(below(65536));
        out->client_id = string();
        properties(ELLA_CONNECT, &out->properties);
        out->has_will = chance(50);
        if (out->has_will) {
            out->will_qos = static_cast<uint8_t>(below(3));
            out->will_retain = chance(50);
            out->will_topic = topic_name();
            out->will_payload = binary();
            properties(0, &out->will_properties);
        }
        out->has_user_name = chance(50);
        if (out->has_user_name)
            out->user_name = string();
        out->has_password = (out->has_user_name || is_5_0()) && chance(50);
        if (out->has_password)
            out->password = binary();
    }

    void connack(struct ella_connack *out) {
        out->reason_code = is_5_0() ? reason(ELLA_CONNACK) : static_cast<uint8_t>(below(6));
        out->session_present = out->reason_code == 0 && version_ != ELLA_VERSION_3_1 && chance(50);
        properties(ELLA_CONNACK, &out->properties);
    }

    void publish(struct ella_publish *out) {
        out->qos = static_cast<uint8_t>(below(3));
        out->dup = out->qos > 0 && chance(30);
        out->retain = chance(30);
        out->packet_id = out->qos > 0 ? packet_id() : static_cast<uint16_t>(0);
        out->topic = topic_name();
        properties(ELLA_PUBLISH, &out->properties);
        if (ella_property_present(&out->properties, ELLA_PROPERTY_TOPIC_ALIAS) && chance(50))
            out->topic = keep("");
        out->payload = keep(bytes(length() * (chance(1) ? 40 : 1)));
    }

    void subscribe(enum ella_packet_type type, struct ella_subscribe *out) {
        std::string filters;
        uint32_t used = 0;
        const uint32_t count = 1 + below(4);
        out->packet_id = packet_id();
        properties(type, &out->properties);
        for (uint32_t i = 0; i < count; i++) {
            const bool shared = chance(15);
            struct ella_filter entry = {};
            entry.filter =
                keep((shared ? "$share/g" + std::to_string(below(10)) + "/" : "") + filter_text());
            if (type == ELLA_SUBSCRIBE) {
                entry.qos = static_cast<uint8_t>(below(3));
                entry.no_local = is_5_0() && !shared && chance(30);
                entry.retain_as_published = is_5_0() && chance(30);
                entry.retain_handling = is_5_0() ? static_cast<uint8_t>(below(3)) : uint8_t{0};
            }
            filters.resize(used + 3 + ella_slice_len(entry.filter));
            put_failed_ |=
                ella_filter_put(type, version_, &entry, reinterpret_cast<uint8_t *>(&filters[0]),
                                static_cast<uint32_t>(filters.size()), &used) != ELLA_ERROR_NONE;
        }
        out->filters = keep(filters.substr(0, used));
    }

    void suback(enum ella_packet_type type, struct ella_suback *out) {
        static const uint8_t codes_v3[] = {0, 1, 2, 0x80};
        const uint32_t count = 1 + below(5);
        std::string codes;
        out->packet_id = packet_id();
        properties(type, &out->properties);
        if (type == ELLA_UNSUBACK && !is_5_0())
            return;
        for (uint32_t i = 0; i < count; i++)
            codes += static_cast<char>(is_5_0() ? reason(type) : codes_v3[below(4)]);
        out->reason_codes = keep(codes);
    }

  public:
    // Whether one of the put functions has refused what the generator drew: never, if both are
    // right.
    bool put_failed() const { return put_failed_; }

  private:
    uint64_t state_;
    enum ella_version version_ = ELLA_VERSION_5_0;
    enum ella_sender sender_ = ELLA_FROM_CLIENT;
    bool put_failed_ = false;
    std::deque<std::string> arena_;
};

} // namespace libella_test

#endif
