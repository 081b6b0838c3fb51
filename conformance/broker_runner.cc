// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See broker_runner.h.

#include "conformance/broker_runner.h"

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>

#include "conformance/output.h"

namespace conformance {
namespace {

constexpr long ready_step_ms = 20;
constexpr size_t log_tail_bytes = 2000;
constexpr long settle_ms = 100;  // what a case does to a broker may show a moment later
constexpr uint64_t end_ms = 5000; // how long a broker may be gone from its port and still end
constexpr uint64_t patience = 3;  // times the timeout, when a case is run again

uint64_t clock_ms() {
    struct timespec now = {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

void pause_ms(long ms) {
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, nullptr);
}

bool is_doubtful(verdict which) {
    return which == verdict::fail || which == verdict::inconclusive || which == verdict::lenient;
}

} // namespace

broker_runner::broker_runner(const broker_description &broker,
                             std::map<std::string, std::string> values,
                             const pool_options &options, std::string scratch)
    : broker_(broker), values_(std::move(values)), options_(options),
      scratch_(std::move(scratch)) {
    values_.insert(broker.values.begin(), broker.values.end());
    values_["here"] = broker.here;
    options_.lacks = broker.lacks;
}

std::map<std::string, std::string> broker_runner::values_for(const broker_setup &setup) const {
    std::map<std::string, std::string> values = values_;
    values["dir"] = scratch_ + "/" + broker_.name + "-" + setup.name;
    values["port"] = setup.port.empty() ? std::to_string(process_free_port()) : setup.port;
    return values;
}

std::vector<std::string>
broker_runner::fill(const std::vector<std::string> &words,
                    const std::map<std::string, std::string> &values) const {
    std::vector<std::string> out;
    for (const std::string &word : words) {
        out.push_back(broker_file_fill(word, values));
    }
    return out;
}

std::string broker_runner::version() {
    std::map<std::string, std::string> values = values_;
    return process_first_line(fill(broker_.version_command, values), scratch_);
}

// In a folder that holds nothing but its files, so that nothing is left of an earlier run.
bool broker_runner::start(const broker_setup &setup, std::string *error) {
    const std::map<std::string, std::string> values = values_for(setup);
    const std::string &dir = values.at("dir");
    std::error_code ignored; // what can't be removed or made shows below
    std::filesystem::remove_all(dir, ignored);
    std::filesystem::create_directories(dir, ignored);
    std::filesystem::permissions(dir, std::filesystem::perms::all, ignored);
    for (const auto &[name, contents] : setup.files) {
        output_write(dir + "/" + name, broker_file_fill(contents, values), error);
    }
    address_ = {"127.0.0.1", values.at("port")};
    log_ = dir + "/output.log";
    return error->empty() && process_.start(fill(setup.command, values), dir, log_, error) &&
           wait_until_ready(setup, error);
}

bool broker_runner::answers() const {
    tcp_world probe(address_, {});
    std::string error;
    const int connection = probe.open("", &error);
    if (connection >= 0) {
        probe.abort(connection);
    }
    return connection >= 0;
}

bool broker_runner::is_ready(const broker_setup &setup) const {
    return setup.ready_line.empty()
               ? answers()
               : process_read_file(log_).find(setup.ready_line) != std::string::npos;
}

// Sockets of a program that ends are closed before it can be seen that it has ended: one that is
// gone from its port is waited for.
bool broker_runner::outlived() {
    pause_ms(settle_ms);
    const uint64_t until = clock_ms() + end_ms;
    while (process_.running() && clock_ms() < until && !answers()) {
        pause_ms(ready_step_ms);
    }
    return process_.running();
}

bool broker_runner::wait_until_ready(const broker_setup &setup, std::string *error) {
    const uint64_t until = clock_ms() + setup.start_ms;
    while (process_.running() && clock_ms() < until) {
        if (is_ready(setup)) {
            return true;
        }
        pause_ms(ready_step_ms);
    }
    const bool ended = !process_.running();
    process_.stop();
    std::string last = process_read_file(log_);
    last = last.substr(last.size() - std::min(last.size(), log_tail_bytes));
    *error = broker_.name + ", setup " + setup.name + ": the broker " +
             (ended ? "ended (" + process_.outcome() + ")" : "is not ready in time") +
             (last.empty() ? "" : "; it said:\n" + last);
    return false;
}

void broker_runner::run_cases(const broker_setup &setup, const std::vector<test_case> &cases,
                              pool_options options, const result_sink &on_result) {
    options.run_prefix = pool_random_prefix();
    transport way;
    way.websocket_path = setup.websocket_path;
    pool_run(
        cases, options, [&] { return std::make_unique<tcp_world>(address_, setup.needs, way); },
        on_result, [this](size_t) { on_progress_(++done_); });
}

// False if the broker can't be started any more.
bool broker_runner::ask_again(const broker_setup &setup, report_row *row, std::string *error) {
    if (!process_.running() && !start(setup, error)) {
        return false;
    }
    case_result second;
    done_--; // counted already
    pool_options patient = options_;
    patient.timeout_ms *= patience;
    run_cases(setup, {*row->scenario}, patient,
              [&](size_t, const case_result &result) { second = result; });
    const case_result first = std::exchange(row->result, second);
    case_result &now = row->result;
    if (!outlived()) {
        ended_.push_back(row->scenario->address() + ": " + process_.outcome());
        now.verdict = verdict::fail;
        now.reason = "the broker ended (" + process_.outcome() + ")\n" + now.reason;
    } else if (now.verdict != first.verdict && first.verdict != verdict::inconclusive) {
        now.log.push_back({now.duration_ms,
                           {},
                           log_direction::note,
                           std::string("run again alone; among other cases: ") +
                               verdict_name(first.verdict) + ": " + first.reason,
                           {}});
    }
    return true;
}

bool broker_runner::run_setup(const broker_setup &setup, const std::vector<test_case> &cases,
                              const std::vector<size_t> &chosen, std::vector<report_row> *rows,
                              std::string *error) {
    if (!start(setup, error)) {
        return false;
    }
    std::vector<test_case> here;
    for (const size_t index : chosen) {
        here.push_back(cases[index]);
    }
    run_cases(setup, here, options_, [&](size_t index, const case_result &result) {
        (*rows)[chosen[index]].result = result;
    });
    // Until it is known which case it was, all are run again: its own verdict may be pass.
    const size_t known = ended_.size();
    const bool weak = !outlived();
    for (const size_t index : chosen) {
        report_row &row = (*rows)[index];
        const bool suspect = weak && ended_.size() == known;
        if ((suspect || is_doubtful(row.result.verdict)) && !ask_again(setup, &row, error)) {
            return false;
        }
    }
    if (weak && ended_.size() == known) {
        ended_.push_back("many cases at the same time");
    }
    process_.stop();
    return true;
}

std::vector<report_row> broker_runner::run(const std::vector<test_case> &cases,
                                           const progress_sink &on_progress, std::string *error) {
    on_progress_ = on_progress;
    done_ = 0;
    std::vector<report_row> rows;
    std::vector<std::vector<size_t>> chosen(broker_.setups.size());
    for (size_t i = 0; i < cases.size(); i++) {
        rows.push_back({&cases[i], {}});
        const size_t setup = broker_file_setup(broker_, cases[i]);
        if (setup == SIZE_MAX) {
            rows[i].result.verdict = verdict::not_supported;
            rows[i].result.reason =
                std::string("does not speak ") + script_version_name(cases[i].version);
            done_++;
        } else {
            chosen[setup].push_back(i);
        }
    }
    for (size_t i = 0; i < chosen.size(); i++) {
        if (!chosen[i].empty() && !run_setup(broker_.setups[i], cases, chosen[i], &rows, error)) {
            return {};
        }
    }
    return rows;
}

} // namespace conformance
