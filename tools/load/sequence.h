// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What a broker did to numbered messages: lost, repeated, out of order. A lane is what one
// subscriber has of one publisher; its messages are numbered from 0 without a gap.

#ifndef LOAD_SEQUENCE_H
#define LOAD_SEQUENCE_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace load {

enum class arrival {
    in_order, // newer than all before it
    late,     // for the first time, but a newer one was before it: out of order
    repeated,
};

class sequence_checker {
  public:
    // Of each lane the last `memory` numbers are remembered (rounded up to a multiple of 64); what
    // is older is taken for late while something older is missing, else for repeated.
    sequence_checker(size_t lanes, size_t memory);

    size_t lanes() const { return lanes_.size(); }
    arrival note(size_t lane, uint32_t number);
    // Different numbers seen in the lane.
    uint64_t distinct(size_t lane) const { return lanes_[lane].next - lanes_[lane].missing; }
    // Sums over all lanes.
    uint64_t distinct() const;
    uint64_t repeated() const { return repeated_; }
    uint64_t late() const { return late_; }

  private:
    struct lane_state {
        uint32_t next = 0;    // one more than the greatest seen
        uint32_t missing = 0; // numbers below next that were not seen
    };
    void skip(size_t lane, uint32_t from, uint32_t to);
    uint64_t &word(size_t lane, uint32_t number) {
        return seen_[lane * words_ + number / 64 % words_];
    }

    size_t words_;
    std::vector<lane_state> lanes_;
    std::vector<uint64_t> seen_; // a ring of bits for each lane
    uint64_t repeated_ = 0;
    uint64_t late_ = 0;
};

} // namespace load

#endif
