// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The loop with real sockets: clients that behave, clients that do not, and a system that has run
// out of descriptors. The loop runs round by round in the test itself, so that what a round does
// can be counted. Every test runs with each poller.

#include <gtest/gtest.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <functional>
#include <memory>
#include <numeric>
#include <thread>

#include "broker/io/loop_test_support.h"

using io_test::broker;
using io_test::bytes;
using io_test::client;
using io_test::CONNACK_ACCEPTED;
using io_test::connect_packet;
using io_test::free_port;
using io_test::now_ms;
using io_test::PATIENCE_MS;
using io_test::PINGREQ;
using io_test::PINGRESP;
using io_test::publish_packet;
using io_test::subscribe_packet;

namespace {

class LoopTest : public testing::TestWithParam<const poller_kind *> {
  protected:
    LoopTest() : b(GetParam()) {}
    broker b;
};

// ---- Clients that behave ----

TEST_P(LoopTest, ConnectSubscribePublish) {
    //= v5/4.2-1 test
    ASSERT_TRUE(b.start());
    client sub = b.subscriber("s", "a/+");
    client pub = b.join("p");
    const bytes message = publish_packet("a/b", "hello");
    pub.send(message);
    EXPECT_EQ(b.receive(sub, message.size()), message);
}

TEST_P(LoopTest, ByUnixSocketAndIpv6) {
    const std::string path = b.c.dir.file("s");
    const std::string six = std::to_string(free_port());
    const bool with_ipv6 = io_test::has_ipv6();
    ASSERT_TRUE(
        b.start("listener 0 " + path + "\n" + (with_ipv6 ? "listener " + six + " ::1\n" : "")));
    client local = client::unix_socket(path);
    local.send(connect_packet("u"));
    EXPECT_EQ(b.receive(local, 4), CONNACK_ACCEPTED);
    EXPECT_NE(b.said().find("client=\"u\" address=unix-socket"), std::string::npos);
    if (with_ipv6) {
        client far = client::tcp6(static_cast<uint16_t>(std::stoi(six)));
        far.send(connect_packet("v"));
        EXPECT_EQ(b.receive(far, 4), CONNACK_ACCEPTED);
        EXPECT_NE(b.said().find("client=\"v\" address=[::1]:"), std::string::npos);
    }
}

TEST_P(LoopTest, ByteByByte) {
    ASSERT_TRUE(b.start());
    bytes all = connect_packet("c");
    const bytes subscribe = subscribe_packet("t");
    const bytes message = publish_packet("t", std::string(300, 'x'), 1, 77);
    all.insert(all.end(), subscribe.begin(), subscribe.end());
    all.insert(all.end(), message.begin(), message.end());
    client slow = client::tcp(b.port);
    for (const uint8_t byte : all) {
        slow.send({byte});
        b.rounds(1);
    }
    bytes expected = CONNACK_ACCEPTED;
    const bytes suback = {0x90, 3, 0, 1, 0};
    const bytes puback = {0x40, 2, 0, 77};
    const bytes echo = publish_packet("t", std::string(300, 'x'));
    bytes got = b.receive(slow, 4 + 5 + 4 + echo.size());
    for (const bytes *part : {&suback, &puback, &echo})
        expected.insert(expected.end(), part->begin(), part->end());
    EXPECT_EQ(got, expected);
}

// A log that takes nothing until it is read, with rounds in a thread meanwhile.
class LoopLogTest : public LoopTest {
  protected:
    void SetUp() override {
        ASSERT_EQ(mkfifo(b.log_path.c_str(), 0600), 0);
        reader = open(b.log_path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        ASSERT_GE(reader, 0);
        ASSERT_TRUE(b.start());
    }
    void TearDown() override { close(reader); }
    std::string read_log() const {
        std::string all;
        char chunk[4096];
        for (ssize_t got = 0; (got = read(reader, chunk, sizeof chunk)) > 0;)
            all.append(chunk, static_cast<size_t>(got));
        return all;
    }
    // What the log said before the client saw anything.
    std::string said_first(client &watching) {
        const int filler = open(b.log_path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        const std::string fill(4096, '.');
        while (write(filler, fill.data(), fill.size()) > 0)
            continue;
        close(filler);
        std::atomic<bool> is_over{false};
        std::atomic<bool> has_ended{false};
        std::thread rounds([&] {
            while (!is_over)
                loop_round(b.loop, 1);
            has_ended = true;
        });
        pollfd fd = {watching.fd(), POLLIN, 0};
        EXPECT_EQ(poll(&fd, 1, 300), 0) << "it was told before the log";
        std::string all;
        while (poll(&fd, 1, 1) == 0)
            all += read_log();
        is_over = true;
        while (!has_ended)
            all += read_log();
        rounds.join();
        return all + read_log();
    }
    int reader = -1;
};

TEST_P(LoopLogTest, ALineIsThereBeforeItsClientLearnsOfIt) {
    client c = client::tcp(b.port);
    c.send(connect_packet("c"));
    EXPECT_NE(said_first(c).find("connected client=\"c\""), std::string::npos);
    EXPECT_EQ(c.receive(), CONNACK_ACCEPTED);
    c.send({0xE0, 0});
    EXPECT_NE(said_first(c).find("disconnected client=\"c\""), std::string::npos);
    c.receive();
    EXPECT_TRUE(c.ended);
}

TEST_P(LoopTest, PacketsSentBehindConnectAreAnswered) {
    ASSERT_TRUE(b.start());
    bytes all = connect_packet("c");
    const bytes subscribe = subscribe_packet("t");
    all.insert(all.end(), subscribe.begin(), subscribe.end());
    all.insert(all.end(), PINGREQ.begin(), PINGREQ.end());
    client eager = client::tcp(b.port);
    eager.send(all);
    EXPECT_EQ(b.receive(eager, 11), (bytes{0x20, 2, 0, 0, 0x90, 3, 0, 1, 0, 0xD0, 0}));
}

TEST_P(LoopTest, ALargeMessageArrivesWhole) {
    ASSERT_TRUE(b.start());
    client sub = b.subscriber("s", "t");
    client pub = b.join("p");
    std::string payload(1900000, ' ');
    uint32_t luck = 1;
    for (char &letter : payload) {
        luck = luck * 1664525u + 1013904223u;
        letter = static_cast<char>(luck >> 24);
    }
    const bytes message = publish_packet("t", payload);
    bytes got;
    size_t sent = 0;
    ASSERT_TRUE(b.until([&] {
        if (sent < message.size())
            sent += pub.send(message, sent);
        const bytes more = sub.receive();
        got.insert(got.end(), more.begin(), more.end());
        return got.size() >= message.size();
    }));
    EXPECT_TRUE(got == message);
}

TEST_P(LoopTest, AFloodOfSmallMessagesReachesAReaderThatKeepsUp) {
    ASSERT_TRUE(b.start());
    client sub = b.subscriber("s", "t");
    const bytes message = publish_packet("t", "");
    bytes flood;
    for (int i = 0; i < 100000; i++)
        flood.insert(flood.end(), message.begin(), message.end());
    std::vector<client> pubs;
    std::vector<size_t> sent(4);
    for (size_t i = 0; i < sent.size(); i++)
        pubs.push_back(b.join("p" + std::to_string(i)));
    size_t got = 0;
    ASSERT_TRUE(b.until([&] {
        for (size_t i = 0; i < sent.size(); i++) {
            if (sent[i] < flood.size())
                sent[i] += pubs[i].send(flood, sent[i]);
        }
        got += sub.receive().size();
        return got >= 4 * flood.size() || b.stat(STAT_DROPPED_QOS0_BACKLOG) > 0;
    })) << got;
    EXPECT_EQ(b.stat(STAT_DROPPED_QOS0_BACKLOG), 0u);
    EXPECT_EQ(got, 4 * flood.size());
}

TEST_P(LoopTest, OneReadAndOneWriteForManyPackets) {
    ASSERT_TRUE(b.start());
    client c = b.join("c");
    bytes many;
    for (int i = 0; i < 1000; i++)
        many.insert(many.end(), PINGREQ.begin(), PINGREQ.end());
    const struct loop_stats before = *loop_stats(b.loop);
    c.send(many);
    EXPECT_EQ(b.receive(c, 2000).size(), 2000u);
    EXPECT_EQ(loop_stats(b.loop)->read_calls - before.read_calls, 1u);
    EXPECT_EQ(loop_stats(b.loop)->write_calls - before.write_calls, 1u);
}

TEST_P(LoopTest, ARoundIsNoLongerWhenManySend) {
    ASSERT_TRUE(b.start("sys_interval 0\n"));
    constexpr size_t COUNT = 64;
    const bytes message = publish_packet("nobody/reads", std::string(60000, 'x'));
    std::vector<client> clients;
    for (size_t i = 0; i < COUNT; i++)
        clients.push_back(b.join("c" + std::to_string(i)));
    for (client &c : clients)
        ASSERT_EQ(c.send(message), message.size());
    const struct loop_stats before = *loop_stats(b.loop);
    loop_round(b.loop, 1000);
    const uint64_t calls = loop_stats(b.loop)->read_calls - before.read_calls;
    EXPECT_EQ(calls, COUNT) << "each has its turn";
    EXPECT_LE(loop_stats(b.loop)->read_bytes - before.read_bytes, calls * LOOP_READ_SHARE);
    EXPECT_TRUE(b.until([&] { return b.stat(STAT_PUBLISH_RECEIVED) == COUNT; }));
}

TEST_P(LoopTest, LessIsReadOfEachOnceTheRoundIsLong) {
    ASSERT_TRUE(b.start("sys_interval 0\n"));
    constexpr size_t COUNT = 128;
    const bytes message = publish_packet("t", "");
    bytes flood;
    while (flood.size() < LOOP_READ_SHARE)
        flood.insert(flood.end(), message.begin(), message.end());
    std::vector<client> clients;
    for (size_t i = 0; i < COUNT; i++)
        clients.push_back(b.join("c" + std::to_string(i)));
    for (client &c : clients)
        ASSERT_EQ(c.send(flood), flood.size());
    const struct loop_stats before = *loop_stats(b.loop);
    loop_round(b.loop, 1000);
    EXPECT_EQ(loop_stats(b.loop)->read_calls - before.read_calls, COUNT) << "each has its turn";
    EXPECT_LE(loop_stats(b.loop)->read_bytes - before.read_bytes, COUNT / 2 * flood.size());
}

// A packet in two reads used to be taken for a turn that has lasted since 1970.
TEST_P(LoopTest, APacketInTwoReadsEndsNoTurn) {
    ASSERT_TRUE(b.start());
    client c = b.join("c");
    const bytes message = publish_packet("nobody/reads", std::string(100, 'x'));
    bytes rest(message.begin() + 50, message.end());
    const uint64_t before = loop_stats(b.loop)->read_bytes;
    c.send(bytes(message.begin(), message.begin() + 50));
    ASSERT_TRUE(b.until([&] { return loop_stats(b.loop)->read_bytes == before + 50; }));
    rest.insert(rest.end(), message.begin(), message.end());
    c.send(rest);
    EXPECT_TRUE(b.until([&] { return b.stat(STAT_PUBLISH_RECEIVED) == 2; }));
    EXPECT_EQ(loop_stats(b.loop)->turns_ended, 0u);
}

// ---- Not spinning ----

TEST_P(LoopTest, NothingToDoIsNothingDone) {
    ASSERT_TRUE(b.start("sys_interval 0\n"));
    std::vector<client> clients;
    for (int i = 0; i < 20; i++)
        clients.push_back(b.join("c" + std::to_string(i)));
    b.rounds(5);
    // A wait may end early, once for each ring that a test before has closed: Linux takes it down
    // a little later, and interrupts whatever goes on.
    uint64_t longest_ms = 0;
    for (int i = 0; i < 50 && longest_ms < 90; i++) {
        const uint64_t begin_ms = now_ms();
        loop_round(b.loop, 100);
        longest_ms = std::max(longest_ms, now_ms() - begin_ms);
    }
    EXPECT_GE(longest_ms, 90u);
}

// Rounds in which nothing was left to do for the next one.
uint64_t rounds_in(broker &b, uint64_t while_ms) {
    const auto idle_rounds = [&b] {
        return loop_stats(b.loop)->rounds - loop_stats(b.loop)->turns_ended;
    };
    const uint64_t before = idle_rounds();
    const uint64_t end_ms = now_ms() + while_ms;
    while (now_ms() < end_ms)
        loop_round(b.loop, static_cast<uint32_t>(while_ms));
    return idle_rounds() - before;
}

TEST_P(LoopTest, AStuckReaderIsWaitedForAndNotPolled) {
    ASSERT_TRUE(b.start("sys_interval 0\nmax_qos0_backlog 200000\n"));
    client sub = b.subscriber("s", "t", 4096);
    client pub = b.join("p");
    const bytes message = publish_packet("t", std::string(60000, 'x'));
    ASSERT_TRUE(b.until([&] {
        b.send(pub, message);
        return b.stat(STAT_DROPPED_QOS0_BACKLOG) > 10;
    }));
    EXPECT_LT(rounds_in(b, 300), 10u);
}

// ---- Clients that do not behave ----

TEST_P(LoopTest, ASlowReaderCostsBoundedMemoryAndLosesNoByteOfWhatItIsSent) {
    ASSERT_TRUE(b.start("sys_interval 0\n"));
    client sub = b.subscriber("s", "t", 4096);
    client pub = b.join("p");
    const bytes message = publish_packet("t", std::string(30000, 'x'));
    for (int i = 0; i < 2000; i++) // 60 MB
        ASSERT_TRUE(b.send(pub, message));
    ASSERT_TRUE(b.until([&] { return b.stat(STAT_PUBLISH_RECEIVED) == 2000; }));
    EXPECT_GT(b.stat(STAT_DROPPED_QOS0_BACKLOG), 0u);
    const core *core = loop_core(b.loop);
    EXPECT_LT(core_memory_bytes(core, MEMORY_MESSAGE) + core_memory_bytes(core, MEMORY_QUEUE),
              2u << 20);
    // What comes is whole packets, one behind the other.
    const uint64_t delivered = 2000 - b.stat(STAT_DROPPED_QOS0_BACKLOG);
    const bytes got = b.receive(sub, delivered * message.size());
    ASSERT_EQ(got.size(), delivered * message.size());
    for (size_t i = 0; i < delivered; i++)
        ASSERT_TRUE(std::equal(message.begin(), message.end(),
                               got.begin() + static_cast<ptrdiff_t>(i * message.size())))
            << i;
}

TEST_P(LoopTest, APeerThatLeavesItsAnswersUnreadIsNotReadFrom) {
    ASSERT_TRUE(b.start("sys_interval 0\n"));
    client rude = b.join("r", 4, 4096);
    bytes pings;
    for (int i = 0; i < 50000; i++)
        pings.insert(pings.end(), PINGREQ.begin(), PINGREQ.end());
    // Until the kernel takes no more for a while.
    size_t sent = 0;
    uint64_t stuck_since_ms = now_ms();
    while (now_ms() - stuck_since_ms < 300 && sent < (64u << 20)) {
        const size_t more = rude.send(pings, sent % pings.size());
        if (more > 0)
            stuck_since_ms = now_ms();
        sent += more;
        loop_round(b.loop, 1);
    }
    EXPECT_LT(sent, 64u << 20) << "everything was taken";
    EXPECT_LT(core_memory_bytes(loop_core(b.loop), MEMORY_OUTPUT), 256u << 10);
    EXPECT_LT(rounds_in(b, 300), 10u);
    // When it reads at last, it gets an answer to every whole request.
    EXPECT_EQ(b.receive(rude, sent / 2 * 2).size(), sent / 2 * 2);
    EXPECT_FALSE(rude.ended);
    client other = b.join("o");
}

TEST_P(LoopTest, APeerThatAnnouncesMuchAndSendsLittleCostsLittle) {
    ASSERT_TRUE(b.start("max_packet_size 268435460\n"));
    client liar = b.join("l");
    const auto allocated = [] {
        const struct mallinfo2 info = mallinfo2();
        return info.uordblks + info.hblkhd;
    };
    const size_t before = allocated();
    liar.send({0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 't'});
    b.rounds(5);
    EXPECT_LT(allocated(), before + 65536);
    liar.receive();
    EXPECT_FALSE(liar.ended);
}

TEST_P(LoopTest, APacketTooLargeIsRefusedAtItsHead) {
    ASSERT_TRUE(b.start("max_packet_size 1000\n"));
    client big = b.join("b", 5);
    const bytes head = {0x30, 0xE8, 0x07}; // 1003 bytes in all
    big.send(head);
    const bytes got = b.receive(big, 3);
    ASSERT_GE(got.size(), 3u);
    EXPECT_EQ(got[0], 0xE0);
    EXPECT_EQ(got[2], 0x95);
}

TEST_P(LoopTest, TheLastPacketIsNotLostToAReset) {
    //= v5/3.14.4-2 test
    //= v5/4.13.2-1 test
    ASSERT_TRUE(b.start());
    client wrong = b.join("w", 5);
    bytes garbage = {0xF1, 0x00}; // AUTH with reserved bits
    garbage.resize(600000, 0xAA);
    wrong.send(garbage);
    bytes got;
    b.until([&] {
        const bytes more = wrong.receive();
        got.insert(got.end(), more.begin(), more.end());
        wrong.send(bytes(1000, 0xAA)); // it goes on talking
        return wrong.ended || got.size() >= 3;
    });
    ASSERT_GE(got.size(), 3u);
    EXPECT_EQ(got[0], 0xE0);
    EXPECT_EQ(got[2], 0x81);
    b.receive(wrong, SIZE_MAX);
    EXPECT_TRUE(wrong.ended);
    EXPECT_FALSE(wrong.was_reset);
    wrong.end();
    EXPECT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 0; }));
}

TEST_P(LoopTest, NothingIsSentBehindDisconnect) {
    //= v5/3.14.4-1 test
    ASSERT_TRUE(b.start());
    client first = b.join("same", 5);
    client second = b.join("same", 5); // takes over
    const bytes got = b.receive(first, SIZE_MAX);
    ASSERT_GE(got.size(), 3u);
    EXPECT_EQ(got[0], 0xE0);
    EXPECT_EQ(got[2], 0x8E);
    EXPECT_EQ(got.size(), 2u + got[1]);
    EXPECT_TRUE(first.ended);
}

TEST_P(LoopTest, APeerThatNeverClosesIsClosedInTime) {
    ASSERT_TRUE(b.start());
    client wrong = client::tcp(b.port);
    wrong.send({0x00, 0x00}); // no packet at all
    b.receive(wrong, SIZE_MAX);
    EXPECT_TRUE(wrong.ended);
    EXPECT_EQ(loop_connection_count(b.loop), 1u);
    const uint64_t begin_ms = now_ms();
    EXPECT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 0; }));
    EXPECT_LE(now_ms() - begin_ms, LOOP_CLOSE_MS + 1000);
}

TEST_P(LoopTest, ASilentPeerIsClosedAfterTheConnectTimeout) {
    //= v5/u-3.1.4-1 test
    ASSERT_TRUE(b.start("connect_timeout 1\n"));
    client silent = client::tcp(b.port);
    const uint64_t begin_ms = now_ms();
    b.receive(silent, SIZE_MAX);
    EXPECT_TRUE(silent.ended);
    EXPECT_GE(now_ms() - begin_ms, 900u);
    EXPECT_LE(now_ms() - begin_ms, 3000u);
}

// Flags: clean session, Will of QoS 0. The Will is "gone" at topic w.
bytes connect_with_will(const std::string &id) {
    bytes body;
    io_test::put_string(body, "MQTT");
    for (const uint8_t byte : {4, 6, 0, 0})
        body.push_back(byte);
    io_test::put_string(body, id);
    io_test::put_string(body, "w");
    io_test::put_string(body, "gone");
    return io_test::packet(0x10, body);
}

TEST_P(LoopTest, APeerThatIsGonePublishesItsWill) {
    //= v5/3.1.2-8 test
    ASSERT_TRUE(b.start());
    client sub = b.subscriber("s", "w");
    const bytes will = publish_packet("w", "gone");
    for (const bool hard : {false, true}) {
        client lost = client::tcp(b.port);
        lost.send(connect_with_will("l"));
        EXPECT_EQ(b.receive(lost, 4), CONNACK_ACCEPTED);
        const linger reset = {1, 0};
        if (hard)
            setsockopt(lost.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        lost.end();
        EXPECT_EQ(b.receive(sub, will.size()), will);
    }
    EXPECT_NE(b.said().find("disconnected client=\"l\" address=127.0.0.1:"), std::string::npos);
}

TEST_P(LoopTest, AHalfClosedConnectionIsClosed) {
    ASSERT_TRUE(b.start());
    client half = b.join("h");
    half.send(PINGREQ);
    shutdown(half.fd(), SHUT_WR);
    EXPECT_EQ(b.receive(half, SIZE_MAX), PINGRESP);
    EXPECT_TRUE(half.ended);
    EXPECT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 0; }));
}

TEST_P(LoopTest, ADisconnectIsHeardThoughThePeerIsGoneAlready) {
    //= v5/3.14.4-3 test
    //= v3/3.14.4-3 test
    ASSERT_TRUE(b.start());
    client watcher = b.subscriber("s", "w");
    client leaving = client::tcp(b.port, 4096);
    leaving.send(connect_with_will("l"));
    leaving.send(subscribe_packet("t"));
    EXPECT_EQ(b.receive(leaving, 9).size(), 9u);
    // More than its socket takes, so that the end of it is a reset.
    client pub = b.join("p");
    for (int i = 0; i < 50; i++)
        ASSERT_TRUE(b.send(pub, publish_packet("t", std::string(100000, 'x'))));
    ASSERT_TRUE(b.until([&] { return b.stat(STAT_PUBLISH_RECEIVED) == 50; }));
    leaving.send({0xE0, 0});
    leaving.end();
    EXPECT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 2; }));
    b.rounds(20);
    EXPECT_TRUE(watcher.receive().empty()) << "the Will was published";
}

// ---- Who may connect ----

TEST_P(LoopTest, StrangersAreRefusedWhereTheyAreNotAllowed) {
    //= v3/3.1.4-2 test
    ASSERT_TRUE(b.start("listener_allow_anonymous false\n"));
    client four = client::tcp(b.port);
    four.send(connect_packet("a"));
    EXPECT_EQ(b.receive(four, SIZE_MAX), (bytes{0x20, 2, 0, 5}));
    EXPECT_TRUE(four.ended);
    client five = client::tcp(b.port);
    five.send(connect_packet("b", 5));
    const bytes got = b.receive(five, SIZE_MAX);
    ASSERT_GE(got.size(), 5u);
    EXPECT_EQ(got[0], 0x20);
    EXPECT_EQ(got[3], 0x87);
    EXPECT_NE(b.said().find("refused client=\"b\" address=127.0.0.1:"), std::string::npos);
}

TEST_P(LoopTest, AMethodOfAuthenticationIsRefused) {
    //= v5/4.12.0-1 test
    ASSERT_TRUE(b.start());
    bytes body;
    io_test::put_string(body, "MQTT");
    for (const uint8_t byte : {5, 2, 0, 0, 4, 0x15, 0, 1, 0x4D})
        body.push_back(byte);
    io_test::put_string(body, "c");
    client five = client::tcp(b.port);
    five.send(io_test::packet(0x10, body));
    const bytes got = b.receive(five, SIZE_MAX);
    ASSERT_GE(got.size(), 4u);
    EXPECT_EQ(got[3], 0x8C);
    EXPECT_TRUE(five.ended);
}

TEST_P(LoopTest, AListenerTakesOnlySoMany) {
    ASSERT_TRUE(b.start("max_connections 2\n"));
    client one = b.join("1");
    client two = b.join("2");
    client three = client::tcp(b.port);
    b.receive(three, SIZE_MAX);
    EXPECT_TRUE(three.ended);
    EXPECT_EQ(loop_stats(b.loop)->refused_count, 1u);
    EXPECT_NE(b.said().find("refused address=127.0.0.1:"), std::string::npos);
    EXPECT_NE(b.said().find("max_connections of the listener is reached"), std::string::npos);
    one.end();
    ASSERT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 1; }));
    client four = b.join("4");
}

TEST_P(LoopTest, NewLimitsBindFromNowOn) {
    ASSERT_TRUE(b.start());
    client before = b.join("a");
    io_test::configuration next;
    const std::string head = "listener " + std::to_string(b.port) + " 127.0.0.1\n";
    ASSERT_TRUE(next.read_text(head + "allow_anonymous true\nclientid_prefixes x\n"));
    ASSERT_TRUE(config_reload(&b.c.config, &next.config, &next.reporter));
    ASSERT_TRUE(loop_configure(b.loop, &b.c.config));
    client after = client::tcp(b.port);
    after.send(connect_packet("b"));
    EXPECT_EQ(b.receive(after, SIZE_MAX), (bytes{0x20, 2, 0, 5}));
    before.send(PINGREQ); // a reload disconnects nobody
    EXPECT_EQ(b.receive(before, 2), PINGRESP);
}

TEST_P(LoopTest, ConnectionMessagesMayBeLeftOut) {
    ASSERT_TRUE(b.start("connection_messages false\n"));
    client c = b.join("quiet");
    c.end();
    ASSERT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 0; }));
    EXPECT_EQ(b.said().find("\nconnected"), std::string::npos);
    EXPECT_EQ(b.said().find(": connected"), std::string::npos);
    EXPECT_EQ(b.said().find(": disconnected"), std::string::npos);
}

// ---- Storms ----

TEST_P(LoopTest, AStormOfConnectionsDoesNotStarveThoseConnected) {
    ASSERT_TRUE(b.start());
    client old = b.join("old");
    std::vector<client> storm;
    for (int i = 0; i < 300; i++)
        storm.push_back(client::tcp(b.port));
    old.send(PINGREQ);
    loop_round(b.loop, 100);
    EXPECT_LE(loop_connection_count(b.loop), 1u + LISTENER_ACCEPT_MAX);
    for (int i = 0; i < 3 && old.receive().empty(); i++) {
        ASSERT_LT(i, 2) << "no answer within two rounds";
        loop_round(b.loop, 0);
    }
    EXPECT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 301; }));
}

// The child is a broker with few descriptors; the parent is all its clients.
struct exhausted_report {
    double cpu_s;
    uint64_t rounds;
    uint64_t pauses;
    uint32_t connections;
};

exhausted_report run_exhausted(broker &b, int descriptor_count, uint64_t while_ms) {
    const rlimit limit = {static_cast<rlim_t>(descriptor_count),
                          static_cast<rlim_t>(descriptor_count)};
    setrlimit(RLIMIT_NOFILE, &limit);
    const uint64_t end_ms = now_ms() + while_ms;
    while (now_ms() < end_ms)
        loop_round(b.loop, 100);
    rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval &t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return {seconds(usage.ru_utime) + seconds(usage.ru_stime), loop_stats(b.loop)->rounds,
            loop_stats(b.loop)->pauses, loop_connection_count(b.loop)};
}

TEST_P(LoopTest, WithoutDescriptorsNewConnectionsWaitAndNothingSpins) {
    ASSERT_TRUE(b.start("sys_interval 0\n"));
    int pipe_fds[2];
    ASSERT_EQ(pipe(pipe_fds), 0);
    const int lowest_free = dup(0);
    close(lowest_free);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const exhausted_report report = run_exhausted(b, lowest_free + 10, 2000);
        _exit(write(pipe_fds[1], &report, sizeof report) == sizeof report ? 0 : 1);
    }
    std::vector<client> clients;
    for (int i = 0; i < 40; i++) {
        clients.push_back(client::tcp(b.port));
        clients.back().send(connect_packet("c" + std::to_string(i)));
    }
    // Some are served; when they leave, those who waited are served too.
    usleep(1000 * 1000);
    std::vector<client *> served;
    for (client &each : clients) {
        if (!each.receive().empty())
            served.push_back(&each);
    }
    EXPECT_GE(served.size(), 5u);
    EXPECT_LE(served.size(), 10u);
    for (client *each : served)
        each->end();
    usleep(500 * 1000);
    int served_later = 0;
    for (client &each : clients) {
        if (each.is_connected() && !each.receive().empty())
            served_later++;
    }
    EXPECT_GE(served_later, 5);
    exhausted_report report = {};
    ASSERT_EQ(read(pipe_fds[0], &report, sizeof report), static_cast<ssize_t>(sizeof report));
    waitpid(child, nullptr, 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    std::printf("2 s without descriptors: %.3f s of CPU, %llu rounds, %llu pauses\n", report.cpu_s,
                static_cast<unsigned long long>(report.rounds),
                static_cast<unsigned long long>(report.pauses));
    EXPECT_LT(report.cpu_s, 0.2);
    EXPECT_GT(report.pauses, 5u);
    EXPECT_LT(report.pauses, 40u);
    EXPECT_NE(b.said().find("new connections have to wait: the process has no descriptor left"),
              std::string::npos);
}

// ---- The end ----

TEST_P(LoopTest, ShutdownTellsEveryClient) {
    //= v5/3.14.0-1 test
    ASSERT_TRUE(b.start());
    client five = b.join("5", 5);
    client four = b.join("4");
    client silent = client::tcp(b.port);
    b.rounds(3);
    // The clients close as soon as they see the end, in a process of their own.
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        bytes got;
        for (int i = 0; i < 3000 && !five.ended; i++) {
            const bytes more = five.receive();
            got.insert(got.end(), more.begin(), more.end());
            usleep(1000);
        }
        const bool told = got.size() >= 3 && got[0] == 0xE0 && got[2] == 0x8B;
        for (int i = 0; i < 3000 && !(four.ended && silent.ended); i++) {
            if (!four.receive().empty() || !silent.receive().empty())
                _exit(2); // 3.1.1 has no such packet, and before CONNACK nothing may be sent
            usleep(1000);
        }
        _exit(told && four.ended && silent.ended ? 0 : 1);
    }
    five.end();
    four.end();
    silent.end();
    const uint64_t begin_ms = now_ms();
    loop_shutdown(b.loop);
    EXPECT_LE(now_ms() - begin_ms, LOOP_SHUTDOWN_MS + 500);
    EXPECT_EQ(loop_connection_count(b.loop), 0u);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_FALSE(client::tcp(b.port).is_connected());
}

TEST_P(LoopTest, ShutdownDoesNotWaitForeverForASlowReader) {
    ASSERT_TRUE(b.start());
    client sub = b.subscriber("s", "t", 4096);
    client pub = b.join("p");
    for (int i = 0; i < 100; i++)
        ASSERT_TRUE(b.send(pub, publish_packet("t", std::string(100000, 'x'))));
    const uint64_t begin_ms = now_ms();
    loop_shutdown(b.loop);
    EXPECT_LE(now_ms() - begin_ms, LOOP_SHUTDOWN_MS + 500);
}

TEST_P(LoopTest, ARoundSaysWhenItWasWoken) {
    int pipe_fds[2];
    ASSERT_EQ(pipe(pipe_fds), 0);
    ASSERT_TRUE(b.start("", pipe_fds[0]));
    EXPECT_FALSE(loop_round(b.loop, 1));
    ASSERT_EQ(write(pipe_fds[1], "x", 1), 1);
    EXPECT_TRUE(loop_round(b.loop, 1000));
    close(pipe_fds[1]);
    close(pipe_fds[0]);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LoopTest, testing::ValuesIn(io_test::usable_kinds()),
                         [](const auto &kind) { return std::string(kind.param->name); });
INSTANTIATE_TEST_SUITE_P(Kinds, LoopLogTest, testing::ValuesIn(io_test::usable_kinds()),
                         [](const auto &kind) { return std::string(kind.param->name); });

} // namespace
