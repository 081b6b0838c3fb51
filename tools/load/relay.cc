// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/relay.h"

#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "tools/load/floor.h"

namespace load {

namespace {

// On a free port. What is set here holds for the connections, too.
int listen_anywhere(uint16_t *port) {
    const int one = 1;
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof where;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        bind(listener, reinterpret_cast<sockaddr *>(&where), len) != 0 ||
        listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr *>(&where), &len) != 0) {
        throw std::runtime_error("the floor can't listen");
    }
    *port = ntohs(where.sin_port);
    return listener;
}

} // namespace

std::string relay_refuses(const options &wanted, layout shape) {
    if (shape == layout::routing || wanted.shared || wanted.keep_alive_s != 0) {
        return "there is no floor for this mode: something must be decided there";
    }
    if ((shape == layout::fan_out && wanted.publishers != 1) ||
        (shape == layout::fan_in && wanted.subscribers != 1)) {
        return "the floor of a fan has one client at its narrow end";
    }
    if (wanted.tls) {
        return "the floor knows no TLS";
    }
    return wanted.user_name.empty() ? "" : "the floor knows no logins";
}

relay::relay(const options &wanted, layout shape) {
    runner_allow_files(size_t{wanted.subscribers} + wanted.publishers + wanted.clients);
    const int listener = listen_anywhere(&port_);
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (wanted.mode == "churn") {
            floor_churn(listener, wanted);
        }
        floor_traffic(listener, wanted, shape);
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
