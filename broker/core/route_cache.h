/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Which nodes of the routing tree topics matched lately, so that a topic that comes again is not
 * looked for again. It knows nothing of what hangs on the nodes.
 *
 * It is of one generation of the tree: when nodes came or went nothing that was known before is
 * found. Only topics that are not long and match few nodes are kept. Whoever makes topics that
 * displace each other has them looked for in the tree, and no harm done: so hashes need no key.
 */
#ifndef BROKER_CORE_ROUTE_CACHE_H
#define BROKER_CORE_ROUTE_CACHE_H

#include "broker/core/memory.h"
#include "broker/core/topic_tree.h"

#define ROUTE_CACHED_NODES_MAX 7u
#define ROUTE_CACHED_TOPIC_MAX 88u /* bytes */
/* Begins with so many places at the first topic, and grows when they do not suffice. */
#define ROUTE_CACHE_COUNT_MIN 64u
#define ROUTE_CACHE_COUNT_MAX 1024u

struct route_cached {
    uint64_t generation; /* 0: the place is empty */
    uint16_t topic_len;
    uint8_t node_count;
    bool is_used; /* was found since somebody wanted its place */
    uint32_t nodes[ROUTE_CACHED_NODES_MAX];
    uint8_t topic[ROUTE_CACHED_TOPIC_MAX];
};

/* Begins zero. */
struct route_cache {
    struct route_cached *places;
    uint32_t place_count; /* a power of two; 0: none yet */
    uint32_t displaced;   /* since it has grown */
};

/* NULL: not known in this generation. Valid until the next call of route_cache_put(). */
const struct route_cached *route_cache_find(struct route_cache *cache, uint64_t generation,
                                            struct topic_path topic);
/* The topic, which was not found, matches node_count nodes. It may be forgotten at any time.
 * generation > 0. */
void route_cache_put(struct memory *memory, struct route_cache *cache, uint64_t generation,
                     struct topic_path topic, const uint32_t *nodes, uint32_t node_count);
void route_cache_free(struct memory *memory, struct route_cache *cache);

#endif
