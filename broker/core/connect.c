/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * CONNECT: is it acceptable, whom to ask, and what follows from the verdict: take-over, the
 * session, CONNACK. It knows nothing of how passwords are judged.
 *
 * Between CONNECT and its verdict all that was said is kept in a request, which is freed with the
 * verdict: an established connection does not carry it.
 */
#include <string.h>

#include "broker/core/core_state.h"
#include "state_machines/keepalive.h"

struct connect_request {
    struct text *client_id;
    struct text *user_name; /* NULL: none */
    struct text *password;  /* NULL: none */
    struct text *data;      /* Authentication Data, NULL: none */
    struct will *will;
    uint32_t session_expiry_s;
    uint16_t receive_maximum;
    uint16_t keep_alive_s;
    bool clean_start;
    bool assigned_id;
    bool wants_response_information;
};

struct connect_verdict {
    uint8_t reason_code; /* SUCCESS: acceptable so far */
    const char *text;
};

static const struct connect_verdict acceptable = {ELLA_REASON_SUCCESS, NULL};

/* ---- The request ---- */

static void will_free(struct memory *memory, struct will *will) {
    if (will == NULL)
        return;
    message_drop(memory, will->message);
    memory_put(memory, MEMORY_SESSION, will, sizeof *will);
}

void connect_request_free(struct core *core, struct connection *connection) {
    struct connect_request *r = connection->request;

    if (r == NULL)
        return;
    text_free(&core->memory, MEMORY_CONNECTION, r->client_id);
    text_free(&core->memory, MEMORY_SESSION, r->user_name);
    if (r->password != NULL)
        memset(r->password->bytes, 0, r->password->len); /* secrets do not stay in freed memory */
    text_free(&core->memory, MEMORY_CONNECTION, r->password);
    text_free(&core->memory, MEMORY_CONNECTION, r->data);
    will_free(&core->memory, r->will);
    memory_put(&core->memory, MEMORY_CONNECTION, r, sizeof *r);
    connection->request = NULL;
}

struct ella_slice connect_request_client_id(const struct connection *connection) {
    return text_slice(connection->request == NULL ? NULL : connection->request->client_id);
}

struct ella_slice connect_request_user_name(const struct connection *connection) {
    return text_slice(connection->request == NULL ? NULL : connection->request->user_name);
}

bool connect_request_set_data(struct core *core, struct connection *connection,
                              const struct ella_properties *properties) {
    struct connect_request *r = connection->request;

    if (r == NULL)
        r = memory_get_zero(&core->memory, MEMORY_CONNECTION, sizeof *r);
    if (r == NULL)
        return false;
    connection->request = r;
    text_free(&core->memory, MEMORY_CONNECTION, r->data);
    r->data = NULL;
    if (!ella_property_present(properties, ELLA_PROPERTY_AUTHENTICATION_DATA))
        return true;
    r->data = text_create(&core->memory, MEMORY_CONNECTION, properties->authentication_data);
    return r->data != NULL;
}

void connect_question(const struct connection *connection, struct core_effect *out) {
    const struct connect_request *r = connection->request;
    const struct session *session = connection->session;

    CORE_ASSERT(r != NULL);
    out->is_reauthentication = session != NULL;
    out->client_id = session != NULL ? session_client_id(session) : text_slice(r->client_id);
    out->user_name = text_slice(session != NULL ? session->user_name : r->user_name);
    out->has_user_name = (session != NULL ? session->user_name : r->user_name) != NULL;
    out->password = text_slice(r->password);
    out->has_password = r->password != NULL;
    out->authentication_method = text_slice(connection_method(connection));
    out->authentication_data = text_slice(r->data);
}

static struct will *will_create(struct core *core, const struct ella_connect *connect,
                                uint64_t publisher_key) {
    struct will *will = memory_get_zero(&core->memory, MEMORY_SESSION, sizeof *will);

    if (will == NULL)
        return NULL;
    will->delay_s = connect->will_properties.will_delay_interval_s;
    //= v5/3.1.3-10 v5/3.1.2-7
    will->message =
        message_create_will(&core->memory, connect, publisher_key, core->ports.journal);
    if (will->message == NULL) {
        memory_put(&core->memory, MEMORY_SESSION, will, sizeof *will);
        return NULL;
    }
    return will;
}

/* "auto-" and 32 digits, not in use. */
static struct text *assigned_id(struct core *core) {
    uint8_t id[CORE_AUTO_ID_PREFIX_LEN_MAX + 32u];
    const uint32_t prefix_len = (uint32_t)strlen(core->limits.auto_id_prefix);
    struct ella_slice slice;

    memcpy(id, core->limits.auto_id_prefix, prefix_len);
    do {
        for (uint32_t i = 0; i < 32u; i++)
            id[prefix_len + i] = (uint8_t) "0123456789abcdef"[core_random(core) >> 60];
        slice = ella_slice_of(id, prefix_len + 32u);
        //= v5/3.1.3-6 v5/3.2.2-16 v3/3.1.3-6
    } while (session_find(&core->sessions, slice) != NULL);
    return text_create(&core->memory, MEMORY_CONNECTION, slice);
}

static bool request_texts(struct core *core, struct connection *c, struct connect_request *r,
                          const struct ella_connect *connect) {
    r->assigned_id = ella_slice_len(connect->client_id) == 0u;
    r->client_id = r->assigned_id
                       ? assigned_id(core)
                       : text_create(&core->memory, MEMORY_CONNECTION, connect->client_id);
    if (r->client_id == NULL)
        return false;
    if (connect->has_user_name) {
        r->user_name = text_create(&core->memory, MEMORY_SESSION, connect->user_name);
        if (r->user_name == NULL)
            return false;
    }
    if (connect->has_password) {
        r->password = text_create(&core->memory, MEMORY_CONNECTION, connect->password);
        if (r->password == NULL)
            return false;
    }
    if (connect->has_will) {
        r->will =
            will_create(core, connect, session_key(&core->sessions, text_slice(r->client_id)));
        if (r->will == NULL)
            return false;
    }
    if (ella_property_present(&connect->properties, ELLA_PROPERTY_AUTHENTICATION_METHOD)) {
        struct connection_more *more = connection_get_more(core, c);
        if (more == NULL)
            return false;
        more->method = text_create(&core->memory, MEMORY_CONNECTION,
                                   connect->properties.authentication_method);
        return more->method != NULL && connect_request_set_data(core, c, &connect->properties);
    }
    return true;
}

/* The intervals of CONNECT in the terms of 5.0, and what the limits make of them. */
static void request_numbers(struct core *core, struct connection *c, struct connect_request *r,
                            const struct ella_connect *connect) {
    const struct ella_properties *p = &connect->properties;
    const bool v5 = connection_is_v5(c);

    r->clean_start = connect->clean_start;
    /* Clean Session 1 of 3.x: the session lasts as long as the connection; 0: for ever. */
    //= v3/3.1.2-6 v3/3.1.2-4 v3/3.1.2-5
    if (v5)
        c->connect_expiry_s = p->session_expiry_interval_s;
    else
        c->connect_expiry_s = connect->clean_start ? 0u : ELLA_SESSION_NEVER_EXPIRES;
    r->session_expiry_s = c->connect_expiry_s < core->limits.session_expiry_max_s
                              ? c->connect_expiry_s
                              : core->limits.session_expiry_max_s;
    r->keep_alive_s = connect->keep_alive_s;
    c->keep_alive_s = connect->keep_alive_s;
    if (v5 && core->limits.max_keepalive_s > 0u &&
        (c->keep_alive_s == 0u || c->keep_alive_s > core->limits.max_keepalive_s))
        c->keep_alive_s = core->limits.max_keepalive_s > 65535u
                              ? 65535u
                              : (uint16_t)core->limits.max_keepalive_s;
    r->receive_maximum =
        ella_property_present(p, ELLA_PROPERTY_RECEIVE_MAXIMUM) ? p->receive_maximum : 65535u;
    if (core->limits.max_inflight_messages > 0u &&
        core->limits.max_inflight_messages < r->receive_maximum)
        r->receive_maximum = core->limits.max_inflight_messages;
    r->wants_response_information = v5 && p->request_response_information == 1u;
}

/* What holds from CONNECT on, also for the CONNACK of a refusal. */
static void connection_numbers(struct connection *c, const struct ella_connect *connect) {
    const struct ella_properties *p = &connect->properties;
    uint32_t alias_maximum = p->topic_alias_maximum;

    c->version = connect->version & 0x7fu;
    if (!connection_is_v5(c))
        return;
    if (ella_property_present(p, ELLA_PROPERTY_MAXIMUM_PACKET_SIZE))
        c->maximum_packet_size = p->maximum_packet_size;
    if (ella_property_present(p, ELLA_PROPERTY_REQUEST_PROBLEM_INFORMATION))
        c->problem_information = p->request_problem_information & 1u;
    //= v5/3.1.2-26 v5/3.1.2-27 v5/3.3.2-11
    if (alias_maximum > c->listener->topic_alias_maximum_to_client)
        alias_maximum = c->listener->topic_alias_maximum_to_client;
    if (alias_maximum > ALIAS_TO_CLIENT_COUNT_MAX)
        alias_maximum = ALIAS_TO_CLIENT_COUNT_MAX;
    c->topic_alias_maximum = alias_maximum & 0x7fu;
}

/* ---- Is it acceptable? ---- */

static struct connect_verdict judge_client_id(const struct connection *c,
                                              const struct ella_connect *connect) {
    //= v5/3.1.3-5 v3/3.1.3-5
    if (ella_slice_len(connect->client_id) > 0u)
        return acceptable;
    //= v3/3.1.3-8 v3/3.1.3-9
    if (!connection_is_v5(c) && (!connect->clean_start || c->version == ELLA_VERSION_3_1))
        return (struct connect_verdict){ELLA_REASON_CLIENT_IDENTIFIER_NOT_VALID,
                                        "no client identifier for a session that is to last"};
    //= v5/3.1.3-8
    if (!c->listener->allow_zero_length_client_id)
        return (struct connect_verdict){ELLA_REASON_CLIENT_IDENTIFIER_NOT_VALID,
                                        "this listener demands a client identifier"};
    return acceptable;
}

static struct connect_verdict judge_connect(const struct core *core, const struct connection *c,
                                            const struct ella_connect *connect) {
    //= v5/3.1.2-2 v3/3.1.2-2
    if (connect->version > ELLA_VERSION_5_0 || !c->listener->version_accepted[connect->version])
        return (struct connect_verdict){ELLA_REASON_UNSUPPORTED_PROTOCOL_VERSION,
                                        "this listener does not accept the protocol version"};
    if (c->over_limit)
        return (struct connect_verdict){ELLA_REASON_SERVER_BUSY, "too many connections"};
    //= v5/3.2.2-12
    if (connect->has_will && connect->will_qos > c->listener->maximum_qos)
        return (struct connect_verdict){ELLA_REASON_QOS_NOT_SUPPORTED,
                                        "QoS of the will is above what the listener supports"};
    //= v5/3.2.2-13
    if (connect->has_will && connect->will_retain && !core->limits.retain_available)
        return (struct connect_verdict){ELLA_REASON_RETAIN_NOT_SUPPORTED,
                                        "retained messages are not available"};
    return judge_client_id(c, connect);
}

void connect_packet(struct core *core, struct connection *connection,
                    const struct ella_connect *connect) {
    struct connect_verdict verdict;
    struct connect_request *r;

    connection_numbers(connection, connect);
    verdict = judge_connect(core, connection, connect);
    if (verdict.reason_code != ELLA_REASON_SUCCESS) {
        close_connection(core, connection, CONNECTION_ON_REFUSED, verdict.reason_code,
                         ELLA_ERROR_NONE, verdict.text);
        return;
    }
    r = memory_get_zero(&core->memory, MEMORY_CONNECTION, sizeof *r);
    connection->request = r;
    if (r == NULL || !request_texts(core, connection, r, connect)) {
        close_connection(core, connection, CONNECTION_ON_REFUSED, ELLA_REASON_SERVER_UNAVAILABLE,
                         ELLA_ERROR_NONE, "no memory");
        return;
    }
    request_numbers(core, connection, r, connect);
    authenticate_begin(core, connection);
}

/* ---- Refused ---- */

/* The 3.1.1 return code for a reason of 5.0; 0: none fits. */
static uint8_t return_code_of(uint8_t reason_code) {
    switch (reason_code) {
    case ELLA_REASON_UNSUPPORTED_PROTOCOL_VERSION:
        return ELLA_CONNACK_V3_UNACCEPTABLE_PROTOCOL_VERSION;
    case ELLA_REASON_CLIENT_IDENTIFIER_NOT_VALID:
        return ELLA_CONNACK_V3_IDENTIFIER_REJECTED;
    case ELLA_REASON_SERVER_UNAVAILABLE:
    case ELLA_REASON_SERVER_BUSY:
    case ELLA_REASON_QUOTA_EXCEEDED:
    case ELLA_REASON_CONNECTION_RATE_EXCEEDED:
        return ELLA_CONNACK_V3_SERVER_UNAVAILABLE;
    case ELLA_REASON_BAD_USER_NAME_OR_PASSWORD:
        return ELLA_CONNACK_V3_BAD_USER_NAME_OR_PASSWORD;
    case ELLA_REASON_NOT_AUTHORIZED:
    case ELLA_REASON_BANNED:
    case ELLA_REASON_BAD_AUTHENTICATION_METHOD:
    case ELLA_REASON_TOPIC_NAME_INVALID:
        return ELLA_CONNACK_V3_NOT_AUTHORIZED;
    default:
        return 0u;
    }
}

void connect_send_refusal(struct core *core, struct connection *connection, uint8_t reason_code,
                          const char *text) {
    struct ella_packet packet;

    memset(&packet.connack, 0, sizeof packet.connack);
    packet.type = ELLA_CONNACK;
    //= v5/3.2.2-6 v3/3.2.2-4
    packet.connack.session_present = false;
    if (connection_is_v5(connection)) {
        //= v5/3.2.2-8
        if ((ella_reason_server_packets[reason_code] & ELLA_PACKET_BIT(ELLA_CONNACK)) == 0u)
            reason_code = ELLA_REASON_UNSPECIFIED_ERROR;
        packet.connack.reason_code = reason_code;
        if (text != NULL)
            ella_property_set(&packet.connack.properties, ELLA_PROPERTY_REASON_STRING);
        packet.connack.properties.reason_string = connection_text(text);
        connection_send(core, connection, &packet);
        return;
    }
    packet.connack.reason_code = return_code_of(reason_code);
    //= v3/3.2.2-6
    if (packet.connack.reason_code != 0u)
        connection_send(core, connection, &packet);
}

/* ---- Accepted ---- */

static void connack_limits(const struct core *core, const struct connection *c,
                           struct ella_properties *p) {
    const struct core_limits *l = &core->limits;

    if (l->receive_maximum < 65535u) {
        ella_property_set(p, ELLA_PROPERTY_RECEIVE_MAXIMUM);
        p->receive_maximum = c->receive_quota.maximum;
    }
    if (c->listener->maximum_qos < 2u) {
        //= v5/3.2.2-9
        ella_property_set(p, ELLA_PROPERTY_MAXIMUM_QOS);
        p->maximum_qos = c->listener->maximum_qos;
    }
    if (!l->retain_available)
        ella_property_set(p, ELLA_PROPERTY_RETAIN_AVAILABLE);
    if (l->max_packet_size_bytes > 0u && l->max_packet_size_bytes < ELLA_PACKET_SIZE_MAX) {
        ella_property_set(p, ELLA_PROPERTY_MAXIMUM_PACKET_SIZE);
        p->maximum_packet_size = l->max_packet_size_bytes;
    }
    if (c->listener->topic_alias_maximum > 0u) {
        ella_property_set(p, ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM);
        p->topic_alias_maximum = c->listener->topic_alias_maximum;
    }
    if (!l->wildcard_subscription_available)
        ella_property_set(p, ELLA_PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE);
    if (!l->subscription_identifier_available)
        ella_property_set(p, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE);
    if (!l->shared_subscription_available)
        ella_property_set(p, ELLA_PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE);
}

static void connack_properties(const struct core *core, const struct connection *c,
                               const struct core_auth_result *auth, struct ella_properties *p) {
    const struct connect_request *r = c->request;

    connack_limits(core, c, p);
    if (r->session_expiry_s != c->connect_expiry_s) {
        ella_property_set(p, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
        p->session_expiry_interval_s = r->session_expiry_s;
    }
    if (r->assigned_id) {
        //= v5/3.1.3-7 v5/3.2.2-16
        ella_property_set(p, ELLA_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER);
        p->assigned_client_identifier = text_slice(r->client_id);
    }
    if (c->keep_alive_s != r->keep_alive_s) {
        //= v5/3.2.2-22
        ella_property_set(p, ELLA_PROPERTY_SERVER_KEEP_ALIVE);
        p->server_keep_alive_s = c->keep_alive_s;
    }
    //= v5/3.1.2-28
    if (r->wants_response_information && core->limits.response_information[0] != '\0') {
        ella_property_set(p, ELLA_PROPERTY_RESPONSE_INFORMATION);
        p->response_information = connection_text(core->limits.response_information);
    }
    //= v5/4.12.0-5 v5/4.12.0-6
    if (connection_method(c) != NULL) {
        ella_property_set(p, ELLA_PROPERTY_AUTHENTICATION_METHOD);
        p->authentication_method = text_slice(connection_method(c));
        if (ella_slice_len(auth->data) > 0u) {
            ella_property_set(p, ELLA_PROPERTY_AUTHENTICATION_DATA);
            p->authentication_data = auth->data;
        }
    }
}

static void send_connack(struct core *core, struct connection *c, bool present,
                         const struct core_auth_result *auth) {
    struct ella_packet packet;

    memset(&packet.connack, 0, sizeof packet.connack);
    packet.type = ELLA_CONNACK;
    //= v5/3.1.4-5 v3/3.1.4-4 v5/3.2.0-1 v3/3.2.0-1
    packet.connack.reason_code = ELLA_REASON_SUCCESS;
    packet.connack.session_present = present && c->version != ELLA_VERSION_3_1;
    if (connection_is_v5(c))
        connack_properties(core, c, auth, &packet.connack.properties);
    connection_send(core, c, &packet);
}

/* Whether the will may be published by who was authenticated. */
static struct connect_verdict judge_will(struct core *core, const struct connection *c,
                                         const struct text *user_name) {
    const struct connect_request *r = c->request;
    struct core_question question = {0};
    struct publish_verdict verdict;

    if (r->will == NULL)
        return acceptable;
    question.access = CORE_ACCESS_WRITE;
    question.listener = c->listener;
    question.client_id = text_slice(r->client_id);
    question.user_name = text_slice(user_name);
    question.has_user_name = user_name != NULL;
    question.topic = message_topic(r->will->message);
    question.payload = message_payload(r->will->message);
    question.qos = r->will->message->qos;
    question.retain = r->will->message->retain;
    verdict = publish_judge(core, &question);
    return (struct connect_verdict){verdict.reason_code, verdict.text};
}

/* Whether a session that is to last can be stored, if it is not yet. */
static struct connect_verdict judge_storage(struct core *core, const struct connect_request *r) {
    const struct session *session = session_find(&core->sessions, text_slice(r->client_id));
    const bool is_stored = session != NULL && session_number(session) != 0u &&
                           session_number(session) <= core->durable_session && !r->clean_start;

    if (!core->journal.on || r->session_expiry_s == 0u)
        return acceptable;
    if (core->journal.storage_fails && !is_stored)
        return (struct connect_verdict){ELLA_REASON_QUOTA_EXCEEDED, "the storage fails"};
    if (!store_reserve(core, ella_slice_len(text_slice(r->client_id)) +
                                 ella_slice_len(text_slice(r->user_name)) +
                                 (r->will == NULL ? 0u : message_size_bytes(r->will->message))))
        return (struct connect_verdict){ELLA_REASON_QUOTA_EXCEEDED, "no memory"};
    return acceptable;
}

/* The session of an accepted CONNECT, old or new; NULL: there is no room for it. */
static struct session *session_for(struct core *core, const struct connect_request *r,
                                   bool *present) {
    struct ella_slice client_id = text_slice(r->client_id);
    struct session *session = session_find(&core->sessions, client_id);
    enum session_event event;
    struct session_transition step;

    if (session != NULL && session->connection != NULL) {
        core_count(core, STAT_CONNECTIONS_TAKEN_OVER);
        //= v5/3.1.4-3 v3/3.1.4-2
        close_connection(core, session->connection, CONNECTION_ON_TAKEN_OVER,
                         ELLA_REASON_SESSION_TAKEN_OVER, ELLA_ERROR_NONE,
                         "another connection has the same client identifier");
        session = session_find(&core->sessions, client_id);
    }
    if (r->clean_start)
        event = r->will != NULL ? SESSION_ON_CLEAN_WILL : SESSION_ON_CLEAN;
    else
        event = r->will != NULL ? SESSION_ON_RESUME_WILL : SESSION_ON_RESUME;
    step =
        session_step(session == NULL ? SESSION_GONE : (enum session_state)session->state, event);
    //= v5/3.2.2-2 v5/3.2.2-3 v3/3.2.2-1 v3/3.2.2-2 v3/3.2.2-3
    *present = session_present(step.action);
    if (session != NULL) {
        //= v5/3.1.2-4 v5/3.1.2-5 v5/3.1.4-4 v3/3.1.4-3
        return close_session(core, session, event);
    }
    if (core->limits.max_sessions > 0u && core->sessions.count >= core->limits.max_sessions)
        return NULL;
    //= v5/3.1.2-6 v3/3.1.2-4
    session = session_create(&core->sessions, &core->memory, client_id);
    if (session != NULL)
        session->state = (uint8_t)step.next;
    return session;
}

static void attach(struct core *core, struct connection *c, struct session *session) {
    struct connect_request *r = c->request;

    c->session = session;
    session->connection = c;
    session->listener = c->listener;
    session->will = r->will;
    r->will = NULL;
    session->expiry_s = r->session_expiry_s;
    session->walk_paid_us = 0u;
    //= v5/4.9.0-1
    c->quota = send_quota_start(r->receive_maximum);
    c->receive_quota = send_quota_start(core->limits.receive_maximum);
    //= v5/4.4.0-1 v3/4.4.0-1
    queue_rewind(&session->queue);
    if (++core->stats->value[STAT_CLIENTS_CONNECTED] > core->stats->value[STAT_CLIENTS_MAXIMUM])
        core->stats->value[STAT_CLIENTS_MAXIMUM] = core->stats->value[STAT_CLIENTS_CONNECTED];
}

/* The identity to use: the one who judges may give another than CONNECT did. false: no memory. */
static bool take_user_name(struct core *core, struct connect_request *r,
                           const struct core_auth_result *auth) {
    return !auth->has_user_name ||
           text_replace(&core->memory, MEMORY_SESSION, &r->user_name, auth->user_name);
}

/* Nothing that an earlier connection left behind is sent again before it is durable. */
static void begin_stored(struct core *core, struct connection *c) {
    core->stored_count++;
    if (!timer_is_set(&core->clock_timer))
        expire_schedule_clock(core);
    connection_hold_queue(core, c);
}

/* The user name takes the place of the client identifier, where the listener wants that. */
static struct connect_verdict take_client_id(struct core *core, const struct connection *c) {
    struct connect_request *r = c->request;

    if (!c->listener->user_name_is_client_id)
        return acceptable;
    if (ella_slice_len(text_slice(r->user_name)) == 0u)
        return (struct connect_verdict){
            ELLA_REASON_NOT_AUTHORIZED,
            "this listener takes the user name as client identifier, and there is none"};
    if (!text_replace(&core->memory, MEMORY_CONNECTION, &r->client_id, text_slice(r->user_name)))
        return (struct connect_verdict){ELLA_REASON_SERVER_UNAVAILABLE, "no memory"};
    if (r->will != NULL)
        message_set_publisher(r->will->message,
                              session_key(&core->sessions, text_slice(r->client_id)));
    return acceptable;
}

void connect_accept(struct core *core, struct connection *connection,
                    const struct core_auth_result *auth) {
    struct connect_request *r = connection->request;
    struct connect_verdict verdict;
    struct session *session = NULL;
    bool present = false;

    verdict = take_user_name(core, r, auth)
                  ? take_client_id(core, connection)
                  : (struct connect_verdict){ELLA_REASON_SERVER_UNAVAILABLE, "no memory"};
    if (verdict.reason_code == ELLA_REASON_SUCCESS)
        verdict = judge_will(core, connection, r->user_name);
    if (verdict.reason_code == ELLA_REASON_SUCCESS)
        verdict = judge_storage(core, r);
    if (verdict.reason_code == ELLA_REASON_SUCCESS) {
        session = session_for(core, r, &present);
        if (session == NULL)
            verdict = (struct connect_verdict){ELLA_REASON_QUOTA_EXCEEDED,
                                               "no room for another session"};
    }
    if (session == NULL) {
        //= v5/3.1.4-2
        close_connection(core, connection, CONNECTION_ON_REFUSED, verdict.reason_code,
                         ELLA_ERROR_NONE, verdict.text);
        return;
    }
    connection->state = (uint8_t)connection_step(connection->state, CONNECTION_ON_ACCEPTED).next;
    attach(core, connection, session);
    session_set_user_name(&core->memory, session, r->user_name);
    r->user_name = NULL;
    if (session->expiry_s > 0u)
        store_session(core, session, 0u);
    else
        store_session_end(core, session); /* it lasts no longer than the connection */
    send_connack(core, connection, present, auth);
    if (session_number(session) != 0u)
        begin_stored(core, connection);
    connect_request_free(core, connection);
    expire_begin_keepalive(core, connection);
    core_count(core, STAT_CONNECTIONS_ACCEPTED);
    log_connection(core, CORE_LOG_INFO, CORE_LOG_CONNECTED, connection, ELLA_REASON_SUCCESS,
                   present ? "session resumed" : "new session");
    connection_want_write(core, connection);
}
