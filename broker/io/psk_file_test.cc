// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The text of psk files: what is taken, and each way to be wrong.

#include <gtest/gtest.h>

#include <string>
#include <vector>

extern "C" {
#include "broker/io/psk_file.h"
}

namespace {

class PskFile : public testing::Test {
  protected:
    ~PskFile() override { psk_table_free(&table); }
    bool parse(const std::string &text) {
        psk_table_free(&table);
        faults.clear();
        const psk_reporter reporter = {this, [](void *ctx, uint32_t line, const char *why) {
                                           static_cast<PskFile *>(ctx)->faults.push_back(
                                               std::to_string(line) + ": " + why);
                                       }};
        return psk_table_parse(&table, text.data(), text.size(), &reporter);
    }
    std::string fault(const std::string &text) {
        EXPECT_FALSE(parse(text)) << text;
        EXPECT_EQ(table.count, 0u);
        return faults.empty() ? "" : faults.front();
    }
    psk_table table = {};
    std::vector<std::string> faults;
};

TEST_F(PskFile, LinesCommentsAndLineEnds) {
    ASSERT_TRUE(parse("# comment\n\nzebra:AAbbCC\r\n  \t\na:b:00ff\nlast:12"));
    ASSERT_EQ(table.count, 3u);
    const psk_entry *entry = psk_table_find(&table, "zebra");
    ASSERT_NE(entry, nullptr);
    ASSERT_EQ(entry->key_len, 3u);
    EXPECT_EQ(entry->key[0], 0xAA);
    EXPECT_EQ(entry->key[2], 0xCC);
    EXPECT_EQ(entry->line, 3u);
    ASSERT_NE(psk_table_find(&table, "a:b"), nullptr);
    ASSERT_NE(psk_table_find(&table, "last"), nullptr);
    EXPECT_EQ(psk_table_find(&table, "none"), nullptr);
    EXPECT_EQ(psk_table_find(&table, std::string(300, 'x').c_str()), nullptr);
}

TEST_F(PskFile, NothingInIt) {
    EXPECT_TRUE(parse(""));
    EXPECT_EQ(psk_table_find(&table, "a"), nullptr);
}

TEST_F(PskFile, ManyEntries) {
    std::string text;
    for (int i = 0; i < 1000; i++)
        text += "device" + std::to_string(i) + ":" + std::to_string(1000 + i) + "\n";
    ASSERT_TRUE(parse(text));
    for (int i = 0; i < 1000; i++)
        EXPECT_NE(psk_table_find(&table, ("device" + std::to_string(i)).c_str()), nullptr);
}

TEST_F(PskFile, WhatIsWrong) {
    EXPECT_EQ(fault("a:00\nb"), "2: no colon: IDENTITY:HEXKEY is expected");
    EXPECT_EQ(fault(":00"), "1: no identity before the colon");
    EXPECT_EQ(fault("a:"), "1: no key behind the colon");
    EXPECT_EQ(fault("a:123"), "1: the key has an odd number of digits");
    EXPECT_EQ(fault("a:0x12"), "1: the key must be hexadecimal digits, without 0x");
    EXPECT_EQ(fault("a:" + std::string(130, '0')), "1: the key is longer than 128 digits");
    EXPECT_EQ(fault(std::string(129, 'a') + ":00"), "1: the identity is longer than 128 bytes");
    EXPECT_EQ(fault("a\tb:00"), "1: the identity must be UTF-8 without control characters");
    EXPECT_EQ(fault("a\xFF:00"), "1: the identity must be UTF-8 without control characters");
    EXPECT_EQ(fault("a:00\nb:11\na:22"), "3: an identity that stands further up already");
}

TEST_F(PskFile, AllFaultsAreToldUpToALimit) {
    std::string text;
    for (int i = 0; i < 100; i++)
        text += "wrong\n";
    EXPECT_FALSE(parse(text));
    EXPECT_EQ(faults.size(), PSK_ERRORS_MAX);
}

} // namespace
