/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What the core has to tell, as a line of text with the client's address. It decides wording and
 * kind; where lines go is log.h's business.
 *
 *     refused client="sensor-7" address=192.0.2.1:50412 reason=0x87: not authorized
 */
#ifndef BROKER_IO_LOG_LINE_H
#define BROKER_IO_LOG_LINE_H

#include "broker/core/core.h"
#include "broker/io/address.h"
#include "broker/io/log.h"

/* peer may be NULL: no connection is concerned. */
void log_line_write(struct log *log, const struct core_log *line, const struct address *peer);
/* The kind of line that log_type knows it by. */
enum log_type log_line_type(const struct core_log *line);

#endif
