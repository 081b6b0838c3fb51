/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * number_map: a table by number. Numbers are our own, given one after the other, so they need no
 * key against whoever would choose them. It knows nothing of the things.
 */
#include "broker/core/number_map.h"

#include <string.h>

#include "broker/core/core_assert.h"

#define CAPACITY_MIN 64u

static size_t home_of(const struct number_map *map, uint64_t number) {
    return (size_t)((number * 0x9e3779b97f4a7c15u) >> 20) & (map->capacity - 1u);
}

/* Where number is, or the empty place where it would be. */
static size_t place_of(const struct number_map *map, uint64_t number) {
    size_t place = home_of(map, number);

    while (map->slots[place].number != 0u && map->slots[place].number != number)
        place = (place + 1u) & (map->capacity - 1u);
    return place;
}

void *number_map_find(const struct number_map *map, uint64_t number) {
    if (map->capacity == 0u || number == 0u)
        return NULL;
    return map->slots[place_of(map, number)].thing;
}

static bool grow(struct memory *memory, struct number_map *map) {
    struct number_map grown = {NULL, map->capacity == 0u ? CAPACITY_MIN : map->capacity * 2u,
                               map->count};

    if (grown.capacity > SIZE_MAX / sizeof *grown.slots)
        return false;
    grown.slots = memory_get_zero(memory, MEMORY_OTHER, grown.capacity * sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].number != 0u)
            grown.slots[place_of(&grown, map->slots[i].number)] = map->slots[i];
    }
    number_map_free(memory, map);
    *map = grown;
    return true;
}

bool number_map_add(struct memory *memory, struct number_map *map, uint64_t number, void *thing) {
    size_t place;

    CORE_ASSERT(number != 0u && thing != NULL);
    if (map->count >= map->capacity / 4u * 3u && !grow(memory, map))
        return false;
    place = place_of(map, number);
    CORE_ASSERT(map->slots[place].number == 0u);
    map->slots[place].number = number;
    map->slots[place].thing = thing;
    map->count++;
    return true;
}

/* Those behind move up, so that none is cut off from its home. */
void number_map_remove(struct number_map *map, uint64_t number) {
    const size_t mask = map->capacity - 1u;
    size_t hole = place_of(map, number);

    CORE_ASSERT(map->slots[hole].number == number);
    for (size_t at = (hole + 1u) & mask; map->slots[at].number != 0u; at = (at + 1u) & mask) {
        const size_t home = home_of(map, map->slots[at].number);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    memset(&map->slots[hole], 0, sizeof map->slots[hole]);
    map->count--;
}

void number_map_free(struct memory *memory, struct number_map *map) {
    memory_put(memory, MEMORY_OTHER, map->slots, map->capacity * sizeof *map->slots);
    memset(map, 0, sizeof *map);
}
