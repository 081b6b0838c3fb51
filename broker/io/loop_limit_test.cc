// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What a connection may, with real sockets: who comes in by address, how many, how fast; whom a
// proxy speaks for; how much a client may send. Each limit is counted, logged with address and
// reason, and hurts nobody else.

#include <gtest/gtest.h>

#include "broker/io/loop_test_support.h"

using io_test::broker;
using io_test::bytes;
using io_test::client;
using io_test::CONNACK_ACCEPTED;
using io_test::connect_packet;
using io_test::now_ms;
using io_test::PINGREQ;
using io_test::PINGRESP;
using io_test::publish_packet;
using io_test::put_string;

namespace {

class LimitTest : public testing::Test {
  protected:
    LimitTest() : b(poller_find(nullptr)) {}
    // A connection that the broker ends without a word.
    bool is_refused(const std::string &first = "") {
        client refused = client::tcp(b.port);
        if (!first.empty())
            refused.send(bytes(first.begin(), first.end()));
        const bytes said = b.receive(refused, 1000);
        return refused.ended && said.empty();
    }
    // Whether a client with that in front of its CONNECT is let in; it stays in kept.
    bool is_accepted(const std::string &first) {
        kept.push_back(client::tcp(b.port));
        bytes all(first.begin(), first.end());
        const bytes connect = connect_packet("c" + std::to_string(kept.size()));
        all.insert(all.end(), connect.begin(), connect.end());
        kept.back().send(all);
        return b.receive(kept.back(), 4) == CONNACK_ACCEPTED;
    }
    bool is_alive(client &by) {
        by.send(PINGREQ);
        return b.receive(by, 2) == PINGRESP;
    }
    bool says(const std::string &text) const { return b.said().find(text) != std::string::npos; }
    const struct loop_stats &stats() const { return *::loop_stats(b.loop); }
    broker b;
    std::vector<client> kept;
};

TEST_F(LimitTest, ConnectionsPerAddress) {
    ASSERT_TRUE(b.start("max_connections_per_address 2\n"));
    client one = b.join("1");
    client two = b.join("2");
    EXPECT_TRUE(is_refused());
    EXPECT_TRUE(says("refused address=127.0.0.1:")) << b.said();
    EXPECT_TRUE(says(": max_connections_per_address is reached"));
    EXPECT_EQ(stats().refused_by_gate[GATE_CONNECTIONS_PER_ADDRESS], 1u);
    one.end();
    ASSERT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 1; }));
    client three = b.join("3");
    EXPECT_TRUE(is_alive(two));
}

TEST_F(LimitTest, ConnectionRates) {
    ASSERT_TRUE(b.start("max_connection_rate_per_address 3\n"));
    for (int i = 0; i < 3; i++)
        kept.push_back(b.join(std::to_string(i)));
    EXPECT_TRUE(is_refused());
    EXPECT_TRUE(says("max_connection_rate_per_address is reached")) << b.said();
    EXPECT_EQ(stats().refused_by_gate[GATE_RATE_PER_ADDRESS], 1u);
    const uint64_t later_ms = now_ms() + 1100;
    b.until([&] { return now_ms() >= later_ms; });
    kept.push_back(b.join("later"));
    for (client &one : kept)
        EXPECT_TRUE(is_alive(one));
}

TEST_F(LimitTest, ConnectionRateOfAListener) {
    ASSERT_TRUE(b.start("max_connection_rate 2\n"));
    const uint64_t later_ms = now_ms() + 1100;
    b.until([&] { return now_ms() >= later_ms; });
    kept.push_back(b.join("1"));
    kept.push_back(b.join("2"));
    EXPECT_TRUE(is_refused());
    EXPECT_TRUE(says("max_connection_rate of the listener is reached")) << b.said();
    EXPECT_EQ(stats().refused_by_rate, 1u);
}

TEST_F(LimitTest, WhoHasNotLoggedIn) {
    ASSERT_TRUE(b.start("max_unauthenticated_per_address 2\n"));
    client in = b.join("in");
    client half_1 = client::tcp(b.port);
    client half_2 = client::tcp(b.port);
    half_1.send({0x10});
    ASSERT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 3; }));
    EXPECT_TRUE(is_refused());
    EXPECT_TRUE(says("max_unauthenticated_per_address is reached")) << b.said();
    EXPECT_EQ(stats().refused_by_gate[GATE_PENDING_PER_ADDRESS], 1u);
    EXPECT_TRUE(is_alive(in));
    half_2.send(connect_packet("now"));
    EXPECT_EQ(b.receive(half_2, 4), CONNACK_ACCEPTED);
    client another = b.join("another");
}

TEST_F(LimitTest, AllWhoHaveNotLoggedIn) {
    ASSERT_TRUE(b.start("max_unauthenticated 1\nconnect_timeout 1\n"));
    client half = client::tcp(b.port);
    ASSERT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 1; }));
    EXPECT_TRUE(is_refused());
    EXPECT_TRUE(says("max_unauthenticated is reached")) << b.said();
    EXPECT_EQ(stats().refused_by_gate[GATE_PENDING], 1u);
    // Its time ends, and with it the siege.
    ASSERT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 0; }));
    client in = b.join("in");
}

TEST_F(LimitTest, TheSizeOfConnect) {
    ASSERT_TRUE(b.start("max_connect_size 1000\n"));
    bytes body;
    put_string(body, "MQTT");
    body.insert(body.end(), {4, 0x82, 0, 0});
    put_string(body, "id");
    put_string(body, std::string(2000, 'u'));
    const bytes large = io_test::packet(0x10, body);
    client whole = client::tcp(b.port);
    whole.send(large);
    EXPECT_EQ(b.receive(whole, 1), bytes());
    EXPECT_TRUE(whole.ended);
    client pieces = client::tcp(b.port);
    pieces.send(bytes(large.begin(), large.begin() + 10));
    EXPECT_EQ(b.receive(pieces, 1), bytes());
    EXPECT_TRUE(pieces.ended);
    EXPECT_TRUE(says("a packet larger than max_connect_size before the login")) << b.said();
    EXPECT_EQ(stats().oversized_count, 2u);
    // Who has logged in may send more, in the same piece too.
    client in = client::tcp(b.port);
    bytes all = connect_packet("in");
    const bytes message = publish_packet("a", std::string(100000, 'x'), 1, 1);
    all.insert(all.end(), message.begin(), message.end());
    EXPECT_TRUE(b.send(in, all));
    EXPECT_EQ(b.receive(in, 8), (bytes{0x20, 2, 0, 0, 0x40, 2, 0, 1}));
}

TEST_F(LimitTest, ManySmallPacketsBehindConnectAreNoLargeOne) {
    ASSERT_TRUE(b.start("max_connect_size 64\n"));
    client in = client::tcp(b.port);
    bytes all = connect_packet("in");
    for (int i = 0; i < 1000; i++)
        all.insert(all.end(), PINGREQ.begin(), PINGREQ.end());
    EXPECT_TRUE(b.send(in, all));
    EXPECT_EQ(b.receive(in, 4 + 2000).size(), 2004u);
}

// ---- Addresses ----

TEST_F(LimitTest, ListsOfAddresses) {
    ASSERT_TRUE(b.start("allow_address 127.0.0.0/8\n"));
    client in = b.join("in");
    ASSERT_TRUE(b.reload("allow_address 127.0.0.0/8\ndeny_address 127.0.0.0/30\n"));
    b.receive(in, 1);
    EXPECT_TRUE(in.ended);
    EXPECT_TRUE(says("closed client=\"in\" address=127.0.0.1:")) << b.said();
    EXPECT_TRUE(is_refused());
    EXPECT_TRUE(says("allow_address and deny_address do not let it in")) << b.said();
    ASSERT_TRUE(b.reload("allow_address 10.0.0.0/8\n"));
    EXPECT_TRUE(is_refused());
    EXPECT_EQ(stats().refused_by_list, 2u);
    ASSERT_TRUE(b.reload());
    client again = b.join("again");
}

// ---- PROXY protocol ----

const std::string V1 = "enable_proxy_protocol 1\nproxy_protocol_from 127.0.0.0/8\n";
const std::string V2 = "enable_proxy_protocol 2\nproxy_protocol_from 127.0.0.0/8\n";

// A header of version 2 from 192.0.2.7:258, with what it says of TLS.
std::string version_2(const std::string &tls = "") {
    const std::string tlv =
        tls.empty() ? "" : std::string("\x20\0", 2) + static_cast<char>(tls.size()) + tls;
    return std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0", 15) + static_cast<char>(12 + tlv.size()) +
           std::string("\xC0\0\x02\x07\x7F\0\0\x01\x01\x02\x07\x5B", 12) + tlv;
}

std::string tls_of(const std::string &name) {
    return std::string("\x07\0\0\0\0", 5) + std::string("\x22\0", 2) +
           static_cast<char>(name.size()) + name;
}

TEST_F(LimitTest, AProxySaysWhomItSpeaksFor) {
    ASSERT_TRUE(b.start(V1 + "max_connections_per_address 1\n"));
    EXPECT_TRUE(is_accepted("PROXY TCP4 192.0.2.7 127.0.0.1 99 1883\r\n"));
    EXPECT_TRUE(says("address=192.0.2.7:99")) << b.said();
    EXPECT_TRUE(is_accepted("PROXY TCP6 2001:db8::7 ::1 99 1883\r\n"));
    EXPECT_TRUE(says("address=[2001:db8::7]:99")) << b.said();
    // Limits are the client's, not the proxy's.
    EXPECT_FALSE(is_accepted("PROXY TCP4 192.0.2.7 127.0.0.1 100 1883\r\n"));
    EXPECT_TRUE(says("refused address=192.0.2.7:100: max_connections_per_address is reached"))
        << b.said();
    EXPECT_TRUE(is_accepted("PROXY TCP4 192.0.2.8 127.0.0.1 100 1883\r\n"));
}

TEST_F(LimitTest, AHeaderInPieces) {
    ASSERT_TRUE(b.start(V1));
    client slow = client::tcp(b.port);
    const std::string all = "PROXY TCP4 192.0.2.7 127.0.0.1 99 1883\r\n";
    for (const char c : all) {
        slow.send({static_cast<uint8_t>(c)});
        b.rounds(2);
    }
    slow.send(connect_packet("slow"));
    EXPECT_EQ(b.receive(slow, 4), CONNACK_ACCEPTED);
    EXPECT_TRUE(says("client=\"slow\"") && says("address=192.0.2.7:99")) << b.said();
}

TEST_F(LimitTest, WrongHeadersAndNone) {
    ASSERT_TRUE(b.start(V1 + "tls_handshake_timeout 1\n"));
    EXPECT_TRUE(is_refused("GET / HTTP/1.1\r\n"));
    EXPECT_TRUE(says("PROXY: no header of version 1")) << b.said();
    EXPECT_TRUE(is_refused(version_2()));
    EXPECT_TRUE(is_refused());
    EXPECT_TRUE(says("PROXY: no header within tls_handshake_timeout")) << b.said();
    EXPECT_EQ(stats().refused_count, 3u);
    EXPECT_EQ(stats().handshakes_failed, 0u);
}

TEST_F(LimitTest, StrangersAreNotBelieved) {
    ASSERT_TRUE(b.start("enable_proxy_protocol 1\nproxy_protocol_from 10.0.0.0/8\n"));
    EXPECT_TRUE(is_refused("PROXY TCP4 192.0.2.7 127.0.0.1 99 1883\r\n"));
    EXPECT_TRUE(says("it is none of the proxies of proxy_protocol_from")) << b.said();
    EXPECT_EQ(stats().refused_by_list, 1u);
}

TEST_F(LimitTest, AddressesBehindAProxy) {
    ASSERT_TRUE(b.start(V2 + "deny_address 192.0.2.7\n"));
    EXPECT_FALSE(is_accepted(version_2()));
    EXPECT_TRUE(says("refused address=192.0.2.7:258: allow_address and deny_address")) << b.said();
}

TEST_F(LimitTest, TheProxyEndedTls) {
    ASSERT_TRUE(b.start(V2 + "proxy_protocol_v2_require_tls true\nrequire_certificate true\n"
                             "use_identity_as_username true\nlistener_allow_anonymous false\n"));
    EXPECT_TRUE(is_accepted(version_2(tls_of("alice"))));
    EXPECT_FALSE(is_accepted(version_2()));
    EXPECT_TRUE(says("PROXY: it reached the proxy without TLS")) << b.said();
    EXPECT_FALSE(is_accepted(version_2(std::string("\x01\0\0\0\0", 5))));
    EXPECT_TRUE(says("PROXY: it showed the proxy no certificate")) << b.said();
    EXPECT_FALSE(is_accepted(version_2(std::string("\x07\0\0\0\0", 5))));
}

// ---- Rates of clients ----

TEST_F(LimitTest, MessagesPerSecondPause) {
    ASSERT_TRUE(b.start("max_client_message_rate 100\n"));
    client fast = b.join("fast");
    client other = b.join("other");
    bytes flood;
    for (uint16_t i = 1; i <= 250; i++) {
        const bytes one = publish_packet("a", "x", 1, i);
        flood.insert(flood.end(), one.begin(), one.end());
    }
    const uint64_t begin_ms = now_ms();
    ASSERT_TRUE(b.send(fast, flood));
    EXPECT_EQ(b.receive(fast, 250 * 4).size(), 1000u);
    ASSERT_TRUE(b.send(fast, PINGREQ));
    EXPECT_TRUE(is_alive(other));
    EXPECT_LT(now_ms() - begin_ms, 1000u) << "others do not wait";
    EXPECT_EQ(b.receive(fast, 2), PINGRESP);
    EXPECT_GE(now_ms() - begin_ms, 1400u) << "150 more than allowed are waited for";
    EXPECT_GE(stats().client_pauses, 1u);
    EXPECT_TRUE(says("paused address=127.0.0.1:")) << b.said();
}

TEST_F(LimitTest, BytesPerSecondPause) {
    ASSERT_TRUE(b.start("max_client_byte_rate 100000\n"));
    client fast = b.join("fast");
    const uint64_t begin_ms = now_ms();
    ASSERT_TRUE(b.send(fast, publish_packet("a", std::string(300000, 'x'), 1, 1), 20000));
    EXPECT_EQ(b.receive(fast, 4).size(), 4u);
    fast.send(PINGREQ);
    EXPECT_EQ(b.receive(fast, 2), PINGRESP);
    EXPECT_GE(now_ms() - begin_ms, 1500u);
    EXPECT_GE(stats().client_pauses, 1u);
}

TEST_F(LimitTest, OrDisconnect) {
    ASSERT_TRUE(b.start("max_client_message_rate 10\nclient_rate_action disconnect\n"));
    client fast = b.join("fast");
    bytes flood;
    for (uint16_t i = 1; i <= 50; i++) {
        const bytes one = publish_packet("a", "x", 0);
        flood.insert(flood.end(), one.begin(), one.end());
    }
    ASSERT_TRUE(b.send(fast, flood));
    b.receive(fast, 1000);
    EXPECT_TRUE(fast.ended);
    EXPECT_EQ(stats().client_rate_closed, 1u);
    EXPECT_TRUE(says("it publishes more than max_client_message_rate")) << b.said();
}

TEST_F(LimitTest, WhoLeavesWhilePausedIsGone) {
    ASSERT_TRUE(b.start("max_client_message_rate 1\n"));
    client fast = b.join("fast");
    bytes flood;
    for (int i = 0; i < 100; i++) {
        const bytes one = publish_packet("a", "x");
        flood.insert(flood.end(), one.begin(), one.end());
    }
    ASSERT_TRUE(b.send(fast, flood));
    ASSERT_TRUE(b.until([&] { return stats().client_pauses > 0; }));
    const linger now = {1, 0};
    setsockopt(fast.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fast.end();
    EXPECT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 0; }, 3000));
}

} // namespace
