// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Every control packet of MQTT 3.1, 3.1.1 and 5.0, to and from bytes, for the conformance suite.
// It refuses to know what a lawful client would send: a packet is a list of named fields, and what
// is named is written, in the order in which properties are named. It knows nothing of the
// broker's codec.
//
// Decoding is tolerant and strict at once: it reads as much as it can, so that the log can show
// what a broker sent, and lists as `problems` everything that makes the packet malformed or
// unlawful.

#ifndef CONFORMANCE_WIRE_H
#define CONFORMANCE_WIRE_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

// The numbers of section 2.1.2; 0 is reserved.
enum class packet_type : uint8_t {
    reserved = 0,
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
    auth = 15,
};

enum class value_kind {
    number,
    bytes,
    pair
};

// A field's value. `bytes` holds text, binary data, or the name of a pair; `second` the value of a
// pair.
struct value {
    value_kind kind = value_kind::number;
    uint64_t number = 0;
    std::string bytes;
    std::string second;

    static value of(uint64_t number);
    static value of(std::string bytes);
    static value of(std::string name, std::string second);
    bool operator==(const value &other) const;
};

struct field {
    std::string name;
    conformance::value value;
};

struct packet {
    packet_type type = packet_type::reserved;
    std::vector<field> fields;

    const conformance::value *find(std::string_view name) const;
    // The number in the field, or `otherwise` if the packet has no such field.
    uint64_t number(std::string_view name, uint64_t otherwise = 0) const;
};

// What decoding found. The four facts after `packet` are about its form.
struct decoded {
    conformance::packet packet;
    uint8_t flags = 0;
    uint32_t remaining_length = 0;
    size_t size_bytes = 0;
    std::optional<uint32_t> property_length;
    std::vector<std::string> problems;
};

enum class frame_status {
    incomplete,
    complete,
    malformed
};

// Looks whether `bytes` begins with a whole packet; if so sets its size. A Remaining Length of
// more than four bytes is malformed (2.1.4 of 5.0, 2.2.3 of 3.1.1).
frame_status wire_frame(std::string_view bytes, size_t *size_bytes);

// `version` is the protocol level of the connection: 3, 4 or 5. A CONNECT is read and written by
// its own.
std::string wire_encode(const packet &source, unsigned version);
// `bytes` is one whole packet as wire_frame() delimits it.
decoded wire_decode(std::string_view bytes, unsigned version, bool from_server);

// The packet in one line of the scenario language, long values shortened.
std::string wire_describe(const packet &source);
std::string wire_describe_value(const value &source);
std::string wire_hex(std::string_view bytes);

std::string wire_variable_integer(uint32_t number);
// The fixed pattern of `fill:N`: the alphabet, over and over.
std::string wire_fill(size_t count);
// True if the bytes are well-formed UTF-8 without U+0000 (1.5.4 of 5.0, 1.5.3 of 3.1.1).
bool wire_utf8_valid(std::string_view text);

} // namespace conformance

#endif
