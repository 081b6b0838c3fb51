/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The simulated disk keeps what file.h promises, and really loses what it does not promise.
 */
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "broker/sim/disk.h"

namespace {

constexpr int SEEDS = 300;

struct Machine {
    uint64_t now_ms = 1;
    sim::Disk disk;
    file_port port;

    explicit Machine(uint64_t seed) : disk(seed, &now_ms), port(disk.port()) {}

    int make(const char *name) {
        int file = -1;
        EXPECT_EQ(port.open(port.ctx, name, FILE_FOR_APPENDING, &file), FILE_OK);
        return file;
    }
    file_status append(int file, const std::string &text) {
        size_t len = 0;
        return port.append(port.ctx, file, reinterpret_cast<const uint8_t *>(text.data()),
                           text.size(), &len);
    }
    file_status task(file_task_kind kind, int file, const char *name = "") {
        file_task task{};
        task.kind = kind;
        task.file = file;
        std::strncpy(task.name, name, FILE_NAME_LEN_MAX);
        port.begin(port.ctx, FILE_LANE_SYNC, &task);
        port.wait(port.ctx, FILE_LANE_SYNC);
        file_result result{};
        EXPECT_TRUE(port.ended(port.ctx, FILE_LANE_SYNC, &result));
        return result.status;
    }
    std::string text(const char *name) {
        int file = -1;
        if (port.open(port.ctx, name, FILE_FOR_READING, &file) != FILE_OK) {
            return "absent";
        }
        std::string out(10000, ' ');
        size_t len = 0;
        EXPECT_EQ(
            port.read(port.ctx, file, 0, reinterpret_cast<uint8_t *>(&out[0]), out.size(), &len),
            FILE_OK);
        out.resize(len);
        return out;
    }
};

TEST(Disk, KeepsWhatIsSyncedWhenPowerFails) {
    for (int seed = 0; seed < SEEDS; seed++) {
        Machine machine(static_cast<uint64_t>(seed));
        int file = machine.make("a");
        machine.append(file, "promised ");
        EXPECT_EQ(machine.task(FILE_TASK_SYNC, file), FILE_OK);
        EXPECT_EQ(machine.task(FILE_TASK_SYNC_DIRECTORY, -1), FILE_OK);
        machine.append(file, "not promised");
        machine.disk.power_fails();
        EXPECT_EQ(machine.text("a").substr(0, 9), "promised ");
    }
}

TEST(Disk, LosesWhatIsNotSyncedInEveryWay) {
    std::set<std::string> fates;
    std::string rest(600, 'x');
    for (int seed = 0; seed < SEEDS; seed++) {
        Machine machine(static_cast<uint64_t>(seed));
        int file = machine.make("a");
        machine.task(FILE_TASK_SYNC_DIRECTORY, -1);
        machine.append(file, rest);
        machine.disk.power_fails();
        std::string left = machine.text("a");
        fates.insert(left.empty()                           ? "nothing"
                     : left == rest                         ? "all"
                     : left == rest.substr(0, left.size())  ? "a part"
                     : left.find('\0') != std::string::npos ? "zeros"
                                                            : "garbage");
    }
    EXPECT_EQ(fates, (std::set<std::string>{"nothing", "all", "a part", "zeros", "garbage"}));
}

TEST(Disk, NamesAreAsTheyWereOrAsTheyAre) {
    std::set<std::string> made, removed;
    for (int seed = 0; seed < SEEDS; seed++) {
        Machine machine(static_cast<uint64_t>(seed));
        machine.make("old");
        machine.task(FILE_TASK_SYNC_DIRECTORY, -1);
        machine.make("new");
        machine.task(FILE_TASK_REMOVE, -1, "old");
        machine.disk.power_fails();
        made.insert(machine.text("new"));
        removed.insert(machine.text("old"));
    }
    EXPECT_EQ(made, (std::set<std::string>{"", "absent"}));
    EXPECT_EQ(removed, (std::set<std::string>{"", "absent"}));
}

TEST(Disk, AFailedSyncMayLoseWhatALaterOneSaysIsThere) {
    int lost = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        Machine machine(static_cast<uint64_t>(seed));
        int file = machine.make("a");
        machine.task(FILE_TASK_SYNC_DIRECTORY, -1);
        machine.append(file, "abc");
        machine.disk.fail_next_sync();
        EXPECT_EQ(machine.task(FILE_TASK_SYNC, file), FILE_FAILED);
        EXPECT_EQ(machine.task(FILE_TASK_SYNC, file), FILE_OK);
        machine.disk.power_fails();
        lost += machine.text("a") != "abc";
    }
    EXPECT_GT(lost, 0);
    EXPECT_LT(lost, SEEDS);
}

TEST(Disk, AKillLosesNothing) {
    Machine machine(1);
    machine.append(machine.make("a"), "written");
    machine.disk.process_ends();
    EXPECT_EQ(machine.text("a"), "written");
}

TEST(Disk, FillsUpFailsAndHeals) {
    Machine machine(1);
    int file = machine.make("a");
    machine.disk.fill(100);
    EXPECT_EQ(machine.append(file, "abc"), FILE_FULL);
    machine.disk.fail_writes(100);
    EXPECT_EQ(machine.append(file, "abc"), FILE_FAILED);
    EXPECT_EQ(machine.task(FILE_TASK_SYNC, file), FILE_FAILED);
    machine.now_ms = 100;
    EXPECT_EQ(machine.append(file, "abc"), FILE_OK);
    EXPECT_EQ(machine.task(FILE_TASK_SYNC, file), FILE_OK);
}

TEST(Disk, DiesAfterAnOperation) {
    Machine machine(1);
    int file = machine.make("a");
    machine.disk.die_after(machine.disk.operations() + 1);
    EXPECT_FALSE(machine.disk.is_dead());
    EXPECT_EQ(machine.append(file, "one"), FILE_OK);
    EXPECT_TRUE(machine.disk.is_dead());
    EXPECT_EQ(machine.append(file, "two"), FILE_FAILED);
    machine.disk.process_ends();
    EXPECT_EQ(machine.text("a"), "one");
}

TEST(Disk, FlipsOneBit) {
    Machine machine(1);
    machine.append(machine.make("a"), std::string(100, '\0'));
    EXPECT_TRUE(machine.disk.flip());
    EXPECT_NE(machine.text("a"), std::string(100, '\0'));
}

} // namespace
