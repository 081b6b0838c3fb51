// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The $SYS topics and the rows they come from. Stories of a few clients and one core.

#include <set>

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

void every_10_s(core_limits &l) {
    l.sys_interval_s = 10;
}

// The last value of each topic that has come.
std::map<std::string, std::string> values(Client &client) {
    std::map<std::string, std::string> out;
    for (const Packet &p : client.inbox) {
        if (p.is(ELLA_PUBLISH))
            out[text(p.p.publish.topic)] = text(p.p.publish.payload);
    }
    client.inbox.clear();
    return out;
}

TEST(Stats, EveryRowHasANameAndAMeaningOfItsOwn) {
    std::set<std::string> names, topics;
    for (unsigned i = 0; i < CORE_STAT_COUNT; i++) {
        const struct core_stat_row *row = core_stat_row(static_cast<core_stat>(i));
        ASSERT_NE(row->name, nullptr) << i;
        ASSERT_NE(row->meaning, nullptr) << row->name;
        EXPECT_TRUE(names.insert(row->name).second) << row->name;
        EXPECT_LE(std::string(row->meaning).size(), 80u) << row->name;
        if (row->sys_topic != nullptr) {
            EXPECT_TRUE(topics.insert(row->sys_topic).second) << row->sys_topic;
        }
        EXPECT_EQ(row->kind == STAT_DROP, std::string(row->name).rfind("dropped_", 0) == 0);
    }
    EXPECT_EQ(topics.size(), 23u);
}

TEST(Sys, TopicsAreRetainedAndToldWhenTheyChange) {
    World world(every_10_s);
    Client a(world), old(world, ELLA_VERSION_3_1_1);
    a.connect("a");
    old.connect("old");
    a.subscribe("$SYS/#");
    old.subscribe("t", 1);
    a.publish("t", "12345", 1, 1);
    a.publish("$SYS/x", "no", 0);
    EXPECT_EQ(values(a).size(), 0u);
    world.advance(10000);
    std::map<std::string, std::string> v = values(a);
    EXPECT_EQ(v["$SYS/broker/version"], "libella 0.1");
    EXPECT_EQ(v["$SYS/broker/uptime"], "10 seconds");
    EXPECT_EQ(v["$SYS/broker/clients/connected"], "2");
    EXPECT_EQ(v["$SYS/broker/clients/active"], "2");
    EXPECT_EQ(v["$SYS/broker/clients/total"], "2");
    EXPECT_EQ(v["$SYS/broker/clients/disconnected"], "0");
    EXPECT_EQ(v["$SYS/broker/clients/inactive"], "0");
    EXPECT_EQ(v["$SYS/broker/clients/maximum"], "2");
    EXPECT_EQ(v["$SYS/broker/subscriptions/count"], "2");
    EXPECT_EQ(v["$SYS/broker/publish/messages/received"], "2");
    EXPECT_EQ(v["$SYS/broker/publish/bytes/received"], "7");
    EXPECT_EQ(v["$SYS/broker/publish/messages/sent"], "1");
    EXPECT_EQ(v["$SYS/broker/publish/messages/dropped"], "1");
    EXPECT_EQ(v["$SYS/broker/messages/received"], "6");
    EXPECT_EQ(v["$SYS/broker/load/publish/received/1min"], "1.84"); // 12 a minute, for 10 s
    EXPECT_EQ(v["$SYS/broker/load/connections/15min"], "0.13");
    EXPECT_EQ(v["$SYS/broker/load/sockets/1min"], "1.84");
    EXPECT_EQ(v.count("$SYS/broker/messages/stored"), 1u);
    EXPECT_EQ(v.count("$SYS/broker/heap/current"), 1u);
    EXPECT_GE(v.size(), 50u);
    world.advance(10000);
    v = values(a);
    EXPECT_EQ(v.count("$SYS/broker/clients/connected"), 0u); // as before
    EXPECT_EQ(v["$SYS/broker/uptime"], "20 seconds");
    // Who comes later gets all of them.
    Client late(world);
    late.connect("late");
    late.subscribe("$SYS/broker/clients/+");
    EXPECT_EQ(values(late).size(), 7u);
}

TEST(Sys, CanBeSwitchedOffAndOn) {
    World world;
    Client a(world);
    a.connect("a");
    a.subscribe("$SYS/#");
    EXPECT_EQ(core_deadline_ms(world.core()), UINT64_MAX);
    world.advance(100000);
    EXPECT_EQ(values(a).size(), 0u);
    world.configure(every_10_s);
    world.advance(10000);
    EXPECT_GT(values(a).size(), 50u);
    world.configure([](core_limits &l) { l.sys_interval_s = 0; });
    world.advance(100000);
    EXPECT_EQ(values(a).size(), 0u);
}

TEST(World, TheSameEventsGiveTheSameBytes) {
    std::vector<std::string> told[2];
    for (std::vector<std::string> &lines : told) {
        World world(every_10_s, 42);
        Client a(world), b(world);
        const std::string id = text(a.connect("").properties().assigned_client_identifier);
        b.connect("b");
        b.subscribe("#", 2);
        for (uint16_t i = 1; i <= 10; i++)
            a.publish("t/" + std::to_string(i), id, i % 3u, i);
        world.advance(30000);
        lines = b.all();
        EXPECT_EQ(lines.size(), 10u);
        for (const std::string &line : world.lines)
            lines.push_back(line);
    }
    EXPECT_EQ(told[0], told[1]);
}

} // namespace
