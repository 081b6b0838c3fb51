// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// CONNECT, its answers, authentication, keep alive and how connections end. Stories of a few
// clients and one core.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

using Lines = std::vector<std::string>;

Bytes raw(const std::string &s) {
    return Bytes(s.begin(), s.end());
}

// ---- What comes first -----------------------------------------------------------------------

//= v5/3.1.0-1 v5/4.13.1-1 v5/3.14.0-1 v5/3.2.0-1 test
//= v3/3.1.0-1 v3/4.8.0-1 v3/3.2.0-1 test
TEST(Connect, NothingElseIsAnsweredFirst) {
    World world;
    for (ella_version version : {ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        Client a(world, version);
        a.send_bytes({0xC0, 0x00});
        EXPECT_EQ(a.next(), "closed");
    }
}

//= v5/3.1.0-2 v5/3.2.0-2 test
//= v3/3.1.0-2 test
TEST(Connect, ASecondOneEndsTheConnectionAndTheWillGoesOut) {
    for (ella_version version : {ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        World world;
        Client a(world, version), b(world);
        b.connect("b");
        b.subscribe("w");
        ConnectOptions o;
        o.will = Will{"w", "gone"};
        a.connect("a", o);
        a.send_connect("a");
        EXPECT_EQ(a.all(), version == ELLA_VERSION_5_0 ? Lines{"DISCONNECT 82"} : Lines{});
        EXPECT_EQ(a.next(), "closed");
        EXPECT_EQ(b.next(), "PUBLISH w 'gone' q0");
    }
}

//= v5/u-3.1.4-1 test
//= v3/u-3.1.4-1 test
TEST(Connect, MustComeInTime) {
    World world;
    Client a(world);
    world.advance(9999);
    EXPECT_FALSE(a.closed_by_core);
    world.advance(1);
    EXPECT_EQ(a.next(), "closed");
    EXPECT_EQ(world.count(STAT_CONNECTIONS_REFUSED), 1u);
}

// ---- Refusals -------------------------------------------------------------------------------

//= v5/3.1.2-2 v5/3.1.4-1 v5/3.2.2-7 test
//= v3/3.1.2-2 v3/3.1.4-1 v3/3.2.2-4 v3/3.2.2-5 v3/3.2.2-6 test
TEST(Connect, MalformedIsAnsweredWhereTheVersionAllowsIt) {
    World world;
    Client unknown(world, ELLA_VERSION_3_1_1), three(world, ELLA_VERSION_3_1_1), five(world);
    // level 9
    unknown.send_bytes(raw(std::string("\x10\x0d\x00\x04MQTT\x09\x02\x00\x00\x00\x01x", 15)));
    EXPECT_EQ(unknown.next(), "CONNACK new 01");
    EXPECT_EQ(unknown.next(), "closed");
    // reserved flag
    three.send_bytes(raw(std::string("\x10\x0d\x00\x04MQTT\x04\x03\x00\x00\x00\x01x", 15)));
    EXPECT_EQ(three.next(), "closed");
    five.send_bytes(raw(std::string("\x10\x0e\x00\x04MQTT\x05\x03\x00\x00\x00\x00\x01x", 16)));
    EXPECT_EQ(five.next(), "CONNACK new 81");
    EXPECT_EQ(five.next(), "closed");
    EXPECT_EQ(world.count(STAT_PROTOCOL_ERRORS), 3u);
}

TEST(Connect, AListenerMayAcceptSomeVersionsOnly) {
    World world;
    world.listener.version_accepted[3] = false;
    world.listener.version_accepted[5] = false;
    Client old(world, ELLA_VERSION_3_1), three(world, ELLA_VERSION_3_1_1), five(world);
    EXPECT_EQ(old.connect("a").line(), "CONNACK new 01");
    EXPECT_EQ(three.connect("b").line(), "CONNACK new 00");
    EXPECT_EQ(five.connect("c").line(), "CONNACK new 84");
    EXPECT_EQ(five.next(), "closed");
}

//= v3/3.1.3-5 v3/3.1.3-6 v3/3.1.3-8 v3/3.1.3-9 test
TEST(Connect, AnEmptyClientIdentifierBeforeFive) {
    World world;
    Client lasting(world, ELLA_VERSION_3_1_1), a(world, ELLA_VERSION_3_1_1),
        b(world, ELLA_VERSION_3_1_1), oldest(world, ELLA_VERSION_3_1);
    ConnectOptions o;
    o.clean = false;
    EXPECT_EQ(lasting.connect("", o).line(), "CONNACK new 02");
    EXPECT_EQ(lasting.next(), "closed");
    EXPECT_EQ(a.connect("").line(), "CONNACK new 00");
    EXPECT_EQ(b.connect("").line(), "CONNACK new 00");
    EXPECT_FALSE(a.closed_by_core); // they do not take each other over
    EXPECT_EQ(oldest.connect("").line(), "CONNACK new 02");
}

//= v5/3.1.3-6 v5/3.1.3-7 v5/3.2.2-16 v5/3.1.3-8 test
TEST(Connect, AnEmptyClientIdentifierInFiveIsAssignedAndCanBeUsedAgain) {
    World world;
    Client a(world), b(world);
    ConnectOptions o;
    o.clean = false;
    o.properties = expiry(100);
    Packet first = a.connect("", o);
    Packet second = b.connect("", o);
    const std::string id = text(first.properties().assigned_client_identifier);
    EXPECT_EQ(id.substr(0, 5), "auto-");
    EXPECT_NE(id, text(second.properties().assigned_client_identifier));
    a.drop();
    a.open();
    Packet again = a.resume(id);
    EXPECT_EQ(again.line(), "CONNACK present 00");
    EXPECT_FALSE(again.has(ELLA_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER));
    world.listener.allow_zero_length_client_id = false;
    Client c(world);
    EXPECT_EQ(c.connect("").line(), "CONNACK new 85");
}

TEST(Connect, ThePrefixOfAssignedIdentifiersCanBeChosen) {
    const std::string longest(CORE_AUTO_ID_PREFIX_LEN_MAX, 'p');
    for (const std::string &prefix : {std::string(), std::string("dev-"), longest}) {
        World world([&](core_limits &l) { std::strcpy(l.auto_id_prefix, prefix.c_str()); });
        Client a(world);
        const std::string id = text(a.connect("").properties().assigned_client_identifier);
        EXPECT_EQ(id.substr(0, prefix.size()), prefix);
        EXPECT_EQ(id.size(), prefix.size() + 32);
    }
}

//= v5/3.2.2-12 v5/3.2.2-13 test
TEST(Connect, AWillBeyondTheCapabilitiesIsRefused) {
    World world([](core_limits &l) { l.retain_available = false; });
    world.listener.maximum_qos = 0;
    Client a(world), b(world), c(world), d(world, ELLA_VERSION_3_1_1);
    ConnectOptions qos, retain, sys;
    qos.will = Will{"w", "x", 1};
    retain.will = Will{"w", "x", 0, true};
    sys.will = Will{"$SYS/x", "x"};
    EXPECT_EQ(a.connect("a", qos).line(), "CONNACK new 9b");
    EXPECT_EQ(b.connect("b", retain).line(), "CONNACK new 9a");
    EXPECT_EQ(c.connect("c", sys).line(), "CONNACK new 90");
    EXPECT_EQ(d.connect("d", sys).line(), "CONNACK new 05");
}

//= v5/3.1.4-2 v5/3.1.4-6 v5/3.2.2-6 v5/3.2.2-8 test
//= v3/3.1.4-5 v3/u-3.1.4-2 test
TEST(Connect, WhoIsRefusedIsNotListenedToAnyMore) {
    World world;
    Client watcher(world);
    watcher.connect("watcher");
    watcher.subscribe("#");
    world.authenticator = [](const core_effect &e) {
        core_auth_result r{};
        r.status = CORE_AUTH_REFUSE;
        r.reason_code = text(e.password) == "bad" ? 0x86 : 0x87;
        return std::optional<core_auth_result>(r);
    };
    const uint8_t codes[][2] = {{0x86, 0x87}, {0x04, 0x05}};
    for (ella_version version : {ELLA_VERSION_5_0, ELLA_VERSION_3_1_1}) {
        Client a(world, version), b(world, version);
        ConnectOptions o;
        o.user = "u";
        o.password = "bad";
        const uint8_t *code = codes[version == ELLA_VERSION_5_0 ? 0 : 1];
        EXPECT_EQ(a.connect("a", o).line(), "CONNACK new " + hex(code[0]));
        EXPECT_EQ(a.next(), "closed");
        o.password = "worse";
        EXPECT_EQ(b.connect("b", o).line(), "CONNACK new " + hex(code[1]));
    }
    // CONNECT and PUBLISH in one write
    Client c(world);
    c.send_bytes(raw(std::string("\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01x"
                                 "\x30\x04\x00\x01t\x00",
                                 22)));
    EXPECT_EQ(c.next(), "CONNACK new 87");
    EXPECT_EQ(c.next(), "closed");
    EXPECT_EQ(watcher.next(), "nothing");
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 1u);
}

TEST(Connect, WhatIsPipelinedWaitsForTheVerdict) {
    World world;
    core_effect question{};
    world.authenticator = [&](const core_effect &e) {
        question = e;
        return std::optional<core_auth_result>();
    };
    Client a(world);
    ConnectOptions o;
    o.user = "ann";
    o.password = "secret";
    a.send_connect("a", o);
    EXPECT_EQ(text(question.client_id), "a");
    EXPECT_EQ(text(question.user_name), "ann");
    EXPECT_EQ(text(question.password), "secret");
    EXPECT_FALSE(a.accepts());
    a.simple(ELLA_PINGREQ);
    EXPECT_EQ(a.next(), "nothing");
    world.answer(a.slot, core_auth_result{});
    EXPECT_EQ(a.all(), (Lines{"CONNACK new 00", "PINGRESP"}));
    EXPECT_EQ(text(core_client_id(world.core(), a.slot)), "a");
}

TEST(Connect, AVerdictThatComesTooLateIsIgnored) {
    World world;
    world.authenticator = [](const core_effect &) { return std::optional<core_auth_result>(); };
    Client a(world);
    a.send_connect("a");
    world.advance(10000);
    EXPECT_EQ(a.next(), "CONNACK new 89");
    EXPECT_EQ(a.next(), "closed");
    Client b(world);
    b.send_connect("b");
    world.answer(b.slot, core_auth_result{});
    world.answer(b.slot, core_auth_result{});
    EXPECT_EQ(b.all(), (Lines{"CONNACK new 00"}));
}

TEST(Connect, TheJudgeMayGiveAnotherName) {
    World world;
    world.authenticator = [](const core_effect &) {
        core_auth_result r{};
        r.has_user_name = true;
        r.user_name = ella_slice_of("cn=ann", 6);
        return std::optional<core_auth_result>(r);
    };
    std::string asked;
    world.policy = [&](const core_question &q) {
        asked = text(q.user_name);
        return q.has_user_name;
    };
    Client a(world);
    a.connect("a");
    a.publish("t", "x");
    EXPECT_EQ(asked, "cn=ann");
}

// ---- What CONNACK says ----------------------------------------------------------------------

//= v5/3.1.2-28 v5/3.2.2-9 v5/3.2.2-10 v5/3.2.2-22 test
TEST(Connack, TellsWhatIsLimitedAndNothingElse) {
    World world;
    Client a(world);
    Packet plain = a.connect("a");
    EXPECT_EQ(plain.properties().receive_maximum, 1000);
    EXPECT_EQ(plain.properties().maximum_packet_size, 2000000u);
    for (ella_property_id id :
         {ELLA_PROPERTY_MAXIMUM_QOS, ELLA_PROPERTY_RETAIN_AVAILABLE,
          ELLA_PROPERTY_SERVER_KEEP_ALIVE, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL,
          ELLA_PROPERTY_ASSIGNED_CLIENT_IDENTIFIER, ELLA_PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE,
          ELLA_PROPERTY_RESPONSE_INFORMATION, ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE,
          ELLA_PROPERTY_REASON_STRING, ELLA_PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE,
          ELLA_PROPERTY_AUTHENTICATION_METHOD})
        EXPECT_FALSE(plain.has(id)) << ella_property_name(id);
    world.configure([](core_limits &l) {
        l.max_keepalive_s = 60;
        l.session_expiry_max_s = 100;
        l.wildcard_subscription_available = false;
        l.subscription_identifier_available = false;
        l.shared_subscription_available = false;
        std::strcpy(l.response_information, "answers/");
    });
    world.listener.maximum_qos = 1;
    Client b(world);
    ConnectOptions o;
    o.keep_alive = 61;
    o.properties = expiry(101) + [](ella_properties &p) {
        ella_property_set(&p, ELLA_PROPERTY_REQUEST_RESPONSE_INFORMATION);
        p.request_response_information = 1;
    };
    Packet all = b.connect("b", o);
    EXPECT_EQ(all.properties().server_keep_alive_s, 60);
    EXPECT_EQ(all.properties().session_expiry_interval_s, 100u);
    EXPECT_EQ(all.properties().maximum_qos, 1);
    EXPECT_EQ(text(all.properties().response_information), "answers/");
    EXPECT_TRUE(all.has(ELLA_PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE));
    EXPECT_EQ(all.properties().wildcard_subscription_available, 0);
    EXPECT_TRUE(all.has(ELLA_PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE));
    EXPECT_TRUE(all.has(ELLA_PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE));
    EXPECT_EQ(b.subscribe("t", 2), "SUBACK #1000 01");
    // Keep alive 0 is longer than any maximum.
    Client c(world);
    EXPECT_EQ(c.connect("c").properties().server_keep_alive_s, 60);
}

// ---- Take-over ------------------------------------------------------------------------------

//= v5/3.1.4-3 v5/3.14.4-1 v5/3.14.4-2 v5/3.14.2-1 v5/3.14.2-2 test
//= v3/3.1.4-2 test
TEST(TakeOver, TheOlderConnectionIsClosed) {
    World world;
    Client a(world), b(world, ELLA_VERSION_3_1_1), c(world);
    a.connect("same");
    EXPECT_EQ(b.connect("same").line(), "CONNACK new 00");
    EXPECT_EQ(a.next(), "DISCONNECT 8e");
    EXPECT_EQ(a.next(), "closed");
    EXPECT_EQ(c.connect("same").line(), "CONNACK new 00");
    EXPECT_EQ(b.next(), "closed");
    EXPECT_EQ(world.count(STAT_CONNECTIONS_TAKEN_OVER), 2u);
    EXPECT_EQ(world.count(STAT_CLIENTS_TOTAL), 1u);
}

// ---- Keep alive -----------------------------------------------------------------------------

//= v5/3.1.2-22 test
//= v3/3.1.2-24 test
TEST(KeepAlive, SilenceForOneAndAHalfTimesIsTheEnd) {
    for (ella_version version : {ELLA_VERSION_3_1_1, ELLA_VERSION_5_0}) {
        World world;
        Client a(world, version), b(world);
        b.connect("b");
        b.subscribe("w");
        ConnectOptions o;
        o.keep_alive = 10;
        o.will = Will{"w", "gone"};
        a.connect("a", o);
        world.advance(14000);
        a.simple(ELLA_PINGREQ);
        EXPECT_EQ(a.next(), "PINGRESP");
        world.advance(14999);
        EXPECT_EQ(b.next(), "nothing");
        world.advance(1);
        EXPECT_EQ(a.all(), version == ELLA_VERSION_5_0 ? Lines{"DISCONNECT 8d"} : Lines{});
        EXPECT_EQ(a.next(), "closed");
        EXPECT_EQ(b.next(), "PUBLISH w 'gone' q0");
        EXPECT_EQ(world.count(STAT_KEEP_ALIVE_TIMEOUTS), 1u);
    }
}

TEST(KeepAlive, HalfAPacketAndWhatIsSentToItAreNoSignOfLife) {
    World world;
    Client a(world), b(world);
    ConnectOptions o;
    o.keep_alive = 10;
    a.connect("a", o);
    b.connect("b");
    a.subscribe("t");
    world.advance(10000);
    a.send_bytes({0xC0});
    b.publish("t", "x");
    world.advance(5000);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t 'x' q0", "DISCONNECT 8d"}));
}

TEST(KeepAlive, ZeroIsForEver) {
    World world;
    Client a(world);
    a.connect("a");
    world.advance(1000000000);
    EXPECT_FALSE(a.closed_by_core);
    EXPECT_EQ(core_deadline_ms(world.core()), UINT64_MAX);
}

//= v5/3.12.4-1 test
//= v3/3.12.4-1 test
TEST(Ping, IsAnswered) {
    World world;
    Client a(world, ELLA_VERSION_3_1);
    a.connect("a");
    a.simple(ELLA_PINGREQ);
    EXPECT_EQ(a.next(), "PINGRESP");
}

// ---- Enhanced authentication ----------------------------------------------------------------

ConnectOptions method(const std::string &name, const std::string &data) {
    ConnectOptions o;
    o.properties = [name, data](ella_properties &p) {
        static std::string n, d;
        n = name;
        d = data;
        ella_property_set(&p, ELLA_PROPERTY_AUTHENTICATION_METHOD);
        p.authentication_method = slice(n);
        ella_property_set(&p, ELLA_PROPERTY_AUTHENTICATION_DATA);
        p.authentication_data = slice(d);
    };
    return o;
}

// Says "who" to "hello", accepts "me" with "welcome", refuses the rest.
std::optional<core_auth_result> riddle(const core_effect &e) {
    core_auth_result r{};
    const std::string data = text(e.authentication_data);
    r.status = data == "hello" ? CORE_AUTH_CONTINUE
               : data == "me"  ? CORE_AUTH_ACCEPT
                               : CORE_AUTH_REFUSE;
    r.reason_code = text(e.authentication_method) == "RIDDLE" ? 0x87 : 0x8C;
    r.data = data == "hello" ? ella_slice_of("who", 3) : ella_slice_of("welcome", 7);
    return r;
}

//= v5/4.12.0-2 v5/4.12.0-3 v5/4.12.0-5 v5/3.15.2-1 test
TEST(Auth, GoesByTurnsUntilConnack) {
    World world;
    world.authenticator = riddle;
    Client a(world);
    a.send_connect("a", method("RIDDLE", "hello"));
    Packet challenge = a.take(ELLA_AUTH);
    EXPECT_EQ(challenge.line(), "AUTH 18");
    EXPECT_EQ(text(challenge.properties().authentication_method), "RIDDLE");
    EXPECT_EQ(text(challenge.properties().authentication_data), "who");
    a.auth(0x18, "RIDDLE", "me");
    Packet connack = a.take(ELLA_CONNACK);
    EXPECT_EQ(connack.line(), "CONNACK new 00");
    EXPECT_EQ(text(connack.properties().authentication_method), "RIDDLE");
    EXPECT_EQ(text(connack.properties().authentication_data), "welcome");
}

//= v5/4.12.0-1 v5/4.12.0-4 v5/4.12.0-6 v5/u-3.15-1 v5/3.1.2-30 test
TEST(Auth, FailuresEndTheConnection) {
    World world;
    world.authenticator = riddle;
    Client unknown(world), wrong(world), other(world), none(world), early(world);
    EXPECT_EQ(unknown.connect("1", method("MAGIC", "x")).line(), "CONNACK new 8c");
    wrong.send_connect("2", method("RIDDLE", "hello"));
    wrong.auth(0x18, "RIDDLE", "not me");
    EXPECT_EQ(wrong.all(), (Lines{"AUTH 18", "CONNACK new 87"}));
    other.send_connect("3", method("RIDDLE", "hello"));
    other.auth(0x18, "MAGIC", "me");
    EXPECT_EQ(other.all(), (Lines{"AUTH 18", "CONNACK new 82"}));
    early.send_connect("4", method("RIDDLE", "hello"));
    early.simple(ELLA_PINGREQ);
    EXPECT_EQ(early.all(), (Lines{"AUTH 18", "CONNACK new 82"}));
    world.authenticator = nullptr;
    none.connect("5");
    none.auth(0x19, "RIDDLE", "me");
    EXPECT_EQ(none.all(), (Lines{"DISCONNECT 82"}));
    for (Client *c : {&unknown, &wrong, &other, &early, &none})
        EXPECT_EQ(c->next(), "closed");
}

//= v5/4.12.1-1 v5/4.12.1-2 test
TEST(Auth, CanBeRepeatedWhileTheConnectionGoesOn) {
    World world;
    world.authenticator = riddle;
    Client a(world);
    a.connect("a", method("RIDDLE", "me"));
    a.auth(0x19, "RIDDLE", "hello");
    a.simple(ELLA_PINGREQ);
    a.auth(0x18, "RIDDLE", "me");
    EXPECT_EQ(a.all(), (Lines{"AUTH 18", "PINGRESP", "AUTH 00"}));
    a.auth(0x19, "RIDDLE", "somebody else");
    EXPECT_EQ(a.all(), (Lines{"DISCONNECT 87"}));
    EXPECT_EQ(a.next(), "closed");
}

//= v5/4.12.1-1 test
TEST(Auth, ARepetitionMayChangeWhoItIs) {
    World world;
    std::string user;
    world.policy = [&](const core_question &q) {
        user = text(q.user_name);
        return true;
    };
    world.authenticator = [](const core_effect &e) {
        core_auth_result r{};
        r.status = CORE_AUTH_ACCEPT;
        r.has_user_name = true;
        r.data = r.user_name = e.authentication_data; // parts of the question
        return std::optional<core_auth_result>(r);
    };
    Client a(world);
    a.connect("a", method("RIDDLE", "first"));
    a.publish("t", "x");
    EXPECT_EQ(user, "first");
    a.auth(0x19, "RIDDLE", "second");
    const Packet answer = a.take(ELLA_AUTH);
    EXPECT_EQ(answer.line(), "AUTH 00");
    EXPECT_EQ(text(answer.properties().authentication_data), "second");
    a.publish("t", "x");
    EXPECT_EQ(user, "second");
}

// ---- The end --------------------------------------------------------------------------------

TEST(Shutdown, IsToldToFive) {
    World world;
    Client a(world), b(world, ELLA_VERSION_3_1_1), c(world);
    a.connect("a");
    b.connect("b");
    world.shut_down();
    EXPECT_EQ(a.all(), (Lines{"DISCONNECT 8b"}));
    EXPECT_EQ(a.next(), "closed");
    EXPECT_EQ(b.next(), "closed");
    EXPECT_EQ(c.next(), "closed"); // had not said CONNECT
    EXPECT_EQ(world.count(STAT_CONNECTIONS), 0u);
}

//= v5/3.14.1-1 v5/4.13.1-1 v5/u-3.2.2.3.6-2 test
//= v3/2.2.2-2 v3/4.8.0-1 test
TEST(BadPacket, EndsTheConnectionWithItsReason) {
    World world([](core_limits &l) { l.max_packet_size_bytes = 64; });
    Client flags(world), large(world), old(world, ELLA_VERSION_3_1_1);
    flags.connect("1");
    large.connect("2");
    old.connect("3");
    flags.send_bytes({0xC1, 0x00});
    large.publish("t", std::string(100, 'x'));
    old.send_bytes({0xC1, 0x00});
    EXPECT_EQ(flags.next(), "DISCONNECT 81");
    EXPECT_EQ(flags.next(), "closed");
    EXPECT_EQ(large.next(), "DISCONNECT 95");
    EXPECT_EQ(old.next(), "closed");
}

TEST(Input, MayComeByteByByte) {
    World world;
    Client a(world);
    const Bytes all = raw(std::string("\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01x"
                                      "\xc0\x00\xc0\x00\xe0\x00",
                                      22));
    for (uint8_t byte : all)
        a.send_bytes({byte});
    EXPECT_EQ(a.all(), (Lines{"CONNACK new 00", "PINGRESP", "PINGRESP"}));
    EXPECT_EQ(a.next(), "closed");
}

} // namespace
