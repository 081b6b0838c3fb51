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
    if (old == NULL)
        grown->start = grown->end = 0u;
    grown->capacity = capacity;
    *output = grown;
    return true;
}

uint8_t *output_reserve(struct memory *memory, struct output **output, uint32_t size) {
    struct output *o = *output;

    if (o != NULL && o->capacity - o->end < size && o->start > 0u) {
        memmove(o->bytes, o->bytes + o->start, o->end - o->start);
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

uint32_t output_take(struct memory *memory, struct output **output, uint8_t *buf, uint32_t size) {
    struct output *o = *output;
    uint32_t count;

    if (o == NULL)
        return 0u;
    count = o->end - o->start < size ? o->end - o->start : size;
    memcpy(buf, o->bytes + o->start, count);
    o->start += count;
    if (o->start == o->end)
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

uint32_t partial_take(struct memory *memory, struct partial **partial, uint8_t *buf,
                      uint32_t size) {
    struct partial *p = *partial;
    struct ella_slice payload;
    uint32_t used = 0u;
    uint32_t left;

    if (p == NULL)
        return 0u;
    payload = message_payload(p->message);
    if (p->sent < p->head_len) {
        left = p->head_len - p->sent;
        used = left < size ? left : size;
        memcpy(buf, p->head + p->sent, used);
        p->sent += used;
    }
    if (p->sent >= p->head_len && used < size) {
        uint32_t at = p->sent - p->head_len;
        left = ella_slice_len(payload) - at;
        left = left < size - used ? left : size - used;
        if (left > 0u)
            memcpy(buf + used, ella_slice_data(payload) + at, left);
        used += left;
        p->sent += left;
    }
    if (p->sent == p->head_len + ella_slice_len(payload))
        partial_free(memory, partial);
    return used;
}

void partial_free(struct memory *memory, struct partial **partial) {
    struct partial *p = *partial;

    if (p == NULL)
        return;
    message_drop(memory, p->message);
    memory_put(memory, MEMORY_OUTPUT, p, sizeof *p + p->head_len);
    *partial = NULL;
}
