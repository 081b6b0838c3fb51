/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Bytes for one connection, when its transport can take them: first the rest of a PUBLISH in
 * pieces, then answers, then messages from the session's queue. Packet identifiers, the client's
 * window and topic aliases are taken here, so what waits costs none of them.
 */
#include <string.h>

#include "broker/core/core_state.h"

#define IDENTIFIER_LEN_MAX 5u /* property identifier and variable byte integer */

/* Where the bytes go: into the buffer or, if who pulls takes spans, lent. */
struct room {
    uint8_t *buf;
    uint32_t size;           /* bytes of buf */
    uint32_t used_max;       /* bytes that may be taken in all */
    uint32_t used;           /* of these */
    uint32_t begun;          /* of these, before this pull */
    uint32_t copied;         /* of these, in buf */
    uint32_t spanned;        /* of the copied, those that have a span */
    struct core_pulled *out; /* NULL: all is copied */
};

enum pulled {
    PULLED,  /* the entry was dealt with: look at the next */
    NO_ROOM, /* the buffer is full */
    NO_TURN, /* the window is used up, there is no memory, or the connection has failed */
};

/* A PUBLISH being made, and what must be remembered afterwards. */
struct outgoing {
    struct ella_publish publish;
    uint32_t size;        /* bytes of the packet, by outgoing_fit() */
    uint16_t fresh_alias; /* to be remembered if the packet is sent, 0: none */
    uint8_t identifiers[QUEUE_IDENTIFIERS_MAX * IDENTIFIER_LEN_MAX];
};

/* ---- The room ---- */

static uint8_t *room_at(const struct room *room) {
    return room->buf + room->copied;
}

/* For what is lent, too. */
static uint32_t room_left(const struct room *room) {
    return room->used_max - room->used;
}

static uint32_t room_left_to_copy(const struct room *room) {
    const uint32_t left = room->size - room->copied;
    return left < room_left(room) ? left : room_left(room);
}

static void room_put(struct room *room, uint32_t size) {
    room->used += size;
    room->copied += size;
}

static void add_span(struct core_pulled *out, const uint8_t *bytes, uint32_t len) {
    out->spans[out->count].bytes = bytes;
    out->spans[out->count].len = len;
    out->count++;
}

/* What was copied since the last span lengthens it, or gets one of its own. */
static void span_copied(struct room *room) {
    const uint8_t *from = room->buf + room->spanned;
    const uint32_t len = room->copied - room->spanned;
    struct core_span *last =
        room->out->count == 0u ? NULL : &room->out->spans[room->out->count - 1u];

    if (last != NULL && last->bytes + last->len == from)
        last->len += len;
    else if (len > 0u)
        add_span(room->out, from, len);
    room->spanned = room->copied;
}

/* Whether so much of a payload is to be lent: then there are spans for it, what stands before it
 * and what comes behind it. */
static bool may_lend(const struct core *core, const struct room *room, uint32_t len) {
    return room->out != NULL && len >= CORE_LEND_BYTES_MIN &&
           room->out->count + 3u <= CORE_SPAN_COUNT_MAX && core->lent_count < CORE_LENT_COUNT_MAX;
}

static void lend(struct core *core, struct room *room, struct message *message,
                 struct ella_slice payload) {
    span_copied(room);
    add_span(room->out, ella_slice_data(payload), ella_slice_len(payload));
    room->used += ella_slice_len(payload);
    core->lent[core->lent_count++] = message_take(message);
}

void core_take_back(struct core *core) {
    for (uint32_t i = 0; i < core->lent_count; i++)
        message_drop(&core->memory, core->lent[i]);
    core->lent_count = 0u;
}

/* ---- The packet ---- */

static void put_identifiers(const struct queue_entry *entry, struct outgoing *out) {
    const uint32_t *identifiers;
    const uint32_t count = queue_entry_identifiers(entry, &identifiers);
    uint32_t used = 0u;

    if (count == 0u)
        return;
    for (uint32_t i = 0; i < count; i++) {
        const enum ella_error error = ella_subscription_identifier_put(
            identifiers[i], out->identifiers, sizeof out->identifiers, &used);
        CORE_ASSERT(error == ELLA_ERROR_NONE);
    }
    //= v5/3.3.4-3 v5/u-3.3.4-1
    ella_property_set(&out->publish.properties, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
    out->publish.properties.subscription_identifiers = ella_slice_of(out->identifiers, used);
}

/* An alias in place of the topic, or beside it the first time. */
static void put_alias(const struct connection *c, struct outgoing *out) {
    const struct alias_table *known = c->more == NULL ? NULL : c->more->aliases_out;
    const uint16_t used = known == NULL ? 0u : known->count;
    uint16_t alias = alias_find(known, out->publish.topic);

    if (alias == 0u && used < c->topic_alias_maximum)
        alias = out->fresh_alias = (uint16_t)(used + 1u);
    if (alias == 0u)
        return;
    //= v5/3.1.2-26 v5/3.1.2-27 v5/3.3.2-8 v5/3.3.2-11
    ella_property_set(&out->publish.properties, ELLA_PROPERTY_TOPIC_ALIAS);
    out->publish.properties.topic_alias = alias;
    if (out->fresh_alias == 0u)
        out->publish.topic = ella_slice_of(NULL, 0u);
}

static void outgoing_measure(const struct connection *c, struct outgoing *out) {
    if (ella_publish_size(&out->publish, c->version, ELLA_FROM_SERVER, &out->size) !=
        ELLA_ERROR_NONE)
        out->size = UINT32_MAX;
}

/* All but the size. */
static void outgoing_make(const struct core *core, const struct connection *c,
                          const struct queue_entry *entry, bool again, struct outgoing *out) {
    struct ella_publish *p = &out->publish;

    out->fresh_alias = 0u;
    //= v5/3.3.2-6 v5/3.3.2-4 v5/3.3.2-15 v5/3.3.2-16 v5/3.3.2-17 v5/3.3.2-18 v5/3.3.2-20
    message_to_publish(entry->message, core->now_ms, p);
    p->qos = entry->qos;
    p->retain = entry->retain;
    p->packet_id = entry->packet_id;
    /* Never the publisher's own DUP. */
    //= v5/3.3.1-1 v5/3.3.1-2 v5/3.3.1-3 v3/3.3.1-1 v3/3.3.1-2 v3/3.3.1-3 v5/4.3.1-1 v3/4.3.1-1
    p->dup = again;
    if (connection_is_v5(c)) {
        put_identifiers(entry, out);
        if (c->topic_alias_maximum > 0u)
            put_alias(c, out);
    } else {
        p->properties.present = 0u;
    }
}

static void outgoing_fit(const struct connection *c, struct outgoing *out) {
    outgoing_measure(c, out);
    /* A new alias must not be what makes the packet too large. */
    //= v5/3.1.2-24
    if (out->size > c->maximum_packet_size && out->fresh_alias != 0u) {
        out->fresh_alias = 0u;
        out->publish.properties.present &= ~((uint64_t)1 << ELLA_PROPERTY_TOPIC_ALIAS);
        outgoing_measure(c, out);
    }
}

/* ---- In pieces ---- */

/* Bytes before the payload. */
static uint32_t head_size(const struct outgoing *out) {
    return out->size - ella_slice_len(out->publish.payload);
}

/* The packet but for its payload: encoded without one, then given the Remaining Length of the
 * whole, whose length prefix may be longer. */
static void head_put(const struct connection *c, const struct outgoing *out, uint8_t *head) {
    struct ella_publish bare = out->publish;
    const uint32_t head_len = head_size(out);
    uint32_t bare_len = 0u;
    uint32_t at;
    uint32_t body;
    uint32_t remaining;
    enum ella_error error;

    bare.payload = ella_slice_of(NULL, 0u);
    error = ella_publish_size(&bare, c->version, ELLA_FROM_SERVER, &bare_len);
    CORE_ASSERT(error == ELLA_ERROR_NONE && bare_len <= head_len);
    at = head_len - bare_len;
    error =
        ella_encode_publish(&bare, c->version, ELLA_FROM_SERVER, head, at, head_len, &bare_len);
    CORE_ASSERT(error == ELLA_ERROR_NONE);
    head[0] = head[at];
    for (body = at + 1u; (head[body] & 0x80u) != 0u; body++) {
    }
    body++;
    remaining = out->size - body;
    for (uint32_t i = 1u; i < body; i++) {
        head[i] = (uint8_t)((remaining & 0x7fu) | (i + 1u < body ? 0x80u : 0u));
        remaining >>= 7;
    }
}

/* As much of it as there is room for. Whether that was all. */
static bool take_partial(struct core *core, struct connection *c, struct room *room) {
    struct partial *partial = c->more->partial;
    struct ella_slice piece;

    room_put(room, partial_take_head(partial, room_at(room), room_left_to_copy(room)));
    if (partial->sent < partial->head_len)
        return false;
    if (may_lend(core, room, room_left(room)) && partial_left(partial) >= CORE_LEND_BYTES_MIN) {
        lend(core, room, partial->message, partial_take_payload(partial, room_left(room)));
    } else if (partial_left(partial) > 0u) {
        piece = partial_take_payload(partial, room_left_to_copy(room));
        memcpy(room_at(room), ella_slice_data(piece), ella_slice_len(piece));
        room_put(room, ella_slice_len(piece));
    }
    if (partial_left(partial) > 0u)
        return false;
    partial_free(&core->memory, &c->more->partial);
    connection_trim(core, c);
    return true;
}

/* ---- Sending ---- */

static void sent(struct core *core, struct connection *c, const struct outgoing *out, bool again) {
    const struct ella_slice payload = out->publish.payload;

    core_count(core, STAT_PACKETS_SENT);
    core_count(core, STAT_PUBLISH_SENT);
    core_count_many(core, STAT_PUBLISH_BYTES_SENT, ella_slice_len(payload));
    if (again)
        core_count(core, STAT_PUBLISH_RESENT);
    log_packet(core, CORE_LOG_PACKET_OUT, c, ELLA_PUBLISH, out->publish.topic, out->publish.qos);
    /* Without memory to remember it the alias stays unknown here: the next packet gives it its
     * topic again, which is allowed. */
    if (out->fresh_alias != 0u && connection_get_more(core, c) != NULL)
        (void)alias_set(&core->memory, &c->more->aliases_out, out->fresh_alias,
                        out->publish.topic);
}

/* The whole packet into the buffer. Its size; 0: there is no room, and nothing was written. */
static uint32_t encode(const struct connection *c, struct room *room,
                       const struct ella_publish *publish) {
    uint32_t size = 0u;

    if (ella_encode_publish(publish, c->version, ELLA_FROM_SERVER, room->buf, room->copied,
                            room->copied + room_left_to_copy(room), &size) != ELLA_ERROR_NONE)
        return 0u;
    room_put(room, size);
    return size;
}

/* To a client that takes any size the packet is written without being measured before. false:
 * there may be no room for it, or its payload is to be lent, and nothing was written. */
static bool write_unmeasured(const struct core *core, const struct connection *c,
                             struct room *room, const struct outgoing *out) {
    return c->maximum_packet_size == UINT32_MAX &&
           !may_lend(core, room, ella_slice_len(out->publish.payload)) &&
           encode(c, room, &out->publish) > 0u;
}

/* Writes the packet to the room, or begins to send it in pieces if the room is all there is. */
static enum pulled write_packet(struct core *core, struct connection *c, struct room *room,
                                const struct outgoing *out, struct message *message) {
    if (out->size <= room_left(room) && head_size(out) <= room_left_to_copy(room) &&
        may_lend(core, room, ella_slice_len(out->publish.payload))) {
        head_put(c, out, room_at(room));
        room_put(room, head_size(out));
        lend(core, room, message, out->publish.payload);
        return PULLED;
    }
    if (out->size <= room_left_to_copy(room)) {
        const uint32_t size = encode(c, room, &out->publish);
        CORE_ASSERT(size == out->size);
        return PULLED;
    }
    if (room->used > room->begun)
        return NO_ROOM;
    if (connection_get_more(core, c) != NULL)
        c->more->partial = partial_create(&core->memory, message, head_size(out));
    if (!connection_is_partial(c)) {
        c->failed = 1u;
        return NO_TURN;
    }
    head_put(c, out, c->more->partial->head);
    take_partial(core, c, room);
    return PULLED;
}

/* The entry was sent: what becomes of it. */
static void pass_entry(struct core *core, struct connection *c, struct queue_entry *entry,
                       bool again) {
    struct session *session = c->session;

    queue_advance(&session->queue);
    if (entry->qos == 0u) {
        deliver_discard(core, session, entry);
        return;
    }
    if (core->journal.on && !again && !entry->prepared)
        store_sent(core, session, entry);
    entry->prepared = 0u;
    (void)send_quota_take(&c->quota);
    c->in_flight_bytes += queue_entry_bytes(entry);
}

/* Sends the entry, whose turn it is; it stands before queue.next afterwards, or is gone. */
static enum pulled send_entry(struct core *core, struct connection *c, struct room *room,
                              struct queue_entry *entry, bool again) {
    struct outgoing out;
    enum pulled result = PULLED;

    outgoing_make(core, c, entry, again, &out);
    if (!write_unmeasured(core, c, room, &out)) {
        outgoing_fit(c, &out);
        if (out.size > c->maximum_packet_size || out.size > ELLA_PACKET_SIZE_MAX) {
            /* As if it had been sent and acknowledged. */
            //= v5/3.1.2-24 v5/3.1.2-25
            deliver_drop(core, STAT_DROPPED_PACKET_TOO_LARGE, c->session, entry->message);
            deliver_discard(core, c->session, entry);
            return PULLED;
        }
        result = write_packet(core, c, room, &out, entry->message);
    }
    if (result == PULLED) {
        sent(core, c, &out, again);
        pass_entry(core, c, entry, again);
    }
    return result;
}

/* PUBREL again after a reconnect, unless PUBREC has already called for it on this one; never held
 * back by the window. */
static enum pulled send_pubrel(struct core *core, struct connection *c,
                               const struct queue_entry *entry) {
    //= v5/4.3.3-6 v5/3.3.4-10 v5/4.9.0-3
    if (!entry->released)
        connection_send_ack(core, c, ELLA_PUBREL, entry->packet_id, ELLA_REASON_SUCCESS, NULL);
    send_quota_claim(&c->quota);
    queue_advance(&c->session->queue);
    return c->failed ? NO_TURN : PULLED;
}

/* Whether the window, in messages and bytes, takes one more. */
static bool window_open(const struct core *core, const struct connection *c,
                        const struct message *message) {
    //= v5/3.3.4-9 v5/4.9.0-2
    if (send_quota_left(c->quota) == 0u)
        return false;
    if (core->limits.max_inflight_bytes == 0u)
        return true;
    return c->in_flight_bytes == 0u ||
           c->in_flight_bytes + (uint64_t)message_size_bytes(message) <=
               core->limits.max_inflight_bytes;
}

/* A QoS 2 PUBLISH leaves under a packet id that outlives a crash, or it would come again under
 * another one, as another message. */
static bool waits(const struct core *core, const struct connection *c,
                  const struct queue_entry *entry) {
    //= v5/4.3.3-7 v5/4.4.0-1
    return entry->qos == 2u && connection_queue_batch(core, c) != 0u;
}

/* What was in flight on an earlier connection. */
static enum pulled resume_entry(struct core *core, struct connection *c, struct room *room,
                                struct queue_entry *entry) {
    const struct qos_send_transition step = qos_send_step(entry->state, QOS_SEND_ON_RESUME);

    if (step.action == QOS_SEND_DO_PUBREL)
        return send_pubrel(core, c, entry);
    CORE_ASSERT(step.action == QOS_SEND_DO_PUBLISH_AGAIN);
    if (!window_open(core, c, entry->message) || waits(core, c, entry))
        return NO_TURN;
    //= v5/4.4.0-1 v3/4.4.0-1 v5/4.8.2-4 v5/4.3.3-7
    return send_entry(core, c, room, entry, true);
}

/* Gives the entry its packet id and sends it for the first time. What can't be sent now goes back
 * to what it was. */
static enum pulled start_entry(struct core *core, struct connection *c, struct room *room,
                               struct queue_entry *entry) {
    struct queue *q = &c->session->queue;
    const struct qos_send_transition step = qos_send_step(
        QOS_SEND_FREE, entry->qos == 1u ? QOS_SEND_ON_SEND_QOS1 : QOS_SEND_ON_SEND_QOS2);
    enum pulled result;

    if (!window_open(core, c, entry->message) || q->in_flight_count == UINT16_MAX)
        return NO_TURN;
    if (!queue_start(&core->memory, q, entry))
        return NO_TURN;
    entry->state = step.next & 0x3fu;
    result = send_entry(core, c, room, entry, false);
    if (result != PULLED)
        queue_stop(&core->memory, q, entry);
    return result;
}

/* Packet ids for all that the window takes now, from queue.next on; so one wait serves them all.
 * QoS 0 ends it: those with an id stand together. */
static void prepare(struct core *core, struct connection *c) {
    struct session *session = c->session;
    struct queue *q = &session->queue;
    struct queue_entry *entry = q->next;
    uint32_t left = send_quota_left(c->quota);

    for (; left > 0u && entry != NULL && entry->qos > 0u; left--, entry = entry->next) {
        if (entry->packet_id != 0u)
            continue;
        if (q->in_flight_count == UINT16_MAX || message_expired(entry->message, core->now_ms) ||
            !queue_start(&core->memory, q, entry))
            break;
        entry->state =
            (uint8_t)qos_send_step(QOS_SEND_FREE, entry->qos == 1u ? QOS_SEND_ON_SEND_QOS1
                                                                   : QOS_SEND_ON_SEND_QOS2)
                .next &
            0x3fu;
        entry->prepared = 1u;
        store_sent(core, session, entry);
    }
    connection_hold_queue(core, c);
}

/* An entry that got its packet id before its turn. */
static enum pulled send_prepared(struct core *core, struct connection *c, struct room *room,
                                 struct queue_entry *entry) {
    if (entry->packet_id == 0u)
        prepare(core, c);
    if (entry->packet_id == 0u || waits(core, c, entry) || !window_open(core, c, entry->message))
        return NO_TURN;
    return send_entry(core, c, room, entry, false);
}

static enum pulled pull_entry(struct core *core, struct connection *c, struct room *room) {
    struct queue_entry *entry = c->session->queue.next;

    if (entry == NULL)
        return NO_TURN;
    if (entry->packet_id != 0u)
        return entry->prepared ? send_prepared(core, c, room, entry)
                               : resume_entry(core, c, room, entry);
    //= v5/3.3.2-5
    if (message_expired(entry->message, core->now_ms)) {
        deliver_drop(core, STAT_DROPPED_EXPIRED, c->session, entry->message);
        deliver_discard(core, c->session, entry);
        return PULLED;
    }
    if (entry->qos == 0u)
        return send_entry(core, c, room, entry, false);
    if (entry->qos == 2u && queue_entry_number(entry) != 0u && core->journal.on)
        return send_prepared(core, c, room, entry);
    return start_entry(core, c, room, entry);
}

/* Whether messages may leave while answers wait: for the journal, but not for room. */
static bool may_overtake(const struct core *core, const struct connection *c) {
    return output_ready_bytes(c->output, core->journal.durable) == 0u &&
           !output_holds_queue(c->output, core->journal.durable);
}

static void pull(struct core *core, struct connection *c, struct room *room) {
    enum pulled result = PULLED;

    CORE_ASSERT(room_left_to_copy(room) >= CORE_PULL_SIZE_MIN);
    c->want_write = 0u;
    core->journal.touched = false;
    while (result == PULLED && room_left_to_copy(room) > 0u) {
        if (connection_is_partial(c) && !take_partial(core, c, room))
            break;
        //= v5/3.3.4-10 v5/4.9.0-3
        room_put(room, output_take(&core->memory, &c->output, core->journal.durable, room_at(room),
                                   room_left_to_copy(room)));
        //= v5/3.14.4-1 v5/3.2.0-1
        if (!connection_may_send(c->state) ||
            (c->output != NULL && (!core->journal.on || !may_overtake(core, c))))
            break;
        result = pull_entry(core, c, room);
    }
    /* Still told as long as the caller is to come back; what waits for its turn is told anew. */
    c->told_write = result != NO_TURN && connection_has_output(core, c) ? 1u : 0u;
    if (core->journal.on) {
        journal_end_unit(&core->journal);
        connection_hold(core, c);
    }
    core_count_many(core, STAT_BYTES_SENT, room->used - room->begun);
    if (c->failed && connection_may_send(c->state))
        close_connection(core, c, CONNECTION_ON_EXPELLED, ELLA_REASON_QUOTA_EXCEEDED,
                         ELLA_ERROR_NONE, "no memory");
}

static uint32_t room_size(size_t size) {
    return size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

size_t core_pull(struct core *core, uint32_t conn, uint8_t *buf, size_t size) {
    struct room room = {buf, room_size(size), room_size(size), 0u, 0u, 0u, 0u, NULL};

    pull(core, connection_of(core, conn), &room);
    return room.used;
}

size_t core_pull_spans(struct core *core, uint32_t conn, uint8_t *buf, size_t size,
                       size_t bytes_max, struct core_pulled *out) {
    const uint32_t copied = (uint32_t)out->copied;
    const uint32_t used = (uint32_t)out->bytes;
    struct room room = {buf, room_size(size), room_size(bytes_max), used, used, copied, copied,
                        out};

    pull(core, connection_of(core, conn), &room);
    span_copied(&room);
    out->bytes = room.used;
    out->copied = room.copied;
    return room.used - used;
}
