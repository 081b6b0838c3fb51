/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Reads and writes a connection's MQTT bytes: over plain TCP, or over TLS if the connection has
 * it. One call of the kernel each. It knows no MQTT and no poller.
 *
 * What the socket does not take stays in conn->out, as it is to go over the network: behind that
 * nothing else can be written, so nothing is encrypted that does not fit.
 */
#ifndef BROKER_IO_TRANSPORT_H
#define BROKER_IO_TRANSPORT_H

#include <sys/uio.h>

#include "broker/io/conn.h"
#include "broker/io/tls.h"

/* How many more bytes than asked for may come of one read. */
#define TRANSPORT_READ_SLACK TLS_RECORD_SIZE_MAX
/* What may be kept of answers that TLS itself gives to a peer that does not read. */
#define TRANSPORT_OUT_SIZE_MAX (256u * 1024u)

enum transport_result {
    TRANSPORT_OK,      /* *done bytes were read or sent */
    TRANSPORT_BLOCKED, /* not now */
    TRANSPORT_CLOSED,  /* the peer has closed: nothing comes any more, or nothing is taken */
    TRANSPORT_FAILED,  /* *why says why, static */
};

/* Shared by all connections of a loop that have TLS. Cleared before its first use. */
struct transport_room {
    uint8_t *in; /* in_size bytes as they came */
    uint32_t in_size;
    struct tls_output out; /* as they are to be sent */
};

static inline struct tls *transport_tls(const struct conn *conn) {
    return conn->more == NULL ? NULL : conn->more->tls;
}

/* Enough room for reads of read_size bytes. false: no memory. */
bool transport_room_prepare(struct transport_room *room, uint32_t read_size);
void transport_room_free(struct transport_room *room);

/* From now on the connection speaks TLS. false: no memory. */
bool transport_begin_tls(struct conn *conn, struct tls_context *context);
/* Frees conn->more and what belongs to it. */
void transport_free(struct conn *conn);

/* Reads once, size bytes from the network at most; buf has room for TRANSPORT_READ_SLACK more.
 * *done may be 0 with TRANSPORT_OK: nothing for MQTT was among them. */
enum transport_result transport_read(struct conn *conn, struct transport_room *room, uint8_t *buf,
                                     uint32_t size, uint32_t *done, const char **why);
/* Whether what was read last was the end, though no call will say TRANSPORT_CLOSED: TLS has an end
 * of its own, which may come in one piece with the last packet. */
bool transport_has_ended(const struct conn *conn);
/* Reads without taking: the same bytes come again. */
enum transport_result transport_peek(const struct conn *conn, uint8_t *buf, uint32_t size,
                                     uint32_t *done, const char **why);
/* Takes len bytes that were peeked at. */
void transport_skip(const struct conn *conn, uint8_t *buf, uint32_t len);

/* Who the client's certificate or key says it is, or the proxy; NULL: nobody says. Lives as long
 * as conn. */
const char *transport_user_name(const struct conn *conn);

/* Reads once and throws away. */
enum transport_result transport_discard(struct conn *conn, uint8_t *buf, uint32_t size);
/* Takes all of buf, which there is no conn->out before; what could not be sent is in conn->out
 * then. *done: bytes sent to the network. */
enum transport_result transport_write(struct conn *conn, struct transport_room *room,
                                      const uint8_t *buf, uint32_t len, uint32_t *done,
                                      const char **why);
/* The same for what stands in several pieces, none of them empty; without TLS alone. */
enum transport_result transport_write_pieces(struct conn *conn, struct iovec *pieces,
                                             uint32_t count, uint32_t *done, const char **why);
/* The same as transport_write(), after the bytes were given to the socket by somebody else: sent
 * is what send(2) would have returned, or the error number, negative. */
enum transport_result transport_sent(struct conn *conn, const uint8_t *buf, uint32_t len, int sent,
                                     uint32_t *done, const char **why);
/* Sends what is in conn->out, which is gone when all of it is sent. */
enum transport_result transport_write_kept(struct conn *conn, uint32_t *done, const char **why);
/* Nothing more is sent: the peer sees the end after the last byte. */
void transport_finish(struct conn *conn, struct transport_room *room);

#endif
