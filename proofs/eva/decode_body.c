/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Driver: the other ways into the decoder, with any bytes and any arguments. Not even
 * start <= end is assumed.
 */
#include "eva/any.h"
#include "eva/codec.h"

static uint8_t bytes[BYTES];
static struct ella_packet packet;
static struct ella_properties properties;
static uint32_t error_at;

void eva_decode_body(void) {
    any_bytes(bytes, sizeof bytes);
    (void)ella_decode_body(any_version(), any_sender(), any_u8(), bytes, any_index(BYTES),
                           any_index(BYTES), &packet, &error_at);
    (void)ella_properties_decode((enum ella_packet_type)any_u32(), any_sender(), bytes,
                                 any_index(BYTES), any_index(BYTES), &properties, &error_at);
    (void)ella_utf8_check(bytes, any_index(BYTES), any_index(BYTES));
    (void)ella_topic_name_check(bytes, any_index(BYTES), any_index(BYTES), &error_at);
    (void)ella_topic_filter_check(bytes, any_index(BYTES), any_index(BYTES), &error_at);
}
