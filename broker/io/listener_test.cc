// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Listening sockets: addresses, unix sockets and what accepted connections inherit.

#include <gtest/gtest.h>

#include "broker/io/config_test_support.h"

// In C a function may have the name of a struct; g++ calls that a shadow.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "broker/io/listener.h"
#include "broker/io/log.h"
}
#pragma GCC diagnostic pop

using io_test::client;
using io_test::configuration;
using io_test::free_port;
using io_test::has_ipv6;

namespace {

class ListenerTest : public testing::Test {
  protected:
    ListenerTest() {
        log_init(&log);
        log_path = c.dir.file("log");
        log_settings settings = {};
        settings.destinations = LOG_TO_FILE;
        settings.types = LOG_TYPE_ALL;
        settings.file = log_path.data();
        if (!log_open(&log, &settings))
            io_test::give_up("log_open");
    }
    ~ListenerTest() override {
        listener_set_close(&set);
        listener_set_free(&set);
        log_close(&log);
    }
    bool open(const std::string &text) {
        return c.read_text(text) && listener_set_open(&set, &c.config, &log);
    }
    std::string said() const { return io_test::folder::read(log_path); }
    // Accepts at any socket; -1 if nobody waits.
    int accept(address *peer = nullptr, const listener **by = nullptr) {
        for (uint32_t i = 0; i < set.socket_count; i++) {
            int fd = -1;
            address from = {};
            const char *why = nullptr;
            if (listener_accept(&set.sockets[i], &fd, &from, &why) != LISTENER_ACCEPTED)
                continue;
            if (peer != nullptr)
                *peer = from;
            if (by != nullptr)
                *by = set.sockets[i].listener;
            return fd;
        }
        return -1;
    }

    configuration c;
    struct log log;
    std::string log_path;
    listener_set set = {};
};

TEST_F(ListenerTest, AllAddressesAreBothFamilies) {
    //= v5/4.2-1 test
    const uint16_t port = free_port();
    ASSERT_TRUE(open("listener " + std::to_string(port)));
    EXPECT_EQ(set.socket_count, has_ipv6() ? 2u : 1u);
    client four = client::tcp(port);
    address peer;
    const int fd = accept(&peer);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(peer.family, ADDRESS_IPV4);
    EXPECT_EQ(accept(), -1);
    close(fd);
    if (has_ipv6()) {
        client six = client::tcp6(port);
        const int other = accept(&peer);
        ASSERT_GE(other, 0);
        EXPECT_EQ(peer.family, ADDRESS_IPV6);
        close(other);
    }
}

TEST_F(ListenerTest, ADomainLeavesOutTheOtherFamily) {
    const uint16_t port = free_port();
    ASSERT_TRUE(open("listener " + std::to_string(port) + "\nsocket_domain ipv4\n"));
    EXPECT_EQ(set.socket_count, 1u);
    EXPECT_TRUE(client::tcp(port).is_connected());
    if (has_ipv6()) {
        EXPECT_FALSE(client::tcp6(port).is_connected());
    }
}

TEST_F(ListenerTest, BothFamiliesHaveThePortForThemselves) {
    if (!has_ipv6())
        GTEST_SKIP() << "no IPv6 here";
    const std::string port = std::to_string(free_port());
    EXPECT_TRUE(open("listener " + port + " 127.0.0.1\nlistener " + port + " ::1\n"));
    EXPECT_EQ(set.socket_count, 2u);
}

TEST_F(ListenerTest, SeveralListenersKeepTheirRules) {
    const uint16_t one = free_port();
    const uint16_t two = free_port();
    ASSERT_TRUE(open("listener " + std::to_string(one) + " 127.0.0.1\nmax_qos 1\n" +
                     "accept_protocol_versions 5\nlistener_allow_anonymous true\nlistener " +
                     std::to_string(two) + " 127.0.0.1\nmax_topic_alias 3\nmax_connections 9\n"));
    client b = client::tcp(two);
    const listener *by = nullptr;
    close(accept(nullptr, &by));
    ASSERT_NE(by, nullptr);
    EXPECT_EQ(by->core.topic_alias_maximum, 3);
    EXPECT_EQ(by->core.topic_alias_maximum_to_client, 10);
    EXPECT_EQ(by->max_connections, 9u);
    EXPECT_FALSE(by->allow_anonymous);
    EXPECT_TRUE(by->core.allow_zero_length_client_id);
    client a = client::tcp(one);
    close(accept(nullptr, &by));
    EXPECT_EQ(by->core.maximum_qos, 1);
    EXPECT_FALSE(by->core.version_accepted[4]);
    EXPECT_TRUE(by->core.version_accepted[5]);
    EXPECT_TRUE(by->allow_anonymous);
}

int flag(int fd, int level, int name) {
    int value = -1;
    socklen_t len = sizeof value;
    getsockopt(fd, level, name, &value, &len);
    return value;
}

TEST_F(ListenerTest, ConnectionsInheritWhatWasSetOnce) {
    const uint16_t port = free_port();
    ASSERT_TRUE(open("listener " + std::to_string(port) + " 127.0.0.1"));
    client peer = client::tcp(port);
    const int fd = accept();
    ASSERT_GE(fd, 0);
    EXPECT_NE(flag(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_NE(flag(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_EQ(flag(fd, IPPROTO_TCP, TCP_KEEPIDLE), LISTENER_TCP_IDLE_S);
    EXPECT_EQ(flag(fd, IPPROTO_TCP, TCP_KEEPINTVL), LISTENER_TCP_INTERVAL_S);
    EXPECT_EQ(flag(fd, IPPROTO_TCP, TCP_KEEPCNT), LISTENER_TCP_PROBES);
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    close(fd);
}

TEST_F(ListenerTest, APortInUseIsAFailureThatNamesIt) {
    const std::string port = std::to_string(free_port());
    listener_set first = {};
    configuration other;
    ASSERT_TRUE(other.read_text("listener " + port + " 127.0.0.1"));
    ASSERT_TRUE(listener_set_open(&first, &other.config, &log));
    EXPECT_FALSE(
        open("listener " + std::to_string(free_port()) + "\nlistener " + port + " 127.0.0.1"));
    EXPECT_NE(said().find("can't listen at 127.0.0.1, port " + port +
                          ": socket: Address already in use"),
              std::string::npos);
    EXPECT_EQ(set.socket_count, 0u);
    listener_set_close(&first);
    listener_set_free(&first);
}

TEST_F(ListenerTest, APortIsFreeAgainRightAfterTheEnd) {
    const uint16_t port = free_port();
    ASSERT_TRUE(open("listener " + std::to_string(port) + " 127.0.0.1"));
    client peer = client::tcp(port);
    close(accept()); // our end closes first, so that it is left waiting
    peer.receive();
    peer.end();
    listener_set_close(&set);
    listener_set_free(&set);
    EXPECT_TRUE(listener_set_open(&set, &c.config, &log)) << said();
}

TEST_F(ListenerTest, AnAddressThatIsNoneIsAFailure) {
    EXPECT_FALSE(open("listener " + std::to_string(free_port()) + " no.such.host.invalid"));
    EXPECT_NE(said().find("can't listen at no.such.host.invalid"), std::string::npos);
    listener_set_free(&set);
    EXPECT_FALSE(open("listener " + std::to_string(free_port()) + " 203.0.113.77"));
    EXPECT_NE(said().find("can't listen at 203.0.113.77"), std::string::npos);
}

TEST_F(ListenerTest, AnInterfaceBindsTheSocket) {
    const uint16_t port = free_port();
    ASSERT_TRUE(open("listener " + std::to_string(port) + "\nbind_interface lo\n")) << said();
    char name[16] = "";
    socklen_t len = sizeof name;
    getsockopt(set.sockets[0].fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len);
    EXPECT_STREQ(name, "lo");
    EXPECT_TRUE(client::tcp(port).is_connected());
}

TEST_F(ListenerTest, AnInterfaceThatIsNoneIsAFailure) {
    EXPECT_FALSE(open("listener " + std::to_string(free_port()) + "\nbind_interface nope9\n"));
    EXPECT_NE(said().find("can't listen at all addresses"), std::string::npos);
}

// ---- Unix sockets ----

TEST_F(ListenerTest, AUnixSocketIsMadeWithItsPermissionsAndRemoved) {
    const std::string path = c.dir.file("s");
    ASSERT_TRUE(open("listener 0 " + path + "\nunix_socket_mode 0620\n")) << said();
    struct stat status = {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 0777, 0620u);
    client peer = client::unix_socket(path);
    address from;
    const int fd = accept(&from);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(from.family, ADDRESS_UNIX);
    close(fd);
    listener_set_close(&set);
    EXPECT_NE(stat(path.c_str(), &status), 0);
}

TEST_F(ListenerTest, WithoutAModeTheUmaskDecides) {
    const std::string path = c.dir.file("s");
    const mode_t kept = umask(0027);
    ASSERT_TRUE(open("listener 0 " + path));
    umask(kept);
    struct stat status = {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0750u);
}

TEST_F(ListenerTest, AStaleUnixSocketIsReplaced) {
    const std::string path = c.dir.file("s");
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un at = {};
    at.sun_family = AF_UNIX;
    strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr *>(&at), sizeof at), 0);
    ASSERT_EQ(listen(fd, 1), 0);
    close(fd); // as if its process had been killed
    EXPECT_TRUE(open("listener 0 " + path)) << said();
    EXPECT_TRUE(client::unix_socket(path).is_connected());
}

TEST_F(ListenerTest, AUnixSocketInUseIsNot) {
    const std::string path = c.dir.file("s");
    listener_set first = {};
    configuration other;
    ASSERT_TRUE(other.read_text("listener 0 " + path));
    ASSERT_TRUE(listener_set_open(&first, &other.config, &log));
    EXPECT_FALSE(open("listener 0 " + path));
    EXPECT_NE(said().find("another process listens there"), std::string::npos);
    EXPECT_TRUE(client::unix_socket(path).is_connected());
    listener_set_close(&first);
    listener_set_free(&first);
}

TEST_F(ListenerTest, AFileThatIsNoSocketStays) {
    const std::string path = c.dir.write("s", "precious");
    EXPECT_FALSE(open("listener 0 " + path));
    EXPECT_NE(said().find("there is a file that is not a socket"), std::string::npos);
    EXPECT_EQ(io_test::folder::read(path), "precious");
}

TEST_F(ListenerTest, ASocketOfSomebodyElseIsNotRemovedAtTheEnd) {
    const std::string path = c.dir.file("s");
    ASSERT_TRUE(open("listener 0 " + path));
    ASSERT_EQ(rename(path.c_str(), (path + ".moved").c_str()), 0);
    c.dir.write("s", "new");
    listener_set_close(&set);
    EXPECT_EQ(io_test::folder::read(path), "new");
}

TEST_F(ListenerTest, APathTooLongIsAFailure) {
    EXPECT_FALSE(open("listener 0 " + c.dir.file(std::string(120, 'x'))));
    EXPECT_NE(said().find("longer than the system allows"), std::string::npos);
}

// ---- Accepting ----

TEST_F(ListenerTest, NobodyWaitsOrOneIsGoneAlready) {
    const uint16_t port = free_port();
    ASSERT_TRUE(open("listener " + std::to_string(port) + " 127.0.0.1"));
    EXPECT_EQ(accept(), -1);
    client gone = client::tcp(port);
    const linger hard = {1, 0}; // closes with a reset
    setsockopt(gone.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    gone.end();
    client stays = client::tcp(port);
    int accepted = 0;
    for (int fd = accept(); fd >= 0; fd = accept()) {
        accepted++;
        close(fd);
    }
    EXPECT_GE(accepted, 1); // the system may hand out the dead one too
    EXPECT_LE(accepted, 2);
}

TEST_F(ListenerTest, AnExhaustedProcessIsToldToRest) {
    const uint16_t port = free_port();
    ASSERT_TRUE(open("listener " + std::to_string(port) + " 127.0.0.1"));
    client peer = client::tcp(port);
    std::vector<client> hoard;
    for (int fd = dup(0); fd >= 0; fd = dup(0))
        hoard.emplace_back(fd);
    int fd = -1;
    address from;
    const char *why = nullptr;
    EXPECT_EQ(listener_accept(&set.sockets[0], &fd, &from, &why), LISTENER_REST);
    EXPECT_STREQ(why, "the process has no descriptor left");
    hoard.clear();
    EXPECT_EQ(listener_accept(&set.sockets[0], &fd, &from, &why), LISTENER_ACCEPTED);
    close(fd);
}

} // namespace
