// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The exchange of RFC 7677, section 3, byte for byte, and everything that must not pass for it.

#include <gtest/gtest.h>

#include <optional>
#include <string>

extern "C" {
#include "broker/security/scram.h"
}

namespace {

// The nonces of the example; the server's has 24 characters, as ours have.
const char first[] = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const char nonce[] = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"; // 30 in the RFC, see below
const char user_keys[] = "$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkB"
                         "FzpcXkuLmtbsT4qY=$wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

const uint8_t *bytes_of(const std::string &text) {
    return reinterpret_cast<const uint8_t *>(text.data());
}

class ScramTest : public testing::Test {
  protected:
    ScramTest() {
        EXPECT_EQ(password_hash_parse(user_keys, sizeof user_keys - 1, &keys), nullptr);
        scram_begin(&scram);
    }
    ~ScramTest() override { scram_end(&scram); }
    bool take_first(const std::string &message) {
        scram_begin(&scram);
        return scram_first(&scram, bytes_of(message), message.size());
    }
    // To CHALLENGED, with the server's nonce of the RFC put in place of ours.
    void challenge(const std::string &message = first, bool is_decoy = false) {
        ASSERT_TRUE(take_first(message));
        char out[SCRAM_MESSAGE_MAX];
        size_t len = 0;
        ASSERT_TRUE(
            scram_challenge(&scram, &keys, is_decoy, std::string(nonce, 24).c_str(), out, &len));
        challenge_text.assign(out, len);
        const std::string whole =
            "r=rOprNGfwEbeRWgbNEkqO" + std::string(nonce) + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        EXPECT_EQ(challenge_text, whole.substr(0, 46) + whole.substr(52));
        whole.copy(scram.server_first, whole.size());
        scram.server_first_len = static_cast<uint32_t>(whole.size());
    }
    std::optional<std::string> finish(const std::string &message) {
        char out[SCRAM_MESSAGE_MAX];
        size_t len = 0;
        if (!scram_final(&scram, bytes_of(message), message.size(), out, &len))
            return std::nullopt;
        return std::string(out, len);
    }

    struct scram scram;
    password_hash keys;
    std::string challenge_text;
    const std::string final = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                              "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
};

TEST_F(ScramTest, TheExampleOfRfc7677) {
    challenge();
    EXPECT_EQ(std::string(scram.user, scram.user_len), "user");
    EXPECT_EQ(finish(final), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    EXPECT_EQ(scram.state, SCRAM_OVER);
}

TEST_F(ScramTest, AnotherProofIsNone) {
    for (size_t at = final.find(",p=") + 3; at < final.size() - 2; at++) {
        challenge();
        std::string wrong = final;
        wrong[at] = wrong[at] == 'A' ? 'B' : 'A';
        EXPECT_EQ(finish(wrong), std::nullopt) << wrong;
    }
}

TEST_F(ScramTest, ADecoyFailsAtTheEndOnly) {
    challenge(first, true);
    EXPECT_EQ(finish(final), std::nullopt);
}

TEST_F(ScramTest, FinalMustBelongToTheBeginning) {
    const std::string wrong[] = {
        "",
        "c=biws",
        "c=biws,r=x,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "c=eSws" + final.substr(6), // y,, where it began with n,,
        final.substr(0, final.size() - 4),
        final + ",x=y",
        final.substr(7),
        final + std::string(SCRAM_MESSAGE_MAX, 'x'),
        "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    };
    for (const std::string &message : wrong) {
        challenge();
        EXPECT_EQ(finish(message), std::nullopt) << message;
        EXPECT_EQ(finish(final), std::nullopt) << "one attempt each";
    }
}

TEST_F(ScramTest, FirstMessagesThatAreNone) {
    const std::string wrong[] = {
        "",
        "n",
        "n,,",
        "n,,n=user",
        "n,,r=abc,n=user",
        "n,,n=,r=abc",
        "n,,n=user,r=",
        "n,,n=us=er,r=abc",
        "n,,n=user=2,r=abc",
        "n,,n=user=2c,r=abc",
        std::string("n,,n=us\0er,r=abc", 16),
        "n,,n=us\xFF"
        "er,r=abc",
        "n,,n=user,r=a\x7F"
        "bc",
        "n,,m=must,n=user,r=abc",
        "n,a=other,n=user,r=abc", // in the name of another
        "p=tls-unique,,n=user,r=abc",
        "x,,n=user,r=abc",
        "n,,n=user,r=" + std::string(SCRAM_MESSAGE_MAX, 'a'),
        "n,,n=" + std::string(SCRAM_USER_MAX + 1, 'a') + ",r=abc",
    };
    for (const std::string &message : wrong)
        EXPECT_FALSE(take_first(message)) << message;
}

TEST_F(ScramTest, CommaAndEqualsSignInANameAreEscaped) {
    ASSERT_TRUE(take_first("y,,n=a=2Cb=3Dc,r=abc,ext=1"));
    EXPECT_EQ(std::string(scram.user, scram.user_len), "a,b=c");
}

TEST_F(ScramTest, StepsHaveTheirOrder) {
    char out[SCRAM_MESSAGE_MAX];
    size_t len = 0;
    EXPECT_EQ(finish(final), std::nullopt);
    EXPECT_FALSE(scram_challenge(&scram, &keys, false, nonce, out, &len));
    challenge();
    EXPECT_FALSE(scram_first(&scram, bytes_of(first), sizeof first - 1));
    EXPECT_FALSE(scram_challenge(&scram, &keys, false, nonce, out, &len));
}

TEST_F(ScramTest, WhatDoesNotFitIsNoChallenge) {
    char out[SCRAM_MESSAGE_MAX];
    size_t len = 0;
    ASSERT_TRUE(take_first("n,,n=u,r=" + std::string(SCRAM_MESSAGE_MAX - 20, 'a')));
    EXPECT_FALSE(scram_challenge(&scram, &keys, false, nonce, out, &len));
}

} // namespace
