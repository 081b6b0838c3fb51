/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A queue in which each source has its turn, however much another one has put in: things wait in
 * order of arrival within a source, and sources take turns. Bounded as a whole and for each
 * source. It owns nothing: items are parts of the caller's structs.
 */
#ifndef BROKER_IO_FAIR_QUEUE_H
#define BROKER_IO_FAIR_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define FAIR_QUEUE_BUCKETS 256u

struct fair_item {
    struct fair_item *next;     /* the queue's, as the next */
    struct fair_item *previous; /* of the same source */
    struct fair_source *source; /* NULL: does not wait */
};

struct fair_queue {
    uint32_t count;
    uint32_t count_max;       /* of all */
    uint32_t source_max;      /* of each source */
    struct fair_source *turn; /* of a ring; the next one has its turn */
    struct fair_source *buckets[FAIR_QUEUE_BUCKETS];
};

enum fair_result {
    FAIR_QUEUED,
    FAIR_FULL,        /* count_max wait */
    FAIR_SOURCE_FULL, /* source_max of this source wait */
    FAIR_NO_MEMORY,
};

void fair_queue_init(struct fair_queue *queue, uint32_t count_max, uint32_t source_max);
/* source: a number that stands for who asks. item must not wait anywhere. */
enum fair_result fair_queue_add(struct fair_queue *queue, uint64_t source, struct fair_item *item);
/* The next one, taken out; NULL: nothing waits. */
struct fair_item *fair_queue_take(struct fair_queue *queue);
/* Takes out an item that waits. */
void fair_queue_remove(struct fair_queue *queue, struct fair_item *item);

#endif
