// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What the tests of the core share: a world with one core and virtual time, and clients that speak
// MQTT to it through the codec. It knows nothing of sockets; nothing here waits.
//
// Invariants: every effect is carried out before a call returns, unless a client was told not to
// read; when a world ends, all memory must have come back.

#ifndef BROKER_CORE_TEST_CLIENT_H
#define BROKER_CORE_TEST_CLIENT_H

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

extern "C" {
#include "broker/core/core.h"
#include "broker/core/record.h"
}

namespace core_test {

using Bytes = std::vector<uint8_t>;
using Properties = std::function<void(ella_properties &)>;

inline ella_slice slice(const std::string &text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

inline std::string text(ella_slice s) {
    if (ella_slice_len(s) == 0)
        return "";
    return std::string(reinterpret_cast<const char *>(ella_slice_data(s)), ella_slice_len(s));
}

inline std::string hex(unsigned value) {
    char buf[8];
    std::snprintf(buf, sizeof buf, "%02x", value);
    return buf;
}

// A packet with the bytes its slices point into.
struct Packet {
    std::shared_ptr<Bytes> bytes;
    ella_packet p{};

    bool is(ella_packet_type type) const { return bytes != nullptr && p.type == type; }
    const ella_properties &properties() const {
        switch (p.type) {
        case ELLA_CONNACK:
            return p.connack.properties;
        case ELLA_PUBLISH:
            return p.publish.properties;
        case ELLA_SUBACK:
        case ELLA_UNSUBACK:
            return p.suback.properties;
        case ELLA_DISCONNECT:
        case ELLA_AUTH:
            return p.reason.properties;
        default:
            return p.ack.properties;
        }
    }
    bool has(ella_property_id id) const { return ella_property_present(&properties(), id); }
    std::string reason_string() const { return text(properties().reason_string); }

    std::vector<uint32_t> subscription_identifiers() const {
        std::vector<uint32_t> out;
        ella_slice rest = p.publish.properties.subscription_identifiers;
        uint32_t id = 0;
        while (has(ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER) &&
               ella_subscription_identifier_next(&rest, &id))
            out.push_back(id);
        return out;
    }

    // One line: what tests compare. Properties are looked at one by one.
    std::string line() const {
        if (bytes == nullptr)
            return "nothing";
        std::string out = ella_packet_name(p.type);
        switch (p.type) {
        case ELLA_CONNACK:
            return out + (p.connack.session_present ? " present " : " new ") +
                   hex(p.connack.reason_code);
        case ELLA_PUBLISH:
            out += " " + text(p.publish.topic) + " '" + text(p.publish.payload) + "' q" +
                   std::to_string(p.publish.qos);
            if (p.publish.qos > 0)
                out += " #" + std::to_string(p.publish.packet_id);
            out += p.publish.dup ? " dup" : "";
            return out + (p.publish.retain ? " retain" : "");
        case ELLA_PUBACK:
        case ELLA_PUBREC:
        case ELLA_PUBREL:
        case ELLA_PUBCOMP:
            return out + " #" + std::to_string(p.ack.packet_id) + " " + hex(p.ack.reason_code);
        case ELLA_SUBACK:
        case ELLA_UNSUBACK:
            out += " #" + std::to_string(p.suback.packet_id);
            for (uint32_t i = p.suback.reason_codes.off; i < p.suback.reason_codes.end; i++)
                out += " " + hex(p.suback.reason_codes.base[i]);
            return out;
        case ELLA_DISCONNECT:
        case ELLA_AUTH:
            return out + " " + hex(p.reason.reason_code);
        default:
            return out;
        }
    }
};

class Client;

// How soon the driver of a world makes a batch durable.
enum class Journal {
    OFF,
    AT_ONCE,
    LATE,    // one batch, once nothing else is left to do
    BY_HAND, // World::sync()
};

// What TEST_JOURNAL asks for, so that every story is told with a journal too.
inline Journal journal_of_environment() {
    const char *value = std::getenv("TEST_JOURNAL");
    const std::string name = value == nullptr ? "" : value;
    return name == "at_once" ? Journal::AT_ONCE : name == "late" ? Journal::LATE : Journal::OFF;
}

struct Batch {
    uint64_t number = 0;
    Bytes bytes;
    bool begins_snapshot = false;
    bool ends_snapshot = false;
};

// One core, its ports and its clock.
class World {
  public:
    using Setup = std::function<void(core_limits &)>;

    explicit World(const Setup &setup = nullptr, uint64_t seed = 1) {
        core_limits_default(&limits);
        limits.sys_interval_s = 0;
        if (setup)
            setup(limits);
        listener.maximum_qos = 2;
        listener.version_accepted[3] = true;
        listener.version_accepted[4] = true;
        listener.version_accepted[5] = true;
        listener.topic_alias_maximum = 10;
        listener.topic_alias_maximum_to_client = 10;
        listener.allow_zero_length_client_id = true;
        ports.ctx = this;
        ports.allocate = allocate;
        ports.release = release;
        ports.policy = judge;
        ports.log = log;
        ports.seed = seed;
    }
    World(const World &) = delete;
    World &operator=(const World &) = delete;
    ~World() { finish(); }

    // Made at its first use, so that the tests can set things before.
    struct core *core() {
        if (core_ == nullptr && !finished_) {
            ports.journal = journal != Journal::OFF;
            core_ = core_create(&limits, &ports, now_ms);
            if (core_ != nullptr && ports.journal && !recover()) {
                core_destroy(core_);
                core_ = nullptr;
                finished_ = true;
            }
        }
        return core_;
    }
    void finish() {
        if (core_ != nullptr)
            core_destroy(core_);
        core_ = nullptr;
        finished_ = true;
        EXPECT_EQ(live_blocks, 0u) << "memory did not come back";
    }

    core_event event(core_event_type type, uint32_t conn = 0) const {
        core_event e{};
        e.type = type;
        e.conn = conn;
        e.now_ms = now_ms;
        e.wall_ms = now_ms + wall_offset_ms;
        return e;
    }
    core_status step(const core_event &e) {
        const core_status status = core_step(core(), &e);
        pump();
        return status;
    }
    // Lets time pass, stopping at each deadline.
    void advance(uint64_t ms) {
        const uint64_t end = now_ms + ms;
        while (core_deadline_ms(core()) <= end) {
            const uint64_t due = core_deadline_ms(core());
            now_ms = due > now_ms ? due : now_ms;
            step(event(CORE_TIME));
        }
        now_ms = end;
        step(event(CORE_TIME));
    }
    core_status publish(const std::string &topic, const std::string &payload, uint8_t qos,
                        bool retain) {
        ella_publish p{};
        p.topic = slice(topic);
        p.payload = slice(payload);
        p.qos = qos;
        p.retain = retain;
        core_event e = event(CORE_PUBLISH_LOCAL);
        e.publish = &p;
        return step(e);
    }
    void shut_down() { step(event(CORE_SHUTDOWN)); }
    void configure(const Setup &setup) {
        setup(limits);
        core_event e = event(CORE_CONFIG);
        e.limits = &limits;
        step(e);
    }
    // Answers the question that a client waits for.
    void answer(uint32_t conn, const core_auth_result &result) {
        core_event e = event(CORE_AUTH_RESULT, conn);
        e.auth = &result;
        step(e);
    }

    uint64_t count(core_stat stat) { return core_stats(core())->value[stat]; }
    uint64_t dropped() { return core_stats_dropped(core_stats(core())); }
    size_t memory() { return core_memory_total(core()); }
    bool was_logged(const std::string &part) const {
        for (const std::string &l : lines) {
            if (l.find(part) != std::string::npos)
                return true;
        }
        return false;
    }

    void pump();

    core_limits limits{};
    core_ports ports{};
    core_listener listener{};
    // ---- The journal

    // Batches that are written and not yet durable become so, and what follows from that.
    void sync() {
        pump();
        while (!written.empty())
            sync(written.size());
    }
    // The first count of them.
    void sync(size_t count) {
        while (count-- > 0 && !written.empty()) {
            core_event e = event(CORE_DURABLE);
            e.batch = written.front().number;
            durable.push_back(written.front());
            written.pop_front();
            core_step(core_, &e);
        }
        pump();
    }
    void storage(core_storage state) {
        core_event e = event(CORE_STORAGE);
        e.storage = state;
        if (state != CORE_STORAGE_OK)
            written.clear();
        step(e);
    }
    void begin_snapshot() { step(event(CORE_SNAPSHOT)); }

    Journal journal = journal_of_environment();
    bool takes_batches = true; // false: the disk is busy, and records wait in their buffer
    uint64_t wall_offset_ms = 1700000000000;
    std::vector<Batch> records; // of an earlier run, given to the core when it is made
    core_storage records_storage = CORE_STORAGE_OK; // whether they are on the disk
    std::vector<Batch> durable; // of this one
    std::deque<Batch> written;
    uint64_t bad_records = 0;

    uint64_t now_ms = 1000;
    std::function<bool(const core_question &)> policy;
    // NULL: everybody is accepted at once. Gives nothing to leave the question open.
    std::function<std::optional<core_auth_result>(const core_effect &)> authenticator;
    std::vector<std::string> lines;
    uint64_t live_blocks = 0;
    uint64_t requests = 0;
    uint64_t fail_from = 0; // number of the request that is refused; 0: none
    bool fail_once = true;  // whether those after it are served again
    size_t pull_size = 4096;
    std::map<uint32_t, Client *> clients;

    uint32_t free_slot() const {
        uint32_t slot = 0;
        while (clients.count(slot) > 0)
            slot++;
        return slot;
    }

  private:
    static void *allocate(void *ctx, size_t size) {
        World *self = static_cast<World *>(ctx);
        self->requests++;
        if (self->fail_from > 0 && self->requests >= self->fail_from &&
            (!self->fail_once || self->requests == self->fail_from))
            return nullptr;
        self->live_blocks++;
        return std::malloc(size);
    }
    static void release(void *ctx, void *memory, size_t) {
        static_cast<World *>(ctx)->live_blocks--;
        std::free(memory);
    }
    static bool judge(void *ctx, const core_question *question) {
        World *self = static_cast<World *>(ctx);
        return !self->policy || self->policy(*question);
    }
    static void log(void *ctx, const core_log *line) {
        ASSERT_NE(line->text, nullptr);
        static_cast<World *>(ctx)->lines.push_back(text(line->client_id) + ": " + line->text +
                                                   " " + text(line->topic));
    }
    void authenticate(const core_effect &effect);
    // false: no memory, and the broker does not start.
    bool recover() {
        for (const Batch &batch : records) {
            const uint32_t end = static_cast<uint32_t>(batch.bytes.size());
            record record{};
            for (uint32_t at = 0; at < end;) {
                const uint32_t size = record_read(batch.bytes.data(), at, end, &record);
                core_event e = event(CORE_RECORD);
                e.record = {batch.bytes.data(), at, at + size};
                const core_status status = core_step(core_, &e);
                if (status == CORE_NO_MEMORY || size == 0)
                    return false;
                bad_records += status == CORE_BAD_RECORD ? 1u : 0u;
                at += size;
            }
        }
        core_event e = event(CORE_RECORDS_END);
        e.storage = records_storage;
        return core_step(core_, &e) == CORE_OK;
    }
    // Takes what is to be written. Whether there was something.
    bool write() {
        core_batch batch{};
        bool any = false;
        while (ports.journal && takes_batches && core_pull_journal(core_, &batch)) {
            written.push_back({batch.number, Bytes(batch.bytes, batch.bytes + batch.size),
                               batch.begins_snapshot, batch.ends_snapshot});
            any = true;
            if (journal == Journal::AT_ONCE)
                sync_one();
        }
        return any;
    }
    bool sync_one() {
        if (written.empty() || journal == Journal::BY_HAND)
            return false;
        core_event e = event(CORE_DURABLE);
        e.batch = written.front().number;
        durable.push_back(written.front());
        written.pop_front();
        core_step(core_, &e);
        return true;
    }

    struct core *core_ = nullptr;
    bool finished_ = false;
    bool pumping_ = false;
};

struct Will {
    std::string topic;
    std::string payload;
    uint8_t qos = 0;
    bool retain = false;
    Properties properties = nullptr;
};

struct ConnectOptions {
    bool clean = true;
    uint16_t keep_alive = 0;
    std::optional<Will> will = std::nullopt;
    std::optional<std::string> user = std::nullopt;
    std::optional<std::string> password = std::nullopt;
    Properties properties = nullptr;
};

inline Properties expiry(uint32_t seconds) {
    return [seconds](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
        p.session_expiry_interval_s = seconds;
    };
}

// Both, in order.
inline Properties operator+(const Properties &a, const Properties &b) {
    return [a, b](ella_properties &p) {
        if (a)
            a(p);
        if (b)
            b(p);
    };
}

inline Properties receive_maximum(uint16_t n) {
    return [n](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_RECEIVE_MAXIMUM);
        p.receive_maximum = n;
    };
}

inline Properties maximum_packet_size(uint32_t n) {
    return [n](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_MAXIMUM_PACKET_SIZE);
        p.maximum_packet_size = n;
    };
}

inline Properties message_expiry(uint32_t seconds) {
    return [seconds](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        p.message_expiry_interval_s = seconds;
    };
}

inline Properties will_delay(uint32_t seconds) {
    return [seconds](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_WILL_DELAY_INTERVAL);
        p.will_delay_interval_s = seconds;
    };
}

inline Properties topic_alias(uint16_t alias) {
    return [alias](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_TOPIC_ALIAS);
        p.topic_alias = alias;
    };
}

// topic must outlive it.
inline ella_filter filter(const char *topic, uint8_t qos = 0) {
    ella_filter f{};
    f.filter = ella_slice_of(topic, static_cast<uint32_t>(std::strlen(topic)));
    f.qos = qos;
    return f;
}

// One connection. Packets that have come stand in its inbox.
class Client {
  public:
    explicit Client(World &world, ella_version version = ELLA_VERSION_5_0)
        : world_(world), version_(version) {
        open();
    }
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;
    ~Client() { drop(); }

    // A new connection for the same person.
    void open() {
        drop();
        slot = world_.free_slot();
        world_.clients[slot] = this;
        is_open = true;
        closed_by_core = false;
        reads = true;
        unsent_.clear();
        arrived_.clear();
        inbox.clear();
        ella_decoder_init(&from_client_, ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT,
                          world_.limits.max_packet_size_bytes);
        ella_decoder_init(&from_server_, version_, ELLA_FROM_SERVER, ELLA_PACKET_SIZE_MAX);
        core_event e = world_.event(CORE_OPEN, slot);
        e.open = &world_.listener;
        if (world_.step(e) != CORE_OK) {
            is_open = false;
            world_.clients.erase(slot);
        }
    }
    // The network fails, if it has not ended already.
    void drop(const char *why = "network failed") {
        if (!is_open)
            return;
        is_open = false;
        core_event e = world_.event(CORE_CLOSED, slot);
        e.text = why;
        const uint32_t was = slot;
        core_step(world_.core(), &e);
        world_.clients.erase(was);
        world_.pump();
    }

    // ---- Sending

    void send(const ella_packet &packet) {
        uint32_t size = 0;
        ASSERT_EQ(ella_encoded_size(&packet, version_, ELLA_FROM_CLIENT, &size), ELLA_ERROR_NONE);
        Bytes bytes(size);
        ASSERT_EQ(ella_encode(&packet, version_, ELLA_FROM_CLIENT, bytes.data(), 0, size, &size),
                  ELLA_ERROR_NONE);
        send_bytes(bytes);
    }
    void send_bytes(const Bytes &bytes) {
        unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
        feed();
        world_.pump();
    }
    void send_connect(const std::string &id, const ConnectOptions &o = {}) {
        ella_packet p{};
        p.type = ELLA_CONNECT;
        p.connect.version = version_;
        p.connect.client_id = slice(id);
        p.connect.clean_start = o.clean;
        p.connect.keep_alive_s = o.keep_alive;
        if (o.user) {
            p.connect.has_user_name = true;
            p.connect.user_name = slice(*o.user);
        }
        if (o.password) {
            p.connect.has_password = true;
            p.connect.password = slice(*o.password);
        }
        if (o.will) {
            p.connect.has_will = true;
            p.connect.will_topic = slice(o.will->topic);
            p.connect.will_payload = slice(o.will->payload);
            p.connect.will_qos = o.will->qos;
            p.connect.will_retain = o.will->retain;
            if (o.will->properties)
                o.will->properties(p.connect.will_properties);
        }
        if (o.properties)
            o.properties(p.connect.properties);
        send(p);
    }
    void publish(const std::string &topic, const std::string &payload, uint8_t qos = 0,
                 uint16_t packet_id = 0, bool retain = false,
                 const Properties &properties = nullptr, bool dup = false) {
        ella_packet p{};
        p.type = ELLA_PUBLISH;
        p.publish.topic = slice(topic);
        p.publish.payload = slice(payload);
        p.publish.qos = qos;
        p.publish.packet_id = packet_id;
        p.publish.retain = retain;
        p.publish.dup = dup;
        if (properties)
            properties(p.publish.properties);
        send(p);
    }
    void ack(ella_packet_type type, uint16_t packet_id, uint8_t reason_code = 0) {
        ella_packet p{};
        p.type = type;
        p.ack.packet_id = packet_id;
        p.ack.reason_code = reason_code;
        send(p);
    }
    void send_subscribe(uint16_t packet_id, const std::vector<ella_filter> &filters,
                        uint32_t identifier = 0) {
        send_filters(ELLA_SUBSCRIBE, packet_id, filters, identifier);
    }
    void send_unsubscribe(uint16_t packet_id, const std::vector<ella_filter> &filters) {
        send_filters(ELLA_UNSUBSCRIBE, packet_id, filters, 0);
    }
    void simple(ella_packet_type type) {
        ella_packet p{};
        p.type = type;
        send(p);
    }
    void disconnect(uint8_t reason_code = 0, const Properties &properties = nullptr) {
        ella_packet p{};
        p.type = ELLA_DISCONNECT;
        p.reason.reason_code = reason_code;
        if (properties)
            properties(p.reason.properties);
        send(p);
    }
    void auth(uint8_t reason_code, const std::string &method, const std::string &data) {
        ella_packet p{};
        p.type = ELLA_AUTH;
        p.reason.reason_code = reason_code;
        ella_property_set(&p.reason.properties, ELLA_PROPERTY_AUTHENTICATION_METHOD);
        p.reason.properties.authentication_method = slice(method);
        ella_property_set(&p.reason.properties, ELLA_PROPERTY_AUTHENTICATION_DATA);
        p.reason.properties.authentication_data = slice(data);
        send(p);
    }

    // ---- Whole exchanges; the answer must be what comes next

    Packet connect(const std::string &id, const ConnectOptions &o = {}) {
        send_connect(id, o);
        return take(ELLA_CONNACK);
    }
    // Reconnects to a session that lasts.
    Packet resume(const std::string &id, uint32_t expiry_s = 1000) {
        ConnectOptions o;
        o.clean = false;
        if (version_ == ELLA_VERSION_5_0)
            o.properties = expiry(expiry_s);
        return connect(id, o);
    }
    std::string subscribe(const std::string &topic, uint8_t qos = 0, uint32_t identifier = 0) {
        send_subscribe(1000, {filter(topic.c_str(), qos)}, identifier);
        return take(ELLA_SUBACK).line();
    }
    std::string unsubscribe(const std::string &topic) {
        send_unsubscribe(1001, {filter(topic.c_str())});
        return take(ELLA_UNSUBACK).line();
    }

    // ---- Receiving

    // The next packet as one line; "closed" at the end, "nothing" if nothing has come.
    std::string next() {
        if (inbox.empty())
            return closed_by_core ? "closed" : "nothing";
        const std::string out = inbox.front().line();
        inbox.pop_front();
        return out;
    }
    // All that has come, one line each.
    std::vector<std::string> all() {
        std::vector<std::string> out;
        while (!inbox.empty())
            out.push_back(next());
        return out;
    }
    Packet take(ella_packet_type type) {
        if (inbox.empty()) {
            ADD_FAILURE() << ella_packet_name(type) << " was expected, there is "
                          << (closed_by_core ? "closed" : "nothing");
            return Packet();
        }
        Packet out = inbox.front();
        inbox.pop_front();
        EXPECT_TRUE(out.is(type)) << ella_packet_name(type) << " was expected, there is "
                                  << out.line();
        return out;
    }

    // Gives what was kept because the core did not take it.
    void feed() {
        while (is_open && !unsent_.empty()) {
            const uint32_t end = static_cast<uint32_t>(unsent_.size());
            // A copy of its own, so that asan sees what is kept too long.
            const Bytes bytes(unsent_);
            const uint32_t used = core_receive(world_.core(), slot, &from_client_, bytes.data(), 0,
                                               end, world_.now_ms);
            unsent_.erase(unsent_.begin(), unsent_.begin() + used);
            if (used == 0)
                return;
        }
    }
    // Takes what the core has for it.
    void pull() {
        Bytes buf(world_.pull_size);
        for (;;) {
            const size_t n = core_pull(world_.core(), slot, buf.data(), buf.size());
            if (n == 0)
                break;
            arrived_.insert(arrived_.end(), buf.begin(), buf.begin() + static_cast<long>(n));
        }
        decode();
    }
    void read_again() {
        reads = true;
        pull();
        world_.pump();
    }
    bool accepts() const { return core_accepts(world_.core(), slot); }
    size_t unsent() const { return unsent_.size(); }

    uint32_t slot = 0;
    bool is_open = false;
    bool reads = true;
    bool closed_by_core = false;
    std::deque<Packet> inbox;

  private:
    void send_filters(ella_packet_type type, uint16_t packet_id,
                      const std::vector<ella_filter> &filters, uint32_t identifier) {
        Bytes list(1u << 20);
        Bytes id(8);
        uint32_t used = 0;
        for (const ella_filter &f : filters)
            ASSERT_EQ(ella_filter_put(type, version_, &f, list.data(),
                                      static_cast<uint32_t>(list.size()), &used),
                      ELLA_ERROR_NONE);
        ella_packet p{};
        p.type = type;
        p.subscribe.packet_id = packet_id;
        p.subscribe.filters = ella_slice_of(list.data(), used);
        if (identifier > 0) {
            used = 0;
            ASSERT_EQ(ella_subscription_identifier_put(identifier, id.data(), 8, &used),
                      ELLA_ERROR_NONE);
            ella_property_set(&p.subscribe.properties, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
            p.subscribe.properties.subscription_identifiers = ella_slice_of(id.data(), used);
        }
        send(p);
    }
    void decode() {
        const uint32_t end = static_cast<uint32_t>(arrived_.size());
        uint32_t start = 0;
        for (;;) {
            Packet packet;
            const ella_result result =
                ella_decode(&from_server_, arrived_.data(), start, end, &packet.p);
            ASSERT_NE(result, ELLA_BAD)
                << ella_error_text(static_cast<ella_error>(from_server_.error));
            if (result == ELLA_MORE)
                break;
            // Once more, so that the slices point into bytes of the packet's own.
            const auto from = arrived_.begin() + start;
            packet.bytes = std::make_shared<Bytes>(from, from + from_server_.size);
            ella_decoder again;
            ella_decoder_init(&again, version_, ELLA_FROM_SERVER, ELLA_PACKET_SIZE_MAX);
            ASSERT_EQ(ella_decode(&again, packet.bytes->data(), 0, from_server_.size, &packet.p),
                      ELLA_PACKET);
            start += from_server_.size;
            inbox.push_back(packet);
        }
        arrived_.erase(arrived_.begin(), arrived_.begin() + start);
    }

    World &world_;
    ella_version version_;
    ella_decoder from_client_{};
    ella_decoder from_server_{};
    Bytes unsent_;
    Bytes arrived_;
};

inline void World::authenticate(const core_effect &effect) {
    core_auth_result result{};
    if (authenticator) {
        const std::optional<core_auth_result> given = authenticator(effect);
        if (!given)
            return;
        result = *given;
    }
    core_event e = event(CORE_AUTH_RESULT, effect.conn);
    e.auth = &result;
    core_step(core(), &e);
}

// Carries out effects until there are none, and lets clients send what they had to keep.
inline void World::pump() {
    if (pumping_ || core_ == nullptr)
        return;
    pumping_ = true;
    core_effect effect{};
    bool more = true;
    while (more) {
        more = false;
        while (core_next_effect(core_, &effect)) {
            more = true;
            auto it = clients.find(effect.conn);
            if (it == clients.end()) {
                ADD_FAILURE() << "effect for a slot without a client";
                continue;
            }
            Client *client = it->second;
            switch (effect.type) {
            case CORE_EFFECT_AUTHENTICATE:
                authenticate(effect);
                break;
            case CORE_EFFECT_WRITE:
                if (client->reads)
                    client->pull();
                break;
            case CORE_EFFECT_CLOSE: {
                client->pull();
                client->closed_by_core = true;
                client->is_open = false;
                core_event e = event(CORE_CLOSED, effect.conn);
                core_step(core_, &e);
                clients.erase(effect.conn);
                break;
            }
            }
        }
        const std::map<uint32_t, Client *> all(clients);
        for (const auto &entry : all) {
            const size_t before = entry.second->unsent();
            entry.second->feed();
            more = more || entry.second->unsent() != before;
        }
        more = write() || more;
        more = more || sync_one();
    }
    pumping_ = false;
}

} // namespace core_test

#endif
