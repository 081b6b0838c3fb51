/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Lines of a text and the faults in them; see fault.h.
 */
#include "broker/security/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libella/codec.h"

#define FAULT_TEXT_SIZE 256u
/* Some editors begin a file of UTF-8 with it. */
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

void lines_begin(struct lines *lines, const uint8_t *bytes, size_t len,
                 const struct fault_reporter *reporter) {
    const size_t mark_len = strlen(BYTE_ORDER_MARK);
    const char *text = len == 0 ? "" : (const char *)bytes;
    const bool is_marked = len >= mark_len && memcmp(text, BYTE_ORDER_MARK, mark_len) == 0;
    *lines = (struct lines){
        .next = is_marked ? text + mark_len : text, .end = text + len, .reporter = reporter};
}

static void next_line(struct lines *lines, struct text_span *line) {
    const size_t left = (size_t)(lines->end - lines->next);
    const char *line_end = memchr(lines->next, '\n', left);
    *line = (struct text_span){lines->next,
                               line_end == NULL ? left : (size_t)(line_end - lines->next)};
    lines->next = line_end == NULL ? lines->end : line_end + 1;
    lines->number++;
    if (line->len > 0 && line->text[line->len - 1] == '\r')
        line->len--;
}

bool lines_next(struct lines *lines, struct text_span *line) {
    while (lines->next < lines->end && lines->fault_count < FAULTS_MAX) {
        next_line(lines, line);
        if (line->len > 0 && line->text[0] != '#' && text_trim(*line).len > 0)
            return true;
    }
    return false;
}

bool lines_fail(struct lines *lines, const char *format, ...) {
    char text[FAULT_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    lines->reporter->report(lines->reporter->ctx, lines->number, text);
    if (++lines->fault_count == FAULTS_MAX)
        lines->reporter->report(lines->reporter->ctx, lines->number,
                                "too many errors; what follows was not looked at");
    return false;
}

void lines_remark(const struct lines *lines, const char *format, ...) {
    char text[FAULT_TEXT_SIZE];
    va_list arguments;
    if (lines->reporter->remark == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    lines->reporter->remark(lines->reporter->ctx, lines->number, text);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

struct text_span text_trim(struct text_span span) {
    while (span.len > 0 && is_blank(span.text[0])) {
        span.text++;
        span.len--;
    }
    while (span.len > 0 && is_blank(span.text[span.len - 1]))
        span.len--;
    return span;
}

bool text_is_plain(struct text_span span) {
    if (span.len > UINT16_MAX)
        return false;
    const struct ella_utf8 utf8 =
        ella_utf8_check((const uint8_t *)span.text, 0, (uint32_t)span.len);
    return utf8.error == ELLA_ERROR_NONE && !utf8.has_control;
}
