/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Memory for one thread's many small things, whose sizes are told again when they are given back:
 * so they need no headers and are not rounded to 16 bytes. Things of a size stand together in
 * slabs that come from the kernel and go back to it when they are empty. What is larger comes from
 * malloc. It knows nothing of what the things are.
 *
 * Under the address sanitizer what is not in use is poisoned.
 */
#ifndef BROKER_IO_SLABS_H
#define BROKER_IO_SLABS_H

#include <stddef.h>
#include <stdint.h>

#define SLABS_THING_SIZE_MAX 2048u /* bytes */
#define SLABS_STEP 8u             /* sizes are rounded up to a multiple of this */
#define SLABS_SIZE (64u * 1024u)  /* of a slab, bytes, and what its address is a multiple of */
/* Empty slabs that are kept, so that what comes and goes in bursts costs no calls of the kernel,
 * and no faults of fresh pages. */
#define SLABS_SPARE_MAX 16u

struct slab;

/* Cleared before its first use. */
struct slabs {
    struct slab *roomy[SLABS_THING_SIZE_MAX / SLABS_STEP]; /* by size: slabs with room, a list */
    struct slab *spare;   /* empty ones, of no size: through next */
    uint32_t spare_count; /* at most SLABS_SPARE_MAX */
    size_t slab_count;    /* the spare ones included */
};

/* Aligned for pointers and uint64_t; not cleared. NULL: no memory. size > 0. */
void *slabs_get(struct slabs *slabs, size_t size);
/* size: as it was got. */
void slabs_put(struct slabs *slabs, void *thing, size_t size);
/* Everything must have been given back. */
void slabs_free(struct slabs *slabs);

#endif
