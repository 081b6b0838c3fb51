// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/histogram.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace load {
namespace {

TEST(histogram, of_nothing_is_zero) {
    const histogram none;
    EXPECT_EQ(none.count(), 0u);
    EXPECT_EQ(none.max(), 0u);
    EXPECT_EQ(none.mean(), 0);
    EXPECT_EQ(none.percentile(50), 0u);
    EXPECT_EQ(none.percentile(100), 0u);
}

TEST(histogram, small_values_are_exact) {
    histogram seen;
    for (uint64_t value = 1; value <= 100; value++) {
        seen.record(value);
    }
    EXPECT_EQ(seen.percentile(0), 1u);
    EXPECT_EQ(seen.percentile(1), 1u);
    EXPECT_EQ(seen.percentile(50), 50u);
    EXPECT_EQ(seen.percentile(99), 99u);
    EXPECT_EQ(seen.percentile(100), 100u);
    EXPECT_DOUBLE_EQ(seen.mean(), 50.5);
}

// Every power of two and its neighbours, alone: the maximum caps the bucket, so it is exact; with
// a larger one beside it, it is the bucket's upper end.
TEST(histogram, any_value_is_found_within_one_part_of_128) {
    for (unsigned bit = 0; bit < 64; bit++) {
        for (const uint64_t value : {(uint64_t{1} << bit) - 1, uint64_t{1} << bit,
                                     (uint64_t{1} << bit) + 1, (uint64_t{3} << bit) >> 1}) {
            histogram seen;
            seen.record(value);
            EXPECT_EQ(seen.percentile(50), value);
            seen.record(UINT64_MAX);
            EXPECT_GE(seen.percentile(50), value);
            EXPECT_LE(seen.percentile(50) - value, value / 128) << value;
        }
    }
}

TEST(histogram, agrees_with_sorting) {
    std::mt19937_64 luck(1);
    std::lognormal_distribution<double> latency_ns(13, 2);
    histogram seen;
    std::vector<uint64_t> all;
    for (int i = 0; i < 20000; i++) {
        all.push_back(static_cast<uint64_t>(latency_ns(luck)));
        seen.record(all.back());
    }
    std::sort(all.begin(), all.end());
    for (const double percent : {1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
        const auto rank = static_cast<size_t>(percent / 100 * static_cast<double>(all.size()));
        const uint64_t exact = all[std::max<size_t>(rank, 1) - 1];
        EXPECT_GE(seen.percentile(percent), exact) << percent;
        EXPECT_LE(seen.percentile(percent), exact + exact / 100 + 1) << percent;
    }
}

TEST(histogram, two_are_added) {
    histogram one, other;
    one.record(10);
    other.record(1000);
    other.record(100000);
    one.add(other);
    EXPECT_EQ(one.count(), 3u);
    EXPECT_EQ(one.max(), 100000u);
    EXPECT_EQ(one.percentile(10), 10u);
    EXPECT_NEAR(static_cast<double>(one.percentile(50)), 1000, 8);
    one.clear();
    EXPECT_EQ(one.count(), 0u);
}

} // namespace
} // namespace load
