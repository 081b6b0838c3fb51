/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The files of a directory, on a real disk; see file.h. What waits for the disk runs on a worker
 * with one thread for each lane.
 *
 * Everything is done relative to the descriptor of the directory, so that the directory stays the
 * one that was opened whatever happens to its path. Links are not followed.
 */
#include "broker/io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "broker/io/worker.h"

/* A fault of the journal's: stop, in release builds too. */
#undef NDEBUG
#include <assert.h>

#define RESERVE_BYTES ((off_t)4 * 1024 * 1024)

struct lane {
    struct worker_job job; /* first: the worker gives it back */
    struct file_posix *files;
    struct file_task task;
    struct file_result result;
    bool is_busy;
    bool has_ended;
};

struct file_posix {
    int directory_fd;
    struct worker *worker;
    struct lane lanes[FILE_LANE_COUNT];
};

static enum file_status status_of(int error) {
    switch (error) {
    case ENOENT:
        return FILE_ABSENT;
    case EEXIST:
        return FILE_EXISTS;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return FILE_FULL;
    case EROFS:
        return FILE_READ_ONLY;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EISDIR:
        return FILE_DENIED;
    default:
        return FILE_FAILED;
    }
}

static uint64_t clock_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* ---- At once ---- */

/* The directory itself is locked: that works on a full and on a read-only disk, and leaves no file
 * behind. */
static enum file_status port_lock(void *context) {
    const struct file_posix *files = context;
    if (flock(files->directory_fd, LOCK_EX | LOCK_NB) == 0)
        return FILE_OK;
    return errno == EWOULDBLOCK ? FILE_BUSY : status_of(errno);
}

static enum file_status port_open(void *context, const char *name, enum file_use use, int *out) {
    const struct file_posix *files = context;
    const int flags =
        use == FILE_FOR_READING ? O_RDONLY | O_NONBLOCK : O_WRONLY | O_APPEND | O_CREAT | O_EXCL;
    *out = openat(files->directory_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*out < 0)
        return status_of(errno);
    struct stat found;
    if (fstat(*out, &found) == 0 && S_ISREG(found.st_mode))
        return FILE_OK;
    close(*out);
    *out = -1;
    return FILE_DENIED;
}

static void port_close(void *context, int file) {
    (void)context;
    close(file);
}

/* Blocks are asked for ahead, in large pieces, which costs less than one by one as they are
 * written. Not for the beginning of a file, so that a small one stays small. If there are none,
 * writing will tell. */
static void reserve_ahead(int file, size_t len) {
    const off_t at = lseek(file, 0, SEEK_CUR);
    const off_t next = at < 0 ? 0 : (at / RESERVE_BYTES + 1) * RESERVE_BYTES;
    if (at >= 0 && at + (off_t)len >= next)
        (void)fallocate(file, FALLOC_FL_KEEP_SIZE, next, RESERVE_BYTES);
}

static enum file_status port_append(void *context, int file, const uint8_t *data, size_t len,
                                    size_t *out_len) {
    (void)context;
    *out_len = 0;
    reserve_ahead(file, len);
    while (*out_len < len) {
        const ssize_t count = write(file, data + *out_len, len - *out_len);
        if (count > 0)
            *out_len += (size_t)count;
        else if (count == 0)
            return FILE_FAILED;
        else if (errno != EINTR)
            return status_of(errno);
    }
    return FILE_OK;
}

static enum file_status port_read(void *context, int file, uint64_t offset, uint8_t *out,
                                  size_t size, size_t *out_len) {
    (void)context;
    *out_len = 0;
    while (*out_len < size) {
        const ssize_t count =
            pread(file, out + *out_len, size - *out_len, (off_t)(offset + *out_len));
        if (count > 0)
            *out_len += (size_t)count;
        else if (count == 0)
            return FILE_OK;
        else if (errno != EINTR)
            return status_of(errno);
    }
    return FILE_OK;
}

static enum file_status port_size(void *context, int file, uint64_t *out) {
    (void)context;
    struct stat found;
    if (fstat(file, &found) != 0)
        return status_of(errno);
    *out = (uint64_t)found.st_size;
    return FILE_OK;
}

static enum file_status port_truncate(void *context, const char *name, uint64_t size) {
    const struct file_posix *files = context;
    const int fd = openat(files->directory_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return status_of(errno);
    const bool done = ftruncate(fd, (off_t)size) == 0 && fsync(fd) == 0;
    const enum file_status status = done ? FILE_OK : status_of(errno);
    close(fd);
    return status;
}

static enum file_status port_list(void *context, void (*found)(void *, const char *),
                                  void *found_context) {
    const struct file_posix *files = context;
    const int fd = openat(files->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory == NULL) {
        const enum file_status status = status_of(errno);
        if (fd >= 0)
            close(fd);
        return status;
    }
    errno = 0;
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        if (strlen(entry->d_name) <= FILE_NAME_LEN_MAX)
            found(found_context, entry->d_name);
        errno = 0;
    }
    const enum file_status status = errno == 0 ? FILE_OK : status_of(errno);
    closedir(directory);
    return status;
}

static enum file_status port_free_bytes(void *context, uint64_t *out) {
    const struct file_posix *files = context;
    struct statvfs found;
    if (fstatvfs(files->directory_fd, &found) != 0)
        return status_of(errno);
    *out = (uint64_t)found.f_bavail * found.f_frsize;
    return FILE_OK;
}

static uint64_t port_now_us(void *context) {
    (void)context;
    return clock_us();
}

/* ---- Tasks ---- */

static enum file_status do_task(const struct file_posix *files, const struct file_task *task,
                                size_t *out_len) {
    const int directory = files->directory_fd;
    enum file_status status = FILE_OK;
    bool done = false;
    switch (task->kind) {
    case FILE_TASK_APPEND:
        return port_append(NULL, task->file, task->data, task->data_len, out_len);
    case FILE_TASK_APPEND_SYNC:
        status = port_append(NULL, task->file, task->data, task->data_len, out_len);
        if (status != FILE_OK)
            return status;
        done = fdatasync(task->file) == 0;
        break;
    case FILE_TASK_SYNC:
        done = fdatasync(task->file) == 0;
        break;
    case FILE_TASK_SYNC_DIRECTORY:
        done = fsync(directory) == 0;
        break;
    case FILE_TASK_RENAME:
        done = renameat(directory, task->name, directory, task->new_name) == 0;
        break;
    case FILE_TASK_REMOVE:
        done = unlinkat(directory, task->name, 0) == 0 || errno == ENOENT;
        break;
    }
    return done ? FILE_OK : status_of(errno);
}

static void run_task(struct worker_job *job) {
    struct lane *lane = (struct lane *)job;
    const uint64_t start_us = clock_us();
    lane->result.appended_len = 0;
    lane->result.status = do_task(lane->files, &lane->task, &lane->result.appended_len);
    lane->result.took_us = clock_us() - start_us;
}

static void task_done(struct worker_job *job) {
    ((struct lane *)job)->has_ended = true;
}

static void task_released(struct worker_job *job) {
    (void)job; /* it is part of the files */
}

static void port_begin(void *context, enum file_lane which, const struct file_task *task) {
    struct file_posix *files = context;
    struct lane *lane = &files->lanes[which];
    assert(!lane->is_busy);
    lane->task = *task;
    lane->is_busy = true;
    lane->has_ended = false;
    lane->job = (struct worker_job){
        .run = run_task, .done = task_done, .release = task_released, .owner = (uint64_t)which};
    const bool taken = worker_submit(files->worker, &lane->job);
    assert(taken); /* there is a place for each lane */
}

static bool port_ended(void *context, enum file_lane which, struct file_result *out) {
    struct file_posix *files = context;
    struct lane *lane = &files->lanes[which];
    (void)worker_finish(files->worker);
    if (!lane->is_busy || !lane->has_ended)
        return false;
    lane->is_busy = false;
    *out = lane->result;
    return true;
}

static void port_wait(void *context, enum file_lane which) {
    struct file_posix *files = context;
    assert(files->lanes[which].is_busy);
    if (!files->lanes[which].has_ended)
        worker_wait(files->worker);
}

/* ---- Life ---- */

static bool open_directory(struct file_posix *files, const char *directory, const char **out_why) {
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        *out_why = strerror(errno);
        return false;
    }
    files->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat found;
    if (files->directory_fd < 0 || fstat(files->directory_fd, &found) != 0) {
        *out_why = strerror(errno);
        return false;
    }
    if (found.st_uid != geteuid() || (found.st_mode & 077u) != 0u) {
        *out_why = "it must belong to the user of the broker alone: chown it, and chmod 700";
        return false;
    }
    return true;
}

struct file_posix *file_posix_open(const char *directory, const char **out_why) {
    struct file_posix *files = calloc(1, sizeof *files);
    *out_why = "no memory";
    if (files == NULL)
        return NULL;
    files->directory_fd = -1;
    for (int i = 0; i < FILE_LANE_COUNT; i++)
        files->lanes[i].files = files;
    if (open_directory(files, directory, out_why)) {
        files->worker = worker_create(FILE_LANE_COUNT, FILE_LANE_COUNT);
        if (files->worker != NULL)
            return files;
        *out_why = strerror(errno);
    }
    file_posix_close(files);
    return NULL;
}

struct file_posix *file_posix_look(const char *directory, const char **out_why) {
    struct file_posix *files = calloc(1, sizeof *files);
    *out_why = "no memory";
    if (files == NULL)
        return NULL;
    files->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (files->directory_fd >= 0)
        return files;
    *out_why = strerror(errno);
    free(files);
    return NULL;
}

void file_posix_close(struct file_posix *files) {
    if (files == NULL)
        return;
    worker_destroy(files->worker);
    if (files->directory_fd >= 0)
        close(files->directory_fd);
    free(files);
}

struct file_port file_posix_port(struct file_posix *files) {
    return (struct file_port){.ctx = files,
                              .lock = port_lock,
                              .open = port_open,
                              .close = port_close,
                              .append = port_append,
                              .read = port_read,
                              .size = port_size,
                              .truncate = port_truncate,
                              .list = port_list,
                              .free_bytes = port_free_bytes,
                              .begin = port_begin,
                              .ended = port_ended,
                              .wait = port_wait,
                              .now_us = port_now_us};
}

int file_posix_fd(const struct file_posix *files) {
    return worker_fd(files->worker);
}
