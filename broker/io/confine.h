/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The sandbox (sandbox.h) as the configuration wants it: every file and folder that it names stays
 * within reach, so that it can be read again and written to.
 */
#ifndef BROKER_IO_CONFINE_H
#define BROKER_IO_CONFINE_H

#include <stdbool.h>

#include "broker/io/config.h"
#include "broker/io/log.h"

/* Enters the sandbox, unless the configuration says no, and tells the log what holds. Before the
 * first thread starts, after the last file outside was opened. config_file may be NULL; ring_fd is
 * poller_ring_fd(). false: the log says why; do not go on. */
bool confine(const struct config *config, const char *config_file, int ring_fd, struct log *log);

#endif
