/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The rows of what the core counts. It knows nothing of who counts.
 */
#include "broker/core/stats.h"

#include "broker/core/core_assert.h"

static const struct core_stat_row rows[CORE_STAT_COUNT] = {
    [STAT_CONNECTIONS] = {"connections", NULL, "transport connections that are open", STAT_GAUGE},
    [STAT_CLIENTS_TOTAL] = {"clients_total", "clients/total",
                            "sessions, with a connection or without", STAT_GAUGE},
    [STAT_CLIENTS_CONNECTED] = {"clients_connected", "clients/connected",
                                "sessions with a connection", STAT_GAUGE},
    [STAT_CLIENTS_DISCONNECTED] = {"clients_disconnected", "clients/disconnected",
                                   "sessions without a connection", STAT_GAUGE},
    [STAT_CLIENTS_MAXIMUM] = {"clients_maximum", "clients/maximum",
                              "most clients that were ever connected at once", STAT_GAUGE},
    [STAT_SUBSCRIPTIONS] = {"subscriptions", "subscriptions/count",
                            "subscriptions, shared ones included", STAT_GAUGE},
    [STAT_SHARED_SUBSCRIPTIONS] = {"shared_subscriptions", "shared_subscriptions/count",
                                   "shared subscriptions", STAT_GAUGE},
    [STAT_RETAINED_MESSAGES] = {"retained_messages", "retained messages/count",
                                "retained messages", STAT_GAUGE},
    [STAT_STORED_MESSAGES] = {"stored_messages", "store/messages/count",
                              "messages held: retained, queued, in flight and wills", STAT_GAUGE},
    [STAT_STORED_BYTES] = {"stored_bytes", "store/messages/bytes", "bytes of the messages held",
                           STAT_GAUGE},
    [STAT_QUEUED_MESSAGES] = {"queued_messages", NULL,
                              "queue entries of all sessions, in flight or waiting", STAT_GAUGE},
    [STAT_HEAP_CURRENT_BYTES] = {"heap_current_bytes", "heap/current",
                                 "bytes of memory the core holds", STAT_GAUGE},
    [STAT_HEAP_MAXIMUM_BYTES] = {"heap_maximum_bytes", "heap/maximum",
                                 "most bytes the core ever held", STAT_GAUGE},
    [STAT_STORAGE_FAILS] = {"storage_fails", "storage/fails",
                            "1 while the storage fails and QoS 1 and 2 have to wait, else 0",
                            STAT_GAUGE},
    [STAT_SOCKETS_OPENED] = {"sockets_opened", NULL, "transport connections ever opened",
                             STAT_COUNTER},
    [STAT_CONNECTIONS_ACCEPTED] = {"connections_accepted", NULL,
                                   "CONNECT packets answered with success", STAT_COUNTER},
    [STAT_CONNECTIONS_REFUSED] = {"connections_refused", NULL,
                                  "connections that ended before success", STAT_COUNTER},
    [STAT_CONNECTIONS_TAKEN_OVER] = {"connections_taken_over", NULL,
                                     "connections ended by another with the same identifier",
                                     STAT_COUNTER},
    [STAT_KEEP_ALIVE_TIMEOUTS] = {"keep_alive_timeouts", NULL,
                                  "connections closed because the client was silent",
                                  STAT_COUNTER},
    [STAT_PROTOCOL_ERRORS] = {"protocol_errors", NULL,
                              "connections closed because of what the client sent", STAT_COUNTER},
    [STAT_SESSIONS_EXPIRED] = {"sessions_expired", "clients/expired",
                               "sessions ended by their expiry interval", STAT_COUNTER},
    [STAT_WILLS_PUBLISHED] = {"wills_published", NULL, "Will Messages published", STAT_COUNTER},
    [STAT_PACKETS_RECEIVED] = {"packets_received", "messages/received",
                               "packets of any type received", STAT_COUNTER},
    [STAT_PACKETS_SENT] = {"packets_sent", "messages/sent", "packets of any type sent",
                           STAT_COUNTER},
    [STAT_BYTES_RECEIVED] = {"bytes_received", "bytes/received", "bytes of packets received",
                             STAT_COUNTER},
    [STAT_BYTES_SENT] = {"bytes_sent", "bytes/sent", "bytes of packets sent", STAT_COUNTER},
    [STAT_PUBLISH_RECEIVED] = {"publish_received", "publish/messages/received",
                               "PUBLISH packets received", STAT_COUNTER},
    [STAT_PUBLISH_SENT] = {"publish_sent", "publish/messages/sent", "PUBLISH packets sent",
                           STAT_COUNTER},
    [STAT_PUBLISH_BYTES_RECEIVED] = {"publish_bytes_received", "publish/bytes/received",
                                     "payload bytes received in PUBLISH packets", STAT_COUNTER},
    [STAT_PUBLISH_BYTES_SENT] = {"publish_bytes_sent", "publish/bytes/sent",
                                 "payload bytes sent in PUBLISH packets", STAT_COUNTER},
    [STAT_PUBLISH_RESENT] = {"publish_resent", NULL,
                             "PUBLISH packets sent again after a reconnect", STAT_COUNTER},
    [STAT_SUBSCRIBE_DENIED] = {"subscribe_denied", NULL, "topic filters that were refused",
                               STAT_COUNTER},
    [STAT_MEMORY_REFUSED] = {"memory_refused", NULL, "requests for memory that were refused",
                             STAT_COUNTER},
    [STAT_STORAGE_FAILURES] = {"storage_failures", "storage/failures",
                               "how often the storage began to fail", STAT_COUNTER},
    [STAT_SNAPSHOTS] = {"snapshots", "storage/snapshots", "snapshots of the state that were made",
                        STAT_COUNTER},
    [STAT_DROPPED_PUBLISH_DENIED] = {"dropped_publish_denied", NULL,
                                     "messages whose publisher may not write to the topic",
                                     STAT_DROP},
    [STAT_DROPPED_PUBLISH_TOPIC] = {"dropped_publish_topic", NULL,
                                    "messages to $SYS, or to a topic of too many levels",
                                    STAT_DROP},
    [STAT_DROPPED_PAYLOAD_TOO_LARGE] = {"dropped_payload_too_large", NULL,
                                        "messages whose payload is over max_payload_bytes",
                                        STAT_DROP},
    [STAT_DROPPED_RETAIN_FULL] = {"dropped_retain_full", NULL,
                                  "messages to retain for which the store has no room", STAT_DROP},
    [STAT_DROPPED_RECEIVE_DENIED] = {"dropped_receive_denied", NULL,
                                     "copies whose receiver may not read the topic", STAT_DROP},
    [STAT_DROPPED_QUEUE_FULL] = {"dropped_queue_full", NULL,
                                 "copies for a session with max_queued_messages waiting",
                                 STAT_DROP},
    [STAT_DROPPED_QUEUE_BYTES] = {"dropped_queue_bytes", NULL,
                                  "copies for a session with max_queued_bytes waiting", STAT_DROP},
    [STAT_DROPPED_QOS0_DETACHED] = {"dropped_qos0_detached", NULL,
                                    "QoS 0 copies for a session without a connection", STAT_DROP},
    [STAT_DROPPED_QOS0_BACKLOG] = {"dropped_qos0_backlog", NULL,
                                   "QoS 0 copies for a client that reads too slowly", STAT_DROP},
    [STAT_DROPPED_PACKET_TOO_LARGE] = {"dropped_packet_too_large", NULL,
                                       "copies above the client's Maximum Packet Size", STAT_DROP},
    [STAT_DROPPED_EXPIRED] = {"dropped_expired", NULL,
                              "copies whose message expiry interval had passed", STAT_DROP},
    [STAT_DROPPED_NO_MEMBER] = {"dropped_no_member", NULL,
                                "copies for a share group without a member to take them",
                                STAT_DROP},
    [STAT_DROPPED_REFUSED_BY_CLIENT] = {"dropped_refused_by_client", NULL,
                                        "copies refused by PUBACK or PUBREC of the client",
                                        STAT_DROP},
    [STAT_DROPPED_SESSION_ENDED] = {"dropped_session_ended", NULL,
                                    "copies that waited when their session ended", STAT_DROP},
    [STAT_DROPPED_NO_MEMORY] = {"dropped_no_memory", NULL,
                                "messages or copies for which there was no memory", STAT_DROP},
    [STAT_DROPPED_STORAGE] = {"dropped_storage", NULL,
                              "QoS 1 and 2 messages refused because the storage fails", STAT_DROP},
};

const struct core_stat_row *core_stat_row(enum core_stat stat) {
    CORE_ASSERT((unsigned)stat < CORE_STAT_COUNT);
    return &rows[stat];
}

uint64_t core_stats_dropped(const struct core_stats *stats) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < CORE_STAT_COUNT; i++) {
        if (rows[i].kind == STAT_DROP) {
            sum += stats->value[i];
        }
    }
    return sum;
}
