// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Clients that come and go: TCP, TLS if wanted, CONNECT, CONNACK, DISCONNECT, and again.

#ifndef LOAD_CHURN_H
#define LOAD_CHURN_H

#include <vector>

#include "tools/load/histogram.h"
#include "tools/load/runner.h"

namespace load {

class churn : public runner {
  public:
    // tls: null without TLS; outlives this. No session is resumed: every handshake is a whole one.
    churn(const options &wanted, SSL_CTX *tls) : runner(wanted, tls) {}
    report run();

  private:
    void ready(client &each) override;
    void packet(client &, const ella_packet &, uint64_t) override {}
    void closed(client &each, const std::string &why) override;
    void come_and_go_until(uint64_t end_ns);

    std::vector<client *> gone_;
    std::vector<uint64_t> opened_ns_;
    histogram latency_ns_;
    uint64_t connected_ = 0;
};

} // namespace load

#endif
