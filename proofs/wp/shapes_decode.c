/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * shapes_decode: unit for the proof that the grammars read from the bytes of wp/shapes.h what the
 * encoder was given, without an error. The contracts here speak of packets of fixed shape alone,
 * which their `requires` say; so they stand here and not above the functions.
 */
#include "wp/shapes_calls.h"

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

/*@ requires body_readable(r, buf, start, end) && r->packet_type == ELLA_UNSUBACK;
    requires \valid(out) && \separated(out, buf + (start .. end - 1)) && \separated(r, out);
    assigns r->field, r->number, r->off, r->end, r->vbi_len, r->error, *out;
    ensures out->properties.present == \old(out->properties.present);
    ensures r->error == ELLA_ERROR_NONE && unsuback_says(out, buf, start); */
void ella_packets_suback(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                         struct ella_suback *out);

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

/* The parts put together. */

/*@ requires \valid(d) && between_packets(d);
    requires start + 2 <= end && bytes_readable(buf, start, end);
    requires \separated(d, buf + (start .. end - 1));
    requires lawful_first_byte(d->version, d->sender_, buf[start]);
    requires buf[start + 1] < 128 && buf[start + 1] + 2 <= d->max_packet_size_;
    assigns d->packet_type, d->state_, d->header_len_, d->not_shortest_, d->remaining_length_,
      d->first_byte_, d->error, d->error_offset;
    ensures \result == 1 && d->error == ELLA_ERROR_NONE && d->header_len_ == 2;
    ensures d->first_byte_ == buf[start] && d->packet_type == buf[start] / 16;
    ensures d->remaining_length_ == buf[start + 1] && !d->not_shortest_; */
bool ella_frame_read(struct ella_decoder *d, const uint8_t *buf, uint32_t start, uint32_t end);

/*@ assigns \nothing;
    ensures \result.buf == buf && \result.error == ELLA_ERROR_NONE;
    ensures \result.version == version && \result.packet_type == packet_type; */
static struct reader decode_reader(uint8_t version, uint8_t sender, uint8_t packet_type,
                                   const uint8_t *buf, uint32_t start);

/*@ requires body_readable(r, r->buf, start, end);
    requires \valid(out) && \separated(out, r->buf + (start .. end - 1)) && \separated(r, out);
    assigns r->field, r->number, r->off, r->end, r->vbi_len, r->error, *out;
    ensures r->error == ELLA_ERROR_NONE && out->type == r->packet_type;
    ensures says_ack_id(out, r->buf, start) && says_ack_code(out, r->buf, start, end);
    ensures says_connack(out, r->buf, start);
    ensures says_unsuback(out, r->buf, start) && says_disconnect(out, r->buf, start, end); */
static void decode_body(struct reader *r, uint8_t first_byte, uint32_t start, uint32_t end,
                        struct ella_packet *out);

/*@ requires \valid(d) && \valid(out) && \separated(d, out);
    requires d->error == ELLA_ERROR_NONE && d->header_len_ == 2;
    requires start + 2 <= end && bytes_readable(buf, start, end);
    requires \separated(d, buf + (start .. end - 1)) && \separated(out, buf + (start .. end - 1));
    requires body_right(d->version, d->packet_type, buf, start + 2, end);
    requires body_room(d->packet_type, start + 2, end);
    assigns *d, *out;
    ensures \result == ELLA_PACKET && between_packets(d) && d->size == end - start;
    ensures out->type == \old(d->packet_type);
    ensures says_ack_id(out, buf, start + 2);
    ensures says_ack_code(out, buf, start + 2, end);
    ensures says_connack(out, buf, start + 2);
    ensures says_unsuback(out, buf, start + 2);
    ensures says_disconnect(out, buf, start + 2, end); */
static enum ella_result decode_whole(struct ella_decoder *d, const uint8_t *buf, uint32_t start,
                                     uint32_t end, struct ella_packet *out);

#include "codec/decode.c"
#include "codec/gen/frame.c"
#include "codec/gen/packets.c"
