// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Every poller of the build does the same; the tests run on each.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "broker/io/test_support.h"

extern "C" {
#include "broker/io/poller.h"
}

using io_test::client;
using io_test::give_up;

namespace {

class PollerTest : public testing::TestWithParam<const poller_kind *> {
  protected:
    PollerTest() {
        if (!poller_create(&poller, GetParam()))
            give_up("poller_create");
    }
    ~PollerTest() override { poller_destroy(&poller); }

    // Two connected descriptors.
    static std::pair<client, client> pair() {
        int fds[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
            give_up("socketpair");
        return {client(fds[0]), client(fds[1])};
    }
    bool begin(const client &c, uint32_t token, poller_interest interest) {
        return poller_watch(&poller, c.fd(), token, POLLER_UNWATCHED, interest);
    }
    std::vector<poller_event> wait(int timeout_ms = 0, int room = 16) {
        std::vector<poller_event> events(static_cast<size_t>(room));
        const int count = poller_wait(&poller, timeout_ms, events.data(), room);
        EXPECT_GE(count, 0);
        events.resize(static_cast<size_t>(std::max(count, 0)));
        return events;
    }

    struct poller poller;
};

TEST_P(PollerTest, TellsNothingOfQuietDescriptors) {
    auto [a, b] = pair();
    ASSERT_TRUE(begin(a, 7, POLLER_READ));
    EXPECT_TRUE(wait().empty());
}

TEST_P(PollerTest, TellsAgainOfWhatIsNotRead) {
    auto [a, b] = pair();
    ASSERT_TRUE(begin(a, 7, POLLER_READ));
    b.send({1, 2, 3});
    for (int i = 0; i < 2; i++) {
        const auto events = wait();
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].token, 7u);
        EXPECT_TRUE(events[0].readable);
        EXPECT_FALSE(events[0].writable);
        EXPECT_FALSE(events[0].hung_up);
    }
    a.receive();
    EXPECT_TRUE(wait().empty());
}

TEST_P(PollerTest, TellsOfRoomToWriteOnlyWhenAsked) {
    auto [a, b] = pair();
    ASSERT_TRUE(begin(a, 1, POLLER_READ));
    EXPECT_TRUE(wait().empty());
    ASSERT_TRUE(poller_watch(&poller, a.fd(), 1, POLLER_READ, POLLER_BOTH));
    ASSERT_EQ(wait().size(), 1u);
    EXPECT_TRUE(wait()[0].writable);
    EXPECT_FALSE(wait()[0].readable);
    while (a.send(io_test::bytes(65536)) > 0)
        continue;
    EXPECT_TRUE(wait().empty());
    ASSERT_TRUE(poller_watch(&poller, a.fd(), 1, POLLER_BOTH, POLLER_READ));
    b.receive();
    EXPECT_TRUE(wait().empty());
}

TEST_P(PollerTest, TellsOfHangUpEvenIfNothingIsAskedFor) {
    auto [a, b] = pair();
    ASSERT_TRUE(begin(a, 1, POLLER_NOTHING));
    b.send({1});
    EXPECT_TRUE(wait().empty());
    b.end();
    const auto events = wait();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_TRUE(events[0].hung_up);
    EXPECT_TRUE(events[0].readable);
    EXPECT_TRUE(events[0].writable);
}

TEST_P(PollerTest, ForgetsWhatIsUnwatched) {
    auto [a, b] = pair();
    auto [c, d] = pair();
    ASSERT_TRUE(begin(a, 1, POLLER_READ));
    ASSERT_TRUE(begin(c, 2, POLLER_READ));
    b.send({1});
    d.send({1});
    EXPECT_EQ(wait().size(), 2u);
    ASSERT_TRUE(poller_watch(&poller, a.fd(), 1, POLLER_READ, POLLER_UNWATCHED));
    ASSERT_EQ(wait().size(), 1u);
    EXPECT_EQ(wait()[0].token, 2u);
    // It can be watched anew, with another token.
    ASSERT_TRUE(begin(a, 3, POLLER_READ));
    EXPECT_EQ(wait().size(), 2u);
}

TEST_P(PollerTest, RefusesWhatMakesNoSense) {
    auto [a, b] = pair();
    EXPECT_FALSE(poller_watch(&poller, a.fd(), 1, POLLER_READ, POLLER_BOTH));
    EXPECT_EQ(errno, ENOENT);
    ASSERT_TRUE(begin(a, 1, POLLER_READ));
    EXPECT_FALSE(begin(a, 1, POLLER_READ));
    EXPECT_EQ(errno, EEXIST);
    EXPECT_FALSE(poller_watch(&poller, -1, 1, POLLER_UNWATCHED, POLLER_READ));
    EXPECT_EQ(errno, EBADF);
}

TEST_P(PollerTest, GivesEveryoneATurnWhenThereIsLittleRoom) {
    std::vector<std::pair<client, client>> pairs;
    for (uint32_t i = 0; i < 10; i++) {
        pairs.push_back(pair());
        ASSERT_TRUE(begin(pairs.back().first, i, POLLER_READ));
        pairs.back().second.send({1});
    }
    std::vector<int> told(10);
    for (int round = 0; round < 10; round++) {
        for (const poller_event &event : wait(0, 3))
            told[event.token]++;
    }
    for (const int count : told)
        EXPECT_GE(count, 1);
}

TEST_P(PollerTest, WaitsAsLongAsItIsTold) {
    const uint64_t begin_ms = io_test::now_ms();
    EXPECT_TRUE(wait(30).empty());
    EXPECT_GE(io_test::now_ms() - begin_ms, 29u);
}

TEST_P(PollerTest, KeepsManyDescriptorsApart) {
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    std::vector<std::pair<client, client>> pairs;
    for (uint32_t i = 0; i < 400; i++) {
        pairs.push_back(pair());
        ASSERT_TRUE(begin(pairs.back().first, i, POLLER_READ));
    }
    for (uint32_t i = 0; i < 400; i += 3)
        ASSERT_TRUE(poller_watch(&poller, pairs[i].first.fd(), i, POLLER_READ, POLLER_UNWATCHED));
    pairs[100].second.send({1});
    pairs[200].second.send({1});
    pairs[300].second.send({1}); // not watched any more
    std::vector<uint32_t> tokens;
    for (const poller_event &event : wait(0))
        tokens.push_back(event.token);
    std::sort(tokens.begin(), tokens.end());
    EXPECT_EQ(tokens, (std::vector<uint32_t>{100, 200}));
}

std::vector<const poller_kind *> all_kinds() {
    std::vector<const poller_kind *> kinds;
    for (size_t i = 0; poller_kinds[i] != nullptr; i++)
        kinds.push_back(poller_kinds[i]);
    return kinds;
}

INSTANTIATE_TEST_SUITE_P(Kinds, PollerTest, testing::ValuesIn(all_kinds()),
                         [](const auto &kind) { return std::string(kind.param->name); });

TEST(PollerFind, ByNameOrThePreferredOne) {
    EXPECT_STREQ(poller_find("poll")->name, "poll");
    EXPECT_EQ(poller_find(nullptr), poller_kinds[0]);
    EXPECT_EQ(poller_find("kqueue"), nullptr);
}

} // namespace
