/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Messages and proofs of SCRAM; see scram.h. The grammar is that of RFC 5802, section 7.
 */
#include "broker/security/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "broker/security/base64.h"

#define KEY_LEN PASSWORD_SCRAM_KEY_LEN
/* client-first without its header, server-first, client-final without its proof, two commas. */
#define AUTH_MESSAGE_MAX (3u * SCRAM_MESSAGE_MAX + 2u)

void scram_begin(struct scram *scram) {
    memset(scram, 0, sizeof *scram);
}

void scram_end(struct scram *scram) {
    OPENSSL_cleanse(scram, sizeof *scram);
    scram->state = SCRAM_OVER;
}

/* ---- Attributes ---- */

/* Takes "NAME=VALUE" up to a comma or the end; the comma is taken, too. */
static bool take_attribute(struct text_span *rest, char name, struct text_span *value) {
    if (rest->len < 2 || rest->text[0] != name || rest->text[1] != '=')
        return false;
    const char *comma = memchr(rest->text, ',', rest->len);
    const size_t len = comma == NULL ? rest->len : (size_t)(comma - rest->text);
    *value = (struct text_span){rest->text + 2, len - 2};
    rest->text += comma == NULL ? len : len + 1;
    rest->len -= comma == NULL ? len : len + 1;
    return true;
}

/* The name of a user: "=2C" stands for a comma, "=3D" for "=". */
static bool take_user(struct scram *scram, struct text_span name) {
    scram->user_len = 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.text[i];
        if (scram->user_len == SCRAM_USER_MAX || c == '\0')
            return false;
        if (c == '=') {
            if (name.len - i < 3)
                return false;
            if (memcmp(name.text + i, "=2C", 3) != 0 && memcmp(name.text + i, "=3D", 3) != 0)
                return false;
            c = name.text[i + 1] == '2' ? ',' : '=';
            i += 2;
        }
        scram->user[scram->user_len++] = c;
    }
    return scram->user_len > 0 && text_is_plain((struct text_span){scram->user, scram->user_len});
}

static bool is_nonce(struct text_span nonce) {
    for (size_t i = 0; i < nonce.len; i++) {
        if (nonce.text[i] < 0x21 || nonce.text[i] > 0x7E)
            return false;
    }
    return nonce.len > 0;
}

/* "n,," or "y,,": no channel binding, and nobody else's identity. "y" says that the client could
 * bind and believes that the server can't, which is so. */
static bool take_header(struct scram *scram, struct text_span *rest) {
    if (rest->len < 3 || (rest->text[0] != 'n' && rest->text[0] != 'y') ||
        memcmp(rest->text + 1, ",,", 2) != 0)
        return false;
    scram->gs2_len = 3;
    rest->text += 3;
    rest->len -= 3;
    return true;
}

/* ---- client-first ---- */

bool scram_first(struct scram *scram, const uint8_t *message, size_t len) {
    struct text_span user;
    struct text_span nonce;
    if (scram->state != SCRAM_BEGUN)
        return false;
    scram->state = SCRAM_OVER;
    if (len == 0 || len > SCRAM_MESSAGE_MAX)
        return false;
    memcpy(scram->first, message, len);
    scram->first_len = (uint32_t)len;
    struct text_span rest = {scram->first, len};
    /* "m=" begins an extension that must be understood; there is none. */
    if (!take_header(scram, &rest) || !take_attribute(&rest, 'n', &user) ||
        !take_attribute(&rest, 'r', &nonce) || !take_user(scram, user) || !is_nonce(nonce))
        return false;
    scram->client_nonce_at = (uint32_t)(nonce.text - scram->first);
    scram->state = SCRAM_NAMED;
    return true;
}

static struct text_span client_nonce(const struct scram *scram) {
    const char *begun = scram->first + scram->client_nonce_at;
    const size_t left = scram->first_len - scram->client_nonce_at;
    const char *comma = memchr(begun, ',', left);
    return (struct text_span){begun, comma == NULL ? left : (size_t)(comma - begun)};
}

/* ---- server-first ---- */

bool scram_challenge(struct scram *scram, const struct password_hash *keys, bool is_decoy,
                     const char *nonce, char *out, size_t *out_len) {
    char salt[BASE64_LEN(PASSWORD_SALT_LEN_MAX)];
    if (scram->state != SCRAM_NAMED || keys->kind != PASSWORD_SCRAM)
        return false;
    const size_t salt_len = base64_encode(keys->salt, keys->salt_len, BASE64_PADDED, salt);
    const struct text_span begun = client_nonce(scram);
    const int len = snprintf(scram->server_first, SCRAM_MESSAGE_MAX, "r=%.*s%.*s,s=%.*s,i=%u",
                             (int)begun.len, begun.text, (int)SCRAM_NONCE_LEN, nonce,
                             (int)salt_len, salt, (unsigned)keys->iterations);
    scram->state = SCRAM_OVER;
    if (len < 0 || (size_t)len >= SCRAM_MESSAGE_MAX)
        return false;
    scram->server_first_len = (uint32_t)len;
    memcpy(scram->keys, keys->digest, sizeof scram->keys);
    scram->is_decoy = is_decoy;
    scram->state = SCRAM_CHALLENGED;
    memcpy(out, scram->server_first, scram->server_first_len);
    *out_len = scram->server_first_len;
    return true;
}

/* ---- client-final ---- */

struct final {
    struct text_span binding;
    struct text_span nonce;
    size_t without_proof_len;
    uint8_t proof[KEY_LEN];
};

static bool parse_final(struct text_span message, struct final *out) {
    struct text_span rest = message;
    struct text_span value;
    size_t proof_len = 0;
    if (!take_attribute(&rest, 'c', &out->binding) || !take_attribute(&rest, 'r', &out->nonce))
        return false;
    /* Extensions may stand before the proof; none means anything to us. */
    while (rest.len >= 2 && rest.text[0] != 'p') {
        if (!take_attribute(&rest, rest.text[0], &value))
            return false;
    }
    out->without_proof_len = (size_t)(rest.text - message.text);
    if (out->without_proof_len == 0 || !take_attribute(&rest, 'p', &value) || rest.len != 0)
        return false;
    out->without_proof_len--; /* the comma before it */
    return base64_decode(value.text, value.len, BASE64_PADDED, out->proof, KEY_LEN, &proof_len) &&
           proof_len == KEY_LEN;
}

/* Whether it repeats the header and the nonce that the exchange began with. */
static bool belongs_here(const struct scram *scram, const struct final *final) {
    char header[BASE64_LEN(3)];
    const size_t header_len =
        base64_encode((const uint8_t *)scram->first, scram->gs2_len, BASE64_PADDED, header);
    const char *nonce_end = memchr(scram->server_first, ',', scram->server_first_len);
    const char *nonce = scram->server_first + 2;
    return final->binding.len == header_len &&
           memcmp(final->binding.text, header, header_len) == 0 && nonce_end != NULL &&
           final->nonce.len == (size_t)(nonce_end - nonce) &&
           memcmp(final->nonce.text, nonce, final->nonce.len) == 0;
}

static size_t put(char *out, size_t used, const char *text, size_t len) {
    memcpy(out + used, text, len);
    return used + len;
}

static size_t auth_message(const struct scram *scram, struct text_span without_proof, char *out) {
    size_t used = put(out, 0, scram->first + scram->gs2_len, scram->first_len - scram->gs2_len);
    used = put(out, used, ",", 1);
    used = put(out, used, scram->server_first, scram->server_first_len);
    used = put(out, used, ",", 1);
    return put(out, used, without_proof.text, without_proof.len);
}

static bool sign(const uint8_t *key, const char *message, size_t len, uint8_t *out) {
    return HMAC(EVP_sha256(), key, (int)KEY_LEN, (const uint8_t *)message, len, out, NULL) != NULL;
}

/* H(proof XOR signature) is the StoredKey, if the proof was made with the password. */
static bool is_proven(const struct scram *scram, const uint8_t *proof, const char *message,
                      size_t len) {
    uint8_t key[KEY_LEN];
    uint8_t hashed[KEY_LEN];
    if (!sign(scram->keys, message, len, key))
        return false;
    for (size_t i = 0; i < KEY_LEN; i++)
        key[i] ^= proof[i];
    const bool good = EVP_Digest(key, KEY_LEN, hashed, NULL, EVP_sha256(), NULL) == 1 &&
                      CRYPTO_memcmp(hashed, scram->keys, KEY_LEN) == 0;
    OPENSSL_cleanse(key, sizeof key);
    return good && !scram->is_decoy;
}

bool scram_final(struct scram *scram, const uint8_t *message, size_t len, char *out,
                 size_t *out_len) {
    struct final final;
    char text[AUTH_MESSAGE_MAX];
    uint8_t signature[KEY_LEN];
    const struct text_span span = {(const char *)message, len};
    if (scram->state != SCRAM_CHALLENGED)
        return false;
    scram->state = SCRAM_OVER;
    if (len == 0 || len > SCRAM_MESSAGE_MAX)
        return false;
    if (!parse_final(span, &final) || !belongs_here(scram, &final))
        return false;
    const size_t text_len =
        auth_message(scram, (struct text_span){span.text, final.without_proof_len}, text);
    if (!is_proven(scram, final.proof, text, text_len) ||
        !sign(scram->keys + KEY_LEN, text, text_len, signature))
        return false;
    out[0] = 'v';
    out[1] = '=';
    *out_len = 2 + base64_encode(signature, KEY_LEN, BASE64_PADDED, out + 2);
    return true;
}
