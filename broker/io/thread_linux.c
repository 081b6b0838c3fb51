/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Linux has a nice value for each thread; see thread.h.
 */
#include "broker/io/thread.h"

#include <sys/resource.h>
#include <unistd.h>

/* A third of the share of a thread of normal rank, when both want the processor; and who wakes
 * beside it, as the loop does for each message, runs at once. */
#define NICE 5

void thread_give_way(void) {
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}
