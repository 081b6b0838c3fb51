/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Whether anything could be read by a filter; see acl.h.
 *
 * For each rule that allows reading and overlaps the filter, a few topics stand for all that both
 * match: with a level that occurs in no rule for each wildcard, and so many of them for "#" as
 * rules can tell apart. If a deny matches one of these, it does so by a wildcard, and matches all
 * that it stands for; if none does, the client may read it. So asking about these topics answers
 * for all.
 *
 * The walk goes down the tree and the filter at once. It gives up, and says yes, beyond
 * TOPICS_MAX such topics or TOPIC_SIZE bytes of one.
 */
#include <string.h>

#include "broker/security/acl_state.h"

#define TOPICS_MAX 1000u
#define TOPIC_SIZE 8192u
/* No level of valid UTF-8 is this. */
#define FRESH "\xFF"

struct reach {
    const struct acl *acl;
    const struct acl_client *client;
    const char *filter;
    size_t filter_len;
    uint32_t asked_count;
    bool is_found;
    char topic[TOPIC_SIZE];
};

static bool gives_up(struct reach *reach) {
    reach->is_found = true;
    return false;
}

/* Appends a level behind topic[0, *len). false: no room, and the answer is yes. */
static bool append(struct reach *reach, size_t *len, const char *level, size_t level_len) {
    if (*len + level_len + 1 > TOPIC_SIZE)
        return gives_up(reach);
    /* A topic of no level yet and one of an empty level look alike by length: *len counts the '/'
     * that ends each level. */
    if (level_len > 0)
        memmove(reach->topic + *len, level, level_len); /* a template is there already */
    reach->topic[*len + level_len] = '/';
    *len += level_len + 1;
    return true;
}

/* Whether to go on. */
static bool ask(struct reach *reach, size_t len) {
    if (len < 2)
        return !reach->is_found; /* no topic has no character */
    if (++reach->asked_count > TOPICS_MAX)
        return gives_up(reach);
    if (acl_allows(reach->acl, reach->client, ACL_READ,
                   ella_slice_of(reach->topic, (uint32_t)(len - 1))))
        reach->is_found = true;
    return !reach->is_found;
}

/* The topic, and longer ones: what "#" at its end stands for. */
static void ask_below(struct reach *reach, size_t len) {
    for (uint32_t i = 0; ask(reach, len) && i <= reach->acl->level_max; i++) {
        if (!append(reach, &len, FRESH, strlen(FRESH)))
            return;
    }
}

struct level {
    const char *text;
    size_t len;
    size_t next; /* index behind it in the filter, filter_len + 1 at the end */
};

static struct level level_at(const struct reach *reach, size_t at) {
    const char *text = reach->filter + at;
    const char *slash = memchr(text, '/', reach->filter_len - at);
    const size_t len = slash == NULL ? reach->filter_len - at : (size_t)(slash - text);
    return (struct level){text, len, at + len + 1};
}

static bool is_one(const struct level *level, char c) {
    return level->len == 1 && level->text[0] == c;
}

/* A rule that ends in "#" here allows all that the rest of the filter matches. */
static void ask_rest(struct reach *reach, size_t at, size_t len) {
    while (at <= reach->filter_len) {
        const struct level level = level_at(reach, at);
        if (is_one(&level, '#')) {
            ask_below(reach, len);
            return;
        }
        const bool is_plus = is_one(&level, '+');
        if (!append(reach, &len, is_plus ? FRESH : level.text,
                    is_plus ? strlen(FRESH) : level.len))
            return;
        at = level.next;
    }
    (void)ask(reach, len);
}

static void seek(struct reach *reach, uint32_t index, size_t at, size_t len);

/* Goes down to a child whose level is text, by the filter from at. A text of several levels, which
 * a template may be, takes as many of the filter. */
static void descend(struct reach *reach, uint32_t child, size_t at, size_t len,
                    struct text_span text) {
    while (text.text != NULL) {
        const char *slash = memchr(text.text, '/', text.len);
        const size_t level_len = slash == NULL ? text.len : (size_t)(slash - text.text);
        if (at > reach->filter_len)
            return;
        const struct level level = level_at(reach, at);
        const bool is_wild = is_one(&level, '#') || is_one(&level, '+');
        if (is_wild && len == 0 && level_len > 0 && text.text[0] == '$')
            return;
        if (!is_wild && (level.len != level_len || memcmp(level.text, text.text, level_len) != 0))
            return;
        if (!append(reach, &len, text.text, level_len))
            return;
        at = is_one(&level, '#') ? at : level.next;
        text.text = slash == NULL ? NULL : slash + 1;
        text.len -= slash == NULL ? level_len : level_len + 1;
    }
    seek(reach, child, at, len);
}

static void seek_plus(struct reach *reach, uint32_t child, size_t at, size_t len) {
    const struct level level = level_at(reach, at);
    const bool is_wild = is_one(&level, '#') || is_one(&level, '+');
    if (!is_wild && len == 0 && level.len > 0 && level.text[0] == '$')
        return;
    const struct text_span text = {is_wild ? FRESH : level.text,
                                   is_wild ? strlen(FRESH) : level.len};
    descend(reach, child, at, len, text);
}

static void seek_children(struct reach *reach, const struct acl_node *node, uint32_t index,
                          size_t at, size_t len) {
    const struct level level = level_at(reach, at);
    if (!is_one(&level, '#') && !is_one(&level, '+')) {
        const uint32_t child = acl_child(reach->acl, index, level.text, level.len);
        if (child != ACL_NONE)
            descend(reach, child, at, len, reach->acl->nodes[child].text);
        return;
    }
    for (uint32_t i = node->children; i != ACL_NONE && !reach->is_found;
         i = reach->acl->nodes[i].sibling)
        descend(reach, i, at, len, reach->acl->nodes[i].text);
}

static void seek_templates(struct reach *reach, const struct acl_node *node, size_t at,
                           size_t len) {
    for (uint32_t i = node->templates; i != ACL_NONE && !reach->is_found;
         i = reach->acl->nodes[i].sibling) {
        /* Expanded where the topic goes on: append() moves it there onto itself. */
        const size_t text_len = acl_expand_template(reach->acl->nodes[i].text, reach->client,
                                                    reach->topic + len, TOPIC_SIZE - len);
        if (text_len != SIZE_MAX)
            descend(reach, i, at, len, (struct text_span){reach->topic + len, text_len});
    }
}

/* at: the next level of the filter, filter_len + 1 if there is none. topic[0, len) led here. */
static void seek(struct reach *reach, uint32_t index, size_t at, size_t len) {
    const struct acl_node *node = &reach->acl->nodes[index];
    const bool is_over = at > reach->filter_len;
    const struct level level = is_over ? (struct level){"", 0, at} : level_at(reach, at);
    const bool is_rest = !is_over && is_one(&level, '#');
    if (reach->is_found)
        return;
    if (node->here.read != 0 && (is_over || is_rest) && !ask(reach, len))
        return;
    const bool is_dollar = len == 0 && level.len > 0 && level.text[0] == '$';
    if (node->below.read != 0 && !is_dollar)
        ask_rest(reach, at, len);
    if (is_over || reach->is_found)
        return;
    seek_children(reach, node, index, at, len);
    if (node->plus != ACL_NONE && !reach->is_found)
        seek_plus(reach, node->plus, at, len);
    seek_templates(reach, node, at, len);
}

bool acl_reaches(const struct acl *acl, const struct acl_client *client,
                 struct ella_slice filter) {
    struct reach reach;
    reach.acl = acl;
    reach.client = client;
    reach.filter = (const char *)ella_slice_data(filter);
    reach.filter_len = ella_slice_len(filter);
    reach.asked_count = 0;
    reach.is_found = false;
    const uint32_t root = acl_root(acl, client);
    if (root != ACL_NONE)
        seek(&reach, root, 0, 0);
    if (!reach.is_found && acl->has_patterns && acl_takes_patterns(client))
        seek(&reach, ACL_PATTERNS, 0, 0);
    return reach.is_found;
}
