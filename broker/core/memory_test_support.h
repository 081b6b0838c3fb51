// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Memory for the tests of the core: it checks that every block comes back with the size it was got
// with, and can refuse the n-th request. It knows nothing of what is stored.

#ifndef BROKER_CORE_MEMORY_TEST_SUPPORT_H
#define BROKER_CORE_MEMORY_TEST_SUPPORT_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {
#include "broker/core/memory.h"
}

namespace libella_test {

// While it lives, its memory may be used; when it ends, all must have come back.
class test_memory {
  public:
    // With size checks each block carries its size in front; without, a block costs what it would
    // in production.
    explicit test_memory(bool check_sizes = true) {
        std::memset(&memory, 0, sizeof memory);
        memory.ctx = this;
        memory.allocate = check_sizes ? allocate : allocate_plain;
        memory.release = check_sizes ? release : release_plain;
    }
    test_memory(const test_memory &) = delete;
    test_memory &operator=(const test_memory &) = delete;

    // The request number n from now (1 is the next) and all after it are refused; 0: none.
    void fail_from(uint64_t n) { fail_at_ = n == 0 ? 0 : requests + n; }
    // Only the request number n from now is refused.
    void fail_once(uint64_t n) {
        fail_from(n);
        once_ = true;
    }

    struct memory memory;
    uint64_t requests = 0;
    uint64_t live_blocks = 0;
    bool wrong_size = false;

  private:
    static constexpr size_t head = 16;

    bool refuses() {
        requests++;
        if (fail_at_ == 0 || requests < fail_at_)
            return false;
        return !once_ || requests == fail_at_;
    }

    static void *allocate(void *ctx, size_t size) {
        test_memory *self = static_cast<test_memory *>(ctx);
        if (self->refuses())
            return nullptr;
        char *block = static_cast<char *>(std::malloc(size + head));
        std::memcpy(block, &size, sizeof size);
        std::memset(block + head, 0xA5, size);
        self->live_blocks++;
        return block + head;
    }

    static void release(void *ctx, void *memory, size_t size) {
        test_memory *self = static_cast<test_memory *>(ctx);
        char *block = static_cast<char *>(memory) - head;
        size_t was = 0;
        std::memcpy(&was, block, sizeof was);
        if (was != size)
            self->wrong_size = true;
        self->live_blocks--;
        std::free(block);
    }

    static void *allocate_plain(void *, size_t size) { return std::malloc(size); }
    static void release_plain(void *, void *memory, size_t) { std::free(memory); }

    uint64_t fail_at_ = 0;
    bool once_ = false;
};

} // namespace libella_test

#endif
