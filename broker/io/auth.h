/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Who may connect, as far as no secret has to be looked at: what is to be done about one CONNECT
 * or AUTH. It knows no sockets and no passwords.
 *
 * Without a password file there is nothing to check a user name against: where anonymous clients
 * are allowed everybody comes in, and a user name is taken as it is. With one, whoever names a
 * user has to prove it, and allow_anonymous is about those who name none.
 */
#ifndef BROKER_IO_AUTH_H
#define BROKER_IO_AUTH_H

#include "broker/core/core.h"

/* The one method of enhanced authentication there is (RFC 7677). */
#define AUTH_METHOD_SCRAM "SCRAM-SHA-256"

struct auth_rules {
    bool allow_anonymous;          /* of the listener */
    bool has_passwords;            /* the listener has a password file; not with wants_identity */
    const char *clientid_prefixes; /* NULL: any client identifier will do */
    const char *auto_id_prefix;    /* begins the identifiers that the broker assigns */
    const char *identity; /* who the client's certificate or key says it is; NULL: nobody */
    bool wants_identity;  /* that is its user name, and whoever has none is refused */
};

enum auth_verdict {
    AUTH_ACCEPT,
    AUTH_REFUSE,         /* reason_code and text say why */
    AUTH_CHECK_PASSWORD, /* user name and password are there */
    AUTH_CHECK_SCRAM,    /* a step of the exchange of SCRAM-SHA-256 */
    AUTH_TAKE_IDENTITY,  /* accept, under the name that the certificate or key has proved */
};

struct auth_decision {
    enum auth_verdict verdict;
    uint8_t reason_code; /* MQTT 5.0's */
    const char *text;    /* static, never NULL */
};

struct auth_decision auth_decide(const struct auth_rules *rules,
                                 const struct core_effect *question);

#endif
