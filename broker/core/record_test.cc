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

std::vector<uint8_t> bytes_of(uint8_t kind, uint8_t flags, uint32_t body_len) {
    std::vector<uint8_t> out(RECORD_HEAD_SIZE + body_len, 0xab);
    record r{};
    r.kind = kind;
    r.flags = flags;
    r.packet_id = 0x1234;
    r.session = 0x0102030405060708;
    r.number = 0x1112131415161718;
    r.value = 0x2122232425262728;
    record_write_head(&r, body_len, out.data());
    return out;
}

// As docs/persistence.md has it.
TEST(Record, IsByteByByteWhatIsWritten) {
    const std::vector<uint8_t> head = bytes_of(RECORD_SENT, RECORD_UNIT_END, 3);
    const std::vector<uint8_t> wanted = {35,   0,    0,    0,    11,   1,    0x34, 0x12, 0x08,
                                         0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x18, 0x17,
                                         0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x28, 0x27, 0x26,
                                         0x25, 0x24, 0x23, 0x22, 0x21, 0xab, 0xab, 0xab};
    EXPECT_EQ(head, wanted);
    record r{};
    ASSERT_EQ(record_read(head.data(), 0, 35, &r), 35u);
    EXPECT_EQ(r.kind, RECORD_SENT);
    EXPECT_EQ(r.flags, RECORD_UNIT_END);
    EXPECT_EQ(r.packet_id, 0x1234);
    EXPECT_EQ(r.session, 0x0102030405060708u);
    EXPECT_EQ(r.number, 0x1112131415161718u);
    EXPECT_EQ(r.value, 0x2122232425262728u);
    EXPECT_EQ(ella_slice_len(r.body), 3u);
}

TEST(Record, IsRefusedWhenItIsNone) {
    record r{};
    for (uint32_t size = 0; size < 35; size++)
        EXPECT_EQ(record_read(bytes_of(RECORD_SENT, 0, 3).data(), 0, size, &r), 0u) << size;
    EXPECT_EQ(record_read(bytes_of(0, 0, 3).data(), 0, 35, &r), 0u);
    EXPECT_EQ(record_read(bytes_of(RECORD_KIND_COUNT, 0, 3).data(), 0, 35, &r), 0u);
    EXPECT_EQ(record_read(bytes_of(RECORD_SENT, 0x80, 3).data(), 0, 35, &r), 0u);
    std::vector<uint8_t> small = bytes_of(RECORD_SENT, 0, 3);
    record_put_u32(small.data(), RECORD_HEAD_SIZE - 1);
    EXPECT_EQ(record_read(small.data(), 0, 35, &r), 0u);
}

TEST(Record, AUnitEndsWhereItSays) {
    std::vector<uint8_t> bytes = bytes_of(RECORD_MESSAGE, 0, 10);
    const std::vector<uint8_t> last = bytes_of(RECORD_QUEUED, 0, 0);
    bytes.insert(bytes.end(), last.begin(), last.end());
    const uint32_t end = static_cast<uint32_t>(bytes.size());
    EXPECT_EQ(record_unit_size(bytes.data(), 0, end), 0u);
    record_mark_end(bytes.data() + 42);
    EXPECT_EQ(record_unit_size(bytes.data(), 0, end), end);
    EXPECT_EQ(record_unit_size(bytes.data(), 0, end - 1), 0u);
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
