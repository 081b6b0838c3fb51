// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See tcp_world.h. Sockets never block: what the broker doesn't take is kept and sent from poll(),
// so that a broker that waits for us to read and we that wait for it to read cannot wait for each
// other.

#include "conformance/tcp_world.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "conformance/websocket_layer.h"

namespace conformance {
namespace {

constexpr uint64_t connect_ms_max = 5000;
constexpr uint64_t close_ms_max = 1000;
constexpr size_t read_bytes = 65536;

bool wait_for(int fd, short what, uint64_t ms) {
    struct pollfd entry = {fd, what, 0};
    return ::poll(&entry, 1, static_cast<int>(std::min<uint64_t>(ms, 1 << 30))) > 0;
}

bool would_block() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

} // namespace

bool tcp_parse_address(const std::string &written, tcp_address *out) {
    out->port.clear();
    std::string rest;
    if (!written.empty() && written[0] == '[') {
        const size_t end = written.find(']');
        if (end == std::string::npos) {
            return false;
        }
        out->host = written.substr(1, end - 1);
        rest = written.substr(end + 1);
    } else {
        const size_t colon = written.find(':');
        out->host = written.substr(0, colon);
        rest = colon == std::string::npos ? std::string() : written.substr(colon);
    }
    if (out->host.empty() || rest.empty()) {
        return !out->host.empty();
    }
    out->port = rest.substr(1);
    const bool digits =
        !out->port.empty() && out->port.find_first_not_of("0123456789") == std::string::npos;
    return rest[0] == ':' && digits && out->port.size() <= 5 && std::stoul(out->port) <= 65535;
}

const char *transport_port(const transport &way) {
    if (way.websocket_path.empty()) {
        return way.tls == nullptr ? "1883" : "8883";
    }
    return way.tls == nullptr ? "80" : "443";
}

tcp_world::tcp_world(tcp_address address, std::vector<std::string> needs, transport way)
    : address_(std::move(address)), needs_(std::move(needs)), way_(std::move(way)) {
    if (address_.port.empty()) {
        address_.port = transport_port(way_);
    }
}

tcp_world::~tcp_world() {
    for (auto &[connection, state] : sockets_) {
        if (state.fd >= 0) {
            ::close(state.fd);
        }
    }
}

bool tcp_world::satisfies(std::string_view need) {
    if (need == "websocket") {
        return !way_.websocket_path.empty();
    }
    return std::find(needs_.begin(), needs_.end(), need) != needs_.end();
}

bool tcp_world::outlives_case() const {
    return true;
}

uint64_t tcp_world::now_ms() {
    struct timespec now = {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

// One address of the host. Returns the socket, or -1 with the reason.
int tcp_world::connect_to(const void *info, std::string *error) {
    const auto *target = static_cast<const struct addrinfo *>(info);
    const int fd = socket(target->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *error = strerror(errno);
        return -1;
    }
    int failure = 0;
    if (::connect(fd, target->ai_addr, target->ai_addrlen) != 0) {
        failure = errno;
        if (failure == EINPROGRESS) {
            socklen_t size = sizeof failure;
            failure = ETIMEDOUT;
            if (wait_for(fd, POLLOUT, connect_ms_max)) {
                getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
            }
        }
    }
    if (failure != 0) {
        *error = strerror(failure);
        ::close(fd);
        return -1;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

// Any address of the host. Returns the socket, or -1 with the reason.
int tcp_world::connect_any(std::string *error) {
    struct addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    struct addrinfo *found = nullptr;
    const int failure = getaddrinfo(address_.host.c_str(), address_.port.c_str(), &hints, &found);
    if (failure != 0) {
        *error = address_.host + ": " + gai_strerror(failure);
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *each = found; each != nullptr && fd < 0; each = each->ai_next) {
        fd = connect_to(each, error);
    }
    freeaddrinfo(found);
    if (fd < 0) {
        *error = address_.host + " port " + address_.port + ": " + *error;
    }
    return fd;
}

layer_stack tcp_world::layers() const {
    layer_stack stack;
    if (way_.tls != nullptr) {
        stack.push(tls_layer_make(way_.tls, address_.host));
    }
    if (!way_.websocket_path.empty()) {
        const bool colons = address_.host.find(':') != std::string::npos;
        const std::string host = colons ? "[" + address_.host + "]" : address_.host;
        stack.push(websocket_layer_make(host + ":" + address_.port, way_.websocket_path));
    }
    return stack;
}

// The handshakes of the layers, one after the other. False with the reason.
bool tcp_world::shake_hands(socket_state *state, std::string *error) {
    const uint64_t until = now_ms() + connect_ms_max;
    state->layers.start(&state->unsent);
    flush(state);
    std::array<char, 16384> bytes{};
    while (!state->layers.ready() && state->layers.failure().empty()) {
        const uint64_t now = now_ms();
        if (now >= until) {
            *error = "the handshake took longer than 5 s";
            return false;
        }
        wait_for(state->fd, POLLIN, until - now);
        const ssize_t count = recv(state->fd, bytes.data(), bytes.size(), 0);
        if (count == 0 || (count < 0 && !would_block())) {
            *error = "the broker closed the connection during the handshake";
            return false;
        }
        const size_t size = count > 0 ? static_cast<size_t>(count) : 0;
        state->layers.receive({bytes.data(), size}, &state->unread, &state->unsent);
        flush(state);
    }
    *error = state->layers.failure();
    return error->empty();
}

int tcp_world::open(const std::string &, std::string *error) {
    const int fd = connect_any(error);
    if (fd < 0) {
        return -1;
    }
    socket_state fresh;
    fresh.fd = fd;
    fresh.layers = layers();
    if (!shake_hands(&fresh, error)) {
        ::close(fd);
        return -1;
    }
    sockets_[next_] = std::move(fresh);
    return next_++;
}

void tcp_world::flush(socket_state *state) {
    while (state->fd >= 0 && !state->unsent.empty()) {
        const ssize_t sent =
            ::send(state->fd, state->unsent.data(), state->unsent.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            state->unsent.erase(0, static_cast<size_t>(sent));
        } else {
            if (!would_block()) {
                state->unsent.clear(); // the broker has closed; reading will show it
            }
            return;
        }
    }
}

void tcp_world::send_frame(int connection, std::string_view bytes, bool text) {
    const auto found = sockets_.find(connection);
    if (found != sockets_.end() && found->second.fd >= 0) {
        found->second.layers.send(bytes, text, &found->second.unsent);
        flush(&found->second);
    }
}

void tcp_world::send(int connection, std::string_view bytes) {
    send_frame(connection, bytes, false);
}

void tcp_world::send_text(int connection, std::string_view bytes) {
    send_frame(connection, bytes, true);
}

// Sends what is left and the end of the stream, then waits for the broker's own end.
void tcp_world::finish(socket_state *state) {
    const uint64_t until = now_ms() + close_ms_max;
    state->layers.end(&state->unsent);
    flush(state);
    while (!state->unsent.empty() && now_ms() < until) {
        wait_for(state->fd, POLLOUT, until - now_ms());
        flush(state);
    }
    shutdown(state->fd, SHUT_WR);
    std::array<char, 4096> lost{};
    for (uint64_t now = now_ms(); now < until; now = now_ms()) {
        wait_for(state->fd, POLLIN, until - now);
        const ssize_t count = recv(state->fd, lost.data(), lost.size(), 0);
        if (count == 0 || (count < 0 && !would_block())) {
            return;
        }
    }
}

void tcp_world::close(int connection) {
    const auto found = sockets_.find(connection);
    if (found == sockets_.end()) {
        return;
    }
    if (found->second.fd >= 0) {
        finish(&found->second);
        ::close(found->second.fd);
    }
    sockets_.erase(found);
}

void tcp_world::abort(int connection) {
    const auto found = sockets_.find(connection);
    if (found == sockets_.end()) {
        return;
    }
    if (found->second.fd >= 0) {
        const struct linger reset = {1, 0};
        setsockopt(found->second.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        ::close(found->second.fd);
    }
    sockets_.erase(found);
}

// True if something came: bytes, or the end.
bool tcp_world::read_some(int connection, socket_state *state, arrival *out) {
    out->connection = connection;
    std::string bytes(read_bytes, '\0');
    const ssize_t count = recv(state->fd, bytes.data(), bytes.size(), 0);
    bytes.resize(count > 0 ? static_cast<size_t>(count) : 0);
    if (count < 0 && would_block()) {
        return false;
    }
    state->layers.receive(bytes, &out->bytes, &state->unsent);
    flush(state);
    out->problem = state->layers.take_problem();
    if (count <= 0 || state->layers.ended()) {
        out->closed = true;
        ::close(state->fd);
        state->fd = -1;
        state->unsent.clear();
    }
    return out->closed || !out->bytes.empty() || !out->problem.empty();
}

// What the last bytes of a handshake brought with them.
void tcp_world::take_early(std::vector<arrival> *news) {
    for (auto &[connection, state] : sockets_) {
        std::string problem = state.layers.take_problem();
        if (!state.unread.empty() || !problem.empty()) {
            news->push_back({connection, std::move(state.unread), false, std::move(problem)});
            state.unread.clear();
        }
    }
}

std::vector<arrival> tcp_world::poll(uint64_t deadline_ms) {
    std::vector<arrival> news;
    take_early(&news);
    if (!news.empty()) {
        return news;
    }
    for (;;) {
        std::vector<struct pollfd> entries;
        std::vector<int> connections;
        for (auto &[connection, state] : sockets_) {
            if (state.fd >= 0) {
                const int what = state.unsent.empty() ? POLLIN : POLLIN | POLLOUT;
                entries.push_back({state.fd, static_cast<short>(what), 0});
                connections.push_back(connection);
            }
        }
        const uint64_t now = now_ms();
        const uint64_t wait =
            deadline_ms > now ? std::min<uint64_t>(deadline_ms - now, 1 << 30) : 0;
        ::poll(entries.data(), entries.size(), static_cast<int>(wait));
        for (size_t i = 0; i < entries.size(); i++) {
            socket_state &state = sockets_[connections[i]];
            if ((entries[i].revents & POLLOUT) != 0) {
                flush(&state);
            }
            arrival next;
            const int readable = POLLIN | POLLHUP | POLLERR;
            if ((entries[i].revents & readable) != 0 && read_some(connections[i], &state, &next)) {
                news.push_back(std::move(next));
            }
        }
        if (!news.empty() || now_ms() >= deadline_ms) {
            return news;
        }
    }
}

} // namespace conformance
