/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * One hashed password: its text form, and whether a password is the right one. It knows no user
 * and no file. All functions may be called on any thread.
 *
 *     $6$SALT$DIGEST                     SHA-512(password, salt), one pass       (Mosquitto)
 *     $7$ITERATIONS$SALT$DIGEST          PBKDF2-HMAC-SHA-512                     (Mosquitto)
 *     $argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$DIGEST   Argon2id              (Mosquitto 2.1)
 *     $scram-sha-256$ITERATIONS$SALT$STOREDKEY$SERVERKEY  RFC 5802 and 7677     (Libella)
 *
 * Salts and digests are Base64, without padding in the Argon2 form. The last form is what the
 * exchange of SCRAM-SHA-256 needs; a plain password can be checked against it as well.
 */
#ifndef BROKER_SECURITY_PASSWORD_HASH_H
#define BROKER_SECURITY_PASSWORD_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PASSWORD_SALT_LEN_MAX 256u
#define PASSWORD_DIGEST_LEN_MAX 128u
/* Characters of the longest text form, its end included. */
#define PASSWORD_TEXT_SIZE 1024u
#define PASSWORD_SCRAM_KEY_LEN 32u
/* What one check may cost at most: a few seconds of one core, a GiB of memory. */
#define PASSWORD_ITERATIONS_MAX 10000000u
#define PASSWORD_ARGON2_PASSES_MAX 1000u
#define PASSWORD_ARGON2_KIB_MAX (1024u * 1024u)
#define PASSWORD_ARGON2_LANES_MAX 64u

enum password_kind {
    PASSWORD_SHA512,
    PASSWORD_PBKDF2,
    PASSWORD_ARGON2ID,
    PASSWORD_SCRAM,
};

struct password_hash {
    enum password_kind kind;
    uint32_t iterations; /* PBKDF2, SCRAM: 1..PASSWORD_ITERATIONS_MAX; Argon2: passes */
    uint32_t memory_kib; /* Argon2 */
    uint32_t lanes;      /* Argon2 */
    uint32_t version;    /* Argon2: 0x10 or 0x13 */
    uint32_t salt_len;
    uint32_t digest_len;
    uint8_t salt[PASSWORD_SALT_LEN_MAX];
    uint8_t digest[PASSWORD_DIGEST_LEN_MAX]; /* SCRAM: StoredKey, then ServerKey */
};

/* NULL: *out is what the text says. Else what is wrong with it, in words that do not repeat it. */
const char *password_hash_parse(const char *text, size_t text_len, struct password_hash *out);
/* The text form, ended by 0. */
void password_hash_text(const struct password_hash *hash, char out[PASSWORD_TEXT_SIZE]);

/* Whether the password is the right one; takes as long as the hash is costly, whatever the
 * answer. false also if there is no memory for Argon2. */
bool password_hash_check(const struct password_hash *hash, const uint8_t *password,
                         size_t password_len);
/* Fills in the digest for a password; kind, costs and salt are set. false: no memory. */
bool password_hash_derive(struct password_hash *hash, const uint8_t *password,
                          size_t password_len);

#endif
