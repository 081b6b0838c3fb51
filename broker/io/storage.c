/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Folder, key, journal, and what they say; see storage.h.
 */
#include "broker/io/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define KEY_FILE_SIZE_MAX 4096u
#define LEGACY_FILE "mosquitto.db"

struct storage {
    struct log *log;
    struct file_posix *files;
    struct journal *journal;
    struct persistence persistence;
    char legacy_file[PATH_MAX]; /* of Mosquitto's, if there were one */
    char folder[PATH_MAX];
};

uint64_t storage_wall_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* ---- Ports of the journal ---- */

static void say(void *context, enum journal_level level, const char *text) {
    static const enum log_type types[] = {[JOURNAL_SAY_NOTICE] = LOG_TYPE_NOTICE,
                                          [JOURNAL_SAY_WARNING] = LOG_TYPE_WARNING,
                                          [JOURNAL_SAY_ERROR] = LOG_TYPE_ERROR};
    const struct storage *storage = context;
    log_say(storage->log, types[level], "persistence: %s", text);
}

static void random_bytes(void *context, uint8_t *out, size_t out_len) {
    (void)context;
    while (out_len > 0) {
        const ssize_t count = getrandom(out, out_len, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            abort(); /* a salt that is none would be worse than an end */
        out += count;
        out_len -= (size_t)count;
    }
}

/* ---- Life ---- */

static bool failed(struct storage *storage, const char *what, const char *why) {
    log_say(storage->log, LOG_TYPE_ERROR, "persistence: %s: %s", what, why);
    return false;
}

static bool read_keys(struct storage *storage, const char *path, struct journal_keys *out) {
    char text[KEY_FILE_SIZE_MAX];
    const char *why = NULL;
    *out = (struct journal_keys){.count = 0};
    if (path == NULL)
        return true;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return failed(storage, path, strerror(errno));
    const ssize_t len = read(fd, text, sizeof text);
    close(fd);
    if (len < 0 || (size_t)len == sizeof text)
        return failed(storage, path, len < 0 ? strerror(errno) : "too long for a file of keys");
    const bool good = journal_keys_parse(out, text, (size_t)len, &why);
    explicit_bzero(text, sizeof text);
    return good || failed(storage, path, why);
}

static bool find_folder(struct storage *storage, const struct config *config) {
    const char *location =
        config->persistence_location != NULL ? config->persistence_location : ".";
    const char *legacy = config->persistence_file != NULL ? config->persistence_file : LEGACY_FILE;
    const size_t len = strlen(location);
    const char *slash = len > 0 && location[len - 1u] == '/' ? "" : "/";
    const int folder_len =
        snprintf(storage->folder, sizeof storage->folder, "%s%s" STORAGE_FOLDER, location, slash);
    const int legacy_len = snprintf(storage->legacy_file, sizeof storage->legacy_file, "%s%s%s",
                                    location, slash, legacy);
    if (folder_len < (int)sizeof storage->folder && legacy_len < (int)sizeof storage->legacy_file)
        return true;
    return failed(storage, "persistence_location", "too long");
}

static bool make_journal(struct storage *storage, const struct config *config) {
    struct journal_options options;
    struct journal_keys keys;
    if (!read_keys(storage, config->persistence_key_file, &keys))
        return false;
    journal_options_init(&options);
    options.files = file_posix_port(storage->files);
    options.ctx = storage;
    options.say = say;
    options.random = random_bytes;
    options.sync = (enum journal_sync)config->persistence_sync;
    options.sync_interval_ms = config->persistence_sync_interval_ms;
    options.strict = config->persistence_strict;
    options.keys = &keys;
    options.snapshot_interval_ms =
        config->autosave_on_changes ? 0u : config->autosave_interval * 1000u;
    options.snapshot_changes = config->autosave_on_changes ? config->autosave_interval : 0u;
    storage->journal = journal_create(&options);
    journal_keys_wipe(&keys);
    if (storage->journal == NULL)
        return failed(storage, "journal", "no memory");
    persistence_init(&storage->persistence, storage->journal);
    return true;
}

static bool open_folder(struct storage *storage) {
    const char *why = NULL;
    storage->files = file_posix_open(storage->folder, &why);
    return storage->files != NULL || failed(storage, storage->folder, why);
}

struct storage *storage_open(const struct config *config, struct log *log) {
    struct storage *storage = calloc(1, sizeof *storage);
    if (storage == NULL)
        return NULL;
    storage->log = log;
    if (find_folder(storage, config) && open_folder(storage) && make_journal(storage, config))
        return storage;
    storage_close(storage);
    return NULL;
}

void storage_close(struct storage *storage) {
    if (storage == NULL)
        return;
    journal_destroy(storage->journal);
    file_posix_close(storage->files);
    free(storage);
}

/* ---- Start ---- */

static void say_what_was_found(struct storage *storage) {
    const struct journal_stats *stats = journal_stats(storage->journal);
    if (storage->persistence.record_count > 0)
        log_say(storage->log, LOG_TYPE_NOTICE,
                "persistence: recovered %" PRIu64 " records in %" PRIu64 " ms",
                storage->persistence.record_count, stats->recovered_ms);
    else if (access(storage->legacy_file, F_OK) == 0)
        log_say(storage->log, LOG_TYPE_WARNING,
                "persistence: the journal is empty, and there is %s: to take over what it holds, "
                "stop the broker and run: libella-journal import %s %s",
                storage->legacy_file, storage->legacy_file, storage->folder);
    if (storage->persistence.bad_record_count > 0)
        log_say(storage->log, LOG_TYPE_WARNING,
                "persistence: %" PRIu64 " of %" PRIu64
                " records name what is lost, and were passed over",
                storage->persistence.bad_record_count, storage->persistence.record_count);
}

bool storage_recover(struct storage *storage, struct core *core, uint64_t now_ms) {
    const enum journal_status status =
        persistence_recover(&storage->persistence, core, now_ms, storage_wall_ms());
    if (status != JOURNAL_OK)
        return failed(storage, storage->folder, journal_status_text(status));
    say_what_was_found(storage);
    return true;
}

struct persistence *storage_persistence(struct storage *storage) {
    return &storage->persistence;
}

int storage_fd(const struct storage *storage) {
    return file_posix_fd(storage->files);
}

const struct journal_stats *storage_stats(const struct storage *storage) {
    return journal_stats(storage->journal);
}

/* ---- Figures ---- */

#define FIGURE(function_, member)                                                                 \
    static uint64_t function_(const struct storage *storage) {                                    \
        return journal_stats(storage->journal)->member;                                           \
    }

FIGURE(written_bytes, written_bytes)
FIGURE(changes, units)
FIGURE(batches, batches)
FIGURE(batch_bytes_max, batch_bytes_max)
FIGURE(syncs, syncs)
FIGURE(sync_us, sync_us)
FIGURE(sync_us_last, sync_us_last)
FIGURE(sync_us_max, sync_us_max)
FIGURE(failures, failures)
FIGURE(segments, segments)
FIGURE(disk_bytes, disk_bytes)
FIGURE(snapshots, snapshots)
FIGURE(snapshot_bytes, snapshot_bytes)
FIGURE(snapshot_ms, snapshot_ms)
FIGURE(recovered_ms, recovered_ms)
FIGURE(damaged_pieces, damaged_pieces)
FIGURE(damaged_bytes, damaged_bytes)
FIGURE(torn_bytes, torn_bytes)

static uint64_t sync_us_median(const struct storage *storage) {
    return times_percentile_us(&journal_stats(storage->journal)->sync_times, 50);
}

static uint64_t sync_us_p99(const struct storage *storage) {
    return times_percentile_us(&journal_stats(storage->journal)->sync_times, 99);
}

static uint64_t batch_us_max(const struct storage *storage) {
    return storage->persistence.batch_us_max;
}

static uint64_t recovered(const struct storage *storage) {
    return storage->persistence.record_count;
}

/* 0 good, 1 full, 2 failed. */
static uint64_t state(const struct storage *storage) {
    return (uint64_t)journal_storage(storage->journal);
}

#define ROW(name_, function_)                                                                     \
    { name_, "$SYS/broker/persistence/" name_, function_ }

const struct storage_figure storage_figures[] = {
    ROW("state", state),
    ROW("bytes/written", written_bytes),
    ROW("changes", changes),
    ROW("batches", batches),
    ROW("batches/bytes/maximum", batch_bytes_max),
    ROW("batches/microseconds/maximum", batch_us_max),
    ROW("syncs", syncs),
    ROW("syncs/microseconds", sync_us),
    ROW("syncs/microseconds/last", sync_us_last),
    ROW("syncs/microseconds/median", sync_us_median),
    ROW("syncs/microseconds/p99", sync_us_p99),
    ROW("syncs/microseconds/maximum", sync_us_max),
    ROW("failures", failures),
    ROW("segments", segments),
    ROW("segments/bytes", disk_bytes),
    ROW("snapshots", snapshots),
    ROW("snapshots/bytes", snapshot_bytes),
    ROW("snapshots/milliseconds", snapshot_ms),
    ROW("recovered/records", recovered),
    ROW("recovered/milliseconds", recovered_ms),
    ROW("damaged/pieces", damaged_pieces),
    ROW("damaged/bytes", damaged_bytes),
    ROW("torn/bytes", torn_bytes),
};

const size_t storage_figure_count = sizeof storage_figures / sizeof storage_figures[0];
