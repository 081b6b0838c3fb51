/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * hash: SipHash-1-3 as its authors describe it: one round for each eight bytes, three at the end.
 * It knows nothing of tables.
 *
 * Invariant: the result does not depend on the machine's byte order.
 */
#include "broker/core/hash.h"

struct sip {
    uint64_t v0;
    uint64_t v1;
    uint64_t v2;
    uint64_t v3;
};

static inline uint64_t rotated(uint64_t value, unsigned bits) {
    return (value << bits) | (value >> (64u - bits));
}

static inline void sip_round(struct sip *s) {
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotated(s->v1, 13u) ^ s->v0;
    s->v3 = rotated(s->v3, 16u) ^ s->v2;
    s->v0 = rotated(s->v0, 32u) + s->v3;
    s->v2 += s->v1;
    s->v1 = rotated(s->v1, 17u) ^ s->v2;
    s->v3 = rotated(s->v3, 21u) ^ s->v0;
    s->v2 = rotated(s->v2, 32u);
}

static inline void sip_absorb(struct sip *s, uint64_t word) {
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t word16(const uint8_t *p) {
    return (uint64_t)p[0] | (uint64_t)p[1] << 8u;
}

static inline uint64_t word32(const uint8_t *p) {
    return word16(p) | word16(p + 2) << 16u;
}

static inline uint64_t word64(const uint8_t *p) {
    return word32(p) | word32(p + 4) << 32u;
}

/* The last 0 to 7 bytes. */
static inline uint64_t word_tail(const uint8_t *p, uint32_t len) {
    uint64_t word = 0u;
    unsigned bits = 0u;

    if ((len & 4u) != 0u) {
        word = word32(p);
        p += 4;
        bits = 32u;
    }
    if ((len & 2u) != 0u) {
        word |= word16(p) << bits;
        p += 2;
        bits += 16u;
    }
    if ((len & 1u) != 0u)
        word |= (uint64_t)p[0] << bits;
    return word;
}

uint64_t hash_bytes(struct hash_key key, uint64_t prefix, const uint8_t *data, uint32_t len) {
    struct sip s = {key.k0 ^ 0x736f6d6570736575u, key.k1 ^ 0x646f72616e646f6du,
                    key.k0 ^ 0x6c7967656e657261u, key.k1 ^ 0x7465646279746573u};
    uint32_t rest = len;

    sip_absorb(&s, prefix);
    for (; rest >= 8u; rest -= 8u, data += 8)
        sip_absorb(&s, word64(data));
    sip_absorb(&s, word_tail(data, rest) | (uint64_t)(len + 8u) << 56u);
    s.v2 ^= 0xffu;
    for (int i = 0; i < 3; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

struct hash_key hash_key_of(uint64_t seed, uint64_t salt) {
    const struct hash_key from_seed = {seed, salt};
    struct hash_key key;

    key.k0 = hash_bytes(from_seed, 0u, (const uint8_t *)"", 0u);
    key.k1 = hash_bytes(from_seed, 1u, (const uint8_t *)"", 0u);
    return key;
}
