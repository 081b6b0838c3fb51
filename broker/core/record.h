/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The records of the journal, byte by byte: what a batch of core_pull_journal() is made of. It
 * knows nothing of files: length, checksum and encryption of what is stored are the driver's.
 *
 * A record is a head of 24 or 32 bytes and a body. Integers are little-endian. What stands in the
 * head has one of three shapes, of which the first that holds it is written:
 *
 *     narrow  no value  wide
 *          0         0     0  4 bytes: size of the record in bytes, head included, in the lower 30
 *                             bits; its shape (enum record_shape) in the upper two
 *          4         4     4  1: kind (enum record_kind)
 *          5         5     5  1: flags (RECORD_*)
 *          6         6     6  2: packet_id
 *        8+4       8+8   8+8  session: number of the session, 0: none
 *       12+6      16+8  16+8  number, by kind
 *       18+6         -  24+8  value, by kind
 *         24        24    32  body: an MQTT 5.0 packet as the codec encodes it, or what is said
 *                             below
 *
 * (8+4: at offset 8, in 4 bytes.) Version 1 had wide heads only, and so it is read as it is.
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
 *     DONE           session; number of the entry;        for each other entry that is finished
 *                    packet_id, 0: was not sent           too, 4 bytes: how much higher its
 *                    (finished or given up)               number is (not in version 1)
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
#include <string.h>

#include "libella/codec.h"

#define RECORD_HEAD_SIZE_MIN 24u
#define RECORD_HEAD_SIZE_MAX 32u
/* Of a record, head included. */
#define RECORD_SIZE_MAX 0x3fffffffu
/* The format above. A reader refuses files of a higher version. */
#define RECORD_VERSION 2u
/* Of sessions and messages. */
#define RECORD_NUMBER_MAX 0xffffffffffffu

enum record_shape {
    RECORD_WIDE = 0,
    RECORD_NO_VALUE, /* it is 0 */
    RECORD_NARROW,   /* session below 2^32, number and value below 2^48 */
};
#define RECORD_SHAPE_SHIFT 30u

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
/* The size of the first units in bytes[start, end), which are records as the core writes them: of
 * so many that they have enough bytes, or of all. *out_count: how many. */
uint32_t record_units_size(const uint8_t *bytes, uint32_t start, uint32_t end, uint32_t enough,
                           uint32_t *out_count);
/*@ logic integer record_u32{L}(uint8_t *from) =
      from[0] + 256 * from[1] + 65536 * from[2] + 16777216 * from[3];

    // The upper two bits are the shape.
    logic integer record_head_len{L}(uint8_t *head) =
      (record_u32(head) & 0xc0000000) == 0 ? RECORD_HEAD_SIZE_MAX : RECORD_HEAD_SIZE_MIN;
 */

/* Little-endian integers, for bodies: one load or store each. */
static inline uint64_t record_little_u64(uint64_t value) {
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap64(value);
}
static inline uint32_t record_little_u32(uint32_t value) {
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap32(value);
}
/*@ requires \valid(to + (0 .. 3));
    assigns to[0 .. 3];
    ensures record_u32(to) == value; */
static inline void record_put_u32(uint8_t *to, uint32_t value) {
    const uint32_t bytes = record_little_u32(value);
    memcpy(to, &bytes, sizeof bytes);
}
/*@ requires \valid(to + (0 .. 7));
    assigns to[0 .. 7]; */
static inline void record_put_u64(uint8_t *to, uint64_t value) {
    const uint64_t bytes = record_little_u64(value);
    memcpy(to, &bytes, sizeof bytes);
}
/*@ requires \valid_read(from + (0 .. 3));
    assigns \nothing;
    ensures \result == record_u32(from); */
static inline uint32_t record_get_u32(const uint8_t *from) {
    uint32_t bytes;
    memcpy(&bytes, from, sizeof bytes);
    return record_little_u32(bytes);
}
/*@ requires \valid_read(from + (0 .. 7));
    assigns \nothing; */
static inline uint64_t record_get_u64(const uint8_t *from) {
    uint64_t bytes;
    memcpy(&bytes, from, sizeof bytes);
    return record_little_u64(bytes);
}
/* Writes the packet identifier into a head. */
/*@ requires \valid(head + (6 .. 7));
    assigns head[6 .. 7]; */
static inline void record_put_packet_id(uint8_t *head, uint16_t packet_id) {
    head[6] = (uint8_t)packet_id;
    head[7] = (uint8_t)(packet_id >> 8);
}
/*@ requires \valid_read(record);
    assigns \nothing;
    ensures \result <= RECORD_NARROW; */
static inline uint32_t record_shape(const struct record *record) {
    if (record->session <= UINT32_MAX && (record->number | record->value) <= RECORD_NUMBER_MAX)
        return RECORD_NARROW;
    return record->value == 0u ? RECORD_NO_VALUE : RECORD_WIDE;
}
/*@ assigns \nothing;
    ensures \result == (shape == RECORD_WIDE ? 32 : 24); */
static inline uint32_t record_head_size(uint32_t shape) {
    return shape == RECORD_WIDE ? RECORD_HEAD_SIZE_MAX : RECORD_HEAD_SIZE_MIN;
}
/* The size of the head that begins at head. */
/*@ requires \valid_read(head + (0 .. 3));
    assigns \nothing;
    ensures \result == record_head_len(head); */
static inline uint32_t record_head_size_at(const uint8_t *head) {
    return record_head_size(record_get_u32(head) >> RECORD_SHAPE_SHIFT);
}
/* Sets the size of the body in a head. */
/*@ requires \valid(head + (0 .. 3)) && body_len <= RECORD_SIZE_MAX - RECORD_HEAD_SIZE_MAX;
    assigns head[0 .. 3]; */
static inline void record_put_body_len(uint8_t *head, uint32_t body_len) {
    const uint32_t shape = record_get_u32(head) >> RECORD_SHAPE_SHIFT;
    record_put_u32(head, shape << RECORD_SHAPE_SHIFT | (record_head_size(shape) + body_len));
}
/* Writes the head of a record whose body has body_len bytes; returns its size, at most
 * RECORD_HEAD_SIZE_MAX. The body of record is not looked at. */
/*@ requires \valid_read(record) && \valid(to + (0 .. RECORD_HEAD_SIZE_MAX - 1));
    requires \separated(record, to + (0 .. RECORD_HEAD_SIZE_MAX - 1));
    requires body_len <= RECORD_SIZE_MAX - RECORD_HEAD_SIZE_MAX;
    assigns to[0 .. RECORD_HEAD_SIZE_MAX - 1];
    ensures RECORD_HEAD_SIZE_MIN <= \result <= RECORD_HEAD_SIZE_MAX; */
static inline uint32_t record_write_head(const struct record *record, uint32_t body_len,
                                         uint8_t *to) {
    const uint32_t shape = record_shape(record);
    const uint32_t head_size = record_head_size(shape);
    record_put_u32(to, shape << RECORD_SHAPE_SHIFT | (head_size + body_len));
    to[4] = record->kind;
    to[5] = record->flags;
    record_put_packet_id(to, record->packet_id);
    if (shape == RECORD_NARROW) {
        record_put_u32(to + 8, (uint32_t)record->session);
        record_put_u64(to + 12, record->number | record->value << 48);
        record_put_u32(to + 20, (uint32_t)(record->value >> 16));
        return head_size;
    }
    record_put_u64(to + 8, record->session);
    record_put_u64(to + 16, record->number);
    if (shape == RECORD_WIDE)
        record_put_u64(to + 24, record->value);
    return head_size;
}
/* Sets RECORD_UNIT_END in a head. */
/*@ requires \valid(head + 5);
    assigns head[5]; */
static inline void record_mark_end(uint8_t *head) {
    head[5] |= RECORD_UNIT_END;
}
/* In lower case, for people; "?" for other kinds. */
const char *record_kind_name(uint8_t kind);

#endif
