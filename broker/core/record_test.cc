// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

extern "C" {
#include "broker/core/record.h"
}

namespace {

using bytes = std::vector<uint8_t>;

record record_of(uint8_t kind, uint8_t flags) {
    record r{};
    r.kind = kind;
    r.flags = flags;
    r.packet_id = 0x1234;
    r.session = 0x0102030405060708;
    r.number = 0x1112131415161718;
    r.value = 0x2122232425262728;
    return r;
}

bytes written(const record &r, uint32_t body_len) {
    bytes out(RECORD_HEAD_SIZE_MAX + body_len, 0xab);
    out.resize(record_write_head(&r, body_len, out.data()) + body_len);
    return out;
}

bytes bytes_of(uint8_t kind, uint8_t flags, uint32_t body_len) {
    return written(record_of(kind, flags), body_len);
}

void expect_read(const bytes &from, const record &wanted, uint32_t body_len) {
    record r{};
    const auto size = static_cast<uint32_t>(from.size());
    ASSERT_EQ(record_read(from.data(), 0, size, &r), size);
    EXPECT_EQ(r.kind, wanted.kind);
    EXPECT_EQ(r.flags, wanted.flags);
    EXPECT_EQ(r.packet_id, wanted.packet_id);
    EXPECT_EQ(r.session, wanted.session);
    EXPECT_EQ(r.number, wanted.number);
    EXPECT_EQ(r.value, wanted.value);
    EXPECT_EQ(ella_slice_len(r.body), body_len);
}

// As docs/persistence.md has it; all that version 1 had.
TEST(Record, WideIsByteByByteWhatIsWritten) {
    const bytes wanted = {35,   0,    0,    0,    11,   1,    0x34, 0x12, 0x08, 0x07, 0x06, 0x05,
                          0x04, 0x03, 0x02, 0x01, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
                          0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, 0xab, 0xab, 0xab};
    EXPECT_EQ(bytes_of(RECORD_SENT, RECORD_UNIT_END, 3), wanted);
    expect_read(wanted, record_of(RECORD_SENT, RECORD_UNIT_END), 3);
}

TEST(Record, WithoutAValueItIsShorter) {
    const bytes wanted = {27,   0,    0,    0x40, 11,   1,    0x34, 0x12, 0x08,
                          0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x18, 0x17,
                          0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0xab, 0xab, 0xab};
    record r = record_of(RECORD_SENT, RECORD_UNIT_END);
    r.value = 0;
    EXPECT_EQ(written(r, 3), wanted);
    expect_read(wanted, r, 3);
}

TEST(Record, NarrowIsByteByByteWhatIsWritten) {
    const bytes wanted = {27,   0,    0,    0x80, 11,   1,    0x34, 0x12, 0x08,
                          0x07, 0x06, 0x05, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13,
                          0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0xab, 0xab, 0xab};
    record r = record_of(RECORD_SENT, RECORD_UNIT_END);
    r.session = 0x05060708;
    r.number = 0x131415161718;
    r.value = 0x232425262728;
    EXPECT_EQ(written(r, 3), wanted);
    expect_read(wanted, r, 3);
}

// The shortest head that holds it, and each number comes back as it was.
TEST(Record, IsAsShortAsItsNumbers) {
    const uint64_t numbers[] = {
        0,         1, 0xffff, 0xffffffff, 0x100000000, RECORD_NUMBER_MAX, RECORD_NUMBER_MAX + 1,
        UINT64_MAX};
    for (const uint64_t session : numbers) {
        for (const uint64_t number : numbers) {
            for (const uint64_t value : numbers) {
                record r = record_of(RECORD_QUEUED, RECORD_WALKED);
                r.session = session;
                r.number = number;
                r.value = value;
                const bool is_narrow = session <= 0xffffffff && number <= RECORD_NUMBER_MAX &&
                                       value <= RECORD_NUMBER_MAX;
                const bytes from = written(r, 4);
                EXPECT_EQ(from.size(), is_narrow || value == 0 ? 28u : 36u);
                expect_read(from, r, 4);
            }
        }
    }
}

TEST(Record, IsRefusedWhenItIsNone) {
    record r{};
    for (uint32_t size = 0; size < 35; size++)
        EXPECT_EQ(record_read(bytes_of(RECORD_SENT, 0, 3).data(), 0, size, &r), 0u) << size;
    EXPECT_EQ(record_read(bytes_of(0, 0, 3).data(), 0, 35, &r), 0u);
    EXPECT_EQ(record_read(bytes_of(RECORD_KIND_COUNT, 0, 3).data(), 0, 35, &r), 0u);
    EXPECT_EQ(record_read(bytes_of(RECORD_SENT, 0x80, 3).data(), 0, 35, &r), 0u);
    bytes small = bytes_of(RECORD_SENT, 0, 3);
    record_put_u32(small.data(), RECORD_HEAD_SIZE_MAX - 1);
    EXPECT_EQ(record_read(small.data(), 0, 35, &r), 0u);
    for (const uint32_t shape : {RECORD_NO_VALUE, RECORD_NARROW}) {
        record_put_u32(small.data(), shape << RECORD_SHAPE_SHIFT | (RECORD_HEAD_SIZE_MIN - 1u));
        EXPECT_EQ(record_read(small.data(), 0, 35, &r), 0u);
        record_put_u32(small.data(), shape << RECORD_SHAPE_SHIFT | RECORD_HEAD_SIZE_MIN);
        EXPECT_EQ(record_read(small.data(), 0, 35, &r), 24u);
    }
    record_put_u32(small.data(), 3u << RECORD_SHAPE_SHIFT | 35u);
    EXPECT_EQ(record_read(small.data(), 0, 35, &r), 0u);
}

TEST(Record, ABodyIsGivenAnotherSize) {
    record r = record_of(RECORD_MESSAGE, 0);
    for (const uint64_t value : {uint64_t{0}, r.value}) {
        r.value = value;
        bytes from = written(r, 100);
        record_put_body_len(from.data(), 7);
        from.resize(record_head_size_at(from.data()) + 7);
        expect_read(from, r, 7);
    }
}

TEST(Record, UnitsEndWhereTheySay) {
    bytes all;
    std::vector<uint32_t> ends;
    for (uint32_t unit = 0; unit < 5; unit++) {
        const bytes first = bytes_of(RECORD_MESSAGE, 0, 10 * unit);
        record last = record_of(RECORD_QUEUED, RECORD_UNIT_END);
        last.session = last.number = last.value = unit;
        const bytes second = written(last, 0);
        all.insert(all.end(), first.begin(), first.end());
        all.insert(all.end(), second.begin(), second.end());
        ends.push_back(static_cast<uint32_t>(all.size()));
    }
    const uint32_t end = ends.back();
    uint32_t count = 0;
    for (uint32_t enough = 0; enough <= end + 1; enough++) {
        uint32_t wanted = 0;
        while (wanted < 4 && ends[wanted] < enough)
            wanted++;
        ASSERT_EQ(record_units_size(all.data(), 0, end, enough, &count), ends[wanted]) << enough;
        EXPECT_EQ(count, wanted + 1);
    }
    EXPECT_EQ(record_units_size(all.data(), ends[0], end, 1, &count), ends[1] - ends[0]);
    EXPECT_EQ(count, 1u);
    // One that has no end takes all there is.
    all[ends[3] - RECORD_HEAD_SIZE_MIN + 5] = 0;
    EXPECT_EQ(record_units_size(all.data(), ends[2], ends[3], 1, &count), ends[3] - ends[2]);
    EXPECT_EQ(count, 1u);
    EXPECT_EQ(record_units_size(all.data(), 0, ends[0] - 1, 1, &count), ends[0] - 1);
    EXPECT_EQ(count, 1u);
}

TEST(Record, EveryKindHasANameOfItsOwn) {
    std::set<std::string> names;
    for (uint8_t kind = 1; kind < RECORD_KIND_COUNT; kind++)
        EXPECT_TRUE(names.insert(record_kind_name(kind)).second);
    EXPECT_EQ(names.count("?"), 0u);
    EXPECT_STREQ(record_kind_name(0), "?");
    EXPECT_STREQ(record_kind_name(200), "?");
}

} // namespace
