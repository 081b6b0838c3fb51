/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Writing log lines; see log.h. A line is never divided between two calls of write(2), so that
 * lines of several processes do not mix.
 *
 * Invariants: gathered_len grows only after the bytes are there, for who looks at them when a
 * signal has come.
 */
#include "broker/io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define LOG_FILE_MODE 0640
#define LOG_NAME "libellad"
#define ESCAPE_LEN_MAX 4u /* \xNN */
#define CUT_MARK "..."

void log_init(struct log *log) {
    *log = (struct log){.settings = {.destinations = LOG_TO_STDERR,
                                     .types = LOG_TYPE_DEFAULT,
                                     .facility = LOG_DAEMON,
                                     .timestamp = true},
                        .file_fd = -1};
}

static bool copy_strings(struct log_settings *settings) {
    char *const file = settings->file;
    char *const format = settings->timestamp_format;
    settings->file = file == NULL ? NULL : strdup(file);
    settings->timestamp_format = format == NULL ? NULL : strdup(format);
    if ((file == NULL || settings->file != NULL) &&
        (format == NULL || settings->timestamp_format != NULL))
        return true;
    free(settings->file);
    free(settings->timestamp_format);
    return false;
}

static void release(struct log *log) {
    if (log->file_fd >= 0)
        close(log->file_fd);
    if ((log->settings.destinations & LOG_TO_SYSLOG) != 0u)
        closelog();
    free(log->settings.file);
    free(log->settings.timestamp_format);
}

bool log_open(struct log *log, const struct log_settings *settings) {
    struct log_settings copy = *settings;
    int file_fd = -1;
    log_flush(log);
    if (!copy_strings(&copy))
        return false;
    if ((copy.destinations & LOG_TO_FILE) != 0u) {
        file_fd = open(copy.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, LOG_FILE_MODE);
        if (file_fd < 0) {
            const int why = errno;
            free(copy.file);
            free(copy.timestamp_format);
            errno = why;
            return false;
        }
    }
    release(log);
    log->settings = copy;
    log->file_fd = file_fd;
    if ((copy.destinations & LOG_TO_SYSLOG) != 0u)
        openlog(LOG_NAME, LOG_PID | LOG_NDELAY, copy.facility);
    return true;
}

void log_close(struct log *log) {
    log_flush(log);
    release(log);
    log_init(log);
}

/* ---- Lines ---- */

static int priority(enum log_type type) {
    switch (type) {
    case LOG_TYPE_ERROR:
        return LOG_ERR;
    case LOG_TYPE_WARNING:
        return LOG_WARNING;
    case LOG_TYPE_NOTICE:
    case LOG_TYPE_SUBSCRIBE:
    case LOG_TYPE_UNSUBSCRIBE:
        return LOG_NOTICE;
    case LOG_TYPE_INFORMATION:
        return LOG_INFO;
    default:
        return LOG_DEBUG;
    }
}

/* "1700000000: "; returns its length. */
static size_t put_time(const struct log *log, char *out, size_t size, time_t now_s) {
    const char *format = log->settings.timestamp_format;
    if (!log->settings.timestamp)
        return 0;
    int len = 0;
    if (format == NULL) {
        len = snprintf(out, size, "%lld: ", (long long)now_s);
    } else {
        struct tm parts;
        char when[128];
        if (localtime_r(&now_s, &parts) == NULL)
            return 0;
        when[strftime(when, sizeof when, format, &parts)] = '\0';
        len = snprintf(out, size, "%s: ", when);
    }
    return len < 0 ? 0 : (size_t)len;
}

/* What can't be written is lost: there is nobody to tell. */
static void write_whole(int fd, const char *lines, size_t len) {
    while (len > 0) {
        const ssize_t written = write(fd, lines, len);
        if (written < 0 && errno != EINTR)
            return;
        lines += written < 0 ? 0 : written;
        len -= written < 0 ? 0u : (size_t)written;
    }
}

static void write_lines(const struct log *log, const char *lines, size_t len) {
    const uint32_t where = log->settings.destinations;
    if ((where & LOG_TO_STDERR) != 0u)
        write_whole(STDERR_FILENO, lines, len);
    if ((where & LOG_TO_STDOUT) != 0u)
        write_whole(STDOUT_FILENO, lines, len);
    if ((where & LOG_TO_FILE) != 0u)
        write_whole(log->file_fd, lines, len);
}

/* ---- Gathering ---- */

void log_gather(struct log *log) {
    log->gathers = true;
}

void log_gather_no_more(struct log *log) {
    log_flush(log);
    log->gathers = false;
}

void log_write_gathered(struct log *log) {
    const int why = errno;
    write_lines(log, log->gathered, log->gathered_len);
    log->gathered_len = 0;
    errno = why;
}

static void put_line(struct log *log, enum log_type type, const char *line, size_t len) {
    if (!log->gathers) {
        write_lines(log, line, len);
        return;
    }
    if (len > sizeof log->gathered - log->gathered_len)
        log_flush(log);
    memcpy(log->gathered + log->gathered_len, line, len);
    log->gathered_len += (uint32_t)len;
    if (type == LOG_TYPE_ERROR)
        log_flush(log);
}

/* A signal has no other way to find it. */
static struct log *surviving;

/* Only what may be done anywhere: write(2) and raise(3). The signal comes again when this returns,
 * and ends the process as it would have. */
static void write_last(int number) {
    log_flush(surviving);
    (void)raise(number);
}

bool log_survive_faults(struct log *log) {
    static const int faults[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    surviving = log;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct sigaction action = {.sa_flags = (int)SA_RESETHAND};
        struct sigaction before;
        action.sa_handler = write_last;
        sigemptyset(&action.sa_mask);
        if (sigaction(faults[i], NULL, &before) != 0)
            return false;
        if (before.sa_handler == SIG_DFL && sigaction(faults[i], &action, NULL) != 0)
            return false;
    }
    return true;
}

/* ---- One line ---- */

static void say(struct log *log, enum log_type type, time_t now_s, const char *format,
                va_list arguments) {
    char line[LOG_LINE_SIZE];
    const size_t text_at = put_time(log, line, sizeof line, now_s);
    const int text_len = vsnprintf(line + text_at, sizeof line - text_at, format, arguments);
    if (text_len < 0)
        return;
    size_t len = text_at + (size_t)text_len;
    if (len >= sizeof line)
        len = sizeof line - 1;
    if ((log->settings.destinations & LOG_TO_SYSLOG) != 0u)
        syslog(priority(type), "%.*s", (int)(len - text_at), line + text_at);
    line[len++] = '\n';
    put_line(log, type, line, len);
}

/* Lines that only count suppressed ones have no arguments of a caller. */
static void say_plain(struct log *log, enum log_type type, time_t now_s, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void say_plain(struct log *log, enum log_type type, time_t now_s, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(log, type, now_s, format, arguments);
    va_end(arguments);
}

static void turn_windows(struct log *log, time_t now_s) {
    static const char *const names[LOG_FLOOD_COUNT] = {
        [LOG_FLOOD_CONNECTIONS] = "refused connections",
        [LOG_FLOOD_MESSAGES] = "refused messages and subscriptions",
        [LOG_FLOOD_SYSTEM] = "what the system lacks"};
    for (int i = 0; i < LOG_FLOOD_COUNT; i++) {
        const struct log_window window = log->windows[i];
        if (now_s >= window.start_s && now_s - window.start_s < LOG_LIMITED_WINDOW_S)
            continue;
        log->windows[i] = (struct log_window){.start_s = now_s};
        if (window.suppressed > 0)
            say_plain(log, LOG_TYPE_NOTICE, now_s, "%u more lines about %s were left out",
                      (unsigned)window.suppressed, names[i]);
    }
}

void log_say(struct log *log, enum log_type type, const char *format, ...) {
    if (!log_wants(log, type))
        return;
    const time_t now_s = time(NULL);
    turn_windows(log, now_s);
    va_list arguments;
    va_start(arguments, format);
    say(log, type, now_s, format, arguments);
    va_end(arguments);
}

void log_limited(struct log *log, enum log_flood flood, enum log_type type, const char *format,
                 ...) {
    if (!log_wants(log, type))
        return;
    const time_t now_s = time(NULL);
    turn_windows(log, now_s);
    struct log_window *window = &log->windows[flood];
    if (window->lines >= LOG_LIMITED_LINES_MAX) {
        window->suppressed++;
        return;
    }
    window->lines++;
    va_list arguments;
    va_start(arguments, format);
    say(log, type, now_s, format, arguments);
    va_end(arguments);
}

/* ---- Escaping ---- */

/* Bytes of the UTF-8 character at text[0], 0 if it is none. What is not a character on its own
 * (overlong forms, surrogates) the codec has refused long before. */
static size_t character_len(const uint8_t *text, size_t len) {
    const uint8_t lead = text[0];
    const size_t wanted = lead < 0x80   ? 1
                          : lead < 0xC2 ? 0
                          : lead < 0xE0 ? 2
                          : lead < 0xF0 ? 3
                          : lead < 0xF5 ? 4
                                        : 0;
    if (wanted > len)
        return 0;
    for (size_t i = 1; i < wanted; i++) {
        if ((text[i] & 0xC0u) != 0x80u)
            return 0;
    }
    return wanted;
}

static bool is_plain(const uint8_t *text, size_t len) {
    if (len == 1)
        return text[0] >= 0x20 && text[0] != 0x7F && text[0] != '"' && text[0] != '\\';
    /* U+0080 to U+009F are control characters, U+2028 and U+2029 end lines. */
    if (len == 2)
        return text[0] != 0xC2 || text[1] >= 0xA0;
    /* U+202A to U+202E and U+2066 to U+2069 turn the direction, so that a line looks like another.
     */
    return !(len == 3 && text[0] == 0xE2 &&
             ((text[1] == 0x80 && text[2] >= 0xA8 && text[2] <= 0xAE) ||
              (text[1] == 0x81 && text[2] >= 0xA6 && text[2] <= 0xA9)));
}

/* Returns how many bytes of text were written. */
static size_t escape_one(char *out, size_t *used, const uint8_t *text, size_t len) {
    static const char digits[] = "0123456789abcdef";
    const size_t character = character_len(text, len);
    if (character != 0 && is_plain(text, character)) {
        memcpy(out + *used, text, character);
        *used += character;
        return character;
    }
    out[(*used)++] = '\\';
    if (text[0] == '"' || text[0] == '\\') {
        out[(*used)++] = (char)text[0];
        return 1;
    }
    out[(*used)++] = 'x';
    out[(*used)++] = digits[text[0] >> 4];
    out[(*used)++] = digits[text[0] & 15u];
    return 1;
}

const char *log_escape(char *out, size_t size, const uint8_t *text, size_t text_len) {
    const size_t room = size - sizeof CUT_MARK - ESCAPE_LEN_MAX;
    size_t used = 0;
    size_t at = 0;
    while (at < text_len && used <= room)
        at += escape_one(out, &used, text + at, text_len - at);
    memcpy(out + used, CUT_MARK, sizeof CUT_MARK);
    if (at == text_len)
        out[used] = '\0';
    return out;
}
