/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Receiving at QoS 2: the table once more in sentences, its stories, and "delivered at most once"
 * over every sequence of events.
 */
#include "state_machines/qos_receive.h"

#include <tuple>

#include "state_machines/test_support.h"

namespace {

qos_receive_state state_of(unsigned i) {
    return static_cast<qos_receive_state>(i);
}
qos_receive_event event_of(unsigned i) {
    return static_cast<qos_receive_event>(i);
}
std::string state_name(unsigned i) {
    return qos_receive_state_name(state_of(i));
}
std::string event_name(unsigned i) {
    return qos_receive_event_name(event_of(i));
}
std::string action_name(unsigned i) {
    return qos_receive_action_name(static_cast<qos_receive_action>(i));
}
std::string outcome(unsigned state, unsigned event) {
    const struct qos_receive_transition step = qos_receive_step(state_of(state), event_of(event));
    return std::string("goto ") + qos_receive_state_name(step.next) + " do " +
           qos_receive_action_name(step.action);
}

TEST(QosReceive, EveryStateAndEventAsWritten) {
    state_machines::expect_table(
        {QOS_RECEIVE_STATE_COUNT, QOS_RECEIVE_EVENT_COUNT, state_name, event_name, outcome},
        {
            "while absent on publish goto received do deliver",
            "while absent on publish refused goto absent do pubrec refused",
            "while absent on publish discarded goto received do discard",
            "while absent on pubrel goto absent do pubcomp unknown",
            "while absent on end goto absent do ignore",

            "while received on publish | publish refused | publish discarded goto received "
            "do pubrec",
            "while received on pubrel goto absent do pubcomp",
            "while received on end goto absent do forget",
        });
}

TEST(QosReceive, EverythingHasAName) {
    state_machines::expect_names(QOS_RECEIVE_STATE_COUNT, state_name);
    state_machines::expect_names(QOS_RECEIVE_EVENT_COUNT, event_name);
    state_machines::expect_names(QOS_RECEIVE_ACTION_COUNT, action_name);
}

TEST(QosReceive, ValuesOutsideTheEnumsDeliverNothing) {
    EXPECT_EQ(outcome(QOS_RECEIVE_STATE_COUNT, 0), "goto absent do ignore");
    EXPECT_EQ(outcome(1, QOS_RECEIVE_EVENT_COUNT), "goto absent do ignore");
}

std::string told(std::initializer_list<qos_receive_event> events) {
    qos_receive_state state = QOS_RECEIVE_ABSENT;
    std::string text;
    for (qos_receive_event event : events) {
        const struct qos_receive_transition step = qos_receive_step(state, event);
        state = step.next;
        text +=
            (text.empty() ? "" : ", then ") + std::string(qos_receive_action_name(step.action));
    }
    return text;
}

TEST(QosReceive, OneHandshake) {
    //= v5/4.3.3-8 test
    //= v5/4.3.3-11 test
    //= v3/4.3.3-2 test
    EXPECT_EQ(told({QOS_RECEIVE_ON_PUBLISH, QOS_RECEIVE_ON_PUBREL}), "deliver, then pubcomp");
}

TEST(QosReceive, RepetitionsAreAcknowledgedAndNotDelivered) {
    //= v5/4.3.3-10 test
    //= v3/4.3.3-2 test
    EXPECT_EQ(told({QOS_RECEIVE_ON_PUBLISH, QOS_RECEIVE_ON_PUBLISH, QOS_RECEIVE_ON_PUBLISH,
                    QOS_RECEIVE_ON_PUBREL}),
              "deliver, then pubrec, then pubrec, then pubcomp");
}

TEST(QosReceive, AfterPubcompTheSamePacketIdIsANewMessage) {
    //= v5/4.3.3-12 test
    //= v3/4.3.3-2 test
    EXPECT_EQ(told({QOS_RECEIVE_ON_PUBLISH, QOS_RECEIVE_ON_PUBREL, QOS_RECEIVE_ON_PUBLISH}),
              "deliver, then pubcomp, then deliver");
}

TEST(QosReceive, AfterARefusalTheSamePacketIdIsANewMessage) {
    //= v5/4.3.3-9 test
    EXPECT_EQ(told({QOS_RECEIVE_ON_PUBLISH_REFUSED, QOS_RECEIVE_ON_PUBLISH}),
              "pubrec refused, then deliver");
}

TEST(QosReceive, PermissionTakenAwayBetweenTwoCopiesRefusesNothing) {
    EXPECT_EQ(
        told({QOS_RECEIVE_ON_PUBLISH, QOS_RECEIVE_ON_PUBLISH_REFUSED, QOS_RECEIVE_ON_PUBREL}),
        "deliver, then pubrec, then pubcomp");
}

TEST(QosReceive, A311ClientThatMayNotPublishIsAcknowledgedAllTheSame) {
    //= v3/3.3.5-2 test
    EXPECT_EQ(
        told({QOS_RECEIVE_ON_PUBLISH_DISCARDED, QOS_RECEIVE_ON_PUBLISH, QOS_RECEIVE_ON_PUBREL}),
        "discard, then pubrec, then pubcomp");
}

TEST(QosReceive, PubrelAgainAfterPubcompWasLostIsAnswered) {
    //= v5/4.3.3-11 test
    EXPECT_EQ(told({QOS_RECEIVE_ON_PUBLISH, QOS_RECEIVE_ON_PUBREL, QOS_RECEIVE_ON_PUBREL}),
              "deliver, then pubcomp, then pubcomp unknown");
}

struct Watcher {
    qos_receive_state state = QOS_RECEIVE_ABSENT;
    bool in_handshake = false; /* taken care of, and no PUBREL nor end since */
    bool delivered = false;    /* in this handshake */

    auto key() const { return std::tuple(state, in_handshake, delivered); }
    unsigned events() const { return QOS_RECEIVE_EVENT_COUNT; }
    std::string event_name(unsigned event) const { return ::event_name(event); }

    const char *step(unsigned i) {
        const qos_receive_event event = event_of(i);
        const struct qos_receive_transition step = qos_receive_step(state, event);
        state = step.next;
        switch (event) {
        case QOS_RECEIVE_ON_PUBREL:
            in_handshake = delivered = false;
            return step.action == QOS_RECEIVE_DO_PUBCOMP ||
                           step.action == QOS_RECEIVE_DO_PUBCOMP_UNKNOWN
                       ? nullptr
                       : "PUBREL without PUBCOMP";
        case QOS_RECEIVE_ON_END:
            in_handshake = delivered = false;
            return state == QOS_RECEIVE_ABSENT && (step.action == QOS_RECEIVE_DO_IGNORE ||
                                                   step.action == QOS_RECEIVE_DO_FORGET)
                       ? nullptr
                       : "remembered, or answered, past the session";
        default:
            return publish(event, step.action);
        }
    }

    const char *publish(qos_receive_event event, qos_receive_action action) {
        switch (action) {
        case QOS_RECEIVE_DO_DELIVER:
            if (delivered || in_handshake || event != QOS_RECEIVE_ON_PUBLISH) {
                return "delivered twice, or what was refused";
            }
            in_handshake = delivered = true;
            return nullptr;
        case QOS_RECEIVE_DO_DISCARD:
            if (in_handshake || event != QOS_RECEIVE_ON_PUBLISH_DISCARDED) {
                return "discarded a message";
            }
            in_handshake = true;
            return nullptr;
        case QOS_RECEIVE_DO_PUBREC:
            return in_handshake ? nullptr : "acknowledged what nobody took care of";
        case QOS_RECEIVE_DO_PUBREC_REFUSED:
            return !in_handshake && event == QOS_RECEIVE_ON_PUBLISH_REFUSED
                       ? nullptr
                       : "refused what was accepted";
        default:
            return "PUBLISH without PUBREC";
        }
    }
};

TEST(QosReceive, DeliveredAtMostOnceOverEverySequenceOfEvents) {
    EXPECT_EQ(state_machines::visit_everything(Watcher()), 3u);
}

} // namespace
