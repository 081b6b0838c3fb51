// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Log lines: where they go, what they look like, and that nobody can forge one.

#include <gtest/gtest.h>
#include <signal.h>
#include <syslog.h>

#include <algorithm>
#include <cstdlib>

#include "broker/io/test_support.h"

// In C a function may have the name of a struct; g++ calls that a shadow.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "broker/io/auth.h"
#include "broker/io/log.h"
#include "broker/io/log_line.h"
}
#pragma GCC diagnostic pop

using io_test::folder;

namespace {

std::string escaped(const std::string &text, size_t size = 200) {
    std::vector<char> out(size);
    return log_escape(out.data(), size, reinterpret_cast<const uint8_t *>(text.data()),
                      text.size());
}

TEST(LogEscape, PlainTextStays) {
    EXPECT_EQ(escaped("sensor/7 grün 温度 😀"), "sensor/7 grün 温度 😀");
    EXPECT_EQ(escaped(""), "");
}

TEST(LogEscape, LineEndsQuotesAndControlsDoNot) {
    EXPECT_EQ(escaped("a\nb\r\t\x1b[1m"), "a\\x0ab\\x0d\\x09\\x1b[1m");
    EXPECT_EQ(escaped("say \"hi\" \\"), "say \\\"hi\\\" \\\\");
    EXPECT_EQ(escaped(std::string("\0\x7f", 2)), "\\x00\\x7f");
    EXPECT_EQ(escaped("\xc2\x85"), "\\xc2\\x85");          // U+0085 ends a line
    EXPECT_EQ(escaped("\xe2\x80\xa8"), "\\xe2\\x80\\xa8"); // so does U+2028
    EXPECT_EQ(escaped("\xff\xc3"), "\\xff\\xc3");          // not UTF-8
    // U+202E and U+2067 make a terminal show the rest from right to left.
    EXPECT_EQ(escaped("\xe2\x80\xae"), "\\xe2\\x80\\xae");
    EXPECT_EQ(escaped("\xe2\x81\xa7"), "\\xe2\\x81\\xa7");
    EXPECT_EQ(escaped("\xe2\x80\xaf"), "\xe2\x80\xaf"); // a narrow space is a space
}

TEST(LogEscape, LongTextIsCutAndMarked) {
    const std::string cut = escaped(std::string(100, 'a'), 20);
    EXPECT_LT(cut.size(), 20u);
    EXPECT_EQ(cut.substr(cut.size() - 3), "...");
    for (size_t len = 0; len < 40; len++) {
        EXPECT_LT(escaped(std::string(len, '\n'), 20).size(), 20u);
        EXPECT_LT(escaped(std::string(len, '\xc3'), 20).size(), 20u);
    }
}

// A log that writes to a file of its own.
class LogTest : public testing::Test {
  protected:
    LogTest() : path(dir.file("log")) {
        log_init(&log);
        settings.destinations = LOG_TO_FILE;
        settings.types = LOG_TYPE_ALL;
        settings.file = path.data();
        settings.facility = LOG_DAEMON;
    }
    ~LogTest() override { log_close(&log); }
    std::string text() const { return folder::read(path); }
    folder dir;
    std::string path;
    struct log log;
    log_settings settings = {};
};

TEST_F(LogTest, ALineHasTheTimeBeforeItOrNot) {
    ASSERT_TRUE(log_open(&log, &settings));
    log_say(&log, LOG_TYPE_NOTICE, "one %d", 1);
    EXPECT_EQ(text(), "one 1\n");
    settings.timestamp = true;
    ASSERT_TRUE(log_open(&log, &settings));
    log_say(&log, LOG_TYPE_NOTICE, "two");
    const std::string second = text().substr(6);
    EXPECT_GT(std::stoll(second), 1500000000);
    EXPECT_EQ(second.substr(second.find(':')), ": two\n");
    std::string format = "T%Y!";
    settings.timestamp_format = format.data();
    ASSERT_TRUE(log_open(&log, &settings));
    format[0] = 'X'; // the log has its own copy
    log_say(&log, LOG_TYPE_NOTICE, "three");
    EXPECT_NE(text().find("\nT2"), std::string::npos);
}

TEST_F(LogTest, GatheredLinesAreWrittenTogether) {
    ASSERT_TRUE(log_open(&log, &settings));
    log_gather(&log);
    log_say(&log, LOG_TYPE_NOTICE, "one");
    log_say(&log, LOG_TYPE_WARNING, "two");
    EXPECT_EQ(text(), "");
    log_flush(&log);
    EXPECT_EQ(text(), "one\ntwo\n");
    log_say(&log, LOG_TYPE_NOTICE, "three");
    EXPECT_EQ(text(), "one\ntwo\n");
    log_gather_no_more(&log);
    log_say(&log, LOG_TYPE_NOTICE, "four");
    EXPECT_EQ(text(), "one\ntwo\nthree\nfour\n");
}

TEST_F(LogTest, ErrorsDoNotWaitAndNothingIsLostWhenTheFileChanges) {
    ASSERT_TRUE(log_open(&log, &settings));
    log_gather(&log);
    log_say(&log, LOG_TYPE_NOTICE, "one");
    log_say(&log, LOG_TYPE_ERROR, "two");
    EXPECT_EQ(text(), "one\ntwo\n");
    log_say(&log, LOG_TYPE_NOTICE, "three");
    ASSERT_EQ(rename(path.c_str(), (path + ".1").c_str()), 0);
    ASSERT_TRUE(log_open(&log, &settings));
    EXPECT_EQ(folder::read(path + ".1"), "one\ntwo\nthree\n");
    log_say(&log, LOG_TYPE_NOTICE, "four");
    log_close(&log);
    EXPECT_EQ(text(), "four\n");
}

// No more than a pipe takes at once, and only whole lines.
TEST_F(LogTest, ManyGatheredLinesAreDividedBetweenLines) {
    ASSERT_TRUE(log_open(&log, &settings));
    log_gather(&log);
    std::string expected;
    for (int i = 0; i < 200; i++) {
        const std::string line = std::to_string(i) + std::string(static_cast<size_t>(i) * 10, 'a');
        const size_t written = text().size();
        log_say(&log, LOG_TYPE_NOTICE, "%s", line.c_str());
        if (text().size() != written) {
            EXPECT_EQ(text(), expected);
        }
        expected += line + "\n";
        EXPECT_LE(expected.size() - text().size(), LOG_GATHERED_SIZE);
    }
    log_flush(&log);
    EXPECT_EQ(text(), expected);
}

// A process that ends by a fault of its own says its last lines first.
void end_by(int number, struct log *log) {
    if (!log_survive_faults(log))
        std::_Exit(1);
    log_gather(log);
    log_say(log, LOG_TYPE_NOTICE, "the last words");
    if (number == SIGABRT)
        std::abort();
    raise(number);
    std::_Exit(2);
}

TEST_F(LogTest, GatheredLinesSurviveFaults) {
    testing::FLAGS_gtest_death_test_style = "fast";
    std::string expected;
    ASSERT_TRUE(log_open(&log, &settings));
    for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
        struct sigaction before;
        ASSERT_EQ(sigaction(number, nullptr, &before), 0);
        if (before.sa_handler != SIG_DFL)
            continue; // a sanitizer's, which stays
        EXPECT_EXIT(end_by(number, &log), testing::KilledBySignal(number), "");
        expected += "the last words\n";
        EXPECT_EQ(text(), expected);
    }
    EXPECT_NE(expected, "");
}

TEST_F(LogTest, OnlyTheWantedTypesAreWritten) {
    settings.types = LOG_TYPE_ERROR | LOG_TYPE_SUBSCRIBE;
    ASSERT_TRUE(log_open(&log, &settings));
    log_say(&log, LOG_TYPE_NOTICE, "no");
    log_limited(&log, LOG_FLOOD_SYSTEM, LOG_TYPE_NOTICE, "no");
    log_say(&log, LOG_TYPE_ERROR, "yes");
    EXPECT_EQ(text(), "yes\n");
}

TEST_F(LogTest, ALongLineIsCut) {
    ASSERT_TRUE(log_open(&log, &settings));
    log_say(&log, LOG_TYPE_NOTICE, "%s", std::string(10000, 'a').c_str());
    EXPECT_EQ(text().size(), LOG_LINE_SIZE);
    EXPECT_EQ(text().back(), '\n');
}

TEST_F(LogTest, AFileMovedAwayIsMadeAnewWhenOpenedAgain) {
    ASSERT_TRUE(log_open(&log, &settings));
    log_say(&log, LOG_TYPE_NOTICE, "one");
    ASSERT_EQ(rename(path.c_str(), (path + ".1").c_str()), 0);
    log_say(&log, LOG_TYPE_NOTICE, "two");
    ASSERT_TRUE(log_open(&log, &settings));
    log_say(&log, LOG_TYPE_NOTICE, "three");
    EXPECT_EQ(folder::read(path + ".1"), "one\ntwo\n");
    EXPECT_EQ(text(), "three\n");
}

TEST_F(LogTest, AFileThatCantBeOpenedLeavesTheLogAsItWas) {
    ASSERT_TRUE(log_open(&log, &settings));
    std::string nowhere = "/no/such/folder/log";
    settings.file = nowhere.data();
    EXPECT_FALSE(log_open(&log, &settings));
    EXPECT_EQ(errno, ENOENT);
    log_say(&log, LOG_TYPE_NOTICE, "still here");
    EXPECT_EQ(text(), "still here\n");
}

TEST_F(LogTest, LinesThatStrangersCauseAreCountedAfterAWhile) {
    ASSERT_TRUE(log_open(&log, &settings));
    for (uint32_t i = 0; i < LOG_LIMITED_LINES_MAX + 7; i++)
        log_limited(&log, LOG_FLOOD_SYSTEM, LOG_TYPE_NOTICE, "x");
    EXPECT_EQ(text().size(), 2 * LOG_LIMITED_LINES_MAX);
    log.windows[LOG_FLOOD_SYSTEM].start_s -= LOG_LIMITED_WINDOW_S; // as if time had passed
    log_limited(&log, LOG_FLOOD_SYSTEM, LOG_TYPE_NOTICE, "y");
    EXPECT_EQ(text().substr(2 * LOG_LIMITED_LINES_MAX),
              "7 more lines about what the system lacks were left out\ny\n");
}

ella_slice slice(const char *text) {
    return ella_slice_of(text, static_cast<uint32_t>(strlen(text)));
}

TEST_F(LogTest, ALineOfTheCoreNamesClientAddressAndReason) {
    ASSERT_TRUE(log_open(&log, &settings));
    address peer = {};
    peer.family = ADDRESS_IPV4;
    peer.port = 50412;
    const uint8_t bytes[] = {192, 0, 2, 1};
    memcpy(peer.bytes, bytes, sizeof bytes);
    core_log line = {};
    line.level = CORE_LOG_NOTICE;
    line.kind = CORE_LOG_REFUSED;
    line.client_id = slice("sensor\n7");
    line.topic = slice("");
    line.reason_code = 0x87;
    line.text = "not authorized";
    log_line_write(&log, &line, &peer);
    EXPECT_EQ(text(), "refused client=\"sensor\\x0a7\" address=192.0.2.1:50412 reason=0x87: "
                      "not authorized\n");
}

TEST_F(LogTest, ALineOfTheCoreNamesPacketTopicAndError) {
    ASSERT_TRUE(log_open(&log, &settings));
    core_log line = {};
    line.level = CORE_LOG_WARNING;
    line.kind = CORE_LOG_DROPPED;
    line.client_id = slice("c");
    line.topic = slice("a/b");
    line.packet_type = ELLA_PUBLISH;
    line.qos = 2;
    line.error = ELLA_ERROR_STRING_NOT_UTF8;
    line.text = "why";
    log_line_write(&log, &line, nullptr);
    const std::string error = ella_error_text(ELLA_ERROR_STRING_NOT_UTF8);
    EXPECT_EQ(text(), "dropped client=\"c\" topic=\"a/b\" packet=PUBLISH qos=2 error=\"" + error +
                          "\": why\n");
}

TEST_F(LogTest, StrangersThatComeAndGoDoNotFloodTheLog) {
    ASSERT_TRUE(log_open(&log, &settings));
    core_log line = {};
    line.level = CORE_LOG_NOTICE;
    line.kind = CORE_LOG_DISCONNECTED;
    line.client_id = slice("");
    line.topic = slice("");
    line.text = "closed by the client";
    for (int i = 0; i < 1000; i++)
        log_line_write(&log, &line, nullptr);
    const std::string first = text();
    EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), LOG_LIMITED_LINES_MAX);
    // A client with a name is told of in any case.
    line.client_id = slice("me");
    log_line_write(&log, &line, nullptr);
    EXPECT_NE(text().find("client=\"me\""), std::string::npos);
}

// 1000 times what one peer can cause at will, then a line of another sort.
TEST_F(LogTest, NobodyFloodsTheLogWithWhatIsRefused) {
    ASSERT_TRUE(log_open(&log, &settings));
    core_log line = {};
    line.level = CORE_LOG_NOTICE;
    line.client_id = slice("any name will do");
    line.topic = slice("$SYS/x");
    line.text = "why";
    for (const core_log_kind kind : {CORE_LOG_REFUSED, CORE_LOG_DENIED}) {
        const std::string before = text();
        line.kind = kind;
        for (int i = 0; i < 1000; i++)
            log_line_write(&log, &line, nullptr);
        const std::string all = text();
        EXPECT_EQ(std::count(all.begin(), all.end(), '\n') -
                      std::count(before.begin(), before.end(), '\n'),
                  LOG_LIMITED_LINES_MAX);
    }
    const std::string before = text();
    line.kind = CORE_LOG_DROPPED;
    log_line_write(&log, &line, nullptr);
    EXPECT_EQ(text(), before) << "of the sort of what was denied";
    for (log_window &window : log.windows)
        window.start_s -= LOG_LIMITED_WINDOW_S;
    log_say(&log, LOG_TYPE_NOTICE, "later");
    EXPECT_NE(text().find("980 more lines about refused connections were left out\n"
                          "981 more lines about refused messages and subscriptions were "
                          "left out\nlater\n"),
              std::string::npos);
}

TEST_F(LogTest, AnErrorIsNotSaidTwice) {
    ASSERT_TRUE(log_open(&log, &settings));
    core_log line = {};
    line.level = CORE_LOG_NOTICE;
    line.kind = CORE_LOG_REFUSED;
    line.client_id = slice("");
    line.topic = slice("");
    line.error = ELLA_ERROR_STRING_NOT_UTF8;
    line.text = ella_error_text(ELLA_ERROR_STRING_NOT_UTF8);
    log_line_write(&log, &line, nullptr);
    EXPECT_EQ(text(), std::string("refused error=\"") + line.text + "\"\n");
}

TEST(LogLine, TypesByKindAndLevel) {
    core_log line = {};
    line.kind = CORE_LOG_SUBSCRIBED;
    EXPECT_EQ(log_line_type(&line), LOG_TYPE_SUBSCRIBE);
    line.kind = CORE_LOG_UNSUBSCRIBED;
    EXPECT_EQ(log_line_type(&line), LOG_TYPE_UNSUBSCRIBE);
    line.kind = CORE_LOG_CONNECTED;
    const std::pair<core_log_level, log_type> levels[] = {
        {CORE_LOG_DEBUG, LOG_TYPE_DEBUG},   {CORE_LOG_INFO, LOG_TYPE_INFORMATION},
        {CORE_LOG_NOTICE, LOG_TYPE_NOTICE}, {CORE_LOG_WARNING, LOG_TYPE_WARNING},
        {CORE_LOG_ERROR, LOG_TYPE_ERROR},
    };
    for (const auto &[level, type] : levels) {
        line.level = level;
        EXPECT_EQ(log_line_type(&line), type);
    }
}

// ---- Who may connect ----

auth_decision decide(const auth_rules &rules, const char *client_id, const char *method = "") {
    core_effect question = {};
    question.client_id = slice(client_id);
    question.authentication_method = slice(method);
    return auth_decide(&rules, &question);
}

TEST(Auth, AnonymousClientsComeInWhereTheyAreAllowed) {
    //= v5/3.1.4-2 test
    auth_rules rules = {};
    rules.allow_anonymous = true;
    rules.auto_id_prefix = "auto-";
    EXPECT_EQ(decide(rules, "a").verdict, AUTH_ACCEPT);
    rules.allow_anonymous = false;
    EXPECT_EQ(decide(rules, "a").verdict, AUTH_REFUSE);
    EXPECT_EQ(decide(rules, "a").reason_code, 0x87);
}

TEST(Auth, NoMethodOfEnhancedAuthenticationIsKnown) {
    //= v5/4.12.0-1 test
    auth_rules rules = {};
    rules.allow_anonymous = true;
    EXPECT_EQ(decide(rules, "a", "SCRAM-SHA-1").verdict, AUTH_REFUSE);
    EXPECT_EQ(decide(rules, "a", "SCRAM-SHA-1").reason_code, 0x8C);
}

TEST(Auth, ClientIdentifiersMayHaveToBeginInOneWay) {
    auth_rules rules = {};
    rules.allow_anonymous = true;
    rules.auto_id_prefix = "auto-";
    rules.clientid_prefixes = "dev-";
    EXPECT_EQ(decide(rules, "dev-1").verdict, AUTH_ACCEPT);
    EXPECT_EQ(decide(rules, "dev").verdict, AUTH_REFUSE);
    EXPECT_EQ(decide(rules, "xdev-1").verdict, AUTH_REFUSE);
    // One that the broker will assign.
    EXPECT_EQ(decide(rules, "").verdict, AUTH_REFUSE);
    rules.auto_id_prefix = "dev-auto-";
    EXPECT_EQ(decide(rules, "").verdict, AUTH_ACCEPT);
}

TEST(Auth, WithPasswordsWhoeverNamesAUserProvesIt) {
    auth_rules rules = {};
    rules.has_passwords = true;
    rules.auto_id_prefix = "auto-";
    core_effect question = {};
    question.client_id = slice("c");
    for (const bool anonymous : {false, true}) {
        rules.allow_anonymous = anonymous;
        question.has_user_name = question.has_password = false;
        EXPECT_EQ(auth_decide(&rules, &question).verdict, anonymous ? AUTH_ACCEPT : AUTH_REFUSE);
        question.has_user_name = true;
        EXPECT_EQ(auth_decide(&rules, &question).reason_code, 0x86);
        question.has_password = true;
        EXPECT_EQ(auth_decide(&rules, &question).verdict, AUTH_CHECK_PASSWORD);
        question.has_user_name = false;
        EXPECT_EQ(auth_decide(&rules, &question).reason_code, 0x86);
        EXPECT_EQ(decide(rules, "c", "SCRAM-SHA-256").verdict, AUTH_CHECK_SCRAM);
        EXPECT_EQ(decide(rules, "c", "SCRAM-SHA-1").reason_code, 0x8C);
    }
}

TEST(Auth, AnIdentityTakesThePlaceOfAPassword) {
    auth_rules rules = {};
    rules.wants_identity = true;
    EXPECT_EQ(decide(rules, "c").reason_code, 0x86);
    rules.identity = "machine";
    EXPECT_EQ(decide(rules, "c").verdict, AUTH_TAKE_IDENTITY);
    EXPECT_EQ(decide(rules, "c", "SCRAM-SHA-256").reason_code, 0x8C);
    rules.clientid_prefixes = "dev-";
    EXPECT_EQ(decide(rules, "c").verdict, AUTH_REFUSE);
}

} // namespace
