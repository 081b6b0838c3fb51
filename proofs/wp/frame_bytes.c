/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * frame_bytes: unit for the proof of what the journal's frames are judged by. The driver reads a
 * file of any size as frame.c does: of the bytes that it has, it asks for none beyond them, and
 * its search for the next frame ends.
 */
#include "broker/io/frame_bytes.h"

/* Looks at every place of a file that is held whole, as after damage. */
/*@ requires FRAME_FILE_HEADER_LEN <= size && \valid_read(bytes + (0 .. size - 1));
    assigns \nothing;
    ensures FRAME_FILE_HEADER_LEN <= \result <= size; */
uint64_t frame_bytes_search(const uint8_t *bytes, uint64_t size, bool is_encrypted) {
    uint64_t at = FRAME_FILE_HEADER_LEN;

    /*@ loop invariant FRAME_FILE_HEADER_LEN <= at <= size;
        loop assigns at;
        loop variant size - at; */
    while (at < size) {
        size_t frame_size = 0;

        if (size - at >= FRAME_HEADER_LEN &&
            frame_bytes_plausible(bytes + at, size - at, is_encrypted, &frame_size)) {
            /*@ assert at + frame_size <= size; */
            if (frame_bytes_same(frame_size, frame_u32(bytes + at), is_encrypted))
                return at;
        }
        at = frame_bytes_next(at, size);
    }
    return at;
}
