// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A million queued messages, and a snapshot of them on a real disk: how long a round of the loop
// is held up by it. Figures are printed: the time of the processor, which a loaded machine does
// not stretch; that of the clock; and how often a round waited for something. Bounded is what does
// not depend on the machine: how much a round has to do.

#include <poll.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "broker/core/scale_support.h"
#include "broker/io/test_support.h"

extern "C" {
#include "broker/io/file.h"
#include "broker/io/persistence.h"
}

using io_test::folder;

namespace {

constexpr unsigned SESSIONS = 100;
constexpr unsigned MESSAGES = 10000; // for each

long waits() {
    rusage used{};
    getrusage(RUSAGE_THREAD, &used);
    return used.ru_nvcsw;
}

struct Pauses {
    unsigned rounds = 0;
    double processor_ms_max = 0;
    double clock_ms_max = 0;
    long waits = 0;
};

class SnapshotPause : public testing::TestWithParam<journal_sync> {
  protected:
    void SetUp() override {
        const char *why = nullptr;
        files_ = file_posix_open(folder_.file("journal").c_str(), &why);
        ASSERT_NE(files_, nullptr) << why;
        journal_options options;
        journal_options_init(&options);
        options.files = file_posix_port(files_);
        options.random = [](void *, uint8_t *out, size_t len) { memset(out, 7, len); };
        options.sync = GetParam();
        options.snapshot_bytes_min = UINT64_MAX;
        options.snapshot_interval_ms = 0;
        journal_ = journal_create(&options);
        persistence_init(&persistence_, journal_);
        ASSERT_EQ(persistence_recover(&persistence_, broker_.get(), 1, 1700000000000), JOURNAL_OK);
    }
    void TearDown() override {
        journal_destroy(journal_);
        file_posix_close(files_);
    }
    // Rounds until nothing is left to be written and the disk is done.
    Pauses settle() {
        Pauses pauses;
        do {
            const double processor_ms = scale::processor_ms();
            const uint64_t clock_us = journal_now_us(journal_);
            const long waits_before = waits();
            (void)persistence_round(&persistence_, broker_.get(), 1);
            pauses.waits += waits() - waits_before;
            pauses.rounds++;
            pauses.processor_ms_max =
                std::max(pauses.processor_ms_max, scale::processor_ms() - processor_ms);
            pauses.clock_ms_max =
                std::max(pauses.clock_ms_max,
                         static_cast<double>(journal_now_us(journal_) - clock_us) / 1e3);
            pollfd disk = {file_posix_fd(files_), POLLIN, 0};
            if (!journal_takes(journal_))
                poll(&disk, 1, 1000);
        } while (core_has_journal(broker_.get()) || persistence_.in_snapshot ||
                 journal_deadline_ms(journal_) != UINT64_MAX);
        return pauses;
    }

    folder folder_;
    scale::Broker broker_;
    file_posix *files_ = nullptr;
    ::journal *journal_ = nullptr;
    struct persistence persistence_ {};
};

TEST_P(SnapshotPause, OfAMillionQueuedMessages) {
    for (unsigned i = 0; i < SESSIONS; i++)
        broker_.session("session-" + std::to_string(i));
    for (unsigned n = 0; n < SESSIONS * MESSAGES; n++) {
        broker_.publish("to/session-" + std::to_string(n % SESSIONS), std::string(100, 'x'));
        if (n % 1000 == 0)
            settle();
    }
    settle();
    ASSERT_EQ(broker_.queued(), SESSIONS * MESSAGES);
    const uint64_t batches = journal_stats(journal_)->batches;
    journal_ask_snapshot(journal_);
    const Pauses pauses = settle();
    const struct journal_stats *stats = journal_stats(journal_);
    std::printf("[ MEASURE  ] snapshot: %llu bytes in %llu batches and %llu ms; the longest of %u "
                "rounds %.2f ms of the processor, %.2f ms of the clock; %ld waits\n",
                static_cast<unsigned long long>(stats->snapshot_bytes),
                static_cast<unsigned long long>(stats->batches - batches),
                static_cast<unsigned long long>(stats->snapshot_ms), pauses.rounds,
                pauses.processor_ms_max, pauses.clock_ms_max, pauses.waits);
    EXPECT_EQ(stats->snapshots, 1u);
    EXPECT_GT(stats->batches - batches, 100u);
    EXPECT_LT(stats->batch_bytes_max, 400u * 1024u);
}

INSTANTIATE_TEST_SUITE_P(Sync, SnapshotPause,
                         testing::Values(JOURNAL_SYNC_ALWAYS, JOURNAL_SYNC_NEVER),
                         [](const auto &info) {
                             return info.param == JOURNAL_SYNC_ALWAYS ? "Always" : "Never";
                         });

} // namespace
