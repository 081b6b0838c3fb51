/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What a lawful client may rely on, kept beside the core and compared with what the core really
 * sends. It knows packets and promises, and nothing of how the core works. Its memory is
 * std::pmr's, so that who judges a script after the other may give it back in one go.
 */
#ifndef FUZZ_SHADOW_H
#define FUZZ_SHADOW_H

#include <cstdint>
#include <map>
#include <memory_resource>
#include <set>
#include <string>
#include <tuple>
#include <vector>

extern "C" {
#include "libella/codec.h"
}

/* One message as it was published: its payload begins with the serial. */
struct Published {
    int publisher;
    std::string topic;
    int qos;
    bool retain;
    bool sent_again; /* at QoS 1: it may arrive again, behind newer ones */
};

struct Subscribed {
    int qos;
    bool no_local;
    bool shared;
};

/* What keeps its order: publisher, topic, QoS as published and as delivered. */
using Line = std::tuple<int, std::string, int, int>;

/* One session as its client sees it. */
struct ShadowSession {
    std::string client_id;
    bool faithful = false; /* never expires, is never cleaned: everything must arrive in the end */
    bool exists = false;
    std::pmr::map<std::string, Subscribed> subscriptions;
    bool ever_shared = false;
    std::pmr::map<uint16_t, uint64_t>
        inbound_qos2; /* packet id → serial, PUBREC sent or due, PUBREL not seen */
    std::pmr::map<uint16_t, uint64_t> inbound_qos1; /* packet id → serial, not acknowledged yet */
    std::pmr::map<uint64_t, int> times_qos2;        /* serial → new deliveries at QoS 2 */
    std::pmr::set<uint64_t> finished_qos1;          /* acknowledged by the client */
    std::pmr::set<uint64_t> expected;
    std::pmr::set<uint64_t> received;
    std::pmr::map<Line, uint64_t> last; /* → last serial */
};

/* What one network connection has shown so far. */
struct ShadowConnection {
    uint8_t version = 4;
    bool connack = false;
    bool refused = false;
    bool disconnected = false;
    uint8_t reason_code = 0; /* of DISCONNECT, or of a refusing CONNACK */
    bool session_present = false;
    uint32_t max_packet_size = ELLA_PACKET_SIZE_MAX;
    uint32_t receive_maximum = 65535;
    uint32_t topic_alias_maximum = 0;
    uint32_t server_receive_maximum = 65535;
    bool request_problem_information = true;
    std::pmr::map<uint16_t, std::string> aliases;
    std::pmr::set<uint16_t> window; /* packet ids of QoS 1 and 2 PUBLISH not finished */
    std::pmr::set<uint16_t> awaited_suback;
    std::pmr::set<uint16_t> awaited_unsuback;
};

class Shadow {
  public:
    std::pmr::map<uint64_t, Published> published;
    std::pmr::map<std::string, uint64_t> retained; /* topic → serial */
    bool retained_known = true;
    bool nothing_is_dropped = true;
    std::string broken; /* the first promise broken */

    uint64_t publish(int publisher, const std::string &topic, int qos, bool retain);
    /* The core has taken the message: what follows from it. */
    void accept(uint64_t serial, bool expires,
                const std::pmr::vector<ShadowSession *> &sessions,
                const std::string &publisher_id);

    /* The publisher sends it again at QoS 1, since no PUBACK has come. */
    void again(uint64_t serial);
    /* One packet that the core sent; true if it is a new PUBLISH, PUBREL … that a client should
     * act on. */
    void sent(ShadowConnection &connection, ShadowSession *session, const ella_packet &packet,
              uint32_t size);
    void complete(const ShadowSession &session);
    void retained_seen(const std::pmr::map<std::string, uint64_t> &seen);

    static uint64_t serial_of(const ella_publish &publish);
    void breach(const std::string &what);

  private:
    void connack(ShadowConnection &connection, ShadowSession *session,
                 const ella_connack &connack);
    void publish_sent(ShadowConnection &connection, ShadowSession &session,
                      const ella_publish &publish);
    void new_delivery(ShadowSession &session, const ella_publish &publish,
                      const std::string &topic);
};

#endif
