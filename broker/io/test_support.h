// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What the tests of io share: folders that vanish, ports nobody uses, clients that are plain
// sockets. It knows nothing of the code under test, and of MQTT only how to write a few packets.

#ifndef BROKER_IO_TEST_SUPPORT_H
#define BROKER_IO_TEST_SUPPORT_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace io_test {

using bytes = std::vector<uint8_t>;

// Ends the test program: the machine or the test itself is broken, not the code under test.
[[noreturn]] inline void give_up(const char *why) {
    std::fprintf(stderr, "test_support: %s: %s\n", why, std::strerror(errno));
    std::abort();
}

inline uint64_t now_ms() {
    using namespace std::chrono;
    return static_cast<uint64_t>(
        duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

// A folder with a short name (unix sockets take 107 characters), gone with its files at the end.
class folder {
  public:
    folder() {
        char name[] = "/tmp/libella-test-XXXXXX";
        if (mkdtemp(name) == nullptr)
            give_up("mkdtemp");
        path_ = name;
    }
    folder(const folder &) = delete;
    folder &operator=(const folder &) = delete;
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string file(const std::string &name) const { return path_ + "/" + name; }
    std::string write(const std::string &name, const std::string &text) const {
        std::ofstream(file(name), std::ios::binary) << text;
        return file(name);
    }
    static std::string read(const std::string &path) {
        std::ifstream stream(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

  private:
    std::string path_;
};

// A port that nobody listened at a moment ago.
inline uint16_t free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof at;
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr *>(&at), sizeof at) != 0 ||
        getsockname(fd, reinterpret_cast<sockaddr *>(&at), &len) != 0)
        give_up("free_port");
    close(fd);
    return ntohs(at.sin_port);
}

// Whether this machine has IPv6 on its loopback.
inline bool has_ipv6() {
    const int fd = socket(AF_INET6, SOCK_STREAM, 0);
    sockaddr_in6 at = {};
    at.sin6_family = AF_INET6;
    at.sin6_addr = in6addr_loopback;
    const bool has = fd >= 0 && bind(fd, reinterpret_cast<sockaddr *>(&at), sizeof at) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

// A client's end: non-blocking, closed at the end.
class client {
  public:
    client() = default;
    explicit client(int fd) : fd_(fd) {}
    client(const client &) = delete;
    client &operator=(const client &) = delete;
    client(client &&other) noexcept
        : ended(other.ended), was_reset(other.was_reset), fd_(std::exchange(other.fd_, -1)) {}
    client &operator=(client &&other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(ended, other.ended);
        std::swap(was_reset, other.was_reset);
        return *this;
    }
    ~client() { end(); }

    static client tcp(uint16_t port, int receive_buffer_bytes = 0) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at = {};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (receive_buffer_bytes > 0)
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                       sizeof receive_buffer_bytes);
        return connected(fd, reinterpret_cast<sockaddr *>(&at), sizeof at);
    }
    static client tcp6(uint16_t port) {
        const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in6 at = {};
        at.sin6_family = AF_INET6;
        at.sin6_port = htons(port);
        at.sin6_addr = in6addr_loopback;
        return connected(fd, reinterpret_cast<sockaddr *>(&at), sizeof at);
    }
    static client unix_socket(const std::string &path) {
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un at = {};
        at.sun_family = AF_UNIX;
        std::strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
        return connected(fd, reinterpret_cast<sockaddr *>(&at), sizeof at);
    }

    int fd() const { return fd_; }
    bool is_connected() const { return fd_ >= 0; }
    // How many bytes the kernel took.
    size_t send(const bytes &what, size_t from = 0) {
        const ssize_t sent = ::send(fd_, what.data() + from, what.size() - from, MSG_NOSIGNAL);
        return sent < 0 ? 0 : static_cast<size_t>(sent);
    }
    // What has come, without waiting. Sets ended at the end of the stream or on a reset.
    bytes receive() {
        bytes all;
        uint8_t chunk[65536];
        for (;;) {
            const ssize_t got = recv(fd_, chunk, sizeof chunk, 0);
            if (got > 0) {
                all.insert(all.end(), chunk, chunk + got);
                continue;
            }
            if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
                ended = true;
                was_reset = was_reset || got < 0;
            }
            return all;
        }
    }
    void end() {
        if (fd_ >= 0)
            close(fd_);
        fd_ = -1;
    }
    bool ended = false;
    bool was_reset = false; // and not closed in an orderly way

  private:
    static client connected(int fd, const sockaddr *at, socklen_t len) {
        if (fd < 0 || connect(fd, at, len) != 0) {
            if (fd >= 0)
                close(fd);
            return client();
        }
        fcntl(fd, F_SETFL, O_NONBLOCK);
        return client(fd);
    }
    int fd_ = -1;
};

// ---- The packets of a client, MQTT 3.1.1 unless version says 5 ----

inline void put_string(bytes &out, const std::string &text) {
    out.push_back(static_cast<uint8_t>(text.size() >> 8));
    out.push_back(static_cast<uint8_t>(text.size()));
    out.insert(out.end(), text.begin(), text.end());
}

inline bytes packet(uint8_t first, const bytes &body) {
    bytes out = {first};
    size_t length = body.size();
    do {
        const uint8_t digit = static_cast<uint8_t>(length % 128);
        length /= 128;
        out.push_back(static_cast<uint8_t>(length > 0 ? digit | 128 : digit));
    } while (length > 0);
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

inline bytes connect_packet(const std::string &id, uint8_t version = 4, uint8_t flags = 2,
                            uint16_t keep_alive_s = 0) {
    bytes body;
    put_string(body, "MQTT");
    body.push_back(version);
    body.push_back(flags);
    body.push_back(static_cast<uint8_t>(keep_alive_s >> 8));
    body.push_back(static_cast<uint8_t>(keep_alive_s));
    if (version == 5)
        body.push_back(0);
    put_string(body, id);
    return packet(0x10, body);
}

inline bytes publish_packet(const std::string &topic, const std::string &payload, int qos = 0,
                            uint16_t packet_id = 1, uint8_t version = 4) {
    bytes body;
    put_string(body, topic);
    if (qos > 0) {
        body.push_back(static_cast<uint8_t>(packet_id >> 8));
        body.push_back(static_cast<uint8_t>(packet_id));
    }
    if (version == 5)
        body.push_back(0);
    body.insert(body.end(), payload.begin(), payload.end());
    return packet(static_cast<uint8_t>(0x30 | (qos << 1)), body);
}

inline bytes subscribe_packet(const std::string &filter, uint8_t qos = 0, uint8_t version = 4) {
    bytes body = {0, 1};
    if (version == 5)
        body.push_back(0);
    put_string(body, filter);
    body.push_back(qos);
    return packet(0x82, body);
}

} // namespace io_test

#endif
