/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Enhanced authentication of MQTT 5.0, as a table; auth.h tells its story.
 */
#include "state_machines/auth.h"

static const struct auth_transition transitions[AUTH_STATE_COUNT][AUTH_EVENT_COUNT] =
    {
        [AUTH_IDLE] =
            {
                [AUTH_ON_CONNECT] = {AUTH_VERIFYING, AUTH_DO_VERIFY},
                //= v5/4.12.0-1
                [AUTH_ON_CONNECT_UNSUPPORTED] = {AUTH_FAILED, AUTH_DO_FAIL_METHOD},
                //= v5/4.12.0-6 v5/4.12.0-7 v5/u-3.15-1
                [AUTH_ON_CONTINUE] = {AUTH_FAILED, AUTH_VIOLATION},
                [AUTH_ON_REAUTHENTICATE] = {AUTH_FAILED, AUTH_VIOLATION},
                [AUTH_ON_WRONG] = {AUTH_FAILED, AUTH_VIOLATION},
                [AUTH_ON_VERIFIER_ACCEPTS] = {AUTH_IDLE, AUTH_DO_IGNORE},
                [AUTH_ON_VERIFIER_CHALLENGES] = {AUTH_IDLE, AUTH_DO_IGNORE},
                [AUTH_ON_VERIFIER_REFUSES] = {AUTH_IDLE, AUTH_DO_IGNORE},
                [AUTH_ON_TIMEOUT] = {AUTH_IDLE, AUTH_DO_IGNORE},
                [AUTH_ON_END] = {AUTH_FAILED, AUTH_DO_IGNORE},
            },
        [AUTH_VERIFYING] =
            {
                [AUTH_ON_CONNECT] = {AUTH_FAILED, AUTH_VIOLATION_CANCEL},
                [AUTH_ON_CONNECT_UNSUPPORTED] = {AUTH_FAILED, AUTH_VIOLATION_CANCEL},
                [AUTH_ON_CONTINUE] = {AUTH_FAILED, AUTH_VIOLATION_CANCEL},
                [AUTH_ON_REAUTHENTICATE] = {AUTH_FAILED, AUTH_VIOLATION_CANCEL},
                //= v5/u-3.15-1 v5/u-3.15.2.2.2-1 v5/3.15.2-1 v5/4.12.0-5
                [AUTH_ON_WRONG] = {AUTH_FAILED, AUTH_VIOLATION_CANCEL},
                [AUTH_ON_VERIFIER_ACCEPTS] = {AUTH_SUCCEEDED, AUTH_DO_SUCCEED},
                //= v5/4.12.0-2
                [AUTH_ON_VERIFIER_CHALLENGES] = {AUTH_CHALLENGED, AUTH_DO_CHALLENGE},
                //= v5/4.12.0-4 v5/4.12.1-2
                [AUTH_ON_VERIFIER_REFUSES] = {AUTH_FAILED, AUTH_DO_FAIL},
                [AUTH_ON_TIMEOUT] = {AUTH_FAILED, AUTH_DO_FAIL_CANCEL},
                [AUTH_ON_END] = {AUTH_FAILED, AUTH_DO_CANCEL},
            },
        [AUTH_CHALLENGED] =
            {
                [AUTH_ON_CONNECT] = {AUTH_FAILED, AUTH_VIOLATION},
                [AUTH_ON_CONNECT_UNSUPPORTED] = {AUTH_FAILED, AUTH_VIOLATION},
                //= v5/4.12.0-3
                [AUTH_ON_CONTINUE] = {AUTH_VERIFYING, AUTH_DO_VERIFY},
                //= v5/4.12.0-3
                [AUTH_ON_REAUTHENTICATE] = {AUTH_FAILED, AUTH_VIOLATION},
                //= v5/u-3.15-1 v5/u-3.15.2.2.2-1 v5/3.15.2-1 v5/4.12.0-5
                [AUTH_ON_WRONG] = {AUTH_FAILED, AUTH_VIOLATION},
                [AUTH_ON_VERIFIER_ACCEPTS] = {AUTH_CHALLENGED, AUTH_DO_IGNORE},
                [AUTH_ON_VERIFIER_CHALLENGES] = {AUTH_CHALLENGED, AUTH_DO_IGNORE},
                [AUTH_ON_VERIFIER_REFUSES] = {AUTH_CHALLENGED, AUTH_DO_IGNORE},
                //= v5/4.12.0-4 v5/4.12.1-2
                [AUTH_ON_TIMEOUT] = {AUTH_FAILED, AUTH_DO_FAIL},
                [AUTH_ON_END] = {AUTH_FAILED, AUTH_DO_IGNORE},
            },
        [AUTH_SUCCEEDED] =
            {
                [AUTH_ON_CONNECT] = {AUTH_FAILED, AUTH_VIOLATION},
                [AUTH_ON_CONNECT_UNSUPPORTED] = {AUTH_FAILED, AUTH_VIOLATION},
                //= v5/4.12.1-1
                [AUTH_ON_CONTINUE] = {AUTH_FAILED, AUTH_VIOLATION},
                //= v5/4.12.1-1
                [AUTH_ON_REAUTHENTICATE] = {AUTH_VERIFYING, AUTH_DO_VERIFY},
                //= v5/u-3.15-1 v5/u-3.15.2.2.2-1 v5/3.15.2-1 v5/4.12.1-1
                [AUTH_ON_WRONG] = {AUTH_FAILED, AUTH_VIOLATION},
                [AUTH_ON_VERIFIER_ACCEPTS] = {AUTH_SUCCEEDED, AUTH_DO_IGNORE},
                [AUTH_ON_VERIFIER_CHALLENGES] = {AUTH_SUCCEEDED, AUTH_DO_IGNORE},
                [AUTH_ON_VERIFIER_REFUSES] = {AUTH_SUCCEEDED, AUTH_DO_IGNORE},
                [AUTH_ON_TIMEOUT] = {AUTH_SUCCEEDED, AUTH_DO_IGNORE},
                [AUTH_ON_END] = {AUTH_FAILED, AUTH_DO_IGNORE},
            },
        [AUTH_FAILED] =
            {
                [AUTH_ON_CONNECT] = {AUTH_FAILED, AUTH_DO_IGNORE},
                [AUTH_ON_CONNECT_UNSUPPORTED] = {AUTH_FAILED, AUTH_DO_IGNORE},
                [AUTH_ON_CONTINUE] = {AUTH_FAILED, AUTH_DO_IGNORE},
                [AUTH_ON_REAUTHENTICATE] = {AUTH_FAILED, AUTH_DO_IGNORE},
                [AUTH_ON_WRONG] = {AUTH_FAILED, AUTH_DO_IGNORE},
                [AUTH_ON_VERIFIER_ACCEPTS] = {AUTH_FAILED, AUTH_DO_IGNORE},
                [AUTH_ON_VERIFIER_CHALLENGES] = {AUTH_FAILED, AUTH_DO_IGNORE},
                [AUTH_ON_VERIFIER_REFUSES] = {AUTH_FAILED, AUTH_DO_IGNORE},
                [AUTH_ON_TIMEOUT] = {AUTH_FAILED, AUTH_DO_IGNORE},
                [AUTH_ON_END] = {AUTH_FAILED, AUTH_DO_IGNORE},
            },
};

static const char *const state_names[AUTH_STATE_COUNT] = {
    [AUTH_IDLE] = "idle",
    [AUTH_VERIFYING] = "verifying",
    [AUTH_CHALLENGED] = "challenged",
    [AUTH_SUCCEEDED] = "succeeded",
    [AUTH_FAILED] = "failed",
};

static const char *const event_names[AUTH_EVENT_COUNT] = {
    [AUTH_ON_CONNECT] = "connect",
    [AUTH_ON_CONNECT_UNSUPPORTED] = "connect unsupported",
    [AUTH_ON_CONTINUE] = "continue",
    [AUTH_ON_REAUTHENTICATE] = "reauthenticate",
    [AUTH_ON_WRONG] = "wrong",
    [AUTH_ON_VERIFIER_ACCEPTS] = "verifier accepts",
    [AUTH_ON_VERIFIER_CHALLENGES] = "verifier challenges",
    [AUTH_ON_VERIFIER_REFUSES] = "verifier refuses",
    [AUTH_ON_TIMEOUT] = "timeout",
    [AUTH_ON_END] = "end",
};

static const char *const action_names[AUTH_ACTION_COUNT] = {
    [AUTH_DO_IGNORE] = "ignore",
    [AUTH_DO_VERIFY] = "verify",
    [AUTH_DO_CHALLENGE] = "challenge",
    [AUTH_DO_SUCCEED] = "succeed",
    [AUTH_DO_FAIL] = "fail",
    [AUTH_DO_FAIL_METHOD] = "fail, bad method",
    [AUTH_DO_FAIL_CANCEL] = "fail, cancel",
    [AUTH_DO_CANCEL] = "cancel",
    [AUTH_VIOLATION] = "violation",
    [AUTH_VIOLATION_CANCEL] = "violation, cancel",
};

struct auth_transition auth_step(enum auth_state state, enum auth_event event) {
    const struct auth_transition outside = {AUTH_FAILED, AUTH_VIOLATION};
    if ((unsigned)state >= AUTH_STATE_COUNT || (unsigned)event >= AUTH_EVENT_COUNT) {
        return outside;
    }
    return transitions[state][event];
}

const char *auth_state_name(enum auth_state state) {
    return (unsigned)state < AUTH_STATE_COUNT ? state_names[state] : "?";
}

const char *auth_event_name(enum auth_event event) {
    return (unsigned)event < AUTH_EVENT_COUNT ? event_names[event] : "?";
}

const char *auth_action_name(enum auth_action action) {
    return (unsigned)action < AUTH_ACTION_COUNT ? action_names[action] : "?";
}
