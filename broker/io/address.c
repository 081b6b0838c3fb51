/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Peer addresses in few bytes; see address.h.
 */
#include "broker/io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define IPV4_MAPPED_PREFIX_LEN 12u
#define IPV4_LEN 4u

static void from_ipv6(struct address *out, const struct sockaddr_in6 *from) {
    const uint8_t *bytes = from->sin6_addr.s6_addr;
    out->port = ntohs(from->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&from->sin6_addr)) {
        out->family = ADDRESS_IPV4;
        memcpy(out->bytes, bytes + IPV4_MAPPED_PREFIX_LEN, IPV4_LEN);
        return;
    }
    out->family = ADDRESS_IPV6;
    memcpy(out->bytes, bytes, sizeof out->bytes);
}

void address_from(struct address *out, const struct sockaddr_storage *from) {
    memset(out, 0, sizeof *out);
    if (from->ss_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, from, sizeof ipv4);
        out->family = ADDRESS_IPV4;
        out->port = ntohs(ipv4.sin_port);
        memcpy(out->bytes, &ipv4.sin_addr, IPV4_LEN);
    } else if (from->ss_family == AF_INET6) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, from, sizeof ipv6);
        from_ipv6(out, &ipv6);
    } else if (from->ss_family == AF_UNIX) {
        out->family = ADDRESS_UNIX;
    }
}

const char *address_text(const struct address *address, char out[ADDRESS_TEXT_SIZE]) {
    char number[INET6_ADDRSTRLEN];
    if (address->family == ADDRESS_IPV4) {
        inet_ntop(AF_INET, address->bytes, number, sizeof number);
        snprintf(out, ADDRESS_TEXT_SIZE, "%s:%u", number, (unsigned)address->port);
    } else if (address->family == ADDRESS_IPV6) {
        inet_ntop(AF_INET6, address->bytes, number, sizeof number);
        snprintf(out, ADDRESS_TEXT_SIZE, "[%s]:%u", number, (unsigned)address->port);
    } else {
        const char *words = address->family == ADDRESS_UNIX ? "unix-socket" : "unknown";
        snprintf(out, ADDRESS_TEXT_SIZE, "%s", words);
    }
    return out;
}

const char *address_text_without_port(const struct address *address, char out[ADDRESS_TEXT_SIZE]) {
    if (address->family == ADDRESS_IPV4)
        inet_ntop(AF_INET, address->bytes, out, ADDRESS_TEXT_SIZE);
    else if (address->family == ADDRESS_IPV6)
        inet_ntop(AF_INET6, address->bytes, out, ADDRESS_TEXT_SIZE);
    else
        address_text(address, out);
    return out;
}
