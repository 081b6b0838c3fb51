/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What the core counts: one row each, with its name, its $SYS topic and its meaning. It knows
 * nothing of how the numbers are shown. Every message that is not delivered is counted in exactly
 * one row of kind STAT_DROP, so that nothing is lost without a reason.
 */
#ifndef BROKER_CORE_STATS_H
#define BROKER_CORE_STATS_H

#include <stddef.h>
#include <stdint.h>

enum core_stat {
    /* what there is */
    STAT_CONNECTIONS,
    STAT_CLIENTS_TOTAL,
    STAT_CLIENTS_CONNECTED,
    STAT_CLIENTS_DISCONNECTED,
    STAT_CLIENTS_MAXIMUM,
    STAT_SUBSCRIPTIONS,
    STAT_SHARED_SUBSCRIPTIONS,
    STAT_RETAINED_MESSAGES,
    STAT_STORED_MESSAGES,
    STAT_STORED_BYTES,
    STAT_QUEUED_MESSAGES,
    STAT_HEAP_CURRENT_BYTES,
    STAT_HEAP_MAXIMUM_BYTES,
    STAT_STORAGE_FAILS,
    /* what has happened */
    STAT_SOCKETS_OPENED,
    STAT_CONNECTIONS_ACCEPTED,
    STAT_CONNECTIONS_REFUSED,
    STAT_CONNECTIONS_TAKEN_OVER,
    STAT_KEEP_ALIVE_TIMEOUTS,
    STAT_PROTOCOL_ERRORS,
    STAT_SESSIONS_EXPIRED,
    STAT_WILLS_PUBLISHED,
    STAT_PACKETS_RECEIVED,
    STAT_PACKETS_SENT,
    STAT_BYTES_RECEIVED,
    STAT_BYTES_SENT,
    STAT_PUBLISH_RECEIVED,
    STAT_PUBLISH_SENT,
    STAT_PUBLISH_BYTES_RECEIVED,
    STAT_PUBLISH_BYTES_SENT,
    STAT_PUBLISH_RESENT,
    STAT_SUBSCRIBE_DENIED,
    STAT_MEMORY_REFUSED,
    STAT_STORAGE_FAILURES,
    STAT_SNAPSHOTS,
    /* what was not delivered, and why */
    STAT_DROPPED_PUBLISH_DENIED,
    STAT_DROPPED_PUBLISH_TOPIC,
    STAT_DROPPED_PAYLOAD_TOO_LARGE,
    STAT_DROPPED_RETAIN_FULL,
    STAT_DROPPED_RECEIVE_DENIED,
    STAT_DROPPED_QUEUE_FULL,
    STAT_DROPPED_QUEUE_BYTES,
    STAT_DROPPED_QOS0_DETACHED,
    STAT_DROPPED_QOS0_BACKLOG,
    STAT_DROPPED_PACKET_TOO_LARGE,
    STAT_DROPPED_EXPIRED,
    STAT_DROPPED_NO_MEMBER,
    STAT_DROPPED_REFUSED_BY_CLIENT,
    STAT_DROPPED_SESSION_ENDED,
    STAT_DROPPED_NO_MEMORY,
    STAT_DROPPED_STORAGE,
    CORE_STAT_COUNT,
};

enum core_stat_kind {
    STAT_GAUGE,   /* goes up and down */
    STAT_COUNTER, /* only up */
    STAT_DROP,    /* a counter of messages that were not delivered */
};

struct core_stats {
    uint64_t value[CORE_STAT_COUNT];
};

struct core_stat_row {
    const char *name;      /* snake_case, unique */
    const char *sys_topic; /* below $SYS/broker/, NULL: not published there */
    const char *meaning;
    enum core_stat_kind kind;
};

/* The row of one number; stat < CORE_STAT_COUNT. */
const struct core_stat_row *core_stat_row(enum core_stat stat);

/* The sum of all rows of kind STAT_DROP. */
uint64_t core_stats_dropped(const struct core_stats *stats);

#endif
