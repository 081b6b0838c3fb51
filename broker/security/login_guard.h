/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Who failed to log in too often: growing pauses, by address and by user name, up to a lock-out.
 * It knows no sockets, passwords and clocks: time is an argument.
 *
 * The first failures cost nothing. From then on each failure is followed by a pause, twice as long
 * as the one before and as long as the lock-out at most, in which the address, or the user name
 * from any address, is refused without looking at the password. Who was quiet for the time of a
 * lock-out after that starts anew.
 *
 * A user name and an address that came in together before stay welcome while either is locked, and
 * who is connected is never touched: so nobody can lock out a device by failing in its name, and a
 * site is not lost to one device with a wrong password behind the same address.
 *
 * Memory is bounded: three tables of fixed size. In a full one the record that was quiet longest
 * makes room, so whoever attacks from many addresses is forgotten sooner, not remembered at the
 * expense of memory.
 */
#ifndef BROKER_SECURITY_LOGIN_GUARD_H
#define BROKER_SECURITY_LOGIN_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libella/codec.h"

/* Records of each table. */
#define LOGIN_GUARD_RECORDS 16384u

struct login_guard_rules {
    uint32_t failures_allowed; /* before the first pause; 0: nobody is ever locked out */
    uint32_t pause_ms;         /* the first one, 1 or more */
    uint32_t lockout_ms;       /* the longest pause, pause_ms or more */
};

/* Who asks. The bytes are those of the address without its port (of IPv6 the first 64 bits: a
 * subscriber has them all); empty: no address to go by, a unix socket. */
struct login_guard_client {
    struct ella_slice address;
    struct ella_slice user;
};

enum login_guard_answer {
    LOGIN_GUARD_OPEN,
    LOGIN_GUARD_ADDRESS_LOCKED,
    LOGIN_GUARD_USER_LOCKED,
};

struct login_guard;

/* NULL: no memory. seed: unpredictable. */
struct login_guard *login_guard_create(const struct login_guard_rules *rules, uint64_t seed);
void login_guard_free(struct login_guard *guard);
/* Other rules for what comes; running pauses stay. */
void login_guard_configure(struct login_guard *guard, const struct login_guard_rules *rules);

/* Times are milliseconds of one monotonic clock. */
enum login_guard_answer login_guard_ask(const struct login_guard *guard, uint64_t now_ms,
                                        const struct login_guard_client *client);
void login_guard_succeeded(struct login_guard *guard, uint64_t now_ms,
                           const struct login_guard_client *client);

/* The pauses that follow a failure, milliseconds, 0: none. */
struct login_guard_pauses {
    uint64_t address_ms;
    uint64_t user_ms;
};
struct login_guard_pauses login_guard_failed(struct login_guard *guard, uint64_t now_ms,
                                             const struct login_guard_client *client);

#endif
