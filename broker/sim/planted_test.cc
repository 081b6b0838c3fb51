/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The judge says no: each fault of planted.toml is switched on in the core or the journal, and
 * stories are played until one breaks a promise. Without a fault the same build keeps them all.
 */
#include <gtest/gtest.h>

#include <cstdio>

#include "broker/sim/planted.h"
#include "broker/sim/world.h"

namespace {

constexpr uint64_t SEEDS_MAX = 300;
constexpr uint32_t MINUTES = 10;

int chosen = 0;

struct Bug {
    int number;
    const char *name;
};

const Bug BUGS[] = {
#include "broker/sim/planted_bugs.inc"
};

sim::Outcome play(uint64_t seed) {
    return sim::World(sim::story_of(seed, MINUTES, sim::Faults()), nullptr).run();
}

class Planted : public testing::TestWithParam<Bug> {};

TEST_P(Planted, IsCaught) {
    planted_choose(GetParam().number);
    std::string broken;
    uint64_t seed = 0;
    while (broken.empty() && seed < SEEDS_MAX) {
        broken = play(++seed).broken;
    }
    planted_choose(0);
    std::printf("%s: seed %d: %s\n", GetParam().name, static_cast<int>(seed), broken.c_str());
    EXPECT_NE(broken, "") << GetParam().name << " was not caught in " << SEEDS_MAX << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Bugs, Planted, testing::ValuesIn(BUGS),
                         [](const auto &bug) { return "Bug" + std::to_string(bug.param.number); });

TEST(Unplanted, KeepsEveryPromise) {
    planted_choose(0);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        EXPECT_EQ(play(seed).broken, "") << "seed " << seed;
    }
}

TEST(Planted, AreManyEnough) {
    EXPECT_GE(sizeof BUGS / sizeof *BUGS, 15u);
}

} // namespace

void planted_choose(int number) {
    chosen = number;
}

int planted_is(int number) {
    return number == chosen;
}
