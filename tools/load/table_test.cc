// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/table.h"

#include "gtest/gtest.h"

namespace load {
namespace {

const char *const whole = R"([broker.ours]
description = "here/ours.toml"
[broker.theirs]
command = "theirs -p @port@"
[broker.floor]
runs = 2
[row.first]
title = "pairs"
mode = ["pairs", "--qos=1"]
aim = "0.5"
without = ["floor"]
[row.second]
mode = ["churn"]
figure = "broker_cpu_per_connection"
runs = 3
)";

TEST(table, is_read) {
    const table_plan plan = table_parse("/some/table.toml", whole);
    EXPECT_EQ(plan.error, "");
    ASSERT_EQ(plan.brokers.size(), 3u);
    EXPECT_EQ(plan.brokers[0].written, "/some/here/ours.toml");
    EXPECT_EQ(plan.brokers[1].written, "theirs -p @port@");
    EXPECT_EQ(plan.brokers[2].written, "floor");
    EXPECT_EQ(plan.brokers[2].runs, 2u);
    ASSERT_EQ(plan.rows.size(), 2u);
    EXPECT_EQ(plan.rows[0].title, "pairs");
    EXPECT_EQ(plan.rows[0].mode.qos, 1u);
    EXPECT_EQ(plan.rows[0].figure, "broker_cpu_per_delivery");
    EXPECT_EQ(plan.rows[0].without, std::vector<std::string>{"floor"});
    EXPECT_EQ(plan.rows[1].title, "second");
    EXPECT_EQ(plan.rows[1].runs, 3u);
}

TEST(table, what_is_wrong_is_said_with_its_line) {
    const auto error_of = [](const std::string &more) {
        return table_parse("t.toml", whole + more).error;
    };
    EXPECT_EQ(error_of("[row.x]\nmode = [\"pears\"]\n"),
              "t.toml:17: no mode is named 'pears'; see --help");
    EXPECT_EQ(error_of("[row.x]\nmode = \"pairs\"\n"),
              "t.toml:17: mode: expected a list of strings");
    EXPECT_EQ(error_of("[row.x]\naim = 0\n"), "t.toml:17: aim: expected a string");
    EXPECT_EQ(error_of("[row.x]\nruns = 0\n"), "t.toml:17: runs: expected a number, 1 to 1000");
    EXPECT_EQ(error_of("[row.x]\ngoal = 0\n").substr(0, 28), "t.toml:17: unknown key goal:");
    EXPECT_EQ(error_of("[rows.x]\naim = \"1\"\n"),
              "t.toml:17: expected the tables broker.NAME and row.NAME only");
    EXPECT_EQ(error_of("[row.x]\n"), "t.toml: row.x has no mode");
    EXPECT_EQ(table_parse("t.toml", "[broker.one]\n").error,
              "t.toml: expected two brokers at least: what is measured, and by what it is judged");
}

TEST(table, a_row_has_medians_and_the_spread_of_single_pairs_of_runs) {
    const table_plan plan = table_parse("/some/table.toml", whole);
    EXPECT_EQ(table_line(plan, "pairs", "0.5",
                         {{"ours", {1, 2, 30}}, {"theirs", {4, 4, 10}}, {"floor", {1, 1}}}),
              "| pairs | 0.5 | 0.500 | 0.250 ... 3 | 0.250 | 2 | 4 | 1 |\n");
    EXPECT_EQ(table_line(plan, "pairs", "", {{"ours", {1}}}),
              "| pairs |  | - | - | - | 1 | - | - |\n");
}

} // namespace
} // namespace load
