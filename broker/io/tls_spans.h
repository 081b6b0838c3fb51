/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Where OpenSSL reads from and writes to: a span of bytes that were received, and a buffer of
 * bytes to be sent. So one read of the socket and one write do for all records in them, and who
 * owns the socket decides when. It knows no descriptor.
 */
#ifndef BROKER_IO_TLS_SPANS_H
#define BROKER_IO_TLS_SPANS_H

#include <openssl/bio.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes to be sent; grows, and stays as large as it was once needed. */
struct tls_output {
    uint8_t *bytes;
    uint32_t len;
    uint32_t size;
};

struct tls_spans {
    const uint8_t *in;
    uint32_t in_len;
    struct tls_output *out; /* NULL: nothing may be written now */
};

/* NULL: no memory. Freed by BIO_meth_free(). */
BIO_METHOD *tls_spans_create(void);
/* Appends; false: no memory. */
bool tls_output_add(struct tls_output *out, const uint8_t *bytes, uint32_t len);
void tls_output_free(struct tls_output *out);

#endif
