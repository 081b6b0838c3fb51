// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// One logical line of a .case file as tokens: words, quoted strings and signs. It refuses to know
// what they mean.

#ifndef CONFORMANCE_SCRIPT_LEXER_H
#define CONFORMANCE_SCRIPT_LEXER_H

#include <string>
#include <string_view>
#include <vector>

#include "conformance/script.h"

namespace conformance {

enum class token_kind {
    word,
    string,
    sign
};

struct token {
    token_kind kind = token_kind::word;
    std::string spelling; // of a word or sign
    text_template text;   // of a string
    bool spaced = false;  // a blank stands before it
};

struct logical_line {
    unsigned number = 0;
    std::string source;
    std::vector<token> tokens;
};

// Splits a file into its lines that are not empty. Errors are "file:line: message".
std::vector<logical_line> lexer_lines(const std::string &file, std::string_view contents,
                                      std::vector<std::string> *errors);

} // namespace conformance

#endif
