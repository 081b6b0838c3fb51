/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The file that Mosquitto keeps its state in, read piece by piece; versions 5 and 6. It knows
 * nothing of journals.
 *
 * The file: 00 B5 00 "mosquitto db", 4 bytes of nothing, 4 bytes version. Then chunks: 4 bytes
 * kind, 4 bytes length, and that many bytes: a struct as the compiler of a 64-bit machine lays it
 * out, then strings whose lengths are in it. Lengths and 16- and 32-bit numbers are big endian,
 * 64-bit numbers as the machine had them: little endian here.
 */
#ifndef TOOLS_JOURNAL_MOSQUITTO_DB_H
#define TOOLS_JOURNAL_MOSQUITTO_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libella/codec.h"

enum mosquitto_db_kind {
    MOSQUITTO_DB_CONFIG = 1,
    MOSQUITTO_DB_MESSAGE = 2,
    MOSQUITTO_DB_CLIENT_MESSAGE = 3,
    MOSQUITTO_DB_RETAINED = 4,
    MOSQUITTO_DB_SUBSCRIPTION = 5,
    MOSQUITTO_DB_CLIENT = 6
};

/* How far a message and its receiver, or its sender, have come. */
enum mosquitto_db_state {
    MOSQUITTO_DB_WAITS_FOR_PUBACK = 3,
    MOSQUITTO_DB_WAITS_FOR_PUBREC = 5,
    MOSQUITTO_DB_RESENDS_PUBREL = 6,
    MOSQUITTO_DB_WAITS_FOR_PUBREL = 7,
    MOSQUITTO_DB_WAITS_FOR_PUBCOMP = 9,
    MOSQUITTO_DB_SENDS_PUBREC = 10,
    MOSQUITTO_DB_QUEUED = 11
};

/* Slices are into the file. */
struct mosquitto_db_chunk {
    uint32_t kind;
    size_t offset; /* in the file, of its header */
    struct ella_slice client_id;
    struct ella_slice user_name; /* of a client, in version 6 */
    /* CLIENT */
    int64_t expires_s; /* since 1970; 0: not yet known */
    uint32_t expiry_interval_s;
    /* MESSAGE, CLIENT_MESSAGE, RETAINED */
    uint64_t message_id;
    uint8_t qos; /* of SUBSCRIPTION too */
    bool retain;
    /* MESSAGE */
    int64_t message_expires_s; /* 0: never */
    struct ella_slice topic;   /* of SUBSCRIPTION: the filter */
    struct ella_slice payload;
    struct ella_slice properties; /* as in PUBLISH, their length in front; empty: none */
    /* CLIENT_MESSAGE */
    uint16_t packet_id;
    uint8_t state; /* enum mosquitto_db_state, or others */
    bool is_incoming;
    /* CLIENT_MESSAGE, SUBSCRIPTION; 0: none */
    uint32_t identifier;
    uint8_t options; /* SUBSCRIPTION: as in SUBSCRIBE, without QoS */
};

struct mosquitto_db {
    const uint8_t *bytes;
    size_t size;
    uint32_t version;
    size_t at; /* of the next chunk */
};

/* NULL: good. Or what is wrong. */
const char *mosquitto_db_open(struct mosquitto_db *db, const uint8_t *bytes, size_t size);
void mosquitto_db_rewind(struct mosquitto_db *db);

enum mosquitto_db_status {
    MOSQUITTO_DB_CHUNK,
    MOSQUITTO_DB_END,
    MOSQUITTO_DB_CUT /* the file ends in the middle, or a chunk is malformed: *out has its place */
};
enum mosquitto_db_status mosquitto_db_next(struct mosquitto_db *db,
                                           struct mosquitto_db_chunk *out);

#endif
