// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/stored.h"

#include <algorithm>
#include <stdexcept>

namespace load {

namespace {

constexpr uint32_t publisher_mask = 0xffffff;
constexpr uint64_t round_ns = 20000000;
constexpr uint64_t linger_ns = 300000000;

} // namespace

// ---- What comes from the broker
// -----------------------------------------------------------------

void stored::packet(client &each, const ella_packet &received, uint64_t) {
    progress_++;
    if (received.type == ELLA_SUBACK) {
        answered(received.suback);
    } else if (received.type == ELLA_PUBACK) {
        acknowledged_++;
    } else if (received.type == ELLA_PUBLISH) {
        const ella_publish &message = received.publish;
        if (message.qos == 1) {
            packet_acknowledge(ELLA_PUBACK, message.packet_id, each.out.append(4));
            pool_.touch(each);
        }
        stamp head{};
        if (seen_ == nullptr || ella_slice_len(message.payload) != wanted_.payload_len) {
            foreign_++;
            return;
        }
        std::memcpy(&head, ella_slice_data(message.payload), sizeof head);
        const uint32_t topic = head.publisher & publisher_mask;
        const size_t lane = lane_is_topic_ ? topic : each.index;
        if (head.publisher >> 24 != tag_ || lane >= seen_->lanes() ||
            head.number >= messages_per_lane_) {
            foreign_++;
            return;
        }
        received_ += seen_->note(lane, head.number) != arrival::repeated ? 1 : 0;
    }
}

void stored::closed(client &each, const std::string &why) {
    runner::closed(each, why);
    left_++;
}

// ---- Steps
// --------------------------------------------------------------------------------------

void stored::send(client &each, const bytes &packet) {
    each.out.append(packet.data(), packet.size());
    pool_.touch(each);
}

stored::step stored::measure(const std::function<void()> &work) {
    const process_figures before = broker();
    const uint64_t begin_ns = now_ns();
    work();
    step out;
    out.took_s = static_cast<double>(now_ns() - begin_ns) / static_cast<double>(second_ns);
    const process_figures after = broker();
    out.cpu_us = static_cast<double>(after.cpu_ns - before.cpu_ns) / 1000;
    out.grown_bytes = static_cast<double>(after.rss_bytes) - static_cast<double>(before.rss_bytes);
    return out;
}

// Message i goes to topic i % topics and has the number i / topics there.
void stored::publish_all(client &from, const std::string &topic, uint32_t topics, uint32_t count,
                         bool retain, uint32_t payload_len) {
    const uint32_t window = std::min<uint32_t>(wanted_.window, from.receive_maximum);
    const uint64_t before = acknowledged_;
    uint32_t sent = 0;
    publish_template packet;
    wait_until("publishing", [&] {
        for (; sent < count && sent - (acknowledged_ - before) < window; sent++) {
            if (topics > 1 || sent == 0) {
                packet = packet_publish(wanted_.version, topic + std::to_string(sent % topics), 1,
                                        retain, std::max(payload_len, stamp_len));
            }
            const stamp head = {tag_ << 24 | (sent % topics), sent / topics, 0};
            packet.patch(packet.packet.data(), static_cast<uint16_t>(sent % 65535 + 1), head);
            send(from, packet.packet);
        }
        tell("published " + std::to_string(sent) + " of " + std::to_string(count));
        return acknowledged_ - before == count;
    });
}

// All of them, or nothing came for the loss timeout.
void stored::receive_all(uint64_t expected) {
    uint64_t seen = progress_;
    uint64_t seen_ns = now_ns();
    while (received_ < expected && now_ns() < seen_ns + wanted_.loss_timeout_s * second_ns) {
        pool_.round(round_ns);
        tell("received " + std::to_string(received_) + " of " + std::to_string(expected));
        if (progress_ != seen) {
            seen = progress_;
            seen_ns = now_ns();
        }
    }
}

void stored::leave_all(size_t first, size_t count) {
    left_ = 0;
    for (size_t i = first; i < first + count; i++) {
        pool_.leave(pool_.at(i));
    }
    wait_until("disconnecting", [&] { return left_ == count; });
}

// ---- Modes
// --------------------------------------------------------------------------------------

report stored::subscriptions() {
    runner_allow_files(wanted_.clients);
    const uint32_t clients = std::min(wanted_.clients, wanted_.count);
    std::vector<std::vector<std::string>> filters(clients);
    for (uint32_t i = 0; i < clients; i++) {
        pool_.add(name_of("c", i));
    }
    // Like the topics of many devices: a level for the house, one for the device, one for what.
    for (uint32_t i = 0; i < wanted_.count; i++) {
        filters[i % clients].push_back(name_of("t", i % 1000) + "/device" + std::to_string(i) +
                                       (i % 2 == 0 ? "/state" : "/+"));
    }
    connect(0, clients);
    const step took = measure(
        [&] { subscribe_all(filters, static_cast<uint8_t>(std::min<uint32_t>(wanted_.qos, 2))); });
    leave_all(0, clients);
    tell_end();
    report out;
    out.mode = wanted_.mode;
    out.add("clients", clients);
    out.add("subscriptions", wanted_.count);
    tell_step(&out, "subscription", took, wanted_.count, true);
    return out;
}

report stored::retained() {
    client &publisher = pool_.add(name_of("p", 0));
    client &subscriber = pool_.add(name_of("s", 0));
    const std::string topic = name_of("t", 0) + "/";
    connect(0, 2);
    const step storing = measure([&] {
        publish_all(publisher, topic, wanted_.count, wanted_.count, true, wanted_.payload_len);
    });
    seen_ = std::make_unique<sequence_checker>(wanted_.count, 64);
    lane_is_topic_ = true;
    messages_per_lane_ = 1;
    const step replay = measure([&] {
        send(subscriber,
             packet_subscribe(wanted_.version, 1, {topic + "#"},
                              static_cast<uint8_t>(std::min<uint32_t>(wanted_.qos, 1))));
        receive_all(wanted_.count);
    });
    const uint64_t until_ns = now_ns() + linger_ns;
    while (now_ns() < until_ns) {
        pool_.round(round_ns);
    }
    report out;
    out.mode = wanted_.mode;
    out.add("messages", wanted_.count);
    out.add("payload", wanted_.payload_len, "bytes");
    tell_step(&out, "retained", storing, wanted_.count, true);
    tell_step(&out, "replayed", replay, wanted_.count, false);
    tell_faults(&out, wanted_.count);
    // The broker is left as it was: an empty payload removes a retained message.
    leave_all(1, 1);
    const uint64_t before = acknowledged_;
    uint32_t sent = 0;
    wait_until("removing", [&] {
        for (; sent < wanted_.count && sent - (acknowledged_ - before) < wanted_.window &&
               sent - (acknowledged_ - before) < publisher.receive_maximum;
             sent++) {
            publish_template packet =
                packet_publish(wanted_.version, topic + std::to_string(sent), 1, true, 0);
            packet.patch_id(packet.packet.data(), static_cast<uint16_t>(sent % 65535 + 1));
            send(publisher, packet.packet);
        }
        return acknowledged_ - before == wanted_.count;
    });
    leave_all(0, 1);
    tell_end();
    return out;
}

// The message i is for all subscribers, or with --own for one of them.
report stored::queued() {
    const uint32_t subscribers = wanted_.clients;
    runner_allow_files(subscribers + 1);
    const std::string topic = name_of("t", 0) + "/";
    std::vector<std::vector<std::string>> filters;
    for (uint32_t i = 0; i < subscribers; i++) {
        pool_.add(name_of("s", i), false);
        filters.push_back({topic + std::to_string(wanted_.own ? i : 0)});
    }
    client &publisher = pool_.add(name_of("p", 0));
    connect(0, subscribers + 1);
    subscribe_all(filters, 1);
    leave_all(0, subscribers);
    const uint32_t published = wanted_.own ? wanted_.count * subscribers : wanted_.count;
    const uint64_t expected = uint64_t{wanted_.count} * subscribers;
    const step queueing = measure([&] {
        publish_all(publisher, topic, wanted_.own ? subscribers : 1, published, false,
                    wanted_.payload_len);
    });
    seen_ = std::make_unique<sequence_checker>(subscribers, wanted_.count);
    messages_per_lane_ = wanted_.count;
    const step draining = measure([&] {
        connect(0, subscribers);
        receive_all(expected);
    });
    const uint64_t until_ns = now_ns() + linger_ns;
    while (now_ns() < until_ns) {
        pool_.round(round_ns);
    }
    report out;
    out.mode = wanted_.mode;
    out.add("clients", subscribers);
    out.add("messages_for_each", wanted_.count);
    out.add("payload", wanted_.payload_len, "bytes");
    tell_step(&out, "queued", queueing, expected, true);
    tell_step(&out, "drained", draining, expected, false);
    tell_faults(&out, expected);
    // The sessions are ended: nothing is left in the broker.
    leave_all(0, subscribers);
    for (uint32_t i = 0; i < subscribers; i++) {
        pool_.prepare(pool_.at(i), name_of("s", i), true);
    }
    connect(0, subscribers);
    leave_all(0, subscribers + 1);
    tell_end();
    return out;
}

// ---- The report
// ---------------------------------------------------------------------------------

void stored::tell_step(report *out, const char *what, const step &took, uint64_t count,
                       bool memory) {
    const std::string name = what;
    const auto each = static_cast<double>(count);
    out->add(name + "_per_second", each / took.took_s, "1/s");
    if (!wanted_.pids.empty()) {
        out->add("broker_cpu_per_" + name, took.cpu_us / each, "us");
        if (memory) {
            out->add("broker_rss_per_" + name, took.grown_bytes / each, "bytes");
            if (took.grown_bytes <= 0) {
                out->notes.push_back("the broker used memory that it had: what is stored is "
                                     "measured by a fresh broker and a larger --count");
            }
        }
    }
}

void stored::tell_faults(report *out, uint64_t expected) {
    out->add_fault("lost", static_cast<double>(expected - seen_->distinct()));
    out->add_fault("repeated", static_cast<double>(seen_->repeated()));
    out->add_fault("out_of_order", static_cast<double>(seen_->late()));
    out->add_fault("foreign", static_cast<double>(foreign_));
}

} // namespace load
