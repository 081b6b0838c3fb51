/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * any: unknown values for the drivers. Eva follows all of them at once.
 *
 * BYTES is the size of every buffer: the largest packet of MQTT, fixed header included.
 */
#ifndef PROOFS_EVA_ANY_H
#define PROOFS_EVA_ANY_H

#include <__fc_builtin.h>

#include "libella/codec.h"

#define BYTES 268435460u

static bool any_bool(void) {
    return Frama_C_interval(0, 1) != 0;
}

static uint8_t any_u8(void) {
    return Frama_C_unsigned_char_interval(0, 255);
}

static uint16_t any_u16(void) {
    return Frama_C_unsigned_short_interval(0, 65535);
}

static uint32_t any_u32(void) {
    return Frama_C_unsigned_int_interval(0u, 4294967295u);
}

static uint64_t any_u64(void) {
    return Frama_C_unsigned_long_interval(0u, 18446744073709551615u);
}

/* An index of a buffer of size bytes, or its end. */
static uint32_t any_index(uint32_t size) {
    return Frama_C_unsigned_int_interval(0u, size);
}

static void any_bytes(uint8_t *bytes, size_t size) {
    Frama_C_make_unknown((char *)bytes, size);
}

/* Off and end each anywhere in a buffer of BYTES bytes, end before off included. */
static struct ella_slice any_slice(const uint8_t *bytes) {
    struct ella_slice s;

    s.base = bytes;
    s.off = any_index(BYTES);
    s.end = any_index(BYTES);
    return s;
}

static enum ella_version any_version(void) {
    return (enum ella_version)any_u32();
}

static enum ella_sender any_sender(void) {
    return (enum ella_sender)any_u32();
}

/* All of a decoder, its saved state too; the type of a packet has four bits. */
static void any_decoder(struct ella_decoder *d) {
    d->size = any_u32();
    d->needed = any_u32();
    d->error_offset = any_u32();
    d->error = any_u8();
    d->version = any_u8();
    d->packet_type = any_u8() / 16;
    d->sender_ = any_u8();
    d->max_packet_size_ = any_u32();
    d->state_ = any_u8();
    d->first_byte_ = any_u8();
    d->header_len_ = any_u8();
    d->not_shortest_ = any_bool();
    d->remaining_length_ = any_u32();
}

#endif
