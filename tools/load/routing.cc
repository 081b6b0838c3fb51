// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/routing.h"

#include <algorithm>

namespace load {

namespace {

constexpr uint32_t devices_per_house = 100;
constexpr uint32_t digits = 8; // so that all topics have one length

std::string number(uint32_t value) {
    const std::string written = std::to_string(value);
    return std::string(digits - std::min<size_t>(digits, written.size()), '0') + written;
}

void put_number(uint8_t *at, uint32_t value) {
    for (uint32_t i = digits; i > 0; i--) {
        at[i - 1] = static_cast<uint8_t>('0' + value % 10);
        value /= 10;
    }
}

} // namespace

routing::routing(const std::string &prefix, uint32_t subscriptions, uint32_t clients)
    : prefix_(prefix), topics_(std::max(1u, subscriptions / 2)),
      houses_(std::max(2u, topics_ / devices_per_house)), clients_(std::max(3u, clients)) {}

std::string routing::house(uint32_t index) const {
    return prefix_ + "/" + number(index % houses_);
}

std::string routing::topic(uint32_t index) const {
    return house(index) + "/" + number(index) + "/state";
}

void routing::patch(uint8_t *topic, uint32_t index) const {
    put_number(topic + prefix_.size() + 1, index % houses_);
    put_number(topic + prefix_.size() + digits + 2, index);
}

std::vector<std::vector<std::string>> routing::filters() const {
    const uint32_t third = clients_ / 3;
    std::vector<std::vector<std::string>> out(clients_);
    for (uint32_t i = 0; i < topics_; i++) {
        out[i % third].push_back(topic(i));
        out[third + i % third].push_back(prefix_ + "/+/" + number(i) + "/state");
    }
    for (uint32_t i = 0; i < houses_ / 2; i++) {
        out[2 * third + i % (clients_ - 2 * third)].push_back(house(i) + "/#");
    }
    return out;
}

} // namespace load
