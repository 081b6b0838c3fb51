// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// One core and clients that speak to it in bytes, in the order in which the loop of the broker
// does: what came is stepped, then what is to be sent is pulled. It knows no socket and no clock.
// Clients read with a reader of their own: the codec is not to be counted for them.

#ifndef COST_WORLD_H
#define COST_WORLD_H

#include <cstdint>
#include <string>
#include <vector>

#include "libella/codec.h"

struct core;

namespace cost {

using bytes = std::vector<uint8_t>;

struct client {
    ella_decoder decoder = {};
    bytes answers; // acknowledgements that it has not sent yet
    bool is_open = false;
};

class world {
  public:
    explicit world(ella_version version);
    world(const world &) = delete;
    world &operator=(const world &) = delete;
    ~world();

    // Opens the slots up to count and connects them as "client-SLOT".
    void connect(uint32_t count, bool clean = true);
    void connect_one(uint32_t slot, bool clean);
    void disconnect(uint32_t slot);
    void subscribe(uint32_t slot, const std::vector<std::string> &filters, uint8_t qos);
    // Gives the core whole packets.
    void send(uint32_t slot, const bytes &packets);
    // Carries out what the core wants, acknowledges what came, until nothing is left to do.
    void settle();

    // PUBLISH that clients received.
    uint64_t delivered() const { return delivered_; }
    // Ends the process if it is another number.
    void expect_delivered(uint64_t count) const;

    bytes publish(const std::string &topic, uint8_t qos, uint16_t packet_id,
                  bool retain = false) const;

  private:
    void open(uint32_t slot);
    bool carry_out_effects();
    bool send_answers();
    void read(uint32_t slot, uint32_t len);

    const ella_version version_;
    struct core *core_ = nullptr;
    std::vector<client> clients_;
    bytes buffer_;
    uint64_t delivered_ = 0;
};

} // namespace cost

#endif
