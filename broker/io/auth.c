/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The rule on anonymous clients; see auth.h.
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

/* The certificate or key has proved who it is: no password is looked at. */
static void take_identity(const struct auth_rules *rules, const struct core_effect *question,
                          struct core_auth_result *out) {
    if (rules->identity == NULL || !prefix_allowed(rules, question->client_id)) {
        out->reason_code = rules->identity == NULL ? ELLA_REASON_BAD_USER_NAME_OR_PASSWORD
                                                   : ELLA_REASON_NOT_AUTHORIZED;
        return;
    }
    out->status = CORE_AUTH_ACCEPT;
    out->reason_code = ELLA_REASON_SUCCESS;
    out->user_name = ella_slice_of(rules->identity, (uint32_t)strlen(rules->identity));
    out->has_user_name = true;
}

void auth_answer(const struct auth_rules *rules, const struct core_effect *question,
                 struct core_auth_result *out) {
    *out = (struct core_auth_result){.status = CORE_AUTH_REFUSE};
    //= v5/4.12.0-1
    if (ella_slice_len(question->authentication_method) != 0) {
        out->reason_code = ELLA_REASON_BAD_AUTHENTICATION_METHOD;
        return;
    }
    if (rules->wants_identity) {
        take_identity(rules, question, out);
        return;
    }
    //= v5/3.1.4-2 v5/u-4.12-2
    if (!rules->allow_anonymous || !prefix_allowed(rules, question->client_id)) {
        out->reason_code = ELLA_REASON_NOT_AUTHORIZED;
        return;
    }
    out->status = CORE_AUTH_ACCEPT;
    out->reason_code = ELLA_REASON_SUCCESS;
}
