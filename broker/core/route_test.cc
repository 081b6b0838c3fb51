// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Routing: what matches, what is replaced, what is left after it all, and that a lack of memory
// changes nothing.

#include "broker/core/memory_test_support.h"
#include "broker/core/route_test_support.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include "broker/core/route.h"
}

struct session {
    int number;
    struct subscription_list list;
};

using libella_test::matches;
using libella_test::slice;
using libella_test::test_memory;
using libella_test::text;
using libella_test::topic_maker;

namespace {

class RouteTest : public ::testing::Test {
  protected:
    void SetUp() override {
        route = route_create(&port.memory, 42);
        ASSERT_NE(route, nullptr);
        for (int i = 0; i < 8; i++) {
            sessions.push_back(std::make_unique<session>());
            sessions.back()->number = i;
        }
    }
    void TearDown() override {
        for (auto &each : sessions)
            route_unsubscribe_all(route, &each->list);
        EXPECT_EQ(route_subscription_count(route), 0u);
        EXPECT_EQ(route_shared_subscription_count(route), 0u);
        match_set_free(&port.memory, &set);
        EXPECT_EQ(port.memory.used_bytes[MEMORY_SUBSCRIPTION], 0u);
        route_destroy(route);
        EXPECT_EQ(port.memory.total_bytes, 0u);
        EXPECT_EQ(port.live_blocks, 0u);
        EXPECT_FALSE(port.wrong_size);
    }

    enum route_result subscribe(int who, const std::string &filter, uint32_t identifier = 0) {
        struct subscription_options options = {};
        options.identifier = identifier;
        last = nullptr;
        session *s = sessions[static_cast<size_t>(who)].get();
        return route_subscribe(route, s, &s->list, slice(filter), &options, &last);
    }
    bool unsubscribe(int who, const std::string &filter) {
        session *s = sessions[static_cast<size_t>(who)].get();
        return route_unsubscribe(route, s, &s->list, slice(filter));
    }
    std::string filter_text(const struct subscription *subscription) {
        uint8_t buf[200];
        const uint32_t len = route_filter(route, subscription, buf, sizeof buf);
        return len > sizeof buf ? "too long" : std::string(reinterpret_cast<char *>(buf), len);
    }
    // "session filter" of all that match, shared ones by group.
    std::multiset<std::string> match(const std::string &topic) {
        std::multiset<std::string> found;
        EXPECT_TRUE(route_match(route, slice(topic), &set));
        for (uint32_t i = 0; i < set.subscription_count; i++) {
            const struct subscription *s = set.subscriptions[i];
            EXPECT_EQ(s->group, nullptr);
            found.insert(std::to_string(s->session->number) + " " + filter_text(s));
        }
        for (uint32_t i = 0; i < set.group_count; i++) {
            const struct share_group *g = set.groups[i];
            EXPECT_GT(g->member_count, 0u);
            EXPECT_LT(g->next, g->member_count);
            for (uint32_t m = 0; m < g->member_count; m++) {
                EXPECT_EQ(g->members[m]->group, g);
                found.insert(std::to_string(g->members[m]->session->number) + " " +
                             filter_text(g->members[m]));
            }
        }
        return found;
    }
    bool one_matches(const std::string &filter, const std::string &topic) {
        EXPECT_EQ(subscribe(0, filter), ROUTE_NEW);
        const size_t count = match(topic).size();
        EXPECT_TRUE(unsubscribe(0, filter));
        return count == 1;
    }

    test_memory port;
    struct route *route = nullptr;
    struct match_set set = {};
    struct subscription *last = nullptr;
    std::vector<std::unique_ptr<session>> sessions;
};

using strings = std::multiset<std::string>;

TEST_F(RouteTest, WildcardsMatchAsTheStandardsSay) {
    const struct {
        const char *filter;
        const char *topic;
        bool expected;
    } cases[] = {
        {"sport/tennis/player1/#", "sport/tennis/player1", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        {"sport/tennis/player1/#", "sport/tennis/player12", false},
        {"sport/#", "sport", true},
        {"sport/#", "sport/", true},
        {"sport/#", "sports", false},
        {"#", "sport", true},
        {"#", "/", true},
        {"#", "a/b/c/d/e/f", true},
        {"sport/tennis/+", "sport/tennis/player1", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false},
        {"sport/+", "sport", false},
        {"sport/+", "sport/", true},
        {"+", "sport", true},
        {"+", "/finance", false},
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+/tennis/#", "sport/tennis", true},
        {"+/tennis/#", "/tennis/x", true},
        {"sport/+/player1", "sport/tennis/player1", true},
        {"sport/+/player1", "sport//player1", true},
        {"sport/+/player1", "sport/player1", false},
        {"a//b", "a//b", true},
        {"a//b", "a/b", false},
        {"a/", "a", false},
        {"a", "a/", false},
        {"/", "/", true},
        {"//", "/", false},
        {"+/+/#", "a", false},
        {"+/+/#", "a/b", true},
        {"+/#", "a", true},
    };
    for (const auto &one : cases) {
        EXPECT_EQ(one_matches(one.filter, one.topic), one.expected)
            << one.filter << " " << one.topic;
        EXPECT_EQ(matches(one.filter, one.topic), one.expected) << "the reference";
    }
}

//= v3/4.7.2-1 v5/4.7.2-1 test
TEST_F(RouteTest, LeadingWildcardsDoNotSeeTopicsThatBeginWithADollar) {
    EXPECT_FALSE(one_matches("#", "$SYS"));
    EXPECT_FALSE(one_matches("#", "$SYS/monitor"));
    EXPECT_FALSE(one_matches("+", "$SYS"));
    EXPECT_FALSE(one_matches("+/#", "$SYS"));
    EXPECT_FALSE(one_matches("+/monitor/Clients", "$SYS/monitor/Clients"));
    EXPECT_TRUE(one_matches("$SYS/#", "$SYS"));
    EXPECT_TRUE(one_matches("$SYS/#", "$SYS/monitor"));
    EXPECT_TRUE(one_matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
    EXPECT_TRUE(one_matches("+/$SYS", "a/$SYS")) << "only a leading $ counts";
    EXPECT_TRUE(one_matches("a/#", "a/$SYS"));
    EXPECT_TRUE(one_matches("#", "a$"));
}

//= v3/4.7.3-4 v5/4.7.3-4 test
TEST_F(RouteTest, NothingIsNormalised) {
    EXPECT_FALSE(one_matches("ACCOUNTS", "Accounts"));
    EXPECT_FALSE(one_matches("\xc3\xa9", "e\xcc\x81"));
    EXPECT_FALSE(one_matches("a", "a "));
    EXPECT_FALSE(one_matches("a", "\xef\xbb\xbf"
                                  "a"));
}

//= v3/3.8.4-3 v5/3.8.4-3 test
// What a topic matched is remembered, while no more than its place among others lasts.
TEST_F(RouteTest, ATopicThatComesAgainMatchesWhatThereIsNow) {
    constexpr int COUNT = 3000; // more than are remembered
    const auto topic = [](int i) { return "plant/" + std::to_string(i) + "/state"; };
    for (int i = 0; i < COUNT; i++)
        ASSERT_EQ(subscribe(0, topic(i)), ROUTE_NEW);
    for (int i = 0; i < 3 * COUNT; i++) {
        const strings own = {"0 " + topic(i % COUNT)};
        ASSERT_EQ(match(topic(i % COUNT)), own);
        ASSERT_EQ(match(topic(i % COUNT)), own);
    }
    const strings own = {"0 " + topic(7)};
    strings both = own;
    both.insert("1 plant/+/state");
    strings three = both;
    three.insert("2 " + topic(7));
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(match(topic(7)), own);
        ASSERT_EQ(subscribe(1, "plant/+/state"), ROUTE_NEW);
        EXPECT_EQ(match(topic(7)), both);
        ASSERT_EQ(subscribe(2, topic(7)), ROUTE_NEW);
        EXPECT_EQ(match(topic(7)), three);
        EXPECT_TRUE(unsubscribe(2, topic(7)));
        EXPECT_TRUE(unsubscribe(1, "plant/+/state"));
    }
    EXPECT_TRUE(unsubscribe(0, topic(7)));
    EXPECT_EQ(match(topic(7)), strings());
}

TEST_F(RouteTest, TheSameFilterReplacesTheSubscription) {
    EXPECT_EQ(subscribe(0, "a/+", 1), ROUTE_NEW);
    struct subscription *first = last;
    EXPECT_EQ(first->identifier, 1u);
    EXPECT_EQ(subscribe(0, "a/+", 2), ROUTE_REPLACED);
    EXPECT_EQ(last, first);
    EXPECT_EQ(last->identifier, 2u);
    EXPECT_EQ(subscribe(1, "a/+", 3), ROUTE_NEW) << "another session's is another";
    EXPECT_EQ(subscribe(0, "a/#", 3), ROUTE_NEW) << "the same topics, but another filter";
    EXPECT_EQ(route_subscription_count(route), 3u);
    EXPECT_EQ(sessions[0]->list.count, 2u);
    EXPECT_EQ(match("a/b"), (strings{"0 a/+", "1 a/+", "0 a/#"}));
}

TEST_F(RouteTest, OptionsAreKept) {
    struct subscription_options options = {77, 2, true, true, 2};
    struct subscription *s = nullptr;
    ASSERT_EQ(
        route_subscribe(route, sessions[0].get(), &sessions[0]->list, slice("a"), &options, &s),
        ROUTE_NEW);
    EXPECT_EQ(s->identifier, 77u);
    EXPECT_EQ(s->qos, 2);
    EXPECT_TRUE(s->no_local);
    EXPECT_TRUE(s->retain_as_published);
    EXPECT_EQ(s->retain_handling, 2);
    EXPECT_EQ(s->session, sessions[0].get());
}

//= v3/3.10.4-1 v5/3.10.4-1 test
TEST_F(RouteTest, UnsubscribeTakesTheVeryFilterAndNoOther) {
    subscribe(0, "a/+");
    subscribe(1, "a/b");
    EXPECT_FALSE(unsubscribe(0, "a/b"));
    EXPECT_FALSE(unsubscribe(0, "a/#"));
    EXPECT_FALSE(unsubscribe(0, "a"));
    EXPECT_FALSE(unsubscribe(0, "a/+/"));
    EXPECT_FALSE(unsubscribe(0, "$share/g/a/+"));
    EXPECT_FALSE(unsubscribe(1, "a/+"));
    EXPECT_EQ(match("a/b"), (strings{"0 a/+", "1 a/b"}));
    EXPECT_TRUE(unsubscribe(0, "a/+"));
    EXPECT_FALSE(unsubscribe(0, "a/+"));
    EXPECT_EQ(match("a/b"), (strings{"1 a/b"}));
}

TEST_F(RouteTest, ShareGroupsAreByNameAndFilter) {
    subscribe(0, "$share/g/a/+");
    subscribe(1, "$share/g/a/+");
    subscribe(2, "$share/h/a/+");
    subscribe(3, "$share/g/a/b");
    subscribe(0, "a/+");
    EXPECT_EQ(route_subscription_count(route), 5u);
    EXPECT_EQ(route_shared_subscription_count(route), 4u);
    EXPECT_EQ(match("a/b"), (strings{"0 $share/g/a/+", "1 $share/g/a/+", "2 $share/h/a/+",
                                     "3 $share/g/a/b", "0 a/+"}));
    EXPECT_EQ(set.group_count, 3u);
    EXPECT_EQ(set.subscription_count, 1u);
    EXPECT_EQ(subscribe(0, "$share/g/a/+", 9), ROUTE_REPLACED);
    EXPECT_EQ(last->identifier, 9u);
    EXPECT_TRUE(unsubscribe(0, "a/+"));
    EXPECT_FALSE(unsubscribe(0, "a/+")) << "the shared one is not the plain one";
    EXPECT_TRUE(unsubscribe(0, "$share/g/a/+"));
    EXPECT_FALSE(unsubscribe(2, "$share/g/a/+"));
    EXPECT_EQ(match("a/c"), (strings{"1 $share/g/a/+", "2 $share/h/a/+"}));
}

TEST_F(RouteTest, AShareGroupsNameIsNoLevelOfATopic) {
    subscribe(0, "$share/g/a");
    EXPECT_EQ(match("a/g"), strings{});
    EXPECT_EQ(match("a//g"), strings{});
    EXPECT_EQ(match("$share/g/a"), strings{});
    EXPECT_EQ(match("a"), (strings{"0 $share/g/a"}));
    subscribe(1, "a//g");
    EXPECT_EQ(match("a//g"), (strings{"1 a//g"}));
    EXPECT_TRUE(unsubscribe(0, "$share/g/a"));
    EXPECT_EQ(match("a//g"), (strings{"1 a//g"}));
}

//= v3/4.7.2-1 v5/4.7.2-1 test
TEST_F(RouteTest, SharedFiltersFollowTheSameRules) {
    subscribe(0, "$share/g/#");
    subscribe(1, "$share/g/$SYS/#");
    subscribe(2, "$share/g//");
    EXPECT_EQ(match("a"), (strings{"0 $share/g/#"}));
    EXPECT_EQ(match("$SYS/x"), (strings{"1 $share/g/$SYS/#"}));
    EXPECT_EQ(match("/"), (strings{"0 $share/g/#", "2 $share/g//"}));
}

TEST_F(RouteTest, TheTurnOfAGroupStaysWithinItsMembers) {
    for (int who = 0; who < 8; who++)
        subscribe(who, "$share/g/a");
    match("a");
    struct share_group *group = set.groups[0];
    EXPECT_EQ(group->member_count, 8u);
    group->next = 7;
    unsubscribe(3, "$share/g/a");
    EXPECT_EQ(group->member_count, 7u);
    EXPECT_EQ(group->next, 0u);
    group->next = 4;
    for (int who : {7, 6, 5})
        unsubscribe(who, "$share/g/a");
    EXPECT_EQ(group->member_count, 4u);
    EXPECT_EQ(group->next, 0u);
    EXPECT_EQ(match("a"),
              (strings{"0 $share/g/a", "1 $share/g/a", "2 $share/g/a", "4 $share/g/a"}));
}

TEST_F(RouteTest, AGroupThatComesBackIsAnotherOne) {
    std::set<uint32_t> serials = {0};
    for (int round = 0; round < 3; round++) {
        subscribe(0, "$share/g/a");
        subscribe(1, "$share/g/a");
        subscribe(2, "$share/h/a");
        match("a");
        ASSERT_EQ(set.group_count, 2u);
        EXPECT_TRUE(serials.insert(set.groups[0]->serial).second);
        EXPECT_TRUE(serials.insert(set.groups[1]->serial).second);
        EXPECT_TRUE(unsubscribe(0, "$share/g/a"));
        EXPECT_EQ(last->group->member_count, 1u) << "h has its one member";
        EXPECT_TRUE(unsubscribe(1, "$share/g/a"));
        EXPECT_TRUE(unsubscribe(2, "$share/h/a"));
    }
}

TEST_F(RouteTest, TheFilterIsGivenBackAsItWasSent) {
    for (const std::string filter :
         {"a", "/", "//", "a//b", "#", "+", "+/+/#", "$SYS/#", "a/a-level-of-more-than-14-bytes",
          "$share/g/a", "$share/name of more than 14 bytes/+//#", "$share/g//"}) {
        subscribe(0, filter);
        EXPECT_EQ(filter_text(last), filter);
        uint8_t buf[4] = {'x', 'x', 'x', 'x'};
        EXPECT_EQ(route_filter(route, last, buf, 0), filter.size());
        EXPECT_EQ(buf[0], 'x') << "nothing is written where it does not fit";
    }
}

TEST_F(RouteTest, TopicsOfAnyNumberOfLevels) {
    const std::string slashes(65535, '/');
    const std::string deep_plus = [] {
        std::string s = "+";
        for (int i = 0; i < 32767; i++)
            s += "/+";
        return s;
    }();
    std::string deep_topic(65535, 'a');
    for (size_t i = 1; i < deep_topic.size(); i += 2)
        deep_topic[i] = '/';
    subscribe(0, slashes);
    subscribe(1, deep_plus);
    subscribe(2, deep_plus.substr(0, 65533) + "/#");
    subscribe(3, "#");
    EXPECT_TRUE(route_match(route, slice(slashes), &set));
    EXPECT_EQ(set.subscription_count, 3u) << "all but the 32768 levels of plus alone";
    EXPECT_TRUE(route_match(route, slice(deep_topic), &set));
    EXPECT_EQ(set.subscription_count, 3u) << "all but the slashes";
    std::vector<uint8_t> buf(65535);
    EXPECT_EQ(route_filter(route, sessions[0]->list.first, buf.data(), 65535), 65535u);
    EXPECT_EQ(std::string(buf.begin(), buf.end()), slashes);
}

// A filter of many "+" beside literal levels branches at every level; the walk visits each node
// that matches once, not once for each way to write it.
TEST_F(RouteTest, EveryMatchIsFoundOnceThoughManyWaysBranch) {
    std::set<std::string> filters;
    for (int bits = 0; bits < 1024; bits++) {
        std::string filter;
        for (int i = 0; i < 10; i++)
            filter += std::string(i == 0 ? "" : "/") + ((bits >> i & 1) != 0 ? "+" : "a");
        filters.insert(filter);
        subscribe(0, filter);
    }
    const strings found = match("a/a/a/a/a/a/a/a/a/a");
    EXPECT_EQ(found.size(), 1024u);
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), 1024u);
    EXPECT_EQ(match("a/a/a/a/b/a/a/a/a/a").size(), 512u);
}

TEST_F(RouteTest, LongListsAreSearchedFromTheShorterEnd) {
    // One session with many filters, and one filter with many sessions.
    for (int i = 0; i < 2000; i++)
        EXPECT_EQ(subscribe(0, "many/" + std::to_string(i)), ROUTE_NEW);
    std::vector<std::unique_ptr<session>> crowd;
    struct subscription_options options = {};
    for (int i = 0; i < 2000; i++) {
        crowd.push_back(std::make_unique<session>());
        crowd.back()->number = 1000 + i;
        EXPECT_EQ(route_subscribe(route, crowd.back().get(), &crowd.back()->list, slice("many/7"),
                                  &options, &last),
                  ROUTE_NEW);
    }
    for (int i = 0; i < 2000; i++) {
        EXPECT_EQ(route_subscribe(route, crowd[static_cast<size_t>(i)].get(),
                                  &crowd[static_cast<size_t>(i)]->list, slice("many/7"), &options,
                                  &last),
                  ROUTE_REPLACED);
    }
    EXPECT_EQ(subscribe(0, "many/7"), ROUTE_REPLACED);
    EXPECT_TRUE(route_match(route, slice("many/7"), &set));
    EXPECT_EQ(set.subscription_count, 2001u);
    for (auto &each : crowd)
        EXPECT_TRUE(route_unsubscribe(route, each.get(), &each->list, slice("many/7")));
    EXPECT_EQ(match("many/7"), (strings{"0 many/7"}));
}

// Subscriptions made and ended at random, matched against a list that is searched from end to end.
TEST_F(RouteTest, AgreesWithAListUnderRandomUse) {
    topic_maker maker(1);
    std::map<std::pair<int, std::string>, uint32_t> model;
    uint64_t checks = 0;
    for (int round = 0; round < 12000; round++) {
        const int who = static_cast<int>(maker.random() % 8);
        std::string filter = maker.filter();
        if (maker.random() % 4 == 0)
            filter = (maker.random() % 2 == 0 ? "$share/g/" : "$share/another group/") + filter;
        const bool known = model.count({who, filter}) != 0;
        const uint32_t target = (round / 1500) % 2 == 0 ? 7 : 3;
        if (maker.random() % 10 < target) {
            ASSERT_EQ(subscribe(who, filter), known ? ROUTE_REPLACED : ROUTE_NEW);
            model[{who, filter}] = 1;
        } else {
            if (!known && !model.empty() && maker.random() % 4 != 0) {
                auto one = model.lower_bound({who, filter});
                filter = one == model.end() ? model.begin()->first.second : one->first.second;
                const int other =
                    one == model.end() ? model.begin()->first.first : one->first.first;
                ASSERT_TRUE(unsubscribe(other, filter));
                model.erase({other, filter});
            } else {
                ASSERT_EQ(unsubscribe(who, filter), known) << filter;
                model.erase({who, filter});
            }
        }
        ASSERT_EQ(route_subscription_count(route), model.size());
        if (round % 4 != 0)
            continue;
        const std::string topic = maker.topic();
        strings expected;
        for (const auto &one : model) {
            struct ella_slice name;
            struct ella_slice plain;
            (void)ella_topic_share(slice(one.first.second), &name, &plain);
            if (matches(text(plain), topic))
                expected.insert(std::to_string(one.first.first) + " " + one.first.second);
            checks++;
        }
        ASSERT_EQ(match(topic), expected) << topic;
    }
    EXPECT_GT(checks, 300000u);
}

TEST_F(RouteTest, ChurnDoesNotGrow) {
    topic_maker maker(2);
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 500; i++) {
            subscribe(i % 8, maker.filter());
            subscribe(i % 8, "unique/" + std::to_string(round * 1000 + i) + "/x");
            subscribe(i % 8, "$share/g" + std::to_string(round * 1000 + i) + "/a");
        }
        for (auto &each : sessions)
            route_unsubscribe_all(route, &each->list);
        ASSERT_EQ(port.memory.used_bytes[MEMORY_SUBSCRIPTION], 0u);
        ASSERT_LT(port.memory.total_bytes, 16000u) << "one slab of nodes and the least index";
    }
}

// Every request for memory fails once, in a run of its own; what had no memory has not happened.
TEST(RouteMemory, ALackAtAnyPointChangesNothing) {
    const std::vector<std::string> filters = {
        "a",
        "a/b/c",
        "a/+/c",
        "#",
        "a-level-of-more-than-14-bytes/another-level-of-that-kind",
        "$share/g/a/b/c",
        "$share/a-name-of-more-than-14-bytes/a/b/c",
        "+/+/#",
        "$share/h/+"};
    uint64_t n = 1;
    for (bool refused = true; refused; n++) {
        test_memory port;
        port.fail_once(n);
        struct route *route = route_create(&port.memory, 1);
        if (route == nullptr)
            route = route_create(&port.memory, 1);
        ASSERT_NE(route, nullptr);
        std::vector<session> sessions(40);
        std::set<std::pair<size_t, std::string>> model;
        std::set<std::pair<size_t, std::string>> found;
        struct match_set set = {};
        auto do_and_check = [&](size_t who, const std::string &filter) {
            struct subscription *s = nullptr;
            struct subscription_options options = {};
            const size_t nodes = port.memory.used_bytes[MEMORY_TOPIC];
            const enum route_result result = route_subscribe(
                route, &sessions[who], &sessions[who].list, slice(filter), &options, &s);
            ASSERT_NE(result, ROUTE_REPLACED);
            ASSERT_EQ(s == nullptr, result == ROUTE_NO_MEMORY);
            if (result == ROUTE_NEW)
                model.insert({who, filter});
            else
                ASSERT_LE(port.memory.used_bytes[MEMORY_TOPIC], nodes + 16384);
        };
        for (size_t who = 0; who < sessions.size(); who++) {
            sessions[who].number = static_cast<int>(who);
            for (const std::string &filter : filters)
                do_and_check(who, filter);
        }
        // Enough nodes for a second slab and a larger index.
        for (int i = 0; i < 300; i++)
            do_and_check(0, "x/" + std::to_string(i));
        const bool ok = route_match(route, slice("a/b/c"), &set);
        if (ok) {
            size_t expected = 0;
            for (const auto &one : model)
                expected += one.second[0] != '$' && matches(one.second, "a/b/c");
            ASSERT_EQ(set.subscription_count, expected);
        }
        ASSERT_TRUE(ok || port.memory.refused_count > 0);
        ASSERT_EQ(route_subscription_count(route), model.size());
        for (const auto &one : model)
            ASSERT_TRUE(route_unsubscribe(route, &sessions[one.first], &sessions[one.first].list,
                                          slice(one.second)));
        refused = port.memory.refused_count > 0;
        match_set_free(&port.memory, &set);
        ASSERT_EQ(port.memory.used_bytes[MEMORY_SUBSCRIPTION], 0u);
        route_destroy(route);
        ASSERT_EQ(port.memory.total_bytes, 0u);
        ASSERT_EQ(port.live_blocks, 0u);
        ASSERT_FALSE(port.wrong_size);
    }
    EXPECT_GT(n, 400u);
}

// The same with all requests failing from the n-th on.
TEST(RouteMemory, WithoutAnyMoreMemoryEverythingCanStillBeUndone) {
    for (uint64_t n = 1; n < 200; n++) {
        test_memory port;
        struct route *route = route_create(&port.memory, 1);
        std::vector<session> sessions(8);
        struct match_set set = {};
        port.fail_from(n);
        for (size_t i = 0; i < 400; i++) {
            const std::string filter = (i % 3 == 0 ? "$share/g/" : "") + std::string("a/") +
                                       std::to_string(i / 16) + "/+";
            struct subscription *s = nullptr;
            struct subscription_options options = {};
            (void)route_subscribe(route, &sessions[i % 8], &sessions[i % 8].list, slice(filter),
                                  &options, &s);
        }
        (void)route_match(route, slice("a/1/x"), &set);
        for (session &each : sessions)
            route_unsubscribe_all(route, &each.list);
        match_set_free(&port.memory, &set);
        route_destroy(route);
        ASSERT_EQ(port.memory.total_bytes, 0u);
        ASSERT_FALSE(port.wrong_size);
    }
}

TEST(RouteDeathTest, SubscriptionsMustBeGoneBeforeTheEnd) {
    test_memory port;
    struct route *route = route_create(&port.memory, 1);
    session one = {};
    struct subscription *s = nullptr;
    struct subscription_options options = {};
    route_subscribe(route, &one, &one.list, slice("a"), &options, &s);
    EXPECT_DEATH(route_destroy(route), "subscription_count");
    route_unsubscribe_all(route, &one.list);
    route_destroy(route);
}

} // namespace
