// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Deadlines come out earliest first, equal ones in the order they were set, whatever was moved or
// cancelled in between.

#include "broker/core/memory_test_support.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <utility>
#include <vector>

extern "C" {
#include "broker/core/timer.h"
}

using libella_test::test_memory;

class TimerTest : public ::testing::Test {
  protected:
    void SetUp() override { timers_init(&timers, &port.memory); }
    void TearDown() override {
        timers_free(&timers);
        EXPECT_EQ(port.memory.total_bytes, 0u);
        EXPECT_FALSE(port.wrong_size);
    }
    static std::vector<struct timer> made(size_t count) {
        std::vector<struct timer> v(count);
        for (struct timer &t : v)
            timer_init(&t, TIMER_SESSION);
        return v;
    }
    test_memory port;
    struct timers timers;
};

TEST_F(TimerTest, NothingIsDueAtFirst) {
    EXPECT_EQ(timer_next_ms(&timers), UINT64_MAX);
    EXPECT_EQ(timer_take_due(&timers, UINT64_MAX), nullptr);
}

TEST_F(TimerTest, IsDueAtItsTimeAndNotBefore) {
    auto t = made(1);
    ASSERT_TRUE(timer_set(&timers, &t[0], 100));
    EXPECT_TRUE(timer_is_set(&t[0]));
    EXPECT_EQ(timer_next_ms(&timers), 100u);
    EXPECT_EQ(timer_take_due(&timers, 99), nullptr);
    EXPECT_EQ(timer_take_due(&timers, 100), &t[0]);
    EXPECT_FALSE(timer_is_set(&t[0]));
    EXPECT_EQ(t[0].kind, TIMER_SESSION);
}

TEST_F(TimerTest, EqualDeadlinesComeInTheOrderTheyWereSet) {
    auto t = made(1000);
    for (struct timer &each : t)
        ASSERT_TRUE(timer_set(&timers, &each, 7));
    ASSERT_TRUE(timer_set(&timers, &t[0], 7)) << "set again: now the last of them";
    for (size_t i = 1; i < t.size(); i++)
        EXPECT_EQ(timer_take_due(&timers, 7), &t[i]);
    EXPECT_EQ(timer_take_due(&timers, 7), &t[0]);
}

TEST_F(TimerTest, CancellingWhatIsNotSetDoesNothing) {
    auto t = made(1);
    timer_cancel(&timers, &t[0]);
    ASSERT_TRUE(timer_set(&timers, &t[0], 1));
    timer_cancel(&timers, &t[0]);
    timer_cancel(&timers, &t[0]);
    EXPECT_EQ(timers.count, 0u);
}

TEST_F(TimerTest, WithoutMemoryATimerIsAsBefore) {
    auto t = made(17);
    for (size_t i = 0; i < 16; i++)
        ASSERT_TRUE(timer_set(&timers, &t[i], 7 + i));
    port.fail_from(1);
    EXPECT_FALSE(timer_set(&timers, &t[16], 1));
    EXPECT_FALSE(timer_is_set(&t[16]));
    EXPECT_TRUE(timer_set(&timers, &t[3], 1)) << "moving one needs no memory";
    EXPECT_EQ(timer_take_due(&timers, 7), &t[3]);
    EXPECT_EQ(timer_take_due(&timers, 7), &t[0]);
    while (timer_take_due(&timers, 100) != nullptr) {
    }
    EXPECT_EQ(timers.count, 0u);
}

TEST_F(TimerTest, TheHeapShrinksWithItsContent) {
    auto t = made(100000);
    for (struct timer &each : t)
        ASSERT_TRUE(timer_set(&timers, &each, 7));
    for (struct timer &each : t)
        timer_cancel(&timers, &each);
    EXPECT_LE(port.memory.total_bytes, 16 * sizeof(struct timer_entry));
}

// The same operations on the heap and on a list that is searched from end to end.
TEST_F(TimerTest, AgreesWithASortedListUnderRandomUse) {
    std::mt19937 random(1);
    auto t = made(300);
    std::vector<std::pair<uint64_t, size_t>> list; // deadline, index; in the order of setting
    auto forget = [&](size_t i) {
        list.erase(
            std::remove_if(list.begin(), list.end(), [&](const auto &e) { return e.second == i; }),
            list.end());
    };
    uint64_t now = 0;
    for (int round = 0; round < 200000; round++) {
        const size_t i = random() % t.size();
        const unsigned what = random() % 10;
        if (what < 5) {
            const uint64_t due = now + random() % 50;
            ASSERT_TRUE(timer_set(&timers, &t[i], due));
            forget(i);
            list.emplace_back(due, i);
        } else if (what < 7) {
            timer_cancel(&timers, &t[i]);
            forget(i);
        } else {
            now += random() % 3;
            struct timer *taken = timer_take_due(&timers, now);
            auto first =
                std::min_element(list.begin(), list.end(),
                                 [](const auto &a, const auto &b) { return a.first < b.first; });
            if (first == list.end() || first->first > now) {
                ASSERT_EQ(taken, nullptr);
            } else {
                ASSERT_EQ(taken, &t[first->second]);
                list.erase(first);
            }
        }
        ASSERT_EQ(timers.count, list.size());
    }
}
