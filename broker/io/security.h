/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The files that say who may come in and what is allowed, read as a whole: all of them are good,
 * or nothing is taken. What they mean is in broker/security.
 */
#ifndef BROKER_IO_SECURITY_H
#define BROKER_IO_SECURITY_H

#include <stdbool.h>

#include "broker/io/config.h"
#include "broker/security/acl.h"
#include "broker/security/password_file.h"

/* The largest file that is read. */
#define SECURITY_FILE_BYTES_MAX (256u * 1024u * 1024u)

struct security {
    struct password_table *passwords; /* NULL: there is no password file */
    struct acl *acl;                  /* NULL: there is no acl file, and everything is allowed */
};

/* One for all listeners, or one for each in their order (per_listener_settings). */
struct security_set {
    struct security *members;
    uint32_t count;
};

struct security_paths {
    const char *password_file; /* NULL: none */
    const char *acl_file;      /* NULL: none */
};

/* false: the reporter was told of every fault, "FILE:LINE: text", and *out is empty. */
bool security_read(struct security *out, const struct security_paths *paths,
                   const struct config_reporter *reporter);
/* Wipes and frees; what is left is empty. */
void security_free(struct security *security);

/* All files that the configuration names; false as above. */
bool security_read_set(struct security_set *out, const struct config *config,
                       const struct config_reporter *reporter);
void security_free_set(struct security_set *set);
/* Of the listener with this index; never NULL. set may be NULL or empty: nobody has a password,
 * and everything is allowed. */
const struct security *security_of(const struct security_set *set, uint32_t listener_index);
/* Whether anything is forbidden to anybody. */
bool security_has_acl(const struct security_set *set);

#endif
