/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * topic: what the grammar of topics (topic.rl) offers to their matching (topic.c): where a level
 * ends, and how shared subscriptions begin (section 4.8.2). Not public.
 */
#ifndef LIBELLA_CODEC_TOPIC_H
#define LIBELLA_CODEC_TOPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "libella/codec.h"

#define SHARE_PREFIX_LEN 7u

/* For the contracts: no wildcard in bytes [i, end); and what a shared subscription consists of:
 * $share/, a name, and '/' with something behind it. */
/*@ predicate no_wildcard{L}(uint8_t *b, integer i, integer end) =
      \forall integer k; i <= k < end ==> b[k] != '+' && b[k] != '#';

    predicate share_parts{L}(uint8_t *b, integer i, integer end) =
      share_name(b, i, level_end(b, i, end)) && level_end(b, i, end) + 1 < end;

    predicate is_share{L}(uint8_t *b, integer i, integer end) =
      is_shared(b, i, end) && share_parts(b, i + 7, end); */

/* topic.rl: whether the filter begins with $share/. */
/*@ requires start <= end && bytes_readable(buf, start, end);
    assigns \nothing;
    ensures \result <==> is_shared(buf, start, end); */
bool ella_topic_is_shared(const uint8_t *buf, uint32_t start, uint32_t end);

/* topic.rl: the index behind the level that begins at start, that of the next '/' or the end. */
/*@ requires start <= end && bytes_readable(buf, start, end);
    assigns \nothing;
    ensures start <= \result <= end;
    ensures \result == level_end(buf, start, end);
    ensures \result < end ==> buf[\result] == '/';
    ensures \forall integer i; start <= i < \result ==> buf[i] != '/'; */
uint32_t ella_topic_level_end(const uint8_t *buf, uint32_t start, uint32_t end);

#endif
