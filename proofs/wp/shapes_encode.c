/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * shapes_encode: unit for the proof that the encoder accepts the packets of fixed shape that are
 * right and no others, announces their size, and writes the bytes of wp/shapes.h, as many as it
 * announced. The contracts here speak of those packets alone, which their `requires` say; so they
 * stand here and not above the functions.
 */
#include "wp/shapes_calls.h"

/* Encoding: the plan. */

/*@ requires \valid(plan) && \valid_read(properties) && \separated(plan, properties);
    requires properties->present == 0;
    assigns plan->error;
    ensures \result == 0;
    ensures !lacks_method(plan->version, place) ==> plan->error == \old(plan->error);
    ensures lacks_method(plan->version, place) ==> plan->error != ELLA_ERROR_NONE;
    ensures error_kept{Pre, Here}(plan); */
int32_t ella_encode_properties_plan(struct encode_plan *plan, uint32_t place,
                                    const struct ella_properties *properties);

/*@ requires \valid(plan) && \valid_read(properties) && \separated(plan, properties);
    requires properties->present == 0;
    assigns plan->error;
    ensures place != ELLA_AUTH ==> plan->error == \old(plan->error);
    ensures place == ELLA_AUTH ==> plan->error != ELLA_ERROR_NONE;
    ensures error_kept{Pre, Here}(plan); */
static void authentication_check(struct encode_plan *plan, uint32_t place,
                                 const struct ella_properties *properties);

/*@ requires \valid(plan) && \valid_read(properties) && \separated(plan, properties);
    requires properties->present == 0 && type != ELLA_AUTH && 1 <= type <= 15;
    requires 0 <= plan->body <= 16;
    assigns plan->properties_len, plan->error, plan->body;
    ensures plan->properties_len == 0 && plan->error == \old(plan->error);
    ensures plan->body == \old(plan->body) + (plan->version == ELLA_VERSION_5_0 ? 1 : 0); */
static void plan_properties(struct encode_plan *plan, enum ella_packet_type type,
                            const struct ella_properties *properties);

/*@ requires \valid(plan) && \valid_read(properties) && \separated(plan, properties);
    requires properties->present == 0 && 1 <= type <= 15;
    requires 0 <= plan->body <= 16;
    assigns plan->properties_len, plan->error, plan->body;
    ensures plan->body >= \old(plan->body);
    ensures plan->properties_len == 0;
    ensures \old(plan->error) == ELLA_ERROR_NONE ==>
      (plan->error == ELLA_ERROR_NONE <==> code_right(plan->version, type, reason_code) &&
        !lacks_method(plan->version, type));
    ensures plan->error == ELLA_ERROR_NONE ==>
      plan->body == \old(plan->body) + (reason_code != 0 ? 1 : 0);
    ensures error_kept{Pre, Here}(plan); */
static void plan_reason(struct encode_plan *plan, enum ella_packet_type type, uint8_t reason_code,
                        const struct ella_properties *properties);

/*@ requires \valid(plan) && \valid_read(connack) && \separated(plan, connack);
    requires connack->properties.present == 0;
    requires plan->error == ELLA_ERROR_NONE && plan->body == 0;
    assigns plan->properties_len, plan->error, plan->body;
    ensures 0 <= plan->error <= 4294967295;
    ensures plan->properties_len == 0;
    ensures plan->error == ELLA_ERROR_NONE <==> connack_right(plan->version, connack);
    ensures plan->body == (plan->version == ELLA_VERSION_5_0 ? 3 : 2); */
static void plan_connack(struct encode_plan *plan, const struct ella_connack *connack);

/*@ requires \valid(plan) && \valid_read(ack) && \separated(plan, ack);
    requires ack->properties.present == 0 && is_ack(type);
    requires plan->error == ELLA_ERROR_NONE && plan->body == 0;
    assigns plan->properties_len, plan->error, plan->body;
    ensures plan->body >= 0;
    ensures 0 <= plan->error <= 4294967295;
    ensures plan->properties_len == 0;
    ensures plan->error == ELLA_ERROR_NONE <==>
      ack->packet_id != 0 && code_right(plan->version, type, ack->reason_code);
    ensures plan->error == ELLA_ERROR_NONE ==> plan->body == (ack->reason_code != 0 ? 3 : 2); */
static void plan_ack(struct encode_plan *plan, enum ella_packet_type type,
                     const struct ella_ack *ack);

/*@ requires \valid(plan) && \valid_read(suback) && \separated(plan, suback);
    requires type == ELLA_UNSUBACK && plan->version != ELLA_VERSION_5_0;
    requires no_codes(suback);
    requires plan->error == ELLA_ERROR_NONE && plan->body == 0;
    assigns plan->properties_len, plan->error, plan->body;
    ensures 0 <= plan->error <= 4294967295;
    ensures plan->properties_len == 0 && plan->body == 2;
    ensures plan->error == ELLA_ERROR_NONE <==> suback->packet_id != 0; */
static void plan_suback(struct encode_plan *plan, enum ella_packet_type type,
                        const struct ella_suback *suback);

/*@ requires plan_apart(plan, packet) && fixed_shape(plan->version, packet);
    requires plan->error == ELLA_ERROR_NONE && plan->body == 0 && plan->properties_len == 0;
    assigns plan->properties_len, plan->error, plan->body;
    ensures plan->body >= 0;
    ensures 0 <= plan->error <= 4294967295;
    ensures plan->properties_len == 0;
    ensures plan->error == ELLA_ERROR_NONE <==> fields_right(plan->version, packet);
    ensures plan->error == ELLA_ERROR_NONE ==> plan->body == body_len(plan->version, packet); */
static void plan_body(struct encode_plan *plan, const struct ella_packet *packet);

/*@ requires plan_apart(plan, packet) && fixed_shape(plan->version, packet);
    requires plan->error == ELLA_ERROR_NONE && plan->body == 0 && plan->properties_len == 0;
    assigns plan->properties_len, plan->error, plan->body, plan->remaining_length, plan->size;
    ensures 0 <= plan->error <= 4294967295;
    ensures plan->properties_len == 0;
    ensures plan->error == ELLA_ERROR_NONE <==> sendable(plan->version, plan->sender, packet);
    ensures plan->error == ELLA_ERROR_NONE ==>
      plan->remaining_length == body_len(plan->version, packet) &&
      plan->size == 2 + body_len(plan->version, packet) && plan->remaining_length <= 3; */
void ella_encode_plan(struct encode_plan *plan, const struct ella_packet *packet);

/* Encoding: the bytes. */

/*@ requires writer_usable(w) && w->at <= w->end;
    requires \valid_read(properties) && properties->present == 0;
    requires \separated(w, properties);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures w->at == \old(w->at) && w->failed == \old(w->failed); */
static void properties_put(struct writer *w, const struct ella_properties *properties);

/*@ requires writer_usable(w) && \valid_read(properties) && properties->present == 0;
    requires \separated(w, properties);
    requires \separated(properties, w->buf + (w->at .. w->end - 1));
    requires len == 0 && !w->failed && w->at < w->end;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures w->at == \old(w->at) + 1 && !w->failed && w->buf[\old(w->at)] == 0; */
void ella_encode_properties_put(struct writer *w, const struct ella_properties *properties,
                                int32_t len);

/*@ requires writer_usable(w) && \valid_read(plan) && plan->properties_len == 0;
    requires \separated(w, plan) && \separated(plan, w->buf + (w->at .. w->end - 1));
    requires reason_code == 0 || (!w->failed && w->at < w->end);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures reason_code == 0 ==> w->at == \old(w->at) && w->failed == \old(w->failed);
    ensures reason_code != 0 ==> w->at == \old(w->at) + 1 && !w->failed &&
      w->buf[\old(w->at)] == reason_code; */
static void put_reason(struct writer *w, const struct encode_plan *plan, uint8_t reason_code,
                       const struct ella_properties *properties);

/*@ requires writer_usable(w) && \valid_read(plan) && \valid_read(properties);
    requires \separated(w, plan) && \separated(w, properties);
    requires \separated(plan, w->buf + (w->at .. w->end - 1));
    requires \separated(properties, w->buf + (w->at .. w->end - 1));
    requires plan->properties_len == 0 && properties->present == 0;
    requires !w->failed && (plan->version == ELLA_VERSION_5_0 ==> w->at < w->end);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures !w->failed;
    ensures plan->version == ELLA_VERSION_5_0 ==>
      w->at == \old(w->at) + 1 && w->buf[\old(w->at)] == 0;
    ensures plan->version != ELLA_VERSION_5_0 ==> w->at == \old(w->at); */
static void put_properties(struct writer *w, const struct encode_plan *plan,
                           const struct ella_properties *properties);

/*@ requires writer_usable(w) && \valid_read(plan) && \valid_read(connack);
    requires \separated(w, plan) && \separated(w, connack);
    requires \separated(plan, w->buf + (w->at .. w->end - 1));
    requires \separated(connack, w->buf + (w->at .. w->end - 1));
    requires plan->properties_len == 0 && connack->properties.present == 0;
    requires !w->failed && w->at + (plan->version == ELLA_VERSION_5_0 ? 3 : 2) <= w->end;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures !w->failed;
    ensures w->at == \old(w->at) + (plan->version == ELLA_VERSION_5_0 ? 3 : 2);
    ensures w->buf[\old(w->at)] == (connack->session_present ? 1 : 0);
    ensures w->buf[\old(w->at) + 1] == connack->reason_code;
    ensures plan->version == ELLA_VERSION_5_0 ==> w->buf[\old(w->at) + 2] == 0; */
static void put_connack(struct writer *w, const struct encode_plan *plan,
                        const struct ella_connack *connack);

/*@ requires writer_usable(w) && \valid_read(plan) && \valid_read(suback);
    requires \separated(w, plan) && \separated(w, suback);
    requires \separated(plan, w->buf + (w->at .. w->end - 1));
    requires \separated(suback, w->buf + (w->at .. w->end - 1));
    requires plan->version != ELLA_VERSION_5_0 && plan->properties_len == 0 && no_codes(suback);
    requires !w->failed && w->at + 2 <= w->end;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures !w->failed && w->at == \old(w->at) + 2;
    ensures w->buf[\old(w->at)] == suback->packet_id / 256;
    ensures w->buf[\old(w->at) + 1] == suback->packet_id % 256; */
static void put_suback(struct writer *w, const struct encode_plan *plan,
                       const struct ella_suback *suback);

/*@ requires writer_apart(w, plan, packet);
    requires fixed_shape(plan->version, packet);
    requires plan->properties_len == 0;
    requires plan->remaining_length == body_len(plan->version, packet);
    requires !w->failed;
    requires w->at + plan->remaining_length <= w->end;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures w->at == \old(w->at) + body_len(plan->version, packet) && !w->failed;
    ensures body_is(plan->version, packet, w->buf, \old(w->at), w->at); */
static void put_body(struct writer *w, const struct encode_plan *plan,
                     const struct ella_packet *packet);

/* The parts put together. */

/*@ requires writer_apart(w, plan, packet) && flags_fit(packet->type);
    requires 1 <= packet->type <= 15 && packet->type != ELLA_PUBLISH;
    requires 0 <= plan->remaining_length < 128;
    requires !w->failed && w->at + 2 <= w->end;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures !w->failed && w->at == \old(w->at) + 2;
    ensures w->buf[\old(w->at)] == packet_first_byte(packet->type);
    ensures w->buf[\old(w->at) + 1] == plan->remaining_length; */
static void put_header(struct writer *w, const struct encode_plan *plan,
                       const struct ella_packet *packet);

/*@ requires writer_apart(w, plan, packet) && flags_fit(packet->type);
    requires fixed_shape(plan->version, packet);
    requires plan->properties_len == 0;
    requires plan->remaining_length == body_len(plan->version, packet);
    requires !w->failed && w->at + 2 + plan->remaining_length <= w->end;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures w->at == \old(w->at) + 2 + body_len(plan->version, packet) && !w->failed;
    ensures w->buf[\old(w->at)] == packet_first_byte(packet->type);
    ensures w->buf[\old(w->at) + 1] == body_len(plan->version, packet);
    ensures body_is(plan->version, packet, w->buf, \old(w->at) + 2, w->at);
    ensures packet->ack.reason_code == \old(packet->ack.reason_code);
    ensures packet->connack.reason_code == \old(packet->connack.reason_code);
    ensures packet->connack.session_present == \old(packet->connack.session_present);
    ensures packet->reason.reason_code == \old(packet->reason.reason_code); */
static void put_packet(struct writer *w, const struct encode_plan *plan,
                       const struct ella_packet *packet);

/*@ requires writer_apart(w, plan, packet) && \valid(size);
    requires \separated(size, w) && \separated(size, plan) && \separated(size, packet);
    requires \separated(size, w->buf + (w->at .. w->end - 1));
    requires 0 <= plan->error <= 4294967295;
    requires fixed_shape(plan->version, packet) && flags_fit(packet->type);
    requires plan->error == ELLA_ERROR_NONE ==> plan->properties_len == 0 &&
      plan->remaining_length == body_len(plan->version, packet) &&
      plan->size == 2 + body_len(plan->version, packet);
    requires !w->failed && w->at + 2 + body_len(plan->version, packet) <= w->end;
    assigns *size, w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures \result == plan->error;
    ensures \result == ELLA_ERROR_NONE ==> *size == 2 + body_len(plan->version, packet);
    ensures \result == ELLA_ERROR_NONE ==>
      w->buf[\old(w->at)] == packet_first_byte(packet->type) &&
      w->buf[\old(w->at) + 1] == body_len(plan->version, packet);
    ensures \result == ELLA_ERROR_NONE ==>
      body_is(plan->version, packet, w->buf, \old(w->at) + 2, \old(w->at) + *size);
    ensures packet->ack.reason_code == \old(packet->ack.reason_code);
    ensures packet->connack.reason_code == \old(packet->connack.reason_code);
    ensures packet->connack.session_present == \old(packet->connack.session_present);
    ensures packet->reason.reason_code == \old(packet->reason.reason_code); */
enum ella_error ella_encode_planned(struct writer *w, const struct encode_plan *plan,
                                    const struct ella_packet *packet, uint32_t *size);

/*@ requires writer_apart(w, plan, packet) && plan_apart(plan, packet) && \valid(size);
    requires \separated(size, w) && \separated(size, plan) && \separated(size, packet);
    requires \separated(size, w->buf + (w->at .. w->end - 1));
    requires plan->error == ELLA_ERROR_NONE && plan->body == 0 && plan->properties_len == 0;
    requires fixed_shape(plan->version, packet) && flags_fit(packet->type);
    requires !w->failed && w->at + 2 + body_len(plan->version, packet) <= w->end;
    assigns *plan, *size, w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures plan->version == \old(plan->version);
    ensures \result == ELLA_ERROR_NONE <==>
      sendable(\old(plan->version), \old(plan->sender), packet);
    ensures \result == ELLA_ERROR_NONE ==> *size == 2 + body_len(plan->version, packet);
    ensures \result == ELLA_ERROR_NONE ==>
      packet_is(plan->version, packet, w->buf, \old(w->at)); */
static enum ella_error encode(struct writer *w, struct encode_plan *plan,
                              const struct ella_packet *packet, uint32_t *size);

#include "codec/encode.c"

#include "codec/encode_properties.c"
