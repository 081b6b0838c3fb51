// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What stands between the bytes of a case and those of the socket: TLS, WebSocket, both or
// nothing. Layers refuse to know sockets and time: bytes go in, bytes come out, so that they stack
// in any order.

#ifndef CONFORMANCE_LAYER_H
#define CONFORMANCE_LAYER_H

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conformance {

class layer {
  public:
    layer() = default;
    layer(const layer &) = delete;
    layer &operator=(const layer &) = delete;
    virtual ~layer() = default;

    // In all of these `down` gets what must be sent to the layer below, `up` what is for the layer
    // above.

    // The first bytes of the handshake.
    virtual void start(std::string *down) = 0;
    // Whether the handshake is done. Before it send() must not be called.
    virtual bool ready() const = 0;
    virtual void receive(std::string_view bytes, std::string *up, std::string *down) = 0;
    // `text` asks for the wrong kind of frame, where the layer has kinds.
    virtual void send(std::string_view bytes, bool text, std::string *down) = 0;
    // The client ends the layer in order.
    virtual void end(std::string *down) = 0;
    // True when nothing more will come from the peer.
    virtual bool ended() const = 0;

    // Why the handshake can't succeed; empty while it can.
    const std::string &failure() const { return failure_; }
    // What the peer did that MQTT forbids at this layer; empty if nothing.
    const std::string &problem() const { return problem_; }

  protected:
    std::string failure_;
    std::string problem_;
};

// Layers of one connection, the lowest first. Without any it hands bytes through.
class layer_stack {
  public:
    void push(std::unique_ptr<layer> next) { layers_.push_back(std::move(next)); }

    void start(std::string *down);
    bool ready() const { return started_ > layers_.size(); }
    void receive(std::string_view bytes, std::string *up, std::string *down);
    void send(std::string_view bytes, bool text, std::string *down);
    // From the highest to the lowest.
    void end(std::string *down);
    bool ended() const;
    std::string failure() const;
    // The first problem that was not asked for yet.
    std::string take_problem();

  private:
    void send_below(size_t count, std::string bytes, std::string *down);
    void start_next(std::string *down);

    std::vector<std::unique_ptr<layer>> layers_;
    size_t started_ = 0; // how many have been started; one more than there are when all are ready
    bool told_ = false;
};

} // namespace conformance

#endif
