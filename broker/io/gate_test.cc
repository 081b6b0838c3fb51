// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Counting connections by address, against a plain map; buckets; ranges of addresses.

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

extern "C" {
#include "broker/io/bucket.h"
#include "broker/io/cidr.h"
#include "broker/io/gate.h"
}

namespace {

address ipv4(uint32_t number, uint16_t port = 1) {
    address out = {};
    out.family = ADDRESS_IPV4;
    out.port = port;
    const uint32_t bytes = htonl(number);
    memcpy(out.bytes, &bytes, 4);
    return out;
}

address ipv6(const char *text) {
    address out = {};
    out.family = ADDRESS_IPV6;
    inet_pton(AF_INET6, text, out.bytes);
    return out;
}

class Gate : public testing::Test {
  protected:
    Gate() { gate_init(&g, 1); }
    ~Gate() override { gate_free(&g); }
    gate_answer enter(const address &from, bool tls = false) {
        uint8_t stage = GATE_OUTSIDE;
        const gate_answer answer = gate_enter(&g, &limits, &from, tls, now_ms, &stage);
        EXPECT_EQ(answer == GATE_OPEN, stage != GATE_OUTSIDE);
        if (answer == GATE_OPEN)
            open.push_back({from, stage});
        return answer;
    }
    gate g;
    gate_limits limits = {};
    uint64_t now_ms = 1000;
    std::vector<std::pair<address, uint8_t>> open;
};

TEST_F(Gate, ConnectionsPerAddress) {
    limits.connections_per_address = 2;
    EXPECT_EQ(enter(ipv4(1, 10)), GATE_OPEN);
    EXPECT_EQ(enter(ipv4(1, 11)), GATE_OPEN);
    EXPECT_EQ(enter(ipv4(1, 12)), GATE_CONNECTIONS_PER_ADDRESS);
    EXPECT_EQ(enter(ipv4(2)), GATE_OPEN);
    gate_leave(&g, &open[0].first, &open[0].second);
    EXPECT_EQ(open[0].second, GATE_OUTSIDE);
    EXPECT_EQ(enter(ipv4(1)), GATE_OPEN);
}

TEST_F(Gate, AnIpv6NetworkIsOneAddress) {
    limits.connections_per_address = 1;
    EXPECT_EQ(enter(ipv6("2001:db8::1")), GATE_OPEN);
    EXPECT_EQ(enter(ipv6("2001:db8::2")), GATE_CONNECTIONS_PER_ADDRESS);
    EXPECT_EQ(enter(ipv6("2001:db8:0:1::1")), GATE_OPEN);
}

TEST_F(Gate, UnixSocketsAreNotCounted) {
    limits.connections_per_address = 1;
    address local = {};
    local.family = ADDRESS_UNIX;
    EXPECT_EQ(enter(local), GATE_OPEN);
    EXPECT_EQ(enter(local), GATE_OPEN);
    gate_leave(&g, &local, &open[0].second);
}

TEST_F(Gate, TheRateIsABucket) {
    limits.connection_rate_per_address = 10;
    for (int i = 0; i < 10; i++)
        EXPECT_EQ(enter(ipv4(1)), GATE_OPEN);
    EXPECT_EQ(enter(ipv4(1)), GATE_RATE_PER_ADDRESS);
    now_ms += 99;
    EXPECT_EQ(enter(ipv4(1)), GATE_RATE_PER_ADDRESS);
    now_ms += 1;
    EXPECT_EQ(enter(ipv4(1)), GATE_OPEN);
    EXPECT_EQ(enter(ipv4(1)), GATE_RATE_PER_ADDRESS);
    now_ms += 3600 * 1000;
    for (int i = 0; i < 10; i++)
        EXPECT_EQ(enter(ipv4(1)), GATE_OPEN);
    EXPECT_EQ(enter(ipv4(1)), GATE_RATE_PER_ADDRESS);
}

TEST_F(Gate, WhoHasNotLoggedIn) {
    limits.pending_per_address = 2;
    limits.pending = 3;
    EXPECT_EQ(enter(ipv4(1)), GATE_OPEN);
    EXPECT_EQ(enter(ipv4(1)), GATE_OPEN);
    EXPECT_EQ(enter(ipv4(1)), GATE_PENDING_PER_ADDRESS);
    EXPECT_EQ(enter(ipv4(2)), GATE_OPEN);
    EXPECT_EQ(enter(ipv4(3)), GATE_PENDING);
    gate_pass(&g, &open[0].first, &open[0].second);
    EXPECT_EQ(open[0].second, GATE_INSIDE);
    EXPECT_EQ(enter(ipv4(1)), GATE_OPEN);
    gate_leave(&g, &open[1].first, &open[1].second);
    EXPECT_EQ(enter(ipv4(3)), GATE_OPEN);
}

TEST_F(Gate, HandshakesUnderWay) {
    limits.handshakes_per_address = 1;
    EXPECT_EQ(enter(ipv4(1), true), GATE_OPEN);
    EXPECT_EQ(enter(ipv4(1), true), GATE_HANDSHAKES_PER_ADDRESS);
    EXPECT_EQ(enter(ipv4(1), false), GATE_OPEN);
    gate_shaken(&g, &open[0].first, &open[0].second);
    EXPECT_EQ(open[0].second, GATE_WAITING);
    EXPECT_EQ(enter(ipv4(1), true), GATE_OPEN);
    gate_leave(&g, &open[2].first, &open[2].second);
    EXPECT_EQ(enter(ipv4(1), true), GATE_OPEN);
}

TEST_F(Gate, AnAddressIsForgottenWhenItIsOfNoUse) {
    for (uint32_t i = 1; i <= 1000; i++) {
        EXPECT_EQ(enter(ipv4(i)), GATE_OPEN);
        gate_leave(&g, &open.back().first, &open.back().second);
    }
    EXPECT_LT(g.known, 10u);
}

TEST_F(Gate, TheTableIsBoundedAndSaysWhatItDidNotCount) {
    limits.connections_per_address = 1;
    for (uint32_t i = 1; i <= GATE_ADDRESSES_MAX; i++)
        ASSERT_EQ(enter(ipv4(i)), GATE_OPEN);
    EXPECT_EQ(g.uncounted, 0u);
    EXPECT_EQ(enter(ipv4(0xF0000000)), GATE_OPEN);
    EXPECT_EQ(g.uncounted, 1u);
    EXPECT_EQ(open.back().second, GATE_UNCOUNTED);
    EXPECT_EQ(g.known, GATE_ADDRESSES_MAX);
    EXPECT_EQ(enter(ipv4(7)), GATE_CONNECTIONS_PER_ADDRESS);
    for (auto &[from, stage] : open)
        gate_leave(&g, &from, &stage);
    EXPECT_EQ(g.pending, 0u);
}

TEST_F(Gate, CountsAsAPlainMapDoes) {
    std::mt19937 luck(7);
    std::map<uint32_t, uint32_t> connections;
    limits.connections_per_address = 5;
    for (int i = 0; i < 100000; i++) {
        const uint32_t who = luck() % 300;
        if (luck() % 2 == 0 || open.empty()) {
            const bool fits = connections[who] < 5;
            ASSERT_EQ(enter(ipv4(who), luck() % 2 == 0) == GATE_OPEN, fits);
            connections[who] += fits ? 1 : 0;
            continue;
        }
        const size_t at = luck() % open.size();
        uint32_t number = 0;
        memcpy(&number, open[at].first.bytes, 4);
        if (luck() % 2 == 0)
            gate_shaken(&g, &open[at].first, &open[at].second);
        gate_leave(&g, &open[at].first, &open[at].second);
        connections[ntohl(number)]--;
        open[at] = open.back();
        open.pop_back();
    }
    for (auto &[from, stage] : open)
        gate_leave(&g, &from, &stage);
    EXPECT_EQ(g.pending, 0u);
}

TEST_F(Gate, EveryAnswerHasWords) {
    for (int i = 0; i < GATE_ANSWER_COUNT; i++) {
        EXPECT_NE(gate_answer_text(static_cast<gate_answer>(i)), nullptr);
        EXPECT_NE(gate_answer_name(static_cast<gate_answer>(i)), nullptr);
    }
}

TEST(Bucket, DebtIsPaidByTimeAndBounded) {
    bucket b = bucket_full(100, 0);
    EXPECT_TRUE(bucket_spend(&b, 100, 100, 0));
    EXPECT_FALSE(bucket_spend(&b, 100, 50, 0));
    EXPECT_FALSE(bucket_spend(&b, 100, 0, 499));
    EXPECT_TRUE(bucket_spend(&b, 100, 0, 500));
    EXPECT_FALSE(bucket_spend(&b, 100, 1000000000, 500));
    EXPECT_FALSE(bucket_spend(&b, 100, 0, 5499));
    EXPECT_TRUE(bucket_spend(&b, 100, 0, 5500));
}

// ---- Ranges ----

std::string fault(const char *text) {
    cidr out;
    const char *why = cidr_parse(&out, text);
    return why == nullptr ? "" : why;
}

bool has(const char *range, const address &from) {
    cidr parsed;
    EXPECT_EQ(cidr_parse(&parsed, range), nullptr) << range;
    return cidr_has(&parsed, &from);
}

TEST(Cidr, Has) {
    EXPECT_TRUE(has("10.0.0.0/8", ipv4(0x0A010203)));
    EXPECT_FALSE(has("10.0.0.0/8", ipv4(0x0B010203)));
    EXPECT_TRUE(has("10.1.2.3", ipv4(0x0A010203)));
    EXPECT_FALSE(has("10.1.2.3", ipv4(0x0A010204)));
    EXPECT_TRUE(has("10.1.2.2/31", ipv4(0x0A010203)));
    EXPECT_FALSE(has("10.1.2.4/31", ipv4(0x0A010203)));
    EXPECT_TRUE(has("0.0.0.0/0", ipv4(0x0A010203)));
    EXPECT_FALSE(has("0.0.0.0/0", ipv6("::1")));
    EXPECT_TRUE(has("::/0", ipv6("2001:db8::1")));
    EXPECT_FALSE(has("::/0", ipv4(1)));
    EXPECT_TRUE(has("2001:db8::/33", ipv6("2001:db8:7fff::1")));
    EXPECT_FALSE(has("2001:db8::/33", ipv6("2001:db8:8000::1")));
    EXPECT_TRUE(has("::ffff:10.0.0.0/104", ipv4(0x0A010203)));
    address local = {};
    local.family = ADDRESS_UNIX;
    EXPECT_TRUE(has("unix", local));
    EXPECT_FALSE(has("unix", ipv4(0)));
}

TEST(Cidr, WhatIsWrong) {
    for (const char *text :
         {"", "a", "10.0.0", "10.0.0.0.0", "10.0.0.256", ":", "localhost", "/8"})
        EXPECT_EQ(fault(text), "is no IPv4 or IPv6 address, nor unix") << text;
    for (const char *text : {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08",
                             "10.0.0.0/8x", "10.0.0.0/8/8", "10.0.0.0/99999999999999"})
        EXPECT_EQ(fault(text), "has a wrong number of bits behind the slash") << text;
    EXPECT_EQ(fault("10.0.0.1/8"), "has bits set that do not count");
    EXPECT_EQ(fault(std::string(100, '1').c_str()), "is longer than any address");
}

TEST(Cidr, Lists) {
    cidr_list list = {};
    const address from = ipv4(0x0A010203);
    EXPECT_FALSE(cidr_list_has(&list, &from));
    for (const char *text : {"192.0.2.0/24", "10.1.0.0/16"}) {
        cidr parsed;
        ASSERT_EQ(cidr_parse(&parsed, text), nullptr);
        ASSERT_TRUE(cidr_list_add(&list, &parsed));
    }
    EXPECT_TRUE(cidr_list_has(&list, &from));
    cidr_list_free(&list);
    EXPECT_FALSE(cidr_list_has(&list, &from));
}

} // namespace
