/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Ranges of addresses as people write them: 192.0.2.0/24, 2001:db8::/32, a single address, unix.
 * It resolves no names.
 */
#ifndef BROKER_IO_CIDR_H
#define BROKER_IO_CIDR_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/io/address.h"

struct cidr {
    uint8_t family; /* enum address_family: IPv4, IPv6 or UNIX */
    uint8_t bits;   /* of bytes that count */
    uint8_t bytes[16];
};

/* ADDRESS or ADDRESS/BITS; no bit behind the first BITS may be set. "unix" stands for peers at a
 * unix socket. An IPv4 address mapped into IPv6 is its IPv4 address. NULL: out is set; else what
 * is wrong, static. */
const char *cidr_parse(struct cidr *out, const char *text);
bool cidr_has(const struct cidr *cidr, const struct address *address);

/* Owned by whoever configures it. */
struct cidr_list {
    struct cidr *items;
    uint32_t count;
};

/* false: no memory. */
bool cidr_list_add(struct cidr_list *list, const struct cidr *cidr);
bool cidr_list_has(const struct cidr_list *list, const struct address *address);
void cidr_list_free(struct cidr_list *list);

#endif
