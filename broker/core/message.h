/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * One application message: the one copy made of it, shared by reference among retained store,
 * wills, queues and in-flight windows. It knows nothing of sessions. Immutable once made.
 *
 * Layout, in one block: the struct; what this message has of when it expires, its record, and its
 * lengths if they do not fit in the struct; topic, encoded MQTT 5.0 properties to forward,
 * payload. The properties are those a server forwards unaltered (payload format, content type,
 * response topic, correlation data, user properties in order: sections 3.3.2.3, v5/3.3.2-17);
 * message expiry is kept as a deadline, topic alias and subscription identifiers are never kept.
 */
#ifndef BROKER_CORE_MESSAGE_H
#define BROKER_CORE_MESSAGE_H

#include <string.h>

#include "broker/core/memory.h"
#include "libella/codec.h"

#define MESSAGE_NEVER_EXPIRES UINT64_MAX

/* Most messages are small: a broker full of them pays for each byte here. */
struct message {
    uint32_t references;
    uint16_t payload_len_; /* these two unless it has MESSAGE_LENGTHS */
    uint8_t topic_len_;
    uint8_t qos : 2;
    uint8_t retain : 1; /* as published */
    uint8_t parts_ : 4; /* MESSAGE_ and what it has */
    uint8_t bytes_[];
};

#define MESSAGE_EXPIRY 1u /* uint64_t: when it expires */
#define MESSAGE_RECORD 2u /* struct message_record */
#define MESSAGE_PUBLISHER 4u
#define MESSAGE_LENGTHS 8u /* struct message_lengths */

/* How it is named in records. */
struct message_record {
    uint64_t number : 48; /* 0: in none */
    uint64_t epoch : 16;  /* in which it was last recorded, 0: in none (store.c) */
};

struct message_lengths {
    uint32_t topic;
    uint32_t properties;
    uint32_t payload;
};

/* Copies topic (taken from the argument, since it may come from an alias), forwardable properties
 * and payload of publish. expires_ms is computed from now_ms and the message expiry interval, if
 * present. publisher_key: see message_publisher(); has_record: it may be recorded. One reference.
 * NULL: no memory. */
struct message *message_create(struct memory *memory, struct ella_slice topic,
                               const struct ella_publish *publish, uint64_t publisher_key,
                               bool has_record, uint64_t now_ms);
/* The same for the Will of a CONNECT (section 3.1.3), its topic included. Its expiry counts from
 * publication: until message_start_expiry() was called, once, message_expires_ms() says how long
 * it lasts instead of when it ends. */
struct message *message_create_will(struct memory *memory, const struct ella_connect *connect,
                                    uint64_t publisher_key, bool has_record);
void message_start_expiry(struct message *message, uint64_t now_ms);
/* One more reference; returns message. */
struct message *message_take(struct message *message);
/* One reference less; the last one frees it. */
void message_drop(struct memory *memory, struct message *message);

/* Bytes of the parts, by parts_: 8 for each of the first three, 12 for the lengths. */
extern const uint8_t message_parts_size[16];
/* Where the topic begins in bytes_: behind the parts. */
static inline uint32_t message_topic_at(const struct message *message) {
    return message_parts_size[message->parts_];
}
static inline struct message_lengths message_get_lengths(const struct message *message) {
    struct message_lengths lengths = {message->topic_len_, 0u, message->payload_len_};
    if ((message->parts_ & MESSAGE_LENGTHS) != 0u)
        memcpy(&lengths, message->bytes_ + message_topic_at(message) - sizeof lengths,
               sizeof lengths);
    return lengths;
}
/* The same as below, of one that has MESSAGE_LENGTHS. */
size_t message_size_bytes_of_long(const struct message *message);
/* What it costs: the whole block. */
static inline size_t message_size_bytes(const struct message *message) {
    if ((message->parts_ & MESSAGE_LENGTHS) != 0u)
        return message_size_bytes_of_long(message);
    return sizeof *message + message_topic_at(message) + message->topic_len_ +
           message->payload_len_;
}
struct ella_slice message_topic(const struct message *message);
struct ella_slice message_payload(const struct message *message);

/* MESSAGE_NEVER_EXPIRES if it does not. */
static inline uint64_t message_expires_ms(const struct message *message) {
    uint64_t expires_ms = MESSAGE_NEVER_EXPIRES;
    if ((message->parts_ & MESSAGE_EXPIRY) != 0u)
        memcpy(&expires_ms, message->bytes_, sizeof expires_ms);
    return expires_ms;
}
static inline bool message_expired(const struct message *message, uint64_t now_ms) {
    return message_expires_ms(message) <= now_ms;
}
/* The message must expire. */
void message_set_expires_ms(struct message *message, uint64_t expires_ms);

/* Zero if it has none. */
static inline struct message_record message_get_record(const struct message *message) {
    struct message_record record = {0u, 0u};
    if ((message->parts_ & MESSAGE_RECORD) != 0u)
        memcpy(&record, message->bytes_ + (message->parts_ & MESSAGE_EXPIRY) * sizeof(uint64_t),
               sizeof record);
    return record;
}
/* Hash of the publisher's client identifier; 0: the broker itself, or it was not kept, since
 * nobody asks for it once the message is delivered: then it is neither retained nor may be
 * recorded. */
static inline uint64_t message_publisher(const struct message *message) {
    const uint32_t parts = message->parts_;
    uint64_t publisher_key = 0u;
    if ((parts & MESSAGE_PUBLISHER) != 0u)
        memcpy(&publisher_key, message->bytes_ + ((parts & 1u) + (parts >> 1u & 1u)) * 8u,
               sizeof publisher_key);
    return publisher_key;
}
/* The message must have one. */
void message_set_publisher(struct message *message, uint64_t publisher_key);
/* The message must have been made with has_record. */
void message_set_record(struct message *message, struct message_record record);
/* It counts as not recorded yet, under the same number. The message must have a record. */
void message_forget_epoch(struct message *message);

/* Bytes that message_encode() writes at most. */
static inline size_t message_encoded_size_max(const struct message *message) {
    return message_size_bytes(message) + 16u;
}
/* The message as a PUBLISH of MQTT 5.0 with its own QoS and RETAIN, packet identifier 1 and no
 * Message Expiry Interval: byte for byte as ella_encode_publish() writes it, but copied as it
 * stands here. Returns the size. */
uint32_t message_encode(const struct message *message, uint8_t *out);

/* Fills out with topic, payload and the forwardable properties (slices into the message) and the
 * remaining message expiry interval, rounded up to whole seconds (v5/3.3.2-6). qos, retain, dup
 * and packet_id are left 0. */
void message_to_publish(const struct message *message, uint64_t now_ms, struct ella_publish *out);

#endif
