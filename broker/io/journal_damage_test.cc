// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What the journal does about files that are not as it left them, disks that do not do as they are
// told, and keys.

#include <gtest/gtest.h>

#include "broker/io/journal_test_support.h"

extern "C" {
#include "broker/io/crc32c.h"
}

using namespace journal_test;

namespace {

bool contains(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

std::string name_of(int number) {
    char name[32];
    snprintf(name, sizeof name, "%010d.journal", number);
    return name;
}

void no_snapshots(journal_options &options) {
    options.snapshot_bytes_min = UINT64_MAX;
    options.snapshot_interval_ms = 0;
}

// A disk with four files or more, closed in good order: changes 1 to 60.
class Damage : public testing::Test {
  protected:
    void SetUp() override {
        node node(disk_, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        for (int i = 0; i < 60; i++)
            node.change();
        ASSERT_TRUE(node.close());
        ASSERT_GE(disk_.names.size(), 5u);
    }
    bytes &file(int number) { return disk_.names.at(name_of(number))->data; }
    // What is found, and what was said. The journal asks for a snapshot after damage.
    size_t found(const std::string &say, journal_status expected = JOURNAL_OK,
                 bool strict = false) {
        node node(disk_, [&](journal_options &options) {
            no_snapshots(options);
            options.strict = strict;
        });
        EXPECT_EQ(node.recover(), expected) << node.said;
        EXPECT_TRUE(contains(node.said, say)) << node.said;
        if (expected == JOURNAL_OK && !say.empty()) {
            EXPECT_TRUE(journal_wants_snapshot(node.journal, node.now_ms));
        }
        return node.units.size();
    }
    void expect_strict_refuses(const std::string &say) { found(say, JOURNAL_DAMAGED, true); }

    disk disk_;
};

TEST_F(Damage, NoneIsFound) {
    EXPECT_EQ(found("", JOURNAL_OK, true), 60u);
    EXPECT_EQ(disk_.names_with(".damaged").size(), 0u);
}

// Every bit of a file in the middle, one at a time: at most a frame is lost, and never more.
TEST_F(Damage, AFlippedBitCostsOneUnit) {
    const auto before = disk::copy(disk_);
    const size_t size = file(2).size();
    for (size_t bit = 64 * 8; bit < size * 8; bit += 7) {
        const auto image = disk::copy(*before);
        image->names.at(name_of(2))->data[bit / 8] ^= uint8_t(1u << bit % 8);
        node node(*image, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        ASSERT_GE(node.units.size(), 59u) << bit;
        ASSERT_TRUE(contains(node.said, "0000000002.journal is damaged:")) << bit << node.said;
        ASSERT_EQ(journal_stats(node.journal)->damaged_pieces, 1u);
        const auto aside = image->names_with("2.journal.damaged-");
        ASSERT_EQ(aside.size(), 1u);
        const bytes &copy = image->names.at(aside[0])->data;
        ASSERT_EQ(copy.size(), journal_stats(node.journal)->damaged_bytes);
    }
}

TEST_F(Damage, StrictRefusesAndTouchesNothing) {
    file(2)[200] ^= 1;
    const auto before = disk::copy(disk_);
    expect_strict_refuses("set persistence_strict false to go on without");
    EXPECT_EQ(disk_.names.size(), before->names.size());
}

TEST_F(Damage, ASecondStartSaysItAgainAndKeepsTheFirstCopy) {
    file(2)[200] ^= 1;
    const size_t first = found("is damaged");
    const size_t copies = disk_.names_with(".damaged").size();
    EXPECT_EQ(found("is damaged"), first);
    EXPECT_EQ(disk_.names_with(".damaged").size(), copies);
}

TEST_F(Damage, AFileOfZeros) {
    std::fill(file(2).begin(), file(2).end(), uint8_t{0});
    const auto before = disk::copy(disk_);
    expect_strict_refuses("is nothing but zeros");
    EXPECT_LT(found("0000000002.journal is nothing but zeros"), 60u);
    EXPECT_EQ(disk_.names.count(name_of(2)), 0u);
    EXPECT_EQ(disk_.names.at(name_of(2) + ".unreadable")->data,
              before->names.at(name_of(2))->data);
}

TEST_F(Damage, AHeaderThatIsNone) {
    file(3)[20] ^= 1;
    EXPECT_LT(found("0000000003.journal has no readable header"), 60u);
}

TEST_F(Damage, AMissingFile) {
    disk_.names.erase(name_of(3));
    expect_strict_refuses("0000000003.journal to 0000000003.journal are missing");
    EXPECT_LT(found("are missing: the broker goes on without them"), 60u);
}

TEST_F(Damage, AMissingBeginning) {
    disk_.names.erase(name_of(1));
    expect_strict_refuses("the beginning of the journal is missing");
    EXPECT_LT(found("restore the files and start again"), 60u);
}

// Begun when the power went, and not more: the next file takes its number, so nothing is missing.
TEST_F(Damage, AFileThatWasOnlyBegunLeavesNoGap) {
    auto begun = std::make_shared<inode>();
    begun->data = bytes(10, 0x89);
    disk_.names[name_of(int(disk_.names.size()) + 1)] = begun;
    EXPECT_EQ(found("", JOURNAL_OK, true), 60u);
    EXPECT_EQ(found("", JOURNAL_OK, true), 60u);
}

// Of another version, with a check sum that is right.
void set_version(bytes &file, uint8_t version) {
    file[9] = version;
    const uint32_t crc = crc32c(0, file.data(), 60);
    for (int i = 0; i < 4; i++)
        file[size_t(60 + i)] = uint8_t(crc >> (24 - 8 * i));
}

TEST_F(Damage, AnOldVersionIsNone) {
    for (auto &name : disk_.names)
        set_version(name.second->data, 1);
    EXPECT_EQ(found("", JOURNAL_OK, true), 60u);
}

TEST_F(Damage, NoVersionIsNoHeader) {
    set_version(file(3), 0);
    EXPECT_LT(found("0000000003.journal has no readable header"), 60u);
}

TEST_F(Damage, ALaterVersion) {
    const std::string name = (--disk_.names.end())->first;
    set_version((--disk_.names.end())->second->data, 3);
    expect_strict_refuses("is of a later version of libellad");
    EXPECT_LT(found("start that version"), 60u);
    EXPECT_EQ(disk_.names.count(name + ".newer"), 1u);
}

TEST_F(Damage, EveryLengthOfATornEnd) {
    // Without the last word of an orderly end, nothing says that the end was ever there.
    disk disk;
    {
        node node(disk, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        for (int i = 0; i < 9; i++)
            node.change();
    }
    const std::string name = (--disk.names.end())->first;
    const bytes whole = disk.names.at(name)->data;
    for (size_t len = 0; len < whole.size(); len++) {
        const auto image = disk::copy(disk);
        image->names.at(name)->data.resize(len);
        node node(*image, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK) << len;
        ASSERT_TRUE(node.seen.is_whole()) << len;
        ASSERT_FALSE(contains(node.said, "damaged")) << len << node.said;
        node.change();
        node.settle();
        ASSERT_EQ(node.acknowledged, node.seen.changes());
    }
}

TEST(JournalRead, WhatTheDiskDoesNotGiveIsDamageToo) {
    const auto one_file = [](journal_options &options) {
        no_snapshots(options);
        options.segment_bytes = 1u << 20;
    };
    disk disk;
    {
        node node(disk, one_file);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        for (int i = 0; i < 500; i++)
            node.change();
        ASSERT_TRUE(node.close());
    }
    disk.read_status = FILE_FAILED;
    disk.read_fails_at = 10000;
    node node(disk, one_file);
    ASSERT_EQ(node.recover(), JOURNAL_OK);
    EXPECT_TRUE(contains(node.said, "0000000001.journal is damaged")) << node.said;
    // A block of 4096 bytes, with frames of 72.
    EXPECT_GE(node.units.size(), 500u - 4096u / 72u - 2u);
    EXPECT_LT(node.units.size(), 500u);
}

TEST_F(Damage, FramesInsideAPayloadAreNotTaken) {
    // Somebody publishes a whole file of the journal; then the frame around it is damaged.
    disk disk;
    const bytes trojan = file(1);
    {
        node node(disk, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        node.change();
        node.settle();
        bytes body(8 + trojan.size());
        const uint64_t n = node.next++;
        node.seen.see(n);
        memcpy(body.data(), &n, 8);
        std::copy(trojan.begin(), trojan.end(), body.begin() + 8);
        node.unit_of(body);
        node.settle();
        node.change();
        ASSERT_TRUE(node.close());
    }
    auto &data = disk.names.begin()->second->data;
    const auto at = std::search(data.begin(), data.end(), trojan.begin(), trojan.end());
    ASSERT_NE(at, data.end());
    *(at - 4) ^= 1;
    node node(disk, no_snapshots);
    ASSERT_EQ(node.recover(), JOURNAL_OK);
    EXPECT_EQ(node.units.size(), 2u);
}

TEST_F(Damage, TwoBrokersCannotShareAFolder) {
    disk_.lock_status = FILE_BUSY;
    found("", JOURNAL_LOCKED);
    disk_.lock_status = FILE_FAILED;
    disk_.list_status = FILE_DENIED;
    found("the folder can't be read: permission denied", JOURNAL_UNREADABLE);
}

// After a failure everything is in one new file. Whatever bit of it flips, the rest is used.
TEST(JournalDamage, AFlippedBitInTheFileAfterAFailureCostsOneUnitAndIsSaid) {
    disk disk;
    inode needless;
    {
        node node(disk, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        for (int i = 0; i < 60; i++)
            node.change();
        node.settle();
        needless = *disk.names.at(name_of(3));
        int appends = 0;
        disk.before_change = [&](const char *what) {
            return strcmp(what, "append") == 0 && ++appends == 1 ? FILE_FAILED : FILE_OK;
        };
        for (int i = 0; i < 20; i++)
            node.change();
        node.settle();
        ASSERT_EQ(node.acknowledged, 80u);
        disk.before_change = nullptr;
    }
    const std::string name = disk.names.begin()->first;
    ASSERT_NE(name, name_of(1));
    size_t whole = 0;
    {
        const auto image = disk::copy(disk);
        node node(*image, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        whole = node.units.size();
    }
    ASSERT_GT(whole, 1u);
    for (size_t bit = 64 * 8; bit < disk.names[name]->data.size() * 8; bit += 7) {
        const auto image = disk::copy(disk);
        /* One that was removed may be back, since the folder was not synced. */
        if (bit % 2 == 1)
            image->names[name_of(3)] = std::make_shared<inode>(needless);
        image->names.at(name)->data[bit / 8] ^= uint8_t(1u << bit % 8);
        node node(*image, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        const struct journal_stats *stats = journal_stats(node.journal);
        EXPECT_GT(stats->damaged_pieces + stats->torn_bytes, 0u) << bit << node.said;
        EXPECT_TRUE(contains(node.said, name)) << bit << node.said;
        EXPECT_GE(node.units.size() + 1, whole - (stats->torn_bytes > 0 ? whole : 0)) << bit;
    }
}

// The file begun after a failure is given up, since its snapshot has no end that can be read, and
// the broker goes on from the files before it. What it promises then is found again: the file that
// was given up is not taken for their continuation, whenever the next start comes.
TEST(JournalDamage, AFileThatWasGivenUpStaysGivenUp) {
    disk disk;
    std::unique_ptr<journal_test::disk> before;
    std::string fresh;
    disk.holds[FILE_LANE_REMOVE] = true;
    {
        node node(disk, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        for (int i = 0; i < 20; i++)
            node.change();
        node.settle();
        bool fails = true;
        disk.before_change = [&](const char *what) {
            const bool this_one = fails && strcmp(what, "append") == 0;
            fails = fails && !this_one;
            return this_one ? FILE_FAILED : FILE_OK;
        };
        node.change();
        node.settle();
        ASSERT_EQ(node.acknowledged, 21u);
        fresh = disk.names_with(".journal").back();
        before = disk::copy(disk);
    }
    // Of the last batch of the snapshot: nothing says that it was synced.
    bytes &data = before->names.at(fresh)->data;
    data[data.size() - 50] ^= 1;
    for (const bool keeps_names : {true, false}) {
        for (const int changes : {0, 5}) {
            const auto first = disk::copy(*before);
            first->holds[FILE_LANE_REMOVE] = true;
            node node_1(*first, no_snapshots);
            ASSERT_EQ(node_1.recover(), JOURNAL_OK);
            ASSERT_TRUE(contains(node_1.said, fresh + " was begun after a failure"));
            ASSERT_EQ(node_1.seen.changes(), 20u);
            for (int i = 0; i < changes; i++)
                node_1.change();
            node_1.settle();
            ASSERT_EQ(node_1.acknowledged, 20u + changes);
            const auto second = disk::after_power_cut(*first, tail::none, keeps_names);
            node node_2(*second, no_snapshots);
            ASSERT_EQ(node_2.recover(), JOURNAL_OK);
            EXPECT_EQ(node_2.said, "") << changes;
            EXPECT_EQ(node_2.seen.changes(), 20u + changes);
            EXPECT_TRUE(node_2.seen.is_whole());
            EXPECT_EQ(second->names_with(fresh + ".unused").size(), 1u);
        }
    }
}

TEST_F(Damage, NoMemoryEndsTheStart) {
    node node(disk_);
    node.takes = false;
    EXPECT_EQ(node.recover(), JOURNAL_NO_MEMORY);
}

// ---- A disk that fails ----

struct Fault {
    const char *what;
    file_status status;
    enum journal_storage storage;
};

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, NothingIsPromisedUntilTheDiskIsWellAndAllIsWrittenAnew) {
    const Fault fault = GetParam();
    disk disk;
    node node(disk);
    bool broken = false;
    ASSERT_EQ(node.recover(), JOURNAL_OK);
    disk.before_change = [&](const char *what) {
        return broken && strcmp(what, fault.what) == 0 ? fault.status : FILE_OK;
    };
    disk.part = 11;
    for (int i = 0; i < 20; i++)
        node.change();
    node.settle();
    ASSERT_EQ(node.acknowledged, 20u);
    broken = true;
    for (int i = 0; i < 100; i++)
        node.change();
    if (strcmp(fault.what, "make") != 0 && strcmp(fault.what, "sync names") != 0) {
        EXPECT_EQ(node.acknowledged, 20u);
    }
    const uint64_t promised = node.acknowledged;
    EXPECT_EQ(journal_storage(node.journal), fault.storage);
    EXPECT_TRUE(contains(node.said, file_status_text(fault.status))) << node.said;
    EXPECT_LT(node.said.size(), 20000u);
    EXPECT_GE(journal_stats(node.journal)->failures, 1u);
    const auto cut = disk::after_power_cut(disk, tail::hole, true);
    {
        journal_test::node other(*cut);
        ASSERT_EQ(other.recover(), JOURNAL_OK);
        EXPECT_GE(other.seen.changes(), promised);
        EXPECT_TRUE(other.seen.is_whole());
    }
    broken = false;
    for (int i = 0; i < 400 && node.acknowledged < node.seen.changes(); i++)
        node.round();
    EXPECT_EQ(node.acknowledged, node.seen.changes()) << node.said;
    EXPECT_TRUE(contains(node.said, "can be written again")) << node.said;
    EXPECT_EQ(journal_storage(node.journal), JOURNAL_GOOD);
    node.settle();
    EXPECT_EQ(journal_stats(node.journal)->disk_bytes, disk.total_bytes());
}

INSTANTIATE_TEST_SUITE_P(All, Faults,
                         testing::Values(Fault{"append", FILE_FULL, JOURNAL_FULL},
                                         Fault{"append", FILE_FAILED, JOURNAL_FAILED},
                                         Fault{"append", FILE_READ_ONLY, JOURNAL_FAILED},
                                         Fault{"sync", FILE_FAILED, JOURNAL_FAILED},
                                         Fault{"sync", FILE_FULL, JOURNAL_FULL},
                                         Fault{"sync names", FILE_FAILED, JOURNAL_FAILED},
                                         Fault{"make", FILE_FULL, JOURNAL_FULL},
                                         Fault{"make", FILE_READ_ONLY, JOURNAL_FAILED}),
                         [](const testing::TestParamInfo<Fault> &info) {
                             std::string name =
                                 std::string(info.param.what) + std::to_string(info.param.status);
                             std::replace(name.begin(), name.end(), ' ', '_');
                             return name;
                         });

// The end of the last batch is all that says that a damaged place before it was synced. If the
// disk takes nothing at the start the torn piece before that end stays, and so does what it says.
TEST(JournalFaults, WhatSaysThatItWasSyncedIsNotCutOff) {
    disk disk;
    const auto adjust = [](journal_options &options) {
        no_snapshots(options);
        options.segment_bytes = 100000;
    };
    {
        node node(disk, adjust);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        node.change();
        node.unit(2, 24);
        node.unit(3, 24);
        node.seen.see(2);
        node.seen.see(3);
        node.settle();
        node.unit(4, 24);
        node.seen.see(4);
        node.settle();
    }
    // Units 2 and 3 share a batch, with a bad place before 3; that of unit 4 is torn.
    bytes &data = disk.names.begin()->second->data;
    const size_t frame = 36, end = 40;
    ASSERT_EQ(data.size(), 64u + 4 * frame + 3 * end);
    data[64 + frame + end + 20] ^= 1;
    data[data.size() - end - 10] ^= 1;
    disk.before_change = [](const char *what) { // a full disk can be cut
        return strcmp(what, "truncate") == 0 ? FILE_OK : FILE_FULL;
    };
    for (int start = 0; start < 3; start++) {
        node node(disk, adjust);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        EXPECT_EQ(node.units.size(), 2u) << start << node.said; // 1 and 3
        EXPECT_TRUE(contains(node.said, "are not used, and stay")) << node.said;
    }
}

// A file that was removed may be back after a power cut, unless the folder was synced. What this
// start says that there is must be what the next one finds, also if nothing can be written.
TEST_F(Damage, AFileThatIsGoneStaysGone) {
    ASSERT_EQ(disk_.durable_names.count(name_of(1)), 1u);
    disk_.names.erase(name_of(1));
    disk_.before_change = [](const char *what) {
        return strcmp(what, "sync names") == 0 ? FILE_OK : FILE_FULL;
    };
    node first(disk_, no_snapshots);
    ASSERT_EQ(first.recover(), JOURNAL_OK);
    EXPECT_TRUE(contains(first.said, "the beginning of the journal is missing")) << first.said;
    const auto after = disk::after_power_cut(disk_, tail::none, false);
    node next(*after, no_snapshots);
    ASSERT_EQ(next.recover(), JOURNAL_OK);
    EXPECT_EQ(next.units.size(), first.units.size());
}

TEST(JournalFaults, ADiskThatIsReadOnlyAtTheStartIsReadAllTheSame) {
    disk disk;
    {
        node node(disk);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        node.change();
        ASSERT_TRUE(node.close());
    }
    disk.before_change = [](const char *) { return FILE_READ_ONLY; };
    node node(disk);
    EXPECT_EQ(node.recover(), JOURNAL_OK);
    EXPECT_EQ(node.seen.changes(), 1u);
    EXPECT_EQ(journal_storage(node.journal), JOURNAL_FAILED);
    disk.before_change = nullptr;
    for (int i = 0; i < 100; i++)
        node.round();
    node.change();
    node.settle();
    EXPECT_EQ(node.acknowledged, 2u);
}

TEST(JournalFaults, AFailedSyncIsNotTriedAgainWithThatFile) {
    disk disk;
    node node(disk);
    int syncs = 0;
    ASSERT_EQ(node.recover(), JOURNAL_OK);
    node.change();
    node.settle();
    const std::string before = (--disk.names.end())->first;
    const size_t size = disk.names[before]->data.size();
    disk.before_change = [&](const char *what) {
        return strcmp(what, "sync") == 0 && ++syncs == 1 ? FILE_FAILED : FILE_OK;
    };
    node.change();
    node.round();
    const size_t failed_size = disk.names[before]->data.size();
    EXPECT_GT(failed_size, size);
    for (int i = 0; i < 50; i++)
        node.change();
    node.settle();
    EXPECT_EQ(node.acknowledged, 52u);
    EXPECT_EQ(disk.names.count(before), 0u); // replaced by a snapshot, and gone
}

// Its bytes can be read by the next process, but no sync brings them to the disk any more.
TEST(JournalFaults, WhatAFailedSyncMayHaveLostIsWrittenAgainAtTheNextStart) {
    disk disk;
    std::shared_ptr<inode> doubtful;
    {
        node node(disk, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        node.change();
        node.settle();
        disk.before_change = [](const char *what) {
            return strcmp(what, "sync") == 0 ? FILE_FAILED : FILE_OK;
        };
        node.change();
        node.round();
        disk.before_change = nullptr;
        doubtful = disk.names.at(name_of(1));
    }
    node node(disk, no_snapshots);
    ASSERT_EQ(node.recover(), JOURNAL_OK);
    EXPECT_EQ(node.seen.changes(), 2u);
    EXPECT_EQ(disk.names.at(name_of(1))->data, doubtful->data);
    EXPECT_NE(disk.names.at(name_of(1)), doubtful);
    EXPECT_EQ(disk.names_with(".copy").size(), 0u);
}

// Or there is no space for that: then it is in memory alone, and nothing may be promised by it.
TEST(JournalFaults, WhatCannotBeWrittenAgainIsNotSure) {
    for (const bool was_closed : {false, true}) {
        disk disk;
        {
            node node(disk, no_snapshots);
            ASSERT_EQ(node.recover(), JOURNAL_OK);
            node.change();
            node.settle();
            node.change();
            node.round();
            if (was_closed) {
                EXPECT_TRUE(node.close());
            }
        }
        disk.before_change = [](const char *what) {
            return strcmp(what, "sync") == 0 || strcmp(what, "sync names") == 0 ? FILE_OK
                                                                                : FILE_FULL;
        };
        node node(disk, no_snapshots);
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        EXPECT_EQ(node.seen.changes(), 2u);
        EXPECT_EQ(journal_storage(node.journal), JOURNAL_FULL);
        EXPECT_EQ(journal_is_sure(node.journal), was_closed);
    }
}

TEST(JournalFaults, AFullDiskIsNotTriedUntilThereIsSpace) {
    disk disk;
    node node(disk);
    int makes = 0;
    bool full = false;
    ASSERT_EQ(node.recover(), JOURNAL_OK);
    disk.before_change = [&](const char *what) {
        makes += strcmp(what, "make") == 0;
        return full ? FILE_FULL : FILE_OK;
    };
    node.change();
    full = true;
    disk.free_bytes = 100;
    node.change();
    node.settle();
    EXPECT_EQ(journal_storage(node.journal), JOURNAL_FULL);
    EXPECT_EQ(makes, 0);
    full = false;
    node.settle();
    EXPECT_EQ(journal_storage(node.journal), JOURNAL_FULL);
    disk.free_bytes = 100u << 20;
    node.settle();
    EXPECT_EQ(journal_storage(node.journal), JOURNAL_GOOD);
    EXPECT_EQ(node.acknowledged, 2u);
}

TEST(JournalFaults, ASlowDiskIsSaidOnceForEachSync) {
    disk disk;
    node node(disk, [](journal_options &options) { options.slow_sync_ms = 50; });
    ASSERT_EQ(node.recover(), JOURNAL_OK);
    disk.holds[FILE_LANE_SYNC] = true;
    for (int i = 0; i < 300; i++)
        node.change();
    EXPECT_EQ(node.acknowledged, 0u);
    EXPECT_EQ(node.said, "W the disk is slow: a sync takes more than 50 ms; acknowledgements wait "
                         "for it\n");
    disk.holds[FILE_LANE_SYNC] = false;
    node.settle();
    EXPECT_EQ(node.acknowledged, 300u);
}

// ---- The check sum ----

TEST(Crc32c, IsThatOfItsStandard) {
    const std::string digits = "123456789";
    const auto *data = reinterpret_cast<const uint8_t *>(digits.data());
    EXPECT_EQ(crc32c(0, data, 9), 0xE3069283u);
    // RFC 3720, B.4
    const bytes zeros(32, 0), ones(32, 0xff);
    EXPECT_EQ(crc32c(0, zeros.data(), 32), 0x8A9136AAu);
    EXPECT_EQ(crc32c(0, ones.data(), 32), 0x62A8AB43u);
    for (size_t cut = 0; cut <= 9; cut++)
        EXPECT_EQ(crc32c(crc32c(0, data, cut), data + cut, 9 - cut), 0xE3069283u);
    bytes any(2100); // more than three blocks side by side, four times
    for (size_t i = 0; i < any.size(); i++)
        any[i] = uint8_t(i * i + i / 7);
    for (size_t len = 0; len < any.size(); len++)
        ASSERT_EQ(crc32c(7, any.data(), len), crc32c_by_tables(7, any.data(), len)) << len;
}

// ---- Keys ----

journal_keys keys_of(const std::string &text) {
    journal_keys keys;
    const char *why = nullptr;
    EXPECT_TRUE(journal_keys_parse(&keys, text.data(), text.size(), &why)) << why;
    return keys;
}

const std::string KEY_A(64, 'a'), KEY_B = std::string(63, '0') + "b";

struct Keys : testing::Test {
    // One life with these keys; returns the first change it did not find.
    journal_status life(const std::string &text, int changes) {
        const journal_keys keys = keys_of(text);
        node node(disk_, [&](journal_options &options) { options.keys = &keys; });
        const journal_status status = node.recover();
        found = node.seen.changes();
        for (int i = 0; i < changes && status == JOURNAL_OK; i++)
            node.change();
        if (status == JOURNAL_OK) {
            EXPECT_TRUE(node.close());
        }
        said = node.said;
        return status;
    }
    bool holds(const std::string &text) const {
        for (const auto &entry : disk_.names)
            if (std::search(entry.second->data.begin(), entry.second->data.end(), text.begin(),
                            text.end()) != entry.second->data.end())
                return true;
        return false;
    }
    disk disk_;
    uint64_t found = 0;
    std::string said;
};

// Change 0x61 fills its body with that byte.
TEST_F(Keys, WhatIsWrittenCannotBeRead) {
    ASSERT_EQ(life(KEY_A, 0x61), JOURNAL_OK);
    EXPECT_FALSE(holds(std::string(8, 'a')));
    ASSERT_EQ(life(KEY_A, 0), JOURNAL_OK);
    EXPECT_EQ(found, 0x61u);
    ASSERT_EQ(life("plain\n" + KEY_A, 0), JOURNAL_OK);
    EXPECT_TRUE(holds(std::string(8, 'a')));
}

TEST_F(Keys, AWrongKeyIsRefused) {
    ASSERT_EQ(life(KEY_A, 5), JOURNAL_OK);
    const auto before = disk::copy(disk_);
    EXPECT_EQ(life(KEY_B, 0), JOURNAL_WRONG_KEY);
    EXPECT_TRUE(contains(said, "is encrypted with none of the keys")) << said;
    node node(disk_);
    EXPECT_EQ(node.recover(), JOURNAL_WRONG_KEY);
    EXPECT_TRUE(contains(node.said, "there is no key: set persistence_key_file")) << node.said;
    EXPECT_EQ(disk_.names.size(), before->names.size());
}

TEST_F(Keys, ASnapshotMakesTheOldKeyNeedless) {
    ASSERT_EQ(life(KEY_A, 5), JOURNAL_OK);
    ASSERT_EQ(life(KEY_B + "\n# the old one\n" + KEY_A + "\n", 1), JOURNAL_OK);
    EXPECT_TRUE(contains(said, "older keys are no longer needed")) << said;
    ASSERT_EQ(life(KEY_B, 0), JOURNAL_OK);
    EXPECT_EQ(found, 6u);
}

TEST_F(Keys, DamageIsFoundInEncryptedFilesToo) {
    ASSERT_EQ(life(KEY_A, 30), JOURNAL_OK);
    disk_.names.begin()->second->data[300] ^= 4;
    ASSERT_EQ(life(KEY_A, 0), JOURNAL_OK);
    EXPECT_TRUE(contains(said, "is damaged"));
}

TEST_F(Keys, NoTwoFilesAreEncryptedAlike) {
    ASSERT_EQ(life(KEY_A, 3), JOURNAL_OK);
    disk_.names.clear();
    // The same changes in a file of the same number, under another salt.
    const journal_keys keys = keys_of(KEY_A);
    bytes first;
    for (int i = 0; i < 2; i++) {
        disk disk;
        node node(disk, [&](journal_options &options) { options.keys = &keys; });
        ASSERT_EQ(node.recover(), JOURNAL_OK);
        node.change();
        node.settle();
        const bytes &data = disk.names.begin()->second->data;
        if (i > 0) {
            EXPECT_FALSE(std::equal(first.begin() + 64, first.begin() + 100, data.begin() + 64));
        }
        first = data;
    }
}

TEST(KeyFile, SaysWhatIsWrong) {
    const std::pair<std::string, const char *> wrong[] = {
        {"", "it has no key"},
        {"# only this\n", "it has no key"},
        {"abc", "64 hexadecimal digits"},
        {std::string(64, 'g'), "64 hexadecimal digits"},
        {KEY_A + "\nplain", "\"plain\" stands before"},
        {KEY_A + "\n" + KEY_A + "\n" + KEY_A + "\n" + KEY_A + "\n" + KEY_A + "\n" + KEY_A + "\n" +
             KEY_A + "\n" + KEY_A + "\n" + KEY_A + "\n",
         "too many keys"},
    };
    for (const auto &row : wrong) {
        journal_keys keys;
        const char *why = nullptr;
        EXPECT_FALSE(journal_keys_parse(&keys, row.first.data(), row.first.size(), &why));
        EXPECT_TRUE(why != nullptr && contains(why, row.second)) << why;
    }
    EXPECT_EQ(keys_of(KEY_A + " \r\n" + KEY_B).count, 2u);
    EXPECT_FALSE(keys_of("plain").encrypts);
}

} // namespace
