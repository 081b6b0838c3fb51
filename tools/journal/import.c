/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Import: Mosquitto's file into the records of a new journal. It goes through the file once for
 * each kind of chunk, since records may only name what came before them.
 *
 * What differs between the brokers
 *   - Mosquitto delivers a QoS 2 message of a client when PUBREL comes; Libella when the message
 *     comes. One that waits for PUBREL is delivered here, to the sessions that subscribed.
 *   - A message of QoS 0 in a queue (queue_qos0_messages) is not kept over a restart.
 *   - Wills are not in the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "broker/core/record.h"
#include "tools/journal/journal_tool.h"
#include "tools/journal/mosquitto_db.h"

#define NEVER UINT32_MAX
#define NO_LOCAL 0x04u
#define RETAIN_AS_PUBLISHED 0x08u
#define RETAIN_HANDLING_SHIFT 4

struct session {
    struct ella_slice client_id;
    uint64_t number;
};

struct message {
    uint64_t id; /* Mosquitto's */
    uint64_t number;
    size_t offset; /* of its chunk */
    uint8_t qos;
};

struct subscription {
    struct ella_slice filter; /* without $share/NAME/ */
    uint64_t session;
    uint32_t identifier;
    uint8_t qos;
    bool is_shared;
};

struct table {
    void *rows;
    size_t count;
    size_t room;
};

struct import {
    struct mosquitto_db db;
    struct tool_writer writer;
    struct table sessions; /* by client identifier */
    struct table messages; /* by Mosquitto's number */
    struct table subscriptions;
    uint64_t last_entry;
    uint64_t now_ms;
    uint8_t *body; /* of the record under way */
    size_t body_size;
    uint64_t retained_count;
    uint64_t queued_count;
    uint64_t incoming_count;
    uint64_t passed_over; /* of anything */
};

/* ---- Memory ---- */

static void *enough(void *memory, size_t size) {
    void *larger = realloc(memory, size);
    if (larger == NULL) {
        (void)tool_failed("no memory");
        exit(TOOL_BAD);
    }
    return larger;
}

static void *add_row(struct table *table, size_t row_size) {
    if (table->count == table->room) {
        table->room = table->room == 0 ? 256u : 2u * table->room;
        table->rows = enough(table->rows, table->room * row_size);
    }
    return (uint8_t *)table->rows + row_size * table->count++;
}

static uint8_t *body_of(struct import *import, size_t size) {
    if (import->body_size < size + RECORD_HEAD_SIZE_MAX) {
        import->body_size = 2u * size + RECORD_HEAD_SIZE_MAX;
        import->body = enough(import->body, import->body_size);
    }
    return import->body + RECORD_HEAD_SIZE_MAX;
}

/* ---- Records ---- */

/* A unit of one record, whose body is in place. */
static bool write_record(struct import *import, struct record record, uint32_t body_len) {
    uint8_t head[RECORD_HEAD_SIZE_MAX];
    uint8_t *body = body_of(import, body_len);
    record.flags |= RECORD_UNIT_END;
    const uint32_t head_size = record_write_head(&record, body_len, head);
    memcpy(body - head_size, head, head_size);
    return tool_write(&import->writer, body - head_size, head_size + (size_t)body_len);
}

static bool write_packet(struct import *import, const struct record *record,
                         const struct ella_packet *packet) {
    uint32_t size = 0;
    if (ella_encoded_size(packet, ELLA_VERSION_5_0, ELLA_FROM_CLIENT, &size) != ELLA_ERROR_NONE ||
        ella_encode(packet, ELLA_VERSION_5_0, ELLA_FROM_CLIENT, body_of(import, size), 0, size,
                    &size) != ELLA_ERROR_NONE) {
        import->passed_over++;
        return true;
    }
    return write_record(import, *record, size);
}

static bool write_start(struct import *import) {
    struct record record = {.kind = RECORD_START};
    uint64_t key[2];
    if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
        return false;
    record.number = key[0];
    record.value = key[1];
    record_put_u64(body_of(import, 8), import->now_ms);
    return write_record(import, record, 8);
}

/* ---- Sessions ---- */

static int by_client_id(const void *a, const void *b) {
    const struct ella_slice left = ((const struct session *)a)->client_id;
    const struct ella_slice right = ((const struct session *)b)->client_id;
    const uint32_t left_len = ella_slice_len(left);
    const uint32_t right_len = ella_slice_len(right);
    const int order = memcmp(ella_slice_data(left), ella_slice_data(right),
                             left_len < right_len ? left_len : right_len);
    return order != 0 ? order : left_len < right_len ? -1 : left_len > right_len;
}

static const struct session *find_session(const struct import *import,
                                          struct ella_slice client_id) {
    const struct session wanted = {.client_id = client_id};
    if (import->sessions.count == 0 || ella_slice_len(client_id) == 0)
        return NULL;
    return bsearch(&wanted, import->sessions.rows, import->sessions.count, sizeof wanted,
                   by_client_id);
}

/* Mosquitto 2.0.11 writes whatever is in memory as the name of a client that has none. */
static bool is_name(struct ella_slice name) {
    const uint32_t len = ella_slice_len(name);
    return len > 0 && memchr(ella_slice_data(name), 0, len) == NULL;
}

static bool import_client(struct import *import, const struct mosquitto_db_chunk *chunk) {
    struct ella_packet packet = {.type = ELLA_CONNECT};
    struct ella_connect *connect = &packet.connect;
    struct record record = {.kind = RECORD_SESSION, .flags = RECORD_NEW};
    if (ella_slice_len(chunk->client_id) == 0 || chunk->expiry_interval_s == 0) {
        import->passed_over++;
        return true;
    }
    struct session *session = add_row(&import->sessions, sizeof *session);
    session->client_id = chunk->client_id;
    session->number = import->sessions.count;
    record.session = session->number;
    record.value = import->now_ms;
    /* When its connection was lost follows from when the session would expire. */
    if (chunk->expiry_interval_s != NEVER && chunk->expires_s > chunk->expiry_interval_s)
        record.value = (uint64_t)(chunk->expires_s - chunk->expiry_interval_s) * 1000u;
    connect->version = ELLA_VERSION_5_0;
    connect->client_id = chunk->client_id;
    connect->has_user_name = is_name(chunk->user_name);
    connect->user_name = chunk->user_name;
    ella_property_set(&connect->properties, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
    connect->properties.session_expiry_interval_s = chunk->expiry_interval_s;
    return write_packet(import, &record, &packet);
}

/* ---- Subscriptions ---- */

static void note_subscription(struct import *import, const struct session *session,
                              const struct mosquitto_db_chunk *chunk) {
    struct ella_slice name;
    struct subscription *row = add_row(&import->subscriptions, sizeof *row);
    *row = (struct subscription){.filter = chunk->topic,
                                 .session = session->number,
                                 .identifier = chunk->identifier,
                                 .qos = chunk->qos};
    row->is_shared = ella_topic_share(chunk->topic, &name, &row->filter);
}

static bool import_subscription(struct import *import, const struct mosquitto_db_chunk *chunk) {
    const struct session *session = find_session(import, chunk->client_id);
    const struct ella_filter filter = {
        .filter = chunk->topic,
        .qos = chunk->qos,
        .no_local = (chunk->options & NO_LOCAL) != 0,
        .retain_as_published = (chunk->options & RETAIN_AS_PUBLISHED) != 0,
        .retain_handling = chunk->options >> RETAIN_HANDLING_SHIFT & 3u};
    const struct record record = {.kind = RECORD_SUBSCRIPTION,
                                  .session = session == NULL ? 0 : session->number};
    struct ella_packet packet = {.type = ELLA_SUBSCRIBE};
    uint8_t filters[UINT16_MAX + 8u];
    uint8_t identifier[8];
    uint32_t used = 0;
    if (session == NULL || ella_filter_put(ELLA_SUBSCRIBE, ELLA_VERSION_5_0, &filter, filters,
                                           sizeof filters, &used) != ELLA_ERROR_NONE) {
        import->passed_over++;
        return true;
    }
    packet.subscribe.packet_id = 1;
    packet.subscribe.filters = ella_slice_of(filters, used);
    used = 0;
    if (chunk->identifier != 0 &&
        ella_subscription_identifier_put(chunk->identifier, identifier, sizeof identifier,
                                         &used) == ELLA_ERROR_NONE) {
        ella_property_set(&packet.subscribe.properties, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
        packet.subscribe.properties.subscription_identifiers = ella_slice_of(identifier, used);
    }
    note_subscription(import, session, chunk);
    return write_packet(import, &record, &packet);
}

/* ---- Messages ---- */

static int by_message_id(const void *a, const void *b) {
    const uint64_t left = ((const struct message *)a)->id;
    const uint64_t right = ((const struct message *)b)->id;
    return left < right ? -1 : left > right;
}

static const struct message *find_message(const struct import *import, uint64_t id) {
    const struct message wanted = {.id = id};
    if (import->messages.count == 0)
        return NULL;
    return bsearch(&wanted, import->messages.rows, import->messages.count, sizeof wanted,
                   by_message_id);
}

static uint8_t *put(uint8_t *to, const void *bytes, size_t len) {
    if (len > 0)
        memcpy(to, bytes, len);
    return to + len;
}

/* The PUBLISH that the chunk stands for; its size. */
static uint32_t put_publish(struct import *import, const struct mosquitto_db_chunk *chunk) {
    const uint32_t topic_len = ella_slice_len(chunk->topic);
    const uint32_t payload_len = ella_slice_len(chunk->payload);
    const uint32_t properties_len = ella_slice_len(chunk->properties);
    uint32_t remaining = 2u + topic_len + (chunk->qos > 0 ? 2u : 0u) +
                         (properties_len > 0 ? properties_len : 1u) + payload_len;
    uint8_t *start = body_of(import, (size_t)remaining + 5u);
    uint8_t *at = start;
    *at++ = (uint8_t)(0x30u | (unsigned)chunk->qos << 1 | (chunk->retain ? 1u : 0u));
    do {
        *at++ = (uint8_t)((remaining & 0x7fu) | (remaining > 0x7fu ? 0x80u : 0u));
        remaining >>= 7;
    } while (remaining > 0);
    *at++ = (uint8_t)(topic_len >> 8);
    *at++ = (uint8_t)topic_len;
    at = put(at, ella_slice_data(chunk->topic), topic_len);
    if (chunk->qos > 0)
        at = put(at, "\0\1", 2);
    if (properties_len > 0)
        at = put(at, ella_slice_data(chunk->properties), properties_len);
    else
        *at++ = 0;
    at = put(at, ella_slice_data(chunk->payload), payload_len);
    return (uint32_t)(at - start);
}

static bool is_publish(const uint8_t *bytes, uint32_t size) {
    struct ella_decoder decoder;
    struct ella_packet packet;
    ella_decoder_init(&decoder, ELLA_VERSION_5_0, ELLA_FROM_SERVER, ELLA_PACKET_SIZE_MAX);
    return ella_decode(&decoder, bytes, 0, size, &packet) == ELLA_PACKET &&
           packet.type == ELLA_PUBLISH && decoder.size == size;
}

static bool import_message(struct import *import, const struct mosquitto_db_chunk *chunk) {
    const uint32_t len_max = ELLA_PACKET_SIZE_MAX / 2u;
    struct record record = {.kind = RECORD_MESSAGE};
    const bool is_past = chunk->message_expires_s > 0 &&
                         (uint64_t)chunk->message_expires_s * 1000u <= import->now_ms;
    /* $SYS is what the other broker said of itself. */
    const bool is_sys =
        ella_slice_len(chunk->topic) >= 4 && memcmp(ella_slice_data(chunk->topic), "$SYS", 4) == 0;
    if (is_past || is_sys)
        return true;
    if (chunk->qos > 2 || ella_slice_len(chunk->payload) > len_max ||
        ella_slice_len(chunk->properties) > len_max) {
        import->passed_over++;
        return true;
    }
    const uint32_t size = put_publish(import, chunk);
    if (!is_publish(body_of(import, 0), size)) {
        import->passed_over++;
        return true;
    }
    struct message *message = add_row(&import->messages, sizeof *message);
    *message = (struct message){.id = chunk->message_id,
                                .number = import->messages.count,
                                .offset = chunk->offset,
                                .qos = chunk->qos};
    record.number = message->number;
    if (chunk->message_expires_s > 0)
        record.value = (uint64_t)chunk->message_expires_s * 1000u;
    return write_record(import, record, size);
}

static bool import_retained(struct import *import, const struct mosquitto_db_chunk *chunk) {
    const struct message *message = find_message(import, chunk->message_id);
    const struct record record = {.kind = RECORD_RETAINED,
                                  .number = message == NULL ? 0 : message->number};
    if (message == NULL)
        return true; /* expired, or of $SYS */
    import->retained_count++;
    return write_record(import, record, 0);
}

/* ---- Queues ---- */

static bool write_queued(struct import *import, uint64_t session, struct record record,
                         uint32_t identifier) {
    uint32_t len = 0;
    if (identifier != 0) {
        record_put_u32(body_of(import, 8), 0);
        record_put_u32(body_of(import, 8) + 4, identifier);
        len = 8;
    }
    record.kind = RECORD_QUEUED;
    record.session = session;
    record.number = ++import->last_entry;
    import->queued_count++;
    return write_record(import, record, len);
}

static bool import_outgoing(struct import *import, const struct session *session,
                            const struct mosquitto_db_chunk *chunk) {
    const struct message *message = find_message(import, chunk->message_id);
    const bool is_released = chunk->state == MOSQUITTO_DB_RESENDS_PUBREL ||
                             chunk->state == MOSQUITTO_DB_WAITS_FOR_PUBCOMP;
    const bool is_sent = is_released || chunk->state == MOSQUITTO_DB_WAITS_FOR_PUBACK ||
                         chunk->state == MOSQUITTO_DB_WAITS_FOR_PUBREC;
    struct record record = {.flags = (uint8_t)((unsigned)chunk->qos << RECORD_QOS_SHIFT |
                                               (chunk->retain ? RECORD_RETAIN : 0u)),
                            .packet_id = is_sent ? chunk->packet_id : 0};
    if (chunk->qos == 0 || chunk->qos > 2 || (message == NULL && !is_released) ||
        (is_released && (chunk->qos != 2 || chunk->packet_id == 0))) {
        import->passed_over += message != NULL || chunk->qos == 0;
        return true;
    }
    record.value = is_released ? 0 : message->number;
    return write_queued(import, session->number, record, is_released ? 0 : chunk->identifier);
}

/* A QoS 2 message whose PUBREL has not come goes to who subscribed. */
static bool deliver(struct import *import, const struct message *message,
                    struct ella_slice topic) {
    const struct subscription *rows = import->subscriptions.rows;
    for (size_t i = 0; i < import->subscriptions.count; i++) {
        const struct subscription *row = &rows[i];
        bool is_first = true;
        const uint8_t qos = row->qos < message->qos ? row->qos : message->qos;
        if (row->qos == 0 || !ella_topic_match(row->filter, topic))
            continue;
        /* Once to each session, and once for each group of a filter. */
        for (size_t k = 0; k < i && is_first; k++)
            is_first =
                !(row->is_shared
                      ? rows[k].is_shared && ella_topic_match(rows[k].filter, topic)
                      : !rows[k].is_shared && rows[k].qos > 0 && rows[k].session == row->session &&
                            ella_topic_match(rows[k].filter, topic));
        const struct record record = {.value = message->number,
                                      .flags = (uint8_t)((unsigned)qos << RECORD_QOS_SHIFT)};
        if (is_first && !write_queued(import, row->session, record, row->identifier))
            return false;
    }
    return true;
}

static bool import_incoming(struct import *import, const struct session *session,
                            const struct mosquitto_db_chunk *chunk) {
    const struct message *message = find_message(import, chunk->message_id);
    const struct record received = {
        .kind = RECORD_RECEIVED, .session = session->number, .packet_id = chunk->packet_id};
    if (chunk->qos != 2 || chunk->packet_id == 0 || message == NULL) {
        import->passed_over++;
        return true;
    }
    struct mosquitto_db at = import->db;
    struct mosquitto_db_chunk stored;
    at.at = message->offset;
    if (mosquitto_db_next(&at, &stored) != MOSQUITTO_DB_CHUNK)
        return false;
    const struct record retained = {.kind = RECORD_RETAINED, .number = message->number};
    import->incoming_count++;
    return write_record(import, received, 0) && deliver(import, message, stored.topic) &&
           (!stored.retain || write_record(import, retained, 0));
}

static bool import_client_message(struct import *import, const struct mosquitto_db_chunk *chunk) {
    const struct session *session = find_session(import, chunk->client_id);
    if (session == NULL) {
        import->passed_over++;
        return true;
    }
    return chunk->is_incoming ? import_incoming(import, session, chunk)
                              : import_outgoing(import, session, chunk);
}

/* ---- The file ---- */

/* Whether all of it can be read, before anything is written. */
static bool check(struct import *import) {
    struct mosquitto_db_chunk chunk;
    enum mosquitto_db_status status = MOSQUITTO_DB_CHUNK;
    while (status == MOSQUITTO_DB_CHUNK)
        status = mosquitto_db_next(&import->db, &chunk);
    return status == MOSQUITTO_DB_END ||
           tool_failed("the file is cut or malformed at byte %zu: nothing is imported",
                       chunk.offset) == TOOL_GOOD;
}

static bool import_kind(struct import *import, enum mosquitto_db_kind kind,
                        bool (*take)(struct import *, const struct mosquitto_db_chunk *)) {
    struct mosquitto_db_chunk chunk;
    mosquitto_db_rewind(&import->db);
    while (mosquitto_db_next(&import->db, &chunk) == MOSQUITTO_DB_CHUNK) {
        if (chunk.kind == kind && !take(import, &chunk))
            return false;
    }
    return true;
}

static bool import_all(struct import *import) {
    if (!write_start(import) || !import_kind(import, MOSQUITTO_DB_CLIENT, import_client))
        return false;
    if (import->sessions.count > 0)
        qsort(import->sessions.rows, import->sessions.count, sizeof(struct session), by_client_id);
    if (!import_kind(import, MOSQUITTO_DB_SUBSCRIPTION, import_subscription) ||
        !import_kind(import, MOSQUITTO_DB_MESSAGE, import_message))
        return false;
    if (import->messages.count > 0)
        qsort(import->messages.rows, import->messages.count, sizeof(struct message),
              by_message_id);
    return import_kind(import, MOSQUITTO_DB_RETAINED, import_retained) &&
           import_kind(import, MOSQUITTO_DB_CLIENT_MESSAGE, import_client_message);
}

static void say_result(const struct import *import) {
    printf("imported %zu sessions, %zu subscriptions, %zu messages: %" PRIu64 " retained, %" PRIu64
           " in queues, %" PRIu64 " under way from clients\n",
           import->sessions.count, import->subscriptions.count, import->messages.count,
           import->retained_count, import->queued_count, import->incoming_count);
    if (import->passed_over > 0)
        printf("%" PRIu64 " entries were passed over: QoS 0 in queues, of sessions that do not "
               "last, or malformed\n",
               import->passed_over);
}

static enum tool_status import_into(struct import *import, const struct tool *tool) {
    struct tool_journal journal;
    if (!tool_open_journal(&journal, tool, tool->folder, NULL, NULL))
        return TOOL_BAD;
    const bool is_empty = journal_stats(journal.journal)->recovered_frames == 0;
    import->writer.to = &journal;
    bool done = is_empty || tool_failed("%s holds a journal already: name another folder, or move "
                                        "that one away",
                                        tool->folder) == TOOL_GOOD;
    done = done && import_all(import);
    done = tool_flush(&import->writer) && done;
    done = tool_close_journal(&journal) && done;
    if (done)
        say_result(import);
    else if (is_empty)
        (void)tool_failed("%s is not whole: remove it", tool->folder);
    return done ? TOOL_GOOD : TOOL_BAD;
}

enum tool_status tool_import(const struct tool *tool) {
    struct import import = {.now_ms = (uint64_t)time(NULL) * 1000u};
    struct stat found;
    const int fd = open(tool->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &found) != 0)
        return tool_failed("%s: %s", tool->file, strerror(errno));
    const size_t size = (size_t)found.st_size;
    void *bytes = size == 0 ? NULL : mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return tool_failed("%s: %s", tool->file, strerror(errno));
    const char *wrong = mosquitto_db_open(&import.db, bytes, size);
    const enum tool_status status = wrong != NULL     ? tool_failed("%s: %s", tool->file, wrong)
                                    : !check(&import) ? TOOL_BAD
                                                      : import_into(&import, tool);
    if (bytes != NULL)
        munmap(bytes, size);
    free(import.sessions.rows);
    free(import.messages.rows);
    free(import.subscriptions.rows);
    free(import.body);
    return status;
}
