/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * journal: the buffer of records. It knows nothing of what they mean.
 */
#include "broker/core/journal.h"

#include <string.h>

#define CAPACITY_MIN 4096u

void journal_init(struct journal *journal) {
    memset(journal, 0, sizeof *journal);
    journal->batch = 1u;
}

void journal_free(struct memory *memory, struct journal *journal) {
    if (journal->bytes != NULL)
        memory_put(memory, MEMORY_JOURNAL, journal->bytes, journal->capacity);
    journal->bytes = NULL;
    journal->used = journal->capacity = 0u;
}

/* What was pulled is not needed any more. */
static void begin_again(struct memory *memory, struct journal *journal) {
    const bool is_large =
        journal->capacity > JOURNAL_KEEP_BYTES && journal->used < journal->capacity / 4u;

    if (!journal->pulled)
        return;
    journal->pulled = false;
    journal->used = journal->unit_start = journal->last = 0u;
    journal->filling++;
    if (is_large)
        journal_free(memory, journal);
}

bool journal_grow(struct memory *memory, struct journal *journal, size_t size) {
    size_t capacity = journal->capacity < CAPACITY_MIN ? CAPACITY_MIN : journal->capacity;
    uint8_t *grown;

    if (journal->pulled)
        begin_again(memory, journal);
    if (journal->capacity - journal->used >= size)
        return true;
    if (size > SIZE_MAX / 4u - journal->used)
        return false;
    while (capacity - journal->used < size)
        capacity *= 2u;
    /* Not the whole old block, but what is used of it. */
    grown = memory_get(memory, MEMORY_JOURNAL, capacity);
    if (grown == NULL)
        return false;
    if (journal->used > 0u)
        memcpy(grown, journal->bytes, journal->used);
    if (journal->bytes != NULL)
        memory_put(memory, MEMORY_JOURNAL, journal->bytes, journal->capacity);
    journal->bytes = grown;
    journal->capacity = capacity;
    return true;
}

void journal_trim(struct journal *journal, uint32_t body_len) {
    uint8_t *head = journal->bytes + journal->last;

    record_put_body_len(head, body_len);
    journal->used = journal->last + record_head_size_at(head) + body_len;
}

uint8_t *journal_extend(struct memory *memory, struct journal *journal) {
    const uint32_t more = 4u;
    uint8_t *head;

    if (journal->lost || journal->pulled || journal->used == 0u ||
        journal->used - journal->last > RECORD_SIZE_MAX - more ||
        !journal_reserve(memory, journal, more))
        return NULL;
    head = journal->bytes + journal->last;
    record_put_u32(head, record_get_u32(head) + more);
    if (journal->unit_start == journal->used)
        journal->unit_start += more;
    journal->used += more;
    journal->touched = true;
    return journal->bytes + journal->used - more;
}

void journal_lose(struct journal *journal) {
    journal->lost = true;
    journal->whole = UINT64_MAX;
    if (journal->pulled)
        return;
    journal->used = journal->unit_start = journal->last = 0u;
    journal->filling++;
}

uint64_t journal_stamp(const struct journal *journal) {
    const bool waits = journal->lost || (!journal->pulled && journal->used > 0u);

    return waits ? journal->batch : journal->batch - 1u;
}
