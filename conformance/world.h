// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Where a case takes place: connections to a broker, and time. The runner knows only this
// interface, so the same case runs over TCP in true time and around a broker's core in virtual
// time. A world refuses to know packets; it moves bytes.
//
// It is synchronous and single-threaded: nothing happens in it except inside its functions, and
// time passes only in poll() (and, in true time, by itself).

#ifndef CONFORMANCE_WORLD_H
#define CONFORMANCE_WORLD_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

// What came from the broker on one connection. `closed` says that nothing more will come after
// `bytes`; it is reported once for a connection, and never after the case itself closed or aborted
// it. `problem` is what the broker did wrong below MQTT, as with WebSocket frames; empty if
// nothing.
struct arrival {
    int connection = -1;
    std::string bytes;
    bool closed = false;
    std::string problem = {};
};

class world {
  public:
    world() = default;
    world(const world &) = delete;
    world &operator=(const world &) = delete;
    virtual ~world() = default;

    // Whether the broker is set up for a need of kind `configuration` or `transport`
    // (script_needs()). Not asked for others.
    virtual bool satisfies(std::string_view need) = 0;

    // True if the broker lives on after the case, so that sessions and retained messages must be
    // cleared.
    virtual bool outlives_case() const = 0;

    // Milliseconds from any fixed moment; never goes back.
    virtual uint64_t now_ms() = 0;

    // A new connection, on which nothing has been sent. `client` is its name in the case, for
    // logs. Returns a number of 0 or more that is not in use, or -1 with the reason in `error`.
    virtual int open(const std::string &client, std::string *error) = 0;

    // Sends all bytes in one piece as far as the world can. If the broker has closed the
    // connection they are lost without an error; poll() reports the close.
    virtual void send(int connection, std::string_view bytes) = 0;

    // The same in a frame of the wrong kind, in worlds that satisfy the need `websocket`.
    virtual void send_text(int connection, std::string_view bytes) { send(connection, bytes); }

    // The client ends its stream in order. Returns when the broker has noticed, as far as the
    // world can tell; what the broker sends meanwhile is lost. The number is free afterwards.
    virtual void close(int connection) = 0;

    // The connection breaks: the broker sees an error and not an orderly end. The number is free
    // afterwards.
    virtual void abort(int connection) = 0;

    // Lets time pass until something arrives on any connection, and returns all that has arrived;
    // returns an empty list when `deadline_ms` is reached and nothing has. With a deadline that is
    // not in the future it returns at once what is there. What the broker does by its own timers
    // on the way happens at its time.
    virtual std::vector<arrival> poll(uint64_t deadline_ms) = 0;
};

} // namespace conformance

#endif
