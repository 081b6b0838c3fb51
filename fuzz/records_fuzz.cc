// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any bytes as the records of an earlier run, given to a fresh core: each is taken or refused, the
// account of memory stays exact, what was restored can be written down again as a snapshot, and
// that snapshot restores a core from which the same snapshot comes.

#include <cstdio>
#include <string>

#include "fuzz/allocator.h"
#include "fuzz/input.h"

extern "C" {
#include "broker/core/core.h"
#include "broker/core/record.h"
}

namespace {

constexpr size_t SIZE_MAX_BYTES = 1u << 14;
constexpr size_t BATCHES_MAX = 1000;
// Numbers are given out in turn: no run comes to what is above this, from where the next one might
// be more than a record can have.
constexpr uint64_t NUMBER_MAX = RECORD_NUMBER_MAX / 2;
constexpr uint64_t WALL_MS = 1700000000000;

[[noreturn]] void finding(const char *what) {
    fuzz::finding("records_fuzz", what);
}

class restored {
  public:
    restored() {
        core_limits limits;
        core_limits_default(&limits);
        limits.sys_interval_s = 0;
        core_ports ports{};
        ports.ctx = &allocator_;
        ports.allocate = Allocator::allocate;
        ports.release = Allocator::release;
        ports.journal = true;
        ports.seed = 11;
        core_ = core_create(&limits, &ports, 1000);
        if (core_ == nullptr)
            finding("there is no core");
    }
    restored(const restored &) = delete;
    ~restored() {
        core_destroy(core_);
        if (allocator_.live != 0)
            finding("memory is left after core_destroy()");
    }

    // Whole records of the bytes, one by one; what is none ends it.
    void take(const uint8_t *bytes, uint32_t size) {
        struct record record;
        uint32_t len = 0;
        for (uint32_t at = 0; at < size; at += len) {
            len = record_read(bytes, at, size, &record);
            if (len == 0 || !could_be(record))
                return;
            core_event e = event(CORE_RECORD);
            const fuzz::exact copy(bytes + at, len);
            e.record = ella_slice_of(copy.data(), len);
            (void)core_step(core_, &e);
            check_account();
        }
    }

    void end() {
        const core_event e = event(CORE_RECORDS_END);
        (void)core_step(core_, &e);
        check_account();
    }

    // All that there is, as records.
    std::string snapshot() {
        const core_event begin = event(CORE_SNAPSHOT);
        (void)core_step(core_, &begin);
        std::string all;
        core_batch batch;
        for (size_t i = 0; i < BATCHES_MAX && core_pull_journal(core_, &batch); i++) {
            if (batch.begins_snapshot)
                all.clear();
            all.append(reinterpret_cast<const char *>(batch.bytes), batch.size);
            core_event durable = event(CORE_DURABLE);
            durable.batch = batch.number;
            (void)core_step(core_, &durable);
            if (batch.ends_snapshot)
                break;
        }
        check_account();
        return all;
    }

  private:
    static bool could_be(const struct record &record) {
        const bool is_numbered = record.kind == RECORD_MESSAGE || record.kind == RECORD_QUEUED;
        return (!is_numbered || record.number <= NUMBER_MAX) &&
               (record.kind != RECORD_SESSION || record.session <= NUMBER_MAX);
    }
    core_event event(core_event_type type) const {
        core_event e{};
        e.type = type;
        e.now_ms = 1000;
        e.wall_ms = WALL_MS;
        return e;
    }
    void check_account() const {
        if (!allocator_.agrees_with(core_))
            finding("the account of memory is wrong");
    }

    Allocator allocator_;
    core *core_;
};

// For who looks at a finding.
void print(const char *title, const std::string &records) {
    const auto *bytes = reinterpret_cast<const uint8_t *>(records.data());
    const auto end = static_cast<uint32_t>(records.size());
    struct record r;
    std::fprintf(stderr, "%s\n", title);
    for (uint32_t at = 0, len; (len = record_read(bytes, at, end, &r)) != 0; at += len)
        std::fprintf(stderr, "  %-14s session %llu number %llu value %llu packet id %u %u bytes\n",
                     record_kind_name(r.kind), static_cast<unsigned long long>(r.session),
                     static_cast<unsigned long long>(r.number),
                     static_cast<unsigned long long>(r.value), r.packet_id, len);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > SIZE_MAX_BYTES)
        return 0;
    restored first;
    first.take(data, static_cast<uint32_t>(size));
    first.end();
    const std::string snapshot = first.snapshot();
    restored second;
    second.take(reinterpret_cast<const uint8_t *>(snapshot.data()),
                static_cast<uint32_t>(snapshot.size()));
    second.end();
    const std::string again = second.snapshot();
    if (again.size() == snapshot.size())
        return 0;
    print("first:", snapshot);
    print("from it:", again);
    finding("a snapshot restores something else");
    return 0;
}
