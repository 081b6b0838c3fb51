/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * sizes_encode: unit for the proof that an encoder takes just as many bytes as it announces: plan
 * and put, whose contracts wp_sizes_plan and wp_sizes_packets prove, one behind the other.
 */
#include "wp/sizes_calls.h"
#include "wp/sizes_steps.h"

/* The size of a PUBLISH, in words of the packet and its version alone. */
/*@ logic integer props_size{L}(integer version, struct ella_properties *p) =
      announced_as(version, version == ELLA_VERSION_5_0 ? properties_size(p) : 0);

    logic integer publish_body{L}(integer version, struct ella_publish *p) =
      string_size(p->topic) + (p->qos > 0 ? 2 : 0) + props_size(version, &p->properties) +
      slice_size(p->payload);

    logic integer whole(integer body) = 1 + vbi_len(body) + body; */

/* What becomes of a packet: it was refused, or it is written whole, in the size announced, or
 * there is no room, and that is said if and only if there is none. */
/*@ predicate encoded{L1, L2}(struct writer *w, struct encode_plan *plan, integer result,
                              uint32_t *size) =
      (\at(plan->error, L2) != ELLA_ERROR_NONE ==> result == \at(plan->error, L2)) &&
      (\at(plan->error, L2) == ELLA_ERROR_NONE ==>
        (result == ELLA_ERROR_NONE <==>
          !\at(w->failed, L1) && \at(w->at, L1) + \at(plan->size, L2) <= \at(w->end, L1))) &&
      (result == ELLA_ERROR_NONE ==>
        \at(*size, L2) == \at(plan->size, L2) && !\at(w->failed, L2) &&
        \at(w->at, L2) == \at(w->at, L1) + \at(plan->size, L2)); */

/*@ requires put_ready(w, plan);
    requires 0 <= plan->error <= 4294967295;
    requires \valid_read(packet) && \separated(w, packet);
    requires \separated(packet, w->buf + (w->at .. w->end - 1));
    requires \valid(size) && \separated(size, w) && \separated(size, plan);
    requires plan->error == ELLA_ERROR_NONE ==> 1 <= packet->type <= 15 && announces(plan) &&
      plan->remaining_length == body_size(plan, packet);
    PACKET_PARTS(requires, READABLE, , packet)
    PACKET_PARTS(requires, APART, , packet)
    PACKET_PARTS(requires, PLANNED, plan->error == ELLA_ERROR_NONE ==>, packet)
    assigns *size, w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures encoded{Pre, Here}(w, plan, \result, size); */
enum ella_error ella_encode_planned(struct writer *w, const struct encode_plan *plan,
                                    const struct ella_packet *packet, uint32_t *size);

/*@ requires \valid_read(plan) && \valid(size) && 0 <= plan->error <= 4294967295;
    requires plan->error == ELLA_ERROR_NONE ==> plan->size >= 0;
    assigns *size;
    ensures \result == plan->error;
    ensures \result == ELLA_ERROR_NONE ==> *size == plan->size; */
static enum ella_error plan_result(const struct encode_plan *plan, uint32_t *size);

/*@ requires plan_ready(plan) && plan->body == 0 && plan->properties_len == 0;
    requires plan->error == ELLA_ERROR_NONE && \valid_read(packet);
    requires \valid(size) && \separated(size, packet);
    PACKET_PARTS(requires, READABLE, , packet)
    assigns *plan, *size;
    ensures \result == ELLA_ERROR_NONE ==> *size == plan->size && announces(plan); */
static enum ella_error encoded_size(struct encode_plan *plan, const struct ella_packet *packet,
                                    uint32_t *size);

/*@ requires put_ready(w, plan) && plan_ready(plan) && plan->body == 0;
    requires plan->properties_len == 0 && plan->error == ELLA_ERROR_NONE;
    requires \valid_read(packet) && \separated(w, packet);
    requires \separated(packet, w->buf + (w->at .. w->end - 1));
    requires \valid(size) && \separated(size, w) && \separated(size, plan);
    PACKET_PARTS(requires, READABLE, , packet)
    PACKET_PARTS(requires, APART, , packet)
    assigns *plan, *size, w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures encoded{Pre, Here}(w, plan, \result, size); */
static enum ella_error encode(struct writer *w, struct encode_plan *plan,
                              const struct ella_packet *packet, uint32_t *size);

/*@ requires plan_ready(plan) && plan->body == 0 && plan->properties_len == 0;
    requires plan->error == ELLA_ERROR_NONE && \valid_read(publish);
    requires \valid(size) && \separated(size, publish);
    PUBLISH_PARTS(requires, READABLE, , publish)
    assigns *plan, *size;
    ensures \result == ELLA_ERROR_NONE ==> *size == plan->size;
    ensures \result == ELLA_ERROR_NONE ==>
      plan->size == \old(whole(publish_body(plan->version, publish))); */
static enum ella_error encoded_publish_size(struct encode_plan *plan,
                                            const struct ella_publish *publish, uint32_t *size);

/*@ requires put_ready(w, plan) && plan_ready(plan) && plan->body == 0;
    requires plan->properties_len == 0 && plan->error == ELLA_ERROR_NONE;
    requires \valid_read(publish) && \separated(w, publish);
    requires \separated(publish, w->buf + (w->at .. w->end - 1));
    requires \valid(size) && \separated(size, w) && \separated(size, plan);
    PUBLISH_PARTS(requires, READABLE, , publish)
    PUBLISH_PARTS(requires, APART, , publish)
    assigns *plan, *size, w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures encoded{Pre, Here}(w, plan, \result, size); */
static enum ella_error encode_publish(struct writer *w, struct encode_plan *plan,
                                      const struct ella_publish *publish, uint32_t *size);

#include "codec/encode.c"
