// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// PUBLISH from a client and what comes of it: QoS both ways, refusals, retained messages, topic
// aliases, properties. Stories of a few clients and one core.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

using Lines = std::vector<std::string>;

// ---- QoS ------------------------------------------------------------------------------------

//= v5/4.3.1-1 test
//= v3/4.3.1-1 test
TEST(Publish, Qos0GoesToWhoSubscribed) {
    World world;
    Client a(world), b(world);
    EXPECT_EQ(a.connect("a").line(), "CONNACK new 00");
    EXPECT_EQ(b.connect("b").line(), "CONNACK new 00");
    EXPECT_EQ(b.subscribe("t/+"), "SUBACK #1000 00");
    a.publish("t/1", "hello");
    EXPECT_EQ(b.next(), "PUBLISH t/1 'hello' q0");
    EXPECT_EQ(b.next(), "nothing");
    EXPECT_EQ(a.next(), "nothing");
}

//= v5/4.3.2-4 v5/4.3.2-1 v5/4.3.2-2 v5/2.2.1-5 test
//= v3/4.3.2-1 v3/4.3.2-2 v3/2.3.1-6 test
TEST(Publish, Qos1IsAcknowledgedBothWays) {
    for (ella_version version : {ELLA_VERSION_3_1, ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        World world;
        Client a(world, version), b(world, version);
        a.connect("a");
        b.connect("b");
        EXPECT_EQ(b.subscribe("t", 1), "SUBACK #1000 01");
        a.publish("t", "x", 1, 7);
        EXPECT_EQ(a.next(), "PUBACK #7 00");
        EXPECT_EQ(b.next(), "PUBLISH t 'x' q1 #1");
        b.ack(ELLA_PUBACK, 1);
        EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 0u);
        EXPECT_EQ(b.next(), "nothing");
    }
}

//= v5/4.3.3-1 v5/4.3.3-2 v5/4.3.3-4 v5/4.3.3-8 v5/4.3.3-11 v5/3.3.4-1 test
//= v3/4.3.3-1 v3/4.3.3-2 v3/3.3.4-1 test
TEST(Publish, Qos2IsAFourStepHandshakeBothWays) {
    for (ella_version version : {ELLA_VERSION_3_1, ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        World world;
        Client a(world, version), b(world, version);
        a.connect("a");
        b.connect("b");
        EXPECT_EQ(b.subscribe("t", 2), "SUBACK #1000 02");
        a.publish("t", "x", 2, 9);
        EXPECT_EQ(a.next(), "PUBREC #9 00");
        EXPECT_EQ(b.next(), "PUBLISH t 'x' q2 #1");
        a.ack(ELLA_PUBREL, 9);
        EXPECT_EQ(a.next(), "PUBCOMP #9 00");
        b.ack(ELLA_PUBREC, 1);
        EXPECT_EQ(b.next(), "PUBREL #1 00");
        EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 1u);
        b.ack(ELLA_PUBCOMP, 1);
        EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 0u);
    }
}

//= v5/4.3.3-10 test
//= v3/4.3.3-2 test
TEST(Publish, Qos2RepeatedBeforePubrelIsDeliveredOnce) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    b.subscribe("t", 0);
    a.publish("t", "x", 2, 9);
    for (int i = 0; i < 3; i++)
        a.publish("t", "x", 2, 9, false, nullptr, true);
    EXPECT_EQ(a.all(), (Lines{"PUBREC #9 00", "PUBREC #9 00", "PUBREC #9 00", "PUBREC #9 00"}));
    EXPECT_EQ(b.all(), (Lines{"PUBLISH t 'x' q0"}));
}

//= v5/4.3.3-12 v5/4.3.2-5 test
TEST(Publish, AfterTheLastAnswerThePacketIdIsANewMessage) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    b.subscribe("t", 0);
    a.publish("t", "1", 2, 9);
    a.ack(ELLA_PUBREL, 9);
    a.publish("t", "2", 2, 9, false, nullptr, true);
    a.publish("t", "3", 1, 5);
    a.publish("t", "4", 1, 5, false, nullptr, true);
    EXPECT_EQ(b.all(), (Lines{"PUBLISH t '1' q0", "PUBLISH t '2' q0", "PUBLISH t '3' q0",
                              "PUBLISH t '4' q0"}));
}

//= v5/4.3.3-11 v5/3.7.2-1 test
TEST(Publish, UnknownPubrelIsAnsweredAndTheConnectionStays) {
    World world;
    Client five(world), three(world, ELLA_VERSION_3_1_1);
    five.connect("5");
    three.connect("3");
    five.ack(ELLA_PUBREL, 77);
    three.ack(ELLA_PUBREL, 77);
    EXPECT_EQ(five.next(), "PUBCOMP #77 92");
    EXPECT_EQ(three.next(), "PUBCOMP #77 00");
    five.simple(ELLA_PINGREQ);
    EXPECT_EQ(five.next(), "PINGRESP");
}

TEST(Publish, WithoutSubscribersTheAnswerSaysSo) {
    World world;
    Client five(world), three(world, ELLA_VERSION_3_1_1);
    five.connect("5");
    three.connect("3");
    five.publish("t", "x", 1, 1);
    five.publish("t", "x", 2, 2);
    three.publish("t", "x", 1, 1);
    EXPECT_EQ(five.all(), (Lines{"PUBACK #1 10", "PUBREC #2 10"}));
    EXPECT_EQ(three.all(), (Lines{"PUBACK #1 00"}));
}

//= v5/3.3.1-2 v5/3.3.1-3 test
//= v3/3.3.1-3 v3/3.3.1-2 test
TEST(Publish, DupIsNotPassedOn) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    b.subscribe("t", 1);
    a.publish("t", "x", 1, 1, false, nullptr, true);
    EXPECT_EQ(b.next(), "PUBLISH t 'x' q1 #1");
}

// ---- Refusals -------------------------------------------------------------------------------

//= v5/3.4.2-1 v5/3.5.2-1 v5/4.3.3-9 test
TEST(Publish, DeniedIsToldToFiveAndTheQos2PacketIdStaysFree) {
    World world;
    Client a(world), b(world);
    world.policy = [](const core_question &q) {
        return q.access != CORE_ACCESS_WRITE || text(q.topic) != "no";
    };
    a.connect("a");
    b.connect("b");
    b.subscribe("#", 0);
    a.publish("no", "x", 0);
    a.publish("no", "x", 1, 1);
    Packet refused = a.take(ELLA_PUBACK);
    EXPECT_EQ(refused.line(), "PUBACK #1 87");
    EXPECT_EQ(refused.reason_string(), "not authorized to publish");
    a.publish("no", "x", 2, 2);
    EXPECT_EQ(a.next(), "PUBREC #2 87");
    a.publish("yes", "y", 2, 2);
    EXPECT_EQ(a.next(), "PUBREC #2 00");
    EXPECT_EQ(b.all(), (Lines{"PUBLISH yes 'y' q0"}));
    EXPECT_EQ(world.count(STAT_DROPPED_PUBLISH_DENIED), 3u);
    EXPECT_TRUE(world.was_logged("a: not authorized to publish no"));
}

//= v3/3.3.5-2 test
TEST(Publish, DeniedIsAcknowledgedAsUsualBeforeFive) {
    World world;
    Client a(world, ELLA_VERSION_3_1_1), b(world);
    world.policy = [](const core_question &q) { return q.access != CORE_ACCESS_WRITE; };
    a.connect("a");
    b.connect("b");
    b.subscribe("#", 0);
    a.publish("no", "x", 1, 1);
    a.publish("no", "x", 2, 2);
    a.ack(ELLA_PUBREL, 2);
    EXPECT_EQ(a.all(), (Lines{"PUBACK #1 00", "PUBREC #2 00", "PUBCOMP #2 00"}));
    EXPECT_EQ(b.next(), "nothing");
}

TEST(Publish, TheBrokersOwnTopicsAreNotForClients) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    b.send_subscribe(1, {filter("$SYS/#"), filter("$x/#"), filter("#")});
    b.take(ELLA_SUBACK);
    a.publish("$SYS/broker/uptime", "x", 1, 1);
    a.publish("$SYS", "x", 2, 2);
    a.publish("$SYS/x", "x");
    EXPECT_EQ(a.all(), (Lines{"PUBACK #1 90", "PUBREC #2 90"}));
    EXPECT_EQ(world.count(STAT_DROPPED_PUBLISH_TOPIC), 3u);
    // Other topics that begin with $ are a matter between clients.
    a.publish("$x/y", "z");
    EXPECT_EQ(b.all(), (Lines{"PUBLISH $x/y 'z' q0"}));
}

//= v5/u-3.2.2.3.4-2 v5/4.13.1-1 test
TEST(Publish, QosAboveTheMaximumEndsTheConnection) {
    World world;
    world.listener.maximum_qos = 1;
    Client five(world), three(world, ELLA_VERSION_3_1_1);
    EXPECT_EQ(five.connect("5").properties().maximum_qos, 1);
    three.connect("3");
    five.publish("t", "x", 2, 1);
    three.publish("t", "x", 2, 1);
    EXPECT_EQ(five.all(), (Lines{"DISCONNECT 9b"}));
    EXPECT_EQ(five.next(), "closed");
    EXPECT_EQ(three.next(), "closed");
}

//= v5/u-3.2.2.3.5-2 v5/u-3.2.2.3.5-3 test
TEST(Publish, RetainWhereItIsNotAvailableEndsTheConnection) {
    World world([](core_limits &l) { l.retain_available = false; });
    Client a(world);
    Packet connack = a.connect("a");
    EXPECT_TRUE(connack.has(ELLA_PROPERTY_RETAIN_AVAILABLE));
    EXPECT_EQ(connack.properties().retain_available, 0);
    a.publish("t", "x", 0, 0, true);
    EXPECT_EQ(a.all(), (Lines{"DISCONNECT 9a"}));
    EXPECT_EQ(a.next(), "closed");
}

// ---- Retained messages ----------------------------------------------------------------------

//= v5/3.3.1-5 v5/3.3.1-6 v5/3.3.1-7 v5/3.3.1-8 v5/3.3.1-9 v5/3.8.4-8 test
//= v3/3.3.1-5 v3/3.3.1-6 v3/3.3.1-8 v3/3.3.1-10 v3/3.3.1-11 v3/3.3.1-12 v3/3.8.4-6 test
TEST(Retained, IsKeptReplacedAndCleared) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    a.publish("t", "1", 1, 1, true);
    a.publish("t", "not kept", 1, 2);
    EXPECT_EQ(b.subscribe("t", 2), "SUBACK #1000 02");
    EXPECT_EQ(b.next(), "PUBLISH t '1' q1 #1 retain");
    a.publish("t", "2", 0, 0, true);
    EXPECT_EQ(b.next(), "PUBLISH t '2' q0");
    b.unsubscribe("t");
    b.subscribe("t", 2);
    EXPECT_EQ(b.next(), "PUBLISH t '2' q0 retain");
    a.publish("t", "", 0, 0, true);
    EXPECT_EQ(b.next(), "PUBLISH t '' q0");
    b.unsubscribe("t");
    b.subscribe("t", 2);
    EXPECT_EQ(b.next(), "nothing");
}

//= v5/3.3.2-5 v5/3.3.2-6 test
TEST(Retained, ExpiresAndTellsTheTimeThatRemains) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    a.publish("t", "1", 0, 0, true, message_expiry(10));
    world.advance(4000);
    b.subscribe("t");
    Packet got = b.take(ELLA_PUBLISH);
    EXPECT_EQ(got.properties().message_expiry_interval_s, 6u);
    world.advance(6000);
    EXPECT_EQ(world.count(STAT_RETAINED_MESSAGES), 0u);
    b.unsubscribe("t");
    b.subscribe("t");
    EXPECT_EQ(b.next(), "nothing");
}

TEST(Retained, WithoutRoomTheMessageIsRefusedAsAWhole) {
    World world([](core_limits &l) { l.max_retained_messages = 1; });
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    b.subscribe("#");
    a.publish("t", "1", 1, 1, true);
    a.publish("u", "1", 1, 2, true);
    a.publish("t", "2", 2, 3, true);
    a.publish("u", "1", 2, 4, true);
    EXPECT_EQ(a.all(), (Lines{"PUBACK #1 00", "PUBACK #2 97", "PUBREC #3 00", "PUBREC #4 97"}));
    EXPECT_EQ(b.all(), (Lines{"PUBLISH t '1' q0", "PUBLISH t '2' q0"}));
    EXPECT_EQ(world.count(STAT_DROPPED_RETAIN_FULL), 2u);
    a.ack(ELLA_PUBREL, 4);
    EXPECT_EQ(a.next(), "PUBCOMP #4 92");
}

TEST(Retained, ManyComeWholeWhateverTheQueueLimit) {
    World world([](core_limits &l) { l.max_queued_messages = 3; });
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    for (int i = 0; i < 50; i++)
        a.publish("t/" + std::to_string(i), "x", 0, 0, true);
    b.subscribe("t/+", 1);
    EXPECT_EQ(b.all().size(), 50u);
}

// ---- Topic aliases --------------------------------------------------------------------------

//= v5/3.3.2-12 test
TEST(TopicAlias, StandsForItsTopicAndMayBeGivenAnother) {
    World world;
    Client a(world), b(world);
    EXPECT_EQ(a.connect("a").properties().topic_alias_maximum, 10);
    b.connect("b");
    b.subscribe("#");
    a.publish("t/1", "a", 0, 0, false, topic_alias(10));
    a.publish("", "b", 0, 0, false, topic_alias(10));
    a.publish("t/2", "c", 0, 0, false, topic_alias(10));
    a.publish("", "d", 0, 0, false, topic_alias(10));
    EXPECT_EQ(b.all(), (Lines{"PUBLISH t/1 'a' q0", "PUBLISH t/1 'b' q0", "PUBLISH t/2 'c' q0",
                              "PUBLISH t/2 'd' q0"}));
}

//= v5/u-3.3.4-2 v5/u-3.3.4-3 v5/3.3.2-7 test
TEST(TopicAlias, UnknownOrTooHighEndsTheConnection) {
    World world;
    Client a(world);
    a.resume("a");
    a.publish("t", "x", 0, 0, false, topic_alias(11));
    EXPECT_EQ(a.next(), "DISCONNECT 94");
    EXPECT_EQ(a.next(), "closed");
    a.open();
    a.resume("a");
    a.publish("t", "x", 0, 0, false, topic_alias(3));
    a.drop();
    a.open();
    EXPECT_EQ(a.resume("a").line(), "CONNACK present 00");
    a.publish("", "x", 0, 0, false, topic_alias(3)); // of the connection before
    EXPECT_EQ(a.next(), "DISCONNECT 82");
    EXPECT_EQ(a.next(), "closed");
}

//= v5/3.1.2-26 v5/3.1.2-27 v5/3.3.2-11 test
TEST(TopicAlias, IsUsedTowardsAClientAsFarAsItAllows) {
    World world;
    Client a(world), b(world), c(world);
    a.connect("a");
    ConnectOptions two;
    two.properties = [](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM);
        p.topic_alias_maximum = 2;
    };
    b.connect("b", two);
    c.connect("c");
    b.subscribe("#");
    c.subscribe("#");
    for (const char *topic : {"1", "2", "3", "1", "2", "3"})
        a.publish(topic, "x", 0, 0, false, topic_alias(1));
    const char *topics[] = {"1", "2", "3", "", "", "3"};
    const int aliases[] = {1, 2, 0, 1, 2, 0};
    for (int i = 0; i < 6; i++) {
        Packet got = b.take(ELLA_PUBLISH);
        EXPECT_EQ(text(got.p.publish.topic), topics[i]);
        EXPECT_EQ(got.properties().topic_alias, aliases[i]);
        EXPECT_FALSE(c.take(ELLA_PUBLISH).has(ELLA_PROPERTY_TOPIC_ALIAS));
    }
}

TEST(TopicAlias, TheBrokerUsesNoMoreThan64OfThem) {
    World world;
    world.listener.topic_alias_maximum_to_client = 65535;
    Client a(world);
    ConnectOptions many;
    many.properties = [](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM);
        p.topic_alias_maximum = 65535;
    };
    a.connect("a", many);
    a.subscribe("#");
    for (int round = 0; round < 2; round++) {
        for (uint16_t i = 1; i <= 70; i++) {
            world.publish("t/" + std::to_string(i), "x", 0, false);
            Packet got = a.take(ELLA_PUBLISH);
            EXPECT_EQ(got.properties().topic_alias, i <= 64 ? i : 0);
            EXPECT_EQ(text(got.p.publish.topic).empty(), round == 1 && i <= 64);
        }
    }
}

//= v5/3.3.2-12 test
TEST(TopicAlias, AllThatWereAllowedAreTaken) {
    World world;
    world.listener.topic_alias_maximum = 65535;
    Client a(world);
    EXPECT_EQ(a.connect("a").properties().topic_alias_maximum, 65535);
    a.subscribe("#");
    a.publish("one", "x", 0, 0, false, topic_alias(65535));
    a.publish("", "y", 0, 0, false, topic_alias(65535));
    EXPECT_EQ(a.all(), (Lines{"PUBLISH one 'x' q0", "PUBLISH one 'y' q0"}));
}

// ---- Properties -----------------------------------------------------------------------------

//= v5/3.3.2-4 v5/3.3.2-15 v5/3.3.2-16 v5/3.3.2-17 v5/3.3.2-18 v5/3.3.2-20 test
TEST(Properties, ArePassedOnUnalteredAndInOrder) {
    World world;
    Client a(world), b(world), old(world, ELLA_VERSION_3_1_1);
    a.connect("a");
    b.connect("b");
    old.connect("old");
    b.subscribe("t");
    old.subscribe("t");
    Bytes users(100);
    uint32_t used = 0;
    for (const char *value : {"1", "2", "1"})
        ASSERT_EQ(ella_user_property_put(slice("k"), slice(value), users.data(), 100, &used),
                  ELLA_ERROR_NONE);
    a.publish("t", "x", 0, 0, false, [&](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_USER_PROPERTY);
        p.user_properties = ella_slice_of(users.data(), used);
        ella_property_set(&p, ELLA_PROPERTY_PAYLOAD_FORMAT_INDICATOR);
        p.payload_format_indicator = 1;
        ella_property_set(&p, ELLA_PROPERTY_CONTENT_TYPE);
        p.content_type = ella_slice_of("ct", 2);
        ella_property_set(&p, ELLA_PROPERTY_RESPONSE_TOPIC);
        p.response_topic = ella_slice_of("rt", 2);
        ella_property_set(&p, ELLA_PROPERTY_CORRELATION_DATA);
        p.correlation_data = ella_slice_of("cd", 2);
    });
    Packet got = b.take(ELLA_PUBLISH);
    EXPECT_EQ(text(got.properties().content_type), "ct");
    EXPECT_EQ(text(got.properties().response_topic), "rt");
    EXPECT_EQ(text(got.properties().correlation_data), "cd");
    EXPECT_EQ(got.properties().payload_format_indicator, 1);
    ella_slice rest = got.properties().user_properties;
    ella_slice name, value;
    std::string values;
    while (ella_user_property_next(&rest, &name, &value))
        values += text(value);
    EXPECT_EQ(values, "121");
    EXPECT_EQ(old.next(), "PUBLISH t 'x' q0");
}

//= v5/4.6.0-5 v5/4.6.0-6 test
//= v3/4.6.0-5 v3/4.6.0-6 test
TEST(Publish, OrderIsKept) {
    World world;
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    b.subscribe("t", 2);
    b.reads = false;
    Lines expected;
    for (uint16_t i = 1; i <= 15; i++) {
        a.publish("t", std::to_string(i), 1, i);
        expected.push_back("PUBLISH t '" + std::to_string(i) + "' q1 #" + std::to_string(i));
    }
    b.read_again();
    EXPECT_EQ(b.all(), expected);
}

} // namespace
