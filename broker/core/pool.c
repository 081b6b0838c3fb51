/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * pool: slabs of equal items. It knows nothing of what they are.
 *
 * Invariants (proofs/wp/pool.h): a slab is in the list that begins at roomy if and only if it has
 * a free item; at most one slab is empty; no item of a slab is freed twice; item_count is the
 * number of items in use, vacant_count that of vacant places.
 */
#include "broker/core/pool.h"

#include <string.h>

#include "broker/core/core_assert.h"

#define POOL_SLABS_MAX (POOL_NONE / POOL_SLAB_ITEMS)
#define POOL_TABLE_MIN 4u

/*@ requires \valid(pool) && 0 < item_size && item_size % 8 == 0;
    assigns *pool;
    ensures lawful: lawful_pool(pool) && one_unused(pool);
    ensures none: pool->item_count == 0; */
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
    ensures first: first_but(pool, -1) && pool->roomy == number;
    ensures next: next_but(pool, -1);
    ensures previous: previous_but(pool, -1);
    ensures table: lawful_table(pool);
    ensures same: same_slabs{Pre, Post}(pool) && same_counts{Pre, Post}(pool); */
static void slab_link(struct pool *pool, uint32_t number) {
    struct pool_slab *slab = pool->slabs[number];

    slab->next = pool->roomy;
    slab->previous = POOL_NONE;
    if (pool->roomy != POOL_NONE)
        pool->slabs[pool->roomy]->previous = number;
    pool->roomy = number;
    /*@ assert same: same_slabs{Pre, Here}(pool); */
    /*@ assert has: \forall integer n; has_slab(pool, n) <==> has_slab{Pre}(pool, n); */
    /*@ assert table: lawful_table(pool); */
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
    ensures previous: previous_but(pool, number);
    ensures same: same_slabs{Pre, Post}(pool) && same_counts{Pre, Post}(pool); */
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
    ensures \result < pool->slab_count ==> pool->slabs[\result] == \null;
    ensures \result < pool->slab_count ==> pool->vacant_count > 0; */
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

/* The table with so many places, in memory of its own, or NULL. */
/*@ requires pool->slab_count < capacity;
    assigns ACCOUNT(pool->memory);
    assigns \result \from pool->slabs, pool->memory, capacity;
    ensures \result == \null || \valid(\result + (0 .. capacity - 1)) &&
      \base_addr(\result) != \base_addr(pool) &&
      \forall integer n; 0 <= n < pool->slab_count ==> \result[n] == pool->slabs[n]; */
static struct pool_slab **table_resize(struct pool *pool, uint32_t capacity) {
    return memory_resize(pool->memory, pool->class_, pool->slabs,
                         pool->slab_capacity * sizeof *pool->slabs,
                         capacity * sizeof *pool->slabs);
}

/* Makes sure that there is a place behind the last. */
/*@ requires lawful_pool(pool);
    assigns pool->slabs, pool->slab_capacity, ACCOUNT(pool->memory);
    ensures table: lawful_table(pool) && fits(pool);
    ensures slabs: lawful_slabs(pool);
    ensures listed: listed(pool);
    ensures counted: counted(pool) && pool->item_count == \old(pool->item_count);
    ensures same: same_table{Pre, Post}(pool) && same_slabs_but{Pre, Post}(pool, -1);
    ensures \result ==> pool->slab_count < pool->slab_capacity;
    ensures \result ==> pool->slab_count < POOL_SLABS_MAX; */
static bool table_reserve(struct pool *pool) {
    const uint32_t held = pool->slab_capacity;
    const uint32_t capacity = held == 0u ? POOL_TABLE_MIN : held * 2u;
    struct pool_slab **slabs;

    if (pool->slab_count >= POOL_SLABS_MAX)
        return false;
    if (pool->slab_count < held)
        return true;
    slabs = table_resize(pool, capacity);
    if (slabs == NULL)
        return false;
    pool->slabs = slabs;
    pool->slab_capacity = capacity;
    /*@ assert same: same_table{Pre, Here}(pool); */
    /*@ assert has: \forall integer n; has_slab(pool, n) <==> has_slab{Pre}(pool, n); */
    /*@ assert table: lawful_table(pool); */
    /*@ assert same: same_slabs_but{Pre, Here}(pool, -1); */
    /*@ assert lawful: lawful_slabs(pool); */
    /*@ assert roomy: \forall integer n;
          roomy_but{Pre}(pool, n, -1) <==> roomy_but(pool, n, -1); */
    /*@ assert links: \forall integer n; roomy_but{Pre}(pool, n, -1) ==>
          same_links{Pre, Here}(pool, n); */
    /*@ assert listed: listed(pool); */
    /*@ ghost
      uint32_t n = 0;
      /@ loop invariant n <= pool->slab_count;
         loop invariant items(slabs, n) == items{Pre}(\at(pool->slabs, Pre), n);
         loop invariant vacant(slabs, n) == vacant{Pre}(\at(pool->slabs, Pre), n);
         loop assigns n;
         loop variant pool->slab_count - n; @/
      while (n < pool->slab_count)
          n++; */
    return true;
}

/* A slab in memory of its own, or NULL. */
/*@ assigns ACCOUNT(pool->memory);
    assigns \result \from pool->memory, pool->item_size;
    ensures \result == \null || \valid(\result) && is_apart(pool, \result); */
static struct pool_slab *slab_get(struct pool *pool) {
    return memory_get(pool->memory, pool->class_, slab_size_bytes(pool));
}

/* Puts a slab where none was, that is to be linked. */
/*@ requires lawful_pool(pool) && is_place(pool, number);
    requires \valid(slab) && is_apart(pool, slab);
    assigns slab->fresh, slab->freed_count, pool->slabs[number], pool->slab_count,
      pool->vacant_count;
    ensures table: lawful_table(pool) && fits(pool);
    ensures slabs: lawful_slabs(pool);
    ensures listed: listed_but(pool, number);
    ensures counted: counted(pool) && pool->item_count == \old(pool->item_count);
    ensures there: has_slab(pool, number) && pool->slabs[number]->fresh == 0;
    ensures others: same_others{Pre, Post}(pool, number);
    ensures same: same_slabs_but{Pre, Post}(pool, number); */
static void slab_place(struct pool *pool, uint32_t number, struct pool_slab *slab) {
    /*@ ghost
      const uint32_t count = pool->slab_count;
      all_counted(pool->slabs, count); */
    /*@ assert before: listed_but(pool, -1); */
    slab->fresh = 0u;
    slab->freed_count = 0u;
    pool->slabs[number] = slab;
    if (number == pool->slab_count)
        pool->slab_count++;
    else
        pool->vacant_count--;
    /*@ assert others: same_others{Pre, Here}(pool, number); */
    /*@ assert table: lawful_table(pool); */
    /*@ assert same: same_slabs_but{Pre, Here}(pool, number); */
    /*@ assert lawful: lawful_slabs(pool); */
    /*@ assert roomy: \forall integer n;
          roomy_but{Pre}(pool, n, -1) <==> roomy_but(pool, n, number); */
    /*@ assert links: \forall integer n; roomy_but{Pre}(pool, n, -1) ==>
          same_links{Pre, Here}(pool, n); */
    /*@ assert listed: listed_but(pool, number); */
    /*@ ghost
      uint32_t n = 0;
      /@ loop invariant n <= count;
         loop invariant items(pool->slabs, n) == items{Pre}(pool->slabs, n);
         loop invariant vacant(pool->slabs, n) ==
           vacant{Pre}(pool->slabs, n) - (number < n ? 1 : 0);
         loop assigns n;
         loop variant count - n; @/
      while (n < count)
          n++;
      all_counted(pool->slabs, count); */
    /*@ assert one_more: items(pool->slabs, pool->slab_count) == items(pool->slabs, count) &&
          vacant(pool->slabs, pool->slab_count) == vacant(pool->slabs, count); */
}

/* One slab more, the first with room; false: no memory. */
/*@ requires lawful_pool(pool);
    ensures table: lawful_table(pool) && fits(pool);
    ensures slabs: lawful_slabs(pool);
    ensures listed: listed(pool);
    ensures counted: counted(pool);
    ensures items: pool->item_count == \old(pool->item_count);
    ensures none: !\result ==> same_table{Pre, Post}(pool) && pool->roomy == \old(pool->roomy);
    ensures there: \result ==> has_slab(pool, pool->roomy) &&
      pool->slabs[pool->roomy]->fresh == 0 && !\old(has_slab(pool, \at(pool->roomy, Post)));
    ensures others: \result ==> same_others{Pre, Post}(pool, pool->roomy);
    ensures same: same_slabs_but{Pre, Post}(pool, \result ? pool->roomy : -1); */
static bool slab_add(struct pool *pool) {
    const uint32_t number = table_place(pool);
    struct pool_slab *slab;

    if (number == pool->slab_count && !table_reserve(pool))
        return false;
    /*@ assert same: same_table{Pre, Here}(pool) && same_slabs_but{Pre, Here}(pool, -1); */
    /*@ assert none: !has_slab{Pre}(pool, number); */
    slab = slab_get(pool);
    if (slab == NULL)
        return false;
    slab_place(pool, number, slab);
    /*@ assert others: same_others{Pre, Here}(pool, number); */
    /*@ assert same: same_slabs_but{Pre, Here}(pool, number); */
    /*@ ghost placed: ; */
    slab_link(pool, number);
    /*@ assert has: \forall integer n; has_slab(pool, n) <==> has_slab{placed}(pool, n); */
    /*@ assert lawful: lawful_slabs(pool); */
    /*@ assert others: same_others{Pre, Here}(pool, pool->roomy); */
    /*@ assert none: !has_slab{Pre}(pool, \at(pool->roomy, Here)); */
    return true;
}

/* Gives a slab back. */
/*@ assigns ACCOUNT(pool->memory); */
static void slab_put(struct pool *pool, struct pool_slab *slab) {
    memory_put(pool->memory, pool->class_, slab, slab_size_bytes(pool));
}

/*@ requires lawful_pool(pool) && is_unused(pool, number);
    assigns pool->roomy, LINKS(pool), pool->slabs[number], pool->vacant_count,
      ACCOUNT(pool->memory);
    ensures table: lawful_table(pool) && fits(pool);
    ensures slabs: lawful_slabs(pool);
    ensures listed: listed(pool);
    ensures counted: counted(pool) && pool->item_count == \old(pool->item_count);
    ensures gone: !has_slab(pool, number);
    ensures others: same_others{Pre, Post}(pool, number);
    ensures same: same_slabs_but{Pre, Post}(pool, number); */
static void slab_remove(struct pool *pool, uint32_t number) {
    /*@ ghost all_counted(pool->slabs, pool->slab_count); */
    slab_unlink(pool, number);
    slab_put(pool, pool->slabs[number]);
    /*@ ghost unlinked: ; */
    pool->slabs[number] = NULL;
    pool->vacant_count++;
    /*@ assert others: same_others{Pre, Here}(pool, number); */
    /*@ assert table: lawful_table(pool); */
    /*@ assert same: same_slabs_but{Pre, Here}(pool, number); */
    /*@ assert lawful: lawful_slabs(pool); */
    /*@ assert roomy: \forall integer n;
          roomy_but{unlinked}(pool, n, number) <==> roomy_but(pool, n, -1); */
    /*@ assert links: \forall integer n; roomy_but{unlinked}(pool, n, number) ==>
          same_links{unlinked, Here}(pool, n); */
    /*@ assert listed: listed(pool); */
    /*@ ghost
      uint32_t n = 0;
      /@ loop invariant n <= pool->slab_count;
         loop invariant items(pool->slabs, n) == items{Pre}(pool->slabs, n);
         loop invariant vacant(pool->slabs, n) ==
           vacant{Pre}(pool->slabs, n) + (number < n ? 1 : 0);
         loop assigns n;
         loop variant pool->slab_count - n; @/
      while (n < pool->slab_count)
          n++; */
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

/* Counts an item that is about to be taken. With its last free one a slab leaves the list. */
/*@ requires lawful_table(pool) && fits(pool) && listed(pool);
    requires has_slab(pool, number) && has_room(pool->slabs[number]);
    requires lawful_slab(pool->slabs[number]) && pool->item_count < POOL_NONE;
    assigns pool->roomy, pool->item_count, LINKS(pool);
    ensures table: lawful_table(pool) && fits(pool);
    ensures same: same_slabs{Pre, Post}(pool);
    ensures one_more: pool->item_count == \old(pool->item_count) + 1;
    ensures vacant: pool->vacant_count == \old(pool->vacant_count);
    ensures spent: one_left(pool->slabs[number]) ==> listed_but(pool, number);
    ensures left: !one_left(pool->slabs[number]) ==> listed(pool); */
static void slab_lend(struct pool *pool, uint32_t number) {
    if (slab_used(pool->slabs[number]) == POOL_SLAB_ITEMS - 1u)
        slab_unlink(pool, number);
    /*@ ghost linked: ; */
    pool->item_count++;
    /*@ assert same: same_slabs{Pre, Here}(pool); */
    /*@ assert has: \forall integer n; has_slab(pool, n) <==> has_slab{Pre}(pool, n); */
    /*@ assert table: lawful_table(pool); */
    /*@ assert links: \forall integer n; has_slab(pool, n) ==>
          same_links{linked, Here}(pool, n); */
    /*@ assert roomy: \forall integer n, but;
          roomy_but{linked}(pool, n, but) <==> roomy_but(pool, n, but); */
}

/* An item of a slab with room. */
/*@ requires lawful_pool(pool) && has_slab(pool, number) && has_room(pool->slabs[number]);
    assigns pool->roomy, pool->item_count, LINKS(pool), pool->slabs[number]->fresh,
      pool->slabs[number]->freed_count;
    ensures table: lawful_table(pool) && fits(pool);
    ensures slabs: lawful_slabs(pool);
    ensures listed: listed(pool);
    ensures counted: counted(pool);
    ensures one_more: pool->item_count == \old(pool->item_count) + 1;
    ensures used: !is_unused(pool, number);
    ensures taken: taken(pool, number, \result) && !\old(taken(pool, number, \at(\result, Post)));
    ensures others: \forall integer item; item != \result ==>
      (taken(pool, number, item) <==> \old(taken(pool, number, item)));
    ensures table_same: same_slabs{Pre, Post}(pool);
    ensures same: same_slabs_but{Pre, Post}(pool, number); */
static uint32_t item_take(struct pool *pool, uint32_t number) {
    struct pool_slab *slab = pool->slabs[number];
    uint32_t item;

    /*@ ghost all_counted(pool->slabs, pool->slab_count); */
    slab_lend(pool, number);
    /*@ assert lawful: lawful_slabs(pool); */
    /*@ ghost lent: ; */
    item = slab_take(slab);
    /*@ assert apart: \forall integer n; has_slab(pool, n) && n != number ==>
          \base_addr(pool->slabs[n]) != \base_addr(slab); */
    /*@ assert others: same_slabs_but{Pre, Here}(pool, number); */
    /*@ ghost
      if (slab->fresh - slab->freed_count == POOL_SLAB_ITEMS) {
          /@ assert spent: \forall integer n;
               roomy_but{lent}(pool, n, number) <==> roomy_but(pool, n, -1); @/
          /@ assert links: \forall integer n; roomy_but{lent}(pool, n, number) ==>
               same_links{lent, Here}(pool, n); @/
          /@ assert listed: listed(pool); @/
      } else {
          /@ assert left: \forall integer n;
               roomy_but{lent}(pool, n, -1) <==> roomy_but(pool, n, -1); @/
          /@ assert links: \forall integer n; roomy_but{lent}(pool, n, -1) ==>
               same_links{lent, Here}(pool, n); @/
          /@ assert listed: listed(pool); @/
      } */
    /*@ assert listed: listed(pool); */
    /*@ assert table: lawful_table(pool) && fits(pool); */
    /*@ assert lawful: lawful_slabs(pool); */
    /*@ ghost
      uint32_t n = 0;
      /@ loop invariant n <= pool->slab_count;
         loop invariant items(pool->slabs, n) ==
           items{Pre}(pool->slabs, n) + (number < n ? 1 : 0);
         loop assigns n;
         loop variant pool->slab_count - n; @/
      while (n < pool->slab_count)
          n++; */
    /*@ assert counted: counted(pool); */
    return item;
}

/* Counts an item that was given back. With its first free one a slab comes into the list. */
/*@ requires lawful_table(pool) && fits(pool);
    requires has_slab(pool, number) && has_room(pool->slabs[number]);
    requires lawful_slab(pool->slabs[number]) && pool->item_count > 0;
    requires one_left(pool->slabs[number]) ==> listed_but(pool, number);
    requires !one_left(pool->slabs[number]) ==> listed(pool);
    assigns pool->roomy, pool->item_count, LINKS(pool);
    ensures table: lawful_table(pool) && fits(pool);
    ensures same: same_slabs{Pre, Post}(pool);
    ensures one_less: pool->item_count == \old(pool->item_count) - 1;
    ensures vacant: pool->vacant_count == \old(pool->vacant_count);
    ensures listed: listed(pool); */
static void slab_regain(struct pool *pool, uint32_t number) {
    if (slab_used(pool->slabs[number]) == POOL_SLAB_ITEMS - 1u)
        slab_link(pool, number);
    /*@ assert listed: listed_but(pool, -1); */
    /*@ ghost linked: ; */
    pool->item_count--;
    /*@ assert same: same_slabs{Pre, Here}(pool); */
    /*@ assert has: \forall integer n; has_slab(pool, n) <==> has_slab{Pre}(pool, n); */
    /*@ assert table: lawful_table(pool); */
    /*@ assert links: \forall integer n; has_slab(pool, n) ==>
          same_links{linked, Here}(pool, n); */
    /*@ assert roomy: \forall integer n;
          roomy_but{linked}(pool, n, -1) <==> roomy_but(pool, n, -1); */
}

/* Gives an item back to its slab. */
/*@ requires lawful_pool(pool) && taken(pool, number, item);
    requires pool->slabs[number]->freed_count < pool->slabs[number]->fresh;
    assigns pool->roomy, pool->item_count, LINKS(pool),
      pool->slabs[number]->freed[0 .. POOL_SLAB_ITEMS - 1], pool->slabs[number]->freed_count;
    ensures table: lawful_table(pool) && fits(pool);
    ensures slabs: lawful_slabs(pool);
    ensures listed: listed(pool);
    ensures counted: counted(pool);
    ensures one_less: pool->item_count == \old(pool->item_count) - 1;
    ensures vacant: pool->vacant_count == \old(pool->vacant_count);
    ensures given: !taken(pool, number, item);
    ensures others: \forall integer other; other != item ==>
      (taken(pool, number, other) <==> \old(taken(pool, number, other)));
    ensures table_same: same_slabs{Pre, Post}(pool);
    ensures same: same_slabs_but{Pre, Post}(pool, number); */
static void item_give(struct pool *pool, uint32_t number, uint8_t item) {
    struct pool_slab *slab = pool->slabs[number];

    slab_give(slab, item);
    /*@ assert apart: \forall integer n; has_slab(pool, n) && n != number ==>
          \base_addr(pool->slabs[n]) != \base_addr(slab); */
    /*@ assert others: same_slabs_but{Pre, Here}(pool, number); */
    /*@ ghost
      if (slab->fresh - slab->freed_count == POOL_SLAB_ITEMS - 1) {
          /@ assert spent: \forall integer n;
               roomy_but(pool, n, number) <==> roomy_but{Pre}(pool, n, -1); @/
          /@ assert listed: listed_but(pool, number); @/
      } else {
          /@ assert left: \forall integer n;
               roomy_but(pool, n, -1) <==> roomy_but{Pre}(pool, n, -1); @/
          /@ assert listed: listed(pool); @/
      } */
    /*@ assert lawful: lawful_slabs(pool); */
    /*@ ghost
      uint32_t n = 0;
      /@ loop invariant n <= pool->slab_count;
         loop invariant items(pool->slabs, n) ==
           items{Pre}(pool->slabs, n) - (number < n ? 1 : 0);
         loop assigns n;
         loop variant pool->slab_count - n; @/
      while (n < pool->slab_count)
          n++;
      all_counted(pool->slabs, pool->slab_count); */
    slab_regain(pool, number);
}

/* What can be handed out without a slab more. */
/*@ requires lawful_pool(pool);
    assigns \nothing;
    ensures \result == (pool->slab_count - pool->vacant_count) * POOL_SLAB_ITEMS -
      pool->item_count; */
static uint32_t free_count(const struct pool *pool) {
    /*@ ghost all_counted(pool->slabs, pool->slab_count); */
    return (pool->slab_count - pool->vacant_count) * POOL_SLAB_ITEMS - pool->item_count;
}

/* Makes sure that a slab has room. */
/*@ requires lawful_pool(pool);
    ensures lawful: lawful_pool(pool);
    ensures items: pool->item_count == \old(pool->item_count);
    ensures room: \result ==> pool->roomy != POOL_NONE;
    ensures unused: \forall integer n; is_unused(pool, n) && (\result ==> n != pool->roomy) ==>
      \old(is_unused(pool, n));
    ensures taken: \forall integer number, item;
      taken(pool, number, item) <==> \old(taken(pool, number, item)); */
static bool room_reserve(struct pool *pool) {
    return pool->roomy != POOL_NONE || slab_add(pool);
}

/*@ requires lawful_pool(pool) && one_unused(pool);
    ensures lawful: lawful_pool(pool);
    ensures unused: one_unused(pool);
    ensures none: \result == POOL_NONE ==> pool->item_count == \old(pool->item_count) &&
      \forall integer number, item;
        taken(pool, number, item) <==> \old(taken(pool, number, item));
    ensures one: \result != POOL_NONE ==> pool->item_count == \old(pool->item_count) + 1 &&
      taken(pool, \result / POOL_SLAB_ITEMS, \result % POOL_SLAB_ITEMS) &&
      !\old(taken(pool, \at(\result, Post) / POOL_SLAB_ITEMS,
                  \at(\result, Post) % POOL_SLAB_ITEMS));
    ensures others: \result != POOL_NONE ==> \forall integer number, item;
      number != \result / POOL_SLAB_ITEMS || item != \result % POOL_SLAB_ITEMS ==>
        (taken(pool, number, item) <==> \old(taken(pool, number, item))); */
uint32_t pool_get(struct pool *pool) {
    uint32_t number;
    uint32_t item;

    if (!room_reserve(pool))
        return POOL_NONE;
    number = pool->roomy;
    /*@ ghost ready: ; */
    item = item_take(pool, number);
    /*@ assert others: \forall integer other, item; other != number ==>
          (taken(pool, other, item) <==> taken{ready}(pool, other, item)); */
    /*@ assert unused: \forall integer n; is_unused(pool, n) ==> is_unused{Pre}(pool, n); */
    /*@ assert range: number < POOL_NONE / POOL_SLAB_ITEMS && item < POOL_SLAB_ITEMS; */
    return number * POOL_SLAB_ITEMS + item;
}

/*@ requires lawful_pool(pool) && one_unused(pool);
    requires taken(pool, index / POOL_SLAB_ITEMS, index % POOL_SLAB_ITEMS);
    ensures lawful: lawful_pool(pool);
    ensures unused: one_unused(pool);
    ensures one: pool->item_count == \old(pool->item_count) - 1 &&
      !taken(pool, index / POOL_SLAB_ITEMS, index % POOL_SLAB_ITEMS);
    ensures others: \forall integer number, item;
      number != index / POOL_SLAB_ITEMS || item != index % POOL_SLAB_ITEMS ==>
        (taken(pool, number, item) <==> \old(taken(pool, number, item))); */
void pool_put(struct pool *pool, uint32_t index) {
    const uint32_t number = index / POOL_SLAB_ITEMS;
    const uint8_t item = (uint8_t)(index % POOL_SLAB_ITEMS);
    struct pool_slab *slab;

    CORE_ASSERT(number < pool->slab_count && pool->slabs[number] != NULL);
    slab = pool->slabs[number];
    /*@ ghost all_freed(slab); */
    CORE_ASSERT(slab->freed_count < slab->fresh && item < slab->fresh);
    item_give(pool, number, item);
    /*@ assert others: \forall integer n, i; n != number || i != item ==>
          (taken(pool, n, i) <==> taken{Pre}(pool, n, i)); */
    /*@ assert unused: \forall integer n; n != number && is_unused(pool, n) ==>
          is_unused{Pre}(pool, n); */
    /*@ ghost
      all_freed(slab);
      others_free(pool->slabs, pool->slab_count, number);
      given: ; */
    /*@ assert spare: is_unused(pool, number) && (pool->slab_count - pool->vacant_count) *
          POOL_SLAB_ITEMS - pool->item_count <= POOL_SLAB_ITEMS ==>
          \forall integer n; is_unused(pool, n) ==> n == number; */
    /* One empty slab is kept if no other has room, or the next item would bring it back. */
    if (slab_used(slab) == 0u && free_count(pool) > POOL_SLAB_ITEMS)
        slab_remove(pool, number);
    /*@ assert others: \forall integer n, i; n != number ==>
          (taken(pool, n, i) <==> taken{given}(pool, n, i)); */
    /*@ assert unused: \forall integer n; n != number && is_unused(pool, n) ==>
          is_unused{given}(pool, n); */
    /*@ assert kept: is_unused(pool, number) ==>
          \forall integer n; is_unused(pool, n) ==> n == number; */
    /*@ assert itself: \forall integer i;
          taken(pool, number, i) <==> taken{given}(pool, number, i); */
}
