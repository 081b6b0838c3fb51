// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The command line of libella-conformance: chooses cases, runs them over TCP against one broker,
// and reports. It refuses to know the language and the wire.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "conformance/catalog.h"
#include "conformance/pool.h"
#include "conformance/report.h"
#include "conformance/tcp_world.h"

namespace {

using namespace conformance;

constexpr int exit_pass = 0;
constexpr int exit_failures = 1;
constexpr int exit_usage = 2;
constexpr unsigned long jobs_max = 64;
constexpr unsigned long timeout_ms_max = 600000;

constexpr char help_text[] =
    R"(usage: libella-conformance --broker HOST:PORT [OPTIONS] [CASE or SECTION...]

Tests an MQTT broker against the statements of MQTT 3.1.1 and 5.0.

  --broker HOST:PORT  the broker; [::1]:1883 for IPv6; port 1883 if left out
  --list              print the cases that would run, and stop
  --version V         only cases for 3.1, 3.1.1 or 5.0
  --needs WORD,...    what the broker is configured for; see below
  --timeout MS        how long an expectation waits that does not say so itself (1000)
  --jobs N            cases that run at the same time, 1 to 64 (8)
  --strict            a lenient verdict counts as a failure
  --cases DIR         read case files from DIR/v3 and DIR/v5 instead of those built in
  --junit FILE        write the results as JUnit XML
  --json FILE         write the results as JSON, with wire logs
  --help              this text

Cases are named by folder (v5), section (v5/3.1), statement (v5/3.1.2-4), address
(v5/3.1.2/NAME) or name. Without any, all run.

Verdicts: pass, lenient (allowed but not recommended), undefined (the standard leaves
it open), not supported, inconclusive (the question was not reached), fail.
Exit code: 0 nothing failed, 1 failed or inconclusive, 2 usage, case file or no broker.
)";

struct options {
    std::string broker;
    tcp_address address;
    bool list = false;
    bool help = false;
    bool strict = false;
    unsigned version = 0;
    std::vector<std::string> needs;
    std::string cases;
    std::string junit;
    std::string json;
    pool_options pool;
    std::vector<std::string> selectors;
    std::string error;
};

bool parse_count(const std::string &written, unsigned long maximum, unsigned long *out) {
    const bool digits =
        !written.empty() && written.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || written.size() > 9) {
        return false;
    }
    *out = std::stoul(written);
    return *out >= 1 && *out <= maximum;
}

std::string configuration_words() {
    std::string words;
    for (const need_info &row : script_needs()) {
        if (row.kind == need_kind::configuration) {
            words += (words.empty() ? "" : ", ") + std::string(row.name);
        }
    }
    return words;
}

void parse_needs(const std::string &written, options *out) {
    std::istringstream words(written);
    for (std::string word; std::getline(words, word, ',');) {
        const need_info *need = script_need(word);
        if (need == nullptr || need->kind != need_kind::configuration) {
            out->error = "--needs: '" + word + "' is not one of " + configuration_words();
            return;
        }
        out->needs.push_back(word);
    }
}

// An option with a value. Errors go to out->error.
void parse_value(const std::string &name, const std::string &content, options *out) {
    unsigned long number = 0;
    if (name == "--broker") {
        out->broker = content;
        if (!tcp_parse_address(content, &out->address)) {
            out->error = "--broker: expected HOST:PORT, not '" + content + "'";
        }
    } else if (name == "--version") {
        out->version = script_version(content);
        if (out->version == 0) {
            out->error = "--version: expected 3.1, 3.1.1 or 5.0, not '" + content + "'";
        }
    } else if (name == "--needs") {
        parse_needs(content, out);
    } else if (name == "--timeout") {
        if (!parse_count(content, timeout_ms_max, &number)) {
            out->error =
                "--timeout: expected milliseconds, 1 to " + std::to_string(timeout_ms_max);
        }
        out->pool.timeout_ms = number;
    } else if (name == "--jobs") {
        if (!parse_count(content, jobs_max, &number)) {
            out->error = "--jobs: expected a number, 1 to " + std::to_string(jobs_max);
        }
        out->pool.jobs = static_cast<unsigned>(number);
    } else if (name == "--cases") {
        out->cases = content;
    } else if (name == "--junit") {
        out->junit = content;
    } else {
        out->json = content;
    }
}

options parse_options(const std::vector<std::string> &words) {
    static const std::vector<std::string> with_value = {
        "--broker", "--version", "--needs", "--timeout", "--jobs", "--cases", "--junit", "--json"};
    options out;
    for (size_t i = 0; i < words.size() && out.error.empty(); i++) {
        const size_t equals = words[i].find('=');
        const std::string name = words[i].substr(0, equals);
        if (name == "--list") {
            out.list = true;
        } else if (name == "--strict") {
            out.strict = true;
        } else if (name == "--help" || name == "-h") {
            out.help = true;
        } else if (std::find(with_value.begin(), with_value.end(), name) != with_value.end()) {
            if (equals == std::string::npos && i + 1 >= words.size()) {
                out.error = name + " needs a value";
            } else {
                parse_value(name,
                            equals == std::string::npos ? words[++i] : words[i].substr(equals + 1),
                            &out);
            }
        } else if (name.rfind("-", 0) == 0) {
            out.error = "unknown option " + name;
        } else {
            out.selectors.push_back(words[i]);
        }
    }
    if (out.error.empty() && out.broker.empty() && !out.list && !out.help) {
        out.error = "which broker? give --broker HOST:PORT";
    }
    return out;
}

// The cases that the options name. Empty with a message in `error` if there are none.
std::vector<test_case> choose(const std::vector<test_case> &all, const options &wanted,
                              std::string *error) {
    std::vector<test_case> chosen;
    std::vector<bool> used(wanted.selectors.size(), false);
    for (const test_case &each : all) {
        bool take = wanted.selectors.empty();
        for (size_t i = 0; i < wanted.selectors.size(); i++) {
            if (catalog_selects(wanted.selectors[i], each)) {
                used[i] = true;
                take = true;
            }
        }
        if (take && (wanted.version == 0 || wanted.version == each.version)) {
            chosen.push_back(each);
        }
    }
    for (size_t i = 0; i < used.size(); i++) {
        if (!used[i]) {
            *error = "no case is named by '" + wanted.selectors[i] + "'";
            return {};
        }
    }
    if (chosen.empty()) {
        *error = "no case of that version is named";
    }
    return chosen;
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

std::string random_prefix() {
    static constexpr char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::random_device luck;
    std::uniform_int_distribution<size_t> digit(0, 35);
    std::string out;
    for (int i = 0; i < 5; i++) {
        out += digits[digit(luck)];
    }
    return out;
}

bool write_file(const std::string &path, const std::string &contents) {
    if (path.empty()) {
        return true;
    }
    std::ofstream out(path, std::ios::binary);
    out << contents;
    out.close();
    if (!out) {
        fprintf(stderr, "libella-conformance: %s can't be written: %s\n", path.c_str(),
                strerror(errno));
    }
    return !out.fail();
}

// One connection, so that a wrong address is one message and not a thousand inconclusive cases.
bool broker_answers(const options &wanted) {
    tcp_world probe(wanted.address, {});
    std::string error;
    const int connection = probe.open("", &error);
    if (connection < 0) {
        fprintf(stderr, "libella-conformance: no connection to the broker: %s\n", error.c_str());
        return false;
    }
    probe.abort(connection);
    return true;
}

int run(const std::vector<test_case> &cases, options wanted) {
    if (!broker_answers(wanted)) {
        return exit_usage;
    }
    wanted.pool.run_prefix = random_prefix();
    const bool terminal = isatty(STDOUT_FILENO) != 0;
    FILE *progress = terminal && isatty(STDERR_FILENO) != 0 ? stderr : nullptr;
    report_tree tree(stdout, progress, terminal, wanted.strict, cases.size());
    std::vector<report_row> rows;
    bool failed = false;
    const auto begin = std::chrono::steady_clock::now();
    pool_run(
        cases, wanted.pool,
        [&] { return std::make_unique<tcp_world>(wanted.address, wanted.needs); },
        [&](size_t index, const case_result &result) {
            rows.push_back({&cases[index], result});
            tree.add(rows.back());
            failed = failed || report_failed(result.verdict, wanted.strict);
            if (result.verdict == verdict::pass) {
                rows.back().result.log.clear();
            }
        },
        [&](size_t done) { tree.advance(done); });
    const auto elapsed = std::chrono::steady_clock::now() - begin;
    tree.finish(rows, static_cast<uint64_t>(
                          std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count()));
    const bool written =
        (wanted.junit.empty() || write_file(wanted.junit, report_junit(rows, wanted.strict))) &&
        (wanted.json.empty() || write_file(wanted.json, report_json(rows, wanted.broker)));
    if (!written) {
        return exit_usage;
    }
    return failed ? exit_failures : exit_pass;
}

} // namespace

int main(int argc, char **argv) {
    const options wanted = parse_options(std::vector<std::string>(argv + 1, argv + argc));
    if (!wanted.error.empty()) {
        fprintf(stderr, "libella-conformance: %s\nTry --help.\n", wanted.error.c_str());
        return exit_usage;
    }
    if (wanted.help) {
        printf("%s\nWords for --needs, explained in docs/conformance.md:\n  %s\n", help_text,
               configuration_words().c_str());
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
    const std::vector<test_case> cases = choose(all.cases, wanted, &error);
    if (!error.empty()) {
        fprintf(stderr, "libella-conformance: %s\n", error.c_str());
        return exit_usage;
    }
    if (wanted.list) {
        print_list(cases);
        return exit_pass;
    }
    return run(cases, wanted);
}
