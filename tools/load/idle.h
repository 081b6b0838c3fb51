// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Clients that connect and do nothing: how fast they get in, and what each of them costs.

#ifndef LOAD_IDLE_H
#define LOAD_IDLE_H

#include "tools/load/runner.h"

namespace load {

class idle : public runner {
  public:
    explicit idle(const options &wanted) : runner(wanted) {}
    report run();

  private:
    void packet(client &, const ella_packet &, uint64_t) override {}
};

} // namespace load

#endif
