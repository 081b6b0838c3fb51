/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * encode_checked: looks into the strings and topics of a packet before it is encoded, with the
 * same grammars that a receiver will use. It repeats no check of encode.c.
 *
 * Invariant: a string is looked at only after the plan has found its length to be right.
 */
#include "encode.h"

static void check_utf8(struct encode_plan *plan, struct ella_slice s) {
    //= v3/1.5.3-1 v3/1.5.3-2 v5/1.5.4-1 v5/1.5.4-2
    if (s.off < s.end)
        encode_fail(plan, ella_utf8_check(s.base, s.off, s.end).error);
}

/* A topic name; an empty one was the plan's concern. */
static void check_topic_name(struct encode_plan *plan, struct ella_slice s) {
    uint32_t error_at;
    //= v3/3.3.2-2 v3/4.7.1-1 v5/3.3.2-2 v5/4.7.0-1
    if (s.off < s.end)
        encode_fail(plan, ella_topic_name_check(s.base, s.off, s.end, &error_at));
}

/* Not empty, or the plan had refused it. */
static void check_response_topic(struct encode_plan *plan, struct ella_slice s) {
    uint32_t error_at;
    const enum ella_error error = ella_topic_name_check(s.base, s.off, s.end, &error_at);
    //= v5/3.3.2-13 v5/3.3.2-14
    encode_fail(plan, error == ELLA_ERROR_TOPIC_NAME_WILDCARD ? ELLA_ERROR_RESPONSE_TOPIC : error);
}

static void check_user_properties(struct encode_plan *plan, struct ella_slice run) {
    struct ella_slice rest = run;
    struct ella_slice name;
    struct ella_slice value;
    /*@ loop assigns rest, name, value, plan->error;
        loop variant rest.end - rest.off; */
    while (ella_user_property_next(&rest, &name, &value)) {
        //= v5/1.5.7-1
        check_utf8(plan, name);
        check_utf8(plan, value);
    }
}

static void check_properties(struct encode_plan *plan, const struct ella_properties *p) {
    if (ella_property_present(p, ELLA_PROPERTY_CONTENT_TYPE))
        check_utf8(plan, p->content_type);
    if (ella_property_present(p, ELLA_PROPERTY_RESPONSE_TOPIC))
        check_response_topic(plan, p->response_topic);
    if (ella_property_present(p, ELLA_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER))
        check_utf8(plan, p->assigned_client_identifier);
    if (ella_property_present(p, ELLA_PROPERTY_AUTHENTICATION_METHOD))
        check_utf8(plan, p->authentication_method);
    if (ella_property_present(p, ELLA_PROPERTY_RESPONSE_INFORMATION))
        check_utf8(plan, p->response_information);
    if (ella_property_present(p, ELLA_PROPERTY_SERVER_REFERENCE))
        check_utf8(plan, p->server_reference);
    if (ella_property_present(p, ELLA_PROPERTY_REASON_STRING))
        check_utf8(plan, p->reason_string);
    if (ella_property_present(p, ELLA_PROPERTY_USER_PROPERTY))
        check_user_properties(plan, p->user_properties);
}

static void check_connect(struct encode_plan *plan, const struct ella_connect *c) {
    //= v3/3.1.3-4 v5/3.1.3-4
    check_utf8(plan, c->client_id);
    check_properties(plan, &c->properties);
    if (c->has_will) {
        //= v3/3.1.3-10 v5/3.1.3-11
        check_topic_name(plan, c->will_topic);
        check_properties(plan, &c->will_properties);
    }
    //= v3/3.1.3-11 v5/3.1.3-12
    if (c->has_user_name)
        check_utf8(plan, c->user_name);
}

static void check_filters(struct encode_plan *plan, enum ella_packet_type type,
                          struct ella_slice filters) {
    struct ella_slice rest = filters;
    struct ella_filter entry;
    uint32_t error_at;
    /*@ loop assigns rest, entry, error_at, plan->error;
        loop variant rest.end - rest.off; */
    while (ella_filter_next(type, &rest, &entry)) {
        //= v3/3.8.3-1 v3/3.10.3-1 v5/3.8.3-1 v5/3.10.3-1
        encode_fail(plan, ella_topic_filter_check(entry.filter.base, entry.filter.off,
                                                  entry.filter.end, &error_at));
    }
}

static void check_strings(struct encode_plan *plan, const struct ella_packet *packet) {
    switch (packet->type) {
    case ELLA_CONNECT:
        check_connect(plan, &packet->connect);
        break;
    case ELLA_CONNACK:
        check_properties(plan, &packet->connack.properties);
        break;
    case ELLA_PUBLISH:
        check_topic_name(plan, packet->publish.topic);
        check_properties(plan, &packet->publish.properties);
        break;
    case ELLA_PUBACK:
    case ELLA_PUBREC:
    case ELLA_PUBREL:
    case ELLA_PUBCOMP:
        check_properties(plan, &packet->ack.properties);
        break;
    case ELLA_SUBSCRIBE:
    case ELLA_UNSUBSCRIBE:
        check_properties(plan, &packet->subscribe.properties);
        check_filters(plan, packet->type, packet->subscribe.filters);
        break;
    case ELLA_SUBACK:
    case ELLA_UNSUBACK:
        check_properties(plan, &packet->suback.properties);
        break;
    case ELLA_DISCONNECT:
    case ELLA_AUTH:
        check_properties(plan, &packet->reason.properties);
        break;
    default: /* PINGREQ and PINGRESP */
        break;
    }
}

enum ella_error ella_encode_checked(const struct ella_packet *packet, enum ella_version version,
                                    enum ella_sender sender, uint8_t *buf, uint32_t start,
                                    uint32_t end, uint32_t *size) {
    struct encode_plan plan = encode_plan_begin(version, sender);
    struct writer w = writer_of(buf, start, end);
    ella_encode_plan(&plan, packet);
    if (plan.error == ENCODE_RIGHT)
        check_strings(&plan, packet);
    return ella_encode_planned(&w, &plan, packet, size);
}
