/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * reader: unit for the proof of codec/reader.h, and the round trips of the integers: what the
 * writer writes, the reader reads.
 */
#include "codec/reader.h"
#include "codec/writer.h"

/* decode(encode(value)) = value, in as many bytes as were written, without an error. */
/*@ requires value <= ELLA_REMAINING_LENGTH_MAX;
    requires \valid(buf + (0 .. 3)) && \valid(r) && \separated(r, buf + (0 .. 3));
    assigns *r, buf[0 .. 3];
    ensures \result == value;
    ensures r->vbi_len == vbi_len(value);
    ensures r->error == ELLA_ERROR_NONE; */
uint32_t round_trip_vbi(uint32_t value, uint8_t *buf, struct reader *r) {
    struct writer w = writer_of(buf, 0u, 4u);

    writer_vbi(&w, value);
    reader_next(r, 0u);
    r->error = (uint8_t)ELLA_ERROR_NONE;
    reader_vbi(r, buf[0], 0u);
    /*@ assert r->number == value % 128; */
    if (buf[0] >= 128u)
        reader_vbi(r, buf[1], 1u);
    /*@ assert value % 16384 == value % 128 + value / 128 % 128 * 128; */
    /*@ assert value >= 128 ==> r->number == value % 16384; */
    if (buf[0] >= 128u && buf[1] >= 128u)
        reader_vbi(r, buf[2], 2u);
    /*@ assert value % 2097152 == value % 16384 + value / 16384 % 128 * 16384; */
    /*@ assert value >= 16384 ==> r->number == value % 2097152; */
    if (buf[0] >= 128u && buf[1] >= 128u && buf[2] >= 128u)
        reader_vbi(r, buf[3], 3u);
    /*@ assert value == value % 2097152 + value / 2097152 * 2097152; */
    return r->number;
}

/*@ requires \valid(buf + (0 .. 1)) && \valid(r) && \separated(r, buf + (0 .. 1));
    assigns *r, buf[0 .. 1];
    ensures \result == value; */
uint32_t round_trip_u16(uint16_t value, uint8_t *buf, struct reader *r) {
    struct writer w = writer_of(buf, 0u, 2u);

    writer_u16(&w, value);
    reader_next(r, 0u);
    reader_number(r, buf[0]);
    reader_number(r, buf[1]);
    return r->number;
}

/*@ requires \valid(buf + (0 .. 3)) && \valid(r) && \separated(r, buf + (0 .. 3));
    assigns *r, buf[0 .. 3];
    ensures \result == value; */
uint32_t round_trip_u32(uint32_t value, uint8_t *buf, struct reader *r) {
    struct writer w = writer_of(buf, 0u, 4u);

    writer_u32(&w, value);
    reader_next(r, 0u);
    reader_number(r, buf[0]);
    reader_number(r, buf[1]);
    /*@ assert value / 16777216 == value / 65536 / 256; */
    /*@ assert r->number == value / 65536; */
    reader_number(r, buf[2]);
    /*@ assert r->number == value / 256; */
    reader_number(r, buf[3]);
    return r->number;
}
