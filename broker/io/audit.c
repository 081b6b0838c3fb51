/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Lines of the audit log; see audit.h.
 */
#include "broker/io/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Three values, half as long again as JSON, and what stands between them. */
#define LINE_SIZE 6144u
#define VALUE_SIZE 1024u
#define FILE_MODE 0600

void audit_init(struct audit *audit, struct log *log) {
    *audit = (struct audit){.fd = -1, .log = log};
}

bool audit_open(struct audit *audit, const char *path, enum audit_format format) {
    int fd = -1;
    if (path != NULL) {
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
        if (fd < 0)
            return false;
    }
    if (audit->fd >= 0)
        close(audit->fd);
    audit->fd = fd;
    audit->format = format;
    return true;
}

void audit_close(struct audit *audit) {
    if (audit->fd >= 0)
        close(audit->fd);
    audit->fd = -1;
}

/* ---- A line ---- */

struct line {
    bool is_json;
    bool is_begun; /* JSON: a comma goes before the next field */
    size_t len;
    char text[LINE_SIZE];
};

/* What does not fit is left out; the values are cut so that all of them together do. */
static void put(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct line *line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int len =
        vsnprintf(line->text + line->len, sizeof line->text - line->len, format, arguments);
    va_end(arguments);
    if (len > 0 && (size_t)len < sizeof line->text - line->len)
        line->len += (size_t)len;
}

static void put_name(struct line *line, const char *name) {
    if (line->is_json)
        put(line, "%s\"%s\":", line->is_begun ? "," : "", name);
    else
        put(line, " %s=", name);
    line->is_begun = true;
}

/* log_escape() writes \" and \\ as JSON does, and \xNN for what it finds unfit to print. */
static void put_escaped(struct line *line, const char *escaped) {
    put(line, "\"");
    for (const char *c = escaped; *c != '\0' && line->len + 8u < sizeof line->text; c++) {
        if (line->is_json && c[0] == '\\' && c[1] == 'x') {
            put(line, "\\u00%.2s", c + 2);
            c += 3;
        } else if (c[0] == '\\') {
            put(line, "%.2s", c);
            c++;
        } else {
            line->text[line->len++] = *c;
        }
    }
    put(line, "\"");
}

static void put_slice(struct line *line, const char *name, struct ella_slice slice) {
    char escaped[VALUE_SIZE];
    if (ella_slice_len(slice) == 0)
        return;
    put_name(line, name);
    log_escape(escaped, sizeof escaped, ella_slice_data(slice), ella_slice_len(slice));
    put_escaped(line, escaped);
}

static void put_time(struct line *line) {
    struct timespec now;
    struct tm parts;
    char seconds[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &parts);
    const unsigned milliseconds = (unsigned)(now.tv_nsec / 1000000);
    if (line->is_json)
        put_name(line, "time");
    put(line, line->is_json ? "\"%s.%03uZ\"" : "%s.%03uZ", seconds, milliseconds);
}

static void put_word(struct line *line, const char *name, const char *word) {
    put_name(line, name);
    put(line, line->is_json ? "\"%s\"" : "%s", word);
}

static void put_event(struct line *line, const struct audit_event *event) {
    char address[ADDRESS_TEXT_SIZE];
    put_time(line);
    if (line->is_json)
        put_word(line, "event", event->event);
    else
        put(line, " %s", event->event);
    put_word(line, "result", event->result);
    put_slice(line, "client", event->client);
    put_slice(line, "user", event->user);
    if (event->peer != NULL)
        put_word(line, "address", address_text(event->peer, address));
    put_slice(line, "topic", event->topic);
    if (event->reason_code != 0) {
        put_name(line, "reason");
        put(line, line->is_json ? "%u" : "0x%02x", (unsigned)event->reason_code);
    }
    if (event->text != NULL)
        put_slice(line, "text",
                  ella_slice_of((const uint8_t *)event->text, (uint32_t)strlen(event->text)));
}

void audit_write(struct audit *audit, const struct audit_event *event) {
    struct line line = {.is_json = audit->format == AUDIT_JSON};
    if (audit->fd < 0)
        return;
    if (line.is_json)
        put(&line, "{");
    put_event(&line, event);
    put(&line, line.is_json ? "}\n" : "\n");
    ssize_t written;
    do {
        written = write(audit->fd, line.text, line.len);
    } while (written < 0 && errno == EINTR);
    if (written == (ssize_t)line.len) {
        audit->written_count++;
        return;
    }
    audit->lost_count++;
    log_limited(audit->log, LOG_FLOOD_SYSTEM, LOG_TYPE_ERROR, "the audit log lost a line: %s",
                strerror(written < 0 ? errno : ENOSPC));
}

/* ---- The core's ---- */

static const char *denied_event(const struct core_log *line) {
    switch (line->packet_type) {
    case ELLA_SUBSCRIBE:
        return "subscribe";
    case ELLA_UNSUBSCRIBE:
        return "unsubscribe";
    default:
        return "publish";
    }
}

void audit_core(struct audit *audit, const struct core_log *line, const struct address *peer) {
    struct audit_event event = {.client = line->client_id,
                                .user = line->user_name,
                                .topic = line->topic,
                                .peer = peer,
                                .result = "ok",
                                .reason_code = line->reason_code,
                                .text = line->text};
    if (audit->fd < 0)
        return;
    switch (line->kind) {
    case CORE_LOG_CONNECTED:
        event.event = "connect";
        break;
    case CORE_LOG_REFUSED:
        event.event = "connect";
        event.result = "refused";
        break;
    case CORE_LOG_DISCONNECTED:
        event.event = "disconnect";
        break;
    case CORE_LOG_SUBSCRIBED:
        event.event = "subscribe";
        break;
    case CORE_LOG_UNSUBSCRIBED:
        event.event = "unsubscribe";
        break;
    case CORE_LOG_DENIED:
        event.event = denied_event(line);
        event.result = "denied";
        break;
    case CORE_LOG_SESSION_ENDED:
        event.event = "session_end";
        break;
    default:
        return;
    }
    audit_write(audit, &event);
}
