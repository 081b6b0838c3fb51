// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any bytes as a psk_file: a table whose identities are found, or faults with a line that exists.

#include <algorithm>

#include "fuzz/input.h"

extern "C" {
#include "broker/io/psk_file.h"
}

namespace {

struct told {
    uint32_t line_max;
    int count;
};

void report(void *ctx, uint32_t line, const char *why) {
    auto *t = static_cast<told *>(ctx);
    t->count++;
    if (line > t->line_max || why == nullptr || *why == '\0')
        fuzz::finding("psk_fuzz", "a fault without a place or a reason");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const fuzz::exact input(data, size);
    told t = {static_cast<uint32_t>(std::count(data, data + size, '\n') + 1), 0};
    const psk_reporter reporter = {&t, report};
    psk_table table = {nullptr, 0};
    const bool good =
        psk_table_parse(&table, reinterpret_cast<const char *>(input.data()), size, &reporter);
    if (good == (t.count > 0) || (!good && table.count > 0))
        fuzz::finding("psk_fuzz", "neither a table nor a fault, or both");
    for (size_t i = 0; i < table.count; i++) {
        const psk_entry *entry = &table.entries[i];
        if (psk_table_find(&table, entry->identity) != entry || entry->key_len == 0)
            fuzz::finding("psk_fuzz", "an identity is not found, or has no key");
    }
    psk_table_free(&table);
    return 0;
}
