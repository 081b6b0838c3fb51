// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A disk in memory that keeps what file.h promises and no more, and a toy of a core whose state
// tells how many of its changes it has seen: what the tests of the journal stand on.

#ifndef BROKER_IO_JOURNAL_TEST_SUPPORT_H
#define BROKER_IO_JOURNAL_TEST_SUPPORT_H

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

extern "C" {
#include "broker/io/journal.h"
}

namespace journal_test {

using bytes = std::vector<uint8_t>;

struct inode {
    bytes data;
    size_t synced = 0;
};
using directory = std::map<std::string, std::shared_ptr<inode>>;

// What is left of what was not synced when the power fails.
enum class tail {
    none,
    all,
    half,    // a prefix
    hole,    // zeros, then the rest
    garbage, // as long as it was, and nothing of it
};

class disk {
  public:
    file_port port() {
        file_port port{};
        port.ctx = this;
        port.lock = [](void *ctx) { return self(ctx)->lock_status; };
        port.open = [](void *ctx, const char *name, file_use use, int *out) {
            return self(ctx)->open(name, use, out);
        };
        port.close = [](void *ctx, int file) { self(ctx)->handles_.erase(file); };
        port.append = [](void *ctx, int file, const uint8_t *data, size_t len, size_t *out) {
            return self(ctx)->append(file, data, len, out);
        };
        port.read = [](void *ctx, int file, uint64_t offset, uint8_t *out, size_t size,
                       size_t *out_len) {
            return self(ctx)->read(file, offset, out, size, out_len);
        };
        port.size = [](void *ctx, int file, uint64_t *out) {
            *out = self(ctx)->handles_.at(file)->data.size();
            return FILE_OK;
        };
        port.truncate = [](void *ctx, const char *name, uint64_t size) {
            return self(ctx)->truncate(name, size);
        };
        port.list = [](void *ctx, void (*found)(void *, const char *), void *found_ctx) {
            for (const auto &entry : self(ctx)->names)
                found(found_ctx, entry.first.c_str());
            return self(ctx)->list_status;
        };
        port.free_bytes = [](void *ctx, uint64_t *out) {
            *out = self(ctx)->free_bytes;
            return FILE_OK;
        };
        port.begin = [](void *ctx, file_lane lane, const file_task *task) {
            self(ctx)->begin(lane, *task);
        };
        port.ended = [](void *ctx, file_lane lane, file_result *out) {
            return self(ctx)->ended(lane, out);
        };
        port.wait = [](void *ctx, file_lane lane) { self(ctx)->holds[lane] = false; };
        port.now_us = [](void *ctx) { return ++self(ctx)->now_us_; };
        return port;
    }

    // The disk as it comes up again.
    static std::unique_ptr<disk> after_power_cut(const disk &before, tail kept, bool keeps_names) {
        auto after = std::make_unique<disk>();
        for (const auto &entry : keeps_names ? before.names : before.durable_names) {
            auto file = std::make_shared<inode>(*entry.second);
            keep(*file, kept);
            file->synced = file->data.size();
            after->names[entry.first] = file;
        }
        after->durable_names = after->names;
        return after;
    }
    static std::unique_ptr<disk> after_kill(const disk &before) { return copy(before); }
    // As it is, for a look at it later.
    static std::unique_ptr<disk> copy(const disk &before) {
        auto after = std::make_unique<disk>();
        std::map<inode *, std::shared_ptr<inode>> copies;
        for (const auto *names : {&before.names, &before.durable_names})
            for (const auto &entry : *names)
                if (copies.count(entry.second.get()) == 0)
                    copies[entry.second.get()] = std::make_shared<inode>(*entry.second);
        for (const auto &entry : before.names)
            after->names[entry.first] = copies[entry.second.get()];
        for (const auto &entry : before.durable_names)
            after->durable_names[entry.first] = copies[entry.second.get()];
        return after;
    }

    size_t total_bytes() const {
        size_t total = 0;
        for (const auto &entry : names)
            total += entry.second->data.size();
        return total;
    }
    std::vector<std::string> names_with(const std::string &part) const {
        std::vector<std::string> found;
        for (const auto &entry : names)
            if (entry.first.find(part) != std::string::npos)
                found.push_back(entry.first);
        return found;
    }

    directory names;
    directory durable_names;
    file_status lock_status = FILE_OK;
    file_status list_status = FILE_OK;
    uint64_t free_bytes = uint64_t{1} << 40;
    uint64_t sync_us = 100;
    bool holds[FILE_LANE_COUNT] = {false, false}; // tasks don't end until it is false
    // Called before each operation that changes something; returns what comes of it. An append
    // that is refused still takes `part` bytes.
    std::function<file_status(const char *what)> before_change;
    size_t part = 0;
    file_status read_status = FILE_OK; // of reads that touch read_fails_at
    uint64_t read_fails_at = UINT64_MAX;

  private:
    static disk *self(void *ctx) { return static_cast<disk *>(ctx); }

    static void keep(inode &file, tail kept) {
        const size_t lost = file.data.size() - file.synced;
        const auto unsynced = file.data.begin() + static_cast<long>(file.synced);
        switch (kept) {
        case tail::none:
            file.data.resize(file.synced);
            break;
        case tail::all:
            break;
        case tail::half:
            file.data.resize(file.synced + lost / 2);
            break;
        case tail::hole:
            std::fill(unsynced, unsynced + static_cast<long>(lost / 2), uint8_t{0});
            break;
        case tail::garbage:
            for (auto at = unsynced; at != file.data.end(); ++at)
                *at = static_cast<uint8_t>(*at * 31 + 17);
            break;
        }
    }

    file_status change(const char *what) { return before_change ? before_change(what) : FILE_OK; }

    file_status open(const char *name, file_use use, int *out) {
        const auto found = names.find(name);
        if (use == FILE_FOR_READING && found == names.end())
            return FILE_ABSENT;
        if (use == FILE_FOR_APPENDING && found != names.end())
            return FILE_EXISTS;
        if (use == FILE_FOR_APPENDING) {
            const file_status status = change("make");
            if (status != FILE_OK)
                return status;
            names[name] = std::make_shared<inode>();
        }
        *out = next_++;
        handles_[*out] = names[name];
        return FILE_OK;
    }
    file_status append(int file, const uint8_t *data, size_t len, size_t *out) {
        const file_status status = change("append");
        *out = status == FILE_OK ? len : std::min(part, len);
        bytes &to = handles_.at(file)->data;
        to.insert(to.end(), data, data + *out);
        return status;
    }
    file_status read(int file, uint64_t offset, uint8_t *out, size_t size, size_t *out_len) {
        const bytes &from = handles_.at(file)->data;
        *out_len = 0;
        if (offset <= read_fails_at && read_fails_at < offset + size)
            return read_status;
        if (offset >= from.size())
            return FILE_OK;
        *out_len = std::min(size, from.size() - static_cast<size_t>(offset));
        memcpy(out, from.data() + offset, *out_len);
        return FILE_OK;
    }
    file_status truncate(const char *name, uint64_t size) {
        const file_status status = change("truncate");
        if (status != FILE_OK)
            return status;
        names.at(name)->data.resize(size);
        names.at(name)->synced = size;
        return FILE_OK;
    }
    void begin(file_lane lane, const file_task &task) {
        tasks_[lane] = task;
        busy_[lane] = true;
        appended_len_[lane] = 0;
        if (task.kind == FILE_TASK_SYNC) {
            synced_[lane] = handles_.at(task.file);
            synced_len_[lane] = synced_[lane]->data.size();
        }
    }
    bool ended(file_lane lane, file_result *out) {
        if (!busy_[lane] || holds[lane])
            return false;
        busy_[lane] = false;
        const file_status status = do_task(lane, tasks_[lane]);
        *out = {status, appended_len_[lane], sync_us};
        return true;
    }
    file_status do_task(file_lane lane, const file_task &task) {
        if (task.kind == FILE_TASK_APPEND || task.kind == FILE_TASK_APPEND_SYNC) {
            const file_status status =
                append(task.file, task.data, task.data_len, &appended_len_[lane]);
            synced_[lane] = handles_.at(task.file);
            synced_len_[lane] = synced_[lane]->data.size();
            if (status != FILE_OK || task.kind == FILE_TASK_APPEND)
                return status;
        }
        static const char *const words[] = {"", "sync", "sync", "sync names", "rename", "remove"};
        const file_status status = change(words[task.kind]);
        if (status != FILE_OK)
            return status;
        switch (task.kind) {
        case FILE_TASK_APPEND:
            break;
        case FILE_TASK_APPEND_SYNC:
        case FILE_TASK_SYNC:
            synced_[lane]->synced = std::max(synced_[lane]->synced, synced_len_[lane]);
            break;
        case FILE_TASK_SYNC_DIRECTORY:
            durable_names = names;
            break;
        case FILE_TASK_RENAME:
            names[task.new_name] = names.at(task.name);
            names.erase(task.name);
            break;
        case FILE_TASK_REMOVE:
            names.erase(task.name);
            break;
        }
        return FILE_OK;
    }

    std::map<int, std::shared_ptr<inode>> handles_;
    file_task tasks_[FILE_LANE_COUNT] = {};
    std::shared_ptr<inode> synced_[FILE_LANE_COUNT];
    size_t synced_len_[FILE_LANE_COUNT] = {};
    size_t appended_len_[FILE_LANE_COUNT] = {};
    bool busy_[FILE_LANE_COUNT] = {};
    int next_ = 3;
    uint64_t now_us_ = 0;
};

// Change number n writes n under key n % KEYS. So the values tell which changes were seen, and a
// state is whole if it is that after some number of changes.
constexpr uint64_t KEYS = 7;
struct state {
    std::array<uint64_t, KEYS> value{};
    void see(uint64_t n) { value[n % KEYS] = std::max(value[n % KEYS], n); }
    uint64_t changes() const { return *std::max_element(value.begin(), value.end()); }
    bool is_whole() const {
        state same;
        for (uint64_t n = changes() > KEYS ? changes() - KEYS + 1 : 1; n <= changes(); n++)
            same.see(n);
        return same.value == value;
    }
};

// A journal, and what a core does with it: changes, batches, snapshots, and when it may
// acknowledge.
class node {
  public:
    explicit node(disk &disk, std::function<void(journal_options &)> adjust = nullptr)
        : disk_(disk) {
        journal_options options;
        journal_options_init(&options);
        options.files = disk.port();
        options.ctx = this;
        options.segment_bytes = 600;
        options.snapshot_bytes_min = 2000;
        options.retry_ms = 10;
        options.say = [](void *ctx, journal_level level, const char *text) {
            auto *self = static_cast<node *>(ctx);
            self->said += std::string(1, "NWE"[level]) + ' ' + text + '\n';
        };
        options.random = [](void *, uint8_t *out, size_t len) {
            static uint32_t luck = 1;
            for (size_t i = 0; i < len; i++) {
                luck = luck * 1664525u + 1013904223u;
                out[i] = static_cast<uint8_t>(luck >> 24);
            }
        };
        if (adjust)
            adjust(options);
        journal = journal_create(&options);
    }
    node(const node &) = delete;
    ~node() { journal_destroy(journal); }

    journal_status recover() {
        const journal_status status =
            journal_recover(journal, now_ms, this, [](void *ctx, const uint8_t *unit, size_t len) {
                auto *self = static_cast<node *>(ctx);
                uint64_t n = 0;
                memcpy(&n, unit, std::min(len, sizeof n));
                self->seen.see(n);
                self->units.emplace_back(unit, unit + len);
                return self->takes;
            });
        next = seen.changes() + 1;
        acknowledged = seen.changes();
        told_ = journal_storage(journal);
        lost_ = told_ != JOURNAL_GOOD;
        return status;
    }

    // One change, and one round.
    void change(size_t len = 24) {
        unit(next, len);
        seen.see(next++);
        round();
    }
    void unit(uint64_t n, size_t len) {
        bytes body(std::max(len, sizeof n), uint8_t(n));
        memcpy(body.data(), &n, sizeof n);
        pending_.push_back(body);
    }
    void unit_of(const bytes &body) { pending_.push_back(body); }
    void round() {
        now_ms++;
        journal_run(journal, now_ms);
        listen();
        if (journal_takes(journal) && (!pending_.empty() || snapshot_next_ > 0 || begins_))
            batch();
    }
    // Until nothing is left to do, whatever has failed before.
    void settle(int rounds = 1000) {
        for (int i = 0; i < rounds; i++)
            round();
    }
    bool close() {
        settle();
        return journal_close(journal, now_ms);
    }

    disk &disk_;
    ::journal *journal;
    state seen;
    std::vector<bytes> units;
    uint64_t next = 1;
    uint64_t acknowledged = 0; // all changes up to this one
    uint64_t now_ms = 1000;
    std::string said;
    bool takes = true;

  private:
    void listen() {
        const enum journal_storage storage = journal_storage(journal);
        if (storage != told_) {
            // What is not durable is lost, until a snapshot has it.
            lost_ = true;
            pending_.clear();
            snapshot_next_ = 0;
            begins_ = storage == JOURNAL_GOOD;
            end_batch_ = 0;
            told_ = storage;
        }
        if (journal_wants_snapshot(journal, now_ms) && snapshot_next_ == 0)
            begins_ = true;
        const uint64_t durable = journal_durable(journal);
        if (lost_ && end_batch_ > 0 && durable >= end_batch_)
            lost_ = false;
        if (!lost_ && batch_changes_.count(durable) != 0)
            acknowledged = std::max(acknowledged, batch_changes_[durable]);
    }
    void batch() {
        const bool begins = begins_;
        bool ends = false;
        if (begins)
            snapshot_next_ = 1;
        begins_ = false;
        journal_begin(journal, ++batch_, begins, now_ms);
        for (const bytes &unit : pending_)
            journal_append(journal, unit.data(), unit.size(), 1);
        // A slice of the snapshot: three keys.
        for (int i = 0; i < 3 && snapshot_next_ > 0; i++) {
            const uint64_t n = seen.value[snapshot_next_ - 1];
            bytes body(24, uint8_t(n));
            memcpy(body.data(), &n, sizeof n);
            journal_append(journal, body.data(), body.size(), 1);
            ends = snapshot_next_ == KEYS;
            snapshot_next_ = ends ? 0 : snapshot_next_ + 1;
        }
        pending_.clear();
        batch_changes_[batch_] = seen.changes();
        if (ends)
            end_batch_ = batch_;
        journal_commit(journal, ends, now_ms);
        listen();
    }

    std::vector<bytes> pending_;
    std::map<uint64_t, uint64_t> batch_changes_;
    uint64_t batch_ = 0;
    uint64_t snapshot_next_ = 0; // key + 1
    bool begins_ = false;
    uint64_t end_batch_ = 0;
    bool lost_ = false;
    enum journal_storage told_ = JOURNAL_GOOD;
};

} // namespace journal_test

#endif
