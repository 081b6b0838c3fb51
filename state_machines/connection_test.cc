/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The accepting end of a connection: its table once more in sentences, its stories, and its
 * invariants over every sequence of events.
 */
#include "state_machines/connection.h"

#include <tuple>

#include "state_machines/test_support.h"

namespace {

connection_state state_of(unsigned i) {
    return static_cast<connection_state>(i);
}
connection_event event_of(unsigned i) {
    return static_cast<connection_event>(i);
}
std::string state_name(unsigned i) {
    return connection_state_name(state_of(i));
}
std::string event_name(unsigned i) {
    return connection_event_name(event_of(i));
}
std::string action_name(unsigned i) {
    return connection_action_name(static_cast<connection_action>(i));
}
std::string outcome(unsigned state, unsigned event) {
    const struct connection_transition step = connection_step(state_of(state), event_of(event));
    return std::string("goto ") + connection_state_name(step.next) + " do " +
           connection_action_name(step.action);
}

TEST(Connection, EveryStateAndEventAsWritten) {
    const std::string any_packet = "connect | connect with method | bad connect | auth | "
                                   "disconnect | traffic | wrong way | bad packet";
    state_machines::expect_table(
        {CONNECTION_STATE_COUNT, CONNECTION_EVENT_COUNT, state_name, event_name, outcome},
        {
            "while waiting on connect goto checking do check",
            "while waiting on connect with method goto authenticating do auth",
            "while waiting on bad connect goto closing do refuse",
            "while waiting on auth | disconnect | traffic | wrong way goto closing "
            "do violation, close",
            "while waiting on bad packet | expelled | taken over | timeout goto closing do close",
            "while waiting on accepted | refused goto waiting do ignore",
            "while waiting on transport closed goto closed do release",

            "while checking on " + any_packet + " goto checking do hold",
            "while checking on accepted goto established do accept",
            "while checking on refused | expelled | timeout goto closing do refuse",
            "while checking on taken over goto closing do close",
            "while checking on transport closed goto closed do release",

            "while authenticating on auth goto authenticating do auth",
            "while authenticating on disconnect | taken over goto closing do close",
            "while authenticating on connect | connect with method | bad connect | traffic | "
            "wrong way goto closing do violation, refuse",
            "while authenticating on accepted goto established do accept",
            "while authenticating on refused | expelled | timeout | bad packet goto closing "
            "do refuse",
            "while authenticating on transport closed goto closed do release",

            "while established on traffic goto established do process",
            "while established on auth goto reauthenticating do auth",
            "while established on disconnect goto closing do farewell",
            "while established on connect | connect with method | bad connect | wrong way "
            "goto closing do violation, disconnect",
            "while established on bad packet | expelled | taken over | timeout goto closing "
            "do disconnect",
            "while established on accepted | refused goto established do ignore",
            "while established on transport closed goto closed do lose",

            "while reauthenticating on traffic goto reauthenticating do process",
            "while reauthenticating on auth goto reauthenticating do auth",
            "while reauthenticating on disconnect goto closing do farewell",
            "while reauthenticating on connect | connect with method | bad connect | wrong way "
            "goto closing do violation, disconnect",
            "while reauthenticating on bad packet | expelled | taken over | timeout | refused "
            "goto closing do disconnect",
            "while reauthenticating on accepted goto established do reauthenticated",
            "while reauthenticating on transport closed goto closed do lose",

            "while closing on " + any_packet +
                " | accepted | refused | expelled | taken over "
                "goto closing do ignore",
            "while closing on timeout goto closing do close",
            "while closing on transport closed goto closed do release",

            "while closed on " + any_packet +
                " | accepted | refused | expelled | taken over | timeout | transport closed "
                "goto closed do ignore",
        });
}

TEST(Connection, EverythingHasAName) {
    state_machines::expect_names(CONNECTION_STATE_COUNT, state_name);
    state_machines::expect_names(CONNECTION_EVENT_COUNT, event_name);
    state_machines::expect_names(CONNECTION_ACTION_COUNT, action_name);
}

TEST(Connection, ValuesOutsideTheEnumsClose) {
    for (auto [state, event] :
         {std::pair(CONNECTION_STATE_COUNT, 0u), std::pair(0u, CONNECTION_EVENT_COUNT)}) {
        EXPECT_EQ(outcome(state, event), "goto closing do violation, close");
    }
}

TEST(Connection, PacketsAreSortedByWhatTheyMayDo) {
    const std::map<ella_packet_type, connection_event> events = {
        {ELLA_CONNECT, CONNECTION_ON_CONNECT},    {ELLA_CONNACK, CONNECTION_ON_WRONG_WAY},
        {ELLA_PUBLISH, CONNECTION_ON_TRAFFIC},    {ELLA_PUBACK, CONNECTION_ON_TRAFFIC},
        {ELLA_PUBREC, CONNECTION_ON_TRAFFIC},     {ELLA_PUBREL, CONNECTION_ON_TRAFFIC},
        {ELLA_PUBCOMP, CONNECTION_ON_TRAFFIC},    {ELLA_SUBSCRIBE, CONNECTION_ON_TRAFFIC},
        {ELLA_SUBACK, CONNECTION_ON_WRONG_WAY},   {ELLA_UNSUBSCRIBE, CONNECTION_ON_TRAFFIC},
        {ELLA_UNSUBACK, CONNECTION_ON_WRONG_WAY}, {ELLA_PINGREQ, CONNECTION_ON_TRAFFIC},
        {ELLA_PINGRESP, CONNECTION_ON_WRONG_WAY}, {ELLA_DISCONNECT, CONNECTION_ON_DISCONNECT},
        {ELLA_AUTH, CONNECTION_ON_AUTH},
    };
    EXPECT_EQ(events.size(), 15u);
    for (auto [type, event] : events) {
        EXPECT_EQ(connection_packet_event(type, false), event) << type;
        if (type != ELLA_CONNECT) {
            EXPECT_EQ(connection_packet_event(type, true), event) << type;
        }
    }
    EXPECT_EQ(connection_packet_event(ELLA_CONNECT, true), CONNECTION_ON_CONNECT_WITH_METHOD);
    EXPECT_EQ(connection_packet_event(static_cast<ella_packet_type>(0), false),
              CONNECTION_ON_BAD_PACKET);
}

/* A connection that writes down what it is told to do. */
class Story {
  public:
    Story &on(connection_event event) {
        const struct connection_transition step = connection_step(state_, event);
        state_ = step.next;
        told_ += told_.empty() ? "" : ", then ";
        told_ += connection_action_name(step.action);
        return *this;
    }
    std::string told() const { return told_; }
    connection_state state() const { return state_; }

  private:
    connection_state state_ = CONNECTION_WAITING;
    std::string told_;
};

TEST(Connection, AnEverydayLife) {
    //= v5/3.1.4-5 test
    //= v3/3.1.4-4 test
    //= v5/u-3.14.4-1 test
    //= v3/u-3.14.4-1 test
    EXPECT_EQ(Story()
                  .on(CONNECTION_ON_CONNECT)
                  .on(CONNECTION_ON_ACCEPTED)
                  .on(CONNECTION_ON_TRAFFIC)
                  .on(CONNECTION_ON_DISCONNECT)
                  .on(CONNECTION_ON_TRANSPORT_CLOSED)
                  .told(),
              "check, then accept, then process, then farewell, then release");
}

TEST(Connection, NothingButConnectIsAnsweredFirst) {
    //= v5/3.1.0-1 test
    //= v3/3.1.0-1 test
    //= v5/3.14.0-1 test
    EXPECT_EQ(Story().on(CONNECTION_ON_TRAFFIC).on(CONNECTION_ON_CONNECT).told(),
              "violation, close, then ignore");
    EXPECT_EQ(Story().on(CONNECTION_ON_AUTH).told(), "violation, close");
}

TEST(Connection, MalformedConnectOf311IsNotAnsweredWhileThatOf50MayBe) {
    //= v3/3.1.4-1 test
    EXPECT_EQ(Story().on(CONNECTION_ON_BAD_PACKET).told(), "close");
    //= v5/3.1.4-1 test
    EXPECT_EQ(Story().on(CONNECTION_ON_BAD_CONNECT).told(), "refuse");
}

TEST(Connection, ASecondConnectEndsIt) {
    //= v5/3.1.0-2 test
    //= v3/3.1.0-2 test
    EXPECT_EQ(Story()
                  .on(CONNECTION_ON_CONNECT)
                  .on(CONNECTION_ON_ACCEPTED)
                  .on(CONNECTION_ON_CONNECT)
                  .on(CONNECTION_ON_TRAFFIC)
                  .told(),
              "check, then accept, then violation, disconnect, then ignore");
}

TEST(Connection, WhatIsSentAfterARefusedConnectIsNeverProcessed) {
    //= v5/3.1.4-6 test
    //= v3/3.1.4-5 test
    //= v5/3.2.2-7 test
    //= v3/3.2.2-5 test
    EXPECT_EQ(Story()
                  .on(CONNECTION_ON_CONNECT)
                  .on(CONNECTION_ON_TRAFFIC)
                  .on(CONNECTION_ON_REFUSED)
                  .on(CONNECTION_ON_TRAFFIC)
                  .told(),
              "check, then hold, then refuse, then ignore");
}

TEST(Connection, AClientWithAMethodMayOnlyAuthenticateOrLeave) {
    //= v5/3.1.2-30 test
    EXPECT_EQ(Story().on(CONNECTION_ON_CONNECT_WITH_METHOD).on(CONNECTION_ON_AUTH).told(),
              "auth, then auth");
    EXPECT_EQ(Story().on(CONNECTION_ON_CONNECT_WITH_METHOD).on(CONNECTION_ON_TRAFFIC).told(),
              "auth, then violation, refuse");
    EXPECT_EQ(Story().on(CONNECTION_ON_CONNECT_WITH_METHOD).on(CONNECTION_ON_DISCONNECT).told(),
              "auth, then close");
}

TEST(Connection, ReauthenticationKeepsTrafficFlowingAndItsFailureEndsIt) {
    Story story;
    story.on(CONNECTION_ON_CONNECT_WITH_METHOD).on(CONNECTION_ON_ACCEPTED);
    //= v5/4.12.1-1 test
    story.on(CONNECTION_ON_AUTH).on(CONNECTION_ON_TRAFFIC).on(CONNECTION_ON_ACCEPTED);
    EXPECT_EQ(story.told(), "auth, then accept, then auth, then process, then reauthenticated");
    EXPECT_EQ(story.state(), CONNECTION_ESTABLISHED);
    //= v5/4.12.1-2 test
    story.on(CONNECTION_ON_AUTH).on(CONNECTION_ON_REFUSED);
    EXPECT_EQ(story.state(), CONNECTION_CLOSING);
    EXPECT_EQ(story.told(), "auth, then accept, then auth, then process, then reauthenticated, "
                            "then auth, then disconnect");
}

TEST(Connection, TakeOverAndSilenceAreToldBeforeTheEnd) {
    for (connection_event event : {CONNECTION_ON_TAKEN_OVER, CONNECTION_ON_TIMEOUT,
                                   CONNECTION_ON_EXPELLED, CONNECTION_ON_BAD_PACKET}) {
        //= v5/3.1.4-3 test
        //= v3/3.1.4-2 test
        //= v5/3.1.2-22 test
        //= v3/3.1.2-24 test
        //= v5/4.13.1-1 test
        //= v3/4.8.0-1 test
        //= v5/4.13.2-1 test
        EXPECT_EQ(Story()
                      .on(CONNECTION_ON_CONNECT)
                      .on(CONNECTION_ON_ACCEPTED)
                      .on(event)
                      .on(CONNECTION_ON_TRAFFIC)
                      .told(),
                  "check, then accept, then disconnect, then ignore");
    }
}

TEST(Connection, WhoSaysNothingIsClosed) {
    //= v5/u-3.1.4-1 test
    //= v3/u-3.1.4-1 test
    EXPECT_EQ(Story().on(CONNECTION_ON_TIMEOUT).on(CONNECTION_ON_TIMEOUT).told(),
              "close, then close");
}

/* Watches one connection for its whole life. */
struct Watcher {
    connection_state state = CONNECTION_WAITING;
    bool connected = false;   /* a CONNECT was given to CHECK or AUTH */
    bool with_method = false; /* that CONNECT had an Authentication Method, or AUTH came since */
    bool connack = false;
    bool accepted = false;
    bool ended = false; /* the last byte is ordered */
    bool session_told = false;

    auto key() const {
        return std::tuple(state, connected, with_method, connack, accepted, ended, session_told);
    }
    unsigned events() const { return CONNECTION_EVENT_COUNT; }
    std::string event_name(unsigned event) const { return ::event_name(event); }

    const char *step(unsigned i) {
        const struct connection_transition step = connection_step(state, event_of(i));
        const char *broken = take(event_of(i), step.action);
        if (broken != nullptr) {
            return broken;
        }
        if (step.next == CONNECTION_CLOSED && state != CONNECTION_CLOSED) {
            if (event_of(i) != CONNECTION_ON_TRANSPORT_CLOSED) {
                return "closed before the transport was";
            }
            if (accepted != session_told) {
                return "the session was not told that its connection is gone";
            }
        }
        if (ended && step.next != CONNECTION_CLOSING && step.next != CONNECTION_CLOSED) {
            return "came back to life";
        }
        state = step.next;
        //= v5/3.2.0-1 test
        //= v3/3.2.0-1 test
        //= v5/3.14.4-1 test
        return connection_may_send(state) == (accepted && !ended) ? nullptr : "may_send is wrong";
    }

    const char *take(connection_event event, connection_action action) {
        switch (action) {
        case CONNECTION_DO_IGNORE:
            return nullptr;
        case CONNECTION_DO_HOLD:
            return connected && !accepted && !ended && event <= CONNECTION_ON_BAD_PACKET
                       ? nullptr
                       : "held what is no packet, or without a verdict to come";
        case CONNECTION_DO_CHECK:
            return begin(event == CONNECTION_ON_CONNECT);
        case CONNECTION_DO_AUTH:
            if (event == CONNECTION_ON_AUTH) {
                with_method = true;
                return connected && !ended ? nullptr : "AUTH without CONNECT";
            }
            with_method = true;
            return begin(event == CONNECTION_ON_CONNECT_WITH_METHOD);
        case CONNECTION_DO_PROCESS:
            return accepted && !ended ? nullptr : "processed a packet out of time";
        case CONNECTION_DO_ACCEPT:
            if (!connected || accepted || ended || event != CONNECTION_ON_ACCEPTED) {
                return "accepted out of time";
            }
            accepted = true;
            return acknowledge();
        case CONNECTION_DO_REAUTHENTICATED:
            return accepted && with_method && !ended && event == CONNECTION_ON_ACCEPTED
                       ? nullptr
                       : "AUTH 0x00 unasked for";
        case CONNECTION_DO_REFUSE:
        case CONNECTION_VIOLATION_REFUSE:
            return end(!accepted, "refused what was accepted", acknowledge());
        case CONNECTION_DO_DISCONNECT:
        case CONNECTION_VIOLATION_DISCONNECT:
        case CONNECTION_DO_FAREWELL:
            //= v5/3.14.0-1 test
            return end(accepted, "DISCONNECT without CONNACK", tell_session());
        case CONNECTION_DO_CLOSE:
        case CONNECTION_VIOLATION_CLOSE:
            ended = true; /* may be repeated */
            return accepted == session_told ? nullptr : "closed behind the session's back";
        case CONNECTION_DO_LOSE:
            return end(accepted, "lost what had no session", tell_session());
        case CONNECTION_DO_RELEASE:
            ended = true;
            return accepted == session_told ? nullptr : "released behind the session's back";
        }
        return "no such action";
    }
    const char *begin(bool by_connect) {
        //= v5/3.1.0-2 test
        //= v3/3.1.0-2 test
        if (connected || !by_connect) {
            return "not one CONNECT, first";
        }
        connected = true;
        return nullptr;
    }
    const char *acknowledge() {
        //= v5/3.2.0-2 test
        if (connack) {
            return "a second CONNACK";
        }
        connack = true;
        return nullptr;
    }
    const char *tell_session() {
        if (session_told) {
            return "the session was told twice";
        }
        session_told = true;
        return nullptr;
    }
    const char *end(bool lawful, const char *otherwise, const char *broken) {
        //= v5/3.14.4-1 test
        if (ended) {
            return "something is sent after the last packet";
        }
        ended = true;
        return lawful ? broken : otherwise;
    }
};

TEST(Connection, InvariantsHoldOverEverySequenceOfEvents) {
    EXPECT_GT(state_machines::visit_everything(Watcher()), CONNECTION_STATE_COUNT);
}

} // namespace
