/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * frame_reader: unit for the proof of broker/io/frame.c, with what it is given of the world: files
 * that may answer anything, memory that may not come, check sums and ciphers of which nothing is
 * known. Their contracts, here and in crc32c.h and journal_cipher.h, are assumed, not proved.
 *
 * The proof begins with any lawful reader and ends with a lawful one: so it holds for any number
 * of calls, whatever the files say and however often their answers change.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/io/frame.h"

/* Memory: all that calloc() gives lies in the heap, a block anywhere in it. Where a block begins
 * is not known, so nothing is known to be readable but what the block has. */
#define HEAP_SIZE 0x10000000000
extern uint8_t heap[HEAP_SIZE];

#define IN_HEAP(p) (\base_addr(p) == \base_addr(&heap[0]))

/*@ predicate is_block(uint8_t *bytes, integer size) =
      size == 0 ? bytes == \null : IN_HEAP(bytes) && \valid(bytes + (0 .. size - 1));
 */

/*@ assigns heap[0 .. HEAP_SIZE - 1];
    ensures \result == \null || IN_HEAP(\result) && \valid(\result + (0 .. size - 1)); */
static uint8_t *block_of_zeros(size_t size);

/*@ requires block == \null || IN_HEAP(block);
    assigns \nothing; */
static void block_freed(uint8_t *block);

#define calloc(count, size) block_of_zeros((count) * (size))
#define free(block) block_freed(block)

/* Files. */

/*@ requires \valid(out + (0 .. size - 1)) && \valid(out_len);
    requires \separated(out_len, out + (0 .. size - 1));
    assigns out[0 .. size - 1], *out_len;
    ensures \result == FILE_OK ==> *out_len <= size; */
static enum file_status any_read(void *ctx, int file, uint64_t offset, uint8_t *out, size_t size,
                                 size_t *out_len);

/*@ requires \valid(out_bytes);
    assigns *out_bytes; */
static enum file_status any_size(void *ctx, int file, uint64_t *out_bytes);

/*@ predicate is_port(struct file_port *files) =
      \valid_read(files) && files->read == &any_read && files->size == &any_size;
 */

/* What a frame takes in the file. */
/*@ logic integer tag_len(integer is_encrypted) = is_encrypted != 0 ? 16 : 0;

    logic integer frame_len(integer body_len, integer is_encrypted) =
      (12 + body_len + tag_len(is_encrypted) + 3) / 4 * 4;
 */

/*@ predicate are_keys(struct journal_keys *keys) =
      \valid_read(keys) && keys->count <= JOURNAL_KEYS_MAX;

    predicate has_cipher(struct frame_file *file) =
      file->is_encrypted ==> file->cipher.context != \null;

    // A reader that may be freed.
    predicate is_reader(struct frame_reader *reader) =
      \valid(reader) && !IN_HEAP(reader) &&
      is_block(reader->buffer, reader->buffer_size) && reader->buffer_len <= reader->buffer_size &&
      is_block(reader->plain, reader->plain_size);

    // A reader that may be asked for frames.
    predicate is_open(struct frame_reader *reader) =
      is_reader(reader) && is_port(reader->files) && has_cipher(&reader->file);

    // A frame that begins at offset of a file of that size, its body there to be read.
    predicate is_frame(struct frame *frame, integer offset, integer size) =
      frame->offset == offset && offset < frame->end <= size &&
      \valid_read(frame->body + (0 .. frame->body_len - 1));
 */

#include "broker/io/frame.c"
