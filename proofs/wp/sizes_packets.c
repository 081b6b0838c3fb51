/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * sizes_packets: unit for the proof that a packet has as many bytes as were announced, and that
 * encoding fails if and only if there is no room for them. What properties take is taken by the
 * contracts that wp_sizes_properties proves.
 */
#include "wp/runs.h"
#include "wp/sizes_calls.h"

/* What the plan says of properties, and how many bytes they take with their length. */
/*@ predicate planned_as{L}(integer version, integer len, struct ella_properties *p) =
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
      (code != 0 ? 1 : 0);

    logic integer slice_size(struct ella_slice s) = s.end - s.off;

    logic integer publish_size{L}(struct encode_plan *plan, struct ella_publish *p) =
      2 + slice_size(p->topic) + (p->qos > 0 ? 2 : 0) + announced(plan) + slice_size(p->payload);

    predicate put_ready{L}(struct writer *w, struct encode_plan *plan) =
      writer_usable(w) && w->at <= w->end && types_known && \valid_read(plan) &&
      \separated(w, plan) && \separated(plan, w->buf + (w->at .. w->end - 1));

    predicate text_ready{L}(struct writer *w, struct ella_slice s) =
      slice_lawful(s) && slice_apart(w, s);

    predicate string_ready{L}(struct writer *w, struct ella_slice s) =
      text_ready(w, s) && slice_size(s) <= ELLA_STRING_LEN_MAX; */

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

/*@ requires put_ready(w, plan) && properties_lawful(&publish->properties);
    requires put_apart(w, &publish->properties) && planned(plan, &publish->properties);
    requires \valid_read(publish) && \separated(w, publish);
    requires \separated(publish, w->buf + (w->at .. w->end - 1));
    requires text_ready(w, publish->topic) && text_ready(w, publish->payload);
    requires slice_size(publish->topic) <= ELLA_STRING_LEN_MAX;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(publish_size(plan, publish))); */
static void put_publish(struct writer *w, const struct encode_plan *plan,
                        const struct ella_publish *publish);

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

/* CONNECT: the will, and what stands before and behind it. */
/*@ logic integer string_size(struct ella_slice s) = 2 + slice_size(s);

    logic integer will_size{L}(struct encode_plan *plan, struct ella_connect *c) =
      announced_as(plan->version, plan->will_properties_len) +
      string_size(c->will_topic) + string_size(c->will_payload);

    logic integer header_size{L}(struct encode_plan *plan) =
      (plan->version == ELLA_VERSION_3_1 ? 12 : 10) + announced(plan);

    logic integer payload_size{L}(struct encode_plan *plan, struct ella_connect *c) =
      string_size(c->client_id) + (c->has_will ? will_size(plan, c) : 0) +
      (c->has_user_name ? string_size(c->user_name) : 0) +
      (c->has_password ? string_size(c->password) : 0);

    predicate connect_apart{L}(struct writer *w, struct ella_connect *c) =
      \valid_read(c) && \separated(w, c) && \separated(c, w->buf + (w->at .. w->end - 1));

    predicate will_ready{L}(struct writer *w, struct encode_plan *plan, struct ella_connect *c) =
      properties_lawful(&c->will_properties) && put_apart(w, &c->will_properties) &&
      will_planned(plan, c) && string_ready(w, c->will_topic) && string_ready(w, c->will_payload);

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

/*@ requires writer_usable(w) && w->at <= w->end;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, version == ELLA_VERSION_3_1 ? 8 : 6); */
static void protocol_name_put(struct writer *w, enum ella_version version);

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

/* Any packet: what it must be, how many bytes follow its fixed header. */
/*@ predicate properties_ready{L}(struct writer *w, struct encode_plan *plan,
                                  struct ella_properties *p) =
      properties_lawful(p) && put_apart(w, p) && planned(plan, p);

    predicate packet_ready{L}(struct writer *w, struct encode_plan *plan, struct ella_packet *p) =
      (p->type == ELLA_CONNECT ==>
        properties_ready(w, plan, &p->connect.properties) &&
        payload_ready(w, plan, &p->connect)) &&
      (p->type == ELLA_CONNACK ==> properties_ready(w, plan, &p->connack.properties)) &&
      (p->type == ELLA_PUBLISH ==>
        properties_ready(w, plan, &p->publish.properties) &&
        string_ready(w, p->publish.topic) && text_ready(w, p->publish.payload)) &&
      (ELLA_PUBACK <= p->type <= ELLA_PUBCOMP ==>
        properties_ready(w, plan, &p->ack.properties)) &&
      (p->type == ELLA_SUBSCRIBE || p->type == ELLA_UNSUBSCRIBE ==>
        properties_ready(w, plan, &p->subscribe.properties) &&
        text_ready(w, p->subscribe.filters)) &&
      (p->type == ELLA_SUBACK || p->type == ELLA_UNSUBACK ==>
        properties_ready(w, plan, &p->suback.properties) &&
        text_ready(w, p->suback.reason_codes)) &&
      (p->type == ELLA_DISCONNECT || p->type == ELLA_AUTH ==>
        properties_ready(w, plan, &p->reason.properties));

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
        reason_size(plan, p->reason.reason_code) : 0)))))); */

/*@ requires put_ready(w, plan);
    requires \valid_read(packet) && \separated(w, packet);
    requires \separated(packet, w->buf + (w->at .. w->end - 1));
    requires packet_ready(w, plan, packet);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(body_size(plan, packet))); */
static void put_body(struct writer *w, const struct encode_plan *plan,
                     const struct ella_packet *packet);

/*@ requires put_ready(w, plan);
    requires \valid_read(packet) && \separated(w, packet) && 1 <= packet->type <= 15;
    requires \separated(packet, w->buf + (w->at .. w->end - 1));
    requires packet_ready(w, plan, packet);
    requires plan->remaining_length <= ELLA_REMAINING_LENGTH_MAX;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, 1 + vbi_len(plan->remaining_length));
    ensures put_ready(w, plan);
    ensures \separated(packet, w->buf + (w->at .. w->end - 1));
    ensures packet->type == ELLA_CONNECT ==>
      properties_ready(w, plan, &packet->connect.properties);
    ensures packet->type == ELLA_CONNECT ==> string_ready(w, packet->connect.client_id);
    ensures packet->type == ELLA_CONNECT && packet->connect.has_will ==>
      properties_lawful(&packet->connect.will_properties);
    ensures packet->type == ELLA_CONNECT && packet->connect.has_will ==>
      put_apart(w, &packet->connect.will_properties);
    ensures packet->type == ELLA_CONNECT && packet->connect.has_will ==>
      will_planned(plan, &packet->connect);
    ensures packet->type == ELLA_CONNECT && packet->connect.has_will ==>
      string_ready(w, packet->connect.will_topic) &&
      string_ready(w, packet->connect.will_payload);
    ensures packet->type == ELLA_CONNECT && packet->connect.has_user_name ==>
      string_ready(w, packet->connect.user_name);
    ensures packet->type == ELLA_CONNECT && packet->connect.has_password ==>
      string_ready(w, packet->connect.password);
    ensures packet->type == ELLA_CONNACK ==>
      properties_ready(w, plan, &packet->connack.properties);
    ensures packet->type == ELLA_PUBLISH ==>
      properties_ready(w, plan, &packet->publish.properties);
    ensures packet->type == ELLA_PUBLISH ==>
      string_ready(w, packet->publish.topic) && text_ready(w, packet->publish.payload);
    ensures ELLA_PUBACK <= packet->type <= ELLA_PUBCOMP ==>
      properties_ready(w, plan, &packet->ack.properties);
    ensures packet->type == ELLA_SUBSCRIBE || packet->type == ELLA_UNSUBSCRIBE ==>
      properties_ready(w, plan, &packet->subscribe.properties);
    ensures packet->type == ELLA_SUBSCRIBE || packet->type == ELLA_UNSUBSCRIBE ==>
      text_ready(w, packet->subscribe.filters);
    ensures packet->type == ELLA_SUBACK || packet->type == ELLA_UNSUBACK ==>
      properties_ready(w, plan, &packet->suback.properties);
    ensures packet->type == ELLA_SUBACK || packet->type == ELLA_UNSUBACK ==>
      text_ready(w, packet->suback.reason_codes);
    ensures packet->type == ELLA_DISCONNECT || packet->type == ELLA_AUTH ==>
      properties_ready(w, plan, &packet->reason.properties);
    ensures body_size(plan, packet) == \old(body_size(plan, packet)); */
static void put_header(struct writer *w, const struct encode_plan *plan,
                       const struct ella_packet *packet);

/*@ requires put_ready(w, plan);
    requires \valid_read(packet) && \separated(w, packet) && 1 <= packet->type <= 15;
    requires \separated(packet, w->buf + (w->at .. w->end - 1));
    requires packet_ready(w, plan, packet);
    requires plan->remaining_length <= ELLA_REMAINING_LENGTH_MAX;
    requires plan->remaining_length == body_size(plan, packet);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, 1 + vbi_len(plan->remaining_length) +
      plan->remaining_length); */
static void put_packet(struct writer *w, const struct encode_plan *plan,
                       const struct ella_packet *packet);

/* What is planned is what is put. The counting, of packets that the plan does not refuse. */
/*@ predicate plan_ready{L}(struct encode_plan *plan, struct ella_properties *p) =
      \valid(plan) && types_known && \separated(plan, &ella_property_rules[0 .. 42]) &&
      properties_lawful(p) && \separated(plan, p) && plan_apart_runs(plan, p) &&
      plan->body <= ELLA_REMAINING_LENGTH_MAX; */

/*@ requires plan_ready(plan, properties) && 1 <= type <= 15;
    assigns plan->error, plan->properties_len, plan->body;
    ensures \old(plan->error) != ELLA_ERROR_NONE ==> plan->error == \old(plan->error);
    ensures plan->properties_len <= ELLA_REMAINING_LENGTH_MAX;
    ensures plan->body == \old(plan->body) + announced(plan);
    ensures plan->error == ELLA_ERROR_NONE ==> planned(plan, properties); */
static void plan_properties(struct encode_plan *plan, enum ella_packet_type type,
                            const struct ella_properties *properties);

/*@ requires plan_ready(plan, properties) && 1 <= type <= 15;
    assigns plan->error, plan->properties_len, plan->body;
    ensures \old(plan->error) != ELLA_ERROR_NONE ==> plan->error == \old(plan->error);
    ensures plan->properties_len <= ELLA_REMAINING_LENGTH_MAX;
    ensures plan->error == ELLA_ERROR_NONE ==>
      plan->body == \old(plan->body) + reason_size(plan, reason_code);
    ensures plan->error == ELLA_ERROR_NONE ==> planned(plan, properties); */
static void plan_reason(struct encode_plan *plan, enum ella_packet_type type, uint8_t reason_code,
                        const struct ella_properties *properties);

#include "codec/encode.c"
#include "codec/encode_connect.c"
