/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * sizes_packets: unit for the proof that a packet has as many bytes as were announced, and that
 * encoding fails if and only if there is no room for them. What properties take is taken by the
 * contracts that wp_sizes_properties proves.
 */
#include "wp/runs.h"
#include "wp/sizes_calls.h"
#include "wp/sizes_steps.h"

/*@ requires put_ready(w, plan) && properties_lawful(properties) && put_apart(w, properties);
    requires planned(plan, properties);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(announced(plan))); */
static void put_properties(struct writer *w, const struct encode_plan *plan,
                           const struct ella_properties *properties);

/*@ requires put_ready(w, plan) && properties_lawful(properties) && put_apart(w, properties);
    requires planned(plan, properties);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(reason_size(plan, reason_code))); */
static void put_reason(struct writer *w, const struct encode_plan *plan, uint8_t reason_code,
                       const struct ella_properties *properties);

/*@ requires put_ready(w, plan) && properties_lawful(&connack->properties);
    requires put_apart(w, &connack->properties) && planned(plan, &connack->properties);
    requires \valid_read(connack) && \separated(w, connack);
    requires \separated(connack, w->buf + (w->at .. w->end - 1));
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(2 + announced(plan))); */
static void put_connack(struct writer *w, const struct encode_plan *plan,
                        const struct ella_connack *connack);

/*@ requires put_ready(w, plan) && properties_lawful(&subscribe->properties);
    requires put_apart(w, &subscribe->properties) && planned(plan, &subscribe->properties);
    requires \valid_read(subscribe) && \separated(w, subscribe);
    requires \separated(subscribe, w->buf + (w->at .. w->end - 1));
    requires text_ready(w, subscribe->filters);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w,
      \old(2 + announced(plan) + slice_size(subscribe->filters))); */
static void put_subscribe(struct writer *w, const struct encode_plan *plan,
                          const struct ella_subscribe *subscribe);

/*@ requires put_ready(w, plan) && properties_lawful(&suback->properties);
    requires put_apart(w, &suback->properties) && planned(plan, &suback->properties);
    requires \valid_read(suback) && \separated(w, suback);
    requires \separated(suback, w->buf + (w->at .. w->end - 1));
    requires text_ready(w, suback->reason_codes);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w,
      \old(2 + announced(plan) + slice_size(suback->reason_codes))); */
static void put_suback(struct writer *w, const struct encode_plan *plan,
                       const struct ella_suback *suback);

/* CONNECT: what it must be. */
/*@ predicate connect_apart{L}(struct writer *w, struct ella_connect *c) =
      \valid_read(c) && \separated(w, c) && \separated(c, w->buf + (w->at .. w->end - 1));

    predicate payload_ready{L}(struct writer *w, struct encode_plan *plan,
                               struct ella_connect *c) =
      string_ready(w, c->client_id) && (c->has_will ==> will_ready(w, plan, c)) &&
      (c->has_user_name ==> string_ready(w, c->user_name)) &&
      (c->has_password ==> string_ready(w, c->password)); */

/*@ requires put_ready(w, plan);
    requires connect_apart(w, c);
    requires will_ready(w, plan, c);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(will_size(plan, c))); */
static void will_put(struct writer *w, const struct encode_plan *plan,
                     const struct ella_connect *c);

/*@ requires writer_usable(w) && w->at <= w->end && \valid_read(plan);
    requires \separated(w, plan) && \separated(plan, w->buf + (w->at .. w->end - 1));
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, plan->version == ELLA_VERSION_3_1 ? 8 : 6); */
static void protocol_name_put(struct writer *w, const struct encode_plan *plan);

/*@ requires writer_usable(w) && w->at <= w->end && \valid_read(plan) && \valid_read(c);
    requires \separated(w, plan) && \separated(plan, w->buf + (w->at .. w->end - 1));
    requires \separated(w, c) && \separated(c, w->buf + (w->at .. w->end - 1));
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, plan->version == ELLA_VERSION_3_1 ? 12 : 10); */
static void fixed_part_put(struct writer *w, const struct encode_plan *plan,
                           const struct ella_connect *c);

/*@ requires put_ready(w, plan) && connect_apart(w, c);
    requires properties_lawful(&c->properties) && put_apart(w, &c->properties);
    requires planned(plan, &c->properties);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(header_size(plan))); */
static void variable_header_put(struct writer *w, const struct encode_plan *plan,
                                const struct ella_connect *c);

/*@ requires put_ready(w, plan);
    requires connect_apart(w, c);
    requires payload_ready(w, plan, c);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(payload_size(plan, c))); */
static void payload_put(struct writer *w, const struct encode_plan *plan,
                        const struct ella_connect *c);

/*@ requires put_ready(w, plan);
    requires connect_apart(w, c);
    requires payload_ready(w, plan, c);
    requires properties_lawful(&c->properties) && put_apart(w, &c->properties);
    requires planned(plan, &c->properties);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(header_size(plan) + payload_size(plan, c))); */
void ella_encode_connect_put(struct writer *w, const struct encode_plan *plan,
                             const struct ella_connect *c);

/* Any packet. */

/*@ requires put_ready(w, plan);
    requires \valid_read(packet) && \separated(w, packet);
    requires \separated(packet, w->buf + (w->at .. w->end - 1));
    PACKET_PARTS(requires, READABLE, , packet)
    PACKET_PARTS(requires, APART, , packet)
    PACKET_PARTS(requires, PLANNED, , packet)
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(body_size(plan, packet))); */
static void put_body(struct writer *w, const struct encode_plan *plan,
                     const struct ella_packet *packet);

/*@ requires put_ready(w, plan);
    requires \valid_read(packet) && \separated(w, packet);
    requires \separated(packet, w->buf + (w->at .. w->end - 1));
    PACKET_PARTS(requires, APART, , packet)
    PACKET_PARTS(requires, PLANNED, , packet)
    requires 1 <= packet->type <= 15;
    requires 0 <= plan->remaining_length <= ELLA_REMAINING_LENGTH_MAX;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, 1 + vbi_len(plan->remaining_length));
    ensures put_ready(w, plan);
    ensures \separated(packet, w->buf + (w->at .. w->end - 1));
    ensures packet->connect.has_will == \old(packet->connect.has_will);
    ensures packet->connect.has_user_name == \old(packet->connect.has_user_name);
    ensures packet->connect.has_password == \old(packet->connect.has_password);
    PACKET_PARTS(ensures, APART, , packet)
    PACKET_PARTS(ensures, PLANNED, , packet)
    ensures payload_size(plan, &packet->connect) == \old(payload_size(plan, &packet->connect));
    ensures publish_size(plan, &packet->publish) == \old(publish_size(plan, &packet->publish));
    ensures packet->ack.reason_code == \old(packet->ack.reason_code);
    ensures packet->reason.reason_code == \old(packet->reason.reason_code); */
static void put_header(struct writer *w, const struct encode_plan *plan,
                       const struct ella_packet *packet);

#include "codec/encode.c"
#include "codec/encode_connect.c"
