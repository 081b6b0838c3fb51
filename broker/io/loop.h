/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The event loop: joins sockets to the core. One round is wait, read, step, pull, write. It
 * decides nothing about MQTT.
 *
 * Bounds of one round, for one connection: one read of its share of LOOP_READ_SIZE bytes, so that
 * a round in which many send is no longer than one in which few do; LOOP_WRITES_MAX writes of
 * LOOP_WRITE_SIZE bytes, of which one is the rule, or LOOP_WRITE_BYTES_MAX with large payloads. Of
 * one connection for ever: an unfinished packet of max_packet_size, or one read that the core does
 * not take yet because the peer leaves its answers unread; and what its socket did not take of one
 * write. While the core takes nothing, nothing is read.
 */
#ifndef BROKER_IO_LOOP_H
#define BROKER_IO_LOOP_H

#include "broker/core/core.h"
#include "broker/io/audit.h"
#include "broker/io/auth.h"
#include "broker/io/conn.h"
#include "broker/io/gate.h"
#include "broker/io/listener.h"
#include "broker/io/log.h"
#include "broker/io/login.h"
#include "broker/io/poller.h"
#include "broker/io/security.h"
#include "broker/io/storage.h"

#define LOOP_READ_SIZE (256u * 1024u)
/* However many are ready, the share of one; and once the round has taken LOOP_ROUND_MS, so that
 * LOOP_EVENTS_MAX times the lesser one is the most that comes after that. */
#define LOOP_READ_SHARE (48u * 1024u)
#define LOOP_READ_SHARE_LATE (8u * 1024u)
#define LOOP_ROUND_MS 10u
#define LOOP_WRITE_SIZE (64u * 1024u)
/* With a poller that makes sends together: what is gathered for them, LOOP_WRITE_SIZE more than is
 * waited for. What one connection has above LOOP_GATHER_MAX goes alone, while it is still in the
 * processor's cache. */
#define LOOP_GATHER_SIZE (256u * 1024u)
#define LOOP_GATHER_MAX (8u * 1024u)
/* With payloads that need not be copied: fewer calls. */
#define LOOP_WRITE_BYTES_MAX (256u * 1024u)
#define LOOP_EVENTS_MAX 256
/* So many bytes given to the core, of one connection or of many, and those who are to receive
 * something are written to, in the middle of a round: a flood of small messages would fill their
 * queues before they had a chance to read. */
#define LOOP_SLICE_BYTES (64u * 1024u)
#define LOOP_WRITES_MAX 64
/* A connection the core is done with: how long its last bytes may take, and how long we wait for
 * the peer to close, so that the last bytes are not lost to a reset. */
#define LOOP_CLOSE_MS 5000u
/* All connections at the end of the program. */
#define LOOP_SHUTDOWN_MS 2000u
/* The longest wait when nothing is due. */
#define LOOP_WAIT_MAX_MS 60000u

/* What one connection may take of a round before others have their turn. So many bytes at a time
 * are given to the core in between looks at the clock, halved as long as a step takes longer than
 * it should: some messages cost much. */
#define LOOP_TURN_US 2000u
#define LOOP_STEP_BYTES (16u * 1024u)
#define LOOP_CAUTION_FIRST 2u /* halvings for whom nothing is known of yet */
#define LOOP_STEP_LONG_US 500u
#define LOOP_STEP_SHORT_US 100u
/* How long a client that sent more than it may is left unread before it is looked at again. */
#define LOOP_CLIENT_PAUSE_MS 100u
/* TLS: what all handshakes of one round may take, so that those connected do not wait for those
 * that come. One step always may. */
#define LOOP_HANDSHAKES_US 4000u
/* Handshakes under way are not given up for others before that, however many there are. */
#define LOOP_GREETING_SAFE_MS 2000u
/* For looking at those connected after certificates were read again. */
#define LOOP_RECHECK_US 2000u
/* How often the log is told of certificates that end soon. */
#define LOOP_EXPIRY_CHECK_MS (24u * 3600u * 1000u)

#define LOOP_WAKE_FDS 2

struct loop_options {
    struct poller *poller;          /* created; outlives the loop */
    struct listener_set *listeners; /* open; outlives the loop */
    struct log *log;
    struct audit *audit;         /* NULL: none */
    const struct config *config; /* outlives the loop or the next loop_configure() */
    uint64_t seed;
    int wake_fds[LOOP_WAKE_FDS]; /* loop_round() returns true when one is readable; -1: none */
    struct storage *storage;     /* outlives the loop; NULL: nothing outlives the process */
    /* Outlives the loop or the next loop_secure(). NULL: no passwords, everything is allowed. */
    const struct security_set *security;
};

struct loop_stats {
    uint64_t rounds;
    uint64_t accepted_count;
    uint64_t refused_count; /* for whatever reason, before they came to the core */
    uint64_t refused_by_gate[GATE_ANSWER_COUNT]; /* of them, by enum gate_answer */
    uint64_t refused_by_list;    /* of them, by allow_address, deny_address, proxy_protocol_from */
    uint64_t refused_by_rate;    /* of them, by max_connection_rate */
    uint64_t oversized_count;    /* closed because of max_connect_size */
    uint64_t turns_ended;        /* of clients whose messages took LOOP_TURN_US */
    uint64_t client_pauses;      /* of clients that sent more than they may */
    uint64_t client_rate_closed; /* the same, disconnected */
    uint64_t read_calls;
    uint64_t write_calls;
    uint64_t read_bytes;
    uint64_t written_bytes;
    uint64_t pauses;            /* of listening sockets, for want of descriptors */
    uint64_t handshakes;        /* of TLS that came to a good end */
    uint64_t handshakes_failed; /* or were given up */
    uint64_t revoked_count;     /* clients closed because a reload accepts them no more */
};

struct loop;

/* NULL: the log says why. */
struct loop *loop_create(const struct loop_options *options);
/* One round; waits wait_max_ms at most. Returns whether one of the wake_fds is readable. */
bool loop_round(struct loop *loop, uint32_t wait_max_ms);
/* Other limits and rules from now on. config has the same listeners. false: no memory, nothing has
 * changed. */
bool loop_configure(struct loop *loop, const struct config *config);
/* The next batch of the journal begins a snapshot, if there is a journal. */
void loop_ask_snapshot(struct loop *loop);
/* Passwords and access lists from now on; loop_configure() has to follow. Clients that could not
 * come in any more are told and closed, those that could stay. */
void loop_secure(struct loop *loop, const struct security_set *security);
/* Closes the listeners, tells every client and sends what is left, LOOP_SHUTDOWN_MS at most; then
 * waits until the journal is on disk. */
void loop_shutdown(struct loop *loop);
/* Closes everything at once. */
void loop_destroy(struct loop *loop);

/* What the passwords are doing. */
const struct login_stats *loop_login_stats(const struct loop *loop);
const struct loop_stats *loop_stats(const struct loop *loop);
uint32_t loop_connection_count(const struct loop *loop);
const struct core *loop_core(const struct loop *loop);
/* CLOCK_MONOTONIC in milliseconds: a change of the wall clock disconnects nobody. */
uint64_t loop_now_ms(void);

#endif
