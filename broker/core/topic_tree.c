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
static uint32_t slot_home(const struct topic_tree *tree, uint32_t hash) {
    return (uint32_t)(((uint64_t)hash * tree->slot_capacity) >> 32u);
}

static uint32_t slot_after(const struct topic_tree *tree, uint32_t slot) {
    return slot + 1u == tree->slot_capacity ? 0u : slot + 1u;
}

static void slot_insert(struct topic_tree *tree, struct topic_tree_slot entry) {
    uint32_t slot = slot_home(tree, entry.hash);
    while (tree->slots[slot].node != TOPIC_TREE_NONE)
        slot = slot_after(tree, slot);
    tree->slots[slot] = entry;
}

static bool slots_resize(struct topic_tree *tree, uint32_t capacity) {
    struct topic_tree_slot *old = tree->slots;
    const uint32_t old_capacity = tree->slot_capacity;
    struct topic_tree_slot *slots =
        memory_get_zero(tree->memory, MEMORY_TOPIC, slots_size_bytes(capacity));

    if (slots == NULL)
        return false;
    tree->slots = slots;
    tree->slot_capacity = capacity;
    for (uint32_t slot = 0; slot < old_capacity; slot++) {
        if (old[slot].node != TOPIC_TREE_NONE)
            slot_insert(tree, old[slot]);
    }
    memory_put(tree->memory, MEMORY_TOPIC, old, slots_size_bytes(old_capacity));
    return true;
}

static bool slots_reserve(struct topic_tree *tree) {
    const uint32_t capacity = tree->slot_capacity;

    if ((uint64_t)(tree->slot_count + 1u) * 4u <= (uint64_t)capacity * 3u)
        return true;
    if (capacity > UINT32_MAX / 2u)
        return false;
    return slots_resize(tree, capacity == 0u ? TOPIC_TREE_SLOTS_MIN : capacity + capacity / 2u);
}

/* Closes the gap by moving back what may move, so that no run is ever broken by a removal. */
static void slot_clear(struct topic_tree *tree, uint32_t gap) {
    const uint32_t capacity = tree->slot_capacity;
    uint32_t slot = gap;

    for (;;) {
        struct topic_tree_slot entry;
        uint32_t from_home;
        slot = slot_after(tree, slot);
        entry = tree->slots[slot];
        if (entry.node == TOPIC_TREE_NONE)
            break;
        from_home = (slot + capacity - slot_home(tree, entry.hash)) % capacity;
        if (from_home >= (slot + capacity - gap) % capacity) {
            tree->slots[gap] = entry;
            gap = slot;
        }
    }
    tree->slots[gap].node = TOPIC_TREE_NONE;
}

static void slot_remove(struct topic_tree *tree, uint32_t hash, uint32_t node) {
    uint32_t slot = slot_home(tree, hash);

    while (tree->slots[slot].node != node)
        slot = slot_after(tree, slot);
    slot_clear(tree, slot);
    tree->slot_count--;
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

static bool node_is(const struct topic_tree *tree, uint32_t node, uint32_t parent,
                    struct ella_slice level) {
    const uint32_t len = ella_slice_len(level);
    const struct ella_slice own = topic_tree_level(tree, node);

    //= v3/4.7.3-4 v5/4.7.3-4
    return topic_tree_at(tree, node)->parent == parent && ella_slice_len(own) == len &&
           (len == 0u || memcmp(ella_slice_data(own), ella_slice_data(level), len) == 0);
}

uint32_t topic_tree_child(const struct topic_tree *tree, uint32_t parent,
                          struct ella_slice level) {
    uint64_t digest = 0u;

    return topic_tree_child_again(tree, parent, level, &digest);
}

uint32_t topic_tree_child_again(const struct topic_tree *tree, uint32_t parent,
                                struct ella_slice level, uint64_t *digest) {
    uint32_t hash;
    uint32_t slot;

    if (topic_tree_at(tree, parent)->child_count == 0u)
        return TOPIC_TREE_NONE;
    hash = child_hash(tree, parent, level, digest);
    slot = slot_home(tree, hash);
    while (tree->slots[slot].node != TOPIC_TREE_NONE) {
        if (tree->slots[slot].hash == hash && node_is(tree, tree->slots[slot].node, parent, level))
            return tree->slots[slot].node;
        slot = slot_after(tree, slot);
    }
    return TOPIC_TREE_NONE;
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
    tree->slot_count++;
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

uint32_t topic_tree_find(const struct topic_tree *tree, struct topic_path path) {
    uint32_t node = TOPIC_TREE_ROOT;

    for (uint32_t at = 0u; !topic_path_ends(path, at);) {
        const struct ella_slice level = topic_path_level(path, at);
        node = topic_tree_child(tree, node, level);
        if (node == TOPIC_TREE_NONE)
            return TOPIC_TREE_NONE;
        at = level.end + 1u;
    }
    return node;
}
