// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/churn.h"

#include <stdexcept>

namespace load {

void churn::ready(client &each) {
    connected_++;
    latency_ns_.record(now_ns() - opened_ns_[each.index]);
    pool_.leave(each);
}

void churn::closed(client &each, const std::string &why) {
    runner::closed(each, why);
    gone_.push_back(&each);
}

void churn::come_and_go_until(uint64_t end_ns) {
    std::vector<client *> back;
    uint64_t seen = progress_;
    uint64_t seen_ns = now_ns();
    for (uint64_t now = seen_ns; now < end_ns; now = now_ns()) {
        back.swap(gone_);
        gone_.clear();
        for (client *each : back) {
            opened_ns_[each->index] = now_ns();
            pool_.open(*each);
        }
        pool_.round(std::min<uint64_t>(end_ns - now, 50000000));
        tell("connected " + std::to_string(connected_));
        if (progress_ != seen) {
            seen = progress_;
            seen_ns = now;
        } else if (now > seen_ns + wanted_.connect_timeout_s * second_ns) {
            throw std::runtime_error("the broker lets nobody in any more");
        }
    }
}

report churn::run() {
    runner_allow_files(wanted_.clients);
    for (uint32_t i = 0; i < wanted_.clients; i++) {
        gone_.push_back(&pool_.add(name_of("c", i)));
    }
    opened_ns_.resize(wanted_.clients);
    const process_figures fresh = broker();
    come_and_go_until(now_ns() + wanted_.warm_up_s * second_ns);
    latency_ns_.clear();
    connected_ = 0;
    const uint64_t begin_ns = now_ns();
    const process_figures begin = broker();
    const own_figures own_begin = process_own();
    come_and_go_until(begin_ns + wanted_.seconds * second_ns);
    const auto took_s = static_cast<double>(now_ns() - begin_ns) / static_cast<double>(second_ns);
    const process_figures end = broker();
    const own_figures own_end = process_own();
    const double count = static_cast<double>(connected_);
    tell_end();

    report out;
    out.mode = wanted_.mode;
    out.add("clients", wanted_.clients);
    out.add("connected", count / took_s, "connections/s");
    out.add_latency(latency_ns_);
    if (!wanted_.pids.empty()) {
        out.add("broker_cpu_per_connection",
                count == 0 ? 0 : static_cast<double>(end.cpu_ns - begin.cpu_ns) / 1000 / count,
                "us");
        out.add("broker_rss_fresh", static_cast<double>(fresh.rss_bytes) / 1024, "KiB");
        out.add("broker_rss_end", static_cast<double>(end.rss_bytes) / 1024, "KiB");
    }
    out.add("own_cpu", static_cast<double>(own_end.cpu_ns - own_begin.cpu_ns) / 1e9 / took_s,
            "cores");
    out.add("own_sleeps", static_cast<double>(own_end.sleeps - own_begin.sleeps) / took_s, "1/s");
    if (connected_ == 0) {
        out.add_fault("nobody_connected", 1);
    }
    return out;
}

} // namespace load
