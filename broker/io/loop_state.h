/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What the files of the loop share; nobody else includes it. loop.c has the round and the life,
 * loop_accept.c, loop_greet.c, loop_read.c, loop_write.c and loop_close.c what befalls a
 * connection, loop_limit.c what it may, loop_core.c what the core asks for.
 */
#ifndef BROKER_IO_LOOP_STATE_H
#define BROKER_IO_LOOP_STATE_H

#include "broker/io/gate.h"
#include "broker/io/loop.h"
#include "broker/io/slabs.h"
#include "broker/io/transport.h"

#define TOKEN_LISTENER 0x80000000u /* and the index of the socket */
#define TOKEN_WAKE UINT32_MAX
#define TOKEN_STORAGE (UINT32_MAX - 1u)
/* Of storage_figures. */
#define LOOP_FIGURES_MAX 32
#define TOKEN_LOGIN (UINT32_MAX - 2u)
#define LOOP_CLOSED_BY_CLIENT "closed by the client"

struct conn_list {
    uint32_t first;
    uint32_t last;
    uint32_t count; /* of those linked by loop_link() */
};

/* What is to be sent together, in the order in which it stands in the write buffer. Empty but
 * inside loop_write_dirty(). */
struct loop_gathered {
    uint32_t byte_count;
    uint32_t count;
    struct poller_send sends[POLLER_SENDS_MAX]; /* token: the slot */
    bool is_all[POLLER_SENDS_MAX];              /* the core had no more for it */
};

struct loop {
    struct core *core;
    struct slabs slabs; /* the core's memory */
    struct poller *poller;
    struct listener_set *listeners;
    struct log *log;
    struct audit *audit;     /* NULL: none */
    struct storage *storage; /* NULL: none */
    const struct config *config;
    const struct security_set *security;
    struct login *login;
    struct conn_table conns;
    struct conn_list dirty;    /* through dirty_next */
    struct conn_list closing;  /* through closing_next, by deadline */
    struct conn_list greeting; /* the same */
    struct conn_list shaking;  /* GREETING, and more was received: through dirty_next */
    struct conn_list paused;   /* the same, by conn->more->resume_ms */
    struct gate gate;
    uint32_t gone_first; /* through closing_next */
    uint32_t fed_bytes;  /* since the last writing */
    uint32_t read_size;  /* of one connection in this round */
    uint64_t now_ms;
    int wake_fds[LOOP_WAKE_FDS];
    bool woken;
    bool has_paused; /* a listening socket rests */
    struct loop_stats stats;
    struct poller_event events[LOOP_EVENTS_MAX];
    uint64_t handshake_us;    /* spent on handshakes in this round */
    uint32_t recheck_slot;    /* loop_recheck(): the next to be looked at; CONN_NONE: no more */
    uint64_t expiry_said_ms;  /* when certificates were last looked at */
    uint64_t storage_told_ms; /* when figures of the journal were last published */
    bool storage_is_told;
    uint64_t storage_told[LOOP_FIGURES_MAX];
    struct transport_room room;
    uint8_t *read_buffer;  /* LOOP_READ_SIZE + TRANSPORT_READ_SLACK */
    uint8_t *write_buffer; /* LOOP_WRITE_SIZE behind what is gathered */
    struct loop_gathered gathered;
};

/* CLOCK_MONOTONIC in microseconds. */
uint64_t loop_now_us(void);

/* ---- loop_core.c ---- */

/* false: no memory. */
bool loop_create_core(struct loop *loop, uint64_t seed);
void loop_carry_out_effects(struct loop *loop);

/* ---- loop_storage.c: nothing, without a journal ---- */

/* false: the log says why. */
bool loop_recover(struct loop *loop);
/* Writes what was recorded, and sends what need not wait for the disk any more. */
void loop_store(struct loop *loop);
/* The same, if the events of the round tell that the disk has finished something: what waited for
 * it leaves, and the disk goes on, before anything new is read. */
void loop_store_first(struct loop *loop, int event_count);
uint64_t loop_storage_deadline_ms(struct loop *loop);
void loop_end_storage(struct loop *loop);
/* To $SYS/broker/persistence, every sys_interval. */
void loop_publish_storage(struct loop *loop);
/* ---- loop_login.c ---- */

/* false: see errno. */
bool loop_create_login(struct loop *loop);
void loop_authenticate(struct loop *loop, const struct core_effect *question);
/* Passwords that were checked. */
void loop_finish_logins(struct loop *loop);
/* The core's port. */
bool loop_policy(void *ctx, const struct core_question *question);
/* Expels a client that could not come in again by what holds now. */
void loop_review_login(struct loop *loop, struct conn *conn);

/* ---- loop_accept.c ---- */

/* Watches the listening sockets and the wake descriptor. false: see errno. */
bool loop_listen(struct loop *loop);
/* A connection that came to nothing: counted, and a line with its address. */
void loop_say_refused(struct loop *loop, const struct address *peer, const char *why);
/* Accepts from the socket of that index, LISTENER_ACCEPT_MAX connections at most. */
void loop_accept(struct loop *loop, uint32_t index);
/* Sockets that rested long enough are listened at again. */
void loop_resume_listening(struct loop *loop);
void loop_stop_listening(struct loop *loop);

/* Tells the core of the connection. false: it is gone. */
bool loop_open_conn(struct loop *loop, struct conn *conn);

/* ---- loop_greet.c: what comes before MQTT ---- */

/* Waits for the PROXY header. */
void loop_begin_proxied(struct loop *loop, struct conn *conn);
/* Waits for the handshake of TLS. */
void loop_begin_tls(struct loop *loop, struct conn *conn);
/* Those whose turn did not come in the round before. */
void loop_continue_greetings(struct loop *loop);
/* Whether another one may come: there are fewer than max_handshakes, or the oldest is so slow that
 * it may be given up for it. Who is honest is faster. */
bool loop_has_room_for_greeting(const struct loop *loop);
/* Gives up the oldest ones above max_handshakes. */
void loop_bound_greetings(struct loop *loop);
/* A step of either, unless this round has had its share of them. */
void loop_read_greeting(struct loop *loop, struct conn *conn);
/* Those that take too long are given up. */
void loop_end_late_greetings(struct loop *loop);

/* ---- loop_recheck.c ---- */

/* Whether what holds now would let it in: NULL; else why not, static. */
const char *loop_objection(const struct conn *conn);
/* Looks, some in each round, at those connected before the configuration was read again, and
 * closes those that are not accepted any more. */
void loop_recheck(struct loop *loop);
/* Warns of certificates that end soon, daily. */
void loop_say_expiry(struct loop *loop);

/* ---- loop_limit.c ---- */

/* Whether a connection from peer may come in; says why not. *stage is enum gate_stage. */
bool loop_admit(struct loop *loop, struct listener *listener, const struct address *peer,
                uint8_t *stage);
bool loop_has_logged_in(const struct loop *loop, const struct conn *conn);
/* It may have logged in. */
void loop_note_login(struct loop *loop, struct conn *conn);
/* It has sent so much: pauses or disconnects it if that is more than it may. */
void loop_pay(struct loop *loop, struct conn *conn, uint64_t byte_count, uint64_t message_count);
/* Reads again from those that have paused long enough. */
void loop_end_pauses(struct loop *loop);
/* It is not paused any more, by whatever became of it. */
void loop_end_pause(struct loop *loop, struct conn *conn);

/* ---- loop_read.c: one read each ---- */

/* Gives len bytes of the read buffer to the core. */
void loop_feed(struct loop *loop, struct conn *conn, uint32_t len);
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

/* Lists by deadline, each with the same patience for all. */
void loop_link(struct loop *loop, struct conn_list *list, struct conn *conn);
void loop_add_waiting(struct loop *loop, struct conn_list *list, struct conn *conn,
                      uint32_t patience_ms);
void loop_remove_waiting(struct loop *loop, struct conn_list *list, const struct conn *conn);
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
