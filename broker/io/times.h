/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * How long something took, many times: counted in classes, of which each is at most 1/16 wider
 * than what is in it is long. So a percentile takes no sorting, and no memory but this.
 */
#ifndef BROKER_IO_TIMES_H
#define BROKER_IO_TIMES_H

#include <stdint.h>

/* Each power of two has so many classes. */
#define TIMES_STEPS 16u
/* Up to 2^32 microseconds; what is longer counts as that. */
#define TIMES_CLASS_COUNT ((32u - 4u + 1u) * TIMES_STEPS)

/* Begins zero. */
struct times {
    uint64_t count;
    uint64_t classes[TIMES_CLASS_COUNT];
};

void times_add(struct times *times, uint64_t us);
/* Microseconds that `percent` of them did not exceed: the largest of its class, never too short.
 * 0: there are none. */
uint64_t times_percentile_us(const struct times *times, uint32_t percent);

#endif
