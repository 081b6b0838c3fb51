/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * sizes: how many bytes packets take, by their fields and by the lengths of properties that a plan
 * has. The units for plans and those for puts speak of the same sizes.
 */
#ifndef PROOFS_WP_SIZES_H
#define PROOFS_WP_SIZES_H

#include "codec/encode.h"
#include "codec/lists.h"

/* What a plan says of properties, and how many bytes they take with their length. */
/*@ predicate planned_as{L}(integer version, integer len, struct ella_properties *p) =
      0 <= len <= ELLA_REMAINING_LENGTH_MAX &&
      (version == ELLA_VERSION_5_0 ==> properties_sized(p) && len == properties_size(p)) &&
      (version != ELLA_VERSION_5_0 ==> len == 0);

    predicate planned{L}(struct encode_plan *plan, struct ella_properties *p) =
      planned_as(plan->version, plan->properties_len, p);

    predicate will_planned{L}(struct encode_plan *plan, struct ella_connect *c) =
      planned_as(plan->version, plan->will_properties_len, &c->will_properties);

    logic integer announced_as(integer version, integer len) =
      version == ELLA_VERSION_5_0 ? vbi_len(len) + len : 0;

    logic integer announced{L}(struct encode_plan *plan) =
      announced_as(plan->version, plan->properties_len);

    logic integer reason_size{L}(struct encode_plan *plan, integer code) =
      plan->properties_len > 0 ? 1 + vbi_len(plan->properties_len) + plan->properties_len :
      (code != 0 ? 1 : 0); */

/* Packets, behind the fixed header. */
/*@ logic integer slice_size(struct ella_slice s) = s.end - s.off;

    logic integer string_size(struct ella_slice s) = 2 + slice_size(s);

    logic integer publish_size{L}(struct encode_plan *plan, struct ella_publish *p) =
      string_size(p->topic) + (p->qos > 0 ? 2 : 0) + announced(plan) + slice_size(p->payload);

    logic integer will_size{L}(struct encode_plan *plan, struct ella_connect *c) =
      announced_as(plan->version, plan->will_properties_len) +
      string_size(c->will_topic) + string_size(c->will_payload);

    logic integer header_size{L}(struct encode_plan *plan) =
      (plan->version == ELLA_VERSION_3_1 ? 12 : 10) + announced(plan);

    logic integer payload_size{L}(struct encode_plan *plan, struct ella_connect *c) =
      string_size(c->client_id) + (c->has_will ? will_size(plan, c) : 0) +
      (c->has_user_name ? string_size(c->user_name) : 0) +
      (c->has_password ? string_size(c->password) : 0);

    predicate has_ack(integer type) = ELLA_PUBACK <= type <= ELLA_PUBCOMP;

    predicate has_filters(integer type) = type == ELLA_SUBSCRIBE || type == ELLA_UNSUBSCRIBE;

    predicate has_codes(integer type) = type == ELLA_SUBACK || type == ELLA_UNSUBACK;

    predicate has_reason(integer type) = type == ELLA_DISCONNECT || type == ELLA_AUTH;

    logic integer body_size{L}(struct encode_plan *plan, struct ella_packet *p) =
      p->type == ELLA_CONNECT ? header_size(plan) + payload_size(plan, &p->connect) :
      (p->type == ELLA_CONNACK ? 2 + announced(plan) :
      (p->type == ELLA_PUBLISH ? publish_size(plan, &p->publish) :
      (ELLA_PUBACK <= p->type <= ELLA_PUBCOMP ? 2 + reason_size(plan, p->ack.reason_code) :
      (p->type == ELLA_SUBSCRIBE || p->type == ELLA_UNSUBSCRIBE ?
        2 + announced(plan) + slice_size(p->subscribe.filters) :
      (p->type == ELLA_SUBACK || p->type == ELLA_UNSUBACK ?
        2 + announced(plan) + slice_size(p->suback.reason_codes) :
      (p->type == ELLA_DISCONNECT || p->type == ELLA_AUTH ?
        reason_size(plan, p->reason.reason_code) : 0))))));

    // The plan announces the size of a packet of its Remaining Length.
    predicate announces{L}(struct encode_plan *plan) =
      0 <= plan->remaining_length <= ELLA_REMAINING_LENGTH_MAX &&
      plan->size == 1 + vbi_len(plan->remaining_length) + plan->remaining_length; */

/* Strings, and a will, that can be put: the assertions of codec/encode_connect.c speak of them. */
/*@ predicate text_ready{L}(struct writer *w, struct ella_slice s) =
      slice_lawful(s) && slice_apart(w, s);

    predicate string_ready{L}(struct writer *w, struct ella_slice s) =
      text_ready(w, s) && slice_size(s) <= ELLA_STRING_LEN_MAX;

    predicate will_ready{L}(struct writer *w, struct encode_plan *plan, struct ella_connect *c) =
      properties_lawful(&c->will_properties) && put_apart(w, &c->will_properties) &&
      will_planned(plan, c) && string_ready(w, c->will_topic) && string_ready(w, c->will_payload);
*/

/* The parts of a packet, for contracts: a clause for each, since one predicate with all of them is
 * too much for a prover. CLAUSE is `requires` or `ensures`; OF is a family of four macros that say
 * something of a part: OF##_PROPERTIES, OF##_WILL (the Will Properties), OF##_STRING (with its
 * length in front), OF##_BYTES (without). IF is a condition with its arrow, or nothing. */
#define CONNECT_PARTS(CLAUSE, OF, IF, c)                                  \
    CLAUSE IF OF##_PROPERTIES(&(c)->properties);                          \
    CLAUSE IF OF##_STRING((c)->client_id);                                \
    CLAUSE IF (c)->has_will ==> OF##_WILL(&(c)->will_properties);         \
    CLAUSE IF (c)->has_will ==> OF##_STRING((c)->will_topic);             \
    CLAUSE IF (c)->has_will ==> OF##_STRING((c)->will_payload);           \
    CLAUSE IF (c)->has_user_name ==> OF##_STRING((c)->user_name);         \
    CLAUSE IF (c)->has_password ==> OF##_STRING((c)->password);

#define PUBLISH_PARTS(CLAUSE, OF, IF, p)                                  \
    CLAUSE IF OF##_PROPERTIES(&(p)->properties);                          \
    CLAUSE IF OF##_STRING((p)->topic);                                    \
    CLAUSE IF OF##_BYTES((p)->payload);

#define OTHER_PARTS(CLAUSE, OF, IF, p)                                                      \
    CLAUSE IF (p)->type == ELLA_CONNACK ==> OF##_PROPERTIES(&(p)->connack.properties);      \
    CLAUSE IF has_ack((p)->type) ==> OF##_PROPERTIES(&(p)->ack.properties);                 \
    CLAUSE IF has_filters((p)->type) ==> OF##_PROPERTIES(&(p)->subscribe.properties);       \
    CLAUSE IF has_filters((p)->type) ==> OF##_BYTES((p)->subscribe.filters);                \
    CLAUSE IF has_codes((p)->type) ==> OF##_PROPERTIES(&(p)->suback.properties);            \
    CLAUSE IF has_codes((p)->type) ==> OF##_BYTES((p)->suback.reason_codes);                \
    CLAUSE IF has_reason((p)->type) ==> OF##_PROPERTIES(&(p)->reason.properties);

#define PACKET_PARTS(CLAUSE, OF, IF, p)                                                     \
    CONNECT_PARTS(CLAUSE, OF, IF (p)->type == ELLA_CONNECT ==>, &(p)->connect)              \
    PUBLISH_PARTS(CLAUSE, OF, IF (p)->type == ELLA_PUBLISH ==>, &(p)->publish)              \
    OTHER_PARTS(CLAUSE, OF, IF, p)

/* They can be read. */
#define READABLE_PROPERTIES(p) properties_lawful(p)
#define READABLE_WILL(p) properties_lawful(p)
#define READABLE_STRING(s) slice_lawful(s)
#define READABLE_BYTES(s) slice_lawful(s)

/* The plan has counted them, and found their lengths right. */
#define PLANNED_PROPERTIES(p) planned(plan, p)
#define PLANNED_WILL(p) planned_as(plan->version, plan->will_properties_len, p)
#define PLANNED_STRING(s) slice_size(s) <= ELLA_STRING_LEN_MAX
#define PLANNED_BYTES(s) slice_size(s) >= 0

/* They lie apart from the writer, and from the bytes that it may write. */
#define APART_PROPERTIES(p) put_apart(w, p)
#define APART_WILL(p) put_apart(w, p)
#define APART_STRING(s) slice_apart(w, s)
#define APART_BYTES(s) slice_apart(w, s)

#endif
