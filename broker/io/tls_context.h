/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * TLS as one listener is configured for it: its certificate and key, whom it trusts, what it
 * offers. Made whole from files or not at all, then never changed: a reload makes another one, and
 * connections keep theirs. It knows no connection (tls.h does) and no descriptor.
 *
 * TLS 1.2 is the oldest version. No compression, no renegotiation, no early data; sessions are
 * resumed by tickets only, so that they cost no memory here.
 */
#ifndef BROKER_IO_TLS_CONTEXT_H
#define BROKER_IO_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/io/config.h"
#include "broker/io/log.h"
#include "broker/io/psk_file.h"

/* The log warns of a certificate that ends within so many days: at start and daily. */
#define TLS_EXPIRY_WARNING_DAYS 30
/* The same for lists of revoked certificates, which live days. */
#define TLS_CRL_WARNING_DAYS 1

enum tls_user_name {
    TLS_USER_NAME_NONE,     /* not from TLS */
    TLS_USER_NAME_IDENTITY, /* common name, or identity of the key */
    TLS_USER_NAME_SUBJECT,  /* the subject, RFC 2253 */
};

/* What a context learns of one connection; the SSL's app data. */
struct tls_learned {
    char *psk_identity; /* of the pre-shared key that was found last; NULL: none */
};

struct tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *spans;    /* tls_spans.h */
    struct psk_table psk; /* empty: certificates */
    uint8_t *ocsp;        /* DER; NULL: none */
    uint32_t ocsp_len;
    uint32_t user_count; /* listener and connections; freed with the last */
    bool has_psk;
    bool key_is_encrypted;
    uint8_t user_name; /* enum tls_user_name */
    bool no_date_checks;
};

struct tls_source {
    const struct config *config;
    const struct config_listener *listener;
    struct log *log;                    /* told of every fault, with option, file and reason */
    const struct tls_context *previous; /* at a reload; NULL at the start */
    bool may_ask;                       /* for a passphrase, at the terminal */
};

/* Reads all files. NULL: the log was told why. */
struct tls_context *tls_context_create(const struct tls_source *source);
struct tls_context *tls_context_share(struct tls_context *context);
void tls_context_release(struct tls_context *context);

/* Whether a client whose handshake was made with another context would be accepted by this one:
 * its certificate is still trusted and not revoked, its pre-shared key still the same. *why: what
 * is wrong, static. */
bool tls_context_accepts(const struct tls_context *context, const struct tls_context *made_with,
                         SSL *ssl, const char **why);

/* Warns of a certificate or CRL that ends soon or has ended. */
void tls_context_say_expiry(const struct tls_context *context, struct log *log,
                            const struct config_listener *listener);

/* What OpenSSL's first error in the queue means, static, never NULL; clears the queue. */
const char *tls_error_text(void);

#endif
