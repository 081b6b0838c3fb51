/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The table of users, sorted by name; see password_file.h.
 */
#include "broker/security/password_file.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "broker/core/hash.h"

#define ENTRIES_FIRST 16u
/* What a decoy of SCRAM looks like where no user has real keys: as libella-passwd makes them. */
#define DECOY_ITERATIONS 20000u
#define DECOY_SALT_LEN 16u

struct password_table {
    struct hash_key decoy_key;
    char *text; /* a copy of the file, what the entries point into */
    size_t text_len;
    struct password_entry *entries; /* by name */
    uint32_t count;
    uint32_t capacity;
    uint32_t scram_count; /* entries whose hash is of that kind */
    uint64_t *proofs;     /* of all entries, in ascending order */
};

/* ---- Parsing ---- */

static bool add(struct password_table *table, const struct password_entry *entry) {
    if (table->count == table->capacity) {
        const uint32_t capacity = table->capacity == 0 ? ENTRIES_FIRST : table->capacity * 2u;
        struct password_entry *grown = realloc(table->entries, capacity * sizeof *table->entries);
        if (grown == NULL)
            return false;
        table->entries = grown;
        table->capacity = capacity;
    }
    table->entries[table->count++] = *entry;
    return true;
}

static bool parse_line(struct password_table *table, struct lines *lines, struct text_span line) {
    struct password_hash hash;
    const char *colon = memchr(line.text, ':', line.len);
    if (colon == NULL)
        return lines_fail(lines, "not of the form NAME:HASH");
    const size_t user_len = (size_t)(colon - line.text);
    const struct password_entry entry = {
        .user = text_trim((struct text_span){line.text, user_len}),
        .hash = text_trim((struct text_span){colon + 1, line.len - user_len - 1}),
        .line = lines->number};
    if (entry.user.len == 0)
        return lines_fail(lines, "the user has no name");
    if (!text_is_plain(entry.user))
        return lines_fail(lines, "the name is not UTF-8 text of 65535 bytes at most");
    const char *fault = password_hash_parse(entry.hash.text, entry.hash.len, &hash);
    const enum password_kind hash_kind = hash.kind;
    OPENSSL_cleanse(&hash, sizeof hash);
    if (fault != NULL)
        return lines_fail(lines, "%s", fault);
    table->scram_count += hash_kind == PASSWORD_SCRAM;
    return add(table, &entry) || lines_fail(lines, "no memory");
}

static int compare_names(struct text_span a, struct text_span b) {
    const int order = memcmp(a.text, b.text, a.len < b.len ? a.len : b.len);
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static int by_name(const void *a, const void *b) {
    const struct password_entry *x = a;
    const struct password_entry *y = b;
    const int order = compare_names(x->user, y->user);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static void find_duplicates(const struct password_table *table, struct lines *lines) {
    for (uint32_t i = 1; i < table->count && lines->fault_count < FAULTS_MAX; i++) {
        const struct password_entry *first = &table->entries[i - 1];
        const struct password_entry *second = &table->entries[i];
        if (compare_names(first->user, second->user) != 0)
            continue;
        lines->number = second->line;
        lines_fail(lines, "line %u has the same user", (unsigned)first->line);
    }
}

/* ---- Proofs ---- */

uint64_t password_entry_proof(const struct password_entry *entry) {
    /* The key is no secret: the same file gives the same proofs, and nobody but the operator
     * chooses what is in it. */
    const struct hash_key key = hash_key_of(0, 0);
    const uint64_t hash =
        hash_bytes(key, 0, (const uint8_t *)entry->hash.text, (uint32_t)entry->hash.len);
    const uint64_t proof =
        hash_bytes(key, hash, (const uint8_t *)entry->user.text, (uint32_t)entry->user.len);
    return proof == 0 ? 1 : proof;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = 0;
    uint64_t y = 0;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static bool make_proofs(struct password_table *table, struct lines *lines) {
    if (table->count == 0)
        return true;
    table->proofs = malloc(table->count * sizeof *table->proofs);
    if (table->proofs == NULL)
        return lines_fail(lines, "no memory");
    for (uint32_t i = 0; i < table->count; i++)
        table->proofs[i] = password_entry_proof(&table->entries[i]);
    qsort(table->proofs, table->count, sizeof *table->proofs, ascending);
    return true;
}

bool password_table_has_proof(const struct password_table *table, uint64_t proof) {
    return table->count > 0 &&
           bsearch(&proof, table->proofs, table->count, sizeof proof, ascending) != NULL;
}

/* ---- The whole ---- */

static struct password_table *create(const uint8_t *bytes, size_t len, uint64_t seed) {
    struct password_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return NULL;
    table->decoy_key = hash_key_of(seed, 0);
    table->text = malloc(len + 1);
    if (table->text == NULL) {
        free(table);
        return NULL;
    }
    if (len > 0)
        memcpy(table->text, bytes, len);
    table->text_len = len;
    return table;
}

struct password_table *password_file_parse(const uint8_t *bytes, size_t len, uint64_t seed,
                                           const struct fault_reporter *reporter) {
    struct password_table *table = create(bytes, len, seed);
    if (table == NULL) {
        reporter->report(reporter->ctx, 0, "no memory");
        return NULL;
    }
    struct lines lines;
    struct text_span line;
    lines_begin(&lines, (const uint8_t *)table->text, len, reporter);
    while (lines_next(&lines, &line))
        (void)parse_line(table, &lines, line);
    if (table->count > 1)
        qsort(table->entries, table->count, sizeof *table->entries, by_name);
    find_duplicates(table, &lines);
    if (lines.fault_count == 0 && make_proofs(table, &lines))
        return table;
    password_table_free(table);
    return NULL;
}

void password_table_free(struct password_table *table) {
    if (table == NULL)
        return;
    OPENSSL_cleanse(table->text, table->text_len);
    free(table->text);
    free(table->entries);
    free(table->proofs);
    free(table);
}

/* ---- Looking up ---- */

uint32_t password_table_count(const struct password_table *table) {
    return table->count;
}

const struct password_entry *password_table_entry(const struct password_table *table,
                                                  uint32_t index) {
    return &table->entries[index];
}

const struct password_entry *password_table_find(const struct password_table *table,
                                                 struct ella_slice user) {
    const struct text_span name = {(const char *)ella_slice_data(user), ella_slice_len(user)};
    uint32_t low = 0;
    uint32_t high = table->count;
    while (name.len > 0 && low < high) {
        const uint32_t middle = low + (high - low) / 2u;
        const int order = compare_names(table->entries[middle].user, name);
        if (order == 0)
            return &table->entries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct password_entry *password_table_decoy(const struct password_table *table,
                                                  struct ella_slice user) {
    if (table->count == 0)
        return NULL;
    const uint64_t luck =
        hash_bytes(table->decoy_key, 0, ella_slice_data(user), ella_slice_len(user));
    return &table->entries[luck % table->count];
}

/* The first entry at or behind index, around the end, that has keys for SCRAM. */
static const struct password_entry *scram_entry_from(const struct password_table *table,
                                                     uint32_t index, struct password_hash *out) {
    for (uint32_t i = 0; table->scram_count > 0 && i < table->count; i++) {
        const struct password_entry *entry = &table->entries[(index + i) % table->count];
        if (password_hash_parse(entry->hash.text, entry->hash.len, out) == NULL &&
            out->kind == PASSWORD_SCRAM)
            return entry;
    }
    return NULL;
}

static void make_decoy(const struct password_table *table, struct ella_slice user,
                       struct password_hash *out) {
    const uint64_t luck =
        hash_bytes(table->decoy_key, 1, ella_slice_data(user), ella_slice_len(user));
    if (table->count == 0 || scram_entry_from(table, (uint32_t)(luck % table->count), out) == NULL)
        *out = (struct password_hash){.kind = PASSWORD_SCRAM,
                                      .iterations = DECOY_ITERATIONS,
                                      .salt_len = DECOY_SALT_LEN,
                                      .digest_len = 2u * PASSWORD_SCRAM_KEY_LEN};
    memset(out->digest, 0, sizeof out->digest);
    for (uint32_t i = 0; i < out->salt_len; i += (uint32_t)sizeof(uint64_t)) {
        const uint64_t part =
            hash_bytes(table->decoy_key, 2u + i, ella_slice_data(user), ella_slice_len(user));
        const uint32_t left = out->salt_len - i;
        memcpy(out->salt + i, &part, left < sizeof part ? left : sizeof part);
    }
}

bool password_table_scram(const struct password_table *table, struct ella_slice user,
                          struct password_hash *out) {
    const struct password_entry *entry = password_table_find(table, user);
    if (entry != NULL && password_hash_parse(entry->hash.text, entry->hash.len, out) == NULL &&
        out->kind == PASSWORD_SCRAM)
        return true;
    make_decoy(table, user, out);
    return false;
}
