/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * slabs: small things of one size side by side.
 *
 * Invariants: a slab is in the list of its size if and only if it has room and is not empty, or is
 * the only one there; the slab of a thing is found by its address; things from fresh on were never
 * used, freed ones form a list through their first bytes.
 */
#include "broker/io/slabs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* gcc says it in one way, clang in another. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define HAS_ADDRESS_SANITIZER 1
#endif
#ifdef HAS_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(from, size) ((void)(from), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(from, size) ((void)(from), (void)(size))
#endif

/* A slab whose counts are not those of its things is a fault of ours. */
#undef NDEBUG
#include <assert.h>

struct slab {
    struct slab *next; /* those of one size that have room */
    struct slab *previous;
    uint8_t *freed;   /* the first of those that were given back */
    uint32_t fresh;   /* offset in the slab of those that were never used */
    uint32_t in_use;  /* things */
    uint32_t size;    /* of a thing, bytes */
    uint32_t unused_; /* things begin at a multiple of 8 */
};

static struct slab *slab_of(const void *thing) {
    return (struct slab *)((uintptr_t)thing & ~(uintptr_t)(SLABS_SIZE - 1u));
}

static bool has_room(const struct slab *slab) {
    return slab->freed != NULL || slab->fresh + slab->size <= SLABS_SIZE;
}

static struct slab **list_of(struct slabs *slabs, size_t size) {
    return &slabs->roomy[(size - 1u) / SLABS_STEP];
}

static void link_slab(struct slabs *slabs, struct slab *slab) {
    struct slab **first = list_of(slabs, slab->size);
    slab->previous = NULL;
    slab->next = *first;
    if (*first != NULL)
        (*first)->previous = slab;
    *first = slab;
}

static void unlink_slab(struct slabs *slabs, struct slab *slab) {
    if (slab->next != NULL)
        slab->next->previous = slab->previous;
    if (slab->previous != NULL)
        slab->previous->next = slab->next;
    else
        *list_of(slabs, slab->size) = slab->next;
}

/* ---- From and to the kernel ---- */

/* At an address that is a multiple of its size: what is mapped too much on both sides goes back.
 * The kernel maps downwards, so the upper one of two possible places leaves no gap to the slab
 * before. NULL: no memory. */
static struct slab *map_slab(void) {
    uint8_t *mapped =
        mmap(NULL, 2u * SLABS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return NULL;
    const size_t before = SLABS_SIZE - ((uintptr_t)mapped & (SLABS_SIZE - 1u));
    const size_t behind = SLABS_SIZE - before;
    (void)munmap(mapped, before);
    if (behind > 0)
        (void)munmap(mapped + before + SLABS_SIZE, behind);
    return (struct slab *)(void *)(mapped + before);
}

static struct slab *add_slab(struct slabs *slabs, size_t size) {
    struct slab *slab = slabs->spare;
    if (slab != NULL) {
        slabs->spare = slab->next;
        slabs->spare_count--;
    } else {
        slab = map_slab();
        slabs->slab_count += slab != NULL;
    }
    if (slab == NULL)
        return NULL;
    *slab = (struct slab){.fresh = sizeof *slab, .size = (uint32_t)size};
    ASAN_POISON_MEMORY_REGION(slab + 1, SLABS_SIZE - sizeof *slab);
    link_slab(slabs, slab);
    return slab;
}

static void unmap_slab(struct slabs *slabs, struct slab *slab) {
    ASAN_UNPOISON_MEMORY_REGION(slab, SLABS_SIZE);
    (void)munmap(slab, SLABS_SIZE);
    slabs->slab_count--;
}

static void remove_slab(struct slabs *slabs, struct slab *slab) {
    unlink_slab(slabs, slab);
    if (slabs->spare_count == SLABS_SPARE_MAX) {
        unmap_slab(slabs, slab);
        return;
    }
    slab->next = slabs->spare;
    slabs->spare = slab;
    slabs->spare_count++;
}

/* ---- Things ---- */

static size_t rounded(size_t size) {
    return (size + SLABS_STEP - 1u) / SLABS_STEP * SLABS_STEP;
}

void *slabs_get(struct slabs *slabs, size_t size) {
    if (size > SLABS_THING_SIZE_MAX)
        return malloc(size);
    struct slab *slab = *list_of(slabs, size);
    if (slab == NULL)
        slab = add_slab(slabs, rounded(size));
    if (slab == NULL)
        return NULL;
    uint8_t *thing = slab->freed;
    if (thing == NULL) {
        thing = (uint8_t *)slab + slab->fresh;
        slab->fresh += slab->size;
        ASAN_UNPOISON_MEMORY_REGION(thing, size);
    } else {
        ASAN_UNPOISON_MEMORY_REGION(thing, slab->size);
        memcpy(&slab->freed, thing, sizeof slab->freed);
        ASAN_POISON_MEMORY_REGION(thing + size, slab->size - size);
    }
    slab->in_use++;
    if (!has_room(slab))
        unlink_slab(slabs, slab);
    return thing;
}

void slabs_put(struct slabs *slabs, void *thing, size_t size) {
    if (size > SLABS_THING_SIZE_MAX) {
        free(thing);
        return;
    }
    struct slab *slab = slab_of(thing);
    assert(slab->in_use > 0 && slab->size == rounded(size));
    const bool was_full = !has_room(slab);
    ASAN_UNPOISON_MEMORY_REGION(thing, slab->size);
    memcpy(thing, &slab->freed, sizeof slab->freed);
    ASAN_POISON_MEMORY_REGION(thing, slab->size);
    slab->freed = thing;
    slab->in_use--;
    if (was_full) {
        struct slab *first = *list_of(slabs, size);
        link_slab(slabs, slab);
        if (first != NULL && first->in_use == 0)
            remove_slab(slabs, first);
    } else if (slab->in_use == 0 && (slab->next != NULL || slab->previous != NULL)) {
        remove_slab(slabs, slab);
    }
}

void slabs_free(struct slabs *slabs) {
    for (size_t i = 0; i < SLABS_THING_SIZE_MAX / SLABS_STEP; i++) {
        if (slabs->roomy[i] != NULL) {
            assert(slabs->roomy[i]->in_use == 0 && slabs->roomy[i]->next == NULL);
            unmap_slab(slabs, slabs->roomy[i]);
        }
    }
    while (slabs->spare != NULL) {
        struct slab *slab = slabs->spare;
        slabs->spare = slab->next;
        unmap_slab(slabs, slab);
    }
    assert(slabs->slab_count == 0);
    *slabs = (struct slabs){0};
}
