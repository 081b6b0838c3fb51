/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * pool: what a pool promises, as logic: which items of a slab are in use, which were freed, and
 * how the slabs with free items are linked.
 */
#ifndef PROOFS_WP_POOL_H
#define PROOFS_WP_POOL_H

#include "broker/core/pool.h"

/*@ predicate has_room{L}(struct pool_slab *slab) =
      slab->fresh < POOL_SLAB_ITEMS || slab->freed_count > 0; */

/*@ predicate one_left{L}(struct pool_slab *slab) =
      slab->fresh - slab->freed_count == POOL_SLAB_ITEMS - 1; */

/* What was used and is not among the freed. */
/*@ predicate in_use{L}(struct pool_slab *slab, integer item) =
      0 <= item < slab->fresh &&
      \forall integer n; 0 <= n < slab->freed_count ==> slab->freed[n] != item; */

/* Freed items were used, and none is there twice. */
/*@ predicate lawful_slab{L}(struct pool_slab *slab) =
      slab->freed_count <= slab->fresh <= POOL_SLAB_ITEMS &&
      (\forall integer n; 0 <= n < slab->freed_count ==> slab->freed[n] < slab->fresh) &&
      (\forall integer n, m; 0 <= n < m < slab->freed_count ==>
        slab->freed[n] != slab->freed[m]); */

/*@ lemma same_items{A, B}: \forall struct pool_slab *slab;
      lawful_slab{A}(slab) && \at(slab->fresh, A) == \at(slab->fresh, B) &&
      \at(slab->freed_count, A) == \at(slab->freed_count, B) &&
      (\forall integer n; 0 <= n < POOL_SLAB_ITEMS ==>
        \at(slab->freed[n], A) == \at(slab->freed[n], B)) ==> lawful_slab{B}(slab); */

/*@ lemma same_use{A, B}: \forall struct pool_slab *slab, integer item;
      in_use{A}(slab, item) && \at(slab->fresh, A) == \at(slab->fresh, B) <= POOL_SLAB_ITEMS &&
      \at(slab->freed_count, A) == \at(slab->freed_count, B) <= POOL_SLAB_ITEMS &&
      (\forall integer n; 0 <= n < POOL_SLAB_ITEMS ==>
        \at(slab->freed[n], A) == \at(slab->freed[n], B)) ==> in_use{B}(slab, item); */

/* By induction: if as many items are freed as were used, all were, as none is freed twice. So how
 * often an item is freed is counted, and that for the first of them together. */
/*@ logic integer times{L}(struct pool_slab *slab, integer item, integer n) =
      n <= 0 ? 0 : times(slab, item, n - 1) + (slab->freed[n - 1] == item ? 1 : 0);
    logic integer sum{L}(struct pool_slab *slab, integer items, integer n) =
      items <= 0 ? 0 : sum(slab, items - 1, n) + times(slab, items - 1, n); */
/*@ ghost
  /@ requires \valid_read(slab) && lawful_slab(slab);
     assigns \nothing;
     ensures slab->freed_count == slab->fresh ==> \forall integer item; !in_use(slab, item); @/
  void all_freed(const struct pool_slab *slab) {
      uint32_t n = 0;
      uint32_t m = 0;
      /@ loop invariant 0 <= m <= slab->fresh && sum(slab, m, 0) == 0;
         loop assigns m;
         loop variant slab->fresh - m; @/
      while (m < slab->fresh)
          m++;
      /@ loop invariant 0 <= n <= slab->freed_count && sum(slab, slab->fresh, n) == n;
         loop invariant \forall integer item; 0 <= times(slab, item, n) <= 1;
         loop invariant \forall integer item; times(slab, item, n) == 1 <==>
           \exists integer i; 0 <= i < n && slab->freed[i] == item;
         loop assigns n, m;
         loop variant slab->freed_count - n; @/
      while (n < slab->freed_count) {
          m = 0;
          /@ loop invariant 0 <= m <= slab->fresh;
             loop invariant sum(slab, m, n + 1) ==
               sum(slab, m, n) + (slab->freed[n] < m ? 1 : 0);
             loop assigns m;
             loop variant slab->fresh - m; @/
          while (m < slab->fresh)
              m++;
          n++;
      }
      m = 0;
      /@ loop invariant 0 <= m <= slab->fresh && sum(slab, m, n) <= m;
         loop invariant \forall integer item; 0 <= item < m && in_use(slab, item) ==>
           sum(slab, m, n) < m;
         loop assigns m;
         loop variant slab->fresh - m; @/
      while (m < slab->fresh)
          m++;
  } */

/*@ predicate has_slab{L}(struct pool *pool, integer number) =
      0 <= number < pool->slab_count && pool->slabs[number] != \null; */

/* The table and the slabs are there, each in a block of its own. */
/*@ predicate lawful_table{L}(struct pool *pool) =
      \valid(pool) && \base_addr(pool) != \base_addr(pool->slabs) &&
      \valid(pool->slabs + (0 .. pool->slab_count - 1)) &&
      (\forall integer n; has_slab(pool, n) ==> \valid(pool->slabs[n]) &&
        \base_addr(pool->slabs[n]) != \base_addr(pool)) &&
      (\forall integer n, m; has_slab(pool, n) && has_slab(pool, m) && n != m ==>
        \base_addr(pool->slabs[n]) != \base_addr(pool->slabs[m])); */

/* A slab other than the excepted one, that has room. */
/*@ predicate roomy_but{L}(struct pool *pool, integer n, integer except) =
      n != except && has_slab(pool, n) && has_room(pool->slabs[n]); */

/*@ predicate same_slabs{A, B}(struct pool *pool) =
      \at(pool->slab_count, A) == \at(pool->slab_count, B) &&
      \at(pool->slabs, A) == \at(pool->slabs, B) &&
      \forall integer n; 0 <= n < \at(pool->slab_count, A) ==>
        \at(pool->slabs[n], A) == \at(pool->slabs[n], B); */

/*@ predicate same_counts{A, B}(struct pool *pool) =
      \at(pool->slab_capacity, A) == \at(pool->slab_capacity, B) &&
      \at(pool->vacant_count, A) == \at(pool->vacant_count, B) &&
      \at(pool->item_count, A) == \at(pool->item_count, B); */

/* The slabs with room, but for one, are linked to and fro, the first one at roomy. */
/*@ predicate first_but{L}(struct pool *pool, integer except) =
      pool->roomy == POOL_NONE || roomy_but(pool, pool->roomy, except) &&
      pool->slabs[pool->roomy]->previous == POOL_NONE; */
/*@ predicate next_but{L}(struct pool *pool, integer except) =
      \forall integer n; roomy_but(pool, n, except) && pool->slabs[n]->next != POOL_NONE ==>
        roomy_but(pool, pool->slabs[n]->next, except) &&
        pool->slabs[pool->slabs[n]->next]->previous == n; */
/*@ predicate previous_but{L}(struct pool *pool, integer except) =
      \forall integer n; roomy_but(pool, n, except) ==>
        (pool->slabs[n]->previous == POOL_NONE ==> n == pool->roomy) &&
        (pool->slabs[n]->previous != POOL_NONE ==>
          roomy_but(pool, pool->slabs[n]->previous, except) &&
          pool->slabs[pool->slabs[n]->previous]->next == n); */
/*@ predicate listed_but{L}(struct pool *pool, integer except) =
      first_but(pool, except) && next_but(pool, except) && previous_but(pool, except); */
/*@ predicate listed{L}(struct pool *pool) = listed_but(pool, -1); */

/* A list stays one if its links stay and it is to have the same slabs. */
/*@ predicate same_links{A, B}(struct pool *pool, integer n) =
      \at(pool->slabs[n], A) == \at(pool->slabs[n], B) &&
      \at(pool->slabs[n]->next, A) == \at(pool->slabs[n]->next, B) &&
      \at(pool->slabs[n]->previous, A) == \at(pool->slabs[n]->previous, B); */
/*@ lemma listed_still{A, B}: \forall struct pool *pool, integer a, b;
      listed_but{A}(pool, a) && \at(pool->roomy, A) == \at(pool->roomy, B) &&
      (\forall integer n; roomy_but{A}(pool, n, a) ==> same_links{A, B}(pool, n)) &&
      (\forall integer n; roomy_but{A}(pool, n, a) <==> roomy_but{B}(pool, n, b)) ==>
      listed_but{B}(pool, b); */

/* The places but one have the slabs that they had. */
/*@ predicate same_others{A, B}(struct pool *pool, integer except) =
      \forall integer n; n != except ==>
        (has_slab{A}(pool, n) <==> has_slab{B}(pool, n)) &&
        (has_slab{A}(pool, n) ==> \at(pool->slabs[n], A) == \at(pool->slabs[n], B)); */

/* Some operations leave all slabs but one as they were. */
/*@ predicate same_slabs_but{A, B}(struct pool *pool, integer except) =
      \forall integer n; has_slab{A}(pool, n) && n != except ==>
        \at(pool->slabs[n]->fresh, A) == \at(pool->slabs[n]->fresh, B) &&
        \at(pool->slabs[n]->freed_count, A) == \at(pool->slabs[n]->freed_count, B) &&
        \forall integer i; 0 <= i < POOL_SLAB_ITEMS ==>
          \at(pool->slabs[n]->freed[i], A) == \at(pool->slabs[n]->freed[i], B); */

/* The same slabs, in a table that may be another one. */
/*@ predicate same_table{A, B}(struct pool *pool) =
      \at(pool->slab_count, A) == \at(pool->slab_count, B) &&
      \forall integer n; 0 <= n < \at(pool->slab_count, A) ==>
        \at(pool->slabs[n], A) == \at(pool->slabs[n], B); */

/* A slab that is none of the pool's. */
/*@ predicate is_apart{L}(struct pool *pool, struct pool_slab *slab) =
      \base_addr(slab) != \base_addr(pool) &&
      \forall integer n; has_slab(pool, n) ==>
        \base_addr(slab) != \base_addr(pool->slabs[n]); */

/*@ predicate lawful_slabs{L}(struct pool *pool) =
      \forall integer n; has_slab(pool, n) ==> lawful_slab(pool->slabs[n]); */

/* There is a place for each slab, and a number for each of their items. */
/*@ predicate fits{L}(struct pool *pool) =
      pool->slab_count <= pool->slab_capacity &&
      pool->slab_count <= POOL_NONE / POOL_SLAB_ITEMS &&
      \valid(pool->slabs + (0 .. pool->slab_capacity - 1)); */

/* Of the first n places: the items in use, and the places without a slab. */
/*@ logic integer items{L}(struct pool_slab **slabs, integer n) =
      n <= 0 ? 0 : items(slabs, n - 1) +
        (slabs[n - 1] == \null ? 0 : slabs[n - 1]->fresh - slabs[n - 1]->freed_count);
    logic integer vacant{L}(struct pool_slab **slabs, integer n) =
      n <= 0 ? 0 : vacant(slabs, n - 1) + (slabs[n - 1] == \null ? 1 : 0); */
/*@ predicate counted{L}(struct pool *pool) =
      pool->item_count == items(pool->slabs, pool->slab_count) &&
      pool->vacant_count == vacant(pool->slabs, pool->slab_count); */

/* A place without a slab, or the one behind the last. */
/*@ predicate is_place{L}(struct pool *pool, integer number) =
      0 <= number < pool->slab_count && pool->slabs[number] == \null ||
      number == pool->slab_count && pool->slab_count < pool->slab_capacity &&
        pool->slab_count < POOL_NONE / POOL_SLAB_ITEMS; */

/*@ predicate is_unused{L}(struct pool *pool, integer number) =
      has_slab(pool, number) &&
      pool->slabs[number]->fresh == pool->slabs[number]->freed_count;
    predicate one_unused{L}(struct pool *pool) =
      \forall integer n, m; is_unused(pool, n) && is_unused(pool, m) ==> n == m; */

/* By induction: there are no more items than the slabs have room for. */
/*@ ghost
  /@ requires \valid_read(slabs + (0 .. count - 1));
     requires \forall integer n; 0 <= n < count && slabs[n] != \null ==> lawful_slab(slabs[n]);
     assigns \nothing;
     ensures 0 <= vacant(slabs, count) <= count;
     ensures 0 <= items(slabs, count) <= (count - vacant(slabs, count)) * POOL_SLAB_ITEMS; @/
  void all_counted(struct pool_slab *const *slabs, uint32_t count) {
      uint32_t n = 0;
      /@ loop invariant 0 <= n <= count && 0 <= vacant(slabs, n) <= n;
         loop invariant 0 <= items(slabs, n) <= (n - vacant(slabs, n)) * POOL_SLAB_ITEMS;
         loop assigns n;
         loop variant count - n; @/
      while (n < count)
          n++;
  } */

/* By induction: if a slab is unused and another, too, at least two slabs' items are free. */
#define FREE(slabs, n) (((n) - vacant(slabs, n)) * POOL_SLAB_ITEMS - items(slabs, n))
#define IS_UNUSED(slabs, n) \
    ((slabs)[n] != \null && (slabs)[n]->fresh == (slabs)[n]->freed_count)
/*@ ghost
  /@ requires \valid_read(slabs + (0 .. count - 1)) && number < count;
     requires \forall integer n; 0 <= n < count && slabs[n] != \null ==> lawful_slab(slabs[n]);
     assigns \nothing;
     ensures IS_UNUSED(slabs, number) ==>
       \forall integer other; 0 <= other < count && other != number &&
         IS_UNUSED(slabs, other) ==> FREE(slabs, count) >= 2 * POOL_SLAB_ITEMS; @/
  void others_free(struct pool_slab *const *slabs, uint32_t count, uint32_t number) {
      uint32_t n = 0;
      /@ loop invariant 0 <= n <= count && FREE(slabs, n) >= 0;
         loop invariant IS_UNUSED(slabs, number) && number < n ==>
           FREE(slabs, n) >= POOL_SLAB_ITEMS;
         loop invariant \forall integer other; 0 <= other < n && other != number &&
           IS_UNUSED(slabs, other) ==> FREE(slabs, n) >= POOL_SLAB_ITEMS;
         loop invariant IS_UNUSED(slabs, number) && number < n ==>
           \forall integer other; 0 <= other < n && other != number &&
             IS_UNUSED(slabs, other) ==> FREE(slabs, n) >= 2 * POOL_SLAB_ITEMS;
         loop assigns n;
         loop variant count - n; @/
      while (n < count)
          n++;
  } */

/* A pool as every operation leaves it. */
/*@ predicate lawful_pool{L}(struct pool *pool) =
      lawful_table(pool) && fits(pool) && lawful_slabs(pool) && listed(pool) && counted(pool); */

/*@ predicate taken{L}(struct pool *pool, integer number, integer item) =
      has_slab(pool, number) && in_use(pool->slabs[number], item); */

/* What the account of memory changes, and what the list of slabs with room. */
#define ACCOUNT(memory) (memory)->used_bytes[0 .. MEMORY_CLASS_COUNT - 1], \
    (memory)->total_bytes, (memory)->peak_bytes, (memory)->refused_count
#define LINKS(pool) (pool)->slabs[0 .. (pool)->slab_count - 1]->next, \
    (pool)->slabs[0 .. (pool)->slab_count - 1]->previous

#endif
