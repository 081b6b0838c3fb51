/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Bytes of one connection into events. It knows nothing of what packets mean.
 */
#include "broker/core/core_state.h"

uint32_t core_receive(struct core *core, uint32_t conn, struct ella_decoder *decoder,
                      const uint8_t *buf, uint32_t start, uint32_t end, uint64_t now_ms) {
    struct core_event event = {.conn = conn, .now_ms = now_ms, .decoder = decoder};
    struct ella_packet packet;

    while (start < end && core_accepts(core, conn)) {
        switch (ella_decode(decoder, buf, start, end, &packet)) {
        case ELLA_MORE:
            return start;
        case ELLA_PACKET:
            event.type = CORE_PACKET;
            event.packet = &packet;
            event.packet_size = decoder->size;
            if (core_step(core, &event) == CORE_NOT_TAKEN)
                return start;
            start += decoder->size;
            break;
        case ELLA_BAD:
            event.type = CORE_BAD_PACKET;
            (void)core_step(core, &event);
            return end;
        }
    }
    return start;
}
