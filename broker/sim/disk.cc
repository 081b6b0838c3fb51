/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The simulated disk: its calls in the order of file.h, then what is left after a crash.
 */
#include "broker/sim/disk.h"

#include <algorithm>

namespace sim {

namespace {

constexpr size_t SECTOR = 512;
constexpr uint32_t SYNC_MS_MAX = 6;

Disk &disk_of(void *ctx) {
    return *static_cast<Disk *>(ctx);
}

} // namespace

/* ---- Faults ---- */

void Disk::slow_down(uint32_t factor, uint64_t until_ms) {
    slow_factor_ = factor;
    slow_ms_ = until_ms;
}

void Disk::heal() {
    full_ms_ = fails_ms_ = slow_ms_ = 0;
    sync_fails_ = false;
}

file_status Disk::trouble() const {
    if (is_dead() || now_ms() < fails_ms_) {
        return FILE_FAILED;
    }
    return now_ms() < full_ms_ ? FILE_FULL : FILE_OK;
}

bool Disk::flip() {
    uint64_t total = bytes();
    if (total == 0) {
        return false;
    }
    uint64_t at = luck_.next() % total;
    for (auto &[name, inode] : now_) {
        if (at < inode->data.size()) {
            inode->data[at] ^= static_cast<uint8_t>(1u << luck_.below(8));
            return true;
        }
        at -= inode->data.size();
    }
    return false;
}

uint64_t Disk::bytes() const {
    uint64_t total = 0;
    for (const auto &[name, inode] : now_) {
        total += inode->data.size();
    }
    return total;
}

std::string Disk::names() const {
    std::string all;
    for (const auto &[name, inode] : now_) {
        all += name + " (" + std::to_string(inode->data.size()) + " bytes) ";
    }
    return all;
}

/* ---- Files ---- */

file_status Disk::open(const char *name, file_use use, int *out_file) {
    auto found = now_.find(name);
    if (use == FILE_FOR_READING) {
        if (found == now_.end()) {
            return FILE_ABSENT;
        }
        handles_[next_handle_] = Handle{found->second, false};
    } else {
        if (found != now_.end()) {
            return FILE_EXISTS;
        }
        if (trouble() != FILE_OK) {
            return trouble();
        }
        now_[name] = std::make_shared<Inode>();
        handles_[next_handle_] = Handle{now_[name], true};
        operate();
    }
    *out_file = next_handle_++;
    return FILE_OK;
}

file_status Disk::append(int file, const uint8_t *data, size_t data_len, size_t *out_len) {
    return append_to(*handles_.at(file).inode, data, data_len, out_len);
}

file_status Disk::append_to(Inode &inode, const uint8_t *data, size_t data_len, size_t *out_len) {
    *out_len = 0;
    file_status status = trouble();
    if (status != FILE_OK) {
        /* Part of it may be there all the same. */
        size_t part = is_dead() ? 0 : luck_.below(static_cast<uint32_t>(data_len) + 1);
        inode.data.insert(inode.data.end(), data, data + part);
        *out_len = part;
        return status;
    }
    inode.data.insert(inode.data.end(), data, data + data_len);
    *out_len = data_len;
    operate();
    return FILE_OK;
}

file_status Disk::read(int file, uint64_t offset, uint8_t *out, size_t size, size_t *out_len) {
    const Inode &inode = *handles_.at(file).inode;
    *out_len = 0;
    if (is_dead()) {
        return FILE_FAILED;
    }
    if (offset < inode.data.size()) {
        *out_len = std::min<size_t>(size, inode.data.size() - offset);
        std::copy_n(inode.data.begin() + static_cast<long>(offset), *out_len, out);
    }
    return FILE_OK;
}

file_status Disk::truncate(const char *name, uint64_t size) {
    auto found = now_.find(name);
    if (found == now_.end()) {
        return FILE_ABSENT;
    }
    if (now_ms() < fails_ms_ || is_dead()) {
        return FILE_FAILED;
    }
    Inode &inode = *found->second;
    inode.data.resize(std::min<size_t>(inode.data.size(), size));
    inode.synced = inode.data.size();
    operate();
    return FILE_OK;
}

/* ---- Tasks ---- */

void Disk::begin(file_lane lane, const file_task *what) {
    if (is_dead()) {
        return;
    }
    Task &task = tasks_[lane];
    task = Task();
    task.runs = true;
    task.what = *what;
    task.begin_ms = now_ms();
    uint32_t factor = now_ms() < slow_ms_ ? slow_factor_ : 1;
    task.end_ms = now_ms() + static_cast<uint64_t>(luck_.below(SYNC_MS_MAX)) * factor;
    if (what->kind <= FILE_TASK_SYNC) {
        task.inode = handles_.at(what->file).inode;
        task.size = task.inode->data.size();
    }
    if (what->data_len > 0) {
        task.data.assign(what->data, what->data + what->data_len);
    }
    task.names = now_;
    bool is_sync = what->kind >= FILE_TASK_APPEND_SYNC && what->kind <= FILE_TASK_SYNC_DIRECTORY;
    task.fails = now_ms() < fails_ms_ || (is_sync && sync_fails_);
    sync_fails_ = sync_fails_ && !is_sync;
}

file_status Disk::do_sync(Task &task) {
    Inode &inode = *task.inode;
    if (!task.fails) {
        inode.synced = std::max(inode.synced, task.size);
        return FILE_OK;
    }
    if (task.size > inode.synced && luck_.below(2) == 0) {
        inode.lost.emplace_back(inode.synced, task.size);
    }
    return FILE_FAILED;
}

file_status Disk::do_append(Task &task, size_t *out_len) {
    file_status status = append_to(*task.inode, task.data.data(), task.data.size(), out_len);
    task.size = task.inode->data.size();
    return status;
}

file_status Disk::finish(Task &task, size_t *out_len) {
    file_status status = task.fails ? FILE_FAILED : FILE_OK;
    std::string name = task.what.name, new_name = task.what.new_name;
    if (task.what.kind <= FILE_TASK_APPEND_SYNC) {
        status = do_append(task, out_len);
        if (status != FILE_OK || task.what.kind == FILE_TASK_APPEND) {
            return status;
        }
    }
    if (!may_change()) {
        return FILE_FAILED;
    }
    switch (task.what.kind) {
    case FILE_TASK_APPEND:
        break;
    case FILE_TASK_APPEND_SYNC:
    case FILE_TASK_SYNC:
        status = do_sync(task);
        break;
    case FILE_TASK_SYNC_DIRECTORY:
        durable_ = task.fails ? durable_ : task.names;
        break;
    case FILE_TASK_RENAME:
        if (now_.count(name) == 0) {
            return FILE_ABSENT;
        }
        if (!task.fails) {
            now_[new_name] = now_[name];
            now_.erase(name);
        }
        break;
    case FILE_TASK_REMOVE:
        if (!task.fails) {
            now_.erase(name);
        }
        break;
    }
    operate();
    return status;
}

bool Disk::ended(file_lane lane, file_result *out) {
    Task &task = tasks_[lane];
    out->appended_len = 0;
    if (is_dead()) { /* whoever asks does not outlive it: the crash decides what was done */
        out->status = FILE_FAILED;
        return true;
    }
    if (!task.runs || now_ms() < task.end_ms) {
        return false;
    }
    task.runs = false;
    out->took_us = (task.end_ms - task.begin_ms) * 1000;
    out->status = finish(task, &out->appended_len);
    task = Task();
    return true;
}

uint64_t Disk::deadline_ms() const {
    uint64_t due_ms = NEVER_MS;
    for (const Task &task : tasks_) {
        due_ms = task.runs ? std::min(due_ms, task.end_ms) : due_ms;
    }
    return due_ms;
}

/* ---- Crashes ---- */

/* A write is cut short; what is to be synced may have been. */
void Disk::finish_in_part(Task &task) {
    size_t len = 0;
    uint32_t fate = luck_.below(3);
    if (fate == 0) {
        (void)finish(task, &len); /* the kernel went on with it */
    } else if (fate == 1 && !task.data.empty()) {
        task.data.resize(luck_.below(static_cast<uint32_t>(task.data.size()) + 1));
        (void)do_append(task, &len);
    }
}

void Disk::process_ends() {
    dies_after_ = UINT64_MAX;
    for (Task &task : tasks_) {
        if (task.runs) {
            finish_in_part(task);
        }
        task = Task();
    }
    handles_.clear();
    locked_ = false;
}

/* Sector by sector: there, zeros, or something else. */
void Disk::lose_pieces(Inode &inode) {
    for (size_t at = inode.synced; at < inode.data.size();) {
        size_t end = std::min((at / SECTOR + 1) * SECTOR, inode.data.size());
        uint32_t fate = luck_.below(4);
        for (; at < end; at++) {
            inode.data[at] = fate < 2    ? inode.data[at]
                             : fate == 2 ? 0
                                         : static_cast<uint8_t>(luck_.next());
        }
    }
}

void Disk::lose_unsynced(Inode &inode) {
    size_t unsynced = inode.data.size() - inode.synced;
    for (const auto &[begin, end] : inode.lost) {
        std::fill(inode.data.begin() + static_cast<long>(std::min(begin, inode.data.size())),
                  inode.data.begin() + static_cast<long>(std::min(end, inode.data.size())), 0);
    }
    inode.lost.clear();
    uint32_t fate = luck_.below(5);
    size_t kept = unsynced == 0 ? 0 : luck_.next() % (unsynced + 1);
    if (fate == 0) {
        kept = 0;
    } else if (fate == 1 || fate >= 3) {
        kept = fate == 1 ? unsynced : kept;
    }
    inode.data.resize(inode.synced + kept);
    if (fate >= 2) {
        lose_pieces(inode);
    }
    inode.synced = inode.data.size();
}

void Disk::power_fails() {
    dies_after_ = UINT64_MAX;
    for (Task &task : tasks_) {
        if (task.runs) {
            finish_in_part(task);
        }
        task = Task();
    }
    handles_.clear();
    locked_ = false;
    Names all = durable_;
    all.insert(now_.begin(), now_.end());
    Names left;
    for (const auto &[name, inode] : all) {
        const Names &fate = luck_.below(2) == 0 ? now_ : durable_;
        auto found = fate.find(name);
        if (found != fate.end()) {
            left[name] = found->second;
        }
    }
    now_ = durable_ = left;
    for (auto &[name, inode] : now_) {
        lose_unsynced(*inode);
    }
}

/* ---- The port ---- */

file_port Disk::port() {
    file_port port{};
    port.ctx = this;
    port.lock = [](void *ctx) {
        bool taken = disk_of(ctx).locked_;
        disk_of(ctx).locked_ = true;
        return taken ? FILE_BUSY : FILE_OK;
    };
    port.open = [](void *ctx, const char *name, file_use use, int *out_file) {
        return disk_of(ctx).open(name, use, out_file);
    };
    port.close = [](void *ctx, int file) { disk_of(ctx).handles_.erase(file); };
    port.append = [](void *ctx, int file, const uint8_t *data, size_t data_len, size_t *out_len) {
        return disk_of(ctx).append(file, data, data_len, out_len);
    };
    port.read = [](void *ctx, int file, uint64_t offset, uint8_t *out, size_t size,
                   size_t *out_len) {
        return disk_of(ctx).read(file, offset, out, size, out_len);
    };
    port.size = [](void *ctx, int file, uint64_t *out_bytes) {
        *out_bytes = disk_of(ctx).handles_.at(file).inode->data.size();
        return FILE_OK;
    };
    port.truncate = [](void *ctx, const char *name, uint64_t size) {
        return disk_of(ctx).truncate(name, size);
    };
    port.list = [](void *ctx, void (*found)(void *, const char *), void *found_ctx) {
        for (const auto &[name, inode] : disk_of(ctx).now_) {
            found(found_ctx, name.c_str());
        }
        return FILE_OK;
    };
    port.free_bytes = [](void *ctx, uint64_t *out_bytes) {
        *out_bytes = disk_of(ctx).trouble() == FILE_FULL ? 0 : uint64_t{1} << 40;
        return FILE_OK;
    };
    port.begin = [](void *ctx, file_lane lane, const file_task *task) {
        disk_of(ctx).begin(lane, task);
    };
    port.ended = [](void *ctx, file_lane lane, file_result *out) {
        return disk_of(ctx).ended(lane, out);
    };
    /* Time stands still while the broker waits. */
    port.wait = [](void *ctx, file_lane lane) {
        disk_of(ctx).tasks_[lane].end_ms = disk_of(ctx).now_ms();
    };
    port.now_us = [](void *ctx) { return disk_of(ctx).now_ms() * 1000; };
    return port;
}

} // namespace sim
