/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Luck from a seed: the same numbers on every machine and with every library.
 */
#ifndef BROKER_SIM_LUCK_H
#define BROKER_SIM_LUCK_H

#include <cstdint>

namespace sim {

class Luck {
  public:
    explicit Luck(uint64_t seed) : state_(seed) {}

    uint64_t next() {
        state_ += 0x9e3779b97f4a7c15u;
        return mix(state_);
    }
    /* 0 .. n - 1; n > 0. */
    uint32_t below(uint32_t n) { return static_cast<uint32_t>(((next() >> 32) * n) >> 32); }
    /* low .. high, both included. */
    uint32_t between(uint32_t low, uint32_t high) { return low + below(high - low + 1); }
    bool per_mille(uint32_t chance) { return below(1000) < chance; }

    /* One number out of two, so that luck can be split without a common stream. */
    static uint64_t of(uint64_t a, uint64_t b) { return mix(a ^ mix(b + 0x9e3779b97f4a7c15u)); }

  private:
    static uint64_t mix(uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    uint64_t state_;
};

} // namespace sim

#endif
