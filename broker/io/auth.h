/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Who may connect: answers the core's question about one CONNECT or AUTH. It knows no sockets.
 * There is no source of credentials yet, so the rule on anonymous clients is all there is: where
 * they are allowed everybody comes in, and a user name is taken as it is.
 */
#ifndef BROKER_IO_AUTH_H
#define BROKER_IO_AUTH_H

#include "broker/core/core.h"

struct auth_rules {
    bool allow_anonymous;          /* of the listener */
    const char *clientid_prefixes; /* NULL: any client identifier will do */
    const char *auto_id_prefix;    /* begins the identifiers that the broker assigns */
    const char *identity; /* who the client's certificate or key says it is; NULL: nobody */
    bool wants_identity;  /* that is its user name, and whoever has none is refused */
};

void auth_answer(const struct auth_rules *rules, const struct core_effect *question,
                 struct core_auth_result *out);

#endif
