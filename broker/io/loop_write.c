/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * From the core to the sockets.
 */
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

/* From the core, as much as one write takes; for TLS all of it in the write buffer. *is_empty: the
 * core has no more for now. */
static void pull(struct loop *loop, const struct conn *conn, struct core_pulled *pulled,
                 bool *is_empty) {
    const bool is_plain = transport_tls(conn) == NULL;
    pulled->count = 0;
    pulled->bytes = pulled->copied = 0;
    *is_empty = false;
    while (LOOP_WRITE_SIZE - pulled->copied >= CORE_PULL_SIZE_MIN &&
           LOOP_WRITE_BYTES_MAX - pulled->bytes >= CORE_PULL_SIZE_MIN) {
        size_t got = 0;
        if (is_plain) {
            got = core_pull_spans(loop->core, conn->slot, loop->write_buffer, LOOP_WRITE_SIZE,
                                  LOOP_WRITE_BYTES_MAX, pulled);
        } else {
            got = core_pull(loop->core, conn->slot, loop->write_buffer + pulled->copied,
                            LOOP_WRITE_SIZE - pulled->copied);
            pulled->bytes = pulled->copied += got;
        }
        if (got == 0) {
            *is_empty = true;
            break;
        }
    }
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

/* Sends what was pulled, as far as the socket takes it. */
static void send_pulled(struct loop *loop, struct conn *conn, const struct core_pulled *pulled) {
    uint32_t sent = 0;
    const char *why = NULL;
    log_flush(loop->log);
    loop->stats.write_calls++;
    const enum transport_result result =
        transport_tls(conn) == NULL ? send_spans(conn, pulled, &sent, &why)
                                    : transport_write(conn, &loop->room, loop->write_buffer,
                                                      (uint32_t)pulled->bytes, &sent, &why);
    core_take_back(loop->core);
    loop->stats.written_bytes += sent;
    if (survives(loop, conn, result, why) && conn->out != NULL)
        loop_update_interest(loop, conn);
}

/* Sends what the core has, as far as the socket takes it. Whether all is sent. */
static bool write_all(struct loop *loop, struct conn *conn) {
    for (int i = 0; i < LOOP_WRITES_MAX; i++) {
        struct core_pulled pulled;
        bool is_empty = false;
        pull(loop, conn, &pulled, &is_empty);
        if (pulled.bytes > 0)
            send_pulled(loop, conn, &pulled);
        if (conn->state == CONN_GONE || conn->out != NULL)
            return false;
        if (is_empty)
            return true;
    }
    loop_mark_dirty(loop, conn);
    return false;
}

static void write_conn(struct loop *loop, struct conn *conn) {
    if (conn->out != NULL || (conn->state != CONN_OPEN && conn->state != CONN_FINISHING))
        return;
    const bool is_done = write_all(loop, conn);
    if (conn->state == CONN_FINISHING && is_done)
        loop_linger(loop, conn);
    if (conn->state == CONN_OPEN && conn->held && core_accepts(loop->core, conn->slot))
        loop_resume(loop, conn);
    if (conn->state == CONN_OPEN && !conn->held && is_done && transport_has_ended(conn))
        loop_drop(loop, conn, LOOP_CLOSED_BY_CLIENT);
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
}
