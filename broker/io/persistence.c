/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Core and journal, joined; see persistence.h.
 */
#include "broker/io/persistence.h"

#include "broker/core/record.h"

/* Batches written at the orderly end, at most. More than one only while a snapshot goes on. */
#define END_BATCHES_MAX 1000000u
/* Units go into one frame until it has so many bytes: a damaged place costs that much, and a frame
 * for each would cost half as much again. */
#define CHUNK_BYTES 2048u

void persistence_init(struct persistence *persistence, struct journal *journal) {
    *persistence = (struct persistence){.journal = journal, .storage = JOURNAL_GOOD};
}

/* ---- Start ---- */

struct feeding {
    struct persistence *persistence;
    struct core *core;
    uint64_t now_ms;
    uint64_t wall_ms;
};

static bool feed_unit(void *context, const uint8_t *unit, size_t unit_len) {
    struct feeding *feeding = context;
    const uint32_t end = (uint32_t)unit_len;
    struct record record;
    for (uint32_t at = 0; at < end;) {
        const uint32_t size = record_read(unit, at, end, &record);
        feeding->persistence->record_count++;
        if (size == 0) {
            feeding->persistence->bad_record_count++;
            return true;
        }
        const struct core_event event = {.type = CORE_RECORD,
                                         .now_ms = feeding->now_ms,
                                         .wall_ms = feeding->wall_ms,
                                         .record = {unit, at, at + size}};
        const enum core_status status = core_step(feeding->core, &event);
        if (status == CORE_NO_MEMORY)
            return false;
        feeding->persistence->bad_record_count += status == CORE_BAD_RECORD;
        at += size;
    }
    return true;
}

static enum core_storage storage_of(enum journal_storage storage) {
    switch (storage) {
    case JOURNAL_GOOD:
        return CORE_STORAGE_OK;
    case JOURNAL_FULL:
        return CORE_STORAGE_FULL;
    default:
        return CORE_STORAGE_FAILED;
    }
}

/* Tells the core what it does not know yet. */
static bool tell(struct persistence *persistence, struct core *core, uint64_t now_ms) {
    const uint64_t durable = journal_durable(persistence->journal);
    const enum journal_storage storage = journal_storage(persistence->journal);
    bool told = false;
    if (durable != persistence->durable) {
        const struct core_event event = {.type = CORE_DURABLE, .now_ms = now_ms, .batch = durable};
        persistence->durable = durable;
        (void)core_step(core, &event);
        told = true;
    }
    if (storage != persistence->storage) {
        const struct core_event event = {
            .type = CORE_STORAGE, .now_ms = now_ms, .storage = storage_of(storage)};
        persistence->storage = storage;
        persistence->in_snapshot = false;
        (void)core_step(core, &event);
        told = true;
    }
    return told;
}

enum journal_status persistence_recover(struct persistence *persistence, struct core *core,
                                        uint64_t now_ms, uint64_t wall_ms) {
    struct feeding feeding = {
        .persistence = persistence, .core = core, .now_ms = now_ms, .wall_ms = wall_ms};
    const enum journal_status status =
        journal_recover(persistence->journal, now_ms, &feeding, feed_unit);
    if (status != JOURNAL_OK)
        return status;
    const struct core_event event = {
        .type = CORE_RECORDS_END,
        .now_ms = now_ms,
        .wall_ms = wall_ms,
        .storage = journal_is_sure(persistence->journal) ? CORE_STORAGE_OK : CORE_STORAGE_FAILED};
    if (core_step(core, &event) == CORE_NO_MEMORY)
        return JOURNAL_NO_MEMORY;
    (void)tell(persistence, core, now_ms);
    return JOURNAL_OK;
}

/* ---- Rounds ---- */

static bool write_batch(struct persistence *persistence, struct core *core, uint64_t now_ms) {
    struct journal *journal = persistence->journal;
    struct core_batch batch;
    if (!journal_takes(journal) || !core_has_journal(core))
        return false;
    const uint64_t start_us = journal_now_us(journal);
    if (!core_pull_journal(core, &batch))
        return false;
    const uint32_t end = (uint32_t)batch.size;
    journal_begin(journal, batch.number, batch.begins_snapshot, now_ms);
    for (uint32_t start = 0; start < end;) {
        uint32_t unit_count = 0;
        const uint32_t size = record_units_size(batch.bytes, start, end, CHUNK_BYTES, &unit_count);
        journal_append(journal, batch.bytes + start, size, unit_count);
        start += size;
    }
    journal_commit(journal, batch.ends_snapshot, now_ms);
    persistence->in_snapshot =
        (persistence->in_snapshot || batch.begins_snapshot) && !batch.ends_snapshot;
    const uint64_t took_us = journal_now_us(journal) - start_us;
    if (took_us > persistence->batch_us_max)
        persistence->batch_us_max = took_us;
    return true;
}

bool persistence_round(struct persistence *persistence, struct core *core, uint64_t now_ms) {
    journal_run(persistence->journal, now_ms);
    bool told = tell(persistence, core, now_ms);
    if (journal_wants_snapshot(persistence->journal, now_ms)) {
        const struct core_event event = {.type = CORE_SNAPSHOT, .now_ms = now_ms};
        (void)core_step(core, &event);
    }
    if (write_batch(persistence, core, now_ms))
        told = tell(persistence, core, now_ms) || told;
    return told;
}

uint64_t persistence_deadline_ms(const struct persistence *persistence, const struct core *core) {
    if (core_has_journal(core) && journal_takes(persistence->journal))
        return 0;
    return journal_deadline_ms(persistence->journal);
}

/* ---- End ---- */

bool persistence_end(struct persistence *persistence, struct core *core, uint64_t now_ms) {
    struct journal *journal = persistence->journal;
    for (uint32_t i = 0; i < END_BATCHES_MAX && core_has_journal(core); i++) {
        if (!journal_wait(journal, now_ms) || !write_batch(persistence, core, now_ms))
            break;
    }
    return journal_close(journal, now_ms);
}
