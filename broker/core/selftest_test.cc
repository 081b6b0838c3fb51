/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The conformance suite against wrong brokers: the core with one rule broken at a time. The suite
 * must name the statement behind each rule, and nothing when no rule is broken. Each rule runs
 * with all cases but the very long; under sanitizers with those that cite one of its statements.
 */
#include <gtest/gtest.h>

#include <set>

#include "broker/core/core_world.h"
#include "conformance/catalog.h"
#include "conformance/selftest/rules.h"
#include "conformance/selftest/selftest.h"

namespace {

using conformance::breach;
using conformance::case_result;
using conformance::selftest_outcome;
using conformance::test_case;
using conformance::verdict;

constexpr uint64_t LONG_CASE_MS = 3600 * 1000; /* of virtual time: hours of it take a second */

std::unique_ptr<conformance::world> core_broker(const std::vector<std::string> &needs) {
    return std::make_unique<CoreWorld>(needs);
}

const std::vector<test_case> &cases() {
    static const std::vector<test_case> all = conformance::catalog_embedded().cases;
    return all;
}

const std::vector<breach> &rules() {
    static const std::vector<breach> all = conformance::rules_all();
    return all;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool ALL_CASES = false; /* they would take minutes */
#else
constexpr bool ALL_CASES = true;
#endif

/* Encodes every packet anew and changes none, which no case may notice. */
void reencode(conformance::breaking_world &, conformance::channel &, conformance::parcel &what) {
    what.changed = what.problems.empty() && !what.is(conformance::packet_type::reserved);
}

case_result run_unbroken(const test_case &scenario) {
    const breach nothing = breach("nothing", {}, "nothing").ask(reencode).answer(reencode);
    return conformance::selftest_case(scenario, nothing, core_broker);
}

/* Cases that are over soon when nothing is broken. */
std::set<std::string> find_short_cases() {
    std::set<std::string> names;
    for (const test_case &each : cases()) {
        if (run_unbroken(each).duration_ms < LONG_CASE_MS) {
            names.insert(each.address());
        }
    }
    return names;
}

bool is_wanted(const test_case &scenario) {
    if (!ALL_CASES) {
        return false;
    }
    static const std::set<std::string> names = find_short_cases();
    return names.count(scenario.address()) != 0;
}

TEST(Unbroken, NoCaseFails) {
    ASSERT_FALSE(cases().empty());
    for (const test_case &each : cases()) {
        const case_result result = run_unbroken(each);
        const bool good =
            result.verdict != verdict::fail && result.verdict != verdict::inconclusive;
        EXPECT_TRUE(good) << each.address() << ": " << result.reason << "\n"
                          << conformance::runner_log_text(result.log, "    ");
    }
}

class Broken : public testing::TestWithParam<size_t> {
  protected:
    static void TearDownTestSuite() {
        std::set<std::string> statements, failed;
        for (const auto &[rule, outcome] : outcomes()) {
            for (const auto &[statement, addresses] : outcome.named) {
                statements.insert(statement);
                failed.insert(addresses.begin(), addresses.end());
            }
        }
        std::printf("%s%zu rules broken, %zu statements named, by %zu of %zu cases\n",
                    conformance::selftest_table(outcomes()).c_str(), outcomes().size(),
                    statements.size(), failed.size(), cases().size());
    }
    static std::vector<std::pair<const breach *, selftest_outcome>> &outcomes() {
        static std::vector<std::pair<const breach *, selftest_outcome>> all;
        return all;
    }
};

TEST_P(Broken, IsNamed) {
    const breach &rule = rules()[GetParam()];
    selftest_outcome outcome = conformance::selftest_run(rule, cases(), core_broker, is_wanted);
    for (const std::string &statement : outcome.unnamed) {
        ADD_FAILURE() << rule.name << " (" << rule.how << "): no case that cites " << statement
                      << " fails; " << outcome.others.size() << " others do, among them "
                      << (outcome.others.empty() ? "none" : outcome.others[0]);
    }
    outcomes().emplace_back(&rule, std::move(outcome));
}

std::vector<size_t> numbers() {
    std::vector<size_t> all(rules().size());
    for (size_t i = 0; i < all.size(); i++) {
        all[i] = i;
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Rules, Broken, testing::ValuesIn(numbers()),
                         [](const testing::TestParamInfo<size_t> &info) {
                             return rules()[info.param].name;
                         });

TEST(Rules, AreManyAndHaveNamesOfTheirOwn) {
    std::set<std::string> names;
    for (const breach &each : rules()) {
        EXPECT_TRUE(names.insert(each.name).second) << each.name;
        EXPECT_FALSE(each.statements.empty()) << each.name;
        EXPECT_TRUE(each.asking || each.answering || each.closing || each.leaving) << each.name;
    }
    EXPECT_GE(names.size(), 40u);
}

} // namespace
