// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The world of true sockets and true time: a broker somewhere behind a host name and a port, with
// TLS and WebSocket between if so wished. It refuses to know packets and clients' names.

#ifndef CONFORMANCE_TCP_WORLD_H
#define CONFORMANCE_TCP_WORLD_H

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "conformance/layer.h"
#include "conformance/tls_layer.h"
#include "conformance/world.h"

namespace conformance {

struct tcp_address {
    std::string host;
    std::string port;
};

// HOST:PORT, HOST, [IPV6]:PORT or [IPV6]; the port is empty if it is left out. False if it is none
// of these.
bool tcp_parse_address(const std::string &written, tcp_address *out);

// What lies between TCP and MQTT.
struct transport {
    std::shared_ptr<const tls_settings> tls; // null: no TLS
    std::string websocket_path;              // begins with '/'; empty: no WebSocket
};
// The port of a broker whose address names none: IANA's for MQTT, the web's for WebSocket.
const char *transport_port(const transport &way);

class tcp_world : public world {
  public:
    // `needs` are the words of kind `configuration` that the broker's owner promises.
    tcp_world(tcp_address address, std::vector<std::string> needs, transport way = {});
    ~tcp_world() override;

    bool satisfies(std::string_view need) override;
    bool outlives_case() const override;
    uint64_t now_ms() override;
    int open(const std::string &client, std::string *error) override;
    void send(int connection, std::string_view bytes) override;
    void send_text(int connection, std::string_view bytes) override;
    void close(int connection) override;
    void abort(int connection) override;
    std::vector<arrival> poll(uint64_t deadline_ms) override;

  private:
    struct socket_state {
        int fd = -1; // -1 after the broker's close
        std::string unsent;
        std::string unread; // for the case, came with the end of a handshake
        layer_stack layers;
    };

    int connect_to(const void *info, std::string *error);
    int connect_any(std::string *error);
    layer_stack layers() const;
    bool shake_hands(socket_state *state, std::string *error);
    void send_frame(int connection, std::string_view bytes, bool text);
    void flush(socket_state *state);
    void take_early(std::vector<arrival> *news);
    bool read_some(int connection, socket_state *state, arrival *out);
    void finish(socket_state *state);

    tcp_address address_;
    std::vector<std::string> needs_;
    transport way_;
    std::map<int, socket_state> sockets_;
    int next_ = 0;
};

} // namespace conformance

#endif
