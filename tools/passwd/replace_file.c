/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A temporary file in the same folder, synced, renamed, and the folder synced; see replace_file.h.
 */
#include "tools/passwd/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".XXXXXX"

/* The path with links followed, or as it is if there is no file yet. */
static char *follow(const char *path) {
    char *real = realpath(path, NULL);
    if (real == NULL && errno == ENOENT)
        real = strdup(path);
    return real;
}

static int open_folder(const char *path) {
    char *folder = strdup(path);
    if (folder == NULL)
        return -1;
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    const int fd = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    return fd;
}

static bool read_all(struct whole_file *file, int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    if (!S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return false;
    }
    file->text = malloc((size_t)status.st_size + 1);
    while (file->text != NULL && file->len < (size_t)status.st_size) {
        const ssize_t got = read(fd, file->text + file->len, (size_t)status.st_size - file->len);
        if (got < 0 && errno != EINTR)
            return false;
        if (got == 0)
            break;
        file->len += got > 0 ? (size_t)got : 0;
    }
    return file->text != NULL;
}

bool whole_file_open(struct whole_file *file, const char *path) {
    *file = (struct whole_file){.folder_fd = -1};
    file->path = follow(path);
    if (file->path == NULL || (file->folder_fd = open_folder(file->path)) < 0)
        return false;
    while (flock(file->folder_fd, LOCK_EX) != 0) {
        if (errno != EINTR)
            return false;
    }
    const int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT;
    file->exists = true;
    const bool good = read_all(file, fd);
    close(fd);
    return good;
}

static bool write_all(int fd, const char *text, size_t len) {
    for (size_t done = 0; done < len;) {
        const ssize_t wrote = write(fd, text + done, len - done);
        if (wrote < 0 && errno != EINTR)
            return false;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return fsync(fd) == 0;
}

/* As the old file, which may belong to the broker's user: only root can keep that. */
static bool keep_mode(const struct whole_file *file, int fd) {
    struct stat status;
    if (!file->exists || stat(file->path, &status) != 0)
        return true;
    if ((status.st_uid != geteuid() || status.st_gid != getegid()) &&
        fchown(fd, status.st_uid, status.st_gid) != 0)
        return false;
    return fchmod(fd, status.st_mode & 07777u) == 0;
}

bool whole_file_replace(const struct whole_file *file, const char *text, size_t len) {
    const size_t size = strlen(file->path) + sizeof SUFFIX;
    char *temporary = malloc(size);
    if (temporary == NULL)
        return false;
    snprintf(temporary, size, "%s" SUFFIX, file->path);
    const int fd = mkstemp(temporary); /* mode 0600 */
    bool good = fd >= 0 && keep_mode(file, fd) && write_all(fd, text, len);
    if (fd >= 0)
        good = close(fd) == 0 && good;
    good = good && rename(temporary, file->path) == 0 && fsync(file->folder_fd) == 0;
    const int why = errno;
    if (!good && fd >= 0)
        (void)unlink(temporary);
    free(temporary);
    errno = why;
    return good;
}

void whole_file_close(struct whole_file *file) {
    if (file->text != NULL)
        OPENSSL_cleanse(file->text, file->len);
    free(file->text);
    free(file->path);
    if (file->folder_fd >= 0)
        close(file->folder_fd);
}
