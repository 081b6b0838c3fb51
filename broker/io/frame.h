/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Files of frames: how segments of the journal are written and read, byte by byte. It knows what a
 * good frame is and where the next one begins after a bad one; it does not know what records say,
 * and decides nothing about damage. Numbers are big endian, as in MQTT.
 *
 * File header, 64 bytes
 *    0  8   89 'L' 'I' 'B' 'E' 'L' 'L' 'A'
 *    8  2   version of the format, 2; files of version 1, whose records have other heads
 *           (core/record.h), are read as well
 *   10  1   how the file begins (enum frame_start)
 *   11  1   0 plain, 1 AES-256-GCM
 *   12  4   0
 *   16  8   number of the file
 *   24  16  salt: random, of this file alone
 *   40  16  key check: tag over bytes 0..39 (journal_cipher.h); zeros in a plain file
 *   56  4   0
 *   60  4   CRC-32C of bytes 0..59
 *
 * Frames, from byte 64 on, each at a multiple of 4
 *    0  4   L, length of the body
 *    4  1   kind: 1 units of records, 2 end of a batch
 *    5  1   0
 *    6  2   low half of the CRC-32C of: salt, offset of the frame (8 bytes), bytes 0..5
 *    8  4   CRC-32C of: salt, offset of the frame (8 bytes), bytes 0..7, all from byte 12 on
 *   12  L   body, encrypted if the file is
 *       16  tag, in an encrypted file only
 *       0–3 zeros up to a multiple of 4
 *
 * End of a batch (of what one write wrote): 8 bytes segment number, 8 bytes offset: everything
 * before that place was synced when this was written; 8 bytes number of the batch; 4 bytes flags:
 * 1 the snapshot under way ends with this batch; zeros, as many as the writer likes.
 *
 * Salt and offset in the check sums: a frame is good at its own place in its own file only. Old
 * blocks of the disk, misdirected writes, and payloads in which somebody wrote frames of his own
 * are never taken for one; nobody outside knows the salt.
 */
#ifndef BROKER_IO_FRAME_H
#define BROKER_IO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/io/file.h"
#include "broker/io/journal_cipher.h"

#define FRAME_FILE_HEADER_LEN 64u
#define FRAME_HEADER_LEN 12u
#define FRAME_VERSION 2u
#define FRAME_VERSION_OLDEST 1u
#define FRAME_SALT_LEN 16u
#define FRAME_BATCH_END_LEN 28u
#define FRAME_BATCH_ENDS_SNAPSHOT 1u
/* Bytes of a body at most; a length above it is never believed. */
#define FRAME_BODY_LEN_MAX (512u * 1024u * 1024u)

enum frame_start {
    FRAME_CONTINUES = 0, /* the file before it */
    FRAME_FIRST = 1,     /* there was nothing before it */
    FRAME_SNAPSHOT = 2,  /* with a snapshot; once that has its end, files before it are needless */
    FRAME_FRESH = 3, /* with a snapshot, after a failure: worth nothing until that has its end */
};

enum frame_kind {
    FRAME_NONE = 0, /* in no file: of what is no good frame */
    FRAME_UNITS = 1,
    FRAME_BATCH_END = 2
};

/* What a file is, whether it is written or read. */
struct frame_file {
    uint8_t version; /* of the format */
    enum frame_start start;
    uint64_t number;
    uint8_t salt[FRAME_SALT_LEN];
    uint32_t salt_crc; /* CRC-32C of the salt */
    bool is_encrypted;
    struct journal_cipher cipher; /* if is_encrypted */
    uint32_t key_index;           /* which of the keys opened it */
};

/* ---- Writing ---- */

/* A new file. key NULL: plain. false: the cipher failed (no memory). */
bool frame_file_make(struct frame_file *file, enum frame_start start, uint64_t number,
                     const uint8_t salt[FRAME_SALT_LEN], const uint8_t *key,
                     uint8_t out_header[FRAME_FILE_HEADER_LEN]);
void frame_file_free(struct frame_file *file);

/* Bytes that a frame takes in the file. */
size_t frame_size(const struct frame_file *file, size_t body_len);
/* Writes the frame that will stand at offset of the file to out[frame_size()]. false: the cipher
 * failed. */
bool frame_write(struct frame_file *file, uint64_t offset, enum frame_kind kind,
                 const uint8_t *body, size_t body_len, uint8_t *out);

uint64_t frame_get_u64(const uint8_t *at);
void frame_put_u64(uint8_t *at, uint64_t value);

/* ---- Reading ---- */

enum frame_open_status {
    FRAME_OPEN_OK,
    FRAME_OPEN_SHORT,     /* not even a header */
    FRAME_OPEN_BAD,       /* no header of ours */
    FRAME_OPEN_NEWER,     /* a later version */
    FRAME_OPEN_WRONG_KEY, /* encrypted, with none of the keys */
    FRAME_OPEN_FAILED,    /* memory */
};

struct frame {
    uint64_t offset; /* in the file */
    uint64_t end;    /* offset behind it, padding included */
    enum frame_kind kind;
    const uint8_t *body; /* decrypted; valid until the next frame_reader_next() */
    size_t body_len;
};

enum frame_status {
    FRAME_GOOD, /* the frame */
    FRAME_BAD,  /* offset..end holds no good frame; one begins at end, or the file ends there */
    FRAME_NO_MORE,
    FRAME_NO_MEMORY,
};

struct frame_reader {
    const struct file_port *files;
    int handle;
    struct frame_file file;
    uint64_t size;   /* of the file */
    uint64_t offset; /* of the next frame */
    uint8_t *buffer; /* bytes of the file from buffer_offset on */
    size_t buffer_len;
    size_t buffer_size;
    uint64_t buffer_offset;
    uint8_t *plain; /* a decrypted body */
    size_t plain_size;
    uint64_t unreadable_bytes; /* that the disk did not give; zeros stand for them */
};

/* handle is open for reading and stays the caller's. The reader may be freed whatever came of it.
 */
enum frame_open_status frame_reader_open(struct frame_reader *reader,
                                         const struct file_port *files, int handle,
                                         const struct journal_keys *keys);
/* The next frame, or how far there is none. */
enum frame_status frame_reader_next(struct frame_reader *reader, struct frame *out);
/* Raw bytes, for setting them aside. Returns how many, at most size. */
size_t frame_reader_raw(struct frame_reader *reader, uint64_t offset, uint8_t *out, size_t size);
void frame_reader_free(struct frame_reader *reader);

#endif
