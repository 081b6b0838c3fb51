/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What the files of the loop share; nobody else includes it. loop.c has the round and the life,
 * loop_accept.c, loop_read.c, loop_write.c and loop_close.c what befalls a connection, loop_core.c
 * what the core asks for.
 */
#ifndef BROKER_IO_LOOP_STATE_H
#define BROKER_IO_LOOP_STATE_H

#include "broker/io/loop.h"

#define TOKEN_LISTENER 0x80000000u /* and the index of the socket */
#define TOKEN_WAKE UINT32_MAX

struct conn_list {
    uint32_t first;
    uint32_t last;
};

struct loop {
    struct core *core;
    struct poller poller;
    struct listener_set *listeners;
    struct log *log;
    struct audit *audit; /* NULL: none */
    const struct config *config;
    struct conn_table conns;
    struct conn_list dirty;   /* through dirty_next */
    struct conn_list closing; /* through closing_next, by deadline */
    uint32_t gone_first;      /* through closing_next */
    uint32_t fed_bytes;       /* since the last writing */
    uint32_t read_size;       /* of one connection in this round */
    uint64_t now_ms;
    int wake_fd;
    bool woken;
    bool has_paused; /* a listening socket rests */
    struct loop_stats stats;
    struct poller_event events[LOOP_EVENTS_MAX];
    uint8_t *read_buffer;
    uint8_t *write_buffer;
};

/* ---- loop_core.c ---- */

/* false: no memory. */
bool loop_create_core(struct loop *loop, uint64_t seed);
void loop_carry_out_effects(struct loop *loop);

/* ---- loop_accept.c ---- */

/* Watches the listening sockets and the wake descriptor. false: see errno. */
bool loop_listen(struct loop *loop);
/* Accepts from the socket of that index, LISTENER_ACCEPT_MAX connections at most. */
void loop_accept(struct loop *loop, uint32_t index);
/* Sockets that rested long enough are listened at again. */
void loop_resume_listening(struct loop *loop);
void loop_stop_listening(struct loop *loop);

/* ---- loop_read.c: one read each ---- */

void loop_read_open(struct loop *loop, struct conn *conn);
/* Reads to throw away. */
void loop_read_lingering(struct loop *loop, struct conn *conn);
/* The core takes packets again: first those that were kept. */
void loop_resume(struct loop *loop, struct conn *conn);

/* ---- loop_write.c ---- */

/* The socket takes bytes again: what was kept goes first. */
void loop_write_kept(struct loop *loop, struct conn *conn);
/* Carries out effects, then sends to everyone in the dirty list what the core has for them. */
void loop_write_dirty(struct loop *loop);

/* ---- loop_close.c ---- */

void loop_mark_dirty(struct loop *loop, struct conn *conn);
void loop_update_interest(struct loop *loop, struct conn *conn);
/* The core is done with the connection. */
void loop_finish(struct loop *loop, struct conn *conn);
/* All is sent: what the peer still sends is thrown away until it closes. */
void loop_linger(struct loop *loop, struct conn *conn);
/* Closes the descriptor at once, whatever is still to be sent. text: static, why; NULL for an
 * orderly end. */
void loop_drop(struct loop *loop, struct conn *conn, const char *text);
/* Slots whose connection is gone are free again, unless a list still has them. */
void loop_free_gone(struct loop *loop);

#endif
