/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The exchange of SCRAM-SHA-256 between the core's questions and scram.h; see login.h. A step
 * costs a few HMACs, so it is made on the loop's thread. A user without keys for SCRAM goes the
 * same way as others, up to its end.
 */
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "broker/io/login_state.h"
#include "broker/security/base64.h"

_Static_assert(BASE64_LEN(SCRAM_NONCE_LEN / 4u * 3u) == SCRAM_NONCE_LEN,
               "a nonce is whole groups of Base64");

void login_drop_exchange(struct login_slot *slot) {
    if (slot->exchange == NULL)
        return;
    scram_end(&slot->exchange->scram);
    free(slot->exchange);
    slot->exchange = NULL;
}

static struct ella_slice user_of(const struct scram *scram) {
    return ella_slice_of(scram->user, scram->user_len);
}

static bool make_nonce(char nonce[SCRAM_NONCE_LEN]) {
    uint8_t luck[SCRAM_NONCE_LEN / 4u * 3u];
    return RAND_bytes(luck, (int)sizeof luck) == 1 &&
           base64_encode(luck, sizeof luck, BASE64_PADDED, nonce) == SCRAM_NONCE_LEN;
}

/* client-first: who is it, and what must he prove? false: refused, *out says so. */
static bool challenge(struct login *login, const struct login_question *question,
                      struct login_exchange *exchange, struct login_answer *out) {
    const struct core_effect *effect = question->effect;
    const struct ella_slice message = effect->authentication_data;
    struct scram *scram = &exchange->scram;
    struct password_hash keys;
    char nonce[SCRAM_NONCE_LEN];
    size_t len = 0;
    if (!scram_first(scram, ella_slice_data(message), ella_slice_len(message))) {
        login_failed(login, question->now_ms, question->peer, effect->user_name, effect->client_id,
                     "malformed SCRAM message");
        login_refuse(out, effect->conn, ELLA_REASON_NOT_AUTHORIZED);
        return false;
    }
    if (login_is_locked(login, question->now_ms, question->peer, user_of(scram),
                        effect->client_id)) {
        login_refuse(out, effect->conn, ELLA_REASON_BANNED);
        return false;
    }
    const bool is_known = password_table_scram(question->passwords, user_of(scram), &keys);
    const struct password_entry *entry = password_table_find(question->passwords, user_of(scram));
    exchange->proof = is_known ? password_entry_proof(entry) : 0;
    const bool good = make_nonce(nonce) &&
                      scram_challenge(scram, &keys, !is_known, nonce, login->scram_text, &len);
    if (!good)
        login_refuse(out, effect->conn, ELLA_REASON_UNSPECIFIED_ERROR);
    out->result.data = ella_slice_of(login->scram_text, (uint32_t)len);
    return good;
}

static void begin(struct login *login, const struct login_question *question,
                  struct login_slot *slot, struct login_answer *out) {
    struct login_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) {
        login_refuse(out, question->effect->conn, ELLA_REASON_SERVER_UNAVAILABLE);
        return;
    }
    slot->exchange = exchange;
    *out = (struct login_answer){.conn = question->effect->conn,
                                 .result = {.status = CORE_AUTH_CONTINUE}};
    if (!challenge(login, question, exchange, out))
        login_drop_exchange(slot);
}

/* client-final: did he? */
static void finish(struct login *login, const struct login_question *question,
                   struct login_slot *slot, struct login_answer *out) {
    const struct core_effect *effect = question->effect;
    const struct ella_slice message = effect->authentication_data;
    struct scram *scram = &slot->exchange->scram;
    size_t len = 0;
    const bool good = scram_final(scram, ella_slice_data(message), ella_slice_len(message),
                                  login->scram_text, &len);
    if (!good) {
        login_failed(login, question->now_ms, question->peer, user_of(scram), effect->client_id,
                     LOGIN_WRONG_PASSWORD);
        login_refuse(out, effect->conn, ELLA_REASON_NOT_AUTHORIZED);
    } else {
        login_succeeded(login, question->now_ms, question->peer, user_of(scram));
        memcpy(login->scram_user, scram->user, scram->user_len);
        *out = (struct login_answer){
            .conn = effect->conn,
            .proof = slot->exchange->proof,
            .result = {.status = CORE_AUTH_ACCEPT,
                       .data = ella_slice_of(login->scram_text, (uint32_t)len),
                       .user_name = ella_slice_of(login->scram_user, scram->user_len),
                       .has_user_name = true}};
    }
    login_drop_exchange(slot);
}

void login_ask_scram(struct login *login, const struct login_question *question,
                     struct login_answer *out) {
    struct login_slot *slot = login_slot_of(login, question->effect->conn);
    if (slot == NULL)
        login_refuse(out, question->effect->conn, ELLA_REASON_SERVER_UNAVAILABLE);
    else if (slot->exchange == NULL)
        begin(login, question, slot, out);
    else
        finish(login, question, slot, out);
}
