// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Every poller of the build does the same; the tests run on each. What some do more is tested with
// those that do it.

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <algorithm>

#include "broker/io/test_support.h"

extern "C" {
#include "broker/io/poller.h"
}

using io_test::bytes;
using io_test::client;
using io_test::give_up;

namespace {

class PollerTest : public testing::TestWithParam<const poller_kind *> {
  protected:
    void SetUp() override {
        if (poller_create(&poller, GetParam()))
            return;
        if (GetParam() == poller_kinds[0])
            give_up("poller_create");
        GTEST_SKIP() << "the system refuses " << GetParam()->name << ": " << std::strerror(errno);
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

    // One that is connected over TCP, and what the other end is.
    static std::pair<client, client> tcp_pair() {
        const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at = {};
        socklen_t len = sizeof at;
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (listening < 0 || bind(listening, reinterpret_cast<sockaddr *>(&at), len) != 0 ||
            listen(listening, 1) != 0 ||
            getsockname(listening, reinterpret_cast<sockaddr *>(&at), &len) != 0)
            give_up("listen");
        client far = client::tcp(ntohs(at.sin_port));
        const int fd = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        close(listening);
        return {client(fd), std::move(far)};
    }
    static poller_send to(const client &c, const bytes &what) {
        poller_send send = {};
        send.fd = c.fd();
        send.bytes = what.data();
        send.len = static_cast<uint32_t>(what.size());
        return send;
    }
    bool send(std::vector<poller_send> &sends) {
        return poller_send_all(&poller, sends.data(), static_cast<uint32_t>(sends.size()));
    }

    struct poller poller = {};
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
    // A wait may end early, once for each ring that a test before has closed: Linux takes it down
    // a little later, and interrupts whatever goes on.
    uint64_t longest_ms = 0;
    for (int i = 0; i < 50 && longest_ms < 29; i++) {
        const uint64_t begin_ms = io_test::now_ms();
        EXPECT_TRUE(wait(30).empty());
        longest_ms = std::max(longest_ms, io_test::now_ms() - begin_ms);
    }
    EXPECT_GE(longest_ms, 29u);
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

// ---- Sends together ----

class PollerSendTest : public PollerTest {};

TEST_P(PollerSendTest, EachIsMadeOnceAndInOrder) {
    for (const size_t count : {size_t{1}, size_t{2}, size_t{POLLER_SENDS_MAX}}) {
        std::vector<std::pair<client, client>> pairs;
        std::vector<bytes> texts;
        std::vector<poller_send> sends;
        for (size_t i = 0; i < count; i++) {
            pairs.push_back(pair());
            texts.emplace_back(i + 1, static_cast<uint8_t>(i));
        }
        for (size_t i = 0; i < count; i++)
            sends.push_back(to(pairs[i].first, texts[i]));
        // Twice: the ring is used again. The first gets one more.
        bytes more = {0xFE};
        for (int round = 0; round < 2; round++) {
            ASSERT_TRUE(send(sends));
            for (size_t i = 0; i < count; i++) {
                EXPECT_EQ(sends[i].sent, static_cast<int32_t>(i + 1));
                EXPECT_EQ(pairs[i].second.receive(), texts[i]);
            }
        }
        std::vector<poller_send> two = {to(pairs[0].first, texts[0]), to(pairs[0].first, more)};
        ASSERT_TRUE(send(two));
        EXPECT_EQ(pairs[0].second.receive(), (bytes{0, 0xFE}));
        EXPECT_TRUE(poller_sends_together(&poller));
    }
}

TEST_P(PollerSendTest, AFullSocketTakesWhatItCanAndOthersDoNotMind) {
    auto [full, reader] = tcp_pair();
    auto [fine, other] = tcp_pair();
    const bytes much(8u << 20, 7);
    const bytes little = {1, 2, 3};
    std::vector<poller_send> sends = {to(full, much), to(fine, little)};
    ASSERT_TRUE(send(sends));
    EXPECT_GT(sends[0].sent, 0);
    EXPECT_LT(sends[0].sent, static_cast<int32_t>(much.size()));
    EXPECT_EQ(sends[1].sent, 3);
    // Nothing goes on behind our back: the same bytes can be something else now.
    while (full.send(much) > 0)
        continue;
    ASSERT_TRUE(send(sends));
    EXPECT_EQ(sends[0].sent, -EAGAIN);
    EXPECT_EQ(sends[1].sent, 3);
    EXPECT_EQ(other.receive(), (bytes{1, 2, 3, 1, 2, 3}));
}

TEST_P(PollerSendTest, WhoIsGoneIsAnErrorAndNoSignal) {
    auto [gone, peer] = pair();
    auto [fine, other] = pair();
    peer.end();
    const bytes little = {1, 2, 3};
    std::vector<poller_send> sends = {to(gone, little), to(client(), little), to(fine, little)};
    ASSERT_TRUE(send(sends));
    EXPECT_EQ(sends[0].sent, -EPIPE);
    EXPECT_EQ(sends[1].sent, -EBADF);
    EXPECT_EQ(sends[2].sent, 3);
    EXPECT_EQ(other.receive(), little);
}

TEST_P(PollerSendTest, ARingThatFailsIsGivenUpAndNothingIsLost) {
    auto [a, b] = pair();
    auto [c, d] = pair();
    const bytes little = {1, 2, 3};
    std::vector<poller_send> sends = {to(a, little), to(c, little)};
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(dup2(null, poller_ring_fd(&poller)), poller_ring_fd(&poller));
    close(null);
    EXPECT_FALSE(send(sends));
    EXPECT_FALSE(poller_sends_together(&poller));
    for (client *end : {&b, &d})
        EXPECT_EQ(end->receive(), little);
    EXPECT_EQ(sends[0].sent, 3);
    EXPECT_EQ(sends[1].sent, 3);
}

std::vector<const poller_kind *> sending_kinds() {
    std::vector<const poller_kind *> kinds;
    for (size_t i = 0; poller_kinds[i] != nullptr; i++) {
        if (poller_kinds[i]->send_all != nullptr)
            kinds.push_back(poller_kinds[i]);
    }
    return kinds;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PollerSendTest); // none in a build without epoll
INSTANTIATE_TEST_SUITE_P(Kinds, PollerSendTest, testing::ValuesIn(sending_kinds()),
                         [](const auto &kind) { return std::string(kind.param->name); });

TEST(PollerFind, OnlyThoseThatSendTogetherHaveARing) {
    for (size_t i = 0; poller_kinds[i] != nullptr; i++) {
        struct poller poller = {};
        if (!poller_create(&poller, poller_kinds[i]))
            continue;
        EXPECT_EQ(poller_ring_fd(&poller) >= 0, poller_sends_together(&poller));
        poller_destroy(&poller);
    }
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
