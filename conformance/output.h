// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Files that the program writes, and the date that stands in them.

#ifndef CONFORMANCE_OUTPUT_H
#define CONFORMANCE_OUTPUT_H

#include <string>

namespace conformance {

// Makes the folder of the file if need be. On failure appends a line to `error`.
void output_write(const std::string &path, const std::string &contents, std::string *error);
// Today in UTC, as 2024-02-29.
std::string output_date();

} // namespace conformance

#endif
