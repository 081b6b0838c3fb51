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

/* frame.rl: forgets the packet begun. */
/*@ requires \valid(d);
    assigns d->packet_type, d->state_, d->header_len_, d->not_shortest_, d->remaining_length_;
    ensures d->header_len_ == 0; */
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
