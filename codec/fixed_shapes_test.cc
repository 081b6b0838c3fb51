// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Packets of fixed shape, all of them: whatever the packet identifier, reason code, version and
// sender, ella_encode() writes the bytes of the standard, as many as announced, and ella_decode()
// makes the same packet of them. Nothing is drawn at random, and no value is left out. The proofs
// say the same of the parts (proofs/wp/shapes.h); this is of the whole.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "codec/test_support.h"
#include "libella/codec.h"

namespace {

const enum ella_version versions[] = {ELLA_VERSION_3_1, ELLA_VERSION_3_1_1, ELLA_VERSION_5_0};
const enum ella_sender senders[] = {ELLA_FROM_CLIENT, ELLA_FROM_SERVER};
constexpr uint32_t size_max = 8;

bool may_send(enum ella_packet_type type, enum ella_version version, enum ella_sender sender) {
    const struct ella_packet_rule &rule = ella_packet_rules[type];
    const uint32_t who = version == ELLA_VERSION_5_0 ? rule.v5_sent_by : rule.v3_sent_by;
    return (who >> sender & 1u) != 0;
}

// The reason codes that a packet of this type may carry.
std::vector<uint8_t> codes(enum ella_packet_type type, enum ella_version version,
                           enum ella_sender sender) {
    std::vector<uint8_t> out;
    if (type == ELLA_PINGREQ || type == ELLA_PINGRESP)
        return {0};
    const uint16_t *packets =
        sender == ELLA_FROM_CLIENT ? ella_reason_client_packets : ella_reason_server_packets;
    for (uint32_t code = 0; code < ELLA_REASON_COUNT; code++) {
        if ((packets[code] >> type & 1u) != 0)
            out.push_back(static_cast<uint8_t>(code));
    }
    if (version == ELLA_VERSION_5_0)
        return out;
    return type == ELLA_CONNACK ? std::vector<uint8_t>{0, 1, 2, 3, 4, 5} : std::vector<uint8_t>{0};
}

// What is on the wire, and what it means.
struct sample {
    struct ella_packet packet;
    uint8_t bytes[size_max];
    uint32_t size;

    void begin(enum ella_packet_type type) {
        packet.type = type;
        packet.connack = {};
        packet.ack = {};
        packet.suback = {};
        packet.reason = {};
    }
    void is(std::initializer_list<uint8_t> wanted) {
        size = static_cast<uint32_t>(wanted.size());
        std::copy(wanted.begin(), wanted.end(), bytes);
    }
};

bool same(const struct ella_packet &a, const struct ella_packet &b) {
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case ELLA_CONNACK:
        return a.connack.session_present == b.connack.session_present &&
               a.connack.reason_code == b.connack.reason_code &&
               b.connack.properties.present == 0;
    case ELLA_UNSUBACK:
        return a.suback.packet_id == b.suback.packet_id &&
               b.suback.reason_codes.off == b.suback.reason_codes.end;
    case ELLA_DISCONNECT:
        return a.reason.reason_code == b.reason.reason_code && b.reason.properties.present == 0;
    case ELLA_PINGREQ:
    case ELLA_PINGRESP:
        return true;
    default:
        return a.ack.packet_id == b.ack.packet_id && a.ack.reason_code == b.ack.reason_code &&
               b.ack.properties.present == 0;
    }
}

// Millions come here: no macros of the test's.
bool round_trips(const sample &s, enum ella_version version, enum ella_sender sender) {
    uint8_t bytes[size_max];
    uint32_t announced = 0, written = 0;
    struct ella_decoder decoder;
    static struct ella_packet back;
    if (ella_encoded_size(&s.packet, version, sender, &announced) != ELLA_ERROR_NONE ||
        announced != s.size ||
        ella_encode(&s.packet, version, sender, bytes, 0, size_max, &written) !=
            ELLA_ERROR_NONE ||
        written != announced || std::memcmp(bytes, s.bytes, written) != 0)
        return false;
    ella_decoder_init(&decoder, version, sender, ELLA_PACKET_SIZE_MAX);
    return ella_decode(&decoder, bytes, 0, written, &back) == ELLA_PACKET &&
           decoder.size == written && same(s.packet, back);
}

// Each version and sender in which packets of the type may be sent; how many packets there were.
template <typename Make>
uint64_t expect_all(enum ella_packet_type type, uint32_t first_id, uint32_t last_id, Make make) {
    uint64_t count = 0;
    static sample s;
    for (const enum ella_version version : versions) {
        for (const enum ella_sender sender : senders) {
            if (!may_send(type, version, sender))
                continue;
            for (const uint8_t code : codes(type, version, sender)) {
                for (uint32_t id = first_id; id <= last_id; id++, count++) {
                    s.begin(type);
                    make(&s, static_cast<uint16_t>(id), code);
                    if (!round_trips(s, version, sender)) {
                        ADD_FAILURE() << ella_packet_name(type) << " version " << version
                                      << " sender " << sender << " id " << id << " code "
                                      << static_cast<int>(code);
                        return count;
                    }
                }
            }
        }
    }
    return count;
}

uint8_t high(uint16_t id) {
    return static_cast<uint8_t>(id >> 8);
}

uint8_t low(uint16_t id) {
    return static_cast<uint8_t>(id & 0xff);
}

uint64_t expect_acks(enum ella_packet_type type, uint8_t first_byte) {
    return expect_all(type, 1, 65535, [first_byte](sample *s, uint16_t id, uint8_t code) {
        s->packet.ack.packet_id = id;
        s->packet.ack.reason_code = code;
        if (code == 0)
            s->is({first_byte, 2, high(id), low(id)});
        else
            s->is({first_byte, 3, high(id), low(id), code});
    });
}

TEST(FixedShapes, EveryAcknowledgement) {
    // One code in 3.1 and 3.1.1. In 5.0 servers have one that clients have not: No matching
    // subscribers.
    EXPECT_EQ(expect_acks(ELLA_PUBACK, 0x40), 65535u * (2 + 2 + 8 + 9));
    EXPECT_EQ(expect_acks(ELLA_PUBREC, 0x50), 65535u * (2 + 2 + 8 + 9));
    EXPECT_EQ(expect_acks(ELLA_PUBREL, 0x62), 65535u * (2 + 2 + 2 + 2));
    EXPECT_EQ(expect_acks(ELLA_PUBCOMP, 0x70), 65535u * (2 + 2 + 2 + 2));
}

TEST(FixedShapes, EveryUnsubackBefore5) {
    uint64_t count = 0;
    for (const enum ella_version version : {ELLA_VERSION_3_1, ELLA_VERSION_3_1_1}) {
        for (uint32_t id = 1; id <= 65535; id++, count++) {
            static sample s;
            const auto packet_id = static_cast<uint16_t>(id);
            s.begin(ELLA_UNSUBACK);
            s.packet.suback.packet_id = packet_id;
            s.is({0xb0, 2, high(packet_id), low(packet_id)});
            ASSERT_TRUE(round_trips(s, version, ELLA_FROM_SERVER))
                << "version " << version << " id " << id;
        }
    }
    EXPECT_EQ(count, 2u * 65535u);
}

TEST(FixedShapes, EveryConnack) {
    // Session Present only with success: the standard has no other.
    for (const bool present : {false, true}) {
        for (const enum ella_version version : versions) {
            for (const uint8_t code : codes(ELLA_CONNACK, version, ELLA_FROM_SERVER)) {
                static sample s;
                if (present && (code != 0 || version == ELLA_VERSION_3_1))
                    continue;
                s.begin(ELLA_CONNACK);
                s.packet.connack.session_present = present;
                s.packet.connack.reason_code = code;
                if (version == ELLA_VERSION_5_0)
                    s.is({0x20, 3, present, code, 0});
                else
                    s.is({0x20, 2, present, code});
                ASSERT_TRUE(round_trips(s, version, ELLA_FROM_SERVER))
                    << "version " << version << " code " << static_cast<int>(code);
            }
        }
    }
}

TEST(FixedShapes, EveryPingAndDisconnect) {
    const auto empty = [](uint8_t first_byte) {
        return [first_byte](sample *s, uint16_t, uint8_t code) {
            s->packet.reason.reason_code = code;
            if (code == 0)
                s->is({first_byte, 0});
            else
                s->is({first_byte, 1, code});
        };
    };
    // 3.1, 3.1.1 and 5.0 have one of each ping.
    EXPECT_EQ(expect_all(ELLA_PINGREQ, 0, 0, empty(0xc0)), 3u);
    EXPECT_EQ(expect_all(ELLA_PINGRESP, 0, 0, empty(0xd0)), 3u);
    EXPECT_GT(expect_all(ELLA_DISCONNECT, 0, 0, empty(0xe0)), 20u);
}

TEST(FixedShapes, NoAuthWithoutItsMethod) {
    static struct ella_packet packet;
    uint32_t size = 0;
    for (uint32_t code = 0; code < 256; code++) {
        packet.type = ELLA_AUTH;
        packet.reason.reason_code = static_cast<uint8_t>(code);
        for (const enum ella_sender sender : senders)
            EXPECT_NE(ella_encoded_size(&packet, ELLA_VERSION_5_0, sender, &size),
                      ELLA_ERROR_NONE);
    }
}

} // namespace
