// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Several brokers, all cases, one comparison: statements × brokers, every cell with its wire log.

#ifndef CONFORMANCE_GRID_H
#define CONFORMANCE_GRID_H

#include <array>
#include <string>
#include <vector>

#include "conformance/broker_file.h"
#include "conformance/options.h"
#include "conformance/report.h"

namespace conformance {

struct grid_column {
    broker_description broker;
    report_facts facts;
    std::vector<report_row> rows; // the same cases in every column
    std::vector<report_statement> statements;
};

// Starts the brokers that the options name, one after the other, and writes the pages. `all` are
// the cases there are, `cases` those that are run. False with the reason in `error`.
bool grid_run(const std::vector<test_case> &all, const std::vector<test_case> &cases,
              const options &wanted, std::string *error);

// The page that compares, which links to NAME.html of each broker.
std::string grid_html(const std::vector<grid_column> &columns);
// The same in short, as Markdown: totals by chapter, and what failed.
std::string grid_markdown(const std::vector<grid_column> &columns);

// For the two pages: whether the broker speaks the version of the folder ("v3", "v5") at all.
bool grid_speaks(const grid_column &column, const std::string &folder);
// How many statements of a chapter have each verdict; of all chapters of a folder if it is "v5".
std::array<size_t, verdict_count> grid_count(const grid_column &column,
                                             const std::string &chapter);
// Chapters of a folder in the order of the standard, of which statements were asked.
std::vector<std::string> grid_chapters(const grid_column &column, const std::string &folder);

} // namespace conformance

#endif
