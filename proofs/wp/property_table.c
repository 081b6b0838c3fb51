/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * property_table: unit for the proof that the table of the properties is the standard's.
 */
#include "wp/properties.h"

#include "codec/gen/tables.c"
#include "codec/lists.h"

/*@ assigns \nothing;
    ensures PROPERTY(0x01, ELLA_TYPE_BYTE, 0, 1, IN_MESSAGE);
    ensures PROPERTY(0x02, ELLA_TYPE_FOUR_BYTE_INTEGER, 0, 4294967295, IN_MESSAGE);
    ensures PROPERTY(0x03, ELLA_TYPE_UTF8_STRING, 0, 65535, IN_MESSAGE);
    ensures PROPERTY(0x08, ELLA_TYPE_UTF8_STRING, 1, 65535, IN_MESSAGE);
    ensures PROPERTY(0x09, ELLA_TYPE_BINARY, 0, 65535, IN_MESSAGE);
    ensures property_rule(0x0B, ELLA_TYPE_VARIABLE_BYTE_INTEGER, 1, 268435455,
      IN(ELLA_SUBSCRIBE), IN(ELLA_PUBLISH), IN(ELLA_PUBLISH));
    ensures property_rule(0x11, ELLA_TYPE_FOUR_BYTE_INTEGER, 0, 4294967295,
      IN(ELLA_CONNECT) + IN(ELLA_DISCONNECT), IN_CONNACK, 0);
    ensures PROPERTY(0x12, ELLA_TYPE_UTF8_STRING, 0, 65535, IN_CONNACK);
    ensures PROPERTY(0x13, ELLA_TYPE_TWO_BYTE_INTEGER, 0, 65535, IN_CONNACK);
    ensures PROPERTY(0x15, ELLA_TYPE_UTF8_STRING, 0, 65535, IN_AUTHENTICATION);
    ensures PROPERTY(0x16, ELLA_TYPE_BINARY, 0, 65535, IN_AUTHENTICATION);
    ensures PROPERTY(0x17, ELLA_TYPE_BYTE, 0, 1, IN(ELLA_CONNECT));
    ensures PROPERTY(0x18, ELLA_TYPE_FOUR_BYTE_INTEGER, 0, 4294967295, IN_WILL);
    ensures PROPERTY(0x19, ELLA_TYPE_BYTE, 0, 1, IN(ELLA_CONNECT));
    ensures PROPERTY(0x1A, ELLA_TYPE_UTF8_STRING, 0, 65535, IN_CONNACK);
    ensures property_rule(0x1C, ELLA_TYPE_UTF8_STRING, 0, 65535,
      0, IN_CONNACK + IN(ELLA_DISCONNECT), 0);
    ensures PROPERTY(0x1F, ELLA_TYPE_UTF8_STRING, 0, 65535, IN_ANSWERS);
    ensures PROPERTY(0x21, ELLA_TYPE_TWO_BYTE_INTEGER, 1, 65535, IN_CONNECTS);
    ensures PROPERTY(0x22, ELLA_TYPE_TWO_BYTE_INTEGER, 0, 65535, IN_CONNECTS);
    ensures PROPERTY(0x23, ELLA_TYPE_TWO_BYTE_INTEGER, 1, 65535, IN(ELLA_PUBLISH));
    ensures PROPERTY(0x24, ELLA_TYPE_BYTE, 0, 1, IN_CONNACK);
    ensures PROPERTY(0x25, ELLA_TYPE_BYTE, 0, 1, IN_CONNACK);
    ensures property_rule(0x26, ELLA_TYPE_UTF8_PAIR, 0, 65535,
      FROM_CLIENT, FROM_SERVER, IN_ALL);
    ensures PROPERTY(0x27, ELLA_TYPE_FOUR_BYTE_INTEGER, 1, 4294967295, IN_CONNECTS);
    ensures PROPERTY(0x28, ELLA_TYPE_BYTE, 0, 1, IN_CONNACK);
    ensures PROPERTY(0x29, ELLA_TYPE_BYTE, 0, 1, IN_CONNACK);
    ensures PROPERTY(0x2A, ELLA_TYPE_BYTE, 0, 1, IN_CONNACK); */
void standard_properties(void) {
}

/* What the contracts of lists.h and encode.h take for known. */
/*@ assigns \nothing;
    ensures types_known; */
void types_of_properties(void) {
}

/*@ assigns \nothing;
    ensures NO_PROPERTY(0x00) && NO_PROPERTY(0x04) && NO_PROPERTY(0x05) && NO_PROPERTY(0x06);
    ensures NO_PROPERTY(0x07) && NO_PROPERTY(0x0A) && NO_PROPERTY(0x0C) && NO_PROPERTY(0x0D);
    ensures NO_PROPERTY(0x0E) && NO_PROPERTY(0x0F) && NO_PROPERTY(0x10) && NO_PROPERTY(0x14);
    ensures NO_PROPERTY(0x1B) && NO_PROPERTY(0x1D) && NO_PROPERTY(0x1E) && NO_PROPERTY(0x20); */
void no_other_properties(void) {
}
