/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * All that a session has to send, in one list in the order of arrival: what is in flight stands at
 * the head in the order of its first sending, behind it what waits. It knows nothing of
 * connections and packets; the states are those of state_machines/qos_send.h.
 *
 *     first ... in flight ...  next ... waiting ... last
 *
 * Invariants:
 *   - entries before next were sent on the present connection and are not finished; on a new
 *     connection next goes back to first, so that everything unfinished is sent again in order;
 *   - an entry has a packet id exactly if its state is not QOS_SEND_FREE; those with one are the
 *     first ones, but for QoS 0 that is sent between them, and while records are read, of which
 *     some may be missing;
 *   - message is NULL only in QOS_SEND_WAITING_PUBCOMP;
 *   - the sums below are those of the entries that carry the flag.
 */
#ifndef BROKER_CORE_QUEUE_H
#define BROKER_CORE_QUEUE_H

#include "broker/core/memory.h"
#include "broker/core/message.h"

/* Above so many messages in flight acknowledgements are found by an index instead of a walk. */
#define QUEUE_WALK_COUNT_MAX 32u

/* So many subscription identifiers an entry holds at most. Its limits count the message alone, so
 * what comes on top of it must be bounded; whose further subscriptions match gets another copy. */
#define QUEUE_IDENTIFIERS_MAX 64u

/* Which limit an entry counts against. Retained messages sent at subscribe count against none. */
enum queue_account {
    QUEUE_UNLIMITED,
    QUEUE_WAITING, /* max_queued_messages, max_queued_bytes; until it is in flight */
    QUEUE_BACKLOG, /* max_qos0_backlog_bytes */
};

struct queue_entry {
    struct queue_entry *next;
    struct queue_entry *previous;
    struct message *message;
    uint32_t share_serial; /* of the share group it came by, 0: none */
    uint16_t packet_id;
    uint8_t qos : 2;
    uint8_t retain : 1;
    uint8_t is_long : 1;  /* it is the head of a struct queue_long_entry */
    uint8_t sent : 1;     /* stands before queue.next */
    uint8_t account : 2;  /* enum queue_account */
    uint8_t released : 1; /* its PUBREL was sent on this connection */
    uint8_t state : 6;    /* enum qos_send_state */
    uint8_t has_many : 1; /* identifiers.many counts */
    uint8_t prepared : 1; /* has a packet id, but was never sent */
};

/* One that is recorded, or has subscription identifiers. */
struct queue_long_entry {
    struct queue_entry entry;
    union {
        uint32_t one;   /* 0: none */
        uint32_t *many; /* [0] how many, then as many */
    } identifiers;
    uint64_t number; /* names it in records, 0: it is in none */
};

struct queue_index;

struct queue {
    struct queue_entry *first;
    struct queue_entry *last;
    struct queue_entry *next; /* the next to send; NULL: everything was sent */
    struct queue_index *index;
    uint64_t waiting_bytes;      /* of QUEUE_WAITING */
    uint32_t waiting_count : 31; /* of QUEUE_WAITING */
    uint32_t is_unordered : 1;   /* packet ids in flight may not follow each other: is_in_use() */
    uint32_t backlog_bytes;      /* of QUEUE_BACKLOG */
    uint32_t count;              /* of all entries */
    uint16_t in_flight_count;    /* with a packet id */
    uint16_t last_packet_id;
};

/* Appends, taking a reference to message. is_long: it may be recorded. NULL: no memory. */
struct queue_entry *queue_append(struct memory *memory, struct queue *queue,
                                 struct message *message, uint8_t qos, enum queue_account account,
                                 bool is_long);
/* Names the entry in records; 0: it is in none. */
static inline uint64_t queue_entry_number(const struct queue_entry *entry) {
    return entry->is_long ? ((const struct queue_long_entry *)entry)->number : 0u;
}
/* The entry must be long; number is not 0. */
void queue_entry_set_number(struct queue_entry *entry, uint64_t number);
/* Adds a subscription identifier to the entry, which must have less than QUEUE_IDENTIFIERS_MAX.
 * Returns it; one that is not long must have no packet id, and another one comes in its place.
 * NULL: no memory, all as before. */
struct queue_entry *queue_entry_identify(struct memory *memory, struct queue *queue,
                                         struct queue_entry *entry, uint32_t identifier);
/* How many subscription identifiers there are, and where. */
static inline uint32_t queue_entry_identifiers(const struct queue_entry *entry,
                                               const uint32_t **out) {
    const struct queue_long_entry *longer = (const struct queue_long_entry *)entry;

    *out = NULL;
    if (!entry->is_long)
        return 0u;
    if (entry->has_many) {
        *out = &longer->identifiers.many[1];
        return longer->identifiers.many[0];
    }
    *out = &longer->identifiers.one;
    return longer->identifiers.one != 0u ? 1u : 0u;
}

/* The entry is sent for the first time at QoS 1 or 2: gives it an unused packet id, which must
 * exist (in_flight_count < 65535), and counts it as in flight. Its state is left to the caller.
 * false: no memory for an index, nothing changed. */
bool queue_start(struct memory *memory, struct queue *queue, struct queue_entry *entry);
/* Recovery: appends a long one as queue_append() does, but before next, which then stays where it
 * is. */
struct queue_entry *queue_insert(struct memory *memory, struct queue *queue,
                                 struct message *message, uint8_t qos, enum queue_account account);
/* Recovery: the entry was sent under this packet id, which must not be in use. false: no memory
 * for an index. */
bool queue_restart(struct memory *memory, struct queue *queue, struct queue_entry *entry,
                   uint16_t packet_id);
/* Undoes queue_start(): nothing was sent, the entry waits again. */
void queue_stop(struct memory *memory, struct queue *queue, struct queue_entry *entry);
/* The entry, which is queue->next, was sent on this connection: next moves on. */
void queue_advance(struct queue *queue);
/* The entry with this packet id; NULL: none. */
struct queue_entry *queue_find(const struct queue *queue, uint16_t packet_id);
/* Gives the message back, keeping the entry (PUBREC was received). */
void queue_entry_release(struct memory *memory, struct queue_entry *entry);
void queue_remove(struct memory *memory, struct queue *queue, struct queue_entry *entry);
/* A new connection: all that is in flight is to be sent again, and first: should records have been
 * missing, so that some of it stands behind what waits, it is moved to the head. */
void queue_rewind(struct queue *queue);
/* What the entry's message costs; it must have one. */
uint32_t queue_entry_bytes(const struct queue_entry *entry);

#endif
