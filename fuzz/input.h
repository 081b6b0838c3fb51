// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What the harnesses share: how a finding ends the program, bytes whose end is the end of their
// allocation, and values taken from a fuzzer's bytes one after the other.
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "libella/codec.h"

namespace fuzz {

[[noreturn]] inline void finding(const char *harness, const char *what) {
    std::fprintf(stderr, "%s: %s\n", harness, what);
    std::abort();
}

// A copy that ends exactly where its allocation ends, for the address sanitizer to see.
class exact {
  public:
    exact(const uint8_t *data, size_t size) : bytes_(new uint8_t[size]) {
        if (size != 0)
            std::memcpy(bytes_.get(), data, size);
    }
    uint8_t *data() const { return bytes_.get(); }

  private:
    std::unique_ptr<uint8_t[]> bytes_;
};

// Which stream of packets the first byte of a harness of the codec asks for: its two lowest bits
// are the version, the third the sender.
inline ella_version version_asked(uint8_t first) {
    static constexpr ella_version versions[] = {ELLA_VERSION_UNKNOWN, ELLA_VERSION_3_1,
                                                ELLA_VERSION_3_1_1, ELLA_VERSION_5_0};
    return versions[first % 4];
}
inline ella_sender sender_asked(uint8_t first) {
    return (first & 4) != 0 ? ELLA_FROM_SERVER : ELLA_FROM_CLIENT;
}

// Values from the front of the bytes; zeros when they are used up.
class source {
  public:
    source(const uint8_t *data, size_t size) : data_(data), left_(size) {}

    bool is_empty() const { return left_ == 0; }
    uint8_t u8() {
        if (left_ == 0)
            return 0;
        left_--;
        return *data_++;
    }
    uint16_t u16() {
        const uint8_t high = u8();
        return static_cast<uint16_t>(high * 256u + u8());
    }
    uint32_t u32() {
        const uint32_t high = u16();
        return high * 65536u + u16();
    }
    bool flag() { return (u8() & 1u) != 0; }
    // Bytes of the input itself: as many as a length in front of them says, and there are.
    ella_slice slice() {
        uint32_t len = u8();
        if (len == 255)
            len = u16();
        if (len > left_)
            len = static_cast<uint32_t>(left_);
        const ella_slice out = ella_slice_of(data_, len);
        data_ += len;
        left_ -= len;
        return out;
    }

    // As many bytes as there are, len at most.
    std::string text(uint32_t len) {
        const size_t taken = len < left_ ? len : left_;
        const std::string out(reinterpret_cast<const char *>(data_), taken);
        data_ += taken;
        left_ -= taken;
        return out;
    }

  private:
    const uint8_t *data_;
    size_t left_;
};

} // namespace fuzz

#endif
