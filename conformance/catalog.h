// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// All cases there are, in the order of the standard, and which of them a selector names. It
// refuses to know brokers and results.

#ifndef CONFORMANCE_CATALOG_H
#define CONFORMANCE_CATALOG_H

#include <string>
#include <vector>

#include "conformance/script.h"

namespace conformance {

// A case file built into the program. `name` is like v5/3.1.2_connect_flags.case.
struct embedded_case {
    const char *name;
    const char *contents;
};
// Generated from the case files; ends with a row of null pointers.
extern const embedded_case embedded_cases[];

// Sorted by folder, section (3.2 before 3.10) and place in the file.
script catalog_embedded();
// All *.case in DIR/v3 and DIR/v5.
script catalog_folder(const std::string &dir);

// Selectors: v5, v5/3.1, v5/3.1.2-4, v5/3.1.2/name, name. See docs/conformance.md.
bool catalog_selects(const std::string &selector, const test_case &candidate);

} // namespace conformance

#endif
