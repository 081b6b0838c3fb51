// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See toml.h. The parser goes on quietly after an error to the end of what it was doing; only the
// first error is kept, and nothing is read after it.

#include "conformance/toml.h"

#include <algorithm>
#include <array>

namespace conformance {
namespace {

constexpr size_t digits_max = 18; // of an integer, so that it fits

bool is_bare(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

void append_utf8(uint32_t code, std::string *out) {
    if (code < 0x80) {
        *out += static_cast<char>(code);
    } else if (code < 0x800) {
        *out += static_cast<char>(0xC0 | code >> 6);
        *out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        *out += static_cast<char>(0xE0 | code >> 12);
        *out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
        *out += static_cast<char>(0x80 | (code & 0x3F));
    }
}

class parser {
  public:
    parser(const std::string &file, std::string_view contents) : file_(file), rest_(contents) {}

    toml_file parse() {
        while (skip_space(true) && out_.error.empty()) {
            if (peek() == '[') {
                header();
            } else {
                entry();
            }
            end_of_line();
        }
        return std::move(out_);
    }

  private:
    void fail(const std::string &what) {
        if (out_.error.empty()) {
            out_.error = file_ + ":" + std::to_string(line_) + ": " + what;
        }
    }
    bool failed() const { return !out_.error.empty(); }
    char peek() const { return rest_.empty() ? '\0' : rest_[0]; }
    bool starts(std::string_view what) const { return rest_.substr(0, what.size()) == what; }

    char next() {
        const char c = peek();
        line_ += c == '\n' ? 1 : 0;
        rest_.remove_prefix(rest_.empty() ? 0 : 1);
        return c;
    }

    bool take(std::string_view what) {
        if (!starts(what)) {
            return false;
        }
        for (size_t i = 0; i < what.size(); i++) {
            next();
        }
        return true;
    }

    // Blanks and, if wanted, ends of lines and comments. False at the end of the file.
    bool skip_space(bool lines) {
        while (!rest_.empty()) {
            const char c = peek();
            if (c == '#' && lines) {
                while (!rest_.empty() && peek() != '\n') {
                    next();
                }
            } else if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && lines)) {
                next();
            } else {
                return true;
            }
        }
        return false;
    }

    void end_of_line() {
        if (!failed() && skip_space(false) && peek() != '\n' && peek() != '#') {
            fail("expected the end of the line");
        }
    }

    std::string key() {
        if (peek() == '"' || peek() == '\'') {
            return one_line_string();
        }
        std::string name;
        while (is_bare(peek())) {
            name += next();
        }
        if (name.empty()) {
            fail("expected a key");
        }
        return name;
    }

    void header() {
        next();
        if (peek() == '[') {
            return fail("arrays of tables are not known here");
        }
        std::vector<std::string> path;
        do {
            skip_space(false);
            path.push_back(key());
            skip_space(false);
        } while (!failed() && take("."));
        if (!failed() && !take("]")) {
            fail("expected ']' after the name of the table");
        }
        if (std::find(out_.tables.begin(), out_.tables.end(), path) != out_.tables.end()) {
            fail("the table is there already");
        }
        out_.tables.push_back(path);
        table_ = std::move(path);
    }

    void entry() {
        toml_entry result;
        result.table = table_;
        result.line = line_;
        result.key = key();
        skip_space(false);
        if (!failed() && peek() == '.') {
            return fail("dotted keys are not known here, write a table");
        }
        if (!failed() && !take("=")) {
            return fail("expected '=' after the key " + result.key);
        }
        skip_space(false);
        result.value = value();
        for (const toml_entry &other : out_.entries) {
            if (other.table == result.table && other.key == result.key) {
                fail("the key " + result.key + " is there already, in line " +
                     std::to_string(other.line));
            }
        }
        if (!failed()) {
            out_.entries.push_back(std::move(result));
        }
    }

    toml_value value() {
        toml_value result;
        const char c = peek();
        if (c == '"' || c == '\'') {
            result.text = string();
        } else if (c == '[') {
            result.what = toml_value::kind::list;
            result.list = list();
        } else if (take("true") || take("false")) {
            result.what = toml_value::kind::truth;
            result.truth = c == 't';
        } else {
            result.what = toml_value::kind::number;
            result.number = number();
        }
        return result;
    }

    int64_t number() {
        const bool negative = take("-");
        std::string digits;
        while (is_digit(peek())) {
            digits += next();
        }
        if (digits.empty() || digits.size() > digits_max || is_bare(peek()) || peek() == '.') {
            fail("expected a string, an integer, true, false or a list of strings");
            return 0;
        }
        return negative ? -std::stoll(digits) : std::stoll(digits);
    }

    std::vector<std::string> list() {
        std::vector<std::string> items;
        next();
        for (;;) {
            if (!skip_space(true)) {
                fail("expected ']'");
            }
            if (failed() || take("]")) {
                return items;
            }
            if (peek() != '"' && peek() != '\'') {
                fail("expected a string: lists hold nothing else here");
                return items;
            }
            items.push_back(string());
            skip_space(true);
            if (!take(",") && peek() != ']') {
                fail("expected ',' or ']' in the list");
            }
        }
    }

    std::string one_line_string() {
        const char quote = next();
        std::string out;
        while (!failed() && peek() != quote) {
            if (rest_.empty() || peek() == '\n') {
                fail("the string has no end in its line");
            } else if (quote == '"' && peek() == '\\') {
                escape(&out);
            } else {
                out += next();
            }
        }
        next();
        return out;
    }

    std::string string() {
        for (const std::string_view quotes : {"\"\"\"", "'''"}) {
            if (take(quotes)) {
                return long_string(quotes);
            }
        }
        return one_line_string();
    }

    std::string long_string(std::string_view quotes) {
        const unsigned begin = line_;
        std::string out;
        take("\r");
        take("\n");
        while (!failed() && !take(quotes)) {
            if (rest_.empty()) {
                fail("the string that begins in line " + std::to_string(begin) + " has no end");
            } else if (quotes[0] == '"' && peek() == '\\') {
                escape(&out);
            } else {
                out += next();
            }
        }
        return out;
    }

    void escape(std::string *out) {
        next();
        const char c = next();
        static constexpr std::array<std::array<char, 2>, 7> simple = {{{'"', '"'},
                                                                       {'\\', '\\'},
                                                                       {'n', '\n'},
                                                                       {'t', '\t'},
                                                                       {'r', '\r'},
                                                                       {'b', '\b'},
                                                                       {'f', '\f'}}};
        for (const auto &[written, meant] : simple) {
            if (c == written) {
                *out += meant;
                return;
            }
        }
        const size_t digits = rest_.find_first_not_of("0123456789abcdefABCDEF");
        if (c != 'u' || rest_.size() < 4 || digits < 4) {
            return fail(std::string("unknown escape \\") + c);
        }
        append_utf8(
            static_cast<uint32_t>(std::stoul(std::string(rest_.substr(0, 4)), nullptr, 16)), out);
        rest_.remove_prefix(4);
    }

    const std::string &file_;
    std::string_view rest_;
    unsigned line_ = 1;
    std::vector<std::string> table_;
    toml_file out_;
};

} // namespace

toml_file toml_parse(const std::string &file, std::string_view contents) {
    return parser(file, contents).parse();
}

} // namespace conformance
