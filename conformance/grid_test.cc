// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What the grid reads and decides without starting anything: TOML, descriptions of brokers,
// chapters, and the two pages. The running of brokers is in program_test.py.

#include "conformance/grid.h"

#include <gtest/gtest.h>

#include "conformance/process.h"
#include "conformance/statements.h"
#include "conformance/toml.h"

namespace conformance {
namespace {

std::string error_of(const std::string &text) {
    return toml_parse("f", text).error;
}

TEST(Toml, EveryKindOfValue) {
    const toml_file file = toml_parse("f", "# top\n"
                                           "text = \"a\\\"\\\\\\n\\u00e9\" # behind\n"
                                           "plain = 'c:\\n'\n"
                                           "number = -17\n"
                                           "\"odd key/1\" = true\n"
                                           "[a.\"b c\"] # table\n"
                                           "list = [ \"x\", # first\n\n  'y',\n]\n"
                                           "empty = []\n"
                                           "long = \"\"\"\none\\ttwo\n\"three\"\n\"\"\"\n"
                                           "raw = '''no \\n'''\n"
                                           "[c]\r\n"
                                           "last = false");
    ASSERT_EQ(file.error, "");
    ASSERT_EQ(file.entries.size(), 9u);
    EXPECT_EQ(file.entries[0].value.text, "a\"\\\n\xC3\xA9");
    EXPECT_EQ(file.entries[1].value.text, "c:\\n");
    EXPECT_EQ(file.entries[2].value.number, -17);
    EXPECT_EQ(file.entries[3].key, "odd key/1");
    EXPECT_TRUE(file.entries[3].value.truth);
    EXPECT_EQ(file.entries[4].table, (std::vector<std::string>{"a", "b c"}));
    EXPECT_EQ(file.entries[4].value.list, (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(file.entries[4].line, 7u);
    EXPECT_TRUE(file.entries[5].value.list.empty());
    EXPECT_EQ(file.entries[6].value.text, "one\ttwo\n\"three\"\n");
    EXPECT_EQ(file.entries[7].value.text, "no \\n");
    EXPECT_EQ(file.entries[8].line, 18u);
    EXPECT_EQ(file.tables.size(), 2u);
}

TEST(Toml, ErrorsNameTheLine) {
    EXPECT_EQ(error_of("a = 1\na = 2"), "f:2: the key a is there already, in line 1");
    EXPECT_EQ(error_of("[t]\n[t]"), "f:2: the table is there already");
    EXPECT_EQ(error_of("\n[[t]]"), "f:2: arrays of tables are not known here");
    EXPECT_EQ(error_of("a.b = 1"), "f:1: dotted keys are not known here, write a table");
    EXPECT_EQ(error_of("a 1"), "f:1: expected '=' after the key a");
    EXPECT_EQ(error_of("= 1"), "f:1: expected a key");
    EXPECT_EQ(error_of("a = \"x\nb = 1"), "f:1: the string has no end in its line");
    EXPECT_EQ(error_of("a = \"\"\"x\n\n"), "f:3: the string that begins in line 1 has no end");
    EXPECT_EQ(error_of("a = \"\\q\""), "f:1: unknown escape \\q");
    EXPECT_EQ(error_of("a = \"\\u12\""), "f:1: unknown escape \\u");
    EXPECT_EQ(error_of("a = [1]"), "f:1: expected a string: lists hold nothing else here");
    EXPECT_EQ(error_of("a = [\"x\" \"y\"]"), "f:1: expected ',' or ']' in the list");
    EXPECT_EQ(error_of("a = [\n\"x\""), "f:2: expected ',' or ']' in the list");
    EXPECT_EQ(error_of("a = [\n"), "f:2: expected ']'");
    EXPECT_EQ(error_of("a = 1 b"), "f:1: expected the end of the line");
    EXPECT_EQ(error_of("[a"), "f:1: expected ']' after the name of the table");
    for (const char *wrong : {"a = 1.5", "a = yes", "a = {}", "a = ", "a = 1234567890123456789"}) {
        EXPECT_NE(error_of(wrong).find("expected a string, an integer"), std::string::npos)
            << wrong;
    }
}

constexpr char good[] = R"(name = "b-1"
versions = ["3.1.1", "5.0"]
lacks = ["qos2"]
[set]
binary = "b"
[setup.plain]
needs = ["sys_topics"]
command = ["@binary@", "@port@"]
port = 1885
start_s = 2
[setup.plain.files]
"a.conf" = "x"
[setup.limits]
needs = ["empty_id_refused", "server_keep_alive"]
command = ["b"]
[setup.both]
needs = ["acl", "auth"]
command = ["b"]
[setup.web]
websocket_path = "/mqtt"
command = ["b"]
[remarks]
"v5/3.1.2-4" = "why"
)";

TEST(BrokerFile, Reads) {
    const broker_description broker = broker_file_parse("dir/b.toml", good);
    ASSERT_EQ(broker.error, "");
    EXPECT_EQ(broker.title, "b-1") << "the name, since there is none";
    EXPECT_EQ(broker.versions, (std::vector<unsigned>{4, 5}));
    EXPECT_EQ(broker.lacks, std::vector<std::string>{"qos2"});
    EXPECT_EQ(broker.values.at("binary"), "b");
    ASSERT_EQ(broker.setups.size(), 4u);
    EXPECT_EQ(broker.setups[0].port, "1885");
    EXPECT_EQ(broker.setups[0].start_ms, 2000u);
    EXPECT_EQ(broker.setups[0].files.at("a.conf"), "x");
    EXPECT_EQ(broker.setups[3].websocket_path, "/mqtt");
    EXPECT_EQ(broker.remarks.at("v5/3.1.2-4"), "why");
    EXPECT_EQ(broker.here.substr(broker.here.size() - 4), "/dir");
}

TEST(BrokerFile, ErrorsNameTheLine) {
    const std::string head = "name = \"b\"\nversions = [\"5.0\"]\n";
    const std::string setup = head + "[setup.a]\ncommand = [\"b\"]\n";
    const std::vector<std::pair<std::string, std::string>> wrong = {
        {"name = \"B\"", "f:1: name: expected lower-case letters, digits and '-'"},
        {"nam = \"b\"", "f:1: unknown key nam: expected name, title, versions, lacks or "
                        "version_command"},
        {"versions = [\"4\"]", "f:1: versions: expected 3.1, 3.1.1 or 5.0, not '4'"},
        {"lacks = [\"acl\"]", "f:1: lacks: 'acl' is no feature"},
        {head, "f:1: a table [setup.NAME] is missing"},
        {head + "[setup.a]\n", "f:1: command of setup a is missing"},
        {setup + "port = 0", "f:5: port: expected 1 to 65535"},
        {setup + "port = \"1\"", "f:5: port: expected a number"},
        {setup + "start_s = 601", "f:5: start_s: expected 1 to 600"},
        {setup + "needs = [\"qos1\"]", "f:5: needs: 'qos1' is no need of configuration and none "
                                       "that CONNACK announces"},
        {setup + "nice = 1", "f:5: unknown key nice: expected command, needs, port, ready_line, "
                             "start_s or websocket_path"},
        {setup + "websocket_path = \"mqtt\"",
         "f:5: websocket_path: expected a path such as /mqtt"},
        {setup + "[setup.a.files]\n\"a/b\" = \"\"",
         "f:6: expected the name of a file, without a folder"},
        {setup + "[other]\nx = 1",
         "f:6: expected the tables setup.NAME, setup.NAME.files, set and remarks only"},
    };
    for (const auto &[text, message] : wrong) {
        EXPECT_EQ(broker_file_parse("f", text).error, message);
    }
}

TEST(BrokerFile, FillsNamesItKnows) {
    const std::map<std::string, std::string> values = {{"port", "1"}, {"dir", "/d"}};
    EXPECT_EQ(broker_file_fill("@port@ @dir@/x @other@ a@b @@port@ @", values),
              "1 /d/x @other@ a@b @1 @");
}

test_case needing(unsigned version, std::vector<std::string> needs) {
    test_case out;
    out.version = version;
    out.needs = std::move(needs);
    return out;
}

TEST(BrokerFile, ChoosesTheSetupOfACase) {
    const broker_description broker = broker_file_parse("b.toml", good);
    EXPECT_EQ(broker_file_setup(broker, needing(3, {})), SIZE_MAX);
    EXPECT_EQ(broker_file_setup(broker, needing(4, {"qos1"})), 0u);
    EXPECT_EQ(broker_file_setup(broker, needing(4, {"empty_id_refused"})), 1u);
    EXPECT_EQ(broker_file_setup(broker, needing(5, {"server_keep_alive"})), 1u);
    EXPECT_EQ(broker_file_setup(broker, needing(5, {"topic_alias"})), 0u)
        << "no setup is made for it, CONNACK will tell";
    EXPECT_EQ(broker_file_setup(broker, needing(5, {"auth", "topic_alias"})), 2u);
    EXPECT_EQ(broker_file_setup(broker, needing(5, {"connect_timeout"})), 0u);
    EXPECT_EQ(broker_file_setup(broker, needing(5, {"websocket"})), 3u);
    EXPECT_EQ(broker_file_setup(broker, needing(5, {"websocket", "auth"})), 0u);
}

TEST(Statements, AreKnownInOrderAndByChapter) {
    ASSERT_NE(statement_find("v5/3.1.2-4"), nullptr);
    EXPECT_STREQ(statement_find("v5/3.1.2-4")->keyword, "MUST");
    EXPECT_EQ(statement_find("v5/9.9.9-9"), nullptr);
    std::vector<std::string> ids = {"v5/9.9-1", "v5/3.10.4-1", "v5/3.2.2-1", "v3/4.8.0-1"};
    statement_sort(&ids);
    EXPECT_EQ(ids,
              (std::vector<std::string>{"v3/4.8.0-1", "v5/3.2.2-1", "v5/3.10.4-1", "v5/9.9-1"}));
    EXPECT_EQ(statement_chapter("v5/u-3.1.2.11.3-1"), "v5/3.1");
    EXPECT_EQ(statement_chapter("v5/4.13.1-1"), "v5/4.13");
    EXPECT_EQ(statement_chapter("v3/2.3.1-1"), "v3/2");
    EXPECT_EQ(statement_chapter("v5/6.0.0-1"), "v5/6");
    EXPECT_STREQ(statement_chapter_title("v5/3.10"), "UNSUBSCRIBE");
    EXPECT_STREQ(statement_chapter_title("v5/4.8"), "Subscriptions");
    EXPECT_STREQ(statement_chapter_title("v3/4.8"), "Handling errors");
    EXPECT_STREQ(statement_chapter_title("v5/8"), "");
}

// ---- The pages -------------------------------------------------------------------------------

std::vector<test_case> three_cases() {
    std::vector<test_case> cases(3);
    const std::array<const char *, 3> cites = {"v3/3.12.4-1", "v5/3.1.2-4", "v5/3.1.2-4"};
    const std::array<const char *, 3> names = {"pong", "one", "two"};
    for (size_t i = 0; i < cases.size(); i++) {
        cases[i].folder = std::string(cites[i]).substr(0, 2);
        cases[i].section = "3.1";
        cases[i].name = names[i];
        cases[i].cites = {cites[i]};
        cases[i].version = i == 0 ? 4 : 5;
    }
    return cases;
}

grid_column column(const std::vector<test_case> &cases, const std::string &name,
                   std::vector<unsigned> versions, const std::vector<verdict> &verdicts) {
    grid_column out;
    out.broker.name = name;
    out.broker.versions = std::move(versions);
    out.facts.broker = name;
    for (size_t i = 0; i < cases.size(); i++) {
        out.rows.push_back({&cases[i], {}});
        out.rows[i].result.verdict = verdicts[i];
        out.rows[i].result.reason = "because | of <it>";
    }
    out.statements = report_statements(out.rows);
    return out;
}

TEST(Grid, CellsOpenTheCaseThatDecided) {
    const std::vector<test_case> cases = three_cases();
    const std::vector<grid_column> columns = {
        column(cases, "a", {4, 5}, {verdict::pass, verdict::pass, verdict::fail}),
        column(cases, "b", {4}, {verdict::pass, verdict::not_supported, verdict::not_supported})};
    const std::string page = grid_html(columns);
    EXPECT_NE(page.find("<td><a href=\"a.html#v5/3.1/two\" title=\"2 cases: two\">"),
              std::string::npos);
    EXPECT_NE(page.find("<tr class=\"same fine\"><td class=id>v3/3.12.4-1"), std::string::npos);
    EXPECT_NE(page.find("<tr class=\"same \"><td class=id>v5/3.1.2-4"), std::string::npos)
        << "only one broker speaks 5.0, so they cannot differ";
    EXPECT_EQ(page.find("b.html#v5/3.1/"), std::string::npos);
    EXPECT_EQ(grid_count(columns[0], "v5")[static_cast<size_t>(verdict::fail)], 1u);
    EXPECT_EQ(grid_count(columns[0], "v3/3.12")[static_cast<size_t>(verdict::pass)], 1u);
    EXPECT_EQ(grid_chapters(columns[0], "v5"), std::vector<std::string>{"v5/3.1"});
}

TEST(Grid, MarkdownTellsWhatFailed) {
    const std::vector<test_case> cases = three_cases();
    std::vector<grid_column> columns = {
        column(cases, "a", {4, 5}, {verdict::pass, verdict::pass, verdict::fail})};
    columns[0].broker.remarks["v5/3.1/two"] = "known";
    const std::string text = grid_markdown(columns);
    EXPECT_NE(text.find("- [v5/3.1/two](a.html#v5/3.1/two) v5/3.1.2-4"), std::string::npos);
    EXPECT_NE(text.find("because \\| of \\<it\\>"), std::string::npos);
    EXPECT_NE(text.find("*known*"), std::string::npos);
    EXPECT_NE(text.find("| 3.1 CONNECT | 0 of 1 |"), std::string::npos) << text;
    EXPECT_EQ(text.find("v5/3.1/one"), std::string::npos);
}

TEST(Process, SaysHowAProgramEnded) {
    process program;
    std::string error;
    const std::string log = testing::TempDir() + "process.log";
    ASSERT_TRUE(program.start({"sh", "-c", "echo said; exit 3"}, "/", log, &error)) << error;
    while (program.running()) {
    }
    EXPECT_EQ(program.outcome(), "exit status 3");
    EXPECT_NE(process_read_file(log).find("said\n"), std::string::npos);
    ASSERT_TRUE(program.start({"sh", "-c", "kill -SEGV $$"}, "/", log, &error));
    while (program.running()) {
    }
    EXPECT_EQ(program.outcome(), "killed by Segmentation fault");
    EXPECT_FALSE(program.start({"/nonexistent/program"}, "/", log, &error));
    EXPECT_EQ(error, "/nonexistent/program: No such file or directory");
    EXPECT_EQ(process_first_line({"printf", "\\n\\nfirst\\nsecond\\n"}, testing::TempDir()),
              "first");
    EXPECT_GT(process_free_port(), 0u);
}

} // namespace
} // namespace conformance
