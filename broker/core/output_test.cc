// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Answers that wait for a batch, in order, and what may go before them.

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "broker/core/memory_test_support.h"

extern "C" {
#include "broker/core/output.h"
}

namespace {

class Output : public testing::Test {
  protected:
    ~Output() override {
        output_free(&port.memory, &output);
        EXPECT_EQ(port.memory.total_bytes, 0u);
    }
    uint32_t reserve(const std::string &text) {
        const uint32_t size = static_cast<uint32_t>(text.size());
        std::memcpy(output_reserve(&port.memory, &output, size), text.data(), size);
        return size;
    }
    void put(const std::string &text) {
        const uint32_t size = reserve(text);
        output_put(output, size);
    }
    void held(const std::string &text, uint64_t batch, bool holds_queue = false) {
        const uint32_t size = reserve(text);
        output_put_held(output, size, batch, holds_queue);
    }
    void ahead(const std::string &text) {
        const uint32_t size = reserve(text);
        output_put_ahead(output, size);
    }
    std::string take(uint64_t durable, uint32_t size = 1000) {
        std::string out(size, ' ');
        out.resize(output_take(&port.memory, &output, durable,
                               reinterpret_cast<uint8_t *>(&out[0]), size));
        return out;
    }

    libella_test::test_memory port;
    struct output *output = nullptr;
};

TEST_F(Output, LeavesWithItsBatch) {
    put("a");
    held("b", 5);
    held("c", 5);
    held("d", 6);
    put("e");
    EXPECT_EQ(take(4), "a");
    EXPECT_EQ(take(4), "");
    EXPECT_EQ(output_waiting_bytes(output), 4u);
    EXPECT_EQ(take(5, 1), "b");
    EXPECT_EQ(take(5), "c");
    EXPECT_EQ(take(6), "de");
    EXPECT_EQ(output, nullptr);
}

TEST_F(Output, WhatIsBeyondTwoBatchesWaitsForTheLast) {
    held("a", 1);
    held("b", 2);
    held("c", 3);
    EXPECT_EQ(take(1), "a");
    EXPECT_EQ(take(2), "");
    held("d", 4);
    EXPECT_EQ(take(3), "bc");
    EXPECT_EQ(take(4), "d");
}

TEST_F(Output, SomeMayGoAhead) {
    put("a");
    held("b", 1);
    held("c", 2);
    ahead("!!");
    EXPECT_EQ(take(0), "a!!");
    EXPECT_EQ(take(1), "b");
    ahead("?");
    EXPECT_EQ(take(1), "?");
    EXPECT_EQ(take(2), "c");
}

TEST_F(Output, NothingGoesAheadOfWhatHoldsTheQueue) {
    held("connack", 1, true);
    ahead("!");
    EXPECT_TRUE(output_holds_queue(output, 0));
    EXPECT_FALSE(output_holds_queue(output, 1));
    EXPECT_EQ(take(0), "");
    EXPECT_EQ(take(1), "connack!");
}

TEST_F(Output, PlacesFollowWhenItGrowsAndMoves) {
    for (unsigned i = 0; i < 200; i++) {
        put(std::string(37, 'x'));
        held(std::string(11, 'h'), i + 1);
        EXPECT_EQ(take(i), std::string(37, 'x'));
        EXPECT_EQ(take(i + 1), std::string(11, 'h'));
    }
    put("rest");
    held("held", 300);
    EXPECT_EQ(take(299, 2), "re");
    put(std::string(100, 'y'));
    EXPECT_EQ(take(299), "st");
    EXPECT_EQ(take(300), "held" + std::string(100, 'y'));
}

} // namespace
