// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Passwords and access lists as clients meet them: with real sockets, real files and the threads
// that check passwords. Every test runs with each poller.

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <functional>

#include "broker/io/loop_test_support.h"

extern "C" {
#include "broker/security/password_hash.h"
}

using io_test::broker;
using io_test::bytes;
using io_test::client;
using io_test::CONNACK_ACCEPTED;
using io_test::now_ms;
using io_test::packet;
using io_test::PINGREQ;
using io_test::publish_packet;
using io_test::put_string;
using io_test::subscribe_packet;

namespace {

const bytes REFUSED_PASSWORD = {0x20, 2, 0, 4};
const bytes REFUSED = {0x20, 2, 0, 5};

std::string hash_of(const std::string &password, password_kind kind = PASSWORD_PBKDF2,
                    uint32_t cost = 5) {
    password_hash hash = {};
    hash.kind = kind;
    hash.iterations = kind == PASSWORD_SHA512 ? 1 : cost;
    hash.memory_kib = 8192;
    hash.lanes = 1;
    hash.version = 0x13;
    hash.salt_len = 12;
    memcpy(hash.salt, "salt of them", 12);
    EXPECT_TRUE(password_hash_derive(&hash, reinterpret_cast<const uint8_t *>(password.data()),
                                     password.size()));
    char text[PASSWORD_TEXT_SIZE];
    password_hash_text(&hash, text);
    return text;
}

struct login {
    std::string id;
    std::string user;
    std::string password;
    uint8_t version = 4;
    bool has_user = true;
    bool has_password = true;
    std::string will_topic = "";
};

bytes connect_as(const login &who) {
    bytes body;
    put_string(body, "MQTT");
    body.push_back(who.version);
    const bool has_will = !who.will_topic.empty();
    body.push_back(static_cast<uint8_t>(2 | (who.has_user ? 0x80 : 0) |
                                        (who.has_password ? 0x40 : 0) | (has_will ? 4 : 0)));
    body.push_back(0);
    body.push_back(0);
    if (who.version == 5)
        body.push_back(0);
    put_string(body, who.id);
    if (has_will && who.version == 5)
        body.push_back(0);
    if (has_will) {
        put_string(body, who.will_topic);
        put_string(body, "gone");
    }
    if (who.has_user)
        put_string(body, who.user);
    if (who.has_password)
        put_string(body, who.password);
    return packet(0x10, body);
}

// From another address of this machine than the others.
client from_address(uint16_t port, uint8_t last) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(0x7F000000u | last);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr *>(&at), sizeof at), 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr *>(&at), sizeof at), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return client(fd);
}

class LoopLoginTest : public testing::TestWithParam<const poller_kind *> {
  protected:
    LoopLoginTest() : b(GetParam()) {}
    // users: lines of the password file; rules: of the acl file, if there are any.
    bool start(const std::string &users, const std::string &rules = "",
               const std::string &more = "") {
        write(users, rules);
        return b.start(lines(rules, more));
    }
    bool reload(const std::string &users, const std::string &rules = "",
                const std::string &more = "") {
        write(users, rules);
        return b.reload(lines(rules, more));
    }
    bytes answer(client &c, const login &who, size_t len = 4) {
        c.send(connect_as(who));
        return b.receive(c, len);
    }
    bytes answer_to(const login &who) {
        client c = client::tcp(b.port);
        return answer(c, who, who.version == 5 ? 5 : 4);
    }
    client join(const login &who) {
        client c = client::tcp(b.port);
        EXPECT_EQ(answer(c, who).at(3), 0) << b.said();
        return c;
    }
    client subscriber(const login &who, const std::string &filter) {
        client c = join(who);
        c.send(subscribe_packet(filter));
        EXPECT_EQ(b.receive(c, 5), (bytes{0x90, 3, 0, 1, 0}));
        return c;
    }
    const struct login_stats &stats() const { return *loop_login_stats(b.loop); }

    broker b;

  private:
    void write(const std::string &users, const std::string &rules) {
        const std::string path = b.c.dir.write("passwords", users);
        ASSERT_EQ(chmod(path.c_str(), 0600), 0);
        if (!rules.empty())
            b.c.dir.write("acl", rules);
    }
    std::string lines(const std::string &rules, const std::string &more) const {
        return "password_file " + b.c.dir.file("passwords") + "\n" +
               (rules.empty() ? "" : "acl_file " + b.c.dir.file("acl") + "\n") + more;
    }
};

// ---- Listeners ----

TEST_P(LoopLoginTest, EachListenerHasItsOwnFiles) {
    const uint16_t other = io_test::free_port();
    const auto secret = [this](const std::string &name, const std::string &text) {
        const std::string path = b.c.dir.write(name, text);
        EXPECT_EQ(chmod(path.c_str(), 0600), 0);
        return path;
    };
    const std::string one = secret("one", "ann:" + hash_of("right") + "\n");
    const std::string two = secret("two", "bob:" + hash_of("right") + "\n");
    const std::string rules = b.c.dir.write("rules", "user ann\ntopic read open/#\n");
    b.top = "per_listener_settings true\n";
    ASSERT_TRUE(b.start("allow_anonymous false\npassword_file " + one + "\nacl_file " + rules +
                        "\nlistener " + std::to_string(other) + " 127.0.0.1\npassword_file " +
                        two + "\n"))
        << b.said() << b.c.error();
    const auto at = [this](uint16_t port, const login &who) {
        client c = client::tcp(port);
        return answer(c, who);
    };
    EXPECT_EQ(at(b.port, {"c", "ann", "right"}), CONNACK_ACCEPTED);
    EXPECT_EQ(at(b.port, {"c", "bob", "right"}), REFUSED_PASSWORD);
    EXPECT_EQ(at(other, {"c", "bob", "right"}), CONNACK_ACCEPTED);
    EXPECT_EQ(at(other, {"c", "ann", "right"}), REFUSED_PASSWORD);

    // The rules bind who came in where they hold, as reader and as writer.
    client reader = subscriber({"r", "ann", "right"}, "open/x");
    client writer = client::tcp(other);
    ASSERT_EQ(answer(writer, {"w", "bob", "right"}), CONNACK_ACCEPTED);
    writer.send(subscribe_packet("shut/x"));
    EXPECT_EQ(b.receive(writer, 5), (bytes{0x90, 3, 0, 1, 0}));
    reader.send(publish_packet("shut/x", "from ann"));
    writer.send(publish_packet("open/x", "from bob"));
    const bytes came = b.receive(reader, 18);
    EXPECT_EQ(came, publish_packet("open/x", "from bob"));
    EXPECT_EQ(b.stat(STAT_DROPPED_PUBLISH_DENIED), 1u);
    writer.send(publish_packet("shut/x", "from bob"));
    EXPECT_EQ(b.receive(writer, 18), publish_packet("shut/x", "from bob"));
}

// ---- Passwords ----

TEST_P(LoopLoginTest, EveryKindOfHash) {
    std::string users;
    const password_kind kinds[] = {PASSWORD_SHA512, PASSWORD_PBKDF2, PASSWORD_ARGON2ID,
                                   PASSWORD_SCRAM};
    for (const password_kind kind : kinds)
        users += "u" + std::to_string(kind) + ":" + hash_of("right", kind) + "\n";
    ASSERT_TRUE(start(users));
    for (const password_kind kind : kinds) {
        const std::string user = "u" + std::to_string(kind);
        EXPECT_EQ(answer_to({"c", user, "right"}), CONNACK_ACCEPTED);
        EXPECT_EQ(answer_to({"c", user, "wrong"}), REFUSED_PASSWORD);
    }
    EXPECT_EQ(stats().accepted, 4u);
    EXPECT_EQ(stats().failed, 4u);
}

TEST_P(LoopLoginTest, WhoIsUnknownIsAnsweredAsWhoIsWrong) {
    //= v5/3.1.4-2 v3/u-3.1.4-2 test
    ASSERT_TRUE(start("bob:" + hash_of("right") + "\n"));
    EXPECT_EQ(answer_to({"c", "nobody", "right"}), REFUSED_PASSWORD);
    EXPECT_EQ(answer_to({"c", "bob", "wrong"}), REFUSED_PASSWORD);
    const bytes wrong = answer_to({"c", "bob", "wrong", 5});
    EXPECT_EQ(wrong.at(3), 0x86);
    EXPECT_EQ(answer_to({"c", "nobody", "right", 5}), wrong);
    EXPECT_EQ(answer_to({"c", "bob", "", 4, true, false}), REFUSED_PASSWORD);
}

// The processor's time, not the clock's, and the least of a few taken in turn: what a busy machine
// adds is in neither.
TEST_P(LoopLoginTest, WhoIsUnknownCostsTheSameWork) {
    ASSERT_TRUE(
        start("bob:" + hash_of("right", PASSWORD_ARGON2ID, 3) + "\n", "", "login_failures 0\n"));
    const auto cpu_us = [] {
        timespec now = {};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
    };
    const auto cost_us = [&](const std::string &user) {
        const double begin = cpu_us();
        EXPECT_EQ(answer_to({"c", user, "wrong"}), REFUSED_PASSWORD);
        return cpu_us() - begin;
    };
    double known = 1e9;
    double unknown = 1e9;
    for (int i = 0; i < 9; i++) {
        known = std::min(known, cost_us("bob"));
        unknown = std::min(unknown, cost_us("nobody"));
    }
    std::printf("wrong password %.0f us, unknown user %.0f us\n", known, unknown);
    EXPECT_GT(unknown, known / 3);
    EXPECT_LT(unknown, known * 3);
}

TEST_P(LoopLoginTest, AnonymousClientsAsTheConfigurationSays) {
    ASSERT_TRUE(start("bob:" + hash_of("right") + "\n"));
    EXPECT_EQ(answer_to({"c", "", "", 4, false, false}), CONNACK_ACCEPTED);
    ASSERT_TRUE(reload("bob:" + hash_of("right") + "\n", "", "allow_anonymous false\n"));
    EXPECT_EQ(answer_to({"c", "", "", 4, false, false}), REFUSED);
    EXPECT_EQ(answer_to({"c", "bob", "right"}), CONNACK_ACCEPTED);
}

TEST_P(LoopLoginTest, AnEmptyFileLetsNobodyIn) {
    ASSERT_TRUE(start("# nobody\n"));
    EXPECT_EQ(answer_to({"c", "bob", "right"}), REFUSED_PASSWORD);
}

TEST_P(LoopLoginTest, WhatFollowsConnectWaitsForTheAnswer) {
    //= v5/3.1.4-6 test
    ASSERT_TRUE(start("bob:" + hash_of("right", PASSWORD_ARGON2ID) + "\n"));
    client c = client::tcp(b.port);
    bytes all = connect_as({"c", "bob", "right"});
    for (const bytes &more : {subscribe_packet("t"), publish_packet("t", "x", 1, 7), PINGREQ})
        all.insert(all.end(), more.begin(), more.end());
    c.send(all);
    const bytes got = b.receive(c, 4 + 5 + 4 + 2 + 6);
    EXPECT_EQ(bytes(got.begin(), got.begin() + 4), CONNACK_ACCEPTED);
    EXPECT_EQ(got.size(), 21u);
    client d = client::tcp(b.port);
    all[0] = 0x10;
    d.send(connect_as({"d", "bob", "wrong"}));
    d.send(subscribe_packet("t"));
    EXPECT_EQ(b.receive(d, 100), REFUSED_PASSWORD);
}

TEST_P(LoopLoginTest, AClientThatLeavesBeforeTheAnswerCostsNothing) {
    ASSERT_TRUE(
        start("bob:" + hash_of("right", PASSWORD_ARGON2ID, 20) + "\n", "", "login_threads 1\n"));
    {
        client gone[4];
        for (client &c : gone) {
            c = client::tcp(b.port);
            c.send(connect_as({"c", "bob", "right"}));
            b.rounds(2);
        }
        for (client &c : gone) {
            const linger reset = {1, 0};
            setsockopt(c.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        }
    }
    const uint64_t rounds = loop_stats(b.loop)->rounds;
    ASSERT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 0; }));
    EXPECT_LT(loop_stats(b.loop)->rounds - rounds, 1000u); // it does not spin meanwhile
    EXPECT_EQ(answer_to({"c", "bob", "right"}), CONNACK_ACCEPTED);
}

TEST_P(LoopLoginTest, TheEndOfTheLoopWaitsForNoAnswer) {
    ASSERT_TRUE(start("bob:" + hash_of("right", PASSWORD_ARGON2ID, 20) + "\n"));
    client c = client::tcp(b.port);
    for (int i = 0; i < 3; i++) {
        c = client::tcp(b.port);
        c.send(connect_as({"c", "bob", "right"}));
        b.rounds(2);
    }
}

TEST_P(LoopLoginTest, TheLogHasNoSecretAndOneLineForEachFailure) {
    ASSERT_TRUE(start("bob:" + hash_of("right") + "\n", "", "log_type all\n"));
    answer_to({"c\"1", "bob", "SECRETWORD"});
    answer_to({"c", "bob", "right"});
    EXPECT_EQ(b.said().find("SECRETWORD"), std::string::npos);
    EXPECT_EQ(b.said().find("$7$"), std::string::npos);
    // The port is the only part that is not known.
    const std::string begin = "login failed: address=127.0.0.1:";
    const std::string said = b.said();
    const size_t at = said.find(begin);
    ASSERT_NE(at, std::string::npos) << said;
    const size_t end = said.find_first_not_of("0123456789", at + begin.size());
    EXPECT_EQ(said.substr(end, said.find('\n', end) - end),
              " user=\"bob\" client=\"c\\\"1\" reason=\"wrong user name or password\"");
}

TEST_P(LoopLoginTest, TheUserNameMayBeTheClientIdentifier) {
    ASSERT_TRUE(start("bob:" + hash_of("right") + "\nann:" + hash_of("a") + "\n",
                      "pattern readwrite %c/#\n", "use_username_as_clientid true\n"));
    client ann = join({"bob", "ann", "a"}); // calls itself bob, and is ann
    client bob = join({"x", "bob", "right"});
    ann.send(subscribe_packet("ann/#"));
    EXPECT_EQ(b.receive(ann, 5), (bytes{0x90, 3, 0, 1, 0}));
    ann.send(subscribe_packet("bob/#"));
    EXPECT_EQ(b.receive(ann, 5), (bytes{0x90, 3, 0, 1, 0x80}));
    EXPECT_EQ(answer_to({"n", "", "", 4, false, false}), REFUSED);
    client again = join({"y", "bob", "right"}); // takes over its own session
    ASSERT_TRUE(b.until([&] { return bob.receive().empty() && bob.ended; }));
    EXPECT_FALSE(ann.ended);
    EXPECT_NE(b.said().find("connected client=\"ann\""), std::string::npos) << b.said();
}

// ---- Guessing ----

TEST_P(LoopLoginTest, WhoGuessesIsLockedOutAndNobodyElse) {
    ASSERT_TRUE(start("bob:" + hash_of("right") + "\nann:" + hash_of("other") + "\n", "",
                      "login_pause 60\nlogin_lockout 600\n"));
    client inside = join({"inside", "ann", "other"});
    for (int i = 0; i < 6; i++) {
        client evil = from_address(b.port, 66);
        EXPECT_EQ(answer(evil, {"e", "bob", "guess" + std::to_string(i)}), REFUSED_PASSWORD);
    }
    client evil = from_address(b.port, 66);
    EXPECT_EQ(answer(evil, {"e", "bob", "right"}), REFUSED); // not looked at any more
    EXPECT_EQ(stats().failed, 6u);
    EXPECT_EQ(stats().refused_locked, 1u);
    EXPECT_EQ(stats().lockouts, 2u);
    EXPECT_NE(b.said().find("login locked: address=127.0.0.66 seconds=60"), std::string::npos);
    EXPECT_NE(b.said().find("login locked: user=\"bob\" seconds=60"), std::string::npos);
    // Who is inside stays, and comes again; another address may try other users.
    inside.send(PINGREQ);
    EXPECT_EQ(b.receive(inside, 2), io_test::PINGRESP);
    EXPECT_EQ(answer_to({"inside2", "ann", "other"}), CONNACK_ACCEPTED);
}

TEST_P(LoopLoginTest, AThousandWrongPasswordsHarmNobody) {
    ASSERT_TRUE(start("bob:" + hash_of("right", PASSWORD_PBKDF2, 20000) + "\n"));
    client good = subscriber({"good", "bob", "right"}, "t");
    std::vector<client> flood;
    for (int i = 0; i < 1000; i++) {
        flood.push_back(from_address(b.port, 66));
        flood.back().send(connect_as({"e", "u" + std::to_string(i), "x"}));
        if (i % 100 == 99) {
            good.send(publish_packet("t", "m"));
            EXPECT_EQ(b.receive(good, 6).size(), 6u);
            EXPECT_EQ(answer_to({"good" + std::to_string(i), "bob", "right"}), CONNACK_ACCEPTED);
        }
    }
    ASSERT_TRUE(b.until(
        [&] { return stats().failed + stats().refused_locked + stats().refused_busy >= 1000u; }));
    EXPECT_LT(stats().failed, 20u);
    EXPECT_GT(stats().refused_locked, 500u);
    EXPECT_EQ(stats().accepted, 11u);
}

TEST_P(LoopLoginTest, WhatWaitsIsBoundedForEachAddress) {
    ASSERT_TRUE(start("bob:" + hash_of("right", PASSWORD_ARGON2ID, 20) + "\n", "",
                      "login_threads 1\nmax_waiting_logins_per_address 3\nlogin_failures 0\n"));
    std::vector<client> many;
    for (int i = 0; i < 10; i++) {
        many.push_back(from_address(b.port, 66));
        many.back().send(connect_as({"c" + std::to_string(i), "bob", "wrong"}));
    }
    ASSERT_TRUE(b.until([&] { return stats().refused_busy > 0; }));
    client other = from_address(b.port, 77);
    EXPECT_EQ(answer(other, {"o", "bob", "right"}), CONNACK_ACCEPTED);
    EXPECT_LE(stats().waiting_peak, 4u);
}

// ---- Reload ----

TEST_P(LoopLoginTest, ReloadClosesThoseWhoMayNotStayAndNobodyElse) {
    const std::string ann = "ann:" + hash_of("a") + "\n";
    const std::string bob = "bob:" + hash_of("b") + "\n";
    ASSERT_TRUE(start(ann + bob + "eve:" + hash_of("e") + "\n"));
    client a = join({"a", "ann", "a"});
    client c = join({"c", "bob", "b"});
    client e = join({"e", "eve", "e"});
    client n = join({"n", "", "", 4, false, false});
    ASSERT_TRUE(reload(bob + ann + "carl:" + hash_of("c") + "\n")); // eve is gone
    ASSERT_TRUE(b.until([&] { return e.receive().empty() && e.ended; }));
    ASSERT_TRUE(reload(ann + "bob:" + hash_of("new") + "\n")); // bob has another password
    ASSERT_TRUE(b.until([&] { return c.receive().empty() && c.ended; }));
    b.rounds(5);
    for (client *stays : {&a, &n}) {
        stays->send(PINGREQ);
        EXPECT_EQ(b.receive(*stays, 2), io_test::PINGRESP);
    }
    EXPECT_EQ(answer_to({"c", "bob", "new"}), CONNACK_ACCEPTED);
    ASSERT_TRUE(reload(ann, "", "allow_anonymous false\n"));
    ASSERT_TRUE(b.until([&] { return n.receive().empty() && n.ended; }));
    EXPECT_NE(b.said().find("anonymous clients are not allowed"), std::string::npos);
}

TEST_P(LoopLoginTest, ABadFileChangesNothing) {
    const std::string ann = "ann:" + hash_of("a") + "\n";
    ASSERT_TRUE(start(ann, "topic read a\n"));
    client a = join({"a", "ann", "a"});
    EXPECT_FALSE(reload("ann:plain\n", "topic read a\n"));
    EXPECT_NE(b.next.error().find("passwords:1: the password is not hashed"), std::string::npos)
        << b.next.error();
    EXPECT_FALSE(reload(ann, "topic maybe a\n"));
    a.send(PINGREQ);
    EXPECT_EQ(b.receive(a, 2), io_test::PINGRESP);
    EXPECT_EQ(answer_to({"b", "ann", "a"}), CONNACK_ACCEPTED);
}

// ---- Access lists ----

TEST_P(LoopLoginTest, PublishAndDeliveryAreChecked) {
    //= v3/3.3.5-2 test
    ASSERT_TRUE(start("w:" + hash_of("w") + "\nr:" + hash_of("r") + "\n",
                      "user w\ntopic write #\nuser r\ntopic read a/#\ntopic deny a/secret\n"
                      "topic write b\n"));
    client w = join({"w", "w", "w"});
    client r = subscriber({"r", "r", "r"}, "#");
    for (const char *topic : {"a/secret", "b", "c/d", "a/x"})
        w.send(publish_packet(topic, "m"));
    EXPECT_EQ(b.receive(r, publish_packet("a/x", "m").size()), publish_packet("a/x", "m"));
    EXPECT_EQ(b.stat(STAT_DROPPED_RECEIVE_DENIED), 3u);
    r.send(publish_packet("a/x", "m", 1, 5));
    EXPECT_EQ(b.receive(r, 4), (bytes{0x40, 2, 0, 5}));
    b.rounds(5);
    EXPECT_TRUE(r.receive().empty());
    EXPECT_EQ(b.stat(STAT_DROPPED_PUBLISH_DENIED), 1u);
    EXPECT_NE(b.said().find("denied client=\"r\""), std::string::npos) << b.said();
}

TEST_P(LoopLoginTest, SubscriptionsAreAnsweredHonestly) {
    //= v5/3.9.3-1 test
    ASSERT_TRUE(start("r:" + hash_of("r") + "\n", "user r\ntopic read a/#\n"));
    client r = join({"r", "r", "r"});
    r.send(subscribe_packet("b"));
    EXPECT_EQ(b.receive(r, 5), (bytes{0x90, 3, 0, 1, 0x80}));
    r.send(subscribe_packet("$share/g/a/+"));
    EXPECT_EQ(b.receive(r, 5), (bytes{0x90, 3, 0, 1, 0}));
    client five = client::tcp(b.port);
    EXPECT_EQ(answer(five, {"five", "r", "r", 5}, 5).at(3), 0);
    b.rounds(3);
    five.receive();
    five.send(subscribe_packet("b/+", 0, 5));
    const bytes suback = b.receive(five, 6);
    EXPECT_EQ(suback.back(), 0x87);
    // As Mosquitto does it.
    ASSERT_TRUE(reload("r:" + hash_of("r") + "\n", "user r\ntopic read a/#\n",
                       "acl_check_subscribe false\n"));
    r.send(subscribe_packet("b"));
    EXPECT_EQ(b.receive(r, 5), (bytes{0x90, 3, 0, 1, 0}));
}

TEST_P(LoopLoginTest, WillsAndRetainedMessagesAreChecked) {
    ASSERT_TRUE(start("w:" + hash_of("w") + "\nr:" + hash_of("r") + "\n",
                      "user w\ntopic write ok/#\nuser r\ntopic read ok/1\n"));
    login with_will = {"x", "w", "w"};
    with_will.will_topic = "forbidden";
    EXPECT_EQ(answer_to(with_will), REFUSED);
    client w = join({"w", "w", "w"});
    for (const char *topic : {"ok/1", "ok/2"}) {
        bytes retained = publish_packet(topic, "m", 1);
        retained[0] |= 1;
        w.send(retained);
        EXPECT_EQ(b.receive(w, 4).size(), 4u);
    }
    client r = join({"r", "r", "r"});
    r.send(subscribe_packet("ok/#"));
    bytes expected = {0x90, 3, 0, 1, 0, 0x31, 7, 0, 4, 'o', 'k', '/', '1', 'm'};
    EXPECT_EQ(b.receive(r, expected.size()), expected);
    b.rounds(5);
    EXPECT_TRUE(r.receive().empty());
}

TEST_P(LoopLoginTest, AccessListsAreReadAgain) {
    const std::string users = "u:" + hash_of("u") + "\n";
    ASSERT_TRUE(start(users, "user u\ntopic t\n"));
    client u = subscriber({"u", "u", "u"}, "t");
    u.send(publish_packet("t", "1"));
    EXPECT_EQ(b.receive(u, 6), publish_packet("t", "1"));
    ASSERT_TRUE(reload(users, "user u\ntopic write t\n"));
    u.send(publish_packet("t", "2"));
    ASSERT_TRUE(b.until([&] { return b.stat(STAT_DROPPED_RECEIVE_DENIED) == 1; }));
    ASSERT_TRUE(reload(users)); // no list: everything is allowed
    u.send(publish_packet("t", "3"));
    EXPECT_EQ(b.receive(u, 6), publish_packet("t", "3"));
}

TEST_P(LoopLoginTest, PatternsGoByUserAndClientIdentifier) {
    ASSERT_TRUE(
        start("u:" + hash_of("u") + "\n", "pattern write in/%u/%c\npattern read out/%c\n"));
    client u = subscriber({"dev1", "u", "u"}, "out/dev1");
    u.send(publish_packet("in/u/dev1", "m", 1, 1));
    EXPECT_EQ(b.receive(u, 4).at(0), 0x40);
    u.send(subscribe_packet("out/dev2"));
    EXPECT_EQ(b.receive(u, 5), (bytes{0x90, 3, 0, 1, 0x80}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, LoopLoginTest, testing::ValuesIn(io_test::usable_kinds()),
                         [](const auto &kind) { return std::string(kind.param->name); });

} // namespace
