// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Shared subscriptions (section 4.8.2 of 5.0): who gets what, and what becomes of it when a member
// goes. Stories of a few clients and one core.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

using Lines = std::vector<std::string>;

void publish(World &world, int first, int last, uint8_t qos) {
    for (int i = first; i <= last; i++)
        world.publish("t", std::to_string(i), qos, false);
}

TEST(Shared, EachMessageGoesToOneMemberInTurn) {
    World world;
    Client a(world), b(world), c(world, ELLA_VERSION_3_1_1);
    a.connect("a");
    b.connect("b");
    c.connect("c");
    for (Client *m : {&a, &b, &c})
        EXPECT_EQ(m->subscribe("$share/g/t"), "SUBACK #1000 00");
    publish(world, 1, 6, 0);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '1' q0", "PUBLISH t '4' q0"}));
    EXPECT_EQ(b.all(), (Lines{"PUBLISH t '2' q0", "PUBLISH t '5' q0"}));
    EXPECT_EQ(c.all(), (Lines{"PUBLISH t '3' q0", "PUBLISH t '6' q0"}));
    EXPECT_EQ(world.count(STAT_SHARED_SUBSCRIPTIONS), 3u);
}

TEST(Shared, GroupsAndPlainSubscriptionsAreIndependent) {
    World world;
    Client a(world);
    a.connect("a");
    a.subscribe("$share/g/t", 0, 1);
    a.subscribe("$share/h/t", 0, 2);
    a.subscribe("t", 0, 3);
    publish(world, 1, 1, 0);
    // Each copy carries the identifier of what made it, and only that.
    std::vector<uint32_t> ids;
    for (int i = 0; i < 3; i++) {
        const std::vector<uint32_t> own = a.take(ELLA_PUBLISH).subscription_identifiers();
        ASSERT_EQ(own.size(), 1u);
        ids.push_back(own[0]);
    }
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, (std::vector<uint32_t>{1, 2, 3}));
    EXPECT_EQ(a.next(), "nothing");
}

TEST(Shared, NothingRetainedIsSent) {
    World world;
    Client a(world);
    a.connect("a");
    world.publish("t", "kept", 1, true);
    a.subscribe("$share/g/t", 1);
    EXPECT_EQ(a.next(), "nothing");
}

//= v5/4.8.2-3 v5/3.3.4-5 test
TEST(Shared, TheQosIsTheReceivers) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    a.subscribe("$share/g/t", 2, 5);
    b.subscribe("$share/g/t", 0, 6);
    publish(world, 1, 2, 2);
    Packet one = a.take(ELLA_PUBLISH), two = b.take(ELLA_PUBLISH);
    EXPECT_EQ(one.line(), "PUBLISH t '1' q2 #1");
    EXPECT_EQ(two.line(), "PUBLISH t '2' q0");
    EXPECT_EQ(one.subscription_identifiers(), (std::vector<uint32_t>{5}));
    EXPECT_EQ(two.subscription_identifiers(), (std::vector<uint32_t>{6}));
}

TEST(Shared, SubscribingAgainCountsOnceAndOneUnsubscribeLeaves) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    a.subscribe("$share/g/t");
    a.subscribe("$share/g/t");
    b.subscribe("$share/g/t");
    publish(world, 1, 4, 0);
    EXPECT_EQ(a.all().size(), 2u);
    EXPECT_EQ(b.all().size(), 2u);
    EXPECT_EQ(a.unsubscribe("$share/g/t"), "UNSUBACK #1001 00");
    EXPECT_EQ(a.unsubscribe("$share/g/t"), "UNSUBACK #1001 11");
    publish(world, 5, 6, 0);
    EXPECT_EQ(a.all().size(), 0u);
    EXPECT_EQ(b.all().size(), 2u);
}

TEST(Shared, ADetachedMemberIsPassedOverWhileAnotherIsConnected) {
    World world;
    Client a(world), b(world);
    a.resume("a");
    b.resume("b");
    a.subscribe("$share/g/t", 1);
    b.subscribe("$share/g/t", 1);
    a.drop();
    publish(world, 1, 2, 1);
    EXPECT_EQ(b.all(), (Lines{"PUBLISH t '1' q1 #1", "PUBLISH t '2' q1 #2"}));
    b.ack(ELLA_PUBACK, 1);
    b.ack(ELLA_PUBACK, 2);
    b.drop();
    publish(world, 3, 4, 1); // nobody is connected: they wait for their members
    publish(world, 5, 5, 0);
    EXPECT_EQ(world.count(STAT_DROPPED_NO_MEMBER), 1u);
    a.open();
    b.open();
    a.resume("a");
    b.resume("b");
    Lines all = a.all();
    for (const std::string &line : b.all())
        all.push_back(line);
    EXPECT_EQ(all.size(), 2u);
}

//= v5/u-4.8.2-1 test
TEST(Shared, WhatWaitsForAMemberWhoseSessionEndsGoesToAnother) {
    World world;
    Client a(world), b(world);
    ConnectOptions o;
    o.properties = receive_maximum(1);
    a.connect("a", o);
    a.subscribe("$share/g/t", 1);
    publish(world, 1, 3, 1);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '1' q1 #1"})); // in flight; 2 and 3 wait
    b.connect("b");
    b.subscribe("$share/g/t", 1);
    EXPECT_EQ(b.next(), "nothing");
    a.drop();
    EXPECT_EQ(b.all(),
              (Lines{"PUBLISH t '1' q1 #1", "PUBLISH t '2' q1 #2", "PUBLISH t '3' q1 #3"}));
    EXPECT_EQ(world.count(STAT_DROPPED_SESSION_ENDED), 0u);
}

//= v5/4.8.2-4 v5/4.8.2-5 test
TEST(Shared, Qos2InFlightStaysWithItsSession) {
    World world;
    Client a(world), b(world);
    a.resume("a", 60);
    b.connect("b");
    a.subscribe("$share/g/t", 2);
    publish(world, 1, 1, 2);
    EXPECT_EQ(a.next(), "PUBLISH t '1' q2 #1");
    b.subscribe("$share/g/t", 2);
    a.drop();
    EXPECT_EQ(b.next(), "nothing");
    a.open();
    a.resume("a", 60);
    EXPECT_EQ(a.next(), "PUBLISH t '1' q2 #1 dup");
    a.drop();
    world.advance(60000);
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 1u);
    EXPECT_EQ(b.next(), "nothing");
    EXPECT_EQ(world.count(STAT_DROPPED_SESSION_ENDED), 1u);
}

//= v5/4.8.2-6 v5/4.4.0-2 test
TEST(Shared, WhatAMemberRefusesGoesToNobody) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    a.subscribe("$share/g/t", 2);
    publish(world, 1, 1, 1);
    publish(world, 2, 2, 2);
    b.connect("b");
    b.subscribe("$share/g/t", 2);
    a.ack(ELLA_PUBACK, 1, 0x97);
    a.ack(ELLA_PUBREC, 2, 0x80);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '1' q1 #1", "PUBLISH t '2' q2 #2"}));
    EXPECT_EQ(world.count(STAT_DROPPED_REFUSED_BY_CLIENT), 2u);
    a.drop();
    EXPECT_EQ(b.next(), "nothing");
}

TEST(Shared, AMemberWhoMayNotReadIsPassedOver) {
    World world;
    world.policy = [](const core_question &q) {
        return q.access != CORE_ACCESS_READ || text(q.client_id) != "a";
    };
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    a.subscribe("$share/g/t");
    b.subscribe("$share/g/t");
    publish(world, 1, 3, 0);
    EXPECT_EQ(a.all().size(), 0u);
    EXPECT_EQ(b.all().size(), 3u);
}

} // namespace
