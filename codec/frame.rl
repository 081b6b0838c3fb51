/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * frame: the fixed header of every packet (sections 2.2 of 3.1.1, 2.1 of 5.0): what the first byte
 * may be, how long the packet is, whether it is too large. It does not know what is in a packet.
 *
 * Invariants, between calls: header_len_ bytes of the packet were seen, 0 to 5; state_ says what
 * may come next; remaining_length_ < 128 ^ (bytes of it seen). No byte is looked at twice.
 */
#include "codec/machines.h"

%%{
    machine frame;
    alphtype unsigned char;
    getkey buf[p];

    action first_byte {
        frame_first_byte(d, buf[p]);
        if (d->error != (uint8_t)ELLA_ERROR_NONE)
            fbreak;
    }
    action length { frame_length(d, buf[p]); }
    action too_long {
        frame_fail(d, ELLA_ERROR_VARIABLE_BYTE_INTEGER, d->header_len_);
        fbreak;
    }
    action whole { fbreak; }

    # 2.1.1: control packet type and flags
    first_byte = any @first_byte;

    # 2.1.4: seven bits in each byte, the low ones first; at most four bytes
    more = 0x80..0xff @length;
    last = 0x00..0x7f @length @whole;
    fifth = 0x80..0xff @too_long;
    remaining_length = last | more ( last | more ( last | more ( last | fifth ) ) );

    main := first_byte remaining_length;
}%%

%% write data noerror;

/*@ requires \valid(d);
    assigns d->error, d->error_offset;
    ensures d->error == (uint8_t)error && d->error_offset == offset; */
static void frame_fail(struct ella_decoder *d, enum ella_error error, uint32_t offset) {
    d->error = (uint8_t)error;
    d->error_offset = offset;
}

/* Which end may send packets of this type. */
/*@ requires 1 <= type <= 15;
    assigns \nothing;
    ensures \result == ELLA_ERROR_NONE <==> may_send(version, sender, type); */
static enum ella_error frame_direction(uint8_t version, uint8_t sender, uint8_t type) {
    const struct ella_packet_rule *rule = &ella_packet_rules[type];
    const uint32_t senders =
        version == (uint8_t)ELLA_VERSION_5_0 ? rule->v5_sent_by : rule->v3_sent_by;
    const uint32_t bit =
        sender == (uint8_t)ELLA_FROM_CLIENT ? ELLA_SENT_BY_CLIENT : ELLA_SENT_BY_SERVER;

    if (senders == 0u)
        return ELLA_ERROR_PACKET_TYPE_RESERVED;
    return (senders & bit) == 0u ? ELLA_ERROR_PACKET_DIRECTION : ELLA_ERROR_NONE;
}

/* The DUP and QoS flags of PUBLISH (section 3.3.1). */
/*@ requires flags <= 15;
    assigns \nothing;
    ensures \result == ELLA_ERROR_NONE <==> publish_flags_right(flags); */
static enum ella_error frame_publish_flags(uint8_t flags) {
    const uint32_t qos = flags / 2u % 4u;

    //= v3/3.3.1-4 v5/3.3.1-4 v5/u-3.3.1.2-1
    if (qos == 3u)
        return ELLA_ERROR_PUBLISH_QOS;
    //= v3/3.3.1-2 v5/3.3.1-2
    if (qos == 0u && flags / 8u == 1u)
        return ELLA_ERROR_PUBLISH_DUP_QOS_0;
    return ELLA_ERROR_NONE;
}

/* The flags of all the others are reserved. 3.1 called them unused: there they may be anything,
 * but in CONNECT, whose first byte comes before the version. */
/*@ requires 1 <= type <= 15;
    assigns \nothing;
    ensures flags == ella_packet_rules[type].flags ==> \result == ELLA_ERROR_NONE; */
static enum ella_error frame_reserved_flags(uint8_t version, uint8_t type, uint8_t flags) {
    const struct ella_packet_rule *rule = &ella_packet_rules[type];
    const uint8_t mask =
        version == (uint8_t)ELLA_VERSION_3_1 ? rule->flags_mask_v31 : rule->flags_mask;

    //= v3/2.2.2-1 v3/2.2.2-2 v5/2.1.3-1 v5/u-2.1.3-1
    //= v3/3.6.1-1 v3/3.8.1-1 v3/3.10.1-1 v3/3.14.1-1
    //= v5/3.6.1-1 v5/3.8.1-1 v5/3.10.1-1 v5/3.14.1-1 v5/3.15.1-1
    return ((flags ^ rule->flags) & mask) != 0 ? ELLA_ERROR_FIXED_HEADER_FLAGS : ELLA_ERROR_NONE;
}

enum ella_error ella_frame_first_byte(uint8_t version, uint8_t sender, uint8_t first_byte) {
    const uint8_t type = first_byte / 16u;
    const uint8_t flags = first_byte % 16u;
    enum ella_error error;

    if (type == 0u)
        return ELLA_ERROR_PACKET_TYPE_RESERVED;
    //= v3/3.1.0-1 v5/3.1.0-1
    if (version == (uint8_t)ELLA_VERSION_UNKNOWN && type != (uint8_t)ELLA_CONNECT)
        return ELLA_ERROR_CONNECT_EXPECTED;
    error = frame_direction(version, sender, type);
    if (error != ELLA_ERROR_NONE)
        return error;
    return type == (uint8_t)ELLA_PUBLISH ? frame_publish_flags(flags)
                                         : frame_reserved_flags(version, type, flags);
}

/*@ requires \valid(d);
    assigns d->first_byte_, d->packet_type, d->header_len_, d->error, d->error_offset;
    ensures d->first_byte_ == byte && d->packet_type == byte / 16 && d->header_len_ == 1;
    ensures lawful_first_byte(d->version, d->sender_, byte) ==> d->error == \old(d->error);
    ensures d->error == \old(d->error) || d->error_offset == 0; */
static void frame_first_byte(struct ella_decoder *d, uint8_t byte) {
    const enum ella_error error = ella_frame_first_byte(d->version, d->sender_, byte);

    d->first_byte_ = byte;
    d->packet_type = byte / 16u;
    d->header_len_ = 1u;
    if (error != ELLA_ERROR_NONE)
        frame_fail(d, error, 0u);
}

/* One more byte of the Remaining Length; at most four. */
/*@ requires \valid(d) && 1 <= d->header_len_ <= 4;
    assigns d->remaining_length_, d->not_shortest_, d->header_len_;
    ensures \old(d->header_len_) == 1 ==> d->remaining_length_ == byte % 128;
    ensures \old(d->header_len_) == 2 && \old(d->remaining_length_) < 128 ==>
      d->remaining_length_ == \old(d->remaining_length_) + byte % 128 * 128;
    ensures \old(d->header_len_) == 3 && \old(d->remaining_length_) < 16384 ==>
      d->remaining_length_ == \old(d->remaining_length_) + byte % 128 * 16384;
    ensures \old(d->header_len_) == 4 && \old(d->remaining_length_) < 2097152 ==>
      d->remaining_length_ == \old(d->remaining_length_) + byte % 128 * 2097152;
    ensures d->remaining_length_ <= ELLA_REMAINING_LENGTH_MAX;
    ensures d->not_shortest_ <==> byte == 0 && \old(d->header_len_) > 1;
    ensures d->header_len_ == \old(d->header_len_) + 1; */
static void frame_length(struct ella_decoder *d, uint8_t byte) {
    const uint32_t digit = byte % 128u;

    if (d->header_len_ == 1u)
        d->remaining_length_ = digit;
    else if (d->header_len_ == 2u)
        d->remaining_length_ = d->remaining_length_ % 128u + digit * 128u;
    else if (d->header_len_ == 3u)
        d->remaining_length_ = d->remaining_length_ % 16384u + digit * 16384u;
    else
        d->remaining_length_ = d->remaining_length_ % 2097152u + digit * 2097152u;
    d->not_shortest_ = byte == 0u && d->header_len_ > 1u;
    d->header_len_ = (uint8_t)(d->header_len_ % 5u + 1u);
}

/* What the whole fixed header has to obey, before any byte of the body is needed. */
/*@ requires \valid(d) && 2 <= d->header_len_ <= 5;
    requires d->remaining_length_ <= ELLA_REMAINING_LENGTH_MAX && d->error == ELLA_ERROR_NONE;
    assigns d->error, d->error_offset;
    ensures d->error == ELLA_ERROR_NONE <==>
      d->header_len_ + d->remaining_length_ <= d->max_packet_size_ &&
      (d->version == ELLA_VERSION_5_0 ==> !d->not_shortest_);
    ensures d->error == ELLA_ERROR_NONE || d->error_offset == d->header_len_ - 1 &&
        d->error == ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST && d->not_shortest_ &&
        d->version == ELLA_VERSION_5_0 ||
      d->error_offset == 1 && d->error == ELLA_ERROR_PACKET_TOO_LARGE &&
        d->header_len_ + d->remaining_length_ > d->max_packet_size_; */
static void frame_limits(struct ella_decoder *d) {
    //= v5/1.5.5-1
    if (d->not_shortest_ && d->version == (uint8_t)ELLA_VERSION_5_0)
        frame_fail(d, ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST, d->header_len_ - 1u);
    //= v5/u-3.2.2.3.6-2
    else if (d->header_len_ + d->remaining_length_ > d->max_packet_size_)
        frame_fail(d, ELLA_ERROR_PACKET_TOO_LARGE, 1u);
}

void ella_frame_begin(struct ella_decoder *d) {
    d->packet_type = 0u;
    d->state_ = (uint8_t)frame_start;
    d->header_len_ = 0u;
    d->not_shortest_ = false;
    d->remaining_length_ = 0u;
}

bool ella_frame_read(struct ella_decoder *d, const uint8_t *buf, uint32_t start, uint32_t end) {
    uint32_t p = start;
    const uint32_t pe = end;
    int cs = d->state_;

    if (cs >= frame_first_final)
        return true;
    /*@ loop invariant ends: start <= p < pe;
        loop invariant d->error == ELLA_ERROR_NONE;
        loop invariant p - d->header_len_ == start - \at(d->header_len_, Pre);
        loop invariant frame_seen(d, cs, buf, start - \at(d->header_len_, Pre)) && cs != 6;
        loop assigns p, cs, d->packet_type, d->header_len_, d->not_shortest_,
          d->remaining_length_, d->first_byte_, d->error, d->error_offset;
        loop variant pe - p; */
    %% write exec;
    d->state_ = (uint8_t)cs;
    if (d->error != (uint8_t)ELLA_ERROR_NONE || cs < frame_first_final)
        return false;
    frame_limits(d);
    return d->error == (uint8_t)ELLA_ERROR_NONE;
}
