/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * sizes_properties: unit for the proof that properties have as many bytes as were announced.
 */
#include "wp/runs.h"
#include "wp/sizes_calls.h"

/*@ requires \valid(plan) && \valid_read(properties);
    assigns plan->error;
    ensures error_kept{Pre, Here}(plan); */
static void authentication_check(struct encode_plan *plan, uint32_t place,
                                 const struct ella_properties *properties);

/*@ requires writer_usable(w) && w->at <= w->end && properties_lawful(properties) && types_known;
    requires put_apart(w, properties) && properties_sized(properties);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(properties_size(properties))); */
static void properties_put(struct writer *w, const struct ella_properties *properties);

#include "codec/encode_properties.c"
