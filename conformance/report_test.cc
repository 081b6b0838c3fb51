// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Selecting cases, running many at a time, and the three reports.

#include "conformance/report.h"

#include <gtest/gtest.h>

#include "conformance/catalog.h"
#include "conformance/fake_world.h"
#include "conformance/pool.h"

namespace conformance {
namespace {

script parse(const std::string &file, const std::string &contents) {
    script parsed = script_parse(file, contents);
    for (const std::string &error : parsed.errors) {
        ADD_FAILURE() << error;
    }
    return parsed;
}

// One case for each verdict, the first and last in the same file.
script all_verdicts() {
    script all =
        parse("v5/3.1_connect.case",
              "case good\ntitle \"<good> & \\\"fine\\\"\"\ncites v5/3.1-1\nA connect\n"
              "case open\ncites v5/3.1-2\nA connect\nundefined: A < nothing 10ms\n"
              "case graded\ncites v5/3.1-3\nA connect\nA < close\nlenient: A < nothing 10ms\n"
              "case needy\ncites v5/3.1-4\nneeds acl\nA connect\n");
    const script more =
        parse("v5/3.2_connack.case",
              "case lost\ncites v5/3.1-4 v5/3.2-1\ngiven: A connect\ngiven: A < close\n"
              "case bad\ncites v5/3.1-1\nalone\nA connect\nA < PINGRESP\n");
    all.cases.insert(all.cases.end(), more.cases.begin(), more.cases.end());
    return all;
}

struct finished_run {
    script parsed = all_verdicts();
    std::vector<report_row> rows;
    std::vector<size_t> order;
    size_t progress = 0;

    explicit finished_run(unsigned jobs) {
        pool_options options;
        options.jobs = jobs;
        pool_run(
            parsed.cases, options, [] { return std::make_unique<fake_world>(); },
            [this](size_t index, const case_result &result) {
                order.push_back(index);
                rows.push_back({&parsed.cases[index], result});
            },
            [this](size_t done) { progress = done; });
    }
};

std::string tree_of(const finished_run &run, bool colour, bool strict) {
    char *text = nullptr;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    report_tree tree(out, nullptr, colour, strict, run.rows.size());
    for (const report_row &row : run.rows) {
        tree.add(row);
        tree.advance(1);
    }
    tree.finish(run.rows, 1500);
    fclose(out);
    const std::string result(text, size);
    free(text);
    return result;
}

size_t count(const std::string &text, const std::string &part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        found++;
    }
    return found;
}

TEST(Pool, ResultsComeInOrderHoweverManyJobs) {
    for (const unsigned jobs : {1u, 4u, 64u}) {
        const finished_run run(jobs);
        EXPECT_EQ(run.order, (std::vector<size_t>{0, 1, 2, 3, 4, 5})) << jobs;
        EXPECT_EQ(run.progress, 6u);
        const std::vector<verdict> wanted = {verdict::pass,         verdict::undefined,
                                             verdict::lenient,      verdict::not_supported,
                                             verdict::inconclusive, verdict::fail};
        for (size_t i = 0; i < wanted.size(); i++) {
            EXPECT_EQ(run.rows[i].result.verdict, wanted[i]) << i;
        }
    }
}

TEST(Pool, PrefixesDifferAndHaveEightBytes) {
    std::set<std::string> seen;
    for (size_t i = 0; i < 5000; i++) {
        const std::string prefix = pool_prefix("abcde", i);
        EXPECT_EQ(prefix.size(), 8u);
        EXPECT_TRUE(seen.insert(prefix).second);
    }
}

TEST(Report, CountsCasesAndStatements) {
    const report_totals totals = report_count(finished_run(1).rows);
    for (const size_t each : totals.cases) {
        EXPECT_EQ(each, 1u);
    }
    EXPECT_EQ(totals.statements.at("v5/3.1-1"), verdict::fail);
    EXPECT_EQ(totals.statements.at("v5/3.1-2"), verdict::undefined);
    EXPECT_EQ(totals.statements.at("v5/3.1-4"), verdict::inconclusive);
    EXPECT_TRUE(report_failed(verdict::inconclusive, false));
    EXPECT_FALSE(report_failed(verdict::lenient, false));
    EXPECT_TRUE(report_failed(verdict::lenient, true));
    EXPECT_FALSE(report_failed(verdict::not_supported, true));
}

TEST(Report, TreeShowsVerdictsAndTheLogOfFailures) {
    const finished_run run(1);
    const std::string tree = tree_of(run, false, false);
    EXPECT_EQ(count(tree, "\x1B"), 0u);
    EXPECT_EQ(count(tree, "v5\n  3.1 connect\n    pass          good\n    undefined     open\n"),
              1u)
        << tree;
    EXPECT_EQ(count(tree, "    not supported needy  (needs acl)\n"), 1u);
    EXPECT_EQ(
        count(tree,
              "    FAIL          bad\n        cites v5/3.1-1\n        v5/3.2_connack.case:9\n"),
        1u)
        << tree;
    EXPECT_EQ(count(tree, "expected: A < PINGRESP\n        came: nothing within 1000 ms\n"), 1u);
    EXPECT_EQ(count(tree, "A > CONNECT"), 2u);
    EXPECT_EQ(
        count(
            tree,
            "6 cases: 1 pass, 1 undefined, 1 lenient, 1 not supported, 1 inconclusive, 1 fail\n"),
        1u);
    EXPECT_EQ(count(tree_of(run, false, true), "A > CONNECT"), 3u);
    EXPECT_GT(count(tree_of(run, true, false), "\x1B[31;1mFAIL"), 0u);
}

TEST(Report, JunitEscapesAndCounts) {
    const std::string junit = report_junit(finished_run(1).rows, false);
    EXPECT_EQ(
        count(junit,
              "<testsuite name=\"v5/3.1\" tests=\"4\" failures=\"0\" errors=\"0\" skipped=\"1\">"),
        1u)
        << junit;
    EXPECT_EQ(
        count(junit,
              "<testsuite name=\"v5/3.2\" tests=\"2\" failures=\"1\" errors=\"1\" skipped=\"0\">"),
        1u);
    EXPECT_EQ(count(junit, "<failure type=\"fail\" message=\"expected: A &lt; PINGRESP\n"), 1u);
    EXPECT_EQ(count(junit, "<error type=\"inconclusive\""), 1u);
    EXPECT_EQ(count(report_junit(finished_run(1).rows, true), "<failure type=\"lenient\""), 1u);
}

TEST(Report, JsonHasTotalsStatementsAndLogs) {
    const std::string json = report_json(finished_run(1).rows, "localhost:1883");
    EXPECT_EQ(count(json, "\"broker\": \"localhost:1883\""), 1u);
    EXPECT_EQ(count(json, "\"inconclusive\": 1, \"fail\": 1}"), 1u);
    EXPECT_EQ(count(json, "\"v5/3.1-1\": \"fail\""), 1u);
    EXPECT_EQ(count(json, "\"title\": \"<good> & \\\"fine\\\"\""), 1u);
    EXPECT_EQ(count(json, "\"reason\": \"expected: A < PINGRESP\\ncame: nothing within 1000 ms\""),
              1u)
        << json;
    EXPECT_EQ(count(json, "\"direction\": \"received\""),
              4u); // all but the one that passed and the one not asked
}

TEST(Catalog, SelectorsNameCases) {
    const script parsed =
        parse("x/v5/3.1.2_flags.case", "case a_case\ncites v5/3.1.2-4 v5/u-3.1.2.3-1\nwait 1s\n");
    const test_case &only = parsed.cases[0];
    for (const char *selector : {"v5", "v5/3", "v5/3.1", "v5/3.1.2", "v5/3.1.2-4",
                                 "v5/u-3.1.2.3-1", "v5/3.1.2/a_case", "a_case"}) {
        EXPECT_TRUE(catalog_selects(selector, only)) << selector;
    }
    for (const char *selector :
         {"v3", "v5/3.1.2.3", "v5/3.10", "v5/3.1.2-40", "v5/3.1.2/a", "a", "", "v"}) {
        EXPECT_FALSE(catalog_selects(selector, only)) << selector;
    }
}

TEST(Catalog, BuiltInCasesAreRightAndSorted) {
    const script all = catalog_embedded();
    for (const std::string &error : all.errors) {
        ADD_FAILURE() << error;
    }
    ASSERT_GT(all.cases.size(), 30u);
    EXPECT_EQ(all.cases.front().folder, "v3");
    EXPECT_EQ(all.cases.back().folder, "v5");
}

TEST(Catalog, AFolderWithoutCasesIsAnError) {
    EXPECT_EQ(catalog_folder("/nonexistent").errors.size(), 1u);
}

} // namespace
} // namespace conformance
