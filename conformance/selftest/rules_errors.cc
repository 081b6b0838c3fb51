// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Breaches of the rules against malformed packets: each is passed over in silence. And packets of
// the server that are malformed themselves.

#include "conformance/selftest/rules.h"

#include <algorithm>

namespace conformance {
namespace {

using parts = std::vector<breach>;

// ---- Text -------------------------------------------------------------------------------------

bool has_null(const parcel &what) {
    const auto &fields = what.content.fields;
    return std::any_of(fields.begin(), fields.end(), [](const field &each) {
        const bool text = each.name != "payload" && each.name != "will_payload" &&
                          each.name != "password" && each.name.find("_data") == std::string::npos;
        return text && (each.value.bytes + each.value.second).find('\0') != std::string::npos;
    });
}

void null_ignored(breaking_world &, channel &, parcel &what) {
    if (what.troubled("UTF-8") && has_null(what)) {
        what.drop();
    }
}

void ill_formed_ignored(breaking_world &, channel &, parcel &what) {
    if (what.troubled("UTF-8") && !has_null(what)) {
        what.drop();
    }
}

void ill_formed_sent(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish)) {
        what.set_text("topic", "\xFF" + what.text("topic"));
    }
}

parts rules_of_text() {
    const std::string problem = "is not well-formed UTF-8";
    return {
        breach("ill_formed_text_ignored", {"v5/1.5.4-1", "v5/u-1.5.4-1", "v3/1.5.3-1"},
               "packets with ill-formed UTF-8 are passed over in silence")
            .ask(ill_formed_ignored),
        breach("null_in_text_ignored",
               {"v5/1.5.4-2", "v5/u-1.5.4-2", "v5/4.7.3-2", "v3/1.5.3-2", "v3/4.7.3-2"},
               "packets with U+0000 in text are passed over in silence")
            .ask(null_ignored),
        breach("ill_formed_identifier_ignored", {"v5/3.1.3-4", "v3/3.1.3-4"},
               "a client identifier may be ill-formed")
            .ask(overlook(packet_type::connect, "id " + problem)),
        breach("ill_formed_will_topic_ignored", {"v5/3.1.3-11", "v3/3.1.3-10"},
               "a Will Topic may be ill-formed")
            .ask(overlook(packet_type::connect, "will_topic " + problem)),
        breach("ill_formed_user_name_ignored", {"v5/3.1.3-12", "v3/3.1.3-11"},
               "a user name may be ill-formed")
            .ask(overlook(packet_type::connect, "user_name " + problem)),
        breach("ill_formed_topic_ignored", {"v5/3.3.2-1", "v3/3.3.2-1"},
               "a topic name may be ill-formed")
            .ask(overlook(packet_type::publish, "topic " + problem)),
        breach("ill_formed_response_topic_ignored", {"v5/3.3.2-13"},
               "a Response Topic may be ill-formed")
            .ask(overlook(packet_type::publish, "response_topic " + problem)),
        breach("ill_formed_content_type_ignored", {"v5/3.3.2-19"},
               "a Content Type may be ill-formed")
            .ask(overlook(packet_type::publish, "content_type " + problem)),
        breach("ill_formed_user_property_ignored", {"v5/1.5.7-1", "v5/u-1.5.7-1"},
               "a User Property may be ill-formed")
            .ask(overlook(packet_type::publish, "user_property " + problem)),
        breach("ill_formed_filter_ignored", {"v5/3.8.3-1", "v3/3.8.3-1"},
               "a filter in SUBSCRIBE may be ill-formed")
            .ask(overlook(packet_type::subscribe, "filter " + problem)),
        breach("ill_formed_unsubscribe_ignored", {"v5/3.10.3-1", "v3/3.10.3-1"},
               "a filter in UNSUBSCRIBE may be ill-formed")
            .ask(overlook(packet_type::unsubscribe, "filter " + problem)),
        breach("ill_formed_topic_sent", {"v5/1.5.4-1", "v3/1.5.3-1"},
               "the server sends ill-formed topic names")
            .answer(ill_formed_sent),
    };
}

// ---- Fixed header -----------------------------------------------------------------------------

void any_flags_ignored(breaking_world &, channel &, parcel &what) {
    if (what.troubled("reserved flags of the first byte")) {
        what.drop();
    }
}

void long_integer_ignored(breaking_world &, channel &, parcel &what) {
    if (what.troubled("longer than four bytes") || what.troubled("not in its shortest form")) {
        what.drop();
    }
}

// Remaining Length with one byte more than it needs.
void long_integer_sent(breaking_world &, channel &, parcel &what) {
    if (what.bytes.size() > 1 && static_cast<uint8_t>(what.bytes[1]) < 0x80) {
        std::string longer = what.bytes;
        longer[1] = static_cast<char>(static_cast<uint8_t>(longer[1]) | 0x80u);
        longer.insert(2, 1, '\0');
        what.replace(longer);
    }
}

void no_property_length_sent(breaking_world &, channel &to, parcel &what) {
    if (to.version == 5 && what.is(packet_type::suback) && !what.has("reason_string")) {
        what.replace(wire_encode(what.content, 4));
    }
}

parts rules_of_headers() {
    const std::string problem = "reserved flags of the first byte";
    return {
        breach("reserved_flags_ignored",
               {"v5/2.1.3-1", "v5/u-2.1.3-1", "v3/2.2.2-1", "v3/2.2.2-2"},
               "packets with wrong flags are passed over in silence")
            .ask(any_flags_ignored),
        breach("flags_of_pubrel_ignored", {"v5/3.6.1-1", "v3/3.6.1-1"},
               "PUBREL may have any flags")
            .ask(overlook(packet_type::pubrel, problem)),
        breach("flags_of_subscribe_ignored", {"v5/3.8.1-1", "v3/3.8.1-1"},
               "SUBSCRIBE may have any flags")
            .ask(overlook(packet_type::subscribe, problem)),
        breach("flags_of_unsubscribe_ignored", {"v5/3.10.1-1", "v3/3.10.1-1"},
               "UNSUBSCRIBE may have any flags")
            .ask(overlook(packet_type::unsubscribe, problem)),
        breach("flags_of_disconnect_ignored", {"v5/3.14.1-1", "v3/3.14.1-1"},
               "DISCONNECT may have any flags")
            .ask(overlook(packet_type::disconnect, problem)),
        breach("flags_of_auth_ignored", {"v5/3.15.1-1"}, "AUTH may have any flags")
            .ask(overlook(packet_type::auth, problem)),
        breach("qos_3_ignored", {"v5/3.3.1-4", "v5/u-3.3.1.2-1", "v5/u-3.3.1.2-2", "v3/3.3.1-4"},
               "PUBLISH of QoS 3 is passed over in silence")
            .ask(overlook(packet_type::publish, "QoS is 3")),
        breach("reserved_flags_sent", {"v5/2.1.3-1", "v3/2.2.2-1"},
               "PUBACK of the server has reserved flags set")
            .answer(set_in(packet_type::puback, "flags", 1)),
        breach("wrong_flags_of_pubrel_sent", {"v5/3.6.1-1"}, "PUBREL of the server has no flags")
            .answer(set_in(packet_type::pubrel, "flags", 0)),
        breach("long_integers_ignored", {"v5/1.5.5-1"},
               "packets with long Variable Byte Integers are passed over in silence")
            .ask(long_integer_ignored),
        breach("long_integers_sent", {"v5/1.5.5-1"},
               "the server writes Remaining Length with a byte more than it needs")
            .answer(long_integer_sent),
        breach("property_length_left_out", {"v5/2.2.2-1"},
               "SUBACK of the server has no Property Length")
            .answer(no_property_length_sent),
    };
}

// ---- Properties -------------------------------------------------------------------------------

void bad_property_ignored(breaking_world &, channel &, parcel &what) {
    if (what.troubled("unknown property") || what.troubled("is not allowed in")) {
        what.drop();
    }
}

void repeated_property_ignored(breaking_world &, channel &, parcel &what) {
    if (what.troubled("comes more than once")) {
        what.drop();
    }
}

void forbidden_value_ignored(breaking_world &, channel &, parcel &what) {
    if (what.troubled("has the forbidden value")) {
        what.drop();
    }
}

void missing_property_length_ignored(breaking_world &, channel &from, parcel &what) {
    if (from.version == 5 && what.troubled("ends inside")) {
        what.drop();
    }
}

parts rules_of_bad_properties() {
    return {
        breach("bad_properties_ignored", {"v5/u-2.2.2.2-1", "v5/u-2.2.2.2-2"},
               "packets with unknown properties are passed over in silence")
            .ask(bad_property_ignored),
        breach(
            "repeated_properties_ignored",
            {"v5/u-3.1.2.11.2-1", "v5/u-3.1.2.11.3-1", "v5/u-3.1.2.11.4-1", "v5/u-3.1.2.11.5-1",
             "v5/u-3.1.2.11.6-1", "v5/u-3.1.2.11.7-1", "v5/u-3.1.2.11.9-1", "v5/u-3.1.2.11.10-2",
             "v5/u-3.1.3.2.2-1",  "v5/u-3.1.3.2.3-2",  "v5/u-3.1.3.2.4-1",  "v5/u-3.1.3.2.5-1",
             "v5/u-3.1.3.2.6-1",  "v5/u-3.1.3.2.7-1",  "v5/u-3.3.2.3.4-1",  "v5/u-3.3.2.3.5-1",
             "v5/u-3.3.2.3.6-1",  "v5/u-3.3.2.3.9-1",  "v5/u-3.4.2.2.2-1",  "v5/u-3.5.2.2.2-2",
             "v5/u-3.6.2.2.2-2",  "v5/u-3.7.2.2.2-2",  "v5/u-3.8.2.1.2-2",  "v5/u-3.14.2.2.2-1",
             "v5/u-3.14.2.2.3-2"},
            "packets with a property twice are passed over in silence")
            .ask(repeated_property_ignored),
        breach("forbidden_values_ignored",
               {"v5/u-3.1.2.11.3-1", "v5/u-3.1.2.11.4-1", "v5/u-3.1.2.11.6-1", "v5/u-3.1.2.11.7-1",
                "v5/u-3.8.2.1.2-1"},
               "packets with a forbidden value in a property are passed over in silence")
            .ask(forbidden_value_ignored),
        breach("cut_packets_ignored", {"v5/2.2.2-1"},
               "packets that end too soon are passed over in silence")
            .ask(missing_property_length_ignored),
        breach("identifier_in_publish_ignored", {"v5/3.3.4-6"},
               "a Subscription Identifier in PUBLISH is passed over in silence")
            .ask(overlook(packet_type::publish, "subscription_identifier is not allowed")),
    };
}

// ---- Contents ---------------------------------------------------------------------------------

void empty_topic_ignored(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.troubled("the topic is empty")) {
        what.drop();
    }
}

void unavailable_ignored(breaking_world &at, channel &, parcel &what, const char *offer,
                         bool asked) {
    if (at.numbers.count(offer) != 0 && at.numbers[offer] == 0 && asked) {
        what.drop();
    }
}

void note_offers(breaking_world &at, channel &, parcel &what) {
    for (const char *offer :
         {"retain_available", "wildcard_subscription_available",
          "subscription_identifier_available", "shared_subscription_available"}) {
        if (what.is(packet_type::connack) && what.has(offer)) {
            at.numbers[offer] = what.number(offer);
        }
    }
    if (what.is(packet_type::connack) && what.has("maximum_qos")) {
        at.numbers["qos2_available"] = 0;
    }
}

void what_is_not_offered_ignored(breaking_world &at, channel &from, parcel &what) {
    const bool publish = what.is(packet_type::publish);
    const bool subscribe = what.is(packet_type::subscribe);
    const std::string filter = what.text("filter");
    unavailable_ignored(at, from, what, "retain_available", publish && what.number("retain") == 1);
    unavailable_ignored(at, from, what, "qos2_available", publish && what.number("qos") == 2);
    unavailable_ignored(at, from, what, "wildcard_subscription_available",
                        subscribe && filter.find_first_of("+#") != std::string::npos);
    unavailable_ignored(at, from, what, "subscription_identifier_available",
                        subscribe && what.has("subscription_identifier"));
    unavailable_ignored(at, from, what, "shared_subscription_available",
                        subscribe && filter.rfind("$share/", 0) == 0);
}

parts rules_of_contents() {
    return {
        breach("identifier_0_ignored", {"v3/2.3.1-1"},
               "packets with the packet identifier 0 are passed over in silence")
            .ask([](breaking_world &, channel &, parcel &what) {
                if (what.troubled("packet_id is 0")) {
                    what.drop();
                }
            }),
        breach("empty_topic_ignored", {"v5/u-3.3.2.1-1", "v5/4.7.3-1", "v3/4.7.3-1"},
               "a PUBLISH without a topic is passed over in silence")
            .ask(empty_topic_ignored),
        breach("empty_subscribe_ignored", {"v5/3.8.3-2", "v5/u-3.8.3-1", "v3/3.8.3-3"},
               "a SUBSCRIBE without a filter is passed over in silence")
            .ask(overlook(packet_type::subscribe, "no filter")),
        breach("empty_unsubscribe_ignored", {"v5/3.10.3-2", "v5/u-3.10.3-1", "v3/3.10.3-2"},
               "an UNSUBSCRIBE without a filter is passed over in silence")
            .ask(overlook(packet_type::unsubscribe, "no filter")),
        breach("subscription_options_ignored",
               {"v5/3.8.3-5", "v5/u-3.8.3.1-1", "v5/u-3.8.3.1-2", "v3/3.8.3-4"},
               "a SUBSCRIBE with forbidden options is passed over in silence")
            .ask(overlook(packet_type::subscribe, "forbidden subscription options")),
        breach("reasons_of_disconnect_ignored", {"v5/3.14.2-1"}, "DISCONNECT may have any reason")
            .ask(overlook(packet_type::disconnect, "is not defined for")),
        breach("what_is_not_offered_ignored",
               {"v5/3.2.2-11", "v5/3.2.2-14", "v5/u-3.2.2.3.4-2", "v5/u-3.2.2.3.5-2",
                "v5/u-3.2.2.3.11-2", "v5/u-3.2.2.3.12-2", "v5/u-3.2.2.3.13-2"},
               "requests for features that CONNACK denies are passed over in silence")
            .ask(what_is_not_offered_ignored)
            .answer(note_offers),
    };
}

} // namespace

parts rules_of_errors() {
    parts all = rules_of_text();
    for (auto *section : {rules_of_headers, rules_of_bad_properties, rules_of_contents}) {
        for (breach &each : section()) {
            all.push_back(std::move(each));
        }
    }
    return all;
}

} // namespace conformance
