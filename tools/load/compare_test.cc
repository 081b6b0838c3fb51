// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/compare.h"

#include "gtest/gtest.h"

namespace load {
namespace {

report with(double cpu, double lost) {
    report out;
    out.add("cpu", cpu, "us");
    out.add_fault("lost", lost);
    return out;
}

TEST(compare, medians) {
    EXPECT_EQ(compare_median({}), 0);
    EXPECT_EQ(compare_median({3}), 3);
    EXPECT_EQ(compare_median({9, 1, 2}), 2);
    EXPECT_EQ(compare_median({4, 1, 2, 100}), 3);
}

TEST(compare, the_ratio_is_of_the_medians_and_its_spread_of_the_pairs) {
    const auto rows = compare_figures({with(10, 0), with(20, 0), with(30, 0)},
                                      {with(2, 0), with(10, 1), with(9, 0)});
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].key, "cpu");
    EXPECT_EQ(rows[0].unit, "us");
    EXPECT_EQ(rows[0].a, 20);
    EXPECT_EQ(rows[0].b, 9);
    EXPECT_DOUBLE_EQ(rows[0].ratio, 0.45);
    EXPECT_DOUBLE_EQ(rows[0].ratio_least, 0.2);
    EXPECT_DOUBLE_EQ(rows[0].ratio_most, 0.5);
    EXPECT_EQ(rows[1].ratio, 0) << "nothing can be divided by no losses";
}

TEST(compare, what_only_one_has_is_left_out) {
    report other;
    other.add("memory", 1);
    EXPECT_TRUE(compare_figures({with(1, 0)}, {other}).empty());
}

} // namespace
} // namespace load
