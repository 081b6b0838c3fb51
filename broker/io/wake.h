/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * One flag that threads may raise and that a poller can wait for: an eventfd, or a pipe where
 * there is none. It carries nothing but "come and look".
 */
#ifndef BROKER_IO_WAKE_H
#define BROKER_IO_WAKE_H

#include <stdbool.h>

struct wake {
    int read_fd; /* readable while the flag is up */
    int write_fd;
};

/* false: no descriptor, errno says why. */
bool wake_open(struct wake *wake);
void wake_close(struct wake *wake);
/* From any thread; raising a raised flag changes nothing. */
void wake_raise(const struct wake *wake);
/* Takes the flag down. What it stood for has to be looked at afterwards, not before. */
void wake_clear(const struct wake *wake);

#endif
