// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Topic names, topic filters and shared subscriptions: examples of the standards, and all short
// strings over the characters that mean something, against a plain reference.

#include <gtest/gtest.h>

#include <string>

#include "codec/decode_test_support.h"

using namespace libella_test;

namespace {

struct verdict {
    enum ella_error error;
    size_t at;

    bool operator==(const verdict &other) const { return error == other.error && at == other.at; }
};

void PrintTo(const verdict &v, std::ostream *out) {
    *out << ella_error_text(v.error) << " at " << v.at;
}

// The strings end right before a page that can't be read, and begin at index 3.
template <typename check> verdict checked(const std::string &text, check how) {
    const std::string padded = "###" + text;
    page_end_copy copy(reinterpret_cast<const uint8_t *>(padded.data()), padded.size());
    uint32_t at = 0;
    const enum ella_error error = how(copy.data(), 3, copy.size(), &at);
    return {error, error == ELLA_ERROR_NONE ? 0u : at - 3u};
}

verdict name_of(const std::string &text) {
    return checked(text, ella_topic_name_check);
}

verdict filter_of(const std::string &text) {
    return checked(text, ella_topic_filter_check);
}

const verdict good = {ELLA_ERROR_NONE, 0};

// What is wrong with the character at the front of text, seen as UTF-8 alone, and its length.
enum ella_error character_error(const std::string &text, size_t at, size_t *len) {
    const struct ella_utf8 whole =
        ella_utf8_check(reinterpret_cast<const uint8_t *>(text.data()), static_cast<uint32_t>(at),
                        static_cast<uint32_t>(text.size()));
    *len = 1;
    if (whole.error_at == at && whole.error != ELLA_ERROR_NONE)
        return whole.error;
    const uint8_t lead = static_cast<uint8_t>(text[at]);
    *len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return ELLA_ERROR_NONE;
}

verdict reference_name(const std::string &text) {
    size_t len = 0;
    if (text.empty())
        return {ELLA_ERROR_TOPIC_NAME_EMPTY, 0};
    for (size_t at = 0; at < text.size(); at += len) {
        const enum ella_error error = character_error(text, at, &len);
        if (error != ELLA_ERROR_NONE)
            return {error, at};
        if (text[at] == '+' || text[at] == '#')
            return {ELLA_ERROR_TOPIC_NAME_WILDCARD, at};
    }
    return good;
}

verdict reference_levels(const std::string &text, size_t start) {
    size_t len = 0;
    for (size_t at = start; at < text.size(); at += len) {
        const char c = text[at];
        const char before = at == start ? '/' : text[at - 1];
        if (before == '#')
            return {ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD, at - 1};
        if (before == '+' && c != '/')
            return {ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD, at - 1};
        const enum ella_error error = character_error(text, at, &len);
        if (error != ELLA_ERROR_NONE)
            return {error, at};
        if (c == '#' && before != '/')
            return {ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD, at};
        if (c == '+' && before != '/')
            return {ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD, at};
    }
    return good;
}

verdict reference_filter(const std::string &text) {
    const size_t name = 7;
    size_t len = 0;
    size_t at = name;
    if (text.empty())
        return {ELLA_ERROR_TOPIC_FILTER_EMPTY, 0};
    if (text.compare(0, name, "$share/") != 0)
        return reference_levels(text, 0);
    for (; at < text.size() && text[at] != '/'; at += len) {
        const enum ella_error error = character_error(text, at, &len);
        if (error != ELLA_ERROR_NONE)
            return {error, at};
        if (text[at] == '+' || text[at] == '#')
            return {ELLA_ERROR_SHARE_NAME, at};
    }
    if (at == name)
        return {ELLA_ERROR_SHARE_NAME, at};
    if (at + 1 >= text.size())
        return {ELLA_ERROR_SHARE_FILTER, text.size()};
    return reference_levels(text, at + 1);
}

//= v3/4.7.1-1 test
//= v3/4.7.3-1 test
//= v5/4.7.0-1 test
//= v5/4.7.3-1 test
TEST(TopicName, IsAnyStringWithoutWildcardsThatIsNotEmpty) {
    for (const char *text : {"a", "/", "//", "/a/", "a b", "$SYS/x", "$share/g/x", "ACCOUNTS",
                             "sport/tennis/player1", "\xc3\xa9t\xc3\xa9", "\xef\xbb\xbf"})
        EXPECT_EQ(name_of(text), good) << text;
    EXPECT_EQ(name_of(""), (verdict{ELLA_ERROR_TOPIC_NAME_EMPTY, 0}));
    EXPECT_EQ(name_of("#"), (verdict{ELLA_ERROR_TOPIC_NAME_WILDCARD, 0}));
    EXPECT_EQ(name_of("sport/+"), (verdict{ELLA_ERROR_TOPIC_NAME_WILDCARD, 6}));
    EXPECT_EQ(name_of("sport#"), (verdict{ELLA_ERROR_TOPIC_NAME_WILDCARD, 5}));
}

//= v3/4.7.1-2 test
//= v3/4.7.1-3 test
//= v3/4.7.3-1 test
//= v5/4.7.1-1 test
//= v5/4.7.1-2 test
//= v5/4.7.3-1 test
TEST(TopicFilter, HasWildcardsThatAreWholeLevels) {
    for (const char *text : {"#",
                             "+",
                             "/",
                             "//",
                             "/#",
                             "+/#",
                             "/+",
                             "+/+",
                             "+/",
                             "/+/",
                             "sport/#",
                             "sport/tennis/#",
                             "sport/+/player1",
                             "+/tennis/#",
                             "$SYS/#",
                             "$SYS/monitor/+",
                             "$share",
                             "$shared/g/x",
                             "$Share/",
                             "a b/c d",
                             "\xf0\x9f\x98\x80/+"})
        EXPECT_EQ(filter_of(text), good) << text;
    const struct {
        const char *text;
        verdict wanted;
    } rows[] = {
        {"", {ELLA_ERROR_TOPIC_FILTER_EMPTY, 0}},
        {"sport/tennis#", {ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD, 12}},
        {"sport/tennis/#/ranking", {ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD, 13}},
        {"#/", {ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD, 0}},
        {"##", {ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD, 0}},
        {"sport+", {ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD, 5}},
        {"+sport", {ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD, 0}},
        {"a/+b/c", {ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD, 2}},
        {"++", {ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD, 0}},
        {"+#", {ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD, 0}},
    };
    for (const auto &row : rows)
        EXPECT_EQ(filter_of(row.text), row.wanted) << row.text;
}

//= v5/4.8.2-1 test
//= v5/4.8.2-2 test
TEST(TopicFilter, OfASharedSubscriptionHasANameAndAFilter) {
    for (const char *text : {"$share/g/x", "$share/g//x", "$share/g//", "$share/g/#", "$share/g/+",
                             "$share/a b/$SYS/#", "$share/$share/$share", "$share/\xc3\xa9/x"})
        EXPECT_EQ(filter_of(text), good) << text;
    const struct {
        const char *text;
        verdict wanted;
    } rows[] = {
        {"$share/", {ELLA_ERROR_SHARE_NAME, 7}},
        {"$share//", {ELLA_ERROR_SHARE_NAME, 7}},
        {"$share//x", {ELLA_ERROR_SHARE_NAME, 7}},
        {"$share/+/x", {ELLA_ERROR_SHARE_NAME, 7}},
        {"$share/#", {ELLA_ERROR_SHARE_NAME, 7}},
        {"$share/a+/x", {ELLA_ERROR_SHARE_NAME, 8}},
        {"$share/ab#/x", {ELLA_ERROR_SHARE_NAME, 9}},
        {"$share/g", {ELLA_ERROR_SHARE_FILTER, 8}},
        {"$share/g/", {ELLA_ERROR_SHARE_FILTER, 9}},
        {"$share/g/a#", {ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD, 10}},
        {"$share/g/#/a", {ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD, 9}},
        {"$share/g/a+", {ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD, 10}},
    };
    for (const auto &row : rows)
        EXPECT_EQ(filter_of(row.text), row.wanted) << row.text;
}

// Calls visit with every string of up to max_len characters of the alphabet.
template <typename visitor>
void every_string(const std::vector<std::string> &alphabet, size_t max_len,
                  const std::string &text, visitor visit) {
    visit(text);
    if (max_len == 0 || testing::Test::HasFailure())
        return;
    for (const std::string &c : alphabet)
        every_string(alphabet, max_len - 1, text + c, visit);
}

const std::vector<std::string> alphabet = {
    "a", "/", "+", "#", "$", std::string(1, '\0'), "\xc3\xa9", "\xc3", "\xa9"};

TEST(TopicName, AgreesWithTheReferenceOnEveryShortString) {
    every_string(alphabet, 5, "", [](const std::string &text) {
        EXPECT_EQ(name_of(text), reference_name(text)) << text;
    });
}

TEST(TopicFilter, AgreesWithTheReferenceOnEveryShortString) {
    every_string(alphabet, 5, "", [](const std::string &text) {
        EXPECT_EQ(filter_of(text), reference_filter(text)) << text;
    });
    every_string(alphabet, 5, "$share/", [](const std::string &text) {
        EXPECT_EQ(filter_of(text), reference_filter(text)) << text;
    });
    every_string({"$share", "$", "share/", "/", "a", "+"}, 4, "", [](const std::string &text) {
        EXPECT_EQ(filter_of(text), reference_filter(text)) << text;
    });
}

//= v3/4.7.3-3 test
//= v5/4.7.3-3 test
TEST(TopicName, MayBeAsLongAsItsLengthCanSay) {
    const std::string longest(ELLA_STRING_LEN_MAX, 'x');
    EXPECT_EQ(name_of(longest), good);
    EXPECT_EQ(filter_of(longest.substr(1) + "+"),
              (verdict{ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD, longest.size() - 1}));
    const outcome o = feed_whole({ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT},
                                 packet_of(0xa2, from_hex("0001") + field(longest)));
    EXPECT_EQ(o.result, ELLA_PACKET) << ella_error_text(o.error);
}

} // namespace
