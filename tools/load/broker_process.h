// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What the kernel says about processes: time on a processor, memory. It refuses to know that they
// are a broker.

#ifndef LOAD_BROKER_PROCESS_H
#define LOAD_BROKER_PROCESS_H

#include <cstdint>
#include <string>
#include <vector>

namespace load {

struct process_figures {
    uint64_t cpu_ns = 0; // of all living threads, user and system
    uint64_t rss_bytes = 0;
    bool complete = true; // false: a process could not be read
};

// Sums over the processes. A thread that ends takes its time with it, so figures are meant to be
// subtracted only while the threads stay the same.
process_figures process_read(const std::vector<int> &pids);

// The numbers of its threads, none if it can't be read.
std::vector<int> process_threads(int pid);

// Of this process.
struct own_figures {
    uint64_t cpu_ns = 0;
    uint64_t sleeps = 0; // how often it gave its processor away to wait
};
own_figures process_own();

} // namespace load

#endif
