// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

extern "C" {
#include "broker/io/times.h"
}

namespace {

TEST(Times, OfNothingIsNothing) {
    times none{};
    EXPECT_EQ(times_percentile_us(&none, 99), 0u);
}

// Never shorter than what was counted, and at most a sixteenth longer.
TEST(Times, EachLengthHasAClassThatFitsIt) {
    for (uint64_t us = 0; us <= UINT32_MAX; us += 1 + us / 100) {
        times one{};
        times_add(&one, us);
        EXPECT_GE(times_percentile_us(&one, 50), us);
        EXPECT_LE(times_percentile_us(&one, 50), us + us / 16) << us;
    }
    times late{};
    times_add(&late, uint64_t{1} << 40);
    EXPECT_EQ(times_percentile_us(&late, 50), UINT32_MAX);
}

TEST(Times, PercentilesAreThoseOfTheSortedTimes) {
    std::vector<uint64_t> all;
    times counted{};
    uint64_t luck = 1;
    for (int i = 0; i < 10000; i++) {
        luck = luck * 6364136223846793005u + 1442695040888963407u;
        all.push_back((luck >> 40) >> (luck >> 35 & 15));
        times_add(&counted, all.back());
    }
    std::sort(all.begin(), all.end());
    for (const uint32_t percent : {1, 50, 90, 99, 100}) {
        const uint64_t exact = all[all.size() * percent / 100 - 1];
        EXPECT_GE(times_percentile_us(&counted, percent), exact) << percent;
        EXPECT_LE(times_percentile_us(&counted, percent), exact + exact / 16) << percent;
    }
}

TEST(Times, OfFewTheLongestIsTheLastPercentile) {
    times few{};
    for (uint64_t us = 1; us <= 10; us++)
        times_add(&few, us);
    EXPECT_EQ(times_percentile_us(&few, 50), 5u);
    EXPECT_EQ(times_percentile_us(&few, 99), 10u);
}

} // namespace
