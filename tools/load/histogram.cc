// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/histogram.h"

#include <algorithm>
#include <cmath>

namespace load {

// A value of exact_bits bits or fewer is its own bucket; of a longer one the first exact_bits
// bits count, and each further bit begins `half` new buckets.
unsigned histogram::bucket_of(uint64_t value) {
    if (value < 2 * half) {
        return static_cast<unsigned>(value);
    }
    const unsigned bits = 64u - static_cast<unsigned>(__builtin_clzll(value));
    const unsigned shift = bits - exact_bits;
    return shift * half + static_cast<unsigned>(value >> shift);
}

uint64_t histogram::upper_end(unsigned bucket) {
    if (bucket < 2 * half) {
        return bucket;
    }
    const unsigned shift = bucket / half - 1;
    const uint64_t first = bucket - shift * half;
    return (first << shift) + ((uint64_t{1} << shift) - 1);
}

void histogram::record(uint64_t value) {
    counts_[bucket_of(value)]++;
    count_++;
    max_ = std::max(max_, value);
    sum_ += static_cast<double>(value);
}

void histogram::add(const histogram &other) {
    for (unsigned i = 0; i < buckets; i++) {
        counts_[i] += other.counts_[i];
    }
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
    sum_ += other.sum_;
}

double histogram::mean() const {
    return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

uint64_t histogram::percentile(double percent) const {
    const auto rank =
        static_cast<uint64_t>(std::ceil(percent / 100 * static_cast<double>(count_)));
    uint64_t seen = 0;
    for (unsigned i = 0; i < buckets && count_ > 0; i++) {
        seen += counts_[i];
        if (seen >= std::max<uint64_t>(rank, 1)) {
            return std::min(upper_end(i), max_);
        }
    }
    return max_;
}

} // namespace load
