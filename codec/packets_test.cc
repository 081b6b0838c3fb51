// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The packets of chapter 3, in its order: what each is made of in every version, and every rule
// broken once, with the error and the byte at fault. Properties have a test of their own.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "codec/decode_test_support.h"

using namespace libella_test;

namespace {

const receiver fresh = {ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT};
const receiver server_3_1 = {ELLA_VERSION_3_1, ELLA_FROM_CLIENT};
const receiver server_3_1_1 = {ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT};
const receiver server_5_0 = {ELLA_VERSION_5_0, ELLA_FROM_CLIENT};
const receiver client_3_1 = {ELLA_VERSION_3_1, ELLA_FROM_SERVER};
const receiver client_3_1_1 = {ELLA_VERSION_3_1_1, ELLA_FROM_SERVER};
const receiver client_5_0 = {ELLA_VERSION_5_0, ELLA_FROM_SERVER};

const receiver everyone[] = {server_3_1, server_3_1_1, server_5_0,
                             client_3_1, client_3_1_1, client_5_0};

bytes packet(uint8_t first_byte, const std::string &body) {
    return packet_of(first_byte, from_hex(body));
}

std::string text(struct ella_slice s) {
    return slice_text(s);
}

// Whatever is cut off the end of a whole packet's body leaves a field unfinished: the one that
// begins at the last of `fields` before the cut. Lengths in `whole` are lengths of good packets.
void expect_cuts(const receiver &to, uint8_t first_byte, const std::string &body,
                 const std::vector<uint32_t> &fields, const std::vector<uint32_t> &whole = {}) {
    const bytes all = from_hex(body);
    expect_packet(to, packet_of(first_byte, all));
    for (uint32_t len = 0; len < all.size(); len++) {
        const bytes in = packet_of(
            first_byte, bytes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(len)));
        if (std::find(whole.begin(), whole.end(), len) != whole.end()) {
            expect_packet(to, in);
            continue;
        }
        uint32_t at = 0;
        for (uint32_t field_at : fields)
            at = field_at <= len ? field_at : at;
        expect_bad(to, in, ELLA_ERROR_FIELD_PAST_END, 2 + at);
    }
    expect_bad(to, packet_of(first_byte, all + bytes{0}), ELLA_ERROR_TRAILING_BYTES,
               static_cast<uint32_t>(2 + all.size()));
}

// ---- All of them ---------------------------------------------------------------------------

// Every byte of properties that a packet leaves out, whatever was there before.
TEST(Properties, ReadAsZeroWhereThereAreNone) {
    static_assert(std::has_unique_object_representations_v<ella_properties>, "no padding");
    const bytes zeros(sizeof(ella_properties));
    const auto expect_none = [&zeros](const ella_properties &p) {
        EXPECT_EQ(std::memcmp(&p, zeros.data(), zeros.size()), 0);
    };
    const struct {
        receiver to;
        uint8_t first_byte;
        const char *body;
    } rows[] = {
        {client_3_1, 0x20, "0000"},
        {client_5_0, 0x20, "0000 00"},
        {server_3_1_1, 0x30, "0001 't'"},
        {server_5_0, 0x30, "0001 't' 00"},
        {server_3_1_1, 0x40, "0001"},
        {server_5_0, 0x62, "0001"},
        {server_3_1, 0x82, "0001 0001 't' 00"},
        {server_5_0, 0xa2, "0001 00 0001 't'"},
        {client_3_1_1, 0x90, "0001 00"},
        {client_5_0, 0xb0, "0001 00 00"},
        {server_3_1_1, 0xe0, ""},
        {client_5_0, 0xe0, ""},
        {fresh, 0x10, "0004 'MQTT' 04 02 0000 0000"},
        {fresh, 0x10, "0004 'MQTT' 05 02 0000 00 0000"},
    };
    for (const auto &row : rows) {
        SCOPED_TRACE(row.body);
        const decoded p(row.to, packet(row.first_byte, row.body));
        switch (p->type) {
        case ELLA_CONNECT:
            expect_none(p->connect.properties);
            expect_none(p->connect.will_properties);
            EXPECT_EQ(ella_slice_len(p->connect.will_topic), 0u);
            EXPECT_EQ(ella_slice_len(p->connect.will_payload), 0u);
            EXPECT_EQ(ella_slice_len(p->connect.user_name), 0u);
            EXPECT_EQ(ella_slice_len(p->connect.password), 0u);
            break;
        case ELLA_CONNACK:
            expect_none(p->connack.properties);
            break;
        case ELLA_PUBLISH:
            expect_none(p->publish.properties);
            break;
        case ELLA_PUBACK:
        case ELLA_PUBREL:
            expect_none(p->ack.properties);
            break;
        case ELLA_SUBACK:
        case ELLA_UNSUBACK:
            expect_none(p->suback.properties);
            break;
        case ELLA_DISCONNECT:
            expect_none(p->reason.properties);
            break;
        default:
            expect_none(p->subscribe.properties);
            break;
        }
    }
}

// ---- 3.1 CONNECT ---------------------------------------------------------------------------

TEST(Connect, Of31IsReadFieldByField) {
    const decoded p(fresh, packet(0x10, "0006 'MQIsdp' 03 f6 0102 0002 'id' 0003 'w/t' 0002 00ff"
                                        "0004 'user' 0002 'pw'"));
    EXPECT_EQ(p.version(), ELLA_VERSION_3_1);
    EXPECT_EQ(p->connect.version, ELLA_VERSION_3_1);
    EXPECT_TRUE(p->connect.clean_start);
    EXPECT_TRUE(p->connect.has_will);
    EXPECT_EQ(p->connect.will_qos, 2);
    EXPECT_TRUE(p->connect.will_retain);
    EXPECT_EQ(p->connect.keep_alive_s, 0x0102);
    EXPECT_EQ(text(p->connect.client_id), "id");
    EXPECT_EQ(text(p->connect.will_topic), "w/t");
    EXPECT_EQ(text(p->connect.will_payload), std::string("\0\xff", 2));
    EXPECT_TRUE(p->connect.has_user_name);
    EXPECT_EQ(text(p->connect.user_name), "user");
    EXPECT_TRUE(p->connect.has_password);
    EXPECT_EQ(text(p->connect.password), "pw");
    EXPECT_EQ(p->connect.properties.present, 0u);
}

//= v3/3.1.3-1 test
//= v3/3.1.3-3 test
//= v5/3.1.3-1 test
//= v5/3.1.3-3 test
TEST(Connect, OfEveryVersionHasItsFieldsInOrder) {
    const decoded v4(fresh, packet(0x10, "0004 'MQTT' 04 ce 003c 0001 'c' 0001 't' 0001 'w'"
                                         "0001 'u' 0001 'p'"));
    EXPECT_EQ(v4.version(), ELLA_VERSION_3_1_1);
    EXPECT_EQ(text(v4->connect.client_id) + text(v4->connect.will_topic) +
                  text(v4->connect.will_payload) + text(v4->connect.user_name) +
                  text(v4->connect.password),
              "ctwup");
    EXPECT_EQ(v4->connect.will_qos, 1);
    EXPECT_FALSE(v4->connect.will_retain);
    const decoded v5(fresh, packet(0x10, "0004 'MQTT' 05 ce 003c 03 21 0005 0001 'c'"
                                         "05 18 00000007 0001 't' 0001 'w' 0001 'u' 0001 'p'"));
    EXPECT_EQ(v5.version(), ELLA_VERSION_5_0);
    EXPECT_EQ(text(v5->connect.client_id) + text(v5->connect.will_topic) +
                  text(v5->connect.will_payload) + text(v5->connect.user_name) +
                  text(v5->connect.password),
              "ctwup");
    EXPECT_EQ(v5->connect.properties.receive_maximum, 5);
    EXPECT_EQ(v5->connect.will_properties.will_delay_interval_s, 7u);
}

TEST(Connect, MayHaveAnEmptyClientIdentifier) {
    // Whether it is accepted is not a matter of form.
    for (const char *body : {"0006 'MQIsdp' 03 00 0000 0000", "0004 'MQTT' 04 00 0000 0000",
                             "0004 'MQTT' 05 00 0000 00 0000"}) {
        const decoded p(fresh, packet(0x10, body));
        EXPECT_EQ(ella_slice_len(p->connect.client_id), 0u);
        EXPECT_FALSE(p->connect.clean_start);
    }
}

//= v3/3.1.2-9 test
//= v3/3.1.2-11 test
//= v3/3.1.2-18 test
//= v3/3.1.2-19 test
//= v3/3.1.2-20 test
//= v3/3.1.2-21 test
//= v3/3.1.4-1 test
//= v5/3.1.2-9 test
//= v5/3.1.2-16 test
//= v5/3.1.2-17 test
//= v5/3.1.2-18 test
//= v5/3.1.2-19 test
//= v5/3.1.4-1 test
TEST(Connect, HasThePayloadThatItsFlagsSay) {
    const char *const will[] = {"", "0001 't' 0001 'w'"};
    const char *const user_name[] = {"", "0001 'u'"};
    const char *const password[] = {"", "0001 'p'"};
    for (uint32_t set = 0; set < 8; set++) {
        const uint32_t has_will = set & 1;
        const uint32_t has_user_name = set >> 1 & 1;
        const uint32_t has_password = set >> 2 & 1;
        const bytes flags = {
            static_cast<uint8_t>(has_will * 4 + has_user_name * 128 + has_password * 64)};
        const bytes rest = from_hex(std::string(will[has_will]) + user_name[has_user_name] +
                                    password[has_password]);
        const bytes will_properties = has_will ? bytes{0} : bytes();
        const bytes v4 = from_hex("0004 'MQTT' 04") + flags + from_hex("0000 0001 'c'") + rest;
        const bytes v5 = from_hex("0004 'MQTT' 05") + flags + from_hex("0000 00 0001 'c'") +
                         will_properties + rest;
        if (has_password && !has_user_name)
            expect_bad(fresh, packet_of(0x10, v4), ELLA_ERROR_PASSWORD_WITHOUT_USER_NAME, 9);
        else
            expect_packet(fresh, packet_of(0x10, v4));
        expect_packet(fresh, packet_of(0x10, v5));
        expect_bad(fresh, packet_of(0x10, v5 + bytes{0}), ELLA_ERROR_TRAILING_BYTES,
                   static_cast<uint32_t>(2 + v5.size()));
    }
}

TEST(Connect, IsCutShortNowhere) {
    expect_cuts(fresh, 0x10,
                "0004 'MQTT' 04 c6 0000 0002 'id' 0001 't' 0002 'wp' 0001 'u' 0001 'p'",
                {0, 7, 8, 10, 14, 17, 21, 24});
    expect_cuts(fresh, 0x10,
                "0004 'MQTT' 05 c6 0000 00 0002 'id' 00 0001 't' 0002 'wp' 0001 'u' 0001 'p'",
                {0, 7, 8, 10, 11, 15, 16, 19, 23, 26});
}

TEST(Connect, Of31MayEndBeforeUserNameOrPassword) {
    expect_cuts(fresh, 0x10, "0006 'MQIsdp' 03 c2 0000 0002 'id' 0001 'u' 0001 'p'",
                {0, 9, 10, 12, 16, 19}, {16, 19});
    const decoded neither(fresh, packet(0x10, "0006 'MQIsdp' 03 c2 0000 0002 'id'"));
    EXPECT_FALSE(neither->connect.has_user_name);
    EXPECT_FALSE(neither->connect.has_password);
    const decoded no_password(fresh, packet(0x10, "0006 'MQIsdp' 03 c2 0000 0002 'id' 0001 'u'"));
    EXPECT_TRUE(no_password->connect.has_user_name);
    EXPECT_FALSE(no_password->connect.has_password);
    expect_bad(fresh, packet(0x10, "0006 'MQIsdp' 03 c6 0000 0002 'id'"),
               ELLA_ERROR_FIELD_PAST_END, 18);
}

//= v3/3.1.2-1 test
//= v5/3.1.2-1 test
TEST(Connect, HasOneOfTwoProtocolNames) {
    const struct {
        const char *body;
        uint32_t at;
    } rows[] = {
        {"0004 'mqtt' 04 02 0000 0000", 4},   {"0004 'MQTt' 05 02 0000 00 0000", 7},
        {"0005 'MQTT' 04 02 0000 0000", 3},   {"0104 'MQTT' 04 02 0000 0000", 2},
        {"0006 'MQIsdP' 03 02 0000 0000", 9}, {"0006 'MQTT' 04 02 0000 0000", 6},
        {"0000 04 02 0000 0000", 3},
    };
    for (const auto &row : rows)
        expect_bad(fresh, packet(0x10, row.body), ELLA_ERROR_PROTOCOL_NAME, row.at);
}

//= v3/3.1.2-2 test
//= v5/3.1.2-2 test
TEST(Connect, HasALevelThatGoesWithItsName) {
    for (uint32_t level = 0; level < 256; level++) {
        const bytes rest = level == 5 ? from_hex("02 0000 00 0000") : from_hex("02 0000 0000");
        const bytes mqtt =
            packet_of(0x10, from_hex("0004 'MQTT'") + bytes{static_cast<uint8_t>(level)} + rest);
        const bytes mqisdp =
            packet_of(0x10, from_hex("0006 'MQIsdp'") + bytes{static_cast<uint8_t>(level)} + rest);
        if (level == 4 || level == 5) {
            EXPECT_EQ(feed_whole(fresh, mqtt).version, level);
        } else {
            const outcome o = feed_every_way(fresh, mqtt);
            EXPECT_EQ(o.error, ELLA_ERROR_PROTOCOL_VERSION) << level;
            EXPECT_EQ(o.offset, 8u);
            EXPECT_EQ(o.version, ELLA_VERSION_UNKNOWN);
        }
        if (level == 3)
            EXPECT_EQ(feed_whole(fresh, mqisdp).version, level);
        else
            expect_bad(fresh, mqisdp, ELLA_ERROR_PROTOCOL_VERSION, 10);
    }
}

TEST(Connect, SetsTheVersionAlsoIfItIsBadBehindTheLevel) {
    EXPECT_EQ(feed_every_way(fresh, packet(0x10, "0004 'MQTT' 05 03 0000")).version,
              ELLA_VERSION_5_0);
    EXPECT_EQ(feed_every_way(fresh, packet(0x10, "0004 'MQTT' 04")).version, ELLA_VERSION_3_1_1);
    EXPECT_EQ(feed_every_way(fresh, packet(0x10, "0006 'MQIsdp' 03 ff")).version,
              ELLA_VERSION_3_1);
    EXPECT_EQ(feed_every_way(fresh, packet(0x10, "0004 'MQTT'")).version, ELLA_VERSION_UNKNOWN);
}

//= v3/3.1.2-3 test
//= v3/3.1.2-13 test
//= v3/3.1.2-14 test
//= v3/3.1.2-15 test
//= v3/3.1.2-22 test
//= v5/3.1.2-3 test
//= v5/3.1.2-11 test
//= v5/3.1.2-12 test
//= v5/3.1.2-13 test
//= v5/u-3.1.2.3-1 test
//= v5/u-3.1.2.6-1 test
TEST(Connect, HasFlagsThatDoNotContradictThemselves) {
    for (uint32_t flags = 0; flags < 256; flags++) {
        const bool has_will = (flags & 4) != 0;
        const uint32_t will_qos = flags >> 3 & 3;
        enum ella_error common = ELLA_ERROR_NONE;
        if ((flags & 1) != 0)
            common = ELLA_ERROR_CONNECT_RESERVED_FLAG;
        else if (!has_will && will_qos != 0)
            common = ELLA_ERROR_WILL_QOS_WITHOUT_WILL;
        else if (!has_will && (flags & 32) != 0)
            common = ELLA_ERROR_WILL_RETAIN_WITHOUT_WILL;
        else if (will_qos == 3)
            common = ELLA_ERROR_WILL_QOS;
        enum ella_error before_5_0 = common;
        if (common == ELLA_ERROR_NONE && (flags & 0xc0) == 0x40)
            before_5_0 = ELLA_ERROR_PASSWORD_WITHOUT_USER_NAME;
        const struct {
            const char *name_and_level;
            enum ella_error error;
        } rows[] = {
            {"0006 'MQIsdp' 03", before_5_0},
            {"0004 'MQTT' 04", before_5_0},
            {"0004 'MQTT' 05", common},
        };
        for (const auto &row : rows) {
            const bytes head = from_hex(row.name_and_level);
            const bytes in = packet_of(0x10, head + bytes{static_cast<uint8_t>(flags)});
            // Without an error of its own the packet is merely too short.
            const bool flawed = row.error != ELLA_ERROR_NONE;
            expect_bad(fresh, in, flawed ? row.error : ELLA_ERROR_FIELD_PAST_END,
                       static_cast<uint32_t>(2 + head.size()) + (flawed ? 0 : 1));
        }
    }
}

TEST(Connect, HasAWillTopicThatIsATopicName) {
    expect_bad(fresh, packet(0x10, "0004 'MQTT' 04 06 0000 0000 0000 0000"),
               ELLA_ERROR_TOPIC_NAME_EMPTY, 14);
    expect_bad(fresh, packet(0x10, "0004 'MQTT' 05 06 0000 00 0000 00 0000 0000"),
               ELLA_ERROR_TOPIC_NAME_EMPTY, 16);
    expect_bad(fresh, packet(0x10, "0004 'MQTT' 04 06 0000 0000 0003 'a/#' 0000"),
               ELLA_ERROR_TOPIC_NAME_WILDCARD, 18);
    expect_bad(fresh, packet(0x10, "0004 'MQTT' 05 06 0000 00 0000 00 0003 'a+b' 0000"),
               ELLA_ERROR_TOPIC_NAME_WILDCARD, 19);
}

//= v5/u-3.1.2.11.10-1 test
TEST(Connect, HasAuthenticationDataOnlyWithAMethod) {
    expect_bad(fresh, packet(0x10, "0004 'MQTT' 05 02 0000 07 16 0001 'd' 21 0001 0000"),
               ELLA_ERROR_AUTHENTICATION_DATA_WITHOUT_METHOD, 13);
    expect_packet(fresh, packet(0x10, "0004 'MQTT' 05 02 0000 08 16 0001 'd' 15 0001 'm' 0000"));
    expect_packet(fresh, packet(0x10, "0004 'MQTT' 05 02 0000 04 15 0001 'm' 0000"));
}

TEST(Connect, MayComeTwiceAsFarAsFormGoes) {
    const bytes again = packet(0x10, "0004 'MQTT' 04 02 0000 0000");
    expect_packet(server_3_1_1, again);
    EXPECT_EQ(feed_whole(server_5_0, again).version, ELLA_VERSION_3_1_1);
    expect_bad(client_5_0, again, ELLA_ERROR_PACKET_DIRECTION, 0);
}

// ---- 3.2 CONNACK ---------------------------------------------------------------------------

TEST(Connack, IsReadFieldByField) {
    const decoded v4(client_3_1_1, packet(0x20, "01 00"));
    EXPECT_TRUE(v4->connack.session_present);
    EXPECT_EQ(v4->connack.reason_code, 0);
    const decoded v5(client_5_0, packet(0x20, "00 87 04 1f 0001 'r'"));
    EXPECT_FALSE(v5->connack.session_present);
    EXPECT_EQ(v5->connack.reason_code, ELLA_REASON_NOT_AUTHORIZED);
    EXPECT_EQ(text(v5->connack.properties.reason_string), "r");
    expect_cuts(client_3_1, 0x20, "00 05", {0, 1});
    expect_cuts(client_3_1_1, 0x20, "00 05", {0, 1});
    expect_cuts(client_5_0, 0x20, "00 00 03 21 0001", {0, 1, 2});
    expect_bad(server_5_0, packet(0x20, "00 00 00"), ELLA_ERROR_PACKET_DIRECTION, 0);
}

//= v3/u-3.2.2.1-1 test
//= v5/3.2.2-1 test
TEST(Connack, HasSevenReservedFlagsFrom311On) {
    for (uint32_t flags = 2; flags < 256; flags++) {
        const bytes body = {static_cast<uint8_t>(flags), 0};
        expect_bad(client_3_1_1, packet_of(0x20, body), ELLA_ERROR_CONNACK_FLAGS, 2);
        expect_bad(client_5_0, packet_of(0x20, body + bytes{0}), ELLA_ERROR_CONNACK_FLAGS, 2);
        const decoded p(client_3_1, packet_of(0x20, body));
        EXPECT_FALSE(p->connack.session_present);
    }
}

//= v3/3.2.2-4 test
//= v5/3.2.2-6 test
TEST(Connack, HasNoSessionPresentIfItRefuses) {
    for (const char *body : {"01 01", "01 02", "01 03", "01 04", "01 05"})
        expect_bad(client_3_1_1, packet(0x20, body), ELLA_ERROR_SESSION_PRESENT, 2);
    expect_bad(client_5_0, packet(0x20, "01 80 00"), ELLA_ERROR_SESSION_PRESENT, 2);
    expect_packet(client_3_1_1, packet(0x20, "00 02"));
    expect_packet(client_5_0, packet(0x20, "00 80 00"));
    expect_packet(client_3_1, packet(0x20, "01 02"));
}

//= v5/3.2.2-8 test
TEST(Connack, HasACodeThatExists) {
    for (uint32_t code = 0; code < 256; code++) {
        const bytes body = {0, static_cast<uint8_t>(code)};
        for (const receiver &client : {client_3_1, client_3_1_1}) {
            if (code <= 5)
                expect_packet(client, packet_of(0x20, body));
            else
                expect_bad(client, packet_of(0x20, body), ELLA_ERROR_REASON_CODE, 3);
        }
    }
}

// ---- 3.3 PUBLISH ---------------------------------------------------------------------------

//= v3/3.3.2-1 test
//= v5/3.3.2-1 test
//= v3/2.3.1-5 test
//= v5/2.2.1-2 test
TEST(Publish, IsReadFieldByField) {
    for (const receiver &to : everyone) {
        const bool has_properties = to.version == ELLA_VERSION_5_0;
        const std::string none = has_properties ? "00" : "";
        const decoded qos_0(to, packet(0x31, "0003 'a/b'" + none + "0005 'x'"));
        EXPECT_EQ(text(qos_0->publish.topic), "a/b");
        EXPECT_EQ(text(qos_0->publish.payload), std::string("\0\x05x", 3));
        EXPECT_EQ(qos_0->publish.qos, 0);
        EXPECT_TRUE(qos_0->publish.retain);
        EXPECT_FALSE(qos_0->publish.dup);
        EXPECT_EQ(qos_0->publish.packet_id, 0);
        EXPECT_EQ(qos_0->publish.properties.present, 0u);
        EXPECT_EQ(qos_0->publish.properties.topic_alias, 0u);
        EXPECT_EQ(ella_slice_len(qos_0->publish.properties.user_properties), 0u);
        const decoded qos_2(to, packet(0x3c, "0001 't' fffe" + none + "'y'"));
        EXPECT_EQ(qos_2->publish.qos, 2);
        EXPECT_TRUE(qos_2->publish.dup);
        EXPECT_FALSE(qos_2->publish.retain);
        EXPECT_EQ(qos_2->publish.packet_id, 0xfffe);
        EXPECT_EQ(text(qos_2->publish.payload), "y");
        const decoded empty(to, packet(0x32, "0001 't' 0001" + none));
        EXPECT_EQ(ella_slice_len(empty->publish.payload), 0u);
    }
}

TEST(Publish, IsCutShortNowhereBeforeThePayload) {
    for (const receiver &to : {server_3_1, server_3_1_1, client_3_1_1}) {
        expect_bad(to, packet(0x30, ""), ELLA_ERROR_FIELD_PAST_END, 2);
        expect_bad(to, packet(0x30, "00"), ELLA_ERROR_FIELD_PAST_END, 2);
        expect_bad(to, packet(0x30, "0003 'ab'"), ELLA_ERROR_FIELD_PAST_END, 2);
        expect_bad(to, packet(0x30, "ffff 'ab'"), ELLA_ERROR_FIELD_PAST_END, 2);
        expect_bad(to, packet(0x32, "0003 'a/b'"), ELLA_ERROR_FIELD_PAST_END, 7);
        expect_bad(to, packet(0x32, "0003 'a/b' 00"), ELLA_ERROR_FIELD_PAST_END, 7);
    }
    expect_bad(server_5_0, packet(0x30, "0003 'a/b'"), ELLA_ERROR_FIELD_PAST_END, 7);
    expect_bad(server_5_0, packet(0x32, "0003 'a/b' 0001"), ELLA_ERROR_FIELD_PAST_END, 9);
    expect_bad(server_5_0, packet(0x32, "0003 'a/b' 0001 03 2300"), ELLA_ERROR_FIELD_PAST_END, 9);
}

//= v3/2.3.1-1 test
//= v5/2.2.1-3 test
//= v5/2.2.1-4 test
TEST(Publish, HasAPacketIdentifierThatIsNotZero) {
    for (const receiver &to : everyone) {
        expect_bad(to, packet(0x32, "0001 't' 0000 00"), ELLA_ERROR_PACKET_ID_ZERO, 5);
        expect_bad(to, packet(0x34, "0001 't' 0000 00"), ELLA_ERROR_PACKET_ID_ZERO, 5);
    }
}

//= v3/4.7.3-1 test
//= v5/4.7.3-1 test
//= v5/u-3.3.2.1-1 test
TEST(Publish, HasATopicNameOrIn50AnAlias) {
    for (const receiver &to : {server_3_1, server_3_1_1, client_3_1, client_3_1_1})
        expect_bad(to, packet(0x30, "0000 'x'"), ELLA_ERROR_TOPIC_NAME_EMPTY, 2);
    for (const receiver &to : {server_5_0, client_5_0}) {
        expect_bad(to, packet(0x30, "0000 00 'x'"), ELLA_ERROR_TOPIC_NAME_EMPTY, 2);
        expect_bad(to, packet(0x32, "0000 0001 02 01 01"), ELLA_ERROR_TOPIC_NAME_EMPTY, 2);
        const decoded p(to, packet(0x30, "0000 03 23 0001 'x'"));
        EXPECT_EQ(ella_slice_len(p->publish.topic), 0u);
        EXPECT_EQ(p->publish.properties.topic_alias, 1);
    }
}

//= v3/3.3.2-2 test
//= v3/4.7.1-1 test
//= v5/3.3.2-2 test
//= v5/4.7.0-1 test
TEST(Publish, HasNoWildcardInItsTopicName) {
    for (const receiver &to : everyone) {
        expect_bad(to, packet(0x30, "0003 'a/#' 00"), ELLA_ERROR_TOPIC_NAME_WILDCARD, 6);
        expect_bad(to, packet(0x30, "0003 '+/a' 00"), ELLA_ERROR_TOPIC_NAME_WILDCARD, 4);
    }
}

TEST(Publish, KeepsAByteOrderMark) {
    const decoded p(server_3_1_1, packet(0x30, "0004 efbbbf 'a' 'x'"));
    EXPECT_EQ(text(p->publish.topic), "\xef\xbb\xbf"
                                      "a");
}

// ---- 3.4 to 3.7: PUBACK, PUBREC, PUBREL, PUBCOMP -------------------------------------------

const uint8_t acks[] = {0x40, 0x50, 0x62, 0x70};

TEST(Acknowledgements, IdentifyTheirPacket) {
    for (uint8_t first_byte : acks) {
        for (const receiver &to : {server_3_1, server_3_1_1, client_3_1, client_3_1_1}) {
            expect_cuts(to, first_byte, "1234", {0});
            const decoded p(to, packet(first_byte, "1234"));
            EXPECT_EQ(p->ack.packet_id, 0x1234);
            EXPECT_EQ(p->ack.reason_code, 0);
            EXPECT_EQ(p->ack.properties.present, 0u);
        }
        for (const receiver &to : everyone)
            expect_bad(to, packet(first_byte, "0000"), ELLA_ERROR_PACKET_ID_ZERO, 2);
    }
}

TEST(Acknowledgements, HaveThreeFormsIn50) {
    for (uint8_t first_byte : acks) {
        for (const receiver &to : {server_5_0, client_5_0}) {
            // Without reason code, without Property Length, with both.
            expect_cuts(to, first_byte, "0001 00 07 1f 0004 'text'", {0, 2, 3}, {2, 3});
            const decoded shortest(to, packet(first_byte, "0001"));
            EXPECT_EQ(shortest->ack.reason_code, 0);
            const decoded longest(to, packet(first_byte, "0001 00 04 1f 0001 'r'"));
            EXPECT_EQ(text(longest->ack.properties.reason_string), "r");
        }
    }
    const decoded puback(server_5_0, packet(0x40, "0001 97"));
    EXPECT_EQ(puback->ack.reason_code, ELLA_REASON_QUOTA_EXCEEDED);
}

// Every reason code in every packet that has one, by the table.
//= v5/3.2.2-8 test
//= v5/3.4.2-1 test
//= v5/3.5.2-1 test
//= v5/3.6.2-1 test
//= v5/3.7.2-1 test
//= v5/3.9.3-2 test
//= v5/3.11.3-2 test
//= v5/3.14.2-1 test
//= v5/3.15.2-1 test
TEST(ReasonCodes, BelongToTheirPacket) {
    const struct {
        receiver to;
        uint8_t first_byte;
        const char *before;
        const char *behind;
    } rows[] = {
        {client_5_0, 0x20, "00", "00"},
        {server_5_0, 0x40, "0001", ""},
        {client_5_0, 0x40, "0001", ""},
        {server_5_0, 0x50, "0001", ""},
        {server_5_0, 0x62, "0001", ""},
        {client_5_0, 0x70, "0001", ""},
        {client_5_0, 0x90, "0001 00 00", ""},
        {client_5_0, 0xb0, "0001 00 00", ""},
        {server_5_0, 0xe0, "", ""},
        {client_5_0, 0xe0, "", ""},
        {server_5_0, 0xf0, "", "04 15 0001 'm'"},
        {client_5_0, 0xf0, "", "04 15 0001 'm'"},
    };
    for (const auto &row : rows) {
        const bytes before = from_hex(row.before);
        for (uint32_t code = 0; code < 256; code++) {
            const bytes in = packet_of(row.first_byte, before + bytes{static_cast<uint8_t>(code)} +
                                                           from_hex(row.behind));
            if ((ella_reason_packets[code] & ELLA_PACKET_BIT(row.first_byte / 16u)) != 0)
                expect_packet(row.to, in);
            else
                expect_bad(row.to, in, ELLA_ERROR_REASON_CODE,
                           static_cast<uint32_t>(2 + before.size()));
        }
    }
}

// A few that the tables of the standard's sections settle, independent of ours.
TEST(ReasonCodes, AreThoseOfTheStandard) {
    expect_packet(server_5_0, packet(0xe0, "04"));
    expect_bad(server_5_0, packet(0xe0, "01"), ELLA_ERROR_REASON_CODE, 2);
    expect_packet(client_5_0, packet(0x40, "0001 10"));
    expect_bad(client_5_0, packet(0x62, "0001 10"), ELLA_ERROR_REASON_CODE, 4);
    expect_packet(server_5_0, packet(0x62, "0001 92"));
    expect_bad(server_5_0, packet(0x40, "0001 92"), ELLA_ERROR_REASON_CODE, 4);
    expect_packet(client_5_0, packet(0x90, "0001 00 02"));
    expect_bad(client_5_0, packet(0xb0, "0001 00 02"), ELLA_ERROR_REASON_CODE, 5);
    expect_packet(client_5_0, packet(0xb0, "0001 00 11"));
    expect_bad(client_5_0, packet(0x20, "00 01 00"), ELLA_ERROR_REASON_CODE, 3);
}

// ---- 3.8 SUBSCRIBE, 3.10 UNSUBSCRIBE -------------------------------------------------------

std::string filters_of(const ella_packet &p) {
    struct ella_slice rest = p.subscribe.filters;
    struct ella_filter f;
    std::string out;
    while (ella_filter_next(p.type, &rest, &f)) {
        out += text(f.filter) + " " + std::to_string(f.qos) + (f.no_local ? " nl" : "") +
               (f.retain_as_published ? " rap" : "") + " " + std::to_string(f.retain_handling) +
               ";";
    }
    return out;
}

TEST(Subscribe, IsReadFieldByField) {
    for (const receiver &to : {server_3_1, server_3_1_1}) {
        const decoded p(to, packet(0x82, "1234 0003 'a/b' 01 0001 '#' 02"));
        EXPECT_EQ(p->subscribe.packet_id, 0x1234);
        EXPECT_EQ(filters_of(*p), "a/b 1 0;# 2 0;");
        expect_bad(to, packet(0x82, "0000 0001 'a' 00"), ELLA_ERROR_PACKET_ID_ZERO, 2);
    }
    const decoded p(server_5_0, packet(0x82, "1234 02 0b 05 0003 'a/b' 2d 0001 '#' 10"));
    EXPECT_EQ(filters_of(*p), "a/b 1 nl rap 2;# 0 1;");
    struct ella_slice rest = p->subscribe.properties.subscription_identifiers;
    uint32_t identifier = 0;
    EXPECT_TRUE(ella_subscription_identifier_next(&rest, &identifier));
    EXPECT_EQ(identifier, 5u);
    expect_bad(server_5_0, packet(0x82, "0000 00 0001 'a' 00"), ELLA_ERROR_PACKET_ID_ZERO, 2);
    expect_bad(client_3_1_1, packet(0x82, "0001 0001 'a' 00"), ELLA_ERROR_PACKET_DIRECTION, 0);
}

TEST(Unsubscribe, IsReadFieldByField) {
    const decoded v4(server_3_1_1, packet(0xa2, "1234 0003 'a/b' 0001 '#'"));
    EXPECT_EQ(v4->subscribe.packet_id, 0x1234);
    EXPECT_EQ(filters_of(*v4), "a/b 0 0;# 0 0;");
    const decoded v5(server_5_0, packet(0xa2, "0001 05 26 0000 0000 0001 '+'"));
    EXPECT_EQ(filters_of(*v5), "+ 0 0;");
    EXPECT_EQ(ella_slice_len(v5->subscribe.properties.user_properties), 5u);
    expect_bad(server_5_0, packet(0xa2, "0000 00 0001 'a'"), ELLA_ERROR_PACKET_ID_ZERO, 2);
    expect_bad(client_5_0, packet(0xa2, "0001 00 0001 'a'"), ELLA_ERROR_PACKET_DIRECTION, 0);
}

//= v3/3.8.3-3 test
//= v3/3.10.3-2 test
//= v5/3.8.3-2 test
//= v5/3.10.3-2 test
//= v5/u-3.8.3-1 test
//= v5/u-3.10.3-1 test
TEST(Subscribe, AndUnsubscribeHaveAtLeastOneFilter) {
    for (const receiver &to : {server_3_1, server_3_1_1}) {
        expect_bad(to, packet(0x82, "0001"), ELLA_ERROR_SUBSCRIBE_EMPTY, 4);
        expect_bad(to, packet(0xa2, "0001"), ELLA_ERROR_UNSUBSCRIBE_EMPTY, 4);
    }
    expect_bad(server_5_0, packet(0x82, "0001 00"), ELLA_ERROR_SUBSCRIBE_EMPTY, 5);
    expect_bad(server_5_0, packet(0xa2, "0001 00"), ELLA_ERROR_UNSUBSCRIBE_EMPTY, 5);
    expect_bad(server_5_0, packet(0x82, "0001 02 0b 01"), ELLA_ERROR_SUBSCRIBE_EMPTY, 7);
}

// One byte more or less anywhere in a list makes another field: every cut is tried.
TEST(Subscribe, AndUnsubscribeAreCutShortNowhere) {
    const auto cuts = [](const receiver &to, uint8_t first_byte, const std::string &body,
                         uint32_t head, const std::vector<uint32_t> &fields,
                         const std::vector<uint32_t> &whole) {
        const bytes all = from_hex(body);
        for (uint32_t len = 0; len <= all.size(); len++) {
            const bytes in = packet_of(
                first_byte, bytes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(len)));
            const outcome o = feed_every_way(to, in);
            uint32_t at = 0;
            for (uint32_t field_at : fields)
                at = field_at <= len ? field_at : at;
            const bool good = std::find(whole.begin(), whole.end(), len) != whole.end();
            const enum ella_error empty =
                first_byte == 0x82 ? ELLA_ERROR_SUBSCRIBE_EMPTY : ELLA_ERROR_UNSUBSCRIBE_EMPTY;
            EXPECT_EQ(o.result, good ? ELLA_PACKET : ELLA_BAD) << to_hex(in);
            EXPECT_EQ(o.offset, good ? 0 : 2 + at) << to_hex(in);
            EXPECT_EQ(o.error, good          ? ELLA_ERROR_NONE
                               : len == head ? empty
                                             : ELLA_ERROR_FIELD_PAST_END)
                << to_hex(in);
        }
    };
    cuts(server_3_1_1, 0x82, "0001 0002 'ab' 00 0001 'c' 01", 2, {0, 2, 6, 7, 10}, {7, 11});
    cuts(server_5_0, 0x82, "0001 00 0002 'ab' 00 0001 'c' 01", 3, {0, 2, 3, 7, 8, 11}, {8, 12});
    cuts(server_3_1_1, 0xa2, "0001 0002 'ab' 0001 'c'", 2, {0, 2, 6}, {6, 9});
    cuts(server_5_0, 0xa2, "0001 00 0002 'ab' 0001 'c'", 3, {0, 2, 3, 7}, {7, 10});
}

//= v3/3.8.3-4 test
//= v5/3.8.3-4 test
//= v5/3.8.3-5 test
//= v5/u-3.8.3.1-1 test
//= v5/u-3.8.3.1-2 test
TEST(Subscribe, HasOptionsThatExist) {
    for (uint32_t options = 0; options < 256; options++) {
        enum ella_error v3 = ELLA_ERROR_NONE;
        if ((options & 0xfc) != 0)
            v3 = ELLA_ERROR_SUBSCRIPTION_OPTIONS_RESERVED;
        else if (options == 3)
            v3 = ELLA_ERROR_SUBSCRIPTION_QOS;
        enum ella_error v5 = ELLA_ERROR_NONE;
        if ((options & 0xc0) != 0)
            v5 = ELLA_ERROR_SUBSCRIPTION_OPTIONS_RESERVED;
        else if ((options & 3) == 3)
            v5 = ELLA_ERROR_SUBSCRIPTION_QOS;
        else if ((options & 0x30) == 0x30)
            v5 = ELLA_ERROR_RETAIN_HANDLING;
        const enum ella_error shared =
            v5 == ELLA_ERROR_NONE && (options & 4) != 0 ? ELLA_ERROR_SHARE_NO_LOCAL : v5;
        const struct {
            receiver to;
            const char *before;
            enum ella_error error;
        } rows[] = {
            {server_3_1, "0001 0001 'a'", v3},
            {server_3_1_1, "0001 0001 'a' 00 0001 'b'", v3},
            {server_3_1_1, "0001 000a '$share/g/t'", v3},
            {server_5_0, "0001 00 0001 'a'", v5},
            {server_5_0, "0001 00 000a '$share/g/t' 00 0006 '$share'", v5},
            {server_5_0, "0001 00 000a '$share/g/t'", shared},
        };
        for (const auto &row : rows) {
            const bytes before = from_hex(row.before);
            const bytes in = packet_of(0x82, before + bytes{static_cast<uint8_t>(options)});
            if (row.error == ELLA_ERROR_NONE)
                expect_packet(row.to, in);
            else
                expect_bad(row.to, in, row.error, static_cast<uint32_t>(2 + before.size()));
        }
    }
}

//= v3/4.7.1-2 test
//= v3/4.7.1-3 test
//= v3/4.7.3-1 test
//= v5/4.7.1-1 test
//= v5/4.7.1-2 test
//= v5/4.7.3-1 test
//= v5/4.8.2-1 test
//= v5/4.8.2-2 test
TEST(Subscribe, AndUnsubscribeHaveValidFiltersInEveryVersion) {
    const struct {
        const char *filter;
        enum ella_error error;
        uint32_t at; // from the field on
    } rows[] = {
        {"", ELLA_ERROR_TOPIC_FILTER_EMPTY, 0},
        {"a#", ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD, 3},
        {"#/a", ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD, 2},
        {"a/b+", ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD, 5},
        {"$share//a", ELLA_ERROR_SHARE_NAME, 9},
        {"$share/a+/b", ELLA_ERROR_SHARE_NAME, 10},
        {"$share/g", ELLA_ERROR_SHARE_FILTER, 10},
        {"$share/g/", ELLA_ERROR_SHARE_FILTER, 11},
    };
    for (const receiver &to : {server_3_1, server_3_1_1, server_5_0}) {
        const bytes head = from_hex(to.version == ELLA_VERSION_5_0 ? "0001 00" : "0001");
        for (const auto &row : rows) {
            const bytes good = field("ok/+/#");
            const bytes bad = field(row.filter);
            const bytes qos = {1};
            const uint32_t second = static_cast<uint32_t>(2 + head.size() + good.size()) + row.at;
            expect_bad(to, packet_of(0x82, head + good + qos + bad + qos), row.error, second + 1);
            expect_bad(to, packet_of(0xa2, head + good + bad), row.error, second);
        }
    }
}

// ---- 3.9 SUBACK, 3.11 UNSUBACK -------------------------------------------------------------

TEST(Suback, IsReadFieldByField) {
    for (const receiver &to : {client_3_1, client_3_1_1}) {
        const decoded p(to, packet(0x90, "1234 00 01 02 80"));
        EXPECT_EQ(p->suback.packet_id, 0x1234);
        EXPECT_EQ(text(p->suback.reason_codes), std::string("\0\x01\x02\x80", 4));
        expect_bad(to, packet(0x90, "0001"), ELLA_ERROR_FIELD_PAST_END, 4);
        expect_bad(to, packet(0x90, "00"), ELLA_ERROR_FIELD_PAST_END, 2);
        expect_bad(to, packet(0x90, "0000 00"), ELLA_ERROR_PACKET_ID_ZERO, 2);
    }
    const decoded p(client_5_0, packet(0x90, "1234 04 1f 0001 'r' 87 02"));
    EXPECT_EQ(text(p->suback.reason_codes), "\x87\x02");
    EXPECT_EQ(text(p->suback.properties.reason_string), "r");
    expect_bad(client_5_0, packet(0x90, "0001 00"), ELLA_ERROR_FIELD_PAST_END, 5);
    expect_bad(client_5_0, packet(0x90, "0001"), ELLA_ERROR_FIELD_PAST_END, 4);
    expect_bad(server_5_0, packet(0x90, "0001 00 00"), ELLA_ERROR_PACKET_DIRECTION, 0);
}

//= v3/3.9.3-2 test
TEST(Suback, HasOneOfFourCodesBefore50) {
    for (uint32_t code = 0; code < 256; code++) {
        const bytes in = packet_of(0x90, from_hex("0001 00") + bytes{static_cast<uint8_t>(code)});
        for (const receiver &to : {client_3_1, client_3_1_1}) {
            if (code <= 2 || code == 0x80)
                expect_packet(to, in);
            else
                expect_bad(to, in, ELLA_ERROR_REASON_CODE, 5);
        }
    }
}

TEST(Unsuback, HasCodesFrom50OnAlone) {
    for (const receiver &to : {client_3_1, client_3_1_1}) {
        expect_cuts(to, 0xb0, "1234", {0});
        const decoded p(to, packet(0xb0, "1234"));
        EXPECT_EQ(p->suback.packet_id, 0x1234);
        EXPECT_EQ(ella_slice_len(p->suback.reason_codes), 0u);
        expect_bad(to, packet(0xb0, "0000"), ELLA_ERROR_PACKET_ID_ZERO, 2);
    }
    const decoded p(client_5_0, packet(0xb0, "1234 00 00 11"));
    EXPECT_EQ(text(p->suback.reason_codes), std::string("\0\x11", 2));
    expect_bad(client_5_0, packet(0xb0, "0001 00"), ELLA_ERROR_FIELD_PAST_END, 5);
    expect_bad(client_5_0, packet(0xb0, "0001"), ELLA_ERROR_FIELD_PAST_END, 4);
    expect_bad(server_5_0, packet(0xb0, "0001 00 00"), ELLA_ERROR_PACKET_DIRECTION, 0);
}

// ---- 3.12 PINGREQ, 3.13 PINGRESP -----------------------------------------------------------

TEST(Ping, IsEmpty) {
    for (const receiver &to : {server_3_1, server_3_1_1, server_5_0}) {
        const decoded p(to, packet(0xc0, ""));
        EXPECT_EQ(p->type, ELLA_PINGREQ);
        expect_bad(to, packet(0xc0, "00"), ELLA_ERROR_TRAILING_BYTES, 2);
        expect_bad(to, packet(0xd0, ""), ELLA_ERROR_PACKET_DIRECTION, 0);
    }
    for (const receiver &to : {client_3_1, client_3_1_1, client_5_0}) {
        const decoded p(to, packet(0xd0, ""));
        EXPECT_EQ(p->type, ELLA_PINGRESP);
        expect_bad(to, packet(0xd0, "00 00"), ELLA_ERROR_TRAILING_BYTES, 2);
        expect_bad(to, packet(0xc0, ""), ELLA_ERROR_PACKET_DIRECTION, 0);
    }
}

// ---- 3.14 DISCONNECT -----------------------------------------------------------------------

TEST(Disconnect, IsEmptyAndTheClientsBefore50) {
    for (const receiver &to : {server_3_1, server_3_1_1}) {
        const decoded p(to, packet(0xe0, ""));
        EXPECT_EQ(p->reason.reason_code, 0);
        expect_bad(to, packet(0xe0, "00"), ELLA_ERROR_TRAILING_BYTES, 2);
    }
    expect_bad(client_3_1_1, packet(0xe0, ""), ELLA_ERROR_PACKET_DIRECTION, 0);
    expect_bad(client_3_1, packet(0xe0, ""), ELLA_ERROR_PACKET_DIRECTION, 0);
}

TEST(Disconnect, HasThreeFormsIn50) {
    for (const receiver &to : {server_5_0, client_5_0}) {
        expect_cuts(to, 0xe0, "00 04 1f 0001 'r'", {0, 1}, {0, 1});
        const decoded empty(to, packet(0xe0, ""));
        EXPECT_EQ(empty->reason.reason_code, ELLA_REASON_NORMAL_DISCONNECTION);
        const decoded code(to, packet(0xe0, "81"));
        EXPECT_EQ(code->reason.reason_code, ELLA_REASON_MALFORMED_PACKET);
    }
    const decoded client(server_5_0, packet(0xe0, "04 05 11 0000000a"));
    EXPECT_EQ(client->reason.properties.session_expiry_interval_s, 10u);
    const decoded server(client_5_0, packet(0xe0, "9c 04 1c 0001 's'"));
    EXPECT_EQ(text(server->reason.properties.server_reference), "s");
}

//= v5/3.14.2-2 test
TEST(Disconnect, FromTheServerLeavesTheSessionExpiryAlone) {
    expect_bad(client_5_0, packet(0xe0, "00 05 11 0000000a"), ELLA_ERROR_PROPERTY_NOT_ALLOWED, 4);
}

// ---- 3.15 AUTH -----------------------------------------------------------------------------

//= v5/u-3.15.2.2.2-1 test
TEST(Auth, HasAlwaysAMethod) {
    for (const receiver &to : {server_5_0, client_5_0}) {
        const decoded p(to, packet(0xf0, "18 08 15 0001 'm' 16 0001 'd'"));
        EXPECT_EQ(p->reason.reason_code, ELLA_REASON_CONTINUE_AUTHENTICATION);
        EXPECT_EQ(text(p->reason.properties.authentication_method), "m");
        EXPECT_EQ(text(p->reason.properties.authentication_data), "d");
        expect_bad(to, packet(0xf0, ""), ELLA_ERROR_AUTHENTICATION_METHOD_MISSING, 2);
        expect_bad(to, packet(0xf0, "18 00"), ELLA_ERROR_AUTHENTICATION_METHOD_MISSING, 3);
        expect_bad(to, packet(0xf0, "18 04 16 0001 'd'"), ELLA_ERROR_AUTHENTICATION_METHOD_MISSING,
                   3);
        // It may leave out reason code and properties together only.
        expect_bad(to, packet(0xf0, "18"), ELLA_ERROR_FIELD_PAST_END, 3);
    }
}

} // namespace
