/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The records of an earlier run, read again: they make the state that was there when the last of
 * them was written. It knows nothing of files.
 *
 * Reading may begin with any snapshot. Until its end (the window) records may speak of what is not
 * known yet, because it was there before and has not been recorded again: sessions and entries
 * that nobody knows are passed over. A session is complete from its NEW record on, or once the
 * snapshot has given the last of its entries; a snapshot has nothing new to say of the entries of
 * a complete one.
 *
 * While records are read a session's mark says whether it is complete, its expires_ms when its
 * connection was lost in wall time (0: it has one), and queue.next, of one that is not complete,
 * where the next entry of the snapshot belongs.
 */
#include <string.h>

#include "broker/core/core_state.h"
#include "broker/core/number_map.h"
#include "broker/core/record_body.h"

#define COMPLETE 1u
/* Messages that nobody refers to are looked for when there are so many more as a part of those
 * that were left the last time. */
#define SWEEP_PART 4u
#define SWEEP_MIN 1024u

struct restore {
    struct number_map sessions;
    struct number_map messages; /* each holds a reference */
    size_t sweep_count;         /* of messages: when to look */
    uint64_t last_wall_ms;      /* the latest time that was recorded */
    bool window;
    struct ella_packet packet; /* the body of the present record */
};

/* ---- Bodies ---- */

/* The body as a packet of this type. */
static bool decode(struct restore *restore, const struct record *record,
                   enum ella_packet_type type, enum ella_sender sender) {
    const struct ella_slice body = record->body;
    struct ella_decoder decoder;

    ella_decoder_init(&decoder, type == ELLA_CONNECT ? ELLA_VERSION_UNKNOWN : ELLA_VERSION_5_0,
                      sender, ELLA_PACKET_SIZE_MAX);
    return ella_decode(&decoder, body.base, body.off, body.end, &restore->packet) == ELLA_PACKET &&
           decoder.size == ella_slice_len(body) && restore->packet.type == type &&
           (type != ELLA_CONNECT || restore->packet.connect.version == ELLA_VERSION_5_0);
}

static struct session *session_of(const struct core *core, const struct record *record) {
    return number_map_find(&core->restore->sessions, record->session);
}

static void raise(uint64_t *last, uint64_t number) {
    if (*last < number)
        *last = number;
}

/* ---- Time ---- */

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static enum core_status time_record(struct core *core, uint64_t wall_ms) {
    raise(&core->restore->last_wall_ms, wall_ms);
    return CORE_OK;
}

/* A run has ended: connections that it had were lost no later than the time after the last one
 * that it recorded. */
static void lose_connections(struct core *core, uint64_t now_wall_ms) {
    const uint64_t recorded_ms = earlier(core->restore->last_wall_ms, now_wall_ms);
    const uint64_t lost_ms = earlier(recorded_ms + STORE_TIME_MS, now_wall_ms);

    for (uint32_t i = 0; i < core->sessions.bucket_count; i++) {
        for (struct session *s = core->sessions.buckets[i]; s != NULL; s = s->hash_next) {
            if (s->expires_ms == 0u)
                s->expires_ms = lost_ms == 0u ? 1u : lost_ms;
        }
    }
}

static enum core_status start(struct core *core, const struct record *record) {
    struct restore *restore = core->restore;
    uint64_t wall_ms;

    if (!record_body_time(record->body, &wall_ms))
        return CORE_BAD_RECORD;
    if (core->sessions.count == 0u && restore->messages.count == 0u) {
        core->sessions.key.k0 = record->number;
        core->sessions.key.k1 = record->value;
    }
    if (record->kind == RECORD_START) {
        lose_connections(core, wall_ms);
        restore->window = false;
    } else {
        restore->window = true;
    }
    return time_record(core, wall_ms);
}

/* ---- Sessions ---- */

static void forget_session(struct core *core, struct session *session) {
    number_map_remove(&core->restore->sessions, session_number(session));
    route_unsubscribe_all(core->route, &session->subscriptions);
    session_destroy(&core->sessions, &core->memory, session);
}

/* The session that the record begins, or speaks of for the first time. NULL: *status says why. */
static struct session *begin_session(struct core *core, const struct record *record,
                                     enum core_status *status) {
    const struct ella_slice client_id = core->restore->packet.connect.client_id;
    struct session *session = session_find(&core->sessions, client_id);

    *status = CORE_BAD_RECORD;
    if (record->session == 0u || record->session > RECORD_NUMBER_MAX ||
        ella_slice_len(client_id) == 0u ||
        (session != NULL && session_number(session) >= record->session))
        return NULL;
    *status = CORE_NO_MEMORY;
    if (session != NULL)
        forget_session(core, session);
    session = session_create(&core->sessions, &core->memory, client_id);
    if (session == NULL)
        return NULL;
    if (!number_map_add(&core->memory, &core->restore->sessions, record->session, session)) {
        session_destroy(&core->sessions, &core->memory, session);
        return NULL;
    }
    session_set_number(session, record->session);
    session->mark = (record->flags & RECORD_NEW) != 0u ? COMPLETE : 0u;
    raise(&core->last_session, record->session);
    *status = CORE_OK;
    return session;
}

static bool set_will(struct core *core, struct session *session,
                     const struct ella_connect *connect) {
    struct will *will;

    session_drop_will(&core->memory, session);
    if (!connect->has_will)
        return true;
    will = memory_get_zero(&core->memory, MEMORY_SESSION, sizeof *will);
    if (will == NULL)
        return false;
    will->delay_s = connect->will_properties.will_delay_interval_s;
    will->message = message_create_will(&core->memory, connect, session->key, true);
    if (will->message == NULL) {
        memory_put(&core->memory, MEMORY_SESSION, will, sizeof *will);
        return false;
    }
    session->will = will;
    return true;
}

static enum core_status session_record(struct core *core, const struct record *record) {
    const struct ella_connect *connect = &core->restore->packet.connect;
    struct session *session = session_of(core, record);
    struct text *user_name = NULL;
    enum core_status status = CORE_OK;

    if (!decode(core->restore, record, ELLA_CONNECT, ELLA_FROM_CLIENT))
        return CORE_BAD_RECORD;
    if (session == NULL)
        session = begin_session(core, record, &status);
    if (session == NULL)
        return status;
    if (connect->has_user_name) {
        user_name = text_create(&core->memory, MEMORY_SESSION, connect->user_name);
        if (user_name == NULL)
            return CORE_NO_MEMORY;
    }
    session_set_user_name(&core->memory, session, user_name);
    session->expiry_s = connect->properties.session_expiry_interval_s;
    session->expires_ms = record->value;
    raise(&core->restore->last_wall_ms, record->value);
    return set_will(core, session, connect) ? CORE_OK : CORE_NO_MEMORY;
}

static enum core_status session_end(struct core *core, const struct record *record) {
    struct session *session = session_of(core, record);

    if (session != NULL)
        forget_session(core, session);
    return CORE_OK;
}

/* ---- Subscriptions ---- */

static bool one_filter(const struct ella_packet *packet, struct ella_filter *out) {
    struct ella_slice rest = packet->subscribe.filters;
    struct ella_filter more;

    return ella_filter_next(packet->type, &rest, out) &&
           !ella_filter_next(packet->type, &rest, &more);
}

static enum core_status subscription(struct core *core, const struct record *record) {
    const struct ella_properties *p = &core->restore->packet.subscribe.properties;
    struct session *session = session_of(core, record);
    struct ella_slice rest = {NULL, 0u, 0u};
    struct subscription_options options = {0};
    struct subscription *made;
    struct ella_filter filter;

    if (!decode(core->restore, record, ELLA_SUBSCRIBE, ELLA_FROM_CLIENT) ||
        !one_filter(&core->restore->packet, &filter))
        return CORE_BAD_RECORD;
    if (session == NULL)
        return CORE_OK;
    options.qos = filter.qos;
    options.no_local = filter.no_local;
    options.retain_as_published = filter.retain_as_published;
    options.retain_handling = filter.retain_handling;
    if (ella_property_present(p, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER))
        rest = p->subscription_identifiers;
    if (ella_slice_len(rest) > 0u &&
        !ella_subscription_identifier_next(&rest, &options.identifier))
        return CORE_BAD_RECORD;
    if (route_subscribe(core->route, session, &session->subscriptions, filter.filter, &options,
                        &made) == ROUTE_NO_MEMORY)
        return CORE_NO_MEMORY;
    if (record->number <= UINT32_MAX)
        route_set_serial(core->route, made, (uint32_t)record->number);
    return CORE_OK;
}

static enum core_status unsubscription(struct core *core, const struct record *record) {
    struct session *session = session_of(core, record);
    struct ella_filter filter;

    if (!decode(core->restore, record, ELLA_UNSUBSCRIBE, ELLA_FROM_CLIENT) ||
        !one_filter(&core->restore->packet, &filter))
        return CORE_BAD_RECORD;
    if (session != NULL)
        (void)route_unsubscribe(core->route, session, &session->subscriptions, filter.filter);
    return CORE_OK;
}

/* ---- Messages ---- */

/* Gives up the messages that nobody refers to. Not in the window: there somebody may who is not
 * known yet. */
static void sweep(struct core *core) {
    struct number_map *map = &core->restore->messages;

    for (size_t i = 0; i < map->capacity;) {
        struct message *message = map->slots[i].thing;
        if (message == NULL || message->references > 1u) {
            i++;
            continue;
        }
        /* Another one may come to stand in its place. */
        number_map_remove(map, message_get_record(message).number);
        message_drop(&core->memory, message);
    }
    core->restore->sweep_count = map->count + map->count / SWEEP_PART + SWEEP_MIN;
}

/* No interval of MQTT is longer, so neither is what a record says. */
#define LATEST_MS ((uint64_t)UINT32_MAX * 1000u)

static uint64_t expires_at(const struct core *core, uint64_t wall_ms) {
    const uint64_t now_wall_ms = core_wall_ms(core, core->now_ms);
    const uint64_t later_ms = wall_ms > now_wall_ms ? wall_ms - now_wall_ms : 0u;

    return core->now_ms + (later_ms < LATEST_MS ? later_ms : LATEST_MS);
}

static enum core_status message_record(struct core *core, const struct record *record) {
    struct restore *restore = core->restore;
    struct ella_publish *publish = &restore->packet.publish;
    struct message *message;

    /* A topic alias stands for a topic only on its connection. */
    if (record->number == 0u || record->number > RECORD_NUMBER_MAX ||
        !decode(restore, record, ELLA_PUBLISH, ELLA_FROM_SERVER) ||
        ella_slice_len(publish->topic) == 0u)
        return CORE_BAD_RECORD;
    if (number_map_find(&restore->messages, record->number) != NULL)
        return CORE_OK;
    if (!restore->window && restore->messages.count >= restore->sweep_count)
        sweep(core);
    if (record->value != 0u)
        ella_property_set(&publish->properties, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    message = message_create(&core->memory, publish->topic, publish, record->session, true,
                             core->now_ms);
    if (message == NULL)
        return CORE_NO_MEMORY;
    if (record->value != 0u)
        message_set_expires_ms(message, expires_at(core, record->value));
    message_set_record(message,
                       (struct message_record){.number = record->number & RECORD_NUMBER_MAX,
                                               .epoch = core->epoch});
    if (!number_map_add(&core->memory, &restore->messages, record->number, message)) {
        message_drop(&core->memory, message);
        return CORE_NO_MEMORY;
    }
    raise(&core->last_message, record->number);
    return CORE_OK;
}

static enum core_status retained(struct core *core, const struct record *record) {
    struct message *message = number_map_find(&core->restore->messages, record->number);

    if (message == NULL)
        return CORE_BAD_RECORD;
    return retain_set(core->retain, message, 0u, 0u) == RETAIN_NO_MEMORY ? CORE_NO_MEMORY
                                                                         : CORE_OK;
}

static enum core_status retained_clear(struct core *core, const struct record *record) {
    const struct ella_publish *publish = &core->restore->packet.publish;
    struct message *message;

    if (!decode(core->restore, record, ELLA_PUBLISH, ELLA_FROM_CLIENT) ||
        ella_slice_len(publish->payload) > 0u)
        return CORE_BAD_RECORD;
    message = message_create(&core->memory, publish->topic, publish, 0u, true, core->now_ms);
    if (message == NULL)
        return CORE_NO_MEMORY;
    (void)retain_set(core->retain, message, 0u, 0u);
    message_drop(&core->memory, message);
    return CORE_OK;
}

/* ---- Queues ---- */

/* What waits stands in the order of the numbers; so does what is in flight, before it or, when
 * records are missing, between it. */
static struct queue_entry *entry_of(const struct session *session, const struct record *record) {
    struct queue_entry *entry = queue_find(&session->queue, record->packet_id);

    if (entry != NULL && queue_entry_number(entry) == record->number)
        return entry;
    for (entry = session->queue.first; entry != NULL; entry = entry->next) {
        if (queue_entry_number(entry) == record->number)
            return entry;
        if (queue_entry_number(entry) > record->number && entry->packet_id == 0u)
            return NULL;
    }
    return NULL;
}

static bool set_body(struct core *core, struct session *session, struct queue_entry *entry,
                     struct ella_slice body) {
    const uint32_t count = record_body_count(body);
    const uint32_t *known;

    if (count == 0u)
        return true;
    entry->share_serial = record_body_number(body, 0u);
    route_set_serial(core->route, NULL, entry->share_serial);
    /* One that was recorded again has some of them already. */
    for (uint32_t i = 1u + queue_entry_identifiers(entry, &known); i < count; i++) {
        if (queue_entry_identify(&core->memory, &session->queue, entry,
                                 record_body_number(body, i)) == NULL)
            return false;
    }
    return true;
}

/* The entry is in flight. false: no memory, or its packet id is in use. */
static enum core_status set_sent(struct core *core, struct session *session,
                                 struct queue_entry *entry, uint16_t packet_id) {
    if (queue_find(&session->queue, packet_id) != NULL || entry->qos == 0u)
        return CORE_BAD_RECORD;
    if (!queue_restart(&core->memory, &session->queue, entry, packet_id))
        return CORE_NO_MEMORY;
    if (entry->message == NULL)
        entry->state = QOS_SEND_WAITING_PUBCOMP;
    else
        entry->state = entry->qos == 1u ? QOS_SEND_WAITING_PUBACK : QOS_SEND_WAITING_PUBREC;
    return CORE_OK;
}

/* Whether the entry is there already; moves to where a snapshot's next one belongs. */
static bool is_known(struct session *session, const struct record *record) {
    struct queue *q = &session->queue;

    if ((record->flags & RECORD_WALKED) == 0u)
        return q->last != NULL && queue_entry_number(q->last) >= record->number;
    if (session->mark == COMPLETE)
        return true;
    while (q->next != NULL && queue_entry_number(q->next) < record->number)
        q->next = q->next->next;
    if (q->next == NULL || queue_entry_number(q->next) != record->number)
        return false;
    q->next = q->next->next;
    return true;
}

static enum core_status known_entry(struct core *core, struct session *session,
                                    const struct record *record) {
    struct queue_entry *last = session->queue.last;

    if ((record->flags & RECORD_WALKED) != 0u || queue_entry_number(last) != record->number)
        return CORE_OK;
    return set_body(core, session, last, record->body) ? CORE_OK : CORE_NO_MEMORY;
}

static struct queue_entry *add_entry(struct core *core, struct session *session,
                                     struct message *message, const struct record *record) {
    const uint8_t qos = (record->flags & RECORD_QOS_MASK) >> RECORD_QOS_SHIFT;
    const enum queue_account account = message == NULL || (record->flags & RECORD_UNLIMITED) != 0u
                                           ? QUEUE_UNLIMITED
                                           : QUEUE_WAITING;

    if ((record->flags & RECORD_WALKED) != 0u)
        return queue_insert(&core->memory, &session->queue, message, qos, account);
    return queue_append(&core->memory, &session->queue, message, qos, account, true);
}

static enum core_status queued(struct core *core, const struct record *record) {
    const uint8_t qos = (record->flags & RECORD_QOS_MASK) >> RECORD_QOS_SHIFT;
    struct session *session = session_of(core, record);
    struct message *message = number_map_find(&core->restore->messages, record->value);
    struct queue_entry *entry;
    enum core_status status = CORE_OK;

    if (record->number == 0u || qos == 0u || qos == 3u ||
        !record_body_is_queued(record->body, QUEUE_IDENTIFIERS_MAX) ||
        (record->value == 0u && (qos != 2u || record->packet_id == 0u)) ||
        (record->value != 0u && message == NULL))
        return CORE_BAD_RECORD;
    raise(&core->last_entry, record->number);
    if (session == NULL)
        return CORE_OK;
    if (is_known(session, record))
        return known_entry(core, session, record);
    entry = add_entry(core, session, message, record);
    if (entry == NULL)
        return CORE_NO_MEMORY;
    queue_entry_set_number(entry, record->number);
    entry->retain = (record->flags & RECORD_RETAIN) != 0u;
    if (!set_body(core, session, entry, record->body))
        status = CORE_NO_MEMORY;
    else if (record->packet_id != 0u)
        status = set_sent(core, session, entry, record->packet_id);
    if (status != CORE_OK)
        queue_remove(&core->memory, &session->queue, entry);
    return status;
}

static enum core_status sent(struct core *core, const struct record *record) {
    struct session *session = session_of(core, record);
    struct queue_entry *entry = session == NULL ? NULL : entry_of(session, record);

    if (record->packet_id == 0u)
        return CORE_BAD_RECORD;
    if (entry == NULL || entry->packet_id == record->packet_id)
        return CORE_OK;
    if (entry->packet_id != 0u)
        return CORE_BAD_RECORD;
    return set_sent(core, session, entry, record->packet_id);
}

static enum core_status released(struct core *core, const struct record *record) {
    struct session *session = session_of(core, record);
    struct queue_entry *entry = session == NULL ? NULL : entry_of(session, record);

    if (entry == NULL)
        return CORE_OK;
    if (entry->qos != 2u || entry->packet_id == 0u)
        return CORE_BAD_RECORD;
    entry->state = QOS_SEND_WAITING_PUBCOMP;
    queue_entry_release(&core->memory, entry);
    return CORE_OK;
}

static void one_done(struct core *core, struct session *session, const struct record *record) {
    struct queue_entry *entry = entry_of(session, record);

    if (entry != NULL)
        queue_remove(&core->memory, &session->queue, entry);
}

static enum core_status done(struct core *core, const struct record *record) {
    const uint32_t count = record_body_count(record->body);
    struct session *session = session_of(core, record);
    struct record other = *record;

    if (!record_body_is_numbers(record->body))
        return CORE_BAD_RECORD;
    if (session == NULL)
        return CORE_OK;
    one_done(core, session, record);
    other.packet_id = 0u;
    for (uint32_t i = 0u; i < count; i++) {
        other.number = record->number + record_body_number(record->body, i);
        one_done(core, session, &other);
    }
    return CORE_OK;
}

static enum core_status queued_end(struct core *core, const struct record *record) {
    struct session *session = session_of(core, record);

    if (session != NULL)
        session->mark = COMPLETE;
    return CORE_OK;
}

static enum core_status received(struct core *core, const struct record *record) {
    struct session *session = session_of(core, record);

    if (record->packet_id == 0u)
        return CORE_BAD_RECORD;
    if (session == NULL || received_has(session->received, record->packet_id))
        return CORE_OK;
    return received_add(&core->memory, &session->received, record->packet_id) ? CORE_OK
                                                                              : CORE_NO_MEMORY;
}

static enum core_status received_end(struct core *core, const struct record *record) {
    struct session *session = session_of(core, record);

    if (session != NULL && received_has(session->received, record->packet_id))
        received_remove(&core->memory, &session->received, record->packet_id);
    return CORE_OK;
}

/* ---- A record ---- */

static enum core_status apply(struct core *core, const struct record *record) {
    switch ((enum record_kind)record->kind) {
    case RECORD_START:
    case RECORD_SNAPSHOT_BEGIN:
        return start(core, record);
    case RECORD_TIME:
        return time_record(core, record->value);
    case RECORD_SNAPSHOT_END:
        core->restore->window = false;
        return CORE_OK;
    case RECORD_SESSION:
        return session_record(core, record);
    case RECORD_SESSION_END:
        return session_end(core, record);
    case RECORD_SUBSCRIPTION:
        return subscription(core, record);
    case RECORD_UNSUBSCRIPTION:
        return unsubscription(core, record);
    case RECORD_MESSAGE:
        return message_record(core, record);
    case RECORD_QUEUED:
        return queued(core, record);
    case RECORD_SENT:
        return sent(core, record);
    case RECORD_RELEASED:
        return released(core, record);
    case RECORD_DONE:
        return done(core, record);
    case RECORD_QUEUED_END:
        return queued_end(core, record);
    case RECORD_RECEIVED:
        return received(core, record);
    case RECORD_RECEIVED_END:
        return received_end(core, record);
    case RECORD_RETAINED:
        return retained(core, record);
    case RECORD_RETAINED_CLEAR:
        return retained_clear(core, record);
    case RECORD_KIND_COUNT:
        break;
    }
    return CORE_BAD_RECORD;
}

static bool begin(struct core *core) {
    if (core->restore != NULL)
        return true;
    core->restore = memory_get_zero(&core->memory, MEMORY_OTHER, sizeof *core->restore);
    if (core->restore == NULL)
        return false;
    core->restore->sweep_count = SWEEP_MIN;
    return true;
}

enum core_status restore_record(struct core *core, struct ella_slice bytes) {
    struct record record;

    CORE_ASSERT(core->ports.journal && !core->journal.on);
    if (!begin(core))
        return CORE_NO_MEMORY;
    if (record_read(bytes.base, bytes.off, bytes.end, &record) != ella_slice_len(bytes))
        return CORE_BAD_RECORD;
    return apply(core, &record);
}

/* ---- The end ---- */

void restore_free(struct core *core) {
    struct restore *restore = core->restore;

    if (restore == NULL)
        return;
    for (size_t i = 0; i < restore->messages.capacity; i++) {
        if (restore->messages.slots[i].thing != NULL)
            message_drop(&core->memory, restore->messages.slots[i].thing);
    }
    number_map_free(&core->memory, &restore->messages);
    number_map_free(&core->memory, &restore->sessions);
    memory_put(&core->memory, MEMORY_OTHER, restore, sizeof *restore);
    core->restore = NULL;
}

/* When something is due that was to be interval_s after a moment in wall time. */
static uint64_t due_ms(const struct core *core, uint64_t since_wall_ms, uint32_t interval_s) {
    const uint64_t due_wall_ms = session_deadline_ms(since_wall_ms, interval_s);

    return due_wall_ms == SESSION_NO_DEADLINE_MS ? due_wall_ms : expires_at(core, due_wall_ms);
}

/* The session as one that lost its connection when it did. */
static void settle_session(struct core *core, struct session *session) {
    /* In the future only if the clock was set back: then its time begins now, and ends. */
    const uint64_t lost_wall_ms = earlier(session->expires_ms, core_wall_ms(core, core->now_ms));

    session->mark = 0u;
    queue_rewind(&session->queue);
    core->stats->value[STAT_QUEUED_MESSAGES] += session->queue.count;
    session->state = (uint8_t)(session->will != NULL ? SESSION_DETACHED_WILL : SESSION_DETACHED);
    //= v5/3.1.2-23 v5/4.1.0-2
    session->expires_ms = due_ms(core, lost_wall_ms, session->expiry_s);
    if (session->will != NULL)
        session->will->due_ms = due_ms(
            core, lost_wall_ms, session_will_delay_s(session->will->delay_s, session->expiry_s));
}

static bool settle(struct core *core) {
    bool done = true;

    for (uint32_t i = 0; i < core->sessions.bucket_count; i++) {
        for (struct session *s = core->sessions.buckets[i]; s != NULL; s = s->hash_next) {
            settle_session(core, s);
            done = close_arm(core, s) && done;
        }
    }
    return done;
}

enum core_status restore_end(struct core *core, enum core_storage storage) {
    bool done;

    CORE_ASSERT(core->ports.journal && !core->journal.on && core->connection_capacity == 0u);
    if (!begin(core))
        return CORE_NO_MEMORY;
    lose_connections(core, core_wall_ms(core, core->now_ms));
    restore_free(core);
    done = settle(core);
    core->journal.on = true;
    core->pulled_session = core->last_session;
    core->durable_session = storage == CORE_STORAGE_OK ? core->last_session : 0u;
    store_start(core, RECORD_START);
    /* What ended while the broker was down ends now, wills go out. */
    //= v5/3.1.2-8 v5/4.1.0-2
    expire_due(core);
    return done ? CORE_OK : CORE_NO_MEMORY;
}
