/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What a server does to its own process: standard descriptors, descriptor limit, daemon, pid file,
 * giving up root. It knows nothing of MQTT.
 */
#ifndef BROKER_IO_PROCESS_H
#define BROKER_IO_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens /dev/null wherever descriptor 0, 1 or 2 is closed, so that no connection gets one of these
 * numbers and is sent log lines. */
bool process_guard_descriptors(void);
/* Raises the soft limit of open descriptors to the hard one. Returns the limit now in force. */
uint64_t process_raise_descriptor_limit(void);
/* Goes on as a child in a session of its own, without terminal. The parent stays until the child
 * calls process_daemon_ready() and then ends with 0, or with 1 when the child ends before that: so
 * whoever started us knows whether we run. Standard descriptors become /dev/null unless log lines
 * go there. The working directory stays, so that relative paths keep their meaning. *ready_fd is
 * for process_daemon_ready(). false: see errno. */
bool process_daemonize(bool keep_stdout, bool keep_stderr, int *ready_fd);
void process_daemon_ready(int ready_fd);
/* From now on no image of our memory, with its keys and passwords, is written to disk, and no
 * other process of the same user may look into it. */
bool process_forbid_core_dumps(void);
/* false: see errno. */
bool process_write_pid_file(const char *path);

struct process_user {
    bool change;    /* false: stay who we are */
    bool is_absent; /* change would be right, but this system knows no user but root */
    uid_t uid;
    gid_t gid;
    char name[64];
};
/* Whom to become: nobody but ourselves if we are not root or name is "root"; name if given;
 * otherwise the user libella, or nobody, if the user namespace we are in has them at all (in a
 * sandbox root may be the only user, and is not the machine's root). false: there is no such user.
 */
bool process_find_user(struct process_user *out, const char *name);
/* false: see errno. */
bool process_become(const struct process_user *user);

#endif
