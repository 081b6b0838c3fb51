/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Which subscriptions match a topic: a tree of topic levels with one index for all nodes. It knows
 * nothing of QoS rules, queues or permissions: it finds, deliver.c decides. The cost of a match
 * grows with the nodes that match, not with the subscriptions there are.
 *
 * A subscription is identified by its session, share name and filter. It hangs in two lists, its
 * node's and its session's, and is found again by searching the shorter one.
 */
#ifndef BROKER_CORE_ROUTE_H
#define BROKER_CORE_ROUTE_H

#include "broker/core/memory.h"
#include "libella/codec.h"

struct route;
struct session;
struct subscription;

/* Head of a session's subscriptions; lives in the session, zero at first. */
struct subscription_list {
    struct subscription *first;
    uint32_t count;
};

struct subscription_options {
    uint32_t identifier; /* 0: none */
    uint8_t qos;
    bool no_local;
    bool retain_as_published;
    uint8_t retain_handling;
};

/* Members of one $share/NAME/FILTER; next is where round robin goes on. */
struct share_group {
    uint32_t serial; /* never 0, never given to another group: names it in queues */
    uint32_t member_count;
    uint32_t next;
    struct subscription **members;
    /* private to route.c follows in its allocation */
};

struct subscription {
    struct session *session;
    struct subscription *session_next;
    struct subscription *session_previous;
    struct share_group *group; /* NULL: not shared */
    uint32_t identifier;
    uint32_t node_;
    uint32_t place_; /* in its node's or group's array */
    uint8_t qos;
    bool no_local;
    bool retain_as_published;
    uint8_t retain_handling;
};

/* A level of a topic, and the digest of a long one once it was needed. */
struct match_level {
    struct ella_slice bytes;
    uint64_t digest;
};

/* What a topic matches: filled by route_match(), its memory kept from call to call. A session may
 * appear several times (overlapping subscriptions). Begins zero. */
struct match_set {
    struct subscription **subscriptions;
    uint32_t subscription_count;
    uint32_t subscription_capacity;
    struct share_group **groups;
    uint32_t group_count;
    uint32_t group_capacity;
    struct match_level *levels; /* of the topic, during the match */
    uint32_t level_count;
    uint32_t level_capacity;
};

struct route *route_create(struct memory *memory, uint64_t hash_seed);
void route_destroy(struct route *route); /* all subscriptions must be gone */

enum route_result {
    ROUTE_NEW,
    ROUTE_REPLACED,
    ROUTE_NO_MEMORY
};

/* Adds or replaces (v5/3.8.4-3). filter: valid, as sent, $share/NAME/ included. *out is the
 * subscription. */
enum route_result route_subscribe(struct route *route, struct session *session,
                                  struct subscription_list *list, struct ella_slice filter,
                                  const struct subscription_options *options,
                                  struct subscription **out);
/* false: there was none (exact match of the filter's bytes, v5/3.10.4-1). */
bool route_unsubscribe(struct route *route, struct session *session,
                       struct subscription_list *list, struct ella_slice filter);
void route_unsubscribe_all(struct route *route, struct subscription_list *list);

/* All subscriptions and share groups whose filter matches topic. false: no memory, out holds what
 * was found. */
bool route_match(struct route *route, struct ella_slice topic, struct match_set *out);
void match_set_free(struct memory *memory, struct match_set *set);

/* Watches a subscription, NULL for none: when it goes the next one of its session is watched. */
void route_watch(struct route *route, struct subscription *subscription);
struct subscription *route_watched(const struct route *route);
/* Recovery: the subscription's share group is the one that had this serial; subscription may be
 * NULL: a group had it. No other group is given it. */
void route_set_serial(struct route *route, struct subscription *subscription, uint32_t serial);

uint32_t route_subscription_count(const struct route *route); /* shared ones included */
uint32_t route_shared_subscription_count(const struct route *route);
/* Writes the full filter ($share/NAME/ included) of a subscription to buf; returns its length,
 * which may be above size: then nothing is written. */
uint32_t route_filter(const struct route *route, const struct subscription *subscription,
                      uint8_t *buf, uint32_t size);

#endif
