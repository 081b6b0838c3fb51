// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Many clients over one epoll: bytes in and out, and MQTT up to the end of the handshake. It
// refuses to know what is published, and why.
//
// In a round each ready connection is read once, into one large buffer, and written once. A
// message costs no allocation: what waits to be sent stands in a buffer of the client that grows
// to what was needed once, and of what is read only an unfinished packet is kept.

#ifndef LOAD_CLIENTS_H
#define LOAD_CLIENTS_H

#include <netinet/in.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libella/codec.h"
#include "tools/load/packets.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;

namespace load {

uint64_t now_ns();

// Bytes that wait to be sent. append() does not clear what it makes room for.
class out_buffer {
  public:
    // Room for `len` more bytes, which must be written by the caller.
    uint8_t *append(size_t len);
    void append(const uint8_t *from, size_t len) { std::memcpy(append(len), from, len); }
    void consume(size_t len);
    const uint8_t *data() const { return bytes_.get() + begin_; }
    size_t size() const { return end_ - begin_; }
    void release();

  private:
    std::unique_ptr<uint8_t[]> bytes_;
    size_t begin_ = 0;
    size_t end_ = 0;
    size_t capacity_ = 0;
};

enum class client_state {
    closed,
    connecting, // TCP
    securing,   // TLS
    greeting,   // CONNECT is sent
    ready,
};

struct client {
    uint32_t index = 0;
    int fd = -1;
    client_state state = client_state::closed;
    bool closing = false; // its end is expected
    bool dirty = false;   // in the list of those to be written
    bool waits_to_write = false;
    uint16_t receive_maximum = 65535;
    bool session_present = false;
    ella_decoder decoder{};
    bytes rest; // an unfinished packet
    out_buffer out;
    bytes connect; // the packet
    SSL *tls = nullptr;
};

struct client_events {
    // CONNACK came, and it was a yes.
    std::function<void(client &)> ready;
    // Any packet after it. now_ns: when the bytes were read.
    std::function<void(client &, const ella_packet &, uint64_t now_ns)> packet;
    // The other end, or a refusal, closed it. Expected if client.closing.
    std::function<void(client &, const std::string &why)> closed;
};

struct address {
    sockaddr_in where{};
    bool loopback = false;
};

// HOST:PORT, a name or an IPv4 address. False if it has no meaning.
bool address_parse(const std::string &written, address *out);

class clients {
  public:
    // tls: null, or what connections are secured with; must outlive this.
    clients(const address &broker, ella_version version, client_events events,
            SSL_CTX *tls = nullptr);
    ~clients();
    clients(const clients &) = delete;
    clients &operator=(const clients &) = delete;

    client &add(const std::string &client_id, bool clean = true);
    // As whom it connects the next time.
    void prepare(client &each, const std::string &client_id, bool clean);
    client &at(size_t index) { return *all_[index]; }
    size_t count() const { return all_.size(); }
    void set_login(const std::string &user_name, const std::string &password);
    void set_keep_alive(uint16_t seconds) { keep_alive_s_ = seconds; }

    // Begins to connect; ready or closed will tell.
    void open(client &each);
    // At once, without DISCONNECT.
    void close(client &each);
    // DISCONNECT behind what waits, then the broker is waited for to close.
    void leave(client &each);
    // The client has something in `out`: it is sent at the end of the round.
    void touch(client &each) {
        if (!each.dirty) {
            each.dirty = true;
            dirty_.push_back(&each);
        }
    }
    // Waits up to wait_ns for something to happen, and lets it. Then what is touched is sent; so
    // is what `before_sending` adds.
    void round(uint64_t wait_ns, const std::function<void()> &before_sending = nullptr);

    uint64_t bytes_in() const { return bytes_in_; }
    uint64_t bytes_out() const { return bytes_out_; }
    uint64_t handshakes() const { return handshakes_; }

  private:
    void handle(client &each, uint32_t events);
    void connected(client &each);
    void secure(client &each);
    void greet(client &each);
    void read(client &each);
    void decode(client &each, size_t len);
    void connack(client &each, const ella_connack &answer);
    void send(client &each);
    long receive_some(client &each, uint8_t *into, size_t len);
    long send_some(client &each);
    void watch(client &each, bool for_writing);
    void fail(client &each, const std::string &why);

    address broker_;
    ella_version version_;
    client_events events_;
    SSL_CTX *tls_;
    connect_options login_;
    uint16_t keep_alive_s_ = 0;
    int epoll_fd_;
    uint32_t opened_ = 0;
    std::vector<std::unique_ptr<client>> all_;
    std::vector<client *> dirty_;
    std::vector<client *> sending_;
    bytes in_;
    uint64_t bytes_in_ = 0;
    uint64_t bytes_out_ = 0;
    uint64_t handshakes_ = 0;
};

} // namespace load

#endif
