// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// For tests: certificates made by the openssl command, a TLS server on memory buffers, and a
// server on a socket that speaks TLS, WebSocket, both or neither, and just enough MQTT to answer
// CONNECT, PINGREQ and DISCONNECT.

#ifndef CONFORMANCE_TLS_TEST_SERVER_H
#define CONFORMANCE_TLS_TEST_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

#include "conformance/websocket_handshake.h"
#include "conformance/wire.h"

namespace conformance {

// An authority, a server certificate for localhost and 127.0.0.1, and one of a client.
class test_certificates {
  public:
    test_certificates() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "conformance-tls-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
        const std::string quiet = " 2>/dev/null";
        const std::string key = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ";
        run("openssl req -x509 -days 2 -subj /CN=authority" + key + "ca.key -out ca.pem" + quiet);
        std::ofstream(file("names")) << "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
        for (const std::string name : {"server", "client"}) {
            run("openssl req -new -subj /CN=" + name + key + name + ".key -out " + name + ".csr" +
                quiet);
            run("openssl x509 -req -days 2 -in " + name +
                ".csr -CA ca.pem -CAkey ca.key "
                "-CAcreateserial -extfile names -out " +
                name + ".pem" + quiet);
        }
        run("cat client.pem client.key > client-both.pem");
    }
    test_certificates(const test_certificates &) = delete;
    test_certificates &operator=(const test_certificates &) = delete;
    ~test_certificates() { std::filesystem::remove_all(folder_); }

    std::string file(const std::string &name) const { return folder_ + "/" + name; }

  private:
    void run(const std::string &command) {
        if (system(("cd " + folder_ + " && " + command).c_str()) != 0) {
            std::fprintf(stderr, "failed: %s\n", command.c_str());
            abort();
        }
    }
    std::string folder_;
};

// Bytes in, bytes out, like the layer it is the other end of.
class test_tls_server {
  public:
    std::string heard;
    bool closed = false;

    test_tls_server(const test_certificates &files, bool client_certificate)
        : context_(SSL_CTX_new(TLS_server_method())) {
        SSL_CTX_use_certificate_chain_file(context_, files.file("server.pem").c_str());
        SSL_CTX_use_PrivateKey_file(context_, files.file("server.key").c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_load_verify_file(context_, files.file("ca.pem").c_str());
        const int demand = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        SSL_CTX_set_verify(context_, client_certificate ? demand : SSL_VERIFY_NONE, nullptr);
        ssl_ = SSL_new(context_);
        SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(ssl_);
    }
    test_tls_server(const test_tls_server &) = delete;
    test_tls_server &operator=(const test_tls_server &) = delete;
    ~test_tls_server() {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }

    void receive(const std::string &bytes) {
        BIO_write(SSL_get_rbio(ssl_), bytes.data(), static_cast<int>(bytes.size()));
        std::array<char, 4096> some{};
        size_t count = 0;
        while (SSL_read_ex(ssl_, some.data(), some.size(), &count) == 1) {
            heard.append(some.data(), count);
        }
        closed = closed || SSL_get_error(ssl_, 0) == SSL_ERROR_ZERO_RETURN;
    }
    void send(const std::string &bytes) {
        size_t count = 0;
        SSL_write_ex(ssl_, bytes.data(), bytes.size(), &count);
    }
    void close() { SSL_shutdown(ssl_); }
    std::string take() {
        std::string out;
        std::array<char, 4096> some{};
        int count = 0;
        while ((count = BIO_read(SSL_get_wbio(ssl_), some.data(), some.size())) > 0) {
            out.append(some.data(), static_cast<size_t>(count));
        }
        return out;
    }

  private:
    SSL_CTX *context_;
    SSL *ssl_;
};

// Serves connections one after the other in a thread of its own.
class test_socket_server {
  public:
    enum rudeness {
        polite,
        rude_protocol, // names no sub-protocol
        rude_text      // answers in text frames
    };

    test_socket_server(const test_certificates &files, bool tls, bool websocket,
                       rudeness rude = polite)
        : files_(files), tls_(tls), websocket_(websocket), rude_(rude),
          listener_(socket(AF_INET, SOCK_STREAM, 0)) {
        struct sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto *generic = reinterpret_cast<struct sockaddr *>(&address);
        socklen_t size = sizeof address;
        if (bind(listener_, generic, size) != 0 || listen(listener_, 8) != 0 ||
            getsockname(listener_, generic, &size) != 0) {
            abort();
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    test_socket_server(const test_socket_server &) = delete;
    test_socket_server &operator=(const test_socket_server &) = delete;
    ~test_socket_server() {
        stopping_ = true;
        shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    std::string port() const { return std::to_string(port_); }
    // All MQTT bytes so far.
    std::string heard() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return heard_;
    }

  private:
    struct link {
        int fd = -1;
        std::unique_ptr<test_tls_server> tls;
        std::string frames;
        bool upgraded = false;
        std::string mqtt;
        bool over = false;
    };

    void serve() {
        while (!stopping_) {
            link each;
            each.fd = accept(listener_, nullptr, nullptr);
            if (each.fd < 0) {
                return;
            }
            each.tls = tls_ ? std::make_unique<test_tls_server>(files_, false) : nullptr;
            std::array<char, 4096> some{};
            ssize_t count = 0;
            while (!each.over && (count = recv(each.fd, some.data(), some.size(), 0)) > 0) {
                from_socket(&each, std::string(some.data(), static_cast<size_t>(count)));
            }
            ::close(each.fd);
        }
    }

    void from_socket(link *each, std::string bytes) {
        if (each->tls != nullptr) {
            each->tls->receive(bytes);
            bytes = std::move(each->tls->heard);
            each->tls->heard.clear();
            each->over = each->over || each->tls->closed;
        }
        if (websocket_) {
            each->frames += bytes;
            from_websocket(each);
        } else {
            each->mqtt += bytes;
        }
        answer(each);
        write(each, "");
    }

    void from_websocket(link *each) {
        if (!each->upgraded) {
            const size_t end = each->frames.find("\r\n\r\n");
            if (end != std::string::npos) {
                upgrade(each, each->frames.substr(0, end + 4));
                each->frames.erase(0, end + 4);
            }
        }
        while (each->upgraded && one_frame(each)) {
        }
    }

    void upgrade(link *each, const std::string &request) {
        const std::string name = "Sec-WebSocket-Key: ";
        const size_t begin = request.find(name) + name.size();
        const std::string key = request.substr(begin, request.find("\r\n", begin) - begin);
        const std::string protocol =
            rude_ == rude_protocol ? "" : "Sec-WebSocket-Protocol: mqtt\r\n";
        write(each, "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + protocol +
                        "Sec-WebSocket-Accept: " + websocket_accept(key) + "\r\n\r\n");
        each->upgraded = true;
    }

    // Only short frames: nothing longer is sent in these tests.
    bool one_frame(link *each) {
        const std::string &bytes = each->frames;
        const size_t size = bytes.size() < 2 ? 0 : static_cast<unsigned char>(bytes[1]) & 0x7F;
        if (bytes.size() < 6 + size) {
            return false;
        }
        if ((bytes[0] & 0x0F) != 2) {
            each->over = true; // a text frame, or Close
            return false;
        }
        for (size_t i = 0; i < size; i++) {
            each->mqtt += static_cast<char>(bytes[6 + i] ^ bytes[2 + i % 4]);
        }
        each->frames.erase(0, 6 + size);
        return true;
    }

    void answer(link *each) {
        size_t size = 0;
        while (wire_frame(each->mqtt, &size) == frame_status::complete) {
            const auto type = static_cast<unsigned char>(each->mqtt[0]) >> 4;
            {
                const std::lock_guard<std::mutex> lock(mutex_);
                heard_ += each->mqtt.substr(0, size);
            }
            each->mqtt.erase(0, size);
            if (type == 1) {
                send(each, std::string("\x20\x03\x00\x00\x00", 5));
            } else if (type == 12) {
                send(each, std::string("\xD0\x00", 2));
            } else if (type == 14) {
                each->over = true;
            }
        }
    }

    void send(link *each, const std::string &packet) {
        const char first = rude_ == rude_text ? '\x81' : '\x82';
        write(each,
              websocket_ ? std::string{first, static_cast<char>(packet.size())} + packet : packet);
    }

    void write(link *each, std::string bytes) {
        if (each->tls != nullptr) {
            if (!bytes.empty()) {
                each->tls->send(bytes);
            }
            if (each->over) {
                each->tls->close();
            }
            bytes = each->tls->take();
        }
        if (!bytes.empty() && ::send(each->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
            each->over = true;
        }
    }

    const test_certificates &files_;
    bool tls_;
    bool websocket_;
    rudeness rude_;
    int listener_;
    unsigned port_ = 0;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::string heard_;
    std::thread thread_;
};

} // namespace conformance

#endif
