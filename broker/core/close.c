/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * How connections and sessions end, and what becomes of wills. What follows from what is decided
 * by the tables of state_machines/connection.h and session.h; here it is done.
 */
#include <string.h>

#include "broker/core/core_state.h"

/* ---- Wills ---- */

/* Publishes the will of session, whatever happens to the session next. */
static void will_publish(struct core *core, struct session *session) {
    struct message *message = session->will->message;
    const struct core_question question = deliver_question(CORE_ACCESS_WRITE, session, message);
    struct publish_verdict verdict;

    verdict = publish_judge(core, &question);
    if (verdict.reason_code != ELLA_REASON_SUCCESS) {
        deliver_drop(core, verdict.stat, session, message);
    } else {
        message_start_expiry(message, core->now_ms);
        core_count(core, STAT_WILLS_PUBLISHED);
        //= v5/3.1.2-14 v5/3.1.2-15 v3/3.1.2-16 v3/3.1.2-17
        (void)publish_message(core, message);
    }
    //= v5/3.1.2-10 v3/3.1.2-10
    session_drop_will(&core->memory, session);
}

/* ---- Sessions ---- */

/* Takes out all that belongs to the session; retained messages do not. */
static void session_clear(struct core *core, struct session *session) {
    struct queue_entry *entry;

    //= v3/3.1.2-7
    timer_cancel(&core->timers, &session->timer);
    deliver_redistribute(core, session);
    store_session_end(core, session);
    route_unsubscribe_all(core->route, &session->subscriptions);
    while ((entry = session->queue.first) != NULL) {
        if (entry->message != NULL)
            deliver_drop(core, STAT_DROPPED_SESSION_ENDED, session, entry->message);
        deliver_discard(core, session, entry);
    }
    received_free(&core->memory, &session->received);
    session_set_user_name(&core->memory, session, NULL);
}

static void log_session_end(struct core *core, const struct session *session, const char *text) {
    struct core_log line = {0};

    line.level = CORE_LOG_INFO;
    line.kind = CORE_LOG_SESSION_ENDED;
    line.conn = CORE_NO_CONN;
    line.client_id = session_client_id(session);
    line.text = text;
    log_line(core, &line);
}

static void session_end(struct core *core, struct session *session, enum session_event event) {
    const bool expired = event == SESSION_ON_EXPIRED;

    if (expired)
        core_count(core, STAT_SESSIONS_EXPIRED);
    log_session_end(core, session, expired ? "session expired" : "session ended");
    session_clear(core, session);
    session_destroy(&core->sessions, &core->memory, session);
}

/* Starts the timer of a detached session. false: no memory. */
bool close_arm(struct core *core, struct session *session) {
    uint64_t due_ms = session->expires_ms;

    if (session->will != NULL && session->will->due_ms < due_ms)
        due_ms = session->will->due_ms;
    if (due_ms == UINT64_MAX) {
        timer_cancel(&core->timers, &session->timer);
        return true;
    }
    return timer_set(&core->timers, &session->timer, due_ms);
}

static struct session *session_detach(struct core *core, struct session *session) {
    //= v5/3.1.2-23 v5/4.1.0-2 v3/4.1.0-1
    session->expires_ms = session_deadline_ms(core->now_ms, session->expiry_s);
    if (session->will != NULL)
        session->will->due_ms = session_deadline_ms(
            core->now_ms, session_will_delay_s(session->will->delay_s, session->expiry_s));
    if (close_arm(core, session)) {
        if (session_number(session) != 0u)
            store_session(core, session, 0u);
        return session;
    }
    /* Without memory for its timer the session would stay for ever: it ends now. */
    return close_session(core, session, SESSION_ON_EXPIRED);
}

struct session *close_session(struct core *core, struct session *session,
                              enum session_event event) {
    const struct session_transition step = session_step(session->state, event);

    //= v5/3.1.2-8 v3/3.1.2-8 v3/3.1.2-12
    if (step.will == SESSION_WILL_PUBLISH)
        will_publish(core, session);
    //= v5/3.1.3-9 v5/3.14.4-3 v3/3.14.4-3
    if (step.will == SESSION_WILL_DISCARD)
        session_drop_will(&core->memory, session);
    session->state = (uint8_t)step.next;
    switch (step.action) {
    case SESSION_DO_RESUME:
        //= v3/4.1.0-2 v5/4.1.0-1
        timer_cancel(&core->timers, &session->timer);
        return session;
    case SESSION_DO_REPLACE:
        log_session_end(core, session, "clean start");
        session_clear(core, session);
        memset(&session->queue, 0, sizeof session->queue);
        return session;
    case SESSION_DO_DETACH:
        return session_detach(core, session);
    case SESSION_DO_STAY:
        if (session_number(session) != 0u)
            store_session(core, session, 0u);
        return close_arm(core, session) ? session
                                        : close_session(core, session, SESSION_ON_EXPIRED);
    case SESSION_DO_END:
        session_end(core, session, event);
        return NULL;
    case SESSION_DO_CREATE:
    case SESSION_DO_IGNORE:
        return session;
    case SESSION_MISUSE:
        break;
    }
    CORE_ASSERT(false);
    return session;
}

/* Parts the session from its connection. */
static void detach(struct core *core, struct connection *c, enum session_event event) {
    struct session *session = c->session;

    c->session = NULL;
    session->connection = NULL;
    core->stats->value[STAT_CLIENTS_CONNECTED]--;
    core->stored_count -= session_number(session) != 0u ? 1u : 0u;
    deliver_detached(core, session);
    (void)close_session(core, session, event);
}

static void lose_session(struct core *core, struct connection *c) {
    const struct session *session = c->session;

    if (session == NULL)
        return;
    detach(core, c,
           session_lost_event(session->will == NULL ? 0u : session->will->delay_s,
                              session->expiry_s));
}

/* ---- Connections ---- */

/* Only 5.0 has a DISCONNECT from the server. */
static void send_disconnect(struct core *core, struct connection *c, uint8_t reason_code,
                            const char *text) {
    struct ella_packet packet;

    if (!connection_is_v5(c))
        return;
    memset(&packet.reason, 0, sizeof packet.reason);
    packet.type = ELLA_DISCONNECT;
    //= v5/3.14.2-1
    if ((ella_reason_server_packets[reason_code] & ELLA_PACKET_BIT(ELLA_DISCONNECT)) == 0u)
        reason_code = ELLA_REASON_NOT_AUTHORIZED;
    packet.reason.reason_code = reason_code;
    /* Never a Session Expiry Interval. */
    //= v5/3.14.2-2
    ella_property_set(&packet.reason.properties, ELLA_PROPERTY_REASON_STRING);
    packet.reason.properties.reason_string = connection_text(text);
    connection_send(core, c, &packet);
}

static void log_close(struct core *core, const struct connection *c, enum connection_event event,
                      uint8_t reason_code, uint8_t error, const char *text) {
    struct core_log line = {0};

    line.level = event == CONNECTION_ON_DISCONNECT || event == CONNECTION_ON_TRANSPORT_CLOSED
                     ? CORE_LOG_INFO
                     : CORE_LOG_NOTICE;
    line.kind = c->session == NULL ? CORE_LOG_REFUSED : CORE_LOG_DISCONNECTED;
    line.conn = c->slot;
    line.client_id = log_client_id(c);
    line.reason_code = reason_code;
    line.error = error;
    line.text = text;
    log_line(core, &line);
}

static void count_close(struct core *core, const struct connection *c, enum connection_event event,
                        enum connection_action action) {
    if (c->session == NULL)
        core_count(core, STAT_CONNECTIONS_REFUSED);
    else if (event == CONNECTION_ON_TIMEOUT)
        core_count(core, STAT_KEEP_ALIVE_TIMEOUTS);
    if (event == CONNECTION_ON_BAD_PACKET || event == CONNECTION_ON_BAD_CONNECT ||
        action == CONNECTION_VIOLATION_CLOSE || action == CONNECTION_VIOLATION_REFUSE ||
        action == CONNECTION_VIOLATION_DISCONNECT)
        core_count(core, STAT_PROTOCOL_ERRORS);
}

/* A farewell: which way it went decides about will and session. */
static void farewell(struct core *core, struct connection *c, uint8_t reason_code) {
    //= v5/3.1.2-10 v5/3.14.4-3 v3/3.14.4-3 v3/3.1.2-10
    if (reason_code == ELLA_REASON_NORMAL_DISCONNECTION)
        detach(core, c, session_disconnect_event(c->session->expiry_s));
    else
        lose_session(core, c);
}

void close_connection(struct core *core, struct connection *connection,
                      enum connection_event event, uint8_t reason_code, uint8_t error,
                      const char *text) {
    struct connection *c = connection;
    const struct connection_transition step = connection_step(c->state, event);

    if (step.action == CONNECTION_DO_IGNORE || step.action == CONNECTION_DO_HOLD)
        return;
    if (c->state != CONNECTION_CLOSING) {
        log_close(core, c, event, reason_code, error, text);
        count_close(core, c, event, step.action);
    }
    c->state = (uint8_t)step.next;
    switch (step.action) {
    case CONNECTION_DO_REFUSE:
    case CONNECTION_VIOLATION_REFUSE:
        /* What was not read to its end may have named a Maximum Packet Size: no text then. */
        connect_send_refusal(core, c, reason_code,
                             event == CONNECTION_ON_BAD_CONNECT ? NULL : text);
        break;
    case CONNECTION_DO_DISCONNECT:
    case CONNECTION_VIOLATION_DISCONNECT:
        //= v5/3.14.0-1 v5/4.13.1-1 v3/4.8.0-1
        send_disconnect(core, c, reason_code, text);
        connection_quiet(core, c);
        lose_session(core, c);
        break;
    case CONNECTION_DO_FAREWELL:
        c->client_left = 1u;
        connection_quiet(core, c);
        farewell(core, c, reason_code);
        break;
    case CONNECTION_DO_LOSE:
        connection_quiet(core, c);
        lose_session(core, c);
        return;
    case CONNECTION_DO_RELEASE:
        return;
    default: /* CLOSE: not a byte */
        break;
    }
    connection_quiet(core, c);
    /* Nothing is sent after this, and the connection is closed. */
    //= v5/3.14.4-1 v5/3.14.4-2 v5/4.13.2-1 v5/3.2.2-7 v3/3.2.2-5 v5/3.1.4-6 v3/3.1.4-5
    c->want_close = 1u;
    connection_ready(core, c);
}

void close_packet(struct core *core, struct connection *connection,
                  const struct ella_reason *disconnect) {
    const struct ella_properties *p = &disconnect->properties;
    struct session *session = connection->session;

    if (session != NULL && ella_property_present(p, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL)) {
        //= v5/u-3.14.2.2.2-2 v5/u-3.14.2.2.2-3
        if (!session_may_change_expiry(connection->connect_expiry_s,
                                       p->session_expiry_interval_s)) {
            close_connection(core, connection, CONNECTION_ON_BAD_PACKET,
                             ELLA_REASON_PROTOCOL_ERROR, ELLA_ERROR_NONE,
                             "DISCONNECT gives an expiry to a session that had none");
            return;
        }
        session->expiry_s = p->session_expiry_interval_s < core->limits.session_expiry_max_s
                                ? p->session_expiry_interval_s
                                : core->limits.session_expiry_max_s;
    }
    close_connection(core, connection, CONNECTION_ON_DISCONNECT, disconnect->reason_code,
                     ELLA_ERROR_NONE,
                     disconnect->reason_code == ELLA_REASON_NORMAL_DISCONNECTION
                         ? "client disconnected"
                         : "client disconnected with a reason");
}

void close_transport(struct core *core, struct connection *connection, const char *text) {
    close_connection(core, connection, CONNECTION_ON_TRANSPORT_CLOSED,
                     ELLA_REASON_UNSPECIFIED_ERROR, ELLA_ERROR_NONE,
                     text != NULL ? text : "connection closed by the client");
    connection_release(core, connection);
}
