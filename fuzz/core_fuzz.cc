/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The broker's core under any script of events, with the shadow of MQTT's promises as its judge.
 */
#include <cstdio>
#include <cstdlib>

#include "fuzz/core_script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    std::string broken = core_script_run(data, size);
    if (!broken.empty()) {
        std::fprintf(stderr, "promise broken: %s\n", broken.c_str());
        std::abort();
    }
    return 0;
}
