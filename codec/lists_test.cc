// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Lists inside packets: what is put comes out again, what must not be put is refused, and a walk
// over bytes of any kind stays inside them.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/test_support.h"

extern "C" {
#include "codec/lists.h"
}

namespace {

using libella_test::bytes;
using libella_test::from_hex;
using libella_test::to_hex;

// The text has to outlive the slice.
struct ella_slice slice(std::string_view text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

struct ella_slice slice(const bytes &data) {
    return ella_slice_of(data.data(), static_cast<uint32_t>(data.size()));
}

std::string text_of(struct ella_slice s) {
    return std::string(reinterpret_cast<const char *>(s.base) + s.off, s.end - s.off);
}

struct ella_filter filter_of(std::string_view text, uint8_t qos = 0) {
    struct ella_filter f = {};
    f.filter = slice(text);
    f.qos = qos;
    return f;
}

// A buffer that a test fills entry by entry.
struct filling {
    uint8_t buf[256] = {};
    uint32_t used = 0;
    std::string hex() const { return to_hex(buf, used); }
};

enum ella_error put_filter(filling *out, enum ella_packet_type type, enum ella_version version,
                           const struct ella_filter &entry) {
    return ella_filter_put(type, version, &entry, out->buf, sizeof out->buf, &out->used);
}

TEST(SliceOf, CoversTheBytesGiven) {
    const std::string text = "abc";
    const struct ella_slice s = slice(text);
    EXPECT_EQ(ella_slice_len(s), 3u);
    EXPECT_EQ(text_of(s), "abc");
    EXPECT_EQ(ella_slice_len(ella_slice_of(nullptr, 0)), 0u);
}

TEST(Filters, SubscribeEntryOf311IsTheFilterAndItsQos) {
    filling out;
    ASSERT_EQ(put_filter(&out, ELLA_SUBSCRIBE, ELLA_VERSION_3_1_1, filter_of("a/b", 1)),
              ELLA_ERROR_NONE);
    ASSERT_EQ(put_filter(&out, ELLA_SUBSCRIBE, ELLA_VERSION_3_1_1, filter_of("c/d", 2)),
              ELLA_ERROR_NONE);
    EXPECT_EQ(out.hex(), "00 03 61 2f 62 01 00 03 63 2f 64 02");
}

TEST(Filters, UnsubscribeEntryIsTheFilterAlone) {
    filling out;
    struct ella_filter entry = filter_of("a", 2);
    entry.no_local = true; // an entry that was subscribed with can be unsubscribed as it is
    ASSERT_EQ(put_filter(&out, ELLA_UNSUBSCRIBE, ELLA_VERSION_3_1_1, entry), ELLA_ERROR_NONE);
    EXPECT_EQ(out.hex(), "00 01 61");
}

TEST(Filters, EveryCombinationOfOptionsComesOutAgain) {
    for (unsigned i = 0; i < 3 * 3 * 4; i++) {
        filling out;
        struct ella_filter in = filter_of("a/+", static_cast<uint8_t>(i % 3));
        in.retain_handling = static_cast<uint8_t>(i / 3 % 3);
        in.no_local = i / 9 % 2 == 1;
        in.retain_as_published = i / 18 == 1;
        ASSERT_EQ(put_filter(&out, ELLA_SUBSCRIBE, ELLA_VERSION_5_0, in), ELLA_ERROR_NONE);

        struct ella_slice rest = ella_slice_of(out.buf, out.used);
        struct ella_filter back;
        ASSERT_TRUE(ella_filter_next(ELLA_SUBSCRIBE, &rest, &back));
        EXPECT_EQ(text_of(back.filter), "a/+");
        EXPECT_EQ(back.qos, in.qos);
        EXPECT_EQ(back.retain_handling, in.retain_handling);
        EXPECT_EQ(back.no_local, in.no_local);
        EXPECT_EQ(back.retain_as_published, in.retain_as_published);
        EXPECT_FALSE(ella_filter_next(ELLA_SUBSCRIBE, &rest, &back));
    }
}

TEST(Filters, WhatAReceiverWouldRefuseIsNotPut) {
    filling out;
    struct ella_filter entry = filter_of("");
    //= v3/4.7.3-1 test
    //= v5/4.7.3-1 test
    EXPECT_EQ(put_filter(&out, ELLA_SUBSCRIBE, ELLA_VERSION_5_0, entry),
              ELLA_ERROR_TOPIC_FILTER_EMPTY);
    //= v3/3.8.3-4 test
    //= v5/u-3.8.3.1-1 test
    EXPECT_EQ(put_filter(&out, ELLA_SUBSCRIBE, ELLA_VERSION_3_1_1, filter_of("a", 3)),
              ELLA_ERROR_SUBSCRIPTION_QOS);
    EXPECT_EQ(put_filter(&out, ELLA_SUBSCRIBE, ELLA_VERSION_5_0, filter_of("a", 3)),
              ELLA_ERROR_SUBSCRIPTION_QOS);
    entry = filter_of("a");
    entry.retain_handling = 3;
    //= v5/u-3.8.3.1-2 test
    EXPECT_EQ(put_filter(&out, ELLA_SUBSCRIBE, ELLA_VERSION_5_0, entry),
              ELLA_ERROR_RETAIN_HANDLING);
    entry = filter_of("$share/g/a");
    entry.no_local = true;
    //= v5/3.8.3-4 test
    EXPECT_EQ(put_filter(&out, ELLA_SUBSCRIBE, ELLA_VERSION_5_0, entry),
              ELLA_ERROR_SHARE_NO_LOCAL);
    for (int option = 0; option < 3; option++) {
        entry = filter_of("a");
        entry.no_local = option == 0;
        entry.retain_as_published = option == 1;
        entry.retain_handling = option == 2 ? 1 : 0;
        EXPECT_EQ(put_filter(&out, ELLA_SUBSCRIBE, ELLA_VERSION_3_1_1, entry),
                  ELLA_ERROR_VERSION_LACKS_FIELD)
            << option;
    }
    EXPECT_EQ(out.used, 0u);
}

TEST(Filters, TheLongestFilterFitsAndOneByteMoreDoesNot) {
    //= v3/4.7.3-3 test
    //= v5/4.7.3-3 test
    std::string text(ELLA_STRING_LEN_MAX, 'a');
    bytes buf(ELLA_STRING_LEN_MAX + 100);
    uint32_t used = 0;
    struct ella_filter entry = filter_of(text);
    EXPECT_EQ(ella_filter_put(ELLA_UNSUBSCRIBE, ELLA_VERSION_5_0, &entry, buf.data(),
                              static_cast<uint32_t>(buf.size()), &used),
              ELLA_ERROR_NONE);
    EXPECT_EQ(used, ELLA_STRING_LEN_MAX + 2u);
    text += 'a';
    entry = filter_of(text);
    used = 0;
    EXPECT_EQ(ella_filter_put(ELLA_UNSUBSCRIBE, ELLA_VERSION_5_0, &entry, buf.data(),
                              static_cast<uint32_t>(buf.size()), &used),
              ELLA_ERROR_FIELD_TOO_LONG);
}

// Every put against every amount of room too small for it, and the exact one.
template <typename Put> void expect_whole_or_nothing(uint32_t needs, Put put) {
    for (uint32_t room = 0; room <= needs; room++) {
        libella_test::page_end_copy area(bytes(room, 0xee));
        uint32_t used = 0;
        const enum ella_error error = put(area.data(), room, &used);
        if (room == needs) {
            EXPECT_EQ(error, ELLA_ERROR_NONE);
            EXPECT_EQ(used, needs);
        } else {
            EXPECT_EQ(error, ELLA_ERROR_BUFFER_TOO_SMALL);
            EXPECT_EQ(used, 0u);
            EXPECT_EQ(bytes(area.data(), area.data() + room), bytes(room, 0xee));
        }
    }
}

TEST(Puts, WriteTheWholeEntryOrNothing) {
    const struct ella_filter entry = filter_of("a/b");
    expect_whole_or_nothing(6, [&](uint8_t *buf, uint32_t size, uint32_t *used) {
        return ella_filter_put(ELLA_SUBSCRIBE, ELLA_VERSION_5_0, &entry, buf, size, used);
    });
    expect_whole_or_nothing(9, [](uint8_t *buf, uint32_t size, uint32_t *used) {
        return ella_user_property_put(ella_slice_of("ab", 2), ella_slice_of("cd", 2), buf, size,
                                      used);
    });
    expect_whole_or_nothing(5, [](uint8_t *buf, uint32_t size, uint32_t *used) {
        return ella_subscription_identifier_put(ELLA_SUBSCRIPTION_IDENTIFIER_MAX, buf, size, used);
    });
}

TEST(UserProperties, KeepTheirOrderAndTheirRepetitions) {
    const std::vector<std::pair<std::string, std::string>> in = {
        {"b", "1"}, {"a", "2"}, {"b", "1"}, {"", ""}, {"b", "3"}};
    filling out;
    for (const auto &pair : in) {
        ASSERT_EQ(ella_user_property_put(slice(pair.first), slice(pair.second), out.buf,
                                         sizeof out.buf, &out.used),
                  ELLA_ERROR_NONE);
    }
    std::vector<std::pair<std::string, std::string>> back;
    struct ella_slice rest = ella_slice_of(out.buf, out.used);
    struct ella_slice name;
    struct ella_slice value;
    while (ella_user_property_next(&rest, &name, &value))
        back.emplace_back(text_of(name), text_of(value));
    EXPECT_EQ(back, in);
}

TEST(UserProperties, AStringTooLongForItsLengthIsRefused) {
    const std::string text(ELLA_STRING_LEN_MAX + 1, 'a');
    filling out;
    EXPECT_EQ(ella_user_property_put(slice(text), slice("v"), out.buf, sizeof out.buf, &out.used),
              ELLA_ERROR_FIELD_TOO_LONG);
    EXPECT_EQ(ella_user_property_put(slice("k"), slice(text), out.buf, sizeof out.buf, &out.used),
              ELLA_ERROR_FIELD_TOO_LONG);
    EXPECT_EQ(out.used, 0u);
}

TEST(SubscriptionIdentifiers, TakeEveryValueButZeroAndThoseTooLarge) {
    filling out;
    const uint32_t values[] = {1, 127, 128, 16384, ELLA_SUBSCRIPTION_IDENTIFIER_MAX};
    for (const uint32_t value : values) {
        ASSERT_EQ(ella_subscription_identifier_put(value, out.buf, sizeof out.buf, &out.used),
                  ELLA_ERROR_NONE);
    }
    struct ella_slice rest = ella_slice_of(out.buf, out.used);
    uint32_t back = 0;
    for (const uint32_t value : values) {
        ASSERT_TRUE(ella_subscription_identifier_next(&rest, &back));
        EXPECT_EQ(back, value);
    }
    EXPECT_FALSE(ella_subscription_identifier_next(&rest, &back));
    const uint32_t before = out.used;
    EXPECT_EQ(ella_subscription_identifier_put(0, out.buf, sizeof out.buf, &out.used),
              ELLA_ERROR_PROPERTY_RANGE);
    EXPECT_EQ(ella_subscription_identifier_put(ELLA_SUBSCRIPTION_IDENTIFIER_MAX + 1, out.buf,
                                               sizeof out.buf, &out.used),
              ELLA_ERROR_PROPERTY_RANGE);
    EXPECT_EQ(out.used, before);
}

// One property of each type, so that the walks have to step over them all.
const char *const mixed = "01 01"                  // byte
                          "26 00 01 'a' 00 01 'b'" // user property
                          "02 00 00 00 09"         // four byte integer
                          "0b 80 01"               // subscription identifier 128
                          "03 00 02 'ct'"          // string
                          "09 00 01 00"            // binary data
                          "26 00 00 00 00"         // user property, both halves empty
                          "23 00 05"               // two byte integer
                          "0b 07";                 // subscription identifier 7

TEST(Walks, StepOverThePropertiesOfOtherKinds) {
    const bytes data = from_hex(mixed);
    struct ella_slice rest = slice(data);
    struct ella_slice name;
    struct ella_slice value;
    ASSERT_TRUE(ella_user_property_next(&rest, &name, &value));
    EXPECT_EQ(text_of(name) + "=" + text_of(value), "a=b");
    ASSERT_TRUE(ella_user_property_next(&rest, &name, &value));
    EXPECT_EQ(text_of(name) + "=" + text_of(value), "=");
    EXPECT_FALSE(ella_user_property_next(&rest, &name, &value));

    uint32_t identifier = 0;
    rest = slice(data);
    ASSERT_TRUE(ella_subscription_identifier_next(&rest, &identifier));
    EXPECT_EQ(identifier, 128u);
    ASSERT_TRUE(ella_subscription_identifier_next(&rest, &identifier));
    EXPECT_EQ(identifier, 7u);
    EXPECT_FALSE(ella_subscription_identifier_next(&rest, &identifier));
}

// Walks everything that can be walked in bytes that may be anything.
size_t walk_all(struct ella_slice all) {
    struct ella_slice name;
    struct ella_slice value;
    struct ella_filter filter;
    struct lists_property property;
    uint32_t identifier;
    size_t steps = 0;
    for (struct ella_slice rest = all; ella_user_property_next(&rest, &name, &value);)
        steps++;
    for (struct ella_slice rest = all; ella_subscription_identifier_next(&rest, &identifier);)
        steps++;
    for (struct ella_slice rest = all; ella_filter_next(ELLA_SUBSCRIBE, &rest, &filter);)
        steps++;
    for (struct ella_slice rest = all; ella_filter_next(ELLA_UNSUBSCRIBE, &rest, &filter);)
        steps++;
    for (struct ella_slice rest = all; ella_lists_property_next(&rest, &property);)
        steps++;
    return steps;
}

TEST(Walks, StayInsideBytesOfAnyKind) {
    const bytes whole = from_hex(mixed);
    for (size_t len = 0; len <= whole.size(); len++) {
        const libella_test::page_end_copy cut(whole.data(), len);
        walk_all(ella_slice_of(cut.data(), cut.size()));
    }
    uint64_t random = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t data[24];
        for (uint8_t &byte : data) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            byte = static_cast<uint8_t>((random >> 33) % (round % 2 == 0 ? 256 : 48));
        }
        EXPECT_LE(walk_all(ella_slice_of(data, sizeof data)), 5 * sizeof data);
    }
}

TEST(Walks, StopWhereTheBytesAreNoProperty) {
    struct lists_property property;
    for (const char *hex : {"00", "04 00", "2b 00", "ff", "26 00 01 'a' 00 02 'b'",
                            "0b 80 80 80 80 01", "02 00 00 00", "23 00", "01"}) {
        const bytes data = from_hex(hex);
        struct ella_slice rest = slice(data);
        EXPECT_FALSE(ella_lists_property_next(&rest, &property)) << hex;
        EXPECT_EQ(ella_slice_len(rest), data.size()) << hex;
    }
}

} // namespace
