// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Sessions: what is kept, for how long, and what is sent again. Stories of a few clients and one
// core.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

using Lines = std::vector<std::string>;

ConnectOptions lasting(uint32_t expiry_s, bool clean = false) {
    ConnectOptions o;
    o.clean = clean;
    o.properties = expiry(expiry_s);
    return o;
}

// ---- Present or not -------------------------------------------------------------------------

//= v5/3.1.2-4 v5/3.1.2-5 v5/3.1.2-6 v5/3.1.2-23 v5/3.2.2-2 v5/3.2.2-3 v5/3.1.4-4 v5/3.1.4-5 test
TEST(Session, IsResumedUnlessAskedNotTo) {
    World world;
    Client a(world);
    EXPECT_EQ(a.connect("a", lasting(60)).line(), "CONNACK new 00");
    a.subscribe("t");
    a.drop();
    a.open();
    EXPECT_EQ(a.connect("a", lasting(60)).line(), "CONNACK present 00");
    a.publish("t", "x");
    EXPECT_EQ(a.next(), "PUBLISH t 'x' q0");
    a.drop();
    a.open();
    EXPECT_EQ(a.connect("a", lasting(60, true)).line(), "CONNACK new 00");
    a.publish("t", "x");
    EXPECT_EQ(a.next(), "nothing");
}

//= v3/3.1.2-4 v3/3.1.2-6 v3/3.2.2-1 v3/3.2.2-2 v3/3.2.2-3 v3/3.1.4-3 v3/3.1.4-4 test
TEST(Session, BeforeFiveTheFlagOfTheLastConnectionDecides) {
    World world;
    Client a(world, ELLA_VERSION_3_1_1);
    EXPECT_EQ(a.resume("a").line(), "CONNACK new 00");
    a.drop();
    world.advance(1u << 30);
    a.open();
    EXPECT_EQ(a.resume("a").line(), "CONNACK present 00");
    a.drop();
    a.open();
    EXPECT_EQ(a.connect("a").line(), "CONNACK new 00");
    a.drop();
    a.open();
    EXPECT_EQ(a.resume("a").line(), "CONNACK new 00");
}

TEST(Session, OldestClientsKnowNoSessionPresentFlag) {
    World world;
    Client a(world, ELLA_VERSION_3_1);
    a.resume("a");
    a.subscribe("t", 1);
    a.drop();
    a.open();
    EXPECT_EQ(a.resume("a").line(), "CONNACK new 00");
    a.publish("t", "x", 1, 1);
    EXPECT_EQ(a.all(), (Lines{"PUBACK #1 00", "PUBLISH t 'x' q1 #1"}));
}

//= v5/4.1.0-2 v5/3.1.2-23 test
TEST(Session, WithoutExpiryEndsWithTheConnection) {
    World world;
    Client a(world);
    ConnectOptions o;
    o.clean = false;
    a.connect("a", o);
    a.subscribe("t");
    a.drop();
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 0u);
    EXPECT_EQ(world.count(STAT_SUBSCRIPTIONS), 0u);
    a.open();
    EXPECT_EQ(a.connect("a", o).line(), "CONNACK new 00");
}

//= v5/4.1.0-1 v5/4.1.0-2 test
//= v3/4.1.0-1 v3/4.1.0-2 test
TEST(Session, ExpiryCountsFromTheEndOfTheConnection) {
    World world;
    Client a(world);
    a.connect("a", lasting(10));
    world.advance(100000); // not while it is connected
    a.drop();
    world.advance(9999);
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 1u);
    a.open();
    EXPECT_EQ(a.connect("a", lasting(10)).line(), "CONNACK present 00");
    world.advance(100000);
    a.drop();
    world.advance(10000);
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 0u);
    EXPECT_EQ(world.count(STAT_SESSIONS_EXPIRED), 1u);
}

TEST(Session, MayLastForEver) {
    World world;
    Client a(world);
    a.connect("a", lasting(0xffffffffu));
    a.drop();
    EXPECT_EQ(core_deadline_ms(world.core()), UINT64_MAX);
    world.advance(uint64_t{1} << 50);
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 1u);
}

TEST(Session, TheLimitOfExpiryIsToldAndKept) {
    World world([](core_limits &l) { l.session_expiry_max_s = 5; });
    Client a(world), b(world, ELLA_VERSION_3_1_1);
    EXPECT_EQ(a.connect("a", lasting(10)).properties().session_expiry_interval_s, 5u);
    b.resume("b");
    a.disconnect(0, expiry(100));
    b.drop();
    world.advance(4999);
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 2u);
    world.advance(1);
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 0u);
}

//= v5/u-3.14.2.2.2-2 v5/u-3.14.2.2.2-3 test
TEST(Session, DisconnectMayChangeItsExpiryButNotFromZero) {
    World world;
    Client a(world);
    a.connect("a", lasting(60));
    a.disconnect(0, expiry(0));
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 0u);
    a.open();
    a.connect("a", lasting(1));
    a.disconnect(0, expiry(100));
    world.advance(99999);
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 1u);
    world.advance(1);
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 0u);
    a.open();
    a.connect("a", lasting(0));
    a.disconnect(0, expiry(1));
    EXPECT_EQ(a.all(), (Lines{"DISCONNECT 82"}));
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 0u);
}

TEST(Session, MayBeResumedByAnotherVersion) {
    World world;
    Client a(world), b(world, ELLA_VERSION_3_1_1);
    a.connect("x", lasting(60));
    a.subscribe("t", 1, 5);
    a.drop();
    world.publish("t", "1", 1, false);
    EXPECT_EQ(b.resume("x").line(), "CONNACK present 00");
    EXPECT_EQ(b.next(), "PUBLISH t '1' q1 #1");
}

// ---- What waits -----------------------------------------------------------------------------

//= v3/3.1.2-5 v3/4.5.0-1 test
//= v5/4.5.0-1 v5/3.3.2-5 v5/3.3.2-6 test
TEST(Session, KeepsQos1And2WhileAwayAndThrowsAwayWhatExpires) {
    World world;
    Client a(world), b(world);
    b.connect("b");
    a.connect("a", lasting(600));
    a.subscribe("t", 2);
    a.drop();
    b.publish("t", "0", 0);
    b.publish("t", "1", 1, 1);
    b.publish("t", "2", 2, 2, false, message_expiry(5));
    b.publish("t", "3", 2, 3, false, message_expiry(50));
    world.advance(20000);
    a.open();
    a.resume("a");
    EXPECT_EQ(a.next(), "PUBLISH t '1' q1 #1");
    Packet got = a.take(ELLA_PUBLISH);
    EXPECT_EQ(got.line(), "PUBLISH t '3' q2 #2");
    EXPECT_EQ(got.properties().message_expiry_interval_s, 30u);
    EXPECT_EQ(a.next(), "nothing");
    EXPECT_EQ(world.count(STAT_DROPPED_QOS0_DETACHED), 1u);
    EXPECT_EQ(world.count(STAT_DROPPED_EXPIRED), 1u);
}

TEST(Session, KeepsQos0OnlyIfConfigured) {
    World world([](core_limits &l) { l.queue_qos0_messages = true; });
    Client a(world);
    a.resume("a");
    a.subscribe("t");
    a.drop();
    world.publish("t", "x", 0, false);
    a.open();
    a.resume("a");
    EXPECT_EQ(a.next(), "PUBLISH t 'x' q0");
}

TEST(Session, OrderIsKeptFromAwayToConnected) {
    World world;
    Client a(world);
    a.resume("a");
    a.subscribe("t", 1);
    a.drop();
    for (int i = 0; i < 30; i++)
        world.publish("t", std::to_string(i), 1, false);
    a.open();
    a.resume("a");
    for (int i = 30; i < 40; i++)
        world.publish("t", std::to_string(i), 1, false);
    for (uint16_t i = 0; i < 40; i++) {
        const std::string n = std::to_string(i);
        EXPECT_EQ(a.next(), "PUBLISH t '" + n + "' q1 #" + std::to_string(i + 1));
        a.ack(ELLA_PUBACK, static_cast<uint16_t>(i + 1));
    }
}

// ---- What is sent again ---------------------------------------------------------------------

//= v5/4.4.0-1 v5/3.3.1-1 v5/4.3.3-6 v5/4.3.2-3 v5/4.3.3-3 v5/4.3.3-5 v5/2.2.1-4 test
//= v3/4.4.0-1 v3/3.3.1-1 v3/4.3.3-1 v3/2.3.1-4 test
TEST(Resume, SendsAgainWhatIsNotAcknowledgedInOrder) {
    for (ella_version version : {ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        World world;
        Client a(world, version);
        a.resume("a");
        a.subscribe("t", 2);
        world.publish("t", "1", 1, false);
        world.publish("t", "2", 2, false);
        world.publish("t", "3", 2, false);
        world.publish("t", "4", 1, false);
        world.publish("t", "5", 0, false);
        EXPECT_EQ(a.all().size(), 5u);
        a.ack(ELLA_PUBREC, 2);
        EXPECT_EQ(a.next(), "PUBREL #2 00");
        a.ack(ELLA_PUBACK, 1);
        a.drop();
        world.publish("t", "6", 1, false);
        a.open();
        EXPECT_EQ(a.resume("a").line(), "CONNACK present 00");
        world.publish("t", "7", 1, false);
        EXPECT_EQ(a.all(),
                  (Lines{"PUBREL #2 00", "PUBLISH t '3' q2 #3 dup", "PUBLISH t '4' q1 #4 dup",
                         "PUBLISH t '6' q1 #5", "PUBLISH t '7' q1 #6"}));
        EXPECT_EQ(world.count(STAT_PUBLISH_RESENT), 2u);
        a.ack(ELLA_PUBCOMP, 2);
        a.ack(ELLA_PUBREC, 3);
        a.ack(ELLA_PUBCOMP, 3);
        a.ack(ELLA_PUBACK, 4);
        a.ack(ELLA_PUBACK, 5);
        a.ack(ELLA_PUBACK, 6);
        EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 0u);
    }
}

//= v5/4.4.0-1 test
TEST(Resume, NothingIsSentAgainOnTheSameConnection) {
    World world;
    Client a(world);
    a.resume("a");
    a.subscribe("t", 2);
    world.publish("t", "1", 1, false);
    EXPECT_EQ(a.all().size(), 1u);
    world.advance(10000000);
    EXPECT_EQ(a.next(), "nothing");
}

//= v5/4.3.3-7 test
TEST(Resume, WhatWasSentDoesNotExpire) {
    World world;
    Client a(world), b(world);
    b.connect("b");
    a.resume("a");
    a.subscribe("t", 2);
    b.publish("t", "1", 2, 1, false, message_expiry(5));
    EXPECT_EQ(a.all().size(), 1u);
    a.drop();
    world.advance(10000);
    a.open();
    a.resume("a");
    EXPECT_EQ(a.next(), "PUBLISH t '1' q2 #1 dup");
}

//= v5/4.3.3-10 test
//= v3/4.3.3-2 v3/3.1.2-4 test
TEST(Resume, Qos2ReceivedBeforeIsNotDeliveredAgain) {
    World world;
    Client a(world), b(world);
    b.connect("b");
    b.subscribe("t");
    a.resume("a");
    a.publish("t", "x", 2, 5);
    a.drop();
    a.open();
    a.resume("a");
    a.publish("t", "x", 2, 5, false, nullptr, true);
    EXPECT_EQ(a.next(), "PUBREC #5 00");
    a.ack(ELLA_PUBREL, 5);
    EXPECT_EQ(a.next(), "PUBCOMP #5 00");
    EXPECT_EQ(b.all(), (Lines{"PUBLISH t 'x' q0"}));
}

//= v5/3.1.2-24 v5/3.1.2-25 test
TEST(Resume, ASmallerMaximumPacketSizeCompletesWhatIsTooLargeNow) {
    World world;
    Client a(world);
    a.resume("a");
    a.subscribe("t", 1);
    world.publish("t", std::string(200, 'x'), 1, false);
    world.publish("t", "small", 1, false);
    a.drop();
    a.open();
    ConnectOptions o = lasting(100);
    o.properties = o.properties + maximum_packet_size(100);
    a.connect("a", o);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t 'small' q1 #2 dup"}));
    EXPECT_EQ(world.count(STAT_DROPPED_PACKET_TOO_LARGE), 1u);
}

//= v3/3.1.2-7 test
TEST(Session, RetainedMessagesAreNotPartOfIt) {
    World world;
    Client a(world, ELLA_VERSION_3_1_1), b(world);
    a.connect("a");
    a.publish("t", "x", 1, 1, true);
    a.drop();
    b.connect("b");
    b.subscribe("t", 1);
    EXPECT_EQ(b.next(), "PUBLISH t 'x' q1 #1 retain");
}

//= v5/3.8.3-3 test
TEST(Session, NoLocalHoldsWhileItIsAway) {
    World world;
    Client a(world), b(world);
    a.connect("a", lasting(60));
    ella_filter f = filter("t", 1);
    f.no_local = true;
    a.send_subscribe(1, {f});
    a.take(ELLA_SUBACK);
    a.publish("t", "own", 1, 1);
    EXPECT_EQ(a.all(), (Lines{"PUBACK #1 10"}));
    b.connect("b");
    b.publish("t", "other", 1, 1);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t 'other' q1 #1"}));
}

} // namespace
