/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Connect timeout and keep alive, as a table and sums that cannot overflow; keepalive.h tells
 * their story.
 */
#include "state_machines/keepalive.h"

#define MS_PER_S 1000u
#define SILENCE_MS_PER_S 1500u /* one and a half times the keep alive */

static const struct keepalive_transition
    transitions[KEEPALIVE_STATE_COUNT][KEEPALIVE_EVENT_COUNT] = {
        [KEEPALIVE_CONNECTING] =
            {
                [KEEPALIVE_ON_ACCEPTED] = {KEEPALIVE_RUNNING, KEEPALIVE_DO_RESTART},
                [KEEPALIVE_ON_ACCEPTED_OFF] = {KEEPALIVE_OFF, KEEPALIVE_DO_STOP},
                [KEEPALIVE_ON_PACKET] = {KEEPALIVE_CONNECTING, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_TIME_EARLY] = {KEEPALIVE_CONNECTING, KEEPALIVE_DO_IGNORE},
                //= v5/u-3.1.4-1 v3/u-3.1.4-1
                [KEEPALIVE_ON_TIME_DUE] = {KEEPALIVE_EXPIRED, KEEPALIVE_DO_EXPIRE},
            },
        [KEEPALIVE_RUNNING] =
            {
                [KEEPALIVE_ON_ACCEPTED] = {KEEPALIVE_RUNNING, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_ACCEPTED_OFF] = {KEEPALIVE_RUNNING, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_PACKET] = {KEEPALIVE_RUNNING, KEEPALIVE_DO_RESTART},
                [KEEPALIVE_ON_TIME_EARLY] = {KEEPALIVE_RUNNING, KEEPALIVE_DO_IGNORE},
                //= v5/3.1.2-22 v3/3.1.2-24
                [KEEPALIVE_ON_TIME_DUE] = {KEEPALIVE_EXPIRED, KEEPALIVE_DO_EXPIRE},
            },
        [KEEPALIVE_OFF] =
            {
                [KEEPALIVE_ON_ACCEPTED] = {KEEPALIVE_OFF, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_ACCEPTED_OFF] = {KEEPALIVE_OFF, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_PACKET] = {KEEPALIVE_OFF, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_TIME_EARLY] = {KEEPALIVE_OFF, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_TIME_DUE] = {KEEPALIVE_OFF, KEEPALIVE_DO_IGNORE},
            },
        [KEEPALIVE_EXPIRED] =
            {
                [KEEPALIVE_ON_ACCEPTED] = {KEEPALIVE_EXPIRED, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_ACCEPTED_OFF] = {KEEPALIVE_EXPIRED, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_PACKET] = {KEEPALIVE_EXPIRED, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_TIME_EARLY] = {KEEPALIVE_EXPIRED, KEEPALIVE_DO_IGNORE},
                [KEEPALIVE_ON_TIME_DUE] = {KEEPALIVE_EXPIRED, KEEPALIVE_DO_IGNORE},
            },
};

static const char *const state_names[KEEPALIVE_STATE_COUNT] = {
    [KEEPALIVE_CONNECTING] = "connecting",
    [KEEPALIVE_RUNNING] = "running",
    [KEEPALIVE_OFF] = "off",
    [KEEPALIVE_EXPIRED] = "expired",
};

static const char *const event_names[KEEPALIVE_EVENT_COUNT] = {
    [KEEPALIVE_ON_ACCEPTED] = "accepted",  [KEEPALIVE_ON_ACCEPTED_OFF] = "accepted, keep alive 0",
    [KEEPALIVE_ON_PACKET] = "packet",      [KEEPALIVE_ON_TIME_EARLY] = "time, early",
    [KEEPALIVE_ON_TIME_DUE] = "time, due",
};

static const char *const action_names[KEEPALIVE_ACTION_COUNT] = {
    [KEEPALIVE_DO_IGNORE] = "ignore",
    [KEEPALIVE_DO_RESTART] = "restart",
    [KEEPALIVE_DO_STOP] = "stop",
    [KEEPALIVE_DO_EXPIRE] = "expire",
};

struct keepalive_transition keepalive_step(enum keepalive_state state,
                                           enum keepalive_event event) {
    const struct keepalive_transition outside = {KEEPALIVE_EXPIRED, KEEPALIVE_DO_IGNORE};
    if ((unsigned)state >= KEEPALIVE_STATE_COUNT || (unsigned)event >= KEEPALIVE_EVENT_COUNT) {
        return outside;
    }
    return transitions[state][event];
}

/*@ assigns \nothing;
  ensures sum: \result == \min(from_ms + interval_ms, KEEPALIVE_NEVER_MS);
*/
static uint64_t sum_ms(uint64_t from_ms, uint64_t interval_ms) {
    return from_ms > KEEPALIVE_NEVER_MS - interval_ms ? KEEPALIVE_NEVER_MS : from_ms + interval_ms;
}

enum keepalive_event keepalive_accepted_event(uint16_t keep_alive_s) {
    return keep_alive_s == 0u ? KEEPALIVE_ON_ACCEPTED_OFF : KEEPALIVE_ON_ACCEPTED;
}

enum keepalive_event keepalive_time_event(uint64_t now_ms, uint64_t deadline_ms) {
    if (deadline_ms == KEEPALIVE_NEVER_MS || now_ms < deadline_ms) {
        return KEEPALIVE_ON_TIME_EARLY;
    }
    return KEEPALIVE_ON_TIME_DUE;
}

uint64_t keepalive_connect_deadline_ms(uint64_t opened_ms, uint32_t timeout_ms) {
    return timeout_ms == 0u ? KEEPALIVE_NEVER_MS : sum_ms(opened_ms, timeout_ms);
}

uint64_t keepalive_deadline_ms(uint64_t last_packet_ms, uint16_t keep_alive_s) {
    if (keep_alive_s == 0u) {
        return KEEPALIVE_NEVER_MS;
    }
    //= v5/3.1.2-22 v3/3.1.2-24
    return sum_ms(last_packet_ms, (uint64_t)keep_alive_s * SILENCE_MS_PER_S);
}

uint64_t keepalive_ping_due_ms(uint64_t last_sent_ms, uint16_t keep_alive_s) {
    if (keep_alive_s == 0u) {
        return KEEPALIVE_NEVER_MS;
    }
    //= v3/3.1.2-23
    return sum_ms(last_sent_ms, (uint64_t)keep_alive_s * MS_PER_S);
}

const char *keepalive_state_name(enum keepalive_state state) {
    return (unsigned)state < KEEPALIVE_STATE_COUNT ? state_names[state] : "?";
}

const char *keepalive_event_name(enum keepalive_event event) {
    return (unsigned)event < KEEPALIVE_EVENT_COUNT ? event_names[event] : "?";
}

const char *keepalive_action_name(enum keepalive_action action) {
    return (unsigned)action < KEEPALIVE_ACTION_COUNT ? action_names[action] : "?";
}
