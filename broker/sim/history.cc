/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The judgements about what clients did and received, as it happens; what can be judged only at
 * the end is in history_end.cc.
 */
#include "broker/sim/history.h"

#include <algorithm>

extern "C" {
#include "libella/codec.h"
}

namespace sim {

namespace {

/* How much later than on time something may be seen: rounds and timers of the broker. */
constexpr uint64_t SLACK_MS = 2000;
/* After this long what was recorded is on disk, unless the storage fails. */
constexpr uint64_t WRITTEN_MS = 5000;
/* A client that hears something on a connection knows that what it sent so long before has
 * arrived, however slowly it reads, and is stored. */
constexpr uint64_t SETTLED_MS = 20000;

ella_slice slice(const std::string &s) {
    return ella_slice_of(s.data(), static_cast<uint32_t>(s.size()));
}

} // namespace

bool filter_matches(uint8_t filter, const std::string &topic) {
    ella_slice name, inner;
    std::string text = filter_of(filter);
    ella_topic_share(slice(text), &name, &inner);
    return ella_topic_match(inner, slice(topic));
}

History::History(const std::vector<Profile> &cast) : cast_(cast), sessions_(cast.size()) {}

void History::breach(const std::string &what) {
    if (broken_.empty()) {
        broken_ = what;
    }
}

std::string History::name_of(uint64_t serial) const {
    const Message &m = messages_[serial - 1];
    return "message " + std::to_string(serial) + " (" + cast_[m.publisher].id + ", " + m.topic +
           ", QoS " + std::to_string(m.qos) + (m.will ? ", will" : "") +
           (m.retain ? ", retained)" : ")");
}

/* ---- Publishing ---- */

uint64_t History::publish(int client, const Message &message, uint64_t now_ms) {
    messages_.push_back(message);
    messages_.back().publisher = client;
    messages_.back().first_ms = messages_.back().last_ms = now_ms;
    return messages_.size();
}

void History::again(uint64_t serial, uint64_t now_ms) {
    messages_[serial - 1].again = true;
    messages_[serial - 1].last_ms = now_ms;
}

void History::taken(uint64_t serial, uint8_t reason_code, uint64_t now_ms) {
    Message &message = messages_[serial - 1];
    bool forbidden = is_forbidden(cast_[message.publisher], message.topic);
    message.refused = reason_code >= 0x80;
    if (message.refused) {
        return;
    }
    if (forbidden && cast_[message.publisher].version == 5) {
        breach(name_of(serial) + " was taken from a client that may not publish it");
    }
    message.refused = forbidden; /* 3.1.1 has no way to say so */
    message.taken_ms = std::min(message.taken_ms, now_ms);
    if (message.retain && !message.refused) {
        uint64_t &last = retained_taken_[message.topic];
        last = std::max(last, serial);
    }
}

/* ---- Connections ---- */

uint64_t History::connecting(int client, bool clean, bool resumes, uint64_t now_ms) {
    const Profile &profile = cast_[client];
    Session &session = sessions_[client];
    for (Will &will : wills_) {
        if (will.client == client && will.next_sent_ms == NEVER_MS) {
            will.next_sent_ms = now_ms;
            will.next_clean = clean;
        }
    }
    if (!resumes) {
        session.epoch++;
        session.confirmed = false;
        session.seen.clear();
        session.last.clear();
    }
    session.connect_ms = now_ms;
    session.may_exist |= session.attempts++ > 0;
    session.attempts_since_gone++;
    if (!profile.has_will) {
        return 0;
    }
    Message message;
    message.topic = "w/" + profile.id;
    message.qos = profile.will_qos;
    message.will = true;
    Will will;
    will.serial = publish(client, message, now_ms);
    will.client = client;
    uint64_t expiry_s = profile.life == Life::CLEAN      ? 0
                        : profile.life == Life::EXPIRING ? profile.expiry_s
                                                         : NEVER_EXPIRES;
    will.delay_ms =
        static_cast<uint32_t>(std::min<uint64_t>(profile.will_delay_s, expiry_s) * 1000);
    wills_.push_back(will);
    return will.serial;
}

void History::connected(int client, bool session_present, uint64_t sent_ms, uint64_t now_ms) {
    const Profile &profile = cast_[client];
    Session &session = sessions_[client];
    for (auto &[serial, seen] : session.seen) {
        seen.settled |= seen.answered_ms > 0 && seen.answered_ms >= session.accepted_ms &&
                        seen.answered_ms + SETTLED_MS <= session.replied_ms;
    }
    bool lasts =
        profile.life == Life::FAITHFUL || (profile.life == Life::EXPIRING && !session.doubtful &&
                                           now_ms < session.heard_ms + profile.expiry_s * 1000ull);
    bool past_damage = session.accepted_ms > damaged_ms_ || damaged_ms_ == 0;
    if (!session_present && session.confirmed && lasts && past_damage) {
        breach("the session of " + profile.id + " is gone (v5/3.2.2-3)");
    }
    bool expired = profile.life == Life::EXPIRING && session.gone_ms != NEVER_MS &&
                   session.attempts_since_gone == 1 && session.gone_ms > damaged_ms_ &&
                   session.connect_ms > session.gone_ms + profile.expiry_s * 1000ull + SLACK_MS;
    if (session_present && (profile.life == Life::CLEAN || !session.may_exist || expired)) {
        breach("Session Present to " + profile.id + ", which can have no session (v5/3.2.2-2)");
    }
    if (!session_present) {
        for (Grant &grant : session.grants) {
            grant.gone_ms = std::min(grant.gone_ms, now_ms);
        }
        if (session.confirmed) {
            session.epoch++;
            session.seen.clear();
            session.last.clear();
        }
    }
    session.confirmed = true;
    session.doubtful = sent_ms <= unstored_ms_;
    session.accepted_ms = now_ms;
    session.heard_ms = now_ms;
    session.gone_ms = NEVER_MS;
    for (Will &will : wills_) {
        if (will.client != client) {
            continue;
        }
        if (will.next_sent_ms != NEVER_MS) {
            will.next_accepted_ms = std::min(will.next_accepted_ms, now_ms);
        } else if (will.accepted_ms == NEVER_MS) {
            will.accepted_ms = now_ms;
        }
    }
}

void History::farewell(int client, bool with_will, uint64_t now_ms) {
    for (Will &will : wills_) {
        if (will.client == client && will.next_sent_ms == NEVER_MS && !with_will) {
            will.farewell_sent_ms = std::min(will.farewell_sent_ms, now_ms);
        }
    }
}

void History::farewell_taken(uint64_t will_serial, uint64_t now_ms) {
    for (Will &will : wills_) {
        if (will.serial == will_serial && will.farewell_sent_ms != NEVER_MS) {
            will.farewell_taken_ms = std::min(will.farewell_taken_ms, now_ms);
        }
    }
}

void History::ended(int client, uint64_t will_serial, uint64_t now_ms, bool is_last) {
    Session &session = sessions_[client];
    if (is_last) {
        session.gone_ms = now_ms;
        session.attempts_since_gone = 0;
    }
    for (Will &will : wills_) {
        if (will.serial == will_serial && will.end_last_ms == NEVER_MS) {
            will.end_last_ms = now_ms;
            will.end_first_ms = session.heard_ms;
        }
    }
}

void History::broker_down(uint64_t now_ms) {
    downs_.push_back(now_ms);
    for (Will &will : wills_) {
        will.end_unwritten |=
            will.end_last_ms != NEVER_MS && will.end_last_ms + WRITTEN_MS >= now_ms;
    }
    for (Session &session : sessions_) {
        /* The end of its last connection may not have been written. */
        if (session.gone_ms != NEVER_MS && session.gone_ms + WRITTEN_MS >= now_ms) {
            session.gone_ms = NEVER_MS;
        }
    }
}

/* A connection that a crash has cut counts as lost when the broker starts. If that start did not
 * last long enough to write it, it is the next one. */
void History::broker_up(uint64_t now_ms) {
    for (Will &will : wills_) {
        will.end_last_ms = will.end_unwritten ? now_ms : will.end_last_ms;
        will.end_unwritten = false;
    }
}

void History::damaged(uint64_t now_ms) {
    damaged_ms_ = now_ms;
    for (Session &session : sessions_) {
        for (Grant &grant : session.grants) {
            grant.gone_ms = NEVER_MS; /* what was given up may be back */
        }
    }
}

void History::unstored(uint64_t from_ms, uint64_t to_ms) {
    unstored_ms_ = to_ms;
    for (Will &will : wills_) {
        if (will.farewell_taken_ms != NEVER_MS && will.farewell_taken_ms + SLACK_MS >= from_ms) {
            will.farewell_taken_ms = NEVER_MS;
        }
        uint64_t sent_ms = messages_[will.serial - 1].first_ms;
        bool accepted = sent_ms + SLACK_MS >= from_ms && sent_ms <= to_ms;
        accepted |= will.accepted_ms != NEVER_MS && will.accepted_ms + SLACK_MS >= from_ms;
        accepted |= will.next_accepted_ms != NEVER_MS &&
                    will.next_accepted_ms + SLACK_MS >= from_ms; /* which cancelled it */
        uint64_t end_ms = will.end_last_ms == NEVER_MS ? 0 : will.end_last_ms;
        uint64_t due_ms = end_ms + will.delay_ms;
        /* A session that expires may count as expired, and its will is due, at the next start. The
         * delay of a will counts from the next start that could be written, if it is not known
         * when its connection was lost, and who comes back before its end cancels it. */
        bool ended =
            end_ms + SLACK_MS >= from_ms ||
            (end_ms == 0 && (cast_[will.client].life == Life::EXPIRING || will.delay_ms > 0));
        will.unstored |=
            accepted || ended || (due_ms + SLACK_MS >= from_ms && due_ms <= to_ms + SLACK_MS);
    }
    for (Session &session : sessions_) {
        if (session.gone_ms != NEVER_MS && session.gone_ms + SLACK_MS >= from_ms) {
            session.gone_ms = NEVER_MS; /* it counts as lost later than it was */
        }
        session.doubtful = true; /* time could not be stored either */
        for (auto &[serial, seen] : session.seen) {
            bool is_late = seen.answered_ms + SETTLED_MS >= from_ms;
            seen.answered_ms = is_late ? 0 : seen.answered_ms;
            seen.settled &= !is_late;
        }
    }
}

/* ---- Subscriptions ---- */

Grant *History::grant_of(int client, uint8_t filter) {
    Session &session = sessions_[client];
    for (Grant &grant : session.grants) {
        if (grant.filter == filter && grant.epoch == session.epoch && grant.gone_ms == NEVER_MS) {
            return &grant;
        }
    }
    return nullptr;
}

void History::asked(int client, const Asked &asked, uint64_t now_ms) {
    Session &session = sessions_[client];
    Grant *grant = grant_of(client, asked.filter);
    if (grant == nullptr) {
        session.grants.push_back(Grant());
        grant = &session.grants.back();
        grant->filter = asked.filter;
        grant->epoch = session.epoch;
        grant->asked_ms = now_ms;
    }
    if (grant->leaving_ms != NEVER_MS) { /* it comes back: owed from its new SUBACK on */
        grant->leaving_ms = NEVER_MS;
        grant->granted_ms = NEVER_MS;
    }
    grant->qos_min = std::min(grant->qos_min, asked.qos);
    grant->qos_max = std::max(grant->qos_max, asked.qos);
    grant->no_local |= (asked.options & SUBSCRIBE_NO_LOCAL) != 0;
}

void History::granted(int client, uint8_t filter, uint8_t code, uint64_t now_ms) {
    Grant *grant = grant_of(client, filter);
    if (grant == nullptr) {
        return;
    }
    bool forbidden = is_forbidden(cast_[client], filter_of(filter));
    if (code >= 0x80) {
        grant->gone_ms = forbidden ? now_ms : grant->gone_ms;
        if (!forbidden && code != 0x97 && code != 0x80) {
            breach("a lawful subscription of " + cast_[client].id + " was refused");
        }
        return;
    }
    if (forbidden) {
        breach(cast_[client].id + " got a subscription that it may not have");
    }
    grant->granted_ms = std::min(grant->granted_ms, now_ms);
}

void History::leaving(int client, uint8_t filter, uint64_t now_ms) {
    Grant *grant = grant_of(client, filter);
    if (grant != nullptr) {
        grant->leaving_ms = std::min(grant->leaving_ms, now_ms);
    }
}

void History::left(int client, uint8_t filter, uint64_t now_ms) {
    Grant *grant = grant_of(client, filter);
    if (grant != nullptr && grant->leaving_ms != NEVER_MS) {
        grant->gone_ms = now_ms;
    }
}

bool History::is_granted(int client, uint8_t filter) {
    const Grant *grant = grant_of(client, filter);
    return grant != nullptr && grant->granted_ms != NEVER_MS && grant->leaving_ms == NEVER_MS;
}

std::vector<uint8_t> History::unanswered(int client) const {
    std::vector<uint8_t> filters;
    for (const Grant &grant : sessions_[client].grants) {
        if (grant.epoch == sessions_[client].epoch && grant.gone_ms == NEVER_MS &&
            (grant.granted_ms == NEVER_MS || grant.leaving_ms != NEVER_MS)) {
            filters.push_back(grant.filter);
        }
    }
    return filters;
}

/* ---- Arrivals ---- */

/* Whether what was promised about it is not void by damage. */
bool History::is_sound(const Message &message) const {
    return message.first_ms > damaged_ms_;
}

/* Whether any subscription could have brought it. */
bool History::is_asked(const Session &session, const Message &message, int client,
                       uint8_t *qos_max) const {
    bool found = false;
    *qos_max = 0;
    for (const Grant &grant : session.grants) {
        /* Queued before the UNSUBSCRIBE it may come after it, and so may one that is retained or
         * was sent again later. */
        if (grant.gone_ms < message.first_ms || !filter_matches(grant.filter, message.topic)) {
            continue;
        }
        found = true;
        *qos_max = std::max(*qos_max, grant.qos_max);
    }
    (void)client;
    return found;
}

//= v5/4.3.3-10 test
//= v5/4.3.1-1 test
void History::judge_once(int client, const Message &message, const Arrival &arrival) {
    Seen &seen = sessions_[client].seen[arrival.serial];
    seen.times += arrival.is_new ? 1 : 0;
    seen.times_qos2 += arrival.is_new && arrival.qos == 2 ? 1 : 0;
    if (seen.times < 2 || message.retain || !is_sound(message) ||
        (is_shared_topic(message.topic) && cast_[client].member)) {
        return;
    }
    if (seen.times_qos2 > 1) {
        breach(name_of(arrival.serial) + " reached " + cast_[client].id +
               " twice at QoS 2 (v5/4.3.3-10)");
    }
    if (message.qos == 0) {
        breach(name_of(arrival.serial) + " reached " + cast_[client].id +
               " twice at QoS 0 (v5/4.3.1-1)");
    }
}

void History::answered(int client, uint64_t serial, uint64_t now_ms) {
    auto seen = sessions_[client].seen.find(serial);
    if (seen != sessions_[client].seen.end()) {
        seen->second.answered_ms = now_ms;
    }
}

/* At QoS 1 a message may come again until it is acknowledged, and not after. */
//= v5/4.3.2-3 test
void History::judge_again(int client, const Message &message, const Arrival &arrival) {
    if (arrival.qos == 1 && !message.retain && !message.again && is_sound(message) &&
        !is_shared_topic(message.topic) && sessions_[client].seen[arrival.serial].settled) {
        breach(name_of(arrival.serial) + " reached " + cast_[client].id +
               " long after it was acknowledged (v5/4.3.2-3)");
    }
}

/* Whether what arrives may be the repetition that the publisher sent, though the subscriber has
 * not seen the first: that may have passed before there was a subscription, or come at QoS 0 when
 * there was no connection. */
bool History::may_be_second(int client, const Message &message, const Arrival &arrival) const {
    return message.qos == 1 && message.again &&
           (arrival.qos == 0 || !is_owed(message, sessions_[client], cast_[client], client));
}

//= v5/4.6.0-5 test
//= v5/4.6.0-6 test
void History::judge_order(int client, const Message &message, const Arrival &arrival) {
    if (message.retain || message.will || !arrival.is_new || !is_sound(message) ||
        sessions_[client].seen[arrival.serial].times != 1 || is_shared_topic(message.topic) ||
        may_be_second(client, message, arrival)) {
        return;
    }
    uint64_t &last =
        sessions_[client]
            .last[std::make_tuple(message.publisher, message.topic, message.qos, arrival.qos)];
    if (arrival.serial < last) {
        breach(name_of(arrival.serial) + " reached " + cast_[client].id + " after " +
               name_of(last) + " (v5/4.6.0-5)");
    }
    last = std::max(last, arrival.serial);
}

//= v5/3.3.1-5 test
void History::judge_retained(int client, const Message &message, const Arrival &arrival) {
    /* One of QoS 1 that was sent again may rightly have come behind what was sent after it. */
    if (!arrival.retain || !message.retain || message.again) {
        return;
    }
    /* Retained messages come with a SUBSCRIBE: what was acknowledged before it was sent has
     * replaced what is older. */
    uint64_t asked_ms = 0;
    for (const Grant &grant : sessions_[client].grants) {
        if (filter_matches(grant.filter, message.topic)) {
            asked_ms = asked_ms == 0 ? grant.asked_ms : std::min(asked_ms, grant.asked_ms);
        }
    }
    for (uint64_t serial = arrival.serial + 1; serial <= messages_.size(); serial++) {
        const Message &later = messages_[serial - 1];
        if (later.retain && later.topic == message.topic && later.taken_ms < asked_ms &&
            !later.refused && is_sound(later)) {
            breach(name_of(arrival.serial) + " reached " + cast_[client].id +
                   " as retained, but " + name_of(serial) + " had replaced it (v5/3.3.1-5)");
        }
    }
}

//= v5/3.3.2-5 test
void History::judge_expiry(const Message &message, const Arrival &arrival) {
    if (message.expiry_s == 0 || message.taken_ms == NEVER_MS || message.again) {
        return;
    }
    /* One that was begun before may end after. */
    if (arrival.is_new && arrival.qos == 0 &&
        arrival.pulled_ms > message.taken_ms + message.expiry_s * 1000ull + SLACK_MS) {
        breach(name_of(arrival.serial) + " was sent after its expiry (v5/3.3.2-5)");
    }
}

void History::arrived(int client, const Arrival &arrival, uint64_t now_ms) {
    (void)now_ms;
    if (arrival.serial == 0 || arrival.serial > messages_.size()) {
        if (arrival.serial != 0 || arrival.topic.rfind("r/", 0) != 0) {
            breach("a message that nobody published reached " + cast_[client].id);
        }
        return;
    }
    const Message &message = messages_[arrival.serial - 1];
    const std::string &name = cast_[client].id;
    deliveries_++;
    if (message.topic != arrival.topic) {
        breach(name_of(arrival.serial) + " reached " + name + " as " + arrival.topic);
    }
    if (is_forbidden(cast_[client], message.topic)) {
        breach(name_of(arrival.serial) + " reached " + name + ", which may not read it");
    }
    if (is_forbidden(cast_[message.publisher], message.topic)) {
        breach(name_of(arrival.serial) + " reached " + name + " and may not have been published");
    }
    uint8_t qos_max = 0;
    if (!is_asked(sessions_[client], message, client, &qos_max)) {
        breach(name_of(arrival.serial) + " reached " + name + ", which did not ask for it");
    } else if (arrival.qos > qos_max || arrival.qos > message.qos) {
        breach(name_of(arrival.serial) + " reached " + name + " at QoS " +
               std::to_string(arrival.qos) + " (v5/3.8.4-8)");
    }
    judge_again(client, message, arrival);
    judge_once(client, message, arrival);
    judge_order(client, message, arrival);
    judge_retained(client, message, arrival);
    judge_expiry(message, arrival);
}

} // namespace sim
