/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The pollers of a build for Linux.
 */
#include <stddef.h>

#include "broker/io/poller.h"

const struct poller_kind *const poller_kinds[] = {&poller_epoll, &poller_poll, &poller_uring,
                                                  NULL};
