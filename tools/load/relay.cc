// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/relay.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <stdexcept>

namespace load {

namespace {

constexpr size_t read_bytes = 256 * 1024;
constexpr int events_max = 256;
constexpr size_t acknowledgement_len = 4;

struct line {
    int fd = -1;
    bool greeted = false;
    bool subscriber = false;
    uint32_t index = 0;
    bool dirty = false;
    bool waits_to_write = false;
    bytes rest; // of a packet that came in part
    out_buffer out;
};

class hub {
  public:
    hub(int listener, const options &wanted, layout shape)
        : listener_(listener), version_(wanted.version), qos_(static_cast<uint8_t>(wanted.qos)),
          shape_(shape), epoll_fd_(epoll_create1(EPOLL_CLOEXEC)), subscribers_(wanted.subscribers),
          publishers_(wanted.publishers), in_(read_bytes) {
        watch(listener_, nullptr, EPOLL_CTL_ADD, EPOLLIN);
    }

    [[noreturn]] void serve() {
        epoll_event events[events_max];
        for (;;) {
            const int count = epoll_wait(epoll_fd_, events, events_max, -1);
            for (int i = 0; i < count; i++) {
                auto *each = static_cast<line *>(events[i].data.ptr);
                if (each == nullptr) {
                    accept_all();
                } else {
                    handle(*each, events[i].events);
                }
            }
            for (line *each : dirty_) {
                each->dirty = false;
                send(*each);
            }
            dirty_.clear();
        }
    }

  private:
    void watch(int fd, line *of, int what, uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = of;
        epoll_ctl(epoll_fd_, what, fd, &event);
    }

    void accept_all() {
        const int one = 1;
        for (;;) {
            const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            auto *added = new line; // lives as long as the process
            added->fd = fd;
            watch(fd, added, EPOLL_CTL_ADD, EPOLLIN);
        }
    }

    void handle(line &each, uint32_t events) {
        if ((events & EPOLLOUT) != 0) {
            touch(each);
        }
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
            return;
        }
        const ssize_t count = recv(each.fd, in_.data(), in_.size(), 0);
        if (count > 0) {
            take(each, static_cast<size_t>(count));
        } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
            watch(each.fd, nullptr, EPOLL_CTL_DEL, 0);
            shutdown(each.fd, SHUT_RDWR);
        }
    }

    void take(line &each, size_t len) {
        if (!each.greeted) {
            greet(each, len);
        } else if (each.subscriber && in_[0] == 0x82) {
            answer_subscribe(each);
        } else if (each.subscriber) {
            from_subscriber(each, len);
        } else if (shape_ == layout::fan_in) {
            from_one_of_many(each, len);
        } else if (shape_ == layout::pairs) {
            hand_on(subscribers_[each.index], in_.data(), len);
        } else {
            for (line *to : subscribers_) {
                hand_on(to, in_.data(), len);
            }
        }
    }

    // CONNECT ends with the client identifier, ...-s12 or ...-p3.
    void greet(line &each, size_t len) {
        const std::string text(in_.begin(), in_.begin() + static_cast<long>(len));
        const size_t dash = text.rfind('-');
        each.greeted = true;
        each.subscriber = text[dash + 1] == 's';
        each.index = static_cast<uint32_t>(std::stoul(text.substr(dash + 2)));
        (each.subscriber ? subscribers_ : publishers_).at(each.index) = &each;
        const bool v5 = version_ == ELLA_VERSION_5_0;
        const bytes answer = v5 ? bytes{0x20, 3, 0, 0, 0} : bytes{0x20, 2, 0, 0};
        hand_on(&each, answer.data(), answer.size());
    }

    // Of one filter. The packet identifier stands behind a length of one or two bytes.
    void answer_subscribe(line &each) {
        const size_t at = in_[1] < 0x80 ? 2 : 3;
        const bool v5 = version_ == ELLA_VERSION_5_0;
        const bytes answer = v5 ? bytes{0x90, 4, in_[at], in_[at + 1], 0, qos_}
                                : bytes{0x90, 3, in_[at], in_[at + 1], qos_};
        hand_on(&each, answer.data(), answer.size());
    }

    // Acknowledgements: to the publisher; of many subscribers those of the first; of many
    // publishers to the one whose packet is answered, which is the oldest unanswered one.
    void from_subscriber(line &each, size_t len) {
        if (shape_ == layout::pairs) {
            hand_on(publishers_[each.index], in_.data(), len);
        } else if (shape_ == layout::fan_out) {
            if (each.index == 0) {
                hand_on(publishers_[0], in_.data(), len);
            }
        } else {
            each.rest.insert(each.rest.end(), in_.begin(), in_.begin() + static_cast<long>(len));
            size_t at = 0;
            for (; at + acknowledgement_len <= each.rest.size() && !asked_.empty();
                 at += acknowledgement_len) {
                hand_on(asked_.front(), each.rest.data() + at, acknowledgement_len);
                asked_.pop_front();
            }
            each.rest.erase(each.rest.begin(), each.rest.begin() + static_cast<long>(at));
        }
    }

    // Of the packet at `at`, if it is whole; else 0.
    static size_t packet_len(const bytes &in, size_t at) {
        size_t len = 0;
        for (size_t i = at + 1, shift = 0; i < in.size() && shift < 28; i++, shift += 7) {
            len |= size_t{in[i] & 0x7fu} << shift;
            if (in[i] < 0x80) {
                const size_t whole = i + 1 - at + len;
                return whole <= in.size() - at ? whole : 0;
            }
        }
        return 0;
    }

    // Whole packets only, since others stand beside them.
    void from_one_of_many(line &each, size_t len) {
        each.rest.insert(each.rest.end(), in_.begin(), in_.begin() + static_cast<long>(len));
        size_t at = 0;
        for (size_t packet = packet_len(each.rest, at); packet != 0;
             packet = packet_len(each.rest, at)) {
            if (qos_ > 0) {
                asked_.push_back(&each);
            }
            at += packet;
        }
        hand_on(subscribers_[0], each.rest.data(), at);
        each.rest.erase(each.rest.begin(), each.rest.begin() + static_cast<long>(at));
    }

    void hand_on(line *to, const uint8_t *from, size_t len) {
        if (to != nullptr && len > 0) {
            to->out.append(from, len);
            touch(*to);
        }
    }

    void touch(line &each) {
        if (!each.dirty) {
            each.dirty = true;
            dirty_.push_back(&each);
        }
    }

    void send(line &each) {
        while (each.out.size() > 0) {
            const ssize_t count = ::send(each.fd, each.out.data(), each.out.size(), MSG_NOSIGNAL);
            if (count < 0) {
                break;
            }
            each.out.consume(static_cast<size_t>(count));
        }
        const bool more = each.out.size() > 0;
        if (more != each.waits_to_write) {
            each.waits_to_write = more;
            watch(each.fd, &each, EPOLL_CTL_MOD,
                  EPOLLIN | (more ? static_cast<uint32_t>(EPOLLOUT) : 0u));
        }
    }

    int listener_;
    ella_version version_;
    uint8_t qos_;
    layout shape_;
    int epoll_fd_;
    std::vector<line *> subscribers_;
    std::vector<line *> publishers_;
    std::vector<line *> dirty_;
    std::deque<line *> asked_; // publishers of packets that the subscriber has not answered yet
    bytes in_;
};

} // namespace

std::string relay_refuses(const options &wanted, layout shape) {
    if (shape == layout::routing || wanted.shared || wanted.keep_alive_s != 0) {
        return "there is no floor for this mode: something must be decided there";
    }
    if ((shape == layout::fan_out && wanted.publishers != 1) ||
        (shape == layout::fan_in && wanted.subscribers != 1)) {
        return "the floor of a fan has one client at its narrow end";
    }
    return wanted.user_name.empty() ? "" : "the floor knows no logins";
}

relay::relay(const options &wanted, layout shape) {
    runner_allow_files(size_t{wanted.subscribers} + wanted.publishers);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof where;
    if (listener < 0 || bind(listener, reinterpret_cast<sockaddr *>(&where), len) != 0 ||
        listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr *>(&where), &len) != 0) {
        throw std::runtime_error("the floor can't listen");
    }
    port_ = ntohs(where.sin_port);
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        hub(listener, wanted, shape).serve();
    }
    ::close(listener);
    if (pid_ < 0) {
        throw std::runtime_error("the floor can't be started");
    }
}

relay::~relay() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

} // namespace load
