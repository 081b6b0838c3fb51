/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Driver: the heads of records, from any bytes and to bytes. They stand in a buffer of the largest
 * head's size, so that a byte more is an alarm. What was read is used: all of it has been written.
 *
 * Integers are copied from bytes and to bytes here, where WP takes that by contract.
 */
#include "eva/any.h"

#include "broker/core/record.c"

static uint8_t head[RECORD_HEAD_SIZE_MAX];
static uint64_t used;

static void read_any(void) {
    struct record record;

    if (record_read(head, 0u, any_index(sizeof head), &record) == 0u)
        return;
    used ^= record.kind ^ record.flags ^ record.packet_id;
    used ^= record.session ^ record.number ^ record.value;
    used ^= record.body.off ^ record.body.end;
    used ^= record.body.base[0];
}

static void write_any(void) {
    const struct record record = {any_u8(),  any_u8(),  any_u16(),          any_u64(),
                                  any_u64(), any_u64(), any_slice(&head[0])};

    used ^= record_write_head(&record, any_u32(), head);
    record_put_body_len(head, any_u32());
    record_put_packet_id(head, any_u16());
    record_mark_end(head);
}

void eva_records(void) {
    any_bytes(head, sizeof head);
    used = any_u64();
    read_any();
    write_any();
    used ^= (uint8_t)record_kind_name(any_u8())[0];
}
