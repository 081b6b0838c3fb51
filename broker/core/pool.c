/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * pool: slabs of equal items. It knows nothing of what they are.
 *
 * Invariants: a slab is in the list that begins at roomy if and only if it has a free item; at
 * most one slab is empty; item_count is the sum of all used_count.
 */
#include "broker/core/pool.h"

#include <string.h>

#include "broker/core/core_assert.h"

#define POOL_SLABS_MAX (POOL_NONE / POOL_SLAB_ITEMS)
#define POOL_TABLE_MIN 4u

void pool_init(struct pool *pool, struct memory *memory, enum memory_class class_,
               uint32_t item_size) {
    CORE_ASSERT(item_size > 0u && item_size % 8u == 0u);
    memset(pool, 0, sizeof *pool);
    pool->memory = memory;
    pool->class_ = class_;
    pool->item_size = item_size;
    pool->roomy = POOL_NONE;
}

static size_t slab_size_bytes(const struct pool *pool) {
    return sizeof(struct pool_slab) + (size_t)pool->item_size * POOL_SLAB_ITEMS;
}

void pool_free(struct pool *pool) {
    for (uint32_t number = 0; number < pool->slab_count; number++) {
        if (pool->slabs[number] != NULL)
            memory_put(pool->memory, pool->class_, pool->slabs[number], slab_size_bytes(pool));
    }
    memory_put(pool->memory, pool->class_, pool->slabs, pool->slab_capacity * sizeof *pool->slabs);
    pool_init(pool, pool->memory, pool->class_, pool->item_size);
}

static void slab_link(struct pool *pool, uint32_t number) {
    struct pool_slab *slab = pool->slabs[number];

    slab->next = pool->roomy;
    slab->previous = POOL_NONE;
    if (pool->roomy != POOL_NONE)
        pool->slabs[pool->roomy]->previous = number;
    pool->roomy = number;
}

static void slab_unlink(struct pool *pool, uint32_t number) {
    const struct pool_slab *slab = pool->slabs[number];

    if (slab->next != POOL_NONE)
        pool->slabs[slab->next]->previous = slab->previous;
    if (slab->previous != POOL_NONE)
        pool->slabs[slab->previous]->next = slab->next;
    else
        pool->roomy = slab->next;
}

static bool table_reserve(struct pool *pool) {
    uint32_t capacity = pool->slab_capacity == 0u ? POOL_TABLE_MIN : pool->slab_capacity * 2u;
    struct pool_slab **slabs;

    if (pool->vacant_count > 0u || pool->slab_count < pool->slab_capacity)
        return true;
    if (pool->slab_count >= POOL_SLABS_MAX)
        return false;
    slabs = memory_resize(pool->memory, pool->class_, pool->slabs,
                          pool->slab_capacity * sizeof *slabs, capacity * sizeof *slabs);
    if (slabs == NULL)
        return false;
    pool->slabs = slabs;
    pool->slab_capacity = capacity;
    return true;
}

/* The lowest vacant place, so that the table stays as short as it can. */
static uint32_t table_take_place(struct pool *pool) {
    uint32_t number = 0u;

    if (pool->vacant_count == 0u)
        return pool->slab_count++;
    while (pool->slabs[number] != NULL)
        number++;
    pool->vacant_count--;
    return number;
}

static bool slab_add(struct pool *pool) {
    struct pool_slab *slab;
    uint32_t number;

    if (!table_reserve(pool))
        return false;
    slab = memory_get(pool->memory, pool->class_, slab_size_bytes(pool));
    if (slab == NULL)
        return false;
    memset(slab, 0, sizeof *slab);
    slab->free_first = POOL_SLAB_ITEMS;
    number = table_take_place(pool);
    pool->slabs[number] = slab;
    slab_link(pool, number);
    return true;
}

/* Freed items are taken first; the next one of their list stands in their first two bytes. */
static uint16_t slab_take_item(struct pool *pool, uint32_t number) {
    struct pool_slab *slab = pool->slabs[number];
    uint16_t item = slab->free_first;

    if (item == POOL_SLAB_ITEMS)
        item = slab->fresh++;
    else
        memcpy(&slab->free_first, pool_at(pool, number * POOL_SLAB_ITEMS + item), sizeof item);
    slab->used_count++;
    if (slab->used_count == POOL_SLAB_ITEMS)
        slab_unlink(pool, number);
    return item;
}

uint32_t pool_get(struct pool *pool) {
    uint32_t number;

    if (pool->roomy == POOL_NONE && !slab_add(pool))
        return POOL_NONE;
    number = pool->roomy;
    pool->item_count++;
    return number * POOL_SLAB_ITEMS + slab_take_item(pool, number);
}

static void slab_remove(struct pool *pool, uint32_t number) {
    slab_unlink(pool, number);
    memory_put(pool->memory, pool->class_, pool->slabs[number], slab_size_bytes(pool));
    pool->slabs[number] = NULL;
    pool->vacant_count++;
}

void pool_put(struct pool *pool, uint32_t index) {
    const uint32_t number = index / POOL_SLAB_ITEMS;
    const uint16_t item = (uint16_t)(index % POOL_SLAB_ITEMS);
    struct pool_slab *slab;

    CORE_ASSERT(number < pool->slab_count && pool->slabs[number] != NULL);
    slab = pool->slabs[number];
    CORE_ASSERT(slab->used_count > 0u && item < slab->fresh);
    memcpy(pool_at(pool, index), &slab->free_first, sizeof slab->free_first);
    slab->free_first = item;
    if (slab->used_count == POOL_SLAB_ITEMS)
        slab_link(pool, number);
    slab->used_count--;
    pool->item_count--;
    /* One empty slab is kept if no other has room, or the next item would bring it back. */
    if (slab->used_count == 0u && (slab->next != POOL_NONE || slab->previous != POOL_NONE))
        slab_remove(pool, number);
}
