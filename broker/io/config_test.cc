// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The configuration: every rule of its syntax, every row of the table, every error with its place.

#include <gtest/gtest.h>
#include <syslog.h>

#include <algorithm>
#include <set>

#include "broker/io/config_test_support.h"

using io_test::configuration;

namespace {

// The error that text gives; "" if it is right.
std::string error_of(const std::string &text) {
    configuration c;
    return c.read_text(text) ? "" : c.error();
}

bool contains(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

// ---- Syntax ----

TEST(ConfigSyntax, CommentsAndBlankLinesCountNothing) {
    configuration c;
    EXPECT_TRUE(c.read_text("# one\n\n   \n#max_qos 7\n \t \n"));
    EXPECT_TRUE(c.config.local_only);
}

TEST(ConfigSyntax, AHashInsideALineIsNoComment) {
    EXPECT_EQ(error_of("  # not in the first column\n"), "t.conf:1: unknown option \"#\"");
    EXPECT_EQ(
        error_of("sys_interval 10 # often\n"),
        "t.conf:1: sys_interval must be a number, not \"10 # often\"; a comment needs a line of "
        "its own");
    EXPECT_TRUE(contains(error_of("allow_anonymous true # yes\n"), "a line of its own"));
}

TEST(ConfigSyntax, AListenerMayHaveACommentBehindIt) {
    configuration c;
    ASSERT_TRUE(c.read_text("listener 2000 127.0.0.1 # here\nlistener 2001 # there\n"));
    EXPECT_STREQ(c.config.listeners[0].address, "127.0.0.1");
    EXPECT_EQ(c.config.listeners[1].address, nullptr);
}

TEST(ConfigSyntax, LinesEndInLfOrCrLfOrNotAtAll) {
    configuration c;
    ASSERT_TRUE(c.read_text("sys_interval 7\r\nmax_keepalive 9\nclientid_prefixes a"));
    EXPECT_EQ(c.config.limits.sys_interval_s, 7u);
    EXPECT_EQ(c.config.limits.max_keepalive_s, 9u);
    EXPECT_STREQ(c.config.clientid_prefixes, "a");
}

TEST(ConfigSyntax, AValueIsTheRestOfTheLineWithoutBlanksAroundIt) {
    configuration c;
    ASSERT_TRUE(c.read_text("  pid_file   /a b/c  d \t \n"));
    EXPECT_STREQ(c.config.pid_file, "/a b/c  d");
}

TEST(ConfigSyntax, OnlyASpaceSeparates) {
    EXPECT_EQ(error_of("sys_interval\t7\n"), "t.conf:1: a tab where a space has to be");
}

TEST(ConfigSyntax, BooleansAreFourWords) {
    for (const char *yes : {"true", "1"}) {
        configuration c;
        ASSERT_TRUE(c.read_text(std::string("queue_qos0_messages ") + yes));
        EXPECT_TRUE(c.config.limits.queue_qos0_messages);
    }
    for (const char *no : {"false", "0"}) {
        configuration c;
        ASSERT_TRUE(c.read_text(std::string("retain_available ") + no));
        EXPECT_FALSE(c.config.limits.retain_available);
    }
    for (const char *wrong : {"yes", "True", "on", "2", "", "true false"})
        EXPECT_EQ(error_of(std::string("retain_available ") + wrong),
                  std::string("t.conf:1: retain_available must be true or false, not \"") + wrong +
                      "\"");
}

TEST(ConfigSyntax, NumbersAreDecimalHexadecimalOrOctal) {
    const std::pair<const char *, uint32_t> good[] = {{"100", 100}, {"0x64", 100}, {"0144", 100}};
    for (const auto &[text, value] : good) {
        configuration c;
        ASSERT_TRUE(c.read_text(std::string("max_queued_messages ") + text));
        EXPECT_EQ(c.config.limits.max_queued_messages, value);
    }
    EXPECT_EQ(error_of("max_queued_messages 10x"),
              "t.conf:1: max_queued_messages must be a number, not \"10x\"");
    EXPECT_EQ(error_of("max_queued_messages"), "t.conf:1: max_queued_messages needs a number");
    EXPECT_EQ(error_of("\nmax_queued_messages -1"),
              "t.conf:2: max_queued_messages must be between 0 and 4294967295, not -1");
    EXPECT_TRUE(contains(error_of("max_queued_messages 99999999999999999999999"), "between"));
    EXPECT_EQ(error_of("max_packet_size 19"),
              "t.conf:1: max_packet_size must be between 20 and 268435460, not 19");
}

TEST(ConfigSyntax, StringsAreValidUtf8NotEmptyNotTooLongAndGivenOnce) {
    EXPECT_EQ(error_of("pid_file \xff"), "t.conf:1: pid_file is not valid UTF-8");
    EXPECT_EQ(error_of("pid_file"), "t.conf:1: pid_file needs a value");
    EXPECT_EQ(error_of("pid_file   "), "t.conf:1: pid_file needs a value");
    EXPECT_EQ(error_of("pid_file " + std::string(65536, 'a')),
              "t.conf:1: pid_file is longer than 65535 bytes");
    EXPECT_EQ(error_of("pid_file " + std::string(65535, 'a')), "");
    EXPECT_EQ(error_of("pid_file /a\nuser b\npid_file /c\n"), "t.conf:3: pid_file is given twice");
    EXPECT_EQ(error_of("auto_id_prefix a\nauto_id_prefix a\n"),
              "t.conf:2: auto_id_prefix is given twice");
}

TEST(ConfigSyntax, ARepeatedNumberOrBoolTakesTheLastValue) {
    configuration c;
    ASSERT_TRUE(c.read_text("sys_interval 1\nsys_interval 2\n"));
    EXPECT_EQ(c.config.limits.sys_interval_s, 2u);
}

TEST(ConfigSyntax, TextsHaveALongestLength) {
    EXPECT_EQ(error_of("auto_id_prefix " + std::string(50, 'a')), "");
    EXPECT_EQ(error_of("auto_id_prefix " + std::string(51, 'a')),
              "t.conf:1: auto_id_prefix is longer than 50 bytes");
}

TEST(ConfigSyntax, DurationsHaveUnits) {
    const std::pair<const char *, uint32_t> good[] = {
        {"90s", 90},    {"2h", 7200},    {"3d", 259200},
        {"1w", 604800}, {"1m", 2592000}, {"1y", 31536000},
    };
    for (const auto &[text, value] : good) {
        configuration c;
        ASSERT_TRUE(c.read_text(std::string("persistent_client_expiration ") + text));
        EXPECT_EQ(c.config.limits.session_expiry_max_s, value);
    }
    for (const char *wrong : {"5", "h", "5x", "-5h", "5hh", "5 h", " "})
        EXPECT_TRUE(contains(error_of(std::string("persistent_client_expiration ") + wrong),
                             "t.conf:1: persistent_client_expiration must be a number and one of"))
            << wrong;
    EXPECT_TRUE(contains(error_of("persistent_client_expiration 200y"), "must be between"));
    EXPECT_TRUE(contains(error_of("persistent_client_expiration 0h"), "must be between"));
}

TEST(ConfigSyntax, AByteZeroIsAnError) {
    EXPECT_EQ(error_of(std::string("sys_interval 1\0 2\n", 18)), "t.conf:1: a byte 0 in the file");
}

TEST(ConfigSyntax, AByteOrderMarkCountsNothing) {
    EXPECT_EQ(error_of("\xEF\xBB\xBFlistener 2000\n"), "");
    EXPECT_NE(error_of("\n\xEF\xBB\xBFlistener 2000\n"), "");
}

TEST(ConfigSyntax, AllFaultsAreToldNotOnlyTheFirst) {
    configuration c;
    ASSERT_EQ(mkdir(c.dir.file("d").c_str(), 0700), 0);
    c.dir.write("d/a.conf", "max_qos 3\nmax_qos 2\nmax_qos 4\n");
    c.dir.write("d/b.conf", "nonsense\n");
    EXPECT_FALSE(c.read_text("sys_interval x\ninclude_dir " + c.dir.file("d") +
                             "\nlistener 70000\nbind_interface a\nlistener 2000\n"
                             "bind_interface b\nbridge_cafile /a\n"));
    const std::string prefix = c.dir.file("");
    std::vector<std::string> places;
    for (const std::string &error : c.errors)
        places.push_back(error.substr(prefix.size(), error.find(": ") - prefix.size()));
    EXPECT_EQ(places, (std::vector<std::string>{"t.conf:1", "d/a.conf:1", "d/a.conf:3",
                                                "d/b.conf:1", "t.conf:3", "t.conf:7"}));
}

TEST(ConfigListener, WhatOnlyLooksLikeProtectionIsRefused) {
    const std::string no_tls = "t.conf:1: the listener has options of TLS, but neither";
    for (const char *option : {"require_certificate true", "cafile a", "capath a", "crlfile a",
                               "use_identity_as_username true", "use_subject_as_username true"})
        EXPECT_TRUE(contains(error_of(std::string("listener 2000\n") + option + "\n"), no_tls))
            << option;
    EXPECT_EQ(error_of("listener 2000\nrequire_certificate false\n"), "");
    EXPECT_TRUE(contains(error_of("listener 2000\nenable_proxy_protocol 2\n"),
                         "t.conf:1: enable_proxy_protocol needs proxy_protocol_from"));
}

TEST(ConfigListener, Addresses) {
    configuration c;
    ASSERT_TRUE(c.read_text("listener 2000\nallow_address 10.0.0.0/8 ::1\nallow_address unix\n"
                            "deny_address 10.1.0.0/16\n"));
    EXPECT_EQ(c.config.listeners[0].allow_address.count, 3u);
    EXPECT_EQ(c.config.listeners[0].deny_address.count, 1u);
    EXPECT_EQ(error_of("listener 2000\nallow_address\n"),
              "t.conf:2: allow_address needs an address");
    EXPECT_EQ(error_of("listener 2000\ndeny_address 10.0.0.1/8\n"),
              "t.conf:2: deny_address: \"10.0.0.1/8\" has bits set that do not count");
}

TEST(ConfigSyntax, AFileThatIsNoConfigurationIsGivenUp) {
    configuration c;
    std::string text;
    for (int i = 0; i < 1000; i++)
        text += "some prose\n";
    EXPECT_FALSE(c.read_text(text));
    EXPECT_EQ(c.errors.size(), CONFIG_ERRORS_MAX + 1);
    EXPECT_TRUE(contains(c.errors.back(), "t.conf:100: too many errors"));
}

TEST(ConfigSyntax, UnknownOptionsAreErrorsWithTheNearestName) {
    EXPECT_EQ(
        error_of("sys_interval 1\nmax_inflght_messages 2\n"),
        "t.conf:2: unknown option \"max_inflght_messages\"; is max_inflight_messages meant?");
    EXPECT_EQ(error_of("quite_unlike_anything 2\n"),
              "t.conf:1: unknown option \"quite_unlike_anything\"");
    EXPECT_EQ(error_of("x"), "t.conf:1: unknown option \"x\"");
    EXPECT_EQ(error_of(std::string(500, 'z')).find("t.conf:1: unknown option \"zz"), 0u);
}

TEST(ConfigSyntax, AFileThatIsNotThereOrNoFileIsAnError) {
    configuration c;
    EXPECT_FALSE(c.read_file(c.dir.file("none.conf")));
    EXPECT_EQ(c.error(), "none.conf: No such file or directory");
    configuration d;
    EXPECT_FALSE(d.read_file(d.dir.file(".")));
    EXPECT_EQ(d.error(), ".: is a directory");
}

// ---- Files ----

TEST(ConfigInclude, FilesAreReadInByteOrderThereAndThen) {
    configuration c;
    ASSERT_EQ(mkdir(c.dir.file("d").c_str(), 0700), 0);
    c.dir.write("d/b.conf", "sys_interval 3\n");
    c.dir.write("d/B.conf", "sys_interval 2\nmax_keepalive 2\n");
    c.dir.write("d/c.txt", "nonsense\n");
    ASSERT_TRUE(
        c.read_text("sys_interval 1\ninclude_dir " + c.dir.file("d") + "\nmax_keepalive 9\n"))
        << c.error();
    EXPECT_EQ(c.config.limits.sys_interval_s, 3u);
    EXPECT_EQ(c.config.limits.max_keepalive_s, 9u);
}

TEST(ConfigInclude, ErrorsNameTheIncludedFile) {
    configuration c;
    ASSERT_EQ(mkdir(c.dir.file("d").c_str(), 0700), 0);
    c.dir.write("d/a.conf", "\n\nnonsense 1\n");
    EXPECT_FALSE(c.read_text("include_dir " + c.dir.file("d")));
    EXPECT_EQ(c.error(), "d/a.conf:3: unknown option \"nonsense\"");
}

TEST(ConfigInclude, OnlyTheMainFileIncludes) {
    configuration c;
    ASSERT_EQ(mkdir(c.dir.file("d").c_str(), 0700), 0);
    c.dir.write("d/a.conf", "include_dir " + c.dir.file("d") + "\n");
    EXPECT_FALSE(c.read_text("include_dir " + c.dir.file("d")));
    EXPECT_EQ(c.error(), "d/a.conf:1: include_dir works in the main file only");
}

TEST(ConfigInclude, ADirectoryThatIsNotThereIsAnError) {
    EXPECT_EQ(error_of("include_dir /no/such/folder"),
              "t.conf:1: include_dir /no/such/folder: No such file or directory");
    EXPECT_EQ(error_of("include_dir"), "t.conf:1: include_dir needs a directory");
}

TEST(ConfigInclude, EachFileBeginsWithoutAListenerOfItsOwn) {
    configuration c;
    ASSERT_EQ(mkdir(c.dir.file("d").c_str(), 0700), 0);
    c.dir.write("d/a.conf", "max_connections 5\nlistener 2001\nmax_connections 6\n");
    ASSERT_TRUE(
        c.read_text("listener 2000\ninclude_dir " + c.dir.file("d") + "\nmax_connections 7\n"));
    ASSERT_EQ(c.config.listener_count, 3u);
    EXPECT_EQ(c.config.listeners[0].max_connections, 7u);
    EXPECT_TRUE(c.config.listeners[1].is_default);
    EXPECT_EQ(c.config.listeners[1].max_connections, 5u);
    EXPECT_EQ(c.config.listeners[2].max_connections, 6u);
}

// ---- Listeners ----

TEST(ConfigListener, OptionsBelongToTheLastListener) {
    configuration c;
    ASSERT_TRUE(c.read_text("listener 2000\nmax_qos 1\nlistener 2001 ::1\nmax_qos 0\n"
                            "max_topic_alias 3\nmax_topic_alias_broker 4\n"));
    ASSERT_EQ(c.config.listener_count, 2u);
    EXPECT_EQ(c.config.listeners[0].max_qos, 1);
    EXPECT_EQ(c.config.listeners[1].max_qos, 0);
    EXPECT_EQ(c.config.listeners[1].max_topic_alias, 3);
    EXPECT_EQ(c.config.listeners[1].max_topic_alias_broker, 4);
    EXPECT_STREQ(c.config.listeners[1].address, "::1");
    EXPECT_FALSE(c.config.local_only);
}

TEST(ConfigListener, OptionsBeforeAnyListenerMakeTheDefaultOne) {
    configuration c;
    ASSERT_TRUE(c.read_text("max_qos 1\nport 2002\nbind_address 127.0.0.1\n"));
    ASSERT_EQ(c.config.listener_count, 1u);
    EXPECT_TRUE(c.config.listeners[0].is_default);
    EXPECT_EQ(c.config.listeners[0].port, 2002);
    EXPECT_STREQ(c.config.listeners[0].address, "127.0.0.1");
    EXPECT_EQ(c.config.listeners[0].max_qos, 1);
}

TEST(ConfigListener, TheDefaultOneIsNotMadeInSilence) {
    configuration c;
    ASSERT_TRUE(c.read_text("max_connections 5\nmax_qos 1\nlistener 2000\n"));
    ASSERT_EQ(c.remarks.size(), 1u);
    EXPECT_TRUE(contains(c.remarks[0], "t.conf:1: max_connections stands before any listener"));
    ASSERT_TRUE(c.read_text("port 2000\nmax_qos 1\n"));
    EXPECT_EQ(c.remarks.size(), 0u);
    EXPECT_EQ(error_of("max_connections 5\nlistener 1883\n"),
              "t.conf:2: the default listener made by line 1 has the same port and address; "
              "options of a listener have to stand below it");
    ASSERT_EQ(mkdir(c.dir.file("d").c_str(), 0700), 0);
    const std::string other = c.dir.write("d/a.conf", "listener 2000\n");
    EXPECT_FALSE(c.read_text("include_dir " + c.dir.file("d") + "\nlistener 2000\n"));
    EXPECT_EQ(c.error(),
              "t.conf:2: the listener of " + other + ":1 has the same port and address");
}

TEST(ConfigListener, PortAndBindAddressMeanTheDefaultOneEvenLater) {
    configuration c;
    ASSERT_TRUE(c.read_text("listener 2000\nport 2002\nmax_qos 1\n"));
    ASSERT_EQ(c.config.listener_count, 2u);
    EXPECT_EQ(c.config.listeners[1].port, 2002);
    EXPECT_EQ(c.config.listeners[0].max_qos, 1);
}

TEST(ConfigListener, TheDefaultPortIs1883) {
    configuration c;
    ASSERT_TRUE(c.read_text("max_qos 2\n"));
    EXPECT_EQ(c.config.listeners[0].port, 1883);
    EXPECT_EQ(c.config.listeners[0].max_topic_alias, 10);
    EXPECT_EQ(c.config.listeners[0].max_topic_alias_broker, 10);
    EXPECT_EQ(c.config.listeners[0].max_connections, 0u);
}

TEST(ConfigListener, PortZeroIsAUnixSocket) {
    configuration c;
    ASSERT_TRUE(c.read_text("listener 0 /run/x.sock\nunix_socket_mode 0660\n"));
    EXPECT_EQ(c.config.listeners[0].port, 0);
    EXPECT_STREQ(c.config.listeners[0].address, "/run/x.sock");
    EXPECT_EQ(c.config.listeners[0].unix_socket_mode, 0660);
    EXPECT_EQ(error_of("listener 0"), "t.conf:1: listener 0 needs the path of a unix socket");
    EXPECT_EQ(error_of("listener 1883 /run/x"),
              "t.conf:1: a unix socket is given as \"listener 0 /run/x\"");
}

TEST(ConfigListener, WrongListenersAreErrors) {
    EXPECT_EQ(error_of("listener"), "t.conf:1: listener needs a port");
    EXPECT_EQ(error_of("listener 65536"),
              "t.conf:1: listener must be between 0 and 65535, not 65536");
    EXPECT_EQ(error_of("listener a"), "t.conf:1: listener must be a number, not \"a\"");
    EXPECT_EQ(error_of("listener 1 b c"), "t.conf:1: listener takes a port and one address");
    EXPECT_EQ(error_of("port 0"), "t.conf:1: port must be between 1 and 65535, not 0");
    EXPECT_EQ(error_of("listener 1883\nmax_qos 1\nlistener 1883"),
              "t.conf:3: the listener of line 1 has the same port and address");
    EXPECT_EQ(error_of("listener 1883 ::1\nlistener 1883 127.0.0.1"), "");
    EXPECT_EQ(error_of("listener 1883\nsocket_domain ipv4\nlistener 1883\nsocket_domain ipv6"),
              "");
}

TEST(ConfigListener, ThereIsAMostOfThem) {
    std::string text;
    for (int i = 0; i < 64; i++)
        text += "listener " + std::to_string(2000 + i) + "\n";
    EXPECT_EQ(error_of(text), "");
    EXPECT_EQ(error_of(text + "listener 3000\n"), "t.conf:65: there are more than 64 listeners");
}

TEST(ConfigListener, ProtocolsDomainsAndVersions) {
    EXPECT_EQ(error_of("protocol mqtt"), "");
    EXPECT_EQ(error_of("protocol websockets"),
              "t.conf:1: protocol websockets is not supported yet; remove this listener, or let "
              "its clients use mqtt");
    EXPECT_TRUE(contains(error_of("protocol http_api"), "http_api is not supported yet; "));
    EXPECT_EQ(error_of("protocol http"), "t.conf:1: protocol must be mqtt, not \"http\"");
    EXPECT_EQ(error_of("socket_domain ipx"),
              "t.conf:1: socket_domain must be ipv4 or ipv6, not \"ipx\"");
    EXPECT_EQ(error_of("accept_protocol_versions 3, 6"),
              "t.conf:1: accept_protocol_versions takes 3, 4 and 5, not \"6\"");
    EXPECT_EQ(error_of("accept_protocol_versions"),
              "t.conf:1: accept_protocol_versions needs at least one of 3, 4 and 5");
    configuration c;
    ASSERT_TRUE(c.read_text("socket_domain ipv6\naccept_protocol_versions 5, 3\n"));
    EXPECT_EQ(c.config.listeners[0].socket_domain, 6);
    EXPECT_TRUE(c.config.listeners[0].version_accepted[3]);
    EXPECT_FALSE(c.config.listeners[0].version_accepted[4]);
    EXPECT_TRUE(c.config.listeners[0].version_accepted[5]);
}

TEST(ConfigListener, MinusOneAndZeroConnectionsAreNoLimit) {
    for (const char *none : {"-1", "0"}) {
        configuration c;
        ASSERT_TRUE(c.read_text(std::string("global_max_clients ") + none +
                                "\nglobal_max_connections " + none + "\nmax_connections " + none));
        EXPECT_EQ(c.config.limits.max_sessions, 0u);
        EXPECT_EQ(c.config.limits.max_connections, 0u);
        EXPECT_EQ(c.config.listeners[0].max_connections, 0u);
    }
    EXPECT_TRUE(contains(error_of("max_connections -2"), "between -1 and"));
}

// ---- Without a listener ----

TEST(ConfigCommandLine, WithoutAListenerOnlyThisMachineMayConnect) {
    configuration c;
    ASSERT_TRUE(c.read());
    ASSERT_EQ(c.config.listener_count, 2u);
    EXPECT_TRUE(c.config.local_only);
    EXPECT_STREQ(c.config.listeners[0].address, "127.0.0.1");
    EXPECT_STREQ(c.config.listeners[1].address, "::1");
    EXPECT_EQ(c.config.listeners[1].port, 1883);
    EXPECT_TRUE(config_allows_anonymous(&c.config, &c.config.listeners[0]));
}

TEST(ConfigCommandLine, PortsReplaceTheDefaultOne) {
    configuration c;
    c.command_line.ports[0] = 2000;
    c.command_line.ports[1] = 2001;
    c.command_line.port_count = 2;
    ASSERT_TRUE(c.read());
    ASSERT_EQ(c.config.listener_count, 4u);
    EXPECT_EQ(c.config.listeners[3].port, 2001);
}

TEST(ConfigCommandLine, PortsAreNotUsedWhereTheFileHasListeners) {
    configuration c;
    c.command_line.ports[0] = 2000;
    c.command_line.port_count = 1;
    ASSERT_TRUE(c.read_text("listener 2005\n"));
    EXPECT_EQ(c.config.listener_count, 1u);
    ASSERT_EQ(c.remarks.size(), 1u);
    EXPECT_TRUE(contains(c.remarks[0], "-p is not used"));
}

TEST(ConfigCommandLine, VerboseQuietAndDaemon) {
    configuration v;
    v.command_line.verbose = true;
    ASSERT_TRUE(v.read_text("log_type error\n"));
    EXPECT_EQ(v.config.log.types, static_cast<uint32_t>(LOG_TYPE_ALL));
    configuration q;
    q.command_line.quiet = true;
    ASSERT_TRUE(q.read());
    EXPECT_EQ(q.config.log.types, 0u);
    configuration d;
    d.command_line.daemon = true;
    ASSERT_TRUE(d.read());
    EXPECT_EQ(d.config.log.destinations, static_cast<uint32_t>(LOG_TO_SYSLOG));
    configuration s;
    s.command_line.daemon = true;
    ASSERT_TRUE(s.read_text("log_dest stdout"));
    EXPECT_EQ(s.config.log.destinations, static_cast<uint32_t>(LOG_TO_STDOUT));
}

// ---- Anonymous clients ----

TEST(ConfigAnonymous, AListenerMakesFalseTheDefault) {
    configuration c;
    ASSERT_TRUE(c.read_text("listener 2000\n"));
    EXPECT_FALSE(config_allows_anonymous(&c.config, &c.config.listeners[0]));
}

TEST(ConfigAnonymous, TheListenersOwnRuleWins) {
    configuration c;
    ASSERT_TRUE(c.read_text("allow_anonymous true\nlistener 2000\nlistener_allow_anonymous false\n"
                            "listener 2001\n"));
    EXPECT_FALSE(config_allows_anonymous(&c.config, &c.config.listeners[0]));
    EXPECT_TRUE(config_allows_anonymous(&c.config, &c.config.listeners[1]));
}

TEST(ConfigAnonymous, PerListenerSettings) {
    configuration c;
    ASSERT_TRUE(c.read_text("per_listener_settings true\nlistener 2000\nallow_anonymous true\n"
                            "allow_zero_length_clientid false\nlistener 2001\n"));
    EXPECT_TRUE(config_allows_anonymous(&c.config, &c.config.listeners[0]));
    EXPECT_FALSE(config_allows_anonymous(&c.config, &c.config.listeners[1]));
    EXPECT_FALSE(config_allows_zero_length_clientid(&c.config, &c.config.listeners[0]));
    EXPECT_TRUE(config_allows_zero_length_clientid(&c.config, &c.config.listeners[1]));
}

TEST(ConfigSecurity, FilesOfEachListener) {
    configuration c;
    ASSERT_TRUE(c.read_text("per_listener_settings true\nlistener 1\npassword_file /p1\n"
                            "acl_file /a1\nlistener 2\npsk_file /k2\n"))
        << c.error();
    EXPECT_EQ(c.config.password_file, nullptr);
    EXPECT_STREQ(c.config.listeners[0].password_file, "/p1");
    EXPECT_STREQ(c.config.listeners[0].acl_file, "/a1");
    EXPECT_EQ(c.config.listeners[1].password_file, nullptr);
    EXPECT_EQ(c.config.listeners[1].acl_file, nullptr);
    EXPECT_STREQ(c.config.listeners[1].psk_file, "/k2");
    ASSERT_TRUE(c.read_text("listener 1\npassword_file /p\nlistener 2\nacl_file /a\n"));
    EXPECT_STREQ(c.config.password_file, "/p");
    EXPECT_STREQ(c.config.acl_file, "/a");
    EXPECT_EQ(c.config.listeners[0].password_file, nullptr);
    for (const char *option : {"password_file", "acl_file", "psk_file"}) {
        EXPECT_FALSE(c.read_text(option + std::string(" /f\nper_listener_settings true\n")));
        EXPECT_TRUE(contains(c.error(), "t.conf:2: per_listener_settings must come before"));
    }
}

TEST(ConfigAnonymous, PerListenerSettingsComeFirstAndStay) {
    EXPECT_EQ(error_of("allow_anonymous true\nper_listener_settings true\n"),
              "t.conf:2: per_listener_settings must come before the options that it is about: "
              "allow_anonymous, allow_zero_length_clientid, password_file, acl_file and psk_file");
    EXPECT_EQ(error_of("per_listener_settings true\nper_listener_settings false\n"),
              "t.conf:2: per_listener_settings can't be unset");
}

// ---- Log ----

TEST(ConfigLog, DestinationsAdd) {
    configuration c;
    ASSERT_TRUE(c.read_text("log_dest stdout\nlog_dest syslog\nlog_dest file /tmp/a b.log\n"));
    EXPECT_EQ(c.config.log.destinations,
              static_cast<uint32_t>(LOG_TO_STDOUT | LOG_TO_SYSLOG | LOG_TO_FILE));
    EXPECT_STREQ(c.config.log.file, "/tmp/a b.log");
    EXPECT_EQ(error_of("log_dest file /a\nlog_dest file /b"),
              "t.conf:2: log_dest file is given twice");
    EXPECT_EQ(error_of("log_dest file"), "t.conf:1: log_dest file needs a path");
    EXPECT_EQ(error_of("log_dest topic"),
              "t.conf:1: log_dest topic is not supported yet; remove this line");
    EXPECT_EQ(error_of("log_dest printer"), "t.conf:1: log_dest must be stderr, stdout, syslog, "
                                            "file or none, not \"printer\"");
    EXPECT_EQ(error_of("log_dest stdout x"), "t.conf:1: log_dest stdout takes nothing behind it");
}

TEST(ConfigLog, TypesReplaceTheDefaultAndAdd) {
    configuration c;
    ASSERT_TRUE(c.read_text("log_type error\nlog_type subscribe\n"));
    EXPECT_EQ(c.config.log.types, static_cast<uint32_t>(LOG_TYPE_ERROR | LOG_TYPE_SUBSCRIBE));
    configuration d;
    ASSERT_TRUE(d.read());
    EXPECT_EQ(d.config.log.types, static_cast<uint32_t>(LOG_TYPE_DEFAULT));
    EXPECT_EQ(error_of("log_type loud"), "t.conf:1: log_type knows no \"loud\"");
    configuration n;
    ASSERT_TRUE(n.read_text("log_type all\nlog_type none\n"));
    EXPECT_EQ(n.config.log.types, 0u);
}

TEST(ConfigLog, TimeAndFacility) {
    configuration c;
    ASSERT_TRUE(c.read_text("log_timestamp false\nlog_timestamp_format %H:%M\nlog_facility 3\n"));
    EXPECT_FALSE(c.config.log.timestamp);
    EXPECT_STREQ(c.config.log.timestamp_format, "%H:%M");
    EXPECT_EQ(c.config.log.facility, LOG_LOCAL3);
    EXPECT_TRUE(contains(error_of("log_facility 8"), "between 0 and 7"));
}

// ---- Limits ----

TEST(ConfigLimits, InflightMessagesAreTheReceiveMaximumToo) {
    configuration c;
    ASSERT_TRUE(c.read_text("max_inflight_messages 5\n"));
    EXPECT_EQ(c.config.limits.max_inflight_messages, 5);
    EXPECT_EQ(c.config.limits.receive_maximum, 1000);
    ASSERT_TRUE(c.read_text("receive_maximum 7\n"));
    EXPECT_EQ(c.config.limits.receive_maximum, 7);
    configuration n;
    ASSERT_TRUE(n.read_text("max_inflight_messages 0\n"));
    EXPECT_EQ(n.config.limits.max_inflight_messages, 0);
}

TEST(ConfigLimits, EveryPlainLimitReachesItsPlace) {
    configuration c;
    ASSERT_TRUE(c.read_text(
        "max_packet_size 1000\nmessage_size_limit 900\nmax_inflight_bytes 11\n"
        "max_queued_messages 12\nmax_queued_bytes 5000000000\nqueue_qos0_messages true\n"
        "global_max_clients 13\nglobal_max_connections 14\nmax_subscriptions_per_client 15\n"
        "max_subscribe_size 150000\n"
        "max_retained_messages 16\nmax_retained_bytes 17\nmax_topic_levels 18\n"
        "memory_limit 6000000000\nconnect_timeout 19\nmax_keepalive 20\nsys_interval 21\n"
        "retain_available 0\nwildcard_subscription_available 0\n"
        "subscription_identifier_available 0\nshared_subscription_available 0\n"
        "check_retain_source 0\nauto_id_prefix id-\nresponse_information r/\n"))
        << c.error();
    const core_limits &limits = c.config.limits;
    EXPECT_EQ(limits.max_packet_size_bytes, 1000u);
    EXPECT_EQ(limits.max_payload_bytes, 900u);
    EXPECT_EQ(limits.max_inflight_bytes, 11u);
    EXPECT_EQ(limits.max_queued_messages, 12u);
    EXPECT_EQ(limits.max_queued_bytes, 5000000000u);
    EXPECT_TRUE(limits.queue_qos0_messages);
    EXPECT_EQ(limits.max_sessions, 13u);
    EXPECT_EQ(limits.max_connections, 14u);
    EXPECT_EQ(limits.max_subscriptions_per_session, 15u);
    EXPECT_EQ(limits.max_subscribe_bytes, 150000u);
    EXPECT_EQ(limits.max_retained_messages, 16u);
    EXPECT_EQ(limits.max_retained_bytes, 17u);
    EXPECT_EQ(limits.max_topic_levels, 18u);
    EXPECT_EQ(limits.memory_limit_bytes, 6000000000u);
    EXPECT_EQ(limits.connect_timeout_ms, 19000u);
    EXPECT_EQ(limits.max_keepalive_s, 20u);
    EXPECT_EQ(limits.sys_interval_s, 21u);
    EXPECT_FALSE(limits.retain_available);
    EXPECT_FALSE(limits.wildcard_subscription_available);
    EXPECT_FALSE(limits.subscription_identifier_available);
    EXPECT_FALSE(limits.shared_subscription_available);
    EXPECT_FALSE(limits.check_retain_source);
    EXPECT_STREQ(limits.auto_id_prefix, "id-");
    EXPECT_STREQ(limits.response_information, "r/");
}

TEST(ConfigPersistence, AllOfIt) {
    configuration c;
    ASSERT_TRUE(c.read_text("persistence true\npersistence_location /var/lib/x/\n"
                            "persistence_file a.db\npersistence_strict true\n"
                            "persistence_sync interval 250\nautosave_interval 60\n"
                            "autosave_on_changes true\n"))
        << c.error();
    EXPECT_TRUE(c.config.persistence);
    EXPECT_STREQ(c.config.persistence_location, "/var/lib/x/");
    EXPECT_STREQ(c.config.persistence_file, "a.db");
    EXPECT_TRUE(c.config.persistence_strict);
    EXPECT_EQ(c.config.persistence_sync, CONFIG_SYNC_INTERVAL);
    EXPECT_EQ(c.config.persistence_sync_interval_ms, 250u);
    EXPECT_EQ(c.config.autosave_interval, 60u);
    EXPECT_TRUE(c.config.autosave_on_changes);
}

TEST(ConfigPersistence, SyncIsOneOfThree) {
    configuration c;
    ASSERT_TRUE(c.read_text(""));
    EXPECT_EQ(c.config.persistence_sync, CONFIG_SYNC_ALWAYS);
    EXPECT_EQ(c.config.autosave_interval, 1800u);
    EXPECT_EQ(error_of("persistence_sync never"), "");
    for (const char *wrong : {"sometimes", "interval", "always 5"})
        EXPECT_TRUE(contains(error_of(std::string("persistence_sync ") + wrong),
                             "t.conf:1: persistence_sync must be always, never, or interval"))
            << wrong;
    EXPECT_NE(error_of("persistence_sync interval 0"), "");
    EXPECT_NE(error_of("persistence_sync interval 3600001"), "");
    EXPECT_NE(error_of("persistence_sync interval x"), "");
}

TEST(ConfigLimits, DelayingTcpIsAnsweredWithARemark) {
    configuration c;
    ASSERT_TRUE(c.read_text("set_tcp_nodelay false\n"));
    ASSERT_EQ(c.remarks.size(), 1u);
    EXPECT_TRUE(contains(c.remarks[0], "t.conf:1: set_tcp_nodelay stays true"));
}

// ---- The table ----

// A value that the row takes.
std::string value_for(const config_option &option) {
    const std::string name = option.name;
    if (name == "listener")
        return "2000 127.0.0.1";
    if (name == "protocol")
        return "mqtt";
    if (name == "accept_protocol_versions")
        return "4,5";
    if (name == "socket_domain")
        return "ipv4";
    if (name == "allow_address" || name == "deny_address" || name == "proxy_protocol_from")
        return "10.0.0.0/8 ::1";
    if (name == "tls_version")
        return "tlsv1.3";
    if (name == "tls_keyform")
        return "pem";
    if (name == "persistence_sync")
        return "always";
    if (name == "log_dest")
        return "stderr";
    if (name == "log_type")
        return "all";
    if (name == "bind_address")
        return "::1";
    if (name == "include_dir")
        return "";
    if (name == "port" || name == "log_facility")
        return "5";
    switch (option.type) {
    case CONFIG_BOOL:
    case CONFIG_ANSWER:
    case CONFIG_SPECIAL:
        return "false";
    case CONFIG_DURATION:
        return "1h";
    case CONFIG_CHOICE:
        return std::string(option.argument, strcspn(option.argument, " "));
    case CONFIG_STRING:
    case CONFIG_PATH:
    case CONFIG_TEXT:
        return "text";
    default:
        return std::to_string(std::max<uint64_t>(option.minimum, 1));
    }
}

// What an option must not stand without.
std::string companions(const std::string &name) {
    if (name == "enable_proxy_protocol")
        return "proxy_protocol_from ::1\n";
    if (name == "cafile" || name == "capath" || name == "crlfile")
        return "certfile a\nkeyfile b\n";
    return "";
}

TEST(ConfigTable, EveryRowIsTakenOrRefusedAsItSays) {
    for (size_t i = 0; i < config_option_count; i++) {
        const config_option &option = config_options[i];
        configuration c;
        std::string value = value_for(option);
        if (std::string(option.name) == "include_dir") {
            ASSERT_EQ(mkdir(c.dir.file("d").c_str(), 0700), 0);
            value = c.dir.file("d");
        }
        const std::string name =
            option.scope == CONFIG_PLUGIN ? std::string(option.name) + "key" : option.name;
        const bool taken = c.read_text("\n" + name + " " + value + "\n" + companions(name));
        if (option.status == CONFIG_NOT_YET) {
            EXPECT_FALSE(taken) << name;
            EXPECT_EQ(c.error(), "t.conf:2: " + name + " is not supported yet; " + option.advice);
        } else {
            EXPECT_TRUE(taken) << c.error();
        }
        if (option.status == CONFIG_REMOVED) {
            ASSERT_EQ(c.remarks.size(), 1u) << name;
            EXPECT_TRUE(contains(c.remarks[0], "t.conf:2: " + name + " has no effect"));
        }
    }
}

TEST(ConfigTable, RowsAreWholeAndNamesAreUnique) {
    std::set<std::string> names;
    for (size_t i = 0; i < config_option_count; i++) {
        const config_option &option = config_options[i];
        EXPECT_TRUE(names.insert(option.name).second) << option.name;
        EXPECT_STRNE(option.text, "") << option.name;
        EXPECT_STRNE(option.argument, "") << option.name;
        ASSERT_NE(option.default_value, nullptr) << option.name;
        EXPECT_EQ(option.status == CONFIG_SUPPORTED, *option.default_value != '\0') << option.name;
        EXPECT_EQ(option.text[strlen(option.text) - 1], '.') << option.name;
        const bool half = option.status == CONFIG_SUPPORTED && option.advice != nullptr;
        EXPECT_EQ(option.status == CONFIG_NOT_YET || half, option.advice != nullptr)
            << option.name;
        EXPECT_TRUE(!half || option.differs != nullptr) << option.name;
        if (option.differs != nullptr) {
            EXPECT_NE(option.origin, CONFIG_LIBELLA) << option.name;
            EXPECT_EQ(option.differs[strlen(option.differs) - 1], '.') << option.name;
        }
        EXPECT_EQ(option.type == CONFIG_SPECIAL, option.set != nullptr) << option.name;
        EXPECT_LE(option.minimum, option.maximum) << option.name;
    }
}

TEST(ConfigTable, MosquittosOptionsAreAllKnown) {
    // Every option of mosquitto.conf 2.0 and 2.1.
    const char *const known[] = {
        "allow_anonymous",
        "allow_duplicate_messages",
        "allow_zero_length_clientid",
        "auth_plugin",
        "plugin",
        "auth_plugin_deny_special_chars",
        "auth_opt_x",
        "plugin_opt_x",
        "auto_id_prefix",
        "autosave_interval",
        "autosave_on_changes",
        "check_retain_source",
        "clientid_prefixes",
        "connection_messages",
        "enable_control_api",
        "global_max_clients",
        "global_max_connections",
        "global_plugin",
        "plugin_load",
        "plugin_use",
        "include_dir",
        "log_dest",
        "log_facility",
        "log_timestamp",
        "log_timestamp_format",
        "log_type",
        "max_inflight_bytes",
        "max_inflight_messages",
        "max_keepalive",
        "max_packet_size",
        "max_queued_bytes",
        "max_queued_messages",
        "memory_limit",
        "message_size_limit",
        "per_listener_settings",
        "persistence",
        "retained_persistence",
        "persistence_file",
        "persistence_location",
        "persistent_client_expiration",
        "pid_file",
        "psk_file",
        "queue_qos0_messages",
        "retain_available",
        "retain_expiry_interval",
        "retry_interval",
        "set_tcp_nodelay",
        "sys_interval",
        "upgrade_outgoing_qos",
        "user",
        "packet_buffer_size",
        "websockets_headers_size",
        "websockets_log_level",
        "listener",
        "port",
        "bind_address",
        "accept_protocol_versions",
        "bind_interface",
        "enable_proxy_protocol",
        "proxy_protocol_v2_require_tls",
        "http_dir",
        "listener_allow_anonymous",
        "listener_auto_id_prefix",
        "max_connections",
        "max_qos",
        "maximum_qos",
        "max_topic_alias",
        "max_topic_alias_broker",
        "mount_point",
        "protocol",
        "socket_domain",
        "websockets_origin",
        "cafile",
        "capath",
        "certfile",
        "keyfile",
        "ciphers",
        "ciphers_tls1.3",
        "crlfile",
        "dhparamfile",
        "disable_client_cert_date_checks",
        "require_certificate",
        "tls_engine",
        "tls_engine_kpass_sha1",
        "tls_keyform",
        "tls_version",
        "use_identity_as_username",
        "use_subject_as_username",
        "psk_hint",
        "connection",
        "address",
        "addresses",
        "topic",
        "bridge_attempt_unsubscribe",
        "bridge_bind_address",
        "bridge_max_packet_size",
        "bridge_max_topic_alias",
        "bridge_outgoing_retain",
        "bridge_protocol_version",
        "bridge_receive_maximum",
        "bridge_reload_type",
        "bridge_session_expiry_interval",
        "bridge_tcp_keepalive",
        "bridge_tcp_user_timeout",
        "cleansession",
        "local_cleansession",
        "remote_clientid",
        "clientid",
        "local_clientid",
        "remote_username",
        "username",
        "remote_password",
        "password",
        "local_username",
        "local_password",
        "idle_timeout",
        "keepalive_interval",
        "notifications",
        "notifications_local_only",
        "notification_topic",
        "restart_timeout",
        "round_robin",
        "start_type",
        "threshold",
        "try_private",
        "bridge_alpn",
        "bridge_cafile",
        "bridge_capath",
        "bridge_certfile",
        "bridge_keyfile",
        "bridge_identity",
        "bridge_psk",
        "bridge_insecure",
        "bridge_require_ocsp",
        "bridge_tls_version",
        "bridge_ciphers",
        "bridge_ciphers_tls1.3",
        "bridge_tls_use_os_certs",
    };
    for (const char *name : known) {
        const config_option *option = config_option_find(name);
        ASSERT_NE(option, nullptr) << name;
        EXPECT_NE(option->origin, CONFIG_LIBELLA) << name;
    }
}

// ---- Reading again ----

TEST(ConfigReload, WhatMayChangeChanges) {
    configuration live, next;
    ASSERT_TRUE(live.read_text("listener 2000\nallow_anonymous false\n"));
    ASSERT_TRUE(next.read_text(
        "listener 2000\naccept_protocol_versions 5\nmax_connections 4\n"
        "listener_allow_anonymous true\n"
        "allow_anonymous true\nmax_queued_messages 5\nclientid_prefixes a-\nauto_id_prefix b-\n"
        "log_type error\nlog_timestamp_format %F\nmax_inflight_messages 3\nlog_dest stdout\n"));
    ASSERT_TRUE(config_reload(&live.config, &next.config, &live.reporter));
    EXPECT_EQ(live.config.limits.max_queued_messages, 5u);
    EXPECT_EQ(live.config.limits.max_inflight_messages, 3);
    EXPECT_STREQ(live.config.limits.auto_id_prefix, "b-");
    EXPECT_STREQ(live.config.clientid_prefixes, "a-");
    EXPECT_EQ(live.config.log.types, static_cast<uint32_t>(LOG_TYPE_ERROR));
    EXPECT_EQ(live.config.log.destinations, static_cast<uint32_t>(LOG_TO_STDOUT));
    EXPECT_STREQ(live.config.log.timestamp_format, "%F");
    EXPECT_FALSE(live.config.listeners[0].version_accepted[4]);
    EXPECT_EQ(live.config.listeners[0].max_connections, 4u);
    EXPECT_TRUE(config_allows_anonymous(&live.config, &live.config.listeners[0]));
}

TEST(ConfigReload, WhatMayNotIsToldOnceForEachOption) {
    configuration live, next;
    ASSERT_TRUE(live.read_text("pid_file /a\nlistener 2000\nmax_qos 1\n"));
    ASSERT_TRUE(next.read_text("pid_file /b\nuser c\nlistener 2000\nmax_qos 2\n"));
    live.remarks.clear();
    ASSERT_TRUE(config_reload(&live.config, &next.config, &live.reporter));
    EXPECT_STREQ(live.config.pid_file, "/a");
    EXPECT_EQ(live.config.user, nullptr);
    EXPECT_EQ(live.config.listeners[0].max_qos, 1);
    const std::vector<std::string> expected = {"pid_file has changed; it waits for a restart",
                                               "user has changed; it waits for a restart",
                                               "max_qos has changed; it waits for a restart"};
    EXPECT_EQ(live.remarks, expected);
}

TEST(ConfigReload, OtherListenersChangeNothing) {
    for (const char *text :
         {"listener 2001\nmax_queued_messages 5\n",
          "listener 2000\nlistener 2001\nmax_queued_messages 5\n",
          "listener 2000 ::1\nmax_queued_messages 5\n", "max_queued_messages 5\n"}) {
        configuration live, next;
        ASSERT_TRUE(live.read_text("listener 2000\nmax_queued_messages 9\n"));
        ASSERT_TRUE(next.read_text(text));
        EXPECT_FALSE(config_reload(&live.config, &next.config, &live.reporter));
        EXPECT_EQ(live.config.limits.max_queued_messages, 9u);
        ASSERT_EQ(live.errors.size(), 1u);
        EXPECT_TRUE(contains(live.errors[0], "listeners can't be added"));
    }
}

TEST(ConfigTable, ValuesThatAreNotSupportedSaySo) {
    for (size_t i = 0; i < config_option_count; i++) {
        const config_option &option = config_options[i];
        if (option.status != CONFIG_SUPPORTED || option.advice == nullptr)
            continue;
        configuration c;
        EXPECT_TRUE(c.read_text(option.name + std::string(" false\n"))) << c.error();
        EXPECT_FALSE(c.read_text(option.name + std::string(" true\n")));
        EXPECT_EQ(c.error(), "t.conf:1: " + std::string(option.name) + " true is not supported; " +
                                 option.advice);
    }
}

TEST(ConfigDescribe, EveryFormNamesEveryOption) {
    for (const config_form form : {CONFIG_AS_MARKDOWN, CONFIG_AS_MAN, CONFIG_FROM_MOSQUITTO}) {
        char *text = nullptr;
        size_t size = 0;
        FILE *stream = open_memstream(&text, &size);
        config_describe(stream, form);
        fclose(stream);
        const std::string page(text, size);
        free(text);
        for (size_t i = 0; i < config_option_count; i++)
            EXPECT_TRUE(contains(page, config_options[i].name) ||
                        config_options[i].status == CONFIG_REMOVED)
                << config_options[i].name;
    }
}

} // namespace
