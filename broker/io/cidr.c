/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Ranges of addresses; see cidr.h.
 */
#include "broker/io/cidr.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TEXT_LEN_MAX 64u
#define IPV4_BITS 32u
#define IPV6_BITS 128u
#define MAPPED_PREFIX_BITS 96u

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool is_clear_behind(const uint8_t bytes[16], uint32_t bits) {
    for (uint32_t i = bits; i < IPV6_BITS; i++) {
        if ((bytes[i / 8] & (0x80u >> i % 8)) != 0)
            return false;
    }
    return true;
}

/* A number up to 128 without sign, leading zeros or anything else; -1 if it is none. */
static int parse_bits(const char *text) {
    int bits = 0;
    if (*text == '\0' || (*text == '0' && text[1] != '\0'))
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || bits > (int)IPV6_BITS)
            return -1;
        bits = bits * 10 + (*text - '0');
    }
    return bits;
}

static void unmap(struct cidr *cidr) {
    if (cidr->family != ADDRESS_IPV6 || cidr->bits < MAPPED_PREFIX_BITS ||
        memcmp(cidr->bytes, mapped_prefix, sizeof mapped_prefix) != 0)
        return;
    memmove(cidr->bytes, cidr->bytes + sizeof mapped_prefix, 4);
    memset(cidr->bytes + 4, 0, sizeof cidr->bytes - 4);
    cidr->family = ADDRESS_IPV4;
    cidr->bits = (uint8_t)(cidr->bits - MAPPED_PREFIX_BITS);
}

const char *cidr_parse(struct cidr *out, const char *text) {
    char address[TEXT_LEN_MAX + 1];
    const size_t len = strcspn(text, "/");
    *out = (struct cidr){.family = ADDRESS_UNIX};
    if (strcmp(text, "unix") == 0)
        return NULL;
    if (len > TEXT_LEN_MAX)
        return "is longer than any address";
    memcpy(address, text, len);
    address[len] = '\0';
    if (inet_pton(AF_INET, address, out->bytes) == 1)
        out->family = ADDRESS_IPV4;
    else if (inet_pton(AF_INET6, address, out->bytes) == 1)
        out->family = ADDRESS_IPV6;
    else
        return "is no IPv4 or IPv6 address, nor unix";
    const uint32_t bits_max = out->family == ADDRESS_IPV4 ? IPV4_BITS : IPV6_BITS;
    const int bits = text[len] == '/' ? parse_bits(text + len + 1) : (int)bits_max;
    if (bits < 0 || (uint32_t)bits > bits_max)
        return "has a wrong number of bits behind the slash";
    if (!is_clear_behind(out->bytes, (uint32_t)bits))
        return "has bits set that do not count";
    out->bits = (uint8_t)bits;
    unmap(out);
    return NULL;
}

bool cidr_has(const struct cidr *cidr, const struct address *address) {
    const uint32_t whole = cidr->bits / 8u;
    const uint32_t rest = cidr->bits % 8u;
    if (cidr->family != address->family || memcmp(cidr->bytes, address->bytes, whole) != 0)
        return false;
    const uint32_t mask = 0xFF00u >> rest & 0xFFu;
    return rest == 0 || ((cidr->bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

bool cidr_list_add(struct cidr_list *list, const struct cidr *cidr) {
    struct cidr *items = realloc(list->items, ((size_t)list->count + 1) * sizeof *items);
    if (items == NULL)
        return false;
    items[list->count++] = *cidr;
    list->items = items;
    return true;
}

bool cidr_list_has(const struct cidr_list *list, const struct address *address) {
    for (uint32_t i = 0; i < list->count; i++) {
        if (cidr_has(&list->items[i], address))
            return true;
    }
    return false;
}

void cidr_list_free(struct cidr_list *list) {
    free(list->items);
    *list = (struct cidr_list){0};
}
