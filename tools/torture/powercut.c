/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Preloaded into a broker under torture: writes down what is really synced in one directory, so
 * that what is not can be dropped after a kill (power.py has the lines). A file is synced up to
 * the size it had when the sync began. Removing a name waits for the sync of its directory.
 *
 *   POWERCUT_DIRECTORY   the directory
 *   POWERCUT_RECORD      the file of lines
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a sync takes longer, so that a kill finds something that is not synced. */
#define SYNC_MS 5
#define REMOVED_MAX 256
#define NAME_MAX_BYTES 256

static struct {
    pthread_mutex_t lock;
    int record;
    struct stat directory;
    int directory_fd;
    int removed_count;
    char removed[REMOVED_MAX][NAME_MAX_BYTES];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .record = -1, .directory_fd = -1};

/* The call that this library stands in front of. A copy, since C knows no cast from an object to a
 * function. */
static void find(const char *call, void *out, size_t size) {
    void *const found = dlsym(RTLD_NEXT, call);
    memcpy(out, &found, size);
}

__attribute__((constructor)) static void begin(void) {
    const char *directory = getenv("POWERCUT_DIRECTORY");
    const char *record = getenv("POWERCUT_RECORD");
    if (directory == NULL || record == NULL || stat(directory, &state.directory) != 0)
        return;
    state.directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    state.record = open(record, O_WRONLY | O_APPEND | O_CLOEXEC);
}

static void put(const char *line, int len) {
    /* A line that is lost makes the cut harsher, never milder. */
    if (state.record >= 0 && len > 0)
        (void)!write(state.record, line, (size_t)len);
}

static void put_names(void) {
    char line[NAME_MAX_BYTES + 64];
    DIR *directory = fdopendir(dup(state.directory_fd));
    if (directory == NULL)
        return;
    rewinddir(directory);
    put("D\n", 2);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        const int len = snprintf(line, sizeof line, "N %llu %s\n",
                                 (unsigned long long)entry->d_ino, entry->d_name);
        put(line, len);
    }
    closedir(directory);
}

static int remove_now(const char *name, int flags) {
    int (*real)(int, const char *, int);
    find("unlinkat", &real, sizeof real);
    return real(state.directory_fd, name, flags);
}

static int synced(int fd, const char *call) {
    int (*real)(int);
    struct stat before;
    char line[64];
    find(call, &real, sizeof real);
    const bool known = state.record >= 0 && fstat(fd, &before) == 0;
    const bool is_directory = known && before.st_ino == state.directory.st_ino &&
                              before.st_dev == state.directory.st_dev;
    pthread_mutex_lock(&state.lock);
    const int removed = state.removed_count;
    pthread_mutex_unlock(&state.lock);
    (void)poll(NULL, 0, SYNC_MS);
    const int result = real(fd);
    if (!known || result != 0)
        return result;
    if (!is_directory) {
        const int len =
            snprintf(line, sizeof line, "S %llu %llu\n", (unsigned long long)before.st_ino,
                     (unsigned long long)before.st_size);
        put(line, len);
        return result;
    }
    pthread_mutex_lock(&state.lock);
    put_names();
    for (int i = 0; i < removed; i++)
        (void)remove_now(state.removed[i], 0);
    state.removed_count -= removed;
    memmove(state.removed, state.removed + removed,
            (size_t)state.removed_count * sizeof state.removed[0]);
    pthread_mutex_unlock(&state.lock);
    return result;
}

int fsync(int fd) {
    return synced(fd, "fsync");
}

int fdatasync(int fd) {
    return synced(fd, "fdatasync");
}

/* Whether the removal is put off. */
static bool put_off(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    struct stat there;
    if (state.record < 0 || fstatat(state.directory_fd, name, &there, 0) != 0 ||
        strlen(name) >= NAME_MAX_BYTES)
        return false;
    pthread_mutex_lock(&state.lock);
    const bool fits = state.removed_count < REMOVED_MAX;
    if (fits)
        strcpy(state.removed[state.removed_count++], name);
    pthread_mutex_unlock(&state.lock);
    return fits;
}

int unlink(const char *path) {
    int (*real)(const char *);
    find("unlink", &real, sizeof real);
    return put_off(path) ? 0 : real(path);
}

int unlinkat(int directory, const char *path, int flags) {
    int (*real)(int, const char *, int);
    find("unlinkat", &real, sizeof real);
    return flags == 0 && put_off(path) ? 0 : real(directory, path, flags);
}
