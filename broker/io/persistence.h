/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Joins the core to its journal: what the core recorded is written, what became of that is told to
 * the core, and at the start all that is found is fed to it. It knows neither files nor packets.
 * The event loop and the simulator both run it.
 */
#ifndef BROKER_IO_PERSISTENCE_H
#define BROKER_IO_PERSISTENCE_H

#include "broker/core/core.h"
#include "broker/io/journal.h"

struct persistence {
    struct journal *journal; /* its owner is whoever made it */
    uint64_t durable;        /* as the core was told */
    enum journal_storage storage;
    bool in_snapshot;          /* each batch carries a slice of one */
    uint64_t record_count;     /* fed at the start */
    uint64_t bad_record_count; /* of these, that the core could make nothing of */
    uint64_t batch_us_max;     /* the longest that a batch held up the round */
};

void persistence_init(struct persistence *persistence, struct journal *journal);

/* Recovers into a core that was just created with ports.journal; ends with CORE_RECORDS_END.
 * wall_ms: milliseconds since 1970-01-01 UTC. Not JOURNAL_OK: the core is of no use. */
enum journal_status persistence_recover(struct persistence *persistence, struct core *core,
                                        uint64_t now_ms, uint64_t wall_ms);

/* Once a round, when the core has been fed and pulled. Returns whether the core was told
 * something, so that there may be effects: carry them out and call it again, as what they bring
 * about is to be written too. */
bool persistence_round(struct persistence *persistence, struct core *core, uint64_t now_ms);

/* When the next round is due at the latest; 0: now; UINT64_MAX: never. The files' descriptor tells
 * of what the disk has finished. */
uint64_t persistence_deadline_ms(const struct persistence *persistence, const struct core *core);

/* The orderly end: writes what the core still has, and waits for the disk. false: not all of it
 * reached the disk. */
bool persistence_end(struct persistence *persistence, struct core *core, uint64_t now_ms);

#endif
