/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * packet_table: unit for the proof that the tables of packets and reason codes are the standards'.
 */
#include "wp/packets.h"

#include "codec/gen/tables.c"

/*@ assigns \nothing;
    ensures packet_rule(0, 0, NOBODY, NOBODY);
    ensures packet_rule(ELLA_CONNECT, 0, CLIENT, CLIENT);
    ensures packet_rule(ELLA_CONNACK, 0, SERVER, SERVER);
    ensures packet_rule(ELLA_PUBLISH, 0, BOTH, BOTH);
    ensures packet_rule(ELLA_PUBACK, 0, BOTH, BOTH);
    ensures packet_rule(ELLA_PUBREC, 0, BOTH, BOTH);
    ensures packet_rule(ELLA_PUBREL, 2, BOTH, BOTH);
    ensures packet_rule(ELLA_PUBCOMP, 0, BOTH, BOTH);
    ensures packet_rule(ELLA_SUBSCRIBE, 2, CLIENT, CLIENT);
    ensures packet_rule(ELLA_SUBACK, 0, SERVER, SERVER);
    ensures packet_rule(ELLA_UNSUBSCRIBE, 2, CLIENT, CLIENT);
    ensures packet_rule(ELLA_UNSUBACK, 0, SERVER, SERVER);
    ensures packet_rule(ELLA_PINGREQ, 0, CLIENT, CLIENT);
    ensures packet_rule(ELLA_PINGRESP, 0, SERVER, SERVER);
    ensures packet_rule(ELLA_DISCONNECT, 0, CLIENT, BOTH);
    ensures packet_rule(ELLA_AUTH, 0, NOBODY, BOTH); */
void standard_packets(void) {
}

/*@ assigns \nothing;
    ensures REASONS_16(0x00) && REASONS_16(0x10) && REASONS_16(0x20) && REASONS_16(0x30);
    ensures REASONS_16(0x40) && REASONS_16(0x50) && REASONS_16(0x60) && REASONS_16(0x70);
    ensures REASONS_16(0x80) && REASONS_16(0x90);
    ensures REASONS_16(0xA0) && REASONS_16(0xB0) && REASONS_16(0xC0);
    ensures REASONS_16(0xD0) && REASONS_16(0xE0) && REASONS_16(0xF0); */
void standard_reason_codes(void) {
}
