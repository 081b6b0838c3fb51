// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A core with many sessions and many messages that wait for them, for tests of what that costs.

#ifndef BROKER_CORE_SCALE_SUPPORT_H
#define BROKER_CORE_SCALE_SUPPORT_H

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

extern "C" {
#include "broker/core/core.h"
#include "broker/core/record.h"
}

namespace scale {

// The time of this thread alone, so that a loaded machine does not count.
inline double processor_ms() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// A core and a driver that keeps what it is given.
class Broker {
  public:
    Broker() {
        core_limits limits;
        core_limits_default(&limits);
        limits.sys_interval_s = 0;
        limits.max_queued_messages = 0;
        core_ports ports{};
        ports.allocate = [](void *, size_t size) { return std::malloc(size); };
        ports.release = [](void *, void *memory, size_t) { std::free(memory); };
        ports.seed = 1;
        ports.journal = true;
        core_ = core_create(&limits, &ports, 1);
        listener_.maximum_qos = 2;
        listener_.version_accepted[5] = true;
    }
    ~Broker() { core_destroy(core_); }

    core_event event(core_event_type type, uint32_t conn = 0) const {
        core_event e{};
        e.type = type;
        e.conn = conn;
        e.now_ms = 1;
        e.wall_ms = 1700000000000;
        return e;
    }
    core_status step(const core_event &e) { return core_step(core_, &e); }
    // Reads records again; returns the milliseconds it took.
    double recover(const std::vector<uint8_t> &bytes) {
        const double begin_ms = processor_ms();
        const uint32_t end = static_cast<uint32_t>(bytes.size());
        record r{};
        for (uint32_t at = 0, size; at < end; at += size) {
            size = record_read(bytes.data(), at, end, &r);
            core_event e = event(CORE_RECORD);
            e.record = {bytes.data(), at, at + size};
            EXPECT_EQ(step(e), CORE_OK);
            peak_bytes = std::max(peak_bytes, memory());
        }
        EXPECT_EQ(step(event(CORE_RECORDS_END)), CORE_OK);
        return processor_ms() - begin_ms;
    }
    // One batch into kept, if it is to be kept.
    bool write(std::vector<uint8_t> *kept) {
        core_batch batch{};
        const double begin_ms = processor_ms();
        const bool any = core_pull_journal(core_, &batch);
        slice_ms_max = std::max(slice_ms_max, processor_ms() - begin_ms);
        if (!any)
            return false;
        if (kept != nullptr)
            kept->insert(kept->end(), batch.bytes, batch.bytes + batch.size);
        core_event e = event(CORE_DURABLE);
        e.batch = batch.number;
        step(e);
        return !batch.ends_snapshot;
    }
    void session(const std::string &id) {
        core_event e = event(CORE_OPEN);
        e.open = &listener_;
        step(e);
        ella_packet p{};
        p.type = ELLA_CONNECT;
        p.connect.version = ELLA_VERSION_5_0;
        p.connect.client_id = ella_slice_of(id.data(), static_cast<uint32_t>(id.size()));
        ella_property_set(&p.connect.properties, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
        p.connect.properties.session_expiry_interval_s = 100000;
        packet(p);
        core_effect effect{};
        core_auth_result accept{};
        while (core_next_effect(core_, &effect)) {
            core_event answer = event(CORE_AUTH_RESULT);
            answer.auth = &accept;
            step(answer);
        }
        uint8_t bytes[64];
        uint32_t used = 0;
        ella_filter f{};
        const std::string topic = "to/" + id;
        f.filter = ella_slice_of(topic.data(), static_cast<uint32_t>(topic.size()));
        f.qos = 1;
        EXPECT_EQ(ella_filter_put(ELLA_SUBSCRIBE, ELLA_VERSION_5_0, &f, bytes, 64, &used),
                  ELLA_ERROR_NONE);
        p = ella_packet{};
        p.type = ELLA_SUBSCRIBE;
        p.subscribe.packet_id = 1;
        p.subscribe.filters = ella_slice_of(bytes, used);
        packet(p);
        step(event(CORE_CLOSED));
    }
    void publish(const std::string &topic, const std::string &payload) {
        ella_publish p{};
        p.topic = ella_slice_of(topic.data(), static_cast<uint32_t>(topic.size()));
        p.payload = ella_slice_of(payload.data(), static_cast<uint32_t>(payload.size()));
        p.qos = 1;
        core_event e = event(CORE_PUBLISH_LOCAL);
        e.publish = &p;
        step(e);
    }
    size_t memory() const { return core_memory_total(core_); }
    uint64_t queued() { return core_stats(core_)->value[STAT_QUEUED_MESSAGES]; }

    core *get() { return core_; }

    size_t peak_bytes = 0;
    double slice_ms_max = 0;

  private:
    void packet(const ella_packet &p) {
        core_event e = event(CORE_PACKET);
        e.packet = &p;
        step(e);
    }
    core *core_ = nullptr;
    core_listener listener_{};
};

} // namespace scale

#endif
