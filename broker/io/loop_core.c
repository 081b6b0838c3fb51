/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The loop and its core: the ports it is given, and what it asks to be done.
 */
#include "broker/io/log_line.h"
#include "broker/io/loop_state.h"

/* A slot that the core names and the table does not know is a fault of ours: stop, in release
 * builds too. */
#undef NDEBUG
#include <assert.h>

/* ---- Ports ---- */

/* The core's lines. They come in the middle of its steps, so nothing may be asked of it here. */
static void log_from_core(void *context, const struct core_log *line) {
    const struct loop *loop = context;
    const struct conn *conn = NULL;
    if (line->conn != CORE_NO_CONN)
        conn = conn_table_get(&loop->conns, line->conn);
    const struct address *peer = conn == NULL ? NULL : &conn->peer;
    if (loop->audit != NULL)
        audit_core(loop->audit, line, peer);
    const bool is_connection =
        line->kind == CORE_LOG_CONNECTED || line->kind == CORE_LOG_DISCONNECTED;
    if (!is_connection || loop->config->connection_messages)
        log_line_write(loop->log, line, peer);
}

static void *allocate(void *context, size_t size) {
    struct loop *loop = context;
    return slabs_get(&loop->slabs, size);
}

static void release(void *context, void *memory, size_t size) {
    struct loop *loop = context;
    slabs_put(&loop->slabs, memory, size);
}

bool loop_create_core(struct loop *loop, uint64_t seed) {
    const struct core_ports ports = {.ctx = loop,
                                     .allocate = allocate,
                                     .release = release,
                                     .policy = loop_policy,
                                     .log = log_from_core,
                                     .log_packets = log_wants(loop->log, LOG_TYPE_DEBUG),
                                     .journal = loop->storage != NULL,
                                     .seed = seed};
    struct core_limits limits = loop->config->limits;
    limits.asks_policy = security_has_acl(loop->security);
    loop->core = core_create(&limits, &ports, loop->now_ms);
    return loop->core != NULL;
}

/* ---- Effects ---- */

void loop_carry_out_effects(struct loop *loop) {
    struct core_effect effect;
    while (core_next_effect(loop->core, &effect)) {
        struct conn *conn = conn_table_get(&loop->conns, effect.conn);
        assert(conn != NULL);
        switch (effect.type) {
        case CORE_EFFECT_AUTHENTICATE:
            loop_authenticate(loop, &effect);
            break;
        case CORE_EFFECT_WRITE:
            loop_note_login(loop, conn);
            loop_mark_dirty(loop, conn);
            break;
        case CORE_EFFECT_CLOSE:
            conn->left = effect.client_left;
            loop_finish(loop, conn);
            break;
        }
    }
}
