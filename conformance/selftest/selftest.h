// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The test of the suite itself: cases against a broker in which one rule is broken, and whether
// the suite names the statement behind that rule. It refuses to know the broker.

#ifndef CONFORMANCE_SELFTEST_SELFTEST_H
#define CONFORMANCE_SELFTEST_SELFTEST_H

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "conformance/runner.h"
#include "conformance/selftest/breaking_world.h"

namespace conformance {

// A fresh broker for a case with these needs.
using broker_maker = std::function<std::unique_ptr<world>(const std::vector<std::string> &needs)>;

// One case against the broker with the rule broken.
case_result selftest_case(const test_case &scenario, const breach &rule,
                          const broker_maker &make_broker);

// What became of a breach. It is noticed if every statement of the rule is named.
struct selftest_outcome {
    std::map<std::string, std::vector<std::string>>
        named;                        // statement: cases that cite and fail it
    std::vector<std::string> unnamed; // statements of the rule without any
    std::vector<std::string> others;  // cases that fail and cite none of them
    size_t run_count = 0;

    bool noticed() const { return unnamed.empty(); }
};

// Runs those cases that `wanted` selects, and all that cite a statement of the rule.
selftest_outcome selftest_run(const breach &rule, const std::vector<test_case> &cases,
                              const broker_maker &make_broker,
                              const std::function<bool(const test_case &)> &wanted);

// Rules by name, how each was broken, and for each statement the cases that named it.
std::string
selftest_table(const std::vector<std::pair<const breach *, selftest_outcome>> &outcomes);

} // namespace conformance

#endif
