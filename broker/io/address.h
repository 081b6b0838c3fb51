/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The peer's address of a connection in 20 bytes, and as text. It knows no descriptor and resolves
 * no names.
 */
#ifndef BROKER_IO_ADDRESS_H
#define BROKER_IO_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

struct sockaddr_storage;

enum address_family {
    ADDRESS_NONE = 0,
    ADDRESS_IPV4,
    ADDRESS_IPV6, /* an IPv4 address mapped into IPv6 becomes ADDRESS_IPV4 */
    ADDRESS_UNIX, /* a peer on this machine: it has no address */
};

struct address {
    uint8_t family; /* enum address_family */
    uint16_t port;  /* host order; 0 for unix sockets */
    uint8_t bytes[16];
};

/* Bytes enough for every address as text, its end included: "[ffff:...%]:65535". */
#define ADDRESS_TEXT_SIZE 64u

void address_from(struct address *out, const struct sockaddr_storage *from);
/* "192.0.2.1:1883", "[2001:db8::1]:1883", "unix-socket", "unknown". Returns out. */
const char *address_text(const struct address *address, char out[ADDRESS_TEXT_SIZE]);
/* The same without port: "192.0.2.1", "2001:db8::1". */
const char *address_text_without_port(const struct address *address, char out[ADDRESS_TEXT_SIZE]);

#endif
