/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What a connection may: come in at all, and send so much in a second.
 */
#include "broker/io/loop_state.h"

/* ---- Coming in ---- */

static const char *refusal(struct loop *loop, struct listener *listener,
                           const struct address *peer, uint8_t *stage) {
    const struct config_listener *config = listener->config;
    if (!listener_allows(listener, peer)) {
        loop->stats.refused_by_list++;
        return "allow_address and deny_address do not let it in";
    }
    if (config->max_connection_rate != 0 &&
        !bucket_take(&listener->rate, config->max_connection_rate, loop->now_ms)) {
        loop->stats.refused_by_rate++;
        return "max_connection_rate of the listener is reached";
    }
    const enum gate_answer answer = gate_enter(&loop->gate, &loop->config->gate, peer,
                                               listener->tls != NULL, loop->now_ms, stage);
    if (answer == GATE_OPEN)
        return NULL;
    loop->stats.refused_by_gate[answer]++;
    return gate_answer_text(answer);
}

bool loop_admit(struct loop *loop, struct listener *listener, const struct address *peer,
                uint8_t *stage) {
    const char *why = refusal(loop, listener, peer, stage);
    if (why == NULL)
        return true;
    loop_say_refused(loop, peer, why);
    return false;
}

bool loop_has_logged_in(const struct loop *loop, const struct conn *conn) {
    return conn->gate == GATE_INSIDE || ella_slice_len(core_client_id(loop->core, conn->slot)) > 0;
}

void loop_note_login(struct loop *loop, struct conn *conn) {
    if (conn->gate == GATE_WAITING && loop_has_logged_in(loop, conn))
        gate_pass(&loop->gate, &conn->peer, &conn->gate);
}

/* ---- Sending ---- */

static void pause_client(struct loop *loop, struct conn *conn) {
    conn->paused = true;
    conn->more->resume_ms = loop->now_ms + LOOP_CLIENT_PAUSE_MS;
    loop_link(loop, &loop->paused, conn);
    loop_update_interest(loop, conn);
}

static void exceeded(struct loop *loop, struct conn *conn, const char *why) {
    char address[ADDRESS_TEXT_SIZE];
    if (loop->config->client_rate_action == CONFIG_RATE_DISCONNECT) {
        loop->stats.client_rate_closed++;
        const struct core_event event = {.type = CORE_EXPEL,
                                         .conn = conn->slot,
                                         .now_ms = loop->now_ms,
                                         .reason_code = ELLA_REASON_MESSAGE_RATE_TOO_HIGH,
                                         .text = why};
        (void)core_step(loop->core, &event);
        return;
    }
    loop->stats.client_pauses++;
    log_limited(loop->log, LOG_FLOOD_MESSAGES, LOG_TYPE_NOTICE, "paused address=%s: %s",
                address_text(&conn->peer, address), why);
    pause_client(loop, conn);
}

/* Both buckets are within their rates. */
static bool is_within(const struct loop *loop, const struct conn *conn, uint64_t byte_count,
                      uint64_t message_count) {
    const uint32_t byte_rate = loop->config->max_client_byte_rate;
    const uint32_t message_rate = loop->config->max_client_message_rate;
    const bool bytes_fit =
        byte_rate == 0 || bucket_spend(&conn->more->bytes, byte_rate, byte_count, loop->now_ms);
    const bool messages_fit =
        message_rate == 0 ||
        bucket_spend(&conn->more->messages, message_rate, message_count, loop->now_ms);
    return bytes_fit && messages_fit;
}

void loop_pay(struct loop *loop, struct conn *conn, uint64_t byte_count, uint64_t message_count) {
    const bool is_new = conn->more == NULL;
    if (conn_get_more(conn) == NULL) {
        loop_drop(loop, conn, "no memory");
        return;
    }
    if (is_new) {
        conn->more->bytes = bucket_full(loop->config->max_client_byte_rate, loop->now_ms);
        conn->more->messages = bucket_full(loop->config->max_client_message_rate, loop->now_ms);
    }
    if (is_within(loop, conn, byte_count, message_count) || conn->paused ||
        conn->state != CONN_OPEN)
        return;
    exceeded(loop, conn,
             message_count > 0 ? "it publishes more than max_client_message_rate"
                               : "it sends more than max_client_byte_rate");
}

void loop_end_pause(struct loop *loop, struct conn *conn) {
    if (!conn->paused)
        return;
    loop_remove_waiting(loop, &loop->paused, conn);
    conn->paused = false;
}

void loop_end_pauses(struct loop *loop) {
    while (loop->paused.first != CONN_NONE) {
        struct conn *conn = conn_table_get(&loop->conns, loop->paused.first);
        if (conn->more->resume_ms > loop->now_ms)
            return;
        loop_end_pause(loop, conn);
        if (is_within(loop, conn, 0, 0))
            loop_update_interest(loop, conn);
        else
            pause_client(loop, conn);
    }
}
