// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The account of the core's memory: every byte counted by class, the limit never passed.

#include "broker/core/memory_test_support.h"

#include <cstring>
#include <gtest/gtest.h>

using libella_test::test_memory;

TEST(Memory, CountsEveryByteByItsClass) {
    test_memory port;
    struct memory *m = &port.memory;
    void *a = memory_get(m, MEMORY_SESSION, 100);
    void *b = memory_get(m, MEMORY_TOPIC, 20);
    EXPECT_EQ(m->used_bytes[MEMORY_SESSION], 100u);
    EXPECT_EQ(m->used_bytes[MEMORY_TOPIC], 20u);
    EXPECT_EQ(m->total_bytes, 120u);
    memory_put(m, MEMORY_SESSION, a, 100);
    EXPECT_EQ(m->used_bytes[MEMORY_SESSION], 0u);
    EXPECT_EQ(m->total_bytes, 20u);
    EXPECT_EQ(m->peak_bytes, 120u);
    memory_put(m, MEMORY_TOPIC, b, 20);
    EXPECT_EQ(port.live_blocks, 0u);
    EXPECT_FALSE(port.wrong_size);
}

TEST(Memory, TheLimitIsReachedButNeverPassed) {
    test_memory port;
    struct memory *m = &port.memory;
    m->limit_bytes = 100;
    void *a = memory_get(m, MEMORY_OTHER, 60);
    EXPECT_EQ(memory_get(m, MEMORY_OTHER, 41), nullptr);
    EXPECT_EQ(m->refused_count, 1u);
    EXPECT_EQ(port.requests, 1u) << "the port isn't asked for what the limit forbids";
    void *b = memory_get(m, MEMORY_OTHER, 40);
    ASSERT_NE(b, nullptr);
    EXPECT_EQ(m->total_bytes, 100u);
    memory_put(m, MEMORY_OTHER, a, 60);
    memory_put(m, MEMORY_OTHER, b, 40);
}

TEST(Memory, MessagesLeaveASixteenthOfTheLimitForAnswers) {
    for (const memory_class load :
         {MEMORY_SUBSCRIPTION, MEMORY_TOPIC, MEMORY_MESSAGE, MEMORY_QUEUE}) {
        test_memory port;
        struct memory *m = &port.memory;
        m->limit_bytes = 160;
        EXPECT_EQ(memory_get(m, load, 151), nullptr);
        void *a = memory_get(m, load, 150);
        ASSERT_NE(a, nullptr);
        EXPECT_EQ(memory_get(m, load, 1), nullptr);
        void *b = memory_get(m, MEMORY_OUTPUT, 10);
        ASSERT_NE(b, nullptr);
        memory_put(m, load, a, 150);
        memory_put(m, MEMORY_OUTPUT, b, 10);
    }
}

TEST(Memory, ALimitBelowWhatIsUsedOnlyStopsGrowth) {
    test_memory port;
    struct memory *m = &port.memory;
    void *a = memory_get(m, MEMORY_OTHER, 60);
    m->limit_bytes = 10;
    EXPECT_EQ(memory_get(m, MEMORY_OTHER, 1), nullptr);
    memory_put(m, MEMORY_OTHER, a, 60);
    void *b = memory_get(m, MEMORY_OTHER, 10);
    EXPECT_NE(b, nullptr);
    memory_put(m, MEMORY_OTHER, b, 10);
}

TEST(Memory, SizesNearTheEndOfTheAddressSpaceAreRefused) {
    test_memory port;
    struct memory *m = &port.memory;
    void *a = memory_get(m, MEMORY_OTHER, 60);
    EXPECT_EQ(memory_get(m, MEMORY_OTHER, SIZE_MAX), nullptr);
    EXPECT_EQ(memory_get(m, MEMORY_OTHER, SIZE_MAX - 59), nullptr);
    EXPECT_EQ(m->total_bytes, 60u);
    memory_put(m, MEMORY_OTHER, a, 60);
}

TEST(Memory, GetZeroClears) {
    test_memory port;
    char *a = static_cast<char *>(memory_get_zero(&port.memory, MEMORY_OTHER, 33));
    for (int i = 0; i < 33; i++)
        EXPECT_EQ(a[i], 0);
    memory_put(&port.memory, MEMORY_OTHER, a, 33);
}

TEST(Memory, ResizeKeepsTheBytesAndTheAccount) {
    test_memory port;
    struct memory *m = &port.memory;
    char *a = static_cast<char *>(memory_resize(m, MEMORY_QUEUE, nullptr, 0, 4));
    std::memcpy(a, "abcd", 4);
    a = static_cast<char *>(memory_resize(m, MEMORY_QUEUE, a, 4, 100));
    EXPECT_EQ(std::memcmp(a, "abcd", 4), 0);
    EXPECT_EQ(m->total_bytes, 100u);
    a = static_cast<char *>(memory_resize(m, MEMORY_QUEUE, a, 100, 2));
    EXPECT_EQ(std::memcmp(a, "ab", 2), 0);
    EXPECT_EQ(m->total_bytes, 2u);

    port.fail_from(1);
    EXPECT_EQ(memory_resize(m, MEMORY_QUEUE, a, 2, 100), nullptr);
    EXPECT_EQ(std::memcmp(a, "ab", 2), 0) << "the old block stays as it is";
    EXPECT_EQ(m->total_bytes, 2u);
    memory_put(m, MEMORY_QUEUE, a, 2);
    memory_put(m, MEMORY_QUEUE, nullptr, 0);
    EXPECT_EQ(port.live_blocks, 0u);
    EXPECT_FALSE(port.wrong_size);
}

TEST(MemoryDeathTest, GivingBackMoreThanWasGotIsAFaultOfTheProgram) {
    test_memory port;
    void *a = memory_get(&port.memory, MEMORY_OTHER, 10);
    EXPECT_DEATH(memory_put(&port.memory, MEMORY_OTHER, a, 11), "");
    EXPECT_DEATH(memory_put(&port.memory, MEMORY_TOPIC, a, 10), "");
    memory_put(&port.memory, MEMORY_OTHER, a, 10);
}
