/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * frame: unit for the proof of the fixed header's machine, in any number of calls, and of what it
 * calls for each byte.
 */
#include "codec/machines.h"

/* Why a fixed header that begins at index k is refused: its first byte, too long a Remaining
 * Length, or its limits. */
/*@ predicate frame_fault{L}(struct ella_decoder *d, uint8_t *b, integer k, integer end) =
      d->error_offset == 0 ||
      d->error == ELLA_ERROR_VARIABLE_BYTE_INTEGER && d->error_offset == 4 && k + 5 <= end &&
        length_goes_on(b, k, 5) ||
      frame_seen(d, 6, b, k) && !frame_in_limits(d) && k + d->header_len_ <= end; */

/* The header begins header_len_ bytes before start. It goes on from any state that it can be in,
 * to one that it can be in, and says true when the header is whole and within the limits. */
/*@ requires \valid(d) && d->header_len_ <= start <= end && d->error == ELLA_ERROR_NONE;
    requires bytes_readable(buf, start - d->header_len_, end);
    requires \separated(d, buf + (start - d->header_len_ .. end - 1));
    requires frame_seen(d, d->state_, buf, start - d->header_len_);
    requires d->state_ == 6 ==> frame_in_limits(d);
    assigns d->packet_type, d->state_, d->header_len_, d->not_shortest_, d->remaining_length_,
      d->first_byte_, d->error, d->error_offset;
    ensures \result == 0 || \result == 1;
    ensures \result ==> d->error == ELLA_ERROR_NONE && d->state_ == 6 && frame_in_limits(d);
    ensures d->error == ELLA_ERROR_NONE ==>
      frame_seen(d, d->state_, buf, start - \old(d->header_len_)) &&
      start - \old(d->header_len_) + d->header_len_ <= end;
    ensures !\result && d->error == ELLA_ERROR_NONE ==>
      d->state_ != 6 && start - \old(d->header_len_) + d->header_len_ == end;
    ensures d->error != ELLA_ERROR_NONE ==>
      frame_fault(d, buf, start - \old(d->header_len_), end); */
bool ella_frame_read(struct ella_decoder *d, const uint8_t *buf, uint32_t start, uint32_t end);

#include "codec/gen/frame.c"
