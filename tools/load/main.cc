// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// libella-load: loads an MQTT broker and says what it did and what it cost.

#include <cstdio>
#include <exception>

#include "tools/load/idle.h"
#include "tools/load/options.h"
#include "tools/load/report.h"
#include "tools/load/traffic.h"

namespace {

load::report run(const load::options &wanted) {
    if (wanted.mode == "idle") {
        return load::idle(wanted).run();
    }
    const bool out = wanted.mode.find("fan-out") != std::string::npos;
    const bool in = wanted.mode.find("fan-in") != std::string::npos;
    const load::layout shape = out  ? load::layout::fan_out
                               : in ? load::layout::fan_in
                                    : load::layout::pairs;
    return load::traffic(wanted, shape).run();
}

} // namespace

int main(int argc, char **argv) {
    const load::options wanted = load::options_parse({argv + 1, argv + argc});
    if (!wanted.error.empty()) {
        fprintf(stderr, "libella-load: %s\n", wanted.error.c_str());
        return 2;
    }
    if (wanted.help) {
        fputs(load::options_help().c_str(), stdout);
        return 0;
    }
    try {
        const load::report found = run(wanted);
        fputs((wanted.json ? load::report_json(found) : load::report_text(found)).c_str(), stdout);
        return found.faulty ? 1 : 0;
    } catch (const std::exception &failed) {
        fprintf(stderr, "libella-load: %s\n", failed.what());
        return 1;
    }
}
