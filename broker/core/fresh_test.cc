// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include <gtest/gtest.h>

#include "broker/core/memory_test_support.h"

extern "C" {
#include "broker/core/fresh.h"
}

namespace {

struct FreshTest : testing::Test {
    FreshTest() { journal_init(&records); }
    ~FreshTest() override {
        fresh_free(&port.memory, &known);
        journal_free(&port.memory, &records);
    }

    // As store.c does it; returns where the record stands.
    const uint8_t *queue(uint64_t number) {
        record each{};
        each.kind = RECORD_QUEUED;
        each.number = number;
        const uint8_t *body = journal_add(&port.memory, &records, &each, 0);
        fresh_queued(&port.memory, &known, &records, number);
        return body - RECORD_HEAD_SIZE_MIN;
    }

    libella_test::test_memory port;
    journal records{};
    fresh known{};
};

TEST_F(FreshTest, FindsTheRecordOfEachEntry) {
    EXPECT_EQ(fresh_find(&known, &records, 1, 7), nullptr);
    for (uint64_t number = 7; number < 300; number++)
        queue(number);
    for (uint64_t number = 7; number < 300; number++) {
        const uint8_t *head = fresh_find(&known, &records, 1, number);
        ASSERT_NE(head, nullptr);
        record found{};
        ASSERT_NE(record_read(head, 0, RECORD_HEAD_SIZE_MIN, &found), 0u);
        EXPECT_EQ(found.number, number);
    }
    EXPECT_EQ(fresh_find(&known, &records, 1, 6), nullptr);
    EXPECT_EQ(fresh_find(&known, &records, 1, 300), nullptr);
}

TEST_F(FreshTest, KnowsNothingOfWhatWasPulled) {
    queue(1);
    records.pulled = true;
    EXPECT_EQ(fresh_find(&known, &records, 1, 1), nullptr);
    queue(2);
    EXPECT_EQ(fresh_find(&known, &records, 1, 1), nullptr);
    EXPECT_NE(fresh_find(&known, &records, 1, 2), nullptr);
}

TEST_F(FreshTest, KnowsNothingOfWhatIsLost) {
    queue(1);
    journal_lose(&records);
    EXPECT_EQ(fresh_find(&known, &records, 1, 1), nullptr);
    records.lost = false;
    EXPECT_EQ(fresh_find(&known, &records, 1, 1), nullptr);
    queue(2);
    EXPECT_NE(fresh_find(&known, &records, 1, 2), nullptr);
}

TEST_F(FreshTest, LeavesOutWhatDoesNotFollow) {
    queue(1);
    queue(5);
    EXPECT_NE(fresh_find(&known, &records, 1, 1), nullptr);
    EXPECT_EQ(fresh_find(&known, &records, 1, 5), nullptr);
}

TEST_F(FreshTest, HasAnEnd) {
    for (uint64_t number = 1; number <= FRESH_COUNT_MAX + 1u; number++)
        queue(number);
    EXPECT_NE(fresh_find(&known, &records, 1, FRESH_COUNT_MAX), nullptr);
    EXPECT_EQ(fresh_find(&known, &records, 1, FRESH_COUNT_MAX + 1u), nullptr);
}

TEST_F(FreshTest, WithoutMemoryTheRestIsNotKnown) {
    for (uint64_t number = 1; number <= 64; number++)
        queue(number);
    ASSERT_TRUE(journal_reserve(&port.memory, &records, 1000));
    port.fail_from(1);
    queue(65);
    EXPECT_EQ(fresh_find(&known, &records, 1, 65), nullptr);
    EXPECT_NE(fresh_find(&known, &records, 1, 64), nullptr);
}

TEST_F(FreshTest, ABarLastsUntilTheBufferIsUsedAgain) {
    queue(1);
    fresh_bar(&known, &records, 70);
    EXPECT_EQ(fresh_find(&known, &records, 70, 1), nullptr);
    EXPECT_NE(fresh_find(&known, &records, 71, 1), nullptr);
    queue(2);
    EXPECT_EQ(fresh_find(&known, &records, 70, 2), nullptr);
    records.pulled = true;
    queue(3);
    EXPECT_NE(fresh_find(&known, &records, 70, 3), nullptr);
}

} // namespace
