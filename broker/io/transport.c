/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The socket of a connection, with or without TLS; see transport.h.
 */
#include "broker/io/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

bool transport_room_prepare(struct transport_room *room, uint32_t read_size) {
    if (room->in != NULL)
        return true;
    room->in = malloc(read_size);
    room->in_size = room->in == NULL ? 0 : read_size;
    return room->in != NULL;
}

void transport_room_free(struct transport_room *room) {
    free(room->in);
    tls_output_free(&room->out);
    *room = (struct transport_room){0};
}

bool transport_begin_tls(struct conn *conn, struct tls_context *context) {
    struct conn_more *more = conn_get_more(conn);
    if (more == NULL)
        return false;
    more->tls = tls_open(context);
    return more->tls != NULL;
}

void transport_free(struct conn *conn) {
    tls_free(transport_tls(conn));
    conn_drop_more(conn);
}

/* ---- The socket ---- */

static enum transport_result failure(const char **why) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return TRANSPORT_BLOCKED;
    switch (errno) {
    case ECONNRESET:
    case EPIPE:
        *why = "connection reset by the client";
        break;
    case ETIMEDOUT:
        *why = "the network gave up";
        break;
    default:
        *why = "network error";
        break;
    }
    return TRANSPORT_FAILED;
}

static enum transport_result socket_read(int fd, uint8_t *buf, uint32_t size, uint32_t *done,
                                         const char **why) {
    const ssize_t got = recv(fd, buf, size, 0);
    if (got < 0)
        return failure(why);
    *done = (uint32_t)got;
    return got == 0 ? TRANSPORT_CLOSED : TRANSPORT_OK;
}

/* What a call that sends gave back. */
static enum transport_result sent_result(ssize_t sent, uint32_t *done, const char **why) {
    if (sent < 0) {
        const bool is_gone = errno == EPIPE || errno == ECONNRESET;
        const enum transport_result result = failure(why);
        return is_gone ? TRANSPORT_CLOSED : result;
    }
    *done = (uint32_t)sent;
    return TRANSPORT_OK;
}

static enum transport_result socket_write(int fd, const uint8_t *buf, uint32_t len, uint32_t *done,
                                          const char **why) {
    return sent_result(send(fd, buf, len, MSG_NOSIGNAL), done, why);
}

static enum transport_result keep(struct conn *conn, const uint8_t *buf, uint32_t start,
                                  uint32_t end, const char **why) {
    if (conn_keep_output(conn, buf, start, end))
        return TRANSPORT_OK;
    *why = "no memory for what the socket did not take";
    return TRANSPORT_FAILED;
}

/* The same for a send of buf: keeps what it did not take. */
static enum transport_result sent_or_keep(struct conn *conn, const uint8_t *buf, uint32_t len,
                                          ssize_t sent, uint32_t *done, const char **why) {
    *done = 0;
    const enum transport_result result = sent_result(sent, done, why);
    if (result == TRANSPORT_CLOSED || result == TRANSPORT_FAILED || *done == len)
        return result;
    return keep(conn, buf, *done, len, why);
}

/* Sends buf behind what is kept; keeps what can't be sent. */
static enum transport_result send_or_keep(struct conn *conn, const uint8_t *buf, uint32_t len,
                                          uint32_t *done, const char **why) {
    if (conn->out == NULL)
        return sent_or_keep(conn, buf, len, send(conn->fd, buf, len, MSG_NOSIGNAL), done, why);
    *done = 0;
    return keep(conn, buf, 0, len, why);
}

/* ---- TLS ---- */

/* Sends what TLS has to say for itself: the handshake, an alert. */
static enum transport_result send_own(struct conn *conn, struct transport_room *room,
                                      const char **why) {
    uint32_t sent = 0;
    if (room->out.len == 0)
        return TRANSPORT_OK;
    if (conn->out != NULL && conn->out->end + room->out.len > TRANSPORT_OUT_SIZE_MAX) {
        *why = "TLS: it asks and does not read the answers";
        return TRANSPORT_FAILED;
    }
    return send_or_keep(conn, room->out.bytes, room->out.len, &sent, why);
}

static enum transport_result read_tls(struct conn *conn, struct transport_room *room, uint8_t *buf,
                                      uint32_t size, uint32_t *done, const char **why) {
    uint32_t got = 0;
    *done = 0;
    const enum transport_result result =
        socket_read(conn->fd, room->in, size < room->in_size ? size : room->in_size, &got, why);
    if (result != TRANSPORT_OK)
        return result;
    room->out.len = 0;
    const enum tls_result said =
        tls_receive(transport_tls(conn), room->in, got, buf, done, &room->out, why);
    const char *why_not_sent = NULL;
    const enum transport_result sent = send_own(conn, room, &why_not_sent);
    if (said == TLS_FAILED)
        return TRANSPORT_FAILED;
    if (sent == TRANSPORT_FAILED) {
        *why = why_not_sent;
        return sent;
    }
    return transport_tls(conn)->is_ended && *done == 0 ? TRANSPORT_CLOSED : TRANSPORT_OK;
}

static enum transport_result write_tls(struct conn *conn, struct transport_room *room,
                                       const uint8_t *buf, uint32_t len, uint32_t *done,
                                       const char **why) {
    room->out.len = 0;
    if (!tls_send(transport_tls(conn), buf, len, &room->out, why))
        return TRANSPORT_FAILED;
    return send_or_keep(conn, room->out.bytes, room->out.len, done, why);
}

/* ---- In pieces ---- */

/* Keeps what stands behind the first skip bytes. */
static enum transport_result keep_pieces(struct conn *conn, const struct iovec *pieces,
                                         uint32_t count, uint32_t skip, const char **why) {
    enum transport_result result = TRANSPORT_OK;
    for (uint32_t i = 0; i < count && result == TRANSPORT_OK; i++) {
        const uint32_t len = (uint32_t)pieces[i].iov_len;
        const uint32_t skipped = skip < len ? skip : len;
        skip -= skipped;
        if (skipped < len)
            result = keep(conn, pieces[i].iov_base, skipped, len, why);
    }
    return result;
}

enum transport_result transport_write_pieces(struct conn *conn, struct iovec *pieces,
                                             uint32_t count, uint32_t *done, const char **why) {
    const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    if (count == 1)
        return send_or_keep(conn, pieces->iov_base, (uint32_t)pieces->iov_len, done, why);
    *done = 0;
    const enum transport_result result =
        sent_result(sendmsg(conn->fd, &message, MSG_NOSIGNAL), done, why);
    if (result == TRANSPORT_CLOSED || result == TRANSPORT_FAILED)
        return result;
    return keep_pieces(conn, pieces, count, *done, why);
}

/* ---- Both ---- */

enum transport_result transport_read(struct conn *conn, struct transport_room *room, uint8_t *buf,
                                     uint32_t size, uint32_t *done, const char **why) {
    if (transport_tls(conn) == NULL)
        return socket_read(conn->fd, buf, size, done, why);
    return read_tls(conn, room, buf, size, done, why);
}

enum transport_result transport_peek(const struct conn *conn, uint8_t *buf, uint32_t size,
                                     uint32_t *done, const char **why) {
    const ssize_t got = recv(conn->fd, buf, size, MSG_PEEK);
    *done = got > 0 ? (uint32_t)got : 0;
    if (got < 0)
        return failure(why);
    return got == 0 ? TRANSPORT_CLOSED : TRANSPORT_OK;
}

void transport_skip(const struct conn *conn, uint8_t *buf, uint32_t len) {
    /* They are there. */
    while (len > 0) {
        const ssize_t got = recv(conn->fd, buf, len, 0);
        if (got <= 0)
            return;
        len -= (uint32_t)got;
    }
}

const char *transport_user_name(const struct conn *conn) {
    const struct tls *tls = transport_tls(conn);
    if (tls != NULL && tls->user_name != NULL)
        return tls->user_name;
    return conn->more == NULL ? NULL : conn->more->user_name;
}

bool transport_has_ended(const struct conn *conn) {
    return transport_tls(conn) != NULL && transport_tls(conn)->is_ended;
}

enum transport_result transport_discard(struct conn *conn, uint8_t *buf, uint32_t size) {
    uint32_t got = 0;
    const char *why = NULL;
    return socket_read(conn->fd, buf, size, &got, &why);
}

enum transport_result transport_write(struct conn *conn, struct transport_room *room,
                                      const uint8_t *buf, uint32_t len, uint32_t *done,
                                      const char **why) {
    if (transport_tls(conn) == NULL)
        return send_or_keep(conn, buf, len, done, why);
    return write_tls(conn, room, buf, len, done, why);
}

enum transport_result transport_sent(struct conn *conn, const uint8_t *buf, uint32_t len, int sent,
                                     uint32_t *done, const char **why) {
    if (sent < 0)
        errno = -sent;
    return sent_or_keep(conn, buf, len, sent < 0 ? -1 : sent, done, why);
}

enum transport_result transport_write_kept(struct conn *conn, uint32_t *done, const char **why) {
    struct conn_buffer *out = conn->out;
    *done = 0;
    const enum transport_result result =
        socket_write(conn->fd, out->bytes + out->start, out->end - out->start, done, why);
    out->start += *done;
    if (result == TRANSPORT_CLOSED || out->start == out->end)
        conn_drop_output(conn);
    return result;
}

void transport_finish(struct conn *conn, struct transport_room *room) {
    uint32_t sent = 0;
    const char *why = NULL;
    if (transport_tls(conn) != NULL) {
        room->out.len = 0;
        tls_finish(transport_tls(conn), &room->out);
        (void)socket_write(conn->fd, room->out.bytes, room->out.len, &sent, &why);
    }
    (void)shutdown(conn->fd, SHUT_WR);
}
