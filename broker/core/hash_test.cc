// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// SipHash-1-3 against values of an independent implementation, and what its users count on.

#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <set>
#include <string>

extern "C" {
#include "broker/core/hash.h"
}

static uint64_t hash_of(struct hash_key key, uint64_t prefix, const std::string &s) {
    return hash_bytes(key, prefix, reinterpret_cast<const uint8_t *>(s.data()),
                      static_cast<uint32_t>(s.size()));
}

// Expected values: CPython 3.11, which hashes byte strings so, with its key set to zero.
TEST(Hash, AgreesWithAnIndependentSipHash13) {
    const struct hash_key zero = {0, 0};
    EXPECT_EQ(hash_of(zero, 0, ""), 0xbd60acb658c79e45u);
    EXPECT_EQ(hash_of(zero, 0x0807060504030201u, "abc"), 0xcbdf93c2dbf2cac3u);
    EXPECT_EQ(hash_of(zero, 0xff, "sport/tennis1234"), 0xd16a808c16de8395u);
}

TEST(Hash, EveryPartOfTheInputCounts) {
    const struct hash_key key = hash_key_of(1, 2);
    std::set<uint64_t> seen;
    std::string s;
    for (int len = 0; len < 40; len++) {
        EXPECT_TRUE(seen.insert(hash_of(key, 0, s)).second) << len;
        EXPECT_TRUE(seen.insert(hash_of(key, 1, s)).second) << len;
        for (int i = 0; i < len; i++) {
            std::string other = s;
            other[static_cast<size_t>(i)] = 'x';
            EXPECT_TRUE(seen.insert(hash_of(key, 0, other)).second) << len << " " << i;
        }
        s.push_back('\0');
    }
}

TEST(Hash, KeysFollowFromSeedAndSalt) {
    const struct hash_key a = hash_key_of(1, 2);
    const struct hash_key b = hash_key_of(1, 3);
    const struct hash_key c = hash_key_of(2, 2);
    const struct hash_key d = hash_key_of(1, 2);
    EXPECT_NE(a.k0, a.k1);
    EXPECT_NE(a.k0, b.k0);
    EXPECT_NE(a.k1, c.k1);
    EXPECT_EQ(a.k0, d.k0);
    EXPECT_EQ(a.k1, d.k1);
}
