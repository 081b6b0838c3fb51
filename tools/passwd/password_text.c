/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Lines of a password file, one by one; see password_text.h.
 */
#include "tools/passwd/password_text.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "broker/security/fault.h"
#include "broker/security/password_hash.h"

void password_text_free(struct password_text *text) {
    if (text->text != NULL)
        OPENSSL_cleanse(text->text, text->len);
    free(text->text);
    *text = (struct password_text){NULL, 0};
}

const char *password_text_check_user(const char *user) {
    const struct text_span span = {user, strlen(user)};
    if (span.len == 0)
        return "the user name is empty";
    if (strchr(user, ':') != NULL)
        return "a user name must not contain a colon";
    if (!text_is_plain(span))
        return "a user name is UTF-8 text of 65535 bytes at most";
    if (*user == '#')
        return "a user name must not begin with #: its line would be a comment";
    if (text_trim(span).len != span.len)
        return "a user name must not begin or end with a blank";
    return NULL;
}

/* ---- Lines ---- */

struct line {
    struct text_span whole; /* with its end */
    struct text_span user;
    struct text_span hash;
    bool is_entry; /* has a colon, and is no comment */
    bool is_blank; /* or a comment */
};

static bool next_line(struct text_span *rest, struct line *line) {
    if (rest->len == 0)
        return false;
    const char *end = memchr(rest->text, '\n', rest->len);
    const size_t len = end == NULL ? rest->len : (size_t)(end - rest->text) + 1;
    size_t text_len = len;
    while (text_len > 0 && (rest->text[text_len - 1] == '\n' || rest->text[text_len - 1] == '\r'))
        text_len--;
    *line = (struct line){.whole = {rest->text, len}};
    const char *colon = memchr(rest->text, ':', text_len);
    line->is_blank = text_len == 0 || rest->text[0] == '#' ||
                     text_trim((struct text_span){rest->text, text_len}).len == 0;
    line->is_entry = colon != NULL && !line->is_blank;
    if (line->is_entry) {
        const size_t user_len = (size_t)(colon - rest->text);
        line->user = text_trim((struct text_span){rest->text, user_len});
        line->hash = text_trim((struct text_span){colon + 1, text_len - user_len - 1});
    }
    rest->text += len;
    rest->len -= len;
    return true;
}

static bool is_user(const struct line *line, const char *user) {
    return line->is_entry && line->user.len == strlen(user) &&
           memcmp(line->user.text, user, line->user.len) == 0;
}

static void put(struct password_text *out, const char *text, size_t len) {
    memcpy(out->text + out->len, text, len);
    out->len += len;
}

static void put_entry(struct password_text *out, struct text_span user, const char *hash) {
    put(out, user.text, user.len);
    put(out, ":", 1);
    put(out, hash, strlen(hash));
    put(out, "\n", 1);
}

/* Room for the text and more; nothing in it. */
static bool begin(struct password_text *out, size_t len, size_t more) {
    *out = (struct password_text){.text = malloc(len + more + 1), .len = 0};
    return out->text != NULL;
}

/* ---- Changes ---- */

enum password_text_result password_text_set(const char *text, size_t len, const char *user,
                                            const char *hash, struct password_text *out) {
    struct text_span rest = {text, len};
    struct line line;
    enum password_text_result result = PASSWORD_TEXT_ADDED;
    if (!begin(out, len, 2 * (strlen(user) + strlen(hash) + 3)))
        return PASSWORD_TEXT_NO_MEMORY;
    const struct text_span name = {user, strlen(user)};
    while (next_line(&rest, &line)) {
        if (!is_user(&line, user)) {
            put(out, line.whole.text, line.whole.len);
            continue;
        }
        if (result == PASSWORD_TEXT_ADDED)
            put_entry(out, name, hash);
        result = PASSWORD_TEXT_CHANGED;
    }
    if (result == PASSWORD_TEXT_CHANGED)
        return result;
    if (out->len > 0 && out->text[out->len - 1] != '\n')
        put(out, "\n", 1);
    put_entry(out, name, hash);
    return result;
}

enum password_text_result password_text_delete(const char *text, size_t len, const char *user,
                                               struct password_text *out) {
    struct text_span rest = {text, len};
    struct line line;
    enum password_text_result result = PASSWORD_TEXT_UNCHANGED;
    if (!begin(out, len, 0))
        return PASSWORD_TEXT_NO_MEMORY;
    while (next_line(&rest, &line)) {
        if (is_user(&line, user))
            result = PASSWORD_TEXT_CHANGED;
        else
            put(out, line.whole.text, line.whole.len);
    }
    return result;
}

static bool is_hashed(struct text_span text) {
    struct password_hash hash;
    const bool good = password_hash_parse(text.text, text.len, &hash) == NULL;
    OPENSSL_cleanse(&hash, sizeof hash);
    return good;
}

/* How many lines there are; *bad_line: the first that is no entry. */
static size_t count_lines(const char *text, size_t len, uint32_t *bad_line) {
    struct text_span rest = {text, len};
    struct line line;
    uint32_t count = 0;
    *bad_line = 0;
    while (next_line(&rest, &line)) {
        count++;
        if (*bad_line == 0 && !line.is_blank &&
            (!line.is_entry || line.user.len == 0 || line.hash.len == 0))
            *bad_line = count;
    }
    return count;
}

enum password_text_result password_text_upgrade(const char *text, size_t len,
                                                const struct password_text_hasher *hasher,
                                                struct password_text *out, uint32_t *bad_line) {
    struct text_span rest = {text, len};
    struct line line;
    char hash[PASSWORD_TEXT_SIZE];
    enum password_text_result result = PASSWORD_TEXT_UNCHANGED;
    const size_t count = count_lines(text, len, bad_line);
    if (!begin(out, len, count * PASSWORD_TEXT_SIZE))
        return PASSWORD_TEXT_NO_MEMORY;
    while (*bad_line == 0 && next_line(&rest, &line)) {
        if (!line.is_entry || is_hashed(line.hash)) {
            put(out, line.whole.text, line.whole.len);
            continue;
        }
        if (!hasher->hash(hasher->ctx, line.hash.text, line.hash.len, hash))
            return PASSWORD_TEXT_NO_MEMORY;
        put_entry(out, line.user, hash);
        result = PASSWORD_TEXT_CHANGED;
    }
    return result;
}
