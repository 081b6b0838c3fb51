/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The production core and journal, driven as the event loop drives them, in rounds: read, step,
 * write, make durable. It knows connections as pipes and time as a number.
 */
#ifndef BROKER_SIM_BROKER_H
#define BROKER_SIM_BROKER_H

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/sim/network.h"
#include "broker/sim/storage.h"
#include "broker/sim/story.h"

extern "C" {
#include "broker/core/core.h"
}

namespace sim {

/* What the broker needs of the world. */
class BrokerHost {
  public:
    virtual ~BrokerHost() = default;
    virtual uint64_t now_ms() const = 0;
    virtual void broker_sends(Connection &connection, const std::string &bytes, bool is_end) = 0;
    /* The broker has closed it, or was told that it is closed. */
    virtual void broker_closed(Connection &connection) = 0;
    virtual bool is_restricted(const std::string &client_id) const = 0;
    virtual void breach(const std::string &what) = 0;
    virtual void tell_broker(const std::string &line) = 0;
    virtual bool tells() const = 0;
};

class Broker : private StorageHost {
  public:
    Broker(uint64_t seed, Disk &disk, BrokerHost &host);
    ~Broker() override;

    bool runs() const { return core_ != nullptr; }
    /* With what the disk has; its monotonic clock begins anew. */
    void start();
    /* Nothing is told to anybody. */
    void crash();
    /* In order: everybody is told. false: not all that had to be stored is. */
    bool stop();

    void open(Connection *connection);
    void read(Connection *connection) { ready_.insert(connection->slot); }
    /* The transport takes more. */
    void writable(Connection *connection) { dirty_.insert(connection->slot); }
    bool has_work() const { return !ready_.empty() || !dirty_.empty(); }
    void round();
    uint64_t deadline_ms() const;
    uint64_t steps() const { return steps_; }
    Storage &storage() { return storage_; }

  private:
    uint64_t core_now_ms() const { return host_.now_ms() - boot_ms_ + 1; }
    core_event event(core_event_type type, uint32_t slot) const;
    void step(const core_event &event);
    void read_one(Connection &connection);
    void carry_out_effects();
    void write_dirty();
    void make_durable();
    void tell_storage(const std::string &line) override;
    void write(Connection &connection);
    void finish(Connection &connection);
    void closed(Connection &connection);
    void check_memory();
    void close_all();

    static bool policy(void *ctx, const core_question *question);
    static void log(void *ctx, const core_log *line);
    static void *allocate(void *ctx, size_t size);
    static void release(void *ctx, void *memory, size_t size);

    BrokerHost &host_;
    Disk &disk_;
    Storage storage_;
    const uint64_t seed_;
    uint32_t snapshot_steps_ = 0;
    core_limits limits_;
    core_listener listener_{};
    core *core_ = nullptr;
    uint64_t boot_ms_ = 0;
    uint64_t starts_ = 0;
    size_t live_bytes_ = 0;
    uint64_t steps_ = 0;
    std::map<uint32_t, Connection *> connections_; /* slot → */
    std::set<uint32_t> ready_, dirty_;
};

} // namespace sim

#endif
