// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What a run found, as text for people and as JSON for programs.

#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include <string>
#include <vector>

#include "tools/load/histogram.h"

namespace load {

struct figure {
    std::string key; // stable: the name in JSON
    std::string unit;
    double value;
};

struct report {
    std::string mode;
    std::vector<figure> figures;
    std::vector<std::string> notes;
    bool faulty = false; // something was lost, repeated, out of order, refused or strange

    void add(const std::string &key, double value, const std::string &unit = "") {
        figures.push_back({key, unit, value});
    }
    // A count that must be 0.
    void add_fault(const std::string &key, double value) {
        add(key, value);
        faulty = faulty || value != 0;
    }
    void add_latency(const histogram &latency_ns);
    // nullptr if there is none.
    const figure *find(const std::string &key) const;
};

std::string report_number(double value);
std::string report_text(const report &found);
std::string report_json(const report &found);

} // namespace load

#endif
