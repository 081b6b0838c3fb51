/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A session's messages on their way to its client. It knows nothing of connections.
 *
 * The index is two levels of tables by packet id, a page of 256 where one is in use. Up to
 * QUEUE_WALK_COUNT_MAX in flight are found by walking from the head; more are not started without
 * memory for an index, so that no walk is ever longer.
 */
#include "broker/core/queue.h"

#include <string.h>

#include "broker/core/core_assert.h"
#include "state_machines/qos_send.h"

#define PAGE_SIZE 256u

struct queue_page {
    uint32_t count;
    struct queue_entry *entries[PAGE_SIZE];
};

struct queue_index {
    struct queue_page *pages[65536u / PAGE_SIZE];
};

/* ---- What is in flight ---- */

/* The first of the entries from this one on that has a packet id; left: how many there are. */
static struct queue_entry *in_flight_from(struct queue_entry *entry, uint32_t left) {
    if (left == 0u)
        return NULL;
    while (entry != NULL && entry->packet_id == 0u)
        entry = entry->next;
    return entry;
}

/* A walk over what is in flight: it stands at the head, but while records are read, when some of
 * them may be missing. */
static struct queue_entry *first_in_flight(const struct queue *queue, uint32_t *left) {
    *left = queue->in_flight_count;
    return in_flight_from(queue->first, *left);
}

static struct queue_entry *next_in_flight(const struct queue_entry *entry, uint32_t *left) {
    return in_flight_from(entry->next, --*left);
}

/* ---- The index ---- */

static void index_free(struct memory *memory, struct queue *queue) {
    if (queue->index == NULL)
        return;
    for (uint32_t i = 0; i < 65536u / PAGE_SIZE; i++) {
        if (queue->index->pages[i] != NULL)
            memory_put(memory, MEMORY_QUEUE, queue->index->pages[i], sizeof(struct queue_page));
    }
    memory_put(memory, MEMORY_QUEUE, queue->index, sizeof *queue->index);
    queue->index = NULL;
}

static bool index_add(struct memory *memory, struct queue_index *index,
                      struct queue_entry *entry) {
    struct queue_page **page = &index->pages[entry->packet_id / PAGE_SIZE];

    if (*page == NULL)
        *page = memory_get_zero(memory, MEMORY_QUEUE, sizeof **page);
    if (*page == NULL)
        return false;
    (*page)->entries[entry->packet_id % PAGE_SIZE] = entry;
    (*page)->count++;
    return true;
}

static void index_remove(struct memory *memory, struct queue_index *index, uint16_t packet_id) {
    struct queue_page **page = &index->pages[packet_id / PAGE_SIZE];

    CORE_ASSERT(*page != NULL && (*page)->entries[packet_id % PAGE_SIZE] != NULL);
    (*page)->entries[packet_id % PAGE_SIZE] = NULL;
    (*page)->count--;
    if ((*page)->count == 0u) {
        memory_put(memory, MEMORY_QUEUE, *page, sizeof **page);
        *page = NULL;
    }
}

/* Makes the index of what is in flight; leaves none if there is no memory. */
static bool index_build(struct memory *memory, struct queue *queue) {
    uint32_t left;

    queue->index = memory_get_zero(memory, MEMORY_QUEUE, sizeof *queue->index);
    if (queue->index == NULL)
        return false;
    for (struct queue_entry *e = first_in_flight(queue, &left); e != NULL;
         e = next_in_flight(e, &left)) {
        if (!index_add(memory, queue->index, e)) {
            index_free(memory, queue);
            return false;
        }
    }
    return true;
}

struct queue_entry *queue_find(const struct queue *queue, uint16_t packet_id) {
    const struct queue_page *page;
    uint32_t left;

    if (packet_id == 0u || queue->in_flight_count == 0u)
        return NULL;
    if (queue->index != NULL) {
        page = queue->index->pages[packet_id / PAGE_SIZE];
        return page == NULL ? NULL : page->entries[packet_id % PAGE_SIZE];
    }
    for (struct queue_entry *e = first_in_flight(queue, &left); e != NULL;
         e = next_in_flight(e, &left)) {
        if (e->packet_id == packet_id)
            return e;
    }
    return NULL;
}

/* ---- Entries ---- */

uint32_t queue_entry_bytes(const struct queue_entry *entry) {
    size_t size = message_size_bytes(entry->message);
    return size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

static inline void account_add(struct queue *queue, const struct queue_entry *entry) {
    if (entry->account == QUEUE_WAITING) {
        queue->waiting_count++;
        queue->waiting_bytes += queue_entry_bytes(entry);
    } else if (entry->account == QUEUE_BACKLOG) {
        queue->backlog_bytes += queue_entry_bytes(entry);
    }
}

static inline void account_remove(struct queue *queue, struct queue_entry *entry) {
    if (entry->account == QUEUE_WAITING) {
        queue->waiting_count--;
        queue->waiting_bytes -= queue_entry_bytes(entry);
    } else if (entry->account == QUEUE_BACKLOG) {
        queue->backlog_bytes -= queue_entry_bytes(entry);
    }
    entry->account = QUEUE_UNLIMITED;
}

/* Takes the entry out of the list, no more. */
static void unlink_entry(struct queue *queue, const struct queue_entry *entry) {
    if (entry->previous != NULL)
        entry->previous->next = entry->next;
    else
        queue->first = entry->next;
    if (entry->next != NULL)
        entry->next->previous = entry->previous;
    else
        queue->last = entry->previous;
}

/* Puts it into the list behind another one; NULL: at the head. */
static void link_entry(struct queue *queue, struct queue_entry *entry, struct queue_entry *after) {
    entry->previous = after;
    entry->next = after == NULL ? queue->first : after->next;
    if (after != NULL)
        after->next = entry;
    else
        queue->first = entry;
    if (entry->next != NULL)
        entry->next->previous = entry;
    else
        queue->last = entry;
}

static struct queue_long_entry *long_of(struct queue_entry *entry) {
    return (struct queue_long_entry *)entry;
}

static size_t entry_size(bool is_long) {
    return is_long ? sizeof(struct queue_long_entry) : sizeof(struct queue_entry);
}

/* message may be NULL: it was released. */
static struct queue_entry *entry_create(struct memory *memory, struct message *message,
                                        uint8_t qos, enum queue_account account, bool is_long) {
    struct queue_entry *entry = memory_get(memory, MEMORY_QUEUE, entry_size(is_long));

    if (entry == NULL)
        return NULL;
    *entry = (struct queue_entry){
        .qos = qos & 3u, .is_long = is_long, .account = account & 3u, .state = QOS_SEND_FREE};
    entry->message = message == NULL ? NULL : message_take(message);
    if (is_long) {
        long_of(entry)->identifiers.one = 0u;
        long_of(entry)->number = 0u;
    }
    return entry;
}

struct queue_entry *queue_append(struct memory *memory, struct queue *queue,
                                 struct message *message, uint8_t qos, enum queue_account account,
                                 bool is_long) {
    struct queue_entry *entry = entry_create(memory, message, qos, account, is_long);

    if (entry == NULL)
        return NULL;
    link_entry(queue, entry, queue->last);
    if (queue->next == NULL)
        queue->next = entry;
    queue->count++;
    account_add(queue, entry);
    return entry;
}

struct queue_entry *queue_insert(struct memory *memory, struct queue *queue,
                                 struct message *message, uint8_t qos,
                                 enum queue_account account) {
    struct queue_entry *before = queue->next;
    struct queue_entry *entry;

    if (before == NULL) {
        entry = queue_append(memory, queue, message, qos, account, true);
        queue->next = NULL;
        return entry;
    }
    entry = entry_create(memory, message, qos, account, true);
    if (entry == NULL)
        return NULL;
    link_entry(queue, entry, before->previous);
    queue->count++;
    account_add(queue, entry);
    return entry;
}

/* Bytes of the block for so many identifiers: it doubles, so that many cost no more than few. */
static size_t identifiers_size(uint32_t count) {
    size_t capacity = 4u;
    while (capacity < count)
        capacity *= 2u;
    return (capacity + 1u) * sizeof(uint32_t);
}

void queue_entry_set_number(struct queue_entry *entry, uint64_t number) {
    CORE_ASSERT(entry->is_long && number != 0u);
    long_of(entry)->number = number;
}

/* A long entry in the place of one that is not; NULL: no memory. */
static struct queue_entry *entry_lengthen(struct memory *memory, struct queue *queue,
                                          struct queue_entry *entry) {
    struct queue_entry *longer =
        memory_get_zero(memory, MEMORY_QUEUE, sizeof(struct queue_long_entry));

    CORE_ASSERT(entry->packet_id == 0u); /* no index knows it */
    if (longer == NULL)
        return NULL;
    *longer = *entry;
    longer->is_long = 1u;
    unlink_entry(queue, entry);
    link_entry(queue, longer, entry->previous);
    if (queue->next == entry)
        queue->next = longer;
    memory_put(memory, MEMORY_QUEUE, entry, sizeof *entry);
    return longer;
}

/* One more than the count that there are. */
static bool identifiers_add(struct memory *memory, struct queue_long_entry *entry, uint32_t count,
                            uint32_t identifier) {
    const uint32_t *old;
    uint32_t *many;

    (void)queue_entry_identifiers(&entry->entry, &old);
    if (!entry->entry.has_many || identifiers_size(count) != identifiers_size(count + 1u)) {
        many = memory_get(memory, MEMORY_QUEUE, identifiers_size(count + 1u));
        if (many == NULL)
            return false;
        memcpy(&many[1], old, count * sizeof *many);
        if (entry->entry.has_many)
            memory_put(memory, MEMORY_QUEUE, entry->identifiers.many, identifiers_size(count));
        entry->entry.has_many = 1u;
        entry->identifiers.many = many;
    }
    entry->identifiers.many[0] = count + 1u;
    entry->identifiers.many[count + 1u] = identifier;
    return true;
}

struct queue_entry *queue_entry_identify(struct memory *memory, struct queue *queue,
                                         struct queue_entry *entry, uint32_t identifier) {
    const uint32_t *known;
    const uint32_t count = queue_entry_identifiers(entry, &known);

    CORE_ASSERT(count < QUEUE_IDENTIFIERS_MAX);
    if (count > 0u)
        return identifiers_add(memory, long_of(entry), count, identifier) ? entry : NULL;
    if (!entry->is_long)
        entry = entry_lengthen(memory, queue, entry);
    if (entry != NULL)
        long_of(entry)->identifiers.one = identifier;
    return entry;
}

/* Packet ids are given in the order of the queue. So, unless one was passed over or came from
 * records, those in flight lie between the first one's and last_packet_id, round the end of the
 * numbers if need be, and no walk is needed to know that the next one is unused. */
static bool is_in_use(struct queue *queue, uint16_t packet_id) {
    uint32_t left;
    const struct queue_entry *first = first_in_flight(queue, &left);

    if (first == NULL || (!queue->is_unordered && first->packet_id != packet_id))
        return false;
    queue->is_unordered = 1u;
    return queue_find(queue, packet_id) != NULL;
}

static uint16_t unused_packet_id(struct queue *queue) {
    CORE_ASSERT(queue->in_flight_count < 65535u);
    do {
        queue->last_packet_id++;
        /* An identifier that is still in flight, perhaps since an earlier connection, is passed
         * over; zero is none. */
        //= v5/2.2.1-4 v5/4.3.2-1 v5/4.3.3-1 v3/2.3.1-4 v3/2.3.1-1
    } while (queue->last_packet_id == 0u || is_in_use(queue, queue->last_packet_id));
    return queue->last_packet_id;
}

/* Room in an index for one more in flight, if one is needed. */
static bool index_reserve(struct memory *memory, struct queue *queue) {
    return queue->index != NULL || queue->in_flight_count < QUEUE_WALK_COUNT_MAX ||
           index_build(memory, queue);
}

bool queue_start(struct memory *memory, struct queue *queue, struct queue_entry *entry) {
    CORE_ASSERT(entry->packet_id == 0u && entry->qos > 0u);
    if (!index_reserve(memory, queue))
        return false;
    entry->packet_id = unused_packet_id(queue);
    if (queue->index != NULL && !index_add(memory, queue->index, entry)) {
        entry->packet_id = 0u;
        queue->last_packet_id--;
        return false;
    }
    queue->in_flight_count++;
    return true;
}

bool queue_restart(struct memory *memory, struct queue *queue, struct queue_entry *entry,
                   uint16_t packet_id) {
    CORE_ASSERT(entry->packet_id == 0u && packet_id != 0u && entry->qos > 0u);
    if (!index_reserve(memory, queue))
        return false;
    entry->packet_id = packet_id;
    if (queue->index != NULL && !index_add(memory, queue->index, entry)) {
        entry->packet_id = 0u;
        return false;
    }
    account_remove(queue, entry);
    queue->in_flight_count++;
    queue->is_unordered = 1u;
    queue->last_packet_id = packet_id;
    return true;
}

static void forget_packet_id(struct memory *memory, struct queue *queue,
                             struct queue_entry *entry) {
    if (queue->index != NULL)
        index_remove(memory, queue->index, entry->packet_id);
    queue->in_flight_count--;
    if (queue->in_flight_count == 0u)
        queue->is_unordered = 0u;
    entry->packet_id = 0u;
    if (queue->in_flight_count <= QUEUE_WALK_COUNT_MAX / 2u)
        index_free(memory, queue);
}

void queue_stop(struct memory *memory, struct queue *queue, struct queue_entry *entry) {
    CORE_ASSERT(entry == queue->next);
    queue->last_packet_id--; /* so that what comes next has the same packet id */
    forget_packet_id(memory, queue, entry);
    entry->state = QOS_SEND_FREE;
}

void queue_advance(struct queue *queue) {
    CORE_ASSERT(queue->next != NULL);
    account_remove(queue, queue->next);
    queue->next->sent = 1u;
    queue->next = queue->next->next;
}

void queue_entry_release(struct memory *memory, struct queue_entry *entry) {
    CORE_ASSERT(entry->account == QUEUE_UNLIMITED);
    if (entry->message != NULL)
        message_drop(memory, entry->message);
    entry->message = NULL;
}

void queue_remove(struct memory *memory, struct queue *queue, struct queue_entry *entry) {
    if (entry->packet_id != 0u)
        forget_packet_id(memory, queue, entry);
    account_remove(queue, entry);
    if (queue->next == entry)
        queue->next = entry->next;
    unlink_entry(queue, entry);
    queue->count--;
    queue_entry_release(memory, entry);
    if (entry->has_many)
        memory_put(memory, MEMORY_QUEUE, long_of(entry)->identifiers.many,
                   identifiers_size(long_of(entry)->identifiers.many[0]));
    memory_put(memory, MEMORY_QUEUE, entry, entry_size(entry->is_long));
}

void queue_rewind(struct queue *queue) {
    struct queue_entry *last = NULL;
    struct queue_entry *next;
    uint32_t left;

    for (struct queue_entry *e = first_in_flight(queue, &left); e != NULL; e = next) {
        next = next_in_flight(e, &left);
        e->sent = e->released = 0u;
        if (e->previous != last) {
            unlink_entry(queue, e);
            link_entry(queue, e, last);
        }
        last = e;
    }
    queue->next = queue->first;
}
