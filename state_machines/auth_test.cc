/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Enhanced authentication: its table once more in sentences, its stories, and its invariants over
 * every sequence of events.
 */
#include "state_machines/auth.h"

#include <tuple>

#include "state_machines/connection.h"
#include "state_machines/test_support.h"

namespace {

auth_state state_of(unsigned i) {
    return static_cast<auth_state>(i);
}
auth_event event_of(unsigned i) {
    return static_cast<auth_event>(i);
}
std::string state_name(unsigned i) {
    return auth_state_name(state_of(i));
}
std::string event_name(unsigned i) {
    return auth_event_name(event_of(i));
}
std::string action_name(unsigned i) {
    return auth_action_name(static_cast<auth_action>(i));
}
std::string outcome(unsigned state, unsigned event) {
    const struct auth_transition step = auth_step(state_of(state), event_of(event));
    return std::string("goto ") + auth_state_name(step.next) + " do " +
           auth_action_name(step.action);
}

TEST(Auth, EveryStateAndEventAsWritten) {
    const std::string answers = "verifier accepts | verifier challenges | verifier refuses";
    state_machines::expect_table(
        {AUTH_STATE_COUNT, AUTH_EVENT_COUNT, state_name, event_name, outcome},
        {
            "while idle on connect goto verifying do verify",
            "while idle on connect unsupported goto failed do fail, bad method",
            "while idle on continue | reauthenticate | wrong goto failed do violation",
            "while idle on " + answers + " | timeout goto idle do ignore",
            "while idle on end goto failed do ignore",

            "while verifying on connect | connect unsupported | continue | reauthenticate | wrong "
            "goto failed do violation, cancel",
            "while verifying on verifier accepts goto succeeded do succeed",
            "while verifying on verifier challenges goto challenged do challenge",
            "while verifying on verifier refuses goto failed do fail",
            "while verifying on timeout goto failed do fail, cancel",
            "while verifying on end goto failed do cancel",

            "while challenged on continue goto verifying do verify",
            "while challenged on connect | connect unsupported | reauthenticate | wrong "
            "goto failed do violation",
            "while challenged on " + answers + " goto challenged do ignore",
            "while challenged on timeout goto failed do fail",
            "while challenged on end goto failed do ignore",

            "while succeeded on reauthenticate goto verifying do verify",
            "while succeeded on connect | connect unsupported | continue | wrong "
            "goto failed do violation",
            "while succeeded on " + answers + " | timeout goto succeeded do ignore",
            "while succeeded on end goto failed do ignore",

            "while failed on connect | connect unsupported | continue | reauthenticate | wrong "
            "| " +
                answers + " | timeout | end goto failed do ignore",
        });
}

TEST(Auth, EverythingHasAName) {
    state_machines::expect_names(AUTH_STATE_COUNT, state_name);
    state_machines::expect_names(AUTH_EVENT_COUNT, event_name);
    state_machines::expect_names(AUTH_ACTION_COUNT, action_name);
}

TEST(Auth, ValuesOutsideTheEnumsFail) {
    EXPECT_EQ(outcome(AUTH_STATE_COUNT, 0), "goto failed do violation");
    EXPECT_EQ(outcome(0, AUTH_EVENT_COUNT), "goto failed do violation");
}

std::string told(std::initializer_list<auth_event> events) {
    auth_state state = AUTH_IDLE;
    std::string text;
    for (auth_event event : events) {
        const struct auth_transition step = auth_step(state, event);
        state = step.next;
        text += (text.empty() ? "" : ", then ") + std::string(auth_action_name(step.action));
    }
    return text;
}

TEST(Auth, AnExchangeOfTwoRounds) {
    //= v5/4.12.0-2 test
    //= v5/4.12.0-3 test
    EXPECT_EQ(told({AUTH_ON_CONNECT, AUTH_ON_VERIFIER_CHALLENGES, AUTH_ON_CONTINUE,
                    AUTH_ON_VERIFIER_CHALLENGES, AUTH_ON_CONTINUE, AUTH_ON_VERIFIER_ACCEPTS}),
              "verify, then challenge, then verify, then challenge, then verify, then succeed");
}

TEST(Auth, AnUnknownMethodIsRefused) {
    //= v5/4.12.0-1 test
    EXPECT_EQ(told({AUTH_ON_CONNECT_UNSUPPORTED, AUTH_ON_CONTINUE}),
              "fail, bad method, then ignore");
}

TEST(Auth, TheVerifierMayRefuseAtAnyPoint) {
    //= v5/4.12.0-4 test
    EXPECT_EQ(told({AUTH_ON_CONNECT, AUTH_ON_VERIFIER_REFUSES}), "verify, then fail");
    EXPECT_EQ(told({AUTH_ON_CONNECT, AUTH_ON_VERIFIER_CHALLENGES, AUTH_ON_CONTINUE,
                    AUTH_ON_VERIFIER_REFUSES}),
              "verify, then challenge, then verify, then fail");
}

TEST(Auth, WithoutAMethodInConnectThereIsNoAuth) {
    //= v5/4.12.0-6 test
    //= v5/4.12.0-7 test
    //= v5/u-3.15-1 test
    EXPECT_EQ(told({AUTH_ON_CONTINUE}), "violation");
    EXPECT_EQ(told({AUTH_ON_REAUTHENTICATE}), "violation");
}

TEST(Auth, AuthWithAnotherMethodOrNoneEndsIt) {
    //= v5/4.12.0-5 test
    //= v5/u-3.15.2.2.2-1 test
    //= v5/3.15.2-1 test
    EXPECT_EQ(told({AUTH_ON_CONNECT, AUTH_ON_VERIFIER_CHALLENGES, AUTH_ON_WRONG}),
              "verify, then challenge, then violation");
}

TEST(Auth, AuthOutOfTurnEndsItAndFreesTheVerifier) {
    EXPECT_EQ(told({AUTH_ON_CONNECT, AUTH_ON_CONTINUE, AUTH_ON_VERIFIER_ACCEPTS}),
              "verify, then violation, cancel, then ignore");
}

TEST(Auth, OnlyReauthenticateBeginsAgain) {
    //= v5/4.12.1-1 test
    EXPECT_EQ(told({AUTH_ON_CONNECT, AUTH_ON_VERIFIER_ACCEPTS, AUTH_ON_REAUTHENTICATE,
                    AUTH_ON_VERIFIER_ACCEPTS, AUTH_ON_CONTINUE}),
              "verify, then succeed, then verify, then succeed, then violation");
    //= v5/4.12.1-2 test
    EXPECT_EQ(told({AUTH_ON_CONNECT, AUTH_ON_VERIFIER_ACCEPTS, AUTH_ON_REAUTHENTICATE,
                    AUTH_ON_VERIFIER_REFUSES, AUTH_ON_REAUTHENTICATE}),
              "verify, then succeed, then verify, then fail, then ignore");
}

struct Watcher {
    auth_state state = AUTH_IDLE;
    bool asked = false;      /* the verifier has a question */
    bool peers_turn = false; /* a challenge is out */
    bool begun = false;      /* CONNECT came with a method */
    bool over = false;

    auto key() const { return std::tuple(state, asked, peers_turn, begun, over); }
    unsigned events() const { return AUTH_EVENT_COUNT; }
    std::string event_name(unsigned event) const { return ::event_name(event); }

    const char *step(unsigned i) {
        const auth_event event = event_of(i);
        const struct auth_transition step = auth_step(state, event);
        const char *broken = take(event, step.action);
        state = step.next;
        if (broken == nullptr && over != (state == AUTH_FAILED)) {
            broken = "over, or not, against what was said";
        }
        if (broken == nullptr && asked != (state == AUTH_VERIFYING)) {
            broken = "the verifier is forgotten with a question in hand";
        }
        return broken;
    }

    const char *take(auth_event event, auth_action action) {
        if (over && action != AUTH_DO_IGNORE) {
            return "acts after the end";
        }
        switch (action) {
        case AUTH_DO_IGNORE:
            over = over || event == AUTH_ON_END;
            return nullptr;
        case AUTH_DO_VERIFY:
            if (asked || (event != AUTH_ON_CONNECT && !begun)) {
                return "two questions at once, or one without CONNECT";
            }
            if (event == AUTH_ON_CONTINUE && !peers_turn) {
                return "an answer to no challenge";
            }
            begun = asked = true;
            peers_turn = false;
            return nullptr;
        case AUTH_DO_CHALLENGE:
            return settle(event == AUTH_ON_VERIFIER_CHALLENGES, true, false);
        case AUTH_DO_SUCCEED:
            return settle(event == AUTH_ON_VERIFIER_ACCEPTS, false, false);
        case AUTH_DO_FAIL_CANCEL:
        case AUTH_DO_CANCEL:
        case AUTH_VIOLATION_CANCEL:
            return settle(true, false, true);
        case AUTH_DO_FAIL:
        case AUTH_DO_FAIL_METHOD:
        case AUTH_VIOLATION:
            over = true;
            if (asked && event != AUTH_ON_VERIFIER_REFUSES) {
                return "fails without telling the verifier";
            }
            asked = false;
            return nullptr;
        }
        return "no such action";
    }
    const char *settle(bool lawful, bool turn, bool end) {
        if (!asked || !lawful) {
            return "a verdict without a question";
        }
        asked = false;
        peers_turn = turn;
        over = end;
        return nullptr;
    }
};

TEST(Auth, InvariantsHoldOverEverySequenceOfEvents) {
    EXPECT_GT(state_machines::visit_everything(Watcher()), AUTH_STATE_COUNT);
}

/* Both machines as the core joins them: the outcome of auth_step() is an event of the connection.
 * Whatever the peer and the verifier do, nobody is established unverified. */
struct Joined {
    connection_state connection = CONNECTION_WAITING;
    auth_state auth = AUTH_IDLE;
    bool verified = false;
    bool plain = false;

    auto key() const { return std::tuple(connection, auth, verified, plain); }
    unsigned events() const { return CONNECTION_EVENT_COUNT + AUTH_EVENT_COUNT; }
    std::string event_name(unsigned i) const {
        return i < CONNECTION_EVENT_COUNT ? connection_event_name(static_cast<connection_event>(i))
                                          : "auth: " + ::event_name(i - CONNECTION_EVENT_COUNT);
    }

    const char *step(unsigned i) {
        if (i < CONNECTION_EVENT_COUNT) {
            const connection_event event = static_cast<connection_event>(i);
            const bool internal =
                event == CONNECTION_ON_ACCEPTED || event == CONNECTION_ON_REFUSED;
            const bool about_auth =
                event == CONNECTION_ON_AUTH || event == CONNECTION_ON_CONNECT_WITH_METHOD;
            /* The verdict on a method comes from auth_step() alone, and these two packets are
             * told apart more finely below. */
            if (about_auth || (internal && connection != CONNECTION_CHECKING)) {
                return nullptr;
            }
            return connect(event);
        }
        const auth_event event = event_of(i - CONNECTION_EVENT_COUNT);
        if (event >= AUTH_ON_VERIFIER_ACCEPTS) {
            return authenticate(event);
        }
        const bool first = event == AUTH_ON_CONNECT || event == AUTH_ON_CONNECT_UNSUPPORTED;
        const struct connection_transition step = connection_step(
            connection, first ? CONNECTION_ON_CONNECT_WITH_METHOD : CONNECTION_ON_AUTH);
        connection = step.next;
        return step.action == CONNECTION_DO_AUTH ? authenticate(event) : nullptr;
    }

    const char *connect(connection_event event) {
        const struct connection_transition step = connection_step(connection, event);
        plain = plain || step.action == CONNECTION_DO_CHECK;
        connection = step.next;
        if (connection == CONNECTION_ESTABLISHED && !verified && !plain) {
            return "established without being verified";
        }
        return nullptr;
    }

    const char *authenticate(auth_event event) {
        const struct auth_transition step = auth_step(auth, event);
        auth = step.next;
        switch (step.action) {
        case AUTH_DO_SUCCEED:
            verified = true;
            return connect(CONNECTION_ON_ACCEPTED);
        case AUTH_DO_FAIL:
        case AUTH_DO_FAIL_METHOD:
        case AUTH_DO_FAIL_CANCEL:
            return fails(CONNECTION_ON_REFUSED);
        case AUTH_VIOLATION:
        case AUTH_VIOLATION_CANCEL:
            return fails(CONNECTION_ON_BAD_PACKET);
        default:
            return nullptr;
        }
    }
    const char *fails(connection_event event) {
        const char *broken = connect(event);
        if (broken == nullptr && connection != CONNECTION_CLOSING &&
            connection != CONNECTION_CLOSED) {
            return "failed and not closing";
        }
        return broken;
    }
};

TEST(Auth, NobodyIsEstablishedUnverified) {
    EXPECT_GT(state_machines::visit_everything(Joined()), 10u);
}

} // namespace
