/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The part of frame.c that judges bytes, lengths and offsets, whatever a damaged file says: pure
 * functions, which Frama-C proves from their contracts (proofs/README.md, target wp_frame_bytes).
 * Files, memory and check sums are frame.c's.
 */
#ifndef BROKER_IO_FRAME_BYTES_H
#define BROKER_IO_FRAME_BYTES_H

#include "broker/io/frame.h"

/* Frames begin at multiples of it. */
#define FRAME_ALIGNMENT 4u

/*@ requires \valid_read(at + (0 .. 3));
    assigns \nothing;
    ensures \result == at[0] * 16777216 + at[1] * 65536 + at[2] * 256 + at[3]; */
static inline uint32_t frame_u32(const uint8_t *at) {
    return at[0] * 16777216u + at[1] * 65536u + at[2] * 256u + at[3];
}

/*@ logic integer len_at{L}(uint8_t *at) =
      at[0] * 16777216 + at[1] * 65536 + at[2] * 256 + at[3];

    // The size is that of a frame with such a body.
    predicate frame_has(integer size, integer body_len, integer is_encrypted) =
      size % 4 == 0 && 12 + body_len + (is_encrypted != 0 ? 16 : 0) <= size &&
      size < 12 + body_len + (is_encrypted != 0 ? 16 : 0) + 4;
 */

/* Bytes of header, body and tag, and what pads them. */
/*@ requires body_len <= SIZE_MAX - 31;
    assigns \nothing;
    ensures \result % 4 == 0;
    ensures 12 + body_len + (is_encrypted ? 16 : 0) <= \result;
    ensures \result < 12 + body_len + (is_encrypted ? 16 : 0) + 4; */
static inline size_t frame_bytes_size(size_t body_len, bool is_encrypted) {
    const size_t len = FRAME_HEADER_LEN + body_len + (is_encrypted ? JOURNAL_TAG_LEN : 0u);
    const size_t rest = len % FRAME_ALIGNMENT;
    return rest == 0u ? len : len + (FRAME_ALIGNMENT - rest);
}

/* Of len bytes from offset on, how many a file of that size has. */
/*@ assigns \nothing;
    ensures offset >= size ==> \result == 0;
    ensures offset < size ==> offset + \result <= size &&
      (\result == len || offset + \result == size) && \result <= len; */
static inline size_t frame_bytes_left(uint64_t size, uint64_t offset, size_t len) {
    if (offset >= size)
        return 0;
    const uint64_t left = size - offset;
    return len > left ? (size_t)left : len;
}

/* Where [offset, offset + len), which is not empty, lies within [held, held + held_len), counted
 * from its beginning; held_len if not all of it does. */
/*@ requires 0 < len;
    assigns \nothing;
    ensures held <= offset && offset + len <= held + held_len ==> \result == offset - held;
    ensures !(held <= offset && offset + len <= held + held_len) ==> \result == held_len; */
static inline size_t frame_bytes_place(uint64_t held, size_t held_len, uint64_t offset,
                                       size_t len) {
    if (offset < held)
        return held_len;
    const uint64_t place = offset - held;
    return place < held_len && len <= held_len - place ? (size_t)place : held_len;
}

/* Whether a header may stand in the 12 bytes at at, after which the file has left - 12 more: the
 * kind is one of ours, and the file has all of the frame; then *out_size is the frame's. Whether
 * its check sums are right is not asked. */
/*@ requires \valid_read(at + (0 .. 11));
    requires \valid(out_size) && \separated(out_size, at + (0 .. 11));
    assigns *out_size;
    ensures \result ==> 12 <= *out_size <= left && *out_size % 4 == 0;
    ensures \result ==> *out_size <= FRAME_BODY_LEN_MAX + 31;
    ensures \result ==> 1 <= at[4] <= 2 && at[5] == 0 && len_at(at) <= FRAME_BODY_LEN_MAX;
    ensures 1 <= at[4] <= 2 && at[5] == 0 && len_at(at) <= FRAME_BODY_LEN_MAX ==>
      frame_has(*out_size, len_at(at), is_encrypted) && (\result <==> *out_size <= left); */
static inline bool frame_bytes_plausible(const uint8_t *at, uint64_t left, bool is_encrypted,
                                         size_t *out_size) {
    const size_t body_len = frame_u32(at);
    if (body_len > FRAME_BODY_LEN_MAX || at[4] < FRAME_UNITS || at[4] > FRAME_BATCH_END ||
        at[5] != 0)
        return false;
    *out_size = frame_bytes_size(body_len, is_encrypted);
    return *out_size <= left;
}

/* Whether the body whose header says body_len lies within the frame's size, tag included. A disk
 * may answer otherwise the second time. */
/*@ assigns \nothing;
    ensures \result ==> 12 + body_len + (is_encrypted ? 16 : 0) <= size;
    ensures \result <==> frame_has(size, body_len, is_encrypted); */
static inline bool frame_bytes_same(size_t size, uint32_t body_len, bool is_encrypted) {
    return frame_bytes_size(body_len, is_encrypted) == size;
}

/* The next place behind at where a frame may begin, or size, where the file ends. */
/*@ requires at < size;
    assigns \nothing;
    ensures at < \result <= size;
    ensures \result == at + 4 || \result == size && size < at + 4; */
static inline uint64_t frame_bytes_next(uint64_t at, uint64_t size) {
    return size - at > FRAME_ALIGNMENT ? at + FRAME_ALIGNMENT : size;
}

#endif
