// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See websocket_layer.h. A frame is taken in when its last byte has come. A server that breaks the
// rules of RFC 6455 or of MQTT about frames has a problem(), and nothing more is read from it.

#include "conformance/websocket_layer.h"

#include <array>
#include <cstdint>
#include <random>

#include "conformance/websocket_handshake.h"

namespace conformance {
namespace {

enum opcode : unsigned {
    continuation = 0,
    text_frame = 1,
    binary_frame = 2,
    close_frame = 8,
    ping_frame = 9,
    pong_frame = 10
};

constexpr uint64_t frame_bytes_max = uint64_t{1} << 30;
constexpr size_t control_bytes_max = 125;
constexpr unsigned final_bit = 0x80;
constexpr unsigned reserved_bits = 0x70;
constexpr unsigned mask_bit = 0x80;
constexpr char close_normal[] = {'\x03', '\xE8'}; // 1000

struct frame {
    unsigned code = 0;
    bool final = false;
    bool masked = false;
    unsigned reserved = 0;
    size_t head_bytes = 0;
    uint64_t content_bytes = 0;
};

// False if the head of the frame is not all there.
bool read_head(std::string_view bytes, frame *out) {
    const auto at = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
    if (bytes.size() < 2) {
        return false;
    }
    const unsigned length = at(1) & 0x7Fu;
    const size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (bytes.size() < 2 + more) {
        return false;
    }
    out->code = at(0) & 0x0Fu;
    out->final = (at(0) & final_bit) != 0;
    out->reserved = at(0) & reserved_bits;
    out->masked = (at(1) & mask_bit) != 0;
    out->content_bytes = more == 0 ? length : 0;
    for (size_t i = 0; i < more; i++) {
        out->content_bytes = out->content_bytes << 8 | at(2 + i);
    }
    out->head_bytes = 2 + more;
    return true;
}

class websocket_layer : public layer {
  public:
    websocket_layer(std::string host, std::string path)
        : host_(std::move(host)), path_(std::move(path)), key_(websocket_key()),
          luck_(std::random_device()()) {}

    void start(std::string *down) override { *down += websocket_request(host_, path_, key_); }
    bool ready() const override { return ready_; }
    bool ended() const override { return ended_; }

    void receive(std::string_view bytes, std::string *up, std::string *down) override {
        unread_ += bytes;
        if (!ready_ && !handshake()) {
            return;
        }
        while (!ended_ && one_frame(up, down)) {
        }
    }

    void send(std::string_view bytes, bool text, std::string *down) override {
        *down += masked(text ? text_frame : binary_frame, bytes);
    }

    void end(std::string *down) override {
        if (ready_ && !closing_) {
            closing_ = true;
            *down += masked(close_frame, std::string_view(close_normal, sizeof close_normal));
        }
    }

  private:
    // True when it has succeeded.
    bool handshake() {
        const size_t end = unread_.find("\r\n\r\n");
        if (end == std::string::npos) {
            if (unread_.size() > websocket_answer_bytes_max) {
                failure_ = "WebSocket: the answer to the handshake is too long";
            }
            return false;
        }
        const websocket_answer answer =
            websocket_judge(std::string_view(unread_).substr(0, end + 4), key_);
        unread_.erase(0, end + 4);
        failure_ = answer.failure;
        problem_ = answer.problem;
        ready_ = failure_.empty();
        return ready_;
    }

    // What is wrong with a frame that came from a server; empty if nothing.
    std::string wrong(const frame &head) const {
        if (head.masked) {
            return "a masked WebSocket frame, which only clients send";
        }
        if (head.reserved != 0) {
            return "a WebSocket frame with reserved bits set";
        }
        if (head.code == text_frame) {
            return "a WebSocket text frame: MQTT needs binary ones";
        }
        if (head.code >= close_frame && (!head.final || head.content_bytes > control_bytes_max)) {
            return "a WebSocket control frame that is in pieces or too long";
        }
        if (head.code > pong_frame || (head.code > binary_frame && head.code < close_frame)) {
            return "a WebSocket frame of type " + std::to_string(head.code);
        }
        if (head.content_bytes > frame_bytes_max) {
            return "a WebSocket frame of more than 1 GiB";
        }
        const bool first = head.code == binary_frame;
        if (head.code <= binary_frame && first == in_message_) {
            return first ? "a new WebSocket message within another"
                         : "a WebSocket continuation frame without a beginning";
        }
        return {};
    }

    // True if there was a whole frame.
    bool one_frame(std::string *up, std::string *down) {
        frame head;
        if (!read_head(unread_, &head)) {
            return false;
        }
        problem_ = problem_.empty() ? wrong(head) : problem_;
        if (!wrong(head).empty()) {
            ended_ = true;
            return false;
        }
        if (unread_.size() - head.head_bytes < head.content_bytes) {
            return false;
        }
        const auto size = static_cast<size_t>(head.content_bytes);
        const std::string content = unread_.substr(head.head_bytes, size);
        unread_.erase(0, head.head_bytes + size);
        if (head.code <= binary_frame) {
            in_message_ = !head.final;
            *up += content;
        } else if (head.code == ping_frame) {
            *down += masked(pong_frame, content);
        } else if (head.code == close_frame) {
            end(down);
            ended_ = true;
        }
        return true;
    }

    std::string masked(unsigned code, std::string_view content) {
        std::string out(1, static_cast<char>(final_bit | code));
        const size_t size = content.size();
        const unsigned more = size < 126 ? 0 : size < 65536 ? 2 : 8;
        const size_t length = more == 0 ? size : more == 2 ? 126 : 127;
        out += static_cast<char>(mask_bit | length);
        for (unsigned i = more; i > 0; i--) {
            out += static_cast<char>(size >> (8 * (i - 1)) & 0xFF);
        }
        std::array<char, 4> mask{};
        for (char &byte : mask) {
            byte = static_cast<char>(luck_() & 0xFF);
        }
        out.append(mask.data(), mask.size());
        for (size_t i = 0; i < size; i++) {
            out += static_cast<char>(content[i] ^ mask[i % mask.size()]);
        }
        return out;
    }

    std::string host_;
    std::string path_;
    std::string key_;
    std::mt19937 luck_;
    std::string unread_;
    bool ready_ = false;
    bool ended_ = false;
    bool closing_ = false;    // our Close frame has been sent
    bool in_message_ = false; // a message has begun and its last frame has not come
};

} // namespace

std::unique_ptr<layer> websocket_layer_make(const std::string &host, const std::string &path) {
    return std::make_unique<websocket_layer>(host, path);
}

} // namespace conformance
