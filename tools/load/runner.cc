// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/runner.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace load {

namespace {

constexpr size_t filters_per_packet = 100;
constexpr size_t own_files = 16; // that are no connections: epoll, /proc, a broker's log
constexpr size_t connecting_max = 200;
constexpr uint64_t round_ns = 50000000;

client_events events_of(std::function<void(client &)> ready,
                        std::function<void(client &, const ella_packet &, uint64_t)> packet,
                        std::function<void(client &, const std::string &)> closed) {
    client_events out;
    out.ready = std::move(ready);
    out.packet = std::move(packet);
    out.closed = std::move(closed);
    return out;
}

} // namespace

runner::runner(const options &wanted, SSL_CTX *tls)
    : wanted_(wanted), tag_(static_cast<uint32_t>(now_ns() / 1000 % 255 + 1)),
      pool_(wanted.where, wanted.version,
            events_of(
                [this](client &each) {
                    ready_count_++;
                    progress_++;
                    ready(each);
                },
                [this](client &each, const ella_packet &received, uint64_t now) {
                    packet(each, received, now);
                },
                [this](client &each, const std::string &why) {
                    progress_++;
                    closed(each, why);
                }),
            tls),
      terminal_(!wanted.quiet && isatty(STDERR_FILENO) == 1) {
    pool_.set_login(wanted.user_name, wanted.password);
    pool_.set_keep_alive(static_cast<uint16_t>(wanted.keep_alive_s));
}

void runner::closed(client &each, const std::string &why) {
    if (!each.closing) {
        throw std::runtime_error("client " + std::to_string(each.index) + ": " + why);
    }
}

std::string runner::name_of(const char *role, size_t index) const {
    return "load-" + std::to_string(getpid()) + "-" + role + std::to_string(index);
}

void runner::connect(size_t first, size_t count) {
    const size_t before = ready_count_;
    size_t opened = 0;
    wait_until("connecting", [&] {
        while (opened < count && opened - (ready_count_ - before) < connecting_max) {
            pool_.open(pool_.at(first + opened++));
        }
        tell("connected " + std::to_string(ready_count_ - before) + " of " +
             std::to_string(count));
        return ready_count_ - before == count;
    });
}

void runner::wait_until(const char *what, const std::function<bool()> &done) {
    uint64_t seen = progress_;
    uint64_t seen_ns = now_ns();
    while (!done()) {
        pool_.round(round_ns);
        const uint64_t now = now_ns();
        if (progress_ != seen) {
            seen = progress_;
            seen_ns = now;
        } else if (now - seen_ns > wanted_.connect_timeout_s * second_ns) {
            throw std::runtime_error(std::string(what) + ": nothing came from the broker for " +
                                     std::to_string(wanted_.connect_timeout_s) + " s");
        }
    }
}

void runner::answered(const ella_suback &answer) {
    answered_++;
    for (uint32_t i = 0; i < ella_slice_len(answer.reason_codes); i++) {
        granted_ += ella_slice_data(answer.reason_codes)[i] == granted_qos_ ? 1 : 0;
    }
}

// The filters from `at` on of each client that fit into a packet. How many packets these were.
uint64_t runner::send_filters(const std::vector<std::vector<std::string>> &filters, size_t at) {
    uint64_t sent = 0;
    for (size_t i = 0; i < filters.size(); i++) {
        if (at >= filters[i].size()) {
            continue;
        }
        const size_t end = std::min(filters[i].size(), at + filters_per_packet);
        const auto first = filters[i].begin();
        const bytes packet = packet_subscribe(
            wanted_.version, 1, {first + static_cast<long>(at), first + static_cast<long>(end)},
            granted_qos_);
        pool_.at(i).out.append(packet.data(), packet.size());
        pool_.touch(pool_.at(i));
        sent++;
    }
    return sent;
}

void runner::subscribe_all(const std::vector<std::vector<std::string>> &filters, uint8_t qos) {
    size_t longest = 0;
    uint64_t wanted = 0;
    for (const auto &each : filters) {
        longest = std::max(longest, each.size());
        wanted += each.size();
    }
    granted_ = 0;
    granted_qos_ = qos;
    for (size_t at = 0; at < longest; at += filters_per_packet) {
        answered_ = 0;
        const uint64_t sent = send_filters(filters, at);
        wait_until("subscribing", [&] {
            tell("subscriptions: " + std::to_string(granted_) + " of " + std::to_string(wanted));
            return answered_ == sent;
        });
    }
    if (granted_ != wanted) {
        throw std::runtime_error("the broker did not grant every subscription with its QoS");
    }
}

void runner::tell(const std::string &line) {
    const uint64_t now = now_ns();
    if (terminal_ && now - told_ns_ > second_ns / 2) {
        told_ns_ = now;
        fprintf(stderr, "\r%-78s", line.c_str());
        fflush(stderr);
    }
}

void runner::tell_end() {
    if (terminal_ && told_ns_ != 0) {
        fprintf(stderr, "\r%78s\r", "");
    }
}

// The soft limit becomes the hard one in any case: a broker that is started inherits it.
void runner_allow_files(size_t count) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t wanted = count + own_files;
    limit.rlim_max = std::max(limit.rlim_max, wanted);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        throw std::runtime_error("so many connections need ulimit -n " + std::to_string(wanted));
    }
}

} // namespace load
