// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Results as people and machines read them: the tree that grows while the cases run, JUnit XML,
// JSON, TAP and HTML. It refuses to know how results came about.

#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "conformance/runner.h"

namespace conformance {

struct report_row {
    const test_case *scenario = nullptr;
    case_result result;
};

struct report_totals {
    std::array<size_t, verdict_count> cases{};
    std::map<std::string, verdict> statements; // statement and its verdict
};

// A statement has the worst verdict of its cases; `not supported` only if none of them could be
// asked.
report_totals report_count(const std::vector<report_row> &rows);
// Whether this verdict makes the run fail.
bool report_failed(verdict which, bool strict);

class report_tree {
  public:
    // `progress` may be null; it gets one line that is written over again and again.
    report_tree(FILE *out, FILE *progress, bool colour, bool strict, size_t total);
    void add(const report_row &row);
    void advance(size_t done);
    void finish(const std::vector<report_row> &rows, uint64_t duration_ms);

  private:
    std::string paint(const char *code, const std::string &text) const;
    void clear_progress();
    void details(const report_row &row);

    FILE *out_;
    FILE *progress_;
    bool colour_;
    bool strict_;
    size_t total_;
    std::string folder_;
    std::string file_;
    bool shown_ = false;
};

// What is known of a run beside its results.
struct report_facts {
    std::string broker;  // its address, or its name
    std::string version; // what it says of its version; may be empty
    std::string date;
    std::string home; // the page that compares brokers, if this report belongs to one
    uint64_t duration_ms = 0;
    std::vector<std::string> notes;             // on the run as a whole
    std::map<std::string, std::string> remarks; // of a case's address or a statement
    size_t pass_bytes_max = 64; // shown of each packet in the log of a case that passed
};

// The whole document as text.
std::string report_junit(const std::vector<report_row> &rows, bool strict);
std::string report_json(const std::vector<report_row> &rows, const std::string &broker);
std::string report_tap(const std::vector<report_row> &rows, bool strict);
// With the logs that the rows have, those of cases that passed too.
std::string report_html(const std::vector<report_row> &rows, const report_facts &facts);

// The cases that cite each statement, by their index in `rows`; statements in the order of the
// standard.
struct report_statement {
    std::string id;
    conformance::verdict verdict = conformance::verdict::pass;
    std::vector<size_t> rows;
};
std::vector<report_statement> report_statements(const std::vector<report_row> &rows);
// Of the rows of a statement the first that has its verdict.
size_t report_witness(const report_statement &statement, const std::vector<report_row> &rows);

} // namespace conformance

#endif
