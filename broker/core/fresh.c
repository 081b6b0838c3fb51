/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * fresh: where in the buffer entries stand, by their numbers, which grow by one.
 */
#include "broker/core/fresh.h"

#include <string.h>

#define CAPACITY_MIN 64u

void fresh_free(struct memory *memory, struct fresh *fresh) {
    memory_put(memory, MEMORY_JOURNAL, fresh->at, fresh->capacity * sizeof *fresh->at);
    fresh->at = NULL;
    fresh->count = fresh->capacity = 0u;
}

static bool grow(struct memory *memory, struct fresh *fresh) {
    const uint32_t capacity = fresh->capacity == 0u ? CAPACITY_MIN : 2u * fresh->capacity;
    uint32_t *grown;

    if (capacity > FRESH_COUNT_MAX)
        return false;
    grown = memory_resize(memory, MEMORY_JOURNAL, fresh->at, fresh->capacity * sizeof *grown,
                          capacity * sizeof *grown);
    if (grown == NULL)
        return false;
    fresh->at = grown;
    fresh->capacity = capacity;
    return true;
}

static void catch_up(struct fresh *fresh, const struct journal *journal) {
    if (fresh->filling == journal->filling)
        return;
    fresh->filling = journal->filling;
    fresh->count = 0u;
    memset(fresh->barred, 0, sizeof fresh->barred);
}

void fresh_queued(struct memory *memory, struct fresh *fresh, const struct journal *journal,
                  uint64_t number) {
    catch_up(fresh, journal);
    if (fresh->count == 0u)
        fresh->first = number;
    if (journal->lost || journal->last > UINT32_MAX || number != fresh->first + fresh->count ||
        (fresh->count == fresh->capacity && !grow(memory, fresh)))
        return;
    fresh->at[fresh->count++] = (uint32_t)journal->last;
}

uint8_t *fresh_find(struct fresh *fresh, struct journal *journal, uint64_t session,
                    uint64_t number) {
    const uint64_t bit = session % FRESH_BAR_BITS;

    if (journal->pulled || journal->lost || fresh->filling != journal->filling ||
        number - fresh->first >= fresh->count ||
        (fresh->barred[bit / 64u] >> bit % 64u & 1u) != 0u)
        return NULL;
    return journal->bytes + fresh->at[number - fresh->first];
}

void fresh_bar(struct fresh *fresh, const struct journal *journal, uint64_t session) {
    const uint64_t bit = session % FRESH_BAR_BITS;

    catch_up(fresh, journal);
    fresh->barred[bit / 64u] |= (uint64_t)1 << bit % 64u;
}
