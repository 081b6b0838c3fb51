/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The interpreter of scripts: six clients, one core, one shadow. Clients 0 and 1 are faithful
 * (their sessions never end), 2 and 3 come and go with limits of their own, 4 and 5 are wild.
 * Everything but the wild clients' bytes is lawful, so a lawful client that the core throws out is
 * a finding too.
 */
#include "fuzz/core_script.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fuzz/allocator.h"
#include "fuzz/core_script_trace.h"
#include "fuzz/script_memory.h"
#include "fuzz/shadow.h"

extern "C" {
#include "broker/core/core.h"
}

namespace {

constexpr int FAITHFUL = 2;
constexpr int LAWFUL = 4;
constexpr int CLIENTS = 6;
constexpr int CHECKER = CLIENTS; /* comes last, to look at the retained messages */
constexpr uint32_t SLOTS = 16;
constexpr size_t PULL_SIZE = 256;
constexpr uint32_t EVENTS_MAX = 400;

const char *const TOPICS[] = {"a", "a/b", "a/b/c", "b", "/", "$x/a", "a//c", "\xc3\xa9/b"};
const char *const FILTERS[] = {
    "#", "+",   "a/#", "a/+",     "+/b",        "a/b",          "$x/#",
    "/", "+/+", "b",   "a/b/c/#", "\xc3\xa9/+", "$share/g/a/#", "$share/h/+"};
constexpr int TOPIC_COUNT = sizeof TOPICS / sizeof *TOPICS;
constexpr int FILTER_COUNT = sizeof FILTERS / sizeof *FILTERS;
constexpr int PLAIN_FILTER_COUNT = FILTER_COUNT - 2;

/* A PUBLISH of a client that is not finished. */
struct Outgoing {
    uint16_t packet_id;
    int qos;
    uint64_t serial;
    std::string topic;
    bool retain;
    bool released; /* PUBREL sent */
};

/* An acknowledgement that a client owes. */
struct Reply {
    ella_packet_type type;
    uint16_t packet_id;
};

struct Client {
    int index = 0;
    ShadowSession session;
    bool open = false;
    bool connected = false;
    uint32_t slot = 0;
    ella_decoder to_server;
    ella_decoder from_server;
    std::pmr::string unread;  /* bytes from the server, not whole yet */
    std::pmr::string untaken; /* bytes to the server, not taken yet (wild clients) */
    ShadowConnection connection;
    std::pmr::vector<Outgoing> outgoing;
    std::pmr::vector<Reply> replies; /* what an unhurried client has still to acknowledge */
    uint16_t next_packet_id = 1;
};

ella_slice slice(const std::string &s) {
    return ella_slice_of(s.data(), static_cast<uint32_t>(s.size()));
}

class Player {
  public:
    Player(const uint8_t *script, size_t size) : script_(script), size_(size) {
        configure();
        for (int i = 0; i < CLIENTS; i++) {
            clients_[i].index = i;
            clients_[i].session.client_id =
                std::string(i < FAITHFUL ? "keep" : "pass") + std::to_string(i);
            clients_[i].session.faithful = i < FAITHFUL;
            if (i < LAWFUL) {
                sessions_.push_back(&clients_[i].session);
            }
        }
    }

    ~Player() {
        if (core_ != nullptr) {
            core_destroy(core_);
        }
    }

    std::string run(uint64_t *steps) {
        while (at_ < size_ && shadow_.broken.empty() && events_ < EVENTS_MAX) {
            one_event();
        }
        if (shadow_.broken.empty()) {
            finish();
        }
        if (steps != nullptr) {
            *steps = events_;
        }
        return shadow_.broken;
    }

  private:
    uint8_t next() { return at_ < size_ ? script_[at_++] : 0; }

    void configure() {
        uint8_t flags = next();
        core_limits limits;
        core_limits_default(&limits);
        limits.max_queued_messages = (flags & 1) != 0 ? 3 : 0;
        limits.max_inflight_messages = (flags & 2) != 0 ? 2 : 20;
        limits.queue_qos0_messages = (flags & 4) != 0;
        limits.receive_maximum = (flags & 8) != 0 ? 3 : 20;
        limits.sys_interval_s = (flags & 16) != 0 ? 10 : 0;
        limits.max_packet_size_bytes = 4096;
        shadow_.nothing_is_dropped = (flags & 1) == 0;
        faithful_version_ = (flags & 32) != 0 ? ELLA_VERSION_3_1_1 : ELLA_VERSION_5_0;
        listener_ = core_listener{};
        listener_.maximum_qos = 2;
        listener_.version_accepted[3] = listener_.version_accepted[4] =
            listener_.version_accepted[5] = true;
        listener_.topic_alias_maximum = 3;
        listener_.topic_alias_maximum_to_client = 3;
        listener_.allow_zero_length_client_id = true;
        core_ports ports{};
        ports.ctx = &allocator_;
        ports.allocate = Allocator::allocate;
        ports.release = Allocator::release;
        ports.seed = 42;
        ports.journal = (flags & 64) != 0;
        has_journal_ = ports.journal;
        core_ = core_create(&limits, &ports, now_);
        if (has_journal_) {
            step(event(CORE_RECORDS_END, 0));
        }
    }

    core_event event(core_event_type type, uint32_t slot) {
        core_event e{};
        e.type = type;
        e.conn = slot;
        e.now_ms = now_;
        return e;
    }

    void step(const core_event &e) {
        events_++;
        (void)core_step(core_, &e);
        effects();
        if (!allocator_.agrees_with(core_)) {
            shadow_.breach("the account of memory is wrong");
        }
    }

    /* What follows from one may bring more: those stand behind it in effects_. */
    void effects() {
        const size_t begin = effects_.size();
        core_effect effect;
        do {
            while (core_next_effect(core_, &effect)) {
                effects_.push_back(effect);
            }
        } while (durable());
        const size_t end = effects_.size();
        for (size_t i = begin; i < end; i++) {
            const core_effect one = effects_[i];
            if (one.type == CORE_EFFECT_AUTHENTICATE) {
                authenticate(one);
            } else if (one.type == CORE_EFFECT_CLOSE && owner_[one.conn] != nullptr) {
                closed_by_core(*owner_[one.conn], one.conn);
            }
        }
        effects_.resize(begin);
    }

    /* The disk is fast; whether it had something to do. */
    bool durable() {
        if (!has_journal_) {
            return false;
        }
        core_batch batch;
        core_event e = event(CORE_DURABLE, 0);
        const bool any = core_pull_journal(core_, &batch);
        e.batch = batch.number;
        return any && core_step(core_, &e) == CORE_OK;
    }

    void authenticate(const core_effect &effect) {
        core_auth_result result{};
        result.status = CORE_AUTH_ACCEPT;
        if (ella_slice_len(effect.authentication_method) != 0) {
            result.status = next() % 2 != 0 ? CORE_AUTH_CONTINUE : CORE_AUTH_REFUSE;
            result.reason_code = ELLA_REASON_BAD_AUTHENTICATION_METHOD;
        }
        core_event e = event(CORE_AUTH_RESULT, effect.conn);
        e.auth = &result;
        step(e);
    }

    void closed_by_core(Client &client, uint32_t slot) {
        bool current = client.open && client.slot == slot;
        if (current) {
            pull(client, true, SIZE_MAX);
        }
        if (current && client.index < LAWFUL && !allowed_to_close_) {
            shadow_.breach("a lawful client was thrown out: " +
                           std::string(ella_reason_name(client.connection.reason_code)));
        }
        report_closed(client, slot);
    }

    void report_closed(Client &client, uint32_t slot) {
        if (client.open && client.slot == slot) {
            client.open = client.connected = false;
            client.unread.clear();
            client.untaken.clear();
            client.replies.clear();
            client.session.exists = client.session.faithful && client.session.exists;
        }
        owner_[slot] = nullptr;
        step(event(CORE_CLOSED, slot));
    }

    uint32_t free_slot() {
        for (uint32_t slot = 0; slot < SLOTS; slot++) {
            if (owner_[slot] == nullptr) {
                return slot;
            }
        }
        std::abort();
    }

    void tell(const Client &client, const char *direction, const ella_packet &packet) const {
        if (trace_) {
            core_script_tell(now_, client.index, direction, packet);
        }
    }

    /* ---- what a lawful client says ------------------------------------------------------- */

    bool say(Client &client, const ella_packet &packet) {
        if (!client.open || !core_accepts(core_, client.slot)) {
            return false;
        }
        tell(client, ">", packet);
        uint8_t buf[8192];
        uint32_t size = 0;
        auto version = static_cast<ella_version>(client.connection.version);
        if (ella_encode_checked(&packet, version, ELLA_FROM_CLIENT, buf, 0, sizeof buf, &size) !=
            ELLA_ERROR_NONE) {
            shadow_.breach("the encoder refuses a lawful packet");
            return false;
        }
        events_++;
        uint32_t used = core_receive(core_, client.slot, &client.to_server, buf, 0, size, now_);
        if (used != size) {
            shadow_.breach("a whole packet was not taken");
        }
        effects();
        return client.open;
    }

    void open(Client &client) {
        client.slot = free_slot();
        owner_[client.slot] = &client;
        client.open = true;
        client.connected = false;
        client.connection = ShadowConnection{};
        client.unread.clear();
        client.replies.clear();
        ella_decoder_init(&client.to_server, ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT, 4096);
        core_event e = event(CORE_OPEN, client.slot);
        e.open = &listener_;
        step(e);
    }

    void connect(Client &client) {
        if (client.open) { /* take-over of its own session: the old connection is closed by the
                              core */
            if (client.index >= LAWFUL) {
                return;
            }
            allowed_to_close_ = true;
        }
        uint8_t choice = client.session.faithful ? 0 : next();
        open(client);
        ella_packet packet{};
        packet.type = ELLA_CONNECT;
        ella_connect &c = packet.connect;
        ella_version passing = choice % 3 == 0 ? ELLA_VERSION_3_1_1 : ELLA_VERSION_5_0;
        c.version = client.session.faithful ? faithful_version_ : static_cast<uint8_t>(passing);
        c.client_id = slice(client.session.client_id);
        c.clean_start = !client.session.faithful && (choice & 4) != 0;
        client.connection.version = c.version;
        if (c.version == ELLA_VERSION_5_0) {
            ella_property_set(&c.properties, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
            c.properties.session_expiry_interval_s = client.session.faithful
                                                         ? ELLA_SESSION_NEVER_EXPIRES
                                                     : (choice & 8) != 0 ? 20
                                                                         : 0;
            if ((choice & 16) != 0) {
                ella_property_set(&c.properties, ELLA_PROPERTY_RECEIVE_MAXIMUM);
                c.properties.receive_maximum = 2;
                client.connection.receive_maximum = 2;
            }
            if ((choice & 32) != 0) {
                ella_property_set(&c.properties, ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM);
                c.properties.topic_alias_maximum = 2;
                client.connection.topic_alias_maximum = 2;
            }
            if ((choice & 64) != 0) {
                ella_property_set(&c.properties, ELLA_PROPERTY_MAXIMUM_PACKET_SIZE);
                c.properties.maximum_packet_size = 40;
                client.connection.max_packet_size = 40;
            }
        }
        if ((choice & 128) != 0) {
            c.has_will = true;
            c.will_topic = slice(will_topic_);
            c.will_payload = slice(will_payload_);
            c.will_qos = 1;
        }
        if (!client.session.faithful) {
            forget(client);
        }
        ella_decoder_init(&client.from_server, static_cast<ella_version>(c.version),
                          ELLA_FROM_SERVER, ELLA_PACKET_SIZE_MAX);
        say(client, packet);
        if (client.open) {
            pull(client, false, 1); /* CONNACK */
            resume(client);
        }
        allowed_to_close_ = false;
    }

    /* A session that may have ended is judged anew: what it received before is no evidence. */
    void forget(Client &client) {
        std::string id = client.session.client_id;
        client.session = ShadowSession{};
        client.session.client_id = id;
        client.session.ever_shared =
            true; /* messages of before may arrive: only the window is judged */
        client.outgoing.clear();
    }

    void resume(Client &client) {
        client.connected = client.connection.connack && !client.connection.refused;
        if (!client.connected) {
            shadow_.breach("a lawful CONNECT was not accepted");
            return;
        }
        client.session.exists = true;
        if (!client.connection.session_present) {
            client.outgoing.clear();
            return;
        }
        auto unfinished = client.outgoing;
        client.outgoing.clear();
        for (const Outgoing &one : unfinished) {
            client.outgoing.push_back(one);
            send_again(client, one);
        }
    }

    void send_again(Client &client, const Outgoing &one) {
        if (one.released) {
            acknowledge(client, ELLA_PUBREL, one.packet_id);
        } else {
            if (one.qos == 1) {
                shadow_.again(one.serial);
            }
            say(client,
                publish_packet(one.topic, one.serial, one.qos, one.retain, one.packet_id, true));
        }
    }

    ella_packet publish_packet(const std::string &topic, uint64_t serial, int qos, bool retain,
                               uint16_t packet_id, bool dup) {
        payload_ = "msg:00000000";
        for (size_t at = payload_.size(); serial != 0; serial /= 16) {
            payload_[--at] = "0123456789abcdef"[serial % 16];
        }
        topic_ = topic;
        ella_packet packet{};
        packet.type = ELLA_PUBLISH;
        packet.publish.topic = slice(topic_);
        packet.publish.payload = slice(payload_);
        packet.publish.qos = static_cast<uint8_t>(qos);
        packet.publish.retain = retain;
        packet.publish.dup = dup;
        packet.publish.packet_id = packet_id;
        return packet;
    }

    uint16_t packet_id(Client &client) {
        for (;;) {
            uint16_t id = client.next_packet_id++;
            client.next_packet_id = client.next_packet_id == 0 ? 1 : client.next_packet_id;
            bool used = std::any_of(client.outgoing.begin(), client.outgoing.end(),
                                    [id](const Outgoing &o) { return o.packet_id == id; });
            if (!used && client.connection.awaited_suback.count(id) == 0 &&
                client.connection.awaited_unsuback.count(id) == 0) {
                return id;
            }
        }
    }

    void publish(Client &client) {
        uint8_t choice = next();
        int qos = choice % 4 == 3 ? 1 : choice % 4;
        bool retain = (choice & 32) != 0;
        bool expires =
            (choice & 64) != 0 && client.connection.version == ELLA_VERSION_5_0 && !retain;
        if (!client.connected || !core_accepts(core_, client.slot) ||
            (qos > 0 && client.outgoing.size() >= client.connection.server_receive_maximum)) {
            return;
        }
        const std::string topic = TOPICS[(choice >> 2) % TOPIC_COUNT];
        if (retain && (choice & 128) != 0) {
            clear(client, topic);
            return;
        }
        uint64_t serial = shadow_.publish(client.index, topic, qos, retain);
        uint16_t id = qos > 0 ? packet_id(client) : static_cast<uint16_t>(0);
        ella_packet packet = publish_packet(topic, serial, qos, retain, id, false);
        if (expires) {
            ella_property_set(&packet.publish.properties, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
            packet.publish.properties.message_expiry_interval_s = 5;
        }
        shadow_.accept(serial, expires, sessions_, client.session.client_id);
        if (qos > 0) {
            client.outgoing.push_back({id, qos, serial, topic, retain, false});
        }
        say(client, packet);
    }

    /* An empty retained message: nothing is retained there any more (v5/3.3.1-6). */
    void clear(Client &client, const std::string &topic) {
        ella_packet packet = publish_packet(topic, 0, 0, true, 0, false);
        packet.publish.payload = slice(empty_);
        shadow_.retained.erase(topic);
        say(client, packet);
    }

    void subscribe(Client &client) {
        uint8_t choice = next();
        uint8_t options = next();
        if (!client.connected || !core_accepts(core_, client.slot)) {
            return;
        }
        int limit = client.session.faithful ? PLAIN_FILTER_COUNT : FILTER_COUNT;
        std::string filter = FILTERS[choice % limit];
        bool shared = filter.rfind("$share/", 0) == 0;
        bool v5 = client.connection.version == ELLA_VERSION_5_0;
        ella_filter entry{};
        entry.filter = slice(filter);
        entry.qos = options % 4 == 3 ? 2 : options % 4;
        entry.no_local = v5 && !shared && (options & 4) != 0;
        entry.retain_as_published = v5 && (options & 8) != 0;
        entry.retain_handling = v5 ? static_cast<uint8_t>((options >> 4) % 3) : 0;
        uint8_t buf[64];
        uint32_t used = 0;
        ella_packet packet{};
        packet.type = ELLA_SUBSCRIBE;
        packet.subscribe.packet_id = packet_id(client);
        if (ella_filter_put(ELLA_SUBSCRIBE, static_cast<ella_version>(client.connection.version),
                            &entry, buf, sizeof buf, &used) != ELLA_ERROR_NONE) {
            shadow_.breach("the encoder refuses a lawful filter");
            return;
        }
        packet.subscribe.filters = ella_slice_of(buf, used);
        uint8_t identifier[8];
        uint32_t identifier_len = 0;
        if (v5 && (options & 64) != 0 &&
            ella_subscription_identifier_put(1u + choice, identifier, sizeof identifier,
                                             &identifier_len) == ELLA_ERROR_NONE) {
            ella_property_set(&packet.subscribe.properties, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
            packet.subscribe.properties.subscription_identifiers =
                ella_slice_of(identifier, identifier_len);
        }
        client.connection.awaited_suback.insert(packet.subscribe.packet_id);
        client.session.subscriptions[filter] = {entry.qos, entry.no_local, shared};
        client.session.ever_shared |= shared;
        say(client, packet);
    }

    void unsubscribe(Client &client) {
        uint8_t choice = next();
        if (!client.connected || !core_accepts(core_, client.slot)) {
            return;
        }
        std::string filter = FILTERS[choice % FILTER_COUNT];
        ella_filter entry{};
        entry.filter = slice(filter);
        uint8_t buf[64];
        uint32_t used = 0;
        ella_packet packet{};
        packet.type = ELLA_UNSUBSCRIBE;
        packet.subscribe.packet_id = packet_id(client);
        if (ella_filter_put(ELLA_UNSUBSCRIBE, static_cast<ella_version>(client.connection.version),
                            &entry, buf, sizeof buf, &used) != ELLA_ERROR_NONE) {
            shadow_.breach("the encoder refuses a lawful filter");
            return;
        }
        packet.subscribe.filters = ella_slice_of(buf, used);
        client.connection.awaited_unsuback.insert(packet.subscribe.packet_id);
        client.session.subscriptions.erase(filter);
        say(client, packet);
    }

    void acknowledge(Client &client, ella_packet_type type, uint16_t id) {
        ella_packet packet{};
        packet.type = type;
        packet.ack.packet_id = id;
        say(client, packet);
    }

    void disconnect(Client &client, bool with_will) {
        if (!client.connected || !core_accepts(core_, client.slot)) {
            return;
        }
        ella_packet packet{};
        packet.type = ELLA_DISCONNECT;
        packet.reason.reason_code = with_will && client.connection.version == ELLA_VERSION_5_0
                                        ? ELLA_REASON_DISCONNECT_WITH_WILL_MESSAGE
                                        : ELLA_REASON_SUCCESS;
        allowed_to_close_ = true;
        say(client, packet);
        allowed_to_close_ = false;
        if (client.open) {
            report_closed(client, client.slot);
        }
    }

    /* ---- what a client hears ------------------------------------------------------------- */

    void pull(Client &client, bool closing, size_t packets_max) {
        uint8_t buf[PULL_SIZE];
        size_t packets = 0;
        while (packets < packets_max && client.open) {
            size_t count = core_pull(core_, client.slot, buf, sizeof buf);
            if (count == 0 && !durable()) {
                break;
            }
            client.unread.append(reinterpret_cast<char *>(buf), count);
            packets += hear(client, closing);
        }
        if (closing && !client.unread.empty() && client.index < LAWFUL) {
            shadow_.breach("the connection was closed in the middle of a packet");
        }
    }

    size_t hear(Client &client, bool closing) {
        size_t packets = 0;
        const auto *bytes = reinterpret_cast<const uint8_t *>(client.unread.data());
        const auto end = static_cast<uint32_t>(client.unread.size());
        for (uint32_t at = 0;; at += client.from_server.size) {
            ella_packet packet;
            ella_result result = ella_decode(&client.from_server, bytes, at, end, &packet);
            if (result != ELLA_PACKET) {
                if (result == ELLA_BAD) {
                    shadow_.breach(
                        std::string("the core sent bytes that are not MQTT: ") +
                        ella_error_text(static_cast<ella_error>(client.from_server.error)));
                }
                client.unread.erase(0, at);
                return packets;
            }
            packets++;
            tell(client, "<", packet);
            if (client.index == CHECKER && packet.type == ELLA_PUBLISH) {
                retained_[text(packet.publish.topic)] = Shadow::serial_of(packet.publish);
            }
            if (client.index < LAWFUL) {
                note_present(client, packet);
                shadow_.sent(client.connection, &client.session, packet, client.from_server.size);
                if (!closing) {
                    react(client, packet);
                }
            }
        }
    }

    void note_present(Client &client, const ella_packet &packet) {
        if (packet.type == ELLA_CONNACK && !packet.connack.session_present &&
            client.session.faithful) {
            client.session.inbound_qos1.clear();
            client.session.inbound_qos2.clear();
        }
        /* Passing clients forget, so identifiers in use may come again with DUP. */
        if (packet.type == ELLA_PUBLISH && packet.publish.dup && !client.session.faithful) {
            auto &in = packet.publish.qos == 1 ? client.session.inbound_qos1
                                               : client.session.inbound_qos2;
            in.emplace(packet.publish.packet_id, Shadow::serial_of(packet.publish));
        }
        if (packet.type == ELLA_PUBREL && !client.session.faithful) {
            client.session.inbound_qos2.emplace(packet.ack.packet_id, 0);
        }
    }

    void react(Client &client, const ella_packet &packet) {
        const uint16_t id = packet.ack.packet_id;
        switch (packet.type) {
        case ELLA_PUBLISH:
            if (packet.publish.qos != 0) {
                const auto type = packet.publish.qos == 1 ? ELLA_PUBACK : ELLA_PUBREC;
                client.replies.push_back({type, packet.publish.packet_id});
            }
            break;
        case ELLA_PUBREL:
            client.replies.push_back({ELLA_PUBCOMP, id});
            break;
        case ELLA_PUBREC:
            finish_outgoing(client, packet, 2, packet.ack.reason_code >= 0x80);
            if (packet.ack.reason_code < 0x80) {
                client.replies.push_back({ELLA_PUBREL, id});
            }
            break;
        case ELLA_PUBACK:
            finish_outgoing(client, packet, 1, true);
            break;
        case ELLA_PUBCOMP:
            finish_outgoing(client, packet, 2, true);
            break;
        default:
            break;
        }
    }

    void finish_outgoing(Client &client, const ella_packet &packet, int qos, bool done) {
        for (size_t i = 0; i < client.outgoing.size(); i++) {
            if (client.outgoing[i].packet_id == packet.ack.packet_id &&
                client.outgoing[i].qos == qos) {
                client.outgoing[i].released = true;
                if (done) {
                    client.outgoing.erase(client.outgoing.begin() + static_cast<long>(i));
                }
                return;
            }
        }
        shadow_.breach("an acknowledgement nobody waits for (v5/2.2.1-5)");
    }

    void answer(Client &client, size_t replies_max) {
        while (!client.replies.empty() && replies_max-- > 0 && client.connected &&
               core_accepts(core_, client.slot)) {
            const Reply reply = client.replies.front();
            client.replies.erase(client.replies.begin());
            const uint16_t id = reply.packet_id;
            if (reply.type == ELLA_PUBACK) {
                client.session.finished_qos1.insert(client.session.inbound_qos1[id]);
                client.session.inbound_qos1.erase(id);
                client.connection.window.erase(id);
            } else if (reply.type == ELLA_PUBCOMP) {
                client.session.inbound_qos2.erase(id);
                client.connection.window.erase(id);
            }
            acknowledge(client, reply.type, id);
        }
    }

    /* ---- the script ---------------------------------------------------------------------- */

    void wild(Client &client) {
        size_t length = next() % 48;
        std::string bytes;
        while (length-- > 0 && at_ < size_) {
            bytes.push_back(static_cast<char>(next()));
        }
        if (bytes.find("keep") != std::string::npos || bytes.find("pass") != std::string::npos) {
            return;
        }
        if (!client.open) {
            open(client);
            ella_decoder_init(&client.from_server, ELLA_VERSION_5_0, ELLA_FROM_SERVER,
                              ELLA_PACKET_SIZE_MAX);
            if (next() % 2 != 0) {
                std::string hello =
                    std::string("\x10\x11\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x04wild", 19);
                hello[hello.size() - 1] = static_cast<char>('0' + client.index);
                bytes = hello + bytes;
            }
        }
        shadow_.retained_known = false;
        shadow_.nothing_is_dropped =
            false; /* it may publish, subscribe to shares, take what is not its own */
        client.untaken.append(bytes);
        feed(client);
    }

    void feed(Client &client) {
        if (!client.open || !core_accepts(core_, client.slot)) {
            return;
        }
        const std::pmr::string bytes = client.untaken;
        events_++;
        uint32_t used = core_receive(core_, client.slot, &client.to_server,
                                     reinterpret_cast<const uint8_t *>(bytes.data()), 0,
                                     static_cast<uint32_t>(bytes.size()), now_);
        client.untaken.erase(0, used);
        effects();
        drain_wild(client);
    }

    void drain_wild(Client &client) {
        uint8_t buf[PULL_SIZE];
        while (client.open && core_pull(core_, client.slot, buf, sizeof buf) != 0) {
        }
    }

    void say_local() {
        std::string topic = "local/x";
        ella_publish publish{};
        publish.topic = slice(topic);
        publish.payload = slice(will_payload_);
        publish.qos = 1;
        core_event e = event(CORE_PUBLISH_LOCAL, 0);
        e.publish = &publish;
        step(e);
    }

    void pass_time(uint64_t ms) {
        now_ += ms;
        step(event(CORE_TIME, 0));
    }

    void one_event() {
        uint8_t op = next();
        Client &client = clients_[(op >> 4) % LAWFUL];
        Client &stranger = clients_[LAWFUL + (op >> 4) % (CLIENTS - LAWFUL)];
        switch (op % 16) {
        case 0:
            /* Not 0: a run of zeros, which mutators like, would be nothing but take-overs. */
            if (!client.open || next() % 4 == 1) {
                connect(client);
            }
            break;
        case 1:
        case 2:
            subscribe(client);
            break;
        case 3:
            unsubscribe(client);
            break;
        case 4:
        case 5:
        case 6:
            publish(client);
            break;
        case 7:
            pull(client, false, SIZE_MAX);
            answer(client, SIZE_MAX);
            pull(client, false, SIZE_MAX);
            answer(client, SIZE_MAX);
            break;
        case 8:
            pull(client, false, 1);
            break;
        case 9:
            answer(client, 1);
            break;
        case 10:
            if (client.open) {
                report_closed(client, client.slot);
            }
            break;
        case 11:
            disconnect(client, next() % 2 != 0);
            break;
        case 12:
            pass_time(static_cast<uint64_t>(1) << next() % 18);
            break;
        case 13:
            if (client.connected) {
                ella_packet ping{};
                ping.type = ELLA_PINGREQ;
                say(client, ping);
            }
            break;
        case 14:
            wild(stranger);
            break;
        default:
            say_local();
            break;
        }
    }

    void check_retained() {
        Client &checker = checker_;
        checker.index = CHECKER;
        open(checker);
        checker.connection.version = ELLA_VERSION_5_0;
        ella_decoder_init(&checker.from_server, ELLA_VERSION_5_0, ELLA_FROM_SERVER,
                          ELLA_PACKET_SIZE_MAX);
        ella_packet packet{};
        packet.type = ELLA_CONNECT;
        packet.connect.version = ELLA_VERSION_5_0;
        packet.connect.clean_start = true;
        say(checker, packet);
        for (const char *filter : {"#", "$x/#"}) {
            uint8_t buf[16];
            uint32_t used = 0;
            ella_filter entry{};
            entry.filter = ella_slice_of(filter, static_cast<uint32_t>(std::strlen(filter)));
            packet = ella_packet{};
            packet.type = ELLA_SUBSCRIBE;
            packet.subscribe.packet_id = 1;
            if (ella_filter_put(ELLA_SUBSCRIBE, ELLA_VERSION_5_0, &entry, buf, sizeof buf,
                                &used) == ELLA_ERROR_NONE) {
                packet.subscribe.filters = ella_slice_of(buf, used);
                say(checker, packet);
            }
        }
        pull(checker, false, SIZE_MAX);
        shadow_.retained_seen(retained_);
    }

    /* Faults stop: everything owed to the faithful must arrive, and nothing may be left behind. */
    void finish() {
        for (int i = 0; i < FAITHFUL && shadow_.broken.empty(); i++) {
            Client &client = clients_[i];
            if (!client.open) {
                connect(client);
            }
            for (int round = 0; round < 1000 && shadow_.broken.empty(); round++) {
                pull(client, false, SIZE_MAX);
                if (client.replies.empty()) {
                    break;
                }
                answer(client, SIZE_MAX);
            }
            shadow_.complete(client.session);
            if (!client.outgoing.empty()) {
                shadow_.breach("a PUBLISH of a client was never acknowledged");
            }
        }
        check_retained();
        allowed_to_close_ = true;
        step(event(CORE_SHUTDOWN, 0));
        core_destroy(core_);
        core_ = nullptr;
        if (allocator_.live != 0) {
            shadow_.breach("memory is left after core_destroy()");
        }
    }

    const uint8_t *script_;
    size_t size_;
    size_t at_ = 0;
    uint64_t events_ = 0;
    uint64_t now_ = 1000;
    Allocator allocator_;
    core *core_ = nullptr;
    core_listener listener_;
    Client clients_[CLIENTS];
    Client checker_;
    std::pmr::map<std::string, uint64_t> retained_;
    Client *owner_[SLOTS] = {};
    std::pmr::vector<core_effect> effects_;
    std::pmr::vector<ShadowSession *> sessions_;
    Shadow shadow_;
    uint8_t faithful_version_ = ELLA_VERSION_5_0;
    bool has_journal_ = false;
    bool allowed_to_close_ = false;
    inline static const bool trace_ = std::getenv("CORE_SCRIPT_TRACE") != nullptr;
    std::string topic_, payload_;
    const std::string will_topic_ = "will/x", will_payload_ = "gone", empty_;
};

} // namespace

std::string core_script_run(const uint8_t *script, size_t size, uint64_t *steps) {
    const ScriptMemory memory;
    return Player(script, size).run(steps);
}
