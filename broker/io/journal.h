/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The journal: what the broker promised, kept in files, and found again. Records are bytes that
 * the core makes and understands; here they get a place, a check sum and, if wanted, encryption.
 * It knows no MQTT, no socket, no thread: files are a port (file.h), luck and time are arguments.
 * docs/persistence.md has the format byte by byte and the argument why recovery is right.
 *
 * Files: NUMBER.snapshot holds the state before segment NUMBER; NUMBER.journal, NUMBER+1.journal …
 * hold, in order, what was appended since. Numbers are ten digits and grow by one.
 *
 * Life of one round of the loop, when the core has been fed:
 *
 *     journal_add(journal, record) …         every record that the core gives
 *     journal_commit(journal, batch, now)    one write for all of them
 *     journal_run(journal, now)              what the disk has finished
 *     journal_durable(journal)               acknowledgements of batches up to this may leave
 *
 * A batch comes back whole or not at all. While one sync runs, later batches are written behind
 * it, and the next sync covers all of them.
 *
 * What goes wrong
 *   - No space: what could not be written waits here, up to pending_bytes_max, and is written when
 *     there is space again. Durable stays where it is. JOURNAL_FULL.
 *   - Anything else, a failed sync above all: what is in that file since its last good sync counts
 *     as lost. Nothing is tried again with that file. The batches since then become durable with
 *     the next snapshot, which is made into new files as soon as the disk takes them, and again
 *     each retry_ms until it does. Until then records are not kept, since the snapshot holds what
 *     they say. JOURNAL_FAILED.
 */
#ifndef BROKER_IO_JOURNAL_H
#define BROKER_IO_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/io/file.h"

/* Of one record, bytes. A longer one is a programmer's fault. */
#define JOURNAL_RECORD_LEN_MAX (512u * 1024u * 1024u)
#define JOURNAL_KEY_LEN 32u

enum journal_sync {
    JOURNAL_SYNC_ALWAYS,   /* durable: synced */
    JOURNAL_SYNC_INTERVAL, /* durable: written; synced every sync_interval_ms */
    JOURNAL_SYNC_NEVER,    /* durable: written; only snapshots are synced */
};

enum journal_level {
    JOURNAL_SAY_INFO,
    JOURNAL_SAY_NOTICE,
    JOURNAL_SAY_WARNING,
    JOURNAL_SAY_ERROR
};

/* What can be chosen. journal_options_init() gives the values behind each. */
struct journal_options {
    const struct file_port *files; /* outlives the journal */
    void *ctx;                     /* of say and random */
    /* A line for people; text is valid during the call. NULL: nothing is said. */
    void (*say)(void *ctx, enum journal_level level, const char *text);
    /* Fills out with bytes nobody can guess (the simulator: with bytes of its seed). */
    void (*random)(void *ctx, uint8_t *out, size_t out_len);
    enum journal_sync sync;        /* always */
    uint32_t sync_interval_ms;     /* 1000 */
    uint64_t segment_bytes;        /* 64 MiB: a segment this long is the last thing of its file */
    uint64_t snapshot_bytes_min;   /* 16 MiB: fewer bytes of segments ask for no snapshot */
    uint32_t snapshot_interval_ms; /* 1,800,000; 0: by size alone */
    uint64_t snapshot_changes;     /* 0; else a snapshot after so many records */
    uint64_t pending_bytes_max;    /* 64 MiB */
    uint32_t retry_ms;             /* 1000: how long after no space or a failure to try again */
    uint32_t slow_sync_ms;         /* 1000: a sync that takes longer is said */
    bool strict;            /* false; true: damage ends recovery instead of being set aside */
    const uint8_t *key;     /* NULL: plain; JOURNAL_KEY_LEN bytes: new files are encrypted */
    const uint8_t *old_key; /* NULL; tried on files that key does not open */
};
void journal_options_init(struct journal_options *options, const struct file_port *files);

struct journal;

/* NULL: no memory. options is copied, keys too. Touches no file. */
struct journal *journal_create(const struct journal_options *options);
/* Closes files, syncs nothing: what a crash does. journal_close() first for an orderly end. */
void journal_destroy(struct journal *journal);

/* ---- Start ---- */

enum journal_status {
    JOURNAL_OK = 0,
    JOURNAL_LOCKED,     /* another process has the directory */
    JOURNAL_UNREADABLE, /* the directory or a file in it can't be read or written: say said which
                         */
    JOURNAL_NEWER,      /* a file is of a later version of the format */
    JOURNAL_WRONG_KEY,  /* a file is encrypted, and with no key that was given */
    JOURNAL_DAMAGED,    /* strict, and something is damaged or missing */
    JOURNAL_NO_MEMORY,  /* here, or take() said so */
};
const char *journal_status_text(enum journal_status status);

/* Finds all that is there: cuts a torn end, sets damaged pieces aside into NAME.damaged-… files,
 * and calls take() for each record that is good: those of the snapshot, then those appended since,
 * in order, whole batches only. take() returns false if there is no memory for it.
 * Then a new segment is begun, durable like the directory, and the journal runs. */
enum journal_status journal_recover(struct journal *journal, void *take_ctx,
                                    bool (*take)(void *take_ctx, const uint8_t *record,
                                                 size_t record_len));

/* ---- Rounds ---- */

/* One record of the batch under way; copied. */
void journal_add(struct journal *journal, const uint8_t *record, size_t record_len);
/* All that was added since the last commit is batch, a number above that of the last one. Nothing
 * added: it is durable as soon as those before it are. */
void journal_commit(struct journal *journal, uint64_t batch, uint64_t now_ms);
/* Takes what the disk has finished, tries again what is due, begins the next sync. Call it after
 * each commit, when the files' descriptor is readable, and at journal_deadline_ms(). */
void journal_run(struct journal *journal, uint64_t now_ms);
/* All batches up to this one are as durable as options.sync says. Never goes back. */
uint64_t journal_durable(const struct journal *journal);
/* When journal_run() is due at the latest; UINT64_MAX: never. */
uint64_t journal_deadline_ms(const struct journal *journal);

enum journal_storage {
    JOURNAL_GOOD,
    JOURNAL_FULL,   /* promise nothing new; what is under way ends when there is space */
    JOURNAL_FAILED, /* the same; the next snapshot ends it */
};
enum journal_storage journal_storage(const struct journal *journal);

/* Writes what waits, syncs it and waits for it, whatever options.sync says. false: not all of it
 * reached the disk (said). Then destroy. */
bool journal_close(struct journal *journal, uint64_t now_ms);

/* ---- Snapshots ---- */

/* Whether a snapshot should be begun now: segments have outgrown the last one, it is asked for by
 * time or count or journal_ask_snapshot(), or JOURNAL_FAILED can only be left by one. */
bool journal_wants_snapshot(const struct journal *journal, uint64_t now_ms);
/* From the next journal_run() on journal_wants_snapshot() says yes, once. */
void journal_ask_snapshot(struct journal *journal);
/* Between a commit and the next add. Begins a new segment: recovery will take the records of the
 * snapshot first and then every record added after this call. false: the disk does not take new
 * files now (said); asked for again after retry_ms. */
bool journal_snapshot_begin(struct journal *journal, uint64_t now_ms);
/* Whether one is under way, from begin until it is durable or has failed. */
bool journal_snapshot_runs(const struct journal *journal);
/* How many bytes of records it takes now; 0: the disk is behind, or it has ended. */
size_t journal_snapshot_room(const struct journal *journal);
/* The next record. Exceeding the room by one record is allowed. */
void journal_snapshot_add(struct journal *journal, const uint8_t *record, size_t record_len);
/* There are no more records: it is made durable, then what it replaces is removed. */
void journal_snapshot_end(struct journal *journal);
/* Whether the one under way has failed, so that the driver may stop walking; until the next begin.
 * Files of before are untouched. */
bool journal_snapshot_failed(const struct journal *journal);

/* ---- Looking in ---- */

struct journal_stats {
    uint64_t written_bytes;   /* appended to segments */
    uint64_t snapshot_bytes;  /* appended to snapshots */
    uint64_t records;         /* added to segments */
    uint64_t batches;         /* written with at least one record */
    uint64_t batch_bytes_max; /* the longest one */
    uint64_t syncs;
    uint64_t sync_us;     /* all of them together */
    uint64_t sync_us_max; /* the longest one */
    uint64_t sync_us_last;
    uint64_t synced_batches; /* batches / syncs is how well groups work */
    uint64_t write_failures;
    uint64_t sync_failures;
    uint64_t segments;      /* that exist */
    uint64_t disk_bytes;    /* segments and snapshots that exist */
    uint64_t pending_bytes; /* that wait for space */
    uint64_t snapshots;     /* that became durable */
    uint64_t snapshot_failures;
    uint64_t snapshot_ms_last; /* from begin until durable */
    uint64_t recovered_records;
    uint64_t recovered_ms;
    uint64_t damaged_frames; /* set aside at the start */
    uint64_t damaged_bytes;
    uint64_t torn_bytes; /* cut at the start */
};
const struct journal_stats *journal_stats(const struct journal *journal);

#endif
