/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The core's table of contents: core_step() names every event and who handles it. Effects are
 * read off the list of connections that have one.
 */
#include "broker/core/core.h"

#include <string.h>

#include "broker/core/core_state.h"

/* ---- Life ---- */

static bool create_parts(struct core *core) {
    const uint64_t seed = core->ports.seed;

    timers_init(&core->timers, &core->memory);
    timer_init(&core->sys_timer, TIMER_SYS);
    timer_init(&core->clock_timer, TIMER_CLOCK);
    core->stats = memory_get_zero(&core->memory, MEMORY_OTHER, sizeof *core->stats);
    core->load = sys_load_create(&core->memory);
    core->route = route_create(&core->memory, seed ^ 0x726f757465u);
    core->retain = retain_create(&core->memory, &core->timers, seed ^ 0x72657461696eu);
    return session_table_init(&core->sessions, &core->memory, hash_key_of(seed, 0x73657373u)) &&
           core->stats != NULL && core->load != NULL && core->route != NULL &&
           core->retain != NULL;
}

/* Frees what there is, also of a core that was made only in part. */
static void destroy_parts(struct core *core) {
    match_set_free(&core->memory, &core->match);
    restore_free(core);
    fresh_free(&core->memory, &core->fresh);
    journal_free(&core->memory, &core->journal);
    if (core->retain != NULL)
        retain_destroy(core->retain);
    if (core->route != NULL)
        route_destroy(core->route);
    if (core->sessions.buckets != NULL)
        session_table_free(&core->sessions, &core->memory);
    if (core->load != NULL)
        sys_load_free(&core->memory, core->load);
    memory_put(&core->memory, MEMORY_OTHER, core->stats,
               core->stats == NULL ? 0u : sizeof *core->stats);
    memory_put(&core->memory, MEMORY_CONNECTION, core->connections,
               core->connection_capacity * sizeof(struct connection *));
    timers_free(&core->timers);
}

struct core *core_create(const struct core_limits *limits, const struct core_ports *ports,
                         uint64_t now_ms) {
    struct memory memory = {.ctx = ports->ctx,
                            .allocate = ports->allocate,
                            .release = ports->release,
                            .limit_bytes = limits->memory_limit_bytes};
    struct core *core = memory_get_zero(&memory, MEMORY_OTHER, sizeof *core);

    if (core == NULL)
        return NULL;
    core->memory = memory;
    core->limits = *limits;
    core->ports = *ports;
    core->now_ms = core->started_ms = now_ms;
    core->luck_key = hash_key_of(ports->seed, 0x6c75636bu);
    core->ready.first = core->ready.last = CONNECTION_NO_SLOT;
    core->held.first = core->held.last = CONNECTION_NO_SLOT;
    journal_init(&core->journal);
    core->epoch = 1u;
    connection_make_acks(core->acks);
    if (!create_parts(core)) {
        destroy_parts(core);
        memory = core->memory;
        memory_put(&memory, MEMORY_OTHER, core, sizeof *core);
        return NULL;
    }
    sys_schedule(core);
    return core;
}

void core_destroy(struct core *core) {
    struct session *session;
    struct memory memory;

    core_take_back(core);
    for (uint32_t slot = 0; slot < core->connection_capacity; slot++) {
        struct connection *c = core->connections[slot];
        if (c == NULL)
            continue;
        if (c->session != NULL)
            c->session->connection = NULL;
        c->session = NULL;
        connection_release(core, c);
    }
    while ((session = session_any(&core->sessions)) != NULL) {
        timer_cancel(&core->timers, &session->timer);
        route_unsubscribe_all(core->route, &session->subscriptions);
        session_destroy(&core->sessions, &core->memory, session);
    }
    timer_cancel(&core->timers, &core->sys_timer);
    timer_cancel(&core->timers, &core->clock_timer);
    destroy_parts(core);
    memory = core->memory;
    memory_put(&memory, MEMORY_OTHER, core, sizeof *core);
    CORE_ASSERT(memory.total_bytes == 0u);
}

/* Clients see some of it in assigned identifiers: from that neither the next one nor the seed, and
 * with it the keys of the tables, may be found out. */
uint64_t core_random(struct core *core) {
    return hash_bytes(core->luck_key, core->luck_count++, NULL, 0u);
}

/* ---- Packets ---- */

static bool has_method(const struct ella_packet *packet) {
    return packet->type == ELLA_CONNECT &&
           ella_property_present(&packet->connect.properties, ELLA_PROPERTY_AUTHENTICATION_METHOD);
}

/* A packet of an established connection. */
static void process(struct core *core, struct connection *c, const struct ella_packet *packet) {
    struct ella_packet pingresp;

    switch (packet->type) {
    case ELLA_PUBLISH:
        publish_packet(core, c, &packet->publish);
        break;
    case ELLA_PUBACK:
    case ELLA_PUBREC:
    case ELLA_PUBCOMP:
        acknowledge_packet(core, c, packet->type, &packet->ack);
        break;
    case ELLA_PUBREL:
        publish_release(core, c, &packet->ack);
        break;
    case ELLA_SUBSCRIBE:
        subscribe_packet(core, c, &packet->subscribe);
        break;
    case ELLA_UNSUBSCRIBE:
        unsubscribe_packet(core, c, &packet->subscribe);
        break;
    case ELLA_PINGREQ:
        //= v5/3.12.4-1 v3/3.12.4-1
        pingresp.type = ELLA_PINGRESP;
        connection_send(core, c, &pingresp);
        break;
    default:
        CORE_ASSERT(false);
    }
}

static void take_packet(struct core *core, struct connection *c, const struct ella_packet *packet,
                        uint32_t size) {
    const enum connection_event what = connection_packet_event(packet->type, has_method(packet));
    const struct connection_transition step = connection_step(c->state, what);

    core_count(core, STAT_PACKETS_RECEIVED);
    core_count_many(core, STAT_BYTES_RECEIVED, size);
    log_packet(core, CORE_LOG_PACKET_IN, c, (uint8_t)packet->type, ella_slice_of(NULL, 0u), 0u);
    c->last_packet_ms = core->now_ms;
    CORE_ASSERT(step.action != CONNECTION_DO_HOLD); /* core_accepts() said no */
    if (packet->type == ELLA_DISCONNECT) {
        close_packet(core, c, &packet->reason);
        return;
    }
    switch (step.action) {
    case CONNECTION_DO_IGNORE:
        break;
    case CONNECTION_DO_PROCESS:
        process(core, c, packet);
        break;
    case CONNECTION_DO_CHECK:
    case CONNECTION_DO_AUTH:
        c->state = (uint8_t)step.next;
        if (packet->type == ELLA_CONNECT)
            connect_packet(core, c, &packet->connect);
        else
            authenticate_packet(core, c, &packet->reason);
        break;
    default:
        //= v5/3.1.0-2 v3/3.1.0-2 v5/4.13.1-1 v3/4.8.0-1
        close_connection(core, c, what, ELLA_REASON_PROTOCOL_ERROR, ELLA_ERROR_NONE,
                         "packet is not allowed at this time");
        break;
    }
}

static void bad_packet(struct core *core, struct connection *c,
                       const struct ella_decoder *decoder) {
    enum connection_event event = CONNECTION_ON_BAD_PACKET;
    const enum ella_error error = (enum ella_error)decoder->error;

    if (c->state == CONNECTION_WAITING && decoder->packet_type == ELLA_CONNECT) {
        if (error == ELLA_ERROR_PROTOCOL_VERSION) {
            /* A version that does not exist: answered in the form that every client knows. */
            //= v3/3.1.2-2 v5/3.1.2-2
            event = CONNECTION_ON_BAD_CONNECT;
            c->version = ELLA_VERSION_3_1_1;
        } else if (decoder->version == ELLA_VERSION_5_0) {
            //= v5/3.1.4-1
            event = CONNECTION_ON_BAD_CONNECT;
            c->version = ELLA_VERSION_5_0;
        }
    }
    //= v5/4.13.1-1 v3/4.8.0-1 v3/3.1.4-1 v5/u-3.2.2.3.6-2 v5/u-4.13.1-9 v5/u-2.2.2.2-2
    //= v5/u-3.3.1.2-2 v5/u-4.13.1-8
    close_connection(core, c, event, ella_error_reason(error), decoder->error,
                     ella_error_text(error));
}

/* ---- Other events ---- */

static bool open_connection(struct core *core, const struct core_event *event) {
    struct connection *c;

    CORE_ASSERT(core->journal.on || !core->ports.journal); /* CORE_RECORDS_END comes first */
    c = connection_open(core, event->conn, event->open);
    if (c == NULL)
        return false;
    if (!expire_begin_connect(core, c)) {
        connection_release(core, c);
        return false;
    }
    core_count(core, STAT_SOCKETS_OPENED);
    c->over_limit = core->limits.max_connections > 0u &&
                    core->stats->value[STAT_CONNECTIONS] > core->limits.max_connections;
    return true;
}

static void configure(struct core *core, const struct core_limits *limits) {
    core->limits = *limits;
    core->memory.limit_bytes = limits->memory_limit_bytes;
    sys_schedule(core);
}

static void shut_down(struct core *core) {
    for (uint32_t slot = 0; slot < core->connection_capacity; slot++) {
        if (core->connections[slot] != NULL)
            close_connection(core, core->connections[slot], CONNECTION_ON_EXPELLED,
                             ELLA_REASON_SERVER_SHUTTING_DOWN, ELLA_ERROR_NONE,
                             "the server is shutting down");
    }
}

/* An answer that could not be queued closes its connection, after whoever wanted to send it has
 * returned. */
static enum core_status settle(struct core *core, struct connection *c) {
    if (c == NULL || !c->failed)
        return CORE_OK;
    close_connection(core, c, CONNECTION_ON_EXPELLED, ELLA_REASON_QUOTA_EXCEEDED, ELLA_ERROR_NONE,
                     "an answer is too large for the client, or there is no memory for it");
    return CORE_NO_MEMORY;
}

static enum core_status step_packet(struct core *core, struct connection *c,
                                    const struct ella_packet *packet, uint32_t size) {
    if (core->journal.on && durable_stalls(core, c, packet)) {
        connection_stall(core, c);
        return CORE_NOT_TAKEN;
    }
    take_packet(core, c, packet, size);
    return settle(core, c);
}

static void set_clocks(struct core *core, const struct core_event *event) {
    CORE_ASSERT(event->now_ms >= core->now_ms);
    core->now_ms = event->now_ms;
    if (event->wall_ms != 0u)
        core->wall_offset_ms = (int64_t)event->wall_ms - (int64_t)event->now_ms;
}

static enum core_status step(struct core *core, const struct core_event *event) {
    bool done = true;

    /* What is read again is not yet what time may change. */
    if (timer_next_ms(&core->timers) <= core->now_ms && event->type != CORE_RECORD &&
        event->type != CORE_RECORDS_END)
        expire_due(core);
    core->journal.touched = false;
    switch (event->type) {
    case CORE_OPEN:
        done = open_connection(core, event);
        break;
    case CORE_PACKET:
        return step_packet(core, connection_of(core, event->conn), event->packet,
                           event->packet_size);
    case CORE_BAD_PACKET:
        bad_packet(core, connection_of(core, event->conn), event->decoder);
        break;
    case CORE_CLOSED:
        close_transport(core, connection_of(core, event->conn), event->text);
        return CORE_OK;
    case CORE_AUTH_RESULT:
        authenticate_result(core, connection_of(core, event->conn), event->auth);
        break;
    case CORE_TIME:
        return CORE_OK;
    case CORE_CONFIG:
        configure(core, event->limits);
        return CORE_OK;
    case CORE_PUBLISH_LOCAL:
        return publish_local(core, event->publish) ? CORE_OK : CORE_NO_MEMORY;
    case CORE_EXPEL:
        close_connection(core, connection_of(core, event->conn), CONNECTION_ON_EXPELLED,
                         event->reason_code, ELLA_ERROR_NONE, event->text);
        break;
    case CORE_SHUTDOWN:
        shut_down(core);
        return CORE_OK;
    case CORE_RECORD:
        return restore_record(core, event->record);
    case CORE_RECORDS_END:
        return restore_end(core, event->storage);
    case CORE_DURABLE:
        durable_batch(core, event->batch);
        return CORE_OK;
    case CORE_STORAGE:
        durable_storage(core, event->storage);
        return CORE_OK;
    case CORE_SNAPSHOT:
        if (core->journal.on && core->walk.part == WALK_NOTHING && !core->journal.lost)
            snapshot_begin(core);
        return CORE_OK;
    }
    return done ? settle(core, connection_at(core, event->conn)) : CORE_NO_MEMORY;
}

enum core_status core_step_packet(struct core *core, struct connection *connection,
                                  const struct ella_packet *packet, uint32_t size) {
    enum core_status status;

    if (timer_next_ms(&core->timers) <= core->now_ms)
        expire_due(core);
    core->journal.touched = false;
    status = step_packet(core, connection, packet, size);
    if (core->journal.on)
        journal_end_unit(&core->journal);
    return status;
}

enum core_status core_step(struct core *core, const struct core_event *event) {
    enum core_status status;

    set_clocks(core, event);
    status = step(core, event);
    if (core->journal.on)
        journal_end_unit(&core->journal);
    return status;
}

/* ---- Effects ---- */

/* The connection's next effect; false: it has none. */
static bool effect_of(const struct core *core, struct connection *c, struct core_effect *out) {
    out->conn = c->slot;
    if (c->want_authenticate) {
        c->want_authenticate = 0u;
        memset(out, 0, sizeof *out);
        out->conn = c->slot;
        out->type = CORE_EFFECT_AUTHENTICATE;
        connect_question(c, out);
        return true;
    }
    /* What was answered is still to leave, if it can. */
    if (c->want_close && (core->journal.storage_fails || !connection_is_held(core, c))) {
        c->want_close = c->want_write = 0u;
        out->type = CORE_EFFECT_CLOSE;
        out->client_left = c->client_left;
        return true;
    }
    if (c->want_write) {
        c->want_write = 0u;
        c->told_write = 1u;
        out->type = CORE_EFFECT_WRITE;
        return true;
    }
    return false;
}

bool core_next_effect(struct core *core, struct core_effect *out) {
    struct connection *c;

    while (core->ready.first != CONNECTION_NO_SLOT) {
        c = connection_of(core, core->ready.first);
        if (effect_of(core, c, out))
            return true;
        connection_not_ready(core, c);
        if (core->journal.on)
            connection_hold(core, c);
    }
    return false;
}

bool core_accepts(const struct core *core, uint32_t conn) {
    const struct connection *c = connection_at(core, conn);

    return c != NULL && connection_accepts(c);
}

uint64_t core_deadline_ms(const struct core *core) {
    return timer_next_ms(&core->timers);
}

/* ---- Looking in ---- */

const struct core_stats *core_stats(const struct core *core) {
    sys_refresh(core);
    return core->stats;
}

size_t core_memory_bytes(const struct core *core, enum memory_class class_) {
    CORE_ASSERT(class_ < MEMORY_CLASS_COUNT);
    return core->memory.used_bytes[class_];
}

size_t core_memory_total(const struct core *core) {
    size_t sum = 0u;

    for (int class_ = 0; class_ < MEMORY_CLASS_COUNT; class_++)
        sum += core->memory.used_bytes[class_];
    CORE_ASSERT(sum == core->memory.total_bytes);
    return sum;
}

struct ella_slice core_client_id(const struct core *core, uint32_t conn) {
    const struct connection *c = connection_of(core, conn);

    return c->session == NULL ? ella_slice_of(NULL, 0u) : session_client_id(c->session);
}
