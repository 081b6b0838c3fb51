// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Breaches of the rules for sessions, wills and DISCONNECT.

#include "conformance/selftest/rules.h"

namespace conformance {
namespace {

constexpr uint64_t never_expires = 0xFFFFFFFF;
constexpr uint64_t session_lasts_ms = 1500;
constexpr uint64_t retained_last_ms = 60 * 1000;
constexpr uint64_t late_s = 5;

using parts = std::vector<breach>;

void end_session_with_connection(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::connect) || what.is(packet_type::disconnect)) {
        what.remove("session_expiry_interval");
    }
}

void keep_session_for_ever(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::connect) && from.version == 5) {
        what.set("session_expiry_interval", never_expires);
    } else if (what.is(packet_type::disconnect)) {
        what.remove("session_expiry_interval");
    }
}

void note_resumption(breaking_world &at, channel &to, parcel &what) {
    if (what.is(packet_type::connack) && what.number("session_present") == 1) {
        to.numbers["resumed_ms"] = at.now_ms();
    }
}

// What waited for the session comes with its CONNACK.
void lose_offline_messages(breaking_world &at, channel &to, parcel &what) {
    note_resumption(at, to, what);
    if (what.is(packet_type::publish) && to.numbers.count("resumed_ms") != 0 &&
        to.numbers["resumed_ms"] == at.now_ms()) {
        what.drop();
    }
}

void forget_after_a_while(breaking_world &at, channel &to, parcel &what) {
    if (what.is(packet_type::connack)) {
        to.numbers["connected_ms"] = at.now_ms();
    } else if (what.is(packet_type::publish) &&
               at.now_ms() - to.numbers["connected_ms"] > session_lasts_ms) {
        what.drop();
    }
}

void forget_retained_after_a_while(breaking_world &at, channel &, parcel &what) {
    if (what.is(packet_type::publish) && what.number("retain") == 1 &&
        at.now_ms() > retained_last_ms) {
        what.drop();
    }
}

void note_retained_topics(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::publish) && what.number("retain") == 1) {
        from.packets[what.text("topic")] = what.content;
    }
}

void clear_retained_topics(breaking_world &at, channel &on) {
    for (const auto &[topic, message] : on.packets) {
        parcel empty;
        empty.content = message;
        empty.set_text("payload", "");
        at.publish(empty.content);
    }
}

void late_will(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::connect) && from.version == 5 && what.has("will_topic")) {
        what.set("will_delay_interval", what.number("will_delay_interval") + late_s);
        what.set("session_expiry_interval", what.number("session_expiry_interval") + late_s);
    }
}

// The rest of the will's fields are of no use without its topic.
void strip_will(breaking_world &, channel &, parcel &what) {
    if (!what.is(packet_type::connect)) {
        return;
    }
    std::vector<std::string> names;
    for (const field &each : what.content.fields) {
        if (each.name.rfind("will_", 0) == 0) {
            names.push_back(each.name);
        }
    }
    for (const std::string &name : names) {
        what.remove(name);
    }
}

// The broker sees a broken connection where the client has said goodbye.
void goodbye_is_no_end(breaking_world &at, channel &from, parcel &what) {
    if (what.is(packet_type::disconnect) && what.number("reason") == 0) {
        at.end(from);
    }
}

// A CONNECT without a will has the last will of its client.
void keep_old_will(breaking_world &at, channel &, parcel &what) {
    if (!what.is(packet_type::connect)) {
        return;
    }
    const std::string name = "will of " + what.text("id");
    if (what.has("will_topic")) {
        at.packets[name] = what.content;
    } else if (at.packets.count(name) != 0) {
        for (const field &each : at.packets[name].fields) {
            if (each.name.rfind("will_", 0) == 0) {
                what.content.fields.push_back(each);
            }
        }
        what.changed = true;
    }
}

void set_will(parcel &what, std::string_view name, uint64_t number) {
    if (what.is(packet_type::connect) && what.has("will_topic")) {
        what.set(name, number);
    }
}

void will_never_retained(breaking_world &, channel &, parcel &what) {
    set_will(what, "will_retain", 0);
}

void will_always_retained(breaking_world &, channel &, parcel &what) {
    set_will(what, "will_retain", 1);
}

void will_at_qos_0(breaking_world &, channel &, parcel &what) {
    set_will(what, "will_qos", 0);
}

void will_properties_reversed(breaking_world &, channel &, parcel &what) {
    if (!what.is(packet_type::connect) || !what.has("will_user_property")) {
        return;
    }
    std::vector<value> values;
    for (const field &each : what.content.fields) {
        if (each.name == "will_user_property") {
            values.push_back(each.value);
        }
    }
    for (field &each : what.content.fields) {
        if (each.name == "will_user_property") {
            each.value = values.back();
            values.pop_back();
        }
    }
    what.changed = true;
}

bool hide_close_after_goodbye(breaking_world &, channel &on) {
    return !on.said_goodbye;
}

void talk_after_disconnect(breaking_world &at, channel &to, parcel &what) {
    if (what.is(packet_type::disconnect)) {
        at.follow(to, packet_of(packet_type::pingresp));
    }
}

void undefined_disconnect_reason(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::disconnect)) {
        what.set("reason", 0x7F);
    }
}

void unspecific_reason(breaking_world &, channel &, parcel &what) {
    if (what.is(packet_type::disconnect)) {
        what.set("reason", 0x80);
    }
}

bool disconnect_in_3_1_1(breaking_world &at, channel &on) {
    if (on.version < 5 && on.accepted && !on.said_goodbye) {
        at.give_bytes(on, std::string("\xE0\x00", 2));
    }
    return true;
}

void raised_expiry_accepted(breaking_world &, channel &from, parcel &what) {
    if (what.is(packet_type::disconnect) && what.number("session_expiry_interval") > 0 &&
        from.connect.number("session_expiry_interval") == 0) {
        what.remove("session_expiry_interval");
    }
}

parts rules_of_state() {
    return {
        breach("clean_start_ignored", {"v5/3.1.2-4", "v5/3.1.4-4", "v3/3.1.2-6", "v3/3.1.4-3"},
               "Clean Start 1 resumes the stored session")
            .ask(set_in(packet_type::connect, "clean_start", 0)),
        breach("session_not_resumed", {"v5/3.1.2-5", "v3/3.1.2-4"},
               "Clean Start 0 begins a new session")
            .ask(set_in(packet_type::connect, "clean_start", 1)),
        breach("session_ends_with_connection", {"v5/3.1.2-23"},
               "the Session Expiry Interval counts as 0")
            .ask(end_session_with_connection),
        breach("session_never_expires", {"v5/4.1.0-2"},
               "the Session Expiry Interval counts as endless")
            .ask(keep_session_for_ever),
        breach("session_forgotten_while_connected", {"v5/4.1.0-1", "v3/4.1.0-2"},
               "subscriptions have no effect a second and a half after CONNECT")
            .answer(forget_after_a_while),
        breach("retained_forgotten", {"v3/u-4.1-1"}, "retained messages are gone after a minute")
            .answer(forget_retained_after_a_while)
            .noticed_as(verdict::lenient),
        breach("retained_end_with_session", {"v3/3.1.2-7"},
               "retained messages go with the connection of their publisher")
            .ask(note_retained_topics)
            .leave(clear_retained_topics),
        breach("offline_messages_lost", {"v5/3.1.2-5", "v5/4.5.0-1", "v3/3.1.2-5", "v3/4.5.0-1"},
               "messages for a session that is away are not kept")
            .answer(lose_offline_messages),
    };
}

parts rules_of_wills() {
    return {
        breach("will_never_published", {"v5/3.1.2-7", "v5/3.1.2-8", "v3/3.1.2-8", "v3/3.1.2-9"},
               "wills are not published")
            .ask(strip_will),
        breach("will_after_disconnect",
               {"v5/3.1.2-10", "v5/3.14.4-3", "v3/3.1.2-10", "v3/3.14.4-3"},
               "the will is published after a normal DISCONNECT")
            .ask(goodbye_is_no_end),
        breach("will_stays", {"v5/3.1.2-10", "v3/3.1.2-10", "v3/3.1.2-12"},
               "a published will is published again for the next connection")
            .ask(keep_old_will),
        breach("will_late", {"v5/u-3.1.2.5-1", "v5/3.1.2-8"},
               "the will comes five seconds after its time")
            .ask(late_will)
            .noticed_as(verdict::lenient),
        breach("will_delay_ignored", {"v5/3.1.2-8", "v5/3.1.3-9"},
               "the will does not wait for its delay")
            .ask(strip_from(packet_type::connect, "will_delay_interval")),
        breach("will_not_retained", {"v5/3.1.2-15", "v5/3.2.2-13", "v3/3.1.2-17"},
               "Will Retain counts as 0")
            .ask(will_never_retained),
        breach("will_always_retained", {"v5/3.1.2-14", "v3/3.1.2-16"}, "Will Retain counts as 1")
            .ask(will_always_retained),
        breach("will_at_qos_0", {"v5/3.1.2-12", "v5/3.2.2-12", "v3/3.1.2-9"},
               "Will QoS counts as 0")
            .ask(will_at_qos_0),
        breach("will_without_user_properties", {"v5/3.1.3-10"},
               "the will comes without its User Properties")
            .ask(strip_from(packet_type::connect, "will_user_property")),
        breach("will_user_properties_reversed", {"v5/3.1.3-10"},
               "User Properties of the will come in the opposite order")
            .ask(will_properties_reversed),
    };
}

parts rules_of_disconnect() {
    return {
        breach("open_after_goodbye", {"v5/u-3.14.4-1", "v3/u-3.14.4-1"},
               "the server does not close after DISCONNECT")
            .close(hide_close_after_goodbye)
            .noticed_as(verdict::lenient),
        breach("talks_after_disconnect", {"v5/3.14.4-1"},
               "the server sends a packet behind its DISCONNECT")
            .answer(talk_after_disconnect),
        breach("open_after_error",
               {"v5/4.13.1-1", "v5/4.13.2-1", "v5/3.14.4-2", "v3/4.8.0-1", "v3/2.2.2-2"},
               "the connection stays open after an error of the client")
            .close(hide_close_after_error),
        breach("closes_without_reason", {"v5/u-4.13.1-8", "v5/u-3.2.2.3.5-3"},
               "the server closes without a DISCONNECT that says why")
            .answer(lose(packet_type::disconnect))
            .noticed_as(verdict::lenient),
        breach("unspecific_reasons", {"v5/u-4.13.1-9"}, "every DISCONNECT has the reason 0x80")
            .answer(unspecific_reason)
            .noticed_as(verdict::lenient),
        breach("undefined_disconnect_reason", {"v5/3.14.2-1"},
               "every DISCONNECT of the server has the reason 0x7F")
            .answer(undefined_disconnect_reason),
        breach("disconnect_with_session_expiry", {"v5/3.14.2-2"},
               "a server's DISCONNECT has a Session Expiry Interval")
            .answer(set_in(packet_type::disconnect, "session_expiry_interval", 1)),
        breach("disconnect_in_3_1_1", {"v3/4.8.0-1"},
               "3.1.1 clients are sent a DISCONNECT before the server closes")
            .close(disconnect_in_3_1_1),
        breach("raised_expiry_accepted", {"v5/u-3.14.2.2.2-2", "v5/u-3.14.2.2.2-3"},
               "a DISCONNECT may raise a Session Expiry Interval of 0")
            .ask(raised_expiry_accepted),
    };
}

} // namespace

parts rules_of_sessions() {
    parts all = rules_of_state();
    for (auto *section : {rules_of_wills, rules_of_disconnect}) {
        for (breach &each : section()) {
            all.push_back(std::move(each));
        }
    }
    return all;
}

} // namespace conformance
