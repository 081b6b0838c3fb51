/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * message: one block for each application message. It knows nothing of sessions.
 *
 * Invariants: references > 0 while it lives; the properties are encoded as
 * ella_properties_encode() does and hold none but the forwarded ones.
 */
#include "broker/core/message.h"

#include <string.h>

#include "broker/core/core_assert.h"

#define PROPERTY_BIT(id) ((uint64_t)1 << (unsigned)(id))

/* What a server forwards unaltered. */
//= v5/3.3.2-4 v5/3.3.2-15 v5/3.3.2-16 v5/3.3.2-17 v5/3.3.2-18 v5/3.3.2-20
#define PROPERTIES_FORWARDED                                                                      \
    (PROPERTY_BIT(ELLA_PROPERTY_PAYLOAD_FORMAT_INDICATOR) |                                       \
     PROPERTY_BIT(ELLA_PROPERTY_CONTENT_TYPE) | PROPERTY_BIT(ELLA_PROPERTY_RESPONSE_TOPIC) |      \
     PROPERTY_BIT(ELLA_PROPERTY_CORRELATION_DATA) | PROPERTY_BIT(ELLA_PROPERTY_USER_PROPERTY))

#define MS_PER_S 1000u

size_t message_size_bytes(const struct message *message) {
    return sizeof *message + message->topic_len + message->properties_len + message->payload_len;
}

/* What was decoded can be encoded: a refusal is a fault of the program. */
static uint32_t properties_size(const struct ella_properties *properties) {
    uint32_t size = 0u;
    enum ella_error error;

    if (properties->present == 0u)
        return 0u;
    error = ella_properties_size(properties, ELLA_PUBLISH, ELLA_FROM_SERVER, &size);
    CORE_ASSERT(error == ELLA_ERROR_NONE);
    return size;
}

static void properties_put(struct message *message, const struct ella_properties *properties) {
    const uint32_t start = message->topic_len;
    const uint32_t end = start + message->properties_len;
    uint32_t size = 0u;
    enum ella_error error;

    if (message->properties_len == 0u)
        return;
    error = ella_properties_encode(properties, ELLA_PUBLISH, ELLA_FROM_SERVER, message->bytes,
                                   start, end, &size);
    CORE_ASSERT(error == ELLA_ERROR_NONE && size == message->properties_len);
}

static void bytes_put(struct message *message, uint32_t at, struct ella_slice from) {
    if (ella_slice_len(from) > 0u)
        memcpy(message->bytes + at, ella_slice_data(from), ella_slice_len(from));
}

static struct message *create(struct memory *memory, struct ella_slice topic,
                              struct ella_slice payload,
                              const struct ella_properties *properties) {
    struct ella_properties forwarded = *properties;
    struct message *message;
    uint32_t properties_len;

    CORE_ASSERT(ella_slice_len(topic) <= ELLA_STRING_LEN_MAX);
    forwarded.present &= PROPERTIES_FORWARDED;
    properties_len = properties_size(&forwarded);
    message = memory_get(memory, MEMORY_MESSAGE,
                         sizeof *message + ella_slice_len(topic) + properties_len +
                             ella_slice_len(payload));
    if (message == NULL)
        return NULL;
    memset(message, 0, sizeof *message);
    message->references = 1u;
    message->expires_ms = MESSAGE_NEVER_EXPIRES;
    message->topic_len = (uint16_t)ella_slice_len(topic);
    message->properties_len = properties_len;
    message->payload_len = ella_slice_len(payload);
    bytes_put(message, 0u, topic);
    properties_put(message, &forwarded);
    bytes_put(message, message->topic_len + properties_len, payload);
    if (ella_property_present(properties, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL))
        message->expires_ms = (uint64_t)properties->message_expiry_interval_s * MS_PER_S;
    return message;
}

void message_start_expiry(struct message *message, uint64_t now_ms) {
    if (message->expires_ms != MESSAGE_NEVER_EXPIRES)
        message->expires_ms += now_ms;
}

struct message *message_create(struct memory *memory, struct ella_slice topic,
                               const struct ella_publish *publish, uint64_t publisher_key,
                               uint64_t now_ms) {
    struct message *message = create(memory, topic, publish->payload, &publish->properties);

    if (message == NULL)
        return NULL;
    message->publisher_key = publisher_key;
    message->qos = publish->qos;
    message->retain = publish->retain;
    message_start_expiry(message, now_ms);
    return message;
}

struct message *message_create_will(struct memory *memory, const struct ella_connect *connect,
                                    uint64_t publisher_key) {
    struct message *message =
        create(memory, connect->will_topic, connect->will_payload, &connect->will_properties);

    if (message == NULL)
        return NULL;
    message->publisher_key = publisher_key;
    message->qos = connect->will_qos;
    message->retain = connect->will_retain;
    return message;
}

struct message *message_take(struct message *message) {
    CORE_ASSERT(message->references > 0u && message->references < UINT32_MAX);
    message->references++;
    return message;
}

void message_drop(struct memory *memory, struct message *message) {
    CORE_ASSERT(message->references > 0u);
    message->references--;
    if (message->references == 0u)
        memory_put(memory, MEMORY_MESSAGE, message, message_size_bytes(message));
}

struct ella_slice message_topic(const struct message *message) {
    const struct ella_slice topic = {message->bytes, 0u, message->topic_len};
    return topic;
}

struct ella_slice message_payload(const struct message *message) {
    const uint32_t off = message->topic_len + message->properties_len;
    const struct ella_slice payload = {message->bytes, off, off + message->payload_len};
    return payload;
}

/* Rounded up, so that a message that is still there is never sent as one whose time is over. */
//= v5/3.3.2-6
static void expiry_put(const struct message *message, uint64_t now_ms,
                       struct ella_properties *out) {
    uint64_t rest_ms = 0u;

    if (message->expires_ms == MESSAGE_NEVER_EXPIRES)
        return;
    if (message->expires_ms > now_ms)
        rest_ms = message->expires_ms - now_ms;
    ella_property_set(out, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    out->message_expiry_interval_s = (uint32_t)((rest_ms + MS_PER_S - 1u) / MS_PER_S);
}

void message_to_publish(const struct message *message, uint64_t now_ms, struct ella_publish *out) {
    memset(out, 0, sizeof *out);
    if (message->properties_len > 0u) {
        const uint32_t start = message->topic_len;
        uint32_t error_at;
        const enum ella_error error =
            ella_properties_decode(ELLA_PUBLISH, ELLA_FROM_SERVER, message->bytes, start,
                                   start + message->properties_len, &out->properties, &error_at);
        CORE_ASSERT(error == ELLA_ERROR_NONE);
    }
    out->topic = message_topic(message);
    out->payload = message_payload(message);
    expiry_put(message, now_ms, &out->properties);
}
