// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// libella-load: loads an MQTT broker and says what it did and what it cost.

#include <cstdio>
#include <exception>

#include "tools/load/compare.h"
#include "tools/load/modes.h"
#include "tools/load/options.h"
#include "tools/load/report.h"
#include "tools/load/table.h"

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
        if (!wanted.table.empty()) {
            return load::table_main(wanted);
        }
        if (wanted.compare) {
            return load::compare_main(wanted);
        }
        const load::report found = load::modes_run(wanted);
        fputs((wanted.json ? load::report_json(found) : load::report_text(found)).c_str(), stdout);
        return found.faulty ? 1 : 0;
    } catch (const std::exception &failed) {
        fprintf(stderr, "libella-load: %s\n", failed.what());
        return 1;
    }
}
