/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Slices, and payloads that carry the serial of their message: the form is that of fuzz/shadow.h.
 */
#ifndef BROKER_SIM_PACKETS_H
#define BROKER_SIM_PACKETS_H

#include <cstdint>
#include <string>

extern "C" {
#include "libella/codec.h"
}

namespace sim {

inline ella_slice slice_of(const std::string &s) {
    return ella_slice_of(s.data(), static_cast<uint32_t>(s.size()));
}

inline std::string text_of(ella_slice slice) {
    return ella_slice_len(slice) == 0
               ? std::string()
               : std::string(reinterpret_cast<const char *>(ella_slice_data(slice)),
                             ella_slice_len(slice));
}

std::string payload_of(uint64_t serial, uint32_t padding);
/* One packet for a person. */
std::string line_of(const ella_packet &packet);

} // namespace sim

#endif
