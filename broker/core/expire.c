/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Everything that time does: connect timeout, keep alive, will delay, session expiry, message
 * expiry of what is retained, $SYS. It knows no clock.
 *
 * A packet does not touch the heap: it only notes when it came. The keep alive timer fires at the
 * earliest moment it could be due, looks at the note, and is set again.
 */
#include "broker/core/core_state.h"
#include "state_machines/keepalive.h"

#define OWNER_OF(timer_pointer, type)                                                             \
    ((type *)(void *)((char *)(timer_pointer)-offsetof(type, timer)))

static void expire_connection(struct core *core, struct connection *c) {
    /* A client that is made to wait for the journal is not heard meanwhile. */
    const uint64_t heard_ms =
        c->stalled || connection_is_held(core, c) ? core->now_ms : c->last_packet_ms;
    const uint64_t deadline_ms = c->keepalive_state == KEEPALIVE_CONNECTING
                                     ? core->now_ms
                                     : keepalive_deadline_ms(heard_ms, c->keep_alive_s);
    const struct keepalive_transition step =
        keepalive_step(c->keepalive_state, keepalive_time_event(core->now_ms, deadline_ms));
    const bool connecting = c->keepalive_state == KEEPALIVE_CONNECTING;

    c->keepalive_state = (uint8_t)step.next & 0x7fu;
    if (step.action != KEEPALIVE_DO_EXPIRE) {
        /* The heap had room for it a moment ago. */
        if (!timer_set(&core->timers, &c->timer, deadline_ms))
            c->failed = 1u;
        return;
    }
    //= v5/3.1.2-22 v3/3.1.2-24 v5/u-3.1.4-1 v3/u-3.1.4-1
    close_connection(core, c, CONNECTION_ON_TIMEOUT,
                     connecting ? ELLA_REASON_SERVER_BUSY : ELLA_REASON_KEEP_ALIVE_TIMEOUT,
                     ELLA_ERROR_NONE,
                     connecting ? "no acceptable CONNECT in time" : "keep alive timeout");
}

static void expire_session(struct core *core, struct session *session) {
    //= v5/4.1.0-2 v5/3.1.2-8 v5/u-3.1.2.5-1
    if (session->expires_ms <= core->now_ms)
        (void)close_session(core, session, SESSION_ON_EXPIRED);
    else
        (void)close_session(core, session, SESSION_ON_WILL_DUE);
}

void expire_schedule_clock(struct core *core) {
    /* Without memory the time is told with the next record that has one. */
    (void)timer_set(&core->timers, &core->clock_timer, core->now_ms + STORE_TIME_MS);
}

void expire_due(struct core *core) {
    struct timer *timer;

    while ((timer = timer_take_due(&core->timers, core->now_ms)) != NULL) {
        switch ((enum timer_kind)timer->kind) {
        case TIMER_CONNECTION:
            expire_connection(core, OWNER_OF(timer, struct connection));
            break;
        case TIMER_SESSION:
            expire_session(core, OWNER_OF(timer, struct session));
            break;
        case TIMER_RETAINED:
            retain_expire(core->retain, timer);
            break;
        case TIMER_SYS:
            sys_publish(core);
            sys_schedule(core);
            break;
        case TIMER_CLOCK:
            store_time(core);
            if (core->stored_count > 0u)
                expire_schedule_clock(core);
            break;
        }
    }
}

bool expire_begin_connect(struct core *core, struct connection *connection) {
    const uint64_t due_ms =
        keepalive_connect_deadline_ms(core->now_ms, core->limits.connect_timeout_ms);

    connection->keepalive_state = KEEPALIVE_CONNECTING;
    connection->last_packet_ms = core->now_ms;
    return due_ms == KEEPALIVE_NEVER_MS || timer_set(&core->timers, &connection->timer, due_ms);
}

void expire_begin_keepalive(struct core *core, struct connection *connection) {
    struct connection *c = connection;
    const struct keepalive_transition step =
        keepalive_step(c->keepalive_state, keepalive_accepted_event(c->keep_alive_s));

    c->keepalive_state = (uint8_t)step.next & 0x7fu;
    c->last_packet_ms = core->now_ms;
    if (step.action == KEEPALIVE_DO_STOP)
        timer_cancel(&core->timers, &c->timer);
    else if (!timer_set(&core->timers, &c->timer,
                        keepalive_deadline_ms(core->now_ms, c->keep_alive_s)))
        c->failed = 1u;
}
