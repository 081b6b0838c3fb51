/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * ends: unit for the proof that every loop of both packages ends, whatever the input. Of the
 * annotations in the sources only the variants of loops are left here, and the invariants named
 * `ends`; so nothing is required of any caller. What functions do for a loop to end is said below,
 * and proved as well.
 */
#include "codec/encode.h"
#include "codec/lists.h"
#include "codec/machines.h"

/*@ assigns r->error, r->field;
    ensures r->error == (uint8_t)error; */
static inline void reader_fail(struct reader *r, enum ella_error error, uint32_t at);

/* What is taken does not end before it begins, nor behind the limit. */
/*@ requires 0 < past_end < 256;
    ensures r->error == ELLA_ERROR_NONE ==> at < r->end <= limit; */
static inline void reader_take(struct reader *r, uint32_t at, uint32_t limit,
                               enum ella_error past_end);

/*@ assigns \nothing;
    ensures \result <==> r->error != ELLA_ERROR_NONE; */
static inline bool reader_failed(const struct reader *r);

/* The last byte of a run is not before its first. */
/*@ requires start < end;
    ensures start <= \result < end; */
static uint32_t topic_text_last(const uint8_t *buf, uint32_t start, uint32_t end);

/*@ requires start < end;
    ensures start <= \result < end; */
static uint32_t utf8_printable_last(const uint8_t *buf, uint32_t start, uint32_t end);

/* A walk steps on, not past the end, which stays where it is. */
/*@ predicate walks{Before, After}(struct ella_slice *rest) =
      \at(rest->end, After) == \at(rest->end, Before) &&
      \at(rest->off, Before) < \at(rest->off, After) <= \at(rest->end, After); */

/*@ requires \separated(rest, out);
    ensures \result ==> walks{Pre, Here}(rest); */
bool ella_lists_field_next(struct ella_slice *rest, struct ella_slice *out);

/*@ requires \separated(rest, out);
    ensures \result ==> walks{Pre, Here}(rest); */
bool ella_lists_vbi_next(struct ella_slice *rest, uint32_t *out);

/*@ ensures \result ==> \old(rest->off) + len == rest->off <= rest->end; */
static bool skip_bytes(struct ella_slice *rest, uint32_t len);

/*@ requires \separated(rest, name) && \separated(rest, value);
    ensures \result ==> walks{Pre, Here}(rest); */
static bool pair_next(struct ella_slice *rest, struct ella_slice *name,
                      struct ella_slice *value);

/*@ ensures \result ==> walks{Pre, Here}(rest); */
static bool skip_value(struct ella_slice *rest, uint8_t type);

/*@ requires \separated(rest, out);
    ensures \result ==> walks{Pre, Here}(rest); */
bool ella_lists_property_next(struct ella_slice *rest, struct lists_property *out);

/*@ requires \separated(rest, out);
    assigns *rest, *out;
    ensures \result ==> walks{Pre, Here}(rest); */
bool ella_lists_property_find(struct ella_slice *rest, enum ella_property_id id,
                              struct lists_property *out);

/*@ requires \separated(rest, name) && \separated(rest, value);
    assigns *rest, *name, *value;
    ensures \result ==> walks{Pre, Here}(rest); */
bool ella_user_property_next(struct ella_slice *rest, struct ella_slice *name,
                             struct ella_slice *value);

/*@ requires \separated(rest, out) && \separated(rest, options);
    ensures \result ==> walks{Pre, Here}(rest); */
bool ella_lists_filter_next(enum ella_packet_type type, struct ella_slice *rest,
                            struct ella_filter *out, uint8_t *options);

/*@ requires \separated(rest, out);
    assigns *rest, *out;
    ensures \result ==> walks{Pre, Here}(rest); */
bool ella_filter_next(enum ella_packet_type type, struct ella_slice *rest,
                      struct ella_filter *out);

/* What a walk's loop calls leaves the walk alone. */
/*@ assigns \nothing; */
static bool has_options_of_5_0(const struct ella_filter *entry);

/*@ assigns \nothing; */
enum ella_error ella_lists_options_check(enum ella_version version,
                                         const struct ella_filter *entry);

/*@ assigns \nothing; */
static enum ella_error options_check(const struct encode_plan *plan, uint8_t options,
                                     const struct ella_filter *entry);

/*@ assigns \nothing; */
static bool suback_code_belongs(const struct encode_plan *plan, enum ella_packet_type type,
                                uint8_t code);

/*@ assigns plan->error; */
static void check_utf8(struct encode_plan *plan, struct ella_slice s);

#include "codec/decode.c"
#include "codec/encode.c"
#include "codec/encode_checked.c"
#include "codec/encode_connect.c"
#include "codec/encode_properties.c"
#include "codec/gen/frame.c"
#include "codec/gen/packets.c"
#include "codec/gen/properties.c"
#include "codec/gen/tables.c"
#include "codec/gen/topic.c"
#include "codec/gen/utf8.c"
#include "codec/lists.c"
#include "codec/topic.c"
