/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The flag as a pipe, for systems without eventfd; see wake.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "broker/io/wake.h"

bool wake_open(struct wake *wake) {
    int ends[2];
    wake->read_fd = -1;
    wake->write_fd = -1;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    wake->read_fd = ends[0];
    wake->write_fd = ends[1];
    return true;
}

void wake_close(struct wake *wake) {
    if (wake->read_fd >= 0) {
        close(wake->read_fd);
        close(wake->write_fd);
    }
    wake->read_fd = -1;
    wake->write_fd = -1;
}

void wake_raise(const struct wake *wake) {
    const char mark = 1;
    /* EAGAIN: the pipe is full, so the flag is up. */
    while (write(wake->write_fd, &mark, sizeof mark) < 0 && errno == EINTR)
        continue;
}

void wake_clear(const struct wake *wake) {
    char marks[64];
    ssize_t len = 0;
    do
        len = read(wake->read_fd, marks, sizeof marks);
    while (len > 0 || (len < 0 && errno == EINTR));
}
