/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Base64; see base64.h. OpenSSL's decoder passes over blanks and left-over bits, so a secret would
 * have several spellings: this one does not.
 */
#include "broker/security/base64.h"

#define BITS_EACH 6u
#define PAD '='

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0..63; 64: no character of the alphabet. */
static uint32_t value_of(char c) {
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26u;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52u;
    return c == '+' ? 62u : c == '/' ? 63u : 64u;
}

bool base64_decode(const char *text, size_t text_len, enum base64_padding padding, uint8_t *out,
                   size_t size, size_t *out_len) {
    uint32_t bits = 0;
    uint32_t bit_count = 0;
    *out_len = 0;
    if (padding == BASE64_PADDED) {
        if (text_len % 4u != 0)
            return false;
        for (int i = 0; i < 2 && text_len > 0 && text[text_len - 1] == PAD; i++)
            text_len--;
    }
    if (text_len % 4u == 1)
        return false;
    for (size_t i = 0; i < text_len; i++) {
        const uint32_t value = value_of(text[i]);
        if (value > 63u)
            return false;
        bits = (bits << BITS_EACH | value) & 0xFFFFu;
        bit_count += BITS_EACH;
        if (bit_count < 8u)
            continue;
        bit_count -= 8u;
        if (*out_len == size)
            return false;
        out[(*out_len)++] = (uint8_t)(bits >> bit_count);
    }
    return (bits & ((1u << bit_count) - 1u)) == 0u;
}

size_t base64_encode(const uint8_t *bytes, size_t len, enum base64_padding padding, char *out) {
    size_t used = 0;
    uint32_t bits = 0;
    uint32_t bit_count = 0;
    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8u | bytes[i]) & 0xFFFFu;
        bit_count += 8u;
        for (; bit_count >= BITS_EACH; bit_count -= BITS_EACH)
            out[used++] = alphabet[bits >> (bit_count - BITS_EACH) & 63u];
    }
    if (bit_count > 0)
        out[used++] = alphabet[bits << (BITS_EACH - bit_count) & 63u];
    while (padding == BASE64_PADDED && used % 4u != 0)
        out[used++] = PAD;
    return used;
}
