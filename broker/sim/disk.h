/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A disk behind the port of broker/io/file.h that keeps what file.h promises and nothing beyond:
 * when power fails, what was not synced is lost, torn, or there in pieces with zeros and garbage
 * between them, and each name that was not synced is as it was or as it is. It fails, fills up,
 * gets slow and flips bits when told to. It knows nothing of what files hold.
 *
 * Every change is an operation with a number; the disk can be told to die right after one.
 */
#ifndef BROKER_SIM_DISK_H
#define BROKER_SIM_DISK_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/sim/luck.h"
#include "broker/sim/story.h"

extern "C" {
#include "broker/io/file.h"
}

namespace sim {

class Disk {
  public:
    /* now_ms is read whenever time matters, and outlives the disk. */
    Disk(uint64_t seed, const uint64_t *now_ms) : now_ms_(now_ms), luck_(seed) {}
    Disk(const Disk &) = delete;

    file_port port();
    /* When a task ends next, NEVER_MS: none is under way. */
    uint64_t deadline_ms() const;

    /* ---- faults ---- */
    void fill(uint64_t until_ms) { full_ms_ = until_ms; }
    void slow_down(uint32_t factor, uint64_t until_ms);
    void fail_writes(uint64_t until_ms) { fails_ms_ = until_ms; }
    void fail_next_sync() { sync_fails_ = true; }
    /* One bit of one file, at once. false: there is nothing to flip. */
    bool flip();
    void heal();
    /* The same operation fails from now on as if the machine had stopped right after it. */
    void die_after(uint64_t operation) { dies_after_ = operation; }
    bool is_dead() const { return operations_ >= dies_after_; }
    /* The same, at once: what the disk is at is neither done nor not done. */
    void die() { dies_after_ = 0; }
    uint64_t operations() const { return operations_; }

    /* ---- the end of the process, or of the machine ---- */
    void process_ends();
    void power_fails();

    uint64_t bytes() const;
    std::string names() const;

  private:
    struct Inode {
        std::vector<uint8_t> data;
        size_t synced = 0;
        /* Pieces that a failed sync has lost, whatever a later one says. */
        std::vector<std::pair<size_t, size_t>> lost;
    };
    using Names = std::map<std::string, std::shared_ptr<Inode>>;
    struct Handle {
        std::shared_ptr<Inode> inode;
        bool writes;
    };
    struct Task {
        bool runs = false;
        file_task what{};
        uint64_t begin_ms = 0, end_ms = 0;
        std::shared_ptr<Inode> inode;
        std::vector<uint8_t> data; /* to be appended */
        size_t size = 0;           /* of the file when it began, or with data when that is there */
        Names names;               /* of the directory when it began */
        bool fails = false;
    };

    uint64_t now_ms() const { return *now_ms_; }
    void operate() { operations_ += is_dead() ? 0 : 1; }
    file_status trouble() const;
    bool may_change() const { return !is_dead(); }
    file_status finish(Task &task, size_t *out_len);
    file_status do_append(Task &task, size_t *out_len);
    void finish_in_part(Task &task);
    file_status do_sync(Task &task);
    void lose_unsynced(Inode &inode);
    void lose_pieces(Inode &inode);

    file_status open(const char *name, file_use use, int *out_file);
    file_status append(int file, const uint8_t *data, size_t data_len, size_t *out_len);
    file_status append_to(Inode &inode, const uint8_t *data, size_t data_len, size_t *out_len);
    file_status read(int file, uint64_t offset, uint8_t *out, size_t size, size_t *out_len);
    file_status truncate(const char *name, uint64_t size);
    void begin(file_lane lane, const file_task *task);
    bool ended(file_lane lane, file_result *out);

    const uint64_t *now_ms_;
    Luck luck_;
    Names now_, durable_;
    std::map<int, Handle> handles_;
    Task tasks_[FILE_LANE_COUNT];
    int next_handle_ = 3;
    bool locked_ = false;
    uint64_t full_ms_ = 0, fails_ms_ = 0, slow_ms_ = 0;
    uint32_t slow_factor_ = 1;
    bool sync_fails_ = false;
    uint64_t operations_ = 0;
    uint64_t dies_after_ = UINT64_MAX;
};

} // namespace sim

#endif
