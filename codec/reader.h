/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * reader: takes the data types of MQTT (section 1.5) out of a range of bytes, one field behind the
 * other. It knows no packets: the grammars say which field comes next, byte by byte, and the
 * reader keeps what was seen of it.
 *
 * Invariants: no byte outside the range given is looked at; field <= the index of the next byte;
 * off <= end <= the end of the range; after the first error nothing changes any more.
 *
 * Numbers are put together by multiplication and limits are computed before they are compared:
 * that is what provers follow.
 */
#ifndef LIBELLA_CODEC_READER_H
#define LIBELLA_CODEC_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "libella/codec.h"

struct reader {
    const uint8_t *buf;
    uint32_t field;  /* where the field being read begins; after an error, the byte at fault */
    uint32_t number; /* what is known of the integer, or of the length, being read */
    uint32_t off;    /* the string or binary data read last: bytes [off, end) */
    uint32_t end;
    uint8_t vbi_len;     /* bytes seen of the variable byte integer being read */
    uint8_t error;       /* enum ella_error */
    uint8_t version;     /* enum ella_version */
    uint8_t sender;      /* enum ella_sender */
    uint8_t packet_type; /* enum ella_packet_type */
};

/*@ requires \valid(r);
    assigns r->error, r->field;
    ensures r->error == (uint8_t)error && r->field == at; */
static inline void reader_fail(struct reader *r, enum ella_error error, uint32_t at) {
    r->error = (uint8_t)error;
    r->field = at;
}

/*@ requires \valid_read(r);
    assigns \nothing;
    ensures \result <==> r->error != ELLA_ERROR_NONE; */
static inline bool reader_failed(const struct reader *r) {
    return r->error != (uint8_t)ELLA_ERROR_NONE;
}

/* The next field begins at start. */
/*@ requires \valid(r);
    assigns r->field, r->number, r->vbi_len;
    ensures r->field == start && r->number == 0 && r->vbi_len == 0; */
static inline void reader_next(struct reader *r, uint32_t start) {
    r->field = start;
    r->number = 0u;
    r->vbi_len = 0u;
}

/* One more byte of an integer, the high byte first (sections 1.5.2, 1.5.3). */
/*@ requires \valid(r);
    assigns r->number;
    ensures r->number == \old(r->number) % 16777216 * 256 + byte; */
static inline void reader_number(struct reader *r, uint8_t byte) {
    r->number = (r->number % 16777216u) * 256u + byte;
}

/* One more byte, at index at, of a variable byte integer (section 1.5.5). */
/*@ requires \valid(r);
    assigns r->number, r->vbi_len, r->error, r->field;
    ensures \old(r->vbi_len) == 0 ==> r->number == byte % 128;
    ensures \old(r->vbi_len) == 1 ==> r->number == \old(r->number) % 128 + byte % 128 * 128;
    ensures \old(r->vbi_len) == 2 ==> r->number == \old(r->number) % 16384 + byte % 128 * 16384;
    ensures \old(r->vbi_len) == 3 ==>
      r->number == \old(r->number) % 2097152 + byte % 128 * 2097152;
    ensures r->number <= ELLA_REMAINING_LENGTH_MAX;
    ensures r->vbi_len == \old(r->vbi_len) % 4 + 1;
    behavior goes_on:
      assumes (byte < 128 || r->vbi_len < 3) && (byte > 0 || r->vbi_len == 0);
      ensures r->error == \old(r->error) && r->field == \old(r->field);
    behavior too_long:
      assumes byte >= 128 && r->vbi_len >= 3;
      ensures r->error == ELLA_ERROR_VARIABLE_BYTE_INTEGER && r->field == at;
    behavior not_shortest:
      assumes byte == 0 && r->vbi_len > 0;
      ensures r->error == ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST && r->field == at;
    complete behaviors;
    disjoint behaviors; */
static inline void reader_vbi(struct reader *r, uint8_t byte, uint32_t at) {
    const uint32_t digit = byte % 128u;

    if (r->vbi_len == 0u)
        r->number = digit;
    else if (r->vbi_len == 1u)
        r->number = r->number % 128u + digit * 128u;
    else if (r->vbi_len == 2u)
        r->number = r->number % 16384u + digit * 16384u;
    else
        r->number = r->number % 2097152u + digit * 2097152u;

    if (byte >= 128u && r->vbi_len >= 3u)
        reader_fail(r, ELLA_ERROR_VARIABLE_BYTE_INTEGER, at);
    //= v5/1.5.5-1
    if (byte == 0u && r->vbi_len > 0u)
        reader_fail(r, ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST, at);
    r->vbi_len = (uint8_t)(r->vbi_len % 4u + 1u);
}

/* Takes the bytes that the length just read announces, which follow index at; past_end is the
 * error if they end behind limit. Another length may follow. */
/*@ requires \valid(r);
    assigns r->off, r->end, r->number, r->error, r->field;
    behavior fits:
      assumes at + 1 + r->number <= limit;
      ensures r->off == at + 1 && r->end == at + 1 + \old(r->number) && r->number == 0;
      ensures r->error == \old(r->error) && r->field == \old(r->field);
    behavior past_end:
      assumes at + 1 + r->number > limit;
      ensures r->error == (uint8_t)past_end && r->field == \old(r->field);
      ensures r->off == \old(r->off) && r->end == \old(r->end);
    complete behaviors;
    disjoint behaviors; */
static inline void reader_take(struct reader *r, uint32_t at, uint32_t limit,
                               enum ella_error past_end) {
    const uint64_t end = (uint64_t)at + 1u + r->number;

    if (end > limit) {
        reader_fail(r, past_end, r->field);
        return;
    }
    r->off = at + 1u;
    r->end = (uint32_t)end;
    r->number = 0u;
}

/* The string or binary data read last. */
/*@ requires \valid_read(r);
    assigns \nothing;
    ensures \result.base == r->buf && \result.off == r->off && \result.end == r->end; */
static inline struct ella_slice reader_slice(const struct reader *r) {
    const struct ella_slice s = {r->buf, r->off, r->end};
    return s;
}

/*@ requires \valid_read(r);
    assigns \nothing;
    ensures \result.base == r->buf && \result.off == off && \result.end == end; */
static inline struct ella_slice reader_rest(const struct reader *r, uint32_t off, uint32_t end) {
    const struct ella_slice s = {r->buf, off, end};
    return s;
}

/* What was read last must be a string. */
static inline void reader_utf8(struct reader *r) {
    const struct ella_utf8 text = ella_utf8_check(r->buf, r->off, r->end);

    if (text.error != ELLA_ERROR_NONE)
        reader_fail(r, text.error, text.error_at);
}

/* After the last byte that the grammar took: complete says that it may end there, at < limit that
 * it has no place for the byte at that index. */
/*@ requires \valid(r);
    assigns r->error, r->field;
    behavior failed_before:
      assumes r->error != ELLA_ERROR_NONE;
      ensures r->error == \old(r->error) && r->field == \old(r->field);
    behavior trailing:
      assumes r->error == ELLA_ERROR_NONE && at < limit;
      ensures r->error == ELLA_ERROR_TRAILING_BYTES && r->field == at;
    behavior too_short:
      assumes r->error == ELLA_ERROR_NONE && at >= limit && !complete;
      ensures r->error == ELLA_ERROR_FIELD_PAST_END && r->field == \old(r->field);
    behavior whole:
      assumes r->error == ELLA_ERROR_NONE && at >= limit && complete;
      ensures r->error == ELLA_ERROR_NONE && r->field == \old(r->field);
    complete behaviors;
    disjoint behaviors; */
static inline void reader_finish(struct reader *r, bool complete, uint32_t at, uint32_t limit) {
    if (reader_failed(r))
        return;
    if (at < limit)
        reader_fail(r, ELLA_ERROR_TRAILING_BYTES, at);
    else if (!complete)
        reader_fail(r, ELLA_ERROR_FIELD_PAST_END, r->field);
}

#endif
