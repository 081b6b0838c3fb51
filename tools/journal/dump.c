/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Dump and verify: every file of a journal, frame by frame, without changing anything.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/core/record.h"
#include "broker/io/frame.h"
#include "broker/io/log.h"
#include "tools/journal/journal_tool.h"

#define TEXT_SIZE 512u

struct walk {
    const struct tool *tool;
    const struct file_port *files;
    bool prints;
    uint64_t *numbers;
    size_t count;
    size_t room;
    uint64_t frames;
    uint64_t records;
    uint64_t bad_bytes;
    uint64_t troubles;
};

/* ---- Records ---- */

static const char *text_of(struct ella_slice slice, char out[TEXT_SIZE]) {
    return log_escape(out, TEXT_SIZE, ella_slice_data(slice), ella_slice_len(slice));
}

static const char *time_of(uint64_t wall_ms, char out[32]) {
    const time_t seconds = (time_t)(wall_ms / 1000u);
    struct tm parts;
    if (wall_ms == 0 || gmtime_r(&seconds, &parts) == NULL ||
        strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return "-";
    return out;
}

static bool decode(struct ella_slice body, enum ella_packet_type type, enum ella_sender sender,
                   struct ella_packet *out) {
    struct ella_decoder decoder;
    ella_decoder_init(&decoder, type == ELLA_CONNECT ? ELLA_VERSION_UNKNOWN : ELLA_VERSION_5_0,
                      sender, ELLA_PACKET_SIZE_MAX);
    return ella_decode(&decoder, body.base, body.off, body.end, out) == ELLA_PACKET &&
           out->type == type;
}

static void print_filter(const struct record *record, enum ella_packet_type type) {
    char text[TEXT_SIZE];
    struct ella_packet packet;
    struct ella_filter filter;
    if (!decode(record->body, type, ELLA_FROM_CLIENT, &packet))
        return;
    struct ella_slice rest = packet.subscribe.filters;
    while (ella_filter_next(type, &rest, &filter))
        printf(" filter=\"%s\" qos=%u", text_of(filter.filter, text), filter.qos);
}

static void print_message(const struct record *record) {
    char text[TEXT_SIZE];
    struct ella_packet packet;
    const enum ella_sender sender =
        record->kind == RECORD_MESSAGE ? ELLA_FROM_SERVER : ELLA_FROM_CLIENT;
    if (!decode(record->body, ELLA_PUBLISH, sender, &packet))
        return;
    printf(" topic=\"%s\" qos=%u retain=%u bytes=%u", text_of(packet.publish.topic, text),
           packet.publish.qos, packet.publish.retain, ella_slice_len(packet.publish.payload));
}

static void print_session(const struct record *record) {
    char text[TEXT_SIZE];
    struct ella_packet packet;
    if (!decode(record->body, ELLA_CONNECT, ELLA_FROM_CLIENT, &packet))
        return;
    printf(" client=\"%s\" expiry=%" PRIu32, text_of(packet.connect.client_id, text),
           packet.connect.properties.session_expiry_interval_s);
    if (packet.connect.has_user_name)
        printf(" user=\"%s\"", text_of(packet.connect.user_name, text));
    if (packet.connect.has_will)
        printf(" will=\"%s\"", text_of(packet.connect.will_topic, text));
}

static void print_value(const struct record *record) {
    char text[32];
    switch (record->kind) {
    case RECORD_TIME:
    case RECORD_SESSION:
    case RECORD_MESSAGE:
        printf(" time=%s", time_of(record->value, text));
        break;
    case RECORD_START: /* its numbers are a key */
    case RECORD_SNAPSHOT_BEGIN:
        if (ella_slice_len(record->body) == 8)
            printf(" time=%s", time_of(record_get_u64(ella_slice_data(record->body)), text));
        return;
    default:
        if (record->value != 0)
            printf(" message=%" PRIu64, record->value);
        break;
    }
    if (record->number != 0)
        printf(" number=%" PRIu64, record->number);
    if (record->session != 0 && record->kind != RECORD_MESSAGE)
        printf(" session=%" PRIu64, record->session);
    if (record->packet_id != 0)
        printf(" packet_id=%u", record->packet_id);
}

/* Entries that a DONE speaks of beside the one in its head. */
static void print_others(const struct record *record) {
    const uint8_t *body = ella_slice_data(record->body);
    const uint32_t len = ella_slice_len(record->body);
    for (uint32_t i = 0; i + 4u <= len; i += 4u)
        printf("%s%" PRIu64, i == 0 ? " and=" : ",", record->number + record_get_u32(body + i));
}

static void print_record(const struct record *record) {
    printf("  %s", record_kind_name(record->kind));
    print_value(record);
    switch (record->kind) {
    case RECORD_SESSION:
        print_session(record);
        break;
    case RECORD_SUBSCRIPTION:
        print_filter(record, ELLA_SUBSCRIBE);
        break;
    case RECORD_UNSUBSCRIPTION:
        print_filter(record, ELLA_UNSUBSCRIBE);
        break;
    case RECORD_MESSAGE:
    case RECORD_RETAINED_CLEAR:
        print_message(record);
        break;
    case RECORD_QUEUED:
        printf(" qos=%u retain=%u", (record->flags & RECORD_QOS_MASK) >> RECORD_QOS_SHIFT,
               (record->flags & RECORD_RETAIN) != 0);
        break;
    case RECORD_DONE:
        print_others(record);
        break;
    default:
        break;
    }
    putchar('\n');
}

/* ---- Frames ---- */

static void trouble(struct walk *walk, const char *name, const char *format, uint64_t a,
                    uint64_t b) {
    walk->troubles++;
    if (walk->prints)
        fflush(stdout);
    fprintf(stderr, "%s: ", name);
    fprintf(stderr, format, a, b);
    fputc('\n', stderr);
}

static void walk_unit(struct walk *walk, const char *name, const struct frame *frame) {
    const uint32_t end = (uint32_t)frame->body_len;
    struct record record;
    for (uint32_t at = 0; at < end;) {
        const uint32_t size = record_read(frame->body, at, end, &record);
        if (size == 0) {
            trouble(walk, name, "a record is malformed: at %" PRIu64 ", byte %" PRIu64,
                    frame->offset, at);
            return;
        }
        walk->records++;
        if (walk->prints && !walk->tool->is_quiet)
            print_record(&record);
        at += size;
    }
}

static void walk_batch_end(const struct walk *walk, const struct frame *frame) {
    if (!walk->prints || frame->body_len < FRAME_BATCH_END_LEN)
        return;
    printf("%10" PRIu64 " end of batch %" PRIu64 ", synced up to %" PRIu64 ":%" PRIu64 "%s\n",
           frame->offset, frame_get_u64(frame->body + 16), frame_get_u64(frame->body),
           frame_get_u64(frame->body + 8),
           (frame->body[27] & FRAME_BATCH_ENDS_SNAPSHOT) != 0 ? ", end of the snapshot" : "");
}

static void walk_frames(struct walk *walk, const char *name, struct frame_reader *reader,
                        bool is_last) {
    struct frame frame;
    enum frame_status found = frame_reader_next(reader, &frame);
    for (; found == FRAME_GOOD || found == FRAME_BAD; found = frame_reader_next(reader, &frame)) {
        if (found == FRAME_BAD) {
            const bool at_end = is_last && frame.end == reader->size;
            walk->bad_bytes += frame.end - frame.offset;
            trouble(walk, name,
                    at_end ? "%" PRIu64 " bytes at %" PRIu64 ", the end, are torn or damaged"
                           : "%" PRIu64 " bytes at %" PRIu64 " are damaged",
                    frame.end - frame.offset, frame.offset);
            continue;
        }
        walk->frames++;
        if (frame.kind == FRAME_BATCH_END) {
            walk_batch_end(walk, &frame);
            continue;
        }
        if (walk->prints && !walk->tool->is_quiet)
            printf("%10" PRIu64 " %zu bytes of records\n", frame.offset, frame.body_len);
        walk_unit(walk, name, &frame);
    }
}

static void print_header(const char *name, const struct frame_reader *reader) {
    static const char *const starts[] = {[FRAME_CONTINUES] = "continues the file before",
                                         [FRAME_FIRST] = "the first file",
                                         [FRAME_SNAPSHOT] = "begins a snapshot",
                                         [FRAME_FRESH] = "begins anew after a failure"};
    printf("%s: %" PRIu64 " bytes, version %u, %s, %s\n", name, reader->size, reader->file.version,
           starts[reader->file.start], reader->file.is_encrypted ? "encrypted" : "plain");
}

static void walk_file(struct walk *walk, uint64_t number, bool is_last) {
    static const char *const words[] = {[FRAME_OPEN_SHORT] = "it is shorter than its header",
                                        [FRAME_OPEN_BAD] = "it has no readable header",
                                        [FRAME_OPEN_NEWER] = "it is of a later version",
                                        [FRAME_OPEN_WRONG_KEY] =
                                            "it is encrypted, with none of the keys given (-k)",
                                        [FRAME_OPEN_FAILED] = "no memory"};
    char name[FILE_NAME_LEN_MAX + 1u];
    struct frame_reader reader;
    int handle = -1;
    snprintf(name, sizeof name, "%010" PRIu64 ".journal", number);
    const enum file_status status =
        walk->files->open(walk->files->ctx, name, FILE_FOR_READING, &handle);
    if (status != FILE_OK) {
        walk->troubles++;
        (void)tool_failed("%s: %s", name, file_status_text(status));
        return;
    }
    const enum frame_open_status opened =
        frame_reader_open(&reader, walk->files, handle, &walk->tool->keys);
    if (opened == FRAME_OPEN_OK && walk->prints)
        print_header(name, &reader);
    if (opened == FRAME_OPEN_OK)
        walk_frames(walk, name, &reader, is_last);
    else
        trouble(walk, name, words[opened], 0, 0);
    frame_reader_free(&reader);
    walk->files->close(walk->files->ctx, handle);
}

/* ---- Folders ---- */

static void found_name(void *context, const char *name) {
    struct walk *walk = context;
    uint64_t number = 0;
    char same[FILE_NAME_LEN_MAX + 1u];
    if (sscanf(name, "%10" SCNu64, &number) != 1)
        return;
    snprintf(same, sizeof same, "%010" PRIu64 ".journal", number);
    if (strcmp(name, same) != 0)
        return;
    if (walk->count == walk->room) {
        walk->room = walk->room == 0 ? 64u : 2u * walk->room;
        uint64_t *larger = realloc(walk->numbers, walk->room * sizeof *larger);
        if (larger == NULL)
            abort();
        walk->numbers = larger;
    }
    walk->numbers[walk->count++] = number;
}

static int by_number(const void *a, const void *b) {
    const uint64_t left = *(const uint64_t *)a;
    const uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static enum tool_status walk_folder(const struct tool *tool, bool prints) {
    const char *why = NULL;
    struct walk walk = {.tool = tool, .prints = prints};
    struct file_posix *files = file_posix_look(tool->folder, &why);
    if (files == NULL)
        return tool_failed("%s: %s", tool->folder, why);
    const struct file_port port = file_posix_port(files);
    walk.files = &port;
    if (port.list(port.ctx, found_name, &walk) != FILE_OK)
        walk.troubles++;
    if (walk.count > 0)
        qsort(walk.numbers, walk.count, sizeof *walk.numbers, by_number);
    for (size_t i = 0; i < walk.count; i++) {
        if (i > 0 && walk.numbers[i] != walk.numbers[i - 1u] + 1u)
            trouble(&walk, tool->folder,
                    "files %010" PRIu64 ".journal to %010" PRIu64 ".journal are missing",
                    walk.numbers[i - 1u] + 1u, walk.numbers[i] - 1u);
        walk_file(&walk, walk.numbers[i], i + 1u == walk.count);
    }
    printf("%zu files, %" PRIu64 " frames, %" PRIu64 " records, %" PRIu64 " bad bytes: %s\n",
           walk.count, walk.frames, walk.records, walk.bad_bytes,
           walk.troubles == 0 ? "all is well" : "not all is well");
    free(walk.numbers);
    file_posix_close(files);
    return walk.troubles == 0 ? TOOL_GOOD : TOOL_BAD;
}

enum tool_status tool_dump(const struct tool *tool) {
    return walk_folder(tool, true);
}

enum tool_status tool_verify(const struct tool *tool) {
    return walk_folder(tool, false);
}
