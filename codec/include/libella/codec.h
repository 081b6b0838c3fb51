/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * libella: MQTT 3.1, 3.1.1 and 5.0 packets from bytes and to bytes, for servers, clients and
 * bridges.
 *
 * This header is the manual. The library knows nothing of sockets, clocks, memory or sessions: it
 * allocates nothing, keeps no global state, calls nothing back and needs only memcpy, memset and
 * memcmp.
 *
 *     struct ella_decoder d;
 *     struct ella_packet packet;
 *     ella_decoder_init(&d, ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT, max_packet_size);
 *     for (;;) {
 *         switch (ella_decode(&d, buf, start, end, &packet)) {
 *         case ELLA_MORE: ... read at least d.needed bytes counted from start, call again ...
 *         case ELLA_PACKET: ... use packet; start += d.size; ...
 *         case ELLA_BAD: ... d.error says what, d.error_offset where; close ...
 *         }
 *     }
 *
 * Conventions
 *   - A byte range is (buf, start, end): indices into buf, start <= end <= UINT32_MAX, end
 *     exclusive. An empty range may have any buf, NULL too.
 *   - A field of a packet is a struct ella_slice into the bytes decoded, valid as long as they
 *     are. Nothing is copied.
 *   - NULL is never allowed for another pointer parameter; a slice with off == end may have any
 *     base, NULL too.
 *   - Integers are in host order. Times are in seconds unless the name says otherwise.
 *   - Every function that can fail returns enum ella_error (ELLA_ERROR_NONE = 0) or enum
 *     ella_result; must be used.
 *   - The same structs go both ways: what ella_decode() gives, ella_encode() takes.
 */
#ifndef LIBELLA_CODEC_H
#define LIBELLA_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libella/tables.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ELLA_MUST_USE __attribute__((warn_unused_result))
#else
#define ELLA_MUST_USE
#endif

/* For the contracts of the code: who may send a packet, which first bytes are right if it is not
 * PUBLISH, and in which packets a reason code may stand, all by the tables. */
/*@ predicate may_send{L}(integer version, integer sender, integer type) =
      ((version == 5 ? ella_packet_rules[type].v5_sent_by : ella_packet_rules[type].v3_sent_by) &
       (sender == 0 ? ELLA_SENT_BY_CLIENT : ELLA_SENT_BY_SERVER)) != 0;

    predicate reason_in{L}(integer type, integer code) =
      (ella_reason_packets[code] & (uint32_t)(1 << (uint32_t)type)) != 0;

    logic integer packet_first_byte{L}(integer type) =
      type * 16 + ella_packet_rules[type].flags;

    predicate lawful_first_byte{L}(integer version, integer sender, integer byte) =
      1 <= byte / 16 <= 15 && byte / 16 != 3 && version != 0 &&
      may_send(version, sender, byte / 16) && byte % 16 == ella_packet_rules[byte / 16].flags; */

/* Limits of the standards, in bytes unless named otherwise (sections 1.5, 2.1.4). */
#define ELLA_REMAINING_LENGTH_MAX 268435455u
#define ELLA_PACKET_SIZE_MAX 268435460u
#define ELLA_STRING_LEN_MAX 65535u
#define ELLA_SUBSCRIPTION_IDENTIFIER_MAX 268435455u
#define ELLA_SESSION_NEVER_EXPIRES 0xffffffffu

/* The protocol level of CONNECT (section 3.1.2). */
enum ella_version {
    ELLA_VERSION_UNKNOWN = 0, /* nothing but CONNECT is accepted; CONNECT sets it */
    ELLA_VERSION_3_1 = 3,
    ELLA_VERSION_3_1_1 = 4,
    ELLA_VERSION_5_0 = 5,
};

/* Which end sent the bytes: it decides which packets and properties are allowed. */
enum ella_sender {
    ELLA_FROM_CLIENT = 0,
    ELLA_FROM_SERVER = 1,
};

/* Bytes [off, end) of base. */
struct ella_slice {
    const uint8_t *base;
    uint32_t off;
    uint32_t end;
};

/*@ assigns \nothing;
    ensures s.off <= s.end ==> \result == s.end - s.off; */
static inline uint32_t ella_slice_len(struct ella_slice s) {
    return s.end - s.off;
}
/*@ assigns \nothing;
    ensures \result == s.base + s.off; */
static inline const uint8_t *ella_slice_data(struct ella_slice s) {
    return s.base + s.off;
}
/* data may be NULL if len is 0. */
struct ella_slice ella_slice_of(const void *data, uint32_t len);

/* ---- Packets ------------------------------------------------------------------------- */

/* MQTT 5.0 properties of one packet (section 2.2.2). A member counts only if
 * ella_property_present() says so; members that are absent are zero after decoding. User Property
 * (any packet) and Subscription Identifier (PUBLISH) may repeat, so they are kept as the encoded
 * properties they came in: walk them with ella_user_property_next() and
 * ella_subscription_identifier_next(), build them with ella_user_property_put() and
 * ella_subscription_identifier_put(). */
struct ella_properties {
    uint64_t present; /* bit n: property with identifier n; the two repeatable ones included */
    uint32_t message_expiry_interval_s;
    uint32_t session_expiry_interval_s;
    uint32_t will_delay_interval_s;
    uint32_t maximum_packet_size;
    uint16_t server_keep_alive_s;
    uint16_t receive_maximum;
    uint16_t topic_alias_maximum;
    uint16_t topic_alias;
    uint8_t payload_format_indicator;
    uint8_t request_problem_information;
    uint8_t request_response_information;
    uint8_t maximum_qos;
    uint8_t retain_available;
    uint8_t wildcard_subscription_available;
    uint8_t subscription_identifier_available;
    uint8_t shared_subscription_available;
    struct ella_slice content_type;
    struct ella_slice response_topic;
    struct ella_slice correlation_data;
    struct ella_slice assigned_client_identifier;
    struct ella_slice authentication_method;
    struct ella_slice authentication_data;
    struct ella_slice response_information;
    struct ella_slice server_reference;
    struct ella_slice reason_string;
    struct ella_slice
        subscription_identifiers;      /* encoded properties; only identifier 0x0B in it counts */
    struct ella_slice user_properties; /* encoded properties; only identifier 0x26 in it counts */
};

/*@ requires \valid_read(p) && 0 <= id < ELLA_PROPERTY_RULE_COUNT;
    assigns \nothing;
    ensures \result <==> has_bit(p->present, id); */
static inline bool ella_property_present(const struct ella_properties *p,
                                         enum ella_property_id id) {
    return ((p->present >> (unsigned)id) & 1u) != 0u;
}
static inline void ella_property_set(struct ella_properties *p, enum ella_property_id id) {
    p->present |= (uint64_t)1 << (unsigned)id;
}

/* Section 3.1. */
struct ella_connect {
    uint8_t version;  /* enum ella_version */
    bool clean_start; /* Clean Session in 3.1 and 3.1.1 */
    bool has_will;
    bool will_retain;
    bool has_user_name;
    bool has_password;
    uint8_t will_qos;
    uint16_t keep_alive_s;
    struct ella_slice client_id;
    struct ella_slice will_topic;
    struct ella_slice will_payload;
    struct ella_slice user_name;
    struct ella_slice password;
    struct ella_properties properties;
    struct ella_properties will_properties;
};

/* Section 3.2. reason_code holds the 3.1.1 return code (0..5) in 3.1 and 3.1.1. */
struct ella_connack {
    bool session_present;
    uint8_t reason_code;
    struct ella_properties properties;
};

/* Section 3.3. packet_id counts only if qos > 0. */
struct ella_publish {
    bool dup;
    bool retain;
    uint8_t qos;
    uint16_t packet_id;
    struct ella_slice topic;
    struct ella_slice payload;
    struct ella_properties properties;
};

/* Sections 3.4 to 3.7: PUBACK, PUBREC, PUBREL, PUBCOMP. reason_code is 0 in 3.1 and 3.1.1. */
struct ella_ack {
    uint16_t packet_id;
    uint8_t reason_code;
    struct ella_properties properties;
};

/* Sections 3.8 and 3.10. filters is the payload, already validated: walk it with
 * ella_filter_next(). */
struct ella_subscribe {
    uint16_t packet_id;
    struct ella_slice filters;
    struct ella_properties properties;
};

/* Sections 3.9 and 3.11. reason_codes is one byte for each filter; empty for UNSUBACK of 3.1
 * and 3.1.1. */
struct ella_suback {
    uint16_t packet_id;
    struct ella_slice reason_codes;
    struct ella_properties properties;
};

/* Sections 3.14 and 3.15: DISCONNECT and AUTH. */
struct ella_reason {
    uint8_t reason_code;
    struct ella_properties properties;
};

/* Any packet: type says which member counts; the others are unspecified. PINGREQ and PINGRESP have
 * none. */
struct ella_packet {
    enum ella_packet_type type;
    struct ella_connect connect;
    struct ella_connack connack;
    struct ella_publish publish;
    struct ella_ack ack;             /* PUBACK, PUBREC, PUBREL, PUBCOMP */
    struct ella_subscribe subscribe; /* SUBSCRIBE, UNSUBSCRIBE */
    struct ella_suback suback;       /* SUBACK, UNSUBACK */
    struct ella_reason reason;       /* DISCONNECT, AUTH */
};

/* ---- Decoding ------------------------------------------------------------------------ */

enum ella_result {
    ELLA_MORE,   /* the packet is not complete: see needed */
    ELLA_PACKET, /* one packet was decoded: see size */
    ELLA_BAD,    /* the bytes are not MQTT, or not allowed here: see error, error_offset; stays so
                    until init */
};

/* One direction of one connection. Read the first group of members, leave the second alone. */
struct ella_decoder {
    uint32_t size;   /* after ELLA_PACKET: bytes of the packet, fixed header included */
    uint32_t needed; /* after ELLA_MORE: bytes, counted from start, that the next call wants to see
                        at least */
    uint32_t error_offset; /* after ELLA_BAD: offset from start of the byte at fault, see below */
    uint8_t error;         /* after ELLA_BAD: enum ella_error */
    uint8_t version;     /* enum ella_version; set by a CONNECT as soon as its level byte is known,
                            even if ELLA_BAD */
    uint8_t packet_type; /* enum ella_packet_type of the packet begun or at fault; 0 if none */

    uint8_t sender_;
    uint32_t max_packet_size_;
    uint8_t state_;
    uint8_t first_byte_;
    uint8_t header_len_;
    bool not_shortest_;
    uint32_t remaining_length_;
};

/* Begins a connection. max_packet_size: bytes, fixed header included, 1..ELLA_PACKET_SIZE_MAX; a
 * larger packet is refused as soon as its fixed header is known, before any of its body is needed
 * (section 3.2.2.3.6). */
void ella_decoder_init(struct ella_decoder *d, enum ella_version version, enum ella_sender sender,
                       uint32_t max_packet_size);

/* The byte at fault is
 *   - of a field cut short by the end of the packet, its first byte: the end itself if nothing of
 *     the field is there;
 *   - of flags, options and codes, the byte that holds them;
 *   - of a variable byte integer, the last byte if the form is not the shortest, the fourth if
 *     there are more;
 *   - of ill-formed UTF-8, the first byte of the sequence; of a wildcard, the wildcard;
 *   - of a topic that is empty, the first byte of its length; of a list, where it would begin;
 *   - of a shared subscription without name or filter, where that would begin;
 *   - of a property that may not be there or is cut short by the end of the properties, the
 *     identifier; of one out of range, the first byte of its value;
 *   - of a packet too large, the first byte of the Remaining Length. */

/* Decodes the packet that begins at start. After ELLA_MORE call again with the same bytes and more
 * behind them (they may have moved); what was seen of the fixed header is not looked at again, and
 * the body is looked at once, when it is whole. After ELLA_PACKET the next packet begins at start
 * + d->size. A CONNECT sets the version for what follows; one of an unsupported level leaves it as
 * it was.
 *
 * Where the versions differ: a Remaining Length longer than need be is an error in 5.0 alone; in
 * 3.1 reserved flags of the fixed header are not looked at, but for those of CONNECT, which come
 * before the version, and a CONNECT may end before the user name or password that it announces,
 * which then counts as absent. A reason code is an error if no side may send it in this packet;
 * which side may is not looked at. */
ELLA_MUST_USE enum ella_result ella_decode(struct ella_decoder *d, const uint8_t *buf,
                                           uint32_t start, uint32_t end, struct ella_packet *out);

/* The body of one packet, for those who frame by themselves: bytes [start, end) follow the fixed
 * header whose first byte is given. On failure *error_at is the index in buf of the byte at fault,
 * start if that is the first byte. */
ELLA_MUST_USE enum ella_error ella_decode_body(enum ella_version version, enum ella_sender sender,
                                               uint8_t first_byte, const uint8_t *buf,
                                               uint32_t start, uint32_t end,
                                               struct ella_packet *out, uint32_t *error_at);

/* The MQTT 5.0 properties of one packet by themselves (section 2.2.2): bytes [start, end) without
 * the Property Length in front of them. For those who keep properties encoded, such as a broker
 * its stored messages. type and sender say what may stand there. On failure *error_at is the
 * index in buf of the byte at fault. */
ELLA_MUST_USE enum ella_error ella_properties_decode(enum ella_packet_type type,
                                                     enum ella_sender sender, const uint8_t *buf,
                                                     uint32_t start, uint32_t end,
                                                     struct ella_properties *out,
                                                     uint32_t *error_at);

/* ---- Walking lists ------------------------------------------------------------------- */

/* One entry of SUBSCRIBE or UNSUBSCRIBE (sections 3.8.3, 3.10.3); the options are 0 in
 * UNSUBSCRIBE. */
struct ella_filter {
    struct ella_slice filter; /* as sent, $share/ included */
    uint8_t qos;
    bool no_local;
    bool retain_as_published;
    uint8_t retain_handling; /* 0 send retained, 1 only if new, 2 never */
};

/* Each takes one entry from the front of *rest; false if there is none. The slice must come from
 * ella_decode() or from the put functions below. */
ELLA_MUST_USE bool ella_filter_next(enum ella_packet_type type, struct ella_slice *rest,
                                    struct ella_filter *out);
ELLA_MUST_USE bool ella_user_property_next(struct ella_slice *rest, struct ella_slice *name,
                                           struct ella_slice *value);
ELLA_MUST_USE bool ella_subscription_identifier_next(struct ella_slice *rest, uint32_t *out);

/* Each appends one encoded entry to buf[*used, size) and advances *used; on failure nothing is
 * written. */
ELLA_MUST_USE enum ella_error ella_filter_put(enum ella_packet_type type,
                                              enum ella_version version,
                                              const struct ella_filter *entry, uint8_t *buf,
                                              uint32_t size, uint32_t *used);
ELLA_MUST_USE enum ella_error ella_user_property_put(struct ella_slice name,
                                                     struct ella_slice value, uint8_t *buf,
                                                     uint32_t size, uint32_t *used);
ELLA_MUST_USE enum ella_error ella_subscription_identifier_put(uint32_t identifier, uint8_t *buf,
                                                               uint32_t size, uint32_t *used);

/* ---- Encoding ------------------------------------------------------------------------ */

/* The exact size in bytes of the encoded packet, fixed header included. Fails, with nothing
 * written to *size, for every packet that ella_decode() would refuse from this sender in this
 * version, except that the well-formedness of UTF-8 and of topics is checked by
 * ella_encode_checked() alone. */
ELLA_MUST_USE enum ella_error ella_encoded_size(const struct ella_packet *packet,
                                                enum ella_version version, enum ella_sender sender,
                                                uint32_t *size);

/* Writes the packet to buf[start, end) and its size to *size. Never writes past end; writes
 * nothing on failure (ELLA_ERROR_BUFFER_TOO_SMALL, or as ella_encoded_size()). For callers whose
 * strings are known to be valid, such as a broker that forwards what it decoded. */
ELLA_MUST_USE enum ella_error ella_encode(const struct ella_packet *packet,
                                          enum ella_version version, enum ella_sender sender,
                                          uint8_t *buf, uint32_t start, uint32_t end,
                                          uint32_t *size);

/* The same, and refuses strings and topics that ella_decode() would refuse: for strings from
 * outside. */
ELLA_MUST_USE enum ella_error ella_encode_checked(const struct ella_packet *packet,
                                                  enum ella_version version,
                                                  enum ella_sender sender, uint8_t *buf,
                                                  uint32_t start, uint32_t end, uint32_t *size);

/* The hot half of the above: one PUBLISH without the detour through struct ella_packet. */
ELLA_MUST_USE enum ella_error ella_encode_publish(const struct ella_publish *publish,
                                                  enum ella_version version,
                                                  enum ella_sender sender, uint8_t *buf,
                                                  uint32_t start, uint32_t end, uint32_t *size);
ELLA_MUST_USE enum ella_error ella_publish_size(const struct ella_publish *publish,
                                                enum ella_version version, enum ella_sender sender,
                                                uint32_t *size);

/* The other half of ella_properties_decode(): the exact size in bytes of the MQTT 5.0 properties
 * in a packet of this type, without the Property Length, and the bytes themselves in the order of
 * their identifiers. They fail as ella_encode() does. */
ELLA_MUST_USE enum ella_error ella_properties_size(const struct ella_properties *properties,
                                                   enum ella_packet_type type,
                                                   enum ella_sender sender, uint32_t *size);
ELLA_MUST_USE enum ella_error ella_properties_encode(const struct ella_properties *properties,
                                                     enum ella_packet_type type,
                                                     enum ella_sender sender, uint8_t *buf,
                                                     uint32_t start, uint32_t end, uint32_t *size);

/* ---- Strings and topics -------------------------------------------------------------- */

/* What a string is made of, beyond well-formed UTF-8 without U+0000 (sections 1.5.3
 * of 3.1.1, 1.5.4 of 5.0). */
struct ella_utf8 {
    enum ella_error error;  /* ELLA_ERROR_NONE, ELLA_ERROR_STRING_NOT_UTF8 or
                               ELLA_ERROR_STRING_NULL_CHARACTER */
    uint32_t error_at;      /* index of the first byte of the first character at fault, or end */
    bool has_control;       /* U+0001..U+001F or U+007F..U+009F: SHOULD NOT be there */
    bool has_non_character; /* U+FDD0..U+FDEF, U+nFFFE, U+nFFFF: SHOULD NOT be there */
};
/* has_control and has_non_character speak of what stands before error_at. */
/*@ requires start <= end && bytes_readable(buf, start, end);
    assigns \nothing;
    ensures \result.error_at == utf8_stop(buf, start, end) && start <= \result.error_at <= end;
    ensures \result.error == ELLA_ERROR_NONE <==> is_string(buf, start, end);
    ensures \result.error == ELLA_ERROR_STRING_NULL_CHARACTER <==>
      \result.error_at < end && buf[\result.error_at] == 0;
    ensures \result.error == ELLA_ERROR_NONE || \result.error == ELLA_ERROR_STRING_NOT_UTF8 ||
      \result.error == ELLA_ERROR_STRING_NULL_CHARACTER; */
struct ella_utf8 ella_utf8_check(const uint8_t *buf, uint32_t start, uint32_t end);

/* A topic name: 1 to 65535 bytes of valid UTF-8, no wildcard (section 4.7). */
/*@ requires start <= end && bytes_readable(buf, start, end);
    requires \valid(error_at) && \separated(error_at, buf + (start .. end - 1));
    assigns *error_at;
    ensures \result == ELLA_ERROR_NONE <==> topic_name(buf, start, end);
    ensures *error_at == topic_stop(buf, start, end, end + 1) && start <= *error_at <= end;
    ensures \result == ELLA_ERROR_TOPIC_NAME_WILDCARD ==>
      *error_at < end && (buf[*error_at] == '+' || buf[*error_at] == '#'); */
ELLA_MUST_USE enum ella_error ella_topic_name_check(const uint8_t *buf, uint32_t start,
                                                    uint32_t end, uint32_t *error_at);

/* A topic filter (section 4.7), $share/NAME/FILTER included (section 4.8.2). One rule for all
 * versions: 3.1 and 3.1.1 know no shared subscriptions, but brokers offer them there too. */
/*@ requires start <= end && bytes_readable(buf, start, end);
    requires \valid(error_at) && \separated(error_at, buf + (start .. end - 1));
    assigns *error_at;
    ensures \result == ELLA_ERROR_NONE <==> topic_filter(buf, start, end);
    ensures !is_shared(buf, start, end) ==> *error_at == topic_stop(buf, start, end, start);
    ensures start <= *error_at <= end; */
ELLA_MUST_USE enum ella_error ella_topic_filter_check(const uint8_t *buf, uint32_t start,
                                                      uint32_t end, uint32_t *error_at);

/* Splits $share/NAME/FILTER into name and filter; false, with *filter the whole, if it is not a
 * shared subscription. The filter must be valid. */
/*@ requires whole.off <= whole.end && bytes_readable(whole.base, whole.off, whole.end);
    requires \valid(name) && \valid(filter) && \separated(name, filter);
    requires \separated(name, whole.base + (whole.off .. whole.end - 1)) &&
      \separated(filter, whole.base + (whole.off .. whole.end - 1));
    assigns *name, *filter;
    ensures \result ==> starts_with_share(whole.base, whole.off);
    ensures \result <==> whole.off + 7 < whole.end && starts_with_share(whole.base, whole.off) &&
      level_end(whole.base, whole.off + 7, whole.end) + 1 < whole.end &&
      share_name(whole.base, whole.off + 7, level_end(whole.base, whole.off + 7, whole.end));
    ensures !\result ==> *filter == whole && name->off == name->end;
    ensures \result ==> name->base == whole.base && filter->base == whole.base &&
      name->off == whole.off + 7 && filter->end == whole.end &&
      share_name(whole.base, name->off, name->end) &&
      filter->off == name->end + 1 && filter->off < filter->end; */
bool ella_topic_share(struct ella_slice whole, struct ella_slice *name, struct ella_slice *filter);

/* Whether the filter (valid, without $share/NAME/) matches the topic name (valid), with the rule
 * on topics that begin with $ (section 4.7.2). Byte by byte: no normalisation, no case folding. */
/*@ requires filter.off <= filter.end && bytes_readable(filter.base, filter.off, filter.end);
    requires name.off <= name.end && bytes_readable(name.base, name.off, name.end);
    assigns \nothing;
    ensures \result <==>
      topic_matches(filter.base, filter.off, filter.end, name.base, name.off, name.end); */
bool ella_topic_match(struct ella_slice filter, struct ella_slice name);

#ifdef __cplusplus
}
#endif

#endif
