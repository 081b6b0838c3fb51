// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Which filters match which topic names: the standard's examples, and every filter and name over a
// small alphabet against a reference that works level by level.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libella/codec.h"

namespace {

struct ella_slice slice(const std::string &text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

bool matches(const std::string &filter, const std::string &name) {
    return ella_topic_match(slice(filter), slice(name));
}

TEST(TopicMatch, ExamplesOfTheMultiLevelWildcard) {
    EXPECT_TRUE(matches("sport/tennis/player1/#", "sport/tennis/player1"));
    EXPECT_TRUE(matches("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
    EXPECT_TRUE(matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
    EXPECT_FALSE(matches("sport/tennis/player1/#", "sport/tennis"));
    EXPECT_FALSE(matches("sport/tennis/player1/#", "sport/tennis/player12"));
    EXPECT_TRUE(matches("sport/#", "sport"));
    EXPECT_TRUE(matches("#", "a"));
    EXPECT_TRUE(matches("#", "/"));
    EXPECT_TRUE(matches("/#", "/"));
    EXPECT_FALSE(matches("/#", "a/"));
}

TEST(TopicMatch, ExamplesOfTheSingleLevelWildcard) {
    EXPECT_TRUE(matches("sport/tennis/+", "sport/tennis/player1"));
    EXPECT_FALSE(matches("sport/tennis/+", "sport/tennis/player1/ranking"));
    EXPECT_FALSE(matches("sport/+", "sport"));
    EXPECT_TRUE(matches("sport/+", "sport/"));
    EXPECT_TRUE(matches("+/tennis/#", "a/tennis"));
    EXPECT_TRUE(matches("+/tennis/#", "a/tennis/b"));
    EXPECT_FALSE(matches("+/tennis/#", "tennis/a"));
    EXPECT_TRUE(matches("+/+", "/finance"));
    EXPECT_TRUE(matches("/+", "/finance"));
    EXPECT_FALSE(matches("+", "/finance"));
    EXPECT_TRUE(matches("sport/+/player1", "sport//player1"));
    EXPECT_TRUE(matches("+/#", "a"));
    EXPECT_TRUE(matches("a/+/#", "a/"));
}

TEST(TopicMatch, WildcardsInFrontDoNotReachDollarTopics) {
    //= v3/4.7.2-1 test
    //= v5/4.7.2-1 test
    EXPECT_FALSE(matches("#", "$SYS/broker"));
    EXPECT_FALSE(matches("+/monitor/Clients", "$SYS/monitor/Clients"));
    EXPECT_FALSE(matches("+", "$SYS"));
    EXPECT_TRUE(matches("$SYS/#", "$SYS"));
    EXPECT_TRUE(matches("$SYS/#", "$SYS/a"));
    EXPECT_TRUE(matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
    EXPECT_FALSE(matches("$SYS/#", "a/$SYS"));
    EXPECT_TRUE(matches("+/$SYS", "a/$SYS"));
    EXPECT_TRUE(matches("#", "a/$SYS"));
    EXPECT_TRUE(matches("/#", "/$SYS"));
}

TEST(TopicMatch, BytesAreComparedAsTheyAre) {
    //= v3/4.7.3-4 test
    //= v5/4.7.3-4 test
    EXPECT_FALSE(matches("ACCOUNTS", "Accounts"));
    EXPECT_TRUE(matches("Accounts payable", "Accounts payable"));
    EXPECT_FALSE(matches("/finance", "finance"));
    EXPECT_FALSE(matches("finance/", "finance"));
    EXPECT_FALSE(matches("finance", "finance/"));
    // The same letter, composed and decomposed, is two topics; so is a leading U+FEFF.
    //= v3/1.5.3-3 test
    //= v5/1.5.4-3 test
    EXPECT_FALSE(matches("caf\xc3\xa9", "cafe\xcc\x81"));
    EXPECT_FALSE(matches("a", "\xef\xbb\xbf"
                              "a"));
}

// Neither is valid, yet neither is read past its end.
TEST(TopicMatch, EmptyFiltersAndNamesMatchNothing) {
    EXPECT_FALSE(matches("", "a"));
    EXPECT_FALSE(matches("", "$a"));
    EXPECT_FALSE(matches("a", ""));
}

TEST(TopicMatch, ALongPathTakesOnePass) {
    std::string name = "a";
    std::string filter = "+";
    while (name.size() + 2 < ELLA_STRING_LEN_MAX) {
        name += "/a";
        filter += "/+";
    }
    EXPECT_TRUE(matches(filter, name));
    EXPECT_FALSE(matches(filter + "/+", name));
    EXPECT_TRUE(matches(filter + "/#", name));
}

// The reference: split both into levels and compare them one by one.
std::vector<std::string> levels(const std::string &text) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        if (c == '/')
            out.emplace_back();
        else
            out.back() += c;
    }
    return out;
}

bool reference_from(const std::vector<std::string> &filter, size_t f,
                    const std::vector<std::string> &name, size_t n) {
    if (f == filter.size())
        return n == name.size();
    if (filter[f] == "#")
        return true;
    if (n == name.size())
        return false;
    return (filter[f] == "+" || filter[f] == name[n]) &&
           reference_from(filter, f + 1, name, n + 1);
}

bool reference(const std::string &filter, const std::string &name) {
    if (name[0] == '$' && (filter[0] == '+' || filter[0] == '#'))
        return false;
    return reference_from(levels(filter), 0, levels(name), 0);
}

// All strings of 1 to len_max characters of the alphabet.
std::vector<std::string> all_strings(const std::string &alphabet, size_t len_max) {
    std::vector<std::string> out = {""};
    for (size_t first = 0, len = 0; len < len_max; len++) {
        const size_t last = out.size();
        for (; first < last; first++) {
            for (const char c : alphabet)
                out.push_back(out[first] + c);
        }
    }
    out.erase(out.begin());
    return out;
}

bool valid_filter(const std::string &text) {
    uint32_t error_at;
    return ella_topic_filter_check(reinterpret_cast<const uint8_t *>(text.data()), 0,
                                   static_cast<uint32_t>(text.size()),
                                   &error_at) == ELLA_ERROR_NONE;
}

TEST(TopicMatch, AgreesWithTheReferenceOnEveryShortFilterAndName) {
    const std::vector<std::string> names = all_strings("ab/$", 5);
    size_t match_count = 0;
    size_t pair_count = 0;
    for (const std::string &filter : all_strings("a/+#$", 6)) {
        if (!valid_filter(filter))
            continue;
        for (const std::string &name : names) {
            const bool expected = reference(filter, name);
            pair_count++;
            match_count += expected ? 1 : 0;
            ASSERT_EQ(matches(filter, name), expected) << filter << " against " << name;
        }
    }
    EXPECT_GT(pair_count, 500000u);
    EXPECT_GT(match_count, 5000u);
}

// ---- shared subscriptions

struct share_result {
    bool shared;
    std::string name;
    std::string filter;
    bool operator==(const share_result &other) const {
        return shared == other.shared && name == other.name && filter == other.filter;
    }
};

std::string text_of(struct ella_slice s) {
    return ella_slice_len(s) == 0 ? std::string()
                                  : std::string(reinterpret_cast<const char *>(ella_slice_data(s)),
                                                ella_slice_len(s));
}

share_result share(const std::string &text) {
    struct ella_slice name;
    struct ella_slice filter;
    const bool shared = ella_topic_share(slice(text), &name, &filter);
    return {shared, text_of(name), text_of(filter)};
}

TEST(TopicShare, SplitsNameAndFilter) {
    //= v5/4.8.2-1 test
    //= v5/4.8.2-2 test
    EXPECT_EQ(share("$share/g/a/b"), (share_result{true, "g", "a/b"}));
    EXPECT_EQ(share("$share/g//finance"), (share_result{true, "g", "/finance"}));
    EXPECT_EQ(share("$share/group one/#"), (share_result{true, "group one", "#"}));
    EXPECT_EQ(share("$share/g/+/x"), (share_result{true, "g", "+/x"}));
}

TEST(TopicShare, LeavesEveryOtherFilterWhole) {
    for (const char *text :
         {"a/b", "$share", "$share/", "$share/g", "$share/g/", "$share//x", "$share/+/x",
          "$share/#", "$share/#/x", "$share/a#/x", "$shared/g/x", "x/$share/g/x", "$SHARE/g/x",
          "/$share/g/x"}) {
        EXPECT_EQ(share(text), (share_result{false, "", text})) << text;
    }
}

TEST(TopicShare, AsksEachByteOfThePrefix) {
    const std::string shared = "$share/g/x";
    for (size_t at = 0; at < 7; at++) {
        std::string other = shared;
        other[at] = '-';
        EXPECT_EQ(share(other), (share_result{false, "", other}));
    }
}

} // namespace
