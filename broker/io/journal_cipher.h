/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Encryption of the journal's files: AES-256-GCM by OpenSSL, and the keys it may use.
 *
 * Each file has a key of its own: HKDF-SHA-256 of the operator's key, the file's random salt of 16
 * bytes and a fixed text. Within a file the nonce of a frame is its offset, 12 bytes big endian. A
 * file is written front to back and no byte of it twice, so no nonce is used twice with one key:
 * what a failed write left behind is continued with the same bytes or not at all, and a restarted
 * broker begins a new file. Offsets below the end of the file header never belong to a frame, so
 * nonce 0 is free for the key check. The header of the frame and its offset are authenticated too.
 */
#ifndef BROKER_IO_JOURNAL_CIPHER_H
#define BROKER_IO_JOURNAL_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_KEY_LEN 32u
#define JOURNAL_KEYS_MAX 8u
#define JOURNAL_TAG_LEN 16u

/* Files are read with any of them. */
struct journal_keys {
    uint8_t key[JOURNAL_KEYS_MAX][JOURNAL_KEY_LEN];
    uint32_t count;
    bool encrypts; /* new files are encrypted, with key[0] */
};

/* NULL in out_why: fine. Text of a key file: one key a line, 64 hexadecimal digits; empty lines
 * and those that begin with # count nothing. The first key encrypts; the word "plain" in its
 * place: new files are not encrypted. Wipe text afterwards. */
bool journal_keys_parse(struct journal_keys *keys, const char *text, size_t text_len,
                        const char **out_why);
void journal_keys_wipe(struct journal_keys *keys);

struct journal_cipher {
    void *context; /* EVP_CIPHER_CTX */
};

/* The key of one file. false: no memory. */
/*@ requires \valid(cipher) && \valid_read(key + (0 .. JOURNAL_KEY_LEN - 1));
    requires \valid_read(salt + (0 .. salt_len - 1));
    assigns cipher->context;
    ensures \result <==> cipher->context != \null; */
bool journal_cipher_open(struct journal_cipher *cipher, const uint8_t key[JOURNAL_KEY_LEN],
                         const uint8_t *salt, size_t salt_len);
/*@ requires \valid(cipher);
    assigns cipher->context;
    ensures cipher->context == \null; */
void journal_cipher_close(struct journal_cipher *cipher);
/* extra is authenticated, not encrypted. out has text_len bytes, then the tag. */
/*@ requires \valid_read(cipher) && cipher->context != \null;
    requires \valid_read(extra + (0 .. extra_len - 1)) && \valid_read(text + (0 .. text_len - 1));
    requires \valid(out + (0 .. text_len + JOURNAL_TAG_LEN - 1));
    assigns out[0 .. text_len + JOURNAL_TAG_LEN - 1]; */
bool journal_cipher_seal(struct journal_cipher *cipher, uint64_t nonce, const uint8_t *extra,
                         size_t extra_len, const uint8_t *text, size_t text_len, uint8_t *out);
/* sealed has out_len bytes and the tag. false: it is not what was sealed. */
/*@ requires \valid_read(cipher) && cipher->context != \null;
    requires \valid_read(extra + (0 .. extra_len - 1));
    requires \valid_read(sealed + (0 .. out_len + JOURNAL_TAG_LEN - 1));
    requires \valid(out + (0 .. out_len - 1));
    assigns out[0 .. out_len - 1]; */
bool journal_cipher_unseal(struct journal_cipher *cipher, uint64_t nonce, const uint8_t *extra,
                           size_t extra_len, const uint8_t *sealed, uint8_t *out, size_t out_len);

#endif
