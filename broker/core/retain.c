/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * retain: retained messages on a tree of topic levels. It knows nothing of subscriptions or
 * permissions.
 *
 * Invariants: a node other than the root has a child or a message; the children of a node are in
 * the list that begins at its first_child; count and bytes are of the messages held; a timer is
 * set if and only if its message expires and has not come due.
 */
#include "broker/core/retain.h"

#include <string.h>

#include "broker/core/core_assert.h"
#include "broker/core/topic_tree.h"

/* What hangs on a node. */
struct retain_value {
    uint32_t first_child;
    uint32_t next; /* siblings */
    uint32_t previous;
    uint32_t node; /* itself, to be found from its timer */
    struct timer timer;
    struct message *message; /* NULL: none for this topic */
};

struct retain {
    struct memory *memory;
    struct timers *timers;
    struct topic_tree tree;
    uint32_t count;
    uint64_t bytes;
};

static struct retain_value *value_of(const struct retain *retain, uint32_t node) {
    return topic_tree_value(&retain->tree, node);
}

struct retain *retain_create(struct memory *memory, struct timers *timers, uint64_t hash_seed) {
    struct retain *retain = memory_get_zero(memory, MEMORY_OTHER, sizeof *retain);

    if (retain == NULL)
        return NULL;
    retain->memory = memory;
    retain->timers = timers;
    if (!topic_tree_init(&retain->tree, memory, sizeof(struct retain_value), hash_seed)) {
        memory_put(memory, MEMORY_OTHER, retain, sizeof *retain);
        return NULL;
    }
    return retain;
}

uint32_t retain_count(const struct retain *retain) {
    return retain->count;
}

uint64_t retain_bytes(const struct retain *retain) {
    return retain->bytes;
}

/* ---- Nodes ---- */

static void node_link(struct retain *retain, uint32_t parent, uint32_t node) {
    struct retain_value *above = value_of(retain, parent);
    struct retain_value *value = value_of(retain, node);

    value->node = node;
    timer_init(&value->timer, TIMER_RETAINED);
    value->next = above->first_child;
    if (value->next != TOPIC_TREE_NONE)
        value_of(retain, value->next)->previous = node;
    above->first_child = node;
}

static void node_remove(struct retain *retain, uint32_t parent, uint32_t node) {
    const struct retain_value *value = value_of(retain, node);

    if (value->next != TOPIC_TREE_NONE)
        value_of(retain, value->next)->previous = value->previous;
    if (value->previous != TOPIC_TREE_NONE)
        value_of(retain, value->previous)->next = value->next;
    else
        value_of(retain, parent)->first_child = value->next;
    topic_tree_remove(&retain->tree, node);
}

/* Takes away node and those above it that nothing needs any more. */
static void node_prune(struct retain *retain, uint32_t node) {
    while (node != TOPIC_TREE_ROOT && value_of(retain, node)->message == NULL &&
           value_of(retain, node)->first_child == TOPIC_TREE_NONE) {
        const uint32_t parent = topic_tree_at(&retain->tree, node)->parent;
        node_remove(retain, parent, node);
        node = parent;
    }
}

static uint32_t node_child_get(struct retain *retain, uint32_t parent, struct ella_slice level) {
    uint32_t node = topic_tree_child(&retain->tree, parent, level);

    if (node != TOPIC_TREE_NONE)
        return node;
    node = topic_tree_add(&retain->tree, parent, level);
    if (node == TOPIC_TREE_NONE)
        node_prune(retain, parent);
    else
        node_link(retain, parent, node);
    return node;
}

/* The node of topic, made if need be; TOPIC_TREE_NONE: no memory. */
static uint32_t node_get(struct retain *retain, struct topic_path path) {
    uint32_t node = TOPIC_TREE_ROOT;

    for (uint32_t at = 0u; !topic_path_ends(path, at);) {
        const struct ella_slice level = topic_path_level(path, at);
        node = node_child_get(retain, node, level);
        if (node == TOPIC_TREE_NONE)
            return TOPIC_TREE_NONE;
        at = level.end + 1u;
    }
    return node;
}

/* ---- Storing and clearing ---- */

static void message_remove(struct retain *retain, uint32_t node) {
    struct retain_value *value = value_of(retain, node);

    timer_cancel(retain->timers, &value->timer);
    retain->count--;
    retain->bytes -= message_size_bytes(value->message);
    message_drop(retain->memory, value->message);
    value->message = NULL;
    node_prune(retain, node);
}

static enum retain_result topic_clear(struct retain *retain, uint32_t node) {
    if (node == TOPIC_TREE_NONE || value_of(retain, node)->message == NULL)
        return RETAIN_NOTHING;
    message_remove(retain, node);
    return RETAIN_CLEARED;
}

/* old may be NULL. */
static bool limits_allow(const struct retain *retain, const struct message *old,
                         const struct message *message, uint32_t max_messages,
                         uint64_t max_bytes) {
    const uint64_t old_bytes = old == NULL ? 0u : message_size_bytes(old);

    if (old == NULL &&
        (retain->count == UINT32_MAX || (max_messages > 0u && retain->count >= max_messages)))
        return false;
    return max_bytes == 0u || retain->bytes - old_bytes + message_size_bytes(message) <= max_bytes;
}

static bool expiry_start(struct retain *retain, struct retain_value *value, uint64_t expires_ms) {
    if (expires_ms != MESSAGE_NEVER_EXPIRES)
        return timer_set(retain->timers, &value->timer, expires_ms);
    timer_cancel(retain->timers, &value->timer);
    return true;
}

static enum retain_result topic_set(struct retain *retain, uint32_t node,
                                    struct message *message) {
    struct retain_value *value = value_of(retain, node);
    struct message *old = value->message;

    if (!expiry_start(retain, value, message_expires_ms(message))) {
        node_prune(retain, node);
        return RETAIN_NO_MEMORY;
    }
    value->message = message_take(message);
    retain->bytes += message_size_bytes(message);
    retain->count++;
    if (old == NULL)
        return RETAIN_STORED;
    retain->bytes -= message_size_bytes(old);
    retain->count--;
    message_drop(retain->memory, old);
    return RETAIN_REPLACED;
}

//= v3/3.3.1-5 v5/3.3.1-5
enum retain_result retain_set(struct retain *retain, struct message *message,
                              uint32_t max_messages, uint64_t max_bytes) {
    const struct topic_path path = topic_path_of(message_topic(message));
    uint32_t node = topic_tree_find(&retain->tree, path);
    const struct message *old = node == TOPIC_TREE_NONE ? NULL : value_of(retain, node)->message;

    //= v3/3.3.1-10 v3/3.3.1-11 v5/3.3.1-6 v5/3.3.1-7
    if (message_get_lengths(message).payload == 0u)
        return topic_clear(retain, node);
    if (!limits_allow(retain, old, message, max_messages, max_bytes))
        return RETAIN_FULL;
    if (node == TOPIC_TREE_NONE)
        node = node_get(retain, path);
    return node == TOPIC_TREE_NONE ? RETAIN_NO_MEMORY : topic_set(retain, node, message);
}

void retain_expire(struct retain *retain, struct timer *timer) {
    const struct retain_value *value =
        (const struct retain_value *)(const void *)((const uint8_t *)timer -
                                                    offsetof(struct retain_value, timer));

    CORE_ASSERT(timer->kind == TIMER_RETAINED && value->message != NULL);
    message_remove(retain, value->node);
}

void retain_destroy(struct retain *retain) {
    while (retain->count > 0u) {
        uint32_t node = value_of(retain, TOPIC_TREE_ROOT)->first_child;
        while (value_of(retain, node)->first_child != TOPIC_TREE_NONE)
            node = value_of(retain, node)->first_child;
        message_remove(retain, node);
    }
    topic_tree_free(&retain->tree);
    memory_put(retain->memory, MEMORY_OTHER, retain, sizeof *retain);
}

/* ---- By place ---- */

#define WALK_PLACES_MAX 256u

/* A node that is gone, or was never used, has no message: it went when the message had gone. */
struct message *retain_walk(const struct retain *retain, uint32_t *place, bool *end) {
    const struct pool *nodes = &retain->tree.nodes;

    *end = false;
    for (uint32_t looked = 0u; looked < WALK_PLACES_MAX; looked++) {
        const uint32_t slab = *place / POOL_SLAB_ITEMS;
        struct message *message;
        if (slab >= nodes->slab_count) {
            *end = true;
            return NULL;
        }
        if (nodes->slabs[slab] == NULL || *place % POOL_SLAB_ITEMS >= nodes->slabs[slab]->fresh) {
            *place = (slab + 1u) * POOL_SLAB_ITEMS;
            continue;
        }
        message = value_of(retain, *place)->message;
        (*place)++;
        if (message != NULL)
            return message;
    }
    return NULL;
}

/* ---- Walking ----------------------------------------------------------------------------------
 * Parents before their children. The way back is found from the node's parents, so there is
 * neither recursion nor a stack, whatever the number of levels.
 */

enum {          /* of retain_cursor.state_ */
    WALK_PHASE, /* WALK_NEW, WALK_ON or WALK_DONE */
    WALK_AT,    /* position of the filter's level that children of node must match */
    WALK_DEPTH, /* 1 at the node whose children "#" stands for, one more for each level below it;
                   0: no "#" yet */
};

enum {
    WALK_NEW,
    WALK_ON,
    WALK_DONE,
};

struct retain_walk {
    const struct retain *retain;
    struct topic_path filter;
    uint32_t node;
    uint32_t at;
    uint32_t depth;
    uint64_t seen_count; /* nodes looked at */
    /* The filter's level that was last looked for, and its hash: below thousands of nodes it is
     * the same one, and it may be long. */
    uint32_t level_at;
    struct ella_slice level;
    uint64_t digest;
};

static bool level_is(struct ella_slice level, uint8_t wildcard) {
    return ella_slice_len(level) == 1u && level.base[level.off] == wildcard;
}

/* The filter's level that children of the node must match. */
static struct ella_slice walk_level(struct retain_walk *walk) {
    if (walk->level_at != walk->at) {
        walk->level_at = walk->at;
        walk->level = topic_path_level(walk->filter, walk->at);
        walk->digest = 0u;
    }
    return walk->level;
}

/* node or the nearest one behind it in its list that a wildcard sees. */
static uint32_t sibling_seen(struct retain_walk *walk, uint32_t parent, uint32_t node) {
    //= v3/4.7.2-1 v5/4.7.2-1
    while (parent == TOPIC_TREE_ROOT && node != TOPIC_TREE_NONE) {
        const struct ella_slice level = topic_tree_level(&walk->retain->tree, node);
        walk->seen_count++;
        if (ella_slice_len(level) == 0u || level.base[level.off] != '$')
            break;
        node = value_of(walk->retain, node)->next;
    }
    return node;
}

static void walk_enter(struct retain_walk *walk, uint32_t node) {
    walk->node = node;
    if (walk->depth > 0u) {
        walk->depth++;
    } else if (!topic_path_ends(walk->filter, walk->at) && level_is(walk_level(walk), '#')) {
        walk->depth = 1u;
    }
}

static bool walk_descend(struct retain_walk *walk) {
    const uint32_t parent = walk->node;
    const uint32_t first_child = value_of(walk->retain, parent)->first_child;
    struct ella_slice level = {walk->filter.bytes, 0u, 0u};
    uint32_t child;

    if (walk->depth == 0u) {
        if (topic_path_ends(walk->filter, walk->at))
            return false;
        level = walk_level(walk);
    }
    if (walk->depth > 0u || level_is(level, '+'))
        child = sibling_seen(walk, parent, first_child);
    else
        child = topic_tree_child_again(&walk->retain->tree, parent, level, &walk->digest);
    if (child == TOPIC_TREE_NONE)
        return false;
    if (walk->depth == 0u)
        walk->at = level.end + 1u;
    walk_enter(walk, child);
    return true;
}

/* The node's next sibling, if a wildcard led to the node; level: the filter's, before at. */
static uint32_t walk_sibling(struct retain_walk *walk, uint32_t parent, struct ella_slice level) {
    if (walk->depth <= 1u && !level_is(level, '+'))
        return TOPIC_TREE_NONE;
    return sibling_seen(walk, parent, value_of(walk->retain, walk->node)->next);
}

/* Up to the nearest node that has a sibling to go on with, and to that. */
static bool walk_turn(struct retain_walk *walk) {
    while (walk->node != TOPIC_TREE_ROOT) {
        const uint32_t parent = topic_tree_at(&walk->retain->tree, walk->node)->parent;
        struct ella_slice level = {walk->filter.bytes, 0u, 0u};
        uint32_t sibling;
        if (walk->depth <= 1u) {
            level.off = topic_path_previous(walk->filter, walk->at);
            level.end = walk->at - 1u;
        }
        sibling = walk_sibling(walk, parent, level);
        if (walk->depth > 0u)
            walk->depth--;
        if (sibling != TOPIC_TREE_NONE) {
            walk_enter(walk, sibling);
            return true;
        }
        if (walk->depth == 0u)
            walk->at = level.off;
        walk->node = parent;
    }
    return false;
}

static struct message *walk_message(const struct retain_walk *walk) {
    if (walk->depth == 0u && !topic_path_ends(walk->filter, walk->at))
        return NULL;
    return value_of(walk->retain, walk->node)->message;
}

static bool walk_advance(struct retain_walk *walk) {
    walk->seen_count++;
    return walk_descend(walk) || walk_turn(walk);
}

struct message *retain_next(const struct retain *retain, struct ella_slice filter,
                            struct retain_cursor *cursor) {
    struct retain_walk walk = {.retain = retain,
                               .filter = topic_path_of(filter),
                               .node = cursor->node,
                               .at = cursor->state_[WALK_AT],
                               .depth = cursor->state_[WALK_DEPTH],
                               .seen_count = cursor->seen_count,
                               .level_at = UINT32_MAX};
    struct message *message = NULL;
    bool is_on = cursor->state_[WALK_PHASE] != WALK_DONE;

    if (cursor->state_[WALK_PHASE] == WALK_NEW)
        walk_enter(&walk, TOPIC_TREE_ROOT);
    while (is_on && message == NULL) {
        is_on = walk_advance(&walk);
        message = is_on ? walk_message(&walk) : NULL;
    }
    cursor->node = walk.node;
    cursor->seen_count = walk.seen_count;
    cursor->state_[WALK_PHASE] = is_on ? WALK_ON : WALK_DONE;
    cursor->state_[WALK_AT] = walk.at;
    cursor->state_[WALK_DEPTH] = walk.depth;
    return message;
}
