// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Files of the scenario language: headers, blocks, grades that join an expectation, and the check
// that every variable is captured before it is used. Lines are the business of script_line.cc.

#include "conformance/script.h"

#include <algorithm>
#include <set>
#include <utility>

#include "conformance/script_line.h"

namespace conformance {
namespace {

constexpr size_t errors_max = 20;

// --- variables
// ---------------------------------------------------------------------------------------

// Follows a case and remembers what is captured. The name of the first variable used too early is
// kept.
class variable_check {
  public:
    void steps(const std::vector<step> &list) {
        for (const step &each : list) {
            one(each);
        }
    }
    const std::string &missing() const { return missing_; }
    unsigned line() const { return line_; }

  private:
    void use(const std::string &name) {
        if (known_.count(name) == 0 && missing_.empty()) {
            missing_ = name;
            line_ = current_;
        }
    }

    void use(const text_template &parts) {
        for (const text_part &part : parts) {
            if (part.what == text_part::kind::variable) {
                use(part.bytes);
            }
        }
    }

    void use(const operand &content) {
        if (content.what == operand::kind::variable) {
            use(content.variable);
        }
        use(content.bytes);
        use(content.second);
    }

    static bool captures(const field_spec &field) {
        return field.compare == comparison::equal && field.operands.size() == 1 &&
               field.operands[0].what == operand::kind::variable && field.operands[0].offset == 0;
    }

    void sent(const packet_spec &packet) {
        for (const field_spec &field : packet.fields) {
            for (const operand &content : field.operands) {
                use(content);
            }
        }
    }

    void expected(const packet_spec &packet) {
        for (const field_spec &field : packet.fields) {
            if (captures(field)) {
                known_.insert(field.operands[0].variable);
                continue;
            }
            for (const operand &content : field.operands) {
                use(content);
            }
        }
    }

    void piece(const send_piece &each) {
        sent(each.packet);
        for (const raw_token &token : each.tokens) {
            use(token.content);
        }
    }

    void one(const step &each) {
        current_ = each.line;
        for (const send_piece &next : each.pieces) {
            piece(next);
        }
        for (const alternative &next : each.alternatives) {
            for (const expect_item &item : next.items) {
                expected(item.packet);
            }
        }
        const bool expects = each.kind == step_kind::unordered || each.kind == step_kind::ignore ||
                             each.kind == step_kind::receive;
        for (const packet_spec &packet : each.packets) {
            expects ? expected(packet) : sent(packet);
        }
        if (each.kind == step_kind::repeat) {
            use(each.count);
            if (!each.counter.empty()) {
                known_.insert(each.counter);
            }
            steps(each.body);
        }
    }

    std::set<std::string> known_;
    std::string missing_;
    unsigned line_ = 0;
    unsigned current_ = 0;
};

// --- files
// -------------------------------------------------------------------------------------------

bool is_case_name(std::string_view name) {
    return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                                std::string_view::npos;
}

class file_parser {
  public:
    file_parser(const std::string &file, std::string_view contents) : file_(file) {
        lines_ = lexer_lines(file, contents, &out_.errors);
        place();
    }

    script run() {
        while (at_ < lines_.size() && out_.errors.size() < errors_max) {
            const logical_line &line = lines_[at_];
            if (is_word(line, "case")) {
                begin_case(line);
                at_++;
            } else if (out_.cases.empty()) {
                error(line.number, "expected 'case NAME' before anything else");
                at_++;
            } else if (!header(line)) {
                steps(&out_.cases.back().steps, false);
            } else {
                at_++;
            }
        }
        finish_case();
        return std::move(out_);
    }

  private:
    static bool is_word(const logical_line &line, std::string_view word) {
        return line.tokens[0].kind == token_kind::word && line.tokens[0].spelling == word;
    }

    void error(unsigned line, const std::string &message) {
        out_.errors.push_back(file_ + ":" + std::to_string(line) + ": " + message);
    }

    // Folder and section from the end of the path.
    void place() {
        const size_t slash = file_.rfind('/');
        const std::string base = slash == std::string::npos ? file_ : file_.substr(slash + 1);
        const std::string path = slash == std::string::npos ? "" : file_.substr(0, slash);
        folder_ = path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
        section_ = base.substr(0, base.find('_'));
        const bool section =
            !section_.empty() && section_.find_first_not_of("0123456789.") == std::string::npos;
        if ((folder_ != "v3" && folder_ != "v5") || !section) {
            error(1, "expected a file such as v5/3.1.2_connect_flags.case");
        }
    }

    void begin_case(const logical_line &line) {
        finish_case();
        test_case next;
        next.folder = folder_;
        next.section = section_;
        next.file = file_;
        next.line = line.number;
        if (line.tokens.size() != 2 || !is_case_name(line.tokens[1].spelling)) {
            error(line.number,
                  "expected 'case NAME', the name in lower-case letters, digits and _");
        } else {
            next.name = line.tokens[1].spelling;
        }
        for (const test_case &other : out_.cases) {
            if (other.name == next.name) {
                error(line.number, "the case " + next.name + " exists already in line " +
                                       std::to_string(other.line));
            }
        }
        out_.cases.push_back(std::move(next));
    }

    // What can only be said when the whole case is known.
    void finish_case() {
        if (out_.cases.empty()) {
            return;
        }
        test_case &last = out_.cases.back();
        if (last.cites.empty()) {
            error(last.line,
                  "expected a line 'cites' with at least one statement in case " + last.name);
        } else if (last.version == 0) {
            last.version = last.cites[0].rfind("v5/", 0) == 0 ? 5 : 4;
        }
        // A line that could not be read would be blamed a second time below.
        if (!out_.errors.empty()) {
            return;
        }
        if (last.steps.empty()) {
            error(last.line, "expected at least one step in case " + last.name);
        }
        for (const std::string &need : last.needs) {
            if (script_need(need)->kind == need_kind::announced && last.version < 5) {
                error(last.line,
                      "the need " + need + " is read from a CONNACK of 5.0, this case is older");
            }
        }
        check_frames(last);
        variable_check check;
        check.steps(last.steps);
        if (!check.missing().empty()) {
            error(check.line(), "$" + check.missing() + " is used, but nothing above captures it");
        }
    }

    void check_frames(const test_case &last) {
        const bool frames =
            std::find(last.needs.begin(), last.needs.end(), "websocket") != last.needs.end();
        for (const step &each : last.steps) {
            if (each.text && !frames) {
                error(each.line, "a text frame can only be sent in a case that needs websocket");
            }
        }
    }

    bool header(const logical_line &line) {
        const bool known = is_word(line, "title") || is_word(line, "cites") ||
                           is_word(line, "needs") || is_word(line, "version") ||
                           is_word(line, "alone");
        if (!known) {
            return false;
        }
        test_case &last = out_.cases.back();
        if (!last.steps.empty()) {
            error(line.number, "headers stand before the first step of a case");
        } else if (is_word(line, "title")) {
            title(line, &last);
        } else if (is_word(line, "cites")) {
            words(line, &last.cites);
            check_citations(line, last);
        } else if (is_word(line, "needs")) {
            words(line, &last.needs);
            check_needs(line, last);
        } else if (is_word(line, "version")) {
            version(line, &last);
        } else {
            last.alone = true;
        }
        return true;
    }

    void title(const logical_line &line, test_case *last) {
        if (line.tokens.size() != 2 || line.tokens[1].kind != token_kind::string) {
            error(line.number, "expected 'title' and one string");
            return;
        }
        for (const text_part &part : line.tokens[1].text) {
            last->title += part.what == text_part::kind::prefix ? "~" : part.bytes;
        }
    }

    void words(const logical_line &line, std::vector<std::string> *out) {
        for (size_t i = 1; i < line.tokens.size(); i++) {
            if (line.tokens[i].kind != token_kind::word) {
                error(line.number, "expected words, separated by blanks");
                return;
            }
            out->push_back(line.tokens[i].spelling);
        }
    }

    void check_citations(const logical_line &line, const test_case &last) {
        for (const std::string &id : last.cites) {
            const bool version = id.rfind("v3/", 0) == 0 || id.rfind("v5/", 0) == 0;
            if (!version || id.find('-') == std::string::npos) {
                error(line.number, "expected a statement such as v5/3.1.2-4, not '" + id + "'");
            }
        }
    }

    void check_needs(const logical_line &line, test_case &last) {
        for (size_t i = 0; i < last.needs.size();) {
            if (script_need(last.needs[i]) == nullptr) {
                error(line.number,
                      "'" + last.needs[i] + "' is not one of the needs: " + need_names());
                last.needs.erase(last.needs.begin() + static_cast<ptrdiff_t>(i));
            } else {
                i++;
            }
        }
    }

    static std::string need_names() {
        std::string names;
        for (const need_info &row : script_needs()) {
            names += names.empty() ? row.name : std::string(", ") + row.name;
        }
        return names;
    }

    void version(const logical_line &line, test_case *last) {
        last->version = line.tokens.size() == 2 ? script_version(line.tokens[1].spelling) : 0;
        if (last->version == 0) {
            error(line.number, "expected 'version 3.1', 'version 3.1.1' or 'version 5.0'");
        }
    }

    // Steps until the next case, or inside a block until its brace.
    void steps(std::vector<step> *out, bool in_block) {
        while (at_ < lines_.size() && out_.errors.size() < errors_max) {
            const logical_line &line = lines_[at_];
            const bool brace =
                line.tokens[0].kind == token_kind::sign && line.tokens[0].spelling == "}";
            if (is_word(line, "case") || (brace && in_block) || (!in_block && header(line))) {
                if (!is_word(line, "case") && !brace) {
                    at_++;
                    continue;
                }
                return;
            }
            at_++;
            parsed_step parsed = line_parse_step(line);
            if (!parsed.error.empty()) {
                error(line.number, parsed.error);
            }
            if (parsed.opens_block && !block(line, &parsed.step)) {
                return;
            }
            if (parsed.error.empty()) {
                add(std::move(parsed), out);
            }
        }
    }

    bool block(const logical_line &opening, step *holder) {
        if (holder->kind == step_kind::repeat) {
            steps(&holder->body, true);
        } else {
            block_of_packets(holder);
        }
        const bool closed = at_ < lines_.size() && !is_word(lines_[at_], "case");
        if (!closed) {
            error(opening.number, "the block is not closed: expected }");
            return false;
        }
        std::string message;
        holder->within_ms = line_parse_close(lines_[at_], &message);
        if (!message.empty()) {
            error(lines_[at_].number, message);
        }
        at_++;
        return true;
    }

    void block_of_packets(step *holder) {
        while (at_ < lines_.size() && !is_word(lines_[at_], "case")) {
            const logical_line &line = lines_[at_];
            if (line.tokens[0].kind == token_kind::sign && line.tokens[0].spelling == "}") {
                return;
            }
            std::string message;
            holder->packets.push_back(line_parse_packet(line, &message));
            if (!message.empty()) {
                error(line.number, message);
            }
            at_++;
        }
    }

    // A graded line adds its alternatives to the expectation just above.
    void add(parsed_step parsed, std::vector<step> *out) {
        if (!parsed.graded) {
            out->push_back(std::move(parsed.step));
            return;
        }
        const bool joins = !out->empty() && out->back().kind == step_kind::expect &&
                           out->back().clients == parsed.step.clients;
        if (!joins && *parsed.graded == grade::lenient) {
            error(parsed.step.line,
                  "lenient: adds to an expectation: expected one of the same client just above");
        } else if (!joins) {
            out->push_back(std::move(parsed.step));
        } else {
            step &above = out->back();
            std::move(parsed.step.alternatives.begin(), parsed.step.alternatives.end(),
                      std::back_inserter(above.alternatives));
            above.source += " / " + parsed.step.source;
            if (parsed.step.within_ms) {
                above.within_ms = parsed.step.within_ms;
            }
        }
    }

    std::string file_;
    std::string folder_;
    std::string section_;
    std::vector<logical_line> lines_;
    size_t at_ = 0;
    script out_;
};

} // namespace

std::string test_case::address() const {
    return folder + "/" + section + "/" + name;
}

script script_parse(const std::string &file, std::string_view contents) {
    return file_parser(file, contents).run();
}

const std::vector<need_info> &script_needs() {
    static const std::vector<need_info> rows = {
        {"qos1", need_kind::feature},
        {"qos2", need_kind::feature},
        {"retain", need_kind::feature},
        {"wildcard", need_kind::feature},
        {"subscription_identifiers", need_kind::feature},
        {"shared_subscriptions", need_kind::feature},
        {"topic_alias", need_kind::announced},
        {"topic_alias_limit", need_kind::announced},
        {"receive_maximum", need_kind::announced},
        {"maximum_packet_size", need_kind::announced},
        {"server_keep_alive", need_kind::announced},
        {"session_expiry_limit", need_kind::announced},
        {"no_qos2", need_kind::announced},
        {"no_retain", need_kind::announced},
        {"no_wildcard", need_kind::announced},
        {"no_subscription_identifiers", need_kind::announced},
        {"no_shared_subscriptions", need_kind::announced},
        {"auth", need_kind::configuration},
        {"no_anonymous", need_kind::configuration},
        {"acl", need_kind::configuration},
        {"extended_auth", need_kind::configuration},
        {"empty_id_refused", need_kind::configuration},
        {"sys_topics", need_kind::configuration},
        {"connect_timeout", need_kind::configuration},
        {"offline_qos0", need_kind::configuration},
        {"virtual_time", need_kind::configuration},
        {"websocket", need_kind::transport},
    };
    return rows;
}

const need_info *script_need(std::string_view name) {
    for (const need_info &row : script_needs()) {
        if (name == row.name) {
            return &row;
        }
    }
    return nullptr;
}

unsigned script_version(std::string_view name) {
    if (name == "3.1") {
        return 3;
    }
    if (name == "3.1.1") {
        return 4;
    }
    return name == "5.0" || name == "5" ? 5 : 0;
}

const char *script_version_name(unsigned version) {
    return version == 3 ? "3.1" : version == 4 ? "3.1.1" : "5.0";
}

} // namespace conformance
