// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// PROXY headers: those the specification shows, every prefix of them, and each way to be wrong.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

extern "C" {
#include "broker/io/proxy_protocol.h"
}

namespace {

const std::string SIGNATURE("\r\n\r\n\0\r\nQUIT\n", 12);

std::string length(size_t len) {
    return {static_cast<char>(len >> 8), static_cast<char>(len)};
}

std::string tlv(int type, const std::string &value) {
    return std::string(1, static_cast<char>(type)) + length(value.size()) + value;
}

std::string version_2(int command, int family, const std::string &rest) {
    return SIGNATURE + static_cast<char>(command) + static_cast<char>(family) +
           length(rest.size()) + rest;
}

const std::string IPV4_ADDRESSES("\x0A\x01\x02\x03\x0A\0\0\x01\x30\x39\x07\x5B", 12);

class Proxy : public testing::Test {
  protected:
    proxy_result parse(int version, const std::string &text) {
        why = nullptr;
        // Of just the right size, so that sanitizers see what is read beyond.
        const std::vector<uint8_t> bytes(text.begin(), text.end());
        return proxy_header_parse(&header, static_cast<uint32_t>(version), bytes.data(),
                                  static_cast<uint32_t>(bytes.size()), &why);
    }
    std::string fault(int version, const std::string &text) {
        EXPECT_EQ(parse(version, text), PROXY_BAD) << text;
        return why == nullptr ? "" : why;
    }
    std::string source() const {
        char text[ADDRESS_TEXT_SIZE];
        return address_text(&header.source, text);
    }
    // Every prefix may become one, and what stands behind it does not matter.
    void is_whole(int version, const std::string &text) {
        for (size_t len = 1; len < text.size(); len++)
            EXPECT_EQ(parse(version, text.substr(0, len)), PROXY_MORE) << len;
        EXPECT_EQ(parse(version, text), PROXY_DONE);
        EXPECT_EQ(header.header_len, text.size());
        EXPECT_EQ(parse(version, text + std::string("\x10\x0c\0", 3)), PROXY_DONE);
        EXPECT_EQ(header.header_len, text.size());
    }
    proxy_header header;
    const char *why = nullptr;
};

TEST_F(Proxy, Text) {
    is_whole(1, "PROXY TCP4 192.0.2.7 192.0.2.1 56324 1883\r\n");
    EXPECT_EQ(source(), "192.0.2.7:56324");
    EXPECT_FALSE(header.is_local);
    is_whole(1, "PROXY TCP6 2001:db8::7 2001:db8::1 65535 0\r\n");
    EXPECT_EQ(source(), "[2001:db8::7]:65535");
    is_whole(1, "PROXY UNKNOWN\r\n");
    EXPECT_TRUE(header.is_local);
    is_whole(1, "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n");
    EXPECT_TRUE(header.is_local);
}

TEST_F(Proxy, WrongText) {
    const std::string what = "PROXY: TCP4 or TCP6, two addresses and two ports are expected";
    for (const char *line :
         {"PROXY TCP4 192.0.2.7 192.0.2.1 56324\r\n", "PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n",
          "PROXY  TCP4 192.0.2.7 192.0.2.1 1 2\r\n", "PROXY TCP5 192.0.2.7 192.0.2.1 1 2\r\n",
          "PROXY TCP4 192.0.2.7 192.0.2.1 1 2 \r\n", "PROXY \r\n",
          "PROXY tcp4 1.1.1.1 1.1.1.1 1 2\r\n"})
        EXPECT_EQ(fault(1, line), what) << line;
    for (const char *line :
         {"PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n", "PROXY TCP4 192.0.2.7 192.0.2.1 -1 2\r\n",
          "PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n", "PROXY TCP4 ::1 ::1 1 2\r\n",
          "PROXY TCP6 1.1.1.1 1.1.1.1 1 2\r\n", "PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n",
          "PROXY TCP4 192.0.2.7 x 1 2\r\n"})
        EXPECT_EQ(fault(1, line), "PROXY: a wrong address or port") << line;
    EXPECT_EQ(fault(1, "PROXY " + std::string(101, 'x')), "PROXY: a line without end");
    EXPECT_EQ(fault(1, "GET / HTTP/1.1\r\n"), "PROXY: no header of version 1");
    EXPECT_EQ(fault(1, std::string("\x10\x0c\0\x04MQTT", 8)), "PROXY: no header of version 1");
    EXPECT_EQ(fault(1, SIGNATURE), "PROXY: no header of version 1");
}

TEST_F(Proxy, Binary) {
    is_whole(2, version_2(0x21, 0x11, IPV4_ADDRESSES));
    EXPECT_EQ(source(), "10.1.2.3:12345");
    EXPECT_FALSE(header.is_local);
    EXPECT_FALSE(header.has_tls);
    is_whole(2, version_2(0x21, 0x21,
                          std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x07" +
                              std::string(16, '\0') + std::string("\x30\x39\x07\x5B", 4)));
    EXPECT_EQ(source(), "[2001:db8::7]:12345");
    is_whole(2, version_2(0x21, 0x31, std::string(216, 'p')));
    EXPECT_EQ(source(), "unix-socket");
    is_whole(2, version_2(0x20, 0x00, ""));
    EXPECT_TRUE(header.is_local);
    is_whole(2, version_2(0x20, 0x11, IPV4_ADDRESSES + "anything"));
    EXPECT_TRUE(header.is_local);
    is_whole(2, version_2(0x21, 0x00, tlv(1, "x")));
    EXPECT_TRUE(header.is_local);
}

TEST_F(Proxy, WhatTheProxySaysOfTls) {
    const std::string good(5, '\0');
    const std::string name = tlv(0x21, "TLSv1.3") + tlv(0x22, "alice");
    is_whole(2, version_2(0x21, 0x11,
                          IPV4_ADDRESSES + tlv(3, "crc!") +
                              tlv(0x20, "\x07" + good.substr(1) + name) + tlv(4, "")));
    EXPECT_TRUE(header.has_tls);
    EXPECT_TRUE(header.has_certificate);
    EXPECT_STREQ(header.common_name, "alice");
    // A certificate that the proxy did not find good.
    parse(2, version_2(0x21, 0x11,
                       IPV4_ADDRESSES + tlv(0x20, std::string("\x07\0\0\0\x01", 5) + name)));
    EXPECT_TRUE(header.has_tls);
    EXPECT_FALSE(header.has_certificate);
    // A name with a byte 0 in it, or one outside of TLS, is none.
    parse(2, version_2(0x21, 0x11,
                       IPV4_ADDRESSES + tlv(0x20, "\x07" + good.substr(1) +
                                                      tlv(0x22, std::string("a\0b", 3)))));
    EXPECT_STREQ(header.common_name, "");
    parse(2, version_2(0x21, 0x11, IPV4_ADDRESSES + tlv(0x22, "alice")));
    EXPECT_STREQ(header.common_name, "");
    EXPECT_FALSE(header.has_tls);
}

TEST_F(Proxy, WrongBinary) {
    EXPECT_EQ(fault(2, version_2(0x31, 0x11, IPV4_ADDRESSES)),
              "PROXY: an unknown version or command");
    EXPECT_EQ(fault(2, version_2(0x22, 0x11, IPV4_ADDRESSES)),
              "PROXY: an unknown version or command");
    const std::string address = "PROXY: an unknown kind of address, or a part of one";
    EXPECT_EQ(fault(2, version_2(0x21, 0x41, IPV4_ADDRESSES)), address);
    EXPECT_EQ(fault(2, version_2(0x21, 0x11, IPV4_ADDRESSES.substr(1))), address);
    EXPECT_EQ(fault(2, version_2(0x21, 0x21, IPV4_ADDRESSES)), address);
    EXPECT_EQ(fault(2, version_2(0x21, 0x31, IPV4_ADDRESSES)), address);
    const std::string cut = "PROXY: what stands behind the addresses is cut off";
    EXPECT_EQ(fault(2, version_2(0x21, 0x11, IPV4_ADDRESSES + "x")), cut);
    EXPECT_EQ(fault(2, version_2(0x21, 0x11, IPV4_ADDRESSES + tlv(1, "abc").substr(0, 5))), cut);
    EXPECT_EQ(fault(2, version_2(0x21, 0x11, IPV4_ADDRESSES + tlv(0x20, "abcd"))), cut);
    EXPECT_EQ(fault(2, version_2(0x21, 0x11, IPV4_ADDRESSES + tlv(0x20, "abcdef"))), cut);
    EXPECT_EQ(fault(2, version_2(0x21, 0x11, std::string(600, 'x'))),
              "PROXY: the header is too long");
    EXPECT_EQ(fault(2, "PROXY TCP4 1.1.1.1 1.1.1.1 1 2\r\n"), "PROXY: no header of version 2");
}

TEST_F(Proxy, NothingOfAnyUseIsReadBeyondTheEnd) {
    std::mt19937 luck(3);
    const std::string seeds[] = {
        "PROXY TCP4 192.0.2.7 192.0.2.1 56324 1883\r\n",
        version_2(0x21, 0x11, IPV4_ADDRESSES + tlv(0x20, std::string(5, '\0') + tlv(0x22, "a")))};
    for (int i = 0; i < 50000; i++) {
        std::string text = seeds[i % 2];
        for (uint32_t n = luck() % 4; n > 0; n--)
            text[luck() % text.size()] = static_cast<char>(luck());
        text.resize(1 + luck() % text.size());
        const proxy_result result = parse(1 + i % 2, text);
        EXPECT_TRUE(result != PROXY_DONE || header.header_len <= text.size());
        EXPECT_EQ(result == PROXY_BAD, why != nullptr);
    }
}

} // namespace
