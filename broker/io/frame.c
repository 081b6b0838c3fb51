/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Frames into bytes and back; see frame.h.
 *
 * After a bad frame every place where a frame could begin is tried. The short check sum over the
 * header alone makes that cheap: of what is not a header one in 65536 gets as far as the long one.
 *
 * Frama-C proves it from its contracts (proofs/README.md, target wp_frame_reader), whose words are
 * in proofs/wp/frame_reader.c: heap, is_open() and so on.
 */
#include "broker/io/frame.h"

#include <stdlib.h>
#include <string.h>

#include "broker/io/crc32c.h"
#include "broker/io/frame_bytes.h"

#define KEY_CHECK_AT 40u
#define HEADER_CRC_AT 60u
/* What the disk does not give is asked for again in pieces of this size. */
#define BLOCK_SIZE 4096u
#define READ_SIZE (1024u * 1024u)

static const uint8_t magic[8] = {0x89, 'L', 'I', 'B', 'E', 'L', 'L', 'A'};

/*@ requires \valid(at + (0 .. 3));
    assigns at[0 .. 3]; */
static void put_u32(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/*@ requires \valid(at + (0 .. 7));
    assigns at[0 .. 7]; */
void frame_put_u64(uint8_t *at, uint64_t value) {
    put_u32(at, (uint32_t)(value >> 32));
    put_u32(at + 4, (uint32_t)value);
}

/*@ requires \valid_read(at + (0 .. 7));
    assigns \nothing; */
uint64_t frame_get_u64(const uint8_t *at) {
    return (uint64_t)frame_u32(at) << 32 | frame_u32(at + 4);
}

/*@ requires \valid_read(file) && body_len <= FRAME_BODY_LEN_MAX;
    assigns \nothing;
    ensures \result == frame_len(body_len, file->is_encrypted); */
size_t frame_size(const struct frame_file *file, size_t body_len) {
    return frame_bytes_size(body_len, file->is_encrypted);
}

/* Of salt and offset, which begin both check sums. */
/*@ requires \valid_read(file);
    assigns \nothing; */
static uint32_t place_crc(const struct frame_file *file, uint64_t offset) {
    uint8_t bytes[8];
    frame_put_u64(bytes, offset);
    return crc32c(file->salt_crc, bytes, sizeof bytes);
}

/* ---- Writing ---- */

/*@ requires \valid(file) && \valid(out + (0 .. FRAME_FILE_HEADER_LEN - 1));
    requires \valid_read(salt + (0 .. FRAME_SALT_LEN - 1));
    requires key == \null || \valid_read(key + (0 .. JOURNAL_KEY_LEN - 1));
    requires \separated(file, out + (0 .. FRAME_FILE_HEADER_LEN - 1),
      salt + (0 .. FRAME_SALT_LEN - 1), key + (0 .. JOURNAL_KEY_LEN - 1));
    assigns *file, out[0 .. FRAME_FILE_HEADER_LEN - 1];
    ensures \result ==> has_cipher(file);
    ensures !\result ==> file->cipher.context == \null; */
bool frame_file_make(struct frame_file *file, enum frame_start start, uint64_t number,
                     const uint8_t salt[FRAME_SALT_LEN], const uint8_t *key,
                     uint8_t out[FRAME_FILE_HEADER_LEN]) {
    *file = (struct frame_file){
        .version = FRAME_VERSION, .start = start, .number = number, .is_encrypted = key != NULL};
    memcpy(file->salt, salt, FRAME_SALT_LEN);
    file->salt_crc = crc32c(0, salt, FRAME_SALT_LEN);
    memset(out, 0, FRAME_FILE_HEADER_LEN);
    memcpy(out, magic, sizeof magic);
    out[9] = FRAME_VERSION;
    out[10] = (uint8_t)start;
    out[11] = key != NULL;
    frame_put_u64(out + 16, number);
    memcpy(out + 24, salt, FRAME_SALT_LEN);
    if (key != NULL &&
        (!journal_cipher_open(&file->cipher, key, salt, FRAME_SALT_LEN) ||
         !journal_cipher_seal(&file->cipher, 0, out, KEY_CHECK_AT, NULL, 0, out + KEY_CHECK_AT))) {
        frame_file_free(file);
        return false;
    }
    put_u32(out + HEADER_CRC_AT, crc32c(0, out, HEADER_CRC_AT));
    return true;
}

/*@ requires \valid(file);
    assigns file->cipher.context;
    ensures file->cipher.context == \null; */
void frame_file_free(struct frame_file *file) {
    if (file->cipher.context != NULL)
        journal_cipher_close(&file->cipher);
}

/*@ requires \valid(file) && has_cipher(file) && body_len <= FRAME_BODY_LEN_MAX;
    requires \valid_read(body + (0 .. body_len - 1));
    requires \valid(out + (0 .. frame_len(body_len, file->is_encrypted) - 1));
    requires \separated(out + (0 .. frame_len(body_len, file->is_encrypted) - 1), file,
      body + (0 .. body_len - 1));
    assigns out[0 .. frame_len(body_len, file->is_encrypted) - 1]; */
bool frame_write(struct frame_file *file, uint64_t offset, enum frame_kind kind,
                 const uint8_t *body, size_t body_len, uint8_t *out) {
    const size_t size = frame_size(file, body_len);
    const uint32_t crc = place_crc(file, offset);
    put_u32(out, (uint32_t)body_len);
    out[4] = (uint8_t)kind;
    out[5] = 0;
    const uint32_t check = crc32c(crc, out, 6);
    out[6] = (uint8_t)(check >> 8);
    out[7] = (uint8_t)check;
    memset(out + size - FRAME_ALIGNMENT, 0, FRAME_ALIGNMENT);
    if (file->is_encrypted) {
        if (!journal_cipher_seal(&file->cipher, offset, out, 8, body, body_len,
                                 out + FRAME_HEADER_LEN))
            return false;
    } else if (body_len > 0) {
        memcpy(out + FRAME_HEADER_LEN, body, body_len);
    }
    uint32_t all = crc32c(crc, out, 8);
    all = crc32c(all, out + FRAME_HEADER_LEN, size - FRAME_HEADER_LEN);
    put_u32(out + 8, all);
    return true;
}

/* ---- Reading: bytes ---- */

/* Room for wanted bytes. What was in it is not kept; all of it has been written, if only with
 * zeros. false: no memory, and no room at all. */
/*@ requires \valid(memory) && \valid(size) && \separated(memory, size) &&
      is_block(*memory, *size);
    requires !IN_HEAP(memory) && !IN_HEAP(size) && 0 < wanted;
    assigns *memory, *size, heap[0 .. HEAP_SIZE - 1];
    ensures is_block(*memory, *size);
    ensures \result ==> *size >= wanted;
    ensures !\result ==> *size == 0; */
static bool make_room(uint8_t **memory, size_t *size, size_t wanted) {
    if (*memory != NULL && *size >= wanted)
        return true;
    free(*memory);
    *memory = calloc(1, wanted);
    *size = *memory == NULL ? 0 : wanted;
    return *memory != NULL;
}

/* How many of size bytes the disk gives when it is asked once. */
/*@ requires \valid_read(reader) && is_port(reader->files) && \valid(out + (0 .. size - 1));
    assigns out[0 .. size - 1];
    ensures \result <= size; */
static size_t read_once(const struct frame_reader *reader, uint64_t offset, uint8_t *out,
                        size_t size) {
    const struct file_port *files = reader->files;
    enum file_status status;
    size_t got = 0;
    //@ calls any_read;
    status = files->read(files->ctx, reader->handle, offset, out, size, &got);
    return status == FILE_OK ? got : 0;
}

/*@ requires from <= end && \valid(out + (from .. end - 1));
    assigns out[from .. end - 1]; */
static void put_zeros(uint8_t *out, size_t from, size_t end) {
    /*@ loop invariant \at(from, Pre) <= from <= end;
        loop assigns from, out[\at(from, Pre) .. end - 1];
        loop variant end - from; */
    for (; from < end; from++)
        out[from] = 0;
}

/* Block by block, zeros for those that the disk does not give. */
/*@ requires \valid(reader) && is_port(reader->files) && \valid(out + (0 .. len - 1));
    requires \separated(reader, out + (0 .. len - 1));
    assigns out[0 .. len - 1], reader->unreadable_bytes; */
static void read_blocks(struct frame_reader *reader, uint64_t offset, uint8_t *out, size_t len) {
    /*@ loop invariant done <= len;
        loop assigns done, out[0 .. len - 1], reader->unreadable_bytes;
        loop variant len - done; */
    for (size_t done = 0; done < len;) {
        const size_t left = len - done;
        const size_t part = left < BLOCK_SIZE ? left : BLOCK_SIZE;
        const size_t got = read_once(reader, offset + done, out + done, part);
        put_zeros(out + done, got, part);
        reader->unreadable_bytes += part - got;
        done += part;
    }
}

/*@ requires \valid(reader) && is_port(reader->files) && \valid(out + (0 .. size - 1));
    requires \separated(reader, out + (0 .. size - 1));
    assigns out[0 .. size - 1], reader->unreadable_bytes;
    ensures \result <= size;
    ensures offset < reader->size ==> \result == size || offset + \result == reader->size; */
size_t frame_reader_raw(struct frame_reader *reader, uint64_t offset, uint8_t *out, size_t size) {
    size = frame_bytes_left(reader->size, offset, size);
    if (size > 0 && read_once(reader, offset, out, size) < size)
        read_blocks(reader, offset, out, size);
    return size;
}

/* len bytes at offset, which the file has; NULL: no memory. */
/*@ requires is_open(reader) && 0 < len && offset + len <= reader->size;
    assigns reader->buffer, reader->buffer_size, reader->buffer_len, reader->buffer_offset,
      reader->unreadable_bytes, heap[0 .. HEAP_SIZE - 1];
    ensures is_open(reader);
    ensures \result == \null || IN_HEAP(\result) && \valid_read(\result + (0 .. len - 1)); */
static const uint8_t *bytes_at(struct frame_reader *reader, uint64_t offset, size_t len) {
    const size_t place = frame_bytes_place(reader->buffer_offset, reader->buffer_len, offset, len);
    if (reader->buffer != NULL && place < reader->buffer_len)
        return reader->buffer + place;
    const size_t part = reader->size < READ_SIZE ? (size_t)reader->size : READ_SIZE;
    reader->buffer_len = 0;
    if (!make_room(&reader->buffer, &reader->buffer_size, len > part ? len : part))
        return NULL;
    reader->buffer_offset = offset;
    reader->buffer_len = frame_reader_raw(reader, offset, reader->buffer, reader->buffer_size);
    return reader->buffer;
}

/* ---- Reading: the header ---- */

/*@ requires \valid(file) && \valid_read(header + (0 .. FRAME_FILE_HEADER_LEN - 1));
    requires keys == \null || are_keys(keys);
    requires \separated(file, header + (0 .. FRAME_FILE_HEADER_LEN - 1), keys);
    assigns file->cipher, file->key_index;
    ensures \result == FRAME_OPEN_OK ==> file->cipher.context != \null; */
static enum frame_open_status try_keys(struct frame_file *file, const uint8_t *header,
                                       const struct journal_keys *keys) {
    uint8_t nothing[1];
    /*@ loop invariant keys != \null ==> i <= keys->count;
        loop assigns i, file->cipher, file->key_index, nothing[0];
        loop variant JOURNAL_KEYS_MAX - i; */
    for (uint32_t i = 0; keys != NULL && i < keys->count; i++) {
        if (!journal_cipher_open(&file->cipher, keys->key[i], file->salt, FRAME_SALT_LEN))
            return FRAME_OPEN_FAILED;
        file->key_index = i;
        if (journal_cipher_unseal(&file->cipher, 0, header, KEY_CHECK_AT, header + KEY_CHECK_AT,
                                  nothing, 0))
            return FRAME_OPEN_OK;
        journal_cipher_close(&file->cipher);
    }
    return FRAME_OPEN_WRONG_KEY;
}

/*@ requires \valid(file) && \valid_read(header + (0 .. FRAME_FILE_HEADER_LEN - 1));
    requires keys == \null || are_keys(keys);
    requires \separated(file, header + (0 .. FRAME_FILE_HEADER_LEN - 1), keys);
    assigns *file;
    ensures \result == FRAME_OPEN_OK ==> has_cipher(file); */
static enum frame_open_status read_header(struct frame_file *file, const uint8_t *header,
                                          const struct journal_keys *keys) {
    if (memcmp(header, magic, sizeof magic) != 0 ||
        frame_u32(header + HEADER_CRC_AT) != crc32c(0, header, HEADER_CRC_AT))
        return FRAME_OPEN_BAD;
    if (header[8] != 0 || header[9] > FRAME_VERSION)
        return FRAME_OPEN_NEWER;
    if (header[9] < FRAME_VERSION_OLDEST)
        return FRAME_OPEN_BAD;
    if (header[10] > FRAME_FRESH || header[11] > 1)
        return FRAME_OPEN_BAD;
    file->version = header[9];
    file->start = (enum frame_start)header[10];
    file->is_encrypted = header[11] == 1;
    file->number = frame_get_u64(header + 16);
    memcpy(file->salt, header + 24, FRAME_SALT_LEN);
    file->salt_crc = crc32c(0, file->salt, FRAME_SALT_LEN);
    return file->is_encrypted ? try_keys(file, header, keys) : FRAME_OPEN_OK;
}

/*@ requires \valid(reader);
    assigns *reader;
    ensures reader->files == files;
    ensures !reader->file.is_encrypted && reader->file.cipher.context == \null;
    ensures reader->buffer == \null && reader->buffer_size == 0 && reader->buffer_len == 0;
    ensures reader->plain == \null && reader->plain_size == 0; */
static void begin(struct frame_reader *reader, const struct file_port *files, int handle) {
    *reader = (struct frame_reader){.files = files, .handle = handle};
}

/*@ requires \valid(reader) && !IN_HEAP(reader) && is_port(files);
    requires keys == \null || are_keys(keys) && !IN_HEAP(keys);
    requires \separated(reader, files, keys);
    assigns *reader, heap[0 .. HEAP_SIZE - 1];
    ensures is_reader(reader);
    ensures \result == FRAME_OPEN_OK ==> is_open(reader); */
enum frame_open_status frame_reader_open(struct frame_reader *reader,
                                         const struct file_port *files, int handle,
                                         const struct journal_keys *keys) {
    begin(reader, files, handle);
    enum file_status status;
    //@ calls any_size;
    status = files->size(files->ctx, handle, &reader->size);
    if (status != FILE_OK)
        return FRAME_OPEN_BAD;
    if (reader->size < FRAME_FILE_HEADER_LEN)
        return FRAME_OPEN_SHORT;
    const uint8_t *header = bytes_at(reader, 0, FRAME_FILE_HEADER_LEN);
    if (header == NULL)
        return FRAME_OPEN_FAILED;
    reader->offset = FRAME_FILE_HEADER_LEN;
    return read_header(&reader->file, header, keys);
}

/*@ requires is_reader(reader);
    assigns *reader;
    ensures is_reader(reader); */
void frame_reader_free(struct frame_reader *reader) {
    frame_file_free(&reader->file);
    free(reader->buffer);
    free(reader->plain);
    begin(reader, NULL, -1);
}

/* ---- Reading: frames ---- */

/* Whether the short check sum of a header is right, and the long one of the whole frame; place is
 * place_crc(). */
/*@ requires \valid_read(at + (0 .. FRAME_HEADER_LEN - 1));
    assigns \nothing;
    ensures \result <==> crc_of(place, at, 6) % 65536 == at[6] * 256 + at[7]; */
static bool is_header(uint32_t place, const uint8_t *at) {
    return crc32c(place, at, 6) % 65536u == at[6] * 256u + at[7];
}

/*@ requires FRAME_HEADER_LEN <= size && \valid_read(at + (0 .. size - 1));
    assigns \nothing;
    ensures \result <==> crc_of(crc_of(place, at, 8), at + 12, size - 12) ==
      at[8] * 16777216 + at[9] * 65536 + at[10] * 256 + at[11]; */
static bool is_whole(uint32_t place, const uint8_t *at, size_t size) {
    const uint32_t crc = crc32c(place, at, 8);
    return crc32c(crc, at + FRAME_HEADER_LEN, size - FRAME_HEADER_LEN) == frame_u32(at + 8);
}

/* Whether a header stands at offset whose frame the file is long enough for; the frame's size. */
/*@ requires is_open(reader) && offset < reader->size;
    requires \valid(out_size) && \separated(out_size, reader, reader->files);
    requires !IN_HEAP(out_size);
    assigns reader->buffer, reader->buffer_size, reader->buffer_len, reader->buffer_offset,
      reader->unreadable_bytes, *out_size, heap[0 .. HEAP_SIZE - 1];
    ensures is_open(reader);
    ensures \result == FRAME_GOOD || \result == FRAME_BAD || \result == FRAME_NO_MEMORY;
    ensures \result == FRAME_GOOD ==> 12 <= *out_size && offset + *out_size <= reader->size; */
static enum frame_status look_at(struct frame_reader *reader, uint64_t offset, size_t *out_size) {
    if (reader->size - offset < FRAME_HEADER_LEN)
        return FRAME_BAD;
    const uint8_t *at = bytes_at(reader, offset, FRAME_HEADER_LEN);
    if (at == NULL)
        return FRAME_NO_MEMORY;
    if (!frame_bytes_plausible(at, reader->size - offset, reader->file.is_encrypted, out_size))
        return FRAME_BAD;
    return is_header(place_crc(&reader->file, offset), at) ? FRAME_GOOD : FRAME_BAD;
}

/*@ requires is_open(reader) && \valid(out) && \separated(out, reader, reader->files);
    requires IN_HEAP(at) && out->body_len <= UINT32_MAX;
    requires \valid_read(at + (0 .. 12 + out->body_len + tag_len(reader->file.is_encrypted) - 1));
    assigns reader->plain, reader->plain_size, out->body, heap[0 .. HEAP_SIZE - 1];
    ensures is_open(reader);
    ensures \result == FRAME_GOOD || \result == FRAME_BAD || \result == FRAME_NO_MEMORY;
    ensures \result == FRAME_GOOD ==>
      IN_HEAP(out->body) && \valid_read(out->body + (0 .. out->body_len - 1)); */
static enum frame_status open_body(struct frame_reader *reader, struct frame *out,
                                   const uint8_t *at) {
    out->body = at + FRAME_HEADER_LEN;
    if (!reader->file.is_encrypted)
        return FRAME_GOOD;
    if (!make_room(&reader->plain, &reader->plain_size, out->body_len + 1u))
        return FRAME_NO_MEMORY;
    if (!journal_cipher_unseal(&reader->file.cipher, out->offset, at, 8, out->body, reader->plain,
                               out->body_len))
        return FRAME_BAD;
    out->body = reader->plain;
    return FRAME_GOOD;
}

/*@ requires is_open(reader) && offset < reader->size;
    requires \valid(out) && \separated(out, reader, reader->files);
    assigns reader->buffer, reader->buffer_size, reader->buffer_len, reader->buffer_offset,
      reader->plain, reader->plain_size, reader->unreadable_bytes, *out, heap[0 .. HEAP_SIZE - 1];
    ensures is_open(reader);
    ensures \result == FRAME_GOOD || \result == FRAME_BAD || \result == FRAME_NO_MEMORY;
    ensures \result == FRAME_GOOD ==> is_frame(out, offset, reader->size); */
static enum frame_status frame_at(struct frame_reader *reader, uint64_t offset,
                                  struct frame *out) {
    size_t size = 0;
    const enum frame_status found = look_at(reader, offset, &size);
    if (found != FRAME_GOOD)
        return found;
    const uint8_t *at = bytes_at(reader, offset, size);
    if (at == NULL)
        return FRAME_NO_MEMORY;
    if (!frame_bytes_same(size, frame_u32(at), reader->file.is_encrypted))
        return FRAME_BAD;
    if (!is_whole(place_crc(&reader->file, offset), at, size))
        return FRAME_BAD;
    out->offset = offset;
    out->end = offset + size;
    out->kind = (enum frame_kind)at[4];
    out->body_len = frame_u32(at);
    return open_body(reader, out, at);
}

/* What begins at the reader's place is no good frame: goes to where one begins, or to the end. */
/*@ requires is_open(reader) && reader->offset < reader->size;
    requires \valid(out) && \separated(out, reader, reader->files);
    assigns reader->offset, reader->buffer, reader->buffer_size, reader->buffer_len,
      reader->buffer_offset, reader->plain, reader->plain_size, reader->unreadable_bytes, *out,
      heap[0 .. HEAP_SIZE - 1];
    ensures is_open(reader);
    ensures \result == FRAME_BAD || \result == FRAME_NO_MEMORY;
    ensures \result == FRAME_BAD ==>
      out->offset == \old(reader->offset) && out->end == reader->offset &&
      out->body_len == 0 && \old(reader->offset) < reader->offset <= reader->size; */
static enum frame_status skip(struct frame_reader *reader, struct frame *out) {
    const uint64_t start = reader->offset;
    uint64_t at = frame_bytes_next(start, reader->size);
    enum frame_status found = FRAME_BAD;
    /*@ loop invariant start < at <= reader->size && is_open(reader);
        loop invariant found == FRAME_GOOD || found == FRAME_BAD || found == FRAME_NO_MEMORY;
        loop assigns at, found, reader->buffer, reader->buffer_size, reader->buffer_len,
          reader->buffer_offset, reader->plain, reader->plain_size, reader->unreadable_bytes, *out,
          heap[0 .. HEAP_SIZE - 1];
        loop variant reader->size - at; */
    while (at < reader->size) {
        found = frame_at(reader, at, out);
        if (found != FRAME_BAD)
            break;
        at = frame_bytes_next(at, reader->size);
    }
    if (found == FRAME_NO_MEMORY)
        return found;
    reader->offset = at;
    out->offset = start;
    out->end = at;
    out->kind = FRAME_NONE;
    out->body = NULL;
    out->body_len = 0;
    return FRAME_BAD;
}

/*@ requires is_open(reader) && \valid(out) && \separated(out, reader, reader->files);
    assigns reader->offset, reader->buffer, reader->buffer_size, reader->buffer_len,
      reader->buffer_offset, reader->plain, reader->plain_size, reader->unreadable_bytes, *out,
      heap[0 .. HEAP_SIZE - 1];
    ensures is_open(reader);
    ensures \result == FRAME_GOOD ==> is_frame(out, \old(reader->offset), reader->size);
    ensures \result == FRAME_GOOD || \result == FRAME_BAD ==>
      out->offset == \old(reader->offset) && out->end == reader->offset &&
      \old(reader->offset) < reader->offset <= reader->size;
    ensures \result == FRAME_NO_MORE <==> \old(reader->offset) >= reader->size; */
enum frame_status frame_reader_next(struct frame_reader *reader, struct frame *out) {
    if (reader->offset >= reader->size)
        return FRAME_NO_MORE;
    const enum frame_status found = frame_at(reader, reader->offset, out);
    if (found == FRAME_BAD)
        return skip(reader, out);
    if (found == FRAME_GOOD)
        reader->offset = out->end;
    return found;
}
