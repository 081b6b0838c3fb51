/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Carries questions to whoever judges and answers back: user name and password, and the AUTH
 * exchange of 5.0 (section 4.12). It judges nothing itself; whose turn it is says
 * state_machines/auth.h.
 */
#include <string.h>

#include "broker/core/core_state.h"
#include "state_machines/auth.h"

/* An answer that refuses without saying why. */
static const struct core_auth_result nothing = {.status = CORE_AUTH_REFUSE};

static void ask(struct core *core, struct connection *c) {
    c->want_authenticate = 1u;
    connection_ready(core, c);
}

static void send_auth(struct core *core, struct connection *c, uint8_t reason_code,
                      struct ella_slice data) {
    struct ella_packet packet;

    memset(&packet.reason, 0, sizeof packet.reason);
    packet.type = ELLA_AUTH;
    //= v5/3.15.2-1 v5/4.12.0-5
    packet.reason.reason_code = reason_code;
    ella_property_set(&packet.reason.properties, ELLA_PROPERTY_AUTHENTICATION_METHOD);
    packet.reason.properties.authentication_method = text_slice(connection_method(c));
    if (ella_slice_len(data) > 0u) {
        ella_property_set(&packet.reason.properties, ELLA_PROPERTY_AUTHENTICATION_DATA);
        packet.reason.properties.authentication_data = data;
    }
    connection_send(core, c, &packet);
}

static void reauthenticated(struct core *core, struct connection *c,
                            const struct core_auth_result *result) {
    if (result->has_user_name &&
        !text_replace(&core->memory, MEMORY_SESSION, &c->session->user_name, result->user_name)) {
        close_connection(core, c, CONNECTION_ON_EXPELLED, ELLA_REASON_QUOTA_EXCEEDED,
                         ELLA_ERROR_NONE, "no memory");
        return;
    }
    if (result->has_user_name && session_number(c->session) != 0u)
        store_session(core, c->session, 0u);
    send_auth(core, c, ELLA_REASON_SUCCESS, result->data);
    /* Not before: the answer may be made of parts of the question. */
    connect_request_free(core, c);
}

/* The exchange, or the plain question, came out well. */
static void accepted(struct core *core, struct connection *c,
                     const struct core_auth_result *result) {
    const struct connection_transition step = connection_step(c->state, CONNECTION_ON_ACCEPTED);

    if (step.action == CONNECTION_DO_ACCEPT) {
        connect_accept(core, c, result);
    } else if (step.action == CONNECTION_DO_REAUTHENTICATED) {
        c->state = (uint8_t)step.next;
        reauthenticated(core, c, result);
    }
}

static void refused(struct core *core, struct connection *c, uint8_t reason_code,
                    const char *text) {
    if (reason_code < ELLA_REASON_UNSPECIFIED_ERROR)
        reason_code = ELLA_REASON_NOT_AUTHORIZED;
    //= v5/4.12.0-1 v5/4.12.0-4 v5/4.12.1-2
    close_connection(core, c, CONNECTION_ON_REFUSED, reason_code, ELLA_ERROR_NONE, text);
}

/* Does what the exchange's machine says to event; true: the verifier is to be asked. */
static bool exchange(struct core *core, struct connection *c, enum auth_event event,
                     const struct core_auth_result *result) {
    const struct auth_transition step = auth_step(c->auth_state, event);

    c->auth_state = (uint8_t)step.next;
    switch (step.action) {
    case AUTH_DO_VERIFY:
        return true;
    case AUTH_DO_CHALLENGE:
        //= v5/4.12.0-2
        send_auth(core, c, ELLA_REASON_CONTINUE_AUTHENTICATION, result->data);
        break;
    case AUTH_DO_SUCCEED:
        accepted(core, c, result);
        break;
    case AUTH_DO_FAIL:
    case AUTH_DO_FAIL_CANCEL:
        refused(core, c, result->reason_code, "authentication failed");
        break;
    case AUTH_DO_FAIL_METHOD:
        refused(core, c, ELLA_REASON_BAD_AUTHENTICATION_METHOD,
                "authentication method is not supported");
        break;
    case AUTH_VIOLATION:
    case AUTH_VIOLATION_CANCEL:
        close_connection(core, c, CONNECTION_ON_BAD_PACKET, ELLA_REASON_PROTOCOL_ERROR,
                         ELLA_ERROR_NONE, "AUTH at the wrong time or with another method");
        break;
    case AUTH_DO_IGNORE:
    case AUTH_DO_CANCEL:
        break;
    }
    return false;
}

void authenticate_begin(struct core *core, struct connection *connection) {
    /* A method without a name is none that anybody knows, and an effect could not tell it from a
     * plain question. */
    //= v5/4.12.0-1
    const enum auth_event event = ella_slice_len(text_slice(connection_method(connection))) == 0u
                                      ? AUTH_ON_CONNECT_UNSUPPORTED
                                      : AUTH_ON_CONNECT;

    if (connection_method(connection) == NULL || exchange(core, connection, event, &nothing))
        ask(core, connection);
}

static bool same_method(const struct connection *c, const struct ella_properties *p) {
    struct ella_slice method = text_slice(connection_method(c));
    uint32_t len = ella_slice_len(method);

    return connection_method(c) != NULL &&
           ella_property_present(p, ELLA_PROPERTY_AUTHENTICATION_METHOD) &&
           ella_slice_len(p->authentication_method) == len &&
           memcmp(ella_slice_data(p->authentication_method), ella_slice_data(method), len) == 0;
}

void authenticate_packet(struct core *core, struct connection *connection,
                         const struct ella_reason *auth) {
    enum auth_event event = AUTH_ON_WRONG;

    //= v5/u-3.15-1 v5/4.12.0-6
    if (same_method(connection, &auth->properties)) {
        if (auth->reason_code == ELLA_REASON_CONTINUE_AUTHENTICATION)
            event = AUTH_ON_CONTINUE;
        else if (auth->reason_code == ELLA_REASON_REAUTHENTICATE)
            event = AUTH_ON_REAUTHENTICATE;
    }
    if (!exchange(core, connection, event, &nothing))
        return;
    if (connect_request_set_data(core, connection, &auth->properties))
        ask(core, connection);
    else
        refused(core, connection, ELLA_REASON_SERVER_BUSY, "no memory");
}

static enum auth_event event_of(enum core_auth_status status) {
    switch (status) {
    case CORE_AUTH_ACCEPT:
        return AUTH_ON_VERIFIER_ACCEPTS;
    case CORE_AUTH_CONTINUE:
        return AUTH_ON_VERIFIER_CHALLENGES;
    case CORE_AUTH_REFUSE:
        break;
    }
    return AUTH_ON_VERIFIER_REFUSES;
}

void authenticate_result(struct core *core, struct connection *connection,
                         const struct core_auth_result *result) {
    if (connection->want_authenticate)
        return; /* an answer to a question that was not asked */
    if (connection->state != CONNECTION_CHECKING)
        (void)exchange(core, connection, event_of(result->status), result);
    else if (result->status == CORE_AUTH_ACCEPT)
        accepted(core, connection, result);
    else
        //= v5/3.1.4-2 v3/u-3.1.4-2
        refused(core, connection, result->reason_code, "authentication failed");
}
