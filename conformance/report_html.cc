// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// One run as a page: totals, every statement, every case with its wire log. See report.h.

#include <algorithm>
#include <array>
#include <cstdio>

#include "conformance/html.h"
#include "conformance/report.h"
#include "conformance/statements.h"

namespace conformance {
namespace {

constexpr size_t other_bytes_max = 256; // of each packet in the log of a case that did not pass

const char *folder_title(const std::string &folder) {
    return folder == "v5" ? "MQTT 5.0" : "MQTT 3.1.1 and 3.1";
}

std::string heading(const std::string &chapter) {
    const std::string title = statement_chapter_title(chapter);
    return std::string(folder_title(chapter.substr(0, chapter.find('/')))) + ": " +
           chapter.substr(chapter.find('/') + 1) + (title.empty() ? "" : " " + title);
}

std::string case_link(const report_row &row) {
    const test_case &scenario = *row.scenario;
    const bool passed = row.result.verdict == verdict::pass;
    return "<a href=\"#" + escaped(scenario.address()) + "\"" +
           (passed ? ">" : " class=\"chip " + html_class(row.result.verdict) + "\">") +
           (passed ? "" : html_sign(row.result.verdict) + std::string(" ")) +
           escaped(scenario.name) + "</a> ";
}

std::string remark_of(const report_facts &facts, const std::string &key) {
    const auto found = facts.remarks.find(key);
    return found == facts.remarks.end() ? std::string()
                                        : "<p class=remark>" + escaped(found->second) + "</p>\n";
}

std::string statement_row(const report_statement &statement, const std::vector<report_row> &rows,
                          const report_facts &facts) {
    const statement_info *info = statement_find(statement.id);
    std::string out = "<tr class=\"row " + html_class(statement.verdict) + "\" id=\"s-" +
                      escaped(statement.id) + "\"><td class=id>" + escaped(statement.id) + "<td>" +
                      html_chip(statement.verdict) + "<td>";
    if (info != nullptr) {
        out +=
            std::string("<span class=dim>") + info->keyword + "</span> " + escaped(info->summary);
    }
    out += remark_of(facts, statement.id) + "<br>";
    for (const size_t index : statement.rows) {
        out += case_link(rows[index]);
    }
    return out + "</tr>\n";
}

std::string statements_part(const std::vector<report_row> &rows, const report_facts &facts) {
    std::string out = "<h2>Statements</h2>\n";
    std::string chapter;
    for (const report_statement &statement : report_statements(rows)) {
        const std::string next = statement_chapter(statement.id);
        if (next != chapter) {
            out += chapter.empty() ? "" : "</table>\n";
            out += "<h3>" + escaped(heading(next)) + "</h3>\n<table class=statements>\n";
            chapter = next;
        }
        out += statement_row(statement, rows, facts);
    }
    return out + (chapter.empty() ? "" : "</table>\n");
}

std::string cites_line(const test_case &scenario) {
    std::string out = "<p class=dim>cites";
    for (const std::string &id : scenario.cites) {
        out += " <a href=\"#s-" + escaped(id) + "\">" + escaped(id) + "</a>";
    }
    for (size_t i = 0; i < scenario.needs.size(); i++) {
        out += (i == 0 ? " · needs " : " ") + scenario.needs[i];
    }
    return out + "</p>\n";
}

std::string case_part(const report_row &row, const report_facts &facts) {
    const test_case &scenario = *row.scenario;
    const case_result &result = row.result;
    const std::string name = html_class(result.verdict);
    std::string out = "<details class=\"row " + name + "\"><summary>" + html_chip(result.verdict) +
                      "<code>" + escaped(scenario.name) + "</code>";
    if (!scenario.title.empty()) {
        out += "<span class=title>" + escaped(scenario.title) + "</span>";
    }
    out += "</summary><div class=inside id=\"" + escaped(scenario.address()) + "\">\n" +
           cites_line(scenario) + remark_of(facts, scenario.address());
    if (!result.reason.empty()) {
        const unsigned line = result.line == 0 ? scenario.line : result.line;
        out += "<p class=dim>" + escaped(scenario.file) + ":" + std::to_string(line) +
               "</p><pre>" + escaped(result.reason) + "</pre>\n";
    }
    const bool passed = result.verdict == verdict::pass;
    return out + html_log(result.log, passed ? facts.pass_bytes_max : other_bytes_max) +
           "</div></details>\n";
}

std::string cases_part(const std::vector<report_row> &rows, const report_facts &facts) {
    std::string out = "<h2>Cases</h2>\n";
    std::string section;
    for (const report_row &row : rows) {
        const std::string next = row.scenario->folder + "/" + row.scenario->section;
        if (next != section) {
            section = next;
            out += "<h3>" + escaped(section) + "</h3>\n";
        }
        out += case_part(row, facts);
    }
    return out;
}

std::string facts_line(const report_facts &facts) {
    std::array<char, 32> seconds{};
    std::snprintf(seconds.data(), seconds.size(), "%.1f s",
                  static_cast<double>(facts.duration_ms) / 1000.0);
    std::string out = "<p class=dim>";
    out += facts.version.empty() ? "" : escaped(facts.version) + " · ";
    out += escaped(facts.date) + " · " + seconds.data();
    if (!facts.home.empty()) {
        out += " · <a href=\"" + escaped(facts.home) + "\">all brokers</a>";
    }
    out += "</p>\n";
    for (const std::string &note : facts.notes) {
        out += "<p class=remark>" + escaped(note) + "</p>\n";
    }
    return out;
}

} // namespace

std::vector<report_statement> report_statements(const std::vector<report_row> &rows) {
    const report_totals totals = report_count(rows);
    std::map<std::string, std::vector<size_t>> citing;
    std::vector<std::string> ids;
    for (size_t i = 0; i < rows.size(); i++) {
        for (const std::string &id : rows[i].scenario->cites) {
            if (totals.statements.count(id) == 0) {
                continue;
            }
            if (citing[id].empty()) {
                ids.push_back(id);
            }
            citing[id].push_back(i);
        }
    }
    statement_sort(&ids);
    std::vector<report_statement> statements;
    for (const std::string &id : ids) {
        statements.push_back({id, totals.statements.at(id), citing[id]});
    }
    return statements;
}

size_t report_witness(const report_statement &statement, const std::vector<report_row> &rows) {
    const auto found =
        std::find_if(statement.rows.begin(), statement.rows.end(), [&](size_t index) {
            return rows[index].result.verdict == statement.verdict;
        });
    return found == statement.rows.end() ? statement.rows.front() : *found;
}

std::string report_html(const std::vector<report_row> &rows, const report_facts &facts) {
    const report_totals totals = report_count(rows);
    std::array<size_t, verdict_count> statements{};
    for (const auto &[id, outcome] : totals.statements) {
        statements[static_cast<size_t>(outcome)]++;
    }
    return html_begin("MQTT conformance of " + facts.broker) + "<header><h1>MQTT conformance of " +
           escaped(facts.broker) + "</h1>\n" + facts_line(facts) +
           html_totals("statements", statements) + html_totals("cases", totals.cases) +
           "</header>\n" + html_filters() + "<main>\n" + statements_part(rows, facts) +
           cases_part(rows, facts) + "</main>\n" + html_end();
}

} // namespace conformance
