/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * packets: what the standards say about packets and reason codes, as logic, like properties.h; for
 * the unit that proves the tables of both.
 */
#ifndef PROOFS_WP_PACKETS_H
#define PROOFS_WP_PACKETS_H

#include "wp/properties.h"

/* Packets: the flags that the first byte has to have (table 2.2 of both standards), who sends them
 * in 3.1.1 (its table 2.1) and in 5.0 (its section 2.1.2). 3.1 called the flags unused, but the
 * first byte of CONNECT comes before the version. The flags of PUBLISH have a meaning. */
#define NOBODY 0
#define CLIENT ELLA_SENT_BY_CLIENT
#define SERVER ELLA_SENT_BY_SERVER
#define BOTH (CLIENT + SERVER)

/*@ predicate packet_rule{L}(integer type, integer flags, integer v3, integer v5) =
      ella_packet_rules[type].flags == flags &&
      ella_packet_rules[type].flags_mask == (type == 0 || type == ELLA_PUBLISH ? 0 : 15) &&
      ella_packet_rules[type].flags_mask_v31 == (type == ELLA_CONNECT ? 15 : 0) &&
      ella_packet_rules[type].v3_sent_by == v3 && ella_packet_rules[type].v5_sent_by == v5; */

/* Reason codes of 5.0, as the section of each packet lists them. Table 2-6, which has them by
 * code, says the same, but for 0x8C in DISCONNECT: that is of table 2-6 alone. */
#define CONNACK_CODE(c) /* 3.2.2.2 */                                                         \
    ((c) == 0 || 0x80 <= (c) && (c) <= 0x8A || (c) == 0x8C || (c) == 0x90 || (c) == 0x95 ||   \
     (c) == 0x97 || 0x99 <= (c) && (c) <= 0x9D || (c) == 0x9F)
#define ACK_CODE(c) /* of PUBACK and PUBREC: 3.4.2.1, 3.5.2.1 */                              \
    ((c) == 0 || (c) == 0x10 || (c) == 0x80 || (c) == 0x83 || (c) == 0x87 || (c) == 0x90 ||   \
     (c) == 0x91 || (c) == 0x97 || (c) == 0x99)
#define RELEASE_CODE(c) /* of PUBREL and PUBCOMP: 3.6.2.1, 3.7.2.1 */                         \
    ((c) == 0 || (c) == 0x92)
#define SUBACK_CODE(c) /* 3.9.3 */                                                            \
    (0 <= (c) && (c) <= 2 || (c) == 0x80 || (c) == 0x83 || (c) == 0x87 || (c) == 0x8F ||      \
     (c) == 0x91 || (c) == 0x97 || (c) == 0x9E || (c) == 0xA1 || (c) == 0xA2)
#define UNSUBACK_CODE(c) /* 3.11.3 */                                                         \
    ((c) == 0 || (c) == 0x11 || (c) == 0x80 || (c) == 0x83 || (c) == 0x87 || (c) == 0x8F ||   \
     (c) == 0x91)
#define DISCONNECT_CODE(c) /* 3.14.2.1 */                                                     \
    ((c) == 0 || (c) == 4 || 0x80 <= (c) && (c) <= 0x83 || (c) == 0x87 || (c) == 0x89 ||      \
     0x8B <= (c) && (c) <= 0x90 || 0x93 <= (c) && (c) <= 0xA2)
#define AUTH_CODE(c) /* 3.15.2.1 */                                                           \
    ((c) == 0 || (c) == 0x18 || (c) == 0x19)

/* Those that only one side may send: in packets that both sides send, by the same sections. */
#define SERVER_ONLY_ACK(c) ((c) == 0x10)
#define CLIENT_ONLY_DISCONNECT(c) ((c) == 4)
#define SERVER_ONLY_DISCONNECT(c)                                                             \
    ((c) == 0x87 || (c) == 0x89 || (c) == 0x8B || 0x8D <= (c) && (c) <= 0x8F ||               \
     0x9A <= (c))
#define SERVER_ONLY_AUTH(c) ((c) == 0)
#define CLIENT_ONLY_AUTH(c) ((c) == 0x19)

/* The packets in which a code may stand, as a set. */
#define PLACE(holds, packets) ((holds) ? (packets) : 0)
#define CLIENT_PLACES(c)                                                                      \
    (PLACE(ACK_CODE(c) && !SERVER_ONLY_ACK(c), IN(ELLA_PUBACK) + IN(ELLA_PUBREC)) +           \
     PLACE(RELEASE_CODE(c), IN(ELLA_PUBREL) + IN(ELLA_PUBCOMP)) +                             \
     PLACE(DISCONNECT_CODE(c) && !SERVER_ONLY_DISCONNECT(c), IN(ELLA_DISCONNECT)) +           \
     PLACE(AUTH_CODE(c) && !SERVER_ONLY_AUTH(c), IN(ELLA_AUTH)))
#define SERVER_PLACES(c)                                                                      \
    (PLACE(CONNACK_CODE(c), IN(ELLA_CONNACK)) +                                               \
     PLACE(ACK_CODE(c), IN(ELLA_PUBACK) + IN(ELLA_PUBREC)) +                                  \
     PLACE(RELEASE_CODE(c), IN(ELLA_PUBREL) + IN(ELLA_PUBCOMP)) +                             \
     PLACE(SUBACK_CODE(c), IN(ELLA_SUBACK)) + PLACE(UNSUBACK_CODE(c), IN(ELLA_UNSUBACK)) +    \
     PLACE(DISCONNECT_CODE(c) && !CLIENT_ONLY_DISCONNECT(c), IN(ELLA_DISCONNECT)) +           \
     PLACE(AUTH_CODE(c) && !CLIENT_ONLY_AUTH(c), IN(ELLA_AUTH)))
#define PLACES(c)                                                                             \
    (PLACE(CONNACK_CODE(c), IN(ELLA_CONNACK)) +                                               \
     PLACE(ACK_CODE(c), IN(ELLA_PUBACK) + IN(ELLA_PUBREC)) +                                  \
     PLACE(RELEASE_CODE(c), IN(ELLA_PUBREL) + IN(ELLA_PUBCOMP)) +                             \
     PLACE(SUBACK_CODE(c), IN(ELLA_SUBACK)) + PLACE(UNSUBACK_CODE(c), IN(ELLA_UNSUBACK)) +    \
     PLACE(DISCONNECT_CODE(c), IN(ELLA_DISCONNECT)) + PLACE(AUTH_CODE(c), IN(ELLA_AUTH)))

#define REASON(c)                                                                             \
    (ella_reason_packets[c] == PLACES(c) && ella_reason_client_packets[c] == CLIENT_PLACES(c) && \
     ella_reason_server_packets[c] == SERVER_PLACES(c))
#define REASONS_4(c) (REASON(c) && REASON((c) + 1) && REASON((c) + 2) && REASON((c) + 3))
#define REASONS_16(c) \
    (REASONS_4(c) && REASONS_4((c) + 4) && REASONS_4((c) + 8) && REASONS_4((c) + 12))

#endif
