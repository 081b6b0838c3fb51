// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The world of sockets, against a listener of our own on the loopback interface.

#include "conformance/tcp_world.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace conformance {
namespace {

class TcpWorld : public testing::Test {
  protected:
    void SetUp() override {
        listener_ = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(bind(listener_, reinterpret_cast<struct sockaddr *>(&address), sizeof address),
                  0);
        ASSERT_EQ(listen(listener_, 8), 0);
        socklen_t size = sizeof address;
        getsockname(listener_, reinterpret_cast<struct sockaddr *>(&address), &size);
        address_ = {"127.0.0.1", std::to_string(ntohs(address.sin_port))};
    }

    void TearDown() override { ::close(listener_); }

    // The broker's side of a connection; -1 if none was made.
    int accept_one() {
        struct pollfd entry = {listener_, POLLIN, 0};
        return ::poll(&entry, 1, 2000) > 0 ? accept(listener_, nullptr, nullptr) : -1;
    }

    static std::string read_some(int fd) {
        std::array<char, 64> bytes{};
        const ssize_t count = recv(fd, bytes.data(), bytes.size(), 0);
        return count < 0 ? "error" : std::string(bytes.data(), static_cast<size_t>(count));
    }

    int listener_ = -1;
    tcp_address address_;
};

TEST(TcpAddress, Forms) {
    tcp_address address;
    EXPECT_TRUE(tcp_parse_address("broker:1884", &address));
    EXPECT_EQ(address.host + " " + address.port, "broker 1884");
    EXPECT_TRUE(tcp_parse_address("broker", &address));
    EXPECT_EQ(address.host + " " + address.port, "broker ");
    EXPECT_TRUE(tcp_parse_address("[::1]:1", &address));
    EXPECT_EQ(address.host + " " + address.port, "::1 1");
    EXPECT_TRUE(tcp_parse_address("[::1]", &address));
    for (const char *wrong :
         {"", ":1883", "a:", "a:x", "a:65536", "[::1", "[::1]x", "[]:1", "a:1:2"}) {
        EXPECT_FALSE(tcp_parse_address(wrong, &address)) << wrong;
    }
}

TEST_F(TcpWorld, BytesGoBothWays) {
    tcp_world world(address_, {"acl"});
    EXPECT_TRUE(world.satisfies("acl"));
    EXPECT_FALSE(world.satisfies("auth"));
    std::string error;
    const int connection = world.open("A", &error);
    ASSERT_GE(connection, 0) << error;
    const int fd = accept_one();
    world.send(connection, "ping");
    EXPECT_EQ(read_some(fd), "ping");
    ASSERT_EQ(::send(fd, "pong", 4, 0), 4);
    std::vector<arrival> news = world.poll(world.now_ms() + 2000);
    ASSERT_EQ(news.size(), 1u);
    EXPECT_EQ(news[0].connection, connection);
    EXPECT_EQ(news[0].bytes, "pong");
    EXPECT_FALSE(news[0].closed);
    ::close(fd);
    news = world.poll(world.now_ms() + 2000);
    ASSERT_EQ(news.size(), 1u);
    EXPECT_TRUE(news[0].closed);
    world.send(connection, "into the void");
    EXPECT_TRUE(world.poll(world.now_ms() + 20).empty());
    world.close(connection);
}

TEST_F(TcpWorld, PollReturnsAtTheDeadline) {
    tcp_world world(address_, {});
    std::string error;
    ASSERT_GE(world.open("A", &error), 0);
    const uint64_t begin = world.now_ms();
    EXPECT_TRUE(world.poll(begin + 50).empty());
    EXPECT_GE(world.now_ms(), begin + 50);
    EXPECT_TRUE(world.poll(begin).empty());
}

TEST_F(TcpWorld, CloseIsAnOrderlyEndAndAbortIsNot) {
    tcp_world world(address_, {});
    std::string error;
    const int first = world.open("A", &error);
    int fd = accept_one();
    shutdown(fd, SHUT_WR); // else close() waits for this end
    world.close(first);
    EXPECT_EQ(read_some(fd), "");
    ::close(fd);
    const int second = world.open("A", &error);
    fd = accept_one();
    world.abort(second);
    EXPECT_EQ(read_some(fd), "error");
    ::close(fd);
    EXPECT_TRUE(world.poll(world.now_ms() + 10).empty());
}

TEST_F(TcpWorld, MoreThanTheSocketHoldsIsSentWhileReading) {
    tcp_world world(address_, {});
    std::string error;
    const int connection = world.open("A", &error);
    const int fd = accept_one();
    const size_t total = 8 * 1024 * 1024;
    world.send(connection, std::string(total, 'x'));
    size_t received = 0;
    std::array<char, 65536> bytes{};
    while (received < total) {
        const ssize_t count = recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (count > 0) {
            received += static_cast<size_t>(count);
        } else {
            ASSERT_TRUE(world.poll(world.now_ms() + 5).empty());
        }
    }
    EXPECT_EQ(received, total);
    ::close(fd);
}

TEST_F(TcpWorld, NobodyThereIsAnErrorWithWords) {
    ::close(listener_);
    listener_ = -1;
    tcp_world world(address_, {});
    std::string error;
    EXPECT_EQ(world.open("A", &error), -1);
    EXPECT_NE(error.find("refused"), std::string::npos) << error;
}

} // namespace
} // namespace conformance
