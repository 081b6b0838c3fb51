// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// One line of steps to one `step`. It refuses to know the lines around it: blocks, grades that
// join an expectation, and variables are the business of script.cc.

#ifndef CONFORMANCE_SCRIPT_LINE_H
#define CONFORMANCE_SCRIPT_LINE_H

#include <optional>
#include <string>

#include "conformance/script_lexer.h"

namespace conformance {

struct parsed_step {
    conformance::step step;
    std::optional<conformance::grade> graded; // the line begins with lenient: or undefined:
    bool opens_block = false;
    std::string error; // empty if the line is right
};

parsed_step line_parse_step(const logical_line &line);

// A line inside `A < unordered {`: one packet.
packet_spec line_parse_packet(const logical_line &line, std::string *error);

// What may follow the closing brace of a block: nothing, or `within 3s`.
std::optional<uint64_t> line_parse_close(const logical_line &line, std::string *error);

} // namespace conformance

#endif
