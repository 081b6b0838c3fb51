// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The HTTP request that begins a WebSocket, and the judgement of its answer (RFC 6455, section 4;
// chapter 6 of MQTT 5.0 and 3.1.1). It refuses to know frames.

#ifndef CONFORMANCE_WEBSOCKET_HANDSHAKE_H
#define CONFORMANCE_WEBSOCKET_HANDSHAKE_H

#include <string>
#include <string_view>

namespace conformance {

// An answer longer than this is refused.
constexpr size_t websocket_answer_bytes_max = 16384;

// 16 random bytes in base64.
std::string websocket_key();
// The value of Sec-WebSocket-Accept that belongs to a key.
std::string websocket_accept(std::string_view key);
std::string websocket_request(const std::string &host, const std::string &path,
                              const std::string &key);

struct websocket_answer {
    std::string failure; // why there is no WebSocket; empty if there is one
    std::string problem; // what MQTT forbids although there is one
};
// `head` is the answer up to and including its empty line.
websocket_answer websocket_judge(std::string_view head, const std::string &key);

} // namespace conformance

#endif
