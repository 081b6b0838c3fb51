// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Items keep their place and their bytes; what is given back is used again and, slab by slab,
// returned.

#include "broker/core/memory_test_support.h"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <vector>

extern "C" {
#include "broker/core/pool.h"
}

using libella_test::test_memory;

class PoolTest : public ::testing::Test {
  protected:
    void SetUp() override { pool_init(&pool, &port.memory, MEMORY_TOPIC, 24); }
    void TearDown() override {
        pool_free(&pool);
        EXPECT_EQ(port.memory.total_bytes, 0u);
        EXPECT_EQ(port.live_blocks, 0u);
        EXPECT_FALSE(port.wrong_size);
    }
    uint64_t &at(uint32_t index) { return *static_cast<uint64_t *>(pool_at(&pool, index)); }
    test_memory port;
    struct pool pool;
};

TEST_F(PoolTest, CountsFromZeroAndNeverMoves) {
    std::vector<void *> places;
    for (uint32_t i = 0; i < 5000; i++) {
        ASSERT_EQ(pool_get(&pool), i);
        at(i) = i;
        places.push_back(pool_at(&pool, i));
    }
    for (uint32_t i = 0; i < 5000; i++) {
        EXPECT_EQ(places[i], pool_at(&pool, i));
        EXPECT_EQ(at(i), i);
    }
}

TEST_F(PoolTest, IndicesAreUsedAgain) {
    for (uint32_t i = 0; i < 1000; i++)
        pool_get(&pool);
    const size_t used = port.memory.total_bytes;
    for (int round = 0; round < 10000; round++) {
        pool_put(&pool, static_cast<uint32_t>(round * 7 % 1000));
        EXPECT_EQ(pool_get(&pool), static_cast<uint32_t>(round * 7 % 1000));
    }
    EXPECT_EQ(port.memory.total_bytes, used);
}

// Forwards, backwards and across: a slab may become empty anywhere in the list of those with room.
TEST_F(PoolTest, EmptySlabsGoBackButForOne) {
    constexpr uint32_t count = 100 * POOL_SLAB_ITEMS;
    for (uint32_t step : {1u, count - 1, 7919u, POOL_SLAB_ITEMS + 1}) {
        std::set<uint32_t> items;
        for (uint32_t i = 0; i < count; i++)
            ASSERT_TRUE(items.insert(pool_get(&pool)).second);
        ASSERT_EQ(*items.rbegin(), count - 1) << "places of slabs are used again, too";
        for (uint32_t i = 0; i < count; i++)
            pool_put(&pool, static_cast<uint32_t>(uint64_t{i} * step % count));
        EXPECT_EQ(pool.item_count, 0u);
        EXPECT_EQ(port.live_blocks, 2u) << "the table and one slab";
    }
}

TEST_F(PoolTest, AtTheEdgeOfASlabNothingFlutters) {
    for (uint32_t i = 0; i < POOL_SLAB_ITEMS; i++)
        pool_get(&pool);
    const uint32_t edge = pool_get(&pool);
    const uint64_t requests = port.requests;
    for (int round = 0; round < 100; round++) {
        pool_put(&pool, edge);
        EXPECT_EQ(pool_get(&pool), edge);
    }
    EXPECT_EQ(port.requests, requests);
}

TEST_F(PoolTest, WithoutMemoryNothingChanges) {
    for (uint64_t n = 1; n <= 2; n++) {
        port.fail_once(n);
        EXPECT_EQ(pool_get(&pool), POOL_NONE);
        EXPECT_EQ(pool.item_count, 0u);
    }
    EXPECT_EQ(pool_get(&pool), 0u);
}

// The items of one slab more would have numbers up to POOL_NONE.
TEST_F(PoolTest, EachItemHasANumber) {
    pool.slab_count = POOL_NONE / POOL_SLAB_ITEMS;
    pool.slab_capacity = pool.slab_count + 1;
    EXPECT_EQ(pool_get(&pool), POOL_NONE);
    EXPECT_EQ(pool.item_count, 0u);
    EXPECT_EQ(port.requests, 0u);
    pool.slab_count = 0;
    pool.slab_capacity = 0;
}

TEST_F(PoolTest, RandomUseKeepsEveryItem) {
    std::mt19937 random(1);
    std::map<uint32_t, uint64_t> model;
    uint64_t next = 1;
    for (int round = 0; round < 300000; round++) {
        const bool grow = (round / 30000) % 2 == 0;
        if (random() % 10 < (grow ? 7u : 3u)) {
            const uint32_t index = pool_get(&pool);
            ASSERT_TRUE(model.emplace(index, next).second);
            at(index) = next++;
        } else if (!model.empty()) {
            auto one = model.lower_bound(static_cast<uint32_t>(random() % 15000));
            if (one == model.end())
                one = model.begin();
            ASSERT_EQ(at(one->first), one->second);
            pool_put(&pool, one->first);
            model.erase(one);
        }
        ASSERT_EQ(pool.item_count, model.size());
    }
    for (const auto &one : model)
        ASSERT_EQ(at(one.first), one.second);
}
