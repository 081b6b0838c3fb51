/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Looking again at those who are connected when the configuration, certificates or keys were read
 * anew: whoever would not be let in any more is closed, and nobody else.
 */

#include "broker/io/loop_state.h"

#define CLIENT_TEXT_SIZE 256u

const char *loop_objection(const struct conn *conn) {
    const struct listener *listener = conn->listener;
    const struct tls *tls = transport_tls(conn);
    const char *why = NULL;
    if (!listener_allows(listener, &conn->peer))
        return "allow_address and deny_address do not let it in any more";
    if (tls == NULL || listener->tls == NULL || tls->context == listener->tls ||
        tls_context_accepts(listener->tls, tls->context, tls->ssl, &why))
        return NULL;
    return why;
}

static void recheck(struct loop *loop, struct conn *conn) {
    char address[ADDRESS_TEXT_SIZE];
    char client[CLIENT_TEXT_SIZE];
    const char *why = conn->state == CONN_OPEN ? loop_objection(conn) : NULL;
    if (why == NULL)
        return;
    const struct ella_slice id = core_client_id(loop->core, conn->slot);
    log_say(loop->log, LOG_TYPE_NOTICE, "closed client=\"%s\" address=%s: %s",
            log_escape(client, sizeof client, ella_slice_data(id), ella_slice_len(id)),
            address_text(&conn->peer, address), why);
    loop->stats.revoked_count++;
    conn->standing = CONN_UNKNOWN; /* it is told once */
    const struct core_event event = {.type = CORE_EXPEL,
                                     .conn = conn->slot,
                                     .now_ms = loop->now_ms,
                                     .reason_code = ELLA_REASON_NOT_AUTHORIZED,
                                     .text = "it is not accepted any more"};
    (void)core_step(loop->core, &event);
}

void loop_recheck(struct loop *loop) {
    if (loop->recheck_slot == CONN_NONE)
        return;
    const uint64_t end_us = loop_now_us() + LOOP_RECHECK_US;
    const uint32_t count = conn_table_slot_count(&loop->conns);
    do {
        if (loop->recheck_slot >= count) {
            loop->recheck_slot = CONN_NONE;
            return;
        }
        struct conn *conn = conn_table_get(&loop->conns, loop->recheck_slot++);
        recheck(loop, conn);
        loop_review_login(loop, conn);
    } while (loop_now_us() < end_us);
}

void loop_say_expiry(struct loop *loop) {
    loop->expiry_said_ms = loop->now_ms;
    for (uint32_t i = 0; i < loop->listeners->listener_count; i++) {
        const struct listener *listener = &loop->listeners->listeners[i];
        if (listener->tls != NULL)
            tls_context_say_expiry(listener->tls, loop->log, listener->config);
    }
}
