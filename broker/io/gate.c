/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Counting connections by address; see gate.h.
 */
#include "broker/io/gate.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define SIZE_FIRST 64u
/* Entries looked at for being of no use, with each connection that comes. */
#define SWEEP_STEPS 4u
#define SALT 0x67617465u /* "gate" */
#define IPV4_LEN 4u
#define IPV6_PREFIX_LEN 8u

void gate_init(struct gate *gate, uint64_t seed) {
    *gate = (struct gate){.key = hash_key_of(seed, SALT), .free_first = NONE};
}

void gate_free(struct gate *gate) {
    free(gate->entries);
    free(gate->heads);
    *gate = (struct gate){.free_first = NONE};
}

/* ---- The table ---- */

static void make_key(uint8_t key[9], const struct address *address) {
    memset(key, 0, 9);
    key[0] = address->family;
    memcpy(key + 1, address->bytes, address->family == ADDRESS_IPV4 ? IPV4_LEN : IPV6_PREFIX_LEN);
}

static uint32_t *head_of(const struct gate *gate, const uint8_t key[9]) {
    return &gate->heads[hash_bytes(gate->key, 0, key, 9) & (gate->size - 1)];
}

static struct gate_entry *find(const struct gate *gate, const uint8_t key[9]) {
    if (gate->size == 0)
        return NULL;
    for (uint32_t i = *head_of(gate, key); i != NONE; i = gate->entries[i].next) {
        if (memcmp(gate->entries[i].key, key, 9) == 0)
            return &gate->entries[i];
    }
    return NULL;
}

static bool is_free(const struct gate_entry *entry) {
    return entry->key[0] == ADDRESS_NONE;
}

static void link_entry(struct gate *gate, uint32_t index) {
    uint32_t *head = head_of(gate, gate->entries[index].key);
    gate->entries[index].next = *head;
    *head = index;
}

static bool grow(struct gate *gate) {
    const uint32_t size = gate->size == 0 ? SIZE_FIRST : gate->size * 2;
    if (size > GATE_ADDRESSES_MAX)
        return false;
    struct gate_entry *entries = realloc(gate->entries, size * sizeof *entries);
    if (entries == NULL)
        return false;
    gate->entries = entries;
    uint32_t *heads = realloc(gate->heads, size * sizeof *heads);
    if (heads == NULL)
        return false;
    gate->heads = heads;
    gate->size = size;
    for (uint32_t i = 0; i < size; i++)
        heads[i] = NONE;
    for (uint32_t i = 0; i < gate->used_end; i++) {
        if (!is_free(&entries[i]))
            link_entry(gate, i);
    }
    return true;
}

static void forget(struct gate *gate, uint32_t index) {
    struct gate_entry *entry = &gate->entries[index];
    uint32_t *at = head_of(gate, entry->key);
    while (*at != index)
        at = &gate->entries[*at].next;
    *at = entry->next;
    entry->key[0] = ADDRESS_NONE;
    entry->next = gate->free_first;
    gate->free_first = index;
    gate->known--;
}

/* Some entries at a time, so that no connection pays for all. */
static void sweep(struct gate *gate, uint32_t rate, uint64_t now_ms) {
    for (uint32_t i = 0; i < SWEEP_STEPS && gate->used_end > 0; i++) {
        gate->sweep = gate->sweep + 1 < gate->used_end ? gate->sweep + 1 : 0;
        struct gate_entry *entry = &gate->entries[gate->sweep];
        if (is_free(entry) || entry->connections > 0)
            continue;
        bucket_fill(&entry->bucket, rate, now_ms);
        if (entry->bucket.tokens >= (int64_t)rate * 1000)
            forget(gate, gate->sweep);
    }
}

/* NULL: there is no room for another address. */
static struct gate_entry *add(struct gate *gate, const uint8_t key[9]) {
    uint32_t index = gate->free_first;
    if (index == NONE && gate->used_end == gate->size && !grow(gate))
        return NULL;
    if (index != NONE)
        gate->free_first = gate->entries[index].next;
    else
        index = gate->used_end++;
    gate->entries[index] = (struct gate_entry){.connections = 0};
    memcpy(gate->entries[index].key, key, 9);
    link_entry(gate, index);
    gate->known++;
    return &gate->entries[index];
}

/* ---- Coming and going ---- */

static bool is_over(uint32_t limit, uint32_t count) {
    return limit != 0 && count >= limit;
}

static enum gate_answer judge(struct gate_entry *entry, const struct gate_limits *limits,
                              bool has_tls, uint64_t now_ms) {
    if (is_over(limits->connections_per_address, entry->connections))
        return GATE_CONNECTIONS_PER_ADDRESS;
    if (is_over(limits->pending_per_address, entry->pending))
        return GATE_PENDING_PER_ADDRESS;
    if (has_tls && is_over(limits->handshakes_per_address, entry->handshakes))
        return GATE_HANDSHAKES_PER_ADDRESS;
    if (limits->connection_rate_per_address != 0 &&
        !bucket_take(&entry->bucket, limits->connection_rate_per_address, now_ms))
        return GATE_RATE_PER_ADDRESS;
    return GATE_OPEN;
}

enum gate_answer gate_enter(struct gate *gate, const struct gate_limits *limits,
                            const struct address *address, bool has_tls, uint64_t now_ms,
                            uint8_t *stage) {
    uint8_t key[9];
    if (is_over(limits->pending, gate->pending))
        return GATE_PENDING;
    if (address->family != ADDRESS_IPV4 && address->family != ADDRESS_IPV6) {
        *stage = GATE_UNCOUNTED;
        return GATE_OPEN;
    }
    make_key(key, address);
    sweep(gate, limits->connection_rate_per_address, now_ms);
    struct gate_entry *entry = find(gate, key);
    if (entry == NULL && (entry = add(gate, key)) != NULL)
        entry->bucket = bucket_full(limits->connection_rate_per_address, now_ms);
    if (entry == NULL) {
        gate->uncounted++;
        *stage = GATE_UNCOUNTED;
        return GATE_OPEN;
    }
    const enum gate_answer answer = judge(entry, limits, has_tls, now_ms);
    if (answer != GATE_OPEN)
        return answer;
    entry->connections++;
    entry->pending++;
    entry->handshakes += has_tls ? 1u : 0u;
    gate->pending++;
    *stage = has_tls ? GATE_SHAKING : GATE_WAITING;
    return GATE_OPEN;
}

/* The entry of a connection that is counted. */
static struct gate_entry *entry_of(const struct gate *gate, const struct address *address) {
    uint8_t key[9];
    make_key(key, address);
    return find(gate, key);
}

void gate_shaken(struct gate *gate, const struct address *address, uint8_t *stage) {
    if (*stage != GATE_SHAKING)
        return;
    entry_of(gate, address)->handshakes--;
    *stage = GATE_WAITING;
}

void gate_pass(struct gate *gate, const struct address *address, uint8_t *stage) {
    if (*stage != GATE_WAITING)
        return;
    entry_of(gate, address)->pending--;
    gate->pending--;
    *stage = GATE_INSIDE;
}

void gate_leave(struct gate *gate, const struct address *address, uint8_t *stage) {
    gate_shaken(gate, address, stage);
    gate_pass(gate, address, stage);
    if (*stage == GATE_INSIDE)
        entry_of(gate, address)->connections--;
    *stage = GATE_OUTSIDE;
}

/* ---- Words ---- */

static const struct {
    const char *name;
    const char *text;
} words[GATE_ANSWER_COUNT] = {
    [GATE_OPEN] = {"none", "nothing is wrong"},
    [GATE_CONNECTIONS_PER_ADDRESS] = {"connections_per_address",
                                      "max_connections_per_address is reached"},
    [GATE_RATE_PER_ADDRESS] = {"rate_per_address", "max_connection_rate_per_address is reached"},
    [GATE_PENDING_PER_ADDRESS] = {"unauthenticated_per_address",
                                  "max_unauthenticated_per_address is reached"},
    [GATE_HANDSHAKES_PER_ADDRESS] = {"handshakes_per_address",
                                     "max_handshakes_per_address is reached"},
    [GATE_PENDING] = {"unauthenticated", "max_unauthenticated is reached"},
};

const char *gate_answer_text(enum gate_answer answer) {
    return words[answer].text;
}

const char *gate_answer_name(enum gate_answer answer) {
    return words[answer].name;
}
