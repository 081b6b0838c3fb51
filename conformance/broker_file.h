// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The description of a broker for the grid: how it is started in one or several setups, what each
// of them offers, and what people found out about its results. It refuses to start anything. The
// format is in docs/conformance.md.

#ifndef CONFORMANCE_BROKER_FILE_H
#define CONFORMANCE_BROKER_FILE_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "conformance/script.h"

namespace conformance {

// One way of starting the broker. Text may hold @dir@, @here@, @port@ and the names of `values`.
struct broker_setup {
    std::string name;
    std::vector<std::string> command;
    std::vector<std::string> needs;
    std::string port;       // empty: a free one
    std::string ready_line; // part of a line of its output; empty: when the port answers
    std::string websocket_path; // begins with '/'; empty: it speaks MQTT over TCP there
    uint64_t start_ms = 10000;
    std::map<std::string, std::string> files; // name and contents
};

struct broker_description {
    std::string name;  // of its pages: lower-case letters, digits, '-'
    std::string title; // for people
    std::string here;  // the folder of the description
    std::vector<unsigned> versions;
    std::vector<std::string> lacks; // features
    std::vector<std::string> version_command;
    std::map<std::string, std::string> values; // defaults of @NAME@
    std::vector<broker_setup> setups;          // at least one
    std::map<std::string, std::string> remarks;
    std::string error; // "file:line: message"; empty if there is none
};

broker_description broker_file_parse(const std::string &file, const std::string &contents);
broker_description broker_file_read(const std::string &file);

// The text with every @NAME@ replaced that `values` knows.
std::string broker_file_fill(const std::string &text,
                             const std::map<std::string, std::string> &values);

// The index of the setup in which a case is run: the first that offers everything it needs, else
// the first that is configured for it. SIZE_MAX if the broker does not speak the case's version.
size_t broker_file_setup(const broker_description &broker, const test_case &scenario);

} // namespace conformance

#endif
