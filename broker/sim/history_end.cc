/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What can be judged only when faults have stopped and everybody has read to the end: nothing is
 * lost, wills went out or did not, share groups got everything once, the retained messages are the
 * last ones.
 */
#include <algorithm>

#include "broker/sim/history.h"

namespace sim {

bool filter_matches(uint8_t filter, const std::string &topic);

namespace {

constexpr uint64_t SLACK_MS = 3000;
constexpr int WITNESS = 0;
/* After this long a farewell is on disk, whatever the disk was up to. */
constexpr uint64_t FAREWELL_KEPT_MS = 60000;

} // namespace

/* Whether the message must have reached the session as it is at the end. */
bool History::is_owed(const Message &message, const Session &session, const Profile &profile,
                      int client) const {
    bool granted = false;
    for (const Grant &grant : session.grants) {
        if (grant.epoch != session.epoch || grant.filter >= FILTER_SHARED ||
            grant.granted_ms >= message.first_ms || grant.granted_ms <= damaged_ms_ ||
            grant.leaving_ms != NEVER_MS || grant.gone_ms != NEVER_MS || grant.qos_min == 0 ||
            (grant.no_local && message.publisher == client)) {
            continue;
        }
        granted |= filter_matches(grant.filter, message.topic);
    }
    return granted && !is_forbidden(profile, message.topic);
}

void History::finish_client(int client) {
    const Session &session = sessions_[client];
    for (uint64_t serial = 1; serial <= messages_.size() && broken_.empty(); serial++) {
        const Message &m = messages_[serial - 1];
        bool counts = m.qos > 0 && m.taken_ms != NEVER_MS && !m.refused && m.expiry_s == 0 &&
                      !m.will && !m.erase && is_sound(m);
        if (counts && session.seen.count(serial) == 0 &&
            is_owed(m, session, cast_[client], client)) {
            breach(name_of(serial) + " was acknowledged and never reached " + cast_[client].id);
        }
    }
}

//= v5/4.8.2-3 test
void History::finish_groups() {
    for (uint8_t filter = FILTER_SHARED; filter < FILTER_COUNT; filter++) {
        for (uint64_t serial = 1; serial <= messages_.size() && broken_.empty(); serial++) {
            const Message &m = messages_[serial - 1];
            if (m.qos == 0 || m.taken_ms == NEVER_MS || m.refused || m.expiry_s != 0 ||
                !is_sound(m) || !filter_matches(filter, m.topic)) {
                continue;
            }
            bool owed = false;
            uint32_t times = 0;
            for (size_t c = 0; c < cast_.size(); c++) {
                bool member = false;
                for (const Grant &grant : sessions_[c].grants) {
                    member |= grant.filter == filter;
                    owed |= grant.filter == filter && grant.granted_ms > damaged_ms_ &&
                            grant.granted_ms < m.first_ms;
                }
                auto seen = sessions_[c].seen.find(serial);
                times += !member || seen == sessions_[c].seen.end() ? 0 : seen->second.times;
            }
            if (owed && times == 0) {
                breach(name_of(serial) + " was acknowledged and reached no member of " +
                       filter_of(filter));
            }
            if (m.qos == 2 && times > 1) {
                breach(name_of(serial) + " reached " + filter_of(filter) + " " +
                       std::to_string(times) + " times");
            }
        }
    }
}

void History::judge_will(const Will &will, const Seen &seen, uint64_t now_ms) {
    const uint32_t times = seen.times;
    const Message &message = messages_[will.serial - 1];
    if (!is_sound(message)) {
        return;
    }
    if (seen.times_qos2 > 1) {
        breach(name_of(will.serial) + " was published " + std::to_string(times) + " times");
    }
    bool farewell_kept = will.farewell_taken_ms != NEVER_MS;
    for (uint64_t down_ms : downs_) {
        farewell_kept &= down_ms < will.farewell_taken_ms ||
                         down_ms > will.farewell_taken_ms + FAREWELL_KEPT_MS;
    }
    //= v5/3.14.4-3 test
    if (farewell_kept && times > 0) {
        breach(name_of(will.serial) + " was published after a normal DISCONNECT (v5/3.14.4-3)");
    }
    //= v5/3.1.3-9 test
    bool cancelled = will.delay_ms > 0 && !will.next_clean && will.accepted_ms != NEVER_MS &&
                     will.next_accepted_ms != NEVER_MS && will.end_first_ms != NEVER_MS &&
                     will.next_accepted_ms < will.end_first_ms + will.delay_ms;
    if (cancelled && times > 0 && !will.unstored) {
        breach(name_of(will.serial) + " was published though " + cast_[will.client].id +
               " came back before its delay was over (v5/3.1.3-9)");
    }
    if (will.accepted_ms == NEVER_MS || will.end_last_ms == NEVER_MS ||
        will.farewell_sent_ms != NEVER_MS || will.unstored) {
        return;
    }
    /* A session that does not outlive its connection is not stored, and so is its will not. */
    for (uint64_t down_ms : downs_) {
        if (cast_[will.client].life == Life::CLEAN && down_ms >= message.first_ms &&
            down_ms <= will.end_last_ms + SLACK_MS) {
            return;
        }
    }
    /* A session resumed before the delay is over cancels it. */
    bool may_be_cancelled = will.delay_ms > 0 && !will.next_clean &&
                            will.next_sent_ms != NEVER_MS &&
                            will.next_sent_ms <= will.end_last_ms + will.delay_ms + SLACK_MS;
    bool is_due = will.end_last_ms + will.delay_ms + SLACK_MS < now_ms;
    //= v5/3.1.2-8 test
    if (times == 0 && is_due && !may_be_cancelled) {
        breach(name_of(will.serial) + " was never published (v5/3.1.2-8)");
    }
}

void History::finish_wills(uint64_t now_ms) {
    uint64_t since_ms = NEVER_MS; /* the witness hears of all wills */
    for (const Grant &grant : sessions_[WITNESS].grants) {
        if (grant.filter == FILTER_WILLS && grant.qos_min == 2 &&
            grant.epoch == sessions_[WITNESS].epoch && grant.granted_ms > damaged_ms_) {
            since_ms = std::min(since_ms, grant.granted_ms);
        }
    }
    for (const Will &will : wills_) {
        if (messages_[will.serial - 1].first_ms <= since_ms || !broken_.empty()) {
            continue;
        }
        auto seen = sessions_[WITNESS].seen.find(will.serial);
        judge_will(will, seen == sessions_[WITNESS].seen.end() ? Seen() : seen->second, now_ms);
    }
}

void History::finish(uint64_t now_ms) {
    for (size_t client = 0; client < cast_.size() && broken_.empty(); client++) {
        finish_client(static_cast<int>(client));
    }
    finish_groups();
    finish_wills(now_ms);
}

void History::retained(const std::map<std::string, uint64_t> &seen) {
    std::map<std::string, uint64_t> last; /* topic → the last one acknowledged */
    for (uint64_t serial = 1; serial <= messages_.size(); serial++) {
        const Message &m = messages_[serial - 1];
        if (m.retain && m.taken_ms != NEVER_MS && !m.refused && is_sound(m)) {
            last[m.topic] = serial;
        }
    }
    for (const auto &[topic, serial] : last) {
        auto found = seen.find(topic);
        if (found != seen.end()) {
            if (found->second < serial && !messages_[found->second - 1].again) {
                breach(name_of(found->second) + " is retained, but " + name_of(serial) +
                       " was acknowledged later");
            }
            continue;
        }
        bool may_be_erased = false;
        for (uint64_t later = serial; later <= messages_.size(); later++) {
            const Message &m = messages_[later - 1];
            /* The first may have been taken, and only its repetition refused. */
            may_be_erased |= m.topic == topic && m.erase && (!m.refused || m.again);
        }
        if (!may_be_erased) {
            breach(name_of(serial) + " was acknowledged and is not retained");
        }
    }
}

} // namespace sim
