/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The world's clock and what happens when.
 */
#include "broker/sim/world.h"

#include <algorithm>

namespace sim {

namespace {

/* How long it may take until everything has arrived once faults have stopped. */
constexpr uint64_t LIVELY_MS = 600000;
constexpr uint64_t QUIET_MS = 3000;
constexpr uint64_t CRASH_POINT_BACK_MS = 500;
constexpr uint64_t WILLS_MS = 90000; /* delays and keep alives run out */

std::vector<Profile> with_judge(const std::vector<Profile> &cast) {
    std::vector<Profile> all = cast;
    Profile judge;
    judge.id = "judge";
    judge.life = Life::CLEAN;
    judge.filters = {5}; /* r/# */
    all.push_back(judge);
    return all;
}

} // namespace

World::World(const Story &story, std::FILE *trace, const CrashPoint &crash)
    : story_(story), trace_(trace), cast_(with_judge(story.cast)), history_(cast_),
      disk_(Luck::of(story.seed, 0x6469736b), &now_ms_), broker_(story.seed, disk_, *this),
      crash_(crash), wakes_ms_(cast_.size(), NEVER_MS), luck_(Luck::of(story.seed, 0x776f726c64)) {
    for (size_t i = 0; i < cast_.size(); i++) {
        clients_.emplace_back(static_cast<int>(i), cast_[i], static_cast<ClientHost &>(*this),
                              history_);
    }
}

/* ---- Time ---- */

void World::at(uint64_t at_ms, Kind kind, size_t what) {
    queue_.push(Due{std::max(at_ms, now_ms_), order_++, kind, what});
}

/* After something has happened: who must be woken, and when. */
void World::settle() {
    size_t count = faults_end_ ? clients_.size() : clients_.size() - 1;
    for (size_t i = 0; i < count; i++) {
        uint64_t due_ms = std::max(clients_[i].deadline_ms(), now_ms_);
        if (due_ms < wakes_ms_[i]) {
            wakes_ms_[i] = due_ms;
            at(due_ms, Kind::CLIENT, i);
        }
    }
    if (!broker_.runs()) {
        return;
    }
    uint64_t due_ms = broker_.has_work() ? now_ms_ : std::max(broker_.deadline_ms(), now_ms_);
    if (due_ms < round_ms_) {
        round_ms_ = due_ms;
        at(due_ms, Kind::ROUND, 0);
    }
}

void World::take(const Due &due) {
    switch (due.kind) {
    case Kind::STORY:
        play(story_.events[due.what]);
        break;
    case Kind::UP:
        arrive_at_broker(due.what);
        break;
    case Kind::DOWN:
        arrive_at_client(due.what);
        break;
    case Kind::CLIENT:
        if (wakes_ms_[due.what] == due.at_ms) {
            wakes_ms_[due.what] = NEVER_MS;
        }
        clients_[due.what].wake();
        break;
    case Kind::ROUND:
        round_ms_ = round_ms_ == due.at_ms ? NEVER_MS : round_ms_;
        if (broker_.runs()) {
            broker_.round();
            unstored_ms_ =
                broker_.storage().is_good() ? NEVER_MS : std::min(unstored_ms_, now_ms_);
        }
        break;
    case Kind::HALF_END:
        if (connections_[due.what]->at_client) {
            connections_[due.what]->at_client = false;
            clients_[connections_[due.what]->client].closed(static_cast<int>(due.what));
        }
        break;
    case Kind::RESTART:
        restart(due.what != 0);
        break;
    }
}

void World::run_until(uint64_t end_ms) {
    while (!queue_.empty() && queue_.top().at_ms <= end_ms && history_.broken().empty()) {
        Due due = queue_.top();
        queue_.pop();
        now_ms_ = due.at_ms;
        events_++;
        take(due);
        if (broker_.runs() && disk_.is_dead()) {
            broker_down(crash_.power ? Act::POWER_CUT : Act::KILL, CRASH_POINT_BACK_MS);
        }
        settle();
    }
    now_ms_ = std::max(now_ms_, end_ms);
}

/* ---- Network ---- */

uint32_t World::latency_ms(Connection &connection) {
    const Profile &profile = cast_[connection.client];
    return profile.latency_ms + connection.luck.below(profile.jitter_ms + 1);
}

int World::open(int client) {
    if (!broker_.runs()) {
        return NO_CONNECTION;
    }
    size_t number = connections_.size();
    connections_.push_back(std::make_unique<Connection>());
    Connection &connection = *connections_.back();
    connection.client = client;
    connection.number = number;
    connection.luck = Luck(Luck::of(story_.seed, number + 1000));
    broker_.open(&connection);
    outcome_.connections++;
    return static_cast<int>(number);
}

void World::send(int number, const std::string &bytes) {
    Connection &connection = *connections_[static_cast<size_t>(number)];
    connection.will_serial = clients_[connection.client].will_serial();
    if (!connection.at_client || connection.black || connection.cut) {
        return;
    }
    connection.up.send(now_ms_, latency_ms(connection), bytes, false);
    at(connection.up.due_ms(), Kind::UP, static_cast<size_t>(number));
}

void World::broker_sends(Connection &connection, const std::string &bytes, bool is_end) {
    if (!connection.black && !connection.cut) {
        connection.down.send(now_ms_, latency_ms(connection), bytes, is_end);
        at(connection.down.due_ms(), Kind::DOWN, connection.number);
    }
}

void World::hang_up(int number) {
    Connection &connection = *connections_[static_cast<size_t>(number)];
    connection.at_client = false;
    connection.farewell = true;
    if (!connection.black && !connection.cut) {
        connection.up.send(now_ms_, latency_ms(connection), "", true);
        at(connection.up.due_ms(), Kind::UP, static_cast<size_t>(number));
    }
}

void World::arrive_at_broker(size_t number) {
    Connection &connection = *connections_[number];
    while (connection.up.due(now_ms_)) {
        Chunk chunk = connection.up.take();
        if (connection.black || !connection.at_broker) {
            continue;
        }
        connection.unread += chunk.bytes;
        connection.end_arrived |= chunk.is_end;
        broker_.read(&connection);
    }
    if (!connection.up.empty()) {
        at(connection.up.due_ms(), Kind::UP, number);
    }
}

void World::arrive_at_client(size_t number) {
    Connection &connection = *connections_[number];
    while (connection.down.due(now_ms_)) {
        Chunk chunk = connection.down.take();
        if (connection.black || !connection.at_client) {
            continue;
        }
        if (chunk.is_end) {
            connection.at_client = false;
            clients_[connection.client].closed(static_cast<int>(number));
            continue;
        }
        clients_[connection.client].receive(static_cast<int>(number), chunk.bytes.data(),
                                            chunk.bytes.size(), chunk.sent_ms);
        if (connection.is_slow(now_ms_)) {
            break;
        }
    }
    if (connection.at_broker && broker_.runs()) {
        broker_.writable(&connection);
    }
    if (!connection.down.empty()) {
        uint64_t slow_ms = connection.is_slow(now_ms_) ? now_ms_ + SLOW_CHUNK_MS : 0;
        at(std::max(connection.down.due_ms(), slow_ms), Kind::DOWN, number);
    }
}

void World::broker_closed(Connection &connection) {
    connection.at_broker = false;
    bool is_last = true;
    for (const auto &other : connections_) {
        is_last &= !(other->at_broker && other->client == connection.client);
    }
    bool passed = !connection.black && !connection.cut;
    if (connection.farewell && passed && connection.unread.empty() && connection.up.empty()) {
        history_.farewell_taken(connection.will_serial, now_ms_);
    }
    history_.ended(connection.client, connection.will_serial, now_ms_, is_last);
}

bool World::is_restricted(const std::string &client_id) const {
    for (const Profile &profile : cast_) {
        if (profile.id == client_id) {
            return profile.restricted;
        }
    }
    return false;
}

/* ---- The story ---- */

void World::play(const Event &event) {
    if (tells()) {
        std::fprintf(trace_, "%s\n", line_of(story_, event).c_str());
    }
    if (event.act >= Act::KILL) {
        play_broker(event);
    } else if (event.act == Act::CUT || event.act == Act::HALF_OPEN ||
               event.act == Act::READ_SLOWLY) {
        play_network(event);
    } else {
        clients_[event.client].act(event);
    }
}

void World::play_network(const Event &event) {
    int number = clients_[event.client].connection();
    if (number == NO_CONNECTION) {
        return;
    }
    Connection &connection = *connections_[static_cast<size_t>(number)];
    switch (event.act) {
    case Act::CUT:
        if (connection.cut) {
            break;
        }
        connection.cut = true;
        connection.up.cut(now_ms_, event.a != 0);
        connection.down.cut(now_ms_, event.a != 0);
        at(connection.up.due_ms(), Kind::UP, static_cast<size_t>(number));
        at(connection.down.due_ms(), Kind::DOWN, static_cast<size_t>(number));
        break;
    case Act::HALF_OPEN:
        connection.black = true;
        at(now_ms_ + event.n, Kind::HALF_END, static_cast<size_t>(number));
        break;
    default:
        connection.slow_until_ms = now_ms_ + event.n;
        break;
    }
}

void World::play_broker(const Event &event) {
    if (event.act >= Act::DISK_FULL) {
        play_disk(event);
    } else if (broker_.runs()) {
        broker_down(event.act, event.n);
    }
}

void World::play_disk(const Event &event) {
    switch (event.act) {
    case Act::DISK_FULL:
        disk_.fill(now_ms_ + event.n);
        break;
    case Act::DISK_SLOW:
        disk_.slow_down(event.a, now_ms_ + event.n);
        break;
    case Act::WRITE_FAILS:
        disk_.fail_writes(now_ms_ + event.n);
        break;
    case Act::SYNC_FAILS:
        disk_.fail_next_sync();
        break;
    default:
        flips_ = true;
        break;
    }
}

/* ---- Crashes ---- */

void World::broker_down(Act how, uint64_t back_ms) {
    outcome_.crashes++;
    history_.broker_down(now_ms_);
    if (how == Act::STOP) {
        unstored_ms_ = broker_.stop() ? unstored_ms_ : std::min(unstored_ms_, now_ms_);
    } else {
        disk_.die();
        broker_.crash();
    }
    for (const auto &connection : connections_) {
        if (!connection->at_broker) {
            continue;
        }
        connection->at_broker = false;
        orphans_.push_back(connection->number);
        /* The system tells the peers of a process that has ended; a machine tells nobody. */
        if (how != Act::POWER_CUT) {
            broker_sends(*connection, "", true);
        }
    }
    if (unstored_ms_ != NEVER_MS) {
        history_.unstored(unstored_ms_, now_ms_);
    }
    unstored_ms_ = NEVER_MS;
    if (how == Act::POWER_CUT) {
        disk_.power_fails();
    } else {
        disk_.process_ends();
    }
    at(now_ms_ + back_ms, Kind::RESTART, how == Act::POWER_CUT ? 1 : 0);
}

void World::restart(bool after_power_cut) {
    bool flipped = flips_ && disk_.flip();
    flips_ = false;
    history_.broker_up(now_ms_);
    for (size_t number : orphans_) {
        Connection &connection = *connections_[number];
        history_.ended(connection.client, connection.will_serial, now_ms_, true);
        if (after_power_cut) {
            broker_sends(connection, "", true); /* what a client sends is refused */
        }
    }
    if (tells()) {
        tell_broker("starts with " + disk_.names());
    }
    broker_.start();
    bool damaged = flipped && broker_.storage().said_damage();
    outcome_.damaged |= damaged;
    if (damaged || (after_power_cut && !broker_.storage().syncs_always())) {
        history_.damaged(now_ms_);
        for (size_t number : orphans_) {
            connections_[number]->down.cut(now_ms_, false);
            at(now_ms_ + 1, Kind::DOWN, number);
        }
    }
    orphans_.clear();
}

/* ---- The end ---- */

bool World::is_quiet() const {
    for (size_t i = 0; i + 1 < clients_.size(); i++) {
        if (!clients_[i].is_idle()) {
            return false;
        }
    }
    for (const auto &connection : connections_) {
        if (connection->at_broker && connection->at_client && !connection->black &&
            (!connection->up.empty() || !connection->down.empty())) {
            return false;
        }
    }
    return true;
}

/* Faults stop: within LIVELY_MS everything that is owed must have arrived. */
void World::end() {
    disk_.heal();
    flips_ = false;
    for (auto &connection : connections_) {
        connection->slow_until_ms = 0;
        if (connection->at_client && connection->black) {
            at(now_ms_ + 1, Kind::HALF_END, connection->number);
        }
    }
    for (Client &client : clients_) {
        client.calm_down();
    }
    uint64_t end_ms = now_ms_ + LIVELY_MS, quiet_ms = 0;
    while (now_ms_ < end_ms && quiet_ms < QUIET_MS && history_.broken().empty()) {
        run_until(now_ms_ + 500);
        quiet_ms = is_quiet() ? quiet_ms + 500 : 0;
    }
    for (size_t i = 0; quiet_ms < QUIET_MS && i + 1 < clients_.size(); i++) {
        if (!clients_[i].is_idle()) {
            breach("no progress after faults have stopped: " + clients_[i].unfinished());
        }
    }
    run_until(now_ms_ + WILLS_MS);
    if (history_.broken().empty()) {
        history_.finish(now_ms_);
    }
}

void World::judge_retained() {
    faults_end_ = true;
    settle();
    for (int i = 0; i < 20 && history_.broken().empty(); i++) {
        run_until(now_ms_ + 500);
    }
    if (history_.broken().empty()) {
        history_.retained(clients_.back().retained());
    }
}

void World::tell(int client, const std::string &line) {
    std::fprintf(trace_, "[%8.3f]     %s %s\n", static_cast<double>(now_ms_) / 1000,
                 cast_[client].id.c_str(), line.c_str());
}

void World::tell_broker(const std::string &line) {
    std::fprintf(trace_, "[%8.3f]         broker: %s\n", static_cast<double>(now_ms_) / 1000,
                 line.c_str());
}

Outcome World::run() {
    if (crash_.operation > 0) {
        disk_.die_after(crash_.operation);
    }
    broker_.start();
    for (size_t i = 0; i < story_.events.size(); i++) {
        at(story_.events[i].at_ms, Kind::STORY, i);
    }
    settle();
    run_until(story_.length_ms);
    if (history_.broken().empty()) {
        end();
    }
    if (history_.broken().empty()) {
        judge_retained();
    }
    outcome_.disk_operations = disk_.operations();
    if (history_.broken().empty() && broker_.runs()) {
        (void)broker_.stop();
    }
    outcome_.broken = history_.broken();
    outcome_.steps = broker_.steps();
    outcome_.messages = history_.messages().size();
    outcome_.deliveries = history_.deliveries();
    outcome_.simulated_ms = now_ms_;
    if (tells() && !outcome_.broken.empty()) {
        std::fprintf(trace_, "[%8.3f] BROKEN: %s\n", static_cast<double>(now_ms_) / 1000,
                     outcome_.broken.c_str());
    }
    return outcome_;
}

} // namespace sim
