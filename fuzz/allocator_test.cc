/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The arena under the address sanitizer finds what malloc's sanitizer would find. Without the
 * sanitizer there is no arena, and only the account is left to test.
 */
#include "fuzz/allocator.h"

#include <gtest/gtest.h>

#include <cstdint>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)
#define HAS_ARENA 1
/* The many ends that are wanted here need no names in their stacks: those take a second each. */
extern "C" const char *__asan_default_options() {
    return "symbolize=0";
}
#else
#define HAS_ARENA 0
#endif

namespace {

class Memory : public testing::Test {
  protected:
    uint8_t *get(size_t size) {
        return static_cast<uint8_t *>(Allocator::allocate(&allocator, size));
    }
    void put(uint8_t *block, size_t size) { Allocator::release(&allocator, block, size); }
    static void touch(volatile uint8_t *place) { *place = 1; }

    Allocator allocator;
};

TEST_F(Memory, IsCounted) {
    uint8_t *first = get(40);
    uint8_t *second = get(1);
    EXPECT_EQ(allocator.live, 41u);
    put(first, 40);
    EXPECT_EQ(allocator.live, 1u);
    put(second, 1);
    EXPECT_EQ(allocator.live, 0u);
}

TEST_F(Memory, OfAnySizeCanBeWritten) {
    for (size_t size : {size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{5000},
                        size_t{100} << 20}) {
        uint8_t *block = get(size);
        ASSERT_NE(block, nullptr);
        touch(block);
        touch(block + size - 1);
        put(block, size);
    }
}

#if HAS_ARENA

TEST_F(Memory, IsNotUsedAgainWhileAnyBlockIsInUse) {
    uint8_t *stays = get(8);
    uint8_t *goes = get(24);
    put(goes, 24);
    uint8_t *next = get(24);
    EXPECT_NE(next, goes);
    put(next, 24);
    put(stays, 8);
    uint8_t *anew = get(8);
    EXPECT_EQ(anew, stays);
    put(anew, 8);
}

TEST_F(Memory, OneByteBehindABlockIsFound) {
    for (size_t size : {1u, 15u, 16u, 17u, 200u, 5000u}) {
        uint8_t *block = get(size);
        EXPECT_DEATH(touch(block + size), "use-after-poison") << size;
        put(block, size);
    }
}

TEST_F(Memory, OneByteBeforeABlockIsFound) {
    uint8_t *block = get(32);
    EXPECT_DEATH(touch(block - 1), "use-after-poison");
    put(block, 32);
}

TEST_F(Memory, AFarStepBehindALargeBlockIsFound) {
    uint8_t *block = get(8000);
    uint8_t *next = get(8000);
    EXPECT_DEATH(touch(block + 8000 + 900), "use-after-poison");
    put(next, 8000);
    put(block, 8000);
}

TEST_F(Memory, UseAfterItIsGivenBackIsFound) {
    uint8_t *stays = get(8);
    uint8_t *block = get(24);
    put(block, 24);
    uint8_t *next = get(24);
    EXPECT_DEATH(touch(block), "use-after-poison");
    EXPECT_DEATH(touch(block + 23), "use-after-poison");
    EXPECT_DEATH(put(block, 24), "not in use");
    put(next, 24);
    put(stays, 8);
}

TEST_F(Memory, IsGivenBackAtTheSizeItHas) {
    uint8_t *block = get(24);
    EXPECT_DEATH(put(block, 25), "another size");
    put(block, 24);
}

#endif

} // namespace
