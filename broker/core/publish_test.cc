// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// PUBLISH from a client and what comes of it: QoS both ways, refusals, retained messages, topic
// aliases. Stories of a few clients and one core.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

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

} // namespace
