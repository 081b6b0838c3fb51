// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

extern "C" {
#include "broker/io/slabs.h"
}

namespace {

struct thing {
    uint8_t *bytes;
    size_t size;
    uint8_t mark; // what it is filled with
};

void get(slabs *from, std::vector<thing> *things, size_t size) {
    auto *bytes = static_cast<uint8_t *>(slabs_get(from, size));
    ASSERT_NE(bytes, nullptr);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(bytes) % 8, 0u);
    const auto mark = static_cast<uint8_t>(things->size());
    std::memset(bytes, mark, size);
    things->push_back({bytes, size, mark});
}

// Fails if anybody else has written to it.
void put(slabs *to, std::vector<thing> *things, size_t index) {
    const thing gone = things->at(index);
    for (size_t i = 0; i < gone.size; i++)
        ASSERT_EQ(gone.bytes[i], gone.mark);
    slabs_put(to, gone.bytes, gone.size);
    things->at(index) = things->back();
    things->pop_back();
}

TEST(Slabs, ThingsOfAllSizesDoNotTouchEachOther) {
    slabs s = {};
    std::vector<thing> things;
    std::mt19937 luck(1);
    for (int i = 0; i < 200000; i++) {
        const bool grows = (i / 20000) % 2 == 0; // to and fro
        if (things.empty() || luck() % 3 < (grows ? 2u : 1u))
            get(&s, &things, 1 + luck() % (2 * SLABS_THING_SIZE_MAX));
        else
            put(&s, &things, luck() % things.size());
        ASSERT_FALSE(HasFatalFailure());
    }
    while (!things.empty())
        put(&s, &things, things.size() - 1);
    slabs_free(&s);
}

TEST(Slabs, AThingCostsItsSize) {
    slabs s = {};
    std::vector<void *> things;
    constexpr size_t count = 100000;
    constexpr size_t size = 24;
    for (size_t i = 0; i < count; i++)
        things.push_back(slabs_get(&s, size));
    EXPECT_LE(s.slab_count * SLABS_SIZE, count * size * 101 / 100 + SLABS_SIZE);
    for (void *each : things)
        slabs_put(&s, each, size);
    slabs_free(&s);
}

TEST(Slabs, WhatIsGivenBackIsUsedFirst) {
    slabs s = {};
    void *first = slabs_get(&s, 40);
    void *second = slabs_get(&s, 40);
    slabs_put(&s, first, 40);
    EXPECT_EQ(slabs_get(&s, 36), first);
    slabs_put(&s, first, 36);
    slabs_put(&s, second, 40);
    slabs_free(&s);
}

TEST(Slabs, EmptySlabsGoBackToTheKernelButForSomeSpareOnesAndOneOfEachSize) {
    slabs s = {};
    std::vector<void *> things;
    for (size_t i = 0; i < 100000; i++)
        things.push_back(slabs_get(&s, 64));
    EXPECT_GT(s.slab_count, 90u);
    // Every second one first, so that all slabs have room before one is empty.
    for (size_t i = 0; i < things.size(); i += 2)
        slabs_put(&s, things[i], 64);
    for (size_t i = 1; i < things.size(); i += 2)
        slabs_put(&s, things[i], 64);
    EXPECT_LE(s.slab_count, SLABS_SPARE_MAX + 1u);
    slabs_free(&s);
    EXPECT_EQ(s.slab_count, 0u);
}

TEST(Slabs, ABurstThatComesAgainCostsNoCallOfTheKernel) {
    slabs s = {};
    std::vector<void *> things;
    for (int burst = 0; burst < 3; burst++) {
        while (things.size() < SLABS_SPARE_MAX * SLABS_SIZE / 96)
            things.push_back(slabs_get(&s, 96));
        EXPECT_EQ(s.slab_count, SLABS_SPARE_MAX + 1u);
        for (void *each : things)
            slabs_put(&s, each, 96);
        things.clear();
        EXPECT_EQ(s.slab_count, SLABS_SPARE_MAX + 1u);
    }
    // What was kept is there for another size.
    while (things.size() < SLABS_SPARE_MAX * (SLABS_SIZE / 520 - 1))
        things.push_back(slabs_get(&s, 520));
    EXPECT_EQ(s.slab_count, SLABS_SPARE_MAX + 1u);
    for (void *each : things)
        slabs_put(&s, each, 520);
    slabs_free(&s);
}

TEST(Slabs, AThingToAndFroAtTheEdgeOfASlabCostsNoCallOfTheKernel) {
    slabs s = {};
    std::vector<void *> things;
    while (s.slab_count < 2)
        things.push_back(slabs_get(&s, 512));
    for (int i = 0; i < 10; i++) {
        slabs_put(&s, things.back(), 512);
        EXPECT_EQ(s.slab_count, 2u);
        things.back() = slabs_get(&s, 512);
        EXPECT_EQ(s.slab_count, 2u);
    }
    for (void *each : things)
        slabs_put(&s, each, 512);
    slabs_free(&s);
}

TEST(SlabsDeathTest, ASizeThatIsNotItsOwnIsNoticed) {
    slabs s = {};
    void *first = slabs_get(&s, 40);
    EXPECT_DEATH(slabs_put(&s, first, 80), "");
    slabs_put(&s, first, 40);
    slabs_free(&s);
}

} // namespace
