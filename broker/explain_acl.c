/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Decisions on access in words; see explain_acl.h.
 */
#include "broker/explain_acl.h"

#include <stdlib.h>
#include <string.h>

static struct ella_slice slice_of(const char *text) {
    return ella_slice_of((const uint8_t *)text, (uint32_t)strlen(text));
}

static void print_line(const char *file, uint32_t line, FILE *out) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = fopen(file, "re");
    if (stream == NULL)
        return;
    for (uint32_t i = 0; i < line; i++) {
        if (getline(&text, &size, stream) < 0)
            break;
    }
    if (text != NULL)
        text[strcspn(text, "\r\n")] = '\0';
    fprintf(out, "%s:%u: %s\n", file, (unsigned)line, text == NULL ? "" : text);
    free(text);
    fclose(stream);
}

static void print_reason(const char *file, const struct acl_decision *decision, FILE *out) {
    switch (decision->reason) {
    case ACL_BY_TOPIC_LINE:
    case ACL_BY_PATTERN_LINE:
        print_line(file, decision->line, out);
        break;
    case ACL_BY_NAME:
        fprintf(out,
                "%s: no topic line matches, and a user name or client identifier with + or # "
                "has no patterns\n",
                file);
        break;
    case ACL_BY_DEFAULT:
        fprintf(out, "%s: no line matches\n", file);
        break;
    }
}

enum explain_answer explain_acl(const struct acl *acl, const char *file,
                                const struct explain_question *question, FILE *out) {
    const bool reads = strcmp(question->access, "read") == 0;
    const size_t topic_len = strlen(question->topic);
    uint32_t error_at = 0;
    if (!reads && strcmp(question->access, "write") != 0)
        return EXPLAIN_NO_QUESTION;
    if (topic_len > UINT16_MAX ||
        ella_topic_name_check((const uint8_t *)question->topic, 0, (uint32_t)topic_len,
                              &error_at) != ELLA_ERROR_NONE)
        return EXPLAIN_NO_QUESTION;
    if (acl == NULL) {
        fputs("allowed\nthere is no acl_file: everything is allowed\n", out);
        return EXPLAIN_ALLOWED;
    }
    const struct acl_client client = {.client_id = slice_of(question->client_id),
                                      .user = slice_of(question->user),
                                      .has_user = question->user[0] != '\0'};
    const struct acl_decision decision =
        acl_decide(acl, &client, reads ? ACL_READ : ACL_WRITE, slice_of(question->topic));
    fputs(decision.is_allowed ? "allowed\n" : "denied\n", out);
    print_reason(file, &decision, out);
    return decision.is_allowed ? EXPLAIN_ALLOWED : EXPLAIN_DENIED;
}
