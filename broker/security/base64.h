/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Base64 (RFC 4648), strict: no blank, no character outside the alphabet, no bits left over. With
 * padding, as Mosquitto's hashes and SCRAM have it, or without, as Argon2's.
 */
#ifndef BROKER_SECURITY_BASE64_H
#define BROKER_SECURITY_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters that len bytes become, with padding. */
#define BASE64_LEN(len) (((len) + 2u) / 3u * 4u)

enum base64_padding {
    BASE64_PADDED,
    BASE64_UNPADDED
};

/* Writes at most size bytes to out and their number to *out_len. false: text is not Base64 of that
 * sort, or does not fit. */
bool base64_decode(const char *text, size_t text_len, enum base64_padding padding, uint8_t *out,
                   size_t size, size_t *out_len);
/* Writes BASE64_LEN(len) characters at most to out, without an end mark; returns how many. */
size_t base64_encode(const uint8_t *bytes, size_t len, enum base64_padding padding, char *out);

#endif
