// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What a broker keeps for others: subscriptions, retained messages, messages for clients that are
// away. How much memory each takes, what it costs to take it in and to give it out, and whether
// all of it comes back, once and in order.

#ifndef LOAD_STORED_H
#define LOAD_STORED_H

#include <memory>
#include <vector>

#include "tools/load/runner.h"
#include "tools/load/sequence.h"

namespace load {

class stored : public runner {
  public:
    explicit stored(const options &wanted) : runner(wanted) {}
    report subscriptions();
    report retained();
    report queued();

  private:
    struct step {
        double took_s = 0;
        double cpu_us = 0;
        double grown_bytes = 0;
    };

    void packet(client &each, const ella_packet &received, uint64_t now_ns) override;
    void closed(client &each, const std::string &why) override;
    void send(client &each, const bytes &packet);
    // Publishes count messages with QoS 1 to topics[i] for the i-th, a window at a time.
    void publish_all(client &from, const std::string &topic, uint32_t topics, uint32_t count,
                     bool retain, uint32_t payload_len);
    void receive_all(uint64_t expected);
    void leave_all(size_t first, size_t count);
    step measure(const std::function<void()> &work);
    void tell_step(report *out, const char *what, const step &took, uint64_t count, bool memory);
    void tell_faults(report *out, uint64_t expected);

    std::unique_ptr<sequence_checker> seen_; // a lane for each topic or subscriber
    bool lane_is_topic_ = false;
    uint32_t messages_per_lane_ = 0;
    uint64_t acknowledged_ = 0;
    uint64_t foreign_ = 0;
    uint64_t left_ = 0;
    uint64_t received_ = 0;
};

} // namespace load

#endif
