// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include <gtest/gtest.h>

#include <optional>
#include <string>

extern "C" {
#include "broker/security/base64.h"
}

namespace {

std::optional<std::string> decode(const std::string &text, base64_padding padding = BASE64_PADDED,
                                  size_t size = 64) {
    uint8_t out[64];
    size_t len = 0;
    if (!base64_decode(text.data(), text.size(), padding, out, size, &len))
        return std::nullopt;
    return std::string(reinterpret_cast<char *>(out), len);
}

std::string encode(const std::string &bytes, base64_padding padding = BASE64_PADDED) {
    char out[256];
    const size_t len =
        base64_encode(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), padding, out);
    EXPECT_LE(len, BASE64_LEN(bytes.size()));
    return std::string(out, len);
}

// RFC 4648, section 10.
TEST(Base64, TestVectors) {
    const std::pair<const char *, const char *> vectors[] = {{"", ""},
                                                             {"f", "Zg=="},
                                                             {"fo", "Zm8="},
                                                             {"foo", "Zm9v"},
                                                             {"foob", "Zm9vYg=="},
                                                             {"fooba", "Zm9vYmE="},
                                                             {"foobar", "Zm9vYmFy"}};
    for (const auto &[bytes, text] : vectors) {
        EXPECT_EQ(encode(bytes), text);
        EXPECT_EQ(decode(text), bytes);
    }
}

TEST(Base64, WithoutPadding) {
    EXPECT_EQ(encode("f", BASE64_UNPADDED), "Zg");
    EXPECT_EQ(decode("Zg", BASE64_UNPADDED), "f");
    EXPECT_EQ(decode("Zg==", BASE64_UNPADDED), std::nullopt);
}

TEST(Base64, EveryByteComesBack) {
    std::string all;
    for (int i = 0; i < 48; i++) {
        all += static_cast<char>(i * 5 + 3);
        EXPECT_EQ(decode(encode(all)), all);
        EXPECT_EQ(decode(encode(all, BASE64_UNPADDED), BASE64_UNPADDED), all);
    }
}

TEST(Base64, HasOneSpellingOnly) {
    for (const char *text : {"Zg", "Zg=", "Zg===", "Z===", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "=",
                             "====", "Zg==Zg==", "Zm-v", "Zm_v"})
        EXPECT_EQ(decode(text), std::nullopt) << text;
}

TEST(Base64, DoesNotWriteBeyondItsRoom) {
    EXPECT_EQ(decode("Zm9v", BASE64_PADDED, 3), "foo");
    EXPECT_EQ(decode("Zm9v", BASE64_PADDED, 2), std::nullopt);
}

} // namespace
