/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Classes of times; see times.h. Below 16 each number has a class of its own; from there on the
 * class is the place of the highest bit and the four bits behind it.
 */
#include "broker/io/times.h"

#define STEP_BITS 4u

static uint32_t class_of(uint64_t us) {
    uint32_t high = STEP_BITS;
    if (us > UINT32_MAX)
        us = UINT32_MAX;
    if (us < TIMES_STEPS)
        return (uint32_t)us;
    while (us >> high > 1u)
        high++;
    return (high - STEP_BITS + 1u) * TIMES_STEPS +
           (uint32_t)(us >> (high - STEP_BITS) & (TIMES_STEPS - 1u));
}

static uint64_t last_of(uint32_t class_) {
    const uint32_t octave = class_ / TIMES_STEPS;
    if (octave == 0)
        return class_;
    return (((uint64_t)TIMES_STEPS + class_ % TIMES_STEPS + 1u) << (octave - 1u)) - 1u;
}

void times_add(struct times *times, uint64_t us) {
    times->classes[class_of(us)]++;
    times->count++;
}

uint64_t times_percentile_us(const struct times *times, uint32_t percent) {
    /* Rounded up: of 10 the 99th percentile is the longest. */
    const uint64_t wanted = (times->count * percent + 99u) / 100u;
    uint64_t seen = 0;
    if (times->count == 0)
        return 0;
    for (uint32_t i = 0; i < TIMES_CLASS_COUNT; i++) {
        seen += times->classes[i];
        if (seen >= wanted && seen > 0)
            return last_of(i);
    }
    return UINT32_MAX;
}
