/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * How many connections an address may have, may open in a second, and may keep without having
 * logged in. It knows no socket; time is an argument.
 *
 * An IPv6 address counts as its network of 64 bits, which one subscriber usually has as a whole.
 * Peers at unix sockets are not counted. The table is bounded: an address is forgotten when it has
 * no connection and its bucket is full again; when GATE_ADDRESSES_MAX are known, others come in
 * uncounted, and that is counted.
 */
#ifndef BROKER_IO_GATE_H
#define BROKER_IO_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/core/hash.h"
#include "broker/io/address.h"
#include "broker/io/bucket.h"

#define GATE_ADDRESSES_MAX 65536u

/* 0: no limit. */
struct gate_limits {
    uint32_t connections_per_address;
    uint32_t connection_rate_per_address; /* per second */
    uint32_t pending_per_address;         /* not logged in yet */
    uint32_t handshakes_per_address;      /* of TLS, under way */
    uint32_t pending;                     /* not logged in yet, of all addresses */
};

enum gate_answer {
    GATE_OPEN,
    GATE_CONNECTIONS_PER_ADDRESS,
    GATE_RATE_PER_ADDRESS,
    GATE_PENDING_PER_ADDRESS,
    GATE_HANDSHAKES_PER_ADDRESS,
    GATE_PENDING,
    GATE_ANSWER_COUNT
};

/* Where a connection stands, kept by whoever owns it. */
enum gate_stage {
    GATE_OUTSIDE,
    GATE_SHAKING, /* TLS is under way; counts as pending too */
    GATE_WAITING, /* pending: not logged in */
    GATE_INSIDE,
    GATE_UNCOUNTED, /* the table was full, or it is a unix socket */
};

struct gate_entry {
    uint8_t key[9]; /* family, then four or eight bytes */
    uint32_t next;  /* of the same hash; of the free list */
    uint32_t connections;
    uint32_t pending;
    uint32_t handshakes;
    struct bucket bucket;
};

struct gate {
    struct hash_key key;
    struct gate_entry *entries; /* grown by doubling */
    uint32_t *heads;            /* as many as entries */
    uint32_t size;
    uint32_t used_end; /* entries behind it were never used */
    uint32_t free_first;
    uint32_t known;
    uint32_t sweep; /* the next entry to be looked at for being of no use any more */
    uint32_t pending;
    uint64_t uncounted; /* let in without being counted, for want of room */
};

void gate_init(struct gate *gate, uint64_t seed);
void gate_free(struct gate *gate);

/* Whether a connection may come in. GATE_OPEN: *stage is GATE_SHAKING or GATE_WAITING, or
 * GATE_UNCOUNTED; otherwise it stays as it is, and nothing is counted but the attempt. */
enum gate_answer gate_enter(struct gate *gate, const struct gate_limits *limits,
                            const struct address *address, bool has_tls, uint64_t now_ms,
                            uint8_t *stage);
/* The handshake is over: GATE_SHAKING becomes GATE_WAITING. */
void gate_shaken(struct gate *gate, const struct address *address, uint8_t *stage);
/* It has logged in: GATE_WAITING becomes GATE_INSIDE. */
void gate_pass(struct gate *gate, const struct address *address, uint8_t *stage);
/* It is closed: becomes GATE_OUTSIDE. */
void gate_leave(struct gate *gate, const struct address *address, uint8_t *stage);

/* The option that an answer speaks of, as a text for the log. */
const char *gate_answer_text(enum gate_answer answer);
/* The same as a name of a counter. */
const char *gate_answer_name(enum gate_answer answer);

#endif
