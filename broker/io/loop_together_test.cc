// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What a round has for many connections, over pollers that send it in one call and over those that
// do not: everybody gets his bytes, once and in order, whatever becomes of the others.

#include <gtest/gtest.h>

#include <memory>

#include "broker/io/loop_test_support.h"

using io_test::broker;
using io_test::bytes;
using io_test::client;
using io_test::connect_packet;
using io_test::publish_packet;

namespace {

constexpr size_t MANY = POLLER_SENDS_MAX + 44; // more than go into one call
const bytes DISCONNECT = {0xE0, 0};

class TogetherTest : public testing::TestWithParam<const poller_kind *> {
  protected:
    TogetherTest() : b(GetParam()) {}
    void subscribe(size_t count, const std::string &more = "", int receive_buffer_bytes = 0) {
        ASSERT_TRUE(b.start("sys_interval 0\n" + more));
        pub = b.join("p");
        for (size_t i = 0; i < count; i++)
            subs.push_back(b.subscriber("s" + std::to_string(i), "t", receive_buffer_bytes));
    }
    // All that is published, to all but those from first to before last.
    void expect_all_but(size_t first, size_t last, const bytes &what) {
        for (size_t i = 0; i < subs.size(); i++) {
            if (i < first || i >= last) {
                EXPECT_EQ(b.receive(subs[i], what.size()), what) << i;
            }
        }
    }
    bool sends_together() const { return GetParam()->send_all != nullptr; }
    uint64_t write_calls() const { return loop_stats(b.loop)->write_calls; }

    broker b;
    client pub;
    std::vector<client> subs;
};

TEST_P(TogetherTest, OneCallForAsManyAsItTakes) {
    subscribe(MANY);
    const bytes message = publish_packet("t", "hello");
    const uint64_t before = write_calls();
    ASSERT_TRUE(b.send(pub, message));
    expect_all_but(0, 0, message);
    EXPECT_EQ(write_calls() - before, sends_together() ? 2u : MANY);
}

TEST_P(TogetherTest, MoreThanTheBufferHoldsGoesInSeveralCalls) {
    subscribe(MANY);
    bytes all;
    for (int i = 0; i < 50; i++) {
        const bytes message = publish_packet("t", std::string(100, static_cast<char>('a' + i)));
        all.insert(all.end(), message.begin(), message.end());
    }
    const uint64_t before = write_calls();
    ASSERT_TRUE(b.send(pub, all)); // 1.6 MB for all of them
    expect_all_but(0, 0, all);
    EXPECT_LT(write_calls() - before, sends_together() ? 50u : 2 * MANY);
}

TEST_P(TogetherTest, WhatIsMuchGoesAlone) {
    subscribe(3);
    const bytes much = publish_packet("t", std::string(200000, 'x'));
    const bytes little = publish_packet("t", "little");
    for (int i = 0; i < 3; i++) {
        ASSERT_TRUE(b.send(pub, much));
        ASSERT_TRUE(b.send(pub, little));
        bytes both = much;
        both.insert(both.end(), little.begin(), little.end());
        expect_all_but(0, 0, both);
    }
}

TEST_P(TogetherTest, WhoDoesNotReadHasTheRestLater) {
    subscribe(2, "max_qos0_backlog 100000000\n", 4096);
    subs.push_back(b.subscriber("reader", "t"));
    // Each of them is little, and together they are more than sockets take.
    bytes all;
    for (int i = 0; i < 3000; i++) {
        const bytes message =
            publish_packet("t", std::string(3000, static_cast<char>('a' + i % 26)));
        ASSERT_TRUE(b.send(pub, message));
        b.rounds(i % 100 == 0 ? 1 : 0);
        all.insert(all.end(), message.begin(), message.end());
    }
    EXPECT_EQ(b.receive(subs[2], all.size()), all);
    EXPECT_EQ(b.receive(subs[0], all.size()), all);
    EXPECT_EQ(b.receive(subs[1], all.size()), all);
    EXPECT_EQ(b.stat(STAT_DROPPED_QOS0_BACKLOG), 0u);
}

TEST_P(TogetherTest, WhoIsGoneHarmsNobody) {
    subscribe(20);
    const bytes message = publish_packet("t", "hello");
    // Reset, ended in order, and left, in the round in which they are sent to.
    const linger at_once = {1, 0};
    setsockopt(subs[7].fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ASSERT_TRUE(b.send(pub, message));
    subs[7].end();
    subs[8].end();
    subs[9].send(DISCONNECT);
    expect_all_but(7, 10, message);
    ASSERT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 18; }));
    ASSERT_TRUE(b.send(pub, message));
    expect_all_but(7, 10, message);
}

TEST_P(TogetherTest, WhoIsTakenOverIsToldAndTheOthersGetTheirs) {
    subscribe(5);
    const bytes message = publish_packet("t", "hello");
    client again = client::tcp(b.port);
    ASSERT_TRUE(b.send(pub, message));
    again.send(connect_packet("s2"));
    expect_all_but(2, 3, message);
    ASSERT_TRUE(b.until([&] {
        subs[2].receive();
        return subs[2].ended;
    }));
    EXPECT_FALSE(subs[2].was_reset);
    EXPECT_EQ(b.receive(again, 4), (bytes{0x20, 2, 0, 0}));
}

TEST_P(TogetherTest, ARingThatFailsIsGivenUpInTheMiddleOfTheWork) {
    if (!sends_together())
        GTEST_SKIP() << "this poller has none";
    subscribe(10);
    const bytes message = publish_packet("t", "hello");
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(dup2(null, poller_ring_fd(&b.poller)), 0);
    close(null);
    for (int i = 0; i < 3; i++) {
        ASSERT_TRUE(b.send(pub, message));
        expect_all_but(0, 0, message);
    }
    const std::string said = b.said();
    const std::string line = "io_uring failed: ";
    EXPECT_NE(said.find(line), std::string::npos) << said;
    EXPECT_EQ(said.find(line), said.rfind(line)) << "once";
}

INSTANTIATE_TEST_SUITE_P(Kinds, TogetherTest, testing::ValuesIn(io_test::usable_kinds()),
                         [](const auto &kind) { return std::string(kind.param->name); });

} // namespace
