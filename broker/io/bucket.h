/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A token bucket: so many per second, a second's worth at once. It may go into debt, by one large
 * packet for one, which is to be waited for. Time is an argument.
 */
#ifndef BROKER_IO_BUCKET_H
#define BROKER_IO_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* No debt is larger than what so many seconds bring: less than the shortest keep alive. */
#define BUCKET_DEBT_MAX_S 5

struct bucket {
    int64_t tokens; /* thousandths */
    uint64_t filled_ms;
};

static inline struct bucket bucket_full(uint32_t per_second, uint64_t now_ms) {
    return (struct bucket){.tokens = (int64_t)per_second * 1000, .filled_ms = now_ms};
}

static inline void bucket_fill(struct bucket *bucket, uint32_t per_second, uint64_t now_ms) {
    const int64_t full = (int64_t)per_second * 1000;
    const uint64_t passed_ms = now_ms - bucket->filled_ms;
    bucket->filled_ms = now_ms;
    if (passed_ms >= 1000u * (BUCKET_DEBT_MAX_S + 1))
        bucket->tokens = full;
    else
        bucket->tokens += (int64_t)(passed_ms * per_second);
    if (bucket->tokens > full)
        bucket->tokens = full;
}

/* Takes one if there is one. */
static inline bool bucket_take(struct bucket *bucket, uint32_t per_second, uint64_t now_ms) {
    bucket_fill(bucket, per_second, now_ms);
    if (bucket->tokens < 1000)
        return false;
    bucket->tokens -= 1000;
    return true;
}

/* Takes count, into debt if need be. Whether there is no debt. */
static inline bool bucket_spend(struct bucket *bucket, uint32_t per_second, uint64_t count,
                                uint64_t now_ms) {
    const int64_t debt_max = -(int64_t)per_second * 1000 * BUCKET_DEBT_MAX_S;
    bucket_fill(bucket, per_second, now_ms);
    bucket->tokens -= (int64_t)(count > UINT32_MAX ? UINT32_MAX : count) * 1000;
    if (bucket->tokens < debt_max)
        bucket->tokens = debt_max;
    return bucket->tokens >= 0;
}

#endif
