/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * sizes_calls: what the functions for properties promise of sizes. sizes_properties.c proves it,
 * sizes_packets.c builds on it.
 */
#ifndef PROOFS_WP_SIZES_CALLS_H
#define PROOFS_WP_SIZES_CALLS_H

#include "wp/properties.h"

#include "codec/encode.h"
#include "codec/lists.h"

/*@ requires \valid(plan) && properties_lawful(properties) && \valid(len) && place < 16;
    requires types_known && \separated(plan, &ella_property_rules[0 .. 42]);
    requires \separated(len, &ella_property_rules[0 .. 42]);
    requires \separated(plan, properties) && \separated(len, properties);
    requires \separated(len, &plan->version, &plan->sender, &plan->error, &plan->body);
    requires plan_apart_runs(plan, properties);
    assigns *len, plan->error;
    ensures \old(plan->error) != ELLA_ERROR_NONE ==> plan->error == \old(plan->error);
    ensures *len <= ELLA_REMAINING_LENGTH_MAX;
    ensures plan->error == ELLA_ERROR_NONE && plan->version != ELLA_VERSION_5_0 ==>
      *len == 0 && properties->present == 0;
    ensures plan->error == ELLA_ERROR_NONE && plan->version == ELLA_VERSION_5_0 ==>
      *len == properties_size(properties) &&
      walk_sized(*properties, properties->present, 0); */
void ella_encode_properties_plan(struct encode_plan *plan, uint32_t place,
                                 const struct ella_properties *properties, uint32_t *len);

/*@ requires writer_usable(w) && w->at <= w->end && properties_lawful(properties) && types_known;
    requires put_apart(w, properties) && properties_sized(properties);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, vbi_len(len) + \old(properties_size(properties))); */
void ella_encode_properties_put(struct writer *w, const struct ella_properties *properties,
                                uint32_t len);

#endif
