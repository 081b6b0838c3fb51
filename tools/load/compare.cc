// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/compare.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "conformance/broker_file.h"
#include "conformance/process.h"
#include "tools/load/modes.h"
#include "tools/load/runner.h"

namespace load {

namespace {

using conformance::broker_description;
using conformance::broker_file_fill;
using conformance::broker_setup;

constexpr useconds_t ready_step_us = 20000;

// A description in a file, or a command line for the shell.
broker_description describe(const std::string &written) {
    broker_description out;
    const bool file = written.size() > 5 && written.compare(written.size() - 5, 5, ".toml") == 0;
    if (file) {
        out = conformance::broker_file_read(written);
    } else {
        broker_setup setup;
        setup.command = {"sh", "-c", "exec " + written};
        out.name = written.substr(0, written.find(' '));
        out.setups.push_back(setup);
    }
    if (!out.error.empty()) {
        throw std::runtime_error(out.error);
    }
    return out;
}

bool answers(const address &where) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool yes =
        ::connect(fd, reinterpret_cast<const sockaddr *>(&where.where), sizeof where.where) == 0;
    close(fd);
    return yes;
}

class contender {
  public:
    contender(const std::string &written, const options &wanted, const std::string &scratch)
        : broker_(describe(written)), wanted_(wanted), scratch_(scratch) {
        values_ = wanted.values;
        values_.insert(broker_.values.begin(), broker_.values.end());
        values_["here"] = broker_.here;
    }

    std::string version() {
        return broker_.version_command.empty()
                   ? broker_.name
                   : conformance::process_first_line(fill(broker_.version_command), scratch_);
    }

    report run() {
        options wanted = wanted_;
        if (broker_.name == "floor") {
            wanted.floor = true;
            return modes_run(wanted);
        }
        conformance::process running;
        start(&running, &wanted);
        report out = modes_run(wanted);
        if (!running.running()) {
            throw std::runtime_error(broker_.name + " ended by itself: " + running.outcome());
        }
        running.stop();
        return out;
    }

  private:
    std::vector<std::string> fill(const std::vector<std::string> &words) const {
        std::vector<std::string> out;
        for (const std::string &word : words) {
            out.push_back(broker_file_fill(word, values_));
        }
        return out;
    }

    // In a folder that holds nothing but its files; fills in where it listens and what it is.
    void start(conformance::process *running, options *wanted) {
        const broker_setup &setup = broker_.setups.front();
        values_["dir"] = scratch_ + "/broker";
        values_["port"] =
            setup.port.empty() ? std::to_string(conformance::process_free_port()) : setup.port;
        const std::string &dir = values_["dir"];
        std::filesystem::remove_all(dir);
        std::filesystem::create_directories(dir);
        // A broker that root starts may drop its rights.
        std::filesystem::permissions(scratch_, std::filesystem::perms::all);
        std::filesystem::permissions(dir, std::filesystem::perms::all);
        for (const auto &[name, contents] : setup.files) {
            std::ofstream(dir + "/" + name) << broker_file_fill(contents, values_);
        }
        wanted->broker = "127.0.0.1:" + values_["port"];
        address_parse(wanted->broker, &wanted->where);
        std::string error;
        const std::string log = scratch_ + "/output.log";
        if (!running->start(fill(setup.command), dir, log, &error)) {
            throw std::runtime_error(broker_.name + ": " + error);
        }
        const uint64_t until_ns = now_ns() + setup.start_ms * 1000000;
        while (!answers(wanted->where)) {
            if (!running->running() || now_ns() > until_ns) {
                throw std::runtime_error(broker_.name + " does not listen; it said:\n" +
                                         conformance::process_read_file(log));
            }
            usleep(ready_step_us);
        }
        wanted->pids = {static_cast<int>(running->pid())};
    }

    broker_description broker_;
    const options &wanted_;
    std::string scratch_;
    std::map<std::string, std::string> values_;
};

std::string text_of(const std::vector<comparison> &rows) {
    std::string out;
    char line[256];
    snprintf(line, sizeof line, "  %-26s %12s %12s %8s  %-17s %s\n", "median", "A", "B", "B/A",
             "of single runs", "unit");
    out += line;
    for (const comparison &each : rows) {
        const std::string spread =
            report_number(each.ratio_least) + " ... " + report_number(each.ratio_most);
        snprintf(line, sizeof line, "  %-26s %12s %12s %8s  %-17s %s\n", each.key.c_str(),
                 report_number(each.a).c_str(), report_number(each.b).c_str(),
                 each.ratio == 0 ? "" : report_number(each.ratio).c_str(),
                 each.ratio == 0 ? "" : spread.c_str(), each.unit.c_str());
        out += line;
    }
    return out;
}

report joined(const options &wanted, const std::vector<comparison> &rows) {
    report out;
    out.mode = "compare " + wanted.mode;
    for (const comparison &each : rows) {
        out.add(each.key + ".a", each.a, each.unit);
        out.add(each.key + ".b", each.b, each.unit);
        out.add(each.key + ".ratio", each.ratio);
        out.add(each.key + ".ratio_least", each.ratio_least);
        out.add(each.key + ".ratio_most", each.ratio_most);
    }
    return out;
}

} // namespace

double compare_median(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    std::sort(values.begin(), values.end());
    const size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<comparison> compare_figures(const std::vector<report> &a,
                                        const std::vector<report> &b) {
    std::vector<comparison> out;
    for (const figure &each : a.front().figures) {
        std::vector<double> left, right, ratios;
        for (size_t i = 0; i < a.size() && i < b.size(); i++) {
            const figure *of_a = a[i].find(each.key);
            const figure *of_b = b[i].find(each.key);
            if (of_a != nullptr && of_b != nullptr) {
                left.push_back(of_a->value);
                right.push_back(of_b->value);
            }
            if (of_a != nullptr && of_b != nullptr && of_a->value != 0) {
                ratios.push_back(of_b->value / of_a->value);
            }
        }
        comparison row;
        row.key = each.key;
        row.unit = each.unit;
        row.a = compare_median(left);
        row.b = compare_median(right);
        if (row.a != 0 && !ratios.empty()) {
            row.ratio = row.b / row.a;
            row.ratio_least = *std::min_element(ratios.begin(), ratios.end());
            row.ratio_most = *std::max_element(ratios.begin(), ratios.end());
        }
        if (!left.empty()) {
            out.push_back(row);
        }
    }
    return out;
}

int compare_main(const options &wanted) {
    char scratch[] = "/tmp/libella-load-XXXXXX";
    if (mkdtemp(scratch) == nullptr) {
        throw std::runtime_error("can't make a folder in /tmp");
    }
    struct remover {
        std::string path;
        ~remover() {
            std::error_code ignored; // nothing more can be done about it
            std::filesystem::remove_all(path, ignored);
        }
    } const remove_scratch{scratch};
    // The brokers inherit it.
    runner_allow_files(size_t{wanted.publishers} + wanted.subscribers + wanted.clients);
    contender side_a(wanted.broker_a, wanted, scratch);
    contender side_b(wanted.broker_b, wanted, scratch);
    std::vector<report> a, b;
    std::vector<std::string> notes = {"A: " + side_a.version(), "B: " + side_b.version(),
                                      std::to_string(wanted.runs) + " runs of each, in turn"};
    bool faulty = false;
    for (uint32_t i = 0; i < wanted.runs; i++) {
        for (auto *side : {&side_a, &side_b}) {
            report one = side->run();
            const std::string who = side == &side_a ? "A" : "B";
            faulty = faulty || one.faulty;
            for (const std::string &note : one.notes) {
                notes.push_back(who + ", run " + std::to_string(i + 1) + ": " + note);
            }
            if (one.faulty) {
                notes.push_back(who + ", run " + std::to_string(i + 1) +
                                " was at fault: " + report_faults(one));
            }
            (side == &side_a ? a : b).push_back(std::move(one));
        }
    }
    const std::vector<comparison> rows = compare_figures(a, b);
    report out = joined(wanted, rows);
    out.faulty = faulty;
    out.notes = notes;
    if (wanted.json) {
        fputs(report_json(out).c_str(), stdout);
    } else {
        printf("%s\n%s", out.mode.c_str(), text_of(rows).c_str());
        for (const std::string &note : notes) {
            printf("  note: %s\n", note.c_str());
        }
    }
    return faulty ? 1 : 0;
}

} // namespace load
