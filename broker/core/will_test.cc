// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Wills: all that publishes one, all that cancels one, and when. Stories of a few clients and one
// core.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

using Lines = std::vector<std::string>;

const Lines none;

// A world with a watcher of the topic w.
struct Story {
    World world;
    Client watcher;

    explicit Story(const World::Setup &setup = nullptr) : world(setup), watcher(world) {
        watcher.connect("watcher");
        EXPECT_EQ(watcher.subscribe("w", 2), "SUBACK #1000 02");
    }
    ConnectOptions options(uint32_t expiry_s, uint32_t delay_s, bool clean = false) const {
        ConnectOptions o;
        o.clean = clean;
        o.properties = expiry(expiry_s);
        o.will = Will{"w", "gone", 0, false, will_delay(delay_s)};
        return o;
    }
    Lines heard() { return watcher.all(); }
};

const Lines gone = {"PUBLISH w 'gone' q0"};

//= v5/3.1.2-7 v5/3.1.2-8 test
//= v3/3.1.2-8 test
TEST(Will, IsPublishedWhenTheNetworkFails) {
    for (ella_version version : {ELLA_VERSION_3_1, ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        Story s;
        Client a(s.world, version);
        ConnectOptions o;
        o.will = Will{"w", "gone"};
        a.connect("a", o);
        EXPECT_EQ(s.heard(), none);
        a.drop();
        EXPECT_EQ(s.heard(), gone);
        EXPECT_EQ(s.world.count(STAT_WILLS_PUBLISHED), 1u);
    }
}

//= v5/3.1.2-10 v5/3.14.4-3 test
//= v3/3.1.2-10 v3/3.14.4-3 test
TEST(Will, IsDiscardedByANormalDisconnect) {
    for (ella_version version : {ELLA_VERSION_3_1, ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        Story s;
        Client a(s.world, version);
        ConnectOptions o;
        o.will = Will{"w", "gone"};
        a.connect("a", o);
        a.disconnect();
        EXPECT_EQ(a.next(), "closed");
        s.world.advance(1000000);
        EXPECT_EQ(s.heard(), none);
    }
}

//= v5/3.1.2-10 v5/3.14.4-3 test
TEST(Will, IsPublishedByADisconnectWithAnyOtherReason) {
    for (uint8_t reason : {0x04, 0x80, 0x81, 0x99}) {
        Story s;
        Client a(s.world);
        a.connect("a", s.options(0, 0));
        a.disconnect(reason);
        EXPECT_EQ(s.heard(), gone) << hex(reason);
    }
}

//= v3/3.1.2-12 test
TEST(Will, IsNotPublishedWhereThereIsNone) {
    Story s;
    Client a(s.world, ELLA_VERSION_3_1_1);
    a.connect("a");
    a.drop();
    EXPECT_EQ(s.heard(), none);
}

//= v5/3.1.2-8 v5/u-3.14.2.2.2-2 test
TEST(Will, IsPublishedAfterAProtocolErrorEvenInDisconnect) {
    Story s;
    Client a(s.world);
    a.connect("a", s.options(0, 0));
    a.disconnect(0, expiry(10)); // from zero to something
    EXPECT_EQ(a.all(), (Lines{"DISCONNECT 82"}));
    EXPECT_EQ(s.heard(), gone);
}

// ---- Take-over ------------------------------------------------------------------------------

//= v5/3.1.4-3 v5/3.1.2-8 test
TEST(Will, WithoutDelayIsPublishedByATakeOver) {
    Story s;
    Client a(s.world), b(s.world);
    a.connect("a", s.options(60, 0));
    EXPECT_EQ(b.resume("a").line(), "CONNACK present 00");
    EXPECT_EQ(s.heard(), gone);
    b.drop();
    EXPECT_EQ(s.heard(), none);
}

TEST(Will, WithDelayButWithoutExpiryIsPublishedByATakeOver) {
    Story s;
    Client a(s.world), b(s.world);
    a.connect("a", s.options(0, 30));
    EXPECT_EQ(b.resume("a").line(), "CONNACK new 00");
    EXPECT_EQ(s.heard(), gone);
}

//= v5/3.1.3-9 test
TEST(Will, WithDelayIsCancelledByATakeOverThatResumes) {
    Story s;
    Client a(s.world), b(s.world);
    a.connect("a", s.options(60, 30));
    EXPECT_EQ(b.resume("a").line(), "CONNACK present 00");
    s.world.advance(100000);
    EXPECT_EQ(s.heard(), none);
}

TEST(Will, WithDelayIsPublishedByATakeOverThatStartsClean) {
    Story s;
    Client a(s.world), b(s.world);
    a.connect("a", s.options(60, 30));
    EXPECT_EQ(b.connect("a").line(), "CONNACK new 00");
    EXPECT_EQ(s.heard(), gone);
}

//= v3/3.1.2-8 v3/3.1.4-2 test
TEST(Will, BeforeFiveIsPublishedByATakeOver) {
    Story s;
    Client a(s.world, ELLA_VERSION_3_1_1), b(s.world, ELLA_VERSION_3_1_1);
    ConnectOptions o;
    o.will = Will{"w", "gone"};
    a.connect("a", o);
    b.connect("a");
    EXPECT_EQ(s.heard(), gone);
}

// ---- Delay ----------------------------------------------------------------------------------

//= v5/3.1.2-8 v5/u-3.1.2.5-1 test
TEST(Will, WaitsForItsDelay) {
    Story s;
    Client a(s.world);
    a.connect("a", s.options(60, 30));
    a.drop();
    s.world.advance(29999);
    EXPECT_EQ(s.heard(), none);
    s.world.advance(1);
    EXPECT_EQ(s.heard(), gone);
    s.world.advance(100000);
    EXPECT_EQ(s.heard(), none);
    EXPECT_EQ(s.world.count(STAT_CLIENTS_TOTAL), 1u);
}

//= v5/3.1.3-9 test
TEST(Will, IsCancelledByAReconnectInTime) {
    Story s;
    Client a(s.world);
    a.connect("a", s.options(60, 30));
    a.drop();
    s.world.advance(20000);
    a.open();
    EXPECT_EQ(a.resume("a").line(), "CONNACK present 00");
    s.world.advance(100000);
    EXPECT_EQ(s.heard(), none);
    a.drop(); // this connection has no will
    s.world.advance(100000);
    EXPECT_EQ(s.heard(), none);
}

TEST(Will, IsPublishedByACleanReconnectInTime) {
    Story s;
    Client a(s.world);
    a.connect("a", s.options(60, 30));
    a.drop();
    a.open();
    EXPECT_EQ(a.connect("a").line(), "CONNACK new 00");
    EXPECT_EQ(s.heard(), gone);
}

TEST(Will, GoesOutWhenTheSessionExpiresBeforeItsDelay) {
    Story s;
    Client a(s.world);
    a.connect("a", s.options(10, 30));
    a.drop();
    s.world.advance(9999);
    EXPECT_EQ(s.heard(), none);
    s.world.advance(1);
    EXPECT_EQ(s.heard(), gone);
    EXPECT_EQ(s.world.count(STAT_SESSIONS_EXPIRED), 1u);
    s.world.advance(100000);
    EXPECT_EQ(s.heard(), none);
}

TEST(Will, WithDelayAndReason4WaitsToo) {
    Story s;
    Client a(s.world);
    a.connect("a", s.options(60, 30));
    a.disconnect(0x04);
    s.world.advance(29999);
    EXPECT_EQ(s.heard(), none);
    s.world.advance(1);
    EXPECT_EQ(s.heard(), gone);
}

TEST(Will, DisconnectMayEndTheSessionAndWithItTheDelay) {
    Story s;
    Client a(s.world);
    a.connect("a", s.options(60, 30));
    a.disconnect(0x04, expiry(0));
    EXPECT_EQ(s.heard(), gone);
}

// ---- What it is -----------------------------------------------------------------------------

//= v5/3.1.2-14 v5/3.1.2-15 v5/3.1.3-10 test
//= v3/3.1.2-16 v3/3.1.2-17 test
TEST(Will, KeepsQosRetainPropertiesAndTheirOrder) {
    Story s;
    Client a(s.world), late(s.world);
    Bytes users(100);
    uint32_t used = 0;
    for (const char *value : {"2", "1", "2"})
        ASSERT_EQ(ella_user_property_put(slice("k"), slice(value), users.data(), 100, &used),
                  ELLA_ERROR_NONE);
    ConnectOptions o;
    o.will = Will{"w", "gone", 2, true, [&](ella_properties &p) {
                      ella_property_set(&p, ELLA_PROPERTY_USER_PROPERTY);
                      p.user_properties = ella_slice_of(users.data(), used);
                      ella_property_set(&p, ELLA_PROPERTY_CONTENT_TYPE);
                      p.content_type = ella_slice_of("ct", 2);
                  }};
    a.connect("a", o);
    s.world.advance(5000);
    a.drop();
    Packet got = s.watcher.take(ELLA_PUBLISH);
    EXPECT_EQ(got.line(), "PUBLISH w 'gone' q2 #1");
    EXPECT_EQ(text(got.properties().content_type), "ct");
    EXPECT_FALSE(got.has(ELLA_PROPERTY_WILL_DELAY_INTERVAL));
    ella_slice rest = got.properties().user_properties, name, value;
    std::string values;
    while (ella_user_property_next(&rest, &name, &value))
        values += text(value);
    EXPECT_EQ(values, "212");
    late.connect("late");
    late.subscribe("w", 1);
    EXPECT_EQ(late.next(), "PUBLISH w 'gone' q1 #1 retain");
}

//= v5/3.3.2-6 test
TEST(Will, ItsExpiryCountsFromItsPublication) {
    Story s;
    Client a(s.world);
    ConnectOptions o = s.options(1000, 20);
    o.will->retain = true;
    o.will->properties = will_delay(20) + message_expiry(100);
    a.connect("a", o);
    s.world.advance(500000);
    a.drop();
    s.world.advance(20000);
    EXPECT_EQ(s.watcher.take(ELLA_PUBLISH).properties().message_expiry_interval_s, 100u);
    s.world.advance(30000);
    Client late(s.world);
    late.connect("late");
    late.subscribe("w");
    EXPECT_EQ(late.take(ELLA_PUBLISH).properties().message_expiry_interval_s, 70u);
}

TEST(Will, NeedsTheRightToPublish) {
    Story s;
    bool allowed = true;
    s.world.policy = [&](const core_question &q) {
        return q.access != CORE_ACCESS_WRITE || (allowed && text(q.topic) != "forbidden");
    };
    Client a(s.world), b(s.world, ELLA_VERSION_3_1_1), c(s.world);
    ConnectOptions o;
    o.will = Will{"forbidden", "x"};
    EXPECT_EQ(a.connect("a", o).line(), "CONNACK new 87");
    EXPECT_EQ(b.connect("b", o).line(), "CONNACK new 05");
    o.will->topic = "w";
    c.connect("c", o);
    allowed = false; // the right is lost in between
    c.drop();
    EXPECT_EQ(s.heard(), none);
    EXPECT_EQ(s.world.count(STAT_DROPPED_PUBLISH_DENIED), 1u);
}

//= v5/3.8.3-3 test
TEST(Will, NoLocalHoldsForIt) {
    World world;
    Client a(world);
    ConnectOptions o;
    o.clean = false;
    o.properties = expiry(60);
    o.will = Will{"w", "gone", 1};
    a.connect("a", o);
    ella_filter f = filter("w", 1);
    f.no_local = true;
    a.send_subscribe(1, {f});
    a.take(ELLA_SUBACK);
    a.drop();
    a.open();
    EXPECT_EQ(a.resume("a").line(), "CONNACK present 00");
    EXPECT_EQ(a.next(), "nothing");
}

} // namespace
