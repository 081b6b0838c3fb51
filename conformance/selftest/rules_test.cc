// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The hooks and helpers that many rules share.

#include "conformance/selftest/rules.h"

#include <gtest/gtest.h>

#include "conformance/fake_world.h"

namespace conformance {
namespace {

using pt = packet_type;

class Hooks : public testing::Test {
  protected:
    parcel after(const breach::hook &hook, parcel what) {
        hook(place_, channel_, what);
        return what;
    }
    static parcel subscribe() {
        parcel what;
        what.content = acknowledgement(pt::subscribe, 8);
        for (const char *filter : {"a", "b"}) {
            what.content.fields.push_back({"filter", value::of(std::string(filter))});
            what.content.fields.push_back({"qos", value::of(uint64_t{filter[0] == 'b'})});
        }
        return what;
    }

    fake_world broker_;
    breach none_ = breach("none", {}, "");
    breaking_world place_{broker_, none_};
    channel channel_;
};

TEST_F(Hooks, ActOnTheirTypeAlone) {
    EXPECT_TRUE(after(lose(pt::subscribe), subscribe()).dropped);
    EXPECT_FALSE(after(lose(pt::publish), subscribe()).dropped);
    EXPECT_EQ(after(set_in(pt::subscribe, "qos", 2), subscribe()).number("qos"), 2u);
    EXPECT_FALSE(after(set_in(pt::publish, "qos", 2), subscribe()).changed);
    EXPECT_FALSE(after(strip_from(pt::subscribe, "qos"), subscribe()).has("qos"));
    EXPECT_TRUE(after(strip_from(pt::publish, "qos"), subscribe()).has("qos"));
}

TEST_F(Hooks, OverlookTheirProblemAlone) {
    parcel troubled = subscribe();
    troubled.problems = {"packet_id is 0"};
    EXPECT_TRUE(after(overlook(pt::subscribe, "packet_id is 0"), troubled).dropped);
    EXPECT_FALSE(after(overlook(pt::subscribe, "no filter"), troubled).dropped);
    EXPECT_FALSE(after(overlook(pt::subscribe, "packet_id is 0"), subscribe()).dropped);
}

TEST_F(Hooks, CloseAfterErrorIsHiddenAndAfterGoodbyeNot) {
    EXPECT_FALSE(hide_close_after_error(place_, channel_));
    channel_.said_goodbye = true;
    EXPECT_TRUE(hide_close_after_error(place_, channel_));
}

TEST_F(Hooks, AnswersGrantWhatIsAsked) {
    EXPECT_EQ(wire_describe(suback_for(subscribe())),
              "SUBACK packet_id=8 reason=0x00 reason=0x01");
    EXPECT_EQ(wire_describe(unsuback_for(subscribe(), 4)), "UNSUBACK packet_id=8");
    EXPECT_EQ(wire_describe(unsuback_for(subscribe(), 5)),
              "UNSUBACK packet_id=8 reason=0x00 reason=0x00");
}

TEST(Filters, MatchAsTheStandardWants) {
    for (const auto &[filter, name] :
         std::vector<std::pair<const char *, const char *>>{{"a", "a"},
                                                            {"#", "a"},
                                                            {"#", "/"},
                                                            {"a/#", "a"},
                                                            {"a/#", "a/b/c"},
                                                            {"+", "a"},
                                                            {"+/+", "/a"},
                                                            {"a/+/c", "a/b/c"},
                                                            {"a/+", "a/"},
                                                            {"/+", "/a"}}) {
        EXPECT_TRUE(filter_matches(filter, name)) << filter << " " << name;
    }
    for (const auto &[filter, name] :
         std::vector<std::pair<const char *, const char *>>{{"a", "b"},
                                                            {"a/#", "b"},
                                                            {"+", "a/b"},
                                                            {"+", "/a"},
                                                            {"a/+", "a"},
                                                            {"a", "a/"},
                                                            {"a/b", "a"},
                                                            {"a/#", "ab"}}) {
        EXPECT_FALSE(filter_matches(filter, name)) << filter << " " << name;
    }
}

} // namespace
} // namespace conformance
