/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * lists: walks and builds what may repeat inside a packet: topic filters, User Properties and
 * Subscription Identifiers. It does not know the packets around them.
 *
 * Invariants: a walk never reads outside its slice, whatever the bytes are, and every step makes
 * the slice shorter; a put writes the whole entry or nothing.
 *
 *     filter entry          length (2), filter, in SUBSCRIBE also options (1)
 *     user property         0x26, length (2), name, length (2), value
 *     subscription id       0x0B, variable byte integer (1..4)
 */
#include "lists.h"

#include <string.h>

#include "writer.h"

#define QOS_MAX 2u
#define RETAIN_HANDLING_MAX 2u

/* Subscription options (section 3.8.3.1): QoS in bits 0 and 1, then one flag each, then two bits
 * of Retain Handling. */
#define OPTION_NO_LOCAL 4u
#define OPTION_RETAIN_AS_PUBLISHED 8u
#define OPTION_RETAIN_HANDLING 16u

struct ella_slice ella_slice_of(const void *data, uint32_t len) {
    struct ella_slice s;
    s.base = (const uint8_t *)data;
    s.off = 0u;
    s.end = len;
    return s;
}

/* Walking. */

bool ella_lists_field_next(struct ella_slice *rest, struct ella_slice *out) {
    uint64_t end;
    if ((uint64_t)rest->off + 2u > rest->end)
        return false;
    end = (uint64_t)rest->off + 2u + rest->base[rest->off] * 256u + rest->base[rest->off + 1u];
    if (end > rest->end)
        return false;
    out->base = rest->base;
    out->off = rest->off + 2u;
    out->end = (uint32_t)end;
    rest->off = (uint32_t)end;
    return true;
}

bool ella_lists_vbi_next(struct ella_slice *rest, uint32_t *out) {
    uint32_t value = 0u;
    uint32_t weight = 1u;
    /*@ loop invariant ends: rest->off <= at <= rest->off + 4;
        loop invariant at > rest->off ==> at <= rest->end;
        loop invariant \forall integer i; rest->off <= i < at ==> rest->base[i] >= 128;
        loop assigns at, value, weight;
        loop variant rest->off + 4 - at; */
    for (uint32_t at = rest->off; at < rest->end && at - rest->off < 4u; at++) {
        const uint32_t byte = rest->base[at];
        value += byte % 128u * weight;
        weight *= 128u;
        if (byte < 128u) {
            *out = value;
            rest->off = at + 1u;
            return true;
        }
    }
    return false;
}

/*@ requires \valid(rest);
    assigns rest->off;
    ensures \result <==> \old(rest->off) + len <= rest->end;
    ensures rest->off == \old(rest->off) + (\result ? len : 0); */
static bool skip_bytes(struct ella_slice *rest, uint32_t len) {
    const uint64_t end = (uint64_t)rest->off + len;
    if (end > rest->end)
        return false;
    rest->off = (uint32_t)end;
    return true;
}

/* Two fields, one behind the other. */
/*@ requires \valid(rest) && \valid(name) && \valid(value);
    requires \separated(rest, name) && \separated(rest, value) && \separated(name, value);
    requires bytes_readable(rest->base, rest->off, rest->end);
    requires \separated(rest, rest->base + (rest->off .. rest->end - 1)) &&
      \separated(name, rest->base + (rest->off .. rest->end - 1)) &&
      \separated(value, rest->base + (rest->off .. rest->end - 1));
    assigns rest->off, *name, *value;
    ensures \result <==> pair_end(rest->base, \old(rest->off), rest->end) >= 0;
    ensures \result ==>
      rest->off == pair_end(rest->base, \old(rest->off), rest->end) && rest->off <= rest->end &&
      name->base == rest->base && name->off == \old(rest->off) + 2 &&
      name->end == field_end(rest->base, \old(rest->off), rest->end) &&
      value->base == rest->base && value->off == name->end + 2 && value->end == rest->off; */
static bool pair_next(struct ella_slice *rest, struct ella_slice *name,
                      struct ella_slice *value) {
    return ella_lists_field_next(rest, name) && ella_lists_field_next(rest, value);
}

/*@ requires \valid(rest) && bytes_readable(rest->base, rest->off, rest->end);
    requires \separated(rest, rest->base + (rest->off .. rest->end - 1));
    assigns rest->off;
    ensures \result <==> value_end(rest->base, \old(rest->off), rest->end, type) >= 0;
    ensures \result ==>
      rest->off == value_end(rest->base, \old(rest->off), rest->end, type) &&
      rest->off <= rest->end; */
static bool skip_value(struct ella_slice *rest, uint8_t type) {
    struct ella_slice ignored;
    struct ella_slice ignored_too;
    uint32_t number;
    switch (type) {
    case ELLA_TYPE_BYTE:
        return skip_bytes(rest, 1u);
    case ELLA_TYPE_TWO_BYTE_INTEGER:
        return skip_bytes(rest, 2u);
    case ELLA_TYPE_FOUR_BYTE_INTEGER:
        return skip_bytes(rest, 4u);
    case ELLA_TYPE_VARIABLE_BYTE_INTEGER:
        return ella_lists_vbi_next(rest, &number);
    case ELLA_TYPE_UTF8_STRING:
    case ELLA_TYPE_BINARY:
        return ella_lists_field_next(rest, &ignored);
    case ELLA_TYPE_UTF8_PAIR:
        return pair_next(rest, &ignored, &ignored_too);
    default:
        return false;
    }
}

bool ella_lists_property_next(struct ella_slice *rest, struct lists_property *out) {
    struct ella_slice walk = *rest;
    if (walk.off >= walk.end)
        return false;
    out->id = walk.base[walk.off];
    out->off = walk.off;
    walk.off += 1u;
    if (out->id >= ELLA_PROPERTY_RULE_COUNT ||
        !skip_value(&walk, ella_property_rules[out->id].type))
        return false;
    out->end = walk.off;
    *rest = walk;
    return true;
}

bool ella_lists_property_find(struct ella_slice *rest, enum ella_property_id id,
                              struct lists_property *out) {
    /*@ loop invariant ends: rest->end == \at(rest->end, Pre) && rest->off >= \at(rest->off, Pre);
        loop assigns *rest, *out;
        loop variant rest->end - rest->off; */
    while (ella_lists_property_next(rest, out)) {
        if (out->id == (uint8_t)id)
            return true;
    }
    return false;
}

bool ella_user_property_next(struct ella_slice *rest, struct ella_slice *name,
                             struct ella_slice *value) {
    struct lists_property found;
    struct ella_slice pair = *rest;
    if (!ella_lists_property_find(rest, ELLA_PROPERTY_USER_PROPERTY, &found))
        return false;
    pair.off = found.off + 1u;
    pair.end = found.end;
    return pair_next(&pair, name, value);
}

bool ella_subscription_identifier_next(struct ella_slice *rest, uint32_t *out) {
    struct lists_property found;
    struct ella_slice number = *rest;
    if (!ella_lists_property_find(rest, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER, &found))
        return false;
    number.off = found.off + 1u;
    number.end = found.end;
    return ella_lists_vbi_next(&number, out);
}

bool ella_lists_filter_next(enum ella_packet_type type, struct ella_slice *rest,
                            struct ella_filter *out, uint8_t *options) {
    struct ella_slice walk = *rest;
    *options = 0u;
    if (!ella_lists_field_next(&walk, &out->filter))
        return false;
    if (type == ELLA_SUBSCRIBE) {
        if (walk.off >= walk.end)
            return false;
        *options = walk.base[walk.off];
        walk.off += 1u;
    }
    out->qos = *options % 4u;
    out->no_local = *options / OPTION_NO_LOCAL % 2u == 1u;
    out->retain_as_published = *options / OPTION_RETAIN_AS_PUBLISHED % 2u == 1u;
    out->retain_handling = *options / OPTION_RETAIN_HANDLING % 4u;
    *rest = walk;
    return true;
}

bool ella_filter_next(enum ella_packet_type type, struct ella_slice *rest,
                      struct ella_filter *out) {
    uint8_t options;
    return ella_lists_filter_next(type, rest, out, &options);
}

/* Building. */

static enum ella_error filter_len_check(struct ella_slice filter) {
    //= v3/4.7.3-1 v5/4.7.3-1
    if (ella_slice_len(filter) == 0u)
        return ELLA_ERROR_TOPIC_FILTER_EMPTY;
    //= v3/4.7.3-3 v5/4.7.3-3
    if (ella_slice_len(filter) > ELLA_STRING_LEN_MAX)
        return ELLA_ERROR_FIELD_TOO_LONG;
    return ELLA_ERROR_NONE;
}

static bool has_options_of_5_0(const struct ella_filter *entry) {
    return entry->no_local || entry->retain_as_published || entry->retain_handling != 0u;
}

enum ella_error ella_lists_options_check(enum ella_version version,
                                         const struct ella_filter *entry) {
    struct ella_slice share;
    struct ella_slice filter;
    //= v3/3.8.3-4 v5/u-3.8.3.1-1
    if (entry->qos > QOS_MAX)
        return ELLA_ERROR_SUBSCRIPTION_QOS;
    if (version != ELLA_VERSION_5_0)
        return has_options_of_5_0(entry) ? ELLA_ERROR_VERSION_LACKS_FIELD : ELLA_ERROR_NONE;
    //= v5/u-3.8.3.1-2
    if (entry->retain_handling > RETAIN_HANDLING_MAX)
        return ELLA_ERROR_RETAIN_HANDLING;
    //= v5/3.8.3-4
    if (entry->no_local && ella_topic_share(entry->filter, &share, &filter))
        return ELLA_ERROR_SHARE_NO_LOCAL;
    return ELLA_ERROR_NONE;
}

/* The reserved bits stay 0 because nothing adds to them. */
//= v5/3.8.3-5
static uint8_t options_byte(const struct ella_filter *entry) {
    uint32_t options = entry->qos;
    options += entry->no_local ? OPTION_NO_LOCAL : 0u;
    options += entry->retain_as_published ? OPTION_RETAIN_AS_PUBLISHED : 0u;
    options += entry->retain_handling * OPTION_RETAIN_HANDLING;
    return (uint8_t)options;
}

enum ella_error ella_filter_put(enum ella_packet_type type, enum ella_version version,
                                const struct ella_filter *entry, uint8_t *buf, uint32_t size,
                                uint32_t *used) {
    const uint32_t options_len = type == ELLA_SUBSCRIBE ? 1u : 0u;
    struct writer w = writer_of(buf, *used, size);
    enum ella_error error = filter_len_check(entry->filter);
    if (error == ELLA_ERROR_NONE && type == ELLA_SUBSCRIBE)
        error = ella_lists_options_check(version, entry);
    if (error != ELLA_ERROR_NONE)
        return error;
    if (!writer_room(&w, 2u + ella_slice_len(entry->filter) + options_len))
        return ELLA_ERROR_BUFFER_TOO_SMALL;
    writer_string(&w, entry->filter);
    if (type == ELLA_SUBSCRIBE)
        writer_u8(&w, options_byte(entry));
    *used = (uint32_t)w.at;
    return ELLA_ERROR_NONE;
}

enum ella_error ella_user_property_put(struct ella_slice name, struct ella_slice value,
                                       uint8_t *buf, uint32_t size, uint32_t *used) {
    const uint32_t name_len = ella_slice_len(name);
    const uint32_t value_len = ella_slice_len(value);
    struct writer w = writer_of(buf, *used, size);
    if (name_len > ELLA_STRING_LEN_MAX || value_len > ELLA_STRING_LEN_MAX)
        return ELLA_ERROR_FIELD_TOO_LONG;
    if (!writer_room(&w, 1u + 2u + name_len + 2u + value_len))
        return ELLA_ERROR_BUFFER_TOO_SMALL;
    writer_u8(&w, ELLA_PROPERTY_USER_PROPERTY);
    writer_string(&w, name);
    writer_string(&w, value);
    *used = (uint32_t)w.at;
    return ELLA_ERROR_NONE;
}

enum ella_error ella_subscription_identifier_put(uint32_t identifier, uint8_t *buf, uint32_t size,
                                                 uint32_t *used) {
    struct writer w = writer_of(buf, *used, size);
    if (identifier == 0u || identifier > ELLA_SUBSCRIPTION_IDENTIFIER_MAX)
        return ELLA_ERROR_PROPERTY_RANGE;
    if (!writer_room(&w, 1u + writer_vbi_len(identifier)))
        return ELLA_ERROR_BUFFER_TOO_SMALL;
    writer_u8(&w, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER);
    writer_vbi(&w, identifier);
    *used = (uint32_t)w.at;
    return ELLA_ERROR_NONE;
}
