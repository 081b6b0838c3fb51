/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The journal of the running broker: from the configuration to a folder, a key and a journal that
 * speaks through the log. It knows neither packets nor sockets.
 */
#ifndef BROKER_IO_STORAGE_H
#define BROKER_IO_STORAGE_H

#include "broker/io/config.h"
#include "broker/io/log.h"
#include "broker/io/persistence.h"

/* Of persistence_location. */
#define STORAGE_FOLDER "journal"

struct storage;

/* config has persistence true. Reads the key, makes the folder, starts the threads that wait for
 * the disk; recovers nothing yet. log outlives it. NULL: the log says why. */
struct storage *storage_open(const struct config *config, struct log *log);
/* Whatever was not written is lost: persistence_end() first. NULL is allowed. */
void storage_close(struct storage *storage);

/* Feeds the core what is there, and says how that went. false: the broker must not start. */
bool storage_recover(struct storage *storage, struct core *core, uint64_t now_ms);
struct persistence *storage_persistence(struct storage *storage);
/* Readable when the disk has finished something. */
int storage_fd(const struct storage *storage);
const struct journal_stats *storage_stats(const struct storage *storage);
/* Milliseconds since 1970-01-01 UTC. */
uint64_t storage_wall_ms(void);

/* Figures for $SYS and the log. */
struct storage_figure {
    const char *name;  /* "bytes/written" */
    const char *topic; /* "$SYS/broker/persistence/bytes/written" */
    uint64_t (*value)(const struct storage *storage);
};
extern const struct storage_figure storage_figures[];
extern const size_t storage_figure_count;

#endif
