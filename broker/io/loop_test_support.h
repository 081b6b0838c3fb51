// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A broker in the test's own process: its loop runs round by round, as the test wants.

#ifndef BROKER_IO_LOOP_TEST_SUPPORT_H
#define BROKER_IO_LOOP_TEST_SUPPORT_H

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "broker/io/config_test_support.h"

// In C a function may have the name of a struct; g++ calls that a shadow.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "broker/io/listener.h"
#include "broker/io/loop.h"
}
#pragma GCC diagnostic pop

namespace io_test {

inline constexpr uint64_t PATIENCE_MS = 10000;
inline const bytes CONNACK_ACCEPTED = {0x20, 2, 0, 0};
inline const bytes PINGREQ = {0xC0, 0};
inline const bytes PINGRESP = {0xD0, 0};

// The pollers that this machine has; it says which it refuses.
inline std::vector<const poller_kind *> usable_kinds() {
    std::vector<const poller_kind *> kinds;
    for (size_t i = 0; poller_kinds[i] != nullptr; i++) {
        struct poller poller = {};
        if (poller_create(&poller, poller_kinds[i]))
            kinds.push_back(poller_kinds[i]);
        else
            std::fprintf(stderr, "not tested, since the system refuses it: poller %s: %s\n",
                         poller_kinds[i]->name, std::strerror(errno));
        poller_destroy(&poller);
    }
    return kinds;
}

// A broker in this process.
class broker {
  public:
    explicit broker(const poller_kind *kind) : kind_(kind) {
        log_init(&log);
        log_path = c.dir.file("log");
        port = free_port();
    }
    ~broker() {
        loop_destroy(loop);
        poller_destroy(&poller);
        listener_set_close(&set);
        listener_set_free(&set);
        security_free_set(&security);
        security_free_set(&next_security);
        log_close(&log);
    }
    // text: more lines of the configuration.
    bool start(const std::string &text = "", int wake_fd = -1) {
        if (!c.read_text(head() + text) || !log_open(&log, &c.config.log) || !read_security(c) ||
            !listener_set_open(&set, &c.config, &log) || !poller_create(&poller, kind_))
            return false;
        std::swap(security, next_security);
        const loop_options options = {&poller, &set,          &log,    nullptr,  &c.config,
                                      1,       {wake_fd, -1}, nullptr, &security};
        loop = loop_create(&options);
        return loop != nullptr;
    }
    // Another configuration, as SIGHUP takes it. false: nothing has changed.
    bool reload(const std::string &text = "") {
        if (!next.read_text(head() + text) || !read_security(next) ||
            !listener_set_prepare(&set, &next.config, &log) ||
            !config_reload(&c.config, &next.config, &next.reporter))
            return false;
        std::swap(security, next_security);
        loop_secure(loop, &security);
        security_free_set(&next_security);
        return loop_configure(loop, &c.config);
    }
    // Rounds until done says so.
    bool until(const std::function<bool()> &done, uint64_t patience_ms = PATIENCE_MS) {
        const uint64_t end_ms = now_ms() + patience_ms;
        while (!done()) {
            if (now_ms() >= end_ms)
                return false;
            loop_round(loop, 1);
        }
        return true;
    }
    void rounds(int count) {
        for (int i = 0; i < count; i++)
            loop_round(loop, 1);
    }
    // What comes to a client until it is as much as expected, or the end.
    bytes receive(client &from, size_t expected) {
        bytes all;
        until([&] {
            const bytes more = from.receive();
            all.insert(all.end(), more.begin(), more.end());
            return all.size() >= expected || from.ended;
        });
        return all;
    }
    // A client whose CONNECT was accepted.
    client join(const std::string &id, uint8_t version = 4, int receive_buffer_bytes = 0) {
        client joined = client::tcp(port, receive_buffer_bytes);
        joined.send(connect_packet(id, version));
        const bytes answer = receive(joined, version == 5 ? 5 : 4);
        EXPECT_GE(answer.size(), 4u) << said();
        EXPECT_EQ(answer.at(0), 0x20);
        EXPECT_EQ(answer.at(3), 0);
        return joined;
    }
    client subscriber(const std::string &id, const std::string &filter,
                      int receive_buffer_bytes = 0) {
        client joined = join(id, 4, receive_buffer_bytes);
        joined.send(subscribe_packet(filter));
        EXPECT_EQ(receive(joined, 5), (bytes{0x90, 3, 0, 1, 0}));
        return joined;
    }
    // Sends all of it, with rounds in between.
    bool send(client &by, const bytes &what, uint64_t patience_ms = PATIENCE_MS) {
        size_t sent = 0;
        return until(
            [&] {
                sent += by.send(what, sent);
                return sent == what.size();
            },
            patience_ms);
    }
    std::string head() const {
        return top + "listener " + std::to_string(port) +
               " 127.0.0.1\nallow_anonymous true\nlog_dest file " + log_path + "\n";
    }
    uint64_t stat(core_stat which) const { return core_stats(loop_core(loop))->value[which]; }
    std::string said() const { return io_test::folder::read(log_path); }

    bool read_security(const configuration &from) {
        security_free_set(&next_security);
        return security_read_set(&next_security, &from.config, &from.reporter);
    }

    configuration c;
    std::string top; // lines above the first listener
    struct security_set security = {};
    struct security_set next_security = {};
    configuration next; // of reload()
    struct log log;
    std::string log_path;
    listener_set set = {};
    struct poller poller = {};
    struct loop *loop = nullptr;
    uint16_t port;

  private:
    const poller_kind *kind_;
};

} // namespace io_test

#endif
