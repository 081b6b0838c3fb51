/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * libella-journal: what its commands share. Each returns the exit status: 0 all is well, 1 it is
 * not (said on standard error), and prints to standard output.
 */
#ifndef TOOLS_JOURNAL_JOURNAL_TOOL_H
#define TOOLS_JOURNAL_JOURNAL_TOOL_H

#include <stdbool.h>

#include "broker/io/file.h"
#include "broker/io/journal.h"

enum tool_status {
    TOOL_GOOD = 0,
    TOOL_BAD = 1,
    TOOL_USAGE = 2
};

struct tool {
    const char *folder;       /* of the journal */
    const char *file;         /* import: Mosquitto's */
    struct journal_keys keys; /* count 0: there is no key file */
    bool is_quiet;            /* dump: heads alone */
};

enum tool_status tool_dump(const struct tool *tool);
enum tool_status tool_verify(const struct tool *tool);
enum tool_status tool_repair(const struct tool *tool);
enum tool_status tool_import(const struct tool *tool);

/* "libella-journal: ", to standard error; always TOOL_BAD. */
enum tool_status tool_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A journal in a folder, written to by nobody else while it is open. */
struct tool_journal {
    struct file_posix *files;
    struct journal *journal;
    unsigned long remarks; /* that it made */
};
/* NULL take: what is there is passed over. false: said. */
bool tool_open_journal(struct tool_journal *out, const struct tool *tool, const char *folder,
                       void *take_ctx,
                       bool (*take)(void *take_ctx, const uint8_t *unit, size_t unit_len));
/* false: it is not all on disk (said). */
bool tool_close_journal(struct tool_journal *journal);
/* Writes units, in batches of some size. */
struct tool_writer {
    struct tool_journal *to;
    uint64_t batch;
    size_t batch_bytes;
    bool failed;
};
bool tool_write(struct tool_writer *writer, const uint8_t *unit, size_t unit_len);
bool tool_flush(struct tool_writer *writer);

#endif
