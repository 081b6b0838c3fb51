/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Files read as a whole and replaced as a whole: whoever reads the name, or comes back after power
 * failed, finds the old text or the new one and nothing between.
 */
#ifndef TOOLS_PASSWD_REPLACE_FILE_H
#define TOOLS_PASSWD_REPLACE_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct whole_file {
    char *path;    /* with links followed */
    int folder_fd; /* locked until whole_file_close(), so that two programs take turns */
    char *text;
    size_t len;
    bool exists;
};

/* Locks the folder of the file and reads it, if it is there. false: errno says why. */
bool whole_file_open(struct whole_file *file, const char *path);
/* Replaces the file; mode and owner stay, a new one can be read by its owner only. false: errno
 * says why, and the file is as it was. */
bool whole_file_replace(const struct whole_file *file, const char *text, size_t len);
/* Wipes what was read. */
void whole_file_close(struct whole_file *file);

#endif
