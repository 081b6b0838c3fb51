/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * packets: the variable header and the payload of every control packet, in the order of chapter 3
 * of the standards. It does not know the fixed header, nor what one packet means to the next.
 *
 * A machine stands for a packet or a family of packets; where versions or flags differ, its entry
 * points do. A field with a length in front is taken as a whole and checked by its own machine, so
 * no byte passes through two grammars, and payloads pass through none.
 *
 * Invariants: the reader's field is where the field being read begins; it is the byte at fault if
 * the packet ends too early.
 */
#include "codec/machines.h"

%%{
    machine packet_fields;
    alphtype unsigned char;
    getkey buf[p];

    action number { reader_number(r, buf[p]); }
    action vbi {
        reader_vbi(r, buf[p], p);
        if (reader_failed(r))
            fbreak;
    }
    action bytes {
        reader_take(r, p, pe, ELLA_ERROR_FIELD_PAST_END);
        if (reader_failed(r))
            fbreak;
        p = r->end - 1u;
    }
    action utf8 {
        reader_utf8(r);
        if (reader_failed(r))
            fbreak;
    }
    action packet_id {
        packets_packet_id(r, &out->packet_id);
        if (reader_failed(r))
            fbreak;
    }
    action properties {
        packets_properties(r, ELLA_PACKET_BIT((uint32_t)r->packet_type), &out->properties);
        if (reader_failed(r))
            fbreak;
    }
    action reason_code {
        packets_reason_code(r, buf[p], p);
        if (reader_failed(r))
            fbreak;
        out->reason_code = buf[p];
    }
    action topic_filter {
        packets_topic_filter(r);
        if (reader_failed(r))
            fbreak;
    }
    action next { reader_next(r, p + 1u); }

    # 1.5.2
    two_byte_integer = any @number any @number;
    # 1.5.4, 1.5.6
    utf8_string = two_byte_integer @bytes @utf8;
    binary_data = two_byte_integer @bytes;
    # 2.2.1
    packet_id = two_byte_integer @packet_id @next;
    # 2.2.2, with the Property Length in front
    #= v5/2.2.2-1
    property_bytes = ( 0x80..0xff @vbi )* 0x00..0x7f @vbi @bytes;
    properties = property_bytes @properties @next;
    # 2.4
    reason_code = any @reason_code @next;
    # 4.7
    topic_filter = two_byte_integer @bytes @topic_filter @next;
}%%

/*@ requires \valid(r) && \valid(out) && \separated(r, out);
    assigns r->error, r->field, *out;
    ensures *out == r->number % 65536;
    ensures r->number < 65536 ==> *out == r->number;
    ensures r->number == 0 ==> r->error == ELLA_ERROR_PACKET_ID_ZERO;
    ensures r->number != 0 ==> r->error == \old(r->error); */
static void packets_packet_id(struct reader *r, uint16_t *out) {
    //= v3/2.3.1-1 v5/2.2.1-3 v5/2.2.1-4
    if (r->number == 0u)
        reader_fail(r, ELLA_ERROR_PACKET_ID_ZERO, r->field);
    *out = (uint16_t)(r->number % 65536u);
}

static void packets_properties(struct reader *r, uint32_t place, struct ella_properties *out) {
    struct reader inner = *r;

    if (r->off == r->end)
        return;
    ella_properties_read(&inner, r->buf, r->off, r->end, place, out);
    if (reader_failed(&inner))
        reader_fail(r, (enum ella_error)inner.error, inner.field);
}

/* Whether the code, at index at, is one of this packet's. Which of them a side may send is left to
 * who knows the conversation. */
/*@ requires \valid(r) && 1 <= r->packet_type <= 15;
    assigns r->error, r->field;
    ensures reason_in(r->packet_type, code) ==> r->error == \old(r->error);
    ensures !reason_in(r->packet_type, code) ==> r->error == ELLA_ERROR_REASON_CODE; */
static void packets_reason_code(struct reader *r, uint8_t code, uint32_t at) {
    const uint32_t packets = ella_reason_packets[code];

    //= v5/3.2.2-8 v5/3.4.2-1 v5/3.5.2-1 v5/3.6.2-1 v5/3.7.2-1 v5/3.9.3-2 v5/3.11.3-2
    //= v5/3.14.2-1 v5/3.15.2-1
    if ((packets & ELLA_PACKET_BIT((uint32_t)r->packet_type)) == 0u)
        reader_fail(r, ELLA_ERROR_REASON_CODE, at);
}

/* The string read last must be a topic name. */
static void packets_topic_name(struct reader *r) {
    uint32_t at = r->off;
    const enum ella_error error = ella_topic_name_check(r->buf, r->off, r->end, &at);

    if (error == ELLA_ERROR_NONE)
        return;
    reader_fail(r, error, error == ELLA_ERROR_TOPIC_NAME_EMPTY ? r->field : at);
}

/* The string read last must be a topic filter. */
static void packets_topic_filter(struct reader *r) {
    uint32_t at = r->off;
    const enum ella_error error = ella_topic_filter_check(r->buf, r->off, r->end, &at);

    if (error == ELLA_ERROR_NONE)
        return;
    reader_fail(r, error, error == ELLA_ERROR_TOPIC_FILTER_EMPTY ? r->field : at);
}

%%{
    # 3.1: CONNECT

    machine connect;
    include packet_fields;

    action named { named = true; }
    action version {
        out->version = buf[p];
        r->version = buf[p];
    }
    action connect_flags {
        connect_flags(r, out, buf[p]);
        if (reader_failed(r))
            fbreak;
    }
    action keep_alive { out->keep_alive_s = (uint16_t)(r->number % 65536u); }
    action client_id { out->client_id = reader_slice(r); }
    action will_properties {
        packets_properties(r, ELLA_WILL_PROPERTIES_BIT, &out->will_properties);
        if (reader_failed(r))
            fbreak;
    }
    action will_topic {
        packets_topic_name(r);
        if (reader_failed(r))
            fbreak;
        out->will_topic = reader_slice(r);
    }
    action will_payload { out->will_payload = reader_slice(r); }
    action user_name { out->user_name = reader_slice(r); }
    action password { out->password = reader_slice(r); }

    action properties_or_later { fnext *connect_properties_or_later(out); }
    action will_or_later { fnext *connect_will_or_later(out); }
    action user_name_or_later { fnext *connect_user_name_or_later(out); }
    action password_or_end { fnext *connect_password_or_end(out); }

    # 3.1.2.1, 3.1.2.2: the name in 3.1 was another one
    mqtt = ( 0x00 0x04 "MQTT" ) @named ( 0x04 | 0x05 ) @version;
    mqisdp = ( 0x00 0x06 "MQIsdp" ) @named 0x03 @version;
    protocol = ( mqtt | mqisdp ) @next;

    # 3.1.2.3
    flags = any @connect_flags @next;
    # 3.1.2.10
    keep_alive = two_byte_integer @keep_alive @next;

    # 3.1.2
    main := protocol flags keep_alive @properties_or_later;
    # 3.1.2.11
    connect_properties := properties @{ fnext client_id; };

    # 3.1.3: the payload, its fields in this order
    #= v3/3.1.3-1 v5/3.1.3-1 v3/3.1.3-3 v5/3.1.3-3 v3/3.1.3-4 v5/3.1.3-4
    client_id := utf8_string @client_id @next @will_or_later;
    #= v3/3.1.2-9 v5/3.1.2-9
    will_properties := property_bytes @will_properties @next @{ fnext will_topic; };
    #= v3/3.1.3-10 v5/3.1.3-11
    will_topic := two_byte_integer @bytes @will_topic @next @{ fnext will_payload; };
    will_payload := binary_data @will_payload @next @user_name_or_later;
    #= v3/3.1.3-11 v5/3.1.3-12
    user_name := utf8_string @user_name @next @password_or_end;
    password := binary_data @password @next @{ fnext end; };
    end := null;
}%%

%% write data;

/* The fields of the payload are there if the flags say so. */

static int connect_password_or_end(const struct ella_connect *connect) {
    //= v3/3.1.2-20 v3/3.1.2-21 v5/3.1.2-18 v5/3.1.2-19
    return connect->has_password ? connect_en_password : connect_en_end;
}

static int connect_user_name_or_later(const struct ella_connect *connect) {
    //= v3/3.1.2-18 v3/3.1.2-19 v5/3.1.2-16 v5/3.1.2-17
    return connect->has_user_name ? connect_en_user_name : connect_password_or_end(connect);
}

static int connect_will_or_later(const struct ella_connect *connect) {
    //= v3/3.1.2-9 v3/3.1.2-11 v5/3.1.2-9
    if (!connect->has_will)
        return connect_user_name_or_later(connect);
    return connect->version == (uint8_t)ELLA_VERSION_5_0 ? connect_en_will_properties
                                                         : connect_en_will_topic;
}

static int connect_properties_or_later(const struct ella_connect *connect) {
    return connect->version == (uint8_t)ELLA_VERSION_5_0 ? connect_en_connect_properties
                                                         : connect_en_client_id;
}

/* What contradicts itself in the Connect Flags. */
static enum ella_error connect_flags_error(const struct ella_connect *connect, uint8_t flags) {
    //= v3/3.1.2-3 v5/3.1.2-3 v5/u-3.1.2.3-1
    if (flags % 2u != 0u)
        return ELLA_ERROR_CONNECT_RESERVED_FLAG;
    //= v3/3.1.2-11 v3/3.1.2-13 v5/3.1.2-11
    if (!connect->has_will && connect->will_qos != 0u)
        return ELLA_ERROR_WILL_QOS_WITHOUT_WILL;
    //= v3/3.1.2-11 v3/3.1.2-15 v5/3.1.2-13
    if (!connect->has_will && connect->will_retain)
        return ELLA_ERROR_WILL_RETAIN_WITHOUT_WILL;
    //= v3/3.1.2-14 v5/3.1.2-12 v5/u-3.1.2.6-1
    if (connect->will_qos == 3u)
        return ELLA_ERROR_WILL_QOS;
    //= v3/3.1.2-22
    if (connect->version != (uint8_t)ELLA_VERSION_5_0 && connect->has_password &&
        !connect->has_user_name)
        return ELLA_ERROR_PASSWORD_WITHOUT_USER_NAME;
    return ELLA_ERROR_NONE;
}

/* The Connect Flags (section 3.1.2.3), from bit 1 to bit 7. */
static void connect_flags(struct reader *r, struct ella_connect *out, uint8_t flags) {
    enum ella_error error;

    out->clean_start = flags / 2u % 2u != 0u;
    out->has_will = flags / 4u % 2u != 0u;
    out->will_qos = flags / 8u % 4u;
    out->will_retain = flags / 32u % 2u != 0u;
    out->has_password = flags / 64u % 2u != 0u;
    out->has_user_name = flags / 128u != 0u;
    error = connect_flags_error(out, flags);
    if (error != ELLA_ERROR_NONE)
        reader_fail(r, error, r->field);
}

/* Why the grammar has no place for a byte: it knows every byte before the version, and none after
 * the last field. */
static enum ella_error connect_unexpected(const struct ella_connect *connect, bool named) {
    if (connect->version != (uint8_t)ELLA_VERSION_UNKNOWN)
        return ELLA_ERROR_TRAILING_BYTES;
    //= v3/3.1.2-1 v5/3.1.2-1 v3/3.1.2-2 v5/3.1.2-2
    return named ? ELLA_ERROR_PROTOCOL_VERSION : ELLA_ERROR_PROTOCOL_NAME;
}

/* In 3.1 a packet may end before the user name or the password that its flags announce: they count
 * as absent then, for the sake of still older clients. */
static bool connect_may_end(struct ella_connect *out, int cs) {
    if (cs >= connect_first_final)
        return true;
    if (out->version != (uint8_t)ELLA_VERSION_3_1)
        return false;
    if (cs == connect_en_user_name)
        out->has_user_name = false;
    if (cs == connect_en_user_name || cs == connect_en_password)
        out->has_password = false;
    return cs == connect_en_user_name || cs == connect_en_password;
}

void ella_packets_connect(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                          struct ella_connect *out) {
    uint32_t p = start;
    const uint32_t pe = end;
    bool named = false;
    int cs = connect_start;

    reader_next(r, start);
    out->version = (uint8_t)ELLA_VERSION_UNKNOWN;
    /*@ loop invariant ends: start <= p < pe;
        loop variant pe - p; */
    %% write exec;
    if (cs == connect_error && !reader_failed(r))
        reader_fail(r, connect_unexpected(out, named), p);
    reader_finish(r, connect_may_end(out, cs), p, pe);
}

%%{
    # 3.2: CONNACK

    machine connack;
    include packet_fields;

    action connack_flags {
        connack_flags(r, out, buf[p]);
        if (reader_failed(r))
            fbreak;
    }
    action return_code {
        connack_return_code(r, buf[p]);
        if (reader_failed(r))
            fbreak;
        out->reason_code = buf[p];
    }
    action session_present {
        connack_session_present(r, out, start);
        if (reader_failed(r))
            fbreak;
    }

    # 3.2.2.1
    flags = any @connack_flags @next;
    # 3.2.2.3 of 3.1.1
    return_code = any @return_code @next;

    # 3.2.2
    v3 := flags return_code @session_present;
    v5 := flags reason_code @session_present properties;
}%%

%% write data noerror;

/* The Connect Acknowledge Flags (section 3.2.2.1), which 3.1 does not use. */
/*@ requires \valid(r) && \valid(out) && \separated(r, out);
    assigns r->error, r->field, out->session_present;
    ensures out->session_present == (r->version != ELLA_VERSION_3_1 && flags == 1 ? 1 : 0);
    ensures r->version == ELLA_VERSION_3_1 || flags <= 1 ==> r->error == \old(r->error);
    ensures r->version != ELLA_VERSION_3_1 && flags > 1 ==>
      r->error == ELLA_ERROR_CONNACK_FLAGS; */
static void connack_flags(struct reader *r, struct ella_connack *out, uint8_t flags) {
    out->session_present = r->version != (uint8_t)ELLA_VERSION_3_1 && flags == 1u;
    //= v3/u-3.2.2.1-1 v5/3.2.2-1
    if (r->version != (uint8_t)ELLA_VERSION_3_1 && flags > 1u)
        reader_fail(r, ELLA_ERROR_CONNACK_FLAGS, r->field);
}

/*@ requires \valid(r);
    assigns r->error, r->field;
    ensures code <= 5 ==> r->error == \old(r->error);
    ensures code > 5 ==> r->error == ELLA_ERROR_REASON_CODE; */
static void connack_return_code(struct reader *r, uint8_t code) {
    if (code > (uint8_t)ELLA_CONNACK_V3_NOT_AUTHORIZED)
        reader_fail(r, ELLA_ERROR_REASON_CODE, r->field);
}

/*@ requires \valid(r) && \valid_read(out) && \separated(r, out);
    assigns r->error, r->field;
    ensures !out->session_present || out->reason_code == 0 ==> r->error == \old(r->error);
    ensures out->session_present && out->reason_code != 0 ==>
      r->error == ELLA_ERROR_SESSION_PRESENT; */
static void connack_session_present(struct reader *r, const struct ella_connack *out,
                                    uint32_t flags_at) {
    //= v3/3.2.2-4 v5/3.2.2-6
    if (out->session_present && out->reason_code != 0u)
        reader_fail(r, ELLA_ERROR_SESSION_PRESENT, flags_at);
}

/* What is known before byte p of a body of at most three bytes, which has no properties. */
/*@ predicate connack_short{L}(struct reader *r, struct ella_connack *out, uint8_t *buf,
                               integer start, integer p, integer cs) =
      r->error == ELLA_ERROR_NONE &&
      (cs == 1 || cs == 2 || cs == 3 ==> r->version == ELLA_VERSION_5_0) &&
      (cs == 4 || cs == 5 || cs == 7 ==> r->version != ELLA_VERSION_5_0) &&
      (p >= start + 1 ==>
        out->session_present == (r->version != ELLA_VERSION_3_1 && buf[start] == 1 ? 1 : 0)) &&
      (p == start && (cs == 1 || cs == 4) ||
       p == start + 1 && (cs == 2 || cs == 5) ||
       p == start + 2 && (cs == 3 || cs == 7) && r->vbi_len == 0 && r->number == 0 &&
         out->reason_code == buf[start + 1]); */

void ella_packets_connack(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                          struct ella_connack *out) {
    uint32_t p = start;
    const uint32_t pe = end;
    int cs = r->version == (uint8_t)ELLA_VERSION_5_0 ? connack_en_v5 : connack_en_v3;

    reader_next(r, start);
    /*@ loop invariant ends: start <= p < pe;
        loop invariant pe - start <= 3 ==> connack_short(r, out, buf, start, p, cs) &&
          out->properties.present == \at(out->properties.present, Pre);
        loop assigns p, cs, r->field, r->number, r->off, r->end, r->vbi_len, r->error, *out;
        loop variant pe - p; */
    %% write exec;
    reader_finish(r, cs >= connack_first_final, p, pe);
}

%%{
    # 3.3: PUBLISH

    machine publish;
    include packet_fields;

    action topic_name {
        publish_topic_name(r);
        if (reader_failed(r))
            fbreak;
        out->topic = reader_slice(r);
    }
    action payload {
        out->payload = reader_rest(r, p + 1u, pe);
        p = pe - 1u;
    }

    # 3.3.2.1
    #= v3/3.3.2-1 v5/3.3.2-1
    topic_name = two_byte_integer @bytes @topic_name @next;

    # 3.3.2, 3.3.3: the payload is all that is left, and there need not be any
    #= v3/2.3.1-5 v5/2.2.1-2
    v3_qos_0 := topic_name @payload;
    v3_qos_1 := topic_name packet_id @payload;
    v5_qos_0 := topic_name properties @payload;
    v5_qos_1 := topic_name packet_id properties @payload;
}%%

%% write data noerror;

static int publish_entry(uint8_t version, uint8_t qos) {
    if (version == (uint8_t)ELLA_VERSION_5_0)
        return qos == 0u ? publish_en_v5_qos_0 : publish_en_v5_qos_1;
    return qos == 0u ? publish_en_v3_qos_0 : publish_en_v3_qos_1;
}

/* In 5.0 the name may be empty; whether there is an alias then is seen later. */
static void publish_topic_name(struct reader *r) {
    if (r->off == r->end && r->version == (uint8_t)ELLA_VERSION_5_0)
        return;
    packets_topic_name(r);
}

void ella_packets_publish(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                          struct ella_publish *out) {
    uint32_t p = start;
    const uint32_t pe = end;
    int cs = publish_entry(r->version, out->qos);

    reader_next(r, start);
    /*@ loop invariant ends: start <= p < pe;
        loop variant pe - p; */
    %% write exec;
    reader_finish(r, cs >= publish_first_final, p, pe);
}

%%{
    # 3.4 to 3.7: PUBACK, PUBREC, PUBREL, PUBCOMP

    machine ack;
    include packet_fields;

    v3 := packet_id;
    v5 := packet_id ( reason_code ( properties )? )?;
}%%

%% write data noerror;

/* What is known before byte p of a body of at most three bytes, which has no properties. */
/*@ predicate ack_short{L}(struct reader *r, struct ella_ack *out, uint8_t *buf, integer start,
                           integer p, integer cs) =
      r->error == ELLA_ERROR_NONE && out->reason_code == 0 &&
      (cs == 1 || cs == 2 || cs == 6 ==> r->version == ELLA_VERSION_5_0) &&
      (cs == 4 || cs == 5 || cs == 9 ==> r->version != ELLA_VERSION_5_0) &&
      (p == start && (cs == 1 || cs == 4) && r->number == 0 ||
       p == start + 1 && (cs == 2 || cs == 5) && r->number == buf[start] && r->number < 256 ||
       p == start + 2 && (cs == 6 || cs == 9) && out->packet_id != 0 &&
         out->packet_id == buf[start] * 256 + buf[start + 1]); */

void ella_packets_ack(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                      struct ella_ack *out) {
    uint32_t p = start;
    const uint32_t pe = end;
    int cs = r->version == (uint8_t)ELLA_VERSION_5_0 ? ack_en_v5 : ack_en_v3;

    reader_next(r, start);
    out->reason_code = (uint8_t)ELLA_REASON_SUCCESS;
    /*@ loop invariant ends: start <= p < pe;
        loop invariant pe - start <= 3 ==> ack_short(r, out, buf, start, p, cs) &&
          out->properties.present == \at(out->properties.present, Pre);
        loop assigns p, cs, r->field, r->number, r->off, r->end, r->vbi_len, r->error, *out;
        loop variant pe - p; */
    %% write exec;
    reader_finish(r, cs >= ack_first_final, p, pe);
}

%%{
    # 3.8: SUBSCRIBE, 3.10: UNSUBSCRIBE

    machine subscribe;
    include packet_fields;

    action filters {
        out->filters = reader_rest(r, p + 1u, pe);
        begun = true;
    }
    action options {
        subscribe_options(r, buf[p]);
        if (reader_failed(r))
            fbreak;
    }

    # 3.8.3.1
    options = any @options @next;

    # 3.8.2, 3.8.3
    #= v3/3.8.3-1 v5/3.8.3-1 v3/3.8.3-3 v5/3.8.3-2 v5/u-3.8.3-1
    subscribe_v3 := packet_id @filters ( topic_filter options )+;
    subscribe_v5 := packet_id properties @filters ( topic_filter options )+;

    # 3.10.2, 3.10.3
    #= v3/3.10.3-1 v5/3.10.3-1 v3/3.10.3-2 v5/3.10.3-2 v5/u-3.10.3-1
    unsubscribe_v3 := packet_id @filters topic_filter+;
    unsubscribe_v5 := packet_id properties @filters topic_filter+;
}%%

%% write data noerror;

static int subscribe_entry(uint8_t version, uint8_t packet_type) {
    if (version == (uint8_t)ELLA_VERSION_5_0)
        return packet_type == (uint8_t)ELLA_SUBSCRIBE ? subscribe_en_subscribe_v5
                                                      : subscribe_en_unsubscribe_v5;
    return packet_type == (uint8_t)ELLA_SUBSCRIBE ? subscribe_en_subscribe_v3
                                                  : subscribe_en_unsubscribe_v3;
}

/* What is wrong with the Subscription Options (section 3.8.3.1), which in 3.1 and 3.1.1 are the
 * requested QoS alone. shared: they stand behind the filter of a shared subscription. */
static enum ella_error subscribe_options_error(uint8_t version, uint8_t options, bool shared) {
    const uint32_t reserved_from = version == (uint8_t)ELLA_VERSION_5_0 ? 64u : 4u;

    //= v3/3.8.3-4 v5/3.8.3-5
    if (options >= reserved_from)
        return ELLA_ERROR_SUBSCRIPTION_OPTIONS_RESERVED;
    //= v3/3.8.3-4 v5/u-3.8.3.1-1
    if (options % 4u == 3u)
        return ELLA_ERROR_SUBSCRIPTION_QOS;
    //= v5/u-3.8.3.1-2
    if (options / 16u == 3u)
        return ELLA_ERROR_RETAIN_HANDLING;
    //= v5/3.8.3-4
    if (shared && options / 4u % 2u == 1u)
        return ELLA_ERROR_SHARE_NO_LOCAL;
    return ELLA_ERROR_NONE;
}

/* The options, at the reader's field, of the filter read last. */
static void subscribe_options(struct reader *r, uint8_t options) {
    struct ella_slice name;
    struct ella_slice filter;
    const bool shared = ella_topic_share(reader_slice(r), &name, &filter);
    const enum ella_error error = subscribe_options_error(r->version, options, shared);

    if (error != ELLA_ERROR_NONE)
        reader_fail(r, error, r->field);
}

void ella_packets_subscribe(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                            struct ella_subscribe *out) {
    uint32_t p = start;
    const uint32_t pe = end;
    bool begun = false;
    int cs = subscribe_entry(r->version, r->packet_type);

    reader_next(r, start);
    /*@ loop invariant ends: start <= p < pe;
        loop variant pe - p; */
    %% write exec;
    reader_finish(r, cs >= subscribe_first_final, p, pe);
    //= v3/3.8.3-3 v5/3.8.3-2 v5/u-3.8.3-1 v3/3.10.3-2 v5/3.10.3-2 v5/u-3.10.3-1
    if (begun && out->filters.off == end)
        reader_fail(r,
                    r->packet_type == (uint8_t)ELLA_SUBSCRIBE ? ELLA_ERROR_SUBSCRIBE_EMPTY
                                                              : ELLA_ERROR_UNSUBSCRIBE_EMPTY,
                    end);
}

%%{
    # 3.9: SUBACK, 3.11: UNSUBACK

    machine suback;
    include packet_fields;

    action codes { out->reason_codes = reader_rest(r, p + 1u, pe); }
    action return_code {
        suback_return_code(r, buf[p]);
        if (reader_failed(r))
            fbreak;
    }
    action code {
        packets_reason_code(r, buf[p], p);
        if (reader_failed(r))
            fbreak;
    }

    # 3.9.3
    return_code = any @return_code @next;
    code = any @code @next;

    # 3.9.2, 3.9.3, 3.11.2, 3.11.3
    suback_v3 := packet_id @codes return_code+;
    unsuback_v3 := packet_id @codes;
    v5 := packet_id properties @codes code+;
}%%

%% write data noerror;

/*@ assigns \nothing;
    ensures version != ELLA_VERSION_5_0 && packet_type != ELLA_SUBACK ==>
      \result == suback_en_unsuback_v3; */
static int suback_entry(uint8_t version, uint8_t packet_type) {
    if (version == (uint8_t)ELLA_VERSION_5_0)
        return suback_en_v5;
    return packet_type == (uint8_t)ELLA_SUBACK ? suback_en_suback_v3 : suback_en_unsuback_v3;
}

static void suback_return_code(struct reader *r, uint8_t code) {
    //= v3/3.9.3-2
    if (code > (uint8_t)ELLA_SUBACK_V3_GRANTED_QOS_2 && code != (uint8_t)ELLA_SUBACK_V3_FAILURE)
        reader_fail(r, ELLA_ERROR_REASON_CODE, r->field);
}

/* What is known before byte p of an UNSUBACK of before 5.0, which has two. */
/*@ predicate unsuback_short{L}(struct reader *r, uint8_t *buf, integer start, integer p,
                                integer cs) =
      r->error == ELLA_ERROR_NONE &&
      (p == start && cs == 8 && r->number == 0 ||
       p == start + 1 && cs == 9 && r->number == buf[start] && r->number < 256); */

void ella_packets_suback(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                         struct ella_suback *out) {
    uint32_t p = start;
    const uint32_t pe = end;
    int cs = suback_entry(r->version, r->packet_type);

    reader_next(r, start);
    /*@ loop invariant ends: start <= p < pe;
        loop invariant pe - start <= 2 ==> unsuback_short(r, buf, start, p, cs) &&
          out->properties.present == \at(out->properties.present, Pre);
        loop assigns p, cs, r->field, r->number, r->off, r->end, r->vbi_len, r->error, *out;
        loop variant pe - p; */
    %% write exec;
    reader_finish(r, cs >= suback_first_final, p, pe);
}

%%{
    # 3.12: PINGREQ, 3.13: PINGRESP, 3.14: DISCONNECT, 3.15: AUTH

    machine reason;
    include packet_fields;

    # 3.12, 3.13, and DISCONNECT before 5.0
    nothing := null;
    # 3.14.2
    disconnect := ( reason_code ( properties )? )?;
    # 3.15.2
    auth := ( reason_code properties )?;
}%%

%% write data noerror;

/*@ assigns \nothing;
    ensures version != ELLA_VERSION_5_0 ==> \result == reason_en_nothing;
    ensures version == ELLA_VERSION_5_0 ==> \result ==
      (packet_type == ELLA_DISCONNECT ? reason_en_disconnect :
      (packet_type == ELLA_AUTH ? reason_en_auth : reason_en_nothing)); */
static int reason_entry(uint8_t version, uint8_t packet_type) {
    if (version != (uint8_t)ELLA_VERSION_5_0)
        return reason_en_nothing;
    if (packet_type == (uint8_t)ELLA_DISCONNECT)
        return reason_en_disconnect;
    return packet_type == (uint8_t)ELLA_AUTH ? reason_en_auth : reason_en_nothing;
}

/* What is known before byte p of a body of one byte, which has no properties. */
/*@ predicate reason_short{L}(struct reader *r, struct ella_reason *out, uint8_t *buf,
                              integer start, integer p, integer cs) =
      r->error == ELLA_ERROR_NONE && out->reason_code == 0 &&
      (p == start ==> cs == 6 || cs == 3 && r->packet_type == ELLA_AUTH ||
        cs == 5 && (r->version != ELLA_VERSION_5_0 || r->packet_type != ELLA_DISCONNECT)); */

void ella_packets_reason(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                         struct ella_reason *out) {
    uint32_t p = start;
    const uint32_t pe = end;
    int cs = reason_entry(r->version, r->packet_type);

    reader_next(r, start);
    out->reason_code = (uint8_t)ELLA_REASON_SUCCESS;
    /*@ loop invariant ends: start <= p < pe;
        loop invariant pe - start <= 1 ==> reason_short(r, out, buf, start, p, cs) &&
          out->properties.present == \at(out->properties.present, Pre);
        loop assigns p, cs, r->field, r->number, r->off, r->end, r->vbi_len, r->error, *out;
        loop variant pe - p; */
    %% write exec;
    reader_finish(r, cs >= reason_first_final, p, pe);
}
