/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The records that wait to be pulled, and what is known of those that were: one buffer, used again
 * from batch to batch. It knows nothing of what records mean, and nothing of files.
 *
 * Invariants: bytes[0, used) are whole records; those before unit_start are whole units; batch is
 * the number that the next batch gets, and everything that was recorded so far is in a batch of a
 * lower number exactly if it is durable once durable >= batch - 1.
 *
 * When it is lost, by failing storage or for lack of memory, nothing more is recorded, and nothing
 * that was promised since can become durable but by a snapshot that begins afterwards.
 */
#ifndef BROKER_CORE_JOURNAL_H
#define BROKER_CORE_JOURNAL_H

#include "broker/core/memory.h"
#include "broker/core/record.h"

/* A buffer larger than this is not kept when a batch has used less than a quarter of it. */
#define JOURNAL_KEEP_BYTES (1024u * 1024u)
/* While so many bytes wait to be pulled no PUBLISH of QoS 1 or 2 is taken: the disk is behind. */
#define JOURNAL_ACCEPT_BYTES (64u * 1024u * 1024u)

struct journal {
    uint8_t *bytes;
    size_t used;
    size_t capacity;
    size_t unit_start;
    size_t last;      /* where the last record begins */
    uint64_t filling; /* how often the buffer was begun again */
    uint64_t batch;   /* the number that the next batch gets */
    uint64_t durable; /* batches up to this one are */
    uint64_t whole;   /* no batch before this one counts as durable; UINT64_MAX: not known yet */
    bool on;          /* there is a journal, and recovery is over */
    bool lost;        /* nothing is recorded: a snapshot must begin */
    bool pulled;      /* what is in the buffer was pulled: it is used again with the next record */
    bool touched;     /* the present event recorded something, or would have */
    bool storage_fails; /* the driver said so */
};

/* Begins zero but for this. */
void journal_init(struct journal *journal);
void journal_free(struct memory *memory, struct journal *journal);
/* The same as below, where there is no room. */
bool journal_grow(struct memory *memory, struct journal *journal, size_t size);
/* Makes room for size more bytes, so that the next records of that size can't fail. false: no
 * memory, nothing changed. */
static inline bool journal_reserve(struct memory *memory, struct journal *journal, size_t size) {
    return (!journal->pulled && journal->capacity - journal->used >= size) ||
           journal_grow(memory, journal, size);
}
/* Appends a record whose body has body_len bytes; returns where to write the body, which must be
 * written before the next call. NULL: no memory, or it is lost, in which case nothing is to be
 * done: only journal->lost tells. Begin and size of a body are known, so nothing is copied
 * twice. Inline, since each message has several. */
static inline uint8_t *journal_add(struct memory *memory, struct journal *journal,
                                   const struct record *record, uint32_t body_len) {
    const size_t size = (size_t)RECORD_HEAD_SIZE_MAX + body_len;
    uint32_t head_size;
    uint8_t *to;

    journal->touched = true;
    if (journal->lost || body_len > RECORD_SIZE_MAX - RECORD_HEAD_SIZE_MAX)
        return NULL;
    if (!journal_reserve(memory, journal, size))
        return NULL;
    to = journal->bytes + journal->used;
    head_size = record_write_head(record, body_len, to);
    journal->last = journal->used;
    journal->used += head_size + body_len;
    return to + head_size;
}
/* The last record's body has only body_len bytes: for one whose size is known once it is written.
 * It was added, and nothing since. */
void journal_trim(struct journal *journal, uint32_t body_len);
/* Room for four bytes more at the end of the last record's body, which then has them, and with it
 * its unit. NULL: there is none, or nothing in the buffer to add to. */
uint8_t *journal_extend(struct memory *memory, struct journal *journal);
/* The records added since the last call are a unit. */
static inline void journal_end_unit(struct journal *journal) {
    if (journal->pulled || journal->used == journal->unit_start)
        return;
    record_mark_end(journal->bytes + journal->last);
    journal->unit_start = journal->used;
}
/* Nothing is recorded from here on; what waits is thrown away. */
void journal_lose(struct journal *journal);
/* The batch that an answer has to wait for if all that was recorded so far is to be durable. */
uint64_t journal_stamp(const struct journal *journal);

#endif
