/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * route_cache: one place for each topic, by its hash; whoever wants a place that is in use gets it
 * at the second attempt, so that topics that come once do not displace those that come often.
 */
#include "broker/core/route_cache.h"

#include <string.h>

#define HASH_FACTOR 0x9e3779b97f4a7c15u

/* Not the same on all machines, and need not be: it decides only what is remembered. */
static uint32_t hash(struct topic_path topic) {
    uint64_t h = topic.len;
    uint64_t word = 0u;
    uint32_t at = 0u;

    for (; topic.len - at >= 8u; at += 8u) {
        memcpy(&word, topic.bytes + at, 8u);
        h = (h ^ word) * HASH_FACTOR;
        h ^= h >> 32u;
    }
    word = 0u;
    while (at < topic.len)
        word = word << 8u | topic.bytes[at++];
    h = (h ^ word) * HASH_FACTOR;
    return (uint32_t)(h >> 32u);
}

static struct route_cached *place_of(const struct route_cache *cache, struct topic_path topic) {
    return &cache->places[hash(topic) & (cache->place_count - 1u)];
}

const struct route_cached *route_cache_find(struct route_cache *cache, uint64_t generation,
                                            struct topic_path topic) {
    struct route_cached *place;

    if (cache->place_count == 0u || topic.len > ROUTE_CACHED_TOPIC_MAX)
        return NULL;
    place = place_of(cache, topic);
    if (place->generation != generation || place->topic_len != topic.len ||
        memcmp(place->topic, topic.bytes, topic.len) != 0)
        return NULL;
    place->is_used = true;
    return place;
}

static size_t places_size(uint32_t count) {
    return count * sizeof(struct route_cached);
}

/* What was known is forgotten. Without memory it stays as large as it is. */
static void grow(struct memory *memory, struct route_cache *cache) {
    const uint32_t count =
        cache->place_count == 0u ? ROUTE_CACHE_COUNT_MIN : cache->place_count * 2u;
    struct route_cached *places;

    cache->displaced = 0u;
    if (count > ROUTE_CACHE_COUNT_MAX)
        return;
    places = memory_get_zero(memory, MEMORY_OTHER, places_size(count));
    if (places == NULL)
        return;
    memory_put(memory, MEMORY_OTHER, cache->places, places_size(cache->place_count));
    cache->places = places;
    cache->place_count = count;
}

void route_cache_put(struct memory *memory, struct route_cache *cache, uint64_t generation,
                     struct topic_path topic, const uint32_t *nodes, uint32_t node_count) {
    struct route_cached *place;

    if (topic.len > ROUTE_CACHED_TOPIC_MAX || node_count > ROUTE_CACHED_NODES_MAX)
        return;
    if (cache->place_count == 0u || cache->displaced >= cache->place_count)
        grow(memory, cache);
    if (cache->place_count == 0u)
        return;
    place = place_of(cache, topic);
    if (place->generation == generation) {
        cache->displaced++;
        if (place->is_used) {
            place->is_used = false;
            return;
        }
    }
    place->generation = generation;
    place->is_used = false;
    place->topic_len = (uint16_t)topic.len;
    place->node_count = (uint8_t)node_count;
    memcpy(place->nodes, nodes, node_count * sizeof *nodes);
    memcpy(place->topic, topic.bytes, topic.len);
}

void route_cache_free(struct memory *memory, struct route_cache *cache) {
    memory_put(memory, MEMORY_OTHER, cache->places, places_size(cache->place_count));
    memset(cache, 0, sizeof *cache);
}
