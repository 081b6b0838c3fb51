/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * An allocator that knows how many bytes are in use, and whether a core's own account says so too.
 *
 * With the address sanitizer its blocks stand one behind the other in an arena, between red zones.
 * A block that was given back stays poisoned, and nothing is used twice as long as any block is in
 * use: what is read or written before, behind or after a block's life is found as malloc's
 * sanitizer would find it, for a fraction of its time. FUZZ_MALLOC in the environment asks for
 * malloc instead, which knows who allocated and freed a block (tools/fuzz replay).
 */
#ifndef FUZZ_ALLOCATOR_H
#define FUZZ_ALLOCATOR_H

#include <cstddef>

extern "C" {
#include "broker/core/core.h"
}

struct Allocator {
    size_t live = 0; /* bytes */

    /* For core_ports, with the allocator as ctx. A block given back twice, or with another size
     * than it was asked for, ends the program. */
    static void *allocate(void *ctx, size_t size);
    static void release(void *ctx, void *memory, size_t size);

    bool agrees_with(const core *core) const;
};

#endif
