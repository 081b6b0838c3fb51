// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Large payloads are lent instead of copied: the same bytes in the same order, valid until they
// are taken back, whatever becomes of the message meanwhile.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

constexpr uint32_t large = CORE_LEND_BYTES_MIN;

std::string payload_of(size_t size) {
    std::string payload;
    for (size_t i = 0; i < size; i++)
        payload += static_cast<char>('a' + i % 23);
    return payload;
}

// A subscriber that is pulled by the tests.
struct Reader {
    World world;
    Client client;
    Bytes buf;

    explicit Reader(ella_version version = ELLA_VERSION_5_0, uint8_t qos = 2)
        : client(world, version), buf(65536) {
        client.connect("a");
        client.subscribe("#", qos);
        client.reads = false;
    }
    // One pull of size bytes in the buffer, bytes_max in all.
    core_pulled pull(size_t size, size_t bytes_max) {
        core_pulled out = {};
        const size_t got =
            core_pull_spans(world.core(), client.slot, buf.data(), size, bytes_max, &out);
        EXPECT_EQ(got, out.bytes);
        EXPECT_LE(out.copied, size);
        EXPECT_LE(out.bytes, bytes_max);
        size_t sum = 0, copied = 0;
        for (uint32_t i = 0; i < out.count; i++) {
            EXPECT_GT(out.spans[i].len, 0u);
            sum += out.spans[i].len;
            if (is_copied(out.spans[i])) {
                EXPECT_EQ(out.spans[i].bytes, buf.data() + copied);
                copied += out.spans[i].len;
            }
        }
        EXPECT_EQ(sum, out.bytes);
        EXPECT_EQ(copied, out.copied);
        return out;
    }
    bool is_copied(const core_span &span) const {
        return span.bytes >= buf.data() && span.bytes < buf.data() + buf.size();
    }
    uint32_t lent(const core_pulled &pulled) const {
        uint32_t count = 0;
        for (uint32_t i = 0; i < pulled.count; i++)
            count += is_copied(pulled.spans[i]) ? 0 : 1;
        return count;
    }
    static void append(const core_pulled &pulled, Bytes *to) {
        for (uint32_t i = 0; i < pulled.count; i++)
            to->insert(to->end(), pulled.spans[i].bytes,
                       pulled.spans[i].bytes + pulled.spans[i].len);
    }
    // As a driver does it: fills up, sends, until there is nothing more.
    Bytes all(size_t size, size_t bytes_max) {
        Bytes bytes;
        for (bool is_empty = false; !is_empty;) {
            core_pulled out = {};
            while (!is_empty && size - out.copied >= CORE_PULL_SIZE_MIN &&
                   bytes_max - out.bytes >= CORE_PULL_SIZE_MIN)
                is_empty = core_pull_spans(world.core(), client.slot, buf.data(), size, bytes_max,
                                           &out) == 0;
            append(out, &bytes);
            core_take_back(world.core());
        }
        return bytes;
    }
    Bytes all_copied() {
        Bytes bytes;
        while (size_t n = core_pull(world.core(), client.slot, buf.data(), buf.size()))
            bytes.insert(bytes.end(), buf.begin(), buf.begin() + static_cast<long>(n));
        return bytes;
    }
    size_t message_bytes() { return core_memory_bytes(world.core(), MEMORY_MESSAGE); }
};

TEST(Spans, AreTheBytesThatArePulledOtherwise) {
    for (const ella_version version : {ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        for (const size_t size : {size_t{CORE_PULL_SIZE_MIN}, size_t{1000}, size_t{65536}}) {
            for (const size_t bytes_max : {size_t{129}, size_t{20000}, size_t{262144}}) {
                Reader one(version), other(version);
                for (Reader *each : {&one, &other}) {
                    uint8_t qos = 0;
                    for (const size_t length :
                         {size_t{0}, size_t{10}, size_t{large - 1}, size_t{large},
                          size_t{large + 1}, size_t{100}, size_t{16384}, size_t{300000},
                          size_t{2097152}, size_t{5}, size_t{large}}) {
                        each->world.publish("plant/temperature", payload_of(length), qos, false);
                        qos = static_cast<uint8_t>((qos + 1) % 3);
                    }
                }
                const Bytes bytes = one.all(size, bytes_max);
                EXPECT_GT(bytes.size(), 2097152u + 300000u);
                EXPECT_EQ(bytes, other.all_copied());
                EXPECT_EQ(core_memory_bytes(one.world.core(), MEMORY_OUTPUT), 0u);
            }
        }
    }
}

TEST(Spans, OnlyWhatIsLargeIsLent) {
    Reader reader;
    reader.world.publish("t", payload_of(large - 1), 1, false);
    EXPECT_EQ(reader.lent(reader.pull(65536, 262144)), 0u);
    for (int i = 0; i < 3; i++)
        reader.world.publish("t", payload_of(large), 1, false);
    const core_pulled pulled = reader.pull(65536, 262144);
    EXPECT_EQ(reader.lent(pulled), 3u);
    EXPECT_EQ(pulled.count, 6u); // each with its head
    EXPECT_LT(pulled.copied, 100u);
    core_take_back(reader.world.core());
}

TEST(Spans, LastUntilTheyAreTakenBack) {
    Reader reader;
    const std::string payload = payload_of(50000);
    reader.world.publish("t", payload, 0, false);
    const core_pulled pulled = reader.pull(65536, 262144);
    ASSERT_EQ(reader.lent(pulled), 1u);
    // Sent, so far as the core knows, and then its receiver is gone, too.
    reader.client.drop();
    EXPECT_GT(reader.message_bytes(), payload.size());
    Bytes bytes;
    Reader::append(pulled, &bytes);
    EXPECT_EQ(std::string(bytes.end() - static_cast<long>(payload.size()), bytes.end()), payload);
    core_take_back(reader.world.core());
    EXPECT_EQ(reader.message_bytes(), 0u);
}

TEST(Spans, AreGivenBackWithTheCore) {
    Reader reader;
    reader.world.publish("t", payload_of(50000), 0, false);
    EXPECT_EQ(reader.lent(reader.pull(65536, 262144)), 1u);
    // The memory port of the world finds what is left behind.
}

TEST(Spans, AreContinuedByTheNextPull) {
    Reader reader;
    reader.world.publish("t", payload_of(large), 0, false);
    core_pulled out = reader.pull(65536, 262144);
    const size_t first = out.bytes;
    reader.world.publish("t", payload_of(10), 0, false);
    reader.world.publish("t", payload_of(large), 0, false);
    const size_t got = core_pull_spans(reader.world.core(), reader.client.slot, reader.buf.data(),
                                       reader.buf.size(), 262144, &out);
    EXPECT_EQ(out.bytes, first + got);
    EXPECT_EQ(out.count, 4u); // head, payload; a whole packet and the next one's head; payload
    EXPECT_EQ(out.spans[2].bytes, reader.buf.data() + out.spans[0].len);
    core_take_back(reader.world.core());
}

TEST(Spans, OfTheBufferGrowFromPullToPull) {
    Reader reader;
    core_pulled out = {};
    for (uint32_t i = 0; i < 2 * CORE_SPAN_COUNT_MAX; i++) {
        reader.world.publish("t", payload_of(10), 0, false);
        core_pull_spans(reader.world.core(), reader.client.slot, reader.buf.data(),
                        reader.buf.size(), 262144, &out);
    }
    EXPECT_EQ(out.count, 1u);
    EXPECT_EQ(out.spans[0].len, out.copied);
}

TEST(Spans, WhatCannotBeLentIsCopied) {
    Reader reader(ELLA_VERSION_3_1_1, 0);
    uint32_t lent = 0;
    for (uint32_t i = 0; i < CORE_LENT_COUNT_MAX + 10; i++) {
        reader.world.publish("t", payload_of(large), 0, false);
        lent += reader.lent(reader.pull(65536, 262144));
    }
    EXPECT_EQ(lent, CORE_LENT_COUNT_MAX);
    core_take_back(reader.world.core());
    reader.world.publish("t", payload_of(large), 0, false);
    EXPECT_EQ(reader.lent(reader.pull(65536, 262144)), 1u);
    core_take_back(reader.world.core());
}

TEST(Spans, AreAsManyAsThereIsRoomFor) {
    Reader reader(ELLA_VERSION_3_1_1, 0);
    const uint32_t count = CORE_SPAN_COUNT_MAX;
    for (uint32_t i = 0; i < count; i++)
        reader.world.publish("t", payload_of(large), 0, false);
    const core_pulled pulled = reader.pull(65536, 16777216);
    EXPECT_LE(pulled.count, CORE_SPAN_COUNT_MAX);
    EXPECT_GE(reader.lent(pulled), CORE_SPAN_COUNT_MAX / 2u - 2u);
    EXPECT_GT(pulled.copied, size_t{large}); // the last ones found no span
    core_take_back(reader.world.core());
}

} // namespace
