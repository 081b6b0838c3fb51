// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// TLS from end to end: the loop with real sockets, clients made of OpenSSL, certificates made for
// each test.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "broker/io/loop_test_support.h"
#include "broker/io/tls_test_support.h"

using io_test::authority;
using io_test::broker;
using io_test::bytes;
using io_test::client;
using io_test::CONNACK_ACCEPTED;
using io_test::connect_packet;
using io_test::DAY_S;
using io_test::now_ms;
using io_test::PINGREQ;
using io_test::PINGRESP;
using io_test::publish_packet;
using io_test::subscribe_packet;
using io_test::tls_client;

namespace {

const bytes PSK = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr const char *PSK_TEXT = "0102030405060708090a0b0c0d0e0f10";

class TlsTest : public testing::Test {
  protected:
    TlsTest() : b(poller_find(nullptr)), ca(b.c.dir.file(".")) {
        ca.issue("server", "/CN=localhost");
    }
    // Options of the listener, in the words of the file.
    std::string certificate(const std::string &name = "server") const {
        return "certfile " + ca.file(name + ".crt") + "\nkeyfile " + ca.file(name + ".key") + "\n";
    }
    std::string client_checks() const {
        return "cafile " + ca.file("ca.crt") + "\nrequire_certificate true\n";
    }
    std::string psk(const std::string &text) const {
        const std::string path = b.c.dir.write("psk", text);
        chmod(path.c_str(), 0600);
        return "psk_file " + path + "\npsk_hint hint\n";
    }
    std::unique_ptr<tls_client> plain_client() const {
        auto made = std::make_unique<tls_client>(client::tcp(b.port));
        made->trust(ca.file("ca.crt"));
        return made;
    }
    std::unique_ptr<tls_client> client_named(const std::string &name) const {
        auto made = plain_client();
        made->identify(ca.file(name + ".crt"), ca.file(name + ".key"));
        return made;
    }
    std::unique_ptr<tls_client> psk_client(const std::string &identity, const bytes &key) const {
        auto made = std::make_unique<tls_client>(client::tcp(b.port));
        made->identify_psk(identity, key);
        return made;
    }
    bool shake(tls_client &by) {
        b.until([&] { return by.step(); });
        return by.is_connected;
    }
    bytes receive(tls_client &from, size_t expected) {
        bytes all;
        b.until([&] {
            const bytes more = from.receive();
            all.insert(all.end(), more.begin(), more.end());
            return all.size() >= expected || from.has_ended;
        });
        return all;
    }
    // CONNACK, or nothing if the broker ended the connection.
    bytes join(tls_client &by, const std::string &id, uint8_t version = 4) {
        if (!shake(by))
            return {};
        by.send(connect_packet(id, version));
        return receive(by, 4);
    }
    bool is_alive(tls_client &by) {
        by.send(PINGREQ);
        return receive(by, 2) == PINGRESP;
    }
    bool hears_itself(tls_client &by, const std::string &topic);
    bool says(const std::string &text) const { return b.said().find(text) != std::string::npos; }

    broker b;
    authority ca;
};

// ---- Bytes ----

class TlsVersions : public TlsTest, public testing::WithParamInterface<int> {};

TEST_P(TlsVersions, MessagesOfEverySize) {
    ASSERT_TRUE(b.start(certificate()));
    auto sub = plain_client();
    auto pub = plain_client();
    sub->only(GetParam());
    pub->only(GetParam());
    ASSERT_EQ(join(*sub, "sub"), CONNACK_ACCEPTED);
    ASSERT_EQ(join(*pub, "pub"), CONNACK_ACCEPTED);
    sub->send(subscribe_packet("#"));
    ASSERT_EQ(receive(*sub, 5), (bytes{0x90, 3, 0, 1, 0}));
    for (const size_t size : {0u, 1u, 100u, 16383u, 16384u, 16385u, 100000u, 1000000u}) {
        const bytes message = publish_packet("a/b", std::string(size, 'x'));
        size_t sent = 0;
        bytes got;
        // The client's socket takes a part, the broker reads it, and so on.
        EXPECT_TRUE(b.until([&] {
            size_t written = 0;
            if (sent < message.size() && SSL_write_ex(pub->ssl, message.data() + sent,
                                                      message.size() - sent, &written) == 1)
                sent += written;
            const bytes more = sub->receive();
            got.insert(got.end(), more.begin(), more.end());
            return got.size() >= message.size() || sub->has_ended;
        })) << size;
        EXPECT_EQ(got, message) << size;
    }
    EXPECT_STREQ(SSL_get_version(sub->ssl), GetParam() == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
}

TEST_P(TlsVersions, WhoDoesNotReadIsBoundedAndGetsTheRestLater) {
    ASSERT_TRUE(b.start(certificate() + "max_queued_messages 100000\n"));
    auto slow = std::make_unique<tls_client>(client::tcp(b.port, 4096));
    slow->only(GetParam());
    ASSERT_EQ(join(*slow, "slow"), CONNACK_ACCEPTED);
    slow->send(subscribe_packet("#", 1));
    ASSERT_EQ(receive(*slow, 5), (bytes{0x90, 3, 0, 1, 1}));
    auto pub = plain_client();
    ASSERT_EQ(join(*pub, "pub"), CONNACK_ACCEPTED);
    const std::string payload(10000, 'y');
    for (uint16_t i = 1; i <= 15; i++)
        pub->send(publish_packet("a", payload, 1, i));
    EXPECT_EQ(receive(*pub, 15 * 4).size(), 15u * 4u);
    EXPECT_EQ(receive(*slow, 15 * publish_packet("a", payload, 1, 1).size()).size(),
              15 * publish_packet("a", payload, 1, 1).size());
    EXPECT_TRUE(is_alive(*slow));
}

TEST_P(TlsVersions, TheLastPacketMayComeWithTheEnd) {
    ASSERT_TRUE(b.start(certificate()));
    auto sub = plain_client();
    ASSERT_EQ(join(*sub, "sub"), CONNACK_ACCEPTED);
    sub->send(subscribe_packet("#"));
    receive(*sub, 5);
    auto pub = plain_client();
    pub->only(GetParam());
    ASSERT_EQ(join(*pub, "pub"), CONNACK_ACCEPTED);
    // Message and close_notify are there together, and TCP stays open.
    const bytes message = publish_packet("a", "last", 1, 7);
    pub->send(message);
    SSL_shutdown(pub->ssl);
    const bytes expected = publish_packet("a", "last");
    EXPECT_EQ(receive(*sub, expected.size()), expected);
    EXPECT_EQ(receive(*pub, 5), (bytes{0x40, 2, 0, 7}));
    EXPECT_TRUE(pub->has_ended);
    EXPECT_TRUE(b.until([&] { return b.stat(STAT_CLIENTS_CONNECTED) == 1; }));
}

INSTANTIATE_TEST_SUITE_P(Both, TlsVersions, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_F(TlsTest, OldVersionsAreRefused) {
    ASSERT_TRUE(b.start(certificate()));
    auto old = plain_client();
    SSL_CTX_set_security_level(old->context, 0);
    SSL_CTX_set_cipher_list(old->context, "ALL:@SECLEVEL=0");
    old->only(TLS1_1_VERSION);
    EXPECT_FALSE(shake(*old));
    EXPECT_TRUE(b.until([&] { return says("unsupported protocol"); })) << b.said();
    EXPECT_EQ(loop_stats(b.loop)->handshakes_failed, 1u);
}

TEST_F(TlsTest, OnlyOnePointThree) {
    ASSERT_TRUE(b.start(certificate() + "tls_version tlsv1.3\n"));
    auto old = plain_client();
    old->only(TLS1_2_VERSION);
    EXPECT_FALSE(shake(*old));
    auto young = plain_client();
    EXPECT_TRUE(shake(*young));
}

TEST_F(TlsTest, RefusesWhoDoesNotSpeakIt) {
    ASSERT_TRUE(b.start(certificate()));
    client plain = client::tcp(b.port);
    plain.send(connect_packet("plain"));
    b.receive(plain, 1000);
    EXPECT_TRUE(plain.ended);
    EXPECT_TRUE(says("refused address=127.0.0.1:")) << b.said();
    EXPECT_TRUE(says("TLS: it does not speak TLS")) << b.said();
    EXPECT_EQ(b.stat(STAT_SOCKETS_OPENED), 0u) << "the core was not told";
}

TEST_F(TlsTest, HalfAHandshakeIsGivenUpInTime) {
    ASSERT_TRUE(b.start(certificate() + "tls_handshake_timeout 1\n"));
    client silent = client::tcp(b.port);
    client half = client::tcp(b.port);
    half.send({0x16, 3, 1, 2, 0, 1});
    b.receive(silent, 1);
    b.receive(half, 1000);
    EXPECT_TRUE(silent.ended);
    EXPECT_TRUE(half.ended);
    EXPECT_EQ(loop_stats(b.loop)->handshakes_failed, 2u);
    EXPECT_TRUE(says("tls_handshake_timeout")) << b.said();
}

TEST_F(TlsTest, TheSlowestHandshakeMakesRoom) {
    ASSERT_TRUE(b.start(certificate() + "max_handshakes 2\ntls_handshake_timeout 60\n"));
    client silent = client::tcp(b.port);
    client half = client::tcp(b.port);
    half.send({0x16, 3, 1, 2, 0, 1});
    ASSERT_TRUE(b.until([&] { return loop_connection_count(b.loop) == 2; }));
    auto honest = plain_client();
    EXPECT_EQ(join(*honest, "honest"), CONNACK_ACCEPTED) << b.said();
    EXPECT_TRUE(says("max_handshakes is reached, and it is the slowest")) << b.said();
    EXPECT_TRUE(says("new connections have to wait: max_handshakes is reached")) << b.said();
    EXPECT_EQ(loop_stats(b.loop)->handshakes_failed, 1u);
    b.receive(silent, 1);
    EXPECT_TRUE(silent.ended);
}

TEST_F(TlsTest, ProtocolsByName) {
    ASSERT_TRUE(b.start(certificate()));
    auto mqtt = plain_client();
    const uint8_t names[] = "\x08http/1.1\x04mqtt";
    SSL_CTX_set_alpn_protos(mqtt->context, names, sizeof names - 1);
    ASSERT_EQ(join(*mqtt, "m"), CONNACK_ACCEPTED);
    const uint8_t *chosen = nullptr;
    unsigned len = 0;
    SSL_get0_alpn_selected(mqtt->ssl, &chosen, &len);
    EXPECT_EQ(std::string(reinterpret_cast<const char *>(chosen), len), "mqtt");
    auto web = plain_client();
    SSL_CTX_set_alpn_protos(web->context, names, 9);
    EXPECT_FALSE(shake(*web));
}

TEST_F(TlsTest, SessionsAreResumed) {
    ASSERT_TRUE(b.start(certificate()));
    auto first = plain_client();
    SSL_SESSION *session = nullptr;
    ASSERT_EQ(join(*first, "a"), CONNACK_ACCEPTED);
    session = SSL_get1_session(first->ssl);
    ASSERT_TRUE(SSL_SESSION_is_resumable(session));
    auto second = plain_client();
    second->session = session;
    ASSERT_EQ(join(*second, "a"), CONNACK_ACCEPTED);
    EXPECT_EQ(SSL_session_reused(second->ssl), 1);
    // Not by a reload, where nobody is asked for a certificate.
    ASSERT_TRUE(b.reload(certificate()));
    auto third = plain_client();
    third->session = SSL_get1_session(second->ssl);
    ASSERT_EQ(join(*third, "a"), CONNACK_ACCEPTED);
    EXPECT_EQ(SSL_session_reused(third->ssl), 1);
}

TEST_F(TlsTest, StaplesAnOcspAnswer) {
    ca.write_ocsp("ocsp", "server");
    ASSERT_TRUE(b.start(certificate() + "ocsp_file " + ca.file("ocsp") + "\n"));
    auto asking = plain_client();
    SSL_CTX_set_tlsext_status_type(asking->context, TLSEXT_STATUSTYPE_ocsp);
    ASSERT_TRUE(shake(*asking));
    const uint8_t *answer = nullptr;
    const long len = SSL_get_tlsext_status_ocsp_resp(asking->ssl, &answer);
    const std::string expected = io_test::folder::read(ca.file("ocsp"));
    ASSERT_EQ(len, static_cast<long>(expected.size()));
    EXPECT_EQ(memcmp(answer, expected.data(), expected.size()), 0);
    b.c.dir.write("bad", "no answer");
    EXPECT_FALSE(b.reload(certificate() + "ocsp_file " + ca.file("bad") + "\n"));
    EXPECT_TRUE(says("is no successful OCSP answer (DER)")) << b.said();
}

// ---- Who it is ----

TEST_F(TlsTest, ClientCertificatesAreRequired) {
    ca.issue("alice", "/O=Test/CN=alice");
    const authority other(b.c.dir.file("."), "other");
    other.issue("mallory", "/CN=mallory");
    ca.issue("late", "/CN=late", -10 * DAY_S, -DAY_S);
    ASSERT_TRUE(b.start(certificate() + client_checks()));
    EXPECT_EQ(join(*client_named("alice"), "a"), CONNACK_ACCEPTED);
    EXPECT_EQ(join(*plain_client(), "b"), bytes());
    EXPECT_TRUE(says("peer did not return a certificate")) << b.said();
    EXPECT_EQ(join(*client_named("mallory"), "c"), bytes());
    EXPECT_TRUE(says("unable to get local issuer certificate")) << b.said();
    EXPECT_EQ(join(*client_named("late"), "d"), bytes());
    EXPECT_TRUE(says("TLS: certificate has expired")) << b.said();
    EXPECT_EQ(loop_stats(b.loop)->handshakes_failed, 3u);
}

TEST_F(TlsTest, DatesMayBeIgnored) {
    ca.issue("late", "/CN=late", -10 * DAY_S, -DAY_S);
    ASSERT_TRUE(
        b.start(certificate() + client_checks() + "disable_client_cert_date_checks true\n"));
    auto late = client_named("late");
    EXPECT_EQ(join(*late, "d"), CONNACK_ACCEPTED);
    ASSERT_TRUE(
        b.reload(certificate() + client_checks() + "disable_client_cert_date_checks true\n"));
    EXPECT_TRUE(is_alive(*late));
}

TEST_F(TlsTest, TheNameInTheCertificateLetsIn) {
    ca.issue("alice", "/O=Test/CN=alice");
    ca.issue("nameless", "/O=Test");
    const std::string options = certificate() + client_checks() +
                                "use_identity_as_username true\n" +
                                "listener_allow_anonymous false\n";
    ASSERT_TRUE(b.start(options));
    EXPECT_EQ(join(*client_named("alice"), "a"), CONNACK_ACCEPTED);
    EXPECT_EQ(join(*client_named("nameless"), "b"), (bytes{0x20, 2, 0, 4}));
}

// Whether what a client publishes to the topic comes back to it.
bool TlsTest::hears_itself(tls_client &by, const std::string &topic) {
    by.send(subscribe_packet(topic));
    if (receive(by, 5).size() != 5)
        return false;
    by.send(publish_packet(topic, "x"));
    by.send(PINGREQ);
    const bytes echo = publish_packet(topic, "x");
    const bytes got = receive(by, 2);
    return std::search(got.begin(), got.end(), echo.begin(), echo.end()) != got.end() ||
           receive(by, echo.size()) == echo;
}

TEST_F(TlsTest, TheNameIsTheUserOfTheAccessList) {
    ca.issue("alice", "/O=Test/CN=alice");
    ca.issue("bob", "/O=Test/CN=bob");
    const std::string acl = b.c.dir.write("acl", "pattern readwrite home/%u\n");
    chmod(acl.c_str(), 0600);
    ASSERT_TRUE(b.start("acl_file " + acl + "\n" + certificate() + client_checks() +
                        "use_identity_as_username true\n"));
    auto alice = client_named("alice");
    ASSERT_EQ(join(*alice, "a"), CONNACK_ACCEPTED);
    EXPECT_TRUE(hears_itself(*alice, "home/alice"));
    auto bob = client_named("bob");
    ASSERT_EQ(join(*bob, "b"), CONNACK_ACCEPTED);
    bob->send(subscribe_packet("home/alice"));
    EXPECT_EQ(receive(*bob, 5), (bytes{0x90, 3, 0, 1, 0x80}));
    EXPECT_TRUE(hears_itself(*bob, "home/bob"));
}

TEST_F(TlsTest, PreSharedKeys) {
    ASSERT_TRUE(b.start(psk(std::string("device:") + PSK_TEXT + "\n") +
                        "use_identity_as_username true\nlistener_allow_anonymous false\n"));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        auto right = psk_client("device", PSK);
        right->only(version);
        EXPECT_EQ(join(*right, "a"), CONNACK_ACCEPTED) << b.said();
        auto wrong = psk_client("device", bytes(16, 9));
        wrong->only(version);
        EXPECT_EQ(join(*wrong, "b"), bytes());
        auto unknown = psk_client("nobody", PSK);
        unknown->only(version);
        EXPECT_EQ(join(*unknown, "c"), bytes());
    }
    EXPECT_EQ(loop_stats(b.loop)->handshakes, 2u);
    EXPECT_EQ(loop_stats(b.loop)->handshakes_failed, 4u);
}

// ---- Reload ----

TEST_F(TlsTest, ANewCertificateForNewClientsOnly) {
    ca.issue("second", "/CN=second");
    ASSERT_TRUE(b.start(certificate()));
    auto before = plain_client();
    ASSERT_EQ(join(*before, "before"), CONNACK_ACCEPTED);
    ASSERT_TRUE(b.reload(certificate("second")));
    auto after = plain_client();
    ASSERT_EQ(join(*after, "after"), CONNACK_ACCEPTED);
    char name[64];
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(after->ssl)),
                              NID_commonName, name, sizeof name);
    EXPECT_STREQ(name, "second");
    b.rounds(20);
    EXPECT_TRUE(is_alive(*before));
    EXPECT_EQ(b.stat(STAT_CLIENTS_CONNECTED), 2u);
}

TEST_F(TlsTest, ARevokedClientIsClosedAndNoOther) {
    ca.issue("alice", "/CN=alice");
    ca.issue("bob", "/CN=bob");
    ca.write_crl("crl");
    const std::string options =
        certificate() + client_checks() + "crlfile " + ca.file("crl") + "\n";
    ASSERT_TRUE(b.start(options));
    auto alice = client_named("alice");
    auto bob = client_named("bob");
    ASSERT_EQ(join(*alice, "alice"), CONNACK_ACCEPTED);
    ASSERT_EQ(join(*bob, "bob"), CONNACK_ACCEPTED);
    SSL_SESSION *session = SSL_get1_session(bob->ssl);
    // One whose handshake is under way is told apart too.
    auto late = client_named("bob");
    late->only(TLS1_2_VERSION);
    late->step();
    b.rounds(5);
    ca.revoke("bob");
    ca.write_crl("crl");
    ASSERT_TRUE(b.reload(options));
    receive(*bob, 1);
    EXPECT_TRUE(bob->has_ended);
    EXPECT_TRUE(says("closed client=\"bob\" address=127.0.0.1:")) << b.said();
    EXPECT_TRUE(says("certificate revoked")) << b.said();
    EXPECT_TRUE(is_alive(*alice));
    EXPECT_EQ(loop_stats(b.loop)->revoked_count, 1u);
    EXPECT_EQ(join(*late, "late"), bytes());
    // Neither a new handshake nor an old ticket lets it in again.
    EXPECT_EQ(join(*client_named("bob"), "bob"), bytes());
    auto again = client_named("bob");
    again->session = session;
    EXPECT_EQ(join(*again, "bob"), bytes());
    EXPECT_EQ(b.stat(STAT_CLIENTS_CONNECTED), 1u);
}

TEST_F(TlsTest, ARemovedAuthorityClosesItsClients) {
    const authority other(b.c.dir.file("."), "other");
    other.issue("olga", "/CN=olga");
    ca.issue("alice", "/CN=alice");
    const std::string both =
        io_test::folder::read(ca.file("ca.crt")) + io_test::folder::read(ca.file("other.crt"));
    const std::string options =
        certificate() + "cafile " + ca.file("both.crt") + "\nrequire_certificate true\n";
    b.c.dir.write("both.crt", both);
    ASSERT_TRUE(b.start(options));
    auto olga = client_named("olga");
    auto alice = client_named("alice");
    ASSERT_EQ(join(*olga, "olga"), CONNACK_ACCEPTED);
    ASSERT_EQ(join(*alice, "alice"), CONNACK_ACCEPTED);
    b.c.dir.write("both.crt", io_test::folder::read(ca.file("ca.crt")));
    ASSERT_TRUE(b.reload(options));
    receive(*olga, 1);
    EXPECT_TRUE(olga->has_ended);
    EXPECT_TRUE(is_alive(*alice));
}

TEST_F(TlsTest, AChangedKeyClosesItsClient) {
    const std::string two = std::string("a:") + PSK_TEXT + "\nb:" + PSK_TEXT + "\n";
    ASSERT_TRUE(b.start(psk(two)));
    auto a = psk_client("a", PSK);
    auto other = psk_client("b", PSK);
    ASSERT_EQ(join(*a, "a"), CONNACK_ACCEPTED);
    ASSERT_EQ(join(*other, "b"), CONNACK_ACCEPTED);
    ASSERT_TRUE(b.reload(psk(std::string("a:") + PSK_TEXT + "\nb:00\n")));
    receive(*other, 1);
    EXPECT_TRUE(other->has_ended);
    EXPECT_TRUE(says("its pre-shared key was removed or changed"));
    EXPECT_TRUE(is_alive(*a));
}

TEST_F(TlsTest, ABadNewFileChangesNothing) {
    ASSERT_TRUE(b.start(certificate()));
    auto before = plain_client();
    ASSERT_EQ(join(*before, "before"), CONNACK_ACCEPTED);
    EXPECT_FALSE(
        b.reload("certfile " + ca.file("gone.crt") + "\nkeyfile " + ca.file("server.key") + "\n"));
    EXPECT_TRUE(says("t.conf:1: certfile " + ca.file("gone.crt") + ": No such file or directory"))
        << b.said();
    b.c.dir.write("server.crt", "no certificate");
    EXPECT_FALSE(b.reload(certificate()));
    EXPECT_TRUE(says("there is nothing of the kind in it (PEM)")) << b.said();
    auto after = plain_client();
    EXPECT_EQ(join(*after, "after"), CONNACK_ACCEPTED);
    EXPECT_TRUE(is_alive(*before));
}

// ---- What is wrong with a configuration ----

TEST_F(TlsTest, EveryFaultHasItsReason) {
    ca.issue("other", "/CN=other");
    ca.issue("locked", "/CN=locked", -DAY_S, DAY_S, "secret");
    b.c.dir.write("empty", "");
    const std::string mixed =
        "certfile " + ca.file("server.crt") + "\nkeyfile " + ca.file("other.key") + "\n";
    const std::pair<std::string, const char *> faults[] = {
        {"certfile " + ca.file("server.crt") + "\n", "there is no keyfile to go with it"},
        {"keyfile " + ca.file("server.key") + "\n", "there is no certfile to go with it"},
        {mixed, "key values mismatch"},
        {certificate("locked"), "is encrypted, and there is no terminal"},
        {certificate() + "cafile " + ca.file("empty") + "\n", "cafile " /* and why */},
        {certificate() + "cafile /\n", "cafile /: is a directory"},
        {certificate() + "capath /none\n", "capath /none: No such file or directory"},
        {certificate() + "crlfile " + ca.file("empty") + "\n", "crlfile "},
        {certificate() + "dhparamfile " + ca.file("empty") + "\n", "dhparamfile "},
        {certificate() + "require_certificate true\n", "there is no cafile or capath"},
        {certificate() + "ciphers NONE\n", "ciphers NONE: no cipher match"},
        {certificate() + "ciphers_tls1.3 NONE\n", "ciphers_tls1.3 NONE: no cipher match"},
        {certificate() + "psk_hint h\n", "either pre-shared keys or a certificate"},
        {"psk_hint h\n", "there is no psk_file with the keys"},
        {psk("wrong\n"), "psk:1: no colon"},
    };
    for (const auto &[options, reason] : faults) {
        broker other(poller_find(nullptr));
        EXPECT_FALSE(other.start(options)) << options;
        EXPECT_NE(other.said().find(reason), std::string::npos) << options << other.said();
    }
}

TEST_F(TlsTest, WhatEndsSoonIsSaid) {
    ca.issue("short", "/CN=short", -DAY_S, 5 * DAY_S + 60);
    ca.write_crl("crl", -60);
    ASSERT_TRUE(
        b.start(certificate("short") + client_checks() + "crlfile " + ca.file("crl") + "\n"));
    EXPECT_TRUE(says("the certificate in " + ca.file("short.crt") + " ends in 5 days"))
        << b.said();
    EXPECT_TRUE(says("the list of revoked certificates in " + ca.file("crl") + " has ended"))
        << b.said();
}

} // namespace
