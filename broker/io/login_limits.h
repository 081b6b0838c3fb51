/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What bounds logins: apart from login.h, because the configuration fills it in.
 */
#ifndef BROKER_IO_LOGIN_LIMITS_H
#define BROKER_IO_LOGIN_LIMITS_H

#include "broker/security/login_guard.h"

#define LOGIN_THREADS_MAX 16u

struct login_limits {
    struct login_guard_rules guard;   /* 5 failures; 1,000 ms; 300,000 ms */
    uint32_t waiting_max;             /* 1,000; passwords that wait for a thread */
    uint32_t waiting_max_per_address; /* 100; the same, of one address */
};

#endif
