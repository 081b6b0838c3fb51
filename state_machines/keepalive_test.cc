/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Silence: the table once more in sentences, deadlines to the millisecond and at the end of time,
 * and invariants over every sequence of events.
 */
#include "state_machines/keepalive.h"

#include <tuple>

#include "state_machines/test_support.h"

namespace {

keepalive_state state_of(unsigned i) {
    return static_cast<keepalive_state>(i);
}
keepalive_event event_of(unsigned i) {
    return static_cast<keepalive_event>(i);
}
std::string state_name(unsigned i) {
    return keepalive_state_name(state_of(i));
}
std::string event_name(unsigned i) {
    return keepalive_event_name(event_of(i));
}
std::string action_name(unsigned i) {
    return keepalive_action_name(static_cast<keepalive_action>(i));
}
std::string outcome(unsigned state, unsigned event) {
    const struct keepalive_transition step = keepalive_step(state_of(state), event_of(event));
    return std::string("goto ") + keepalive_state_name(step.next) + " do " +
           keepalive_action_name(step.action);
}

TEST(Keepalive, EveryStateAndEventAsWritten) {
    const std::string everything = "accepted | accepted, keep alive 0 | packet | time, early | "
                                   "time, due";
    state_machines::expect_table(
        {KEEPALIVE_STATE_COUNT, KEEPALIVE_EVENT_COUNT, state_name, event_name, outcome},
        {
            "while connecting on accepted goto running do restart",
            "while connecting on accepted, keep alive 0 goto off do stop",
            "while connecting on packet | time, early goto connecting do ignore",
            "while connecting on time, due goto expired do expire",

            "while running on packet goto running do restart",
            "while running on accepted | accepted, keep alive 0 | time, early goto running "
            "do ignore",
            "while running on time, due goto expired do expire",

            "while off on " + everything + " goto off do ignore",

            "while expired on " + everything + " goto expired do ignore",
        });
}

TEST(Keepalive, EverythingHasAName) {
    state_machines::expect_names(KEEPALIVE_STATE_COUNT, state_name);
    state_machines::expect_names(KEEPALIVE_EVENT_COUNT, event_name);
    state_machines::expect_names(KEEPALIVE_ACTION_COUNT, action_name);
}

TEST(Keepalive, ValuesOutsideTheEnumsDoNothing) {
    EXPECT_EQ(outcome(KEEPALIVE_STATE_COUNT, 0), "goto expired do ignore");
    EXPECT_EQ(outcome(0, KEEPALIVE_EVENT_COUNT), "goto expired do ignore");
}

TEST(Keepalive, OneAndAHalfTimesToTheMillisecond) {
    //= v5/3.1.2-22 test
    //= v3/3.1.2-24 test
    EXPECT_EQ(keepalive_deadline_ms(1000, 1), 2500u);
    EXPECT_EQ(keepalive_deadline_ms(0, 60), 90000u);
    EXPECT_EQ(keepalive_deadline_ms(0, 65535), 98302500u);
    EXPECT_EQ(keepalive_time_event(2499, 2500), KEEPALIVE_ON_TIME_EARLY);
    EXPECT_EQ(keepalive_time_event(2500, 2500), KEEPALIVE_ON_TIME_DUE);
    EXPECT_EQ(keepalive_time_event(2501, 2500), KEEPALIVE_ON_TIME_DUE);
}

TEST(Keepalive, ZeroIsOff) {
    EXPECT_EQ(keepalive_accepted_event(0), KEEPALIVE_ON_ACCEPTED_OFF);
    EXPECT_EQ(keepalive_accepted_event(1), KEEPALIVE_ON_ACCEPTED);
    EXPECT_EQ(keepalive_deadline_ms(7, 0), KEEPALIVE_NEVER_MS);
    EXPECT_EQ(keepalive_ping_due_ms(7, 0), KEEPALIVE_NEVER_MS);
    EXPECT_EQ(keepalive_connect_deadline_ms(7, 0), KEEPALIVE_NEVER_MS);
    EXPECT_EQ(keepalive_time_event(UINT64_MAX, KEEPALIVE_NEVER_MS), KEEPALIVE_ON_TIME_EARLY);
}

TEST(Keepalive, NothingOverflowsAtTheEndOfTime) {
    EXPECT_EQ(keepalive_deadline_ms(UINT64_MAX - 1501, 1), UINT64_MAX - 1);
    EXPECT_EQ(keepalive_deadline_ms(UINT64_MAX - 1500, 1), KEEPALIVE_NEVER_MS);
    EXPECT_EQ(keepalive_deadline_ms(UINT64_MAX - 1499, 1), KEEPALIVE_NEVER_MS);
    EXPECT_EQ(keepalive_deadline_ms(UINT64_MAX, 65535), KEEPALIVE_NEVER_MS);
    EXPECT_EQ(keepalive_connect_deadline_ms(UINT64_MAX, 1), KEEPALIVE_NEVER_MS);
    EXPECT_EQ(keepalive_connect_deadline_ms(1, UINT32_MAX), 4294967296u);
    EXPECT_EQ(keepalive_ping_due_ms(UINT64_MAX - 1, 2), KEEPALIVE_NEVER_MS);
}

TEST(Keepalive, TheOtherEndPingsInTime) {
    //= v3/3.1.2-23 test
    EXPECT_EQ(keepalive_ping_due_ms(1000, 10), 11000u);
    EXPECT_LT(keepalive_ping_due_ms(1000, 10), keepalive_deadline_ms(1000, 10));
}

/* A connection by the clock: when is it closed, if packets come at these times? Opened at 0 ms,
 * connect timeout 3 s; CONNECT is accepted by the first packet if accept_ms says so. */
uint64_t closed_ms(uint16_t keep_alive_s, uint64_t accept_ms,
                   const std::vector<uint64_t> &packets_ms) {
    keepalive_state state = KEEPALIVE_CONNECTING;
    uint64_t deadline_ms = keepalive_connect_deadline_ms(0, 3000);
    for (uint64_t now_ms = 0; now_ms < 60000; now_ms++) {
        std::vector<keepalive_event> events = {keepalive_time_event(now_ms, deadline_ms)};
        if (now_ms == accept_ms) {
            events.push_back(keepalive_accepted_event(keep_alive_s));
        }
        for (uint64_t packet_ms : packets_ms) {
            if (packet_ms == now_ms) {
                events.push_back(KEEPALIVE_ON_PACKET);
            }
        }
        for (keepalive_event event : events) {
            const struct keepalive_transition step = keepalive_step(state, event);
            state = step.next;
            if (step.action == KEEPALIVE_DO_RESTART) {
                deadline_ms = keepalive_deadline_ms(now_ms, keep_alive_s);
            } else if (step.action == KEEPALIVE_DO_STOP) {
                deadline_ms = KEEPALIVE_NEVER_MS;
            } else if (step.action == KEEPALIVE_DO_EXPIRE) {
                return now_ms;
            }
        }
    }
    return KEEPALIVE_NEVER_MS;
}

TEST(Keepalive, WhoNeverConnectsIsClosedWhateverElseItSends) {
    //= v5/u-3.1.4-1 test
    //= v3/u-3.1.4-1 test
    EXPECT_EQ(closed_ms(10, UINT64_MAX, {}), 3000u);
    EXPECT_EQ(closed_ms(10, UINT64_MAX, {1000, 2000, 2999}), 3000u);
}

TEST(Keepalive, EveryPacketRestartsTheTimeAndSilenceEndsIt) {
    EXPECT_EQ(closed_ms(2, 100, {}), 3100u);
    EXPECT_EQ(closed_ms(2, 100, {3000, 5999, 8998}), 11998u);
    EXPECT_EQ(closed_ms(2, 100, {3000, 6000}), 6000u) << "one millisecond late is late";
    EXPECT_EQ(closed_ms(0, 100, {}), KEEPALIVE_NEVER_MS);
}

struct Watcher {
    keepalive_state state = KEEPALIVE_CONNECTING;
    bool accepted = false;
    bool off = false;
    bool expired = false;

    auto key() const { return std::tuple(state, accepted, off, expired); }
    unsigned events() const { return KEEPALIVE_EVENT_COUNT; }
    std::string event_name(unsigned event) const { return ::event_name(event); }

    const char *step(unsigned i) {
        const keepalive_event event = event_of(i);
        const struct keepalive_transition step = keepalive_step(state, event);
        state = step.next;
        if (expired && step.action != KEEPALIVE_DO_IGNORE) {
            return "acts after the end";
        }
        switch (step.action) {
        case KEEPALIVE_DO_IGNORE:
            return nullptr;
        case KEEPALIVE_DO_RESTART: {
            const bool lawful =
                accepted ? event == KEEPALIVE_ON_PACKET && !off : event == KEEPALIVE_ON_ACCEPTED;
            accepted = true;
            return lawful ? nullptr : "time was given for nothing";
        }
        case KEEPALIVE_DO_STOP: {
            const bool lawful = !accepted && event == KEEPALIVE_ON_ACCEPTED_OFF;
            accepted = off = true;
            return lawful ? nullptr : "switched off by itself";
        }
        case KEEPALIVE_DO_EXPIRE:
            expired = true;
            return event == KEEPALIVE_ON_TIME_DUE && !off ? nullptr : "expired out of time";
        }
        return "no such action";
    }
};

TEST(Keepalive, InvariantsHoldOverEverySequenceOfEvents) {
    EXPECT_EQ(state_machines::visit_everything(Watcher()), 5u);
}

} // namespace
