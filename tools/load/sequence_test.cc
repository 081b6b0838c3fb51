// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/sequence.h"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace load {
namespace {

TEST(sequence, in_order_is_no_fault) {
    sequence_checker seen(2, 64);
    for (uint32_t number = 0; number < 1000; number++) {
        EXPECT_EQ(seen.note(1, number), arrival::in_order);
    }
    EXPECT_EQ(seen.distinct(0), 0u);
    EXPECT_EQ(seen.distinct(1), 1000u);
    EXPECT_EQ(seen.repeated() + seen.late(), 0u);
}

TEST(sequence, a_gap_is_missing_until_it_is_filled) {
    sequence_checker seen(1, 64);
    EXPECT_EQ(seen.note(0, 0), arrival::in_order);
    EXPECT_EQ(seen.note(0, 3), arrival::in_order);
    EXPECT_EQ(seen.distinct(), 2u);
    EXPECT_EQ(seen.note(0, 2), arrival::late);
    EXPECT_EQ(seen.note(0, 1), arrival::late);
    EXPECT_EQ(seen.distinct(), 4u);
    EXPECT_EQ(seen.late(), 2u);
    EXPECT_EQ(seen.note(0, 2), arrival::repeated);
    EXPECT_EQ(seen.note(0, 3), arrival::repeated);
    EXPECT_EQ(seen.repeated(), 2u);
    EXPECT_EQ(seen.distinct(), 4u);
}

TEST(sequence, the_first_ones_may_be_missing_for_ever) {
    sequence_checker seen(1, 64);
    EXPECT_EQ(seen.note(0, 5000), arrival::in_order);
    EXPECT_EQ(seen.distinct(), 1u);
    EXPECT_EQ(seen.note(0, 5000), arrival::repeated);
    EXPECT_EQ(seen.note(0, 4999), arrival::late);
    EXPECT_EQ(seen.distinct(), 2u);
}

TEST(sequence, what_is_older_than_its_memory_is_late_if_something_is_missing) {
    sequence_checker seen(1, 64);
    for (uint32_t number = 0; number < 1000; number++) {
        if (number != 7) {
            seen.note(0, number);
        }
    }
    EXPECT_EQ(seen.note(0, 7), arrival::late);
    EXPECT_EQ(seen.note(0, 7), arrival::repeated);
    EXPECT_EQ(seen.distinct(), 1000u);
}

// Disorder within the memory is judged exactly: compared with a set of all that was seen.
TEST(sequence, agrees_with_a_set) {
    for (unsigned seed = 0; seed < 200; seed++) {
        std::mt19937 luck(seed);
        const size_t memory = 64 << (seed % 3);
        sequence_checker seen(3, memory);
        std::set<uint32_t> set;
        uint32_t greatest = 0;
        uint64_t repeated = 0, late = 0;
        for (int i = 0; i < 3000; i++) {
            const uint32_t back = luck() % memory;
            const uint32_t forth = luck() % 50 == 0 ? luck() % 400 : luck() % 3;
            const uint32_t number =
                luck() % 4 == 0 && greatest >= back ? greatest - back : greatest + forth;
            const bool fresh = set.insert(number).second;
            const arrival expected = !fresh                                ? arrival::repeated
                                     : set.size() > 1 && number < greatest ? arrival::late
                                                                           : arrival::in_order;
            repeated += expected == arrival::repeated;
            late += expected == arrival::late;
            ASSERT_EQ(seen.note(2, number), expected) << seed << " " << i << " " << number;
            greatest = std::max(greatest, number);
        }
        EXPECT_EQ(seen.distinct(), set.size());
        EXPECT_EQ(seen.repeated(), repeated);
        EXPECT_EQ(seen.late(), late);
    }
}

} // namespace
} // namespace load
