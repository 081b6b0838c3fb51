/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What login.c and login_scram.c share; nobody else includes it.
 */
#ifndef BROKER_IO_LOGIN_STATE_H
#define BROKER_IO_LOGIN_STATE_H

#include "broker/core/hash.h"
#include "broker/io/fair_queue.h"
#include "broker/io/login.h"
#include "broker/io/worker.h"
#include "broker/security/scram.h"

#define LOGIN_SLOTS_FIRST 64u
/* A name of the client's choice in a line of the log, escaped; longer ones are cut. */
#define LOGIN_NAME_TEXT_SIZE 256u
/* Said of whatever does not fit, so that nobody learns which part. */
#define LOGIN_WRONG_PASSWORD "wrong user name or password"

/* One password to be checked. */
struct login_request {
    struct fair_item item; /* first: the queue's pointer is the request's */
    struct worker_job job;
    struct login *login;
    size_t size; /* of the whole, bytes */
    struct address peer;
    uint32_t conn;
    uint32_t user_len;
    uint32_t client_id_len;
    uint32_t password_len;
    uint64_t proof;
    struct password_hash hash;
    bool is_decoy;     /* there is no such user */
    bool is_right;     /* the thread's answer */
    bool is_forgotten; /* its connection is gone */
    uint8_t bytes[];   /* user name, client identifier, password */
};

static inline struct login_request *login_request_of(struct worker_job *job) {
    return (struct login_request *)(void *)((char *)job - offsetof(struct login_request, job));
}

/* An exchange of SCRAM under way. */
struct login_exchange {
    struct scram scram;
    uint64_t proof;
};

/* What is known of one connection while it proves who it is. */
struct login_slot {
    struct login_request *request;   /* NULL: none */
    struct login_exchange *exchange; /* NULL: none */
};

struct login_table {
    struct login_slot *slots; /* by connection */
    uint32_t capacity;
};

struct login {
    struct log *log;
    struct worker *worker;
    struct login_guard *guard;
    struct hash_key key;
    struct fair_queue queue;
    struct login_table table;
    uint32_t in_work; /* requests that the worker has */
    uint32_t in_work_max;
    bool is_unguarded;
    uint64_t now_ms; /* during login_finish() */
    void (*answered)(void *ctx, const struct login_answer *answer);
    void *answered_ctx;
    struct login_stats stats;
    char scram_text[SCRAM_MESSAGE_MAX]; /* what the last answer's data and user name are in */
    char scram_user[SCRAM_USER_MAX];
};

/* NULL: no memory. */
struct login_slot *login_slot_of(struct login *login, uint32_t conn);
void login_drop_exchange(struct login_slot *slot);

void login_refuse(struct login_answer *out, uint32_t conn, uint8_t reason_code);
/* Counts, logs and remembers. */
void login_failed(struct login *login, uint64_t now_ms, const struct address *peer,
                  struct ella_slice user, struct ella_slice client_id, const char *reason);
void login_succeeded(struct login *login, uint64_t now_ms, const struct address *peer,
                     struct ella_slice user);
/* Whether the address or the user failed too often; counts and logs that. */
bool login_is_locked(struct login *login, uint64_t now_ms, const struct address *peer,
                     struct ella_slice user, struct ella_slice client_id);

#endif
