// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/cost/world.h"

#include <cstdlib>

#include "tools/cost/run.h"

extern "C" {
#include "broker/core/core.h"
}

namespace cost {

namespace {

constexpr uint32_t buffer_size = 64u * 1024u; // as the loop's
constexpr uint64_t now_ms = 1000;             // it is always the same moment
const std::string payload(64, 'x');

core_listener listener_of_all() {
    core_listener out = {};
    out.maximum_qos = 2;
    out.version_accepted[ELLA_VERSION_3_1_1] = true;
    out.version_accepted[ELLA_VERSION_5_0] = true;
    return out;
}

const core_listener listener = listener_of_all();

ella_slice slice(const std::string &text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

bytes encode(const ella_packet &packet, ella_version version) {
    uint32_t size = 0;
    if (ella_encoded_size(&packet, version, ELLA_FROM_CLIENT, &size) != ELLA_ERROR_NONE)
        give_up("a packet that can't be encoded");
    bytes out(size);
    if (ella_encode(&packet, version, ELLA_FROM_CLIENT, out.data(), 0, size, &size) !=
        ELLA_ERROR_NONE)
        give_up("a packet that can't be encoded");
    return out;
}

core_event event_of(core_event_type type, uint32_t slot) {
    core_event event = {};
    event.type = type;
    event.conn = slot;
    event.now_ms = now_ms;
    return event;
}

} // namespace

world::world(ella_version version) : version_(version), buffer_(buffer_size) {
    core_limits limits;
    core_limits_default(&limits);
    limits.sys_interval_s = 0;
    limits.asks_policy = false;
    core_ports ports = {};
    ports.allocate = [](void *, size_t size) { return std::malloc(size); };
    ports.release = [](void *, void *memory, size_t) { std::free(memory); };
    ports.seed = 1;
    core_ = core_create(&limits, &ports, now_ms);
    if (core_ == nullptr)
        give_up("no memory");
}

world::~world() {
    core_destroy(core_);
}

// ---- What clients send
// --------------------------------------------------------------------------

void world::open(uint32_t slot) {
    if (clients_.size() <= slot)
        clients_.resize(slot + 1);
    core_event event = event_of(CORE_OPEN, slot);
    event.open = &listener;
    if (core_step(core_, &event) != CORE_OK)
        give_up("no connection");
    clients_[slot].is_open = true;
    ella_decoder_init(&clients_[slot].decoder, ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT,
                      ELLA_PACKET_SIZE_MAX);
}

void world::connect_one(uint32_t slot, bool clean) {
    const std::string client_id = "client-" + std::to_string(slot);
    ella_packet packet = {};
    packet.type = ELLA_CONNECT;
    packet.connect.version = version_;
    packet.connect.clean_start = clean;
    packet.connect.keep_alive_s = 60;
    packet.connect.client_id = slice(client_id);
    open(slot);
    send(slot, encode(packet, version_));
}

void world::connect(uint32_t count, bool clean) {
    for (uint32_t slot = 0; slot < count; slot++) {
        connect_one(slot, clean);
        settle();
    }
}

void world::disconnect(uint32_t slot) {
    ella_packet packet = {};
    packet.type = ELLA_DISCONNECT;
    send(slot, encode(packet, version_));
}

void world::subscribe(uint32_t slot, const std::vector<std::string> &filters, uint8_t qos) {
    bytes list;
    uint32_t used = 0;
    for (const std::string &filter : filters) {
        ella_filter entry = {};
        entry.filter = slice(filter);
        entry.qos = qos;
        list.resize(used + filter.size() + 3);
        if (ella_filter_put(ELLA_SUBSCRIBE, version_, &entry, list.data(),
                            static_cast<uint32_t>(list.size()), &used) != ELLA_ERROR_NONE)
            give_up("a filter that can't be encoded");
    }
    ella_packet packet = {};
    packet.type = ELLA_SUBSCRIBE;
    packet.subscribe.packet_id = 1;
    packet.subscribe.filters = ella_slice_of(list.data(), used);
    send(slot, encode(packet, version_));
}

bytes world::publish(const std::string &topic, uint8_t qos, uint16_t packet_id,
                     bool retain) const {
    ella_packet packet = {};
    packet.type = ELLA_PUBLISH;
    packet.publish.qos = qos;
    packet.publish.retain = retain;
    packet.publish.packet_id = packet_id;
    packet.publish.topic = slice(topic);
    packet.publish.payload = slice(payload);
    return encode(packet, version_);
}

void world::send(uint32_t slot, const bytes &packets) {
    const uint32_t len = static_cast<uint32_t>(packets.size());
    if (core_receive(core_, slot, &clients_[slot].decoder, packets.data(), 0, len, now_ms) != len)
        give_up("the core did not take all packets");
}

// ---- What clients receive
// -----------------------------------------------------------------------

namespace {

uint32_t number_at(const uint8_t *at) {
    return static_cast<uint32_t>(at[0] << 8 | at[1]);
}

void acknowledge(client *to, ella_packet_type type, uint32_t packet_id) {
    to->answers.push_back(static_cast<uint8_t>(type << 4 | (type == ELLA_PUBREL ? 2 : 0)));
    to->answers.push_back(2);
    to->answers.push_back(static_cast<uint8_t>(packet_id >> 8));
    to->answers.push_back(static_cast<uint8_t>(packet_id));
}

} // namespace

void world::read(uint32_t slot, uint32_t len) {
    client *to = &clients_[slot];
    for (uint32_t at = 0; at < len;) {
        const uint8_t first = buffer_[at++];
        uint32_t size = buffer_[at] & 0x7fu;
        for (uint32_t shift = 7; (buffer_[at++] & 0x80u) != 0; shift += 7)
            size |= (buffer_[at] & 0x7fu) << shift;
        const uint8_t *body = buffer_.data() + at;
        const uint32_t qos = first >> 1 & 3u;
        at += size;
        switch (first >> 4) {
        case ELLA_PUBLISH:
            delivered_++;
            if (qos > 0)
                acknowledge(to, qos == 1 ? ELLA_PUBACK : ELLA_PUBREC,
                            number_at(body + 2 + number_at(body)));
            break;
        case ELLA_PUBREC:
            acknowledge(to, ELLA_PUBREL, number_at(body));
            break;
        case ELLA_PUBREL:
            acknowledge(to, ELLA_PUBCOMP, number_at(body));
            break;
        default:
            break;
        }
    }
}

bool world::carry_out_effects() {
    core_effect effect;
    bool did_something = false;
    while (core_next_effect(core_, &effect)) {
        did_something = true;
        core_event event = event_of(CORE_CLOSED, effect.conn);
        const core_auth_result accepted = {};
        if (effect.type == CORE_EFFECT_AUTHENTICATE) {
            event.type = CORE_AUTH_RESULT;
            event.auth = &accepted;
            (void)core_step(core_, &event);
            continue;
        }
        size_t got = 0;
        while ((got = core_pull(core_, effect.conn, buffer_.data(), buffer_.size())) > 0)
            read(effect.conn, static_cast<uint32_t>(got));
        if (effect.type == CORE_EFFECT_CLOSE) {
            (void)core_step(core_, &event);
            clients_[effect.conn].is_open = false;
        }
    }
    return did_something;
}

bool world::send_answers() {
    bool did_something = false;
    for (uint32_t slot = 0; slot < clients_.size(); slot++) {
        if (clients_[slot].answers.empty() || !clients_[slot].is_open)
            continue;
        did_something = true;
        send(slot, clients_[slot].answers);
        clients_[slot].answers.clear();
    }
    return did_something;
}

void world::settle() {
    while (carry_out_effects() || send_answers())
        continue;
}

void world::expect_delivered(uint64_t count) const {
    if (delivered_ != count)
        give_up(std::to_string(delivered_) + " messages were delivered, not " +
                std::to_string(count));
}

} // namespace cost
