/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Lines for people: to standard error, standard output, a file and syslog, with the time before
 * them. It knows nothing of MQTT (log_line.h does).
 *
 * What a client chose (identifiers, topics) is written with control characters, quotes and
 * backslashes escaped, so that nobody can forge a line.
 */
#ifndef BROKER_IO_LOG_H
#define BROKER_IO_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Kinds of lines, as log_type names them. */
enum log_type {
    LOG_TYPE_DEBUG = 1,
    LOG_TYPE_ERROR = 2,
    LOG_TYPE_WARNING = 4,
    LOG_TYPE_NOTICE = 8,
    LOG_TYPE_INFORMATION = 16,
    LOG_TYPE_SUBSCRIBE = 32,
    LOG_TYPE_UNSUBSCRIBE = 64,
    LOG_TYPE_WEBSOCKETS = 128, /* no line is of this kind yet */
    LOG_TYPE_INTERNAL = 256,   /* no line is of this kind yet */
    LOG_TYPE_ALL = 511,
    LOG_TYPE_DEFAULT = LOG_TYPE_ERROR | LOG_TYPE_WARNING | LOG_TYPE_NOTICE | LOG_TYPE_INFORMATION,
};

enum log_destination {
    LOG_TO_STDERR = 1,
    LOG_TO_STDOUT = 2,
    LOG_TO_FILE = 4,
    LOG_TO_SYSLOG = 8,
};

/* A line is cut behind this many bytes, its end included. */
#define LOG_LINE_SIZE 2048u
/* Bytes of lines that wait to be written together at most: what a pipe takes as a whole, so that
 * lines of several processes do not mix. */
#define LOG_GATHERED_SIZE 4096u
/* Lines that others can cause at will, each sort with a window of its own, so that a flood of one
 * does not hide another. */
enum log_flood {
    LOG_FLOOD_CONNECTIONS, /* those that are refused or end before they name a client */
    LOG_FLOOD_MESSAGES,    /* messages and subscriptions that are refused */
    LOG_FLOOD_SYSTEM,      /* what the system has no more of */
    LOG_FLOOD_COUNT
};
/* Lines of log_limited() in one window; the rest is counted and told when the window is over. */
#define LOG_LIMITED_LINES_MAX 20u
#define LOG_LIMITED_WINDOW_S 10

struct log_settings {
    uint32_t destinations; /* enum log_destination, 0: nowhere */
    uint32_t types;        /* enum log_type */
    char *file;            /* path, for LOG_TO_FILE */
    int facility;          /* of syslog(3) */
    bool timestamp;
    char *timestamp_format; /* strftime(3); NULL: seconds since 1970 */
};

struct log_window {
    time_t start_s;
    uint32_t lines;
    uint32_t suppressed;
};

struct log {
    struct log_settings settings; /* its strings are the log's own copies */
    int file_fd;                  /* -1 if no file is open */
    struct log_window windows[LOG_FLOOD_COUNT];
    bool gathers;
    uint32_t gathered_len;
    char gathered[LOG_GATHERED_SIZE]; /* whole lines */
};

/* Writes to standard error, with the default types, until log_open(). */
void log_init(struct log *log);
/* Uses a copy of other settings from now on and (re)opens the file. false: the file can't be
 * opened, errno says why, and everything is as before. */
bool log_open(struct log *log, const struct log_settings *settings);
void log_close(struct log *log);

/* From now on lines wait for log_flush(), but for errors and what syslog gets; so many lines of a
 * moment cost one call of the system. Who gathers flushes before anybody else can learn what the
 * lines tell. */
void log_gather(struct log *log);
/* Writes what waits, and from now on lines at once again. */
void log_gather_no_more(struct log *log);
void log_write_gathered(struct log *log);
/* Writes what waits. */
static inline void log_flush(struct log *log) {
    if (log->gathered_len > 0u)
        log_write_gathered(log);
}
/* What waits is written even when the process ends by a fault of its own (an assertion that does
 * not hold, a wild pointer). log stays where it is until the process ends, and is the only one. A
 * signal that somebody else handles stays with them. false: see errno. */
bool log_survive_faults(struct log *log);

static inline bool log_wants(const struct log *log, enum log_type type) {
    return (log->settings.types & (uint32_t)type) != 0u && log->settings.destinations != 0u;
}
void log_say(struct log *log, enum log_type type, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for lines that others can cause at will. */
void log_limited(struct log *log, enum log_flood flood, enum log_type type, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

/* Writes text_len bytes of text to out[size], printable and ending in 0; what does not fit is cut
 * and marked with "...". size must be at least 8. Valid UTF-8 stays as it is except for control
 * characters; other bytes become \xNN. Returns out. */
const char *log_escape(char *out, size_t size, const uint8_t *text, size_t text_len);

#endif
