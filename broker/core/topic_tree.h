/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A tree of topic levels: what subscriptions and retained messages hang on. All nodes are in one
 * index, found by parent and level, so a step down costs the same however many children there
 * are. It knows nothing of wildcards or of what hangs on it: each node carries a value of its
 * owner.
 *
 * A node is named by a 32-bit index; it never moves. The root is there from the beginning and has
 * no level. Levels are bytes: nothing is normalised, the empty level is one like any other.
 */
#ifndef BROKER_CORE_TOPIC_TREE_H
#define BROKER_CORE_TOPIC_TREE_H

#include <string.h>

#include "broker/core/hash.h"
#include "broker/core/memory.h"
#include "broker/core/pool.h"
#include "libella/codec.h"

#define TOPIC_TREE_ROOT 0u
#define TOPIC_TREE_NONE 0u /* no node: the root is nobody's child */
#define TOPIC_TREE_INLINE_LEN_MAX 14u

/* Short levels stand in the node, others in a block of their own. len is in both at the same
 * place. */
union topic_tree_bytes {
    struct {
        uint16_t len;
        uint8_t bytes[TOPIC_TREE_INLINE_LEN_MAX];
    } near;
    struct {
        uint16_t len;
        uint8_t *bytes;
    } far;
};

struct topic_tree_node {
    uint32_t parent;
    uint32_t child_count;
    union topic_tree_bytes level;
    /* the owner's value follows */
};

struct topic_tree_slot {
    uint32_t hash;
    uint32_t node; /* TOPIC_TREE_NONE: empty */
};

struct topic_tree {
    struct memory *memory;
    struct pool nodes;
    struct topic_tree_slot *slots; /* the index: open addressing, ordered by hash but for runs */
    uint32_t slot_capacity;
    uint32_t slot_count; /* used ones: all nodes but the root */
    struct hash_key key;
};

/* value_size: bytes, a multiple of 8. false: no memory. */
bool topic_tree_init(struct topic_tree *tree, struct memory *memory, uint32_t value_size,
                     uint64_t hash_seed);
/* All nodes but the root must be gone. */
void topic_tree_free(struct topic_tree *tree);
/* TOPIC_TREE_NONE if there is no such child. level is at most 65535 bytes. */
uint32_t topic_tree_child(const struct topic_tree *tree, uint32_t parent, struct ella_slice level);
/* The same for a level that is looked for below many nodes: if it is long its bytes are read for
 * its hash once. *digest is 0 the first time, and then to be kept with the level. */
uint32_t topic_tree_child_again(const struct topic_tree *tree, uint32_t parent,
                                struct ella_slice level, uint64_t *digest);
/* A new child with its value cleared; it must not be there yet. TOPIC_TREE_NONE: no memory. */
uint32_t topic_tree_add(struct topic_tree *tree, uint32_t parent, struct ella_slice level);
/* Takes away a node without children that is not the root. */
void topic_tree_remove(struct topic_tree *tree, uint32_t node);

static inline struct topic_tree_node *topic_tree_at(const struct topic_tree *tree, uint32_t node) {
    return (struct topic_tree_node *)pool_at(&tree->nodes, node);
}

static inline void *topic_tree_value(const struct topic_tree *tree, uint32_t node) {
    return topic_tree_at(tree, node) + 1;
}

/* Valid until the node is removed. */
static inline struct ella_slice topic_tree_level(const struct topic_tree *tree, uint32_t node) {
    const union topic_tree_bytes *level = &topic_tree_at(tree, node)->level;
    struct ella_slice slice = {level->near.bytes, 0u, level->near.len};
    if (level->near.len > TOPIC_TREE_INLINE_LEN_MAX)
        slice.base = level->far.bytes;
    return slice;
}

/* ---- Levels of a topic ------------------------------------------------------------------------
 * A position is where a level begins, 0 .. len + 1; len + 1 is behind the last level.
 */

struct topic_path {
    const uint8_t *bytes;
    uint32_t len;
};

static inline struct topic_path topic_path_of(struct ella_slice topic) {
    struct topic_path path;
    path.bytes = ella_slice_data(topic);
    path.len = ella_slice_len(topic);
    return path;
}

/*@ assigns \nothing;
    ensures \result <==> at > path.len; */
static inline bool topic_path_ends(struct topic_path path, uint32_t at) {
    return at > path.len;
}

/* Where the first slash from at on is; len if there is none. */
/*@ requires at <= path.len && \valid_read(path.bytes + (0 .. path.len - 1));
    assigns \nothing;
    ensures at <= \result <= path.len && (\result < path.len ==> path.bytes[\result] == '/');
    ensures \forall integer i; at <= i < \result ==> path.bytes[i] != '/'; */
static inline uint32_t topic_path_slash(struct topic_path path, uint32_t at) {
    const uint8_t *slash = (const uint8_t *)memchr(path.bytes + at, '/', path.len - at);
    return slash == NULL ? path.len : (uint32_t)(slash - path.bytes);
}

/*@ requires at <= path.len && \valid_read(path.bytes + (0 .. path.len - 1));
    assigns \nothing;
    ensures \result.base == path.bytes && \result.off == at;
    ensures at <= \result.end <= path.len;
    ensures \result.end < path.len ==> path.bytes[\result.end] == '/';
    ensures \forall integer i; at <= i < \result.end ==> path.bytes[i] != '/'; */
static inline struct ella_slice topic_path_level(struct topic_path path, uint32_t at) {
    struct ella_slice level = {path.bytes, at, topic_path_slash(path, at)};
    return level;
}

/* Where the level before the one at position at begins; at > 0. */
/*@ requires 0 < at <= path.len + 1 && \valid_read(path.bytes + (0 .. path.len - 1));
    assigns \nothing;
    ensures \result < at && (\result > 0 ==> path.bytes[\result - 1] == '/');
    ensures \forall integer i; \result <= i < at - 1 ==> path.bytes[i] != '/'; */
static inline uint32_t topic_path_previous(struct topic_path path, uint32_t at) {
    uint32_t begin = at - 1u;
    /*@ loop invariant begin < at;
        loop invariant \forall integer i; begin <= i < at - 1 ==> path.bytes[i] != '/';
        loop assigns begin;
        loop variant begin; */
    while (begin > 0u && path.bytes[begin - 1u] != '/')
        begin--;
    return begin;
}

/* The node that the whole path leads to, TOPIC_TREE_NONE if there is none. */
uint32_t topic_tree_find(const struct topic_tree *tree, struct topic_path path);

#endif
