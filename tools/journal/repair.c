/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Repair: what is good of a journal, in a new one that takes its place. The old folder stays, with
 * the pieces set aside in it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/journal/journal_tool.h"

static bool copy_unit(void *context, const uint8_t *unit, size_t unit_len) {
    return tool_write(context, unit, unit_len);
}

/* Trailing slashes have no place in front of a suffix. */
static bool name_with(char out[PATH_MAX], const char *folder, const char *suffix) {
    size_t len = strlen(folder);
    while (len > 1 && folder[len - 1u] == '/')
        len--;
    return snprintf(out, PATH_MAX, "%.*s%s", (int)len, folder, suffix) < PATH_MAX;
}

static enum tool_status put_in_place(const struct tool *tool, const char *made) {
    char folder[PATH_MAX];
    char before[PATH_MAX];
    struct stat found;
    if (!name_with(folder, tool->folder, "") || !name_with(before, folder, ".before-repair"))
        return tool_failed("%s: the name is too long", tool->folder);
    if (lstat(before, &found) == 0)
        return tool_failed("%s is in the way: move it elsewhere; what was repaired is in %s",
                           before, made);
    if (rename(folder, before) != 0 || rename(made, folder) != 0)
        return tool_failed("%s: %s", folder, strerror(errno));
    printf("the folder as it was is %s\n", before);
    return TOOL_GOOD;
}

enum tool_status tool_repair(const struct tool *tool) {
    char made[PATH_MAX];
    struct stat found;
    struct tool_journal from;
    struct tool_journal to;
    if (stat(tool->folder, &found) != 0)
        return tool_failed("%s: %s", tool->folder, strerror(errno));
    if (!name_with(made, tool->folder, ".repaired"))
        return tool_failed("%s: the name is too long", tool->folder);
    if (lstat(made, &found) == 0)
        return tool_failed("%s is in the way: remove it", made);
    if (!tool_open_journal(&to, tool, made, NULL, NULL))
        return TOOL_BAD;
    struct tool_writer writer = {.to = &to};
    const bool read = tool_open_journal(&from, tool, tool->folder, &writer, copy_unit);
    const bool written = tool_flush(&writer);
    const uint64_t count = read ? journal_stats(from.journal)->recovered_frames : 0;
    if (read)
        (void)tool_close_journal(&from);
    if (!tool_close_journal(&to) || !read || !written)
        return tool_failed("%s is not repaired; %s can be removed", tool->folder, made);
    printf("%llu frames were taken over\n", (unsigned long long)count);
    return put_in_place(tool, made);
}
