/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * writer: puts the data types of MQTT (section 1.5) into a range of bytes, one behind the other.
 * It knows nothing of packets.
 *
 * Invariants: at <= end; no byte outside [at, end) is written; after the first put that does not
 * fit, failed stays true and nothing more is written, so that one look at the end is enough.
 */
#ifndef LIBELLA_CODEC_WRITER_H
#define LIBELLA_CODEC_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "libella/codec.h"

struct writer {
    uint8_t *buf;
    uint32_t at; /* where the next byte goes */
    uint32_t end;
    bool failed;
};

/* A start behind the end is room for nothing. */
static inline struct writer writer_of(uint8_t *buf, uint32_t start, uint32_t end) {
    struct writer w;
    w.buf = buf;
    w.end = end;
    w.failed = start > end;
    w.at = w.failed ? end : start;
    return w;
}

/* Whether len bytes fit; if not, the writer has failed. */
static inline bool writer_room(struct writer *w, uint32_t len) {
    if (len > w->end - w->at)
        w->failed = true;
    return !w->failed;
}

static inline void writer_u8(struct writer *w, uint8_t value) {
    if (!writer_room(w, 1u))
        return;
    w->buf[w->at] = value;
    w->at += 1u;
}

static inline void writer_u16(struct writer *w, uint16_t value) {
    if (!writer_room(w, 2u))
        return;
    w->buf[w->at] = (uint8_t)(value / 256u);
    w->buf[w->at + 1u] = (uint8_t)(value % 256u);
    w->at += 2u;
}

static inline void writer_u32(struct writer *w, uint32_t value) {
    if (!writer_room(w, 4u))
        return;
    w->buf[w->at] = (uint8_t)(value / 16777216u);
    w->buf[w->at + 1u] = (uint8_t)(value / 65536u % 256u);
    w->buf[w->at + 2u] = (uint8_t)(value / 256u % 256u);
    w->buf[w->at + 3u] = (uint8_t)(value % 256u);
    w->at += 4u;
}

/* Bytes of a variable byte integer in its shortest form; value <= ELLA_REMAINING_LENGTH_MAX. */
static inline uint32_t writer_vbi_len(uint32_t value) {
    if (value < 128u)
        return 1u;
    if (value < 16384u)
        return 2u;
    return value < 2097152u ? 3u : 4u;
}

/* value <= ELLA_REMAINING_LENGTH_MAX. */
//= v5/1.5.5-1
static inline void writer_vbi(struct writer *w, uint32_t value) {
    uint32_t rest = value;
    if (!writer_room(w, writer_vbi_len(value)))
        return;
    while (rest >= 128u) {
        w->buf[w->at] = (uint8_t)(rest % 128u + 128u);
        w->at += 1u;
        rest /= 128u;
    }
    w->buf[w->at] = (uint8_t)rest;
    w->at += 1u;
}

/* The bytes alone, without a length in front. */
static inline void writer_bytes(struct writer *w, struct ella_slice s) {
    const uint32_t len = ella_slice_len(s);
    if (!writer_room(w, len) || len == 0u)
        return;
    memcpy(w->buf + w->at, s.base + s.off, len);
    w->at += len;
}

/* A string or binary data: two bytes of length, then the bytes; at most ELLA_STRING_LEN_MAX. */
static inline void writer_string(struct writer *w, struct ella_slice s) {
    writer_u16(w, (uint16_t)ella_slice_len(s));
    writer_bytes(w, s);
}

#endif
