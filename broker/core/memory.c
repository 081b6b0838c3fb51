/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * memory: the account of the core's memory. It knows nothing of what is stored.
 *
 * Invariants: total_bytes is the sum of used_bytes, and never above limit_bytes if there is one
 * (a limit that is lowered below what is used only stops further growth).
 */
#include "broker/core/memory.h"

#include <string.h>

#include "broker/core/core_assert.h"

/* What others can pile up: messages and who is to get them. */
static bool is_load(enum memory_class class_) {
    return class_ == MEMORY_SUBSCRIPTION || class_ == MEMORY_TOPIC || class_ == MEMORY_MESSAGE ||
           class_ == MEMORY_QUEUE;
}

static bool within_limit(const struct memory *memory, enum memory_class class_, size_t size) {
    const uint64_t limit_bytes = memory->limit_bytes;

    if (size > SIZE_MAX - memory->total_bytes)
        return false;
    if (limit_bytes == 0u)
        return true;
    return memory->total_bytes + size <=
           limit_bytes - (is_load(class_) ? limit_bytes / MEMORY_RESERVE_PART : 0u);
}

void *memory_get(struct memory *memory, enum memory_class class_, size_t size) {
    void *block = NULL;

    CORE_ASSERT(size > 0u && class_ < MEMORY_CLASS_COUNT);
    if (within_limit(memory, class_, size))
        block = memory->allocate(memory->ctx, size);
    if (block == NULL) {
        memory->refused_count++;
        return NULL;
    }
    memory->used_bytes[class_] += size;
    memory->total_bytes += size;
    if (memory->total_bytes > memory->peak_bytes)
        memory->peak_bytes = memory->total_bytes;
    return block;
}

void *memory_get_zero(struct memory *memory, enum memory_class class_, size_t size) {
    void *block = memory_get(memory, class_, size);
    if (block != NULL)
        memset(block, 0, size);
    return block;
}

void *memory_resize(struct memory *memory, enum memory_class class_, void *old, size_t old_size,
                    size_t new_size) {
    /* Both blocks exist for a moment, and both count: the limit holds at every moment. */
    void *block = memory_get(memory, class_, new_size);
    if (block == NULL)
        return NULL;
    if (old != NULL)
        memcpy(block, old, old_size < new_size ? old_size : new_size);
    memory_put(memory, class_, old, old_size);
    return block;
}

void memory_put(struct memory *memory, enum memory_class class_, void *block, size_t size) {
    CORE_ASSERT(class_ < MEMORY_CLASS_COUNT);
    CORE_ASSERT((block == NULL) == (size == 0u));
    if (block == NULL)
        return;
    CORE_ASSERT(memory->used_bytes[class_] >= size);
    memory->used_bytes[class_] -= size;
    memory->total_bytes -= size;
    memory->release(memory->ctx, block, size);
}
