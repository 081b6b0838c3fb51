// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See script_lexer.h. A word ends at a blank, a quote or a sign; a colon belongs to the word it
// follows
// (`hex:00`, `lenient:`) and is a sign only where no word is open (`"key":"value"`).

#include "conformance/script_lexer.h"

#include <array>
#include <utility>

namespace conformance {
namespace {

bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

// Longer signs first.
constexpr std::array<std::string_view, 12> signs = {"!=", "<=", ">=", "^=", "<", ">",
                                                    "=",  "|",  "&",  "{",  "}", ","};

std::string_view sign_at(std::string_view line) {
    for (const std::string_view sign : signs) {
        if (line.substr(0, sign.size()) == sign) {
            return sign;
        }
    }
    return {};
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void add_byte(text_template *out, char byte) {
    if (out->empty() || out->back().what != text_part::kind::bytes) {
        out->push_back({});
    }
    out->back().bytes += byte;
}

class line_lexer {
  public:
    line_lexer(std::string_view line, std::string *error) : line_(line), error_(error) {}

    std::vector<token> run() {
        std::vector<token> tokens;
        bool spaced = true;
        while (at_ < line_.size() && error_->empty()) {
            if (blank(line_[at_])) {
                at_++;
                spaced = true;
                continue;
            }
            if (line_[at_] == '#' && spaced) {
                break;
            }
            token next = one();
            next.spaced = spaced;
            spaced = false;
            tokens.push_back(std::move(next));
        }
        return tokens;
    }

  private:
    token one() {
        token result;
        if (line_[at_] == '"') {
            result.kind = token_kind::string;
            quoted(&result.text);
            return result;
        }
        std::string_view sign = sign_at(line_.substr(at_));
        if (sign.empty() && line_[at_] == ':') {
            sign = ":";
        }
        if (!sign.empty()) {
            result.kind = token_kind::sign;
            result.spelling = sign;
            at_ += sign.size();
            return result;
        }
        while (at_ < line_.size() && !blank(line_[at_]) && line_[at_] != '"' &&
               sign_at(line_.substr(at_)).empty()) {
            result.spelling += line_[at_++];
        }
        return result;
    }

    void quoted(text_template *out) {
        at_++;
        while (at_ < line_.size() && line_[at_] != '"') {
            const char c = line_[at_++];
            if (c == '\\') {
                escape(out);
            } else if (c == '~') {
                out->push_back({text_part::kind::prefix, {}});
            } else if (c == '$' && at_ < line_.size() && line_[at_] == '{') {
                interpolation(out);
            } else {
                add_byte(out, c);
            }
        }
        if (at_ >= line_.size()) {
            *error_ = "the string has no closing quote";
            return;
        }
        at_++;
    }

    void escape(text_template *out) {
        const char c = at_ < line_.size() ? line_[at_++] : '\0';
        if (c == 'n') {
            add_byte(out, '\n');
        } else if (c == '"' || c == '\\' || c == '~' || c == '$') {
            add_byte(out, c);
        } else if (c == 'x' && at_ + 2 <= line_.size() && hex_digit(line_[at_]) >= 0 &&
                   hex_digit(line_[at_ + 1]) >= 0) {
            add_byte(out,
                     static_cast<char>(hex_digit(line_[at_]) * 16 + hex_digit(line_[at_ + 1])));
            at_ += 2;
        } else {
            *error_ = R"(unknown escape: expected \" \\ \n \~ \$ or \xHH)";
        }
    }

    void interpolation(text_template *out) {
        const size_t end = line_.find('}', at_);
        if (end == std::string_view::npos) {
            *error_ = "${ without }";
            return;
        }
        out->push_back(
            {text_part::kind::variable, std::string(line_.substr(at_ + 1, end - at_ - 1))});
        at_ = end + 1;
    }

    std::string_view line_;
    std::string *error_;
    size_t at_ = 0;
};

// A line that ends in " \" goes on in the next one.
bool take_continuation(std::string *line) {
    while (!line->empty() && blank(line->back())) {
        line->pop_back();
    }
    const size_t size = line->size();
    if (size == 0 || line->back() != '\\' || (size > 1 && !blank((*line)[size - 2]))) {
        return false;
    }
    line->pop_back();
    return true;
}

std::string trimmed(std::string_view line) {
    while (!line.empty() && blank(line.front())) {
        line.remove_prefix(1);
    }
    while (!line.empty() && blank(line.back())) {
        line.remove_suffix(1);
    }
    return std::string(line);
}

} // namespace

std::vector<logical_line> lexer_lines(const std::string &file, std::string_view contents,
                                      std::vector<std::string> *errors) {
    std::vector<logical_line> lines;
    unsigned number = 0;
    while (!contents.empty()) {
        std::string whole;
        bool more = true;
        const unsigned first = number + 1;
        while (more && !contents.empty()) {
            const size_t end = contents.find('\n');
            std::string physical(contents.substr(0, end));
            contents.remove_prefix(end == std::string_view::npos ? contents.size() : end + 1);
            number++;
            more = take_continuation(&physical);
            whole += physical;
        }
        logical_line line;
        line.number = first;
        line.source = trimmed(whole);
        std::string error;
        line.tokens = line_lexer(line.source, &error).run();
        if (!error.empty()) {
            errors->push_back(file + ":" + std::to_string(first) + ": " + error);
        } else if (!line.tokens.empty()) {
            lines.push_back(std::move(line));
        }
    }
    return lines;
}

} // namespace conformance
