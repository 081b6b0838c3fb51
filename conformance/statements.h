// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What the ids of statements mean, for reports: a summary in our own words, the order of the
// standard and its chapters. It refuses to know cases and verdicts.

#ifndef CONFORMANCE_STATEMENTS_H
#define CONFORMANCE_STATEMENTS_H

#include <string>
#include <string_view>
#include <vector>

namespace conformance {

struct statement_info {
    const char *id;
    const char *keyword; // MUST, SHOULD, …
    const char *summary;
};
// Generated from spec/; ends with a row of null pointers.
extern const statement_info embedded_statements[];

// Null for an id that the standard does not have.
const statement_info *statement_find(std::string_view id);
// Puts ids in the order of the standard, v3 before v5; unknown ones come last.
void statement_sort(std::vector<std::string> *ids);

// The part of the standard that totals are given for: "v5/3.1" for v5/3.1.2-4, "v5/2" for
// v5/2.2.1-3.
std::string statement_chapter(std::string_view id);
// "CONNECT" for v5/3.1; empty if there is no such chapter.
const char *statement_chapter_title(std::string_view chapter);

} // namespace conformance

#endif
