/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * 200 stories of ten minutes with every fault there is; the same story told twice is the same; a
 * story is made shorter without losing what is wrong in it. That the judge says no when something
 * is wrong is shown by planted_test.
 */
#include <gtest/gtest.h>

#include "broker/sim/world.h"

namespace {

constexpr uint64_t SEEDS = 200;
constexpr uint32_t MINUTES = 10;

TEST(Simulator, KeepsEveryPromise) {
    uint64_t deliveries = 0, connections = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        sim::Story story = sim::story_of(seed, MINUTES, sim::Faults());
        sim::Outcome outcome = sim::World(story, nullptr).run();
        ASSERT_EQ(outcome.broken, "")
            << "replay: libella-sim --seed " << seed << " --minutes " << MINUTES << " --trace";
        EXPECT_GE(outcome.simulated_ms, MINUTES * 60000u);
        deliveries += outcome.deliveries;
        connections += outcome.connections;
    }
    EXPECT_GT(deliveries, SEEDS * 100);
    EXPECT_GT(connections, SEEDS * 10);
}

TEST(Simulator, TellsTheSameStoryTwice) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        sim::Story story = sim::story_of(seed, 2, sim::Faults());
        sim::Outcome first = sim::World(story, nullptr).run();
        sim::Outcome second = sim::World(story, nullptr).run();
        EXPECT_EQ(first.steps, second.steps);
        EXPECT_EQ(first.deliveries, second.deliveries);
        EXPECT_EQ(first.broken, second.broken);
    }
}

/* Shrinking keeps what fails, and little else: here a story fails if the witness leaves after
 * somebody was cut off. */
TEST(Shrink, LeavesOutWhatDoesNotMatter) {
    auto fails = [](const sim::Story &story) {
        bool is_cut = false;
        for (const sim::Event &event : story.events) {
            is_cut |= event.act == sim::Act::CUT;
            if (is_cut && event.act == sim::Act::LEAVE) {
                return true;
            }
        }
        return false;
    };
    sim::Story story = sim::story_of(7, 10, sim::Faults());
    ASSERT_TRUE(fails(story));
    sim::Story shorter = sim::shrink(story, fails, 1000);
    EXPECT_EQ(shorter.events.size(), 2u);
    EXPECT_TRUE(fails(shorter));
}

} // namespace
