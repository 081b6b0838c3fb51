/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The judge, where it is easily too strict or too lax: what may come out of order, which sessions
 * may be gone.
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
        history.connected(client, false, now_ms, now_ms);
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

/* A session that expires is resumed about second 11, and gone at second 20. The broker went down
 * at second 11, and its storage had failed or not. */
std::string judged_gone(bool storage_failed, uint64_t connack_sent_ms) {
    std::vector<sim::Profile> cast(1);
    cast[0].id = "client";
    cast[0].life = sim::Life::EXPIRING;
    cast[0].expiry_s = 15;
    sim::History history(cast);
    history.connecting(0, false, true, 1000);
    history.connected(0, false, 1000, 1000);
    history.connecting(0, false, true, 10000);
    history.broker_down(11000);
    if (storage_failed) {
        history.unstored(9000, 11000);
    }
    history.connected(0, true, connack_sent_ms, 11100);
    history.connecting(0, false, true, 20000);
    history.connected(0, false, 20000, 20000);
    return history.broken();
}

TEST(Session, MayBeGoneIfItWasResumedByABrokerThatCouldNotStoreIt) {
    EXPECT_EQ(judged_gone(true, 10900), "");
    EXPECT_NE(judged_gone(true, 11050), "");
    EXPECT_NE(judged_gone(false, 10900), "");
}

} // namespace
