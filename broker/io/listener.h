/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Listening sockets: IPv4, IPv6 and unix. It makes them by configuration and accepts from them; it
 * does not watch, decode or serve.
 *
 * Options that accepted sockets inherit (TCP_NODELAY, SO_KEEPALIVE) are set on the listening
 * socket once.
 */
#ifndef BROKER_IO_LISTENER_H
#define BROKER_IO_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/core/core.h"
#include "broker/io/address.h"
#include "broker/io/config.h"
#include "broker/io/log.h"
#include "broker/io/tls_context.h"

/* Connections that may wait to be accepted; the kernel may allow fewer (somaxconn). */
#define LISTENER_BACKLOG 1024
/* Accepted from one socket in one round, so that a storm does not starve those connected. */
#define LISTENER_ACCEPT_MAX 64
/* How long a socket rests when descriptors or kernel memory have run out. */
#define LISTENER_PAUSE_MS 100u
/* Keep-alive of TCP itself: finds dead peers that asked for no MQTT keep alive. */
#define LISTENER_TCP_IDLE_S 600
#define LISTENER_TCP_INTERVAL_S 60
#define LISTENER_TCP_PROBES 5

/* One configured listener; a host name may have given it several sockets. */
struct security;

struct listener {
    struct core_listener core; /* what the core is told of each connection */
    const struct config_listener *config;
    struct tls_context *tls;      /* NULL: plain TCP */
    struct tls_context *next_tls; /* made for a reload that is not decided yet */
    bool allow_anonymous;
    const struct security *security; /* never NULL once the loop runs */
    bool wants_identity;             /* the certificate, the key or the proxy says who it is */
    struct bucket rate;              /* of connections */
    uint32_t max_connections;        /* 0: no limit */
    uint32_t open_count;
};

struct listener_socket {
    int fd;
    struct listener *listener;
    char *unix_path;     /* to be removed at the end, NULL if it is no unix socket */
    uint64_t unix_inode; /* of the file made by us: nobody else's is removed */
    bool paused;
    uint64_t resume_ms;
};

struct listener_set {
    struct listener *listeners;
    uint32_t listener_count;
    struct listener_socket *sockets;
    uint32_t socket_count;
    bool is_prepared; /* each listener's next_tls is to be used */
};

/* Opens all listeners of config, which must outlive the set. false: nothing is open, and the log
 * says which one failed and why. A machine without IPv6 is no failure as long as something else
 * could be opened. */
bool listener_set_open(struct listener_set *set, const struct config *config, struct log *log);
/* Reads certificates, keys and the like anew, as next says, which has the same listeners: what is
 * read is used by the next listener_set_configure(). false: the log was told why; nothing will
 * change. */
bool listener_set_prepare(struct listener_set *set, const struct config *next, struct log *log);
/* Whether certificates, keys and the like can be read; the log is told what is wrong. */
bool listener_check_tls(const struct config *config, struct log *log);
/* Takes what may change while running from config, which has the same listeners. */
void listener_set_configure(struct listener_set *set, const struct config *config);
/* Closes the sockets and removes unix sockets from the file system. */
void listener_set_close(struct listener_set *set);
/* Frees the listeners, when no connection is left. */
void listener_set_free(struct listener_set *set);

/* Whether allow_address and deny_address let a peer in. */
bool listener_allows(const struct listener *listener, const struct address *peer);

enum listener_result {
    LISTENER_ACCEPTED, /* *fd, *peer */
    LISTENER_NOTHING,  /* nobody waits (any more) */
    LISTENER_REST,     /* no descriptor or kernel memory: come back later; *why says what */
};

/* One connection; its descriptor is non-blocking and closed on exec. Peers that were gone before
 * they were accepted are passed over. */
enum listener_result listener_accept(const struct listener_socket *listening, int *fd,
                                     struct address *peer, const char **why);

#endif
