// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Breaches of the rules for SUBSCRIBE, UNSUBSCRIBE, filters and shared subscriptions.

#include "conformance/selftest/rules.h"

#include <algorithm>

namespace conformance {
namespace {

constexpr uint64_t hidden_id = 65000; // of requests that the case has not made
constexpr uint64_t code_0x05 = 5;
constexpr uint64_t nothing_there = 0x11;
constexpr std::string_view share_prefix = "$share/";

using parts = std::vector<breach>;

bool is_code_packet(const parcel &what) {
    return what.is(packet_type::suback) || what.is(packet_type::unsuback);
}

bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

void hide_hidden(breaking_world &, channel &, parcel &what) {
    if (is_code_packet(what) && what.number("packet_id") >= hidden_id) {
        what.drop();
    }
}

// ---- Answers ----------------------------------------------------------------------------------

breach::hook other_id_in(packet_type type) {
    return [type](breaking_world &, channel &, parcel &what) {
        if (what.is(type)) {
            what.set("packet_id", what.number("packet_id") + 1);
        }
    };
}

void reverse_codes(parcel &what) {
    std::vector<value> codes;
    for (const field &each : what.content.fields) {
        if (each.name == "reason") {
            codes.push_back(each.value);
        }
    }
    what.remove("reason");
    for (auto each = codes.rbegin(); each != codes.rend(); ++each) {
        what.content.fields.push_back({"reason", *each});
    }
}

breach::hook reversed_codes_in(packet_type type) {
    return [type](breaking_world &, channel &, parcel &what) {
        if (what.is(type)) {
            reverse_codes(what);
        }
    };
}

breach::hook last_code_missing_in(packet_type type) {
    return [type](breaking_world &, channel &, parcel &what) {
        if (what.is(type) && !what.content.fields.empty() &&
            what.content.fields.back().name == "reason") {
            what.content.fields.pop_back();
            what.changed = true;
        }
    };
}

void no_unsuback_for_nothing(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::unsuback) &&
        (what.number("reason") == nothing_there || to.subscriptions.empty())) {
        what.drop();
    }
}

parts rules_of_codes() {
    return {
        breach("suback_missing", {"v5/3.8.4-1", "v3/3.8.4-1"}, "SUBSCRIBE is not answered")
            .answer(lose(packet_type::suback)),
        breach("suback_with_other_id", {"v5/2.2.1-6", "v5/3.8.4-2", "v3/2.3.1-7", "v3/3.8.4-2"},
               "SUBACK has the identifier of another request")
            .answer(other_id_in(packet_type::suback)),
        breach("suback_codes_reversed", {"v5/3.9.3-1", "v3/3.9.3-1"},
               "the codes in SUBACK stand in the opposite order")
            .answer(reversed_codes_in(packet_type::suback)),
        breach("suback_code_missing", {"v5/3.8.4-6", "v3/3.8.4-5"},
               "SUBACK has no code for the last filter")
            .answer(last_code_missing_in(packet_type::suback)),
        breach("undefined_suback_code", {"v5/3.9.3-2", "v5/3.8.4-7", "v3/3.9.3-2"},
               "the codes in SUBACK are 0x05")
            .answer(set_in(packet_type::suback, "reason", code_0x05)),
        breach("unsuback_missing", {"v5/3.10.4-4", "v3/3.10.4-4"}, "UNSUBSCRIBE is not answered")
            .answer(lose(packet_type::unsuback)),
        breach("unsuback_with_other_id", {"v5/2.2.1-6", "v5/3.10.4-5", "v3/2.3.1-7"},
               "UNSUBACK has the identifier of another request")
            .answer(other_id_in(packet_type::unsuback)),
        breach("unsuback_only_for_something", {"v5/3.10.4-5", "v3/3.10.4-5"},
               "UNSUBSCRIBE is not answered if nothing was subscribed")
            .answer(no_unsuback_for_nothing),
        breach("unsuback_codes_reversed", {"v5/3.11.3-1"},
               "the codes in UNSUBACK stand in the opposite order")
            .answer(reversed_codes_in(packet_type::unsuback)),
        breach("unsuback_code_missing", {"v5/3.11.3-2"},
               "UNSUBACK has no code for the last filter")
            .answer(last_code_missing_in(packet_type::unsuback)),
    };
}

// ---- Effects ----------------------------------------------------------------------------------

bool subscribed_before(const channel &from, std::string_view filter) {
    size_t times = 0;
    for (const packet &each : from.subscriptions) {
        for (const std::string &known : filters_in(each)) {
            times += known == filter ? 1 : 0;
        }
    }
    return times > 1; // the one just passing is the last of them
}

void keep_first_subscription(breaking_world &at, channel &from, parcel &what) {
    const std::vector<std::string> filters = filters_in(what.content);
    if (what.is(packet_type::subscribe) && !filters.empty() &&
        subscribed_before(from, filters[0])) {
        at.give(from, suback_for(what));
        what.drop();
    }
}

// Retained messages are dropped that come because of a second SUBSCRIBE.
void note_repetition(breaking_world &at, channel &from, parcel &what) {
    const std::vector<std::string> filters = filters_in(what.content);
    if (what.is(packet_type::subscribe) && !filters.empty() &&
        subscribed_before(from, filters[0])) {
        from.numbers["repeated_ms"] = at.now_ms();
    }
}

void no_retained_at_repetition(breaking_world &at, channel &to, parcel &what) {
    if (what.is(packet_type::publish) && what.number("retain") == 1 &&
        to.numbers.count("repeated_ms") != 0 && to.numbers["repeated_ms"] == at.now_ms()) {
        what.drop();
    }
}

// Filters behind the first are answered and forgotten.
void use_first_filter(breaking_world &, channel &from, parcel &what) {
    if (!what.is(packet_type::subscribe) && !what.is(packet_type::unsubscribe)) {
        return;
    }
    const size_t count = filters_in(what.content).size();
    if (count < 2 || !what.problems.empty()) {
        return;
    }
    from.numbers["filters " + std::to_string(what.number("packet_id"))] = count;
    size_t seen = 0;
    std::vector<field> kept;
    for (const field &each : what.content.fields) {
        seen += each.name == "filter" ? 1 : 0;
        if (seen < 2) {
            kept.push_back(each);
        }
    }
    what.content.fields = kept;
    what.changed = true;
}

void answer_all_filters(breaking_world &, channel &to, parcel &what) {
    const auto count = to.numbers.find("filters " + std::to_string(what.number("packet_id")));
    if (!is_code_packet(what) || count == to.numbers.end()) {
        return;
    }
    for (uint64_t i = 1; i < count->second; i++) {
        what.content.fields.push_back({"reason", value::of(what.number("reason"))});
    }
    what.changed = true;
}

void no_unsubscribing(breaking_world &at, channel &from, parcel &what) {
    if (what.is(packet_type::unsubscribe) && what.problems.empty()) {
        at.give(from, unsuback_for(what, from.version));
        what.drop();
    }
}

// Removes what the filter of UNSUBSCRIBE matches.
void unsubscribe_by_wildcard(breaking_world &at, channel &from, parcel &what) {
    if (!what.is(packet_type::unsubscribe)) {
        return;
    }
    packet more = acknowledgement(packet_type::unsubscribe, hidden_id);
    for (const std::string &wanted : filters_in(what.content)) {
        for (const packet &each : from.subscriptions) {
            for (const std::string &filter : filters_in(each)) {
                if (filter_matches(wanted, filter)) {
                    more.fields.push_back({"filter", value::of(filter)});
                }
            }
        }
    }
    if (more.fields.size() > 1) {
        at.tell(from, more);
    }
}

void forget_exchanges(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::unsubscribe)) {
        from.numbers["unsubscribed"] = 1;
    } else if (what.is(packet_type::pubrec) && from.numbers["unsubscribed"] != 0) {
        what.drop();
    }
}

void identifier_lost(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish)) {
        what.remove("subscription_identifier");
    }
}

void one_identifier(breaking_world &, channel &, parcel &what) {
    const packet before = what.content;
    if (what.is(packet_type::publish) && what.has("subscription_identifier")) {
        what.remove("subscription_identifier");
        what.set("subscription_identifier", before.number("subscription_identifier"));
    }
}

void strange_identifier(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::publish) && to.version == 5) {
        what.content.fields.push_back({"subscription_identifier", value::of(uint64_t{268435455})});
        what.changed = true;
    }
}

parts rules_of_effects() {
    return {
        breach("no_local_ignored", {"v5/3.8.3-3"}, "No Local counts as 0")
            .ask(set_in(packet_type::subscribe, "no_local", 0)),
        breach("subscription_not_replaced", {"v5/3.8.4-3", "v3/3.8.4-3"},
               "a second SUBSCRIBE with a filter has no effect")
            .ask(keep_first_subscription),
        breach("no_retained_at_repetition", {"v5/3.8.4-4", "v3/3.8.4-3"},
               "a second SUBSCRIBE with a filter brings no retained messages")
            .ask(note_repetition)
            .answer(no_retained_at_repetition),
        breach("first_filter_only", {"v5/3.8.4-5", "v5/3.10.4-6", "v3/3.8.4-4", "v3/3.10.4-6"},
               "filters behind the first have no effect")
            .ask(use_first_filter)
            .answer(answer_all_filters),
        breach("unsubscribe_without_effect",
               {"v5/3.10.4-1", "v5/3.10.4-2", "v3/3.10.4-1", "v3/3.10.4-2"},
               "UNSUBSCRIBE removes nothing")
            .ask(no_unsubscribing),
        breach("unsubscribe_by_wildcard", {"v5/3.10.4-1", "v3/3.10.4-1"},
               "UNSUBSCRIBE removes what its filter matches")
            .ask(unsubscribe_by_wildcard)
            .answer(hide_hidden),
        breach("unsubscribe_breaks_exchanges", {"v5/3.10.4-3", "v3/3.10.4-3"},
               "QoS 2 exchanges end with UNSUBSCRIBE")
            .ask(forget_exchanges),
        breach("subscription_identifier_lost", {"v5/3.3.4-3", "v5/3.3.4-4"},
               "messages come without Subscription Identifier")
            .answer(identifier_lost),
        breach("one_subscription_identifier", {"v5/3.3.4-4"},
               "a message that matches several subscriptions names one of them")
            .answer(one_identifier),
        breach("strange_subscription_identifier", {"v5/u-3.3.4-1"},
               "messages name a subscription that the client has not got")
            .answer(strange_identifier),
        breach("subscription_identifier_0", {"v5/u-3.3.2.3.8-1"},
               "messages have the Subscription Identifier 0")
            .answer([](breaking_world &, channel &, parcel &what) {
                if (what.is(packet_type::publish) && what.has("subscription_identifier")) {
                    what.set("subscription_identifier", 0);
                }
            }),
    };
}

// ---- Filters ----------------------------------------------------------------------------------

void change_filters(parcel &what, const std::function<std::string(std::string)> &change) {
    if (!what.is(packet_type::subscribe)) {
        return;
    }
    for (field &each : what.content.fields) {
        if (each.name == "filter") {
            each.value.bytes = change(each.value.bytes);
            what.changed = true;
        }
    }
}

void plus_means_hash(breaking_world &, channel &, parcel &what) {
    change_filters(what, [](std::string filter) {
        if (filter.size() > 2 && filter.compare(filter.size() - 2, 2, "/+") == 0) {
            filter.back() = '#';
        }
        return filter;
    });
}

void hash_without_parent(breaking_world &, channel &to, parcel &what) {
    for (const packet &each : to.subscriptions) {
        for (const std::string &filter : filters_in(each)) {
            if (what.is(packet_type::publish) && filter == what.text("topic") + "/#") {
                what.drop();
            }
        }
    }
}

void dollar_for_wildcards(breaking_world &at, channel &, parcel &what) {
    if (!what.is(packet_type::publish) || !starts_with(what.text("topic"), "$")) {
        return;
    }
    for (channel *to : at.accepted()) {
        for (const packet &each : to->subscriptions) {
            for (const std::string &filter : filters_in(each)) {
                const bool wild = starts_with(filter, "#") || starts_with(filter, "+");
                if (wild && filter_matches(filter, what.text("topic"))) {
                    parcel copy = what;
                    copy.set("qos", 0);
                    copy.remove("packet_id");
                    at.give(*to, copy.content);
                }
            }
        }
    }
}

bool has_filter(const parcel &what, bool (*unlawful)(const std::string &)) {
    const std::vector<std::string> filters = filters_in(what.content);
    return std::any_of(filters.begin(), filters.end(), unlawful);
}

bool misplaced_hash(const std::string &filter) {
    const size_t at = filter.find('#');
    return at != std::string::npos &&
           (at + 1 != filter.size() || (at > 0 && filter[at - 1] != '/'));
}

bool misplaced_plus(const std::string &filter) {
    for (size_t at = filter.find('+'); at != std::string::npos; at = filter.find('+', at + 1)) {
        const bool begins = at == 0 || filter[at - 1] == '/';
        const bool ends = at + 1 == filter.size() || filter[at + 1] == '/';
        if (!begins || !ends) {
            return true;
        }
    }
    return false;
}

bool empty_filter(const std::string &filter) {
    return filter.empty();
}

bool odd_share(const std::string &filter) {
    if (!starts_with(filter, share_prefix)) {
        return false;
    }
    const std::string name = filter.substr(
        share_prefix.size(), filter.find('/', share_prefix.size()) - share_prefix.size());
    return name.empty() || name.find_first_of("+#") != std::string::npos ||
           share_prefix.size() + name.size() + 1 >= filter.size();
}

// A request with such a filter is granted, whatever becomes of it.
breach::hook grant(bool (*unlawful)(const std::string &)) {
    return [unlawful](breaking_world &at, channel &from, parcel &what) {
        const bool subscribe = what.is(packet_type::subscribe);
        if ((subscribe || what.is(packet_type::unsubscribe)) && has_filter(what, unlawful)) {
            at.give(from, subscribe ? suback_for(what) : unsuback_for(what, from.version));
            what.drop();
        }
    };
}

bool has_wildcard(const std::string &filter) {
    return filter.find_first_of("+#") != std::string::npos;
}

void refuse_wildcards(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::suback) && !to.subscriptions.empty() &&
        has_wildcard(to.subscriptions.back().find("filter")->bytes)) {
        what.set("reason", 0x80);
    }
}

void refuse_qos_2(breaking_world &, channel &to, parcel &what) {
    if (!what.is(packet_type::suback) || to.subscriptions.empty()) {
        return;
    }
    for (const field &each : to.subscriptions.back().fields) {
        if (each.name == "qos" && each.value.number == 2) {
            what.set("reason", 0x80);
        }
    }
}

void wildcard_topics_ignored(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.troubled("the topic has a wildcard")) {
        what.drop();
    }
}

parts rules_of_filters() {
    return {
        breach("plus_means_hash", {"v5/4.7.1-2", "v3/4.7.1-3"},
               "+ at the end of a filter matches several levels")
            .ask(plus_means_hash),
        breach("hash_without_parent", {"v5/4.7.1-1", "v3/4.7.1-2"},
               "# does not match the level above it")
            .answer(hash_without_parent),
        breach("dollar_for_wildcards", {"v5/4.7.2-1", "v3/4.7.2-1"},
               "a wildcard at the beginning of a filter matches $ topics")
            .ask(dollar_for_wildcards),
        breach("wildcards_refused", {"v3/u-3.8.3-1"}, "filters with wildcards are refused")
            .answer(refuse_wildcards)
            .noticed_as(verdict::lenient),
        breach("wildcards_without_effect", {"v3/3.8.3-2", "v3/3.3.2-3", "v5/4.7.1-2"},
               "filters with wildcards are granted and match nothing")
            .ask(grant(has_wildcard)),
        breach("qos_2_subscriptions_refused", {"v5/3.2.2-10"}, "SUBSCRIBE with QoS 2 is refused")
            .answer(refuse_qos_2),
        breach("misplaced_hash_granted", {"v5/4.7.1-1", "v3/4.7.1-2"},
               "# may stand anywhere in a filter")
            .ask(grant(misplaced_hash)),
        breach("misplaced_plus_granted", {"v5/4.7.1-2", "v3/4.7.1-3"},
               "+ may stand beside other characters of a level")
            .ask(grant(misplaced_plus)),
        breach("empty_filter_granted", {"v5/4.7.3-1", "v3/4.7.3-1"}, "a filter may be empty")
            .ask(grant(empty_filter)),
        breach("wildcards_in_topics_ignored",
               {"v5/3.3.2-2", "v5/4.7.0-1", "v3/3.3.2-2", "v3/4.7.1-1"},
               "a PUBLISH to a topic with wildcards is passed over in silence")
            .ask(wildcard_topics_ignored),
    };
}

// ---- Shared subscriptions ---------------------------------------------------------------------

// Every member has a plain subscription of its own.
void share_with_all(breaking_world &, channel &from, parcel &what) {
    const bool both = what.is(packet_type::subscribe) || what.is(packet_type::unsubscribe);
    if (!both || from.version < 5) {
        return;
    }
    for (field &each : what.content.fields) {
        const bool shared = each.name == "filter" && !odd_share(each.value.bytes) &&
                            starts_with(each.value.bytes, share_prefix);
        if (shared) {
            const size_t name_end = each.value.bytes.find('/', share_prefix.size());
            each.value.bytes.erase(0, name_end + 1);
            what.set("retain_handling", 2);
        }
    }
}

void note_retained(breaking_world &at, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.number("retain") == 1) {
        at.packets["retained " + what.text("topic")] = what.content;
    }
}

void retained_for_shared(breaking_world &at, channel &from, parcel &what) {
    note_retained(at, from, what);
    if (!what.is(packet_type::subscribe)) {
        return;
    }
    for (const std::string &filter : filters_in(what.content)) {
        for (const auto &[name, message] : at.packets) {
            const std::string topic = message.find("topic")->bytes;
            const size_t name_end = filter.find('/', share_prefix.size());
            if (starts_with(filter, share_prefix) && name_end != std::string::npos &&
                filter_matches(filter.substr(name_end + 1), topic)) {
                parcel copy = what;
                copy.content = message;
                copy.set("qos", 0);
                copy.remove("packet_id");
                at.give(from, copy.content);
            }
        }
    }
}

void share_at_qos_1(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::publish) && what.number("qos") == 0) {
        what.set("qos", 1);
        what.set("packet_id", hidden_id + to.numbers["upgraded"]++);
    }
}

void note_delivery(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::publish) && what.number("qos") > 0) {
        to.packets[std::to_string(what.number("packet_id"))] = what.content;
    }
}

// What a member has refused, or left behind half delivered, is published once more.
void offer_refused_again(breaking_world &at, channel &from, parcel &what) {
    const auto known = from.packets.find(std::to_string(what.number("packet_id")));
    if ((what.is(packet_type::puback) || what.is(packet_type::pubrec)) &&
        what.number("reason") >= 0x80 && known != from.packets.end()) {
        at.publish(known->second);
    }
}

void offer_left_again(breaking_world &at, channel &on) {
    for (const auto &[id, message] : on.packets) {
        if (message.number("qos") == 2) {
            at.publish(message);
        }
    }
}

void no_local_on_share(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::subscribe) && starts_with(what.text("filter"), share_prefix)) {
        what.set("no_local", 0);
    }
}

parts rules_of_shares() {
    return {
        breach("shared_with_all", {"v5/4.8.2-1"}, "each member of a group gets each message")
            .ask(share_with_all),
        breach("retained_for_shared", {"v5/u-3.8.4-1"},
               "shared subscriptions get retained messages")
            .ask(retained_for_shared),
        breach("odd_share_granted", {"v5/4.8.2-1", "v5/4.8.2-2"},
               "share names may be empty or have wildcards")
            .ask(grant(odd_share)),
        breach("no_local_on_share_granted", {"v5/3.8.3-4"},
               "No Local on a shared subscription is ignored")
            .ask(no_local_on_share),
        breach("share_above_granted_qos", {"v5/4.8.2-3"}, "members get QoS 0 as QoS 1")
            .answer(share_at_qos_1),
        breach("refused_message_offered_again", {"v5/4.8.2-6"},
               "what one member refuses goes to another")
            .ask(offer_refused_again)
            .answer(note_delivery),
        breach("half_delivered_message_moves", {"v5/4.8.2-4", "v5/4.8.2-5"},
               "a QoS 2 message goes to another member when the connection breaks")
            .answer(note_delivery)
            .leave(offer_left_again),
    };
}

} // namespace

parts rules_of_subscribe() {
    parts all = rules_of_codes();
    for (auto *section : {rules_of_effects, rules_of_filters, rules_of_shares}) {
        for (breach &each : section()) {
            all.push_back(std::move(each));
        }
    }
    return all;
}

} // namespace conformance
