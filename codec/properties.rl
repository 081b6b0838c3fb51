/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * properties: the properties of one MQTT 5.0 packet (section 2.2.2): identifier, type, allowed
 * here, once, range, all by the table ella_property_rules. It does not know which packets have
 * properties, nor what one property says about another.
 *
 * Invariant: the reader's field is the identifier of the property being read, which is the byte at
 * fault when the property does not end where the Property Length says.
 */
#include "codec/machines.h"

%%{
    machine properties;
    alphtype unsigned char;
    getkey buf[p];

    action identifier {
        reader_next(r, p);
        id = properties_identifier(buf[p]);
        properties_allow(r, out, place, id);
        if (reader_failed(r))
            fbreak;
        fnext *properties_entry(id);
    }
    action number { reader_number(r, buf[p]); }
    action vbi {
        reader_vbi(r, buf[p], p);
        if (reader_failed(r))
            fbreak;
    }
    action bytes {
        reader_take(r, p, pe, ELLA_ERROR_PROPERTY_LENGTH);
        if (reader_failed(r))
            fbreak;
        p = r->end - 1u;
    }
    action utf8 {
        properties_utf8(r, id);
        if (reader_failed(r))
            fbreak;
    }
    action integer {
        properties_integer(r, out, id);
        if (reader_failed(r))
            fbreak;
    }
    action slice {
        properties_slice(r, out, id);
        if (reader_failed(r))
            fbreak;
    }
    action done {
        properties_present(r, out, id, p + 1u);
        reader_next(r, p + 1u);
        fnext main;
    }

    length = any @number any @number;

    # 2.2.2.2: an identifier, then a value of its type. All identifiers are below 128, so each is
    # one byte, although its type is the variable byte integer.

    main := ( any @identifier )*;

    # 1.5.1
    byte := any @number @integer @done;
    # 1.5.2
    two_byte_integer := ( any @number ){2} @integer @done;
    # 1.5.3
    four_byte_integer := ( any @number ){4} @integer @done;
    # 1.5.5
    variable_byte_integer := ( ( 0x80..0xff @vbi )* 0x00..0x7f @vbi ) @integer @done;
    # 1.5.4
    utf8_string := length @bytes @utf8 @slice @done;
    # 1.5.6
    binary_data := length @bytes @slice @done;
    # 1.5.7
    #= v5/1.5.7-1 v5/u-1.5.7-1
    utf8_string_pair := length @bytes @utf8 length @bytes @utf8 @done;
}%%

%% write data noerror;

/* An identifier of the table; 0, which is none, for those behind its end. */
/*@ assigns \nothing;
    ensures byte < ELLA_PROPERTY_RULE_COUNT ==> \result == byte;
    ensures byte >= ELLA_PROPERTY_RULE_COUNT ==> \result == 0; */
static uint8_t properties_identifier(uint8_t byte) {
    return byte < ELLA_PROPERTY_RULE_COUNT ? byte : 0u;
}

/* Where the grammar goes on behind an identifier that exists. */
static int properties_entry(uint8_t id) {
    switch (ella_property_rules[id].type) {
    case ELLA_TYPE_BYTE:
        return properties_en_byte;
    case ELLA_TYPE_TWO_BYTE_INTEGER:
        return properties_en_two_byte_integer;
    case ELLA_TYPE_FOUR_BYTE_INTEGER:
        return properties_en_four_byte_integer;
    case ELLA_TYPE_VARIABLE_BYTE_INTEGER:
        return properties_en_variable_byte_integer;
    case ELLA_TYPE_UTF8_STRING:
        return properties_en_utf8_string;
    case ELLA_TYPE_UTF8_PAIR:
        return properties_en_utf8_string_pair;
    default:
        return properties_en_binary_data;
    }
}

/* Why a property that exists may not stand in this packet. */
/*@ requires \valid_read(r);
    assigns \nothing;
    ensures \result == ELLA_ERROR_PROPERTY_NOT_ALLOWED ||
      \result == ELLA_ERROR_SUBSCRIPTION_IDENTIFIER_FROM_CLIENT;
    ensures \result == ELLA_ERROR_SUBSCRIPTION_IDENTIFIER_FROM_CLIENT <==>
      id == ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER && r->packet_type == ELLA_PUBLISH; */
static enum ella_error properties_misplaced(const struct reader *r, uint8_t id) {
    //= v5/3.3.4-6
    if (id == ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER && r->packet_type == ELLA_PUBLISH)
        return ELLA_ERROR_SUBSCRIPTION_IDENTIFIER_FROM_CLIENT;
    return ELLA_ERROR_PROPERTY_NOT_ALLOWED;
}

/* Whether the property that begins at the reader's field may stand there. */
/*@ requires \valid(r) && \valid_read(out) && \separated(r, out);
    requires id < ELLA_PROPERTY_RULE_COUNT && r->error == ELLA_ERROR_NONE;
    assigns r->error, r->field;
    ensures r->field == \old(r->field);
    ensures exists: r->error == ELLA_ERROR_PROPERTY_UNKNOWN <==>
      ella_property_rules[id].type == ELLA_TYPE_NONE;
    ensures allowed: r->error == ELLA_ERROR_NONE <==>
      ella_property_rules[id].type != ELLA_TYPE_NONE &&
      PROPERTY_IN_PLACE(id, r->sender, place) &&
      (has_bit(out->present, id) ==> PROPERTY_MAY_REPEAT(id, place));
    ensures repeated: r->error == ELLA_ERROR_PROPERTY_REPEATED <==>
      ella_property_rules[id].type != ELLA_TYPE_NONE &&
      PROPERTY_IN_PLACE(id, r->sender, place) &&
      has_bit(out->present, id) && !PROPERTY_MAY_REPEAT(id, place); */
static void properties_allow(struct reader *r, const struct ella_properties *out, uint32_t place,
                             uint8_t id) {
    const struct ella_property_rule *rule = &ella_property_rules[id];
    uint32_t places;

    //= v5/u-2.2.2.2-1
    if (rule->type == ELLA_TYPE_NONE) {
        reader_fail(r, ELLA_ERROR_PROPERTY_UNKNOWN, r->field);
        return;
    }
    places = r->sender == ELLA_FROM_CLIENT ? rule->client_packets : rule->server_packets;
    //= v5/u-2.2.2.2-1 v5/3.14.2-2
    if ((places & place) == 0u) {
        reader_fail(r, properties_misplaced(r, id), r->field);
        return;
    }
    //= v5/u-3.1.2.11.2-1 v5/u-3.1.2.11.3-1 v5/u-3.1.2.11.4-1 v5/u-3.1.2.11.5-1
    //= v5/u-3.1.2.11.6-1 v5/u-3.1.2.11.7-1 v5/u-3.1.2.11.9-1 v5/u-3.1.2.11.10-2
    //= v5/u-3.1.3.2.2-1 v5/u-3.1.3.2.3-2 v5/u-3.1.3.2.4-1 v5/u-3.1.3.2.5-1
    //= v5/u-3.1.3.2.6-1 v5/u-3.1.3.2.7-1
    //= v5/u-3.2.2.3.2-1 v5/u-3.2.2.3.3-1 v5/u-3.2.2.3.4-1 v5/u-3.2.2.3.5-1
    //= v5/u-3.2.2.3.6-1 v5/u-3.2.2.3.7-1 v5/u-3.2.2.3.8-1 v5/u-3.2.2.3.9-2
    //= v5/u-3.2.2.3.11-1 v5/u-3.2.2.3.12-1 v5/u-3.2.2.3.13-1 v5/u-3.2.2.3.14-1
    //= v5/u-3.2.2.3.15-1 v5/u-3.2.2.3.16-1 v5/u-3.2.2.3.17-1 v5/u-3.2.2.3.18-1
    //= v5/u-3.3.2.3.4-1 v5/u-3.3.2.3.5-1 v5/u-3.3.2.3.6-1 v5/u-3.3.2.3.9-1
    //= v5/u-3.4.2.2.2-1 v5/u-3.5.2.2.2-2 v5/u-3.6.2.2.2-2 v5/u-3.7.2.2.2-2
    //= v5/u-3.8.2.1.2-2 v5/u-3.9.2.1.2-2 v5/u-3.11.2.1.2-2
    //= v5/u-3.14.2.2.2-1 v5/u-3.14.2.2.3-2 v5/u-3.14.2.2.5-1
    //= v5/u-3.15.2.2.2-1 v5/u-3.15.2.2.3-1 v5/u-3.15.2.2.4-2
    if (ella_property_present(out, (enum ella_property_id)id) &&
        (rule->repeatable_packets & place) == 0u)
        reader_fail(r, ELLA_ERROR_PROPERTY_REPEATED, r->field);
}

/* Whether value, of an integer, or the length of anything else, is one the property may have. */
/*@ requires \valid(r) && id < ELLA_PROPERTY_RULE_COUNT;
    assigns r->error, r->field;
    behavior in_range:
      assumes property_in_range(id, value);
      ensures r->error == \old(r->error) && r->field == \old(r->field);
    behavior out_of_range:
      assumes !property_in_range(id, value);
      ensures r->error == (id == ELLA_PROPERTY_TOPIC_ALIAS ? ELLA_ERROR_TOPIC_ALIAS_ZERO
                                                           : ELLA_ERROR_PROPERTY_RANGE);
    complete behaviors;
    disjoint behaviors; */
static void properties_range(struct reader *r, uint8_t id, uint32_t value) {
    const struct ella_property_rule *rule = &ella_property_rules[id];

    //= v5/u-3.1.2.11.3-1 v5/u-3.1.2.11.4-1 v5/u-3.1.2.11.6-1 v5/u-3.1.2.11.7-1
    //= v5/u-3.2.2.3.3-1 v5/u-3.2.2.3.4-1 v5/u-3.2.2.3.5-1 v5/u-3.2.2.3.6-1
    //= v5/u-3.2.2.3.11-1 v5/u-3.2.2.3.12-1 v5/u-3.2.2.3.13-1
    //= v5/u-3.3.2.3.8-1 v5/u-3.8.2.1.2-1
    if (value >= rule->minimum && value <= rule->maximum)
        return;
    //= v5/3.3.2-8 v5/u-3.3.4-2
    reader_fail(r,
                id == ELLA_PROPERTY_TOPIC_ALIAS ? ELLA_ERROR_TOPIC_ALIAS_ZERO
                                                : ELLA_ERROR_PROPERTY_RANGE,
                r->field + 1u);
}

/* What was read last must be a string, as a Response Topic also a topic name. */
static void properties_utf8(struct reader *r, uint8_t id) {
    enum ella_error error;
    uint32_t at = r->off;

    if (id != ELLA_PROPERTY_RESPONSE_TOPIC) {
        reader_utf8(r);
        return;
    }
    error = ella_topic_name_check(r->buf, r->off, r->end, &at);
    //= v5/3.3.2-13 v5/3.3.2-14
    if (error == ELLA_ERROR_TOPIC_NAME_WILDCARD)
        reader_fail(r, ELLA_ERROR_RESPONSE_TOPIC, at);
    else if (error != ELLA_ERROR_NONE && error != ELLA_ERROR_TOPIC_NAME_EMPTY)
        reader_fail(r, error, at);
}

static void properties_set_byte(struct ella_properties *out, uint8_t id, uint8_t value) {
    switch (id) {
    case ELLA_PROPERTY_PAYLOAD_FORMAT_INDICATOR:
        out->payload_format_indicator = value;
        break;
    case ELLA_PROPERTY_REQUEST_PROBLEM_INFORMATION:
        out->request_problem_information = value;
        break;
    case ELLA_PROPERTY_REQUEST_RESPONSE_INFORMATION:
        out->request_response_information = value;
        break;
    case ELLA_PROPERTY_MAXIMUM_QOS:
        out->maximum_qos = value;
        break;
    case ELLA_PROPERTY_RETAIN_AVAILABLE:
        out->retain_available = value;
        break;
    case ELLA_PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE:
        out->wildcard_subscription_available = value;
        break;
    case ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE:
        out->subscription_identifier_available = value;
        break;
    default: /* ELLA_PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE */
        out->shared_subscription_available = value;
        break;
    }
}

static void properties_set_two_bytes(struct ella_properties *out, uint8_t id, uint16_t value) {
    switch (id) {
    case ELLA_PROPERTY_SERVER_KEEP_ALIVE:
        out->server_keep_alive_s = value;
        break;
    case ELLA_PROPERTY_RECEIVE_MAXIMUM:
        out->receive_maximum = value;
        break;
    case ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM:
        out->topic_alias_maximum = value;
        break;
    default: /* ELLA_PROPERTY_TOPIC_ALIAS */
        out->topic_alias = value;
        break;
    }
}

static void properties_set_four_bytes(struct ella_properties *out, uint8_t id, uint32_t value) {
    switch (id) {
    case ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL:
        out->message_expiry_interval_s = value;
        break;
    case ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL:
        out->session_expiry_interval_s = value;
        break;
    case ELLA_PROPERTY_WILL_DELAY_INTERVAL:
        out->will_delay_interval_s = value;
        break;
    default: /* ELLA_PROPERTY_MAXIMUM_PACKET_SIZE */
        out->maximum_packet_size = value;
        break;
    }
}

/* Keeps the integer just read. Subscription Identifiers are kept as they came: see
 * properties_present(). */
static void properties_integer(struct reader *r, struct ella_properties *out, uint8_t id) {
    const uint32_t value = r->number;
    const uint8_t type = ella_property_rules[id].type;

    properties_range(r, id, value);
    if (type == ELLA_TYPE_BYTE)
        properties_set_byte(out, id, (uint8_t)(value % 256u));
    else if (type == ELLA_TYPE_TWO_BYTE_INTEGER)
        properties_set_two_bytes(out, id, (uint16_t)(value % 65536u));
    else if (type == ELLA_TYPE_FOUR_BYTE_INTEGER)
        properties_set_four_bytes(out, id, value);
}

/* Keeps the string or the binary data just read. */
static void properties_slice(struct reader *r, struct ella_properties *out, uint8_t id) {
    const struct ella_slice value = reader_slice(r);

    properties_range(r, id, ella_slice_len(value));
    switch (id) {
    case ELLA_PROPERTY_CONTENT_TYPE:
        out->content_type = value;
        break;
    case ELLA_PROPERTY_RESPONSE_TOPIC:
        out->response_topic = value;
        break;
    case ELLA_PROPERTY_CORRELATION_DATA:
        out->correlation_data = value;
        break;
    case ELLA_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER:
        out->assigned_client_identifier = value;
        break;
    case ELLA_PROPERTY_AUTHENTICATION_METHOD:
        out->authentication_method = value;
        break;
    case ELLA_PROPERTY_AUTHENTICATION_DATA:
        out->authentication_data = value;
        break;
    case ELLA_PROPERTY_RESPONSE_INFORMATION:
        out->response_information = value;
        break;
    case ELLA_PROPERTY_SERVER_REFERENCE:
        out->server_reference = value;
        break;
    default: /* ELLA_PROPERTY_REASON_STRING */
        out->reason_string = value;
        break;
    }
}

/* Lengthens the run of encoded properties by the one in [off, end), and what lies between. */
static void properties_lengthen(struct ella_slice *run, const uint8_t *buf, uint32_t off,
                                uint32_t end) {
    if (run->base == NULL)
        run->off = off;
    run->base = buf;
    run->end = end;
}

/* The property from the reader's field to end is there; the repeatable ones are kept encoded. */
static void properties_present(struct reader *r, struct ella_properties *out, uint8_t id,
                               uint32_t end) {
    ella_property_set(out, (enum ella_property_id)id);
    if (id == ELLA_PROPERTY_USER_PROPERTY)
        properties_lengthen(&out->user_properties, r->buf, r->field, end);
    else if (id == ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER)
        properties_lengthen(&out->subscription_identifiers, r->buf, r->field, end);
}

void ella_properties_read(struct reader *r, const uint8_t *buf, uint32_t start, uint32_t end,
                          uint32_t place, struct ella_properties *out) {
    uint32_t p = start;
    const uint32_t pe = end;
    uint8_t id = 0u;
    int cs = properties_start;

    reader_next(r, start);
    /*@ loop invariant ends: start <= p < pe;
        loop variant pe - p; */
    %% write exec;
    if (!reader_failed(r) && cs < properties_first_final)
        reader_fail(r, ELLA_ERROR_PROPERTY_LENGTH, r->field);
}
