/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * encode_properties: the properties of MQTT 5.0 (section 2.2.2) from struct ella_properties to
 * bytes, in the order of their identifiers. What may stand where comes from the tables; this file
 * knows the packets only as members of their sets.
 *
 * Invariant: what the plan counted is what the put writes, because both walk the same bits and the
 * same runs.
 */
#include "encode.h"
#include "lists.h"

/* The identifiers present, in ascending order; 0, which is none, for those behind the table. */
struct property_walk {
    uint64_t rest; /* bit 0 belongs to id */
    uint32_t id;
};

/*@ requires \valid_read(properties);
    assigns \nothing;
    ensures \result.rest == properties->present && \result.id == 0;
    ensures walk_in(\result.rest, \result.id); */
static struct property_walk walk_begin(const struct ella_properties *properties) {
    struct property_walk walk;
    /*@ assert power_of_2(8) == 256; */
    /*@ assert power_of_2(16) == 65536; */
    /*@ assert power_of_2(24) == 16777216; */
    /*@ assert power_of_2(32) == 4294967296; */
    /*@ assert power_of_2(40) == 1099511627776; */
    /*@ assert power_of_2(48) == 281474976710656; */
    /*@ assert power_of_2(56) == 72057594037927936; */
    /*@ assert power_of_2(64) == 18446744073709551616; */
    walk.rest = properties->present;
    walk.id = 0u;
    return walk;
}

/*@ requires \valid(walk) && \valid(id) && \separated(walk, id);
    requires walk_in(walk->rest, walk->id);
    assigns *walk, *id;
    ensures \result <==> \old(walk->rest) != 0;
    ensures ends: \result ==> walk->rest < \old(walk->rest);
    ensures \result ==> *id < ELLA_PROPERTY_RULE_COUNT && walk->id > \old(walk->id);
    ensures walk_in(walk->rest, walk->id);
    ensures \result ==> \forall struct ella_properties p, integer ids, pairs;
      walk_size(p, \old(walk->rest), \old(walk->id), ids, pairs) ==
      property_size(p, *id, ids, pairs) + walk_size(p, walk->rest, walk->id, ids, pairs);
    ensures \result ==> \forall struct ella_properties p;
      walk_sized(p, \old(walk->rest), \old(walk->id)) <==>
      property_sized(p, *id) && walk_sized(p, walk->rest, walk->id);
    ensures !\result ==> walk->rest == 0; */
static bool walk_next(struct property_walk *walk, uint32_t *id) {
    if (walk->rest == 0u)
        return false;
    /*@ loop invariant ends: 0 < walk->rest <= \at(walk->rest, Pre);
        loop invariant walk_in(walk->rest, walk->id);
        loop invariant walk->id >= \at(walk->id, Pre);
        loop invariant
          walk_same(\at(walk->rest, Pre), \at(walk->id, Pre), walk->rest, walk->id);
        loop assigns *walk;
        loop variant walk->rest; */
    while (walk->rest % 256u == 0u) {
        /*@ ghost uint64_t q = walk->rest / 256u; */
        /*@ assert walk->rest == 256 * q && q > 0; */
        /*@ assert walk_same(256 * q, walk->id, 128 * q, walk->id + 1); */
        /*@ assert walk_same(128 * q, walk->id + 1, 64 * q, walk->id + 2); */
        /*@ assert walk_same(64 * q, walk->id + 2, 32 * q, walk->id + 3); */
        /*@ assert walk_same(32 * q, walk->id + 3, 16 * q, walk->id + 4); */
        /*@ assert walk_same(16 * q, walk->id + 4, 8 * q, walk->id + 5); */
        /*@ assert walk_same(8 * q, walk->id + 5, 4 * q, walk->id + 6); */
        /*@ assert walk_same(4 * q, walk->id + 6, 2 * q, walk->id + 7); */
        /*@ assert walk_same(2 * q, walk->id + 7, q, walk->id + 8); */
        /*@ assert walk_in(128 * q, walk->id + 1); */
        /*@ assert walk_in(64 * q, walk->id + 2); */
        /*@ assert walk_in(32 * q, walk->id + 3); */
        /*@ assert walk_in(16 * q, walk->id + 4); */
        /*@ assert walk_in(8 * q, walk->id + 5); */
        /*@ assert walk_in(4 * q, walk->id + 6); */
        /*@ assert walk_in(2 * q, walk->id + 7); */
        /*@ assert walk_in(q, walk->id + 8); */
        walk->rest /= 256u;
        walk->id += 8u;
    }
    /*@ loop invariant ends: 0 < walk->rest <= \at(walk->rest, Pre);
        loop invariant walk_in(walk->rest, walk->id);
        loop invariant walk->id >= \at(walk->id, Pre);
        loop invariant
          walk_same(\at(walk->rest, Pre), \at(walk->id, Pre), walk->rest, walk->id);
        loop assigns *walk;
        loop variant walk->rest; */
    while (walk->rest % 2u == 0u) {
        /*@ assert walk_same(walk->rest, walk->id, walk->rest / 2, walk->id + 1); */
        /*@ assert walk_in(walk->rest / 2, walk->id + 1); */
        walk->rest /= 2u;
        walk->id += 1u;
    }
    /*@ assert walk_in(walk->rest / 2, walk->id + 1); */
    *id = walk->id < ELLA_PROPERTY_RULE_COUNT ? walk->id : 0u;
    walk->rest /= 2u;
    walk->id += 1u;
    return true;
}

/* The member that holds an integer property. */
/*@ requires \valid_read(p);
    assigns \nothing; */
static uint32_t integer_of(const struct ella_properties *p, uint32_t id) {
    switch (id) {
    case ELLA_PROPERTY_PAYLOAD_FORMAT_INDICATOR:
        return p->payload_format_indicator;
    case ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL:
        return p->message_expiry_interval_s;
    case ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL:
        return p->session_expiry_interval_s;
    case ELLA_PROPERTY_SERVER_KEEP_ALIVE:
        return p->server_keep_alive_s;
    case ELLA_PROPERTY_REQUEST_PROBLEM_INFORMATION:
        return p->request_problem_information;
    case ELLA_PROPERTY_WILL_DELAY_INTERVAL:
        return p->will_delay_interval_s;
    case ELLA_PROPERTY_REQUEST_RESPONSE_INFORMATION:
        return p->request_response_information;
    case ELLA_PROPERTY_RECEIVE_MAXIMUM:
        return p->receive_maximum;
    case ELLA_PROPERTY_TOPIC_ALIAS_MAXIMUM:
        return p->topic_alias_maximum;
    case ELLA_PROPERTY_TOPIC_ALIAS:
        return p->topic_alias;
    case ELLA_PROPERTY_MAXIMUM_QOS:
        return p->maximum_qos;
    case ELLA_PROPERTY_RETAIN_AVAILABLE:
        return p->retain_available;
    case ELLA_PROPERTY_MAXIMUM_PACKET_SIZE:
        return p->maximum_packet_size;
    case ELLA_PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE:
        return p->wildcard_subscription_available;
    case ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE:
        return p->subscription_identifier_available;
    default: /* ELLA_PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE, the last integer of the table */
        return p->shared_subscription_available;
    }
}

/* The member that holds a string, binary data or a run of repeatable properties. */
/*@ requires properties_lawful(p);
    assigns \nothing;
    ensures slice_lawful(\result);
    ensures is_text(type_of(id)) ==> \result.end - \result.off == text_len(*p, id);
    ensures id == 0x03 ==> \result == p->content_type;
    ensures id == 0x08 ==> \result == p->response_topic;
    ensures id == 0x09 ==> \result == p->correlation_data;
    ensures id == 0x0B ==> \result == p->subscription_identifiers;
    ensures id == 0x12 ==> \result == p->assigned_client_identifier;
    ensures id == 0x15 ==> \result == p->authentication_method;
    ensures id == 0x16 ==> \result == p->authentication_data;
    ensures id == 0x1A ==> \result == p->response_information;
    ensures id == 0x1C ==> \result == p->server_reference;
    ensures id == 0x1F ==> \result == p->reason_string;
    ensures id == 0x26 ==> \result == p->user_properties; */
static struct ella_slice slice_of(const struct ella_properties *p, uint32_t id) {
    switch (id) {
    case ELLA_PROPERTY_CONTENT_TYPE:
        return p->content_type;
    case ELLA_PROPERTY_RESPONSE_TOPIC:
        return p->response_topic;
    case ELLA_PROPERTY_CORRELATION_DATA:
        return p->correlation_data;
    case ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER:
        return p->subscription_identifiers;
    case ELLA_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER:
        return p->assigned_client_identifier;
    case ELLA_PROPERTY_AUTHENTICATION_METHOD:
        return p->authentication_method;
    case ELLA_PROPERTY_AUTHENTICATION_DATA:
        return p->authentication_data;
    case ELLA_PROPERTY_RESPONSE_INFORMATION:
        return p->response_information;
    case ELLA_PROPERTY_SERVER_REFERENCE:
        return p->server_reference;
    case ELLA_PROPERTY_REASON_STRING:
        return p->reason_string;
    default: /* ELLA_PROPERTY_USER_PROPERTY, the last of them */
        return p->user_properties;
    }
}

/*@ requires place < 16;
    assigns \nothing;
    ensures \result <==> has_bit(set, place); */
static bool in_set(uint32_t set, uint32_t place) {
    return ((set >> place) & 1u) != 0u;
}

/*@ requires \valid_read(plan) && place < 16 && id < ELLA_PROPERTY_RULE_COUNT;
    assigns \nothing;
    ensures \result == ELLA_ERROR_PROPERTY_UNKNOWN <==>
      ella_property_rules[id].type == ELLA_TYPE_NONE;
    ensures \result == ELLA_ERROR_NONE <==>
      ella_property_rules[id].type != ELLA_TYPE_NONE &&
      property_may_stand(id, plan->sender, place); */
static enum ella_error allowed_check(const struct encode_plan *plan, uint32_t place, uint32_t id) {
    const struct ella_property_rule *rule = &ella_property_rules[id];
    //= v5/u-2.2.2.2-1
    if (rule->type == ELLA_TYPE_NONE)
        return ELLA_ERROR_PROPERTY_UNKNOWN;
    //= v5/3.14.2-2
    if (in_set(plan->sender == (int64_t)ELLA_FROM_CLIENT ? rule->client_packets
                                                         : rule->server_packets,
               place))
        return ELLA_ERROR_NONE;
    //= v5/3.3.4-6
    if (id == ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER && place == ELLA_PUBLISH)
        return ELLA_ERROR_SUBSCRIPTION_IDENTIFIER_FROM_CLIENT;
    return ELLA_ERROR_PROPERTY_NOT_ALLOWED;
}

/* Checks an integer and gives its size with the identifier. */
/*@ requires \valid(plan) && id < ELLA_PROPERTY_RULE_COUNT;
    assigns plan->error;
    ensures \result == (ella_property_rules[id].type == ELLA_TYPE_BYTE ? 2 :
      (ella_property_rules[id].type == ELLA_TYPE_TWO_BYTE_INTEGER ? 3 : 5));
    ensures \old(plan->error) == ELLA_ERROR_NONE ==>
      (plan->error == ELLA_ERROR_NONE <==> property_in_range(id, value));
    ensures error_kept{Pre, Here}(plan); */
static uint32_t integer_plan(struct encode_plan *plan, uint32_t id, uint32_t value) {
    const struct ella_property_rule *rule = &ella_property_rules[id];
    if (value < rule->minimum || value > rule->maximum) {
        //= v5/3.3.2-8
        encode_fail(plan, id == ELLA_PROPERTY_TOPIC_ALIAS ? ELLA_ERROR_TOPIC_ALIAS_ZERO
                                                          : ELLA_ERROR_PROPERTY_RANGE);
    }
    if (rule->type == ELLA_TYPE_BYTE)
        return 2u;
    return rule->type == ELLA_TYPE_TWO_BYTE_INTEGER ? 3u : 5u;
}

/*@ requires \valid(plan) && id < ELLA_PROPERTY_RULE_COUNT && s.off <= s.end;
    requires types_known && is_text(type_of(id));
    assigns plan->error;
    ensures error_kept{Pre, Here}(plan);
    ensures \old(plan->error) == ELLA_ERROR_NONE && plan->error == ELLA_ERROR_NONE ==>
      \result == 3 + (s.end - s.off) && s.end - s.off <= 65535; */
static uint32_t string_plan(struct encode_plan *plan, uint32_t id, struct ella_slice s) {
    const struct ella_property_rule *rule = &ella_property_rules[id];
    const uint32_t len = ella_slice_len(s);
    if (len > rule->maximum) {
        encode_fail(plan, ELLA_ERROR_FIELD_TOO_LONG);
        return 0u;
    }
    encode_require(plan, len >= rule->minimum, ELLA_ERROR_PROPERTY_RANGE);
    return 3u + len;
}

/* A Subscription Identifier of a run: the put functions make only good ones, other hands may not.
 */
/*@ requires \valid(plan) && \valid_read(entry);
    requires entry->end <= run.end && run.off <= entry->off < entry->end;
    requires slice_lawful(run);
    assigns plan->error;
    ensures error_kept{Pre, Here}(plan); */
static void identifier_check(struct encode_plan *plan, struct ella_slice run,
                             const struct lists_property *entry) {
    struct ella_slice number = run;
    uint32_t value = 0u;
    number.off = entry->off + 1u;
    number.end = entry->end;
    encode_require(plan, ella_lists_vbi_next(&number, &value), ELLA_ERROR_VARIABLE_BYTE_INTEGER);
    encode_require(plan, value != 0u, ELLA_ERROR_PROPERTY_RANGE);
    encode_require(plan, entry->end - entry->off == 1u + writer_vbi_len(value),
                   ELLA_ERROR_VARIABLE_BYTE_INTEGER_NOT_SHORTEST);
}

/* A run of encoded properties of which only those with this identifier count. */
/*@ requires \valid(plan) && slice_lawful(run) && id < ELLA_PROPERTY_RULE_COUNT && place < 16;
    requires types_known;
    assigns plan->error;
    ensures \result == run_size(run.base, run.off, run.end, id);
    ensures error_kept{Pre, Here}(plan); */
static uint32_t run_plan(struct encode_plan *plan, uint32_t place, uint32_t id,
                         struct ella_slice run) {
    struct ella_slice rest = run;
    struct lists_property entry;
    uint32_t entry_count = 0u;
    uint32_t len = 0u;
    /*@ loop invariant rest.base == run.base && rest.end == run.end;
        loop invariant run.off <= rest.off <= run.end && 0 <= len <= rest.off - run.off;
        loop invariant len + run_size(run.base, rest.off, run.end, id) ==
          run_size(run.base, run.off, run.end, id);
        loop invariant error_kept{Pre, Here}(plan);
        loop assigns rest, entry, entry_count, len, plan->error;
        loop variant rest.end - rest.off; */
    while (ella_lists_property_next(&rest, &entry)) {
        if (entry.id != id)
            continue;
        entry_count += entry_count < 2u ? 1u : 0u;
        len += entry.end - entry.off;
        if (id == ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER)
            identifier_check(plan, run, &entry);
    }
    /*@ assert entry_end(run.base, rest.off, run.end) < 0; */
    /*@ assert run_ends(run.base, rest.off, run.end, id); */
    /*@ assert run_size(run.base, rest.off, run.end, id) == 0; */
    encode_require(plan, ella_slice_len(rest) == 0u, ELLA_ERROR_FIELD_PAST_END);
    encode_require(plan,
                   entry_count < 2u || in_set(ella_property_rules[id].repeatable_packets, place),
                   ELLA_ERROR_PROPERTY_REPEATED);
    return len;
}

/*@ requires \valid(plan) && properties_lawful(properties) && place < 16;
    requires id < ELLA_PROPERTY_RULE_COUNT && type_of(id) != ELLA_TYPE_NONE && types_known;
    assigns plan->error;
    ensures error_kept{Pre, Here}(plan);
    ensures \old(plan->error) == ELLA_ERROR_NONE && plan->error == ELLA_ERROR_NONE ==>
      property_sized(*properties, id) && \result ==
      property_size(*properties, id, ids_size(properties), pairs_size(properties)); */
static uint32_t property_plan(struct encode_plan *plan, uint32_t place,
                              const struct ella_properties *properties, uint32_t id) {
    const uint8_t type = ella_property_rules[id].type;
    if ((type == (uint8_t)ELLA_TYPE_UTF8_STRING) || (type == (uint8_t)ELLA_TYPE_BINARY)) {
        return string_plan(plan, id, slice_of(properties, id));
    }
    if ((type == (uint8_t)ELLA_TYPE_VARIABLE_BYTE_INTEGER) ||
        (type == (uint8_t)ELLA_TYPE_UTF8_PAIR)) {
        return run_plan(plan, place, id, slice_of(properties, id));
    }
    return integer_plan(plan, id, integer_of(properties, id));
}

/* What one property of CONNECT or AUTH says about another. */
static void authentication_check(struct encode_plan *plan, uint32_t place,
                                 const struct ella_properties *properties) {
    const bool method = ella_property_present(properties, ELLA_PROPERTY_AUTHENTICATION_METHOD);
    const bool data = ella_property_present(properties, ELLA_PROPERTY_AUTHENTICATION_DATA);
    //= v5/u-3.15.2.2.2-1
    encode_require(plan, method || place != ELLA_AUTH, ELLA_ERROR_AUTHENTICATION_METHOD_MISSING);
    //= v5/u-3.1.2.11.10-1
    encode_require(plan, method || !data || place != ELLA_CONNECT,
                   ELLA_ERROR_AUTHENTICATION_DATA_WITHOUT_METHOD);
}

int32_t ella_encode_properties_plan(struct encode_plan *plan, uint32_t place,
                                    const struct ella_properties *properties) {
    struct property_walk walk = walk_begin(properties);
    uint64_t sum = 0u;
    uint32_t id;

    if (!encode_is_5_0(plan)) {
        encode_require(plan, properties->present == 0u, ELLA_ERROR_VERSION_LACKS_FIELD);
        return 0;
    }
    /*@ loop invariant \at(properties->present, Pre) == 0 ==> walk.rest == 0 && sum == 0 &&
          plan->error == \at(plan->error, Pre);
        loop invariant walk_in(walk.rest, walk.id) && 0 <= sum <= walk.id * 4294967295;
        loop invariant error_kept{Pre, Here}(plan);
        loop invariant plan->error == ELLA_ERROR_NONE ==>
          sum + walk_size(*properties, walk.rest, walk.id, ids_size(properties),
                          pairs_size(properties)) == properties_size(properties);
        loop invariant plan->error == ELLA_ERROR_NONE ==>
          (walk_sized(*properties, properties->present, 0) <==>
           walk_sized(*properties, walk.rest, walk.id));
        loop assigns walk, id, sum, plan->error;
        loop variant walk.rest; */
    while (walk_next(&walk, &id) && plan->error == ENCODE_RIGHT) {
        encode_fail(plan, allowed_check(plan, place, id));
        if (plan->error == ENCODE_RIGHT)
            sum += property_plan(plan, place, properties, id);
    }
    authentication_check(plan, place, properties);
    encode_require(plan, sum <= ELLA_REMAINING_LENGTH_MAX, ELLA_ERROR_FIELD_TOO_LONG);
    return plan->error == ENCODE_RIGHT ? (int32_t)sum : 0;
}

/* Copies what counts of a run; each identifier is already part of its bytes. */
/*@ requires writer_usable(w) && w->at <= w->end;
    requires slice_lawful(run) && slice_apart(w, run) && types_known;
    requires \separated(w->buf + (w->at .. w->end - 1), &ella_property_rules[0 .. 42]);
    requires \separated(w, &ella_property_rules[0 .. 42]);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(run_size(run.base, run.off, run.end, id))); */
static void run_put(struct writer *w, uint32_t id, struct ella_slice run) {
    struct ella_slice rest = run;
    struct ella_slice encoded = run;
    struct lists_property entry;
    /*@ loop invariant rest.base == run.base && rest.end == run.end && encoded.base == run.base;
        loop invariant run.off <= rest.off <= run.end;
        loop invariant bytes_same{Pre, Here}(run.base, run.off, run.end);
        loop invariant writer_put{Pre, Here}(w, run_size{Pre}(run.base, run.off, run.end, id) -
          run_size{Pre}(run.base, rest.off, run.end, id));
        loop assigns rest, entry, encoded, w->at, w->failed,
          w->buf[\at(w->at, Pre) .. w->end - 1];
        loop variant rest.end - rest.off; */
    while (ella_lists_property_next(&rest, &entry)) {
        /*@ assert \forall integer i; run.off <= i ==>
              field_end(run.base, i, run.end) == field_end{Pre}(run.base, i, run.end); */
        /*@ assert \forall integer i; run.off <= i ==>
              vbi_end(run.base, i, run.end) == vbi_end{Pre}(run.base, i, run.end); */
        /*@ assert \forall integer i; run.off <= i ==>
              pair_end(run.base, i, run.end) == pair_end{Pre}(run.base, i, run.end); */
        /*@ assert \forall integer i, type; run.off <= i ==>
              value_end(run.base, i, run.end, type) == value_end{Pre}(run.base, i, run.end, type);
        */
        /*@ assert entry_end(run.base, entry.off, run.end) == rest.off; */
        /*@ assert entry_end{Pre}(run.base, entry.off, run.end) == rest.off; */
        if (entry.id != id)
            continue;
        encoded.off = entry.off;
        encoded.end = entry.end;
        writer_bytes(w, encoded);
    }
    /*@ assert entry_end{Pre}(run.base, rest.off, run.end) < 0; */
    /*@ assert run_ends{Pre}(run.base, rest.off, run.end, id); */
    /*@ assert run_size{Pre}(run.base, rest.off, run.end, id) == 0; */
}

/* An integer as wide as its type. */
/*@ requires writer_usable(w) && w->at <= w->end;
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, type == ELLA_TYPE_BYTE ? 1 :
      (type == ELLA_TYPE_TWO_BYTE_INTEGER ? 2 : 4)); */
static void integer_put(struct writer *w, uint8_t type, uint32_t value) {
    if (type == (uint8_t)ELLA_TYPE_BYTE) {
        writer_u8(w, (uint8_t)value);
    } else if (type == (uint8_t)ELLA_TYPE_TWO_BYTE_INTEGER) {
        writer_u16(w, (uint16_t)value);
    } else {
        writer_u32(w, value);
    }
}

/* A property that stands once: its identifier and its value. */
/*@ requires writer_usable(w) && w->at <= w->end && properties_lawful(properties) && types_known;
    requires put_apart(w, properties) && id < ELLA_PROPERTY_RULE_COUNT;
    requires property_sized(*properties, id) && !is_run(id);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w, \old(property_size(*properties, id, 0, 0))); */
static void single_put(struct writer *w, const struct ella_properties *properties, uint32_t id) {
    const uint8_t type = ella_property_rules[id].type;
    writer_u8(w, (uint8_t)id);
    /*@ assert writer_put{Pre, Here}(w, 1); */
    if ((type == (uint8_t)ELLA_TYPE_UTF8_STRING) || (type == (uint8_t)ELLA_TYPE_BINARY)) {
        writer_string(w, slice_of(properties, id));
        /*@ assert writer_put{Pre, Here}(w, 3 + text_len(\at(*properties, Pre), id)); */
    } else {
        integer_put(w, type, integer_of(properties, id));
        /*@ assert writer_put{Pre, Here}(w, \at(property_size(*properties, id, 0, 0), Pre)); */
    }
}

/*@ requires writer_usable(w) && w->at <= w->end && properties_lawful(properties) && types_known;
    requires put_apart(w, properties) && id < ELLA_PROPERTY_RULE_COUNT;
    requires property_sized(*properties, id);
    assigns w->at, w->failed, w->buf[w->at .. w->end - 1];
    ensures writer_put{Pre, Here}(w,
      \old(property_size(*properties, id, ids_size(properties), pairs_size(properties)))); */
static void property_put(struct writer *w, const struct ella_properties *properties, uint32_t id) {
    const uint8_t type = ella_property_rules[id].type;
    if ((type == (uint8_t)ELLA_TYPE_VARIABLE_BYTE_INTEGER) ||
        (type == (uint8_t)ELLA_TYPE_UTF8_PAIR)) {
        run_put(w, id, slice_of(properties, id));
    } else {
        single_put(w, properties, id);
    }
}

static void properties_put(struct writer *w, const struct ella_properties *properties) {
    struct property_walk walk = walk_begin(properties);
    uint32_t id;
    /*@ loop invariant walk_in(walk.rest, walk.id);
        loop invariant \at(properties->present, Pre) == 0 ==> walk.rest == 0 &&
          w->at == \at(w->at, Pre) && w->failed == \at(w->failed, Pre);
        loop invariant \at(w->at, Pre) <= w->at <= w->end;
        loop invariant walk_sized(\at(*properties, Pre), walk.rest, walk.id);
        loop invariant writer_put{Pre, Here}(w, properties_size{Pre}(properties) -
          walk_size(\at(*properties, Pre), walk.rest, walk.id, ids_size{Pre}(properties),
                    pairs_size{Pre}(properties)));
        loop assigns walk, id, w->at, w->failed, w->buf[\at(w->at, Pre) .. w->end - 1];
        loop variant walk.rest; */
    while (walk_next(&walk, &id)) {
        /*@ assert \subset(w->buf + (w->at .. w->end - 1),
              w->buf + (\at(w->at, Pre) .. w->end - 1)); */
        /*@ assert writer_usable(w); */
        /*@ assert buf_apart{Pre}(w->buf, \at(w->at, Pre), w->end, properties); */
        /*@ assert buf_apart(w->buf, w->at, w->end, properties); */
        /*@ assert put_apart(w, properties); */
        /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
        /*@ assert members_same{Pre, Here}(properties); */
        /*@ assert ids_size(properties) == ids_size{Pre}(properties); */
        /*@ assert pairs_size(properties) == pairs_size{Pre}(properties); */
        property_put(w, properties, id);
    }
}

void ella_encode_properties_put(struct writer *w, const struct ella_properties *properties,
                                int32_t len) {
    //= v5/2.2.2-1
    writer_vbi(w, (uint32_t)len);
    /*@ assert \at(w->at, Pre) <= w->end ==> \at(w->at, Pre) <= w->at <= w->end &&
          writer_put{Pre, Here}(w, vbi_len(len)); */
    /*@ assert \at(w->at, Pre) <= w->end ==> \subset(w->buf + (w->at .. w->end - 1),
          w->buf + (\at(w->at, Pre) .. w->end - 1)); */
    /*@ assert writer_usable(w); */
    /*@ assert put_apart{Pre}(w, properties) ==>
          buf_apart{Pre}(w->buf, \at(w->at, Pre), w->end, properties) &&
          buf_apart(w->buf, w->at, w->end, properties); */
    /*@ assert put_apart{Pre}(w, properties) ==> put_apart(w, properties); */
    /*@ assert changed_only{Pre, Here}(w->buf, \at(w->at, Pre), w->end); */
    /*@ assert put_apart{Pre}(w, properties) ==> members_same{Pre, Here}(properties); */
    /*@ assert put_apart{Pre}(w, properties) ==>
          properties_size(properties) == properties_size{Pre}(properties) &&
          (properties_sized{Pre}(properties) <==> properties_sized(properties)); */
    properties_put(w, properties);
}

/* Properties by themselves. */

enum ella_error ella_properties_size(const struct ella_properties *properties,
                                     enum ella_packet_type type, enum ella_sender sender,
                                     uint32_t *size) {
    struct encode_plan plan = encode_plan_begin(ELLA_VERSION_5_0, sender);
    const int32_t len = ella_encode_properties_plan(&plan, (uint32_t)type % 16u, properties);
    if (plan.error == ENCODE_RIGHT)
        *size = (uint32_t)len;
    return (enum ella_error)plan.error;
}

enum ella_error ella_properties_encode(const struct ella_properties *properties,
                                       enum ella_packet_type type, enum ella_sender sender,
                                       uint8_t *buf, uint32_t start, uint32_t end,
                                       uint32_t *size) {
    struct writer w = writer_of(buf, start, end);
    uint32_t len = 0u;
    const enum ella_error error = ella_properties_size(properties, type, sender, &len);
    if (error != ELLA_ERROR_NONE)
        return error;
    if (!writer_room(&w, len))
        return ELLA_ERROR_BUFFER_TOO_SMALL;
    properties_put(&w, properties);
    *size = len;
    return ELLA_ERROR_NONE;
}
