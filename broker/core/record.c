/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * record: heads of records from bytes and to bytes. It knows nothing of what they mean.
 */
#include "broker/core/record.h"

static const char *const names[RECORD_KIND_COUNT] = {
    [RECORD_START] = "start",
    [RECORD_TIME] = "time",
    [RECORD_SNAPSHOT_BEGIN] = "snapshot begin",
    [RECORD_SNAPSHOT_END] = "snapshot end",
    [RECORD_SESSION] = "session",
    [RECORD_SESSION_END] = "session end",
    [RECORD_SUBSCRIPTION] = "subscription",
    [RECORD_UNSUBSCRIPTION] = "unsubscription",
    [RECORD_MESSAGE] = "message",
    [RECORD_QUEUED] = "queued",
    [RECORD_SENT] = "sent",
    [RECORD_RELEASED] = "released",
    [RECORD_DONE] = "done",
    [RECORD_QUEUED_END] = "queued end",
    [RECORD_RECEIVED] = "received",
    [RECORD_RECEIVED_END] = "received end",
    [RECORD_RETAINED] = "retained",
    [RECORD_RETAINED_CLEAR] = "retained clear",
};

/*@ assigns \nothing; */
const char *record_kind_name(uint8_t kind) {
    return kind < RECORD_KIND_COUNT && names[kind] != NULL ? names[kind] : "?";
}

/*@ requires \valid_read(at + (0 .. left - 1));
    assigns \nothing;
    ensures \result != 0 ==> record_head_len(at) <= \result <= left;
    ensures \result != 0 ==> RECORD_START <= at[4] < RECORD_KIND_COUNT; */
static uint32_t size_of(const uint8_t *at, uint32_t left) {
    uint32_t size;

    if (left < RECORD_HEAD_SIZE_MIN)
        return 0u;
    size = record_get_u32(at) & RECORD_SIZE_MAX;
    if (record_get_u32(at) >> RECORD_SHAPE_SHIFT > RECORD_NARROW ||
        size < record_head_size_at(at) || size > left || at[4] == 0u ||
        at[4] >= RECORD_KIND_COUNT || (at[5] & ~RECORD_FLAGS_KNOWN) != 0u)
        return 0u;
    return size;
}

/*@ requires \valid_read(head + (0 .. record_head_len(head) - 1)) && \valid(out);
    assigns out->session, out->number, out->value; */
static void read_numbers(const uint8_t *head, struct record *out) {
    const uint32_t shape = record_get_u32(head) >> RECORD_SHAPE_SHIFT;

    if (shape == RECORD_NARROW) {
        out->session = record_get_u32(head + 8);
        out->number = record_get_u64(head + 12) & RECORD_NUMBER_MAX;
        out->value = record_get_u64(head + 16) >> 16;
        return;
    }
    out->session = record_get_u64(head + 8);
    out->number = record_get_u64(head + 16);
    out->value = shape == RECORD_WIDE ? record_get_u64(head + 24) : 0u;
}

/*@ requires start <= end && \valid_read(bytes + (start .. end - 1));
    requires \valid(out) && \separated(out, bytes + (start .. end - 1));
    assigns *out;
    ensures \result != 0 ==> RECORD_HEAD_SIZE_MIN <= \result && start + \result <= end;
    ensures \result != 0 ==> RECORD_START <= out->kind < RECORD_KIND_COUNT;
    ensures \result != 0 ==> out->body.base == bytes &&
      start + RECORD_HEAD_SIZE_MIN <= out->body.off <= out->body.end == start + \result; */
uint32_t record_read(const uint8_t *bytes, uint32_t start, uint32_t end, struct record *out) {
    const uint8_t *at = bytes + start;
    const uint32_t size = size_of(at, end - start);

    if (size == 0u)
        return 0u;
    out->kind = at[4];
    out->flags = at[5];
    out->packet_id = (uint16_t)(at[6] + at[7] * 256u);
    read_numbers(at, out);
    out->body.base = bytes;
    out->body.off = start + record_head_size_at(at);
    out->body.end = start + size;
    return size;
}

/*@ requires start <= end && \valid_read(bytes + (start .. end - 1));
    requires \valid(out_count) && \separated(out_count, bytes + (start .. end - 1));
    assigns *out_count;
    ensures \result <= end - start && (start < end ==> 0 < \result);
    ensures 0 < *out_count <= end - start + 1; */
uint32_t record_units_size(const uint8_t *bytes, uint32_t start, uint32_t end, uint32_t enough,
                           uint32_t *out_count) {
    uint32_t count = 0u;
    uint32_t at = start;

    /*@ loop invariant start <= at <= end && RECORD_HEAD_SIZE_MIN * count <= at - start;
        loop assigns at, count, *out_count;
        loop variant end - at; */
    while (end - at >= RECORD_HEAD_SIZE_MIN) {
        const uint8_t *head = bytes + at;
        const uint32_t size = record_get_u32(head) & RECORD_SIZE_MAX;

        if (size < RECORD_HEAD_SIZE_MIN || size > end - at)
            break;
        at += size;
        if ((head[5] & RECORD_UNIT_END) == 0u)
            continue;
        count++;
        if (at - start >= enough || at == end) {
            *out_count = count;
            return at - start;
        }
    }
    /* It does not end with a unit: one that is no whole one. */
    *out_count = count + 1u;
    return end - start;
}
