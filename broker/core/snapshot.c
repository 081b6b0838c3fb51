/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A snapshot: all that is stored, recorded again in slices among the records of what happens
 * meanwhile. Each record says what is true where it stands, so nothing has to stand still; what
 * happens to something before it was recorded again is ignored by who reads from the beginning of
 * the snapshot, and what happens to it afterwards applies to it (docs/persistence.md).
 *
 * The walk over the table of sessions goes through the buckets in the order of their reversed
 * numbers: when the table grows or shrinks meanwhile a bucket is split into, or made of, such that
 * come next to each other in that order, so none is missed. Within a bucket they are taken by
 * number; one that was split or made of others is taken from its beginning, for to record
 * something twice does no harm.
 */
#include "broker/core/core_state.h"

/* A slice ends with the first of these. One record may be longer. */
#define SLICE_BYTES (256u * 1024u)
#define SLICE_STEPS 2000u

void snapshot_begin(struct core *core) {
    core->walk.part = WALK_BEGIN;
    core->walk.session = NULL;
    core->walk.entry = NULL;
    core->walk.bucket = core->walk.place = 0u;
    core->walk.bucket_count = 0u;
    core->walk.number = 0u;
    route_watch(core->route, NULL);
    core->journal.lost = false;
}

static uint32_t reversed(uint32_t v) {
    v = (v >> 1 & 0x55555555u) | (v & 0x55555555u) << 1;
    v = (v >> 2 & 0x33333333u) | (v & 0x33333333u) << 2;
    v = (v >> 4 & 0x0f0f0f0fu) | (v & 0x0f0f0f0fu) << 4;
    v = (v >> 8 & 0x00ff00ffu) | (v & 0x00ff00ffu) << 8;
    return v >> 16 | v << 16;
}

/* The bucket after this one; 0: it was the last. */
static uint32_t bucket_after(uint32_t bucket, uint32_t bucket_count) {
    return reversed(reversed(bucket | ~(bucket_count - 1u)) + 1u);
}

static void session_begin(struct core *core, struct session *session) {
    const struct received *received = session->received;

    core->walk.number = session_number(session);
    store_session(core, session, 0u);
    for (uint32_t i = 0u; i < received_count(received); i++)
        store_received(core, session, received->packet_ids[i]);
    core->walk.session = session;
    core->walk.entry = session->queue.first;
    route_watch(core->route, session->subscriptions.first);
    core->walk.part = WALK_SUBSCRIPTIONS;
}

/* Of those in the bucket the one with the lowest number above the last one. */
static struct session *next_session(const struct core *core) {
    const struct session_table *table = &core->sessions;
    struct session *next = NULL;

    for (struct session *s = table->buckets[core->walk.bucket & (table->bucket_count - 1u)];
         s != NULL; s = s->hash_next) {
        const uint64_t number = session_number(s);
        if (number > core->walk.number && (next == NULL || number < session_number(next)))
            next = s;
    }
    return next;
}

static void sessions_step(struct core *core) {
    struct walk *walk = &core->walk;
    const uint32_t bucket_count = core->sessions.bucket_count;
    struct session *session;

    if (walk->bucket_count != bucket_count)
        walk->number = 0u;
    walk->bucket_count = bucket_count;
    session = next_session(core);
    if (session != NULL) {
        session_begin(core, session);
        return;
    }
    walk->number = 0u;
    walk->bucket = bucket_after(walk->bucket, bucket_count);
    if (walk->bucket == 0u)
        walk->part = WALK_RETAINED;
}

static void subscriptions_step(struct core *core) {
    struct subscription *subscription = route_watched(core->route);
    uint8_t *filter;
    uint32_t len;
    bool done;

    if (core->walk.session == NULL || subscription == NULL) {
        route_watch(core->route, NULL);
        core->walk.part = WALK_ENTRIES;
        return;
    }
    len = route_filter(core->route, subscription, NULL, 0u);
    filter = memory_get(&core->memory, MEMORY_OTHER, len);
    if (filter == NULL) {
        journal_lose(&core->journal);
        return;
    }
    (void)route_filter(core->route, subscription, filter, len);
    done = store_subscription(core, subscription, ella_slice_of(filter, len));
    memory_put(&core->memory, MEMORY_OTHER, filter, len);
    if (!done)
        journal_lose(&core->journal);
    route_watch(core->route, subscription->session_next);
}

static void entries_step(struct core *core) {
    struct walk *walk = &core->walk;
    struct queue_entry *entry = walk->entry;

    if (walk->session != NULL && entry != NULL) {
        walk->entry = entry->next;
        if (queue_entry_number(entry) != 0u &&
            !store_queued(core, walk->session, entry, RECORD_WALKED))
            journal_lose(&core->journal);
        return;
    }
    if (walk->session != NULL)
        store_queued_end(core, walk->session);
    walk->session = NULL;
    walk->part = WALK_SESSIONS;
}

static void retained_step(struct core *core) {
    bool end;
    struct message *message = retain_walk(core->retain, &core->walk.place, &end);

    if (message != NULL)
        store_retained(core, message);
    if (!end)
        return;
    (void)journal_add(&core->memory, &core->journal,
                      &(const struct record){.kind = RECORD_SNAPSHOT_END}, 0u);
    core->walk.part = WALK_END;
}

static void step(struct core *core) {
    switch (core->walk.part) {
    case WALK_BEGIN:
        core->epoch = core->epoch == UINT16_MAX ? 1u : (uint16_t)(core->epoch + 1u);
        store_start(core, RECORD_SNAPSHOT_BEGIN);
        core->walk.part = WALK_SESSIONS;
        break;
    case WALK_SESSIONS:
        sessions_step(core);
        break;
    case WALK_SUBSCRIPTIONS:
        subscriptions_step(core);
        break;
    case WALK_ENTRIES:
        entries_step(core);
        break;
    case WALK_RETAINED:
        retained_step(core);
        break;
    case WALK_NOTHING:
    case WALK_END:
        break;
    }
}

void snapshot_slice(struct core *core) {
    const size_t end = (core->journal.pulled ? 0u : core->journal.used) + SLICE_BYTES;
    const uint32_t steps =
        core->ports.snapshot_steps > 0u ? core->ports.snapshot_steps : SLICE_STEPS;

    for (uint32_t i = 0u; i < steps; i++) {
        if (core->walk.part == WALK_NOTHING || core->walk.part == WALK_END || core->journal.lost ||
            (!core->journal.pulled && core->journal.used >= end))
            break;
        step(core);
    }
    journal_end_unit(&core->journal);
}
