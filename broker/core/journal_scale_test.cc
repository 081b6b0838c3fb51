// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A million queued messages: how long a slice of their snapshot holds everything up, how long it
// takes to read them again, and how much memory that needs. Figures are printed, and bounded with
// room for a loaded machine and for sanitizers.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "broker/core/scale_support.h"

using scale::Broker;

namespace {

constexpr unsigned SESSIONS = 100;
constexpr unsigned MESSAGES = 10000; // for each

TEST(JournalScale, AMillionQueuedMessages) {
    std::vector<uint8_t> snapshot;
    size_t running_bytes = 0;
    double slice_ms_max = 0;
    unsigned slices = 0;
    {
        Broker broker;
        broker.recover({});
        for (unsigned i = 0; i < SESSIONS; i++)
            broker.session("session-" + std::to_string(i));
        for (unsigned n = 0; n < SESSIONS * MESSAGES; n++) {
            broker.publish("to/session-" + std::to_string(n % SESSIONS), std::string(100, 'x'));
            if (n % 1000 == 0)
                broker.write(nullptr);
        }
        broker.write(nullptr);
        ASSERT_EQ(broker.queued(), SESSIONS * MESSAGES);
        running_bytes = broker.memory();
        broker.step(broker.event(CORE_SNAPSHOT));
        broker.slice_ms_max = 0;
        for (bool more = true; more; slices++)
            more = broker.write(&snapshot);
        slice_ms_max = broker.slice_ms_max;
    }
    Broker again;
    const double recovery_ms = again.recover(snapshot);
    EXPECT_EQ(again.queued(), SESSIONS * MESSAGES);
    std::printf("[ MEASURE  ] snapshot: %zu bytes in %u slices, the longest %.2f ms\n",
                snapshot.size(), slices, slice_ms_max);
    std::printf("[ MEASURE  ] recovery: %.0f ms, memory %.2f of the running state\n", recovery_ms,
                static_cast<double>(again.peak_bytes) / static_cast<double>(running_bytes));
    EXPECT_LT(slice_ms_max, 100.0);
    EXPECT_LT(recovery_ms, 20000.0);
    EXPECT_LE(static_cast<double>(again.peak_bytes), 1.3 * static_cast<double>(running_bytes));
}

} // namespace
