// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Publishers, subscribers and what flows between them: pairs, fan-out, fan-in, each with a window
// or at a rate.
//
// A message is under way from when it is sent until all its receivers have it and, with QoS 1 and
// 2, the broker has acknowledged it. No publisher has more than its window under way, so nothing
// has to be dropped by a broker that is slow. Messages that a broker loses would close the window
// for ever: after the loss timeout without any progress they are given up. With a rate a message
// that finds the window closed keeps the time at which it was due.
//
// With a rate this process polls between messages. If it slept it would be woken too late by its
// own timer, and what the broker sends would find it asleep: to wake a core is work that the
// kernel charges to the broker. On a lone processor it sleeps.

#ifndef LOAD_TRAFFIC_H
#define LOAD_TRAFFIC_H

#include <memory>
#include <vector>

#include "tools/load/apart.h"
#include "tools/load/histogram.h"
#include "tools/load/routing.h"
#include "tools/load/runner.h"
#include "tools/load/sequence.h"

namespace load {

enum class layout {
    pairs,
    fan_out,
    fan_in,
    routing,
};

class traffic : public runner {
  public:
    traffic(const options &wanted, layout shape);
    report run();

  private:
    struct slot {
        uint32_t number = 0;
        uint32_t deliveries_left = 0;
        bool acknowledgement_left = false;
        bool free() const { return deliveries_left == 0 && !acknowledgement_left; }
    };
    struct publisher {
        client *of = nullptr;
        publish_template packet;
        uint32_t window = 0;
        uint32_t next = 0;      // number of the next message
        uint32_t base = 0;      // of the oldest under way
        uint64_t due_count = 0; // with a rate: that were due until now
        uint64_t opened_ns = 0; // with a rate: when a full window opened last
        uint64_t progressed_ns = 0;
        uint64_t luck = 0;  // chooses the next topic, if there are many
        bool waits = false; // in refill_
    };
    struct moment {
        uint64_t ns = 0;
        uint64_t published = 0;
        uint64_t delivered = 0;
        own_figures own;
        process_figures broker;
    };

    void packet(client &each, const ella_packet &received, uint64_t now_ns) override;
    void from_broker_to_publisher(client &each, const ella_packet &received, uint64_t now_ns);
    void delivered(uint32_t subscriber, const ella_publish &message, uint64_t now_ns);
    bool judge(uint32_t subscriber, uint32_t from, uint32_t number);
    void acknowledged(publisher &each, uint16_t packet_id, uint64_t now_ns);
    void answer(client &each, ella_packet_type type, uint16_t packet_id);

    slot &slot_of(uint32_t index, uint32_t number) {
        return slots_[index * slots_each_ + number % slots_each_];
    }
    void advance(publisher &each, uint64_t now_ns);
    void refill(publisher &each, uint64_t now_ns);
    void publish(publisher &each, uint64_t due_ns);
    void publish_due(uint64_t now_ns);
    void note_lateness(const publisher &each, uint64_t due_ns, uint64_t now_ns);
    uint64_t wait_ns(uint64_t now_ns, uint64_t end_ns) const;
    void watch_over(uint64_t now_ns);
    uint64_t due_of(uint64_t index, uint64_t number) const;
    void give_up_stalled(uint64_t now_ns);
    void keep_alive(uint64_t now_ns);

    void add_clients();
    std::vector<std::string> filters_of(uint32_t subscriber) const;
    void subscribe();
    void flow_until(uint64_t end_ns);
    void drain();
    moment now() const;
    report tell_all(const moment &begin, const moment &end, const process_figures &fresh,
                    const process_figures &connected);
    void tell_rate(report *out) const;
    void tell_faults(report *out);

    const layout shape_;
    const uint32_t subscribers_;
    const uint32_t publishers_count_;
    const uint32_t receivers_; // of each message
    const bool polls_;         // rather than sleeps
    uint32_t slots_each_;      // a power of two, at least the window
    std::vector<publisher> publishers_;
    std::vector<slot> slots_;
    std::vector<publisher *> refill_;
    sequence_checker seen_;
    std::unique_ptr<sequence_checker> order_; // with a shared subscription
    std::unique_ptr<routing> routes_;
    std::unique_ptr<apart> apart_; // while it polls
    histogram latency_ns_;
    histogram late_ns_; // with a rate: when sent, behind due and allowed

    bool flowing_ = false;
    uint64_t start_ns_ = 0;
    uint64_t measured_from_ns_ = 0;
    uint64_t measured_to_ns_ = 0;
    uint64_t due_total_ = 0; // with a rate
    uint64_t checked_ns_ = 0;
    uint64_t pinged_ns_ = 0;
    uint64_t published_ = 0;
    uint64_t expected_ = 0; // deliveries of all that was published
    uint64_t delivered_ = 0;
    uint64_t under_way_ = 0;
    uint64_t foreign_ = 0;
    uint64_t refused_ = 0;
    uint64_t given_up_ = 0;
};

} // namespace load

#endif
