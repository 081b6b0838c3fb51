// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/floor.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <string>

namespace load {

namespace {

constexpr size_t read_bytes = 256 * 1024;
constexpr int events_max = 256;
constexpr size_t acknowledgement_len = 4; // of PUBACK, PUBREC, PUBREL and PUBCOMP without reason

bytes connack_of(ella_version version) {
    return version == ELLA_VERSION_5_0 ? bytes{0x20, 3, 0, 0, 0} : bytes{0x20, 2, 0, 0};
}

void watch(int epoll_fd, int fd, void *of, int what, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = of;
    epoll_ctl(epoll_fd, what, fd, &event);
}

// made_for: what epoll gives back for a new connection. TCP_NODELAY is the listener's.
template <typename made> void accept_all(int listener, int epoll_fd, made made_for) {
    for (;;) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        watch(epoll_fd, fd, made_for(fd), EPOLL_CTL_ADD, EPOLLIN);
    }
}

enum class role {
    unknown,
    publisher,
    subscribing,
    subscriber,
};

struct line {
    int fd = -1;
    role is = role::unknown;
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
          shape_(shape), at_once_(shape != layout::fan_in && qos_ < 2),
          epoll_fd_(epoll_create1(EPOLL_CLOEXEC)), subscribers_(wanted.subscribers),
          publishers_(wanted.publishers), in_(read_bytes) {
        watch(epoll_fd_, listener_, nullptr, EPOLL_CTL_ADD, EPOLLIN);
    }

    [[noreturn]] void serve() {
        epoll_event events[events_max];
        for (;;) {
            const int count = epoll_wait(epoll_fd_, events, events_max, -1);
            for (int i = 0; i < count; i++) {
                auto *each = static_cast<line *>(events[i].data.ptr);
                if (each != nullptr) {
                    handle(*each, events[i].events);
                } else {
                    accept_all(listener_, epoll_fd_, [](int fd) {
                        auto *added = new line; // lives as long as the process
                        added->fd = fd;
                        return added;
                    });
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
    void handle(line &each, uint32_t events) {
        if ((events & EPOLLOUT) != 0) {
            touch(each);
        }
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
            return;
        }
        const size_t kept = each.rest.size();
        if (in_.size() < kept + read_bytes) {
            in_.resize(kept + read_bytes);
        }
        const ssize_t count = recv(each.fd, in_.data() + kept, read_bytes, 0);
        if (count > 0) {
            std::copy(each.rest.begin(), each.rest.end(), in_.begin());
            len_ = kept + static_cast<size_t>(count);
            const size_t used = take(each);
            each.rest.assign(in_.data() + used, in_.data() + len_);
        } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
            watch(epoll_fd_, each.fd, nullptr, EPOLL_CTL_DEL, 0);
            shutdown(each.fd, SHUT_RDWR);
        }
    }

    // How many bytes of in_ are done with.
    size_t take(line &each) {
        switch (each.is) {
        case role::unknown:
            greet(each);
            return len_;
        case role::subscribing:
            answer_subscribe(each);
            return len_;
        case role::subscriber:
            return qos_ < 2 ? len_ : release(each);
        case role::publisher:
            break;
        }
        if (qos_ > 0 || shape_ == layout::fan_in) {
            return hand_on_packets(each);
        }
        hand_on(each, 0, len_);
        return len_;
    }

    // CONNECT ends with the client identifier, ...-s12 or ...-p3.
    void greet(line &each) {
        const std::string text(in_.begin(), in_.begin() + static_cast<long>(len_));
        const size_t dash = text.rfind('-');
        each.is = text[dash + 1] == 's' ? role::subscribing : role::publisher;
        each.index = static_cast<uint32_t>(std::stoul(text.substr(dash + 2)));
        (each.is == role::publisher ? publishers_ : subscribers_).at(each.index) = &each;
        const bytes answer = connack_of(version_);
        append(each, answer.data(), answer.size());
    }

    // Of one filter. The packet identifier stands behind a length of one or two bytes.
    void answer_subscribe(line &each) {
        const size_t at = in_[1] < 0x80 ? 2 : 3;
        const bool v5 = version_ == ELLA_VERSION_5_0;
        const bytes answer = v5 ? bytes{0x90, 4, in_[at], in_[at + 1], 0, qos_}
                                : bytes{0x90, 3, in_[at], in_[at + 1], qos_};
        each.is = role::subscriber;
        append(each, answer.data(), answer.size());
    }

    // PUBREL for each PUBREC of a subscriber.
    size_t release(line &each) {
        size_t at = 0;
        for (; at + acknowledgement_len <= len_; at += acknowledgement_len) {
            if (in_[at] >> 4 == ELLA_PUBREC) {
                acknowledge(each, ELLA_PUBREL, at + 2);
            }
        }
        return at;
    }

    // Whole packets only, since others stand beside them. PUBREL among them is not handed on.
    size_t hand_on_packets(line &each) {
        size_t run = 0;
        size_t at = 0;
        size_t body = 0;
        for (size_t end = packet_end(0, &body); end != 0; end = packet_end(at, &body)) {
            if (in_[at] >> 4 == ELLA_PUBREL) {
                hand_on(each, run, at);
                run = end;
                acknowledge(each, ELLA_PUBCOMP, body);
            } else if (qos_ > 0) {
                const size_t topic_len = size_t{in_[body]} << 8 | in_[body + 1];
                acknowledge(each, qos_ == 1 ? ELLA_PUBACK : ELLA_PUBREC, body + 2 + topic_len);
            }
            at = end;
        }
        hand_on(each, run, at);
        return at;
    }

    // Of the packet at `at`, if it is whole; else 0. body: behind its length.
    size_t packet_end(size_t at, size_t *body) const {
        size_t len = 0;
        for (size_t i = at + 1, shift = 0; i < len_ && shift < 28; i++, shift += 7) {
            len |= size_t{in_[i] & 0x7fu} << shift;
            if (in_[i] < 0x80) {
                *body = i + 1;
                return *body + len <= len_ ? *body + len : 0;
            }
        }
        return 0;
    }

    // With the packet identifier that stands at id_at.
    void acknowledge(line &to, ella_packet_type type, size_t id_at) {
        const auto id = static_cast<uint16_t>(in_[id_at] << 8 | in_[id_at + 1]);
        packet_acknowledge(type, id, to.out.append(acknowledgement_len));
        touch(to);
    }

    // What a publisher sent, [from, end) of in_, to whom it is for.
    void hand_on(const line &publisher, size_t from, size_t end) {
        if (from == end) {
            return;
        }
        if (shape_ == layout::pairs) {
            give(subscribers_[publisher.index], from, end);
            return;
        }
        for (line *to : subscribers_) {
            give(to, from, end);
        }
    }

    void give(line *to, size_t from, size_t end) {
        if (to == nullptr) {
            return;
        }
        if (at_once_ && to->out.size() == 0) {
            const ssize_t count = ::send(to->fd, in_.data() + from, end - from, MSG_NOSIGNAL);
            from += count > 0 ? static_cast<size_t>(count) : 0;
        }
        if (from < end) {
            append(*to, in_.data() + from, end - from);
        }
    }

    void append(line &to, const uint8_t *from, size_t len) {
        to.out.append(from, len);
        touch(to);
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
            watch(epoll_fd_, each.fd, &each, EPOLL_CTL_MOD,
                  EPOLLIN | (more ? static_cast<uint32_t>(EPOLLOUT) : 0u));
        }
    }

    int listener_;
    ella_version version_;
    uint8_t qos_;
    layout shape_;
    bool at_once_; // a subscriber gets bytes from one source only in a round
    int epoll_fd_;
    std::vector<line *> subscribers_;
    std::vector<line *> publishers_;
    std::vector<line *> dirty_;
    bytes in_;
    size_t len_ = 0; // of what was read, behind the rest of a packet
};

// A connection that says two things: CONNECT, and that it leaves.
struct visitor {
    int fd = -1;
    bool greeted = false;
};

void meet(visitor &each, const bytes &connack) {
    uint8_t in[1024];
    const ssize_t count = recv(each.fd, in, sizeof in, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0 || each.greeted) {
        close(each.fd);
        return;
    }
    each.greeted = true;
    send(each.fd, connack.data(), connack.size(), MSG_NOSIGNAL);
}

} // namespace

void floor_traffic(int listener, const options &wanted, layout shape) {
    hub(listener, wanted, shape).serve();
}

void floor_churn(int listener, const options &wanted) {
    const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    const bytes connack = connack_of(wanted.version);
    std::deque<visitor> visitors; // by descriptor; grows without moving any
    watch(epoll_fd, listener, nullptr, EPOLL_CTL_ADD, EPOLLIN);
    epoll_event events[events_max];
    for (;;) {
        const int count = epoll_wait(epoll_fd, events, events_max, -1);
        for (int i = 0; i < count; i++) {
            auto *each = static_cast<visitor *>(events[i].data.ptr);
            if (each != nullptr) {
                meet(*each, connack);
                continue;
            }
            accept_all(listener, epoll_fd, [&](int fd) {
                const auto at = static_cast<size_t>(fd);
                visitors.resize(std::max(visitors.size(), at + 1));
                visitors[at] = {fd, false};
                return &visitors[at];
            });
        }
    }
}

} // namespace load
