/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * decode: bytes to packets. It frames, hands the body to its grammar, and checks the rules that
 * span fields. It does not know what one packet means to the next.
 *
 * Invariants: no byte outside [start, end) is looked at; the body is not looked at before it is
 * whole; after an error the decoder changes no more.
 */
#include "machines.h"

#define REASON_CODE_LEN 1u

/* What is absent reads as zero, in the versions without properties too. Member by member, because
 * compilers make of it a few wide stores, which take a third of the time of a memset. */
static void decode_no_properties(struct ella_properties *out) {
    const struct ella_slice nothing = {NULL, 0u, 0u};

    out->present = 0u;
    out->message_expiry_interval_s = 0u;
    out->session_expiry_interval_s = 0u;
    out->will_delay_interval_s = 0u;
    out->maximum_packet_size = 0u;
    out->server_keep_alive_s = 0u;
    out->receive_maximum = 0u;
    out->topic_alias_maximum = 0u;
    out->topic_alias = 0u;
    out->payload_format_indicator = 0u;
    out->request_problem_information = 0u;
    out->request_response_information = 0u;
    out->maximum_qos = 0u;
    out->retain_available = 0u;
    out->wildcard_subscription_available = 0u;
    out->subscription_identifier_available = 0u;
    out->shared_subscription_available = 0u;
    out->content_type = nothing;
    out->response_topic = nothing;
    out->correlation_data = nothing;
    out->assigned_client_identifier = nothing;
    out->authentication_method = nothing;
    out->authentication_data = nothing;
    out->response_information = nothing;
    out->server_reference = nothing;
    out->reason_string = nothing;
    out->subscription_identifiers = nothing;
    out->user_properties = nothing;
}

/* The fields of CONNECT that its flags may leave out. */
static void decode_no_payload(struct ella_connect *out) {
    const struct ella_slice nothing = {NULL, 0u, 0u};

    out->will_topic = nothing;
    out->will_payload = nothing;
    out->user_name = nothing;
    out->password = nothing;
}

static void decode_connect(struct reader *r, uint32_t start, uint32_t end,
                           struct ella_connect *out) {
    const struct ella_properties *properties = &out->properties;

    decode_no_payload(out);
    decode_no_properties(&out->properties);
    decode_no_properties(&out->will_properties);
    ella_packets_connect(r, r->buf, start, end, out);
    if (reader_failed(r))
        return;
    //= v5/u-3.1.2.11.10-1
    if (ella_property_present(properties, ELLA_PROPERTY_AUTHENTICATION_DATA) &&
        !ella_property_present(properties, ELLA_PROPERTY_AUTHENTICATION_METHOD))
        reader_fail(r, ELLA_ERROR_AUTHENTICATION_DATA_WITHOUT_METHOD,
                    properties->authentication_data.off - 3u);
}

static void decode_publish(struct reader *r, uint8_t first_byte, uint32_t start, uint32_t end,
                           struct ella_publish *out) {
    out->dup = first_byte / 8u % 2u != 0u;
    out->qos = first_byte / 2u % 4u;
    out->retain = first_byte % 2u != 0u;
    out->packet_id = 0u;
    decode_no_properties(&out->properties);
    ella_packets_publish(r, r->buf, start, end, out);
    if (reader_failed(r))
        return;
    //= v3/4.7.3-1 v5/4.7.3-1 v5/u-3.3.2.1-1
    if (ella_slice_len(out->topic) == 0u &&
        !ella_property_present(&out->properties, ELLA_PROPERTY_TOPIC_ALIAS))
        reader_fail(r, ELLA_ERROR_TOPIC_NAME_EMPTY, start);
}

/* AUTH may be empty, but then it lacks the method, which it must never do: there is no lawful
 * empty AUTH. */
static void decode_auth(struct reader *r, uint32_t start, uint32_t end, struct ella_reason *out) {
    ella_packets_reason(r, r->buf, start, end, out);
    if (reader_failed(r))
        return;
    //= v5/u-3.15.2.2.2-1
    if (!ella_property_present(&out->properties, ELLA_PROPERTY_AUTHENTICATION_METHOD))
        reader_fail(r, ELLA_ERROR_AUTHENTICATION_METHOD_MISSING,
                    start == end ? start : start + REASON_CODE_LEN);
}

/* The body of a packet whose first byte is right. */
static void decode_body(struct reader *r, uint8_t first_byte, uint32_t start, uint32_t end,
                        struct ella_packet *out) {
    out->type = (enum ella_packet_type)r->packet_type;
    switch (out->type) {
    case ELLA_CONNECT:
        decode_connect(r, start, end, &out->connect);
        break;
    case ELLA_CONNACK:
        decode_no_properties(&out->connack.properties);
        ella_packets_connack(r, r->buf, start, end, &out->connack);
        break;
    case ELLA_PUBLISH:
        decode_publish(r, first_byte, start, end, &out->publish);
        break;
    case ELLA_PUBACK:
    case ELLA_PUBREC:
    case ELLA_PUBREL:
    case ELLA_PUBCOMP:
        decode_no_properties(&out->ack.properties);
        ella_packets_ack(r, r->buf, start, end, &out->ack);
        break;
    case ELLA_SUBSCRIBE:
    case ELLA_UNSUBSCRIBE:
        decode_no_properties(&out->subscribe.properties);
        ella_packets_subscribe(r, r->buf, start, end, &out->subscribe);
        break;
    case ELLA_SUBACK:
    case ELLA_UNSUBACK:
        decode_no_properties(&out->suback.properties);
        ella_packets_suback(r, r->buf, start, end, &out->suback);
        break;
    case ELLA_DISCONNECT:
        decode_no_properties(&out->reason.properties);
        ella_packets_reason(r, r->buf, start, end, &out->reason);
        break;
    case ELLA_AUTH:
        decode_no_properties(&out->reason.properties);
        decode_auth(r, start, end, &out->reason);
        break;
    default: /* PINGREQ and PINGRESP: nothing in them, nothing to clear */
        ella_packets_reason(r, r->buf, start, end, &out->reason);
        break;
    }
}

static struct reader decode_reader(uint8_t version, uint8_t sender, uint8_t packet_type,
                                   const uint8_t *buf, uint32_t start) {
    struct reader r;

    r.buf = buf;
    r.field = start;
    r.number = 0u;
    r.off = start;
    r.end = start;
    r.vbi_len = 0u;
    r.error = (uint8_t)ELLA_ERROR_NONE;
    r.version = version;
    r.sender = sender;
    r.packet_type = packet_type;
    return r;
}

enum ella_error ella_decode_body(enum ella_version version, enum ella_sender sender,
                                 uint8_t first_byte, const uint8_t *buf, uint32_t start,
                                 uint32_t end, struct ella_packet *out, uint32_t *error_at) {
    struct reader r =
        decode_reader((uint8_t)version, (uint8_t)sender, first_byte / 16u, buf, start);
    const enum ella_error error = ella_frame_first_byte(r.version, r.sender, first_byte);

    if (error != ELLA_ERROR_NONE) {
        *error_at = start;
        return error;
    }
    decode_body(&r, first_byte, start, end, out);
    if (reader_failed(&r))
        *error_at = r.field;
    return (enum ella_error)r.error;
}

enum ella_error ella_properties_decode(enum ella_packet_type type, enum ella_sender sender,
                                       const uint8_t *buf, uint32_t start, uint32_t end,
                                       struct ella_properties *out, uint32_t *error_at) {
    struct reader r = decode_reader((uint8_t)ELLA_VERSION_5_0, (uint8_t)sender,
                                    (uint8_t)((uint32_t)type % 16u), buf, start);

    decode_no_properties(out);
    ella_properties_read(&r, buf, start, end, ELLA_PACKET_BIT((uint32_t)r.packet_type), out);
    if (reader_failed(&r))
        *error_at = r.field;
    return (enum ella_error)r.error;
}

void ella_decoder_init(struct ella_decoder *d, enum ella_version version, enum ella_sender sender,
                       uint32_t max_packet_size) {
    d->size = 0u;
    d->needed = 0u;
    d->error_offset = 0u;
    d->error = (uint8_t)ELLA_ERROR_NONE;
    d->version = (uint8_t)version;
    d->sender_ = (uint8_t)sender;
    d->max_packet_size_ = max_packet_size;
    d->first_byte_ = 0u;
    ella_frame_begin(d);
}

/* The version that a CONNECT chose counts from its level byte on, also for the length that stood
 * before it. */
static void decode_chosen_version(struct ella_decoder *d, uint8_t version) {
    if (version == (uint8_t)ELLA_VERSION_UNKNOWN)
        return;
    d->version = version;
    //= v5/1.5.5-1
    if (d->not_shortest_ && version == (uint8_t)ELLA_VERSION_5_0) {
        d->error = (uint8_t)ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST;
        d->error_offset = d->header_len_ - 1u;
    }
}

/* A packet that lies whole in [start, end). */
static enum ella_result decode_whole(struct ella_decoder *d, const uint8_t *buf, uint32_t start,
                                     uint32_t end, struct ella_packet *out) {
    struct reader r = decode_reader(d->version, d->sender_, d->packet_type, buf, start);

    decode_body(&r, d->first_byte_, start + d->header_len_, end, out);
    d->error = r.error;
    if (reader_failed(&r))
        d->error_offset = r.field - start;
    if (out->type == ELLA_CONNECT)
        decode_chosen_version(d, out->connect.version);
    if (d->error != (uint8_t)ELLA_ERROR_NONE)
        return ELLA_BAD;
    d->size = end - start;
    ella_frame_begin(d);
    return ELLA_PACKET;
}

enum ella_result ella_decode(struct ella_decoder *d, const uint8_t *buf, uint32_t start,
                             uint32_t end, struct ella_packet *out) {
    const uint64_t unseen = (uint64_t)start + d->header_len_;
    uint64_t packet_end;

    if (d->error != (uint8_t)ELLA_ERROR_NONE)
        return ELLA_BAD;
    if (unseen > end || !ella_frame_read(d, buf, (uint32_t)unseen, end)) {
        d->needed = d->header_len_ == 0u ? 2u : d->header_len_ + 1u;
        return d->error != (uint8_t)ELLA_ERROR_NONE ? ELLA_BAD : ELLA_MORE;
    }
    packet_end = (uint64_t)start + d->header_len_ + d->remaining_length_;
    if (packet_end > end) {
        d->needed = d->header_len_ + d->remaining_length_;
        return ELLA_MORE;
    }
    return decode_whole(d, buf, start, (uint32_t)packet_end, out);
}
