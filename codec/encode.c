/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * encode: packets to bytes. Each packet has a plan, which refuses what a receiver would refuse and
 * adds up the exact size, and a put, which writes. It does not look into strings: that is
 * encode_checked.c.
 *
 * Invariants: nothing is written unless the whole packet is right and fits; 5.0 packets take their
 * shortest form, so reason code 0 and an empty Property Length are left out where they may be.
 */
#include "encode.h"
#include "lists.h"

#define QOS_MAX 2u
#define CONNACK_CODE_V3_MAX 5u

/* First byte of PUBLISH (section 3.3.1): flags as multiples. */
#define PUBLISH_DUP 8u
#define PUBLISH_QOS 2u
#define PUBLISH_RETAIN 1u

/* Turns the bytes counted into the size of the packet. */
/*@ requires \valid(plan) && plan->body >= 0;
    assigns plan->error, plan->remaining_length, plan->size;
    ensures error_kept{Pre, Here}(plan);
    ensures \old(plan->error) == ELLA_ERROR_NONE ==>
      (plan->error == ELLA_ERROR_NONE <==> plan->body <= ELLA_REMAINING_LENGTH_MAX);
    ensures plan->error == ELLA_ERROR_NONE ==> plan->remaining_length == plan->body &&
      plan->size == 1 + vbi_len(plan->body) + plan->body; */
static inline void plan_end(struct encode_plan *plan) {
    const int64_t body = plan->body;
    encode_require(plan, body <= (int64_t)ELLA_REMAINING_LENGTH_MAX, ELLA_ERROR_FIELD_TOO_LONG);
    if (plan->error != ENCODE_RIGHT)
        return;
    plan->remaining_length = (int32_t)body;
    plan->size = (int32_t)(1 + (int64_t)writer_vbi_len((uint32_t)body) + body);
}

/* What the packets have in common. */

/*@ requires \valid_read(plan);
    assigns \nothing;
    ensures \result == ELLA_ERROR_NONE <==> plan->version == ELLA_VERSION_3_1 ||
      plan->version == ELLA_VERSION_3_1_1 || plan->version == ELLA_VERSION_5_0; */
static enum ella_error version_check(const struct encode_plan *plan) {
    if (plan->version == (int64_t)ELLA_VERSION_UNKNOWN)
        return ELLA_ERROR_CONNECT_EXPECTED;
    if (plan->version == ENCODE_3_1 || plan->version == (int64_t)ELLA_VERSION_3_1_1 ||
        encode_is_5_0(plan))
        return ELLA_ERROR_NONE;
    return ELLA_ERROR_PROTOCOL_VERSION;
}

/* Whether this side sends packets of this type at all. type is not above ELLA_AUTH. */
/*@ requires \valid_read(plan) && 1 <= type <= 15;
    assigns \nothing;
    ensures \result == ELLA_ERROR_NONE <==> may_send(plan->version, plan->sender, type); */
static enum ella_error sender_check(const struct encode_plan *plan, uint32_t type) {
    const struct ella_packet_rule *rule = &ella_packet_rules[type];
    const uint32_t senders = encode_is_5_0(plan) ? rule->v5_sent_by : rule->v3_sent_by;
    const uint32_t sender =
        plan->sender == (int64_t)ELLA_FROM_CLIENT ? ELLA_SENT_BY_CLIENT : ELLA_SENT_BY_SERVER;
    if (senders == 0u)
        return ELLA_ERROR_VERSION_LACKS_FIELD;
    return (senders & sender) != 0u ? ELLA_ERROR_NONE : ELLA_ERROR_PACKET_DIRECTION;
}

/*@ requires \valid(plan) && body_fits(plan);
    assigns plan->error, plan->body;
    ensures plan->body == \old(plan->body) + 2;
    ensures \old(plan->error) == ELLA_ERROR_NONE ==>
      (plan->error == ELLA_ERROR_NONE <==> packet_id != 0);
    ensures error_kept{Pre, Here}(plan); */
static void plan_packet_id(struct encode_plan *plan, uint16_t packet_id) {
    //= v3/2.3.1-1 v5/2.2.1-3 v5/2.2.1-4
    encode_require(plan, packet_id != 0u, ELLA_ERROR_PACKET_ID_ZERO);
    plan->body += 2;
}

/* Properties that are always announced in 5.0, even if there are none. None is what most packets
 * have, and right in each but AUTH. */
static inline void plan_properties(struct encode_plan *plan, enum ella_packet_type type,
                                   const struct ella_properties *properties) {
    plan->properties_len = properties->present == 0u
                               ? 0
                               : ella_encode_properties_plan(plan, (uint32_t)type, properties);
    if (encode_is_5_0(plan))
        plan->body += encode_properties_size(plan->properties_len);
}

static void put_properties(struct writer *w, const struct encode_plan *plan,
                           const struct ella_properties *properties) {
    if (encode_is_5_0(plan))
        ella_encode_properties_put(w, properties, plan->properties_len);
}

/* Whether a 5.0 reason code is one of this packet's. As in the decoder, which side it suits is
 * left to who knows the conversation, so that what was decoded can be encoded again. */
/*@ requires 1 <= type <= 15;
    assigns \nothing;
    ensures \result <==> reason_in(type, code); */
static bool reason_belongs(enum ella_packet_type type, uint8_t code) {
    return (ella_reason_packets[code] & ELLA_PACKET_BIT((uint32_t)type)) != 0u;
}

/* Reason code and properties at the end of a packet, each left out where 5.0 lets it. */
static void plan_reason(struct encode_plan *plan, enum ella_packet_type type, uint8_t reason_code,
                        const struct ella_properties *properties) {
    plan->properties_len = ella_encode_properties_plan(plan, (uint32_t)type, properties);
    if (!encode_is_5_0(plan)) {
        encode_require(plan, reason_code == 0u, ELLA_ERROR_VERSION_LACKS_FIELD);
        return;
    }
    //= v5/3.4.2-1 v5/3.5.2-1 v5/3.6.2-1 v5/3.7.2-1 v5/3.14.2-1 v5/3.15.2-1
    encode_require(plan, reason_belongs(type, reason_code), ELLA_ERROR_REASON_CODE);
    if (plan->properties_len > 0)
        plan->body += 1 + encode_properties_size(plan->properties_len);
    else if (reason_code != 0u)
        plan->body += 1;
}

static void put_reason(struct writer *w, const struct encode_plan *plan, uint8_t reason_code,
                       const struct ella_properties *properties) {
    if (plan->properties_len == 0 && reason_code == 0u)
        return;
    writer_u8(w, reason_code);
    /*@ assert \at(w->at, Pre) <= w->end ==> writer_put{Pre, Here}(w, 1); */
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    /*@ assert put_apart{Pre}(w, properties) ==> members_same{Pre, Here}(properties); */
    /*@ assert properties->subscription_identifiers.off >= 0 &&
          properties->user_properties.off >= 0; */
    /*@ assert put_apart{Pre}(w, properties) ==> sizes_same{Pre, Here}(properties); */
    if (plan->properties_len > 0)
        ella_encode_properties_put(w, properties, plan->properties_len);
}

/* CONNACK (section 3.2). */

static void plan_connack(struct encode_plan *plan, const struct ella_connack *connack) {
    if (encode_is_5_0(plan)) {
        //= v5/3.2.2-8
        encode_require(plan, reason_belongs(ELLA_CONNACK, connack->reason_code),
                       ELLA_ERROR_REASON_CODE);
    } else {
        encode_require(plan, connack->reason_code <= CONNACK_CODE_V3_MAX, ELLA_ERROR_REASON_CODE);
    }
    //= v3/3.2.2-4 v5/3.2.2-6
    encode_require(plan, !connack->session_present || connack->reason_code == 0u,
                   ELLA_ERROR_SESSION_PRESENT);
    encode_require(plan, !connack->session_present || plan->version != ENCODE_3_1,
                   ELLA_ERROR_VERSION_LACKS_FIELD);
    plan->body += 2;
    plan_properties(plan, ELLA_CONNACK, &connack->properties);
}

static void put_connack(struct writer *w, const struct encode_plan *plan,
                        const struct ella_connack *connack) {
    //= v5/3.2.2-1
    writer_u8(w, connack->session_present ? 1u : 0u);
    writer_u8(w, connack->reason_code);
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    /*@ assert put_apart{Pre}(w, &connack->properties) ==>
          members_same{Pre, Here}(&connack->properties); */
    /*@ assert put_apart{Pre}(w, &connack->properties) ==>
          sizes_same{Pre, Here}(&connack->properties); */
    put_properties(w, plan, &connack->properties);
}

/* PUBLISH (section 3.3). */

static void plan_topic(struct encode_plan *plan, const struct ella_publish *publish) {
    const bool alias = encode_is_5_0(plan) &&
                       ella_property_present(&publish->properties, ELLA_PROPERTY_TOPIC_ALIAS);
    //= v3/4.7.3-1 v5/u-3.3.2.1-1
    encode_require(plan, ella_slice_len(publish->topic) > 0u || alias,
                   ELLA_ERROR_TOPIC_NAME_EMPTY);
    encode_plan_string(plan, publish->topic);
}

void ella_encode_plan_publish(struct encode_plan *plan, const struct ella_publish *publish) {
    encode_fail(plan, version_check(plan));
    //= v3/3.3.1-4 v5/3.3.1-4
    encode_require(plan, publish->qos <= QOS_MAX, ELLA_ERROR_PUBLISH_QOS);
    //= v3/3.3.1-2 v5/3.3.1-2
    encode_require(plan, publish->qos > 0u || !publish->dup, ELLA_ERROR_PUBLISH_DUP_QOS_0);
    plan_topic(plan, publish);
    //= v3/2.3.1-5 v5/2.2.1-2
    if (publish->qos > 0u)
        plan_packet_id(plan, publish->packet_id);
    plan_properties(plan, ELLA_PUBLISH, &publish->properties);
    plan->body += (int64_t)ella_slice_len(publish->payload);
    plan_end(plan);
}

/*@ requires \valid_read(publish);
    assigns \nothing;
    ensures publish->qos <= 2 ==> \result == ELLA_PUBLISH * 16 + (publish->dup ? 8 : 0) +
      publish->qos * 2 + (publish->retain ? 1 : 0); */
static uint8_t publish_first_byte(const struct ella_publish *publish) {
    uint32_t first = ELLA_PUBLISH * 16u + publish->qos * PUBLISH_QOS;
    first += publish->dup ? PUBLISH_DUP : 0u;
    first += publish->retain ? PUBLISH_RETAIN : 0u;
    return (uint8_t)first;
}

static void put_publish(struct writer *w, const struct encode_plan *plan,
                        const struct ella_publish *publish) {
    //= v3/3.3.2-1 v5/3.3.2-1
    writer_string(w, publish->topic);
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    if (publish->qos > 0u)
        writer_u16(w, publish->packet_id);
    /*@ assert \at(w->at, Pre) <= w->end && \at(publish->topic.end - publish->topic.off, Pre) <=
          ELLA_STRING_LEN_MAX ==> writer_put{Pre, Here}(w, \at(2 + publish->topic.end -
          publish->topic.off + (publish->qos > 0 ? 2 : 0), Pre)); */
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    /*@ assert put_apart{Pre}(w, &publish->properties) ==>
          members_same{Pre, Here}(&publish->properties); */
    /*@ assert put_apart{Pre}(w, &publish->properties) ==>
          sizes_same{Pre, Here}(&publish->properties); */
    put_properties(w, plan, &publish->properties);
    /*@ assert \at(slice_apart(w, publish->payload), Pre) ==> slice_apart(w, publish->payload); */
    writer_bytes(w, publish->payload);
}

/* PUBACK, PUBREC, PUBREL, PUBCOMP (sections 3.4 to 3.7). */

static void plan_ack(struct encode_plan *plan, enum ella_packet_type type,
                     const struct ella_ack *ack) {
    plan_packet_id(plan, ack->packet_id);
    plan_reason(plan, type, ack->reason_code, &ack->properties);
}

/* SUBSCRIBE and UNSUBSCRIBE (sections 3.8 and 3.10). */

static enum ella_error options_check(const struct encode_plan *plan, uint8_t options,
                                     const struct ella_filter *entry) {
    /* The bits from here on are reserved. */
    const uint32_t options_end = encode_is_5_0(plan) ? 64u : 4u;
    //= v3/3.8.3-4 v5/3.8.3-5
    if (options >= options_end)
        return ELLA_ERROR_SUBSCRIPTION_OPTIONS_RESERVED;
    return ella_lists_options_check((enum ella_version)plan->version, entry);
}

/* The run was built by ella_filter_put() or decoded, but perhaps for another version. */
static void plan_filters(struct encode_plan *plan, enum ella_packet_type type,
                         struct ella_slice filters) {
    struct ella_slice rest = filters;
    struct ella_filter entry;
    uint8_t options;
    //= v3/3.8.3-3 v5/3.8.3-2 v3/3.10.3-2 v5/3.10.3-2
    encode_require(plan, ella_slice_len(filters) > 0u,
                   type == ELLA_SUBSCRIBE ? ELLA_ERROR_SUBSCRIBE_EMPTY
                                          : ELLA_ERROR_UNSUBSCRIBE_EMPTY);
    /*@ loop invariant rest.base == filters.base && rest.end == filters.end;
        loop invariant filters.off <= rest.off <= filters.end;
        loop invariant error_kept{Pre, Here}(plan);
        loop assigns rest, entry, options, plan->error;
        loop variant rest.end - rest.off; */
    while (ella_lists_filter_next(type, &rest, &entry, &options)) {
        encode_require(plan, ella_slice_len(entry.filter) > 0u, ELLA_ERROR_TOPIC_FILTER_EMPTY);
        if (type == ELLA_SUBSCRIBE)
            encode_fail(plan, options_check(plan, options, &entry));
    }
    encode_require(plan, ella_slice_len(rest) == 0u, ELLA_ERROR_FIELD_PAST_END);
    plan->body += (int64_t)ella_slice_len(filters);
}

static void plan_subscribe(struct encode_plan *plan, enum ella_packet_type type,
                           const struct ella_subscribe *subscribe) {
    plan_packet_id(plan, subscribe->packet_id);
    plan_properties(plan, type, &subscribe->properties);
    plan_filters(plan, type, subscribe->filters);
}

static void put_subscribe(struct writer *w, const struct encode_plan *plan,
                          const struct ella_subscribe *subscribe) {
    writer_u16(w, subscribe->packet_id);
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    /*@ assert put_apart{Pre}(w, &subscribe->properties) ==>
          members_same{Pre, Here}(&subscribe->properties); */
    /*@ assert put_apart{Pre}(w, &subscribe->properties) ==>
          sizes_same{Pre, Here}(&subscribe->properties); */
    put_properties(w, plan, &subscribe->properties);
    writer_bytes(w, subscribe->filters);
}

/* SUBACK and UNSUBACK (sections 3.9 and 3.11). */

static bool suback_code_belongs(const struct encode_plan *plan, enum ella_packet_type type,
                                uint8_t code) {
    if (encode_is_5_0(plan))
        return reason_belongs(type, code);
    return code <= ELLA_SUBACK_V3_GRANTED_QOS_2 || code == ELLA_SUBACK_V3_FAILURE;
}

static void plan_suback(struct encode_plan *plan, enum ella_packet_type type,
                        const struct ella_suback *suback) {
    const struct ella_slice codes = suback->reason_codes;
    plan_packet_id(plan, suback->packet_id);
    plan_properties(plan, type, &suback->properties);
    if (type == ELLA_UNSUBACK && !encode_is_5_0(plan)) {
        encode_require(plan, ella_slice_len(codes) == 0u, ELLA_ERROR_VERSION_LACKS_FIELD);
        return;
    }
    encode_require(plan, ella_slice_len(codes) > 0u, ELLA_ERROR_REASON_CODE);
    /*@ loop invariant codes.off <= at <= codes.end;
        loop invariant error_kept{LoopEntry, Here}(plan);
        loop assigns at, plan->error;
        loop variant codes.end - at; */
    for (uint32_t at = codes.off; at < codes.end; at++) {
        //= v3/3.9.3-2 v5/3.9.3-2 v5/3.11.3-2
        encode_require(plan, suback_code_belongs(plan, type, codes.base[at]),
                       ELLA_ERROR_REASON_CODE);
    }
    plan->body += (int64_t)ella_slice_len(codes);
}

static void put_suback(struct writer *w, const struct encode_plan *plan,
                       const struct ella_suback *suback) {
    writer_u16(w, suback->packet_id);
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    /*@ assert put_apart{Pre}(w, &suback->properties) ==>
          members_same{Pre, Here}(&suback->properties); */
    /*@ assert put_apart{Pre}(w, &suback->properties) ==>
          sizes_same{Pre, Here}(&suback->properties); */
    put_properties(w, plan, &suback->properties);
    writer_bytes(w, suback->reason_codes);
}

/* Any packet. */

static void plan_body(struct encode_plan *plan, const struct ella_packet *packet) {
    switch (packet->type) {
    case ELLA_CONNACK:
        plan_connack(plan, &packet->connack);
        break;
    case ELLA_PUBACK:
    case ELLA_PUBREC:
    case ELLA_PUBREL:
    case ELLA_PUBCOMP:
        plan_ack(plan, packet->type, &packet->ack);
        break;
    case ELLA_SUBSCRIBE:
    case ELLA_UNSUBSCRIBE:
        plan_subscribe(plan, packet->type, &packet->subscribe);
        break;
    case ELLA_SUBACK:
    case ELLA_UNSUBACK:
        plan_suback(plan, packet->type, &packet->suback);
        break;
    case ELLA_DISCONNECT:
    case ELLA_AUTH:
        plan_reason(plan, packet->type, packet->reason.reason_code, &packet->reason.properties);
        break;
    default: /* CONNECT and PUBLISH are planned elsewhere, PINGREQ and PINGRESP are empty */
        break;
    }
}

void ella_encode_plan(struct encode_plan *plan, const struct ella_packet *packet) {
    const uint32_t type = (uint32_t)packet->type;
    if (type == 0u || type > (uint32_t)ELLA_AUTH) {
        encode_fail(plan, ELLA_ERROR_PACKET_TYPE_RESERVED);
        return;
    }
    if (packet->type == ELLA_CONNECT)
        ella_encode_connect_plan(plan, &packet->connect);
    else
        encode_fail(plan, version_check(plan));
    encode_fail(plan, sender_check(plan, type));
    if (packet->type == ELLA_PUBLISH) {
        ella_encode_plan_publish(plan, &packet->publish);
        return;
    }
    if (plan->error == ENCODE_RIGHT)
        plan_body(plan, packet);
    plan_end(plan);
}

static void put_body(struct writer *w, const struct encode_plan *plan,
                     const struct ella_packet *packet) {
    switch (packet->type) {
    case ELLA_CONNECT:
        ella_encode_connect_put(w, plan, &packet->connect);
        break;
    case ELLA_CONNACK:
        put_connack(w, plan, &packet->connack);
        break;
    case ELLA_PUBLISH:
        put_publish(w, plan, &packet->publish);
        break;
    case ELLA_PUBACK:
    case ELLA_PUBREC:
    case ELLA_PUBREL:
    case ELLA_PUBCOMP:
        writer_u16(w, packet->ack.packet_id);
        /*@ assert \at(w->at, Pre) <= w->at <= w->end; */
        /*@ assert \subset(w->buf + (w->at .. w->end - 1),
              w->buf + (\at(w->at, Pre) .. w->end - 1)); */
        /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
        /*@ assert put_apart{Pre}(w, &packet->ack.properties) ==>
              members_same{Pre, Here}(&packet->ack.properties); */
        /*@ assert put_apart{Pre}(w, &packet->ack.properties) ==>
              sizes_same{Pre, Here}(&packet->ack.properties); */
        put_reason(w, plan, packet->ack.reason_code, &packet->ack.properties);
        break;
    case ELLA_SUBSCRIBE:
    case ELLA_UNSUBSCRIBE:
        put_subscribe(w, plan, &packet->subscribe);
        break;
    case ELLA_SUBACK:
    case ELLA_UNSUBACK:
        put_suback(w, plan, &packet->suback);
        break;
    case ELLA_DISCONNECT:
    case ELLA_AUTH:
        put_reason(w, plan, packet->reason.reason_code, &packet->reason.properties);
        break;
    default: /* PINGREQ and PINGRESP */
        break;
    }
}

/*@ requires \valid_read(packet) && 1 <= packet->type <= 15;
    assigns \nothing;
    ensures packet->type != ELLA_PUBLISH && ella_packet_rules[packet->type].flags <= 15 ==>
      \result == packet_first_byte(packet->type); */
static uint8_t first_byte(const struct ella_packet *packet) {
    const uint32_t type = (uint32_t)packet->type;
    if (packet->type == ELLA_PUBLISH)
        return publish_first_byte(&packet->publish);
    //= v3/2.2.2-1 v5/2.1.3-1
    return (uint8_t)(type * 16u + ella_packet_rules[type % 16u].flags);
}

/* Whether the packet is right and there is room for it. */
/*@ requires \valid(w) && \valid_read(plan) && \separated(w, plan);
    requires 0 <= plan->error <= 4294967295;
    requires plan->error == ELLA_ERROR_NONE ==> plan->size >= 0;
    assigns w->failed;
    ensures \result == ELLA_ERROR_NONE ==> plan->error == ELLA_ERROR_NONE && !w->failed;
    ensures plan->error == ELLA_ERROR_NONE ==> (\result == ELLA_ERROR_NONE <==>
      !\old(w->failed) && w->at + plan->size <= w->end);
    ensures plan->error != ELLA_ERROR_NONE ==> \result == plan->error; */
static enum ella_error encode_begin(struct writer *w, const struct encode_plan *plan) {
    if (plan->error != ENCODE_RIGHT)
        return (enum ella_error)plan->error;
    return writer_room(w, (uint32_t)plan->size) ? ELLA_ERROR_NONE : ELLA_ERROR_BUFFER_TOO_SMALL;
}

/* The fixed header (section 2.1). What does not lie where it is written stays what it was. */
/*@ requires writer_usable(w) && w->at <= w->end && remaining_length <= ELLA_REMAINING_LENGTH_MAX;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, 1 + vbi_len(remaining_length));
    ensures !w->failed ==> w->buf[\old(w->at)] == first &&
      vbi_encodes(w->buf + \old(w->at) + 1, remaining_length);
    ensures \forall struct ella_properties *p; put_apart{Pre}(w, p) ==> put_apart(w, p);
    ensures \forall struct ella_properties *p; put_apart{Pre}(w, p) ==> sizes_same{Pre, Here}(p);
    ensures \forall struct ella_slice s; slice_apart{Pre}(w, s) ==> slice_apart(w, s); */
static void put_fixed_header(struct writer *w, uint8_t first, uint32_t remaining_length) {
    writer_u8(w, first);
    writer_vbi(w, remaining_length);
    /*@ assert \at(w->at, Pre) <= w->at <= w->end; */
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    /*@ assert \forall struct ella_properties *p;
          put_apart{Pre}(w, p) ==> buf_apart{Pre}(w->buf, \at(w->at, Pre), w->end, p); */
    /*@ assert \forall struct ella_properties *p;
          put_apart{Pre}(w, p) ==> members_same{Pre, Here}(p); */
}

static void put_header(struct writer *w, const struct encode_plan *plan,
                       const struct ella_packet *packet) {
    put_fixed_header(w, first_byte(packet), (uint32_t)plan->remaining_length);
    /*@ assert \at(w->at, Pre) <= w->at <= w->end; */
    /*@ assert \subset(w->buf + (w->at .. w->end - 1),
          w->buf + (\at(w->at, Pre) .. w->end - 1)); */
    /*@ assert packet->connect.has_will == \at(packet->connect.has_will, Pre); */
    /*@ assert packet->connect.has_user_name == \at(packet->connect.has_user_name, Pre); */
    /*@ assert packet->connect.has_password == \at(packet->connect.has_password, Pre); */
    /*@ assert packet->publish.qos == \at(packet->publish.qos, Pre); */
    /*@ assert packet->ack.reason_code == \at(packet->ack.reason_code, Pre); */
    /*@ assert packet->reason.reason_code == \at(packet->reason.reason_code, Pre); */
}

/* All of a packet: 1 + the bytes of the Remaining Length + Remaining Length, and no others. */
static void put_packet(struct writer *w, const struct encode_plan *plan,
                       const struct ella_packet *packet) {
    put_header(w, plan, packet);
    /*@ assert \at(w->at, Pre) <= w->at <= w->end; */
    /*@ assert \subset(w->buf + (w->at .. w->end - 1),
          w->buf + (\at(w->at, Pre) .. w->end - 1)); */
    put_body(w, plan, packet);
}

/* The size is what was written; that this is what the plan announced, is proved. */
enum ella_error ella_encode_planned(struct writer *w, const struct encode_plan *plan,
                                    const struct ella_packet *packet, uint32_t *size) {
    const size_t start = w->at;
    const enum ella_error error = encode_begin(w, plan);
    if (error != ELLA_ERROR_NONE)
        return error;
    put_packet(w, plan, packet);
    *size = (uint32_t)(w->at - start);
    return ELLA_ERROR_NONE;
}

static enum ella_error plan_result(const struct encode_plan *plan, uint32_t *size) {
    if (plan->error == ENCODE_RIGHT)
        *size = (uint32_t)plan->size;
    return (enum ella_error)plan->error;
}

/* The public functions but for the plan and the writer themselves. */

static enum ella_error encoded_size(struct encode_plan *plan, const struct ella_packet *packet,
                                    uint32_t *size) {
    ella_encode_plan(plan, packet);
    return plan_result(plan, size);
}

static enum ella_error encode(struct writer *w, struct encode_plan *plan,
                              const struct ella_packet *packet, uint32_t *size) {
    ella_encode_plan(plan, packet);
    return ella_encode_planned(w, plan, packet, size);
}

static enum ella_error encoded_publish_size(struct encode_plan *plan,
                                            const struct ella_publish *publish, uint32_t *size) {
    ella_encode_plan_publish(plan, publish);
    return plan_result(plan, size);
}

static enum ella_error encode_publish(struct writer *w, struct encode_plan *plan,
                                      const struct ella_publish *publish, uint32_t *size) {
    const size_t start = w->at;
    enum ella_error error;
    ella_encode_plan_publish(plan, publish);
    error = encode_begin(w, plan);
    if (error != ELLA_ERROR_NONE)
        return error;
    put_fixed_header(w, publish_first_byte(publish), (uint32_t)plan->remaining_length);
    put_publish(w, plan, publish);
    *size = (uint32_t)(w->at - start);
    return ELLA_ERROR_NONE;
}

enum ella_error ella_encoded_size(const struct ella_packet *packet, enum ella_version version,
                                  enum ella_sender sender, uint32_t *size) {
    struct encode_plan plan = encode_plan_begin(version, sender);
    return encoded_size(&plan, packet, size);
}

enum ella_error ella_encode(const struct ella_packet *packet, enum ella_version version,
                            enum ella_sender sender, uint8_t *buf, uint32_t start, uint32_t end,
                            uint32_t *size) {
    struct encode_plan plan = encode_plan_begin(version, sender);
    struct writer w = writer_of(buf, start, end);
    return encode(&w, &plan, packet, size);
}

enum ella_error ella_publish_size(const struct ella_publish *publish, enum ella_version version,
                                  enum ella_sender sender, uint32_t *size) {
    struct encode_plan plan = encode_plan_begin(version, sender);
    return encoded_publish_size(&plan, publish, size);
}

enum ella_error ella_encode_publish(const struct ella_publish *publish, enum ella_version version,
                                    enum ella_sender sender, uint8_t *buf, uint32_t start,
                                    uint32_t end, uint32_t *size) {
    struct encode_plan plan = encode_plan_begin(version, sender);
    struct writer w = writer_of(buf, start, end);
    return encode_publish(&w, &plan, publish, size);
}
