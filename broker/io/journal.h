/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The journal: what the broker promised, kept in files, and found again. Units of records are
 * bytes that the core makes and understands; here they get a place, a check sum and, if wanted,
 * encryption. It knows no MQTT, no socket, no thread: files are a port (file.h), luck and time are
 * arguments. docs/persistence.md has the format byte by byte and the argument why recovery is
 * right.
 *
 * Files, NUMBER.journal, ten digits that grow by one, hold what was appended, in order. A snapshot
 * is a part of that: the file that it begins with is the first one needed as soon as its end is
 * durable, and those before it are removed.
 *
 * A round of the loop, when the core has been fed (persistence.c does all this):
 *
 *     journal_run(journal, now)              what the disk has finished
 *     journal_durable(), journal_storage()   are told to the core
 *     if (journal_takes(journal))
 *         journal_begin(), journal_append() …   a batch: all records since the last one
 *         journal_commit()                   one write; its sync begins
 *
 * While a sync runs no batch is taken, rounds go on, and the next batch is all that came
 * meanwhile: one sync for all of them.
 *
 * When the disk fails or has no space: what is not durable counts as lost. Nothing is tried again
 * with that file, since a failed fsync leaves no telling what is on the disk. Each retry_ms a new
 * file is tried; once one can be written and synced the storage is good again, and the next batch
 * must begin a snapshot.
 */
#ifndef BROKER_IO_JOURNAL_H
#define BROKER_IO_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/io/file.h"
#include "broker/io/journal_cipher.h"
#include "broker/io/times.h"

/* Bytes of a unit at most. */
#define JOURNAL_UNITS_LEN_MAX (512u * 1024u * 1024u)

enum journal_sync {
    JOURNAL_SYNC_ALWAYS,   /* durable is: synced */
    JOURNAL_SYNC_INTERVAL, /* durable is: written; synced every sync_interval_ms */
    JOURNAL_SYNC_NEVER,    /* durable is: written; files are synced when they are left */
};

enum journal_level {
    JOURNAL_SAY_NOTICE,
    JOURNAL_SAY_WARNING,
    JOURNAL_SAY_ERROR
};

/* What can be chosen; journal_options_init() gives the values behind each. */
struct journal_options {
    struct file_port files; /* its context outlives the journal */
    void *ctx;              /* of say and random */
    /* A line for people; text is valid during the call. NULL: nothing is said. */
    void (*say)(void *ctx, enum journal_level level, const char *text);
    /* Fills out with bytes that nobody can guess (a simulator: with bytes of its seed). */
    void (*random)(void *ctx, uint8_t *out, size_t out_len);
    enum journal_sync sync;          /* always */
    uint32_t sync_interval_ms;       /* 1000 */
    uint64_t segment_bytes;          /* 64 MiB; a file this long is the last but one */
    uint64_t snapshot_bytes_min;     /* 32 MiB: fewer bytes behind a snapshot ask for no other */
    uint32_t snapshot_interval_ms;   /* 1,800,000; 0: by size alone */
    uint64_t snapshot_changes;       /* 0: by size and time; else after so many units */
    uint32_t retry_ms;               /* 1000 */
    uint32_t slow_sync_ms;           /* 1000: a sync that takes longer is said */
    bool strict;                     /* false; true: damage ends recovery */
    const struct journal_keys *keys; /* NULL: none; copied */
};
void journal_options_init(struct journal_options *options);

struct journal;

/* NULL: no memory. options is copied. Touches no file. */
struct journal *journal_create(const struct journal_options *options);
/* Closes files and syncs nothing, as a crash does: journal_close() first for an orderly end. */
void journal_destroy(struct journal *journal);

/* ---- Start ---- */

enum journal_status {
    JOURNAL_OK = 0,
    JOURNAL_LOCKED,     /* another process has the directory */
    JOURNAL_UNREADABLE, /* the directory can't be read */
    JOURNAL_WRONG_KEY,  /* a file is encrypted, and with none of the keys */
    JOURNAL_DAMAGED,    /* strict, and something is damaged, missing or of a later version */
    JOURNAL_NO_MEMORY,  /* here, or take() said so */
};
const char *journal_status_text(enum journal_status status);

/* Finds all that is there: cuts a torn end, copies damaged pieces into NAME.damaged-OFFSET, sets
 * files aside that say nothing, and calls take() for each good unit in order. take() returns false
 * if there is no memory. Each of these is said, with the choice there is. Then a new file is begun
 * and synced, and the journal runs; if the disk takes no writes it runs too, failed. */
enum journal_status journal_recover(struct journal *journal, uint64_t now_ms, void *take_ctx,
                                    bool (*take)(void *take_ctx, const uint8_t *unit,
                                                 size_t unit_len));

/* Whether all that take() was given is on the disk. If not, the journal begins failed. */
bool journal_is_sure(const struct journal *journal);

/* ---- Rounds ---- */

/* Takes what the disk has finished and begins what is due. Call it each round, when the files'
 * descriptor is readable, and at journal_deadline_ms(). */
void journal_run(struct journal *journal, uint64_t now_ms);
/* When journal_run() is due at the latest; UINT64_MAX: never. */
uint64_t journal_deadline_ms(const struct journal *journal);

/* Whether a batch may be begun now. */
bool journal_takes(const struct journal *journal);
/* A batch. Numbers grow. After a failure the first one must begin a snapshot. */
void journal_begin(struct journal *journal, uint64_t batch, bool begins_snapshot, uint64_t now_ms);
/* A unit of records, or several, copied: they come back whole and together, or not at all. */
void journal_append(struct journal *journal, const uint8_t *units, size_t units_len,
                    uint32_t unit_count);
/* The batch is whole. It is written, and its sync begun. */
void journal_commit(struct journal *journal, bool ends_snapshot, uint64_t now_ms);

/* The last batch that is as durable as options.sync says; those before it are too, but for what a
 * failure lost. Never goes back. */
uint64_t journal_durable(const struct journal *journal);

enum journal_storage {
    JOURNAL_GOOD,
    JOURNAL_FULL,
    JOURNAL_FAILED,
};
/* A change from GOOD to another: batches after journal_durable() are lost. Back to GOOD: a batch
 * that begins a snapshot is waited for. */
enum journal_storage journal_storage(const struct journal *journal);

/* Whether the next batch should begin a snapshot: what was written since the last one has outgrown
 * it, or it is asked for by time, count, damage found at the start, keys, or
 * journal_ask_snapshot(). Says so until one begins. */
bool journal_wants_snapshot(const struct journal *journal, uint64_t now_ms);
void journal_ask_snapshot(struct journal *journal);

/* Waits for the sync under way. false: the storage is not good. At the end only. */
bool journal_wait(struct journal *journal, uint64_t now_ms);
/* Syncs what was committed, whatever options.sync says, and waits for it. false: not all of it
 * reached the disk (said). Only destroy may follow. */
bool journal_close(struct journal *journal, uint64_t now_ms);

/* ---- Looking in ---- */

struct journal_stats {
    uint64_t written_bytes;
    uint64_t units;
    uint64_t batches;
    uint64_t batch_bytes_max;
    uint64_t syncs;
    uint64_t sync_us; /* all of them together */
    uint64_t sync_us_max;
    uint64_t sync_us_last;
    struct times sync_times;   /* with the write that goes before */
    uint64_t failures;         /* of writing and syncing */
    uint64_t segments;         /* that exist */
    uint64_t disk_bytes;       /* of these */
    uint64_t snapshots;        /* whose end became durable */
    uint64_t snapshot_bytes;   /* of the last one, with what was written meanwhile */
    uint64_t snapshot_ms;      /* of the last one, from begin to durable */
    uint64_t recovered_frames; /* of units */
    uint64_t recovered_ms;
    uint64_t damaged_pieces; /* set aside at the start */
    uint64_t damaged_bytes;
    uint64_t torn_bytes; /* cut at the start */
};
const struct journal_stats *journal_stats(const struct journal *journal);
/* The clock of its files. */
uint64_t journal_now_us(const struct journal *journal);

#endif
