// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The clients of one running case: their connections in a world, the queue of what came to each,
// the wire log, and the memory of what must be cleared away afterwards. It refuses to know what is
// expected.
//
// A packet enters a queue when its last byte has arrived, and leaves it when a step consumes it.
// Packet identifiers and "is connected" follow what was consumed, so that defaults mean what a
// case has seen.

#ifndef CONFORMANCE_STAGE_H
#define CONFORMANCE_STAGE_H

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/match.h"
#include "conformance/script.h"
#include "conformance/world.h"

namespace conformance {

enum class log_direction {
    sent,
    received,
    note
};

struct log_entry {
    uint64_t at_ms = 0; // from the beginning of the case
    std::string client;
    log_direction direction = log_direction::note;
    std::string line;
    std::string bytes;
};

enum class event_kind {
    packet,
    close,
    broken
};

struct event {
    event_kind kind = event_kind::packet;
    conformance::decoded packet; // of packet and broken

    std::string describe() const;
};

struct client {
    std::string name;
    int connection = -1;
    unsigned version = 0;
    bool close_seen = false; // a step has consumed the broker's close
    bool connected = false;  // a step has consumed a CONNACK with reason 0
    bool broken = false;     // the rest of the stream can't be read
    bool odd_version =
        false; // CONNECT named a version that does not exist: the answer may be of any
    std::string unread;
    std::deque<event> queue;
    std::vector<packet_spec> ignored;
    uint64_t next_packet_id = 1;
    uint64_t publish_id = 0; // of the last PUBLISH, PUBREC, PUBREL consumed
    uint64_t pubrec_id = 0;
    uint64_t pubrel_id = 0;
    packet connect; // the last one sent
};

// Instead of a number of bytes: all in one frame of the wrong kind.
constexpr unsigned send_text = 0xFFFFFFFF;

class stage {
  public:
    stage(const test_case &scenario, world &place, std::string prefix);

    // What a CONNECT gets that names nothing of the kind itself.
    void set_credentials(const std::optional<std::string> &user_name,
                         const std::optional<std::string> &password);
    // Whether these bytes are a lawful CONNECT that would have got them, had it not been written
    // as bytes.
    bool lacks_credentials(std::string_view raw) const;

    uint64_t now_ms();
    client &by_name(const std::string &name);
    // From now on `name` means this client.
    void alias(const std::string &name, client &of);

    // False if there is no connection to be had; error() says why.
    bool open(client &who);
    bool ensure_open(client &who);
    void close(client &who);
    void abort(client &who);
    void drop_connection(client &who);

    // Bytes of one or more packets, `split` at a time (0: all at once; or send_text), logged under
    // `line`.
    void send(client &who, const std::string &bytes, unsigned split, const std::string &line);
    // Adds the defaults that depend on the client, and encodes.
    std::string encode(client &who, packet *content);

    // The event at this place of the queue; waits for it until the deadline, then null.
    const event *await(client &who, size_t index, uint64_t deadline_ms);
    // Takes in all that arrives until the deadline or, if not empty, the first arrivals. False at
    // the deadline.
    bool pump(uint64_t deadline_ms);
    void consume(client &who, size_t count);
    void consume_at(client &who, size_t index);
    void ignore(client &who, const packet_spec &pattern);
    void drain(client &who);

    // Ends all connections, discards sessions and clears retained messages, if the broker outlives
    // the case.
    void clean_up(uint64_t timeout_ms);

    void note(const std::string &line);
    scope variables;
    std::vector<log_entry> log;
    std::string error;       // why open() failed
    std::string unsupported; // why the broker can't be asked, from its CONNACK
    std::string malformed;   // the first malformed packet that came from the broker

  private:
    void log_sent(client &who, std::string_view bytes, const std::string &line);
    void remember(client &who, std::string_view bytes);
    void remember_connect(client &who, const packet &content);
    void take_in(const arrival &news);
    void read_packets(client &who);
    decoded read(const client &who, std::string_view bytes) const;
    bool is_ignored(const client &who, const event &news) const;
    void check_features(const client &who, const packet &connack);
    void forget_sessions(uint64_t deadline_ms);
    void forget_retained(uint64_t deadline_ms);
    bool clean_connect(client &who, const std::string &id, unsigned version, uint64_t deadline_ms);
    bool await_type(client &who, packet_type type, uint64_t deadline_ms);

    const test_case &scenario_;
    world &world_;
    uint64_t begin_ms_;
    bool logging_ = true;
    std::vector<std::unique_ptr<client>> clients_;
    std::map<std::string, client *> names_;
    std::map<std::string, unsigned> sessions_; // identifier and version
    std::set<std::string> retained_;
    packet credentials_;              // as the last CONNECT that was accepted had them
    std::vector<field> added_fields_; // of set_credentials()
};

} // namespace conformance

#endif
