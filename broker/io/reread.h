/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The configuration read anew while clients are served: by a thread of its own, with the files of
 * passwords and rights that it names, which may be large. It knows nothing of what is in force.
 *
 *     reread_begin(reread, command_line)      SIGHUP
 *     reread_fd() is readable
 *     reading = reread_take(reread)           all that was read, to be taken over or not
 *     reread_discard(reread, reading)         what is left of it is wiped and freed on the thread
 *
 * One is read at a time. What is asked for meanwhile is read once more afterwards, however often
 * it was asked for: the last state of the files counts.
 */
#ifndef BROKER_IO_REREAD_H
#define BROKER_IO_REREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/io/config.h"
#include "broker/io/security.h"

struct reread_remark {
    struct reread_remark *next;
    bool is_error;
    char text[]; /* "FILE:LINE: text" */
};

struct reading {
    struct config config;
    struct security_set security;
    struct reread_remark *remarks; /* in the order of their lines */
    bool is_cut;                   /* there was no memory for all remarks */
    bool is_good;                  /* false: the remarks say why */
};

struct reread;

/* NULL: no memory, descriptor or thread; errno says why. */
struct reread *reread_create(void);
/* Waits for what is being read, and releases all. NULL does nothing. */
void reread_destroy(struct reread *reread);

/* command_line outlives reread. false: no memory. */
bool reread_begin(struct reread *reread, const struct config_command_line *command_line);
/* Readable when reread_take() has something to do. */
int reread_fd(const struct reread *reread);
/* Never waits. NULL: none is ready. The caller's, until it is discarded. */
struct reading *reread_take(struct reread *reread);
/* Begins what was asked for meanwhile. false: no memory for that. */
bool reread_discard(struct reread *reread, struct reading *reading);

#endif
