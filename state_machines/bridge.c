/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The dialling end of a bridge's connection, as a table; bridge.h tells its story.
 */
#include "state_machines/bridge.h"

static const struct bridge_transition transitions[BRIDGE_STATE_COUNT][BRIDGE_EVENT_COUNT] =
    {
        [BRIDGE_IDLE] =
            {
                [BRIDGE_ON_START] = {BRIDGE_DIALLING, BRIDGE_DO_DIAL},
                [BRIDGE_ON_START_PRIVATE] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_DIAL},
                [BRIDGE_ON_REST_QUIET] = {BRIDGE_IDLE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_DIALLED] = {BRIDGE_IDLE, BRIDGE_DO_CLOSE},
                [BRIDGE_ON_CONNACK_ACCEPTED] = {BRIDGE_IDLE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_VERSION_REFUSED] = {BRIDGE_IDLE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_REFUSED] = {BRIDGE_IDLE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_SUBSCRIBED] = {BRIDGE_IDLE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_TRAFFIC] = {BRIDGE_IDLE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_QUIET] = {BRIDGE_IDLE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED] = {BRIDGE_IDLE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED_ONCE] = {BRIDGE_IDLE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_STOP] = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE},
            },
        [BRIDGE_DIALLING_PRIVATE] =
            {
                [BRIDGE_ON_START] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_START_PRIVATE] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_REST_QUIET] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_IGNORE},
                //= v5/3.1.0-1 v3/3.1.0-1
                [BRIDGE_ON_DIALLED] = {BRIDGE_WAITING_PRIVATE, BRIDGE_DO_CONNECT_PRIVATE},
                [BRIDGE_ON_CONNACK_ACCEPTED] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_VERSION_REFUSED] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_REFUSED] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_SUBSCRIBED] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_TRAFFIC] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_QUIET] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_BACK_OFF},
                [BRIDGE_ON_FAILED_ONCE] = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE},
                [BRIDGE_ON_STOP] = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE},
            },
        [BRIDGE_DIALLING] =
            {
                [BRIDGE_ON_START] = {BRIDGE_DIALLING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_START_PRIVATE] = {BRIDGE_DIALLING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_REST_QUIET] = {BRIDGE_DIALLING, BRIDGE_DO_IGNORE},
                //= v5/3.1.0-1 v3/3.1.0-1
                [BRIDGE_ON_DIALLED] = {BRIDGE_WAITING, BRIDGE_DO_CONNECT},
                [BRIDGE_ON_CONNACK_ACCEPTED] = {BRIDGE_DIALLING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_VERSION_REFUSED] = {BRIDGE_DIALLING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_REFUSED] = {BRIDGE_DIALLING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_SUBSCRIBED] = {BRIDGE_DIALLING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_TRAFFIC] = {BRIDGE_DIALLING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_QUIET] = {BRIDGE_DIALLING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_BACK_OFF},
                [BRIDGE_ON_FAILED_ONCE] = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE},
                [BRIDGE_ON_STOP] = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE},
            },
        [BRIDGE_WAITING_PRIVATE] =
            {
                [BRIDGE_ON_START] = {BRIDGE_WAITING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_START_PRIVATE] = {BRIDGE_WAITING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_REST_QUIET] = {BRIDGE_WAITING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_DIALLED] = {BRIDGE_WAITING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_ACCEPTED] = {BRIDGE_SUBSCRIBING, BRIDGE_DO_SUBSCRIBE},
                [BRIDGE_ON_CONNACK_VERSION_REFUSED] = {BRIDGE_DIALLING, BRIDGE_DO_FALL_BACK},
                [BRIDGE_ON_CONNACK_REFUSED] = {BRIDGE_WAITING, BRIDGE_REFUSED},
                [BRIDGE_ON_SUBSCRIBED] = {BRIDGE_WAITING_PRIVATE, BRIDGE_DO_IGNORE},
                //= v5/3.2.0-1 v3/3.2.0-1
                [BRIDGE_ON_TRAFFIC] = {BRIDGE_WAITING_PRIVATE, BRIDGE_VIOLATION},
                [BRIDGE_ON_QUIET] = {BRIDGE_WAITING_PRIVATE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED] = {BRIDGE_DIALLING, BRIDGE_DO_FALL_BACK},
                [BRIDGE_ON_FAILED_ONCE] = {BRIDGE_DIALLING, BRIDGE_DO_FALL_BACK},
                [BRIDGE_ON_STOP] = {BRIDGE_STOPPED, BRIDGE_DO_HANG_UP},
            },
        [BRIDGE_WAITING] =
            {
                [BRIDGE_ON_START] = {BRIDGE_WAITING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_START_PRIVATE] = {BRIDGE_WAITING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_REST_QUIET] = {BRIDGE_WAITING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_DIALLED] = {BRIDGE_WAITING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_ACCEPTED] = {BRIDGE_SUBSCRIBING, BRIDGE_DO_SUBSCRIBE},
                [BRIDGE_ON_CONNACK_VERSION_REFUSED] = {BRIDGE_WAITING, BRIDGE_REFUSED},
                [BRIDGE_ON_CONNACK_REFUSED] = {BRIDGE_WAITING, BRIDGE_REFUSED},
                [BRIDGE_ON_SUBSCRIBED] = {BRIDGE_WAITING, BRIDGE_DO_IGNORE},
                //= v5/3.2.0-1 v3/3.2.0-1
                [BRIDGE_ON_TRAFFIC] = {BRIDGE_WAITING, BRIDGE_VIOLATION},
                [BRIDGE_ON_QUIET] = {BRIDGE_WAITING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_BACK_OFF},
                [BRIDGE_ON_FAILED_ONCE] = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE},
                [BRIDGE_ON_STOP] = {BRIDGE_STOPPED, BRIDGE_DO_HANG_UP},
            },
        [BRIDGE_SUBSCRIBING] =
            {
                [BRIDGE_ON_START] = {BRIDGE_SUBSCRIBING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_START_PRIVATE] = {BRIDGE_SUBSCRIBING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_REST_QUIET] = {BRIDGE_SUBSCRIBING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_DIALLED] = {BRIDGE_SUBSCRIBING, BRIDGE_DO_IGNORE},
                //= v5/3.2.0-2
                [BRIDGE_ON_CONNACK_ACCEPTED] = {BRIDGE_SUBSCRIBING, BRIDGE_VIOLATION},
                [BRIDGE_ON_CONNACK_VERSION_REFUSED] = {BRIDGE_SUBSCRIBING, BRIDGE_VIOLATION},
                [BRIDGE_ON_CONNACK_REFUSED] = {BRIDGE_SUBSCRIBING, BRIDGE_VIOLATION},
                [BRIDGE_ON_SUBSCRIBED] = {BRIDGE_ONLINE, BRIDGE_DO_GO_ONLINE},
                [BRIDGE_ON_TRAFFIC] = {BRIDGE_SUBSCRIBING, BRIDGE_DO_PROCESS},
                [BRIDGE_ON_QUIET] = {BRIDGE_SUBSCRIBING, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_BACK_OFF},
                [BRIDGE_ON_FAILED_ONCE] = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE},
                [BRIDGE_ON_STOP] = {BRIDGE_STOPPED, BRIDGE_DO_HANG_UP},
            },
        [BRIDGE_ONLINE] =
            {
                [BRIDGE_ON_START] = {BRIDGE_ONLINE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_START_PRIVATE] = {BRIDGE_ONLINE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_REST_QUIET] = {BRIDGE_ONLINE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_DIALLED] = {BRIDGE_ONLINE, BRIDGE_DO_IGNORE},
                //= v5/3.2.0-2
                [BRIDGE_ON_CONNACK_ACCEPTED] = {BRIDGE_ONLINE, BRIDGE_VIOLATION},
                [BRIDGE_ON_CONNACK_VERSION_REFUSED] = {BRIDGE_ONLINE, BRIDGE_VIOLATION},
                [BRIDGE_ON_CONNACK_REFUSED] = {BRIDGE_ONLINE, BRIDGE_VIOLATION},
                [BRIDGE_ON_SUBSCRIBED] = {BRIDGE_ONLINE, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_TRAFFIC] = {BRIDGE_ONLINE, BRIDGE_DO_PROCESS},
                //= v5/3.14.4-1 v5/3.14.4-2 v3/3.14.4-1 v3/3.14.4-2
                [BRIDGE_ON_QUIET] = {BRIDGE_IDLE, BRIDGE_DO_HANG_UP},
                [BRIDGE_ON_FAILED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_BACK_OFF},
                [BRIDGE_ON_FAILED_ONCE] = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE},
                [BRIDGE_ON_STOP] = {BRIDGE_STOPPED, BRIDGE_DO_HANG_UP},
            },
        [BRIDGE_BACKING_OFF] =
            {
                [BRIDGE_ON_START] = {BRIDGE_DIALLING, BRIDGE_DO_DIAL},
                [BRIDGE_ON_START_PRIVATE] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_DIAL},
                [BRIDGE_ON_REST_QUIET] = {BRIDGE_IDLE, BRIDGE_DO_REST},
                [BRIDGE_ON_DIALLED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_CLOSE},
                [BRIDGE_ON_CONNACK_ACCEPTED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_VERSION_REFUSED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_REFUSED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_SUBSCRIBED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_TRAFFIC] = {BRIDGE_BACKING_OFF, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_QUIET] = {BRIDGE_BACKING_OFF, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED] = {BRIDGE_BACKING_OFF, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED_ONCE] = {BRIDGE_BACKING_OFF, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_STOP] = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE},
            },
        [BRIDGE_STOPPED] =
            {
                [BRIDGE_ON_START] = {BRIDGE_DIALLING, BRIDGE_DO_DIAL},
                [BRIDGE_ON_START_PRIVATE] = {BRIDGE_DIALLING_PRIVATE, BRIDGE_DO_DIAL},
                [BRIDGE_ON_REST_QUIET] = {BRIDGE_STOPPED, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_DIALLED] = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE},
                [BRIDGE_ON_CONNACK_ACCEPTED] = {BRIDGE_STOPPED, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_VERSION_REFUSED] = {BRIDGE_STOPPED, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_CONNACK_REFUSED] = {BRIDGE_STOPPED, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_SUBSCRIBED] = {BRIDGE_STOPPED, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_TRAFFIC] = {BRIDGE_STOPPED, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_QUIET] = {BRIDGE_STOPPED, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED] = {BRIDGE_STOPPED, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_FAILED_ONCE] = {BRIDGE_STOPPED, BRIDGE_DO_IGNORE},
                [BRIDGE_ON_STOP] = {BRIDGE_STOPPED, BRIDGE_DO_IGNORE},
            },
};

static const char *const state_names[BRIDGE_STATE_COUNT] = {
    [BRIDGE_IDLE] = "idle",         [BRIDGE_DIALLING_PRIVATE] = "dialling, private",
    [BRIDGE_DIALLING] = "dialling", [BRIDGE_WAITING_PRIVATE] = "waiting, private",
    [BRIDGE_WAITING] = "waiting",   [BRIDGE_SUBSCRIBING] = "subscribing",
    [BRIDGE_ONLINE] = "online",     [BRIDGE_BACKING_OFF] = "backing off",
    [BRIDGE_STOPPED] = "stopped",
};

static const char *const event_names[BRIDGE_EVENT_COUNT] = {
    [BRIDGE_ON_START] = "start",
    [BRIDGE_ON_START_PRIVATE] = "start, private",
    [BRIDGE_ON_REST_QUIET] = "rest quiet",
    [BRIDGE_ON_DIALLED] = "dialled",
    [BRIDGE_ON_CONNACK_ACCEPTED] = "connack accepted",
    [BRIDGE_ON_CONNACK_VERSION_REFUSED] = "connack version refused",
    [BRIDGE_ON_CONNACK_REFUSED] = "connack refused",
    [BRIDGE_ON_SUBSCRIBED] = "subscribed",
    [BRIDGE_ON_TRAFFIC] = "traffic",
    [BRIDGE_ON_QUIET] = "quiet",
    [BRIDGE_ON_FAILED] = "failed",
    [BRIDGE_ON_FAILED_ONCE] = "failed, once",
    [BRIDGE_ON_STOP] = "stop",
};

static const char *const action_names[BRIDGE_ACTION_COUNT] = {
    [BRIDGE_DO_IGNORE] = "ignore",
    [BRIDGE_DO_DIAL] = "dial",
    [BRIDGE_DO_CONNECT_PRIVATE] = "connect, private",
    [BRIDGE_DO_CONNECT] = "connect",
    [BRIDGE_DO_SUBSCRIBE] = "subscribe",
    [BRIDGE_DO_GO_ONLINE] = "go online",
    [BRIDGE_DO_PROCESS] = "process",
    [BRIDGE_DO_FALL_BACK] = "fall back",
    [BRIDGE_DO_BACK_OFF] = "back off",
    [BRIDGE_DO_REST] = "rest",
    [BRIDGE_DO_CLOSE] = "close",
    [BRIDGE_DO_HANG_UP] = "hang up",
    [BRIDGE_REFUSED] = "refused",
    [BRIDGE_VIOLATION] = "violation",
};

struct bridge_transition bridge_step(enum bridge_state state, enum bridge_event event) {
    const struct bridge_transition outside = {BRIDGE_STOPPED, BRIDGE_DO_CLOSE};
    if ((unsigned)state >= BRIDGE_STATE_COUNT || (unsigned)event >= BRIDGE_EVENT_COUNT) {
        return outside;
    }
    return transitions[state][event];
}

enum bridge_event bridge_start_event(bool try_private, bool private_refused) {
    return try_private && !private_refused ? BRIDGE_ON_START_PRIVATE : BRIDGE_ON_START;
}

enum bridge_event bridge_rested_event(enum bridge_start_type type, bool wanted, bool try_private,
                                      bool private_refused) {
    if (type == BRIDGE_LAZY && !wanted) {
        return BRIDGE_ON_REST_QUIET;
    }
    return bridge_start_event(try_private, private_refused);
}

enum bridge_event bridge_failed_event(enum bridge_start_type type) {
    return type == BRIDGE_ONCE ? BRIDGE_ON_FAILED_ONCE : BRIDGE_ON_FAILED;
}

const char *bridge_state_name(enum bridge_state state) {
    return (unsigned)state < BRIDGE_STATE_COUNT ? state_names[state] : "?";
}

const char *bridge_event_name(enum bridge_event event) {
    return (unsigned)event < BRIDGE_EVENT_COUNT ? event_names[event] : "?";
}

const char *bridge_action_name(enum bridge_action action) {
    return (unsigned)action < BRIDGE_ACTION_COUNT ? action_names[action] : "?";
}
