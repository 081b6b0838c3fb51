/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * records: unit for the proof of broker/core/record.{h,c}. The drivers go through the body of a
 * frame as the broker does when it starts, and through a batch as it does when it writes one:
 * whatever the bytes say, they come to the end and never look behind it.
 */
#include "broker/core/record.c"

/* How much of the bytes is records of known kinds. */
/*@ requires start <= end && \valid_read(bytes + (start .. end - 1));
    assigns \nothing;
    ensures start <= \result <= end; */
uint32_t records_walk(const uint8_t *bytes, uint32_t start, uint32_t end) {
    uint32_t at = start;

    /*@ loop invariant start <= at <= end;
        loop assigns at;
        loop variant end - at; */
    while (at < end) {
        struct record record;
        const uint32_t size = record_read(bytes, at, end, &record);

        if (size == 0u)
            return at;
        /*@ assert at < record.body.off <= record.body.end <= end; */
        at += size;
    }
    return at;
}

/* All of it, in parts of whole units. */
/*@ requires start <= end && \valid_read(bytes + (start .. end - 1));
    assigns \nothing;
    ensures \result == end; */
uint32_t records_divide(const uint8_t *bytes, uint32_t start, uint32_t end, uint32_t enough) {
    uint32_t at = start;

    /*@ loop invariant start <= at <= end;
        loop assigns at;
        loop variant end - at; */
    while (at < end) {
        uint32_t count;

        at += record_units_size(bytes, at, end, enough, &count);
    }
    return at;
}
