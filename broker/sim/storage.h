/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The production journal on the simulated disk, joined to the core by the production's
 * persistence.c, with options that differ from seed to seed: files are short and snapshots
 * frequent, so that a story of minutes sees many of both.
 */
#ifndef BROKER_SIM_STORAGE_H
#define BROKER_SIM_STORAGE_H

#include <cstdint>
#include <string>

#include "broker/sim/disk.h"
#include "broker/sim/luck.h"

extern "C" {
#include "broker/io/persistence.h"
}

namespace sim {

/* Milliseconds since 1970 when a story begins. */
constexpr uint64_t WALL_BEGIN_MS = 1800000000000u;

class StorageHost {
  public:
    virtual ~StorageHost() = default;
    virtual void tell_storage(const std::string &line) = 0;
};

class Storage {
  public:
    Storage(uint64_t seed, Disk &disk, StorageHost &host);
    Storage(const Storage &) = delete;
    ~Storage();

    /* What an acknowledgement promises: to outlive a power cut, or a kill alone. */
    bool syncs_always() const { return options_.sync == JOURNAL_SYNC_ALWAYS; }
    /* Recovers into a new core. Empty: the broker runs. */
    std::string start(core *core, uint64_t now_ms, uint64_t wall_ms);
    /* Whether the core was told something. */
    bool round(core *core, uint64_t now_ms);
    /* In order; what the core has still to say is written. false: not all of it. */
    bool end(core *core, uint64_t now_ms);
    void crash();
    uint64_t deadline_ms(const core *core) const;
    /* Whether the last start said that something was damaged, missing or cut off. */
    bool said_damage() const { return said_damage_; }
    /* Whether what is acknowledged now is stored: the disk takes writes, and the snapshot that
     * follows a failure is whole. */
    bool is_good();

  private:
    Disk &disk_;
    StorageHost &host_;
    Luck luck_;
    journal_options options_{};
    journal_keys keys_{};
    journal *journal_ = nullptr;
    persistence persistence_{};
    bool said_damage_ = false;
    uint64_t snapshots_wanted_ = 0;
};

} // namespace sim

#endif
