// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/sequence.h"

#include <algorithm>

namespace load {

// One word more than asked for: the oldest is cleared as soon as the newest is begun.
sequence_checker::sequence_checker(size_t lanes, size_t memory)
    : words_((memory + 63) / 64 + 1), lanes_(lanes), seen_(lanes * words_) {}

// The numbers from, ..., to - 1 were not seen yet: their bits, and those of `to`, are cleared.
void sequence_checker::skip(size_t lane, uint32_t from, uint32_t to) {
    const uint64_t first = static_cast<uint64_t>(from) + 63u;
    const uint64_t oldest = to / 64 >= words_ ? (to / 64 - words_ + 1) * uint64_t{64} : 0;
    for (uint64_t each = std::max(first / 64 * 64, oldest); each <= to; each += 64) {
        word(lane, static_cast<uint32_t>(each)) = 0;
    }
}

arrival sequence_checker::note(size_t lane, uint32_t number) {
    lane_state &state = lanes_[lane];
    const uint64_t bit = uint64_t{1} << (number % 64);
    if (number >= state.next) {
        skip(lane, state.next, number);
        state.missing += number - state.next;
        state.next = number + 1;
        word(lane, number) |= bit;
        return arrival::in_order;
    }
    const uint32_t newest_word = (state.next - 1) / 64;
    const bool remembered = newest_word - number / 64 < words_;
    const bool was_seen = remembered ? (word(lane, number) & bit) != 0 : state.missing == 0;
    if (was_seen) {
        repeated_++;
        return arrival::repeated;
    }
    if (remembered) {
        word(lane, number) |= bit;
    }
    state.missing--;
    late_++;
    return arrival::late;
}

uint64_t sequence_checker::distinct() const {
    uint64_t sum = 0;
    for (size_t i = 0; i < lanes_.size(); i++) {
        sum += distinct(i);
    }
    return sum;
}

} // namespace load
