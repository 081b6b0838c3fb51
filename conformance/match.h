// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Values of a running case, and the comparison of a packet that came with the one expected.

#ifndef CONFORMANCE_MATCH_H
#define CONFORMANCE_MATCH_H

#include <map>
#include <optional>
#include <string>

#include "conformance/script.h"

namespace conformance {

// The run's prefix and the variables captured so far. Copied to try an alternative, assigned to
// accept it.
struct scope {
    std::string prefix;
    std::map<std::string, value> variables;
    std::string missing; // the first variable that was asked for and has no value
};

// A missing variable yields an empty value and is noted in the scope.
value match_resolve(const operand &source, scope *variables);
std::string match_text(const text_template &source, scope *variables);

// True if every named field fits; captures variables. Otherwise `why` says which field does not
// fit.
bool match_packet(const packet_spec &expected, const decoded &came, scope *variables,
                  std::string *why);

} // namespace conformance

#endif
