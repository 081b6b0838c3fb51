/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * PUBLISH from a client: alias, limits, permission, the one copy, retained store, delivery,
 * answer; and PUBREL. It knows nothing of queues.
 */
#include <string.h>

#include "broker/core/core_state.h"
#include "state_machines/qos_receive.h"

static const struct publish_verdict accepted = {ELLA_REASON_SUCCESS, CORE_STAT_COUNT, NULL};

/* ---- May it be published? ---- */

bool core_is_sys(struct ella_slice topic) {
    const uint8_t *data = ella_slice_data(topic);
    uint32_t len = ella_slice_len(topic);

    return len >= 4u && memcmp(data, "$SYS", 4u) == 0 && (len == 4u || data[4] == '/');
}

/* A topic that is not longer than the limit has not more levels. */
static bool has_too_many_levels(const struct core_limits *l, struct ella_slice topic) {
    return l->max_topic_levels > 0u && ella_slice_len(topic) >= l->max_topic_levels &&
           core_level_count(topic) > l->max_topic_levels;
}

static struct publish_verdict judge_by_limits(const struct core_limits *l,
                                              struct ella_slice topic, uint32_t payload_len) {
    //= v5/u-4.7.2-1 v3/u-4.7.2-1
    if (core_is_sys(topic))
        return (struct publish_verdict){ELLA_REASON_TOPIC_NAME_INVALID, STAT_DROPPED_PUBLISH_TOPIC,
                                        "$SYS belongs to the broker"};
    if (has_too_many_levels(l, topic))
        return (struct publish_verdict){ELLA_REASON_TOPIC_NAME_INVALID, STAT_DROPPED_PUBLISH_TOPIC,
                                        "topic has too many levels"};
    if (l->max_payload_bytes > 0u && payload_len > l->max_payload_bytes)
        return (struct publish_verdict){ELLA_REASON_QUOTA_EXCEEDED, STAT_DROPPED_PAYLOAD_TOO_LARGE,
                                        "payload is too large"};
    return accepted;
}

struct publish_verdict publish_judge(struct core *core, const struct core_question *question) {
    const struct publish_verdict verdict = judge_by_limits(&core->limits, question->topic,
                                                           ella_slice_len(question->payload));

    if (verdict.reason_code == ELLA_REASON_SUCCESS && !core_allows(core, question))
        return (struct publish_verdict){ELLA_REASON_NOT_AUTHORIZED, STAT_DROPPED_PUBLISH_DENIED,
                                        "not authorized to publish"};
    return verdict;
}

static struct publish_verdict judge(struct core *core, const struct session *session,
                                    const struct ella_publish *publish, struct ella_slice topic) {
    struct core_question question;

    if (!core_asks_policy(core))
        return judge_by_limits(&core->limits, topic, ella_slice_len(publish->payload));
    memset(&question, 0, sizeof question);
    question.access = CORE_ACCESS_WRITE;
    question.listener = session->listener;
    question.client_id = session_client_id(session);
    question.user_name = text_slice(session->user_name);
    question.has_user_name = session->user_name != NULL;
    question.topic = topic;
    question.payload = publish->payload;
    question.qos = publish->qos;
    question.retain = publish->retain;
    return publish_judge(core, &question);
}

/* ---- Rules whose breach ends the connection ---- */

static void violation(struct core *core, struct connection *c, uint8_t reason_code,
                      const char *text) {
    close_connection(core, c, CONNECTION_ON_BAD_PACKET, reason_code, ELLA_ERROR_NONE, text);
}

static bool within_capabilities(struct core *core, struct connection *c,
                                const struct ella_publish *publish) {
    //= v5/u-3.2.2.3.4-2
    if (publish->qos > c->listener->maximum_qos) {
        violation(core, c, ELLA_REASON_QOS_NOT_SUPPORTED, "QoS is above Maximum QoS");
        return false;
    }
    //= v5/u-3.2.2.3.5-2 v5/u-3.2.2.3.5-3
    if (publish->retain && !core->limits.retain_available) {
        violation(core, c, ELLA_REASON_RETAIN_NOT_SUPPORTED, "retain is not available");
        return false;
    }
    return true;
}

/* The topic, by name or by alias; false: the connection was closed. */
static bool resolve_topic(struct core *core, struct connection *c,
                          const struct ella_publish *publish, struct ella_slice *topic) {
    const uint16_t alias = publish->properties.topic_alias;

    *topic = publish->topic;
    if (!ella_property_present(&publish->properties, ELLA_PROPERTY_TOPIC_ALIAS))
        return true;
    //= v5/u-3.3.4-2 v5/3.3.2-12
    if (alias == 0u || alias > c->listener->topic_alias_maximum) {
        violation(core, c, ELLA_REASON_TOPIC_ALIAS_INVALID, "topic alias is above the maximum");
        return false;
    }
    if (ella_slice_len(publish->topic) > 0u) {
        struct connection_more *more = connection_get_more(core, c);
        if (more != NULL && alias_set(&core->memory, &more->aliases_in, alias, publish->topic))
            return true;
        violation(core, c, ELLA_REASON_QUOTA_EXCEEDED, "no memory");
        return false;
    }
    *topic = alias_topic(c->more == NULL ? NULL : c->more->aliases_in, alias);
    //= v5/u-3.3.4-3
    if (ella_slice_len(*topic) == 0u) {
        violation(core, c, ELLA_REASON_PROTOCOL_ERROR, "topic alias was never given a topic");
        return false;
    }
    return true;
}

/* ---- The message ---- */

/* Retained store first, so that a message is refused as a whole or delivered as a whole. */
static struct publish_verdict retain_message(struct core *core, struct message *message) {
    //= v5/3.3.1-8 v3/3.3.1-12
    if (!message->retain)
        return accepted;
    //= v5/3.3.1-5 v5/3.3.1-6 v5/3.3.1-7 v3/3.3.1-5 v3/3.3.1-7 v3/3.3.1-10 v3/3.3.1-11
    switch (retain_set(core->retain, message, core->limits.max_retained_messages,
                       core->limits.max_retained_bytes)) {
    case RETAIN_NOTHING:
        return accepted;
    case RETAIN_FULL:
        return (struct publish_verdict){ELLA_REASON_QUOTA_EXCEEDED, STAT_DROPPED_RETAIN_FULL,
                                        "no room for another retained message"};
    case RETAIN_NO_MEMORY:
        return (struct publish_verdict){ELLA_REASON_QUOTA_EXCEEDED, STAT_DROPPED_NO_MEMORY,
                                        "no memory"};
    default:
        store_retained(core, message);
        return accepted;
    }
}

uint32_t publish_message(struct core *core, struct message *message) {
    const struct publish_verdict verdict = retain_message(core, message);

    if (verdict.reason_code != ELLA_REASON_SUCCESS) {
        deliver_drop(core, verdict.stat, NULL, message);
        return 0u;
    }
    return deliver_message(core, message, message_publisher(message));
}

bool publish_local(struct core *core, const struct ella_publish *publish) {
    struct message *message = message_create(&core->memory, publish->topic, publish, 0u,
                                             core->ports.journal, core->now_ms);

    if (message == NULL) {
        core_count(core, STAT_DROPPED_NO_MEMORY);
        return false;
    }
    (void)publish_message(core, message);
    message_drop(&core->memory, message);
    return true;
}

static void log_drop(struct core *core, const struct connection *c,
                     const struct publish_verdict *verdict, struct ella_slice topic, uint8_t qos) {
    struct core_log line = {0};

    line.level = CORE_LOG_NOTICE;
    line.kind =
        verdict->reason_code == ELLA_REASON_NOT_AUTHORIZED ? CORE_LOG_DENIED : CORE_LOG_DROPPED;
    line.conn = c->slot;
    line.client_id = log_client_id(c);
    line.topic = topic;
    line.packet_type = ELLA_PUBLISH;
    line.reason_code = verdict->reason_code;
    line.qos = qos;
    line.text = verdict->text;
    log_line(core, &line);
}

/* Makes the message, retains and delivers it; *receivers is how many it was for. A QoS 2 packet
 * id is remembered before anything is delivered. */
static struct publish_verdict take(struct core *core, struct connection *c,
                                   const struct ella_publish *publish, struct ella_slice topic,
                                   uint32_t *receivers) {
    static const struct publish_verdict no_memory = {ELLA_REASON_QUOTA_EXCEEDED,
                                                     STAT_DROPPED_NO_MEMORY, "no memory"};
    static const struct publish_verdict storage_fails = {
        ELLA_REASON_QUOTA_EXCEEDED, STAT_DROPPED_STORAGE, "the storage fails"};
    struct session *session = c->session;
    struct publish_verdict verdict = judge(core, session, publish, topic);
    struct message *message;

    if (verdict.reason_code != ELLA_REASON_SUCCESS)
        return verdict;
    if (core->journal.on) {
        if (publish->qos > 0u && core->journal.storage_fails)
            return storage_fails;
        if (!store_reserve(core, ella_slice_len(topic) + ella_slice_len(publish->payload)))
            return no_memory;
    }
    message = message_create(&core->memory, topic, publish, session->key, core->ports.journal,
                             core->now_ms);
    if (message == NULL)
        return no_memory;
    if (publish->qos == 2u &&
        !received_add(&core->memory, &session->received, publish->packet_id)) {
        message_drop(&core->memory, message);
        return no_memory;
    }
    verdict = retain_message(core, message);
    if (verdict.reason_code == ELLA_REASON_SUCCESS) {
        if (publish->qos == 2u && core->journal.on)
            store_received(core, session, publish->packet_id);
        //= v5/4.5.0-1 v3/4.5.0-1
        *receivers = deliver_message(core, message, session->key);
    } else if (publish->qos == 2u) {
        received_remove(&core->memory, &session->received, publish->packet_id);
    }
    message_drop(&core->memory, message);
    return verdict;
}

/* Before 5.0 a refused message is acknowledged like any other: there is no way to tell. Where
 * only memory lacks the connection is closed instead, so that the client sends it again. */
static bool refuse_v3(struct core *core, struct connection *c, const struct ella_publish *publish,
                      const struct publish_verdict *verdict) {
    //= v3/4.8.0-2
    if (verdict->stat != STAT_DROPPED_NO_MEMORY &&
        (publish->qos < 2u ||
         received_add(&core->memory, &c->session->received, publish->packet_id))) {
        if (publish->qos == 2u)
            store_received(core, c->session, publish->packet_id);
        return true;
    }
    close_connection(core, c, CONNECTION_ON_EXPELLED, ELLA_REASON_QUOTA_EXCEEDED, ELLA_ERROR_NONE,
                     "no memory");
    return false;
}

/* ---- PUBLISH ---- */

static enum ella_packet_type answer_of(uint8_t qos) {
    //= v5/3.3.4-1 v3/3.3.4-1 v5/4.3.2-4 v3/4.3.2-2 v5/4.3.3-8 v3/4.3.3-2
    return qos == 1u ? ELLA_PUBACK : ELLA_PUBREC;
}

/* A QoS 2 message that was taken before: its PUBREC again. */
static bool is_repetition(struct core *core, struct connection *c,
                          const struct ella_publish *publish) {
    const struct qos_receive_transition step =
        qos_receive_step(QOS_RECEIVE_RECEIVED, QOS_RECEIVE_ON_PUBLISH);

    if (publish->qos != 2u || !received_has(c->session->received, publish->packet_id))
        return false;
    //= v5/4.3.3-10 v3/4.3.3-2
    CORE_ASSERT(step.action == QOS_RECEIVE_DO_PUBREC);
    connection_send_ack(core, c, ELLA_PUBREC, publish->packet_id, ELLA_REASON_SUCCESS, NULL);
    return true;
}

/* A QoS 2 message counts from here until its PUBCOMP. */
static bool within_receive_maximum(struct core *core, struct connection *c,
                                   const struct ella_publish *publish) {
    if (publish->qos != 2u || !connection_is_v5(c) || send_quota_left(c->receive_quota) > 0u)
        return true;
    violation(core, c, ELLA_REASON_RECEIVE_MAXIMUM_EXCEEDED, "Receive Maximum exceeded");
    return false;
}

static void answer(struct core *core, struct connection *c, const struct ella_publish *publish,
                   const struct publish_verdict *verdict, uint32_t receivers) {
    uint8_t reason_code = verdict->reason_code;

    if (publish->qos == 0u)
        return;
    if (reason_code == ELLA_REASON_SUCCESS && receivers == 0u)
        reason_code = ELLA_REASON_NO_MATCHING_SUBSCRIBERS;
    /* PUBREC of 0x80 and above: the packet id is free again and counts no more. */
    //= v5/4.3.3-9 v5/4.3.2-5
    if (publish->qos == 2u && reason_code < ELLA_REASON_UNSPECIFIED_ERROR)
        (void)send_quota_take(&c->receive_quota);
    //= v5/3.4.2-1 v5/3.5.2-1 v5/2.2.1-5 v3/2.3.1-6
    connection_send_ack(core, c, answer_of(publish->qos), publish->packet_id, reason_code,
                        verdict->text);
}

void publish_packet(struct core *core, struct connection *connection,
                    const struct ella_publish *publish) {
    struct connection *c = connection;
    struct publish_verdict verdict;
    struct ella_slice topic;
    uint32_t receivers = 0u;

    core_count(core, STAT_PUBLISH_RECEIVED);
    core_count_many(core, STAT_PUBLISH_BYTES_RECEIVED, ella_slice_len(publish->payload));
    if (!within_capabilities(core, c, publish) || !resolve_topic(core, c, publish, &topic))
        return;
    if (is_repetition(core, c, publish) || !within_receive_maximum(core, c, publish))
        return;
    verdict = take(core, c, publish, topic, &receivers);
    if (verdict.reason_code != ELLA_REASON_SUCCESS) {
        core_count(core, verdict.stat);
        log_drop(core, c, &verdict, topic, publish->qos);
        //= v3/3.3.5-2
        if (publish->qos > 0u && !connection_is_v5(c) && !refuse_v3(core, c, publish, &verdict))
            return;
    }
    answer(core, c, publish, &verdict, receivers);
}

/* ---- PUBREL ---- */

void publish_release(struct core *core, struct connection *connection,
                     const struct ella_ack *pubrel) {
    struct session *session = connection->session;
    const bool known = received_has(session->received, pubrel->packet_id);
    const struct qos_receive_transition step =
        qos_receive_step(known ? QOS_RECEIVE_RECEIVED : QOS_RECEIVE_ABSENT, QOS_RECEIVE_ON_PUBREL);
    uint8_t reason_code = ELLA_REASON_SUCCESS;

    if (step.action == QOS_RECEIVE_DO_PUBCOMP) {
        //= v5/4.3.3-12
        received_remove(&core->memory, &session->received, pubrel->packet_id);
        if (core->journal.on)
            store_received_end(core, session, pubrel->packet_id);
        send_quota_give(&connection->receive_quota);
    } else {
        reason_code = ELLA_REASON_PACKET_IDENTIFIER_NOT_FOUND;
    }
    //= v5/4.3.3-11 v5/4.3.3-13 v5/3.7.2-1 v3/4.3.3-2
    connection_send_ack(core, connection, ELLA_PUBCOMP, pubrel->packet_id, reason_code, NULL);
}
