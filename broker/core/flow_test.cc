// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Flow control: windows in both directions, acknowledgements in every order, packet sizes, slow
// readers. Stories of a few clients and one core.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

using Lines = std::vector<std::string>;

ConnectOptions with(const Properties &properties, uint32_t expiry_s = 100) {
    ConnectOptions o;
    o.clean = false;
    o.properties = expiry(expiry_s) + properties;
    return o;
}

// ---- The client's window --------------------------------------------------------------------

//= v5/3.3.4-9 v5/4.9.0-1 v5/4.9.0-2 v5/4.9.0-3 v5/3.3.4-10 test
TEST(Window, IsTheClientsReceiveMaximumForQos1And2Together) {
    World world;
    Client a(world);
    a.connect("a", with(receive_maximum(2)));
    a.subscribe("t", 2);
    world.publish("t", "1", 1, false);
    world.publish("t", "2", 2, false);
    world.publish("t", "3", 1, false);
    world.publish("t", "4", 2, false);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '1' q1 #1", "PUBLISH t '2' q2 #2"}));
    a.simple(ELLA_PINGREQ);
    EXPECT_EQ(a.next(), "PINGRESP");
    a.ack(ELLA_PUBREC, 2); // a QoS 2 message counts until PUBCOMP
    EXPECT_EQ(a.all(), (Lines{"PUBREL #2 00"}));
    a.ack(ELLA_PUBACK, 1);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '3' q1 #3"}));
    a.ack(ELLA_PUBCOMP, 2);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '4' q2 #4"}));
    a.ack(ELLA_PUBREC, 4, 0x97); // so does a refusal
    world.publish("t", "5", 1, false);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '5' q1 #5"}));
}

TEST(Window, IsNeverWiderThanTheBrokersOwn) {
    World world([](core_limits &l) { l.max_inflight_messages = 3; });
    Client a(world), b(world, ELLA_VERSION_3_1_1);
    a.connect("a");
    b.connect("b");
    a.subscribe("t", 1);
    b.subscribe("t", 1);
    for (int i = 0; i < 10; i++)
        world.publish("t", "x", 1, false);
    EXPECT_EQ(a.all().size(), 3u);
    EXPECT_EQ(b.all().size(), 3u);
}

TEST(Window, MayBeBoundedInBytesButLetsOneThrough) {
    World world([](core_limits &l) { l.max_inflight_bytes = 1000; });
    Client a(world);
    a.connect("a");
    a.subscribe("t", 1);
    world.publish("t", std::string(5000, 'x'), 1, false);
    world.publish("t", "2", 1, false);
    EXPECT_EQ(a.all().size(), 1u);
    a.ack(ELLA_PUBACK, 1);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '2' q1 #2"}));
}

TEST(Window, InBytesIsGivenBackWithTheMessage) {
    World world([](core_limits &l) { l.max_inflight_bytes = 1000; });
    Client a(world);
    a.resume("a");
    a.subscribe("t", 2);
    for (const char c : {'1', '2', '3', '4'})
        world.publish("t", std::string(600, c), 2, false);
    const std::string two = "PUBLISH t '" + std::string(600, '2') + "' q2 #2";
    EXPECT_EQ(a.all().size(), 1u);
    a.ack(ELLA_PUBREC, 1);
    EXPECT_EQ(a.all(), (Lines{"PUBREL #1 00", two}));
    a.ack(ELLA_PUBREC, 1); // again: its bytes were given back already
    a.ack(ELLA_PUBCOMP, 1);
    EXPECT_EQ(a.all(), (Lines{"PUBREL #1 00"}));
    a.drop();
    a.open();
    a.resume("a");
    EXPECT_EQ(a.all(), (Lines{two + " dup"}));
    a.ack(ELLA_PUBREC, 2, 0x80); // refused
    EXPECT_EQ(a.all().size(), 1u);
    a.ack(ELLA_PUBREC, 3);
    EXPECT_EQ(a.all().size(), 2u);
}

// More in flight than a walk may find need an index.
TEST(Window, StaysSmallWithoutMemoryForAnIndex) {
    World world([](core_limits &l) { l.max_inflight_messages = 0; });
    Client a(world);
    a.connect("a");
    a.subscribe("t", 1);
    a.reads = false;
    for (int i = 0; i < 100; i++)
        world.publish("t", "x", 1, false);
    world.fail_from = world.requests + 1;
    world.fail_once = false;
    a.read_again();
    EXPECT_EQ(a.all().size(), 32u);
    world.fail_from = 0;
    a.ack(ELLA_PUBACK, 1);
    EXPECT_EQ(a.all().size(), 68u);
    for (uint16_t i = 100; i >= 2; i--)
        a.ack(ELLA_PUBACK, i);
    EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 0u);
}

//= v5/4.9.0-1 test
TEST(Window, StartsAnewWithEachConnection) {
    World world;
    Client a(world);
    a.connect("a", with(receive_maximum(3)));
    a.subscribe("t", 2);
    for (int i = 1; i <= 6; i++)
        world.publish("t", std::to_string(i), 2, false);
    EXPECT_EQ(a.all().size(), 3u);
    a.ack(ELLA_PUBREC, 1);
    EXPECT_EQ(a.next(), "PUBREL #1 00");
    a.drop();
    a.open();
    a.connect("a", with(receive_maximum(1)));
    // PUBREL is not held back, and counts until its PUBCOMP.
    EXPECT_EQ(a.all(), (Lines{"PUBREL #1 00"}));
    a.ack(ELLA_PUBCOMP, 1);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '2' q2 #2 dup"}));
    // An acknowledgement for what was not sent again yet opens nothing.
    a.ack(ELLA_PUBREC, 3);
    EXPECT_EQ(a.all(), (Lines{"PUBREL #3 00"}));
    a.ack(ELLA_PUBCOMP, 3);
    EXPECT_EQ(a.all(), Lines{});
    a.ack(ELLA_PUBREC, 2, 0x80);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '4' q2 #4"}));
}

// ---- Acknowledgements -----------------------------------------------------------------------

TEST(Acknowledgements, MayComeInAnyOrder) {
    World world([](core_limits &l) {
        l.max_inflight_messages = 0;
        l.max_queued_messages = 0;
    });
    Client a(world);
    a.connect("a");
    a.subscribe("t", 1);
    const uint16_t count = 2000;
    for (int i = 0; i < count; i++)
        world.publish("t", "x", 1, false);
    EXPECT_EQ(a.all().size(), count);
    for (uint32_t i = 0; i < count; i++) // 7 and 2000 have no common divisor
        a.ack(ELLA_PUBACK, static_cast<uint16_t>(i * 7u % count + 1u));
    EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 0u);
    EXPECT_EQ(core_memory_bytes(world.core(), MEMORY_QUEUE), 0u);
}

//= v5/2.2.1-4 v5/4.3.2-1 v5/4.3.3-1 test
TEST(Acknowledgements, PacketIdsInUseArePassedOver) {
    World world([](core_limits &l) {
        l.max_inflight_messages = 0;
        l.max_queued_messages = 0;
    });
    Client a(world);
    a.connect("a", with(receive_maximum(65535)));
    a.subscribe("t", 1);
    world.publish("t", "first", 1, false);
    EXPECT_EQ(a.next(), "PUBLISH t 'first' q1 #1");
    world.publish("t", "x", 1, false);
    world.publish("t", "x", 1, false);
    a.ack(ELLA_PUBACK, 2);
    for (uint32_t i = 4; i <= 65535; i++) {
        world.publish("t", "x", 1, false);
        a.inbox.clear();
        a.ack(ELLA_PUBACK, static_cast<uint16_t>(i));
    }
    world.publish("t", "again", 1, false);
    EXPECT_EQ(a.next(), "PUBLISH t 'again' q1 #2"); // neither 0 nor 1
    world.publish("t", "again", 1, false);
    EXPECT_EQ(a.next(), "PUBLISH t 'again' q1 #4"); // and 3 was never acknowledged
}

TEST(Acknowledgements, AllPacketIdsMayBeInUse) {
    World world([](core_limits &l) {
        l.max_inflight_messages = 0;
        l.max_queued_messages = 0;
    });
    world.pull_size = 1u << 20;
    Client a(world);
    a.connect("a", with(receive_maximum(65535)));
    a.subscribe("t", 1);
    a.reads = false;
    for (uint32_t i = 0; i < 65540; i++)
        world.publish("t", "x", 1, false);
    a.read_again();
    EXPECT_EQ(a.all().size(), 65535u);
    for (uint32_t i = 65535; i >= 65000; i--)
        a.ack(ELLA_PUBACK, static_cast<uint16_t>(i));
    EXPECT_EQ(a.all().size(), 5u);
}

//= v5/4.13.1-1 test
TEST(Acknowledgements, OfTheWrongKindEndTheConnection) {
    for (int kind = 0; kind < 2; kind++) {
        World world;
        Client a(world);
        a.connect("a", with(nullptr));
        a.subscribe("t", 2);
        world.publish("t", "x", kind == 0 ? 1 : 2, false);
        a.inbox.clear();
        a.ack(kind == 0 ? ELLA_PUBREC : ELLA_PUBACK, 1);
        EXPECT_EQ(a.all(), (Lines{"DISCONNECT 82"}));
        EXPECT_EQ(a.next(), "closed");
        a.open();
        a.resume("a"); // the message is not lost with the connection
        EXPECT_EQ(a.all().size(), 1u);
    }
}

TEST(Acknowledgements, OfNothingAreHarmless) {
    World world;
    Client a(world);
    a.connect("a");
    a.ack(ELLA_PUBACK, 5);
    a.ack(ELLA_PUBCOMP, 5);
    a.ack(ELLA_PUBREC, 5, 0x80);
    EXPECT_EQ(a.next(), "nothing");
    a.ack(ELLA_PUBREC, 5);
    EXPECT_EQ(a.next(), "PUBREL #5 92");
}

//= v5/4.3.3-4 v5/4.4.0-2 test
TEST(Acknowledgements, ARefusedMessageIsNotSentAgain) {
    World world;
    Client a(world);
    a.resume("a");
    a.subscribe("t", 2);
    world.publish("t", "1", 1, false);
    world.publish("t", "2", 2, false);
    a.inbox.clear();
    a.ack(ELLA_PUBACK, 1, 0x99);
    a.ack(ELLA_PUBREC, 2, 0x99);
    EXPECT_EQ(a.next(), "nothing");
    EXPECT_EQ(world.count(STAT_DROPPED_REFUSED_BY_CLIENT), 2u);
    a.drop();
    a.open();
    a.resume("a");
    EXPECT_EQ(a.next(), "nothing");
}

// ---- The broker's window --------------------------------------------------------------------

//= v5/4.13.1-1 test
TEST(ReceiveMaximum, ExceededEndsTheConnection) {
    World world([](core_limits &l) { l.receive_maximum = 2; });
    Client a(world);
    EXPECT_EQ(a.connect("a").properties().receive_maximum, 2);
    a.publish("t", "x", 2, 1);
    a.publish("t", "x", 2, 2);
    a.publish("t", "x", 2, 1, false, nullptr, true); // a repetition counts once
    a.publish("t", "x", 1, 9);                       // answered at once
    a.ack(ELLA_PUBREL, 1);
    a.publish("t", "x", 2, 3);
    EXPECT_EQ(a.all().size(), 6u);
    a.publish("t", "x", 2, 4);
    EXPECT_EQ(a.all(), (Lines{"DISCONNECT 93"}));
    EXPECT_EQ(a.next(), "closed");
}

TEST(ReceiveMaximum, CountsAnewOnEachConnection) {
    World world([](core_limits &l) { l.receive_maximum = 1; });
    Client a(world);
    a.resume("a");
    a.publish("t", "x", 2, 1);
    a.drop();
    a.open();
    a.resume("a");
    a.publish("t", "x", 2, 2); // 1 is only to be released
    EXPECT_EQ(a.next(), "PUBREC #2 10");
}

TEST(ReceiveMaximum, IsUnknownBeforeFive) {
    World world([](core_limits &l) { l.receive_maximum = 1; });
    Client a(world, ELLA_VERSION_3_1_1);
    a.connect("a");
    for (uint16_t i = 1; i <= 100; i++)
        a.publish("t", "x", 2, static_cast<uint16_t>(101 - i));
    EXPECT_EQ(a.all().size(), 100u);
    for (uint16_t i = 1; i <= 100; i++)
        a.ack(ELLA_PUBREL, i);
    EXPECT_EQ(a.all().size(), 100u);
    EXPECT_EQ(core_memory_bytes(world.core(), MEMORY_QUEUE), 0u);
}

// ---- Packet sizes ---------------------------------------------------------------------------

//= v5/3.1.2-24 v5/3.1.2-25 test
TEST(MaximumPacketSize, OfTheClientIsInclusiveAndLargerMessagesCountAsSent) {
    World world;
    Client a(world);
    a.connect("a", with(maximum_packet_size(100)));
    a.subscribe("t", 2);
    // fixed header 2, topic 3, packet id 2, property length 1
    world.publish("t", std::string(92, 'x'), 1, false);
    EXPECT_EQ(a.take(ELLA_PUBLISH).bytes->size(), 100u);
    world.publish("t", std::string(93, 'x'), 1, false);
    world.publish("t", std::string(93, 'x'), 2, false);
    world.publish("t", std::string(95, 'x'), 0, false);
    world.publish("t", "small", 1, false);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t 'small' q1 #4"}));
    EXPECT_EQ(world.count(STAT_DROPPED_PACKET_TOO_LARGE), 3u);
}

//= v5/3.1.2-24 test
TEST(MaximumPacketSize, ANewTopicAliasIsNotWhatMakesAMessageTooLarge) {
    World world;
    Client a(world);
    const Properties aliases = [](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM);
        p.topic_alias_maximum = 1;
    };
    a.connect("a", with(maximum_packet_size(100) + aliases));
    a.subscribe("t");
    // fixed header 2, topic 3, property length 1; an alias would be 3 more
    world.publish("t", std::string(94, 'x'), 0, false);
    const Packet got = a.take(ELLA_PUBLISH);
    EXPECT_EQ(got.bytes->size(), 100u);
    EXPECT_FALSE(got.has(ELLA_PROPERTY_TOPIC_ALIAS));
    world.publish("t", std::string(91, 'x'), 0, false);
    EXPECT_EQ(a.take(ELLA_PUBLISH).properties().topic_alias, 1);
    world.publish("t", std::string(92, 'x'), 0, false); // the alias known by now makes it smaller
    EXPECT_EQ(a.take(ELLA_PUBLISH).bytes->size(), 100u);
    EXPECT_EQ(world.count(STAT_DROPPED_PACKET_TOO_LARGE), 0u);
}

//= v5/3.2.2-19 v5/3.4.2-2 v5/3.14.2-3 test
TEST(MaximumPacketSize, MakesReasonStringsGo) {
    World world;
    world.policy = [](const core_question &q) { return q.access != CORE_ACCESS_WRITE; };
    Client small(world), large(world);
    small.connect("1", with(maximum_packet_size(30)));
    large.connect("2");
    for (Client *c : {&small, &large}) {
        const bool is_large = c == &large;
        c->publish("t", "x", 1, 1);
        Packet puback = c->take(ELLA_PUBACK);
        EXPECT_EQ(puback.line(), "PUBACK #1 87");
        EXPECT_EQ(puback.has(ELLA_PROPERTY_REASON_STRING), is_large);
        c->send_bytes({0xC1, 0x00});
        EXPECT_EQ(c->take(ELLA_DISCONNECT).has(ELLA_PROPERTY_REASON_STRING), is_large);
    }
    Client refused(world);
    ConnectOptions o = with(maximum_packet_size(10));
    o.will = Will{"w", "x"};
    Packet connack = refused.connect("3", o);
    EXPECT_EQ(connack.line(), "CONNACK new 87");
    EXPECT_FALSE(connack.has(ELLA_PROPERTY_REASON_STRING));
}

TEST(MaximumPacketSize, TooSmallForAnAnswerEndsTheConnection) {
    World world;
    Client a(world), b(world);
    a.send_connect("a", with(maximum_packet_size(4))); // CONNACK is larger
    EXPECT_EQ(a.next(), "closed");
    b.connect("b", with(maximum_packet_size(20)));
    std::vector<ella_filter> filters(30, filter("t"));
    b.send_subscribe(1, filters);
    EXPECT_EQ(b.next(), "closed");
    EXPECT_EQ(world.count(STAT_CONNECTIONS), 0u);
}

//= v5/3.1.2-29 test
TEST(ProblemInformation, IsLeftOutWhereItIsNotWanted) {
    World world;
    world.policy = [](const core_question &q) { return q.access == CORE_ACCESS_READ; };
    Client a(world);
    a.connect("a", with([](ella_properties &p) {
                  ella_property_set(&p, ELLA_PROPERTY_REQUEST_PROBLEM_INFORMATION);
                  p.request_problem_information = 0;
              }));
    a.publish("t", "x", 1, 1);
    EXPECT_FALSE(a.take(ELLA_PUBACK).has(ELLA_PROPERTY_REASON_STRING));
    a.publish("t", "x", 2, 2);
    EXPECT_FALSE(a.take(ELLA_PUBREC).has(ELLA_PROPERTY_REASON_STRING));
    a.send_subscribe(3, {filter("t")});
    EXPECT_FALSE(a.take(ELLA_SUBACK).has(ELLA_PROPERTY_REASON_STRING));
    a.send_unsubscribe(4, {filter("t")});
    EXPECT_FALSE(a.take(ELLA_UNSUBACK).has(ELLA_PROPERTY_REASON_STRING));
    a.send_bytes({0xD0, 0x00}); // PINGRESP is not for clients
    EXPECT_TRUE(a.take(ELLA_DISCONNECT).has(ELLA_PROPERTY_REASON_STRING));
}

// ---- Large packets and slow readers ---------------------------------------------------------

TEST(Pieces, AMessageLargerThanTheBufferComesInPieces) {
    World world;
    world.pull_size = CORE_PULL_SIZE_MIN;
    Client a(world), b(world, ELLA_VERSION_3_1_1);
    a.connect("a");
    b.connect("b");
    a.subscribe("#", 1, 77);
    b.subscribe("#", 2);
    for (uint32_t size : {100u, 120u, 127u, 128u, 129u, 1000u, 16384u, 300000u}) {
        std::string payload;
        for (uint32_t i = 0; i < size; i++)
            payload += static_cast<char>('a' + i % 23);
        world.publish("some/topic", payload, 1, false);
        world.publish("some/topic", "after", 0, false);
        Packet got = a.take(ELLA_PUBLISH);
        EXPECT_EQ(text(got.p.publish.payload), payload);
        EXPECT_EQ(got.subscription_identifiers(), (std::vector<uint32_t>{77}));
        EXPECT_EQ(a.next(), "PUBLISH some/topic 'after' q0");
        a.ack(ELLA_PUBACK, got.p.publish.packet_id);
        got = b.take(ELLA_PUBLISH);
        EXPECT_EQ(text(got.p.publish.payload), payload);
        EXPECT_EQ(b.next(), "PUBLISH some/topic 'after' q0");
        b.ack(ELLA_PUBACK, got.p.publish.packet_id);
    }
    EXPECT_EQ(core_memory_bytes(world.core(), MEMORY_OUTPUT), 0u);
}

TEST(Pieces, AreFinishedBeforeTheConnectionIsClosed) {
    World world;
    world.pull_size = CORE_PULL_SIZE_MIN;
    Client a(world);
    a.connect("a");
    a.subscribe("t", 1);
    a.reads = false;
    world.publish("t", std::string(1000, 'x'), 1, false);
    Bytes buf(CORE_PULL_SIZE_MIN);
    EXPECT_EQ(core_pull(world.core(), a.slot, buf.data(), buf.size()), buf.size());
    // The core closes now; the rest must still come before DISCONNECT.
    size_t rest = 0;
    core_event e = world.event(CORE_SHUTDOWN);
    core_step(world.core(), &e);
    while (size_t n = core_pull(world.core(), a.slot, buf.data(), buf.size()))
        rest += n;
    EXPECT_GT(rest, 1000u - CORE_PULL_SIZE_MIN);
    a.drop();
}

TEST(SlowReader, AnswersForItAreBounded) {
    World world;
    Client a(world);
    a.connect("a");
    a.reads = false;
    Bytes pings;
    for (int i = 0; i < 100000; i++)
        pings.insert(pings.end(), {0xC0, 0x00});
    a.send_bytes(pings);
    EXPECT_FALSE(a.accepts());
    EXPECT_LE(core_memory_bytes(world.core(), MEMORY_OUTPUT), 100000u);
    EXPECT_GT(a.unsent(), 100000u);
    a.read_again();
    EXPECT_EQ(a.unsent(), 0u);
    size_t answers = 0;
    for (const std::string &line : a.all())
        answers += line == "PINGRESP" ? 1 : 0;
    EXPECT_EQ(answers, 100000u);
}

TEST(SlowReader, Qos0ForItIsBoundedInBytes) {
    World world([](core_limits &l) { l.max_qos0_backlog_bytes = 10000; });
    Client a(world), b(world);
    a.connect("a");
    b.connect("b");
    a.subscribe("t", 1);
    b.subscribe("t", 0);
    a.reads = false;
    for (int i = 0; i < 1000; i++)
        world.publish("t", std::string(100, 'x'), 0, false);
    EXPECT_EQ(b.all().size(), 1000u);
    EXPECT_GT(world.count(STAT_DROPPED_QOS0_BACKLOG), 800u);
    world.publish("t", "1", 1, false); // has a limit of its own
    a.read_again();
    const Lines all = a.all();
    EXPECT_EQ(all.back(), "PUBLISH t '1' q1 #1");
    EXPECT_EQ(all.size() - 1 + world.count(STAT_DROPPED_QOS0_BACKLOG), 1000u);
}

} // namespace
