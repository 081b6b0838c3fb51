/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * An allocator that knows how many bytes are in use, and whether a core's own account says so too.
 */
#ifndef FUZZ_ALLOCATOR_H
#define FUZZ_ALLOCATOR_H

#include <cstddef>
#include <cstdlib>

extern "C" {
#include "broker/core/core.h"
}

struct Allocator {
    size_t live = 0;
    static void *allocate(void *ctx, size_t size) {
        static_cast<Allocator *>(ctx)->live += size;
        return std::malloc(size);
    }
    static void release(void *ctx, void *memory, size_t size) {
        static_cast<Allocator *>(ctx)->live -= size;
        std::free(memory);
    }
    bool agrees_with(const core *core) const {
        size_t counted = 0;
        for (int c = 0; c < MEMORY_CLASS_COUNT; c++) {
            counted += core_memory_bytes(core, static_cast<memory_class>(c));
        }
        return counted == live;
    }
};

#endif
