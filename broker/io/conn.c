/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Connections and their buffers; see conn.h.
 */
#include "broker/io/conn.h"

#include <stdlib.h>
#include <string.h>

/* Connections are allocated in chunks that never move; slot = chunk * CHUNK_SLOTS + index. */
#define CHUNK_SLOTS 256u
#define INPUT_SIZE_MIN 256u

_Static_assert(sizeof(struct conn) <= CONN_SIZE_MAX_BYTES, "an idle connection must stay small");

/* ---- The table ---- */

void conn_table_init(struct conn_table *table) {
    *table = (struct conn_table){.free_slot = CONN_NONE};
}

void conn_table_free(struct conn_table *table) {
    for (uint32_t i = 0; i < table->chunk_count; i++)
        free(table->chunks[i]);
    free(table->chunks);
    conn_table_init(table);
}

uint32_t conn_table_slot_count(const struct conn_table *table) {
    return table->chunk_count * CHUNK_SLOTS;
}

struct conn *conn_table_get(const struct conn_table *table, uint32_t slot) {
    if (slot >= conn_table_slot_count(table))
        return NULL;
    return &table->chunks[slot / CHUNK_SLOTS][slot % CHUNK_SLOTS];
}

static bool add_chunk(struct conn_table *table) {
    const size_t count = (size_t)table->chunk_count + 1;
    struct conn **chunks = realloc(table->chunks, count * sizeof *chunks);
    if (chunks == NULL)
        return false;
    table->chunks = chunks;
    struct conn *chunk = calloc(CHUNK_SLOTS, sizeof *chunk);
    if (chunk == NULL)
        return false;
    const uint32_t first = conn_table_slot_count(table);
    for (uint32_t i = CHUNK_SLOTS; i > 0; i--) {
        chunk[i - 1].closing_next = table->free_slot;
        table->free_slot = first + i - 1;
    }
    chunks[table->chunk_count++] = chunk;
    return true;
}

struct conn *conn_table_add(struct conn_table *table) {
    if (table->free_slot == CONN_NONE && !add_chunk(table))
        return NULL;
    const uint32_t slot = table->free_slot;
    struct conn *conn = conn_table_get(table, slot);
    table->free_slot = conn->closing_next;
    *conn = (struct conn){.fd = -1,
                          .slot = slot,
                          .dirty_next = CONN_NONE,
                          .closing_next = CONN_NONE,
                          .closing_previous = CONN_NONE,
                          .state = CONN_OPEN};
    table->open_count++;
    return conn;
}

void conn_table_remove(struct conn_table *table, struct conn *conn) {
    conn->state = CONN_FREE;
    conn->closing_next = table->free_slot;
    table->free_slot = conn->slot;
    table->open_count--;
}

struct conn_more *conn_get_more(struct conn *conn) {
    if (conn->more == NULL)
        conn->more = calloc(1, sizeof *conn->more);
    return conn->more;
}

void conn_drop_more(struct conn *conn) {
    if (conn->more != NULL)
        free(conn->more->user_name);
    free(conn->more);
    conn->more = NULL;
}

/* ---- Buffers ---- */

static struct conn_buffer *resize(struct conn_buffer *buffer, uint32_t size) {
    struct conn_buffer *grown = realloc(buffer, sizeof *grown + size);
    if (grown == NULL)
        return NULL;
    if (buffer == NULL)
        *grown = (struct conn_buffer){0};
    grown->size = size;
    return grown;
}

/* At least needed bytes, at most wanted_bytes, doubling in between. */
static bool make_room(struct conn *conn, uint32_t needed, uint32_t wanted_bytes) {
    const uint32_t size = conn->in == NULL ? 0 : conn->in->size;
    if (needed <= size)
        return true;
    uint64_t grown_size = (uint64_t)size * 2;
    if (grown_size < INPUT_SIZE_MIN)
        grown_size = INPUT_SIZE_MIN;
    if (grown_size > wanted_bytes)
        grown_size = wanted_bytes;
    if (grown_size < needed)
        grown_size = needed;
    struct conn_buffer *in = resize(conn->in, (uint32_t)grown_size);
    if (in == NULL)
        return false;
    conn->in = in;
    return true;
}

uint32_t conn_keep_input(struct conn *conn, const uint8_t *data, uint32_t start, uint32_t end,
                         uint32_t wanted_bytes) {
    const uint32_t held = conn->in == NULL ? 0 : conn->in->end;
    const uint32_t missing = wanted_bytes > held ? wanted_bytes - held : 0;
    const uint32_t moved = end - start < missing ? end - start : missing;
    if (moved == 0 || !make_room(conn, held + moved, wanted_bytes))
        return 0;
    memcpy(conn->in->bytes + held, data + start, moved);
    conn->in->end = held + moved;
    return moved;
}

void conn_use_input(struct conn *conn, uint32_t used) {
    struct conn_buffer *in = conn->in;
    if (used == in->end) {
        conn_drop_input(conn);
        return;
    }
    in->end -= used;
    memmove(in->bytes, in->bytes + used, in->end);
}

void conn_drop_input(struct conn *conn) {
    /* A CONNECT that came in pieces, with its password. */
    if (conn->in != NULL && conn->standing == CONN_UNKNOWN)
        explicit_bzero(conn->in->bytes, conn->in->size);
    free(conn->in);
    conn->in = NULL;
}

bool conn_keep_output(struct conn *conn, const uint8_t *data, uint32_t start, uint32_t end) {
    const uint32_t held = conn->out == NULL ? 0 : conn->out->end;
    struct conn_buffer *out = resize(conn->out, held + (end - start));
    if (out == NULL)
        return false;
    memcpy(out->bytes + held, data + start, end - start);
    out->end = held + (end - start);
    conn->out = out;
    return true;
}

void conn_drop_output(struct conn *conn) {
    free(conn->out);
    conn->out = NULL;
}
