// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// usage: cost [RUN...]
//
// Does the runs named, all if none is, in their order, and prints for each: name, operations, what
// an operation is. cost_test.py runs it under callgrind, which counts what cost_measured() does
// and writes it down whenever that returns.

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tools/cost/run.h"

namespace cost {

void give_up(const std::string &why) {
    std::fprintf(stderr, "cost: %s\n", why.c_str());
    std::exit(1);
}

} // namespace cost

extern "C" __attribute__((noinline)) void cost_measured(const std::function<void()> *work) {
    (*work)();
    __asm__ volatile(""); // a call, not a jump, so that there is a return
}

int main(int argc, char **argv) {
    const std::vector<std::string> wanted(argv + 1, argv + argc);
    std::vector<cost::run> runs = cost::codec_runs();
    for (cost::run &each : cost::core_runs())
        runs.push_back(each);
    for (const std::string &name : wanted) {
        if (std::none_of(runs.begin(), runs.end(),
                         [&](const cost::run &each) { return each.name == name; }))
            cost::give_up("no run is named '" + name + "'");
    }
    std::printf("compiler\t%s\n", __VERSION__);
    for (const cost::run &each : runs) {
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), each.name) == wanted.end())
            continue;
        const std::function<void()> work = each.prepare();
        cost_measured(&work);
        std::printf("%s\t%u\t%s\n", each.name.c_str(), each.operations, each.unit.c_str());
    }
    return 0;
}
