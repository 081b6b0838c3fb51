/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What waits for the disk: syncs, one at a time, step by step; attempts after a failure; files
 * that are to go. See journal.h and journal_state.h.
 */
#include <inttypes.h>
#include <string.h>

#include "broker/io/journal_state.h"

/* ---- Tasks ---- */

void journal_begin_task(struct journal *journal, enum journal_step step, int handle,
                        uint64_t now_ms) {
    struct file_task task = {.kind = FILE_TASK_SYNC, .file = handle};
    struct journal_syncing *syncing = &journal->syncing;
    if (step == STEP_DIRECTORY)
        task.kind = FILE_TASK_SYNC_DIRECTORY;
    else if (step == STEP_WRITE)
        task.kind = FILE_TASK_APPEND;
    else if (step == STEP_CURRENT && journal->is_committed)
        task.kind = FILE_TASK_APPEND_SYNC;
    syncing->writes = task.kind == FILE_TASK_APPEND || task.kind == FILE_TASK_APPEND_SYNC;
    task.data = syncing->writes ? journal->buffer : NULL;
    task.data_len = syncing->writes ? journal->buffer_len : 0;
    syncing->step = step;
    syncing->handle = handle;
    syncing->is_given_up = false;
    syncing->started_ms = now_ms;
    syncing->is_said = false;
    journal->files.begin(journal->files.ctx, FILE_LANE_SYNC, &task);
}

enum file_status journal_do_task(struct journal *journal, enum file_lane lane,
                                 const struct file_task *task) {
    struct file_result result = {.status = FILE_FAILED};
    journal->files.begin(journal->files.ctx, lane, task);
    while (!journal->files.ended(journal->files.ctx, lane, &result))
        journal->files.wait(journal->files.ctx, lane);
    return result.status;
}

/* ---- Sync ---- */

static void note_covered(struct journal *journal) {
    journal->syncing.batch = journal->written_batch;
    journal->syncing.number = journal->current.file.number;
    journal->syncing.bytes = journal->current.size;
    journal->syncing.ends_snapshot = journal->snapshot.has_ended;
}

/* Whether `left` becomes needless with the snapshot that runs. Where nobody waits for a sync, what
 * is removed soon is not brought to the disk before. */
static bool left_can_wait(const struct journal *journal) {
    return journal->options.sync == JOURNAL_SYNC_NEVER && journal->snapshot.runs &&
           journal->left.file.number < journal->snapshot.number &&
           journal->current.size < journal->options.segment_bytes;
}

static void close_left(struct journal *journal) {
    journal->files.close(journal->files.ctx, journal->left.handle);
    frame_file_free(&journal->left.file);
    journal->left = (struct segment){.handle = JOURNAL_NO_FILE};
}

/* The step behind `done` of the sync under way. */
static void begin_step_behind(struct journal *journal, enum journal_step done, uint64_t now_ms) {
    if (done == STEP_NONE && journal->left.handle != JOURNAL_NO_FILE) {
        journal_begin_task(journal, STEP_LEFT, journal->left.handle, now_ms);
    } else if (done < STEP_CURRENT && journal->syncing.with_current) {
        note_covered(journal);
        journal->dirty = false;
        journal_begin_task(journal, STEP_CURRENT, journal->current.handle, now_ms);
    } else if (done < STEP_DIRECTORY && journal->directory_dirty) {
        journal->directory_dirty = false;
        journal_begin_task(journal, STEP_DIRECTORY, JOURNAL_NO_FILE, now_ms);
    } else {
        journal->syncing.step = STEP_NONE;
        journal->syncing.handle = JOURNAL_NO_FILE;
    }
}

static bool is_due(const struct journal *journal, uint64_t now_ms) {
    const struct journal_options *options = &journal->options;
    if (journal->wants_sync)
        return true;
    return journal->dirty && (options->sync == JOURNAL_SYNC_ALWAYS ||
                              (options->sync == JOURNAL_SYNC_INTERVAL &&
                               now_ms >= journal->last_sync_ms + options->sync_interval_ms));
}

void journal_begin_sync(struct journal *journal, uint64_t now_ms) {
    if (journal->storage != JOURNAL_GOOD || journal->syncing.step != STEP_NONE)
        return;
    const bool with_current = is_due(journal, now_ms);
    if (!with_current && (journal->left.handle == JOURNAL_NO_FILE || left_can_wait(journal)))
        return;
    if (journal->left.handle != JOURNAL_NO_FILE && journal->snapshot.has_ended &&
        left_can_wait(journal))
        close_left(journal);
    journal->wants_sync = false;
    journal->syncing.with_current = with_current && journal->dirty;
    journal->last_sync_ms = now_ms;
    begin_step_behind(journal, STEP_NONE, now_ms);
}

static void snapshot_is_durable(struct journal *journal, uint64_t now_ms) {
    struct journal_snapshot *snapshot = &journal->snapshot;
    journal->stats.snapshots++;
    journal->stats.snapshot_bytes = snapshot->bytes;
    journal->stats.snapshot_ms = now_ms - snapshot->started_ms;
    journal->base_bytes = snapshot->bytes;
    journal->last_snapshot_ms = now_ms;
    journal->is_fresh = false;
    journal->failures_in_row = 0;
    if (journal->is_rekeying)
        journal_say(journal, JOURNAL_SAY_NOTICE,
                    "every file of the journal is now as the first line of the key file says: "
                    "older keys are no longer needed");
    journal->is_rekeying = false;
    if (journal->needless.next >= journal->needless.end)
        journal->needless = (struct journal_removal){.next = journal->first_number};
    journal->needless.end = snapshot->number;
    journal->needless.bytes = snapshot->needless_bytes;
    journal->first_number = snapshot->number;
    *snapshot = (struct journal_snapshot){.runs = false};
}

static void sync_is_done(struct journal *journal, uint64_t now_ms) {
    const struct journal_syncing *syncing = &journal->syncing;
    if (!syncing->with_current)
        return;
    journal->stats.syncs++;
    journal->synced_number = syncing->number;
    journal->synced_bytes = syncing->bytes;
    if (journal->is_trying) {
        journal->is_trying = false;
        journal->storage = JOURNAL_GOOD;
        journal_say(journal, JOURNAL_SAY_NOTICE,
                    "the journal can be written again; all there is goes to disk now");
        return;
    }
    if (journal->options.sync == JOURNAL_SYNC_ALWAYS)
        journal->durable_batch = syncing->batch;
    if (syncing->ends_snapshot && journal->snapshot.has_ended)
        snapshot_is_durable(journal, now_ms);
}

static void count_sync(struct journal *journal, const struct file_result *result) {
    struct journal_stats *stats = &journal->stats;
    stats->sync_us += result->took_us;
    stats->sync_us_last = result->took_us;
    times_add(&stats->sync_times, result->took_us);
    if (result->took_us > stats->sync_us_max)
        stats->sync_us_max = result->took_us;
}

static void say_slow(struct journal *journal, uint64_t now_ms) {
    struct journal_syncing *syncing = &journal->syncing;
    if (syncing->is_said || now_ms < syncing->started_ms + journal->options.slow_sync_ms)
        return;
    syncing->is_said = true;
    journal_say(journal, JOURNAL_SAY_WARNING,
                "the disk is slow: a sync takes more than %" PRIu32
                " ms; acknowledgements wait for it",
                journal->options.slow_sync_ms);
}

/* What a failure gave up while the disk was at it. */
static void close_given_up(struct journal *journal) {
    if (journal->syncing.handle != JOURNAL_NO_FILE)
        journal->files.close(journal->files.ctx, journal->syncing.handle);
    journal->syncing.handle = JOURNAL_NO_FILE;
    journal->syncing.is_given_up = false;
}

/* What the task wrote, if it did. false: it failed at that. */
static bool look_at_write(struct journal *journal, const struct file_result *result,
                          uint64_t now_ms) {
    if (!journal->syncing.writes)
        return true;
    const bool is_whole = result->appended_len == journal->buffer_len;
    journal_batch_written(journal, is_whole ? FILE_OK : result->status, result->appended_len,
                          now_ms);
    return is_whole;
}

void journal_look_at_sync(struct journal *journal, uint64_t now_ms) {
    struct file_result result;
    const enum journal_step step = journal->syncing.step;
    if (step == STEP_NONE)
        return;
    if (!journal->files.ended(journal->files.ctx, FILE_LANE_SYNC, &result)) {
        say_slow(journal, now_ms);
        return;
    }
    say_slow(journal, now_ms);
    if (step != STEP_WRITE)
        count_sync(journal, &result);
    journal->syncing.step = STEP_NONE;
    if (journal->syncing.is_given_up) {
        close_given_up(journal);
        return;
    }
    if (!look_at_write(journal, &result, now_ms))
        return;
    if (result.status != FILE_OK) {
        journal_fail(journal, result.status, "synced", now_ms);
        return;
    }
    if (step == STEP_WRITE) {
        journal->syncing.handle = JOURNAL_NO_FILE;
        return;
    }
    if (step == STEP_CURRENT && journal->syncing.writes)
        note_covered(journal);
    if (step == STEP_LEFT) {
        /* All of it is on disk, and what comes next begins the file behind it. */
        journal->synced_number = journal->left.file.number + 1u;
        journal->synced_bytes = 0;
        close_left(journal);
    }
    begin_step_behind(journal, step, now_ms);
    if (journal->syncing.step == STEP_NONE)
        sync_is_done(journal, now_ms);
}

/* ---- After a failure ---- */

static bool has_space(struct journal *journal) {
    uint64_t free_bytes = 0;
    if (journal->storage != JOURNAL_FULL)
        return true;
    const enum file_status status = journal->files.free_bytes(journal->files.ctx, &free_bytes);
    return status != FILE_OK || free_bytes >= JOURNAL_FREE_BYTES_MIN + journal->base_bytes;
}

void journal_retry(struct journal *journal, uint64_t now_ms) {
    if (journal->storage == JOURNAL_GOOD || journal->is_trying || now_ms < journal->retry_at_ms ||
        journal->syncing.step != STEP_NONE || journal->removing != NULL)
        return;
    if (!has_space(journal)) {
        journal->retry_at_ms = now_ms + journal->options.retry_ms;
        return;
    }
    journal->is_fresh = true;
    journal->is_trying = true;
    journal->fresh_number = journal->next_number;
    journal->fresh_start_bytes = journal->stats.disk_bytes;
    const enum file_status status = journal_make_file(journal, FRAME_FRESH);
    if (status != FILE_OK) {
        journal_fail(journal, status, "begun anew", now_ms);
        return;
    }
    journal->syncing.with_current = true;
    begin_step_behind(journal, STEP_NONE, now_ms);
}

/* ---- Files that go ---- */

static struct journal_removal *next_removal(struct journal *journal) {
    if (journal->failed.next < journal->failed.end)
        return &journal->failed;
    if (journal->needless.next < journal->needless.end)
        return &journal->needless;
    return NULL;
}

static void removal_ended(struct journal *journal) {
    struct journal_removal *removal = journal->removing;
    journal->removing = NULL;
    removal->next++;
    if (journal->stats.segments > 1)
        journal->stats.segments--;
    if (removal->next < removal->end)
        return;
    journal->stats.disk_bytes -= removal->bytes;
    journal->fresh_start_bytes -= journal->is_fresh ? removal->bytes : 0u;
    journal->snapshot.needless_bytes -= journal->snapshot.runs ? removal->bytes : 0u;
    removal->bytes = 0;
}

void journal_look_at_removals(struct journal *journal) {
    struct file_result result;
    if (journal->removing != NULL) {
        if (!journal->files.ended(journal->files.ctx, FILE_LANE_REMOVE, &result))
            return;
        /* One that can't be removed now does no harm, and goes at the next start. */
        removal_ended(journal);
    }
    /* Not while a sync still has one of them. */
    if (journal->syncing.is_given_up)
        return;
    journal->removing = next_removal(journal);
    if (journal->removing == NULL)
        return;
    struct file_task task = {.kind = FILE_TASK_REMOVE, .file = JOURNAL_NO_FILE};
    journal_name(task.name, journal->removing->next);
    journal->files.begin(journal->files.ctx, FILE_LANE_REMOVE, &task);
}
