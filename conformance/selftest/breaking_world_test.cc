// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The layer between case and broker: what it passes, what a breach can do, and when.

#include "conformance/selftest/breaking_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "conformance/fake_world.h"
#include "conformance/selftest/rules.h"

namespace conformance {
namespace {

using pt = packet_type;

std::string connect_bytes(unsigned version = 5) {
    return wire_encode({pt::connect, {{"id", value::of(std::string("me"))}}}, version);
}

std::string publish_bytes(const std::string &topic) {
    return wire_encode({pt::publish, {{"topic", value::of(topic)}}}, 5);
}

class BreakingWorld : public testing::Test {
  protected:
    void use(breach rule) {
        rule_ = std::make_unique<breach>(std::move(rule));
        broken_ = std::make_unique<breaking_world>(broker_, *rule_);
    }

    int open() {
        std::string error;
        return broken_->open("A", &error);
    }

    // The packets that have come on this connection, and "closed".
    std::vector<std::string> come(int connection) {
        std::string bytes;
        bool closed = false;
        for (const arrival &news : broken_->poll(broken_->now_ms() + 10)) {
            bytes += news.connection == connection ? news.bytes : "";
            closed = closed || (news.connection == connection && news.closed);
        }
        std::vector<std::string> names;
        for (size_t size = 0; wire_frame(bytes, &size) == frame_status::complete;) {
            names.emplace_back(wire_describe(wire_decode(bytes.substr(0, size), 5, true).packet));
            bytes.erase(0, size);
        }
        if (closed) {
            names.emplace_back("closed");
        }
        return names;
    }

    bool heard(const std::string &words) const {
        return std::any_of(
            broker_.heard.begin(), broker_.heard.end(),
            [&](const std::string &line) { return line.find(words) != std::string::npos; });
    }

    using lines = std::vector<std::string>;
    const std::string connack_ = "CONNACK session_present=0 reason=0x00";
    fake_world broker_;
    std::unique_ptr<breach> rule_;
    std::unique_ptr<breaking_world> broken_;
};

TEST_F(BreakingWorld, PassesEverythingWithoutHooks) {
    use(breach("none", {}, ""));
    const int a = open();
    broken_->send(a, connect_bytes());
    EXPECT_EQ(come(a), lines{connack_});
    broken_->send(a, wire_encode(packet_of(pt::disconnect), 5));
    EXPECT_EQ(come(a), lines{"closed"});
    EXPECT_EQ(come(a), lines{});
    broken_->close(a);
    EXPECT_TRUE(heard("A closed"));
}

TEST_F(BreakingWorld, ChangesAndDropsWhatIsAsked) {
    use(breach("ask", {}, "").ask([](breaking_world &, channel &, parcel &what) {
        if (what.is(pt::publish)) {
            what.set_text("topic", "other");
        } else if (what.is(pt::pingreq)) {
            what.drop();
        }
    }));
    const int a = open();
    broken_->send(a,
                  connect_bytes() + publish_bytes("t") + wire_encode(packet_of(pt::pingreq), 5));
    EXPECT_TRUE(heard("PUBLISH topic=\"other\""));
    EXPECT_FALSE(heard("PINGREQ"));
    EXPECT_EQ(come(a), lines{connack_});
}

TEST_F(BreakingWorld, ChangesAndAddsToAnswers) {
    use(breach("answer", {}, "").answer([](breaking_world &at, channel &to, parcel &what) {
        at.give(to, packet_of(pt::pingresp));
        at.follow(to, acknowledgement(pt::puback, 7));
        what.set("session_present", 1);
    }));
    const int a = open();
    broken_->send(a, connect_bytes());
    EXPECT_EQ(come(a), (lines{"PINGRESP", "CONNACK session_present=1 reason=0x00",
                              "PUBACK packet_id=7 reason=0x00"}));
}

TEST_F(BreakingWorld, TellsTheBrokerMore) {
    use(breach("tell", {}, "").ask([](breaking_world &at, channel &from, parcel &what) {
        if (what.is(pt::publish)) {
            at.tell(from, acknowledgement(pt::pubrel, 3));
            at.tell_after(from, acknowledgement(pt::pubrel, 4));
        }
    }));
    const int a = open();
    broken_->send(a, connect_bytes() + publish_bytes("t"));
    ASSERT_EQ(broker_.heard.size(), 4u);
    EXPECT_NE(broker_.heard[1].find("PUBREL packet_id=3"), std::string::npos);
    EXPECT_NE(broker_.heard[2].find("PUBLISH"), std::string::npos);
    EXPECT_NE(broker_.heard[3].find("PUBREL packet_id=4"), std::string::npos);
}

TEST_F(BreakingWorld, PassesPacketsInPiecesUnasked) {
    int asked = 0;
    use(breach("count", {}, "").ask([&asked](breaking_world &, channel &, parcel &) { asked++; }));
    const int a = open();
    const std::string bytes = connect_bytes();
    broken_->send(a, bytes.substr(0, 5));
    EXPECT_EQ(come(a), lines{});
    broken_->send(a, bytes.substr(5) + publish_bytes("t"));
    EXPECT_EQ(come(a), lines{connack_});
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(heard("PUBLISH topic=\"t\""));
}

TEST_F(BreakingWorld, AsksOnceForPiecesOfOneMoment) {
    int asked = 0;
    use(breach("count", {}, "").ask([&asked](breaking_world &, channel &, parcel &) { asked++; }));
    const int a = open();
    const std::string bytes = connect_bytes();
    broken_->send(a, bytes.substr(0, 5));
    broken_->send(a, bytes.substr(5));
    EXPECT_EQ(asked, 1);
}

TEST_F(BreakingWorld, AsksForWhatCantBeDelimited) {
    std::vector<std::string> problems;
    use(breach("odd", {}, "").ask([&](breaking_world &, channel &, parcel &what) {
        problems.insert(problems.end(), what.problems.begin(), what.problems.end());
        what.drop();
    }));
    const int a = open();
    broken_->send(a, std::string("\x10\xFF\xFF\xFF\xFF\x01", 6));
    EXPECT_EQ(problems, lines{"Remaining Length is longer than four bytes"});
    broken_->close(a);
    EXPECT_EQ(broker_.heard, lines{"A closed"});
}

TEST_F(BreakingWorld, HidesACloseAndKeepsTheNumber) {
    use(breach("hide", {}, "").close([](breaking_world &, channel &) { return false; }));
    const int a = open();
    broken_->send(a, connect_bytes() + wire_encode(packet_of(pt::disconnect), 5));
    EXPECT_EQ(come(a), lines{connack_});
    broken_->send(a, publish_bytes("lost"));
    EXPECT_EQ(come(a), lines{});
    broken_->close(a);
    EXPECT_TRUE(heard("A closed"));
}

TEST_F(BreakingWorld, EndsBothSides) {
    use(breach("end", {}, "").ask([](breaking_world &at, channel &from, parcel &what) {
        if (what.is(pt::publish)) {
            at.end(from);
        }
    }));
    const int a = open();
    broken_->send(a, connect_bytes());
    EXPECT_EQ(come(a), lines{connack_});
    broken_->send(a, publish_bytes("t") + publish_bytes("u"));
    EXPECT_EQ(come(a), lines{"closed"});
    EXPECT_EQ(broker_.heard.back(), "A aborted");
    broken_->close(a); // the broker's end is gone already
    EXPECT_EQ(broker_.heard.back(), "A aborted");
    const int b = open();
    EXPECT_NE(a, b);
}

TEST_F(BreakingWorld, PublishesOnItsOwn) {
    use(breach("publish", {}, "").leave([](breaking_world &at, channel &on) {
        packet message = packet_of(pt::publish);
        message.fields = {{"topic", value::of(on.id())},
                          {"qos", value::of(uint64_t{2})},
                          {"packet_id", value::of(uint64_t{9})}};
        at.publish(message);
    }));
    const int a = open();
    broken_->send(a, connect_bytes());
    broken_->abort(a);
    EXPECT_TRUE(heard("CONNECT version=5 clean_start=1 keep_alive=0 id=\"breach\""));
    EXPECT_TRUE(heard("PUBLISH topic=\"me\" qos=0"));
    broken_.reset();
    EXPECT_TRUE(heard("publisher of the breach closed"));
}

TEST_F(BreakingWorld, RemembersWhatConnectionsAre) {
    std::vector<uint64_t> counts;
    use(breach("learn", {}, "").answer([&](breaking_world &at, channel &to, parcel &) {
        EXPECT_EQ(to.version, 3u);
        EXPECT_EQ(to.id(), "me");
        counts.push_back(at.accepted().size());
    }));
    const int a = open();
    const int b = open();
    broken_->send(a, connect_bytes(3));
    come(a);
    broken_->send(b, connect_bytes(3));
    come(b);
    EXPECT_EQ(counts, (std::vector<uint64_t>{1, 2}));
    broken_->send(a, wire_encode(packet_of(pt::disconnect), 3));
    broken_->close(b);
    EXPECT_TRUE(broken_->accepted().empty());
}

// A broker behind frames of which one is wrong.
class framed_world : public fake_world {
  public:
    std::string texts;

    void send_text(int, std::string_view bytes) override { texts += bytes; }
    std::vector<arrival> poll(uint64_t deadline_ms) override {
        std::vector<arrival> news = fake_world::poll(deadline_ms);
        if (!texts.empty() && !std::exchange(told_, true)) {
            news.push_back({});
            news.back().connection = 0;
            news.back().problem = "a masked frame";
        }
        return news;
    }

  private:
    bool told_ = false;
};

TEST(Framed, PassesTextFramesAndProblems) {
    framed_world broker;
    const breach none = breach("none", {}, "");
    breaking_world broken(broker, none);
    std::string error;
    const int a = broken.open("A", &error);
    broken.send_text(a, "text");
    EXPECT_EQ(broker.texts, "text");
    const std::vector<arrival> news = broken.poll(broken.now_ms() + 5);
    ASSERT_EQ(news.size(), 1u);
    EXPECT_EQ(news[0].problem, "a masked frame");
    EXPECT_FALSE(news[0].closed);
    EXPECT_TRUE(broken.poll(broken.now_ms() + 5).empty());
}

TEST(Parcel, SetsAllFieldsOfAName) {
    parcel what;
    what.content.fields = {{"reason", value::of(uint64_t{1})}, {"reason", value::of(uint64_t{2})}};
    what.set("reason", 5);
    EXPECT_EQ(wire_describe(what.content), "RESERVED reason=0x05 reason=0x05");
    what.remove("other");
    EXPECT_EQ(what.content.fields.size(), 2u);
    what.remove("reason");
    EXPECT_TRUE(what.content.fields.empty());
    what.set_text("topic", "t");
    EXPECT_EQ(what.text("topic"), "t");
    EXPECT_EQ(what.text("reason"), "");
    EXPECT_EQ(what.number("qos", 3), 3u);
}

} // namespace
} // namespace conformance
