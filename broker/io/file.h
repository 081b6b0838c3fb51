/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Files of one directory as the journal needs them: a port with two makers. file_posix.c is the
 * real one; the simulator has a disk of its own behind the same calls. It knows nothing of what
 * the files hold.
 *
 * What a maker promises, and all that it promises, when power fails:
 *   - What was appended to a file is there after FILE_TASK_SYNC of that file ended with FILE_OK.
 *     Before that any part of it may be there: none, a prefix, or pieces with zeros or anything
 *     else between them.
 *   - A name made, changed or removed is so after FILE_TASK_SYNC_DIRECTORY ended with FILE_OK.
 *     Before that it may be as it was or as it is, each name on its own.
 *   - A file whose sync failed may have lost whatever was not synced before, even if a later sync
 *     succeeds.
 * When only the process ends, everything appended, made, changed and removed stays.
 *
 * Names have no '/' and at most FILE_NAME_LEN_MAX bytes. Reading, writing and looking are done at
 * once; what may wait for the disk is a task: begun, and asked for later. A lane has one task at a
 * time; tasks of different lanes know no order.
 *
 * All calls come from one thread. No call blocks for the disk but wait() (and read(), which
 * happens at start only, and truncate()).
 */
#ifndef BROKER_IO_FILE_H
#define BROKER_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_NAME_LEN_MAX 63u

/* How a call ended. errno ends at the maker. */
enum file_status {
    FILE_OK = 0,
    FILE_ABSENT,    /* there is no such name */
    FILE_EXISTS,    /* FILE_FOR_APPENDING: the name is taken */
    FILE_FULL,      /* no space, or over quota; it may come back */
    FILE_READ_ONLY, /* the file system takes no writes */
    FILE_DENIED,    /* permissions, or not a plain file */
    FILE_BUSY,      /* lock(): another process has it */
    FILE_FAILED,    /* whatever else: EIO, lost device … */
};

enum file_use {
    FILE_FOR_READING,   /* exists */
    FILE_FOR_APPENDING, /* is made, 0600, empty; FILE_EXISTS if there is one */
};

enum file_task_kind {
    FILE_TASK_APPEND,         /* data goes to the end of file, as by append() */
    FILE_TASK_APPEND_SYNC,    /* the same; if all of it is there it is synced */
    FILE_TASK_SYNC,           /* file, opened for either use: all that it holds reaches the disk */
    FILE_TASK_SYNC_DIRECTORY, /* names made, changed and removed reach the disk */
    FILE_TASK_RENAME,         /* name becomes new_name, replacing it if it exists */
    FILE_TASK_REMOVE,         /* name; FILE_OK if there is none */
};

/* Acknowledgements wait for what is synced, and not for what is removed. */
enum file_lane {
    FILE_LANE_SYNC,
    FILE_LANE_REMOVE,
    FILE_LANE_COUNT
};

struct file_task {
    enum file_task_kind kind;
    int file;
    const uint8_t *data; /* of FILE_TASK_APPEND…: stays as it is until the task has ended */
    size_t data_len;
    char name[FILE_NAME_LEN_MAX + 1];
    char new_name[FILE_NAME_LEN_MAX + 1];
};

struct file_result {
    enum file_status status;
    size_t appended_len; /* of data, whatever the status */
    uint64_t took_us;    /* of the task itself */
};

struct file_port {
    void *ctx;
    /* One process has the directory until it ends or gives the files up. */
    enum file_status (*lock)(void *ctx);
    enum file_status (*open)(void *ctx, const char *name, enum file_use use, int *out_file);
    /* Not while a task has the file. Syncs nothing. */
    void (*close)(void *ctx, int file);
    /* Behind what was appended so far. *out_len bytes are in the file, whatever the status:
     * FILE_OK means all of them. */
    enum file_status (*append)(void *ctx, int file, const uint8_t *data, size_t data_len,
                               size_t *out_len);
    /* Fewer than size bytes only at the end of the file. */
    enum file_status (*read)(void *ctx, int file, uint64_t offset, uint8_t *out, size_t size,
                             size_t *out_len);
    enum file_status (*size)(void *ctx, int file, uint64_t *out_bytes);
    /* Cuts a file that is not open and syncs it. */
    enum file_status (*truncate)(void *ctx, const char *name, uint64_t size);
    /* Calls found() for each name, in any order. */
    enum file_status (*list)(void *ctx, void (*found)(void *found_ctx, const char *name),
                             void *found_ctx);
    /* What an unprivileged process may still write there. */
    enum file_status (*free_bytes)(void *ctx, uint64_t *out_bytes);

    /* The lane has no task. task is copied. */
    void (*begin)(void *ctx, enum file_lane lane, const struct file_task *task);
    /* Whether the task of the lane has ended since; told once. */
    bool (*ended)(void *ctx, enum file_lane lane, struct file_result *out);
    /* Comes back when ended() of the lane, which has a task, would be true. */
    void (*wait)(void *ctx, enum file_lane lane);

    /* CLOCK_MONOTONIC or what stands for it, microseconds. */
    uint64_t (*now_us)(void *ctx);
};

/* ---- The real one (file_posix.c) ---- */

struct file_posix;

/* Makes the directory 0700 if there is none (its parent must be there). NULL: out_why says why, a
 * text that is valid until the next call. One thread per lane does the tasks. */
struct file_posix *file_posix_open(const char *directory, const char **out_why);
/* To look only, also while a broker has it locked: lists, opens for reading and reads. */
struct file_posix *file_posix_look(const char *directory, const char **out_why);
/* Waits for the tasks, gives up the lock. NULL is allowed. */
void file_posix_close(struct file_posix *files);
struct file_port file_posix_port(struct file_posix *files);
/* Readable from when a task has ended until port.ended() was asked: to wait for beside sockets. */
int file_posix_fd(const struct file_posix *files);

/* The status in words: "no space left". Static. */
const char *file_status_text(enum file_status status);

#endif
