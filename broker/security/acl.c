/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Decisions: a walk of the topic through the client's tree, then through that of the patterns; see
 * acl.h. A level is visited once for each way that leads to it, so the walk is no longer than the
 * tree.
 */
#include <string.h>

#include "broker/security/acl_state.h"

/* ---- Clients ---- */

static bool has_wildcard(struct ella_slice text) {
    const uint32_t len = ella_slice_len(text);
    return len > 0 && (memchr(ella_slice_data(text), '+', len) != NULL ||
                       memchr(ella_slice_data(text), '#', len) != NULL);
}

bool acl_takes_patterns(const struct acl_client *client) {
    return !has_wildcard(client->client_id) && !(client->has_user && has_wildcard(client->user));
}

uint32_t acl_root(const struct acl *acl, const struct acl_client *client) {
    if (!client->has_user)
        return ACL_ANONYMOUS;
    return acl_child(acl, ACL_USERS, (const char *)ella_slice_data(client->user),
                     ella_slice_len(client->user));
}

/* ---- Templates ---- */

/* The next piece of what a template stands for: the client's name or identifier, or one character.
 * false: it stands for nothing, for want of a user name. */
static bool next_piece(struct text_span *rest, const struct acl_client *client,
                       struct text_span *piece) {
    const bool is_placeholder =
        rest->len > 1 && rest->text[0] == '%' && (rest->text[1] == 'c' || rest->text[1] == 'u');
    if (!is_placeholder) {
        *piece = (struct text_span){rest->text, 1};
    } else if (rest->text[1] == 'c') {
        *piece = (struct text_span){(const char *)ella_slice_data(client->client_id),
                                    ella_slice_len(client->client_id)};
    } else {
        if (!client->has_user)
            return false;
        *piece = (struct text_span){(const char *)ella_slice_data(client->user),
                                    ella_slice_len(client->user)};
    }
    rest->text += is_placeholder ? 2 : 1;
    rest->len -= is_placeholder ? 2 : 1;
    return true;
}

size_t acl_match_template(struct text_span template_text, const struct acl_client *client,
                          const uint8_t *text, size_t at, size_t len) {
    struct text_span piece;
    while (template_text.len > 0) {
        if (!next_piece(&template_text, client, &piece) || piece.len > len - at ||
            (piece.len > 0 && memcmp(text + at, piece.text, piece.len) != 0))
            return 0;
        at += piece.len;
    }
    return at == len || text[at] == '/' ? at + 1 : 0;
}

size_t acl_expand_template(struct text_span template_text, const struct acl_client *client,
                           char *out, size_t size) {
    struct text_span piece;
    size_t used = 0;
    while (template_text.len > 0) {
        if (!next_piece(&template_text, client, &piece) || piece.len > size - used)
            return SIZE_MAX;
        if (piece.len > 0)
            memcpy(out + used, piece.text, piece.len);
        used += piece.len;
    }
    return used;
}

/* ---- The walk ---- */

struct walk {
    const struct acl *acl;
    const struct acl_client *client;
    const uint8_t *topic;
    size_t len;
    enum acl_access access;
    uint32_t deny;  /* the first line so far, 0: none */
    uint32_t allow; /* the same */
};

static void take_first(uint32_t *line, uint32_t other) {
    if (other != 0 && (*line == 0 || other < *line))
        *line = other;
}

static void apply(struct walk *walk, const struct acl_rights *rights) {
    take_first(&walk->deny, rights->deny);
    take_first(&walk->allow, walk->access == ACL_READ ? rights->read : rights->write);
}

/* at: where the next level begins; len + 1: there is none. The depth is bounded by the levels of
 * the filters, ACL_LEVELS_MAX. */
static void visit(struct walk *walk, uint32_t index, size_t at) {
    const struct acl_node *node = &walk->acl->nodes[index];
    const bool takes_wildcards = at > 0 || walk->topic[0] != '$';
    if (takes_wildcards)
        apply(walk, &node->below);
    if (at > walk->len) {
        apply(walk, &node->here);
        return;
    }
    const uint8_t *slash = memchr(walk->topic + at, '/', walk->len - at);
    const size_t end = slash == NULL ? walk->len : (size_t)(slash - walk->topic);
    if (node->children != ACL_NONE) {
        const uint32_t child =
            acl_child(walk->acl, index, (const char *)walk->topic + at, end - at);
        if (child != ACL_NONE)
            visit(walk, child, end + 1);
    }
    if (node->plus != ACL_NONE && takes_wildcards)
        visit(walk, node->plus, end + 1);
    for (uint32_t i = node->templates; i != ACL_NONE; i = walk->acl->nodes[i].sibling) {
        const size_t next =
            acl_match_template(walk->acl->nodes[i].text, walk->client, walk->topic, at, walk->len);
        if (next != 0)
            visit(walk, i, next);
    }
}

static bool decides(struct walk *walk, uint32_t root, enum acl_reason reason,
                    struct acl_decision *out) {
    walk->deny = 0;
    walk->allow = 0;
    if (root != ACL_NONE)
        visit(walk, root, 0);
    *out = (struct acl_decision){.is_allowed = walk->deny == 0,
                                 .reason = reason,
                                 .line = walk->deny != 0 ? walk->deny : walk->allow};
    return out->line != 0;
}

struct acl_decision acl_decide(const struct acl *acl, const struct acl_client *client,
                               enum acl_access access, struct ella_slice topic) {
    struct acl_decision decision = {.is_allowed = false, .reason = ACL_BY_DEFAULT};
    struct walk walk = {.acl = acl,
                        .client = client,
                        .topic = ella_slice_data(topic),
                        .len = ella_slice_len(topic),
                        .access = access};
    if (walk.len == 0 || decides(&walk, acl_root(acl, client), ACL_BY_TOPIC_LINE, &decision))
        return decision;
    decision = (struct acl_decision){.is_allowed = false, .reason = ACL_BY_DEFAULT};
    if (!acl->has_patterns)
        return decision;
    if (!acl_takes_patterns(client))
        decision.reason = ACL_BY_NAME;
    else if (!decides(&walk, ACL_PATTERNS, ACL_BY_PATTERN_LINE, &decision))
        decision = (struct acl_decision){.is_allowed = false, .reason = ACL_BY_DEFAULT};
    return decision;
}

bool acl_allows(const struct acl *acl, const struct acl_client *client, enum acl_access access,
                struct ella_slice topic) {
    return acl_decide(acl, client, access, topic).is_allowed;
}
