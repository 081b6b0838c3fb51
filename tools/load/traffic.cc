// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/traffic.h"

#include <sched.h>

#include <algorithm>
#include <stdexcept>

namespace load {

namespace {

constexpr uint64_t check_ns = 100000000;
constexpr uint64_t linger_ns = 300000000; // for what comes twice, after all has come once
constexpr uint64_t longest_round_ns = 50000000;
constexpr uint8_t first_failure = 0x80; // of the reason codes of MQTT 5
constexpr uint32_t publisher_mask = 0xffffff;

uint32_t power_of_two(uint32_t least) {
    uint32_t out = 1;
    while (out < least) {
        out *= 2;
    }
    return out;
}

// xorshift64
uint64_t luck(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

size_t lanes_of(const options &wanted, layout shape) {
    const size_t publishers = wanted.publishers;
    return shape == layout::pairs || wanted.shared ? publishers : publishers * wanted.subscribers;
}

// That this process may run on; on a lone one, polling would keep the broker from it.
int processors() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

double per(uint64_t cpu_ns, uint64_t count) {
    return count == 0 ? 0 : static_cast<double>(cpu_ns) / 1000 / static_cast<double>(count);
}

} // namespace

traffic::traffic(const options &wanted, layout shape)
    : runner(wanted), shape_(shape), subscribers_(wanted.subscribers),
      publishers_count_(wanted.publishers),
      receivers_(shape == layout::pairs || wanted.shared ? 1 : wanted.subscribers),
      polls_(wanted.rate != 0 && !wanted.sleep && processors() > 1),
      slots_each_(power_of_two(wanted.window)), publishers_(publishers_count_),
      slots_(size_t{slots_each_} * publishers_count_),
      seen_(lanes_of(wanted, shape), size_t{slots_each_} * 2) {
    if (wanted.shared) {
        order_ = std::make_unique<sequence_checker>(size_t{publishers_count_} * subscribers_,
                                                    size_t{slots_each_} * 2);
    }
    if (shape == layout::routing) {
        routes_ = std::make_unique<routing>(name_of("t", 0), wanted.count, subscribers_);
    }
}

// ---- What comes from the broker
// -----------------------------------------------------------------

void traffic::packet(client &each, const ella_packet &received, uint64_t now_ns) {
    progress_++;
    if (each.index >= subscribers_) {
        from_broker_to_publisher(each, received, now_ns);
        return;
    }
    switch (received.type) {
    case ELLA_PUBLISH:
        if (received.publish.qos == 1) {
            answer(each, ELLA_PUBACK, received.publish.packet_id);
        } else if (received.publish.qos == 2) {
            answer(each, ELLA_PUBREC, received.publish.packet_id);
        }
        delivered(each.index, received.publish, now_ns);
        break;
    case ELLA_PUBREL:
        answer(each, ELLA_PUBCOMP, received.ack.packet_id);
        break;
    case ELLA_SUBACK:
        answered(received.suback);
        break;
    default:
        break;
    }
}

void traffic::from_broker_to_publisher(client &each, const ella_packet &received,
                                       uint64_t now_ns) {
    publisher &from = publishers_[each.index - subscribers_];
    const bool refused = received.ack.reason_code >= first_failure;
    switch (received.type) {
    case ELLA_PUBACK:
    case ELLA_PUBCOMP:
        refused_ += refused ? 1 : 0;
        acknowledged(from, received.ack.packet_id, now_ns);
        break;
    case ELLA_PUBREC:
        if (refused) {
            refused_++;
            acknowledged(from, received.ack.packet_id, now_ns);
        } else {
            answer(each, ELLA_PUBREL, received.ack.packet_id);
        }
        break;
    default:
        break;
    }
}

void traffic::answer(client &each, ella_packet_type type, uint16_t packet_id) {
    packet_acknowledge(type, packet_id, each.out.append(4));
    pool_.touch(each);
}

// Whether the message is new to those who wait for it. Members of a share group see gaps, since
// others got what lies between: for them only going back is disorder.
bool traffic::judge(uint32_t subscriber, uint32_t from, uint32_t number) {
    if (order_ != nullptr) {
        order_->note(size_t{subscriber} * publishers_count_ + from, number);
        return seen_.note(from, number) != arrival::repeated;
    }
    const size_t lane =
        shape_ == layout::pairs ? from : size_t{subscriber} * publishers_count_ + from;
    return seen_.note(lane, number) != arrival::repeated;
}

void traffic::delivered(uint32_t subscriber, const ella_publish &message, uint64_t now_ns) {
    stamp head{};
    if (ella_slice_len(message.payload) != wanted_.payload_len) {
        foreign_++;
        return;
    }
    std::memcpy(&head, ella_slice_data(message.payload), sizeof head);
    const uint32_t from = head.publisher & publisher_mask;
    if (head.publisher >> 24 != tag_ || from >= publishers_count_ ||
        (shape_ == layout::pairs && from != subscriber) || head.number >= publishers_[from].next) {
        foreign_++;
        return;
    }
    if (!judge(subscriber, from, head.number)) {
        return;
    }
    delivered_++;
    if (measured_from_ns_ != 0 && head.due_ns >= measured_from_ns_ &&
        (measured_to_ns_ == 0 || head.due_ns < measured_to_ns_)) {
        latency_ns_.record(now_ns - std::min(head.due_ns, now_ns));
    }
    slot &of = slot_of(from, head.number);
    if (of.number == head.number && of.deliveries_left > 0 && --of.deliveries_left == 0) {
        advance(publishers_[from], now_ns);
    }
}

void traffic::acknowledged(publisher &each, uint16_t packet_id, uint64_t now_ns) {
    const auto index = static_cast<uint32_t>(&each - publishers_.data());
    if (packet_id == 0 || packet_id > slots_each_ ||
        !slots_[index * slots_each_ + packet_id - 1].acknowledgement_left) {
        foreign_++;
        return;
    }
    slots_[index * slots_each_ + packet_id - 1].acknowledgement_left = false;
    advance(each, now_ns);
}

// ---- The window
// ---------------------------------------------------------------------------------

void traffic::advance(publisher &each, uint64_t now_ns) {
    const auto index = static_cast<uint32_t>(&each - publishers_.data());
    const uint32_t before = each.base;
    const bool full = each.next - before >= each.window;
    while (each.base != each.next && slot_of(index, each.base).free()) {
        each.base++;
    }
    each.progressed_ns = now_ns;
    under_way_ -= each.base - before;
    if (full && each.base != before) {
        each.opened_ns = now_ns;
    }
    if (each.base != before && flowing_ && !each.waits) {
        each.waits = true;
        refill_.push_back(&each);
    }
}

void traffic::publish(publisher &each, uint64_t due_ns) {
    const auto index = static_cast<uint32_t>(&each - publishers_.data());
    const uint32_t number = each.next++;
    slot &of = slot_of(index, number);
    of.number = number;
    of.deliveries_left = receivers_;
    of.acknowledgement_left = wanted_.qos > 0;
    const size_t len = each.packet.packet.size();
    uint8_t *copy = each.of->out.append(len);
    std::memcpy(copy, each.packet.packet.data(), len);
    if (routes_ != nullptr) {
        const uint32_t topic = static_cast<uint32_t>(luck(&each.luck) % routes_->topics());
        routes_->patch(copy + each.packet.topic_at, topic);
        of.deliveries_left = routes_->receivers(topic);
    }
    expected_ += of.deliveries_left;
    each.packet.patch(copy, static_cast<uint16_t>(number % slots_each_ + 1),
                      {tag_ << 24 | index, number, due_ns});
    published_++;
    under_way_++;
    pool_.touch(*each.of);
}

uint64_t traffic::due_of(uint64_t index, uint64_t number) const {
    return start_ns_ + (number * publishers_count_ + index) * second_ns / wanted_.rate;
}

void traffic::refill(publisher &each, uint64_t now_ns) {
    const auto index = static_cast<uint64_t>(&each - publishers_.data());
    if (each.base == each.next) {
        each.progressed_ns = now_ns;
    }
    while (each.next - each.base < each.window &&
           (wanted_.rate == 0 || each.next < each.due_count)) {
        const uint64_t due_ns = wanted_.rate == 0 ? now_ns : due_of(index, each.next);
        if (wanted_.rate != 0) {
            note_lateness(each, due_ns, now_ns);
        }
        publish(each, due_ns);
    }
}

// What the broker held back by a closed window is not this process's lateness.
void traffic::note_lateness(const publisher &each, uint64_t due_ns, uint64_t now_ns) {
    const uint64_t from_ns = std::max(due_ns, each.opened_ns);
    if (measured_from_ns_ != 0 && due_ns >= measured_from_ns_) {
        late_ns_.record(now_ns - std::min(from_ns, now_ns));
    }
}

void traffic::publish_due(uint64_t now_ns) {
    const uint64_t due = (now_ns - start_ns_) * wanted_.rate / second_ns + 1;
    for (; due_total_ < due; due_total_++) {
        publisher &each = publishers_[due_total_ % publishers_count_];
        each.due_count++;
        if (!each.waits) {
            each.waits = true;
            refill_.push_back(&each);
        }
    }
}

// An acknowledgement is never given up: its packet identifier stays in use.
void traffic::give_up_stalled(uint64_t now_ns) {
    for (publisher &each : publishers_) {
        if (each.base == each.next ||
            now_ns < each.progressed_ns + wanted_.loss_timeout_s * second_ns) {
            continue;
        }
        const auto index = static_cast<uint32_t>(&each - publishers_.data());
        for (uint32_t number = each.base; number != each.next; number++) {
            given_up_ += slot_of(index, number).deliveries_left > 0 ? 1 : 0;
            slot_of(index, number).deliveries_left = 0;
        }
        advance(each, now_ns);
    }
}

void traffic::keep_alive(uint64_t now_ns) {
    if (wanted_.keep_alive_s == 0 || now_ns - pinged_ns_ < wanted_.keep_alive_s * second_ns / 2) {
        return;
    }
    pinged_ns_ = now_ns;
    const bytes ping = packet_pingreq();
    for (size_t i = 0; i < pool_.count(); i++) {
        pool_.at(i).out.append(ping.data(), ping.size());
        pool_.touch(pool_.at(i));
    }
}

// ---- The run
// ------------------------------------------------------------------------------------

void traffic::add_clients() {
    for (uint32_t i = 0; i < subscribers_; i++) {
        pool_.add(name_of("s", i), !wanted_.lasting);
    }
    for (uint32_t i = 0; i < publishers_count_; i++) {
        publishers_[i].of = &pool_.add(name_of("p", i));
        publishers_[i].luck = i + 1;
        publishers_[i].packet = packet_publish(
            wanted_.version,
            routes_ != nullptr ? routes_->topic(0) : name_of("t", 0) + "/" + std::to_string(i),
            static_cast<uint8_t>(wanted_.qos), false, wanted_.payload_len);
    }
}

std::vector<std::string> traffic::filters_of(uint32_t subscriber) const {
    const std::string topic = name_of("t", 0) + "/";
    if (shape_ == layout::pairs) {
        return {topic + std::to_string(subscriber)};
    }
    if (shape_ == layout::fan_in) {
        return {(wanted_.shared ? "$share/load/" : "") + topic + "#"};
    }
    std::vector<std::string> out;
    for (uint32_t i = 0; i < publishers_count_; i++) {
        out.push_back(topic + std::to_string(i));
    }
    return out;
}

void traffic::subscribe() {
    std::vector<std::vector<std::string>> filters;
    for (uint32_t i = 0; routes_ == nullptr && i < subscribers_; i++) {
        filters.push_back(filters_of(i));
    }
    subscribe_all(routes_ != nullptr ? routes_->filters() : filters,
                  static_cast<uint8_t>(wanted_.qos));
}

uint64_t traffic::wait_ns(uint64_t now_ns, uint64_t end_ns) const {
    if (polls_ && flowing_) {
        return 0;
    }
    const uint64_t wait = std::min(end_ns - now_ns, longest_round_ns);
    if (wanted_.rate == 0) {
        return wait;
    }
    const uint64_t due_ns = start_ns_ + due_total_ * second_ns / wanted_.rate;
    return std::min(wait, due_ns > now_ns ? due_ns - now_ns : 0);
}

void traffic::flow_until(uint64_t end_ns) {
    for (uint64_t now = now_ns(); now < end_ns; now = now_ns()) {
        pool_.round(wait_ns(now, end_ns), [this] {
            const uint64_t read_ns = now_ns();
            if (wanted_.rate != 0 && flowing_) {
                publish_due(read_ns);
            }
            for (publisher *each : refill_) {
                each->waits = false;
                if (flowing_) {
                    refill(*each, read_ns);
                }
            }
            refill_.clear();
        });
        if (now - checked_ns_ > check_ns) {
            checked_ns_ = now;
            watch_over(now);
        }
    }
}

void traffic::watch_over(uint64_t now_ns) {
    give_up_stalled(now_ns);
    keep_alive(now_ns);
    tell(std::to_string((now_ns - start_ns_) / second_ns) + " s: published " +
         std::to_string(published_) + ", delivered " + std::to_string(delivered_) +
         ", under way " + std::to_string(under_way_) + ", repeated " +
         std::to_string(seen_.repeated()) + ", out of order " +
         std::to_string((order_ ? *order_ : seen_).late()));
}

// Until nothing is under way, or what is under way is lost.
void traffic::drain() {
    flowing_ = false;
    uint64_t seen = progress_;
    uint64_t seen_ns = now_ns();
    while (under_way_ > 0 && now_ns() - seen_ns <= wanted_.loss_timeout_s * second_ns) {
        flow_until(now_ns() + longest_round_ns);
        if (progress_ != seen) {
            seen = progress_;
            seen_ns = now_ns();
        }
    }
    flow_until(now_ns() + linger_ns);
}

traffic::moment traffic::now() const {
    moment out;
    out.ns = now_ns();
    out.published = published_;
    out.delivered = delivered_;
    out.own = process_own();
    out.broker = broker();
    return out;
}

report traffic::run() {
    runner_allow_files(size_t{subscribers_} + publishers_count_);
    const process_figures fresh = broker();
    add_clients();
    connect(0, pool_.count());
    const process_figures connected = broker();
    subscribe();
    if (polls_) {
        apart_ = std::make_unique<apart>(wanted_.pids);
    }

    start_ns_ = pinged_ns_ = now_ns();
    flowing_ = true;
    for (publisher &each : publishers_) {
        each.window = wanted_.qos == 0
                          ? wanted_.window
                          : std::min<uint32_t>(wanted_.window, each.of->receive_maximum);
        each.progressed_ns = start_ns_;
        if (wanted_.rate == 0) {
            refill(each, start_ns_);
        }
    }
    flow_until(start_ns_ + wanted_.warm_up_s * second_ns);
    const moment begin = now();
    measured_from_ns_ = begin.ns;
    flow_until(begin.ns + wanted_.seconds * second_ns);
    const moment end = now();
    measured_to_ns_ = end.ns;
    drain();
    report out = tell_all(begin, end, fresh, connected);
    for (size_t i = 0; i < pool_.count(); i++) {
        pool_.leave(pool_.at(i));
    }
    pool_.round(0);
    tell_end();
    return out;
}

// ---- The report
// ---------------------------------------------------------------------------------

report traffic::tell_all(const moment &begin, const moment &end, const process_figures &fresh,
                         const process_figures &connected) {
    const double took_s = static_cast<double>(end.ns - begin.ns) / static_cast<double>(second_ns);
    const uint64_t published = end.published - begin.published;
    const uint64_t delivered = end.delivered - begin.delivered;
    const uint64_t own_ns = end.own.cpu_ns - begin.own.cpu_ns;
    const double own_cores = static_cast<double>(own_ns) / 1e9 / took_s;
    report out;
    out.mode = wanted_.mode;
    out.add("publishers", publishers_count_);
    out.add("subscribers", subscribers_);
    if (routes_ != nullptr) {
        out.add("subscriptions", wanted_.count);
    }
    out.add("qos", wanted_.qos);
    out.add("payload", wanted_.payload_len, "bytes");
    out.add("window", publishers_[0].window);
    out.add("measured", took_s, "s");
    out.add("published", static_cast<double>(published) / took_s, "messages/s");
    out.add("delivered", static_cast<double>(delivered) / took_s, "messages/s");
    out.add_latency(latency_ns_);
    if (!wanted_.pids.empty()) {
        const uint64_t cpu = end.broker.cpu_ns - begin.broker.cpu_ns;
        out.add("broker_cpu_per_delivery", per(cpu, delivered), "us");
        out.add("broker_cpu_per_publish", per(cpu, published), "us");
        out.add("broker_cpu", static_cast<double>(cpu) / 1e9 / took_s, "cores");
        out.add("broker_rss_fresh", static_cast<double>(fresh.rss_bytes) / 1024, "KiB");
        out.add("broker_rss_connected", static_cast<double>(connected.rss_bytes) / 1024, "KiB");
        out.add("broker_rss_end", static_cast<double>(end.broker.rss_bytes) / 1024, "KiB");
        if (!fresh.complete || !end.broker.complete) {
            out.notes.push_back("a process of --pid could not be read: its figures are wrong");
        }
    }
    out.add("own_cpu_per_delivery", per(own_ns, delivered), "us");
    out.add("own_cpu", own_cores, "cores");
    out.add("own_sleeps", static_cast<double>(end.own.sleeps - begin.own.sleeps) / took_s, "1/s");
    if (wanted_.rate != 0) {
        tell_rate(&out);
    } else if (own_cores > 0.9) {
        out.notes.push_back("the load generator itself had no more time: the broker's throughput "
                            "may be higher, its CPU per message holds");
    }
    if (publishers_[0].window < wanted_.window) {
        out.notes.push_back("the broker's Receive Maximum made the window smaller");
    }
    tell_faults(&out);
    return out;
}

// Polling takes a core, so that own_cpu says nothing about who was the limit.
void traffic::tell_rate(report *out) const {
    const auto us = [this](double part) {
        return static_cast<double>(late_ns_.percentile(part)) / 1000;
    };
    out->add("send_late_p50", us(50), "us");
    out->add("send_late_p99", us(99), "us");
    out->add("send_late_max", static_cast<double>(late_ns_.max()) / 1000, "us");
    if (late_ns_.percentile(99) * 2 > latency_ns_.percentile(99)) {
        out->notes.push_back("the load generator was late itself: latency is its own in part, and "
                             "messages came in bunches, which costs the broker less");
    }
    out->notes.push_back(polls_ ? "polled between messages: own_cpu is a core by intent"
                                : "slept between messages: broker_cpu includes waking it");
    if (polls_ && !apart_->is_kept()) {
        out->notes.push_back("not bound to processors of their own (see --pid): latencies are the "
                             "scheduler's when it put both on one");
    }
}

// Over the whole run, warm-up included.
void traffic::tell_faults(report *out) {
    const uint64_t distinct = seen_.distinct();
    out->add("delivered_in_all", static_cast<double>(distinct));
    out->add_fault("lost", static_cast<double>(expected_ - distinct));
    out->add_fault("repeated", static_cast<double>(seen_.repeated()));
    out->add_fault("out_of_order", static_cast<double>((order_ ? *order_ : seen_).late()));
    out->add_fault("refused", static_cast<double>(refused_));
    out->add_fault("foreign", static_cast<double>(foreign_));
    if (under_way_ > 0) {
        out->add_fault("never_completed", static_cast<double>(under_way_));
    }
    if (given_up_ > 0) {
        out->add("given_up", static_cast<double>(given_up_));
        out->notes.push_back("publishers stood still until the loss timeout: rates are too low");
    }
}

} // namespace load
