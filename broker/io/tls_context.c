/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Making a TLS context from a listener's configuration; see tls_context.h.
 */
#include "broker/io/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/io/tls_spans.h"

/* Forward secrecy and authenticated encryption, nothing else; TLS 1.3 has nothing else. */
#define CIPHERS_DEFAULT "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!PSK"
#define PSK_CIPHERS_DEFAULT                                                                       \
    "ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-AES256-GCM-SHA384:DHE-PSK-CHACHA20-POLY1305:"            \
    "DHE-PSK-AES128-GCM-SHA256:ECDHE-PSK-AES256-CBC-SHA384:ECDHE-PSK-AES128-CBC-SHA256:"          \
    "PSK-AES256-GCM-SHA384:PSK-CHACHA20-POLY1305:PSK-AES128-GCM-SHA256"
#define TICKETS_PER_HANDSHAKE 1
#define SESSION_LIFE_S 7200
#define TICKET_KEYS_SIZE 80
/* What psk_file and ocsp_file may have. */
#define FILE_SIZE_MAX (16u * 1024u * 1024u)
#define DAY_S (24 * 3600)

/* A context that is being made. */
struct making {
    const struct tls_source *source;
    const struct config_tls *tls;
    struct tls_context *context;
    const char *psk_file;
};

/* ---- Faults ---- */

static const char *error_text(unsigned long error) {
    if (error == 0)
        return "an unknown error";
    if (ERR_SYSTEM_ERROR(error))
        return strerror(ERR_GET_REASON(error));
    if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE)
        return "there is nothing of the kind in it (PEM)";
    const char *text = ERR_reason_error_string(error);
    return text == NULL ? "an unknown error" : text;
}

const char *tls_error_text(void) {
    const char *text = error_text(ERR_peek_error());
    ERR_clear_error();
    return text;
}

/* What is wrong, at which listener, with which option. Always false. */
static bool fail(const struct making *making, const char *option, const char *value,
                 const char *why) {
    const struct config_listener *listener = making->source->listener;
    log_say(making->source->log, LOG_TYPE_ERROR, "%s:%u: %s %s: %s",
            listener->file == NULL ? "listener" : listener->file, (unsigned)listener->line, option,
            value, why);
    ERR_clear_error();
    return false;
}

static bool fail_ssl(const struct making *making, const char *option, const char *value) {
    return fail(making, option, value, tls_error_text());
}

/* OpenSSL's own words for a file that can't be opened are hard to read. */
static bool is_readable(const struct making *making, const char *option, const char *path) {
    struct stat status;
    if (stat(path, &status) != 0 || access(path, R_OK) != 0)
        return fail(making, option, path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return fail(making, option, path, "is a directory");
    return true;
}

/* A whole file with a byte 0 behind it; NULL: told why. */
static char *read_file(const struct making *making, const char *option, const char *path,
                       size_t *len) {
    struct stat status;
    FILE *stream = fopen(path, "re");
    char *text = NULL;
    const char *why = NULL;
    if (stream == NULL || fstat(fileno(stream), &status) != 0)
        why = strerror(errno);
    else if (!S_ISREG(status.st_mode) || status.st_size > FILE_SIZE_MAX)
        why = "is no file, or too large";
    else if ((text = malloc((size_t)status.st_size + 1)) == NULL)
        why = "no memory";
    if (why == NULL) {
        *len = fread(text, 1, (size_t)status.st_size, stream);
        text[*len] = '\0';
    }
    if (stream != NULL)
        fclose(stream);
    if (why != NULL)
        (void)fail(making, option, path, why);
    return text;
}

/* ---- The listener's own certificate ---- */

struct passphrase {
    const struct making *making;
    bool was_asked;
};

/* Called for an encrypted key only. */
static int ask_passphrase(char *out, int size, int for_writing, void *context) {
    struct passphrase *passphrase = context;
    passphrase->was_asked = true;
    if (!passphrase->making->source->may_ask || isatty(STDIN_FILENO) == 0)
        return -1;
    return PEM_def_callback(out, size, for_writing, NULL);
}

static bool use_key(struct making *making, EVP_PKEY *key) {
    SSL_CTX *ssl = making->context->ssl;
    if (SSL_CTX_use_PrivateKey(ssl, key) != 1 || SSL_CTX_check_private_key(ssl) != 1)
        return fail_ssl(making, "keyfile", making->tls->keyfile);
    return true;
}

/* Nobody can be asked for its passphrase now: if the certificate was made anew for the same key,
 * that key will do. */
static bool use_previous_key(struct making *making) {
    const struct tls_context *previous = making->source->previous;
    SSL_CTX *ssl = making->context->ssl;
    EVP_PKEY *key = previous == NULL ? NULL : SSL_CTX_get0_privatekey(previous->ssl);
    making->context->key_is_encrypted = true;
    ERR_clear_error();
    if (key == NULL)
        return fail(making, "keyfile", making->tls->keyfile,
                    "is encrypted, and there is no terminal to ask for its passphrase at: start "
                    "the broker at one, or decrypt the key with openssl pkey");
    if (X509_check_private_key(SSL_CTX_get0_certificate(ssl), key) != 1)
        return fail(making, "keyfile", making->tls->keyfile,
                    "is encrypted, so that it can't be read again without a restart, and the "
                    "certificate does not belong to the key in use");
    return use_key(making, key);
}

static bool load_key(struct making *making) {
    const char *path = making->tls->keyfile;
    struct passphrase passphrase = {.making = making};
    if (!is_readable(making, "keyfile", path))
        return false;
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return fail(making, "keyfile", path, strerror(errno));
    EVP_PKEY *key = PEM_read_PrivateKey(stream, NULL, ask_passphrase, &passphrase);
    fclose(stream);
    making->context->key_is_encrypted = passphrase.was_asked;
    if (key == NULL && passphrase.was_asked &&
        (!making->source->may_ask || isatty(STDIN_FILENO) == 0))
        return use_previous_key(making);
    if (key == NULL && passphrase.was_asked)
        return fail(making, "keyfile", path, "the passphrase is wrong");
    if (key == NULL)
        return fail_ssl(making, "keyfile", path);
    const bool good = use_key(making, key);
    EVP_PKEY_free(key);
    return good;
}

static bool load_certificate(struct making *making) {
    const struct config_tls *tls = making->tls;
    if (tls->certfile == NULL)
        return fail(making, "keyfile", tls->keyfile, "there is no certfile to go with it");
    if (tls->keyfile == NULL)
        return fail(making, "certfile", tls->certfile, "there is no keyfile to go with it");
    if (!is_readable(making, "certfile", tls->certfile))
        return false;
    if (SSL_CTX_use_certificate_chain_file(making->context->ssl, tls->certfile) != 1)
        return fail_ssl(making, "certfile", tls->certfile);
    return load_key(making);
}

/* ---- Whom it trusts ---- */

static bool load_authorities(struct making *making) {
    const struct config_tls *tls = making->tls;
    SSL_CTX *ssl = making->context->ssl;
    if (tls->cafile != NULL) {
        if (!is_readable(making, "cafile", tls->cafile))
            return false;
        if (SSL_CTX_load_verify_file(ssl, tls->cafile) != 1)
            return fail_ssl(making, "cafile", tls->cafile);
        SSL_CTX_set_client_CA_list(ssl, SSL_load_client_CA_file(tls->cafile));
    }
    if (tls->capath == NULL)
        return true;
    struct stat status;
    if (stat(tls->capath, &status) != 0 || access(tls->capath, R_OK | X_OK) != 0)
        return fail(making, "capath", tls->capath, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return fail(making, "capath", tls->capath, "is not a directory");
    if (SSL_CTX_load_verify_dir(ssl, tls->capath) != 1)
        return fail_ssl(making, "capath", tls->capath);
    return true;
}

static bool load_revoked(struct making *making) {
    const char *path = making->tls->crlfile;
    if (path == NULL)
        return true;
    if (!is_readable(making, "crlfile", path))
        return false;
    X509_STORE *store = SSL_CTX_get_cert_store(making->context->ssl);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == NULL || X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) < 1)
        return fail_ssl(making, "crlfile", path);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return true;
}

static bool set_verification(struct making *making) {
    const struct config_tls *tls = making->tls;
    struct tls_context *context = making->context;
    if (tls->use_identity_as_username)
        context->user_name = TLS_USER_NAME_IDENTITY;
    else if (tls->use_subject_as_username)
        context->user_name = TLS_USER_NAME_SUBJECT;
    const bool asks = tls->require_certificate || context->user_name != TLS_USER_NAME_NONE;
    if (asks && tls->cafile == NULL && tls->capath == NULL)
        return fail(making, tls->require_certificate ? "require_certificate" : "use_*_as_username",
                    "true", "there is no cafile or capath to check client certificates with");
    if (!load_authorities(making) || !load_revoked(making))
        return false;
    context->no_date_checks = tls->disable_client_cert_date_checks;
    if (context->no_date_checks)
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context->ssl), X509_V_FLAG_NO_CHECK_TIME);
    const int must = tls->require_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context->ssl, asks ? SSL_VERIFY_PEER | must : SSL_VERIFY_NONE, NULL);
    return true;
}

/* ---- Pre-shared keys ---- */

static void report_psk(void *context, uint32_t line, const char *why) {
    const struct making *making = context;
    log_say(making->source->log, LOG_TYPE_ERROR, "%s:%u: %s", making->psk_file, (unsigned)line,
            why);
}

/* Up to TLS 1.2 a random key hides that there is no such identity. In 1.3 the identity may be a
 * ticket, which is looked at next. */
static unsigned give_psk(SSL *ssl, const char *identity, unsigned char *out, unsigned out_size) {
    const struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct psk_entry *entry = psk_table_find(&context->psk, identity);
    if (entry == NULL && SSL_version(ssl) >= TLS1_3_VERSION)
        return 0;
    if (entry == NULL)
        return out_size >= PSK_KEY_LEN_MAX && RAND_bytes(out, PSK_KEY_LEN_MAX) == 1
                   ? PSK_KEY_LEN_MAX
                   : 0;
    struct tls_learned *learned = SSL_get_app_data(ssl);
    free(learned->psk_identity);
    learned->psk_identity = strdup(identity);
    if (entry->key_len > out_size || learned->psk_identity == NULL)
        return 0;
    memcpy(out, entry->key, entry->key_len);
    return entry->key_len;
}

static bool load_psk(struct making *making) {
    const struct config_tls *tls = making->tls;
    if (making->psk_file == NULL)
        return fail(making, "psk_hint", tls->psk_hint, "there is no psk_file with the keys");
    size_t len = 0;
    char *text = read_file(making, "psk_file", making->psk_file, &len);
    if (text == NULL)
        return false;
    const struct psk_reporter reporter = {.ctx = making, .report = report_psk};
    const bool good = psk_table_parse(&making->context->psk, text, len, &reporter);
    explicit_bzero(text, len);
    free(text);
    if (!good)
        return fail(making, "psk_file", making->psk_file, "is not used");
    if (tls->use_identity_as_username)
        making->context->user_name = TLS_USER_NAME_IDENTITY;
    making->context->has_psk = true;
    /* A ticket would not say whose key it was. */
    SSL_CTX_set_options(making->context->ssl, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(making->context->ssl, 0);
    SSL_CTX_use_psk_identity_hint(making->context->ssl, tls->psk_hint);
    SSL_CTX_set_psk_server_callback(making->context->ssl, give_psk);
    return true;
}

/* ---- What it offers ---- */

static bool set_ciphers(struct making *making) {
    const struct config_tls *tls = making->tls;
    SSL_CTX *ssl = making->context->ssl;
    const char *list = tls->psk_hint != NULL ? PSK_CIPHERS_DEFAULT : CIPHERS_DEFAULT;
    if (SSL_CTX_set_cipher_list(ssl, tls->ciphers != NULL ? tls->ciphers : list) != 1)
        return fail_ssl(making, "ciphers", tls->ciphers != NULL ? tls->ciphers : list);
    if (tls->ciphers_tls13 != NULL && SSL_CTX_set_ciphersuites(ssl, tls->ciphers_tls13) != 1)
        return fail_ssl(making, "ciphers_tls1.3", tls->ciphers_tls13);
    return true;
}

static bool set_key_exchange(struct making *making) {
    SSL_CTX *ssl = making->context->ssl;
    const char *path = making->tls->dhparamfile;
    if (path == NULL)
        return SSL_CTX_set_dh_auto(ssl, 1) == 1 || fail_ssl(making, "dhparamfile", "automatic");
    if (!is_readable(making, "dhparamfile", path))
        return false;
    BIO *file = BIO_new_file(path, "r");
    EVP_PKEY *parameters = file == NULL ? NULL : PEM_read_bio_Parameters(file, NULL);
    BIO_free(file);
    if (parameters != NULL && SSL_CTX_set0_tmp_dh_pkey(ssl, parameters) == 1)
        return true;
    EVP_PKEY_free(parameters);
    return fail_ssl(making, "dhparamfile", path);
}

static bool check_ocsp(const struct making *making, const uint8_t *der, size_t len) {
    OCSP_RESPONSE *answer = d2i_OCSP_RESPONSE(NULL, &der, (long)len);
    const bool good =
        answer != NULL && OCSP_response_status(answer) == OCSP_RESPONSE_STATUS_SUCCESSFUL;
    OCSP_RESPONSE_free(answer);
    return good ||
           fail(making, "ocsp_file", making->tls->ocsp_file, "is no successful OCSP answer (DER)");
}

static int staple(SSL *ssl, void *context) {
    const struct tls_context *tls = context;
    uint8_t *copy = OPENSSL_memdup(tls->ocsp, tls->ocsp_len);
    if (copy == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)tls->ocsp_len);
    return SSL_TLSEXT_ERR_OK;
}

static bool load_ocsp(struct making *making) {
    struct tls_context *context = making->context;
    const char *path = making->tls->ocsp_file;
    size_t len = 0;
    if (path == NULL)
        return true;
    context->ocsp = (uint8_t *)read_file(making, "ocsp_file", path, &len);
    context->ocsp_len = (uint32_t)len;
    if (context->ocsp == NULL || !check_ocsp(making, context->ocsp, len))
        return false;
    SSL_CTX_set_tlsext_status_cb(context->ssl, staple);
    SSL_CTX_set_tlsext_status_arg(context->ssl, context);
    return true;
}

/* A client that speaks another protocol only, to which a browser was tricked for one, is refused
 * (RFC 7301, 3.2). Most MQTT clients name none. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *context) {
    static const unsigned char names[] = "\x04mqtt";
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)context;
    if (SSL_select_next_proto(&chosen, out_len, names, sizeof names - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Who resumes a session is not asked for a certificate again. So the keys of the tickets live on
 * over a reload only where nobody is, and a client that was revoked can't come back by a ticket.
 */
static void keep_ticket_keys(const struct making *making) {
    const struct tls_context *previous = making->source->previous;
    uint8_t keys[TICKET_KEYS_SIZE];
    const bool asks = making->context->has_psk ||
                      SSL_CTX_get_verify_mode(making->context->ssl) != SSL_VERIFY_NONE;
    if (previous == NULL || asks)
        return;
    if (SSL_CTX_get_tlsext_ticket_keys(previous->ssl, keys, sizeof keys) == 1)
        (void)SSL_CTX_set_tlsext_ticket_keys(making->context->ssl, keys, sizeof keys);
    OPENSSL_cleanse(keys, sizeof keys);
}

static void set_behaviour(const struct making *making) {
    SSL_CTX *ssl = making->context->ssl;
    const uint16_t version = making->tls->version_minimum;
    SSL_CTX_set_min_proto_version(ssl, version == 0 ? TLS1_2_VERSION : version);
    SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ssl, TICKETS_PER_HANDSHAKE);
    SSL_CTX_set_timeout(ssl, SESSION_LIFE_S);
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
    /* A session is resumed at the listener only where it began. */
    const uint16_t port = making->source->listener->port;
    SSL_CTX_set_session_id_context(ssl, (const uint8_t *)&port, sizeof port);
}

/* ---- Life ---- */

static bool make(struct making *making) {
    struct tls_context *context = making->context;
    const struct config_tls *tls = making->tls;
    context->user_count = 1;
    context->spans = tls_spans_create();
    context->ssl = SSL_CTX_new(TLS_server_method());
    if (context->ssl == NULL || context->spans == NULL)
        return fail_ssl(making, "certfile", "TLS");
    SSL_CTX_set_app_data(context->ssl, context);
    set_behaviour(making);
    if (tls->psk_hint != NULL && (tls->certfile != NULL || tls->keyfile != NULL))
        return fail(making, "psk_hint", tls->psk_hint,
                    "a listener has either pre-shared keys or a certificate");
    const bool identified = tls->psk_hint != NULL
                                ? load_psk(making)
                                : load_certificate(making) && set_verification(making);
    if (!identified || !set_ciphers(making) || !set_key_exchange(making) || !load_ocsp(making))
        return false;
    keep_ticket_keys(making);
    return true;
}

struct tls_context *tls_context_create(const struct tls_source *source) {
    struct making making = {.source = source,
                            .tls = &source->listener->tls,
                            .psk_file = config_psk_file(source->config, source->listener)};
    making.context = calloc(1, sizeof *making.context);
    if (making.context == NULL) {
        (void)fail(&making, "certfile", "TLS", "no memory");
        return NULL;
    }
    ERR_clear_error();
    if (make(&making))
        return making.context;
    tls_context_release(making.context);
    return NULL;
}

struct tls_context *tls_context_share(struct tls_context *context) {
    context->user_count++;
    return context;
}

void tls_context_release(struct tls_context *context) {
    if (context == NULL || --context->user_count > 0)
        return;
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->spans);
    psk_table_free(&context->psk);
    free(context->ocsp);
    free(context);
}

/* ---- Clients that are connected already ---- */

static bool accepts_key(const struct tls_context *context, const struct tls_context *made_with,
                        const char *identity, const char **why) {
    const struct psk_entry *now = psk_table_find(&context->psk, identity);
    const struct psk_entry *then = psk_table_find(&made_with->psk, identity);
    *why = "its pre-shared key was removed or changed";
    return now != NULL && then != NULL && now->key_len == then->key_len &&
           CRYPTO_memcmp(now->key, then->key, now->key_len) == 0;
}

static bool accepts_certificate(const struct tls_context *context, SSL *ssl, const char **why) {
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    *why = "no memory";
    if (check == NULL ||
        X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(context->ssl),
                            SSL_get0_peer_certificate(ssl), SSL_get_peer_cert_chain(ssl)) != 1 ||
        X509_STORE_CTX_set_default(check, "ssl_client") != 1) {
        X509_STORE_CTX_free(check);
        ERR_clear_error();
        return false;
    }
    if (context->no_date_checks)
        X509_STORE_CTX_set_flags(check, X509_V_FLAG_NO_CHECK_TIME);
    const bool good = X509_verify_cert(check) == 1;
    *why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check));
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return good;
}

bool tls_context_accepts(const struct tls_context *context, const struct tls_context *made_with,
                         SSL *ssl, const char **why) {
    if (context->has_psk || made_with->has_psk) {
        const struct tls_learned *learned = SSL_get_app_data(ssl);
        const char *identity = learned->psk_identity;
        *why = "pre-shared keys and certificates changed places";
        return context->has_psk && made_with->has_psk && identity != NULL &&
               accepts_key(context, made_with, identity, why);
    }
    const int mode = SSL_CTX_get_verify_mode(context->ssl);
    if (SSL_get0_peer_certificate(ssl) != NULL)
        return mode == SSL_VERIFY_NONE || accepts_certificate(context, ssl, why);
    *why = "a certificate is required now";
    return (mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) == 0;
}

/* ---- Expiry ---- */

/* Says what ends when, if it has or does in fewer days. */
static void say_end(const char *what, const char *path, const ASN1_TIME *end, int soon_days,
                    struct log *log) {
    int days = 0;
    int seconds = 0;
    if (path == NULL || end == NULL || ASN1_TIME_diff(&days, &seconds, NULL, end) != 1)
        return;
    if (days < 0 || seconds < 0)
        log_say(log, LOG_TYPE_WARNING, "%s %s has ended, %d days ago", what, path, -days);
    else if (days < soon_days)
        log_say(log, LOG_TYPE_WARNING, "%s %s ends in %d days", what, path, days);
}

static void say_crl_ends(const struct tls_context *context, const char *path, struct log *log) {
    X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        const X509_CRL *crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
        if (crl != NULL && X509_CRL_get0_nextUpdate(crl) != NULL)
            say_end("the list of revoked certificates in", path, X509_CRL_get0_nextUpdate(crl),
                    TLS_CRL_WARNING_DAYS, log);
    }
}

void tls_context_say_expiry(const struct tls_context *context, struct log *log,
                            const struct config_listener *listener) {
    const X509 *certificate = SSL_CTX_get0_certificate(context->ssl);
    if (certificate != NULL)
        say_end("the certificate in", listener->tls.certfile, X509_get0_notAfter(certificate),
                TLS_EXPIRY_WARNING_DAYS, log);
    if (listener->tls.crlfile != NULL)
        say_crl_ends(context, listener->tls.crlfile, log);
}
