/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * standard: what MQTT says about bytes, as logic. The contracts in the code speak in these words,
 * and WP proves the code against them; nothing here is code, and nothing here is an axiom.
 */
#ifndef PROOFS_STANDARD_H
#define PROOFS_STANDARD_H

#include <stdint.h>

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

/* Strings (section 1.5.4): UTF-8 as table 3-7 of the Unicode standard has it, but no U+0000. How
 * many bytes the character has that begins at index i and ends at or before end, 0 if there is
 * none; and where the characters stop that begin at i. */
#define BYTE_IN(x, least, greatest) ((least) <= (x) && (x) <= (greatest))
#define UTF8_TAIL(x) BYTE_IN(x, 0x80, 0xBF)
#define UTF8_2(a, b) (BYTE_IN(a, 0xC2, 0xDF) && UTF8_TAIL(b))
#define UTF8_3(a, b, c)                                                                  \
    (((a) == 0xE0 && BYTE_IN(b, 0xA0, 0xBF) || BYTE_IN(a, 0xE1, 0xEC) && UTF8_TAIL(b) || \
      (a) == 0xED && BYTE_IN(b, 0x80, 0x9F) || BYTE_IN(a, 0xEE, 0xEF) && UTF8_TAIL(b)) && \
     UTF8_TAIL(c))
#define UTF8_4(a, b, c, d)                                                               \
    (((a) == 0xF0 && BYTE_IN(b, 0x90, 0xBF) || BYTE_IN(a, 0xF1, 0xF3) && UTF8_TAIL(b) || \
      (a) == 0xF4 && BYTE_IN(b, 0x80, 0x8F)) &&                                          \
     UTF8_TAIL(c) && UTF8_TAIL(d))

/*@ logic integer utf8_len{L}(uint8_t *s, integer i, integer end) =
      i + 1 <= end && BYTE_IN(s[i], 0x01, 0x7F) ? 1 :
      (i + 2 <= end && UTF8_2(s[i], s[i + 1]) ? 2 :
      (i + 3 <= end && UTF8_3(s[i], s[i + 1], s[i + 2]) ? 3 :
      (i + 4 <= end && UTF8_4(s[i], s[i + 1], s[i + 2], s[i + 3]) ? 4 : 0)));

    logic integer utf8_stop{L}(uint8_t *s, integer i, integer end) =
      utf8_len(s, i, end) == 0 ? i : utf8_stop(s, i + utf8_len(s, i, end), end);

    predicate is_string{L}(uint8_t *s, integer i, integer end) = utf8_stop(s, i, end) == end;
 */

/* Topic names and filters (section 4.7): strings of at least one byte. In a filter '+' may be a
 * level by itself, and '#' the last level by itself; levels is where the first one begins. A name
 * has no wildcards: its levels begin behind its end. How many bytes the character or wildcard has
 * that begins at index i, 0 if none may stand there; and where those stop that begin at i. */
/*@ logic integer wildcard_len{L}(uint8_t *s, integer i, integer end, integer levels) =
      i < end && (i == levels || i > levels && s[i - 1] == '/') &&
      (i + 1 == end || s[i] == '+' && s[i + 1] == '/') ? 1 : 0;

    logic integer topic_len{L}(uint8_t *s, integer i, integer end, integer levels) =
      s[i] == '+' || s[i] == '#' ? wildcard_len(s, i, end, levels) : utf8_len(s, i, end);

    logic integer topic_stop{L}(uint8_t *s, integer i, integer end, integer levels) =
      topic_len(s, i, end, levels) == 0 ? i :
      topic_stop(s, i + topic_len(s, i, end, levels), end, levels);

    predicate topic_name{L}(uint8_t *s, integer i, integer end) =
      i < end && topic_stop(s, i, end, end + 1) == end;

    predicate topic_levels{L}(uint8_t *s, integer i, integer end) =
      i < end && topic_stop(s, i, end, i) == end;

    // The end of the level that begins at i: the next '/', or end.
    logic integer level_end{L}(uint8_t *b, integer i, integer end) =
      i < end && b[i] != '/' ? level_end(b, i + 1, end) : i;

    predicate starts_with_share{L}(uint8_t *b, integer i) =
      b[i] == '$' && b[i + 1] == 's' && b[i + 2] == 'h' && b[i + 3] == 'a' &&
      b[i + 4] == 'r' && b[i + 5] == 'e' && b[i + 6] == '/';

    predicate is_shared{L}(uint8_t *s, integer i, integer end) =
      i + 7 <= end && starts_with_share(s, i);

    // Section 4.8.2, behind $share/: a level without wildcards, '/', and a filter.
    predicate share_and_filter{L}(uint8_t *s, integer i, integer end) =
      topic_name(s, i, level_end(s, i, end)) && topic_levels(s, level_end(s, i, end) + 1, end);

    predicate topic_filter{L}(uint8_t *s, integer i, integer end) =
      is_shared(s, i, end) ? share_and_filter(s, i + 7, end) : topic_levels(s, i, end);
 */

/* Topic matching (section 4.7). Bytes [i, fe) of the filter match bytes [j, ne) of the name:
 * '#' takes all that is left, also nothing, and together with the '/' before it, the parent;
 * '+' takes one level, which may be empty; any other byte takes itself. The filter is valid. */
/*@ predicate takes_byte{L}(uint8_t *f, integer i, uint8_t *n, integer j, integer ne) =
      f[i] != '+' && j < ne && f[i] == n[j];

    predicate any_child{L}(uint8_t *f, integer i, integer fe) =
      fe == i + 2 && f[i] == '/' && f[i + 1] == '#';

    predicate rest_matches{L}(uint8_t *f, integer i, integer fe,
                              uint8_t *n, integer j, integer ne) =
      (i >= fe ==> j == ne) &&
      (i < fe && f[i] == '+' ==>
        rest_matches(f, i + 1, fe, n, level_end(n, j, ne), ne)) &&
      (i < fe && f[i] != '#' && takes_byte(f, i, n, j, ne) ==>
        rest_matches(f, i + 1, fe, n, j + 1, ne)) &&
      (i < fe && f[i] != '#' && f[i] != '+' && !takes_byte(f, i, n, j, ne) ==>
        j == ne && any_child(f, i, fe));

    predicate topic_matches{L}(uint8_t *f, integer i, integer fe,
                               uint8_t *n, integer j, integer ne) =
      !(j < ne && n[j] == '$' && i < fe && (f[i] == '+' || f[i] == '#')) &&
      rest_matches(f, i, fe, n, j, ne);
 */

/* The name of a shared subscription (section 4.8.2): bytes [i, end) are at least one, none of them
 * '+', '#' or '/', and a '/' follows. */
/*@ predicate share_name{L}(uint8_t *b, integer i, integer end) =
      i < end && b[end] == '/' && \forall integer k; i <= k < end ==>
        b[k] != '+' && b[k] != '#' && b[k] != '/';
 */

/* The flags of PUBLISH (section 3.3.1): QoS 3 there is not, and DUP is 0 with QoS 0. */
/*@ predicate publish_flags_right(integer flags) =
      flags / 2 % 4 != 3 && (flags / 2 % 4 == 0 ==> flags / 8 == 0); */

/* Sets that are kept as bits. */
/*@ predicate has_bit(integer bits, integer bit) = ((bits >> bit) & 1) != 0; */

/* Bytes that a contract speaks of. */
/*@ predicate bytes_readable{L}(uint8_t *buf, integer start, integer end) =
      \valid_read(buf + (start .. end - 1));
 */

#endif
