/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The audit log: who did what from where, with which result. One line for each connection let in,
 * refused or ended, each subscription, each message and subscription that was denied, each session
 * that ended, and for what the operator did. It differs from the log for people: no line is left
 * out or limited, and a program can read it.
 *
 * As text   2026-11-26T13:11:41.123Z connect result=refused client="x" user="u"
 *           address=192.0.2.7:60932 reason=0x87 text="not authorized"
 * As JSON   {"time":"2026-11-26T13:11:41.123Z","event":"connect","result":"refused",
 *           "client":"x","user":"u","address":"192.0.2.7:60932","reason":135,
 *           "text":"not authorized"}
 * each in one line. What does not apply is left out. Secrets are in none.
 */
#ifndef BROKER_IO_AUDIT_H
#define BROKER_IO_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/core/core.h"
#include "broker/io/address.h"
#include "broker/io/log.h"

enum audit_format {
    AUDIT_TEXT,
    AUDIT_JSON
};

struct audit {
    int fd; /* -1: there is no audit log */
    enum audit_format format;
    uint64_t written_count;
    uint64_t lost_count; /* lines that the file did not take */
    struct log *log;     /* told of that */
};

struct audit_event {
    const char *event;          /* connect, disconnect, subscribe … */
    const char *result;         /* ok, refused, denied, failed */
    struct ella_slice client;   /* client identifier */
    struct ella_slice user;     /* user name */
    struct ella_slice topic;    /* name or filter */
    const struct address *peer; /* NULL: nobody's */
    uint8_t reason_code;        /* of MQTT 5.0; 0: none */
    const char *text;           /* the reason in words, NULL: none */
};

/* log outlives it. */
void audit_init(struct audit *audit, struct log *log);
/* Writes to the end of the file at path from now on, made with mode 0600 if it is not there; path
 * NULL: to nowhere. owner may be given to whom the file is to belong. false: errno says why, and
 * everything is as before. */
bool audit_open(struct audit *audit, const char *path, enum audit_format format);
void audit_close(struct audit *audit);

void audit_write(struct audit *audit, const struct audit_event *event);
/* What the core said, if it belongs here. */
void audit_core(struct audit *audit, const struct core_log *line, const struct address *peer);

#endif
