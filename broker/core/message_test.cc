// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A message is what was published: topic, payload and the properties that a server passes on,
// counted to the byte and freed with its last reference.

#include "broker/core/memory_test_support.h"
#include "broker/core/route_test_support.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include "broker/core/message.h"
}

using libella_test::slice;
using libella_test::test_memory;
using libella_test::text;

namespace {

class MessageTest : public ::testing::Test {
  protected:
    void SetUp() override { std::memset(&publish, 0, sizeof publish); }
    void TearDown() override {
        EXPECT_EQ(port.memory.total_bytes, 0u);
        EXPECT_EQ(port.live_blocks, 0u);
        EXPECT_FALSE(port.wrong_size);
    }

    void set(enum ella_property_id id) { ella_property_set(&publish.properties, id); }
    void add_user_property(const std::string &name, const std::string &value) {
        uint32_t used = static_cast<uint32_t>(user_properties.size());
        user_properties.resize(used + 5 + name.size() + value.size());
        ASSERT_EQ(ella_user_property_put(slice(name), slice(value), user_properties.data(),
                                         static_cast<uint32_t>(user_properties.size()), &used),
                  ELLA_ERROR_NONE);
        set(ELLA_PROPERTY_USER_PROPERTY);
        publish.properties.user_properties = {user_properties.data(), 0, used};
    }
    using pairs = std::vector<std::pair<std::string, std::string>>;
    static pairs user_properties_of(const struct ella_publish &p) {
        pairs out;
        struct ella_slice rest = p.properties.user_properties;
        struct ella_slice name;
        struct ella_slice value;
        while (ella_user_property_next(&rest, &name, &value))
            out.emplace_back(text(name), text(value));
        return out;
    }
    struct message *create(const std::string &topic, uint64_t now_ms = 0) {
        return message_create(&port.memory, slice(topic), &publish, 7, false, now_ms);
    }

    test_memory port;
    struct ella_publish publish;
    std::vector<uint8_t> user_properties;
};

TEST_F(MessageTest, KeepsTopicPayloadAndFlags) {
    const std::string payload("a\0b", 3);
    publish.payload = slice(payload);
    publish.qos = 2;
    publish.retain = true;
    publish.dup = true;
    publish.packet_id = 99;
    struct message *m = create("a/b");
    EXPECT_EQ(text(message_topic(m)), "a/b");
    EXPECT_EQ(text(message_payload(m)), payload);
    EXPECT_EQ(m->qos, 2);
    EXPECT_TRUE(m->retain);
    EXPECT_EQ(message_publisher(m), m->retain ? 7u : 0u) << "kept only where it is asked for";
    EXPECT_EQ(message_expires_ms(m), MESSAGE_NEVER_EXPIRES);
    EXPECT_FALSE(message_expired(m, UINT64_MAX - 1));

    struct ella_publish out;
    std::memset(&out, 0xFF, sizeof out);
    message_to_publish(m, 5, &out);
    EXPECT_EQ(text(out.topic), "a/b");
    EXPECT_EQ(text(out.payload), payload);
    EXPECT_EQ(out.properties.present, 0u);
    EXPECT_EQ(out.qos, 0);
    EXPECT_FALSE(out.retain);
    EXPECT_FALSE(out.dup);
    EXPECT_EQ(out.packet_id, 0);
    message_drop(&port.memory, m);
}

TEST_F(MessageTest, IsOneBlockCountedToTheByte) {
    const std::string payload(64, 'x');
    publish.payload = slice(payload);
    struct message *m = create("site/17/dev/123456");
    EXPECT_EQ(port.live_blocks, 1u);
    EXPECT_EQ(sizeof *m, 8u);
    EXPECT_EQ(message_size_bytes(m), 8u + 18 + 64);
    EXPECT_EQ(port.memory.used_bytes[MEMORY_MESSAGE], message_size_bytes(m));
    message_drop(&port.memory, m);
}

// What is kept of lengths changes where they do not fit in one or two bytes.
TEST_F(MessageTest, TopicsAndPayloadsOfAllLengthsComeBack) {
    for (const size_t topic_len : {1, 255, 256, 65535}) {
        for (const size_t payload_len : {0, 1, 65535, 65536, 200000}) {
            for (const bool expires : {false, true}) {
                const std::string topic(topic_len, 't');
                const std::string payload(payload_len, 'p');
                publish = {};
                publish.payload = slice(payload);
                publish.properties.message_expiry_interval_s = 10;
                if (expires)
                    set(ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
                struct message *m =
                    message_create(&port.memory, slice(topic), &publish, 7, true, 1000);
                message_set_record(m, {0xfedcba987654, 0x1234});
                EXPECT_EQ(text(message_topic(m)), topic);
                EXPECT_EQ(text(message_payload(m)), payload);
                EXPECT_EQ(message_publisher(m), 7u);
                EXPECT_EQ(message_expires_ms(m), expires ? 11000 : MESSAGE_NEVER_EXPIRES);
                message_forget_epoch(m);
                EXPECT_EQ(message_get_record(m).number, 0xfedcba987654u);
                EXPECT_EQ(message_get_record(m).epoch, 0u);
                message_drop(&port.memory, m);
            }
        }
    }
}

TEST_F(MessageTest, LivesUntilTheLastReferenceIsDropped) {
    struct message *m = create("a");
    EXPECT_EQ(message_take(m), m);
    EXPECT_EQ(m->references, 2u);
    message_drop(&port.memory, m);
    EXPECT_EQ(text(message_topic(m)), "a");
    message_drop(&port.memory, m);
    EXPECT_EQ(port.live_blocks, 0u);
}

//= v5/3.3.2-4 v5/3.3.2-15 v5/3.3.2-16 v5/3.3.2-17 v5/3.3.2-18 v5/3.3.2-20 test
TEST_F(MessageTest, PropertiesForSubscribersPassUnaltered) {
    const std::string content_type = "text/plain";
    const std::string response_topic = "re/ply";
    const std::string correlation("\0\1\2", 3);
    publish.properties.payload_format_indicator = 1;
    publish.properties.content_type = slice(content_type);
    publish.properties.response_topic = slice(response_topic);
    publish.properties.correlation_data = slice(correlation);
    set(ELLA_PROPERTY_PAYLOAD_FORMAT_INDICATOR);
    set(ELLA_PROPERTY_CONTENT_TYPE);
    set(ELLA_PROPERTY_RESPONSE_TOPIC);
    set(ELLA_PROPERTY_CORRELATION_DATA);
    add_user_property("z", "1");
    add_user_property("a", "2");
    add_user_property("z", "");
    add_user_property("", "3");
    struct message *m = create("a");
    EXPECT_EQ(port.memory.used_bytes[MEMORY_MESSAGE], message_size_bytes(m));

    struct ella_publish out;
    message_to_publish(m, 0, &out);
    EXPECT_EQ(out.properties.present, publish.properties.present);
    EXPECT_EQ(out.properties.payload_format_indicator, 1);
    EXPECT_EQ(text(out.properties.content_type), content_type);
    EXPECT_EQ(text(out.properties.response_topic), response_topic);
    EXPECT_EQ(text(out.properties.correlation_data), correlation);
    EXPECT_EQ(user_properties_of(out), (pairs{{"z", "1"}, {"a", "2"}, {"z", ""}, {"", "3"}}));
    EXPECT_EQ(text(out.topic), "a");
    message_drop(&port.memory, m);
}

// What the journal has of a message is what the codec would have made of it.
TEST_F(MessageTest, IsEncodedAsByTheCodec) {
    const std::string content_type = "text/plain";
    for (const size_t topic_len : {1, 127, 255, 256, 65535}) {
        for (const size_t payload_len : {0, 1, 100, 16000, 65535, 65536, 3000000}) {
            for (const unsigned kind : {0, 1, 2, 3, 4, 5}) {
                const std::string topic(topic_len, 't');
                const std::string payload(payload_len, 'p');
                publish = {};
                user_properties.clear();
                publish.payload = slice(payload);
                publish.qos = kind % 3u;
                publish.retain = kind % 2u == 1u;
                publish.properties.content_type = slice(content_type);
                publish.properties.message_expiry_interval_s = 10;
                if (kind > 2u) {
                    set(ELLA_PROPERTY_CONTENT_TYPE);
                    set(ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
                    add_user_property("name", std::string(payload_len % 20000u, 'v'));
                }
                struct message *m =
                    message_create(&port.memory, slice(topic), &publish, 7, true, 0);
                std::vector<uint8_t> bytes(message_encoded_size_max(m));
                const uint32_t size = message_encode(m, bytes.data());

                struct ella_publish same;
                message_to_publish(m, 0, &same);
                same.properties.present &= ~(uint64_t{1} << ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
                same.qos = m->qos;
                same.retain = m->retain;
                same.packet_id = m->qos > 0u ? 1u : 0u;
                std::vector<uint8_t> wanted(bytes.size());
                uint32_t wanted_size = 0;
                ASSERT_EQ(ella_encode_publish(&same, ELLA_VERSION_5_0, ELLA_FROM_SERVER,
                                              wanted.data(), 0,
                                              static_cast<uint32_t>(wanted.size()), &wanted_size),
                          ELLA_ERROR_NONE);
                ASSERT_EQ(size, wanted_size);
                EXPECT_TRUE(std::equal(wanted.begin(), wanted.begin() + size, bytes.begin()))
                    << topic_len << " " << payload_len << " " << kind;
                message_drop(&port.memory, m);
            }
        }
    }
}

// As they come from a client: all properties in one run of bytes, of which each kind takes its
// own.
//= v5/3.3.2-17 v5/3.3.2-18 test
TEST_F(MessageTest, WhatWasDecodedPassesToo) {
    const uint8_t packet[] = {
        0x30, 39,  0, 1,   't', 33,      // PUBLISH, 33 bytes of properties
        0x26, 0,   1, 'b', 0,   1,  '1', // user property b=1
        0x23, 0,   7,                    // topic alias
        0x02, 0,   0, 0,   60,           // message expiry interval
        0x26, 0,   1, 'a', 0,   1,  '2', // user property a=2
        0x03, 0,   1, 'c',               // content type
        0x26, 0,   1, 'b', 0,   1,  '3', // user property b=3
        'p',  'a',
    };
    struct ella_decoder decoder;
    static struct ella_packet decoded;
    ella_decoder_init(&decoder, ELLA_VERSION_5_0, ELLA_FROM_CLIENT, 1000);
    ASSERT_EQ(ella_decode(&decoder, packet, 0, sizeof packet, &decoded), ELLA_PACKET);
    struct message *m =
        message_create(&port.memory, decoded.publish.topic, &decoded.publish, 0, false, 0);
    EXPECT_EQ(message_get_lengths(m).properties, 3 * 7u + 4u);
    EXPECT_EQ(message_expires_ms(m), 60000u);
    struct ella_publish out;
    message_to_publish(m, 0, &out);
    EXPECT_EQ(user_properties_of(out), (pairs{{"b", "1"}, {"a", "2"}, {"b", "3"}}));
    EXPECT_EQ(text(out.properties.content_type), "c");
    EXPECT_EQ(text(out.payload), "pa");
    EXPECT_FALSE(ella_property_present(&out.properties, ELLA_PROPERTY_TOPIC_ALIAS));
    EXPECT_EQ(out.properties.message_expiry_interval_s, 60u);
    message_drop(&port.memory, m);
}

TEST_F(MessageTest, EmptyPropertiesAreStillThere) {
    set(ELLA_PROPERTY_CONTENT_TYPE);
    set(ELLA_PROPERTY_CORRELATION_DATA);
    struct message *m = create("a");
    struct ella_publish out;
    message_to_publish(m, 0, &out);
    EXPECT_EQ(out.properties.present, publish.properties.present);
    EXPECT_EQ(ella_slice_len(out.properties.correlation_data), 0u);
    message_drop(&port.memory, m);
}

TEST_F(MessageTest, AliasAndSubscriptionIdentifiersAreNotKept) {
    uint8_t identifiers[8];
    uint32_t used = 0;
    ASSERT_EQ(ella_subscription_identifier_put(5, identifiers, sizeof identifiers, &used),
              ELLA_ERROR_NONE);
    publish.properties.subscription_identifiers = {identifiers, 0, used};
    publish.properties.topic_alias = 3;
    publish.properties.message_expiry_interval_s = 9;
    set(ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
    set(ELLA_PROPERTY_TOPIC_ALIAS);
    set(ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    struct message *m = create("a");
    EXPECT_EQ(message_get_lengths(m).properties, 0u);
    message_drop(&port.memory, m);
}

//= v5/3.3.2-6 test
TEST_F(MessageTest, TheRestOfTheExpiryIntervalIsPassedOn) {
    publish.properties.message_expiry_interval_s = 10;
    set(ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    struct message *m = create("a", 1000);
    EXPECT_EQ(message_expires_ms(m), 11000u);
    const std::pair<uint64_t, uint32_t> cases[] = {{1000, 10}, {1001, 10}, {1999, 10}, {2000, 9},
                                                   {10000, 1}, {10999, 1}, {11000, 0}, {99999, 0}};
    for (const auto &one : cases) {
        struct ella_publish out;
        message_to_publish(m, one.first, &out);
        EXPECT_TRUE(ella_property_present(&out.properties, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL));
        EXPECT_EQ(out.properties.message_expiry_interval_s, one.second) << one.first;
    }
    EXPECT_FALSE(message_expired(m, 10999));
    EXPECT_TRUE(message_expired(m, 11000));
    message_drop(&port.memory, m);
}

TEST_F(MessageTest, TheLongestExpiryIntervalDoesNotOverflow) {
    publish.properties.message_expiry_interval_s = UINT32_MAX;
    set(ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    struct message *m = create("a", 1);
    struct ella_publish out;
    message_to_publish(m, 1, &out);
    EXPECT_EQ(out.properties.message_expiry_interval_s, UINT32_MAX);
    message_to_publish(m, 2, &out);
    EXPECT_EQ(out.properties.message_expiry_interval_s, UINT32_MAX);
    message_drop(&port.memory, m);
}

TEST_F(MessageTest, AWillsExpiryCountsFromPublication) {
    struct ella_connect connect;
    std::memset(&connect, 0, sizeof connect);
    const std::string topic = "will/topic";
    const std::string payload = "gone";
    const std::string content_type = "t";
    connect.will_topic = slice(topic);
    connect.will_payload = slice(payload);
    connect.will_qos = 1;
    connect.will_retain = true;
    connect.will_properties.message_expiry_interval_s = 10;
    connect.will_properties.will_delay_interval_s = 5;
    connect.will_properties.content_type = slice(content_type);
    ella_property_set(&connect.will_properties, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    ella_property_set(&connect.will_properties, ELLA_PROPERTY_WILL_DELAY_INTERVAL);
    ella_property_set(&connect.will_properties, ELLA_PROPERTY_CONTENT_TYPE);
    struct message *m = message_create_will(&port.memory, &connect, 3, false);
    message_start_expiry(m, 50000);
    EXPECT_EQ(message_expires_ms(m), 60000u);
    EXPECT_EQ(m->qos, 1);
    EXPECT_TRUE(m->retain);
    EXPECT_EQ(message_publisher(m), 3u);
    struct ella_publish out;
    message_to_publish(m, 50000, &out);
    EXPECT_EQ(text(out.topic), topic);
    EXPECT_EQ(text(out.payload), payload);
    EXPECT_EQ(text(out.properties.content_type), content_type);
    EXPECT_EQ(out.properties.message_expiry_interval_s, 10u);
    EXPECT_FALSE(ella_property_present(&out.properties, ELLA_PROPERTY_WILL_DELAY_INTERVAL));
    message_drop(&port.memory, m);

    connect.will_properties.present = 0;
    m = message_create_will(&port.memory, &connect, 3, false);
    message_start_expiry(m, 50000);
    EXPECT_EQ(message_expires_ms(m), MESSAGE_NEVER_EXPIRES);
    message_drop(&port.memory, m);
}

TEST_F(MessageTest, WithoutMemoryThereIsNone) {
    struct ella_connect connect;
    std::memset(&connect, 0, sizeof connect);
    port.fail_from(1);
    EXPECT_EQ(create("a"), nullptr);
    EXPECT_EQ(message_create_will(&port.memory, &connect, 0, false), nullptr);
}

TEST_F(MessageTest, TheLongestTopicAndALargePayloadFit) {
    const std::string topic(65535, 't');
    const std::string payload(2000000, 'p');
    publish.payload = slice(payload);
    add_user_property(std::string(65535, 'n'), std::string(65535, 'v'));
    struct message *m = create(topic);
    struct ella_publish out;
    message_to_publish(m, 0, &out);
    EXPECT_EQ(text(out.topic), topic);
    EXPECT_EQ(text(out.payload), payload);
    EXPECT_EQ(user_properties_of(out)[0].second, std::string(65535, 'v'));
    message_drop(&port.memory, m);
}

} // namespace
