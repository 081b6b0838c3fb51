// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Breaches of the rules for PUBLISH: flags, retained messages, topics, properties, aliases.

#include "conformance/selftest/rules.h"

#include <algorithm>
#include <cctype>

namespace conformance {
namespace {

constexpr uint64_t many_aliases = 10;
constexpr size_t long_topic_bytes = 10000;
constexpr size_t long_payload_bytes = 100;
constexpr char byte_order_mark[] = "\xEF\xBB\xBF";

using parts = std::vector<breach>;

std::string payload_of(const parcel &what) {
    return what.text("payload");
}

bool retains(const parcel &what) {
    return what.is(packet_type::publish) && what.number("retain") == 1;
}

// ---- Flags and retained messages --------------------------------------------------------------

void dup_at_qos_0(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.number("qos") == 0) {
        what.set("dup", 1);
    }
}

void dup_at_first(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.number("qos") > 0) {
        what.set("dup", 1);
    }
}

void note_dup(breaking_world &at, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.number("dup") == 1) {
        at.numbers["dup " + what.text("topic") + payload_of(what)] = 1;
    }
}

void copy_dup(breaking_world &at, channel &, parcel &what) {
    if (what.is(packet_type::publish) &&
        at.numbers.count("dup " + what.text("topic") + payload_of(what)) != 0) {
        what.set("dup", 1);
    }
}

void empty_does_not_clear(breaking_world &, channel &, parcel &what) {
    if (retains(what) && payload_of(what).empty()) {
        what.set("retain", 0);
    }
}

void empty_is_not_forwarded(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && payload_of(what).empty()) {
        what.drop();
    }
}

// An empty retained message comes to those who subscribe to its topic later.
void keep_empty_retained(breaking_world &at, channel &from, parcel &what) {
    if (what.is(packet_type::publish) && what.number("retain") == 1) {
        at.numbers["empty " + what.text("topic")] = payload_of(what).empty() ? 1 : 0;
    }
    if (!what.is(packet_type::subscribe)) {
        return;
    }
    for (const std::string &filter : filters_in(what.content)) {
        if (at.numbers["empty " + filter] == 1) {
            packet message = packet_of(packet_type::publish);
            message.fields = {{"topic", value::of(filter)}, {"retain", value::of(uint64_t{1})}};
            at.give(from, message);
        }
    }
}

void no_retained_messages(breaking_world &, channel &, parcel &what) {
    if (retains(what)) {
        what.drop();
    }
}

void qos_0_not_retained(breaking_world &, channel &, parcel &what) {
    if (retains(what) && what.number("qos") == 0 && !payload_of(what).empty()) {
        what.set("retain", 0);
    }
}

void old_retained_stays(breaking_world &at, channel &, parcel &what) {
    if (!retains(what)) {
        return;
    }
    uint64_t &stored = at.numbers["stored " + what.text("topic")];
    if (stored == 1 && !payload_of(what).empty()) {
        what.set("retain", 0);
    }
    stored = payload_of(what).empty() ? 0 : 1;
}

parts rules_of_flags() {
    return {
        breach("dup_at_qos_0", {"v5/3.3.1-2", "v5/4.3.1-1", "v3/3.3.1-2", "v3/4.3.1-1"},
               "PUBLISH of QoS 0 has DUP 1")
            .answer(dup_at_qos_0),
        breach("dup_at_first_delivery", {"v5/4.3.2-2", "v5/4.3.3-2", "v3/4.3.2-1", "v3/4.3.3-1"},
               "a message has DUP 1 when it is sent first")
            .answer(dup_at_first),
        breach("dup_missing", {"v5/3.3.1-1", "v3/3.3.1-1"},
               "a message has DUP 0 when it is sent again")
            .answer(set_in(packet_type::publish, "dup", 0)),
        breach("dup_copied", {"v5/3.3.1-3", "v3/3.3.1-3"}, "DUP of the publisher is passed on")
            .ask(note_dup)
            .answer(copy_dup),
        breach("retain_on_live_messages", {"v5/3.3.1-12", "v3/3.3.1-9"},
               "messages of existing subscriptions have RETAIN 1")
            .answer(set_in(packet_type::publish, "retain", 1)),
        breach("retain_never_set", {"v5/3.3.1-13", "v3/3.3.1-8"}, "RETAIN is 0 always")
            .answer(set_in(packet_type::publish, "retain", 0)),
        breach("retain_as_published_ignored", {"v5/3.3.1-13"}, "Retain As Published counts as 0")
            .ask(set_in(packet_type::subscribe, "retain_as_published", 0)),
        breach("retain_always_as_published", {"v5/3.3.1-12"}, "Retain As Published counts as 1")
            .ask(set_in(packet_type::subscribe, "retain_as_published", 1)),
    };
}

parts rules_of_retained() {
    return {
        breach("retained_not_stored", {"v5/3.3.1-5", "v3/3.3.1-5", "v3/3.3.1-6"},
               "RETAIN of a publisher has no effect")
            .ask(set_in(packet_type::publish, "retain", 0)),
        breach("qos_0_not_retained", {"v5/u-3.3.1.3-1", "v3/3.3.1-7"},
               "messages of QoS 0 are not retained")
            .ask(qos_0_not_retained)
            .noticed_as(verdict::lenient),
        breach("everything_retained", {"v5/3.3.1-8", "v3/3.3.1-12"},
               "messages with RETAIN 0 are retained")
            .ask(set_in(packet_type::publish, "retain", 1)),
        breach("first_retained_stays", {"v5/3.3.1-5"},
               "a retained message does not take the place of an older one")
            .ask(old_retained_stays),
        breach("retained_not_cleared", {"v5/3.3.1-6", "v3/3.3.1-10"},
               "an empty message does not clear the retained one")
            .ask(empty_does_not_clear),
        breach("empty_retained_stored", {"v5/3.3.1-7", "v3/3.3.1-11"},
               "an empty message is retained itself")
            .ask(keep_empty_retained),
        breach("empty_not_forwarded", {"v5/3.3.1-6", "v3/3.3.1-10"},
               "an empty message is not delivered")
            .answer(empty_is_not_forwarded),
        breach("retained_not_sent", {"v5/3.3.1-9", "v5/3.3.1-10", "v3/3.3.1-6"},
               "new subscriptions get no retained messages")
            .answer(no_retained_messages),
        breach("retain_handling_0_for_all", {"v5/3.3.1-10", "v5/3.3.1-11"},
               "Retain Handling counts as 0")
            .ask(set_in(packet_type::subscribe, "retain_handling", 0)),
        breach("retain_handling_2_for_all", {"v5/3.3.1-9", "v5/3.3.1-10"},
               "Retain Handling counts as 2")
            .ask(set_in(packet_type::subscribe, "retain_handling", 2)),
    };
}

// ---- Topics -----------------------------------------------------------------------------------

void change_texts(parcel &what, const std::function<std::string(std::string)> &change) {
    if (!what.is(packet_type::publish) && !what.is(packet_type::subscribe)) {
        return;
    }
    for (field &each : what.content.fields) {
        if (each.name == "topic" || each.name == "filter") {
            const std::string text = change(each.value.bytes);
            what.changed = what.changed || text != each.value.bytes;
            each.value.bytes = text;
        }
    }
}

void fold_case(breaking_world &, channel &, parcel &what) {
    change_texts(what, [](std::string text) {
        std::transform(text.begin(), text.end(), text.begin(), [](char c) {
            return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        });
        return text;
    });
}

void strip_byte_order_mark(breaking_world &, channel &, parcel &what) {
    change_texts(what, [](std::string text) {
        for (size_t at; (at = text.find(byte_order_mark)) != std::string::npos;) {
            text.erase(at, sizeof byte_order_mark - 1);
        }
        return text;
    });
}

void merge_empty_levels(breaking_world &, channel &, parcel &what) {
    change_texts(what, [](std::string text) {
        for (size_t at; (at = text.find("//")) != std::string::npos;) {
            text.erase(at, 1);
        }
        return text;
    });
}

// Names behind $ are ordinary ones, but for those that the standard knows.
void plain_dollar(breaking_world &, channel &, parcel &what) {
    change_texts(what, [](std::string text) {
        const bool known = text.rfind("$share/", 0) == 0 || text.rfind("$SYS", 0) == 0;
        return !known && text.rfind("$", 0) == 0 ? "dollar" + text.substr(1) : text;
    });
}

void long_topics_lost(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.text("topic").size() > long_topic_bytes) {
        what.drop();
    }
}

void cut_payload(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && payload_of(what).size() > long_payload_bytes) {
        what.set_text("payload", payload_of(what).substr(0, long_payload_bytes));
    }
}

void deliver_to_everyone(breaking_world &at, channel &, parcel &what) {
    if (!what.is(packet_type::publish) || !what.problems.empty()) {
        return;
    }
    for (channel *other : at.accepted()) {
        if (!other->subscriptions.empty()) {
            parcel copy = what;
            copy.set("qos", 0);
            copy.set("dup", 0);
            copy.remove("packet_id");
            copy.remove("topic_alias");
            at.give(*other, copy.content);
        }
    }
}

void deliver_to_one(breaking_world &at, channel &to, parcel &what) {
    if (!what.is(packet_type::publish)) {
        return;
    }
    const auto first = at.numbers.emplace("first " + payload_of(what), to.outer).first->second;
    if (first != static_cast<uint64_t>(to.outer)) {
        what.drop();
    }
}

parts rules_of_topics() {
    return {
        breach("letter_case_ignored", {"v5/4.7.3-4", "v3/4.7.3-4"},
               "upper and lower case letters match")
            .ask(fold_case),
        breach("byte_order_mark_stripped", {"v5/1.5.4-3", "v3/1.5.3-3"},
               "U+FEFF is taken out of topics and filters")
            .ask(strip_byte_order_mark),
        breach("empty_levels_merged", {"v5/4.7.3-4", "v3/4.7.1-3"}, "two slashes count as one")
            .ask(merge_empty_levels),
        breach("dollar_is_ordinary", {"v5/u-4.7.2-1", "v3/u-4.7.2-1"},
               "clients exchange messages through topics that begin with $")
            .ask(plain_dollar)
            .noticed_as(verdict::lenient),
        breach("long_topics_lost", {"v3/4.7.3-3"},
               "messages to topics above 10,000 bytes are lost")
            .ask(long_topics_lost),
        breach("payload_cut", {"v5/4.2-1", "v3/4.5.0-1"}, "payloads end after 100 bytes")
            .ask(cut_payload),
        breach("message_does_not_move", {"v5/u-4.8.2-1"},
               "what one client has seen comes to no other")
            .answer(deliver_to_one)
            .noticed_as(verdict::lenient),
        breach("delivered_to_everyone", {"v5/3.3.2-3", "v3/3.3.2-3"},
               "each subscriber gets each message")
            .ask(deliver_to_everyone),
        breach("delivered_to_one", {"v5/4.5.0-1", "v3/4.5.0-1"},
               "of several subscribers one gets the message")
            .answer(deliver_to_one),
    };
}

// ---- Properties -------------------------------------------------------------------------------

void change_values(parcel &what, std::string_view name,
                   const std::function<void(std::vector<value> &)> &change) {
    std::vector<value> values;
    for (const field &each : what.content.fields) {
        if (each.name == name) {
            values.push_back(each.value);
        }
    }
    if (!what.is(packet_type::publish) || values.empty()) {
        return;
    }
    what.remove(name);
    change(values);
    for (const value &each : values) {
        what.content.fields.push_back({std::string(name), each});
    }
}

void reverse_user_properties(breaking_world &, channel &, parcel &what) {
    change_values(what, "user_property",
                  [](std::vector<value> &values) { std::reverse(values.begin(), values.end()); });
}

void lose_second_user_property(breaking_world &, channel &, parcel &what) {
    change_values(what, "user_property", [](std::vector<value> &values) {
        values.resize(std::min<size_t>(values.size(), 1));
    });
}

void cut_correlation_data(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.has("correlation_data")) {
        std::string data = what.text("correlation_data");
        what.set_text("correlation_data", data.substr(0, data.find('\0')));
    }
}

void note_expiry(breaking_world &at, channel &, parcel &what) {
    const bool will = what.is(packet_type::connect) && what.has("will_message_expiry_interval");
    if (will) {
        at.numbers["expiry " + what.text("will_topic") + what.text("will_payload")] =
            what.number("will_message_expiry_interval");
    } else if (what.is(packet_type::publish) && what.has("message_expiry_interval")) {
        at.numbers["expiry " + what.text("topic") + payload_of(what)] =
            what.number("message_expiry_interval");
    }
}

void expiry_as_it_came(breaking_world &at, channel &, parcel &what) {
    const auto noted = at.numbers.find("expiry " + what.text("topic") + payload_of(what));
    if (what.is(packet_type::publish) && noted != at.numbers.end()) {
        what.set("message_expiry_interval", noted->second);
    }
}

parts rules_of_properties() {
    return {
        breach("payload_format_lost", {"v5/3.3.2-4"}, "Payload Format Indicator is not forwarded")
            .answer(strip_from(packet_type::publish, "payload_format_indicator")),
        breach("message_never_expires", {"v5/3.3.2-5"}, "Message Expiry Interval has no effect")
            .ask(strip_from(packet_type::publish, "message_expiry_interval")),
        breach("expiry_not_reduced", {"v5/3.3.2-6"},
               "Message Expiry Interval is forwarded as it came")
            .ask(note_expiry)
            .answer(expiry_as_it_came),
        breach("expiry_not_forwarded", {"v5/3.3.2-6"}, "Message Expiry Interval is not forwarded")
            .answer(strip_from(packet_type::publish, "message_expiry_interval")),
        breach("response_topic_lost", {"v5/3.3.2-15"}, "Response Topic is not forwarded")
            .answer(strip_from(packet_type::publish, "response_topic")),
        breach("correlation_data_cut", {"v5/3.3.2-16"},
               "Correlation Data ends at its first zero byte")
            .answer(cut_correlation_data),
        breach("content_type_lost", {"v5/3.3.2-20"}, "Content Type is not forwarded")
            .answer(strip_from(packet_type::publish, "content_type")),
        breach("user_property_lost", {"v5/3.3.2-17"}, "only the first User Property is forwarded")
            .answer(lose_second_user_property),
        breach("user_properties_reversed", {"v5/3.3.2-18"},
               "User Properties are forwarded in the opposite order")
            .answer(reverse_user_properties),
    };
}

// ---- Topic aliases ----------------------------------------------------------------------------

void many_aliases_to_client(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::connect) && from.version == 5 &&
        what.number("topic_alias_maximum") > 0) {
        what.set("topic_alias_maximum", many_aliases);
    }
}

void aliases_without_leave(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::connect) && from.version == 5 &&
        what.number("topic_alias_maximum") == 0) {
        what.set("topic_alias_maximum", many_aliases);
    }
}

void aliases_outlive_connection(breaking_world &at, channel &from, parcel &what) {
    if (!what.is(packet_type::publish) || !what.has("topic_alias")) {
        return;
    }
    const std::string name = from.id() + " " + std::to_string(what.number("topic_alias"));
    if (!what.text("topic").empty()) {
        at.texts[name] = what.text("topic");
    } else if (at.texts.count(name) != 0) {
        what.set_text("topic", at.texts[name]);
    }
}

void note_alias_maximum(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::connack)) {
        to.numbers["alias maximum"] = what.number("topic_alias_maximum");
    }
}

void high_aliases_accepted(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::publish) &&
        what.number("topic_alias") > from.numbers["alias maximum"]) {
        what.remove("topic_alias");
    }
}

void alias_0_accepted(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.has("topic_alias") &&
        what.number("topic_alias") == 0) {
        what.remove("topic_alias");
    }
}

void alias_not_understood(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.text("topic").empty() && what.has("topic_alias")) {
        what.drop();
    }
}

void unknown_alias_ignored(breaking_world &, channel &from, parcel &what) {
    if (!what.is(packet_type::publish) || !what.has("topic_alias")) {
        return;
    }
    const std::string name = "alias " + std::to_string(what.number("topic_alias"));
    if (!what.text("topic").empty()) {
        from.numbers[name] = 1;
    } else if (from.numbers.count(name) == 0) {
        what.drop();
    }
}

// As much as a broker that keeps one alias for a connection.
void last_alias_wins(breaking_world &, channel &from, parcel &what) {
    if (!what.is(packet_type::publish) || !what.has("topic_alias")) {
        return;
    }
    if (!what.text("topic").empty()) {
        from.packets["last"] = what.content;
    } else if (from.packets.count("last") != 0) {
        what.set_text("topic", from.packets["last"].find("topic")->bytes);
    }
}

parts rules_of_aliases() {
    return {
        breach("aliases_above_the_clients_maximum", {"v5/3.1.2-26", "v5/3.3.2-11"},
               "the server uses ten aliases where the client allows fewer")
            .ask(many_aliases_to_client),
        breach("aliases_without_leave", {"v5/3.1.2-27"},
               "the server uses aliases where the client allows none")
            .ask(aliases_without_leave),
        breach("aliases_outlive_connection", {"v5/3.3.2-7"},
               "an alias still holds on the next connection")
            .ask(aliases_outlive_connection),
        breach("high_aliases_accepted",
               {"v5/3.2.2-17", "v5/3.2.2-18", "v5/3.3.2-9", "v5/u-3.3.4-2"},
               "a client may use aliases above the server's maximum")
            .ask(high_aliases_accepted)
            .answer(note_alias_maximum),
        breach("alias_0_accepted", {"v5/3.3.2-8", "v5/u-3.3.4-2"}, "Topic Alias 0 is ignored")
            .ask(alias_0_accepted),
        breach("unknown_aliases_ignored", {"v5/u-3.3.4-3", "v5/3.3.2-7"},
               "a PUBLISH with an unknown alias is passed over in silence")
            .ask(unknown_alias_ignored),
        breach("aliases_not_understood", {"v5/3.3.2-12"},
               "a message with nothing but an alias is lost")
            .ask(alias_not_understood),
        breach("one_alias_remembered", {"v5/3.3.2-12"}, "the last topic stands for every alias")
            .ask(last_alias_wins),
    };
}

} // namespace

parts rules_of_publish() {
    parts all = rules_of_flags();
    for (auto *section :
         {rules_of_retained, rules_of_topics, rules_of_properties, rules_of_aliases}) {
        for (breach &each : section()) {
            all.push_back(std::move(each));
        }
    }
    return all;
}

} // namespace conformance
