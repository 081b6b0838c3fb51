// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Runs many cases at the same time, each in a world of its own, and hands over the results in the
// order of the cases. It refuses to know how they are shown.

#ifndef CONFORMANCE_POOL_H
#define CONFORMANCE_POOL_H

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/runner.h"

namespace conformance {

struct pool_options {
    unsigned jobs = 8;
    uint64_t timeout_ms = 1000;
    std::string run_prefix = "00000"; // 5 bytes; each case adds 3 of its own
    // These go to every case; see run_options.
    std::vector<std::string> lacks;
    std::optional<std::string> user_name;
    std::optional<std::string> password;
};

using world_maker = std::function<std::unique_ptr<world>()>;
// Called for each case in order, never twice at the same time.
using result_sink = std::function<void(size_t index, const case_result &)>;
// Called when a case has ended, in any order: how many have.
using progress_sink = std::function<void(size_t done)>;

// Cases marked `alone` run first, one after the other.
void pool_run(const std::vector<test_case> &cases, const pool_options &options,
              const world_maker &make, const result_sink &on_result,
              const progress_sink &on_progress);

// 5 bytes that no other run has, as far as chance can see to it.
std::string pool_random_prefix();
// The 8 bytes that `~` stands for in the case with this index.
std::string pool_prefix(const std::string &run_prefix, size_t index);

} // namespace conformance

#endif
