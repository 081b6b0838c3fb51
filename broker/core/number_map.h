/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Numbers to things, during recovery: open addressing, so that a million of them cost 16 bytes
 * each or a little more. It knows nothing of the things.
 */
#ifndef BROKER_CORE_NUMBER_MAP_H
#define BROKER_CORE_NUMBER_MAP_H

#include "broker/core/memory.h"

struct number_slot {
    uint64_t number; /* 0: empty */
    void *thing;
};

/* Begins zero. */
struct number_map {
    struct number_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
};

/* NULL: not there. number > 0. */
void *number_map_find(const struct number_map *map, uint64_t number);
/* number must not be there. false: no memory. */
bool number_map_add(struct memory *memory, struct number_map *map, uint64_t number, void *thing);
/* number must be there. */
void number_map_remove(struct number_map *map, uint64_t number);
void number_map_free(struct memory *memory, struct number_map *map);

#endif
