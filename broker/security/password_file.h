/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A password file: bytes in, a table of users and their hashed passwords out, or all that is wrong
 * with it. It opens no file and checks no password.
 *
 * One user in a line: NAME:HASH (password_hash.h). Blank lines, and lines whose first character is
 * #, count nothing. Blanks around the name and behind the hash do not belong to them. A name has 1
 * to 65535 bytes of UTF-8 without colon, and stands in one line only.
 */
#ifndef BROKER_SECURITY_PASSWORD_FILE_H
#define BROKER_SECURITY_PASSWORD_FILE_H

#include "broker/security/fault.h"
#include "broker/security/password_hash.h"
#include "libella/codec.h"

struct password_table;

struct password_entry {
    struct text_span user; /* inside the table */
    struct text_span hash; /* the text form, well-formed; inside the table */
    uint32_t line;
};

/* seed: unpredictable; what decoys go by. NULL: the reporter was told why. */
struct password_table *password_file_parse(const uint8_t *bytes, size_t len, uint64_t seed,
                                           const struct fault_reporter *reporter);
/* Wipes and frees. NULL does nothing. */
void password_table_free(struct password_table *table);

uint32_t password_table_count(const struct password_table *table);
/* NULL: there is no such user. */
const struct password_entry *password_table_find(const struct password_table *table,
                                                 struct ella_slice user);
/* For a user who does not exist, an entry to check the password against all the same, so that the
 * time it takes tells nothing: always the same one for the same name, and of costs as common as
 * they are in the file. NULL: the file is empty. */
const struct password_entry *password_table_decoy(const struct password_table *table,
                                                  struct ella_slice user);
/* The keys that SCRAM-SHA-256 needs of a user. false: there are none, for want of the user or
 * because its hash is of another kind; *out is something that nobody's password fits, as steady
 * and as costly as real ones. */
bool password_table_scram(const struct password_table *table, struct ella_slice user,
                          struct password_hash *out);
/* A number that stands for a user with this hash: another hash, another number, in every reading
 * of every file. Never 0. */
uint64_t password_entry_proof(const struct password_entry *entry);
/* Whether an entry of this proof is in the table: whether who logged in by it still could. */
bool password_table_has_proof(const struct password_table *table, uint64_t proof);
/* In the order of names. */
const struct password_entry *password_table_entry(const struct password_table *table,
                                                  uint32_t index);

#endif
