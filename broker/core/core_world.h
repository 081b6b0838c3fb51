/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A world for conformance cases with nothing in it but the core: virtual time, no sockets. What
 * the core does at a deadline happens at that deadline, and waiting costs nothing.
 */
#ifndef BROKER_CORE_CORE_WORLD_H
#define BROKER_CORE_CORE_WORLD_H

#include <map>
#include <string>
#include <vector>

#include "conformance/script.h"
#include "conformance/world.h"

extern "C" {
#include "broker/core/core.h"
}

class CoreWorld : public conformance::world {
  public:
    /* Sets the core up as the needs of the case ask for (docs/conformance.md). */
    explicit CoreWorld(const std::vector<std::string> &needs);
    ~CoreWorld() override;

    bool satisfies(std::string_view need) override;
    bool outlives_case() const override { return false; }
    uint64_t now_ms() override { return now_ms_; }
    int open(const std::string &client, std::string *error) override;
    void send(int connection, std::string_view bytes) override;
    void close(int connection) override;
    void abort(int connection) override;
    std::vector<conformance::arrival> poll(uint64_t deadline_ms) override;

    /* Ends the core; what memory it leaves behind, in bytes. */
    size_t finish();

  private:
    struct Connection {
        ella_decoder decoder;
        std::string untaken;
        std::string arrived;
        bool closed_by_core = false;
        bool close_reported = false; /* the number stays taken until the case closes it too */
    };

    void configure(const std::string &need);
    core_event event(core_event_type type, uint32_t slot) const;
    void step(const core_event &event);
    void effects();
    void authenticate(const core_effect &effect);
    core_auth_result answer(const core_effect &effect) const;
    void pull(uint32_t slot);
    void feed(uint32_t slot);
    void end(int connection, const char *text);
    std::vector<conformance::arrival> arrivals();

    static bool policy(void *ctx, const core_question *question);
    static void *allocate(void *ctx, size_t size);
    static void release(void *ctx, void *memory, size_t size);

    core_limits limits_;
    core_listener listener_;
    core *core_ = nullptr;
    uint64_t now_ms_ = 1;
    size_t live_bytes_ = 0;
    bool auth_ = false, no_anonymous_ = false, acl_ = false, extended_auth_ = false;
    std::map<uint32_t, Connection> connections_;
    std::map<uint32_t, bool> challenged_;
};

#endif
