/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Sending at QoS 1 and 2: the table once more in sentences, its stories, and what holds over every
 * sequence of events, with three packet ids sharing one quota too.
 */
#include "state_machines/qos_send.h"

#include <array>
#include <tuple>

#include "state_machines/test_support.h"

namespace {

qos_send_state state_of(unsigned i) {
    return static_cast<qos_send_state>(i);
}
qos_send_event event_of(unsigned i) {
    return static_cast<qos_send_event>(i);
}
std::string state_name(unsigned i) {
    return qos_send_state_name(state_of(i));
}
std::string event_name(unsigned i) {
    return qos_send_event_name(event_of(i));
}
std::string action_name(unsigned i) {
    return qos_send_action_name(static_cast<qos_send_action>(i));
}
std::string outcome(unsigned state, unsigned event) {
    const struct qos_send_transition step = qos_send_step(state_of(state), event_of(event));
    return std::string("goto ") + qos_send_state_name(step.next) + " do " +
           qos_send_action_name(step.action) + (step.takes_slot ? ", take a slot" : "") +
           (step.frees_id ? ", free the id" : "");
}

TEST(QosSend, EveryStateAndEventAsWritten) {
    state_machines::expect_table(
        {QOS_SEND_STATE_COUNT, QOS_SEND_EVENT_COUNT, state_name, event_name, outcome},
        {
            "while free on send qos 1 goto waiting puback do publish, take a slot",
            "while free on send qos 2 goto waiting pubrec do publish, take a slot",
            "while free on puback | pubrec error | pubcomp | resume | end goto free do ignore",
            "while free on pubrec goto free do pubrel unknown",

            "while waiting puback on send qos 1 | send qos 2 goto waiting puback do id in use",
            "while waiting puback on puback goto free do complete, free the id",
            "while waiting puback on pubrec | pubrec error goto waiting puback do violation",
            "while waiting puback on pubcomp goto waiting puback do ignore",
            "while waiting puback on resume goto waiting puback do publish again, take a slot",
            "while waiting puback on end goto free do abandon, free the id",

            "while waiting pubrec on send qos 1 | send qos 2 goto waiting pubrec do id in use",
            "while waiting pubrec on puback goto waiting pubrec do violation",
            "while waiting pubrec on pubrec goto waiting pubcomp do pubrel",
            "while waiting pubrec on pubrec error goto free do complete, free the id",
            "while waiting pubrec on pubcomp goto waiting pubrec do ignore",
            "while waiting pubrec on resume goto waiting pubrec do publish again, take a slot",
            "while waiting pubrec on end goto free do abandon, free the id",

            "while waiting pubcomp on send qos 1 | send qos 2 goto waiting pubcomp do id in use",
            "while waiting pubcomp on puback goto waiting pubcomp do violation",
            "while waiting pubcomp on pubrec | resume goto waiting pubcomp do pubrel",
            "while waiting pubcomp on pubrec error goto waiting pubcomp do ignore",
            "while waiting pubcomp on pubcomp goto free do complete, free the id",
            "while waiting pubcomp on end goto free do abandon, free the id",
        });
}

TEST(QosSend, EverythingHasAName) {
    state_machines::expect_names(QOS_SEND_STATE_COUNT, state_name);
    state_machines::expect_names(QOS_SEND_EVENT_COUNT, event_name);
    state_machines::expect_names(QOS_SEND_ACTION_COUNT, action_name);
}

TEST(QosSend, ValuesOutsideTheEnumsFreeNothing) {
    EXPECT_EQ(outcome(QOS_SEND_STATE_COUNT, 0), "goto free do violation");
    EXPECT_EQ(outcome(0, QOS_SEND_EVENT_COUNT), "goto free do violation");
}

std::string told(std::initializer_list<qos_send_event> events) {
    qos_send_state state = QOS_SEND_FREE;
    std::string text;
    for (qos_send_event event : events) {
        const struct qos_send_transition step = qos_send_step(state, event);
        state = step.next;
        text += (text.empty() ? "" : ", then ") + std::string(qos_send_action_name(step.action));
    }
    return text;
}

TEST(QosSend, Qos1) {
    //= v5/4.3.2-1 test
    //= v5/4.3.2-2 test
    //= v5/4.3.2-3 test
    //= v3/4.3.2-1 test
    EXPECT_EQ(told({QOS_SEND_ON_SEND_QOS1, QOS_SEND_ON_PUBACK}), "publish, then complete");
}

TEST(QosSend, Qos2) {
    //= v5/4.3.3-1 test
    //= v5/4.3.3-2 test
    //= v5/4.3.3-3 test
    //= v5/4.3.3-4 test
    //= v5/4.3.3-5 test
    //= v3/4.3.3-1 test
    EXPECT_EQ(told({QOS_SEND_ON_SEND_QOS2, QOS_SEND_ON_PUBREC, QOS_SEND_ON_PUBCOMP}),
              "publish, then pubrel, then complete");
}

TEST(QosSend, UnacknowledgedIsSentAgainOnReconnectAndThenAcknowledged) {
    //= v5/4.4.0-1 test
    //= v3/4.4.0-1 test
    //= v5/3.3.1-1 test
    //= v3/3.3.1-1 test
    EXPECT_EQ(told({QOS_SEND_ON_SEND_QOS1, QOS_SEND_ON_RESUME, QOS_SEND_ON_PUBACK}),
              "publish, then publish again, then complete");
    //= v5/4.3.3-6 test
    EXPECT_EQ(told({QOS_SEND_ON_SEND_QOS2, QOS_SEND_ON_RESUME, QOS_SEND_ON_PUBREC,
                    QOS_SEND_ON_RESUME, QOS_SEND_ON_PUBCOMP}),
              "publish, then publish again, then pubrel, then pubrel, then complete");
}

TEST(QosSend, ARefusedMessageIsOverAndItsPacketIdFree) {
    //= v5/4.4.0-2 test
    //= v5/4.3.3-4 test
    //= v5/4.8.2-6 test
    EXPECT_EQ(told({QOS_SEND_ON_SEND_QOS2, QOS_SEND_ON_PUBREC_ERROR, QOS_SEND_ON_RESUME,
                    QOS_SEND_ON_SEND_QOS1}),
              "publish, then complete, then ignore, then publish");
}

TEST(QosSend, AcknowledgementsOfTheWrongKind) {
    //= v5/4.13.1-1 test
    //= v3/4.8.0-1 test
    EXPECT_EQ(told({QOS_SEND_ON_SEND_QOS1, QOS_SEND_ON_PUBREC}), "publish, then violation");
    EXPECT_EQ(told({QOS_SEND_ON_SEND_QOS2, QOS_SEND_ON_PUBACK}), "publish, then violation");
}

TEST(QosSend, APubrecForNothingIsReleasedAndItsPubcompDoesNoHarm) {
    EXPECT_EQ(
        told({QOS_SEND_ON_PUBREC, QOS_SEND_ON_SEND_QOS1, QOS_SEND_ON_PUBCOMP, QOS_SEND_ON_PUBACK}),
        "pubrel unknown, then publish, then ignore, then complete");
}

TEST(QosSend, APacketIdInUseIsNotUsedTwice) {
    //= v5/2.2.1-4 test
    //= v3/2.3.1-4 test
    EXPECT_EQ(told({QOS_SEND_ON_SEND_QOS1, QOS_SEND_ON_SEND_QOS1}), "publish, then id in use");
}

/* One packet id over its whole life. */
struct Watcher {
    qos_send_state state = QOS_SEND_FREE;
    unsigned qos = 0; /* of the message under way; 0: none */
    bool released = false;

    auto key() const { return std::tuple(state, qos, released); }
    unsigned events() const { return QOS_SEND_EVENT_COUNT; }
    std::string event_name(unsigned event) const { return ::event_name(event); }

    const char *step(unsigned i) {
        const qos_send_event event = event_of(i);
        const struct qos_send_transition step = qos_send_step(state, event);
        const bool was_free = state == QOS_SEND_FREE;
        state = step.next;
        if (step.frees_id != (!was_free && state == QOS_SEND_FREE)) {
            return "the packet id is freed in silence, or twice";
        }
        const bool publishes =
            step.action == QOS_SEND_DO_PUBLISH || step.action == QOS_SEND_DO_PUBLISH_AGAIN;
        if (step.takes_slot != publishes) {
            return "a slot without a PUBLISH, or the reverse";
        }
        //= v5/4.3.3-4 test
        if (event == QOS_SEND_ON_PUBREC && qos == 2 && step.action != QOS_SEND_DO_PUBREL) {
            return "PUBREC without PUBREL";
        }
        if ((event == QOS_SEND_ON_SEND_QOS1 || event == QOS_SEND_ON_SEND_QOS2) && !was_free &&
            step.action != QOS_SEND_ID_IN_USE) {
            return "a packet id for two messages";
        }
        const char *broken = take(event, step.action, was_free);
        if (broken == nullptr && (qos == 0) != (state == QOS_SEND_FREE)) {
            broken = "the packet id is free and its message is not done with, or the reverse";
        }
        return broken;
    }

    const char *take(qos_send_event event, qos_send_action action, bool was_free) {
        switch (action) {
        case QOS_SEND_DO_IGNORE:
        case QOS_SEND_VIOLATION:
        case QOS_SEND_ID_IN_USE:
            return nullptr;
        case QOS_SEND_DO_PUBLISH:
            qos = event == QOS_SEND_ON_SEND_QOS1 ? 1 : 2;
            released = false;
            return was_free && (event == QOS_SEND_ON_SEND_QOS1 || event == QOS_SEND_ON_SEND_QOS2)
                       ? nullptr
                       : "published by itself";
        case QOS_SEND_DO_PUBLISH_AGAIN:
            return event == QOS_SEND_ON_RESUME && !released ? nullptr : "sent again out of time";
        case QOS_SEND_DO_PUBREL:
            if (qos != 2 || (event != QOS_SEND_ON_PUBREC && event != QOS_SEND_ON_RESUME) ||
                (event == QOS_SEND_ON_RESUME && !released)) {
                return "PUBREL unasked for";
            }
            released = true;
            return nullptr;
        case QOS_SEND_DO_PUBREL_UNKNOWN:
            return was_free && event == QOS_SEND_ON_PUBREC ? nullptr : "PUBREL 0x92 unasked for";
        case QOS_SEND_DO_COMPLETE: {
            const bool under_way = qos != 0;
            const bool last =
                qos == 1 ? event == QOS_SEND_ON_PUBACK
                         : event == (released ? QOS_SEND_ON_PUBCOMP : QOS_SEND_ON_PUBREC_ERROR);
            qos = 0;
            released = false;
            return last && under_way ? nullptr : "complete before its last acknowledgement";
        }
        case QOS_SEND_DO_ABANDON:
            qos = 0;
            released = false;
            return event == QOS_SEND_ON_END ? nullptr : "abandoned while the session lives";
        }
        return "no such action";
    }
};

TEST(QosSend, InvariantsHoldOverEverySequenceOfEvents) {
    EXPECT_EQ(state_machines::visit_everything(Watcher()), 4u);
}

TEST(SendQuota, StartsFullAndNeverAtZero) {
    //= v5/4.9.0-1 test
    EXPECT_EQ(send_quota_left(send_quota_start(0)), 1);
    EXPECT_EQ(send_quota_left(send_quota_start(1)), 1);
    EXPECT_EQ(send_quota_left(send_quota_start(65535)), 65535);
}

TEST(SendQuota, IsTakenToTheLastSlotAndNoFurther) {
    //= v5/4.9.0-2 test
    //= v5/3.3.4-9 test
    for (uint32_t maximum : {1u, 2u, 20u, 65535u}) {
        struct send_quota quota = send_quota_start(static_cast<uint16_t>(maximum));
        for (uint32_t i = 0; i < maximum; i++) {
            ASSERT_EQ(send_quota_left(quota), maximum - i);
            ASSERT_TRUE(send_quota_take(&quota));
        }
        EXPECT_FALSE(send_quota_take(&quota));
        EXPECT_EQ(quota.in_flight, maximum);
        send_quota_give(&quota);
        EXPECT_EQ(send_quota_left(quota), 1);
    }
}

TEST(SendQuota, GivingMoreThanWasTakenDoesNotRaiseIt) {
    struct send_quota quota = send_quota_start(3);
    send_quota_give(&quota);
    EXPECT_EQ(send_quota_left(quota), 3);
}

TEST(SendQuota, PubrelSentAgainIsNeverHeldBackButCounts) {
    //= v5/3.3.4-10 test
    struct send_quota quota = send_quota_start(1);
    send_quota_claim(&quota);
    send_quota_claim(&quota);
    EXPECT_EQ(send_quota_left(quota), 0);
    send_quota_give(&quota);
    EXPECT_EQ(send_quota_left(quota), 0) << "one of two is still unfinished";
    send_quota_give(&quota);
    EXPECT_EQ(send_quota_left(quota), 1);
    for (uint32_t i = 0; i < 65536; i++) {
        send_quota_claim(&quota);
    }
    EXPECT_EQ(quota.in_flight, UINT16_MAX);
    EXPECT_EQ(send_quota_left(quota), 0);
}

/* Three packet ids, one quota, and a peer that may acknowledge anything at any time; connections
 * come and go. */
struct Crowd {
    static constexpr unsigned ids = 3;
    uint16_t maximum;
    std::array<qos_send_state, ids> states{};
    std::array<bool, ids> sent{}; /* on this connection */
    struct send_quota quota;

    explicit Crowd(uint16_t m) : maximum(m), quota(send_quota_start(m)) {}
    auto key() const { return std::tuple(states, sent, quota.maximum, quota.in_flight); }
    unsigned events() const { return ids * QOS_SEND_EVENT_COUNT + 1; }
    std::string event_name(unsigned i) const {
        return i == ids * QOS_SEND_EVENT_COUNT ? "reconnect"
                                               : "id " + std::to_string(i / QOS_SEND_EVENT_COUNT) +
                                                     ": " + ::event_name(i % QOS_SEND_EVENT_COUNT);
    }

    const char *step(unsigned i) {
        if (i == ids * QOS_SEND_EVENT_COUNT) {
            sent.fill(false);
            quota = send_quota_start(maximum);
        } else {
            one(i / QOS_SEND_EVENT_COUNT, event_of(i % QOS_SEND_EVENT_COUNT));
        }
        return check();
    }

    void one(unsigned id, qos_send_event event) {
        const bool publish = states[id] != QOS_SEND_WAITING_PUBCOMP &&
                             !(states[id] == QOS_SEND_FREE && event == QOS_SEND_ON_RESUME);
        const bool sends = event == QOS_SEND_ON_SEND_QOS1 || event == QOS_SEND_ON_SEND_QOS2;
        if (sends && states[id] != QOS_SEND_FREE) {
            return; /* a lawful caller */
        }
        if (event == QOS_SEND_ON_RESUME && sent[id]) {
            return; /* once for each connection */
        }
        if ((sends || event == QOS_SEND_ON_RESUME) && publish && send_quota_left(quota) == 0) {
            return; /* held back */
        }
        const struct qos_send_transition step = qos_send_step(states[id], event);
        if (step.takes_slot) {
            took = send_quota_take(&quota);
            sent[id] = true;
        } else if (event == QOS_SEND_ON_RESUME && step.action == QOS_SEND_DO_PUBREL) {
            send_quota_claim(&quota);
            sent[id] = true;
        }
        if (step.frees_id) {
            if (sent[id]) {
                send_quota_give(&quota);
            }
            sent[id] = false;
        }
        states[id] = step.next;
    }

    const char *check() const {
        unsigned unfinished = 0;
        unsigned unacknowledged = 0;
        for (unsigned id = 0; id < ids; id++) {
            unfinished += sent[id] ? 1 : 0;
            unacknowledged += sent[id] && states[id] != QOS_SEND_WAITING_PUBCOMP ? 1 : 0;
        }
        if (!took || unacknowledged > maximum) {
            return "more PUBLISH under way than the receiver allows";
        }
        if (quota.in_flight != unfinished) {
            return "a slot leaked";
        }
        return send_quota_left(quota) <= maximum ? nullptr : "the quota grew";
    }

  private:
    bool took = true;
};

TEST(SendQuota, NoSlotLeaksOverEverySequenceOfEvents) {
    //= v5/4.9.0-2 test
    //= v5/3.3.4-9 test
    for (uint16_t maximum : {uint16_t{1}, uint16_t{2}, uint16_t{3}}) {
        EXPECT_GT(state_machines::visit_everything(Crowd(maximum)), 64u) << maximum;
    }
}

} // namespace
