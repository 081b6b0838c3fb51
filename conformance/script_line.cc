// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See script_line.h: recursive descent over the tokens of one line. The first error of a line is
// kept and ends its parsing.

#include "conformance/script_line.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conformance/wire_fields.h"

namespace conformance {
namespace {

struct unit_row {
    std::string_view suffix;
    uint64_t ms;
};
constexpr std::array<unit_row, 5> units = {
    {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}}};

struct comparison_row {
    std::string_view sign;
    comparison compare;
};
constexpr std::array<comparison_row, 7> comparisons = {{{"=", comparison::equal},
                                                        {"!=", comparison::not_equal},
                                                        {"<=", comparison::less_equal},
                                                        {">=", comparison::greater_equal},
                                                        {"<", comparison::less},
                                                        {">", comparison::greater},
                                                        {"^=", comparison::begins_with}}};

// Steps in one word: the packet whose fields they take, and whether those are expected rather than
// sent.
struct verb_row {
    std::string_view word;
    step_kind kind;
    packet_type type;
    field_use use;
};
constexpr std::array<verb_row, 7> verbs = {{
    {"connect", step_kind::connect, packet_type::connect, on_send},
    {"subscribe", step_kind::subscribe, packet_type::subscribe, on_send},
    {"unsubscribe", step_kind::unsubscribe, packet_type::unsubscribe, on_send},
    {"publish", step_kind::publish, packet_type::publish, on_send},
    {"disconnect", step_kind::disconnect, packet_type::disconnect, on_send},
    {"ping", step_kind::ping, packet_type::pingreq, on_send},
    {"receive", step_kind::receive, packet_type::publish, on_expect},
}};

struct plain_row {
    std::string_view word;
    step_kind kind;
};
constexpr std::array<plain_row, 3> plain_verbs = {
    {{"open", step_kind::open}, {"close", step_kind::close}, {"abort", step_kind::abort}}};

bool is_client_name(std::string_view word) {
    return !word.empty() && word[0] >= 'A' && word[0] <= 'Z';
}

bool parse_digits(std::string_view digits, unsigned base, uint64_t *out) {
    constexpr std::string_view all = "0123456789abcdef";
    if (digits.empty() || digits.size() > 16) {
        return false;
    }
    uint64_t number = 0;
    for (const char c : digits) {
        const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
        const size_t digit = all.substr(0, base).find(lower);
        if (digit == std::string_view::npos) {
            return false;
        }
        number = number * base + digit;
    }
    *out = number;
    return true;
}

bool parse_number(std::string_view word, uint64_t *out) {
    if (word.substr(0, 2) == "0x") {
        return parse_digits(word.substr(2), 16, out);
    }
    return parse_digits(word, 10, out);
}

bool parse_hex(std::string_view word, std::string *out) {
    if (word.size() % 2 != 0) {
        return false;
    }
    for (size_t i = 0; i < word.size(); i += 2) {
        uint64_t byte = 0;
        if (!parse_digits(word.substr(i, 2), 16, &byte)) {
            return false;
        }
        *out += static_cast<char>(byte);
    }
    return true;
}

text_template plain_text(std::string bytes) {
    return {{text_part::kind::bytes, std::move(bytes)}};
}

class line_parser {
  public:
    explicit line_parser(const logical_line &line) : tokens_(line.tokens) {}

    const std::string &error() const { return error_; }
    bool failed() const { return !error_.empty(); }
    bool done() const { return failed() || at_ >= tokens_.size(); }

    void expect_end() {
        if (!done()) {
            fail("expected the end of the line", true);
        }
    }

    parsed_step whole_step();
    packet_spec packet(field_use use);
    std::optional<uint64_t> close_of_block();

  private:
    void fail(const std::string &message, bool show = false) {
        if (error_.empty()) {
            error_ = message;
            if (show) {
                error_ +=
                    at_ < tokens_.size() ? " before " + spelling() : " at the end of the line";
            }
        }
    }

    std::string spelling() const {
        const token &here = tokens_[at_];
        return here.kind == token_kind::string ? "a string" : "'" + here.spelling + "'";
    }

    bool is_word(std::string_view word) const {
        return at_ < tokens_.size() && tokens_[at_].kind == token_kind::word &&
               tokens_[at_].spelling == word;
    }
    bool is_sign(std::string_view sign) const {
        return at_ < tokens_.size() && tokens_[at_].kind == token_kind::sign &&
               tokens_[at_].spelling == sign;
    }
    bool is_string() const {
        return at_ < tokens_.size() && tokens_[at_].kind == token_kind::string;
    }
    bool take_word(std::string_view word) {
        const bool yes = is_word(word);
        at_ += yes ? 1 : 0;
        return yes;
    }
    bool take_sign(std::string_view sign) {
        const bool yes = is_sign(sign);
        at_ += yes ? 1 : 0;
        return yes;
    }

    std::string word(const std::string &wanted) {
        if (at_ < tokens_.size() && tokens_[at_].kind == token_kind::word) {
            return tokens_[at_++].spelling;
        }
        fail("expected " + wanted, true);
        return {};
    }

    uint64_t number(const std::string &wanted);
    uint64_t duration();
    bool at_duration() const;
    std::string client();
    std::string variable_name();
    operand variable(std::string_view word);
    operand number_operand(const std::string &wanted);
    operand any_operand();
    void check_operand(const field_spec &field, const field_rule &rule, const operand &content,
                       field_use use);
    bool absence(field_spec *field, field_use use);
    void field(packet_spec *spec, field_use use);
    void check_options(const packet_spec &spec, const std::string &name);
    send_piece piece();
    bool token_of_length(std::string_view word, raw_token *out);
    bool token_of_text(std::string_view word, raw_token *out);
    raw_token raw();
    expect_item item();
    void alternatives(step *out);
    void within(step *out);
    void either(step *out);
    void repeat(step *out);
    void send(step *out);
    void expectation(parsed_step *out);
    void verb(parsed_step *out);
    bool one_word(step *out);

    const std::vector<token> &tokens_;
    size_t at_ = 0;
    std::string error_;
};

uint64_t line_parser::number(const std::string &wanted) {
    uint64_t result = 0;
    const std::string digits = word(wanted);
    if (!failed() && !parse_number(digits, &result)) {
        fail("expected " + wanted + ", not '" + digits + "'");
    }
    return result;
}

bool parse_duration(std::string_view word, uint64_t *out) {
    const size_t split = word.find_first_not_of("0123456789");
    uint64_t count = 0;
    if (split == std::string_view::npos || !parse_digits(word.substr(0, split), 10, &count)) {
        return false;
    }
    for (const unit_row &unit : units) {
        if (word.substr(split) == unit.suffix) {
            *out = count * unit.ms;
            return true;
        }
    }
    return false;
}

bool line_parser::at_duration() const {
    uint64_t ignored = 0;
    return at_ < tokens_.size() && tokens_[at_].kind == token_kind::word &&
           parse_duration(tokens_[at_].spelling, &ignored);
}

uint64_t line_parser::duration() {
    uint64_t result = 0;
    const std::string written = word("a duration such as 200ms or 3s");
    if (!failed() && !parse_duration(written, &result)) {
        fail("expected a duration such as 200ms or 3s, not '" + written + "'");
    }
    return result;
}

std::string line_parser::client() {
    std::string name = word("a client's name");
    if (!failed() && !is_client_name(name)) {
        fail("expected a client's name, which begins with a capital letter, not '" + name + "'");
    }
    return name;
}

std::string line_parser::variable_name() {
    std::string name = word("a variable such as $id");
    if (!failed() && (name.size() < 2 || name[0] != '$')) {
        fail("expected a variable such as $id, not '" + name + "'");
        return {};
    }
    return failed() ? std::string() : name.substr(1);
}

// `$name`, `$name+1` or `$name-1`.
operand line_parser::variable(std::string_view word) {
    operand result;
    result.what = operand::kind::variable;
    const size_t sign = word.find_first_of("+-");
    result.variable = word.substr(1, sign == std::string_view::npos ? sign : sign - 1);
    if (result.variable.empty()) {
        fail("expected a variable such as $id, not '" + std::string(word) + "'");
    }
    if (sign != std::string_view::npos) {
        uint64_t offset = 0;
        if (!parse_number(word.substr(sign + 1), &offset)) {
            fail("expected a number after the sign in '" + std::string(word) + "'");
        }
        result.offset =
            word[sign] == '-' ? -static_cast<int64_t>(offset) : static_cast<int64_t>(offset);
    }
    return result;
}

operand line_parser::number_operand(const std::string &wanted) {
    if (at_ < tokens_.size() && tokens_[at_].kind == token_kind::word &&
        tokens_[at_].spelling[0] == '$') {
        return variable(tokens_[at_++].spelling);
    }
    operand result;
    result.number = number(wanted);
    return result;
}

operand line_parser::any_operand() {
    operand result;
    if (is_string()) {
        result.what = operand::kind::bytes;
        result.bytes = tokens_[at_++].text;
        if (take_sign(":")) {
            result.what = operand::kind::pair;
            if (!is_string()) {
                fail("expected the second string of a pair", true);
                return result;
            }
            result.second = tokens_[at_++].text;
        }
        return result;
    }
    const std::string written = word("a value");
    if (failed()) {
        return result;
    }
    if (written[0] == '$') {
        return variable(written);
    }
    if (written.rfind("hex:", 0) == 0) {
        std::string bytes;
        if (!parse_hex(std::string_view(written).substr(4), &bytes)) {
            fail("expected pairs of hex digits, not '" + written + "'");
        }
        result.what = operand::kind::bytes;
        result.bytes = plain_text(std::move(bytes));
        return result;
    }
    if (written.rfind("fill:", 0) == 0) {
        constexpr uint64_t fill_bytes_max = 16 * 1024 * 1024;
        uint64_t count = 0;
        if (!parse_number(std::string_view(written).substr(5), &count) || count > fill_bytes_max) {
            fail("expected fill: and a number up to 16777216, not '" + written + "'");
            count = 0;
        }
        result.what = operand::kind::bytes;
        result.bytes = plain_text(wire_fill(count));
        return result;
    }
    if (!parse_number(written, &result.number)) {
        fail("expected a number, a string, hex:, fill: or $name, not '" + written + "'");
    }
    return result;
}

const char *kind_words(value_kind kind) {
    switch (kind) {
    case value_kind::number:
        return "a number";
    case value_kind::bytes:
        return "a string, hex: or fill:";
    case value_kind::pair:
        return "a pair \"name\":\"value\"";
    }
    return "";
}

void line_parser::check_operand(const field_spec &field, const field_rule &rule,
                                const operand &content, field_use use) {
    const bool fits = content.what == operand::kind::variable ||
                      (content.what == operand::kind::number && rule.kind == value_kind::number) ||
                      (content.what == operand::kind::bytes && rule.kind == value_kind::bytes) ||
                      (content.what == operand::kind::pair && rule.kind == value_kind::pair);
    if (!fits) {
        fail(field.name + " is " + kind_words(rule.kind));
        return;
    }
    const bool number = content.what == operand::kind::number;
    if (number && use == on_send && content.number > rule.maximum) {
        fail(field.name + " is at most " + std::to_string(rule.maximum));
    }
    const bool ordered =
        field.compare == comparison::less || field.compare == comparison::less_equal ||
        field.compare == comparison::greater || field.compare == comparison::greater_equal;
    if (ordered && rule.kind != value_kind::number) {
        fail(field.name + " is not a number: only =, != and ^= compare it");
    }
    if (field.compare == comparison::begins_with && rule.kind != value_kind::bytes) {
        fail(field.name + " is not a string: ^= can't compare it");
    }
}

bool line_parser::absence(field_spec *field, field_use use) {
    if (use != on_expect || field->compare != comparison::equal) {
        return false;
    }
    if (take_word("absent")) {
        field->compare = comparison::absent;
        return true;
    }
    if (take_word("present")) {
        field->compare = comparison::present;
        return true;
    }
    return false;
}

// Options of SUBSCRIBE belong to the filter before them.
void line_parser::check_options(const packet_spec &spec, const std::string &name) {
    constexpr std::array<std::string_view, 5> options = {"qos", "no_local", "retain_as_published",
                                                         "retain_handling", "options"};
    if (spec.type != packet_type::subscribe ||
        std::find(options.begin(), options.end(), name) == options.end()) {
        return;
    }
    for (const field_spec &field : spec.fields) {
        if (field.name == "filter") {
            return;
        }
    }
    fail(name + " belongs to a filter: expected filter= before it");
}

void line_parser::field(packet_spec *spec, field_use use) {
    field_spec result;
    result.name = field_full_name(word("a field's name"));
    if (failed()) {
        return;
    }
    const std::optional<field_rule> rule = field_find(spec->type, result.name, use);
    if (!rule) {
        fail(std::string(packet_name(spec->type)) + " has no field \"" + result.name +
             "\": expected one of " + field_names(spec->type, use));
        return;
    }
    bool found = false;
    for (const comparison_row &row : comparisons) {
        if (!found && take_sign(row.sign)) {
            result.compare = row.compare;
            found = true;
        }
    }
    if (!found || (use == on_send && result.compare != comparison::equal)) {
        fail("expected " + std::string(use == on_send ? "=" : "a comparison") + " after " +
             result.name);
        return;
    }
    check_options(*spec, result.name);
    if (!absence(&result, use)) {
        do {
            result.operands.push_back(any_operand());
            if (!failed()) {
                check_operand(result, *rule, result.operands.back(), use);
            }
        } while (!failed() && use == on_expect && result.compare == comparison::equal &&
                 take_sign(","));
    }
    spec->fields.push_back(std::move(result));
}

packet_spec line_parser::packet(field_use use) {
    packet_spec result;
    const std::string name = word("a packet such as CONNECT");
    const std::optional<packet_type> type = packet_by_name(name);
    if (!failed() && !type) {
        fail("expected a packet such as CONNECT, not '" + name + "'");
    }
    if (failed()) {
        return result;
    }
    result.type = *type;
    while (!done() && tokens_[at_].kind == token_kind::word && !is_word("within")) {
        field(&result, use);
    }
    return result;
}

// rN, vN, r*, kN, qN.
bool line_parser::token_of_length(std::string_view word, raw_token *out) {
    const char letter = word[0];
    const std::string_view rest = word.substr(1);
    if (letter == 'r' && rest == "*") {
        out->what = raw_token::kind::rest_length;
        return true;
    }
    if (letter == 'r' || letter == 'v') {
        out->what = raw_token::kind::variable_integer;
    } else if (letter == 'k') {
        out->what = raw_token::kind::two_bytes;
    } else if (letter == 'q') {
        out->what = raw_token::kind::four_bytes;
    } else {
        return false;
    }
    if (!rest.empty() && rest[0] == '$') {
        out->content = variable(rest);
        return true;
    }
    return parse_number(rest, &out->content.number);
}

// s "text", s6 "text".
bool line_parser::token_of_text(std::string_view word, raw_token *out) {
    if (word[0] != 's') {
        return false;
    }
    out->what = raw_token::kind::counted_text;
    if (word.size() > 1) {
        uint64_t length = 0;
        if (!parse_number(word.substr(1), &length)) {
            return false;
        }
        out->written_length = length;
    }
    out->content = any_operand();
    if (!failed() && out->content.what != operand::kind::bytes &&
        out->content.what != operand::kind::variable) {
        fail("expected a string after " + std::string(word));
    }
    return true;
}

raw_token line_parser::raw() {
    raw_token result;
    result.content.what = operand::kind::bytes;
    if (is_string()) {
        result.content.bytes = tokens_[at_++].text;
        return result;
    }
    const std::string written = word("raw bytes");
    if (failed()) {
        return result;
    }
    std::string bytes;
    if (parse_hex(written, &bytes)) {
        result.content.bytes = plain_text(std::move(bytes));
    } else if (written.rfind("fill:", 0) == 0) {
        at_--;
        result.content = any_operand();
    } else {
        result.content = operand();
        if (!token_of_length(written, &result) && !token_of_text(written, &result)) {
            fail("expected hex digits, a string, rN, r*, kN, qN, vN, s or fill:N, not '" +
                 written + "'");
        }
    }
    return result;
}

send_piece line_parser::piece() {
    send_piece result;
    if (!take_word("raw")) {
        result.packet = packet(on_send);
        return result;
    }
    result.raw = true;
    while (!done() && !is_sign("&")) {
        result.tokens.push_back(raw());
    }
    if (result.tokens.empty()) {
        fail("expected bytes after raw", true);
    }
    return result;
}

void line_parser::send(step *out) {
    out->kind = step_kind::send;
    out->text = take_word("text");
    if (!out->text && take_word("split")) {
        out->split = 1;
        uint64_t count = 0;
        if (at_ < tokens_.size() && parse_number(tokens_[at_].spelling, &count)) {
            at_++;
            out->split = static_cast<unsigned>(std::clamp<uint64_t>(count, 1, 65535));
        }
    }
    do {
        out->pieces.push_back(piece());
    } while (!failed() && take_sign("&"));
}

expect_item line_parser::item() {
    expect_item result;
    if (take_word("close")) {
        result.what = expect_item::kind::close;
    } else if (take_word("nothing")) {
        result.what = expect_item::kind::nothing;
        if (at_duration()) {
            result.duration_ms = duration();
        }
    } else if (take_word("end")) {
        result.what = expect_item::kind::end;
        result.packet.type = packet_type::disconnect;
        if (is_word("reason")) {
            field(&result.packet, on_expect);
        }
    } else {
        result.packet = packet(on_expect);
    }
    return result;
}

void line_parser::alternatives(step *out) {
    do {
        alternative next;
        do {
            if (!next.items.empty() && next.items.back().what == expect_item::kind::end) {
                fail("expected nothing more after 'end'");
            }
            next.items.push_back(item());
        } while (!failed() && take_sign("&"));
        out->alternatives.push_back(std::move(next));
    } while (!failed() && take_sign("|"));
    within(out);
}

void line_parser::within(step *out) {
    if (!failed() && take_word("within")) {
        out->within_ms = duration();
    }
}

std::optional<uint64_t> line_parser::close_of_block() {
    step holder;
    take_sign("}");
    within(&holder);
    expect_end();
    return holder.within_ms;
}

// either A B as W L < …
void line_parser::either(step *out) {
    while (!failed() && !is_word("as") && !is_sign("<")) {
        out->clients.push_back(client());
    }
    if (take_word("as")) {
        while (!failed() && !is_sign("<")) {
            out->aliases.push_back(client());
        }
        if (!failed() && out->aliases.size() != out->clients.size()) {
            fail("expected as many names after 'as' as clients before it");
        }
    }
    if (!failed() && out->clients.size() < 2) {
        fail("expected at least two clients after 'either'");
    }
    if (!failed() && !take_sign("<")) {
        fail("expected <", true);
    }
    if (!failed()) {
        out->kind = step_kind::expect;
        alternatives(out);
    }
}

void line_parser::repeat(step *out) {
    out->kind = step_kind::repeat;
    out->count = number_operand("how often to repeat");
    if (!failed() && take_word("as")) {
        out->counter = variable_name();
    }
    if (!failed() && !take_sign("{")) {
        fail("expected {", true);
    }
}

void line_parser::expectation(parsed_step *out) {
    if (take_word("unordered")) {
        out->step.kind = step_kind::unordered;
        out->opens_block = true;
        if (!take_sign("{")) {
            fail("expected {", true);
        }
        return;
    }
    out->step.kind = step_kind::expect;
    alternatives(&out->step);
}

// The steps that are one word and fields. True if the line is one of them.
bool line_parser::one_word(step *out) {
    for (const plain_row &row : plain_verbs) {
        if (take_word(row.word)) {
            out->kind = row.kind;
            return true;
        }
    }
    for (const verb_row &row : verbs) {
        if (!take_word(row.word)) {
            continue;
        }
        out->kind = row.kind;
        packet_spec spec;
        spec.type = row.type;
        while (!done() && !is_word("within")) {
            field(&spec, row.use);
        }
        within(out);
        out->packets.push_back(std::move(spec));
        return true;
    }
    return false;
}

void line_parser::verb(parsed_step *out) {
    out->step.clients.push_back(client());
    if (failed()) {
        return;
    }
    if (take_sign(">")) {
        send(&out->step);
    } else if (take_sign("<")) {
        expectation(out);
    } else if (take_word("ignore")) {
        out->step.kind = step_kind::ignore;
        out->step.packets.push_back(packet(on_expect));
    } else if (take_word("drain")) {
        out->step.kind = step_kind::drain;
        out->step.duration_ms = duration();
    } else if (!one_word(&out->step)) {
        fail("expected >, <, open, close, abort, connect, subscribe, unsubscribe, publish, "
             "receive, "
             "disconnect, ping, ignore or drain after the client's name",
             true);
    }
}

parsed_step line_parser::whole_step() {
    parsed_step result;
    if (take_word("given:")) {
        result.step.given = true;
    } else if (take_word("lenient:")) {
        result.graded = grade::lenient;
    } else if (take_word("undefined:")) {
        result.graded = grade::undefined;
    }
    if (take_word("wait")) {
        result.step.kind = step_kind::wait;
        result.step.duration_ms = duration();
    } else if (take_word("repeat")) {
        repeat(&result.step);
        result.opens_block = true;
    } else if (take_word("either")) {
        either(&result.step);
    } else {
        result.step.optional = take_word("optional");
        verb(&result);
    }
    expect_end();
    if (!failed() && (result.graded || result.step.optional) &&
        result.step.kind != step_kind::expect) {
        fail("only an expectation with < can be optional or graded");
    }
    result.error = error_;
    return result;
}

} // namespace

parsed_step line_parse_step(const logical_line &line) {
    line_parser parser(line);
    parsed_step result = parser.whole_step();
    result.step.line = line.number;
    result.step.source = line.source;
    for (alternative &each : result.step.alternatives) {
        each.grade = result.graded.value_or(grade::pass);
    }
    return result;
}

packet_spec line_parse_packet(const logical_line &line, std::string *error) {
    line_parser parser(line);
    packet_spec result = parser.packet(on_expect);
    parser.expect_end();
    *error = parser.error();
    return result;
}

std::optional<uint64_t> line_parse_close(const logical_line &line, std::string *error) {
    line_parser parser(line);
    const std::optional<uint64_t> result = parser.close_of_block();
    *error = parser.error();
    return result;
}

} // namespace conformance
