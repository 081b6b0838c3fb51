// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See tls_layer.h. OpenSSL works on two memory buffers and never sees the socket.

#include "conformance/tls_layer.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <climits>

namespace conformance {

class tls_settings {
  public:
    explicit tls_settings(bool verify)
        : verify_(verify), context_(SSL_CTX_new(TLS_client_method())) {}
    tls_settings(const tls_settings &) = delete;
    tls_settings &operator=(const tls_settings &) = delete;
    ~tls_settings() { SSL_CTX_free(context_); }

    SSL_CTX *context() const { return context_; }
    bool verify() const { return verify_; }

  private:
    bool verify_;
    SSL_CTX *context_;
};

namespace {

// The oldest error of OpenSSL's own that it has kept, in words; forgets all. Those of the system
// only say that files were looked for.
std::string openssl_error() {
    std::string words = "unknown error";
    unsigned long code = 0;
    while (words == "unknown error" && (code = ERR_get_error()) != 0) {
        const char *reason = ERR_SYSTEM_ERROR(code) ? nullptr : ERR_reason_error_string(code);
        words = reason == nullptr ? words : reason;
    }
    ERR_clear_error();
    return words;
}

bool is_ip_address(const std::string &host) {
    std::array<unsigned char, sizeof(struct in6_addr)> bytes{};
    return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

class tls_layer : public layer {
  public:
    tls_layer(std::shared_ptr<const tls_settings> settings, const std::string &host)
        : settings_(std::move(settings)), ssl_(SSL_new(settings_->context())),
          in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
        SSL_set_bio(ssl_, in_, out_);
        SSL_set_connect_state(ssl_);
        if (is_ip_address(host)) {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str());
        } else {
            SSL_set_tlsext_host_name(ssl_, host.c_str());
            SSL_set1_host(ssl_, host.c_str());
        }
    }
    ~tls_layer() override { SSL_free(ssl_); }

    void start(std::string *down) override {
        advance();
        take_out(down);
    }
    bool ready() const override { return ready_; }
    bool ended() const override { return ended_; }

    void receive(std::string_view bytes, std::string *up, std::string *down) override {
        for (size_t at = 0; at < bytes.size();) {
            const size_t count = std::min<size_t>(bytes.size() - at, INT_MAX);
            BIO_write(in_, bytes.data() + at, static_cast<int>(count));
            at += count;
        }
        if (ready_ || (failure_.empty() && advance())) {
            read_all(up);
        }
        take_out(down);
    }

    void send(std::string_view bytes, bool, std::string *down) override {
        ERR_clear_error();
        size_t written = 0;
        while (!ended_ && !bytes.empty() &&
               SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written) == 1) {
            bytes.remove_prefix(written);
        }
        take_out(down);
    }

    void end(std::string *down) override {
        if (ready_) {
            SSL_shutdown(ssl_);
            take_out(down);
        }
    }

  private:
    // One step of the handshake. True when it is done.
    bool advance() {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_);
        ready_ = result == 1;
        if (!ready_ && SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) {
            failure_ = "TLS: " + openssl_error();
            const long verified = SSL_get_verify_result(ssl_);
            if (settings_->verify() && verified != X509_V_OK) {
                failure_ += std::string(": ") + X509_verify_cert_error_string(verified);
            }
            ended_ = true;
        }
        return ready_;
    }

    void read_all(std::string *up) {
        std::array<char, 16384> bytes{};
        size_t count = 0;
        ERR_clear_error();
        while (SSL_read_ex(ssl_, bytes.data(), bytes.size(), &count) == 1) {
            up->append(bytes.data(), count);
        }
        ended_ = ended_ || SSL_get_error(ssl_, 0) != SSL_ERROR_WANT_READ;
    }

    void take_out(std::string *down) {
        std::array<char, 16384> bytes{};
        int count = 0;
        while ((count = BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()))) > 0) {
            down->append(bytes.data(), static_cast<size_t>(count));
        }
    }

    std::shared_ptr<const tls_settings> settings_;
    SSL *ssl_;
    BIO *in_; // these two belong to ssl_
    BIO *out_;
    bool ready_ = false;
    bool ended_ = false;
};

bool use_certificates(SSL_CTX *context, const tls_options &options, std::string *error) {
    const std::string &key = options.key.empty() ? options.cert : options.key;
    const bool trusted = options.cafile.empty()
                             ? SSL_CTX_set_default_verify_paths(context) == 1
                             : SSL_CTX_load_verify_file(context, options.cafile.c_str()) == 1;
    if (!trusted) {
        *error = options.cafile + ": " + openssl_error();
    } else if (!options.cert.empty() &&
               SSL_CTX_use_certificate_chain_file(context, options.cert.c_str()) != 1) {
        *error = options.cert + ": " + openssl_error();
    } else if (!key.empty() &&
               (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
                SSL_CTX_check_private_key(context) != 1)) {
        *error = key + ": " + openssl_error();
    }
    return error->empty();
}

} // namespace

std::shared_ptr<const tls_settings> tls_settings_make(const tls_options &options,
                                                      std::string *error) {
    error->clear();
    auto settings = std::make_shared<tls_settings>(!options.insecure);
    SSL_CTX *context = settings->context();
    ERR_clear_error();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_verify(context, options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    return use_certificates(context, options, error) ? settings : nullptr;
}

std::unique_ptr<layer> tls_layer_make(std::shared_ptr<const tls_settings> settings,
                                      const std::string &host) {
    return std::make_unique<tls_layer>(std::move(settings), host);
}

} // namespace conformance
