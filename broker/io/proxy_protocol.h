/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The header by which a proxy says whom it speaks for: PROXY protocol, versions 1 (text) and 2
 * (binary), as HAProxy's proxy-protocol.txt lays them down. Bytes to a struct; it knows no socket.
 *
 *   v1: "PROXY TCP4|TCP6 SOURCE DESTINATION SPORT DPORT\r\n" or "PROXY UNKNOWN...\r\n", 107 bytes
 *       at most
 *   v2: 12 bytes of signature, 0x20 (LOCAL) or 0x21 (PROXY), family, length (16 bits), addresses,
 *       then TLVs: type, length (16 bits), value. Of them TLS (0x20) is read: client bits, 32 bits
 *       of verification, TLVs again, of which 0x22 is the common name.
 */
#ifndef BROKER_IO_PROXY_PROTOCOL_H
#define BROKER_IO_PROXY_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/io/address.h"

/* A longer header is refused; real ones have 16 to some 300 bytes. */
#define PROXY_HEADER_LEN_MAX 536u
#define PROXY_COMMON_NAME_LEN_MAX 255u

enum proxy_result {
    PROXY_DONE, /* out is set, its header_len bytes are used */
    PROXY_MORE, /* so far it may be one: more bytes, please */
    PROXY_BAD,  /* *why, static */
};

struct proxy_header {
    uint32_t header_len;
    bool is_local;         /* the proxy speaks for itself (health checks) or does not say */
    struct address source; /* ADDRESS_NONE if is_local */
    bool has_tls;          /* the client reached the proxy over TLS */
    bool has_certificate;  /* and showed a certificate that the proxy found good */
    char common_name[PROXY_COMMON_NAME_LEN_MAX + 1]; /* of it; empty: unknown */
};

/* version: 1 or 2; the other one is refused. */
enum proxy_result proxy_header_parse(struct proxy_header *out, uint32_t version,
                                     const uint8_t *bytes, uint32_t len, const char **why);

#endif
