// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// One story with everything in it, told again and again: each time one more request for memory
// succeeds before one, or all that follow, are refused. Whatever fails, nothing leaks, nothing is
// left half done, and who comes later is served.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

// A core whose limits leave little room for luck.
void small(core_limits &l) {
    l.sys_interval_s = 10;
    l.queue_qos0_messages = true;
}

ConnectOptions everything(uint32_t expiry_s, uint16_t alias_maximum) {
    ConnectOptions o;
    o.clean = false;
    o.keep_alive = 60;
    o.user = "user";
    o.password = "password";
    o.will = Will{"t/will", "gone", 1, true, will_delay(5) + message_expiry(100)};
    o.properties = expiry(expiry_s) + receive_maximum(3) + [alias_maximum](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM);
        p.topic_alias_maximum = alias_maximum;
    };
    return o;
}

// What is said is not looked at: any of it may be missing.
void story(World &world) {
    if (world.core() == nullptr)
        return;
    Client a(world), b(world), c(world, ELLA_VERSION_3_1_1);
    auto if_open = [](Client &client, const std::function<void()> &act) {
        if (client.is_open)
            act();
    };
    if_open(a, [&] { a.send_connect("a", everything(100, 2)); });
    if_open(b, [&] { b.send_connect("", everything(0, 0)); });
    if_open(c, [&] { c.send_connect("c"); });
    std::vector<std::string> names;
    for (int i = 0; i < 40; i++)
        names.push_back("t/" + std::to_string(i));
    std::vector<ella_filter> filters;
    for (const std::string &name : names)
        filters.push_back(filter(name.c_str(), 2));
    if_open(a, [&] { a.send_subscribe(1, filters, 7); });
    if_open(a, [&] { a.send_subscribe(2, {filter("t/#", 1), filter("+/1", 2)}, 8); });
    if_open(b, [&] { b.send_subscribe(3, {filter("$share/g/t/+", 2), filter("$SYS/#", 1)}); });
    if_open(c, [&] { c.send_subscribe(4, {filter("$share/g/t/+", 1), filter("t/1", 2)}); });
    for (uint16_t i = 1; i <= 6; i++) {
        const std::string topic = "t/" + std::to_string(i % 3);
        if_open(b, [&] { b.publish(topic, "x", 2, i, true, topic_alias(i)); });
        if_open(b, [&] { b.publish("", "y", 1, 100, false, topic_alias(i)); });
        if_open(c, [&] { c.publish(topic, std::string(6000, 'z'), i % 3u, i); });
        if_open(b, [&] { b.ack(ELLA_PUBREL, i); });
    }
    for (uint16_t i = 1; i <= 4; i++) {
        if_open(a, [&] { a.ack(i % 2u == 0u ? ELLA_PUBACK : ELLA_PUBREC, i); });
        if_open(c, [&] { c.ack(ELLA_PUBREL, i); });
    }
    a.drop();
    world.advance(2000);
    world.publish("t/1", "while away", 2, false);
    Client again(world);
    if_open(again, [&] { again.send_connect("a", everything(100, 2)); });
    if_open(b, [&] { b.send_connect("b"); }); // a violation: its will, and its share to others
    if_open(again, [&] { again.send_unsubscribe(5, filters); });
    again.drop();
    world.advance(200000);
}

// When the memory is back, everything works.
void epilogue(World &world) {
    world.fail_from = 0;
    if (world.core() == nullptr)
        return;
    Client x(world), y(world);
    EXPECT_EQ(x.connect("x").line(), "CONNACK new 00");
    EXPECT_EQ(y.connect("y").line(), "CONNACK new 00");
    EXPECT_EQ(x.subscribe("new/#", 2), "SUBACK #1000 02");
    y.publish("new/topic", "m", 2, 1);
    EXPECT_EQ(y.next(), "PUBREC #1 00");
    EXPECT_EQ(x.next(), "PUBLISH new/topic 'm' q2 #1");
    x.ack(ELLA_PUBREC, 1);
    x.ack(ELLA_PUBCOMP, 1);
    x.drop();
    y.drop();
    EXPECT_EQ(world.count(STAT_CONNECTIONS), 0u);
    EXPECT_EQ(world.count(STAT_CLIENTS_CONNECTED), 0u);
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 0u);
    EXPECT_EQ(world.count(STAT_SUBSCRIPTIONS), 0u);
    EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 0u);
    EXPECT_EQ(core_memory_bytes(world.core(), MEMORY_QUEUE), 0u);
    EXPECT_EQ(core_memory_bytes(world.core(), MEMORY_OUTPUT), 0u);
    EXPECT_EQ(core_memory_bytes(world.core(), MEMORY_SUBSCRIPTION), 0u);
}

uint64_t requests_of_the_story() {
    World world(small);
    story(world);
    const uint64_t requests = world.requests;
    epilogue(world);
    return requests;
}

TEST(OutOfMemory, OneRequestRefused) {
    const uint64_t requests = requests_of_the_story();
    EXPECT_GT(requests, 300u);
    for (uint64_t n = 1; n <= requests && !HasFailure(); n++) {
        SCOPED_TRACE(n);
        World world(small);
        world.pull_size = 2048;
        world.fail_from = n;
        story(world);
        epilogue(world);
    }
}

TEST(OutOfMemory, AllRequestsRefusedFromOneOn) {
    const uint64_t requests = requests_of_the_story();
    for (uint64_t n = 1; n <= requests && !HasFailure(); n++) {
        SCOPED_TRACE(n);
        World world(small);
        world.pull_size = 2048;
        world.fail_from = n;
        world.fail_once = false;
        story(world);
        epilogue(world);
    }
}

//= v3/4.8.0-2 test
TEST(OutOfMemory, APublishBeforeFiveIsNotAcknowledgedButComesAgain) {
    World world;
    Client five(world), three(world, ELLA_VERSION_3_1_1);
    five.connect("5");
    three.connect("3");
    world.fail_from = world.requests + 1;
    five.publish("t", "x", 1, 1);
    EXPECT_EQ(five.next(), "PUBACK #1 97");
    world.fail_from = world.requests + 1;
    three.publish("t", "x", 1, 1);
    EXPECT_EQ(three.next(), "closed");
    EXPECT_EQ(world.count(STAT_DROPPED_NO_MEMORY), 2u);
}

} // namespace
