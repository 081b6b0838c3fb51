/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Deadlines of connections, sessions and retained messages in one binary heap. It knows no clock
 * and calls nothing: the core takes what is due. Equal deadlines come out in the order they were
 * set, so that runs repeat.
 */
#ifndef BROKER_CORE_TIMER_H
#define BROKER_CORE_TIMER_H

#include "broker/core/memory.h"

#define TIMER_IDLE UINT32_MAX

enum timer_kind {
    TIMER_CONNECTION, /* connect timeout, keep alive */
    TIMER_SESSION,    /* will delay, session expiry */
    TIMER_RETAINED,   /* message expiry of a retained message */
    TIMER_SYS,        /* $SYS topics */
    TIMER_CLOCK,      /* the time into the journal */
};

/* Lives inside its owner. place is TIMER_IDLE when not set. */
struct timer {
    uint32_t place;
    uint8_t kind; /* enum timer_kind */
};

struct timer_entry {
    uint64_t due_ms;
    uint64_t order;
    struct timer *timer;
};

struct timers {
    struct memory *memory;
    struct timer_entry *heap;
    uint32_t count;
    uint32_t capacity;
    uint64_t next_order;
};

void timers_init(struct timers *timers, struct memory *memory);
/* Timers still set are forgotten, not touched: their owners may be gone already. */
void timers_free(struct timers *timers);
void timer_init(struct timer *timer, enum timer_kind kind);
/* Sets or moves it. false: no memory, and the timer is as before. */
bool timer_set(struct timers *timers, struct timer *timer, uint64_t due_ms);
void timer_cancel(struct timers *timers, struct timer *timer);
static inline bool timer_is_set(const struct timer *timer) {
    return timer->place != TIMER_IDLE;
}
/* The earliest timer if it is due, taken out of the heap; NULL otherwise. */
struct timer *timer_take_due(struct timers *timers, uint64_t now_ms);
/* UINT64_MAX if none is set. */
static inline uint64_t timer_next_ms(const struct timers *timers) {
    return timers->count == 0u ? UINT64_MAX : timers->heap[0].due_ms;
}

#endif
