/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Who may come in and what is allowed, as the loop asks it: at once by the rules, later by the
 * threads that check passwords, and again when the files that say so were read anew.
 */
#include <stddef.h>
#include <string.h>

#include "broker/io/loop_state.h"

bool loop_create_login(struct loop *loop) {
    loop->login = login_create(&loop->config->login, loop->config->login_threads, loop->log);
    return loop->login != NULL;
}

/* ---- Answers ---- */

static void answer(struct loop *loop, uint32_t slot, const struct core_auth_result *result) {
    const struct core_event event = {
        .type = CORE_AUTH_RESULT, .conn = slot, .now_ms = loop->now_ms, .auth = result};
    (void)core_step(loop->core, &event);
}

static void accept_as(struct loop *loop, struct conn *conn, enum conn_standing standing,
                      const struct core_auth_result *result) {
    conn->standing = (uint8_t)standing & 15u;
    answer(loop, conn->slot, result);
}

/* The answer of a password or an exchange. What was true when it was asked may not be any more:
 * the password file may have been read again meanwhile. */
static void answered(void *ctx, const struct login_answer *given) {
    struct loop *loop = ctx;
    struct conn *conn = conn_table_get(&loop->conns, given->conn);
    const struct password_table *passwords = conn->listener->security->passwords;
    if (given->result.status == CORE_AUTH_ACCEPT) {
        conn->standing = CONN_PROVEN;
        conn->proof = given->proof;
        if (passwords != NULL && !password_table_has_proof(passwords, given->proof)) {
            const struct core_auth_result refused = {
                .status = CORE_AUTH_REFUSE, .reason_code = ELLA_REASON_BAD_USER_NAME_OR_PASSWORD};
            answer(loop, conn->slot, &refused);
            return;
        }
    }
    answer(loop, conn->slot, &given->result);
}

void loop_finish_logins(struct loop *loop) {
    login_finish(loop->login, loop->now_ms, answered, loop);
}

/* ---- Questions ---- */

static void check(struct loop *loop, const struct conn *conn, const struct core_effect *question,
                  enum auth_verdict verdict) {
    const struct login_question asked = {.effect = question,
                                         .peer = &conn->peer,
                                         .passwords = conn->listener->security->passwords,
                                         .now_ms = loop->now_ms};
    struct login_answer given;
    if (verdict == AUTH_CHECK_SCRAM)
        login_ask_scram(loop->login, &asked, &given);
    else if (!login_ask_password(loop->login, &asked, &given))
        return; /* loop_finish_logins() */
    answered(loop, &given);
}

void loop_authenticate(struct loop *loop, const struct core_effect *question) {
    struct conn *conn = conn_table_get(&loop->conns, question->conn);
    const bool wants_identity = conn->listener->wants_identity;
    const struct auth_rules rules = {
        .allow_anonymous = conn->listener->allow_anonymous,
        .has_passwords = conn->listener->security->passwords != NULL && !wants_identity,
        .clientid_prefixes = loop->config->clientid_prefixes,
        .auto_id_prefix = loop->config->limits.auto_id_prefix,
        .identity = transport_user_name(conn),
        .wants_identity = wants_identity};
    const struct auth_decision decision = auth_decide(&rules, question);
    struct core_auth_result result = {.status = CORE_AUTH_ACCEPT,
                                      .reason_code = decision.reason_code};
    switch (decision.verdict) {
    case AUTH_CHECK_PASSWORD:
    case AUTH_CHECK_SCRAM:
        check(loop, conn, question, decision.verdict);
        break;
    case AUTH_TAKE_IDENTITY:
        result.user_name = ella_slice_of(rules.identity, (uint32_t)strlen(rules.identity));
        result.has_user_name = true;
        accept_as(loop, conn, CONN_IDENTIFIED, &result);
        break;
    case AUTH_ACCEPT:
        accept_as(loop, conn, question->has_user_name ? CONN_NAMED : CONN_ANONYMOUS, &result);
        break;
    case AUTH_REFUSE:
        login_log_refused(loop->login, question, &conn->peer, decision.text);
        result.status = CORE_AUTH_REFUSE;
        answer(loop, conn->slot, &result);
        break;
    }
}

/* ---- What is allowed ---- */

static bool allows(const struct loop *loop, const struct acl *acl,
                   const struct core_question *question) {
    const struct acl_client client = {.client_id = question->client_id,
                                      .user = question->user_name,
                                      .has_user = question->has_user_name};
    struct ella_slice share;
    struct ella_slice filter;
    if (acl == NULL)
        return true;
    switch (question->access) {
    case CORE_ACCESS_WRITE:
        return acl_allows(acl, &client, ACL_WRITE, question->topic);
    case CORE_ACCESS_READ:
        return acl_allows(acl, &client, ACL_READ, question->topic);
    case CORE_ACCESS_SUBSCRIBE:
        if (!loop->config->acl_check_subscribe)
            return true;
        (void)ella_topic_share(question->topic, &share, &filter);
        return acl_reaches(acl, &client, filter);
    case CORE_ACCESS_UNSUBSCRIBE:
        return true;
    }
    return false;
}

_Static_assert(offsetof(struct listener, core) == 0, "what the core names is the listener");

/* A session that was restored has come in at no listener yet: then all of them must agree. */
bool loop_policy(void *ctx, const struct core_question *question) {
    const struct loop *loop = ctx;
    const struct listener *listener = (const struct listener *)(const void *)question->listener;
    if (listener != NULL)
        return allows(loop, listener->security->acl, question);
    for (uint32_t i = 0; loop->security != NULL && i < loop->security->count; i++) {
        if (!allows(loop, loop->security->members[i].acl, question))
            return false;
    }
    return true;
}

/* ---- When the files were read again ---- */

/* Why the client may not stay; NULL: it may. */
static const char *objection(const struct conn *conn) {
    const struct password_table *passwords = conn->listener->security->passwords;
    switch ((enum conn_standing)conn->standing) {
    case CONN_UNKNOWN:
    case CONN_IDENTIFIED: /* its certificate or key is looked at */
        return NULL;
    case CONN_ANONYMOUS:
        return conn->listener->allow_anonymous ? NULL : "anonymous clients are not allowed";
    case CONN_NAMED:
        if (passwords == NULL && conn->listener->allow_anonymous)
            return NULL;
        return "its user name was never proved";
    case CONN_PROVEN:
        if (passwords == NULL)
            return conn->listener->allow_anonymous ? NULL : "there are no users any more";
        return password_table_has_proof(passwords, conn->proof)
                   ? NULL
                   : "its user or password has changed";
    }
    return NULL;
}

void loop_review_login(struct loop *loop, struct conn *conn) {
    if (conn->state != CONN_OPEN)
        return;
    const char *why = objection(conn);
    if (why == NULL)
        return;
    conn->standing = CONN_UNKNOWN; /* it is told once */
    const struct core_event event = {.type = CORE_EXPEL,
                                     .conn = conn->slot,
                                     .now_ms = loop->now_ms,
                                     .reason_code = ELLA_REASON_NOT_AUTHORIZED,
                                     .text = why};
    (void)core_step(loop->core, &event);
}
