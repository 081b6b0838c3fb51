/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A story: who takes part, and what happens to them when. It is made from a seed, told as lines
 * that a person can read, and made shorter by leaving events out. Each event carries the luck it
 * needs, so that leaving one out does not change the others.
 */
#ifndef BROKER_SIM_STORY_H
#define BROKER_SIM_STORY_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sim {

constexpr uint32_t NEVER_EXPIRES = 0xffffffffu;
constexpr uint64_t NEVER_MS = UINT64_MAX;

enum class Life {
    FAITHFUL, /* its session never ends */
    EXPIRING, /* its session lasts for a while */
    CLEAN,    /* a session for each connection */
};

/* One client: what it is like for the whole story. */
struct Profile {
    std::string id;
    uint8_t version = 5; /* 4: MQTT 3.1.1 */
    Life life = Life::FAITHFUL;
    uint32_t expiry_s = 0;
    uint16_t keep_alive_s = 30;
    uint16_t receive_maximum = 0; /* 0: not said */
    uint16_t topic_alias_maximum = 0;
    uint32_t latency_ms = 1; /* of its network, one way */
    uint32_t jitter_ms = 0;
    uint32_t think_ms = 0;    /* before it answers a PUBLISH */
    uint32_t patience_ms = 0; /* before it connects again */
    bool has_will = false;
    uint8_t will_qos = 2;
    uint32_t will_delay_s = 0;
    bool restricted = false; /* neither reads nor writes x/# */
    bool member = false;     /* of the share group; has no plain subscription that overlaps it */
    std::vector<uint8_t> filters; /* what it subscribes to first: index of FILTERS, QoS 2 */
};

enum class Act : uint8_t {
    PUBLISH,     /* a: topic, b: QoS, c: flags of publishing, n: bytes of padding */
    SUBSCRIBE,   /* a: filter, b: QoS, c: options */
    UNSUBSCRIBE, /* a: filter */
    LEAVE,       /* DISCONNECT, a: 1 with the will; away for n ms */
    CUT,       /* the network ends the connection; a: what was under way is 0 lost, 1 cut short */
    HALF_OPEN, /* nothing passes any more and nobody is told; n ms until the client notices */
    READ_SLOWLY, /* for n ms */
    TAKE_OVER,   /* a second connection under the same name */
    START_CLEAN, /* the same, and the session is to be forgotten */
    KILL,        /* of the broker; n ms until it is started again */
    POWER_CUT,   /* the same, and what was not synced is lost, torn or reordered */
    STOP,        /* an orderly end of the broker; n ms until it is started again */
    DISK_FULL,   /* for n ms */
    DISK_SLOW,   /* for n ms; a: factor */
    WRITE_FAILS, /* for n ms: EIO */
    SYNC_FAILS,  /* the next one */
    BIT_FLIP,    /* of what is on disk, at the next start */
};

constexpr uint8_t PUBLISH_RETAIN = 1;
constexpr uint8_t PUBLISH_ERASE = 2;   /* retained, without a payload */
constexpr uint8_t PUBLISH_EXPIRES = 4; /* after EXPIRY_S */
constexpr uint32_t MESSAGE_EXPIRY_S = 20;

constexpr uint8_t SUBSCRIBE_NO_LOCAL = 1;
constexpr uint8_t SUBSCRIBE_IDENTIFIER = 2;
constexpr uint8_t SUBSCRIBE_RETAIN_AS_PUBLISHED = 4;
constexpr uint8_t SUBSCRIBE_NO_RETAINED = 8;

struct Event {
    uint64_t at_ms = 0;
    Act act = Act::PUBLISH;
    uint8_t client = 0;
    uint8_t a = 0, b = 0, c = 0;
    uint32_t n = 0;
    uint64_t luck = 0;
};

struct Story {
    uint64_t seed = 0;
    uint64_t length_ms = 0;
    std::vector<Profile> cast; /* 0 is the witness: faithful, subscribed to wills */
    std::vector<Event> events; /* by time */
};

/* What may happen. */
struct Faults {
    bool network = true;
    bool crashes = true;
    bool disk = true;
    bool flips = true;
};

Story story_of(uint64_t seed, uint32_t minutes, const Faults &faults);
/* One line for a person. */
std::string line_of(const Story &story, const Event &event);
std::string line_of(const Profile &profile);

/* Leaves out as many events, and whole clients, as it can while fails() holds; tries at most
 * tries_max shorter stories. */
Story shrink(const Story &story, const std::function<bool(const Story &)> &fails,
             uint32_t tries_max);

/* The topics: t/ is for all, s/ is shared, x/ is forbidden for the restricted, r/CLIENT/ belongs
 * to one publisher each, so that the last retained message is known. */
constexpr uint8_t TOPIC_COUNT = 13;
constexpr uint8_t FILTER_COUNT = 11;
constexpr uint8_t FILTER_SHARED = 9; /* this and what follows */
constexpr uint8_t FILTER_WILLS = 8;
std::string topic_of(uint8_t topic, int client);
const char *filter_of(uint8_t filter);
bool is_shared_topic(const std::string &topic);
bool is_forbidden(const Profile &profile, const std::string &topic);

} // namespace sim

#endif
