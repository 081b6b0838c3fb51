/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * sizes_plan: unit for the proof that a packet's plan counts the bytes that its put takes, as
 * wp/sizes.h says it of both. What properties count is taken by the contract that
 * wp_sizes_properties proves, and what walks through lists do by those that wp_lists proves.
 */
#include "wp/sizes_calls.h"
#include "wp/sizes_steps.h"

/*@ requires plan_ready(plan) && properties_lawful(properties) && 1 <= type <= 15;
    assigns plan->error, plan->properties_len, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures 0 <= plan->properties_len <= ELLA_REMAINING_LENGTH_MAX;
    ensures plan->body == \old(plan->body) + announced(plan);
    ensures plan->error == ELLA_ERROR_NONE ==> planned(plan, properties); */
static void plan_properties(struct encode_plan *plan, enum ella_packet_type type,
                            const struct ella_properties *properties);

/*@ requires plan_ready(plan) && properties_lawful(properties) && 1 <= type <= 15;
    assigns plan->error, plan->properties_len, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures 0 <= plan->properties_len <= ELLA_REMAINING_LENGTH_MAX;
    ensures plan->body >= \old(plan->body);
    ensures plan->error == ELLA_ERROR_NONE ==>
      plan->body == \old(plan->body) + reason_size(plan, reason_code);
    ensures plan->error == ELLA_ERROR_NONE ==> planned(plan, properties); */
static void plan_reason(struct encode_plan *plan, enum ella_packet_type type, uint8_t reason_code,
                        const struct ella_properties *properties);

/*@ requires plan_ready(plan) && plan->body == 0;
    requires \valid_read(connack) && properties_lawful(&connack->properties);
    assigns plan->error, plan->properties_len, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures 0 <= plan->properties_len <= ELLA_REMAINING_LENGTH_MAX;
    ensures plan->body == 2 + announced(plan);
    ensures plan->error == ELLA_ERROR_NONE ==> planned(plan, &connack->properties); */
static void plan_connack(struct encode_plan *plan, const struct ella_connack *connack);

/*@ requires plan_ready(plan);
    requires \valid_read(publish) && slice_lawful(publish->topic);
    assigns plan->error, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures plan->body == \old(plan->body) + string_size(publish->topic);
    ensures plan->error == ELLA_ERROR_NONE ==> PLANNED_STRING(publish->topic); */
static void plan_topic(struct encode_plan *plan, const struct ella_publish *publish);

/*@ requires plan_ready(plan) && plan->body == 0 && 1 <= type <= 15;
    requires \valid_read(ack) && properties_lawful(&ack->properties);
    assigns plan->error, plan->properties_len, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures plan->body >= 0;
    ensures plan->error == ELLA_ERROR_NONE ==>
      plan->body == 2 + reason_size(plan, ack->reason_code);
    ensures plan->error == ELLA_ERROR_NONE ==> planned(plan, &ack->properties); */
static void plan_ack(struct encode_plan *plan, enum ella_packet_type type,
                     const struct ella_ack *ack);

/* That this changes nothing wp_ends proves. */
/*@ assigns \nothing; */
static enum ella_error options_check(const struct encode_plan *plan, uint8_t options,
                                     const struct ella_filter *entry);

/*@ requires plan_ready(plan);
    requires slice_lawful(filters);
    assigns plan->error, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures plan->body == \old(plan->body) + slice_size(filters); */
static void plan_filters(struct encode_plan *plan, enum ella_packet_type type,
                         struct ella_slice filters);

/*@ requires plan_ready(plan) && plan->body == 0 && 1 <= type <= 15;
    requires \valid_read(subscribe) && properties_lawful(&subscribe->properties);
    requires slice_lawful(subscribe->filters);
    assigns plan->error, plan->properties_len, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures plan->body >= 0;
    ensures plan->body == 2 + announced(plan) + slice_size(subscribe->filters);
    ensures plan->error == ELLA_ERROR_NONE ==> planned(plan, &subscribe->properties); */
static void plan_subscribe(struct encode_plan *plan, enum ella_packet_type type,
                           const struct ella_subscribe *subscribe);

/*@ requires \valid_read(plan) && 1 <= type <= 15;
    assigns \nothing; */
static bool suback_code_belongs(const struct encode_plan *plan, enum ella_packet_type type,
                                uint8_t code);

/*@ requires plan_ready(plan) && plan->body == 0 && 1 <= type <= 15;
    requires \valid_read(suback) && properties_lawful(&suback->properties);
    requires slice_lawful(suback->reason_codes);
    assigns plan->error, plan->properties_len, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures plan->body >= 0;
    ensures plan->error == ELLA_ERROR_NONE ==>
      plan->body == 2 + announced(plan) + slice_size(suback->reason_codes);
    ensures plan->error == ELLA_ERROR_NONE ==> planned(plan, &suback->properties); */
static void plan_suback(struct encode_plan *plan, enum ella_packet_type type,
                        const struct ella_suback *suback);

/* CONNECT. */

/*@ requires \valid_read(plan);
    assigns \nothing;
    ensures \result == (plan->version == ELLA_VERSION_3_1 ? 6 : 4); */
static int64_t protocol_name_len(const struct encode_plan *plan);

/*@ assigns \nothing;
    ensures \result == ELLA_VERSION_3_1 || \result == ELLA_VERSION_3_1_1 ||
      \result == ELLA_VERSION_5_0 || \result == ELLA_VERSION_UNKNOWN;
    ensures \result != ELLA_VERSION_UNKNOWN ==> \result == level; */
static enum ella_version known_version(uint8_t level);

/*@ requires plan_ready(plan);
    requires \valid_read(c);
    requires c->has_will ==> properties_lawful(&c->will_properties);
    requires c->has_will ==> slice_lawful(c->will_topic);
    requires c->has_will ==> slice_lawful(c->will_payload);
    assigns plan->error, plan->will_properties_len, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures 0 <= plan->body - \old(plan->body) <= 8 * 4294967295;
    ensures !c->has_will ==> plan->body == \old(plan->body);
    ensures plan->error == ELLA_ERROR_NONE && c->has_will ==>
      plan->body == \old(plan->body) + will_size(plan, c);
    ensures plan->error == ELLA_ERROR_NONE && c->has_will ==> PLANNED_WILL(&c->will_properties);
    ensures plan->error == ELLA_ERROR_NONE && c->has_will ==> PLANNED_STRING(c->will_topic);
    ensures plan->error == ELLA_ERROR_NONE && c->has_will ==> PLANNED_STRING(c->will_payload); */
static void will_plan(struct encode_plan *plan, const struct ella_connect *c);

/*@ requires plan_ready(plan) && plan->body == 0 && \valid_read(c);
    CONNECT_PARTS(requires, READABLE, , c)
    assigns plan->error, plan->properties_len, plan->will_properties_len, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures plan->body >= 0;
    ensures plan->error == ELLA_ERROR_NONE ==>
      plan->body == header_size(plan) + payload_size(plan, c);
    CONNECT_PARTS(ensures, PLANNED, plan->error == ELLA_ERROR_NONE ==>, c) */
static void connect_plan(struct encode_plan *plan, const struct ella_connect *c);

/*@ requires plan_ready(plan) && plan->body == 0 && \valid_read(c);
    CONNECT_PARTS(requires, READABLE, , c)
    assigns plan->version, plan->error, plan->properties_len, plan->will_properties_len,
      plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures plan->body >= 0;
    ensures plan->error == ELLA_ERROR_NONE ==> plan->version == c->version;
    ensures plan->error == ELLA_ERROR_NONE ==>
      plan->body == header_size(plan) + payload_size(plan, c);
    CONNECT_PARTS(ensures, PLANNED, plan->error == ELLA_ERROR_NONE ==>, c) */
void ella_encode_connect_plan(struct encode_plan *plan, const struct ella_connect *c);

/* Any packet. */

/*@ requires \valid(plan) && types_known && \valid_read(packet) && 1 <= packet->type <= 15;
    requires packet->type != ELLA_CONNECT ==> plan->body == 0;
    requires plan->body >= 0;
    OTHER_PARTS(requires, READABLE, , packet)
    assigns plan->error, plan->properties_len, plan->body;
    ensures error_kept{Pre, Here}(plan);
    ensures plan->body >= 0;
    ensures packet->type == ELLA_CONNECT ==> plan->error == \old(plan->error) &&
      plan->body == \old(plan->body) && plan->properties_len == \old(plan->properties_len);
    ensures plan->error == ELLA_ERROR_NONE && packet->type != ELLA_CONNECT &&
      packet->type != ELLA_PUBLISH ==> plan->body == body_size(plan, packet);
    OTHER_PARTS(ensures, PLANNED, plan->error == ELLA_ERROR_NONE ==>, packet) */
static void plan_body(struct encode_plan *plan, const struct ella_packet *packet);

#include "codec/encode.c"
#include "codec/encode_connect.c"
