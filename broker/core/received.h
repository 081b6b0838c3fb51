/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The packet identifiers of QoS 2 messages that a session has received and whose PUBREL has not
 * come: a sorted array, owned only while it is not empty. It knows nothing of messages.
 */
#ifndef BROKER_CORE_RECEIVED_H
#define BROKER_CORE_RECEIVED_H

#include "broker/core/memory.h"

struct received {
    uint32_t count;
    uint32_t capacity;
    uint16_t packet_ids[]; /* ascending */
};

bool received_has(const struct received *received, uint16_t packet_id);
/* packet_id must not be there. false: no memory, nothing changed. */
bool received_add(struct memory *memory, struct received **received, uint16_t packet_id);
/* packet_id must be there. */
void received_remove(struct memory *memory, struct received **received, uint16_t packet_id);
uint32_t received_count(const struct received *received); /* received may be NULL */
void received_free(struct memory *memory, struct received **received);

#endif
