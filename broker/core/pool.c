/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * pool: slabs of equal items. It knows nothing of what they are.
 *
 * Invariants: a slab is in the list that begins at roomy if and only if it has a free item; at
 * most one slab is empty; no item of a slab is freed twice (proofs/wp/pool.h); item_count is the
 * number of items in use, vacant_count that of vacant places.
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

/* ---- The list of slabs with free items ---- */

/*@ requires lawful_table(pool) && listed_but(pool, number);
    requires has_slab(pool, number) && has_room(pool->slabs[number]);
    assigns pool->roomy, pool->slabs[0 .. pool->slab_count - 1]->next,
      pool->slabs[0 .. pool->slab_count - 1]->previous;
    ensures first: first_but(pool, -1);
    ensures next: next_but(pool, -1);
    ensures previous: previous_but(pool, -1); */
static void slab_link(struct pool *pool, uint32_t number) {
    struct pool_slab *slab = pool->slabs[number];

    slab->next = pool->roomy;
    slab->previous = POOL_NONE;
    if (pool->roomy != POOL_NONE)
        pool->slabs[pool->roomy]->previous = number;
    pool->roomy = number;
    /*@ assert same: same_slabs{Pre, Here}(pool); */
    /*@ assert roomy: \forall integer n;
          roomy_but{Pre}(pool, n, number) ==> roomy_but(pool, n, -1) && n != number; */
    /*@ assert not_roomy: \forall integer n;
          roomy_but(pool, n, -1) ==> n == number || roomy_but{Pre}(pool, n, number); */
    /*@ assert itself: roomy_but(pool, number, -1) &&
          pool->slabs[number]->next == \at(pool->roomy, Pre) &&
          pool->slabs[number]->previous == POOL_NONE; */
    /*@ assert behind: \at(pool->roomy, Pre) != POOL_NONE ==>
          pool->slabs[\at(pool->roomy, Pre)]->previous == number &&
          roomy_but(pool, \at(pool->roomy, Pre), -1); */
    /*@ assert next: \forall integer n; has_slab(pool, n) && n != number ==>
          pool->slabs[n]->next == \at(pool->slabs[n]->next, Pre); */
    /*@ assert previous: \forall integer n;
          has_slab(pool, n) && n != number && n != \at(pool->roomy, Pre) ==>
          pool->slabs[n]->previous == \at(pool->slabs[n]->previous, Pre); */
}

/*@ requires lawful_table(pool) && listed(pool);
    requires has_slab(pool, number) && has_room(pool->slabs[number]);
    assigns pool->roomy, pool->slabs[0 .. pool->slab_count - 1]->next,
      pool->slabs[0 .. pool->slab_count - 1]->previous;
    ensures first: first_but(pool, number);
    ensures next: next_but(pool, number);
    ensures previous: previous_but(pool, number); */
static void slab_unlink(struct pool *pool, uint32_t number) {
    const struct pool_slab *slab = pool->slabs[number];

    if (slab->next != POOL_NONE)
        pool->slabs[slab->next]->previous = slab->previous;
    if (slab->previous != POOL_NONE)
        pool->slabs[slab->previous]->next = slab->next;
    else
        pool->roomy = slab->next;
    /*@ assert same: same_slabs{Pre, Here}(pool); */
    /*@ assert roomy: \forall integer n;
          roomy_but{Pre}(pool, n, -1) ==> n == number || roomy_but(pool, n, number); */
    /*@ assert not_roomy: \forall integer n;
          roomy_but(pool, n, number) ==> n != number && roomy_but{Pre}(pool, n, -1); */
    /*@ assert after: \at(pool->slabs[number]->next, Pre) != POOL_NONE &&
          \at(pool->slabs[number]->next, Pre) != number ==>
          roomy_but(pool, \at(pool->slabs[number]->next, Pre), number) &&
          pool->slabs[\at(pool->slabs[number]->next, Pre)]->previous ==
            \at(pool->slabs[number]->previous, Pre); */
    /*@ assert before: \at(pool->slabs[number]->previous, Pre) != POOL_NONE &&
          \at(pool->slabs[number]->previous, Pre) != number ==>
          roomy_but(pool, \at(pool->slabs[number]->previous, Pre), number) &&
          pool->slabs[\at(pool->slabs[number]->previous, Pre)]->next ==
            \at(pool->slabs[number]->next, Pre) && pool->roomy == \at(pool->roomy, Pre); */
    /*@ assert next: \forall integer n;
          has_slab(pool, n) && n != \at(pool->slabs[number]->previous, Pre) ==>
          pool->slabs[n]->next == \at(pool->slabs[n]->next, Pre); */
    /*@ assert previous: \forall integer n;
          has_slab(pool, n) && n != \at(pool->slabs[number]->next, Pre) ==>
          pool->slabs[n]->previous == \at(pool->slabs[n]->previous, Pre); */
}

/* ---- Slabs ---- */

/* The lowest vacant place, so that the table stays as short as it can, or the one behind the
 * last. */
/*@ requires \valid(pool) && \valid(pool->slabs + (0 .. pool->slab_count - 1));
    assigns \nothing;
    ensures \result <= pool->slab_count;
    ensures \result < pool->slab_count ==> pool->slabs[\result] == \null; */
static uint32_t table_place(const struct pool *pool) {
    uint32_t number = 0u;

    if (pool->vacant_count == 0u)
        return pool->slab_count;
    /*@ loop invariant number <= pool->slab_count;
        loop assigns number;
        loop variant pool->slab_count - number; */
    while (number < pool->slab_count && pool->slabs[number] != NULL)
        number++;
    return number;
}

/* Makes sure that there is a place behind the last. */
static bool table_reserve(struct pool *pool) {
    const uint32_t held = pool->slab_capacity;
    const uint32_t capacity = held == 0u ? POOL_TABLE_MIN : held * 2u;
    struct pool_slab **slabs;

    if (pool->slab_count < held)
        return true;
    if (pool->slab_count >= POOL_SLABS_MAX)
        return false;
    slabs = memory_resize(pool->memory, pool->class_, pool->slabs, held * sizeof *slabs,
                          capacity * sizeof *slabs);
    if (slabs == NULL)
        return false;
    pool->slabs = slabs;
    pool->slab_capacity = capacity;
    return true;
}

static bool slab_add(struct pool *pool) {
    const uint32_t number = table_place(pool);
    struct pool_slab *slab;

    if (number == pool->slab_count && !table_reserve(pool))
        return false;
    slab = memory_get(pool->memory, pool->class_, slab_size_bytes(pool));
    if (slab == NULL)
        return false;
    slab->fresh = 0u;
    slab->freed_count = 0u;
    pool->slabs[number] = slab;
    if (number == pool->slab_count)
        pool->slab_count++;
    else
        pool->vacant_count--;
    slab_link(pool, number);
    return true;
}

static void slab_remove(struct pool *pool, uint32_t number) {
    slab_unlink(pool, number);
    memory_put(pool->memory, pool->class_, pool->slabs[number], slab_size_bytes(pool));
    pool->slabs[number] = NULL;
    pool->vacant_count++;
}

/* ---- Items ---- */

/*@ requires \valid(slab) && lawful_slab(slab);
    assigns \nothing;
    ensures \result == slab->fresh - slab->freed_count; */
static uint32_t slab_used(const struct pool_slab *slab) {
    return (uint32_t)slab->fresh - slab->freed_count;
}

/* An item that was not in use; the freed ones are taken first. */
/*@ requires \valid(slab) && lawful_slab(slab) && has_room(slab);
    assigns slab->fresh, slab->freed_count;
    ensures lawful_slab(slab);
    ensures slab->fresh - slab->freed_count == \old(slab->fresh - slab->freed_count) + 1;
    ensures in_use(slab, \result) && !\old(in_use(slab, \at(\result, Post)));
    ensures \forall integer other; other != \result ==>
      (in_use(slab, other) <==> \old(in_use(slab, other))); */
static uint32_t slab_take(struct pool_slab *slab) {
    if (slab->freed_count == 0u)
        return slab->fresh++;
    slab->freed_count--;
    return slab->freed[slab->freed_count];
}

/*@ requires \valid(slab) && lawful_slab(slab) && in_use(slab, item);
    requires slab->freed_count < slab->fresh;
    assigns slab->freed[slab->freed_count], slab->freed_count;
    ensures lawful_slab(slab);
    ensures slab->fresh - slab->freed_count == \old(slab->fresh - slab->freed_count) - 1;
    ensures !in_use(slab, item);
    ensures \forall integer other; other != item ==>
      (in_use(slab, other) <==> \old(in_use(slab, other))); */
static void slab_give(struct pool_slab *slab, uint8_t item) {
    slab->freed[slab->freed_count] = item;
    slab->freed_count++;
}

uint32_t pool_get(struct pool *pool) {
    struct pool_slab *slab;
    uint32_t number;

    if (pool->roomy == POOL_NONE && !slab_add(pool))
        return POOL_NONE;
    number = pool->roomy;
    slab = pool->slabs[number];
    if (slab_used(slab) == POOL_SLAB_ITEMS - 1u)
        slab_unlink(pool, number);
    pool->item_count++;
    return number * POOL_SLAB_ITEMS + slab_take(slab);
}

void pool_put(struct pool *pool, uint32_t index) {
    const uint32_t number = index / POOL_SLAB_ITEMS;
    const uint8_t item = (uint8_t)(index % POOL_SLAB_ITEMS);
    struct pool_slab *slab;

    CORE_ASSERT(number < pool->slab_count && pool->slabs[number] != NULL);
    slab = pool->slabs[number];
    CORE_ASSERT(slab->freed_count < slab->fresh && item < slab->fresh);
    slab_give(slab, item);
    pool->item_count--;
    if (slab_used(slab) == POOL_SLAB_ITEMS - 1u)
        slab_link(pool, number);
    /* One empty slab is kept if no other has room, or the next item would bring it back. */
    if (slab_used(slab) == 0u && (slab->next != POOL_NONE || slab->previous != POOL_NONE))
        slab_remove(pool, number);
}
