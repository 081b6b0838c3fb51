/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * One TLS connection over spans; see tls.h.
 */
#include "broker/io/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct tls *tls_open(struct tls_context *context) {
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return NULL;
    tls->context = tls_context_share(context);
    tls->ssl = SSL_new(context->ssl);
    BIO *bio = BIO_new(context->spans);
    if (tls->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        tls_free(tls);
        ERR_clear_error();
        return NULL;
    }
    BIO_set_data(bio, &tls->spans);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, &tls->learned);
    SSL_set_accept_state(tls->ssl);
    return tls;
}

void tls_free(struct tls *tls) {
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    tls_context_release(tls->context);
    free(tls->learned.psk_identity);
    free(tls->user_name);
    free(tls);
}

/* ---- Faults ---- */

static const char *fault(const struct tls *tls) {
    const unsigned long error = ERR_peek_error();
    const long verified = SSL_get_verify_result(tls->ssl);
    if (ERR_GET_LIB(error) != ERR_LIB_SSL)
        return tls_error_text();
    switch (ERR_GET_REASON(error)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        ERR_clear_error();
        return X509_verify_cert_error_string(verified);
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
        ERR_clear_error();
        return "it does not speak TLS";
    default:
        return tls_error_text();
    }
}

static enum tls_result outcome(struct tls *tls, int returned, const char **why) {
    switch (SSL_get_error(tls->ssl, returned)) {
    case SSL_ERROR_WANT_READ:
        return TLS_OK;
    case SSL_ERROR_ZERO_RETURN:
        tls->is_ended = true;
        return TLS_OK;
    default:
        *why = fault(tls);
        return TLS_FAILED;
    }
}

/* ---- Who it is ---- */

/* The common name, unless a byte 0 in it makes it look shorter than it is. NULL: none. */
static char *common_name(const X509 *certificate) {
    X509_NAME *subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *text = NULL;
    if (at < 0)
        return NULL;
    const int len =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    char *name = NULL;
    if (len > 0 && strlen((const char *)text) == (size_t)len)
        name = strdup((const char *)text);
    OPENSSL_free(text);
    return name;
}

/* "CN=a,OU=b", as RFC 2253 writes it. NULL: no memory, or empty. */
static char *whole_subject(const X509 *certificate) {
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    char *name = NULL;
    if (memory != NULL &&
        X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) > 0) {
        const long len = BIO_get_mem_data(memory, &text);
        name = len > 0 ? strndup(text, (size_t)len) : NULL;
    }
    BIO_free(memory);
    return name;
}

static void take_user_name(struct tls *tls) {
    const struct tls_context *context = tls->context;
    const X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    const char *identity = tls->learned.psk_identity;
    if (context->user_name == TLS_USER_NAME_NONE)
        return;
    if (context->has_psk)
        tls->user_name = identity == NULL ? NULL : strdup(identity);
    else if (certificate != NULL)
        tls->user_name = context->user_name == TLS_USER_NAME_IDENTITY ? common_name(certificate)
                                                                      : whole_subject(certificate);
    ERR_clear_error();
}

/* ---- Bytes ---- */

static enum tls_result shake_hands(struct tls *tls, const char **why) {
    const int returned = SSL_do_handshake(tls->ssl);
    if (returned != 1)
        return outcome(tls, returned, why);
    tls->is_established = true;
    take_user_name(tls);
    return TLS_OK;
}

/* All records that are whole. */
static enum tls_result decrypt(struct tls *tls, uint8_t *out, uint32_t size, uint32_t *out_len,
                               const char **why) {
    while (*out_len < size) {
        size_t got = 0;
        const int returned = SSL_read_ex(tls->ssl, out + *out_len, size - *out_len, &got);
        if (returned != 1)
            return outcome(tls, returned, why);
        *out_len += (uint32_t)got;
    }
    return TLS_OK;
}

enum tls_result tls_receive(struct tls *tls, const uint8_t *in, uint32_t in_len, uint8_t *out,
                            uint32_t *out_len, struct tls_output *to_send, const char **why) {
    enum tls_result result = TLS_OK;
    *out_len = 0;
    tls->spans = (struct tls_spans){.in = in, .in_len = in_len, .out = to_send};
    ERR_clear_error();
    if (!tls->is_established)
        result = shake_hands(tls, why);
    if (result == TLS_OK && tls->is_established)
        result = decrypt(tls, out, in_len + TLS_RECORD_SIZE_MAX, out_len, why);
    tls->spans = (struct tls_spans){0};
    return result;
}

bool tls_send(struct tls *tls, const uint8_t *in, uint32_t in_len, struct tls_output *to_send,
              const char **why) {
    size_t written = 0;
    tls->spans = (struct tls_spans){.out = to_send};
    ERR_clear_error();
    const bool good = SSL_write_ex(tls->ssl, in, in_len, &written) == 1 && written == in_len;
    if (!good)
        *why = tls_error_text();
    tls->spans = (struct tls_spans){0};
    return good;
}

void tls_finish(struct tls *tls, struct tls_output *to_send) {
    tls->spans = (struct tls_spans){.out = to_send};
    if (tls->is_established)
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
    tls->spans = (struct tls_spans){0};
}
