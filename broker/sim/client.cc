/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What a client says, and when. What it hears is in client_hears.cc.
 */
#include "broker/sim/client.h"

#include <algorithm>
#include <cstdio>

#include "broker/sim/packets.h"

namespace sim {

namespace {

constexpr uint64_t CONNECT_PATIENCE_MS = 8000;
constexpr size_t OUTGOING_MAX = 200;

} // namespace

Client::Client(int index, const Profile &profile, ClientHost &host, History &history)
    : index_(index), profile_(profile), host_(host), history_(history),
      think_ms_(profile.think_ms), patience_ms_(profile.patience_ms) {
    for (uint8_t filter : profile.filters) {
        wishes_[filter] = Asked{filter, 2, 0};
    }
    back_ms_ = 1 + static_cast<uint64_t>(index);
}

void Client::calm_down() {
    think_ms_ = 1;
    patience_ms_ = std::min(patience_ms_, 200u);
    back_ms_ = std::min(back_ms_, host_.now_ms() + patience_ms_);
    for (Reply &reply : replies_) {
        reply.due_ms = std::min(reply.due_ms, host_.now_ms() + 1);
    }
}

bool Client::is_idle() const {
    return connected_ && outgoing_.empty() && replies_.empty() && inbound_.empty() &&
           subscribing_.empty() && unsubscribing_.empty() && refused_.empty();
}

std::string Client::unfinished() const {
    return profile_.id + (connected_ ? ": connected" : ": not connected") + ", " +
           std::to_string(outgoing_.size()) + " of its messages not acknowledged, " +
           std::to_string(inbound_.size()) + " QoS 2 messages not released, " +
           std::to_string(subscribing_.size() + unsubscribing_.size()) +
           " subscriptions not answered";
}

/* ---- Connections ---- */

void Client::connect_properties(ella_connect &c) const {
    if (profile_.life != Life::CLEAN) {
        ella_property_set(&c.properties, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
        c.properties.session_expiry_interval_s =
            profile_.life == Life::FAITHFUL ? NEVER_EXPIRES : profile_.expiry_s;
    }
    if (profile_.receive_maximum > 0) {
        ella_property_set(&c.properties, ELLA_PROPERTY_RECEIVE_MAXIMUM);
        c.properties.receive_maximum = profile_.receive_maximum;
    }
    if (profile_.topic_alias_maximum > 0) {
        ella_property_set(&c.properties, ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM);
        c.properties.topic_alias_maximum = profile_.topic_alias_maximum;
    }
    if (profile_.has_will && profile_.will_delay_s > 0) {
        ella_property_set(&c.will_properties, ELLA_PROPERTY_WILL_DELAY_INTERVAL);
        c.will_properties.will_delay_interval_s = profile_.will_delay_s;
    }
}

void Client::connect() {
    connection_ = host_.open(index_);
    if (connection_ == NO_CONNECTION) {
        lose(host_.now_ms() + std::max(patience_ms_, 100u));
        return;
    }
    connected_ = false;
    unread_.clear();
    aliases_.clear();
    window_.clear();
    replies_.clear();
    subscribing_.clear();
    unsubscribing_.clear();
    refused_.clear();
    waits_for_pong_ = false;
    opened_ms_ = heard_ms_ = host_.now_ms();
    bool clean = profile_.life == Life::CLEAN || fresh_;
    /* It counts the interval of its session too, and forgets what has run out. */
    bool expired = profile_.life == Life::EXPIRING &&
                   host_.now_ms() > alive_ms_ + profile_.expiry_s * 1000ull;
    if (clean || expired) {
        outgoing_.clear();
        inbound_.clear();
    }
    will_serial_ = history_.connecting(index_, clean, !clean && !expired, host_.now_ms());
    ella_packet packet{};
    packet.type = ELLA_CONNECT;
    ella_connect &c = packet.connect;
    std::string will_topic = "w/" + profile_.id, will_payload = payload_of(will_serial_, 0);
    c.version = profile_.version;
    c.clean_start = clean;
    c.keep_alive_s = profile_.keep_alive_s;
    c.client_id = slice_of(profile_.id);
    if (profile_.has_will) {
        c.has_will = true;
        c.will_qos = profile_.will_qos;
        c.will_topic = slice_of(will_topic);
        c.will_payload = slice_of(will_payload);
    }
    if (profile_.version == 5) {
        connect_properties(c);
    }
    ella_decoder_init(&decoder_, version(), ELLA_FROM_SERVER, ELLA_PACKET_SIZE_MAX);
    send(packet);
}

/* The connection is no more, for the client. */
void Client::lose(uint64_t back_ms) {
    connection_ = NO_CONNECTION;
    connected_ = false;
    will_serial_ = 0;
    replies_.clear();
    back_ms_ = back_ms;
}

void Client::closed(int connection) {
    if (connection == connection_) {
        lose(host_.now_ms() + patience_ms_);
    }
}

void Client::leave(const Event &event) {
    if (!connected_) {
        return;
    }
    bool with_will = event.a != 0 && profile_.version == 5;
    ella_packet packet{};
    packet.type = ELLA_DISCONNECT;
    packet.reason.reason_code =
        with_will ? ELLA_REASON_DISCONNECT_WITH_WILL_MESSAGE : ELLA_REASON_SUCCESS;
    history_.farewell(index_, with_will, host_.now_ms());
    send(packet);
    int connection = connection_;
    lose(host_.now_ms() + event.n);
    host_.hang_up(connection);
}

/* ---- Time ---- */

uint64_t Client::deadline_ms() const {
    if (connection_ == NO_CONNECTION) {
        return back_ms_;
    }
    if (!connected_) {
        return opened_ms_ + CONNECT_PATIENCE_MS;
    }
    uint64_t keep_alive_ms = profile_.keep_alive_s * 1000ull;
    uint64_t due_ms = waits_for_pong_ ? sent_ms_ + keep_alive_ms : sent_ms_ + keep_alive_ms / 2;
    for (const auto &[filter, again_ms] : refused_) {
        due_ms = std::min(due_ms, again_ms);
    }
    return replies_.empty() ? due_ms : std::min(due_ms, replies_.front().due_ms);
}

void Client::wake() {
    uint64_t now_ms = host_.now_ms();
    if (connection_ == NO_CONNECTION) {
        if (now_ms >= back_ms_) {
            connect();
        }
        return;
    }
    if (connected_) {
        send_answers();
        ask_again();
    }
    uint64_t keep_alive_ms = profile_.keep_alive_s * 1000ull;
    bool late = connected_ ? waits_for_pong_ && now_ms >= sent_ms_ + keep_alive_ms
                           : now_ms >= opened_ms_ + CONNECT_PATIENCE_MS;
    if (late) {
        int connection = connection_;
        lose(now_ms + patience_ms_);
        host_.hang_up(connection);
    } else if (connected_ && !waits_for_pong_ && now_ms >= sent_ms_ + keep_alive_ms / 2) {
        ella_packet packet{};
        packet.type = ELLA_PINGREQ;
        send(packet);
        waits_for_pong_ = true;
    }
}

/* What the broker had no room for. */
void Client::ask_again() {
    std::map<uint8_t, uint64_t> refused = std::move(refused_);
    refused_.clear();
    for (const auto &[filter, again_ms] : refused) {
        if (again_ms > host_.now_ms()) {
            refused_[filter] = again_ms;
        } else if (wishes_.count(filter) != 0) {
            send_subscribe(wishes_[filter]);
        } else {
            send_unsubscribe(filter);
        }
    }
}

void Client::send_answers() {
    while (!replies_.empty() && replies_.front().due_ms <= host_.now_ms()) {
        Reply reply = replies_.front();
        replies_.pop_front();
        ella_packet packet{};
        packet.type = reply.type;
        packet.ack.packet_id = reply.packet_id;
        packet.ack.reason_code = reply.reason_code;
        if (reply.type == ELLA_PUBACK || reply.type == ELLA_PUBCOMP) {
            window_.erase(reply.packet_id);
        }
        if (reply.type == ELLA_PUBACK) {
            history_.answered(index_, reply.serial, host_.now_ms());
        }
        send(packet);
    }
}

/* ---- Packets ---- */

void Client::send(const ella_packet &packet) {
    static thread_local uint8_t buf[16384];
    uint32_t size = 0;
    if (host_.tells()) {
        host_.tell(index_, "> " + packet_line(packet));
    }
    if (ella_encode_checked(&packet, version(), ELLA_FROM_CLIENT, buf, 0, sizeof buf, &size) !=
        ELLA_ERROR_NONE) {
        history_.breach("the encoder refuses a lawful packet");
        return;
    }
    sent_ms_ = host_.now_ms();
    host_.send(connection_, std::string(reinterpret_cast<char *>(buf), size));
}

uint16_t Client::free_packet_id() {
    for (;;) {
        uint16_t id = next_packet_id_++;
        next_packet_id_ = next_packet_id_ == 0 ? 1 : next_packet_id_;
        bool used = subscribing_.count(id) != 0 || unsubscribing_.count(id) != 0;
        for (const Outgoing &one : outgoing_) {
            used |= one.packet_id == id;
        }
        if (!used) {
            return id;
        }
    }
}

void Client::publish(const Event &event) {
    if (!connected_ ||
        (event.b > 0 &&
         outgoing_.size() >= std::min<size_t>(server_receive_maximum_, OUTGOING_MAX))) {
        return;
    }
    Outgoing one{};
    one.message.topic = topic_of(event.a, index_);
    one.message.qos = event.b;
    one.message.retain = (event.c & PUBLISH_RETAIN) != 0;
    one.message.erase = (event.c & PUBLISH_ERASE) != 0;
    one.message.expiry_s = (event.c & PUBLISH_EXPIRES) != 0 ? MESSAGE_EXPIRY_S : 0;
    one.serial = history_.publish(index_, one.message, host_.now_ms());
    one.padding = event.n;
    if (event.b > 0) {
        one.packet_id = free_packet_id();
        outgoing_.push_back(one);
    }
    send_publish(one, false);
}

void Client::send_publish(const Outgoing &one, bool dup) {
    std::string payload = one.message.erase ? "" : payload_of(one.serial, one.padding);
    ella_packet packet{};
    packet.type = ELLA_PUBLISH;
    packet.publish.topic = slice_of(one.message.topic);
    packet.publish.payload = slice_of(payload);
    packet.publish.qos = one.message.qos;
    packet.publish.retain = one.message.retain;
    packet.publish.dup = dup;
    packet.publish.packet_id = one.packet_id;
    if (one.message.expiry_s > 0) {
        ella_property_set(&packet.publish.properties, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        packet.publish.properties.message_expiry_interval_s = one.message.expiry_s;
    }
    send(packet);
}

void Client::send_subscribe(const Asked &asked) {
    std::string filter = filter_of(asked.filter);
    bool is_v5 = profile_.version == 5, shared = asked.filter >= FILTER_SHARED;
    ella_filter entry{};
    entry.filter = slice_of(filter);
    entry.qos = asked.qos;
    entry.no_local = is_v5 && !shared && (asked.options & SUBSCRIBE_NO_LOCAL) != 0;
    entry.retain_as_published = is_v5 && (asked.options & SUBSCRIBE_RETAIN_AS_PUBLISHED) != 0;
    entry.retain_handling = is_v5 && (asked.options & SUBSCRIBE_NO_RETAINED) != 0 ? 2 : 0;
    uint8_t list[64], identifier[8];
    uint32_t used = 0, identifier_used = 0;
    ella_packet packet{};
    packet.type = ELLA_SUBSCRIBE;
    packet.subscribe.packet_id = free_packet_id();
    if (ella_filter_put(ELLA_SUBSCRIBE, version(), &entry, list, sizeof list, &used) !=
            ELLA_ERROR_NONE ||
        ella_subscription_identifier_put(1u + asked.filter, identifier, sizeof identifier,
                                         &identifier_used) != ELLA_ERROR_NONE) {
        history_.breach("the encoder refuses a lawful filter");
        return;
    }
    packet.subscribe.filters = ella_slice_of(list, used);
    if (is_v5 && (asked.options & SUBSCRIBE_IDENTIFIER) != 0) {
        ella_property_set(&packet.subscribe.properties, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
        packet.subscribe.properties.subscription_identifiers =
            ella_slice_of(identifier, identifier_used);
    }
    subscribing_[packet.subscribe.packet_id] = asked.filter;
    history_.asked(index_, asked, host_.now_ms());
    send(packet);
}

void Client::send_unsubscribe(uint8_t filter) {
    std::string text = filter_of(filter);
    ella_filter entry{};
    entry.filter = slice_of(text);
    uint8_t list[64];
    uint32_t used = 0;
    ella_packet packet{};
    packet.type = ELLA_UNSUBSCRIBE;
    packet.subscribe.packet_id = free_packet_id();
    if (ella_filter_put(ELLA_UNSUBSCRIBE, version(), &entry, list, sizeof list, &used) !=
        ELLA_ERROR_NONE) {
        history_.breach("the encoder refuses a lawful filter");
        return;
    }
    packet.subscribe.filters = ella_slice_of(list, used);
    unsubscribing_[packet.subscribe.packet_id] = filter;
    history_.leaving(index_, filter, host_.now_ms());
    send(packet);
}

/* ---- The story ---- */

void Client::act(const Event &event) {
    switch (event.act) {
    case Act::PUBLISH:
        publish(event);
        break;
    case Act::SUBSCRIBE:
        if (connected_ && unsubscribing_.empty() && subscribing_.empty() && refused_.empty()) {
            wishes_[event.a] = Asked{event.a, event.b, event.c};
            send_subscribe(wishes_[event.a]);
        }
        break;
    case Act::UNSUBSCRIBE:
        if (connected_ && subscribing_.empty() && refused_.empty() && wishes_.erase(event.a) > 0) {
            send_unsubscribe(event.a);
        }
        break;
    case Act::LEAVE:
        leave(event);
        break;
    case Act::START_CLEAN:
        fresh_ = true;
        connect();
        break;
    case Act::TAKE_OVER:
        connect();
        break;
    default:
        break;
    }
}

} // namespace sim
