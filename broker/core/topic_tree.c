/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * topic_tree: nodes and their index. It knows nothing of wildcards or values.
 *
 * Invariants: every node but the root is in the index once, under the hash of its parent's number
 * and its level; between a node's slot and the one its hash points to no slot is empty;
 * slot_count is at most three quarters of slot_capacity; child_count is the number of nodes whose
 * parent this is.
 */
#include "broker/core/topic_tree.h"

#include "broker/core/core_assert.h"

#define TOPIC_TREE_SLOTS_MIN 16u
#define TOPIC_TREE_SALT 0x746f706963u
#define HASH_COUNT 4294967296u

bool topic_tree_init(struct topic_tree *tree, struct memory *memory, uint32_t value_size,
                     uint64_t hash_seed) {
    memset(tree, 0, sizeof *tree);
    tree->memory = memory;
    tree->key = hash_key_of(hash_seed, TOPIC_TREE_SALT);
    pool_init(&tree->nodes, memory, MEMORY_TOPIC,
              (uint32_t)sizeof(struct topic_tree_node) + value_size);
    if (pool_get(&tree->nodes) != TOPIC_TREE_ROOT) {
        pool_free(&tree->nodes);
        return false;
    }
    memset(topic_tree_at(tree, TOPIC_TREE_ROOT), 0, tree->nodes.item_size);
    return true;
}

/*@ assigns \nothing; */
static size_t slots_size_bytes(uint32_t capacity) {
    return capacity * sizeof(struct topic_tree_slot);
}

void topic_tree_free(struct topic_tree *tree) {
    CORE_ASSERT(tree->slot_count == 0u);
    memory_put(tree->memory, MEMORY_TOPIC, tree->slots, slots_size_bytes(tree->slot_capacity));
    pool_free(&tree->nodes);
}

/* ---- Index ---- */

/* A level of more bytes goes into the hash of a node by a digest, which whoever looks for it again
 * keeps in *digest; 0: not there yet. */
#define TOPIC_TREE_WHOLE_LEN_MAX 64u

/*@ requires \valid_read(tree) && \valid(digest) && \separated(tree, digest);
    requires level.off <= level.end;
    requires *digest == 0 || *digest == level_digest(tree, level);
    assigns *digest;
    ensures digest: *digest == \old(*digest) || *digest == level_digest(tree, level);
    ensures near: level.end - level.off <= TOPIC_TREE_WHOLE_LEN_MAX ==>
      \result == (uint32_t)near_hash(tree, parent, level);
    ensures far: level.end - level.off > TOPIC_TREE_WHOLE_LEN_MAX ==>
      \result == (uint32_t)far_hash(tree, parent, level); */
static uint32_t child_hash(const struct topic_tree *tree, uint32_t parent, struct ella_slice level,
                           uint64_t *digest) {
    const uint8_t *bytes = ella_slice_data(level);
    const uint32_t len = ella_slice_len(level);

    if (len <= TOPIC_TREE_WHOLE_LEN_MAX)
        return (uint32_t)hash_bytes(tree->key, parent, bytes, len);
    if (*digest == 0u)
        *digest = hash_bytes(tree->key, 0u, bytes, len);
    return (uint32_t)hash_bytes(tree->key, *digest ^ parent, NULL, 0u);
}

/* Hashes keep their order as places, so that moving to a larger index reads and writes it from
 * end to end. */
/*@ requires has_places(tree);
    assigns \nothing;
    ensures \result == home(hash, tree->slot_capacity);
    ensures \result < tree->slot_capacity; */
static uint32_t slot_home(const struct topic_tree *tree, uint32_t hash) {
    return (uint32_t)((uint64_t)hash * tree->slot_capacity / HASH_COUNT);
}

/*@ requires has_places(tree) && slot < tree->slot_capacity;
    assigns \nothing;
    ensures \result < tree->slot_capacity;
    ensures \result == (slot + 1 == tree->slot_capacity ? 0 : slot + 1); */
static uint32_t slot_after(const struct topic_tree *tree, uint32_t slot) {
    return slot + 1u == tree->slot_capacity ? 0u : slot + 1u;
}

/* From one place forwards to another. */
/*@ requires has_places(tree) && from < tree->slot_capacity && to < tree->slot_capacity;
    assigns \nothing;
    ensures \result == distance(from, to, tree->slot_capacity);
    ensures \result < tree->slot_capacity; */
static uint32_t slot_distance(const struct topic_tree *tree, uint32_t from, uint32_t to) {
    return from <= to ? to - from : to + (tree->slot_capacity - from);
}

/* The first empty place from where the hash leads. */
/*@ requires has_places(tree) && has_empty(tree->slots, tree->slot_capacity);
    assigns \nothing;
    ensures \result < tree->slot_capacity && is_empty(tree->slots, \result);
    ensures run(tree->slots, tree->slot_capacity, hash, \result); */
static uint32_t slot_vacant(const struct topic_tree *tree, uint32_t hash) {
    uint32_t slot = slot_home(tree, hash);

    /*@ loop invariant slot < tree->slot_capacity;
        loop invariant run(tree->slots, tree->slot_capacity, hash, slot);
        loop assigns slot;
        loop variant tree->slot_capacity -
          distance(home(hash, tree->slot_capacity), slot, tree->slot_capacity); */
    while (tree->slots[slot].node != TOPIC_TREE_NONE)
        slot = slot_after(tree, slot);
    return slot;
}

/* One place more is used, and all that is there is found. */
/*@ requires has_places(tree) && counted(tree) && tree->slot_count < tree->slot_capacity;
    requires entry.node != TOPIC_TREE_NONE;
    requires runs(tree->slots, tree->slot_capacity);
    assigns tree->slots[0 .. tree->slot_capacity - 1], tree->slot_count;
    ensures runs(tree->slots, tree->slot_capacity);
    ensures counted(tree) && tree->slot_count == \old(tree->slot_count) + 1;
    ensures \forall uint32_t hash, node; node != TOPIC_TREE_NONE ==>
      (stands(tree->slots, tree->slot_capacity, hash, node) <==>
       \old(stands(tree->slots, tree->slot_capacity, hash, node)) ||
       hash == entry.hash && node == entry.node); */
static void slot_insert(struct topic_tree *tree, struct topic_tree_slot entry) {
    uint32_t slot;

    /*@ ghost some_is_empty(tree->slots, tree->slot_capacity); */
    slot = slot_vacant(tree, entry.hash);
    tree->slot_count++;
    /*@ assert \forall integer place; 0 <= place < tree->slot_capacity ==>
          same{Pre, Here}(tree->slots, place); */
    tree->slots[slot] = entry;
    /*@ assert runs(tree->slots, tree->slot_capacity); */
    /*@ assert stands(tree->slots, tree->slot_capacity, entry.hash, entry.node); */
    /*@ assert \forall integer place; 0 <= place < tree->slot_capacity && place != slot ==>
          same{Pre, Here}(tree->slots, place); */
    /*@ assert \forall uint32_t hash, node; node != TOPIC_TREE_NONE &&
          stands{Pre}(tree->slots, tree->slot_capacity, hash, node) ==>
          stands(tree->slots, tree->slot_capacity, hash, node); */
    /*@ assert \forall uint32_t hash, node; node != TOPIC_TREE_NONE &&
          stands(tree->slots, tree->slot_capacity, hash, node) ==>
          stands{Pre}(tree->slots, tree->slot_capacity, hash, node) ||
          hash == entry.hash && node == entry.node; */
    /*@ ghost
      uint32_t n = 0;
      /@ loop invariant n <= tree->slot_capacity;
         loop invariant used(tree->slots, n) == used{Pre}(tree->slots, n) + (slot < n ? 1 : 0);
         loop assigns n;
         loop variant tree->slot_capacity - n; @/
      while (n < tree->slot_capacity)
          n++; */
}

/* Puts what stands in another index into one that is empty. */
/*@ requires has_places(tree) && used(old, old_capacity) < tree->slot_capacity;
    requires tree->slot_count == 0;
    requires \forall integer place; 0 <= place < tree->slot_capacity ==>
      is_empty(tree->slots, place);
    requires \valid_read(old + (0 .. old_capacity - 1));
    requires \separated(tree, old + (0 .. old_capacity - 1),
                        tree->slots + (0 .. tree->slot_capacity - 1));
    assigns tree->slots[0 .. tree->slot_capacity - 1], tree->slot_count;
    ensures runs(tree->slots, tree->slot_capacity);
    ensures counted(tree) && tree->slot_count == \old(used(old, old_capacity));
    ensures \forall uint32_t hash, node; node != TOPIC_TREE_NONE ==>
      (stands(tree->slots, tree->slot_capacity, hash, node) <==>
       \old(stands(old, old_capacity, hash, node))); */
static void slots_fill(struct topic_tree *tree, const struct topic_tree_slot *old,
                       uint32_t old_capacity) {
    /*@ ghost
      struct topic_tree_slot *const slots = tree->slots;
      const uint32_t capacity = tree->slot_capacity;
      none_used(slots, capacity);
      none_above(old, old_capacity); */
    /*@ loop invariant has_places(tree) && tree->slots == slots;
        loop invariant tree->slot_capacity == capacity;
        loop invariant slot <= old_capacity && runs(slots, capacity);
        loop invariant \forall integer place; 0 <= place < old_capacity ==>
          same{Pre, Here}(old, place);
        loop invariant counted(tree) && tree->slot_count == used{Pre}(old, slot);
        loop invariant \forall uint32_t hash, node; node != TOPIC_TREE_NONE ==>
          (stands(slots, capacity, hash, node) <==> stands{Pre}(old, slot, hash, node));
        loop assigns slot, slots[0 .. capacity - 1], tree->slot_count;
        loop variant old_capacity - slot; */
    for (uint32_t slot = 0; slot < old_capacity; slot++) {
        /*@ assert used{Pre}(old, slot + 1) <= used{Pre}(old, old_capacity); */
        /*@ assert used{Pre}(old, slot + 1) ==
              used{Pre}(old, slot) + (old[slot].node == TOPIC_TREE_NONE ? 0 : 1); */
        /*@ assert stands{Pre}(old, slot + 1, old[slot].hash, old[slot].node); */
        /*@ assert \forall uint32_t hash, node; stands{Pre}(old, slot, hash, node) ==>
              stands{Pre}(old, slot + 1, hash, node); */
        /*@ assert \forall uint32_t hash, node; stands{Pre}(old, slot + 1, hash, node) ==>
              stands{Pre}(old, slot, hash, node) ||
              hash == old[slot].hash && node == old[slot].node; */
        if (old[slot].node != TOPIC_TREE_NONE)
            slot_insert(tree, old[slot]);
    }
}

/* So many empty places in memory of their own, or NULL. */
/*@ requires capacity > 0;
    assigns *tree->memory;
    assigns \result \from tree->memory, capacity;
    ensures \result == \null ||
      \valid(\result + (0 .. capacity - 1)) &&
      \separated(\result + (0 .. capacity - 1), tree) &&
      \separated(\result + (0 .. capacity - 1), tree->slots + (0 .. tree->slot_capacity - 1)) &&
      \forall integer place; 0 <= place < capacity ==> is_empty(\result, place); */
static struct topic_tree_slot *slots_get(struct topic_tree *tree, uint32_t capacity) {
    return memory_get_zero(tree->memory, MEMORY_TOPIC, slots_size_bytes(capacity));
}

/* The same nodes in an index of that many places; false: no memory, and nothing has changed. */
/*@ requires lawful_index(tree) && 8 <= capacity && 4 * tree->slot_count <= 3 * capacity;
    ensures lawful_index(tree) && tree->slot_count == \old(tree->slot_count);
    ensures tree->slot_capacity == (\result ? capacity : \old(tree->slot_capacity));
    ensures same_nodes{Pre, Post}(tree); */
static bool slots_resize(struct topic_tree *tree, uint32_t capacity) {
    struct topic_tree_slot *old = tree->slots;
    const uint32_t old_capacity = tree->slot_capacity;
    struct topic_tree_slot *slots = slots_get(tree, capacity);

    if (slots == NULL)
        return false;
    tree->slots = slots;
    tree->slot_capacity = capacity;
    tree->slot_count = 0u;
    /*@ ghost
      uint32_t n = 0;
      /@ loop invariant n <= old_capacity && used(old, n) == used{Pre}(old, n);
         loop assigns n;
         loop variant old_capacity - n; @/
      while (n < old_capacity)
          n++; */
    /*@ assert \forall integer place; 0 <= place < old_capacity ==>
          same{Pre, Here}(old, place); */
    /*@ assert \forall uint32_t hash, node;
          stands{Pre}(old, old_capacity, hash, node) <==>
          stands(old, old_capacity, hash, node); */
    slots_fill(tree, old, old_capacity);
    memory_put(tree->memory, MEMORY_TOPIC, old, slots_size_bytes(old_capacity));
    return true;
}

/* Makes sure that there is a place for one node more. */
/*@ requires lawful_index(tree);
    ensures lawful_index(tree) && tree->slot_count == \old(tree->slot_count);
    ensures \result ==> 4 * (tree->slot_count + 1) <= 3 * tree->slot_capacity;
    ensures same_nodes{Pre, Post}(tree); */
static bool slots_reserve(struct topic_tree *tree) {
    const uint32_t capacity = tree->slot_capacity;

    if ((uint64_t)(tree->slot_count + 1u) * 4u <= (uint64_t)capacity * 3u)
        return true;
    if (capacity > UINT32_MAX / 2u)
        return false;
    return slots_resize(tree, capacity == 0u ? TOPIC_TREE_SLOTS_MIN : capacity + capacity / 2u);
}

/* Moves what stands at slot back into the gap, over which its run goes. */
/*@ requires has_places(tree) && slot < tree->slot_capacity && gap < tree->slot_capacity;
    requires slot != gap && !is_empty(tree->slots, slot) && !is_empty(tree->slots, gap);
    requires distance(gap, slot, tree->slot_capacity) <=
      distance(home(tree->slots[slot].hash, tree->slot_capacity), slot, tree->slot_capacity);
    requires runs_but(tree->slots, tree->slot_capacity, gap);
    assigns tree->slots[gap];
    ensures tree->slots[gap] == tree->slots[slot];
    ensures runs_but(tree->slots, tree->slot_capacity, slot);
    ensures \forall uint32_t hash, node;
      stands_but(tree->slots, tree->slot_capacity, hash, node, slot) <==>
      \old(stands_but(tree->slots, tree->slot_capacity, hash, node, gap)); */
static void slot_move(struct topic_tree *tree, uint32_t slot, uint32_t gap) {
    /*@ assert run(tree->slots, tree->slot_capacity, tree->slots[slot].hash, slot); */
    /*@ assert run(tree->slots, tree->slot_capacity, tree->slots[slot].hash, gap); */
    tree->slots[gap].hash = tree->slots[slot].hash;
    tree->slots[gap].node = tree->slots[slot].node;
    /*@ assert \forall integer place; 0 <= place < tree->slot_capacity ==>
          (is_empty(tree->slots, place) <==> is_empty{Pre}(tree->slots, place)); */
}

/* One place less is used; no run may go over it. */
/*@ requires has_places(tree);
    requires slot < tree->slot_capacity && !is_empty(tree->slots, slot);
    requires runs_but(tree->slots, tree->slot_capacity, slot);
    requires \forall integer place; 0 <= place < tree->slot_capacity &&
      !is_empty(tree->slots, place) ==>
      !passes(tree->slots, tree->slot_capacity, place, slot);
    requires counted(tree);
    assigns tree->slots[slot].node, tree->slot_count;
    ensures runs(tree->slots, tree->slot_capacity);
    ensures counted(tree) && tree->slot_count == \old(tree->slot_count) - 1;
    ensures is_empty(tree->slots, slot);
    ensures \forall uint32_t hash, node; node != TOPIC_TREE_NONE ==>
      (stands(tree->slots, tree->slot_capacity, hash, node) <==>
       \old(stands_but(tree->slots, tree->slot_capacity, hash, node, slot))); */
static void slot_empty(struct topic_tree *tree, uint32_t slot) {
    tree->slots[slot].node = TOPIC_TREE_NONE;
    /*@ assert runs(tree->slots, tree->slot_capacity); */
    /*@ assert \forall uint32_t hash, node; node != TOPIC_TREE_NONE ==>
          (stands(tree->slots, tree->slot_capacity, hash, node) <==>
           stands_but{Pre}(tree->slots, tree->slot_capacity, hash, node, slot)); */
    tree->slot_count--;
    /*@ assert \forall integer place; 0 <= place < tree->slot_capacity ==>
          (is_empty(tree->slots, place) <==> place == slot || is_empty{Pre}(tree->slots, place));
     */
    /*@ ghost
      uint32_t n = 0;
      /@ loop invariant n <= tree->slot_capacity;
         loop invariant 0 <= used(tree->slots, n);
         loop invariant used(tree->slots, n) == used{Pre}(tree->slots, n) - (slot < n ? 1 : 0);
         loop assigns n;
         loop variant tree->slot_capacity - n; @/
      while (n < tree->slot_capacity)
          n++; */
}

/* Closes the gap by moving back what may move, so that no run is ever broken by a removal. */
/*@ requires has_places(tree) && has_empty(tree->slots, tree->slot_capacity);
    requires gap < tree->slot_capacity && !is_empty(tree->slots, gap);
    requires runs(tree->slots, tree->slot_capacity);
    requires counted(tree);
    assigns tree->slots[0 .. tree->slot_capacity - 1], tree->slot_count;
    ensures runs(tree->slots, tree->slot_capacity);
    ensures counted(tree) && tree->slot_count == \old(tree->slot_count) - 1;
    ensures \forall uint32_t hash, node; node != TOPIC_TREE_NONE ==>
      (stands(tree->slots, tree->slot_capacity, hash, node) <==>
       \old(stands_but(tree->slots, tree->slot_capacity, hash, node, gap))); */
static void slot_clear(struct topic_tree *tree, uint32_t gap) {
    struct topic_tree_slot *const slots = tree->slots;
    uint32_t slot = slot_after(tree, gap);
    /*@ ghost const uint32_t capacity = tree->slot_capacity; */

    /*@ loop invariant has_places(tree) && tree->slots == slots;
        loop invariant tree->slot_capacity == capacity;
        loop invariant gap < capacity && slot < capacity;
        loop invariant distance(\at(gap, Pre), gap, capacity) <
          distance(\at(gap, Pre), slot, capacity);
        loop invariant \forall integer place; 0 <= place < capacity ==>
          (is_empty(slots, place) <==> is_empty{Pre}(slots, place));
        loop invariant \forall integer place; 0 <= place < capacity &&
          distance(\at(gap, Pre), place, capacity) < distance(\at(gap, Pre), slot, capacity) ==>
          !is_empty(slots, place);
        loop invariant runs_but(slots, capacity, gap);
        loop invariant \forall integer place; 0 <= place < capacity &&
          0 < distance(gap, place, capacity) < distance(gap, slot, capacity) ==>
          distance(home(slots[place].hash, capacity), place, capacity) <
            distance(gap, place, capacity);
        loop invariant \forall uint32_t hash, node;
          stands_but(slots, capacity, hash, node, gap) <==>
          stands_but{Pre}(slots, capacity, hash, node, \at(gap, Pre));
        loop assigns slot, gap, slots[0 .. capacity - 1];
        loop variant capacity - distance(\at(gap, Pre), slot, capacity); */
    while (slots[slot].node != TOPIC_TREE_NONE) {
        const uint32_t home = slot_home(tree, slots[slot].hash);

        if (slot_distance(tree, home, slot) >= slot_distance(tree, gap, slot)) {
            slot_move(tree, slot, gap);
            gap = slot;
        }
        slot = slot_after(tree, slot);
    }
    /*@ ghost
      uint32_t n = 0;
      /@ loop invariant n <= capacity && used(slots, n) == used{Pre}(slots, n);
         loop assigns n;
         loop variant capacity - n; @/
      while (n < capacity)
          n++; */
    /*@ assert \forall integer place; 0 <= place < capacity && !is_empty(slots, place) &&
          place != gap && distance(gap, place, capacity) < distance(gap, slot, capacity) ==>
          !passes(slots, capacity, place, gap); */
    /*@ assert \forall integer place; 0 <= place < capacity && !is_empty(slots, place) &&
          distance(gap, slot, capacity) < distance(gap, place, capacity) ==>
          !passes(slots, capacity, place, slot); */
    /*@ assert \forall integer place; 0 <= place < capacity && !is_empty(slots, place) &&
          distance(gap, slot, capacity) < distance(gap, place, capacity) ==>
          !passes(slots, capacity, place, gap); */
    slot_empty(tree, gap);
}

/* Where a node stands. */
/*@ requires has_places(tree);
    requires \exists integer place; 0 <= place < tree->slot_capacity &&
      tree->slots[place].node == node;
    assigns \nothing;
    ensures \result < tree->slot_capacity && tree->slots[\result].node == node; */
static uint32_t slot_of(const struct topic_tree *tree, uint32_t hash, uint32_t node) {
    uint32_t slot = slot_home(tree, hash);

    /*@ loop invariant slot < tree->slot_capacity;
        loop invariant \forall integer before; 0 <= before < tree->slot_capacity &&
          distance(home(hash, tree->slot_capacity), before, tree->slot_capacity) <
            distance(home(hash, tree->slot_capacity), slot, tree->slot_capacity) ==>
          tree->slots[before].node != node;
        loop assigns slot;
        loop variant tree->slot_capacity -
          distance(home(hash, tree->slot_capacity), slot, tree->slot_capacity); */
    while (tree->slots[slot].node != node)
        slot = slot_after(tree, slot);
    return slot;
}

/*@ requires lawful_index(tree) && node != TOPIC_TREE_NONE;
    requires \exists integer place; 0 <= place < tree->slot_capacity &&
      tree->slots[place].node == node;
    ensures lawful_index(tree) && tree->slot_count == \old(tree->slot_count) - 1;
    ensures \forall uint32_t hash, other; other != TOPIC_TREE_NONE && other != node ==>
      (stands(tree->slots, tree->slot_capacity, hash, other) <==>
       \old(stands(tree->slots, tree->slot_capacity, hash, other))); */
static void slot_remove(struct topic_tree *tree, uint32_t hash, uint32_t node) {
    /*@ ghost some_is_empty(tree->slots, tree->slot_capacity); */
    slot_clear(tree, slot_of(tree, hash, node));
    /* A smaller index is a wish: without memory for it the larger one serves as well. */
    if (tree->slot_capacity > TOPIC_TREE_SLOTS_MIN && tree->slot_count < tree->slot_capacity / 4u)
        (void)slots_resize(tree, tree->slot_capacity / 2u);
}

/* ---- Nodes ---- */

static bool level_set(struct topic_tree *tree, union topic_tree_bytes *out,
                      struct ella_slice level) {
    const uint32_t len = ella_slice_len(level);
    uint8_t *bytes = out->near.bytes;

    CORE_ASSERT(len <= ELLA_STRING_LEN_MAX);
    if (len > TOPIC_TREE_INLINE_LEN_MAX) {
        bytes = memory_get(tree->memory, MEMORY_TOPIC, len);
        if (bytes == NULL)
            return false;
        out->far.bytes = bytes;
    }
    out->near.len = (uint16_t)len;
    if (len > 0u)
        memcpy(bytes, ella_slice_data(level), len);
    return true;
}

static void level_clear(struct topic_tree *tree, union topic_tree_bytes *level) {
    if (level->near.len > TOPIC_TREE_INLINE_LEN_MAX)
        memory_put(tree->memory, MEMORY_TOPIC, level->far.bytes, level->far.len);
}

/*@ requires \valid_read(a + (0 .. len - 1)) && \valid_read(b + (0 .. len - 1));
    assigns \nothing;
    ensures \result <==> same_bytes(a, b, len); */
static bool bytes_are(const uint8_t *a, const uint8_t *b, uint32_t len) {
    return len == 0u || memcmp(a, b, len) == 0;
}

/* Whether a level is that one, byte by byte. */
/*@ requires is_level(own) && is_level(level);
    assigns \nothing;
    ensures \result <==> same_level(own, level); */
static bool level_is(struct ella_slice own, struct ella_slice level) {
    const uint32_t len = ella_slice_len(level);

    //= v3/4.7.3-4 v5/4.7.3-4
    return ella_slice_len(own) == len &&
           bytes_are(ella_slice_data(own), ella_slice_data(level), len);
}

/*@ assigns \nothing;
    ensures \result <==> is_node(tree, node, parent, level); */
static bool node_is(const struct topic_tree *tree, uint32_t node, uint32_t parent,
                    struct ella_slice level) {
    return topic_tree_at(tree, node)->parent == parent &&
           level_is(topic_tree_level(tree, node), level);
}

/* The node with that hash, parent and level. */
/*@ requires lawful_index(tree) && tree->slot_capacity > 0;
    assigns \nothing;
    ensures found: \result != TOPIC_TREE_NONE ==>
      stands(tree->slots, tree->slot_capacity, hash, \result) &&
      is_node(tree, \result, parent, level);
    ensures missed: \result == TOPIC_TREE_NONE ==> \forall uint32_t node;
      node != TOPIC_TREE_NONE && stands(tree->slots, tree->slot_capacity, hash, node) ==>
      !is_node(tree, node, parent, level); */
static uint32_t slot_find(const struct topic_tree *tree, uint32_t hash, uint32_t parent,
                          struct ella_slice level) {
    uint32_t slot = slot_home(tree, hash);

    /*@ ghost some_is_empty(tree->slots, tree->slot_capacity); */
    /*@ loop invariant slot < tree->slot_capacity;
        loop invariant run(tree->slots, tree->slot_capacity, hash, slot);
        loop invariant \forall integer before; 0 <= before < tree->slot_capacity &&
          distance(home(hash, tree->slot_capacity), before, tree->slot_capacity) <
            distance(home(hash, tree->slot_capacity), slot, tree->slot_capacity) ==>
          tree->slots[before].hash != hash ||
          !is_node(tree, tree->slots[before].node, parent, level);
        loop assigns slot;
        loop variant tree->slot_capacity -
          distance(home(hash, tree->slot_capacity), slot, tree->slot_capacity); */
    while (tree->slots[slot].node != TOPIC_TREE_NONE) {
        if (tree->slots[slot].hash == hash && node_is(tree, tree->slots[slot].node, parent, level))
            return tree->slots[slot].node;
        slot = slot_after(tree, slot);
    }
    return TOPIC_TREE_NONE;
}

/*@ assigns \nothing; */
uint32_t topic_tree_child(const struct topic_tree *tree, uint32_t parent,
                          struct ella_slice level) {
    uint64_t digest = 0u;

    return topic_tree_child_again(tree, parent, level, &digest);
}

uint32_t topic_tree_child_again(const struct topic_tree *tree, uint32_t parent,
                                struct ella_slice level, uint64_t *digest) {
    if (topic_tree_at(tree, parent)->child_count == 0u)
        return TOPIC_TREE_NONE;
    return slot_find(tree, child_hash(tree, parent, level, digest), parent, level);
}

uint32_t topic_tree_add(struct topic_tree *tree, uint32_t parent, struct ella_slice level) {
    uint64_t digest = 0u;
    struct topic_tree_slot entry = {child_hash(tree, parent, level, &digest), TOPIC_TREE_NONE};
    struct topic_tree_node *node;

    if (!slots_reserve(tree))
        return TOPIC_TREE_NONE;
    entry.node = pool_get(&tree->nodes);
    if (entry.node == POOL_NONE)
        return TOPIC_TREE_NONE;
    node = topic_tree_at(tree, entry.node);
    memset(node, 0, tree->nodes.item_size);
    if (!level_set(tree, &node->level, level)) {
        pool_put(&tree->nodes, entry.node);
        return TOPIC_TREE_NONE;
    }
    node->parent = parent;
    slot_insert(tree, entry);
    topic_tree_at(tree, parent)->child_count++;
    return entry.node;
}

void topic_tree_remove(struct topic_tree *tree, uint32_t node) {
    struct topic_tree_node *at = topic_tree_at(tree, node);
    uint64_t digest = 0u;

    CORE_ASSERT(node != TOPIC_TREE_ROOT && at->child_count == 0u);
    slot_remove(tree, child_hash(tree, at->parent, topic_tree_level(tree, node), &digest), node);
    topic_tree_at(tree, at->parent)->child_count--;
    level_clear(tree, &at->level);
    pool_put(&tree->nodes, node);
}

/*@ requires path.len < UINT32_MAX && \valid_read(path.bytes + (0 .. path.len - 1));
    assigns \nothing; */
uint32_t topic_tree_find(const struct topic_tree *tree, struct topic_path path) {
    uint32_t node = TOPIC_TREE_ROOT;
    uint32_t at = 0u;

    /*@ loop invariant at <= path.len + 1;
        loop assigns at, node;
        loop variant path.len + 1 - at; */
    while (!topic_path_ends(path, at)) {
        const struct ella_slice level = topic_path_level(path, at);

        node = topic_tree_child(tree, node, level);
        if (node == TOPIC_TREE_NONE)
            return TOPIC_TREE_NONE;
        at = level.end + 1u;
    }
    return node;
}
