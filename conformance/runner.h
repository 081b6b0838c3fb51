// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Runs one case in a world and judges it. It refuses to know where cases come from, what kind of
// world it is, and how results are shown.

#ifndef CONFORMANCE_RUNNER_H
#define CONFORMANCE_RUNNER_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conformance/script.h"
#include "conformance/stage.h"
#include "conformance/world.h"

namespace conformance {

// From good to bad: the verdict of a case is the worst of its steps.
enum class verdict {
    pass,
    undefined,
    lenient,
    not_supported,
    inconclusive,
    fail
};

constexpr unsigned verdict_count = 6;
const char *verdict_name(verdict which);

struct run_options {
    uint64_t timeout_ms = 1000; // of an expectation without `within`
    std::string prefix =
        "run00000"; // what `~` stands for: 8 bytes of 0-9 and a-z, different for each case
    std::vector<std::string> lacks; // features that the broker is said not to have
    // Of every CONNECT in whose case nothing else is said about user name and password.
    std::optional<std::string> user_name;
    std::optional<std::string> password;
};

struct case_result {
    conformance::verdict verdict = conformance::verdict::pass;
    std::string reason; // empty for pass
    unsigned line = 0;  // of the step that decided; 0 if none did
    uint64_t duration_ms = 0;
    std::vector<log_entry> log;
};

case_result runner_run(const test_case &scenario, world &place, const run_options &options);

// The log as lines of text: time, client, direction, packet, and below it the bytes.
std::string runner_log_text(const std::vector<log_entry> &log, const std::string &indent);

} // namespace conformance

#endif
