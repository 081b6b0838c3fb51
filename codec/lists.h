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

/* For the contracts of the code: where the value of a property ends that begins at i (sections 1.5
 * and 2.2.2), by its type; where a property ends, -1 if there is none or it is not whole; and how
 * many bytes the properties with an identifier have in a run. */
/*@ logic integer type_of(integer id) =
      id == 0x01 || id == 0x17 || id == 0x19 || id == 0x24 || id == 0x25 || 0x28 <= id <= 0x2A ?
        ELLA_TYPE_BYTE :
      (id == 0x13 || 0x21 <= id <= 0x23 ? ELLA_TYPE_TWO_BYTE_INTEGER :
      (id == 0x02 || id == 0x11 || id == 0x18 || id == 0x27 ? ELLA_TYPE_FOUR_BYTE_INTEGER :
      (id == 0x0B ? ELLA_TYPE_VARIABLE_BYTE_INTEGER :
      (id == 0x03 || id == 0x08 || id == 0x12 || id == 0x15 || id == 0x1A || id == 0x1C ||
        id == 0x1F ? ELLA_TYPE_UTF8_STRING :
      (id == 0x09 || id == 0x16 ? ELLA_TYPE_BINARY :
      (id == 0x26 ? ELLA_TYPE_UTF8_PAIR : ELLA_TYPE_NONE))))));

    predicate is_text(integer type) = type == ELLA_TYPE_UTF8_STRING || type == ELLA_TYPE_BINARY;

    predicate types_known{L} = \forall integer id; 0 <= id < ELLA_PROPERTY_RULE_COUNT ==>
      ella_property_rules[id].type == type_of(id) &&
      (is_text(type_of(id)) ==> ella_property_rules[id].maximum <= 65535);

    logic integer field_end{L}(uint8_t *b, integer i, integer end) =
      i + 2 <= end && i + 2 + b[i] * 256 + b[i + 1] <= end ? i + 2 + b[i] * 256 + b[i + 1] : -1;

    logic integer pair_end{L}(uint8_t *b, integer i, integer end) =
      field_end(b, i, end) < i ? -1 : field_end(b, field_end(b, i, end), end);

    logic integer vbi_end{L}(uint8_t *b, integer i, integer end) =
      i < end && b[i] < 128 ? i + 1 :
      (i + 1 < end && b[i + 1] < 128 ? i + 2 :
      (i + 2 < end && b[i + 2] < 128 ? i + 3 :
      (i + 3 < end && b[i + 3] < 128 ? i + 4 : -1)));

    logic integer value_end{L}(uint8_t *b, integer i, integer end, integer type) =
      type == ELLA_TYPE_BYTE ? (i + 1 <= end ? i + 1 : -1) :
      (type == ELLA_TYPE_TWO_BYTE_INTEGER ? (i + 2 <= end ? i + 2 : -1) :
      (type == ELLA_TYPE_FOUR_BYTE_INTEGER ? (i + 4 <= end ? i + 4 : -1) :
      (type == ELLA_TYPE_VARIABLE_BYTE_INTEGER ? vbi_end(b, i, end) :
      (type == ELLA_TYPE_UTF8_STRING || type == ELLA_TYPE_BINARY ? field_end(b, i, end) :
      (type == ELLA_TYPE_UTF8_PAIR ? pair_end(b, i, end) : -1)))));

    logic integer entry_end{L}(uint8_t *b, integer i, integer end) =
      i < end ? value_end(b, i + 1, end, type_of(b[i])) : -1;

    logic integer run_size{L}(uint8_t *b, integer i, integer end, integer id) =
      entry_end(b, i, end) <= i ? 0 :
      (b[i] == id ? entry_end(b, i, end) - i : 0) + run_size(b, entry_end(b, i, end), end, id);

    // The same, to be asserted: a prover unfolds run_size() where what follows is spoken of.
    predicate run_ends{L}(uint8_t *b, integer i, integer end, integer id) =
      run_size(b, i, end, id) == 0 || run_size(b, entry_end(b, i, end), end, id) != 0; */

/* For the contracts: how many bytes properties have, each by itself and all whose bits are in
 * rest, the lowest of which belongs to id. ids and pairs are the bytes of those that may repeat.
 * And whether each of them has a size: it exists, and its length fits into two bytes. */
/*@ logic integer text_len(struct ella_properties p, integer id) =
      id == 0x03 ? p.content_type.end - p.content_type.off :
      (id == 0x08 ? p.response_topic.end - p.response_topic.off :
      (id == 0x09 ? p.correlation_data.end - p.correlation_data.off :
      (id == 0x12 ? p.assigned_client_identifier.end - p.assigned_client_identifier.off :
      (id == 0x15 ? p.authentication_method.end - p.authentication_method.off :
      (id == 0x16 ? p.authentication_data.end - p.authentication_data.off :
      (id == 0x1A ? p.response_information.end - p.response_information.off :
      (id == 0x1C ? p.server_reference.end - p.server_reference.off :
        p.reason_string.end - p.reason_string.off)))))));

    logic integer property_size(struct ella_properties p, integer id, integer ids,
                                integer pairs) =
      type_of(id) == ELLA_TYPE_BYTE ? 2 :
      (type_of(id) == ELLA_TYPE_TWO_BYTE_INTEGER ? 3 :
      (type_of(id) == ELLA_TYPE_FOUR_BYTE_INTEGER ? 5 :
      (type_of(id) == ELLA_TYPE_VARIABLE_BYTE_INTEGER ? ids :
      (type_of(id) == ELLA_TYPE_UTF8_PAIR ? pairs :
      (type_of(id) == ELLA_TYPE_NONE ? 0 : 3 + text_len(p, id))))));

    predicate property_sized(struct ella_properties p, integer id) =
      type_of(id) != ELLA_TYPE_NONE && (is_text(type_of(id)) ==> 0 <= text_len(p, id) <= 65535);

    logic integer walk_size(struct ella_properties p, integer rest, integer id, integer ids,
                            integer pairs) =
      rest <= 0 ? 0 :
      (rest % 2 == 1 ? property_size(p, id, ids, pairs) : 0) +
        walk_size(p, rest / 2, id + 1, ids, pairs);

    predicate walk_sized(struct ella_properties p, integer rest, integer id) =
      rest > 0 ==>
        (rest % 2 == 1 ==> property_sized(p, id)) && walk_sized(p, rest / 2, id + 1);

    // The same properties are left.
    predicate walk_same(integer rest, integer id, integer rest2, integer id2) =
      (\forall struct ella_properties p, integer ids, pairs;
        walk_size(p, rest, id, ids, pairs) == walk_size(p, rest2, id2, ids, pairs)) &&
      (\forall struct ella_properties p; walk_sized(p, rest, id) <==> walk_sized(p, rest2, id2));

    logic integer ids_size{L}(struct ella_properties *p) =
      run_size(p->subscription_identifiers.base, p->subscription_identifiers.off,
               p->subscription_identifiers.end, 0x0B);

    logic integer pairs_size{L}(struct ella_properties *p) =
      run_size(p->user_properties.base, p->user_properties.off, p->user_properties.end, 0x26);

    logic integer properties_size{L}(struct ella_properties *p) =
      walk_size(*p, p->present, 0, ids_size(p), pairs_size(p));

    predicate properties_sized{L}(struct ella_properties *p) = walk_sized(*p, p->present, 0);

    predicate slice_lawful{L}(struct ella_slice s) =
      s.off <= s.end && bytes_readable(s.base, s.off, s.end);

    // Properties that can be read.
    predicate properties_lawful{L}(struct ella_properties *p) =
      \valid_read(p) && slice_lawful(p->content_type) && slice_lawful(p->response_topic) &&
      slice_lawful(p->correlation_data) && slice_lawful(p->assigned_client_identifier) &&
      slice_lawful(p->authentication_method) && slice_lawful(p->authentication_data) &&
      slice_lawful(p->response_information) && slice_lawful(p->server_reference) &&
      slice_lawful(p->reason_string) && slice_lawful(p->subscription_identifiers) &&
      slice_lawful(p->user_properties);

    logic integer power_of_2(integer n) = n <= 0 ? 1 : 2 * power_of_2(n - 1);

    predicate walk_in(integer rest, integer id) =
      0 <= id <= 64 && 0 <= rest < power_of_2(64 - id); */

/* Takes one property of any identifier from the front of *rest. False at the end, and where the
 * bytes are no property: then *rest is not empty. */
/*@ requires \valid(rest) && \valid(out) && \separated(rest, out) && types_known;
    requires bytes_readable(rest->base, rest->off, rest->end);
    requires \separated(rest, rest->base + (rest->off .. rest->end - 1)) &&
      \separated(out, rest->base + (rest->off .. rest->end - 1));
    assigns *rest, *out;
    ensures \result <==> entry_end(\old(rest->base), \old(rest->off), \old(rest->end)) >= 0;
    ensures \result ==> out->id == \old(rest->base[rest->off]) && out->off == \old(rest->off) &&
      out->end == entry_end(\old(rest->base), \old(rest->off), \old(rest->end)) &&
      rest->off == out->end && out->off < out->end <= rest->end;
    ensures !\result ==> rest->off == \old(rest->off);
    ensures rest->base == \old(rest->base) && rest->end == \old(rest->end); */
ELLA_MUST_USE bool ella_lists_property_next(struct ella_slice *rest, struct lists_property *out);

/* The same, but passes over every identifier except the one asked for. */
ELLA_MUST_USE bool ella_lists_property_find(struct ella_slice *rest, enum ella_property_id id,
                                            struct lists_property *out);

/* Reads the length-prefixed field at the front of *rest and steps behind it; false, with *rest as
 * it was, if it does not fit. */
/*@ requires \valid(rest) && \valid(out) && \separated(rest, out);
    requires bytes_readable(rest->base, rest->off, rest->end);
    requires \separated(rest, rest->base + (rest->off .. rest->end - 1)) &&
      \separated(out, rest->base + (rest->off .. rest->end - 1));
    assigns rest->off, *out;
    ensures \result <==> field_end(rest->base, \old(rest->off), rest->end) >= 0;
    ensures \result ==>
      rest->off == field_end(rest->base, \old(rest->off), rest->end) &&
      out->base == rest->base && out->off == \old(rest->off) + 2 && out->end == rest->off;
    ensures !\result ==> rest->off == \old(rest->off); */
ELLA_MUST_USE bool ella_lists_field_next(struct ella_slice *rest, struct ella_slice *out);

/* The variable byte integer at the front of *rest; false, with *rest as it was, if it does not fit
 * or is longer than four bytes. */
/*@ requires \valid(rest) && \valid(out) && \separated(rest, out);
    requires bytes_readable(rest->base, rest->off, rest->end);
    requires \separated(rest, rest->base + (rest->off .. rest->end - 1)) &&
      \separated(out, rest->base + (rest->off .. rest->end - 1));
    assigns rest->off, *out;
    ensures \result <==> vbi_end(rest->base, \old(rest->off), rest->end) >= 0;
    ensures \result ==> rest->off == vbi_end(rest->base, \old(rest->off), rest->end);
    ensures !\result ==> rest->off == \old(rest->off); */
ELLA_MUST_USE bool ella_lists_vbi_next(struct ella_slice *rest, uint32_t *out);

/* ella_filter_next(), and the options as they stand there, reserved bits included; 0 in
 * UNSUBSCRIBE. */
/*@ requires \valid(rest) && \valid(out) && \valid(options);
    requires \separated(rest, out) && \separated(rest, options) && \separated(out, options);
    requires bytes_readable(rest->base, rest->off, rest->end);
    requires \separated(rest, rest->base + (rest->off .. rest->end - 1)) &&
      \separated(out, rest->base + (rest->off .. rest->end - 1)) &&
      \separated(options, rest->base + (rest->off .. rest->end - 1));
    assigns *rest, *out, *options;
    ensures rest->base == \old(rest->base) && rest->end == \old(rest->end);
    ensures \result ==> \old(rest->off) < rest->off <= rest->end;
    ensures !\result ==> rest->off == \old(rest->off); */
ELLA_MUST_USE bool ella_lists_filter_next(enum ella_packet_type type, struct ella_slice *rest,
                                          struct ella_filter *out, uint8_t *options);

/* Whether the version has these subscription options and they may stand together. */
ELLA_MUST_USE enum ella_error ella_lists_options_check(enum ella_version version,
                                                       const struct ella_filter *entry);

#endif
