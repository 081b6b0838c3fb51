/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What reading the configuration files shares with the setters of single options. Nobody else
 * includes it.
 */
#ifndef BROKER_IO_CONFIG_PARSER_H
#define BROKER_IO_CONFIG_PARSER_H

#include "broker/io/config.h"

/* More than there are rows in the table. */
#define CONFIG_OPTIONS_MAX 256u

/* What is remembered over all files of one reading. */
struct config_reading {
    bool text_seen[CONFIG_OPTIONS_MAX]; /* options of type CONFIG_TEXT, once each */
    bool security_seen;                 /* an option that per_listener_settings changes */
    bool log_dest_seen;
    bool log_type_seen;
    uint32_t error_count; /* lines that are wrong */
};

/* One file. */
struct config_parser {
    struct config *config;
    const struct config_reporter *reporter;
    struct config_reading *reading;
    const char *file;
    uint32_t line;
    bool is_included;
    struct config_listener *listener; /* the last of this file, NULL before the first */
    const struct config_option *option;
};

/* Reports an error at the current line; always false. */
bool config_fail(const struct config_parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Reports a remark at the current line. */
void config_remark(const struct config_parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The listener that listener options belong to, made if need be; NULL: there are too many. */
struct config_listener *config_current_listener(struct config_parser *parser);
struct config_listener *config_add_listener(struct config_parser *parser);
bool config_parse_file(struct config_parser *parser);

/* config_value.c: text to values. Each reports what is wrong and returns false then. */
bool config_value_set(struct config_parser *parser, void *target, char *value);
bool config_value_bool(const struct config_parser *parser, const char *value, bool *out);
bool config_value_number(const struct config_parser *parser, const char *value, int64_t minimum,
                         uint64_t maximum, int64_t *out);
bool config_value_string(const struct config_parser *parser, const char *value, char **target);
/* The same for a file; one of secrets must not be readable by everybody. */
bool config_value_path(const struct config_parser *parser, const char *value, char **target);

/* config_special.c: options that are more than a value; they are named in the table. */
bool config_set_listener(struct config_parser *parser, char *value);
bool config_set_port(struct config_parser *parser, char *value);
bool config_set_bind_address(struct config_parser *parser, char *value);
bool config_set_protocol(struct config_parser *parser, char *value);
bool config_set_accept_protocol_versions(struct config_parser *parser, char *value);
bool config_set_socket_domain(struct config_parser *parser, char *value);
bool config_set_log_dest(struct config_parser *parser, char *value);
bool config_set_log_type(struct config_parser *parser, char *value);
bool config_set_log_facility(struct config_parser *parser, char *value);
/* For options whose other value is not supported. */
bool config_set_only_false(struct config_parser *parser, char *value);
bool config_set_allow_exposed_files(struct config_parser *parser, char *value);
bool config_set_include_dir(struct config_parser *parser, char *value);
bool config_set_allow_anonymous(struct config_parser *parser, char *value);
bool config_set_allow_zero_length_clientid(struct config_parser *parser, char *value);
bool config_set_password_file(struct config_parser *parser, char *value);
bool config_set_acl_file(struct config_parser *parser, char *value);
bool config_set_psk_file(struct config_parser *parser, char *value);
bool config_set_allow_address(struct config_parser *parser, char *value);
bool config_set_deny_address(struct config_parser *parser, char *value);
bool config_set_proxy_protocol_from(struct config_parser *parser, char *value);
bool config_set_tls_version(struct config_parser *parser, char *value);
bool config_set_tls_keyform(struct config_parser *parser, char *value);
bool config_set_per_listener_settings(struct config_parser *parser, char *value);
bool config_set_set_tcp_nodelay(struct config_parser *parser, char *value);
bool config_set_persistence_sync(struct config_parser *parser, char *value);

#endif
