/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * libella-journal: looks into a journal, checks it, repairs it, and makes one of Mosquitto's file.
 *
 * Exit status: 0 all is well; 1 it is not; 2 the command line is wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "tools/journal/journal_tool.h"

#define KEY_FILE_SIZE_MAX 4096u
#define BATCH_BYTES (1024u * 1024u)

static const char help_text[] =
    "libella-journal: the journal of libellad\n"
    "\n"
    "usage: libella-journal dump   [-k FILE] [-q] FOLDER\n"
    "       libella-journal verify [-k FILE] FOLDER\n"
    "       libella-journal repair [-k FILE] FOLDER\n"
    "       libella-journal import [-k FILE] MOSQUITTO_DB FOLDER\n"
    "       libella-journal --help | --version\n"
    "\n"
    "  dump    prints every record; changes nothing\n"
    "  verify  tells what is damaged, missing or torn; changes nothing\n"
    "  repair  writes what is good into a new folder and puts it in the place of the old one,\n"
    "          which becomes FOLDER.before-repair; the broker must not run\n"
    "  import  makes a journal of a file of Mosquitto's (mosquitto.db, versions 5 and 6):\n"
    "          retained messages, sessions, subscriptions, what is queued and in flight\n"
    "\n"
    "  FOLDER                the folder named journal in persistence_location\n"
    "  -k, --key-file FILE   persistence_key_file of the broker\n"
    "  -q, --quiet           dump: files and batches, no records\n"
    "  -h, --help            print this, and end\n"
    "      --version         print the version, and end\n";

enum tool_status tool_failed(const char *format, ...) {
    va_list arguments;
    fputs("libella-journal: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return TOOL_BAD;
}

/* ---- Journals ---- */

static void say(void *context, enum journal_level level, const char *text) {
    struct tool_journal *journal = context;
    journal->remarks++;
    (void)level;
    (void)tool_failed("%s", text);
}

static void random_bytes(void *context, uint8_t *out, size_t out_len) {
    (void)context;
    while (out_len > 0) {
        const ssize_t count = getrandom(out, out_len, 0);
        if (count > 0) {
            out += count;
            out_len -= (size_t)count;
        }
    }
}

static bool take_nothing(void *context, const uint8_t *unit, size_t unit_len) {
    (void)context;
    (void)unit;
    (void)unit_len;
    return true;
}

bool tool_open_journal(struct tool_journal *out, const struct tool *tool, const char *folder,
                       void *take_ctx,
                       bool (*take)(void *take_ctx, const uint8_t *unit, size_t unit_len)) {
    struct journal_options options;
    const char *why = NULL;
    *out = (struct tool_journal){.files = file_posix_open(folder, &why)};
    if (out->files == NULL)
        return tool_failed("%s: %s", folder, why) == TOOL_GOOD;
    journal_options_init(&options);
    options.files = file_posix_port(out->files);
    options.ctx = out;
    options.say = say;
    options.random = random_bytes;
    options.keys = &tool->keys;
    out->journal = journal_create(&options);
    const enum journal_status status =
        out->journal == NULL
            ? JOURNAL_NO_MEMORY
            : journal_recover(out->journal, 0, take_ctx, take == NULL ? take_nothing : take);
    if (status == JOURNAL_OK && journal_storage(out->journal) == JOURNAL_GOOD)
        return true;
    if (status != JOURNAL_OK)
        (void)tool_failed("%s: %s", folder, journal_status_text(status));
    journal_destroy(out->journal);
    file_posix_close(out->files);
    return false;
}

bool tool_close_journal(struct tool_journal *journal) {
    const bool closed = journal_close(journal->journal, 0);
    journal_destroy(journal->journal);
    file_posix_close(journal->files);
    return closed;
}

bool tool_flush(struct tool_writer *writer) {
    if (writer->batch_bytes > 0) {
        journal_commit(writer->to->journal, false, 0);
        writer->batch_bytes = 0;
    }
    writer->failed = !journal_wait(writer->to->journal, 0) || writer->failed;
    return !writer->failed;
}

bool tool_write(struct tool_writer *writer, const uint8_t *unit, size_t unit_len) {
    if (writer->failed)
        return false;
    if (writer->batch_bytes == 0)
        journal_begin(writer->to->journal, ++writer->batch, false, 0);
    journal_append(writer->to->journal, unit, unit_len, 1);
    writer->batch_bytes += unit_len + 1u;
    return writer->batch_bytes < BATCH_BYTES || tool_flush(writer);
}

/* ---- Command line ---- */

static bool read_keys(struct tool *tool, const char *path) {
    char text[KEY_FILE_SIZE_MAX];
    const char *why = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0)
        close(fd);
    if (len < 0)
        return tool_failed("%s: %s", path, strerror(errno)) == TOOL_GOOD;
    const bool good = journal_keys_parse(&tool->keys, text, (size_t)len, &why);
    explicit_bzero(text, sizeof text);
    return good || tool_failed("%s: %s", path, why) == TOOL_GOOD;
}

static enum tool_status usage_error(const char *text, const char *detail) {
    fprintf(stderr, "libella-journal: %s%s\nlibella-journal: try --help\n", text, detail);
    return TOOL_USAGE;
}

static enum tool_status run(struct tool *tool, int argc, char **argv) {
    static const struct {
        const char *name;
        int operand_count;
        enum tool_status (*run)(const struct tool *tool);
    } commands[] = {{"dump", 1, tool_dump},
                    {"verify", 1, tool_verify},
                    {"repair", 1, tool_repair},
                    {"import", 2, tool_import}};
    if (argc == 0)
        return usage_error("dump, verify, repair or import?", "");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[0], commands[i].name) != 0)
            continue;
        if (argc - 1 != commands[i].operand_count)
            return usage_error(commands[i].operand_count == 1 ? "it takes one folder"
                                                              : "it takes a file and a folder",
                               "");
        tool->folder = argv[argc - 1];
        tool->file = argv[1];
        return commands[i].run(tool);
    }
    return usage_error("there is no such command: ", argv[0]);
}

int main(int argc, char **argv) {
    static const struct option names[] = {{"key-file", required_argument, NULL, 'k'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    struct tool tool = {.is_quiet = false};
    int option = 0;
    while ((option = getopt_long(argc, argv, "k:qh", names, NULL)) != -1) {
        switch (option) {
        case 'k':
            if (!read_keys(&tool, optarg))
                return TOOL_BAD;
            break;
        case 'q':
            tool.is_quiet = true;
            break;
        case 'h':
            fputs(help_text, stdout);
            return TOOL_GOOD;
        case 'V':
            puts("libella-journal version " LIBELLAD_VERSION);
            return TOOL_GOOD;
        default:
            fputs("libella-journal: try --help\n", stderr);
            return TOOL_USAGE;
        }
    }
    const enum tool_status status = run(&tool, argc - optind, argv + optind);
    journal_keys_wipe(&tool.keys);
    return (int)status;
}
