// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The properties of MQTT 5.0: every identifier in every packet from every side, once and twice,
// with every value at the edges of its range, and cut at every byte.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "codec/decode_test_support.h"

using namespace libella_test;

namespace {

// A place for properties: the smallest packet that has it, around them.
struct place {
    const char *name;
    uint8_t first_byte;
    uint32_t bit; // in the sets of the rules
    const char *before;
    const char *behind;
};

const place places[] = {
    {"CONNECT", 0x10, ELLA_PACKET_BIT(ELLA_CONNECT), "0004 'MQTT' 05 02 0000", "0000"},
    {"Will", 0x10, ELLA_WILL_PROPERTIES_BIT, "0004 'MQTT' 05 06 0000 00 0000", "0001 't' 0000"},
    {"CONNACK", 0x20, ELLA_PACKET_BIT(ELLA_CONNACK), "00 00", ""},
    {"PUBLISH", 0x30, ELLA_PACKET_BIT(ELLA_PUBLISH), "0001 't'", "'payload'"},
    {"PUBLISH QoS 1", 0x32, ELLA_PACKET_BIT(ELLA_PUBLISH), "0001 't' 0001", ""},
    {"PUBACK", 0x40, ELLA_PACKET_BIT(ELLA_PUBACK), "0001 00", ""},
    {"PUBREC", 0x50, ELLA_PACKET_BIT(ELLA_PUBREC), "0001 00", ""},
    {"PUBREL", 0x62, ELLA_PACKET_BIT(ELLA_PUBREL), "0001 00", ""},
    {"PUBCOMP", 0x70, ELLA_PACKET_BIT(ELLA_PUBCOMP), "0001 00", ""},
    {"SUBSCRIBE", 0x82, ELLA_PACKET_BIT(ELLA_SUBSCRIBE), "0001", "0001 't' 00"},
    {"SUBACK", 0x90, ELLA_PACKET_BIT(ELLA_SUBACK), "0001", "00"},
    {"UNSUBSCRIBE", 0xa2, ELLA_PACKET_BIT(ELLA_UNSUBSCRIBE), "0001", "0001 't'"},
    {"UNSUBACK", 0xb0, ELLA_PACKET_BIT(ELLA_UNSUBACK), "0001", "00"},
    {"DISCONNECT", 0xe0, ELLA_PACKET_BIT(ELLA_DISCONNECT), "00", ""},
    {"AUTH", 0xf0, ELLA_PACKET_BIT(ELLA_AUTH), "18", ""},
};

// The packet, and the offset of its first property.
bytes packet_with(const place &where, const bytes &properties, uint32_t *offset) {
    const bytes before =
        from_hex(where.before) + variable_byte_integer(static_cast<uint32_t>(properties.size()));
    const bytes packet = packet_of(where.first_byte, before + properties + from_hex(where.behind));
    *offset = header_len_of(packet) + static_cast<uint32_t>(before.size());
    return packet;
}

bytes big_endian(uint32_t value, int len) {
    bytes out;
    for (int shift = 8 * (len - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<uint8_t>(value >> shift));
    return out;
}

// A property with this value, or, of strings and data, this length.
bytes property(uint32_t id, uint64_t value) {
    const bytes head = {static_cast<uint8_t>(id)};
    const std::string text(static_cast<size_t>(value % 70000), 'x');
    switch (ella_property_rules[id].type) {
    case ELLA_TYPE_BYTE:
        return head + big_endian(static_cast<uint32_t>(value), 1);
    case ELLA_TYPE_TWO_BYTE_INTEGER:
        return head + big_endian(static_cast<uint32_t>(value), 2);
    case ELLA_TYPE_FOUR_BYTE_INTEGER:
        return head + big_endian(static_cast<uint32_t>(value), 4);
    case ELLA_TYPE_VARIABLE_BYTE_INTEGER:
        return head + variable_byte_integer(static_cast<uint32_t>(value));
    case ELLA_TYPE_UTF8_PAIR:
        return head + field("name") + field(text);
    default:
        return head + field(text);
    }
}

bool is_integer(uint32_t id) {
    return ella_property_rules[id].type <= ELLA_TYPE_VARIABLE_BYTE_INTEGER;
}

// The largest number that the type can say.
uint64_t type_maximum(uint32_t id) {
    switch (ella_property_rules[id].type) {
    case ELLA_TYPE_BYTE:
        return 255;
    case ELLA_TYPE_TWO_BYTE_INTEGER:
        return 65535;
    case ELLA_TYPE_VARIABLE_BYTE_INTEGER:
        return 268435455;
    default:
        return 4294967295u;
    }
}

// Authentication Data needs a method, and so does AUTH: what to put in front of property id.
bytes company_of(const place &where, uint32_t id) {
    const bool needs = where.first_byte == 0xf0 || where.first_byte == 0x10;
    const bool may =
        (ella_property_rules[ELLA_PROPERTY_AUTHENTICATION_METHOD].packets & where.bit) != 0;
    return needs && may && id != ELLA_PROPERTY_AUTHENTICATION_METHOD
               ? property(ELLA_PROPERTY_AUTHENTICATION_METHOD, 1)
               : bytes();
}

struct combination {
    const place &where;
    receiver to;
    uint32_t id;
    bool allowed;
    bool repeatable;
};

// Calls visit with every identifier in every place from every side that sends the packet.
template <typename visitor> void every_combination(visitor visit) {
    for (const place &where : places) {
        for (enum ella_sender sender : {ELLA_FROM_CLIENT, ELLA_FROM_SERVER}) {
            const uint32_t bit =
                sender == ELLA_FROM_CLIENT ? ELLA_SENT_BY_CLIENT : ELLA_SENT_BY_SERVER;
            if ((ella_packet_rules[where.first_byte / 16].v5_sent_by & bit) == 0)
                continue;
            for (uint32_t id = 0; id < 256; id++) {
                SCOPED_TRACE(std::string(where.name) + ", property " + std::to_string(id));
                combination c = {where, {ELLA_VERSION_5_0, sender}, id, false, false};
                if (id < ELLA_PROPERTY_RULE_COUNT) {
                    const struct ella_property_rule &rule = ella_property_rules[id];
                    c.allowed =
                        ((sender == ELLA_FROM_CLIENT ? rule.client_packets : rule.server_packets) &
                         where.bit) != 0;
                    c.repeatable = (rule.repeatable_packets & where.bit) != 0;
                }
                visit(c);
            }
        }
    }
}

bool exists(uint32_t id) {
    return id < ELLA_PROPERTY_RULE_COUNT && ella_property_rules[id].type != ELLA_TYPE_NONE;
}

//= v5/u-2.2.2.2-1 test
//= v5/3.14.2-2 test
//= v5/3.3.4-6 test
TEST(Properties, StandWhereTheTableAllowsThem) {
    every_combination([](const combination &c) {
        uint32_t offset = 0;
        const bytes company = company_of(c.where, c.id);
        const bytes one = exists(c.id) ? property(c.id, 1) : bytes{static_cast<uint8_t>(c.id), 1};
        const bytes packet = packet_with(c.where, company + one, &offset);
        offset += static_cast<uint32_t>(company.size());
        if (c.allowed) {
            expect_packet(c.to, packet);
            return;
        }
        enum ella_error error = ELLA_ERROR_PROPERTY_NOT_ALLOWED;
        if (!exists(c.id))
            error = ELLA_ERROR_PROPERTY_UNKNOWN;
        else if (c.id == ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER && c.where.first_byte / 16 == 3)
            error = ELLA_ERROR_SUBSCRIPTION_IDENTIFIER_FROM_CLIENT;
        const outcome o = feed_whole(c.to, packet);
        EXPECT_EQ(o.error, error);
        EXPECT_EQ(o.offset, offset);
    });
}

//= v5/u-3.1.2.11.2-1 test
//= v5/u-3.1.2.11.3-1 test
//= v5/u-3.1.2.11.4-1 test
//= v5/u-3.1.2.11.5-1 test
//= v5/u-3.1.2.11.6-1 test
//= v5/u-3.1.2.11.7-1 test
//= v5/u-3.1.2.11.9-1 test
//= v5/u-3.1.2.11.10-2 test
//= v5/u-3.1.3.2.2-1 test
//= v5/u-3.1.3.2.3-2 test
//= v5/u-3.1.3.2.4-1 test
//= v5/u-3.1.3.2.5-1 test
//= v5/u-3.1.3.2.6-1 test
//= v5/u-3.1.3.2.7-1 test
//= v5/u-3.2.2.3.2-1 test
//= v5/u-3.2.2.3.3-1 test
//= v5/u-3.2.2.3.4-1 test
//= v5/u-3.2.2.3.5-1 test
//= v5/u-3.2.2.3.6-1 test
//= v5/u-3.2.2.3.7-1 test
//= v5/u-3.2.2.3.8-1 test
//= v5/u-3.2.2.3.9-2 test
//= v5/u-3.2.2.3.11-1 test
//= v5/u-3.2.2.3.12-1 test
//= v5/u-3.2.2.3.13-1 test
//= v5/u-3.2.2.3.14-1 test
//= v5/u-3.2.2.3.15-1 test
//= v5/u-3.2.2.3.16-1 test
//= v5/u-3.2.2.3.17-1 test
//= v5/u-3.2.2.3.18-1 test
//= v5/u-3.3.2.3.4-1 test
//= v5/u-3.3.2.3.5-1 test
//= v5/u-3.3.2.3.6-1 test
//= v5/u-3.3.2.3.9-1 test
//= v5/u-3.4.2.2.2-1 test
//= v5/u-3.5.2.2.2-2 test
//= v5/u-3.6.2.2.2-2 test
//= v5/u-3.7.2.2.2-2 test
//= v5/u-3.8.2.1.2-2 test
//= v5/u-3.9.2.1.2-2 test
//= v5/u-3.11.2.1.2-2 test
//= v5/u-3.14.2.2.2-1 test
//= v5/u-3.14.2.2.3-2 test
//= v5/u-3.14.2.2.5-1 test
//= v5/u-3.15.2.2.2-1 test
//= v5/u-3.15.2.2.3-1 test
//= v5/u-3.15.2.2.4-2 test
TEST(Properties, StandOnceUnlessTheTableLetsThemRepeat) {
    every_combination([](const combination &c) {
        if (!c.allowed)
            return;
        uint32_t offset = 0;
        const bytes first = company_of(c.where, c.id) + property(c.id, 1);
        const bytes packet = packet_with(c.where, first + property(c.id, 1), &offset);
        if (c.repeatable)
            expect_packet(c.to, packet);
        else
            expect_bad(c.to, packet, ELLA_ERROR_PROPERTY_REPEATED,
                       offset + static_cast<uint32_t>(first.size()));
    });
}

//= v5/u-3.1.2.11.3-1 test
//= v5/u-3.1.2.11.4-1 test
//= v5/u-3.1.2.11.6-1 test
//= v5/u-3.1.2.11.7-1 test
//= v5/u-3.2.2.3.3-1 test
//= v5/u-3.2.2.3.4-1 test
//= v5/u-3.2.2.3.5-1 test
//= v5/u-3.2.2.3.6-1 test
//= v5/u-3.2.2.3.11-1 test
//= v5/u-3.2.2.3.12-1 test
//= v5/u-3.2.2.3.13-1 test
//= v5/u-3.3.2.3.8-1 test
//= v5/u-3.8.2.1.2-1 test
//= v5/3.3.2-8 test
//= v5/u-3.3.4-2 test
TEST(Properties, HaveIntegersWithinTheirRange) {
    every_combination([](const combination &c) {
        if (!c.allowed || !is_integer(c.id))
            return;
        const struct ella_property_rule &rule = ella_property_rules[c.id];
        const enum ella_error error = c.id == ELLA_PROPERTY_TOPIC_ALIAS
                                          ? ELLA_ERROR_TOPIC_ALIAS_ZERO
                                          : ELLA_ERROR_PROPERTY_RANGE;
        uint32_t offset = 0;
        const bytes company = company_of(c.where, c.id);
        const uint32_t company_len = static_cast<uint32_t>(company.size());
        for (uint64_t value : {uint64_t{rule.minimum}, uint64_t{rule.maximum}})
            expect_packet(c.to, packet_with(c.where, company + property(c.id, value), &offset));
        if (rule.minimum > 0) {
            const bytes packet =
                packet_with(c.where, company + property(c.id, rule.minimum - 1), &offset);
            expect_bad(c.to, packet, error, offset + company_len + 1);
        }
        if (rule.maximum < type_maximum(c.id)) {
            for (uint64_t value : {uint64_t{rule.maximum} + 1, type_maximum(c.id)}) {
                const bytes packet =
                    packet_with(c.where, company + property(c.id, value), &offset);
                expect_bad(c.to, packet, error, offset + company_len + 1);
            }
        }
    });
}

TEST(Properties, EndWhereThePropertyLengthSays) {
    every_combination([](const combination &c) {
        if (!c.allowed)
            return;
        uint32_t offset = 0;
        const bytes company = company_of(c.where, c.id);
        const bytes whole = property(c.id, 200 <= ella_property_rules[c.id].maximum ? 200 : 1);
        for (size_t len = 1; len < whole.size(); len++) {
            const bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(len));
            const bytes packet = packet_with(c.where, company + cut, &offset);
            const outcome o = feed_whole(c.to, packet);
            EXPECT_EQ(o.error, ELLA_ERROR_PROPERTY_LENGTH) << "cut to " << len;
            EXPECT_EQ(o.offset, offset + company.size()) << "cut to " << len;
        }
    });
}

//= v5/2.2.2-1 test
TEST(Properties, AreAnnouncedByTheirLength) {
    const receiver server = {ELLA_VERSION_5_0, ELLA_FROM_CLIENT};
    // No Property Length at all.
    expect_bad(server, from_hex("30 03 0001 't'"), ELLA_ERROR_FIELD_PAST_END, 5);
    expect_bad(server, from_hex("82 02 0001"), ELLA_ERROR_FIELD_PAST_END, 4);
    // One that says more than there is, in one byte and in two.
    expect_bad(server, from_hex("30 06 0001 't' 03 23 00"), ELLA_ERROR_FIELD_PAST_END, 5);
    expect_bad(server, from_hex("30 07 0001 't' 83 01 2300"), ELLA_ERROR_FIELD_PAST_END, 5);
    expect_bad(server, from_hex("30 04 0001 't' 80"), ELLA_ERROR_FIELD_PAST_END, 5);
    // Not in its shortest form, or too long.
    expect_bad(server, from_hex("30 05 0001 't' 80 00"),
               ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST, 6);
    expect_bad(server, from_hex("30 07 0001 't' 80 80 80 00"),
               ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST, 8);
    expect_bad(server, from_hex("30 08 0001 't' 80 80 80 80 01"), ELLA_ERROR_VARIABLE_BYTE_INTEGER,
               8);
    // As long as two, three bytes say; the payload may contain anything.
    uint32_t offset = 0;
    const bytes big = property(ELLA_PROPERTY_CORRELATION_DATA, 200);
    expect_packet(server, packet_with(places[3], big, &offset));
    const bytes bigger = property(ELLA_PROPERTY_USER_PROPERTY, 20000);
    EXPECT_EQ(feed_whole(server, packet_with(places[3], bigger, &offset)).result, ELLA_PACKET);
}

//= v5/1.5.5-1 test
TEST(Properties, HaveVariableByteIntegersInTheirShortestForm) {
    const receiver server = {ELLA_VERSION_5_0, ELLA_FROM_CLIENT};
    const place &subscribe = places[9];
    uint32_t offset = 0;
    for (const char *good : {"0b 01", "0b 7f", "0b 80 01", "0b ff ff ff 7f"})
        expect_packet(server, packet_with(subscribe, from_hex(good), &offset));
    const struct {
        const char *hex;
        enum ella_error error;
        uint32_t at;
    } rows[] = {
        {"0b 81 00", ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST, 2},
        {"0b 81 80 80 00", ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST, 4},
        {"0b 81 80 80 80 01", ELLA_ERROR_VARIABLE_BYTE_INTEGER, 4},
        {"0b 00", ELLA_ERROR_PROPERTY_RANGE, 1},
        // The identifier is one, too; all that exist are one byte long.
        {"8b 00 01", ELLA_ERROR_PROPERTY_UNKNOWN, 0},
    };
    for (const auto &row : rows) {
        const bytes packet = packet_with(subscribe, from_hex(row.hex), &offset);
        expect_bad(server, packet, row.error, offset + row.at);
    }
}

//= v5/1.5.4-1 test
//= v5/1.5.7-1 test
//= v5/u-1.5.7-1 test
//= v5/3.3.2-13 test
//= v5/3.3.2-19 test
TEST(Properties, HaveStringsThatAreStrings) {
    every_combination([](const combination &c) {
        if (!c.allowed || is_integer(c.id))
            return;
        uint32_t offset = 0;
        const bytes company = company_of(c.where, c.id);
        const uint32_t at = static_cast<uint32_t>(company.size()) + 3;
        const bytes id = {static_cast<uint8_t>(c.id)};
        const bool pair = ella_property_rules[c.id].type == ELLA_TYPE_UTF8_PAIR;
        const bytes half = pair ? field("value") : bytes();
        const bytes broken = packet_with(c.where, company + id + field("a\xc3") + half, &offset);
        if (ella_property_rules[c.id].type == ELLA_TYPE_BINARY) {
            expect_packet(c.to, broken);
            return;
        }
        expect_bad(c.to, broken, ELLA_ERROR_STRING_NOT_UTF8, offset + at + 1);
        const bytes null = company + id + field(std::string("ab\0", 3)) + half;
        expect_bad(c.to, packet_with(c.where, null, &offset), ELLA_ERROR_STRING_NULL_CHARACTER,
                   offset + at + 2);
        if (pair) {
            const bytes second = company + id + field("name") + field("\xff");
            expect_bad(c.to, packet_with(c.where, second, &offset), ELLA_ERROR_STRING_NOT_UTF8,
                       offset + at + 6);
        }
    });
}

//= v5/3.3.2-14 test
TEST(Properties, HaveAResponseTopicThatIsATopicName) {
    const receiver server = {ELLA_VERSION_5_0, ELLA_FROM_CLIENT};
    const bytes id = {ELLA_PROPERTY_RESPONSE_TOPIC};
    for (const place *where : {&places[1], &places[3]}) {
        uint32_t offset = 0;
        expect_packet(server, packet_with(*where, id + field("a/b"), &offset));
        expect_bad(server, packet_with(*where, id + field("a/#"), &offset),
                   ELLA_ERROR_RESPONSE_TOPIC, offset + 5);
        expect_bad(server, packet_with(*where, id + field("+"), &offset),
                   ELLA_ERROR_RESPONSE_TOPIC, offset + 3);
        expect_bad(server, packet_with(*where, id + field(""), &offset), ELLA_ERROR_PROPERTY_RANGE,
                   offset + 1);
    }
}

std::string text_of(struct ella_slice s) {
    return slice_text(s);
}

// Properties with their Property Length in front.
bytes counted(const std::string &hex) {
    const bytes properties = from_hex(hex);
    return variable_byte_integer(static_cast<uint32_t>(properties.size())) + properties;
}

TEST(Properties, OfPublishArriveInTheirMembers) {
    const decoded packet({ELLA_VERSION_5_0, ELLA_FROM_SERVER},
                         packet_of(0x30, from_hex("0001 't'") +
                                             counted("01 01  02 01020304  03 0003 'c/t'"
                                                     "08 0003 'r/t'  09 0002 00ff  0b 01"
                                                     "23 0102  26 0001 'a' 0001 'b'  0b ff01"
                                                     "26 0000 0003 'val'  26 0001 'a' 0000") +
                                             from_hex("'xyz'")));
    const struct ella_properties &p = packet->publish.properties;
    EXPECT_EQ(p.present, 1ull << 0x01 | 1ull << 0x02 | 1ull << 0x03 | 1ull << 0x08 | 1ull << 0x09 |
                             1ull << 0x0b | 1ull << 0x23 | 1ull << 0x26);
    EXPECT_EQ(p.payload_format_indicator, 1);
    EXPECT_EQ(p.message_expiry_interval_s, 0x01020304u);
    EXPECT_EQ(text_of(p.content_type), "c/t");
    EXPECT_EQ(text_of(p.response_topic), "r/t");
    EXPECT_EQ(text_of(p.correlation_data), std::string("\0\xff", 2));
    EXPECT_EQ(p.topic_alias, 0x0102);
    EXPECT_EQ(p.maximum_packet_size, 0u);
    EXPECT_EQ(text_of(packet->publish.payload), "xyz");

    struct ella_slice rest = p.subscription_identifiers;
    uint32_t identifier = 0;
    ASSERT_TRUE(ella_subscription_identifier_next(&rest, &identifier));
    EXPECT_EQ(identifier, 1u);
    ASSERT_TRUE(ella_subscription_identifier_next(&rest, &identifier));
    EXPECT_EQ(identifier, 255u);
    EXPECT_FALSE(ella_subscription_identifier_next(&rest, &identifier));

    std::string pairs;
    struct ella_slice name;
    struct ella_slice value;
    for (rest = p.user_properties; ella_user_property_next(&rest, &name, &value);)
        pairs += text_of(name) + "=" + text_of(value) + ";";
    EXPECT_EQ(pairs, "a=b;=val;a=;");
}

TEST(Properties, OfConnectAndWillArriveInTheirMembers) {
    const decoded packet(
        {ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT},
        packet_of(0x10, from_hex("0004 'MQTT' 05 06 0000") +
                            counted("11 ffffffff  21 0102  27 00010000  22 0304  19 01  17 00"
                                    "15 0001 'm'  16 0001 'd'") +
                            from_hex("0001 'i'") + counted("18 00000102  01 01  02 00000304") +
                            from_hex("0001 't' 0001 'p'")));
    const struct ella_properties &p = packet->connect.properties;
    EXPECT_EQ(p.session_expiry_interval_s, ELLA_SESSION_NEVER_EXPIRES);
    EXPECT_EQ(p.receive_maximum, 0x0102);
    EXPECT_EQ(p.maximum_packet_size, 0x10000u);
    EXPECT_EQ(p.topic_alias_maximum, 0x0304);
    EXPECT_EQ(p.request_response_information, 1);
    EXPECT_EQ(p.request_problem_information, 0);
    EXPECT_TRUE(ella_property_present(&p, ELLA_PROPERTY_REQUEST_PROBLEM_INFORMATION));
    EXPECT_EQ(text_of(p.authentication_method), "m");
    EXPECT_EQ(text_of(p.authentication_data), "d");
    const struct ella_properties &w = packet->connect.will_properties;
    EXPECT_EQ(w.will_delay_interval_s, 0x0102u);
    EXPECT_EQ(w.payload_format_indicator, 1);
    EXPECT_EQ(w.message_expiry_interval_s, 0x0304u);
    EXPECT_EQ(w.session_expiry_interval_s, 0u);
}

TEST(Properties, OfConnackArriveInTheirMembers) {
    const decoded packet(
        {ELLA_VERSION_5_0, ELLA_FROM_SERVER},
        packet_of(0x20,
                  from_hex("00 00") + counted("12 0002 'id'  13 003c  1a 0002 'ri'  1c 0002 'sr'"
                                              "1f 0002 'rs'  24 01  25 00  28 01  29 01  2a 01"
                                              "11 00000005  15 0001 'm'  16 0000  26 0001 'a' 0000"
                                              "21 000a")));
    const struct ella_properties &p = packet->connack.properties;
    EXPECT_EQ(text_of(p.assigned_client_identifier), "id");
    EXPECT_EQ(p.server_keep_alive_s, 60);
    EXPECT_EQ(text_of(p.response_information), "ri");
    EXPECT_EQ(text_of(p.server_reference), "sr");
    EXPECT_EQ(text_of(p.reason_string), "rs");
    EXPECT_EQ(p.maximum_qos, 1);
    EXPECT_EQ(p.retain_available, 0);
    EXPECT_EQ(p.wildcard_subscription_available, 1);
    EXPECT_EQ(p.subscription_identifier_available, 1);
    EXPECT_EQ(p.shared_subscription_available, 1);
    EXPECT_EQ(p.session_expiry_interval_s, 5u);
    EXPECT_EQ(p.receive_maximum, 10);
}

TEST(Properties, ByThemselvesAreReadTheSameWay) {
    struct ella_properties p;
    uint32_t at = 0;
    const bytes in = from_hex("ff 23 0007 01 01");
    page_end_copy copy(in);
    EXPECT_EQ(ella_properties_decode(ELLA_PUBLISH, ELLA_FROM_CLIENT, copy.data(), 1, copy.size(),
                                     &p, &at),
              ELLA_ERROR_NONE);
    EXPECT_EQ(p.topic_alias, 7);
    EXPECT_EQ(ella_properties_decode(ELLA_CONNECT, ELLA_FROM_CLIENT, copy.data(), 1, copy.size(),
                                     &p, &at),
              ELLA_ERROR_PROPERTY_NOT_ALLOWED);
    EXPECT_EQ(at, 1u);
    EXPECT_EQ(ella_properties_decode(ELLA_PUBLISH, ELLA_FROM_CLIENT, copy.data(), 1,
                                     copy.size() - 1, &p, &at),
              ELLA_ERROR_PROPERTY_LENGTH);
    EXPECT_EQ(at, 4u);
    EXPECT_EQ(ella_properties_decode(ELLA_PUBLISH, ELLA_FROM_CLIENT, nullptr, 0, 0, &p, &at),
              ELLA_ERROR_NONE);
    EXPECT_EQ(p.present, 0u);
}

} // namespace
