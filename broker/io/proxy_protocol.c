/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Reading PROXY headers; see proxy_protocol.h.
 */
#include "broker/io/proxy_protocol.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define TEXT_LEN_MAX 107u
#define TEXT_BEGIN "PROXY "
#define SIGNATURE_LEN 12u
#define FIXED_LEN 16u
#define COMMAND_LOCAL 0x20u
#define COMMAND_PROXY 0x21u
#define FAMILY_IPV4 0x10u
#define FAMILY_IPV6 0x20u
#define FAMILY_UNIX 0x30u
#define IPV4_ADDRESSES_LEN 12u
#define IPV6_ADDRESSES_LEN 36u
#define UNIX_ADDRESSES_LEN 216u
#define TLV_HEAD_LEN 3u
#define TLV_TLS 0x20u
#define TLV_COMMON_NAME 0x22u
#define TLS_HEAD_LEN 5u
#define CLIENT_TLS 0x01u
#define CLIENT_CERTIFICATE 0x06u /* on this connection, or in this session */

static const uint8_t signature[SIGNATURE_LEN] = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                                 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};

static enum proxy_result bad(const char **why, const char *text) {
    *why = text;
    return PROXY_BAD;
}

static uint32_t get_16(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* ---- Version 1 ---- */

/* The next word of [*at, end), which a single space or the end follows; its length, 0 if there is
 * none. */
static uint32_t take_word(const uint8_t **at, const uint8_t *end, char *out, uint32_t size) {
    uint32_t len = 0;
    while (*at + len < end && (*at)[len] != ' ')
        len++;
    if (len == 0 || len >= size)
        return 0;
    memcpy(out, *at, len);
    out[len] = '\0';
    *at += *at + len < end ? len + 1 : len;
    return len;
}

/* -1: no port. */
static int32_t port_of(const char *text) {
    int32_t port = 0;
    if (*text == '0' && text[1] != '\0')
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        port = port * 10 + (*text - '0');
        if (port > UINT16_MAX)
            return -1;
    }
    return port;
}

static bool set_source(struct proxy_header *out, int family, const char *text, int32_t port) {
    struct sockaddr_storage from = {.ss_family = (sa_family_t)family};
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (family == AF_INET && inet_pton(AF_INET, text, &ipv4.sin_addr) == 1)
        memcpy(&from, &ipv4, sizeof ipv4);
    else if (family == AF_INET6 && inet_pton(AF_INET6, text, &ipv6.sin6_addr) == 1)
        memcpy(&from, &ipv6, sizeof ipv6);
    else
        return false;
    address_from(&out->source, &from);
    return true;
}

static enum proxy_result parse_words(struct proxy_header *out, const uint8_t *at,
                                     const uint8_t *end, const char **why) {
    char words[5][INET6_ADDRSTRLEN];
    struct proxy_header destination;
    uint32_t count = 0;
    while (count < 5 && at < end && take_word(&at, end, words[count], sizeof words[0]) > 0)
        count++;
    if (count > 0 && strcmp(words[0], "UNKNOWN") == 0) {
        out->is_local = true;
        return PROXY_DONE;
    }
    const bool is_ipv4 = count == 5 && strcmp(words[0], "TCP4") == 0;
    const bool is_ipv6 = count == 5 && strcmp(words[0], "TCP6") == 0;
    if (at != end || end[-1] == ' ' || (!is_ipv4 && !is_ipv6))
        return bad(why, "PROXY: TCP4 or TCP6, two addresses and two ports are expected");
    const int32_t port = port_of(words[3]);
    const int family = is_ipv4 ? AF_INET : AF_INET6;
    if (port < 0 || port_of(words[4]) < 0 || !set_source(out, family, words[1], port) ||
        !set_source(&destination, family, words[2], 0))
        return bad(why, "PROXY: a wrong address or port");
    return PROXY_DONE;
}

static enum proxy_result parse_text(struct proxy_header *out, const uint8_t *bytes, uint32_t len,
                                    const char **why) {
    const uint32_t begin_len = (uint32_t)strlen(TEXT_BEGIN);
    const uint32_t seen = len < TEXT_LEN_MAX ? len : TEXT_LEN_MAX;
    if (memcmp(bytes, TEXT_BEGIN, seen < begin_len ? seen : begin_len) != 0)
        return bad(why, "PROXY: no header of version 1");
    for (uint32_t i = begin_len; i + 1 < seen; i++) {
        if (bytes[i] != '\r' || bytes[i + 1] != '\n')
            continue;
        out->header_len = i + 2;
        return parse_words(out, bytes + begin_len, bytes + i, why);
    }
    return seen < TEXT_LEN_MAX ? PROXY_MORE : bad(why, "PROXY: a line without end");
}

/* ---- Version 2 ---- */

static void take_name(struct proxy_header *out, const uint8_t *value, uint32_t len) {
    if (len == 0 || len > PROXY_COMMON_NAME_LEN_MAX || memchr(value, '\0', len) != NULL)
        return;
    memcpy(out->common_name, value, len);
    out->common_name[len] = '\0';
}

/* Walks TLVs; depth 0: of the header, 1: inside that of TLS. false: one is longer than what it is
 * in. */
static bool walk_tlvs(struct proxy_header *out, const uint8_t *bytes, uint32_t len,
                      uint32_t depth) {
    uint32_t at = 0;
    while (len - at >= TLV_HEAD_LEN) {
        const uint8_t type = bytes[at];
        const uint32_t value_len = get_16(bytes + at + 1);
        const uint8_t *value = bytes + at + TLV_HEAD_LEN;
        if (value_len > len - at - TLV_HEAD_LEN)
            return false;
        if (depth == 1 && type == TLV_COMMON_NAME)
            take_name(out, value, value_len);
        if (depth == 0 && type == TLV_TLS) {
            if (value_len < TLS_HEAD_LEN)
                return false;
            const bool verified = value[1] == 0 && value[2] == 0 && value[3] == 0 && value[4] == 0;
            out->has_tls = (value[0] & CLIENT_TLS) != 0;
            out->has_certificate = (value[0] & CLIENT_CERTIFICATE) != 0 && verified;
            if (!walk_tlvs(out, value + TLS_HEAD_LEN, value_len - TLS_HEAD_LEN, 1))
                return false;
        }
        at += TLV_HEAD_LEN + value_len;
    }
    return at == len;
}

/* The addresses' length; UINT32_MAX: they do not fit. */
static uint32_t take_addresses(struct proxy_header *out, uint8_t family, const uint8_t *bytes,
                               uint32_t len) {
    struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    uint32_t used = 0;
    if (family == FAMILY_IPV4 && len >= IPV4_ADDRESSES_LEN) {
        used = IPV4_ADDRESSES_LEN;
        memcpy(&ipv4.sin_addr, bytes, 4);
        memcpy(&ipv4.sin_port, bytes + 8, 2);
        memcpy(&from, &ipv4, sizeof ipv4);
    } else if (family == FAMILY_IPV6 && len >= IPV6_ADDRESSES_LEN) {
        used = IPV6_ADDRESSES_LEN;
        memcpy(&ipv6.sin6_addr, bytes, 16);
        memcpy(&ipv6.sin6_port, bytes + 32, 2);
        memcpy(&from, &ipv6, sizeof ipv6);
    } else if (family == FAMILY_UNIX && len >= UNIX_ADDRESSES_LEN) {
        used = UNIX_ADDRESSES_LEN;
        from.ss_family = AF_UNIX;
    } else if (family != 0) {
        return UINT32_MAX;
    }
    address_from(&out->source, &from);
    out->is_local = from.ss_family == AF_UNSPEC;
    return used;
}

static enum proxy_result parse_binary(struct proxy_header *out, const uint8_t *bytes, uint32_t len,
                                      const char **why) {
    if (memcmp(bytes, signature, len < SIGNATURE_LEN ? len : SIGNATURE_LEN) != 0)
        return bad(why, "PROXY: no header of version 2");
    if (len < FIXED_LEN)
        return PROXY_MORE;
    const uint8_t command = bytes[SIGNATURE_LEN];
    const uint8_t family = bytes[SIGNATURE_LEN + 1] & 0xF0u;
    const uint32_t rest_len = get_16(bytes + SIGNATURE_LEN + 2);
    if (command != COMMAND_LOCAL && command != COMMAND_PROXY)
        return bad(why, "PROXY: an unknown version or command");
    if (FIXED_LEN + rest_len > PROXY_HEADER_LEN_MAX)
        return bad(why, "PROXY: the header is too long");
    if (len < FIXED_LEN + rest_len)
        return PROXY_MORE;
    out->header_len = FIXED_LEN + rest_len;
    out->is_local = true;
    if (command == COMMAND_LOCAL)
        return PROXY_DONE;
    const uint32_t used = take_addresses(out, family, bytes + FIXED_LEN, rest_len);
    if (used == UINT32_MAX)
        return bad(why, "PROXY: an unknown kind of address, or a part of one");
    if (!walk_tlvs(out, bytes + FIXED_LEN + used, rest_len - used, 0))
        return bad(why, "PROXY: what stands behind the addresses is cut off");
    return PROXY_DONE;
}

enum proxy_result proxy_header_parse(struct proxy_header *out, uint32_t version,
                                     const uint8_t *bytes, uint32_t len, const char **why) {
    memset(out, 0, sizeof *out);
    return version == 1 ? parse_text(out, bytes, len, why) : parse_binary(out, bytes, len, why);
}
