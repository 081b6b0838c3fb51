/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Every limit of the core in one struct: name, unit, default. It knows nothing of configuration
 * files. 0 means "no limit" only where said.
 */
#ifndef BROKER_CORE_LIMITS_H
#define BROKER_CORE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#define CORE_AUTO_ID_PREFIX_LEN_MAX 50u
#define CORE_RESPONSE_INFORMATION_LEN_MAX 128u

struct core_limits {
    uint32_t
        max_packet_size_bytes;  /* 2,000,000; of a packet from a client, fixed header included */
    uint32_t max_payload_bytes; /* 0: no limit of its own; larger payloads are acknowledged with
                                   0x97 or dropped and counted */
    uint16_t receive_maximum;   /* 1000; QoS 1 and 2 PUBLISH a client may have unacknowledged */
    uint16_t max_inflight_messages;  /* 20; the broker's own window to a client; 0: only the
                                        client's Receive Maximum */
    uint32_t max_inflight_bytes;     /* 0: no limit; one message is always allowed */
    uint32_t max_queued_messages;    /* 1000 for each session, above the window; 0: no limit */
    uint64_t max_queued_bytes;       /* 0: no limit; for each session */
    bool queue_qos0_messages;        /* false; whether QoS 0 waits for a detached session */
    uint32_t max_qos0_backlog_bytes; /* 1,048,576; 0: no limit; QoS 0 messages that wait for one
                                        connected client's transport. The two limits above do not
                                        count them. */
    uint32_t max_sessions;           /* 0: no limit; attached and detached */
    uint32_t max_connections;        /* 0: no limit; over all listeners */
    uint32_t max_subscriptions_per_session; /* 100,000; 0: no limit */
    uint32_t max_subscribe_bytes;           /* 100,000; 0: no limit; of the filters in one
                                               SUBSCRIBE or UNSUBSCRIBE, which is one step */
    uint32_t max_retained_messages;         /* 0: no limit */
    uint64_t max_retained_bytes;            /* 0: no limit */
    uint32_t max_topic_levels;              /* 200 */
    uint64_t memory_limit_bytes;            /* 0: no limit; of all the core holds. The last
                                               sixteenth is not for messages and subscriptions */
    uint32_t connect_timeout_ms;            /* 10,000; from the transport's opening to CONNECT */
    uint32_t max_keepalive_s; /* 0: no limit; larger values are answered with Server Keep Alive */
    uint32_t session_expiry_max_s; /* 0xFFFFFFFF: never; longer wishes are cut and told in CONNACK;
                                      also for 3.x sessions */
    uint32_t sys_interval_s;       /* 10; 0: no $SYS topics */
    bool retain_available;         /* true */
    bool wildcard_subscription_available;   /* true */
    bool subscription_identifier_available; /* true */
    bool shared_subscription_available;     /* true */
    bool check_retain_source; /* true; ask CORE_ACCESS_WRITE again when a retained message is sent
                               */
    bool asks_policy;         /* true; false: everything is allowed, without asking */
    char auto_id_prefix[CORE_AUTO_ID_PREFIX_LEN_MAX + 1];             /* "auto-" */
    char response_information[CORE_RESPONSE_INFORMATION_LEN_MAX + 1]; /* "": none */
};

/* Fills in the defaults above. */
void core_limits_default(struct core_limits *limits);

#endif
