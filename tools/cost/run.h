// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A run: work that is always the same, so that the instructions it takes can be compared from
// change to change. It knows nothing of how they are counted.

#ifndef COST_RUN_H
#define COST_RUN_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace cost {

struct run {
    std::string name;
    uint32_t operations = 0;
    std::string unit; // what an operation is
    // What comes before is not counted; what it returns is the work itself, done once.
    std::function<std::function<void()>()> prepare;
};

std::vector<run> codec_runs();
std::vector<run> core_runs();

// Ends the process: what was measured is not what it is called.
[[noreturn]] void give_up(const std::string &why);

} // namespace cost

#endif
