// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The journal on a disk in memory: what was promised is found again after a crash at every point,
// after every fault, and after every kind of damage.

#include <gtest/gtest.h>

#include "broker/io/journal_test_support.h"

using namespace journal_test;

namespace {

constexpr tail TAILS[] = {tail::none, tail::all, tail::half, tail::hole, tail::garbage};

bool contains(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

// A life with many files and some snapshots.
void live(node &node, int changes) {
    for (int i = 0; i < changes; i++) {
        node.change(size_t(24 + i % 5 * 8));
        // Sometimes the disk takes its time, and batches gather.
        node.disk_.holds[FILE_LANE_SYNC] = i % 7 > 4;
    }
    node.disk_.holds[FILE_LANE_SYNC] = false;
}

TEST(Journal, BeginsWithNothingAndGoesOn) {
    disk disk;
    {
        node node(disk);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        EXPECT_TRUE(node.units.empty());
        live(node, 10);
        EXPECT_TRUE(node.close());
        EXPECT_EQ(node.acknowledged, 10u);
        EXPECT_EQ(node.said, "");
    }
    node again(disk);
    ASSERT_EQ(again.recover(), JOURNAL_OK);
    EXPECT_EQ(again.seen.changes(), 10u);
    EXPECT_EQ(again.units.size(), 10u);
    EXPECT_EQ(again.said, "");
}

TEST(Journal, OneSyncCoversWhatCameMeanwhile) {
    disk disk;
    node node(disk);
    ASSERT_EQ(node.recover(), JOURNAL_OK);
    disk.holds[FILE_LANE_SYNC] = true;
    for (int i = 0; i < 50; i++)
        node.change();
    EXPECT_EQ(node.acknowledged, 0u);
    disk.holds[FILE_LANE_SYNC] = false;
    node.round();
    EXPECT_EQ(node.acknowledged, 1u); // that of the first batch
    node.settle();
    EXPECT_EQ(node.acknowledged, 50u);
    EXPECT_EQ(journal_stats(node.journal)->batches, 2u);
    EXPECT_EQ(journal_stats(node.journal)->syncs, 2u);
}

// A write may wait for the disk. None is made in a round, but for the header of a new file: a
// batch goes with its sync, and if there is none, that of a snapshot goes by itself.
TEST(Journal, NoRoundWaitsForAWrite) {
    for (const journal_sync sync :
         {JOURNAL_SYNC_ALWAYS, JOURNAL_SYNC_INTERVAL, JOURNAL_SYNC_NEVER}) {
        disk disk;
        node node(disk, [&](journal_options &options) {
            options.sync = sync;
            options.snapshot_bytes_min = 1u << 20;
        });
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        for (int i = 0; i < 10; i++)
            node.change(500);
        node.settle(3000); // no sync is due then
        ASSERT_EQ(node.acknowledged, 10u);
        disk.holds[FILE_LANE_SYNC] = true;
        journal_ask_snapshot(node.journal);
        const size_t before = disk.total_bytes();
        for (int i = 0; i < 5; i++)
            node.change(500);
        EXPECT_EQ(disk.total_bytes(), before + 64u); // of the header
        EXPECT_EQ(node.acknowledged, 10u);
        disk.holds[FILE_LANE_SYNC] = false;
        node.settle();
        EXPECT_EQ(node.acknowledged, 15u);
        EXPECT_EQ(journal_stats(node.journal)->snapshots, 1u);
    }
}

// What of a batch was written counts, though the task failed.
TEST(Journal, AWriteThatFailsOnItsThreadIsAFailure) {
    for (const journal_sync sync : {JOURNAL_SYNC_ALWAYS, JOURNAL_SYNC_NEVER}) {
        disk disk;
        node node(disk, [&](journal_options &options) { options.sync = sync; });
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        journal_ask_snapshot(node.journal);
        int appends = 0;
        disk.part = 7;
        disk.before_change = [&](const char *what) {
            return strcmp(what, "append") == 0 && ++appends == 2 ? FILE_FULL : FILE_OK;
        };
        node.change();
        node.settle();
        EXPECT_NE(node.said.find("the journal can't be written: no space left"), std::string::npos)
            << node.said;
        EXPECT_EQ(journal_stats(node.journal)->failures, 1u);
        EXPECT_EQ(node.acknowledged, 1u); // once a snapshot had it
        EXPECT_EQ(journal_stats(node.journal)->disk_bytes, disk.total_bytes());
    }
}

TEST(Journal, SnapshotsRemoveFilesAndBoundTheDisk) {
    disk disk;
    node node(disk);
    ASSERT_EQ(node.recover(), JOURNAL_OK);
    size_t most = 0;
    for (int i = 0; i < 3000; i++) {
        node.change();
        most = std::max(most, disk.total_bytes());
    }
    EXPECT_GT(journal_stats(node.journal)->snapshots, 20u);
    // Live state is KEYS records; the least that asks for a snapshot is 2000 bytes.
    EXPECT_LT(most, 2u * 2000u + 2u * 1000u);
    node.settle();
    EXPECT_EQ(journal_stats(node.journal)->disk_bytes, disk.total_bytes());
    EXPECT_EQ(journal_stats(node.journal)->segments, disk.names.size());
}

// With `never` only a snapshot is synced, and not the file before it, which is removed then.
TEST(Journal, WithoutSyncALargeBatchEndsWhereTheNextWriteIsCheap) {
    for (const journal_sync sync :
         {JOURNAL_SYNC_ALWAYS, JOURNAL_SYNC_INTERVAL, JOURNAL_SYNC_NEVER}) {
        disk disk;
        const bool fills = sync == JOURNAL_SYNC_NEVER;
        {
            node node(disk, [&](journal_options &options) {
                options.sync = sync;
                options.segment_bytes = 1u << 20;
                options.snapshot_bytes_min = 1u << 20;
            });
            ASSERT_EQ(node.recover(), JOURNAL_OK);
            const bytes &file = (--disk.names.end())->second->data;
            for (const size_t len : {32000u, 33000u, 100u, 49000u, 49004u, 65530u}) {
                node.change(len);
                node.settle();
                EXPECT_EQ(file.size() % 16384 == 0, fills && len > 32768) << len;
            }
            EXPECT_TRUE(node.close());
        }
        node again(disk);
        ASSERT_EQ(again.recover(), JOURNAL_OK);
        EXPECT_EQ(again.seen.changes(), 6u);
        EXPECT_EQ(again.said, "");
    }
}

TEST(Journal, WithoutSyncWhatIsRemovedSoonIsNotBroughtToDisk) {
    for (const bool is_small : {true, false}) {
        disk disk;
        uint64_t syncs = 0;
        disk.before_change = [&](const char *what) {
            syncs += strcmp(what, "sync") == 0;
            return FILE_OK;
        };
        node node(disk, [&](journal_options &options) {
            options.sync = JOURNAL_SYNC_NEVER;
            options.segment_bytes = is_small ? 1u << 20 : 600u;
        });
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        syncs = 0;
        for (int i = 0; i < 3000; i++)
            node.change();
        node.settle();
        const uint64_t snapshots = journal_stats(node.journal)->snapshots;
        EXPECT_GT(snapshots, 20u);
        if (is_small)
            EXPECT_EQ(syncs, snapshots);
        else
            EXPECT_GT(syncs, 2u * snapshots) << "files that stay are synced when they are left";
        EXPECT_EQ(disk.names.size(), journal_stats(node.journal)->segments);
        EXPECT_TRUE(node.close());
        const auto after = disk::after_power_cut(disk, tail::none, false);
        class node again(*after);
        ASSERT_EQ(again.recover(), JOURNAL_OK);
        EXPECT_EQ(again.seen.changes(), 3000u);
    }
}

// ---- Crashes ----

struct crash {
    std::unique_ptr<disk> image;
    uint64_t acknowledged;
    uint64_t written;
};

// The script with a look at the disk before each operation that changes it.
std::vector<crash> crashes_of(journal_sync sync, const std::function<void(node &)> &script,
                              std::function<file_status(size_t, const char *)> fault = nullptr) {
    std::vector<crash> crashes;
    disk disk;
    node node(disk, [&](journal_options &options) { options.sync = sync; });
    disk.before_change = [&](const char *what) {
        crashes.push_back({disk::copy(disk), node.acknowledged, node.seen.changes()});
        return fault ? fault(crashes.size(), what) : FILE_OK;
    };
    EXPECT_EQ(node.recover(), JOURNAL_OK);
    script(node);
    crashes.push_back({disk::copy(disk), node.acknowledged, node.seen.changes()});
    return crashes;
}

void expect_recovers(disk &disk, uint64_t least, uint64_t most, const std::string &where) {
    node node(disk);
    ASSERT_EQ(node.recover(), JOURNAL_OK) << where << node.said;
    EXPECT_TRUE(node.seen.is_whole()) << where << node.said;
    EXPECT_GE(node.seen.changes(), least) << where << node.said;
    EXPECT_LE(node.seen.changes(), most) << where << node.said;
    EXPECT_FALSE(contains(node.said, "damaged")) << where << node.said;
}

// What is recovered goes on to be used, and is as safe as before.
void expect_goes_on(disk &disk, const std::string &where) {
    node node(disk);
    ASSERT_EQ(node.recover(), JOURNAL_OK) << where;
    live(node, 9);
    node.settle(50);
    const auto again = disk::after_power_cut(disk, tail::none, false);
    expect_recovers(*again, node.acknowledged, node.seen.changes(), where + " again");
    EXPECT_EQ(node.acknowledged, node.seen.changes()) << where;
}

void expect_all_recover(const std::vector<crash> &crashes) {
    ASSERT_GT(crashes.size(), 50u);
    for (size_t i = 0; i < crashes.size() && !testing::Test::HasFailure(); i++) {
        const crash &crash = crashes[i];
        const std::string at = "operation " + std::to_string(i);
        for (const tail kept : TAILS) {
            for (const bool keeps_names : {false, true}) {
                const std::string where = at + " tail " + std::to_string(int(kept)) +
                                          (keeps_names ? " names kept\n" : " names lost\n");
                const auto after = disk::after_power_cut(*crash.image, kept, keeps_names);
                expect_recovers(*after, crash.acknowledged, crash.written, where);
                // A second life for one of them: each has its turn.
                if ((i + size_t(kept)) % 5 == 0)
                    expect_goes_on(*after, where);
            }
        }
        const auto after = disk::after_kill(*crash.image);
        expect_recovers(*after, crash.acknowledged, crash.written, at + " kill\n");
        expect_goes_on(*after, at + " kill\n");
    }
}

TEST(JournalCrash, PowerFailsAtEveryOperation) {
    expect_all_recover(crashes_of(JOURNAL_SYNC_ALWAYS, [](node &node) { live(node, 100); }));
}

TEST(JournalCrash, PowerFailsAtEveryOperationAfterASyncFailed) {
    int syncs = 0;
    expect_all_recover(crashes_of(
        JOURNAL_SYNC_ALWAYS, [](node &node) { live(node, 100); },
        [&](size_t, const char *what) {
            return strcmp(what, "sync") == 0 && ++syncs % 11 == 0 ? FILE_FAILED : FILE_OK;
        }));
}

TEST(JournalCrash, PowerFailsAtEveryOperationWhileTheDiskIsFullNowAndThen) {
    expect_all_recover(crashes_of(
        JOURNAL_SYNC_ALWAYS,
        [](node &node) {
            node.disk_.part = 30;
            live(node, 120);
        },
        [&](size_t operation, const char *what) {
            const bool takes_space = strcmp(what, "append") == 0 || strcmp(what, "make") == 0;
            return takes_space && operation > 10 && operation % 50 > 40 ? FILE_FULL : FILE_OK;
        }));
}

TEST(JournalCrash, WithoutSyncTheProcessMayEndAtAnyTime) {
    for (const journal_sync sync : {JOURNAL_SYNC_NEVER, JOURNAL_SYNC_INTERVAL}) {
        const auto crashes = crashes_of(sync, [](node &node) { live(node, 100); });
        ASSERT_GT(crashes.size(), 50u);
        for (size_t i = 0; i < crashes.size() && !testing::Test::HasFailure(); i++) {
            const std::string where = "operation " + std::to_string(i) + "\n";
            const auto killed = disk::after_kill(*crashes[i].image);
            expect_recovers(*killed, crashes[i].acknowledged, crashes[i].written, where);
            // The power may take what was acknowledged, but what is left is whole.
            for (const tail kept : TAILS) {
                const auto cut = disk::after_power_cut(*crashes[i].image, kept, true);
                expect_recovers(*cut, 0, crashes[i].written, where + "power\n");
            }
        }
    }
}

} // namespace
