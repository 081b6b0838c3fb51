// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The encoder: the exact bytes of every packet in every version, its short forms, what it refuses,
// and the limits. That what it writes is read again as it was is roundtrip_test's story.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "codec/test_support.h"
#include "libella/codec.h"

namespace {

using libella_test::bytes;
using libella_test::from_hex;
using libella_test::to_hex;

// The text has to outlive the slice.
struct ella_slice slice(std::string_view text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

struct ella_packet packet_of(enum ella_packet_type type) {
    struct ella_packet packet = {};
    packet.type = type;
    return packet;
}

struct ella_packet publish_of(std::string_view topic, std::string_view payload) {
    struct ella_packet packet = packet_of(ELLA_PUBLISH);
    packet.publish.topic = slice(topic);
    packet.publish.payload = slice(payload);
    return packet;
}

struct ella_packet ack_of(enum ella_packet_type type, uint16_t packet_id, uint8_t code = 0) {
    struct ella_packet packet = packet_of(type);
    packet.ack.packet_id = packet_id;
    packet.ack.reason_code = code;
    return packet;
}

struct ella_packet connect_of(uint8_t version, std::string_view client_id) {
    struct ella_packet packet = packet_of(ELLA_CONNECT);
    packet.connect.version = version;
    packet.connect.client_id = slice(client_id);
    return packet;
}

struct ella_packet reason_of(enum ella_packet_type type, uint8_t code) {
    struct ella_packet packet = packet_of(type);
    packet.reason.reason_code = code;
    return packet;
}

// The encoded packet as hex, or the error in words.
std::string encoded(const struct ella_packet &packet, enum ella_version version,
                    enum ella_sender sender) {
    uint8_t buf[512];
    uint32_t size = 0;
    uint32_t announced = 0;
    const enum ella_error error = ella_encode(&packet, version, sender, buf, 0, sizeof buf, &size);
    EXPECT_EQ(ella_encoded_size(&packet, version, sender, &announced), error);
    EXPECT_EQ(announced, size);
    return error == ELLA_ERROR_NONE ? to_hex(buf, size) : ella_error_text(error);
}

std::string hex(const char *text) {
    return to_hex(from_hex(text));
}

#define EXPECT_REFUSED(packet, version, sender, error)                                            \
    EXPECT_EQ(encoded(packet, version, sender), ella_error_text(error))

constexpr enum ella_version v31 = ELLA_VERSION_3_1;
constexpr enum ella_version v311 = ELLA_VERSION_3_1_1;
constexpr enum ella_version v5 = ELLA_VERSION_5_0;
constexpr enum ella_sender client = ELLA_FROM_CLIENT;
constexpr enum ella_sender server = ELLA_FROM_SERVER;

// ---- CONNECT and CONNACK

TEST(EncodeConnect, NamesItsVersion) {
    struct ella_packet packet = connect_of(3, "c");
    //= v3/3.1.2-1 test
    //= v3/3.1.3-3 test
    EXPECT_EQ(encoded(packet, v31, client), hex("10 0f 00 06 'MQIsdp' 03 00 00 00 00 01 'c'"));
    packet.connect.version = 4;
    packet.connect.clean_start = true;
    packet.connect.keep_alive_s = 0x1234;
    EXPECT_EQ(encoded(packet, v311, client), hex("10 0d 00 04 'MQTT' 04 02 12 34 00 01 'c'"));
    packet.connect.version = 5;
    //= v5/3.1.2-1 test
    //= v5/2.2.2-1 test
    //= v5/3.1.3-3 test
    EXPECT_EQ(encoded(packet, v5, client), hex("10 0e 00 04 'MQTT' 05 02 12 34 00 00 01 'c'"));
    // It is the packet that says which version it begins, whatever was spoken before.
    EXPECT_EQ(encoded(packet, ELLA_VERSION_UNKNOWN, client), encoded(packet, v5, client));
    packet.connect.version = 6;
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_PROTOCOL_VERSION);
}

struct ella_packet full_connect(uint8_t version) {
    struct ella_packet packet = connect_of(version, "id");
    packet.connect.has_will = true;
    packet.connect.will_qos = 2;
    packet.connect.will_retain = true;
    packet.connect.will_topic = slice("w");
    packet.connect.will_payload = slice("bye");
    packet.connect.has_user_name = true;
    packet.connect.user_name = slice("u");
    packet.connect.has_password = true;
    packet.connect.password = slice("pw");
    return packet;
}

TEST(EncodeConnect, PutsEveryFieldInItsPlace) {
    //= v3/3.1.3-1 test
    //= v3/3.1.2-9 test
    //= v3/3.1.2-19 test
    //= v3/3.1.2-21 test
    EXPECT_EQ(encoded(full_connect(4), v311, client),
              hex("10 1d 00 04 'MQTT' 04 f4 00 00 00 02 'id' 00 01 'w' 00 03 'bye' 00 01 'u'"
                  "00 02 'pw'"));
    struct ella_packet packet = full_connect(5);
    packet.connect.properties.receive_maximum = 258;
    ella_property_set(&packet.connect.properties, ELLA_PROPERTY_RECEIVE_MAXIMUM);
    packet.connect.will_properties.will_delay_interval_s = 5;
    ella_property_set(&packet.connect.will_properties, ELLA_PROPERTY_WILL_DELAY_INTERVAL);
    //= v5/3.1.3-1 test
    //= v5/3.1.2-9 test
    //= v5/3.1.2-17 test
    //= v5/3.1.2-19 test
    EXPECT_EQ(encoded(packet, v5, client),
              hex("10 27 00 04 'MQTT' 05 f4 00 00 03 21 01 02 00 02 'id' 05 18 00 00 00 05"
                  "00 01 'w' 00 03 'bye' 00 01 'u' 00 02 'pw'"));
}

TEST(EncodeConnect, LeavesOutWhatItsFlagsDeny) {
    struct ella_packet packet = full_connect(4);
    packet.connect.has_will = false;
    packet.connect.will_qos = 0;
    packet.connect.will_retain = false;
    packet.connect.has_user_name = false;
    packet.connect.has_password = false;
    //= v3/3.1.2-18 test
    //= v3/3.1.2-20 test
    EXPECT_EQ(encoded(packet, v311, client), hex("10 0e 00 04 'MQTT' 04 00 00 00 00 02 'id'"));
    packet.connect.version = 5;
    //= v5/3.1.2-16 test
    //= v5/3.1.2-18 test
    EXPECT_EQ(encoded(packet, v5, client), hex("10 0f 00 04 'MQTT' 05 00 00 00 00 00 02 'id'"));
}

TEST(EncodeConnect, RefusesFlagsThatContradictEachOther) {
    struct ella_packet packet = full_connect(4);
    packet.connect.will_qos = 3;
    //= v3/3.1.2-14 test
    //= v5/3.1.2-12 test
    EXPECT_REFUSED(packet, v311, client, ELLA_ERROR_WILL_QOS);
    packet = full_connect(5);
    packet.connect.will_qos = 3;
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_WILL_QOS);
    packet = full_connect(5);
    packet.connect.has_will = false;
    //= v3/3.1.2-13 test
    //= v5/3.1.2-11 test
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_WILL_QOS_WITHOUT_WILL);
    packet.connect.will_qos = 0;
    //= v3/3.1.2-15 test
    //= v5/3.1.2-13 test
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_WILL_RETAIN_WITHOUT_WILL);
    packet.connect.will_retain = false;
    ella_property_set(&packet.connect.will_properties, ELLA_PROPERTY_WILL_DELAY_INTERVAL);
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_PROPERTY_NOT_ALLOWED);
    packet = full_connect(4);
    packet.connect.has_user_name = false;
    //= v3/3.1.2-22 test
    EXPECT_REFUSED(packet, v311, client, ELLA_ERROR_PASSWORD_WITHOUT_USER_NAME);
    packet.connect.version = 5; // which allows it
    EXPECT_EQ(encoded(packet, v5, client).substr(0, 5), "10 1c");
    packet = full_connect(4);
    packet.connect.will_topic = slice("");
    EXPECT_REFUSED(packet, v311, client, ELLA_ERROR_TOPIC_NAME_EMPTY);
}

TEST(EncodeConnack, SaysCodeAndSession) {
    struct ella_packet packet = packet_of(ELLA_CONNACK);
    packet.connack.session_present = true;
    EXPECT_EQ(encoded(packet, v311, server), "20 02 01 00");
    EXPECT_EQ(encoded(packet, v5, server), "20 03 01 00 00");
    EXPECT_REFUSED(packet, v31, server, ELLA_ERROR_VERSION_LACKS_FIELD);
    packet.connack.session_present = false;
    packet.connack.reason_code = 5;
    EXPECT_EQ(encoded(packet, v31, server), "20 02 00 05");
    packet.connack.reason_code = 6;
    EXPECT_REFUSED(packet, v311, server, ELLA_ERROR_REASON_CODE);
    packet.connack.reason_code = ELLA_REASON_BANNED;
    EXPECT_EQ(encoded(packet, v5, server), "20 03 00 8a 00");
    packet.connack.reason_code = ELLA_REASON_SESSION_TAKEN_OVER; // DISCONNECT's
    //= v5/3.2.2-8 test
    EXPECT_REFUSED(packet, v5, server, ELLA_ERROR_REASON_CODE);
    packet.connack.reason_code = ELLA_REASON_BANNED;
    packet.connack.session_present = true;
    //= v3/3.2.2-4 test
    //= v5/3.2.2-6 test
    EXPECT_REFUSED(packet, v5, server, ELLA_ERROR_SESSION_PRESENT);
    packet.connack.reason_code = 1;
    EXPECT_REFUSED(packet, v311, server, ELLA_ERROR_SESSION_PRESENT);
}

// ---- PUBLISH

TEST(EncodePublish, CarriesAPacketIdOnlyAboveQos0) {
    struct ella_packet packet = publish_of("a/b", "hi");
    packet.publish.packet_id = 10; // does not count
    //= v3/2.3.1-5 test
    //= v5/2.2.1-2 test
    //= v3/3.3.2-1 test
    //= v5/3.3.2-1 test
    EXPECT_EQ(encoded(packet, v311, client), hex("30 07 00 03 'a/b' 'hi'"));
    EXPECT_EQ(encoded(packet, v5, client), hex("30 08 00 03 'a/b' 00 'hi'"));
    packet.publish.qos = 1;
    packet.publish.retain = true;
    EXPECT_EQ(encoded(packet, v311, server), hex("33 09 00 03 'a/b' 00 0a 'hi'"));
    packet.publish.qos = 2;
    packet.publish.dup = true;
    EXPECT_EQ(encoded(packet, v5, server), hex("3d 0a 00 03 'a/b' 00 0a 00 'hi'"));
    packet.publish.packet_id = 0;
    //= v3/2.3.1-1 test
    //= v5/2.2.1-3 test
    //= v5/2.2.1-4 test
    EXPECT_REFUSED(packet, v5, server, ELLA_ERROR_PACKET_ID_ZERO);
    EXPECT_REFUSED(packet, v311, client, ELLA_ERROR_PACKET_ID_ZERO);
}

TEST(EncodePublish, RefusesQos3AndDupWithoutQos) {
    struct ella_packet packet = publish_of("a", "");
    packet.publish.qos = 3;
    packet.publish.packet_id = 1;
    //= v3/3.3.1-4 test
    //= v5/3.3.1-4 test
    EXPECT_REFUSED(packet, v311, client, ELLA_ERROR_PUBLISH_QOS);
    packet.publish.qos = 0;
    packet.publish.dup = true;
    //= v3/3.3.1-2 test
    //= v5/3.3.1-2 test
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_PUBLISH_DUP_QOS_0);
}

TEST(EncodePublish, AnAliasMayStandForTheTopic) {
    struct ella_packet packet = publish_of("", "x");
    //= v3/4.7.3-1 test
    EXPECT_REFUSED(packet, v311, client, ELLA_ERROR_TOPIC_NAME_EMPTY);
    //= v5/u-3.3.2.1-1 test
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_TOPIC_NAME_EMPTY);
    packet.publish.properties.topic_alias = 7;
    ella_property_set(&packet.publish.properties, ELLA_PROPERTY_TOPIC_ALIAS);
    EXPECT_EQ(encoded(packet, v5, client), hex("30 07 00 00 03 23 00 07 'x'"));
    packet.publish.properties.topic_alias = 0;
    //= v5/3.3.2-8 test
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_TOPIC_ALIAS_ZERO);
}

TEST(EncodePublish, TheShortWayWritesTheSameBytes) {
    struct ella_packet packet = publish_of("a/b", "hi");
    for (uint8_t qos = 0; qos <= 2; qos++) {
        packet.publish.qos = qos;
        packet.publish.packet_id = 77;
        for (const enum ella_version version : {v31, v311, v5}) {
            uint8_t buf[64];
            uint32_t size = 0;
            uint32_t announced = 0;
            ASSERT_EQ(
                ella_encode_publish(&packet.publish, version, client, buf, 3, sizeof buf, &size),
                ELLA_ERROR_NONE);
            ASSERT_EQ(ella_publish_size(&packet.publish, version, client, &announced),
                      ELLA_ERROR_NONE);
            EXPECT_EQ(announced, size);
            EXPECT_EQ(to_hex(buf + 3, size), encoded(packet, version, client));
        }
    }
    uint32_t size = 0;
    packet.publish.qos = 3;
    EXPECT_EQ(ella_publish_size(&packet.publish, v5, client, &size), ELLA_ERROR_PUBLISH_QOS);
    uint8_t untouched[4] = {0xee, 0xee, 0xee, 0xee};
    EXPECT_EQ(ella_encode_publish(&packet.publish, v5, client, untouched, 0, 4, &size),
              ELLA_ERROR_PUBLISH_QOS);
    EXPECT_EQ(to_hex(untouched, sizeof untouched), "ee ee ee ee");
    packet.publish.qos = 0;
    EXPECT_EQ(ella_publish_size(&packet.publish, ELLA_VERSION_UNKNOWN, client, &size),
              ELLA_ERROR_CONNECT_EXPECTED);
    EXPECT_EQ(size, 0u);
}

// ---- Acknowledgements

TEST(EncodeAck, TakesTheShortestForm) {
    //= v3/2.2.2-1 test
    //= v5/2.1.3-1 test
    EXPECT_EQ(encoded(ack_of(ELLA_PUBACK, 258), v311, client), "40 02 01 02");
    EXPECT_EQ(encoded(ack_of(ELLA_PUBREC, 258), v31, server), "50 02 01 02");
    EXPECT_EQ(encoded(ack_of(ELLA_PUBREL, 258), v311, client), "62 02 01 02");
    EXPECT_EQ(encoded(ack_of(ELLA_PUBCOMP, 258), v5, server), "70 02 01 02");
    EXPECT_EQ(encoded(ack_of(ELLA_PUBACK, 258, 0x10), v5, server), "40 03 01 02 10");
    struct ella_packet packet = ack_of(ELLA_PUBREC, 258);
    packet.ack.properties.reason_string = slice("ok");
    ella_property_set(&packet.ack.properties, ELLA_PROPERTY_REASON_STRING);
    EXPECT_EQ(encoded(packet, v5, client), hex("50 09 01 02 00 05 1f 00 02 'ok'"));
}

TEST(EncodeAck, RefusesWhatIsNotItsOwn) {
    EXPECT_REFUSED(ack_of(ELLA_PUBACK, 0), v311, client, ELLA_ERROR_PACKET_ID_ZERO);
    EXPECT_REFUSED(ack_of(ELLA_PUBACK, 1, 0x87), v311, server, ELLA_ERROR_VERSION_LACKS_FIELD);
    //= v5/3.4.2-1 test
    EXPECT_REFUSED(ack_of(ELLA_PUBACK, 1, 0x92), v5, server, ELLA_ERROR_REASON_CODE);
    //= v5/3.5.2-1 test
    EXPECT_REFUSED(ack_of(ELLA_PUBREC, 1, 0x01), v5, server, ELLA_ERROR_REASON_CODE);
    //= v5/3.6.2-1 test
    EXPECT_REFUSED(ack_of(ELLA_PUBREL, 1, 0x80), v5, server, ELLA_ERROR_REASON_CODE);
    //= v5/3.7.2-1 test
    EXPECT_REFUSED(ack_of(ELLA_PUBCOMP, 1, 0x87), v5, server, ELLA_ERROR_REASON_CODE);
    EXPECT_EQ(encoded(ack_of(ELLA_PUBREL, 1, 0x92), v5, server), "62 03 00 01 92");
}

// ---- Subscriptions

struct ella_packet subscription_of(enum ella_packet_type type, std::string_view filters) {
    struct ella_packet packet = packet_of(type);
    packet.subscribe.packet_id = 7;
    packet.subscribe.filters = slice(filters);
    return packet;
}

TEST(EncodeSubscribe, CopiesTheFilters) {
    const std::string_view filters("\0\1a\2\0\1b\0", 8);
    EXPECT_EQ(encoded(subscription_of(ELLA_SUBSCRIBE, filters), v311, client),
              hex("82 0a 00 07 00 01 'a' 02 00 01 'b' 00"));
    EXPECT_EQ(encoded(subscription_of(ELLA_SUBSCRIBE, filters), v5, client),
              hex("82 0b 00 07 00 00 01 'a' 02 00 01 'b' 00"));
    const std::string_view names("\0\1a\0\1b", 6);
    EXPECT_EQ(encoded(subscription_of(ELLA_UNSUBSCRIBE, names), v311, client),
              hex("a2 08 00 07 00 01 'a' 00 01 'b'"));
    EXPECT_EQ(encoded(subscription_of(ELLA_UNSUBSCRIBE, names), v5, client),
              hex("a2 09 00 07 00 00 01 'a' 00 01 'b'"));
}

TEST(EncodeSubscribe, RefusesBadFilters) {
    struct {
        enum ella_packet_type type;
        enum ella_version version;
        const char *filters;
        enum ella_error error;
    } const rows[] = {
        //= v3/3.8.3-3 test
        //= v5/3.8.3-2 test
        {ELLA_SUBSCRIBE, v311, "", ELLA_ERROR_SUBSCRIBE_EMPTY},
        {ELLA_SUBSCRIBE, v5, "", ELLA_ERROR_SUBSCRIBE_EMPTY},
        //= v3/3.10.3-2 test
        //= v5/3.10.3-2 test
        {ELLA_UNSUBSCRIBE, v311, "", ELLA_ERROR_UNSUBSCRIBE_EMPTY},
        {ELLA_UNSUBSCRIBE, v5, "", ELLA_ERROR_UNSUBSCRIBE_EMPTY},
        {ELLA_SUBSCRIBE, v5, "00 00 00", ELLA_ERROR_TOPIC_FILTER_EMPTY},
        {ELLA_UNSUBSCRIBE, v5, "00 01 'a' 00 00", ELLA_ERROR_TOPIC_FILTER_EMPTY},
        {ELLA_SUBSCRIBE, v5, "00 01 'a'", ELLA_ERROR_FIELD_PAST_END},
        {ELLA_UNSUBSCRIBE, v5, "00 02 'a'", ELLA_ERROR_FIELD_PAST_END},
        //= v3/3.8.3-4 test
        //= v5/3.8.3-5 test
        {ELLA_SUBSCRIBE, v311, "00 01 'a' 04", ELLA_ERROR_SUBSCRIPTION_OPTIONS_RESERVED},
        {ELLA_SUBSCRIBE, v5, "00 01 'a' 40", ELLA_ERROR_SUBSCRIPTION_OPTIONS_RESERVED},
        {ELLA_SUBSCRIBE, v311, "00 01 'a' 03", ELLA_ERROR_SUBSCRIPTION_QOS},
        {ELLA_SUBSCRIBE, v5, "00 01 'a' 30", ELLA_ERROR_RETAIN_HANDLING},
        {ELLA_SUBSCRIBE, v5, "00 0a '$share/g/a' 04", ELLA_ERROR_SHARE_NO_LOCAL},
    };
    for (const auto &row : rows) {
        const bytes filters = from_hex(row.filters);
        const std::string text(filters.begin(), filters.end());
        EXPECT_REFUSED(subscription_of(row.type, text), row.version, client, row.error)
            << row.filters;
    }
    struct ella_packet packet = subscription_of(ELLA_UNSUBSCRIBE, std::string_view("\0\1a", 3));
    packet.subscribe.packet_id = 0;
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_PACKET_ID_ZERO);
}

struct ella_packet codes_of(enum ella_packet_type type, std::string_view codes) {
    struct ella_packet packet = packet_of(type);
    packet.suback.packet_id = 7;
    packet.suback.reason_codes = slice(codes);
    return packet;
}

TEST(EncodeSuback, CarriesACodeForEachFilter) {
    const std::string_view granted("\x01\x80", 2);
    EXPECT_EQ(encoded(codes_of(ELLA_SUBACK, granted), v311, server), "90 04 00 07 01 80");
    EXPECT_EQ(encoded(codes_of(ELLA_SUBACK, granted), v5, server), "90 05 00 07 00 01 80");
    EXPECT_EQ(encoded(codes_of(ELLA_UNSUBACK, std::string_view("\0\x11", 2)), v5, server),
              "b0 05 00 07 00 00 11");
    EXPECT_EQ(encoded(codes_of(ELLA_UNSUBACK, ""), v311, server), "b0 02 00 07");
}

TEST(EncodeSuback, RefusesCodesThatAreNotItsOwn) {
    //= v3/3.9.3-2 test
    EXPECT_REFUSED(codes_of(ELLA_SUBACK, "\x87"), v311, server, ELLA_ERROR_REASON_CODE);
    EXPECT_REFUSED(codes_of(ELLA_SUBACK, "\x03"), v31, server, ELLA_ERROR_REASON_CODE);
    //= v5/3.9.3-2 test
    EXPECT_REFUSED(codes_of(ELLA_SUBACK, "\x11"), v5, server, ELLA_ERROR_REASON_CODE);
    //= v5/3.11.3-2 test
    EXPECT_REFUSED(codes_of(ELLA_UNSUBACK, "\x01"), v5, server, ELLA_ERROR_REASON_CODE);
    EXPECT_REFUSED(codes_of(ELLA_SUBACK, ""), v5, server, ELLA_ERROR_REASON_CODE);
    EXPECT_REFUSED(codes_of(ELLA_UNSUBACK, "\x11"), v311, server, ELLA_ERROR_VERSION_LACKS_FIELD);
}

// ---- The small ones

TEST(EncodePing, IsTwoBytes) {
    EXPECT_EQ(encoded(packet_of(ELLA_PINGREQ), v31, client), "c0 00");
    EXPECT_EQ(encoded(packet_of(ELLA_PINGREQ), v5, client), "c0 00");
    EXPECT_EQ(encoded(packet_of(ELLA_PINGRESP), v311, server), "d0 00");
}

TEST(EncodeDisconnect, TakesTheShortestForm) {
    EXPECT_EQ(encoded(reason_of(ELLA_DISCONNECT, 0), v311, client), "e0 00");
    EXPECT_EQ(encoded(reason_of(ELLA_DISCONNECT, 0), v5, client), "e0 00");
    EXPECT_EQ(encoded(reason_of(ELLA_DISCONNECT, 0x04), v5, client), "e0 01 04");
    EXPECT_EQ(encoded(reason_of(ELLA_DISCONNECT, 0x8e), v5, server), "e0 01 8e");
    struct ella_packet packet = reason_of(ELLA_DISCONNECT, 0);
    ella_property_set(&packet.reason.properties, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
    packet.reason.properties.session_expiry_interval_s = 1;
    EXPECT_EQ(encoded(packet, v5, client), "e0 07 00 05 11 00 00 00 01");
    //= v5/3.14.2-2 test
    EXPECT_REFUSED(packet, v5, server, ELLA_ERROR_PROPERTY_NOT_ALLOWED);
    //= v5/3.14.2-1 test
    EXPECT_REFUSED(reason_of(ELLA_DISCONNECT, 0x92), v5, client, ELLA_ERROR_REASON_CODE);
    EXPECT_REFUSED(reason_of(ELLA_DISCONNECT, 0x18), v5, server, ELLA_ERROR_REASON_CODE);
    EXPECT_REFUSED(reason_of(ELLA_DISCONNECT, 0x04), v311, client, ELLA_ERROR_VERSION_LACKS_FIELD);
    EXPECT_REFUSED(reason_of(ELLA_DISCONNECT, 0), v311, server, ELLA_ERROR_PACKET_DIRECTION);
}

TEST(EncodeAuth, NeedsAMethod) {
    struct ella_packet packet = reason_of(ELLA_AUTH, 0x18);
    //= v5/u-3.15.2.2.2-1 test
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_AUTHENTICATION_METHOD_MISSING);
    ella_property_set(&packet.reason.properties, ELLA_PROPERTY_AUTHENTICATION_DATA);
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_AUTHENTICATION_METHOD_MISSING);
    packet.reason.properties.present = 0;
    ella_property_set(&packet.reason.properties, ELLA_PROPERTY_AUTHENTICATION_METHOD);
    packet.reason.properties.authentication_method = slice("M");
    EXPECT_EQ(encoded(packet, v5, client), hex("f0 06 18 04 15 00 01 'M'"));
    packet.reason.reason_code = 0x87;
    //= v5/3.15.2-1 test
    EXPECT_REFUSED(packet, v5, server, ELLA_ERROR_REASON_CODE);
    packet.reason.reason_code = 0;
    EXPECT_EQ(encoded(packet, v5, server), hex("f0 06 00 04 15 00 01 'M'"));
    EXPECT_REFUSED(packet, v311, client, ELLA_ERROR_VERSION_LACKS_FIELD);
}

// ---- Who may send what, and when

TEST(EncodeDirection, IsChecked) {
    EXPECT_REFUSED(packet_of(ELLA_CONNACK), v5, client, ELLA_ERROR_PACKET_DIRECTION);
    EXPECT_REFUSED(packet_of(ELLA_PINGRESP), v311, client, ELLA_ERROR_PACKET_DIRECTION);
    EXPECT_REFUSED(packet_of(ELLA_PINGREQ), v5, server, ELLA_ERROR_PACKET_DIRECTION);
    EXPECT_REFUSED(connect_of(5, "c"), v5, server, ELLA_ERROR_PACKET_DIRECTION);
    EXPECT_REFUSED(packet_of(ELLA_PINGREQ), ELLA_VERSION_UNKNOWN, client,
                   ELLA_ERROR_CONNECT_EXPECTED);
    EXPECT_REFUSED(packet_of(ELLA_PINGREQ), static_cast<enum ella_version>(6), client,
                   ELLA_ERROR_PROTOCOL_VERSION);
    EXPECT_REFUSED(packet_of(static_cast<enum ella_packet_type>(0)), v5, client,
                   ELLA_ERROR_PACKET_TYPE_RESERVED);
    EXPECT_REFUSED(packet_of(static_cast<enum ella_packet_type>(16)), v5, client,
                   ELLA_ERROR_PACKET_TYPE_RESERVED);
}

// ---- Properties

TEST(EncodeProperties, AreWrittenInTheOrderOfTheirIdentifiers) {
    struct ella_packet packet = publish_of("t", "");
    struct ella_properties *p = &packet.publish.properties;
    const std::string mixed("\x26\0\1k\0\1v\x0b\x05\x26\0\0\0\0", 14);
    p->payload_format_indicator = 1;
    p->message_expiry_interval_s = 0x01020304;
    p->content_type = slice("ct");
    p->response_topic = slice("r");
    p->correlation_data = slice(std::string_view("\0\xff", 2));
    p->topic_alias = 9;
    // Both runs hold both kinds, as they do when a packet came in mixed; only their own count.
    p->subscription_identifiers = slice(mixed);
    p->user_properties = slice(mixed);
    for (const enum ella_property_id id :
         {ELLA_PROPERTY_PAYLOAD_FORMAT_INDICATOR, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL,
          ELLA_PROPERTY_CONTENT_TYPE, ELLA_PROPERTY_RESPONSE_TOPIC, ELLA_PROPERTY_CORRELATION_DATA,
          ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER, ELLA_PROPERTY_TOPIC_ALIAS,
          ELLA_PROPERTY_USER_PROPERTY})
        ella_property_set(p, id);
    EXPECT_EQ(encoded(packet, v5, server),
              hex("30 2a 00 01 't' 26 01 01 02 01 02 03 04 03 00 02 'ct' 08 00 01 'r'"
                  "09 00 02 00 ff 0b 05 23 00 09 26 00 01 'k' 00 01 'v' 26 00 00 00 00"));
    //= v5/3.3.4-6 test
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_SUBSCRIPTION_IDENTIFIER_FROM_CLIENT);
    EXPECT_REFUSED(packet, v311, server, ELLA_ERROR_VERSION_LACKS_FIELD);
}

TEST(EncodeProperties, ThatDoNotBelongAreRefused) {
    struct ella_packet packet = packet_of(ELLA_CONNACK);
    //= v5/u-2.2.2.2-1 test
    for (const uint32_t id : {0u, 4u, 10u, 0x2bu, 63u}) {
        packet.connack.properties.present = uint64_t{1} << id;
        EXPECT_REFUSED(packet, v5, server, ELLA_ERROR_PROPERTY_UNKNOWN) << id;
    }
    packet.connack.properties.present = 0;
    ella_property_set(&packet.connack.properties, ELLA_PROPERTY_TOPIC_ALIAS);
    EXPECT_REFUSED(packet, v5, server, ELLA_ERROR_PROPERTY_NOT_ALLOWED);
    EXPECT_REFUSED(packet, v311, server, ELLA_ERROR_VERSION_LACKS_FIELD);
    packet.connack.properties.present = 0;
    ella_property_set(&packet.connack.properties, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
    EXPECT_REFUSED(packet, v5, server, ELLA_ERROR_PROPERTY_NOT_ALLOWED);
}

TEST(EncodeProperties, OutOfRangeAreRefused) {
    struct ella_packet packet = packet_of(ELLA_CONNACK);
    struct ella_properties *p = &packet.connack.properties;
    ella_property_set(p, ELLA_PROPERTY_RECEIVE_MAXIMUM);
    EXPECT_REFUSED(packet, v5, server, ELLA_ERROR_PROPERTY_RANGE);
    p->present = 0;
    ella_property_set(p, ELLA_PROPERTY_MAXIMUM_QOS);
    p->maximum_qos = 2;
    EXPECT_REFUSED(packet, v5, server, ELLA_ERROR_PROPERTY_RANGE);
    packet = connect_of(5, "c");
    ella_property_set(&packet.connect.properties, ELLA_PROPERTY_AUTHENTICATION_DATA);
    //= v5/u-3.1.2.11.10-1 test
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_AUTHENTICATION_DATA_WITHOUT_METHOD);
    packet = publish_of("t", "");
    ella_property_set(&packet.publish.properties, ELLA_PROPERTY_RESPONSE_TOPIC);
    EXPECT_REFUSED(packet, v5, client, ELLA_ERROR_PROPERTY_RANGE);
}

TEST(EncodeProperties, CanBeEncodedByThemselves) {
    struct ella_properties p = {};
    p.message_expiry_interval_s = 3;
    ella_property_set(&p, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    p.content_type = slice("ct");
    ella_property_set(&p, ELLA_PROPERTY_CONTENT_TYPE);
    const bytes expected = from_hex("02 00 00 00 03 03 00 02 'ct'");
    uint32_t size = 0;
    ASSERT_EQ(ella_properties_size(&p, ELLA_PUBLISH, client, &size), ELLA_ERROR_NONE);
    ASSERT_EQ(size, expected.size());
    bytes buf(size + 2, 0xee);
    EXPECT_EQ(ella_properties_encode(&p, ELLA_PUBLISH, client, buf.data(), 1, size, &size),
              ELLA_ERROR_BUFFER_TOO_SMALL);
    EXPECT_EQ(buf, bytes(size + 2, 0xee));
    ASSERT_EQ(ella_properties_encode(&p, ELLA_PUBLISH, client, buf.data(), 1, size + 1, &size),
              ELLA_ERROR_NONE);
    EXPECT_EQ(bytes(buf.begin() + 1, buf.end() - 1), expected);
    EXPECT_EQ(buf.back(), 0xee);

    struct ella_properties back;
    uint32_t error_at = 0;
    ASSERT_EQ(
        ella_properties_decode(ELLA_PUBLISH, client, buf.data(), 1, size + 1, &back, &error_at),
        ELLA_ERROR_NONE);
    EXPECT_EQ(back.present, p.present);
    EXPECT_EQ(back.message_expiry_interval_s, 3u);

    EXPECT_EQ(ella_properties_size(&p, ELLA_CONNACK, server, &size),
              ELLA_ERROR_PROPERTY_NOT_ALLOWED);
    EXPECT_EQ(ella_properties_encode(&p, ELLA_CONNACK, server, buf.data(), 0, 9, &size),
              ELLA_ERROR_PROPERTY_NOT_ALLOWED);
}

TEST(EncodeProperties, RunsFromOtherHandsAreChecked) {
    struct {
        const char *run;
        enum ella_error error;
    } const rows[] = {
        {"0b 00", ELLA_ERROR_PROPERTY_RANGE},
        {"0b 81 00", ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST},
        {"0b 81", ELLA_ERROR_FIELD_PAST_END},
        {"0b 01 0b 02", ELLA_ERROR_PROPERTY_REPEATED}, // SUBSCRIBE takes one
        {"ff", ELLA_ERROR_FIELD_PAST_END},
    };
    for (const auto &row : rows) {
        const bytes run = from_hex(row.run);
        struct ella_packet packet =
            subscription_of(ELLA_SUBSCRIBE, std::string_view("\0\1a\0", 4));
        ella_property_set(&packet.subscribe.properties, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
        packet.subscribe.properties.subscription_identifiers =
            ella_slice_of(run.data(), static_cast<uint32_t>(run.size()));
        EXPECT_REFUSED(packet, v5, client, row.error) << row.run;
    }
}

// ---- Limits

// A slice that is long but must not be looked at.
struct ella_slice long_slice(uint32_t len) {
    static const uint8_t byte = 0;
    struct ella_slice s = {&byte, 0, len};
    return s;
}

TEST(EncodeLimits, AStringHasAtMost65535Bytes) {
    struct ella_packet packet = publish_of("", "");
    uint32_t size = 0;
    packet.publish.topic = long_slice(ELLA_STRING_LEN_MAX);
    EXPECT_EQ(ella_encoded_size(&packet, v311, client, &size), ELLA_ERROR_NONE);
    EXPECT_EQ(size, 1u + 3u + 2u + ELLA_STRING_LEN_MAX);
    packet.publish.topic = long_slice(ELLA_STRING_LEN_MAX + 1);
    //= v3/4.7.3-3 test
    //= v5/4.7.3-3 test
    EXPECT_EQ(ella_encoded_size(&packet, v311, client, &size), ELLA_ERROR_FIELD_TOO_LONG);
    packet = connect_of(5, "");
    packet.connect.client_id = long_slice(ELLA_STRING_LEN_MAX + 1);
    EXPECT_EQ(ella_encoded_size(&packet, v5, client, &size), ELLA_ERROR_FIELD_TOO_LONG);
    packet = packet_of(ELLA_CONNACK);
    packet.connack.properties.reason_string = long_slice(ELLA_STRING_LEN_MAX + 1);
    ella_property_set(&packet.connack.properties, ELLA_PROPERTY_REASON_STRING);
    EXPECT_EQ(ella_encoded_size(&packet, v5, server, &size), ELLA_ERROR_FIELD_TOO_LONG);
}

TEST(EncodeLimits, APacketHasAtMostWhatItsLengthCanSay) {
    struct ella_packet packet = publish_of("t", "");
    uint32_t size = 0;
    packet.publish.payload = long_slice(ELLA_REMAINING_LENGTH_MAX - 3);
    EXPECT_EQ(ella_encoded_size(&packet, v311, client, &size), ELLA_ERROR_NONE);
    EXPECT_EQ(size, ELLA_PACKET_SIZE_MAX);
    packet.publish.payload = long_slice(ELLA_REMAINING_LENGTH_MAX - 2);
    EXPECT_EQ(ella_encoded_size(&packet, v311, client, &size), ELLA_ERROR_FIELD_TOO_LONG);
    packet.publish.payload = long_slice(UINT32_MAX);
    EXPECT_EQ(ella_publish_size(&packet.publish, v5, client, &size), ELLA_ERROR_FIELD_TOO_LONG);
    EXPECT_EQ(size, ELLA_PACKET_SIZE_MAX);
}

TEST(EncodeLimits, TheRemainingLengthGrowsByteByByte) {
    const std::string payload(20000, 'x');
    struct {
        uint32_t remaining_length;
        uint32_t header_len;
    } const rows[] = {{127, 2}, {128, 3}, {16383, 3}, {16384, 4}};
    for (const auto &row : rows) {
        const struct ella_packet packet =
            publish_of("t", std::string_view(payload).substr(0, row.remaining_length - 3));
        std::vector<uint8_t> buf(row.header_len + row.remaining_length);
        uint32_t size = 0;
        ASSERT_EQ(ella_encode(&packet, v311, client, buf.data(), 0,
                              static_cast<uint32_t>(buf.size()), &size),
                  ELLA_ERROR_NONE);
        EXPECT_EQ(size, buf.size());
    }
}

// ---- The checked encoder

enum ella_error checked(const struct ella_packet &packet, enum ella_version version,
                        enum ella_sender sender) {
    uint8_t buf[256];
    uint32_t size = 0;
    uint32_t unchecked = 0;
    EXPECT_EQ(ella_encoded_size(&packet, version, sender, &unchecked), ELLA_ERROR_NONE);
    return ella_encode_checked(&packet, version, sender, buf, 0, sizeof buf, &size);
}

TEST(EncodeChecked, LooksIntoTheStringsOfConnect) {
    struct ella_packet packet = full_connect(5);
    EXPECT_EQ(checked(packet, v5, client), ELLA_ERROR_NONE);
    packet.connect.client_id = slice("a\xff");
    //= v3/1.5.3-1 test
    //= v5/1.5.4-1 test
    //= v3/3.1.3-4 test
    //= v5/3.1.3-4 test
    EXPECT_EQ(checked(packet, v5, client), ELLA_ERROR_STRING_NOT_UTF8);
    packet = full_connect(4);
    packet.connect.will_topic = slice("a/+");
    //= v3/4.7.1-1 test
    //= v5/4.7.0-1 test
    EXPECT_EQ(checked(packet, v311, client), ELLA_ERROR_TOPIC_NAME_WILDCARD);
    packet = full_connect(4);
    packet.connect.will_topic = slice("\xed\xa0\x80");
    //= v3/3.1.3-10 test
    //= v5/3.1.3-11 test
    EXPECT_EQ(checked(packet, v311, client), ELLA_ERROR_STRING_NOT_UTF8);
    packet = full_connect(4);
    packet.connect.user_name = slice(std::string_view("a\0", 2));
    //= v3/1.5.3-2 test
    //= v5/1.5.4-2 test
    //= v3/3.1.3-11 test
    //= v5/3.1.3-12 test
    EXPECT_EQ(checked(packet, v311, client), ELLA_ERROR_STRING_NULL_CHARACTER);
    packet = full_connect(4);
    packet.connect.password = slice("\xff"); // is not a string
    packet.connect.will_payload = slice("\xff");
    EXPECT_EQ(checked(packet, v311, client), ELLA_ERROR_NONE);
}

TEST(EncodeChecked, LooksIntoTopicsAndFilters) {
    //= v3/3.3.2-2 test
    //= v5/3.3.2-2 test
    EXPECT_EQ(checked(publish_of("a/#", ""), v5, client), ELLA_ERROR_TOPIC_NAME_WILDCARD);
    EXPECT_EQ(checked(publish_of("a/b", "\xff"), v5, client), ELLA_ERROR_NONE);
    struct ella_packet packet = publish_of("t", "");
    ella_property_set(&packet.publish.properties, ELLA_PROPERTY_RESPONSE_TOPIC);
    packet.publish.properties.response_topic = slice("r/+");
    //= v5/3.3.2-14 test
    EXPECT_EQ(checked(packet, v5, client), ELLA_ERROR_RESPONSE_TOPIC);
    packet.publish.properties.response_topic = slice("\xff");
    //= v5/3.3.2-13 test
    EXPECT_EQ(checked(packet, v5, client), ELLA_ERROR_STRING_NOT_UTF8);
    const std::string_view bad("\0\3a/b\0\0\2#a\0", 11);
    //= v3/3.8.3-1 test
    //= v5/3.8.3-1 test
    EXPECT_EQ(checked(subscription_of(ELLA_SUBSCRIBE, bad), v5, client),
              ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD);
    //= v3/3.10.3-1 test
    //= v5/3.10.3-1 test
    EXPECT_EQ(
        checked(subscription_of(ELLA_UNSUBSCRIBE, std::string_view("\0\1\xff", 3)), v311, client),
        ELLA_ERROR_STRING_NOT_UTF8);
}

TEST(EncodeChecked, RefusesWhatTheUncheckedWayRefuses) {
    struct ella_packet packet = publish_of("a", "");
    packet.publish.qos = 3;
    uint8_t untouched[4] = {0xee, 0xee, 0xee, 0xee};
    uint32_t size = 0;
    EXPECT_EQ(ella_encode_checked(&packet, v5, client, untouched, 0, 4, &size),
              ELLA_ERROR_PUBLISH_QOS);
    EXPECT_EQ(to_hex(untouched, sizeof untouched), "ee ee ee ee");
}

TEST(EncodeChecked, LetsAnAliasStandForTheTopic) {
    struct ella_packet packet = publish_of("", "x");
    ella_property_set(&packet.publish.properties, ELLA_PROPERTY_TOPIC_ALIAS);
    packet.publish.properties.topic_alias = 1;
    EXPECT_EQ(checked(packet, v5, client), ELLA_ERROR_NONE);
}

TEST(EncodeChecked, LooksIntoEveryStringProperty) {
    struct row {
        enum ella_property_id id;
        struct ella_slice ella_properties::*member;
    };
    const row rows[] = {
        {ELLA_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER, &ella_properties::assigned_client_identifier},
        {ELLA_PROPERTY_AUTHENTICATION_METHOD, &ella_properties::authentication_method},
        {ELLA_PROPERTY_RESPONSE_INFORMATION, &ella_properties::response_information},
        {ELLA_PROPERTY_SERVER_REFERENCE, &ella_properties::server_reference},
        {ELLA_PROPERTY_REASON_STRING, &ella_properties::reason_string},
    };
    for (const row &row : rows) {
        struct ella_packet packet = packet_of(ELLA_CONNACK);
        ella_property_set(&packet.connack.properties, row.id);
        packet.connack.properties.*row.member = slice("good");
        EXPECT_EQ(checked(packet, v5, server), ELLA_ERROR_NONE);
        packet.connack.properties.*row.member = slice("\xc0\x80");
        EXPECT_EQ(checked(packet, v5, server), ELLA_ERROR_STRING_NOT_UTF8) << row.id;
    }
    struct ella_packet packet = publish_of("t", "");
    ella_property_set(&packet.publish.properties, ELLA_PROPERTY_CONTENT_TYPE);
    packet.publish.properties.content_type = slice("\x80");
    EXPECT_EQ(checked(packet, v5, server), ELLA_ERROR_STRING_NOT_UTF8);
}

TEST(EncodeChecked, LooksIntoBothHalvesOfUserPropertiesInEveryPacket) {
    for (const std::string &run :
         {std::string("\x26\0\1\xff\0\1v", 7), std::string("\x26\0\1k\0\1\xff", 7)}) {
        for (uint32_t type = ELLA_CONNECT; type <= ELLA_AUTH; type++) {
            if (type == ELLA_PINGREQ || type == ELLA_PINGRESP)
                continue;
            struct ella_properties properties = {};
            ella_property_set(&properties, ELLA_PROPERTY_USER_PROPERTY);
            properties.user_properties = slice(run);
            struct ella_packet packet = {};
            packet.type = static_cast<enum ella_packet_type>(type);
            packet.connect.version = 5;
            packet.connect.properties = properties;
            packet.connack.properties = properties;
            packet.publish.topic = slice("t");
            packet.publish.properties = properties;
            packet.ack.packet_id = 1;
            packet.ack.properties = properties;
            packet.subscribe.packet_id = 1;
            packet.subscribe.filters = type == ELLA_SUBSCRIBE
                                           ? slice(std::string_view("\0\1a\0", 4))
                                           : slice(std::string_view("\0\1a", 3));
            packet.subscribe.properties = properties;
            packet.suback.packet_id = 1;
            packet.suback.reason_codes = slice(std::string_view("\0", 1));
            packet.suback.properties = properties;
            packet.reason.properties = properties;
            ella_property_set(&packet.reason.properties, ELLA_PROPERTY_AUTHENTICATION_METHOD);
            if (type == ELLA_DISCONNECT)
                packet.reason.properties = properties;
            packet.reason.reason_code = type == ELLA_AUTH ? 0x18 : 0;
            const bool by_server =
                type == ELLA_CONNACK || type == ELLA_SUBACK || type == ELLA_UNSUBACK;
            //= v5/1.5.7-1 test
            EXPECT_EQ(checked(packet, v5, by_server ? server : client), ELLA_ERROR_STRING_NOT_UTF8)
                << ella_packet_name(type);
        }
    }
}

TEST(EncodeChecked, LooksIntoTheWillProperties) {
    struct ella_packet packet = full_connect(5);
    ella_property_set(&packet.connect.will_properties, ELLA_PROPERTY_CONTENT_TYPE);
    packet.connect.will_properties.content_type = slice("\xff");
    EXPECT_EQ(checked(packet, v5, client), ELLA_ERROR_STRING_NOT_UTF8);
}

} // namespace
