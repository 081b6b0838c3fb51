/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * lists: one step through a run of encoded properties, for the walks of lists.c and for the
 * encoder, which copies from such runs. It knows lengths, not meanings.
 *
 * Invariant: off < end <= the end of the slice walked.
 */
#ifndef LIBELLA_CODEC_LISTS_H
#define LIBELLA_CODEC_LISTS_H

#include "libella/codec.h"

/* One encoded property: bytes [off, end) of the slice's base, the identifier at off. */
struct lists_property {
    uint8_t id;
    uint32_t off;
    uint32_t end;
};

/* Takes one property of any identifier from the front of *rest. False at the end, and where the
 * bytes are no property: then *rest is not empty. */
ELLA_MUST_USE bool ella_lists_property_next(struct ella_slice *rest, struct lists_property *out);

/* The same, but passes over every identifier except the one asked for. */
ELLA_MUST_USE bool ella_lists_property_find(struct ella_slice *rest, enum ella_property_id id,
                                            struct lists_property *out);

/* Reads the length-prefixed field at the front of *rest and steps behind it; false, with *rest as
 * it was, if it does not fit. */
ELLA_MUST_USE bool ella_lists_field_next(struct ella_slice *rest, struct ella_slice *out);

/* The variable byte integer at the front of *rest; false, with *rest as it was, if it does not fit
 * or is longer than four bytes. */
ELLA_MUST_USE bool ella_lists_vbi_next(struct ella_slice *rest, uint32_t *out);

/* ella_filter_next(), and the options as they stand there, reserved bits included; 0 in
 * UNSUBSCRIBE. */
ELLA_MUST_USE bool ella_lists_filter_next(enum ella_packet_type type, struct ella_slice *rest,
                                          struct ella_filter *out, uint8_t *options);

/* Whether the version has these subscription options and they may stand together. */
ELLA_MUST_USE enum ella_error ella_lists_options_check(enum ella_version version,
                                                       const struct ella_filter *entry);

#endif
