/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Failures by address, failures by user, and pairs that came in; see login_guard.h.
 *
 * A record is found by a keyed hash of 64 bits, which stands for the name itself: two names with
 * one hash would share a record, which nobody can bring about without the key. Each hash has a
 * set of WAYS places.
 */
#include "broker/security/login_guard.h"

#include <stdlib.h>

#include "broker/core/hash.h"

#define WAYS 8u
#define SETS (LOGIN_GUARD_RECORDS / WAYS)
/* More doublings than there are would be a shift too far. */
#define DOUBLINGS_MAX 31u

enum table {
    TABLE_ADDRESSES,
    TABLE_USERS,
    TABLE_PAIRS, /* those that came in */
    TABLE_COUNT
};

struct record {
    uint64_t hash; /* 0: free */
    uint64_t last_ms;
    uint64_t locked_until_ms;
    uint32_t failure_count;
};

struct login_guard {
    struct login_guard_rules rules;
    struct hash_key key;
    struct record records[TABLE_COUNT][LOGIN_GUARD_RECORDS];
};

struct login_guard *login_guard_create(const struct login_guard_rules *rules, uint64_t seed) {
    struct login_guard *guard = calloc(1, sizeof *guard);
    if (guard == NULL)
        return NULL;
    guard->rules = *rules;
    guard->key = hash_key_of(seed, 0);
    return guard;
}

void login_guard_free(struct login_guard *guard) {
    free(guard);
}

void login_guard_configure(struct login_guard *guard, const struct login_guard_rules *rules) {
    guard->rules = *rules;
}

/* ---- Records ---- */

static uint64_t not_zero(uint64_t hash) {
    return hash == 0 ? 1 : hash;
}

/* 0: the client has nothing that this table goes by. */
static uint64_t hash_for(const struct login_guard *guard, enum table table,
                         const struct login_guard_client *client) {
    const uint32_t address_len = ella_slice_len(client->address);
    const uint32_t user_len = ella_slice_len(client->user);
    const uint64_t address =
        hash_bytes(guard->key, TABLE_ADDRESSES, ella_slice_data(client->address), address_len);
    if (table == TABLE_ADDRESSES)
        return address_len == 0 ? 0 : not_zero(address);
    const uint64_t prefix = table == TABLE_USERS ? TABLE_USERS : address ^ TABLE_PAIRS;
    return user_len == 0
               ? 0
               : not_zero(hash_bytes(guard->key, prefix, ella_slice_data(client->user), user_len));
}

static uint64_t quiet_since_ms(const struct record *record) {
    return record->locked_until_ms > record->last_ms ? record->locked_until_ms : record->last_ms;
}

static const struct record *find(const struct login_guard *guard, enum table table,
                                 uint64_t hash) {
    const struct record *set = &guard->records[table][hash % SETS * WAYS];
    for (uint32_t i = 0; hash != 0 && i < WAYS; i++) {
        if (set[i].hash == hash)
            return &set[i];
    }
    return NULL;
}

/* The record of hash, made if need be in place of the one that was quiet longest. */
static struct record *find_or_make(struct login_guard *guard, enum table table, uint64_t hash) {
    struct record *set = &guard->records[table][hash % SETS * WAYS];
    struct record *oldest = &set[0];
    for (uint32_t i = 0; i < WAYS; i++) {
        if (set[i].hash == hash)
            return &set[i];
        if (oldest->hash != 0 &&
            (set[i].hash == 0 || quiet_since_ms(&set[i]) < quiet_since_ms(oldest)))
            oldest = &set[i];
    }
    *oldest = (struct record){.hash = hash};
    return oldest;
}

/* ---- Questions and answers ---- */

static bool is_locked(const struct login_guard *guard, enum table table, uint64_t now_ms,
                      const struct login_guard_client *client) {
    const struct record *record = find(guard, table, hash_for(guard, table, client));
    return record != NULL && record->locked_until_ms > now_ms;
}

enum login_guard_answer login_guard_ask(const struct login_guard *guard, uint64_t now_ms,
                                        const struct login_guard_client *client) {
    const bool address_locked = is_locked(guard, TABLE_ADDRESSES, now_ms, client);
    const bool user_locked = is_locked(guard, TABLE_USERS, now_ms, client);
    if ((!address_locked && !user_locked) || guard->rules.failures_allowed == 0)
        return LOGIN_GUARD_OPEN;
    /* A pair that came in may try as long as it does not fail itself. */
    const struct record *pair = find(guard, TABLE_PAIRS, hash_for(guard, TABLE_PAIRS, client));
    if (pair != NULL && pair->failure_count < guard->rules.failures_allowed)
        return LOGIN_GUARD_OPEN;
    return address_locked ? LOGIN_GUARD_ADDRESS_LOCKED : LOGIN_GUARD_USER_LOCKED;
}

void login_guard_succeeded(struct login_guard *guard, uint64_t now_ms,
                           const struct login_guard_client *client) {
    const uint64_t hash = hash_for(guard, TABLE_PAIRS, client);
    if (hash == 0)
        return;
    struct record *pair = find_or_make(guard, TABLE_PAIRS, hash);
    pair->last_ms = now_ms;
    pair->failure_count = 0;
}

static uint64_t pause_after(const struct login_guard_rules *rules, uint32_t failure_count) {
    if (rules->failures_allowed == 0 || failure_count <= rules->failures_allowed)
        return 0;
    const uint32_t doublings = failure_count - rules->failures_allowed - 1u;
    const uint64_t pause = (uint64_t)rules->pause_ms
                           << (doublings > DOUBLINGS_MAX ? DOUBLINGS_MAX : doublings);
    return pause < rules->lockout_ms ? pause : rules->lockout_ms;
}

static uint64_t count_failure(struct login_guard *guard, enum table table, uint64_t now_ms,
                              const struct login_guard_client *client) {
    const uint64_t hash = hash_for(guard, table, client);
    if (hash == 0)
        return 0;
    struct record *record = find_or_make(guard, table, hash);
    if (now_ms > quiet_since_ms(record) + guard->rules.lockout_ms)
        record->failure_count = 0;
    if (record->failure_count < UINT32_MAX)
        record->failure_count++;
    record->last_ms = now_ms;
    const uint64_t pause = pause_after(&guard->rules, record->failure_count);
    if (now_ms + pause > record->locked_until_ms)
        record->locked_until_ms = now_ms + pause;
    return pause;
}

struct login_guard_pauses login_guard_failed(struct login_guard *guard, uint64_t now_ms,
                                             const struct login_guard_client *client) {
    struct login_guard_pauses pauses = {
        .address_ms = count_failure(guard, TABLE_ADDRESSES, now_ms, client),
        .user_ms = count_failure(guard, TABLE_USERS, now_ms, client)};
    /* Only pairs that came in have a record there, so that failures make none. */
    if (find(guard, TABLE_PAIRS, hash_for(guard, TABLE_PAIRS, client)) != NULL)
        (void)count_failure(guard, TABLE_PAIRS, now_ms, client);
    return pauses;
}
