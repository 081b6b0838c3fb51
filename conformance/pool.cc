// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See pool.h.

#include "conformance/pool.h"

#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

namespace conformance {
namespace {

constexpr char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

class pool {
  public:
    pool(const std::vector<test_case> &cases, const pool_options &options, const world_maker &make,
         const result_sink &on_result, const progress_sink &on_progress)
        : cases_(cases), options_(options), make_(make), on_result_(on_result),
          on_progress_(on_progress), results_(cases.size()) {
        for (const bool alone : {true, false}) {
            for (size_t i = 0; i < cases.size(); i++) {
                if (cases[i].alone == alone) {
                    order_.push_back(i);
                }
            }
            alone_count_ = alone ? order_.size() : alone_count_;
        }
    }

    void run() {
        for (size_t i = 0; i < alone_count_; i++) {
            run_case(order_[i]);
        }
        next_ = alone_count_;
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < options_.jobs; i++) {
            threads.emplace_back([this] { work(); });
        }
        for (std::thread &each : threads) {
            each.join();
        }
    }

  private:
    void work() {
        for (;;) {
            size_t index = 0;
            {
                const std::lock_guard<std::mutex> lock(mutex_);
                if (next_ >= order_.size()) {
                    return;
                }
                index = order_[next_++];
            }
            run_case(index);
        }
    }

    void run_case(size_t index) {
        const std::unique_ptr<world> place = make_();
        run_options options;
        options.timeout_ms = options_.timeout_ms;
        options.prefix = pool_prefix(options_.run_prefix, index);
        options.lacks = options_.lacks;
        options.user_name = options_.user_name;
        options.password = options_.password;
        case_result result = runner_run(cases_[index], *place, options);
        const std::lock_guard<std::mutex> lock(mutex_);
        results_[index] = std::move(result);
        done_++;
        while (told_ < results_.size() && results_[told_]) {
            on_result_(told_, *results_[told_]);
            results_[told_]->log.clear();
            told_++;
        }
        on_progress_(done_);
    }

    const std::vector<test_case> &cases_;
    const pool_options &options_;
    const world_maker &make_;
    const result_sink &on_result_;
    const progress_sink &on_progress_;
    std::vector<size_t> order_;
    size_t alone_count_ = 0;
    std::mutex mutex_;
    size_t next_ = 0;
    size_t done_ = 0;
    size_t told_ = 0;
    std::vector<std::optional<case_result>> results_;
};

} // namespace

std::string pool_random_prefix() {
    std::random_device luck;
    std::uniform_int_distribution<size_t> digit(0, sizeof digits - 2);
    std::string out;
    for (int i = 0; i < 5; i++) {
        out += digits[digit(luck)];
    }
    return out;
}

std::string pool_prefix(const std::string &run_prefix, size_t index) {
    std::string out = run_prefix;
    out += digits[index / 36 / 36 % 36];
    out += digits[index / 36 % 36];
    out += digits[index % 36];
    return out;
}

void pool_run(const std::vector<test_case> &cases, const pool_options &options,
              const world_maker &make, const result_sink &on_result,
              const progress_sink &on_progress) {
    pool(cases, options, make, on_result, on_progress).run();
}

} // namespace conformance
