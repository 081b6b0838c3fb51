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

    predicate ack_says{L}(struct ella_ack *a, uint8_t *b, integer i, integer end) =
      a->packet_id == b[i] * 256 + b[i + 1] &&
      (end == i + 2 ==> a->reason_code == 0) && (end == i + 3 ==> a->reason_code == b[i + 2]);

    predicate connack_says{L}(struct ella_connack *c, uint8_t *b, integer i) =
      c->session_present == b[i] && c->reason_code == b[i + 1];

    predicate unsuback_says{L}(struct ella_suback *s, uint8_t *b, integer i) =
      s->packet_id == b[i] * 256 + b[i + 1] && s->reason_codes.off == s->reason_codes.end;

    predicate reason_says{L}(struct ella_reason *r, uint8_t *b, integer i, integer end) =
      (end == i ==> r->reason_code == 0) && (end == i + 1 ==> r->reason_code == b[i]);

    predicate body_says{L}(struct ella_packet *p, uint8_t *b, integer i, integer end) =
      (is_ack(p->type) ==>
        ack_says(&p->ack, b, i, end) && p->ack.properties.present == 0) &&
      (p->type == ELLA_CONNACK ==>
        connack_says(&p->connack, b, i) && p->connack.properties.present == 0) &&
      (p->type == ELLA_UNSUBACK ==>
        unsuback_says(&p->suback, b, i) && p->suback.properties.present == 0) &&
      (p->type == ELLA_DISCONNECT ==>
        reason_says(&p->reason, b, i, end) && p->reason.properties.present == 0);

    predicate body_readable{L}(struct reader *r, uint8_t *buf, integer start, integer end) =
      \valid(r) && start <= end && bytes_readable(buf, start, end) && r->buf == buf &&
      \separated(r, buf + (start .. end - 1)) && r->error == ELLA_ERROR_NONE &&
      body_right(r->version, r->packet_type, buf, start, end); */

/* The same packet, but for members that do not count. */
/*@ predicate same_packet{L}(struct ella_packet *a, struct ella_packet *b) =
      a->type == b->type &&
      (is_ack(a->type) ==> a->ack.packet_id == b->ack.packet_id &&
        a->ack.reason_code == b->ack.reason_code && b->ack.properties.present == 0) &&
      (a->type == ELLA_CONNACK ==> a->connack.session_present == b->connack.session_present &&
        a->connack.reason_code == b->connack.reason_code &&
        b->connack.properties.present == 0) &&
      (a->type == ELLA_UNSUBACK ==> a->suback.packet_id == b->suback.packet_id &&
        no_codes(&b->suback)) &&
      (is_reason(a->type) ==> a->reason.reason_code == b->reason.reason_code &&
        b->reason.properties.present == 0); */

/* Where things lie. */
/*@ predicate plan_apart{L}(struct encode_plan *plan, struct ella_packet *p) =
      \valid(plan) && \valid_read(p) && \separated(plan, p);

    predicate writer_apart{L}(struct writer *w, struct encode_plan *plan,
                              struct ella_packet *p) =
      writer_usable(w) && \valid_read(plan) && \valid_read(p) && \separated(w, plan) &&
      \separated(w, p) && \separated(plan, w->buf + (w->at .. w->end - 1)) &&
      \separated(p, w->buf + (w->at .. w->end - 1)); */

#endif
