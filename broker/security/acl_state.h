/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The rules as they are kept: nodes, one for each level of a filter, and one hash table for the
 * literal children of all nodes and for the users. Shared by the files of acl.h only.
 *
 * A node is reached by the levels above it. `here` are the rules whose filter ends at it, `below`
 * those that go on with "/#". Levels with %c or %u are templates: they hang at their node in a
 * list, since what they stand for is known at the question only.
 */
#ifndef BROKER_SECURITY_ACL_STATE_H
#define BROKER_SECURITY_ACL_STATE_H

#include "broker/core/hash.h"
#include "broker/security/acl.h"

#define ACL_NONE UINT32_MAX
/* The first two nodes. */
#define ACL_ANONYMOUS 0u
#define ACL_PATTERNS 1u
/* Stands for the level above a user's root in the hash table. */
#define ACL_USERS (ACL_NONE - 1u)

/* The first line of the file for each effect; 0: none. */
struct acl_rights {
    uint32_t deny;
    uint32_t read;
    uint32_t write;
};

struct acl_node {
    struct acl_rights here;
    struct acl_rights below;
    uint32_t plus;         /* the child "+" */
    uint32_t templates;    /* the first child with %c or %u */
    uint32_t children;     /* the first literal child */
    uint32_t sibling;      /* the next in the list of the parent */
    struct text_span text; /* this level, inside the file's copy */
};

/* Of the hash table: the child of a node, or the root of a user. */
struct acl_edge {
    uint64_t hash; /* of parent and level */
    uint32_t node; /* ACL_NONE: free */
    uint32_t parent;
};

struct acl {
    struct hash_key key;
    char *text; /* a copy of the file */
    struct acl_node *nodes;
    uint32_t node_count;
    uint32_t node_capacity;
    struct acl_edge *edges;
    uint32_t edge_count;
    uint32_t edge_capacity; /* a power of two, at least twice edge_count */
    uint32_t rule_count;
    uint32_t level_max; /* of all filters */
    bool has_patterns;
};

/* ACL_NONE: there is none. */
uint32_t acl_child(const struct acl *acl, uint32_t parent, const char *text, size_t len);

/* Compares a template with text[at, len): what it stands for, followed by '/' or the end. Returns
 * the index behind that '/', or len + 1 at the end; 0: it does not match. */
size_t acl_match_template(struct text_span template_text, const struct acl_client *client,
                          const uint8_t *text, size_t at, size_t len);
/* Writes what a template stands for to out[size]; returns its length, SIZE_MAX: it stands for
 * nothing, or does not fit. */
size_t acl_expand_template(struct text_span template_text, const struct acl_client *client,
                           char *out, size_t size);

/* Whether patterns are for this client at all. */
bool acl_takes_patterns(const struct acl_client *client);
/* The root of the client's own rules; ACL_NONE: it has none. */
uint32_t acl_root(const struct acl *acl, const struct acl_client *client);

#endif
