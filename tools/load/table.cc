// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/table.h"

#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "conformance/toml.h"
#include "tools/load/compare.h"
#include "tools/load/contender.h"

namespace load {

namespace {

using conformance::toml_entry;
using conformance::toml_file;
using kind = conformance::toml_value::kind;

constexpr int64_t runs_max = 1000;

class reader {
  public:
    reader(const std::string &file, const std::string &contents)
        : file_(file), source_(conformance::toml_parse(file, contents)) {}

    table_plan read() {
        out_.error = source_.error;
        for (const auto &table : source_.tables) {
            if (table.size() == 2 && table[0] == "broker") {
                out_.brokers.push_back({table[1], table[1], 0});
            } else if (table.size() == 2 && table[0] == "row") {
                out_.rows.emplace_back();
                out_.rows.back().name = out_.rows.back().title = table[1];
            }
        }
        for (const toml_entry &each : source_.entries) {
            if (each.table.size() == 2 && each.table[0] == "broker") {
                of_broker(each, named(&out_.brokers, each.table[1]));
            } else if (each.table.size() == 2 && each.table[0] == "row") {
                of_row(each, named(&out_.rows, each.table[1]));
            } else {
                fail(each, "expected the tables broker.NAME and row.NAME only");
            }
        }
        complete();
        return std::move(out_);
    }

  private:
    template <typename each_of>
    static each_of *named(std::vector<each_of> *all, const std::string &name) {
        return &*std::find_if(all->begin(), all->end(),
                              [&](const auto &each) { return each.name == name; });
    }

    void fail(const toml_entry &each, const std::string &what) {
        if (out_.error.empty()) {
            out_.error = file_ + ":" + std::to_string(each.line) + ": " + what;
        }
    }

    void text(const toml_entry &each, std::string *out) {
        if (each.value.what != kind::text) {
            fail(each, each.key + ": expected a string");
        }
        *out = each.value.text;
    }

    void list(const toml_entry &each, std::vector<std::string> *out) {
        if (each.value.what != kind::list) {
            fail(each, each.key + ": expected a list of strings");
        }
        *out = each.value.list;
    }

    void runs(const toml_entry &each, uint32_t *out) {
        const int64_t number = each.value.number;
        if (each.value.what != kind::number || number < 1 || number > runs_max) {
            fail(each, each.key + ": expected a number, 1 to " + std::to_string(runs_max));
        }
        *out = static_cast<uint32_t>(number);
    }

    // A description is named as seen from the file.
    void of_broker(const toml_entry &each, table_broker *out) {
        if (each.key == "description") {
            text(each, &out->written);
            out->written = std::filesystem::path(file_).parent_path() / out->written;
        } else if (each.key == "command") {
            text(each, &out->written);
        } else if (each.key == "runs") {
            runs(each, &out->runs);
        } else {
            fail(each, "unknown key " + each.key + ": expected description, command or runs");
        }
    }

    void of_row(const toml_entry &each, table_row *out) {
        if (each.key == "mode") {
            std::vector<std::string> words;
            list(each, &words);
            out->mode = options_parse(words);
            if (!out->mode.error.empty()) {
                fail(each, out->mode.error);
            }
        } else if (each.key == "title") {
            text(each, &out->title);
        } else if (each.key == "figure") {
            text(each, &out->figure);
        } else if (each.key == "also") {
            text(each, &out->also);
        } else if (each.key == "aim") {
            text(each, &out->aim);
        } else if (each.key == "also_aim") {
            text(each, &out->also_aim);
        } else if (each.key == "runs") {
            runs(each, &out->runs);
        } else if (each.key == "without") {
            list(each, &out->without);
        } else {
            fail(each, "unknown key " + each.key + ": expected mode, title, figure, also, aim, "
                                                   "also_aim, runs or without");
        }
    }

    void complete() {
        const auto fail_all = [this](const std::string &what) {
            if (out_.error.empty()) {
                out_.error = file_ + ": " + what;
            }
        };
        if (out_.brokers.size() < 2) {
            fail_all("expected two brokers at least: what is measured, and by what it is judged");
        }
        for (const table_row &each : out_.rows) {
            if (each.mode.mode.empty()) {
                fail_all("row." + each.name + " has no mode");
            }
        }
    }

    std::string file_;
    toml_file source_;
    table_plan out_;
};

double part(double of, double whole) {
    return whole == 0 ? 0 : of / whole;
}

// Of single pairs of runs.
std::string spread_of(const std::vector<double> &first, const std::vector<double> &second) {
    std::vector<double> ratios;
    for (size_t i = 0; i < first.size() && i < second.size(); i++) {
        ratios.push_back(part(first[i], second[i]));
    }
    if (ratios.empty()) {
        return "-";
    }
    const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
    return report_number(*least) + " ... " + report_number(*most);
}

class session {
  public:
    session(const options &wanted, table_plan plan) : wanted_(wanted), plan_(std::move(plan)) {
        for (const table_broker &each : plan_.brokers) {
            brokers_.push_back(
                std::make_unique<contender>(each.written, wanted.values, scratch_.path()));
        }
    }

    int run() {
        tell_where();
        std::string heads = "| mode | aim | measured | least ... greatest | floor / " +
                            plan_.brokers[1].name + " |";
        std::string rule = "|---|---|---|---|---|";
        for (const table_broker &each : plan_.brokers) {
            heads += " " + each.name + " |";
            rule += "---|";
        }
        printf("%s\n%s\n", heads.c_str(), rule.c_str());
        for (const table_row &each : plan_.rows) {
            run_row(each);
        }
        printf("\nload of the machine at the end: %s\n", load_average().c_str());
        for (const std::string &note : notes_) {
            printf("- %s\n", note.c_str());
        }
        return notes_.empty() ? 0 : 1;
    }

  private:
    static std::string load_average() {
        double averages[3] = {};
        getloadavg(averages, 3);
        return report_number(averages[0]) + ", " + report_number(averages[1]);
    }

    void tell_where() {
        utsname system{};
        uname(&system);
        char day[32];
        const time_t now = time(nullptr);
        tm parts{};
        strftime(day, sizeof day, "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &parts));
        printf("%s, %s %s, %ld processors, load before: %s\n\n", day, system.sysname,
               system.release, sysconf(_SC_NPROCESSORS_ONLN), load_average().c_str());
        for (size_t i = 0; i < brokers_.size(); i++) {
            printf("- %s: %s\n", plan_.brokers[i].name.c_str(), brokers_[i]->version().c_str());
        }
        printf("- %u runs of %u s after %u s, in turn; medians\n\n", wanted_.runs, wanted_.seconds,
               wanted_.warm_up_s);
    }

    void run_row(const table_row &row) {
        std::map<std::string, std::vector<double>> values, also;
        const uint32_t runs = row.runs == 0 ? wanted_.runs : std::min(row.runs, wanted_.runs);
        options mode = row.mode;
        mode.seconds = wanted_.seconds;
        mode.warm_up_s = wanted_.warm_up_s;
        mode.quiet = true;
        for (uint32_t run = 0; run < runs; run++) {
            for (size_t i = 0; i < brokers_.size(); i++) {
                const table_broker &who = plan_.brokers[i];
                if ((who.runs != 0 && run >= who.runs) ||
                    std::find(row.without.begin(), row.without.end(), who.name) !=
                        row.without.end()) {
                    continue;
                }
                if (!wanted_.quiet) {
                    fprintf(stderr, "%s, run %u of %u: %s\n", row.title.c_str(), run + 1, runs,
                            who.name.c_str());
                }
                run_one(row, mode, i, &values, &also);
            }
        }
        fputs(table_line(plan_, row.title, row.aim, values).c_str(), stdout);
        if (!row.also.empty()) {
            fputs(table_line(plan_, row.title + ", " + row.also, row.also_aim, also).c_str(),
                  stdout);
        }
        fflush(stdout);
    }

    void run_one(const table_row &row, const options &mode, size_t broker,
                 std::map<std::string, std::vector<double>> *values,
                 std::map<std::string, std::vector<double>> *also) {
        const std::string &who = plan_.brokers[broker].name;
        try {
            const report found = brokers_[broker]->run(mode);
            const figure *of = found.find(row.figure);
            const figure *of_also = found.find(row.also);
            if (of == nullptr) {
                throw std::runtime_error("no figure is named " + row.figure);
            }
            (*values)[who].push_back(of->value);
            // 0: nothing that was due while it was measured came.
            if (of_also != nullptr && of_also->value != 0) {
                (*also)[who].push_back(of_also->value);
            }
            if (found.faulty) {
                notes_.push_back(row.title + ", " + who + ": " + report_faults(found));
            }
        } catch (const std::runtime_error &failed) {
            // Behind the first line is the broker's log.
            const std::string why = failed.what();
            notes_.push_back(row.title + ", " + who + ": " + why.substr(0, why.find('\n')));
        }
    }

    const options &wanted_;
    const table_plan plan_;
    const scratch_folder scratch_;
    std::vector<std::unique_ptr<contender>> brokers_;
    std::vector<std::string> notes_;
};

} // namespace

table_plan table_parse(const std::string &file, const std::string &contents) {
    return reader(file, contents).read();
}

std::string table_line(const table_plan &plan, const std::string &title, const std::string &aim,
                       const std::map<std::string, std::vector<double>> &values) {
    const auto of = [&](const std::string &name) {
        const auto found = values.find(name);
        return found == values.end() ? std::vector<double>() : found->second;
    };
    const std::vector<double> first = of(plan.brokers[0].name);
    const std::vector<double> second = of(plan.brokers[1].name);
    const auto ratio = [&](const std::vector<double> &each) {
        const double value = part(compare_median(each), compare_median(second));
        return value == 0 ? std::string("-") : report_number(value);
    };
    std::string out = "| " + title + " | " + aim + " | " + ratio(first) + " | " +
                      spread_of(first, second) + " | " + ratio(of("floor")) + " |";
    for (const table_broker &each : plan.brokers) {
        const std::vector<double> all = of(each.name);
        out += " " + (all.empty() ? std::string("-") : report_number(compare_median(all))) + " |";
    }
    return out + "\n";
}

int table_main(const options &wanted) {
    std::ifstream file(wanted.table);
    std::stringstream contents;
    contents << file.rdbuf();
    if (!file) {
        throw std::runtime_error("can't read " + wanted.table);
    }
    table_plan plan = table_parse(wanted.table, contents.str());
    if (!plan.error.empty()) {
        throw std::runtime_error(plan.error);
    }
    return session(wanted, std::move(plan)).run();
}

} // namespace load
