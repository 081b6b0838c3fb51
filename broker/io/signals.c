/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Signals through signalfd(2); see signals.h.
 */
#include "broker/io/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

int signals_open(void) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        sigaddset(&set, caught[i]);
    sigaddset(&set, SIGRTMIN); /* no constant */
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    /* The calls that cause them fail, and say why. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return -1;
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

enum signals_event signals_next(int fd) {
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
        return SIGNALS_NONE;
    if ((int)info.ssi_signo == SIGRTMIN)
        return SIGNALS_ROTATE;
    switch ((int)info.ssi_signo) {
    case SIGHUP:
        return SIGNALS_RELOAD;
    case SIGUSR1:
        return SIGNALS_STATS;
    case SIGUSR2:
        return SIGNALS_MEMORY;
    default:
        return SIGNALS_STOP;
    }
}

void signals_close(int fd) {
    if (fd >= 0)
        close(fd);
}
