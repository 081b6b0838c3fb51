/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The core's memory: every byte belongs to a class and is counted, the sum is bounded. It knows
 * nothing of what is stored. Sizes are given back on release, so that the account needs no
 * headers.
 */
#ifndef BROKER_CORE_MEMORY_H
#define BROKER_CORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum memory_class {
    MEMORY_CONNECTION,
    MEMORY_SESSION,
    MEMORY_SUBSCRIPTION, /* subscriptions and share groups */
    MEMORY_TOPIC,        /* nodes of the topic trees and their index */
    MEMORY_MESSAGE,      /* topic, properties and payload, once however many receivers */
    MEMORY_QUEUE,        /* queue entries and in-flight state by session */
    MEMORY_OUTPUT,       /* acknowledgements and partly sent packets by connection */
    MEMORY_TIMER,
    MEMORY_JOURNAL, /* records that wait to be written */
    MEMORY_OTHER,
    MEMORY_CLASS_COUNT,
};

/* One part in so many of the limit is not for messages, queues and subscriptions: full of those,
 * the core can still connect clients and answer them, so that somebody can clear it up. */
#define MEMORY_RESERVE_PART 16u

struct memory {
    void *ctx;
    void *(*allocate)(void *ctx, size_t size);
    void (*release)(void *ctx, void *memory, size_t size);
    size_t used_bytes[MEMORY_CLASS_COUNT];
    size_t total_bytes;
    size_t peak_bytes;
    uint64_t limit_bytes; /* 0: none */
    uint64_t refused_count;
};

/* NULL if the port has none or the limit would be passed; counted in refused_count. size > 0. Not
 * cleared. */
void *memory_get(struct memory *memory, enum memory_class class_, size_t size);
/* The same, cleared. */
void *memory_get_zero(struct memory *memory, enum memory_class class_, size_t size);
/* Grows or shrinks; NULL leaves the old block as it is. old may be NULL with old_size 0. */
void *memory_resize(struct memory *memory, enum memory_class class_, void *old, size_t old_size,
                    size_t new_size);
/* size must be what was got. NULL with size 0 is allowed. */
void memory_put(struct memory *memory, enum memory_class class_, void *block, size_t size);

#endif
