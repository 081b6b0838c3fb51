/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The rules on client identifiers, methods and anonymous clients; see auth.h.
 */
#include "broker/io/auth.h"

#include <string.h>

static bool prefix_allowed(const struct auth_rules *rules, struct ella_slice client_id) {
    if (rules->clientid_prefixes == NULL)
        return true;
    const size_t len = strlen(rules->clientid_prefixes);
    if (ella_slice_len(client_id) == 0)
        return strncmp(rules->auto_id_prefix, rules->clientid_prefixes, len) == 0;
    return ella_slice_len(client_id) >= len &&
           memcmp(ella_slice_data(client_id), rules->clientid_prefixes, len) == 0;
}

static bool is_scram(struct ella_slice method) {
    const size_t len = strlen(AUTH_METHOD_SCRAM);
    return ella_slice_len(method) == len &&
           memcmp(ella_slice_data(method), AUTH_METHOD_SCRAM, len) == 0;
}

static struct auth_decision refuse(uint8_t reason_code, const char *text) {
    return (struct auth_decision){AUTH_REFUSE, reason_code, text};
}

struct auth_decision auth_decide(const struct auth_rules *rules,
                                 const struct core_effect *question) {
    const struct auth_decision accept = {AUTH_ACCEPT, ELLA_REASON_SUCCESS, ""};
    if (!prefix_allowed(rules, question->client_id))
        return refuse(ELLA_REASON_NOT_AUTHORIZED, "client identifier not in clientid_prefixes");
    if (ella_slice_len(question->authentication_method) != 0) {
        //= v5/4.12.0-1
        if (!rules->has_passwords || !is_scram(question->authentication_method))
            return refuse(ELLA_REASON_BAD_AUTHENTICATION_METHOD, "unknown method");
        return (struct auth_decision){AUTH_CHECK_SCRAM, ELLA_REASON_SUCCESS, ""};
    }
    /* The certificate or key has proved who it is: no password is looked at. */
    if (rules->wants_identity)
        return rules->identity != NULL
                   ? (struct auth_decision){AUTH_TAKE_IDENTITY, ELLA_REASON_SUCCESS, ""}
                   : refuse(ELLA_REASON_BAD_USER_NAME_OR_PASSWORD,
                            "no name in certificate or key");
    //= v5/3.1.4-2 v5/u-4.12-2
    if (!rules->has_passwords)
        return rules->allow_anonymous
                   ? accept
                   : refuse(ELLA_REASON_NOT_AUTHORIZED, "anonymous clients are not allowed");
    if (question->has_user_name && question->has_password)
        return (struct auth_decision){AUTH_CHECK_PASSWORD, ELLA_REASON_SUCCESS, ""};
    if (question->has_user_name)
        return refuse(ELLA_REASON_BAD_USER_NAME_OR_PASSWORD, "user name without password");
    if (question->has_password)
        return refuse(ELLA_REASON_BAD_USER_NAME_OR_PASSWORD, "password without user name");
    return rules->allow_anonymous
               ? accept
               : refuse(ELLA_REASON_NOT_AUTHORIZED, "anonymous clients are not allowed");
}
