// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The part of TOML that descriptions of brokers use: tables, keys, strings of all four kinds,
// integers, booleans and arrays of strings. What TOML has beyond that (dotted keys, inline tables,
// arrays of tables, floats, dates) is an error that says so.

#ifndef CONFORMANCE_TOML_H
#define CONFORMANCE_TOML_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

struct toml_value {
    enum class kind {
        text,
        number,
        truth,
        list
    } what = kind::text;
    std::string text;
    int64_t number = 0;
    bool truth = false;
    std::vector<std::string> list;
};

// One `key = value`. `table` is the path in the header above it, empty at the beginning.
struct toml_entry {
    std::vector<std::string> table;
    std::string key;
    toml_value value;
    unsigned line = 0;
};

struct toml_file {
    std::vector<toml_entry> entries;
    // All tables that have a header, in order, also those without keys.
    std::vector<std::vector<std::string>> tables;
    std::string error; // "file:line: message" of the first error; empty if there is none
};

toml_file toml_parse(const std::string &file, std::string_view contents);

} // namespace conformance

#endif
