/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A message into the queues of those who subscribe: one copy for each session whatever the overlap
 * of its subscriptions, one for each share group. It knows nothing of packets; what is sent and
 * when is pull.c's.
 *
 * The drop rule: what is newest is dropped, and counted by its reason; what is queued stays.
 *
 * A delivery walks the match set twice. The first walk notes in each session's mark what all its
 * matching subscriptions say together; the second makes the copy at the session's first entry and
 * adds subscription identifiers at the others. So overlaps cost no search.
 */
#include "broker/core/core_state.h"

/* A session's mark: the number of the delivery, and below it what was found out. */
#define MARK_QOS 0x03u
#define MARK_RETAIN 0x04u
#define MARK_DENIED 0x08u
#define MARK_QUEUED 0x10u  /* the copy is the last entry of the queue */
#define MARK_DROPPED 0x20u /* there is no copy */
#define MARK_BITS 8u

/* How a copy is to be sent. */
struct copy {
    uint8_t qos;
    bool retain;
    bool has_identifier; /* identify() will follow */
    uint32_t share_serial;
};

/* ---- Drops ---- */

void deliver_drop(struct core *core, enum core_stat stat, const struct session *session,
                  const struct message *message) {
    struct core_log line = {0};

    core_count(core, stat);
    line.level = CORE_LOG_DEBUG;
    line.kind = CORE_LOG_DROPPED;
    line.conn = CORE_NO_CONN;
    if (session != NULL) {
        line.client_id = session_client_id(session);
        if (session->connection != NULL)
            line.conn = session->connection->slot;
    }
    line.topic = message_topic(message);
    line.packet_type = ELLA_PUBLISH;
    line.qos = message->qos;
    line.text = core_stat_row(stat)->meaning;
    log_line(core, &line);
}

/* ---- One copy ---- */

/* Which account the copy goes to; what is dropped, and why, is *drop. */
static bool has_room(const struct core *core, const struct session *session,
                     const struct message *message, uint8_t qos, enum queue_account *account,
                     enum core_stat *drop) {
    const struct core_limits *l = &core->limits;
    const struct queue *q = &session->queue;
    const size_t size = message_size_bytes(message);
    uint32_t window = 0u;

    if (qos == 0u && session->connection != NULL) {
        *account = QUEUE_BACKLOG;
        *drop = STAT_DROPPED_QOS0_BACKLOG;
        return l->max_qos0_backlog_bytes == 0u || q->backlog_bytes == 0u ||
               q->backlog_bytes + (uint64_t)size <= l->max_qos0_backlog_bytes;
    }
    *account = QUEUE_WAITING;
    *drop = STAT_DROPPED_QOS0_DETACHED;
    if (qos == 0u && !l->queue_qos0_messages)
        return false;
    if (session->connection != NULL)
        window = send_quota_left(session->connection->quota);
    *drop = STAT_DROPPED_QUEUE_FULL;
    if (l->max_queued_messages > 0u &&
        q->waiting_count >= (uint64_t)l->max_queued_messages + window)
        return false;
    *drop = STAT_DROPPED_QUEUE_BYTES;
    return l->max_queued_bytes == 0u || q->waiting_bytes == 0u ||
           q->waiting_bytes + size <= l->max_queued_bytes;
}

static struct queue_entry *append(struct core *core, struct session *session,
                                  struct message *message, const struct copy *copy,
                                  enum queue_account account) {
    struct queue_entry *entry = queue_append(&core->memory, &session->queue, message, copy->qos,
                                             account, core->ports.journal || copy->has_identifier);

    if (entry == NULL) {
        deliver_drop(core, STAT_DROPPED_NO_MEMORY, session, message);
        return NULL;
    }
    core->stats->value[STAT_QUEUED_MESSAGES]++;
    entry->retain = copy->retain;
    entry->share_serial = copy->share_serial;
    if (session->connection != NULL)
        connection_want_write(core, session->connection);
    return entry;
}

/* A full queue gives up what has expired in it; looked for once a second, since it is a walk. */
static void sweep(struct core *core, struct session *session) {
    const uint16_t now_s = (uint16_t)(core->now_ms / 1000u + 1u);
    struct queue_entry *next;

    if (session->swept_s == now_s)
        return;
    session->swept_s = now_s;
    for (struct queue_entry *e = session->queue.next; e != NULL; e = next) {
        next = e->next;
        //= v5/3.3.2-5
        if (e->packet_id == 0u && message_expired(e->message, core->now_ms)) {
            deliver_drop(core, STAT_DROPPED_EXPIRED, session, e->message);
            deliver_discard(core, session, e);
        }
    }
}

/* Queues one copy under the session's limits; NULL: dropped and counted. */
static struct queue_entry *queue_copy(struct core *core, struct session *session,
                                      struct message *message, const struct copy *copy) {
    enum queue_account account;
    enum core_stat drop;

    if (!has_room(core, session, message, copy->qos, &account, &drop)) {
        sweep(core, session);
        if (!has_room(core, session, message, copy->qos, &account, &drop)) {
            deliver_drop(core, drop, session, message);
            return NULL;
        }
    }
    return append(core, session, message, copy, account);
}

/* Adds an identifier, or gives the copy up: without it the client could not tell what it is. The
 * entry, perhaps another one in its place; NULL: given up. */
static struct queue_entry *identify(struct core *core, struct session *session,
                                    struct queue_entry *entry, uint32_t identifier) {
    struct queue_entry *identified;

    if (entry == NULL || identifier == 0u)
        return entry;
    identified = queue_entry_identify(&core->memory, &session->queue, entry, identifier);
    if (identified == NULL) {
        deliver_drop(core, STAT_DROPPED_NO_MEMORY, session, entry->message);
        deliver_discard(core, session, entry);
    }
    return identified;
}

bool deliver_store(struct core *core, struct session *session, struct queue_entry *entry) {
    if (store_queued(core, session, entry, 0u))
        return true;
    deliver_drop(core, STAT_DROPPED_NO_MEMORY, session, entry->message);
    deliver_discard(core, session, entry);
    return false;
}

static inline void forget(struct core *core, struct session *session, struct queue_entry *entry) {
    if (core->walk.entry == entry)
        core->walk.entry = entry->next;
    core->stats->value[STAT_QUEUED_MESSAGES]--;
    queue_remove(&core->memory, &session->queue, entry);
}

void deliver_discard(struct core *core, struct session *session, struct queue_entry *entry) {
    if (core->journal.on)
        store_done(core, session, entry);
    forget(core, session, entry);
}

void deliver_end(struct core *core, struct session *session, struct queue_entry *entry) {
    if (core->journal.on)
        store_acknowledged(core, session, entry);
    forget(core, session, entry);
}

void deliver_detached(struct core *core, struct session *session) {
    struct queue_entry *next;

    for (struct queue_entry *e = session->queue.first; e != NULL; e = next) {
        next = e->next;
        if (e->qos > 0u || core->limits.queue_qos0_messages)
            continue;
        deliver_drop(core, STAT_DROPPED_QOS0_DETACHED, session, e->message);
        deliver_discard(core, session, e);
    }
}

struct core_question deliver_question(enum core_access access, const struct session *session,
                                      const struct message *message) {
    struct core_question question = {0};

    question.access = access;
    question.listener = session->listener;
    question.client_id = session_client_id(session);
    question.user_name = text_slice(session->user_name);
    question.has_user_name = session->user_name != NULL;
    question.topic = message_topic(message);
    question.payload = message_payload(message);
    question.qos = message->qos;
    question.retain = message->retain;
    return question;
}

static bool may_read(const struct core *core, const struct session *session,
                     const struct message *message) {
    struct core_question question;

    if (!core_asks_policy(core))
        return true;
    question = deliver_question(CORE_ACCESS_READ, session, message);
    return core_allows(core, &question);
}

static uint8_t lower_qos(uint8_t a, uint8_t b) {
    //= v5/3.8.4-8 v3/3.8.4-6
    return a < b ? a : b;
}

/* ---- Subscriptions of one's own ---- */

static bool is_own(const struct subscription *subscription, uint64_t publisher_key) {
    //= v5/3.8.3-3
    return subscription->no_local && publisher_key == subscription->session->key;
}

/* First walk: what the subscriptions of each session say together. */
static void mark(struct core *core, const struct subscription *subscription,
                 const struct message *message) {
    struct session *session = subscription->session;
    uint64_t bits;
    uint8_t qos = lower_qos(message->qos, subscription->qos);

    if (session->mark >> MARK_BITS != core->delivery) {
        session->mark = core->delivery << MARK_BITS;
        if (!may_read(core, session, message)) {
            session->mark |= MARK_DENIED;
            deliver_drop(core, STAT_DROPPED_RECEIVE_DENIED, session, message);
        }
    }
    //= v5/3.3.4-2 v3/3.3.5-1
    bits = session->mark & MARK_QOS;
    if (bits < qos)
        session->mark += qos - bits;
    //= v5/3.3.1-12 v5/3.3.1-13 v3/3.3.1-9
    if (subscription->retain_as_published && message->retain)
        session->mark |= MARK_RETAIN;
}

/* Whether the entry takes one more identifier. */
static bool is_full(const struct queue_entry *entry) {
    const uint32_t *identifiers;

    return queue_entry_identifiers(entry, &identifiers) == QUEUE_IDENTIFIERS_MAX;
}

/* Records the copy if it is new or has one more identifier. false: it was dropped. */
static bool is_stored(struct core *core, struct session *session, struct queue_entry *entry,
                      uint32_t identifier) {
    return !core->journal.on || (queue_entry_number(entry) != 0u && identifier == 0u) ||
           deliver_store(core, session, entry);
}

/* Second walk: the copy, or one more identifier of it, or a further copy if it takes no more.
 * Returns whether it was the session's first. */
static bool serve(struct core *core, const struct subscription *subscription,
                  struct message *message) {
    struct session *session = subscription->session;
    const bool first = (session->mark & (MARK_QUEUED | MARK_DROPPED)) == 0u;
    const struct copy copy = {
        .qos = session->mark & MARK_QOS,
        .retain = (session->mark & MARK_RETAIN) != 0u,
        .has_identifier = subscription->identifier != 0u,
    };
    struct queue_entry *entry;

    if ((session->mark & (MARK_DENIED | MARK_DROPPED)) != 0u)
        return false;
    entry = session->queue.last;
    //= v5/3.3.4-3 v5/3.3.4-4 v5/3.3.4-5
    if (first || (subscription->identifier != 0u && is_full(entry)))
        entry = queue_copy(core, session, message, &copy);
    entry = identify(core, session, entry, subscription->identifier);
    if (entry == NULL || !is_stored(core, session, entry, subscription->identifier))
        session->mark |= MARK_DROPPED;
    else
        session->mark |= MARK_QUEUED;
    return first;
}

/* ---- Share groups (section 4.8.2) ---- */

/* Whether the member can take the message now; a member without a connection only in need. */
static bool is_candidate(const struct core *core, const struct subscription *member,
                         const struct message *message, bool connected) {
    if ((member->session->connection != NULL) != connected)
        return false;
    return connected || core->limits.queue_qos0_messages ||
           lower_qos(message->qos, member->qos) > 0u;
}

/* The member whose turn it is: round robin among those connected, else among those who will come
 * back for it. NULL: nobody. */
static struct subscription *choose(const struct core *core, struct share_group *group,
                                   const struct message *message, const struct session *except) {
    for (unsigned pass = 0; pass < 2u; pass++) {
        for (uint32_t i = 0; i < group->member_count; i++) {
            uint32_t place = (group->next + i) % group->member_count;
            struct subscription *member = group->members[place];
            if (member->session == except || !is_candidate(core, member, message, pass == 0u) ||
                !may_read(core, member->session, message))
                continue;
            group->next = (place + 1u) % group->member_count;
            return member;
        }
    }
    return NULL;
}

static bool share(struct core *core, struct share_group *group, struct message *message,
                  const struct session *except) {
    struct subscription *member = choose(core, group, message, except);
    struct queue_entry *entry;
    struct copy copy = {.share_serial = group->serial};

    if (member == NULL)
        return false;
    //= v5/4.8.2-3
    copy.qos = lower_qos(message->qos, member->qos);
    copy.retain = member->retain_as_published && message->retain;
    copy.has_identifier = member->identifier != 0u;
    entry = queue_copy(core, member->session, message, &copy);
    //= v5/3.3.4-5
    entry = identify(core, member->session, entry, member->identifier);
    if (entry != NULL)
        (void)deliver_store(core, member->session, entry);
    return true;
}

void deliver_redistribute(struct core *core, struct session *session) {
    struct queue_entry *next;

    for (struct queue_entry *e = session->queue.first; e != NULL; e = next) {
        next = e->next;
        /* A QoS 2 message whose delivery has begun is nobody else's. */
        //= v5/4.8.2-5
        if (e->share_serial == 0u || e->message == NULL ||
            (e->qos == 2u && e->packet_id != 0u && !e->prepared))
            continue;
        /* Where nothing that is stored had it, it is no longer known to who reads the records. */
        if (core->journal.on && session_number(session) == 0u)
            message_forget_epoch(e->message);
        if (!route_match(core->route, message_topic(e->message), &core->match))
            continue;
        for (uint32_t i = 0; i < core->match.group_count; i++) {
            //= v5/u-4.8.2-1
            if (core->match.groups[i]->serial == e->share_serial &&
                share(core, core->match.groups[i], e->message, session)) {
                deliver_discard(core, session, e);
                break;
            }
        }
    }
}

/* ---- A message ---- */

uint32_t deliver_message(struct core *core, struct message *message, uint64_t publisher_key) {
    struct match_set *set = &core->match;
    uint32_t receivers = 0u;

    core->delivery++;
    //= v5/3.3.2-3 v3/3.3.2-3
    if (!route_match(core->route, message_topic(message), set))
        deliver_drop(core, STAT_DROPPED_NO_MEMORY, NULL, message);
    for (uint32_t i = 0; i < set->subscription_count; i++) {
        if (!is_own(set->subscriptions[i], publisher_key))
            mark(core, set->subscriptions[i], message);
    }
    //= v5/4.6.0-5 v5/4.6.0-6 v3/4.6.0-5 v3/4.6.0-6
    for (uint32_t i = 0; i < set->subscription_count; i++) {
        if (!is_own(set->subscriptions[i], publisher_key))
            receivers += serve(core, set->subscriptions[i], message);
    }
    for (uint32_t i = 0; i < set->group_count; i++) {
        if (share(core, set->groups[i], message, NULL))
            receivers++;
        else
            deliver_drop(core, STAT_DROPPED_NO_MEMBER, NULL, message);
    }
    return receivers;
}

/* ---- Retained messages ---- */

/* Whether who published a retained message may still do so. Asked where its session is known. */
static bool source_may_write(const struct core *core, const struct message *message) {
    const struct session *source;
    struct core_question question;

    if (!core->limits.check_retain_source || !core_asks_policy(core) ||
        message_publisher(message) == 0u)
        return true;
    source = session_find_key(&core->sessions, message_publisher(message));
    if (source == NULL)
        return true;
    question = deliver_question(CORE_ACCESS_WRITE, source, message);
    return core_allows(core, &question);
}

uint64_t deliver_retained(struct core *core, const struct subscription *subscription,
                          struct ella_slice filter) {
    struct session *session = subscription->session;
    struct retain_cursor cursor = {0};
    struct message *message;
    struct queue_entry *entry;
    struct copy copy = {.retain = true, .has_identifier = subscription->identifier != 0u};

    while ((message = retain_next(core->retain, filter, &cursor)) != NULL) {
        if (message_expired(message, core->now_ms) ||
            is_own(subscription, message_publisher(message)))
            continue;
        if (!may_read(core, session, message) || !source_may_write(core, message)) {
            deliver_drop(core, STAT_DROPPED_RECEIVE_DENIED, session, message);
            continue;
        }
        //= v5/3.8.4-8 v3/3.8.4-6 v3/3.3.1-8
        copy.qos = lower_qos(message->qos, subscription->qos);
        entry = append(core, session, message, &copy, QUEUE_UNLIMITED);
        entry = identify(core, session, entry, subscription->identifier);
        if (entry != NULL)
            (void)deliver_store(core, session, entry);
    }
    return cursor.seen_count;
}
