/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What a client hears and what it answers.
 */
#include <algorithm>

#include "broker/sim/client.h"
#include "broker/sim/packets.h"
#include "fuzz/shadow.h"

namespace sim {

namespace {

constexpr uint64_t ASK_AGAIN_MS = 1000;

} // namespace

std::string Client::packet_line(const ella_packet &packet) const {
    return line_of(packet);
}

void Client::receive(int connection, const char *bytes, size_t size, uint64_t pulled_ms) {
    if (connection != connection_) {
        return; /* it has given this one up */
    }
    heard_ms_ = host_.now_ms();
    unread_.append(bytes, size);
    size_t begin = 0;
    while (connection == connection_ && begin < unread_.size()) {
        ella_packet packet;
        std::string whole = unread_.substr(begin);
        ella_result result =
            ella_decode(&decoder_, reinterpret_cast<const uint8_t *>(whole.data()), 0,
                        static_cast<uint32_t>(whole.size()), &packet);
        if (result == ELLA_BAD) {
            history_.breach(std::string("the broker sent bytes that are not MQTT: ") +
                            ella_error_text(static_cast<ella_error>(decoder_.error)));
            return;
        }
        if (result == ELLA_MORE) {
            break;
        }
        begin += decoder_.size;
        if (host_.tells()) {
            host_.tell(index_, "< " + packet_line(packet));
        }
        take(packet, pulled_ms);
    }
    unread_.erase(0, begin);
}

void Client::take(const ella_packet &packet, uint64_t pulled_ms) {
    if (!connected_ && packet.type != ELLA_CONNACK) {
        history_.breach("something else before CONNACK (v5/3.2.0-1)");
        return;
    }
    if (connected_) {
        history_.heard(index_, host_.now_ms());
        alive_ms_ = host_.now_ms();
    }
    if (packet.type != ELLA_CONNACK && packet.type != ELLA_PUBLISH &&
        packet.type != ELLA_DISCONNECT) {
        history_.replied(index_, host_.now_ms());
    }
    switch (packet.type) {
    case ELLA_CONNACK:
        take_connack(packet.connack, pulled_ms);
        break;
    case ELLA_PUBLISH:
        take_publish(packet.publish, pulled_ms);
        break;
    case ELLA_PUBREL:
        window_.insert(packet.ack.packet_id);
        answer(ELLA_PUBCOMP, packet.ack.packet_id,
               inbound_.erase(packet.ack.packet_id) == 0 && profile_.version == 5
                   ? ELLA_REASON_PACKET_IDENTIFIER_NOT_FOUND
                   : ELLA_REASON_SUCCESS);
        break;
    case ELLA_PUBACK:
    case ELLA_PUBREC:
    case ELLA_PUBCOMP:
        take_acknowledgement(packet);
        break;
    case ELLA_SUBACK:
    case ELLA_UNSUBACK:
        take_suback(packet);
        break;
    case ELLA_PINGRESP:
        waits_for_pong_ = false;
        break;
    case ELLA_DISCONNECT:
        if (packet.reason.reason_code == ELLA_REASON_PROTOCOL_ERROR ||
            packet.reason.reason_code == ELLA_REASON_MALFORMED_PACKET ||
            packet.reason.reason_code == ELLA_REASON_RECEIVE_MAXIMUM_EXCEEDED) {
            history_.breach("the lawful client " + profile_.id +
                            " was thrown out: " + ella_reason_name(packet.reason.reason_code));
        }
        break;
    default:
        history_.breach("a packet that no server sends");
    }
}

void Client::take_connack(const ella_connack &connack, uint64_t sent_ms) {
    if (connected_) {
        history_.breach("a second CONNACK (v5/3.2.0-2)");
    }
    if (connack.reason_code != 0) {
        /* Busy, or out of space: it comes again later. */
        bool temporary = connack.reason_code == ELLA_REASON_SERVER_UNAVAILABLE ||
                         connack.reason_code == ELLA_REASON_SERVER_BUSY ||
                         connack.reason_code == ELLA_REASON_QUOTA_EXCEEDED ||
                         (profile_.version == 4 && connack.reason_code == 3);
        if (!temporary) {
            history_.breach("a lawful CONNECT of " + profile_.id + " was refused");
        }
        return;
    }
    connected_ = true;
    alive_ms_ = host_.now_ms();
    server_receive_maximum_ =
        ella_property_present(&connack.properties, ELLA_PROPERTY_RECEIVE_MAXIMUM)
            ? connack.properties.receive_maximum
            : 65535;
    history_.connected(index_, connack.session_present, sent_ms, host_.now_ms());
    resume(connack.session_present);
}

/* Sends again what was not finished, in its order. */
//= v5/4.4.0-1 test
void Client::resume(bool session_present) {
    bool from_scratch = !session_present;
    fresh_ = false;
    if (from_scratch) {
        outgoing_.clear();
        inbound_.clear();
    }
    for (const Outgoing &one : outgoing_) {
        if (one.released) {
            ella_packet packet{};
            packet.type = ELLA_PUBREL;
            packet.ack.packet_id = one.packet_id;
            send(packet);
        } else {
            history_.again(one.serial, host_.now_ms());
            send_publish(one, true);
        }
    }
    /* What the broker lost it may have lost in part: ask for everything again. */
    if (damaged_ms_ != history_.damaged_ms()) {
        from_scratch = true;
        inbound_.clear();
    }
    damaged_ms_ = history_.damaged_ms();
    std::vector<uint8_t> open = history_.unanswered(index_);
    for (const auto &[filter, asked] : wishes_) {
        /* Also what it never came to ask for, since CONNACK was lost. */
        if (from_scratch || !history_.is_granted(index_, filter)) {
            send_subscribe(asked);
        }
    }
    for (uint8_t filter : open) {
        if (!from_scratch && wishes_.count(filter) == 0) {
            send_unsubscribe(filter);
        }
    }
}

void Client::take_publish(const ella_publish &publish, uint64_t pulled_ms) {
    std::string topic = text_of(publish.topic);
    if (ella_property_present(&publish.properties, ELLA_PROPERTY_TOPIC_ALIAS)) {
        uint16_t alias = publish.properties.topic_alias;
        if (alias == 0 || alias > profile_.topic_alias_maximum) {
            history_.breach("a topic alias above the client's maximum (v5/3.1.2-26)");
        }
        topic = topic.empty() ? aliases_[alias] : topic;
        aliases_[alias] = topic;
    }
    History::Arrival arrival;
    arrival.serial = Shadow::serial_of(publish);
    arrival.topic = topic;
    arrival.qos = publish.qos;
    arrival.retain = publish.retain;
    arrival.pulled_ms = pulled_ms;
    uint16_t id = publish.packet_id;
    if (publish.qos > 0) {
        uint32_t maximum = profile_.receive_maximum == 0 ? 65535 : profile_.receive_maximum;
        if (!window_.insert(id).second) {
            history_.breach("a packet identifier in use was sent again (v5/2.2.1-4, v5/4.4.0-1)");
        }
        if (window_.size() > maximum) {
            history_.breach("more PUBLISH than the Receive Maximum (v5/3.3.4-9)");
        }
    }
    if (publish.qos == 2) {
        auto known = inbound_.find(id);
        arrival.is_new = known == inbound_.end();
        if (!arrival.is_new && known->second != arrival.serial) {
            history_.breach("packet identifier " + std::to_string(id) + " of " + profile_.id +
                            " is in use for another message (v5/2.2.1-4)");
        }
        inbound_[id] = arrival.serial;
    }
    if (publish.retain && arrival.serial != 0) {
        retained_[topic] = arrival.serial;
    }
    history_.arrived(index_, arrival, host_.now_ms());
    if (publish.qos > 0) {
        answer(publish.qos == 1 ? ELLA_PUBACK : ELLA_PUBREC, id, ELLA_REASON_SUCCESS,
               arrival.serial);
    }
}

void Client::take_acknowledgement(const ella_packet &packet) {
    uint16_t id = packet.ack.packet_id;
    auto one = std::find_if(outgoing_.begin(), outgoing_.end(),
                            [id](const Outgoing &o) { return o.packet_id == id; });
    bool fits = one != outgoing_.end() && (packet.type == ELLA_PUBACK) == (one->message.qos == 1);
    if (!fits) {
        history_.breach("an acknowledgement that " + profile_.id + " does not wait for");
        return;
    }
    if (packet.type == ELLA_PUBCOMP) {
        outgoing_.erase(one);
        return;
    }
    bool released = one->released;
    if (!released) {
        history_.taken(one->serial, packet.ack.reason_code, host_.now_ms());
    }
    if (packet.type == ELLA_PUBACK || packet.ack.reason_code >= 0x80) {
        outgoing_.erase(one);
        return;
    }
    one->released = true;
    answer(ELLA_PUBREL, id, ELLA_REASON_SUCCESS);
}

void Client::take_suback(const ella_packet &packet) {
    auto &waiting = packet.type == ELLA_SUBACK ? subscribing_ : unsubscribing_;
    auto found = waiting.find(packet.suback.packet_id);
    if (found == waiting.end()) {
        history_.breach("a SUBACK or UNSUBACK nobody waits for (v5/2.2.1-6)");
        return;
    }
    std::string codes = text_of(packet.suback.reason_codes);
    uint8_t filter = found->second;
    bool is_subscribe = packet.type == ELLA_SUBACK;
    uint8_t code = codes.empty() ? 0 : static_cast<uint8_t>(codes[0]);
    bool forbidden = is_forbidden(profile_, filter_of(filter));
    if (code >= 0x80 && !forbidden) {
        refused_[filter] = host_.now_ms() + ASK_AGAIN_MS;
    }
    if (is_subscribe) {
        history_.granted(index_, filter, code, host_.now_ms());
    } else if (code < 0x80) {
        history_.left(index_, filter, host_.now_ms());
    }
    waiting.erase(found);
}

/* Answers leave in the order of what they answer (v5/4.6.0-2 and what follows). */
void Client::answer(ella_packet_type type, uint16_t packet_id, uint8_t reason_code,
                    uint64_t serial) {
    uint64_t due_ms = host_.now_ms() + (think_ms_ > 0 ? (packet_id * 7919u) % (think_ms_ + 1) : 0);
    if (!replies_.empty()) {
        due_ms = std::max(due_ms, replies_.back().due_ms);
    }
    replies_.push_back(Reply{due_ms, type, packet_id, reason_code, serial});
}

} // namespace sim
