/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * standard: what MQTT says about bytes, as logic. The contracts in the code speak in these words,
 * and WP proves the code against them; nothing here is code, and nothing here is an axiom.
 */
#ifndef PROOFS_STANDARD_H
#define PROOFS_STANDARD_H

#include "libella/codec.h"

/* Variable Byte Integer (section 1.5.5): how many bytes its shortest form has, and which they are:
 * seven bits each, the low ones first, 128 added to all but the last. */
/*@ logic integer vbi_len(integer x) =
      x < 128 ? 1 : (x < 16384 ? 2 : (x < 2097152 ? 3 : 4));

    predicate vbi_encodes{L}(uint8_t *p, integer x) =
      (x < 128 ==> p[0] == x) &&
      (128 <= x < 16384 ==> p[0] == x % 128 + 128 && p[1] == x / 128) &&
      (16384 <= x < 2097152 ==>
        p[0] == x % 128 + 128 && p[1] == x / 128 % 128 + 128 && p[2] == x / 16384) &&
      (2097152 <= x ==>
        p[0] == x % 128 + 128 && p[1] == x / 128 % 128 + 128 &&
        p[2] == x / 16384 % 128 + 128 && p[3] == x / 2097152);
 */

/* Bytes that a contract speaks of. */
/*@ predicate bytes_readable{L}(uint8_t *buf, integer start, integer end) =
      \valid_read(buf + (start .. end - 1));

    predicate slice_readable{L}(struct ella_slice s) = bytes_readable(s.base, s.off, s.end);

    predicate slice_copied{L}(uint8_t *to, struct ella_slice s) =
      \forall integer i; 0 <= i < s.end - s.off ==> to[i] == s.base[s.off + i];
 */

#endif
