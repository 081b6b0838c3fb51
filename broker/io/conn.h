/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The broker's end of one network connection: its descriptor, what came of a packet
 * not yet whole and what the socket did not take yet. It knows neither core nor poller;
 * transport.h reads and writes.
 *
 * Invariants
 *   - An idle connection owns no buffer: in exists while a packet is unfinished or the core takes
 *     no more, out while the socket has not taken all that was pulled.
 *   - While out exists nothing more is pulled from the core, so a slow reader costs one write
 *     buffer at most.
 *   - A connection stays at its place in memory from conn_table_add() to conn_table_remove().
 */
#ifndef BROKER_IO_CONN_H
#define BROKER_IO_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/io/address.h"
#include "broker/io/bucket.h"
#include "libella/codec.h"

struct listener;
struct tls;

#define CONN_NONE UINT32_MAX /* no slot */
/* What one idle connection may cost in this table. */
#define CONN_SIZE_MAX_BYTES 88u

enum conn_state {
    CONN_FREE = 0,
    CONN_GREETING, /* PROXY header or TLS: the core does not know of it yet */
    CONN_OPEN,
    CONN_FINISHING, /* the core is done with it: the last bytes are being sent */
    CONN_LINGERING, /* all is sent and our half closed; waiting for the peer to close its half */
    CONN_GONE,      /* the descriptor is closed; the slot is freed at the end of a round */
};

/* By what right it came in. */
enum conn_standing {
    CONN_UNKNOWN = 0, /* not yet */
    CONN_ANONYMOUS,
    CONN_NAMED,      /* a user name that was not to be proved */
    CONN_PROVEN,     /* by a password */
    CONN_IDENTIFIED, /* by its certificate or key */
};

/* Bytes [start, end) of bytes[size]. */
struct conn_buffer {
    uint32_t size;
    uint32_t start;
    uint32_t end;
    uint32_t needed; /* of conn->in: bytes that its packet needs at least, unless held */
    uint8_t bytes[];
};

/* What only some connections have. */
struct conn_more {
    struct tls *tls; /* NULL: plain TCP. Owned by transport.h */
    char *user_name; /* as a proxy says; NULL: it does not. Owned */
    struct bucket messages;
    struct bucket bytes;
    uint64_t resume_ms; /* while paused */
};

struct conn {
    struct conn_buffer *in;
    struct conn_buffer *out;
    struct listener *listener;
    struct conn_more *more; /* NULL: nothing more. Owned */
    union {
        uint64_t deadline_ms; /* GREETING, FINISHING, LINGERING: when patience ends */
        uint64_t proof; /* OPEN and PROVEN: password_entry_proof() of what it logged in with */
    };
    struct address peer;
    int fd;
    uint32_t slot;
    uint32_t packet_size_max; /* bytes, as it was when the connection was accepted */
    uint32_t dirty_next;      /* list of those that want to write, CONN_NONE at its end */
    uint32_t closing_next;    /* list of those GREETING, of those FINISHING or LINGERING, of those
                                 paused, oldest first each; of those GONE; free list */
    uint32_t closing_previous;
    uint8_t state : 4;    /* enum conn_state */
    uint8_t caution : 4;  /* the core gets so many times halved steps of what it sends */
    uint8_t gate;         /* enum gate_stage */
    uint8_t interest : 3; /* enum poller_interest as told to the poller */
    bool dirty : 1;       /* in the dirty list */
    bool held : 1;    /* the core takes nothing until its answers are gone; in has what waits */
    bool paused : 1;  /* it has sent more than it may: nothing is read for a while */
    bool proxied : 1; /* GREETING: the PROXY header is not whole yet */
    bool left : 1;    /* FINISHING: the client said that it sends nothing more */
    uint8_t standing : 4; /* enum conn_standing */
    uint8_t version : 4;  /* enum ella_version of its packets */
};

/* ---- The table: slots are dense and reused, last freed first ---- */

struct conn_table {
    struct conn **chunks;
    uint32_t chunk_count;
    uint32_t free_slot; /* list through closing_next */
    uint32_t open_count;
};

void conn_table_init(struct conn_table *table);
/* All descriptors and buffers must have been given up. */
void conn_table_free(struct conn_table *table);
/* A cleared connection with its slot and no descriptor (-1); NULL: no memory. */
struct conn *conn_table_add(struct conn_table *table);
void conn_table_remove(struct conn_table *table, struct conn *conn);
/* What conn has more, made if need be. NULL: no memory. */
struct conn_more *conn_get_more(struct conn *conn);
void conn_drop_more(struct conn *conn);
/* NULL if the slot was never used. */
struct conn *conn_table_get(const struct conn_table *table, uint32_t slot);
/* Slots handed out so far are 0 to this, exclusive. */
uint32_t conn_table_slot_count(const struct conn_table *table);

/* ---- Buffers ---- */

/* Copies bytes from [start, end) of data to the end of conn->in, until in holds at least
 * wanted_bytes; returns how many were copied. 0 with start < end: no memory. in grows by doubling,
 * never beyond wanted_bytes, so a peer that announces much and sends little costs little. */
uint32_t conn_keep_input(struct conn *conn, const uint8_t *data, uint32_t start, uint32_t end,
                         uint32_t wanted_bytes);
/* The bytes of in before index used are done with; without a byte left, so is in. */
void conn_use_input(struct conn *conn, uint32_t used);
void conn_drop_input(struct conn *conn);

/* Keeps [start, end) of data to be sent later, behind what is kept already. false: no memory. */
bool conn_keep_output(struct conn *conn, const uint8_t *data, uint32_t start, uint32_t end);
void conn_drop_output(struct conn *conn);

#endif
