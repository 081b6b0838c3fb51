/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Linux has a nice value for each thread; see thread.h.
 */
#include "broker/io/thread.h"

#include <sys/resource.h>
#include <unistd.h>

/* The lowest rank that still gets its share on a busy machine, about a fiftieth. */
#define NICE 19

void thread_give_way(void) {
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}
