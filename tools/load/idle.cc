// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/idle.h"

namespace load {

report idle::run() {
    runner_allow_files(wanted_.clients);
    for (uint32_t i = 0; i < wanted_.clients; i++) {
        pool_.add(name_of("i", i));
    }
    const process_figures fresh = broker();
    const uint64_t begin_ns = now_ns();
    connect(0, pool_.count());
    const auto took_s = static_cast<double>(now_ns() - begin_ns) / static_cast<double>(second_ns);
    const process_figures connected = broker();
    const uint64_t end_ns = now_ns() + wanted_.seconds * second_ns;
    for (uint64_t now = now_ns(); now < end_ns; now = now_ns()) {
        tell(std::to_string(wanted_.clients) + " connected, idle");
        pool_.round(end_ns - now);
    }
    const process_figures end = broker();
    tell_end();

    const double count = wanted_.clients;
    report out;
    out.mode = wanted_.mode;
    out.add("clients", count);
    out.add("connecting", took_s, "s");
    out.add("connected", count / took_s, "clients/s");
    if (!wanted_.pids.empty()) {
        const auto grown =
            static_cast<double>(end.rss_bytes) - static_cast<double>(fresh.rss_bytes);
        out.add("broker_cpu_per_connect",
                static_cast<double>(connected.cpu_ns - fresh.cpu_ns) / 1000 / count, "us");
        out.add("broker_cpu_idle",
                static_cast<double>(end.cpu_ns - connected.cpu_ns) / 1e9 / wanted_.seconds,
                "cores");
        out.add("broker_rss_fresh", static_cast<double>(fresh.rss_bytes) / 1024, "KiB");
        out.add("broker_rss_end", static_cast<double>(end.rss_bytes) / 1024, "KiB");
        out.add("broker_rss_per_client", grown / count, "bytes");
    }
    return out;
}

} // namespace load
