// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The tree for people. See report.h.

#include "conformance/report.h"

#include <algorithm>
#include <utility>

namespace conformance {
namespace {

struct look {
    const char *mark;
    const char *colour;
};

look look_of(verdict which) {
    static constexpr look looks[verdict_count] = {{"pass", "32"},         {"undefined", "36"},
                                                  {"lenient", "33"},      {"not supported", "90"},
                                                  {"inconclusive", "35"}, {"FAIL", "31;1"}};
    return looks[static_cast<size_t>(which)];
}

// MQTT 3.1 has none: its cases cite those of 3.1.1 that say the same, and don't speak for them.
constexpr unsigned first_version_with_statements = 4;

// For statements: a case that could not be asked says less than one that could.
unsigned weight(verdict which) {
    return which == verdict::not_supported ? 0 : static_cast<unsigned>(which) + 1;
}

std::string file_words(const std::string &file) {
    std::string words = file.substr(file.rfind('/') + 1);
    words = words.substr(0, words.rfind(".case"));
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

std::string indented(const std::string &lines, const std::string &indent) {
    std::string out = indent;
    for (const char c : lines) {
        out += c;
        if (c == '\n') {
            out += indent;
        }
    }
    return out + "\n";
}

} // namespace

report_totals report_count(const std::vector<report_row> &rows) {
    report_totals totals;
    for (const report_row &row : rows) {
        const verdict outcome = row.result.verdict;
        totals.cases[static_cast<size_t>(outcome)]++;
        if (row.scenario->version < first_version_with_statements) {
            continue;
        }
        for (const std::string &id : row.scenario->cites) {
            const auto [found, fresh] = totals.statements.insert({id, outcome});
            if (!fresh && weight(outcome) > weight(found->second)) {
                found->second = outcome;
            }
        }
    }
    return totals;
}

bool report_failed(verdict which, bool strict) {
    return which == verdict::fail || which == verdict::inconclusive ||
           (strict && which == verdict::lenient);
}

report_tree::report_tree(FILE *out, FILE *progress, bool colour, bool strict, size_t total)
    : out_(out), progress_(progress), colour_(colour), strict_(strict), total_(total) {}

std::string report_tree::paint(const char *code, const std::string &text) const {
    return colour_ ? std::string("\x1B[") + code + "m" + text + "\x1B[0m" : text;
}

void report_tree::clear_progress() {
    if (shown_) {
        std::fputs("\r\x1B[K", progress_);
        std::fflush(progress_);
        shown_ = false;
    }
}

void report_tree::advance(size_t done) {
    if (progress_ == nullptr) {
        return;
    }
    std::fprintf(progress_, "\r\x1B[K%zu of %zu", done, total_);
    std::fflush(progress_);
    shown_ = true;
}

void report_tree::add(const report_row &row) {
    clear_progress();
    const test_case &scenario = *row.scenario;
    if (scenario.folder != folder_) {
        folder_ = scenario.folder;
        std::fprintf(out_, "%s\n", paint("1", folder_).c_str());
    }
    if (scenario.file != file_) {
        file_ = scenario.file;
        std::fprintf(out_, "  %s\n", paint("1", file_words(file_)).c_str());
    }
    const look shown = look_of(row.result.verdict);
    std::string mark = shown.mark;
    mark.resize(14, ' ');
    std::fprintf(out_, "    %s%s", paint(shown.colour, mark).c_str(), scenario.name.c_str());
    if (row.result.verdict == verdict::not_supported) {
        std::fprintf(out_, "  (%s)", row.result.reason.c_str());
    }
    std::fputc('\n', out_);
    if (report_failed(row.result.verdict, strict_)) {
        details(row);
    }
    std::fflush(out_);
}

void report_tree::details(const report_row &row) {
    const test_case &scenario = *row.scenario;
    const std::string indent(8, ' ');
    std::string cites;
    for (const std::string &id : scenario.cites) {
        cites += (cites.empty() ? "" : " ") + id;
    }
    if (!scenario.title.empty()) {
        std::fprintf(out_, "%s%s\n", indent.c_str(), scenario.title.c_str());
    }
    std::fprintf(out_, "%scites %s\n", indent.c_str(), cites.c_str());
    const unsigned line = row.result.line == 0 ? scenario.line : row.result.line;
    std::fprintf(out_, "%s%s:%u\n", indent.c_str(), scenario.file.c_str(), line);
    std::fputs(indented(row.result.reason, indent).c_str(), out_);
    std::fputs(runner_log_text(row.result.log, indent).c_str(), out_);
}

void report_tree::finish(const std::vector<report_row> &rows, uint64_t duration_ms) {
    clear_progress();
    const report_totals totals = report_count(rows);
    std::array<size_t, verdict_count> statements{};
    for (const auto &[id, outcome] : totals.statements) {
        statements[static_cast<size_t>(outcome)]++;
    }
    const auto line = [&](const char *what, size_t total,
                          const std::array<size_t, verdict_count> &counts) {
        std::fprintf(out_, "%zu %s:", total, what);
        const char *comma = " ";
        for (size_t i = 0; i < counts.size(); i++) {
            if (counts[i] > 0) {
                const auto which = static_cast<verdict>(i);
                const std::string text = std::to_string(counts[i]) + " " + verdict_name(which);
                std::fprintf(out_, "%s%s", comma, paint(look_of(which).colour, text).c_str());
                comma = ", ";
            }
        }
        std::fputc('\n', out_);
    };
    std::fputc('\n', out_);
    line("cases", rows.size(), totals.cases);
    line("statements", totals.statements.size(), statements);
    std::fprintf(out_, "%.1f s\n", static_cast<double>(duration_ms) / 1000.0);
    std::fflush(out_);
}

} // namespace conformance
