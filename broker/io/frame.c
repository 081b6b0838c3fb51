/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Frames into bytes and back; see frame.h.
 *
 * After a bad frame every place where a frame could begin is tried. The short check sum over the
 * header alone makes that cheap: of what is not a header one in 65536 gets as far as the long one.
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

static void put_u32(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

void frame_put_u64(uint8_t *at, uint64_t value) {
    put_u32(at, (uint32_t)(value >> 32));
    put_u32(at + 4, (uint32_t)value);
}

uint64_t frame_get_u64(const uint8_t *at) {
    return (uint64_t)frame_u32(at) << 32 | frame_u32(at + 4);
}

size_t frame_size(const struct frame_file *file, size_t body_len) {
    return frame_bytes_size(body_len, file->is_encrypted);
}

/* Of salt and offset, which begin both check sums. */
static uint32_t place_crc(const struct frame_file *file, uint64_t offset) {
    uint8_t bytes[8];
    frame_put_u64(bytes, offset);
    return crc32c(file->salt_crc, bytes, sizeof bytes);
}

/* ---- Writing ---- */

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

void frame_file_free(struct frame_file *file) {
    if (file->cipher.context != NULL)
        journal_cipher_close(&file->cipher);
}

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

static bool grow(uint8_t **memory, size_t *size, size_t wanted) {
    if (*size >= wanted)
        return true;
    uint8_t *larger = realloc(*memory, wanted);
    if (larger == NULL)
        return false;
    *memory = larger;
    *size = wanted;
    return true;
}

/* Block by block, zeros for those that the disk does not give. */
static void read_blocks(struct frame_reader *reader, uint64_t offset, uint8_t *out, size_t len) {
    for (size_t done = 0; done < len;) {
        const size_t part = len - done < BLOCK_SIZE ? len - done : BLOCK_SIZE;
        size_t got = 0;
        const enum file_status status = reader->files->read(reader->files->ctx, reader->handle,
                                                            offset + done, out + done, part, &got);
        if (status != FILE_OK)
            got = 0;
        memset(out + done + got, 0, part - got);
        reader->unreadable_bytes += part - got;
        done += part;
    }
}

size_t frame_reader_raw(struct frame_reader *reader, uint64_t offset, uint8_t *out, size_t size) {
    size_t got = 0;
    size = frame_bytes_left(reader->size, offset, size);
    if (size == 0)
        return 0;
    const enum file_status status =
        reader->files->read(reader->files->ctx, reader->handle, offset, out, size, &got);
    if (status != FILE_OK || got < size)
        read_blocks(reader, offset, out, size);
    return size;
}

/* len bytes at offset, which the file has; NULL: no memory. */
static const uint8_t *bytes_at(struct frame_reader *reader, uint64_t offset, size_t len) {
    if (frame_bytes_held(reader->buffer_offset, reader->buffer_len, offset, len))
        return reader->buffer + (offset - reader->buffer_offset);
    const size_t part = reader->size < READ_SIZE ? (size_t)reader->size : READ_SIZE;
    if (!grow(&reader->buffer, &reader->buffer_size, len > part ? len : part))
        return NULL;
    reader->buffer_offset = offset;
    reader->buffer_len = frame_reader_raw(reader, offset, reader->buffer, reader->buffer_size);
    return reader->buffer;
}

/* ---- Reading: the header ---- */

static enum frame_open_status try_keys(struct frame_file *file, const uint8_t *header,
                                       const struct journal_keys *keys) {
    uint8_t nothing[1];
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

enum frame_open_status frame_reader_open(struct frame_reader *reader,
                                         const struct file_port *files, int handle,
                                         const struct journal_keys *keys) {
    *reader = (struct frame_reader){.files = files, .handle = handle};
    if (files->size(files->ctx, handle, &reader->size) != FILE_OK)
        return FRAME_OPEN_BAD;
    if (reader->size < FRAME_FILE_HEADER_LEN)
        return FRAME_OPEN_SHORT;
    const uint8_t *header = bytes_at(reader, 0, FRAME_FILE_HEADER_LEN);
    if (header == NULL)
        return FRAME_OPEN_FAILED;
    reader->offset = FRAME_FILE_HEADER_LEN;
    return read_header(&reader->file, header, keys);
}

void frame_reader_free(struct frame_reader *reader) {
    frame_file_free(&reader->file);
    free(reader->buffer);
    free(reader->plain);
    *reader = (struct frame_reader){.handle = -1};
}

/* ---- Reading: frames ---- */

/* Whether a header stands at offset whose frame the file is long enough for. */
static enum frame_status look_at(struct frame_reader *reader, uint64_t offset, size_t *out_size) {
    if (reader->size - offset < FRAME_HEADER_LEN)
        return FRAME_BAD;
    const uint8_t *at = bytes_at(reader, offset, FRAME_HEADER_LEN);
    if (at == NULL)
        return FRAME_NO_MEMORY;
    if (!frame_bytes_plausible(at, reader->size - offset, reader->file.is_encrypted, out_size))
        return FRAME_BAD;
    const uint32_t check = crc32c(place_crc(&reader->file, offset), at, 6);
    return (check & 0xffffu) == (uint32_t)(at[6] << 8 | at[7]) ? FRAME_GOOD : FRAME_BAD;
}

static enum frame_status open_body(struct frame_reader *reader, struct frame *out,
                                   const uint8_t *at) {
    out->body = at + FRAME_HEADER_LEN;
    if (!reader->file.is_encrypted)
        return FRAME_GOOD;
    if (!grow(&reader->plain, &reader->plain_size, out->body_len + 1u))
        return FRAME_NO_MEMORY;
    if (!journal_cipher_unseal(&reader->file.cipher, out->offset, at, 8, out->body, reader->plain,
                               out->body_len))
        return FRAME_BAD;
    out->body = reader->plain;
    return FRAME_GOOD;
}

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
    uint32_t crc = crc32c(place_crc(&reader->file, offset), at, 8);
    crc = crc32c(crc, at + FRAME_HEADER_LEN, size - FRAME_HEADER_LEN);
    if (crc != frame_u32(at + 8))
        return FRAME_BAD;
    *out = (struct frame){.offset = offset,
                          .end = offset + size,
                          .kind = (enum frame_kind)at[4],
                          .body_len = frame_u32(at)};
    return open_body(reader, out, at);
}

enum frame_status frame_reader_next(struct frame_reader *reader, struct frame *out) {
    if (reader->offset >= reader->size)
        return FRAME_NO_MORE;
    const uint64_t start = reader->offset;
    uint64_t at = start;
    enum frame_status found = frame_at(reader, at, out);
    while (found == FRAME_BAD && at < reader->size) {
        at = frame_bytes_next(at, reader->size);
        if (at < reader->size)
            found = frame_at(reader, at, out);
    }
    if (found == FRAME_NO_MEMORY)
        return found;
    reader->offset = at == start ? out->end : at;
    if (at == start)
        return FRAME_GOOD;
    *out = (struct frame){.offset = start, .end = reader->offset};
    return FRAME_BAD;
}
