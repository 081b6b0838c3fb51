// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Two brokers in turn under the same load. Each run has a fresh broker, and the brokers take
// turns, so that what changes on the machine meanwhile changes for both.

#ifndef LOAD_COMPARE_H
#define LOAD_COMPARE_H

#include <string>
#include <vector>

#include "tools/load/options.h"
#include "tools/load/report.h"

namespace load {

double compare_median(std::vector<double> values);

struct comparison {
    std::string key;
    std::string unit;
    double a = 0; // medians
    double b = 0;
    double ratio = 0;       // of the medians: b / a; 0 if a is 0
    double ratio_least = 0; // of the single pairs of runs
    double ratio_most = 0;
};

// Of runs[i] of both sides; only what both have.
std::vector<comparison> compare_figures(const std::vector<report> &a,
                                        const std::vector<report> &b);

// Runs it, prints it. The exit code.
int compare_main(const options &wanted);

} // namespace load

#endif
