/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Retained messages: one for each topic, found by filter. It knows nothing of subscriptions or
 * permissions.
 */
#ifndef BROKER_CORE_RETAIN_H
#define BROKER_CORE_RETAIN_H

#include "broker/core/memory.h"
#include "broker/core/message.h"
#include "broker/core/timer.h"
#include "libella/codec.h"

struct retain;

enum retain_result {
    RETAIN_STORED,
    RETAIN_REPLACED,
    RETAIN_CLEARED,
    RETAIN_NOTHING,
    RETAIN_FULL,
    RETAIN_NO_MEMORY
};

/* NULL: no memory. */
struct retain *retain_create(struct memory *memory, struct timers *timers, uint64_t hash_seed);
/* Drops all messages and cancels their timers; timers must still be there. */
void retain_destroy(struct retain *retain);

/* Stores message under its topic, taking a reference; an empty payload clears (v5/3.3.1-6, -7;
 * v3/3.3.1-10). A message that expires gets a timer of kind TIMER_RETAINED. max_messages and
 * max_bytes (sum of message_size_bytes()): 0 no limit. RETAIN_FULL and RETAIN_NO_MEMORY leave the
 * store as it was. */
enum retain_result retain_set(struct retain *retain, struct message *message,
                              uint32_t max_messages, uint64_t max_bytes);

/* A timer of kind TIMER_RETAINED came due: the message is removed. */
void retain_expire(struct retain *retain, struct timer *timer);

/* Walks all messages that match filter (valid, without $share) in a fixed order. cursor: zero it
 * first; NULL at the end. Changing the store while walking is not allowed. A message whose time is
 * over is given, too, until retain_expire() takes it away. No reference is taken. */
struct retain_cursor {
    uint32_t node;
    uint32_t state_[3];
    uint64_t seen_count; /* nodes looked at so far, also those that lead to nothing */
};
struct message *retain_next(const struct retain *retain, struct ella_slice filter,
                            struct retain_cursor *cursor);

/* Walks all messages in any order, while the store may change: those that are there all the time
 * are given once. *place: zero at first. Looks at a bounded number of places; NULL with *end: that
 * was the last one, without: call again. */
struct message *retain_walk(const struct retain *retain, uint32_t *place, bool *end);

uint32_t retain_count(const struct retain *retain);
uint64_t retain_bytes(const struct retain *retain);

#endif
