/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * From the sockets to the core.
 */
#include <string.h>

#include "broker/io/loop_state.h"

#define CAUTION_MAX 7u /* of conn->caution */

/* Gives the core all whole packets in [start, end), a packet beginning at start; returns the first
 * byte that it has no use for yet, and how many the packet there needs at least. A core that takes
 * nothing waits for a password to be checked, for its answers to be read, or is done with conn.
 * Between packets a decoder holds nothing but the version: so who is idle has none. */
static uint32_t step_packets(struct loop *loop, struct conn *conn, const uint8_t *buf,
                             uint32_t start, uint32_t end, uint32_t *needed) {
    const uint64_t *published = &core_stats(loop->core)->value[STAT_PUBLISH_RECEIVED];
    struct ella_decoder decoder;
    ella_decoder_init(&decoder, (enum ella_version)conn->version, ELLA_FROM_CLIENT,
                      conn->packet_size_max);
    for (;;) {
        const uint64_t before = *published;
        start = core_receive(loop->core, conn->slot, &decoder, buf, start, end, loop->now_ms);
        conn->version = decoder.version & 0xfu;
        *needed = decoder.needed;
        if (loop->config->max_client_message_rate != 0 && *published != before)
            loop_pay(loop, conn, 0, *published - before);
        if (core_accepts(loop->core, conn->slot))
            return start;
        loop_carry_out_effects(loop);
        if (conn->state != CONN_OPEN)
            return end;
        conn->held = !core_accepts(loop->core, conn->slot);
        if (conn->held)
            return start;
    }
}

/* Keeps [start, end) of the read buffer, as much as makes in wanted_bytes long. Returns the first
 * byte not kept. */
static uint32_t keep(struct loop *loop, struct conn *conn, uint32_t start, uint32_t end,
                     uint32_t wanted_bytes) {
    const uint32_t kept = conn_keep_input(conn, loop->read_buffer, start, end, wanted_bytes);
    if (kept > 0)
        return start + kept;
    loop_drop(loop, conn, "no memory for a packet");
    return end;
}

/* The bytes of conn->in before index used are done with, the packet behind them needs so many. */
static void use_kept(struct conn *conn, uint32_t used, uint32_t needed) {
    conn_use_input(conn, used);
    if (conn->in != NULL)
        conn->in->needed = needed;
}

/* Completes the packet in conn->in with bytes from [start, end) of the read buffer. Returns the
 * first byte not needed for it. */
static uint32_t complete_kept(struct loop *loop, struct conn *conn, uint32_t start, uint32_t end) {
    uint32_t needed = conn->in->needed;
    start = keep(loop, conn, start, end, needed);
    if (conn->state != CONN_OPEN || conn->in->end < needed)
        return start;
    const uint32_t used = step_packets(loop, conn, conn->in->bytes, 0, conn->in->end, &needed);
    if (conn->state == CONN_OPEN)
        use_kept(conn, used, needed);
    return start;
}

/* Whether the packet at start is larger than who has not logged in may send: conn is gone then. */
static bool is_oversized(struct loop *loop, struct conn *conn, uint32_t needed) {
    if (needed <= loop->config->max_connect_size_bytes)
        return false;
    loop->stats.oversized_count++;
    loop_drop(loop, conn, "a packet larger than max_connect_size before the login");
    return true;
}

/* Gives the core a step of [start, len) of the read buffer, or one packet if that is larger.
 * Keeps a packet that is not whole. Returns the first byte not dealt with. */
static uint32_t step_some(struct loop *loop, struct conn *conn, uint32_t start, uint32_t len) {
    const bool is_known = loop_has_logged_in(loop, conn);
    uint32_t step = LOOP_STEP_BYTES >> conn->caution;
    if (!is_known && loop->config->max_connect_size_bytes < step)
        step = loop->config->max_connect_size_bytes;
    const uint32_t end = len - start > step ? start + step : len;
    uint32_t needed = 0;
    uint32_t used = step_packets(loop, conn, loop->read_buffer, start, end, &needed);
    if (used > start || conn->state != CONN_OPEN || conn->held)
        return used;
    if (!is_known && is_oversized(loop, conn, needed))
        return len;
    if (end < len && needed <= len - start)
        used = step_packets(loop, conn, loop->read_buffer, start, start + needed, &needed);
    if (used > start || conn->state != CONN_OPEN || conn->held)
        return used;
    used = keep(loop, conn, start, len, needed);
    if (conn->state == CONN_OPEN)
        conn->in->needed = needed;
    return used;
}

/* One connection's turn, as the clock sees it. */
struct turn {
    uint64_t begin_us;
    uint64_t step_us; /* when the step began */
};

static struct turn begin_turn(void) {
    const uint64_t now_us = loop_now_us();
    return (struct turn){.begin_us = now_us, .step_us = now_us};
}

/* Whether others are to have their turn first: the rest waits as if the core took nothing. */
static bool yields(struct loop *loop, struct conn *conn, struct turn *turn) {
    if (conn->state != CONN_OPEN || conn->held)
        return false;
    const uint64_t now_us = loop_now_us();
    const uint64_t step_us = now_us - turn->step_us;
    turn->step_us = now_us;
    if (step_us > LOOP_STEP_LONG_US && conn->caution < CAUTION_MAX)
        conn->caution++;
    else if (step_us < LOOP_STEP_SHORT_US && conn->caution > 0)
        conn->caution--;
    if (now_us - turn->begin_us < LOOP_TURN_US)
        return false;
    conn->held = true;
    loop->stats.turns_ended++;
    loop_mark_dirty(loop, conn);
    return true;
}

/* All that came was given to the core: the end of TLS may have been behind it, and answers of TLS
 * itself may wait to be sent. */
static void after_reading(struct loop *loop, struct conn *conn) {
    if (transport_has_ended(conn))
        loop_mark_dirty(loop, conn); /* the answers go first */
    if (conn->out != NULL)
        loop_update_interest(loop, conn);
}

/* So much was fed that those who are to receive it have their turn. */
static void end_slice(struct loop *loop) {
    loop_write_dirty(loop);
    if (loop_now_ms() - loop->now_ms >= LOOP_ROUND_MS)
        loop->read_size = LOOP_READ_SHARE_LATE;
}

static void feed(struct loop *loop, struct conn *conn, uint32_t len) {
    const bool is_long = len > LOOP_STEP_BYTES >> conn->caution; /* else no need for the clock */
    struct turn turn = {.begin_us = 0};
    if (is_long)
        turn = begin_turn();
    uint32_t start = 0;
    while (start < len && conn->state == CONN_OPEN && !conn->held) {
        const uint32_t before = start;
        if (conn->in != NULL)
            start = complete_kept(loop, conn, start, len);
        else
            start = step_some(loop, conn, start, len);
        loop->fed_bytes += start - before;
        if (loop->fed_bytes >= LOOP_SLICE_BYTES)
            end_slice(loop);
        if (is_long && start < len && yields(loop, conn, &turn))
            break;
    }
    if (conn->state == CONN_OPEN && !conn->held)
        after_reading(loop, conn);
    if (conn->state != CONN_OPEN || !conn->held)
        return;
    if (start < len)
        (void)keep(loop, conn, start, len, (conn->in == NULL ? 0 : conn->in->end) + (len - start));
    if (conn->state == CONN_OPEN)
        loop_update_interest(loop, conn);
}

void loop_feed(struct loop *loop, struct conn *conn, uint32_t len) {
    const bool may_hold_password = conn->standing == CONN_UNKNOWN;
    feed(loop, conn, len);
    if (may_hold_password)
        explicit_bzero(loop->read_buffer, len);
}

/* What was kept, step by step; held again when its turn is over before that. */
static void feed_kept(struct loop *loop, struct conn *conn) {
    struct turn turn = begin_turn();
    const uint32_t end = conn->in->end;
    uint32_t needed = 0;
    uint32_t at = 0;
    while (at < end) {
        const uint32_t bytes = LOOP_STEP_BYTES >> conn->caution;
        const uint32_t step = end - at > bytes ? at + bytes : end;
        uint32_t used = step_packets(loop, conn, conn->in->bytes, at, step, &needed);
        if (conn->state != CONN_OPEN)
            return;
        if (used == at && !conn->held && step < end && needed <= end - at)
            used = step_packets(loop, conn, conn->in->bytes, at, at + needed, &needed);
        if (conn->state != CONN_OPEN)
            return;
        const bool is_stuck = used == at || conn->held;
        at = used;
        if (is_stuck)
            break;
        if (at < end && yields(loop, conn, &turn))
            break;
    }
    use_kept(conn, at, needed);
}

void loop_resume(struct loop *loop, struct conn *conn) {
    conn->held = false;
    if (conn->in != NULL)
        feed_kept(loop, conn);
    if (conn->state != CONN_OPEN)
        return;
    loop_update_interest(loop, conn);
    if (conn->state == CONN_OPEN && !conn->held)
        after_reading(loop, conn);
}

void loop_read_lingering(struct loop *loop, struct conn *conn) {
    const enum transport_result result =
        transport_discard(conn, loop->read_buffer, loop->read_size);
    if (result == TRANSPORT_CLOSED || result == TRANSPORT_FAILED)
        loop_drop(loop, conn, NULL);
}

void loop_read_open(struct loop *loop, struct conn *conn) {
    uint32_t got = 0;
    const char *why = NULL;
    loop->stats.read_calls++;
    switch (transport_read(conn, &loop->room, loop->read_buffer, loop->read_size, &got, &why)) {
    case TRANSPORT_BLOCKED:
        return;
    case TRANSPORT_CLOSED:
        loop_drop(loop, conn, LOOP_CLOSED_BY_CLIENT);
        return;
    case TRANSPORT_FAILED:
        loop_drop(loop, conn, why);
        return;
    case TRANSPORT_OK:
        break;
    }
    loop->stats.read_bytes += got;
    loop_feed(loop, conn, got);
    if (loop->config->max_client_byte_rate != 0 && conn->state == CONN_OPEN)
        loop_pay(loop, conn, got, 0);
}
