/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * machines: what the grammars (the .rl files) offer to decode.c and to each other. Not public.
 *
 * Invariants: each reads bytes [start, end) of the reader's buf and no others; after an error the
 * reader says which and where, and what was written to out is unspecified, but for the version of
 * CONNECT.
 */
#ifndef LIBELLA_CODEC_MACHINES_H
#define LIBELLA_CODEC_MACHINES_H

#include "libella/codec.h"
#include "reader.h"

/* frame.rl: whether a packet may begin with this byte. */
/*@ assigns \nothing;
    ensures lawful_first_byte(version, sender, first_byte) ==> \result == ELLA_ERROR_NONE; */
enum ella_error ella_frame_first_byte(uint8_t version, uint8_t sender, uint8_t first_byte);

/* What a decoder knows in that state of a fixed header that begins at index k: of the bytes of its
 * Remaining Length all but the last say that there is more. */
/*@ predicate length_goes_on{L}(uint8_t *b, integer k, integer n) =
      (n >= 2 ==> b[k + 1] >= 128) && (n >= 3 ==> b[k + 2] >= 128) &&
      (n >= 4 ==> b[k + 3] >= 128) && (n >= 5 ==> b[k + 4] >= 128);

    logic integer vbi_value{L}(uint8_t *b, integer i, integer n) =
      n <= 0 ? 0 : (n == 1 ? b[i] % 128 :
      (n == 2 ? b[i] % 128 + b[i + 1] % 128 * 128 :
      (n == 3 ? b[i] % 128 + b[i + 1] % 128 * 128 + b[i + 2] % 128 * 16384 :
      b[i] % 128 + b[i + 1] % 128 * 128 + b[i + 2] % 128 * 16384 + b[i + 3] % 128 * 2097152)));

    predicate frame_seen{L}(struct ella_decoder *d, integer state, uint8_t *b, integer k) =
      (state == 6 ==> 2 <= d->header_len_ <= 5 && b[k + d->header_len_ - 1] < 128 &&
        length_goes_on(b, k, d->header_len_ - 1)) &&
      (state != 6 ==> 0 <= d->header_len_ <= 4 && state == d->header_len_ + 1 &&
        length_goes_on(b, k, d->header_len_)) &&
      (d->header_len_ >= 1 ==> d->first_byte_ == b[k] && d->packet_type == b[k] / 16) &&
      d->remaining_length_ == vbi_value(b, k + 1, d->header_len_ - 1) &&
      (d->not_shortest_ <==> d->header_len_ > 2 && b[k + d->header_len_ - 1] == 0);

    predicate frame_in_limits{L}(struct ella_decoder *d) =
      d->header_len_ + d->remaining_length_ <= d->max_packet_size_ &&
      (d->version == ELLA_VERSION_5_0 ==> !d->not_shortest_); */

/* frame.rl: forgets the packet begun. */
/*@ requires \valid(d);
    assigns d->packet_type, d->state_, d->header_len_, d->not_shortest_, d->remaining_length_;
    ensures d->packet_type == 0 && d->state_ == 1 && d->header_len_ == 0;
    ensures !d->not_shortest_ && d->remaining_length_ == 0; */
void ella_frame_begin(struct ella_decoder *d);

/* frame.rl: goes on with the fixed header at start; true when it is whole. Errors are in d. */
ELLA_MUST_USE bool ella_frame_read(struct ella_decoder *d, const uint8_t *buf, uint32_t start,
                                   uint32_t end);

/* properties.rl: the properties behind a Property Length; place is the bit of the packet, or of
 * the Will Properties, in the rules. *out must be empty before. */
void ella_properties_read(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                          uint32_t place, struct ella_properties *out);

/* packets.rl: the body of one packet; reason also reads PINGREQ and PINGRESP, which are empty. */
void ella_packets_connect(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                          struct ella_connect *out);
void ella_packets_connack(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                          struct ella_connack *out);
void ella_packets_publish(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                          struct ella_publish *out);
void ella_packets_ack(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                      struct ella_ack *out);
void ella_packets_subscribe(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                            struct ella_subscribe *out);
void ella_packets_suback(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                         struct ella_suback *out);
void ella_packets_reason(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                         struct ella_reason *out);

#endif
