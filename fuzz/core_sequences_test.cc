/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * 100,000 generated scripts through the core in bounded time; a broken promise prints the script
 * that reproduces it (save it and give it to core_fuzz).
 */
#include <gtest/gtest.h>

#include <chrono>
#include <cinttypes>
#include <cstdlib>
#include <random>
#include <vector>

#include "fuzz/core_script.h"

namespace {

constexpr uint64_t SEQUENCES = 100000;
constexpr size_t SCRIPT_LEN_MAX = 400;

std::vector<uint8_t> script_of(uint64_t seed) {
    std::mt19937_64 luck(seed);
    std::vector<uint8_t> script(1 + luck() % SCRIPT_LEN_MAX);
    for (uint8_t &byte : script) {
        byte = static_cast<uint8_t>(luck());
    }
    return script;
}

std::string hex(const std::vector<uint8_t> &bytes) {
    std::string out;
    char two[3];
    for (uint8_t byte : bytes) {
        std::snprintf(two, sizeof two, "%02x", byte);
        out += two;
    }
    return out;
}

TEST(Sequences, KeepEveryPromise) {
    const char *first = std::getenv("FIRST_SEED");
    uint64_t begin = first != nullptr ? std::strtoull(first, nullptr, 10) : 0;
    uint64_t events = 0;
    auto started = std::chrono::steady_clock::now();
    for (uint64_t seed = begin; seed < begin + SEQUENCES; seed++) {
        uint64_t steps = 0;
        std::vector<uint8_t> script = script_of(seed);
        std::string broken = core_script_run(script.data(), script.size(), &steps);
        ASSERT_EQ(broken, "") << "seed " << seed << ", script " << hex(script);
        events += steps;
    }
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    std::printf("%" PRIu64 " sequences, %" PRIu64 " events, %.1f s\n", SEQUENCES, events,
                took.count());
    EXPECT_GT(events, SEQUENCES);
}

/* The judge must be able to say no: the same script twice tells the same story. */
TEST(Sequences, Repeat) {
    for (uint64_t seed = 0; seed < 100; seed++) {
        uint64_t first = 0, second = 0;
        std::vector<uint8_t> script = script_of(seed);
        EXPECT_EQ(core_script_run(script.data(), script.size(), &first),
                  core_script_run(script.data(), script.size(), &second));
        EXPECT_EQ(first, second);
    }
}

} // namespace
