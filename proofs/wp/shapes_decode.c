/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * shapes_decode: unit for the proof that the grammars read from the bytes of wp/shapes.h what the
 * encoder was given, without an error. The contracts here speak of packets of fixed shape alone,
 * which their `requires` say; so they stand here and not above the functions.
 */
#include "wp/shapes.h"

/*@ requires \valid(r) && r->off == r->end;
    assigns \nothing; */
static void packets_properties(struct reader *r, uint32_t place, struct ella_properties *out);

/*@ requires body_readable(r, buf, start, end) && is_ack(r->packet_type);
    requires \valid(out) && \separated(out, buf + (start .. end - 1)) && \separated(r, out);
    assigns r->field, r->number, r->off, r->end, r->vbi_len, r->error, *out;
    ensures out->properties.present == \old(out->properties.present);
    ensures r->error == ELLA_ERROR_NONE && ack_says(out, buf, start, end); */
void ella_packets_ack(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                      struct ella_ack *out);

/*@ requires body_readable(r, buf, start, end) && r->packet_type == ELLA_CONNACK;
    requires \valid(out) && \separated(out, buf + (start .. end - 1)) && \separated(r, out);
    assigns r->field, r->number, r->off, r->end, r->vbi_len, r->error, *out;
    ensures out->properties.present == \old(out->properties.present);
    ensures r->error == ELLA_ERROR_NONE && connack_says(out, buf, start); */
void ella_packets_connack(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                          struct ella_connack *out);

/*@ requires body_readable(r, buf, start, end);
    requires is_reason(r->packet_type) || is_ping(r->packet_type);
    requires \valid(out) && \separated(out, buf + (start .. end - 1)) && \separated(r, out);
    assigns r->field, r->number, r->off, r->end, r->vbi_len, r->error, *out;
    ensures out->properties.present == \old(out->properties.present);
    ensures r->error == ELLA_ERROR_NONE && reason_says(out, buf, start, end); */
void ella_packets_reason(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                         struct ella_reason *out);

/*@ requires \valid(out);
    assigns *out;
    ensures out->present == 0; */
static void decode_no_properties(struct ella_properties *out);

#include "codec/decode.c"
#include "codec/gen/frame.c"
#include "codec/gen/packets.c"

/* The bytes that the encoder writes are those that the decoder takes ... */
/*@ requires fixed_shape(version, p) && sendable(version, sender, p) && p->type != ELLA_AUTH;
    requires body_is(version, p, b, i, end);
    assigns \nothing;
    ensures body_right(version, p->type, b, i, end); */
void encoded_is_right(uint32_t version, uint32_t sender, const struct ella_packet *p,
                      const uint8_t *b, uint32_t i, uint32_t end) {
}

/* ... and what it makes of them is the packet that was encoded: decode(encode(p)) = p. */
/*@ requires fixed_shape(version, p) && sendable(version, sender, p) && p->type != ELLA_AUTH;
    requires body_is(version, p, b, i, end);
    requires 0 <= p->connack.session_present <= 1;
    requires q->type == p->type && body_says(q, b, i, end);
    assigns \nothing;
    ensures same_packet(p, q); */
void decoded_is_encoded(uint32_t version, uint32_t sender, const struct ella_packet *p,
                        const uint8_t *b, uint32_t i, uint32_t end, const struct ella_packet *q) {
}
