/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Landlock by its system calls, seccomp by libseccomp; see sandbox.h.
 */
#include "broker/io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A leak checker looks at the process from another one, which the filter forbids. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

/* ---- Files ---- */

/* Younger than the headers of some systems; the kernel says whether it knows it. */
#define ACCESS_TRUNCATE (1ULL << 14)
#define ABI_WITH_REFER 2
#define ABI_WITH_TRUNCATE 3

static const uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t write_rights = LANDLOCK_ACCESS_FS_WRITE_FILE |
                                     LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                     LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK;
/* Nobody gets these. */
static const uint64_t no_rights = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                  LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                  LANDLOCK_ACCESS_FS_MAKE_SYM;
/* What can be said of a file that is no folder. */
static const uint64_t file_rights =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE;

static uint64_t rights_of(const struct sandbox *sandbox, enum sandbox_access access) {
    uint64_t rights = read_rights;
    if (access == SANDBOX_WRITE)
        rights |= write_rights;
    if (access == SANDBOX_WRITE && sandbox->landlock_abi >= ABI_WITH_REFER)
        rights |= LANDLOCK_ACCESS_FS_REFER;
    if (access == SANDBOX_WRITE && sandbox->landlock_abi >= ABI_WITH_TRUNCATE)
        rights |= ACCESS_TRUNCATE;
    return rights;
}

void sandbox_begin(struct sandbox *sandbox) {
    *sandbox = (struct sandbox){.ruleset_fd = -1, .enterable_fd = -1};
    if (IS_SANITIZED)
        return;
    const long abi =
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi <= 0)
        return;
    sandbox->landlock_abi = (int)abi;
    const struct landlock_ruleset_attr rules = {.handled_access_fs =
                                                    rights_of(sandbox, SANDBOX_WRITE) | no_rights};
    sandbox->ruleset_fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (sandbox->ruleset_fd < 0)
        sandbox->landlock_abi = 0;
}

bool sandbox_allow(struct sandbox *sandbox, const char *path, enum sandbox_access access) {
    if (sandbox->ruleset_fd < 0)
        return true;
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == EACCES;
    struct stat status;
    struct landlock_path_beneath_attr rule = {.parent_fd = fd,
                                              .allowed_access = rights_of(sandbox, access)};
    bool done = fstat(fd, &status) == 0;
    if (done && !S_ISDIR(status.st_mode))
        rule.allowed_access &= file_rights;
    done = done && syscall(SYS_landlock_add_rule, sandbox->ruleset_fd, LANDLOCK_RULE_PATH_BENEATH,
                           &rule, 0) == 0;
    const int why = errno;
    close(fd);
    errno = why;
    return done;
}

bool sandbox_allow_folder_of(struct sandbox *sandbox, const char *file,
                             enum sandbox_access access) {
    char *copy = strdup(file);
    if (copy == NULL)
        return false;
    char *slash = strrchr(copy, '/');
    const char *folder = ".";
    if (slash == copy)
        folder = "/";
    else if (slash != NULL)
        folder = copy;
    if (slash != NULL && slash != copy)
        *slash = '\0';
    const bool done = sandbox_allow(sandbox, folder, access);
    const int why = errno;
    free(copy);
    errno = why;
    return done;
}

bool sandbox_allow_system(struct sandbox *sandbox) {
    static const char *const readable[] = {
        "/etc",           "/usr",         "/lib",        "/lib64",
        "/proc/self",     "/dev/urandom", "/dev/random", "/run/systemd/resolve",
        "/run/resolvconf"};
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
        if (!sandbox_allow(sandbox, readable[i], SANDBOX_READ))
            return false;
    }
    return sandbox_allow(sandbox, "/dev/null", SANDBOX_WRITE);
}

void sandbox_allow_ring(struct sandbox *sandbox, int ring_fd) {
    sandbox->enterable_fd = ring_fd;
}

/* Files opened before stay open: the log, the listeners. */
static bool restrict_files(struct sandbox *sandbox) {
    const bool done = syscall(SYS_landlock_restrict_self, sandbox->ruleset_fd, 0) == 0;
    const int why = errno;
    close(sandbox->ruleset_fd);
    sandbox->ruleset_fd = -1;
    errno = why;
    return done;
}

/* ---- System calls ---- */

/* Without conditions on their arguments. A name that this architecture lacks is passed over. */
static const char *const allowed_calls[] = {
    /* bytes */
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "lseek",
    "sendfile",
    /* files */
    "open", "openat", "close", "close_range", "stat", "lstat", "fstat", "newfstatat", "statx",
    "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd",
    "getdents64", "fcntl", "flock", "fsync", "fdatasync", "sync_file_range", "fallocate",
    "ftruncate", "fadvise64", "rename", "renameat", "renameat2", "link", "linkat", "unlink",
    "unlinkat", "mkdir", "mkdirat", "rmdir", "chmod", "fchmod", "fchmodat", "chown", "fchown",
    "fchownat", "umask", "dup", "dup2", "dup3", "pipe2",
    /* sockets and waiting */
    "connect", "accept", "accept4", "bind", "listen", "getsockname", "getpeername", "getsockopt",
    "setsockopt", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown",
    "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait",
    "epoll_pwait", "epoll_pwait2", "eventfd2", "signalfd4", "timerfd_create", "timerfd_settime",
    "timerfd_gettime",
    /* memory and threads */
    "mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "mlock", "munlock", "futex",
    "futex_waitv", "set_robust_list", "rseq", "set_tid_address", "sched_yield",
    "sched_getaffinity", "membarrier", "arch_prctl", "sigaltstack", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "restart_syscall", "tgkill", "exit",
    "exit_group",
    /* who, when and how much */
    "gettid", "getpriority", "setpriority", "getpid", "getppid", "getuid", "geteuid", "getgid",
    "getegid", "uname", "sysinfo", "getrlimit", "getrusage", "times", "clock_gettime",
    "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "getrandom"};

static struct scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) {
    return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value};
}

static int allow_named(scmp_filter_ctx filter, const char *name) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR)
        return 0;
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
}

static int allow_sockets(scmp_filter_ctx filter) {
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    int error = 0;
    for (size_t i = 0; i < sizeof families / sizeof families[0] && error == 0; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                 equals(0, (scmp_datum_t)families[i]));
    if (error == 0)
        error =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1, equals(0, AF_UNIX));
    return error;
}

/* What only looks; nothing that a terminal would take for typed. */
static int allow_ioctls(scmp_filter_ctx filter) {
    static const unsigned long requests[] = {FIONREAD, FIONBIO, TCGETS};
    int error = 0;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0] && error == 0; i++)
        error =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, equals(1, requests[i]));
    return error;
}

/* Threads, no processes. The arguments of clone3 can't be seen by a filter: told that there is no
 * such call, the C library takes clone. */
static int allow_threads(scmp_filter_ctx filter) {
    int error = seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
        SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return error;
}

static int allow_own_process(scmp_filter_ctx filter) {
    int error =
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, equals(0, PR_SET_NAME));
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, equals(0, 0),
                                 equals(2, 0));
    return error;
}

static int allow_ring(scmp_filter_ctx filter, int fd) {
    if (fd < 0)
        return 0;
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(io_uring_enter), 1,
                            equals(0, (scmp_datum_t)fd));
}

static int fill_filter(scmp_filter_ctx filter) {
    int error = 0;
    for (size_t i = 0; i < sizeof allowed_calls / sizeof allowed_calls[0] && error == 0; i++)
        error = allow_named(filter, allowed_calls[i]);
    if (error == 0)
        error = allow_sockets(filter);
    if (error == 0)
        error = allow_ioctls(filter);
    if (error == 0)
        error = allow_threads(filter);
    if (error == 0)
        error = allow_own_process(filter);
    return error;
}

/* 0, or the error number. */
static int restrict_calls(const struct sandbox *sandbox) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL)
        return ENOMEM;
    int error = fill_filter(filter);
    if (error == 0)
        error = allow_ring(filter, sandbox->enterable_fd);
    /* For one thread there is nothing to keep in step; with more it is what we want. */
    if (error == 0)
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return -error;
}

/* ---- Both ---- */

bool sandbox_enter(struct sandbox *sandbox, struct sandbox_report *out) {
    *out = (struct sandbox_report){.landlock_abi = sandbox->landlock_abi};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    if (IS_SANITIZED) {
        out->missing = "a build with sanitizers has no sandbox";
        return true;
    }
    if (sandbox->ruleset_fd < 0)
        out->missing = "the kernel has no Landlock";
    else if (!restrict_files(sandbox))
        return false;
    const int error = restrict_calls(sandbox);
    out->system_calls = error == 0;
    /* A kernel built without seccomp, or a sandbox around us that forbids it. */
    if (error == EINVAL || error == EACCES || error == EPERM || error == ENOSYS)
        out->missing = "the kernel takes no filter of system calls";
    else if (error != 0)
        errno = error;
    return error == 0 || out->missing != NULL;
}

void sandbox_abandon(struct sandbox *sandbox) {
    if (sandbox->ruleset_fd >= 0)
        close(sandbox->ruleset_fd);
    sandbox->ruleset_fd = -1;
}
