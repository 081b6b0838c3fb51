/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The flag as an eventfd; see wake.h.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "broker/io/wake.h"

bool wake_open(struct wake *wake) {
    wake->read_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    wake->write_fd = wake->read_fd;
    return wake->read_fd >= 0;
}

void wake_close(struct wake *wake) {
    if (wake->read_fd >= 0)
        close(wake->read_fd);
    wake->read_fd = -1;
    wake->write_fd = -1;
}

void wake_raise(const struct wake *wake) {
    const uint64_t one = 1;
    /* EAGAIN: the counter is at its end, so the flag is up. */
    while (write(wake->write_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void wake_clear(const struct wake *wake) {
    uint64_t count = 0;
    while (read(wake->read_fd, &count, sizeof count) < 0 && errno == EINTR)
        continue;
}
