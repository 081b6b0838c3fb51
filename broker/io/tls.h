/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The server's end of one TLS connection: bytes of the network to bytes of MQTT and back. It knows
 * no descriptor: received bytes are given to it whole, and what is to be sent comes out at once,
 * so there is nothing to wait for and nothing to try again. An idle connection holds no record
 * buffer.
 */
#ifndef BROKER_IO_TLS_H
#define BROKER_IO_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/io/tls_context.h"
#include "broker/io/tls_spans.h"

/* A record's end may come alone and bring all of the record: that much more than was received. */
#define TLS_RECORD_SIZE_MAX 16384u

struct tls {
    SSL *ssl;
    struct tls_context *context;
    char *user_name; /* by the certificate or key; NULL: none. Owned */
    struct tls_learned learned;
    struct tls_spans spans;
    bool is_established;
    bool is_ended; /* the peer said that it sends no more */
};

enum tls_result {
    TLS_OK,
    TLS_FAILED, /* *why; an alert may be in the output */
};

/* Before the handshake. NULL: no memory. Shares context. */
struct tls *tls_open(struct tls_context *context);
/* NULL is allowed. */
void tls_free(struct tls *tls);

/* Takes in[in_len], received from the peer. Plain bytes go to out, which has room for in_len and
 * TLS_RECORD_SIZE_MAX more. What has to be sent for it is added to to_send. *why: static. */
enum tls_result tls_receive(struct tls *tls, const uint8_t *in, uint32_t in_len, uint8_t *out,
                            uint32_t *out_len, struct tls_output *to_send, const char **why);
/* Encrypts all of in to to_send. false: *why. */
bool tls_send(struct tls *tls, const uint8_t *in, uint32_t in_len, struct tls_output *to_send,
              const char **why);
/* The last that is sent: no more will come. */
void tls_finish(struct tls *tls, struct tls_output *to_send);

#endif
