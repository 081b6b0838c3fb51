/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Driver: all of frame.c. A reader of the journal's frames is opened, asked for frames any number
 * of times, and freed, whatever the file says; then a file is made and a frame written. What was
 * never written is not used, nor is a block that was given back. What a call hands out the driver
 * uses, and so do the stubs with what they are given.
 *
 * A file answers each time as it likes (any_read(), any_size()). A block of memory comes or does
 * not. It is cleared, as calloc() promises, and longer than what was asked for, since how far into
 * it an offset leads is beyond intervals: wp_frame_reader proves that no call reads or writes
 * behind what was asked for. A cipher that is open has a block too; that it is open if it is
 * needed, wp_frame_reader proves as well.
 */
#include "eva/any.h"

#include <stdlib.h>

#include "broker/io/crc32c.h"
#include "broker/io/file.h"
#include "broker/io/journal_cipher.h"

/* More than twice the longest body that a header can announce. */
#define BLOCK_BYTES 0x400000000u

static uint64_t used;

static void *block_of_zeros(void) {
    return calloc(1, BLOCK_BYTES);
}

#define calloc(count, size) ((void)(count), (void)(size), block_of_zeros())

/* Some bytes come even if it fails. */
static enum file_status any_read(void *ctx, int file, uint64_t offset, uint8_t *out, size_t size,
                                 size_t *out_len) {
    (void)ctx;
    used ^= offset ^ (uint64_t)file;
    if (any_bool())
        any_bytes(out, size);
    if (any_bool())
        return FILE_FAILED;
    *out_len = Frama_C_unsigned_long_interval(0u, size);
    return any_bool() ? FILE_OK : FILE_FAILED;
}

static enum file_status any_size(void *ctx, int file, uint64_t *out_bytes) {
    (void)ctx;
    used ^= (uint64_t)file;
    if (any_bool())
        return FILE_FAILED;
    *out_bytes = any_u64();
    return FILE_OK;
}

#include "broker/io/frame.c"

#define RAW_SIZE 65536u

static struct frame_reader reader;
static struct journal_keys some_keys;
static uint8_t raw[2u * RAW_SIZE];

/* ---- Check sums and ciphers ---- */

/* Each of them. */
static void use(const uint8_t *bytes, size_t len) {
    if (len > 0u)
        used ^= bytes[Frama_C_unsigned_long_interval(0u, len - 1u)];
}

uint32_t crc32c(uint32_t crc, const uint8_t *data, size_t data_len) {
    use(data, data_len);
    return crc ^ any_u32();
}

bool journal_cipher_open(struct journal_cipher *cipher, const uint8_t key[JOURNAL_KEY_LEN],
                         const uint8_t *its_salt, size_t salt_len) {
    use(key, JOURNAL_KEY_LEN);
    use(its_salt, salt_len);
    cipher->context = block_of_zeros();
    return cipher->context != NULL;
}

void journal_cipher_close(struct journal_cipher *cipher) {
    free(cipher->context);
    cipher->context = NULL;
}

static bool any_answer(const struct journal_cipher *cipher, uint64_t nonce) {
    used ^= nonce;
    if (cipher->context != NULL)
        use(cipher->context, 1u);
    return any_bool();
}

bool journal_cipher_seal(struct journal_cipher *cipher, uint64_t nonce, const uint8_t *extra,
                         size_t extra_len, const uint8_t *text, size_t text_len, uint8_t *out) {
    use(extra, extra_len);
    use(text, text_len);
    any_bytes(out, text_len + JOURNAL_TAG_LEN);
    return any_answer(cipher, nonce);
}

bool journal_cipher_unseal(struct journal_cipher *cipher, uint64_t nonce, const uint8_t *extra,
                           size_t extra_len, const uint8_t *sealed, uint8_t *out, size_t out_len) {
    use(extra, extra_len);
    use(sealed, out_len + JOURNAL_TAG_LEN);
    if (out_len > 0u)
        any_bytes(out, out_len);
    return any_answer(cipher, nonce);
}

/* ---- The calls ---- */

static void next(void) {
    struct frame frame;
    const enum frame_status found = frame_reader_next(&reader, &frame);

    if (found != FRAME_GOOD && found != FRAME_BAD)
        return;
    used ^= frame.offset ^ frame.end ^ (uint64_t)frame.kind ^ frame.body_len;
    if (found == FRAME_GOOD)
        use(frame.body, frame.body_len);
}

static void copy(void) {
    used ^= frame_reader_raw(&reader, any_u64(), raw, any_index(RAW_SIZE));
}

static void read_file(const struct file_port *files, const struct journal_keys *keys) {
    const enum frame_open_status status = frame_reader_open(&reader, files, any_u8(), keys);

    while (status == FRAME_OPEN_OK && any_bool()) {
        next();
        copy();
    }
    copy();
    used ^= reader.unreadable_bytes ^ reader.file.number ^ reader.file.version;
    frame_reader_free(&reader);
    frame_reader_free(&reader);
}

static void write_file(const uint8_t *key, const uint8_t *body, uint8_t *out) {
    struct frame_file file;
    uint8_t header[FRAME_FILE_HEADER_LEN];
    const size_t body_len = any_index(FRAME_BODY_LEN_MAX);

    if (frame_file_make(&file, (enum frame_start)any_u8(), any_u64(), raw, key, header)) {
        use(header, sizeof header);
        if (frame_write(&file, any_u64(), (enum frame_kind)any_u8(), body, body_len, out))
            use(out, frame_size(&file, body_len));
    }
    frame_file_free(&file);
}

void eva_frame_reader(void) {
    const struct file_port files = {.read = any_read, .size = any_size};
    uint8_t *body = block_of_zeros();
    uint8_t *out = block_of_zeros();

    used = any_u64();
    any_bytes((uint8_t *)some_keys.key, sizeof some_keys.key);
    some_keys.count = any_index(JOURNAL_KEYS_MAX);
    some_keys.encrypts = any_bool();
    read_file(&files, any_bool() ? &some_keys : NULL);
    if (body != NULL && out != NULL)
        write_file(any_bool() ? some_keys.key[0] : NULL, body, out);
}
