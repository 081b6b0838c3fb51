/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A bridge's outgoing connection: the table once more in sentences, its stories, and invariants
 * over every sequence of events.
 */
#include "state_machines/bridge.h"

#include <tuple>

#include "state_machines/test_support.h"

namespace {

bridge_state state_of(unsigned i) {
    return static_cast<bridge_state>(i);
}
bridge_event event_of(unsigned i) {
    return static_cast<bridge_event>(i);
}
std::string state_name(unsigned i) {
    return bridge_state_name(state_of(i));
}
std::string event_name(unsigned i) {
    return bridge_event_name(event_of(i));
}
std::string action_name(unsigned i) {
    return bridge_action_name(static_cast<bridge_action>(i));
}
std::string outcome(unsigned state, unsigned event) {
    const struct bridge_transition step = bridge_step(state_of(state), event_of(event));
    return std::string("goto ") + bridge_state_name(step.next) + " do " +
           bridge_action_name(step.action);
}

TEST(Bridge, EveryStateAndEventAsWritten) {
    const std::string starts = "start | start, private";
    const std::string connacks = "connack accepted | connack version refused | connack refused";
    state_machines::expect_table(
        {BRIDGE_STATE_COUNT, BRIDGE_EVENT_COUNT, state_name, event_name, outcome},
        {
            "while idle on start goto dialling do dial",
            "while idle on start, private goto dialling, private do dial",
            "while idle on dialled goto idle do close",
            "while idle on stop goto stopped do close",
            "while idle on rest quiet | " + connacks +
                " | subscribed | traffic | quiet | failed | failed, once goto idle do ignore",

            "while dialling, private on dialled goto waiting, private do connect, private",
            "while dialling, private on failed goto backing off do back off",
            "while dialling, private on failed, once | stop goto stopped do close",
            "while dialling, private on " + starts + " | rest quiet | " + connacks +
                " | subscribed | traffic | quiet goto dialling, private do ignore",

            "while dialling on dialled goto waiting do connect",
            "while dialling on failed goto backing off do back off",
            "while dialling on failed, once | stop goto stopped do close",
            "while dialling on " + starts + " | rest quiet | " + connacks +
                " | subscribed | traffic | quiet goto dialling do ignore",

            "while waiting, private on connack accepted goto subscribing do subscribe",
            "while waiting, private on connack version refused | failed | failed, once "
            "goto dialling do fall back",
            "while waiting, private on connack refused goto waiting do refused",
            "while waiting, private on traffic goto waiting, private do violation",
            "while waiting, private on stop goto stopped do hang up",
            "while waiting, private on " + starts +
                " | rest quiet | dialled | subscribed | quiet goto waiting, private do ignore",

            "while waiting on connack accepted goto subscribing do subscribe",
            "while waiting on connack version refused | connack refused goto waiting do refused",
            "while waiting on traffic goto waiting do violation",
            "while waiting on failed goto backing off do back off",
            "while waiting on failed, once goto stopped do close",
            "while waiting on stop goto stopped do hang up",
            "while waiting on " + starts +
                " | rest quiet | dialled | subscribed | quiet goto waiting do ignore",

            "while subscribing on subscribed goto online do go online",
            "while subscribing on traffic goto subscribing do process",
            "while subscribing on " + connacks + " goto subscribing do violation",
            "while subscribing on failed goto backing off do back off",
            "while subscribing on failed, once goto stopped do close",
            "while subscribing on stop goto stopped do hang up",
            "while subscribing on " + starts +
                " | rest quiet | dialled | quiet goto subscribing do ignore",

            "while online on traffic goto online do process",
            "while online on " + connacks + " goto online do violation",
            "while online on quiet goto idle do hang up",
            "while online on failed goto backing off do back off",
            "while online on failed, once goto stopped do close",
            "while online on stop goto stopped do hang up",
            "while online on " + starts +
                " | rest quiet | dialled | subscribed goto online do ignore",

            "while backing off on start goto dialling do dial",
            "while backing off on start, private goto dialling, private do dial",
            "while backing off on rest quiet goto idle do rest",
            "while backing off on dialled goto backing off do close",
            "while backing off on stop goto stopped do close",
            "while backing off on " + connacks +
                " | subscribed | traffic | quiet | failed | failed, once "
                "goto backing off do ignore",

            "while stopped on start goto dialling do dial",
            "while stopped on start, private goto dialling, private do dial",
            "while stopped on dialled goto stopped do close",
            "while stopped on rest quiet | " + connacks +
                " | subscribed | traffic | quiet | failed | failed, once | stop "
                "goto stopped do ignore",
        });
}

TEST(Bridge, EverythingHasAName) {
    state_machines::expect_names(BRIDGE_STATE_COUNT, state_name);
    state_machines::expect_names(BRIDGE_EVENT_COUNT, event_name);
    state_machines::expect_names(BRIDGE_ACTION_COUNT, action_name);
}

TEST(Bridge, ValuesOutsideTheEnumsStop) {
    EXPECT_EQ(outcome(BRIDGE_STATE_COUNT, 0), "goto stopped do close");
    EXPECT_EQ(outcome(0, BRIDGE_EVENT_COUNT), "goto stopped do close");
}

TEST(Bridge, WhichEventDialsAndWhichFails) {
    EXPECT_EQ(bridge_start_event(true, false), BRIDGE_ON_START_PRIVATE);
    EXPECT_EQ(bridge_start_event(true, true), BRIDGE_ON_START);
    EXPECT_EQ(bridge_start_event(false, false), BRIDGE_ON_START);
    EXPECT_EQ(bridge_start_event(false, true), BRIDGE_ON_START);
    EXPECT_EQ(bridge_failed_event(BRIDGE_AUTOMATIC), BRIDGE_ON_FAILED);
    EXPECT_EQ(bridge_failed_event(BRIDGE_LAZY), BRIDGE_ON_FAILED);
    EXPECT_EQ(bridge_failed_event(BRIDGE_ONCE), BRIDGE_ON_FAILED_ONCE);
    for (bool wanted : {false, true}) {
        EXPECT_EQ(bridge_rested_event(BRIDGE_AUTOMATIC, wanted, true, false),
                  BRIDGE_ON_START_PRIVATE);
        EXPECT_EQ(bridge_rested_event(BRIDGE_AUTOMATIC, wanted, true, true), BRIDGE_ON_START);
    }
    EXPECT_EQ(bridge_rested_event(BRIDGE_LAZY, true, false, false), BRIDGE_ON_START);
    EXPECT_EQ(bridge_rested_event(BRIDGE_LAZY, false, true, false), BRIDGE_ON_REST_QUIET);
}

/* A bridge of one start type, told as what happens to it; after a refusal or a violation the
 * failure follows, as bridge.h demands. */
class Story {
  public:
    explicit Story(bridge_start_type type, bool try_private = false)
        : type_(type), try_private_(try_private) {}
    Story &start() { return on(bridge_start_event(try_private_, private_refused_)); }
    Story &fails() { return on(bridge_failed_event(type_)); }
    Story &rested(bool wanted) {
        return on(bridge_rested_event(type_, wanted, try_private_, private_refused_));
    }
    Story &on(bridge_event event) {
        const struct bridge_transition step = bridge_step(state_, event);
        state_ = step.next;
        told_ += (told_.empty() ? "" : ", then ") + std::string(bridge_action_name(step.action));
        private_refused_ = private_refused_ || step.action == BRIDGE_DO_FALL_BACK;
        if (step.action == BRIDGE_REFUSED || step.action == BRIDGE_VIOLATION) {
            return fails();
        }
        return *this;
    }
    Story &goes_online() {
        return on(BRIDGE_ON_DIALLED).on(BRIDGE_ON_CONNACK_ACCEPTED).on(BRIDGE_ON_SUBSCRIBED);
    }
    std::string told() const { return told_; }

  private:
    bridge_start_type type_;
    bool try_private_;
    bool private_refused_ = false;
    bridge_state state_ = BRIDGE_IDLE;
    std::string told_;
};

TEST(Bridge, AutomaticDialsAgainAfterEveryLoss) {
    EXPECT_EQ(Story(BRIDGE_AUTOMATIC)
                  .start()
                  .goes_online()
                  .on(BRIDGE_ON_TRAFFIC)
                  .fails()
                  .rested(false)
                  .fails()
                  .told(),
              "dial, then connect, then subscribe, then go online, then process, then back off, "
              "then dial, then back off");
}

TEST(Bridge, OnceDialsOnce) {
    EXPECT_EQ(Story(BRIDGE_ONCE).start().goes_online().fails().on(BRIDGE_ON_TRAFFIC).told(),
              "dial, then connect, then subscribe, then go online, then close, then ignore");
}

TEST(Bridge, LazyHangsUpWhenQuietAndRestsBeforeDiallingADeadRemoteAgain) {
    //= v5/3.14.4-1 test
    //= v5/3.14.4-2 test
    //= v3/3.14.4-1 test
    //= v3/3.14.4-2 test
    EXPECT_EQ(
        Story(BRIDGE_LAZY).start().goes_online().on(BRIDGE_ON_QUIET).on(BRIDGE_ON_TRAFFIC).told(),
        "dial, then connect, then subscribe, then go online, then hang up, then ignore");
    EXPECT_EQ(Story(BRIDGE_LAZY).start().fails().rested(true).fails().rested(false).start().told(),
              "dial, then back off, then dial, then back off, then rest, then dial");
}

TEST(Bridge, ARemoteThatDoesNotKnowThePrivateBitIsAskedWithoutIt) {
    const std::string told = "dial, then connect, private, then fall back, then connect, "
                             "then subscribe, then back off, then dial, then connect";
    for (bridge_event no : {BRIDGE_ON_CONNACK_VERSION_REFUSED, BRIDGE_ON_FAILED}) {
        EXPECT_EQ(Story(BRIDGE_AUTOMATIC, true)
                      .start()
                      .on(BRIDGE_ON_DIALLED)
                      .on(no)
                      .on(BRIDGE_ON_DIALLED)
                      .on(BRIDGE_ON_CONNACK_ACCEPTED)
                      .fails()
                      .rested(false)
                      .on(BRIDGE_ON_DIALLED)
                      .told(),
                  told);
    }
}

TEST(Bridge, BadCredentialsAreNoReasonToFallBack) {
    EXPECT_EQ(Story(BRIDGE_AUTOMATIC, true)
                  .start()
                  .on(BRIDGE_ON_DIALLED)
                  .on(BRIDGE_ON_CONNACK_REFUSED)
                  .rested(false)
                  .on(BRIDGE_ON_DIALLED)
                  .told(),
              "dial, then connect, private, then refused, then back off, then dial, "
              "then connect, private");
}

TEST(Bridge, TheRemoteMustSayConnackFirstAndOnce) {
    //= v5/3.2.0-1 test
    //= v3/3.2.0-1 test
    EXPECT_EQ(Story(BRIDGE_AUTOMATIC).start().on(BRIDGE_ON_DIALLED).on(BRIDGE_ON_TRAFFIC).told(),
              "dial, then connect, then violation, then back off");
    //= v5/3.2.0-2 test
    EXPECT_EQ(Story(BRIDGE_ONCE)
                  .start()
                  .on(BRIDGE_ON_DIALLED)
                  .on(BRIDGE_ON_CONNACK_ACCEPTED)
                  .on(BRIDGE_ON_CONNACK_ACCEPTED)
                  .told(),
              "dial, then connect, then subscribe, then violation, then close");
}

TEST(Bridge, ATransportThatOpensAfterTheBridgeWasStoppedIsClosed) {
    EXPECT_EQ(
        Story(BRIDGE_AUTOMATIC).start().on(BRIDGE_ON_STOP).on(BRIDGE_ON_DIALLED).start().told(),
        "dial, then close, then close, then dial");
}

/* One bridge: its transport, what was said on it, and whether it may still try the private bit. */
struct Watcher {
    bridge_state state = BRIDGE_IDLE;
    bool wanted = false;   /* a transport is being opened */
    bool open = false;     /* it is, and CONNECT is sent */
    bool accepted = false; /* CONNACK 0x00 came */
    bool may_try = false;  /* the private bit */
    bool answered = false; /* CONNACK came, whatever it said */
    bool stopped = false;

    auto key() const {
        return std::tuple(state, wanted, open, accepted, may_try, answered, stopped);
    }
    unsigned events() const { return BRIDGE_EVENT_COUNT; }
    std::string event_name(unsigned event) const { return ::event_name(event); }

    const char *step(unsigned i) {
        const bridge_event event = event_of(i);
        const struct bridge_transition step = bridge_step(state, event);
        const char *broken = take(event, step.action);
        state = step.next;
        if (broken != nullptr) {
            return broken;
        }
        if (stopped != (state == BRIDGE_STOPPED)) {
            return "stopped, or not, by itself";
        }
        if (open != (state >= BRIDGE_WAITING_PRIVATE && state <= BRIDGE_ONLINE)) {
            return "a transport is open in a state without one, or the reverse";
        }
        return wanted == (state == BRIDGE_DIALLING || state == BRIDGE_DIALLING_PRIVATE)
                   ? nullptr
                   : "dials in a state that does not wait for it, or the reverse";
    }

    const char *take(bridge_event event, bridge_action action) {
        const bool start = event == BRIDGE_ON_START || event == BRIDGE_ON_START_PRIVATE;
        const bool dies = event == BRIDGE_ON_FAILED_ONCE || event == BRIDGE_ON_STOP;
        switch (action) {
        case BRIDGE_DO_IGNORE:
        case BRIDGE_DO_REST:
            return nullptr;
        case BRIDGE_DO_DIAL:
            may_try = event == BRIDGE_ON_START_PRIVATE;
            stopped = false;
            return dial(start);
        case BRIDGE_DO_CONNECT_PRIVATE:
            return connect(event, may_try);
        case BRIDGE_DO_CONNECT:
            //= v5/3.1.0-1 test
            //= v3/3.1.0-1 test
            return connect(event, true);
        case BRIDGE_DO_SUBSCRIBE:
            accepted = answered = true;
            return open && event == BRIDGE_ON_CONNACK_ACCEPTED ? nullptr : "accepted by nobody";
        case BRIDGE_DO_GO_ONLINE:
            return open && accepted && event == BRIDGE_ON_SUBSCRIBED ? nullptr
                                                                     : "online unasked for";
        case BRIDGE_DO_PROCESS:
            return open && accepted ? nullptr : "processed a packet before CONNACK";
        case BRIDGE_DO_FALL_BACK: {
            const bool lawful = open && !accepted && !answered && may_try;
            may_try = open = false;
            return lawful ? dial(true) : "falls back from nothing, or twice";
        }
        case BRIDGE_DO_BACK_OFF:
            return end(wanted || open);
        case BRIDGE_DO_CLOSE:
            stopped = stopped || dies;
            return end(dies || event == BRIDGE_ON_DIALLED);
        case BRIDGE_DO_HANG_UP:
            stopped = event == BRIDGE_ON_STOP;
            return open ? end(true) : "DISCONNECT without CONNECT";
        case BRIDGE_REFUSED:
            answered = true;
            return open && !accepted ? nullptr : "refused what was accepted";
        case BRIDGE_VIOLATION:
            return open ? nullptr : "a violation by nobody";
        }
        return "no such action";
    }
    const char *dial(bool lawful) {
        const bool idle = !wanted && !open;
        wanted = true;
        accepted = answered = false;
        return lawful && idle ? nullptr : "two transports at once";
    }
    const char *connect(bridge_event event, bool lawful) {
        const bool dialled = wanted && !open && event == BRIDGE_ON_DIALLED;
        open = true;
        wanted = false;
        return lawful && dialled ? nullptr : "CONNECT at a time, or of a kind, not asked for";
    }
    const char *end(bool lawful) {
        wanted = open = accepted = answered = false;
        may_try = false;
        return lawful ? nullptr : "ends without a reason";
    }
};

TEST(Bridge, InvariantsHoldOverEverySequenceOfEvents) {
    EXPECT_GT(state_machines::visit_everything(Watcher()), BRIDGE_STATE_COUNT);
}

} // namespace
