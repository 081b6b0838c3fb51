// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What happens at each limit of the core. (The limits' values are limits_test.cc's.) Stories of a
// few clients and one core.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

using Lines = std::vector<std::string>;

TEST(Limit, MaxQueuedMessagesDropsTheNewest) {
    World world([](core_limits &l) { l.max_queued_messages = 3; });
    Client a(world);
    a.resume("a");
    a.subscribe("t", 1);
    a.drop();
    for (int i = 1; i <= 5; i++)
        world.publish("t", std::to_string(i), 1, false);
    EXPECT_EQ(world.count(STAT_DROPPED_QUEUE_FULL), 2u);
    a.open();
    a.resume("a");
    EXPECT_EQ(a.all(),
              (Lines{"PUBLISH t '1' q1 #1", "PUBLISH t '2' q1 #2", "PUBLISH t '3' q1 #3"}));
}

TEST(Limit, MaxQueuedMessagesCountsAboveTheWindow) {
    World world([](core_limits &l) {
        l.max_queued_messages = 3;
        l.max_inflight_messages = 4;
    });
    Client a(world);
    a.resume("a");
    a.subscribe("t", 1);
    a.reads = false; // nothing is taken in between
    for (int i = 1; i <= 10; i++)
        world.publish("t", std::to_string(i), 1, false);
    EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 7u);
    a.read_again();
    for (int i = 11; i <= 20; i++)
        world.publish("t", std::to_string(i), 1, false);
    EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 7u);
    EXPECT_EQ(world.count(STAT_DROPPED_QUEUE_FULL), 13u);
}

// A client that comes back subscribes once more, whatever waits for it under max_queued_messages:
// mosquitto_sub ends itself if that is refused.
TEST(Limit, WhoComesBackToALongQueueMaySubscribeAgain) {
    World world([](core_limits &l) { l.max_queued_messages = 0; });
    Client a(world);
    a.resume("a");
    a.subscribe("t", 1);
    a.drop();
    for (int i = 0; i <= 100000; i++)
        world.publish("t", "x", 1, false);
    ASSERT_GT(world.count(STAT_QUEUED_MESSAGES), 100000u);
    a.open();
    a.resume("a");
    a.reads = false;
    a.send_subscribe(1, {filter("t", 1)});
    EXPECT_EQ(world.count(STAT_SUBSCRIBE_DENIED), 0u);
}

//= v5/3.3.2-5 test
TEST(Limit, WhatHasExpiredMakesRoomInAFullQueue) {
    World world([](core_limits &l) { l.max_queued_messages = 3; });
    Client a(world), b(world);
    a.resume("a");
    b.connect("b");
    a.subscribe("t", 1);
    a.drop();
    for (uint16_t i = 1; i <= 4; i++)
        b.publish("t", std::to_string(i), 1, i, false, i == 2 ? Properties() : message_expiry(5));
    EXPECT_EQ(world.count(STAT_DROPPED_QUEUE_FULL), 1u);
    world.advance(5000);
    for (uint16_t i = 5; i <= 7; i++)
        b.publish("t", std::to_string(i), 1, i);
    EXPECT_EQ(world.count(STAT_DROPPED_EXPIRED), 2u);
    EXPECT_EQ(world.count(STAT_DROPPED_QUEUE_FULL), 2u);
    a.open();
    a.resume("a");
    EXPECT_EQ(a.all(),
              (Lines{"PUBLISH t '2' q1 #1", "PUBLISH t '5' q1 #2", "PUBLISH t '6' q1 #3"}));
}

// What a client did not read of QoS 0 does not outlive its connection, nor go uncounted.
TEST(Limit, Qos0ForALostConnectionIsDropped) {
    for (const bool queued : {false, true}) {
        World world([&](core_limits &l) { l.queue_qos0_messages = queued; });
        Client a(world), b(world);
        a.resume("a");
        b.connect("b");
        for (Client *each : {&a, &b}) {
            each->subscribe("0", 0);
            each->subscribe("1", 1);
            each->reads = false;
        }
        for (int i = 0; i < 5; i++)
            world.publish(i % 2 == 0 ? "0" : "1", "x", 1, false);
        b.drop(); // its session ends
        a.drop();
        EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), queued ? 5u : 2u);
        EXPECT_EQ(world.count(STAT_DROPPED_QOS0_DETACHED), queued ? 0u : 6u);
        EXPECT_EQ(world.count(STAT_DROPPED_SESSION_ENDED), queued ? 5u : 2u);
        a.open();
        a.resume("a");
        EXPECT_EQ(a.all().size(), queued ? 5u : 2u);
    }
}

TEST(Limit, MaxQueuedBytes) {
    World world([](core_limits &l) { l.max_queued_bytes = 1000; });
    Client a(world);
    a.resume("a");
    a.subscribe("t", 1);
    a.drop();
    world.publish("t", std::string(2000, 'x'), 1, false); // one always fits
    world.publish("t", "x", 1, false);
    EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 1u);
    EXPECT_EQ(world.count(STAT_DROPPED_QUEUE_BYTES), 1u);
}

TEST(Limit, MaxPayloadBytes) {
    World world([](core_limits &l) { l.max_payload_bytes = 10; });
    Client five(world), three(world, ELLA_VERSION_3_1_1);
    five.connect("5");
    three.connect("3");
    five.subscribe("#");
    const std::string eleven(11, 'x');
    five.publish("t", eleven, 1, 1);
    five.publish("t", eleven, 2, 2);
    five.publish("t", eleven, 0);
    EXPECT_EQ(five.all(), (Lines{"PUBACK #1 97", "PUBREC #2 97"}));
    three.publish("t", eleven, 1, 1);
    EXPECT_EQ(three.all(), (Lines{"PUBACK #1 00"}));
    EXPECT_EQ(world.count(STAT_DROPPED_PAYLOAD_TOO_LARGE), 4u);
    five.publish("t", std::string(10, 'x'), 0);
    EXPECT_EQ(five.all().size(), 1u);
    ConnectOptions o;
    o.will = Will{"w", eleven};
    Client will(world), old(world, ELLA_VERSION_3_1_1);
    EXPECT_EQ(will.connect("w", o).line(), "CONNACK new 97");
    EXPECT_EQ(old.connect("w", o).line(), "CONNACK new 03");
}

TEST(Limit, MaxTopicLevels) {
    World world([](core_limits &l) { l.max_topic_levels = 3; });
    Client a(world);
    a.connect("a");
    a.subscribe("#");
    a.publish("a/b/c", "x");
    EXPECT_EQ(a.next(), "PUBLISH a/b/c 'x' q0");
    a.publish("a/b/c/d", "x", 1, 1);
    EXPECT_EQ(a.all(), (Lines{"PUBACK #1 90"}));
    EXPECT_EQ(a.subscribe("a/+/c/#"), "SUBACK #1000 8f");
}

TEST(Limit, MaxSessions) {
    World world([](core_limits &l) { l.max_sessions = 2; });
    Client a(world), b(world), c(world), old(world, ELLA_VERSION_3_1_1);
    a.resume("a");
    a.drop();
    b.connect("b");
    EXPECT_EQ(c.connect("c").line(), "CONNACK new 97");
    EXPECT_EQ(old.connect("d").line(), "CONNACK new 03");
    Client again(world);
    EXPECT_EQ(again.resume("a").line(), "CONNACK present 00");
    b.drop();
    Client e(world);
    EXPECT_EQ(e.connect("e").line(), "CONNACK new 00");
}

TEST(Limit, MaxConnections) {
    World world([](core_limits &l) { l.max_connections = 1; });
    Client a(world), b(world), c(world, ELLA_VERSION_3_1_1);
    EXPECT_EQ(a.connect("a").line(), "CONNACK new 00");
    EXPECT_EQ(b.connect("b").line(), "CONNACK new 89");
    EXPECT_EQ(c.connect("c").line(), "CONNACK new 03");
    a.drop();
    b.open();
    EXPECT_EQ(b.connect("b").line(), "CONNACK new 00");
}

TEST(Limit, MaxSubscriptionsOfASession) {
    World world([](core_limits &l) { l.max_subscriptions_per_session = 2; });
    Client a(world);
    a.connect("a");
    a.send_subscribe(1, {filter("1"), filter("2"), filter("3"), filter("1", 1)});
    EXPECT_EQ(a.next(), "SUBACK #1 00 00 97 01");
    EXPECT_EQ(world.count(STAT_SUBSCRIPTIONS), 2u);
}

TEST(Limit, OnePacketHoldsSoManyFilters) {
    World world([](core_limits &l) { l.max_subscribe_bytes = 100; });
    Client a(world), b(world), c(world);
    a.connect("a");
    // Two bytes of length, the filter, a byte of options.
    const std::string fits(97, 'x'), large(98, 'x');
    a.send_subscribe(1, {filter(fits.c_str())});
    EXPECT_EQ(a.next(), "SUBACK #1 00");
    a.send_subscribe(2, {filter(large.c_str())});
    EXPECT_EQ(a.next(), "DISCONNECT 97");
    EXPECT_FALSE(a.is_open);
    b.connect("b");
    const std::string longer(99, 'x');
    b.send_unsubscribe(1, {filter(longer.c_str())});
    EXPECT_EQ(b.next(), "DISCONNECT 97");
    EXPECT_EQ(world.count(STAT_SUBSCRIPTIONS), 0u);
    c.connect("c");
    EXPECT_EQ(c.subscribe("t").substr(0, 6), "SUBACK");
}

TEST(Limit, SubscribingWithoutReadingEnds) {
    World world;
    Client a(world);
    a.connect("a");
    for (int i = 0; i < 500; i++)
        world.publish("t/" + std::to_string(i), "x", 0, true);
    a.reads = false;
    for (uint16_t i = 1; i <= 300; i++)
        a.send_subscribe(i, {filter("t/+", 1)});
    EXPECT_LE(world.count(STAT_QUEUED_MESSAGES), 100000u + 4u * 500u + 500u);
    a.read_again();
    EXPECT_EQ(a.next(), "SUBACK #1 01");
    EXPECT_GT(world.count(STAT_SUBSCRIBE_DENIED), 50u);
    EXPECT_EQ(a.subscribe("t/1", 0).substr(0, 6), "SUBACK");
}

TEST(Limit, SearchingRetainedMessagesWithoutEndEnds) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    for (int i = 0; i < 2000; i++)
        world.publish("a/" + std::to_string(i) + "/x", "x", 0, true);
    std::vector<std::string> names;
    std::vector<ella_filter> filters;
    for (int i = 0; i < 4000; i++)
        names.push_back("+/+/" + std::to_string(i)); // walks them all and finds none
    for (const std::string &each : names)
        filters.push_back(filter(each.c_str()));
    a.send_subscribe(1, filters);
    const std::string codes = a.next();
    EXPECT_NE(codes.find(" 00 00 00"), std::string::npos);
    EXPECT_EQ(codes.substr(codes.size() - 6), " 97 97");
    EXPECT_GT(world.count(STAT_SUBSCRIBE_DENIED), 1000u);
    EXPECT_LT(world.count(STAT_SUBSCRIBE_DENIED), 2000u);
    EXPECT_EQ(a.subscribe("a/1/x"), "SUBACK #1000 97"); // also in a packet of its own
    EXPECT_EQ(b.subscribe("+/+/y"), "SUBACK #1000 00"); // nobody else pays for it
    world.advance(10);
    EXPECT_EQ(a.subscribe("a/1/x"), "SUBACK #1000 00");
    EXPECT_EQ(a.all(), (Lines{"PUBLISH a/1/x 'x' q0 retain"}));
}

// Filters that all match the topic "a/a/…" of so many levels.
std::vector<std::string> overlapping(unsigned level_count) {
    std::vector<std::string> out;
    for (unsigned i = 0; i < 1u << level_count; i++) {
        std::string filter;
        for (unsigned level = 0; level < level_count; level++)
            filter += (level > 0 ? "/" : "") + std::string((i >> level & 1u) != 0 ? "a" : "+");
        out.push_back(filter);
    }
    return out;
}

//= v5/3.3.4-3 v5/3.3.4-5 test
TEST(Limit, ACopyCarries64SubscriptionIdentifiersAndThenThereIsAnother) {
    World world;
    Client a(world);
    a.connect("a");
    uint32_t identifier = 0;
    for (const std::string &each : overlapping(8))
        a.subscribe(each, 1, ++identifier);
    for (uint16_t i = 1; i <= 3; i++)
        a.subscribe("a/a/a/a/a/a/a/#", 1); // without an identifier: no copy of its own
    world.publish("a/a/a/a/a/a/a/a", "x", 1, false);
    std::vector<uint32_t> all;
    EXPECT_EQ(a.inbox.size(), 4u);
    while (!a.inbox.empty()) {
        const std::vector<uint32_t> ids = a.take(ELLA_PUBLISH).subscription_identifiers();
        EXPECT_EQ(ids.size(), 64u);
        all.insert(all.end(), ids.begin(), ids.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(std::unique(all.begin(), all.end()) - all.begin(), 256);
}

// One subscriber with thousands of overlapping filters that does not read.
TEST(Limit, SubscriptionIdentifiersThatWaitAreBounded) {
    World world;
    Client a(world);
    a.connect("a");
    uint32_t identifier = 0;
    for (const std::string &each : overlapping(11))
        a.subscribe(each, 1, 1000000u + ++identifier);
    a.reads = false;
    const size_t before = world.memory();
    for (int i = 0; i < 2000; i++)
        world.publish("a/a/a/a/a/a/a/a/a/a/a", "x", 1, false);
    EXPECT_LE(world.memory() - before, 1020u * (64u + 65u * 4u + 200u));
    EXPECT_GT(world.count(STAT_DROPPED_QUEUE_FULL), 0u);
}

TEST(Limit, MaxRetainedBytes) {
    World world([](core_limits &l) { l.max_retained_bytes = 500; });
    Client a(world);
    a.connect("a");
    a.publish("1", std::string(100, 'x'), 1, 1, true);
    a.publish("2", std::string(1000, 'x'), 1, 2, true);
    EXPECT_EQ(a.all(), (Lines{"PUBACK #1 10", "PUBACK #2 97"}));
}

TEST(Limit, MemoryIsNeverAboveItsLimitAndOthersGoOn) {
    World world([](core_limits &l) {
        l.memory_limit_bytes = 200000;
        l.max_queued_messages = 0;
    });
    Client a(world), b(world);
    a.resume("a");
    a.subscribe("t", 1);
    a.drop();
    b.connect("b");
    for (int i = 0; i < 2000; i++)
        world.publish("t", std::string(300, 'x'), 1, false);
    EXPECT_LE(world.memory(), 200000u);
    EXPECT_GT(world.count(STAT_DROPPED_NO_MEMORY), 1000u);
    EXPECT_GT(world.count(STAT_MEMORY_REFUSED), 1000u);
    b.publish("other", std::string(100000, 'x'), 1, 7);
    EXPECT_EQ(b.next(), "PUBACK #7 97");
    b.simple(ELLA_PINGREQ);
    EXPECT_EQ(b.next(), "PINGRESP");
    EXPECT_FALSE(b.closed_by_core);
}

// Messages of every size, so that not a byte is left for more of them.
TEST(Limit, FullOfMessagesTheCoreStillConnectsAndAnswers) {
    World world([](core_limits &l) {
        l.memory_limit_bytes = 200000;
        l.max_queued_messages = 0;
    });
    Client a(world), b(world);
    a.resume("a");
    a.subscribe("t", 1);
    a.drop();
    b.connect("b");
    for (size_t size = 4000; size > 0; size = size * 9 / 10) {
        const uint64_t before = world.count(STAT_DROPPED_NO_MEMORY);
        while (world.count(STAT_DROPPED_NO_MEMORY) == before)
            world.publish("t", std::string(size, 'x'), 1, false);
    }
    EXPECT_GT(world.memory(), 187000u);
    for (int i = 0; i < 10; i++)
        b.simple(ELLA_PINGREQ);
    EXPECT_EQ(b.all().size(), 10u);
    Client c(world);
    EXPECT_EQ(c.connect("c").line(), "CONNACK new 00");
    EXPECT_EQ(c.subscribe("x").substr(0, 13), "SUBACK #1000 ");
    Client again(world);
    ConnectOptions clean; // the one who can clear it up
    EXPECT_EQ(again.connect("a", clean).line(), "CONNACK new 00");
    EXPECT_LT(world.memory(), 50000u);
    EXPECT_FALSE(b.closed_by_core);
}

TEST(Limit, NewLimitsBindFromNowOn) {
    World world;
    Client a(world);
    a.connect("a");
    a.subscribe("1");
    a.subscribe("2");
    world.configure([](core_limits &l) {
        l.max_subscriptions_per_session = 1;
        l.receive_maximum = 1;
    });
    EXPECT_EQ(world.count(STAT_SUBSCRIPTIONS), 2u);
    EXPECT_EQ(a.subscribe("3"), "SUBACK #1000 97");
    for (uint16_t i = 1; i <= 20; i++)
        a.publish("1", "x", 2, i); // this connection was told 20
    EXPECT_FALSE(a.closed_by_core);
}

// What an idle client costs; the transport's side is not counted here.
TEST(Limit, AnIdleClientIsSmall) {
    World world;
    std::vector<std::unique_ptr<Client>> clients;
    const size_t before = world.memory();
    for (int i = 0; i < 1000; i++) {
        clients.push_back(std::make_unique<Client>(world));
        ConnectOptions o;
        o.keep_alive = 60;
        clients.back()->connect("client-" + std::to_string(i), o);
    }
    const size_t each = (world.memory() - before) / 1000;
    std::printf("core memory for each idle client: %zu bytes\n", each);
    RecordProperty("bytes_for_each_idle_client", static_cast<int>(each));
    EXPECT_LE(each, 340u);
    EXPECT_EQ(core_memory_bytes(world.core(), MEMORY_OUTPUT), 0u);
    EXPECT_EQ(core_memory_bytes(world.core(), MEMORY_QUEUE), 0u);
    EXPECT_EQ(core_memory_bytes(world.core(), MEMORY_OTHER),
              core_memory_bytes(World().core(), MEMORY_OTHER));
}

} // namespace
