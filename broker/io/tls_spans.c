/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * An OpenSSL BIO over spans; see tls_spans.h.
 */
#include "broker/io/tls_spans.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_SIZE_MIN 4096u

bool tls_output_add(struct tls_output *out, const uint8_t *bytes, uint32_t len) {
    if (len > UINT32_MAX / 4 - out->len)
        return false;
    if (out->len + len > out->size) {
        uint32_t size = out->size < OUTPUT_SIZE_MIN ? OUTPUT_SIZE_MIN : out->size;
        while (size < out->len + len)
            size *= 2;
        uint8_t *grown = realloc(out->bytes, size);
        if (grown == NULL)
            return false;
        out->bytes = grown;
        out->size = size;
    }
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
    return true;
}

void tls_output_free(struct tls_output *out) {
    free(out->bytes);
    *out = (struct tls_output){0};
}

static int spans_read(BIO *bio, char *buf, size_t size, size_t *got) {
    struct tls_spans *spans = BIO_get_data(bio);
    const uint32_t len = size < spans->in_len ? (uint32_t)size : spans->in_len;
    BIO_clear_retry_flags(bio);
    if (len == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(buf, spans->in, len);
    spans->in += len;
    spans->in_len -= len;
    *got = len;
    return 1;
}

static int spans_write(BIO *bio, const char *bytes, size_t len, size_t *written) {
    struct tls_spans *spans = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len > UINT32_MAX || spans->out == NULL ||
        !tls_output_add(spans->out, (const uint8_t *)bytes, (uint32_t)len))
        return 0;
    *written = len;
    return 1;
}

static long spans_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *tls_spans_create(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "spans");
    if (method != NULL && BIO_meth_set_read_ex(method, spans_read) == 1 &&
        BIO_meth_set_write_ex(method, spans_write) == 1 &&
        BIO_meth_set_ctrl(method, spans_control) == 1)
        return method;
    BIO_meth_free(method);
    return NULL;
}
