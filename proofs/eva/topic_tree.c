/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Driver: each operation of the pool and of the tree of topics, once, on any lawful structure of a
 * few slabs, with an index of none, 16 or 32 places. Lawful as far as intervals can say: numbers
 * of slabs, items and nodes are in range, an item to be had is there, and the levels in the nodes
 * are all short or all long. What an operation leaves is lawful again as far as intervals can say:
 * check_lawful() looks at all but the nodes' own fields. The targets wp_topic_index and wp_pool
 * say more of the index and of the items in use.
 *
 * Each slab, and each way a structure can be, is a case of its own, so that what belongs together
 * stays together. A table or an index that grows is a case too: one operation grows one of them.
 *
 * A failed assertion ends the program, and so it does here. Memory comes from blocks of the exact
 * size, or does not come; the account of it (memory.c) is the real one. The hash is any number.
 */
#define BROKER_CORE_CORE_ASSERT_H
#define CORE_ASSERT(condition) \
    do { \
        if (!(condition)) \
            Frama_C_abort(); \
    } while (0)

#include "eva/any.h"

#include "broker/core/hash.h"
#include "broker/core/memory.c"
#include "broker/core/pool.c"
#include "broker/core/topic_tree.c"

#define SLABS 4u
#define ITEMS (SLABS * POOL_SLAB_ITEMS)
#define PLACES_MAX 32u
#define LEVEL_BYTES 65535u

struct item {
    struct topic_tree_node node;
    uint64_t value;
};

struct slab {
    struct pool_slab head;
    struct item items[POOL_SLAB_ITEMS];
};

/* What a structure is like. */
struct kind {
    bool has_freed;   /* slabs have freed items, not only items that were never used */
    bool has_vacancy; /* the table has a place without a slab */
    bool has_place;   /* the table has a place behind the last slab */
    bool is_long;     /* levels stand in blocks of their own */
    bool is_full;     /* the index has to grow for one more, and no slab has room */
    uint32_t places;  /* of the index */
    uint32_t slab;    /* the first one with room, and that of the item given back */
};

static struct slab short_levels;
static struct slab long_levels;
static struct slab slab_0;
static struct slab slab_1;
static struct slab slab_2;
static struct slab slab_3;
static struct slab *const slabs[SLABS] = {&slab_0, &slab_1, &slab_2, &slab_3};
static struct slab new_slab;
static struct pool_slab *table[SLABS];
static struct pool_slab *new_table[2u * SLABS];
static struct pool_slab *first_table[POOL_TABLE_MIN];
static struct topic_tree_slot slots[PLACES_MAX];
static struct topic_tree_slot slots_16[16];
static struct topic_tree_slot slots_24[24];
static struct topic_tree_slot slots_48[48];
static uint8_t level_bytes[LEVEL_BYTES];
static uint8_t new_level_bytes[LEVEL_BYTES];
static uint8_t name[LEVEL_BYTES];
static bool gives_levels; /* only a level is asked for, not a slab, a table or an index */
static struct memory memory;
static struct topic_tree tree;

/* Which of them is asked for, its size tells. */
static void *allocate(void *ctx, size_t size) {
    (void)ctx;
    if (any_bool())
        return NULL;
    if (gives_levels)
        return size <= sizeof new_level_bytes ? new_level_bytes : NULL;
    if (size == sizeof new_slab)
        return &new_slab.head;
    if (size == sizeof new_table)
        return new_table;
    if (size == sizeof first_table)
        return first_table;
    if (size == sizeof slots_16)
        return slots_16;
    if (size == sizeof slots_24)
        return slots_24;
    return size == sizeof slots_48 ? slots_48 : NULL;
}

struct hash_key hash_key_of(uint64_t seed, uint64_t salt) {
    const struct hash_key key = {seed ^ any_u64(), salt ^ any_u64()};
    return key;
}

uint64_t hash_bytes(struct hash_key key, uint64_t prefix, const uint8_t *data, uint32_t len) {
    uint64_t hash = key.k0 ^ prefix ^ any_u64();
    for (uint32_t i = 0; i < len; i++)
        hash ^= data[i];
    return hash;
}

static void release(void *ctx, void *block, size_t size) {
    (void)ctx;
    (void)block;
    (void)size;
}

static void check(bool is_lawful) {
    //@ check lawful: is_lawful;
    (void)is_lawful;
}

static void any_memory(void) {
    memory.ctx = NULL;
    memory.allocate = allocate;
    memory.release = release;
    for (uint32_t i = 0; i < MEMORY_CLASS_COUNT; i++)
        memory.used_bytes[i] = any_u64();
    memory.total_bytes = any_u64();
    memory.peak_bytes = any_u64();
    memory.limit_bytes = any_u64();
    memory.refused_count = any_u64();
}

/* One of the first count slabs, or POOL_NONE. */
static uint32_t any_slab(uint32_t count) {
    return any_index(count) - 1u;
}

static void any_head(struct pool_slab *head, struct kind kind, uint32_t slab_count) {
    head->next = any_slab(slab_count);
    head->previous = any_slab(slab_count);
    any_bytes(head->freed, sizeof head->freed);
    if (kind.has_freed) {
        head->freed_count = (uint16_t)Frama_C_interval(1, POOL_SLAB_ITEMS);
        head->fresh = (uint16_t)any_index(POOL_SLAB_ITEMS);
    } else {
        head->freed_count = 0u;
        head->fresh = (uint16_t)any_index(POOL_SLAB_ITEMS - 1u);
    }
}

static void any_pool(struct pool *pool, struct kind kind) {
    const uint32_t slab_count = kind.has_vacancy || kind.has_place ? SLABS - 1u : SLABS;

    for (uint32_t i = 0; i < SLABS; i++) {
        any_head(&slabs[i]->head, kind, slab_count);
        table[i] = i < slab_count ? &slabs[i]->head : NULL;
    }
    pool->memory = &memory;
    pool->slabs = table;
    pool->slab_count = kind.has_place ? slab_count : SLABS;
    pool->slab_capacity = SLABS;
    pool->vacant_count = kind.has_vacancy ? 1u : 0u;
    pool->roomy = kind.is_full ? POOL_NONE : kind.slab;
    pool->item_size = sizeof(struct item);
    pool->item_count = any_index(ITEMS);
    pool->class_ = MEMORY_TOPIC;
}

static void any_node(struct topic_tree_node *node, bool is_long) {
    node->parent = any_index(ITEMS - 1u);
    node->child_count = any_u32();
    if (is_long) {
        node->level.far.len = (uint16_t)Frama_C_interval(TOPIC_TREE_INLINE_LEN_MAX + 1, 65535);
        node->level.far.bytes = level_bytes;
    } else {
        any_bytes(node->level.near.bytes, sizeof node->level.near.bytes);
        node->level.near.len = (uint16_t)any_index(TOPIC_TREE_INLINE_LEN_MAX);
    }
}

static void any_nodes(void) {
    //@ loop unroll POOL_SLAB_ITEMS;
    for (uint32_t item = 0; item < POOL_SLAB_ITEMS; item++) {
        any_node(&short_levels.items[item].node, false);
        any_node(&long_levels.items[item].node, true);
    }
}

static void any_tree(struct kind kind) {
    any_memory();
    for (uint32_t i = 0; i < SLABS; i++)
        *slabs[i] = kind.is_long ? long_levels : short_levels;
    any_pool(&tree.nodes, kind);
    for (uint32_t i = 0; i < PLACES_MAX; i++) {
        slots[i].hash = any_u32();
        slots[i].node = any_index(ITEMS - 1u);
    }
    tree.memory = &memory;
    tree.slots = kind.places > 0u ? slots : NULL;
    tree.slot_capacity = kind.places;
    tree.slot_count = kind.is_full ? kind.places : any_index(kind.places / 4u * 3u - 1u);
    tree.key.k0 = any_u64();
    tree.key.k1 = any_u64();
}

static struct ella_slice any_level(uint32_t longest) {
    struct ella_slice level;

    level.base = name;
    level.off = 0u;
    level.end = any_index(longest);
    return level;
}

static uint32_t any_item_of(struct kind kind) {
    return kind.slab * POOL_SLAB_ITEMS + any_index(POOL_SLAB_ITEMS - 1u);
}

/* What is no number of a slab is POOL_NONE, and counts do not go beyond what there is. */
static void check_head(const struct pool_slab *head, uint32_t slab_count) {
    check(head->next == POOL_NONE || head->next < slab_count);
    check(head->previous == POOL_NONE || head->previous < slab_count);
    check(head->fresh <= POOL_SLAB_ITEMS && head->freed_count <= POOL_SLAB_ITEMS);
}

static void check_pool(const struct pool *pool) {
    check(pool->slab_count <= pool->slab_capacity);
    check(pool->roomy == POOL_NONE || pool->roomy < pool->slab_count);
    //@ loop unroll 2 * SLABS;
    for (uint32_t i = 0; i < pool->slab_count; i++) {
        const struct pool_slab *slab = pool->slabs[i];
        if (slab != NULL)
            check_head(slab, pool->slab_count);
    }
}

static void check_places(const struct topic_tree_slot *places, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        check(places[i].node < ITEMS);
}

/* A node may have come, and the index may be any of them. */
static void check_lawful(uint32_t node) {
    check_pool(&tree.nodes);
    check(node < ITEMS);
    check_places(slots, PLACES_MAX);
    check_places(slots_16, 16u);
    check_places(slots_24, 24u);
    check_places(slots_48, 48u);
}

static void pool_operations(struct kind kind) {
    struct pool *pool = &tree.nodes;

    any_memory();
    any_pool(pool, kind);
    if (any_bool())
        (void)pool_get(pool);
    else if (any_bool())
        pool_put(pool, any_item_of(kind));
    else if (any_bool())
        pool_put(pool, ITEMS - 1u - any_index(POOL_SLAB_ITEMS - 1u));
    else
        pool_free(pool);
    check_pool(pool);
}

static void tree_operations(struct kind kind) {
    uint64_t digest = any_u64();

    any_tree(kind);
    tree.nodes.roomy = kind.slab;
    gives_levels = !kind.is_full;
    if (any_bool()) {
        check_lawful(topic_tree_child_again(&tree, any_index(ITEMS - 1u), any_level(LEVEL_BYTES),
                                            &digest));
        return;
    }
    if (any_bool()) {
        check_lawful(topic_tree_add(
            &tree, any_index(ITEMS - 1u),
            any_level(kind.is_full ? TOPIC_TREE_INLINE_LEN_MAX : LEVEL_BYTES)));
        return;
    }
    gives_levels = false;
    if (any_bool()) {
        topic_tree_remove(&tree, any_item_of(kind));
        check_lawful(TOPIC_TREE_NONE);
    } else if (any_bool()) {
        topic_tree_free(&tree);
    } else {
        (void)topic_tree_level(&tree, any_index(ITEMS - 1u));
        (void)topic_tree_value(&tree, any_index(ITEMS - 1u));
    }
}

/* A node without children is asked for one: no index is needed. */
static void no_children(void) {
    const struct topic_path path = topic_path_of(any_level(LEVEL_BYTES));
    struct topic_tree_node *root = topic_tree_at(&tree, TOPIC_TREE_ROOT);

    root->child_count = 0u;
    check(topic_tree_child(&tree, TOPIC_TREE_ROOT, topic_path_level(path, 0u)) ==
          TOPIC_TREE_NONE);
}

/* No index yet, no node but the root. */
static void first_node(struct kind kind) {
    kind.places = 0u;
    any_tree(kind);
    tree.slot_count = 0u;
    tree.nodes.roomy = kind.slab;
    gives_levels = false;
    if (any_bool())
        check_lawful(topic_tree_add(&tree, TOPIC_TREE_ROOT, any_level(TOPIC_TREE_INLINE_LEN_MAX)));
    else if (any_bool())
        no_children();
    else
        topic_tree_free(&tree);
}

static void tree_cases(struct kind kind) {
    first_node(kind);
    kind.places = 16u;
    tree_operations(kind);
    kind.places = 32u;
    tree_operations(kind);
}

static struct kind kind_of(uint32_t n) {
    const struct kind kind = {n % 2u == 1u,      n / 16u == 1u,      n / 16u == 2u,
                              n / 2u % 2u == 1u, n / 4u % 2u == 1u, 0u,
                              n / 8u % 2u * 2u};
    return kind;
}

void eva_pool(void) {
    gives_levels = false;
    //@ loop unroll 48;
    for (uint32_t n = 0; n < 48u; n++)
        pool_operations(kind_of(n));
    any_memory();
    pool_init(&tree.nodes, &memory, MEMORY_TOPIC, sizeof(struct item));
    (void)pool_get(&tree.nodes);
}

void eva_topic_tree(void) {
    any_bytes(level_bytes, sizeof level_bytes);
    any_bytes(name, sizeof name);
    any_nodes();
    //@ loop unroll 16;
    for (uint32_t n = 0; n < 16u; n++)
        tree_cases(kind_of(n));
    any_memory();
    gives_levels = false;
    (void)topic_tree_init(&tree, &memory, sizeof(uint64_t), any_u64());
}
