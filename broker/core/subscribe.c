/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * SUBSCRIBE and UNSUBSCRIBE: each filter by itself, in order, then one answer. It knows nothing of
 * how filters are stored.
 */
#include <string.h>

#include "broker/core/core_state.h"

/* A client for whom more waits gets no further subscription: retained messages are under no limit
 * of the queue, and one who subscribes again and again without reading would fill the memory. */
#define WAITING_COUNT_MAX 100000u
#define WAITING_RETAINED_SETS_MAX 4u

/* A wildcard may walk the whole retained store and find nothing, and a packet has room for
 * 100,000 of them. So each client may have so many nodes walked for it in a microsecond, and be so
 * far ahead of that; beyond it gets no further subscription for now. */
#define WALK_NODES_EACH_US 5u
#define WALK_AHEAD_US_MAX 1000000u

/* So many filters are answered without asking for memory. */
#define CODES_ON_STACK 32u

/* The answer being made: one code for each filter. */
struct answer {
    uint8_t *codes;
    uint32_t count;
    uint32_t capacity;
    const char *text; /* why the last filter that was refused was refused */
    uint8_t stack[CODES_ON_STACK];
};

struct filter_verdict {
    uint8_t reason_code;
    const char *text;
};

/* ---- The answer ---- */

static bool answer_begin(struct core *core, struct answer *answer, uint32_t count) {
    answer->count = 0u;
    answer->text = NULL;
    answer->capacity = count;
    answer->codes = answer->stack;
    if (count > CODES_ON_STACK)
        answer->codes = memory_get(&core->memory, MEMORY_OTHER, count);
    return answer->codes != NULL;
}

static void answer_end(struct core *core, struct answer *answer) {
    if (answer->codes != NULL && answer->codes != answer->stack)
        memory_put(&core->memory, MEMORY_OTHER, answer->codes, answer->capacity);
}

static void answer_put(struct answer *answer, struct filter_verdict verdict) {
    CORE_ASSERT(answer->count < answer->capacity);
    //= v5/3.9.3-1 v3/3.9.3-1 v5/3.11.3-1
    answer->codes[answer->count++] = verdict.reason_code;
    if (verdict.text != NULL)
        answer->text = verdict.text;
}

static void answer_send(struct core *core, struct connection *c, enum ella_packet_type type,
                        uint16_t packet_id, struct answer *answer) {
    struct ella_packet packet;

    memset(&packet.suback, 0, sizeof packet.suback);
    packet.type = type;
    //= v5/3.8.4-1 v5/3.8.4-2 v3/3.8.4-1 v3/3.8.4-2 v5/2.2.1-6 v3/2.3.1-7
    //= v5/3.10.4-4 v5/3.10.4-5 v3/3.10.4-4 v3/3.10.4-5
    packet.suback.packet_id = packet_id;
    //= v5/3.8.4-6 v3/3.8.4-5 v5/3.8.4-5 v3/3.8.4-4 v5/3.10.4-6 v3/3.10.4-6
    if (connection_is_v5(c) || type == ELLA_SUBACK)
        packet.suback.reason_codes = ella_slice_of(answer->codes, answer->count);
    if (connection_is_v5(c) && answer->text != NULL) {
        ella_property_set(&packet.suback.properties, ELLA_PROPERTY_REASON_STRING);
        packet.suback.properties.reason_string = connection_text(answer->text);
    }
    connection_send(core, c, &packet);
}

/* ---- Filters ---- */

static bool has_wildcard(struct ella_slice filter) {
    return memchr(ella_slice_data(filter), '+', ella_slice_len(filter)) != NULL ||
           memchr(ella_slice_data(filter), '#', ella_slice_len(filter)) != NULL;
}

/* Whether the broker is set to serve such a filter at all. */
static struct filter_verdict
judge_capability(const struct core *core, const struct ella_filter *entry, bool has_identifier) {
    const struct core_limits *l = &core->limits;
    struct ella_slice name;
    struct ella_slice filter;
    const bool shared = ella_topic_share(entry->filter, &name, &filter);

    //= v5/u-3.2.2.3.13-2
    if (shared && !l->shared_subscription_available)
        return (struct filter_verdict){ELLA_REASON_SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
                                       "shared subscriptions are not available"};
    //= v5/u-3.2.2.3.11-2 v3/3.8.3-2
    if (!l->wildcard_subscription_available && has_wildcard(filter))
        return (struct filter_verdict){ELLA_REASON_WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
                                       "wildcard subscriptions are not available"};
    //= v5/u-3.2.2.3.12-2
    if (!l->subscription_identifier_available && has_identifier)
        return (struct filter_verdict){ELLA_REASON_SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
                                       "subscription identifiers are not available"};
    return (struct filter_verdict){ELLA_REASON_SUCCESS, NULL};
}

static struct core_question question_of(const struct session *session, enum core_access access,
                                        const struct ella_filter *entry) {
    struct core_question question = {0};

    question.access = access;
    question.listener = session->listener;
    question.client_id = session_client_id(session);
    question.user_name = text_slice(session->user_name);
    question.has_user_name = session->user_name != NULL;
    question.topic = entry->filter;
    question.qos = entry->qos;
    return question;
}

static bool allowed(const struct core *core, const struct session *session,
                    enum core_access access, const struct ella_filter *entry) {
    const struct core_question question = question_of(session, access, entry);

    return core_allows(core, &question);
}

static void log_filter(struct core *core, const struct connection *c, enum core_log_kind kind,
                       const struct ella_filter *entry, uint8_t packet_type,
                       struct filter_verdict verdict) {
    const bool refused = verdict.reason_code >= ELLA_REASON_UNSPECIFIED_ERROR;
    struct core_log line = {0};

    line.level = refused ? CORE_LOG_NOTICE : CORE_LOG_DEBUG;
    line.kind = refused ? CORE_LOG_DENIED : kind;
    line.conn = c->slot;
    line.client_id = log_client_id(c);
    line.topic = entry->filter;
    line.packet_type = packet_type;
    line.reason_code = verdict.reason_code;
    line.qos = entry->qos;
    line.text = verdict.text != NULL ? verdict.text : ella_packet_name(packet_type);
    log_line(core, &line);
}

/* ---- SUBSCRIBE ---- */

/* Counts the filters; false: one of them ended the connection (only in 5.0, where the client was
 * told before what is not available). */
static bool count_filters(struct core *core, struct connection *c,
                          const struct ella_subscribe *subscribe, uint32_t *count) {
    struct ella_slice rest = subscribe->filters;
    struct ella_filter entry;
    struct filter_verdict verdict;

    *count = 0u;
    while (ella_filter_next(ELLA_SUBSCRIBE, &rest, &entry)) {
        verdict =
            judge_capability(core, &entry,
                             subscribe->properties.present != 0u &&
                                 ella_property_present(&subscribe->properties,
                                                       ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER));
        if (connection_is_v5(c) && verdict.reason_code != ELLA_REASON_SUCCESS) {
            close_connection(core, c, CONNECTION_ON_BAD_PACKET, verdict.reason_code,
                             ELLA_ERROR_NONE, verdict.text);
            return false;
        }
        (*count)++;
    }
    return true;
}

/* ---- What the retained messages cost ---- */

static uint64_t now_us(const struct core *core) {
    return core->now_ms * 1000u;
}

static bool walked_too_much(const struct core *core, const struct session *session) {
    return session->walk_paid_us > now_us(core) + WALK_AHEAD_US_MAX;
}

static void pay_walk(const struct core *core, struct session *session, uint64_t node_count) {
    if (session->walk_paid_us < now_us(core))
        session->walk_paid_us = now_us(core);
    session->walk_paid_us += node_count / WALK_NODES_EACH_US;
}

/* ---- One filter of SUBSCRIBE ---- */

static struct filter_verdict judge_filter(struct core *core, const struct session *session,
                                          const struct ella_filter *entry) {
    struct filter_verdict verdict = judge_capability(core, entry, false);

    if (verdict.reason_code != ELLA_REASON_SUCCESS)
        return verdict;
    if (core->limits.max_topic_levels > 0u &&
        core_level_count(entry->filter) > core->limits.max_topic_levels)
        return (struct filter_verdict){ELLA_REASON_TOPIC_FILTER_INVALID,
                                       "topic filter has too many levels"};
    /* What max_queued_messages bounds does not count: who comes back to it may subscribe again. */
    if (session->queue.count - session->queue.waiting_count >
        WAITING_COUNT_MAX + (uint64_t)WAITING_RETAINED_SETS_MAX * retain_count(core->retain))
        return (struct filter_verdict){ELLA_REASON_QUOTA_EXCEEDED,
                                       "too much waits for this client already"};
    if (core->journal.storage_fails && session_number(session) != 0u)
        return (struct filter_verdict){ELLA_REASON_QUOTA_EXCEEDED, "the storage fails"};
    if (walked_too_much(core, session))
        return (struct filter_verdict){ELLA_REASON_QUOTA_EXCEEDED,
                                       "its filters search too many retained messages"};
    if (!allowed(core, session, CORE_ACCESS_SUBSCRIBE, entry))
        return (struct filter_verdict){ELLA_REASON_NOT_AUTHORIZED, "not authorized to subscribe"};
    return verdict;
}

/* Makes the subscription and sends what is retained for it. */
static struct filter_verdict subscribe_filter(struct core *core, struct connection *c,
                                              const struct ella_filter *entry,
                                              uint32_t identifier) {
    struct session *session = c->session;
    struct filter_verdict verdict = judge_filter(core, session, entry);
    struct subscription_options options = {
        .identifier = identifier,
        .no_local = entry->no_local,
        .retain_as_published = entry->retain_as_published,
        .retain_handling = entry->retain_handling,
    };
    struct subscription *subscription;
    struct ella_slice share_name;
    struct ella_slice filter;
    enum route_result result;

    if (verdict.reason_code != ELLA_REASON_SUCCESS)
        return verdict;
    //= v5/3.2.2-10 v5/3.8.4-7 v3/3.8.4-5
    options.qos = entry->qos < c->listener->maximum_qos ? entry->qos : c->listener->maximum_qos;
    if (!store_reserve(core, 2u * (size_t)ella_slice_len(entry->filter)))
        return (struct filter_verdict){ELLA_REASON_QUOTA_EXCEEDED, "no memory"};
    //= v5/3.8.4-3 v3/3.8.4-3
    result = route_subscribe(core->route, session, &session->subscriptions, entry->filter,
                             &options, &subscription);
    if (result == ROUTE_NO_MEMORY)
        return (struct filter_verdict){ELLA_REASON_QUOTA_EXCEEDED, "no memory"};
    if (result == ROUTE_NEW && core->limits.max_subscriptions_per_session > 0u &&
        session->subscriptions.count > core->limits.max_subscriptions_per_session) {
        (void)route_unsubscribe(core->route, session, &session->subscriptions, entry->filter);
        return (struct filter_verdict){ELLA_REASON_QUOTA_EXCEEDED, "too many subscriptions"};
    }
    if (!store_subscription(core, subscription, entry->filter)) {
        /* What was before can't be brought back, so there is none: the client subscribes again. */
        (void)route_unsubscribe(core->route, session, &session->subscriptions, entry->filter);
        store_unsubscription(core, session, entry->filter);
        return (struct filter_verdict){ELLA_REASON_QUOTA_EXCEEDED, "no memory"};
    }
    /* Nothing retained for shared subscriptions. */
    //= v5/u-3.8.4-1 v5/3.3.1-9 v5/3.3.1-10 v5/3.3.1-11 v5/3.8.4-4 v3/3.3.1-6 v3/3.8.4-3
    if (!ella_topic_share(entry->filter, &share_name, &filter) &&
        (entry->retain_handling == 0u || (entry->retain_handling == 1u && result == ROUTE_NEW)))
        pay_walk(core, session, deliver_retained(core, subscription, filter));
    verdict.reason_code = options.qos;
    return verdict;
}

static uint32_t identifier_of(const struct ella_subscribe *subscribe) {
    struct ella_slice rest = subscribe->properties.subscription_identifiers;
    uint32_t identifier = 0u;

    if (!ella_property_present(&subscribe->properties, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER) ||
        !ella_subscription_identifier_next(&rest, &identifier))
        return 0u;
    return identifier;
}

/* Both requests begin and end alike. One that would keep all others waiting, or for whose answer
 * there is no memory, ends the connection. */
static bool begin(struct core *core, struct connection *c, struct answer *answer,
                  const struct ella_subscribe *request, uint32_t count) {
    const uint32_t max = core->limits.max_subscribe_bytes;
    const char *why = "more filters in one packet than max_subscribe_size";

    if (max == 0u || ella_slice_len(request->filters) <= max) {
        if (answer_begin(core, answer, count))
            return true;
        why = "no memory";
    }
    close_connection(core, c, CONNECTION_ON_EXPELLED, ELLA_REASON_QUOTA_EXCEEDED, ELLA_ERROR_NONE,
                     why);
    return false;
}

void subscribe_packet(struct core *core, struct connection *connection,
                      const struct ella_subscribe *subscribe) {
    struct ella_slice rest = subscribe->filters;
    const uint32_t identifier = identifier_of(subscribe);
    struct filter_verdict verdict;
    struct ella_filter entry;
    struct answer answer;
    uint32_t count;

    if (!count_filters(core, connection, subscribe, &count) ||
        !begin(core, connection, &answer, subscribe, count))
        return;
    while (ella_filter_next(ELLA_SUBSCRIBE, &rest, &entry)) {
        verdict = subscribe_filter(core, connection, &entry, identifier);
        if (verdict.reason_code >= ELLA_REASON_UNSPECIFIED_ERROR)
            core_count(core, STAT_SUBSCRIBE_DENIED);
        log_filter(core, connection, CORE_LOG_SUBSCRIBED, &entry, ELLA_SUBSCRIBE, verdict);
        //= v3/3.9.3-2 v5/3.9.3-2
        if (!connection_is_v5(connection) && verdict.reason_code > ELLA_SUBACK_V3_FAILURE)
            verdict.reason_code = ELLA_SUBACK_V3_FAILURE;
        answer_put(&answer, verdict);
    }
    answer_send(core, connection, ELLA_SUBACK, subscribe->packet_id, &answer);
    answer_end(core, &answer);
}

/* ---- UNSUBSCRIBE ---- */

static struct filter_verdict unsubscribe_filter(struct core *core, struct session *session,
                                                const struct ella_filter *entry) {
    if (!allowed(core, session, CORE_ACCESS_UNSUBSCRIBE, entry))
        return (struct filter_verdict){ELLA_REASON_NOT_AUTHORIZED,
                                       "not authorized to unsubscribe"};
    /* What is queued stays queued: what was begun is completed. */
    //= v5/3.10.4-1 v5/3.10.4-2 v5/3.10.4-3 v3/3.10.4-1 v3/3.10.4-2 v3/3.10.4-3 v5/3.11.3-2
    if (route_unsubscribe(core->route, session, &session->subscriptions, entry->filter)) {
        store_unsubscription(core, session, entry->filter);
        return (struct filter_verdict){ELLA_REASON_SUCCESS, NULL};
    }
    return (struct filter_verdict){ELLA_REASON_NO_SUBSCRIPTION_EXISTED, NULL};
}

void unsubscribe_packet(struct core *core, struct connection *connection,
                        const struct ella_subscribe *unsubscribe) {
    struct ella_slice rest = unsubscribe->filters;
    struct filter_verdict verdict;
    struct ella_filter entry;
    struct answer answer;
    uint32_t count = 0u;

    while (ella_filter_next(ELLA_UNSUBSCRIBE, &rest, &entry))
        count++;
    if (!begin(core, connection, &answer, unsubscribe, count))
        return;
    rest = unsubscribe->filters;
    while (ella_filter_next(ELLA_UNSUBSCRIBE, &rest, &entry)) {
        verdict = unsubscribe_filter(core, connection->session, &entry);
        log_filter(core, connection, CORE_LOG_UNSUBSCRIBED, &entry, ELLA_UNSUBSCRIBE, verdict);
        answer_put(&answer, verdict);
    }
    answer_send(core, connection, ELLA_UNSUBACK, unsubscribe->packet_id, &answer);
    answer_end(core, &answer);
}
