/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The server's side of one exchange of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel
 * binding: a pure state machine. It knows no users, no files and no luck: keys and nonce are
 * arguments. Names and passwords are compared as they come; SASLprep, which changes nothing in
 * ASCII, is not done.
 *
 *     scram_first(s, client-first)                the name of the user, to look its keys up
 *     scram_challenge(s, keys, nonce, out)        server-first
 *     scram_final(s, client-final, out)           server-final, if the client knows the password
 *
 * Two round trips, each message of which costs a few HMACs at most: the cost of the password is
 * the client's.
 */
#ifndef BROKER_SECURITY_SCRAM_H
#define BROKER_SECURITY_SCRAM_H

#include "broker/security/fault.h"
#include "broker/security/password_hash.h"

/* Bytes of a message at most, and of the user name in it. */
#define SCRAM_MESSAGE_MAX 2048u
#define SCRAM_USER_MAX 1024u
/* Characters of the server's part of the nonce, its end excluded. */
#define SCRAM_NONCE_LEN 24u

enum scram_state {
    SCRAM_BEGUN = 0,  /* client-first is expected */
    SCRAM_NAMED,      /* the challenge is to be made */
    SCRAM_CHALLENGED, /* client-final is expected */
    SCRAM_OVER,
};

struct scram {
    enum scram_state state;
    uint32_t gs2_len;         /* of first, with its last comma */
    uint32_t first_len;       /* client-first */
    uint32_t client_nonce_at; /* in first */
    uint32_t server_first_len;
    uint32_t user_len;
    char first[SCRAM_MESSAGE_MAX];
    char server_first[SCRAM_MESSAGE_MAX];
    char user[SCRAM_USER_MAX];
    uint8_t keys[2u * PASSWORD_SCRAM_KEY_LEN]; /* StoredKey, ServerKey */
    bool is_decoy;
};

void scram_begin(struct scram *scram);
/* Wipes the keys. */
void scram_end(struct scram *scram);

/* Takes client-first. false: it is malformed, or wants what is not offered. The user's name is in
 * scram->user then. */
bool scram_first(struct scram *scram, const uint8_t *message, size_t len);

/* Writes server-first to out[SCRAM_MESSAGE_MAX] and its length to *out_len. keys: of kind
 * PASSWORD_SCRAM; is_decoy: of nobody, so that the exchange fails at its end whatever the client
 * says. nonce: SCRAM_NONCE_LEN unpredictable characters, printable and no comma. false: the
 * messages would be too long. */
bool scram_challenge(struct scram *scram, const struct password_hash *keys, bool is_decoy,
                     const char *nonce, char *out, size_t *out_len);

/* Takes client-final. true: the client knows the password, and out[SCRAM_MESSAGE_MAX] is
 * server-final. false: it does not, or the message is malformed. */
bool scram_final(struct scram *scram, const uint8_t *message, size_t len, char *out,
                 size_t *out_len);

#endif
