/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * How a connection of the loop ends, and what it is watched for till then.
 */
#include "broker/io/loop_state.h"

/* ---- Lists ---- */

void loop_mark_dirty(struct loop *loop, struct conn *conn) {
    if (conn->dirty)
        return;
    conn->dirty = true;
    conn->dirty_next = CONN_NONE;
    if (loop->dirty.first == CONN_NONE)
        loop->dirty.first = conn->slot;
    else
        conn_table_get(&loop->conns, loop->dirty.last)->dirty_next = conn->slot;
    loop->dirty.last = conn->slot;
}

void loop_link(struct loop *loop, struct conn_list *list, struct conn *conn) {
    conn->closing_next = CONN_NONE;
    conn->closing_previous = list->last;
    if (list->last == CONN_NONE)
        list->first = conn->slot;
    else
        conn_table_get(&loop->conns, list->last)->closing_next = conn->slot;
    list->last = conn->slot;
    list->count++;
}

void loop_add_waiting(struct loop *loop, struct conn_list *list, struct conn *conn,
                      uint32_t patience_ms) {
    conn->deadline_ms = loop->now_ms + patience_ms;
    loop_link(loop, list, conn);
}
void loop_remove_waiting(struct loop *loop, struct conn_list *list, const struct conn *conn) {
    list->count--;
    if (conn->closing_previous == CONN_NONE)
        list->first = conn->closing_next;
    else
        conn_table_get(&loop->conns, conn->closing_previous)->closing_next = conn->closing_next;
    if (conn->closing_next == CONN_NONE)
        list->last = conn->closing_previous;
    else
        conn_table_get(&loop->conns, conn->closing_next)->closing_previous =
            conn->closing_previous;
}

/* ---- Closing ---- */

static void tell_closed(struct loop *loop, const struct conn *conn, const char *text) {
    const struct core_event event = {
        .type = CORE_CLOSED, .conn = conn->slot, .now_ms = loop->now_ms, .text = text};
    login_forget(loop->login, conn->slot);
    (void)core_step(loop->core, &event);
}

/* Closes the descriptor at once, whatever is still to be sent. */
void loop_drop(struct loop *loop, struct conn *conn, const char *text) {
    loop_end_pause(loop, conn);
    if (conn->state == CONN_OPEN || conn->state == CONN_FINISHING)
        tell_closed(loop, conn, text);
    if (conn->state == CONN_FINISHING || conn->state == CONN_LINGERING)
        loop_remove_waiting(loop, &loop->closing, conn);
    if (conn->state == CONN_GREETING)
        loop_remove_waiting(loop, &loop->greeting, conn);
    log_flush(loop->log);
    poller_close(loop->poller, conn->fd, conn->slot, conn->interest);
    conn->fd = -1;
    conn->listener->open_count--;
    gate_leave(&loop->gate, &conn->peer, &conn->gate);
    conn_drop_input(conn);
    conn_drop_output(conn);
    transport_free(conn);
    conn->state = CONN_GONE;
    conn->closing_next = loop->gone_first;
    loop->gone_first = conn->slot;
}

static enum poller_interest wanted_interest(const struct conn *conn) {
    switch (conn->state) {
    case CONN_FINISHING:
        return conn->out != NULL ? POLLER_WRITE : POLLER_NOTHING;
    case CONN_LINGERING:
        return POLLER_READ;
    default:
        break;
    }
    if (conn->held || conn->paused || (conn->state == CONN_GREETING && conn->dirty))
        return conn->out != NULL ? POLLER_WRITE : POLLER_NOTHING;
    return conn->out != NULL ? POLLER_BOTH : POLLER_READ;
}

void loop_update_interest(struct loop *loop, struct conn *conn) {
    const enum poller_interest wanted = wanted_interest(conn);
    if (wanted == conn->interest)
        return;
    if (!poller_watch(loop->poller, conn->fd, conn->slot, conn->interest, wanted)) {
        loop_drop(loop, conn, "the system can't watch the connection");
        return;
    }
    conn->interest = wanted & 7u;
}

/* All is sent: what the peer still sends is thrown away until it closes, because closing before
 * that could reset the connection and lose our last packet on the way. Who said that it leaves has
 * sent all, but for what TLS adds. */
//= v5/3.14.4-1 v5/3.14.4-2 v5/4.13.2-1 v5/3.2.2-7
void loop_linger(struct loop *loop, struct conn *conn) {
    if (conn->left && transport_tls(conn) == NULL) {
        loop_drop(loop, conn, NULL);
        return;
    }
    tell_closed(loop, conn, NULL);
    conn->state = CONN_LINGERING;
    log_flush(loop->log);
    transport_finish(conn, &loop->room);
    loop_update_interest(loop, conn);
}

/* The core is done with the connection. */
void loop_finish(struct loop *loop, struct conn *conn) {
    if (conn->state != CONN_OPEN)
        return;
    loop_end_pause(loop, conn);
    conn->state = CONN_FINISHING;
    login_forget(loop->login, conn->slot);
    conn_drop_input(conn);
    loop_add_waiting(loop, &loop->closing, conn, LOOP_CLOSE_MS);
    loop_mark_dirty(loop, conn); /* what it sends meanwhile is told and left unread */
    if (conn->out != NULL)
        loop_update_interest(loop, conn);
}

/* Slots whose connection is gone are free again, unless a list still has them. */
void loop_free_gone(struct loop *loop) {
    uint32_t slot = loop->gone_first;
    loop->gone_first = CONN_NONE;
    while (slot != CONN_NONE) {
        struct conn *conn = conn_table_get(&loop->conns, slot);
        slot = conn->closing_next;
        if (!conn->dirty) {
            conn_table_remove(&loop->conns, conn);
            continue;
        }
        conn->closing_next = loop->gone_first;
        loop->gone_first = conn->slot;
    }
}
