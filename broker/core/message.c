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

/* ---- What stands before the topic ---- */

_Static_assert(offsetof(struct message, bytes_) == 8u && sizeof(struct message) == 8u,
               "most of the memory of a broker is full of these");

_Static_assert(sizeof(struct message_record) == 8u && sizeof(struct message_lengths) == 12u,
               "message_parts_size counts on it");

const uint8_t message_parts_size[16] = {0u,  8u,  8u,  16u, 8u,  16u, 16u, 24u,
                                        12u, 20u, 20u, 28u, 20u, 28u, 28u, 36u};

static uint32_t record_at(const struct message *message) {
    return (message->parts_ & MESSAGE_EXPIRY) * (uint32_t)sizeof(uint64_t);
}

void message_set_expires_ms(struct message *message, uint64_t expires_ms) {
    CORE_ASSERT((message->parts_ & MESSAGE_EXPIRY) != 0u);
    memcpy(message->bytes_, &expires_ms, sizeof expires_ms);
}

void message_set_record(struct message *message, struct message_record record) {
    CORE_ASSERT((message->parts_ & MESSAGE_RECORD) != 0u);
    memcpy(message->bytes_ + record_at(message), &record, sizeof record);
}

void message_set_publisher(struct message *message, uint64_t publisher_key) {
    CORE_ASSERT((message->parts_ & MESSAGE_PUBLISHER) != 0u);
    memcpy(message->bytes_ + record_at(message) +
               ((message->parts_ & MESSAGE_RECORD) != 0u ? sizeof(struct message_record) : 0u),
           &publisher_key, sizeof publisher_key);
}

void message_forget_epoch(struct message *message) {
    struct message_record record = message_get_record(message);

    record.epoch = 0u;
    message_set_record(message, record);
}

size_t message_size_bytes_of_long(const struct message *message) {
    const struct message_lengths lengths = message_get_lengths(message);
    return sizeof *message + message_topic_at(message) + lengths.topic + lengths.properties +
           lengths.payload;
}

/* ---- Making one ---- */

/* What was decoded can be encoded: a refusal is a fault of the program. */
static uint32_t properties_size(const struct ella_properties *properties) {
    uint32_t size = 0u;
    enum ella_error error;

    error = ella_properties_size(properties, ELLA_PUBLISH, ELLA_FROM_SERVER, &size);
    CORE_ASSERT(error == ELLA_ERROR_NONE);
    return size;
}

static void bytes_put(struct message *message, uint32_t at, struct ella_slice from) {
    if (ella_slice_len(from) > 0u)
        memcpy(message->bytes_ + at, ella_slice_data(from), ella_slice_len(from));
}

static void contents_put(struct message *message, const struct message_lengths *lengths,
                         struct ella_slice topic, const struct ella_properties *properties,
                         struct ella_slice payload) {
    const uint32_t topic_at = message_topic_at(message);
    const uint32_t properties_at = topic_at + lengths->topic;
    const uint32_t payload_at = properties_at + lengths->properties;
    uint32_t size = 0u;
    enum ella_error error;

    if ((message->parts_ & MESSAGE_LENGTHS) != 0u)
        memcpy(message->bytes_ + topic_at - sizeof *lengths, lengths, sizeof *lengths);
    bytes_put(message, topic_at, topic);
    if (lengths->properties > 0u) {
        error = ella_properties_encode(properties, ELLA_PUBLISH, ELLA_FROM_SERVER, message->bytes_,
                                       properties_at, payload_at, &size);
        CORE_ASSERT(error == ELLA_ERROR_NONE && size == lengths->properties);
    }
    bytes_put(message, payload_at, payload);
}

/* Says what the message has, before there is a block for it. */
static void head_make(const struct message_lengths *lengths, unsigned parts,
                      struct message *head) {
    if (lengths->topic > UINT8_MAX || lengths->payload > UINT16_MAX || lengths->properties > 0u)
        parts |= MESSAGE_LENGTHS;
    memset(head, 0, sizeof *head);
    head->references = 1u;
    head->parts_ = parts & 15u;
    head->topic_len_ = (uint8_t)((parts & MESSAGE_LENGTHS) != 0u ? 0u : lengths->topic);
    head->payload_len_ = (uint16_t)((parts & MESSAGE_LENGTHS) != 0u ? 0u : lengths->payload);
}

/* parts: those whose value follows, MESSAGE_RECORD and MESSAGE_PUBLISHER. */
static struct message *create(struct memory *memory, struct ella_slice topic,
                              struct ella_slice payload, const struct ella_properties *properties,
                              unsigned parts) {
    struct message_lengths lengths = {ella_slice_len(topic), 0u, ella_slice_len(payload)};
    struct ella_properties forwarded;
    struct message head;
    struct message *message;

    CORE_ASSERT(lengths.topic <= ELLA_STRING_LEN_MAX);
    forwarded.present = properties->present & PROPERTIES_FORWARDED;
    if (forwarded.present != 0u) {
        forwarded = *properties;
        forwarded.present &= PROPERTIES_FORWARDED;
        lengths.properties = properties_size(&forwarded);
    }
    if (ella_property_present(properties, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL))
        parts |= MESSAGE_EXPIRY;
    head_make(&lengths, parts, &head);
    message = memory_get(memory, MEMORY_MESSAGE,
                         sizeof head + message_topic_at(&head) + lengths.topic +
                             lengths.properties + lengths.payload);
    if (message == NULL)
        return NULL;
    memcpy(message, &head, sizeof head);
    if ((parts & MESSAGE_RECORD) != 0u)
        message_set_record(message, (struct message_record){0u, 0u});
    if ((parts & MESSAGE_EXPIRY) != 0u)
        message_set_expires_ms(message,
                               (uint64_t)properties->message_expiry_interval_s * MS_PER_S);
    contents_put(message, &lengths, topic, &forwarded, payload);
    return message;
}

void message_start_expiry(struct message *message, uint64_t now_ms) {
    if ((message->parts_ & MESSAGE_EXPIRY) != 0u)
        message_set_expires_ms(message, message_expires_ms(message) + now_ms);
}

struct message *message_create(struct memory *memory, struct ella_slice topic,
                               const struct ella_publish *publish, uint64_t publisher_key,
                               bool has_record, uint64_t now_ms) {
    const bool keeps_publisher = publisher_key != 0u && (publish->retain || has_record);
    const unsigned parts =
        (has_record ? MESSAGE_RECORD : 0u) | (keeps_publisher ? MESSAGE_PUBLISHER : 0u);
    struct message *message = create(memory, topic, publish->payload, &publish->properties, parts);

    if (message == NULL)
        return NULL;
    if (keeps_publisher)
        message_set_publisher(message, publisher_key);
    message->qos = publish->qos & 3u;
    message->retain = publish->retain;
    message_start_expiry(message, now_ms);
    return message;
}

struct message *message_create_will(struct memory *memory, const struct ella_connect *connect,
                                    uint64_t publisher_key, bool has_record) {
    struct message *message =
        create(memory, connect->will_topic, connect->will_payload, &connect->will_properties,
               (has_record ? MESSAGE_RECORD : 0u) | MESSAGE_PUBLISHER);

    if (message == NULL)
        return NULL;
    message_set_publisher(message, publisher_key);
    message->qos = connect->will_qos & 3u;
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

/* ---- Reading one ---- */

struct ella_slice message_topic(const struct message *message) {
    const uint32_t at = message_topic_at(message);
    const struct ella_slice topic = {message->bytes_, at, at + message_get_lengths(message).topic};
    return topic;
}

struct ella_slice message_payload(const struct message *message) {
    const struct message_lengths lengths = message_get_lengths(message);
    const uint32_t at = message_topic_at(message) + lengths.topic + lengths.properties;
    const struct ella_slice payload = {message->bytes_, at, at + lengths.payload};
    return payload;
}

/* Rounded up, so that a message that is still there is never sent as one whose time is over. */
//= v5/3.3.2-6
static void expiry_put(const struct message *message, uint64_t now_ms,
                       struct ella_properties *out) {
    const uint64_t expires_ms = message_expires_ms(message);
    uint64_t rest_ms = 0u;

    if (expires_ms == MESSAGE_NEVER_EXPIRES)
        return;
    if (expires_ms > now_ms)
        rest_ms = expires_ms - now_ms;
    ella_property_set(out, ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    out->message_expiry_interval_s = (uint32_t)((rest_ms + MS_PER_S - 1u) / MS_PER_S);
}

void message_to_publish(const struct message *message, uint64_t now_ms, struct ella_publish *out) {
    const struct message_lengths lengths = message_get_lengths(message);
    const uint32_t topic = message_topic_at(message);
    const uint32_t start = topic + lengths.topic;
    const uint32_t payload = start + lengths.properties;

    out->dup = out->retain = false;
    out->qos = 0u;
    out->packet_id = 0u;
    out->properties.present = 0u; /* what is not present is not looked at */
    if (lengths.properties > 0u) {
        uint32_t error_at;
        const enum ella_error error =
            ella_properties_decode(ELLA_PUBLISH, ELLA_FROM_SERVER, message->bytes_, start, payload,
                                   &out->properties, &error_at);
        CORE_ASSERT(error == ELLA_ERROR_NONE);
    }
    out->topic = (struct ella_slice){message->bytes_, topic, start};
    out->payload = (struct ella_slice){message->bytes_, payload, payload + lengths.payload};
    expiry_put(message, now_ms, &out->properties);
}

/* ---- As a packet ---- */

static uint8_t *put_u16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

/* A Variable Byte Integer (section 1.5.5). */
static uint8_t *put_vbi(uint8_t *at, uint32_t value) {
    for (; value >= 0x80u; value >>= 7)
        *at++ = (uint8_t)(value | 0x80u);
    *at = (uint8_t)value;
    return at + 1;
}

static uint32_t vbi_size(uint32_t value) {
    return value < 0x80u ? 1u : value < 0x4000u ? 2u : value < 0x200000u ? 3u : 4u;
}

uint32_t message_encode(const struct message *message, uint8_t *out) {
    const struct message_lengths lengths = message_get_lengths(message);
    const uint8_t *topic = message->bytes_ + message_topic_at(message);
    const uint32_t rest_len = lengths.properties + lengths.payload;
    const bool has_id = message->qos > 0u;
    uint8_t *at = out;

    *at++ = (uint8_t)((unsigned)ELLA_PUBLISH << 4 | (unsigned)message->qos << 1 | message->retain);
    at = put_vbi(at, 2u + lengths.topic + (has_id ? 2u : 0u) + vbi_size(lengths.properties) +
                         rest_len);
    at = put_u16(at, lengths.topic);
    memcpy(at, topic, lengths.topic);
    at += lengths.topic;
    if (has_id)
        at = put_u16(at, 1u);
    at = put_vbi(at, lengths.properties);
    memcpy(at, topic + lengths.topic, rest_len);
    return (uint32_t)(at - out) + rest_len;
}
