// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Fifty clients log in by Argon2id, as costly as mosquitto 2.1 makes it, while another client
// sends itself messages: how long those take, printed beside how long they take without. Were a
// hash made on the loop's thread, each message behind it would wait as long as the hash takes.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "broker/io/loop_test_support.h"

extern "C" {
#include "broker/security/password_hash.h"
}

using io_test::broker;
using io_test::bytes;
using io_test::client;
using io_test::packet;
using io_test::publish_packet;
using io_test::put_string;

namespace {

using clock = std::chrono::steady_clock;

double ms_since(clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(clock::now() - begin).count();
}

// t=1, m=46 MiB, p=1. Also says how long one takes.
std::string argon2id(const std::string &password, double *took_ms) {
    password_hash hash = {};
    hash.kind = PASSWORD_ARGON2ID;
    hash.iterations = 1;
    hash.memory_kib = 47104;
    hash.lanes = 1;
    hash.version = 0x13;
    hash.salt_len = 64;
    hash.digest_len = 64;
    const auto begin = clock::now();
    EXPECT_TRUE(password_hash_derive(&hash, reinterpret_cast<const uint8_t *>(password.data()),
                                     password.size()));
    *took_ms = ms_since(begin);
    char text[PASSWORD_TEXT_SIZE];
    password_hash_text(&hash, text);
    return text;
}

bytes connect_as(const std::string &id, const std::string &user, const std::string &password) {
    bytes body;
    put_string(body, "MQTT");
    body.insert(body.end(), {4, 0xC2, 0, 0});
    put_string(body, id);
    put_string(body, user);
    put_string(body, password);
    return packet(0x10, body);
}

// Waits for len bytes of a client that others serve.
bytes wait_for(client &c, size_t len) {
    bytes all;
    while (all.size() < len && !c.ended) {
        pollfd p = {c.fd(), POLLIN, 0};
        poll(&p, 1, 10000);
        const bytes more = c.receive();
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

double p99(std::vector<double> all) {
    std::sort(all.begin(), all.end());
    return all.at(all.size() * 99 / 100);
}

// A message there and back every millisecond, until done.
std::vector<double> measure(client &c, const std::function<bool()> &done) {
    const bytes message = publish_packet("t", "m");
    std::vector<double> all;
    while (!done() || all.size() < 500) {
        const auto begin = clock::now();
        c.send(message);
        EXPECT_EQ(wait_for(c, message.size()), message);
        all.push_back(ms_since(begin));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return all;
}

// A broker that knows the password of "u", served by a thread of its own, and a client that has
// measured how long its messages take when nobody logs in.
class LoginLatency : public testing::Test {
  protected:
    void SetUp() override {
        const std::string path = b.c.dir.write("passwords", "u:" + argon2id("right", &hash_ms));
        ASSERT_EQ(chmod(path.c_str(), 0600), 0);
        ASSERT_TRUE(b.start("password_file " + path + "\nlog_type error\nsys_interval 0\n"));
        serving = std::thread([this] {
            while (!ends)
                loop_round(b.loop, 5);
        });
        talker = client::tcp(b.port);
        talker.send(io_test::connect_packet("talker"));
        EXPECT_EQ(wait_for(talker, 4), io_test::CONNACK_ACCEPTED);
        talker.send(io_test::subscribe_packet("t"));
        wait_for(talker, 5);
        idle = measure(talker, [] { return true; });
    }
    void TearDown() override { stop(); }
    void stop() {
        ends = true;
        if (serving.joinable())
            serving.join();
    }

    broker b{poller_find(nullptr)};
    double hash_ms = 0;
    std::atomic<bool> ends{false};
    std::thread serving;
    client talker;
    std::vector<double> idle;
};

TEST_F(LoginLatency, MessagesDoNotWaitForPasswords) {
    std::vector<client> many;
    for (int i = 0; i < 50; i++) {
        many.push_back(client::tcp(b.port));
        many.back().send(connect_as("c" + std::to_string(i), "u", i % 2 == 0 ? "right" : "wrong"));
    }
    size_t answered = 0;
    std::vector<bytes> answers(many.size());
    const auto begin = clock::now();
    const auto busy = measure(talker, [&] {
        answered = 0;
        for (size_t i = 0; i < many.size(); i++) {
            const bytes more = many[i].receive();
            answers[i].insert(answers[i].end(), more.begin(), more.end());
            answered += answers[i].size() >= 4;
        }
        return answered == many.size() || ms_since(begin) > 60000;
    });
    stop();

    std::printf("one Argon2id takes %.1f ms; 50 logins took %.0f ms\n"
                "message p99: %.2f ms idle (%zu messages), %.2f ms beside the logins (%zu)\n",
                hash_ms, ms_since(begin), p99(idle), idle.size(), p99(busy), busy.size());
    EXPECT_EQ(answered, many.size());
    EXPECT_EQ(answers[0], io_test::CONNACK_ACCEPTED);
    EXPECT_EQ(answers[1].at(3), 4);
    // 50 ms is the promise; a machine that is busy with other things is measured by itself.
    EXPECT_LT(p99(busy), std::max(50.0, 5 * p99(idle)));
}

// A thousand wrong passwords a second from one address, each by a connection of its own.
TEST_F(LoginLatency, MessagesDoNotWaitForWhoGuesses) {
    std::atomic<uint32_t> tried{0};
    std::atomic<bool> guessing{true};
    std::thread guesser([&] {
        const auto begin = clock::now();
        while (guessing) {
            if (tried >= ms_since(begin)) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                continue;
            }
            client c = client::tcp(b.port);
            c.send(connect_as("e" + std::to_string(tried % 100), "u", "x"));
            if (tried > 50) // from then on it is locked out, and told at once
                wait_for(c, 4);
            tried++;
        }
    });
    const auto begin = clock::now();
    const auto busy = measure(talker, [&] { return ms_since(begin) > 4000; });
    guessing = false;
    guesser.join();
    stop();
    const struct login_stats *stats = loop_login_stats(b.loop);
    std::printf("%u wrong passwords in 4 s: %llu were checked, %llu refused unchecked\n"
                "message p99: %.2f ms idle, %.2f ms beside them\n",
                tried.load(), static_cast<unsigned long long>(stats->failed),
                static_cast<unsigned long long>(stats->refused_locked), p99(idle), p99(busy));
    EXPECT_LT(stats->failed, 60u);
    EXPECT_LT(p99(busy), std::max(50.0, 5 * p99(idle)));
}

} // namespace
