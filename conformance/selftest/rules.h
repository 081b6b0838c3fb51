// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The rules that the self-test breaks, one breach for each, by chapter; and the few kinds of hooks
// that most of them are made of. It refuses to know how a breach is judged.

#ifndef CONFORMANCE_SELFTEST_RULES_H
#define CONFORMANCE_SELFTEST_RULES_H

#include <string>
#include <string_view>
#include <vector>

#include "conformance/selftest/breaking_world.h"

namespace conformance {

// Every rule, in the order of the standard. Names are unique.
std::vector<breach> rules_all();

std::vector<breach> rules_of_connect();   // CONNECT, CONNACK, keep alive, authentication
std::vector<breach> rules_of_sessions();  // sessions, wills, DISCONNECT
std::vector<breach> rules_of_publish();   // PUBLISH, retained messages, properties
std::vector<breach> rules_of_delivery();  // QoS exchanges, redelivery, order, flow control
std::vector<breach> rules_of_subscribe(); // SUBSCRIBE, UNSUBSCRIBE, filters, shared subscriptions
std::vector<breach> rules_of_errors();    // malformed packets that are let pass

// Packets of this type have this field set to a number, lack this field, or get lost.
breach::hook set_in(packet_type type, std::string name, uint64_t number);
breach::hook strip_from(packet_type type, std::string name);
breach::hook lose(packet_type type);
// Packets of this type with such a problem are passed over in silence.
breach::hook overlook(packet_type type, std::string problem);
// The broker's close is kept from the case after an error, that is without its DISCONNECT.
bool hide_close_after_error(breaking_world &at, channel &on);

packet packet_of(packet_type type);
packet acknowledgement(packet_type type, uint64_t packet_id);
// The answers that a broker gives to requests it accepts.
packet suback_for(const parcel &subscribe);
packet unsuback_for(const parcel &unsubscribe, unsigned version);

std::vector<std::string> filters_in(const packet &subscribe);
// Whether a filter without $share matches a name, as the standard wants it.
bool filter_matches(std::string_view filter, std::string_view name);

} // namespace conformance

#endif
