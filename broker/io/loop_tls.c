/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What TLS adds to the loop: connections that are still being agreed upon, and looking again at
 * those that are when certificates were read anew.
 */
#include <stdio.h>
#include <time.h>

#include "broker/io/loop_state.h"

#define WHY_SIZE 256u

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* ---- Handshakes ---- */

bool loop_begin_greeting(struct loop *loop, struct conn *conn) {
    if (!transport_room_prepare(&loop->room, LOOP_READ_SIZE))
        return false;
    conn->tls = tls_open(conn->listener->tls);
    if (conn->tls == NULL)
        return false;
    conn->state = CONN_GREETING;
    loop_add_waiting(loop, &loop->greeting, conn, loop->config->tls_handshake_timeout_ms);
    return true;
}

static void give_up(struct loop *loop, struct conn *conn, const char *why) {
    char text[WHY_SIZE];
    snprintf(text, sizeof text, "TLS: %s", why);
    loop->stats.handshakes_failed++;
    loop_say_refused(loop, &conn->peer, text);
    loop_drop(loop, conn, NULL);
}

/* The handshake may have begun before certificates were read again. */
static bool is_accepted(const struct conn *conn, const char **why) {
    const struct tls_context *now = conn->listener->tls;
    return conn->tls->context == now || now == NULL ||
           tls_context_accepts(now, conn->tls->context, conn->tls->ssl, why);
}

static void end_greeting(struct loop *loop, struct conn *conn, uint32_t len) {
    const char *why = NULL;
    if (!is_accepted(conn, &why)) {
        give_up(loop, conn, why);
        return;
    }
    loop_remove_waiting(loop, &loop->greeting, conn);
    if (!loop_open_conn(loop, conn)) {
        loop_add_waiting(loop, &loop->greeting, conn, 0);
        give_up(loop, conn, "no memory");
        return;
    }
    loop->stats.handshakes++;
    loop_feed(loop, conn, len);
}

void loop_read_greeting(struct loop *loop, struct conn *conn) {
    if (loop->handshake_us >= LOOP_HANDSHAKES_US)
        return; /* it will be told again */
    const uint64_t begin_us = now_us();
    uint32_t got = 0;
    const char *why = "closed by the client";
    const enum transport_result result =
        transport_read(conn, &loop->room, loop->read_buffer, loop->read_size, &got, &why);
    loop->handshake_us += now_us() - begin_us;
    if (result == TRANSPORT_CLOSED || result == TRANSPORT_FAILED)
        give_up(loop, conn, why);
    else if (conn->tls->is_established)
        end_greeting(loop, conn, got);
    else
        loop_update_interest(loop, conn);
}

void loop_end_late_greetings(struct loop *loop) {
    while (loop->greeting.first != CONN_NONE) {
        struct conn *conn = conn_table_get(&loop->conns, loop->greeting.first);
        if (conn->deadline_ms > loop->now_ms)
            return;
        give_up(loop, conn, "the handshake takes longer than tls_handshake_timeout");
    }
}

/* ---- After certificates were read again ---- */

static void recheck(struct loop *loop, struct conn *conn) {
    const char *why = NULL;
    if (conn->state != CONN_OPEN || conn->tls == NULL || is_accepted(conn, &why))
        return;
    char address[ADDRESS_TEXT_SIZE];
    const struct ella_slice id = core_client_id(loop->core, conn->slot);
    char client[WHY_SIZE];
    log_say(loop->log, LOG_TYPE_NOTICE, "closed client=\"%s\" address=%s: %s",
            log_escape(client, sizeof client, ella_slice_data(id), ella_slice_len(id)),
            address_text(&conn->peer, address), why);
    loop->stats.revoked_count++;
    loop_drop(loop, conn, "its certificate or key is not accepted any more");
}

void loop_recheck(struct loop *loop) {
    if (loop->recheck_slot == CONN_NONE)
        return;
    const uint64_t end_us = now_us() + LOOP_RECHECK_US;
    const uint32_t count = conn_table_slot_count(&loop->conns);
    do {
        if (loop->recheck_slot >= count) {
            loop->recheck_slot = CONN_NONE;
            return;
        }
        recheck(loop, conn_table_get(&loop->conns, loop->recheck_slot++));
    } while (now_us() < end_us);
}

void loop_say_expiry(struct loop *loop) {
    loop->expiry_said_ms = loop->now_ms;
    for (uint32_t i = 0; i < loop->listeners->listener_count; i++) {
        const struct listener *listener = &loop->listeners->listeners[i];
        if (listener->tls != NULL)
            tls_context_say_expiry(listener->tls, loop->log, listener->config);
    }
}
