/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The whole boundary of the broker's core: one object that is pushed one event at a time and
 * pulled for output. It knows no socket, file, clock, thread or random source: time is written on
 * each event, luck comes from one seed, memory from a port. The same events give the same effects
 * and the same bytes, always.
 *
 * How a driver (the event loop, a simulator, a fuzzer, a test) uses it:
 *
 *     core_step(core, &event)              for whatever happened, in order
 *     while (core_next_effect(core, &e))   what the core wants done: authenticate, write, close
 *     core_pull(core, conn, buf, size)     the bytes to send, when the transport can take them
 *     core_pull_journal(core, &batch)      the records to make durable, if there is a journal
 *     core_deadline_ms(core)               when to come back with CORE_TIME at the latest
 *
 * The driver names connections by small dense numbers of its own choice (slots). A slot is free
 * again once the driver has reported CORE_CLOSED for it.
 *
 * A peer's fault becomes an effect; lack of memory a status or a counted drop; a programmer's
 * fault (unknown slot, time going backwards) an assertion that stays on in release builds.
 */
#ifndef BROKER_CORE_CORE_H
#define BROKER_CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/core/limits.h"
#include "broker/core/memory.h"
#include "broker/core/stats.h"
#include "libella/codec.h"

struct core;
struct core_listener;

enum core_status {
    CORE_OK = 0,
    CORE_NO_MEMORY,  /* the event had no effect, or its connection is being closed; others go on */
    CORE_NOT_TAKEN,  /* CORE_PACKET had no effect: give the packet again once core_accepts() says
                        so. Only while the storage fails, for PUBLISH of QoS 1 and 2 before 5.0 */
    CORE_BAD_RECORD, /* CORE_RECORD had no effect: it is malformed, or names what is not there */
};

/* ---- Ports ---- */

enum core_access {
    CORE_ACCESS_WRITE,       /* may this client publish to this topic? */
    CORE_ACCESS_READ,        /* may this client receive a message of this topic? */
    CORE_ACCESS_SUBSCRIBE,   /* may this client subscribe to this filter? */
    CORE_ACCESS_UNSUBSCRIBE, /* may this client unsubscribe from this filter? */
};

struct core_question {
    enum core_access access;
    const struct core_listener *listener; /* where the client last came in; NULL: not since the
                                             broker was started */
    struct ella_slice client_id;
    struct ella_slice user_name; /* empty: anonymous */
    bool has_user_name;
    struct ella_slice topic; /* name, or filter with $share/NAME/ */
    struct ella_slice payload;
    uint8_t qos;
    bool retain;
};

enum core_log_level {
    CORE_LOG_DEBUG,
    CORE_LOG_INFO,
    CORE_LOG_NOTICE,
    CORE_LOG_WARNING,
    CORE_LOG_ERROR
};

enum core_log_kind {
    CORE_LOG_CONNECTED,
    CORE_LOG_REFUSED,
    CORE_LOG_DISCONNECTED,
    CORE_LOG_SUBSCRIBED,
    CORE_LOG_UNSUBSCRIBED,
    CORE_LOG_DENIED,
    CORE_LOG_DROPPED,
    CORE_LOG_SESSION_ENDED,
    CORE_LOG_PACKET_IN,  /* debug: one line for each packet */
    CORE_LOG_PACKET_OUT, /* debug */
    CORE_LOG_STORAGE,    /* the storage fails, or works again */
};

#define CORE_NO_CONN UINT32_MAX

/* One line for a person. All slices are valid during the call only. */
struct core_log {
    enum core_log_level level;
    enum core_log_kind kind;
    uint32_t conn; /* CORE_NO_CONN if no connection is concerned; the driver adds the address */
    struct ella_slice client_id;
    struct ella_slice user_name; /* of the connection; empty: none was given */
    struct ella_slice topic;
    uint8_t packet_type; /* enum ella_packet_type, 0 if none */
    uint8_t
        reason_code; /* MQTT 5.0 reason code that describes it, whatever the client's version */
    uint8_t error;   /* enum ella_error, ELLA_ERROR_NONE if no bytes were at fault */
    uint8_t qos;
    const char *text; /* the reason in words, never NULL, static */
};

/* policy and log may be NULL: everything is allowed, nothing is said. They must not call the core.
 * Whether policy is asked at all is limits.asks_policy. */
struct core_ports {
    void *ctx;
    void *(*allocate)(void *ctx, size_t size); /* NULL if there is none; aligned for
                                                 pointers and uint64_t */
    void (*release)(void *ctx, void *memory, size_t size);
    bool (*policy)(void *ctx, const struct core_question *question);
    void (*log)(void *ctx, const struct core_log *line);
    bool log_packets; /* whether CORE_LOG_PACKET_* are wanted: they cost time */
    bool journal; /* what must outlive a crash is recorded, and answers wait until it is durable:
                     see "The journal" below */
    uint32_t snapshot_steps; /* sessions, subscriptions, messages of a snapshot in one batch at
                                most; 0: 2000 */
    uint64_t
        seed; /* decides assigned client identifiers and hash seeds; unpredictable in production */
};

/* ---- Life ---- */

/* limits and ports are copied. NULL if there is no memory for it. */
struct core *core_create(const struct core_limits *limits, const struct core_ports *ports,
                         uint64_t now_ms);
/* Frees everything. No effect is produced: send CORE_SHUTDOWN first for an orderly end. */
void core_destroy(struct core *core);

/* ---- Events ---- */

enum core_event_type {
    CORE_OPEN,          /* a connection was accepted: conn, open */
    CORE_PACKET,        /* a packet was decoded: conn, packet, packet_size */
    CORE_BAD_PACKET,    /* the decoder refused the bytes: conn, decoder */
    CORE_CLOSED,        /* the transport is gone, by whoever's doing: conn, text */
    CORE_AUTH_RESULT,   /* the answer to CORE_EFFECT_AUTHENTICATE: conn, auth */
    CORE_TIME,          /* nothing but time has passed */
    CORE_CONFIG,        /* new limits: limits. What is live stays; new limits bind from now on */
    CORE_PUBLISH_LOCAL, /* a message of the broker's own: publish (topic, payload, qos, retain) */
    CORE_EXPEL,         /* the client may not stay: conn, reason_code, text */
    CORE_SHUTDOWN,      /* MQTT 5.0 clients get DISCONNECT 0x8B, all are closed (section 3.14) */
    /* with a journal only */
    CORE_RECORD, /* a record of an earlier run: record. Before CORE_RECORDS_END alone */
    /* There are no more; wall_ms; storage, not OK: what was read may be lost with the power, since
     * it could not be brought to the disk. Once, before any event but CORE_RECORD. */
    CORE_RECORDS_END,
    CORE_DURABLE,  /* the batches up to this one are as durable as configured: batch */
    CORE_STORAGE,  /* the storage fails, or can be written again: storage */
    CORE_SNAPSHOT, /* begin a snapshot with the next batch; ignored while one is going on */
};

enum core_storage {
    CORE_STORAGE_OK,     /* it can be written again: the core begins a snapshot */
    CORE_STORAGE_FULL,   /* no space: batches that are not durable are lost */
    CORE_STORAGE_FAILED, /* the same for any other reason */
};

/* What the listener lays down for its connections. Must outlive them. */
struct core_listener {
    uint8_t maximum_qos;                    /* 0..2 */
    bool version_accepted[6];               /* by enum ella_version: [3], [4], [5] */
    uint16_t topic_alias_maximum;           /* client → broker, 0..65535 */
    uint16_t topic_alias_maximum_to_client; /* broker → client */
    bool allow_zero_length_client_id;
    bool user_name_is_client_id; /* whatever the client calls itself; without one it is refused */
};

enum core_auth_status {
    CORE_AUTH_ACCEPT,
    CORE_AUTH_REFUSE,   /* reason_code says why: 0x86, 0x87, 0x8C … */
    CORE_AUTH_CONTINUE, /* enhanced authentication: send AUTH 0x18 with data (section 4.12) */
};

struct core_auth_result {
    enum core_auth_status status;
    uint8_t reason_code;         /* MQTT 5.0 code; translated for 3.1 and 3.1.1 */
    struct ella_slice data;      /* authentication data to send, may be empty */
    struct ella_slice user_name; /* the identity to use from now on, if has_user_name */
    bool has_user_name;
};

struct core_event {
    enum core_event_type type;
    uint32_t conn;    /* slot */
    uint64_t now_ms;  /* monotonic, milliseconds, never less than in the event before */
    uint64_t wall_ms; /* the same moment since 1970-01-01 UTC, 0: as much later as now_ms. Needed
                         with CORE_RECORD and CORE_RECORDS_END, best told with every CORE_TIME */
    const struct core_listener *open;
    const struct ella_packet *packet;
    uint32_t packet_size; /* bytes, fixed header included */
    const struct ella_decoder *decoder;
    const struct core_auth_result *auth;
    const struct core_limits *limits;
    const struct ella_publish *publish;
    const char *text;         /* static text: why the transport closed, NULL for an orderly end */
    uint8_t reason_code;      /* EXPEL: MQTT 5.0's, told to 5.0 clients */
    struct ella_slice record; /* one whole record (record.h) */
    uint64_t batch;           /* number */
    enum core_storage storage;
};

enum core_status core_step(struct core *core, const struct core_event *event);

/* ---- Effects ---- */

enum core_effect_type {
    CORE_EFFECT_AUTHENTICATE, /* answer with CORE_AUTH_RESULT, now or later; no packet is taken
                                 till then */
    CORE_EFFECT_WRITE,        /* core_pull() has bytes for conn */
    CORE_EFFECT_CLOSE,        /* send what core_pull() still gives, close, report CORE_CLOSED */
};

struct core_effect {
    enum core_effect_type type;
    uint32_t conn;
    /* AUTHENTICATE; the slices are valid until the next core_step() */
    struct ella_slice client_id;
    struct ella_slice user_name;
    struct ella_slice password;
    struct ella_slice authentication_method; /* empty: plain user name and password */
    struct ella_slice authentication_data;
    bool has_user_name;
    bool client_left; /* CLOSE: by its DISCONNECT, so it has sent all that it will */
    bool has_password;
    bool is_reauthentication;
};

/* The next thing to do; false if there is none. Each WRITE is told once until the connection was
 * pulled empty. */
bool core_next_effect(struct core *core, struct core_effect *out);

/* Fills buf with as many bytes for conn as there are and fit: whole packets where possible, a
 * packet larger than size in pieces over several calls. Returns their number, 0 when there are no
 * more for now. Packet identifiers and the client's Receive Maximum are taken here, so what waits
 * costs no identifier. size must be at least CORE_PULL_SIZE_MIN bytes. */
#define CORE_PULL_SIZE_MIN 128u
size_t core_pull(struct core *core, uint32_t conn, uint8_t *buf, size_t size);

/* Bytes to send, of the buffer pulled into or lent by the core. */
struct core_span {
    const uint8_t *bytes;
    size_t len; /* > 0 */
};

#define CORE_SPAN_COUNT_MAX 64u
/* A payload, or what is left of it, is lent from here on: smaller ones cost no less that way. */
#define CORE_LEND_BYTES_MIN 8192u

/* Cleared before the first call of core_pull_spans(). */
struct core_pulled {
    struct core_span spans[CORE_SPAN_COUNT_MAX]; /* to be sent in this order */
    uint32_t count;
    size_t bytes;  /* of all spans */
    size_t copied; /* of these, in the buffer, from its beginning */
};

/* The same as core_pull(), for who can send what does not stand in one piece: large payloads are
 * not copied to buf but lent. Fills up out, which may have something of conn already, to
 * bytes_max in all, of which size in buf, and returns how many it added. Both must exceed what out
 * has by CORE_PULL_SIZE_MIN bytes. What is lent stays valid, whatever else is done with the core,
 * until core_take_back(). Once CORE_LENT_COUNT_MAX payloads are lent the others are copied. */
#define CORE_LENT_COUNT_MAX 256u
size_t core_pull_spans(struct core *core, uint32_t conn, uint8_t *buf, size_t size,
                       size_t bytes_max, struct core_pulled *out);
/* Of what was lent nothing is looked at any more. */
void core_take_back(struct core *core);

/* Whether packets of conn may be given to the core now: not while its CONNECT is being judged
 * (except AUTH and DISCONNECT of enhanced authentication) or after it was closed, and not while
 * OUTPUT_ACCEPT_BYTES (output.h) or more of answers wait for a peer that does not read. The driver
 * keeps the bytes and asks again after the next step and after each core_pull() of this
 * connection; a packet given before the verdict on CONNECT is a programmer's fault.
 * core_receive() sees to it. */
bool core_accepts(const struct core *core, uint32_t conn);

/* When CORE_TIME is due at the latest, milliseconds; UINT64_MAX: never. */
uint64_t core_deadline_ms(const struct core *core);

/* ---- The journal ----
 *
 * What must outlive a crash is recorded while events are stepped and bytes are pulled: sessions
 * with an expiry, their subscriptions, messages, what is in flight in both directions, retained
 * messages, wills. An answer that promises something (CONNACK, SUBACK, UNSUBACK, PUBACK, PUBREC,
 * PUBREL, PUBCOMP, and the packet identifier of a QoS 2 PUBLISH) is held back by core_pull() until
 * its records are durable. What is not held flows on.
 *
 * A driver, in each round:
 *     step the events; carry out the effects; core_pull() for connections
 *     if (core_pull_journal(core, &batch))    one batch, what the pulls above recorded included
 *         if (batch.begins_snapshot)          a new file begins with this batch
 *         write batch.bytes, all or nothing; have it synced, on another thread
 *     when batches are durable: CORE_DURABLE with the number of the last one, effects again
 *         if it is, or is behind, the batch that ends_snapshot: files before the one that began
 *         with the snapshot are of no more use
 * It may let records gather while a sync runs: the next batch is all of them.
 *
 * What is recovered must be whole batches, or whole units of them (record.h: the records of one
 * event), in order, none left out but those that are damaged.
 *
 * If writing or syncing fails: CORE_STORAGE. The batches that are not durable are lost, nothing
 * that depends on them leaves, records are no longer produced, PUBLISH of QoS 1 and 2 is refused
 * (0x97) or, before 5.0, not taken; CONNECT of new sessions that are to last and SUBSCRIBE for
 * them are refused. Once there is a place to write to again: CORE_STORAGE_OK. The next batch
 * begins a snapshot of all there is, and when that is durable to its end what was held leaves.
 *
 * At the start: CORE_RECORD for each record of the files, oldest file first, then
 * CORE_RECORDS_END. docs/persistence.md has the formats and says why this recovers all that was
 * promised. */

struct core_batch {
    const uint8_t *bytes; /* whole records; valid until the core is called again */
    size_t size;          /* > 0 */
    uint64_t number;      /* one more than that of the batch before; the first is 1 */
    bool begins_snapshot;
    bool ends_snapshot;
};

/* The records since the last call, and while a snapshot goes on a slice of it, of some 256 KiB.
 * false: there are none. */
bool core_pull_journal(struct core *core, struct core_batch *out);
/* Whether core_pull_journal() has something to do: then do not sleep. */
bool core_has_journal(const struct core *core);

/* ---- Looking in ---- */

const struct core_stats *core_stats(const struct core *core);
size_t core_memory_bytes(const struct core *core, enum memory_class class_);
/* Of all classes. */
size_t core_memory_total(const struct core *core);
/* The client identifier of a connection, empty before CONNECT was accepted; valid until the next
 * step. */
struct ella_slice core_client_id(const struct core *core, uint32_t conn);

/* ---- Bytes of one connection → events (receive.c) ---- */

/* Decodes and steps every whole packet in buf[start, end), stopping when the core takes no more.
 * Returns the index of the first byte not used: keep the bytes from there, and call again with
 * more behind them, or with the same once core_accepts() is true again. The decoder is the
 * connection's own. */
uint32_t core_receive(struct core *core, uint32_t conn, struct ella_decoder *decoder,
                      const uint8_t *buf, uint32_t start, uint32_t end, uint64_t now_ms);

#endif
