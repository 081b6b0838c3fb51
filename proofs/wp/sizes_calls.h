/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * sizes_calls: what the functions for properties promise of sizes. sizes_properties.c proves it,
 * sizes_packets.c builds on it.
 */
#ifndef PROOFS_WP_SIZES_CALLS_H
#define PROOFS_WP_SIZES_CALLS_H

#include "wp/properties.h"
#include "wp/sizes.h"

/*@ requires \valid(plan) && properties_lawful(properties) && types_known && place < 16;
    assigns plan->error;
    ensures error_kept{Pre, Here}(plan);
    ensures 0 <= \result <= ELLA_REMAINING_LENGTH_MAX;
    ensures plan->version != ELLA_VERSION_5_0 ==> \result == 0;
    ensures plan->error == ELLA_ERROR_NONE ==> planned_as(plan->version, \result, properties);
    ensures plan->error == ELLA_ERROR_NONE && plan->version != ELLA_VERSION_5_0 ==>
      properties->present == 0; */
int32_t ella_encode_properties_plan(struct encode_plan *plan, uint32_t place,
                                    const struct ella_properties *properties);

/*@ requires writer_usable(w) && w->at <= w->end && properties_lawful(properties) && types_known;
    requires put_apart(w, properties) && properties_sized(properties) && len >= 0;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, vbi_len(len) + \old(properties_size(properties))); */
void ella_encode_properties_put(struct writer *w, const struct ella_properties *properties,
                                int32_t len);

#endif
