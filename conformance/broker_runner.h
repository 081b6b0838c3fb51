// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Starts one described broker in each of its setups and runs the cases there. It refuses to know
// how results are shown.
//
// What fails, or can't be asked, is asked a second time, alone and with more patience: a busy
// machine must not speak against a broker. What differs the second time counts, with a note in the
// log. A broker that ends by itself is started again; the case during which it ended alone has
// failed.

#ifndef CONFORMANCE_BROKER_RUNNER_H
#define CONFORMANCE_BROKER_RUNNER_H

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "conformance/broker_file.h"
#include "conformance/pool.h"
#include "conformance/process.h"
#include "conformance/report.h"
#include "conformance/tcp_world.h"

namespace conformance {

class broker_runner {
  public:
    // `values` replace those of the description. `scratch` is an existing folder.
    broker_runner(const broker_description &broker, std::map<std::string, std::string> values,
                  const pool_options &options, std::string scratch);

    std::string version();
    // One row for each case, in their order. An empty list with the reason in `error` if the
    // broker can't be started.
    std::vector<report_row> run(const std::vector<test_case> &cases,
                                const progress_sink &on_progress, std::string *error);
    // What was going on each time when the broker ended by itself, and how it ended.
    const std::vector<std::string> &ended() const { return ended_; }

  private:
    std::map<std::string, std::string> values_for(const broker_setup &setup) const;
    std::vector<std::string> fill(const std::vector<std::string> &words,
                                  const std::map<std::string, std::string> &values) const;
    bool start(const broker_setup &setup, std::string *error);
    bool wait_until_ready(const broker_setup &setup, std::string *error);
    bool answers() const;
    bool is_ready(const broker_setup &setup) const;
    bool outlived();
    bool run_setup(const broker_setup &setup, const std::vector<test_case> &cases,
                   const std::vector<size_t> &chosen, std::vector<report_row> *rows,
                   std::string *error);
    bool ask_again(const broker_setup &setup, report_row *row, std::string *error);
    void run_cases(const broker_setup &setup, const std::vector<test_case> &cases,
                   pool_options options, const result_sink &on_result);

    const broker_description &broker_;
    std::map<std::string, std::string> values_;
    pool_options options_;
    std::string scratch_;
    progress_sink on_progress_;
    size_t done_ = 0;
    process process_;
    tcp_address address_;
    std::string log_;
    std::vector<std::string> ended_;
};

} // namespace conformance

#endif
