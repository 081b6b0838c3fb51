/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What the clients did, were told and received, held against what MQTT and persistence promise.
 * It knows nothing of the broker: not what it keeps, and not what it sent but what arrived. It is
 * told of two things that clients can't see, because they set bounds to what may be expected: when
 * a connection's end, or a farewell, reached the broker, and when the broker was down.
 *
 * The promises:
 *   - A message whose publisher was told that it is taken (PUBACK, PUBREC) arrives at every
 * session whose subscription was acknowledged before it was sent, as long as both last.
 *   - At QoS 2 once, at QoS 0 at most once.
 *   - In order, for each publisher, topic and QoS.
 *   - Only where a subscription asks for it, at no higher QoS, to those who may read it, from
 *     those who may write it, and not after its expiry.
 *   - What is retained is the last one that was acknowledged, or a later one.
 *   - Session Present tells the truth.
 *   - A will is published once if it has to be and not at all if it must not be.
 *   - A share group gets a message once.
 */
#ifndef BROKER_SIM_HISTORY_H
#define BROKER_SIM_HISTORY_H

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "broker/sim/story.h"

namespace sim {

/* One message as its publisher knows it; serials count from 1. */
struct Message {
    int publisher = 0;
    std::string topic;
    uint8_t qos = 0;
    bool retain = false;
    bool erase = false;
    bool will = false;
    bool again = false; /* sent more than once */
    bool refused = false;
    uint32_t expiry_s = 0; /* 0: none */
    uint64_t first_ms = 0;
    uint64_t last_ms = 0;
    uint64_t taken_ms = NEVER_MS; /* PUBACK or PUBREC arrived */
};

struct Asked {
    uint8_t filter = 0;
    uint8_t qos = 0;
    uint8_t options = 0; /* SUBSCRIBE_… */
};

/* One filter of one session, from the first SUBSCRIBE to the UNSUBACK. */
struct Grant {
    uint8_t filter = 0;
    uint32_t epoch = 0;
    uint8_t qos_min = 2, qos_max = 0; /* of all that was asked */
    bool no_local = false;            /* ever */
    uint64_t asked_ms = 0;
    uint64_t granted_ms = NEVER_MS;
    uint64_t leaving_ms = NEVER_MS; /* UNSUBSCRIBE sent */
    uint64_t gone_ms = NEVER_MS;    /* UNSUBACK received, or the session ended */
};

struct Seen {
    uint32_t times = 0;       /* as something new */
    uint32_t times_qos2 = 0;  /* of these, at QoS 2 */
    uint64_t answered_ms = 0; /* PUBACK was sent … */
    bool settled = false;     /* … and it is certain that the broker has stored that */
};

/* A session as its client knows it. Each time a session begins is an epoch. */
struct Session {
    uint32_t epoch = 0;
    uint64_t accepted_ms = 0; /* the last CONNACK */
    bool doubtful = false;    /* its last connection may be unknown to the broker */
    bool confirmed = false;   /* CONNACK came in this epoch */
    bool may_exist = false;   /* a CONNECT was sent before the last one */
    uint32_t attempts = 0;    /* CONNECTs sent */
    uint32_t attempts_since_gone = 0;
    uint64_t heard_ms = 0;   /* the last byte of the broker */
    uint64_t replied_ms = 0; /* the last answer to a packet: only that shows what it has read */
    uint64_t gone_ms = NEVER_MS; /* the broker knows that no connection is left */
    uint64_t connect_ms = 0;     /* the last CONNECT was sent */
    std::vector<Grant> grants;
    std::unordered_map<uint64_t, Seen> seen;
    std::map<std::tuple<int, std::string, int, int>, uint64_t> last;
};

/* One will: it belongs to one connection. */
struct Will {
    uint64_t serial = 0;
    int client = 0;
    uint32_t delay_ms = 0; /* or the session's expiry, if that is sooner */
    uint64_t accepted_ms = NEVER_MS;
    uint64_t farewell_sent_ms = NEVER_MS;
    uint64_t farewell_taken_ms = NEVER_MS; /* by the broker */
    uint64_t end_first_ms = NEVER_MS;      /* the connection did not end before */
    uint64_t end_last_ms = NEVER_MS;       /* nor after */
    bool end_unwritten = false;            /* the next start may be the first that can know it */
    uint64_t next_sent_ms = NEVER_MS;      /* the client's next CONNECT */
    uint64_t next_accepted_ms = NEVER_MS;
    bool next_clean = false;
    bool unstored = false;
};

class History {
  public:
    explicit History(const std::vector<Profile> &cast);

    /* ---- what a publisher does ---- */
    uint64_t publish(int client, const Message &message, uint64_t now_ms);
    void again(uint64_t serial, uint64_t now_ms);
    void taken(uint64_t serial, uint8_t reason_code, uint64_t now_ms);

    /* ---- connections ---- */
    /* The serial of its will, 0 if it has none. */
    uint64_t connecting(int client, bool clean, bool resumes, uint64_t now_ms);
    /* sent_ms: when CONNACK left the broker. */
    void connected(int client, bool session_present, uint64_t sent_ms, uint64_t now_ms);
    void heard(int client, uint64_t now_ms) { sessions_[client].heard_ms = now_ms; }
    void replied(int client, uint64_t now_ms) { sessions_[client].replied_ms = now_ms; }
    void farewell(int client, bool with_will, uint64_t now_ms);
    void farewell_taken(uint64_t will_serial, uint64_t now_ms);
    /* The broker knows of the end of the connection that began with this will. */
    void ended(int client, uint64_t will_serial, uint64_t now_ms, bool is_last);
    void broker_down(uint64_t now_ms);
    void broker_up(uint64_t now_ms);
    /* The broker said that what it had kept is damaged, or had not promised to keep it: nothing
     * promised before holds. Nothing that was sent before may arrive after this. */
    void damaged(uint64_t now_ms);
    /* The broker went down while it said that its storage fails. A CONNECT that it accepted
     * meanwhile has resumed a session that was stored, but the new will was not; a will that it
     * published meanwhile, or the end of a connection, may be unknown to it. */
    void unstored(uint64_t from_ms, uint64_t to_ms);

    /* ---- subscriptions ---- */
    void asked(int client, const Asked &asked, uint64_t now_ms);
    void granted(int client, uint8_t filter, uint8_t code, uint64_t now_ms);
    void leaving(int client, uint8_t filter, uint64_t now_ms);
    void left(int client, uint8_t filter, uint64_t now_ms);
    bool is_granted(int client, uint8_t filter);
    /* Filters whose SUBSCRIBE or UNSUBSCRIBE was not answered. */
    std::vector<uint8_t> unanswered(int client) const;

    /* ---- what arrives ---- */
    struct Arrival {
        uint64_t serial = 0; /* 0: no payload */
        std::string topic;
        uint8_t qos = 0;
        bool retain = false;
        bool is_new = true;     /* not the repetition of one under way */
        uint64_t pulled_ms = 0; /* when it left the broker */
    };
    void arrived(int client, const Arrival &arrival, uint64_t now_ms);
    /* PUBACK was sent for it. */
    void answered(int client, uint64_t serial, uint64_t now_ms);

    /* ---- the end ---- */
    void finish(uint64_t now_ms);
    /* What a new subscriber was given: topic → serial. */
    void retained(const std::map<std::string, uint64_t> &seen);

    void breach(const std::string &what);
    const std::string &broken() const { return broken_; }
    const std::vector<Message> &messages() const { return messages_; }
    uint64_t deliveries() const { return deliveries_; }
    uint64_t damaged_ms() const { return damaged_ms_; }

  private:
    Grant *grant_of(int client, uint8_t filter);
    bool is_owed(const Message &message, const Session &session, const Profile &profile,
                 int client) const;
    bool is_asked(const Session &session, const Message &message, int client,
                  uint8_t *qos_max) const;
    bool is_sound(const Message &message) const;
    void judge_once(int client, const Message &message, const Arrival &arrival);
    bool may_be_second(int client, const Message &message, const Arrival &arrival) const;
    void judge_order(int client, const Message &message, const Arrival &arrival);
    void judge_again(int client, const Message &message, const Arrival &arrival);
    void judge_retained(int client, const Message &message, const Arrival &arrival);
    void judge_expiry(const Message &message, const Arrival &arrival);
    void finish_client(int client);
    void finish_groups();
    void finish_wills(uint64_t now_ms);
    void judge_will(const Will &will, const Seen &seen, uint64_t now_ms);
    std::string name_of(uint64_t serial) const;

    const std::vector<Profile> &cast_;
    std::vector<Message> messages_;
    std::vector<Session> sessions_;
    std::vector<Will> wills_;
    std::vector<uint64_t> downs_;
    std::map<std::string, uint64_t> retained_taken_; /* topic → the last one acknowledged */
    std::string broken_;
    uint64_t deliveries_ = 0;
    uint64_t damaged_ms_ = 0;
    uint64_t unstored_ms_ = 0; /* what the broker did last while its storage failed */
};

} // namespace sim

#endif
