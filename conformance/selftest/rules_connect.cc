// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Breaches of the rules for CONNECT, CONNACK, keep alive and authentication.

#include "conformance/selftest/rules.h"

namespace conformance {
namespace {

constexpr uint64_t longest_simple_id = 23;
constexpr uint64_t refused_id = 0x85;
constexpr uint64_t refused_id_3 = 2;
constexpr size_t long_text_bytes = 300;
constexpr size_t short_id_bytes = 9;

using parts = std::vector<breach>;

void flip_session_present(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connack) && what.number("reason") == 0) {
        what.set("session_present", 1 - what.number("session_present"));
    }
}

void session_present_with_refusal(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connack) && what.number("reason") != 0) {
        what.set("session_present", 1);
    }
}

void undefined_connack_reason(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connack) && what.number("reason") != 0) {
        what.set("reason", 0x7F);
    }
}

void connack_again(breaking_world &at, channel &to, parcel &what) {
    if (what.is(packet_type::connack)) {
        at.follow(to, what.content);
    }
}

void ping_before_connack(breaking_world &at, channel &to, parcel &what) {
    if (what.is(packet_type::connack)) {
        at.give(to, packet_of(packet_type::pingresp));
    }
}

void disconnect_for_connack(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connack) && what.number("reason") >= 0x80) {
        const value reason = value::of(what.number("reason"));
        what.content = {packet_type::disconnect, {{"reason", reason}}};
        what.changed = true;
    }
}

void ignore_second_connect(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::connect) && from.numbers["connects"]++ > 0) {
        what.drop();
    }
}

void ignore_before_connect(breaking_world &, channel &from, parcel &what) {
    if (from.connect.type == packet_type::reserved) {
        what.drop();
    }
}

void any_protocol_name(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && what.has("protocol_name")) {
        what.set_text("protocol_name", "MQTT");
    }
}

// An unknown level is read as the newest known one in whose form the packet is.
void any_protocol_level(breaking_world &, channel &from, parcel &what) {
    constexpr size_t name_size = 4; // the level follows the name
    const size_t at = what.bytes.find("MQTT");
    if (!what.is(packet_type::connect) || !what.has("protocol_level") || at == std::string::npos ||
        at + name_size >= what.bytes.size()) {
        return;
    }
    for (const unsigned level : {5u, 4u}) {
        std::string bytes = what.bytes;
        bytes.at(at + name_size) = static_cast<char>(level);
        if (wire_decode(bytes, level, false).problems.empty()) {
            from.version = level;
            what.replace(bytes);
            return;
        }
    }
}

void no_connack_for_level(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connack) && what.number("reason") == 1) {
        what.drop();
    }
}

// What decoding does not keep is lost in encoding again: the reserved bit, the bits of a Will that
// is not there.
void forgive_connect_flags(parcel &what, std::string_view problem) {
    if (what.is(packet_type::connect) && what.troubled(problem)) {
        what.changed = true;
    }
}

void reserved_connect_flag(breaking_world &, channel &, parcel &what) {
    forgive_connect_flags(what, "reserved Connect Flag");
}

void will_bits_without_will(breaking_world &, channel &, parcel &what) {
    forgive_connect_flags(what, "without Will Flag");
}

void will_qos_3(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && what.troubled("Will QoS is 3")) {
        what.set("will_qos", 2);
    }
}

void password_alone(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && what.troubled("password without user name")) {
        what.remove("password");
    }
}

void empty_id_with_session(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && what.text("id").empty()) {
        what.set("clean_start", 1);
    }
}

void same_id_for_all(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::connect) && what.text("id").empty()) {
        what.set_text("id", "everyone");
        from.numbers["unnamed"] = 1;
    }
}

void report_same_id(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::connack) && to.version == 5 && to.numbers["unnamed"] != 0) {
        what.set_text("assigned_client_id", "everyone");
    }
}

void refuse_long_ids(breaking_world &at, channel &from, parcel &what) {
    if (!what.is(packet_type::connect) || what.text("id").size() < longest_simple_id) {
        return;
    }
    const value reason = value::of(from.version == 5 ? refused_id : refused_id_3);
    at.give(from, {packet_type::connack, {{"reason", reason}}});
    at.end(from);
}

void no_takeover(breaking_world &at, channel &from, parcel &what) {
    if (!what.is(packet_type::connect)) {
        return;
    }
    for (const channel *other : at.accepted()) {
        if (other != &from && other->id() == what.text("id") && !other->id().empty()) {
            what.set_text("id", what.text("id") + "+" + std::to_string(from.outer));
        }
    }
}

void short_identifiers(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && what.text("id").size() > short_id_bytes) {
        what.set_text("id", what.text("id").substr(0, short_id_bytes));
    }
}

void silent_takeover(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::disconnect) && what.number("reason") == 0x8E) {
        what.drop();
    }
}

void any_password(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && what.has("user_name")) {
        what.set_text("user_name", "ella");
        what.set_text("password", "secret");
    }
}

void halve_keep_alive(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && what.number("keep_alive") > 1) {
        what.set("keep_alive", what.number("keep_alive") / 2);
    }
}

void keep_alive_0_counts(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && what.number("keep_alive") == 0) {
        what.set("keep_alive", 1);
    }
}

void unasked_response_information(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::connack) && to.version == 5) {
        what.set_text("response_information", "unasked");
    }
}

bool is_acknowledgement(const parcel &what) {
    return what.is(packet_type::puback) || what.is(packet_type::pubrec) ||
           what.is(packet_type::pubcomp) || what.is(packet_type::suback) ||
           what.is(packet_type::unsuback);
}

void connack_missing(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connack) && what.number("reason") == 0) {
        what.drop();
    }
}

// Whatever its size, a packet has a text that is longer than most maximums.
breach::hook long_text_in_answers(bool reason_string) {
    return [reason_string](breaking_world &, channel &to, parcel &what) {
        const bool spoken = is_acknowledgement(what) || what.is(packet_type::pubrel) ||
                            what.is(packet_type::connack) || what.is(packet_type::disconnect) ||
                            what.is(packet_type::auth);
        if (to.version < 5 || !spoken) {
            return;
        }
        if (reason_string) {
            what.set_text("reason_string", wire_fill(long_text_bytes));
        } else {
            what.remove("user_property");
            what.content.fields.push_back(
                {"user_property", value::of("long", wire_fill(long_text_bytes))});
            what.changed = true;
        }
    };
}

void texts_twice(breaking_world &, channel &to, parcel &what) {
    const bool disconnect = what.is(packet_type::disconnect);
    if (to.version == 5 && (is_acknowledgement(what) || disconnect)) {
        for (int i = 0; i < 2; i++) {
            what.content.fields.push_back({disconnect ? "server_reference" : "reason_string",
                                           value::of(std::string("twice"))});
        }
        what.changed = true;
    }
}

void reason_for_everything(breaking_world &, channel &to, parcel &what) {
    if (to.version == 5 && is_acknowledgement(what)) {
        what.set_text("reason_string", "because");
    }
}

bool hide_close_of_silence(breaking_world &, channel &on) {
    return on.connect.type != packet_type::reserved;
}

bool hide_close_after_refusal(breaking_world &, channel &on) {
    return !on.refused;
}

void overlook_malformed_connect(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && !what.problems.empty() &&
        !what.troubled("unknown protocol name")) {
        what.drop();
    }
}

bool connack_for_malformed(breaking_world &at, channel &on) {
    if (on.version < 5 && !on.accepted && !on.refused && on.connect.type == packet_type::connect) {
        at.give(on, {packet_type::connack, {{"reason", value::of(refused_id_3)}}});
    }
    return true;
}

// Acts on what follows a refused CONNECT.
void process_after_refusal(breaking_world &at, channel &from, parcel &what) {
    const bool connected = from.connect.type == packet_type::connect;
    if (what.is(packet_type::publish) && connected && !from.accepted) {
        at.publish(what.content);
    }
}

void add_twice(parcel &what, const char *name, const value &content) {
    what.content.fields.push_back({name, content});
    what.content.fields.push_back({name, content});
}

void connack_property_twice(breaking_world &, channel &to, parcel &what) {
    if (what.is(packet_type::connack) && to.version == 5) {
        for (const char *name :
             {"session_expiry_interval", "receive_maximum", "maximum_qos", "retain_available",
              "maximum_packet_size", "topic_alias_maximum", "wildcard_subscription_available",
              "subscription_identifier_available", "shared_subscription_available",
              "server_keep_alive"}) {
            add_twice(what, name, value::of(uint64_t{1}));
        }
        for (const char *name :
             {"assigned_client_id", "reason_string", "response_information", "server_reference",
              "authentication_method", "authentication_data"}) {
            add_twice(what, name, value::of(std::string("twice")));
        }
        what.changed = true;
    }
}

parts rules_of_connack() {
    return {
        breach("session_present_flipped",
               {"v5/3.2.2-2", "v5/3.2.2-3", "v3/3.2.2-1", "v3/3.2.2-2", "v3/3.2.2-3"},
               "Session Present says the opposite")
            .answer(flip_session_present),
        breach("session_present_with_refusal", {"v5/3.2.2-6", "v3/3.2.2-4"},
               "a refusal says that there is a session")
            .answer(session_present_with_refusal),
        breach("reserved_acknowledge_flags", {"v5/3.2.2-1", "v3/u-3.2.2.1-1"},
               "CONNACK has a reserved flag set")
            .answer(set_in(packet_type::connack, "connack_flags", 0x80)),
        breach("undefined_connack_reason", {"v5/3.2.2-8"}, "a refusal has the reason 0x7F")
            .answer(undefined_connack_reason),
        breach("connack_twice", {"v5/3.2.0-2"}, "every CONNACK comes twice").answer(connack_again),
        breach("packet_before_connack", {"v5/3.2.0-1", "v3/3.2.0-1"},
               "PINGRESP comes before CONNACK")
            .answer(ping_before_connack),
        breach("disconnect_before_connack", {"v5/3.14.0-1"},
               "a CONNECT is refused with DISCONNECT instead of CONNACK")
            .answer(disconnect_for_connack),
        breach("open_after_refusal", {"v5/3.2.2-7", "v5/3.1.3-8", "v3/3.2.2-5", "v3/3.1.3-9"},
               "the connection stays open after a refusing CONNACK")
            .close(hide_close_after_refusal),
        breach("connack_properties_twice",
               {"v5/u-3.2.2.3.2-1", "v5/u-3.2.2.3.3-1", "v5/u-3.2.2.3.4-1", "v5/u-3.2.2.3.5-1",
                "v5/u-3.2.2.3.6-1", "v5/u-3.2.2.3.7-1", "v5/u-3.2.2.3.8-1", "v5/u-3.2.2.3.9-2",
                "v5/u-3.2.2.3.11-1", "v5/u-3.2.2.3.12-1", "v5/u-3.2.2.3.13-1", "v5/u-3.2.2.3.14-1",
                "v5/u-3.2.2.3.15-1", "v5/u-3.2.2.3.16-1", "v5/u-3.2.2.3.17-1",
                "v5/u-3.2.2.3.18-1"},
               "properties of CONNACK are repeated")
            .answer(connack_property_twice),
        breach("unasked_response_information", {"v5/3.1.2-28"},
               "CONNACK has Response Information without a request")
            .answer(unasked_response_information),
        breach("unasked_problem_information", {"v5/3.1.2-29"},
               "acknowledgements have a Reason String although the client wants none")
            .answer(reason_for_everything),
        breach("assigned_identifier_secret", {"v5/3.1.3-7", "v5/3.2.2-16"},
               "CONNACK does not name the Assigned Client Identifier")
            .answer(strip_from(packet_type::connack, "assigned_client_id")),
        breach("connack_missing", {"v5/3.1.4-5", "v3/3.1.4-4"},
               "an acceptable CONNECT is not answered")
            .answer(connack_missing),
        breach("long_reason_strings",
               {"v5/3.2.2-19", "v5/3.4.2-2", "v5/3.5.2-2", "v5/3.6.2-2", "v5/3.7.2-2",
                "v5/3.9.2-1", "v5/3.11.2-1", "v5/3.14.2-3", "v5/3.15.2-2", "v5/3.1.2-24"},
               "a Reason String is sent although the packet becomes too large for the client")
            .answer(long_text_in_answers(true)),
        breach("long_user_properties",
               {"v5/3.2.2-20", "v5/3.4.2-3", "v5/3.5.2-3", "v5/3.6.2-3", "v5/3.7.2-3",
                "v5/3.9.2-2", "v5/3.11.2-2", "v5/3.14.2-4", "v5/3.15.2-3"},
               "a User Property is sent although the packet becomes too large for the client")
            .answer(long_text_in_answers(false)),
        breach("texts_twice", {"v5/u-3.9.2.1.2-2", "v5/u-3.11.2.1.2-2", "v5/u-3.14.2.2.5-1"},
               "acknowledgements have two Reason Strings, DISCONNECT two Server References")
            .answer(texts_twice),
        breach("no_connack_for_level", {"v3/3.1.2-2"},
               "an unknown protocol level is refused without CONNACK")
            .answer(no_connack_for_level),
    };
}

parts rules_of_flags_and_names() {
    return {
        breach("second_connect_ignored", {"v5/3.1.0-2", "v3/3.1.0-2"},
               "a second CONNECT is passed over in silence")
            .ask(ignore_second_connect),
        breach("anything_may_come_first", {"v5/3.1.0-1", "v3/3.1.0-1"},
               "packets before CONNECT are passed over in silence")
            .ask(ignore_before_connect),
        breach("any_protocol_name", {"v5/3.1.2-1", "v3/3.1.2-1"},
               "every protocol name is taken for MQTT")
            .ask(any_protocol_name),
        breach("any_protocol_level", {"v5/3.1.2-2", "v3/3.1.2-2"},
               "every protocol level is taken for a known one")
            .ask(any_protocol_level),
        breach("reserved_connect_flag_accepted", {"v5/3.1.2-3", "v5/u-3.1.2.3-1", "v3/3.1.2-3"},
               "the reserved Connect Flag may be set")
            .ask(reserved_connect_flag),
        breach("will_bits_without_will_accepted",
               {"v5/3.1.2-11", "v5/3.1.2-13", "v3/3.1.2-11", "v3/3.1.2-13", "v3/3.1.2-15"},
               "Will QoS and Will Retain may be set without the Will Flag")
            .ask(will_bits_without_will),
        breach("will_qos_3_accepted", {"v5/u-3.1.2.6-1", "v3/3.1.2-14"},
               "Will QoS 3 is taken for 2")
            .ask(will_qos_3),
        breach("password_alone_accepted", {"v3/3.1.2-22"},
               "3.1.1 takes a password without a user name")
            .ask(password_alone),
        breach("empty_identifier_with_session", {"v3/3.1.3-7", "v3/3.1.3-8"},
               "an empty identifier is accepted with Clean Session 0")
            .ask(empty_id_with_session),
        breach("one_identifier_for_all", {"v5/3.1.3-6", "v5/3.2.2-16", "v3/3.1.3-6"},
               "all clients without an identifier get the same")
            .ask(same_id_for_all)
            .answer(report_same_id),
        breach("long_identifiers_refused", {"v5/3.1.3-5", "v3/3.1.3-5"},
               "identifiers of 23 characters are refused")
            .ask(refuse_long_ids),
        breach("malformed_connect_ignored",
               {"v5/3.1.4-1", "v5/3.1.2-9", "v5/3.1.2-16", "v5/3.1.2-17", "v5/3.1.2-18",
                "v5/3.1.2-19", "v5/3.1.3-3", "v3/3.1.4-1", "v3/3.1.2-18", "v3/3.1.2-19",
                "v3/3.1.2-20", "v3/3.1.2-21", "v3/3.1.3-3"},
               "a malformed CONNECT is passed over in silence")
            .ask(overlook_malformed_connect),
        breach("connack_for_malformed_connect", {"v3/3.1.4-1"},
               "3.1.1 answers a malformed CONNECT with CONNACK")
            .close(connack_for_malformed),
    };
}

parts rules_of_actions() {
    return {
        breach("no_takeover", {"v5/3.1.4-3", "v3/3.1.4-2"},
               "two clients with one identifier are connected at a time")
            .ask(no_takeover),
        breach("short_identifiers", {"v5/3.1.3-2", "v3/3.1.3-2"},
               "client identifiers with an equal beginning are the same")
            .ask(short_identifiers),
        breach("silent_takeover", {"v5/3.1.4-3"},
               "the older connection gets no DISCONNECT 0x8E before it is closed")
            .answer(silent_takeover)
            .noticed_as(verdict::lenient),
        breach("processed_after_refusal", {"v5/3.1.4-6", "v3/3.1.4-5"},
               "messages behind a refused CONNECT are published")
            .ask(process_after_refusal),
        breach("any_password_accepted", {"v5/3.1.4-2", "v3/u-3.1.4-2"},
               "a wrong password is as good as the right one")
            .ask(any_password),
        breach("silence_before_connect", {"v5/u-3.1.4-1", "v3/u-3.1.4-1"},
               "a connection without CONNECT stays open for ever")
            .close(hide_close_of_silence)
            .noticed_as(verdict::lenient),
        breach("keep_alive_ignored", {"v5/3.1.2-22", "v3/3.1.2-24"},
               "a silent client is never disconnected")
            .ask(set_in(packet_type::connect, "keep_alive", 0)),
        breach("keep_alive_halved", {"v5/3.1.2-22", "v3/3.1.2-24"},
               "clients are disconnected after half of their time")
            .ask(halve_keep_alive)
            .noticed_as(verdict::lenient),
        breach("keep_alive_0_counts", {"v5/3.1.2-22", "v3/3.1.2-24"},
               "keep alive 0 is taken for one second")
            .ask(keep_alive_0_counts),
        breach("secret_keep_alive", {"v5/3.2.2-22", "v5/3.1.2-22", "v3/3.1.2-24"},
               "the server uses a keep alive of its own and does not announce it")
            .ask(set_in(packet_type::connect, "keep_alive", 1)),
        breach("ping_unanswered", {"v5/3.12.4-1", "v3/3.12.4-1"}, "PINGREQ is not answered")
            .answer(lose(packet_type::pingresp)),
    };
}

// ---- Enhanced authentication ------------------------------------------------------------------

void continue_with_0x19(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::auth) && what.number("reason") == 0x18) {
        what.set("reason", 0x19);
    }
}

void other_method(breaking_world &, channel &, parcel &what) {
    if ((what.is(packet_type::auth) || what.is(packet_type::connack)) &&
        what.has("authentication_method")) {
        what.set_text("authentication_method", "OTHER");
    }
}

void auth_for_everyone(breaking_world &at, channel &to, parcel &what) {
    if (what.is(packet_type::connack) && to.version == 5 && what.number("reason") == 0 &&
        to.connect.find("authentication_method") == nullptr) {
        at.follow(to, {packet_type::auth,
                       {{"reason", value::of(uint64_t{0x18})},
                        {"authentication_method", value::of(std::string("ELLA-ECHO"))}}});
    }
}

void unknown_method_accepted(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && what.text("authentication_method") != "ELLA-ECHO") {
        what.remove("authentication_method");
        what.remove("authentication_data");
    }
}

void auth_without_method(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::auth) && from.connect.find("authentication_method") == nullptr) {
        what.drop();
    }
}

void others_during_exchange(breaking_world &, channel &from, parcel &what) {
    const bool exchanging = from.connect.find("authentication_method") != nullptr;
    if (exchanging && !from.accepted && !what.is(packet_type::auth) &&
        !what.is(packet_type::connect) && !what.is(packet_type::disconnect)) {
        what.drop();
    }
}

void methods_and_reasons_ignored(breaking_world &, channel &, parcel &what) {
    const bool nameless = !what.has("authentication_method");
    if (what.is(packet_type::auth) && (nameless || !what.problems.empty())) {
        what.drop();
    }
}

// What the client continues with, it is taken for the right thing.
void any_auth_continues(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::auth)) {
        what.set("reason", from.accepted ? what.number("reason") : 0x18);
        what.set_text("authentication_method", "ELLA-ECHO");
    }
}

void data_without_method_ignored(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) && what.has("authentication_data") &&
        !what.has("authentication_method")) {
        what.remove("authentication_data");
    }
}

bool hide_failed_authentication(breaking_world &, channel &on) {
    return on.connect.find("authentication_method") == nullptr || on.said_goodbye;
}

parts rules_of_authentication() {
    return {
        breach("challenge_with_wrong_reason", {"v5/4.12.0-2"},
               "the server asks for more with AUTH 0x19")
            .answer(continue_with_0x19),
        breach("other_method_in_answers", {"v5/4.12.0-5"},
               "AUTH and CONNACK name another method than CONNECT")
            .answer(other_method),
        breach("auth_for_everyone", {"v5/4.12.0-6"},
               "clients that named no method get AUTH all the same")
            .answer(auth_for_everyone),
        breach("unknown_method_accepted", {"v5/4.12.0-1"},
               "an unknown method is accepted without authentication")
            .ask(unknown_method_accepted),
        breach("auth_without_method_ignored", {"v5/4.12.0-7", "v5/u-3.15-1"},
               "AUTH of a client without a method is passed over in silence")
            .ask(auth_without_method),
        breach("packets_during_authentication", {"v5/3.1.2-30"},
               "other packets before CONNACK are passed over in silence")
            .ask(others_during_exchange),
        breach("bad_auth_ignored",
               {"v5/3.15.2-1", "v5/u-3.15.2.2.2-1", "v5/u-3.15.2.2.3-1", "v5/u-3.15.2.2.4-2"},
               "malformed AUTH packets are passed over in silence")
            .ask(methods_and_reasons_ignored),
        breach("any_auth_continues", {"v5/4.12.0-3", "v5/4.12.0-5", "v5/4.12.1-1", "v5/u-3.15-1"},
               "reason and method of a client's AUTH do not matter")
            .ask(any_auth_continues),
        breach("authentication_data_alone", {"v5/u-3.1.2.11.10-1"},
               "Authentication Data without a method is ignored")
            .ask(data_without_method_ignored),
        breach("open_after_failed_authentication", {"v5/4.12.0-4", "v5/4.12.1-2"},
               "the connection stays open after a failed authentication")
            .close(hide_failed_authentication),
    };
}

} // namespace

parts rules_of_connect() {
    parts all = rules_of_flags_and_names();
    for (auto *section : {rules_of_actions, rules_of_connack, rules_of_authentication}) {
        for (breach &each : section()) {
            all.push_back(std::move(each));
        }
    }
    return all;
}

} // namespace conformance
