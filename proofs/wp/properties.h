/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * properties: what MQTT 5.0 says about properties, as logic, like standard.h; for the units that
 * know the table of the properties.
 */
#ifndef PROOFS_WP_PROPERTIES_H
#define PROOFS_WP_PROPERTIES_H

#include "libella/tables.h"

/* Properties (section 2.2.2.2): identifier, type, least and greatest value or length, and the
 * packets in which table 2-4 lets them stand, as sums of these. The sections of the packets say
 * which end may send them there and which may stand more than once. */
#define IN(packet) (1 << (packet))
#define IN_WILL 1
#define IN_ACKS (IN(ELLA_PUBACK) + IN(ELLA_PUBREC) + IN(ELLA_PUBREL) + IN(ELLA_PUBCOMP))
#define IN_MESSAGE (IN_WILL + IN(ELLA_PUBLISH))
#define IN_CONNECTS (IN(ELLA_CONNECT) + IN(ELLA_CONNACK))
#define IN_CONNACK IN(ELLA_CONNACK)
#define IN_AUTHENTICATION (IN_CONNECTS + IN(ELLA_AUTH))
#define IN_ANSWERS                                                                         \
    (IN_CONNACK + IN_ACKS + IN(ELLA_SUBACK) + IN(ELLA_UNSUBACK) + IN(ELLA_DISCONNECT) +    \
     IN(ELLA_AUTH))
#define FROM_CLIENT                                                                        \
    (IN_MESSAGE + IN(ELLA_CONNECT) + IN_ACKS + IN(ELLA_SUBSCRIBE) + IN(ELLA_UNSUBSCRIBE) + \
     IN(ELLA_DISCONNECT) + IN(ELLA_AUTH))
#define FROM_SERVER (IN_ANSWERS + IN(ELLA_PUBLISH))
#define IN_ALL (FROM_CLIENT + IN_CONNACK + IN(ELLA_SUBACK) + IN(ELLA_UNSUBACK))

#define NO_PROPERTY(id) property_rule(id, ELLA_TYPE_NONE, 0, 0, 0, 0, 0)
#define PROPERTY(id, type, least, greatest, places) \
    property_rule(id, type, least, greatest, (places)&FROM_CLIENT, (places)&FROM_SERVER, 0)

/*@ predicate property_rule{L}(integer id, integer type, integer least, integer greatest,
                               integer from_client, integer from_server, integer often) =
      ella_property_rules[id].type == type && ella_property_rules[id].minimum == least &&
      ella_property_rules[id].maximum == greatest &&
      ella_property_rules[id].client_packets == from_client &&
      ella_property_rules[id].server_packets == from_server &&
      ella_property_rules[id].repeatable_packets == often; */

/* Whether a property may stand in the packet of that number, and with that value, by the table. */
/*@ predicate property_may_stand{L}(integer id, integer sender, integer packet) =
      (sender == 0 ==> has_bit(ella_property_rules[id].client_packets, packet)) &&
      (sender != 0 ==> has_bit(ella_property_rules[id].server_packets, packet));

    predicate property_in_range{L}(integer id, integer value) =
      ella_property_rules[id].minimum <= value <= ella_property_rules[id].maximum; */

/* The same where a packet is asked for by its bit; and whether it may stand there more than once.
 * Macros, so that the terms of contracts are those of the code: Frama-C does not tell provers that
 * the two sides of a bitwise and may be exchanged. */
#define PROPERTY_IN_PLACE(id, sender, place)                                          \
    (((sender) == 0 ==> (ella_property_rules[id].client_packets & (place)) != 0) &&    \
     ((sender) != 0 ==> (ella_property_rules[id].server_packets & (place)) != 0))
#define PROPERTY_MAY_REPEAT(id, place) \
    ((ella_property_rules[id].repeatable_packets & (place)) != 0)

#endif
