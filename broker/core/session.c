/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Sessions and the table that finds them by client identifier: chains under a keyed hash, so that
 * no choice of identifiers makes it slow. It knows nothing of packets.
 */
#include "broker/core/session.h"

#include <string.h>

#include "broker/core/core_assert.h"

#define BUCKET_COUNT_MIN 64u

/* ---- Strings ---- */

struct text *text_create(struct memory *memory, enum memory_class class_, struct ella_slice from) {
    uint32_t len = ella_slice_len(from);
    struct text *text = memory_get(memory, class_, sizeof *text + len);

    if (text == NULL)
        return NULL;
    text->len = len;
    if (len > 0u)
        memcpy(text->bytes, ella_slice_data(from), len);
    return text;
}

void text_free(struct memory *memory, enum memory_class class_, struct text *text) {
    if (text != NULL)
        memory_put(memory, class_, text, sizeof *text + text->len);
}

bool text_replace(struct memory *memory, enum memory_class class_, struct text **text,
                  struct ella_slice from) {
    struct text *replacement = text_create(memory, class_, from);

    if (replacement == NULL)
        return false;
    text_free(memory, class_, *text);
    *text = replacement;
    return true;
}

struct ella_slice text_slice(const struct text *text) {
    if (text == NULL)
        return ella_slice_of(NULL, 0u);
    return ella_slice_of(text->bytes, text->len);
}

/* ---- The table ---- */

bool session_table_init(struct session_table *table, struct memory *memory, struct hash_key key) {
    table->buckets =
        memory_get_zero(memory, MEMORY_SESSION, BUCKET_COUNT_MIN * sizeof(struct session *));
    table->bucket_count = table->buckets == NULL ? 0u : BUCKET_COUNT_MIN;
    table->count = 0u;
    table->key = key;
    return table->buckets != NULL;
}

void session_table_free(struct session_table *table, struct memory *memory) {
    CORE_ASSERT(table->count == 0u);
    memory_put(memory, MEMORY_SESSION, table->buckets,
               table->bucket_count * sizeof(struct session *));
    table->buckets = NULL;
    table->bucket_count = 0u;
}

static struct session **bucket_of(const struct session_table *table, uint64_t key) {
    return &table->buckets[key & (table->bucket_count - 1u)];
}

/* A table of another size; without memory for it the present one serves on, only slower. */
static void table_resize(struct session_table *table, struct memory *memory,
                         uint32_t bucket_count) {
    struct session_table resized = *table;
    struct session *session;

    resized.buckets =
        memory_get_zero(memory, MEMORY_SESSION, bucket_count * sizeof(struct session *));
    if (resized.buckets == NULL)
        return;
    resized.bucket_count = bucket_count;
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        while ((session = table->buckets[i]) != NULL) {
            struct session **bucket = bucket_of(&resized, session->key);
            table->buckets[i] = session->hash_next;
            session->hash_next = *bucket;
            *bucket = session;
        }
    }
    memory_put(memory, MEMORY_SESSION, table->buckets,
               table->bucket_count * sizeof(struct session *));
    *table = resized;
}

uint64_t session_key(const struct session_table *table, struct ella_slice client_id) {
    uint64_t key =
        hash_bytes(table->key, 0u, ella_slice_data(client_id), ella_slice_len(client_id));
    return key == 0u ? 1u : key;
}

struct session *session_find(const struct session_table *table, struct ella_slice client_id) {
    uint64_t key = session_key(table, client_id);
    uint32_t len = ella_slice_len(client_id);

    for (struct session *s = *bucket_of(table, key); s != NULL; s = s->hash_next) {
        //= v5/3.1.3-2 v3/3.1.3-2
        if (s->key == key && s->client_id_len == len &&
            memcmp(s->client_id, ella_slice_data(client_id), len) == 0)
            return s;
    }
    return NULL;
}

struct session *session_find_key(const struct session_table *table, uint64_t key) {
    for (struct session *s = *bucket_of(table, key); s != NULL; s = s->hash_next) {
        if (s->key == key)
            return s;
    }
    return NULL;
}

struct session *session_any(const struct session_table *table) {
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        if (table->buckets[i] != NULL)
            return table->buckets[i];
    }
    return NULL;
}

/* ---- Sessions ---- */

/* The identifier begins in what would be padding. */
static size_t session_size(uint32_t client_id_len) {
    const size_t size = offsetof(struct session, client_id) + client_id_len;
    return size < sizeof(struct session) ? sizeof(struct session) : size;
}

struct session *session_create(struct session_table *table, struct memory *memory,
                               struct ella_slice client_id) {
    uint32_t len = ella_slice_len(client_id);
    struct session *session;
    struct session **bucket;

    CORE_ASSERT(len > 0u && len <= ELLA_STRING_LEN_MAX);
    session = memory_get_zero(memory, MEMORY_SESSION, session_size(len));
    if (session == NULL)
        return NULL;
    session->client_id_len = (uint16_t)len;
    memcpy(session->client_id, ella_slice_data(client_id), len);
    session->key = session_key(table, client_id);
    session->expires_ms = UINT64_MAX;
    timer_init(&session->timer, TIMER_SESSION);
    if (table->count / 2u >= table->bucket_count && table->bucket_count < UINT32_MAX / 2u)
        table_resize(table, memory, table->bucket_count * 2u);
    bucket = bucket_of(table, session->key);
    session->hash_next = *bucket;
    *bucket = session;
    table->count++;
    return session;
}

void session_destroy(struct session_table *table, struct memory *memory, struct session *session) {
    struct session **link = bucket_of(table, session->key);

    CORE_ASSERT(session->subscriptions.first == NULL && !timer_is_set(&session->timer));
    while (*link != session)
        link = &(*link)->hash_next;
    *link = session->hash_next;
    table->count--;
    if (table->bucket_count > BUCKET_COUNT_MIN && table->count < table->bucket_count / 4u)
        table_resize(table, memory, table->bucket_count / 2u);
    while (session->queue.first != NULL)
        queue_remove(memory, &session->queue, session->queue.first);
    received_free(memory, &session->received);
    session_drop_will(memory, session);
    session_set_user_name(memory, session, NULL);
    memory_put(memory, MEMORY_SESSION, session, session_size(session->client_id_len));
}

struct ella_slice session_client_id(const struct session *session) {
    return ella_slice_of(session->client_id, session->client_id_len);
}

void session_set_user_name(struct memory *memory, struct session *session,
                           struct text *user_name) {
    text_free(memory, MEMORY_SESSION, session->user_name);
    session->user_name = user_name;
}

void session_drop_will(struct memory *memory, struct session *session) {
    if (session->will == NULL)
        return;
    message_drop(memory, session->will->message);
    memory_put(memory, MEMORY_SESSION, session->will, sizeof *session->will);
    session->will = NULL;
}
