/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The shadow's judgements. Each breach names the statement that it breaks.
 */
#include "fuzz/shadow.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace {

constexpr char MAGIC[] = "msg:";
constexpr size_t MAGIC_LEN = 4;
constexpr size_t SERIAL_LEN = 8;

std::string text(ella_slice slice) {
    if (ella_slice_len(slice) == 0) {
        return "";
    }
    return std::string(reinterpret_cast<const char *>(ella_slice_data(slice)),
                       ella_slice_len(slice));
}

ella_slice slice(const std::string &s) {
    return ella_slice_of(s.data(), static_cast<uint32_t>(s.size()));
}

bool matches(const std::string &filter, const std::string &topic) {
    ella_slice name, inner;
    ella_topic_share(slice(filter), &name, &inner);
    return ella_topic_match(inner, slice(topic));
}

} // namespace

void Shadow::breach(const std::string &what) {
    if (broken.empty()) {
        broken = what;
    }
}

uint64_t Shadow::publish(int publisher, const std::string &topic, int qos, bool retain) {
    uint64_t serial = published.size() + 1;
    published[serial] = Published{publisher, topic, qos, retain, false};
    return serial;
}

uint64_t Shadow::serial_of(const ella_publish &publish) {
    const auto *bytes = reinterpret_cast<const char *>(ella_slice_data(publish.payload));
    if (ella_slice_len(publish.payload) < MAGIC_LEN + SERIAL_LEN ||
        std::memcmp(bytes, MAGIC, MAGIC_LEN) != 0) {
        return 0;
    }
    uint64_t serial = 0;
    std::from_chars(bytes + MAGIC_LEN, bytes + MAGIC_LEN + SERIAL_LEN, serial, 16);
    return serial;
}

void Shadow::accept(uint64_t serial, bool expires,
                    const std::pmr::vector<ShadowSession *> &sessions,
                    const std::string &publisher_id) {
    const Published &message = published[serial];
    if (message.retain) {
        retained[message.topic] = serial;
    }
    for (ShadowSession *session : sessions) {
        if (!session->faithful || !session->exists || expires || !nothing_is_dropped) {
            continue;
        }
        int granted = -1;
        for (const auto &[filter, options] : session->subscriptions) {
            bool own = options.no_local && publisher_id == session->client_id;
            if (!options.shared && !own && matches(filter, message.topic)) {
                granted = std::max(granted, options.qos);
            }
        }
        if (std::min(granted, message.qos) >= 1) {
            session->expected.insert(serial);
        }
    }
}

void Shadow::again(uint64_t serial) {
    published[serial].sent_again = true;
    if (published[serial].retain) {
        retained[published[serial].topic] = serial;
    }
}

void Shadow::connack(ShadowConnection &connection, ShadowSession *session,
                     const ella_connack &connack) {
    if (connection.connack) {
        breach("a second CONNACK (v5/3.2.0-2)");
    }
    connection.connack = true;
    connection.refused = connack.reason_code != 0;
    connection.reason_code = connack.reason_code;
    connection.session_present = connack.session_present;
    if (ella_property_present(&connack.properties, ELLA_PROPERTY_RECEIVE_MAXIMUM)) {
        connection.server_receive_maximum = connack.properties.receive_maximum;
    }
    if (session != nullptr && session->faithful && !connection.refused &&
        connack.session_present != session->exists) {
        breach("Session Present does not tell the truth (v5/3.2.2-3)");
    }
}

void Shadow::new_delivery(ShadowSession &session, const ella_publish &publish,
                          const std::string &topic) {
    uint64_t serial = serial_of(publish);
    auto found = published.find(serial);
    if (found == published.end()) {
        return; /* a will, a message of a wild client, or of the broker itself */
    }
    const Published &message = found->second;
    if (message.topic != topic) {
        breach("a message arrived under another topic");
    }
    if (publish.qos > message.qos) {
        breach("a message arrived at a higher QoS than it was published with (v5/3.8.4-8)");
    }
    session.received.insert(serial);
    if (message.retain || message.sent_again || session.ever_shared) {
        return; /* may rightly arrive again, or by way of another member */
    }
    if (publish.qos == 2 && ++session.times_qos2[serial] > 1) {
        breach("a QoS 2 message was delivered twice (v5/4.3.3-10)");
    }
    uint64_t &last = session.last[Line{message.publisher, topic, message.qos, publish.qos}];
    if (last >= serial) {
        breach("messages of one publisher and topic changed their order (v5/4.6.0-5)");
    }
    last = serial;
}

void Shadow::publish_sent(ShadowConnection &connection, ShadowSession &session,
                          const ella_publish &publish) {
    std::string topic = text(publish.topic);
    if (ella_property_present(&publish.properties, ELLA_PROPERTY_TOPIC_ALIAS)) {
        uint16_t alias = publish.properties.topic_alias;
        if (alias > connection.topic_alias_maximum) {
            breach("a topic alias above the client's maximum (v5/3.1.2-26)");
        }
        if (topic.empty()) {
            topic = connection.aliases[alias];
        }
        connection.aliases[alias] = topic;
    }
    if (topic.empty()) {
        breach("a PUBLISH whose topic alias was never bound");
    }
    if (publish.qos == 0) {
        new_delivery(session, publish, topic);
        return;
    }
    uint64_t serial = serial_of(publish);
    auto &inbound = publish.qos == 1 ? session.inbound_qos1 : session.inbound_qos2;
    bool known = session.inbound_qos1.count(publish.packet_id) != 0 ||
                 session.inbound_qos2.count(publish.packet_id) != 0;
    if (!connection.window.insert(publish.packet_id).second) {
        breach("a packet identifier in use was sent again (v5/2.2.1-4, v5/4.4.0-1)");
    }
    if (connection.window.size() > connection.receive_maximum) {
        breach("more unacknowledged PUBLISH than the client's Receive Maximum (v5/3.3.4-9)");
    }
    if (publish.dup != known) {
        breach(publish.dup ? "DUP on a first delivery (v5/3.3.1-1)"
                           : "a redelivery without DUP, or an identifier reused (v5/3.3.1-1)");
    }
    if (known) {
        if (inbound.count(publish.packet_id) == 0 || inbound[publish.packet_id] != serial) {
            breach("a redelivery is not the message it was");
        }
        return;
    }
    if (publish.qos == 1 && serial != 0 && session.finished_qos1.count(serial) != 0 &&
        !published[serial].retain && !published[serial].sent_again && !session.ever_shared) {
        breach("an acknowledged QoS 1 message was sent again (v5/4.3.2-3)");
    }
    inbound[publish.packet_id] = serial;
    new_delivery(session, publish, topic);
}

void Shadow::sent(ShadowConnection &connection, ShadowSession *session, const ella_packet &packet,
                  uint32_t size) {
    if (connection.disconnected || connection.refused) {
        breach("a packet after DISCONNECT or a refusing CONNACK (v5/3.14.4-1)");
    }
    if (size > connection.max_packet_size) {
        breach("a packet above the client's Maximum Packet Size (v5/3.1.2-24)");
    }
    if (packet.type == ELLA_CONNACK) {
        connack(connection, session, packet.connack);
        return;
    }
    if (!connection.connack && packet.type != ELLA_AUTH) {
        breach("something else before CONNACK (v5/3.2.0-1)");
    }
    if (packet.type == ELLA_DISCONNECT) {
        connection.disconnected = true;
        connection.reason_code = packet.reason.reason_code;
        if (connection.version != ELLA_VERSION_5_0) {
            breach("a server's DISCONNECT in 3.x");
        }
    }
    if (session == nullptr) {
        return;
    }
    switch (packet.type) {
    case ELLA_PUBLISH:
        publish_sent(connection, *session, packet.publish);
        break;
    case ELLA_SUBACK:
        if (connection.awaited_suback.erase(packet.suback.packet_id) == 0) {
            breach("a SUBACK nobody waits for (v5/2.2.1-6)");
        }
        break;
    case ELLA_UNSUBACK:
        if (connection.awaited_unsuback.erase(packet.suback.packet_id) == 0) {
            breach("an UNSUBACK nobody waits for (v5/2.2.1-6)");
        }
        break;
    case ELLA_PUBREL:
        if (session->inbound_qos2.count(packet.ack.packet_id) == 0) {
            breach("a PUBREL for a packet identifier not in use (v5/4.3.3-3)");
        }
        connection.window.insert(packet.ack.packet_id);
        break;
    default:
        break;
    }
}

void Shadow::complete(const ShadowSession &session) {
    for (uint64_t serial : session.expected) {
        if (session.received.count(serial) == 0) {
            breach("message " + std::to_string(serial) + " to " + session.client_id + " was lost");
        }
    }
}

void Shadow::retained_seen(const std::pmr::map<std::string, uint64_t> &seen) {
    if (retained_known && seen != retained) {
        breach("the retained messages are not the last ones published (v5/3.3.1-5)");
    }
}
