/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Bytes of one connection into events. It knows nothing of what packets mean.
 */
#include "broker/core/core_state.h"

static void bad_packet(struct core *core, uint32_t conn, const struct ella_decoder *decoder,
                       uint64_t now_ms) {
    const struct core_event event = {
        .type = CORE_BAD_PACKET, .conn = conn, .now_ms = now_ms, .decoder = decoder};

    (void)core_step(core, &event);
}

/* A connection stays where it is until the driver tells that it was closed. */
uint32_t core_receive(struct core *core, uint32_t conn, struct ella_decoder *decoder,
                      const uint8_t *buf, uint32_t start, uint32_t end, uint64_t now_ms) {
    struct connection *c = connection_at(core, conn);
    struct ella_packet packet;

    CORE_ASSERT(now_ms >= core->now_ms);
    core->now_ms = now_ms;
    while (start < end && c != NULL && connection_accepts(c)) {
        switch (ella_decode(decoder, buf, start, end, &packet)) {
        case ELLA_MORE:
            return start;
        case ELLA_PACKET:
            if (core_step_packet(core, c, &packet, decoder->size) == CORE_NOT_TAKEN)
                return start;
            start += decoder->size;
            break;
        case ELLA_BAD:
            bad_packet(core, conn, decoder, now_ms);
            return end;
        }
    }
    return start;
}
