/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Mosquitto's file into chunks; see mosquitto_db.h. Whatever it says, nothing outside it is read.
 */
#include "tools/journal/mosquitto_db.h"

#include <string.h>

#define MAGIC_LEN 15u
#define HEADER_LEN 23u
#define CHUNK_HEADER_LEN 8u
#define VERSION_OLDEST 5u
#define VERSION_NEWEST 6u
/* Of the structs, padding included. */
#define CONFIG_LEN 16u
#define CLIENT_5_LEN 16u
#define CLIENT_6_LEN 24u
#define CLIENT_MESSAGE_LEN 16u
#define MESSAGE_LEN 32u
#define SUBSCRIPTION_LEN 12u
#define RETAINED_LEN 8u
#define DBID_SIZE 8u
#define SUBSCRIPTION_IDENTIFIER 0x0bu

static const uint8_t magic[MAGIC_LEN] = {0x00, 0xB5, 0x00, 'm', 'o', 's', 'q', 'u',
                                         'i',  't',  't',  'o', ' ', 'd', 'b'};

/* A struct and what is behind it, taken front to back. */
struct body {
    const uint8_t *at;
    size_t left;
    bool failed;
};

static const uint8_t *take(struct body *body, size_t len) {
    static const uint8_t nothing[MESSAGE_LEN];
    if (body->left < len) {
        body->failed = true;
        return nothing;
    }
    const uint8_t *taken = body->at;
    body->at += len;
    body->left -= len;
    return taken;
}

static struct ella_slice take_slice(struct body *body, size_t len) {
    const uint8_t *taken = take(body, len);
    return body->failed ? (struct ella_slice){NULL, 0, 0} : ella_slice_of(taken, (uint32_t)len);
}

static uint16_t get_u16(const uint8_t *at) {
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get_u32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t get_u64(const uint8_t *at) {
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

static void read_client(const struct mosquitto_db *db, struct body *body,
                        struct mosquitto_db_chunk *out) {
    const uint8_t *at = take(body, db->version == 5 ? CLIENT_5_LEN : CLIENT_6_LEN);
    const uint16_t user_name_len = db->version == 5 ? 0 : get_u16(at + 18);
    out->expires_s = (int64_t)get_u64(at);
    out->expiry_interval_s = get_u32(at + 8);
    out->client_id = take_slice(body, get_u16(at + 14));
    out->user_name = take_slice(body, user_name_len);
}

/* Properties of a message in somebody's queue: a length, and Subscription Identifiers. */
static uint32_t read_identifier(struct body *body) {
    uint32_t value = 0;
    uint32_t shift = 0;
    if (body->left < 3 || body->at[1] != SUBSCRIPTION_IDENTIFIER)
        return 0;
    for (size_t i = 2; i < body->left && shift < 28; i++, shift += 7) {
        value |= (uint32_t)(body->at[i] & 0x7f) << shift;
        if ((body->at[i] & 0x80) == 0)
            return value;
    }
    return 0;
}

static void read_client_message(struct body *body, struct mosquitto_db_chunk *out) {
    const uint8_t *at = take(body, CLIENT_MESSAGE_LEN);
    out->message_id = get_u64(at);
    out->packet_id = get_u16(at + 8);
    out->qos = at[12];
    out->state = at[13];
    out->retain = (at[14] & 0xf0) != 0;
    out->is_incoming = at[15] == 0;
    out->client_id = take_slice(body, get_u16(at + 10));
    out->identifier = read_identifier(body);
}

static void read_message(struct body *body, struct mosquitto_db_chunk *out) {
    const uint8_t *at = take(body, MESSAGE_LEN);
    const uint32_t payload_len = get_u32(at + 16);
    out->message_id = get_u64(at);
    out->message_expires_s = (int64_t)get_u64(at + 8);
    out->qos = at[30];
    out->retain = at[31] != 0;
    out->client_id = take_slice(body, get_u16(at + 22));
    out->user_name = take_slice(body, get_u16(at + 24));
    out->topic = take_slice(body, get_u16(at + 26));
    out->payload = take_slice(body, payload_len);
    out->properties = take_slice(body, body->left);
}

static void read_subscription(struct body *body, struct mosquitto_db_chunk *out) {
    const uint8_t *at = take(body, SUBSCRIPTION_LEN);
    out->identifier = get_u32(at);
    out->qos = at[8] & 3u;
    out->options = at[9];
    out->client_id = take_slice(body, get_u16(at + 4));
    out->topic = take_slice(body, get_u16(at + 6));
}

const char *mosquitto_db_open(struct mosquitto_db *db, const uint8_t *bytes, size_t size) {
    *db = (struct mosquitto_db){.bytes = bytes, .size = size, .at = HEADER_LEN};
    if (size < HEADER_LEN || memcmp(bytes, magic, MAGIC_LEN) != 0)
        return "it is no file of Mosquitto's";
    db->version = get_u32(bytes + MAGIC_LEN + 4u);
    if (db->version < VERSION_OLDEST)
        return "its version is older than 5: start Mosquitto 2.0 once with it, which writes it "
               "anew";
    if (db->version > VERSION_NEWEST)
        return "its version is later than 6";
    return NULL;
}

void mosquitto_db_rewind(struct mosquitto_db *db) {
    db->at = HEADER_LEN;
}

static void read_body(const struct mosquitto_db *db, struct body *body,
                      struct mosquitto_db_chunk *out) {
    switch (out->kind) {
    case MOSQUITTO_DB_CONFIG:
        body->failed = take(body, CONFIG_LEN)[9] != DBID_SIZE;
        break;
    case MOSQUITTO_DB_CLIENT:
        read_client(db, body, out);
        break;
    case MOSQUITTO_DB_CLIENT_MESSAGE:
        read_client_message(body, out);
        break;
    case MOSQUITTO_DB_MESSAGE:
        read_message(body, out);
        break;
    case MOSQUITTO_DB_SUBSCRIPTION:
        read_subscription(body, out);
        break;
    case MOSQUITTO_DB_RETAINED:
        out->message_id = get_u64(take(body, RETAINED_LEN));
        break;
    default: /* nothing that is known: passed over, as Mosquitto does */
        break;
    }
}

enum mosquitto_db_status mosquitto_db_next(struct mosquitto_db *db,
                                           struct mosquitto_db_chunk *out) {
    *out = (struct mosquitto_db_chunk){.offset = db->at};
    if (db->at == db->size)
        return MOSQUITTO_DB_END;
    if (db->size - db->at < CHUNK_HEADER_LEN)
        return MOSQUITTO_DB_CUT;
    const uint8_t *at = db->bytes + db->at;
    struct body body = {.at = at + CHUNK_HEADER_LEN, .left = get_u32(at + 4)};
    if (body.left > db->size - db->at - CHUNK_HEADER_LEN)
        return MOSQUITTO_DB_CUT;
    out->kind = get_u32(at);
    const size_t next = db->at + CHUNK_HEADER_LEN + body.left;
    read_body(db, &body, out);
    if (body.failed)
        return MOSQUITTO_DB_CUT;
    db->at = next;
    return MOSQUITTO_DB_CHUNK;
}
