// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What brokers do all day, from bytes to bytes: messages of 64 bytes over the patterns that
// libella-load measures with sockets.

#include <memory>

#include "tools/cost/run.h"
#include "tools/cost/world.h"

namespace cost {

namespace {

constexpr uint32_t clients = 100;
constexpr uint32_t burst = 8; // messages of a publisher in one read
constexpr uint32_t rounds = 4;

std::string topic_of(uint32_t index) {
    return "plant/" + std::to_string(100 + index) + "/line/3/temperature";
}

bytes burst_of(const world &w, const std::string &topic, uint8_t qos) {
    bytes out;
    for (uint32_t i = 0; i < burst; i++) {
        const bytes packet = w.publish(topic, qos, static_cast<uint16_t>(i + 1));
        out.insert(out.end(), packet.begin(), packet.end());
    }
    return out;
}

// Publishers are the first slots, subscribers come behind them.
struct pattern {
    uint32_t publishers;
    uint32_t subscribers;
    bool is_paired; // a topic for each pair, else one for all
    uint8_t qos;
    ella_version version;
};

struct traffic {
    world w;
    std::vector<bytes> bursts; // by publisher

    explicit traffic(const pattern &p) : w(p.version) {
        w.connect(p.publishers + p.subscribers);
        for (uint32_t i = 0; i < p.subscribers; i++)
            w.subscribe(p.publishers + i, {topic_of(p.is_paired ? i : 0)}, p.qos);
        for (uint32_t i = 0; i < p.publishers; i++)
            bursts.push_back(burst_of(w, topic_of(p.is_paired ? i : 0), p.qos));
        w.settle();
        go(1); // tables have grown to their size
    }
    void go(uint32_t count) {
        for (uint32_t round = 0; round < count; round++) {
            for (uint32_t i = 0; i < bursts.size(); i++)
                w.send(i, bursts[i]);
            w.settle();
        }
    }
};

run messages(const std::string &name, const pattern &p) {
    const uint32_t each_round = burst * p.publishers * (p.is_paired ? 1 : p.subscribers);
    return {name, rounds * each_round, "delivery", [p, each_round] {
                auto t = std::make_shared<traffic>(p);
                return [t, each_round] {
                    t->go(rounds);
                    t->w.expect_delivered((rounds + 1) * each_round);
                };
            }};
}

// ---- Routing
// ------------------------------------------------------------------------------------

constexpr uint32_t houses = 50;
constexpr uint32_t devices = 100; // of a house
constexpr uint32_t routed = 1000;

std::string house_of(uint32_t house) {
    return "home/house-" + std::to_string(100 + house);
}

std::string device_of(uint32_t house, uint32_t device) {
    return house_of(house) + "/device-" + std::to_string(100 + device) + "/state";
}

// Each topic has a subscriber of its own and one by "+"; every second house one by "#".
run routing() {
    return {
        "routing", routed, "publish", [] {
            auto w = std::make_shared<world>(ELLA_VERSION_3_1_1);
            w->connect(4);
            for (uint32_t house = 0; house < houses; house++) {
                for (uint32_t device = 0; device < devices; device++) {
                    w->subscribe(1, {device_of(house, device)}, 0);
                    w->subscribe(2, {"home/+/device-" + std::to_string(100 + device) + "/state"},
                                 0);
                }
                if (house % 2 == 0)
                    w->subscribe(3, {house_of(house) + "/#"}, 0);
                w->settle();
            }
            auto packets = std::make_shared<std::vector<bytes>>();
            for (uint32_t i = 0; i < routed; i++)
                packets->push_back(w->publish(device_of(i * 7 % houses, i * 13 % devices), 0, 0));
            return [w, packets] {
                for (const bytes &packet : *packets) {
                    w->send(0, packet);
                    w->settle();
                }
                w->expect_delivered(routed * 5 / 2);
            };
        }};
}

run subscribing() {
    return {"subscribe", clients * devices, "subscription", [] {
                auto w = std::make_shared<world>(ELLA_VERSION_3_1_1);
                w->connect(clients);
                auto filters = std::make_shared<std::vector<std::vector<std::string>>>(clients);
                for (uint32_t i = 0; i < clients * devices; i++)
                    (*filters)[i / devices].push_back(device_of(i / devices, i % devices));
                return [w, filters] {
                    for (uint32_t i = 0; i < clients; i++)
                        w->subscribe(i, (*filters)[i], 1);
                    w->settle();
                };
            }};
}

// ---- What is kept
// -------------------------------------------------------------------------------

struct retained {
    world w{ELLA_VERSION_3_1_1};
    std::vector<bytes> packets;

    retained() {
        w.connect(2);
        for (uint32_t i = 0; i < routed; i++)
            packets.push_back(w.publish(device_of(i / devices, i % devices), 0, 0, true));
    }
    void store() {
        for (const bytes &packet : packets)
            w.send(0, packet);
        w.settle();
    }
};

run retaining() {
    return {"retain", 2 * routed, "message", [] {
                auto r = std::make_shared<retained>();
                return [r] {
                    r->store();
                    r->store();
                };
            }};
}

run replaying() {
    return {"replay", routed, "delivery", [] {
                auto r = std::make_shared<retained>();
                r->store();
                return [r] {
                    r->w.subscribe(1, {"home/#"}, 1);
                    r->w.settle();
                    r->w.expect_delivered(routed);
                };
            }};
}

// Messages wait for a client that is away; it comes back.
run queueing() {
    return {"queue", routed, "delivery", [] {
                auto w = std::make_shared<world>(ELLA_VERSION_3_1_1);
                w->connect(2, false);
                w->subscribe(1, {topic_of(0)}, 1);
                w->disconnect(1);
                w->settle();
                auto packets = std::make_shared<bytes>(burst_of(*w, topic_of(0), 1));
                return [w, packets] {
                    for (uint32_t i = 0; i < routed / burst; i++) {
                        w->send(0, *packets);
                        w->settle();
                    }
                    w->connect_one(1, false);
                    w->settle();
                    w->expect_delivered(routed);
                };
            }};
}

run connecting() {
    return {"connect", 2 * clients, "connection", [] {
                auto w = std::make_shared<world>(ELLA_VERSION_3_1_1);
                return [w] {
                    for (uint32_t i = 0; i < 2 * clients; i++) {
                        w->connect_one(i % clients, true);
                        w->settle();
                        w->subscribe(i % clients, {topic_of(i % clients)}, 0);
                        w->settle();
                        w->disconnect(i % clients);
                        w->settle();
                    }
                };
            }};
}

} // namespace

std::vector<run> core_runs() {
    std::vector<run> out;
    for (uint8_t qos = 0; qos <= 2; qos++) {
        const std::string suffix = "_qos_" + std::to_string(qos);
        out.push_back(
            messages("pairs" + suffix, {clients, clients, true, qos, ELLA_VERSION_3_1_1}));
        out.push_back(messages("fan_out" + suffix, {1, clients, false, qos, ELLA_VERSION_3_1_1}));
        out.push_back(messages("fan_in" + suffix, {clients, 1, false, qos, ELLA_VERSION_3_1_1}));
    }
    out.push_back(messages("pairs_qos_1_of_5_0", {clients, clients, true, 1, ELLA_VERSION_5_0}));
    for (const auto make : {routing, subscribing, retaining, replaying, queueing, connecting})
        out.push_back(make());
    return out;
}

} // namespace cost
