/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The set of QoS 2 packet identifiers that await PUBREL. It knows nothing of messages.
 */
#include "broker/core/received.h"

#include <string.h>

#include "broker/core/core_assert.h"

#define RECEIVED_CAPACITY_MIN 4u

static size_t received_size(uint32_t capacity) {
    return sizeof(struct received) + capacity * sizeof(uint16_t);
}

/* Where packet_id stands, or would stand. */
static uint32_t place_of(const struct received *received, uint16_t packet_id) {
    uint32_t low = 0u;
    uint32_t high = received->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2u;
        if (received->packet_ids[middle] < packet_id)
            low = middle + 1u;
        else
            high = middle;
    }
    return low;
}

bool received_has(const struct received *received, uint16_t packet_id) {
    uint32_t place;

    if (received == NULL)
        return false;
    place = place_of(received, packet_id);
    return place < received->count && received->packet_ids[place] == packet_id;
}

bool received_add(struct memory *memory, struct received **received, uint16_t packet_id) {
    struct received *r = *received;
    uint32_t place;

    if (r == NULL || r->count == r->capacity) {
        uint32_t old = r == NULL ? 0u : r->capacity;
        uint32_t capacity = old == 0u ? RECEIVED_CAPACITY_MIN : old * 2u;
        struct received *grown = memory_resize(
            memory, MEMORY_QUEUE, r, r == NULL ? 0u : received_size(old), received_size(capacity));
        if (grown == NULL)
            return false;
        if (r == NULL)
            grown->count = 0u;
        grown->capacity = capacity;
        *received = r = grown;
    }
    /* Most clients count up. */
    place = r->count;
    if (place > 0u && r->packet_ids[place - 1u] >= packet_id)
        place = place_of(r, packet_id);
    CORE_ASSERT(place == r->count || r->packet_ids[place] != packet_id);
    memmove(&r->packet_ids[place + 1u], &r->packet_ids[place],
            (r->count - place) * sizeof(uint16_t));
    r->packet_ids[place] = packet_id;
    r->count++;
    return true;
}

void received_remove(struct memory *memory, struct received **received, uint16_t packet_id) {
    struct received *r = *received;
    uint32_t place;

    CORE_ASSERT(r != NULL);
    place = place_of(r, packet_id);
    CORE_ASSERT(place < r->count && r->packet_ids[place] == packet_id);
    r->count--;
    memmove(&r->packet_ids[place], &r->packet_ids[place + 1u],
            (r->count - place) * sizeof(uint16_t));
    if (r->count == 0u)
        received_free(memory, received);
}

uint32_t received_count(const struct received *received) {
    return received == NULL ? 0u : received->count;
}

void received_free(struct memory *memory, struct received **received) {
    if (*received != NULL)
        memory_put(memory, MEMORY_QUEUE, *received, received_size((*received)->capacity));
    *received = NULL;
}
