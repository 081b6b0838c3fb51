/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Access control lists: an acl_file (bytes in, rules or all that is wrong with it out), and who
 * may publish and receive what by it. It opens no file.
 *
 *     user NAME                       the topic lines below are this user's; before the first one
 *                                     they are those of clients without a user name
 *     topic [read|write|readwrite|deny] FILTER
 *     pattern [read|write|readwrite|deny] FILTER      of everybody: %c stands for the client
 *                                                     identifier, %u for the user name
 *
 * Without a word for the access it is readwrite; then the filter has no blanks. Lines whose first
 * character is # and blank lines count nothing.
 *
 * What decides: of the topic lines of the client a deny that matches, else one that allows; then
 * of the patterns the same; else nothing is allowed. A pattern with %u is not for clients without
 * user name, and while there are patterns, a client whose name or identifier has + or # has none
 * of them. Topics that begin with $ are matched by filters that begin with $ only.
 *
 * The rules of a user are a tree of levels, found by one hash of the name: a decision costs what
 * the levels of the topic and the wildcards of that user cost, however many users there are, and
 * takes no memory.
 */
#ifndef BROKER_SECURITY_ACL_H
#define BROKER_SECURITY_ACL_H

#include "broker/security/fault.h"
#include "libella/codec.h"

/* Levels of a filter in the file at most. */
#define ACL_LEVELS_MAX 200u

enum acl_access {
    ACL_READ = 1,  /* may it receive a message of this topic? */
    ACL_WRITE = 2, /* may it publish to this topic? */
};

struct acl_client {
    struct ella_slice client_id;
    struct ella_slice user;
    bool has_user;
};

struct acl;

/* seed: unpredictable, of the hash. NULL: the reporter was told why. */
struct acl *acl_file_parse(const uint8_t *bytes, size_t len, uint64_t seed,
                           const struct fault_reporter *reporter);
void acl_free(struct acl *acl);
uint32_t acl_rule_count(const struct acl *acl);

/* topic: a valid topic name. */
bool acl_allows(const struct acl *acl, const struct acl_client *client, enum acl_access access,
                struct ella_slice topic);

enum acl_reason {
    ACL_BY_TOPIC_LINE,
    ACL_BY_PATTERN_LINE,
    ACL_BY_NAME,    /* the name or identifier has + or #, so that patterns do not apply */
    ACL_BY_DEFAULT, /* no line matches */
};

struct acl_decision {
    bool is_allowed;
    enum acl_reason reason;
    uint32_t line; /* of the file; 0: none */
};

/* The same with the line that decides: of several the first in the file. */
struct acl_decision acl_decide(const struct acl *acl, const struct acl_client *client,
                               enum acl_access access, struct ella_slice topic);

/* Whether the client could receive any message at all by a subscription to filter (valid; of a
 * shared one the part behind the name). Exact, unless that would take very long: then true. */
bool acl_reaches(const struct acl *acl, const struct acl_client *client, struct ella_slice filter);

#endif
