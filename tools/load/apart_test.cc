// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/apart.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

using load::apart;

namespace {

cpu_set_t processors_of(int pid) {
    cpu_set_t set;
    CPU_ZERO(&set);
    EXPECT_EQ(sched_getaffinity(pid, sizeof set, &set), 0);
    return set;
}

bool same(const cpu_set_t &a, const cpu_set_t &b) {
    return CPU_EQUAL(&a, &b) != 0;
}

// A process that does nothing.
class bystander {
  public:
    bystander() : pid(fork()) {
        if (pid == 0) {
            for (;;) {
                pause();
            }
        }
    }
    ~bystander() {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    const int pid;
};

TEST(Apart, EachHasProcessorsOfItsOwnUntilTheEnd) {
    const bystander other;
    const cpu_set_t before = processors_of(0);
    if (CPU_COUNT(&before) < 2) {
        GTEST_SKIP() << "one processor";
    }
    {
        const apart both({other.pid});
        ASSERT_TRUE(both.is_kept());
        const cpu_set_t own = processors_of(0);
        const cpu_set_t others = processors_of(other.pid);
        EXPECT_EQ(CPU_COUNT(&own), 1);
        EXPECT_EQ(CPU_COUNT(&others), CPU_COUNT(&before) - 1);
        cpu_set_t shared;
        CPU_AND(&shared, &own, &others);
        EXPECT_EQ(CPU_COUNT(&shared), 0);
    }
    EXPECT_TRUE(same(processors_of(0), before));
    EXPECT_TRUE(same(processors_of(other.pid), before));
}

TEST(Apart, OneProcessorIsShared) {
    const cpu_set_t before = processors_of(0);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int i = 0; CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &before)) {
            CPU_SET(i, &one);
        }
    }
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    {
        const bystander other;
        const apart both({other.pid});
        EXPECT_FALSE(both.is_kept());
        EXPECT_TRUE(same(processors_of(other.pid), one));
    }
    EXPECT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(Apart, NobodyToBeApartFrom) {
    const cpu_set_t before = processors_of(0);
    int gone = 0;
    {
        const bystander other;
        gone = other.pid;
    }
    EXPECT_FALSE(apart({}).is_kept());
    EXPECT_FALSE(apart({gone}).is_kept());
    EXPECT_TRUE(same(processors_of(0), before));
}

} // namespace
