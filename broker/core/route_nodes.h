/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What hangs on the nodes of the routing tree: shared by route.c, which changes it, and
 * route_match.c, which reads it. Nobody else sees it.
 */
#ifndef BROKER_CORE_ROUTE_NODES_H
#define BROKER_CORE_ROUTE_NODES_H

#include "broker/core/route.h"
#include "broker/core/route_cache.h"
#include "broker/core/topic_tree.h"

/* One subscription stands in the array itself, more in a block of their own. */
struct subscription_array {
    uint32_t count;
    uint32_t capacity; /* 0 or 1: at.one */
    union {
        struct subscription *one;
        struct subscription **many;
    } at;
};

struct route_group {
    struct share_group share; /* what others see; first, so that one is found from the other */
    uint32_t node;
    struct subscription_array members;
    struct route_group *next; /* groups of one filter */
    struct route_group *previous;
};

/* What hangs on a node. */
struct route_value {
    uint32_t plus; /* the child "+", TOPIC_TREE_NONE if there is none */
    uint32_t hash; /* the child "#" */
    struct subscription_array subscriptions;
    struct route_group *groups; /* a filter's node: the first of its groups; a group's: itself */
};

struct route {
    uint32_t last_serial; /* of share groups */
    struct memory *memory;
    struct topic_tree tree;
    uint64_t generation; /* another one whenever a node comes or goes; never 0 */
    struct route_cache cache;
    uint32_t subscription_count;
    uint32_t shared_subscription_count;
    struct subscription *watched; /* NULL: none */
};

static inline struct route_value *route_value_of(const struct route *route, uint32_t node) {
    return topic_tree_value(&route->tree, node);
}

static inline struct subscription **route_array_items(struct subscription_array *array) {
    return array->capacity <= 1u ? &array->at.one : array->at.many;
}

#endif
