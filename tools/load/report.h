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
    std::vector<std::string> faults; // keys of the counts that must be 0 and are not
    bool faulty = false; // something was lost, repeated, out of order, refused or strange

    void add(const std::string &key, double value, const std::string &unit = "") {
        figures.push_back({key, unit, value});
    }
    // A count that must be 0.
    void add_fault(const std::string &key, double value) {
        add(key, value);
        if (value != 0) {
            faults.push_back(key);
            faulty = true;
        }
    }
    void add_latency(const histogram &latency_ns);
    // nullptr if there is none.
    const figure *find(const std::string &key) const;
};

std::string report_number(double value);
// "lost 3, repeated 1"
std::string report_faults(const report &found);
std::string report_text(const report &found);
std::string report_json(const report &found);

} // namespace load

#endif
