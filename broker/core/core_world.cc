/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The core as a world of conformance cases.
 */
#include "broker/core/core_world.h"

#include <algorithm>
#include <cstdlib>

namespace {

constexpr size_t PULL_SIZE = 4096;
constexpr uint64_t WALL_OFFSET_MS = 1700000000000;

std::string text(ella_slice slice) {
    uint32_t len = ella_slice_len(slice);
    return len == 0 ? ""
                    : std::string(reinterpret_cast<const char *>(ella_slice_data(slice)), len);
}

} // namespace

CoreWorld::CoreWorld(const std::vector<std::string> &needs) {
    core_limits_default(&limits_);
    listener_ = core_listener{};
    listener_.maximum_qos = 2;
    listener_.version_accepted[3] = listener_.version_accepted[4] = true;
    listener_.version_accepted[5] = true;
    listener_.topic_alias_maximum = listener_.topic_alias_maximum_to_client = 10;
    listener_.allow_zero_length_client_id = true;
    for (const std::string &need : needs) {
        configure(need);
    }
    core_ports ports{};
    ports.ctx = this;
    ports.allocate = allocate;
    ports.release = release;
    ports.policy = policy;
    ports.seed = 7;
    const char *journal = std::getenv("TEST_JOURNAL");
    ports.journal = journal != nullptr;
    core_ = core_create(&limits_, &ports, now_ms_);
    if (ports.journal) {
        step(event(CORE_RECORDS_END, CORE_NO_CONN));
    }
}

CoreWorld::~CoreWorld() {
    finish();
}

size_t CoreWorld::finish() {
    if (core_ != nullptr) {
        core_destroy(core_);
        core_ = nullptr;
    }
    return live_bytes_;
}

void CoreWorld::configure(const std::string &need) {
    auth_ |= need == "auth";
    no_anonymous_ |= need == "no_anonymous";
    acl_ |= need == "acl";
    extended_auth_ |= need == "extended_auth";
    if (need == "receive_maximum") {
        limits_.receive_maximum = 20;
    } else if (need == "maximum_packet_size") {
        limits_.max_packet_size_bytes = 100000;
    } else if (need == "server_keep_alive") {
        limits_.max_keepalive_s = 5;
    } else if (need == "session_expiry_limit") {
        limits_.session_expiry_max_s = 60;
    } else if (need == "no_qos2") {
        listener_.maximum_qos = 1;
    } else if (need == "no_retain") {
        limits_.retain_available = false;
    } else if (need == "no_wildcard") {
        limits_.wildcard_subscription_available = false;
    } else if (need == "no_subscription_identifiers") {
        limits_.subscription_identifier_available = false;
    } else if (need == "no_shared_subscriptions") {
        limits_.shared_subscription_available = false;
    } else if (need == "empty_id_refused") {
        listener_.allow_zero_length_client_id = false;
    } else if (need == "connect_timeout") {
        limits_.connect_timeout_ms = 5000;
    } else if (need == "offline_qos0") {
        limits_.queue_qos0_messages = true;
    }
}

bool CoreWorld::satisfies(std::string_view need) {
    return need != "websocket"; /* configure() saw to the others */
}

core_event CoreWorld::event(core_event_type type, uint32_t slot) const {
    core_event e{};
    e.type = type;
    e.conn = slot;
    e.now_ms = now_ms_;
    e.wall_ms = now_ms_ + WALL_OFFSET_MS;
    return e;
}

void CoreWorld::step(const core_event &event) {
    (void)core_step(core_, &event);
    effects();
}

void CoreWorld::effects() {
    core_effect effect;
    std::vector<core_effect> todo;
    while (core_next_effect(core_, &effect)) {
        todo.push_back(effect);
    }
    for (const core_effect &one : todo) {
        if (connections_.count(one.conn) == 0 || connections_[one.conn].closed_by_core) {
            continue; /* closed while an earlier effect was served */
        }
        if (one.type == CORE_EFFECT_AUTHENTICATE) {
            authenticate(one);
            continue;
        }
        pull(one.conn);
        if (one.type == CORE_EFFECT_CLOSE) {
            connections_[one.conn].closed_by_core = true;
            step(event(CORE_CLOSED, one.conn));
        }
    }
    core_batch batch{};
    if (core_pull_journal(core_, &batch)) {
        core_event e = event(CORE_DURABLE, CORE_NO_CONN);
        e.batch = batch.number;
        step(e);
    }
}

core_auth_result CoreWorld::answer(const core_effect &effect) const {
    static const char CHALLENGE[] = "challenge";
    core_auth_result result{};
    result.status = CORE_AUTH_REFUSE;
    std::string method = text(effect.authentication_method);
    if (!method.empty()) {
        result.reason_code = ELLA_REASON_BAD_AUTHENTICATION_METHOD;
        if (!extended_auth_ || method != "ELLA-ECHO") {
            return result;
        }
        auto challenged = challenged_.find(effect.conn);
        if (challenged == challenged_.end() || !challenged->second) {
            result.status = CORE_AUTH_CONTINUE;
            result.data = ella_slice_of(CHALLENGE, sizeof CHALLENGE - 1);
            return result;
        }
        bool right = text(effect.authentication_data) == "response";
        result.status = right ? CORE_AUTH_ACCEPT : CORE_AUTH_REFUSE;
        result.reason_code = ELLA_REASON_NOT_AUTHORIZED;
        return result;
    }
    if (!effect.has_user_name) {
        result.status = no_anonymous_ ? CORE_AUTH_REFUSE : CORE_AUTH_ACCEPT;
        result.reason_code = ELLA_REASON_NOT_AUTHORIZED;
        return result;
    }
    bool known = text(effect.user_name) == "ella" && text(effect.password) == "secret";
    result.status = known || !auth_ ? CORE_AUTH_ACCEPT : CORE_AUTH_REFUSE;
    result.reason_code = ELLA_REASON_BAD_USER_NAME_OR_PASSWORD;
    return result;
}

void CoreWorld::authenticate(const core_effect &effect) {
    core_auth_result result = answer(effect);
    challenged_[effect.conn] = result.status == CORE_AUTH_CONTINUE;
    core_event e = event(CORE_AUTH_RESULT, effect.conn);
    e.auth = &result;
    step(e);
}

void CoreWorld::pull(uint32_t slot) {
    uint8_t buf[PULL_SIZE];
    for (size_t n; (n = core_pull(core_, slot, buf, sizeof buf)) != 0;) {
        connections_[slot].arrived.append(reinterpret_cast<char *>(buf), n);
    }
}

int CoreWorld::open(const std::string &, std::string *) {
    uint32_t slot = 0;
    while (connections_.count(slot) != 0) {
        slot++;
    }
    Connection &connection = connections_[slot];
    ella_decoder_init(&connection.decoder, ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT,
                      limits_.max_packet_size_bytes);
    challenged_[slot] = false;
    core_event e = event(CORE_OPEN, slot);
    e.open = &listener_;
    step(e);
    return static_cast<int>(slot);
}

void CoreWorld::feed(uint32_t slot) {
    Connection &connection = connections_[slot];
    while (!connection.closed_by_core && core_accepts(core_, slot)) {
        std::string bytes = connection.untaken;
        uint32_t used = core_receive(core_, slot, &connection.decoder,
                                     reinterpret_cast<const uint8_t *>(bytes.data()), 0,
                                     static_cast<uint32_t>(bytes.size()), now_ms_);
        connection.untaken.erase(0, used);
        effects();
        if (used == 0 || connection.untaken.empty()) {
            break;
        }
    }
}

void CoreWorld::send(int connection, std::string_view bytes) {
    auto slot = static_cast<uint32_t>(connection);
    connections_[slot].untaken.append(bytes);
    feed(slot);
}

void CoreWorld::end(int connection, const char *text) {
    auto slot = static_cast<uint32_t>(connection);
    bool closed_by_core = connections_[slot].closed_by_core;
    connections_.erase(slot);
    if (!closed_by_core) {
        core_event e = event(CORE_CLOSED, slot);
        e.text = text;
        step(e);
    }
}

void CoreWorld::close(int connection) {
    end(connection, nullptr);
}

void CoreWorld::abort(int connection) {
    end(connection, "connection reset by peer");
}

std::vector<conformance::arrival> CoreWorld::arrivals() {
    std::vector<conformance::arrival> out;
    for (auto &[slot, connection] : connections_) {
        bool closed = connection.closed_by_core && !connection.close_reported;
        if (!connection.arrived.empty() || closed) {
            out.push_back({static_cast<int>(slot), connection.arrived, closed});
            connection.arrived.clear();
            connection.close_reported = connection.closed_by_core;
        }
    }
    return out;
}

std::vector<conformance::arrival> CoreWorld::poll(uint64_t deadline_ms) {
    for (;;) {
        std::vector<conformance::arrival> out = arrivals();
        if (!out.empty() || now_ms_ >= deadline_ms) {
            return out;
        }
        uint64_t due = std::max(core_deadline_ms(core_), now_ms_);
        now_ms_ = std::min(due == now_ms_ ? due + 1 : due, deadline_ms);
        step(event(CORE_TIME, CORE_NO_CONN));
    }
}

bool CoreWorld::policy(void *ctx, const core_question *question) {
    auto *world = static_cast<CoreWorld *>(ctx);
    std::string topic = text(question->topic);
    bool denied = topic.rfind("denied/", 0) == 0 || topic == "denied";
    bool asked =
        question->access == CORE_ACCESS_WRITE || question->access == CORE_ACCESS_SUBSCRIBE;
    return !(world->acl_ && denied && asked);
}

void *CoreWorld::allocate(void *ctx, size_t size) {
    static_cast<CoreWorld *>(ctx)->live_bytes_ += size;
    return std::malloc(size);
}

void CoreWorld::release(void *ctx, void *memory, size_t size) {
    static_cast<CoreWorld *>(ctx)->live_bytes_ -= size;
    std::free(memory);
}
