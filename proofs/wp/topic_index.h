/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * topic_index: what the index of a tree of topics promises, as logic: places in a ring, in which a
 * node stands where its hash leads to (its home) or behind that, with no empty place between.
 */
#ifndef PROOFS_WP_TOPIC_INDEX_H
#define PROOFS_WP_TOPIC_INDEX_H

#include "broker/core/topic_tree.h"

/*@ logic integer home(integer hash, integer capacity) = hash * capacity / 4294967296; */

/*@ lemma home_is_a_place: \forall integer hash, capacity;
      0 <= hash < 4294967296 && 0 < capacity ==> 0 <= home(hash, capacity) < capacity; */

/* From one place of the ring forwards to another. */
/*@ logic integer distance(integer from, integer to, integer capacity) =
      from <= to ? to - from : to - from + capacity; */

/*@ lemma on_the_way: \forall integer from, first, then, to, capacity;
      0 <= from < capacity && 0 <= first < capacity && 0 <= then < capacity &&
      0 <= to < capacity && distance(from, first, capacity) < distance(from, to, capacity) &&
      distance(first, then, capacity) < distance(first, to, capacity) ==>
      distance(from, then, capacity) < distance(from, to, capacity); */
/*@ lemma not_so_far: \forall integer from, before, gap, to, capacity;
      0 <= from < capacity && 0 <= before < capacity && 0 <= gap < capacity &&
      0 <= to < capacity && distance(gap, to, capacity) <= distance(from, to, capacity) &&
      distance(from, before, capacity) < distance(from, gap, capacity) ==>
      distance(from, before, capacity) < distance(from, to, capacity); */

/*@ predicate is_empty{L}(struct topic_tree_slot *slots, integer place) =
      slots[place].node == TOPIC_TREE_NONE; */

/* How many of the first n places are not empty. */
/*@ logic integer used{L}(struct topic_tree_slot *slots, integer n) =
      n <= 0 ? 0 : used(slots, n - 1) + (slots[n - 1].node == TOPIC_TREE_NONE ? 0 : 1); */

/*@ predicate has_empty{L}(struct topic_tree_slot *slots, integer capacity) =
      \exists integer place; 0 <= place < capacity && is_empty(slots, place); */

/* No place from a hash's home up to that place is empty. */
/*@ predicate run{L}(struct topic_tree_slot *slots, integer capacity, integer hash,
                     integer place) =
      \forall integer before; 0 <= before < capacity &&
        distance(home(hash, capacity), before, capacity) <
          distance(home(hash, capacity), place, capacity) ==> !is_empty(slots, before); */

/* So a search finds all that is there, but for what stands at except. */
/*@ predicate runs_but{L}(struct topic_tree_slot *slots, integer capacity, integer except) =
      \forall integer place; 0 <= place < capacity && place != except &&
        !is_empty(slots, place) ==> run(slots, capacity, slots[place].hash, place); */
/*@ predicate runs{L}(struct topic_tree_slot *slots, integer capacity) =
      runs_but(slots, capacity, -1); */

/* The run of what stands at a place goes over another. */
/*@ predicate passes{L}(struct topic_tree_slot *slots, integer capacity, integer place,
                        integer over) =
      distance(home(slots[place].hash, capacity), over, capacity) <
        distance(home(slots[place].hash, capacity), place, capacity); */

/*@ predicate same{A, B}(struct topic_tree_slot *slots, integer place) =
      \at(slots[place].hash, A) == \at(slots[place].hash, B) &&
      \at(slots[place].node, A) == \at(slots[place].node, B); */

/* A node under a hash stands in one of the places but one. */
/*@ predicate stands_but{L}(struct topic_tree_slot *slots, integer capacity, integer hash,
                            integer node, integer except) =
      \exists integer place; 0 <= place < capacity && place != except &&
        slots[place].hash == hash && slots[place].node == node; */

/*@ predicate stands{L}(struct topic_tree_slot *slots, integer capacity, integer hash,
                        integer node) = stands_but(slots, capacity, hash, node, -1); */

/* A tree whose index has places, in memory of their own. */
/*@ predicate has_places{L}(struct topic_tree *tree) =
      \valid(tree) && 0 < tree->slot_capacity &&
      \valid(tree->slots + (0 .. tree->slot_capacity - 1)) &&
      \separated(tree, tree->slots + (0 .. tree->slot_capacity - 1)); */

/*@ predicate counted{L}(struct topic_tree *tree) =
      tree->slot_count == used(tree->slots, tree->slot_capacity); */

/* An index as every operation leaves it: none yet, or one that is at most three quarters full. */
/*@ predicate lawful_index{L}(struct topic_tree *tree) =
      \valid(tree) && \separated(tree, tree->memory) &&
      (tree->slot_capacity == 0 ==> tree->slots == \null && tree->slot_count == 0) &&
      (tree->slot_capacity > 0 ==> has_places(tree) && 8 <= tree->slot_capacity &&
        runs(tree->slots, tree->slot_capacity) && counted(tree) &&
        4 * tree->slot_count <= 3 * tree->slot_capacity); */

/*@ predicate same_nodes{A, B}(struct topic_tree *tree) =
      \forall uint32_t hash, node; node != TOPIC_TREE_NONE ==>
        (stands{A}(\at(tree->slots, A), \at(tree->slot_capacity, A), hash, node) <==>
         stands{B}(\at(tree->slots, B), \at(tree->slot_capacity, B), hash, node)); */

/* Levels. */
/*@ predicate is_level{L}(struct ella_slice level) =
      level.off <= level.end && \valid_read(level.base + (level.off .. level.end - 1)); */
/*@ predicate same_bytes{L}(uint8_t *a, uint8_t *b, integer len) =
      \forall integer i; 0 <= i < len ==> a[i] == b[i];
    predicate same_level{L}(struct ella_slice a, struct ella_slice b) =
      a.end - a.off == b.end - b.off &&
      same_bytes(a.base + a.off, b.base + b.off, a.end - a.off); */

/* What node_is() says of a node, and the hash of bytes: nothing is known of either, but that the
 * same question has the same answer as long as nothing changes. */
/*@ axiomatic unknown {
      predicate is_node(struct topic_tree *tree, integer node, integer parent,
                        struct ella_slice level);
      logic integer hash_of{L}(integer k0, integer k1, integer prefix, uint8_t *data,
                               integer len) reads data[0 .. len - 1];
    } */

/* The hash of a child: of all bytes of a short level, or of a digest of a long one. Whoever keeps
 * the digest has the same hash as who does not. */
/*@ logic integer level_digest{L}(struct topic_tree *tree, struct ella_slice level) =
      hash_of(tree->key.k0, tree->key.k1, 0, level.base + level.off, level.end - level.off);
    logic integer near_hash{L}(struct topic_tree *tree, integer parent, struct ella_slice level) =
      hash_of(tree->key.k0, tree->key.k1, parent, level.base + level.off, level.end - level.off);
    logic integer far_hash{L}(struct topic_tree *tree, integer parent, struct ella_slice level) =
      hash_of(tree->key.k0, tree->key.k1, level_digest(tree, level) ^ parent, \null, 0); */

/*@ assigns \nothing;
    ensures \result == hash_of(key.k0, key.k1, prefix, data, len); */
uint64_t hash_bytes(struct hash_key key, uint64_t prefix, const uint8_t *data, uint32_t len);

/*@ assigns *memory; */
void memory_put(struct memory *memory, enum memory_class class_, void *block, size_t size);

/* By induction: an index without nodes uses no place, of the first places no more are used than of
 * all, and an index with fewer nodes than places has an empty one. */
/*@ ghost
  /@ requires \valid_read(slots + (0 .. capacity - 1));
     requires \forall integer place; 0 <= place < capacity ==> is_empty(slots, place);
     assigns \nothing;
     ensures used(slots, capacity) == 0; @/
  void none_used(const struct topic_tree_slot *slots, uint32_t capacity) {
      uint32_t n = 0;
      /@ loop invariant 0 <= n <= capacity && used(slots, n) == 0;
         loop assigns n;
         loop variant capacity - n; @/
      while (n < capacity)
          n++;
  } */
/*@ ghost
  /@ requires \valid_read(slots + (0 .. capacity - 1));
     assigns \nothing;
     ensures \forall integer first; 0 <= first <= capacity ==>
       used(slots, first) <= used(slots, capacity); @/
  void none_above(const struct topic_tree_slot *slots, uint32_t capacity) {
      uint32_t n = 0;
      /@ loop invariant 0 <= n <= capacity;
         loop invariant \forall integer first; 0 <= first <= n ==>
           used(slots, first) <= used(slots, n);
         loop assigns n;
         loop variant capacity - n; @/
      while (n < capacity)
          n++;
  } */
/*@ ghost
  /@ requires \valid_read(slots + (0 .. capacity - 1));
     requires used(slots, capacity) < capacity;
     assigns \nothing;
     ensures has_empty(slots, capacity); @/
  void some_is_empty(const struct topic_tree_slot *slots, uint32_t capacity) {
      uint32_t n = 0;
      /@ loop invariant 0 <= n <= capacity;
         loop invariant used(slots, n) == n || has_empty(slots, n);
         loop assigns n;
         loop variant capacity - n; @/
      while (n < capacity)
          n++;
  } */

#endif
