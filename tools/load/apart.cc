// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/apart.h"

#include "tools/load/broker_process.h"

namespace load {

namespace {

constexpr int self = 0;

// Takes the last processor out of the set.
int take_last(cpu_set_t *from) {
    int last = -1;
    for (int i = 0; i < CPU_SETSIZE; i++) {
        last = CPU_ISSET(i, from) ? i : last;
    }
    CPU_CLR(last, from);
    return last;
}

// Leaves a thread those of its processors that are among these. false: it has none of them, or the
// kernel refused.
bool narrow(int thread, const cpu_set_t &to, std::map<int, cpu_set_t> *before) {
    cpu_set_t had;
    CPU_ZERO(&had);
    if (sched_getaffinity(thread, sizeof had, &had) != 0) {
        return false;
    }
    cpu_set_t left;
    CPU_AND(&left, &had, &to);
    if (CPU_COUNT(&left) == 0 || sched_setaffinity(thread, sizeof left, &left) != 0) {
        return false;
    }
    before->emplace(thread, had);
    return true;
}

} // namespace

apart::apart(const std::vector<int> &pids) {
    cpu_set_t others;
    CPU_ZERO(&others);
    if (pids.empty() || sched_getaffinity(self, sizeof others, &others) != 0 ||
        CPU_COUNT(&others) < 2) {
        return;
    }
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(take_last(&others), &own);
    bool all = narrow(self, own, &before_);
    for (const int pid : pids) {
        const std::vector<int> threads = process_threads(pid);
        all = all && !threads.empty();
        for (const int thread : threads) {
            all = all && narrow(thread, others, &before_);
        }
    }
    if (!all) {
        restore();
    }
}

apart::~apart() {
    restore();
}

// A thread that has ended needs nothing.
void apart::restore() {
    for (const auto &[thread, had] : before_) {
        (void)sched_setaffinity(thread, sizeof had, &had);
    }
    before_.clear();
}

} // namespace load
