// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What a run is told about its broker from outside: user name and password for every CONNECT,
// features that it lacks, and what is wrong below MQTT.

#include <gtest/gtest.h>

#include "conformance/fake_world.h"
#include "conformance/runner.h"

namespace conformance {
namespace {

case_result run(const std::string &text, const run_options &options, fake_world *place) {
    const script parsed = script_parse("v5/3.1_test.case", "case test\ncites v5/3.1.2-4\n" + text);
    EXPECT_TRUE(parsed.errors.empty()) << parsed.errors[0];
    return runner_run(parsed.cases[0], *place, options);
}

run_options with_credentials() {
    run_options options;
    options.prefix = "prefix00";
    options.user_name = "someone";
    options.password = "word";
    return options;
}

// The first CONNECT that the broker heard.
std::string connect_of(const std::string &text, const run_options &options) {
    fake_world place;
    place.needs = {"no_anonymous"};
    run(text, options, &place);
    return place.heard.empty() ? "" : place.heard[0];
}

TEST(Credentials, AreAddedToEveryConnect) {
    const std::string added = " user_name=\"someone\" password=\"word\"";
    for (const char *text : {"A connect\n", "A > CONNECT clean_start=1\nA < CONNACK\n"}) {
        EXPECT_NE(connect_of(text, with_credentials()).find(added), std::string::npos) << text;
        EXPECT_EQ(connect_of(text, {}).find("user_name"), std::string::npos);
    }
}

TEST(Credentials, AreNotAddedWhereTheCaseHasItsOwn) {
    for (const char *text : {"A connect user_name=\"ella\"\n", "A connect password=\"x\"\n",
                             "A connect user_name_flag=0\n", "A connect password_flag=0\n",
                             "A connect connect_flags=2\n", "needs no_anonymous\nA connect\n"}) {
        EXPECT_EQ(connect_of(text, with_credentials()).find("someone"), std::string::npos) << text;
    }
}

TEST(Credentials, ALawfulConnectInBytesCannotHaveThem) {
    fake_world place;
    const std::string lawful = "A > raw 10 r* s \"MQTT\" 05 02 k0 v0 s \"x\"\nA < CONNACK\n";
    EXPECT_EQ(run(lawful, with_credentials(), &place).verdict, verdict::not_supported);
    EXPECT_EQ(run(lawful, {}, &place).verdict, verdict::pass);
    const std::string own = "A > raw 10 r* s \"MQTT\" 05 82 k0 v0 s \"x\" s \"u\"\nA < CONNACK\n";
    EXPECT_EQ(run(own, with_credentials(), &place).verdict, verdict::pass);
    const std::string malformed = "A > raw 10 r* s \"MQTT\" 05 03 k0 v0 s \"x\"\nA < CONNACK\n";
    EXPECT_EQ(run(malformed, with_credentials(), &place).verdict, verdict::pass)
        << "it is to be refused with and without them";
}

TEST(Credentials, CleaningUpUsesThem) {
    fake_world place;
    place.outlives = true;
    run("A connect session_expiry_interval=60\nA close\n", with_credentials(), &place);
    EXPECT_EQ(std::count_if(place.heard.begin(), place.heard.end(),
                            [](const std::string &line) {
                                return line.find("CONNECT") != std::string::npos &&
                                       line.find("someone") != std::string::npos;
                            }),
              2);
}

TEST(Lacks, AFeatureThatIsMissingIsNotAskedFor) {
    fake_world place;
    run_options options;
    options.lacks = {"qos2"};
    const case_result result = run("needs qos1 qos2\nA connect\n", options, &place);
    EXPECT_EQ(result.verdict, verdict::not_supported);
    EXPECT_EQ(result.reason, "needs qos2, which the broker lacks");
    EXPECT_TRUE(place.heard.empty());
    EXPECT_EQ(run("needs qos1\nA connect\n", options, &place).verdict, verdict::pass);
}

// A world that speaks through frames, and finds fault with those of the broker.
class framed_world : public fake_world {
  public:
    std::string problem;
    unsigned texts = 0;

    void send_text(int connection, std::string_view bytes) override {
        texts++;
        send(connection, bytes);
    }
    std::vector<arrival> poll(uint64_t deadline_ms) override {
        std::vector<arrival> news = fake_world::poll(deadline_ms);
        if (!news.empty()) {
            news[0].problem = problem;
        }
        return news;
    }
};

TEST(Frames, TextIsSentAsText) {
    framed_world place;
    place.needs = {"websocket"};
    EXPECT_EQ(
        run("needs websocket\nA connect\nA > text PINGREQ\nA < PINGRESP\n", {}, &place).verdict,
        verdict::pass);
    EXPECT_EQ(place.texts, 1u);
}

TEST(Frames, AProblemBelowMqttFailsTheCase) {
    framed_world place;
    place.problem = "a text frame";
    const case_result result = run("A connect\nA ping\n", {}, &place);
    EXPECT_EQ(result.verdict, verdict::fail);
    EXPECT_NE(result.reason.find("A < a text frame"), std::string::npos) << result.reason;
    EXPECT_NE(runner_log_text(result.log, "").find("a text frame"), std::string::npos);
}

} // namespace
} // namespace conformance
