/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Driver: ella_decode() over any number of calls, from any saved decoder state.
 *
 * The buffer holds any bytes. Every call may begin and end anywhere in it, so that every length
 * up to BYTES and every way to split is among them; before each call every member of the decoder
 * may take any value of its type. Nothing that a caller must promise is assumed, not even that
 * start <= end.
 */
#include "eva/any.h"
#include "eva/codec.h"

static uint8_t bytes[BYTES];
static struct ella_decoder decoder;
static struct ella_packet packet;

void eva_decode(void) {
    any_bytes(bytes, sizeof bytes);
    ella_decoder_init(&decoder, any_version(), any_sender(), any_u32());
    while (any_bool()) {
        (void)ella_decode(&decoder, bytes, any_index(BYTES), any_index(BYTES), &packet);
        if (any_bool())
            any_decoder(&decoder);
        if (any_bool())
            any_bytes(bytes, sizeof bytes);
    }
}
