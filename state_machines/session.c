/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The life of a session and its will, as a table; session.h tells its story.
 */
#include "state_machines/session.h"

#define MS_PER_S 1000u

/* Columns: next state, what becomes of the session, what becomes of the will. */
static const struct session_transition transitions[SESSION_STATE_COUNT][SESSION_EVENT_COUNT] = {
    [SESSION_GONE] =
        {
            //= v5/3.1.2-6 v3/3.1.2-4
            [SESSION_ON_RESUME] = {SESSION_ATTACHED, SESSION_DO_CREATE, SESSION_WILL_KEEP},
            [SESSION_ON_RESUME_WILL] = {SESSION_ATTACHED_WILL, SESSION_DO_CREATE,
                                        SESSION_WILL_KEEP},
            //= v5/3.1.2-4 v3/3.1.2-6
            [SESSION_ON_CLEAN] = {SESSION_ATTACHED, SESSION_DO_CREATE, SESSION_WILL_KEEP},
            [SESSION_ON_CLEAN_WILL] = {SESSION_ATTACHED_WILL, SESSION_DO_CREATE,
                                       SESSION_WILL_KEEP},
            [SESSION_ON_LOST_ENDING] = {SESSION_GONE, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_LOST_WILL_NOW] = {SESSION_GONE, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_LOST_WILL_LATER] = {SESSION_GONE, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_DISCONNECT_ENDING] = {SESSION_GONE, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_DISCONNECT_LASTING] = {SESSION_GONE, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_WILL_DUE] = {SESSION_GONE, SESSION_DO_IGNORE, SESSION_WILL_KEEP},
            [SESSION_ON_EXPIRED] = {SESSION_GONE, SESSION_DO_IGNORE, SESSION_WILL_KEEP},
        },
    [SESSION_ATTACHED] =
        {
            [SESSION_ON_RESUME] = {SESSION_ATTACHED, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_RESUME_WILL] = {SESSION_ATTACHED, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_CLEAN] = {SESSION_ATTACHED, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_CLEAN_WILL] = {SESSION_ATTACHED, SESSION_MISUSE, SESSION_WILL_KEEP},
            //= v5/4.1.0-2 v3/3.1.2-6
            [SESSION_ON_LOST_ENDING] = {SESSION_GONE, SESSION_DO_END, SESSION_WILL_KEEP},
            //= v5/3.1.2-23 v3/3.1.2-4
            [SESSION_ON_LOST_WILL_NOW] = {SESSION_DETACHED, SESSION_DO_DETACH, SESSION_WILL_KEEP},
            [SESSION_ON_LOST_WILL_LATER] = {SESSION_DETACHED, SESSION_DO_DETACH,
                                            SESSION_WILL_KEEP},
            //= v5/4.1.0-2 v3/3.1.2-6
            [SESSION_ON_DISCONNECT_ENDING] = {SESSION_GONE, SESSION_DO_END, SESSION_WILL_KEEP},
            //= v5/3.1.2-23 v3/3.1.2-4
            [SESSION_ON_DISCONNECT_LASTING] = {SESSION_DETACHED, SESSION_DO_DETACH,
                                               SESSION_WILL_KEEP},
            //= v5/4.1.0-1
            [SESSION_ON_WILL_DUE] = {SESSION_ATTACHED, SESSION_DO_IGNORE, SESSION_WILL_KEEP},
            [SESSION_ON_EXPIRED] = {SESSION_ATTACHED, SESSION_DO_IGNORE, SESSION_WILL_KEEP},
        },
    [SESSION_ATTACHED_WILL] =
        {
            [SESSION_ON_RESUME] = {SESSION_ATTACHED_WILL, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_RESUME_WILL] = {SESSION_ATTACHED_WILL, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_CLEAN] = {SESSION_ATTACHED_WILL, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_CLEAN_WILL] = {SESSION_ATTACHED_WILL, SESSION_MISUSE, SESSION_WILL_KEEP},
            //= v5/3.1.2-8 v3/3.1.2-8 v5/3.1.2-10 v3/3.1.2-10 v5/4.1.0-2
            [SESSION_ON_LOST_ENDING] = {SESSION_GONE, SESSION_DO_END, SESSION_WILL_PUBLISH},
            //= v5/3.1.2-8 v3/3.1.2-8 v5/3.1.2-10 v3/3.1.2-10 v5/3.1.2-23
            [SESSION_ON_LOST_WILL_NOW] = {SESSION_DETACHED, SESSION_DO_DETACH,
                                          SESSION_WILL_PUBLISH},
            //= v5/3.1.2-7 v5/3.1.2-8
            [SESSION_ON_LOST_WILL_LATER] = {SESSION_DETACHED_WILL, SESSION_DO_DETACH,
                                            SESSION_WILL_KEEP},
            //= v5/3.14.4-3 v3/3.14.4-3 v5/3.1.2-10 v3/3.1.2-10
            [SESSION_ON_DISCONNECT_ENDING] = {SESSION_GONE, SESSION_DO_END, SESSION_WILL_DISCARD},
            //= v5/3.14.4-3 v3/3.14.4-3 v5/3.1.2-10 v3/3.1.2-10
            [SESSION_ON_DISCONNECT_LASTING] = {SESSION_DETACHED, SESSION_DO_DETACH,
                                               SESSION_WILL_DISCARD},
            //= v5/4.1.0-1
            [SESSION_ON_WILL_DUE] = {SESSION_ATTACHED_WILL, SESSION_DO_IGNORE, SESSION_WILL_KEEP},
            [SESSION_ON_EXPIRED] = {SESSION_ATTACHED_WILL, SESSION_DO_IGNORE, SESSION_WILL_KEEP},
        },
    [SESSION_DETACHED] =
        {
            //= v5/3.1.2-5 v3/3.1.2-4
            [SESSION_ON_RESUME] = {SESSION_ATTACHED, SESSION_DO_RESUME, SESSION_WILL_KEEP},
            [SESSION_ON_RESUME_WILL] = {SESSION_ATTACHED_WILL, SESSION_DO_RESUME,
                                        SESSION_WILL_KEEP},
            //= v5/3.1.2-4 v3/3.1.2-6
            [SESSION_ON_CLEAN] = {SESSION_ATTACHED, SESSION_DO_REPLACE, SESSION_WILL_KEEP},
            [SESSION_ON_CLEAN_WILL] = {SESSION_ATTACHED_WILL, SESSION_DO_REPLACE,
                                       SESSION_WILL_KEEP},
            [SESSION_ON_LOST_ENDING] = {SESSION_DETACHED, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_LOST_WILL_NOW] = {SESSION_DETACHED, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_LOST_WILL_LATER] = {SESSION_DETACHED, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_DISCONNECT_ENDING] = {SESSION_DETACHED, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_DISCONNECT_LASTING] = {SESSION_DETACHED, SESSION_MISUSE,
                                               SESSION_WILL_KEEP},
            [SESSION_ON_WILL_DUE] = {SESSION_DETACHED, SESSION_DO_IGNORE, SESSION_WILL_KEEP},
            //= v5/4.1.0-2
            [SESSION_ON_EXPIRED] = {SESSION_GONE, SESSION_DO_END, SESSION_WILL_KEEP},
        },
    [SESSION_DETACHED_WILL] =
        {
            //= v5/3.1.3-9 v5/3.1.2-5
            [SESSION_ON_RESUME] = {SESSION_ATTACHED, SESSION_DO_RESUME, SESSION_WILL_DISCARD},
            [SESSION_ON_RESUME_WILL] = {SESSION_ATTACHED_WILL, SESSION_DO_RESUME,
                                        SESSION_WILL_DISCARD},
            //= v5/3.1.2-4 v5/3.1.2-8
            [SESSION_ON_CLEAN] = {SESSION_ATTACHED, SESSION_DO_REPLACE, SESSION_WILL_PUBLISH},
            [SESSION_ON_CLEAN_WILL] = {SESSION_ATTACHED_WILL, SESSION_DO_REPLACE,
                                       SESSION_WILL_PUBLISH},
            [SESSION_ON_LOST_ENDING] = {SESSION_DETACHED_WILL, SESSION_MISUSE, SESSION_WILL_KEEP},
            [SESSION_ON_LOST_WILL_NOW] = {SESSION_DETACHED_WILL, SESSION_MISUSE,
                                          SESSION_WILL_KEEP},
            [SESSION_ON_LOST_WILL_LATER] = {SESSION_DETACHED_WILL, SESSION_MISUSE,
                                            SESSION_WILL_KEEP},
            [SESSION_ON_DISCONNECT_ENDING] = {SESSION_DETACHED_WILL, SESSION_MISUSE,
                                              SESSION_WILL_KEEP},
            [SESSION_ON_DISCONNECT_LASTING] = {SESSION_DETACHED_WILL, SESSION_MISUSE,
                                               SESSION_WILL_KEEP},
            //= v5/3.1.2-8 v5/3.1.2-10
            [SESSION_ON_WILL_DUE] = {SESSION_DETACHED, SESSION_DO_STAY, SESSION_WILL_PUBLISH},
            //= v5/3.1.2-8 v5/3.1.2-10 v5/4.1.0-2 v5/u-3.1.2.5-1
            [SESSION_ON_EXPIRED] = {SESSION_GONE, SESSION_DO_END, SESSION_WILL_PUBLISH},
        },
};

static const char *const state_names[SESSION_STATE_COUNT] = {
    [SESSION_GONE] = "gone",
    [SESSION_ATTACHED] = "attached",
    [SESSION_ATTACHED_WILL] = "attached, will",
    [SESSION_DETACHED] = "detached",
    [SESSION_DETACHED_WILL] = "detached, will",
};

static const char *const event_names[SESSION_EVENT_COUNT] = {
    [SESSION_ON_RESUME] = "resume",
    [SESSION_ON_RESUME_WILL] = "resume, will",
    [SESSION_ON_CLEAN] = "clean",
    [SESSION_ON_CLEAN_WILL] = "clean, will",
    [SESSION_ON_LOST_ENDING] = "lost, ending",
    [SESSION_ON_LOST_WILL_NOW] = "lost, will now",
    [SESSION_ON_LOST_WILL_LATER] = "lost, will later",
    [SESSION_ON_DISCONNECT_ENDING] = "disconnect, ending",
    [SESSION_ON_DISCONNECT_LASTING] = "disconnect, lasting",
    [SESSION_ON_WILL_DUE] = "will due",
    [SESSION_ON_EXPIRED] = "expired",
};

static const char *const action_names[SESSION_ACTION_COUNT] = {
    [SESSION_DO_IGNORE] = "ignore", [SESSION_DO_CREATE] = "create",
    [SESSION_DO_RESUME] = "resume", [SESSION_DO_REPLACE] = "replace",
    [SESSION_DO_DETACH] = "detach", [SESSION_DO_STAY] = "stay",
    [SESSION_DO_END] = "end",       [SESSION_MISUSE] = "misuse",
};

static const char *const will_names[SESSION_WILL_COUNT] = {
    [SESSION_WILL_KEEP] = "keep will",
    [SESSION_WILL_PUBLISH] = "publish will",
    [SESSION_WILL_DISCARD] = "discard will",
};

struct session_transition session_step(enum session_state state, enum session_event event) {
    const struct session_transition outside = {SESSION_GONE, SESSION_MISUSE, SESSION_WILL_KEEP};
    if ((unsigned)state >= SESSION_STATE_COUNT || (unsigned)event >= SESSION_EVENT_COUNT) {
        return outside;
    }
    return transitions[state][event];
}

enum session_event session_lost_event(uint32_t will_delay_s, uint32_t session_expiry_s) {
    if (session_expiry_s == 0u) {
        return SESSION_ON_LOST_ENDING;
    }
    return will_delay_s == 0u ? SESSION_ON_LOST_WILL_NOW : SESSION_ON_LOST_WILL_LATER;
}

enum session_event session_disconnect_event(uint32_t session_expiry_s) {
    return session_expiry_s == 0u ? SESSION_ON_DISCONNECT_ENDING : SESSION_ON_DISCONNECT_LASTING;
}

bool session_may_change_expiry(uint32_t connect_expiry_s, uint32_t disconnect_expiry_s) {
    //= v5/u-3.14.2.2.2-2
    return connect_expiry_s != 0u || disconnect_expiry_s == 0u;
}

uint32_t session_will_delay_s(uint32_t will_delay_s, uint32_t session_expiry_s) {
    //= v5/u-3.1.2.5-1
    return will_delay_s < session_expiry_s ? will_delay_s : session_expiry_s;
}

uint64_t session_deadline_ms(uint64_t now_ms, uint32_t interval_s) {
    const uint64_t interval_ms = (uint64_t)interval_s * MS_PER_S;
    if (interval_s == SESSION_NEVER_EXPIRES || now_ms > SESSION_NO_DEADLINE_MS - interval_ms) {
        return SESSION_NO_DEADLINE_MS;
    }
    return now_ms + interval_ms;
}

bool session_present(enum session_action action) {
    //= v5/3.2.2-2 v5/3.2.2-3 v3/3.2.2-1 v3/3.2.2-2 v3/3.2.2-3
    return action == SESSION_DO_RESUME;
}

const char *session_state_name(enum session_state state) {
    return (unsigned)state < SESSION_STATE_COUNT ? state_names[state] : "?";
}

const char *session_event_name(enum session_event event) {
    return (unsigned)event < SESSION_EVENT_COUNT ? event_names[event] : "?";
}

const char *session_action_name(enum session_action action) {
    return (unsigned)action < SESSION_ACTION_COUNT ? action_names[action] : "?";
}

const char *session_will_name(enum session_will will) {
    return (unsigned)will < SESSION_WILL_COUNT ? will_names[will] : "?";
}
