/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The receiver's side of QoS 2, as a table; qos_receive.h tells its story.
 */
#include "state_machines/qos_receive.h"

static const struct qos_receive_transition
    transitions[QOS_RECEIVE_STATE_COUNT][QOS_RECEIVE_EVENT_COUNT] = {
        [QOS_RECEIVE_ABSENT] =
            {
                //= v5/4.3.3-8 v5/4.3.3-9 v5/4.3.3-12 v3/4.3.3-2
                [QOS_RECEIVE_ON_PUBLISH] = {QOS_RECEIVE_RECEIVED, QOS_RECEIVE_DO_DELIVER},
                //= v5/4.3.3-9
                [QOS_RECEIVE_ON_PUBLISH_REFUSED] = {QOS_RECEIVE_ABSENT,
                                                    QOS_RECEIVE_DO_PUBREC_REFUSED},
                //= v3/3.3.5-2
                [QOS_RECEIVE_ON_PUBLISH_DISCARDED] = {QOS_RECEIVE_RECEIVED,
                                                      QOS_RECEIVE_DO_DISCARD},
                //= v5/4.3.3-11 v3/4.3.3-2
                [QOS_RECEIVE_ON_PUBREL] = {QOS_RECEIVE_ABSENT, QOS_RECEIVE_DO_PUBCOMP_UNKNOWN},
                [QOS_RECEIVE_ON_END] = {QOS_RECEIVE_ABSENT, QOS_RECEIVE_DO_IGNORE},
            },
        [QOS_RECEIVE_RECEIVED] =
            {
                //= v5/4.3.3-10 v3/4.3.3-2
                [QOS_RECEIVE_ON_PUBLISH] = {QOS_RECEIVE_RECEIVED, QOS_RECEIVE_DO_PUBREC},
                [QOS_RECEIVE_ON_PUBLISH_REFUSED] = {QOS_RECEIVE_RECEIVED, QOS_RECEIVE_DO_PUBREC},
                [QOS_RECEIVE_ON_PUBLISH_DISCARDED] = {QOS_RECEIVE_RECEIVED, QOS_RECEIVE_DO_PUBREC},
                //= v5/4.3.3-11 v5/4.3.3-12 v3/4.3.3-2
                [QOS_RECEIVE_ON_PUBREL] = {QOS_RECEIVE_ABSENT, QOS_RECEIVE_DO_PUBCOMP},
                [QOS_RECEIVE_ON_END] = {QOS_RECEIVE_ABSENT, QOS_RECEIVE_DO_FORGET},
            },
};

static const char *const state_names[QOS_RECEIVE_STATE_COUNT] = {
    [QOS_RECEIVE_ABSENT] = "absent",
    [QOS_RECEIVE_RECEIVED] = "received",
};

static const char *const event_names[QOS_RECEIVE_EVENT_COUNT] = {
    [QOS_RECEIVE_ON_PUBLISH] = "publish",
    [QOS_RECEIVE_ON_PUBLISH_REFUSED] = "publish refused",
    [QOS_RECEIVE_ON_PUBLISH_DISCARDED] = "publish discarded",
    [QOS_RECEIVE_ON_PUBREL] = "pubrel",
    [QOS_RECEIVE_ON_END] = "end",
};

static const char *const action_names[QOS_RECEIVE_ACTION_COUNT] = {
    [QOS_RECEIVE_DO_IGNORE] = "ignore",
    [QOS_RECEIVE_DO_DELIVER] = "deliver",
    [QOS_RECEIVE_DO_PUBREC] = "pubrec",
    [QOS_RECEIVE_DO_DISCARD] = "discard",
    [QOS_RECEIVE_DO_PUBREC_REFUSED] = "pubrec refused",
    [QOS_RECEIVE_DO_PUBCOMP] = "pubcomp",
    [QOS_RECEIVE_DO_PUBCOMP_UNKNOWN] = "pubcomp unknown",
    [QOS_RECEIVE_DO_FORGET] = "forget",
};

struct qos_receive_transition qos_receive_step(enum qos_receive_state state,
                                               enum qos_receive_event event) {
    const struct qos_receive_transition outside = {QOS_RECEIVE_ABSENT, QOS_RECEIVE_DO_IGNORE};
    if ((unsigned)state >= QOS_RECEIVE_STATE_COUNT || (unsigned)event >= QOS_RECEIVE_EVENT_COUNT) {
        return outside;
    }
    return transitions[state][event];
}

const char *qos_receive_state_name(enum qos_receive_state state) {
    return (unsigned)state < QOS_RECEIVE_STATE_COUNT ? state_names[state] : "?";
}

const char *qos_receive_event_name(enum qos_receive_event event) {
    return (unsigned)event < QOS_RECEIVE_EVENT_COUNT ? event_names[event] : "?";
}

const char *qos_receive_action_name(enum qos_receive_action action) {
    return (unsigned)action < QOS_RECEIVE_ACTION_COUNT ? action_names[action] : "?";
}
