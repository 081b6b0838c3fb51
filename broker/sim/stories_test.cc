/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Stories that the simulator once found a broken promise in, told by hand in as few events as it
 * takes. They stay.
 */
#include <gtest/gtest.h>

#include "broker/sim/world.h"

namespace {

sim::Profile client(const char *id, std::vector<uint8_t> filters) {
    sim::Profile profile;
    profile.id = id;
    profile.patience_ms = 200;
    profile.filters = filters;
    return profile;
}

sim::Event at(uint64_t at_ms, sim::Act act, uint8_t client = 0, uint8_t a = 0, uint8_t b = 0,
              uint32_t n = 0) {
    sim::Event event;
    event.at_ms = at_ms;
    event.act = act;
    event.client = client;
    event.a = a;
    event.b = b;
    event.n = n;
    return event;
}

/* The seed decides about options of the journal: several, and among them those that sync. */
void expect_kept(std::vector<sim::Event> events, uint64_t length_ms) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        sim::Story story;
        story.seed = seed;
        story.length_ms = length_ms;
        story.cast = {client("witness", {8}), client("keep1", {0}), client("keep2", {0})};
        story.events = events;
        EXPECT_EQ(sim::World(story, nullptr).run().broken, "") << "seed " << seed;
    }
}

constexpr uint8_t T0 = 0; /* topic t/0, matched by filter t/# of both clients */
constexpr uint8_t T_ALL = 0;

/* While the storage failed, CONNACK of a stored session did not wait; what was repeated on the new
 * connection was acknowledged at once, since "CONNACK has waited for that". */
TEST(Stories, ARepeatedPublishIsNotAcknowledgedBeforeTheFirstIsStored) {
    expect_kept({at(1000, sim::Act::WRITE_FAILS, 0, 0, 0, 8000),
                 at(1100, sim::Act::PUBLISH, 1, T0, 2), at(2000, sim::Act::CUT, 1),
                 at(6000, sim::Act::POWER_CUT, 0, 0, 0, 1000)},
                10000);
}

TEST(Stories, ARepeatedUnsubscribeIsNotAcknowledgedBeforeTheFirstIsStored) {
    expect_kept({at(1000, sim::Act::WRITE_FAILS, 0, 0, 0, 5000),
                 at(1050, sim::Act::PUBLISH, 1, T0, 1), at(1100, sim::Act::UNSUBSCRIBE, 1, T_ALL),
                 at(2000, sim::Act::CUT, 1), at(4000, sim::Act::KILL, 0, 0, 0, 1000),
                 at(8000, sim::Act::PUBLISH, 2, T0, 1)},
                10000);
}

/* A session whose first record was lost was resumed as one that is stored. */
TEST(Stories, ASessionThatIsNotStoredIsNotResumedWhileTheStorageFails) {
    expect_kept({at(1, sim::Act::WRITE_FAILS, 0, 0, 0, 3000), at(900, sim::Act::CUT, 1),
                 at(901, sim::Act::CUT, 2), at(2900, sim::Act::POWER_CUT, 0, 0, 0, 500)},
                10000);
}

} // namespace
