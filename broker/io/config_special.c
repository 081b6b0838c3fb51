/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Configuration options that are more than one value: listeners, log, security scope, folders.
 */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "broker/io/config_parser.h"

#define PORT_MAX 65535u
#define INCLUDED_FILES_MAX 1024u
#define INCLUDED_SUFFIX ".conf"
/* As they are written on the wire (RFC 8446, 4.2.1). */
#define TLS_1_2 0x0303u
#define TLS_1_3 0x0304u

/* The next word of *rest, NULL if there is none; a word that begins with # ends the line. */
static char *next_word(char **rest) {
    char *word = *rest + strspn(*rest, " \t");
    if (*word == '\0' || *word == '#')
        return NULL;
    const size_t len = strcspn(word, " \t");
    *rest = word + len + (word[len] != '\0' ? 1 : 0);
    word[len] = '\0';
    return word;
}

/* ---- Listeners ---- */

static bool copy_word(const struct config_parser *parser, const char *word, char **target) {
    return config_value_string(parser, word, target);
}

bool config_set_listener(struct config_parser *parser, char *value) {
    /* First of all, so that what stands below a wrong one is not taken for another's. */
    struct config_listener *listener = config_add_listener(parser);
    if (listener == NULL)
        return false;
    parser->listener = listener;
    char *rest = value;
    const char *port_word = next_word(&rest);
    const char *address = next_word(&rest);
    int64_t port = 0;
    if (port_word == NULL)
        return config_fail(parser, "listener needs a port");
    if (!config_value_number(parser, port_word, 0, PORT_MAX, &port))
        return false;
    if (port == 0 && address == NULL)
        return config_fail(parser, "listener 0 needs the path of a unix socket");
    if (port != 0 && address != NULL && *address == '/')
        return config_fail(parser, "a unix socket is given as \"listener 0 %s\"", address);
    if (next_word(&rest) != NULL)
        return config_fail(parser, "listener takes a port and one address");
    listener->port = (uint16_t)port;
    return address == NULL || copy_word(parser, address, &listener->address);
}

static struct config_listener *default_listener(struct config_parser *parser) {
    struct config_listener *kept = parser->listener;
    parser->listener = NULL;
    struct config_listener *listener = config_current_listener(parser);
    parser->listener = kept;
    return listener;
}

bool config_set_port(struct config_parser *parser, char *value) {
    int64_t port = 0;
    if (!config_value_number(parser, value, 1, PORT_MAX, &port))
        return false;
    struct config_listener *listener = default_listener(parser);
    if (listener == NULL)
        return false;
    listener->port = (uint16_t)port;
    return true;
}

bool config_set_bind_address(struct config_parser *parser, char *value) {
    struct config_listener *listener = default_listener(parser);
    return listener != NULL && config_value_string(parser, value, &listener->address);
}

bool config_set_protocol(struct config_parser *parser, char *value) {
    if (strcmp(value, "mqtt") == 0)
        return true;
    if (strcmp(value, "websockets") == 0 || strcmp(value, "http_api") == 0)
        return config_fail(parser,
                           "protocol %s is not supported yet; remove this listener, or let its "
                           "clients use mqtt",
                           value);
    return config_fail(parser, "protocol must be mqtt, not \"%s\"", value);
}

bool config_set_accept_protocol_versions(struct config_parser *parser, char *value) {
    struct config_listener *listener = config_current_listener(parser);
    if (listener == NULL)
        return false;
    bool accepted[6] = {false};
    uint32_t count = 0;
    char *save = NULL;
    for (char *word = strtok_r(value, ", \t", &save); word != NULL;
         word = strtok_r(NULL, ", \t", &save)) {
        if (strlen(word) != 1 || *word < '3' || *word > '5')
            return config_fail(parser, "accept_protocol_versions takes 3, 4 and 5, not \"%s\"",
                               word);
        accepted[*word - '0'] = true;
        count++;
    }
    if (count == 0)
        return config_fail(parser, "accept_protocol_versions needs at least one of 3, 4 and 5");
    memcpy(listener->version_accepted, accepted, sizeof accepted);
    return true;
}

bool config_set_socket_domain(struct config_parser *parser, char *value) {
    struct config_listener *listener = config_current_listener(parser);
    if (listener == NULL)
        return false;
    if (strcmp(value, "ipv4") != 0 && strcmp(value, "ipv6") != 0)
        return config_fail(parser, "socket_domain must be ipv4 or ipv6, not \"%s\"", value);
    listener->socket_domain = (uint8_t)(value[3] - '0');
    return true;
}

/* ---- Addresses ---- */

/* One or several, in one line or in many. */
static bool add_addresses(const struct config_parser *parser, struct cidr_list *list,
                          char *value) {
    char *rest = value;
    const char *word = next_word(&rest);
    if (word == NULL)
        return config_fail(parser, "%s needs an address", parser->option->name);
    for (; word != NULL; word = next_word(&rest)) {
        struct cidr cidr;
        const char *why = cidr_parse(&cidr, word);
        if (why != NULL)
            return config_fail(parser, "%s: \"%s\" %s", parser->option->name, word, why);
        if (!cidr_list_add(list, &cidr))
            return config_fail(parser, "no memory");
    }
    return true;
}

bool config_set_allow_address(struct config_parser *parser, char *value) {
    struct config_listener *listener = config_current_listener(parser);
    return listener != NULL && add_addresses(parser, &listener->allow_address, value);
}

bool config_set_deny_address(struct config_parser *parser, char *value) {
    struct config_listener *listener = config_current_listener(parser);
    return listener != NULL && add_addresses(parser, &listener->deny_address, value);
}

bool config_set_proxy_protocol_from(struct config_parser *parser, char *value) {
    struct config_listener *listener = config_current_listener(parser);
    return listener != NULL && add_addresses(parser, &listener->proxy_address, value);
}

/* ---- TLS ---- */

bool config_set_tls_version(struct config_parser *parser, char *value) {
    struct config_listener *listener = config_current_listener(parser);
    if (listener == NULL)
        return false;
    if (strcmp(value, "tlsv1.2") == 0)
        listener->tls.version_minimum = TLS_1_2;
    else if (strcmp(value, "tlsv1.3") == 0)
        listener->tls.version_minimum = TLS_1_3;
    else if (strcmp(value, "tlsv1.1") == 0 || strcmp(value, "tlsv1") == 0)
        return config_fail(parser, "tls_version %s is not safe any more; write tlsv1.2 or tlsv1.3",
                           value);
    else
        return config_fail(parser, "tls_version must be tlsv1.2 or tlsv1.3, not \"%s\"", value);
    return true;
}

bool config_set_tls_keyform(struct config_parser *parser, char *value) {
    if (strcmp(value, "pem") == 0)
        return true;
    if (strcmp(value, "engine") == 0)
        return config_fail(parser, "tls_keyform engine is not supported: OpenSSL 3 replaced "
                                   "engines; give the key as a PEM file");
    return config_fail(parser, "tls_keyform must be pem, not \"%s\"", value);
}

/* ---- Log ---- */

static bool log_to_file(struct config_parser *parser, const char *path) {
    if (*path == '\0')
        return config_fail(parser, "log_dest file needs a path");
    if (parser->config->log_file != NULL)
        return config_fail(parser, "log_dest file is given twice");
    parser->config->log.destinations |= LOG_TO_FILE;
    return config_value_string(parser, path, &parser->config->log_file);
}

bool config_set_log_dest(struct config_parser *parser, char *value) {
    struct log_settings *log = &parser->config->log;
    char *rest = value;
    const char *where = next_word(&rest);
    if (where == NULL)
        return config_fail(parser, "log_dest needs a destination");
    if (!parser->reading->log_dest_seen)
        log->destinations = 0;
    parser->reading->log_dest_seen = true;
    rest += strspn(rest, " \t");
    if (strcmp(where, "file") == 0)
        return log_to_file(parser, rest);
    if (*rest != '\0')
        return config_fail(parser, "log_dest %s takes nothing behind it", where);
    if (strcmp(where, "none") == 0)
        log->destinations = 0;
    else if (strcmp(where, "stderr") == 0)
        log->destinations |= LOG_TO_STDERR;
    else if (strcmp(where, "stdout") == 0)
        log->destinations |= LOG_TO_STDOUT;
    else if (strcmp(where, "syslog") == 0)
        log->destinations |= LOG_TO_SYSLOG;
    else if (strcmp(where, "topic") == 0 || strcmp(where, "dlt") == 0 ||
             strcmp(where, "android") == 0)
        return config_fail(parser, "log_dest %s is not supported yet; remove this line", where);
    else
        return config_fail(parser,
                           "log_dest must be stderr, stdout, syslog, file or none, "
                           "not \"%s\"",
                           where);
    return true;
}

bool config_set_log_type(struct config_parser *parser, char *value) {
    static const struct {
        const char *name;
        uint32_t types;
    } names[] = {
        {"debug", LOG_TYPE_DEBUG},
        {"error", LOG_TYPE_ERROR},
        {"warning", LOG_TYPE_WARNING},
        {"notice", LOG_TYPE_NOTICE},
        {"subscribe", LOG_TYPE_SUBSCRIBE},
        {"information", LOG_TYPE_INFORMATION},
        {"internal", LOG_TYPE_INTERNAL},
        {"unsubscribe", LOG_TYPE_UNSUBSCRIBE},
        {"all", LOG_TYPE_ALL},
        {"websockets", LOG_TYPE_WEBSOCKETS},
        {"none", 0},
    };
    struct log_settings *log = &parser->config->log;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(value, names[i].name) != 0)
            continue;
        if (!parser->reading->log_type_seen || names[i].types == 0)
            log->types = 0;
        parser->reading->log_type_seen = true;
        log->types |= names[i].types;
        return true;
    }
    return config_fail(parser, "log_type knows no \"%s\"", value);
}

bool config_set_log_facility(struct config_parser *parser, char *value) {
    static const int facilities[] = {LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
                                     LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};
    int64_t number = 0;
    if (!config_value_number(parser, value, 0, 7, &number))
        return false;
    parser->config->log.facility = facilities[number];
    return true;
}

/* ---- Security and limits ---- */

/* An answer of the listener at hand if each has settings of its own, and of all otherwise. */
static bool set_answer(struct config_parser *parser, char *value, uint8_t *of_all,
                       size_t offset_in_listener) {
    bool yes = false;
    if (!config_value_bool(parser, value, &yes))
        return false;
    parser->reading->security_seen = true;
    uint8_t *target = of_all;
    if (parser->config->per_listener_settings) {
        struct config_listener *listener = config_current_listener(parser);
        if (listener == NULL)
            return false;
        target = (uint8_t *)listener + offset_in_listener;
    }
    *target = yes ? CONFIG_YES : CONFIG_NO;
    return true;
}

bool config_set_allow_anonymous(struct config_parser *parser, char *value) {
    return set_answer(parser, value, &parser->config->allow_anonymous,
                      offsetof(struct config_listener, allow_anonymous));
}

bool config_set_allow_zero_length_clientid(struct config_parser *parser, char *value) {
    return set_answer(parser, value, &parser->config->allow_zero_length_clientid,
                      offsetof(struct config_listener, allow_zero_length_clientid));
}

/* A file of everybody's, or of the current listener's with per_listener_settings. */
static bool set_scoped_path(struct config_parser *parser, const char *value, char **general,
                            size_t listener_offset) {
    parser->reading->security_seen = true;
    if (!parser->config->per_listener_settings)
        return config_value_path(parser, value, general);
    struct config_listener *listener = config_current_listener(parser);
    return listener != NULL &&
           config_value_path(parser, value, (char **)(void *)((char *)listener + listener_offset));
}

bool config_set_psk_file(struct config_parser *parser, char *value) {
    return set_scoped_path(parser, value, &parser->config->psk_file,
                           offsetof(struct config_listener, psk_file));
}

bool config_set_password_file(struct config_parser *parser, char *value) {
    return set_scoped_path(parser, value, &parser->config->password_file,
                           offsetof(struct config_listener, password_file));
}

bool config_set_acl_file(struct config_parser *parser, char *value) {
    return set_scoped_path(parser, value, &parser->config->acl_file,
                           offsetof(struct config_listener, acl_file));
}

bool config_set_per_listener_settings(struct config_parser *parser, char *value) {
    bool yes = false;
    if (!config_value_bool(parser, value, &yes))
        return false;
    if (yes != parser->config->per_listener_settings && parser->reading->security_seen)
        return config_fail(parser, "per_listener_settings must come before the options that it "
                                   "is about: allow_anonymous, allow_zero_length_clientid, "
                                   "password_file, acl_file and psk_file");
    if (!yes && parser->config->per_listener_settings)
        return config_fail(parser, "per_listener_settings can't be unset");
    parser->config->per_listener_settings = yes;
    return true;
}

bool config_set_allow_exposed_files(struct config_parser *parser, char *value) {
    bool yes = false;
    if (!config_value_bool(parser, value, &yes))
        return false;
    if (yes && parser->config->has_secrets)
        return config_fail(parser, "allow_exposed_files must come before the files it speaks of");
    parser->config->allow_exposed_files = yes;
    return true;
}

bool config_set_only_false(struct config_parser *parser, char *value) {
    bool yes = false;
    if (!config_value_bool(parser, value, &yes))
        return false;
    return !yes || config_fail(parser, "%s true is not supported; %s", parser->option->name,
                               parser->option->advice);
}

bool config_set_set_tcp_nodelay(struct config_parser *parser, char *value) {
    if (!config_value_bool(parser, value, &parser->config->set_tcp_nodelay))
        return false;
    if (!parser->config->set_tcp_nodelay)
        config_remark(parser, "set_tcp_nodelay stays true: Libella sends in batches, so that "
                              "delaying them again would only cost time");
    return true;
}

bool config_set_persistence_sync(struct config_parser *parser, char *value) {
    static const char interval[] = "interval ";
    struct config *config = parser->config;
    int64_t interval_ms = 0;
    if (strcmp(value, "always") == 0) {
        config->persistence_sync = CONFIG_SYNC_ALWAYS;
        return true;
    }
    if (strcmp(value, "never") == 0) {
        config->persistence_sync = CONFIG_SYNC_NEVER;
        return true;
    }
    if (strncmp(value, interval, sizeof interval - 1u) != 0)
        return config_fail(parser,
                           "%s must be always, never, or interval and a number of milliseconds, "
                           "not \"%s\"",
                           parser->option->name, value);
    value += sizeof interval - 1u;
    value += strspn(value, " ");
    if (!config_value_number(parser, value, 1, CONFIG_SYNC_INTERVAL_MAX_MS, &interval_ms))
        return false;
    config->persistence_sync = CONFIG_SYNC_INTERVAL;
    config->persistence_sync_interval_ms = (uint32_t)interval_ms;
    return true;
}

/* ---- include_dir ---- */

static int is_included(const struct dirent *entry) {
    const size_t len = strlen(entry->d_name);
    const size_t suffix_len = strlen(INCLUDED_SUFFIX);
    return len > suffix_len && strcmp(entry->d_name + len - suffix_len, INCLUDED_SUFFIX) == 0;
}

static int byte_order(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool include_file(const struct config_parser *parser, const char *folder,
                         const char *name) {
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path == NULL)
        return config_fail(parser, "no memory");
    snprintf(path, size, "%s/%s", folder, name);
    struct config_parser included = *parser;
    included.file = path;
    included.is_included = true;
    included.listener = NULL;
    const bool done = config_parse_file(&included);
    free(path);
    return done;
}

/* For the sandbox, so that the folder can be read again. */
static bool keep_include_dir(const struct config_parser *parser, const char *folder) {
    struct config *config = parser->config;
    if (config->include_dir_count == CONFIG_INCLUDE_DIRS_MAX)
        return config_fail(parser, "there are more than %u include_dir", CONFIG_INCLUDE_DIRS_MAX);
    char *copy = strdup(folder);
    if (copy == NULL)
        return config_fail(parser, "no memory");
    config->include_dirs[config->include_dir_count++] = copy;
    return true;
}

bool config_set_include_dir(struct config_parser *parser, char *value) {
    if (parser->is_included)
        return config_fail(parser, "include_dir works in the main file only");
    if (*value == '\0')
        return config_fail(parser, "include_dir needs a directory");
    struct dirent **entries = NULL;
    const int count = scandir(value, &entries, is_included, byte_order);
    if (count < 0)
        return config_fail(parser, "include_dir %s: %s", value, strerror(errno));
    bool good = keep_include_dir(parser, value);
    if (count > (int)INCLUDED_FILES_MAX)
        good = config_fail(parser, "include_dir %s has more than %u files", value,
                           INCLUDED_FILES_MAX);
    for (int i = 0; i < count; i++) {
        good = include_file(parser, value, entries[i]->d_name) && good;
        free(entries[i]);
    }
    free(entries);
    return good;
}
