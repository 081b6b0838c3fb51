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
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "libella/codec.h"

struct writer {
    uint8_t *buf;
    size_t at; /* where the next byte goes */
    size_t end;
    bool failed;
};

/* A writer that may be used: its bytes may be written, and it does not lie among them. */
/*@ predicate writer_usable{L}(struct writer *w) =
      \valid(w) && \valid(w->buf + (w->at .. w->end - 1)) &&
      \separated(w, w->buf + (w->at .. w->end - 1));

    predicate slice_readable{L}(struct ella_slice s) = bytes_readable(s.base, s.off, s.end);

    predicate slice_apart{L}(struct writer *w, struct ella_slice s) =
      \separated(w, s.base + (s.off .. s.end - 1)) &&
      \separated(w->buf + (w->at .. w->end - 1), s.base + (s.off .. s.end - 1)); */

/* A start behind the end is room for nothing. */
/*@ assigns \nothing;
    ensures \result.buf == buf && \result.end == end && \result.at <= end;
    ensures start <= end ==> \result.at == start && !\result.failed;
    ensures start > end ==> \result.failed == 1; */
static inline struct writer writer_of(uint8_t *buf, uint32_t start, uint32_t end) {
    struct writer w;
    w.buf = buf;
    w.end = end;
    w.failed = start > end;
    w.at = w.failed ? end : start;
    return w;
}

/* Whether len bytes fit; if not, the writer has failed. */
/*@ requires \valid(w);
    assigns w->failed;
    ensures \result == 0 || \result == 1;
    ensures w->failed == 0 || w->failed == 1;
    ensures \result <==> !w->failed;
    ensures w->failed <==> (\old(w->failed) || w->at + len > w->end); */
static inline bool writer_room(struct writer *w, uint32_t len) {
    if (len > w->end || w->at > w->end - len)
        w->failed = true;
    return !w->failed;
}

/*@ requires writer_usable(w);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    behavior fits:
      assumes !w->failed && w->at + 1 <= w->end;
      assigns w->at, w->failed, w->buf[w->at];
      ensures w->at == \old(w->at) + 1 && !w->failed;
      ensures w->buf[\old(w->at)] == value;
    behavior does_not_fit:
      assumes w->failed || w->at + 1 > w->end;
      assigns w->failed;
      ensures w->failed == 1 && w->at == \old(w->at);
    complete behaviors;
    disjoint behaviors; */
static inline void writer_u8(struct writer *w, uint8_t value) {
    if (!writer_room(w, 1u))
        return;
    w->buf[w->at] = value;
    w->at += 1u;
}

/*@ requires writer_usable(w);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    behavior fits:
      assumes !w->failed && w->at + 2 <= w->end;
      assigns w->at, w->failed, w->buf[w->at .. w->at + 1];
      ensures w->at == \old(w->at) + 2 && !w->failed;
      ensures w->buf[\old(w->at)] == value / 256;
      ensures w->buf[\old(w->at) + 1] == value % 256;
    behavior does_not_fit:
      assumes w->failed || w->at + 2 > w->end;
      assigns w->failed;
      ensures w->failed == 1 && w->at == \old(w->at);
    complete behaviors;
    disjoint behaviors; */
static inline void writer_u16(struct writer *w, uint16_t value) {
    if (!writer_room(w, 2u))
        return;
    w->buf[w->at] = (uint8_t)(value / 256u);
    w->buf[w->at + 1u] = (uint8_t)(value % 256u);
    w->at += 2u;
}

/*@ requires writer_usable(w);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    behavior fits:
      assumes !w->failed && w->at + 4 <= w->end;
      assigns w->at, w->failed, w->buf[w->at .. w->at + 3];
      ensures w->at == \old(w->at) + 4 && !w->failed;
      ensures w->buf[\old(w->at)] == value / 16777216;
      ensures w->buf[\old(w->at) + 1] == value / 65536 % 256;
      ensures w->buf[\old(w->at) + 2] == value / 256 % 256;
      ensures w->buf[\old(w->at) + 3] == value % 256;
    behavior does_not_fit:
      assumes w->failed || w->at + 4 > w->end;
      assigns w->failed;
      ensures w->failed == 1 && w->at == \old(w->at);
    complete behaviors;
    disjoint behaviors; */
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
/*@ assigns \nothing;
    ensures \result == vbi_len(value); */
static inline uint32_t writer_vbi_len(uint32_t value) {
    if (value < 128u)
        return 1u;
    if (value < 16384u)
        return 2u;
    return value < 2097152u ? 3u : 4u;
}

/* value <= ELLA_REMAINING_LENGTH_MAX; of more it writes four bytes that are no such integer. */
//= v5/1.5.5-1
/*@ requires writer_usable(w);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    behavior fits:
      assumes !w->failed && w->at + vbi_len(value) <= w->end;
      assigns w->at, w->failed, w->buf[w->at .. w->at + vbi_len(value) - 1];
      ensures w->at == \old(w->at) + vbi_len(value) && !w->failed;
      ensures value <= ELLA_REMAINING_LENGTH_MAX ==>
        vbi_encodes(w->buf + \old(w->at), value);
    behavior does_not_fit:
      assumes w->failed || w->at + vbi_len(value) > w->end;
      assigns w->failed;
      ensures w->failed == 1 && w->at == \old(w->at);
    complete behaviors;
    disjoint behaviors; */
static inline void writer_vbi(struct writer *w, uint32_t value) {
    const uint32_t len = writer_vbi_len(value);
    uint32_t rest = value;

    if (len == 1u) { /* most of them */
        if (writer_room(w, 1u)) {
            w->buf[w->at] = (uint8_t)value;
            w->at += 1u;
        }
        return;
    }
    if (!writer_room(w, len))
        return;
    /*@ loop invariant 1 <= i <= len;
        loop invariant w->at == \at(w->at, Pre) + i - 1;
        loop invariant i == 1 ==> rest == value;
        loop invariant i == 2 ==> rest == value / 128;
        loop invariant i == 3 ==> rest == value / 16384;
        loop invariant i == 4 ==> rest == value / 2097152;
        loop invariant i >= 2 ==> w->buf[\at(w->at, Pre)] == value % 128 + 128;
        loop invariant i >= 3 ==> w->buf[\at(w->at, Pre) + 1] == value / 128 % 128 + 128;
        loop invariant i >= 4 ==> w->buf[\at(w->at, Pre) + 2] == value / 16384 % 128 + 128;
        loop assigns i, rest, w->at, w->buf[\at(w->at, Pre) .. \at(w->at, Pre) + len - 1];
        loop variant len - i; */
    for (uint32_t i = 1u; i < len; i++) {
        w->buf[w->at] = (uint8_t)(rest % 128u + 128u);
        w->at += 1u;
        rest /= 128u;
    }
    w->buf[w->at] = (uint8_t)(rest % 128u);
    w->at += 1u;
}

/* The bytes alone, without a length in front. */
/*@ requires writer_usable(w);
    requires slice_readable(s) && slice_apart(w, s);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    behavior fits:
      assumes s.off <= s.end && !w->failed && w->at + (s.end - s.off) <= w->end;
      assigns w->at, w->failed, w->buf[w->at .. w->at + (s.end - s.off) - 1];
      ensures w->at == \old(w->at) + (s.end - s.off) && !w->failed;
      ensures \forall integer i; 0 <= i < s.end - s.off ==>
        w->buf[\old(w->at) + i] == s.base[s.off + i];
    behavior does_not_fit:
      assumes s.off <= s.end && (w->failed || w->at + (s.end - s.off) > w->end);
      assigns w->failed;
      ensures w->failed == 1 && w->at == \old(w->at);
    behavior is_no_slice:
      assumes s.off > s.end;
      assigns w->failed;
      ensures w->at == \old(w->at) && (w->failed == 0 || w->failed == 1);
    complete behaviors;
    disjoint behaviors; */
static inline void writer_bytes(struct writer *w, struct ella_slice s) {
    const uint32_t len = ella_slice_len(s);
    if (!writer_room(w, len) || s.off >= s.end)
        return;
    memcpy(w->buf + w->at, s.base + s.off, len);
    /*@ assert \forall integer i; 0 <= i < len ==> w->buf[w->at + i] == s.base[s.off + i]; */
    w->at += len;
}

/* A string or binary data: two bytes of length, then the bytes; at most ELLA_STRING_LEN_MAX. */
/*@ requires writer_usable(w);
    requires slice_readable(s) && slice_apart(w, s);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures w->failed == 0 || w->failed == 1;
    ensures w->at >= \old(w->at);
    ensures \old(w->at) <= w->end ==> w->at <= w->end;
    behavior fits:
      assumes s.off <= s.end <= s.off + ELLA_STRING_LEN_MAX;
      assumes !w->failed && w->at + 2 + (s.end - s.off) <= w->end;
      ensures w->at == \old(w->at) + 2 + (s.end - s.off) && !w->failed;
      ensures w->buf[\old(w->at)] == (s.end - s.off) / 256;
      ensures w->buf[\old(w->at) + 1] == (s.end - s.off) % 256;
      ensures \forall integer i; 0 <= i < s.end - s.off ==>
        w->buf[\old(w->at) + 2 + i] == s.base[s.off + i];
    behavior does_not_fit:
      assumes s.off <= s.end && (w->failed || w->at + 2 + (s.end - s.off) > w->end);
      ensures w->failed == 1;
    disjoint behaviors; */
static inline void writer_string(struct writer *w, struct ella_slice s) {
    writer_u16(w, (uint16_t)ella_slice_len(s));
    /*@ assert slice_apart(w, s) && writer_usable(w); */
    /*@ assert \forall integer i; s.off <= i < s.end ==> s.base[i] == \at(s.base[i], Pre); */
    writer_bytes(w, s);
}

#endif
