/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Reading an acl_file into the tree of rules; see acl.h and acl_state.h.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/security/acl_state.h"

#define NODES_FIRST 16u
#define EDGES_FIRST 32u

/* ---- Nodes and edges ---- */

static uint32_t add_node(struct acl *acl, struct text_span text) {
    if (acl->node_count == acl->node_capacity) {
        const uint32_t capacity = acl->node_capacity == 0 ? NODES_FIRST : acl->node_capacity * 2u;
        struct acl_node *grown = realloc(acl->nodes, capacity * sizeof *grown);
        if (grown == NULL)
            return ACL_NONE;
        acl->nodes = grown;
        acl->node_capacity = capacity;
    }
    acl->nodes[acl->node_count] = (struct acl_node){.plus = ACL_NONE,
                                                    .templates = ACL_NONE,
                                                    .children = ACL_NONE,
                                                    .sibling = ACL_NONE,
                                                    .text = text};
    return acl->node_count++;
}

static uint64_t hash_of(const struct acl *acl, uint32_t parent, const char *text, size_t len) {
    return hash_bytes(acl->key, parent, (const uint8_t *)text, (uint32_t)len);
}

static void place(struct acl_edge *edges, uint32_t capacity, const struct acl_edge *edge) {
    uint64_t at = edge->hash;
    while (edges[at & (capacity - 1u)].node != ACL_NONE)
        at++;
    edges[at & (capacity - 1u)] = *edge;
}

static bool grow_edges(struct acl *acl) {
    if (acl->edge_capacity > 0 && (acl->edge_count + 1) * 2u <= acl->edge_capacity)
        return true;
    const uint32_t capacity = acl->edge_capacity == 0 ? EDGES_FIRST : acl->edge_capacity * 2u;
    struct acl_edge *grown = malloc(capacity * sizeof *grown);
    if (grown == NULL)
        return false;
    for (uint32_t i = 0; i < capacity; i++)
        grown[i].node = ACL_NONE;
    for (uint32_t i = 0; i < acl->edge_capacity; i++) {
        if (acl->edges[i].node != ACL_NONE)
            place(grown, capacity, &acl->edges[i]);
    }
    free(acl->edges);
    acl->edges = grown;
    acl->edge_capacity = capacity;
    return true;
}

uint32_t acl_child(const struct acl *acl, uint32_t parent, const char *text, size_t len) {
    if (acl->edge_count == 0)
        return ACL_NONE;
    const uint64_t hash = hash_of(acl, parent, text, len);
    for (uint64_t at = hash;; at++) {
        const struct acl_edge *edge = &acl->edges[at & (acl->edge_capacity - 1u)];
        if (edge->node == ACL_NONE)
            return ACL_NONE;
        if (edge->hash != hash || edge->parent != parent)
            continue;
        const struct text_span found = acl->nodes[edge->node].text;
        if (found.len == len && memcmp(found.text, text, len) == 0)
            return edge->node;
    }
}

/* The child, made if need be; ACL_NONE: no memory. */
static uint32_t literal_child(struct acl *acl, uint32_t parent, struct text_span level) {
    uint32_t node = acl_child(acl, parent, level.text, level.len);
    if (node != ACL_NONE || !grow_edges(acl))
        return node;
    node = add_node(acl, level);
    if (node == ACL_NONE)
        return ACL_NONE;
    const struct acl_edge edge = {
        .hash = hash_of(acl, parent, level.text, level.len), .node = node, .parent = parent};
    place(acl->edges, acl->edge_capacity, &edge);
    acl->edge_count++;
    if (parent != ACL_USERS) {
        acl->nodes[node].sibling = acl->nodes[parent].children;
        acl->nodes[parent].children = node;
    }
    return node;
}

static uint32_t template_child(struct acl *acl, uint32_t parent, struct text_span level) {
    for (uint32_t i = acl->nodes[parent].templates; i != ACL_NONE; i = acl->nodes[i].sibling) {
        if (acl->nodes[i].text.len == level.len &&
            memcmp(acl->nodes[i].text.text, level.text, level.len) == 0)
            return i;
    }
    const uint32_t node = add_node(acl, level);
    if (node == ACL_NONE)
        return ACL_NONE;
    acl->nodes[node].sibling = acl->nodes[parent].templates;
    acl->nodes[parent].templates = node;
    return node;
}

static uint32_t plus_child(struct acl *acl, uint32_t parent, struct text_span level) {
    if (acl->nodes[parent].plus == ACL_NONE) {
        const uint32_t node = add_node(acl, level);
        if (node != ACL_NONE)
            acl->nodes[parent].plus = node;
    }
    return acl->nodes[parent].plus;
}

/* ---- Lines ---- */

enum effect {
    EFFECT_DENY = 0,
    EFFECT_READ = ACL_READ,
    EFFECT_WRITE = ACL_WRITE,
    EFFECT_BOTH = ACL_READ | ACL_WRITE
};

struct parsing {
    struct acl *acl;
    struct lines lines;
    uint32_t root; /* of the user whose lines these are */
};

/* The first word, without the blanks behind it, and what follows. */
static struct text_span take_word(struct text_span *rest) {
    const char *blank = memchr(rest->text, ' ', rest->len);
    const size_t len = blank == NULL ? rest->len : (size_t)(blank - rest->text);
    const struct text_span word = {rest->text, len};
    *rest = text_trim((struct text_span){rest->text + len, rest->len - len});
    return word;
}

static bool is_word(struct text_span span, const char *word) {
    return span.len == strlen(word) && memcmp(span.text, word, span.len) == 0;
}

static bool effect_of(struct text_span word, enum effect *out) {
    static const struct {
        const char *word;
        enum effect effect;
    } words[] = {{"read", EFFECT_READ},
                 {"write", EFFECT_WRITE},
                 {"readwrite", EFFECT_BOTH},
                 {"deny", EFFECT_DENY}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!is_word(word, words[i].word))
            continue;
        *out = words[i].effect;
        return true;
    }
    return false;
}

static bool is_template(struct text_span level) {
    for (size_t i = 0; i + 1 < level.len; i++) {
        if (level.text[i] == '%' && (level.text[i + 1] == 'c' || level.text[i + 1] == 'u'))
            return true;
    }
    return false;
}

static uint32_t next_node(struct acl *acl, uint32_t node, struct text_span level,
                          bool is_pattern) {
    if (is_word(level, "+"))
        return plus_child(acl, node, level);
    if (is_pattern && is_template(level))
        return template_child(acl, node, level);
    return literal_child(acl, node, level);
}

static void note(uint32_t *first_line, bool applies, uint32_t line) {
    if (applies && *first_line == 0)
        *first_line = line;
}

static bool add_rule(struct parsing *parsing, struct text_span filter, enum effect effect,
                     bool is_pattern) {
    struct acl *acl = parsing->acl;
    uint32_t node = is_pattern ? ACL_PATTERNS : parsing->root;
    uint32_t levels = 0;
    bool is_below = false;
    for (struct text_span rest = filter; !is_below && rest.text != NULL; levels++) {
        const char *slash = memchr(rest.text, '/', rest.len);
        const size_t len = slash == NULL ? rest.len : (size_t)(slash - rest.text);
        const struct text_span level = {rest.text, len};
        rest.text = slash == NULL ? NULL : slash + 1;
        rest.len -= slash == NULL ? len : len + 1;
        is_below = is_word(level, "#");
        if (!is_below)
            node = next_node(acl, node, level, is_pattern);
        if (node == ACL_NONE)
            return lines_fail(&parsing->lines, "no memory");
    }
    struct acl_rights *rights = is_below ? &acl->nodes[node].below : &acl->nodes[node].here;
    note(&rights->deny, effect == EFFECT_DENY, parsing->lines.number);
    note(&rights->read, (effect & EFFECT_READ) != 0, parsing->lines.number);
    note(&rights->write, (effect & EFFECT_WRITE) != 0, parsing->lines.number);
    acl->rule_count++;
    acl->has_patterns = acl->has_patterns || is_pattern;
    if (levels > acl->level_max)
        acl->level_max = levels;
    return true;
}

static bool check_filter(struct parsing *parsing, struct text_span filter) {
    uint32_t error_at = 0;
    uint32_t levels = 1;
    if (filter.len > UINT16_MAX ||
        ella_topic_filter_check((const uint8_t *)filter.text, 0, (uint32_t)filter.len,
                                &error_at) != ELLA_ERROR_NONE)
        return lines_fail(&parsing->lines, "not a valid topic filter");
    for (size_t i = 0; i < filter.len; i++)
        levels += filter.text[i] == '/';
    if (levels > ACL_LEVELS_MAX)
        return lines_fail(&parsing->lines, "the filter has more than %u levels", ACL_LEVELS_MAX);
    return true;
}

static bool parse_rule(struct parsing *parsing, struct text_span rest, bool is_pattern) {
    enum effect effect = EFFECT_BOTH;
    const char *keyword = is_pattern ? "pattern" : "topic";
    struct text_span filter = rest;
    const struct text_span word = take_word(&rest);
    if (word.len == 0)
        return lines_fail(&parsing->lines, "%s needs a topic filter", keyword);
    if (rest.len > 0) {
        if (!effect_of(word, &effect))
            return lines_fail(&parsing->lines,
                              "the access must be read, write, readwrite or deny; a filter with "
                              "blanks needs one before it");
        filter = rest;
    }
    if (!check_filter(parsing, filter))
        return false;
    if (is_pattern && !is_template(filter))
        lines_remark(&parsing->lines,
                     "the pattern has neither %%c nor %%u: it is for every client");
    return add_rule(parsing, filter, effect, is_pattern);
}

static bool parse_user(struct parsing *parsing, struct text_span name) {
    if (name.len == 0)
        return lines_fail(&parsing->lines, "user needs a name");
    if (!text_is_plain(name))
        return lines_fail(&parsing->lines, "the name is not UTF-8 text of 65535 bytes at most");
    const uint32_t root = literal_child(parsing->acl, ACL_USERS, name);
    if (root == ACL_NONE)
        return lines_fail(&parsing->lines, "no memory");
    parsing->root = root;
    return true;
}

static bool parse_line(struct parsing *parsing, struct text_span line) {
    struct text_span rest = text_trim(line);
    const struct text_span keyword = take_word(&rest);
    if (is_word(keyword, "topic"))
        return parse_rule(parsing, rest, false);
    if (is_word(keyword, "pattern"))
        return parse_rule(parsing, rest, true);
    if (is_word(keyword, "user"))
        return parse_user(parsing, rest);
    return lines_fail(&parsing->lines, "a line begins with user, topic, pattern or #");
}

/* ---- The whole ---- */

static struct acl *create(const uint8_t *bytes, size_t len, uint64_t seed) {
    struct acl *acl = calloc(1, sizeof *acl);
    if (acl == NULL)
        return NULL;
    acl->key = hash_key_of(seed, 0);
    acl->text = malloc(len + 1);
    if (acl->text != NULL && len > 0)
        memcpy(acl->text, bytes, len);
    const struct text_span nothing = {"", 0};
    if (acl->text != NULL && add_node(acl, nothing) == ACL_ANONYMOUS &&
        add_node(acl, nothing) == ACL_PATTERNS)
        return acl;
    acl_free(acl);
    return NULL;
}

struct acl *acl_file_parse(const uint8_t *bytes, size_t len, uint64_t seed,
                           const struct fault_reporter *reporter) {
    struct acl *acl = create(bytes, len, seed);
    if (acl == NULL) {
        reporter->report(reporter->ctx, 0, "no memory");
        return NULL;
    }
    struct parsing parsing = {.acl = acl, .root = ACL_ANONYMOUS};
    struct text_span line;
    lines_begin(&parsing.lines, (const uint8_t *)acl->text, len, reporter);
    while (lines_next(&parsing.lines, &line))
        (void)parse_line(&parsing, line);
    if (parsing.lines.fault_count == 0)
        return acl;
    acl_free(acl);
    return NULL;
}

void acl_free(struct acl *acl) {
    if (acl == NULL)
        return;
    free(acl->text);
    free(acl->nodes);
    free(acl->edges);
    free(acl);
}

uint32_t acl_rule_count(const struct acl *acl) {
    return acl->rule_count;
}
