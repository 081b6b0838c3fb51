/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Stories from seeds, stories as lines, stories made shorter.
 */
#include "broker/sim/story.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "broker/sim/luck.h"

namespace sim {

namespace {

constexpr uint32_t CAST_MIN = 4, CAST_MAX = 8;
constexpr uint32_t MS_PER_EVENT_MIN = 300, MS_PER_EVENT_MAX = 1500;

const char *const TOPICS[TOPIC_COUNT] = {"t/0", "t/1",    "t/0/a",  "t//b",   "t/2", "s/0",  "s/1",
                                         "x/0", "r/%d/0", "r/%d/1", "r/%d/2", "t/3", "s/0/c"};
const char *const FILTERS[FILTER_COUNT] = {"t/#", "t/+",          "t/0",         "t/+/a",
                                           "#",   "r/#",          "x/#",         "r/+/0",
                                           "w/#", "$share/g/s/#", "$share/h/s/+"};
const uint8_t FILTER_ALL = 4;
const uint8_t FILTER_FORBIDDEN = 6;

std::string format(const char *form, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char *form, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, form);
    std::vsnprintf(line, sizeof line, form, arguments);
    va_end(arguments);
    return line;
}

/* ---- The cast ---- */

void give_luck(Profile &profile, Luck &luck) {
    profile.latency_ms = luck.between(1, 40);
    profile.jitter_ms = luck.per_mille(300) ? luck.between(1, 300) : luck.between(0, 20);
    profile.think_ms = luck.per_mille(300) ? luck.between(1, 2000) : luck.between(0, 50);
    profile.patience_ms = luck.per_mille(300) ? luck.between(100, 20000) : luck.between(1, 1000);
    profile.keep_alive_s = static_cast<uint16_t>(luck.between(5, 60));
}

Profile witness(Luck &luck) {
    Profile profile;
    profile.id = "witness";
    give_luck(profile, luck);
    profile.filters = {FILTER_WILLS};
    return profile;
}

Profile client(uint32_t number, Luck &luck) {
    Profile p;
    give_luck(p, luck);
    p.version = luck.per_mille(400) ? 4 : 5;
    uint32_t kind = luck.below(10);
    p.life = kind < 6 ? Life::FAITHFUL : kind < 8 ? Life::EXPIRING : Life::CLEAN;
    if (p.life == Life::EXPIRING) {
        p.version = 5;
        p.expiry_s = luck.between(5, 60);
    }
    const char *name = p.life == Life::FAITHFUL ? "keep"
                       : p.life == Life::CLEAN  ? "clean"
                                                : "fade";
    p.id = format("%s%u", name, number);
    if (p.version == 5 && luck.per_mille(400)) {
        p.receive_maximum = static_cast<uint16_t>(luck.between(1, 5));
    }
    if (p.version == 5 && luck.per_mille(400)) {
        p.topic_alias_maximum = static_cast<uint16_t>(luck.between(1, 4));
    }
    p.has_will = luck.per_mille(600);
    p.will_qos = static_cast<uint8_t>(luck.between(1, 2));
    p.will_delay_s = p.version == 5 && luck.per_mille(500) ? luck.between(1, 30) : 0;
    p.restricted = luck.per_mille(300);
    p.member = p.life == Life::FAITHFUL && luck.per_mille(500);
    if (p.member) {
        p.filters.push_back(static_cast<uint8_t>(FILTER_SHARED + luck.below(2)));
    }
    for (uint32_t i = luck.between(1, 3); i > 0; i--) {
        uint8_t filter = static_cast<uint8_t>(luck.below(FILTER_SHARED));
        if (!(p.member && filter == FILTER_ALL)) {
            p.filters.push_back(filter);
        }
    }
    return p;
}

/* ---- Events ---- */

void lawful_event(Event &e, const Profile &p, bool heavy, Luck &luck) {
    uint32_t kind = luck.below(100);
    if (kind < 80) {
        e.act = Act::PUBLISH;
        e.a = static_cast<uint8_t>(luck.below(TOPIC_COUNT));
        uint32_t qos = luck.below(5);
        e.b = static_cast<uint8_t>(qos == 0 ? 0 : qos < 3 ? 1 : 2);
        bool own = topic_of(e.a, 0)[0] == 'r';
        if (own) {
            e.c = luck.per_mille(150) ? PUBLISH_RETAIN | PUBLISH_ERASE : PUBLISH_RETAIN;
        } else if (p.version == 5 && luck.per_mille(100)) {
            e.c = PUBLISH_EXPIRES;
        }
        uint32_t large = heavy ? 850 : 30;
        e.n = luck.per_mille(large) ? luck.below(15000)
              : luck.per_mille(300) ? luck.below(200)
                                    : 0;
    } else if (kind < 90) {
        e.act = Act::SUBSCRIBE;
        e.a = static_cast<uint8_t>(luck.below(FILTER_SHARED));
        e.b = static_cast<uint8_t>(luck.below(3));
        e.c = p.version == 5 ? static_cast<uint8_t>(luck.below(16)) : 0;
        if (p.member && e.a == FILTER_ALL) {
            e.a = 0;
        }
    } else if (kind < 94) {
        e.act = Act::UNSUBSCRIBE;
        e.a = static_cast<uint8_t>(luck.below(FILTER_SHARED));
    } else {
        e.act = Act::LEAVE;
        e.a = p.version == 5 && luck.per_mille(300) ? 1 : 0;
        e.n = luck.per_mille(300) ? luck.between(1000, 90000) : luck.between(1, 5000);
    }
}

void network_event(Event &e, const Profile &p, Luck &luck) {
    uint32_t kind = luck.below(100);
    if (kind < 55) {
        e.act = Act::CUT;
        e.a = static_cast<uint8_t>(luck.below(2));
    } else if (kind < 70) {
        e.act = Act::HALF_OPEN;
        e.n = luck.between(100, 2u * 1000u * p.keep_alive_s);
    } else if (kind < 85) {
        e.act = Act::READ_SLOWLY;
        e.n = luck.between(1000, 30000);
    } else if (kind < 95 || p.member || p.version == 4) {
        e.act = Act::TAKE_OVER;
    } else {
        e.act = Act::START_CLEAN;
    }
}

void broker_event(Event &e, Luck &luck) {
    uint32_t kind = luck.below(100);
    e.act = kind < 45 ? Act::KILL : kind < 90 ? Act::POWER_CUT : Act::STOP;
    e.n = luck.per_mille(200) ? luck.between(1000, 60000) : luck.between(10, 3000);
}

void disk_event(Event &e, const Faults &faults, Luck &luck) {
    static const Act ACTS[] = {Act::DISK_FULL, Act::DISK_SLOW, Act::WRITE_FAILS, Act::SYNC_FAILS,
                               Act::BIT_FLIP};
    e.act = ACTS[luck.below(faults.flips ? 5 : 4)];
    e.a = static_cast<uint8_t>(luck.between(2, 100));
    e.n = luck.between(10, 15000);
}

/* ---- Lines ---- */

std::string publish_line(const Event &e) {
    std::string line = format("publishes %s QoS %d", topic_of(e.a, e.client).c_str(), e.b);
    if ((e.c & PUBLISH_RETAIN) != 0) {
        line += (e.c & PUBLISH_ERASE) != 0 ? " retained, empty" : " retained";
    }
    if ((e.c & PUBLISH_EXPIRES) != 0) {
        line += " that expires";
    }
    return e.n > 0 ? line + format(", %u bytes more", e.n) : line;
}

std::string subscribe_line(const Event &e) {
    std::string line = format("subscribes to %s QoS %d", filter_of(e.a), e.b);
    static const char *const WORDS[] = {" no_local", " with an identifier", " retain_as_published",
                                        " without retained messages"};
    for (int i = 0; i < 4; i++) {
        line += (e.c & (1 << i)) != 0 ? WORDS[i] : "";
    }
    return line;
}

std::string client_line(const Event &e) {
    switch (e.act) {
    case Act::PUBLISH:
        return publish_line(e);
    case Act::SUBSCRIBE:
        return subscribe_line(e);
    case Act::UNSUBSCRIBE:
        return format("unsubscribes from %s", filter_of(e.a));
    case Act::LEAVE:
        return format("leaves%s for %u ms", e.a != 0 ? " with its will" : "", e.n);
    case Act::CUT:
        return e.a != 0 ? "is cut off in the middle of a packet" : "is cut off";
    case Act::HALF_OPEN:
        return format("is half-open for %u ms", e.n);
    case Act::READ_SLOWLY:
        return format("reads slowly for %u ms", e.n);
    case Act::TAKE_OVER:
        return "connects a second time";
    default:
        return "starts clean";
    }
}

std::string broker_line(const Event &e) {
    switch (e.act) {
    case Act::KILL:
        return format("broker is killed, back after %u ms", e.n);
    case Act::POWER_CUT:
        return format("power is cut, back after %u ms", e.n);
    case Act::STOP:
        return format("broker is stopped, back after %u ms", e.n);
    case Act::DISK_FULL:
        return format("disk is full for %u ms", e.n);
    case Act::DISK_SLOW:
        return format("disk is %d times slower for %u ms", e.a, e.n);
    case Act::WRITE_FAILS:
        return format("writes fail for %u ms", e.n);
    case Act::SYNC_FAILS:
        return "the next sync fails";
    default:
        return "a bit flips on disk before the next start";
    }
}

} // namespace

std::string topic_of(uint8_t topic, int client) {
    char text[32];
    std::snprintf(text, sizeof text, TOPICS[topic % TOPIC_COUNT], client);
    return text;
}

const char *filter_of(uint8_t filter) {
    return FILTERS[filter % FILTER_COUNT];
}

bool is_shared_topic(const std::string &topic) {
    return topic.rfind("s/", 0) == 0;
}

bool is_forbidden(const Profile &profile, const std::string &topic) {
    return profile.restricted &&
           topic.rfind(FILTERS[FILTER_FORBIDDEN][0] + std::string("/"), 0) == 0;
}

Story story_of(uint64_t seed, uint32_t minutes, const Faults &faults) {
    Story story;
    Luck luck(seed);
    story.seed = seed;
    story.length_ms = static_cast<uint64_t>(minutes) * 60000;
    story.cast.push_back(witness(luck));
    for (uint32_t i = luck.between(CAST_MIN, CAST_MAX); i > 1; i--) {
        story.cast.push_back(client(static_cast<uint32_t>(story.cast.size()), luck));
    }
    uint32_t pace = luck.between(MS_PER_EVENT_MIN, MS_PER_EVENT_MAX);
    uint32_t badness = luck.between(1, 4);
    bool heavy = luck.per_mille(120); /* so that snapshots take many batches */
    for (uint64_t at = 1; at < story.length_ms; at += luck.between(1, 2 * pace)) {
        Event e;
        e.at_ms = at;
        e.luck = luck.next();
        e.client = static_cast<uint8_t>(luck.below(static_cast<uint32_t>(story.cast.size())));
        const Profile &profile = story.cast[e.client];
        uint32_t kind = luck.below(1000);
        if (kind < 8 * badness && faults.crashes) {
            broker_event(e, luck);
        } else if (kind < 16 * badness && faults.disk) {
            disk_event(e, faults, luck);
        } else if (kind < 50 * badness && faults.network) {
            network_event(e, profile, luck);
        } else if (e.client != 0 || kind % 4 == 0) {
            lawful_event(e, profile, heavy, luck);
        } else {
            continue;
        }
        bool subscribes = e.act == Act::SUBSCRIBE && e.a == FILTER_WILLS;
        if (e.client == 0 &&
            (e.act == Act::START_CLEAN || e.act == Act::UNSUBSCRIBE || subscribes)) {
            continue; /* the witness must not lose what it is to witness */
        }
        story.events.push_back(e);
    }
    return story;
}

std::string line_of(const Story &story, const Event &e) {
    bool is_client = e.act < Act::KILL;
    return format("[%8.3f] ", static_cast<double>(e.at_ms) / 1000) +
           (is_client ? story.cast[e.client].id + " " + client_line(e) : broker_line(e));
}

std::string line_of(const Profile &p) {
    std::string line = format("%s: MQTT %s", p.id.c_str(), p.version == 4 ? "3.1.1" : "5.0");
    line += p.life == Life::CLEAN      ? ", clean"
            : p.life == Life::EXPIRING ? format(", expires after %u s", p.expiry_s)
                                       : std::string(", never expires");
    line += format(", keep alive %u s, network %u+%u ms, thinks %u ms, comes back after %u ms",
                   p.keep_alive_s, p.latency_ms, p.jitter_ms, p.think_ms, p.patience_ms);
    if (p.receive_maximum > 0) {
        line += format(", receive maximum %u", p.receive_maximum);
    }
    if (p.has_will) {
        line += format(", will QoS %d after %u s", p.will_qos, p.will_delay_s);
    }
    line += p.restricted ? ", restricted" : "";
    for (uint8_t filter : p.filters) {
        line += std::string(" ") + filter_of(filter);
    }
    return line;
}

/* Delta debugging: leaves out ever smaller parts. */
Story shrink(const Story &story, const std::function<bool(const Story &)> &fails,
             uint32_t tries_max) {
    Story best = story;
    uint32_t tries = 0;
    for (size_t part = best.events.size() / 2 + 1; part > 0 && tries < tries_max;) {
        bool shorter = false;
        for (size_t begin = 0; begin < best.events.size() && tries < tries_max;) {
            Story candidate = best;
            size_t end = std::min(begin + part, candidate.events.size());
            candidate.events.erase(candidate.events.begin() + static_cast<long>(begin),
                                   candidate.events.begin() + static_cast<long>(end));
            tries++;
            if (fails(candidate)) {
                best = candidate;
                shorter = true;
            } else {
                begin = end;
            }
        }
        part = part == 1 && !shorter ? 0 : part == 1 ? 1 : part / 2;
    }
    return best;
}

} // namespace sim
