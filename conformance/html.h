// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What all pages of the suite have in common: looks, verdicts and wire logs in HTML. Pages are one
// file, load nothing, and can be read without JavaScript.

#ifndef CONFORMANCE_HTML_H
#define CONFORMANCE_HTML_H

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/runner.h"

namespace conformance {

// In HTML and XML, text and attributes alike; control characters, which XML can not have, as ?.
std::string escaped(std::string_view text);
// Everything up to and including <body>.
std::string html_begin(const std::string &title);
std::string html_end();

// A word for class attributes: "pass", "not-supported".
std::string html_class(verdict which);
// A character that tells verdicts apart without colour.
const char *html_sign(verdict which);
// A coloured sign with the verdict's name.
std::string html_chip(verdict which);
// A bar whose parts are as wide as their counts, and the counts below it.
std::string html_totals(const std::string &what, const std::array<size_t, verdict_count> &counts);
// Boxes that hide what has a verdict, in elements with the class `row` inside <main>. They must
// stand directly before <main>.
std::string html_filters();
// At most `bytes_max` bytes of each packet.
std::string html_log(const std::vector<log_entry> &log, size_t bytes_max);

// Verdicts in the order in which people want to read them: the bad ones first.
extern const std::array<verdict, verdict_count> html_order;

} // namespace conformance

#endif
