/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What the broker keeps for one client identifier, and the table that finds it. The life of a
 * session is decided by state_machines/session.h; here is what it is made of. It knows nothing of
 * packets.
 *
 * Invariants: connection is set exactly while the state is ATTACHED or ATTACHED_WILL; will is set
 * exactly in ATTACHED_WILL and DETACHED_WILL; the client identifier stands in the session alone.
 */
#ifndef BROKER_CORE_SESSION_H
#define BROKER_CORE_SESSION_H

#include "broker/core/hash.h"
#include "broker/core/memory.h"
#include "broker/core/message.h"
#include "broker/core/queue.h"
#include "broker/core/received.h"
#include "broker/core/route.h"
#include "broker/core/timer.h"

struct connection;
struct core_listener;

struct will {
    struct message *message;
    uint64_t due_ms; /* while the session is detached */
    uint32_t delay_s;
};

/* A string of its own. */
struct text {
    uint32_t len;
    uint8_t bytes[];
};
/* NULL: no memory. */
struct text *text_create(struct memory *memory, enum memory_class class_, struct ella_slice from);
void text_free(struct memory *memory, enum memory_class class_, struct text *text);
/* Puts a copy of from, which may be a part of the old text, in its place. false: no memory. */
bool text_replace(struct memory *memory, enum memory_class class_, struct text **text,
                  struct ella_slice from);
struct ella_slice text_slice(const struct text *text); /* text may be NULL: empty */

struct session {
    struct session *hash_next;
    uint64_t key; /* hash of the client identifier, never 0; names the publisher in messages */
    struct connection *connection;
    struct subscription_list subscriptions;
    struct queue queue;
    struct received *received;
    struct will *will;
    struct text *user_name;               /* NULL: none was given */
    const struct core_listener *listener; /* of the last connection; NULL: none since the start */
    uint64_t mark; /* deliver.c: which delivery it was last part of, and how */
    union {
        uint64_t expires_ms;   /* while detached; UINT64_MAX: never */
        uint64_t walk_paid_us; /* while attached: subscribe.c */
    };
    struct timer timer;   /* TIMER_SESSION: the will's time or the expiry, the earlier one */
    uint32_t expiry_s;    /* ELLA_SESSION_NEVER_EXPIRES: never */
    uint32_t number_low_; /* see session_number() */
    uint16_t swept_s;     /* deliver.c: when expired messages were last looked for, its low bits */
    uint16_t number_high_;
    uint16_t client_id_len;
    uint8_t state; /* enum session_state */
    uint8_t client_id[];
};

/* Names it in records, below 2^48; 0: it does not outlive the broker. */
static inline uint64_t session_number(const struct session *session) {
    return (uint64_t)session->number_high_ << 32 | session->number_low_;
}
static inline void session_set_number(struct session *session, uint64_t number) {
    session->number_low_ = (uint32_t)number;
    session->number_high_ = (uint16_t)(number >> 32);
}

struct session_table {
    struct session **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t count;
    struct hash_key key;
};

/* false: no memory. */
bool session_table_init(struct session_table *table, struct memory *memory, struct hash_key key);
/* All sessions must be gone. */
void session_table_free(struct session_table *table, struct memory *memory);

uint64_t session_key(const struct session_table *table, struct ella_slice client_id);
struct session *session_find(const struct session_table *table, struct ella_slice client_id);
/* The session with this key, as a message names its publisher; NULL: none. */
struct session *session_find_key(const struct session_table *table, uint64_t key);
/* Any session; NULL: there is none. */
struct session *session_any(const struct session_table *table);

/* A new session in the table; client_id must not be there. NULL: no memory. */
struct session *session_create(struct session_table *table, struct memory *memory,
                               struct ella_slice client_id);
/* Takes it out of the table and frees it with its queue, received set, will and user name; its
 * subscriptions and its timer must be gone. */
void session_destroy(struct session_table *table, struct memory *memory, struct session *session);

struct ella_slice session_client_id(const struct session *session);
/* Replaces the user name; user_name may be NULL. Takes it over. */
void session_set_user_name(struct memory *memory, struct session *session, struct text *user_name);
void session_drop_will(struct memory *memory, struct session *session);

#endif
