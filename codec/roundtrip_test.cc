// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What is encoded and decoded again is what it was: over generated packets of every type, version
// and sender. The seeds are fixed; a failure names the one to repeat.

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "codec/packet_generator_test_support.h"
#include "codec/packet_text_test_support.h"
#include "codec/test_support.h"
#include "libella/codec.h"

namespace {

using libella_test::packet_generator;
using libella_test::packet_text;

constexpr int packet_count = 200000;
constexpr uint32_t prefixes_of_packets_up_to = 120; // bytes: every prefix of these is tried
constexpr uint8_t canary = 0xa5;

const enum ella_version versions[] = {ELLA_VERSION_3_1, ELLA_VERSION_3_1_1, ELLA_VERSION_5_0};

enum ella_result decode(const std::vector<uint8_t> &bytes, uint32_t len, enum ella_version version,
                        enum ella_sender sender, struct ella_decoder *d, struct ella_packet *out) {
    ella_decoder_init(d, version, sender, ELLA_PACKET_SIZE_MAX);
    return ella_decode(d, bytes.data(), 0, len, out);
}

void expect_prefixes_want_more(const std::vector<uint8_t> &bytes, uint32_t size,
                               enum ella_version version, enum ella_sender sender) {
    struct ella_decoder d;
    struct ella_packet out;
    const uint32_t step = size <= prefixes_of_packets_up_to ? 1 : size / 7 + 1;
    for (uint32_t len = 0; len < size; len += step) {
        ASSERT_EQ(decode(bytes, len, version, sender, &d, &out), ELLA_MORE) << "of " << len;
        ASSERT_GT(d.needed, len);
        ASSERT_LE(d.needed, size);
    }
}

// One byte less room than needed: refused, and the bytes behind the room are untouched.
void expect_room_respected(const struct ella_packet &packet, enum ella_version version,
                           enum ella_sender sender, uint32_t size) {
    std::vector<uint8_t> bytes(size + 2u, canary);
    const std::vector<uint8_t> before = bytes;
    uint32_t written = 12345;
    ASSERT_EQ(ella_encode(&packet, version, sender, bytes.data(), 1, size, &written),
              ELLA_ERROR_BUFFER_TOO_SMALL);
    ASSERT_EQ(written, 12345u);
    ASSERT_TRUE(bytes == before);
    ASSERT_EQ(ella_encode_checked(&packet, version, sender, bytes.data(), 1, size + 1, &written),
              ELLA_ERROR_NONE);
    ASSERT_EQ(written, size);
    ASSERT_EQ(bytes[0], canary);
    ASSERT_EQ(bytes[size + 1], canary);
}

void expect_publish_agrees(const struct ella_packet &packet, enum ella_version version,
                           enum ella_sender sender, const std::vector<uint8_t> &bytes) {
    std::vector<uint8_t> again(bytes.size());
    uint32_t size = 0;
    ASSERT_EQ(ella_publish_size(&packet.publish, version, sender, &size), ELLA_ERROR_NONE);
    ASSERT_EQ(size, bytes.size());
    ASSERT_EQ(ella_encode_publish(&packet.publish, version, sender, again.data(), 0, size, &size),
              ELLA_ERROR_NONE);
    ASSERT_EQ(size, bytes.size());
    ASSERT_TRUE(again == bytes);
}

void round_trip(packet_generator *random, enum ella_version version, enum ella_sender sender) {
    struct ella_packet packet;
    random->draw(random->type(version, sender), version, sender, &packet);
    const std::string text = packet_text(packet);
    SCOPED_TRACE(text.substr(0, 2000));

    uint32_t size = 0;
    ASSERT_EQ(ella_encoded_size(&packet, version, sender, &size), ELLA_ERROR_NONE);
    std::vector<uint8_t> bytes(size);
    uint32_t written = 0;
    ASSERT_EQ(ella_encode(&packet, version, sender, bytes.data(), 0, size, &written),
              ELLA_ERROR_NONE);
    ASSERT_EQ(written, size);

    struct ella_decoder d;
    struct ella_packet back;
    const enum ella_version begun = packet.type == ELLA_CONNECT ? ELLA_VERSION_UNKNOWN : version;
    ASSERT_EQ(decode(bytes, size, begun, sender, &d, &back), ELLA_PACKET)
        << ella_error_text(static_cast<enum ella_error>(d.error)) << " at " << d.error_offset;
    ASSERT_EQ(d.size, size);
    ASSERT_EQ(d.version, version);
    ASSERT_EQ(packet_text(back), text);

    std::vector<uint8_t> again(size);
    ASSERT_EQ(ella_encode(&back, version, sender, again.data(), 0, size, &written),
              ELLA_ERROR_NONE);
    ASSERT_TRUE(again == bytes);

    expect_prefixes_want_more(bytes, size, begun, sender);
    expect_room_respected(packet, version, sender, size);
    if (packet.type == ELLA_PUBLISH)
        expect_publish_agrees(packet, version, sender, bytes);
}

TEST(RoundTrip, OfGeneratedPackets) {
    for (uint64_t seed = 1; seed <= packet_count; seed++) {
        packet_generator random(seed);
        const enum ella_version version = versions[random.below(5) < 3 ? 2 : random.below(2)];
        const enum ella_sender sender = random.chance(50) ? ELLA_FROM_CLIENT : ELLA_FROM_SERVER;
        round_trip(&random, version, sender);
        ASSERT_FALSE(random.put_failed()) << "seed " << seed;
        if (HasFatalFailure())
            FAIL() << "seed " << seed << " version " << version << " sender " << sender;
    }
}

TEST(RoundTrip, OfEveryTypeInEveryVersionFromEverySender) {
    // Together with the sets of the tables this counts what the generator has to reach.
    for (const enum ella_version version : versions) {
        for (const enum ella_sender sender : {ELLA_FROM_CLIENT, ELLA_FROM_SERVER}) {
            bool seen[ELLA_PACKET_RULE_COUNT] = {};
            packet_generator random(1000 * version + sender);
            for (int i = 0; i < 500; i++)
                seen[random.type(version, sender)] = true;
            for (uint32_t type = 1; type <= ELLA_AUTH; type++) {
                const struct ella_packet_rule &rule = ella_packet_rules[type];
                const uint32_t senders =
                    version == ELLA_VERSION_5_0 ? rule.v5_sent_by : rule.v3_sent_by;
                EXPECT_EQ(seen[type], (senders >> sender & 1u) != 0)
                    << ella_packet_name(type) << " version " << version << " sender " << sender;
            }
        }
    }
}

} // namespace
