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

#endif
