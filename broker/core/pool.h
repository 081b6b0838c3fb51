/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Things of one size, named by 32-bit indices instead of pointers, in slabs of 256. It knows
 * nothing of what they are. They never move; indices are used again; a slab that is empty goes
 * back to the memory it came from, but for one.
 */
#ifndef BROKER_CORE_POOL_H
#define BROKER_CORE_POOL_H

#include "broker/core/memory.h"

#define POOL_NONE UINT32_MAX
#define POOL_SLAB_ITEMS 256u

struct pool_slab {
    uint32_t next; /* slabs with free items form a list */
    uint32_t previous;
    uint16_t fresh;       /* items from here on were never used */
    uint16_t freed_count; /* how many were given back, the last one last */
    uint32_t unused_;
    uint8_t freed[POOL_SLAB_ITEMS];
};

struct pool {
    struct memory *memory;
    struct pool_slab **slabs;
    uint32_t slab_count; /* places in slabs that were ever used; NULL: vacant */
    uint32_t slab_capacity;
    uint32_t vacant_count;
    uint32_t roomy; /* first slab with free items, or POOL_NONE */
    uint32_t item_size;
    uint32_t item_count;
    enum memory_class class_;
};

/* item_size: bytes, a multiple of 8. */
void pool_init(struct pool *pool, struct memory *memory, enum memory_class class_,
               uint32_t item_size);
/* Frees all slabs, whatever is in them. */
void pool_free(struct pool *pool);
/* The index of an item, its bytes unspecified; POOL_NONE if there is no memory. The first ever is
 * 0. */
uint32_t pool_get(struct pool *pool);
void pool_put(struct pool *pool, uint32_t index);

static inline void *pool_at(const struct pool *pool, uint32_t index) {
    struct pool_slab *slab = pool->slabs[index / POOL_SLAB_ITEMS];
    return (uint8_t *)(slab + 1) + (size_t)(index % POOL_SLAB_ITEMS) * pool->item_size;
}

#endif
