/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The smallest program that uses libella: it encodes a PUBLISH and decodes it again. */
#include <stdio.h>

#include "ella.h"

int main(void) {
    uint8_t buf[64];
    uint32_t size;
    struct ella_decoder decoder;
    struct ella_packet packet = {.type = ELLA_PUBLISH};

    packet.publish.topic = ella_slice_of("greeting", 8);
    packet.publish.payload = ella_slice_of("hello", 5);
    if (ella_encode_checked(&packet, ELLA_VERSION_5_0, ELLA_FROM_CLIENT, buf, 0, sizeof buf,
                            &size) != ELLA_ERROR_NONE)
        return 1;

    ella_decoder_init(&decoder, ELLA_VERSION_5_0, ELLA_FROM_CLIENT, sizeof buf);
    switch (ella_decode(&decoder, buf, 0, size, &packet)) {
    case ELLA_PACKET:
        printf("%u bytes: %.*s\n", decoder.size, (int)ella_slice_len(packet.publish.payload),
               (const char *)ella_slice_data(packet.publish.payload));
        return 0;
    case ELLA_MORE:
        return 1;
    default:
        fprintf(stderr, "%s\n", ella_error_text((enum ella_error)decoder.error));
        return 1;
    }
}
