// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The table of connections, their buffers, and addresses as text.

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "broker/io/test_support.h"

extern "C" {
#include "broker/io/address.h"
#include "broker/io/conn.h"
#include "broker/io/transport.h"
}

namespace {

TEST(ConnTable, SlotsAreDenseAndUsedAgain) {
    conn_table table;
    conn_table_init(&table);
    EXPECT_EQ(conn_table_get(&table, 0), nullptr);
    std::vector<conn *> conns;
    for (uint32_t i = 0; i < 600; i++) {
        conns.push_back(conn_table_add(&table));
        EXPECT_EQ(conns.back()->slot, i);
        EXPECT_EQ(conns.back()->fd, -1);
    }
    // Nobody moved when the table grew.
    for (uint32_t i = 0; i < 600; i++)
        EXPECT_EQ(conn_table_get(&table, i), conns[i]);
    conn_table_remove(&table, conns[5]);
    conn_table_remove(&table, conns[9]);
    EXPECT_EQ(table.open_count, 598u);
    EXPECT_EQ(conn_table_add(&table)->slot, 9u);
    EXPECT_EQ(conn_table_add(&table)->slot, 5u);
    EXPECT_EQ(conn_table_add(&table)->slot, 600u);
    EXPECT_EQ(conn_table_get(&table, 100000), nullptr);
    conn_table_free(&table);
}

TEST(ConnTable, AConnectionIsSmall) {
    EXPECT_LE(sizeof(conn), CONN_SIZE_MAX_BYTES);
}

class ConnInput : public testing::Test {
  protected:
    ConnInput() : data(5000) { std::iota(data.begin(), data.end(), uint8_t{0}); }
    ~ConnInput() override { conn_drop_input(&c); }
    conn c = {};
    std::vector<uint8_t> data;
};

TEST_F(ConnInput, TakesWhatCompletesThePacketAndNoMore) {
    EXPECT_EQ(conn_keep_input(&c, data.data(), 10, 40, 100), 30u);
    EXPECT_EQ(conn_keep_input(&c, data.data(), 40, 200, 100), 70u);
    ASSERT_EQ(c.in->end, 100u);
    EXPECT_EQ(memcmp(c.in->bytes, data.data() + 10, 100), 0);
    EXPECT_EQ(conn_keep_input(&c, data.data(), 110, 200, 100), 0u);
}

TEST_F(ConnInput, AGreatPromiseCostsLittle) {
    EXPECT_EQ(conn_keep_input(&c, data.data(), 0, 10, 200000000), 10u);
    EXPECT_LE(c.in->size, 256u);
    EXPECT_EQ(conn_keep_input(&c, data.data(), 10, 4000, 200000000), 3990u);
    EXPECT_LE(c.in->size, 8000u);
    EXPECT_EQ(memcmp(c.in->bytes, data.data(), 4000), 0);
}

TEST_F(ConnInput, GrowthStopsAtTheSizeOfThePacket) {
    EXPECT_EQ(conn_keep_input(&c, data.data(), 0, 1, 2), 1u);
    EXPECT_EQ(c.in->size, 2u);
    EXPECT_EQ(conn_keep_input(&c, data.data(), 1, 2, 2), 1u);
    EXPECT_EQ(conn_keep_input(&c, data.data(), 2, 4000, 300), 298u);
    EXPECT_EQ(c.in->size, 300u);
}

TEST(ConnOutput, KeepsTheRest) {
    conn c = {};
    const uint8_t data[] = {1, 2, 3, 4};
    ASSERT_TRUE(conn_keep_output(&c, data, 1, 4));
    EXPECT_EQ(c.out->end - c.out->start, 3u);
    EXPECT_EQ(c.out->bytes[0], 2);
    ASSERT_TRUE(conn_keep_output(&c, data, 0, 1));
    EXPECT_EQ(c.out->end - c.out->start, 4u);
    EXPECT_EQ(c.out->bytes[3], 1);
    conn_drop_output(&c);
    EXPECT_EQ(c.out, nullptr);
}

TEST(ConnSocket, ReadsWritesAndFindsTheEnd) {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    conn c = {};
    c.fd = fds[0];
    io_test::client peer(fds[1]);
    uint8_t buf[8];
    uint32_t done = 0;
    const char *why = nullptr;
    transport_room room = {};
    EXPECT_EQ(transport_read(&c, &room, buf, sizeof buf, &done, &why), TRANSPORT_BLOCKED);
    peer.send({1, 2});
    EXPECT_EQ(transport_read(&c, &room, buf, sizeof buf, &done, &why), TRANSPORT_OK);
    EXPECT_EQ(done, 2u);
    EXPECT_EQ(transport_write(&c, &room, buf, 2, &done, &why), TRANSPORT_OK);
    EXPECT_EQ(peer.receive(), (io_test::bytes{1, 2}));
    transport_finish(&c, &room);
    peer.receive();
    EXPECT_TRUE(peer.ended);
    peer.end();
    EXPECT_EQ(transport_read(&c, &room, buf, sizeof buf, &done, &why), TRANSPORT_CLOSED);
    EXPECT_EQ(transport_write(&c, &room, buf, 2, &done, &why), TRANSPORT_CLOSED);
    close(c.fd);
}

std::string text_of(const sockaddr_storage &from) {
    address a;
    address_from(&a, &from);
    char text[ADDRESS_TEXT_SIZE];
    return address_text(&a, text);
}

TEST(Address, AsText) {
    sockaddr_storage storage = {};
    auto *ipv4 = reinterpret_cast<sockaddr_in *>(&storage);
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(1883);
    inet_pton(AF_INET, "192.0.2.1", &ipv4->sin_addr);
    EXPECT_EQ(text_of(storage), "192.0.2.1:1883");
    storage = {};
    auto *ipv6 = reinterpret_cast<sockaddr_in6 *>(&storage);
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(65535);
    inet_pton(AF_INET6, "2001:db8::1", &ipv6->sin6_addr);
    EXPECT_EQ(text_of(storage), "[2001:db8::1]:65535");
    inet_pton(AF_INET6, "::ffff:192.0.2.7", &ipv6->sin6_addr);
    EXPECT_EQ(text_of(storage), "192.0.2.7:65535");
    storage = {};
    storage.ss_family = AF_UNIX;
    EXPECT_EQ(text_of(storage), "unix-socket");
    storage.ss_family = AF_UNSPEC;
    EXPECT_EQ(text_of(storage), "unknown");
}

TEST(Address, IsCompact) {
    EXPECT_LE(sizeof(address), 20u);
}

} // namespace
