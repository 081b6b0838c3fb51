/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * shapes_calls: what the public functions promise of packets of fixed shape. shapes_encode.c and
 * shapes_decode.c prove it, round_trip.c builds on it.
 */
#ifndef PROOFS_WP_SHAPES_CALLS_H
#define PROOFS_WP_SHAPES_CALLS_H

#include "wp/shapes.h"

/* It takes each packet that is right, no other, and writes the bytes of the standard; they must
 * fit. */
/*@ requires \valid_read(packet) && fixed_shape(version, packet) && flags_fit(packet->type);
    requires \valid(size) && \valid(buf + (start .. end - 1)) && \separated(size, packet);
    requires \separated(size, buf + (start .. end - 1));
    requires \separated(packet, buf + (start .. end - 1));
    requires start + 2 + body_len(version, packet) <= end;
    assigns *size, buf[start .. end - 1];
    ensures \result == ELLA_ERROR_NONE <==> sendable(version, sender, packet);
    ensures \result == ELLA_ERROR_NONE ==> *size == 2 + body_len(version, packet) &&
      packet_is(version, packet, buf, start); */
enum ella_error ella_encode(const struct ella_packet *packet, enum ella_version version,
                            enum ella_sender sender, uint8_t *buf, uint32_t start, uint32_t end,
                            uint32_t *size);

/*@ requires \valid(d);
    assigns *d;
    ensures between_packets(d) && d->version == (uint8_t)version && d->sender_ == (uint8_t)sender;
    ensures d->max_packet_size_ == max_packet_size; */
void ella_decoder_init(struct ella_decoder *d, enum ella_version version, enum ella_sender sender,
                       uint32_t max_packet_size);

/* It takes each packet of these bytes, whole in the range, says what is in it and how long it is,
 * and is then ready for the next. */
/*@ requires \valid(d) && \valid(out) && \separated(d, out) && between_packets(d);
    requires start + 2 <= end && bytes_readable(buf, start, end);
    requires \separated(d, buf + (start .. end - 1)) && \separated(out, buf + (start .. end - 1));
    requires packet_right(d->version, d->sender_, buf, start);
    requires start + 2 + buf[start + 1] <= end && 2 + buf[start + 1] <= d->max_packet_size_;
    assigns *d, *out;
    ensures \result == ELLA_PACKET && between_packets(d) && d->size == 2 + buf[start + 1];
    ensures out->type == buf[start] / 16;
    ensures says_ack_id(out, buf, start + 2);
    ensures says_ack_code(out, buf, start + 2, start + 2 + buf[start + 1]);
    ensures says_connack(out, buf, start + 2);
    ensures says_unsuback(out, buf, start + 2);
    ensures says_disconnect(out, buf, start + 2, start + 2 + buf[start + 1]); */
enum ella_result ella_decode(struct ella_decoder *d, const uint8_t *buf, uint32_t start,
                             uint32_t end, struct ella_packet *out);

#endif
