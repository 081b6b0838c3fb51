// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// libella-conformance: chooses cases, runs them against one broker, and reports; or hands over to
// the grid. It refuses to know the language and the wire.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "conformance/catalog.h"
#include "conformance/grid.h"
#include "conformance/options.h"
#include "conformance/output.h"
#include "conformance/pool.h"
#include "conformance/report.h"
#include "conformance/tcp_world.h"

namespace {

using namespace conformance;

constexpr int exit_pass = 0;
constexpr int exit_failures = 1;
constexpr int exit_usage = 2;

int complain(const std::string &what) {
    fprintf(stderr, "libella-conformance: %s\n", what.c_str());
    return exit_usage;
}

void print_list(const std::vector<test_case> &cases) {
    for (const test_case &each : cases) {
        printf("%s  %s", each.address().c_str(), script_version_name(each.version));
        for (const std::string &id : each.cites) {
            printf(" %s", id.c_str());
        }
        for (size_t i = 0; i < each.needs.size(); i++) {
            printf("%s%s", i == 0 ? "  needs " : " ", each.needs[i].c_str());
        }
        printf("%s\n", each.alone ? "  alone" : "");
        if (!each.title.empty()) {
            printf("    %s\n", each.title.c_str());
        }
    }
}

// One connection, so that a wrong address is one message and not a thousand inconclusive cases.
std::string broker_answers(const options &wanted, const transport &way) {
    tcp_world probe(wanted.address, {}, way);
    std::string error;
    const int connection = probe.open("", &error);
    if (connection < 0) {
        return "no connection to the broker: " + error;
    }
    probe.abort(connection);
    return {};
}

// False with a message on stderr if one can't be written.
bool write_files(const std::vector<report_row> &rows, const options &wanted, uint64_t ms) {
    report_facts facts;
    facts.broker = wanted.broker;
    facts.date = output_date();
    facts.duration_ms = ms;
    std::string error;
    if (!wanted.junit.empty()) {
        output_write(wanted.junit, report_junit(rows, wanted.strict), &error);
    }
    if (!wanted.json.empty()) {
        output_write(wanted.json, report_json(rows, wanted.broker), &error);
    }
    if (!wanted.tap.empty()) {
        output_write(wanted.tap, report_tap(rows, wanted.strict), &error);
    }
    if (!wanted.html.empty()) {
        output_write(wanted.html, report_html(rows, facts), &error);
    }
    return error.empty() || complain(error) == exit_pass;
}

int run_cases(const std::vector<test_case> &cases, const options &wanted, const transport &way) {
    const bool terminal = isatty(STDOUT_FILENO) != 0;
    FILE *progress = terminal && isatty(STDERR_FILENO) != 0 ? stderr : nullptr;
    report_tree tree(stdout, progress, terminal, wanted.strict, cases.size());
    std::vector<report_row> rows;
    bool failed = false;
    const auto begin = std::chrono::steady_clock::now();
    pool_run(
        cases, wanted.pool,
        [&] { return std::make_unique<tcp_world>(wanted.address, wanted.needs, way); },
        [&](size_t index, const case_result &result) {
            rows.push_back({&cases[index], result});
            tree.add(rows.back());
            failed = failed || report_failed(result.verdict, wanted.strict);
            if (result.verdict == verdict::pass && wanted.html.empty()) {
                rows.back().result.log.clear();
            }
        },
        [&](size_t done) { tree.advance(done); });
    const auto elapsed = std::chrono::steady_clock::now() - begin;
    const auto ms = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
    tree.finish(rows, ms);
    if (!write_files(rows, wanted, ms)) {
        return exit_usage;
    }
    return failed ? exit_failures : exit_pass;
}

int run(const std::vector<test_case> &cases, options wanted) {
    transport way;
    std::string error;
    if (wanted.tls) {
        way.tls = tls_settings_make(wanted.certificates, &error);
    }
    if (wanted.websocket) {
        way.websocket_path = wanted.websocket_path;
    }
    error = error.empty() ? broker_answers(wanted, way) : error;
    if (!error.empty()) {
        return complain(error);
    }
    wanted.pool.run_prefix = pool_random_prefix();
    return run_cases(cases, wanted, way);
}

} // namespace

int main(int argc, char **argv) {
    const options wanted = options_parse(std::vector<std::string>(argv + 1, argv + argc));
    if (!wanted.error.empty()) {
        return complain(wanted.error + "\nTry --help.");
    }
    if (wanted.help) {
        printf("%s", options_help().c_str());
        return exit_pass;
    }
    const script all = wanted.cases.empty() ? catalog_embedded() : catalog_folder(wanted.cases);
    for (const std::string &error : all.errors) {
        fprintf(stderr, "%s\n", error.c_str());
    }
    if (!all.errors.empty()) {
        return exit_usage;
    }
    std::string error;
    const std::vector<test_case> cases = options_choose(all.cases, wanted, &error);
    if (!error.empty()) {
        return complain(error);
    }
    if (wanted.list) {
        print_list(cases);
        return exit_pass;
    }
    if (wanted.grid) {
        return grid_run(all.cases, cases, wanted, &error) ? exit_pass : complain(error);
    }
    return run(cases, wanted);
}
