/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * AES-256-GCM and HKDF through OpenSSL's EVP; see journal_cipher.h.
 */
#include "broker/io/journal_cipher.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

#define NONCE_LEN 12
/* What the keys of files are for; another use of the operator's key would have another text. */
static const char purpose[] = "libella journal file 1";

/* ---- Keys ---- */

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool parse_key(uint8_t out[JOURNAL_KEY_LEN], const char *line, size_t line_len) {
    if (line_len != 2u * JOURNAL_KEY_LEN)
        return false;
    for (size_t i = 0; i < JOURNAL_KEY_LEN; i++) {
        const int high = digit_of(line[2u * i]);
        const int low = digit_of(line[2u * i + 1u]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static const char *take_line(struct journal_keys *keys, const char *line, size_t line_len) {
    if (line_len == 5 && memcmp(line, "plain", 5) == 0) {
        if (keys->count > 0)
            return "\"plain\" stands before every key, or not at all";
        keys->encrypts = false;
        return NULL;
    }
    if (keys->count == JOURNAL_KEYS_MAX)
        return "it has too many keys: 8 at most";
    if (!parse_key(keys->key[keys->count], line, line_len))
        return "a key is a line of 64 hexadecimal digits";
    keys->count++;
    return NULL;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

bool journal_keys_parse(struct journal_keys *keys, const char *text, size_t text_len,
                        const char **out_why) {
    *keys = (struct journal_keys){.encrypts = true};
    *out_why = NULL;
    size_t at = 0;
    while (at < text_len && *out_why == NULL) {
        const char *line = text + at;
        const char *newline = memchr(line, '\n', text_len - at);
        size_t len = newline == NULL ? text_len - at : (size_t)(newline - line);
        at += len + 1u;
        while (len > 0 && is_blank(line[len - 1u]))
            len--;
        if (len > 0 && *line != '#')
            *out_why = take_line(keys, line, len);
    }
    if (*out_why == NULL && keys->encrypts && keys->count == 0)
        *out_why = "it has no key";
    if (*out_why != NULL)
        journal_keys_wipe(keys);
    return *out_why == NULL;
}

void journal_keys_wipe(struct journal_keys *keys) {
    OPENSSL_cleanse(keys, sizeof *keys);
}

/* ---- One file ---- */

static bool derive(uint8_t out[JOURNAL_KEY_LEN], const uint8_t key[JOURNAL_KEY_LEN],
                   const uint8_t *salt, size_t salt_len) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    /* OpenSSL's parameters take no const, and change nothing. */
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, JOURNAL_KEY_LEN),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)purpose,
                                          sizeof purpose - 1u),
        OSSL_PARAM_construct_end()};
    const bool done =
        context != NULL && EVP_KDF_derive(context, out, JOURNAL_KEY_LEN, parameters) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

bool journal_cipher_open(struct journal_cipher *cipher, const uint8_t key[JOURNAL_KEY_LEN],
                         const uint8_t *salt, size_t salt_len) {
    uint8_t file_key[JOURNAL_KEY_LEN];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    cipher->context = context;
    /* The key stays in the context; each frame brings its nonce. GCM runs its counter forwards in
     * both directions, so one key schedule does for both. */
    const bool done = context != NULL && derive(file_key, key, salt, salt_len) &&
                      EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, file_key, NULL, 1) == 1;
    OPENSSL_cleanse(file_key, sizeof file_key);
    if (!done)
        journal_cipher_close(cipher);
    return done;
}

void journal_cipher_close(struct journal_cipher *cipher) {
    EVP_CIPHER_CTX_free(cipher->context);
    cipher->context = NULL;
}

static bool start(EVP_CIPHER_CTX *context, uint64_t nonce, const uint8_t *extra, size_t extra_len,
                  int encrypts) {
    uint8_t bytes[NONCE_LEN] = {0};
    int len = 0;
    for (int i = 0; i < 8; i++)
        bytes[NONCE_LEN - 1 - i] = (uint8_t)(nonce >> (8 * i));
    return EVP_CipherInit_ex(context, NULL, NULL, NULL, bytes, encrypts) == 1 &&
           EVP_CipherUpdate(context, NULL, &len, extra, (int)extra_len) == 1;
}

bool journal_cipher_seal(struct journal_cipher *cipher, uint64_t nonce, const uint8_t *extra,
                         size_t extra_len, const uint8_t *text, size_t text_len, uint8_t *out) {
    EVP_CIPHER_CTX *context = cipher->context;
    int len = 0;
    return text_len <= INT_MAX && start(context, nonce, extra, extra_len, 1) &&
           (text_len == 0 || EVP_CipherUpdate(context, out, &len, text, (int)text_len) == 1) &&
           EVP_CipherFinal_ex(context, out + text_len, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, JOURNAL_TAG_LEN, out + text_len) ==
               1;
}

bool journal_cipher_unseal(struct journal_cipher *cipher, uint64_t nonce, const uint8_t *extra,
                           size_t extra_len, const uint8_t *sealed, uint8_t *out, size_t out_len) {
    EVP_CIPHER_CTX *context = cipher->context;
    uint8_t tag[JOURNAL_TAG_LEN];
    int len = 0;
    memcpy(tag, sealed + out_len, sizeof tag);
    return out_len <= INT_MAX && start(context, nonce, extra, extra_len, 0) &&
           (out_len == 0 || EVP_CipherUpdate(context, out, &len, sealed, (int)out_len) == 1) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, JOURNAL_TAG_LEN, tag) == 1 &&
           EVP_CipherFinal_ex(context, tag, &len) == 1;
}
