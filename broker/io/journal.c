/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Batches into files, and which files there are; see journal.h. What the disk does with them is
 * journal_sync.c, what is found at the start journal_recover.c.
 */
#include "broker/io/journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/io/journal_state.h"

/* A fault of the driver's: stop, in release builds too. */
#undef NDEBUG
#include <assert.h>

/* A snapshot is due when so many times its size was written behind the last one. More would cost
 * disk and time at the start, less would write more snapshots than changes. */
#define SNAPSHOT_RATIO 2u

/* With `never` a batch costs what the cache of the system takes for it, and that takes large
 * pieces at multiples of their size for half: so a large batch is filled up to such a place. */
#define FILL_FROM_BYTES 32768u
#define FILL_TO_BYTES 16384u

void journal_options_init(struct journal_options *options) {
    *options = (struct journal_options){.sync = JOURNAL_SYNC_ALWAYS,
                                        .sync_interval_ms = 1000,
                                        .segment_bytes = 64u * 1024u * 1024u,
                                        .snapshot_bytes_min = 32u * 1024u * 1024u,
                                        .snapshot_interval_ms = 1800u * 1000u,
                                        .retry_ms = 1000,
                                        .slow_sync_ms = 1000};
}

const char *journal_status_text(enum journal_status status) {
    static const char *const texts[] = {
        [JOURNAL_OK] = "the journal is in order",
        [JOURNAL_LOCKED] = "another broker uses this folder",
        [JOURNAL_UNREADABLE] = "the folder can't be read",
        [JOURNAL_WRONG_KEY] = "a file is encrypted, and no key that was given opens it",
        [JOURNAL_DAMAGED] = "something is damaged or missing, and persistence_strict is true",
        [JOURNAL_NO_MEMORY] = "there is not enough memory for what was found"};
    return texts[status];
}

void journal_say(const struct journal *journal, enum journal_level level, const char *format,
                 ...) {
    char text[512];
    va_list arguments;
    if (journal->options.say == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    journal->options.say(journal->options.ctx, level, text);
}

void journal_name(char out[FILE_NAME_LEN_MAX + 1u], uint64_t number) {
    snprintf(out, FILE_NAME_LEN_MAX + 1u, "%010" PRIu64 ".journal", number);
}

/* ---- Life ---- */

struct journal *journal_create(const struct journal_options *options) {
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL)
        return NULL;
    journal->options = *options;
    journal->files = options->files;
    if (options->keys != NULL)
        journal->keys = *options->keys;
    journal->options.keys = NULL;
    journal->current.handle = JOURNAL_NO_FILE;
    journal->left.handle = JOURNAL_NO_FILE;
    journal->syncing.handle = JOURNAL_NO_FILE;
    journal->next_number = 1;
    journal->first_number = 1;
    return journal;
}

static void close_segment(struct journal *journal, struct segment *segment) {
    if (segment->handle == JOURNAL_NO_FILE)
        return;
    /* A task has it: whoever takes its end closes it. */
    if (journal->syncing.step != STEP_NONE && journal->syncing.handle == segment->handle)
        journal->syncing.is_given_up = true;
    else
        journal->files.close(journal->files.ctx, segment->handle);
    frame_file_free(&segment->file);
    *segment = (struct segment){.handle = JOURNAL_NO_FILE};
}

void journal_destroy(struct journal *journal) {
    struct file_result ignored;
    if (journal == NULL)
        return;
    if (journal->syncing.step != STEP_NONE) {
        journal->files.wait(journal->files.ctx, FILE_LANE_SYNC);
        (void)journal->files.ended(journal->files.ctx, FILE_LANE_SYNC, &ignored);
    }
    if (journal->removing != NULL) {
        journal->files.wait(journal->files.ctx, FILE_LANE_REMOVE);
        (void)journal->files.ended(journal->files.ctx, FILE_LANE_REMOVE, &ignored);
    }
    if (journal->syncing.is_given_up && journal->syncing.handle != JOURNAL_NO_FILE)
        journal->files.close(journal->files.ctx, journal->syncing.handle);
    journal->syncing.step = STEP_NONE;
    close_segment(journal, &journal->current);
    close_segment(journal, &journal->left);
    journal_keys_wipe(&journal->keys);
    free(journal->buffer);
    free(journal);
}

const struct journal_stats *journal_stats(const struct journal *journal) {
    return &journal->stats;
}

uint64_t journal_now_us(const struct journal *journal) {
    return journal->files.now_us(journal->files.ctx);
}

uint64_t journal_durable(const struct journal *journal) {
    return journal->durable_batch;
}

bool journal_is_sure(const struct journal *journal) {
    return !journal->is_unsure;
}

enum journal_storage journal_storage(const struct journal *journal) {
    return journal->storage;
}

/* ---- Files ---- */

enum file_status journal_make_file(struct journal *journal, enum frame_start start) {
    uint8_t salt[FRAME_SALT_LEN];
    uint8_t header[FRAME_FILE_HEADER_LEN];
    char name[FILE_NAME_LEN_MAX + 1u];
    struct segment *segment = &journal->current;
    const uint64_t number = journal->next_number;
    size_t written = 0;
    assert(segment->handle == JOURNAL_NO_FILE);
    journal->options.random(journal->options.ctx, salt, sizeof salt);
    if (!frame_file_make(&segment->file, start, number, salt,
                         journal->keys.encrypts ? journal->keys.key[0] : NULL, header))
        return FILE_FAILED;
    journal_name(name, number);
    enum file_status status =
        journal->files.open(journal->files.ctx, name, FILE_FOR_APPENDING, &segment->handle);
    if (status != FILE_OK) {
        frame_file_free(&segment->file);
        *segment = (struct segment){.handle = JOURNAL_NO_FILE};
        journal->next_number += status == FILE_EXISTS;
        return status;
    }
    journal->next_number++;
    journal->directory_dirty = true;
    status = journal->files.append(journal->files.ctx, segment->handle, header, sizeof header,
                                   &written);
    segment->size = written;
    journal->dirty = true;
    journal->stats.segments++;
    journal->stats.disk_bytes += written;
    journal->stats.written_bytes += written;
    if (status != FILE_OK)
        close_segment(journal, segment);
    return status;
}

/* From one file to the next. What the old one still has to have synced is left to `left`. */
static enum file_status switch_file(struct journal *journal, enum frame_start start) {
    if (journal->dirty || journal->syncing.step == STEP_CURRENT) {
        journal->left = journal->current;
        journal->current = (struct segment){.handle = JOURNAL_NO_FILE};
    } else {
        close_segment(journal, &journal->current);
    }
    return journal_make_file(journal, start);
}

void journal_fail(struct journal *journal, enum file_status status, const char *what,
                  uint64_t now_ms) {
    const bool was_good = journal->storage == JOURNAL_GOOD;
    /* Written was promised as durable already, unless syncing is part of the promise. */
    const bool is_promised =
        journal->options.sync != JOURNAL_SYNC_ALWAYS && journal->snapshot.has_ended;
    const uint32_t doublings = journal->failures_in_row < JOURNAL_RETRY_DOUBLINGS_MAX
                                   ? journal->failures_in_row
                                   : JOURNAL_RETRY_DOUBLINGS_MAX;
    const uint64_t rest_ms = (uint64_t)journal->options.retry_ms
                             << (status == FILE_FULL ? 0u : doublings);
    journal_say(journal, JOURNAL_SAY_ERROR,
                "the journal can't be %s: %s%s; what is not on disk is not acknowledged, next "
                "attempt in %" PRIu64 " ms",
                what, file_status_text(status), was_good ? "" : " (again)", rest_ms);
    journal->stats.failures++;
    journal->failures_in_row++;
    journal->retry_at_ms = now_ms + rest_ms;
    journal->storage = status == FILE_FULL ? JOURNAL_FULL : JOURNAL_FAILED;
    if (journal->is_fresh && !is_promised) {
        if (journal->failed.next >= journal->failed.end)
            journal->failed = (struct journal_removal){.next = journal->fresh_number};
        journal->failed.end = journal->next_number;
        journal->failed.bytes += journal->stats.disk_bytes - journal->fresh_start_bytes;
    }
    journal->is_fresh = false;
    journal->is_trying = false;
    journal->snapshot = (struct journal_snapshot){.runs = false};
    journal->buffer_len = 0;
    journal->is_committed = false;
    journal->batch_status = status;
    journal->dirty = false;
    journal->wants_sync = false;
    close_segment(journal, &journal->current);
    close_segment(journal, &journal->left);
    if (journal->syncing.step == STEP_DIRECTORY)
        journal->syncing.is_given_up = true;
}

/* ---- Batches ---- */

bool journal_takes(const struct journal *journal) {
    return journal->storage == JOURNAL_GOOD && !journal->is_committed &&
           (journal->options.sync != JOURNAL_SYNC_ALWAYS || journal->syncing.step == STEP_NONE);
}

static void begin_snapshot(struct journal *journal, uint64_t now_ms) {
    const bool is_new_file = journal->is_fresh &&
                             journal->current.file.number == journal->fresh_number &&
                             journal->current.size == FRAME_FILE_HEADER_LEN;
    const uint64_t needless = is_new_file ? journal->fresh_start_bytes : journal->stats.disk_bytes;
    if (!is_new_file) {
        /* Two files that wait for their sync are one too many; rare, since snapshots are. */
        while (journal->left.handle != JOURNAL_NO_FILE) {
            journal_begin_sync(journal, now_ms);
            journal->files.wait(journal->files.ctx, FILE_LANE_SYNC);
            journal_look_at_sync(journal, now_ms);
        }
        if (journal->storage == JOURNAL_GOOD)
            journal->batch_status = switch_file(journal, FRAME_SNAPSHOT);
    }
    if (journal->batch_status != FILE_OK) {
        if (journal->storage == JOURNAL_GOOD)
            journal_fail(journal, journal->batch_status, "begun anew", now_ms);
        return;
    }
    journal->asks_snapshot = false;
    journal->snapshot = (struct journal_snapshot){.runs = true,
                                                  .number = journal->current.file.number,
                                                  .started_ms = now_ms,
                                                  .start_bytes = journal->stats.written_bytes,
                                                  .needless_bytes = needless};
}

void journal_begin(struct journal *journal, uint64_t batch, bool begins_snapshot,
                   uint64_t now_ms) {
    assert(!journal->in_batch && !journal->is_committed && batch > journal->written_batch);
    journal->in_batch = true;
    journal->batch = batch;
    journal->buffer_len = 0;
    journal->batch_status = FILE_FAILED;
    if (journal->storage != JOURNAL_GOOD)
        return;
    assert(begins_snapshot || !journal->is_fresh || journal->snapshot.runs);
    journal->batch_status = FILE_OK;
    if (begins_snapshot)
        begin_snapshot(journal, now_ms);
    else if (journal->current.size >= journal->options.segment_bytes &&
             journal->left.handle == JOURNAL_NO_FILE)
        journal->batch_status = switch_file(journal, FRAME_CONTINUES);
    if (journal->batch_status != FILE_OK && journal->storage == JOURNAL_GOOD)
        journal_fail(journal, journal->batch_status, "continued in a new file", now_ms);
}

static bool make_room(struct journal *journal, size_t len) {
    if (journal->buffer_size - journal->buffer_len >= len)
        return true;
    const size_t wanted = journal->buffer_len + len;
    const size_t size = wanted > 2u * journal->buffer_size ? wanted : 2u * journal->buffer_size;
    uint8_t *larger = realloc(journal->buffer, size);
    if (larger == NULL)
        return false;
    journal->buffer = larger;
    journal->buffer_size = size;
    return true;
}

static void add_frame(struct journal *journal, enum frame_kind kind, const uint8_t *body,
                      size_t body_len) {
    struct segment *segment = &journal->current;
    const size_t size = frame_size(&segment->file, body_len);
    if (make_room(journal, size) &&
        frame_write(&segment->file, segment->size + journal->buffer_len, kind, body, body_len,
                    journal->buffer + journal->buffer_len))
        journal->buffer_len += size;
    else
        journal->batch_status = FILE_FAILED;
}

void journal_append(struct journal *journal, const uint8_t *units, size_t units_len,
                    uint32_t unit_count) {
    assert(journal->in_batch && units_len <= JOURNAL_UNITS_LEN_MAX);
    if (journal->batch_status != FILE_OK)
        return;
    add_frame(journal, FRAME_UNITS, units, units_len);
    journal->stats.units += unit_count;
    journal->tail_units += unit_count;
}

/* Zeros behind the end of the batch, up to where the next one is to begin. */
static size_t filler_len(const struct journal *journal) {
    const uint64_t end = journal->current.size + journal->buffer_len +
                         frame_size(&journal->current.file, FRAME_BATCH_END_LEN);
    if (journal->options.sync != JOURNAL_SYNC_NEVER || journal->buffer_len < FILL_FROM_BYTES)
        return 0;
    return (size_t)(FILL_TO_BYTES - end % FILL_TO_BYTES) % FILL_TO_BYTES;
}

static void add_batch_end(struct journal *journal, bool ends_snapshot) {
    uint8_t body[FRAME_BATCH_END_LEN + FILL_TO_BYTES];
    const size_t body_len = FRAME_BATCH_END_LEN + filler_len(journal);
    memset(body, 0, body_len);
    frame_put_u64(body, journal->synced_number);
    frame_put_u64(body + 8, journal->synced_bytes);
    frame_put_u64(body + 16, journal->batch);
    body[27] = ends_snapshot ? FRAME_BATCH_ENDS_SNAPSHOT : 0;
    add_frame(journal, FRAME_BATCH_END, body, body_len);
}

static void empty_buffer(struct journal *journal) {
    journal->buffer_len = 0;
    if (journal->buffer_size > JOURNAL_BUFFER_KEPT_BYTES) {
        free(journal->buffer);
        journal->buffer = NULL;
        journal->buffer_size = 0;
    }
}

static void batch_is_whole(struct journal *journal) {
    journal->stats.batches++;
    journal->written_batch = journal->batch;
    if (journal->options.sync != JOURNAL_SYNC_ALWAYS)
        journal->durable_batch = journal->batch;
    if (!journal->ends_snapshot || !journal->snapshot.runs)
        return;
    journal->snapshot.has_ended = true;
    journal->snapshot.bytes = journal->stats.written_bytes - journal->snapshot.start_bytes;
    journal->tail_bytes = 0;
    journal->tail_units = 0;
    journal->wants_sync = true; /* files are removed when it is, and only then */
}

void journal_batch_written(struct journal *journal, enum file_status status, size_t len,
                           uint64_t now_ms) {
    journal->is_committed = false;
    journal->current.size += len;
    journal->tail_bytes += len;
    journal->stats.written_bytes += len;
    journal->stats.disk_bytes += len;
    if (len > journal->stats.batch_bytes_max)
        journal->stats.batch_bytes_max = len;
    if (status != FILE_OK)
        journal_fail(journal, status, "written", now_ms);
    else
        batch_is_whole(journal);
    empty_buffer(journal);
}

/* In one write. It may wait for the disk, so it is not done here if acknowledgements wait for a
 * sync anyway, or if it is a large one. */
static void write_batch(struct journal *journal, uint64_t now_ms) {
    size_t written = 0;
    journal->dirty = true;
    journal->is_committed = true;
    if (journal->options.sync == JOURNAL_SYNC_ALWAYS)
        return; /* it goes with the sync */
    if (journal->snapshot.runs && journal->syncing.step == STEP_NONE) {
        journal_begin_task(journal, STEP_WRITE, journal->current.handle, now_ms);
        return;
    }
    const enum file_status status =
        journal->files.append(journal->files.ctx, journal->current.handle, journal->buffer,
                              journal->buffer_len, &written);
    journal_batch_written(journal, status, written, now_ms);
}

void journal_commit(struct journal *journal, bool ends_snapshot, uint64_t now_ms) {
    assert(journal->in_batch);
    journal->in_batch = false;
    if (journal->storage == JOURNAL_GOOD)
        add_batch_end(journal, ends_snapshot);
    journal->ends_snapshot = ends_snapshot;
    if (journal->storage != JOURNAL_GOOD)
        empty_buffer(journal);
    else if (journal->batch_status != FILE_OK)
        journal_batch_written(journal, journal->batch_status, 0, now_ms);
    else
        write_batch(journal, now_ms);
    journal_begin_sync(journal, now_ms);
}

/* ---- Rounds ---- */

void journal_run(struct journal *journal, uint64_t now_ms) {
    journal_look_at_sync(journal, now_ms);
    journal_look_at_removals(journal);
    journal_retry(journal, now_ms);
    journal_begin_sync(journal, now_ms);
}

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

uint64_t journal_deadline_ms(const struct journal *journal) {
    const struct journal_options *options = &journal->options;
    const struct journal_syncing *syncing = &journal->syncing;
    uint64_t due_ms = UINT64_MAX;
    if (syncing->step != STEP_NONE)
        return syncing->is_said ? due_ms : syncing->started_ms + options->slow_sync_ms;
    if (journal->storage != JOURNAL_GOOD)
        return journal->removing != NULL ? due_ms : journal->retry_at_ms;
    if (options->sync == JOURNAL_SYNC_INTERVAL && journal->dirty)
        due_ms = journal->last_sync_ms + options->sync_interval_ms;
    if (options->snapshot_interval_ms > 0 && journal->tail_units > 0 && !journal->snapshot.runs &&
        journal->tail_bytes * 8u >= journal->base_bytes)
        due_ms = earlier(due_ms, journal->last_snapshot_ms + options->snapshot_interval_ms);
    return due_ms;
}

bool journal_wants_snapshot(const struct journal *journal, uint64_t now_ms) {
    const struct journal_options *options = &journal->options;
    if (journal->storage != JOURNAL_GOOD || journal->snapshot.runs || journal->is_fresh)
        return false;
    const uint64_t outgrown = SNAPSHOT_RATIO * journal->base_bytes;
    const uint64_t limit =
        outgrown > options->snapshot_bytes_min ? outgrown : options->snapshot_bytes_min;
    if (journal->asks_snapshot || journal->tail_bytes > limit ||
        (options->snapshot_changes > 0 && journal->tail_units >= options->snapshot_changes))
        return true;
    /* By time: if there is something to win by it. */
    return options->snapshot_interval_ms > 0 && journal->tail_units > 0 &&
           journal->tail_bytes * 8u >= journal->base_bytes &&
           now_ms >= journal->last_snapshot_ms + options->snapshot_interval_ms;
}

void journal_ask_snapshot(struct journal *journal) {
    journal->asks_snapshot = true;
}

/* ---- End ---- */

static void finish_sync(struct journal *journal, uint64_t now_ms) {
    journal->wants_sync = true;
    journal_begin_sync(journal, now_ms);
    while (journal->syncing.step != STEP_NONE) {
        journal->files.wait(journal->files.ctx, FILE_LANE_SYNC);
        journal_look_at_sync(journal, now_ms);
        journal_begin_sync(journal, now_ms);
    }
}

bool journal_wait(struct journal *journal, uint64_t now_ms) {
    while (journal->syncing.step != STEP_NONE) {
        journal->files.wait(journal->files.ctx, FILE_LANE_SYNC);
        journal_look_at_sync(journal, now_ms);
        if (journal->is_committed)
            journal_begin_sync(journal, now_ms);
    }
    return journal->storage == JOURNAL_GOOD;
}

bool journal_close(struct journal *journal, uint64_t now_ms) {
    assert(!journal->in_batch);
    if (journal->storage == JOURNAL_GOOD)
        finish_sync(journal, now_ms);
    /* The last word says that everything before it is on disk: if something is missing there at
     * the next start, the disk lost it. */
    if (journal->storage == JOURNAL_GOOD && !journal->is_fresh) {
        journal_begin(journal, journal->written_batch + 1u, false, now_ms);
        journal_commit(journal, false, now_ms);
        finish_sync(journal, now_ms);
    }
    return journal->storage == JOURNAL_GOOD && !journal->is_fresh;
}
