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

struct security_paths {
    const char *password_file; /* NULL: none */
    const char *acl_file;      /* NULL: none */
};

/* false: the reporter was told of every fault, "FILE:LINE: text", and *out is empty. */
bool security_read(struct security *out, const struct security_paths *paths,
                   const struct config_reporter *reporter);
/* Wipes and frees; what is left is empty. */
void security_free(struct security *security);

#endif
