/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * How the parsers of this package tell what is wrong: a line and a reason, for each fault. What
 * the file says itself is never part of the reason: it may be a secret.
 */
#ifndef BROKER_SECURITY_FAULT_H
#define BROKER_SECURITY_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Faults told of one file; what has more is another kind of file. */
#define FAULTS_MAX 100u

struct fault_reporter {
    void *ctx;
    /* line: from 1; 0 if the whole is at fault. text is valid during the call only. */
    void (*report)(void *ctx, uint32_t line, const char *text);
    /* The same for what is no fault, but worth a second look. NULL: nobody listens. */
    void (*remark)(void *ctx, uint32_t line, const char *text);
};

/* The lines of a text, without line ends (LF, CRLF), and the faults found in them. */
struct lines {
    const char *next;
    const char *end;
    const struct fault_reporter *reporter;
    uint32_t number; /* of the line read last, from 1 */
    uint32_t fault_count;
};

/* A stretch of the text. */
struct text_span {
    const char *text;
    size_t len;
};

void lines_begin(struct lines *lines, const uint8_t *bytes, size_t len,
                 const struct fault_reporter *reporter);
/* The next line that is neither blank nor a comment (# as its first character). false: there is
 * none, or there were too many faults. */
bool lines_next(struct lines *lines, struct text_span *line);
/* Tells a fault of the present line; always false. */
bool lines_fail(struct lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Tells what is worth a second look in the present line. */
void lines_remark(const struct lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Without blanks (space, tab) around it. */
struct text_span text_trim(struct text_span span);
/* Whether it is well-formed UTF-8 of 65535 bytes at most, without control characters. */
bool text_is_plain(struct text_span span);

#endif
