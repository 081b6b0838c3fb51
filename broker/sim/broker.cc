/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The rounds of the simulated broker.
 */
#include "broker/sim/broker.h"

#include <algorithm>
#include <cstdlib>

#include "broker/sim/packets.h"

namespace sim {

namespace {

constexpr size_t PULL_SIZE = 4096;
/* Times in one round that the journal may tell the core something. */
constexpr int TELLS_MAX = 1000;

} // namespace

/* ---- Life ---- */

Broker::Broker(uint64_t seed, Disk &disk, BrokerHost &host)
    : host_(host), disk_(disk), storage_(seed, disk, *this), seed_(seed) {
    Luck luck(Luck::of(seed, 0x6c696d697473));
    core_limits_default(&limits_);
    limits_.max_queued_messages = 0;
    limits_.max_inflight_messages =
        static_cast<uint16_t>(luck.per_mille(500) ? 20 : luck.between(1, 4));
    limits_.receive_maximum =
        static_cast<uint16_t>(luck.per_mille(500) ? 1000 : luck.between(2, 20));
    limits_.queue_qos0_messages = luck.per_mille(300);
    limits_.sys_interval_s = luck.per_mille(300) ? 10 : 0;
    snapshot_steps_ = luck.per_mille(500) ? 0 : luck.between(1, 40);
    limits_.max_packet_size_bytes = 16384;
    listener_.maximum_qos = 2;
    listener_.version_accepted[3] = listener_.version_accepted[4] = true;
    listener_.version_accepted[5] = true;
    listener_.topic_alias_maximum = 3;
    listener_.topic_alias_maximum_to_client = 3;
    listener_.allow_zero_length_client_id = true;
}

Broker::~Broker() {
    if (core_ != nullptr) {
        core_destroy(core_);
    }
}

void Broker::start() {
    core_ports ports{};
    ports.ctx = this;
    ports.allocate = allocate;
    ports.release = release;
    ports.policy = policy;
    ports.log = host_.tells() ? log : nullptr;
    ports.journal = true;
    ports.snapshot_steps = snapshot_steps_;
    ports.seed = Luck::of(seed_, ++starts_);
    boot_ms_ = host_.now_ms();
    core_ = core_create(&limits_, &ports, core_now_ms());
    std::string failed = storage_.start(core_, core_now_ms(), WALL_BEGIN_MS + host_.now_ms());
    if (!failed.empty() && !disk_.is_dead()) {
        host_.breach("the broker does not start: " + failed);
    }
    carry_out_effects();
    make_durable();
}

void Broker::close_all() {
    connections_.clear();
    ready_.clear();
    dirty_.clear();
    core_destroy(core_);
    core_ = nullptr;
    if (live_bytes_ != 0) {
        host_.breach("memory is left after core_destroy()");
    }
}

void Broker::crash() {
    storage_.crash();
    close_all();
}

bool Broker::stop() {
    step(event(CORE_SHUTDOWN, 0));
    carry_out_effects();
    bool is_stored = storage_.end(core_, core_now_ms());
    close_all();
    return is_stored;
}

/* ---- Ports ---- */

void *Broker::allocate(void *ctx, size_t size) {
    static_cast<Broker *>(ctx)->live_bytes_ += size;
    return std::malloc(size);
}

void Broker::release(void *ctx, void *memory, size_t size) {
    static_cast<Broker *>(ctx)->live_bytes_ -= size;
    std::free(memory);
}

bool Broker::policy(void *ctx, const core_question *question) {
    const Broker *self = static_cast<Broker *>(ctx);
    std::string topic = text_of(question->topic);
    return topic.rfind("x/", 0) != 0 || !self->host_.is_restricted(text_of(question->client_id));
}

void Broker::log(void *ctx, const core_log *line) {
    Broker *self = static_cast<Broker *>(ctx);
    self->host_.tell_broker(text_of(line->client_id) + " " + text_of(line->topic) + ": " +
                            line->text);
}

void Broker::tell_storage(const std::string &line) {
    if (host_.tells()) {
        host_.tell_broker(line);
    }
}

/* ---- Steps ---- */

core_event Broker::event(core_event_type type, uint32_t slot) const {
    core_event e{};
    e.type = type;
    e.conn = slot;
    e.now_ms = core_now_ms();
    e.wall_ms = WALL_BEGIN_MS + host_.now_ms();
    return e;
}

void Broker::step(const core_event &event) {
    steps_++;
    (void)core_step(core_, &event);
}

void Broker::open(Connection *connection) {
    uint32_t slot = 0;
    while (connections_.count(slot) != 0) {
        slot++;
    }
    connection->slot = slot;
    connections_[slot] = connection;
    ella_decoder_init(&connection->decoder, ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT,
                      limits_.max_packet_size_bytes);
    core_event e = event(CORE_OPEN, slot);
    e.open = &listener_;
    step(e);
}

/* The slot is free again. */
void Broker::closed(Connection &connection) {
    uint32_t slot = connection.slot;
    step(event(CORE_CLOSED, slot));
    connections_.erase(slot);
    ready_.erase(slot);
    dirty_.erase(slot);
    host_.broker_closed(connection);
}

void Broker::finish(Connection &connection) {
    while (!disk_.is_dead()) {
        uint8_t buf[PULL_SIZE];
        size_t got = core_pull(core_, connection.slot, buf, sizeof buf);
        if (got == 0) {
            break;
        }
        host_.broker_sends(connection, std::string(reinterpret_cast<char *>(buf), got), false);
    }
    if (!disk_.is_dead()) {
        host_.broker_sends(connection, "", true);
    }
    closed(connection);
}

void Broker::carry_out_effects() {
    core_effect effect;
    while (core_next_effect(core_, &effect)) {
        Connection *connection = connections_[effect.conn];
        core_auth_result result{};
        core_event e = event(CORE_AUTH_RESULT, effect.conn);
        switch (effect.type) {
        case CORE_EFFECT_AUTHENTICATE:
            result.status = CORE_AUTH_ACCEPT;
            e.auth = &result;
            step(e);
            ready_.insert(effect.conn);
            break;
        case CORE_EFFECT_WRITE:
            dirty_.insert(effect.conn);
            break;
        case CORE_EFFECT_CLOSE:
            finish(*connection);
            break;
        }
    }
}

void Broker::read_one(Connection &connection) {
    if (core_accepts(core_, connection.slot) && !connection.unread.empty()) {
        /* A copy that ends where the bytes end, so that asan sees what is read beyond. */
        std::vector<uint8_t> bytes(connection.unread.begin(), connection.unread.end());
        steps_++;
        uint32_t used = core_receive(core_, connection.slot, &connection.decoder, bytes.data(), 0,
                                     static_cast<uint32_t>(bytes.size()), core_now_ms());
        connection.unread.erase(0, used);
    }
    connection.held = !core_accepts(core_, connection.slot);
    if (connection.end_arrived && connections_.count(connection.slot) != 0 &&
        connections_[connection.slot] == &connection) {
        closed(connection);
    }
}

void Broker::write(Connection &connection) {
    bool moved = false;
    while (!disk_.is_dead()) {
        uint8_t buf[PULL_SIZE];
        size_t room = std::min(connection.room(host_.now_ms()), sizeof buf);
        if (room < CORE_PULL_SIZE_MIN) {
            break; /* writable() tells when there is room again */
        }
        size_t got = core_pull(core_, connection.slot, buf, room);
        if (got == 0) {
            break;
        }
        moved = true;
        host_.broker_sends(connection, std::string(reinterpret_cast<char *>(buf), got), false);
    }
    if (moved && !connection.unread.empty()) {
        ready_.insert(connection.slot);
    }
}

void Broker::check_memory() {
    if (core_memory_total(core_) != live_bytes_) {
        host_.breach("the account of memory is wrong");
    }
}

void Broker::write_dirty() {
    std::set<uint32_t> now = std::move(dirty_);
    dirty_.clear();
    for (uint32_t slot : now) {
        auto found = connections_.find(slot);
        if (found != connections_.end()) {
            write(*found->second);
        }
    }
    carry_out_effects();
}

void Broker::make_durable() {
    for (int i = 0; i < TELLS_MAX && storage_.round(core_, core_now_ms()); i++) {
        carry_out_effects();
        write_dirty();
    }
    for (const auto &[slot, connection] : connections_) {
        if (connection->held && core_accepts(core_, slot)) {
            ready_.insert(slot);
        }
    }
}

void Broker::round() {
    std::set<uint32_t> now = std::move(ready_);
    ready_.clear();
    for (uint32_t slot : now) {
        auto found = connections_.find(slot);
        if (found != connections_.end()) {
            read_one(*found->second);
            carry_out_effects();
        }
    }
    if (core_deadline_ms(core_) <= core_now_ms()) {
        step(event(CORE_TIME, 0));
    }
    carry_out_effects();
    write_dirty();
    make_durable();
    check_memory();
}

uint64_t Broker::deadline_ms() const {
    uint64_t due_ms = std::min(core_deadline_ms(core_), storage_.deadline_ms(core_));
    due_ms = due_ms == UINT64_MAX ? NEVER_MS : due_ms + boot_ms_ - 1;
    return std::min(due_ms, disk_.deadline_ms());
}

} // namespace sim
