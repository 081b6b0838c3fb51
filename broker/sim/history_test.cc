/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The judge, where it is easily too strict or too lax: what may come out of order.
 */
#include <gtest/gtest.h>

#include "broker/sim/history.h"

namespace {

constexpr int PUBLISHER = 0, SUBSCRIBER = 1;
constexpr uint8_t T_ALL = 0; /* the filter t/# */

/* Two messages of QoS 1 to one topic. The subscriber, who asked for them at qos before or after
 * they were sent, receives the second first; before that they are sent again, or not. */
std::string judged(uint8_t qos, bool subscribes_before, bool sent_again) {
    std::vector<sim::Profile> cast(2);
    cast[PUBLISHER].id = "publisher";
    cast[SUBSCRIBER].id = "subscriber";
    sim::History history(cast);
    uint64_t now_ms = 1000;
    for (int client : {PUBLISHER, SUBSCRIBER}) {
        history.connecting(client, false, true, now_ms);
        history.connected(client, false, now_ms);
    }
    auto subscribe = [&] {
        sim::Asked asked;
        asked.filter = T_ALL;
        asked.qos = qos;
        history.asked(SUBSCRIBER, asked, now_ms);
        history.granted(SUBSCRIBER, T_ALL, qos, now_ms);
    };
    if (subscribes_before) {
        subscribe();
    }
    now_ms += 1000;
    sim::Message message;
    message.topic = "t/0";
    message.qos = 1;
    uint64_t first = history.publish(PUBLISHER, message, now_ms);
    uint64_t second = history.publish(PUBLISHER, message, now_ms);
    now_ms += 1000;
    if (!subscribes_before) {
        subscribe();
    }
    for (uint64_t serial : {first, second}) {
        if (sent_again) {
            history.again(serial, now_ms);
        }
    }
    for (uint64_t serial : {second, first}) {
        sim::History::Arrival arrival;
        arrival.serial = serial;
        arrival.topic = message.topic;
        arrival.qos = qos;
        history.arrived(SUBSCRIBER, arrival, now_ms);
    }
    return history.broken();
}

TEST(Order, OfWhatWasSentOnceIsThatOfItsPublisher) {
    EXPECT_NE(judged(1, true, false), "");
    EXPECT_NE(judged(0, true, false), "");
}

/* Both passes of both messages are in order: 1 2 1 2. */
TEST(Order, OfWhatIsOwedHoldsForTheFirstOfEach) {
    EXPECT_NE(judged(1, true, true), "");
}

/* Of 1 2 1 2 the first 1 was for nobody. */
TEST(Order, IsNotBrokenByARepetitionWhoseFirstWasMissedRightly) {
    EXPECT_EQ(judged(1, false, true), "");
    EXPECT_EQ(judged(0, true, true), "");
}

} // namespace
