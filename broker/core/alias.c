/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Topic aliases of one direction of one connection. It knows nothing of packets.
 */
#include "broker/core/alias.h"

#include <string.h>

#include "broker/core/core_assert.h"

#define ALIAS_CAPACITY_MIN 8u

static size_t table_size(uint32_t capacity) {
    return sizeof(struct alias_table) + capacity * sizeof(struct text *);
}

static bool table_reserve(struct memory *memory, struct alias_table **table, uint16_t alias) {
    struct alias_table *old = *table;
    uint32_t capacity = old == NULL ? ALIAS_CAPACITY_MIN : old->capacity;
    struct alias_table *grown;

    if (old != NULL && alias <= old->capacity)
        return true;
    while (capacity < alias)
        capacity = capacity * 2u > 65535u ? 65535u : capacity * 2u;
    grown = memory_get_zero(memory, MEMORY_CONNECTION, table_size(capacity));
    if (grown == NULL)
        return false;
    if (old != NULL) {
        memcpy(grown, old, table_size(old->capacity));
        memory_put(memory, MEMORY_CONNECTION, old, table_size(old->capacity));
    }
    grown->capacity = (uint16_t)capacity;
    *table = grown;
    return true;
}

bool alias_set(struct memory *memory, struct alias_table **table, uint16_t alias,
               struct ella_slice topic) {
    struct text *text;

    CORE_ASSERT(alias > 0u);
    if (!table_reserve(memory, table, alias))
        return false;
    text = text_create(memory, MEMORY_CONNECTION, topic);
    if (text == NULL)
        return false;
    text_free(memory, MEMORY_CONNECTION, (*table)->topics[alias - 1u]);
    (*table)->topics[alias - 1u] = text;
    if (alias > (*table)->count)
        (*table)->count = alias;
    return true;
}

struct ella_slice alias_topic(const struct alias_table *table, uint16_t alias) {
    if (table == NULL || alias == 0u || alias > table->capacity)
        return ella_slice_of(NULL, 0u);
    return text_slice(table->topics[alias - 1u]);
}

uint16_t alias_find(const struct alias_table *table, struct ella_slice topic) {
    uint32_t len = ella_slice_len(topic);

    for (uint16_t i = 0; table != NULL && i < table->count; i++) {
        const struct text *text = table->topics[i];
        if (text != NULL && text->len == len &&
            memcmp(text->bytes, ella_slice_data(topic), len) == 0)
            return (uint16_t)(i + 1u);
    }
    return 0u;
}

void alias_free(struct memory *memory, struct alias_table **table) {
    if (*table == NULL)
        return;
    for (uint32_t i = 0; i < (*table)->capacity; i++)
        text_free(memory, MEMORY_CONNECTION, (*table)->topics[i]);
    memory_put(memory, MEMORY_CONNECTION, *table, table_size((*table)->capacity));
    *table = NULL;
}
