// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any bytes as the header of a PROXY protocol; the first byte chooses the version. Judged: no read
// past the end, a verdict that more bytes do not change, and a header no longer than its bytes.

#include "fuzz/input.h"

extern "C" {
#include "broker/io/proxy_protocol.h"
}

namespace {

constexpr size_t SIZE_MAX_BYTES = 1024;

[[noreturn]] void finding(const char *what) {
    fuzz::finding("proxy_fuzz", what);
}

proxy_result parse(uint32_t version, const uint8_t *data, uint32_t len, proxy_header *out) {
    const fuzz::exact copy(data, len);
    const char *why = nullptr;
    const proxy_result result = proxy_header_parse(out, version, copy.data(), len, &why);
    if (result == PROXY_BAD && why == nullptr)
        finding("refused without a reason");
    if (result == PROXY_DONE && (out->header_len == 0 || out->header_len > len))
        finding("a header longer than its bytes");
    if (result == PROXY_DONE &&
        std::memchr(out->common_name, 0, sizeof out->common_name) == nullptr)
        finding("a common name without an end");
    return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > SIZE_MAX_BYTES)
        return 0;
    const uint32_t version = 1 + data[0] % 2u;
    const uint32_t len = static_cast<uint32_t>(size - 1);
    proxy_header whole = {};
    proxy_header part = {};
    const proxy_result verdict = parse(version, data + 1, len, &whole);
    if (verdict == PROXY_MORE && len >= PROXY_HEADER_LEN_MAX)
        finding("more bytes are wanted than a header may have");
    for (uint32_t cut = 0; cut < len; cut += 1 + cut / 8) {
        const proxy_result earlier = parse(version, data + 1, cut, &part);
        if (earlier == PROXY_MORE)
            continue;
        if (earlier != verdict || (earlier == PROXY_DONE && part.header_len != whole.header_len))
            finding("more bytes change the verdict");
    }
    return 0;
}
