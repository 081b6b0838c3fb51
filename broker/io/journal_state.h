/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What the files of the journal share among themselves; see journal.h.
 *
 * Invariants
 *   - At most two files are open for writing: `current`, and `left`, which is synced and then
 *     closed. Whatever is in files before them is synced, or belongs to nothing that counts.
 *   - No file is written behind a place where a write failed, and none after a sync of it failed.
 *   - `is_fresh` from the first new file after a failure until the snapshot that begins in it is
 *     durable to its end: nothing in those files is promised yet, and they go if that fails too.
 */
#ifndef BROKER_IO_JOURNAL_STATE_H
#define BROKER_IO_JOURNAL_STATE_H

#include "broker/io/frame.h"
#include "broker/io/journal.h"

#define JOURNAL_NO_FILE (-1)
/* Failures in a row double the rest before the next attempt, up to 2^this times retry_ms. */
#define JOURNAL_RETRY_DOUBLINGS_MAX 5u
/* Free space without which a full disk is not tried again, beside that of the last snapshot. */
#define JOURNAL_FREE_BYTES_MIN (1024u * 1024u)
/* A batch longer than this does not leave its buffer behind. */
#define JOURNAL_BUFFER_KEPT_BYTES (4u * 1024u * 1024u)

struct segment {
    int handle; /* JOURNAL_NO_FILE */
    struct frame_file file;
    uint64_t size; /* bytes appended */
};

enum journal_step {
    STEP_NONE,
    STEP_WRITE,     /* the batch that is committed is written, and not synced */
    STEP_LEFT,      /* `left` is synced */
    STEP_CURRENT,   /* a committed batch is written to `current`, if there is one; all is synced */
    STEP_DIRECTORY, /* names are synced */
};

/* The sync lane. */
struct journal_syncing {
    enum journal_step step;
    int handle;          /* of the file of the step */
    bool is_given_up;    /* a failure came meanwhile: close the handle when it ends */
    bool writes;         /* the step writes the committed batch */
    bool with_current;   /* what this sync covers: current and all before it … */
    uint64_t batch;      /* … up to this batch … */
    uint64_t number;     /* … in this file … */
    uint64_t bytes;      /* … up to here */
    bool ends_snapshot;  /* the end of a snapshot is covered */
    uint64_t started_ms; /* this step */
    bool is_said;        /* that it takes long */
};

/* A snapshot, from its first batch until its end is durable. */
struct journal_snapshot {
    bool runs;
    bool has_ended;          /* the batch of its end was written */
    uint64_t number;         /* of the file that it begins with */
    uint64_t started_ms;     /* of its first batch */
    uint64_t start_bytes;    /* stats.written_bytes then */
    uint64_t bytes;          /* that it took, once has_ended */
    uint64_t needless_bytes; /* of the files before it */
};

/* Files that are to go: [next, end). */
struct journal_removal {
    uint64_t next;
    uint64_t end;
    uint64_t bytes;
};

struct journal {
    struct journal_options options;
    struct journal_keys keys;
    struct file_port files;
    struct journal_stats stats;

    struct segment current;
    struct segment left;
    uint64_t next_number;  /* of the next file */
    uint64_t first_number; /* of the oldest file */
    bool directory_dirty;  /* a name was made and not synced */
    bool dirty;            /* current has bytes that no sync covers, nor one under way */

    /* The batch under way, sealed. */
    uint8_t *buffer;
    size_t buffer_len;
    size_t buffer_size;
    uint64_t batch;
    bool in_batch;
    bool is_committed;             /* and not yet written: the buffer belongs to the sync lane */
    bool ends_snapshot;            /* the committed batch does */
    enum file_status batch_status; /* not FILE_OK: it can't be written */

    uint64_t written_batch;
    uint64_t durable_batch;
    bool wants_sync; /* now, whatever options.sync says */
    struct journal_syncing syncing;
    uint64_t synced_number; /* everything before this place is synced */
    uint64_t synced_bytes;
    uint64_t last_sync_ms;

    enum journal_storage storage;
    bool is_unsure; /* what recovery found could not be brought to the disk */
    bool is_fresh;
    bool is_trying;             /* a new file after a failure is being synced */
    uint64_t fresh_number;      /* of the first file since the failure */
    uint64_t fresh_start_bytes; /* stats.disk_bytes before it */
    uint64_t retry_at_ms;
    uint32_t failures_in_row;

    struct journal_snapshot snapshot;
    bool asks_snapshot;
    bool is_rekeying;    /* older files are plain, or encrypted with another key */
    uint64_t base_bytes; /* of the last snapshot */
    uint64_t tail_bytes; /* written behind it */
    uint64_t tail_units;
    uint64_t last_snapshot_ms;

    /* The remove lane. */
    struct journal_removal *removing; /* whose file is being removed; NULL: none */
    struct journal_removal needless;  /* before a snapshot */
    struct journal_removal failed;    /* fresh files of an attempt that failed */
};

void journal_say(const struct journal *journal, enum journal_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* NUMBER.journal */
void journal_name(char out[FILE_NAME_LEN_MAX + 1u], uint64_t number);

/* A new file with its header becomes current; the one before must be closed or left. Not FILE_OK:
 * there is no current file now. */
enum file_status journal_make_file(struct journal *journal, enum frame_start start);
/* What became of the committed batch: len bytes of it are in the file. */
void journal_batch_written(struct journal *journal, enum file_status status, size_t len,
                           uint64_t now_ms);
/* Nothing more is written to the files of now: the storage is full or has failed. */
void journal_fail(struct journal *journal, enum file_status status, const char *what,
                  uint64_t now_ms);
/* Begins a task of the sync lane. */
void journal_begin_task(struct journal *journal, enum journal_step step, int handle,
                        uint64_t now_ms);
/* Does a task and waits for it: at start and end only. */
enum file_status journal_do_task(struct journal *journal, enum file_lane lane,
                                 const struct file_task *task);

/* journal_sync.c: one look at each lane, and at what is due. */
void journal_look_at_sync(struct journal *journal, uint64_t now_ms);
void journal_begin_sync(struct journal *journal, uint64_t now_ms);
void journal_retry(struct journal *journal, uint64_t now_ms);
void journal_look_at_removals(struct journal *journal);

#endif
