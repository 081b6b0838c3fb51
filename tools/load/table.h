// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Several brokers in turn in several modes, as one table in Markdown. A file says which: brokers
// in tables named broker.NAME, of which the first is judged by the second, and modes in tables
// named row.NAME. See tools/load/table.toml.

#ifndef LOAD_TABLE_H
#define LOAD_TABLE_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/load/options.h"

namespace load {

struct table_broker {
    std::string name;
    std::string written; // as --a takes it
    uint32_t runs = 0;   // at most; 0: as many as the rows have
};

struct table_row {
    std::string name;
    std::string title;
    options mode;
    std::string figure = "broker_cpu_per_delivery";
    std::string also; // another figure of the same runs, in a row of its own
    std::string aim;
    std::string also_aim;
    uint32_t runs = 0; // at most; 0: as many as are wanted
    std::vector<std::string> without; // names of brokers that are not asked
};

struct table_plan {
    std::vector<table_broker> brokers; // two at least
    std::vector<table_row> rows;
    std::string error; // "file:line: message"; empty if there is none
};

// `file`: its folder is where names of descriptions are looked for.
table_plan table_parse(const std::string &file, const std::string &contents);

// The values of a figure by broker, in the order of the runs. The row in Markdown.
std::string table_line(const table_plan &plan, const std::string &title, const std::string &aim,
                       const std::map<std::string, std::vector<double>> &values);

// Runs the file that is named where a mode else is, prints the table. The exit code.
int table_main(const options &wanted);

} // namespace load

#endif
