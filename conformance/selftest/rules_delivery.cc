// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Breaches of the rules for QoS exchanges, redelivery, order, flow control and sizes.

#include "conformance/selftest/rules.h"

namespace conformance {
namespace {

constexpr uint64_t other_ids = 60000; // of packets that the broker does not know

using parts = std::vector<breach>;

bool is_message(const parcel &what) {
    return what.is(packet_type::publish) && what.number("qos") > 0;
}

std::string id_name(const parcel &what) {
    return "id " + std::to_string(what.number("packet_id"));
}

// ---- Answers ----------------------------------------------------------------------------------

breach::hook next_id_in(packet_type type) {
    return [type](breaking_world &, channel &, parcel &what) {
        if (what.is(type)) {
            what.set("packet_id", what.number("packet_id") + 1);
        }
    };
}

void acknowledge_qos_0(breaking_world &at, channel &from, parcel &what) {
    if (what.is(packet_type::publish) && what.number("qos") == 0) {
        at.give(from, acknowledgement(packet_type::puback, 1));
    }
}

void duplicates_are_delivered(breaking_world &at, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.number("qos") == 2 && what.number("dup") == 1) {
        at.publish(what.content);
    }
}

// After the exchange a message with its identifier is taken for a repetition.
void identifier_stays_used(breaking_world &at, channel &from, parcel &what) {
    if (!is_message(what)) {
        return;
    }
    if (from.numbers[id_name(what)]++ > 0) {
        what.drop();
        const bool twice = what.number("qos") == 2;
        at.give(from, acknowledgement(twice ? packet_type::pubrec : packet_type::puback,
                                      what.number("packet_id")));
    }
}

void lone_pubrel_unanswered(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::publish)) {
        from.numbers[id_name(what)] = 1;
    } else if (what.is(packet_type::pubrel) && from.numbers.count(id_name(what)) == 0) {
        what.drop();
    }
}

parts rules_of_answers() {
    return {
        breach("puback_missing",
               {"v5/4.3.2-4", "v5/3.3.4-1", "v3/4.3.2-2", "v3/3.3.4-1", "v3/3.3.5-2"},
               "QoS 1 messages are not acknowledged")
            .answer(lose(packet_type::puback)),
        breach("pubrec_missing", {"v5/4.3.3-8", "v5/3.3.4-1", "v3/4.3.3-2", "v3/3.3.4-1"},
               "QoS 2 messages are not answered")
            .answer(lose(packet_type::pubrec)),
        breach("pubrel_missing", {"v5/4.3.3-4", "v3/4.3.3-1"}, "PUBREC is not answered")
            .answer(lose(packet_type::pubrel)),
        breach("pubcomp_missing", {"v5/4.3.3-11", "v3/4.3.3-2"}, "PUBREL is not answered")
            .answer(lose(packet_type::pubcomp)),
        breach("lone_pubrel_unanswered", {"v5/4.3.3-11"},
               "PUBREL for an unknown message is not answered")
            .ask(lone_pubrel_unanswered),
        breach("puback_with_other_id", {"v5/2.2.1-5", "v5/4.3.2-4", "v3/2.3.1-6"},
               "PUBACK has the identifier of another message")
            .answer(next_id_in(packet_type::puback)),
        breach("pubrec_with_other_id", {"v5/2.2.1-5", "v5/4.3.3-8", "v3/2.3.1-6"},
               "PUBREC has the identifier of another message")
            .answer(next_id_in(packet_type::pubrec)),
        breach("pubcomp_with_other_id", {"v5/2.2.1-5", "v5/4.3.3-11", "v3/4.3.3-2"},
               "PUBCOMP has the identifier of another message")
            .answer(next_id_in(packet_type::pubcomp)),
        breach("qos_0_acknowledged", {"v5/3.3.4-1", "v3/3.3.4-1"}, "QoS 0 is answered by PUBACK")
            .ask(acknowledge_qos_0),
        breach("duplicates_delivered", {"v5/4.3.3-10", "v3/4.3.3-2"},
               "a QoS 2 message is passed on once more when it comes again")
            .ask(duplicates_are_delivered),
        breach("identifier_stays_used",
               {"v5/4.3.2-5", "v5/4.3.3-9", "v5/4.3.3-12", "v3/4.3.2-2", "v3/4.3.3-2"},
               "an identifier can be used once on a connection")
            .ask(identifier_stays_used),
        breach("undefined_puback_reason", {"v5/3.4.2-1"}, "PUBACK has the reason 0x01")
            .answer(set_in(packet_type::puback, "reason", 1)),
        breach("undefined_pubrec_reason", {"v5/3.5.2-1"}, "PUBREC has the reason 0x01")
            .answer(set_in(packet_type::pubrec, "reason", 1)),
        breach("undefined_pubrel_reason", {"v5/3.6.2-1"}, "PUBREL has the reason 0x01")
            .answer(set_in(packet_type::pubrel, "reason", 1)),
        breach("undefined_pubcomp_reason", {"v5/3.7.2-1"}, "PUBCOMP has the reason 0x01")
            .answer(set_in(packet_type::pubcomp, "reason", 1)),
    };
}

// ---- Messages ---------------------------------------------------------------------------------

// The client answers a message that the broker has sent at QoS 0.
void swallow_other_ids(breaking_world &, channel &, parcel &what) {
    if (what.number("packet_id") >= other_ids) {
        what.drop();
    }
}

void upgrade_qos(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::publish) && what.number("qos") == 0) {
        what.set("qos", 1);
        what.set("packet_id", other_ids + to.numbers["upgraded"]++);
    }
}

void downgrade_qos(breaking_world &at, channel &to, parcel &what) {
    if (is_message(what)) {
        const bool twice = what.number("qos") == 2;
        at.tell(to, acknowledgement(twice ? packet_type::pubrec : packet_type::puback,
                                    what.number("packet_id")));
        if (twice) {
            at.tell(to, acknowledgement(packet_type::pubcomp, what.number("packet_id")));
        }
        what.set("qos", 0);
        what.set("dup", 0);
        what.remove("packet_id");
    } else if (what.is(packet_type::pubrel)) {
        what.drop();
    }
}

void swap_messages(breaking_world &at, channel &to, parcel &what) {
    if (!what.is(packet_type::publish)) {
        return;
    }
    const auto held = to.packets.find("held");
    if (held == to.packets.end()) {
        to.packets["held"] = what.content;
        what.drop();
    } else {
        at.follow(to, held->second);
        to.packets.erase(held);
    }
}

void id_at_qos_0(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.number("qos") == 0) {
        what.set("packet_id", 1);
    }
}

void reuse_id(breaking_world &, channel &, parcel &what) {
    if (is_message(what)) {
        what.set("packet_id", 1);
    }
}

void redeliver_under_new_id(breaking_world &, channel &, parcel &what) {
    if (is_message(what) && what.number("dup") == 1) {
        what.set("packet_id", other_ids + what.number("packet_id"));
    }
}

void never_redeliver(breaking_world &, channel &, parcel &what) {
    if (is_message(what) && what.number("dup") == 1) {
        what.drop();
    }
}

void redeliver_at_once(breaking_world &at, channel &to, parcel &what) {
    if (is_message(what)) {
        parcel again = what;
        again.set("dup", 1);
        at.follow(to, again.content);
    }
}

std::string exchange_of(const channel &on, const parcel &what) {
    return on.id() + " " + std::to_string(what.number("packet_id"));
}

void publish_before_pubrel(breaking_world &at, channel &to, parcel &what) {
    if (is_message(what)) {
        at.packets[exchange_of(to, what)] = what.content;
        to.numbers[id_name(what)] = 1;
    } else if (what.is(packet_type::pubrel) && to.numbers.count(id_name(what)) == 0 &&
               at.packets.count(exchange_of(to, what)) != 0) {
        parcel again = what;
        again.content = at.packets[exchange_of(to, what)];
        again.set("dup", 1);
        at.give(to, again.content);
    }
}

void never_repeat_pubrel(breaking_world &, channel &to, parcel &what) {
    if (is_message(what)) {
        to.numbers[id_name(what)] = 1;
    } else if (what.is(packet_type::pubrel) && to.numbers.count(id_name(what)) == 0) {
        what.drop();
    }
}

void swap_pubrels(breaking_world &at, channel &to, parcel &what) {
    if (!what.is(packet_type::pubrel)) {
        return;
    }
    const auto held = to.packets.find("held");
    if (held == to.packets.end()) {
        to.packets["held"] = what.content;
        what.drop();
    } else {
        at.follow(to, held->second);
        to.packets.erase(held);
    }
}

std::string expiry_of(const parcel &what) {
    return "expiry of " + what.text("topic") + what.text("payload");
}

void note_expiry_time(breaking_world &at, channel &from, parcel &what) {
    if (what.is(packet_type::publish) && what.has("message_expiry_interval")) {
        const uint64_t at_ms = at.now_ms() + what.number("message_expiry_interval") * 1000;
        at.numbers[expiry_of(what)] = at_ms;
        from.numbers["expires " + id_name(what)] = at_ms;
    }
}

// The broker forgets an exchange with its message.
void expiry_ends_receiving(breaking_world &at, channel &from, parcel &what) {
    note_expiry_time(at, from, what);
    const auto noted = from.numbers.find("expires " + id_name(what));
    if (noted != from.numbers.end() && noted->second < at.now_ms()) {
        what.drop();
    }
}

void expiry_ends_sending(breaking_world &at, channel &, parcel &what) {
    const auto noted = at.numbers.find(expiry_of(what));
    if (is_message(what) && noted != at.numbers.end() && noted->second < at.now_ms()) {
        what.drop();
    }
}

void explained_answers_unheard(breaking_world &, channel &, parcel &what) {
    if (what.has("reason_string")) {
        what.drop();
    }
}

void refusals_unheard(breaking_world &, channel &, parcel &what) {
    if ((what.is(packet_type::puback) || what.is(packet_type::pubrec)) &&
        what.number("reason") >= 0x80) {
        what.drop();
    }
}

parts rules_of_messages() {
    return {
        breach("qos_upgraded", {"v5/3.8.4-8", "v3/3.8.4-6"}, "QoS 0 is delivered as QoS 1")
            .ask(swallow_other_ids)
            .answer(upgrade_qos),
        breach("qos_downgraded",
               {"v5/3.8.4-8", "v5/3.3.4-2", "v5/4.3.2-2", "v3/3.8.4-6", "v3/3.3.5-1"},
               "everything is delivered at QoS 0")
            .answer(downgrade_qos),
        breach("order_swapped",
               {"v5/4.6.0-5", "v5/4.6.0-6", "v3/4.6.0-1", "v3/4.6.0-5", "v3/4.6.0-6"},
               "of two messages the second is delivered first")
            .answer(swap_messages),
        breach("identifier_at_qos_0", {"v5/2.2.1-2", "v3/2.3.1-5"},
               "PUBLISH of QoS 0 has a packet identifier")
            .answer(id_at_qos_0),
        breach("identifier_0", {"v5/2.2.1-4", "v3/2.3.1-1"},
               "messages have the packet identifier 0")
            .answer([](breaking_world &, channel &, parcel &what) {
                if (is_message(what)) {
                    what.set("packet_id", 0);
                }
            }),
        breach("identifier_reused", {"v5/2.2.1-4", "v5/4.3.2-1", "v5/4.3.3-1", "v3/2.3.1-4"},
               "all messages have the packet identifier 1")
            .answer(reuse_id),
        breach("redelivered_under_new_identifier", {"v5/4.4.0-1", "v3/4.4.0-1", "v3/2.3.1-4"},
               "a message has another identifier when it is sent again")
            .ask(swallow_other_ids)
            .answer(redeliver_under_new_id),
        breach("never_redelivered",
               {"v5/4.4.0-1", "v5/4.3.2-3", "v5/4.3.3-3", "v3/4.4.0-1"},
               "unacknowledged messages are not sent again")
            .answer(never_redeliver),
        breach("redelivered_at_once", {"v5/4.4.0-1"},
               "messages are sent again on the same connection")
            .answer(redeliver_at_once),
        breach("publish_after_pubrec", {"v5/4.3.3-6", "v3/4.3.3-1"},
               "after PUBREC the message is sent again")
            .answer(publish_before_pubrel),
        breach("pubrel_not_repeated", {"v5/4.3.3-5", "v3/4.4.0-1"},
               "PUBREL is not sent again after a reconnect")
            .answer(never_repeat_pubrel),
        breach("pubrels_swapped", {"v3/4.6.0-4"}, "of two PUBRELs the second is sent first")
            .answer(swap_pubrels),
        breach("expiry_ends_receiving", {"v5/4.3.3-13"},
               "a QoS 2 exchange is not completed after the message has expired")
            .ask(expiry_ends_receiving),
        breach("expiry_ends_sending", {"v5/4.3.3-7"},
               "a QoS 2 message is not sent again after it has expired")
            .ask(note_expiry_time)
            .answer(expiry_ends_sending),
        breach("explained_answers_unheard",
               {"v5/u-3.5.2.2.2-1", "v5/u-3.6.2.2.2-1", "v5/u-3.7.2.2.2-1", "v5/u-3.14.2.2.3-1",
                "v5/u-3.15.2.2.4-1"},
               "packets with a Reason String have no effect")
            .ask(explained_answers_unheard),
        breach("refusals_unheard", {"v5/4.4.0-2"},
               "a message that the client has refused is sent again")
            .ask(refusals_unheard),
    };
}

// ---- Flow control and sizes -------------------------------------------------------------------

void note_exchanges(breaking_world &, channel &to, parcel &what) {
    if (is_message(what)) {
        to.numbers["open"]++;
    }
}

bool ends_exchange(const parcel &what) {
    const bool refused = what.is(packet_type::pubrec) && what.number("reason") >= 0x80;
    return what.is(packet_type::puback) || what.is(packet_type::pubcomp) || refused;
}

void note_ends(breaking_world &, channel &from, parcel &what) {
    if (ends_exchange(what) && from.numbers["open"] > 0) {
        from.numbers["open"]--;
    }
}

// With the client's quota used up, nothing else goes out either.
void quota_stops_everything(breaking_world &at, channel &to, parcel &what) {
    note_exchanges(at, to, what);
    if (!what.is(packet_type::publish) &&
        to.numbers["open"] >= to.connect.number("receive_maximum", 0xFFFF)) {
        what.drop();
    }
}

void note_receive_maximum(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::connack)) {
        to.numbers["maximum"] = what.number("receive_maximum", 0xFFFF);
    }
}

void too_many_are_ignored(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::publish) && what.number("qos") == 2 &&
        from.numbers["begun"]++ >= from.numbers["maximum"]) {
        what.drop();
    } else if (what.is(packet_type::pubrel) && from.numbers["begun"] > 0) {
        from.numbers["begun"]--;
    }
}

void close_instead_of_dropping(breaking_world &at, channel &to, parcel &what) {
    const uint64_t maximum = to.connect.number("maximum_packet_size", 0xFFFFFFFF);
    if (what.is(packet_type::publish) && what.bytes.size() > maximum) {
        at.end(to);
        what.drop();
    }
}

void oversize_is_ignored(breaking_world &at, channel &, parcel &what) {
    const auto maximum = at.numbers.find("packet maximum");
    if (maximum != at.numbers.end() && what.bytes.size() > maximum->second) {
        what.drop();
    }
}

void note_packet_maximum(breaking_world &at, channel &, parcel &what) {
    if (what.is(packet_type::connack) && what.has("maximum_packet_size")) {
        at.numbers["packet maximum"] = what.number("maximum_packet_size");
    }
}

parts rules_of_limits() {
    return {
        breach("receive_maximum_ignored", {"v5/3.3.4-9", "v5/4.9.0-1", "v5/4.9.0-2"},
               "more messages are open than the client's Receive Maximum")
            .ask(strip_from(packet_type::connect, "receive_maximum")),
        breach("quota_stops_everything", {"v5/3.3.4-10", "v5/4.9.0-3"},
               "other packets wait until the quota has room")
            .ask(note_ends)
            .answer(quota_stops_everything),
        breach("receive_maximum_not_enforced", {"v5/3.3.4-7"},
               "messages above the server's Receive Maximum are ignored")
            .ask(too_many_are_ignored)
            .answer(note_receive_maximum),
        breach("maximum_packet_size_ignored", {"v5/3.1.2-24", "v5/3.1.2-25"},
               "packets are larger than the client's Maximum Packet Size")
            .ask(strip_from(packet_type::connect, "maximum_packet_size")),
        breach("closes_over_large_message", {"v5/3.1.2-25"},
               "a message too large for a client ends its connection")
            .ask(strip_from(packet_type::connect, "maximum_packet_size"))
            .answer(close_instead_of_dropping),
        breach("large_packets_ignored", {"v5/3.2.2-15", "v5/u-3.2.2.3.6-2"},
               "packets above the server's Maximum Packet Size are ignored")
            .ask(oversize_is_ignored)
            .answer(note_packet_maximum),
    };
}

} // namespace

parts rules_of_delivery() {
    parts all = rules_of_answers();
    for (auto *section : {rules_of_messages, rules_of_limits}) {
        for (breach &each : section()) {
            all.push_back(std::move(each));
        }
    }
    return all;
}

} // namespace conformance
