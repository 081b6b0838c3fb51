/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * sizes_steps: what the two steps of the encoder promise of sizes. sizes_plan.c proves it of the
 * plan, sizes_packets.c of the put, and sizes_encode.c builds on both.
 */
#ifndef PROOFS_WP_SIZES_STEPS_H
#define PROOFS_WP_SIZES_STEPS_H

#include "wp/sizes.h"

/*@ predicate plan_ready{L}(struct encode_plan *plan) =
      \valid(plan) && types_known && 0 <= plan->body <= 16 * 4294967295; */

/*@ requires plan_ready(plan) && plan->body == 0 && plan->properties_len == 0;
    requires \valid_read(packet) && plan->error == ELLA_ERROR_NONE;
    PACKET_PARTS(requires, READABLE, , packet)
    assigns *plan;
    ensures 0 <= plan->error <= 4294967295;
    ensures packet->type != ELLA_CONNECT ==> plan->version == \old(plan->version);
    ensures plan->error == ELLA_ERROR_NONE && packet->type == ELLA_CONNECT ==>
      plan->version == packet->connect.version;
    ensures plan->error == ELLA_ERROR_NONE ==> 1 <= packet->type <= 15;
    ensures plan->error == ELLA_ERROR_NONE ==>
      plan->remaining_length == body_size(plan, packet);
    ensures plan->error == ELLA_ERROR_NONE ==> announces(plan);
    PACKET_PARTS(ensures, PLANNED, plan->error == ELLA_ERROR_NONE ==>, packet) */
void ella_encode_plan(struct encode_plan *plan, const struct ella_packet *packet);

/*@ requires plan_ready(plan) && plan->body == 0 && plan->properties_len == 0;
    requires \valid_read(publish);
    PUBLISH_PARTS(requires, READABLE, , publish)
    assigns plan->error, plan->properties_len, plan->body, plan->remaining_length, plan->size;
    ensures error_kept{Pre, Here}(plan);
    ensures plan->error == ELLA_ERROR_NONE ==>
      plan->remaining_length == publish_size(plan, publish);
    ensures plan->error == ELLA_ERROR_NONE ==> announces(plan);
    PUBLISH_PARTS(ensures, PLANNED, plan->error == ELLA_ERROR_NONE ==>, publish) */
void ella_encode_plan_publish(struct encode_plan *plan, const struct ella_publish *publish);

/*@ predicate put_ready{L}(struct writer *w, struct encode_plan *plan) =
      writer_usable(w) && w->at <= w->end && types_known && \valid_read(plan) &&
      \separated(w, plan) && \separated(plan, w->buf + (w->at .. w->end - 1)); */

/*@ requires put_ready(w, plan) && \valid_read(publish) && \separated(w, publish);
    requires \separated(publish, w->buf + (w->at .. w->end - 1));
    PUBLISH_PARTS(requires, READABLE, , publish)
    PUBLISH_PARTS(requires, APART, , publish)
    PUBLISH_PARTS(requires, PLANNED, , publish)
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(publish_size(plan, publish))); */
static void put_publish(struct writer *w, const struct encode_plan *plan,
                        const struct ella_publish *publish);

/*@ requires put_ready(w, plan);
    requires \valid_read(packet) && \separated(w, packet);
    requires \separated(packet, w->buf + (w->at .. w->end - 1));
    PACKET_PARTS(requires, READABLE, , packet)
    PACKET_PARTS(requires, APART, , packet)
    PACKET_PARTS(requires, PLANNED, , packet)
    requires 1 <= packet->type <= 15;
    requires 0 <= plan->remaining_length <= ELLA_REMAINING_LENGTH_MAX;
    requires plan->remaining_length == body_size(plan, packet);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, 1 + vbi_len(plan->remaining_length) +
      plan->remaining_length); */
static void put_packet(struct writer *w, const struct encode_plan *plan,
                       const struct ella_packet *packet);

#endif
