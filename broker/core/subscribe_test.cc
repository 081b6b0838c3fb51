// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// SUBSCRIBE and UNSUBSCRIBE, overlaps, options, identifiers, $-topics. Stories of a few clients
// and one core.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

using Lines = std::vector<std::string>;
using Ids = std::vector<uint32_t>;

ella_filter with_options(ella_filter f, bool no_local, bool as_published, uint8_t handling) {
    f.no_local = no_local;
    f.retain_as_published = as_published;
    f.retain_handling = handling;
    return f;
}

// ---- The answer -----------------------------------------------------------------------------

//= v5/3.8.4-1 v5/3.8.4-2 v5/3.8.4-5 v5/3.8.4-6 v5/3.8.4-7 v5/3.9.3-1 v5/3.9.3-2 v5/2.2.1-6 test
//= v3/3.8.4-1 v3/3.8.4-2 v3/3.8.4-4 v3/3.8.4-5 v3/3.9.3-1 v3/3.9.3-2 v3/2.3.1-7 test
TEST(Subscribe, EachFilterHasItsCodeInOrder) {
    World world([](core_limits &l) { l.max_topic_levels = 3; });
    world.policy = [](const core_question &q) {
        return q.access != CORE_ACCESS_SUBSCRIBE || text(q.topic) != "no";
    };
    Client five(world), three(world, ELLA_VERSION_3_1_1);
    five.connect("5");
    three.connect("3");
    const std::vector<ella_filter> filters = {filter("a", 2), filter("no", 1), filter("b", 0),
                                              filter("1/2/3/4", 1), filter("c", 1)};
    five.send_subscribe(42, filters);
    three.send_subscribe(43, filters);
    EXPECT_EQ(five.next(), "SUBACK #42 02 87 00 8f 01");
    EXPECT_EQ(three.next(), "SUBACK #43 02 80 00 80 01");
    EXPECT_EQ(world.count(STAT_SUBSCRIBE_DENIED), 4u);
    EXPECT_EQ(world.count(STAT_SUBSCRIPTIONS), 6u);
    EXPECT_TRUE(world.was_logged("5: not authorized to subscribe no"));
}

TEST(Subscribe, ManyFiltersInOnePacket) {
    World world;
    Client a(world);
    a.connect("a");
    std::vector<std::string> names;
    for (int i = 0; i < 200; i++)
        names.push_back("t/" + std::to_string(i));
    std::vector<ella_filter> filters;
    for (const std::string &name : names)
        filters.push_back(filter(name.c_str(), 1));
    a.send_subscribe(1, filters);
    Packet suback = a.take(ELLA_SUBACK);
    EXPECT_EQ(ella_slice_len(suback.p.suback.reason_codes), 200u);
    a.send_unsubscribe(2, filters);
    EXPECT_EQ(ella_slice_len(a.take(ELLA_UNSUBACK).p.suback.reason_codes), 200u);
    EXPECT_EQ(world.count(STAT_SUBSCRIPTIONS), 0u);
}

//= v5/u-3.2.2.3.11-2 v5/u-3.2.2.3.12-2 v5/u-3.2.2.3.13-2 v5/4.13.1-1 test
//= v3/3.8.3-2 test
TEST(Subscribe, WhatIsNotAvailableEndsAFiveConnection) {
    World world([](core_limits &l) {
        l.wildcard_subscription_available = false;
        l.shared_subscription_available = false;
        l.subscription_identifier_available = false;
    });
    Client a(world), b(world), c(world), old(world, ELLA_VERSION_3_1_1);
    a.connect("a");
    b.connect("b");
    c.connect("c");
    old.connect("old");
    a.send_subscribe(1, {filter("t"), filter("t/+")});
    EXPECT_EQ(a.all(), (Lines{"DISCONNECT a2"}));
    b.send_subscribe(1, {filter("$share/g/t")});
    EXPECT_EQ(b.all(), (Lines{"DISCONNECT 9e"}));
    c.send_subscribe(1, {filter("t")}, 5);
    EXPECT_EQ(c.all(), (Lines{"DISCONNECT a1"}));
    old.send_subscribe(1, {filter("t/#"), filter("$share/g/t"), filter("t")});
    EXPECT_EQ(old.all(), (Lines{"SUBACK #1 80 80 00"}));
}

//= v5/3.10.4-1 v5/3.10.4-2 v5/3.10.4-4 v5/3.10.4-5 v5/3.10.4-6 v5/3.11.3-1 v5/3.11.3-2 test
//= v3/3.10.4-1 v3/3.10.4-2 v3/3.10.4-4 v3/3.10.4-5 v3/3.10.4-6 test
TEST(Unsubscribe, IsExactAndAlwaysAnswered) {
    World world;
    Client five(world), three(world, ELLA_VERSION_3_1_1);
    five.connect("5");
    three.connect("3");
    five.subscribe("a/b");
    three.subscribe("a/b");
    five.send_unsubscribe(9, {filter("a/+"), filter("a/b"), filter("A/b")});
    EXPECT_EQ(five.next(), "UNSUBACK #9 11 00 11");
    three.send_unsubscribe(9, {filter("a/+")});
    EXPECT_EQ(three.next(), "UNSUBACK #9");
    world.publish("a/b", "x", 0, false);
    EXPECT_EQ(five.next(), "nothing");
    EXPECT_EQ(three.next(), "PUBLISH a/b 'x' q0");
}

TEST(Unsubscribe, MayBeDenied) {
    World world;
    world.policy = [](const core_question &q) { return q.access != CORE_ACCESS_UNSUBSCRIBE; };
    Client a(world);
    a.connect("a");
    a.subscribe("t");
    EXPECT_EQ(a.unsubscribe("t"), "UNSUBACK #1001 87");
    world.publish("t", "x", 0, false);
    EXPECT_EQ(a.next(), "PUBLISH t 'x' q0");
}

//= v5/3.10.4-3 test
//= v3/3.10.4-3 test
TEST(Unsubscribe, WhatWasBegunIsCompleted) {
    World world;
    Client a(world);
    a.resume("a");
    a.subscribe("t", 2);
    world.publish("t", "x", 2, false);
    EXPECT_EQ(a.next(), "PUBLISH t 'x' q2 #1");
    a.unsubscribe("t");
    a.ack(ELLA_PUBREC, 1);
    EXPECT_EQ(a.next(), "PUBREL #1 00");
    a.drop();
    a.open();
    a.resume("a");
    EXPECT_EQ(a.next(), "PUBREL #1 00");
}

// ---- Overlaps -------------------------------------------------------------------------------

//= v5/3.3.4-2 v5/3.3.4-3 v5/3.3.4-4 v5/u-3.3.4-1 test
//= v3/3.3.5-1 test
TEST(Overlap, OneCopyAtTheHighestQosWithAllIdentifiers) {
    World world;
    Client a(world), b(world), old(world, ELLA_VERSION_3_1_1);
    a.connect("a");
    b.connect("b");
    old.connect("old");
    a.subscribe("t/#", 0, 1);
    a.subscribe("t/+", 2, 2);
    a.subscribe("+/x", 1);
    a.subscribe("t/x", 1, 1);
    a.subscribe("other", 2, 9);
    b.subscribe("t/x", 1, 7);
    old.subscribe("#", 0);
    old.subscribe("t/x", 1);
    world.publish("t/x", "m", 2, false);
    Packet got = a.take(ELLA_PUBLISH);
    EXPECT_EQ(got.line(), "PUBLISH t/x 'm' q2 #1");
    Ids ids = got.subscription_identifiers();
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, (Ids{1, 1, 2}));
    EXPECT_EQ(a.next(), "nothing");
    EXPECT_EQ(b.take(ELLA_PUBLISH).subscription_identifiers(), (Ids{7}));
    EXPECT_EQ(old.all(), (Lines{"PUBLISH t/x 'm' q1 #1"}));
}

TEST(Overlap, ManyIdentifiers) {
    World world;
    Client a(world);
    a.connect("a");
    std::string name;
    Ids expected;
    for (uint32_t i = 0; i < 64; i++) { // every way to write a/b/c/d/e/f with + in it
        name.clear();
        for (uint32_t level = 0; level < 6; level++) {
            name += level > 0 ? "/" : "";
            name += (i >> level & 1) != 0 ? std::string("+") : std::string(1, char('a' + level));
        }
        a.subscribe(name, 0, 1000 + i);
        expected.push_back(1000 + i);
    }
    world.publish("a/b/c/d/e/f", "m", 0, false);
    Ids ids = a.take(ELLA_PUBLISH).subscription_identifiers();
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, expected);
    EXPECT_EQ(a.next(), "nothing");
}

//= v5/3.8.4-3 test
//= v3/3.8.4-3 test
TEST(Subscribe, AgainReplacesOptionsAndIdentifier) {
    World world;
    Client a(world);
    a.connect("a");
    a.subscribe("t", 2, 5);
    a.subscribe("t", 1, 6);
    world.publish("t", "1", 2, false);
    Packet got = a.take(ELLA_PUBLISH);
    EXPECT_EQ(got.line(), "PUBLISH t '1' q1 #1");
    EXPECT_EQ(got.subscription_identifiers(), (Ids{6}));
    a.subscribe("t", 0);
    world.publish("t", "2", 2, false);
    got = a.take(ELLA_PUBLISH);
    EXPECT_EQ(got.line(), "PUBLISH t '2' q0");
    EXPECT_FALSE(got.has(ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER));
    EXPECT_EQ(a.next(), "nothing");
    EXPECT_EQ(world.count(STAT_SUBSCRIPTIONS), 1u);
}

// ---- Options --------------------------------------------------------------------------------

//= v5/3.8.3-3 test
TEST(NoLocal, KeepsOnesOwnAway) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    a.send_subscribe(1, {with_options(filter("t", 2), true, false, 0), filter("t/#", 1)});
    a.take(ELLA_SUBACK);
    a.publish("t", "own", 0);
    EXPECT_EQ(a.next(), "PUBLISH t 'own' q0"); // by t/#
    a.unsubscribe("t/#");
    a.publish("t", "own", 0, 0, true);
    EXPECT_EQ(a.next(), "nothing");
    b.publish("t", "other", 2, 1);
    EXPECT_EQ(a.next(), "PUBLISH t 'other' q2 #1");
    // What is retained is one's own too.
    a.unsubscribe("t");
    a.send_subscribe(1, {with_options(filter("t", 2), true, false, 0)});
    a.take(ELLA_SUBACK);
    EXPECT_EQ(a.next(), "nothing");
}

//= v5/3.3.1-12 v5/3.3.1-13 test
//= v3/3.3.1-9 test
TEST(RetainAsPublished, KeepsTheFlag) {
    World world;
    Client a(world), b(world), old(world, ELLA_VERSION_3_1_1);
    a.connect("a");
    b.connect("b");
    old.connect("old");
    a.send_subscribe(1, {with_options(filter("t"), false, true, 0)});
    a.take(ELLA_SUBACK);
    b.subscribe("t");
    old.subscribe("t");
    world.publish("t", "1", 0, true);
    world.publish("t", "2", 0, false);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '1' q0 retain", "PUBLISH t '2' q0"}));
    EXPECT_EQ(b.all(), (Lines{"PUBLISH t '1' q0", "PUBLISH t '2' q0"}));
    EXPECT_EQ(old.all(), (Lines{"PUBLISH t '1' q0", "PUBLISH t '2' q0"}));
}

//= v5/3.3.1-9 v5/3.3.1-10 v5/3.3.1-11 v5/3.8.4-4 test
//= v3/3.3.1-6 v3/3.8.4-3 test
TEST(RetainHandling, SaysWhetherRetainedMessagesAreSent) {
    World world;
    Client a(world), old(world, ELLA_VERSION_3_1_1);
    a.resume("a");
    old.connect("old");
    world.publish("t", "kept", 0, true);
    const struct {
        uint8_t handling;
        uint8_t qos;
        bool sent;
    } story[] = {{2, 0, false}, {1, 0, false}, {0, 0, true}, {0, 1, true}, {1, 2, false}};
    for (const auto &step : story) {
        a.send_subscribe(1, {with_options(filter("t", step.qos), false, false, step.handling)});
        a.take(ELLA_SUBACK);
        EXPECT_EQ(a.all(), step.sent ? Lines{"PUBLISH t 'kept' q0 retain"} : Lines{});
    }
    a.unsubscribe("t");
    a.send_subscribe(1, {with_options(filter("t"), false, false, 1)});
    a.take(ELLA_SUBACK);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t 'kept' q0 retain"}));
    // A resumed session has its subscriptions still.
    a.drop();
    a.open();
    a.resume("a");
    a.send_subscribe(1, {with_options(filter("t"), false, false, 1)});
    a.take(ELLA_SUBACK);
    EXPECT_EQ(a.next(), "nothing");
    for (int i = 0; i < 2; i++) {
        old.subscribe("t");
        EXPECT_EQ(old.all(), (Lines{"PUBLISH t 'kept' q0 retain"}));
    }
}

//= v5/3.3.4-3 test
TEST(Retained, CarriesTheIdentifierOfTheSubscription) {
    World world;
    Client a(world);
    a.connect("a");
    world.publish("t", "x", 0, true);
    a.subscribe("t", 0, 12);
    EXPECT_EQ(a.take(ELLA_PUBLISH).subscription_identifiers(), (Ids{12}));
}

// ---- Topics ---------------------------------------------------------------------------------

//= v5/4.7.2-1 test
//= v3/4.7.2-1 test
TEST(DollarTopics, AreNotMatchedByALeadingWildcard) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    world.publish("$SYS/x", "kept", 0, true);
    a.send_subscribe(1, {filter("#"), filter("+/x")});
    a.take(ELLA_SUBACK);
    b.send_subscribe(1, {filter("#"), filter("$SYS/#")});
    b.take(ELLA_SUBACK);
    world.publish("$SYS/x", "live", 0, false);
    EXPECT_EQ(a.next(), "nothing");
    EXPECT_EQ(b.all(), (Lines{"PUBLISH $SYS/x 'kept' q0 retain", "PUBLISH $SYS/x 'live' q0"}));
}

// ---- Permission to read ---------------------------------------------------------------------

TEST(Read, IsAskedForEachCopyAndOnceForEachSession) {
    World world;
    int asked = 0;
    world.policy = [&](const core_question &q) {
        asked += q.access == CORE_ACCESS_READ ? 1 : 0;
        return q.access != CORE_ACCESS_READ || text(q.client_id) != "spy";
    };
    Client spy(world), friendly(world), publisher(world);
    spy.connect("spy");
    friendly.connect("friendly");
    publisher.connect("p");
    spy.send_subscribe(1, {filter("t/#"), filter("#")});
    spy.take(ELLA_SUBACK);
    friendly.subscribe("#");
    publisher.publish("t/1", "x", 1, 1);
    EXPECT_EQ(spy.next(), "nothing");
    EXPECT_EQ(friendly.next(), "PUBLISH t/1 'x' q0");
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(world.count(STAT_DROPPED_RECEIVE_DENIED), 1u);
    friendly.unsubscribe("#");
    publisher.publish("t/1", "x", 1, 2);
    EXPECT_EQ(publisher.all(), (Lines{"PUBACK #1 00", "PUBACK #2 10"}));
}

TEST(Read, OfRetainedMessagesAsksAboutTheirPublisherToo) {
    World world;
    bool writer_allowed = true;
    world.policy = [&](const core_question &q) {
        return q.access != CORE_ACCESS_WRITE || writer_allowed;
    };
    Client writer(world), a(world), b(world);
    writer.connect("writer");
    a.connect("a");
    b.connect("b");
    writer.publish("t", "x", 0, 0, true);
    a.subscribe("t");
    EXPECT_EQ(a.next(), "PUBLISH t 'x' q0 retain");
    writer_allowed = false;
    b.subscribe("t");
    EXPECT_EQ(b.next(), "nothing");
}

} // namespace
