/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A ring of sources, each with a list of what waits; see fair_queue.h.
 *
 * Invariants: a source exists exactly while something of it waits; it is in the ring and in the
 * bucket of its number; count is the sum over all sources.
 */
#include "broker/io/fair_queue.h"

#include <stdlib.h>

struct fair_source {
    uint64_t number;
    uint32_t count;
    struct fair_item *first;
    struct fair_item *last;
    struct fair_source *ring_next;
    struct fair_source *ring_previous;
    struct fair_source *bucket_next;
};

void fair_queue_init(struct fair_queue *queue, uint32_t count_max, uint32_t source_max) {
    *queue = (struct fair_queue){.count_max = count_max, .source_max = source_max};
}

/* ---- Sources ---- */

static struct fair_source **bucket_of(struct fair_queue *queue, uint64_t number) {
    return &queue->buckets[number % FAIR_QUEUE_BUCKETS];
}

static struct fair_source *find_source(struct fair_queue *queue, uint64_t number) {
    struct fair_source *source = *bucket_of(queue, number);
    while (source != NULL && source->number != number)
        source = source->bucket_next;
    return source;
}

/* Its turn comes when all others had theirs. */
static struct fair_source *make_source(struct fair_queue *queue, uint64_t number) {
    struct fair_source *source = calloc(1, sizeof *source);
    if (source == NULL)
        return NULL;
    source->number = number;
    source->bucket_next = *bucket_of(queue, number);
    *bucket_of(queue, number) = source;
    if (queue->turn == NULL) {
        source->ring_next = source;
        source->ring_previous = source;
        queue->turn = source;
        return source;
    }
    source->ring_previous = queue->turn;
    source->ring_next = queue->turn->ring_next;
    source->ring_next->ring_previous = source;
    queue->turn->ring_next = source;
    queue->turn = source;
    return source;
}

static void free_source(struct fair_queue *queue, struct fair_source *source) {
    struct fair_source **link = bucket_of(queue, source->number);
    while (*link != source)
        link = &(*link)->bucket_next;
    *link = source->bucket_next;
    source->ring_previous->ring_next = source->ring_next;
    source->ring_next->ring_previous = source->ring_previous;
    if (queue->turn == source)
        queue->turn = source->ring_previous == source ? NULL : source->ring_previous;
    free(source);
}

/* ---- Items ---- */

enum fair_result fair_queue_add(struct fair_queue *queue, uint64_t number,
                                struct fair_item *item) {
    if (queue->count >= queue->count_max)
        return FAIR_FULL;
    struct fair_source *source = find_source(queue, number);
    if (source != NULL && source->count >= queue->source_max)
        return FAIR_SOURCE_FULL;
    if (source == NULL)
        source = make_source(queue, number);
    if (source == NULL)
        return FAIR_NO_MEMORY;
    *item = (struct fair_item){.previous = source->last, .source = source};
    if (source->last == NULL)
        source->first = item;
    else
        source->last->next = item;
    source->last = item;
    source->count++;
    queue->count++;
    return FAIR_QUEUED;
}

void fair_queue_remove(struct fair_queue *queue, struct fair_item *item) {
    struct fair_source *source = item->source;
    if (item->previous == NULL)
        source->first = item->next;
    else
        item->previous->next = item->next;
    if (item->next == NULL)
        source->last = item->previous;
    else
        item->next->previous = item->previous;
    item->source = NULL;
    queue->count--;
    if (--source->count == 0)
        free_source(queue, source);
}

struct fair_item *fair_queue_take(struct fair_queue *queue) {
    if (queue->turn == NULL)
        return NULL;
    queue->turn = queue->turn->ring_next;
    struct fair_item *item = queue->turn->first;
    fair_queue_remove(queue, item);
    return item;
}
