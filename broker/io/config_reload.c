/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Taking over what may change while running from a configuration read anew; see config.h. What
 * may, is a column of the table of options.
 */
#include <string.h>

#include "broker/io/config_parser.h"

static bool same_string(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static size_t value_size(const struct config_option *option) {
    switch (option->type) {
    case CONFIG_BOOL:
        return sizeof(bool);
    case CONFIG_ANSWER:
    case CONFIG_U8:
    case CONFIG_CHOICE:
        return sizeof(uint8_t);
    case CONFIG_U16:
        return sizeof(uint16_t);
    case CONFIG_U64:
        return sizeof(uint64_t);
    case CONFIG_STRING:
    case CONFIG_PATH:
        return sizeof(char *);
    case CONFIG_TEXT:
        return (size_t)option->maximum + 1;
    default:
        return sizeof(uint32_t);
    }
}

static bool is_string(const struct config_option *option) {
    return option->type == CONFIG_STRING || option->type == CONFIG_PATH;
}

static bool differs(const struct config_option *option, const char *live, const char *next) {
    if (is_string(option)) {
        char *a = NULL;
        char *b = NULL;
        memcpy(&a, live, sizeof a);
        memcpy(&b, next, sizeof b);
        return !same_string(a, b);
    }
    if (option->type == CONFIG_TEXT)
        return strcmp(live, next) != 0;
    return memcmp(live, next, value_size(option)) != 0;
}

static void swap_strings(char **a, char **b) {
    char *const kept = *a;
    *a = *b;
    *b = kept;
}

static void swap_lists(struct cidr_list *a, struct cidr_list *b) {
    const struct cidr_list kept = *a;
    *a = *b;
    *b = kept;
}

/* Strings change owners; the rest is copied. */
static void take_value(const struct config_option *option, char *live, char *next) {
    char *a = NULL;
    char *b = NULL;
    if (!is_string(option)) {
        memcpy(live, next, value_size(option));
        return;
    }
    memcpy(&a, live, sizeof a);
    memcpy(&b, next, sizeof b);
    memcpy(live, &b, sizeof b);
    memcpy(next, &a, sizeof a);
}

/* All options of one scope that are plain values, in one struct. */
static void take_values(const struct config_parser *parser, enum config_scope scope, void *live,
                        void *next) {
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (option->scope != scope || option->status != CONFIG_SUPPORTED ||
            option->type == CONFIG_SPECIAL || option->origin == CONFIG_ALIAS)
            continue;
        char *a = (char *)live + option->offset;
        char *b = (char *)next + option->offset;
        if (!differs(option, a, b))
            continue;
        if (option->reloadable)
            take_value(option, a, b);
        else
            config_remark(parser, "%s has changed; it waits for a restart", option->name);
    }
}

static bool same_listener(const struct config_listener *a, const struct config_listener *b) {
    return a->port == b->port && same_string(a->address, b->address) &&
           same_string(a->bind_interface, b->bind_interface) &&
           a->socket_domain == b->socket_domain;
}

static bool same_listeners(const struct config *live, const struct config *next) {
    if (live->listener_count != next->listener_count)
        return false;
    for (uint32_t i = 0; i < live->listener_count; i++) {
        if (!same_listener(&live->listeners[i], &next->listeners[i]))
            return false;
    }
    return true;
}

static void take_specials(struct config *live, struct config *next) {
    swap_strings(&live->log_file, &next->log_file);
    live->log = next->log;
    live->log.timestamp_format = live->log_timestamp_format;
    live->limits.max_inflight_messages = next->limits.max_inflight_messages;
    live->limits.receive_maximum = next->limits.receive_maximum;
    live->allow_anonymous = next->allow_anonymous;
    live->allow_zero_length_clientid = next->allow_zero_length_clientid;
    live->per_listener_settings = next->per_listener_settings;
    swap_strings(&live->psk_file, &next->psk_file);
    swap_strings(&live->password_file, &next->password_file);
    swap_strings(&live->acl_file, &next->acl_file);
    for (uint32_t i = 0; i < live->listener_count; i++) {
        struct config_listener *listener = &live->listeners[i];
        const struct config_listener *other = &next->listeners[i];
        memcpy(listener->version_accepted, other->version_accepted,
               sizeof listener->version_accepted);
        listener->allow_anonymous = other->allow_anonymous;
        listener->allow_zero_length_clientid = other->allow_zero_length_clientid;
        listener->tls.version_minimum = other->tls.version_minimum;
        swap_strings(&listener->psk_file, &next->listeners[i].psk_file);
        swap_strings(&listener->password_file, &next->listeners[i].password_file);
        swap_strings(&listener->acl_file, &next->listeners[i].acl_file);
        swap_lists(&listener->allow_address, &next->listeners[i].allow_address);
        swap_lists(&listener->deny_address, &next->listeners[i].deny_address);
        swap_lists(&listener->proxy_address, &next->listeners[i].proxy_address);
    }
}

bool config_reload(struct config *live, struct config *next,
                   const struct config_reporter *reporter) {
    struct config_parser parser = {.config = live, .reporter = reporter};
    if (!same_listeners(live, next))
        return config_fail(&parser, "listeners can't be added, removed or moved while running; "
                                    "nothing was changed");
    take_values(&parser, CONFIG_GENERAL, live, next);
    for (uint32_t i = 0; i < live->listener_count; i++)
        take_values(&parser, CONFIG_LISTENER, &live->listeners[i], &next->listeners[i]);
    take_specials(live, next);
    return true;
}
