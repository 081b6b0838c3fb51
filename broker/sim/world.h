/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * One story from its beginning to its end in virtual time: clients, network, broker, and the
 * history that judges. Everything that happens follows from the story alone.
 */
#ifndef BROKER_SIM_WORLD_H
#define BROKER_SIM_WORLD_H

#include <cstdio>
#include <memory>
#include <queue>
#include <vector>

#include "broker/sim/broker.h"
#include "broker/sim/client.h"
#include "broker/sim/history.h"
#include "broker/sim/story.h"

namespace sim {

struct Outcome {
    std::string broken; /* empty: every promise was kept */
    uint64_t steps = 0; /* of the core */
    uint64_t messages = 0;
    uint64_t deliveries = 0;
    uint64_t crashes = 0;
    uint64_t connections = 0;
    uint64_t simulated_ms = 0;
    uint64_t disk_operations = 0;
    bool damaged = false; /* bits flipped, the broker said so, and promises were void from then */
};

/* The machine or the broker dies right after one operation of the disk. */
struct CrashPoint {
    uint64_t operation = 0; /* 0: it does not */
    bool power = false;     /* what was not synced is lost too */
};

class World : private ClientHost, private BrokerHost {
  public:
    /* trace: where everything that happens is told, NULL: nowhere. */
    World(const Story &story, std::FILE *trace, const CrashPoint &crash = CrashPoint());
    Outcome run();

  private:
    enum class Kind {
        STORY,
        UP,
        DOWN,
        CLIENT,
        ROUND,
        HALF_END,
        RESTART
    };
    struct Due {
        uint64_t at_ms;
        uint64_t order;
        Kind kind;
        size_t what;
        bool operator>(const Due &other) const {
            return at_ms != other.at_ms ? at_ms > other.at_ms : order > other.order;
        }
    };

    uint64_t now_ms() const override { return now_ms_; }
    bool tells() const override { return trace_ != nullptr; }
    int open(int client) override;
    void send(int connection, const std::string &bytes) override;
    void hang_up(int connection) override;
    void tell(int client, const std::string &line) override;
    void broker_sends(Connection &connection, const std::string &bytes, bool is_end) override;
    uint32_t latency_ms(Connection &connection);
    void broker_closed(Connection &connection) override;
    bool is_restricted(const std::string &client_id) const override;
    void breach(const std::string &what) override { history_.breach(what); }
    void tell_broker(const std::string &line) override;

    void at(uint64_t at_ms, Kind kind, size_t what);
    void take(const Due &due);
    void settle();
    void run_until(uint64_t end_ms);
    void play(const Event &event);
    void play_network(const Event &event);
    void play_broker(const Event &event);
    void arrive_at_broker(size_t number);
    void arrive_at_client(size_t number);
    void broker_down(Act how, uint64_t back_ms);
    void play_disk(const Event &event);
    void restart(bool after_power_cut);
    bool is_quiet() const;
    void end();
    void judge_retained();

    uint64_t now_ms_ = 1;
    const Story &story_;
    std::FILE *trace_;
    std::vector<Profile> cast_; /* and the judge, who comes last */
    History history_;
    Disk disk_;
    Broker broker_;
    const CrashPoint crash_;
    std::vector<Client> clients_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<uint64_t> wakes_ms_; /* of clients: what is in the queue */
    std::priority_queue<Due, std::vector<Due>, std::greater<Due>> queue_;
    uint64_t order_ = 0;
    uint64_t round_ms_ = NEVER_MS; /* the round that is in the queue */
    uint64_t events_ = 0;
    bool faults_end_ = false;
    uint64_t unstored_ms_ = NEVER_MS; /* since when the storage fails */
    bool flips_ = false;              /* a bit, at the next start */
    std::vector<size_t> orphans_;     /* connections that the crash has cut */
    Outcome outcome_;
    Luck luck_;
};

} // namespace sim

#endif
