/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A client that obeys MQTT and is unlucky: it loses connections, thinks long before it answers,
 * comes back, sends again what was not acknowledged, and never forgets what it has to remember.
 * Everything that it does and hears it tells the history. It knows nothing of the broker.
 */
#ifndef BROKER_SIM_CLIENT_H
#define BROKER_SIM_CLIENT_H

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/sim/history.h"
#include "broker/sim/story.h"

extern "C" {
#include "libella/codec.h"
}

namespace sim {

constexpr int NO_CONNECTION = -1;

/* What a client needs of the world. */
class ClientHost {
  public:
    virtual ~ClientHost() = default;
    virtual uint64_t now_ms() const = 0;
    /* A new connection to the broker, NO_CONNECTION if nobody listens. */
    virtual int open(int client) = 0;
    virtual void send(int connection, const std::string &bytes) = 0;
    virtual void hang_up(int connection) = 0;
    virtual void tell(int client, const std::string &line) = 0;
    virtual bool tells() const = 0;
};

class Client {
  public:
    Client(int index, const Profile &profile, ClientHost &host, History &history);

    /* An event of the story that is its own. */
    void act(const Event &event);
    void receive(int connection, const char *bytes, size_t size, uint64_t pulled_ms);
    void closed(int connection);
    /* Does what is due. */
    void wake();
    /* When wake() has something to do, NEVER_MS: never. */
    uint64_t deadline_ms() const;
    /* From now on it is quick, reads and comes back at once. */
    void calm_down();
    bool is_idle() const;
    std::string unfinished() const;
    int connection() const { return connection_; }
    uint64_t will_serial() const { return will_serial_; }

    /* The judge keeps what it is sent as retained. */
    const std::map<std::string, uint64_t> &retained() const { return retained_; }

  private:
    struct Outgoing {
        uint16_t packet_id;
        Message message;
        uint64_t serial;
        uint32_t padding;
        bool released; /* PUBREL sent */
    };
    struct Reply {
        uint64_t due_ms;
        ella_packet_type type;
        uint16_t packet_id;
        uint8_t reason_code;
        uint64_t serial; /* PUBACK: of the message, 0: unknown */
    };

    ella_version version() const { return static_cast<ella_version>(profile_.version); }
    void connect();
    void connect_properties(ella_connect &connect) const;
    void lose(uint64_t back_ms);
    void send(const ella_packet &packet);
    void publish(const Event &event);
    void send_publish(const Outgoing &one, bool dup);
    void send_subscribe(const Asked &asked);
    void send_unsubscribe(uint8_t filter);
    void leave(const Event &event);
    void take(const ella_packet &packet, uint64_t pulled_ms);
    void take_connack(const ella_connack &connack, uint64_t sent_ms);
    void take_publish(const ella_publish &publish, uint64_t pulled_ms);
    void take_acknowledgement(const ella_packet &packet);
    void take_suback(const ella_packet &packet);
    void resume(bool session_present);
    void answer(ella_packet_type type, uint16_t packet_id, uint8_t reason_code,
                uint64_t serial = 0);
    void send_answers();
    void ask_again();
    uint16_t free_packet_id();
    std::string packet_line(const ella_packet &packet) const;

    const int index_;
    const Profile &profile_;
    ClientHost &host_;
    History &history_;
    uint32_t think_ms_, patience_ms_;

    /* the session, as the client keeps it */
    std::deque<Outgoing> outgoing_;
    std::map<uint16_t, uint64_t> inbound_; /* QoS 2: packet identifier → serial */
    std::map<uint8_t, Asked> wishes_;
    bool had_session_ = false;
    bool fresh_ = false;    /* clean start until a CONNACK comes */
    uint64_t alive_ms_ = 0; /* when the session had a connection for certain */
    uint64_t damaged_ms_ = 0;
    uint16_t next_packet_id_ = 1;

    /* the connection */
    int connection_ = NO_CONNECTION;
    bool connected_ = false;
    ella_decoder decoder_{};
    std::string unread_;
    uint64_t will_serial_ = 0;
    uint32_t server_receive_maximum_ = 65535;
    std::map<uint16_t, std::string> aliases_;
    std::set<uint16_t> window_; /* of the broker's PUBLISH */
    std::deque<Reply> replies_;
    std::map<uint16_t, uint8_t> subscribing_, unsubscribing_; /* packet identifier → filter */
    std::map<uint8_t, uint64_t> refused_; /* filters that are asked for again, and when */
    uint64_t opened_ms_ = 0, sent_ms_ = 0, heard_ms_ = 0;
    bool waits_for_pong_ = false;
    uint64_t back_ms_ = 0; /* when it connects again */
    std::map<std::string, uint64_t> retained_;
};

} // namespace sim

#endif
