// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any bytes as a password file: a table whose users are found, whose hashes are written as they
// were read, and which libella-passwd can change; or faults with a line that exists.

#include <algorithm>

#include "fuzz/input.h"

extern "C" {
#include "broker/security/password_file.h"
#include "tools/passwd/password_text.h"
}

namespace {

struct told {
    uint32_t line_max;
    int count;
};

void report(void *ctx, uint32_t line, const char *text) {
    auto *t = static_cast<told *>(ctx);
    t->count++;
    if (line > t->line_max || text == nullptr || *text == '\0')
        fuzz::finding("password_fuzz", "a fault without a place or a reason");
}

void check_entry(const password_table *table, const password_entry *entry) {
    password_hash hash;
    password_hash again;
    char text[PASSWORD_TEXT_SIZE];
    const ella_slice user =
        ella_slice_of(entry->user.text, static_cast<uint32_t>(entry->user.len));
    if (password_table_find(table, user) != entry)
        fuzz::finding("password_fuzz", "a user is not found");
    if (!password_table_has_proof(table, password_entry_proof(entry)))
        fuzz::finding("password_fuzz", "a proof is not found");
    if (password_hash_parse(entry->hash.text, entry->hash.len, &hash) != nullptr)
        fuzz::finding("password_fuzz", "a hash in the table is malformed");
    password_hash_text(&hash, text);
    if (password_hash_parse(text, std::strlen(text), &again) != nullptr ||
        std::memcmp(&hash, &again, sizeof hash) != 0)
        fuzz::finding("password_fuzz", "a hash is not written as it was read");
    (void)password_table_scram(table, user, &hash);
}

void check_change(const char *text, size_t len) {
    password_text out = {nullptr, 0};
    if (password_text_set(text, len, "new", "$7$1$c2FsdA==$x", &out) == PASSWORD_TEXT_NO_MEMORY)
        return;
    password_text gone = {nullptr, 0};
    if (password_text_delete(out.text, out.len, "new", &gone) != PASSWORD_TEXT_CHANGED)
        fuzz::finding("password_fuzz", "a user that was set can't be deleted");
    password_text_free(&gone);
    password_text_free(&out);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const fuzz::exact input(data, size);
    told t = {static_cast<uint32_t>(std::count(data, data + size, '\n') + 1), 0};
    const fault_reporter reporter = {&t, report, nullptr};
    password_table *table = password_file_parse(input.data(), size, 1, &reporter);
    if ((table == nullptr) != (t.count > 0))
        fuzz::finding("password_fuzz", "neither a table nor a fault, or both");
    if (table != nullptr) {
        for (uint32_t i = 0; i < password_table_count(table); i++)
            check_entry(table, password_table_entry(table, i));
        const ella_slice nobody = ella_slice_of("no:body", 7);
        if (password_table_find(table, nobody) != nullptr)
            fuzz::finding("password_fuzz", "a name with a colon");
        if ((password_table_decoy(table, nobody) == nullptr) != (password_table_count(table) == 0))
            fuzz::finding("password_fuzz", "no decoy");
        password_table_free(table);
    }
    check_change(reinterpret_cast<const char *>(input.data()), size);
    return 0;
}
