/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Connections in their slots, the list of those with an effect, and answers into their output. It
 * knows nothing of what packets mean.
 */
#include "broker/core/connection.h"

#include <string.h>

#include "broker/core/array.h"
#include "broker/core/core_state.h"
#include "state_machines/auth.h"

#define SLOT_CAPACITY_MIN 16u
#define ACK_ID_AT 2u /* where an acknowledgement has its packet identifier */

/* ---- The slots ---- */

static bool slots_reserve(struct core *core, uint32_t slot) {
    uint32_t capacity =
        core->connection_capacity == 0u ? SLOT_CAPACITY_MIN : core->connection_capacity;
    struct connection **grown;

    if (slot < core->connection_capacity)
        return true;
    while (capacity <= slot && capacity <= UINT32_MAX / 2u)
        capacity = array_grown(capacity);
    if (capacity <= slot)
        return false;
    grown = memory_resize(&core->memory, MEMORY_CONNECTION, core->connections,
                          core->connection_capacity * sizeof *grown, capacity * sizeof *grown);
    if (grown == NULL)
        return false;
    memset(grown + core->connection_capacity, 0,
           (capacity - core->connection_capacity) * sizeof *grown);
    core->connections = grown;
    core->connection_capacity = capacity;
    return true;
}

struct connection *connection_open(struct core *core, uint32_t slot,
                                   const struct core_listener *listener) {
    struct connection *c;

    CORE_ASSERT(slot != CONNECTION_NO_SLOT && connection_at(core, slot) == NULL);
    if (!slots_reserve(core, slot))
        return NULL;
    c = memory_get_zero(&core->memory, MEMORY_CONNECTION, sizeof *c);
    if (c == NULL)
        return NULL;
    c->listener = listener;
    c->slot = slot;
    c->list_next = c->list_previous = CONNECTION_NO_SLOT;
    c->maximum_packet_size = UINT32_MAX;
    c->problem_information = 1u;
    c->quota = send_quota_start(1u);
    timer_init(&c->timer, TIMER_CONNECTION);
    core->connections[slot] = c;
    core->stats->value[STAT_CONNECTIONS]++;
    return c;
}

struct connection_more *connection_get_more(struct core *core, struct connection *connection) {
    if (connection->more == NULL)
        connection->more =
            memory_get_zero(&core->memory, MEMORY_CONNECTION, sizeof *connection->more);
    return connection->more;
}

void connection_trim(struct core *core, struct connection *connection) {
    struct connection_more *more = connection->more;

    if (more == NULL || more->partial != NULL || more->method != NULL ||
        more->aliases_in != NULL || more->aliases_out != NULL)
        return;
    memory_put(&core->memory, MEMORY_CONNECTION, more, sizeof *more);
    connection->more = NULL;
}

/* ---- The lists of those with an effect, and of those that wait ---- */

static inline void list_add(struct core *core, struct slot_list *list, struct connection *c) {
    c->list_previous = list->last;
    c->list_next = CONNECTION_NO_SLOT;
    if (list->last != CONNECTION_NO_SLOT)
        connection_of(core, list->last)->list_next = c->slot;
    else
        list->first = c->slot;
    list->last = c->slot;
}

static void list_remove(struct core *core, struct slot_list *list, const struct connection *c) {
    if (c->list_previous != CONNECTION_NO_SLOT)
        connection_of(core, c->list_previous)->list_next = c->list_next;
    else
        list->first = c->list_next;
    if (c->list_next != CONNECTION_NO_SLOT)
        connection_of(core, c->list_next)->list_previous = c->list_previous;
    else
        list->last = c->list_previous;
}

static inline void make_ready(struct core *core, struct connection *c) {
    if (c->is_ready)
        return;
    if (c->is_held)
        list_remove(core, &core->held, c);
    c->is_held = 0u;
    c->is_ready = 1u;
    list_add(core, &core->ready, c);
}

void connection_ready(struct core *core, struct connection *connection) {
    make_ready(core, connection);
}

void connection_not_ready(struct core *core, struct connection *connection) {
    if (!connection->is_ready)
        return;
    connection->is_ready = 0u;
    list_remove(core, &core->ready, connection);
}

void connection_quiet(struct core *core, struct connection *connection) {
    timer_cancel(&core->timers, &connection->timer);
    connect_request_free(core, connection);
    connection->want_authenticate = 0u;
    connection->auth_state = (uint8_t)auth_step(connection->auth_state, AUTH_ON_END).next;
    if (connection->more == NULL)
        return;
    text_free(&core->memory, MEMORY_CONNECTION, connection->more->method);
    connection->more->method = NULL;
    //= v5/3.3.2-7
    alias_free(&core->memory, &connection->more->aliases_in);
    alias_free(&core->memory, &connection->more->aliases_out);
    connection_trim(core, connection);
}

void connection_release(struct core *core, struct connection *connection) {
    CORE_ASSERT(connection->session == NULL);
    connection_quiet(core, connection);
    connection_not_ready(core, connection);
    if (connection->is_held)
        list_remove(core, &core->held, connection);
    core->stalled_count -= connection->stalled;
    output_free(&core->memory, &connection->output);
    if (connection->more != NULL)
        partial_free(&core->memory, &connection->more->partial);
    connection_trim(core, connection);
    core->connections[connection->slot] = NULL;
    core->stats->value[STAT_CONNECTIONS]--;
    memory_put(&core->memory, MEMORY_CONNECTION, connection, sizeof *connection);
}

uint64_t connection_queue_batch(const struct core *core, const struct connection *connection) {
    const struct output *output = connection->output;

    return output != NULL && output->queue_batch > core->journal.durable ? output->queue_batch
                                                                         : 0u;
}

/* The parts that wait for the journal. */
static bool may_leave(const struct core *core, const struct connection *c) {
    return output_ready_bytes(c->output, core->journal.durable) > 0u;
}

static bool queue_waits(const struct core *core, const struct connection *c) {
    const struct queue_entry *next = c->session->queue.next;

    return output_holds_queue(c->output, core->journal.durable) ||
           (next->qos == 2u && next->packet_id != 0u && connection_queue_batch(core, c) != 0u);
}

static inline bool has_output(const struct core *core, const struct connection *c) {
    const struct session *session = c->session;
    const struct queue_entry *next;

    if (connection_is_partial(c) ||
        (c->output != NULL && (!core->journal.on || may_leave(core, c))))
        return true;
    if (session == NULL || session->queue.next == NULL)
        return false;
    if (c->output != NULL && queue_waits(core, c))
        return false;
    /* The window holds back PUBLISH of QoS 1 and 2 and, to keep the order, what is behind them. A
     * PUBREL that is sent again is never held back. */
    next = session->queue.next;
    return next->qos == 0u || next->state == QOS_SEND_WAITING_PUBCOMP ||
           send_quota_left(c->quota) > 0u;
}

bool connection_has_output(const struct core *core, const struct connection *connection) {
    return has_output(core, connection);
}

bool connection_is_held(const struct core *core, const struct connection *connection) {
    const struct output *output = connection->output;

    return output_waiting_bytes(output) > output_ready_bytes(output, core->journal.durable);
}

void connection_hold_queue(struct core *core, struct connection *connection) {
    const uint64_t batch = journal_stamp(&core->journal);

    if (batch <= core->journal.durable)
        return;
    if (!output_hold_queue(&core->memory, &connection->output, batch))
        connection->failed = 1u;
}

static inline void hold(struct core *core, struct connection *c) {
    if (c->output == NULL || c->is_ready || c->is_held ||
        (!connection_is_held(core, c) && connection_queue_batch(core, c) == 0u))
        return;
    c->is_held = 1u;
    list_add(core, &core->held, c);
}

void connection_hold(struct core *core, struct connection *connection) {
    hold(core, connection);
}

void connection_want_write(struct core *core, struct connection *connection) {
    if (core->journal.on)
        hold(core, connection);
    if (connection->told_write || connection->want_write || !has_output(core, connection))
        return;
    connection->want_write = 1u;
    make_ready(core, connection);
}

void connection_wake_held(struct core *core) {
    uint32_t slot = core->ready.first;

    for (; slot != CONNECTION_NO_SLOT; slot = connection_of(core, slot)->list_next)
        connection_want_write(core, connection_of(core, slot));
    slot = core->held.first;
    core->held.first = core->held.last = CONNECTION_NO_SLOT;
    while (slot != CONNECTION_NO_SLOT) {
        struct connection *c = connection_of(core, slot);
        slot = c->list_next;
        c->is_held = 0u;
        /* It stands in the list again if more of it waits. */
        connection_want_write(core, c);
        if (c->want_close)
            connection_ready(core, c);
    }
}

void connection_stall(struct core *core, struct connection *connection) {
    core->stalled_count += connection->stalled ? 0u : 1u;
    connection->stalled = 1u;
}

/* Seldom enough to look at all of them. */
void connection_wake_stalled(struct core *core) {
    for (uint32_t slot = 0; slot < core->connection_capacity && core->stalled_count > 0u; slot++) {
        struct connection *c = core->connections[slot];
        if (c == NULL || !c->stalled)
            continue;
        core->stalled_count--;
        c->stalled = 0u;
        c->want_write = 1u;
        connection_ready(core, c);
    }
}

/* ---- Answers ---- */

struct ella_slice connection_text(const char *text) {
    return ella_slice_of(text, text == NULL ? 0u : (uint32_t)strlen(text));
}

/* Where a packet has its properties; NULL if it has none. */
static struct ella_properties *properties_of(struct ella_packet *packet) {
    switch (packet->type) {
    case ELLA_CONNACK:
        return &packet->connack.properties;
    case ELLA_PUBACK:
    case ELLA_PUBREC:
    case ELLA_PUBREL:
    case ELLA_PUBCOMP:
        return &packet->ack.properties;
    case ELLA_SUBACK:
    case ELLA_UNSUBACK:
        return &packet->suback.properties;
    case ELLA_DISCONNECT:
    case ELLA_AUTH:
        return &packet->reason.properties;
    default:
        return NULL;
    }
}

static bool drop_problem_information(struct ella_packet *packet) {
    const uint64_t both =
        (uint64_t)1 << ELLA_PROPERTY_REASON_STRING | (uint64_t)1 << ELLA_PROPERTY_USER_PROPERTY;
    struct ella_properties *p = properties_of(packet);

    if (p == NULL || (p->present & both) == 0u)
        return false;
    p->present &= ~both;
    return true;
}

/* The size of the packet if it may be sent; false: it can't be. */
static bool sendable_size(const struct connection *connection, struct ella_packet *packet,
                          uint32_t *size) {
    if (!connection->problem_information && packet->type != ELLA_CONNACK &&
        packet->type != ELLA_DISCONNECT)
        //= v5/3.1.2-29
        (void)drop_problem_information(packet);
    if (ella_encoded_size(packet, connection->version, ELLA_FROM_SERVER, size) != ELLA_ERROR_NONE)
        return false;
    //= v5/3.2.2-19 v5/3.2.2-20 v5/3.4.2-2 v5/3.4.2-3 v5/3.5.2-2 v5/3.5.2-3 v5/3.6.2-2 v5/3.6.2-3
    //= v5/3.7.2-2 v5/3.7.2-3 v5/3.9.2-1 v5/3.9.2-2 v5/3.11.2-1 v5/3.11.2-2 v5/3.14.2-3
    //= v5/3.14.2-4 v5/3.15.2-2 v5/3.15.2-3
    if (*size > connection->maximum_packet_size && drop_problem_information(packet) &&
        ella_encoded_size(packet, connection->version, ELLA_FROM_SERVER, size) != ELLA_ERROR_NONE)
        return false;
    //= v5/3.1.2-24
    return *size <= connection->maximum_packet_size;
}

/* Behind what waits, held or not; PINGRESP before what is held, so that a slow disk makes no
 * client think that the broker is gone. */
static void put(const struct core *core, struct connection *c, const struct ella_packet *packet,
                uint32_t size) {
    const uint64_t batch = core->journal.on ? durable_batch_of(core, c, packet) : 0u;

    if (batch != 0u)
        output_put_held(c->output, size, batch,
                        packet->type == ELLA_CONNACK || packet->type == ELLA_SUBACK);
    else if (packet->type == ELLA_PINGRESP)
        output_put_ahead(c->output, size);
    else
        output_put(c->output, size);
}

/* Its size bytes stand behind the output. */
static void sent(struct core *core, struct connection *c, const struct ella_packet *packet,
                 uint32_t size) {
    put(core, c, packet, size);
    core_count(core, STAT_PACKETS_SENT);
    log_packet(core, CORE_LOG_PACKET_OUT, c, (uint8_t)packet->type, ella_slice_of(NULL, 0u), 0u);
    connection_want_write(core, c);
}

void connection_send(struct core *core, struct connection *connection,
                     struct ella_packet *packet) {
    uint32_t size = 0u;
    uint8_t *to;

    if (connection->failed)
        return;
    to = sendable_size(connection, packet, &size)
             ? output_reserve(&core->memory, &connection->output, size)
             : NULL;
    if (to == NULL || ella_encode(packet, connection->version, ELLA_FROM_SERVER, to, 0u, size,
                                  &size) != ELLA_ERROR_NONE) {
        connection->failed = 1u;
        return;
    }
    sent(core, connection, packet, size);
}

/* ---- Acknowledgements ---- */

/* Of success and without properties they are the same in all versions but for the identifier, and
 * by far the most: encoded once, and copied. */

void connection_make_acks(uint8_t acks[CONNECTION_ACK_COUNT][CONNECTION_ACK_SIZE]) {
    for (unsigned i = 0; i < CONNECTION_ACK_COUNT; i++) {
        const uint16_t known_id = 0x1234u;
        struct ella_packet packet;
        uint8_t of_v5[CONNECTION_ACK_SIZE];
        uint32_t size = 0u;
        uint32_t size_of_v5 = 0u;
        enum ella_error error;

        packet.type = (enum ella_packet_type)(ELLA_PUBACK + i);
        packet.ack.packet_id = known_id;
        packet.ack.reason_code = ELLA_REASON_SUCCESS;
        packet.ack.properties.present = 0u;
        error = ella_encode(&packet, ELLA_VERSION_3_1_1, ELLA_FROM_SERVER, acks[i], 0u,
                            CONNECTION_ACK_SIZE, &size);
        CORE_ASSERT(error == ELLA_ERROR_NONE && size == CONNECTION_ACK_SIZE);
        error = ella_encode(&packet, ELLA_VERSION_5_0, ELLA_FROM_SERVER, of_v5, 0u,
                            CONNECTION_ACK_SIZE, &size_of_v5);
        CORE_ASSERT(error == ELLA_ERROR_NONE && size_of_v5 == size);
        CORE_ASSERT(memcmp(acks[i], of_v5, size) == 0);
        CORE_ASSERT(acks[i][ACK_ID_AT] == known_id >> 8 &&
                    acks[i][ACK_ID_AT + 1u] == (known_id & 0xffu));
    }
}

static void send_bare_ack(struct core *core, struct connection *c,
                          const struct ella_packet *packet) {
    uint8_t *to;

    if (c->failed)
        return;
    //= v5/3.1.2-24
    to = c->maximum_packet_size < CONNECTION_ACK_SIZE
             ? NULL
             : output_reserve(&core->memory, &c->output, CONNECTION_ACK_SIZE);
    if (to == NULL) {
        c->failed = 1u;
        return;
    }
    memcpy(to, core->acks[packet->type - ELLA_PUBACK], CONNECTION_ACK_SIZE);
    to[ACK_ID_AT] = (uint8_t)(packet->ack.packet_id >> 8);
    to[ACK_ID_AT + 1u] = (uint8_t)(packet->ack.packet_id & 0xffu);
    sent(core, c, packet, CONNECTION_ACK_SIZE);
}

void connection_send_ack(struct core *core, struct connection *connection,
                         enum ella_packet_type type, uint16_t packet_id, uint8_t reason_code,
                         const char *text) {
    struct ella_packet packet;

    packet.type = type;
    packet.ack.packet_id = packet_id;
    packet.ack.reason_code = ELLA_REASON_SUCCESS;
    packet.ack.properties.present = 0u; /* what is not present is not looked at */
    if (connection_is_v5(connection)) {
        packet.ack.reason_code = reason_code;
        if (text != NULL && reason_code >= ELLA_REASON_UNSPECIFIED_ERROR) {
            ella_property_set(&packet.ack.properties, ELLA_PROPERTY_REASON_STRING);
            packet.ack.properties.reason_string = connection_text(text);
        }
    }
    if (packet.ack.reason_code == ELLA_REASON_SUCCESS)
        send_bare_ack(core, connection, &packet);
    else
        connection_send(core, connection, &packet);
}
