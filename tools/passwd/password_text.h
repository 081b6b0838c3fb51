/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Changes to the text of a password file: everything that is not to be changed stays byte for
 * byte, comments and all. It opens no file and hashes nothing.
 */
#ifndef TOOLS_PASSWD_PASSWORD_TEXT_H
#define TOOLS_PASSWD_PASSWORD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text of its own, wiped and freed by password_text_free(). */
struct password_text {
    char *text; /* not ended by 0 */
    size_t len;
};

void password_text_free(struct password_text *text);

enum password_text_result {
    PASSWORD_TEXT_NO_MEMORY = 0,
    PASSWORD_TEXT_UNCHANGED, /* the user is not there, or there was nothing to do */
    PASSWORD_TEXT_CHANGED,   /* a line was replaced or taken out */
    PASSWORD_TEXT_ADDED,     /* a line was put at the end */
};

/* Why a user name can't stand in a file; NULL: it can. */
const char *password_text_check_user(const char *user);

/* Gives the user this hash, in its line or in a new one. */
enum password_text_result password_text_set(const char *text, size_t len, const char *user,
                                            const char *hash, struct password_text *out);
/* Takes out the lines of a user. */
enum password_text_result password_text_delete(const char *text, size_t len, const char *user,
                                               struct password_text *out);

/* Hashes every plain password: hash() writes the text form of one to out, ended by 0. What is
 * hashed already stays. bad_line: of the first line that is neither comment nor NAME:PASSWORD, and
 * nothing was changed then; 0: none. */
struct password_text_hasher {
    void *ctx;
    bool (*hash)(void *ctx, const char *password, size_t password_len, char *out);
};
enum password_text_result password_text_upgrade(const char *text, size_t len,
                                                const struct password_text_hasher *hasher,
                                                struct password_text *out, uint32_t *bad_line);

#endif
