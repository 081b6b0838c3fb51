/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The bodies of records that are no packets: a time, or numbers one behind the other; record.h
 * says what they mean. Pure functions, which Frama-C proves from their contracts
 * (proofs/README.md, target wp_record_bodies): whatever is asked for, nothing outside of the body
 * is read.
 */
#ifndef BROKER_CORE_RECORD_BODY_H
#define BROKER_CORE_RECORD_BODY_H

#include "broker/core/record.h"

#define RECORD_BODY_TIME_LEN 8u
#define RECORD_BODY_NUMBER_LEN 4u

/*@ predicate is_body{L}(struct ella_slice body) =
      body.off <= body.end && \valid_read(body.base + (body.off .. body.end - 1));

    logic integer body_count(struct ella_slice body) = (body.end - body.off) / 4;

    logic integer body_number{L}(struct ella_slice body, integer place) =
      record_u32(body.base + (body.off + 4 * place));
 */

/* false: the body is no time. */
/*@ requires is_body(body) && \valid(out_ms);
    assigns *out_ms;
    ensures \result <==> body.end - body.off == RECORD_BODY_TIME_LEN; */
static inline bool record_body_time(struct ella_slice body, uint64_t *out_ms) {
    if (ella_slice_len(body) != RECORD_BODY_TIME_LEN)
        return false;
    *out_ms = record_get_u64(ella_slice_data(body));
    return true;
}

/* Whether the body is numbers and nothing else. */
/*@ requires is_body(body);
    assigns \nothing;
    ensures \result <==> body.end - body.off == 4 * body_count(body); */
static inline bool record_body_is_numbers(struct ella_slice body) {
    return ella_slice_len(body) % RECORD_BODY_NUMBER_LEN == 0u;
}

/*@ requires is_body(body);
    assigns \nothing;
    ensures \result == body_count(body); */
static inline uint32_t record_body_count(struct ella_slice body) {
    return ella_slice_len(body) / RECORD_BODY_NUMBER_LEN;
}

/* The number at that place, counted from 0; 0 if there is none. */
/*@ requires is_body(body);
    assigns \nothing;
    ensures place < body_count(body) ==> \result == body_number(body, place);
    ensures place >= body_count(body) ==> \result == 0; */
static inline uint32_t record_body_number(struct ella_slice body, uint32_t place) {
    if (place >= record_body_count(body))
        return 0u;
    return record_get_u32(ella_slice_data(body) + RECORD_BODY_NUMBER_LEN * place);
}

/* Whether this can be the body of QUEUED: nothing, or the serial of a share group, and behind it
 * no more than that many Subscription Identifiers. */
/*@ requires is_body(body);
    assigns \nothing;
    ensures \result <==> body.end - body.off == 4 * body_count(body) &&
      body_count(body) <= 1 + identifiers_max &&
      \forall integer i; 1 <= i < body_count(body) ==>
        1 <= body_number(body, i) <= ELLA_SUBSCRIPTION_IDENTIFIER_MAX; */
static inline bool record_body_is_queued(struct ella_slice body, uint32_t identifiers_max) {
    const uint32_t count = record_body_count(body);
    if (!record_body_is_numbers(body) || (count > 0u && count - 1u > identifiers_max))
        return false;
    /*@ loop invariant 1 <= i && (count > 0 ==> i <= count);
        loop invariant \forall integer k; 1 <= k < i ==>
          1 <= body_number(body, k) <= ELLA_SUBSCRIPTION_IDENTIFIER_MAX;
        loop assigns i;
        loop variant count - i; */
    for (uint32_t i = 1u; i < count; i++) {
        const uint32_t identifier = record_body_number(body, i);
        if (identifier == 0u || identifier > ELLA_SUBSCRIPTION_IDENTIFIER_MAX)
            return false;
    }
    return true;
}

#endif
