/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * How arrays grow. It knows nothing of what is in them.
 */
#ifndef BROKER_CORE_ARRAY_H
#define BROKER_CORE_ARRAY_H

#include <stdint.h>

/* The next capacity of one that is full: twice as much as long as it is small, then a quarter
 * more, since the rest of a large one is memory that waits. capacity: at most UINT32_MAX / 2. */
static inline uint32_t array_grown(uint32_t capacity) {
    return capacity + (capacity < 1024u ? capacity : capacity / 4u);
}

#endif
