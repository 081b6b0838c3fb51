// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The names of packets, fields and properties, as tables. Parser, encoder and decoder read the
// same rows; this is the only place of the suite where a property's number or a packet's field is
// written down.

#ifndef CONFORMANCE_WIRE_FIELDS_H
#define CONFORMANCE_WIRE_FIELDS_H

#include "conformance/wire.h"

namespace conformance {

enum class property_type {
    byte,
    two_bytes,
    four_bytes,
    variable,
    string,
    binary,
    pair
};

// One bit for each packet type; the Will of a CONNECT counts as a packet of its own.
constexpr uint32_t in_packet(packet_type type) {
    return 1u << static_cast<unsigned>(type);
}
constexpr uint32_t in_will = 1u << 16;

struct property_info {
    const char *name;
    uint8_t id;
    property_type type;
    uint32_t packets; // where the standard allows it
    uint64_t minimum; // of numbers
    uint64_t maximum;
};

// When a field may be named in a case.
enum field_use : unsigned {
    on_send = 1,
    on_expect = 2,
    on_both = 3
};

struct field_info {
    const char *name;
    value_kind kind;
    uint64_t maximum; // of numbers, when sent
    uint32_t packets;
    unsigned use;
};

const property_info *property_by_name(std::string_view name);
const property_info *property_by_id(uint64_t id);

const char *packet_name(packet_type type);
std::optional<packet_type> packet_by_name(std::string_view name);
// Packets that carry properties in 5.0: all but PINGREQ and PINGRESP.
bool packet_has_properties(packet_type type);
// Whether 5.0 allows this reason code in this packet.
bool reason_allowed(packet_type type, uint64_t reason);

// The full name for a documented short one; any other name is returned as it is.
std::string field_full_name(std::string_view name);

struct field_rule {
    value_kind kind;
    uint64_t maximum;
};
// The rule for a field or property of this packet in this use, or nothing if there is no such
// field.
std::optional<field_rule> field_find(packet_type type, std::string_view name, field_use use);
// All names that field_find() would accept, for messages.
std::string field_names(packet_type type, field_use use);

} // namespace conformance

#endif
