/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The arena: each block has a head in front, of its size, and a red zone behind that grows with
 * it. All of the arena is poisoned but the blocks in use.
 */
#include "fuzz/allocator.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)
#define HAS_ARENA 1
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#else
#define HAS_ARENA 0
#endif

namespace {

#if HAS_ARENA

constexpr size_t ARENA_SIZE = size_t{64} << 20; /* what is beyond is malloc's */
constexpr size_t UNIT = 16;
constexpr size_t ZONE_MIN = 16;
constexpr size_t ZONE_MAX = 2048;
constexpr int FRESH = 0xBE; /* what a block begins with */
constexpr size_t FRESH_MAX = 4096;

struct Head {
    uint64_t size;
    uint64_t is_used;
};
static_assert(sizeof(Head) == UNIT);

constexpr size_t rounded_up(size_t size) {
    return (size + UNIT - 1) / UNIT * UNIT;
}

constexpr size_t zone_of(size_t size) {
    const size_t part = size / 8;
    return rounded_up(part < ZONE_MIN ? ZONE_MIN : part > ZONE_MAX ? ZONE_MAX : part);
}

[[noreturn]] void finding(const char *what) {
    std::fprintf(stderr, "promise broken: %s\n", what);
    std::abort();
}

class Arena {
  public:
    Arena() {
        if (std::getenv("FUZZ_MALLOC") != nullptr)
            return;
        void *memory = mmap(nullptr, ARENA_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
            return;
        begin_ = next_ = static_cast<uint8_t *>(memory);
        end_ = begin_ + ARENA_SIZE;
        __asan_poison_memory_region(begin_, ARENA_SIZE);
    }

    /* NULL if there is no room. */
    __attribute__((no_sanitize("address"))) void *allocate(size_t size) {
        const auto room = static_cast<size_t>(end_ - next_);
        if (size >= room || room - size < sizeof(Head) + 2 * UNIT + ZONE_MAX)
            return nullptr;
        auto *head = reinterpret_cast<Head *>(next_);
        *head = {size, 1};
        uint8_t *block = next_ + sizeof *head;
        next_ = block + rounded_up(size) + zone_of(size);
        blocks_++;
        __asan_unpoison_memory_region(block, size);
        std::memset(block, FRESH, size < FRESH_MAX ? size : FRESH_MAX);
        return block;
    }

    bool has(const void *memory) const { return memory >= begin_ && memory < end_; }

    __attribute__((no_sanitize("address"))) void release(void *memory, size_t size) {
        auto *head = static_cast<Head *>(memory) - 1;
        if (head->is_used != 1)
            finding("memory is given back that is not in use");
        if (head->size != size)
            finding("memory is given back with another size than it had");
        head->is_used = 0;
        __asan_poison_memory_region(memory, size);
        if (--blocks_ == 0)
            next_ = begin_;
    }

  private:
    uint8_t *begin_ = nullptr, *next_ = nullptr, *end_ = nullptr;
    size_t blocks_ = 0;
};

Arena &arena() {
    static Arena arena;
    return arena;
}

void *get(size_t size) {
    void *block = arena().allocate(size);
    return block != nullptr ? block : std::malloc(size);
}

void put(void *memory, size_t size) {
    if (arena().has(memory))
        arena().release(memory, size);
    else
        std::free(memory);
}

#else

void *get(size_t size) {
    return std::malloc(size);
}

void put(void *memory, size_t) {
    std::free(memory);
}

#endif

} // namespace

void *Allocator::allocate(void *ctx, size_t size) {
    static_cast<Allocator *>(ctx)->live += size;
    return get(size);
}

void Allocator::release(void *ctx, void *memory, size_t size) {
    static_cast<Allocator *>(ctx)->live -= size;
    put(memory, size);
}

bool Allocator::agrees_with(const core *core) const {
    return core_memory_total(core) == live;
}
