/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Pre-shared keys: the text of a psk_file to a table. It opens no file and knows no TLS.
 *
 * One line each: IDENTITY:HEXKEY. Lines that begin with # and blank lines count nothing; lines end
 * with LF or CRLF. The identity is what stands before the last colon, 1 to 128 bytes of UTF-8
 * without control characters; the key is 2 to 128 hexadecimal digits, an even number, without 0x.
 * Everything else is an error, two lines of the same identity too.
 */
#ifndef BROKER_IO_PSK_FILE_H
#define BROKER_IO_PSK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PSK_IDENTITY_LEN_MAX 128u
#define PSK_KEY_LEN_MAX 64u
/* Faults told of one file. */
#define PSK_ERRORS_MAX 20u

struct psk_entry {
    char identity[PSK_IDENTITY_LEN_MAX + 1];
    uint8_t key[PSK_KEY_LEN_MAX];
    uint8_t key_len;
    uint32_t line; /* where it stands */
};

/* By identity, in the order of strcmp. */
struct psk_table {
    struct psk_entry *entries;
    size_t count;
};

/* Told of each fault; line counts from 1, 0: not of one line. why: static, never names a key. */
struct psk_reporter {
    void *ctx;
    void (*report)(void *ctx, uint32_t line, const char *why);
};

/* out is empty before. false: told why, out is empty. */
bool psk_table_parse(struct psk_table *out, const char *text, size_t len,
                     const struct psk_reporter *reporter);
/* NULL: unknown. */
const struct psk_entry *psk_table_find(const struct psk_table *table, const char *identity);
/* Overwrites the keys first. */
void psk_table_free(struct psk_table *table);

#endif
