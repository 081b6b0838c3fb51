// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The language: what right files mean, and what is said about wrong ones and where.

#include "conformance/script.h"

#include <gtest/gtest.h>

namespace conformance {
namespace {

constexpr char file[] = "cases/v5/3.1.2_connect_flags.case";
constexpr char head[] = "case a\ncites v5/3.1.2-4\n";

script parse(const std::string &contents) {
    return script_parse(file, contents);
}

// Parses one case with these steps, which must be right.
std::vector<step> steps_of(const std::string &steps) {
    const script parsed = parse(head + steps);
    for (const std::string &error : parsed.errors) {
        ADD_FAILURE() << error;
    }
    return parsed.cases.empty() ? std::vector<step>() : parsed.cases[0].steps;
}

// The one error of a case with these steps, without the file's name.
std::string error_of(const std::string &steps) {
    const script parsed = parse(head + steps);
    if (parsed.errors.size() != 1) {
        return std::to_string(parsed.errors.size()) + " errors: " +
               (parsed.errors.empty() ? "" : parsed.errors[0] + " / " + parsed.errors.back());
    }
    const std::string start = std::string(file) + ":";
    EXPECT_EQ(parsed.errors[0].substr(0, start.size()), start);
    return parsed.errors[0].substr(start.size());
}

bool begins(const std::string &text, const std::string &start) {
    return text.compare(0, start.size(), start) == 0;
}

TEST(Script, TheExampleOfTheDesign) {
    const script parsed =
        parse("case  clean_start_discards_session\n"
              "cites v5/3.1.2-4 v5/3.2.2-2\n"
              "A > CONNECT version=5 clean_start=0 id=\"c1\" session_expiry=100\n"
              "A < CONNACK session_present=0 reason=0x00\n"
              "A close\n"
              "wait 1s\n"
              "A > CONNECT version=5 clean_start=1 id=\"c1\"\n"
              "A < CONNACK session_present=0\n");
    ASSERT_TRUE(parsed.errors.empty()) << parsed.errors[0];
    ASSERT_EQ(parsed.cases.size(), 1u);
    const test_case &only = parsed.cases[0];
    EXPECT_EQ(only.address(), "v5/3.1.2/clean_start_discards_session");
    EXPECT_EQ(only.cites, (std::vector<std::string>{"v5/3.1.2-4", "v5/3.2.2-2"}));
    EXPECT_EQ(only.version, 5u);
    ASSERT_EQ(only.steps.size(), 6u);
    EXPECT_EQ(only.steps[0].kind, step_kind::send);
    EXPECT_EQ(only.steps[0].pieces[0].packet.fields[3].name, "session_expiry_interval");
    EXPECT_EQ(only.steps[1].kind, step_kind::expect);
    EXPECT_EQ(only.steps[2].kind, step_kind::close);
    EXPECT_EQ(only.steps[3].duration_ms, 1000u);
    EXPECT_EQ(only.steps[5].line, 8u);
}

TEST(Script, HeadersComeBeforeSteps) {
    const script parsed = parse(
        "# comment\n\ncase one\ntitle \"A title, 100 %\"  # more\ncites v3/3.1.2-4\ncites "
        "v3/u-4.1-1\n"
        "needs qos1 acl\nversion 3.1\nalone\nwait 1ms\ncase two\ncites v3/1.5.3-1\nwait 1ms\n");
    ASSERT_TRUE(parsed.errors.empty()) << parsed.errors[0];
    ASSERT_EQ(parsed.cases.size(), 2u);
    EXPECT_EQ(parsed.cases[0].title, "A title, 100 %");
    EXPECT_EQ(parsed.cases[0].cites.size(), 2u);
    EXPECT_EQ(parsed.cases[0].needs, (std::vector<std::string>{"qos1", "acl"}));
    EXPECT_EQ(parsed.cases[0].version, 3u);
    EXPECT_TRUE(parsed.cases[0].alone);
    EXPECT_EQ(parsed.cases[1].version, 4u);
    EXPECT_FALSE(parsed.cases[1].alone);
}

TEST(Script, EveryStepParses) {
    const std::vector<step> steps =
        steps_of("A open\nA close\nA abort\nA connect id=\"x\"\nA subscribe filter=\"a\" qos=1\nA "
                 "unsubscribe filter=\"a\"\n"
                 "A publish topic=\"t\" qos=2\nA receive topic=\"t\" within 2s\nA disconnect "
                 "reason=0x04\nA ping\n"
                 "A ignore PUBLISH retain=1\nA drain 300ms\nwait 2m\nrepeat 3 as $i {\nA ping\n}\n"
                 "A < unordered {\nPINGRESP\nPUBLISH\n} within 2s\noptional A < PINGRESP\neither "
                 "A B as W L < PINGRESP\n");
    const std::vector<step_kind> kinds = {
        step_kind::open,       step_kind::close,       step_kind::abort,     step_kind::connect,
        step_kind::subscribe,  step_kind::unsubscribe, step_kind::publish,   step_kind::receive,
        step_kind::disconnect, step_kind::ping,        step_kind::ignore,    step_kind::drain,
        step_kind::wait,       step_kind::repeat,      step_kind::unordered, step_kind::expect,
        step_kind::expect};
    ASSERT_EQ(steps.size(), kinds.size());
    for (size_t i = 0; i < kinds.size(); i++) {
        EXPECT_EQ(steps[i].kind, kinds[i]) << i;
    }
    EXPECT_EQ(steps[7].within_ms, 2000u);
    EXPECT_EQ(steps[12].duration_ms, 120000u);
    EXPECT_EQ(steps[13].body.size(), 1u);
    EXPECT_EQ(steps[13].counter, "i");
    EXPECT_EQ(steps[14].packets.size(), 2u);
    EXPECT_EQ(steps[14].within_ms, 2000u);
    EXPECT_TRUE(steps[15].optional);
    EXPECT_EQ(steps[16].clients, (std::vector<std::string>{"A", "B"}));
    EXPECT_EQ(steps[16].aliases, (std::vector<std::string>{"W", "L"}));
}

TEST(Script, AlternativesSequencesAndGrades) {
    const std::vector<step> steps = steps_of(
        "A < DISCONNECT reason=0x82 & close | close within 3s\nlenient: A < nothing 300ms | end\n"
        "B > PINGREQ\nundefined: A < close\nundefined: A < nothing\ngiven: A < PINGRESP\n");
    ASSERT_EQ(steps.size(), 4u);
    const std::vector<alternative> &first = steps[0].alternatives;
    ASSERT_EQ(first.size(), 4u);
    EXPECT_EQ(first[0].items.size(), 2u);
    EXPECT_EQ(first[0].items[1].what, expect_item::kind::close);
    EXPECT_EQ(first[1].grade, grade::pass);
    EXPECT_EQ(first[2].grade, grade::lenient);
    EXPECT_EQ(first[2].items[0].duration_ms, 300u);
    EXPECT_EQ(first[3].items[0].what, expect_item::kind::end);
    EXPECT_EQ(steps[0].within_ms, 3000u);
    EXPECT_EQ(steps[2].alternatives.size(), 2u);
    EXPECT_EQ(steps[2].alternatives[0].grade, grade::undefined);
    EXPECT_TRUE(steps[3].given);
}

TEST(Script, Values) {
    const script parsed =
        parse(std::string(head) +
              "A < CONNACK assigned_client_id=$i receive_maximum=$n\n"
              "A > PUBLISH topic=\"~/a\\~\\x41\\\"${i}$SYS\" payload=hex:00ff "
              "user_property=\"k\":\"v\" \\\n"
              "   qos=2\nA > PUBLISH topic_alias=$n+1 payload=fill:3\n"
              "A < PUBLISH topic=\"a\",\"b\" topic^=\"x\" qos!=0 topic_alias=absent\n");
    ASSERT_TRUE(parsed.errors.empty()) << parsed.errors[0];
    const std::vector<field_spec> &sent = parsed.cases[0].steps[1].pieces[0].packet.fields;
    ASSERT_EQ(sent.size(), 4u);
    const text_template &topic = sent[0].operands[0].bytes;
    ASSERT_EQ(topic.size(), 4u);
    EXPECT_EQ(topic[0].what, text_part::kind::prefix);
    EXPECT_EQ(topic[1].bytes, "/a~A\"");
    EXPECT_EQ(topic[2].what, text_part::kind::variable);
    EXPECT_EQ(topic[2].bytes, "i");
    EXPECT_EQ(topic[3].bytes, "$SYS");
    EXPECT_EQ(sent[1].operands[0].bytes[0].bytes, std::string("\x00\xFF", 2));
    EXPECT_EQ(sent[2].operands[0].what, operand::kind::pair);
    EXPECT_EQ(sent[3].operands[0].number, 2u);
    const std::vector<field_spec> &alias = parsed.cases[0].steps[2].pieces[0].packet.fields;
    EXPECT_EQ(alias[0].operands[0].variable, "n");
    EXPECT_EQ(alias[0].operands[0].offset, 1);
    EXPECT_EQ(alias[1].operands[0].bytes[0].bytes, "abc");
    const std::vector<field_spec> &expected =
        parsed.cases[0].steps[3].alternatives[0].items[0].packet.fields;
    EXPECT_EQ(expected[0].operands.size(), 2u);
    EXPECT_EQ(expected[1].compare, comparison::begins_with);
    EXPECT_EQ(expected[2].compare, comparison::not_equal);
    EXPECT_EQ(expected[3].compare, comparison::absent);
}

TEST(Script, RawTokens) {
    const std::vector<step> steps = steps_of(
        "A > raw 10 r15 s6 \"MQIsdp\" 03 02 k10 s \"p\" r* q9 v1 \"x\" fill:2 & PINGREQ\n");
    const std::vector<send_piece> &pieces = steps[0].pieces;
    ASSERT_EQ(pieces.size(), 2u);
    EXPECT_TRUE(pieces[0].raw);
    ASSERT_EQ(pieces[0].tokens.size(), 12u);
    EXPECT_EQ(pieces[0].tokens[1].what, raw_token::kind::variable_integer);
    EXPECT_EQ(pieces[0].tokens[2].written_length, 6u);
    EXPECT_EQ(pieces[0].tokens[5].what, raw_token::kind::two_bytes);
    EXPECT_FALSE(pieces[0].tokens[6].written_length);
    EXPECT_EQ(pieces[0].tokens[7].what, raw_token::kind::rest_length);
    EXPECT_EQ(steps[0].split, 0u);
    EXPECT_EQ(steps_of("A > split 3 PINGREQ\n")[0].split, 3u);
    EXPECT_EQ(steps_of("A > split PINGREQ\n")[0].split, 1u);
}

TEST(Script, ErrorsNameLineAndWhatWasExpected) {
    EXPECT_TRUE(
        begins(error_of("A > CONNECT clean=1\n"),
               "3: CONNECT has no field \"clean\": expected one of version, protocol_name"));
    EXPECT_EQ(error_of("A > HELLO\n"), "3: expected a packet such as CONNECT, not 'HELLO'");
    EXPECT_EQ(error_of("a > CONNECT\n"),
              "3: expected a client's name, which begins with a capital letter, not 'a'");
    EXPECT_TRUE(begins(error_of("A says CONNECT\n"), "3: expected >, <, open"));
    EXPECT_EQ(error_of("A > CONNECT id=5\n"), "3: id is a string, hex: or fill:");
    EXPECT_EQ(error_of("A > CONNECT keep_alive=\"5\"\n"), "3: keep_alive is a number");
    EXPECT_EQ(error_of("A > CONNECT keep_alive=65536\n"), "3: keep_alive is at most 65535");
    EXPECT_EQ(error_of("A > CONNECT user_property=\"x\"\n"),
              "3: user_property is a pair \"name\":\"value\"");
    EXPECT_EQ(error_of("A > CONNECT keep_alive<5\n"), "3: expected = after keep_alive");
    EXPECT_EQ(error_of("A > CONNECT keep_alive=5x\n"),
              "3: expected a number, a string, hex:, fill: or $name, not '5x'");
    EXPECT_EQ(error_of("A > CONNECT id=hex:0\n"), "3: expected pairs of hex digits, not 'hex:0'");
    EXPECT_EQ(error_of("A > CONNECT id=\"x\n"), "3: the string has no closing quote");
    EXPECT_TRUE(begins(error_of("A > CONNECT id=\"\\q\"\n"), "3: unknown escape"));
    EXPECT_EQ(error_of("A > SUBSCRIBE qos=1\n"),
              "3: qos belongs to a filter: expected filter= before it");
    EXPECT_EQ(error_of("A < CONNACK session_present=$x+1\n"),
              "3: $x is used, but nothing above captures it");
    EXPECT_EQ(error_of("A < CONNACK truncate=1\n").substr(0, 36),
              "3: CONNACK has no field \"truncate\": ");
    EXPECT_EQ(error_of("A < PUBLISH topic<\"x\"\n"),
              "3: topic is not a number: only =, != and ^= compare it");
    EXPECT_EQ(error_of("A < PUBLISH qos^=1\n"), "3: qos is not a string: ^= can't compare it");
    EXPECT_EQ(error_of("A < close close\n"), "3: expected the end of the line before 'close'");
    EXPECT_EQ(error_of("A < end & close\n"), "3: expected nothing more after 'end'");
    EXPECT_EQ(error_of("A <\n"), "3: expected a packet such as CONNECT at the end of the line");
    EXPECT_EQ(error_of("wait soon\n"), "3: expected a duration such as 200ms or 3s, not 'soon'");
    EXPECT_EQ(error_of("A > raw zz\n"),
              "3: expected hex digits, a string, rN, r*, kN, qN, vN, s or fill:N, not 'zz'");
    EXPECT_EQ(error_of("A > raw\n"), "3: expected bytes after raw at the end of the line");
    EXPECT_EQ(error_of("either A < close\n"), "3: expected at least two clients after 'either'");
    EXPECT_EQ(error_of("either A B as W < close\n"),
              "3: expected as many names after 'as' as clients before it");
    EXPECT_EQ(error_of("optional A > PINGREQ\n"),
              "3: only an expectation with < can be optional or graded");
    EXPECT_TRUE(
        begins(error_of("A ping\nlenient: A < close\n"), "4: lenient: adds to an expectation"));
    EXPECT_TRUE(
        begins(error_of("B < close\nlenient: A < close\n"), "4: lenient: adds to an expectation"));
    EXPECT_EQ(error_of("A ping\ntitle \"late\"\n"),
              "4: headers stand before the first step of a case");
    EXPECT_EQ(error_of("repeat 3 {\nA ping\n"), "3: the block is not closed: expected }");
    EXPECT_EQ(error_of("A < unordered {\nPINGRESP\n"), "3: the block is not closed: expected }");
    EXPECT_EQ(error_of("A > PUBLISH topic=\"${t}\"\n"),
              "3: $t is used, but nothing above captures it");
}

TEST(Script, ErrorsOfHeaders) {
    const auto first = [](const std::string &contents) {
        const script parsed = parse(contents);
        return parsed.errors.empty() ? "" : parsed.errors[0].substr(sizeof file);
    };
    EXPECT_EQ(first("A ping\n"), "1: expected 'case NAME' before anything else");
    EXPECT_EQ(first("case Bad\ncites v5/1-1\nwait 1s\n"),
              "1: expected 'case NAME', the name in lower-case letters, digits and _");
    EXPECT_EQ(first("case a\nwait 1s\n"),
              "1: expected a line 'cites' with at least one statement in case a");
    EXPECT_EQ(first("case a\ncites v5/1-1\n"), "1: expected at least one step in case a");
    EXPECT_EQ(first("case a\ncites MQTT-1\nwait 1s\n"),
              "2: expected a statement such as v5/3.1.2-4, not 'MQTT-1'");
    EXPECT_TRUE(begins(first("case a\ncites v5/1-1\nneeds luck\nwait 1s\n"),
                       "3: 'luck' is not one of the needs: qos1"));
    EXPECT_EQ(first("case a\ncites v5/1-1\nversion 6\nwait 1s\n"),
              "3: expected 'version 3.1', 'version 3.1.1' or 'version 5.0'");
    EXPECT_EQ(first("case a\ncites v5/1-1\nwait 1s\ncase a\ncites v5/1-1\nwait 1s\n"),
              "4: the case a exists already in line 1");
    EXPECT_TRUE(begins(first("case a\ncites v3/1-1\nneeds topic_alias\nwait 1s\n"),
                       "1: the need topic_alias is read"));
}

TEST(Script, TheFileNameIsTheSection) {
    EXPECT_TRUE(script_parse("x/v3/3.1_connect.case", "").errors.empty());
    EXPECT_FALSE(script_parse("x/v4/3.1_connect.case", "").errors.empty());
    EXPECT_FALSE(script_parse("x/v3/connect.case", "").errors.empty());
    const script parsed =
        script_parse("v3/4.7.2_dollar.case", "case a\ncites v3/4.7.2-1\nwait 1s\n");
    EXPECT_EQ(parsed.cases[0].address(), "v3/4.7.2/a");
}

TEST(Script, OneErrorDoesNotHideTheNext) {
    EXPECT_EQ(parse(std::string(head) + "A > HELLO\nA ping\nA < HELLO\n").errors.size(), 2u);
}

TEST(Script, VersionsHaveNames) {
    for (const unsigned version : {3u, 4u, 5u}) {
        EXPECT_EQ(script_version(script_version_name(version)), version);
    }
    EXPECT_EQ(script_version("4"), 0u);
}

TEST(Script, TextFramesNeedAWebsocket) {
    const std::string top = "case a\ncites v5/6.0.0-1\n";
    const script good =
        script_parse("v5/6_websocket.case", top + "needs websocket\nA > text PINGREQ & raw 00\n");
    ASSERT_TRUE(good.errors.empty()) << good.errors[0];
    EXPECT_TRUE(good.cases[0].steps[0].text);
    EXPECT_EQ(good.cases[0].steps[0].pieces.size(), 2u);
    const script bad = script_parse("v5/6_websocket.case", top + "A > text PINGREQ\n");
    ASSERT_EQ(bad.errors.size(), 1u);
    EXPECT_EQ(bad.errors[0], "v5/6_websocket.case:3: a text frame can only be sent in a case that "
                             "needs websocket");
}

} // namespace
} // namespace conformance
