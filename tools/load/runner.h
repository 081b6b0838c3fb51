// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What every mode needs: clients that are connected, waiting that ends, figures of the broker's
// processes, and a line that tells how far it is.

#ifndef LOAD_RUNNER_H
#define LOAD_RUNNER_H

#include <functional>
#include <string>
#include <vector>

#include "tools/load/broker_process.h"
#include "tools/load/clients.h"
#include "tools/load/options.h"
#include "tools/load/report.h"

namespace load {

constexpr uint64_t second_ns = 1000000000u;

class runner {
  public:
    explicit runner(const options &wanted, SSL_CTX *tls = nullptr);
    virtual ~runner() = default;
    runner(const runner &) = delete;
    runner &operator=(const runner &) = delete;

  protected:
    virtual void ready(client &) {}
    virtual void packet(client &each, const ella_packet &received, uint64_t now_ns) = 0;
    // An end that was not expected ends the run, unless a mode knows better.
    virtual void closed(client &each, const std::string &why);

    // Connects the clients [first, first + count) of the pool, some hundred at a time.
    void connect(size_t first, size_t count);
    // Rounds until `done`; fails if `progress_` does not change for the connect timeout.
    void wait_until(const char *what, const std::function<bool()> &done);
    // filters[i]: of client i. One SUBSCRIBE of each client is under way at a time. Fails unless
    // all are granted with this QoS.
    void subscribe_all(const std::vector<std::vector<std::string>> &filters, uint8_t qos);
    // To be called with every SUBACK.
    void answered(const ella_suback &answer);
    // The line on the terminal, about twice a second.
    void tell(const std::string &line);
    void tell_end();
    process_figures broker() const { return process_read(wanted_.pids); }
    std::string name_of(const char *role, size_t index) const;

    const options &wanted_;
    const uint32_t tag_; // of this run, 1 to 255
    clients pool_;
    uint64_t progress_ = 0;
    size_t ready_count_ = 0;

  private:
    uint64_t send_filters(const std::vector<std::vector<std::string>> &filters, size_t at);

    uint8_t granted_qos_ = 0;
    uint64_t granted_ = 0;
    uint64_t answered_ = 0;
    bool terminal_;
    uint64_t told_ns_ = 0;
};

// Descriptors for so many connections; throws if the system does not allow them.
void runner_allow_files(size_t count);

} // namespace load

#endif
