// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See catalog.h.

#include "conformance/catalog.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <tuple>
#include <utility>

namespace conformance {
namespace {

std::vector<unsigned long> section_numbers(const std::string &section) {
    std::vector<unsigned long> numbers;
    std::istringstream parts(section);
    for (std::string part; std::getline(parts, part, '.');) {
        const bool digits =
            !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
        numbers.push_back(digits && part.size() < 9 ? std::stoul(part) : 0);
    }
    return numbers;
}

void sort_cases(script *all) {
    std::stable_sort(all->cases.begin(), all->cases.end(),
                     [](const test_case &a, const test_case &b) {
                         const auto left = section_numbers(a.section);
                         const auto right = section_numbers(b.section);
                         return std::tie(a.folder, left, a.file, a.line) <
                                std::tie(b.folder, right, b.file, b.line);
                     });
    for (size_t i = 1; i < all->cases.size(); i++) {
        const test_case &last = all->cases[i - 1];
        const test_case &next = all->cases[i];
        if (last.address() == next.address()) {
            all->errors.push_back(next.file + ":" + std::to_string(next.line) + ": the case " +
                                  next.address() + " exists already in " + last.file);
        }
    }
}

void add(script *all, script more) {
    std::move(more.cases.begin(), more.cases.end(), std::back_inserter(all->cases));
    std::move(more.errors.begin(), more.errors.end(), std::back_inserter(all->errors));
}

void add_file(script *all, const std::filesystem::path &path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream contents;
    contents << in.rdbuf();
    if (!in) {
        all->errors.push_back(path.string() + ":1: can't be read");
        return;
    }
    add(all, script_parse(path.string(), contents.str()));
}

bool begins_with(const std::string &text, const std::string &start) {
    return text.compare(0, start.size(), start) == 0;
}

} // namespace

script catalog_embedded() {
    script all;
    for (const embedded_case *each = embedded_cases; each->name != nullptr; each++) {
        add(&all, script_parse(each->name, each->contents));
    }
    sort_cases(&all);
    return all;
}

script catalog_folder(const std::string &dir) {
    script all;
    for (const char *folder : {"v3", "v5"}) {
        std::error_code failure;
        std::vector<std::filesystem::path> paths;
        for (const auto &entry :
             std::filesystem::directory_iterator(std::filesystem::path(dir) / folder, failure)) {
            if (entry.path().extension() == ".case") {
                paths.push_back(entry.path());
            }
        }
        std::sort(paths.begin(), paths.end());
        for (const std::filesystem::path &path : paths) {
            add_file(&all, path);
        }
    }
    if (all.cases.empty() && all.errors.empty()) {
        all.errors.push_back(dir + ": no case files in v3 and v5 below it");
    }
    sort_cases(&all);
    return all;
}

bool catalog_selects(const std::string &selector, const test_case &candidate) {
    if (selector == candidate.folder || selector == candidate.name ||
        selector == candidate.address()) {
        return true;
    }
    const auto &cites = candidate.cites;
    if (std::find(cites.begin(), cites.end(), selector) != cites.end()) {
        return true;
    }
    const std::string section = candidate.folder + "/" + candidate.section;
    return selector == section || begins_with(section, selector + ".");
}

} // namespace conformance
