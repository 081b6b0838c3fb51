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

/* Fills the write buffer from the core, behind what is gathered. *is_all: the core has no more for
 * now. */
static uint32_t pull(struct loop *loop, const struct conn *conn, bool *is_all) {
    uint8_t *at = loop->write_buffer + loop->gathered.byte_count;
    uint32_t used = 0;
    *is_all = false;
    while (LOOP_WRITE_SIZE - used >= CORE_PULL_SIZE_MIN) {
        const size_t got = core_pull(loop->core, conn->slot, at + used, LOOP_WRITE_SIZE - used);
        if (got == 0) {
            *is_all = true;
            break;
        }
        used += (uint32_t)got;
    }
    return used;
}

/* What came of a write. Whether the socket may take more. */
static bool take_result(struct loop *loop, struct conn *conn, enum transport_result result,
                        uint32_t sent, const char *why) {
    loop->stats.written_bytes += sent;
    if (survives(loop, conn, result, why) && conn->out != NULL)
        loop_update_interest(loop, conn);
    return conn->state != CONN_GONE && conn->out == NULL;
}

/* Sends len bytes that were pulled last, as far as the socket takes them. Whether it may take
 * more. */
static bool send_pulled(struct loop *loop, struct conn *conn, uint32_t len) {
    const uint8_t *at = loop->write_buffer + loop->gathered.byte_count;
    uint32_t sent = 0;
    const char *why = NULL;
    log_flush(loop->log);
    loop->stats.write_calls++;
    const enum transport_result result = transport_write(conn, &loop->room, at, len, &sent, &why);
    return take_result(loop, conn, result, sent, why);
}

/* Sends what the core has, as far as the socket takes it. Whether all is sent. */
static bool write_all(struct loop *loop, struct conn *conn) {
    for (int i = 0; i < LOOP_WRITES_MAX; i++) {
        bool is_all = false;
        const uint32_t len = pull(loop, conn, &is_all);
        if (len > 0 && !send_pulled(loop, conn, len))
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

/* Adds what the core has to what is sent together, or sends it at once if it is much. */
static void gather(struct loop *loop, struct conn *conn) {
    struct loop_gathered *gathered = &loop->gathered;
    bool is_all = false;
    const uint32_t len = pull(loop, conn, &is_all);
    if (len == 0 || len > LOOP_GATHER_MAX) {
        const bool goes_on = len == 0 || send_pulled(loop, conn, len);
        after_writing(loop, conn, goes_on && (is_all || write_all(loop, conn)));
        return;
    }
    gathered->sends[gathered->count] = (struct poller_send){
        .bytes = loop->write_buffer + gathered->byte_count, .len = len, .token = conn->slot};
    gathered->is_all[gathered->count] = is_all;
    gathered->count++;
    gathered->byte_count += len;
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
