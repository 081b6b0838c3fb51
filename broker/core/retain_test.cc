// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Retained messages: one for each topic, found by filter in a fixed order, gone when cleared or
// expired, and untouched by a lack of memory.

#include "broker/core/memory_test_support.h"
#include "broker/core/route_test_support.h"

#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

extern "C" {
#include "broker/core/retain.h"
}

using libella_test::matches;
using libella_test::slice;
using libella_test::test_memory;
using libella_test::text;
using libella_test::topic_maker;

namespace {

using strings = std::multiset<std::string>;

struct message *message_of(struct memory *memory, const std::string &topic,
                           const std::string &payload, uint32_t expiry_s, uint64_t now_ms) {
    struct ella_publish publish;
    std::memset(&publish, 0, sizeof publish);
    publish.payload = slice(payload);
    publish.retain = true;
    if (expiry_s > 0) {
        ella_property_set(&publish.properties, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        publish.properties.message_expiry_interval_s = expiry_s;
    }
    return message_create(memory, slice(topic), &publish, 0, false, now_ms);
}

class RetainTest : public ::testing::Test {
  protected:
    void SetUp() override {
        timers_init(&timers, &port.memory);
        retain = retain_create(&port.memory, &timers, 42);
        ASSERT_NE(retain, nullptr);
    }
    void TearDown() override {
        retain_destroy(retain);
        EXPECT_EQ(timers.count, 0u);
        timers_free(&timers);
        EXPECT_EQ(port.memory.total_bytes, 0u);
        EXPECT_EQ(port.live_blocks, 0u);
        EXPECT_FALSE(port.wrong_size);
    }

    enum retain_result set(const std::string &topic, const std::string &payload,
                           uint32_t expiry_s = 0) {
        struct message *m = message_of(&port.memory, topic, payload, expiry_s, now_ms);
        const enum retain_result result = retain_set(retain, m, max_messages, max_bytes);
        message_drop(&port.memory, m);
        return result;
    }
    std::vector<std::string> walk(const std::string &filter) {
        std::vector<std::string> found;
        struct retain_cursor cursor = {};
        while (const struct message *m = retain_next(retain, slice(filter), &cursor))
            found.push_back(text(message_topic(m)) + "=" + text(message_payload(m)));
        EXPECT_EQ(retain_next(retain, slice(filter), &cursor), nullptr) << "the end is the end";
        return found;
    }
    strings find(const std::string &filter) {
        const std::vector<std::string> found = walk(filter);
        return strings(found.begin(), found.end());
    }

    test_memory port;
    struct timers timers;
    struct retain *retain = nullptr;
    uint64_t now_ms = 0;
    uint32_t max_messages = 0;
    uint64_t max_bytes = 0;
};

//= v3/3.3.1-5 v5/3.3.1-5 test
TEST_F(RetainTest, TheLastMessageOfATopicIsKept) {
    EXPECT_EQ(find("a"), strings{});
    EXPECT_EQ(set("a", "1"), RETAIN_STORED);
    EXPECT_EQ(find("a"), (strings{"a=1"}));
    EXPECT_EQ(set("a", "2"), RETAIN_REPLACED);
    EXPECT_EQ(find("a"), (strings{"a=2"}));
    EXPECT_EQ(set("a/b", "3"), RETAIN_STORED);
    EXPECT_EQ(retain_count(retain), 2u);
    EXPECT_EQ(find("#"), (strings{"a=2", "a/b=3"}));
}

//= v3/3.3.1-10 v3/3.3.1-11 v5/3.3.1-6 v5/3.3.1-7 test
TEST_F(RetainTest, AnEmptyPayloadClears) {
    set("a/b", "1");
    EXPECT_EQ(set("a", ""), RETAIN_NOTHING) << "a node on the way holds no message";
    EXPECT_EQ(set("a/b/c", ""), RETAIN_NOTHING);
    EXPECT_EQ(set("x", ""), RETAIN_NOTHING);
    EXPECT_EQ(set("a/b", ""), RETAIN_CLEARED);
    EXPECT_EQ(set("a/b", ""), RETAIN_NOTHING);
    EXPECT_EQ(find("#"), strings{});
    EXPECT_EQ(retain_count(retain), 0u);
    EXPECT_EQ(retain_bytes(retain), 0u);
}

TEST_F(RetainTest, ClearingATopicLeavesThoseAboveAndBelow) {
    set("a", "1");
    set("a/b", "2");
    set("a/b/c", "3");
    set("a/b", "");
    EXPECT_EQ(find("#"), (strings{"a=1", "a/b/c=3"}));
    set("a", "");
    EXPECT_EQ(find("#"), (strings{"a/b/c=3"}));
    set("a/b/c", "");
    EXPECT_EQ(find("#"), strings{});
}

TEST_F(RetainTest, FiltersFindWhatTheyMatch) {
    for (const char *topic : {"a", "a/", "/a", "a/b", "a/b/c", "b/b", "/", "//", "a//c"})
        set(topic, "x");
    EXPECT_EQ(find("a/#"), (strings{"a=x", "a/=x", "a/b=x", "a/b/c=x", "a//c=x"}));
    EXPECT_EQ(find("a/b/c/#"), (strings{"a/b/c=x"}));
    EXPECT_EQ(find("+"), (strings{"a=x"}));
    EXPECT_EQ(find("+/+"), (strings{"a/=x", "/a=x", "a/b=x", "b/b=x", "/=x"}));
    EXPECT_EQ(find("+/b"), (strings{"a/b=x", "b/b=x"}));
    EXPECT_EQ(find("+/b/#"), (strings{"a/b=x", "b/b=x", "a/b/c=x"}));
    EXPECT_EQ(find("a/+/c"), (strings{"a/b/c=x", "a//c=x"}));
    EXPECT_EQ(find("/+"), (strings{"/a=x", "/=x"}));
    EXPECT_EQ(find("//"), (strings{"//=x"}));
    EXPECT_EQ(find("#").size(), 9u);
    EXPECT_EQ(find("+/#").size(), 9u);
    EXPECT_EQ(find("c"), strings{});
    EXPECT_EQ(find("+/+/+/+"), strings{});
}

//= v3/4.7.2-1 v5/4.7.2-1 test
TEST_F(RetainTest, LeadingWildcardsDoNotSeeTopicsThatBeginWithADollar) {
    for (const char *topic : {"$SYS", "$SYS/a", "$x/a", "a/$SYS", "a", "$SYS/b/c"})
        set(topic, "x");
    EXPECT_EQ(find("#"), (strings{"a/$SYS=x", "a=x"}));
    EXPECT_EQ(find("+"), (strings{"a=x"}));
    EXPECT_EQ(find("+/a"), strings{});
    EXPECT_EQ(find("+/+"), (strings{"a/$SYS=x"}));
    EXPECT_EQ(find("+/#"), (strings{"a/$SYS=x", "a=x"}));
    EXPECT_EQ(find("$SYS/#"), (strings{"$SYS=x", "$SYS/a=x", "$SYS/b/c=x"}));
    EXPECT_EQ(find("$SYS/+"), (strings{"$SYS/a=x"}));
    EXPECT_EQ(find("$x/a"), (strings{"$x/a=x"}));
}

TEST_F(RetainTest, TheOrderOfAWalkIsFixed) {
    topic_maker maker(3);
    for (int i = 0; i < 300; i++)
        set(maker.topic(), "x");
    for (const char *filter : {"#", "+/#", "a/+/#", "+/+"})
        EXPECT_EQ(walk(filter), walk(filter));
}

TEST_F(RetainTest, TheMessageAndByteLimitsHold) {
    max_messages = 2;
    EXPECT_EQ(set("a", "1"), RETAIN_STORED);
    EXPECT_EQ(set("b", "1"), RETAIN_STORED);
    EXPECT_EQ(set("c/d/e", "1"), RETAIN_FULL);
    EXPECT_EQ(set("a", "2"), RETAIN_REPLACED) << "replacing needs no more room";
    EXPECT_EQ(set("b", ""), RETAIN_CLEARED);
    EXPECT_EQ(set("c/d/e", "1"), RETAIN_STORED);
    EXPECT_EQ(find("#"), (strings{"a=2", "c/d/e=1"}));

    max_messages = 0;
    max_bytes = retain_bytes(retain) + 2;
    EXPECT_EQ(set("a", "123"), RETAIN_REPLACED);
    EXPECT_EQ(retain_bytes(retain), max_bytes);
    EXPECT_EQ(set("a", "1234"), RETAIN_FULL);
    EXPECT_EQ(set("z", "1"), RETAIN_FULL);
    EXPECT_EQ(find("#"), (strings{"a=123", "c/d/e=1"})) << "as it was";
    EXPECT_EQ(set("c/d/e", ""), RETAIN_CLEARED);
    EXPECT_EQ(set("a", "1234"), RETAIN_REPLACED);
}

TEST_F(RetainTest, AMessageGoesWhenItsTimeIsOver) {
    set("a/b", "1", 10);
    set("a", "2", 5);
    set("c", "3");
    EXPECT_EQ(timers.count, 2u);
    EXPECT_EQ(timer_next_ms(&timers), 5000u);
    retain_expire(retain, timer_take_due(&timers, 5000));
    EXPECT_EQ(find("#"), (strings{"a/b=1", "c=3"}));
    retain_expire(retain, timer_take_due(&timers, 20000));
    EXPECT_EQ(find("#"), (strings{"c=3"}));
    EXPECT_EQ(timer_take_due(&timers, UINT64_MAX), nullptr);
}

TEST_F(RetainTest, AReplacedMessagesTimeNoLongerCounts) {
    set("a", "1", 10);
    set("a", "2", 20);
    EXPECT_EQ(timers.count, 1u);
    EXPECT_EQ(timer_next_ms(&timers), 20000u);
    set("a", "3");
    EXPECT_EQ(timers.count, 0u);
    set("a", "4", 30);
    EXPECT_EQ(timer_next_ms(&timers), 30000u);
    set("a", "");
    EXPECT_EQ(timers.count, 0u);
}

TEST_F(RetainTest, TopicsOfAnyNumberOfLevels) {
    const std::string slashes(65535, '/');
    std::string plus = "+";
    while (plus.size() < 65534)
        plus += "/+";
    set(slashes, "x");
    EXPECT_EQ(find("#").size(), 1u);
    EXPECT_EQ(find(slashes).size(), 1u);
    EXPECT_EQ(find(plus).size(), 0u);
    EXPECT_EQ(find(plus.substr(0, 65533) + "/#").size(), 1u);
    set(slashes, "");
    EXPECT_EQ(find("#").size(), 0u);
}

// Stored and cleared at random, found by filters, against a map that is searched from end to end.
TEST_F(RetainTest, AgreesWithAMapUnderRandomUse) {
    topic_maker maker(1);
    std::map<std::string, std::string> model;
    uint64_t checks = 0;
    for (int round = 0; round < 12000; round++) {
        const std::string topic = maker.topic();
        const bool known = model.count(topic) != 0;
        const uint32_t target = (round / 1500) % 2 == 0 ? 7 : 3;
        if (maker.random() % 10 < target) {
            const std::string payload = std::to_string(round);
            ASSERT_EQ(set(topic, payload), known ? RETAIN_REPLACED : RETAIN_STORED);
            model[topic] = payload;
        } else {
            ASSERT_EQ(set(topic, ""), known ? RETAIN_CLEARED : RETAIN_NOTHING);
            model.erase(topic);
        }
        ASSERT_EQ(retain_count(retain), model.size());
        if (round % 3 != 0)
            continue;
        const std::string filter = maker.filter();
        strings expected;
        for (const auto &one : model) {
            if (matches(filter, one.first))
                expected.insert(one.first + "=" + one.second);
            checks++;
        }
        ASSERT_EQ(find(filter), expected) << filter;
    }
    EXPECT_GT(checks, 300000u);
}

TEST_F(RetainTest, ChurnDoesNotGrow) {
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 1000; i++)
            set("churn/" + std::to_string(round * 1000 + i) + "/x", "x", i % 7 + 1);
        for (int i = 0; i < 1000; i++)
            ASSERT_EQ(set("churn/" + std::to_string(round * 1000 + i) + "/x", ""), RETAIN_CLEARED);
        ASSERT_EQ(port.memory.used_bytes[MEMORY_MESSAGE], 0u);
        ASSERT_LT(port.memory.total_bytes, 16500u) << "one slab, the least index, the least heap";
    }
}

// Every request for memory fails once, in a run of its own; what had no memory has not happened.
TEST(RetainMemory, ALackAtAnyPointChangesNothing) {
    topic_maker maker(5);
    std::vector<std::string> topics;
    for (int i = 0; i < 60; i++)
        topics.push_back(maker.topic());
    for (int i = 0; i < 300; i++)
        topics.push_back("x/" + std::to_string(i));
    topics.push_back("a-level-of-more-than-14-bytes/another-level-of-that-kind/a");
    uint64_t n = 1;
    for (bool refused = true; refused; n++) {
        test_memory port;
        struct timers timers;
        std::map<std::string, std::string> model;
        timers_init(&timers, &port.memory);
        port.fail_once(n);
        struct retain *retain = retain_create(&port.memory, &timers, 1);
        if (retain == nullptr)
            retain = retain_create(&port.memory, &timers, 1);
        ASSERT_NE(retain, nullptr);
        for (size_t i = 0; i < topics.size(); i++) {
            const std::string payload = i % 9 == 8 ? "" : std::to_string(i);
            struct message *m =
                message_of(&port.memory, topics[i], payload, i % 2 == 0 ? 0 : 9, 0);
            if (m == nullptr)
                continue;
            const enum retain_result result = retain_set(retain, m, 0, 0);
            if (result == RETAIN_STORED || result == RETAIN_REPLACED)
                model[topics[i]] = payload;
            else if (result == RETAIN_CLEARED)
                model.erase(topics[i]);
            message_drop(&port.memory, m);
            ASSERT_EQ(retain_count(retain), model.size());
        }
        std::map<std::string, std::string> found;
        for (const char *filter : {"#", "$SYS/#", "$a/#"}) {
            struct retain_cursor cursor = {};
            while (const struct message *m = retain_next(retain, slice(filter), &cursor))
                found[text(message_topic(m))] = text(message_payload(m));
        }
        ASSERT_EQ(found, model);
        refused = port.memory.refused_count > 0;
        while (struct timer *timer = timer_take_due(&timers, UINT64_MAX))
            retain_expire(retain, timer);
        retain_destroy(retain);
        timers_free(&timers);
        ASSERT_EQ(port.memory.total_bytes, 0u);
        ASSERT_EQ(port.live_blocks, 0u);
        ASSERT_FALSE(port.wrong_size);
    }
    EXPECT_GT(n, 360u);
}

} // namespace
