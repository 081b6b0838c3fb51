/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The journal's options from a seed, and its life from start to crash.
 */
#include "broker/sim/storage.h"

namespace sim {

Storage::Storage(uint64_t seed, Disk &disk, StorageHost &host)
    : disk_(disk), host_(host), luck_(Luck::of(seed, 0x73746f72616765)) {
    journal_options_init(&options_);
    options_.files = disk_.port();
    options_.ctx = this;
    options_.say = [](void *ctx, journal_level, const char *text) {
        static_cast<Storage *>(ctx)->host_.tell_storage(text);
    };
    options_.random = [](void *ctx, uint8_t *out, size_t out_len) {
        for (size_t i = 0; i < out_len; i++) {
            out[i] = static_cast<uint8_t>(static_cast<Storage *>(ctx)->luck_.next());
        }
    };
    uint32_t kind = luck_.below(10);
    options_.sync = kind < 8    ? JOURNAL_SYNC_ALWAYS
                    : kind == 8 ? JOURNAL_SYNC_INTERVAL
                                : JOURNAL_SYNC_NEVER;
    options_.segment_bytes = luck_.between(2, 40) * 1024;
    options_.snapshot_bytes_min = luck_.between(4, 60) * 1024;
    options_.snapshot_interval_ms = luck_.per_mille(300) ? luck_.between(5000, 60000) : 0;
    options_.snapshot_changes = luck_.per_mille(200) ? luck_.between(10, 500) : 0;
    options_.retry_ms = luck_.between(100, 2000);
    if (luck_.per_mille(250)) {
        keys_.count = 1;
        keys_.encrypts = true;
        for (uint8_t &byte : keys_.key[0]) {
            byte = static_cast<uint8_t>(luck_.next());
        }
        options_.keys = &keys_;
    }
}

Storage::~Storage() {
    if (journal_ != nullptr) {
        journal_destroy(journal_);
    }
}

std::string Storage::start(core *core, uint64_t now_ms, uint64_t wall_ms) {
    snapshots_wanted_ = 0;
    journal_ = journal_create(&options_);
    persistence_init(&persistence_, journal_);
    journal_status status = persistence_recover(&persistence_, core, now_ms, wall_ms);
    const struct journal_stats *stats = journal_stats(journal_);
    said_damage_ = stats->damaged_pieces > 0 || stats->torn_bytes > 0;
    return status == JOURNAL_OK ? "" : journal_status_text(status);
}

bool Storage::is_good() {
    uint64_t snapshots = journal_stats(journal_)->snapshots;
    if (journal_storage(journal_) != JOURNAL_GOOD) {
        snapshots_wanted_ = snapshots + 1;
    }
    return snapshots >= snapshots_wanted_;
}

bool Storage::round(core *core, uint64_t now_ms) {
    return persistence_round(&persistence_, core, now_ms);
}

bool Storage::end(core *core, uint64_t now_ms) {
    bool is_whole = persistence_end(&persistence_, core, now_ms);
    crash();
    return is_whole;
}

void Storage::crash() {
    journal_destroy(journal_);
    journal_ = nullptr;
}

uint64_t Storage::deadline_ms(const core *core) const {
    return persistence_deadline_ms(&persistence_, core);
}

} // namespace sim
