/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The pollers of a build for systems without epoll.
 */
#include <stddef.h>

#include "broker/io/poller.h"

const struct poller_kind *const poller_kinds[] = {&poller_poll, NULL};
