// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// TLS against a server of OpenSSL in the same program, without sockets; then TLS and WebSocket in
// every combination under a true case, over sockets. Certificates are made by the openssl command.

#include "conformance/tls_layer.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "conformance/runner.h"
#include "conformance/tcp_world.h"
#include "conformance/tls_test_server.h"

namespace conformance {
namespace {

const test_certificates &certificates() {
    static const test_certificates made;
    return made;
}

tls_options trusting() {
    tls_options options;
    options.cafile = certificates().file("ca.pem");
    return options;
}

std::unique_ptr<layer> client_of(const tls_options &options, const std::string &host) {
    std::string error;
    auto settings = tls_settings_make(options, &error);
    EXPECT_NE(settings, nullptr) << error;
    return tls_layer_make(settings, host);
}

// Carries bytes between the two until neither has any. What the client reads goes to `up`.
void talk(layer *client, test_tls_server *server, std::string to_server, std::string *up) {
    for (int rounds = 0; rounds < 50 && !to_server.empty(); rounds++) {
        server->receive(to_server);
        to_server.clear();
        client->receive(server->take(), up, &to_server);
    }
}

// The failure of the handshake; empty if there is none.
std::string handshake(const tls_options &options, const std::string &host,
                      bool client_certificate = false) {
    test_tls_server server(certificates(), client_certificate);
    const auto client = client_of(options, host);
    std::string first;
    std::string up;
    client->start(&first);
    talk(client.get(), &server, first, &up);
    EXPECT_EQ(client->ready(), client->failure().empty());
    return client->failure();
}

TEST(Tls, BytesGoBothWaysAndTheEndIsSeen) {
    test_tls_server server(certificates(), false);
    const auto client = client_of(trusting(), "localhost");
    std::string down;
    std::string up;
    client->start(&down);
    EXPECT_FALSE(client->ready());
    talk(client.get(), &server, down, &up);
    ASSERT_TRUE(client->ready()) << client->failure();
    const std::string large(300000, 'x');
    down.clear();
    client->send(large, false, &down);
    EXPECT_GT(down.size(), large.size());
    EXPECT_EQ(down.find("xxxxxxxx"), std::string::npos);
    talk(client.get(), &server, down, &up);
    EXPECT_EQ(server.heard, large);
    server.send("answer");
    std::string more;
    client->receive(server.take(), &up, &more);
    EXPECT_EQ(up, "answer");
    EXPECT_FALSE(client->ended());
    server.close();
    client->receive(server.take(), &up, &more);
    EXPECT_TRUE(client->ended());
}

TEST(Tls, OurEndIsToldToTheServer) {
    test_tls_server server(certificates(), false);
    const auto client = client_of(trusting(), "127.0.0.1");
    std::string down;
    std::string up;
    client->start(&down);
    talk(client.get(), &server, down, &up);
    down.clear();
    client->end(&down);
    server.receive(down);
    EXPECT_TRUE(server.closed);
}

TEST(Tls, CertificatesAreChecked) {
    EXPECT_EQ(handshake(trusting(), "localhost"), "");
    EXPECT_EQ(handshake(trusting(), "127.0.0.1"), "");
    EXPECT_NE(handshake(trusting(), "other.example").find("hostname mismatch"), std::string::npos);
    EXPECT_NE(handshake(trusting(), "127.0.0.2").find("IP address mismatch"), std::string::npos);
    const std::string unknown = handshake({}, "localhost");
    EXPECT_NE(unknown.find("certificate verify failed"), std::string::npos) << unknown;
    tls_options insecure;
    insecure.insecure = true;
    EXPECT_EQ(handshake(insecure, "other.example"), "");
}

TEST(Tls, ClientCertificates) {
    test_tls_server server(certificates(), true);
    tls_options with = trusting();
    with.cert = certificates().file("client.pem");
    with.key = certificates().file("client.key");
    EXPECT_EQ(handshake(with, "localhost", true), "");
    with.cert = with.key = certificates().file("client-both.pem");
    EXPECT_EQ(handshake(with, "localhost", true), "");
    with.key.clear();
    EXPECT_EQ(handshake(with, "localhost", true), "");
    // In TLS 1.3 the client is done before the server refuses it: the refusal ends the stream.
    const auto client = client_of(trusting(), "localhost");
    std::string down;
    std::string up;
    client->start(&down);
    talk(client.get(), &server, down, &up);
    EXPECT_TRUE(client->ended());
}

TEST(Tls, NoTlsThereIsAFailure) {
    const auto client = client_of(trusting(), "localhost");
    std::string down;
    std::string up;
    client->start(&down);
    client->receive("HTTP/1.1 400 Bad Request\r\n\r\n", &up, &down);
    EXPECT_NE(client->failure(), "");
}

TEST(Tls, FilesThatCannotBeUsedAreNamed) {
    std::string error;
    tls_options options;
    options.cafile = "/nonexistent/ca.pem";
    EXPECT_EQ(tls_settings_make(options, &error), nullptr);
    EXPECT_EQ(error.rfind("/nonexistent/ca.pem: ", 0), 0u) << error;
    options = trusting();
    options.cert = certificates().file("client.pem");
    options.key = certificates().file("ca.key");
    EXPECT_EQ(tls_settings_make(options, &error), nullptr);
    EXPECT_EQ(error.rfind(options.key, 0), 0u) << error;
}

// ---- Over sockets ----------------------------------------------------------------------------

case_result run(const std::string &steps, const test_socket_server &server, bool tls,
                bool websocket) {
    std::string error;
    transport way;
    if (tls) {
        way.tls = tls_settings_make(trusting(), &error);
    }
    way.websocket_path = websocket ? "/mqtt" : "";
    const script parsed = script_parse("v5/6_test.case", "case one\ncites v5/6.0.0-1\n" + steps);
    EXPECT_TRUE(parsed.errors.empty()) << parsed.errors[0];
    tcp_world world({"127.0.0.1", server.port()}, {}, way);
    return runner_run(parsed.cases[0], world, {});
}

class EveryWay : public testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(EveryWay, ACaseRuns) {
    const auto [tls, websocket] = GetParam();
    test_socket_server server(certificates(), tls, websocket);
    const case_result result = run("A connect\nA > split 1 PINGREQ\nA < PINGRESP\n"
                                   "A > PINGREQ & PINGREQ\nA < PINGRESP & PINGRESP\n"
                                   "A > DISCONNECT\nA < close\n",
                                   server, tls, websocket);
    EXPECT_EQ(result.verdict, verdict::pass) << result.reason << runner_log_text(result.log, "");
    EXPECT_EQ(server.heard().substr(0, 1), "\x10");
    EXPECT_EQ(server.heard().substr(server.heard().size() - 2), std::string("\xE0\x00", 2));
}

TEST_P(EveryWay, AClientThatClosesIsNoticed) {
    const auto [tls, websocket] = GetParam();
    test_socket_server server(certificates(), tls, websocket);
    const case_result result = run("A connect\nA close\nwait 50ms\n", server, tls, websocket);
    EXPECT_EQ(result.verdict, verdict::pass) << result.reason;
    EXPECT_LT(result.duration_ms, 900u) << "close() waited for a server that did not see it";
}

INSTANTIATE_TEST_SUITE_P(All, EveryWay, testing::Combine(testing::Bool(), testing::Bool()),
                         [](const auto &each) {
                             return std::string(std::get<0>(each.param) ? "Tls" : "Plain") +
                                    (std::get<1>(each.param) ? "Websocket" : "");
                         });

TEST(Websocket, NeedIsMetByTheTransport) {
    test_socket_server server(certificates(), false, true);
    const std::string steps = "needs websocket\nA connect\nA > text PINGREQ\nA < close\n";
    EXPECT_EQ(run(steps, server, false, true).verdict, verdict::pass);
    EXPECT_EQ(run(steps, server, false, false).verdict, verdict::not_supported);
}

TEST(Websocket, WhatTheServerDoesWrongFailsTheCase) {
    for (const auto rude : {test_socket_server::rude_protocol, test_socket_server::rude_text}) {
        test_socket_server server(certificates(), false, true, rude);
        const case_result result = run("A connect\nA ping\n", server, false, true);
        EXPECT_EQ(result.verdict, verdict::fail);
        EXPECT_NE(result.reason.find("WebSocket"), std::string::npos) << result.reason;
    }
}

TEST(Transport, AServerThatSpeaksNoTlsIsInconclusive) {
    test_socket_server server(certificates(), false, false);
    const case_result result = run("A connect\n", server, true, false);
    EXPECT_EQ(result.verdict, verdict::inconclusive);
}

TEST(Transport, PortsOfAddressesThatNameNone) {
    transport way;
    EXPECT_STREQ(transport_port(way), "1883");
    way.websocket_path = "/";
    EXPECT_STREQ(transport_port(way), "80");
    std::string error;
    way.tls = tls_settings_make({}, &error);
    EXPECT_STREQ(transport_port(way), "443");
    way.websocket_path.clear();
    EXPECT_STREQ(transport_port(way), "8883");
}

} // namespace
} // namespace conformance
