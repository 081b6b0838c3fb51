/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The core's lines in words; see log_line.h.
 */
#include "broker/io/log_line.h"

#include <stdio.h>
#include <string.h>

#define CLIENT_ID_TEXT_SIZE 256u
#define TOPIC_TEXT_SIZE 512u
#define FIELDS_SIZE 1024u

/* A row with no words must not exist, so the order is that of enum core_log_kind. */
static const char *kind_word(enum core_log_kind kind) {
    static const char *const words[] = {
        [CORE_LOG_CONNECTED] = "connected",       [CORE_LOG_REFUSED] = "refused",
        [CORE_LOG_DISCONNECTED] = "disconnected", [CORE_LOG_SUBSCRIBED] = "subscribed",
        [CORE_LOG_UNSUBSCRIBED] = "unsubscribed", [CORE_LOG_DENIED] = "denied",
        [CORE_LOG_DROPPED] = "dropped",           [CORE_LOG_SESSION_ENDED] = "session ended",
        [CORE_LOG_PACKET_IN] = "received",        [CORE_LOG_PACKET_OUT] = "sent",
        [CORE_LOG_STORAGE] = "storage",
    };
    return (size_t)kind < sizeof words / sizeof words[0] ? words[kind] : "event";
}

enum log_type log_line_type(const struct core_log *line) {
    if (line->kind == CORE_LOG_SUBSCRIBED)
        return LOG_TYPE_SUBSCRIBE;
    if (line->kind == CORE_LOG_UNSUBSCRIBED)
        return LOG_TYPE_UNSUBSCRIBE;
    switch (line->level) {
    case CORE_LOG_ERROR:
        return LOG_TYPE_ERROR;
    case CORE_LOG_WARNING:
        return LOG_TYPE_WARNING;
    case CORE_LOG_NOTICE:
        return LOG_TYPE_NOTICE;
    case CORE_LOG_INFO:
        return LOG_TYPE_INFORMATION;
    default:
        return LOG_TYPE_DEBUG;
    }
}

struct fields {
    char text[FIELDS_SIZE];
    size_t len;
};

static void put(struct fields *fields, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void put(struct fields *fields, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(fields->text + fields->len, sizeof fields->text - fields->len,
                              format, arguments);
    va_end(arguments);
    if (len > 0 && (size_t)len < sizeof fields->text - fields->len)
        fields->len += (size_t)len;
    fields->text[fields->len] = '\0';
}

static void put_slice(struct fields *fields, const char *name, struct ella_slice slice, char *room,
                      size_t size) {
    log_escape(room, size, ella_slice_data(slice), ella_slice_len(slice));
    put(fields, " %s=\"%s\"", name, room);
}

static void put_who(struct fields *fields, const struct core_log *line,
                    const struct address *peer) {
    char client_id[CLIENT_ID_TEXT_SIZE];
    char address[ADDRESS_TEXT_SIZE];
    if (ella_slice_len(line->client_id) > 0)
        put_slice(fields, "client", line->client_id, client_id, sizeof client_id);
    if (peer != NULL)
        put(fields, " address=%s", address_text(peer, address));
}

static void put_what(struct fields *fields, const struct core_log *line) {
    char topic[TOPIC_TEXT_SIZE];
    const bool has_topic = ella_slice_len(line->topic) > 0;
    if (has_topic)
        put_slice(fields, "topic", line->topic, topic, sizeof topic);
    if (line->packet_type != 0)
        put(fields, " packet=%s", ella_packet_name((enum ella_packet_type)line->packet_type));
    if (has_topic || line->packet_type == ELLA_PUBLISH)
        put(fields, " qos=%u", (unsigned)line->qos);
    if (line->reason_code != 0)
        put(fields, " reason=0x%02x", (unsigned)line->reason_code);
    if (line->error != ELLA_ERROR_NONE)
        put(fields, " error=\"%s\"", ella_error_text((enum ella_error)line->error));
}

/* What a client, or who never becomes one, can cause without end. What was asked for to be seen,
 * each packet for one, is written. Health checks and port scanners connect without ever naming a
 * client. */
static bool is_limited(const struct core_log *line, enum log_flood *flood) {
    const bool is_unnamed = ella_slice_len(line->client_id) == 0;
    *flood = LOG_FLOOD_CONNECTIONS;
    if (line->kind == CORE_LOG_REFUSED || (line->kind == CORE_LOG_DISCONNECTED && is_unnamed))
        return true;
    *flood = LOG_FLOOD_MESSAGES;
    return line->level != CORE_LOG_DEBUG &&
           (line->kind == CORE_LOG_DENIED || line->kind == CORE_LOG_DROPPED);
}

/* Whether the fields say it already. */
static bool is_said(const struct core_log *line) {
    return strcmp(line->text, kind_word(line->kind)) == 0 ||
           (line->packet_type != 0 &&
            strcmp(line->text, ella_packet_name(line->packet_type)) == 0) ||
           (line->error != ELLA_ERROR_NONE &&
            strcmp(line->text, ella_error_text((enum ella_error)line->error)) == 0);
}

void log_line_write(struct log *log, const struct core_log *line, const struct address *peer) {
    const enum log_type type = log_line_type(line);
    if (!log_wants(log, type))
        return;
    struct fields fields = {.len = 0};
    fields.text[0] = '\0';
    put_who(&fields, line, peer);
    put_what(&fields, line);
    const char *colon = is_said(line) ? "" : ": ";
    const char *text = is_said(line) ? "" : line->text;
    enum log_flood flood;
    if (is_limited(line, &flood))
        log_limited(log, flood, type, "%s%s%s%s", kind_word(line->kind), fields.text, colon, text);
    else
        log_say(log, type, "%s%s%s%s", kind_word(line->kind), fields.text, colon, text);
}
