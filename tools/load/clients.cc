// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/clients.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace load {

namespace {

constexpr size_t read_bytes = 256 * 1024;
constexpr int events_max = 1024;
constexpr uint32_t packet_size_max = 64u * 1024 * 1024;
// Local ports of one address; each further such number of connections gets another 127.0.0.x. The
// kernel has 28,232 and takes every second one first: once these are used it tries all of them in
// vain for each further connection, which takes longer than all that the broker does for it.
constexpr uint32_t ports_per_address = 10000;
constexpr int again = -1;
constexpr int broken = -2;

std::string failure(const char *what) {
    return std::string(what) + ": " + std::strerror(errno);
}

std::string tls_failure() {
    char text[256] = "the connection was closed";
    const unsigned long code = ERR_get_error();
    if (code != 0) {
        ERR_error_string_n(code, text, sizeof text);
    }
    return std::string("TLS: ") + text;
}

} // namespace

uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

// ---- Bytes that wait
// ----------------------------------------------------------------------------

uint8_t *out_buffer::append(size_t len) {
    if (end_ + len > capacity_) {
        const size_t used = size();
        size_t wanted = std::max<size_t>(capacity_, 256);
        while (wanted < used + len) {
            wanted *= 2;
        }
        if (wanted == capacity_) {
            std::memmove(bytes_.get(), bytes_.get() + begin_, used);
        } else {
            std::unique_ptr<uint8_t[]> larger(new uint8_t[wanted]);
            if (used > 0) {
                std::memcpy(larger.get(), bytes_.get() + begin_, used);
            }
            bytes_ = std::move(larger);
            capacity_ = wanted;
        }
        begin_ = 0;
        end_ = used;
    }
    end_ += len;
    return bytes_.get() + end_ - len;
}

void out_buffer::consume(size_t len) {
    begin_ += len;
    if (begin_ == end_) {
        begin_ = end_ = 0;
    }
}

void out_buffer::release() {
    bytes_.reset();
    begin_ = end_ = capacity_ = 0;
}

// ---- Where to
// -----------------------------------------------------------------------------------

bool address_parse(const std::string &written, address *out) {
    const size_t colon = written.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == written.size()) {
        return false;
    }
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo *found = nullptr;
    if (getaddrinfo(written.substr(0, colon).c_str(), written.substr(colon + 1).c_str(), &hints,
                    &found) != 0) {
        return false;
    }
    std::memcpy(&out->where, found->ai_addr, sizeof out->where);
    freeaddrinfo(found);
    out->loopback = ntohl(out->where.sin_addr.s_addr) >> 24 == 127;
    return true;
}

// ---- Connections
// --------------------------------------------------------------------------------

clients::clients(const address &broker, ella_version version, client_events events, SSL_CTX *tls)
    : broker_(broker), version_(version), events_(std::move(events)), tls_(tls),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)), in_(read_bytes) {
    if (epoll_fd_ < 0) {
        throw std::runtime_error(failure("epoll_create1"));
    }
}

clients::~clients() {
    for (const auto &each : all_) {
        close(*each);
    }
    ::close(epoll_fd_);
}

void clients::set_login(const std::string &user_name, const std::string &password) {
    login_.user_name = user_name;
    login_.password = password;
}

client &clients::add(const std::string &client_id, bool clean) {
    all_.push_back(std::make_unique<client>());
    client &added = *all_.back();
    added.index = static_cast<uint32_t>(all_.size() - 1);
    prepare(added, client_id, clean);
    return added;
}

void clients::prepare(client &each, const std::string &client_id, bool clean) {
    connect_options options = login_;
    options.version = version_;
    options.client_id = client_id;
    options.clean = clean;
    options.keep_alive_s = keep_alive_s_;
    each.connect = packet_connect(options);
}

void clients::open(client &each) {
    const int one = 1;
    each.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (each.fd < 0) {
        throw std::runtime_error(failure("socket"));
    }
    setsockopt(each.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (broker_.loopback && opened_ >= ports_per_address) {
        sockaddr_in from{};
        from.sin_family = AF_INET;
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + opened_ / ports_per_address % 200);
        setsockopt(each.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(each.fd, reinterpret_cast<const sockaddr *>(&from), sizeof from) != 0) {
            throw std::runtime_error(failure("bind"));
        }
    }
    opened_++;
    each.state = client_state::connecting;
    each.closing = each.dirty = false;
    each.rest.clear();
    ella_decoder_init(&each.decoder, version_, ELLA_FROM_SERVER, packet_size_max);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.ptr = &each;
    each.waits_to_write = true;
    const int result =
        connect(each.fd, reinterpret_cast<const sockaddr *>(&broker_.where), sizeof broker_.where);
    if (result != 0 && errno != EINPROGRESS) {
        fail(each, failure("connect"));
    } else if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, each.fd, &event) != 0) {
        throw std::runtime_error(failure("epoll_ctl"));
    }
}

void clients::close(client &each) {
    if (each.tls != nullptr) {
        SSL_free(each.tls);
        each.tls = nullptr;
    }
    if (each.fd >= 0) {
        ::close(each.fd);
    }
    each.fd = -1;
    each.state = client_state::closed;
    each.out.release();
}

void clients::leave(client &each) {
    const bytes goodbye = packet_disconnect(version_);
    each.out.append(goodbye.data(), goodbye.size());
    each.closing = true;
    touch(each);
}

void clients::fail(client &each, const std::string &why) {
    close(each);
    events_.closed(each, why);
}

void clients::watch(client &each, bool for_writing) {
    if (each.waits_to_write == for_writing) {
        return;
    }
    each.waits_to_write = for_writing;
    epoll_event event{};
    event.events = EPOLLIN | (for_writing ? static_cast<uint32_t>(EPOLLOUT) : 0u);
    event.data.ptr = &each;
    epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, each.fd, &event);
}

void clients::connected(client &each) {
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(each.fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        errno = error;
        fail(each, failure("connect"));
    } else if (tls_ == nullptr) {
        greet(each);
    } else {
        each.tls = SSL_new(tls_);
        if (each.tls == nullptr || SSL_set_fd(each.tls, each.fd) != 1) {
            throw std::runtime_error(tls_failure());
        }
        each.state = client_state::securing;
        secure(each);
    }
}

void clients::secure(client &each) {
    ERR_clear_error();
    const int result = SSL_connect(each.tls);
    const int why = SSL_get_error(each.tls, result);
    if (result == 1) {
        handshakes_++;
        greet(each);
    } else if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        watch(each, why == SSL_ERROR_WANT_WRITE);
    } else {
        fail(each, tls_failure());
    }
}

void clients::greet(client &each) {
    each.state = client_state::greeting;
    watch(each, false);
    each.out.append(each.connect.data(), each.connect.size());
    touch(each);
}

void clients::connack(client &each, const ella_connack &answer) {
    if (answer.reason_code != 0) {
        fail(each, "CONNACK with code " + std::to_string(answer.reason_code));
        return;
    }
    each.receive_maximum = ella_property_present(&answer.properties, ELLA_PROPERTY_RECEIVE_MAXIMUM)
                               ? answer.properties.receive_maximum
                               : 65535;
    each.session_present = answer.session_present;
    each.state = client_state::ready;
    events_.ready(each);
}

// ---- In
// -----------------------------------------------------------------------------------------

long clients::receive_some(client &each, uint8_t *into, size_t len) {
    if (each.tls != nullptr) {
        ERR_clear_error();
        const int count = SSL_read(each.tls, into, static_cast<int>(len));
        const int why = count > 0 ? 0 : SSL_get_error(each.tls, count);
        return count > 0 ? count : why == SSL_ERROR_WANT_READ ? again : broken;
    }
    const ssize_t count = recv(each.fd, into, len, 0);
    if (count > 0) {
        return count;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? again : broken;
}

void clients::read(client &each) {
    size_t kept = each.rest.size();
    if (kept + read_bytes / 2 > in_.size()) {
        in_.resize(kept + read_bytes);
    }
    if (kept > 0) {
        std::memcpy(in_.data(), each.rest.data(), kept);
    }
    size_t len = kept;
    long count = receive_some(each, in_.data() + len, in_.size() - len);
    // What TLS has decrypted already will not wake epoll again.
    while (count > 0) {
        len += static_cast<size_t>(count);
        if (each.tls == nullptr || SSL_pending(each.tls) == 0 || len == in_.size()) {
            break;
        }
        count = receive_some(each, in_.data() + len, in_.size() - len);
    }
    bytes_in_ += len - kept;
    if (len > kept) {
        decode(each, len);
    }
    if (count == broken && each.fd >= 0) {
        fail(each, "the broker closed the connection");
    }
}

void clients::decode(client &each, size_t len) {
    const uint64_t now = now_ns();
    const auto end = static_cast<uint32_t>(len);
    uint32_t start = 0;
    ella_packet packet;
    while (start < end && each.fd >= 0) {
        const ella_result result = ella_decode(&each.decoder, in_.data(), start, end, &packet);
        if (result == ELLA_MORE) {
            break;
        }
        if (result == ELLA_BAD) {
            fail(each, "the broker sent what is not MQTT, codec error " +
                           std::to_string(each.decoder.error));
            return;
        }
        start += each.decoder.size;
        if (each.state == client_state::ready && packet.type != ELLA_DISCONNECT) {
            events_.packet(each, packet, now);
        } else if (packet.type == ELLA_CONNACK) {
            connack(each, packet.connack);
        } else {
            fail(each, packet.type == ELLA_DISCONNECT
                           ? "DISCONNECT with reason " + std::to_string(packet.reason.reason_code)
                           : "something else than CONNACK");
        }
    }
    each.rest.assign(in_.data() + start, in_.data() + end);
}

// ---- Out
// ----------------------------------------------------------------------------------------

long clients::send_some(client &each) {
    if (each.tls != nullptr) {
        ERR_clear_error();
        const int len = static_cast<int>(std::min<size_t>(each.out.size(), 1u << 30));
        const int count = SSL_write(each.tls, each.out.data(), len);
        const int why = count > 0 ? 0 : SSL_get_error(each.tls, count);
        const bool later = why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ;
        return count > 0 ? count : later ? again : broken;
    }
    const ssize_t count = ::send(each.fd, each.out.data(), each.out.size(), MSG_NOSIGNAL);
    if (count >= 0) {
        return count;
    }
    return errno == EAGAIN || errno == EINTR ? again : broken;
}

// A connection that is broken is found so by reading, behind what can still be read.
void clients::send(client &each) {
    while (each.fd >= 0 && each.out.size() > 0) {
        const long count = send_some(each);
        if (count <= 0) {
            watch(each, count == again);
            return;
        }
        bytes_out_ += static_cast<uint64_t>(count);
        each.out.consume(static_cast<size_t>(count));
    }
    if (each.fd >= 0) {
        watch(each, false);
    }
}

void clients::handle(client &each, uint32_t events) {
    if (each.fd < 0) {
        return;
    }
    if (each.state == client_state::connecting) {
        if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
            connected(each);
        }
        return;
    }
    if (each.state == client_state::securing) {
        secure(each);
        return;
    }
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        read(each);
    }
    if (each.fd >= 0 && (events & EPOLLOUT) != 0) {
        touch(each);
    }
}

void clients::round(uint64_t wait_ns, const std::function<void()> &before_sending) {
    epoll_event events[events_max];
    const timespec wait = {static_cast<time_t>(wait_ns / 1000000000u),
                           static_cast<long>(wait_ns % 1000000000u)};
    const timespec none = {0, 0};
    const int count =
        epoll_pwait2(epoll_fd_, events, events_max, dirty_.empty() ? &wait : &none, nullptr);
    if (count < 0 && errno != EINTR) {
        throw std::runtime_error(failure("epoll_pwait2"));
    }
    for (int i = 0; i < count; i++) {
        handle(*static_cast<client *>(events[i].data.ptr), events[i].events);
    }
    if (before_sending) {
        before_sending();
    }
    sending_.swap(dirty_);
    for (client *each : sending_) {
        each->dirty = false;
        send(*each);
    }
    sending_.clear();
}

} // namespace load
