/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * topic_index: unit for the proof of the index of a tree of topics. The driver puts a node into it
 * as topic_tree_add() does.
 */
#include "wp/topic_index.h"

#include "broker/core/topic_tree.c"

/*@ requires lawful_index(tree) && entry.node != TOPIC_TREE_NONE;
    ensures lawful_index(tree);
    ensures tree->slot_count == \old(tree->slot_count) + (\result ? 1 : 0);
    ensures \result ==> stands(tree->slots, tree->slot_capacity, entry.hash, entry.node);
    ensures \forall uint32_t hash, node; node != TOPIC_TREE_NONE && node != entry.node ==>
      (stands(tree->slots, tree->slot_capacity, hash, node) <==>
       \old(stands(tree->slots, tree->slot_capacity, hash, node))); */
bool index_add(struct topic_tree *tree, struct topic_tree_slot entry) {
    if (!slots_reserve(tree))
        return false;
    slot_insert(tree, entry);
    return true;
}
