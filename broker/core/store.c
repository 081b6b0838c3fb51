/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What must outlive a crash, into records (record.h). It knows nothing of when that is decided or
 * how it is read again (restore.c).
 *
 * A message is recorded once, where something that outlives refers to it first, and once more in
 * each epoch, which begins with a snapshot: so every epoch has all that it refers to.
 */
#include <string.h>

#include "broker/core/core_state.h"

/* What a record may have around what the client sent. */
#define RECORD_OVERHEAD 512u

static bool is_stored(const struct core *core, const struct session *session) {
    return core->journal.on && session_number(session) != 0u;
}

/* A record that can't be left out. */
static uint8_t *add(struct core *core, const struct record *record, uint32_t body_len) {
    uint8_t *to = journal_add(&core->memory, &core->journal, record, body_len);

    if (to == NULL && !core->journal.lost)
        journal_lose(&core->journal);
    return to;
}

/* One that can. */
static bool try_add(struct core *core, const struct record *record, uint32_t body_len,
                    uint8_t **to) {
    *to = journal_add(&core->memory, &core->journal, record, body_len);
    return *to != NULL || core->journal.lost;
}

static bool try_add_packet(struct core *core, const struct record *record,
                           const struct ella_packet *packet) {
    uint32_t size = 0u;
    uint8_t *to;
    enum ella_error error = ella_encoded_size(packet, ELLA_VERSION_5_0, ELLA_FROM_CLIENT, &size);

    CORE_ASSERT(error == ELLA_ERROR_NONE);
    if (!try_add(core, record, size, &to))
        return false;
    if (to != NULL) {
        error = ella_encode(packet, ELLA_VERSION_5_0, ELLA_FROM_CLIENT, to, 0u, size, &size);
        CORE_ASSERT(error == ELLA_ERROR_NONE);
    }
    return true;
}

bool store_reserve(struct core *core, size_t size) {
    return !core->journal.on || core->journal.lost ||
           journal_reserve(&core->memory, &core->journal, size + RECORD_OVERHEAD);
}

/* ---- Time ---- */

void store_start(struct core *core, enum record_kind kind) {
    const struct record record = {
        .kind = (uint8_t)kind, .number = core->sessions.key.k0, .value = core->sessions.key.k1};
    uint8_t *to = add(core, &record, 8u);

    if (to != NULL)
        record_put_u64(to, core_wall_ms(core, core->now_ms));
}

void store_time(struct core *core) {
    const struct record record = {.kind = RECORD_TIME, .value = core_wall_ms(core, core->now_ms)};

    if (core->journal.on)
        (void)add(core, &record, 0u);
}

/* ---- Sessions ---- */

/* When the connection was lost, as far as it matters: found from what is due when. */
static uint64_t detached_ms(const struct core *core, const struct session *session) {
    const uint64_t ms_per_s = 1000u;
    uint64_t at_ms = core->now_ms;

    if (session->expires_ms != UINT64_MAX)
        at_ms = session->expires_ms - session->expiry_s * ms_per_s;
    else if (session->will != NULL && session->will->due_ms != UINT64_MAX)
        at_ms = session->will->due_ms -
                session_will_delay_s(session->will->delay_s, session->expiry_s) * ms_per_s;
    return core_wall_ms(core, at_ms);
}

static void put_will(const struct will *will, struct ella_connect *connect) {
    struct ella_publish publish;

    /* Its expiry has not begun: at the time 0 all of it is left. */
    message_to_publish(will->message, 0u, &publish);
    connect->has_will = true;
    connect->will_qos = will->message->qos;
    connect->will_retain = will->message->retain;
    connect->will_topic = publish.topic;
    connect->will_payload = publish.payload;
    connect->will_properties = publish.properties;
    ella_property_set(&connect->will_properties, ELLA_PROPERTY_WILL_DELAY_INTERVAL);
    connect->will_properties.will_delay_interval_s = will->delay_s;
}

void store_session(struct core *core, struct session *session, uint8_t flags) {
    struct record record = {.kind = RECORD_SESSION, .flags = flags};
    struct ella_packet packet;
    struct ella_connect *connect = &packet.connect;

    if (!core->journal.on)
        return;
    if (session_number(session) == 0u) {
        session_set_number(session, ++core->last_session);
        record.flags |= RECORD_NEW;
    }
    record.session = session_number(session);
    if (session->connection == NULL)
        record.value = detached_ms(core, session);
    packet.type = ELLA_CONNECT;
    memset(connect, 0, sizeof *connect);
    connect->version = ELLA_VERSION_5_0;
    connect->client_id = session_client_id(session);
    connect->has_user_name = session->user_name != NULL;
    connect->user_name = text_slice(session->user_name);
    ella_property_set(&connect->properties, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
    connect->properties.session_expiry_interval_s = session->expiry_s;
    if (session->will != NULL)
        put_will(session->will, connect);
    //= v5/4.1.0-1 v5/3.1.2-23 v3/3.1.2-5
    if (!try_add_packet(core, &record, &packet))
        journal_lose(&core->journal);
}

void store_session_end(struct core *core, struct session *session) {
    const struct record record = {.kind = RECORD_SESSION_END, .session = session_number(session)};

    if (!is_stored(core, session))
        return;
    (void)add(core, &record, 0u);
    session_set_number(session, 0u);
    if (core->walk.session == session)
        core->walk.session = NULL;
}

/* ---- Subscriptions ---- */

static void put_filter(struct ella_packet *packet, enum ella_packet_type type,
                       struct ella_slice filters) {
    packet->type = type;
    memset(&packet->subscribe, 0, sizeof packet->subscribe);
    packet->subscribe.packet_id = 1u;
    packet->subscribe.filters = filters;
}

/* Bytes of a filter as SUBSCRIBE has it: length, filter, options. */
#define FILTER_OVERHEAD 3u

bool store_subscription(struct core *core, const struct subscription *subscription,
                        struct ella_slice filter) {
    const struct record record = {
        .kind = RECORD_SUBSCRIPTION,
        .session = session_number(subscription->session),
        .number = subscription->group == NULL ? 0u : subscription->group->serial};
    const uint32_t size = ella_slice_len(filter) + FILTER_OVERHEAD;
    uint8_t identifier[8];
    uint32_t used = 0u;
    uint8_t *filters;
    struct ella_packet packet;
    struct ella_filter entry = {.filter = filter,
                                .qos = subscription->qos,
                                .no_local = subscription->no_local,
                                .retain_as_published = subscription->retain_as_published,
                                .retain_handling = subscription->retain_handling};
    enum ella_error error;
    bool done;

    if (!is_stored(core, subscription->session))
        return true;
    filters = memory_get(&core->memory, MEMORY_OTHER, size);
    if (filters == NULL)
        return false;
    error = ella_filter_put(ELLA_SUBSCRIBE, ELLA_VERSION_5_0, &entry, filters, size, &used);
    CORE_ASSERT(error == ELLA_ERROR_NONE);
    put_filter(&packet, ELLA_SUBSCRIBE, ella_slice_of(filters, used));
    if (subscription->identifier != 0u) {
        used = 0u;
        error = ella_subscription_identifier_put(subscription->identifier, identifier,
                                                 sizeof identifier, &used);
        CORE_ASSERT(error == ELLA_ERROR_NONE);
        ella_property_set(&packet.subscribe.properties, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
        packet.subscribe.properties.subscription_identifiers = ella_slice_of(identifier, used);
    }
    done = try_add_packet(core, &record, &packet);
    memory_put(&core->memory, MEMORY_OTHER, filters, size);
    return done;
}

void store_unsubscription(struct core *core, const struct session *session,
                          struct ella_slice filter) {
    const struct record record = {.kind = RECORD_UNSUBSCRIPTION,
                                  .session = session_number(session)};
    const struct ella_filter entry = {.filter = filter};
    const uint32_t size = ella_slice_len(filter) + FILTER_OVERHEAD;
    uint32_t used = 0u;
    uint8_t *filters;
    struct ella_packet packet;
    enum ella_error error;

    if (!is_stored(core, session))
        return;
    filters = memory_get(&core->memory, MEMORY_OTHER, size);
    if (filters == NULL) {
        journal_lose(&core->journal);
        core->journal.touched = true;
        return;
    }
    error = ella_filter_put(ELLA_UNSUBSCRIBE, ELLA_VERSION_5_0, &entry, filters, size, &used);
    CORE_ASSERT(error == ELLA_ERROR_NONE);
    put_filter(&packet, ELLA_UNSUBSCRIBE, ella_slice_of(filters, used));
    if (!try_add_packet(core, &record, &packet))
        journal_lose(&core->journal);
    memory_put(&core->memory, MEMORY_OTHER, filters, size);
}

/* ---- Messages ---- */

static bool message_record(struct core *core, struct message *message) {
    struct record record = {.kind = RECORD_MESSAGE, .session = message_publisher(message)};
    struct message_record name = message_get_record(message);
    uint8_t *to;

    if (name.number == 0u) {
        name.number = ++core->last_message & RECORD_NUMBER_MAX;
        message_set_record(message, name);
    }
    record.number = name.number;
    if (message_expires_ms(message) != MESSAGE_NEVER_EXPIRES)
        record.value = core_wall_ms(core, message_expires_ms(message));
    /* Room for all that it can be; what it is shows when it is written. */
    if (!try_add(core, &record, (uint32_t)message_encoded_size_max(message), &to))
        return false;
    if (to == NULL)
        return true;
    journal_trim(&core->journal, message_encode(message, to));
    name.epoch = core->epoch;
    message_set_record(message, name);
    return true;
}

/* Once in each epoch. */
static inline bool store_message(struct core *core, struct message *message) {
    return message_get_record(message).epoch == core->epoch || message_record(core, message);
}

/* Bytes of the body of QUEUED: where the entry comes from, if that is to be said. */
static inline uint32_t origin_len(const struct queue_entry *entry) {
    const uint32_t *identifiers;
    const uint32_t count = queue_entry_identifiers(entry, &identifiers);

    return count > 0u || entry->share_serial != 0u ? 4u + 4u * count : 0u;
}

static void put_origin(const struct queue_entry *entry, uint8_t *to) {
    const uint32_t *identifiers;
    const uint32_t count = queue_entry_identifiers(entry, &identifiers);

    record_put_u32(to, entry->share_serial);
    for (uint32_t i = 0u; i < count; i++)
        record_put_u32(to + 4u + 4u * i, identifiers[i]);
}

static inline bool queued_record(struct core *core, const struct session *session,
                                 const struct queue_entry *entry, uint8_t flags) {
    const struct message *message = entry->message;
    const uint32_t body_len = origin_len(entry);
    const struct record record = {
        .kind = RECORD_QUEUED,
        .flags = (uint8_t)(flags | (unsigned)entry->qos << RECORD_QOS_SHIFT |
                           (entry->retain ? RECORD_RETAIN : 0u) |
                           (entry->account == QUEUE_UNLIMITED ? RECORD_UNLIMITED : 0u)),
        .packet_id = entry->packet_id,
        .session = session_number(session),
        .number = queue_entry_number(entry),
        .value = message == NULL ? 0u : message_get_record(message).number};
    uint8_t *to;

    if (!try_add(core, &record, body_len, &to))
        return false;
    if (to != NULL && body_len > 0u)
        put_origin(entry, to);
    return true;
}

bool store_queued(struct core *core, const struct session *session, struct queue_entry *entry,
                  uint8_t flags) {
    const bool is_first = queue_entry_number(entry) == 0u;

    //= v5/4.1.0-1 v3/3.1.2-5
    if (!is_stored(core, session) || entry->qos == 0u)
        return true;
    if (is_first)
        queue_entry_set_number(entry, ++core->last_entry);
    if (entry->message != NULL && !store_message(core, entry->message))
        return false;
    if (!queued_record(core, session, entry, flags))
        return false;
    if (is_first && (flags & RECORD_WALKED) == 0u)
        fresh_queued(&core->memory, &core->fresh, &core->journal, queue_entry_number(entry));
    return true;
}

static inline bool is_recorded(const struct core *core, const struct session *session,
                               const struct queue_entry *entry) {
    return is_stored(core, session) && queue_entry_number(entry) != 0u;
}

static inline void entry_record(struct core *core, const struct session *session,
                                const struct queue_entry *entry, enum record_kind kind) {
    const struct record record = {.kind = (uint8_t)kind,
                                  .packet_id = entry->packet_id,
                                  .session = session_number(session),
                                  .number = queue_entry_number(entry)};

    (void)add(core, &record, 0u);
}

/* Where its QUEUED still waits, the packet identifier goes in there. */
static void sent_record(struct core *core, const struct session *session,
                        const struct queue_entry *entry) {
    const uint64_t number = session_number(session);
    uint8_t *queued = fresh_find(&core->fresh, &core->journal, number, queue_entry_number(entry));

    if (queued != NULL) {
        record_put_packet_id(queued, entry->packet_id);
        core->journal.touched = true;
        return;
    }
    entry_record(core, session, entry, RECORD_SENT);
    fresh_bar(&core->fresh, &core->journal, number);
}

void store_sent(struct core *core, const struct session *session,
                const struct queue_entry *entry) {
    if (!is_recorded(core, session, entry))
        return;
    //= v5/4.4.0-1 v3/4.4.0-1
    sent_record(core, session, entry);
}

void store_released(struct core *core, const struct session *session,
                    const struct queue_entry *entry) {
    if (!is_recorded(core, session, entry))
        return;
    entry_record(core, session, entry, RECORD_RELEASED);
}

/* Whether the packet identifier, once it is free, may be given again while the records of now wait
 * in the buffer: it comes soon behind the last one, perhaps behind others that are in use. */
static bool may_come_again(const struct queue *queue, uint16_t packet_id) {
    const uint16_t ahead = (uint16_t)(packet_id - queue->last_packet_id - 1u);

    return packet_id != 0u &&
           (ahead < 3u * FRESH_COUNT_MAX || queue->in_flight_count > FRESH_COUNT_MAX);
}

static void done_record(struct core *core, const struct session *session,
                        const struct queue_entry *entry) {
    const struct journal *journal = &core->journal;

    entry_record(core, session, entry, RECORD_DONE);
    if (!journal->lost)
        core->last_done = (struct last_done){.filling = journal->filling,
                                             .at = journal->last,
                                             .session = session_number(session),
                                             .number = queue_entry_number(entry)};
}

/* Adds the entry to the DONE of its session that was recorded last. false: there is none. */
static bool join_done(struct core *core, const struct session *session,
                      const struct queue_entry *entry) {
    const struct last_done *done = &core->last_done;
    const uint64_t higher = queue_entry_number(entry) - done->number;
    uint8_t *to;

    if (done->filling != core->journal.filling || done->at != core->journal.last ||
        done->session != session_number(session) || higher > UINT32_MAX)
        return false;
    to = journal_extend(&core->memory, &core->journal);
    if (to == NULL)
        return false;
    record_put_u32(to, (uint32_t)higher);
    return true;
}

static void free_packet_id(struct core *core, const struct session *session,
                           const struct queue_entry *entry) {
    if (may_come_again(&session->queue, entry->packet_id))
        fresh_bar(&core->fresh, &core->journal, session_number(session));
}

void store_done(struct core *core, const struct session *session,
                const struct queue_entry *entry) {
    if (!is_recorded(core, session, entry))
        return;
    done_record(core, session, entry);
    free_packet_id(core, session, entry);
}

void store_acknowledged(struct core *core, const struct session *session,
                        const struct queue_entry *entry) {
    if (!is_recorded(core, session, entry))
        return;
    if (!join_done(core, session, entry))
        done_record(core, session, entry);
    free_packet_id(core, session, entry);
}

static void packet_id_record(struct core *core, const struct session *session, uint16_t packet_id,
                             enum record_kind kind) {
    const struct record record = {
        .kind = (uint8_t)kind, .packet_id = packet_id, .session = session_number(session)};

    if (is_stored(core, session))
        (void)add(core, &record, 0u);
}

void store_queued_end(struct core *core, const struct session *session) {
    packet_id_record(core, session, 0u, RECORD_QUEUED_END);
}

void store_received(struct core *core, const struct session *session, uint16_t packet_id) {
    packet_id_record(core, session, packet_id, RECORD_RECEIVED);
}

void store_received_end(struct core *core, const struct session *session, uint16_t packet_id) {
    packet_id_record(core, session, packet_id, RECORD_RECEIVED_END);
}

/* ---- Retained messages ---- */

static void store_cleared(struct core *core, const struct message *message) {
    const struct record record = {.kind = RECORD_RETAINED_CLEAR};
    struct ella_packet packet;

    packet.type = ELLA_PUBLISH;
    memset(&packet.publish, 0, sizeof packet.publish);
    packet.publish.topic = message_topic(message);
    packet.publish.retain = true;
    if (!try_add_packet(core, &record, &packet))
        journal_lose(&core->journal);
}

void store_retained(struct core *core, struct message *message) {
    struct record record = {.kind = RECORD_RETAINED};

    if (!core->journal.on || core_is_sys(message_topic(message)))
        return;
    if (message_get_lengths(message).payload == 0u) {
        store_cleared(core, message);
        return;
    }
    if (!store_message(core, message)) {
        journal_lose(&core->journal);
        return;
    }
    record.number = message_get_record(message).number;
    (void)add(core, &record, 0u);
}
