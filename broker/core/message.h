/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * One application message: the one copy made of it, shared by reference among retained store,
 * wills, queues and in-flight windows. It knows nothing of sessions. Immutable once made.
 *
 * Layout: the struct, then topic, encoded MQTT 5.0 properties to forward, payload, in one block.
 * The properties are those a server forwards unaltered (payload format, content type, response
 * topic, correlation data, user properties in order: sections 3.3.2.3, v5/3.3.2-17); message
 * expiry is kept as a deadline, topic alias and subscription identifiers are never kept.
 */
#ifndef BROKER_CORE_MESSAGE_H
#define BROKER_CORE_MESSAGE_H

#include "broker/core/memory.h"
#include "libella/codec.h"

#define MESSAGE_NEVER_EXPIRES UINT64_MAX

struct message {
    uint64_t expires_ms;    /* MESSAGE_NEVER_EXPIRES if it does not */
    uint64_t number : 48;   /* names it in records; 0: in none */
    uint64_t epoch : 16;    /* in which it was last recorded, 0: in none (store.c) */
    uint64_t publisher_key; /* hash of the publisher's client identifier, for No Local; 0: the
                               broker itself */
    uint32_t references;
    uint32_t properties_len;
    uint32_t payload_len;
    uint16_t topic_len;
    uint8_t qos;
    bool retain;     /* as published */
    uint8_t bytes[]; /* topic, properties, payload */
};

/* Copies topic (taken from the argument, since it may come from an alias), forwardable properties
 * and payload of publish. expires_ms is computed from now_ms and the message expiry interval, if
 * present. One reference. NULL: no memory. */
struct message *message_create(struct memory *memory, struct ella_slice topic,
                               const struct ella_publish *publish, uint64_t publisher_key,
                               uint64_t now_ms);
/* The same for the Will of a CONNECT (section 3.1.3), its topic included. Its expiry counts from
 * publication: until message_start_expiry() was called, once, expires_ms holds how long it lasts
 * instead of when it ends. */
struct message *message_create_will(struct memory *memory, const struct ella_connect *connect,
                                    uint64_t publisher_key);
void message_start_expiry(struct message *message, uint64_t now_ms);
/* One more reference; returns message. */
struct message *message_take(struct message *message);
/* One reference less; the last one frees it. */
void message_drop(struct memory *memory, struct message *message);

/* What it costs: the whole block. */
size_t message_size_bytes(const struct message *message);
struct ella_slice message_topic(const struct message *message);
struct ella_slice message_payload(const struct message *message);
static inline bool message_expired(const struct message *message, uint64_t now_ms) {
    return message->expires_ms <= now_ms;
}

/* Fills out with topic, payload and the forwardable properties (slices into the message) and the
 * remaining message expiry interval, rounded up to whole seconds (v5/3.3.2-6). qos, retain, dup
 * and packet_id are left 0. */
void message_to_publish(const struct message *message, uint64_t now_ms, struct ella_publish *out);

#endif
