// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The judgement over the suite: what counts as noticed, and what does not.

#include "conformance/selftest/selftest.h"

#include <gtest/gtest.h>

#include "conformance/fake_world.h"
#include "conformance/selftest/rules.h"

namespace conformance {
namespace {

constexpr const char *two_cases = R"(
case ping
cites v5/3.12.4-1
A connect
A > PINGREQ
A < PINGRESP

case connack
cites v5/3.2.0-1 v5/3.1.4-5
A > CONNECT
A < CONNACK
lenient: A < nothing 1s
)";

std::unique_ptr<world> polite(const std::vector<std::string> &) {
    return std::make_unique<fake_world>();
}

class Selftest : public testing::Test {
  protected:
    Selftest() : parsed_(script_parse("v5/3.1_test.case", two_cases)) {
        EXPECT_TRUE(parsed_.errors.empty());
    }
    selftest_outcome run(const breach &rule) {
        return selftest_run(rule, parsed_.cases, polite,
                            [this](const test_case &) { return all_; });
    }

    using names = std::vector<std::string>;
    script parsed_;
    bool all_ = true;
};

TEST_F(Selftest, NoticedWhenACaseThatCitesFails) {
    const selftest_outcome out =
        run(breach("ping", {"v5/3.12.4-1"}, "").answer(lose(packet_type::pingresp)));
    EXPECT_TRUE(out.noticed());
    EXPECT_EQ(out.named.at("v5/3.12.4-1"), names{"v5/3.1/ping"});
    EXPECT_TRUE(out.others.empty());
    EXPECT_EQ(out.run_count, 2u);
}

TEST_F(Selftest, UnnoticedWhenNothingFails) {
    const selftest_outcome out =
        run(breach("nothing", {"v5/3.12.4-1"}, "").answer(lose(packet_type::auth)));
    EXPECT_FALSE(out.noticed());
    EXPECT_EQ(out.unnamed, names{"v5/3.12.4-1"});
}

TEST_F(Selftest, UnnoticedWhenOthersFail) {
    const selftest_outcome out =
        run(breach("ping", {"v5/3.2.0-1"}, "").answer(lose(packet_type::pingresp)));
    EXPECT_FALSE(out.noticed());
    EXPECT_EQ(out.others, names{"v5/3.1/ping"});
}

TEST_F(Selftest, EachStatementMustBeNamed) {
    const selftest_outcome out =
        run(breach("ping", {"v5/3.12.4-1", "v5/3.1.4-5"}, "").answer(lose(packet_type::pingresp)));
    EXPECT_FALSE(out.noticed());
    EXPECT_EQ(out.unnamed, names{"v5/3.1.4-5"});
}

TEST_F(Selftest, LenientCountsWhereItIsExpected) {
    const auto late = [] {
        return breach("late", {"v5/3.1.4-5"}, "").answer(lose(packet_type::connack));
    };
    EXPECT_FALSE(run(late()).noticed());
    EXPECT_TRUE(run(late().noticed_as(verdict::lenient)).noticed());
}

TEST_F(Selftest, RunsWhatCitesEvenIfUnwanted) {
    all_ = false;
    const selftest_outcome out =
        run(breach("ping", {"v5/3.12.4-1"}, "").answer(lose(packet_type::pingresp)));
    EXPECT_TRUE(out.noticed());
    EXPECT_EQ(out.run_count, 1u);
}

TEST_F(Selftest, TableSaysWhoNamedWhat) {
    const breach rule = breach("ping", {"v5/3.12.4-1", "v5/3.1.4-5"}, "is not answered")
                            .answer(lose(packet_type::pingresp));
    const std::string table = selftest_table({{&rule, run(rule)}});
    EXPECT_NE(table.find("ping: is not answered; 0 other cases fail"), std::string::npos);
    EXPECT_NE(table.find("v5/3.12.4-1       v5/3.1/ping"), std::string::npos);
    EXPECT_NE(table.find("v5/3.1.4-5        NOT NAMED"), std::string::npos);
}

} // namespace
} // namespace conformance
