/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * timer: deadlines in a binary heap, the earliest on top; equal ones in the order they were set.
 * It knows no clock.
 *
 * Invariants: heap[0, count) is ordered so that no entry comes before the one at (place - 1) / 2;
 * heap[place].timer->place == place for every entry, and TIMER_IDLE for every timer not in it.
 */
#include "broker/core/timer.h"

#include <string.h>

#include "broker/core/array.h"
#include "broker/core/core_assert.h"

#define TIMER_CAPACITY_MIN 16u

void timers_init(struct timers *timers, struct memory *memory) {
    memset(timers, 0, sizeof *timers);
    timers->memory = memory;
}

void timers_free(struct timers *timers) {
    memory_put(timers->memory, MEMORY_TIMER, timers->heap,
               timers->capacity * sizeof *timers->heap);
    timers_init(timers, timers->memory);
}

void timer_init(struct timer *timer, enum timer_kind kind) {
    timer->place = TIMER_IDLE;
    timer->kind = (uint8_t)kind;
}

static bool entry_before(const struct timer_entry *a, const struct timer_entry *b) {
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void entry_put(struct timers *timers, uint32_t place, struct timer_entry entry) {
    timers->heap[place] = entry;
    entry.timer->place = place;
}

/* Puts entry where it belongs, place being free: up towards the root, or down. */
static void entry_sift(struct timers *timers, uint32_t place, struct timer_entry entry) {
    uint32_t child;

    while (place > 0u && entry_before(&entry, &timers->heap[(place - 1u) / 2u])) {
        entry_put(timers, place, timers->heap[(place - 1u) / 2u]);
        place = (place - 1u) / 2u;
    }
    for (;;) {
        child = 2u * place + 1u;
        if (child + 1u < timers->count &&
            entry_before(&timers->heap[child + 1u], &timers->heap[child]))
            child++;
        if (child >= timers->count || entry_before(&entry, &timers->heap[child]))
            break;
        entry_put(timers, place, timers->heap[child]);
        place = child;
    }
    entry_put(timers, place, entry);
}

static bool timers_resize(struct timers *timers, uint32_t capacity) {
    struct timer_entry *heap =
        memory_resize(timers->memory, MEMORY_TIMER, timers->heap, timers->capacity * sizeof *heap,
                      capacity * sizeof *heap);
    if (heap == NULL)
        return false;
    timers->heap = heap;
    timers->capacity = capacity;
    return true;
}

static bool timers_reserve(struct timers *timers) {
    if (timers->count < timers->capacity)
        return true;
    if (timers->capacity > TIMER_IDLE / 4u)
        return false; /* places stay far below TIMER_IDLE, and 2 * place + 2 does not overflow */
    return timers_resize(timers, timers->capacity == 0u ? TIMER_CAPACITY_MIN
                                                        : array_grown(timers->capacity));
}

bool timer_set(struct timers *timers, struct timer *timer, uint64_t due_ms) {
    const struct timer_entry entry = {due_ms, timers->next_order, timer};
    uint32_t place = timer->place;

    if (!timer_is_set(timer)) {
        if (!timers_reserve(timers))
            return false;
        place = timers->count++;
    } else {
        CORE_ASSERT(place < timers->count && timers->heap[place].timer == timer);
    }
    timers->next_order++;
    entry_sift(timers, place, entry);
    return true;
}

void timer_cancel(struct timers *timers, struct timer *timer) {
    const uint32_t place = timer->place;

    if (!timer_is_set(timer))
        return;
    CORE_ASSERT(place < timers->count && timers->heap[place].timer == timer);
    timer->place = TIMER_IDLE;
    timers->count--;
    if (place < timers->count)
        entry_sift(timers, place, timers->heap[timers->count]);
    /* A smaller heap is a wish: without memory for it the larger one serves as well. */
    if (timers->capacity > TIMER_CAPACITY_MIN && timers->count < timers->capacity / 4u)
        (void)timers_resize(timers, timers->capacity / 2u);
}

struct timer *timer_take_due(struct timers *timers, uint64_t now_ms) {
    struct timer *timer;

    if (timers->count == 0u || timers->heap[0].due_ms > now_ms)
        return NULL;
    timer = timers->heap[0].timer;
    timer_cancel(timers, timer);
    return timer;
}
