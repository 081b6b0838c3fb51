/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Reading configuration files, line by line, and taking over another configuration; see config.h.
 */
#include "broker/io/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "broker/io/config_parser.h"

#define MESSAGE_SIZE 1024u
#define TOPIC_ALIAS_DEFAULT 10u
#define UNAUTHENTICATED_PER_ADDRESS_DEFAULT 1000u
#define HANDSHAKES_PER_ADDRESS_DEFAULT 500u
#define HANDSHAKES_DEFAULT 2000u
#define CONNECT_SIZE_DEFAULT 100000u
/* A name is suggested if so many changed letters at most make it the one that was meant. */
#define SUGGESTION_DISTANCE_MAX 3u
#define NAME_LEN_MAX 64u
/* Some editors begin a file of UTF-8 with it. */
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* ---- Messages ---- */

static void report(const struct config_parser *parser, bool is_error, const char *format,
                   va_list arguments) {
    char text[MESSAGE_SIZE];
    int used = 0;
    if (parser->file != NULL && parser->line > 0)
        used = snprintf(text, sizeof text, "%s:%u: ", parser->file, (unsigned)parser->line);
    else if (parser->file != NULL)
        used = snprintf(text, sizeof text, "%s: ", parser->file);
    if (used < 0 || (size_t)used >= sizeof text)
        used = 0;
    vsnprintf(text + used, sizeof text - (size_t)used, format, arguments);
    parser->reporter->report(parser->reporter->ctx, is_error, text);
}

bool config_fail(const struct config_parser *parser, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(parser, true, format, arguments);
    va_end(arguments);
    return false;
}

void config_remark(const struct config_parser *parser, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(parser, false, format, arguments);
    va_end(arguments);
}

/* ---- Life ---- */

static void init_listener(struct config_listener *listener) {
    *listener = (struct config_listener){
        .port = CONFIG_DEFAULT_PORT,
        .max_qos = 2,
        .max_topic_alias = TOPIC_ALIAS_DEFAULT,
        .max_topic_alias_broker = TOPIC_ALIAS_DEFAULT,
        .version_accepted = {false, false, false, true, true, true},
        .allow_anonymous = CONFIG_UNSAID,
        .allow_zero_length_clientid = CONFIG_UNSAID,
    };
}

void config_init(struct config *config) {
    *config = (struct config){
        .log = {.destinations = LOG_TO_STDERR,
                .types = LOG_TYPE_DEFAULT,
                .facility = LOG_DAEMON,
                .timestamp = true},
        .connection_messages = true,
        .acl_check_subscribe = true,
        .login = {.guard = {.failures_allowed = 5, .pause_ms = 1000, .lockout_ms = 300000},
                  .waiting_max = 1000,
                  .waiting_max_per_address = 100},
        .login_threads = 2,
        .tls_handshake_timeout_ms = 10000,
        .max_handshakes = HANDSHAKES_DEFAULT,
        .gate = {.pending_per_address = UNAUTHENTICATED_PER_ADDRESS_DEFAULT,
                 .handshakes_per_address = HANDSHAKES_PER_ADDRESS_DEFAULT},
        .max_connect_size_bytes = CONNECT_SIZE_DEFAULT,
        .persistence_sync_interval_ms = 1000,
        .autosave_interval = 1800,
        .allow_anonymous = CONFIG_UNSAID,
        .allow_zero_length_clientid = CONFIG_UNSAID,
        .set_tcp_nodelay = true,
        .sandbox = true,
    };
    core_limits_default(&config->limits);
}

static void free_listener(struct config_listener *listener) {
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        char *text = NULL;
        if (option->scope != CONFIG_LISTENER || option->status != CONFIG_SUPPORTED ||
            (option->type != CONFIG_STRING && option->type != CONFIG_PATH))
            continue;
        memcpy(&text, (char *)listener + option->offset, sizeof text);
        free(text);
    }
    free(listener->address);
    free(listener->psk_file);
    free(listener->password_file);
    free(listener->acl_file);
    cidr_list_free(&listener->allow_address);
    cidr_list_free(&listener->deny_address);
    cidr_list_free(&listener->proxy_address);
}

void config_free(struct config *config) {
    for (uint32_t i = 0; i < config->listener_count; i++)
        free_listener(&config->listeners[i]);
    for (uint32_t i = 0; i < config->file_name_count; i++)
        free(config->file_names[i]);
    for (uint32_t i = 0; i < config->include_dir_count; i++)
        free(config->include_dirs[i]);
    free(config->password_file);
    free(config->acl_file);
    free(config->audit_log);
    free(config->persistence_location);
    free(config->persistence_file);
    free(config->persistence_key_file);
    free(config->log_file);
    free(config->log_timestamp_format);
    free(config->clientid_prefixes);
    free(config->psk_file);
    free(config->pid_file);
    free(config->user);
    free(config->poller);
    config_init(config);
}

/* ---- Listeners ---- */

/* The name of the parser's file, kept as long as the configuration. */
static const char *keep_file_name(const struct config_parser *parser) {
    struct config *config = parser->config;
    for (uint32_t i = 0; i < config->file_name_count; i++) {
        if (strcmp(config->file_names[i], parser->file) == 0)
            return config->file_names[i];
    }
    /* There are never more names than listeners. */
    char *name = strdup(parser->file);
    if (name == NULL)
        return "";
    config->file_names[config->file_name_count++] = name;
    return name;
}

struct config_listener *config_add_listener(struct config_parser *parser) {
    struct config *config = parser->config;
    if (config->listener_count == CONFIG_LISTENERS_MAX) {
        config_fail(parser, "there are more than %u listeners", CONFIG_LISTENERS_MAX);
        return NULL;
    }
    struct config_listener *listener = &config->listeners[config->listener_count];
    init_listener(listener);
    listener->file = keep_file_name(parser);
    listener->line = parser->line;
    config->listener_count++;
    return listener;
}

struct config_listener *config_current_listener(struct config_parser *parser) {
    if (parser->listener != NULL)
        return parser->listener;
    for (uint32_t i = 0; i < parser->config->listener_count; i++) {
        if (parser->config->listeners[i].is_default)
            return &parser->config->listeners[i];
    }
    struct config_listener *listener = config_add_listener(parser);
    if (listener == NULL)
        return NULL;
    listener->is_default = true;
    /* Nobody should open a port to the world by putting lines in the wrong order. */
    if (parser->option->set != config_set_port && parser->option->set != config_set_bind_address)
        config_remark(parser,
                      "%s stands before any listener: it opens the default listener, port %u of "
                      "all addresses unless port and bind_address say otherwise",
                      parser->option->name, CONFIG_DEFAULT_PORT);
    return listener;
}

/* ---- Names ---- */

const struct config_option *config_option_find(const char *name) {
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        const size_t len = strlen(option->name);
        /* "plugin_opt_" stands for every name that begins so. */
        const bool is_family = option->name[len - 1] == '_';
        if (is_family ? strncmp(name, option->name, len) == 0 && name[len] != '\0'
                      : strcmp(name, option->name) == 0)
            return option;
    }
    return NULL;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* How many letters to add, drop or change to get from a to b; SIZE_MAX if the lengths tell already
 * that it is more than SUGGESTION_DISTANCE_MAX. */
static size_t distance(const char *a, const char *b) {
    size_t row[NAME_LEN_MAX + 1];
    const size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > NAME_LEN_MAX || b_len > NAME_LEN_MAX ||
        (a_len > b_len ? a_len - b_len : b_len - a_len) > SUGGESTION_DISTANCE_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

static bool unknown_option(const struct config_parser *parser, const char *name) {
    char shown[NAME_LEN_MAX * 4];
    const char *nearest = NULL;
    size_t nearest_distance = SUGGESTION_DISTANCE_MAX + 1;
    for (size_t i = 0; i < config_option_count; i++) {
        const size_t d = distance(name, config_options[i].name);
        if (d < nearest_distance && d < strlen(name)) {
            nearest_distance = d;
            nearest = config_options[i].name;
        }
    }
    log_escape(shown, sizeof shown, (const uint8_t *)name, strlen(name));
    if (nearest != NULL)
        return config_fail(parser, "unknown option \"%s\"; is %s meant?", shown, nearest);
    return config_fail(parser, "unknown option \"%s\"", shown);
}

/* ---- Lines ---- */

static bool set_option(struct config_parser *parser, const char *name, char *value) {
    const struct config_option *option = parser->option;
    if (option->status == CONFIG_NOT_YET)
        return config_fail(parser, "%s is not supported yet; %s", name, option->advice);
    if (option->status == CONFIG_REMOVED) {
        config_remark(parser, "%s has no effect any more", option->name);
        return true;
    }
    if (option->type == CONFIG_SPECIAL)
        return option->set(parser, value);
    char *base = (char *)parser->config;
    if (option->scope == CONFIG_LISTENER) {
        base = (char *)config_current_listener(parser);
        if (base == NULL)
            return false;
    }
    return config_value_set(parser, base + option->offset, value);
}

static bool parse_line(struct config_parser *parser, char *line) {
    line[strcspn(line, "\r\n")] = '\0';
    if (*line == '#')
        return true;
    char *name = line + strspn(line, " ");
    if (name[strspn(name, " \t")] == '\0')
        return true;
    char *value = name + strcspn(name, " ");
    if (*value != '\0')
        *value++ = '\0';
    if (strchr(name, '\t') != NULL)
        return config_fail(parser, "a tab where a space has to be");
    value += strspn(value, " \t");
    size_t len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        value[--len] = '\0';
    parser->option = config_option_find(name);
    return parser->option == NULL ? unknown_option(parser, name) : set_option(parser, name, value);
}

static bool check_bytes(struct config_parser *parser, char *line, size_t len) {
    const size_t mark_len = strlen(BYTE_ORDER_MARK);
    if (memchr(line, '\0', len) != NULL)
        return config_fail(parser, "a byte 0 in the file");
    const bool is_marked = parser->line == 1 && strncmp(line, BYTE_ORDER_MARK, mark_len) == 0;
    return parse_line(parser, is_marked ? line + mark_len : line);
}

/* All lines are looked at, wrong ones among them or not, so that one reading tells all faults. */
static bool parse_lines(struct config_parser *parser, FILE *stream) {
    char *line = NULL;
    size_t size = 0;
    bool good = true;
    uint32_t *error_count = &parser->reading->error_count;
    for (ssize_t len = 0;
         *error_count < CONFIG_ERRORS_MAX && (len = getline(&line, &size, stream)) >= 0;) {
        parser->line++;
        if (check_bytes(parser, line, (size_t)len))
            continue;
        good = false;
        if (++*error_count == CONFIG_ERRORS_MAX)
            config_fail(parser, "too many errors; what follows was not looked at");
    }
    free(line);
    if (ferror(stream) != 0) {
        parser->line = 0;
        return config_fail(parser, "%s", strerror(errno));
    }
    return good;
}

bool config_parse_file(struct config_parser *parser) {
    parser->line = 0;
    FILE *stream = fopen(parser->file, "re");
    if (stream == NULL)
        return config_fail(parser, "%s", strerror(errno));
    struct stat status;
    bool good = true;
    if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode))
        good = config_fail(parser, "is a directory");
    good = good && parse_lines(parser, stream);
    fclose(stream);
    return good;
}

/* ---- The whole ---- */

static bool fail_at_same(struct config_parser *parser, const struct config_listener *a,
                         const struct config_listener *b) {
    const bool same_file = a->file == b->file;
    const bool has_default = a->is_default || b->is_default;
    parser->file = a->file;
    parser->line = a->line;
    return config_fail(parser, "the %s %s%s%u has the same port and address%s",
                       b->is_default ? "default listener made by" : "listener of",
                       same_file ? "line " : b->file, same_file ? "" : ":", (unsigned)b->line,
                       has_default ? "; options of a listener have to stand below it" : "");
}

/* Two listeners that would bind the same address and port. */
static bool check_listeners(struct config_parser *parser) {
    const struct config *config = parser->config;
    for (uint32_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *a = &config->listeners[i];
        for (uint32_t j = 0; j < i; j++) {
            const struct config_listener *b = &config->listeners[j];
            const bool same_address =
                (a->address == NULL && b->address == NULL) ||
                (a->address != NULL && b->address != NULL && strcmp(a->address, b->address) == 0);
            const bool same_place = a->bind_interface == NULL && b->bind_interface == NULL &&
                                    a->socket_domain == b->socket_domain;
            if (a->port == b->port && same_address && same_place)
                return fail_at_same(parser, a, b);
        }
    }
    return true;
}

/* Options that would look as if they protected something. */
static bool check_protection(struct config_parser *parser,
                             const struct config_listener *listener) {
    const struct config_tls *tls = &listener->tls;
    parser->file = listener->file;
    parser->line = listener->line;
    if (listener->proxy_version != 0 && listener->proxy_address.count == 0)
        return config_fail(parser,
                           "enable_proxy_protocol needs proxy_protocol_from: the addresses "
                           "of the proxies that may say whom they speak for");
    const bool wants_certificate =
        tls->require_certificate || tls->use_identity_as_username || tls->use_subject_as_username;
    if (config_has_tls(listener) || listener->proxy_version == 2 ||
        (!wants_certificate && tls->cafile == NULL && tls->capath == NULL && tls->crlfile == NULL))
        return true;
    return config_fail(parser, "the listener has options of TLS, but neither certfile and keyfile "
                               "nor psk_hint: it would not speak TLS");
}

static bool check_protections(struct config_parser *parser) {
    bool good = true;
    for (uint32_t i = 0; i < parser->config->listener_count; i++)
        good = check_protection(parser, &parser->config->listeners[i]) && good;
    return good;
}

static void add_loopback(struct config *config, uint16_t port) {
    static const char *const addresses[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < 2 && config->listener_count < CONFIG_LISTENERS_MAX; i++) {
        struct config_listener *listener = &config->listeners[config->listener_count];
        init_listener(listener);
        listener->port = port;
        listener->address = strdup(addresses[i]);
        listener->is_loopback = true;
        if (listener->address != NULL)
            config->listener_count++;
    }
}

static void apply_command_line(struct config_parser *parser,
                               const struct config_command_line *command_line) {
    struct config *config = parser->config;
    if (config->listener_count == 0) {
        config->local_only = true;
        if (command_line->port_count == 0)
            add_loopback(config, CONFIG_DEFAULT_PORT);
        for (uint32_t i = 0; i < command_line->port_count; i++)
            add_loopback(config, command_line->ports[i]);
    } else if (command_line->port_count > 0) {
        config_remark(parser, "-p is not used: the file has listeners of its own");
    }
    if (command_line->daemon && !parser->reading->log_dest_seen)
        config->log.destinations = LOG_TO_SYSLOG;
    if (command_line->verbose)
        config->log.types = LOG_TYPE_ALL;
    if (command_line->quiet)
        config->log.types = 0;
    config->log.file = config->log_file;
    config->log.timestamp_format = config->log_timestamp_format;
}

bool config_read(struct config *config, const struct config_command_line *command_line,
                 const struct config_reporter *reporter) {
    struct config_reading reading = {.text_seen = {false}};
    struct config_parser parser = {
        .config = config, .reporter = reporter, .reading = &reading, .file = command_line->file};
    if (command_line->file != NULL && !config_parse_file(&parser))
        return false;
    parser.line = 0;
    if (!check_listeners(&parser) || !check_protections(&parser))
        return false;
    parser.file = command_line->file;
    parser.line = 0;
    apply_command_line(&parser, command_line);
    return true;
}

static bool answer(uint8_t first, uint8_t second, bool otherwise) {
    if (first != CONFIG_UNSAID)
        return first == CONFIG_YES;
    return second != CONFIG_UNSAID ? second == CONFIG_YES : otherwise;
}

bool config_allows_anonymous(const struct config *config, const struct config_listener *listener) {
    return answer(listener->allow_anonymous, config->allow_anonymous, config->local_only);
}

bool config_allows_zero_length_clientid(const struct config *config,
                                        const struct config_listener *listener) {
    return answer(listener->allow_zero_length_clientid, config->allow_zero_length_clientid, true);
}

bool config_has_tls(const struct config_listener *listener) {
    return listener->tls.certfile != NULL || listener->tls.keyfile != NULL ||
           listener->tls.psk_hint != NULL;
}

const char *config_psk_file(const struct config *config, const struct config_listener *listener) {
    return listener->psk_file != NULL ? listener->psk_file : config->psk_file;
}
