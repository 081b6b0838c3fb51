// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Runs the suite against broken brokers, and judges the suite.

#include "conformance/selftest/selftest.h"

#include <algorithm>

namespace conformance {

namespace {

constexpr size_t named_cases_max = 2; // in a line of the table; the rest is counted

bool cites(const test_case &scenario, const std::string &statement) {
    return std::find(scenario.cites.begin(), scenario.cites.end(), statement) !=
           scenario.cites.end();
}

bool cites_any(const test_case &scenario, const breach &rule) {
    return std::any_of(rule.statements.begin(), rule.statements.end(),
                       [&](const std::string &each) { return cites(scenario, each); });
}

bool notices(verdict came, const breach &rule) {
    return came == verdict::fail || (came == verdict::lenient && came == rule.expected);
}

std::string some_of(const std::vector<std::string> &names) {
    std::string out;
    for (size_t i = 0; i < std::min(names.size(), named_cases_max); i++) {
        out += (i == 0 ? "" : ", ") + names[i];
    }
    if (names.size() > named_cases_max) {
        out += " and " + std::to_string(names.size() - named_cases_max) + " more";
    }
    return out.empty() ? "NOT NAMED" : out;
}

std::string padded(std::string text, size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

} // namespace

case_result selftest_case(const test_case &scenario, const breach &rule,
                          const broker_maker &make_broker) {
    const std::unique_ptr<world> broker = make_broker(scenario.needs);
    breaking_world broken(*broker, rule);
    return runner_run(scenario, broken, {});
}

selftest_outcome selftest_run(const breach &rule, const std::vector<test_case> &cases,
                              const broker_maker &make_broker,
                              const std::function<bool(const test_case &)> &wanted) {
    selftest_outcome out;
    for (const test_case &each : cases) {
        const bool cited = cites_any(each, rule);
        if (!cited && !wanted(each)) {
            continue;
        }
        out.run_count++;
        if (!notices(selftest_case(each, rule, make_broker).verdict, rule)) {
            continue;
        }
        if (!cited) {
            out.others.push_back(each.address());
        }
        for (const std::string &statement : rule.statements) {
            if (cites(each, statement)) {
                out.named[statement].push_back(each.address());
            }
        }
    }
    for (const std::string &statement : rule.statements) {
        if (out.named.count(statement) == 0) {
            out.unnamed.push_back(statement);
        }
    }
    return out;
}

std::string
selftest_table(const std::vector<std::pair<const breach *, selftest_outcome>> &outcomes) {
    constexpr size_t statement_width = 18;
    std::string out;
    for (const auto &[rule, outcome] : outcomes) {
        out += rule->name + ": " + rule->how + "; " + std::to_string(outcome.others.size()) +
               " other cases fail\n";
        for (const std::string &statement : rule->statements) {
            const auto found = outcome.named.find(statement);
            const std::vector<std::string> none;
            out += "    " + padded(statement, statement_width) +
                   some_of(found == outcome.named.end() ? none : found->second) + "\n";
        }
    }
    return out;
}

} // namespace conformance
