/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Reading pre-shared keys; see psk_file.h.
 */
#include "broker/io/psk_file.h"

#include <stdlib.h>
#include <string.h>

#include "libella/codec.h"

struct parser {
    struct psk_table *table;
    const struct psk_reporter *reporter;
    size_t capacity;
    uint32_t line;
    uint32_t error_count;
};

static bool fail(struct parser *parser, const char *why) {
    parser->error_count++;
    if (parser->error_count <= PSK_ERRORS_MAX)
        parser->reporter->report(parser->reporter->ctx, parser->line, why);
    return false;
}

static int digit_value(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

static bool parse_key(struct parser *parser, struct psk_entry *out, const char *text, size_t len) {
    if (len == 0)
        return fail(parser, "no key behind the colon");
    if (len % 2 != 0)
        return fail(parser, "the key has an odd number of digits");
    if (len / 2 > PSK_KEY_LEN_MAX)
        return fail(parser, "the key is longer than 128 digits");
    for (size_t i = 0; i < len; i += 2) {
        const int high = digit_value(text[i]);
        const int low = digit_value(text[i + 1]);
        if (high < 0 || low < 0)
            return fail(parser, "the key must be hexadecimal digits, without 0x");
        out->key[i / 2] = (uint8_t)(high * 16 + low);
    }
    out->key_len = (uint8_t)(len / 2);
    return true;
}

static bool parse_identity(struct parser *parser, struct psk_entry *out, const char *text,
                           size_t len) {
    if (len == 0)
        return fail(parser, "no identity before the colon");
    if (len > PSK_IDENTITY_LEN_MAX)
        return fail(parser, "the identity is longer than 128 bytes");
    const struct ella_utf8 found = ella_utf8_check((const uint8_t *)text, 0, (uint32_t)len);
    if (found.error != ELLA_ERROR_NONE || found.has_control)
        return fail(parser, "the identity must be UTF-8 without control characters");
    memcpy(out->identity, text, len);
    out->identity[len] = '\0';
    return true;
}

/* A slot behind the last entry; NULL: no memory. The old place is overwritten, not just freed. */
static struct psk_entry *make_room(struct parser *parser) {
    struct psk_table *table = parser->table;
    if (table->count < parser->capacity)
        return &table->entries[table->count];
    const size_t capacity = parser->capacity == 0 ? 16 : parser->capacity * 2;
    struct psk_entry *entries = calloc(capacity, sizeof *entries);
    if (entries == NULL)
        return NULL;
    const size_t count = table->count;
    if (count > 0)
        memcpy(entries, table->entries, count * sizeof *entries);
    psk_table_free(table);
    table->entries = entries;
    table->count = count;
    parser->capacity = capacity;
    return &entries[count];
}

static bool parse_line(struct parser *parser, const char *line, size_t len) {
    if (len > 0 && line[len - 1] == '\r')
        len--;
    size_t blanks = 0;
    while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
        blanks++;
    if (blanks == len || line[0] == '#')
        return true;
    size_t colon = len;
    while (colon > 0 && line[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return fail(parser, "no colon: IDENTITY:HEXKEY is expected");
    struct psk_entry *entry = make_room(parser);
    if (entry == NULL)
        return fail(parser, "no memory");
    if (!parse_identity(parser, entry, line, colon - 1) ||
        !parse_key(parser, entry, line + colon, len - colon))
        return false;
    entry->line = parser->line;
    parser->table->count++;
    return true;
}

static int by_identity(const void *a, const void *b) {
    const struct psk_entry *left = a;
    const struct psk_entry *right = b;
    return strcmp(left->identity, right->identity);
}

static void sort(struct parser *parser) {
    struct psk_table *table = parser->table;
    if (table->count == 0)
        return;
    qsort(table->entries, table->count, sizeof *table->entries, by_identity);
    for (size_t i = 1; i < table->count; i++) {
        const struct psk_entry *a = &table->entries[i - 1];
        const struct psk_entry *b = &table->entries[i];
        if (by_identity(a, b) != 0)
            continue;
        parser->line = a->line > b->line ? a->line : b->line;
        (void)fail(parser, "an identity that stands further up already");
    }
}

bool psk_table_parse(struct psk_table *out, const char *text, size_t len,
                     const struct psk_reporter *reporter) {
    struct parser parser = {.table = out, .reporter = reporter};
    *out = (struct psk_table){0};
    for (size_t start = 0; start < len;) {
        const char *end = memchr(text + start, '\n', len - start);
        const size_t line_len = end == NULL ? len - start : (size_t)(end - text) - start;
        parser.line++;
        (void)parse_line(&parser, text + start, line_len);
        start += line_len + 1;
    }
    sort(&parser);
    if (parser.error_count == 0)
        return true;
    psk_table_free(out);
    return false;
}

const struct psk_entry *psk_table_find(const struct psk_table *table, const char *identity) {
    struct psk_entry key;
    const size_t len = strlen(identity);
    if (table->count == 0 || len > PSK_IDENTITY_LEN_MAX)
        return NULL;
    memcpy(key.identity, identity, len + 1);
    return bsearch(&key, table->entries, table->count, sizeof *table->entries, by_identity);
}

void psk_table_free(struct psk_table *table) {
    if (table->entries != NULL)
        explicit_bzero(table->entries, table->count * sizeof *table->entries);
    free(table->entries);
    *table = (struct psk_table){0};
}
