/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The start: which files count, what of them is good, and what becomes of the rest; see journal.h
 * and the argument in docs/persistence.md.
 *
 * 1. Files are looked through from the newest to the oldest, down to the one that everything
 * needed begins with: the beginning of a snapshot whose end is there, or of all. Files of an
 * attempt after a failure, whose snapshot has no end, count for nothing: nothing in them was
 * promised. What is found on the way says up to where everything was once synced.
 * 2. From there to the newest, units are handed out. A bad place before that point is damage: it
 *    is set aside, and what is behind it is used. One behind that point is where the last writes
 *    before a crash were torn: the journal ends there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/io/journal_state.h"

#define COPY_SIZE (64u * 1024u)
#define PROGRESS_US 2000000u
/* Frames between two looks at the clock. */
#define PROGRESS_FRAMES 512u

struct found_file {
    uint64_t number;
    uint64_t size;
    enum frame_open_status status;
    enum frame_start start;
    uint64_t torn_from;    /* bytes from here on were not synced, and are not all there */
    uint64_t snapshot_end; /* where the end of a snapshot is, 0: nowhere */
    bool has_bad;          /* there is something that is no frame */
    bool is_removed;       /* it was begun and not more */
};

struct recovery {
    struct journal *journal;
    void *take_ctx;
    bool (*take)(void *take_ctx, const uint8_t *unit, size_t unit_len);
    struct found_file *files; /* by number */
    size_t file_count;
    size_t file_room;
    bool no_memory;
    size_t base;     /* index of the first file that is needed */
    size_t end;      /* index behind the last one */
    size_t used_end; /* the same, with the files behind a torn end */
    bool has_good_file;
    bool has_end; /* of a snapshot */
    uint64_t synced_number;
    uint64_t synced_bytes;
    uint64_t snapshot_bytes; /* from the base to the end of its snapshot */
    uint64_t total_bytes;
    uint64_t done_bytes; /* of the files before the one at hand */
    uint64_t said_us;
    enum file_status repair; /* FILE_OK, or why something could not be put in order */
    bool wants_snapshot;
};

/* ---- Which files there are ---- */

static void found_name(void *context, const char *name) {
    struct recovery *recovery = context;
    uint64_t number = 0;
    char same[FILE_NAME_LEN_MAX + 1u];
    if (sscanf(name, "%10" SCNu64, &number) != 1 || number == 0)
        return;
    journal_name(same, number);
    if (strcmp(name, same) != 0)
        return;
    if (recovery->file_count == recovery->file_room) {
        const size_t room = recovery->file_room == 0 ? 64u : 2u * recovery->file_room;
        struct found_file *larger = realloc(recovery->files, room * sizeof *larger);
        if (larger == NULL) {
            recovery->no_memory = true;
            return;
        }
        recovery->files = larger;
        recovery->file_room = room;
    }
    recovery->files[recovery->file_count++] =
        (struct found_file){.number = number, .torn_from = UINT64_MAX};
}

static int by_number(const void *a, const void *b) {
    const uint64_t left = ((const struct found_file *)a)->number;
    const uint64_t right = ((const struct found_file *)b)->number;
    return left < right ? -1 : left > right;
}

static enum journal_status find_files(struct recovery *recovery) {
    struct journal *journal = recovery->journal;
    const enum file_status locked = journal->files.lock(journal->files.ctx);
    if (locked == FILE_BUSY)
        return JOURNAL_LOCKED;
    if (locked != FILE_OK)
        journal_say(journal, JOURNAL_SAY_WARNING,
                    "the folder can't be locked (%s): see that no other broker uses it",
                    file_status_text(locked));
    const enum file_status listed = journal->files.list(journal->files.ctx, found_name, recovery);
    if (recovery->no_memory)
        return JOURNAL_NO_MEMORY;
    if (listed != FILE_OK) {
        journal_say(journal, JOURNAL_SAY_ERROR, "the folder can't be read: %s",
                    file_status_text(listed));
        return JOURNAL_UNREADABLE;
    }
    if (recovery->file_count > 0)
        qsort(recovery->files, recovery->file_count, sizeof *recovery->files, by_number);
    return JOURNAL_OK;
}

/* ---- One file ---- */

static enum frame_open_status open_file(struct recovery *recovery, struct found_file *file,
                                        struct frame_reader *reader) {
    struct journal *journal = recovery->journal;
    char name[FILE_NAME_LEN_MAX + 1u];
    int handle = JOURNAL_NO_FILE;
    *reader = (struct frame_reader){.handle = JOURNAL_NO_FILE};
    journal_name(name, file->number);
    if (journal->files.open(journal->files.ctx, name, FILE_FOR_READING, &handle) != FILE_OK)
        return FRAME_OPEN_BAD;
    enum frame_open_status status =
        frame_reader_open(reader, &journal->files, handle, &journal->keys);
    if (status == FRAME_OPEN_OK && reader->file.number != file->number)
        status = FRAME_OPEN_BAD;
    file->size = reader->size;
    file->start = reader->file.start;
    return status;
}

static void close_file(struct recovery *recovery, struct frame_reader *reader) {
    const int handle = reader->handle;
    frame_reader_free(reader);
    if (handle != JOURNAL_NO_FILE)
        recovery->journal->files.close(recovery->journal->files.ctx, handle);
}

static bool was_synced(const struct recovery *recovery, uint64_t number, uint64_t offset) {
    return number < recovery->synced_number ||
           (number == recovery->synced_number && offset < recovery->synced_bytes);
}

/* What the end of a batch says. */
static void note_batch_end(struct recovery *recovery, struct found_file *file,
                           const struct frame *frame) {
    if (frame->body_len < FRAME_BATCH_END_LEN)
        return;
    const uint64_t number = frame_get_u64(frame->body);
    const uint64_t bytes = frame_get_u64(frame->body + 8);
    if (number > recovery->synced_number ||
        (number == recovery->synced_number && bytes > recovery->synced_bytes)) {
        recovery->synced_number = number;
        recovery->synced_bytes = bytes;
    }
    if ((frame->body[27] & FRAME_BATCH_ENDS_SNAPSHOT) != 0 && frame->offset < file->torn_from)
        file->snapshot_end = frame->end;
}

static bool is_as_wanted(const struct journal *journal, const struct frame_file *file) {
    return file->is_encrypted == journal->keys.encrypts &&
           (!file->is_encrypted || file->key_index == 0);
}

static enum frame_status scan(struct recovery *recovery, struct found_file *file,
                              struct frame_reader *reader, bool *out_has_bad) {
    struct frame frame;
    enum frame_status found = frame_reader_next(reader, &frame);
    for (; found == FRAME_GOOD || found == FRAME_BAD; found = frame_reader_next(reader, &frame)) {
        if (found == FRAME_GOOD && frame.kind == FRAME_BATCH_END)
            note_batch_end(recovery, file, &frame);
        *out_has_bad |= found == FRAME_BAD;
    }
    return found;
}

/* Once more, now that it is known up to where all was synced. */
static enum frame_status look_for_torn_end(struct recovery *recovery, struct found_file *file,
                                           struct frame_reader *reader) {
    struct frame frame;
    reader->offset = FRAME_FILE_HEADER_LEN;
    file->snapshot_end = 0;
    enum frame_status found = frame_reader_next(reader, &frame);
    for (; found == FRAME_GOOD || found == FRAME_BAD; found = frame_reader_next(reader, &frame)) {
        if (found == FRAME_GOOD && frame.kind == FRAME_BATCH_END)
            note_batch_end(recovery, file, &frame);
        if (found == FRAME_BAD && frame.offset < file->torn_from &&
            !was_synced(recovery, file->number, frame.offset))
            file->torn_from = frame.offset;
    }
    return found;
}

static enum journal_status look_through(struct recovery *recovery, struct found_file *file) {
    struct frame_reader reader;
    enum frame_status found = FRAME_NO_MORE;
    bool has_bad = false;
    file->status = open_file(recovery, file, &reader);
    if (file->status == FRAME_OPEN_OK) {
        recovery->journal->is_rekeying |= !is_as_wanted(recovery->journal, &reader.file);
        found = scan(recovery, file, &reader, &has_bad);
        file->has_bad = has_bad;
        if (has_bad && found == FRAME_NO_MORE)
            found = look_for_torn_end(recovery, file, &reader);
    }
    close_file(recovery, &reader);
    if (file->status == FRAME_OPEN_FAILED || found == FRAME_NO_MEMORY)
        return JOURNAL_NO_MEMORY;
    return file->status == FRAME_OPEN_WRONG_KEY ? JOURNAL_WRONG_KEY : JOURNAL_OK;
}

static void say_wrong_key(const struct journal *journal, uint64_t number) {
    char name[FILE_NAME_LEN_MAX + 1u];
    journal_name(name, number);
    journal_say(journal, JOURNAL_SAY_ERROR,
                journal->keys.count == 0
                    ? "%s is encrypted, and there is no key: set persistence_key_file, or move "
                      "the folder away to begin without what is in it"
                    : "%s is encrypted with none of the keys in persistence_key_file: add the "
                      "key it was written with, or move the folder away to begin without what "
                      "is in it",
                name);
}

/* Whatever is behind index `end` counts for nothing. */
static void forget_files_from(struct recovery *recovery, size_t end) {
    recovery->end = end;
    recovery->total_bytes = 0;
    recovery->snapshot_bytes = 0;
    recovery->has_end = false;
    recovery->has_good_file = false;
}

static void note_file(struct recovery *recovery, const struct found_file *file) {
    recovery->total_bytes += file->size;
    recovery->has_good_file |= file->status == FRAME_OPEN_OK;
    if (recovery->has_end)
        recovery->snapshot_bytes += file->size;
    else if (file->snapshot_end > 0)
        recovery->snapshot_bytes = file->snapshot_end;
    recovery->has_end |= file->snapshot_end > 0;
}

/* The beginning is missing. Files are removed once a snapshot that makes them needless is durable:
 * if that was the one of an attempt after a failure, its end is damaged. */
static enum journal_status begin_somewhere(struct recovery *recovery,
                                           const struct recovery *attempt) {
    const bool has_attempt = attempt->end > attempt->base;
    char name[FILE_NAME_LEN_MAX + 1u];
    if (has_attempt)
        *recovery = *attempt;
    if (!recovery->has_good_file)
        return JOURNAL_OK;
    journal_name(name, recovery->files[recovery->base].number);
    journal_say(recovery->journal, JOURNAL_SAY_ERROR,
                has_attempt
                    ? "the end of the snapshot that begins in %s is damaged; what there is will "
                      "be used. To have the rest, stop now, restore the files and start again"
                    : "the beginning of the journal is missing: files before %s; what there is "
                      "will be used. To have the rest, stop now, restore the files and start "
                      "again",
                name);
    recovery->journal->stats.damaged_pieces++;
    recovery->wants_snapshot = true;
    return recovery->journal->options.strict ? JOURNAL_DAMAGED : JOURNAL_OK;
}

/* Nobody was told of anything in it and behind it, unless it is the end of its snapshot that can't
 * be read: so that is said. */
static void give_up_attempt(struct recovery *recovery, size_t index) {
    const struct found_file *file = &recovery->files[index];
    char name[FILE_NAME_LEN_MAX + 1u];
    forget_files_from(recovery, index);
    recovery->used_end = index;
    recovery->synced_number = 0;
    recovery->synced_bytes = 0;
    if (!file->has_bad)
        return;
    journal_name(name, file->number);
    journal_say(recovery->journal, JOURNAL_SAY_WARNING,
                "%s was begun after a failure, and its snapshot has no end that can be read: "
                "it is not used, and is now %s.unused",
                name, name);
    recovery->journal->stats.torn_bytes += file->size;
}

/* Step 1. Indexes go down; base stays 0 if the beginning is missing. */
static enum journal_status choose_files(struct recovery *recovery) {
    struct recovery attempt = {0}; /* the oldest after a failure, as if it counted */
    recovery->end = recovery->file_count;
    recovery->used_end = recovery->file_count;
    for (size_t i = recovery->file_count; i-- > 0;) {
        struct found_file *file = &recovery->files[i];
        const enum journal_status status = look_through(recovery, file);
        if (status == JOURNAL_WRONG_KEY)
            say_wrong_key(recovery->journal, file->number);
        if (status != JOURNAL_OK)
            return status;
        if (file->torn_from != UINT64_MAX)
            forget_files_from(recovery, i + 1u);
        note_file(recovery, file);
        if (file->status != FRAME_OPEN_OK || file->start == FRAME_CONTINUES)
            continue;
        if (file->start == FRAME_FIRST || recovery->has_end) {
            recovery->base = i;
            return JOURNAL_OK;
        }
        if (file->start == FRAME_FRESH) {
            attempt = *recovery;
            attempt.base = file->number > 1u ? i : attempt.end;
            give_up_attempt(recovery, i);
        }
    }
    return begin_somewhere(recovery, &attempt);
}

/* ---- Putting aside ---- */

static void note_repair(struct recovery *recovery, enum file_status status) {
    if (status != FILE_OK && recovery->repair == FILE_OK)
        recovery->repair = status;
}

static enum file_status copy_bytes(struct recovery *recovery, struct frame_reader *reader, int to,
                                   uint64_t from, uint64_t end) {
    static uint8_t buffer[COPY_SIZE];
    const struct file_port *files = &recovery->journal->files;
    enum file_status status = FILE_OK;
    while (from < end && status == FILE_OK) {
        const size_t part = end - from < COPY_SIZE ? (size_t)(end - from) : COPY_SIZE;
        size_t written = 0;
        const size_t got = frame_reader_raw(reader, from, buffer, part);
        status = files->append(files->ctx, to, buffer, got, &written);
        from += part;
    }
    const struct file_task sync = {.kind = FILE_TASK_SYNC, .file = to};
    return status != FILE_OK ? status : journal_do_task(recovery->journal, FILE_LANE_SYNC, &sync);
}

/* A copy of [from, end) of the file at hand, for whoever wants to look into it. */
static void set_piece_aside(struct recovery *recovery, struct frame_reader *reader,
                            const char *word, uint64_t from, uint64_t end,
                            char out_name[FILE_NAME_LEN_MAX + 1u]) {
    const struct file_port *files = &recovery->journal->files;
    int to = JOURNAL_NO_FILE;
    snprintf(out_name, FILE_NAME_LEN_MAX + 1u, "%010" PRIu64 ".journal.%s-%" PRIu64,
             reader->file.number, word, from);
    enum file_status status = files->open(files->ctx, out_name, FILE_FOR_APPENDING, &to);
    if (status == FILE_EXISTS)
        return; /* an earlier start did that already */
    if (status == FILE_OK) {
        status = copy_bytes(recovery, reader, to, from, end);
        files->close(files->ctx, to);
    }
    if (status != FILE_OK)
        journal_say(recovery->journal, JOURNAL_SAY_WARNING, "%s can't be written: %s", out_name,
                    file_status_text(status));
    note_repair(recovery, status);
}

/* The whole file gets another name, so that no start takes it for a part of the journal. */
static void set_file_aside(struct recovery *recovery, uint64_t number, const char *word) {
    struct file_task task = {.kind = FILE_TASK_RENAME, .file = JOURNAL_NO_FILE};
    journal_name(task.name, number);
    snprintf(task.new_name, sizeof task.new_name, "%010" PRIu64 ".journal.%s", number, word);
    const enum file_status status = journal_do_task(recovery->journal, FILE_LANE_SYNC, &task);
    recovery->journal->directory_dirty = true;
    note_repair(recovery, status);
}

static void remove_file(struct recovery *recovery, uint64_t number) {
    struct file_task task = {.kind = FILE_TASK_REMOVE, .file = JOURNAL_NO_FILE};
    journal_name(task.name, number);
    note_repair(recovery, journal_do_task(recovery->journal, FILE_LANE_SYNC, &task));
    recovery->journal->directory_dirty = true;
}

/* ---- Step 2 ---- */

static enum journal_status damage(struct recovery *recovery, struct frame_reader *reader,
                                  const struct frame *bad) {
    struct journal *journal = recovery->journal;
    char name[FILE_NAME_LEN_MAX + 1u];
    char aside[FILE_NAME_LEN_MAX + 1u];
    const uint64_t len = bad->end - bad->offset;
    journal_name(name, reader->file.number);
    journal->stats.damaged_pieces++;
    journal->stats.damaged_bytes += len;
    if (journal->options.strict) {
        journal_say(journal, JOURNAL_SAY_ERROR,
                    "%s is damaged: %" PRIu64 " bytes at %" PRIu64
                    ". Restore it, or set persistence_strict false to go on without them",
                    name, len, bad->offset);
        return JOURNAL_DAMAGED;
    }
    set_piece_aside(recovery, reader, "damaged", bad->offset, bad->end, aside);
    journal_say(journal, JOURNAL_SAY_ERROR,
                "%s is damaged: %" PRIu64 " bytes at %" PRIu64
                " are lost, set aside in %s; the rest is used. The disk should be looked at",
                name, len, bad->offset, aside);
    recovery->wants_snapshot = true;
    return JOURNAL_OK;
}

static void cut_torn_end(struct recovery *recovery, struct frame_reader *reader, uint64_t offset,
                         size_t index) {
    struct journal *journal = recovery->journal;
    char name[FILE_NAME_LEN_MAX + 1u];
    char aside[FILE_NAME_LEN_MAX + 1u];
    const uint64_t len = reader->size - offset;
    journal_name(name, reader->file.number);
    set_piece_aside(recovery, reader, "torn", offset, reader->size, aside);
    /* What is cut may be all that says that what is before it was synced. So if the disk takes
     * nothing, and no new file can say it, the next start finds it as it is. */
    if (recovery->repair == FILE_OK)
        note_repair(recovery, journal->files.truncate(journal->files.ctx, name, offset));
    const bool is_cut = recovery->repair == FILE_OK;
    journal->stats.torn_bytes += len;
    journal_say(journal, JOURNAL_SAY_WARNING,
                "the last writes to %s did not reach the disk whole: %" PRIu64
                " bytes at its end are %s%s",
                name, len,
                is_cut ? "cut, copied to " : "not used, and stay since the disk takes no changes",
                is_cut ? aside : "");
    for (size_t i = index + 1u; i < recovery->used_end; i++) {
        journal_name(name, recovery->files[i].number);
        journal_say(journal, JOURNAL_SAY_WARNING,
                    "%s was written behind it and is not used; it is now %s.unused", name, name);
        set_file_aside(recovery, recovery->files[i].number, "unused");
    }
}

static void say_progress(struct recovery *recovery, uint64_t offset) {
    struct journal *journal = recovery->journal;
    if (journal->stats.recovered_frames % PROGRESS_FRAMES != 0)
        return;
    const uint64_t now_us = journal->files.now_us(journal->files.ctx);
    if (now_us - recovery->said_us < PROGRESS_US)
        return;
    recovery->said_us = now_us;
    journal_say(journal, JOURNAL_SAY_NOTICE, "recovering: %" PRIu64 " of %" PRIu64 " MiB",
                (recovery->done_bytes + offset) >> 20, recovery->total_bytes >> 20);
}

static enum journal_status take_frames(struct recovery *recovery, struct frame_reader *reader,
                                       size_t index) {
    struct journal *journal = recovery->journal;
    struct frame frame;
    for (;;) {
        const enum frame_status found = frame_reader_next(reader, &frame);
        if (found == FRAME_NO_MORE)
            return JOURNAL_OK;
        if (found == FRAME_NO_MEMORY)
            return JOURNAL_NO_MEMORY;
        if (found == FRAME_BAD && frame.offset >= recovery->files[index].torn_from) {
            cut_torn_end(recovery, reader, frame.offset, index);
            recovery->files[index].size = frame.offset;
            return JOURNAL_OK;
        }
        if (found == FRAME_BAD) {
            const enum journal_status status = damage(recovery, reader, &frame);
            if (status != JOURNAL_OK)
                return status;
        } else if (frame.kind == FRAME_UNITS) {
            if (!recovery->take(recovery->take_ctx, frame.body, frame.body_len))
                return JOURNAL_NO_MEMORY;
            journal->stats.recovered_frames++;
            say_progress(recovery, frame.end);
        }
    }
}

static bool is_zeros(struct recovery *recovery, const struct found_file *file) {
    static uint8_t buffer[COPY_SIZE];
    const struct file_port *files = &recovery->journal->files;
    char name[FILE_NAME_LEN_MAX + 1u];
    int handle = JOURNAL_NO_FILE;
    bool zeros = true;
    size_t got = 1;
    journal_name(name, file->number);
    if (files->open(files->ctx, name, FILE_FOR_READING, &handle) != FILE_OK)
        return false;
    for (uint64_t at = 0; zeros && got > 0; at += got) {
        if (files->read(files->ctx, handle, at, buffer, sizeof buffer, &got) != FILE_OK)
            zeros = false;
        for (size_t i = 0; zeros && i < got; i++)
            zeros = buffer[i] == 0;
    }
    files->close(files->ctx, handle);
    return zeros;
}

/* A file without a header that could be read. */
static enum journal_status useless_file(struct recovery *recovery, struct found_file *file,
                                        bool is_last) {
    struct journal *journal = recovery->journal;
    char name[FILE_NAME_LEN_MAX + 1u];
    journal_name(name, file->number);
    /* Made, and not yet synced when the power went: nothing was promised by it. */
    if (file->status == FRAME_OPEN_SHORT && is_last && !was_synced(recovery, file->number, 0)) {
        remove_file(recovery, file->number);
        file->is_removed = true;
        return JOURNAL_OK;
    }
    const bool is_newer = file->status == FRAME_OPEN_NEWER;
    const char *what = is_newer                   ? "is of a later version of libellad"
                       : is_zeros(recovery, file) ? "is nothing but zeros"
                                                  : "has no readable header";
    const char *choice = is_newer ? "start that version, or a broker of this one with another "
                                    "persistence_location"
                                  : "restore the file";
    if (journal->options.strict) {
        journal_say(journal, JOURNAL_SAY_ERROR,
                    "%s %s (%" PRIu64 " bytes): %s, or set persistence_strict false to go on "
                    "without it",
                    name, what, file->size, choice);
        return JOURNAL_DAMAGED;
    }
    set_file_aside(recovery, file->number, is_newer ? "newer" : "unreadable");
    journal->stats.damaged_pieces++;
    journal->stats.damaged_bytes += file->size;
    recovery->wants_snapshot = true;
    journal_say(journal, JOURNAL_SAY_ERROR,
                "%s %s (%" PRIu64 " bytes): the broker goes on without it, and it is now %s.%s. "
                "To have what it held: stop, give it its name back, %s",
                name, what, file->size, name, is_newer ? "newer" : "unreadable", choice);
    return JOURNAL_OK;
}

static enum journal_status look_for_gap(struct recovery *recovery, size_t index) {
    struct journal *journal = recovery->journal;
    const struct found_file *file = &recovery->files[index];
    if (index == recovery->base || file->number == file[-1].number + 1u)
        return JOURNAL_OK;
    journal_say(journal, JOURNAL_SAY_ERROR,
                "files %010" PRIu64 ".journal to %010" PRIu64
                ".journal are missing: the broker %s. To have what they held: restore them and "
                "start again",
                file[-1].number + 1u, file->number - 1u,
                journal->options.strict ? "does not start, since persistence_strict is true"
                                        : "goes on without them");
    journal->stats.damaged_pieces++;
    recovery->wants_snapshot = true;
    return journal->options.strict ? JOURNAL_DAMAGED : JOURNAL_OK;
}

/* What a process wrote that ended without a sync may be in memory only. Worse, its last sync may
 * have failed, and then no later one brings those bytes to the disk, though they can be read: so
 * what is not known to be synced is written once more, into a new file of the same name. */
static enum file_status write_again(struct recovery *recovery, struct frame_reader *reader,
                                    uint64_t end) {
    struct journal *journal = recovery->journal;
    const struct file_port *files = &journal->files;
    struct file_task task = {.kind = FILE_TASK_REMOVE, .file = JOURNAL_NO_FILE};
    int to = JOURNAL_NO_FILE;
    journal_name(task.new_name, reader->file.number);
    snprintf(task.name, sizeof task.name, "%010" PRIu64 ".journal.copy", reader->file.number);
    enum file_status status = journal_do_task(journal, FILE_LANE_SYNC, &task);
    if (status == FILE_OK)
        status = files->open(files->ctx, task.name, FILE_FOR_APPENDING, &to);
    if (status != FILE_OK)
        return status;
    status = copy_bytes(recovery, reader, to, 0, end);
    files->close(files->ctx, to);
    task.kind = FILE_TASK_RENAME;
    if (status == FILE_OK)
        status = journal_do_task(journal, FILE_LANE_SYNC, &task);
    journal->directory_dirty = true;
    return status;
}

/* The last word of a file says of all before it that it is synced, not of itself. */
#define LAST_WORD_BYTES 64u

static void make_sure(struct recovery *recovery, struct frame_reader *reader, uint64_t end) {
    const struct file_task sync = {.kind = FILE_TASK_SYNC, .file = reader->handle};
    const uint64_t sure = end > LAST_WORD_BYTES ? end - LAST_WORD_BYTES : 0u;
    if (was_synced(recovery, reader->file.number, sure > 0u ? sure - 1u : 0u))
        note_repair(recovery, journal_do_task(recovery->journal, FILE_LANE_SYNC, &sync));
    else
        note_repair(recovery, write_again(recovery, reader, end));
}

static enum journal_status take_file(struct recovery *recovery, size_t index) {
    struct found_file *file = &recovery->files[index];
    struct frame_reader reader;
    enum journal_status status = look_for_gap(recovery, index);
    if (status != JOURNAL_OK)
        return status;
    if (file->status != FRAME_OPEN_OK)
        return useless_file(recovery, file, index + 1u == recovery->file_count);
    if (open_file(recovery, file, &reader) == FRAME_OPEN_OK) {
        status = take_frames(recovery, &reader, index);
        if (status == JOURNAL_OK)
            make_sure(recovery, &reader, file->size);
    } else {
        status = JOURNAL_NO_MEMORY;
    }
    close_file(recovery, &reader);
    recovery->done_bytes += file->size;
    return status;
}

/* An attempt after a failure that came to nothing: it must be gone, and the folder synced, before
 * anything new is written, or what is written is read as if it continued it. */
static void drop_attempt(struct recovery *recovery) {
    for (size_t i = recovery->used_end; i < recovery->file_count; i++) {
        const struct found_file *file = &recovery->files[i];
        const bool is_good =
            !file->has_bad && (file->status == FRAME_OPEN_OK || file->status == FRAME_OPEN_SHORT);
        if (is_good)
            remove_file(recovery, file->number);
        else
            set_file_aside(recovery, file->number, "unused");
    }
}

/* ---- A new file ---- */

static void begin_to_write(struct recovery *recovery, uint64_t now_ms) {
    struct journal *journal = recovery->journal;
    enum file_status status = recovery->repair;
    journal->is_unsure = status != FILE_OK;
    if (status == FILE_OK)
        status =
            journal_make_file(journal, recovery->has_good_file ? FRAME_CONTINUES : FRAME_FIRST);
    const struct file_task sync = {.kind = FILE_TASK_SYNC, .file = journal->current.handle};
    if (status == FILE_OK)
        status = journal_do_task(journal, FILE_LANE_SYNC, &sync);
    const struct file_task names = {.kind = FILE_TASK_SYNC_DIRECTORY, .file = JOURNAL_NO_FILE};
    if (status == FILE_OK)
        status = journal_do_task(journal, FILE_LANE_SYNC, &names);
    if (status != FILE_OK) {
        journal_fail(journal, status, "begun", now_ms);
        return;
    }
    journal->dirty = false;
    journal->directory_dirty = false;
    journal->synced_number = journal->current.file.number;
    journal->synced_bytes = journal->current.size;
}

static void count_what_is_there(struct recovery *recovery, uint64_t now_ms) {
    struct journal *journal = recovery->journal;
    for (size_t i = 0; i < recovery->file_count; i++) {
        const struct found_file *file = &recovery->files[i];
        /* One that did not count leaves no gap, if it could be put out of the way. */
        if (recovery->repair != FILE_OK || (i < recovery->end && !file->is_removed))
            journal->next_number = file->number + 1u;
        if (i < recovery->base || i >= recovery->end)
            continue;
        journal->stats.segments++;
        journal->stats.disk_bytes += file->size;
    }
    journal->base_bytes = recovery->snapshot_bytes;
    journal->tail_bytes = journal->stats.disk_bytes > journal->base_bytes
                              ? journal->stats.disk_bytes - journal->base_bytes
                              : 0;
    journal->last_snapshot_ms = now_ms;
    journal->asks_snapshot =
        recovery->wants_snapshot || journal->is_rekeying || recovery->repair != FILE_OK;
    if (recovery->base < recovery->end)
        journal->first_number = recovery->files[recovery->base].number;
    else
        journal->first_number = journal->next_number;
    /* What an earlier run had no time to remove. */
    if (recovery->base > 0)
        journal->needless = (struct journal_removal){.next = recovery->files[0].number,
                                                     .end = journal->first_number};
}

static enum journal_status recover(struct recovery *recovery, uint64_t now_ms) {
    /* A file that was removed may come back if the power goes now, and then be chosen instead of
     * what is there. If the folder can't be synced, a sync of it further on fails too. */
    const struct file_task names = {.kind = FILE_TASK_SYNC_DIRECTORY, .file = JOURNAL_NO_FILE};
    enum journal_status status = find_files(recovery);
    if (status == JOURNAL_OK && recovery->file_count > 0)
        (void)journal_do_task(recovery->journal, FILE_LANE_SYNC, &names);
    if (status == JOURNAL_OK)
        status = choose_files(recovery);
    for (size_t i = recovery->base; i < recovery->end && status == JOURNAL_OK; i++)
        status = take_file(recovery, i);
    if (status != JOURNAL_OK)
        return status;
    drop_attempt(recovery);
    count_what_is_there(recovery, now_ms);
    begin_to_write(recovery, now_ms);
    return JOURNAL_OK;
}

enum journal_status journal_recover(struct journal *journal, uint64_t now_ms, void *take_ctx,
                                    bool (*take)(void *take_ctx, const uint8_t *unit,
                                                 size_t unit_len)) {
    const uint64_t start_us = journal->files.now_us(journal->files.ctx);
    struct recovery recovery = {
        .journal = journal, .take_ctx = take_ctx, .take = take, .said_us = start_us};
    const enum journal_status status = recover(&recovery, now_ms);
    free(recovery.files);
    journal->stats.recovered_ms = (journal->files.now_us(journal->files.ctx) - start_us) / 1000u;
    return status;
}
