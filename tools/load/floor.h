// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The floor: what carries the same bytes over the same connections as a broker would, by epoll,
// in rounds of one receive and one send of each connection. What it costs is what the kernel costs
// for this traffic.
//
// It knows which client belongs to which, how long a packet is and where its identifier stands.
// It decides nothing: no topic is read, no session is kept, no answer is awaited. A publisher is
// answered as soon as its packet is read, a subscriber gets the publisher's packet as it is, its
// PUBREC is answered with PUBREL, and its PUBACK and PUBCOMP are forgotten. With QoS 0, and if
// there is one source only, bytes are handed on without a look at them.

#ifndef LOAD_FLOOR_H
#define LOAD_FLOOR_H

#include "tools/load/options.h"
#include "tools/load/traffic.h"

namespace load {

// For pairs and fans with one client at the narrow end, without logins and keep alive.
[[noreturn]] void floor_traffic(int listener, const options &wanted, layout shape);

// Whoever says something is answered with CONNACK; whoever says something again is closed.
[[noreturn]] void floor_churn(int listener, const options &wanted);

} // namespace load

#endif
