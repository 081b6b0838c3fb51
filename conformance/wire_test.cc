// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Golden bytes typed by hand from chapters 2 and 3 of the standards, in both directions, and what
// the decoder says about packets that are wrong.

#include "conformance/wire.h"

#include <gtest/gtest.h>

#include "conformance/wire_fields.h"

namespace conformance {
namespace {

std::string bytes_of(const std::string &hex) {
    std::string out;
    for (size_t i = 0; i + 1 < hex.size();) {
        if (hex[i] == ' ') {
            i++;
            continue;
        }
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
        i += 2;
    }
    return out;
}

packet make(packet_type type, std::vector<field> fields = {}) {
    packet result;
    result.type = type;
    result.fields = std::move(fields);
    return result;
}

value num(uint64_t number) {
    return value::of(number);
}
value str(std::string text) {
    return value::of(std::move(text));
}

struct golden {
    const char *name;
    unsigned version;
    bool from_server;
    packet content;
    const char *hex;
    const char *described; // what decoding the bytes shows
};

std::vector<golden> goldens() {
    using pt = packet_type;
    return {
        {"connect_3_1", 3, false, make(pt::connect, {{"id", str("p")}, {"keep_alive", num(10)}}),
         "10 0f 00 06 4d 51 49 73 64 70 03 02 00 0a 00 01 70",
         "CONNECT version=3 clean_start=1 keep_alive=10 id=\"p\""},
        {"connect_3_1_1_all", 4, false,
         make(pt::connect, {{"id", str("c")},
                            {"clean_start", num(0)},
                            {"will_topic", str("w")},
                            {"will_payload", str("m")},
                            {"will_qos", num(2)},
                            {"will_retain", num(1)},
                            {"user_name", str("u")},
                            {"password", str("p")}}),
         "10 19 00 04 4d 51 54 54 04 f4 00 00 00 01 63 00 01 77 00 01 6d 00 01 75 00 01 70",
         "CONNECT version=4 clean_start=0 keep_alive=0 id=\"c\" will_qos=2 will_retain=1 "
         "will_topic=\"w\" "
         "will_payload=\"m\" user_name=\"u\" password=\"p\""},
        {"connect_5_properties", 5, false,
         make(pt::connect, {{"id", str("c")},
                            {"session_expiry_interval", num(10)},
                            {"user_property", value::of("a", "b")},
                            {"will_topic", str("w")},
                            {"will_delay_interval", num(1)},
                            {"will_content_type", str("t")}}),
         "10 29 00 04 4d 51 54 54 05 06 00 00 0c 11 00 00 00 0a 26 00 01 61 00 01 62 00 01 63"
         " 09 18 00 00 00 01 03 00 01 74 00 01 77 00 00",
         "CONNECT version=5 clean_start=1 keep_alive=0 session_expiry_interval=10 "
         "user_property=\"a\":\"b\" "
         "id=\"c\" will_qos=0 will_retain=0 will_delay_interval=1 will_content_type=\"t\" "
         "will_topic=\"w\" "
         "will_payload=\"\""},
        {"connack_3_1_1", 4, true, make(pt::connack, {{"session_present", num(1)}}), "20 02 01 00",
         "CONNACK session_present=1 reason=0x00"},
        {"connack_5", 5, true,
         make(pt::connack, {{"reason", num(0)},
                            {"assigned_client_id", str("x")},
                            {"server_keep_alive", num(60)},
                            {"maximum_qos", num(1)}}),
         "20 0c 00 00 09 12 00 01 78 13 00 3c 24 01",
         "CONNACK session_present=0 reason=0x00 assigned_client_id=\"x\" server_keep_alive=60 "
         "maximum_qos=1"},
        {"publish_qos_0", 4, true,
         make(pt::publish, {{"topic", str("a/b")}, {"payload", str("hi")}}),
         "30 07 00 03 61 2f 62 68 69",
         "PUBLISH topic=\"a/b\" qos=0 retain=0 dup=0 payload=\"hi\""},
        {"publish_all", 5, true,
         make(pt::publish, {{"topic", str("t")},
                            {"qos", num(2)},
                            {"retain", num(1)},
                            {"dup", num(1)},
                            {"packet_id", num(0x1234)},
                            {"payload_format_indicator", num(1)},
                            {"message_expiry_interval", num(5)},
                            {"topic_alias", num(3)},
                            {"response_topic", str("r")},
                            {"correlation_data", str(std::string("\x00\xFF", 2))},
                            {"subscription_identifier", num(200)},
                            {"content_type", str("c")},
                            {"payload", str("p")}}),
         "3d 21 00 01 74 12 34 1a 01 01 02 00 00 00 05 23 00 03 08 00 01 72 09 00 02 00 ff 0b c8 "
         "01 03 00 01 63"
         " 70",
         "PUBLISH topic=\"t\" qos=2 retain=1 dup=1 packet_id=4660 payload_format_indicator=1 "
         "message_expiry_interval=5 topic_alias=3 response_topic=\"r\" correlation_data=hex:00ff "
         "subscription_identifier=200 content_type=\"c\" payload=\"p\""},
        {"puback_3_1_1", 4, true, make(pt::puback, {{"packet_id", num(1)}}), "40 02 00 01",
         "PUBACK packet_id=1"},
        {"puback_short", 5, true, make(pt::puback, {{"packet_id", num(1)}}), "40 02 00 01",
         "PUBACK packet_id=1 reason=0x00"},
        {"pubrec_reason_only", 5, true,
         make(pt::pubrec, {{"packet_id", num(1)}, {"reason", num(0x87)}}), "50 03 00 01 87",
         "PUBREC packet_id=1 reason=0x87"},
        {"pubrel", 5, true, make(pt::pubrel, {{"packet_id", num(2)}}), "62 02 00 02",
         "PUBREL packet_id=2 reason=0x00"},
        {"pubcomp_reason_string", 5, true,
         make(pt::pubcomp,
              {{"packet_id", num(2)}, {"reason", num(0x92)}, {"reason_string", str("no")}}),
         "70 09 00 02 92 05 1f 00 02 6e 6f",
         "PUBCOMP packet_id=2 reason=0x92 reason_string=\"no\""},
        {"subscribe_3_1_1", 4, false,
         make(pt::subscribe, {{"packet_id", num(10)},
                              {"filter", str("a")},
                              {"qos", num(1)},
                              {"filter", str("b/#")},
                              {"qos", num(2)}}),
         "82 0c 00 0a 00 01 61 01 00 03 62 2f 23 02",
         "SUBSCRIBE packet_id=10 filter=\"a\" qos=1 filter=\"b/#\" qos=2"},
        {"subscribe_5_options", 5, false,
         make(pt::subscribe, {{"packet_id", num(1)},
                              {"subscription_identifier", num(7)},
                              {"filter", str("a")},
                              {"qos", num(1)},
                              {"no_local", num(1)},
                              {"retain_as_published", num(1)},
                              {"retain_handling", num(2)}}),
         "82 09 00 01 02 0b 07 00 01 61 2d",
         "SUBSCRIBE packet_id=1 subscription_identifier=7 filter=\"a\" qos=1 no_local=1 "
         "retain_as_published=1 retain_handling=2"},
        {"suback_3_1_1", 4, true,
         make(pt::suback, {{"packet_id", num(10)}, {"reason", num(0)}, {"reason", num(0x80)}}),
         "90 04 00 0a 00 80", "SUBACK packet_id=10 reason=0x00 reason=0x80"},
        {"suback_5", 5, true, make(pt::suback, {{"packet_id", num(10)}, {"reason", num(0x8F)}}),
         "90 04 00 0a 00 8f", "SUBACK packet_id=10 reason=0x8f"},
        {"unsubscribe_3_1_1", 4, false,
         make(pt::unsubscribe, {{"packet_id", num(9)}, {"filter", str("a")}}),
         "a2 05 00 09 00 01 61", "UNSUBSCRIBE packet_id=9 filter=\"a\""},
        {"unsubscribe_5", 5, false,
         make(pt::unsubscribe, {{"packet_id", num(9)}, {"filter", str("a")}}),
         "a2 06 00 09 00 00 01 61", "UNSUBSCRIBE packet_id=9 filter=\"a\""},
        {"unsuback_3_1_1", 4, true, make(pt::unsuback, {{"packet_id", num(9)}}), "b0 02 00 09",
         "UNSUBACK packet_id=9"},
        {"unsuback_5", 5, true, make(pt::unsuback, {{"packet_id", num(9)}, {"reason", num(0x11)}}),
         "b0 04 00 09 00 11", "UNSUBACK packet_id=9 reason=0x11"},
        {"pingreq", 5, false, make(pt::pingreq), "c0 00", "PINGREQ"},
        {"pingresp", 5, true, make(pt::pingresp), "d0 00", "PINGRESP"},
        {"disconnect_3_1_1", 4, false, make(pt::disconnect), "e0 00", "DISCONNECT"},
        {"disconnect_short", 5, true, make(pt::disconnect), "e0 00", "DISCONNECT reason=0x00"},
        {"disconnect_reason", 5, true, make(pt::disconnect, {{"reason", num(0x8E)}}), "e0 01 8e",
         "DISCONNECT reason=0x8e"},
        {"disconnect_expiry", 5, false,
         make(pt::disconnect, {{"reason", num(0)}, {"session_expiry_interval", num(0)}}),
         "e0 07 00 05 11 00 00 00 00", "DISCONNECT reason=0x00 session_expiry_interval=0"},
        {"auth", 5, true,
         make(pt::auth, {{"reason", num(0x18)},
                         {"authentication_method", str("M")},
                         {"authentication_data", str("d")}}),
         "f0 0a 18 08 15 00 01 4d 16 00 01 64",
         "AUTH reason=0x18 authentication_method=\"M\" authentication_data=\"d\""},
    };
}

TEST(Wire, GoldenPacketsEncode) {
    for (const golden &each : goldens()) {
        EXPECT_EQ(wire_hex(wire_encode(each.content, each.version)), wire_hex(bytes_of(each.hex)))
            << each.name;
    }
}

TEST(Wire, GoldenPacketsDecodeWithoutProblems) {
    for (const golden &each : goldens()) {
        const std::string bytes = bytes_of(each.hex);
        const decoded came = wire_decode(bytes, each.version, each.from_server);
        EXPECT_EQ(wire_describe(came.packet), each.described) << each.name;
        EXPECT_TRUE(came.problems.empty()) << each.name << ": " << came.problems[0];
        EXPECT_EQ(came.size_bytes, bytes.size()) << each.name;
    }
}

TEST(Wire, EveryPropertyGoesThereAndBack) {
    for (unsigned id = 0; id < 256; id++) {
        const property_info *property = property_by_id(id);
        if (property == nullptr) {
            continue;
        }
        value content = num(1);
        if (property->type == property_type::pair) {
            content = value::of("name", "value");
        } else if (property->type == property_type::string ||
                   property->type == property_type::binary) {
            content = str("text");
        }
        const bool will = property->packets == in_will;
        for (unsigned type = 1; type < 16; type++) {
            const auto packet_kind = static_cast<packet_type>(type);
            if ((property->packets & in_packet(packet_kind)) == 0 && !(will && type == 1)) {
                continue;
            }
            packet source = make(packet_kind, {{property->name, content}, {"packet_id", num(1)}});
            source.fields.push_back({"topic", str("t")});
            source.fields.push_back({"qos", num(packet_kind == packet_type::publish ? 1 : 0)});
            source.fields.push_back({"filter", str("t")});
            source.fields.push_back({"reason", num(packet_kind == packet_type::auth ? 0x18 : 0)});
            source.fields.push_back({"will_topic", str("t")});
            const bool client = packet_kind == packet_type::connect ||
                                packet_kind == packet_type::subscribe ||
                                packet_kind == packet_type::unsubscribe ||
                                (packet_kind == packet_type::disconnect && id == 0x11);
            const decoded came = wire_decode(wire_encode(source, 5), 5, !client);
            ASSERT_NE(came.packet.find(property->name), nullptr)
                << property->name << " in " << type;
            EXPECT_EQ(*came.packet.find(property->name), content) << property->name;
            EXPECT_TRUE(came.problems.empty())
                << property->name << " in " << type << ": " << came.problems[0];
        }
    }
}

TEST(Wire, WhatIsNamedIsWrittenEvenIfItIsWrong) {
    using pt = packet_type;
    EXPECT_EQ(wire_hex(wire_encode(make(pt::pingreq, {{"flags", num(3)}}), 5)), "c3 00");
    EXPECT_EQ(wire_hex(wire_encode(make(pt::pingreq, {{"append", str("x")}}), 5)), "c0 01 78");
    EXPECT_EQ(wire_hex(wire_encode(make(pt::pingreq, {{"remaining_length", num(300)}}), 5)),
              "c0 ac 02");
    EXPECT_EQ(
        wire_hex(wire_encode(make(pt::puback, {{"packet_id", num(1)}, {"truncate", num(1)}}), 5)),
        "40 01 00");
    EXPECT_EQ(wire_hex(wire_encode(
                  make(pt::puback, {{"packet_id", num(1)}, {"property_length", num(0)}}), 5)),
              "40 04 00 01 00 00");
    EXPECT_EQ(
        wire_hex(wire_encode(make(pt::publish, {{"packet_id", num(5)}, {"topic", str("t")}}), 4)),
        "30 05 00 01 74 00 05");
    EXPECT_EQ(wire_hex(wire_encode(make(pt::disconnect, {{"raw_property", str("\x7F")}}), 5)),
              "e0 03 00 01 7f");
    EXPECT_EQ(wire_hex(wire_encode(make(pt::auth, {{"reason", num(0)},
                                                   {"receive_maximum", num(1)},
                                                   {"receive_maximum", num(2)}}),
                                   5)),
              "f0 08 00 06 21 00 01 21 00 02");
}

struct wrong {
    const char *hex;
    unsigned version;
    bool from_server;
    const char *problem;
};

TEST(Wire, ProblemsAreNamed) {
    const std::vector<wrong> all = {
        {"21 02 00 00", 4, true, "reserved flags"},
        {"20 02 02 00", 4, true, "reserved acknowledge flags"},
        {"20 02 01 05", 4, true, "session_present with a refusal"},
        {"20 02 00 06", 4, true, "reserved return code"},
        {"20 01 00", 4, true, "ends inside reason"},
        {"20 03 00 00 00", 4, true, "1 bytes left over"},
        {"20 03 00 01 00", 5, true, "reason 1 is not defined"},
        {"20 05 00 00 02 24 02", 5, true, "maximum_qos has the forbidden value 2"},
        {"20 07 00 00 04 25 01 25 01", 5, true, "retain_available comes more than once"},
        {"20 05 00 00 02 17 01", 5, true, "request_problem_information is not allowed in CONNACK"},
        {"20 05 00 00 02 7f 01", 5, true, "unknown property identifier 127"},
        {"20 06 00 00 03 21 00 00", 5, true, "receive_maximum has the forbidden value 0"},
        {"36 05 00 01 74 00 01", 4, true, "QoS is 3"},
        {"38 03 00 01 74", 4, true, "DUP is set with QoS 0"},
        {"32 05 00 01 74 00 00", 4, true, "packet_id is 0"},
        {"30 03 00 01 23", 4, true, "wildcard"},
        {"30 02 00 00", 4, true, "the topic is empty"},
        {"30 04 00 02 c0 af", 4, true, "topic is not well-formed UTF-8"},
        {"30 03 00 01 00", 4, true, "topic is not well-formed UTF-8"},
        {"30 06 00 01 74 02 0b 05", 5, false, "not allowed in a client's PUBLISH"},
        {"60 02 00 01", 4, true, "reserved flags"},
        {"40 03 00 01 01", 5, true, "reason 1 is not defined"},
        {"90 02 00 01", 4, true, "no reason code"},
        {"90 03 00 01 03", 4, true, "reason 3 is not defined"},
        {"e0 00", 4, true, "DISCONNECT in this direction"},
        {"e0 07 00 05 11 00 00 00 01", 5, true, "not allowed in a server's DISCONNECT"},
        {"82 06 00 01 00 01 61 00", 4, true, "SUBSCRIBE in this direction"},
        {"82 06 00 01 00 01 61 03", 4, false, "forbidden subscription options 3"},
        {"d0 00", 5, false, "PINGRESP in this direction"},
        {"f0 00", 4, true, "type 15 is forbidden"},
        {"00 00", 5, true, "type 0 is forbidden"},
        {"d0 80 00", 5, true, "not in its shortest form"},
        {"f0 01 18", 5, true, "ends inside Property Length"},
        {"10 0d 00 04 4d 51 54 54 04 03 00 00 00 01 61", 4, false, "reserved Connect Flag"},
        {"10 0d 00 04 4d 51 54 54 04 0a 00 00 00 01 61", 4, false, "without Will Flag"},
    };
    for (const wrong &each : all) {
        const decoded came = wire_decode(bytes_of(each.hex), each.version, each.from_server);
        std::string problems;
        for (const std::string &problem : came.problems) {
            problems += problem + "; ";
        }
        EXPECT_NE(problems.find(each.problem), std::string::npos) << each.hex << ": " << problems;
    }
}

TEST(Wire, TheShortestFormIsARuleOf5) {
    EXPECT_FALSE(wire_decode(bytes_of("d0 80 00"), 5, true).problems.empty());
    EXPECT_TRUE(wire_decode(bytes_of("d0 80 00"), 4, true).problems.empty());
}

TEST(Wire, RepeatedSubscriptionIdentifiersAreLawfulFromTheServer) {
    const decoded came = wire_decode(bytes_of("30 08 00 01 74 04 0b 05 0b 06"), 5, true);
    EXPECT_TRUE(came.problems.empty());
    EXPECT_EQ(wire_describe(came.packet),
              "PUBLISH topic=\"t\" qos=0 retain=0 dup=0 subscription_identifier=5 "
              "subscription_identifier=6 payload=\"\"");
}

TEST(Wire, EveryCutOfAPacketIsReadWithoutHarm) {
    for (const golden &each : goldens()) {
        const std::string bytes = bytes_of(each.hex);
        for (size_t cut = 0; cut < bytes.size(); cut++) {
            size_t size = 0;
            EXPECT_EQ(wire_frame(bytes.substr(0, cut), &size), frame_status::incomplete)
                << each.name << cut;
            wire_decode(bytes.substr(0, cut), each.version, each.from_server);
        }
        size_t size = 0;
        EXPECT_EQ(wire_frame(bytes + "more", &size), frame_status::complete);
        EXPECT_EQ(size, bytes.size()) << each.name;
    }
}

TEST(Wire, AShortenedBodyIsAlwaysAProblem) {
    for (const golden &each : goldens()) {
        std::string bytes = bytes_of(each.hex);
        const bool may_be_shorter =
            each.content.type == packet_type::publish || each.content.find("reason") != nullptr;
        if (bytes.size() <= 2 || may_be_shorter || each.content.type == packet_type::suback) {
            continue; // their last part is optional or of any length
        }
        bytes.pop_back();
        bytes[1] = static_cast<char>(bytes[1] - 1);
        EXPECT_FALSE(wire_decode(bytes, each.version, each.from_server).problems.empty())
            << each.name;
    }
}

TEST(Wire, RemainingLengthOfFiveBytesIsMalformed) {
    size_t size = 0;
    EXPECT_EQ(wire_frame(bytes_of("30 ff ff ff ff 01"), &size), frame_status::malformed);
    EXPECT_EQ(wire_frame(bytes_of("30 ff ff ff"), &size), frame_status::incomplete);
}

TEST(Wire, VariableIntegersAtTheirEdges) {
    EXPECT_EQ(wire_hex(wire_variable_integer(0)), "00");
    EXPECT_EQ(wire_hex(wire_variable_integer(127)), "7f");
    EXPECT_EQ(wire_hex(wire_variable_integer(128)), "80 01");
    EXPECT_EQ(wire_hex(wire_variable_integer(16383)), "ff 7f");
    EXPECT_EQ(wire_hex(wire_variable_integer(16384)), "80 80 01");
    EXPECT_EQ(wire_hex(wire_variable_integer(2097152)), "80 80 80 01");
    EXPECT_EQ(wire_hex(wire_variable_integer(268435455)), "ff ff ff 7f");
}

TEST(Wire, Utf8AtItsEdges) {
    EXPECT_TRUE(wire_utf8_valid(""));
    EXPECT_TRUE(wire_utf8_valid("\xEF\xBB\xBF"));
    EXPECT_TRUE(wire_utf8_valid("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"));
    EXPECT_FALSE(wire_utf8_valid(std::string_view("\0", 1)));
    EXPECT_FALSE(wire_utf8_valid("\xC1\x81"));
    EXPECT_FALSE(wire_utf8_valid("\xE0\x9F\xBF"));
    EXPECT_FALSE(wire_utf8_valid("\xED\xA0\x80"));
    EXPECT_FALSE(wire_utf8_valid("\xF4\x90\x80\x80"));
    EXPECT_FALSE(wire_utf8_valid("\xE2\x82"));
    EXPECT_FALSE(wire_utf8_valid("\x80"));
}

} // namespace
} // namespace conformance
