// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The fixed header: which first bytes are packets, how the Remaining Length is put together, and
// the limit on the size. Bodies are the matter of packets_test.

#include <gtest/gtest.h>

#include "codec/decode_test_support.h"

using namespace libella_test;

namespace {

const enum ella_version versions[] = {ELLA_VERSION_3_1, ELLA_VERSION_3_1_1, ELLA_VERSION_5_0};

// What a first byte comes to by the table of packets and the rules on PUBLISH, said plainly.
enum ella_error expected_of(enum ella_version version, enum ella_sender sender, uint32_t first) {
    const uint32_t type = first / 16;
    const uint32_t flags = first % 16;
    const struct ella_packet_rule &rule = ella_packet_rules[type];
    const uint32_t senders = version == ELLA_VERSION_5_0 ? rule.v5_sent_by : rule.v3_sent_by;
    const uint32_t mask = version == ELLA_VERSION_3_1 ? rule.flags_mask_v31 : rule.flags_mask;
    if (type == 0 || senders == 0)
        return ELLA_ERROR_PACKET_TYPE_RESERVED;
    if ((senders & (sender == ELLA_FROM_CLIENT ? ELLA_SENT_BY_CLIENT : ELLA_SENT_BY_SERVER)) == 0)
        return ELLA_ERROR_PACKET_DIRECTION;
    if (type == ELLA_PUBLISH && (flags & 6) == 6)
        return ELLA_ERROR_PUBLISH_QOS;
    if (type == ELLA_PUBLISH && (flags & 14) == 8)
        return ELLA_ERROR_PUBLISH_DUP_QOS_0;
    if (((flags ^ rule.flags) & mask) != 0)
        return ELLA_ERROR_FIXED_HEADER_FLAGS;
    return ELLA_ERROR_NONE;
}

TEST(FirstByte, ObeysTheTableInEveryVersionFromEverySide) {
    for (enum ella_version version : versions) {
        for (enum ella_sender sender : {ELLA_FROM_CLIENT, ELLA_FROM_SERVER}) {
            for (uint32_t first = 0; first < 256; first++) {
                const enum ella_error error = expected_of(version, sender, first);
                const bytes in = {static_cast<uint8_t>(first)};
                if (error == ELLA_ERROR_NONE)
                    expect_more({version, sender}, in, 2);
                else
                    expect_bad({version, sender}, in, error, 0);
            }
        }
    }
}

//= v3/2.2.2-1 test
//= v3/2.2.2-2 test
//= v3/3.6.1-1 test
//= v3/3.8.1-1 test
//= v3/3.10.1-1 test
//= v3/3.14.1-1 test
//= v5/2.1.3-1 test
//= v5/u-2.1.3-1 test
//= v5/3.6.1-1 test
//= v5/3.8.1-1 test
//= v5/3.10.1-1 test
//= v5/3.14.1-1 test
TEST(FirstByte, HasReservedFlagsWhereThePacketHasNoOthers) {
    for (enum ella_version version : {ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        const receiver server = {version, ELLA_FROM_CLIENT};
        for (uint8_t flags = 0; flags < 16; flags++) {
            for (uint8_t type : {ELLA_PUBREL, ELLA_SUBSCRIBE, ELLA_UNSUBSCRIBE}) {
                const bytes in = {static_cast<uint8_t>(type * 16 + flags)};
                if (flags == 2)
                    expect_more(server, in, 2);
                else
                    expect_bad(server, in, ELLA_ERROR_FIXED_HEADER_FLAGS, 0);
            }
            for (uint8_t type : {ELLA_CONNECT, ELLA_PUBACK, ELLA_PUBREC, ELLA_PUBCOMP,
                                 ELLA_PINGREQ, ELLA_DISCONNECT}) {
                const bytes in = {static_cast<uint8_t>(type * 16 + flags)};
                if (flags == 0)
                    expect_more(server, in, 2);
                else
                    expect_bad(server, in, ELLA_ERROR_FIXED_HEADER_FLAGS, 0);
            }
        }
    }
}

//= v5/3.15.1-1 test
TEST(FirstByte, OfAuthExistsIn50AloneAndHasNoFlags) {
    expect_more({ELLA_VERSION_5_0, ELLA_FROM_CLIENT}, {0xf0}, 2);
    expect_more({ELLA_VERSION_5_0, ELLA_FROM_SERVER}, {0xf0}, 2);
    for (uint8_t first = 0xf1; first != 0; first++)
        expect_bad({ELLA_VERSION_5_0, ELLA_FROM_CLIENT}, {first}, ELLA_ERROR_FIXED_HEADER_FLAGS,
                   0);
    expect_bad({ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT}, {0xf0}, ELLA_ERROR_PACKET_TYPE_RESERVED, 0);
    expect_bad({ELLA_VERSION_3_1, ELLA_FROM_SERVER}, {0xf0}, ELLA_ERROR_PACKET_TYPE_RESERVED, 0);
}

TEST(FirstByte, In31MayHaveTheDupFlagOnARepetition) {
    for (uint8_t type : {ELLA_PUBREL, ELLA_SUBSCRIBE, ELLA_UNSUBSCRIBE})
        expect_more({ELLA_VERSION_3_1, ELLA_FROM_CLIENT}, {static_cast<uint8_t>(type * 16 + 10)},
                    2);
}

TEST(FirstByte, OfConnectComesBeforeTheVersionAndHasNoFlagsInAny) {
    for (enum ella_version version :
         {ELLA_VERSION_UNKNOWN, ELLA_VERSION_3_1, ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        for (uint8_t first = 0x11; first < 0x20; first++)
            expect_bad({version, ELLA_FROM_CLIENT}, {first}, ELLA_ERROR_FIXED_HEADER_FLAGS, 0);
    }
}

//= v3/3.3.1-4 test
//= v5/3.3.1-4 test
//= v5/u-3.3.1.2-1 test
//= v3/3.3.1-2 test
//= v5/3.3.1-2 test
TEST(FirstByte, OfPublishHasAQosUpTo2AndDupFromQos1On) {
    for (enum ella_version version : versions) {
        for (enum ella_sender sender : {ELLA_FROM_CLIENT, ELLA_FROM_SERVER}) {
            for (uint8_t first : {0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x3a, 0x3b, 0x3c, 0x3d})
                expect_more({version, sender}, {first}, 2);
            for (uint8_t first : {0x36, 0x37, 0x3e, 0x3f})
                expect_bad({version, sender}, {first}, ELLA_ERROR_PUBLISH_QOS, 0);
            for (uint8_t first : {0x38, 0x39})
                expect_bad({version, sender}, {first}, ELLA_ERROR_PUBLISH_DUP_QOS_0, 0);
        }
    }
}

//= v3/3.1.0-1 test
//= v5/3.1.0-1 test
TEST(FirstByte, OfTheFirstPacketIsThatOfConnect) {
    const receiver fresh = {ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT};
    expect_more(fresh, {0x10}, 2);
    expect_bad(fresh, {0x11}, ELLA_ERROR_FIXED_HEADER_FLAGS, 0);
    expect_bad(fresh, {0x00}, ELLA_ERROR_PACKET_TYPE_RESERVED, 0);
    for (uint32_t first = 0x20; first < 256; first++)
        expect_bad(fresh, {static_cast<uint8_t>(first)}, ELLA_ERROR_CONNECT_EXPECTED, 0);
    expect_bad({ELLA_VERSION_UNKNOWN, ELLA_FROM_SERVER}, {0x10}, ELLA_ERROR_PACKET_DIRECTION, 0);
}

TEST(FirstByte, IsSeenByWhoFramesByHimselfToo) {
    struct ella_packet packet;
    uint32_t at = 99;
    EXPECT_EQ(
        ella_decode_body(ELLA_VERSION_5_0, ELLA_FROM_CLIENT, 0x36, nullptr, 7, 7, &packet, &at),
        ELLA_ERROR_PUBLISH_QOS);
    EXPECT_EQ(at, 7u);
}

// A PUBLISH of QoS 0 whose Remaining Length is `len`; only the first `have` bytes of it.
bytes publish_of(const bytes &len_bytes, size_t have) {
    const bytes all = bytes{0x30} + len_bytes + field("t") + bytes(have, 'x');
    return bytes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(have));
}

TEST(RemainingLength, IsPutTogetherFromSevenBitsOfUpToFourBytes) {
    const struct {
        bytes len_bytes;
        uint32_t len;
    } rows[] = {
        {{0x7f}, 127},
        {{0x80, 0x01}, 128},
        {{0xff, 0x7f}, 16383},
        {{0x80, 0x80, 0x01}, 16384},
        {{0xff, 0xff, 0x7f}, 2097151},
        {{0x80, 0x80, 0x80, 0x01}, 2097152},
        {{0xc1, 0xc2, 0xc3, 0x44}, 0x41 + 0x42 * 128 + 0x43 * 16384 + 0x44 * 2097152},
        {{0xff, 0xff, 0xff, 0x7f}, 268435455},
    };
    for (const auto &row : rows) {
        const uint32_t header_len = 1 + static_cast<uint32_t>(row.len_bytes.size());
        for (enum ella_version version : versions) {
            expect_more({version, ELLA_FROM_CLIENT}, publish_of(row.len_bytes, header_len),
                        header_len + row.len);
            expect_more({version, ELLA_FROM_CLIENT}, publish_of(row.len_bytes, header_len + 9),
                        header_len + row.len);
        }
    }
}

TEST(RemainingLength, AsksForItsNextByte) {
    const receiver server = {ELLA_VERSION_5_0, ELLA_FROM_CLIENT};
    expect_more(server, {}, 2);
    expect_more(server, {0x30}, 2);
    expect_more(server, {0x30, 0x80}, 3);
    expect_more(server, {0x30, 0x80, 0x80}, 4);
    expect_more(server, {0x30, 0x80, 0x80, 0x80}, 5);
}

TEST(RemainingLength, HasNoFifthByte) {
    for (enum ella_version version : versions) {
        const receiver server = {version, ELLA_FROM_CLIENT};
        expect_bad(server, from_hex("30 80 80 80 80"), ELLA_ERROR_VARIABLE_BYTE_INTEGER, 4);
        expect_bad(server, from_hex("30 ff ff ff ff 01"), ELLA_ERROR_VARIABLE_BYTE_INTEGER, 4);
    }
}

//= v5/1.5.5-1 test
TEST(RemainingLength, HasToBeShortestIn50Alone) {
    const char *const forms[] = {"c0 80 00", "c0 80 80 00", "c0 80 80 80 00"};
    for (const char *form : forms) {
        const bytes in = from_hex(form);
        const uint32_t last = static_cast<uint32_t>(in.size()) - 1;
        expect_packet({ELLA_VERSION_3_1, ELLA_FROM_CLIENT}, in);
        expect_packet({ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT}, in);
        expect_bad({ELLA_VERSION_5_0, ELLA_FROM_CLIENT}, in,
                   ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST, last);
    }
    expect_bad({ELLA_VERSION_5_0, ELLA_FROM_CLIENT}, from_hex("30 83 00 0001 74"),
               ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST, 2);
    expect_packet({ELLA_VERSION_5_0, ELLA_FROM_CLIENT}, from_hex("c0 00"));
}

//= v5/1.5.5-1 test
TEST(RemainingLength, OfConnectIsJudgedByTheVersionThatItChooses) {
    const receiver fresh = {ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT};
    expect_packet(fresh, from_hex("10 8d 00 0004 'MQTT' 04 02 0000 0001 'a'"));
    expect_packet(fresh, from_hex("10 8f 80 00 0006 'MQIsdp' 03 02 0000 0001 'a'"));
    expect_bad(fresh, from_hex("10 8e 00 0004 'MQTT' 05 02 0000 00 0001 'a'"),
               ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST, 2);
    // It also comes before what else is wrong behind the level, but not before the level itself.
    expect_bad(fresh, from_hex("10 8e 00 0004 'MQTT' 05 03 0000 00 0001 'a'"),
               ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST, 2);
    expect_bad(fresh, from_hex("10 8e 00 0004 'MQTT' 06 02 0000 00 0001 'a'"),
               ELLA_ERROR_PROTOCOL_VERSION, 9);
}

//= v5/u-3.2.2.3.6-2 test
TEST(SizeLimit, IsCheckedBeforeTheBody) {
    for (enum ella_version version : versions) {
        const receiver small = {version, ELLA_FROM_CLIENT, 130};
        expect_more(small, from_hex("30 7f"), 129);
        expect_bad(small, from_hex("30 80 01"), ELLA_ERROR_PACKET_TOO_LARGE, 1);
        expect_bad(small, from_hex("30 ff ff ff 7f"), ELLA_ERROR_PACKET_TOO_LARGE, 1);
    }
    expect_more({ELLA_VERSION_5_0, ELLA_FROM_CLIENT, 131}, from_hex("30 80 01"), 131);
    expect_packet({ELLA_VERSION_5_0, ELLA_FROM_CLIENT, 2}, from_hex("c0 00"));
    expect_bad({ELLA_VERSION_5_0, ELLA_FROM_CLIENT, 1}, from_hex("c0 00"),
               ELLA_ERROR_PACKET_TOO_LARGE, 1);
    expect_more({ELLA_VERSION_5_0, ELLA_FROM_CLIENT, ELLA_PACKET_SIZE_MAX},
                from_hex("30 ff ff ff 7f"), ELLA_PACKET_SIZE_MAX);
    expect_bad({ELLA_VERSION_5_0, ELLA_FROM_CLIENT, ELLA_PACKET_SIZE_MAX - 1},
               from_hex("30 ff ff ff 7f"), ELLA_ERROR_PACKET_TOO_LARGE, 1);
}

TEST(Decoder, GoesOnBehindAPacket) {
    const bytes in = from_hex("c0 00 30 04 0001 't' 78 c0 00 e0");
    feeding server({ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT});
    page_end_copy copy(in);
    uint32_t start = 0;
    for (enum ella_packet_type type : {ELLA_PINGREQ, ELLA_PUBLISH, ELLA_PINGREQ}) {
        const outcome o = server.feed(copy.data(), start, copy.size());
        ASSERT_EQ(o.result, ELLA_PACKET);
        EXPECT_EQ(server.packet().type, type);
        start += o.size;
    }
    EXPECT_EQ(server.feed(copy.data(), start, copy.size()).result, ELLA_MORE);
    EXPECT_EQ(server.decoder().packet_type, ELLA_DISCONNECT);
}

TEST(Decoder, StaysBad) {
    feeding server({ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT});
    const bytes bad = from_hex("30 03 0001 '#'");
    const outcome first = server.feed(bad.data(), 0, 5);
    EXPECT_EQ(first.error, ELLA_ERROR_TOPIC_NAME_WILDCARD);
    const bytes good = from_hex("c0 00");
    EXPECT_EQ(server.feed(good.data(), 0, 2), first);
    EXPECT_EQ(server.decoder().packet_type, ELLA_PUBLISH);
}

TEST(Decoder, MayBeGivenFewerBytesThanItHasSeen) {
    feeding server({ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT});
    const bytes in = from_hex("30 80 01");
    EXPECT_EQ(server.feed(in.data(), 0, 2).needed, 3u);
    EXPECT_EQ(server.feed(in.data(), 0, 0).result, ELLA_MORE);
    EXPECT_EQ(server.feed(in.data(), 0, 3).needed, 131u);
}

TEST(Decoder, TakesAPacketOfTheLargestSize) {
    bytes in = from_hex("30 ff ff ff 7f 0001 't'");
    in.resize(ELLA_PACKET_SIZE_MAX);
    struct ella_decoder d;
    struct ella_packet packet;
    ella_decoder_init(&d, ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT, ELLA_PACKET_SIZE_MAX);
    EXPECT_EQ(ella_decode(&d, in.data(), 0, ELLA_PACKET_SIZE_MAX - 1, &packet), ELLA_MORE);
    EXPECT_EQ(ella_decode(&d, in.data(), 0, ELLA_PACKET_SIZE_MAX, &packet), ELLA_PACKET);
    EXPECT_EQ(ella_slice_len(packet.publish.payload), ELLA_REMAINING_LENGTH_MAX - 3);
}

} // namespace
