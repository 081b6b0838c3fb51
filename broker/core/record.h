/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The records of the journal, byte by byte: what a batch of core_pull_journal() is made of. It
 * knows nothing of files: length, checksum and encryption of what is stored are the driver's.
 *
 * A record is 32 bytes of head and a body. Integers are little-endian.
 *
 *     offset  size
 *          0     4  size of the record in bytes, head included
 *          4     1  kind (enum record_kind)
 *          5     1  flags (RECORD_*)
 *          6     2  packet_id
 *          8     8  session: number of the session, 0: none
 *         16     8  number, by kind
 *         24     8  value, by kind
 *         32     …  body: an MQTT 5.0 packet as the codec encodes it, or what is said below
 *
 * Numbers of sessions, messages and queue entries begin with 1 and are never used again. Times are
 * milliseconds since 1970-01-01 UTC.
 *
 *     kind           head                                 body
 *     START          number, value: key of the hashes     8 bytes: the time
 *     TIME           value: the time                      -
 *     SNAPSHOT_BEGIN number, value: key of the hashes     8 bytes: the time
 *     SNAPSHOT_END                                        -
 *     SESSION        session; value: when its connection  CONNECT: client identifier, user name,
 *                    was lost, 0: it has one; flag NEW    Session Expiry Interval, the will
 *     SESSION_END    session                              -
 *     SUBSCRIPTION   session; number: serial of the       SUBSCRIBE with one filter
 *                    share group, 0: none
 *     UNSUBSCRIPTION session                              UNSUBSCRIBE with one filter
 *     MESSAGE        number; session: hash of the         PUBLISH: all but the Message Expiry
 *                    publisher's client identifier;       Interval
 *                    value: when it expires, 0: never
 *     QUEUED         session; number of the entry;        nothing, or 4 bytes: serial of the share
 *                    value: number of the message, 0:     group, 0: none; 4 bytes for each
 *                    it was released; packet_id, 0: not   Subscription Identifier
 *                    sent; flags: QoS, RETAIN,
 *                    UNLIMITED, WALKED
 *     SENT           session; number of the entry;        -
 *                    packet_id
 *     RELEASED       session; number of the entry;        - (PUBREC came: PUBREL is next)
 *                    packet_id
 *     DONE           session; number of the entry;        - (finished or given up)
 *                    packet_id, 0: was not sent
 *     QUEUED_END     session                              - (all its entries were walked)
 *     RECEIVED       session; packet_id                   - (of a QoS 2 PUBLISH from the client)
 *     RECEIVED_END   session; packet_id                   - (PUBREL came)
 *     RETAINED       number of the message                -
 *     RETAINED_CLEAR                                      PUBLISH: the topic alone
 */
#ifndef BROKER_CORE_RECORD_H
#define BROKER_CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libella/codec.h"

#define RECORD_HEAD_SIZE 32u
/* The format above. A reader refuses files of a higher version. */
#define RECORD_VERSION 1u
/* Of sessions and messages. */
#define RECORD_NUMBER_MAX 0xffffffffffffu

enum record_kind {
    RECORD_START = 1, /* the first of each run of the broker */
    RECORD_TIME,
    RECORD_SNAPSHOT_BEGIN,
    RECORD_SNAPSHOT_END,
    RECORD_SESSION,
    RECORD_SESSION_END,
    RECORD_SUBSCRIPTION,
    RECORD_UNSUBSCRIPTION,
    RECORD_MESSAGE,
    RECORD_QUEUED,
    RECORD_SENT,
    RECORD_RELEASED,
    RECORD_DONE,
    RECORD_QUEUED_END,
    RECORD_RECEIVED,
    RECORD_RECEIVED_END,
    RECORD_RETAINED,
    RECORD_RETAINED_CLEAR,
    RECORD_KIND_COUNT,
};

/* Flags. */
#define RECORD_UNIT_END 0x01u  /* the last record of its event: the unit is whole */
#define RECORD_QOS_SHIFT 1u    /* two bits */
#define RECORD_QOS_MASK 0x06u  /* QUEUED */
#define RECORD_RETAIN 0x08u    /* QUEUED: sent with RETAIN 1 */
#define RECORD_UNLIMITED 0x10u /* QUEUED: counts against no limit of the queue */
#define RECORD_WALKED 0x20u    /* QUEUED: by a snapshot, not because it was queued now */
#define RECORD_NEW 0x40u       /* SESSION: it begins here */
#define RECORD_FLAGS_KNOWN 0x7fu

struct record {
    uint8_t kind; /* enum record_kind */
    uint8_t flags;
    uint16_t packet_id;
    uint64_t session;
    uint64_t number;
    uint64_t value;
    struct ella_slice body; /* into the bytes that were read */
};

/* The record that begins at bytes[start]; its size, or 0 if there is no whole record of a known
 * kind in [start, end). The body is not looked at. */
uint32_t record_read(const uint8_t *bytes, uint32_t start, uint32_t end, struct record *out);
/* The size of the first unit in bytes[start, end): of the records up to the first one that has
 * RECORD_UNIT_END. 0: there is no whole one. */
uint32_t record_unit_size(const uint8_t *bytes, uint32_t start, uint32_t end);
/* Little-endian integers, for bodies. Written out, so that compilers make one load or store of
 * each. */
static inline void record_put_u32(uint8_t *to, uint32_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    to[2] = (uint8_t)(value >> 16);
    to[3] = (uint8_t)(value >> 24);
}
static inline void record_put_u64(uint8_t *to, uint64_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    to[2] = (uint8_t)(value >> 16);
    to[3] = (uint8_t)(value >> 24);
    to[4] = (uint8_t)(value >> 32);
    to[5] = (uint8_t)(value >> 40);
    to[6] = (uint8_t)(value >> 48);
    to[7] = (uint8_t)(value >> 56);
}
static inline uint32_t record_get_u32(const uint8_t *from) {
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}
static inline uint64_t record_get_u64(const uint8_t *from) {
    return record_get_u32(from) | (uint64_t)record_get_u32(from + 4) << 32;
}
/* Writes the packet identifier into a head. */
static inline void record_put_packet_id(uint8_t *head, uint16_t packet_id) {
    head[6] = (uint8_t)packet_id;
    head[7] = (uint8_t)(packet_id >> 8);
}
/* Writes the head of a record whose body has body_len bytes; to has room for RECORD_HEAD_SIZE.
 * The body of record is not looked at. */
static inline void record_write_head(const struct record *record, uint32_t body_len, uint8_t *to) {
    record_put_u32(to, RECORD_HEAD_SIZE + body_len);
    to[4] = record->kind;
    to[5] = record->flags;
    record_put_packet_id(to, record->packet_id);
    record_put_u64(to + 8, record->session);
    record_put_u64(to + 16, record->number);
    record_put_u64(to + 24, record->value);
}
/* Sets RECORD_UNIT_END in a head. */
static inline void record_mark_end(uint8_t *head) {
    head[5] |= RECORD_UNIT_END;
}
/* In lower case, for people; "?" for other kinds. */
const char *record_kind_name(uint8_t kind);

#endif
