// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A world for tests: virtual time, and a polite little broker whose every answer a test may
// replace by a rude one. It knows just enough MQTT for the steps of the language.

#ifndef CONFORMANCE_FAKE_WORLD_H
#define CONFORMANCE_FAKE_WORLD_H

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "conformance/wire_fields.h"
#include "conformance/world.h"

namespace conformance {

class fake_world : public world {
  public:
    // Called for every packet that arrives; true if the test has dealt with it.
    std::function<bool(fake_world &, int connection, const packet &)> rude;
    std::set<std::string, std::less<>> needs;
    bool outlives = false;
    bool refuses_connections = false;
    std::vector<std::string> heard; // "client > packet", "client closed", "client aborted"

    bool satisfies(std::string_view need) override { return needs.count(need) != 0; }
    bool outlives_case() const override { return outlives; }
    uint64_t now_ms() override { return now_; }

    int open(const std::string &client, std::string *error) override {
        if (refuses_connections) {
            *error = "refused by the test";
            return -1;
        }
        connections_[next_].name = client;
        return next_++;
    }

    void send(int connection, std::string_view bytes) override {
        link &from = connections_.at(connection);
        if (from.hung_up) {
            return;
        }
        sends_++;
        from.unread += bytes;
        size_t size = 0;
        while (wire_frame(from.unread, &size) == frame_status::complete) {
            const decoded came =
                wire_decode(std::string_view(from.unread).substr(0, size), from.version, false);
            from.unread.erase(0, size);
            heard.push_back(from.name + " > " + wire_describe(came.packet));
            if (!rude || !rude(*this, connection, came.packet)) {
                answer(connection, came.packet);
            }
        }
    }

    void close(int connection) override {
        heard.push_back(connections_.at(connection).name + " closed");
        connections_.erase(connection);
    }
    void abort(int connection) override {
        heard.push_back(connections_.at(connection).name + " aborted");
        connections_.erase(connection);
    }

    std::vector<arrival> poll(uint64_t deadline_ms) override {
        std::vector<arrival> due;
        if (!waiting_.empty() && waiting_.begin()->first <= std::max(deadline_ms, now_)) {
            now_ = std::max(now_, waiting_.begin()->first);
            const auto end = waiting_.upper_bound(now_);
            for (auto each = waiting_.begin(); each != end; ++each) {
                if (connections_.count(each->second.connection) != 0) {
                    due.push_back(each->second);
                }
            }
            waiting_.erase(waiting_.begin(), end);
            return due.empty() ? poll(deadline_ms) : due;
        }
        now_ = std::max(now_, deadline_ms);
        return due;
    }

    // For tests: what the broker does, now or later.
    void deliver(int connection, std::string bytes, uint64_t delay_ms = 0) {
        waiting_.insert({now_ + delay_ms, {connection, std::move(bytes), false}});
    }
    using fields_of = std::vector<field>;
    void deliver(int connection, packet_type type, fields_of fields, uint64_t delay_ms = 0) {
        packet content;
        content.type = type;
        content.fields = std::move(fields);
        deliver(connection, wire_encode(content, connections_.at(connection).version), delay_ms);
    }
    void hang_up(int connection, uint64_t delay_ms = 0) {
        connections_.at(connection).hung_up = delay_ms == 0;
        waiting_.insert({now_ + delay_ms, {connection, {}, true}});
    }
    const std::string &name(int connection) const { return connections_.at(connection).name; }
    unsigned sends() const { return sends_; }

  private:
    struct link {
        std::string name;
        std::string unread;
        unsigned version = 4;
        bool hung_up = false;
        std::set<std::string> filters;
    };

    void answer(int connection, const packet &came);
    void filters(int connection, const packet &came);
    void publish(int connection, const packet &came);

    uint64_t now_ = 1000;
    unsigned sends_ = 0;
    int next_ = 0;
    std::map<int, link> connections_;
    std::multimap<uint64_t, arrival> waiting_;
};

inline void fake_world::answer(int connection, const packet &came) {
    link &from = connections_.at(connection);
    const field id = {"packet_id", value::of(came.number("packet_id"))};
    switch (came.type) {
    case packet_type::connect:
        from.version = static_cast<unsigned>(came.number("version", 4));
        return deliver(connection, packet_type::connack, {});
    case packet_type::pingreq:
        return deliver(connection, packet_type::pingresp, {});
    case packet_type::publish:
        return publish(connection, came);
    case packet_type::pubrec:
        return deliver(connection, packet_type::pubrel, {id});
    case packet_type::pubrel:
        return deliver(connection, packet_type::pubcomp, {id});
    case packet_type::subscribe:
    case packet_type::unsubscribe:
        return filters(connection, came);
    case packet_type::disconnect:
        return hang_up(connection);
    default:
        return;
    }
}

inline void fake_world::filters(int connection, const packet &came) {
    const bool subscribe = came.type == packet_type::subscribe;
    std::vector<field> fields = {{"packet_id", value::of(came.number("packet_id"))}};
    for (const field &item : came.fields) {
        if (item.name == "filter") {
            connections_.at(connection).filters.insert(item.value.bytes);
        }
        if (item.name == (subscribe ? "qos" : "filter")) {
            fields.push_back({"reason", value::of(subscribe ? item.value.number : 0)});
        }
    }
    deliver(connection, subscribe ? packet_type::suback : packet_type::unsuback, fields);
}

inline void fake_world::publish(int connection, const packet &came) {
    const uint64_t qos = came.number("qos");
    if (qos > 0) {
        deliver(connection, qos == 1 ? packet_type::puback : packet_type::pubrec,
                {{"packet_id", value::of(came.number("packet_id"))}});
    }
    for (const auto &[number, to] : connections_) {
        if (to.filters.count(came.find("topic")->bytes) != 0) {
            std::vector<field> fields = {{"topic", *came.find("topic")},
                                         {"payload", *came.find("payload")},
                                         {"qos", value::of(qos)}};
            if (qos > 0) {
                fields.push_back({"packet_id", value::of(uint64_t{42})});
            }
            deliver(number, packet_type::publish, std::move(fields));
        }
    }
}

} // namespace conformance

#endif
