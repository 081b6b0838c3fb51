// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// For the tests of routing and retained messages: topics made at random and a matcher that is slow
// and obviously right. It shares nothing with the code under test.

#ifndef BROKER_CORE_ROUTE_TEST_SUPPORT_H
#define BROKER_CORE_ROUTE_TEST_SUPPORT_H

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

extern "C" {
#include "libella/codec.h"
}

namespace libella_test {

inline struct ella_slice slice(const std::string &s) {
    return {reinterpret_cast<const uint8_t *>(s.data()), 0, static_cast<uint32_t>(s.size())};
}

inline std::string text(struct ella_slice s) {
    return std::string(reinterpret_cast<const char *>(s.base) + s.off, s.end - s.off);
}

inline std::vector<std::string> levels_of(const std::string &topic) {
    std::vector<std::string> levels(1);
    for (char c : topic) {
        if (c == '/')
            levels.emplace_back();
        else
            levels.back().push_back(c);
    }
    return levels;
}

// Section 4.7, word by word.
inline bool matches(const std::string &filter, const std::string &topic) {
    if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#'))
        return false;
    const std::vector<std::string> f = levels_of(filter);
    const std::vector<std::string> t = levels_of(topic);
    for (size_t i = 0; i < f.size(); i++) {
        if (f[i] == "#")
            return t.size() >= i; // the parent level, too
        if (i >= t.size() || (f[i] != "+" && f[i] != t[i]))
            return false;
    }
    return f.size() == t.size();
}

// Few different levels, so that much matches; never an empty topic.
class topic_maker {
  public:
    explicit topic_maker(uint32_t seed) : random(seed) {}

    std::string topic() {
        for (;;) {
            std::string out = level();
            for (uint32_t more = random() % 4; more > 0; more--)
                out += "/" + level();
            if (!out.empty())
                return out;
        }
    }

    std::string filter() {
        for (;;) {
            std::string out = filter_level();
            for (uint32_t more = random() % 4; more > 0; more--)
                out += "/" + filter_level();
            if (random() % 4 == 0)
                out = random() % 5 == 0 ? "#" : out + "/#";
            if (!out.empty())
                return out;
        }
    }

    std::mt19937 random;

  private:
    std::string level() {
        static const char *const levels[] = {
            "", "a", "b", "ab", "$a", "$SYS", "fourteen-bytes", "fifteen-bytes-x", "\xc3\xa9"};
        return levels[random() % (random() % 3 == 0 ? 9 : 3)];
    }
    std::string filter_level() { return random() % 3 == 0 ? "+" : level(); }
};

// Resident memory of this process.
inline size_t resident_bytes() {
    unsigned long size = 0;
    unsigned long resident = 0;
    FILE *file = std::fopen("/proc/self/statm", "r");
    if (file != nullptr) {
        if (std::fscanf(file, "%lu %lu", &size, &resident) != 2)
            resident = 0;
        std::fclose(file);
    }
    return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

} // namespace libella_test

#endif
