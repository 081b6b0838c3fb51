/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * round_trip: unit for the proof that decode(encode(p)) = p, by the public functions, for every
 * packet of fixed shape, version and sender. It knows of them what shapes_calls.h says.
 */
#include "wp/shapes_calls.h"

/* The bytes that the encoder writes are those that the decoder takes. */
/*@ requires fixed_shape(version, p) && sendable(version, sender, p) && p->type != ELLA_AUTH;
    requires body_is(version, p, b, i, end);
    assigns \nothing;
    ensures body_right(version, p->type, b, i, end); */
void encoded_is_right(uint32_t version, uint32_t sender, const struct ella_packet *p,
                      const uint8_t *b, uint32_t i, uint32_t end) {
}

/* Decodes what p was encoded to. */
/*@ requires \valid(d) && \valid_read(p) && \valid(q);
    requires \separated(d, p, q) && bytes_readable(buf, start, end);
    requires \separated(d, buf + (start .. end - 1)) && \separated(q, buf + (start .. end - 1));
    requires fixed_shape(d->version, p) && p->type != ELLA_AUTH;
    requires 0 <= p->connack.session_present <= 1;
    requires packet_is(d->version, p, buf, start);
    requires packet_right(d->version, d->sender_, buf, start);
    requires buf[start] / 16 == p->type && between_packets(d);
    requires d->max_packet_size_ == 2 + buf[start + 1] && start + 2 + buf[start + 1] <= end;
    assigns *d, *q;
    ensures \result == ELLA_PACKET && d->size == \old(d->max_packet_size_);
    ensures q->type == \old(p->type);
    ensures same_ack{Pre, Post}(p, q);
    ensures same_connack{Pre, Post}(p, q);
    ensures same_unsuback{Pre, Post}(p, q);
    ensures same_disconnect{Pre, Post}(p, q); */
enum ella_result decode_encoded(struct ella_decoder *d, const struct ella_packet *p,
                                const uint8_t *buf, uint32_t start, uint32_t end,
                                struct ella_packet *q) {
    const enum ella_result result = ella_decode(d, buf, start, end, q);
    /*@ assert start + 2 < end ==> buf[start + 2] == \at(buf[start + 2], Pre); */
    /*@ assert start + 3 < end ==> buf[start + 3] == \at(buf[start + 3], Pre); */
    /*@ assert start + 4 < end ==> buf[start + 4] == \at(buf[start + 4], Pre); */
    return result;
}

/* Encodes a packet and decodes it: if it is right, q is then what p was, and the size is the one
 * announced; if not, it is refused. AUTH without properties is never right. */
/*@ requires \valid_read(p) && \valid(q) && \separated(p, q);
    requires fixed_shape(version, p) && p->type != ELLA_AUTH && flags_fit(p->type);
    requires 0 <= version <= 255 && 0 <= sender <= 1 && 0 <= p->connack.session_present <= 1;
    requires \valid(buf + (start .. end - 1)) && start + 2 + body_len(version, p) <= end;
    requires \separated(p, buf + (start .. end - 1)) && \separated(q, buf + (start .. end - 1));
    assigns *q, buf[start .. end - 1];
    ensures \old(sendable(version, sender, p)) ==> \result == ELLA_PACKET;
    ensures !\old(sendable(version, sender, p)) ==> \result == ELLA_BAD;
    ensures \result == ELLA_PACKET ==> same_packet{Pre, Post}(p, q); */
enum ella_result round_trip(const struct ella_packet *p, enum ella_version version,
                            enum ella_sender sender, uint8_t *buf, uint32_t start, uint32_t end,
                            struct ella_packet *q) {
    struct ella_decoder d;
    uint32_t size = 0u;
    enum ella_result result;

    if (ella_encode(p, version, sender, buf, start, end, &size) != ELLA_ERROR_NONE)
        return ELLA_BAD;
    encoded_is_right(version, sender, p, buf, start + 2u, start + size);
    ella_decoder_init(&d, version, sender, size);
    result = decode_encoded(&d, p, buf, start, end, q);
    /*@ assert d.size == size; */
    return result;
}
