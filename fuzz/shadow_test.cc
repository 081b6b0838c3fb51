/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The judge must be able to say no: every promise, broken once.
 */
#include "fuzz/shadow.h"

#include <gtest/gtest.h>

namespace {

ella_slice slice(const char *s) {
    return ella_slice_of(s, static_cast<uint32_t>(strlen(s)));
}

class ShadowTest : public testing::Test {
  protected:
    ShadowTest() {
        session.client_id = "keep0";
        session.faithful = true;
        connection.version = 5;
        ella_packet connack{};
        connack.type = ELLA_CONNACK;
        send(connack);
        session.exists = true;
    }

    void send(const ella_packet &packet, uint32_t size = 10) {
        shadow.sent(connection, &session, packet, size);
    }

    ella_packet publish(const char *payload, uint8_t qos, uint16_t id, bool dup = false) {
        ella_packet packet{};
        packet.type = ELLA_PUBLISH;
        packet.publish.topic = slice("a");
        packet.publish.payload = slice(payload);
        packet.publish.qos = qos;
        packet.publish.packet_id = id;
        packet.publish.dup = dup;
        return packet;
    }

    void expect(const char *part) {
        EXPECT_NE(shadow.broken.find(part), std::string::npos) << "said: " << shadow.broken;
    }

    Shadow shadow;
    ShadowConnection connection;
    ShadowSession session;
};

TEST_F(ShadowTest, LawfulDeliveryIsNotBlamed) {
    shadow.publish(1, "a", 2, false);
    shadow.publish(1, "a", 2, false);
    send(publish("msg:00000001", 2, 1));
    send(publish("msg:00000002", 1, 2));
    EXPECT_EQ(shadow.broken, "");
}

TEST_F(ShadowTest, SecondConnack) {
    ella_packet connack{};
    connack.type = ELLA_CONNACK;
    send(connack);
    expect("second CONNACK");
}

TEST_F(ShadowTest, SessionPresentMustBeTrue) {
    connection = ShadowConnection{};
    ella_packet connack{};
    connack.type = ELLA_CONNACK;
    send(connack); /* there is a session, and it says there is none */
    expect("Session Present");
}

TEST_F(ShadowTest, PacketAfterDisconnect) {
    ella_packet packet{};
    packet.type = ELLA_DISCONNECT;
    send(packet);
    packet.type = ELLA_PINGRESP;
    send(packet);
    expect("after DISCONNECT");
}

TEST_F(ShadowTest, PacketTooLarge) {
    connection.max_packet_size = 9;
    send(publish("x", 0, 0));
    expect("Maximum Packet Size");
}

TEST_F(ShadowTest, QosTwoTwice) {
    shadow.publish(1, "a", 2, false);
    send(publish("msg:00000001", 2, 1));
    send(publish("msg:00000001", 2, 2));
    expect("delivered twice");
}

TEST_F(ShadowTest, OrderChanged) {
    shadow.publish(1, "a", 1, false);
    shadow.publish(1, "a", 1, false);
    send(publish("msg:00000002", 1, 1));
    send(publish("msg:00000001", 1, 2));
    expect("changed their order");
}

TEST_F(ShadowTest, HigherQosThanPublished) {
    shadow.publish(1, "a", 0, false);
    send(publish("msg:00000001", 1, 1));
    expect("higher QoS");
}

TEST_F(ShadowTest, IdentifierInUse) {
    send(publish("x", 1, 1));
    send(publish("y", 1, 1));
    expect("in use");
}

TEST_F(ShadowTest, WindowExceeded) {
    connection.receive_maximum = 1;
    send(publish("x", 1, 1));
    send(publish("y", 1, 2));
    expect("Receive Maximum");
}

TEST_F(ShadowTest, DupOnFirstDelivery) {
    send(publish("x", 1, 1, true));
    expect("DUP on a first delivery");
}

TEST_F(ShadowTest, AcknowledgedMessageAgain) {
    shadow.publish(1, "a", 1, false);
    session.finished_qos1.insert(1);
    send(publish("msg:00000001", 1, 1));
    expect("acknowledged QoS 1");
}

TEST_F(ShadowTest, AliasAboveMaximum) {
    ella_packet packet = publish("x", 0, 0);
    ella_property_set(&packet.publish.properties, ELLA_PROPERTY_TOPIC_ALIAS);
    packet.publish.properties.topic_alias = 1;
    send(packet);
    expect("alias above");
}

TEST_F(ShadowTest, StrayAcknowledgements) {
    ella_packet packet{};
    packet.type = ELLA_SUBACK;
    packet.suback.packet_id = 5;
    send(packet);
    expect("SUBACK nobody");
}

TEST_F(ShadowTest, LostMessage) {
    session.subscriptions["a"] = {1, false, false};
    std::pmr::vector<ShadowSession *> sessions{&session};
    uint64_t serial = shadow.publish(1, "a", 1, false);
    shadow.accept(serial, false, sessions, "keep1");
    shadow.complete(session);
    expect("was lost");
}

TEST_F(ShadowTest, RetainedIsNotTheLast) {
    std::pmr::vector<ShadowSession *> none;
    shadow.accept(shadow.publish(1, "a", 1, true), false, none, "keep1");
    shadow.retained_seen({});
    expect("retained");
}

} // namespace
