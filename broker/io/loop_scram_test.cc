// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// SCRAM-SHA-256 as a client of MQTT 5.0 speaks it: CONNECT, AUTH both ways, CONNACK, and again
// while connected. The client's half is written here from RFC 5802, and nothing of ours is in it.

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <functional>
#include <map>

#include "broker/io/loop_test_support.h"

using io_test::broker;
using io_test::bytes;
using io_test::client;
using io_test::packet;
using io_test::PINGREQ;
using io_test::put_string;

namespace {

// For "pencil", of RFC 7677.
const char keys[] =
    "user:$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBF"
    "zpcXkuLmtbsT4qY=$wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\n";

std::string from_base64(const std::string &text) {
    std::string out(text.size(), '\0');
    const int len = EVP_DecodeBlock(reinterpret_cast<uint8_t *>(out.data()),
                                    reinterpret_cast<const uint8_t *>(text.data()),
                                    static_cast<int>(text.size()));
    out.resize(static_cast<size_t>(len));
    for (size_t i = text.size(); i > 0 && text[i - 1] == '='; i--)
        out.pop_back();
    return out;
}

std::string to_base64(const std::string &from) {
    std::string out(from.size() * 2 + 8, '\0');
    const int len = EVP_EncodeBlock(reinterpret_cast<uint8_t *>(out.data()),
                                    reinterpret_cast<const uint8_t *>(from.data()),
                                    static_cast<int>(from.size()));
    out.resize(static_cast<size_t>(len));
    return out;
}

std::string hmac(const std::string &key, const std::string &text) {
    uint8_t out[32];
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const uint8_t *>(text.data()), text.size(), out, nullptr);
    return std::string(reinterpret_cast<char *>(out), sizeof out);
}

std::string sha256(const std::string &text) {
    uint8_t out[32];
    EVP_Digest(text.data(), text.size(), out, nullptr, EVP_sha256(), nullptr);
    return std::string(reinterpret_cast<char *>(out), sizeof out);
}

// "r=…,s=…,i=…" by letter.
std::map<char, std::string> attributes(const std::string &message) {
    std::map<char, std::string> out;
    for (size_t at = 0; at < message.size();) {
        const size_t end = std::min(message.find(',', at), message.size());
        out[message[at]] = message.substr(at + 2, end - at - 2);
        at = end + 1;
    }
    return out;
}

// The client's half.
struct prover {
    std::string user;
    std::string password;
    std::string server_signature = "";
    std::string bare() const { return "n=" + user + ",r=clientnonce"; }
    std::string first() const { return "n,," + bare(); }
    std::string final(const std::string &challenge) {
        auto got = attributes(challenge);
        const std::string salt = from_base64(got['s']);
        std::string salted(32, '\0');
        PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const uint8_t *>(salt.data()),
                          static_cast<int>(salt.size()), std::stoi(got['i']), EVP_sha256(), 32,
                          reinterpret_cast<uint8_t *>(salted.data()));
        const std::string without_proof = "c=biws,r=" + got['r'];
        const std::string message = bare() + "," + challenge + "," + without_proof;
        const std::string key = hmac(salted, "Client Key");
        std::string proof = hmac(sha256(key), message);
        for (size_t i = 0; i < proof.size(); i++)
            proof[i] = static_cast<char>(proof[i] ^ key[i]);
        server_signature = to_base64(hmac(hmac(salted, "Server Key"), message));
        return without_proof + ",p=" + to_base64(proof);
    }
};

void put_properties(bytes &out, const std::string &method, const std::string &data) {
    bytes properties = {0x15};
    put_string(properties, method);
    properties.push_back(0x16);
    put_string(properties, data);
    uint32_t len = static_cast<uint32_t>(properties.size());
    for (; len >= 128; len /= 128)
        out.push_back(static_cast<uint8_t>(len % 128 | 128));
    out.push_back(static_cast<uint8_t>(len));
    out.insert(out.end(), properties.begin(), properties.end());
}

bytes connect_with(const std::string &data, const std::string &method = "SCRAM-SHA-256") {
    bytes body;
    put_string(body, "MQTT");
    body.insert(body.end(), {5, 2, 0, 0});
    put_properties(body, method, data);
    put_string(body, "client");
    return packet(0x10, body);
}

bytes auth(uint8_t reason, const std::string &data) {
    bytes body = {reason};
    put_properties(body, "SCRAM-SHA-256", data);
    return packet(0xF0, body);
}

// What of a packet the test looks at.
struct seen {
    int type = 0; // 0: the connection has ended
    int reason = 0;
    std::string data = "";
};

class LoopScramTest : public testing::Test {
  protected:
    LoopScramTest() : b(poller_find(nullptr)) {}
    void SetUp() override { ASSERT_TRUE(start(keys)); }
    bool start(const std::string &users) {
        const std::string path = b.c.dir.write("passwords", users);
        return chmod(path.c_str(), 0600) == 0 &&
               b.start("password_file " + path + "\nallow_anonymous false\n");
    }
    // The next packet; its authentication data, which is the last property of AUTH and CONNACK.
    seen next(client &c) {
        bytes got;
        b.until([&] {
            const bytes more = c.receive();
            got.insert(got.end(), more.begin(), more.end());
            return got.size() >= 2 || c.ended;
        });
        seen out;
        if (got.empty())
            return out;
        out.type = got[0] >> 4;
        size_t header = 1;
        while (got[header++] >= 128)
            continue;
        out.reason = got.at(header + (out.type == 2 ? 1 : 0));
        const std::string all(got.begin(), got.end());
        const size_t data = all.find("SCRAM-SHA-256");
        if (data != std::string::npos && data + 16 < all.size() && all[data + 13] == 0x16)
            out.data = all.substr(data + 16, static_cast<uint8_t>(all[data + 15]));
        return out;
    }

    broker b;
};

TEST_F(LoopScramTest, TheWholeExchange) {
    //= v5/4.12.0-2 v5/4.12.0-3 v5/4.12.0-5 v5/3.15.2-1 test
    prover user = {"user", "pencil"};
    client c = client::tcp(b.port);
    c.send(connect_with(user.first()));
    const seen challenge = next(c);
    EXPECT_EQ(challenge.type, 15);
    EXPECT_EQ(challenge.reason, 0x18);
    EXPECT_EQ(attributes(challenge.data)['r'].substr(0, 11), "clientnonce");
    c.send(auth(0x18, user.final(challenge.data)));
    const seen connack = next(c);
    EXPECT_EQ(connack.type, 2);
    EXPECT_EQ(connack.reason, 0);
    EXPECT_EQ(connack.data, "v=" + user.server_signature); // the server knows it, too
    c.send(PINGREQ);
    EXPECT_EQ(b.receive(c, 2), io_test::PINGRESP);
}

TEST_F(LoopScramTest, AWrongPasswordEndsIt) {
    //= v5/4.12.0-4 test
    prover user = {"user", "pencils"};
    client c = client::tcp(b.port);
    c.send(connect_with(user.first()));
    c.send(auth(0x18, user.final(next(c).data)));
    const seen connack = next(c);
    EXPECT_EQ(connack.type, 2);
    EXPECT_EQ(connack.reason, 0x87);
    EXPECT_EQ(connack.data, "");
    EXPECT_NE(b.said().find("login failed: "), std::string::npos);
    EXPECT_NE(b.said().find(" user=\"user\" client=\"client\" reason=\"wrong"), std::string::npos);
}

// Who does not exist is asked and answered as who does, each time with the same salt.
TEST_F(LoopScramTest, AnUnknownUserLooksLikeAnyOther) {
    std::string salts[2];
    for (std::string &salt : salts) {
        prover nobody = {"nobody", "pencil"};
        client c = client::tcp(b.port);
        c.send(connect_with(nobody.first()));
        const seen challenge = next(c);
        EXPECT_EQ(challenge.reason, 0x18);
        salt = attributes(challenge.data)['s'];
        EXPECT_EQ(salt.size(), 24u);
        EXPECT_EQ(attributes(challenge.data)['i'], "4096");
        c.send(auth(0x18, nobody.final(challenge.data)));
        EXPECT_EQ(next(c).reason, 0x87);
    }
    EXPECT_EQ(salts[0], salts[1]);
}

TEST_F(LoopScramTest, AgainWhileConnected) {
    //= v5/4.12.1-1 v5/4.12.1-2 test
    prover user = {"user", "pencil"};
    client c = client::tcp(b.port);
    c.send(connect_with(user.first()));
    c.send(auth(0x18, user.final(next(c).data)));
    EXPECT_EQ(next(c).reason, 0);
    c.send(auth(0x19, user.first()));
    const seen challenge = next(c);
    EXPECT_EQ(challenge.reason, 0x18);
    c.send(auth(0x18, user.final(challenge.data)));
    const seen done = next(c);
    EXPECT_EQ(done.type, 15);
    EXPECT_EQ(done.reason, 0);
    EXPECT_EQ(done.data, "v=" + user.server_signature);
    // The third time with a wrong password: that is the end.
    c.send(auth(0x19, user.first()));
    prover wrong = {"user", "pencils"};
    c.send(auth(0x18, wrong.final(next(c).data)));
    const seen ended = next(c);
    EXPECT_EQ(ended.type, 14);
    EXPECT_EQ(ended.reason, 0x87);
}

TEST_F(LoopScramTest, MalformedAndOtherMethods) {
    client c = client::tcp(b.port);
    c.send(connect_with("nonsense"));
    EXPECT_EQ(next(c).reason, 0x87);
    client d = client::tcp(b.port);
    d.send(connect_with("n,,n=user,r=x", "SCRAM-SHA-1"));
    EXPECT_EQ(next(d).reason, 0x8C);
}

TEST_F(LoopScramTest, ThePlainPasswordOfTheSameEntryWorksToo) {
    bytes body;
    put_string(body, "MQTT");
    body.insert(body.end(), {4, 0xC2, 0, 0});
    put_string(body, "plain");
    put_string(body, "user");
    put_string(body, "pencil");
    client c = client::tcp(b.port);
    c.send(packet(0x10, body));
    EXPECT_EQ(b.receive(c, 4), io_test::CONNACK_ACCEPTED);
}

TEST_F(LoopScramTest, GuessingLocksOut) {
    for (int i = 0; i < 6; i++) {
        prover user = {"user", "guess" + std::to_string(i)};
        client c = client::tcp(b.port);
        c.send(connect_with(user.first()));
        c.send(auth(0x18, user.final(next(c).data)));
        EXPECT_EQ(next(c).reason, 0x87);
    }
    client c = client::tcp(b.port);
    c.send(connect_with(prover{"user", "pencil"}.first()));
    EXPECT_EQ(next(c).reason, 0x8A);
}

} // namespace
