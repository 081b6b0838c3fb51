/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What comes before MQTT: the header of a proxy, the handshake of TLS. The core knows of a
 * connection when that is over.
 */
#include <stdio.h>
#include <string.h>

#include "broker/io/loop_state.h"
#include "broker/io/proxy_protocol.h"

#define WHY_SIZE 256u

static void give_up(struct loop *loop, struct conn *conn, const char *why) {
    char text[WHY_SIZE];
    const bool is_tls = conn->listener->tls != NULL && !conn->proxied;
    snprintf(text, sizeof text, "%s%s", is_tls ? "TLS: " : "", why);
    if (is_tls)
        loop->stats.handshakes_failed++;
    loop_say_refused(loop, &conn->peer, text);
    loop_drop(loop, conn, NULL);
}

/* The core learns of it. false: conn is gone. */
static bool enter(struct loop *loop, struct conn *conn) {
    loop_remove_waiting(loop, &loop->greeting, conn);
    if (loop_open_conn(loop, conn))
        return true;
    loop_add_waiting(loop, &loop->greeting, conn, 0);
    give_up(loop, conn, "no memory");
    return false;
}

/* ---- TLS ---- */

void loop_begin_tls(struct loop *loop, struct conn *conn) {
    conn->state = CONN_GREETING;
    loop_add_waiting(loop, &loop->greeting, conn, loop->config->tls_handshake_timeout_ms);
}

/* This round has had its share: its turn comes, and till then nobody is told again and again that
 * it has sent something. */
static void queue(struct loop *loop, struct conn *conn) {
    conn->dirty = true;
    conn->dirty_next = CONN_NONE;
    if (loop->shaking.first == CONN_NONE)
        loop->shaking.first = conn->slot;
    else
        conn_table_get(&loop->conns, loop->shaking.last)->dirty_next = conn->slot;
    loop->shaking.last = conn->slot;
    loop_update_interest(loop, conn);
}

/* Not before the client has sent something: half a connection costs no TLS. */
static bool has_tls(struct loop *loop, struct conn *conn) {
    return transport_tls(conn) != NULL || (transport_room_prepare(&loop->room, LOOP_READ_SIZE) &&
                                           transport_begin_tls(conn, conn->listener->tls));
}

static void read_handshake(struct loop *loop, struct conn *conn) {
    if (loop->handshake_us >= LOOP_HANDSHAKES_US) {
        queue(loop, conn);
        return;
    }
    const uint64_t begin_us = loop_now_us();
    if (!has_tls(loop, conn)) {
        give_up(loop, conn, "no memory");
        return;
    }
    uint32_t got = 0;
    const char *why = LOOP_CLOSED_BY_CLIENT;
    const enum transport_result result =
        transport_read(conn, &loop->room, loop->read_buffer, loop->read_size, &got, &why);
    loop->handshake_us += loop_now_us() - begin_us;
    if (result == TRANSPORT_CLOSED || result == TRANSPORT_FAILED) {
        give_up(loop, conn, why);
        return;
    }
    if (!transport_tls(conn)->is_established) {
        loop_update_interest(loop, conn);
        return;
    }
    /* What holds now may be other than when it began. */
    const char *objection = loop_objection(conn);
    if (objection != NULL) {
        give_up(loop, conn, objection);
        return;
    }
    gate_shaken(&loop->gate, &conn->peer, &conn->gate);
    loop->stats.handshakes++;
    if (enter(loop, conn))
        loop_feed(loop, conn, got);
}

/* ---- The PROXY header ---- */

void loop_begin_proxied(struct loop *loop, struct conn *conn) {
    conn->state = CONN_GREETING;
    conn->proxied = true;
    loop_add_waiting(loop, &loop->greeting, conn, loop->config->tls_handshake_timeout_ms);
}

/* What the listener asks of a client's TLS, as far as the proxy has ended it. NULL: all is well.
 */
static const char *lacks(const struct config_listener *config, const struct proxy_header *header) {
    if (config->proxy_require_tls && !header->has_tls)
        return "PROXY: it reached the proxy without TLS";
    if (config->tls.require_certificate && !config_has_tls(config) && !header->has_certificate)
        return "PROXY: it showed the proxy no certificate";
    return NULL;
}

static bool keep_name(struct conn *conn, const struct proxy_header *header) {
    if (!conn->listener->config->tls.use_identity_as_username || !header->has_certificate ||
        header->common_name[0] == '\0')
        return true;
    struct conn_more *more = conn_get_more(conn);
    if (more == NULL)
        return false;
    more->user_name = strdup(header->common_name);
    return more->user_name != NULL;
}

/* The header is whole: it is known now whom this is about. */
static void take_header(struct loop *loop, struct conn *conn, const struct proxy_header *header) {
    conn->proxied = false;
    conn_drop_input(conn);
    if (!header->is_local)
        conn->peer = header->source;
    const char *why = header->is_local ? NULL : lacks(conn->listener->config, header);
    if (why == NULL && !keep_name(conn, header))
        why = "no memory";
    if (why != NULL) {
        give_up(loop, conn, why);
        return;
    }
    if (!loop_admit(loop, conn->listener, &conn->peer, &conn->gate)) {
        loop_drop(loop, conn, NULL);
        return;
    }
    if (conn->listener->tls == NULL) {
        (void)enter(loop, conn);
        return;
    }
    loop_remove_waiting(loop, &loop->greeting, conn);
    loop_begin_tls(loop, conn);
}

/* Takes from the socket what belongs to the header, and nothing behind it. */
static void read_header(struct loop *loop, struct conn *conn) {
    struct proxy_header header;
    uint8_t *bytes = loop->read_buffer;
    uint32_t got = 0;
    const char *why = LOOP_CLOSED_BY_CLIENT;
    const uint32_t held = conn->in == NULL ? 0 : conn->in->end;
    if (held > 0)
        memcpy(bytes, conn->in->bytes, held);
    const enum transport_result result =
        transport_peek(conn, bytes + held, PROXY_HEADER_LEN_MAX - held, &got, &why);
    if (result == TRANSPORT_BLOCKED)
        return;
    if (result != TRANSPORT_OK) {
        give_up(loop, conn, why);
        return;
    }
    const uint32_t version = conn->listener->config->proxy_version;
    switch (proxy_header_parse(&header, version, bytes, held + got, &why)) {
    case PROXY_BAD:
        give_up(loop, conn, why);
        return;
    case PROXY_MORE:
        transport_skip(conn, bytes + held, got);
        if (conn_keep_input(conn, bytes, held, held + got, held + got) == 0)
            give_up(loop, conn, "no memory");
        return;
    case PROXY_DONE:
        transport_skip(conn, bytes + held, header.header_len - held);
        take_header(loop, conn, &header);
        return;
    }
}

/* ---- Both ---- */

void loop_read_greeting(struct loop *loop, struct conn *conn) {
    if (conn->proxied)
        read_header(loop, conn);
    else
        read_handshake(loop, conn);
}

void loop_continue_greetings(struct loop *loop) {
    while (loop->shaking.first != CONN_NONE && loop->handshake_us < LOOP_HANDSHAKES_US) {
        struct conn *conn = conn_table_get(&loop->conns, loop->shaking.first);
        loop->shaking.first = conn->dirty_next;
        conn->dirty = false;
        if (conn->state != CONN_GREETING)
            continue;
        loop_update_interest(loop, conn);
        if (conn->state == CONN_GREETING)
            read_handshake(loop, conn);
    }
}

bool loop_has_room_for_greeting(const struct loop *loop) {
    const uint32_t count_max = loop->config->max_handshakes;
    if (count_max == 0 || loop->greeting.count < count_max)
        return true;
    const struct conn *oldest = conn_table_get(&loop->conns, loop->greeting.first);
    const uint64_t since_ms = oldest->deadline_ms - loop->config->tls_handshake_timeout_ms;
    return since_ms + LOOP_GREETING_SAFE_MS <= loop->now_ms;
}

void loop_bound_greetings(struct loop *loop) {
    const uint32_t count_max = loop->config->max_handshakes;
    while (count_max != 0 && loop->greeting.count > count_max)
        give_up(loop, conn_table_get(&loop->conns, loop->greeting.first),
                "max_handshakes is reached, and it is the slowest");
}

void loop_end_late_greetings(struct loop *loop) {
    while (loop->greeting.first != CONN_NONE) {
        struct conn *conn = conn_table_get(&loop->conns, loop->greeting.first);
        if (conn->deadline_ms > loop->now_ms)
            return;
        give_up(loop, conn,
                conn->proxied ? "PROXY: no header within tls_handshake_timeout"
                              : "the handshake takes longer than tls_handshake_timeout");
    }
}
