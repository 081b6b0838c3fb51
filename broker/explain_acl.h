/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Tells a person which line of an acl_file decides. It starts no broker.
 */
#ifndef BROKER_EXPLAIN_ACL_H
#define BROKER_EXPLAIN_ACL_H

#include <stdbool.h>
#include <stdio.h>

#include "broker/security/acl.h"

struct explain_question {
    const char *user; /* "": a client without user name */
    const char *client_id;
    const char *access; /* "read" or "write" */
    const char *topic;
};

enum explain_answer {
    EXPLAIN_ALLOWED,
    EXPLAIN_DENIED,
    EXPLAIN_NO_QUESTION /* the access or the topic is none */
};

/* acl: NULL if the configuration names no file; file: its path. Writes the answer, and the line
 * that decides as it stands in the file, to out. */
enum explain_answer explain_acl(const struct acl *acl, const char *file,
                                const struct explain_question *question, FILE *out);

#endif
