/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * route_match: the walk over the routing tree that finds what a topic matches. It changes nothing
 * there, and knows nothing of what is done with a match.
 *
 * It goes depth first, the literal child before "+". The way back is found from the node's
 * parents, so there is neither recursion nor a stack, whatever the number of levels; each node
 * that matches the topic so far is visited once.
 */
#include <string.h>

#include "broker/core/route_nodes.h"

#define MATCH_SET_CAPACITY_MIN 16u

/* ---- The set ---- */

/* The capacity that holds count + more; 0 if there can be none. */
static uint32_t set_capacity(uint32_t capacity, uint32_t count, uint32_t more) {
    uint64_t wanted = capacity == 0u ? MATCH_SET_CAPACITY_MIN : capacity;

    while (wanted < (uint64_t)count + more)
        wanted *= 2u;
    return wanted > UINT32_MAX / sizeof(void *) ? 0u : (uint32_t)wanted;
}

static bool set_reserve_subscriptions(struct memory *memory, struct match_set *set,
                                      uint32_t more) {
    uint32_t capacity;
    struct subscription **larger;

    if (more <= set->subscription_capacity - set->subscription_count)
        return true;
    capacity = set_capacity(set->subscription_capacity, set->subscription_count, more);
    if (capacity == 0u)
        return false;
    larger = memory_resize(memory, MEMORY_OTHER, set->subscriptions,
                           set->subscription_capacity * sizeof *larger, capacity * sizeof *larger);
    if (larger == NULL)
        return false;
    set->subscriptions = larger;
    set->subscription_capacity = capacity;
    return true;
}

static bool set_reserve_group(struct memory *memory, struct match_set *set) {
    uint32_t capacity;
    struct share_group **larger;

    if (set->group_count < set->group_capacity)
        return true;
    capacity = set_capacity(set->group_capacity, set->group_count, 1u);
    if (capacity == 0u)
        return false;
    larger = memory_resize(memory, MEMORY_OTHER, set->groups, set->group_capacity * sizeof *larger,
                           capacity * sizeof *larger);
    if (larger == NULL)
        return false;
    set->groups = larger;
    set->group_capacity = capacity;
    return true;
}

void match_set_free(struct memory *memory, struct match_set *set) {
    memory_put(memory, MEMORY_OTHER, set->subscriptions,
               set->subscription_capacity * sizeof *set->subscriptions);
    memory_put(memory, MEMORY_OTHER, set->groups, set->group_capacity * sizeof *set->groups);
    memset(set, 0, sizeof *set);
}

/* Adds what hangs on a node that matches. */
static bool match_add(const struct route *route, uint32_t node, struct match_set *out) {
    struct route_value *value = route_value_of(route, node);
    const uint32_t count = value->subscriptions.count;

    if (count > 0u) {
        if (!set_reserve_subscriptions(route->memory, out, count))
            return false;
        memcpy(out->subscriptions + out->subscription_count,
               route_array_items(&value->subscriptions), count * sizeof *out->subscriptions);
        out->subscription_count += count;
    }
    for (struct route_group *group = value->groups; group != NULL; group = group->next) {
        if (!set_reserve_group(route->memory, out))
            return false;
        out->groups[out->group_count++] = &group->share;
    }
    return true;
}

/* ---- The walk ---- */

struct match_walk {
    const struct route *route;
    struct topic_path path;
    uint32_t node;
    uint32_t at;    /* position of the level that children of node must match */
    bool is_hidden; /* the topic begins with $: no wildcard at the root */
};

//= v3/4.7.2-1 v5/4.7.2-1
static bool match_sees_wildcards(const struct match_walk *walk, uint32_t parent) {
    return parent != TOPIC_TREE_ROOT || !walk->is_hidden;
}

/* Adds what matches at the node where the walk is: its "#", and itself if the topic ends here. */
static bool match_visit(const struct match_walk *walk, struct match_set *out) {
    const uint32_t hash = route_value_of(walk->route, walk->node)->hash;
    bool ok = true;

    if (hash != TOPIC_TREE_NONE && match_sees_wildcards(walk, walk->node))
        ok = match_add(walk->route, hash, out);
    if (topic_path_ends(walk->path, walk->at))
        ok = match_add(walk->route, walk->node, out) && ok;
    return ok;
}

static bool match_enter(struct match_walk *walk, uint32_t node, struct ella_slice level) {
    if (node == TOPIC_TREE_NONE)
        return false;
    walk->node = node;
    walk->at = level.end + 1u;
    return true;
}

static uint32_t match_plus(const struct match_walk *walk, uint32_t parent) {
    return match_sees_wildcards(walk, parent) ? route_value_of(walk->route, parent)->plus
                                              : TOPIC_TREE_NONE;
}

/* Down to the child with the topic's next level, or to "+" if there is none. */
static bool match_descend(struct match_walk *walk) {
    const uint32_t parent = walk->node;
    struct ella_slice level;

    if (topic_path_ends(walk->path, walk->at))
        return false;
    level = topic_path_level(walk->path, walk->at);
    return match_enter(walk, topic_tree_child(&walk->route->tree, parent, level), level) ||
           match_enter(walk, match_plus(walk, parent), level);
}

/* Back up to the nearest node whose "+" has not been seen, and down to that. */
static bool match_turn(struct match_walk *walk) {
    while (walk->node != TOPIC_TREE_ROOT) {
        const uint32_t came_from = walk->node;
        const uint32_t parent = topic_tree_at(&walk->route->tree, came_from)->parent;
        const uint32_t at = topic_path_previous(walk->path, walk->at);
        const struct ella_slice level = {walk->path.bytes, at, walk->at - 1u};
        const uint32_t plus = match_plus(walk, parent);
        if (plus != came_from && match_enter(walk, plus, level))
            return true;
        walk->node = parent;
        walk->at = at;
    }
    return false;
}

bool route_match(struct route *route, struct ella_slice topic, struct match_set *out) {
    struct match_walk walk = {route, topic_path_of(topic), TOPIC_TREE_ROOT, 0u, false};
    bool is_complete = true;

    out->subscription_count = 0u;
    out->group_count = 0u;
    walk.is_hidden = walk.path.len > 0u && walk.path.bytes[0] == '$';
    do {
        is_complete = match_visit(&walk, out) && is_complete;
    } while (match_descend(&walk) || match_turn(&walk));
    return is_complete;
}
