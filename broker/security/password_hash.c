/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Text forms and digests of passwords; see password_hash.h. The digests themselves are OpenSSL's
 * and libargon2's.
 */
#include "broker/security/password_hash.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "broker/security/base64.h"

#define SHA512_LEN 64u
#define SHA256_LEN 32u
#define ARGON2_DIGEST_LEN_MIN 16u
#define ARGON2_SALT_LEN_MIN 8u

/* ---- Reading the text ---- */

struct cursor {
    const char *at;
    const char *end;
};

/* Takes prefix, if it is there. */
static bool take(struct cursor *cursor, const char *prefix) {
    const size_t len = strlen(prefix);
    if ((size_t)(cursor->end - cursor->at) < len || memcmp(cursor->at, prefix, len) != 0)
        return false;
    cursor->at += len;
    return true;
}

/* A decimal number of nine digits at most, without a sign or a leading zero. */
static bool take_number(struct cursor *cursor, uint32_t *out) {
    const char *const begun = cursor->at;
    *out = 0;
    while (cursor->at < cursor->end && cursor->at - begun < 9 && *cursor->at >= '0' &&
           *cursor->at <= '9')
        *out = *out * 10u + (uint32_t)(*cursor->at++ - '0');
    return cursor->at > begun && (*begun != '0' || cursor->at == begun + 1);
}

/* Base64 up to the next $ or the end, which is not taken. */
static bool take_bytes(struct cursor *cursor, enum base64_padding padding, uint8_t *out,
                       size_t size, uint32_t *out_len) {
    const size_t left = (size_t)(cursor->end - cursor->at);
    const char *const begun = cursor->at;
    const char *stop = memchr(begun, '$', left);
    cursor->at = stop == NULL ? cursor->end : stop;
    size_t len = 0;
    const bool good = base64_decode(begun, (size_t)(cursor->at - begun), padding, out, size, &len);
    *out_len = (uint32_t)len;
    return good && len > 0;
}

static const char *parse_salt_and_digest(struct cursor *cursor, enum base64_padding padding,
                                         struct password_hash *out) {
    if (!take_bytes(cursor, padding, out->salt, sizeof out->salt, &out->salt_len))
        return "the salt is not Base64 of 1 to 256 bytes";
    if (!take(cursor, "$"))
        return "the hash ends behind the salt";
    if (!take_bytes(cursor, padding, out->digest, sizeof out->digest, &out->digest_len) ||
        cursor->at != cursor->end)
        return "the digest is not Base64";
    return NULL;
}

static const char *parse_sha512(struct cursor *cursor, struct password_hash *out) {
    out->kind = PASSWORD_SHA512;
    out->iterations = 1;
    const char *fault = parse_salt_and_digest(cursor, BASE64_PADDED, out);
    if (fault == NULL && out->digest_len != SHA512_LEN)
        return "the digest must have 64 bytes";
    return fault;
}

static const char *parse_iterations(struct cursor *cursor, struct password_hash *out) {
    if (!take_number(cursor, &out->iterations) || out->iterations == 0 ||
        out->iterations > PASSWORD_ITERATIONS_MAX)
        return "the number of iterations must be 1 to 10000000";
    return take(cursor, "$") ? NULL : "the hash ends behind the number of iterations";
}

static const char *parse_pbkdf2(struct cursor *cursor, struct password_hash *out) {
    out->kind = PASSWORD_PBKDF2;
    const char *fault = parse_iterations(cursor, out);
    if (fault == NULL)
        fault = parse_salt_and_digest(cursor, BASE64_PADDED, out);
    if (fault == NULL && out->digest_len != SHA512_LEN)
        return "the digest must have 64 bytes";
    return fault;
}

static const char *parse_scram(struct cursor *cursor, struct password_hash *out) {
    uint32_t key_len = 0;
    out->kind = PASSWORD_SCRAM;
    const char *fault = parse_iterations(cursor, out);
    if (fault != NULL)
        return fault;
    if (!take_bytes(cursor, BASE64_PADDED, out->salt, sizeof out->salt, &out->salt_len) ||
        !take(cursor, "$"))
        return "the salt is not Base64 of 1 to 256 bytes";
    if (!take_bytes(cursor, BASE64_PADDED, out->digest, PASSWORD_SCRAM_KEY_LEN, &key_len) ||
        key_len != PASSWORD_SCRAM_KEY_LEN || !take(cursor, "$"))
        return "the stored key must be Base64 of 32 bytes";
    if (!take_bytes(cursor, BASE64_PADDED, out->digest + PASSWORD_SCRAM_KEY_LEN,
                    PASSWORD_SCRAM_KEY_LEN, &key_len) ||
        key_len != PASSWORD_SCRAM_KEY_LEN || cursor->at != cursor->end)
        return "the server key must be Base64 of 32 bytes";
    out->digest_len = 2u * PASSWORD_SCRAM_KEY_LEN;
    return NULL;
}

static const char *parse_argon2_costs(struct cursor *cursor, struct password_hash *out) {
    /* Version 0x10 is what a text without one means. */
    out->version = ARGON2_VERSION_10;
    if (take(cursor, "v=") && (!take_number(cursor, &out->version) || !take(cursor, "$")))
        return "the version of Argon2 is not a number";
    if (out->version != ARGON2_VERSION_10 && out->version != ARGON2_VERSION_13)
        return "the version of Argon2 must be 16 or 19";
    if (!take(cursor, "m=") || !take_number(cursor, &out->memory_kib) || !take(cursor, ",t=") ||
        !take_number(cursor, &out->iterations) || !take(cursor, ",p=") ||
        !take_number(cursor, &out->lanes) || !take(cursor, "$"))
        return "the costs of Argon2 must be written m=KIB,t=PASSES,p=LANES";
    if (out->lanes == 0 || out->lanes > PASSWORD_ARGON2_LANES_MAX || out->iterations == 0 ||
        out->iterations > PASSWORD_ARGON2_PASSES_MAX || out->memory_kib < 8u * out->lanes ||
        out->memory_kib > PASSWORD_ARGON2_KIB_MAX)
        return "a cost of Argon2 is out of range";
    return NULL;
}

static const char *parse_argon2(struct cursor *cursor, struct password_hash *out) {
    out->kind = PASSWORD_ARGON2ID;
    const char *fault = parse_argon2_costs(cursor, out);
    if (fault == NULL)
        fault = parse_salt_and_digest(cursor, BASE64_UNPADDED, out);
    if (fault == NULL &&
        (out->salt_len < ARGON2_SALT_LEN_MIN || out->digest_len < ARGON2_DIGEST_LEN_MIN))
        return "the salt must have 8 bytes or more, the digest 16 or more";
    return fault;
}

const char *password_hash_parse(const char *text, size_t text_len, struct password_hash *out) {
    struct cursor cursor = {text, text + text_len};
    memset(out, 0, sizeof *out);
    if (take(&cursor, "$6$"))
        return parse_sha512(&cursor, out);
    if (take(&cursor, "$7$"))
        return parse_pbkdf2(&cursor, out);
    if (take(&cursor, "$argon2id$"))
        return parse_argon2(&cursor, out);
    if (take(&cursor, "$scram-sha-256$"))
        return parse_scram(&cursor, out);
    if (text_len == 0)
        return "there is no password";
    if (*text == '$')
        return "the hash is none of $6$, $7$, $argon2id$ and $scram-sha-256$";
    return "the password is not hashed: libella-passwd -U hashes those of a file";
}

/* ---- Writing the text ---- */

struct text {
    char *out;
    size_t len;
};

static void put_bytes(struct text *text, const uint8_t *bytes, size_t len,
                      enum base64_padding padding) {
    text->out[text->len++] = '$';
    text->len += base64_encode(bytes, len, padding, text->out + text->len);
}

void password_hash_text(const struct password_hash *hash, char out[PASSWORD_TEXT_SIZE]) {
    _Static_assert(BASE64_LEN(PASSWORD_SALT_LEN_MAX) + BASE64_LEN(PASSWORD_DIGEST_LEN_MAX) + 100u <
                       PASSWORD_TEXT_SIZE,
                   "the longest text has room");
    struct text text = {out, 0};
    enum base64_padding padding = BASE64_PADDED;
    int len = 0;
    switch (hash->kind) {
    case PASSWORD_SHA512:
        len = snprintf(out, PASSWORD_TEXT_SIZE, "$6");
        break;
    case PASSWORD_PBKDF2:
        len = snprintf(out, PASSWORD_TEXT_SIZE, "$7$%u", (unsigned)hash->iterations);
        break;
    case PASSWORD_SCRAM:
        len = snprintf(out, PASSWORD_TEXT_SIZE, "$scram-sha-256$%u", (unsigned)hash->iterations);
        break;
    case PASSWORD_ARGON2ID:
        padding = BASE64_UNPADDED;
        len = snprintf(out, PASSWORD_TEXT_SIZE, "$argon2id$v=%u$m=%u,t=%u,p=%u",
                       (unsigned)hash->version, (unsigned)hash->memory_kib,
                       (unsigned)hash->iterations, (unsigned)hash->lanes);
        break;
    }
    text.len = (size_t)len;
    put_bytes(&text, hash->salt, hash->salt_len, padding);
    if (hash->kind == PASSWORD_SCRAM) {
        put_bytes(&text, hash->digest, PASSWORD_SCRAM_KEY_LEN, padding);
        put_bytes(&text, hash->digest + PASSWORD_SCRAM_KEY_LEN, PASSWORD_SCRAM_KEY_LEN, padding);
    } else {
        put_bytes(&text, hash->digest, hash->digest_len, padding);
    }
    out[text.len] = '\0';
}

/* ---- Digests ---- */

static bool sha512(const struct password_hash *hash, const uint8_t *password, size_t len,
                   uint8_t *out) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha512(), NULL) == 1 &&
                      EVP_DigestUpdate(context, password, len) == 1 &&
                      EVP_DigestUpdate(context, hash->salt, hash->salt_len) == 1 &&
                      EVP_DigestFinal_ex(context, out, NULL) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static bool pbkdf2(const struct password_hash *hash, const uint8_t *password, size_t len,
                   const EVP_MD *digest, uint32_t out_len, uint8_t *out) {
    return PKCS5_PBKDF2_HMAC((const char *)password, (int)len, hash->salt, (int)hash->salt_len,
                             (int)hash->iterations, digest, (int)out_len, out) == 1;
}

/* StoredKey and ServerKey of RFC 5802, section 3. */
static bool scram_keys(const struct password_hash *hash, const uint8_t *password, size_t len,
                       uint8_t *out) {
    uint8_t salted[SHA256_LEN];
    uint8_t client_key[SHA256_LEN];
    const bool good = pbkdf2(hash, password, len, EVP_sha256(), SHA256_LEN, salted) &&
                      HMAC(EVP_sha256(), salted, SHA256_LEN, (const uint8_t *)"Client Key", 10,
                           client_key, NULL) != NULL &&
                      EVP_Digest(client_key, SHA256_LEN, out, NULL, EVP_sha256(), NULL) == 1 &&
                      HMAC(EVP_sha256(), salted, SHA256_LEN, (const uint8_t *)"Server Key", 10,
                           out + SHA256_LEN, NULL) != NULL;
    OPENSSL_cleanse(salted, sizeof salted);
    OPENSSL_cleanse(client_key, sizeof client_key);
    return good;
}

static bool argon2(const struct password_hash *hash, const uint8_t *password, size_t len,
                   uint8_t *out) {
    return argon2_hash(hash->iterations, hash->memory_kib, hash->lanes, password, len, hash->salt,
                       hash->salt_len, out, hash->digest_len, NULL, 0, Argon2_id,
                       hash->version) == ARGON2_OK;
}

static bool digest_of(const struct password_hash *hash, const uint8_t *password, size_t len,
                      uint8_t *out) {
    switch (hash->kind) {
    case PASSWORD_SHA512:
        return sha512(hash, password, len, out);
    case PASSWORD_PBKDF2:
        return pbkdf2(hash, password, len, EVP_sha512(), SHA512_LEN, out);
    case PASSWORD_SCRAM:
        return scram_keys(hash, password, len, out);
    case PASSWORD_ARGON2ID:
        return argon2(hash, password, len, out);
    }
    return false;
}

bool password_hash_check(const struct password_hash *hash, const uint8_t *password,
                         size_t password_len) {
    uint8_t digest[PASSWORD_DIGEST_LEN_MAX];
    const bool derived = digest_of(hash, password, password_len, digest);
    const bool good = derived && CRYPTO_memcmp(digest, hash->digest, hash->digest_len) == 0;
    OPENSSL_cleanse(digest, sizeof digest);
    return good;
}

bool password_hash_derive(struct password_hash *hash, const uint8_t *password,
                          size_t password_len) {
    if (hash->kind != PASSWORD_ARGON2ID || hash->digest_len == 0)
        hash->digest_len = SHA512_LEN;
    return digest_of(hash, password, password_len, hash->digest);
}
