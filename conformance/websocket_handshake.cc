// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See websocket_handshake.h. SHA-1 and base64 are here because the handshake needs them and
// nothing else does: a run without TLS uses no library.

#include "conformance/websocket_handshake.h"

#include <array>
#include <cctype>
#include <cstdint>
#include <map>
#include <random>

namespace conformance {
namespace {

constexpr char accept_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t block_bytes = 64;

uint32_t rotate_left(uint32_t word, unsigned bits) {
    return word << bits | word >> (32 - bits);
}

uint32_t round_function(unsigned round, uint32_t b, uint32_t c, uint32_t d) {
    switch (round / 20) {
    case 0:
        return ((b & c) | (~b & d)) + 0x5A827999;
    case 1:
        return (b ^ c ^ d) + 0x6ED9EBA1;
    case 2:
        return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
    default:
        return (b ^ c ^ d) + 0xCA62C1D6;
    }
}

void sha1_block(std::string_view block, std::array<uint32_t, 5> *state) {
    std::array<uint32_t, 80> words{};
    for (size_t i = 0; i < block_bytes; i++) {
        words[i / 4] = words[i / 4] << 8 | static_cast<unsigned char>(block[i]);
    }
    for (size_t i = 16; i < words.size(); i++) {
        words[i] = rotate_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    auto [a, b, c, d, e] = *state;
    for (unsigned i = 0; i < words.size(); i++) {
        const uint32_t next = rotate_left(a, 5) + round_function(i, b, c, d) + e + words[i];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    const std::array<uint32_t, 5> sum = {a, b, c, d, e};
    for (size_t i = 0; i < sum.size(); i++) {
        (*state)[i] += sum[i];
    }
}

std::string sha1(std::string_view text) {
    std::array<uint32_t, 5> state = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    std::string padded(text);
    padded += '\x80';
    padded.resize((padded.size() + 8 + block_bytes - 1) / block_bytes * block_bytes - 8);
    for (unsigned shift = 64; shift > 0; shift -= 8) {
        padded += static_cast<char>(text.size() * 8 >> (shift - 8) & 0xFF);
    }
    for (size_t at = 0; at < padded.size(); at += block_bytes) {
        sha1_block(std::string_view(padded).substr(at, block_bytes), &state);
    }
    std::string digest;
    for (const uint32_t word : state) {
        for (unsigned shift = 32; shift > 0; shift -= 8) {
            digest += static_cast<char>(word >> (shift - 8) & 0xFF);
        }
    }
    return digest;
}

std::string base64(std::string_view bytes) {
    static constexpr char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (size_t at = 0; at < bytes.size(); at += 3) {
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++) {
            group = group << 8 |
                    (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0);
        }
        for (unsigned i = 0; i < 4; i++) {
            out += at + i > bytes.size() ? '=' : digits[group >> (18 - 6 * i) & 0x3F];
        }
    }
    return out;
}

std::string lower(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return out;
}

std::string trimmed(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t");
    const size_t end = text.find_last_not_of(" \t");
    return begin == std::string_view::npos ? "" : std::string(text.substr(begin, end - begin + 1));
}

// Names in lower case. A name that comes twice keeps the first value.
std::map<std::string, std::string> headers_of(std::string_view head) {
    std::map<std::string, std::string> headers;
    size_t at = head.find("\r\n");
    while (at != std::string_view::npos) {
        const size_t begin = at + 2;
        at = head.find("\r\n", begin);
        const std::string_view line =
            head.substr(begin, at == std::string_view::npos ? at : at - begin);
        const size_t colon = line.find(':');
        if (colon != std::string_view::npos) {
            headers.insert({lower(line.substr(0, colon)), trimmed(line.substr(colon + 1))});
        }
    }
    return headers;
}

} // namespace

std::string websocket_key() {
    std::random_device luck;
    std::string bytes;
    for (int i = 0; i < 16; i++) {
        bytes += static_cast<char>(luck() & 0xFF);
    }
    return base64(bytes);
}

std::string websocket_accept(std::string_view key) {
    return base64(sha1(std::string(key) + accept_guid));
}

std::string websocket_request(const std::string &host, const std::string &path,
                              const std::string &key) {
    return "GET " + path + " HTTP/1.1\r\nHost: " + host +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key +
           "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
}

websocket_answer websocket_judge(std::string_view head, const std::string &key) {
    websocket_answer answer;
    const std::string first(head.substr(0, head.find("\r\n")));
    std::map<std::string, std::string> headers = headers_of(head);
    if (first.rfind("HTTP/1.1 101", 0) != 0) {
        answer.failure = "WebSocket: the server answered \"" + first + "\"";
    } else if (lower(headers["upgrade"]) != "websocket" ||
               lower(headers["connection"]).find("upgrade") == std::string::npos) {
        answer.failure = "WebSocket: the answer has no Upgrade to websocket";
    } else if (headers["sec-websocket-accept"] != websocket_accept(key)) {
        answer.failure = "WebSocket: Sec-WebSocket-Accept does not fit the key";
    } else if (headers.count("sec-websocket-extensions") > 0) {
        answer.failure = "WebSocket: the server chose extensions, none were offered";
    } else if (headers["sec-websocket-protocol"] != "mqtt") {
        answer.problem = "the sub-protocol of the WebSocket is \"" +
                         headers["sec-websocket-protocol"] + "\" and not \"mqtt\"";
    }
    return answer;
}

} // namespace conformance
