/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The same run, again and again, each time ended right after another one of its operations on the
 * disk: after every write, sync, new name, change and removal. Once as a kill, once as a power
 * cut. Whatever the moment, every promise holds.
 */
#include <gtest/gtest.h>

#include <cinttypes>

#include "broker/sim/world.h"

namespace {

/* Everybody is lucky but for the crash. */
sim::Story scripted(uint64_t seed) {
    sim::Faults none;
    none.network = none.crashes = none.disk = none.flips = false;
    sim::Story story = sim::story_of(seed, 1, none);
    return story;
}

class CrashPoints : public testing::TestWithParam<bool> {};

TEST_P(CrashPoints, LoseNothing) {
    sim::CrashPoint crash;
    crash.power = GetParam();
    for (uint64_t seed : {3u, 14u}) {
        sim::Story story = scripted(seed);
        const uint64_t operations = sim::World(story, nullptr).run().disk_operations;
        ASSERT_GT(operations, 50u);
        for (crash.operation = 1; crash.operation <= operations; crash.operation++) {
            sim::Outcome outcome = sim::World(story, nullptr, crash).run();
            ASSERT_EQ(outcome.broken, "")
                << "replay: libella-sim --seed " << seed << " --minutes 1 --no-network"
                << " --no-crashes --no-disk --no-flips --crash-after " << crash.operation
                << (crash.power ? " --power" : "") << " --trace";
            ASSERT_EQ(outcome.crashes, 1u);
        }
        std::printf("seed %" PRIu64 ": %" PRIu64 " crash points\n", seed, operations);
    }
}

INSTANTIATE_TEST_SUITE_P(Both, CrashPoints, testing::Bool(),
                         [](const auto &info) { return info.param ? "PowerCut" : "Kill"; });

} // namespace
