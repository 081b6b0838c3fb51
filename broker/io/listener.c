/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Making listening sockets and accepting from them; see listener.h.
 */
#include "broker/io/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PORT_TEXT_SIZE 8u

/* What is being opened, and how it went. */
struct opening {
    struct listener_set *set;
    struct listener *listener;
    struct log *log;
    uint32_t opened;
};

static const char *shown_address(const struct config_listener *config) {
    return config->address != NULL ? config->address : "all addresses";
}

static bool opening_failed(const struct opening *opening, const char *what, const char *why) {
    const struct config_listener *config = opening->listener->config;
    if (config->port == 0)
        log_say(opening->log, LOG_TYPE_ERROR, "can't listen at %s: %s: %s", config->address, what,
                why);
    else
        log_say(opening->log, LOG_TYPE_ERROR, "can't listen at %s, port %u: %s: %s",
                shown_address(config), (unsigned)config->port, what, why);
    return false;
}

static struct listener_socket *add_socket(struct opening *opening, int fd) {
    struct listener_set *set = opening->set;
    const size_t count = (size_t)set->socket_count + 1;
    struct listener_socket *sockets = realloc(set->sockets, count * sizeof *sockets);
    if (sockets == NULL)
        return NULL;
    set->sockets = sockets;
    struct listener_socket *added = &sockets[set->socket_count++];
    *added = (struct listener_socket){.fd = fd, .listener = opening->listener};
    opening->opened++;
    return added;
}

/* ---- TCP ---- */

static bool set_flag(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* What bind() must find set, and what accepted sockets are to inherit. */
static bool set_options(int fd, int family, const char *bind_interface) {
    if (!set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1))
        return false;
    if (family == AF_INET6 && !set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
        return false;
    if (bind_interface != NULL && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bind_interface,
                                             (socklen_t)strlen(bind_interface)) != 0)
        return false;
    return set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           set_flag(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set_flag(fd, IPPROTO_TCP, TCP_KEEPIDLE, LISTENER_TCP_IDLE_S) &&
           set_flag(fd, IPPROTO_TCP, TCP_KEEPINTVL, LISTENER_TCP_INTERVAL_S) &&
           set_flag(fd, IPPROTO_TCP, TCP_KEEPCNT, LISTENER_TCP_PROBES);
}

/* -1: see errno. */
//= v5/4.2-1
static int open_tcp(const struct addrinfo *at, const char *bind_interface) {
    //= v3/7.1.1-1
    const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (set_options(fd, at->ai_family, bind_interface) &&
        bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, LISTENER_BACKLOG) == 0)
        return fd;
    const int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* The machine has no such protocol or address, which need not matter if it has another. */
static bool is_absent(int why) {
    return why == EAFNOSUPPORT || why == EADDRNOTAVAIL || why == EPROTONOSUPPORT;
}

static bool open_resolved(struct opening *opening, const struct addrinfo *found) {
    const struct config_listener *config = opening->listener->config;
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        const int fd = open_tcp(at, config->bind_interface);
        if (fd < 0 && is_absent(errno) &&
            (at->ai_next != NULL || opening->opened > 0 || config->is_loopback)) {
            log_say(opening->log, LOG_TYPE_WARNING, "not listening at %s of %s, port %u: %s",
                    at->ai_family == AF_INET6 ? "IPv6" : "IPv4", shown_address(config),
                    (unsigned)config->port, strerror(errno));
            continue;
        }
        if (fd < 0)
            return opening_failed(opening, "socket", strerror(errno));
        if (add_socket(opening, fd) == NULL) {
            close(fd);
            return opening_failed(opening, "socket", strerror(ENOMEM));
        }
    }
    return true;
}

static bool open_port(struct opening *opening) {
    const struct config_listener *config = opening->listener->config;
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_family = config->socket_domain == 4   ? AF_INET
                                                : config->socket_domain == 6 ? AF_INET6
                                                                             : AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM};
    char port[PORT_TEXT_SIZE];
    snprintf(port, sizeof port, "%u", (unsigned)config->port);
    struct addrinfo *found = NULL;
    const int error = getaddrinfo(config->address, port, &hints, &found);
    if (error != 0)
        return opening_failed(opening, "address", gai_strerror(error));
    const bool good = open_resolved(opening, found);
    freeaddrinfo(found);
    return good;
}

/* ---- Unix sockets ---- */

/* Nobody listens at a path if connecting is refused: its owner has died. */
static bool is_stale(const struct sockaddr_un *at) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    const bool refused =
        connect(fd, (const struct sockaddr *)at, sizeof *at) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static bool clear_path(struct opening *opening, const struct sockaddr_un *at) {
    struct stat status;
    if (lstat(at->sun_path, &status) != 0)
        return errno == ENOENT || opening_failed(opening, "path", strerror(errno));
    if (!S_ISSOCK(status.st_mode))
        return opening_failed(opening, "path", "there is a file that is not a socket");
    if (!is_stale(at))
        return opening_failed(opening, "path", "another process listens there");
    if (unlink(at->sun_path) != 0)
        return opening_failed(opening, "stale socket", strerror(errno));
    return true;
}

/* The permissions are there from the first moment, by the umask. -1: see errno. */
static int bind_path(const struct sockaddr_un *at, uint16_t mode) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const mode_t kept = umask(mode == 0 ? 0 : (mode_t)(~mode & 0777));
    if (mode == 0)
        umask(kept);
    const bool bound = bind(fd, (const struct sockaddr *)at, sizeof *at) == 0;
    const int why = errno;
    umask(kept);
    if (bound && listen(fd, LISTENER_BACKLOG) == 0)
        return fd;
    if (bound)
        unlink(at->sun_path);
    close(fd);
    errno = why;
    return -1;
}

static bool open_path(struct opening *opening) {
    const struct config_listener *config = opening->listener->config;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(config->address) >= sizeof at.sun_path)
        return opening_failed(opening, "path", "longer than the system allows");
    memcpy(at.sun_path, config->address, strlen(config->address) + 1);
    if (!clear_path(opening, &at))
        return false;
    const int fd = bind_path(&at, config->unix_socket_mode);
    if (fd < 0)
        return opening_failed(opening, "socket", strerror(errno));
    struct listener_socket *added = add_socket(opening, fd);
    if (added == NULL) {
        close(fd);
        unlink(at.sun_path);
        return opening_failed(opening, "socket", strerror(ENOMEM));
    }
    struct stat status;
    if (lstat(at.sun_path, &status) == 0) {
        added->unix_inode = (uint64_t)status.st_ino;
        added->unix_path = strdup(at.sun_path);
    }
    return true;
}

/* ---- The set ---- */

/* NULL in *out: plain TCP. */
static bool make_tls(const struct tls_source *source, struct tls_context **out) {
    *out = NULL;
    if (!config_has_tls(source->listener))
        return true;
    *out = tls_context_create(source);
    return *out != NULL;
}

static bool open_tls(struct listener_set *set, const struct config *config, struct log *log) {
    bool good = true;
    for (uint32_t i = 0; i < set->listener_count; i++) {
        const struct tls_source source = {
            .config = config, .listener = &config->listeners[i], .log = log, .may_ask = true};
        good = make_tls(&source, &set->listeners[i].tls) && good;
    }
    return good;
}

bool listener_set_prepare(struct listener_set *set, const struct config *next, struct log *log) {
    /* Other listeners than before are refused by config_reload(). */
    bool good = true;
    set->is_prepared = false;
    if (set->listener_count != next->listener_count)
        return true;
    for (uint32_t i = 0; i < set->listener_count && good; i++) {
        struct listener *listener = &set->listeners[i];
        const struct tls_source source = {.config = next,
                                          .listener = &next->listeners[i],
                                          .log = log,
                                          .previous = listener->tls};
        tls_context_release(listener->next_tls);
        good = make_tls(&source, &listener->next_tls);
    }
    set->is_prepared = good;
    return good;
}

bool listener_check_tls(const struct config *config, struct log *log) {
    bool good = true;
    for (uint32_t i = 0; i < config->listener_count; i++) {
        const struct tls_source source = {
            .config = config, .listener = &config->listeners[i], .log = log, .may_ask = true};
        struct tls_context *made = NULL;
        good = make_tls(&source, &made) && good;
        tls_context_release(made);
    }
    return good;
}

static void take_prepared(struct listener_set *set) {
    for (uint32_t i = 0; i < set->listener_count && set->is_prepared; i++) {
        struct listener *listener = &set->listeners[i];
        tls_context_release(listener->tls);
        listener->tls = listener->next_tls;
        listener->next_tls = NULL;
    }
    set->is_prepared = false;
}

static void configure(struct listener *listener, const struct config *config,
                      const struct config_listener *from) {
    listener->config = from;
    listener->allow_anonymous = config_allows_anonymous(config, from);
    listener->max_connections = from->max_connections;
    listener->wants_identity = from->tls.use_identity_as_username ||
                               (from->tls.use_subject_as_username && from->proxy_version == 0);
    struct core_listener *core = &listener->core;
    core->maximum_qos = from->max_qos;
    core->topic_alias_maximum = from->max_topic_alias;
    core->topic_alias_maximum_to_client = from->max_topic_alias_broker;
    core->user_name_is_client_id = from->use_username_as_clientid;
    core->allow_zero_length_client_id = config_allows_zero_length_clientid(config, from);
    memcpy(core->version_accepted, from->version_accepted, sizeof core->version_accepted);
}

void listener_set_configure(struct listener_set *set, const struct config *config) {
    for (uint32_t i = 0; i < set->listener_count; i++)
        configure(&set->listeners[i], config, &config->listeners[i]);
    take_prepared(set);
}

static void say_opened(const struct opening *opening) {
    const struct config_listener *config = opening->listener->config;
    if (opening->opened == 0)
        return;
    if (config->port == 0)
        log_say(opening->log, LOG_TYPE_INFORMATION, "listening at %s", config->address);
    else
        log_say(opening->log, LOG_TYPE_INFORMATION, "listening at %s, port %u",
                shown_address(config), (unsigned)config->port);
}

bool listener_set_open(struct listener_set *set, const struct config *config, struct log *log) {
    *set = (struct listener_set){0};
    set->listeners = calloc(config->listener_count, sizeof *set->listeners);
    if (set->listeners == NULL)
        return false;
    set->listener_count = config->listener_count;
    listener_set_configure(set, config);
    bool good = open_tls(set, config, log);
    for (uint32_t i = 0; i < set->listener_count && good; i++) {
        struct opening opening = {.set = set, .listener = &set->listeners[i], .log = log};
        good = config->listeners[i].port == 0 ? open_path(&opening) : open_port(&opening);
        if (good)
            say_opened(&opening);
    }
    if (good && set->socket_count == 0)
        log_say(log, LOG_TYPE_ERROR, "there is no address to listen at");
    if (good && set->socket_count > 0)
        return true;
    listener_set_close(set);
    listener_set_free(set);
    return false;
}

static void remove_path(const struct listener_socket *listening) {
    struct stat status;
    if (listening->unix_path != NULL && lstat(listening->unix_path, &status) == 0 &&
        (uint64_t)status.st_ino == listening->unix_inode)
        unlink(listening->unix_path);
}

void listener_set_close(struct listener_set *set) {
    for (uint32_t i = 0; i < set->socket_count; i++) {
        remove_path(&set->sockets[i]);
        free(set->sockets[i].unix_path);
        close(set->sockets[i].fd);
    }
    free(set->sockets);
    set->sockets = NULL;
    set->socket_count = 0;
}

void listener_set_free(struct listener_set *set) {
    for (uint32_t i = 0; i < set->listener_count; i++) {
        tls_context_release(set->listeners[i].tls);
        tls_context_release(set->listeners[i].next_tls);
    }
    free(set->listeners);
    *set = (struct listener_set){0};
}

bool listener_allows(const struct listener *listener, const struct address *peer) {
    const struct config_listener *config = listener->config;
    return !cidr_list_has(&config->deny_address, peer) &&
           (config->allow_address.count == 0 || cidr_list_has(&config->allow_address, peer));
}

/* ---- Accepting ---- */

static enum listener_result refusal(const char **why) {
    switch (errno) {
    case EAGAIN:
        return LISTENER_NOTHING;
    case EMFILE:
        *why = "the process has no descriptor left";
        return LISTENER_REST;
    case ENFILE:
        *why = "the system has no descriptor left";
        return LISTENER_REST;
    case ENOBUFS:
    case ENOMEM:
        *why = "the kernel has no memory left";
        return LISTENER_REST;
    default:
        *why = "the system does not accept connections";
        return LISTENER_REST;
    }
}

/* Faults of the one connection, not of the socket it waited at. */
static bool is_passing(int why) {
    switch (why) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

enum listener_result listener_accept(const struct listener_socket *listening, int *fd,
                                     struct address *peer, const char **why) {
    for (int tries = 0; tries < LISTENER_ACCEPT_MAX; tries++) {
        struct sockaddr_storage from = {0};
        socklen_t from_len = sizeof from;
        *fd = accept4(listening->fd, (struct sockaddr *)&from, &from_len,
                      SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (*fd >= 0) {
            address_from(peer, &from);
            return LISTENER_ACCEPTED;
        }
        if (!is_passing(errno))
            return refusal(why);
    }
    return LISTENER_NOTHING;
}
