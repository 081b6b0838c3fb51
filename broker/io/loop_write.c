/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * From the core to the sockets.
 */
#include <errno.h>
#include <string.h>

#include "broker/io/loop_state.h"

/* false: conn is gone. If the peer takes nothing any more, what it said last may still wait to be
 * read, a DISCONNECT that discards its Will for one: then reading goes on and finds the end. */
static bool survives(struct loop *loop, struct conn *conn, enum transport_result result,
                     const char *why) {
    if (result != TRANSPORT_FAILED && (result != TRANSPORT_CLOSED || conn->state == CONN_OPEN))
        return true;
    loop_drop(loop, conn, why);
    return false;
}

void loop_write_kept(struct loop *loop, struct conn *conn) {
    uint32_t sent = 0;
    const char *why = NULL;
    loop->stats.write_calls++;
    const enum transport_result result = transport_write_kept(conn, &sent, &why);
    loop->stats.written_bytes += sent;
    if (!survives(loop, conn, result, why) || conn->out != NULL)
        return;
    if (conn->state != CONN_GREETING)
        loop_mark_dirty(loop, conn);
    loop_update_interest(loop, conn);
}

/* Where the bytes of one write are copied to: behind what is gathered. */
static uint8_t *room_of(const struct loop *loop) {
    return loop->write_buffer + loop->gathered.byte_count;
}

/* From the core, as much as one write takes; for TLS all of it in the write buffer. *is_all: the
 * core has no more for now. */
static void pull(struct loop *loop, const struct conn *conn, struct core_pulled *pulled,
                 bool *is_all) {
    const bool is_plain = transport_tls(conn) == NULL;
    uint8_t *room = room_of(loop);
    pulled->count = 0;
    pulled->bytes = pulled->copied = 0;
    *is_all = false;
    while (LOOP_WRITE_SIZE - pulled->copied >= CORE_PULL_SIZE_MIN &&
           LOOP_WRITE_BYTES_MAX - pulled->bytes >= CORE_PULL_SIZE_MIN) {
        size_t got = 0;
        if (is_plain) {
            got = core_pull_spans(loop->core, conn->slot, room, LOOP_WRITE_SIZE,
                                  LOOP_WRITE_BYTES_MAX, pulled);
        } else {
            got = core_pull(loop->core, conn->slot, room + pulled->copied,
                            LOOP_WRITE_SIZE - pulled->copied);
            pulled->bytes = pulled->copied += got;
        }
        if (got == 0) {
            *is_all = true;
            break;
        }
    }
}

/* What came of a write. Whether the socket may take more. */
static bool take_result(struct loop *loop, struct conn *conn, enum transport_result result,
                        uint32_t sent, const char *why) {
    loop->stats.written_bytes += sent;
    if (survives(loop, conn, result, why) && conn->out != NULL)
        loop_update_interest(loop, conn);
    return conn->state != CONN_GONE && conn->out == NULL;
}

static enum transport_result send_spans(struct conn *conn, const struct core_pulled *pulled,
                                        uint32_t *sent, const char **why) {
    struct iovec pieces[CORE_SPAN_COUNT_MAX];
    for (uint32_t i = 0; i < pulled->count; i++)
        /* Nothing is written to them. */
        pieces[i] =
            (struct iovec){(void *)(uintptr_t)pulled->spans[i].bytes, pulled->spans[i].len};
    return transport_write_pieces(conn, pieces, pulled->count, sent, why);
}

/* Sends what was pulled last, as far as the socket takes it. Whether it may take more. */
static bool send_pulled(struct loop *loop, struct conn *conn, const struct core_pulled *pulled) {
    uint32_t sent = 0;
    const char *why = NULL;
    log_flush(loop->log);
    loop->stats.write_calls++;
    const enum transport_result result =
        transport_tls(conn) == NULL ? send_spans(conn, pulled, &sent, &why)
                                    : transport_write(conn, &loop->room, room_of(loop),
                                                      (uint32_t)pulled->bytes, &sent, &why);
    core_take_back(loop->core);
    return take_result(loop, conn, result, sent, why);
}

/* Sends what the core has, as far as the socket takes it. Whether all is sent. */
static bool write_all(struct loop *loop, struct conn *conn) {
    for (int i = 0; i < LOOP_WRITES_MAX; i++) {
        struct core_pulled pulled;
        bool is_all = false;
        pull(loop, conn, &pulled, &is_all);
        if (pulled.bytes > 0 && !send_pulled(loop, conn, &pulled))
            return false;
        if (is_all)
            return true;
    }
    loop_mark_dirty(loop, conn);
    return false;
}

/* is_done: all that the core has is sent. Who is dirty again has more. */
static void after_writing(struct loop *loop, struct conn *conn, bool is_done) {
    if (conn->state == CONN_FINISHING && is_done && !conn->dirty)
        loop_linger(loop, conn);
    if (conn->state == CONN_OPEN && conn->held && core_accepts(loop->core, conn->slot))
        loop_resume(loop, conn);
    if (conn->state == CONN_OPEN && !conn->held && is_done && transport_has_ended(conn))
        loop_drop(loop, conn, LOOP_CLOSED_BY_CLIENT);
}

/* ---- Sending together ---- */

/* Sends what is gathered, in one call. */
static void make_sends(struct loop *loop) {
    struct loop_gathered *gathered = &loop->gathered;
    for (uint32_t i = 0; i < gathered->count; i++) /* who is gone by now has -1 */
        gathered->sends[i].fd = conn_table_get(&loop->conns, gathered->sends[i].token)->fd;
    log_flush(loop->log);
    loop->stats.write_calls++;
    if (!poller_send_all(loop->poller, gathered->sends, gathered->count))
        log_say(loop->log, LOG_TYPE_ERROR,
                "io_uring failed: %s; from now on each connection is sent to by itself",
                strerror(errno));
}

static void send_gathered(struct loop *loop) {
    struct loop_gathered *gathered = &loop->gathered;
    const uint32_t count = gathered->count;
    if (count == 0)
        return;
    make_sends(loop);
    for (uint32_t i = 0; i < count; i++) {
        const struct poller_send *made = &gathered->sends[i];
        struct conn *conn = conn_table_get(&loop->conns, made->token);
        uint32_t sent = 0;
        const char *why = NULL;
        if (conn->state == CONN_GONE)
            continue;
        const enum transport_result result =
            transport_sent(conn, made->bytes, made->len, made->sent, &sent, &why);
        (void)take_result(loop, conn, result, sent, why);
    }
    gathered->count = 0;
    gathered->byte_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct conn *conn = conn_table_get(&loop->conns, gathered->sends[i].token);
        if (conn->state != CONN_GONE)
            after_writing(loop, conn,
                          conn->out == NULL && (gathered->is_all[i] || write_all(loop, conn)));
    }
}

/* What is much, and what is lent and has to be given back, is sent at once. */
static bool is_little(const struct core_pulled *pulled) {
    return pulled->bytes <= LOOP_GATHER_MAX && pulled->copied == pulled->bytes;
}

/* Adds what the core has to what is sent together, or sends it at once. */
static void gather(struct loop *loop, struct conn *conn) {
    struct loop_gathered *gathered = &loop->gathered;
    struct core_pulled pulled;
    bool is_all = false;
    pull(loop, conn, &pulled, &is_all);
    if (pulled.bytes == 0 || !is_little(&pulled)) {
        const bool goes_on = pulled.bytes == 0 || send_pulled(loop, conn, &pulled);
        after_writing(loop, conn, goes_on && (is_all || write_all(loop, conn)));
        return;
    }
    gathered->sends[gathered->count] = (struct poller_send){
        .bytes = room_of(loop), .len = (uint32_t)pulled.bytes, .token = conn->slot};
    gathered->is_all[gathered->count] = is_all;
    gathered->count++;
    gathered->byte_count += (uint32_t)pulled.bytes;
    if (gathered->count == POLLER_SENDS_MAX ||
        gathered->byte_count > LOOP_GATHER_SIZE - LOOP_WRITE_SIZE)
        send_gathered(loop);
}

/* ---- A round's writing ---- */

static void write_conn(struct loop *loop, struct conn *conn) {
    if (conn->out != NULL || (conn->state != CONN_OPEN && conn->state != CONN_FINISHING))
        return;
    if (poller_sends_together(loop->poller) && transport_tls(conn) == NULL)
        gather(loop, conn);
    else
        after_writing(loop, conn, write_all(loop, conn));
}

void loop_write_dirty(struct loop *loop) {
    loop_carry_out_effects(loop);
    loop->fed_bytes = 0;
    uint32_t slot = loop->dirty.first;
    loop->dirty = (struct conn_list){CONN_NONE, CONN_NONE, 0};
    while (slot != CONN_NONE) {
        struct conn *conn = conn_table_get(&loop->conns, slot);
        slot = conn->dirty_next;
        conn->dirty = false;
        write_conn(loop, conn);
    }
    send_gathered(loop);
}
