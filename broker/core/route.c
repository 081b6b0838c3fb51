/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * route: subscriptions on a tree of topic levels. It knows nothing of what is done with a match.
 *
 * The levels "+" and "#" are nodes like any other, to which their parent has a short cut. A share
 * group is a node too, below the node of its filter: its level is "/NAME", which no level of a
 * topic can be, and which is what stands in $share/NAME/FILTER.
 *
 * Invariants: a node other than the root has a child, a subscription or a group; a group has a
 * member; items[subscription->place_] == subscription in the array of its node or group.
 */
#include "broker/core/route.h"

#include <string.h>

#include "broker/core/core_assert.h"
#include "broker/core/route_nodes.h"

#define SHARE_PREFIX "$share"

struct route *route_create(struct memory *memory, uint64_t hash_seed) {
    struct route *route = memory_get_zero(memory, MEMORY_OTHER, sizeof *route);

    if (route == NULL)
        return NULL;
    route->memory = memory;
    route->generation = 1u;
    if (!topic_tree_init(&route->tree, memory, sizeof(struct route_value), hash_seed)) {
        memory_put(memory, MEMORY_OTHER, route, sizeof *route);
        return NULL;
    }
    return route;
}

void route_destroy(struct route *route) {
    CORE_ASSERT(route->subscription_count == 0u);
    route_cache_free(route->memory, &route->cache);
    topic_tree_free(&route->tree);
    memory_put(route->memory, MEMORY_OTHER, route, sizeof *route);
}

void route_watch(struct route *route, struct subscription *subscription) {
    route->watched = subscription;
}

struct subscription *route_watched(const struct route *route) {
    return route->watched;
}

void route_set_serial(struct route *route, struct subscription *subscription, uint32_t serial) {
    if (subscription != NULL && subscription->group != NULL && serial != 0u)
        subscription->group->serial = serial;
    if (route->last_serial < serial && serial < UINT32_MAX)
        route->last_serial = serial;
}

/* ---- Arrays of subscriptions ---- */

static bool array_resize(struct memory *memory, struct subscription_array *array,
                         uint32_t capacity) {
    struct subscription **items =
        memory_get(memory, MEMORY_SUBSCRIPTION, capacity * sizeof *items);

    if (items == NULL)
        return false;
    memcpy(items, route_array_items(array), array->count * sizeof *items);
    if (array->capacity > 1u)
        memory_put(memory, MEMORY_SUBSCRIPTION, array->at.many, array->capacity * sizeof *items);
    array->at.many = items;
    array->capacity = capacity;
    return true;
}

static bool array_reserve(struct memory *memory, struct subscription_array *array) {
    if (array->capacity == 0u)
        array->capacity = 1u;
    if (array->count < array->capacity)
        return true;
    return array->capacity <= UINT32_MAX / 2u && array_resize(memory, array, array->capacity * 2u);
}

static void array_push(struct subscription_array *array, struct subscription *subscription) {
    subscription->place_ = array->count;
    route_array_items(array)[array->count++] = subscription;
}

static void array_shrink(struct memory *memory, struct subscription_array *array) {
    struct subscription **many = array->at.many;

    if (array->capacity <= 1u)
        return;
    if (array->count <= 1u) {
        array->at.one = array->count == 1u ? many[0] : NULL;
        memory_put(memory, MEMORY_SUBSCRIPTION, many, array->capacity * sizeof *many);
        array->capacity = 1u;
    } else if (array->count <= array->capacity / 4u) {
        /* A wish: without memory for the smaller one the larger one serves as well. */
        (void)array_resize(memory, array, array->capacity / 2u);
    }
}

/* The last one takes the place that becomes free. */
static void array_remove(struct memory *memory, struct subscription_array *array,
                         const struct subscription *subscription) {
    struct subscription **items = route_array_items(array);
    const uint32_t place = subscription->place_;

    CORE_ASSERT(place < array->count && items[place] == subscription);
    array->count--;
    items[place] = items[array->count];
    items[place]->place_ = place;
    array_shrink(memory, array);
}

/* ---- Nodes of filters ---- */

static bool node_is_used(const struct route *route, uint32_t node) {
    const struct route_value *value = route_value_of(route, node);
    return topic_tree_at(&route->tree, node)->child_count > 0u ||
           value->subscriptions.count > 0u || value->groups != NULL;
}

/* Takes away node and those above it that nothing needs any more. */
static void node_prune(struct route *route, uint32_t node) {
    while (node != TOPIC_TREE_ROOT && !node_is_used(route, node)) {
        const uint32_t parent = topic_tree_at(&route->tree, node)->parent;
        struct route_value *above = route_value_of(route, parent);
        if (above->plus == node)
            above->plus = TOPIC_TREE_NONE;
        if (above->hash == node)
            above->hash = TOPIC_TREE_NONE;
        topic_tree_remove(&route->tree, node);
        route->generation++;
        node = parent;
    }
}

static bool level_is(struct ella_slice level, uint8_t wildcard) {
    return ella_slice_len(level) == 1u && level.base[level.off] == wildcard;
}

static uint32_t node_child_get(struct route *route, uint32_t parent, struct ella_slice level) {
    uint32_t node = topic_tree_child(&route->tree, parent, level);

    if (node != TOPIC_TREE_NONE)
        return node;
    node = topic_tree_add(&route->tree, parent, level);
    if (node == TOPIC_TREE_NONE) {
        node_prune(route, parent);
        return TOPIC_TREE_NONE;
    }
    route->generation++;
    if (level_is(level, '+'))
        route_value_of(route, parent)->plus = node;
    else if (level_is(level, '#'))
        route_value_of(route, parent)->hash = node;
    return node;
}

/* A filter as sent, taken apart. */
struct filter_parts {
    struct topic_path path;
    bool is_shared;
    struct ella_slice group_level; /* "/NAME" */
};

static struct filter_parts filter_of(struct ella_slice whole) {
    struct filter_parts out;
    struct ella_slice name;
    struct ella_slice filter;

    out.is_shared = ella_topic_share(whole, &name, &filter);
    out.path = topic_path_of(filter);
    out.group_level = name;
    if (out.is_shared)
        out.group_level.off--; /* the slash in front of the name */
    return out;
}

/* The node of the filter, made if need be; TOPIC_TREE_NONE: no memory. */
static uint32_t node_get(struct route *route, const struct filter_parts *filter) {
    uint32_t node = TOPIC_TREE_ROOT;

    for (uint32_t at = 0u; !topic_path_ends(filter->path, at);) {
        const struct ella_slice level = topic_path_level(filter->path, at);
        node = node_child_get(route, node, level);
        if (node == TOPIC_TREE_NONE)
            return TOPIC_TREE_NONE;
        at = level.end + 1u;
    }
    return filter->is_shared ? node_child_get(route, node, filter->group_level) : node;
}

//= v3/3.10.4-1 v5/3.10.4-1
static uint32_t node_find(const struct route *route, const struct filter_parts *filter) {
    const uint32_t node = topic_tree_find(&route->tree, filter->path);

    if (node == TOPIC_TREE_NONE || !filter->is_shared)
        return node;
    return topic_tree_child(&route->tree, node, filter->group_level);
}

/* ---- Share groups ---- */

static struct route_group *group_of(struct share_group *share) {
    return (struct route_group *)share;
}

/* Brings what others see in line with the members. */
static void group_show(struct route_group *group) {
    group->share.member_count = group->members.count;
    group->share.members = route_array_items(&group->members);
    if (group->share.next >= group->members.count)
        group->share.next = 0u;
}

/* The group of its node, made if need be; NULL: no memory. */
static struct route_group *group_get(struct route *route, uint32_t node) {
    struct route_value *value = route_value_of(route, node);
    struct route_value *filter = route_value_of(route, topic_tree_at(&route->tree, node)->parent);
    struct route_group *group = value->groups;

    if (group != NULL)
        return group;
    group = memory_get_zero(route->memory, MEMORY_SUBSCRIPTION, sizeof *group);
    if (group == NULL)
        return NULL;
    group->share.serial = ++route->last_serial;
    group->node = node;
    group->next = filter->groups;
    if (group->next != NULL)
        group->next->previous = group;
    filter->groups = group;
    value->groups = group;
    return group;
}

static void group_remove_if_empty(struct route *route, struct route_group *group) {
    struct route_value *filter =
        route_value_of(route, topic_tree_at(&route->tree, group->node)->parent);

    if (group->members.count > 0u)
        return;
    if (group->next != NULL)
        group->next->previous = group->previous;
    if (group->previous != NULL)
        group->previous->next = group->next;
    else
        filter->groups = group->next;
    route_value_of(route, group->node)->groups = NULL;
    memory_put(route->memory, MEMORY_SUBSCRIPTION, group, sizeof *group);
}

/* ---- Subscriptions ---- */

static void list_link(struct subscription_list *list, struct subscription *subscription) {
    subscription->session_previous = NULL;
    subscription->session_next = list->first;
    if (list->first != NULL)
        list->first->session_previous = subscription;
    list->first = subscription;
    list->count++;
}

static void list_unlink(struct subscription_list *list, struct subscription *subscription) {
    if (subscription->session_next != NULL)
        subscription->session_next->session_previous = subscription->session_previous;
    if (subscription->session_previous != NULL)
        subscription->session_previous->session_next = subscription->session_next;
    else
        list->first = subscription->session_next;
    list->count--;
}

/* The array that subscriptions of this node are in; NULL: a group's node, not yet with a group. */
static struct subscription_array *node_array(const struct route *route, uint32_t node,
                                             bool is_shared) {
    struct route_value *value = route_value_of(route, node);

    if (!is_shared)
        return &value->subscriptions;
    return value->groups == NULL ? NULL : &value->groups->members;
}

/* Searches the shorter one of the node's and the session's lists. */
static struct subscription *subscription_find(const struct route *route, uint32_t node,
                                              bool is_shared, const struct session *session,
                                              const struct subscription_list *list) {
    struct subscription_array *array = node_array(route, node, is_shared);
    struct subscription *subscription = list->first;

    if (array == NULL)
        return NULL;
    if (array->count < list->count) {
        for (uint32_t place = 0u; place < array->count; place++) {
            if (route_array_items(array)[place]->session == session)
                return route_array_items(array)[place];
        }
        return NULL;
    }
    while (subscription != NULL && subscription->node_ != node)
        subscription = subscription->session_next;
    return subscription;
}

/* Room for one more subscription at node; NULL, with nothing changed, if there is no memory. */
static struct subscription_array *array_get(struct route *route, uint32_t node, bool is_shared,
                                            struct route_group **group) {
    struct subscription_array *array;

    *group = is_shared ? group_get(route, node) : NULL;
    if (is_shared && *group == NULL)
        return NULL;
    array = node_array(route, node, is_shared);
    if (array_reserve(route->memory, array))
        return array;
    if (*group != NULL)
        group_remove_if_empty(route, *group);
    return NULL;
}

static struct subscription *subscription_add(struct route *route, uint32_t node, bool is_shared,
                                             struct session *session,
                                             struct subscription_list *list) {
    struct subscription *subscription =
        memory_get_zero(route->memory, MEMORY_SUBSCRIPTION, sizeof *subscription);
    struct subscription_array *array;
    struct route_group *group;

    if (subscription == NULL)
        return NULL;
    array = array_get(route, node, is_shared, &group);
    if (array == NULL) {
        memory_put(route->memory, MEMORY_SUBSCRIPTION, subscription, sizeof *subscription);
        return NULL;
    }
    subscription->session = session;
    subscription->node_ = node;
    subscription->group = group == NULL ? NULL : &group->share;
    array_push(array, subscription);
    if (group != NULL)
        group_show(group);
    list_link(list, subscription);
    route->subscription_count++;
    route->shared_subscription_count += is_shared ? 1u : 0u;
    return subscription;
}

static void subscription_remove(struct route *route, struct subscription_list *list,
                                struct subscription *subscription) {
    const uint32_t node = subscription->node_;

    if (subscription->group == NULL) {
        array_remove(route->memory, &route_value_of(route, node)->subscriptions, subscription);
    } else {
        struct route_group *group = group_of(subscription->group);
        array_remove(route->memory, &group->members, subscription);
        group_show(group);
        group_remove_if_empty(route, group);
        route->shared_subscription_count--;
    }
    if (route->watched == subscription)
        route->watched = subscription->session_next;
    list_unlink(list, subscription);
    route->subscription_count--;
    memory_put(route->memory, MEMORY_SUBSCRIPTION, subscription, sizeof *subscription);
    node_prune(route, node);
}

static void options_put(struct subscription *subscription,
                        const struct subscription_options *options) {
    subscription->identifier = options->identifier;
    subscription->qos = options->qos;
    subscription->no_local = options->no_local;
    subscription->retain_as_published = options->retain_as_published;
    subscription->retain_handling = options->retain_handling;
}

enum route_result route_subscribe(struct route *route, struct session *session,
                                  struct subscription_list *list, struct ella_slice filter,
                                  const struct subscription_options *options,
                                  struct subscription **out) {
    const struct filter_parts parts = filter_of(filter);
    const uint32_t node = node_get(route, &parts);
    enum route_result result = ROUTE_REPLACED;

    *out = NULL;
    if (node == TOPIC_TREE_NONE)
        return ROUTE_NO_MEMORY;
    //= v3/3.8.4-3 v5/3.8.4-3
    *out = subscription_find(route, node, parts.is_shared, session, list);
    if (*out == NULL) {
        result = ROUTE_NEW;
        *out = subscription_add(route, node, parts.is_shared, session, list);
    }
    if (*out == NULL) {
        node_prune(route, node);
        return ROUTE_NO_MEMORY;
    }
    options_put(*out, options);
    return result;
}

bool route_unsubscribe(struct route *route, struct session *session,
                       struct subscription_list *list, struct ella_slice filter) {
    const struct filter_parts parts = filter_of(filter);
    const uint32_t node = node_find(route, &parts);
    struct subscription *subscription;

    if (node == TOPIC_TREE_NONE)
        return false;
    subscription = subscription_find(route, node, parts.is_shared, session, list);
    if (subscription == NULL)
        return false;
    subscription_remove(route, list, subscription);
    return true;
}

void route_unsubscribe_all(struct route *route, struct subscription_list *list) {
    while (list->first != NULL)
        subscription_remove(route, list, list->first);
}

uint32_t route_subscription_count(const struct route *route) {
    return route->subscription_count;
}

uint32_t route_shared_subscription_count(const struct route *route) {
    return route->shared_subscription_count;
}

/* ---- The filter of a subscription ---- */

struct filter_writer {
    uint8_t *buf;
    uint32_t at; /* what is behind is written */
};

static void filter_put_before(struct filter_writer *w, const void *bytes, uint32_t len) {
    w->at -= len;
    if (len > 0u)
        memcpy(w->buf + w->at, bytes, len);
}

static void filter_put_levels(const struct route *route, uint32_t node, struct filter_writer *w) {
    while (node != TOPIC_TREE_ROOT) {
        const struct ella_slice level = topic_tree_level(&route->tree, node);
        filter_put_before(w, ella_slice_data(level), ella_slice_len(level));
        node = topic_tree_at(&route->tree, node)->parent;
        if (node != TOPIC_TREE_ROOT)
            filter_put_before(w, "/", 1u);
    }
}

static uint32_t filter_len(const struct route *route, uint32_t node) {
    uint32_t len = 0u;

    while (node != TOPIC_TREE_ROOT) {
        len += ella_slice_len(topic_tree_level(&route->tree, node));
        node = topic_tree_at(&route->tree, node)->parent;
        len += node != TOPIC_TREE_ROOT ? 1u : 0u;
    }
    return len;
}

uint32_t route_filter(const struct route *route, const struct subscription *subscription,
                      uint8_t *buf, uint32_t size) {
    const uint32_t prefix_len = (uint32_t)strlen(SHARE_PREFIX);
    const struct ella_slice group_level = topic_tree_level(&route->tree, subscription->node_);
    uint32_t node = subscription->node_;
    struct filter_writer w = {buf, 0u};
    uint32_t len = filter_len(route, node);

    if (subscription->group != NULL) {
        node = topic_tree_at(&route->tree, node)->parent;
        len = prefix_len + ella_slice_len(group_level) + 1u + filter_len(route, node);
    }
    if (len > size)
        return len;
    w.at = len;
    filter_put_levels(route, node, &w);
    if (subscription->group != NULL) {
        filter_put_before(&w, "/", 1u);
        filter_put_before(&w, ella_slice_data(group_level), ella_slice_len(group_level));
        filter_put_before(&w, SHARE_PREFIX, prefix_len);
    }
    return len;
}
