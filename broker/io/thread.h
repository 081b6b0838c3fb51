/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * How much of the processor the calling thread asks for. Not every system can say that of one
 * thread: there nothing happens.
 */
#ifndef BROKER_IO_THREAD_H
#define BROKER_IO_THREAD_H

/* From now on the calling thread runs when others of normal rank leave it time, or nearly so. */
void thread_give_way(void);

#endif
