/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The event loop; see loop.h. loop_round() near the end is what it is all about; above it are its
 * steps in order.
 *
 * Invariants
 *   - The core's effects are carried out before the loop waits again, and before bytes that the
 *     core did not accept are offered again.
 *   - A connection is watched for reading unless the core takes nothing of it, and for writing
 *     only after its socket refused bytes. So the poller tells of nothing that the round
 *     does not act on, and an idle broker does not spin.
 *   - What a round has to say in the log is written before any client can see what it is about:
 *     before bytes are sent, before a connection is closed, before the round ends.
 *   - A slot is given back at the end of a round only, so that no event of the same round can be
 *     taken for one of the slot's next owner.
 */
#include "broker/io/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broker/io/loop_state.h"

/* After a failure of the poller itself, so that it can't make us spin. */
#define POLLER_FAILED_REST_NS 10000000L

uint64_t loop_now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t loop_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* ---- One round ---- */

static void take_event(struct loop *loop, const struct poller_event *event) {
    if (event->token == TOKEN_WAKE) {
        loop->woken = true;
        return;
    }
    if (event->token == TOKEN_STORAGE)
        return; /* loop_store_first() has looked */
    if (event->token == TOKEN_LOGIN) {
        loop_finish_logins(loop);
        return;
    }
    if (event->token >= TOKEN_LISTENER) {
        loop_accept(loop, event->token - TOKEN_LISTENER);
        return;
    }
    struct conn *conn = conn_table_get(&loop->conns, event->token);
    if (event->writable && conn->out != NULL)
        loop_write_kept(loop, conn);
    if (conn->paused && event->hung_up)
        loop_end_pause(loop, conn); /* what it sent last is all that will come */
    if (conn->state == CONN_OPEN && event->hung_up && login_awaits(loop->login, conn->slot))
        loop_drop(loop, conn, LOOP_CLOSED_BY_CLIENT); /* nobody waits for the answer any more */
    else if (conn->state == CONN_OPEN && conn->held && event->hung_up)
        loop_mark_dirty(loop, conn); /* answers that nobody takes hold it no longer */
    else if (conn->state == CONN_OPEN && event->readable && !conn->held && !conn->paused)
        loop_read_open(loop, conn);
    else if (conn->state == CONN_GREETING && event->readable)
        loop_read_greeting(loop, conn);
    else if (conn->state == CONN_LINGERING && event->readable)
        loop_read_lingering(loop, conn);
    else if (conn->state == CONN_FINISHING && event->hung_up)
        loop_drop(loop, conn, NULL);
}

static void time_passes(struct loop *loop) {
    if (core_deadline_ms(loop->core) <= loop->now_ms) {
        const struct core_event event = {
            .type = CORE_TIME, .now_ms = loop->now_ms, .wall_ms = storage_wall_ms()};
        (void)core_step(loop->core, &event);
    }
    while (loop->closing.first != CONN_NONE) {
        struct conn *conn = conn_table_get(&loop->conns, loop->closing.first);
        if (conn->deadline_ms > loop->now_ms)
            break;
        loop_drop(loop, conn, "the client did not take the last bytes in time");
    }
    loop_continue_greetings(loop);
    loop_end_late_greetings(loop);
    loop_end_pauses(loop);
    if (loop->has_paused)
        loop_resume_listening(loop);
    loop_recheck(loop);
    loop_publish_storage(loop);
    if (loop->now_ms - loop->expiry_said_ms >= LOOP_EXPIRY_CHECK_MS)
        loop_say_expiry(loop);
}

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int timeout_ms(struct loop *loop, uint32_t wait_max_ms) {
    if (loop->dirty.first != CONN_NONE || loop->shaking.first != CONN_NONE ||
        loop->recheck_slot != CONN_NONE)
        return 0;
    const uint64_t now_ms = loop_now_ms();
    uint64_t due_ms = now_ms + (wait_max_ms < LOOP_WAIT_MAX_MS ? wait_max_ms : LOOP_WAIT_MAX_MS);
    due_ms = earlier(due_ms, core_deadline_ms(loop->core));
    due_ms = earlier(due_ms, loop_storage_deadline_ms(loop));
    if (loop->closing.first != CONN_NONE)
        due_ms = earlier(due_ms, conn_table_get(&loop->conns, loop->closing.first)->deadline_ms);
    if (loop->paused.first != CONN_NONE)
        due_ms =
            earlier(due_ms, conn_table_get(&loop->conns, loop->paused.first)->more->resume_ms);
    if (loop->greeting.first != CONN_NONE)
        due_ms = earlier(due_ms, conn_table_get(&loop->conns, loop->greeting.first)->deadline_ms);
    for (uint32_t i = 0; loop->has_paused && i < loop->listeners->socket_count; i++) {
        if (loop->listeners->sockets[i].paused)
            due_ms = earlier(due_ms, loop->listeners->sockets[i].resume_ms);
    }
    return due_ms <= now_ms ? 0 : (int)(due_ms - now_ms);
}

static int wait_for_events(struct loop *loop, uint32_t wait_max_ms) {
    const int count =
        poller_wait(loop->poller, timeout_ms(loop, wait_max_ms), loop->events, LOOP_EVENTS_MAX);
    if (count < 0) {
        log_limited(loop->log, LOG_FLOOD_SYSTEM, LOG_TYPE_ERROR, "waiting failed: %s",
                    strerror(errno));
        const struct timespec rest = {.tv_nsec = POLLER_FAILED_REST_NS};
        nanosleep(&rest, NULL);
    }
    return count;
}

static uint32_t read_share(int event_count) {
    const uint32_t share = LOOP_READ_SIZE / (event_count > 1 ? (uint32_t)event_count : 1u);
    return share < LOOP_READ_SHARE ? LOOP_READ_SHARE : share;
}

bool loop_round(struct loop *loop, uint32_t wait_max_ms) {
    const int event_count = wait_for_events(loop, wait_max_ms);
    log_gather(loop->log);
    loop->read_size = read_share(event_count);
    loop->now_ms = loop_now_ms();
    loop->woken = false;
    loop->handshake_us = 0;
    loop->stats.rounds++;
    loop_store_first(loop, event_count);
    for (int i = 0; i < event_count; i++)
        take_event(loop, &loop->events[i]);
    time_passes(loop);
    loop_write_dirty(loop);
    loop_store(loop);
    /* What writing brought about (a reset, a last byte sent) is written in the next round. */
    loop_carry_out_effects(loop);
    loop_free_gone(loop);
    log_gather_no_more(loop->log);
    return loop->woken;
}

/* ---- Life ---- */

struct loop *loop_create(const struct loop_options *options) {
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    loop->poller = options->poller;
    loop->listeners = options->listeners;
    loop->log = options->log;
    loop->audit = options->audit;
    loop->storage = options->storage;
    loop->config = options->config;
    loop_secure(loop, options->security);
    memcpy(loop->wake_fds, options->wake_fds, sizeof loop->wake_fds);
    loop->dirty = (struct conn_list){CONN_NONE, CONN_NONE, 0};
    loop->closing = (struct conn_list){CONN_NONE, CONN_NONE, 0};
    loop->greeting = (struct conn_list){CONN_NONE, CONN_NONE, 0};
    loop->shaking = (struct conn_list){CONN_NONE, CONN_NONE, 0};
    loop->paused = (struct conn_list){CONN_NONE, CONN_NONE, 0};
    gate_init(&loop->gate, options->seed);
    loop->recheck_slot = CONN_NONE;
    loop->gone_first = CONN_NONE;
    loop->now_ms = loop_now_ms();
    conn_table_init(&loop->conns);
    loop->read_buffer = malloc(LOOP_READ_SIZE + TRANSPORT_READ_SLACK);
    loop->write_buffer =
        malloc(poller_sends_together(loop->poller) ? LOOP_GATHER_SIZE : LOOP_WRITE_SIZE);
    if (loop->read_buffer != NULL && loop->write_buffer != NULL &&
        loop_create_core(loop, options->seed) && loop_create_login(loop) && loop_recover(loop) &&
        loop_listen(loop)) {
        loop_say_expiry(loop);
        return loop;
    }
    log_say(loop->log, LOG_TYPE_ERROR, "can't start: %s", strerror(errno));
    loop_destroy(loop);
    return NULL;
}

void loop_secure(struct loop *loop, const struct security_set *security) {
    loop->security = security;
    for (uint32_t i = 0; i < loop->listeners->listener_count; i++)
        loop->listeners->listeners[i].security = security_of(security, i);
}

bool loop_configure(struct loop *loop, const struct config *config) {
    struct core_limits limits = config->limits;
    limits.asks_policy = security_has_acl(loop->security);
    loop->now_ms = loop_now_ms();
    const struct core_event event = {
        .type = CORE_CONFIG, .now_ms = loop->now_ms, .limits = &limits};
    if (core_step(loop->core, &event) != CORE_OK)
        return false;
    loop->config = config;
    listener_set_configure(loop->listeners, config);
    login_configure(loop->login, &config->login);
    loop->recheck_slot = 0;
    return true;
}

void loop_ask_snapshot(struct loop *loop) {
    if (loop->storage != NULL)
        journal_ask_snapshot(storage_persistence(loop->storage)->journal);
}

void loop_shutdown(struct loop *loop) {
    loop_stop_listening(loop);
    loop->now_ms = loop_now_ms();
    const uint64_t end_ms = loop->now_ms + LOOP_SHUTDOWN_MS;
    const struct core_event event = {.type = CORE_SHUTDOWN, .now_ms = loop->now_ms};
    (void)core_step(loop->core, &event);
    loop_write_dirty(loop);
    /* A second signal does not matter any more: nothing wakes the loop but its connections. */
    for (int i = 0; i < LOOP_WAKE_FDS; i++) {
        if (loop->wake_fds[i] >= 0)
            (void)poller_watch(loop->poller, loop->wake_fds[i], TOKEN_WAKE, POLLER_READ,
                               POLLER_UNWATCHED);
        loop->wake_fds[i] = -1;
    }
    while (loop->conns.open_count > 0 && loop->now_ms < end_ms)
        (void)loop_round(loop, (uint32_t)(end_ms - loop->now_ms));
    loop_end_storage(loop);
}

void loop_destroy(struct loop *loop) {
    if (loop == NULL)
        return;
    if (loop->core != NULL)
        core_destroy(loop->core);
    slabs_free(&loop->slabs);
    for (uint32_t slot = 0; slot < conn_table_slot_count(&loop->conns); slot++) {
        struct conn *conn = conn_table_get(&loop->conns, slot);
        if (conn->state == CONN_FREE || conn->state == CONN_GONE)
            continue;
        close(conn->fd);
        conn_drop_input(conn);
        conn_drop_output(conn);
        transport_free(conn);
    }
    gate_free(&loop->gate);
    transport_room_free(&loop->room);
    login_destroy(loop->login);
    conn_table_free(&loop->conns);
    free(loop->read_buffer);
    free(loop->write_buffer);
    free(loop);
}

const struct login_stats *loop_login_stats(const struct loop *loop) {
    return login_stats(loop->login);
}

const struct loop_stats *loop_stats(const struct loop *loop) {
    return &loop->stats;
}

uint32_t loop_connection_count(const struct loop *loop) {
    return loop->conns.open_count;
}

const struct core *loop_core(const struct loop *loop) {
    return loop->core;
}
