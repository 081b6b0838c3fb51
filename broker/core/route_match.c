/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * route_match: the walk over the routing tree that finds what a topic matches, unless it is known
 * from the last time. It changes nothing there, and knows nothing of what is done with a match.
 *
 * It goes depth first, the literal child before "+". The way back is found from the node's
 * parents, so there is no recursion, whatever the number of levels; each node that matches the
 * topic so far is visited once. The topic is taken apart once: however many nodes there are on the
 * way, each of its bytes is read for its level only.
 */
#include <string.h>

#include "broker/core/route_nodes.h"

#define MATCH_SET_CAPACITY_MIN 16u

/* ---- The set ---- */

/* A block for at least needed items; NULL if there is no memory, and old stays as it was. */
static void *items_grow(struct memory *memory, void *old, uint32_t *capacity, uint64_t needed,
                        size_t item_size) {
    uint64_t wanted = *capacity == 0u ? MATCH_SET_CAPACITY_MIN : *capacity;
    void *larger;

    while (wanted < needed)
        wanted *= 2u;
    if (wanted > UINT32_MAX / item_size)
        return NULL;
    larger = memory_resize(memory, MEMORY_OTHER, old, *capacity * item_size,
                           (size_t)wanted * item_size);
    if (larger != NULL)
        *capacity = (uint32_t)wanted;
    return larger;
}

static bool set_reserve_subscriptions(struct memory *memory, struct match_set *set,
                                      uint32_t more) {
    struct subscription **larger;

    if (more <= set->subscription_capacity - set->subscription_count)
        return true;
    larger = items_grow(memory, set->subscriptions, &set->subscription_capacity,
                        (uint64_t)set->subscription_count + more, sizeof *larger);
    if (larger == NULL)
        return false;
    set->subscriptions = larger;
    return true;
}

static bool set_reserve_group(struct memory *memory, struct match_set *set) {
    struct share_group **larger;

    if (set->group_count < set->group_capacity)
        return true;
    larger = items_grow(memory, set->groups, &set->group_capacity, (uint64_t)set->group_count + 1u,
                        sizeof *larger);
    if (larger == NULL)
        return false;
    set->groups = larger;
    return true;
}

static bool set_reserve_level(struct memory *memory, struct match_set *set) {
    struct match_level *larger;

    if (set->level_count < set->level_capacity)
        return true;
    larger = items_grow(memory, set->levels, &set->level_capacity, (uint64_t)set->level_count + 1u,
                        sizeof *larger);
    if (larger == NULL)
        return false;
    set->levels = larger;
    return true;
}

/* Takes topic apart. false: no memory. */
static bool set_levels(struct memory *memory, struct match_set *set, struct topic_path topic) {
    set->level_count = 0u;
    for (uint32_t at = 0u; !topic_path_ends(topic, at);) {
        const struct ella_slice level = topic_path_level(topic, at);
        if (!set_reserve_level(memory, set))
            return false;
        set->levels[set->level_count++] = (struct match_level){level, 0u};
        at = level.end + 1u;
    }
    return true;
}

void match_set_free(struct memory *memory, struct match_set *set) {
    memory_put(memory, MEMORY_OTHER, set->subscriptions,
               set->subscription_capacity * sizeof *set->subscriptions);
    memory_put(memory, MEMORY_OTHER, set->groups, set->group_capacity * sizeof *set->groups);
    memory_put(memory, MEMORY_OTHER, set->levels, set->level_capacity * sizeof *set->levels);
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
    struct match_level *levels;
    uint32_t level_count;
    uint32_t node;
    uint32_t depth; /* of node: levels[depth] is what its children must match */
    bool is_hidden; /* the topic begins with $: no wildcard at the root */
    uint32_t found_count;
    uint32_t found[ROUTE_CACHED_NODES_MAX]; /* the first of them */
};

//= v3/4.7.2-1 v5/4.7.2-1
static bool match_sees_wildcards(const struct match_walk *walk, uint32_t parent) {
    return parent != TOPIC_TREE_ROOT || !walk->is_hidden;
}

static bool match_found(struct match_walk *walk, uint32_t node, struct match_set *out) {
    if (walk->found_count < ROUTE_CACHED_NODES_MAX)
        walk->found[walk->found_count] = node;
    walk->found_count++;
    return match_add(walk->route, node, out);
}

/* Adds what matches at the node where the walk is: its "#", and itself if the topic ends here. */
static bool match_visit(struct match_walk *walk, struct match_set *out) {
    const uint32_t hash = route_value_of(walk->route, walk->node)->hash;
    bool ok = true;

    if (hash != TOPIC_TREE_NONE && match_sees_wildcards(walk, walk->node))
        ok = match_found(walk, hash, out);
    if (walk->depth == walk->level_count)
        ok = match_found(walk, walk->node, out) && ok;
    return ok;
}

static bool match_enter(struct match_walk *walk, uint32_t node, uint32_t depth) {
    if (node == TOPIC_TREE_NONE)
        return false;
    walk->node = node;
    walk->depth = depth;
    return true;
}

static uint32_t match_plus(const struct match_walk *walk, uint32_t parent) {
    return match_sees_wildcards(walk, parent) ? route_value_of(walk->route, parent)->plus
                                              : TOPIC_TREE_NONE;
}

/* Down to the child with the topic's next level, or to "+" if there is none. */
static bool match_descend(struct match_walk *walk) {
    const uint32_t parent = walk->node;
    const uint32_t depth = walk->depth + 1u;
    struct match_level *level;
    uint32_t child;

    if (walk->depth == walk->level_count)
        return false;
    level = &walk->levels[walk->depth];
    child = topic_tree_child_again(&walk->route->tree, parent, level->bytes, &level->digest);
    return match_enter(walk, child, depth) || match_enter(walk, match_plus(walk, parent), depth);
}

/* Back up to the nearest node whose "+" has not been seen, and down to that. */
static bool match_turn(struct match_walk *walk) {
    while (walk->node != TOPIC_TREE_ROOT) {
        const uint32_t came_from = walk->node;
        const uint32_t parent = topic_tree_at(&walk->route->tree, came_from)->parent;
        const uint32_t plus = match_plus(walk, parent);
        if (plus != came_from && match_enter(walk, plus, walk->depth))
            return true;
        walk->node = parent;
        walk->depth--;
    }
    return false;
}

static bool match_walk(struct route *route, struct topic_path path, struct match_set *out) {
    struct match_walk walk = {.route = route, .node = TOPIC_TREE_ROOT};
    bool is_complete = true;

    if (!set_levels(route->memory, out, path))
        return false;
    walk.levels = out->levels;
    walk.level_count = out->level_count;
    walk.is_hidden = path.len > 0u && path.bytes[0] == '$';
    do {
        is_complete = match_visit(&walk, out) && is_complete;
    } while (match_descend(&walk) || match_turn(&walk));
    route_cache_put(route->memory, &route->cache, route->generation, path, walk.found,
                    walk.found_count);
    return is_complete;
}

bool route_match(struct route *route, struct ella_slice topic, struct match_set *out) {
    const struct topic_path path = topic_path_of(topic);
    const struct route_cached *known = route_cache_find(&route->cache, route->generation, path);
    bool is_complete = true;

    out->subscription_count = 0u;
    out->group_count = 0u;
    if (known == NULL)
        return match_walk(route, path, out);
    for (uint32_t i = 0; i < known->node_count; i++)
        is_complete = match_add(route, known->nodes[i], out) && is_complete;
    return is_complete;
}
