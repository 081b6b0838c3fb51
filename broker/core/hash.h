/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * SipHash-1-3: a hash under a secret key, so that clients who choose the bytes can't choose what
 * collides. It knows nothing of tables.
 */
#ifndef BROKER_CORE_HASH_H
#define BROKER_CORE_HASH_H

#include <stdint.h>

struct hash_key {
    uint64_t k0;
    uint64_t k1;
};

/* Spreads one seed over the key. Keys of different salts have nothing to do with each other. */
struct hash_key hash_key_of(uint64_t seed, uint64_t salt);

/* SipHash-1-3 of the eight bytes of prefix, low byte first, followed by data[0, len). */
uint64_t hash_bytes(struct hash_key key, uint64_t prefix, const uint8_t *data, uint32_t len);

#endif
