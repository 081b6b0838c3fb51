// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The floor as a process of its own, so that what it costs can be read as a broker's is.

#ifndef LOAD_RELAY_H
#define LOAD_RELAY_H

#include <sys/types.h>

#include <string>

#include "tools/load/options.h"
#include "tools/load/traffic.h"

namespace load {

// What of the options the floor can't be asked for; empty if nothing.
std::string relay_refuses(const options &wanted, layout shape);

class relay {
  public:
    // Listens on a free port of this machine and starts the process: for churn, or a traffic of
    // this shape.
    relay(const options &wanted, layout shape);
    ~relay();
    relay(const relay &) = delete;
    relay &operator=(const relay &) = delete;
    pid_t pid() const { return pid_; }
    uint16_t port() const { return port_; }

  private:
    pid_t pid_ = -1;
    uint16_t port_ = 0;
};

} // namespace load

#endif
