/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * record_bodies: unit for the proof of broker/core/record_body.h. What is asked of a body here is
 * that its bytes can be read, which record_read() promises of each one (target wp_records): the
 * driver puts the two together, for any bytes, and asks for any number of the body.
 */
#include "broker/core/record.c"
#include "broker/core/record_body.h"

/*@ requires start <= end && \valid_read(bytes + (start .. end - 1));
    requires \valid(out_ms) && \separated(out_ms, bytes + (start .. end - 1));
    assigns *out_ms; */
uint32_t body_of_any_record(const uint8_t *bytes, uint32_t start, uint32_t end, uint32_t place,
                            uint32_t identifiers_max, uint64_t *out_ms) {
    struct record record;

    if (record_read(bytes, start, end, &record) == 0u)
        return 0u;
    if (record_body_time(record.body, out_ms) ||
        !record_body_is_queued(record.body, identifiers_max))
        return 0u;
    return record_body_number(record.body, place);
}
