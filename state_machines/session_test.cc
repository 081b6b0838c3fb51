/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Sessions and wills: the table once more in sentences, the stories that brokers get wrong, a will
 * by the clock against the standard's rule, and invariants over every sequence of events.
 */
#include "state_machines/session.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "state_machines/test_support.h"

namespace {

session_state state_of(unsigned i) {
    return static_cast<session_state>(i);
}
session_event event_of(unsigned i) {
    return static_cast<session_event>(i);
}
std::string state_name(unsigned i) {
    return session_state_name(state_of(i));
}
std::string event_name(unsigned i) {
    return session_event_name(event_of(i));
}
std::string action_name(unsigned i) {
    return session_action_name(static_cast<session_action>(i));
}
std::string will_name(unsigned i) {
    return session_will_name(static_cast<session_will>(i));
}
std::string spoken(const struct session_transition &step) {
    const std::string action = session_action_name(step.action);
    return step.will == SESSION_WILL_KEEP
               ? action
               : std::string(session_will_name(step.will)) + " and " + action;
}
std::string outcome(unsigned state, unsigned event) {
    const struct session_transition step = session_step(state_of(state), event_of(event));
    return std::string("goto ") + session_state_name(step.next) + " do " + spoken(step);
}

TEST(Session, EveryStateAndEventAsWritten) {
    const std::string losses = "lost, ending | lost, will now | lost, will later | "
                               "disconnect, ending | disconnect, lasting";
    const std::string attachments = "resume | resume, will | clean | clean, will";
    state_machines::expect_table(
        {SESSION_STATE_COUNT, SESSION_EVENT_COUNT, state_name, event_name, outcome},
        {
            "while gone on resume | clean goto attached do create",
            "while gone on resume, will | clean, will goto attached, will do create",
            "while gone on " + losses + " goto gone do misuse",
            "while gone on will due | expired goto gone do ignore",

            "while attached on " + attachments + " goto attached do misuse",
            "while attached on lost, ending | disconnect, ending goto gone do end",
            "while attached on lost, will now | lost, will later | disconnect, lasting "
            "goto detached do detach",
            "while attached on will due | expired goto attached do ignore",

            "while attached, will on " + attachments + " goto attached, will do misuse",
            "while attached, will on lost, ending goto gone do publish will and end",
            "while attached, will on lost, will now goto detached do publish will and detach",
            "while attached, will on lost, will later goto detached, will do detach",
            "while attached, will on disconnect, ending goto gone do discard will and end",
            "while attached, will on disconnect, lasting goto detached do discard will and detach",
            "while attached, will on will due | expired goto attached, will do ignore",

            "while detached on resume goto attached do resume",
            "while detached on resume, will goto attached, will do resume",
            "while detached on clean goto attached do replace",
            "while detached on clean, will goto attached, will do replace",
            "while detached on " + losses + " goto detached do misuse",
            "while detached on will due goto detached do ignore",
            "while detached on expired goto gone do end",

            "while detached, will on resume goto attached do discard will and resume",
            "while detached, will on resume, will goto attached, will do discard will and resume",
            "while detached, will on clean goto attached do publish will and replace",
            "while detached, will on clean, will goto attached, will do publish will and replace",
            "while detached, will on " + losses + " goto detached, will do misuse",
            "while detached, will on will due goto detached do publish will and stay",
            "while detached, will on expired goto gone do publish will and end",
        });
}

TEST(Session, EverythingHasAName) {
    state_machines::expect_names(SESSION_STATE_COUNT, state_name);
    state_machines::expect_names(SESSION_EVENT_COUNT, event_name);
    state_machines::expect_names(SESSION_ACTION_COUNT, action_name);
    state_machines::expect_names(SESSION_WILL_COUNT, will_name);
}

TEST(Session, ValuesOutsideTheEnumsDoNothing) {
    EXPECT_EQ(outcome(SESSION_STATE_COUNT, 0), "goto gone do misuse");
    EXPECT_EQ(outcome(0, SESSION_EVENT_COUNT), "goto gone do misuse");
}

/* One client identifier, told as what its connections do. */
class Story {
  public:
    Story &on(session_event event) {
        const struct session_transition step = session_step(state_, event);
        state_ = step.next;
        told_ += (told_.empty() ? "" : ", then ") + spoken(step);
        return *this;
    }
    /* Intervals in seconds. */
    Story &lost(uint32_t will_delay_s, uint32_t expiry_s) {
        return on(session_lost_event(will_delay_s, expiry_s));
    }
    Story &disconnect(uint32_t expiry_s) { return on(session_disconnect_event(expiry_s)); }
    Story &taken_over(uint32_t will_delay_s, uint32_t expiry_s, session_event by) {
        return lost(will_delay_s, expiry_s).on(by);
    }
    std::string told() const { return told_; }

  private:
    session_state state_ = SESSION_GONE;
    std::string told_;
};

Story with_will() {
    return Story().on(SESSION_ON_CLEAN_WILL);
}

TEST(Session, IsCreatedKeptAndResumed) {
    //= v5/3.1.2-6 test
    //= v5/3.1.2-5 test
    //= v5/3.1.2-23 test
    //= v3/3.1.2-4 test
    EXPECT_EQ(Story().on(SESSION_ON_RESUME).lost(0, 60).on(SESSION_ON_RESUME).told(),
              "create, then detach, then resume");
    //= v5/3.1.2-4 test
    //= v3/3.1.2-6 test
    EXPECT_EQ(Story().on(SESSION_ON_RESUME).lost(0, 60).on(SESSION_ON_CLEAN).told(),
              "create, then detach, then replace");
}

TEST(Session, EndsWithItsConnectionOrWhenItExpires) {
    //= v5/4.1.0-2 test
    EXPECT_EQ(Story().on(SESSION_ON_RESUME).lost(0, 0).on(SESSION_ON_RESUME).told(),
              "create, then end, then create");
    EXPECT_EQ(Story().on(SESSION_ON_RESUME).lost(0, 1).on(SESSION_ON_EXPIRED).told(),
              "create, then detach, then end");
    //= v5/4.1.0-1 test
    EXPECT_EQ(Story().on(SESSION_ON_RESUME).on(SESSION_ON_EXPIRED).told(), "create, then ignore");
}

TEST(Session, TakeOverPublishesAWillWithoutDelay) {
    //= v5/3.1.2-8 test
    //= v3/3.1.2-8 test
    EXPECT_EQ(with_will().taken_over(0, 60, SESSION_ON_RESUME).told(),
              "create, then publish will and detach, then resume");
}

TEST(Session, WithExpiryZeroTheWillIsDueAtOnceWhateverItsDelay) {
    EXPECT_EQ(with_will().lost(30, 0).told(), "create, then publish will and end");
    EXPECT_EQ(with_will().taken_over(30, 0, SESSION_ON_RESUME).told(),
              "create, then publish will and end, then create");
}

TEST(Session, ResumptionWithinTheDelayDiscardsTheWillAndCleanStartPublishesIt) {
    //= v5/3.1.3-9 test
    EXPECT_EQ(with_will().lost(10, 60).on(SESSION_ON_RESUME).told(),
              "create, then detach, then discard will and resume");
    EXPECT_EQ(with_will().taken_over(10, 60, SESSION_ON_RESUME_WILL).told(),
              "create, then detach, then discard will and resume");
    EXPECT_EQ(with_will().taken_over(10, 60, SESSION_ON_CLEAN).told(),
              "create, then detach, then publish will and replace");
}

TEST(Session, AWillDueAfterTheSessionGoesOutWithTheSession) {
    //= v5/u-3.1.2.5-1 test
    EXPECT_EQ(session_will_delay_s(100, 7), 7u);
    EXPECT_EQ(session_will_delay_s(7, 100), 7u);
    EXPECT_EQ(session_will_delay_s(7, SESSION_NEVER_EXPIRES), 7u);
    EXPECT_EQ(with_will().lost(100, 7).on(SESSION_ON_EXPIRED).on(SESSION_ON_WILL_DUE).told(),
              "create, then detach, then publish will and end, then ignore");
    EXPECT_EQ(with_will().lost(100, 7).on(SESSION_ON_WILL_DUE).on(SESSION_ON_EXPIRED).told(),
              "create, then detach, then publish will and stay, then end");
}

TEST(Session, OnlyTheNormalDisconnectDiscardsTheWill) {
    //= v5/3.14.4-3 test
    //= v3/3.14.4-3 test
    //= v5/3.1.2-10 test
    //= v3/3.1.2-10 test
    EXPECT_EQ(with_will().disconnect(60).on(SESSION_ON_WILL_DUE).told(),
              "create, then discard will and detach, then ignore");
    EXPECT_EQ(with_will().disconnect(0).told(), "create, then discard will and end");
    /* DISCONNECT 0x04, a failure code, a protocol error, a time-out: all are losses. */
    EXPECT_EQ(with_will().lost(0, 60).told(), "create, then publish will and detach");
}

TEST(Session, TheWillOfEachConnectionIsItsOwn) {
    //= v5/3.1.2-7 test
    EXPECT_EQ(with_will().lost(5, 60).on(SESSION_ON_RESUME_WILL).lost(0, 60).told(),
              "create, then detach, then discard will and resume, then publish will and detach");
    EXPECT_EQ(with_will().lost(0, 60).on(SESSION_ON_RESUME).lost(0, 60).told(),
              "create, then publish will and detach, then resume, then detach");
}

TEST(Session, DisconnectMayChangeTheExpiryButNotFromZero) {
    //= v5/u-3.14.2.2.2-2 test
    EXPECT_FALSE(session_may_change_expiry(0, 1));
    EXPECT_FALSE(session_may_change_expiry(0, SESSION_NEVER_EXPIRES));
    EXPECT_TRUE(session_may_change_expiry(0, 0));
    EXPECT_TRUE(session_may_change_expiry(1, 0));
    EXPECT_TRUE(session_may_change_expiry(1, SESSION_NEVER_EXPIRES));
}

TEST(Session, PresentIsSaidOnlyOfAResumedOne) {
    //= v5/3.2.2-2 test
    //= v5/3.2.2-3 test
    //= v3/3.2.2-1 test
    //= v3/3.2.2-2 test
    //= v3/3.2.2-3 test
    for (unsigned i = 0; i < SESSION_ACTION_COUNT; i++) {
        EXPECT_EQ(session_present(static_cast<session_action>(i)), i == SESSION_DO_RESUME);
    }
}

TEST(Session, DeadlinesNeverOverflow) {
    EXPECT_EQ(session_deadline_ms(5, 0), 5u);
    EXPECT_EQ(session_deadline_ms(5, 2), 2005u);
    EXPECT_EQ(session_deadline_ms(0, SESSION_NEVER_EXPIRES - 1), 4294967294000u);
    EXPECT_EQ(session_deadline_ms(0, SESSION_NEVER_EXPIRES), SESSION_NO_DEADLINE_MS);
    EXPECT_EQ(session_deadline_ms(UINT64_MAX - 1000, 1), UINT64_MAX);
    EXPECT_EQ(session_deadline_ms(UINT64_MAX - 1001, 1), UINT64_MAX - 1);
    EXPECT_EQ(session_deadline_ms(UINT64_MAX - 999, 1), SESSION_NO_DEADLINE_MS);
    EXPECT_EQ(session_deadline_ms(UINT64_MAX, 0), UINT64_MAX);
}

/* A will by the clock. The connection is lost at 0 s; the client may come back. */
struct Scenario {
    uint32_t will_delay_s;
    uint32_t expiry_s;
    std::optional<uint32_t> back_s; /* when the client reconnects, before timers of that second */
    bool clean;
};

/* The standard's rule, without states: when the will is published, in seconds, if ever. */
std::optional<uint32_t> rule(const Scenario &s) {
    const uint32_t due_s = std::min(s.will_delay_s, s.expiry_s);
    if (due_s == 0) {
        return 0;
    }
    if (s.back_s && *s.back_s <= due_s) {
        return s.clean ? s.back_s : std::nullopt;
    }
    return due_s;
}

/* The machine with the timers that its actions order, over 20 seconds. */
std::vector<uint32_t> played(const Scenario &s) {
    std::vector<uint32_t> published_s;
    session_state state = SESSION_ATTACHED_WILL;
    uint64_t will_ms = SESSION_NO_DEADLINE_MS;
    uint64_t expiry_ms = SESSION_NO_DEADLINE_MS;
    for (uint32_t now_s = 0; now_s <= 20; now_s++) {
        const uint64_t now_ms = now_s * 1000u;
        std::vector<session_event> events;
        if (now_s == 0) {
            events.push_back(session_lost_event(s.will_delay_s, s.expiry_s));
        }
        if (s.back_s == now_s) {
            events.push_back(s.clean ? SESSION_ON_CLEAN : SESSION_ON_RESUME);
        }
        events.push_back(SESSION_ON_WILL_DUE);
        events.push_back(SESSION_ON_EXPIRED);
        for (session_event event : events) {
            if ((event == SESSION_ON_WILL_DUE && now_ms < will_ms) ||
                (event == SESSION_ON_EXPIRED && now_ms < expiry_ms)) {
                continue;
            }
            const struct session_transition step = session_step(state, event);
            EXPECT_NE(step.action, SESSION_MISUSE);
            state = step.next;
            if (step.will == SESSION_WILL_PUBLISH) {
                published_s.push_back(now_s);
            }
            if (step.action != SESSION_DO_IGNORE && step.action != SESSION_DO_STAY) {
                will_ms = expiry_ms = SESSION_NO_DEADLINE_MS;
            }
            if (step.action == SESSION_DO_DETACH) {
                expiry_ms = session_deadline_ms(now_ms, s.expiry_s);
            }
            if (step.action == SESSION_DO_DETACH && state == SESSION_DETACHED_WILL) {
                will_ms =
                    session_deadline_ms(now_ms, session_will_delay_s(s.will_delay_s, s.expiry_s));
            }
        }
    }
    return published_s;
}

TEST(Session, EveryWillGoesOutWhenTheStandardSays) {
    //= v5/3.1.2-8 test
    //= v5/3.1.3-9 test
    const std::vector<uint32_t> delays_s = {0, 1, 2, 3, 7};
    const std::vector<uint32_t> expiries_s = {0, 1, 2, 3, 9, SESSION_NEVER_EXPIRES};
    unsigned scenarios = 0;
    for (uint32_t delay_s : delays_s) {
        for (uint32_t expiry_s : expiries_s) {
            for (uint32_t back_s = 0; back_s <= 12; back_s++) {
                for (bool clean : {false, true}) {
                    Scenario s = {delay_s, expiry_s, back_s, clean};
                    s.back_s = back_s < 12 ? s.back_s : std::nullopt;
                    const std::optional<uint32_t> expected = rule(s);
                    EXPECT_EQ(played(s), expected ? std::vector<uint32_t>{*expected}
                                                  : std::vector<uint32_t>{})
                        << "delay " << delay_s << " expiry " << expiry_s << " back " << back_s
                        << " clean " << clean;
                    scenarios++;
                }
            }
        }
    }
    EXPECT_EQ(scenarios, 5u * 6u * 13u * 2u);
}

/* One session and the will that is somewhere in it. */
struct Watcher {
    session_state state = SESSION_GONE;
    bool exists = false;
    bool attached = false;
    bool has_will = false;

    auto key() const { return std::tuple(state, exists, attached, has_will); }
    unsigned events() const { return SESSION_EVENT_COUNT; }
    std::string event_name(unsigned event) const { return ::event_name(event); }

    static bool attaches(session_event event) { return event <= SESSION_ON_CLEAN_WILL; }
    static bool brings_will(session_event event) {
        return event == SESSION_ON_RESUME_WILL || event == SESSION_ON_CLEAN_WILL;
    }
    static bool farewell(session_event event) {
        return event == SESSION_ON_DISCONNECT_ENDING || event == SESSION_ON_DISCONNECT_LASTING;
    }
    static bool resumes(session_event event) {
        return event == SESSION_ON_RESUME || event == SESSION_ON_RESUME_WILL;
    }
    static bool timer(session_event event) {
        return event == SESSION_ON_WILL_DUE || event == SESSION_ON_EXPIRED;
    }

    const char *step(unsigned i) {
        const session_event event = event_of(i);
        const struct session_transition step = session_step(state, event);
        const bool unlawful = !timer(event) && attaches(event) == attached;
        if (unlawful != (step.action == SESSION_MISUSE)) {
            return "misuse is not what it should be";
        }
        state = step.next;
        const char *broken = will(event, step.will);
        if (broken == nullptr) {
            broken = life(event, step.action);
        }
        if (broken == nullptr && brings_will(event) && !unlawful) {
            broken = has_will ? "two wills at once" : nullptr;
            has_will = true;
        }
        return broken != nullptr ? broken : check();
    }

    const char *will(session_event event, session_will will) {
        if (will == SESSION_WILL_KEEP) {
            return nullptr;
        }
        //= v5/3.1.2-10 test
        if (!has_will) {
            return "a will that is not there";
        }
        has_will = false;
        if (will == SESSION_WILL_DISCARD && !farewell(event) && !resumes(event)) {
            return "a will is lost";
        }
        return will == SESSION_WILL_PUBLISH && (farewell(event) || resumes(event))
                   ? "a will is published that the client took back"
                   : nullptr;
    }

    const char *life(session_event event, session_action action) {
        switch (action) {
        case SESSION_DO_IGNORE:
        case SESSION_MISUSE:
        case SESSION_DO_STAY:
            return nullptr;
        case SESSION_DO_CREATE:
            return attach(event, !exists);
        case SESSION_DO_RESUME:
            return attach(event, exists && resumes(event) && !has_will);
        case SESSION_DO_REPLACE:
            return attach(event, exists && !resumes(event) && !has_will);
        case SESSION_DO_DETACH:
        case SESSION_DO_END: {
            const bool lawful = exists && (attached || event == SESSION_ON_EXPIRED);
            attached = false;
            exists = action == SESSION_DO_DETACH;
            return lawful ? nullptr : "detached what was not attached";
        }
        }
        return "no such action";
    }
    const char *attach(session_event event, bool lawful) {
        exists = attached = true;
        return lawful && attaches(event) ? nullptr : "attached wrongly";
    }
    const char *check() const {
        if (exists != (state != SESSION_GONE)) {
            return "the state hides whether there is a session";
        }
        if (attached != (state == SESSION_ATTACHED || state == SESSION_ATTACHED_WILL)) {
            return "the state hides whether there is a connection";
        }
        return has_will == (state == SESSION_ATTACHED_WILL || state == SESSION_DETACHED_WILL)
                   ? nullptr
                   : "the state hides whether there is a will";
    }
};

TEST(Session, InvariantsHoldOverEverySequenceOfEvents) {
    EXPECT_EQ(state_machines::visit_everything(Watcher()), SESSION_STATE_COUNT);
}

} // namespace
