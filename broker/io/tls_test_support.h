// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// For tests of TLS: an authority that issues and revokes certificates, made anew for each test,
// and a client over a non-blocking socket. It knows nothing of the code under test.

#ifndef BROKER_IO_TLS_TEST_SUPPORT_H
#define BROKER_IO_TLS_TEST_SUPPORT_H

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>

#include <functional>
#include <string>

#include "broker/io/test_support.h"

namespace io_test {

inline constexpr long DAY_S = 24 * 3600;

// An authority below one folder. Certificates NAME.crt and keys NAME.key lie there too.
class authority {
  public:
    explicit authority(const std::string &path, const std::string &name = "ca")
        : path_(path), name_(name), key_(EVP_EC_gen("P-256")) {
        certificate_ = make(key_, "/O=Test/CN=" + name, nullptr, key_, -DAY_S, 30 * DAY_S, true);
        save(name, certificate_, key_);
    }
    authority(const authority &) = delete;
    authority &operator=(const authority &) = delete;
    ~authority() {
        X509_free(certificate_);
        EVP_PKEY_free(key_);
        for (X509 *issued : revoked_)
            X509_free(issued);
    }
    std::string file(const std::string &name) const { return path_ + "/" + name; }

    // subject as openssl req -subj takes it; password: the key is encrypted with it.
    void issue(const std::string &name, const std::string &subject, long from_s = -DAY_S,
               long to_s = 90 * DAY_S, const char *password = nullptr) const {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *issued = make(key, subject, certificate_, key_, from_s, to_s, false);
        save(name, issued, key, password);
        X509_free(issued);
        EVP_PKEY_free(key);
    }
    // Another certificate for the key that NAME has.
    void renew(const std::string &name, const std::string &subject) const {
        EVP_PKEY *key = read_key(file(name + ".key"));
        X509 *issued = make(key, subject, certificate_, key_, -DAY_S, 90 * DAY_S, false);
        save(name, issued, nullptr);
        X509_free(issued);
        EVP_PKEY_free(key);
    }
    void revoke(const std::string &name) {
        revoked_.push_back(read_certificate(file(name + ".crt")));
    }
    // The list of all that are revoked so far.
    void write_crl(const std::string &name, long to_s = 10 * DAY_S) const {
        X509_CRL *crl = X509_CRL_new();
        X509_CRL_set_version(crl, X509_CRL_VERSION_2);
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(certificate_));
        ASN1_TIME *time = X509_gmtime_adj(nullptr, -DAY_S);
        X509_CRL_set1_lastUpdate(crl, time);
        X509_gmtime_adj(time, to_s);
        X509_CRL_set1_nextUpdate(crl, time);
        for (X509 *issued : revoked_) {
            X509_REVOKED *entry = X509_REVOKED_new();
            X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(issued));
            X509_gmtime_adj(time, -60);
            X509_REVOKED_set_revocationDate(entry, time);
            X509_CRL_add0_revoked(crl, entry);
        }
        ASN1_TIME_free(time);
        X509_CRL_sign(crl, key_, EVP_sha256());
        FILE *out = fopen(file(name).c_str(), "w");
        PEM_write_X509_CRL(out, crl);
        fclose(out);
        X509_CRL_free(crl);
    }
    // An OCSP answer on NAME: it is good.
    void write_ocsp(const std::string &out_name, const std::string &name) const {
        X509 *about = read_certificate(file(name + ".crt"));
        OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
        ASN1_TIME *now = X509_gmtime_adj(nullptr, 0);
        ASN1_TIME *next = X509_gmtime_adj(nullptr, DAY_S);
        OCSP_CERTID *id = OCSP_cert_to_id(nullptr, about, certificate_);
        OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr, now, next);
        OCSP_basic_sign(basic, certificate_, key_, EVP_sha256(), nullptr, 0);
        OCSP_RESPONSE *answer = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
        uint8_t *der = nullptr;
        const int len = i2d_OCSP_RESPONSE(answer, &der);
        std::ofstream(file(out_name), std::ios::binary)
            .write(reinterpret_cast<const char *>(der), len);
        OPENSSL_free(der);
        OCSP_RESPONSE_free(answer);
        OCSP_CERTID_free(id);
        OCSP_BASICRESP_free(basic);
        ASN1_TIME_free(now);
        ASN1_TIME_free(next);
        X509_free(about);
    }

  private:
    static X509 *read_certificate(const std::string &path) {
        FILE *in = fopen(path.c_str(), "r");
        if (in == nullptr)
            give_up(path.c_str());
        X509 *read = PEM_read_X509(in, nullptr, nullptr, nullptr);
        fclose(in);
        return read;
    }
    static EVP_PKEY *read_key(const std::string &path) {
        FILE *in = fopen(path.c_str(), "r");
        if (in == nullptr)
            give_up(path.c_str());
        char password[] = "secret";
        EVP_PKEY *read = PEM_read_PrivateKey(in, nullptr, nullptr, password);
        fclose(in);
        return read;
    }
    static void set_subject(X509_NAME *out, const std::string &subject) {
        size_t at = 0;
        while (at < subject.size()) {
            const size_t end = std::min(subject.find('/', at + 1), subject.size());
            const size_t equal = subject.find('=', at);
            const std::string value = subject.substr(equal + 1, end - equal - 1);
            X509_NAME_add_entry_by_txt(out, subject.substr(at + 1, equal - at - 1).c_str(),
                                       MBSTRING_UTF8,
                                       reinterpret_cast<const uint8_t *>(value.data()),
                                       static_cast<int>(value.size()), -1, 0);
            at = end;
        }
    }
    static void extend(X509 *out, X509 *issuer, int nid, const char *value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer, out, nullptr, nullptr, 0);
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
        X509_add_ext(out, extension, -1);
        X509_EXTENSION_free(extension);
    }
    static X509 *make(EVP_PKEY *key, const std::string &subject, X509 *issuer, EVP_PKEY *by,
                      long from_s, long to_s, bool is_authority) {
        X509 *made = X509_new();
        static long serial = 1000;
        X509_set_version(made, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
        X509_gmtime_adj(X509_getm_notBefore(made), from_s);
        X509_gmtime_adj(X509_getm_notAfter(made), to_s);
        X509_set_pubkey(made, key);
        X509_NAME *name = X509_NAME_new();
        set_subject(name, subject);
        X509_set_subject_name(made, name);
        X509_NAME_free(name);
        X509_set_issuer_name(made, X509_get_subject_name(issuer == nullptr ? made : issuer));
        extend(made, issuer == nullptr ? made : issuer, NID_basic_constraints,
               is_authority ? "critical,CA:TRUE" : "CA:FALSE");
        if (!is_authority)
            extend(made, issuer, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
        X509_sign(made, by, EVP_sha256());
        return made;
    }
    void save(const std::string &name, X509 *certificate, EVP_PKEY *key,
              const char *password = nullptr) const {
        FILE *out = fopen(file(name + ".crt").c_str(), "w");
        PEM_write_X509(out, certificate);
        fclose(out);
        if (key == nullptr)
            return;
        out = fopen(file(name + ".key").c_str(), "w");
        fchmod(fileno(out), 0600);
        PEM_write_PrivateKey(out, key, password == nullptr ? nullptr : EVP_aes_128_cbc(),
                             reinterpret_cast<const uint8_t *>(password),
                             password == nullptr ? 0 : static_cast<int>(strlen(password)), nullptr,
                             nullptr);
        fclose(out);
    }
    std::string path_;
    std::string name_;
    EVP_PKEY *key_;
    X509 *certificate_ = nullptr;
    std::vector<X509 *> revoked_;
};

// A client of TLS. Whoever owns it drives the other end between its steps.
class tls_client {
  public:
    explicit tls_client(client &&plain) : socket(std::move(plain)) {
        signal(SIGPIPE, SIG_IGN); // OpenSSL's own writes
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_app_data(context, this);
    }
    tls_client(const tls_client &) = delete;
    tls_client &operator=(const tls_client &) = delete;
    ~tls_client() {
        SSL_free(ssl);
        SSL_CTX_free(context);
        SSL_SESSION_free(session);
        ERR_clear_error();
    }
    void trust(const std::string &path) {
        SSL_CTX_load_verify_file(context, path.c_str());
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    }
    void identify(const std::string &certificate, const std::string &key) {
        SSL_CTX_use_certificate_file(context, certificate.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM);
    }
    void identify_psk(const std::string &identity, const bytes &key) {
        psk_identity = identity;
        psk_key = key;
        SSL_CTX_set_cipher_list(context, "PSK");
        SSL_CTX_set_psk_client_callback(
            context,
            [](SSL *by, const char *, char *identity_out, unsigned identity_size,
               unsigned char *key_out, unsigned) -> unsigned {
                auto *self = static_cast<tls_client *>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(by)));
                snprintf(identity_out, identity_size, "%s", self->psk_identity.c_str());
                memcpy(key_out, self->psk_key.data(), self->psk_key.size());
                return static_cast<unsigned>(self->psk_key.size());
            });
    }
    void only(int version) {
        SSL_CTX_set_min_proto_version(context, version);
        SSL_CTX_set_max_proto_version(context, version);
    }
    SSL *begin() {
        if (ssl == nullptr) {
            ssl = SSL_new(context);
            SSL_set_fd(ssl, socket.fd());
            if (session != nullptr)
                SSL_set_session(ssl, session);
        }
        return ssl;
    }
    // One step; whether the handshake is over, well or not.
    bool step() {
        const int returned = SSL_connect(begin());
        is_connected = returned == 1;
        has_failed = !is_connected && SSL_get_error(ssl, returned) != SSL_ERROR_WANT_READ;
        return is_connected || has_failed;
    }
    void send(const bytes &what) {
        size_t written = 0;
        if (SSL_write_ex(ssl, what.data(), what.size(), &written) != 1)
            has_failed = true;
    }
    // What has come. Sets has_ended at the end.
    bytes receive() {
        bytes all;
        uint8_t chunk[16384];
        size_t got = 0;
        ERR_clear_error();
        for (;;) {
            const int returned = SSL_read_ex(ssl, chunk, sizeof chunk, &got);
            if (returned != 1) {
                has_ended = has_ended || SSL_get_error(ssl, returned) != SSL_ERROR_WANT_READ;
                return all;
            }
            all.insert(all.end(), chunk, chunk + got);
        }
    }

    client socket;
    SSL_CTX *context;
    SSL *ssl = nullptr;
    SSL_SESSION *session = nullptr; // to be resumed
    std::string psk_identity;
    bytes psk_key;
    bool is_connected = false;
    bool has_failed = false;
    bool has_ended = false;
};

} // namespace io_test

#endif
