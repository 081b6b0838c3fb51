/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Topic names and filters: validity and matching against a slow reference that follows section 4.7
 * word by word. The input is a filter and a name, divided by its first byte.
 */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

extern "C" {
#include "libella/codec.h"
}

namespace {

[[noreturn]] void finding(const char *what) {
    std::fprintf(stderr, "topics: %s\n", what);
    std::abort();
}

std::vector<std::string> levels_of(const std::string &topic) {
    std::vector<std::string> levels(1);
    for (char c : topic) {
        if (c == '/') {
            levels.emplace_back();
        } else {
            levels.back().push_back(c);
        }
    }
    return levels;
}

bool name_is_valid(const std::string &name) {
    return !name.empty() && name.find_first_of("+#") == std::string::npos;
}

bool plain_filter_is_valid(const std::string &filter) {
    std::vector<std::string> levels = levels_of(filter);
    for (size_t i = 0; i < levels.size(); i++) {
        bool wild = levels[i].find_first_of("+#") != std::string::npos;
        bool last = i + 1 == levels.size();
        if (wild && levels[i] != "+" && !(levels[i] == "#" && last)) {
            return false;
        }
    }
    return !filter.empty();
}

bool filter_is_valid(const std::string &filter) {
    if (filter.rfind("$share/", 0) != 0) {
        return plain_filter_is_valid(filter);
    }
    size_t slash = filter.find('/', 7);
    if (slash == std::string::npos) {
        return false;
    }
    return name_is_valid(filter.substr(7, slash - 7)) &&
           plain_filter_is_valid(filter.substr(slash + 1));
}

bool levels_match(const std::vector<std::string> &f, size_t i, const std::vector<std::string> &n,
                  size_t j) {
    if (i < f.size() && f[i] == "#") {
        return true;
    }
    if (i == f.size() || j == n.size()) {
        return i == f.size() && j == n.size();
    }
    return (f[i] == "+" || f[i] == n[j]) && levels_match(f, i + 1, n, j + 1);
}

bool matches(const std::string &filter, const std::string &name) {
    bool leading_wildcard = filter[0] == '+' || filter[0] == '#';
    return !(leading_wildcard && name[0] == '$') &&
           levels_match(levels_of(filter), 0, levels_of(name), 0);
}

ella_slice slice(const std::string &s) {
    return ella_slice_of(s.data(), static_cast<uint32_t>(s.size()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > 600) {
        return 0;
    }
    std::string rest(reinterpret_cast<const char *>(data + 1), size - 1);
    std::string filter = rest.substr(0, std::min<size_t>(data[0], rest.size()));
    std::string name = rest.substr(filter.size());
    const auto *f = reinterpret_cast<const uint8_t *>(filter.data());
    const auto *n = reinterpret_cast<const uint8_t *>(name.data());
    auto filter_len = static_cast<uint32_t>(filter.size());
    auto name_len = static_cast<uint32_t>(name.size());
    if (ella_utf8_check(f, 0, filter_len).error != ELLA_ERROR_NONE ||
        ella_utf8_check(n, 0, name_len).error != ELLA_ERROR_NONE) {
        return 0;
    }
    uint32_t at = 0;
    bool filter_ok = ella_topic_filter_check(f, 0, filter_len, &at) == ELLA_ERROR_NONE;
    bool name_ok = ella_topic_name_check(n, 0, name_len, &at) == ELLA_ERROR_NONE;
    if (filter_ok != filter_is_valid(filter)) {
        finding("another opinion on a filter");
    }
    if (name_ok != name_is_valid(name)) {
        finding("another opinion on a name");
    }
    if (!filter_ok || !name_ok) {
        return 0;
    }
    ella_slice share, inner;
    ella_topic_share(slice(filter), &share, &inner);
    std::string plain(reinterpret_cast<const char *>(ella_slice_data(inner)),
                      ella_slice_len(inner));
    if (ella_topic_match(inner, slice(name)) != matches(plain, name)) {
        finding("another opinion on a match");
    }
    return 0;
}
