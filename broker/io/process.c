/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Descriptors, daemon, pid file, user; see process.h.
 */
#include "broker/io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define USER_PREFERRED "libella"
#define USER_FALLBACK "nobody"

bool process_guard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        /* The lowest free number is the one just found closed. */
        if (open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd)
            return false;
    }
    return true;
}

uint64_t process_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        const rlim_t was = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = was;
    }
    return (uint64_t)limit.rlim_cur;
}

static bool point_to_null(int fd, int flags) {
    const int null_fd = open("/dev/null", flags | O_CLOEXEC);
    if (null_fd < 0)
        return false;
    const bool done = dup2(null_fd, fd) == fd;
    close(null_fd);
    return done;
}

/* The parent's part: ends as the child's start turns out. */
static _Noreturn void await_child(const int pipe_fds[2]) {
    char ready;
    ssize_t count;
    close(pipe_fds[1]);
    do {
        count = read(pipe_fds[0], &ready, 1);
    } while (count < 0 && errno == EINTR);
    _exit(count == 1 ? 0 : 1);
}

bool process_daemonize(bool keep_stdout, bool keep_stderr, int *ready_fd) {
    int pipe_fds[2];
    fflush(NULL);
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return false;
    const pid_t child = fork();
    if (child > 0)
        await_child(pipe_fds);
    close(pipe_fds[0]);
    *ready_fd = pipe_fds[1];
    if (child < 0 || setsid() < 0)
        return false;
    return point_to_null(STDIN_FILENO, O_RDONLY) &&
           (keep_stdout || point_to_null(STDOUT_FILENO, O_WRONLY)) &&
           (keep_stderr || point_to_null(STDERR_FILENO, O_WRONLY));
}

void process_daemon_ready(int ready_fd) {
    /* If the parent is gone nobody waits for the answer. */
    if (write(ready_fd, "", 1) < 0)
        errno = 0;
    close(ready_fd);
}

bool process_forbid_core_dumps(void) {
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool process_write_pid_file(const char *path) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return false;
    const int len = dprintf(fd, "%ld\n", (long)getpid());
    const int why = errno;
    const bool closed = close(fd) == 0;
    if (len < 0)
        errno = why;
    return len > 0 && closed;
}

static bool look_up(struct process_user *out, const char *name) {
    const struct passwd *entry = getpwnam(name);
    if (entry == NULL)
        return false;
    out->change = true;
    out->uid = entry->pw_uid;
    out->gid = entry->pw_gid;
    snprintf(out->name, sizeof out->name, "%s", name);
    return true;
}

/* Whether the user namespace has the user. One line for each range: first inside, first outside,
 * length. */
static bool is_mapped(uid_t uid) {
    FILE *map = fopen("/proc/self/uid_map", "re");
    unsigned long first = 0;
    unsigned long outside = 0;
    unsigned long count = 0;
    bool found = map == NULL;
    while (!found && fscanf(map, "%lu %lu %lu", &first, &outside, &count) == 3)
        found = uid >= first && uid - first < count;
    if (map != NULL)
        fclose(map);
    return found;
}

bool process_find_user(struct process_user *out, const char *name) {
    *out = (struct process_user){.change = false};
    if (geteuid() != 0 || (name != NULL && strcmp(name, "root") == 0))
        return true;
    if (name != NULL)
        return look_up(out, name);
    if (!look_up(out, USER_PREFERRED) && !look_up(out, USER_FALLBACK))
        return false;
    out->is_absent = !is_mapped(out->uid);
    out->change = !out->is_absent;
    return true;
}

bool process_become(const struct process_user *user) {
    if (!user->change)
        return true;
    return initgroups(user->name, user->gid) == 0 && setgid(user->gid) == 0 &&
           setuid(user->uid) == 0;
}
