/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The memory of what judges one script: taken bit by bit, given back in one go at its end. The
 * core's is apart from it (allocator.h).
 */
#ifndef FUZZ_SCRIPT_MEMORY_H
#define FUZZ_SCRIPT_MEMORY_H

#include <cstddef>
#include <memory_resource>

/* As long as one exists, whatever of std::pmr is made without saying where is made in it, and has
 * to end before it. One at a time. */
class ScriptMemory {
  public:
    ScriptMemory() : before_(std::pmr::set_default_resource(&memory_)) {}
    ScriptMemory(const ScriptMemory &) = delete;
    ~ScriptMemory() { std::pmr::set_default_resource(before_); }

  private:
    static constexpr size_t FIRST_SIZE = 1u << 16;
    static char *first() {
        alignas(std::max_align_t) static char bytes[FIRST_SIZE];
        return bytes;
    }

    std::pmr::monotonic_buffer_resource memory_{first(), FIRST_SIZE,
                                                std::pmr::new_delete_resource()};
    std::pmr::memory_resource *before_;
};

#endif
