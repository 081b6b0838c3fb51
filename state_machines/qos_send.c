/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The sender's side of QoS 1 and 2, as a table, and the send quota; qos_send.h tells their story.
 */
#include "state_machines/qos_send.h"

/* Columns: next state, action, takes_slot, frees_id. */
static const struct qos_send_transition transitions[QOS_SEND_STATE_COUNT][QOS_SEND_EVENT_COUNT] = {
    [QOS_SEND_FREE] =
        {
            //= v5/4.3.2-1 v5/4.3.2-2 v5/4.3.2-3 v3/4.3.2-1
            [QOS_SEND_ON_SEND_QOS1] = {QOS_SEND_WAITING_PUBACK, QOS_SEND_DO_PUBLISH, true, false},
            //= v5/4.3.3-1 v5/4.3.3-2 v5/4.3.3-3 v3/4.3.3-1
            [QOS_SEND_ON_SEND_QOS2] = {QOS_SEND_WAITING_PUBREC, QOS_SEND_DO_PUBLISH, true, false},
            [QOS_SEND_ON_PUBACK] = {QOS_SEND_FREE, QOS_SEND_DO_IGNORE, false, false},
            [QOS_SEND_ON_PUBREC] = {QOS_SEND_FREE, QOS_SEND_DO_PUBREL_UNKNOWN, false, false},
            [QOS_SEND_ON_PUBREC_ERROR] = {QOS_SEND_FREE, QOS_SEND_DO_IGNORE, false, false},
            [QOS_SEND_ON_PUBCOMP] = {QOS_SEND_FREE, QOS_SEND_DO_IGNORE, false, false},
            [QOS_SEND_ON_RESUME] = {QOS_SEND_FREE, QOS_SEND_DO_IGNORE, false, false},
            [QOS_SEND_ON_END] = {QOS_SEND_FREE, QOS_SEND_DO_IGNORE, false, false},
        },
    [QOS_SEND_WAITING_PUBACK] =
        {
            //= v5/2.2.1-4 v3/2.3.1-4
            [QOS_SEND_ON_SEND_QOS1] = {QOS_SEND_WAITING_PUBACK, QOS_SEND_ID_IN_USE, false, false},
            [QOS_SEND_ON_SEND_QOS2] = {QOS_SEND_WAITING_PUBACK, QOS_SEND_ID_IN_USE, false, false},
            //= v5/4.3.2-3 v5/4.4.0-2 v3/4.3.2-1
            [QOS_SEND_ON_PUBACK] = {QOS_SEND_FREE, QOS_SEND_DO_COMPLETE, false, true},
            //= v5/4.13.1-1 v3/4.8.0-1
            [QOS_SEND_ON_PUBREC] = {QOS_SEND_WAITING_PUBACK, QOS_SEND_VIOLATION, false, false},
            [QOS_SEND_ON_PUBREC_ERROR] = {QOS_SEND_WAITING_PUBACK, QOS_SEND_VIOLATION, false,
                                          false},
            [QOS_SEND_ON_PUBCOMP] = {QOS_SEND_WAITING_PUBACK, QOS_SEND_DO_IGNORE, false, false},
            //= v5/4.4.0-1 v3/4.4.0-1 v5/3.3.1-1 v3/3.3.1-1
            [QOS_SEND_ON_RESUME] = {QOS_SEND_WAITING_PUBACK, QOS_SEND_DO_PUBLISH_AGAIN, true,
                                    false},
            [QOS_SEND_ON_END] = {QOS_SEND_FREE, QOS_SEND_DO_ABANDON, false, true},
        },
    [QOS_SEND_WAITING_PUBREC] =
        {
            //= v5/2.2.1-4 v3/2.3.1-4
            [QOS_SEND_ON_SEND_QOS1] = {QOS_SEND_WAITING_PUBREC, QOS_SEND_ID_IN_USE, false, false},
            [QOS_SEND_ON_SEND_QOS2] = {QOS_SEND_WAITING_PUBREC, QOS_SEND_ID_IN_USE, false, false},
            //= v5/4.13.1-1 v3/4.8.0-1
            [QOS_SEND_ON_PUBACK] = {QOS_SEND_WAITING_PUBREC, QOS_SEND_VIOLATION, false, false},
            //= v5/4.3.3-4 v5/4.3.3-5 v3/4.3.3-1
            [QOS_SEND_ON_PUBREC] = {QOS_SEND_WAITING_PUBCOMP, QOS_SEND_DO_PUBREL, false, false},
            //= v5/4.3.3-4 v5/4.4.0-2 v5/4.8.2-6
            [QOS_SEND_ON_PUBREC_ERROR] = {QOS_SEND_FREE, QOS_SEND_DO_COMPLETE, false, true},
            [QOS_SEND_ON_PUBCOMP] = {QOS_SEND_WAITING_PUBREC, QOS_SEND_DO_IGNORE, false, false},
            //= v5/4.4.0-1 v3/4.4.0-1 v5/3.3.1-1 v3/3.3.1-1
            [QOS_SEND_ON_RESUME] = {QOS_SEND_WAITING_PUBREC, QOS_SEND_DO_PUBLISH_AGAIN, true,
                                    false},
            [QOS_SEND_ON_END] = {QOS_SEND_FREE, QOS_SEND_DO_ABANDON, false, true},
        },
    [QOS_SEND_WAITING_PUBCOMP] =
        {
            //= v5/2.2.1-4 v3/2.3.1-4
            [QOS_SEND_ON_SEND_QOS1] = {QOS_SEND_WAITING_PUBCOMP, QOS_SEND_ID_IN_USE, false, false},
            [QOS_SEND_ON_SEND_QOS2] = {QOS_SEND_WAITING_PUBCOMP, QOS_SEND_ID_IN_USE, false, false},
            //= v5/4.13.1-1 v3/4.8.0-1
            [QOS_SEND_ON_PUBACK] = {QOS_SEND_WAITING_PUBCOMP, QOS_SEND_VIOLATION, false, false},
            //= v5/4.3.3-4 v3/4.3.3-1
            [QOS_SEND_ON_PUBREC] = {QOS_SEND_WAITING_PUBCOMP, QOS_SEND_DO_PUBREL, false, false},
            [QOS_SEND_ON_PUBREC_ERROR] = {QOS_SEND_WAITING_PUBCOMP, QOS_SEND_DO_IGNORE, false,
                                          false},
            //= v5/4.3.3-5 v3/4.3.3-1
            [QOS_SEND_ON_PUBCOMP] = {QOS_SEND_FREE, QOS_SEND_DO_COMPLETE, false, true},
            //= v5/4.4.0-1 v3/4.4.0-1 v5/4.3.3-6 v3/4.3.3-1
            [QOS_SEND_ON_RESUME] = {QOS_SEND_WAITING_PUBCOMP, QOS_SEND_DO_PUBREL, false, false},
            [QOS_SEND_ON_END] = {QOS_SEND_FREE, QOS_SEND_DO_ABANDON, false, true},
        },
};

static const char *const state_names[QOS_SEND_STATE_COUNT] = {
    [QOS_SEND_FREE] = "free",
    [QOS_SEND_WAITING_PUBACK] = "waiting puback",
    [QOS_SEND_WAITING_PUBREC] = "waiting pubrec",
    [QOS_SEND_WAITING_PUBCOMP] = "waiting pubcomp",
};

static const char *const event_names[QOS_SEND_EVENT_COUNT] = {
    [QOS_SEND_ON_SEND_QOS1] = "send qos 1",
    [QOS_SEND_ON_SEND_QOS2] = "send qos 2",
    [QOS_SEND_ON_PUBACK] = "puback",
    [QOS_SEND_ON_PUBREC] = "pubrec",
    [QOS_SEND_ON_PUBREC_ERROR] = "pubrec error",
    [QOS_SEND_ON_PUBCOMP] = "pubcomp",
    [QOS_SEND_ON_RESUME] = "resume",
    [QOS_SEND_ON_END] = "end",
};

static const char *const action_names[QOS_SEND_ACTION_COUNT] = {
    [QOS_SEND_DO_IGNORE] = "ignore",
    [QOS_SEND_DO_PUBLISH] = "publish",
    [QOS_SEND_DO_PUBLISH_AGAIN] = "publish again",
    [QOS_SEND_DO_PUBREL] = "pubrel",
    [QOS_SEND_DO_PUBREL_UNKNOWN] = "pubrel unknown",
    [QOS_SEND_DO_COMPLETE] = "complete",
    [QOS_SEND_DO_ABANDON] = "abandon",
    [QOS_SEND_VIOLATION] = "violation",
    [QOS_SEND_ID_IN_USE] = "id in use",
};

struct qos_send_transition qos_send_step(enum qos_send_state state, enum qos_send_event event) {
    const struct qos_send_transition outside = {QOS_SEND_FREE, QOS_SEND_VIOLATION, false, false};
    if ((unsigned)state >= QOS_SEND_STATE_COUNT || (unsigned)event >= QOS_SEND_EVENT_COUNT) {
        return outside;
    }
    return transitions[state][event];
}

const char *qos_send_state_name(enum qos_send_state state) {
    return (unsigned)state < QOS_SEND_STATE_COUNT ? state_names[state] : "?";
}

const char *qos_send_event_name(enum qos_send_event event) {
    return (unsigned)event < QOS_SEND_EVENT_COUNT ? event_names[event] : "?";
}

const char *qos_send_action_name(enum qos_send_action action) {
    return (unsigned)action < QOS_SEND_ACTION_COUNT ? action_names[action] : "?";
}

struct send_quota send_quota_start(uint16_t receive_maximum) {
    struct send_quota quota;
    //= v5/4.9.0-1
    quota.maximum = receive_maximum == 0u ? (uint16_t)1 : receive_maximum;
    quota.in_flight = 0;
    return quota;
}

uint16_t send_quota_left(struct send_quota quota) {
    if (quota.in_flight >= quota.maximum) {
        return 0;
    }
    return (uint16_t)(quota.maximum - quota.in_flight);
}

bool send_quota_take(struct send_quota *quota) {
    //= v5/4.9.0-2 v5/3.3.4-9
    if (send_quota_left(*quota) == 0u) {
        return false;
    }
    quota->in_flight = (uint16_t)(quota->in_flight + 1u);
    return true;
}

void send_quota_claim(struct send_quota *quota) {
    //= v5/3.3.4-10
    if (quota->in_flight < UINT16_MAX) {
        quota->in_flight = (uint16_t)(quota->in_flight + 1u);
    }
}

void send_quota_give(struct send_quota *quota) {
    if (quota->in_flight > 0u) {
        quota->in_flight = (uint16_t)(quota->in_flight - 1u);
    }
}
