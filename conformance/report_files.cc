// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// JUnit XML, JSON and TAP. See report.h. The logs of cases that passed are left out.

#include <array>
#include <utility>

#include "conformance/html.h"
#include "conformance/report.h"

namespace conformance {
namespace {

std::string json(const std::string &text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
            out += escape.data();
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string json_list(const std::vector<std::string> &items) {
    std::string out;
    for (const std::string &item : items) {
        out += (out.empty() ? "" : ", ") + json(item);
    }
    return "[" + out + "]";
}

std::string seconds(uint64_t ms) {
    std::array<char, 32> out{};
    std::snprintf(out.data(), out.size(), "%.3f", static_cast<double>(ms) / 1000.0);
    return out.data();
}

std::string json_log(const std::vector<log_entry> &log) {
    static constexpr std::array<const char *, 3> directions = {"sent", "received", "note"};
    std::string out;
    for (const log_entry &entry : log) {
        out += out.empty() ? "\n" : ",\n";
        out += "        {\"at_ms\": " + std::to_string(entry.at_ms) +
               ", \"client\": " + json(entry.client) + ", \"direction\": \"" +
               directions[static_cast<size_t>(entry.direction)] +
               "\", \"line\": " + json(entry.line) +
               ", \"bytes\": " + json(wire_hex(entry.bytes)) + "}";
    }
    return "[" + out + "]";
}

std::string json_case(const report_row &row) {
    const test_case &scenario = *row.scenario;
    const case_result &result = row.result;
    std::string out =
        "    {\"case\": " + json(scenario.address()) + ", \"title\": " + json(scenario.title) +
        ",\n      \"version\": " + json(script_version_name(scenario.version)) +
        ", \"cites\": " + json_list(scenario.cites) + ", \"needs\": " + json_list(scenario.needs) +
        ",\n      \"verdict\": " + json(verdict_name(result.verdict)) +
        ", \"duration_ms\": " + std::to_string(result.duration_ms) +
        ", \"file\": " + json(scenario.file) +
        ", \"line\": " + std::to_string(result.line == 0 ? scenario.line : result.line);
    if (result.verdict != verdict::pass) {
        out += ",\n      \"reason\": " + json(result.reason) +
               ",\n      \"log\": " + json_log(result.log);
    }
    return out + "}";
}

std::string junit_case(const report_row &row, bool strict) {
    const test_case &scenario = *row.scenario;
    const case_result &result = row.result;
    std::string out = "    <testcase classname=\"" +
                      escaped(scenario.folder + "/" + scenario.section) + "\" name=\"" +
                      escaped(scenario.name) + "\" time=\"" + seconds(result.duration_ms) +
                      "\">\n";
    const std::string message = "message=\"" + escaped(result.reason) + "\"";
    if (result.verdict == verdict::not_supported) {
        out += "      <skipped " + message + "/>\n";
    } else if (report_failed(result.verdict, strict)) {
        const char *element = result.verdict == verdict::inconclusive ? "error" : "failure";
        out += std::string("      <") + element + " type=\"" + verdict_name(result.verdict) +
               "\" " + message + "/>\n";
    }
    if (result.verdict != verdict::pass) {
        out += "      <system-out>" +
               escaped(std::string(verdict_name(result.verdict)) + "\n" +
                       runner_log_text(result.log, "")) +
               "</system-out>\n";
    }
    return out + "    </testcase>\n";
}

// A block of text in YAML: every line indented below `name: |`.
std::string yaml_block(const std::string &name, const std::string &text) {
    std::string out = "  " + name + ": |\n    ";
    for (const char c : text) {
        out += c;
        out += c == '\n' ? "    " : "";
    }
    return out.substr(0, out.find_last_not_of(" \n") + 1) + "\n";
}

std::string tap_case(size_t number, const report_row &row, bool strict) {
    const test_case &scenario = *row.scenario;
    const case_result &result = row.result;
    const bool failed = report_failed(result.verdict, strict);
    std::string out = std::string(failed ? "not ok " : "ok ") + std::to_string(number) + " - " +
                      scenario.address();
    if (result.verdict == verdict::not_supported) {
        return out + " # SKIP " + result.reason + "\n";
    }
    out += result.verdict == verdict::pass
               ? ""
               : std::string(" (") + verdict_name(result.verdict) + ")";
    if (!failed) {
        return out + "\n";
    }
    const unsigned line = result.line == 0 ? scenario.line : result.line;
    return out + "\n  ---\n  cites: " + json_list(scenario.cites) +
           "\n  at: " + json(scenario.file + ":" + std::to_string(line)) + "\n" +
           yaml_block("reason", result.reason) +
           yaml_block("log", runner_log_text(result.log, "")) + "  ...\n";
}

} // namespace

std::string report_tap(const std::vector<report_row> &rows, bool strict) {
    std::string out = "TAP version 14\n1.." + std::to_string(rows.size()) + "\n";
    for (size_t i = 0; i < rows.size(); i++) {
        out += tap_case(i + 1, rows[i], strict);
    }
    return out;
}

std::string report_junit(const std::vector<report_row> &rows, bool strict) {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    for (size_t begin = 0; begin < rows.size();) {
        size_t end = begin;
        size_t failures = 0;
        size_t errors = 0;
        size_t skipped = 0;
        std::string cases;
        const std::string file = rows[begin].scenario->file;
        for (; end < rows.size() && rows[end].scenario->file == file; end++) {
            const verdict outcome = rows[end].result.verdict;
            errors += outcome == verdict::inconclusive ? 1 : 0;
            skipped += outcome == verdict::not_supported ? 1 : 0;
            failures += report_failed(outcome, strict) && outcome != verdict::inconclusive ? 1 : 0;
            cases += junit_case(rows[end], strict);
        }
        const test_case &first = *rows[begin].scenario;
        out += "  <testsuite name=\"" + escaped(first.folder + "/" + first.section) +
               "\" tests=\"" + std::to_string(end - begin) + "\" failures=\"" +
               std::to_string(failures) + "\" errors=\"" + std::to_string(errors) +
               "\" skipped=\"" + std::to_string(skipped) + "\">\n" + cases + "  </testsuite>\n";
        begin = end;
    }
    return out + "</testsuites>\n";
}

std::string report_json(const std::vector<report_row> &rows, const std::string &broker) {
    const report_totals totals = report_count(rows);
    std::string out = "{\n  \"broker\": " + json(broker) + ",\n  \"totals\": {";
    for (size_t i = 0; i < verdict_count; i++) {
        out += (i == 0 ? "" : ", ") + json(verdict_name(static_cast<verdict>(i))) + ": " +
               std::to_string(totals.cases[i]);
    }
    out += "},\n  \"statements\": {";
    const char *comma = "\n";
    for (const auto &[id, outcome] : totals.statements) {
        out += comma + ("    " + json(id)) + ": " + json(verdict_name(outcome));
        comma = ",\n";
    }
    out += "\n  },\n  \"cases\": [";
    comma = "\n";
    for (const report_row &row : rows) {
        out += comma + json_case(row);
        comma = ",\n";
    }
    return out + "\n  ]\n}\n";
}

} // namespace conformance
