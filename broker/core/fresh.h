/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The entries of queues whose QUEUED still waits in the buffer of the journal. Most are sent
 * before the buffer is pulled: then the packet identifier is put into that record, and SENT is
 * saved. It knows nothing of queues.
 *
 * That is as if the entry had been sent when it was queued, so it must not be done where the order
 * matters: behind a SENT of the same session, which stands later in the buffer and would be
 * overtaken if a crash cuts between, and under a packet identifier that became free later in the
 * buffer. Whoever records such a thing bars the session (fresh_bar()).
 */
#ifndef BROKER_CORE_FRESH_H
#define BROKER_CORE_FRESH_H

#include "broker/core/journal.h"

/* So many entries of one buffer are known at most, fewer without memory; the others have a SENT of
 * their own. */
#define FRESH_COUNT_MAX 4096u
/* Sessions share so many bits; one that is barred for another's sake only loses the saving. */
#define FRESH_BAR_BITS 1024u

struct fresh {
    uint64_t filling; /* of the journal; what follows is true for that alone */
    uint64_t first;   /* number of the first entry; the others follow it */
    uint32_t count;
    uint32_t capacity;
    uint32_t *at; /* where QUEUED stands in the buffer */
    uint64_t barred[FRESH_BAR_BITS / 64u];
};

/* Begins zero. */
void fresh_free(struct memory *memory, struct fresh *fresh);
/* The last record in the journal is the first QUEUED of this entry. */
void fresh_queued(struct memory *memory, struct fresh *fresh, const struct journal *journal,
                  uint64_t number);
/* The head of the QUEUED of this entry, to be written to; NULL: SENT must be recorded. */
uint8_t *fresh_find(struct fresh *fresh, struct journal *journal, uint64_t session,
                    uint64_t number);
/* Nothing is found for this session any more until the buffer is used again. */
void fresh_bar(struct fresh *fresh, const struct journal *journal, uint64_t session);

#endif
