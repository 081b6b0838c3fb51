// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Many subscriptions, exact and with wildcards, and topics of which each has two or three
// receivers: k/HOUSE/DEVICE/state is asked for by its name, as +/DEVICE/state, and in half of the
// houses as HOUSE/#. It refuses to know who sends what.

#ifndef LOAD_ROUTING_H
#define LOAD_ROUTING_H

#include <cstdint>
#include <string>
#include <vector>

namespace load {

class routing {
  public:
    // clients: 3 at least; the three kinds of subscriptions are of different clients.
    routing(const std::string &prefix, uint32_t subscriptions, uint32_t clients);

    std::vector<std::vector<std::string>> filters() const; // of each client
    uint32_t topics() const { return topics_; }
    std::string topic(uint32_t index) const;
    uint32_t receivers(uint32_t index) const { return index % houses_ < houses_ / 2 ? 3 : 2; }
    // Writes the topic over another one.
    void patch(uint8_t *topic, uint32_t index) const;

  private:
    std::string house(uint32_t index) const;

    std::string prefix_;
    uint32_t topics_;
    uint32_t houses_;
    uint32_t clients_;
};

} // namespace load

#endif
