// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

extern "C" {
#include "broker/io/fair_queue.h"
}

namespace {

struct thing {
    fair_item item; // first: the queue's pointer is ours
    std::string name;
};

class FairQueueTest : public testing::Test {
  protected:
    FairQueueTest() { fair_queue_init(&queue, 100, 10); }
    ~FairQueueTest() override {
        while (fair_queue_take(&queue) != nullptr)
            continue;
        EXPECT_EQ(queue.count, 0u);
    }
    fair_result add(uint64_t source, const std::string &name) {
        things.push_back({{}, name});
        return fair_queue_add(&queue, source, &things.back().item);
    }
    std::string take() {
        fair_item *item = fair_queue_take(&queue);
        return item == nullptr ? "" : reinterpret_cast<thing *>(item)->name;
    }

    std::string take(int count) {
        std::string names;
        for (int i = 0; i < count; i++)
            names += take();
        return names;
    }

    fair_queue queue;
    std::deque<thing> things;
};

TEST_F(FairQueueTest, OneSourceKeepsItsOrder) {
    for (const char *name : {"a", "b", "c"})
        EXPECT_EQ(add(1, name), FAIR_QUEUED);
    EXPECT_EQ(take(4), "abc");
}

TEST_F(FairQueueTest, WhoCameLateDoesNotWaitForAFlood) {
    for (int i = 0; i < 10; i++)
        add(1, "f");
    add(2, "x");
    add(3, "y");
    const std::string first = take(3);
    EXPECT_NE(first.find('x'), std::string::npos);
    EXPECT_NE(first.find('y'), std::string::npos);
}

TEST_F(FairQueueTest, Bounds) {
    for (int i = 0; i < 10; i++)
        EXPECT_EQ(add(1, "a"), FAIR_QUEUED);
    EXPECT_EQ(add(1, "a"), FAIR_SOURCE_FULL);
    for (uint64_t i = 0; i < 90; i++)
        EXPECT_EQ(add(2 + i, "b"), FAIR_QUEUED);
    EXPECT_EQ(add(1000, "c"), FAIR_FULL);
    take();
    EXPECT_EQ(add(1000, "c"), FAIR_QUEUED);
}

TEST_F(FairQueueTest, RemoveAnywhere) {
    for (const char *name : {"a", "b", "c", "d"})
        add(1, name);
    add(257, "z"); // the same bucket
    fair_queue_remove(&queue, &things[1].item);
    fair_queue_remove(&queue, &things[3].item);
    fair_queue_remove(&queue, &things[4].item);
    EXPECT_EQ(take(3), "ac");
}

// Against queues that are obviously right: whatever is taken is the first of its source, and no
// source is passed over twice while another has two turns.
TEST_F(FairQueueTest, AnySequence) {
    std::mt19937 luck(7);
    std::map<uint64_t, std::deque<std::string>> model;
    std::map<uint64_t, int> passed_over;
    for (int i = 0; i < 20000; i++) {
        const uint64_t source = luck() % 12 * 256;
        if (luck() % 2 == 0) {
            const std::string name = std::to_string(source) + "." + std::to_string(i);
            if (add(source, name) == FAIR_QUEUED)
                model[source].push_back(name);
            continue;
        }
        const std::string taken = take();
        if (taken.empty()) {
            for (const auto &[number, names] : model)
                ASSERT_TRUE(names.empty());
            continue;
        }
        const uint64_t from = std::stoull(taken);
        ASSERT_EQ(model[from].front(), taken);
        model[from].pop_front();
        passed_over[from] = 0;
        for (const auto &[number, names] : model) {
            if (number != from && !names.empty()) {
                ASSERT_LT(++passed_over[number], 13);
            }
        }
    }
}

} // namespace
