// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A broker made wrong on purpose: a world around another one, which breaks one rule by changing,
// dropping and adding packets between case and broker. It refuses to know which rule and which
// broker; it decodes, asks the breach, and encodes again.
//
// What no breach changes passes byte for byte, and at the same time. A packet that was sent in
// pieces with time between them passes unasked, so that a broker sees half packets when it should.

#ifndef CONFORMANCE_SELFTEST_BREAKING_WORLD_H
#define CONFORMANCE_SELFTEST_BREAKING_WORLD_H

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/runner.h"
#include "conformance/wire.h"
#include "conformance/world.h"

namespace conformance {

class breaking_world;

// A packet on its way. A packet that can't be delimited has the type `reserved`.
struct parcel {
    packet content;
    uint8_t flags = 0;
    std::string bytes; // as they came
    std::vector<std::string> problems;
    bool changed = false; // encode the content again; else the bytes go as they are
    bool dropped = false;

    bool is(packet_type type) const { return content.type == type; }
    uint64_t number(std::string_view name, uint64_t otherwise = 0) const;
    std::string text(std::string_view name) const;
    bool has(std::string_view name) const { return content.find(name) != nullptr; }
    bool troubled(std::string_view words) const; // a problem contains these words

    // Changes every field of this name, or adds one.
    void set(std::string_view name, uint64_t number);
    void set_text(std::string_view name, std::string_view text);
    void remove(std::string_view name);
    void replace(std::string whole); // by these bytes
    void drop() { dropped = true; }
};

// One connection, and what a breach remembers of it.
struct channel {
    int outer = -1; // its number for the case
    int inner = -1; // its number for the broker; -1 after that end was given up
    std::string client;
    unsigned version = 4;
    packet connect; // as the case sent it; reserved before
    bool accepted = false;
    bool refused = false;
    bool said_goodbye = false; // the case has sent DISCONNECT
    bool left = false;         // the case has closed its end
    std::vector<packet> subscriptions;
    std::map<std::string, uint64_t> numbers;
    std::map<std::string, packet> packets;

    std::string id() const;

  private:
    friend class breaking_world;
    std::string from_case, from_broker;
    size_t passed_bytes = 0; // of from_case, which the broker has already
    bool unreadable = false;
    std::string waiting; // for the case
    std::string problem;
    bool closed = false, close_reported = false;
};

// One rule to break, by what it does to packets from the case (`asking`) and from the broker
// (`answering`), when the broker closes (`closing`: false hides it) and when the case has left.
struct breach {
    using hook = std::function<void(breaking_world &, channel &, parcel &)>;

    std::string name;
    std::vector<std::string> statements; // each of them must be named
    std::string how;
    hook asking;
    hook answering;
    std::function<bool(breaking_world &, channel &)> closing;
    std::function<void(breaking_world &, channel &)> leaving;
    verdict expected = verdict::fail;

    breach(std::string rule, std::vector<std::string> ids, std::string means)
        : name(std::move(rule)), statements(std::move(ids)), how(std::move(means)) {}
    breach &&ask(hook with) &&;
    breach &&answer(hook with) &&;
    breach &&close(std::function<bool(breaking_world &, channel &)> with) &&;
    breach &&leave(std::function<void(breaking_world &, channel &)> with) &&;
    // The best verdict that still counts as noticed, for what is only recommended.
    breach &&noticed_as(verdict grade) &&;
};

class breaking_world : public world {
  public:
    breaking_world(world &broker, const breach &rule) : broker_(broker), rule_(rule) {}
    ~breaking_world() override;

    bool satisfies(std::string_view need) override { return broker_.satisfies(need); }
    bool outlives_case() const override { return broker_.outlives_case(); }
    uint64_t now_ms() override { return broker_.now_ms(); }
    int open(const std::string &client, std::string *error) override;
    void send(int connection, std::string_view bytes) override;
    void send_text(int connection, std::string_view bytes) override; // unasked
    void close(int connection) override;
    void abort(int connection) override;
    std::vector<arrival> poll(uint64_t deadline_ms) override;

    // For breaches. What is given or told goes before the packet that is just passing.
    void give(channel &to, const packet &what); // to the case
    void give_bytes(channel &to, std::string_view bytes);
    void follow(channel &to, const packet &what); // to the case, behind the packet
    void tell(channel &from, const packet &what); // to the broker
    void tell_after(channel &from, const packet &what);
    // Ends both sides; the broker sees a broken connection.
    void end(channel &on);
    // Publishes at QoS 0 under an identifier of its own.
    void publish(packet message);
    // Connections that the case has not closed and the broker has accepted.
    std::vector<channel *> accepted();
    const std::vector<std::unique_ptr<channel>> &channels() const { return channels_; }

    std::map<std::string, uint64_t> numbers;
    std::map<std::string, std::string> texts;
    std::map<std::string, packet> packets;

  private:
    channel &by_outer(int connection);
    channel *by_inner(int connection);
    void ask(channel &on);
    void answer(channel &on);
    void forward(channel &on, std::string_view bytes);
    void pass(channel &on, parcel what, bool from_case);
    void learn_request(channel &on, const parcel &what);
    void learn_answer(channel &on, const parcel &what);
    void flush(channel &on);
    void take(const arrival &news);
    void give_up(channel &on);
    std::vector<arrival> deliveries();

    world &broker_;
    const breach &rule_;
    std::vector<std::unique_ptr<channel>> channels_;
    std::string *behind_ = nullptr; // where follow() and tell_after() write
    int publisher_ = -1;
};

} // namespace conformance

#endif
