// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/compare.h"

#include <algorithm>
#include <cstdio>

#include "tools/load/contender.h"
#include "tools/load/runner.h"

namespace load {

namespace {

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
    const scratch_folder scratch;
    contender side_a(wanted.broker_a, wanted.values, scratch.path());
    contender side_b(wanted.broker_b, wanted.values, scratch.path());
    std::vector<report> a, b;
    std::vector<std::string> notes = {"A: " + side_a.version(), "B: " + side_b.version(),
                                      std::to_string(wanted.runs) + " runs of each, in turn"};
    bool faulty = false;
    for (uint32_t i = 0; i < wanted.runs; i++) {
        for (auto *side : {&side_a, &side_b}) {
            report one = side->run(wanted);
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
