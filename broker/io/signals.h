/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Signals as bytes of a descriptor, so that they are handled between rounds and never in the
 * middle of one. It knows what to catch, not what to do about it.
 */
#ifndef BROKER_IO_SIGNALS_H
#define BROKER_IO_SIGNALS_H

#include <stdbool.h>

enum signals_event {
    SIGNALS_NONE,
    SIGNALS_STOP,   /* SIGTERM, SIGINT */
    SIGNALS_RELOAD, /* SIGHUP */
    SIGNALS_STATS,  /* SIGUSR1 */
    SIGNALS_MEMORY, /* SIGUSR2 */
    SIGNALS_ROTATE, /* SIGRTMIN: log files were moved away */
};

/* Blocks what is caught and ignores SIGPIPE and SIGXFSZ, for the whole process. Returns the
 * descriptor to wait for, -1 on failure (see errno). */
int signals_open(void);
/* The next one that came; SIGNALS_NONE: none is left. */
enum signals_event signals_next(int fd);
void signals_close(int fd);

#endif
