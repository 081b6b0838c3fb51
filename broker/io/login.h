/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Judges who proves who he is: passwords, by threads beside the loop, and the exchange of
 * SCRAM-SHA-256. It knows the core's question and its answer, no sockets and no files.
 *
 * A password costs up to a second of a processor, so it is never checked on the loop's thread, and
 * the threads that do give way to the loop. What waits for them is bounded, as a whole and for
 * each address, and addresses take turns: a flood from one delays no other. Who failed too often
 * is refused without a check (login_guard.h). Whether a user exists shows neither in the answer
 * nor in the time it takes.
 *
 * Every failure is one line of the log, for people and for tools that ban addresses:
 *     login failed: address=192.0.2.1:50000 user="bob" client="c1" reason="..."
 */
#ifndef BROKER_IO_LOGIN_H
#define BROKER_IO_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/core/core.h"
#include "broker/io/address.h"
#include "broker/io/log.h"
#include "broker/io/login_limits.h"
#include "broker/security/password_file.h"

struct login_stats {
    uint64_t accepted;
    uint64_t failed;         /* wrong user name, password or proof */
    uint64_t refused_locked; /* unchecked: the address or the user failed too often */
    uint64_t refused_busy;   /* unchecked: too many wait */
    uint64_t lockouts;       /* pauses that began */
    uint32_t waiting;
    uint32_t waiting_peak;
};

struct login;

/* threads: 1..LOGIN_THREADS_MAX. log outlives the login. NULL: no memory, thread or random number;
 * errno says why. */
struct login *login_create(const struct login_limits *limits, uint32_t threads, struct log *log);
void login_destroy(struct login *login);
void login_configure(struct login *login, const struct login_limits *limits);

struct login_question {
    const struct core_effect *effect; /* a user name and a password, or a step of SCRAM */
    const struct address *peer;
    const struct password_table *passwords; /* looked at during the call only */
    uint64_t now_ms;
};

/* The answer to a question, and what the client is then held to be. */
struct login_answer {
    uint32_t conn;
    struct core_auth_result result; /* its slices are valid during the call only */
    uint64_t proof; /* ACCEPT: password_entry_proof() of what it was checked with */
};

/* Judges one password. true: the answer is known at once; false: it comes by login_finish(). */
bool login_ask_password(struct login *login, const struct login_question *question,
                        struct login_answer *out);
/* Judges one step of SCRAM, at once. The slices of *out are valid until the next call. */
void login_ask_scram(struct login *login, const struct login_question *question,
                     struct login_answer *out);
/* The connection ends: no answer is wanted any more. */
void login_forget(struct login *login, uint32_t conn);

/* Whether an answer for the connection is still to come. */
bool login_awaits(const struct login *login, uint32_t conn);

/* Readable when login_finish() has something to do. */
int login_fd(const struct login *login);
/* Gives each answer that has come to answered. */
void login_finish(struct login *login, uint64_t now_ms,
                  void (*answered)(void *ctx, const struct login_answer *answer), void *ctx);

/* One refusal that needed no check, for the log. text: static. */
void login_log_refused(struct login *login, const struct core_effect *effect,
                       const struct address *peer, const char *text);

const struct login_stats *login_stats(struct login *login);

#endif
