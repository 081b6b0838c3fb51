// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The player of packet scripts. What the core owes to everybody: bytes that are MQTT, of the
// client's version and within its limits; CONNACK first and once; nothing after DISCONNECT; no
// more unacknowledged than the client's Receive Maximum; an exact account of memory, and none left
// at the end.

#include "fuzz/packet_script.h"

#include <vector>

#include "fuzz/allocator.h"
#include "fuzz/input.h"
#include "fuzz/shadow.h"

extern "C" {
#include "broker/core/core.h"
}

namespace fuzz {

namespace {

constexpr size_t PULL_SIZE = 4096;
constexpr uint32_t PACKET_SIZE_MAX = 70000; // the longest filter fits
// Little, but enough for a core to begin with.
constexpr uint64_t MEMORY_LIMIT_BYTES = 1u << 19;
constexpr uint64_t WALL_MS = 1700000000000;
constexpr size_t TURNS_MAX = 1000;

// The client's end of a connection.
struct wire {
    bool open = false;
    bool deaf = false;
    ella_decoder to_server = {}; // the core's
    ella_decoder said = {};      // the same bytes, for the judge
    ella_decoder from_server = {};
    bool hears = false; // from_server knows the version
    std::string untaken;
    std::string unjudged; // said, not whole yet
    std::string arrived;
    ShadowConnection shadow;
};

class player {
  public:
    player(uint8_t flags, std::string *records) : records_(records) {
        core_limits limits;
        core_limits_default(&limits);
        limits.max_packet_size_bytes = PACKET_SIZE_MAX;
        limits.max_queued_messages = (flags & 1) != 0 ? 3 : 0;
        limits.max_inflight_messages = (flags & 2) != 0 ? 2 : 20;
        limits.queue_qos0_messages = (flags & 4) != 0;
        limits.receive_maximum = (flags & 8) != 0 ? 2 : 100;
        limits.max_subscriptions_per_session = (flags & 16) != 0 ? 2 : 0;
        limits.max_retained_messages = (flags & 32) != 0 ? 2 : 0;
        limits.memory_limit_bytes = (flags & 64) != 0 ? MEMORY_LIMIT_BYTES : 0;
        limits.sys_interval_s = (flags & 128) != 0 ? 10 : 0;
        listener_.maximum_qos = 2;
        listener_.version_accepted[3] = listener_.version_accepted[4] =
            listener_.version_accepted[5] = true;
        listener_.topic_alias_maximum = listener_.topic_alias_maximum_to_client = 3;
        listener_.allow_zero_length_client_id = true;
        core_ports ports{};
        ports.ctx = &allocator_;
        ports.allocate = Allocator::allocate;
        ports.release = Allocator::release;
        ports.journal = records != nullptr;
        ports.seed = 7;
        core_ = core_create(&limits, &ports, now_ms_);
        if (core_ == nullptr)
            finding("packet_script", "there is no core");
    }
    ~player() {
        if (core_ != nullptr)
            core_destroy(core_);
    }

    std::string play(const packet_script &script) {
        if (records_ != nullptr) {
            core_event end = event(CORE_RECORDS_END, 0);
            end.wall_ms = WALL_MS;
            step(end);
        }
        size_t count = 0;
        for (const script_event &event : script.events) {
            if (!shadow_.broken.empty() || ++count > SCRIPT_EVENTS_MAX)
                break;
            one(event);
        }
        finish();
        return shadow_.broken;
    }

  private:
    core_event event(core_event_type type, uint32_t slot) const {
        core_event e{};
        e.type = type;
        e.conn = slot;
        e.now_ms = now_ms_;
        return e;
    }

    void step(const core_event &e) {
        (void)core_step(core_, &e);
        effects();
    }

    void store() {
        core_batch batch;
        if (records_ == nullptr || !core_pull_journal(core_, &batch))
            return;
        records_->append(reinterpret_cast<const char *>(batch.bytes), batch.size);
        core_event durable = event(CORE_DURABLE, 0);
        durable.batch = batch.number;
        step(durable);
    }

    void check_account() {
        if (!allocator_.agrees_with(core_))
            shadow_.breach("the account of memory is wrong");
    }

    void effects() {
        core_effect effect;
        std::vector<core_effect> todo;
        while (core_next_effect(core_, &effect))
            todo.push_back(effect);
        for (const core_effect &one : todo) {
            if (one.type == CORE_EFFECT_AUTHENTICATE)
                authenticate(one);
            else if (one.type == CORE_EFFECT_CLOSE)
                end(one.conn, true);
        }
    }

    // Who begins an enhanced authentication is asked once; the answer decides.
    void authenticate(const core_effect &effect) {
        core_auth_result result{};
        const uint32_t len = ella_slice_len(effect.authentication_data);
        result.status = CORE_AUTH_ACCEPT;
        if (ella_slice_len(effect.authentication_method) != 0 && len % 3 == 1)
            result.status = CORE_AUTH_CONTINUE;
        if (ella_slice_len(effect.authentication_method) != 0 && len % 3 == 2)
            result.status = CORE_AUTH_REFUSE;
        result.reason_code = ELLA_REASON_NOT_AUTHORIZED;
        core_event e = event(CORE_AUTH_RESULT, effect.conn);
        e.auth = &result;
        step(e);
    }

    // ---- Connections ----

    void open(uint32_t slot) {
        wire &w = wires_[slot];
        w = wire();
        w.open = true;
        ella_decoder_init(&w.to_server, ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT, PACKET_SIZE_MAX);
        w.said = w.to_server;
        core_event e = event(CORE_OPEN, slot);
        e.open = &listener_;
        step(e);
    }

    void end(uint32_t slot, bool drained) {
        wire &w = wires_[slot];
        if (!w.open)
            return;
        if (drained)
            read(slot);
        w.open = false;
        step(event(CORE_CLOSED, slot));
    }

    // ---- What a client says ----

    void say(uint32_t slot, const std::string &bytes) {
        wire &w = wires_[slot];
        if (!w.open)
            open(slot);
        w.untaken += bytes;
        w.unjudged += bytes;
        note_said(w);
        feed(slot);
    }

    void feed(uint32_t slot) {
        wire &w = wires_[slot];
        for (size_t turn = 0; turn < TURNS_MAX && w.open && !w.untaken.empty(); turn++) {
            if (!core_accepts(core_, slot))
                return;
            const exact bytes(reinterpret_cast<const uint8_t *>(w.untaken.data()),
                              w.untaken.size());
            const uint32_t used = core_receive(core_, slot, &w.to_server, bytes.data(), 0,
                                               static_cast<uint32_t>(w.untaken.size()), now_ms_);
            w.untaken.erase(0, used);
            effects();
            if (used == 0)
                return;
        }
    }

    // What the judge has to know of it: the limits in CONNECT, and what is acknowledged.
    void note_said(wire &w) {
        ella_packet packet;
        while (ella_decode(&w.said, reinterpret_cast<const uint8_t *>(w.unjudged.data()), 0,
                           static_cast<uint32_t>(w.unjudged.size()), &packet) == ELLA_PACKET) {
            if (packet.type == ELLA_CONNECT && !w.hears)
                note_connect(w, packet.connect);
            else if (packet.type == ELLA_PUBACK || packet.type == ELLA_PUBCOMP ||
                     (packet.type == ELLA_PUBREC && packet.ack.reason_code >= 0x80))
                w.shadow.window.erase(packet.ack.packet_id);
            w.unjudged.erase(0, w.said.size);
        }
    }

    void note_connect(wire &w, const ella_connect &connect) {
        const ella_properties &p = connect.properties;
        w.hears = true;
        w.shadow.version = connect.version;
        if (ella_property_present(&p, ELLA_PROPERTY_RECEIVE_MAXIMUM))
            w.shadow.receive_maximum = p.receive_maximum;
        if (ella_property_present(&p, ELLA_PROPERTY_MAXIMUM_PACKET_SIZE))
            w.shadow.max_packet_size = p.maximum_packet_size;
        if (ella_property_present(&p, ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM))
            w.shadow.topic_alias_maximum = p.topic_alias_maximum;
        ella_decoder_init(&w.from_server, static_cast<ella_version>(connect.version),
                          ELLA_FROM_SERVER, ELLA_PACKET_SIZE_MAX);
    }

    // ---- What it hears ----

    void read(uint32_t slot) {
        wire &w = wires_[slot];
        uint8_t buf[PULL_SIZE];
        for (size_t turn = 0; turn < TURNS_MAX && w.open; turn++) {
            const size_t count = core_pull(core_, slot, buf, sizeof buf);
            if (count == 0)
                break;
            w.arrived.append(reinterpret_cast<char *>(buf), count);
            if (w.hears)
                hear(w);
        }
    }

    void hear(wire &w) {
        ella_packet packet;
        for (;;) {
            const ella_result result =
                ella_decode(&w.from_server, reinterpret_cast<const uint8_t *>(w.arrived.data()), 0,
                            static_cast<uint32_t>(w.arrived.size()), &packet);
            if (result == ELLA_BAD)
                shadow_.breach(std::string("the core sent bytes that are not MQTT: ") +
                               ella_error_text(static_cast<ella_error>(w.from_server.error)));
            if (result != ELLA_PACKET)
                return;
            shadow_.sent(w.shadow, nullptr, packet, w.from_server.size);
            if (packet.type == ELLA_PUBLISH)
                heard_publish(w, packet.publish);
            w.arrived.erase(0, w.from_server.size);
        }
    }

    void heard_publish(wire &w, const ella_publish &publish) {
        if (ella_property_present(&publish.properties, ELLA_PROPERTY_TOPIC_ALIAS) &&
            publish.properties.topic_alias > w.shadow.topic_alias_maximum)
            shadow_.breach("a topic alias above the client's maximum (v5/3.1.2-26)");
        if (publish.qos == 0)
            return;
        w.shadow.window.insert(publish.packet_id);
        if (w.shadow.window.size() > w.shadow.receive_maximum)
            shadow_.breach("more unacknowledged PUBLISH than Receive Maximum (v5/3.3.4-9)");
    }

    // ---- The script ----

    void pass(uint32_t ms) {
        const uint64_t until_ms = now_ms_ + ms;
        for (size_t turn = 0; turn < TURNS_MAX; turn++) {
            const uint64_t due_ms = core_deadline_ms(core_);
            if (due_ms > until_ms)
                break;
            now_ms_ = due_ms > now_ms_ ? due_ms : now_ms_;
            step(event(CORE_TIME, 0));
        }
        now_ms_ = until_ms;
        step(event(CORE_TIME, 0));
    }

    void one(const script_event &e) {
        const uint32_t slot = e.client % SCRIPT_CLIENTS;
        switch (e.kind) {
        case script_kind::packets:
            say(slot, e.bytes);
            break;
        case script_kind::close:
            end(slot, false);
            break;
        case script_kind::time:
            pass(e.ms);
            break;
        case script_kind::read:
            wires_[slot].deaf = false;
            break;
        default:
            wires_[slot].deaf = true;
            break;
        }
        store();
        for (uint32_t other = 0; other < SCRIPT_CLIENTS; other++) {
            if (wires_[other].open && !wires_[other].deaf) {
                read(other);
                feed(other);
            }
        }
        check_account();
    }

    void finish() {
        step(event(CORE_SHUTDOWN, 0));
        for (uint32_t slot = 0; slot < SCRIPT_CLIENTS; slot++)
            end(slot, true);
        check_account();
        core_destroy(core_);
        core_ = nullptr;
        if (allocator_.live != 0)
            shadow_.breach("memory is left after core_destroy()");
    }

    std::string *records_; // NULL: there is no journal
    Allocator allocator_;
    core *core_ = nullptr;
    core_listener listener_ = {};
    uint64_t now_ms_ = 1000;
    wire wires_[SCRIPT_CLIENTS];
    Shadow shadow_;
};

} // namespace

packet_script script_read(const uint8_t *data, size_t size) {
    packet_script script;
    source in(data, size);
    script.flags = in.u8();
    while (!in.is_empty() && script.events.size() < SCRIPT_EVENTS_MAX) {
        script_event event;
        const uint8_t head = in.u8();
        event.kind =
            static_cast<script_kind>(head / 16u % static_cast<unsigned>(script_kind::count));
        event.client = head % SCRIPT_CLIENTS;
        if (event.kind == script_kind::packets)
            event.bytes = in.text(in.u16());
        if (event.kind == script_kind::time) {
            const uint32_t high = in.u8();
            event.ms = high * 65536u + in.u16();
        }
        script.events.push_back(std::move(event));
    }
    return script;
}

std::string script_write(const packet_script &script) {
    std::string out(1, static_cast<char>(script.flags));
    const auto put = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte & 0xFFu)); };
    for (const script_event &event : script.events) {
        put(static_cast<uint32_t>(event.kind) * 16u + event.client);
        if (event.kind == script_kind::packets) {
            const size_t len = event.bytes.size() > 0xFFFF ? 0xFFFF : event.bytes.size();
            put(static_cast<uint32_t>(len / 256u));
            put(static_cast<uint32_t>(len));
            out.append(event.bytes, 0, len);
        }
        if (event.kind == script_kind::time) {
            put(event.ms / 65536u);
            put(event.ms / 256u);
            put(event.ms);
        }
    }
    return out;
}

std::string script_play(const packet_script &script, std::string *records) {
    return player(script.flags, records).play(script);
}

} // namespace fuzz
