/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The core from inside: the one struct, and what each verb offers to the others. Who calls whom
 * is the order of the sections: downward only.
 */
#ifndef BROKER_CORE_CORE_STATE_H
#define BROKER_CORE_CORE_STATE_H

#include "broker/core/connection.h"
#include "broker/core/core.h"
#include "broker/core/core_assert.h"
#include "broker/core/fresh.h"
#include "broker/core/hash.h"
#include "broker/core/journal.h"
#include "broker/core/message.h"
#include "broker/core/retain.h"
#include "broker/core/route.h"
#include "broker/core/session.h"
#include "broker/core/stats.h"
#include "broker/core/timer.h"
#include "state_machines/connection.h"
#include "state_machines/session.h"

/* What $SYS/broker/version says. */
#define SYS_VERSION "libella 0.1"

struct sys_load;
struct restore;

/* Where the snapshot that goes on has come to (snapshot.c). */
enum walk_part {
    WALK_NOTHING, /* none goes on */
    WALK_BEGIN,
    WALK_SESSIONS, /* the next session is looked for */
    WALK_SUBSCRIPTIONS,
    WALK_ENTRIES,
    WALK_RETAINED,
    WALK_END, /* its last record was made in the batch that waits */
};

/* Where the DONE that was recorded last stands in the buffer of the journal. */
struct last_done {
    uint64_t filling; /* of the journal; what follows is true for that alone */
    size_t at;
    uint64_t session;
    uint64_t number; /* of the entry in its head */
};

struct walk {
    enum walk_part part;
    uint32_t bucket;           /* of the table of sessions */
    uint32_t bucket_count;     /* of that table, when it was last looked at */
    uint64_t number;           /* of the last session in that bucket */
    uint32_t place;            /* in the store of retained messages */
    struct session *session;   /* NULL: it has ended */
    struct queue_entry *entry; /* the next one; NULL: there are no more */
};

struct core {
    struct core_limits limits;
    struct core_ports ports;
    struct memory memory;
    struct timers timers;
    struct route *route;
    struct retain *retain;
    struct match_set match; /* kept from delivery to delivery */
    struct core_stats *stats;
    struct sys_load *load;
    uint64_t now_ms;
    uint64_t started_ms;
    struct hash_key luck_key; /* of the random sequence */
    uint64_t luck_count;
    uint64_t delivery; /* number of the present delivery */
    struct connection **connections;
    uint32_t connection_capacity;
    struct slot_list ready; /* slots with an effect, in the order they came by it */
    struct slot_list held;  /* slots that wait for the journal and have no effect */
    uint32_t stalled_count;
    uint32_t stored_count; /* connections whose session is stored */
    struct session_table sessions;
    struct timer sys_timer;
    struct timer clock_timer; /* of RECORD_TIME */
    struct journal journal;
    struct fresh fresh;
    struct last_done last_done;
    struct walk walk;
    struct restore *restore;  /* until CORE_RECORDS_END; NULL: no record has come */
    int64_t wall_offset_ms;   /* wall clock minus now_ms */
    uint64_t last_session;    /* numbers given so far */
    uint64_t pulled_session;  /* of these, the last one in batches that were pulled */
    uint64_t durable_session; /* and in batches that are durable */
    uint64_t last_message;
    uint64_t last_entry;
    uint16_t epoch; /* number of the snapshot that was begun last, from 1 on */
    uint32_t lent_count;
    struct message *lent[CORE_LENT_COUNT_MAX]; /* a reference each: see core_pull_spans() */
    uint8_t acks[CONNECTION_ACK_COUNT][CONNECTION_ACK_SIZE]; /* see connection_make_acks() */
};

/* The connection of a slot; NULL: free. */
static inline struct connection *connection_at(const struct core *core, uint32_t slot) {
    return slot < core->connection_capacity ? core->connections[slot] : NULL;
}
/* The same; asserts that there is one. */
static inline struct connection *connection_of(const struct core *core, uint32_t slot) {
    struct connection *c = connection_at(core, slot);
    CORE_ASSERT(c != NULL);
    return c;
}

static inline void core_count(struct core *core, enum core_stat stat) {
    core->stats->value[stat]++;
}
static inline void core_count_many(struct core *core, enum core_stat stat, uint64_t count) {
    core->stats->value[stat] += count;
}

/* Whether it is worth making up a question. */
static inline bool core_asks_policy(const struct core *core) {
    return core->ports.policy != NULL && core->limits.asks_policy;
}
static inline bool core_allows(const struct core *core, const struct core_question *question) {
    return !core_asks_policy(core) || core->ports.policy(core->ports.ctx, question);
}

/* How many levels a topic name or filter has. */
static inline uint32_t core_level_count(struct ella_slice topic) {
    uint32_t count = 1u;

    for (uint32_t i = topic.off; i < topic.end; i++)
        count += topic.base[i] == '/';
    return count;
}

/* ---- core.c ---- */

uint64_t core_random(struct core *core);
/* The same as core_step() with CORE_PACKET, for who has told core->now_ms the time. */
enum core_status core_step_packet(struct core *core, struct connection *connection,
                                  const struct ella_packet *packet, uint32_t size);

static inline uint64_t core_wall_ms(const struct core *core, uint64_t at_ms) {
    return (uint64_t)((int64_t)at_ms + core->wall_offset_ms);
}

/* Whether the topic is the broker's own: $SYS and below. */
bool core_is_sys(struct ella_slice topic);

/* ---- connect.c: CONNECT and its verdict ---- */

void connect_packet(struct core *core, struct connection *connection,
                    const struct ella_connect *connect);
/* Sends the CONNACK of a refusal, if the version has one that fits. */
void connect_send_refusal(struct core *core, struct connection *connection, uint8_t reason_code,
                          const char *text);
/* The verdict was good: take over, attach the session, CONNACK. auth may carry the identity and
 * last data. */
void connect_accept(struct core *core, struct connection *connection,
                    const struct core_auth_result *auth);
void connect_request_free(struct core *core, struct connection *connection);
/* The client identifier of the CONNECT that is being judged, empty if none is. */
struct ella_slice connect_request_client_id(const struct connection *connection);
struct ella_slice connect_request_user_name(const struct connection *connection);
/* Keeps the Authentication Data of CONNECT or AUTH for who judges. false: no memory. */
bool connect_request_set_data(struct core *core, struct connection *connection,
                              const struct ella_properties *properties);
/* Fills in the question of CORE_EFFECT_AUTHENTICATE. */
void connect_question(const struct connection *connection, struct core_effect *out);

/* ---- authenticate.c: AUTH and the answers of who judges ---- */

void authenticate_begin(struct core *core, struct connection *connection);
void authenticate_packet(struct core *core, struct connection *connection,
                         const struct ella_reason *auth);
void authenticate_result(struct core *core, struct connection *connection,
                         const struct core_auth_result *result);

/* ---- publish.c: PUBLISH and PUBREL from clients, messages of the broker's own ---- */

void publish_packet(struct core *core, struct connection *connection,
                    const struct ella_publish *publish);
void publish_release(struct core *core, struct connection *connection,
                     const struct ella_ack *pubrel);
/* Retains, if the message says so, and delivers; for wills. Returns how many it was for. */
uint32_t publish_message(struct core *core, struct message *message);
/* The same for a message of the broker's own. false: no memory. */
bool publish_local(struct core *core, const struct ella_publish *publish);
/* Why a topic or payload is not accepted from clients: an MQTT 5.0 reason code and the count it
 * goes to; SUCCESS if it is. user_name may be empty. */
struct publish_verdict {
    uint8_t reason_code;
    enum core_stat stat;
    const char *text;
};
struct publish_verdict publish_judge(struct core *core, const struct core_question *question);

/* ---- acknowledge.c: PUBACK, PUBREC, PUBCOMP from clients ---- */

void acknowledge_packet(struct core *core, struct connection *connection,
                        enum ella_packet_type type, const struct ella_ack *ack);

/* ---- subscribe.c ---- */

void subscribe_packet(struct core *core, struct connection *connection,
                      const struct ella_subscribe *subscribe);
void unsubscribe_packet(struct core *core, struct connection *connection,
                        const struct ella_subscribe *unsubscribe);

/* ---- deliver.c: a message into the queues of those who subscribe ---- */

/* What is asked of the policy about the session and a message. */
struct core_question deliver_question(enum core_access access, const struct session *session,
                                      const struct message *message);
/* Returns how many subscribers it was for. */
uint32_t deliver_message(struct core *core, struct message *message, uint64_t publisher_key);
/* The retained messages for a new subscription. Returns how many nodes of the store it took to
 * find them. */
uint64_t deliver_retained(struct core *core, const struct subscription *subscription,
                          struct ella_slice filter);
/* The session ends: what came to it by share groups goes to other members (section 4.8.2). */
void deliver_redistribute(struct core *core, struct session *session);
/* The session loses its connection: QoS 0 does not wait for another one, unless so configured. */
void deliver_detached(struct core *core, struct session *session);
/* An entry that has been added to a queue is as it is to be. false: no memory to record it, and it
 * was dropped. */
bool deliver_store(struct core *core, struct session *session, struct queue_entry *entry);
/* Takes an entry out of the session's queue, sent, finished or given up. */
void deliver_discard(struct core *core, struct session *session, struct queue_entry *entry);
/* Its last acknowledgement came: gives it up too. */
void deliver_end(struct core *core, struct session *session, struct queue_entry *entry);
/* Counts a message that is not delivered and says why. session may be NULL. */
void deliver_drop(struct core *core, enum core_stat stat, const struct session *session,
                  const struct message *message);

/* ---- close.c: how connections and sessions end, and wills ---- */

/* Something ended the connection, or must. reason_code is MQTT 5.0's, told to 5.0 clients where
 * the state allows; text is static and goes to the log and, as Reason String, to the client. */
void close_connection(struct core *core, struct connection *connection,
                      enum connection_event event, uint8_t reason_code, uint8_t error,
                      const char *text);
/* DISCONNECT from the client. */
void close_packet(struct core *core, struct connection *connection,
                  const struct ella_reason *disconnect);
/* Does what a step of the session's machine says about its old will and its life. Returns the
 * session, NULL if it is gone. */
struct session *close_session(struct core *core, struct session *session,
                              enum session_event event);
/* The session has no connection (any more): its deadlines are set. false: no memory. */
bool close_arm(struct core *core, struct session *session);
void close_transport(struct core *core, struct connection *connection, const char *text);

/* ---- expire.c: everything that time does ---- */

void expire_due(struct core *core);
/* The transport is open: the connect timeout begins. false: no memory. */
bool expire_begin_connect(struct core *core, struct connection *connection);
/* (Re)starts the timer that records the time. */
void expire_schedule_clock(struct core *core);
/* The connection was accepted: keep alive begins. */
void expire_begin_keepalive(struct core *core, struct connection *connection);

/* ---- sys.c ---- */

/* (Re)starts or stops the timer, as the limits say. */
void sys_schedule(struct core *core);
void sys_publish(struct core *core);
/* Brings the gauges up to date. */
void sys_refresh(const struct core *core);
struct sys_load *sys_load_create(struct memory *memory);
void sys_load_free(struct memory *memory, struct sys_load *load);

/* ---- store.c: what must outlive a crash, into the journal ----
 *
 * Without a journal, and for what does not outlive its connection, nothing happens. Those that
 * return false had no memory and recorded nothing. The others can't be undone by their callers:
 * without memory the journal is lost, and a snapshot repairs it.
 */

/* The time is recorded this often, so that it is known when a broker was last alive. */
#define STORE_TIME_MS 60000u

void store_start(struct core *core, enum record_kind kind); /* START or SNAPSHOT_BEGIN */
void store_time(struct core *core);
/* All of the session but its subscriptions and queue. */
void store_session(struct core *core, struct session *session, uint8_t flags);
/* The session, which ends or lasts no longer, is forgotten. */
void store_session_end(struct core *core, struct session *session);
bool store_subscription(struct core *core, const struct subscription *subscription,
                        struct ella_slice filter);
void store_unsubscription(struct core *core, const struct session *session,
                          struct ella_slice filter);
/* The entry as it is now; again if its identifiers became more. flags: RECORD_WALKED or 0. */
bool store_queued(struct core *core, const struct session *session, struct queue_entry *entry,
                  uint8_t flags);
void store_sent(struct core *core, const struct session *session, const struct queue_entry *entry);
void store_released(struct core *core, const struct session *session,
                    const struct queue_entry *entry);
void store_done(struct core *core, const struct session *session, const struct queue_entry *entry);
/* The same, of one whose last acknowledgement is all that the event is about: it may be recorded
 * with those of events before. */
void store_acknowledged(struct core *core, const struct session *session,
                        const struct queue_entry *entry);
void store_queued_end(struct core *core, const struct session *session);
void store_received(struct core *core, const struct session *session, uint16_t packet_id);
void store_received_end(struct core *core, const struct session *session, uint16_t packet_id);
/* The message was retained, or, without a payload, what was retained was cleared. */
void store_retained(struct core *core, struct message *message);
/* Makes room for the records of a PUBLISH, SUBSCRIBE or CONNECT of so many bytes. */
bool store_reserve(struct core *core, size_t size);

/* ---- snapshot.c ---- */

void snapshot_begin(struct core *core);
/* Adds the next slice to the batch that waits. */
void snapshot_slice(struct core *core);

/* ---- durable.c: what waits for the journal ---- */

void durable_batch(struct core *core, uint64_t batch);
void durable_storage(struct core *core, enum core_storage storage);
/* Whether the packet must not be taken now. */
bool durable_stalls(const struct core *core, const struct connection *connection,
                    const struct ella_packet *packet);
/* The batch that must be durable before this answer leaves; 0: it need not wait. */
uint64_t durable_batch_of(const struct core *core, const struct connection *connection,
                          const struct ella_packet *packet);

/* ---- restore.c: the records of an earlier run ---- */

enum core_status restore_record(struct core *core, struct ella_slice bytes);
enum core_status restore_end(struct core *core, enum core_storage storage);
void restore_free(struct core *core);

/* ---- log.c ---- */

void log_connection(struct core *core, enum core_log_level level, enum core_log_kind kind,
                    const struct connection *connection, uint8_t reason_code, const char *text);
void log_line(struct core *core, const struct core_log *line);
void log_packet_line(struct core *core, enum core_log_kind kind,
                     const struct connection *connection, uint8_t packet_type,
                     struct ella_slice topic, uint8_t qos);
/* Of each packet, if they are wanted. */
static inline void log_packet(struct core *core, enum core_log_kind kind,
                              const struct connection *connection, uint8_t packet_type,
                              struct ella_slice topic, uint8_t qos) {
    if (core->ports.log_packets)
        log_packet_line(core, kind, connection, packet_type, topic, qos);
}
/* The client identifier of a connection, before acceptance that of its CONNECT. */
struct ella_slice log_client_id(const struct connection *connection);

#endif
