// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Cases against a scripted world: each verdict, each step, and that the runner can say no.

#include "conformance/runner.h"

#include <gtest/gtest.h>

#include "conformance/fake_world.h"

namespace conformance {
namespace {

using pt = packet_type;

value num(uint64_t number) {
    return value::of(number);
}

class Runner : public testing::Test {
  protected:
    // Runs the steps as one case; `header` may hold more header lines.
    case_result run(const std::string &steps, const std::string &header = "cites v5/3.1.2-4") {
        parsed_ = script_parse("v5/3.1_test.case", "case test\n" + header + "\n" + steps);
        for (const std::string &error : parsed_.errors) {
            ADD_FAILURE() << error;
        }
        if (!parsed_.errors.empty()) {
            return {};
        }
        run_options options;
        options.prefix = "prefix00";
        case_result result = runner_run(parsed_.cases[0], world_, options);
        return result;
    }

    verdict verdict_of(const std::string &steps, const std::string &header = "cites v5/3.1.2-4") {
        const case_result result = run(steps, header);
        last_reason_ = result.reason;
        return result.verdict;
    }

    // Answers one kind of packet with something else.
    void on(pt type, std::function<void(fake_world &, int, const packet &)> answer) {
        world_.rude = [type, answer](fake_world &place, int connection, const packet &came) {
            if (came.type != type) {
                return false;
            }
            answer(place, connection, came);
            return true;
        };
    }

    bool heard(const std::string &line) {
        return std::find(world_.heard.begin(), world_.heard.end(), line) != world_.heard.end();
    }

    fake_world world_;
    script parsed_;
    std::string last_reason_;
};

TEST_F(Runner, PassWhenTheBrokerAnswersAsExpected) {
    const case_result result =
        run("A > CONNECT id=\"~c\"\nA < CONNACK session_present=0 reason=0x00\n");
    EXPECT_EQ(result.verdict, verdict::pass);
    EXPECT_EQ(result.reason, "");
    EXPECT_TRUE(heard("A > CONNECT version=5 clean_start=1 keep_alive=0 id=\"prefix00c\""));
}

TEST_F(Runner, FailNamesLineFieldAndValues) {
    const case_result result = run("A > CONNECT\nA < CONNACK session_present=1\n");
    EXPECT_EQ(result.verdict, verdict::fail);
    EXPECT_EQ(result.line, 4u);
    EXPECT_EQ(result.reason, "expected: A < CONNACK session_present=1\n"
                             "came: CONNACK session_present=0 reason=0x00\n"
                             "but session_present is 0, expected 1");
}

TEST_F(Runner, FailWhenAnotherPacketComes) {
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA < SUBACK\n"), verdict::fail);
    EXPECT_NE(last_reason_.find("came: PINGRESP"), std::string::npos);
}

TEST_F(Runner, FailWhenNothingComesInTime) {
    on(pt::pingreq, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, pt::pingresp, {}, 1500);
    });
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA < PINGRESP\n"), verdict::fail);
    EXPECT_NE(last_reason_.find("nothing within 1000 ms"), std::string::npos);
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA < PINGRESP within 2s\n"), verdict::pass);
}

TEST_F(Runner, FailWhenSomethingComesInsteadOfNothing) {
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA < nothing 100ms\n"), verdict::fail);
    EXPECT_EQ(verdict_of("A connect\nA < nothing 100ms\n"), verdict::pass);
}

TEST_F(Runner, FailWhenTheBrokerStaysInsteadOfClosing) {
    EXPECT_EQ(verdict_of("A connect\nA < close\n"), verdict::fail);
}

TEST_F(Runner, FailWhenTheBrokerClosesInsteadOfStaying) {
    on(pt::pingreq,
       [](fake_world &place, int connection, const packet &) { place.hang_up(connection); });
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA < PINGRESP\n"), verdict::fail);
    EXPECT_NE(last_reason_.find("the broker closed"), std::string::npos);
}

TEST_F(Runner, FailOnAMalformedPacketWhateverIsExpected) {
    on(pt::pingreq, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, std::string("\xD1\x00", 2));
    });
    EXPECT_EQ(verdict_of("A connect\ngiven: A > PINGREQ\ngiven: A < PINGRESP\n"), verdict::fail);
    EXPECT_NE(last_reason_.find("malformed"), std::string::npos);
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA < SUBACK | close\n"), verdict::fail);
    EXPECT_EQ(verdict_of("A connect\nA ping\n"), verdict::fail);
}

TEST_F(Runner, AlternativesAreEitherRight) {
    on(pt::publish,
       [](fake_world &place, int connection, const packet &) { place.hang_up(connection); });
    EXPECT_EQ(verdict_of("A connect\nA > PUBLISH\nA < DISCONNECT reason=0x82 | close\n"),
              verdict::pass);
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA < DISCONNECT reason=0x82 | close\n"),
              verdict::fail);
}

TEST_F(Runner, SequencesWithinAlternatives) {
    const std::string steps =
        "A connect\nA > PINGREQ & PINGREQ\nA < PUBACK | PINGRESP & PINGRESP\n";
    EXPECT_EQ(verdict_of(steps), verdict::pass);
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA < PUBACK | PINGRESP & PINGRESP\n"),
              verdict::fail);
}

TEST_F(Runner, LenientAlternativeGradesTheCase) {
    on(pt::publish,
       [](fake_world &place, int connection, const packet &) { place.hang_up(connection); });
    const std::string steps =
        "A connect\nA > PUBLISH\nA < DISCONNECT & close\nlenient: A < close\n";
    EXPECT_EQ(verdict_of(steps), verdict::lenient);
    on(pt::publish, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, pt::disconnect, {{"reason", num(0x82)}});
        place.hang_up(connection);
    });
    EXPECT_EQ(verdict_of(steps), verdict::pass);
    world_.rude = nullptr;
    EXPECT_EQ(verdict_of(steps), verdict::fail);
}

TEST_F(Runner, NothingMayBePartOfASequence) {
    on(pt::pingreq, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, pt::pingresp, {}, 500);
        place.hang_up(connection, 1200);
    });
    const std::string begin = "A connect\nA > PINGREQ\nA < PINGRESP within 300ms\n";
    EXPECT_EQ(
        verdict_of(begin + "lenient: A < nothing & PINGRESP & nothing 500ms & end within 400ms\n"),
        verdict::lenient)
        << last_reason_;
    EXPECT_EQ(verdict_of(begin + "lenient: A < nothing & nothing & PINGRESP\n"), verdict::fail);
    EXPECT_EQ(
        verdict_of("A connect\nA > PINGREQ\nA < nothing 400ms & PINGRESP\nA < close within 2s\n"),
        verdict::pass)
        << last_reason_;
}

TEST_F(Runner, UndefinedIsAVerdict) {
    const std::string steps =
        "A connect\nA > PUBLISH dup=1\nundefined: A < close\nundefined: A < nothing 50ms\n";
    EXPECT_EQ(verdict_of(steps), verdict::undefined);
}

TEST_F(Runner, GivenStepsMakeTheCaseInconclusive) {
    EXPECT_EQ(verdict_of("A > CONNECT\ngiven: A < CONNACK session_present=1\n"),
              verdict::inconclusive);
    on(pt::connect, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, std::string("\x20\x03\x00\x87\x00", 5));
    });
    EXPECT_EQ(verdict_of("A connect\n"), verdict::inconclusive);
}

TEST_F(Runner, SubscribeThatGrantsLessIsInconclusive) {
    on(pt::subscribe, [](fake_world &place, int connection, const packet &came) {
        place.deliver(connection, pt::suback,
                      {{"packet_id", *came.find("packet_id")}, {"reason", num(0)}});
    });
    EXPECT_EQ(verdict_of("A connect\nA subscribe filter=\"~/a\" qos=1\n"), verdict::inconclusive);
    EXPECT_EQ(verdict_of("A connect\nA subscribe filter=\"~/a\" qos=0\n"), verdict::pass);
}

TEST_F(Runner, NoConnectionIsInconclusive) {
    world_.refuses_connections = true;
    EXPECT_EQ(verdict_of("A connect\n"), verdict::inconclusive);
    EXPECT_NE(last_reason_.find("refused by the test"), std::string::npos);
}

TEST_F(Runner, ConfigurationThatIsNotPromisedIsNotSupported) {
    EXPECT_EQ(verdict_of("A connect\n", "cites v5/3.1.2-4\nneeds acl"), verdict::not_supported);
    EXPECT_TRUE(world_.heard.empty());
    world_.needs.insert("acl");
    EXPECT_EQ(verdict_of("A connect\n", "cites v5/3.1.2-4\nneeds acl"), verdict::pass);
}

TEST_F(Runner, FeatureThatConnackDeniesIsNotSupported) {
    on(pt::connect, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, std::string("\x20\x05\x00\x00\x02\x25\x00", 7));
    });
    EXPECT_EQ(verdict_of("A connect\nA < close\n", "cites v5/3.1.2-4\nneeds retain"),
              verdict::not_supported);
    EXPECT_NE(last_reason_.find("retain_available=0"), std::string::npos);
    EXPECT_EQ(verdict_of("A connect\n", "cites v5/3.1.2-4\nneeds no_retain"), verdict::pass);
    EXPECT_EQ(verdict_of("A connect\n", "cites v5/3.1.2-4\nneeds topic_alias"),
              verdict::not_supported);
}

TEST_F(Runner, TheWorstVerdictStands) {
    on(pt::publish,
       [](fake_world &place, int connection, const packet &) { place.hang_up(connection); });
    EXPECT_EQ(
        verdict_of(
            "A connect\nA > PUBLISH\nA < DISCONNECT\nlenient: A < close\nB connect\nB < close\n"),
        verdict::fail);
}

// --- the end of a connection
// -------------------------------------------------------------------------

TEST_F(Runner, EndGradesByVersionAndReason) {
    struct row {
        int reason; // of DISCONNECT; -1 is none
        verdict outcome;
    };
    for (const row &each :
         {row{0x82, verdict::pass}, row{0x81, verdict::lenient}, row{-1, verdict::lenient}}) {
        on(pt::publish, [each](fake_world &place, int connection, const packet &) {
            if (each.reason >= 0) {
                place.deliver(connection, pt::disconnect,
                              {{"reason", num(static_cast<uint64_t>(each.reason))}});
            }
            place.hang_up(connection);
        });
        EXPECT_EQ(verdict_of("A connect\nA > PUBLISH\nA < end reason=0x82\n"), each.outcome)
            << each.reason;
        EXPECT_EQ(verdict_of("A connect\nA > PUBLISH\nA < end\n"), verdict::pass) << each.reason;
    }
    on(pt::publish, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, pt::disconnect, {{"reason", num(0x82)}});
    });
    EXPECT_EQ(verdict_of("A connect\nA > PUBLISH\nA < end reason=0x82\n"), verdict::fail);
}

TEST_F(Runner, EndBeforeConnack) {
    on(pt::connect,
       [](fake_world &place, int connection, const packet &) { place.hang_up(connection); });
    EXPECT_EQ(verdict_of("A > CONNECT\nA < end reason=0x82\n"), verdict::pass);
    on(pt::connect, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, std::string("\x20\x03\x00\x81\x00", 5));
        place.hang_up(connection);
    });
    EXPECT_EQ(verdict_of("A > CONNECT\nA < end reason=0x82\n"), verdict::lenient);
    EXPECT_EQ(verdict_of("A > CONNECT\nA < end reason=0x81,0x82\n"), verdict::pass);
    world_.rude = nullptr;
    EXPECT_EQ(verdict_of("A > CONNECT\nA < end\n"), verdict::fail);
}

TEST_F(Runner, EndInOldVersionsIsSilent) {
    on(pt::connect, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, std::string("\x20\x02\x00\x02", 4));
        place.hang_up(connection);
    });
    EXPECT_EQ(verdict_of("A > CONNECT\nA < end\n", "cites v3/3.1.2-4"), verdict::fail);
    on(pt::connect,
       [](fake_world &place, int connection, const packet &) { place.hang_up(connection); });
    EXPECT_EQ(verdict_of("A > CONNECT\nA < end\n", "cites v3/3.1.2-4"), verdict::pass);
}

// --- steps
// -------------------------------------------------------------------------------------------

TEST_F(Runner, PublishAndReceiveDoTheWholeExchange) {
    for (const char *qos : {"0", "1", "2"}) {
        EXPECT_EQ(
            verdict_of(
                std::string("A connect\nB connect\nB subscribe filter=\"~/t\" qos=2\nA publish "
                            "topic=\"~/t\" payload=\"x\" qos=") +
                qos + "\nB receive topic=\"~/t\" payload=\"x\" qos=" + qos + "\nB < nothing\n"),
            verdict::pass)
            << qos << last_reason_;
    }
    EXPECT_TRUE(heard("B > PUBACK packet_id=42 reason=0x00"));
    EXPECT_TRUE(heard("B > PUBCOMP packet_id=42 reason=0x00"));
}

TEST_F(Runner, ReceiveFailsWithoutPubrel) {
    on(pt::pubrec, [](fake_world &, int, const packet &) {});
    EXPECT_EQ(
        verdict_of("A connect\nA subscribe filter=\"~/t\" qos=2\nA publish topic=\"~/t\" qos=2\n"
                   "A receive topic=\"~/t\"\n"),
        verdict::fail);
}

TEST_F(Runner, AnswersAreFoundBehindOtherPackets) {
    on(pt::subscribe, [](fake_world &place, int connection, const packet &came) {
        place.deliver(connection, pt::publish, {{"topic", value::of("early")}});
        place.deliver(connection, pt::suback,
                      {{"packet_id", *came.find("packet_id")}, {"reason", num(0)}});
    });
    EXPECT_EQ(
        verdict_of(
            "A connect\nA subscribe filter=\"~/a\"\nA < PUBLISH topic=\"early\"\nA < nothing\n"),
        verdict::pass);
}

TEST_F(Runner, DefaultIdentifiersFollowWhatWasConsumed) {
    on(pt::pingreq, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, pt::publish,
                      {{"topic", value::of("t")}, {"qos", num(1)}, {"packet_id", num(7)}});
        place.deliver(connection, pt::publish,
                      {{"topic", value::of("t")}, {"qos", num(1)}, {"packet_id", num(8)}});
    });
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA < PUBLISH packet_id=7\nA > PUBACK\nA < "
                         "PUBLISH\nA > PUBACK\n"),
              verdict::pass);
    EXPECT_TRUE(heard("A > PUBACK packet_id=7 reason=0x00"));
    EXPECT_TRUE(heard("A > PUBACK packet_id=8 reason=0x00"));
}

TEST_F(Runner, CapturedValuesAreComparedAndSent) {
    on(pt::pingreq, [](fake_world &place, int connection, const packet &) {
        place.deliver(connection, pt::publish,
                      {{"topic", value::of("t")}, {"qos", num(1)}, {"packet_id", num(7)}});
    });
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA < PUBLISH packet_id=$id topic=$topic\n"
                         "A > PUBLISH topic=\"${topic}/${id}\" qos=1 packet_id=$id+1\nA < PUBACK "
                         "packet_id!=$id\n"
                         "A > raw 40 02 k$id\nA > PINGREQ\nA < PUBLISH packet_id=$id\n"),
              verdict::pass)
        << last_reason_;
    EXPECT_TRUE(heard("A > PUBLISH topic=\"t/7\" qos=1 retain=0 dup=0 packet_id=8 payload=\"\""));
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ & PINGREQ\nA < PUBLISH packet_id=$id\nA < "
                         "PUBLISH packet_id!=$id\n"),
              verdict::fail);
}

TEST_F(Runner, UnorderedTakesAnyOrder) {
    on(pt::pingreq, [](fake_world &place, int connection, const packet &) {
        for (const char *topic : {"b", "a", "b"}) {
            place.deliver(connection, pt::publish, {{"topic", value::of(topic)}});
        }
    });
    const std::string begin = "A connect\nA > PINGREQ\nA < unordered {\n";
    EXPECT_EQ(
        verdict_of(begin + "PUBLISH topic=\"a\"\nPUBLISH topic=\"b\"\nPUBLISH topic=\"b\"\n}\n"),
        verdict::pass);
    EXPECT_EQ(verdict_of(begin + "PUBLISH\nPUBLISH topic=\"b\"\nPUBLISH topic=\"b\"\n}\n"),
              verdict::pass);
    EXPECT_EQ(
        verdict_of(begin + "PUBLISH topic=\"a\"\nPUBLISH topic=\"a\"\nPUBLISH topic=\"b\"\n}\n"),
        verdict::fail);
    EXPECT_EQ(verdict_of(begin + "PUBLISH\nPUBLISH\nPUBLISH\nPUBLISH\n} within 300ms\n"),
              verdict::fail);
}

TEST_F(Runner, OptionalTakesOnlyWhatFits) {
    const std::string end = "A < PINGRESP\n";
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\noptional A < SUBACK\n" + end), verdict::pass);
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\noptional A < PINGRESP\n" + end), verdict::fail);
}

TEST_F(Runner, EitherFindsTheOneThatWasChosen) {
    on(pt::publish, [](fake_world &place, int, const packet &) {
        place.deliver(1, pt::publish,
                      {{"topic", value::of("t")}, {"qos", num(1)}, {"packet_id", num(3)}});
    });
    EXPECT_EQ(verdict_of("A connect\nB connect\nC connect\nC > PUBLISH\neither A B as W L < "
                         "PUBLISH topic=\"t\"\n"
                         "W > PUBACK\nL < nothing\n"),
              verdict::pass);
    EXPECT_TRUE(heard("B > PUBACK packet_id=3 reason=0x00"));
}

TEST_F(Runner, EitherMayRenameAcross) {
    on(pt::publish,
       [](fake_world &place, int, const packet &) { place.deliver(1, pt::pingresp, {}); });
    EXPECT_EQ(
        verdict_of(
            "A connect\nB connect\nA > PUBLISH\neither A B as A B < PINGRESP\nA ping\nB ping\n"),
        verdict::pass)
        << last_reason_;
    EXPECT_EQ(verdict_of("A connect\nB connect\neither A B < PINGRESP\n"), verdict::fail);
    EXPECT_EQ(verdict_of("A connect\nB connect\neither A B < nothing\n"), verdict::pass);
}

TEST_F(Runner, RepeatCounts) {
    EXPECT_EQ(
        verdict_of(
            "A connect\nrepeat 3 as $i {\n  A > PUBLISH payload=\"n${i}\" qos=1 packet_id=$i\n"
            "  A < PUBACK packet_id=$id\n}\n"),
        verdict::pass)
        << last_reason_;
    EXPECT_TRUE(
        heard("A > PUBLISH topic=\"prefix00\" qos=1 retain=0 dup=0 packet_id=3 payload=\"n3\""));
    EXPECT_FALSE(
        heard("A > PUBLISH topic=\"prefix00\" qos=1 retain=0 dup=0 packet_id=4 payload=\"n4\""));
}

TEST_F(Runner, IgnoreAndDrainDropWhatCame) {
    EXPECT_EQ(verdict_of("A connect\nA subscribe filter=\"~\"\nA > PUBLISH & PINGREQ\nA ignore "
                         "PUBLISH topic^=\"~\"\n"
                         "A < PINGRESP\n"),
              verdict::pass);
    EXPECT_EQ(verdict_of("A connect\nA > PINGREQ\nA drain 10ms\nA < nothing\n"), verdict::pass);
}

TEST_F(Runner, WaitLetsTimePass) {
    const uint64_t begin = world_.now_ms();
    EXPECT_EQ(verdict_of("wait 2h\n"), verdict::pass);
    EXPECT_EQ(world_.now_ms() - begin, 7200000u);
}

TEST_F(Runner, SplitSendsInPieces) {
    EXPECT_EQ(verdict_of("A > split 5 CONNECT id=\"abc\"\nA < CONNACK\n"), verdict::pass);
    EXPECT_EQ(world_.sends(), 5u); // 18 bytes in 4 pieces, and DISCONNECT afterwards
    EXPECT_EQ(verdict_of("B connect\nB > split PINGREQ & PINGREQ\nB < PINGRESP & PINGRESP\n"),
              verdict::pass);
}

TEST_F(Runner, RawBytesAreBuilt) {
    EXPECT_EQ(verdict_of("A > raw 10 r* s6 \"MQIsdp\" 03 02 k10 s \"~p\"\nA < CONNACK\n",
                         "cites v3/3.1.2-1\nversion 3.1"),
              verdict::pass);
    EXPECT_TRUE(heard("A > CONNECT version=3 clean_start=1 keep_alive=10 id=\"prefix00p\""));
    const case_result result =
        run("A open\nA > raw 00ff r128 v3 k258 q1 \"x\" s9 \"ab\" fill:3\n");
    EXPECT_EQ(wire_hex(result.log[1].bytes),
              "00 ff 80 01 03 01 02 00 00 00 01 78 00 09 61 62 61 62 63");
}

TEST_F(Runner, RawPacketsAreShownDecodedAndWithTheirFaults) {
    const case_result result = run("A open\nA > raw c1 00 & raw 30\n");
    EXPECT_EQ(result.log[1].line,
              "raw PINGREQ [reserved flags of the first byte are 1] & raw bytes");
}

TEST_F(Runner, ClosingAndReconnecting) {
    EXPECT_EQ(
        verdict_of("A connect\nA close\nA connect\nA abort\nA connect\nA disconnect\nA connect\n"),
        verdict::pass);
    EXPECT_TRUE(heard("A aborted"));
    on(pt::publish,
       [](fake_world &place, int connection, const packet &) { place.hang_up(connection); });
    EXPECT_EQ(verdict_of("A connect\nA > PUBLISH\nA < close\nA < close\nA connect\nA ping\n"),
              verdict::pass);
    EXPECT_EQ(verdict_of("A connect\nA > PUBLISH\nwait 1ms\nA > PINGREQ\nA < close\n"),
              verdict::pass);
}

TEST_F(Runner, ExpectingWithoutAConnectionIsInconclusive) {
    EXPECT_EQ(verdict_of("A connect\nA close\nA < nothing\n"), verdict::inconclusive);
}

TEST_F(Runner, LogShowsBothWays) {
    const case_result result = run("A connect id=\"x\"\nwait 5ms\nA > PINGREQ\nA < SUBACK\n");
    const std::string text = runner_log_text(result.log, "");
    EXPECT_NE(text.find("       0 ms  A > CONNECT id=\"x\"\n                 10 0e 00 04 4d"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("       5 ms  A < PINGRESP\n                 d0 00\n"), std::string::npos)
        << text;
}

TEST_F(Runner, CleansUpOnABrokerThatLivesOn) {
    const std::string steps = "A connect id=\"~s\" session_expiry_interval=60\n"
                              "A publish topic=\"~/kept\" retain=1 payload=\"x\"\n"
                              "B connect id=\"~b\" will_topic=\"~/will\" will_retain=1\nA close\n";
    EXPECT_EQ(verdict_of(steps), verdict::pass);
    EXPECT_FALSE(heard("cleaner closed"));
    world_.outlives = true;
    EXPECT_EQ(verdict_of(steps), verdict::pass);
    EXPECT_TRUE(heard("B > DISCONNECT reason=0x00"));
    EXPECT_TRUE(heard("cleaner > CONNECT version=5 clean_start=1 keep_alive=0 id=\"prefix00s\""));
    EXPECT_TRUE(
        heard("cleaner > PUBLISH topic=\"prefix00/kept\" qos=0 retain=1 dup=0 payload=\"\""));
    EXPECT_TRUE(
        heard("cleaner > PUBLISH topic=\"prefix00/will\" qos=0 retain=1 dup=0 payload=\"\""));
}

// --- comparisons
// -------------------------------------------------------------------------------------

class Comparison : public Runner {
  protected:
    bool fits(const std::string &fields) {
        on(pt::pingreq, [](fake_world &place, int connection, const packet &) {
            place.deliver(connection, pt::publish,
                          {{"topic", value::of("t/x")},
                           {"message_expiry_interval", num(9)},
                           {"user_property", value::of("b", "1")},
                           {"user_property", value::of("a", "2")},
                           {"subscription_identifier", num(1)},
                           {"subscription_identifier", num(2)},
                           {"payload", value::of(wire_fill(30))}});
        });
        const verdict outcome = verdict_of("A connect\nA > PINGREQ\nA < PUBLISH " + fields + "\n");
        EXPECT_TRUE(outcome == verdict::pass || outcome == verdict::fail);
        return outcome == verdict::pass;
    }
};

TEST_F(Comparison, Numbers) {
    EXPECT_TRUE(fits("message_expiry_interval=9"));
    EXPECT_TRUE(fits("message_expiry_interval=8,9"));
    EXPECT_TRUE(fits("message_expiry_interval<=9 message_expiry_interval>8"));
    EXPECT_FALSE(fits("message_expiry_interval<=9 message_expiry_interval>9"));
    EXPECT_FALSE(fits("message_expiry_interval<9"));
    EXPECT_FALSE(fits("message_expiry_interval>=10"));
    EXPECT_FALSE(fits("message_expiry_interval!=9"));
    EXPECT_FALSE(fits("message_expiry_interval=7,8"));
}

TEST_F(Comparison, Absence) {
    EXPECT_TRUE(fits("topic_alias=absent message_expiry_interval=present"));
    EXPECT_FALSE(fits("topic_alias=present"));
    EXPECT_FALSE(fits("message_expiry_interval=absent"));
    EXPECT_FALSE(fits("topic_alias=1"));
    EXPECT_FALSE(fits("topic_alias<5"));
    EXPECT_TRUE(fits("topic_alias!=1"));
}

TEST_F(Comparison, Bytes) {
    EXPECT_TRUE(fits("topic=\"t/x\" topic^=\"t/\" payload=fill:30 payload_len=30"));
    EXPECT_FALSE(fits("payload=fill:31"));
    EXPECT_FALSE(fits("payload_len<30"));
    EXPECT_FALSE(fits("topic^=\"x\""));
    EXPECT_TRUE(fits("topic=hex:742f78"));
}

TEST_F(Comparison, Lists) {
    EXPECT_TRUE(fits("user_property=\"b\":\"1\" user_property=\"a\":\"2\""));
    EXPECT_FALSE(fits("user_property=\"a\":\"2\" user_property=\"b\":\"1\""));
    EXPECT_FALSE(fits("user_property=\"b\":\"1\""));
    EXPECT_FALSE(fits("user_property=absent"));
    EXPECT_TRUE(fits("subscription_identifier=2 subscription_identifier=1"));
    EXPECT_FALSE(fits("subscription_identifier=1"));
    EXPECT_FALSE(fits("subscription_identifier=1 subscription_identifier=1"));
}

TEST_F(Comparison, Form) {
    EXPECT_TRUE(fits("flags=0 property_length=23 remaining_length=59 size=61"));
    EXPECT_FALSE(fits("size=60"));
    EXPECT_FALSE(fits("flags=1"));
}

} // namespace
} // namespace conformance
