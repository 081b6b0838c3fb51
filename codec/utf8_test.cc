// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// UTF-8 against a plain reference: all code points, all sequences of one to three bytes, the edges
// of those of four, and strings put together at random.

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "codec/decode_test_support.h"

using namespace libella_test;

namespace {

// What a string is, found character by character from the code point up.
struct verdict {
    enum ella_error error = ELLA_ERROR_NONE;
    uint32_t error_at = 0;
    bool has_control = false;
    bool has_non_character = false;
};

bool is_control(uint32_t c) {
    return (c >= 0x01 && c <= 0x1f) || (c >= 0x7f && c <= 0x9f);
}

bool is_non_character(uint32_t c) {
    return (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xffff) == 0xfffe || (c & 0xffff) == 0xffff;
}

// The code point at the front of s[0, len) and the length of its sequence; 0 if it is ill-formed.
size_t code_point(const uint8_t *s, size_t len, uint32_t *out) {
    const uint8_t lead = s[0];
    const size_t size = lead < 0x80   ? 1
                        : lead < 0xc0 ? 0
                        : lead < 0xe0 ? 2
                        : lead < 0xf0 ? 3
                        : lead < 0xf8 ? 4
                                      : 0;
    const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size == 0 || size > len)
        return 0;
    uint32_t c = size == 1 ? lead : lead & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = (c << 6) | (s[i] & 0x3fu);
    }
    if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *out = c;
    return size;
}

verdict reference(const uint8_t *s, size_t len) {
    verdict v;
    size_t at = 0;
    while (at < len) {
        uint32_t c = 0;
        const size_t size = code_point(s + at, len - at, &c);
        if (size == 0 || c == 0) {
            v.error = size == 0 ? ELLA_ERROR_STRING_NOT_UTF8 : ELLA_ERROR_STRING_NULL_CHARACTER;
            break;
        }
        v.has_control = v.has_control || is_control(c);
        v.has_non_character = v.has_non_character || is_non_character(c);
        at += size;
    }
    v.error_at = static_cast<uint32_t>(at);
    return v;
}

bool agrees(const uint8_t *buf, uint32_t start, uint32_t end) {
    const struct ella_utf8 found = ella_utf8_check(buf, start, end);
    const verdict wanted = reference(buf + start, end - start);
    return found.error == wanted.error && found.error_at == start + wanted.error_at &&
           found.has_control == wanted.has_control &&
           found.has_non_character == wanted.has_non_character;
}

bytes encoded(uint32_t c) {
    const auto tail = [](uint32_t x) { return static_cast<uint8_t>(0x80 | (x & 0x3f)); };
    if (c < 0x80)
        return {static_cast<uint8_t>(c)};
    if (c < 0x800)
        return {static_cast<uint8_t>(0xc0 | (c >> 6)), tail(c)};
    if (c < 0x10000)
        return {static_cast<uint8_t>(0xe0 | (c >> 12)), tail(c >> 6), tail(c)};
    return {static_cast<uint8_t>(0xf0 | (c >> 18)), tail(c >> 12), tail(c >> 6), tail(c)};
}

//= v3/1.5.3-1 test
//= v3/1.5.3-2 test
//= v3/1.5.3-3 test
//= v5/1.5.4-1 test
//= v5/1.5.4-2 test
//= v5/1.5.4-3 test
//= v5/u-1.5.4-1 test
//= v5/u-1.5.4-2 test
TEST(Utf8, TakesEveryCodePointButNullAndSurrogates) {
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        const bytes in = encoded(c);
        const struct ella_utf8 found =
            ella_utf8_check(in.data(), 0, static_cast<uint32_t>(in.size()));
        const enum ella_error wanted = c == 0 ? ELLA_ERROR_STRING_NULL_CHARACTER
                                       : c >= 0xd800 && c <= 0xdfff ? ELLA_ERROR_STRING_NOT_UTF8
                                                                    : ELLA_ERROR_NONE;
        ASSERT_EQ(found.error, wanted) << std::hex << c;
        ASSERT_EQ(found.has_control, is_control(c) && wanted == ELLA_ERROR_NONE) << std::hex << c;
        ASSERT_EQ(found.has_non_character, is_non_character(c)) << std::hex << c;
    }
}

TEST(Utf8, AgreesWithTheReferenceOnAllSequencesOfUpToThreeBytes) {
    uint8_t s[3];
    for (uint32_t x = 0; x < 1u << 24; x++) {
        s[0] = static_cast<uint8_t>(x >> 16);
        s[1] = static_cast<uint8_t>(x >> 8);
        s[2] = static_cast<uint8_t>(x);
        ASSERT_TRUE(agrees(s, 0, 3)) << to_hex(s, 3);
        // The shorter ones, each once.
        ASSERT_TRUE(s[2] != 0 || agrees(s, 0, 2)) << to_hex(s, 2);
        ASSERT_TRUE(s[2] != 0 || s[1] != 0 || agrees(s, 0, 1)) << to_hex(s, 1);
    }
}

TEST(Utf8, AgreesWithTheReferenceOnTheEdgesOfFourBytes) {
    const uint8_t edges[] = {0x00, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f,
                             0xa0, 0xaf, 0xbd, 0xbe, 0xbf, 0xc0, 0xff};
    for (uint32_t lead = 0xe0; lead < 256; lead++) {
        for (uint32_t second = 0; second < 256; second++) {
            for (uint8_t third : edges) {
                for (uint8_t fourth : edges) {
                    const uint8_t s[] = {static_cast<uint8_t>(lead), static_cast<uint8_t>(second),
                                         third, fourth};
                    ASSERT_TRUE(agrees(s, 0, 4)) << to_hex(s, 4);
                }
            }
        }
    }
}

TEST(Utf8, AgreesWithTheReferenceOnRandomStringsAnywhereInABuffer) {
    std::mt19937 random(5);
    const auto below = [&random](uint32_t n) { return static_cast<uint32_t>(random() % n); };
    for (int round = 0; round < 200000; round++) {
        bytes in(below(4), 'a');
        const uint32_t start = static_cast<uint32_t>(in.size());
        for (uint32_t pieces = below(8); pieces > 0; pieces--) {
            const uint32_t kind = below(8);
            if (kind == 0)
                in.push_back(static_cast<uint8_t>(below(256)));
            else if (kind == 1)
                in.push_back(static_cast<uint8_t>(0x80 + below(128)));
            else if (kind < 5)
                in = in + encoded(1 + below(0x10ffff));
            else
                in = in + bytes(below(20), static_cast<uint8_t>(0x20 + below(0x5f)));
        }
        const uint32_t end = static_cast<uint32_t>(in.size());
        in.push_back(static_cast<uint8_t>(below(256)));
        ASSERT_TRUE(agrees(in.data(), start, end)) << to_hex(in);
    }
}

TEST(Utf8, NeedsNoBytesForTheEmptyString) {
    EXPECT_EQ(ella_utf8_check(nullptr, 0, 0).error, ELLA_ERROR_NONE);
    EXPECT_EQ(ella_utf8_check(nullptr, 7, 7).error_at, 7u);
}

TEST(Utf8, IsNotReadPastItsEnd) {
    const char *const cut[] = {"61 c3", "e2 82", "f0 9f 98", "f0 9f", "f0", "61 62 63"};
    for (const char *hex : cut) {
        const bytes in = from_hex(hex);
        page_end_copy at_end(in);
        EXPECT_TRUE(agrees(at_end.data(), 0, at_end.size())) << hex;
        page_start_copy at_start(in);
        EXPECT_TRUE(agrees(at_start.data(), 0, at_start.size())) << hex;
    }
}

// Every string field of every packet is held to it: {first byte, body before, body behind}.
struct string_field {
    const char *name;
    receiver to;
    uint8_t first_byte;
    const char *before;
    const char *behind;
};

const receiver fresh = {ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT};
const receiver server_3_1 = {ELLA_VERSION_3_1, ELLA_FROM_CLIENT};
const receiver server_3_1_1 = {ELLA_VERSION_3_1_1, ELLA_FROM_CLIENT};
const receiver server_5_0 = {ELLA_VERSION_5_0, ELLA_FROM_CLIENT};

const string_field string_fields[] = {
    {"client id 3.1", fresh, 0x10, "0006 'MQIsdp' 03 02 0000", ""},
    {"client id 3.1.1", fresh, 0x10, "0004 'MQTT' 04 02 0000", ""},
    {"client id 5.0", fresh, 0x10, "0004 'MQTT' 05 02 0000 00", ""},
    {"will topic 3.1.1", fresh, 0x10, "0004 'MQTT' 04 06 0000 0000", "0000"},
    {"will topic 5.0", fresh, 0x10, "0004 'MQTT' 05 06 0000 00 0000 00", "0000"},
    {"user name 3.1", fresh, 0x10, "0006 'MQIsdp' 03 82 0000 0001 'c'", ""},
    {"user name 3.1.1", fresh, 0x10, "0004 'MQTT' 04 82 0000 0001 'c'", ""},
    {"user name 5.0", fresh, 0x10, "0004 'MQTT' 05 82 0000 00 0000", ""},
    {"topic 3.1", server_3_1, 0x30, "", "01 02"},
    {"topic 3.1.1", server_3_1_1, 0x32, "", "0001"},
    {"topic 5.0", server_5_0, 0x30, "", "00"},
    {"subscribe 3.1.1", server_3_1_1, 0x82, "0001", "00"},
    {"subscribe 5.0", server_5_0, 0x82, "0001 00 0001 't' 00", "00"},
    {"unsubscribe 3.1.1", server_3_1_1, 0xa2, "0001", ""},
    {"unsubscribe 5.0", server_5_0, 0xa2, "0001 00 0001 't'", ""},
};

//= v3/3.1.3-4 test
//= v3/3.1.3-10 test
//= v3/3.1.3-11 test
//= v3/3.3.2-1 test
//= v3/3.8.3-1 test
//= v3/3.10.3-1 test
//= v3/4.7.3-2 test
//= v5/3.1.3-4 test
//= v5/3.1.3-11 test
//= v5/3.1.3-12 test
//= v5/3.3.2-1 test
//= v5/3.8.3-1 test
//= v5/3.10.3-1 test
//= v5/4.7.3-2 test
TEST(Utf8, IsDemandedOfEveryStringOfAPacket) {
    const struct {
        const char *hex;
        enum ella_error error;
        uint32_t at;
    } strings[] = {
        {"61 00 62", ELLA_ERROR_STRING_NULL_CHARACTER, 1},
        {"ff", ELLA_ERROR_STRING_NOT_UTF8, 0},
        {"61 62 c0 80", ELLA_ERROR_STRING_NOT_UTF8, 2},
        {"61 ed a0 80", ELLA_ERROR_STRING_NOT_UTF8, 1},
        {"e2 82", ELLA_ERROR_STRING_NOT_UTF8, 0},
        {"61 f4 90 80 80", ELLA_ERROR_STRING_NOT_UTF8, 1},
    };
    for (const string_field &f : string_fields) {
        SCOPED_TRACE(f.name);
        const bytes before = from_hex(f.before);
        for (const auto &s : strings) {
            const bytes text = from_hex(s.hex);
            const bytes body =
                before + field(std::string(text.begin(), text.end())) + from_hex(f.behind);
            expect_bad(f.to, packet_of(f.first_byte, body), s.error,
                       static_cast<uint32_t>(2 + before.size() + 2) + s.at);
        }
        // Byte order marks, control and non-characters are let through, and kept.
        for (const char *hex : {"ef bb bf", "61 ef bf bf", "01 7f", "f0 9f 98 80"}) {
            const bytes text = from_hex(hex);
            expect_packet(f.to, packet_of(f.first_byte,
                                          before + field(std::string(text.begin(), text.end())) +
                                              from_hex(f.behind)));
        }
    }
}

// ... and no other field is.
TEST(Utf8, IsNotDemandedOfBinaryData) {
    expect_packet(fresh, packet_of(0x10, from_hex("0004 'MQTT' 04 c6 0000 0000 0001 't' 0002 ff00"
                                                  " 0001 'u' 0003 00fffe")));
    expect_packet(server_5_0, packet_of(0x30, from_hex("0001 't' 05 09 0002 ff00 ff00")));
}

} // namespace
