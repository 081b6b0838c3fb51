/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What the broker keeps for one network connection. Which packet may come and what may be said is
 * decided by state_machines/connection.h; here is what it is made of, and how a packet gets into
 * its output. It knows nothing of what packets mean.
 *
 * Invariants: session is set exactly while the state is ESTABLISHED or REAUTHENTICATING; request
 * is set from CONNECT, or AUTH of a re-authentication, until its verdict; an idle connection owns
 * nothing but this struct.
 */
#ifndef BROKER_CORE_CONNECTION_H
#define BROKER_CORE_CONNECTION_H

#include "broker/core/alias.h"
#include "broker/core/core.h"
#include "broker/core/output.h"
#include "broker/core/session.h"
#include "state_machines/connection.h"
#include "state_machines/qos_send.h"

struct connect_request; /* connect.c */

#define CONNECTION_NO_SLOT UINT32_MAX
#define CONNECTION_ACK_COUNT 4u /* PUBACK, PUBREC, PUBREL and PUBCOMP */
#define CONNECTION_ACK_SIZE 4u  /* bytes of one without reason code */

struct slot_list {
    uint32_t first;
    uint32_t last;
};

/* What only few connections have, and not for long or not at all. */
struct connection_more {
    struct partial *partial;
    struct text *method; /* Authentication Method of CONNECT; NULL: none */
    struct alias_table *aliases_in;
    struct alias_table *aliases_out;
};

struct connection {
    struct session *session;
    const struct core_listener *listener;
    struct output *output;
    struct connect_request *request;
    struct connection_more *more; /* NULL: nothing more */
    uint64_t last_packet_ms;
    struct timer timer; /* TIMER_CONNECTION: connect timeout, then keep alive */
    uint32_t slot;
    uint32_t list_next; /* of those with an effect, or of those that wait, by slot */
    uint32_t list_previous;
    uint32_t maximum_packet_size;    /* the client's, bytes; UINT32_MAX: it named none */
    uint32_t connect_expiry_s;       /* Session Expiry Interval as CONNECT asked for it */
    uint32_t in_flight_bytes;        /* of messages sent on it and not acknowledged */
    struct send_quota quota;         /* of PUBLISH to the client */
    struct send_quota receive_quota; /* of QoS 2 PUBLISH from a 5.0 client */
    uint16_t keep_alive_s;           /* in force: Server Keep Alive if it was sent */
    uint8_t topic_alias_maximum : 7; /* towards the client; 0: none */
    uint8_t is_held : 1;             /* is in the list of those that wait for the journal */
    uint8_t version : 7;             /* enum ella_version; UNKNOWN before CONNECT */
    uint8_t stalled : 1;             /* a packet was not taken: none is, until it is woken */
    uint8_t state;                   /* enum connection_state */
    uint8_t auth_state;              /* enum auth_state */
    uint8_t keepalive_state : 7;     /* enum keepalive_state */
    uint8_t client_left : 1;         /* it said so by DISCONNECT */
    uint8_t is_ready : 1;            /* is in the list of those with an effect */
    uint8_t want_authenticate : 1;
    uint8_t want_close : 1;
    uint8_t want_write : 1; /* to be told */
    uint8_t told_write : 1; /* was told, and not pulled empty since */
    uint8_t failed : 1;     /* no memory for an answer: to be closed */
    uint8_t problem_information : 1;
    uint8_t over_limit : 1; /* more than max_connections when it was opened */
};

/* ---- The slots (connection.c) ---- */

struct core;

/* NULL: no memory. slot must be free. */
struct connection *connection_open(struct core *core, uint32_t slot,
                                   const struct core_listener *listener);
/* What it has more, made if need be. NULL: no memory. */
struct connection_more *connection_get_more(struct core *core, struct connection *connection);
/* Frees connection->more if nothing is there any more. */
void connection_trim(struct core *core, struct connection *connection);
/* Frees it and its slot; it must have no session. */
void connection_release(struct core *core, struct connection *connection);
/* Frees all that is not needed once it is closing: request, aliases, timer. */
void connection_quiet(struct core *core, struct connection *connection);

/* ---- The list of those with an effect ---- */

void connection_ready(struct core *core, struct connection *connection);
void connection_not_ready(struct core *core, struct connection *connection);
/* There may be something to pull. */
void connection_want_write(struct core *core, struct connection *connection);
/* Into the list of those that wait for the journal, if something of it does. */
void connection_hold(struct core *core, struct connection *connection);
/* No QoS 2 PUBLISH leaves, nor PUBREL again, until all is durable that was recorded so far. */
void connection_hold_queue(struct core *core, struct connection *connection);
/* Until which batch that is; 0: they may leave. */
uint64_t connection_queue_batch(const struct core *core, const struct connection *connection);
/* The journal has become durable: what waited for it may leave. */
void connection_wake_held(struct core *core);
/* A packet of it was not taken; the same for when packets are taken again. */
void connection_stall(struct core *core, struct connection *connection);
void connection_wake_stalled(struct core *core);
/* Whether some of its answers wait for the journal. */
bool connection_is_held(const struct core *core, const struct connection *connection);
/* Whether core_pull() would give something. */
bool connection_has_output(const struct core *core, const struct connection *connection);

/* ---- Answers ---- */

static inline bool connection_is_partial(const struct connection *connection) {
    return connection->more != NULL && connection->more->partial != NULL;
}
/* core_accepts() of it. */
static inline bool connection_accepts(const struct connection *connection) {
    return !connection->failed && !connection->stalled &&
           connection->state != CONNECTION_CHECKING && connection->state != CONNECTION_CLOSING &&
           output_waiting_bytes(connection->output) < OUTPUT_ACCEPT_BYTES;
}
static inline struct text *connection_method(const struct connection *connection) {
    return connection->more == NULL ? NULL : connection->more->method;
}
static inline bool connection_is_v5(const struct connection *connection) {
    return connection->version == ELLA_VERSION_5_0;
}

/* Encodes packet behind what waits. Leaves out Reason String and User Property where the client
 * does not want them or they make it too large. What can't be sent at all, for its size or for
 * lack of memory, marks the connection as failed: core_step() closes it. */
void connection_send(struct core *core, struct connection *connection, struct ella_packet *packet);
/* PUBACK, PUBREC, PUBREL or PUBCOMP; the reason code is left out before 5.0. text: a Reason String
 * for codes of 0x80 and above, NULL for none. */
void connection_send_ack(struct core *core, struct connection *connection,
                         enum ella_packet_type type, uint16_t packet_id, uint8_t reason_code,
                         const char *text);
/* Encodes those of success, once for all. */
void connection_make_acks(uint8_t acks[CONNECTION_ACK_COUNT][CONNECTION_ACK_SIZE]);
/* A static text as a slice. */
struct ella_slice connection_text(const char *text);

#endif
