/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * An allocator that knows how many bytes are in use.
 */
#ifndef FUZZ_ALLOCATOR_H
#define FUZZ_ALLOCATOR_H

#include <cstddef>
#include <cstdlib>

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
};

#endif
