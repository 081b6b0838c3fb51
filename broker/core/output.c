/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Bytes that wait for a connection's transport. It knows nothing of packets.
 */
#include "broker/core/output.h"

#include <string.h>

#include "broker/core/core_assert.h"

#define OUTPUT_CAPACITY_MIN 48u

static size_t output_size(uint32_t capacity) {
    return sizeof(struct output) + capacity;
}

static bool output_grow(struct memory *memory, struct output **output, uint32_t needed) {
    struct output *old = *output;
    uint32_t capacity = old == NULL ? OUTPUT_CAPACITY_MIN : old->capacity;
    struct output *grown;

    if (needed > UINT32_MAX / 2u)
        return false;
    while (capacity < needed)
        capacity *= 2u;
    grown = memory_resize(memory, MEMORY_OUTPUT, old,
                          old == NULL ? 0u : output_size(old->capacity), output_size(capacity));
    if (grown == NULL)
        return false;
    if (old == NULL) {
        grown->start = grown->end = 0u;
        grown->queue_batch = 0u;
        grown->hold_count = 0u;
        grown->holds_queue = false;
    }
    grown->capacity = capacity;
    *output = grown;
    return true;
}

uint8_t *output_reserve(struct memory *memory, struct output **output, uint32_t size) {
    struct output *o = *output;

    if (o != NULL && o->capacity - o->end < size && o->start > 0u) {
        memmove(o->bytes, o->bytes + o->start, o->end - o->start);
        for (unsigned i = 0; i < o->hold_count; i++)
            o->holds[i].at -= o->start;
        o->end -= o->start;
        o->start = 0u;
    }
    if (o == NULL || o->capacity - o->end < size) {
        uint32_t end = o == NULL ? 0u : o->end;
        if (size > UINT32_MAX - end || !output_grow(memory, output, end + size))
            return NULL;
        o = *output;
    }
    return o->bytes + o->end;
}

void output_put(struct output *output, uint32_t size) {
    CORE_ASSERT(size <= output->capacity - output->end);
    output->end += size;
}

void output_put_held(struct output *output, uint32_t size, uint64_t batch, bool holds_queue) {
    struct output_hold *last = NULL;

    if (output->hold_count > 0u)
        last = &output->holds[output->hold_count - 1u];
    if (last != NULL && (last->batch >= batch || output->hold_count == OUTPUT_HOLD_COUNT_MAX)) {
        if (last->batch < batch)
            last->batch = batch;
    } else {
        output->holds[output->hold_count].batch = batch;
        output->holds[output->hold_count].at = output->end;
        output->hold_count++;
    }
    output->holds_queue |= holds_queue;
    output_put(output, size);
}

void output_put_ahead(struct output *output, uint32_t size) {
    uint8_t moved[OUTPUT_AHEAD_SIZE_MAX];
    uint32_t at;

    CORE_ASSERT(size <= OUTPUT_AHEAD_SIZE_MAX);
    if (output->hold_count == 0u || output->holds_queue) {
        output_put(output, size);
        return;
    }
    at = output->holds[0].at;
    memcpy(moved, output->bytes + output->end, size);
    memmove(output->bytes + at + size, output->bytes + at, output->end - at);
    memcpy(output->bytes + at, moved, size);
    for (unsigned i = 0; i < output->hold_count; i++)
        output->holds[i].at += size;
    output_put(output, size);
}

bool output_hold_queue(struct memory *memory, struct output **output, uint64_t batch) {
    if (output_reserve(memory, output, 1u) == NULL)
        return false;
    (*output)->queue_batch = batch;
    return true;
}

/* Which hold is the first that still holds; hold_count: none. */
static unsigned first_hold(const struct output *output, uint64_t durable) {
    unsigned i = 0u;

    while (i < output->hold_count && output->holds[i].batch <= durable)
        i++;
    return i;
}

uint32_t output_ready_bytes(const struct output *output, uint64_t durable) {
    unsigned hold;

    if (output == NULL)
        return 0u;
    hold = first_hold(output, durable);
    return (hold == output->hold_count ? output->end : output->holds[hold].at) - output->start;
}

bool output_holds_queue(const struct output *output, uint64_t durable) {
    return output != NULL && output->holds_queue &&
           first_hold(output, durable) < output->hold_count;
}

static void forget_holds(struct output *output, uint64_t durable) {
    while (output->hold_count > 0u && output->holds[0].batch <= durable) {
        output->hold_count--;
        output->holds[0] = output->holds[OUTPUT_HOLD_COUNT_MAX - 1u];
    }
    if (output->hold_count == 0u)
        output->holds_queue = false;
}

uint32_t output_take(struct memory *memory, struct output **output, uint64_t durable, uint8_t *buf,
                     uint32_t size) {
    struct output *o = *output;
    uint32_t count;

    if (o == NULL)
        return 0u;
    if (o->hold_count > 0u)
        forget_holds(o, durable);
    count = output_ready_bytes(o, durable);
    count = count < size ? count : size;
    memcpy(buf, o->bytes + o->start, count);
    o->start += count;
    if (o->start == o->end && o->queue_batch <= durable)
        output_free(memory, output);
    return count;
}

uint32_t output_waiting_bytes(const struct output *output) {
    return output == NULL ? 0u : output->end - output->start;
}

void output_free(struct memory *memory, struct output **output) {
    if (*output != NULL)
        memory_put(memory, MEMORY_OUTPUT, *output, output_size((*output)->capacity));
    *output = NULL;
}

struct partial *partial_create(struct memory *memory, struct message *message, uint32_t head_len) {
    struct partial *partial = memory_get(memory, MEMORY_OUTPUT, sizeof(struct partial) + head_len);
    if (partial == NULL)
        return NULL;
    partial->message = message_take(message);
    partial->head_len = head_len;
    partial->sent = 0u;
    return partial;
}

uint32_t partial_take_head(struct partial *partial, uint8_t *buf, uint32_t size) {
    uint32_t left;

    if (partial->sent >= partial->head_len)
        return 0u;
    left = partial->head_len - partial->sent;
    left = left < size ? left : size;
    memcpy(buf, partial->head + partial->sent, left);
    partial->sent += left;
    return left;
}

struct ella_slice partial_take_payload(struct partial *partial, uint32_t size) {
    struct ella_slice piece = message_payload(partial->message);
    uint32_t left;

    CORE_ASSERT(partial->sent >= partial->head_len);
    piece.off += partial->sent - partial->head_len;
    left = ella_slice_len(piece);
    left = left < size ? left : size;
    piece.end = piece.off + left;
    partial->sent += left;
    return piece;
}

void partial_free(struct memory *memory, struct partial **partial) {
    struct partial *p = *partial;

    if (p == NULL)
        return;
    message_drop(memory, p->message);
    memory_put(memory, MEMORY_OUTPUT, p, sizeof *p + p->head_len);
    *partial = NULL;
}
