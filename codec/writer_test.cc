// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The bounded cursor: the bytes of every data type, and that nothing is ever written past the end.

#include "codec/writer.h"

#include <gtest/gtest.h>

#include "codec/test_support.h"

namespace {

using libella_test::bytes;
using libella_test::from_hex;
using libella_test::to_hex;

// What a writer with plenty of room makes of one put.
template <typename Put> bytes written(Put put) {
    uint8_t buf[32] = {};
    struct writer w = writer_of(buf, 0, sizeof buf);
    put(&w);
    EXPECT_FALSE(w.failed);
    return bytes(buf, buf + w.at);
}

TEST(Writer, IntegersPutTheHighByteFirst) {
    EXPECT_EQ(written([](struct writer *w) { writer_u8(w, 0xab); }), from_hex("ab"));
    EXPECT_EQ(written([](struct writer *w) { writer_u16(w, 0x1234); }), from_hex("12 34"));
    EXPECT_EQ(written([](struct writer *w) { writer_u32(w, 0x12345678); }),
              from_hex("12 34 56 78"));
    EXPECT_EQ(written([](struct writer *w) { writer_u32(w, 0xffffffff); }),
              from_hex("ff ff ff ff"));
}

TEST(Writer, VariableByteIntegersTakeTheirShortestForm) {
    struct {
        uint32_t value;
        const char *hex;
    } const rows[] = {
        //= v5/1.5.5-1 test
        {0, "00"},
        {127, "7f"},
        {128, "80 01"},
        {16383, "ff 7f"},
        {16384, "80 80 01"},
        {2097151, "ff ff 7f"},
        {2097152, "80 80 80 01"},
        {ELLA_REMAINING_LENGTH_MAX, "ff ff ff 7f"},
    };
    for (const auto &row : rows) {
        const bytes expected = from_hex(row.hex);
        EXPECT_EQ(written([&](struct writer *w) { writer_vbi(w, row.value); }), expected)
            << row.value;
        EXPECT_EQ(writer_vbi_len(row.value), expected.size()) << row.value;
    }
}

TEST(Writer, StringsCarryTheirLength) {
    EXPECT_EQ(written([](struct writer *w) { writer_string(w, ella_slice_of("abc", 3)); }),
              from_hex("00 03 'abc'"));
    EXPECT_EQ(written([](struct writer *w) { writer_string(w, ella_slice_of(nullptr, 0)); }),
              from_hex("00 00"));
    EXPECT_EQ(written([](struct writer *w) { writer_bytes(w, ella_slice_of("abc", 3)); }),
              from_hex("'abc'"));
}

// Runs a put that needs `needs` bytes against every amount of room, at the end of the address
// space.
template <typename Put> void expect_bounded(uint32_t needs, Put put) {
    for (uint32_t room = 0; room <= needs; room++) {
        libella_test::page_end_copy area(bytes(room, 0xee));
        struct writer w = writer_of(area.data(), 0, room);
        put(&w);
        EXPECT_EQ(w.failed, room < needs) << "room " << room;
        EXPECT_LE(w.at, room);
    }
}

TEST(Writer, NothingIsWrittenPastTheEnd) {
    expect_bounded(1, [](struct writer *w) { writer_u8(w, 1); });
    expect_bounded(2, [](struct writer *w) { writer_u16(w, 1); });
    expect_bounded(4, [](struct writer *w) { writer_u32(w, 1); });
    expect_bounded(1, [](struct writer *w) { writer_vbi(w, 127); });
    expect_bounded(4, [](struct writer *w) { writer_vbi(w, 2097152); });
    expect_bounded(3, [](struct writer *w) { writer_bytes(w, ella_slice_of("abc", 3)); });
    expect_bounded(5, [](struct writer *w) { writer_string(w, ella_slice_of("abc", 3)); });
}

TEST(Writer, AFailureSticks) {
    uint8_t buf[4] = {0xee, 0xee, 0xee, 0xee};
    struct writer w = writer_of(buf, 1, 3);
    writer_u32(&w, 0);
    writer_u8(&w, 0); // there would be room for this one
    EXPECT_TRUE(w.failed);
    EXPECT_EQ(to_hex(buf, sizeof buf), "ee ee ee ee");
}

TEST(Writer, AStartBehindTheEndIsRoomForNothing) {
    uint8_t buf[4] = {0xee, 0xee, 0xee, 0xee};
    struct writer w = writer_of(buf, 3, 1);
    writer_u8(&w, 0);
    EXPECT_TRUE(w.failed);
    EXPECT_EQ(to_hex(buf, sizeof buf), "ee ee ee ee");
}

} // namespace
