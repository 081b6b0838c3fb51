// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Access control lists: the rules one by one, then generated lists against a reading of the same
// text that is obviously right.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <sstream>

#include "broker/security/fault_test_support.h"

extern "C" {
#include "broker/security/acl.h"
}

using security_test::bytes_of;
using security_test::faults;

namespace {

ella_slice slice(const std::string &text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

struct client {
    std::optional<std::string> user;
    std::string id;
    acl_client c() const { return {slice(id), user ? slice(*user) : slice(""), user.has_value()}; }
};

class AclTest : public testing::Test {
  protected:
    bool parse(const std::string &text) {
        rules.reset(acl_file_parse(bytes_of(text), text.size(), 3, said.reporter()));
        return rules != nullptr;
    }
    bool reads(const client &who, const std::string &topic) {
        const acl_client c = who.c();
        return acl_allows(rules.get(), &c, ACL_READ, slice(topic));
    }
    bool writes(const client &who, const std::string &topic) {
        const acl_client c = who.c();
        return acl_allows(rules.get(), &c, ACL_WRITE, slice(topic));
    }
    bool reaches(const client &who, const std::string &filter) {
        const acl_client c = who.c();
        return acl_reaches(rules.get(), &c, slice(filter));
    }
    acl_decision decide(const client &who, acl_access access, const std::string &topic) {
        const acl_client c = who.c();
        return acl_decide(rules.get(), &c, access, slice(topic));
    }

    faults said;
    std::unique_ptr<struct acl, void (*)(struct acl *)> rules{nullptr, acl_free};
    const client anonymous = {std::nullopt, "anon"};
    const client roger = {"roger", "c1"};
};

// The example file that comes with Mosquitto.
TEST_F(AclTest, MosquittosExample) {
    ASSERT_TRUE(parse("# This affects access control for clients with no username.\n"
                      "topic read $SYS/#\n"
                      "\n"
                      "# This only affects clients with username \"roger\".\n"
                      "user roger\n"
                      "topic foo/bar\n"
                      "\n"
                      "# This affects all clients.\n"
                      "pattern write $SYS/broker/connection/%c/state\n"));
    EXPECT_TRUE(reads(anonymous, "$SYS/broker/uptime"));
    EXPECT_FALSE(writes(anonymous, "$SYS/broker/uptime"));
    EXPECT_FALSE(reads(anonymous, "foo/bar"));
    EXPECT_TRUE(reads(roger, "foo/bar"));
    EXPECT_TRUE(writes(roger, "foo/bar"));
    EXPECT_FALSE(reads(roger, "foo/barr"));
    EXPECT_FALSE(reads(roger, "foo"));
    EXPECT_FALSE(reads(roger, "$SYS/broker/uptime"));
    EXPECT_TRUE(writes(roger, "$SYS/broker/connection/c1/state"));
    EXPECT_FALSE(writes(roger, "$SYS/broker/connection/c2/state"));
    EXPECT_FALSE(reads(roger, "$SYS/broker/connection/c1/state"));
}

// The example of the manual page.
TEST_F(AclTest, PatternsOfTheManual) {
    ASSERT_TRUE(parse("pattern write sensor/%u/data\n"));
    EXPECT_TRUE(writes({"roger", "x"}, "sensor/roger/data"));
    EXPECT_FALSE(writes({"ann", "x"}, "sensor/roger/data"));
    EXPECT_FALSE(writes({std::nullopt, "roger"}, "sensor/roger/data"));
    EXPECT_FALSE(reads({"roger", "x"}, "sensor/roger/data"));
}

TEST_F(AclTest, AnEmptyFileAllowsNothing) {
    ASSERT_TRUE(parse(""));
    EXPECT_FALSE(reads(anonymous, "a"));
    EXPECT_FALSE(writes(roger, "a"));
    EXPECT_FALSE(reaches(roger, "#"));
}

TEST_F(AclTest, DenyWinsWhereverItStands) {
    ASSERT_TRUE(parse("user roger\ntopic read a/#\ntopic deny a/secret\ntopic a/secret\n"));
    EXPECT_TRUE(reads(roger, "a"));
    EXPECT_TRUE(reads(roger, "a/b"));
    EXPECT_FALSE(reads(roger, "a/secret"));
    EXPECT_FALSE(writes(roger, "a/secret"));
    EXPECT_TRUE(reads(roger, "a/secret/b"));
}

TEST_F(AclTest, OnesOwnLinesComeBeforePatterns) {
    ASSERT_TRUE(parse("user roger\ntopic read a/b\ntopic deny x/y\npattern deny a/#\n"
                      "pattern x/#\npattern deny x/%u\n"));
    EXPECT_TRUE(reads(roger, "a/b"));   // a deny of a pattern does not reach it
    EXPECT_FALSE(reads(roger, "x/y"));  // a pattern does not give it back
    EXPECT_FALSE(writes(roger, "a/b")); // no line of one's own says it
    EXPECT_TRUE(reads(roger, "x/z"));
    EXPECT_FALSE(reads(roger, "x/roger"));
    EXPECT_TRUE(reads({"ann", "c"}, "x/y"));
}

TEST_F(AclTest, AUserMayHaveSeveralSections) {
    ASSERT_TRUE(parse("user a\ntopic read 1\nuser b c\ntopic read 2\nuser a\ntopic read 3\n"));
    const client a = {"a", "x"};
    EXPECT_TRUE(reads(a, "1"));
    EXPECT_FALSE(reads(a, "2"));
    EXPECT_TRUE(reads(a, "3"));
    EXPECT_TRUE(reads({"b c", "x"}, "2"));
}

TEST_F(AclTest, WildcardsAsInSubscriptions) {
    ASSERT_TRUE(parse("topic read +/b/#\ntopic read /+\ntopic read c/+\ntopic write #\n"));
    EXPECT_TRUE(reads(anonymous, "a/b"));
    EXPECT_TRUE(reads(anonymous, "/b/c/d"));
    EXPECT_TRUE(reads(anonymous, "/x"));
    EXPECT_TRUE(reads(anonymous, "c/"));
    EXPECT_FALSE(reads(anonymous, "c"));
    EXPECT_FALSE(reads(anonymous, "c/d/e"));
    EXPECT_FALSE(reads(anonymous, "$a/b"));
    EXPECT_TRUE(writes(anonymous, "c"));
    EXPECT_FALSE(writes(anonymous, "$SYS"));
}

TEST_F(AclTest, FiltersMayHaveBlanksBehindAnAccess) {
    ASSERT_TRUE(parse("topic read a b/c  \r\n  topic   write   d\n"));
    EXPECT_TRUE(reads(anonymous, "a b/c"));
    EXPECT_TRUE(writes(anonymous, "d"));
    EXPECT_FALSE(parse("topic a b/c\n"));
}

TEST_F(AclTest, PlaceholdersStandAnywhereInALevel) {
    ASSERT_TRUE(parse("pattern read d/x%c-%u/e\npattern read %u/#\npattern write t/%c\n"));
    EXPECT_TRUE(reads(roger, "d/xc1-roger/e"));
    EXPECT_FALSE(reads(roger, "d/xc1-roger"));
    EXPECT_TRUE(reads(roger, "roger"));
    EXPECT_TRUE(reads(roger, "roger/any/thing"));
    // In a topic line they are what they are.
    ASSERT_TRUE(parse("user roger\ntopic read %u/x\n"));
    EXPECT_FALSE(reads(roger, "roger/x"));
    EXPECT_TRUE(reads(roger, "%u/x"));
}

// A name of several levels stands for several levels, as in Mosquitto.
TEST_F(AclTest, NamesWithSlashes) {
    ASSERT_TRUE(parse("pattern read dev/%c/+\npattern deny dev/%c/secret\n"));
    const client c = {std::nullopt, "site/7"};
    EXPECT_TRUE(reads(c, "dev/site/7/t"));
    EXPECT_FALSE(reads(c, "dev/site/7/secret"));
    EXPECT_FALSE(reads(c, "dev/site/7"));
    EXPECT_FALSE(reads(c, "dev/site/8/t"));
    EXPECT_TRUE(reaches(c, "dev/site/7/#"));
    EXPECT_TRUE(reaches(c, "dev/+/+/t"));
    EXPECT_FALSE(reaches(c, "dev/+/+/secret"));
    EXPECT_FALSE(reaches(c, "dev/+"));
}

TEST_F(AclTest, NamesWithWildcardsHaveNoPatterns) {
    ASSERT_TRUE(parse("pattern read d/%c/#\nuser +\ntopic read own\n"));
    for (const char *id : {"+", "a#", "#"}) {
        EXPECT_FALSE(reads({"u", id}, std::string("d/") + id));
        EXPECT_FALSE(reads({"u", id}, "d/x"));
        EXPECT_EQ(decide({"u", id}, ACL_READ, "d/x").reason, ACL_BY_NAME);
    }
    EXPECT_TRUE(reads({"+", "x"}, "own"));
    EXPECT_FALSE(reads({"+", "x"}, "d/x"));
    EXPECT_FALSE(reaches({"+", "x"}, "d/#"));
}

TEST_F(AclTest, TheLineThatDecidesIsNamed) {
    ASSERT_TRUE(parse("# c\nuser roger\ntopic read a/#\ntopic readwrite a/b\ntopic deny a/c\n"
                      "pattern x/%c\n"));
    EXPECT_EQ(decide(roger, ACL_READ, "a/b").line, 3u);
    EXPECT_EQ(decide(roger, ACL_WRITE, "a/b").line, 4u);
    EXPECT_EQ(decide(roger, ACL_READ, "a/c").line, 5u);
    EXPECT_FALSE(decide(roger, ACL_READ, "a/c").is_allowed);
    EXPECT_EQ(decide(roger, ACL_READ, "x/c1").line, 6u);
    EXPECT_EQ(decide(roger, ACL_READ, "x/c1").reason, ACL_BY_PATTERN_LINE);
    EXPECT_EQ(decide(roger, ACL_READ, "y").line, 0u);
    EXPECT_EQ(decide(roger, ACL_READ, "y").reason, ACL_BY_DEFAULT);
}

TEST_F(AclTest, EveryFaultIsToldWithItsLine) {
    EXPECT_FALSE(parse("topic\nuser\nuser \npattern\ntopic maybe a\ntopic read a/#/b\n"
                       "topic read a+\nallow a\nTopic a\ntopic read " +
                       std::string(2 * ACL_LEVELS_MAX, '/') + "\nuser a\x01\ntopic read \xFF\n"));
    const char *const access = ": the access must be read, write, readwrite or deny; a filter "
                               "with blanks needs one before it";
    EXPECT_EQ(said.told,
              (std::vector<std::string>{"1: topic needs a topic filter", "2: user needs a name",
                                        "3: user needs a name", "4: pattern needs a topic filter",
                                        std::string("5") + access, "6: not a valid topic filter",
                                        "7: not a valid topic filter",
                                        "8: a line begins with user, topic, pattern or #",
                                        "9: a line begins with user, topic, pattern or #",
                                        "10: the filter has more than 200 levels",
                                        "11: the name is not UTF-8 text of 65535 bytes at most",
                                        "12: not a valid topic filter"}));
}

TEST_F(AclTest, APatternForEverybodyIsRemarked) {
    EXPECT_TRUE(parse("pattern read a/#\npattern read %c\n"));
    EXPECT_EQ(said.remarks, (std::vector<std::string>{
                                "1: the pattern has neither %c nor %u: it is for every client"}));
}

TEST_F(AclTest, ReachOfAFilter) {
    ASSERT_TRUE(parse("user roger\ntopic read a/+/c\ntopic read b/#\ntopic deny b/x/#\n"
                      "topic write w\ntopic read $SYS/#\n"));
    for (const char *filter : {"#", "a/#", "a/+/c", "a/b/c", "+/b/c", "a/b/#", "b", "b/#", "b/y",
                               "+", "b/+/#", "$SYS/#", "$SYS/broker/uptime", "a/b/c/#"})
        EXPECT_TRUE(reaches(roger, filter)) << filter;
    for (const char *filter : {"a", "a/+", "a/b/d", "c/#", "b/x", "b/x/#", "b/x/+/y", "w", "$x/#",
                               "a/b/c/d", "$SYSX", "/#"})
        EXPECT_FALSE(reaches(roger, filter)) << filter;
    EXPECT_FALSE(reaches(anonymous, "#"));
}

TEST_F(AclTest, ManyUsersCostNoMore) {
    std::string text;
    for (int i = 0; i < 20000; i++)
        text += "user u" + std::to_string(i) + "\ntopic read t/" + std::to_string(i) + "/#\n";
    ASSERT_TRUE(parse(text));
    for (int i = 0; i < 20000; i += 77) {
        const std::string n = std::to_string(i);
        EXPECT_TRUE(reads({"u" + n, "c"}, "t/" + n + "/x"));
        EXPECT_FALSE(reads({"u" + n, "c"}, "t/x" + n));
    }
}

// ---- Against a reading that is obviously right ----

struct plain_rule {
    std::string user; // "-": anonymous, "*": a pattern, "=NAME"
    std::string access;
    std::string filter;
};

std::string replaced(std::string text, const std::string &what, const std::string &by) {
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

bool has_wildcard(const std::string &text) {
    return text.find_first_of("+#") != std::string::npos;
}

// As the manual says it, line by line. The names of these clients have no "%".
bool plain_allows(const std::vector<plain_rule> &rules, const client &who, const char *access,
                  const std::string &topic) {
    for (const bool patterns : {false, true}) {
        bool allowed = false;
        if (patterns && (has_wildcard(who.id) || (who.user && has_wildcard(*who.user))))
            return false;
        for (const plain_rule &rule : rules) {
            if ((rule.user == "*") != patterns)
                continue;
            if (!patterns && rule.user != (who.user ? "=" + *who.user : "-"))
                continue;
            std::string filter = rule.filter;
            if (patterns && filter.find("%u") != std::string::npos && !who.user)
                continue;
            if (patterns)
                filter = replaced(replaced(filter, "%c", who.id), "%u", who.user.value_or(""));
            if (!ella_topic_match(slice(filter), slice(topic)))
                continue;
            if (rule.access == "deny")
                return false;
            allowed |= rule.access == "readwrite" || rule.access == access;
        }
        if (allowed)
            return true;
    }
    return false;
}

class generator {
  public:
    explicit generator(uint32_t seed) : luck(seed) {}
    uint32_t below(uint32_t n) { return static_cast<uint32_t>(luck() % n); }
    std::string filter(bool is_pattern) {
        static const char *const levels[] = {"a", "b", "", "+", "$x", "%c", "%u", "p%c"};
        std::string text;
        const uint32_t count = 1 + below(3);
        for (uint32_t i = 0; i < count; i++) {
            text += i > 0 ? "/" : "";
            text += levels[below(is_pattern ? 8 : 5)];
        }
        if (below(3) == 0)
            text += "/#";
        return text.empty() ? "#" : text;
    }
    std::vector<plain_rule> rules() {
        static const char *const users[] = {"-", "*", "=u", "=a/b"};
        static const char *const accesses[] = {"read", "write", "readwrite", "deny"};
        std::vector<plain_rule> out;
        const uint32_t count = below(8);
        for (uint32_t i = 0; i < count; i++) {
            const std::string user = users[below(4)];
            out.push_back({user, accesses[below(4)], filter(user == "*")});
        }
        return out;
    }

  private:
    std::mt19937 luck;
};

// Lines of anonymous clients have to come first.
std::string text_of(const std::vector<plain_rule> &rules) {
    std::ostringstream text;
    for (const plain_rule &rule : rules) {
        if (rule.user == "-")
            text << "topic " << rule.access << " " << rule.filter << "\n";
    }
    for (const plain_rule &rule : rules) {
        if (rule.user == "*")
            text << "pattern " << rule.access << " " << rule.filter << "\n";
        else if (rule.user != "-")
            text << "user " << rule.user.substr(1) << "\ntopic " << rule.access << " "
                 << rule.filter << "\n";
    }
    return text.str();
}

// All topics of up to four levels that may matter to a client; z is in no rule.
std::vector<std::string> all_topics(const client &who) {
    const std::string levels[] = {"a", "b", "", "$x", "z", who.user.value_or("u"), "p" + who.id};
    std::vector<std::string> out;
    std::vector<std::string> last = {""};
    for (int depth = 0; depth < 4; depth++) {
        std::vector<std::string> next;
        for (const std::string &begin : last) {
            for (const std::string &level : levels)
                next.push_back(depth == 0 ? level : begin + "/" + level);
        }
        for (const std::string &topic : next) {
            if (!topic.empty())
                out.push_back(topic);
        }
        last = next;
    }
    return out;
}

const client clients[] = {{std::nullopt, "a"}, {"u", "b"},  {"a/b", "a/b"},  {"u", "+"},
                          {"", "a"},           {"u", "$x"}, {"nobody", "a"}, {std::nullopt, "x#"}};

TEST_F(AclTest, GeneratedListsDecideAsTheManualSays) {
    generator generate(1);
    const std::vector<std::string> topics = all_topics(clients[0]);
    for (int round = 0; round < 1000; round++) {
        const std::vector<plain_rule> list = generate.rules();
        ASSERT_TRUE(parse(text_of(list))) << text_of(list);
        for (const client &who : clients) {
            for (int i = 0; i < 20; i++) {
                const std::string &topic =
                    topics[generate.below(static_cast<uint32_t>(topics.size()))];
                ASSERT_EQ(reads(who, topic), plain_allows(list, who, "read", topic))
                    << text_of(list) << topic << " of " << who.id;
                ASSERT_EQ(writes(who, topic), plain_allows(list, who, "write", topic))
                    << text_of(list) << topic << " of " << who.id;
            }
        }
    }
}

// The four levels of all_topics() are enough to tell rules of three apart.
TEST_F(AclTest, GeneratedListsReachExactlyWhatCanBeRead) {
    generator generate(2);
    std::vector<std::vector<std::string>> topics;
    for (const client &who : clients)
        topics.push_back(all_topics(who));
    int reached = 0;
    for (int round = 0; round < 300; round++) {
        const std::vector<plain_rule> list = generate.rules();
        ASSERT_TRUE(parse(text_of(list)));
        const uint32_t index = generate.below(std::size(clients));
        const client &who = clients[index];
        std::vector<std::string> readable;
        for (const std::string &topic : topics[index]) {
            if (plain_allows(list, who, "read", topic))
                readable.push_back(topic);
        }
        for (int i = 0; i < 10; i++) {
            const std::string filter = generate.filter(false);
            bool expected = false;
            for (const std::string &topic : readable)
                expected = expected || ella_topic_match(slice(filter), slice(topic));
            // Names of several levels make longer topics than these.
            if (who.id == "a/b" && !expected)
                continue;
            ASSERT_EQ(reaches(who, filter), expected)
                << text_of(list) << "SUBSCRIBE " << filter << " by " << who.id;
            reached += expected;
        }
    }
    EXPECT_GT(reached, 200); // both answers occur
    EXPECT_LT(reached, 2800);
}

} // namespace
