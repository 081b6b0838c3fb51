// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The state machines under any order of events. The first byte chooses the machine, each other one
// is an event, now and then one that does not exist. Judged: what each header promises of a whole
// life, kept here as a client, a session or an operator would remember it; that every state, event
// and action has a name and nothing else has one; and the arithmetic of times, done here with more
// bits.

#include <cstring>

#include "fuzz/input.h"

extern "C" {
#include "state_machines/auth.h"
#include "state_machines/bridge.h"
#include "state_machines/connection.h"
#include "state_machines/keepalive.h"
#include "state_machines/qos_receive.h"
#include "state_machines/qos_send.h"
#include "state_machines/session.h"
}

namespace {

constexpr size_t SIZE_MAX_BYTES = 1024;

void promise(bool kept, const char *what) {
    if (!kept)
        fuzz::finding("machines_fuzz", what);
}

// A name for each value that there is, "?" for the next, which is also what an event may be.
template <class value_type>
value_type named(const char *(*name)(value_type), unsigned value, unsigned count) {
    promise((std::strcmp(name(static_cast<value_type>(value)), "?") == 0) == (value >= count),
            "a value without a name, or a name without a value");
    return static_cast<value_type>(value);
}

// ---- Authentication ----

void play_auth(fuzz::source in) {
    unsigned state = AUTH_IDLE;
    bool asked = false; // the verifier has a question of ours
    bool over = false;
    while (!in.is_empty()) {
        const unsigned event = in.u8() % (AUTH_EVENT_COUNT + 1u);
        const bool answered =
            event >= AUTH_ON_VERIFIER_ACCEPTS && event <= AUTH_ON_VERIFIER_REFUSES;
        const auth_transition step = auth_step(named(auth_state_name, state, AUTH_STATE_COUNT),
                                               named(auth_event_name, event, AUTH_EVENT_COUNT));
        named(auth_action_name, step.action, AUTH_ACTION_COUNT);
        if (event == AUTH_EVENT_COUNT) {
            promise(step.next == AUTH_FAILED && step.action == AUTH_VIOLATION,
                    "an event that does not exist does not fail");
            return;
        }
        const bool cancels = step.action == AUTH_DO_FAIL_CANCEL || step.action == AUTH_DO_CANCEL ||
                             step.action == AUTH_VIOLATION_CANCEL;
        promise(!over || (step.next == AUTH_FAILED && step.action == AUTH_DO_IGNORE),
                "something after the failure");
        promise(cancels == (asked && !answered), "a question is forgotten, or one that is none");
        promise(step.action != AUTH_DO_VERIFY || !asked, "a second question");
        promise((step.action != AUTH_DO_SUCCEED && step.action != AUTH_DO_CHALLENGE) ||
                    (asked && answered),
                "an answer that the verifier did not give");
        asked = step.action == AUTH_DO_VERIFY;
        over = step.next == AUTH_FAILED;
        state = step.next;
    }
    named(auth_action_name, AUTH_ACTION_COUNT, AUTH_ACTION_COUNT);
    named(auth_state_name, AUTH_STATE_COUNT, AUTH_STATE_COUNT);
}

// ---- Connections ----

void play_connection(fuzz::source in) {
    unsigned state = CONNECTION_WAITING;
    unsigned connacks = 0;
    bool in_session = false, closing = false;
    for (uint32_t type = 0; type <= ELLA_AUTH; type++)
        promise(connection_packet_event(static_cast<ella_packet_type>(type), in.flag()) <=
                    CONNECTION_ON_BAD_PACKET,
                "a packet is an event that none is");
    while (!in.is_empty()) {
        const unsigned event = in.u8() % (CONNECTION_EVENT_COUNT + 1u);
        const connection_transition step =
            connection_step(named(connection_state_name, state, CONNECTION_STATE_COUNT),
                            named(connection_event_name, event, CONNECTION_EVENT_COUNT));
        named(connection_action_name, step.action, CONNECTION_ACTION_COUNT);
        if (event == CONNECTION_EVENT_COUNT) {
            promise(step.next == CONNECTION_CLOSING && step.action == CONNECTION_VIOLATION_CLOSE,
                    "an event that does not exist does not close");
            return;
        }
        const bool accepts = step.action == CONNECTION_DO_ACCEPT;
        const bool refuses =
            step.action == CONNECTION_DO_REFUSE || step.action == CONNECTION_VIOLATION_REFUSE;
        const bool disconnects = step.action == CONNECTION_DO_DISCONNECT ||
                                 step.action == CONNECTION_VIOLATION_DISCONNECT;
        connacks += accepts || refuses ? 1u : 0u;
        promise(connacks <= 1, "a second CONNACK");
        promise(!disconnects || in_session, "DISCONNECT without an accepted CONNECT");
        promise(step.action != CONNECTION_DO_PROCESS || in_session,
                "a packet is processed outside a session");
        promise(!closing || step.action == CONNECTION_DO_IGNORE ||
                    step.action == CONNECTION_DO_CLOSE || step.action == CONNECTION_DO_RELEASE,
                "something after the last byte");
        closing = step.next == CONNECTION_CLOSING || step.next == CONNECTION_CLOSED;
        in_session = (in_session || accepts) && !closing;
        promise(connection_may_send(step.next) == in_session, "may send outside a session");
        state = step.next;
    }
    named(connection_action_name, CONNECTION_ACTION_COUNT, CONNECTION_ACTION_COUNT);
    named(connection_state_name, CONNECTION_STATE_COUNT, CONNECTION_STATE_COUNT);
}

// ---- Keep alive ----

uint64_t capped(unsigned __int128 sum) {
    return sum > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(sum);
}

uint64_t begins_at(fuzz::source *in) {
    const uint64_t high = in->u32();
    return high << 32 | in->u32();
}

void judge_keepalive_times(fuzz::source *in) {
    using wide = unsigned __int128;
    const uint64_t at_ms = begins_at(in);
    const uint16_t seconds = in->u16();
    const uint32_t timeout_ms = in->u32();
    const uint64_t never = KEEPALIVE_NEVER_MS;
    promise(keepalive_deadline_ms(at_ms, seconds) ==
                (seconds == 0 ? never : capped(wide(at_ms) + wide(seconds) * 1500u)),
            "another deadline");
    promise(keepalive_ping_due_ms(at_ms, seconds) ==
                (seconds == 0 ? never : capped(wide(at_ms) + wide(seconds) * 1000u)),
            "another time for PINGREQ");
    promise(keepalive_connect_deadline_ms(at_ms, timeout_ms) ==
                (timeout_ms == 0 ? never : capped(wide(at_ms) + timeout_ms)),
            "another deadline for CONNECT");
    promise(keepalive_accepted_event(seconds) ==
                (seconds == 0 ? KEEPALIVE_ON_ACCEPTED_OFF : KEEPALIVE_ON_ACCEPTED),
            "keep alive 0 is not off");
    promise(keepalive_time_event(at_ms, timeout_ms) ==
                (at_ms >= timeout_ms ? KEEPALIVE_ON_TIME_DUE : KEEPALIVE_ON_TIME_EARLY),
            "early is due, or due early");
    promise(keepalive_time_event(at_ms, never) == KEEPALIVE_ON_TIME_EARLY, "never is due");
}

void play_keepalive(fuzz::source in) {
    unsigned state = KEEPALIVE_CONNECTING;
    bool expired = false, off = false;
    judge_keepalive_times(&in);
    while (!in.is_empty()) {
        const unsigned event = in.u8() % (KEEPALIVE_EVENT_COUNT + 1u);
        const keepalive_transition step =
            keepalive_step(named(keepalive_state_name, state, KEEPALIVE_STATE_COUNT),
                           named(keepalive_event_name, event, KEEPALIVE_EVENT_COUNT));
        named(keepalive_action_name, step.action, KEEPALIVE_ACTION_COUNT);
        if (event == KEEPALIVE_EVENT_COUNT) {
            promise(step.next == KEEPALIVE_EXPIRED && step.action == KEEPALIVE_DO_IGNORE,
                    "an event that does not exist does something");
            return;
        }
        promise((!expired && !off) || step.action == KEEPALIVE_DO_IGNORE,
                "something after the end, or without a keep alive");
        expired = expired || step.action == KEEPALIVE_DO_EXPIRE;
        off = off || step.action == KEEPALIVE_DO_STOP;
        promise(expired == (step.next == KEEPALIVE_EXPIRED), "expired without a word");
        state = step.next;
    }
    named(keepalive_action_name, KEEPALIVE_ACTION_COUNT, KEEPALIVE_ACTION_COUNT);
    named(keepalive_state_name, KEEPALIVE_STATE_COUNT, KEEPALIVE_STATE_COUNT);
}

// ---- QoS 2 as its receiver remembers it ----

qos_receive_action receiver_does(bool *known, unsigned event) {
    const bool before = *known;
    switch (event) {
    case QOS_RECEIVE_ON_PUBREL:
        *known = false;
        return before ? QOS_RECEIVE_DO_PUBCOMP : QOS_RECEIVE_DO_PUBCOMP_UNKNOWN;
    case QOS_RECEIVE_ON_END:
        *known = false;
        return before ? QOS_RECEIVE_DO_FORGET : QOS_RECEIVE_DO_IGNORE;
    case QOS_RECEIVE_ON_PUBLISH_REFUSED:
        return before ? QOS_RECEIVE_DO_PUBREC : QOS_RECEIVE_DO_PUBREC_REFUSED;
    case QOS_RECEIVE_ON_PUBLISH_DISCARDED:
        *known = true;
        return before ? QOS_RECEIVE_DO_PUBREC : QOS_RECEIVE_DO_DISCARD;
    case QOS_RECEIVE_ON_PUBLISH:
        *known = true;
        return before ? QOS_RECEIVE_DO_PUBREC : QOS_RECEIVE_DO_DELIVER;
    default:
        *known = false;
        return QOS_RECEIVE_DO_IGNORE;
    }
}

void play_qos_receive(fuzz::source in) {
    unsigned state = QOS_RECEIVE_ABSENT;
    bool known = false;
    while (!in.is_empty()) {
        const unsigned event = in.u8() % (QOS_RECEIVE_EVENT_COUNT + 1u);
        const qos_receive_action due = receiver_does(&known, event);
        const qos_receive_transition step =
            qos_receive_step(named(qos_receive_state_name, state, QOS_RECEIVE_STATE_COUNT),
                             named(qos_receive_event_name, event, QOS_RECEIVE_EVENT_COUNT));
        named(qos_receive_action_name, step.action, QOS_RECEIVE_ACTION_COUNT);
        promise(step.action == due, "a receiver at QoS 2 does something else");
        promise((step.next == QOS_RECEIVE_RECEIVED) == known, "a packet id is forgotten, or kept");
        state = step.next;
    }
    named(qos_receive_action_name, QOS_RECEIVE_ACTION_COUNT, QOS_RECEIVE_ACTION_COUNT);
    named(qos_receive_state_name, QOS_RECEIVE_STATE_COUNT, QOS_RECEIVE_STATE_COUNT);
}

// ---- QoS 1 and 2 as their sender remembers them ----

struct sender {
    unsigned qos = 0; // 0: the packet id is free
    bool released = false;

    qos_send_action end(qos_send_action how) {
        qos = 0;
        released = false;
        return how;
    }
    qos_send_action begin(unsigned at_qos) {
        if (qos != 0)
            return QOS_SEND_ID_IN_USE;
        qos = at_qos;
        return QOS_SEND_DO_PUBLISH;
    }
    qos_send_action pubrec() {
        if (qos == 0)
            return QOS_SEND_DO_PUBREL_UNKNOWN;
        if (qos == 1)
            return QOS_SEND_VIOLATION;
        released = true;
        return QOS_SEND_DO_PUBREL;
    }
    qos_send_action resume() const {
        if (qos == 0)
            return QOS_SEND_DO_IGNORE;
        return released ? QOS_SEND_DO_PUBREL : QOS_SEND_DO_PUBLISH_AGAIN;
    }
    qos_send_action does(unsigned event) {
        switch (event) {
        case QOS_SEND_ON_SEND_QOS1:
            return begin(1);
        case QOS_SEND_ON_SEND_QOS2:
            return begin(2);
        case QOS_SEND_ON_PUBACK:
            if (qos == 2)
                return QOS_SEND_VIOLATION;
            return qos == 1 ? end(QOS_SEND_DO_COMPLETE) : QOS_SEND_DO_IGNORE;
        case QOS_SEND_ON_PUBREC:
            return pubrec();
        case QOS_SEND_ON_PUBREC_ERROR:
            if (qos == 1)
                return QOS_SEND_VIOLATION;
            return qos == 2 && !released ? end(QOS_SEND_DO_COMPLETE) : QOS_SEND_DO_IGNORE;
        case QOS_SEND_ON_PUBCOMP:
            return released ? end(QOS_SEND_DO_COMPLETE) : QOS_SEND_DO_IGNORE;
        case QOS_SEND_ON_RESUME:
            return resume();
        case QOS_SEND_ON_END:
            return qos == 0 ? QOS_SEND_DO_IGNORE : end(QOS_SEND_DO_ABANDON);
        default:
            return end(QOS_SEND_VIOLATION);
        }
    }
};

void play_qos_send(fuzz::source in) {
    unsigned state = QOS_SEND_FREE;
    sender mind;
    send_quota quota = send_quota_start(in.u16());
    while (!in.is_empty()) {
        const unsigned event = in.u8() % (QOS_SEND_EVENT_COUNT + 1u);
        const bool was_free = mind.qos == 0;
        const qos_send_action due = mind.does(event);
        const qos_send_transition step =
            qos_send_step(named(qos_send_state_name, state, QOS_SEND_STATE_COUNT),
                          named(qos_send_event_name, event, QOS_SEND_EVENT_COUNT));
        named(qos_send_action_name, step.action, QOS_SEND_ACTION_COUNT);
        promise(step.action == due, "a sender does something else");
        promise((step.next == QOS_SEND_FREE) == (mind.qos == 0), "a packet id is lost, or kept");
        promise(event == QOS_SEND_EVENT_COUNT || step.frees_id == (!was_free && mind.qos == 0),
                "a packet id is freed without a word");
        if (step.takes_slot)
            (void)send_quota_take(&quota);
        if (step.action == QOS_SEND_DO_PUBREL && event == QOS_SEND_ON_RESUME)
            send_quota_claim(&quota);
        if (step.frees_id)
            send_quota_give(&quota);
        promise(quota.maximum > 0 && send_quota_left(quota) <= quota.maximum, "a wrong quota");
        state = step.next;
    }
    named(qos_send_action_name, QOS_SEND_ACTION_COUNT, QOS_SEND_ACTION_COUNT);
    named(qos_send_state_name, QOS_SEND_STATE_COUNT, QOS_SEND_STATE_COUNT);
}

// ---- Sessions and their wills ----

void judge_session_times(fuzz::source *in) {
    using wide = unsigned __int128;
    const uint64_t now_ms = begins_at(in);
    const uint32_t delay_s = in->u32(), expiry_s = in->flag() ? in->u32() : 0xFFFFFFFFu;
    const bool ends = expiry_s == 0;
    promise(session_deadline_ms(now_ms, expiry_s) ==
                (expiry_s == SESSION_NEVER_EXPIRES ? SESSION_NO_DEADLINE_MS
                                                   : capped(now_ms + wide(expiry_s) * 1000u)),
            "another deadline of a session");
    promise(session_will_delay_s(delay_s, expiry_s) == (delay_s < expiry_s ? delay_s : expiry_s),
            "another delay of a will");
    promise((session_lost_event(delay_s, expiry_s) == SESSION_ON_LOST_ENDING) == ends &&
                (session_disconnect_event(expiry_s) == SESSION_ON_DISCONNECT_ENDING) == ends,
            "expiry 0 does not end the session");
    promise(session_may_change_expiry(delay_s, expiry_s) == (delay_s != 0 || expiry_s == 0),
            "an expiry of 0 may be raised");
}

void play_session(fuzz::source in) {
    unsigned state = SESSION_GONE;
    bool will = false, kept = false, attached = false;
    judge_session_times(&in);
    while (!in.is_empty()) {
        const unsigned event = in.u8() % (SESSION_EVENT_COUNT + 1u);
        const session_transition step =
            session_step(named(session_state_name, state, SESSION_STATE_COUNT),
                         named(session_event_name, event, SESSION_EVENT_COUNT));
        named(session_action_name, step.action, SESSION_ACTION_COUNT);
        named(session_will_name, step.will, SESSION_WILL_COUNT);
        if (event == SESSION_EVENT_COUNT) {
            promise(step.next == SESSION_GONE && step.action == SESSION_MISUSE &&
                        step.will == SESSION_WILL_KEEP,
                    "an event that does not exist does something");
            return;
        }
        const bool connects = event <= SESSION_ON_CLEAN_WILL && !attached;
        const bool brings = event == SESSION_ON_RESUME_WILL || event == SESSION_ON_CLEAN_WILL;
        const bool resumes = event == SESSION_ON_RESUME || event == SESSION_ON_RESUME_WILL;
        const bool ends =
            attached && event >= SESSION_ON_LOST_ENDING && event <= SESSION_ON_DISCONNECT_LASTING;
        promise(step.will == SESSION_WILL_KEEP || will, "a will that there is not");
        will = (will && step.will == SESSION_WILL_KEEP) || (connects && brings);
        promise(session_present(step.action) == (connects && resumes && kept),
                "Session Present does not tell the truth");
        attached = (attached || connects) && !ends;
        kept = step.next != SESSION_GONE;
        promise((step.next == SESSION_ATTACHED || step.next == SESSION_ATTACHED_WILL) == attached,
                "a session is attached to nobody, or detached from somebody");
        promise((step.next == SESSION_ATTACHED_WILL || step.next == SESSION_DETACHED_WILL) == will,
                "a will is lost, or there twice");
        state = step.next;
    }
    named(session_action_name, SESSION_ACTION_COUNT, SESSION_ACTION_COUNT);
    named(session_state_name, SESSION_STATE_COUNT, SESSION_STATE_COUNT);
    named(session_will_name, SESSION_WILL_COUNT, SESSION_WILL_COUNT);
}

// ---- Bridges ----

void play_bridge(fuzz::source in) {
    unsigned state = BRIDGE_IDLE;
    bool may_connect = false, fell_back = false, accepted = false;
    const auto type = static_cast<bridge_start_type>(in.u8() % 3u);
    const bool wanted = in.flag(), tries = in.flag(), refused = in.flag();
    const bridge_event start = tries && !refused ? BRIDGE_ON_START_PRIVATE : BRIDGE_ON_START;
    promise(bridge_start_event(tries, refused) == start, "another start");
    promise(bridge_rested_event(type, wanted, tries, refused) ==
                (type == BRIDGE_LAZY && !wanted ? BRIDGE_ON_REST_QUIET : start),
            "another start after a rest");
    promise((bridge_failed_event(type) == BRIDGE_ON_FAILED_ONCE) == (type == BRIDGE_ONCE),
            "another failure");
    while (!in.is_empty()) {
        const unsigned event = in.u8() % (BRIDGE_EVENT_COUNT + 1u);
        const bridge_transition step =
            bridge_step(named(bridge_state_name, state, BRIDGE_STATE_COUNT),
                        named(bridge_event_name, event, BRIDGE_EVENT_COUNT));
        named(bridge_action_name, step.action, BRIDGE_ACTION_COUNT);
        if (event == BRIDGE_EVENT_COUNT) {
            promise(step.next == BRIDGE_STOPPED && step.action == BRIDGE_DO_CLOSE,
                    "an event that does not exist does not stop");
            return;
        }
        const bool private_ = step.action == BRIDGE_DO_CONNECT_PRIVATE;
        promise((!private_ && step.action != BRIDGE_DO_CONNECT) ||
                    (may_connect && event == BRIDGE_ON_DIALLED),
                "CONNECT without a new transport");
        fell_back =
            (fell_back && event != BRIDGE_ON_START_PRIVATE) || step.action == BRIDGE_DO_FALL_BACK;
        promise(!private_ || !fell_back, "the private bit again after it was refused");
        promise(step.action != BRIDGE_DO_PROCESS || accepted, "a packet before CONNACK");
        may_connect = step.action == BRIDGE_DO_DIAL || step.action == BRIDGE_DO_FALL_BACK ||
                      (may_connect && step.action == BRIDGE_DO_IGNORE);
        accepted = step.next == BRIDGE_SUBSCRIBING || step.next == BRIDGE_ONLINE;
        state = step.next;
    }
    named(bridge_action_name, BRIDGE_ACTION_COUNT, BRIDGE_ACTION_COUNT);
    named(bridge_state_name, BRIDGE_STATE_COUNT, BRIDGE_STATE_COUNT);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || size > SIZE_MAX_BYTES)
        return 0;
    static void (*const players[])(fuzz::source) = {
        play_auth,     play_connection, play_keepalive, play_qos_receive,
        play_qos_send, play_session,    play_bridge};
    players[data[0] % (sizeof players / sizeof *players)](fuzz::source(data + 1, size - 1));
    return 0;
}
