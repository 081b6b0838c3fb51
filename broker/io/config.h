/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The configuration: mosquitto.conf syntax read through one table of options (config_table.c). It
 * knows what every option means for the other parts, and opens nothing but configuration files.
 *
 * Syntax
 *   - A line whose first character is # is a comment; blank lines count nothing; lines end with LF
 *     or CRLF; a byte order mark before the first one counts nothing.
 *   - KEY, one or more spaces, VALUE: the rest of the line without blanks around it.
 *   - Options of a listener belong to the last `listener` of the same file, before the first one
 *     to the default listener, which exists as soon as it is spoken of.
 *   - bool: true, 1, false, 0. Numbers: decimal, 0x hexadecimal or 0 octal, nothing behind them.
 *     Strings: valid UTF-8, not empty, 65535 bytes at most, once in each scope.
 *   - include_dir, in the main file only, reads all *.conf of a directory in byte order, there and
 *     then.
 *
 * Every fault is an error with file and line: nothing is ignored, and all of them are told, not
 * the first one only. An option that Mosquitto has and Libella has not yet is an error that says
 * so, and what to do about it.
 */
#ifndef BROKER_IO_CONFIG_H
#define BROKER_IO_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "broker/core/limits.h"
#include "broker/io/cidr.h"
#include "broker/io/gate.h"
#include "broker/io/log.h"
#include "broker/io/login_limits.h"

#define CONFIG_LISTENERS_MAX 64u
/* -p may be given this often. */
#define CONFIG_PORTS_MAX 10u
#define CONFIG_INCLUDE_DIRS_MAX 16u
#define CONFIG_STRING_LEN_MAX 65535u
/* Faults told of one reading; what has more is no configuration. */
#define CONFIG_ERRORS_MAX 100u
#define CONFIG_DEFAULT_PORT 1883u

enum config_answer {
    CONFIG_NO = 0,
    CONFIG_YES = 1,
    CONFIG_UNSAID = 2
};

/* What befalls a client that sends more than it may. */
enum config_rate_action {
    CONFIG_RATE_PAUSE, /* nothing is read from it until it is within its rate again */
    CONFIG_RATE_DISCONNECT
};

/* TLS at one listener. All NULL and 0: none. Files are read by tls_context.h. */
struct config_tls {
    char *cafile;
    char *capath;
    char *certfile;
    char *keyfile;
    char *crlfile;
    char *ocsp_file;
    char *dhparamfile;
    char *ciphers;
    char *ciphers_tls13;
    char *psk_hint;
    uint16_t version_minimum; /* as TLS writes it: 0x0303 is 1.2, 0x0304 is 1.3; 0: 1.2 */
    bool require_certificate;
    bool use_identity_as_username;
    bool use_subject_as_username;
    bool disable_client_cert_date_checks;
};

struct config_listener {
    struct config_tls tls;
    char *psk_file;      /* of this listener, if per_listener_settings */
    char *password_file; /* if per_listener_settings; NULL: none */
    char *acl_file;      /* the same */
    char *address;       /* host or path of a unix socket; NULL: every address */
    char *bind_interface;
    char *protocol;        /* NULL: mqtt */
    uint16_t port;         /* 0: unix socket */
    uint8_t socket_domain; /* 0: IPv4 and IPv6; 4; 6 */
    uint8_t max_qos;
    uint16_t max_topic_alias;
    uint16_t max_topic_alias_broker;
    uint16_t unix_socket_mode;      /* permissions; 0: as the umask says */
    uint32_t max_connections;       /* 0: no limit */
    uint32_t max_connection_rate;   /* per second; 0: no limit */
    struct cidr_list allow_address; /* empty: everybody */
    struct cidr_list deny_address;
    struct cidr_list proxy_address; /* of whom a PROXY header is taken */
    uint8_t proxy_version;          /* of the PROXY protocol; 0: it is not spoken */
    bool proxy_require_tls;
    bool version_accepted[6]; /* by enum ella_version */
    bool use_username_as_clientid;
    uint8_t allow_anonymous; /* enum config_answer */
    uint8_t allow_zero_length_clientid;
    bool is_default;  /* made by port, bind_address or an option before any listener */
    bool is_loopback; /* made by local-only mode */
    const char *file; /* where it was begun; NULL for the command line */
    uint32_t line;
};

struct config {
    struct core_limits limits;
    struct log_settings log; /* its strings are log_file and log_timestamp_format */
    char *log_file;
    char *log_timestamp_format;
    bool connection_messages;
    uint32_t tls_handshake_timeout_ms;
    uint32_t max_handshakes; /* and PROXY headers, under way; 0: no limit */
    struct gate_limits gate;
    uint32_t max_connect_size_bytes;  /* of CONNECT */
    uint32_t max_client_message_rate; /* PUBLISH packets of one client, per second; 0: no limit */
    uint32_t max_client_byte_rate;    /* bytes of one client, per second; 0: no limit */
    uint8_t client_rate_action;       /* enum config_rate_action */
    char *audit_log;                  /* path; NULL: there is none */
    uint8_t audit_log_format;         /* enum audit_format */
    char *password_file;              /* NULL: there is none, or see the listeners */
    char *acl_file;                   /* the same */
    bool acl_check_subscribe;
    struct login_limits login;
    uint32_t login_threads;  /* 1..LOGIN_THREADS_MAX */
    uint8_t allow_anonymous; /* enum config_answer */
    uint8_t allow_zero_length_clientid;
    bool per_listener_settings;
    bool set_tcp_nodelay;
    bool persistence;
    bool persistence_strict;
    bool autosave_on_changes;
    uint8_t persistence_sync; /* enum config_sync */
    uint32_t persistence_sync_interval_ms;
    uint32_t autosave_interval; /* seconds or changes */
    char *persistence_location; /* NULL: the working directory */
    char *persistence_file;     /* NULL: mosquitto.db */
    char *persistence_key_file; /* NULL: nothing is encrypted */
    bool local_only;            /* no listener configured: loopback, anonymous */
    bool sandbox;
    bool allow_exposed_files;
    bool has_secrets; /* names a file of keys or passwords */
    char *include_dirs[CONFIG_INCLUDE_DIRS_MAX];
    uint32_t include_dir_count;
    char *clientid_prefixes;
    char *psk_file;
    char *pid_file;
    char *user;
    char *poller;
    char *file_names[CONFIG_LISTENERS_MAX]; /* of the files that have listeners */
    uint32_t file_name_count;
    struct config_listener listeners[CONFIG_LISTENERS_MAX];
    uint32_t listener_count;
};

enum config_sync {
    CONFIG_SYNC_ALWAYS,
    CONFIG_SYNC_INTERVAL,
    CONFIG_SYNC_NEVER
};
#define CONFIG_SYNC_INTERVAL_MAX_MS 3600000

/* What the command line adds. */
struct config_command_line {
    const char *file; /* NULL: none */
    uint16_t ports[CONFIG_PORTS_MAX];
    uint32_t port_count;
    bool verbose;       /* every kind of line */
    bool quiet;         /* no line */
    bool daemon;        /* without log_dest: syslog instead of standard error */
    const char *poller; /* NULL: as the file says */
};

/* Told of each fault (is_error) and each remark, without line end: "FILE:LINE: text". */
struct config_reporter {
    void *ctx;
    void (*report)(void *ctx, bool is_error, const char *text);
};

void config_init(struct config *config);
void config_free(struct config *config);

/* Reads the file, if there is one, and applies the command line. config must have been
 * initialised; after false (the reporter was told why) it may only be freed. */
bool config_read(struct config *config, const struct config_command_line *command_line,
                 const struct config_reporter *reporter);

/* Takes over from next what may change while running, and tells the reporter what else differs and
 * waits for a restart. false: the listeners are others than before (told too), nothing was taken.
 * next keeps what was not taken; free both. */
bool config_reload(struct config *live, struct config *next,
                   const struct config_reporter *reporter);

/* Calls visit for each file and folder that the configuration names, with whether it is written;
 * those of include_dir and of unix sockets too. Stops at, and returns, the first false. */
bool config_visit_paths(const struct config *config,
                        bool (*visit)(void *ctx, const char *path, bool is_written), void *ctx);

/* Whether anonymous clients are allowed at this listener, all options considered. */
bool config_allows_anonymous(const struct config *config, const struct config_listener *listener);
bool config_allows_zero_length_clientid(const struct config *config,
                                        const struct config_listener *listener);

/* Whether clients have to speak TLS at this listener. */
bool config_has_tls(const struct config_listener *listener);
/* NULL: none. */
const char *config_psk_file(const struct config *config, const struct config_listener *listener);

/* ---- The table of options ---- */

enum config_scope {
    CONFIG_GENERAL,
    CONFIG_LISTENER,
    CONFIG_BRIDGE,
    CONFIG_PLUGIN
};

enum config_type {
    CONFIG_BOOL,   /* bool */
    CONFIG_ANSWER, /* enum config_answer, as uint8_t */
    CONFIG_U8,     /* unsigned numbers of that many bits */
    CONFIG_U16,
    CONFIG_U32,
    CONFIG_U64,
    CONFIG_LIMIT,    /* uint32_t; -1 in the file, 0 here: no limit */
    CONFIG_SECONDS,  /* uint32_t milliseconds, seconds in the file */
    CONFIG_DURATION, /* uint32_t seconds; a number with h, d, w, m or y in the file */
    CONFIG_STRING,   /* char *, owned */
    CONFIG_PATH,     /* the same: a file or folder, kept within reach of the sandbox */
    CONFIG_CHOICE,   /* uint8_t: which of the words in argument, counted from 0 */
    CONFIG_TEXT,     /* char[]; maximum is its longest length */
    CONFIG_SPECIAL,  /* set() does it */
};

enum config_status {
    CONFIG_SUPPORTED,
    CONFIG_NOT_YET, /* Mosquitto's: an error that says so */
    CONFIG_REMOVED, /* accepted with a notice, without effect, as in Mosquitto */
};

enum config_origin {
    CONFIG_MOSQUITTO,
    CONFIG_LIBELLA, /* Mosquitto does not know it */
    CONFIG_ALIAS,   /* Mosquitto's other name of a plain value that has a row already */
};

struct config_parser;

struct config_option {
    const char *name;
    enum config_scope scope;
    enum config_type type;
    enum config_status status;
    enum config_origin origin;
    bool reloadable; /* SIGHUP applies it */
    bool writes;     /* CONFIG_PATH: made, written and removed while running */
    bool secret;     /* CONFIG_PATH: refused if others may read it, unless allow_exposed_files */
    uint64_t minimum;
    uint64_t maximum;
    size_t offset;             /* in struct config or struct config_listener */
    const char *argument;      /* for people: "SECONDS" */
    const char *default_value; /* for people */
    const char *text;          /* for people: one or two sentences */
    const char *advice;  /* CONFIG_NOT_YET, or of a value not supported: what to do instead */
    const char *differs; /* what is other than in Mosquitto; NULL: nothing */
    bool (*set)(struct config_parser *parser, char *value); /* CONFIG_SPECIAL */
};

extern const struct config_option config_options[];
extern const size_t config_option_count;

/* NULL if there is none of that name (or of its alias). */
const struct config_option *config_option_find(const char *name);

/* The table for people. */
enum config_form {
    CONFIG_AS_MARKDOWN,
    CONFIG_AS_MAN,
    CONFIG_FROM_MOSQUITTO /* Markdown: what becomes of each of its options */
};
void config_describe(FILE *out, enum config_form form);

#endif
