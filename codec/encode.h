/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * encode: what the files of the encoder share. A packet is encoded in two steps: its plan checks
 * every rule and adds up the exact size; then it is written in one pass that decides nothing.
 *
 * Invariants: error is the first fault found; body, properties_len and will_properties_len mean
 * something only while error is ELLA_ERROR_NONE; size and remaining_length only after
 * ella_encode_plan().
 */
#ifndef LIBELLA_CODEC_ENCODE_H
#define LIBELLA_CODEC_ENCODE_H

#include "libella/codec.h"
#include "lists.h"
#include "writer.h"

/* Where the Will Properties stand in the packet sets of the property rules. */
#define ENCODE_PLACE_WILL 0u

/* Its members are signed, as nothing in a packet is: that planning changes no packet needs no
 * proof then, since WP's memory has a part for each type of integer. */
struct encode_plan {
    int64_t version;             /* enum ella_version */
    int64_t sender;              /* enum ella_sender */
    int64_t error;               /* enum ella_error */
    int64_t body;                /* bytes behind the fixed header so far; never overflows */
    int32_t properties_len;      /* without the Property Length itself */
    int32_t will_properties_len; /* the same */
    int32_t remaining_length;
    int32_t size; /* fixed header included */
};

/* Enumerators to compare its members with. */
#define ENCODE_RIGHT ((int64_t)ELLA_ERROR_NONE)
#define ENCODE_3_1 ((int64_t)ELLA_VERSION_3_1)
#define ENCODE_5_0 ((int64_t)ELLA_VERSION_5_0)

/* For the contracts: properties do not lie where the writer or the plan does. */
/*@ predicate put_apart{L}(struct writer *w, struct ella_properties *p) =
      \separated(w, p) && \separated(p, w->buf + (w->at .. w->end - 1)) &&
      \separated(w->buf + (w->at .. w->end - 1), &ella_property_rules[0 .. 42]) &&
      \separated(w, &ella_property_rules[0 .. 42]) &&
      slice_apart(w, p->content_type) && slice_apart(w, p->response_topic) &&
      slice_apart(w, p->correlation_data) && slice_apart(w, p->assigned_client_identifier) &&
      slice_apart(w, p->authentication_method) && slice_apart(w, p->authentication_data) &&
      slice_apart(w, p->response_information) && slice_apart(w, p->server_reference) &&
      slice_apart(w, p->reason_string) && slice_apart(w, p->subscription_identifiers) &&
      slice_apart(w, p->user_properties);

    // The body does not overflow by anything that may be added yet.
    predicate body_fits{L}(struct encode_plan *plan) = 0 <= plan->body <= 64 * 4294967295;

    // The first error stays; an error stays a value of its enumeration.
    predicate error_kept{L1, L2}(struct encode_plan *plan) =
      (\at(plan->error, L1) != ELLA_ERROR_NONE ==>
        \at(plan->error, L2) == \at(plan->error, L1)) &&
      (0 <= \at(plan->error, L1) <= 4294967295 ==> 0 <= \at(plan->error, L2) <= 4294967295); */

/* For the contracts: what put_apart() says, of the bytes that may be written and of the writer. */
/*@ predicate bytes_apart{L}(uint8_t *buf, integer at, integer end, struct ella_slice s) =
      \separated(buf + (at .. end - 1), s.base + (s.off .. s.end - 1));

    predicate buf_apart{L}(uint8_t *buf, integer at, integer end, struct ella_properties *p) =
      \separated(p, buf + (at .. end - 1)) &&
      \separated(buf + (at .. end - 1), &ella_property_rules[0 .. 42]) &&
      bytes_apart(buf, at, end, p->content_type) &&
      bytes_apart(buf, at, end, p->response_topic) &&
      bytes_apart(buf, at, end, p->correlation_data) &&
      bytes_apart(buf, at, end, p->assigned_client_identifier) &&
      bytes_apart(buf, at, end, p->authentication_method) &&
      bytes_apart(buf, at, end, p->authentication_data) &&
      bytes_apart(buf, at, end, p->response_information) &&
      bytes_apart(buf, at, end, p->server_reference) &&
      bytes_apart(buf, at, end, p->reason_string) &&
      bytes_apart(buf, at, end, p->subscription_identifiers) &&
      bytes_apart(buf, at, end, p->user_properties);

    predicate place_apart{L}(struct writer *w, struct ella_slice s) =
      \separated(w, s.base + (s.off .. s.end - 1));

    predicate place_apart_all{L}(struct writer *w, struct ella_properties *p) =
      \separated(w, p) && \separated(w, &ella_property_rules[0 .. 42]) &&
      place_apart(w, p->content_type) && place_apart(w, p->response_topic) &&
      place_apart(w, p->correlation_data) && place_apart(w, p->assigned_client_identifier) &&
      place_apart(w, p->authentication_method) && place_apart(w, p->authentication_data) &&
      place_apart(w, p->response_information) && place_apart(w, p->server_reference) &&
      place_apart(w, p->reason_string) && place_apart(w, p->subscription_identifiers) &&
      place_apart(w, p->user_properties); */

/* For the contracts: what a put of n bytes does to the writer; all of them are there, or it has
 * failed, which it does if there is no room, and else never. And what stays between two states:
 * bytes, runs of properties, properties, and every byte outside of [at, end) of buf. */
/*@ predicate writer_put{L1, L2}(struct writer *w, integer n) =
      0 <= n && \at(w->at, L1) <= \at(w->at, L2) <= \at(w->end, L1) &&
      (\at(w->failed, L2) != 0 <==>
        \at(w->failed, L1) != 0 || \at(w->at, L1) + n > \at(w->end, L1)) &&
      (\at(w->failed, L2) == 0 ==> \at(w->at, L2) == \at(w->at, L1) + n);

    predicate bytes_same{L1, L2}(uint8_t *b, integer i, integer end) =
      \forall integer k; i <= k < end ==> \at(b[k], L1) == \at(b[k], L2);

    predicate runs_same{L1, L2}(struct ella_properties *p) =
      bytes_same{L1, L2}(\at(p->subscription_identifiers.base, L1),
        \at(p->subscription_identifiers.off, L1), \at(p->subscription_identifiers.end, L1)) &&
      bytes_same{L1, L2}(\at(p->user_properties.base, L1), \at(p->user_properties.off, L1),
        \at(p->user_properties.end, L1));

    predicate members_same{L1, L2}(struct ella_properties *p) = \at(*p, L1) == \at(*p, L2);

    predicate changed_only{L1, L2}(uint8_t *buf, integer at, integer end) =
      \forall uint8_t *q; \separated(q, buf + (at .. end - 1)) ==> \at(*q, L1) == \at(*q, L2);

    predicate sizes_same{L1, L2}(struct ella_properties *p) =
      properties_size{L1}(p) == properties_size{L2}(p) &&
      (properties_sized{L1}(p) <==> properties_sized{L2}(p));

    predicate is_run(integer id) = id == 0x0B || id == 0x26; */

/*@ assigns \nothing;
    ensures \result.version == version && \result.sender == sender;
    ensures \result.error == ELLA_ERROR_NONE && \result.body == 0;
    ensures \result.properties_len == 0 && \result.will_properties_len == 0; */
static inline struct encode_plan encode_plan_begin(enum ella_version version,
                                                   enum ella_sender sender) {
    struct encode_plan plan;
    plan.version = (int64_t)version;
    plan.sender = (int64_t)sender;
    plan.error = ENCODE_RIGHT;
    plan.body = 0;
    plan.properties_len = 0;
    plan.will_properties_len = 0;
    plan.remaining_length = 0;
    plan.size = 0;
    return plan;
}

/*@ requires \valid_read(plan);
    assigns \nothing;
    ensures \result <==> plan->version == ELLA_VERSION_5_0; */
static inline bool encode_is_5_0(const struct encode_plan *plan) {
    return plan->version == ENCODE_5_0;
}

/*@ requires \valid(plan);
    assigns plan->error;
    ensures \old(plan->error) == ELLA_ERROR_NONE ==> plan->error == error;
    ensures error_kept{Pre, Here}(plan); */
static inline void encode_fail(struct encode_plan *plan, enum ella_error error) {
    if (plan->error == ENCODE_RIGHT)
        plan->error = (int64_t)error;
}

/*@ requires \valid(plan);
    assigns plan->error;
    ensures \old(plan->error) == ELLA_ERROR_NONE && !holds ==> plan->error == error;
    ensures \old(plan->error) != ELLA_ERROR_NONE || holds ==>
      plan->error == \old(plan->error);
    ensures error_kept{Pre, Here}(plan); */
static inline void encode_require(struct encode_plan *plan, bool holds, enum ella_error error) {
    if (!holds)
        encode_fail(plan, error);
}

/* A string or binary data with its two bytes of length. */
/*@ requires \valid(plan) && body_fits(plan) && s.off <= s.end;
    assigns plan->error, plan->body;
    ensures plan->body == \old(plan->body) + 2 + (s.end - s.off);
    ensures \old(plan->error) == ELLA_ERROR_NONE ==>
      (plan->error == ELLA_ERROR_NONE <==> s.end - s.off <= ELLA_STRING_LEN_MAX);
    ensures error_kept{Pre, Here}(plan); */
static inline void encode_plan_string(struct encode_plan *plan, struct ella_slice s) {
    //= v3/4.7.3-3 v5/4.7.3-3
    encode_require(plan, ella_slice_len(s) <= ELLA_STRING_LEN_MAX, ELLA_ERROR_FIELD_TOO_LONG);
    plan->body += 2 + (int64_t)ella_slice_len(s);
}

/* Bytes of the Property Length and the properties behind it. */
/*@ requires 0 <= properties_len <= ELLA_REMAINING_LENGTH_MAX;
    assigns \nothing;
    ensures \result == vbi_len(properties_len) + properties_len; */
static inline int64_t encode_properties_size(int32_t properties_len) {
    return (int64_t)writer_vbi_len((uint32_t)properties_len) + properties_len;
}

/* encode.c: the whole packet. */
void ella_encode_plan(struct encode_plan *plan, const struct ella_packet *packet);
void ella_encode_plan_publish(struct encode_plan *plan, const struct ella_publish *publish);
ELLA_MUST_USE enum ella_error ella_encode_planned(struct writer *w, const struct encode_plan *plan,
                                                  const struct ella_packet *packet,
                                                  uint32_t *size);

/* encode_connect.c: the body of CONNECT. Sets the plan's version to the packet's own. */
void ella_encode_connect_plan(struct encode_plan *plan, const struct ella_connect *connect);
void ella_encode_connect_put(struct writer *w, const struct encode_plan *plan,
                             const struct ella_connect *connect);

/* encode_properties.c. place: a packet type or ENCODE_PLACE_WILL. The plan checks the properties
 * and gives their length without the Property Length, 0 if they are refused, and before 5.0, where
 * there must be none; it adds nothing to the body. The put writes the Property Length, too. */
ELLA_MUST_USE int32_t ella_encode_properties_plan(struct encode_plan *plan, uint32_t place,
                                                  const struct ella_properties *properties);
void ella_encode_properties_put(struct writer *w, const struct ella_properties *properties,
                                int32_t len);

#endif
