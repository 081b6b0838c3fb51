/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * encode_connect: the body of CONNECT (section 3.1), the one packet that names its own version.
 * It does not judge client identifiers: which of them are welcome is the server's business.
 *
 *     name (2 + 4 or 6), level (1), flags (1), keep alive (2), [5.0: properties],
 *     client id, [will: [5.0: will properties], topic, payload], [user name], [password]
 *
 * Invariant: a field is written if and only if its flag is set. The assertions speak in the words
 * of proofs/wp/sizes_packets.c.
 */
#include "encode.h"

#define WILL_QOS_MAX 2u

/* Connect Flags (section 3.1.2.3). Bit 0 is reserved. */
#define FLAG_USER_NAME 128u
#define FLAG_PASSWORD 64u
#define FLAG_WILL_RETAIN 32u
#define FLAG_WILL_QOS 8u /* times 0, 1 or 2 */
#define FLAG_WILL 4u
#define FLAG_CLEAN_START 2u

#define LEVEL_FLAGS_KEEP_ALIVE_LEN 4

#define NAME_LEN 4u     /* of "MQTT" */
#define NAME_3_1_LEN 6u /* of "MQIsdp" */

static int64_t protocol_name_len(const struct encode_plan *plan) {
    return plan->version == ENCODE_3_1 ? NAME_3_1_LEN : NAME_LEN;
}

static void protocol_name_put(struct writer *w, const struct encode_plan *plan) {
    //= v3/3.1.2-1 v5/3.1.2-1
    if (plan->version == ENCODE_3_1) {
        writer_u16(w, NAME_3_1_LEN);
        writer_u32(w, 0x4D514973u); /* MQIs */
        writer_u16(w, 0x6470u);     /* dp */
    } else {
        writer_u16(w, NAME_LEN);
        writer_u32(w, 0x4D515454u); /* MQTT */
    }
}

static enum ella_version known_version(uint8_t level) {
    switch (level) {
    case ELLA_VERSION_3_1:
        return ELLA_VERSION_3_1;
    case ELLA_VERSION_3_1_1:
        return ELLA_VERSION_3_1_1;
    case ELLA_VERSION_5_0:
        return ELLA_VERSION_5_0;
    default:
        return ELLA_VERSION_UNKNOWN;
    }
}

static void will_plan(struct encode_plan *plan, const struct ella_connect *c) {
    if (!c->has_will) {
        //= v3/3.1.2-11 v3/3.1.2-13 v5/3.1.2-11
        encode_require(plan, c->will_qos == 0u, ELLA_ERROR_WILL_QOS_WITHOUT_WILL);
        //= v3/3.1.2-15 v5/3.1.2-13
        encode_require(plan, !c->will_retain, ELLA_ERROR_WILL_RETAIN_WITHOUT_WILL);
        encode_require(plan, c->will_properties.present == 0u, ELLA_ERROR_PROPERTY_NOT_ALLOWED);
        return;
    }
    //= v3/3.1.2-14 v5/3.1.2-12
    encode_require(plan, c->will_qos <= WILL_QOS_MAX, ELLA_ERROR_WILL_QOS);
    //= v3/4.7.3-1 v5/4.7.3-1
    encode_require(plan, ella_slice_len(c->will_topic) > 0u, ELLA_ERROR_TOPIC_NAME_EMPTY);
    plan->will_properties_len =
        ella_encode_properties_plan(plan, ENCODE_PLACE_WILL, &c->will_properties);
    if (encode_is_5_0(plan))
        plan->body += encode_properties_size(plan->will_properties_len);
    //= v3/3.1.2-9 v5/3.1.2-9
    encode_plan_string(plan, c->will_topic);
    encode_plan_string(plan, c->will_payload);
}

/* With the plan's version set. */
static void connect_plan(struct encode_plan *plan, const struct ella_connect *c) {
    //= v3/3.1.2-22
    encode_require(plan, c->has_user_name || !c->has_password || encode_is_5_0(plan),
                   ELLA_ERROR_PASSWORD_WITHOUT_USER_NAME);
    plan->body += 2 + protocol_name_len(plan) + LEVEL_FLAGS_KEEP_ALIVE_LEN;
    plan->properties_len = ella_encode_properties_plan(plan, ELLA_CONNECT, &c->properties);
    if (encode_is_5_0(plan))
        plan->body += encode_properties_size(plan->properties_len);
    //= v3/3.1.3-3 v5/3.1.3-3
    encode_plan_string(plan, c->client_id);
    will_plan(plan, c);
    if (c->has_user_name)
        encode_plan_string(plan, c->user_name);
    if (c->has_password)
        encode_plan_string(plan, c->password);
}

void ella_encode_connect_plan(struct encode_plan *plan, const struct ella_connect *c) {
    const enum ella_version version = known_version(c->version);
    encode_require(plan, version != ELLA_VERSION_UNKNOWN, ELLA_ERROR_PROTOCOL_VERSION);
    plan->version = (int64_t)version;
    connect_plan(plan, c);
}

/*@ requires \valid_read(c);
    assigns \nothing; */
static uint8_t connect_flags_byte(const struct ella_connect *c) {
    uint32_t flags = c->will_qos * FLAG_WILL_QOS;
    flags += c->has_user_name ? FLAG_USER_NAME : 0u;
    flags += c->has_password ? FLAG_PASSWORD : 0u;
    flags += c->will_retain ? FLAG_WILL_RETAIN : 0u;
    flags += c->has_will ? FLAG_WILL : 0u;
    flags += c->clean_start ? FLAG_CLEAN_START : 0u;
    return (uint8_t)flags;
}

static void will_put(struct writer *w, const struct encode_plan *plan,
                     const struct ella_connect *c) {
    if (encode_is_5_0(plan))
        ella_encode_properties_put(w, &c->will_properties, plan->will_properties_len);
    /*@ assert \at(w->at, Pre) <= w->at <= w->end; */
    /*@ assert \at(slice_apart(w, c->will_topic), Pre) ==> slice_apart(w, c->will_topic); */
    writer_string(w, c->will_topic);
    /*@ assert \at(w->at, Pre) <= w->at <= w->end; */
    /*@ assert \at(slice_apart(w, c->will_payload), Pre) ==> slice_apart(w, c->will_payload); */
    writer_string(w, c->will_payload);
}

/* Protocol name, level, flags, keep alive: the same in all versions. */
static void fixed_part_put(struct writer *w, const struct encode_plan *plan,
                           const struct ella_connect *c) {
    protocol_name_put(w, plan);
    writer_u8(w, (uint8_t)plan->version);
    writer_u8(w, connect_flags_byte(c));
    writer_u16(w, c->keep_alive_s);
}

/* Section 3.1.2. */
static void variable_header_put(struct writer *w, const struct encode_plan *plan,
                                const struct ella_connect *c) {
    fixed_part_put(w, plan, c);
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    /*@ assert members_same{Pre, Here}(&c->properties); */
    /*@ assert sizes_same{Pre, Here}(&c->properties); */
    if (encode_is_5_0(plan))
        ella_encode_properties_put(w, &c->properties, plan->properties_len);
}

/* Section 3.1.3. */
//= v3/3.1.3-1 v5/3.1.3-1
static void payload_put(struct writer *w, const struct encode_plan *plan,
                        const struct ella_connect *c) {
    writer_string(w, c->client_id);
    /*@ assert \at(w->at, Pre) <= w->at <= w->end; */
    /*@ assert \subset(w->buf + (w->at .. w->end - 1),
          w->buf + (\at(w->at, Pre) .. w->end - 1)); */
    /*@ assert writer_put{Pre, Here}(w, 2 + slice_size(c->client_id)); */
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    /*@ assert members_same{Pre, Here}(&c->will_properties); */
    /*@ assert c->has_will ==> sizes_same{Pre, Here}(&c->will_properties); */
    /*@ assert c->has_will ==> put_apart(w, &c->will_properties); */
    /*@ assert c->has_will ==> will_planned(plan, c); */
    /*@ assert \at(slice_apart(w, c->will_topic), Pre) ==> slice_apart(w, c->will_topic); */
    /*@ assert \at(slice_apart(w, c->will_payload), Pre) ==> slice_apart(w, c->will_payload); */
    /*@ assert c->has_will ==>
          string_ready(w, c->will_topic) && string_ready(w, c->will_payload); */
    /*@ assert c->has_will ==> will_ready(w, plan, c); */
    if (c->has_will)
        will_put(w, plan, c);
    /*@ assert \at(w->at, Pre) <= w->at <= w->end; */
    /*@ assert \subset(w->buf + (w->at .. w->end - 1),
          w->buf + (\at(w->at, Pre) .. w->end - 1)); */
    /*@ assert \at(slice_apart(w, c->user_name), Pre) ==> slice_apart(w, c->user_name); */
    //= v3/3.1.2-18 v3/3.1.2-19 v5/3.1.2-16 v5/3.1.2-17
    if (c->has_user_name)
        writer_string(w, c->user_name);
    /*@ assert \at(w->at, Pre) <= w->at <= w->end; */
    /*@ assert \subset(w->buf + (w->at .. w->end - 1),
          w->buf + (\at(w->at, Pre) .. w->end - 1)); */
    /*@ assert \at(slice_apart(w, c->password), Pre) ==> slice_apart(w, c->password); */
    //= v3/3.1.2-20 v3/3.1.2-21 v5/3.1.2-18 v5/3.1.2-19
    if (c->has_password)
        writer_string(w, c->password);
}

void ella_encode_connect_put(struct writer *w, const struct encode_plan *plan,
                             const struct ella_connect *c) {
    variable_header_put(w, plan, c);
    /*@ assert \at(w->at, Pre) <= w->at <= w->end; */
    /*@ assert \subset(w->buf + (w->at .. w->end - 1),
          w->buf + (\at(w->at, Pre) .. w->end - 1)); */
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    /*@ assert members_same{Pre, Here}(&c->will_properties); */
    /*@ assert c->has_will ==> sizes_same{Pre, Here}(&c->will_properties); */
    /*@ assert c->has_will ==> put_apart(w, &c->will_properties); */
    /*@ assert c->has_will ==> will_planned(plan, c); */
    /*@ assert \at(slice_apart(w, c->client_id), Pre) ==> slice_apart(w, c->client_id); */
    /*@ assert \at(slice_apart(w, c->will_topic), Pre) ==> slice_apart(w, c->will_topic); */
    /*@ assert \at(slice_apart(w, c->will_payload), Pre) ==> slice_apart(w, c->will_payload); */
    /*@ assert c->has_will ==>
          string_ready(w, c->will_topic) && string_ready(w, c->will_payload); */
    /*@ assert c->has_will ==> will_ready(w, plan, c); */
    /*@ assert \at(slice_apart(w, c->user_name), Pre) ==> slice_apart(w, c->user_name); */
    /*@ assert \at(slice_apart(w, c->password), Pre) ==> slice_apart(w, c->password); */
    /*@ assert writer_put{Pre, Here}(w, header_size(plan)); */
    /*@ assert c->has_will == \at(c->has_will, Pre) &&
          c->has_user_name == \at(c->has_user_name, Pre) &&
          c->has_password == \at(c->has_password, Pre); */
    /*@ assert payload_size(plan, c) == payload_size{Pre}(plan, c); */
    payload_put(w, plan, c);
}
