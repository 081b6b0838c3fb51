// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The comparison in short, as Markdown. See grid.h.

#include <algorithm>
#include <numeric>

#include "conformance/grid.h"
#include "conformance/statements.h"

namespace conformance {
namespace {

constexpr const char *folders[] = {"v3", "v5"};

// Text in which Markdown finds nothing to interpret, on one line.
std::string plain(const std::string &text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("\\|<>*_[]`").find(c) != std::string_view::npos) {
            out += '\\';
        }
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

std::string header(const std::string &first, const std::vector<grid_column> &columns) {
    std::string names = "| " + first + " |";
    std::string rule = "|---|";
    for (const grid_column &column : columns) {
        names += " " + plain(column.facts.broker) + " |";
        rule += "---|";
    }
    return names + "\n" + rule + "\n";
}

std::string total(const std::array<size_t, verdict_count> &counts) {
    const size_t skipped = counts[static_cast<size_t>(verdict::not_supported)];
    const size_t asked = std::accumulate(counts.begin(), counts.end(), size_t{0}) - skipped;
    const size_t bad = counts[static_cast<size_t>(verdict::fail)] +
                       counts[static_cast<size_t>(verdict::inconclusive)];
    return asked == 0 ? "–" : std::to_string(asked - bad) + " of " + std::to_string(asked);
}

std::string brokers_part(const std::vector<grid_column> &columns) {
    std::string out = "| broker | version |";
    std::string rule = "|---|---|";
    for (size_t i = verdict_count; i > 0; i--) {
        out += std::string(" ") + verdict_name(static_cast<verdict>(i - 1)) + " |";
        rule += "---|";
    }
    out += "\n" + rule + "\n";
    for (const grid_column &column : columns) {
        out += "| [" + plain(column.facts.broker) + "](" + column.broker.name + ".html) | " +
               plain(column.facts.version) + " |";
        const report_totals totals = report_count(column.rows);
        for (size_t i = verdict_count; i > 0; i--) {
            out += " " + std::to_string(totals.cases[i - 1]) + " |";
        }
        out += "\n";
    }
    return out;
}

std::string chapters_part(const std::vector<grid_column> &columns) {
    std::string out;
    for (const std::string folder : folders) {
        const std::vector<std::string> chapters = grid_chapters(columns[0], folder);
        if (chapters.empty()) {
            continue;
        }
        out += std::string("\n## ") + (folder == "v5" ? "MQTT 5.0" : "MQTT 3.1.1 and 3.1") +
               ", statements kept of those asked\n\n" + header("chapter", columns);
        for (const std::string &chapter : chapters) {
            out += "| " + chapter.substr(3) + " " + statement_chapter_title(chapter) + " |";
            for (const grid_column &column : columns) {
                out += " " + total(grid_count(column, chapter)) + " |";
            }
            out += "\n";
        }
    }
    return out;
}

std::string failure(const grid_column &column, const report_row &row) {
    const test_case &scenario = *row.scenario;
    std::string out = "- [" + plain(scenario.address()) + "](" + column.broker.name + ".html#" +
                      scenario.address() + ")";
    out += row.result.verdict == verdict::fail ? "" : " (inconclusive)";
    for (const std::string &id : scenario.cites) {
        out += " " + id;
    }
    out += scenario.title.empty() ? "" : "\\\n  " + plain(scenario.title) + ".";
    out += "\\\n  " + plain(row.result.reason);
    const auto remark = column.broker.remarks.find(scenario.address());
    out += remark == column.broker.remarks.end() ? "" : "\\\n  *" + plain(remark->second) + "*";
    return out + "\n";
}

std::string failures_part(const grid_column &column) {
    std::string notes;
    for (const std::string &note : column.facts.notes) {
        notes += plain(note) + ".\n\n";
    }
    std::string list;
    for (const report_row &row : column.rows) {
        if (report_failed(row.result.verdict, false)) {
            list += failure(column, row);
        }
    }
    return "\n## What " + plain(column.facts.broker) + " did not keep\n\n" + notes +
           (list.empty() ? "Nothing of what was asked.\n" : list);
}

} // namespace

std::string grid_markdown(const std::vector<grid_column> &columns) {
    std::string out = "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
                      "<!-- Copyright The Libella authors -->\n"
                      "<!-- Written by libella-conformance grid; do not edit. -->\n"
                      "# MQTT conformance of brokers, " +
                      columns[0].facts.date + "\n\n" + std::to_string(columns[0].rows.size()) +
                      " cases, which show " + std::to_string(columns[0].statements.size()) +
                      " statements. [index.html](index.html) has them all, with the wire log of "
                      "every case.\nCases, by verdict:\n\n" +
                      brokers_part(columns) + chapters_part(columns);
    for (const grid_column &column : columns) {
        out += failures_part(column);
    }
    return out;
}

} // namespace conformance
