// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// How often which value was seen, in buckets whose width grows with the value: exact below 256,
// and never more than 1/128 off above. Of any count of values, in fixed memory. It refuses to know
// what the values are.

#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <array>
#include <cstdint>

namespace load {

class histogram {
  public:
    void record(uint64_t value);
    void add(const histogram &other);
    void clear() { *this = histogram(); }

    uint64_t count() const { return count_; }
    // Exact; 0 if there is none.
    uint64_t max() const { return max_; }
    double mean() const;
    // The smallest recorded value that at least `percent` (0 to 100) of all do not exceed, as the
    // upper end of its bucket, but never more than max(). 0 if there is none.
    uint64_t percentile(double percent) const;

  private:
    static constexpr unsigned exact_bits = 8; // values below 2^8 have a bucket each
    static constexpr unsigned half = 1u << (exact_bits - 1);
    static constexpr unsigned buckets = (64 - exact_bits + 2) * half;

    static unsigned bucket_of(uint64_t value);
    static uint64_t upper_end(unsigned bucket);

    std::array<uint64_t, buckets> counts_{};
    uint64_t count_ = 0;
    uint64_t max_ = 0;
    double sum_ = 0;
};

} // namespace load

#endif
