// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Hashed passwords and files of them. The hashes called Mosquitto's were written by the
// mosquitto_passwd of Debian 12.

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "broker/security/fault_test_support.h"

extern "C" {
#include "broker/security/password_file.h"
}

using security_test::bytes_of;
using security_test::faults;

namespace {

const char mosquitto_6[] = "$6$et2bx9QOwPlPR+JA$qCxoK1gcYpLCoy7OrGIIsz/LiVNfTHlg3S05hi7D7j7jA0zRV"
                           "6ZX9213WpzWmJDqVaA8K2LSKdcIoTQAXm7ppQ==";
const char mosquitto_7[] = "$7$101$edFZhNISlY8nsY5K$OhPjIcMuiFi5IQn3PyzJHeTmW2V0KxV7yD3v3vEH0CLc1N"
                           "BCpgXGvIWsNgbh+epSlG76lMqjUbPFnz1zQoVyQA==";
const char mosquitto_7_500[] =
    "$7$500$nOemxRlOAGc2iXBB$hANxJSoG0VlevE6yb5WNVQQLh14g8K8CnXXxwf2+05kjSiJRmV3W/R6rUxgqXJUWEw4k"
    "BbA14bQJbIeV+x0c5w==";

// What is wrong with the text; empty: nothing.
std::string fault_of(const std::string &text, password_hash *out = nullptr) {
    password_hash hash;
    const char *fault =
        password_hash_parse(text.data(), text.size(), out == nullptr ? &hash : out);
    return fault == nullptr ? "" : fault;
}

bool check(const std::string &text, const std::string &password) {
    password_hash hash;
    EXPECT_EQ(fault_of(text, &hash), "") << text;
    return password_hash_check(&hash, bytes_of(password), password.size());
}

password_hash make(password_kind kind, uint32_t cost, uint32_t salt_len,
                   const std::string &password) {
    password_hash hash = {};
    hash.kind = kind;
    hash.iterations = cost;
    hash.memory_kib = 64;
    hash.lanes = 1;
    hash.version = 0x13;
    hash.salt_len = salt_len;
    for (uint32_t i = 0; i < salt_len; i++)
        hash.salt[i] = static_cast<uint8_t>(i * 7 + 1);
    EXPECT_TRUE(password_hash_derive(&hash, bytes_of(password), password.size()));
    return hash;
}

std::string text_of(const password_hash &hash) {
    char text[PASSWORD_TEXT_SIZE];
    password_hash_text(&hash, text);
    return text;
}

// ---- Hashes ----

TEST(PasswordHash, MosquittosAreUnderstood) {
    EXPECT_TRUE(check(mosquitto_6, "pass word"));
    EXPECT_TRUE(check(mosquitto_7, "pass word"));
    EXPECT_TRUE(check(mosquitto_7_500, "p\xC3\xA4ssword"));
    for (const char *text : {mosquitto_6, mosquitto_7, mosquitto_7_500}) {
        for (const char *wrong : {"", "pass", "pass word ", "Pass word", "passwore"})
            EXPECT_FALSE(check(text, wrong)) << wrong;
    }
}

// One of the tests of the reference implementation; the vector of RFC 9106 has a secret and
// associated data, which no password file has.
TEST(PasswordHash, Argon2id) {
    const char text[] = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu"
                        "9U1bMCHGi/4";
    EXPECT_TRUE(check(text, "password"));
    EXPECT_FALSE(check(text, "Password"));
}

// RFC 7677, section 3: the keys behind its example, as PostgreSQL and others store them.
TEST(PasswordHash, ScramChecksPlainPasswordsToo) {
    const char text[] =
        "$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzp"
        "cXkuLmtbsT4qY=$wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    EXPECT_TRUE(check(text, "pencil"));
    EXPECT_FALSE(check(text, "pencils"));
}

TEST(PasswordHash, AnyCostAndSaltLengthComesBack) {
    for (const password_kind kind :
         {PASSWORD_SHA512, PASSWORD_PBKDF2, PASSWORD_SCRAM, PASSWORD_ARGON2ID}) {
        for (const uint32_t salt_len : {8u, 12u, 16u, 17u, 64u, 256u}) {
            for (const uint32_t cost : {1u, 2u, 101u}) {
                const password_hash hash =
                    make(kind, kind == PASSWORD_SHA512 ? 1 : cost, salt_len, "secret");
                const std::string text = text_of(hash);
                EXPECT_TRUE(check(text, "secret")) << text;
                EXPECT_FALSE(check(text, "secres")) << text;
                password_hash again;
                EXPECT_EQ(fault_of(text, &again), "");
                EXPECT_EQ(text_of(again), text);
            }
        }
    }
}

TEST(PasswordHash, CostIsPartOfIt) {
    const std::string text = text_of(make(PASSWORD_PBKDF2, 1000, 12, "secret"));
    std::string other = text;
    other.replace(0, 8, "$7$1001$");
    EXPECT_TRUE(check(text, "secret"));
    EXPECT_FALSE(check(other, "secret"));
}

TEST(PasswordHash, AnyByteMayBeInAPassword) {
    const std::string password("a\0b\xFF", 4);
    EXPECT_TRUE(check(text_of(make(PASSWORD_PBKDF2, 3, 12, password)), password));
    EXPECT_FALSE(check(text_of(make(PASSWORD_PBKDF2, 3, 12, password)), std::string("a", 1)));
}

TEST(PasswordHash, WhatIsWrongIsSaid) {
    const std::string digest(86, 'A');
    const std::string good = "$7$101$c2FsdA==$" + digest + "==";
    EXPECT_EQ(fault_of(good), "");
    const std::pair<std::string, const char *> wrong[] = {
        {"", "no password"},
        {"secret", "not hashed"},
        {"$1$abc$def", "none of"},
        {"$5$c2FsdA==$" + digest + "==", "none of"},
        {"$6$", "salt"},
        {"$6$c2FsdA==", "ends behind the salt"},
        {"$6$c2FsdA$" + digest + "==", "salt"},
        {"$6$c2FsdA==$c2FsdA==", "64 bytes"},
        {"$6$c2FsdA==$" + digest + "==$", "Base64"},
        {"$7$c2FsdA==$" + digest + "==", "iterations"},
        {"$7$0$c2FsdA==$" + digest + "==", "iterations"},
        {"$7$-5$c2FsdA==$" + digest + "==", "iterations"},
        {"$7$00101$c2FsdA==$" + digest + "==", "iterations"},
        {"$7$10000001$c2FsdA==$" + digest + "==", "iterations"},
        {"$7$4294967297$c2FsdA==$" + digest + "==", "iterations"},
        {"$7$101", "ends behind the number"},
        {"$7$101$$" + digest + "==", "salt"},
        {"$7$101$c2FsdA==$" + digest, "Base64"},
        {"$7$101$c2FsdA==$" + digest + "== ", "Base64"},
        {"$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" + digest, "none of"},
        {"$argon2id$v=18$m=256,t=2,p=1$c29tZXNhbHQ$" + digest, "version"},
        {"$argon2id$v=19$t=2,m=256,p=1$c29tZXNhbHQ$" + digest, "m=KIB"},
        {"$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$" + digest, "out of range"},
        {"$argon2id$v=19$m=7,t=2,p=1$c29tZXNhbHQ$" + digest, "out of range"},
        {"$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$" + digest, "out of range"},
        {"$argon2id$v=19$m=256,t=2,p=1$c2FsdA$" + digest, "salt must have"},
        {"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$AAAA", "salt must have"},
        {"$scram-sha-256$4096$c2FsdA==$AAAA$AAAA", "stored key"},
    };
    for (const auto &[text, reason] : wrong)
        EXPECT_NE(fault_of(text).find(reason), std::string::npos)
            << text << " said: " << fault_of(text);
}

// ---- Files ----

class PasswordFileTest : public testing::Test {
  protected:
    ~PasswordFileTest() override { password_table_free(table); }
    bool parse(const std::string &text) {
        password_table_free(table);
        table = password_file_parse(bytes_of(text), text.size(), 17, said.reporter());
        return table != nullptr;
    }
    std::string hash_of(const std::string &user) const {
        const password_entry *entry =
            password_table_find(table, ella_slice_of(user.data(), (uint32_t)user.size()));
        return entry == nullptr ? "" : std::string(entry->hash.text, entry->hash.len);
    }

    faults said;
    password_table *table = nullptr;
};

TEST_F(PasswordFileTest, FindsUsersAndNobodyElse) {
    ASSERT_TRUE(parse(std::string("# people\n\nroger:") + mosquitto_6 +
                      "\r\n  sub client :" + mosquitto_7 + "  \nann:" + mosquitto_7_500));
    EXPECT_EQ(password_table_count(table), 3u);
    EXPECT_EQ(hash_of("roger"), mosquitto_6);
    EXPECT_EQ(hash_of("sub client"), mosquitto_7);
    EXPECT_EQ(hash_of("ann"), mosquitto_7_500);
    for (const char *nobody : {"", "an", "anna", "Roger", "# people", "sub client "})
        EXPECT_EQ(hash_of(nobody), "") << nobody;
    EXPECT_TRUE(said.told.empty());
}

TEST_F(PasswordFileTest, MayBeEmpty) {
    ASSERT_TRUE(parse(""));
    EXPECT_EQ(hash_of("a"), "");
    EXPECT_EQ(password_table_decoy(table, ella_slice_of("a", 1)), nullptr);
    ASSERT_TRUE(parse("\xEF\xBB\xBF# nobody\n"));
}

TEST_F(PasswordFileTest, TellsEveryFaultWithItsLineAndNoSecret) {
    EXPECT_FALSE(parse(std::string("# x\nroger:secretword\nnonsense\n:") + mosquitto_6 +
                       "\nbob:\n" + "ann:" + mosquitto_6 + "\nann:" + mosquitto_7 +
                       "\n\xFF:" + mosquitto_6 + "\nal\x01:" + mosquitto_6));
    EXPECT_EQ(
        said.told,
        (std::vector<std::string>{
            "2: the password is not hashed: libella-passwd -U hashes those of a file",
            "3: not of the form NAME:HASH", "4: the user has no name", "5: there is no password",
            "8: the name is not UTF-8 text of 65535 bytes at most",
            "9: the name is not UTF-8 text of 65535 bytes at most",
            "7: line 6 has the same user"}));
    for (const std::string &line : said.told)
        EXPECT_EQ(line.find("secretword"), std::string::npos);
}

TEST_F(PasswordFileTest, StopsAtManyFaults) {
    std::string text;
    for (int i = 0; i < 1000; i++)
        text += "nonsense\n";
    EXPECT_FALSE(parse(text));
    EXPECT_EQ(said.told.size(), size_t{FAULTS_MAX} + 1);
}

TEST_F(PasswordFileTest, ManyUsers) {
    std::string text;
    for (int i = 0; i < 3000; i++)
        text += "user" + std::to_string(i * 7919 % 3000) + ":" + mosquitto_6 + "\n";
    ASSERT_TRUE(parse(text));
    for (int i = 0; i < 3000; i++)
        ASSERT_EQ(hash_of("user" + std::to_string(i)), mosquitto_6);
}

// Names that do not exist meet the costs of those that do, each always the same one.
TEST_F(PasswordFileTest, DecoysAreSteadyAndSpread) {
    std::string text;
    for (int i = 0; i < 10; i++)
        text += "u" + std::to_string(i) + ":" + mosquitto_6 + "\n";
    ASSERT_TRUE(parse(text));
    std::set<const password_entry *> met;
    for (int i = 0; i < 300; i++) {
        const std::string name = "nobody" + std::to_string(i);
        const ella_slice slice = ella_slice_of(name.data(), (uint32_t)name.size());
        const password_entry *decoy = password_table_decoy(table, slice);
        EXPECT_EQ(decoy, password_table_decoy(table, slice));
        met.insert(decoy);
    }
    EXPECT_EQ(met.size(), 10u);
}

TEST_F(PasswordFileTest, ScramKeysAndTheirDecoys) {
    const std::string keys =
        "$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
        "$wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    ASSERT_TRUE(parse("user:" + keys + "\nold:" + mosquitto_6));
    password_hash found;
    password_hash again;
    EXPECT_TRUE(password_table_scram(table, ella_slice_of("user", 4), &found));
    EXPECT_EQ(text_of(found), keys);
    // Nobody, and a user without such keys, look like anybody.
    for (const char *name : {"none", "oldd", "old"}) {
        const ella_slice slice = ella_slice_of(name, static_cast<uint32_t>(strlen(name)));
        EXPECT_FALSE(password_table_scram(table, slice, &found));
        EXPECT_FALSE(password_table_scram(table, slice, &again));
        EXPECT_EQ(text_of(found), text_of(again));
        EXPECT_EQ(found.iterations, 4096u);
        EXPECT_EQ(found.salt_len, 16u);
        EXPECT_NE(text_of(found).substr(0, 40), keys.substr(0, 40));
    }
    ASSERT_TRUE(parse(std::string("old:") + mosquitto_6));
    EXPECT_FALSE(password_table_scram(table, ella_slice_of("old", 3), &found));
    EXPECT_EQ(found.iterations, 20000u);
}

} // namespace
