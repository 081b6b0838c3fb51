/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * shapes: what the standard says about packets of fixed shape, as logic: PUBACK, PUBREC, PUBREL,
 * PUBCOMP, CONNACK, PINGREQ, PINGRESP, DISCONNECT and AUTH without properties, and UNSUBACK before
 * 5.0. (AUTH without properties is never right: it lacks its method.)
 */
#ifndef PROOFS_WP_SHAPES_H
#define PROOFS_WP_SHAPES_H

#include "codec/encode.h"
#include "codec/machines.h"
#include "wp/properties.h"

/*@ predicate is_ack(integer type) = ELLA_PUBACK <= type <= ELLA_PUBCOMP;
    predicate is_ping(integer type) = type == ELLA_PINGREQ || type == ELLA_PINGRESP;
    predicate is_reason(integer type) = type == ELLA_DISCONNECT || type == ELLA_AUTH;

    predicate no_codes{L}(struct ella_suback *s) =
      s->properties.present == 0 && s->reason_codes.off == s->reason_codes.end;

    predicate fixed_shape{L}(integer version, struct ella_packet *p) =
      (is_ack(p->type) && p->ack.properties.present == 0) ||
      (p->type == ELLA_CONNACK && p->connack.properties.present == 0) ||
      (p->type == ELLA_UNSUBACK && version != ELLA_VERSION_5_0 && no_codes(&p->suback)) ||
      is_ping(p->type) ||
      (is_reason(p->type) && p->reason.properties.present == 0); */

/* Which values the fields may have, and who may send the packet. */
/*@ predicate lacks_method(integer version, integer type) =
      version == ELLA_VERSION_5_0 && type == ELLA_AUTH;

    predicate code_right{L}(integer version, integer type, integer code) =
      (version == ELLA_VERSION_5_0 ==> reason_in(type, code)) &&
      (version != ELLA_VERSION_5_0 ==> code == 0);

    predicate connack_right{L}(integer version, struct ella_connack *c) =
      (version == ELLA_VERSION_5_0 ==> reason_in(ELLA_CONNACK, c->reason_code)) &&
      (version != ELLA_VERSION_5_0 ==> c->reason_code <= 5) &&
      (c->session_present ==> c->reason_code == 0 && version != ELLA_VERSION_3_1);

    predicate fields_right{L}(integer version, struct ella_packet *p) =
      (is_ack(p->type) ==>
        p->ack.packet_id != 0 && code_right(version, p->type, p->ack.reason_code)) &&
      (p->type == ELLA_CONNACK ==> connack_right(version, &p->connack)) &&
      (p->type == ELLA_UNSUBACK ==> p->suback.packet_id != 0) &&
      (is_reason(p->type) ==> code_right(version, p->type, p->reason.reason_code) &&
        !lacks_method(version, p->type));

    predicate sendable{L}(integer version, integer sender, struct ella_packet *p) =
      (version == ELLA_VERSION_3_1 || version == ELLA_VERSION_3_1_1 ||
       version == ELLA_VERSION_5_0) &&
      may_send(version, sender, p->type) && fields_right(version, p); */

/* The bytes: how many follow the fixed header, and which. A reason code 0 is left out. */
/*@ logic integer body_len{L}(integer version, struct ella_packet *p) =
      ELLA_PUBACK <= p->type <= ELLA_PUBCOMP ? (p->ack.reason_code == 0 ? 2 : 3) :
      (p->type == ELLA_CONNACK ? (version == ELLA_VERSION_5_0 ? 3 : 2) :
      (p->type == ELLA_UNSUBACK ? 2 :
      (p->type == ELLA_DISCONNECT || p->type == ELLA_AUTH ?
        (p->reason.reason_code == 0 ? 0 : 1) : 0)));

    predicate body_is{L}(integer version, struct ella_packet *p, uint8_t *b, integer i,
                         integer end) =
      end == i + body_len(version, p) &&
      (is_ack(p->type) ==>
        b[i] == p->ack.packet_id / 256 && b[i + 1] == p->ack.packet_id % 256 &&
        (p->ack.reason_code != 0 ==> b[i + 2] == p->ack.reason_code)) &&
      (p->type == ELLA_CONNACK ==>
        b[i] == (p->connack.session_present ? 1 : 0) && b[i + 1] == p->connack.reason_code &&
        (version == ELLA_VERSION_5_0 ==> b[i + 2] == 0)) &&
      (p->type == ELLA_UNSUBACK ==>
        b[i] == p->suback.packet_id / 256 && b[i + 1] == p->suback.packet_id % 256) &&
      (is_reason(p->type) && p->reason.reason_code != 0 ==> b[i] == p->reason.reason_code); */

/* Decoding: which bodies of at most three bytes are right, and what a packet with such a body
 * says. */
/*@ predicate body_right{L}(integer version, integer type, uint8_t *b, integer i, integer end) =
      (is_ack(type) && b[i] * 256 + b[i + 1] != 0 &&
        (end == i + 2 ||
         end == i + 3 && version == ELLA_VERSION_5_0 && reason_in(type, b[i + 2]))) ||
      (type == ELLA_CONNACK && 0 <= b[i] <= 1 && (b[i] == 0 || b[i + 1] == 0) &&
        (version == ELLA_VERSION_5_0 ==>
          end == i + 3 && reason_in(type, b[i + 1]) && b[i + 2] == 0) &&
        (version != ELLA_VERSION_5_0 ==> end == i + 2 && b[i + 1] <= 5) &&
        (version == ELLA_VERSION_3_1 ==> b[i] == 0)) ||
      (type == ELLA_UNSUBACK && version != ELLA_VERSION_5_0 && end == i + 2 &&
        b[i] * 256 + b[i + 1] != 0) ||
      (is_ping(type) && end == i) ||
      (type == ELLA_DISCONNECT &&
        (end == i || end == i + 1 && version == ELLA_VERSION_5_0 && reason_in(type, b[i])));

    predicate body_room(integer type, integer i, integer end) =
      is_ack(type) || type == ELLA_CONNACK || type == ELLA_UNSUBACK ==> i + 2 <= end;

    predicate ack_says{L}(struct ella_ack *a, uint8_t *b, integer i, integer end) =
      a->packet_id == b[i] * 256 + b[i + 1] &&
      (end == i + 2 ==> a->reason_code == 0) && (end == i + 3 ==> a->reason_code == b[i + 2]);

    predicate connack_says{L}(struct ella_connack *c, uint8_t *b, integer i) =
      c->session_present == b[i] && c->reason_code == b[i + 1];

    predicate unsuback_says{L}(struct ella_suback *s, uint8_t *b, integer i) =
      s->packet_id == b[i] * 256 + b[i + 1] && s->reason_codes.off == s->reason_codes.end;

    predicate reason_says{L}(struct ella_reason *r, uint8_t *b, integer i, integer end) =
      (end == i ==> r->reason_code == 0) && (end == i + 1 ==> r->reason_code == b[i]);

    predicate says_ack_id{L}(struct ella_packet *p, uint8_t *b, integer i) =
      is_ack(p->type) ==> p->ack.packet_id == b[i] * 256 + b[i + 1];

    predicate says_ack_code{L}(struct ella_packet *p, uint8_t *b, integer i, integer end) =
      is_ack(p->type) ==> (end == i + 2 ==> p->ack.reason_code == 0) &&
        (end == i + 3 ==> p->ack.reason_code == b[i + 2]) && p->ack.properties.present == 0;

    predicate says_connack{L}(struct ella_packet *p, uint8_t *b, integer i) =
      p->type == ELLA_CONNACK ==>
        connack_says(&p->connack, b, i) && p->connack.properties.present == 0;

    predicate says_unsuback{L}(struct ella_packet *p, uint8_t *b, integer i) =
      p->type == ELLA_UNSUBACK ==>
        unsuback_says(&p->suback, b, i) && p->suback.properties.present == 0;

    predicate says_disconnect{L}(struct ella_packet *p, uint8_t *b, integer i, integer end) =
      p->type == ELLA_DISCONNECT ==>
        reason_says(&p->reason, b, i, end) && p->reason.properties.present == 0;

    predicate body_says{L}(struct ella_packet *p, uint8_t *b, integer i, integer end) =
      says_ack_id(p, b, i) && says_ack_code(p, b, i, end) && says_connack(p, b, i) &&
      says_unsuback(p, b, i) && says_disconnect(p, b, i, end);

    predicate body_readable{L}(struct reader *r, uint8_t *buf, integer start, integer end) =
      \valid(r) && start <= end && bytes_readable(buf, start, end) && r->buf == buf &&
      \separated(r, buf + (start .. end - 1)) && r->error == ELLA_ERROR_NONE &&
      body_right(r->version, r->packet_type, buf, start, end); */

/* What the table says of the flags are four bits. */
/*@ predicate flags_fit{L}(integer type) = ella_packet_rules[type].flags <= 15; */

/* The whole packet, fixed header included: which bytes it has, and which the decoder takes. All of
 * them are so short that the Remaining Length is one byte. */
/*@ predicate packet_is{L}(integer version, struct ella_packet *p, uint8_t *b, integer i) =
      b[i] == packet_first_byte(p->type) &&
      b[i + 1] == body_len(version, p) &&
      body_is(version, p, b, i + 2, i + 2 + body_len(version, p));

    predicate packet_right{L}(integer version, integer sender, uint8_t *b, integer i) =
      lawful_first_byte(version, sender, b[i]) && b[i + 1] <= 3 &&
      body_right(version, b[i] / 16, b, i + 2, i + 2 + b[i + 1]); */

/* A decoder between two packets. */
/*@ predicate between_packets{L}(struct ella_decoder *d) =
      d->error == ELLA_ERROR_NONE && d->state_ == 1 && d->header_len_ == 0 &&
      d->remaining_length_ == 0 && !d->not_shortest_; */

/* What q is afterwards is what p was before, but for members that do not count. */
/*@ predicate same_ack{L1, L2}(struct ella_packet *p, struct ella_packet *q) =
      is_ack(\at(p->type, L1)) ==>
        \at(p->ack.packet_id, L1) == \at(q->ack.packet_id, L2) &&
        \at(p->ack.reason_code, L1) == \at(q->ack.reason_code, L2) &&
        \at(q->ack.properties.present, L2) == 0;

    predicate same_connack{L1, L2}(struct ella_packet *p, struct ella_packet *q) =
      \at(p->type, L1) == ELLA_CONNACK ==>
        \at(p->connack.session_present, L1) == \at(q->connack.session_present, L2) &&
        \at(p->connack.reason_code, L1) == \at(q->connack.reason_code, L2) &&
        \at(q->connack.properties.present, L2) == 0;

    predicate same_unsuback{L1, L2}(struct ella_packet *p, struct ella_packet *q) =
      \at(p->type, L1) == ELLA_UNSUBACK ==>
        \at(p->suback.packet_id, L1) == \at(q->suback.packet_id, L2) &&
        \at(no_codes(&q->suback), L2);

    predicate same_disconnect{L1, L2}(struct ella_packet *p, struct ella_packet *q) =
      \at(p->type, L1) == ELLA_DISCONNECT ==>
        \at(p->reason.reason_code, L1) == \at(q->reason.reason_code, L2) &&
        \at(q->reason.properties.present, L2) == 0;

    predicate same_packet{L1, L2}(struct ella_packet *p, struct ella_packet *q) =
      \at(p->type, L1) == \at(q->type, L2) && same_ack{L1, L2}(p, q) &&
      same_connack{L1, L2}(p, q) && same_unsuback{L1, L2}(p, q) &&
      same_disconnect{L1, L2}(p, q); */

/* Where things lie. */
/*@ predicate plan_apart{L}(struct encode_plan *plan, struct ella_packet *p) =
      \valid(plan) && \valid_read(p) && \separated(plan, p);

    predicate writer_apart{L}(struct writer *w, struct encode_plan *plan,
                              struct ella_packet *p) =
      writer_usable(w) && \valid_read(plan) && \valid_read(p) && \separated(w, plan) &&
      \separated(w, p) && \separated(plan, w->buf + (w->at .. w->end - 1)) &&
      \separated(p, w->buf + (w->at .. w->end - 1)); */

#endif
