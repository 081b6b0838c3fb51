/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The topic aliases of one connection in one direction (section 3.3.2.3.4). It lives and dies with
 * the connection, and owns memory only once an alias was used. It knows nothing of packets.
 */
#ifndef BROKER_CORE_ALIAS_H
#define BROKER_CORE_ALIAS_H

#include "broker/core/memory.h"
#include "broker/core/session.h"

/* The broker uses so many aliases towards one client at most, however many it allows. */
#define ALIAS_TO_CLIENT_COUNT_MAX 64u

struct alias_table {
    uint16_t capacity;
    uint16_t count;        /* towards the client: aliases 1..count are in use */
    struct text *topics[]; /* [alias - 1] */
};

/* alias 1..65535 now means topic. false: no memory, nothing changed. */
bool alias_set(struct memory *memory, struct alias_table **table, uint16_t alias,
               struct ella_slice topic);
/* The topic of alias; empty if it has none. */
struct ella_slice alias_topic(const struct alias_table *table, uint16_t alias);
/* The alias that means topic, 0 if there is none. */
uint16_t alias_find(const struct alias_table *table, struct ella_slice topic);
void alias_free(struct memory *memory, struct alias_table **table);

#endif
