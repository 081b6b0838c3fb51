/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * New connections, and the listening sockets that they come from.
 */
#include <unistd.h>

#include "broker/io/loop_state.h"

void loop_say_refused(struct loop *loop, const struct address *peer, const char *why) {
    char text[ADDRESS_TEXT_SIZE];
    loop->stats.refused_count++;
    log_limited(loop->log, LOG_FLOOD_CONNECTIONS, LOG_TYPE_NOTICE, "refused address=%s: %s",
                address_text(peer, text), why);
    log_flush(loop->log);
    const struct audit_event event = {
        .event = "connect", .result = "refused", .peer = peer, .text = why};
    if (loop->audit != NULL)
        audit_write(loop->audit, &event);
}

static void refuse(struct loop *loop, int fd, const struct address *peer, const char *why) {
    loop_say_refused(loop, peer, why);
    close(fd);
}

bool loop_open_conn(struct loop *loop, struct conn *conn) {
    const struct core_event event = {.type = CORE_OPEN,
                                     .conn = conn->slot,
                                     .now_ms = loop->now_ms,
                                     .open = &conn->listener->core};
    if (core_step(loop->core, &event) != CORE_OK)
        return false;
    conn->state = CONN_OPEN;
    return true;
}

/* Always false. */
static bool unwatch(struct loop *loop, struct conn *conn) {
    (void)poller_watch(loop->poller, conn->fd, conn->slot, POLLER_READ, POLLER_UNWATCHED);
    return false;
}

/* Watches it, and begins what comes first: the PROXY header, TLS or MQTT. */
static bool begin(struct loop *loop, struct conn *conn) {
    const struct listener *listener = conn->listener;
    if (!poller_watch(loop->poller, conn->fd, conn->slot, POLLER_UNWATCHED, POLLER_READ))
        return false;
    conn->interest = POLLER_READ;
    if (listener->config->proxy_version != 0)
        loop_begin_proxied(loop, conn);
    else if (listener->tls != NULL)
        loop_begin_tls(loop, conn);
    else if (!loop_open_conn(loop, conn))
        return unwatch(loop, conn);
    return true;
}

static struct conn *add(struct loop *loop, struct listener *listener, int fd,
                        const struct address *peer) {
    struct conn *conn = conn_table_add(&loop->conns);
    if (conn == NULL)
        return NULL;
    conn->fd = fd;
    conn->peer = *peer;
    conn->listener = listener;
    conn->caution = LOOP_CAUTION_FIRST;
    conn->packet_size_max = loop->config->limits.max_packet_size_bytes;
    if (begin(loop, conn))
        return conn;
    conn_table_remove(&loop->conns, conn);
    return NULL;
}

/* Only proxies that are known are believed. Whom they speak for is not known yet. */
static bool admit(struct loop *loop, struct listener *listener, const struct address *peer,
                  uint8_t *stage) {
    if (listener->config->proxy_version == 0)
        return loop_admit(loop, listener, peer, stage);
    if (cidr_list_has(&listener->config->proxy_address, peer))
        return true;
    loop->stats.refused_by_list++;
    loop_say_refused(loop, peer, "it is none of the proxies of proxy_protocol_from");
    return false;
}

static void accepted(struct loop *loop, struct listener *listener, int fd,
                     const struct address *peer) {
    uint8_t stage = GATE_OUTSIDE;
    if (listener->max_connections != 0 && listener->open_count >= listener->max_connections) {
        refuse(loop, fd, peer, "max_connections of the listener is reached");
        return;
    }
    if (!admit(loop, listener, peer, &stage)) {
        close(fd);
        return;
    }
    struct conn *conn = add(loop, listener, fd, peer);
    if (conn == NULL) {
        gate_leave(&loop->gate, peer, &stage);
        refuse(loop, fd, peer, "no memory");
        return;
    }
    conn->gate = stage;
    listener->open_count++;
    loop->stats.accepted_count++;
}

static uint32_t listener_token(const struct loop *loop, const struct listener_socket *listening) {
    return TOKEN_LISTENER + (uint32_t)(listening - loop->listeners->sockets);
}

/* Waiting peers stay in the kernel's queue; asking for them again at once would only spin. */
static void pause_listening(struct loop *loop, struct listener_socket *listening,
                            const char *why) {
    log_limited(loop->log, LOG_FLOOD_SYSTEM, LOG_TYPE_WARNING, "new connections have to wait: %s",
                why);
    (void)poller_watch(loop->poller, listening->fd, listener_token(loop, listening), POLLER_READ,
                       POLLER_UNWATCHED);
    listening->paused = true;
    listening->resume_ms = loop->now_ms + LISTENER_PAUSE_MS;
    loop->has_paused = true;
    loop->stats.pauses++;
}

void loop_resume_listening(struct loop *loop) {
    loop->has_paused = false;
    for (uint32_t i = 0; i < loop->listeners->socket_count; i++) {
        struct listener_socket *listening = &loop->listeners->sockets[i];
        if (!listening->paused)
            continue;
        if (listening->resume_ms <= loop->now_ms &&
            poller_watch(loop->poller, listening->fd, listener_token(loop, listening),
                         POLLER_UNWATCHED, POLLER_READ))
            listening->paused = false;
        else if (listening->resume_ms <= loop->now_ms)
            listening->resume_ms = loop->now_ms + LISTENER_PAUSE_MS;
        loop->has_paused = loop->has_paused || listening->paused;
    }
}

void loop_accept(struct loop *loop, uint32_t index) {
    struct listener_socket *listening = &loop->listeners->sockets[index];
    const bool greets =
        listening->listener->tls != NULL || listening->listener->config->proxy_version != 0;
    for (int i = 0; i < LISTENER_ACCEPT_MAX; i++) {
        int fd = -1;
        if (greets && !loop_has_room_for_greeting(loop)) {
            pause_listening(loop, listening, "max_handshakes is reached");
            return;
        }
        struct address peer;
        const char *why = "";
        switch (listener_accept(listening, &fd, &peer, &why)) {
        case LISTENER_NOTHING:
            return;
        case LISTENER_REST:
            pause_listening(loop, listening, why);
            return;
        case LISTENER_ACCEPTED:
            accepted(loop, listening->listener, fd, &peer);
            loop_bound_greetings(loop);
            break;
        }
    }
}

/* ---- All listening sockets ---- */

bool loop_listen(struct loop *loop) {
    for (int i = 0; i < LOOP_WAKE_FDS; i++) {
        if (loop->wake_fds[i] >= 0 && !poller_watch(loop->poller, loop->wake_fds[i], TOKEN_WAKE,
                                                    POLLER_UNWATCHED, POLLER_READ))
            return false;
    }
    if (!poller_watch(loop->poller, login_fd(loop->login), TOKEN_LOGIN, POLLER_UNWATCHED,
                      POLLER_READ))
        return false;
    for (uint32_t i = 0; i < loop->listeners->socket_count; i++) {
        if (!poller_watch(loop->poller, loop->listeners->sockets[i].fd, TOKEN_LISTENER + i,
                          POLLER_UNWATCHED, POLLER_READ))
            return false;
    }
    return true;
}

void loop_stop_listening(struct loop *loop) {
    for (uint32_t i = 0; i < loop->listeners->socket_count; i++) {
        if (!loop->listeners->sockets[i].paused)
            (void)poller_watch(loop->poller, loop->listeners->sockets[i].fd, TOKEN_LISTENER + i,
                               POLLER_READ, POLLER_UNWATCHED);
    }
    loop->has_paused = false;
    listener_set_close(loop->listeners);
}
