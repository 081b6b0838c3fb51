// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A load generator that polls, and a broker, on processors of their own. Left alone the scheduler
// now and then wakes the broker on the processor where the generator polls, and then latency is
// how long it takes the scheduler to see what it did.

#ifndef LOAD_APART_H
#define LOAD_APART_H

#include <sched.h>

#include <map>
#include <vector>

namespace load {

// As long as it lives this process runs on the last of its processors, and all threads of those
// with these numbers on the others. As before, afterwards.
class apart {
  public:
    explicit apart(const std::vector<int> &pids);
    ~apart();
    apart(const apart &) = delete;
    apart &operator=(const apart &) = delete;
    // false: there is one processor, no process was named, or the kernel refused; then nothing was
    // changed.
    bool is_kept() const { return !before_.empty(); }

  private:
    void restore();

    std::map<int, cpu_set_t> before_; // by thread
};

} // namespace load

#endif
