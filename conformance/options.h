// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The command line of libella-conformance as data. It refuses to know what is done with it.

#ifndef CONFORMANCE_OPTIONS_H
#define CONFORMANCE_OPTIONS_H

#include <map>
#include <string>
#include <vector>

#include "conformance/pool.h"
#include "conformance/script.h"
#include "conformance/tcp_world.h"

namespace conformance {

// Of a run against one broker, and of the grid.
struct options {
    bool help = false;
    bool list = false;
    bool strict = false;
    bool grid = false;
    std::string broker;
    tcp_address address;
    bool tls = false;
    bool websocket = false;
    std::string websocket_path = "/mqtt";
    tls_options certificates;
    unsigned version = 0;
    std::vector<std::string> needs;
    std::string cases;
    std::string junit, json, tap, html; // files to write; empty: none
    pool_options pool;
    std::vector<std::string> selectors;
    // Of the grid alone.
    std::vector<std::string> brokers;          // description files
    std::map<std::string, std::string> values; // of --set
    std::string out = "conformance-grid";
    bool grid_json = false;

    std::string error; // what is wrong with the command line; empty if nothing
};

// The words after the program's name.
options options_parse(const std::vector<std::string> &words);
std::string options_help();

// The cases that selectors and version name. Empty with a message in `error` if there are none.
std::vector<test_case> options_choose(const std::vector<test_case> &all, const options &wanted,
                                      std::string *error);

} // namespace conformance

#endif
